//! A task: a node in a project's tree.

use std::{collections::BTreeSet, fmt, str::FromStr};

use chrono::NaiveDate;
use fractional_index::FractionalIndex;
use serde::{Deserialize, Serialize};

use super::{
    ids::MemberId,
    project::{ProjectKey, Revision, words},
};

/// The number of a task inside its project, from 1. It never changes and is never given to another task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskNumber(pub u32);

impl fmt::Display for TaskNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What people call a task: `AUTH-12`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TaskCode {
    /// The project's key.
    pub project: ProjectKey,
    /// The number in that project.
    pub number: TaskNumber,
}

impl FromStr for TaskCode {
    type Err = ();

    /// Reads `AUTH-12` in any case.
    fn from_str(text: &str) -> Result<Self, ()> {
        let (project, number) = text.split_once('-').ok_or(())?;
        let digits = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
        let number = number.parse().ok().filter(|n| digits && *n > 0).ok_or(())?;
        Ok(Self { project: project.parse().map_err(|_| ())?, number: TaskNumber(number) })
    }
}

impl fmt::Display for TaskCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.project, self.number)
    }
}

words! {
    /// How far a task has come.
    Status {
        /// Not planned for now.
        Backlog = "backlog",
        /// To be done next.
        Todo = "todo",
        /// Being worked on.
        InProgress = "in_progress",
        /// Waiting for a review.
        InReview = "in_review",
        /// Something is in the way.
        Blocked = "blocked",
        /// Finished.
        Done = "done",
        /// Will not be done.
        Cancelled = "cancelled",
    }
}

impl Status {
    /// Whether the task is over. A terminal status is sticky: a mere mention never leaves it.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Done | Self::Cancelled)
    }

    /// The status in words for people: `in progress`.
    pub fn words(self) -> String {
        self.as_str().replace('_', " ")
    }
}

words! {
    /// How much a task matters.
    Priority {
        /// Everything else waits.
        Urgent = "urgent",
        /// Soon.
        High = "high",
        /// The usual.
        Normal = "normal",
        /// When there is time.
        Low = "low",
    }
}

/// Where a task stands among its siblings: a fraction that leaves room on both sides.
///
/// A task between two others gets a rank between theirs, so that moving one never touches another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rank(#[serde(with = "fractional_index::stringify")] FractionalIndex);

impl Rank {
    /// The rank of an only child.
    pub fn only() -> Self {
        Self(FractionalIndex::default())
    }

    /// A rank between two neighbours, either of which may be missing.
    ///
    /// Where `before` is not below `after` (two tasks ranked alike by independent patches), the
    /// result follows `before`; siblings of one rank are ordered by number.
    pub fn between(before: Option<&Self>, after: Option<&Self>) -> Self {
        match FractionalIndex::new(before.map(|r| &r.0), after.map(|r| &r.0)) {
            Some(rank) => Self(rank),
            None => Self(before.map_or_else(FractionalIndex::default, |r| FractionalIndex::new_after(&r.0))),
        }
    }

    /// The stored form: hexadecimal, which sorts as text like the rank itself.
    pub fn to_hex(&self) -> String {
        self.0.to_string()
    }

    /// Reads the stored form.
    pub fn from_hex(text: &str) -> Option<Self> {
        FractionalIndex::from_string(text).ok().map(Self)
    }
}

/// A pointer to something outside, shown beside the task.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Link {
    /// What to call it.
    pub label: String,
    /// An `https://` address.
    pub url: String,
}

/// What people say about a task: everything but its place in the tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskFields {
    /// One line of 1 to 120 characters.
    pub title: String,
    /// Free text; may be empty.
    pub description: String,
    /// How we know that it is done, one sentence each.
    pub acceptance: Vec<String>,
    /// How far it has come.
    pub status: Status,
    /// Who does it.
    pub assignee: Option<MemberId>,
    /// Expected effort in minutes of work; a day has 480.
    pub estimate: Option<u32>,
    /// How much it matters.
    pub priority: Priority,
    /// The day by which it should be done.
    pub due: Option<NaiveDate>,
    /// Tasks of the same project that come first.
    pub depends_on: BTreeSet<TaskNumber>,
    /// Pointers to the outside.
    pub links: Vec<Link>,
}

impl TaskFields {
    /// A task to do with this title and nothing else said.
    pub fn titled(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            description: String::new(),
            acceptance: Vec::new(),
            status: Status::Todo,
            assignee: None,
            estimate: None,
            priority: Priority::Normal,
            due: None,
            depends_on: BTreeSet::new(),
            links: Vec::new(),
        }
    }
}

/// A task's place: under whom, and where among the siblings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The task it belongs to; `None` for a top-level task.
    pub parent: Option<TaskNumber>,
    /// Where it stands among its siblings.
    pub rank: Rank,
}

/// A node of a plan's tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Its number in the project.
    pub number: TaskNumber,
    /// Where it stands in the tree.
    pub place: Place,
    /// What people say about it.
    pub fields: TaskFields,
    /// The plan's revision that last changed it. Never repeats, even when a task is deleted and restored.
    pub version: Revision,
}

/// Minutes in a working day.
pub const DAY_MINUTES: u32 = 480;

/// An effort in words: `30 min`, `4 h`, `2 d`, `1 d 4 h`.
pub fn effort(minutes: u32) -> String {
    let (days, rest) = (minutes / DAY_MINUTES, minutes % DAY_MINUTES);
    let (hours, mins) = (rest / 60, rest % 60);
    let parts = [(days, "d"), (hours, "h"), (mins, "min")];
    let words: Vec<_> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n} {unit}")).collect();
    if words.is_empty() { "0 min".to_owned() } else { words.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_read_in_any_case() {
        let code: TaskCode = "auth-12".parse().unwrap();
        assert_eq!(code.to_string(), "AUTH-12");
        for wrong in ["AUTH", "AUTH-", "AUTH-0", "AUTH-x", "AUTH-+1", "-1", "AUTH-1-2", "AUTH-99999999999"] {
            assert!(wrong.parse::<TaskCode>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn ranks_leave_room_and_sort_as_stored() {
        let first = Rank::only();
        let second = Rank::between(Some(&first), None);
        let middle = Rank::between(Some(&first), Some(&second));
        assert!(first < middle && middle < second);
        assert!(first.to_hex() < middle.to_hex() && middle.to_hex() < second.to_hex());
        assert_eq!(Rank::from_hex(&middle.to_hex()), Some(middle));
    }

    #[test]
    fn efforts_read_like_speech() {
        for (minutes, words) in [(0, "0 min"), (30, "30 min"), (240, "4 h"), (960, "2 d"), (720, "1 d 4 h")] {
            assert_eq!(effort(minutes), words);
        }
    }
}
