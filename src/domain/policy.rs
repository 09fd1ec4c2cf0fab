//! Who may decide on a patch, and what applies without waiting.

use std::{collections::BTreeSet, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    ids::MemberId,
    member::{Member, Standing},
    patch::{Change, Confidence, Operation, Patch, TaskChanges},
    task::Status,
};

/// A tenant's rules for decisions. Read fresh at every click.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// How many different people must approve.
    pub approvals: usize,
    /// Whether the author's own approval counts.
    pub self_approval: bool,
    /// Whether a small change of one task's status (but not to cancelled), assignee, estimate, priority or due date, asked
    /// for in so many words, applies at once.
    pub auto_apply_small: bool,
    /// How long a patch waits for a decision.
    pub expiry: Duration,
}

impl Default for Policy {
    /// Any full member may approve, the author too; small changes apply at once; a week to decide.
    fn default() -> Self {
        Self { approvals: 1, self_approval: true, auto_apply_small: true, expiry: Duration::from_hours(7 * 24) }
    }
}

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
    /// The author may not approve.
    #[error("you proposed this, and the policy asks for somebody else's approval")]
    Author,
}

impl Policy {
    /// Whether `member` may take part in decisions at all: reject, renew, ask for changes, undo.
    pub fn may_take_part(&self, member: &Member) -> Result<(), Refusal> {
        match member.standing {
            Standing::Full => Ok(()),
            Standing::Guest => Err(Refusal::Guest),
            Standing::Bot => Err(Refusal::Bot),
            Standing::Gone => Err(Refusal::Gone),
            Standing::Unknown => Err(Refusal::Unknown),
        }
    }

    /// Whether `member` may approve `patch`.
    pub fn may_approve(&self, member: &Member, patch: &Patch) -> Result<(), Refusal> {
        self.may_take_part(member)?;
        if patch.author == member.id && !self.self_approval { Err(Refusal::Author) } else { Ok(()) }
    }

    /// Whether these approvals are enough.
    pub fn is_met(&self, approvals: &BTreeSet<MemberId>) -> bool {
        approvals.len() >= self.approvals.max(1)
    }

    /// Whether `patch` is small enough to apply at once when its author may approve it.
    pub fn applies_at_once(&self, patch: &Patch) -> bool {
        let is_asked_for = patch.confidence == Confidence::High;
        self.auto_apply_small && self.approvals <= 1 && self.self_approval && is_asked_for && is_small(patch)
    }
}

/// One task, and only fields that say how the work goes; not its end without being done.
fn is_small(patch: &Patch) -> bool {
    let [step] = patch.steps.as_slice() else { return false };
    let Operation::UpdateTask { changes, .. } = &step.operation else { return false };
    let TaskChanges {
        title,
        description,
        acceptance,
        depends_on,
        links,
        status,
        assignee: _,
        estimate: _,
        priority: _,
        due: _,
    } = changes;
    let ends = *status == Change::Set(Status::Cancelled);
    !ends && title.is_keep() && description.is_keep() && acceptance.is_keep() && depends_on.is_keep() && links.is_keep()
}

#[cfg(test)]
mod tests {
    use ulid::Ulid;

    use super::*;
    use crate::domain::{
        fixtures::{create, delete, patch, rename, update},
        ids::Id,
        member::Role,
        patch::Change,
        task::Status,
    };

    fn member(id: u128, standing: Standing) -> Member {
        Member {
            id: MemberId::from_ulid(Ulid::from_parts(0, id)),
            name: "Ana".to_owned(),
            role: Role::Owner,
            standing,
            time_zone: "Europe/Paris".to_owned(),
        }
    }

    #[test]
    fn only_full_members_decide() {
        let (policy, patch) = (Policy::default(), patch(vec![rename(1, "Renamed")]));
        for (standing, verdict) in [
            (Standing::Full, Ok(())),
            (Standing::Guest, Err(Refusal::Guest)),
            (Standing::Bot, Err(Refusal::Bot)),
            (Standing::Gone, Err(Refusal::Gone)),
            (Standing::Unknown, Err(Refusal::Unknown)),
        ] {
            assert_eq!(policy.may_take_part(&member(9, standing)), verdict, "{standing:?}");
            assert_eq!(policy.may_approve(&member(9, standing), &patch), verdict, "{standing:?}");
        }
    }

    #[test]
    fn an_author_approves_where_the_policy_says_so() {
        let patch = patch(vec![rename(1, "Renamed")]);
        let author = Member { id: patch.author, ..member(1, Standing::Full) };
        let strict = Policy { self_approval: false, ..Policy::default() };
        assert_eq!(Policy::default().may_approve(&author, &patch), Ok(()));
        assert_eq!(strict.may_approve(&author, &patch), Err(Refusal::Author));
        assert_eq!(strict.may_take_part(&author), Ok(()));
        assert_eq!(strict.may_approve(&member(9, Standing::Full), &patch), Ok(()));
    }

    #[test]
    fn approvals_are_counted_by_person_and_none_is_never_enough() {
        let approvals: BTreeSet<_> = [1, 2].map(|id| member(id, Standing::Full).id).into();
        for (asked, met) in [(0, true), (1, true), (2, true), (3, false)] {
            assert_eq!(Policy { approvals: asked, ..Policy::default() }.is_met(&approvals), met, "{asked}");
            assert!(!Policy { approvals: asked, ..Policy::default() }.is_met(&BTreeSet::new()), "{asked}");
        }
    }

    #[test]
    fn only_a_small_change_of_one_task_applies_at_once() {
        let done = || update(1, TaskChanges { status: Change::Set(Status::Done), ..TaskChanges::default() });
        let policy = Policy::default();
        assert!(policy.applies_at_once(&patch(vec![done()])));
        for more in [vec![], vec![done(), done()], vec![rename(1, "Renamed")], vec![create(8, 0, &[])], vec![delete(1)]]
        {
            assert!(!policy.applies_at_once(&patch(more.clone())), "{more:?}");
        }
        for stricter in [
            Policy { auto_apply_small: false, ..Policy::default() },
            Policy { approvals: 2, ..Policy::default() },
            Policy { self_approval: false, ..Policy::default() },
        ] {
            assert!(!stricter.applies_at_once(&patch(vec![done()])), "{stricter:?}");
        }
    }
}
