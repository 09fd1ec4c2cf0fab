//! Who sent a delivery, as the platform tells us now.

use std::collections::BTreeSet;

use crate::{
    chat::slack::{SlackClient, SlackError},
    domain::{
        ids::TenantId,
        job::JobError,
        member::{Identity, Member, Role, Standing, Surface},
        policy::Group,
    },
    jobs::{Desk, roles},
};

/// The member behind an identity, made on first sight.
///
/// The platform is asked even about somebody we know: a decision counts only for who the person is now.
/// Where it does not answer, the standing is `Unknown`, which never decides anything.
pub(super) async fn recognise(desk: &Desk, tenant: TenantId, identity: &Identity) -> Result<Member, JobError> {
    let known = desk.store.read(tenant).await?.member_by_identity(identity).await?;
    let mut member = known.clone().unwrap_or_else(|| stranger(desk, identity));
    let at_slack = match (identity.surface, &known) {
        (Surface::Slack, _) => Some(identity.clone()),
        // Whoever Slack vouches for is on the pages who they are in Slack, now.
        (Surface::Console, Some(known)) => slack_identity(desk, tenant, known).await?,
        (Surface::Console, None) => None,
    };
    let own_zone = match &known {
        Some(known) => desk.store.read(tenant).await?.own_hours(known.id).await?.zone,
        None => None,
    };
    let asked = match &at_slack {
        None => Ok(false),
        Some(identity) => match desk.slack(tenant, &identity.team).await {
            Ok(slack) => look_up(&slack, identity, &mut member).await,
            Err(error) => Err(error),
        },
    };
    if let Some(zone) = own_zone {
        zone.name().clone_into(&mut member.time_zone);
    }
    if let Err(SlackError::RateLimited(pause)) = asked {
        return Err(JobError::Wait(pause));
    }
    if let Err(error) = &asked {
        // Whoever proposes need not be known; whoever decides does, and is told so. A guest stays one.
        tracing::warn!(%error, "Slack does not say who a user is; the person can't decide until it does");
        if member.standing == Standing::Full {
            member.standing = Standing::Unknown;
        }
        if known.is_some() {
            return Ok(member);
        }
    }
    let runs_it = asked.unwrap_or(false);
    let is_news = known.as_ref() != Some(&member);
    if is_news || runs_it && member.role != Role::Owner && desk.store.read(tenant).await?.owners().await?.is_empty() {
        return remember(desk, tenant, identity, &member, runs_it).await;
    }
    Ok(member)
}

/// The user ids in a user group, asked now; `None` where Slack does not say.
pub(super) async fn users_in(
    desk: &Desk,
    tenant: TenantId,
    group: &Group,
) -> Result<Option<BTreeSet<String>>, JobError> {
    let asked = match desk.slack(tenant, &group.team).await {
        Ok(slack) => slack.group(&group.id).await,
        Err(error) => Err(error),
    };
    match asked {
        Ok(users) => Ok(Some(users)),
        Err(SlackError::RateLimited(pause)) => Err(JobError::Wait(pause)),
        Err(error) => {
            tracing::warn!(%error, "Slack does not say who is in a user group; nobody decides for it until it does");
            Ok(None)
        }
    }
}

/// How Slack knows a member, where it does.
async fn slack_identity(desk: &Desk, tenant: TenantId, member: &Member) -> Result<Option<Identity>, JobError> {
    let identities = desk.store.read(tenant).await?.identities(member.id).await?;
    Ok(identities.into_iter().find(|identity| identity.surface == Surface::Slack))
}

/// Makes members of the people that a line mentions, so that work can be given to somebody who never
/// spoke to Docket. Somebody whom the platform does not know is left out; the line then says so itself.
pub(super) async fn meet(desk: &Desk, tenant: TenantId, sender: &Identity, line: &str) -> Result<(), JobError> {
    let users = line.split("<@").skip(1).filter_map(|rest| rest.split_once('>')).map(|(user, _)| user);
    for user in users.take(MENTIONS) {
        let identity = Identity { user: user.to_owned(), ..sender.clone() };
        let is_known = desk.store.read(tenant).await?.member_by_identity(&identity).await?.is_some();
        if is_known || sender.surface != Surface::Slack {
            continue;
        }
        let mut member = stranger(desk, &identity);
        let asked = match desk.slack(tenant, &identity.team).await {
            Ok(slack) => look_up(&slack, &identity, &mut member).await,
            Err(error) => Err(error),
        };
        match asked {
            // Nobody comes to look after a tenant by being spoken of.
            Ok(_) => drop(remember(desk, tenant, &identity, &member, false).await?),
            Err(error) => tracing::warn!(%error, "Slack does not say who a mentioned user is"),
        }
    }
    Ok(())
}

/// People looked up for one line at most.
const MENTIONS: usize = 20;

/// Takes over what Slack says about the person, and says whether they run the workspace. What they may do here is said
/// here.
async fn look_up(slack: &SlackClient, identity: &Identity, member: &mut Member) -> Result<bool, SlackError> {
    let user = slack.user(&identity.user, &identity.team).await?;
    member.name = user.name;
    member.standing = user.standing;
    member.time_zone = user.time_zone.unwrap_or_else(|| member.time_zone.clone());
    Ok(user.is_admin)
}

fn stranger(desk: &Desk, identity: &Identity) -> Member {
    Member {
        id: desk.chance.id(),
        name: identity.user.clone(),
        role: Role::Member,
        standing: Standing::Unknown,
        time_zone: "UTC".to_owned(),
    }
}

/// Stores the member, unless another job has made one for the same identity in the meantime: then that
/// one takes over what we learned. As long as nobody but the person at the console is owner, the first who `runs_it`,
/// the workspace, becomes one.
async fn remember(
    desk: &Desk,
    tenant: TenantId,
    identity: &Identity,
    member: &Member,
    runs_it: bool,
) -> Result<Member, JobError> {
    let mut tx = desk.store.write(tenant).await?;
    // Two first messages of one new person are handled at the same time, if they come from two channels.
    tx.lock_tenant().await?;
    let mut stored = match tx.member_by_identity(identity).await? {
        Some(other) => Member { id: other.id, role: other.role, ..member.clone() },
        None => member.clone(),
    };
    let before = stored.role;
    if runs_it && before != Role::Owner && tx.owners().await?.is_empty() {
        stored.role = Role::Owner;
    }
    tx.put_member(&stored, identity).await?;
    if stored.role != before {
        roles::changed(desk, &mut tx, &stored, before, None).await?;
    }
    tx.commit().await?;
    Ok(stored)
}
