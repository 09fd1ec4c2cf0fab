//! What a delivery means, in platform-neutral words.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{
    heard::Heard,
    ids::{DeliveryId, PatchId},
    member::{Identity, Surface},
    model::AccountForm,
    project::words,
    tracker::TrackerEvent,
};

/// A place where people talk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Venue {
    /// The platform.
    pub surface: Surface,
    /// The organisation there, such as a Slack team id; `local` for the console.
    pub team: String,
    /// The channel or direct conversation; `console` for the console.
    pub channel: String,
    /// The parent message of the thread, where it is one.
    pub thread: Option<String>,
}

/// The channel that stands for the JSON API.
const API: &str = "api";

impl Venue {
    /// The JSON API, where nobody reads along: it shares the surface of the console.
    pub fn api() -> Self {
        Self { surface: Surface::Console, team: "local".to_owned(), channel: API.to_owned(), thread: None }
    }

    /// Whether the other one is in the same channel, in whichever thread.
    pub fn is_channel_of(&self, other: &Self) -> bool {
        self.surface == other.surface && self.team == other.team && self.channel == other.channel
    }

    /// The address of the channel, for whoever may read it; `None` where it has none.
    pub fn address(&self) -> Option<String> {
        match self.surface {
            Surface::Slack => Some(format!("https://app.slack.com/client/{}/{}", self.team, self.channel)),
            Surface::Console => None,
        }
    }

    /// The address of a message of this channel, for whoever may read it; `None` where it has none.
    pub fn address_of(&self, message: &str) -> Option<String> {
        let in_thread = self.thread.as_deref().filter(|root| *root != message);
        let more = in_thread.map_or_else(String::new, |root| format!("?thread_ts={root}&cid={}", self.channel));
        match self.surface {
            Surface::Slack => {
                Some(format!("https://slack.com/archives/{}/p{}{more}", self.channel, message.replace('.', "")))
            }
            Surface::Console => None,
        }
    }

    /// Whether it is the JSON API.
    pub fn is_api(&self) -> bool {
        self.surface == Surface::Console && self.channel == API
    }

    /// Where that is, for people: after "asked".
    pub fn words(&self) -> &'static str {
        match self.surface {
            _ if self.is_api() => "through the API",
            Surface::Slack => "in Slack",
            Surface::Console => "in the console",
        }
    }
}

words! {
    /// What can be done to a patch from its card. The word is the button's action id after `patch.`.
    Action {
        /// Approve it, wholly or the ticked part.
        Approve = "approve",
        /// Turn it down.
        Reject = "reject",
        /// Say what should be different.
        RequestChanges = "request_changes",
        /// Show the whole of it in private.
        Details = "details",
        /// Take back an applied patch.
        Undo = "undo",
        /// Bring a stale patch up to date.
        Rebase = "rebase",
        /// Propose a lapsed patch again.
        Renew = "renew",
        /// Say that it must not apply by itself.
        Object = "object",
        /// Take one's own objection back.
        Withdraw = "withdraw",
    }
}

/// What a person did to a patch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Click {
    /// What was pressed.
    pub action: Action,
    /// The patch on the button. Untrusted until looked up in the sender's tenant.
    pub patch: PatchId,
    /// The revision of the patch that the person saw.
    pub revision: u32,
    /// The ticked steps; `None` where the card offers no choice.
    pub steps: Option<BTreeSet<usize>>,
    /// What they wrote: the reason of a rejection or an objection, the wish of *Request changes*.
    pub words: Option<String>,
}

/// Everything that can trigger Docket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A typed command without the `/docket` in front.
    Command(String),
    /// Words addressed to Docket: a mention, a direct message, a line in the console without a slash.
    Words(String),
    /// Words in the thread of a card that nobody addressed to us: a wish about its proposal, or people talking
    /// to each other, which is answered with silence.
    Reply(String),
    /// A button or a filled-in form on a card.
    Click(Click),
    /// The choice among several meanings that Docket offered for somebody's words.
    Chosen {
        /// The words that could mean several things.
        words: String,
        /// The command that was chosen, without `/docket`.
        line: String,
    },
    /// Stop the draft that is being made for a delivery.
    Stop {
        /// The delivery. Untrusted until looked up in the sender's tenant.
        delivery: DeliveryId,
    },
    /// A filled-in form for an account with a provider of models.
    Account(AccountForm),
    /// Docket was removed from the organisation, or its token was revoked.
    Removed {
        /// The organisation, as the platform names it.
        team: String,
        /// What happened there, in the platform's word: `app_uninstalled` or `tokens_revoked`.
        what: String,
    },
    /// Something happened at a tracker.
    Tracker(Box<TrackerEvent>),
    /// Something that asks nothing of us: a tick in a box, a message of our own, an unknown kind.
    Nothing,
}

/// An event with who and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incoming {
    /// Who did it; `None` where no person did.
    pub sender: Option<Identity>,
    /// Where.
    pub venue: Option<Venue>,
    /// What.
    pub event: Event,
    /// The message of a channel that it tells of, whether or not that asks something of Docket.
    pub heard: Option<Heard>,
    /// Whether it is known to come from a private channel, where nothing heard of it tells.
    pub is_private: bool,
}
