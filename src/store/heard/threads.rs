//! Conversations, each with its messages.

use std::collections::BTreeMap;

use sqlx::FromRow;

use super::super::{
    Result, Tx,
    codec::{limit, parse, small, word},
};
use crate::domain::{
    event::Venue,
    heard::{ChatMessage, ChatThread},
    ids::ThreadId,
    time::Timestamp,
};

/// The threads of tenant `$1` in which something was said since `$2`, up to `$3` of them.
pub(in super::super) const SINCE: &str = "SELECT t.id, t.number, t.surface, t.team, t.channel, t.root, t.last_at, \
     c.is_private FROM threads t JOIN heard_channels c ON c.tenant_id = t.tenant_id AND c.surface = t.surface \
     AND c.team = t.team AND c.channel = t.channel WHERE t.tenant_id = $1 AND t.last_at >= $2 \
     ORDER BY t.last_at, t.number LIMIT $3";

/// The messages of those threads.
pub(in super::super) const MESSAGES_SINCE: &str = "SELECT m.thread_id, m.message, m.member_id, m.text, m.since, m.at \
     FROM (SELECT id FROM threads WHERE tenant_id = $1 AND last_at >= $2 ORDER BY last_at, number LIMIT $3) t \
     CROSS JOIN messages m WHERE m.tenant_id = $1 AND m.thread_id = t.id ORDER BY m.at, m.message";

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
    /// The conversations in which something was said since `at`, each with all of its messages; by when something was
    /// said last, and up to `rows` of them.
    pub async fn threads_since(&mut self, at: Timestamp, rows: usize) -> Result<Vec<ChatThread>> {
        let (since, rows) = (at.as_millis(), limit(rows));
        let threads = all!(self.session, ThreadRow, SINCE, &self.key, since, rows);
        let messages = all!(self.session, MessageRow, MESSAGES_SINCE, &self.key, since, rows);
        joined(threads, messages)
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
        let thread = all!(
            self.session,
            ThreadRow,
            "SELECT t.id, t.number, t.surface, t.team, t.channel, t.root, t.last_at, c.is_private FROM threads t \
             JOIN heard_channels c ON c.tenant_id = t.tenant_id AND c.surface = t.surface AND c.team = t.team \
             AND c.channel = t.channel WHERE t.tenant_id = $1 AND t.id = $2",
            &self.key,
            id.to_string()
        );
        let messages = all!(
            self.session,
            MessageRow,
            "SELECT thread_id, message, member_id, text, since, at FROM messages \
             WHERE tenant_id = $1 AND thread_id = $2 ORDER BY at, message",
            &self.key,
            id.to_string()
        );
        Ok(joined(thread, messages)?.pop())
    }
}

/// Gives each thread its messages.
fn joined(threads: Vec<ThreadRow>, messages: Vec<MessageRow>) -> Result<Vec<ChatThread>> {
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
