//! What trackers know: repositories, pull requests, issues, and what happens to them.
//!
//! What is heard of a pull request or an issue comes in any order, twice or not at all: by webhooks, and by looking. It
//! is therefore kept as facts that merge: the same sightings in any order come to the same facts.

mod happening;
mod issue;
mod look;
mod order;
mod pull;
mod repository;

use serde::{Deserialize, Serialize};

pub use happening::{Access, Happening, IssueMoment, PullMoment, Remark, RepositoryMoment, TrackerEvent};
pub use issue::{Issue, IssueState};
pub use look::{Failed, ListPage, Look, Sweep};
pub use order::IssueOrder;
pub use pull::{Check, CheckOutcome, Commit, Pull, PullState, Review, ReviewState, Verdict};
pub use repository::{Incident, Presence, Repository, RepositoryId, RepositorySighting, Sight, Sync, Then};

/// Somebody with an account at a tracker.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Account {
    /// The tracker's own number of the account, which never passes to another.
    pub id: u64,
    /// What people call it there; may change.
    pub login: String,
    /// Whether it is a program's.
    #[serde(default)]
    pub is_bot: bool,
}

/// A pull request or an issue, which are counted together in each repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Numbered {
    /// Where.
    pub repository: RepositoryId,
    /// Its number there, from 1.
    pub number: u64,
}
