//! Messages of channels: what is said there, changed and taken back (docs.slack.dev, events/message).
//!
//! Direct conversations are none: nothing of them is heard here.

use serde::Deserialize;

use crate::{
    domain::{
        heard::{Heard, LONGEST, Saying, Wording},
        time::Timestamp,
    },
    intent::text::from_slack,
};

/// A message as an event about it carries it, or a page of a channel.
#[derive(Deserialize)]
pub(super) struct Changed {
    user: Option<String>,
    bot_id: Option<String>,
    subtype: Option<String>,
    text: Option<String>,
    ts: Option<String>,
    thread_ts: Option<String>,
    edited: Option<Edited>,
}

#[derive(Deserialize)]
struct Edited {
    ts: String,
}

/// Who said a message, the thread that it is in, and what is heard of it.
pub(super) type About = (Option<String>, Option<String>, Heard);

/// Whether a message of this subtype is what a person says: all others tell of something else, or are of bots.
pub(super) fn is_plain(subtype: Option<&str>) -> bool {
    subtype.is_none_or(|subtype| matches!(subtype, "thread_broadcast" | "file_share"))
}

/// What is heard of a new message. A mention does not say what kind of channel it was made in.
pub(super) fn said(kind: Option<&str>, ts: &str, text: &str) -> Option<Heard> {
    let text = wording(text);
    (!text.is_empty()).then(|| heard(kind, ts, |since| Saying::Said(Wording { text, since })))?
}

impl Changed {
    /// What is heard of a message that says something else now. One with answers is not deleted but leaves a stone.
    pub(super) fn changed(&self, kind: Option<&str>) -> Option<About> {
        let ts = self.ts.as_deref()?;
        if self.subtype.as_deref() == Some("tombstone") {
            return Some((None, self.thread(ts), of_channel(kind, ts, |_| Saying::Deleted)?));
        }
        if self.bot_id.is_some() || !is_plain(self.subtype.as_deref()) {
            return None;
        }
        let since = match &self.edited {
            Some(edited) => Some(micros(&edited.ts)?),
            // Slack has only added to it what a link leads to.
            None => None,
        };
        let text = wording(self.text.as_deref()?);
        // Such as a file, to which nothing was written.
        if text.is_empty() && since.is_none() {
            return None;
        }
        let says = |said| Saying::Said(Wording { text, since: since.unwrap_or(said) });
        Some((Some(self.user.clone()?), self.thread(ts), of_channel(kind, ts, says)?))
    }

    /// Its id.
    pub(super) fn ts(&self) -> Option<&str> {
        self.ts.as_deref()
    }

    /// The thread that it answers in.
    pub(super) fn thread(&self, ts: &str) -> Option<String> {
        self.thread_ts.clone().filter(|thread| thread != ts)
    }
}

/// What is heard of a message that was taken back.
pub(super) fn deleted(kind: Option<&str>, ts: &str, before: Option<&Changed>) -> Option<About> {
    if before.is_some_and(|before| before.bot_id.is_some()) {
        return None;
    }
    let thread = before.and_then(|before| before.thread(ts));
    Some((None, thread, of_channel(kind, ts, |_| Saying::Deleted)?))
}

/// What is heard where it is certain to be a channel.
fn of_channel(kind: Option<&str>, ts: &str, what: impl FnOnce(i64) -> Saying) -> Option<Heard> {
    heard(Some(kind?), ts, what)
}

/// What is heard in a place of this kind; nothing in one that is no channel.
fn heard(kind: Option<&str>, ts: &str, what: impl FnOnce(i64) -> Saying) -> Option<Heard> {
    let is_private = match kind {
        None => None,
        Some("channel") => Some(false),
        Some("group") => Some(true),
        Some(_) => return None,
    };
    Some(Heard { message: ts.to_owned(), at: instant(ts)?, is_private, what: what(micros(ts)?) })
}

/// The instant that a `ts` stands for.
pub(super) fn instant(ts: &str) -> Option<Timestamp> {
    Some(Timestamp::from_millis(micros(ts)?.div_euclid(1_000)))
}

/// The text without Slack's escapes, cut to what is kept.
fn wording(text: &str) -> String {
    from_slack(text.trim()).chars().take(LONGEST).collect()
}

/// The same in microseconds: `1795168800.000200`.
fn micros(ts: &str) -> Option<i64> {
    let (seconds, fraction) = ts.split_once('.').unwrap_or((ts, ""));
    let is_number = |digits: &str| digits.bytes().all(|b| b.is_ascii_digit());
    if seconds.is_empty() || fraction.len() > 6 || !is_number(seconds) || !is_number(fraction) {
        return None;
    }
    let micros: i64 = format!("{fraction:0<6}").parse().ok()?;
    seconds.parse::<i64>().ok()?.checked_mul(1_000_000)?.checked_add(micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_slack_is_an_instant_to_the_microsecond() {
        for (ts, expected) in [
            ("1795168800.000200", Some(1_795_168_800_000_200)),
            ("1795168800.5", Some(1_795_168_800_500_000)),
            ("1795168800", Some(1_795_168_800_000_000)),
            ("", None),
            (".5", None),
            ("12a.5", None),
            ("1.0000001", None),
            ("-1.5", None),
            ("99999999999999999999.0", None),
        ] {
            assert_eq!(micros(ts), expected, "{ts:?}");
        }
    }
}
