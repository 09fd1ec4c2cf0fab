//! Conversations, each with its messages.

use std::collections::BTreeMap;

use sqlx::FromRow;

use super::super::{
    Result, Tx,
    codec::{limit, parse, small, to_json, word},
    dialect::MESSAGES,
};
use crate::domain::{
    event::Venue,
    heard::{ChatMessage, ChatThread},
    ids::ThreadId,
    time::Timestamp,
};

/// A query of threads as [`ThreadRow`]s, tenant first.
macro_rules! select_threads {
    ($($rest:tt)*) => {
        concat!(
            "SELECT t.id, t.number, t.surface, t.team, t.channel, t.root, t.last_at, c.is_private FROM threads t \
             JOIN heard_channels c ON c.tenant_id = t.tenant_id AND c.surface = t.surface AND c.team = t.team \
             AND c.channel = t.channel WHERE t.tenant_id = $1 ",
            $($rest)*
        )
    };
}

/// The condition that a thread is no answer to a card: what is said under one is about its proposal.
macro_rules! under_no_card {
    () => {
        "AND NOT EXISTS (SELECT 1 FROM cards k WHERE k.tenant_id = t.tenant_id AND k.surface = t.surface \
         AND k.team = t.team AND k.channel = t.channel AND k.message = t.root) "
    };
}

/// The threads in which something was said since `$2`, the oldest `$3` of them.
pub(in super::super) const SINCE: &str =
    select_threads!("AND t.last_at >= $2 ", under_no_card!(), "ORDER BY t.last_at, t.number LIMIT $3");

/// Those of the channel `$3`, `$4`, `$5`, the newest `$6` of them.
pub(in super::super) const OF_CHANNEL: &str = select_threads!(
    "AND t.last_at >= $2 AND t.surface = $3 AND t.team = $4 AND t.channel = $5 ",
    under_no_card!(),
    "ORDER BY t.last_at DESC, t.number DESC LIMIT $6"
);

/// Those of channels that everybody may see, the newest `$3` of them.
pub(in super::super) const IN_THE_OPEN: &str = select_threads!(
    "AND t.last_at >= $2 AND c.is_private = FALSE ",
    under_no_card!(),
    "ORDER BY t.last_at DESC, t.number DESC LIMIT $3"
);

#[derive(FromRow)]
struct ThreadRow {
    id: String,
    number: i64,
    surface: String,
    team: String,
    channel: String,
    root: String,
    last_at: i64,
    is_private: Option<bool>,
}

#[derive(FromRow)]
struct MessageRow {
    thread_id: String,
    message: String,
    member_id: String,
    text: String,
    since: i64,
    at: i64,
}

impl Tx {
    /// The conversations in which something was said since `at`, each with all of its messages, but those under cards; by
    /// when something was said last, and up to `rows` of them.
    pub async fn threads_since(&mut self, at: Timestamp, rows: usize) -> Result<Vec<ChatThread>> {
        let threads = all!(self.session, ThreadRow, SINCE, &self.key, at.as_millis(), limit(rows));
        self.with_messages(threads).await
    }

    /// Those of the channel of `venue`: the newest `rows` of them, the newest first.
    pub async fn newest_threads_of(&mut self, venue: &Venue, at: Timestamp, rows: usize) -> Result<Vec<ChatThread>> {
        let threads = all!(
            self.session,
            ThreadRow,
            OF_CHANNEL,
            &self.key,
            at.as_millis(),
            venue.surface.as_str(),
            &venue.team,
            &venue.channel,
            limit(rows)
        );
        self.with_messages(threads).await
    }

    /// Those of channels that everybody may see: the newest `rows` of them, the newest first.
    pub async fn newest_open_threads(&mut self, at: Timestamp, rows: usize) -> Result<Vec<ChatThread>> {
        let threads = all!(self.session, ThreadRow, IN_THE_OPEN, &self.key, at.as_millis(), limit(rows));
        self.with_messages(threads).await
    }

    /// Gives each thread its messages.
    async fn with_messages(&mut self, threads: Vec<ThreadRow>) -> Result<Vec<ChatThread>> {
        let ids: Vec<&str> = threads.iter().map(|row| row.id.as_str()).collect();
        let ids = to_json("threads", &ids)?;
        let sql = MESSAGES.text(self.session.engine());
        let mut messages = all!(self.session, MessageRow, sql, &self.key, &ids);
        messages.sort_by(|a, b| (a.at, &a.message).cmp(&(b.at, &b.message)));
        let mut by_thread: BTreeMap<String, Vec<MessageRow>> = BTreeMap::new();
        for row in messages {
            by_thread.entry(row.thread_id.clone()).or_default().push(row);
        }
        threads
            .into_iter()
            .map(|row| {
                let messages = by_thread.remove(&row.id).unwrap_or_default();
                thread(row, messages)
            })
            .collect()
    }

    /// The conversation of this number.
    pub async fn thread(&mut self, number: u32) -> Result<Option<ChatThread>> {
        let row = first!(
            self.session,
            (String,),
            "SELECT id FROM threads WHERE tenant_id = $1 AND number = $2",
            &self.key,
            i64::from(number)
        );
        match row {
            Some((id,)) => self.thread_by_id(parse("thread", &id)?).await,
            None => Ok(None),
        }
    }

    /// The conversation of this id.
    pub async fn thread_by_id(&mut self, id: ThreadId) -> Result<Option<ChatThread>> {
        let thread = all!(self.session, ThreadRow, select_threads!("AND t.id = $2"), &self.key, id.to_string());
        Ok(self.with_messages(thread).await?.pop())
    }
}

fn thread(row: ThreadRow, messages: Vec<MessageRow>) -> Result<ChatThread> {
    let ThreadRow { id, number, surface, team, channel, root, last_at, is_private } = row;
    let venue = Venue { surface: word("surface", &surface)?, team, channel, thread: Some(root) };
    let messages = messages.into_iter().map(|row| message(&venue, row)).collect::<Result<_>>()?;
    Ok(ChatThread {
        id: parse("thread", &id)?,
        number: small("thread number", number)?,
        // Of a channel of which that is not known nothing is kept; should it be, it is nobody else's business.
        is_private: is_private.unwrap_or(true),
        messages,
        last_at: Timestamp::from_millis(last_at),
        venue,
    })
}

fn message(venue: &Venue, row: MessageRow) -> Result<ChatMessage> {
    let changed = row.since.div_euclid(1000);
    Ok(ChatMessage {
        venue: venue.clone(),
        message: row.message,
        by: parse("member", &row.member_id)?,
        text: row.text,
        at: Timestamp::from_millis(row.at),
        edited_at: (changed != row.at).then(|| Timestamp::from_millis(changed)),
    })
}
