//! Who may decide on a patch, and what applies without waiting.
//!
//! All of it is pure: whoever asks brings the member as looked up just now, and who is in a user group as the platform
//! said just now. What is not known never lets anything pass.

mod change;
mod hours;
mod right;
mod stored;

use std::{collections::BTreeSet, time::Duration};

use serde::{Deserialize, Serialize};

pub use change::{ChangeAction, ChangeCode, ChangeRefusal, ChangeState, PolicyChange, Rules, may_decide};
pub use hours::after_working_hours;
pub use right::{Check, Circle, Refusal, able};
pub use stored::Override;

use super::{
    ids::MemberId,
    member::{Member, Role},
    patch::{Change, Confidence, Operation, Patch, TaskChanges},
    project::words,
    task::Status,
    time::Timestamp,
};

/// The rules for decisions that hold for a patch: the tenant's, with what its project sets otherwise. Read fresh at
/// every click.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "stored::Stored")]
pub struct Policy {
    /// Who may approve.
    pub approvers: Approvers,
    /// How many different people must approve.
    pub approvals: usize,
    /// Whether the author's own approval counts.
    pub self_approval: bool,
    /// What is asked for besides where a patch deletes or cancels tasks.
    pub deletes: Stricter,
    /// What is asked for besides where a patch has many operations.
    pub large: Large,
    /// How long a patch waits for a decision.
    pub expiry: Duration,
    /// Which changes of one task, asked for in so many words, apply at once where their author may approve them alone.
    pub auto: BTreeSet<Small>,
    /// Whether a patch applies by itself unless somebody objects.
    pub lazy: Lazy,
    /// Which moves that follow from what trackers tell apply at once; all others are proposed.
    pub moves: BTreeSet<Move>,
}

/// Who may approve: whoever is in one of these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approvers {
    /// Everybody of these roles.
    #[serde(default)]
    pub roles: BTreeSet<Role>,
    /// These members.
    #[serde(default)]
    pub members: BTreeSet<MemberId>,
    /// The members of a user group, as Slack says at the click.
    #[serde(default)]
    pub group: Option<Group>,
}

/// A user group of a Slack workspace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// The workspace.
    pub team: String,
    /// The group there, such as `S0614TZR7`.
    pub id: String,
}

/// What a rule asks for beyond what always holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stricter {
    /// This many approvals, if that is more.
    #[serde(default)]
    pub approvals: Option<usize>,
    /// Only approvals of people with at least this role.
    #[serde(default)]
    pub by: Option<Role>,
}

/// The rule for patches of many operations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Large {
    /// It holds for patches of more than this many operations; 0 for none.
    pub operations: usize,
    /// What it asks for.
    pub stricter: Stricter,
}

/// Lazy consensus: a patch applies after some working hours unless somebody objects.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lazy {
    /// Working hours from its proposal on; 0 for never.
    pub hours: u32,
    /// IANA name of the time zone whose working hours count; `None` for the author's own.
    #[serde(default)]
    pub zone: Option<String>,
    /// When this was agreed: no clock runs from before.
    #[serde(default)]
    pub since: Option<Timestamp>,
}

words! {
    /// A change of one task that says how the work goes.
    Small {
        /// Its status, but not to cancelled.
        Status = "status",
        /// Who does it.
        Assignee = "assignee",
        /// How much work it is.
        Estimate = "estimate",
        /// How much it matters.
        Priority = "priority",
        /// By when it should be done.
        Due = "due",
    }
}

words! {
    /// What rules propose because of what happened at a tracker, or was said.
    Move {
        /// Work has begun: a pull request was opened as a draft.
        Started = "started",
        /// A pull request is ready, so its task is in review.
        Review = "review",
        /// A reviewer wants changes, so the task is in progress again.
        Changes = "changes",
        /// What finishes the task was merged.
        Merged = "merged",
        /// A pull request was closed without being merged, so its task is no longer in review.
        Closed = "closed",
        /// What had finished the task was taken back.
        Reverted = "reverted",
        /// Whatever happens to the issue that stands for the task.
        Issues = "issues",
        /// A repository of the project went missing, or is back. That is so, whatever the policy says of it.
        Repository = "repository",
        /// Somebody said so in a conversation. That always waits for people, whatever the policy says.
        Said = "said",
    }
}

/// What a patch needs to be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demand {
    /// Approvals of this many different people.
    pub approvals: usize,
    /// Each of whom has at least this role.
    pub by: Option<Role>,
    /// Why that is more than usual; empty where it is not.
    pub because: Vec<Because>,
}

/// Why a patch needs more than others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Because {
    /// It deletes this many tasks and cancels that many.
    Deletes(usize, usize),
    /// It has this many operations.
    Large(usize),
}

impl Default for Approvers {
    /// Everybody but viewers.
    fn default() -> Self {
        let roles = [Role::Owner, Role::Admin, Role::Approver, Role::Member].into();
        Self { roles, members: BTreeSet::new(), group: None }
    }
}

impl Approvers {
    /// Whether this names nobody, so that nothing could ever be approved.
    pub fn is_nobody(&self) -> bool {
        self.roles.is_empty() && self.members.is_empty() && self.group.is_none()
    }
}

impl Stricter {
    /// Whether it asks for nothing.
    pub fn is_nothing(self) -> bool {
        self == Self::default()
    }
}

impl Lazy {
    /// Whether anything applies by itself.
    pub fn is_on(&self) -> bool {
        self.hours > 0
    }
}

impl Default for Policy {
    /// Any full member may approve, the author too; small changes apply at once; a week to decide.
    fn default() -> Self {
        Self {
            approvers: Approvers::default(),
            approvals: 1,
            self_approval: true,
            deletes: Stricter::default(),
            large: Large::default(),
            expiry: Duration::from_hours(7 * 24),
            auto: Small::ALL.iter().copied().collect(),
            lazy: Lazy::default(),
            moves: BTreeSet::new(),
        }
    }
}

impl Policy {
    /// These rules with what a project sets otherwise.
    #[must_use]
    pub fn with(&self, own: &Override) -> Self {
        Self {
            approvers: own.approvers.clone().unwrap_or_else(|| self.approvers.clone()),
            approvals: own.approvals.unwrap_or(self.approvals),
            self_approval: own.self_approval.unwrap_or(self.self_approval),
            deletes: own.deletes.unwrap_or(self.deletes),
            large: own.large.unwrap_or(self.large),
            expiry: own.expiry.unwrap_or(self.expiry),
            auto: own.auto.clone().unwrap_or_else(|| self.auto.clone()),
            lazy: own.lazy.clone().unwrap_or_else(|| self.lazy.clone()),
            moves: own.moves.clone().unwrap_or_else(|| self.moves.clone()),
        }
    }

    /// Who of these could approve by role or by name, and how many a rule asks for, where that is too few for anything
    /// of its kind ever to be approved. A user group may hold anybody.
    pub fn out_of_reach(&self, members: &[Member]) -> Option<(usize, usize)> {
        if self.approvers.group.is_some() {
            return None;
        }
        let named = |member: &&Member| {
            let role = member.effective_role();
            able(member).is_ok()
                && (self.approvers.roles.contains(&role) || self.approvers.members.contains(&member.id))
        };
        let large = if self.large.operations > 0 { self.large.stricter } else { Stricter::default() };
        [Stricter::default(), self.deletes, large].into_iter().find_map(|stricter| {
            let asked = self.approvals.max(1).max(stricter.approvals.unwrap_or(0));
            let fits = |member: &&Member| stricter.by.is_none_or(|least| member.effective_role() <= least);
            let there = members.iter().filter(named).filter(fits).count();
            (there < asked).then_some((there, asked))
        })
    }

    /// What `patch` needs: of several rules that hold for it, the strictest part of each.
    pub fn demand(&self, patch: &Patch) -> Demand {
        let mut demand = Demand { approvals: self.approvals.max(1), by: None, because: Vec::new() };
        let (deleted, cancelled) = ends(patch);
        let operations = patch.steps.len();
        let is_large = self.large.operations > 0 && operations > self.large.operations;
        for (holds, stricter, because) in [
            (deleted + cancelled > 0, self.deletes, Because::Deletes(deleted, cancelled)),
            (is_large, self.large.stricter, Because::Large(operations)),
        ] {
            if holds && !stricter.is_nothing() {
                demand.approvals = demand.approvals.max(stricter.approvals.unwrap_or(0));
                demand.by = [demand.by, stricter.by].into_iter().flatten().min();
                demand.because.push(because);
            }
        }
        demand
    }

    /// Whether these approvals, each by somebody who [may](Self::may_approve), are enough.
    pub fn is_met(&self, patch: &Patch, approvals: &BTreeSet<MemberId>) -> bool {
        approvals.len() >= self.demand(patch).approvals
    }

    /// Whether `patch` is small enough to apply at once when its author may approve it.
    pub fn applies_at_once(&self, patch: &Patch) -> bool {
        let is_asked_for = patch.confidence == Confidence::High;
        let alone = self.self_approval && self.demand(patch).approvals <= 1;
        let kinds = small(patch);
        alone && is_asked_for && kinds.is_some_and(|kinds| !kinds.is_empty() && kinds.is_subset(&self.auto))
    }

    /// Whether `patch`, which rules made, applies at once: all its moves may, no stricter rule holds for it, and it ends
    /// no task without its being done.
    pub fn applies_by_rule(&self, patch: &Patch) -> bool {
        let may = |of: &Move| *of == Move::Repository || (*of != Move::Said && self.moves.contains(of));
        let may = patch.is_by_rule() && patch.origin.moves.iter().all(may);
        may && self.demand(patch).because.is_empty() && ends(patch) == (0, 0)
    }

    /// When `patch` applies by itself, whose clock runs since `start`; `None` where it never does: what needs more
    /// than others needs people, and so does what rules propose: the policy says on its own which of that applies.
    pub fn applies_unopposed(&self, patch: &Patch, start: Timestamp, author: &Member) -> Option<Timestamp> {
        if !self.lazy.is_on() || patch.is_by_rule() || !self.demand(patch).because.is_empty() {
            return None;
        }
        let start = self.lazy.since.map_or(start, |since| since.max(start));
        let zone = self.lazy.zone.as_deref().unwrap_or(&author.time_zone);
        let zone = zone.parse().or_else(|_| author.time_zone.parse()).unwrap_or(chrono_tz::UTC);
        Some(after_working_hours(start, self.lazy.hours, zone))
    }
}

/// How many tasks the patch deletes, and how many it cancels.
fn ends(patch: &Patch) -> (usize, usize) {
    patch.operations().fold((0, 0), |(deleted, cancelled), operation| match operation {
        Operation::DeleteTask { .. } => (deleted + 1, cancelled),
        Operation::UpdateTask { changes, .. } if changes.status == Change::Set(Status::Cancelled) => {
            (deleted, cancelled + 1)
        }
        _ => (deleted, cancelled),
    })
}

/// What kinds of small change the patch is made of: one task, and only fields that say how the work goes; not its end
/// without being done. `None` where it is anything more.
fn small(patch: &Patch) -> Option<BTreeSet<Small>> {
    let [step] = patch.steps.as_slice() else { return None };
    let Operation::UpdateTask { changes, .. } = &step.operation else { return None };
    let TaskChanges { title, description, acceptance, depends_on, links, status, assignee, estimate, priority, due } =
        changes;
    let ends = *status == Change::Set(Status::Cancelled);
    let says_more =
        !(title.is_keep() && description.is_keep() && acceptance.is_keep() && depends_on.is_keep() && links.is_keep());
    if ends || says_more {
        return None;
    }
    let kinds = [
        (status.is_keep(), Small::Status),
        (assignee.is_keep(), Small::Assignee),
        (estimate.is_keep(), Small::Estimate),
        (priority.is_keep(), Small::Priority),
        (due.is_keep(), Small::Due),
    ];
    Some(kinds.into_iter().filter(|(keeps, _)| !keeps).map(|(_, kind)| kind).collect())
}

#[cfg(test)]
mod tests;
