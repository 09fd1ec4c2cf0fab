//! A pull request, as facts that merge.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Account, Numbered};
use crate::domain::{project::words, time::Timestamp};

words! {
    /// How far a pull request has come. Later ones win where two were said of one instant.
    PullState {
        /// Waiting to be merged.
        Open = "open",
        /// Closed without being merged.
        Closed = "closed",
        /// Merged.
        Merged = "merged",
    }
}

words! {
    /// What a reviewer says.
    Verdict {
        /// Words only.
        Commented = "commented",
        /// A review that was taken back.
        Dismissed = "dismissed",
        /// Something has to change.
        ChangesRequested = "changes_requested",
        /// It may be merged.
        Approved = "approved",
    }
}

words! {
    /// What became of a check. Later ones win where two were said of one instant.
    CheckOutcome {
        /// It runs, or waits to.
        Pending = "pending",
        /// It passed, or does not matter.
        Passed = "passed",
        /// It failed, or was cut short.
        Failed = "failed",
    }
}

/// A review of a pull request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Review {
    /// When.
    pub at: Timestamp,
    /// The tracker's number of the review.
    pub id: u64,
    /// What it says.
    pub verdict: Verdict,
    /// Who.
    pub by: Account,
    /// Its page.
    pub url: String,
}

/// A check of the commit that a pull request ends with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Check {
    /// When this was so.
    pub at: Timestamp,
    /// What became of it.
    pub outcome: CheckOutcome,
    /// What it is called.
    pub name: String,
    /// The commit.
    pub sha: String,
    /// Its page.
    pub url: String,
}

/// A commit that was pushed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Which.
    pub sha: String,
    /// Its message.
    pub message: String,
    /// Its page.
    pub url: String,
}

/// A pull request: what a tracker said of it at one instant, or all that is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pull {
    /// Which.
    pub at: Numbered,
    /// Its page.
    pub url: String,
    /// Its title.
    pub title: String,
    /// Its description, cut at [`Pull::MAX_BODY`] characters; may be empty.
    #[serde(default)]
    pub body: String,
    /// Who opened it.
    pub author: Account,
    /// The branch it comes from.
    pub branch: String,
    /// The commit it ends with.
    pub head: String,
    /// The branch it goes to.
    pub base: String,
    /// How far it has come.
    pub state: PullState,
    /// Whether its author still works on it.
    #[serde(default)]
    pub is_draft: bool,
    /// Its labels.
    #[serde(default)]
    pub labels: BTreeSet<String>,
    /// Who is asked for a review, by account, and since when as far as is known.
    #[serde(default)]
    pub reviewers: BTreeMap<u64, (Account, Timestamp)>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When anything about the above changed last.
    pub updated_at: Timestamp,
    /// When it was merged or closed.
    #[serde(default)]
    pub ended_at: Option<Timestamp>,
    /// Who merged it.
    #[serde(default)]
    pub merged_by: Option<Account>,
    /// The latest review of each reviewer that says more than words, by account.
    #[serde(default)]
    pub reviews: BTreeMap<u64, Review>,
    /// The latest of each check of any of its last commits, by name.
    #[serde(default)]
    pub checks: BTreeMap<String, Check>,
    /// The messages of its commits that name tasks, by commit.
    #[serde(default)]
    pub commits: BTreeMap<String, String>,
}

impl Pull {
    /// How many characters of a description are kept: closing words stand near its start or its end.
    pub const MAX_BODY: usize = 20_000;
}
