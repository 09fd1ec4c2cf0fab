//! Forgetting what was said: because somebody wants it, and because its time is over.

use std::collections::BTreeSet;

use super::super::{Result, Store, Tx, codec::parse, dialect};
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

/// Whether one of the subjects `$2`, `$3`, `$4` of tenant `$1` was forgotten up to behind `$5`.
pub(in super::super) const FORGOTTEN: &str =
    "SELECT subject FROM forgotten WHERE tenant_id = $1 AND subject IN ($2, $3, $4) AND until > $5 LIMIT 1";

/// The thread of a message that is gone, and when it was said.
type Gone = (String, i64);

/// The subject that stands for a channel.
fn channel(venue: &Venue) -> String {
    format!("{} {} {}", venue.surface.as_str(), venue.team, venue.channel)
}

/// The subject that stands for a thread of it.
fn conversation(venue: &Venue, root: &str) -> String {
    format!("{} {root}", channel(venue))
}

impl Tx {
    /// Forgets everything that somebody said before `at`, and what is kept of later; for good: what was said until then is
    /// not kept either where it comes only now. Says how many messages that were.
    pub async fn forget_said_by(&mut self, member: MemberId, at: Timestamp) -> Result<usize> {
        self.wait_in_turn(dialect::FORGETTING).await?;
        let member = member.to_string();
        let gone = all!(
            self.session,
            Gone,
            "DELETE FROM messages WHERE tenant_id = $1 AND member_id = $2 RETURNING thread_id, at",
            &self.key,
            &member
        );
        self.forget(&member, at, gone).await
    }

    /// Forgets everything that was said in the channel of `venue`: see [`forget_said_by`](Self::forget_said_by).
    pub async fn forget_said_in(&mut self, venue: &Venue, at: Timestamp) -> Result<usize> {
        self.lock_heard_channel(venue, None).await?;
        let gone = all!(
            self.session,
            Gone,
            "DELETE FROM messages WHERE tenant_id = $1 AND surface = $2 AND team = $3 AND channel = $4 \
             RETURNING thread_id, at",
            &self.key,
            venue.surface.as_str(),
            &venue.team,
            &venue.channel
        );
        self.forget(&channel(venue), at, gone).await
    }

    /// Forgets a conversation: see [`forget_said_by`](Self::forget_said_by).
    pub async fn forget_thread(&mut self, id: ThreadId, at: Timestamp) -> Result<usize> {
        let Some(thread) = self.thread_by_id(id).await? else { return Ok(0) };
        self.lock_heard_channel(&thread.venue, None).await?;
        let gone = all!(
            self.session,
            Gone,
            "DELETE FROM messages WHERE tenant_id = $1 AND thread_id = $2 RETURNING thread_id, at",
            &self.key,
            id.to_string()
        );
        let root = thread.venue.thread.as_deref().unwrap_or_default();
        self.forget(&conversation(&thread.venue, root), at, gone).await
    }

    /// What was said in the channel of `venue` before `at` is not kept where it comes only now; what is kept stays.
    pub async fn keep_only_since(&mut self, venue: &Venue, at: Timestamp) -> Result<()> {
        self.remember_forgotten(&channel(venue), at).await
    }

    /// Whether what a member said at an instant in the thread `root` of a channel is not kept.
    pub async fn is_forgotten(&mut self, venue: &Venue, root: &str, by: MemberId, at: Timestamp) -> Result<bool> {
        let row = first!(
            self.session,
            (String,),
            FORGOTTEN,
            &self.key,
            by.to_string(),
            channel(venue),
            conversation(venue, root),
            at.as_millis()
        );
        Ok(row.is_some())
    }

    /// Writes down that messages are gone, and that nothing of the subject that was said until then comes again: until
    /// `at`, or until the last of them, for clocks differ.
    async fn forget(&mut self, subject: &str, at: Timestamp, gone: Vec<Gone>) -> Result<usize> {
        let last = gone.iter().map(|(_, said)| said.saturating_add(1)).max();
        let until = last.map_or(at, |last| at.max(Timestamp::from_millis(last)));
        self.remember_forgotten(subject, until).await?;
        self.forgotten(gone.into_iter().map(|(thread, _)| (thread,)).collect()).await
    }

    async fn remember_forgotten(&mut self, subject: &str, until: Timestamp) -> Result<()> {
        execute!(
            self.session,
            "INSERT INTO forgotten (tenant_id, subject, until) VALUES ($1, $2, $3) \
             ON CONFLICT (tenant_id, subject) DO UPDATE SET until = excluded.until WHERE forgotten.until < excluded.until",
            &self.key,
            subject,
            until.as_millis()
        );
        Ok(())
    }

    /// Deletes up to `most` messages that were said before an instant. Says how many.
    pub async fn forget_said_before(&mut self, before: Timestamp, most: i64) -> Result<usize> {
        let gone = all!(self.session, (String,), OLD, &self.key, before.as_millis(), most);
        self.after(gone).await
    }

    /// Deletes what is known of messages that were taken back or forgotten, said before an instant: nothing comes of them
    /// any more.
    pub async fn forget_withdrawn_before(&mut self, before: Timestamp) -> Result<u64> {
        let withdrawn = execute!(
            self.session,
            "DELETE FROM withdrawn_messages WHERE tenant_id = $1 AND at < $2",
            &self.key,
            before.as_millis()
        );
        let forgotten = execute!(
            self.session,
            "DELETE FROM forgotten WHERE tenant_id = $1 AND until < $2",
            &self.key,
            before.as_millis()
        );
        Ok(withdrawn + forgotten)
    }

    /// Makes the threads of messages that somebody wants forgotten say so. Where nothing is left of one in a private
    /// channel, it is not known any more where it was.
    async fn forgotten(&mut self, gone: Vec<(String,)>) -> Result<usize> {
        let threads: BTreeSet<String> = gone.iter().map(|(thread,)| thread.clone()).collect();
        let messages = self.after(gone).await?;
        for thread in threads {
            execute!(
                self.session,
                "UPDATE matches SET channel = '', root = '', message = NULL WHERE tenant_id = $1 AND thread_id = $2 \
                 AND is_private = TRUE \
                 AND NOT EXISTS (SELECT 1 FROM threads t WHERE t.tenant_id = $1 AND t.id = matches.thread_id)",
                &self.key,
                thread
            );
        }
        Ok(messages)
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
