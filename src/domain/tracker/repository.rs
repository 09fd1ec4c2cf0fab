//! A repository, and whether it is still there.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::domain::{
    ids::{ConnectionId, IncidentId, ProjectId},
    project::{Lifecycle, words},
    time::Timestamp,
};

/// GitHub's own number of a repository. It stays when the repository is renamed or moves to another owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RepositoryId(pub u64);

impl fmt::Display for RepositoryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for RepositoryId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

words! {
    /// Whether a repository is there.
    Presence {
        /// It is, as far as is known.
        Here = "here",
        /// It was not found the last time; a second look decides.
        Unsure = "unsure",
        /// It was deleted, or is out of sight.
        Missing = "missing",
    }
}

/// What a look at a repository came to, or what a tracker told of it by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// It is there.
    Found,
    /// It was not found: it may be gone, or out of sight for a moment.
    NotFound,
    /// The tracker says that it is gone, or no longer shows it.
    Gone,
    /// The tracker did not answer, or not sensibly: that says nothing about the repository.
    Unreachable,
    /// The tracker does not let us look: that is for its connection to mend.
    Denied,
}

/// What follows from a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// Nothing.
    Nothing,
    /// It went missing.
    Missing,
    /// It is back.
    Back,
}

impl Presence {
    /// Whether it is there after a look, how many looks in a row have failed then, and what follows. Only a tracker that
    /// answers can make it missing: by saying so, or by not finding it twice in a row.
    pub const fn after(self, strikes: u32, sight: Sight) -> (Self, u32, Then) {
        match (self, sight) {
            (Self::Here | Self::Unsure, Sight::Found) => (Self::Here, 0, Then::Nothing),
            (Self::Missing, Sight::Found) => (Self::Here, 0, Then::Back),
            (Self::Here, Sight::NotFound) => (Self::Unsure, 0, Then::Nothing),
            (Self::Unsure, Sight::NotFound) | (Self::Here | Self::Unsure, Sight::Gone) => {
                (Self::Missing, 0, Then::Missing)
            }
            (Self::Missing, Sight::NotFound | Sight::Gone) => (Self::Missing, 0, Then::Nothing),
            (_, Sight::Unreachable) => (self, strikes.saturating_add(1), Then::Nothing),
            (_, Sight::Denied) => (self, strikes, Then::Nothing),
        }
    }
}

/// What a tracker says about a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositorySighting {
    /// Which.
    pub id: RepositoryId,
    /// `owner/name`, as it is now.
    pub full_name: String,
    /// Its page.
    pub url: String,
    /// What it is for; may be empty.
    #[serde(default)]
    pub description: String,
    /// Whether only some may see it.
    pub is_private: bool,
    /// Whether it is put away.
    #[serde(default)]
    pub is_archived: bool,
    /// The branch that changes go to; empty where that was not said.
    #[serde(default)]
    pub default_branch: String,
}

/// A repository that a tenant's connection can see, or could.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// What was said of it last.
    pub seen: RepositorySighting,
    /// The connection that sees it.
    pub connection: ConnectionId,
    /// Whether it is there.
    pub presence: Presence,
    /// Why it is not, or can't be looked at, in words for people, and since when.
    pub trouble: Option<(String, Timestamp)>,
    /// How many looks in a row failed.
    pub strikes: u32,
    /// When people were asked whether to plan a project for it; `None` where they were not.
    pub offered_at: Option<Timestamp>,
    /// When it was heard of first.
    pub found_at: Timestamp,
    /// How far it has been read.
    pub sync: Sync,
}

impl Repository {
    /// Its number.
    pub fn id(&self) -> RepositoryId {
        self.seen.id
    }

    /// Takes up what is said of it now. What is said in passing leaves out the branch and what it is for.
    pub fn take_up(&mut self, seen: RepositorySighting) {
        let known = std::mem::replace(&mut self.seen, seen);
        if self.seen.default_branch.is_empty() {
            self.seen.description = known.description;
            self.seen.default_branch = known.default_branch;
            self.seen.is_archived = known.is_archived;
        }
    }

    /// `owner/name`.
    pub fn name(&self) -> &str {
        &self.seen.full_name
    }
}

/// How far a repository has been read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sync {
    /// The entity tag of each list, by a short name such as `pulls`: what has not changed is not read again.
    pub etags: BTreeMap<String, String>,
    /// Everything that changed up to here is known, pull requests and issues alike.
    pub through: Option<Timestamp>,
    /// The past is known from here on; it is read slowly backwards.
    pub back_to: Option<Timestamp>,
    /// The pull requests that were read in a reading that had to stop, by number, and when each had changed.
    pub read: BTreeMap<u64, Timestamp>,
    /// The page of the past that is read next, while any is left to be read.
    pub page: Option<u32>,
    /// When it was looked at last.
    pub looked_at: Option<Timestamp>,
}

/// A linked repository that is gone, from when that was noticed until it is back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// The incident's id.
    pub id: IncidentId,
    /// Which repository.
    pub repository: RepositoryId,
    /// What broke, in words for people.
    pub why: String,
    /// Since when.
    pub opened_at: Timestamp,
    /// When it was over.
    pub closed_at: Option<Timestamp>,
    /// Where the projects stood that it serves, to be there again when it is back.
    pub lifecycles: BTreeMap<ProjectId, Lifecycle>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_tracker_that_answers_makes_a_repository_missing_and_any_sight_of_it_brings_it_back() {
        use Presence::{Here, Missing, Unsure};
        for (before, strikes, sight, after) in [
            (Here, 3, Sight::Found, (Here, 0, Then::Nothing)),
            (Here, 3, Sight::NotFound, (Unsure, 0, Then::Nothing)),
            (Here, 0, Sight::Gone, (Missing, 0, Then::Missing)),
            (Here, 3, Sight::Unreachable, (Here, 4, Then::Nothing)),
            (Here, 3, Sight::Denied, (Here, 3, Then::Nothing)),
            (Unsure, 0, Sight::Found, (Here, 0, Then::Nothing)),
            (Unsure, 0, Sight::NotFound, (Missing, 0, Then::Missing)),
            (Unsure, 0, Sight::Gone, (Missing, 0, Then::Missing)),
            (Unsure, 0, Sight::Unreachable, (Unsure, 1, Then::Nothing)),
            (Unsure, 0, Sight::Denied, (Unsure, 0, Then::Nothing)),
            (Missing, 0, Sight::Found, (Here, 0, Then::Back)),
            (Missing, 0, Sight::NotFound, (Missing, 0, Then::Nothing)),
            (Missing, 0, Sight::Gone, (Missing, 0, Then::Nothing)),
            (Missing, 0, Sight::Unreachable, (Missing, 1, Then::Nothing)),
            (Missing, u32::MAX, Sight::Unreachable, (Missing, u32::MAX, Then::Nothing)),
            (Missing, 0, Sight::Denied, (Missing, 0, Then::Nothing)),
        ] {
            assert_eq!(before.after(strikes, sight), after, "{before:?} {sight:?}");
        }
    }

    #[test]
    fn an_hour_without_an_answer_never_makes_a_repository_missing() {
        let mut now = (Presence::Here, 0, Then::Nothing);
        for _ in 0..60 {
            now = now.0.after(now.1, Sight::Unreachable);
            assert_eq!((now.0, now.2), (Presence::Here, Then::Nothing));
        }
        assert_eq!(now.1, 60);
    }
}
