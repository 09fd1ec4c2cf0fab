//! Who may approve, and why somebody may not.

use std::collections::BTreeSet;

use super::Policy;
use crate::domain::{
    ids::MemberId,
    member::{Member, Role, Standing},
    patch::Patch,
};

/// Why a person may not decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Guests never decide.
    #[error("guests can't decide on changes; a full member of the workspace can")]
    Guest,
    /// Bots never decide.
    #[error("bots can't decide on changes; a full member of the workspace can")]
    Bot,
    /// The account is deactivated.
    #[error("this account is deactivated, so it can't decide on changes")]
    Gone,
    /// Nobody could tell who it is: closed, not open.
    #[error("I could not find out who you are in this workspace, so I did not count it; try again in a minute")]
    Unknown,
    /// Viewers read.
    #[error("your role is viewer, which reads and changes nothing")]
    Viewer,
    /// The author may not approve.
    #[error("you proposed this, and the policy asks for somebody else's approval")]
    Author,
    /// The policy names who approves.
    #[error("the policy names who approves here, and you are not among them")]
    NotNamed,
    /// Slack did not say who is in the group that approves: closed, not open.
    #[error(
        "Slack did not say who is in the user group that approves here, so I did not count it; try again in a minute"
    )]
    GroupUnknown,
    /// A stricter rule asks for more.
    #[error("the policy asks for {} here, because of what it changes", .0.with_article())]
    LeastRole(Role),
}

impl Refusal {
    /// Whether it may be different in a minute, so that sending the person to somebody else would be wrong.
    pub const fn may_pass(self) -> bool {
        matches!(self, Self::Unknown | Self::GroupUnknown)
    }
}

/// Who is in the user group of a policy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Circle {
    /// Nobody asked, or Slack did not answer.
    #[default]
    Unknown,
    /// These, as Slack said just now.
    Members(BTreeSet<MemberId>),
}

/// A condition for an approval, in the order in which they are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// A full member of the organisation whose role is more than viewer.
    Standing,
    /// Not the author, or the author may.
    Author,
    /// One of those whom the policy names.
    Named,
    /// The role that a stricter rule asks for.
    LeastRole,
}

/// Whether a member counts at all, by what the platform and their role say.
///
/// # Errors
/// Why not.
pub fn able(member: &Member) -> Result<(), Refusal> {
    match member.standing {
        Standing::Full if member.role == Role::Viewer => Err(Refusal::Viewer),
        Standing::Full => Ok(()),
        Standing::Guest => Err(Refusal::Guest),
        Standing::Bot => Err(Refusal::Bot),
        Standing::Gone => Err(Refusal::Gone),
        Standing::Unknown => Err(Refusal::Unknown),
    }
}

impl Policy {
    /// Whether `member` may propose changes. Somebody whom the platform does not describe at this moment may: a
    /// proposal waits for people who are known.
    pub fn may_propose(member: &Member) -> Result<(), Refusal> {
        match able(member) {
            Err(Refusal::Unknown) if member.role != Role::Viewer => Ok(()),
            other => other,
        }
    }

    /// Whether `member` may take part in decisions at all: reject, renew, ask for changes, object, undo.
    pub fn may_take_part(&self, member: &Member) -> Result<(), Refusal> {
        able(member)
    }

    /// Whether `member` may approve `patch`.
    pub fn may_approve(&self, member: &Member, patch: &Patch, circle: &Circle) -> Result<(), Refusal> {
        self.checks(member, patch, circle).into_iter().try_for_each(|(_, outcome)| outcome)
    }

    /// Every condition for an approval of `patch` by `member`, and whether it holds.
    pub fn checks(&self, member: &Member, patch: &Patch, circle: &Circle) -> [(Check, Result<(), Refusal>); 4] {
        let is_author = patch.author == member.id;
        let author = if is_author && !self.self_approval { Err(Refusal::Author) } else { Ok(()) };
        let least = match self.demand(patch).by {
            Some(least) if member.effective_role() > least => Err(Refusal::LeastRole(least)),
            _ => Ok(()),
        };
        [
            (Check::Standing, able(member)),
            (Check::Author, author),
            (Check::Named, self.names(member, circle)),
            (Check::LeastRole, least),
        ]
    }

    /// Whether `member` is one of those who approve.
    fn names(&self, member: &Member, circle: &Circle) -> Result<(), Refusal> {
        let approvers = &self.approvers;
        let by_role = approvers.roles.contains(&member.effective_role());
        if by_role || approvers.members.contains(&member.id) {
            return Ok(());
        }
        match (&approvers.group, circle) {
            (Some(_), Circle::Unknown) => Err(Refusal::GroupUnknown),
            (Some(_), Circle::Members(members)) if members.contains(&member.id) => Ok(()),
            (None, _) | (Some(_), Circle::Members(_)) => Err(Refusal::NotNamed),
        }
    }
}
