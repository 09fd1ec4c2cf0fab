//! An issue, as facts that merge.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Account, Numbered};
use crate::domain::{project::words, time::Timestamp};

words! {
    /// How far an issue has come. Later ones win where two were said of one instant.
    IssueState {
        /// To be done.
        Open = "open",
        /// Closed, and done.
        Completed = "completed",
        /// Closed, and not to be done.
        NotPlanned = "not_planned",
    }
}

/// An issue: what a tracker said of it at one instant, or all that is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    /// Which.
    pub at: Numbered,
    /// The tracker's own number of it across all repositories.
    pub id: u64,
    /// Its page.
    pub url: String,
    /// Its title.
    pub title: String,
    /// How far it has come.
    pub state: IssueState,
    /// Its labels.
    #[serde(default)]
    pub labels: BTreeSet<String>,
    /// Who does it.
    #[serde(default)]
    pub assignees: BTreeSet<Account>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When anything about it changed last.
    pub updated_at: Timestamp,
    /// When it was closed.
    #[serde(default)]
    pub ended_at: Option<Timestamp>,
}
