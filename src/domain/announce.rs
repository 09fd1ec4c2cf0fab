//! What the channel of a project is told of pull requests, and the messages that tell it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    event::Venue,
    ids::{NoticeId, ProjectId, PullCardId},
    message::Message,
    project::words,
    time::Timestamp,
    tracker::{Numbered, Pull, RepositoryId},
};

words! {
    /// Something that a channel may be told of.
    Topic {
        /// Pull requests: one message each, edited as they change.
        Pulls = "pulls",
        /// Pull requests that name no task of the project, too.
        Every = "every",
        /// Reviews, and who was asked for one.
        Reviews = "reviews",
        /// Checks that failed.
        Checks = "checks",
        /// Merged and closed pull requests.
        Merges = "merges",
        /// What people write under them.
        Comments = "comments",
        /// Releases.
        Releases = "releases",
    }
}

impl Topic {
    /// Whether it is told where nobody said anything else.
    pub const fn is_usual(self) -> bool {
        !matches!(self, Self::Every)
    }

    /// What of it is told, and where.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Pulls => "one message for each pull request, edited as it changes",
            Self::Every => "also for pull requests that name no task",
            Self::Reviews => "reviews, as lines in its thread",
            Self::Checks => "checks that failed, in its thread",
            Self::Merges => "that it was merged or closed, in its thread",
            Self::Comments => "what people write under it, in its thread",
            Self::Releases => "releases, in the channel",
        }
    }
}

/// What the channel of a project is told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Announce {
    /// What somebody turned on or off.
    pub set: BTreeMap<Topic, bool>,
    /// Repositories of which nothing is told.
    pub muted: BTreeSet<RepositoryId>,
    /// Labels, in lower case: of pull requests that have one of them nothing is told.
    pub labels: BTreeSet<String>,
}

impl Announce {
    /// Whether the channel is told of this.
    pub fn tells(&self, topic: Topic) -> bool {
        self.set.get(&topic).copied().unwrap_or(topic.is_usual())
    }

    /// Whether nothing is told of a pull request.
    pub fn mutes(&self, pull: &Pull) -> bool {
        self.muted.contains(&pull.at.repository) || pull.labels.iter().any(|l| self.labels.contains(&l.to_lowercase()))
    }
}

/// The message that shows a pull request in a channel and is kept true afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullCard {
    /// The card's id.
    pub id: PullCardId,
    /// The pull request it shows.
    pub pull: Numbered,
    /// The project whose channel it stands in.
    pub project: ProjectId,
    /// That channel.
    pub venue: Venue,
    /// The surface's id of the message once it is posted.
    pub message: Option<String>,
    /// A fingerprint of what the message says now.
    pub shown: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
}

/// A line about something that happened, told once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The notice's id.
    pub id: NoticeId,
    /// What it tells of, such as `700#7 comment 12`.
    pub about: String,
    /// In which channel.
    pub venue: Venue,
    /// The message in whose thread it goes.
    pub card: Option<PullCardId>,
    /// What it says.
    pub message: Message,
    /// The surface's id of it once it is posted.
    pub posted: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_is_told_the_usual_until_somebody_says_otherwise() {
        let mut announce = Announce::default();
        assert!(announce.tells(Topic::Pulls) && announce.tells(Topic::Releases) && !announce.tells(Topic::Every));
        announce.set.extend([(Topic::Every, true), (Topic::Checks, false)]);
        assert!(announce.tells(Topic::Every) && !announce.tells(Topic::Checks) && announce.tells(Topic::Merges));
        let stored = serde_json::to_string(&announce).unwrap();
        assert_eq!(serde_json::from_str::<Announce>(&stored).unwrap(), announce);
        assert_eq!(serde_json::from_str::<Announce>("{}").unwrap(), Announce::default());
    }
}
