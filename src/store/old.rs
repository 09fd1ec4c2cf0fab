//! Forgetting what nobody asks for any more: what was dealt with, answered or given up long ago.

use super::{Result, Store};
use crate::domain::time::Timestamp;

/// Requests of people that were dealt with before `$1`, the oldest `$2`. The source is a literal, as in the condition of
/// the index.
pub(super) const REQUESTS: &str = "DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries \
     WHERE source <> 'github' AND handled_at < $1 ORDER BY handled_at LIMIT $2)";

/// Private answers that reached their reader before `$1`, the oldest `$2`.
pub(super) const ANSWERS: &str = "DELETE FROM answers WHERE (tenant_id, id) IN (SELECT tenant_id, id FROM answers \
     WHERE sent_at < $1 ORDER BY sent_at LIMIT $2)";

/// Jobs that are dead since before `$1`, at most `$2`.
pub(super) const JOBS: &str = "DELETE FROM jobs WHERE seq IN (SELECT seq FROM jobs \
     WHERE state = 'dead' AND dead_at < $1 LIMIT $2)";

impl Store {
    /// Forgets up to `most` requests of people that were dealt with before an instant. Says how many.
    pub async fn forget_requests(&self, before: Timestamp, most: i64) -> Result<u64> {
        self.forget_old(REQUESTS, before, most).await
    }

    /// Forgets up to `most` private answers that reached their reader before an instant. Says how many.
    pub async fn forget_answers(&self, before: Timestamp, most: i64) -> Result<u64> {
        self.forget_old(ANSWERS, before, most).await
    }

    /// Forgets up to `most` jobs that were given up before an instant. Says how many.
    pub async fn forget_dead_jobs(&self, before: Timestamp, most: i64) -> Result<u64> {
        self.forget_old(JOBS, before, most).await
    }

    async fn forget_old(&self, sql: &'static str, before: Timestamp, most: i64) -> Result<u64> {
        let mut session = self.begin().await?;
        let rows = execute!(session, sql, before.as_millis(), most);
        session.commit().await?;
        Ok(rows)
    }
}
