//! What was made of conversations: which tasks they are about, and what was proposed because of them.

use serde::{Deserialize, Serialize};

use super::{
    event::Venue,
    ids::{MatchId, MemberId, PatchId, ProjectId, ThreadId},
    project::words,
    task::{TaskCode, TaskNumber},
    time::Timestamp,
};

words! {
    /// What a conversation is about.
    Verdict {
        /// About tasks.
        Linked = "linked",
        /// Perhaps about a task: somebody is asked.
        Asked = "asked",
        /// Work that no task is about.
        Untracked = "untracked",
        /// No work, as somebody said.
        Dismissed = "dismissed",
        /// Nothing that a plan has to know of: kept so that it is not read again, and shown nowhere.
        Nothing = "nothing",
    }
}

words! {
    /// What a conversation says of a task.
    Finding {
        /// It is done.
        Done = "done",
        /// Work on it has begun.
        Started = "started",
        /// Whoever says it does it.
        Taken = "taken",
        /// Something is in its way.
        Blocked = "blocked",
        /// It will not be done.
        Cancelled = "cancelled",
        /// It was discussed.
        Noted = "noted",
        /// It is not planned yet.
        New = "new",
    }
}

impl Finding {
    /// `is done`, after the name of a task or a conversation.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Done => "is done",
            Self::Started => "was begun",
            Self::Taken => "was taken",
            Self::Blocked => "is blocked",
            Self::Cancelled => "will not be done",
            Self::Noted => "was discussed",
            Self::New => "is a new task",
        }
    }
}

/// A task that a conversation may be about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Likely {
    /// Its project.
    pub project: ProjectId,
    /// What people called it then.
    pub code: String,
    /// How much it has in common with the conversation, in hundredths.
    pub score: u32,
}

impl Likely {
    /// The task that is called so.
    pub fn task(&self) -> Option<TaskNumber> {
        self.code.parse().ok().map(|code: TaskCode| code.number)
    }
}

/// What was made of a conversation at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// Its id.
    pub id: MatchId,
    /// The conversation, which may be gone.
    pub thread: ThreadId,
    /// The number that people call it by.
    pub number: u32,
    /// Where it is.
    pub venue: Venue,
    /// Whether it is in a private channel.
    pub is_private: bool,
    /// When the last thing was said in it that counted.
    pub read_until: Timestamp,
    /// What it is about.
    pub verdict: Verdict,
    /// The tasks that it may be about, the likeliest first.
    pub tasks: Vec<Likely>,
    /// What was found for a task.
    pub finding: Option<Finding>,
    /// The project of that task.
    pub project: Option<ProjectId>,
    /// That task; `None` for one that is not there yet.
    pub task: Option<TaskNumber>,
    /// The surface's id of the message that says so.
    pub message: Option<String>,
    /// What was proposed.
    pub patch: Option<PatchId>,
    /// Who decided it; `None` for the rules.
    pub by: Option<MemberId>,
    /// When.
    pub at: Timestamp,
}

impl Match {
    /// Whether whoever reads at `venue` may know of it: what is private stays in its channel.
    pub fn may_be_shown_at(&self, venue: Option<&Venue>) -> bool {
        !self.is_private || venue.is_some_and(|venue| self.venue.is_channel_of(venue))
    }
}
