//! What digests are made of, as it stands in the store.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::{
    draft::Says,
    facts::{Item, PullItem, Untracked, Who},
};
use crate::domain::{
    availability::Leave,
    ids::{MemberId, ProjectId},
    patch::{Change, Operation, Patch, PatchState},
    plan::Plan,
    task::{Status, Task, TaskNumber},
    time::Timestamp,
    tracker::{Account, Numbered, Pull, RepositoryId},
};

/// Whether somebody is there on the day of a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// They work.
    Here,
    /// It is no day on which they work.
    Off,
    /// They are away until the end of this day.
    Away(NaiveDate),
}

/// Somebody of whom a digest may tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hand {
    /// Who.
    pub member: MemberId,
    /// How far back it tells of them.
    pub since: Timestamp,
    /// Whether they are there.
    pub presence: Presence,
    /// When they will be away, or are.
    pub leaves: Vec<Leave>,
    /// What they want to be different.
    pub says: Says,
}

/// A proposal that waits, with who may approve it, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The proposal.
    pub patch: Patch,
    /// Who may approve it.
    pub whose: String,
}

/// Everything that a digest is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// The instant it is for: what happened from then on is for the next one.
    pub slot: Timestamp,
    /// That day, on the clocks of its place.
    pub today: NaiveDate,
    /// How far back it tells of projects.
    pub since: Timestamp,
    /// When it is put together.
    pub now: Timestamp,
    /// Those of whom it may tell, by name.
    pub hands: Vec<Hand>,
    /// The names of all members.
    pub names: BTreeMap<MemberId, String>,
    /// The plans that it is about, by key.
    pub plans: Vec<Plan>,
    /// Projects of which nothing is told here, whatever else is connected to them.
    pub hidden: BTreeSet<ProjectId>,
    /// What was decided about these plans since the earliest instant that it reaches back to, in any order.
    pub decided: Vec<Patch>,
    /// Proposals about these plans that wait.
    pub waiting: Vec<Waiting>,
    /// Open pull requests, and those that ended since that instant.
    pub pulls: Vec<Pull>,
    /// The tasks that each of these is about, of all projects.
    pub about: BTreeMap<Numbered, BTreeSet<(ProjectId, TaskNumber)>>,
    /// The projects that each repository is linked to.
    pub linked: BTreeMap<RepositoryId, BTreeSet<ProjectId>>,
    /// Conversations that look like work and that no task is known to be about, the earliest first.
    pub untracked: Vec<Untracked>,
    /// Whose each account at the tracker is.
    pub accounts: BTreeMap<u64, MemberId>,
}

/// A task that was done.
#[derive(Debug, Clone, Copy)]
pub(super) struct Finished<'a> {
    pub(super) plan: &'a Plan,
    pub(super) task: &'a Task,
    pub(super) at: Timestamp,
}

impl Loaded {
    /// The plan of a project that this is about.
    pub(super) fn plan(&self, project: ProjectId) -> Option<&Plan> {
        self.plans.iter().find(|plan| plan.project.id == project)
    }

    /// The tasks that are done and became so since the earliest instant, each once, by plan and number.
    pub(super) fn finished(&self) -> Vec<Finished<'_>> {
        let mut last: BTreeMap<(ProjectId, TaskNumber), Timestamp> = BTreeMap::new();
        for patch in &self.decided {
            let PatchState::Applied { decision, steps, .. } = &patch.state else { continue };
            let applied = patch.operations().enumerate().filter(|(step, _)| steps.contains(step));
            for (_, operation) in applied {
                if let Operation::UpdateTask { number, changes } = operation
                    && changes.status == Change::Set(Status::Done)
                {
                    let at = last.entry((patch.project, *number)).or_insert(decision.at);
                    *at = decision.at.max(*at);
                }
            }
        }
        let finished = last.into_iter().filter_map(|((project, number), at)| {
            let plan = self.plan(project)?;
            let task = plan.task(number).filter(|task| task.fields.status == Status::Done)?;
            Some(Finished { plan, task, at })
        });
        let mut finished: Vec<_> = finished.collect();
        finished.sort_by_key(|done| (done.plan.project.key.clone(), done.task.number));
        finished
    }

    /// The pull requests that may be told of here: about a task of these plans, or about nobody's and in a repository
    /// that one of them is linked to; and about nothing that is hidden.
    pub(super) fn visible(&self) -> impl Iterator<Item = &Pull> {
        self.pulls.iter().filter(|pull| !self.projects_of(pull).is_empty())
    }

    /// The projects among these that a pull request belongs to; none where it touches something hidden.
    pub(super) fn projects_of(&self, pull: &Pull) -> BTreeSet<ProjectId> {
        let about = self.about.get(&pull.at);
        let all: BTreeSet<ProjectId> = match about {
            Some(tasks) => tasks.iter().map(|(project, _)| *project).collect(),
            None => self.linked.get(&pull.at.repository).cloned().unwrap_or_default(),
        };
        if about.is_some() && all.iter().any(|project| self.hidden.contains(project)) {
            return BTreeSet::new();
        }
        all.into_iter().filter(|project| self.plan(*project).is_some()).collect()
    }

    /// The tasks of these plans that a pull request is about.
    pub(super) fn tasks_of(&self, pull: &Pull) -> Vec<(&Plan, &Task)> {
        let about = self.about.get(&pull.at).into_iter().flatten();
        about
            .filter_map(|(project, number)| Some((self.plan(*project)?, self.plan(*project)?.task(*number)?)))
            .collect()
    }

    /// A task as digests name it.
    pub(super) fn item(plan: &Plan, task: &Task) -> Item {
        Item { code: plan.code(task.number), title: task.fields.title.clone() }
    }

    /// A pull request as digests name it.
    pub(super) fn pull_item(pull: &Pull) -> PullItem {
        PullItem { at: pull.at, title: pull.title.clone(), url: pull.url.clone() }
    }

    /// The member behind an account.
    pub(super) fn member_of(&self, account: &Account) -> Option<MemberId> {
        self.accounts.get(&account.id).copied().filter(|member| self.names.contains_key(member))
    }

    /// Whoever has an account.
    pub(super) fn account(&self, account: &Account) -> Who {
        match self.member_of(account).and_then(|member| self.who(member)) {
            Some(who) => who,
            None => Who { member: None, name: account.login.clone() },
        }
    }

    /// A member by name.
    pub(super) fn who(&self, member: MemberId) -> Option<Who> {
        self.names.get(&member).map(|name| Who { member: Some(member), name: name.clone() })
    }

    /// How many open tasks wait for this one, one after the other.
    pub(super) fn frees(plan: &Plan, first: TaskNumber) -> usize {
        let (mut open, mut seen) = (vec![first], BTreeSet::from([first]));
        while let Some(number) = open.pop() {
            let waiting = plan.dependents(number).filter(|next| {
                plan.task(*next).is_some_and(|task| !task.fields.status.is_terminal()) && seen.insert(*next)
            });
            open.extend(waiting.collect::<Vec<_>>());
        }
        seen.len() - 1
    }
}
