//! What a digest tells of projects, and what of it would help most.

use std::cmp::Reverse;

use super::{
    facts::{About, Focus, Overdue, ProjectNews, Proposal, Review},
    loaded::{Finished, Loaded, Presence, Waiting},
};
use crate::domain::{
    ids::MemberId,
    plan::Plan,
    pulls::{OpenPull, Overview, failing},
    task::{Status, Task},
    time::Timestamp,
    tracker::{Pull, PullState},
};

impl Loaded {
    /// Whether something happened since the last digest, and before this one.
    pub(super) fn is_new(&self, at: Timestamp) -> bool {
        self.since <= at && at < self.slot
    }

    pub(super) fn project_news(&self, plan: &Plan, finished: &[Finished<'_>]) -> ProjectNews {
        let project = &plan.project;
        let pulls: Vec<&Pull> = self.visible().filter(|pull| self.projects_of(pull).contains(&project.id)).collect();
        let open = Overview::of(pulls.iter().copied().cloned().collect(), Vec::new(), self.since, self.now).open;
        let mut reviews: Vec<Review> =
            open.iter().filter(|open| !open.waits_for.is_empty()).map(|open| self.review(open)).collect();
        reviews.sort_by_key(|review| (review.of.first().map(|(_, since)| *since), review.pull.at));
        let failing = open.iter().filter(|open| !open.failing.is_empty());
        let is_over = |task: &Task| task.fields.status.is_terminal();
        let late = plan.tasks().filter(|task| !is_over(task) && task.fields.due.is_some_and(|due| due < self.today));
        let mut overdue: Vec<Overdue> = late.filter_map(|task| self.overdue(plan, task)).collect();
        overdue.sort_by_key(|overdue| (overdue.due, overdue.item.code.number));
        ProjectNews {
            key: project.key.clone(),
            title: project.title.clone(),
            done: self.done_by_others(plan, finished, &pulls),
            reviews,
            failing: failing.map(|open| (Self::pull_item(&open.pull), open.failing.clone())).collect(),
            proposals: self.proposals(plan),
            overdue,
        }
    }

    /// What was done since the last digest by nobody of whom digests tell.
    fn done_by_others(&self, plan: &Plan, finished: &[Finished<'_>], pulls: &[&Pull]) -> Vec<About> {
        let is_hand =
            |member: Option<MemberId>| member.is_some_and(|member| self.hands.iter().any(|hand| hand.member == member));
        let tasks = finished.iter().filter(|done| {
            done.plan.project.id == plan.project.id && self.is_new(done.at) && !is_hand(done.task.fields.assignee)
        });
        let tasks = tasks.map(|done| About::Task {
            item: Self::item(done.plan, done.task),
            status: done.task.fields.status,
            due: None,
            pulls: Vec::new(),
            waits_for: Vec::new(),
        });
        let merged = pulls.iter().filter(|pull| {
            pull.state == PullState::Merged
                && pull.ended_at.is_some_and(|at| self.is_new(at))
                && !is_hand(self.member_of(&pull.author))
                // Of several projects the first tells of it.
                && self.projects_of(pull).first() == Some(&plan.project.id)
        });
        tasks.chain(merged.map(|pull| About::Merged(Self::pull_item(pull)))).collect()
    }

    fn review(&self, open: &OpenPull) -> Review {
        let tasks = self.tasks_of(&open.pull);
        Review {
            pull: Self::pull_item(&open.pull),
            by: self.account(&open.pull.author),
            of: open.waits_for.iter().map(|(account, since)| (self.account(account), *since)).collect(),
            frees: tasks.iter().map(|(plan, task)| Self::frees(plan, task.number)).max().unwrap_or(0),
            tasks: tasks.into_iter().map(|(plan, task)| plan.code(task.number)).collect(),
        }
    }

    pub(super) fn proposals(&self, plan: &Plan) -> Vec<Proposal> {
        let of_plan = |waiting: &&Waiting| waiting.patch.project == plan.project.id;
        let mut proposals: Vec<Proposal> = self
            .waiting
            .iter()
            .filter(of_plan)
            .map(|Waiting { patch, whose }| Proposal {
                code: patch.code,
                title: patch.title.clone(),
                since: patch.created_at,
                expires_at: patch.expires_at,
                whose: whose.clone(),
            })
            .collect();
        proposals.sort_by_key(|proposal| (proposal.since, proposal.code));
        proposals
    }

    fn overdue(&self, plan: &Plan, task: &Task) -> Option<Overdue> {
        Some(self.due(plan, task, task.fields.due?))
    }

    /// Whether anything happened that no person is told to have done: a decision, a proposal, a pull request that was
    /// opened or reviewed, a check that failed.
    pub(super) fn has_changed(&self) -> bool {
        let is_new = |at| self.is_new(at);
        self.decided.iter().any(|patch| patch.state.decision().is_some_and(|made| is_new(made.at)))
            || self.waiting.iter().any(|waiting| is_new(waiting.patch.created_at))
            || self.visible().any(|pull| {
                is_new(pull.opened_at)
                    || pull.ended_at.is_some_and(is_new)
                    || pull.reviews.values().any(|review| is_new(review.at))
                    || failing(pull).any(|check| is_new(check.at))
            })
    }

    /// Open tasks that others wait for, in the order of the plans: with how many wait.
    fn holding(&self) -> impl Iterator<Item = (&Plan, &Task, usize)> {
        let tasks = self.plans.iter().flat_map(|plan| plan.tasks().map(move |task| (plan, task)));
        tasks
            .filter(|(plan, task)| !task.fields.status.is_terminal() && plan.holders(task).next().is_none())
            .map(|(plan, task)| (plan, task, Self::frees(plan, task.number)))
            .filter(|(_, task, frees)| *frees > 0 && task.fields.status != Status::Backlog)
    }
}

/// Things that are told to help, at most: more than that nobody weighs.
const HELPFUL: usize = 8;

/// What would help, the best first: what most tasks wait for, and of what frees as many, what comes first here, the oldest.
pub(super) fn focus(loaded: &Loaded, projects: &[ProjectNews]) -> Vec<Focus> {
    // Somebody who is away can't help today.
    let is_here =
        |member: MemberId| loaded.hands.iter().any(|hand| hand.member == member && hand.presence == Presence::Here);
    let can_review = |review: &&Review| review.of.iter().any(|(who, _)| who.member.is_none_or(is_here));
    let reviews = projects.iter().flat_map(|project| &project.reviews).filter(can_review).map(|review| {
        let since = review.of.first().map_or(loaded.now, |(_, since)| *since);
        ((review.frees, Reverse(0), Reverse(since)), Focus::Review(review.clone()))
    });
    let reviewed: Vec<_> =
        projects.iter().flat_map(|project| &project.reviews).flat_map(|review| &review.tasks).collect();
    let finish = loaded
        .holding()
        .filter(|(plan, task, _)| {
            task.fields.assignee.is_none_or(is_here) && !reviewed.contains(&&plan.code(task.number))
        })
        .map(|(plan, task, frees)| {
            let who = task.fields.assignee.and_then(|member| loaded.who(member));
            let focus = Focus::Finish { item: Loaded::item(plan, task), who, frees };
            ((frees, Reverse(1), Reverse(loaded.now)), focus)
        });
    let decide = projects.iter().flat_map(|project| &project.proposals);
    let decide = decide.map(|proposal| ((0, Reverse(2), Reverse(proposal.since)), Focus::Decide(proposal.clone())));
    let midnight = |overdue: &Overdue| {
        let start = overdue.due.and_time(chrono::NaiveTime::MIN).and_utc();
        Timestamp::from_millis(start.timestamp_millis())
    };
    let overdue = projects.iter().flat_map(|project| &project.overdue);
    let overdue = overdue.map(|overdue| ((0, Reverse(3), Reverse(midnight(overdue))), Focus::Overdue(overdue.clone())));
    let failing = projects.iter().flat_map(|project| &project.failing);
    let failing = failing.map(|(pull, _)| ((0, Reverse(4), Reverse(loaded.now)), Focus::Mend(pull.clone())));
    let mut all: Vec<_> = reviews.chain(finish).chain(decide).chain(overdue).chain(failing).collect();
    // Of equals the first: the sort is stable.
    all.sort_by_key(|(rank, _)| Reverse(*rank));
    all.into_iter().take(HELPFUL).map(|(_, focus)| focus).collect()
}
