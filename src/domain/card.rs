//! Messages that Docket keeps on surfaces: cards, private answers, the console's conversation.

use serde::{Deserialize, Serialize};

use super::{
    event::Venue,
    ids::{AnswerId, CardId, ChangeId, DeliveryId, EntryId, MemberId, PatchId, PullCardId},
    member::Identity,
    message::Message,
    time::Timestamp,
};

/// The message that shows a patch on a surface and is kept true afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// The card's id.
    pub id: CardId,
    /// The patch it shows.
    pub patch: PatchId,
    /// Where it stands.
    pub venue: Venue,
    /// The message of a pull request in whose thread it is to stand.
    pub under: Option<PullCardId>,
    /// The surface's id of the message once it is posted: a Slack `ts`, a console entry.
    pub message: Option<String>,
    /// A fingerprint of what the message says now, so that an update that changes nothing is not sent.
    pub shown: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
}

/// A private answer on its way to one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The answer's id.
    pub id: AnswerId,
    /// The delivery it answers, whose reply address it may use.
    pub delivery: Option<DeliveryId>,
    /// For whom.
    pub to: Identity,
    /// Where they asked.
    pub venue: Venue,
    /// What it says.
    pub message: Message,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it reached its reader.
    pub sent_at: Option<Timestamp>,
}

/// A line of the console's conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The line's id.
    pub id: EntryId,
    /// Its place in the conversation: grows, with gaps. 0 until it is stored.
    pub seq: i64,
    /// When it was said.
    pub at: Timestamp,
    /// The member who alone sees it; `None` where the whole tenant does.
    pub reader: Option<MemberId>,
    /// What it is.
    pub content: EntryContent,
}

/// What a line of the console's conversation is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EntryContent {
    /// What somebody typed.
    Said {
        /// Their name.
        by: String,
        /// Their words.
        words: String,
    },
    /// What Docket answered.
    Answered {
        /// The answer.
        message: Message,
        /// The delivery it answers.
        #[serde(default)]
        to: Option<DeliveryId>,
    },
    /// The card of a change of the policy, always shown as it is now.
    Change {
        /// The change.
        change: ChangeId,
    },
    /// The message of a pull request, always shown as that is now.
    Pull {
        /// The message.
        card: PullCardId,
    },
    /// A card, always shown as the patch is now.
    Card {
        /// The card.
        card: CardId,
    },
}
