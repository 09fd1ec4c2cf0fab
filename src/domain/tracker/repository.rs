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
