//! What people say to each other in channels where Docket is a member.

use serde::{Deserialize, Serialize};

use super::{
    event::Venue,
    ids::{MemberId, ThreadId},
    time::Timestamp,
};

/// A message of a channel, or what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// The surface's id of the message, which grows with time in its channel: Slack's `ts`.
    pub message: String,
    /// Whether the channel is open to everybody in the organisation; `None` where the surface does not say.
    pub is_private: Option<bool>,
    /// What happened to it.
    pub what: Saying,
}

/// What happened to a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Saying {
    /// It was said, or says something else since: this text.
    Said(String),
    /// It was taken back.
    Deleted,
}

/// A message that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatMessage {
    /// Where it was said: with the thread that it belongs to, which is its own id where it began one.
    pub venue: Venue,
    /// The surface's id of it.
    pub message: String,
    /// Who said it.
    pub by: MemberId,
    /// What.
    pub text: String,
    /// When.
    pub at: Timestamp,
    /// When it was changed last.
    pub edited_at: Option<Timestamp>,
}

/// Messages that belong together: one that somebody began with, and the answers to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatThread {
    /// Its id.
    pub id: ThreadId,
    /// The number that people call it by: 7 of `T-7`, counted per tenant.
    pub number: u32,
    /// Where; `thread` is the id of the first message.
    pub venue: Venue,
    /// Whether it is in a private channel.
    pub is_private: bool,
    /// The messages, oldest first.
    pub messages: Vec<ChatMessage>,
    /// When something was said in it last.
    pub last_at: Timestamp,
}
