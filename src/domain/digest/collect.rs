//! From what is stored to what a standup tells: pure, so that the same facts always tell the same.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::{
    draft::Says,
    facts::{About, Away, DigestFacts, Fact, Person, ProjectNews, Section},
    loaded::{Finished, Hand, Loaded, Presence},
    project,
};
use crate::domain::{
    ids::MemberId,
    plan::Plan,
    pulls::Standing,
    task::{Status, Task, TaskCode},
    tracker::{Pull, PullState, Verdict},
};

/// Tasks that somebody is told to begin with.
const NEXT: usize = 3;

impl Loaded {
    /// What a standup tells.
    pub fn standup(&self) -> DigestFacts {
        let finished = self.finished();
        let team = self.team();
        let is_told = |hand: &&&Hand| hand.presence == Presence::Here && !hand.says.is_left_out;
        let here: Vec<&Hand> = team.iter().filter(is_told).copied().collect();
        let people: Vec<Person> = here.iter().filter_map(|hand| self.person(hand, &finished)).collect();
        let told: BTreeSet<MemberId> = people.iter().map(|person| person.member).collect();
        let quiet = here.iter().filter(|hand| !told.contains(&hand.member));
        let projects: Vec<ProjectNews> = self.plans.iter().map(|plan| self.project_news(plan, &finished)).collect();
        let focus = project::focus(self, &projects);
        let has_news = people.iter().any(|person| person.of(Section::Done).next().is_some())
            || projects.iter().any(|project| !project.done.is_empty())
            || self.has_changed()
            || !self.untracked.is_empty();
        DigestFacts {
            slot: self.slot,
            today: self.today,
            since: self.since,
            quiet: quiet.filter_map(|hand| self.names.get(&hand.member).cloned()).collect(),
            away: team.iter().filter_map(|hand| self.away(hand)).collect(),
            people,
            projects: projects.into_iter().filter(|project| !project.is_empty()).collect(),
            untracked: self.untracked.clone(),
            focus,
            has_news,
            is_working_day: self.is_working_day(&team),
            told: here.iter().map(|hand| hand.member).collect(),
        }
    }

    /// Those who have to do with these plans: who have a task in them, a pull request that is about them or a word in one,
    /// or something to say.
    pub fn team(&self) -> Vec<&Hand> {
        let mut involved: BTreeSet<MemberId> =
            self.plans.iter().flat_map(Plan::tasks).filter_map(|task| task.fields.assignee).collect();
        for pull in self.visible() {
            let reviewers = pull.reviews.values().map(|review| &review.by);
            let asked = pull.reviewers.values().map(|(account, _)| account);
            let all = reviewers.chain(asked).chain([&pull.author]);
            involved.extend(all.filter_map(|account| self.member_of(account)));
        }
        let is_in = |hand: &&Hand| involved.contains(&hand.member) || !hand.says.added.is_empty();
        self.hands.iter().filter(is_in).collect()
    }

    /// Whether any of them is there; where there is nobody yet, whether anybody is.
    fn is_working_day(&self, team: &[&Hand]) -> bool {
        let is_here = |hand: &Hand| hand.presence == Presence::Here;
        if team.is_empty() { self.hands.iter().any(is_here) } else { team.iter().any(|hand| is_here(hand)) }
    }

    fn away(&self, hand: &Hand) -> Option<Away> {
        let Presence::Away(until) = hand.presence else { return None };
        self.names.get(&hand.member).map(|name| Away { name: name.clone(), until })
    }

    /// What would be told of a member who says nothing to it; `None` where that is nothing.
    pub fn untouched(&self, member: MemberId) -> Option<Person> {
        let hand = self.hands.iter().find(|hand| hand.member == member)?;
        self.person(&Hand { says: Says::default(), ..hand.clone() }, &self.finished())
    }

    /// What is told of one person; `None` where that is nothing.
    fn person(&self, hand: &Hand, finished: &[Finished<'_>]) -> Option<Person> {
        let mut facts = self.done(hand, finished);
        facts.extend(self.doing(hand.member));
        facts.extend(self.blocked(hand.member));
        facts.extend(self.next(hand.member));
        let facts = hand.says.corrected(facts);
        let name = self.names.get(&hand.member)?.clone();
        (!facts.is_empty()).then_some(Person { member: hand.member, name, since: hand.since, facts })
    }

    fn done(&self, hand: &Hand, finished: &[Finished<'_>]) -> Vec<Fact> {
        let is_new = |at| hand.since <= at && at < self.slot;
        let theirs = |done: &&Finished<'_>| done.task.fields.assignee == Some(hand.member) && is_new(done.at);
        let merged: Vec<&Pull> = self
            .visible()
            .filter(|pull| pull.state == PullState::Merged && pull.ended_at.is_some_and(is_new))
            .filter(|pull| self.member_of(&pull.author) == Some(hand.member))
            .collect();
        let mut folded = BTreeSet::new();
        let mut told: Vec<About> = Vec::new();
        for done in finished.iter().filter(theirs) {
            let code = done.plan.code(done.task.number);
            let about = merged.iter().filter(|pull| self.codes(pull).contains(&code));
            let pulls: Vec<&Pull> = about.copied().collect();
            folded.extend(pulls.iter().map(|pull| pull.at));
            told.push(self.task(done.plan, done.task, &pulls));
        }
        let alone = merged.iter().filter(|pull| !folded.contains(&pull.at));
        told.extend(alone.map(|pull| About::Merged(Self::pull_item(pull))));
        for pull in self.visible().filter(|pull| self.member_of(&pull.author) != Some(hand.member)) {
            let given = pull.reviews.values().filter(|review| is_new(review.at));
            let verdict =
                given.filter(|review| self.member_of(&review.by) == Some(hand.member)).find_map(|review| match review
                    .verdict
                {
                    Verdict::Approved => Some(true),
                    Verdict::ChangesRequested => Some(false),
                    Verdict::Commented | Verdict::Dismissed => None,
                });
            told.extend(verdict.map(|approved| About::Reviewed(Self::pull_item(pull), approved)));
        }
        told.into_iter().map(|about| Fact { section: Section::Done, about }).collect()
    }

    fn doing(&self, member: MemberId) -> Vec<Fact> {
        let open: Vec<&Pull> = self
            .visible()
            .filter(|pull| pull.state == PullState::Open && self.member_of(&pull.author) == Some(member))
            .collect();
        let mut folded = BTreeSet::new();
        let mut told: Vec<About> = Vec::new();
        for (plan, task) in self.assigned(member, |status| matches!(status, Status::InProgress | Status::InReview)) {
            let code = plan.code(task.number);
            let pulls: Vec<&Pull> = open.iter().filter(|pull| self.codes(pull).contains(&code)).copied().collect();
            folded.extend(pulls.iter().map(|pull| pull.at));
            told.push(self.task(plan, task, &pulls));
        }
        let alone = open.iter().filter(|pull| !folded.contains(&pull.at));
        told.extend(alone.map(|pull| About::Open(Self::pull_item(pull), Standing::of(pull))));
        told.into_iter().map(|about| Fact { section: Section::Doing, about }).collect()
    }

    /// What is marked as blocked, and what waits for somebody else's task.
    fn blocked(&self, member: MemberId) -> Vec<Fact> {
        let waits = |plan: &Plan, task: &Task| match task.fields.status {
            Status::Blocked => true,
            Status::Todo => plan.holders(task).any(|first| first.fields.assignee != Some(member)),
            _ => false,
        };
        let open = self.assigned(member, |status| matches!(status, Status::Blocked | Status::Todo));
        let held = open.into_iter().filter(|(plan, task)| waits(plan, task));
        held.map(|(plan, task)| Fact { section: Section::Blocked, about: self.task(plan, task, &[]) }).collect()
    }

    fn next(&self, member: MemberId) -> Vec<Fact> {
        let startable = self.plans.iter().flat_map(|plan| plan.startable().into_iter().map(move |task| (plan, task)));
        let mut ready: Vec<(&Plan, &Task)> = startable
            .filter(|(_, task)| task.fields.assignee == Some(member) && task.fields.status == Status::Todo)
            .collect();
        // The sort is stable: what is equal stays in the order of the plans.
        ready.sort_by_key(|(_, task)| (task.fields.priority, task.fields.due.unwrap_or(NaiveDate::MAX)));
        let first = ready.into_iter().take(NEXT);
        first.map(|(plan, task)| Fact { section: Section::Next, about: self.task(plan, task, &[]) }).collect()
    }

    /// The tasks of a member in these plans that have such a status, by plan, in its order.
    fn assigned(&self, member: MemberId, has: impl Fn(Status) -> bool) -> Vec<(&Plan, &Task)> {
        let all = self.plans.iter().flat_map(|plan| plan.tree().into_iter().map(move |(_, task)| (plan, task)));
        all.filter(|(_, task)| task.fields.assignee == Some(member) && has(task.fields.status)).collect()
    }

    fn task(&self, plan: &Plan, task: &Task, pulls: &[&Pull]) -> About {
        let holders = plan.holders(task);
        About::Task {
            item: Self::item(plan, task),
            status: task.fields.status,
            due: task.fields.due,
            pulls: pulls.iter().map(|pull| Self::pull_item(pull)).collect(),
            waits_for: holders
                .map(|first| (plan.code(first.number), first.fields.assignee.and_then(|member| self.who(member))))
                .collect(),
        }
    }

    /// The codes of the tasks of these plans that a pull request is about.
    pub(super) fn codes(&self, pull: &Pull) -> Vec<TaskCode> {
        self.tasks_of(pull).into_iter().map(|(plan, task)| plan.code(task.number)).collect()
    }
}
