//! What people say to each other in channels where Docket is a member.
//!
//! Messages, their edits and their deletions arrive in any order. What is known of a message never depends on that:
//! what was taken back stays so, and of two wordings the later one holds.

use serde::{Deserialize, Serialize};

use super::{
    event::Venue,
    ids::{MemberId, ThreadId},
    secret::without_keys,
    time::Timestamp,
};

/// How many days messages are kept unless a tenant wants it otherwise.
pub const KEPT_DAYS: u32 = 14;

/// How many days messages can be kept at most.
pub const MOST_DAYS: u32 = 90;

/// How much of a message is kept, in characters.
pub const LONGEST: usize = 4_000;

/// A message of a channel, or what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// The surface's id of the message: Slack's `ts`.
    pub message: String,
    /// When it was said.
    pub at: Timestamp,
    /// Whether its channel is closed to those who were not invited; `None` where the surface does not say.
    pub is_private: Option<bool>,
    /// What happened to it.
    pub what: Saying,
}

impl Heard {
    /// Whether it may be taken in at all: nothing that holds a key is kept, and that something was taken back always
    /// counts.
    pub fn may_be_kept(&self) -> bool {
        match &self.what {
            Saying::Said(wording) => without_keys(&wording.text).is_none(),
            Saying::Deleted => true,
        }
    }
}

/// What happened to a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Saying {
    /// It was said, or says something else since.
    Said(Wording),
    /// It was taken back.
    Deleted,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wording {
    /// The text.
    pub text: String,
    /// Since when it says so, in microseconds since the Unix epoch: an edit is told apart from the next by less than
    /// a millisecond.
    pub since: i64,
}

/// Whether `news` changes what is `known` of a message, which is nothing, that it was taken back, or what it says.
pub fn is_news(known: Option<&Saying>, news: &Saying) -> bool {
    match (known, news) {
        (Some(Saying::Deleted), _) => false,
        (None, _) | (Some(Saying::Said(_)), Saying::Deleted) => true,
        (Some(Saying::Said(old)), Saying::Said(new)) => new.since > old.since,
    }
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
///
/// It goes with its last message; whoever remembers its id or number must be ready not to find it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatThread {
    /// Its id.
    pub id: ThreadId,
    /// The number that people call it by: 7 of `T-7`, counted per tenant.
    pub number: u32,
    /// Where; `thread` is the id of the first message, which may not be kept.
    pub venue: Venue,
    /// Whether it is in a private channel.
    pub is_private: bool,
    /// The messages, oldest first; at least one.
    pub messages: Vec<ChatMessage>,
    /// When something was said in it last.
    pub last_at: Timestamp,
}

/// A channel whose messages come to Docket, or did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeardChannel {
    /// Which.
    pub venue: Venue,
    /// Whether it is closed to those who were not invited; `None` until the surface has told.
    pub is_private: Option<bool>,
    /// Whether what is said there is kept.
    pub is_kept: bool,
    /// Who decided that last, where anybody did.
    pub set_by: Option<MemberId>,
}

impl HeardChannel {
    /// Whether a message of it may be kept: nobody turned that off, and it is known to be no direct conversation.
    pub const fn may_keep(&self) -> bool {
        self.is_kept && self.is_private.is_some()
    }
}

/// How much of a channel is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The channel.
    pub channel: HeardChannel,
    /// How many messages.
    pub messages: u32,
    /// When the oldest of them was said.
    pub since: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn said(since: i64) -> Saying {
        Saying::Said(Wording { text: format!("wording of {since}"), since })
    }

    fn any_news() -> impl Strategy<Value = Saying> {
        prop_oneof![4 => (0..20_i64).prop_map(said), 1 => Just(Saying::Deleted)]
    }

    /// What is known after all of it was heard.
    fn known(news: &[Saying]) -> Option<Saying> {
        news.iter().fold(None, |known, one| if is_news(known.as_ref(), one) { Some(one.clone()) } else { known })
    }

    proptest! {
        #[test]
        fn what_is_known_does_not_depend_on_the_order_in_which_it_was_heard(
            (news, shuffled) in prop::collection::vec(any_news(), 0..12)
                .prop_flat_map(|news| (Just(news.clone()), Just(news).prop_shuffle())),
        ) {
            let expected = if news.contains(&Saying::Deleted) {
                Some(Saying::Deleted)
            } else {
                news.iter().max_by_key(|one| match one { Saying::Said(wording) => wording.since, Saying::Deleted => 0 }).cloned()
            };
            prop_assert_eq!(known(&news), expected);
            prop_assert_eq!(known(&shuffled), known(&news));
        }
    }
}
