//! What a standup tells: facts, each with what it is about, and no words yet.

use chrono::NaiveDate;

use crate::domain::{
    ids::MemberId,
    patch::PatchCode,
    project::ProjectKey,
    pulls::Standing,
    task::{Status, TaskCode},
    time::Timestamp,
    tracker::Numbered,
};

/// A task, as digests name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its code.
    pub code: TaskCode,
    /// Its title.
    pub title: String,
}

/// A pull request, as digests name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullItem {
    /// Which.
    pub at: Numbered,
    /// Its title.
    pub title: String,
    /// Its page.
    pub url: String,
}

/// Somebody by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// The member; `None` for an account that no member has linked.
    pub member: Option<MemberId>,
    /// What to call them.
    pub name: String,
}

/// A part of what is told of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    /// What they finished.
    Done,
    /// What they are at.
    Doing,
    /// What keeps them from going on.
    Blocked,
    /// What they could begin.
    Next,
}

/// Something that is told of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Where it belongs.
    pub section: Section,
    /// What it is about.
    pub about: About,
}

/// What a fact is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// A task.
    Task {
        /// Which.
        item: Item,
        /// How far it has come.
        status: Status,
        /// By when it should be done.
        due: Option<NaiveDate>,
        /// Pull requests of theirs that are about it.
        pulls: Vec<PullItem>,
        /// What it waits for, with whoever has that.
        waits_for: Vec<(TaskCode, Option<Who>)>,
    },
    /// A pull request of theirs that was merged.
    Merged(PullItem),
    /// A pull request that they reviewed: whether they approved it.
    Reviewed(PullItem, bool),
    /// An open pull request of theirs.
    Open(PullItem, Standing),
    /// What they said of it themselves.
    Said(String),
}

/// What is told of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub member: MemberId,
    /// Their name.
    pub name: String,
    /// How far back it reaches.
    pub since: Timestamp,
    /// The facts, section by section.
    pub facts: Vec<Fact>,
}

impl Person {
    /// The facts of one section.
    pub fn of(&self, section: Section) -> impl Iterator<Item = &Fact> {
        self.facts.iter().filter(move |fact| fact.section == section)
    }
}

/// Somebody who is away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Away {
    /// Their name.
    pub name: String,
    /// The last day of it.
    pub until: NaiveDate,
}

/// A pull request that waits for reviews.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// Which.
    pub pull: PullItem,
    /// Whose it is.
    pub by: Who,
    /// Whose review it waits for, and since when, the longest first.
    pub of: Vec<(Who, Timestamp)>,
    /// The tasks that it is about.
    pub tasks: Vec<TaskCode>,
    /// How many open tasks wait for one of these.
    pub frees: usize,
}

/// A proposal that waits for approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// Which.
    pub code: PatchCode,
    /// What it does.
    pub title: String,
    /// Since when it waits.
    pub since: Timestamp,
    /// When it lapses.
    pub expires_at: Timestamp,
    /// Who may approve it, in words: `owners or Ana`.
    pub whose: String,
}

/// A task that should have been done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overdue {
    /// Which.
    pub item: Item,
    /// Since when.
    pub due: NaiveDate,
    /// Whose it is.
    pub who: Option<Who>,
}

/// What is told of one project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectNews {
    /// Which.
    pub key: ProjectKey,
    /// Its title.
    pub title: String,
    /// Tasks done and pull requests merged by nobody of whom the digest tells.
    pub done: Vec<About>,
    /// Pull requests that wait for reviews, the longest first.
    pub reviews: Vec<Review>,
    /// Pull requests with the checks that fail.
    pub failing: Vec<(PullItem, Vec<String>)>,
    /// Proposals that wait for approval, the longest first.
    pub proposals: Vec<Proposal>,
    /// Tasks that should have been done, the oldest first.
    pub overdue: Vec<Overdue>,
}

impl ProjectNews {
    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.done.is_empty() && !self.has_waiting()
    }

    /// Whether anything waits for somebody.
    pub fn has_waiting(&self) -> bool {
        !(self.reviews.is_empty() && self.failing.is_empty() && self.proposals.is_empty() && self.overdue.is_empty())
    }
}

/// A conversation that looks like work, and that no task is known to be about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untracked {
    /// The number that people call it by: 7 of `T-7`.
    pub number: u32,
    /// Who began it.
    pub by: Who,
    /// What they said, where the reader of the digest may be shown that.
    pub words: Option<String>,
    /// The tasks that it may be about, the likeliest first; none where it matches none.
    pub near: Vec<TaskCode>,
    /// Whether it was said in a private channel.
    pub is_private: bool,
    /// The address of it.
    pub url: Option<String>,
}

/// What would help most today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Focus {
    /// Review this.
    Review(Review),
    /// Decide on this.
    Decide(Proposal),
    /// Finish what so many wait for.
    Finish {
        /// What.
        item: Item,
        /// Whose it is.
        who: Option<Who>,
        /// How many open tasks wait for it.
        frees: usize,
    },
    /// Do, or put off, what should have been done.
    Overdue(Overdue),
    /// Mend these checks.
    Mend(PullItem),
}

/// Everything that a standup tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestFacts {
    /// The instant it is for.
    pub slot: Timestamp,
    /// That day, on the clocks of its place.
    pub today: NaiveDate,
    /// How far back what is told of projects reaches.
    pub since: Timestamp,
    /// Those of whom there is something to tell, by name.
    pub people: Vec<Person>,
    /// Those who are there and of whom there is nothing to tell, by name.
    pub quiet: Vec<String>,
    /// Those who are away, by name.
    pub away: Vec<Away>,
    /// The projects of which there is something to tell, by key.
    pub projects: Vec<ProjectNews>,
    /// Conversations that look like work and that no task is known to be about, the earliest first.
    pub untracked: Vec<Untracked>,
    /// What would help most, the best first.
    pub focus: Vec<Focus>,
    /// Whether anything happened since the last one.
    pub has_news: bool,
    /// Whether anybody works that day.
    pub is_working_day: bool,
    /// Of whom it tells, those too of whom there is nothing to tell: for them the next one begins where this one ends.
    pub told: Vec<MemberId>,
}

impl Fact {
    /// The key of the project that it is about, where it is about a task.
    pub const fn project(&self) -> Option<&ProjectKey> {
        match &self.about {
            About::Task { item, .. } => Some(&item.code.project),
            About::Merged(_) | About::Reviewed(..) | About::Open(..) | About::Said(_) => None,
        }
    }
}
