//! What was said in a channel before: read once, page by page, because somebody asked for it.
//!
//! Pages of the channel are read from the newest to the oldest. The threads on a page are read before the next one, so that
//! never more of them wait than stand on a page.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{event::Venue, ids::BackfillId, member::Identity, time::Timestamp};

/// How far back it reads.
pub const SPAN: Duration = Duration::from_hours(24);

/// How much earlier a thread may have begun in which something was said since: its first message is looked at, and not
/// kept.
pub const BEGAN: Duration = Duration::from_hours(3 * 24);

/// A channel of which the last hours are being read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backfill {
    /// Its id.
    pub id: BackfillId,
    /// Which channel.
    pub venue: Venue,
    /// Who asked for it, and is told.
    pub to: Identity,
    /// What was said from this instant on is kept.
    pub since: Timestamp,
    /// When it was asked for: what comes later is heard anyway.
    pub until: Timestamp,
    /// How many pages were read.
    pub pages: u32,
    /// How far it has come.
    pub progress: Progress,
}

/// How far a reading has come, and what it found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Where the next page of the channel begins, in the surface's words; `None` for the newest one.
    pub cursor: Option<String>,
    /// Whether every page of the channel was read.
    pub is_through: bool,
    /// The threads of the last page that have not been read to their end.
    pub threads: Vec<Unread>,
    /// Messages of people that were found.
    pub messages: u32,
    /// Those among them that were not known, and are kept now.
    pub fresh: u32,
    /// Conversations that they belong to.
    pub conversations: u32,
}

/// A thread that is to be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unread {
    /// The surface's id of the message that it began with.
    pub root: String,
    /// Where its next page begins; `None` for the first one.
    pub cursor: Option<String>,
    /// Whether it is among the conversations that were found.
    pub is_counted: bool,
}

/// What is to be read next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// A page of the channel, which begins there.
    Channel(Option<&'a str>),
    /// A page of this thread.
    Thread(&'a Unread),
    /// Nothing: it is done.
    Done,
}

impl Progress {
    /// What is to be read next.
    pub fn step(&self) -> Step<'_> {
        match self.threads.first() {
            Some(thread) => Step::Thread(thread),
            None if self.is_through => Step::Done,
            None => Step::Channel(self.cursor.as_deref()),
        }
    }

    /// Whether what is read next begins where an earlier page said.
    pub fn has_cursor(&self) -> bool {
        match self.step() {
            Step::Channel(cursor) => cursor.is_some(),
            Step::Thread(thread) => thread.cursor.is_some(),
            Step::Done => false,
        }
    }

    /// A page of the channel was read, behind which `next` begins.
    pub fn turn_channel(&mut self, next: Option<String>) {
        self.is_through = next.is_none();
        self.cursor = next;
    }

    /// A page of the first thread was read, behind which `next` begins.
    pub fn turn_thread(&mut self, next: Option<String>) {
        match (next, self.threads.first_mut()) {
            (Some(next), Some(thread)) => thread.cursor = Some(next),
            (Some(_), None) => {}
            (None, _) => drop(self.threads.drain(..1.min(self.threads.len()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_read_to_their_end_before_the_next_page() {
        let thread = |root: &str| Unread { root: root.to_owned(), cursor: None, is_counted: false };
        let mut progress = Progress::default();
        assert_eq!(progress.step(), Step::Channel(None));
        progress.threads = vec![thread("1"), thread("2")];
        progress.turn_channel(Some("older".to_owned()));
        progress.turn_thread(Some("more".to_owned()));
        assert_eq!(progress.step(), Step::Thread(&Unread { cursor: Some("more".to_owned()), ..thread("1") }));
        progress.turn_thread(None);
        assert_eq!(progress.step(), Step::Thread(&thread("2")));
        progress.turn_thread(None);
        assert_eq!(progress.step(), Step::Channel(Some("older")));
        progress.turn_channel(None);
        progress.turn_thread(None);
        assert_eq!(progress.step(), Step::Done);
    }
}
