//! What a week came to, and what the next one risks.

use std::collections::BTreeSet;

use chrono::{Days, NaiveDate};

use super::{
    facts::{Item, Overdue, Proposal, PullItem, Who},
    loaded::Loaded,
};
use crate::domain::{
    patch::{PatchCode, PatchState},
    plan::Plan,
    project::ProjectKey,
    task::{Status, Task},
    time::Timestamp,
    tracker::PullState,
};

/// How many days the next week has.
const WEEK: u64 = 7;

/// How far a project came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Which.
    pub key: ProjectKey,
    /// How many of its tasks were done when the week began.
    pub before: usize,
    /// How many are.
    pub done: usize,
    /// How many there are.
    pub all: usize,
}

/// A decision about a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// Which proposal.
    pub code: PatchCode,
    /// What it does, or would have done.
    pub title: String,
    /// The project.
    pub key: ProjectKey,
    /// What became of it: `applied`, `rejected` or `undone`.
    pub outcome: &'static str,
    /// Who decided.
    pub by: Option<Who>,
}

/// What may go wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Risk {
    /// It should have been done.
    Overdue(Overdue),
    /// It is due within a week and nobody has begun.
    NotBegun(Overdue),
    /// It is blocked, and so many others wait for it.
    Blocked(Item, Option<Who>, usize),
    /// Whoever has it is away when it is due.
    Away(Overdue, NaiveDate, NaiveDate),
    /// Nobody touched it for long.
    Stale(PullItem, Timestamp),
    /// It lapses within a week.
    Expiring(Proposal),
}

/// Everything that a weekly digest tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeeklyFacts {
    /// The day it is for, on the clocks of its place.
    pub today: NaiveDate,
    /// How far back it reaches.
    pub since: Timestamp,
    /// The instant it is for.
    pub slot: Timestamp,
    /// The tasks that were done, with whose they were.
    pub done: Vec<(Item, Option<Who>)>,
    /// The pull requests that were merged.
    pub merged: Vec<(PullItem, Who)>,
    /// How far the projects came, by key.
    pub progress: Vec<Progress>,
    /// What was decided, in order.
    pub decided: Vec<Decided>,
    /// What may go wrong, the worst first.
    pub risks: Vec<Risk>,
}

impl Loaded {
    /// What a weekly digest tells.
    pub fn weekly(&self) -> WeeklyFacts {
        let is_new = |at| self.is_new(at);
        let finished: Vec<_> = self.finished().into_iter().filter(|done| is_new(done.at)).collect();
        let who = |task: &Task| task.fields.assignee.and_then(|member| self.who(member));
        let merged = self
            .visible()
            .filter(|pull| pull.state == PullState::Merged && pull.ended_at.is_some_and(is_new))
            .map(|pull| (Self::pull_item(pull), self.account(&pull.author)));
        let progress = self.plans.iter().map(|plan| {
            let done = plan.leaves().filter(|task| task.fields.status == Status::Done).count();
            let is_leaf = |task: &Task| plan.children(Some(task.number)).next().is_none();
            let here = finished.iter().filter(|one| one.plan.project.id == plan.project.id && is_leaf(one.task));
            Progress {
                key: plan.project.key.clone(),
                before: done.saturating_sub(here.count()),
                done,
                all: plan.leaves().count(),
            }
        });
        WeeklyFacts {
            today: self.today,
            since: self.since,
            slot: self.slot,
            done: finished.iter().map(|done| (Self::item(done.plan, done.task), who(done.task))).collect(),
            merged: merged.collect(),
            progress: progress.filter(|progress| progress.all > 0).collect(),
            decided: self.decisions(is_new),
            risks: self.risks(),
        }
    }

    fn decisions(&self, is_new: impl Fn(Timestamp) -> bool) -> Vec<Decided> {
        let mut decided: Vec<(Timestamp, Decided)> = Vec::new();
        for patch in &self.decided {
            let outcome = match patch.state {
                PatchState::Applied { .. } => "applied",
                PatchState::Rejected { .. } => "rejected",
                PatchState::Undone { .. } => "undone",
                _ => continue,
            };
            let Some(decision) = patch.state.decision().filter(|made| is_new(made.at)) else { continue };
            let Some(plan) = self.plan(patch.project) else { continue };
            let (code, title, by) = (patch.code, patch.title.clone(), self.who(decision.by));
            decided.push((decision.at, Decided { code, title, key: plan.project.key.clone(), outcome, by }));
        }
        decided.sort_by_key(|(at, one)| (*at, one.code));
        decided.into_iter().map(|(_, one)| one).collect()
    }

    fn risks(&self) -> Vec<Risk> {
        let end = self.today.checked_add_days(Days::new(WEEK)).unwrap_or(self.today);
        let mut risks = Vec::new();
        let mut away = Vec::new();
        let mut soon = Vec::new();
        for (plan, task) in self.plans.iter().flat_map(|plan| plan.tasks().map(move |task| (plan, task))) {
            let Some(due) = task.fields.due.filter(|due| *due <= end && !task.fields.status.is_terminal()) else {
                continue;
            };
            let overdue = self.due(plan, task, due);
            if due < self.today {
                risks.push(Risk::Overdue(overdue));
            } else if let Some((from, to)) = self.leave_over(task, due) {
                away.push(Risk::Away(overdue, from, to));
            } else if matches!(task.fields.status, Status::Backlog | Status::Todo) {
                soon.push(Risk::NotBegun(overdue));
            }
        }
        risks.extend(away);
        risks.extend(soon);
        let mut blocked: Vec<(usize, Risk)> = Vec::new();
        for (plan, task) in self.plans.iter().flat_map(|plan| plan.tasks().map(move |task| (plan, task))) {
            if task.fields.status == Status::Blocked {
                let (frees, who) = (Self::frees(plan, task.number), task.fields.assignee);
                let who = who.and_then(|member| self.who(member));
                blocked.push((frees, Risk::Blocked(Self::item(plan, task), who, frees)));
            }
        }
        blocked.sort_by_key(|(frees, _)| std::cmp::Reverse(*frees));
        risks.extend(blocked.into_iter().map(|(_, risk)| risk));
        let stale = self.visible().filter(|pull| pull.is_stale(self.now));
        risks.extend(stale.map(|pull| Risk::Stale(Self::pull_item(pull), crate::domain::pulls::touched(pull))));
        let last = self.now.plus(std::time::Duration::from_hours(24 * WEEK));
        let expiring = self.plans.iter().flat_map(|plan| self.proposals(plan));
        let mut told = BTreeSet::new();
        let expiring = expiring.filter(|proposal| proposal.expires_at <= last && told.insert(proposal.code));
        risks.extend(expiring.map(Risk::Expiring).collect::<Vec<_>>());
        risks
    }

    pub(super) fn due(&self, plan: &Plan, task: &Task, due: NaiveDate) -> Overdue {
        let who = task.fields.assignee.and_then(|member| self.who(member));
        Overdue { item: Self::item(plan, task), due, who }
    }

    /// When whoever has a task is away on the day it is due.
    fn leave_over(&self, task: &Task, due: NaiveDate) -> Option<(NaiveDate, NaiveDate)> {
        let hand = self.hands.iter().find(|hand| Some(hand.member) == task.fields.assignee)?;
        hand.leaves.iter().find(|leave| leave.covers(due)).map(|leave| (leave.from, leave.to))
    }
}
