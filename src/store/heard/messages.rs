//! What was said, as it is now.

use std::time::Duration;

use super::super::{Result, Tx, codec::parse};
use crate::domain::{
    event::Venue,
    heard::{Heard, Saying, Wording, is_news},
    ids::{MemberId, ThreadId},
    time::Timestamp,
};

/// The message `$5` of one channel of tenant `$1`.
pub(in super::super) const ITSELF: &str = "SELECT text, since FROM messages \
     WHERE tenant_id = $1 AND surface = $2 AND team = $3 AND channel = $4 AND message = $5";

/// Whether the message `$5` of one channel of tenant `$1` was taken back.
pub(in super::super) const WITHDRAWN: &str = "SELECT at FROM withdrawn_messages \
     WHERE tenant_id = $1 AND surface = $2 AND team = $3 AND channel = $4 AND message = $5";

/// The thread of one channel of tenant `$1` that began with the message `$5`.
pub(in super::super) const THREAD: &str = "SELECT id FROM threads \
     WHERE tenant_id = $1 AND surface = $2 AND team = $3 AND channel = $4 AND root = $5";

impl Tx {
    /// Takes in what was heard at `venue` of a message `by` somebody; nobody need be named where it was taken back.
    /// A message that begins a thread gets it under the id `fresh`. Says whether that changed anything: not where it is
    /// known already, is too old to be kept, was forgotten, or where nothing may be kept of the channel.
    pub async fn put_heard(
        &mut self,
        venue: &Venue,
        heard: &Heard,
        by: Option<MemberId>,
        fresh: ThreadId,
        now: Timestamp,
    ) -> Result<bool> {
        let root = venue.thread.as_deref().unwrap_or(&heard.message);
        if self.thread_of(venue, root).await?.is_none() {
            // It gets a number, and everybody locks the tenant before a channel.
            self.lock_tenant().await?;
        }
        let channel = self.lock_heard_channel(venue, heard.is_private).await?;
        let known = self.known(venue, &heard.message).await?;
        if !is_news(known.as_ref(), &heard.what) {
            return Ok(false);
        }
        let (wording, by) = match (&heard.what, by) {
            (Saying::Deleted, _) => {
                self.withdraw(venue, &heard.message, heard.at).await?;
                return Ok(true);
            }
            (Saying::Said(wording), Some(by)) => (wording, by),
            (Saying::Said(_), None) => return Ok(false),
        };
        let oldest = now.minus(Duration::from_hours(24) * self.kept_days().await?);
        if !channel.may_keep() || heard.at < oldest {
            return Ok(false);
        }
        // What is kept was not forgotten; what is not may have been, and come only now.
        if known.is_none() && self.is_forgotten(venue, root, by, heard.at).await? {
            return Ok(false);
        }
        let thread = self.thread_at(venue, root, fresh, heard.at).await?;
        self.write(venue, heard, wording, by, thread).await?;
        self.recount(thread).await?;
        Ok(true)
    }

    /// What is known of a message.
    async fn known(&mut self, venue: &Venue, message: &str) -> Result<Option<Saying>> {
        let Venue { surface, team, channel, .. } = venue;
        let gone = first!(self.session, (i64,), WITHDRAWN, &self.key, surface.as_str(), team, channel, message);
        if gone.is_some() {
            return Ok(Some(Saying::Deleted));
        }
        let row = first!(self.session, (String, i64), ITSELF, &self.key, surface.as_str(), team, channel, message);
        Ok(row.map(|(text, since)| Saying::Said(Wording { text, since })))
    }

    /// The thread that began with the message `root`.
    async fn thread_of(&mut self, venue: &Venue, root: &str) -> Result<Option<ThreadId>> {
        let Venue { surface, team, channel, .. } = venue;
        let row = first!(self.session, (String,), THREAD, &self.key, surface.as_str(), team, channel, root);
        row.map(|(id,)| parse("thread", &id)).transpose()
    }

    /// The thread that began with the message `root`, made where it is not there.
    async fn thread_at(&mut self, venue: &Venue, root: &str, fresh: ThreadId, at: Timestamp) -> Result<ThreadId> {
        if let Some(thread) = self.thread_of(venue, root).await? {
            return Ok(thread);
        }
        let Venue { surface, team, channel, .. } = venue;
        let row = first!(
            self.session,
            (i64,),
            "UPDATE tenants SET last_thread = last_thread + 1 WHERE id = $1 RETURNING last_thread",
            &self.key
        );
        let (number,) = row.ok_or(sqlx::Error::RowNotFound)?;
        execute!(
            self.session,
            "INSERT INTO threads (tenant_id, id, number, surface, team, channel, root, messages, last_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8)",
            &self.key,
            fresh.to_string(),
            number,
            surface.as_str(),
            team,
            channel,
            root,
            at.as_millis()
        );
        Ok(fresh)
    }

    async fn write(
        &mut self,
        venue: &Venue,
        heard: &Heard,
        wording: &Wording,
        by: MemberId,
        thread: ThreadId,
    ) -> Result<()> {
        let Venue { surface, team, channel, .. } = venue;
        execute!(
            self.session,
            "INSERT INTO messages (tenant_id, surface, team, channel, message, thread_id, member_id, text, since, at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
             ON CONFLICT (tenant_id, surface, team, channel, message) \
             DO UPDATE SET text = excluded.text, since = excluded.since",
            &self.key,
            surface.as_str(),
            team,
            channel,
            &heard.message,
            thread.to_string(),
            by.to_string(),
            &wording.text,
            wording.since,
            heard.at.as_millis()
        );
        Ok(())
    }

    /// Forgets a message for good: what comes of it later is not kept either.
    pub(super) async fn withdraw(&mut self, venue: &Venue, message: &str, at: Timestamp) -> Result<()> {
        let Venue { surface, team, channel, .. } = venue;
        execute!(
            self.session,
            "INSERT INTO withdrawn_messages (tenant_id, surface, team, channel, message, at) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
            &self.key,
            surface.as_str(),
            team,
            channel,
            message,
            at.as_millis()
        );
        let row = first!(
            self.session,
            (String,),
            "DELETE FROM messages WHERE tenant_id = $1 AND surface = $2 AND team = $3 AND channel = $4 AND message = $5 \
             RETURNING thread_id",
            &self.key,
            surface.as_str(),
            team,
            channel,
            message
        );
        match row {
            Some((thread,)) => self.recount(parse("thread", &thread)?).await,
            None => Ok(()),
        }
    }

    /// Makes a thread say what is in it; one without messages goes, and with it that it was read in vain.
    pub(super) async fn recount(&mut self, thread: ThreadId) -> Result<()> {
        let thread = thread.to_string();
        execute!(
            self.session,
            "UPDATE threads SET messages = (SELECT count(*) FROM messages m \
             WHERE m.tenant_id = threads.tenant_id AND m.thread_id = threads.id), \
             last_at = COALESCE((SELECT max(m.at) FROM messages m \
             WHERE m.tenant_id = threads.tenant_id AND m.thread_id = threads.id), last_at) \
             WHERE tenant_id = $1 AND id = $2",
            &self.key,
            &thread
        );
        let gone = execute!(
            self.session,
            "DELETE FROM threads WHERE tenant_id = $1 AND id = $2 AND messages = 0",
            &self.key,
            &thread
        );
        if gone > 0 {
            execute!(
                self.session,
                "DELETE FROM matches WHERE tenant_id = $1 AND thread_id = $2 AND verdict = 'nothing'",
                &self.key,
                &thread
            );
        }
        Ok(())
    }
}
