//! Forgetting what was said: because somebody wants it, and because its time is over.

use std::collections::BTreeSet;

use super::super::{Result, Store, Tx, codec::parse};
use crate::domain::{
    event::Venue,
    ids::{MemberId, ThreadId},
    time::Timestamp,
};

/// The oldest messages of tenant `$1` that were said before `$2`, up to `$3` of them.
pub(in super::super) const OLD: &str = "DELETE FROM messages WHERE tenant_id = $1 \
     AND (surface, team, channel, message) IN (SELECT surface, team, channel, message FROM messages \
     WHERE tenant_id = $1 AND at < $2 ORDER BY at LIMIT $3) RETURNING thread_id";

/// The bodies of Slack's requests that are not needed any more: those received before `$1` that were dealt with, and all
/// before `$2`; up to `$3` of them.
pub(in super::super) const BODIES: &str = "UPDATE deliveries SET body = $4 WHERE id IN (SELECT id FROM deliveries \
     WHERE source <> 'github' AND source <> 'console' AND length(body) > 0 AND received_at < $1 \
     AND (received_at < $2 OR (handled_at IS NOT NULL AND outcome NOT LIKE 'unreadable%')) \
     ORDER BY received_at LIMIT $3)";

/// Deliveries that told what people said, dealt with before `$1`, up to `$2` of them.
pub(in super::super) const HEARD: &str = "DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries \
     WHERE outcome = 'heard' AND handled_at < $1 ORDER BY handled_at LIMIT $2)";

impl Tx {
    /// Forgets everything that somebody said, for good. Says how many messages that were.
    pub async fn forget_said_by(&mut self, member: MemberId) -> Result<usize> {
        let member = member.to_string();
        execute!(
            self.session,
            "INSERT INTO withdrawn_messages (tenant_id, surface, team, channel, message, at) \
             SELECT tenant_id, surface, team, channel, message, at FROM messages \
             WHERE tenant_id = $1 AND member_id = $2 ON CONFLICT DO NOTHING",
            &self.key,
            &member
        );
        let gone = all!(
            self.session,
            (String,),
            "DELETE FROM messages WHERE tenant_id = $1 AND member_id = $2 RETURNING thread_id",
            &self.key,
            &member
        );
        self.after(gone).await
    }

    /// Forgets everything that was said in the channel of `venue`, for good. Says how many messages that were.
    pub async fn forget_said_in(&mut self, venue: &Venue) -> Result<usize> {
        let Venue { surface, team, channel, .. } = venue;
        execute!(
            self.session,
            "INSERT INTO withdrawn_messages (tenant_id, surface, team, channel, message, at) \
             SELECT tenant_id, surface, team, channel, message, at FROM messages \
             WHERE tenant_id = $1 AND surface = $2 AND team = $3 AND channel = $4 ON CONFLICT DO NOTHING",
            &self.key,
            surface.as_str(),
            team,
            channel
        );
        let gone = all!(
            self.session,
            (String,),
            "DELETE FROM messages WHERE tenant_id = $1 AND surface = $2 AND team = $3 AND channel = $4 \
             RETURNING thread_id",
            &self.key,
            surface.as_str(),
            team,
            channel
        );
        self.after(gone).await
    }

    /// Forgets a conversation, for good. Says how many messages that were.
    pub async fn forget_thread(&mut self, thread: ThreadId) -> Result<usize> {
        let thread = thread.to_string();
        execute!(
            self.session,
            "INSERT INTO withdrawn_messages (tenant_id, surface, team, channel, message, at) \
             SELECT tenant_id, surface, team, channel, message, at FROM messages \
             WHERE tenant_id = $1 AND thread_id = $2 ON CONFLICT DO NOTHING",
            &self.key,
            &thread
        );
        let gone = all!(
            self.session,
            (String,),
            "DELETE FROM messages WHERE tenant_id = $1 AND thread_id = $2 RETURNING thread_id",
            &self.key,
            &thread
        );
        self.after(gone).await
    }

    /// Deletes up to `most` messages that were said before an instant. Says how many.
    pub async fn forget_said_before(&mut self, before: Timestamp, most: i64) -> Result<usize> {
        let gone = all!(self.session, (String,), OLD, &self.key, before.as_millis(), most);
        self.after(gone).await
    }

    /// Deletes what is known of messages that were taken back, said before an instant: nothing comes of them any more.
    pub async fn forget_withdrawn_before(&mut self, before: Timestamp) -> Result<u64> {
        Ok(execute!(
            self.session,
            "DELETE FROM withdrawn_messages WHERE tenant_id = $1 AND at < $2",
            &self.key,
            before.as_millis()
        ))
    }

    /// Makes the threads of messages that are gone say so.
    async fn after(&mut self, gone: Vec<(String,)>) -> Result<usize> {
        let messages = gone.len();
        self.session.wrote |= messages > 0;
        for thread in gone.into_iter().map(|(thread,)| thread).collect::<BTreeSet<_>>() {
            self.recount(parse("thread", &thread)?).await?;
        }
        Ok(messages)
    }
}

impl Store {
    /// Forgets what up to `most` requests of Slack said: those received before `handled` that were dealt with, and all
    /// received before `any`. That they came stays known. Says how many.
    pub async fn forget_bodies(&self, handled: Timestamp, any: Timestamp, most: i64) -> Result<u64> {
        let mut session = self.begin().await?;
        let rows = execute!(session, BODIES, handled.as_millis(), any.as_millis(), most, Vec::<u8>::new());
        session.commit().await?;
        Ok(rows)
    }

    /// Forgets up to `most` deliveries that told what people said and were dealt with before an instant. Says how many.
    pub async fn forget_heard_deliveries(&self, before: Timestamp, most: i64) -> Result<u64> {
        let mut session = self.begin().await?;
        let rows = execute!(session, HEARD, before.as_millis(), most);
        session.commit().await?;
        Ok(rows)
    }
}
