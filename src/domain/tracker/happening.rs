//! What happened at a tracker, in platform-neutral words.

use serde::{Deserialize, Serialize};

use super::{Account, Check, Commit, Issue, Numbered, Pull, RepositorySighting, Review};
use crate::domain::{project::words, provider::Provider, time::Timestamp};

/// What a tracker tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackerEvent {
    /// Which tracker.
    pub provider: Provider,
    /// The organisation there, as a [`Connection`](crate::domain::connection::Connection) names it: an installation's
    /// number. Empty where nothing was said of it.
    pub realm: String,
    /// The repository it is about, as it is now.
    pub repository: Option<RepositorySighting>,
    /// Who did it.
    pub by: Option<Account>,
    /// The app that acted for them, by its number; where that is Docket's, it is an echo.
    pub through: Option<u64>,
    /// What.
    pub happening: Happening,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Happening {
    /// Something about a pull request.
    Pull {
        /// How it is now.
        pull: Box<Pull>,
        /// What about it.
        moment: PullMoment,
    },
    /// A pull request was reviewed, or a review was changed.
    Review {
        /// How the pull request is now.
        pull: Box<Pull>,
        /// The review.
        review: Review,
        /// What it says in words; may be empty.
        text: String,
    },
    /// Somebody wrote something under a pull request or an issue, or took it back.
    Remark {
        /// What they wrote; its text is empty where it was taken back.
        remark: Remark,
    },
    /// Something about an issue.
    Issue {
        /// How it is now.
        issue: Box<Issue>,
        /// What about it.
        moment: IssueMoment,
    },
    /// An issue became a part of another one, or is none any more.
    Part {
        /// The whole.
        parent: Box<Issue>,
        /// The part.
        child: Box<Issue>,
        /// Whether it is a part now.
        is_part: bool,
    },
    /// Something about a check.
    Check {
        /// The check.
        check: Check,
        /// The pull requests that its commit is known to end, by number.
        pulls: Vec<u64>,
    },
    /// Commits were pushed.
    Push {
        /// The branch.
        branch: String,
        /// The new ones, oldest first.
        commits: Vec<Commit>,
    },
    /// A release was published.
    Release {
        /// Its tag.
        tag: String,
        /// Its name; may be empty.
        name: String,
        /// Its page.
        url: String,
    },
    /// Something about the repository itself.
    Repository(RepositoryMoment),
    /// What Docket may see has changed.
    Access(Access),
    /// Somebody took back what they let Docket do for them.
    Forgotten(Account),
    /// A greeting.
    Ping,
}

words! {
    /// What happened to a pull request.
    PullMoment {
        /// It was opened.
        Opened = "opened",
        /// It was merged or closed.
        Ended = "ended",
        /// It was opened again.
        Reopened = "reopened",
        /// It became ready for review.
        Ready = "ready",
        /// It became a draft again.
        Drafted = "drafted",
        /// Somebody was asked for a review, or no longer is.
        Asked = "asked",
        /// It has new commits.
        Pushed = "pushed",
        /// Anything else: its words, its labels.
        Edited = "edited",
    }
}

words! {
    /// What happened to an issue.
    IssueMoment {
        /// It was opened.
        Opened = "opened",
        /// It was closed.
        Closed = "closed",
        /// It was opened again.
        Reopened = "reopened",
        /// It was deleted, or moved to another repository.
        Gone = "gone",
        /// Anything else: its words, its labels, who does it.
        Edited = "edited",
    }
}

words! {
    /// What happened to a repository.
    RepositoryMoment {
        /// It was made.
        Created = "created",
        /// It was deleted.
        Deleted = "deleted",
        /// It was renamed, or moved to another owner.
        Moved = "moved",
        /// Anything else: put away, made private, described.
        Edited = "edited",
    }
}

/// How Docket's access has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// The app was installed.
    Installed(Vec<RepositorySighting>),
    /// It was taken out.
    Removed,
    /// It was suspended.
    Suspended,
    /// It may work again.
    Unsuspended,
    /// Its permissions were changed.
    Permitted,
    /// The organisation is called differently now.
    Renamed {
        /// How.
        login: String,
    },
    /// It sees other repositories.
    Repositories {
        /// Those that it sees now.
        added: Vec<RepositorySighting>,
        /// Those that it no longer sees.
        removed: Vec<RepositorySighting>,
    },
}

/// Something that somebody wrote under a pull request or an issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    /// Under what.
    pub under: Numbered,
    /// The tracker's own id of it, with its kind in front: `comment 12`, `review 9`, `line 4`.
    pub id: String,
    /// Who wrote it.
    pub by: Account,
    /// Its page.
    pub url: String,
    /// What it says, cut at [`Remark::MAX_TEXT`] characters; empty where it was taken back.
    pub text: String,
    /// When it was written.
    pub at: Timestamp,
}

impl Remark {
    /// How many characters of it are kept.
    pub const MAX_TEXT: usize = 1_000;
}
