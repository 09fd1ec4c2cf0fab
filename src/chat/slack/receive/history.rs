//! Pages of what stands in a channel or in a thread of it (docs.slack.dev, conversations.history and
//! conversations.replies).

use serde::Deserialize;
use serde_json::Value;

use super::heard::{Changed, instant};
use crate::domain::{heard::Heard, time::Timestamp};

/// A page, and what it says of itself.
#[derive(Debug, PartialEq, Eq)]
pub struct Page {
    /// Its messages.
    pub messages: Vec<Standing>,
    /// Where the next page begins; `None` behind the last one.
    pub next: Option<String>,
}

/// A message as it stands there now.
#[derive(Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its id.
    pub ts: String,
    /// When it was said.
    pub at: Timestamp,
    /// The thread that it answers in, by its first message, and when that was said.
    pub thread: Option<(String, Timestamp)>,
    /// When the last answer to it was given, where there is one.
    pub answered_at: Option<Timestamp>,
    /// What is heard of it, and by whom; `None` of what an event would not have told either. Of which kind the channel is
    /// no page says.
    pub heard: Option<(Option<String>, Heard)>,
}

#[derive(Deserialize)]
pub(in crate::chat::slack) struct Body {
    messages: Vec<Value>,
    response_metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct Metadata {
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(flatten)]
    itself: Changed,
    latest_reply: Option<String>,
}

impl Body {
    /// The page, without what `us`, our own user there, has said. What is of no known shape is left out.
    pub(in crate::chat::slack) fn page(self, us: &str) -> Page {
        let next = self.response_metadata.and_then(|metadata| metadata.next_cursor);
        let messages = self.messages.into_iter().filter_map(|message| serde_json::from_value(message).ok());
        Page {
            messages: messages.filter_map(|message: Message| message.standing(us)).collect(),
            next: next.filter(|cursor| !cursor.is_empty()),
        }
    }
}

impl Message {
    fn standing(self, us: &str) -> Option<Standing> {
        let ts = self.itself.ts()?.to_owned();
        // What a message has become is told as a change of it is. That takes a kind of channel, which is not known here.
        let heard = self.itself.changed(Some("group")).filter(|(user, ..)| user.as_deref() != Some(us));
        Some(Standing {
            at: instant(&ts)?,
            thread: self.itself.thread(&ts).and_then(|root| instant(&root).map(|at| (root, at))),
            answered_at: self.latest_reply.as_deref().and_then(instant),
            heard: heard.map(|(user, _, heard)| (user, Heard { is_private: None, ..heard })),
            ts,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::heard::{Saying, Wording};

    #[test]
    fn a_page_holds_what_events_would_have_told() {
        let body = json!({ "ok": true, "has_more": true, "response_metadata": { "next_cursor": "bmV4dA==" }, "messages": [
            { "type": "message", "user": "U1", "text": "who &amp; when?", "ts": "1795168800.000200",
              "thread_ts": "1795168800.000200", "reply_count": 2, "latest_reply": "1795168900.000100" },
            { "type": "message", "user": "U2", "text": "now", "ts": "1795168801.5", "thread_ts": "1795168700.1",
              "subtype": "thread_broadcast", "edited": { "user": "U2", "ts": "1795168802.000001" } },
            { "type": "message", "subtype": "tombstone", "user": "USLACKBOT", "text": "This message was deleted.",
              "ts": "1795168803.1", "thread_ts": "1795168803.1" },
            { "type": "message", "user": "U1", "bot_id": "B7", "text": "build failed", "ts": "1795168804.1" },
            { "type": "message", "user": "UDOCKET", "text": "P-1", "ts": "1795168805.1" },
            { "type": "message", "subtype": "channel_join", "user": "U1", "text": "joined", "ts": "1795168806.1" },
            { "type": "message", "user": "U1", "text": "", "files": [{}], "subtype": "file_share", "ts": "1795168807.1" },
            { "type": "message", "user": { "odd": true }, "text": "x", "ts": "1795168808.1" },
            { "type": "message", "user": "U1", "text": "x" },
        ]});
        let page = serde_json::from_value::<Body>(body).unwrap().page("UDOCKET");
        assert_eq!(page.next.as_deref(), Some("bmV4dA=="));
        let heard: Vec<_> = page
            .messages
            .iter()
            .filter_map(|message| message.heard.as_ref())
            .map(|(user, heard)| (user.as_deref(), heard.what.clone()))
            .collect();
        let said = |text: &str, since| Saying::Said(Wording { text: text.to_owned(), since });
        let expected = [
            (Some("U1"), said("who & when?", 1_795_168_800_000_200)),
            (Some("U2"), said("now", 1_795_168_802_000_001)),
            (None, Saying::Deleted),
        ];
        assert_eq!(heard, expected);
        assert_eq!(page.messages[0].answered_at, Some(Timestamp::from_millis(1_795_168_900_000)));
        let root = ("1795168700.1".to_owned(), Timestamp::from_millis(1_795_168_700_100));
        assert_eq!((&page.messages[0].thread, &page.messages[1].thread), (&None, &Some(root)));
        let last: Body =
            serde_json::from_value(json!({ "messages": [], "response_metadata": { "next_cursor": "" } })).unwrap();
        assert_eq!(last.page("UDOCKET"), Page { messages: vec![], next: None });
    }
}
