//! Who is in the user groups that policies name, as their platform said a moment ago.
//!
//! No transaction waits for a network: where a decision needs to know a group, it is dropped, the platform is asked, and
//! everything is decided again with the answer.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use crate::{
    domain::{
        member::Surface,
        policy::{Circle, Group, Policy},
        time::Timestamp,
    },
    store::{self, Tx},
};

/// How long an answer is fresh: as long as it takes to decide, and not until the next click.
const FRESH: Duration = Duration::from_mins(1);

/// What the platform answered about user groups, and when.
#[derive(Debug, Clone, Default)]
pub struct Circles {
    known: BTreeMap<Group, (Timestamp, Option<BTreeSet<String>>)>,
    is_silent: bool,
}

impl Circles {
    /// For whoever can ask no platform: nobody is known to be in any group.
    pub fn silent() -> Self {
        Self { is_silent: true, ..Self::default() }
    }

    /// Notes the user ids that are in a group; `None` where the platform did not say.
    pub fn put(&mut self, group: Group, users: Option<BTreeSet<String>>, at: Timestamp) {
        self.known.insert(group, (at, users));
    }

    /// The members of the group that `policy` names. The inner error is a group to ask the platform about first.
    pub async fn of(&self, tx: &mut Tx, policy: &Policy, now: Timestamp) -> store::Result<Result<Circle, Group>> {
        let Some(group) = &policy.approvers.group else { return Ok(Ok(Circle::Unknown)) };
        match self.known.get(group) {
            Some((at, users)) if now.since(*at) < FRESH => {
                let Some(users) = users else { return Ok(Ok(Circle::Unknown)) };
                let known = tx.members_at(Surface::Slack, &group.team).await?;
                let inside = known.into_iter().filter(|(user, _)| users.contains(user));
                Ok(Ok(Circle::Members(inside.map(|(_, member)| member.id).collect())))
            }
            _ if self.is_silent => Ok(Ok(Circle::Unknown)),
            _ => Ok(Err(group.clone())),
        }
    }
}
