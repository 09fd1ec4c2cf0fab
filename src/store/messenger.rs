//! Tells the other processes on a PostgreSQL database of commits, once they are made.
//!
//! A `NOTIFY` within the transaction that it tells of would make each of them wait for all others: PostgreSQL takes one
//! lock for the whole database when such a transaction begins to commit, and holds it until the commit is on the disk
//! (`PreCommit_Notify` in its `src/backend/commands/async.c`), so that no two share a flush. A transaction that does nothing
//! else has nothing to flush. What is told is a hint: where a process ends in between, others find out when they look again.

use std::{
    collections::BTreeSet,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sqlx::{PgConnection, PgPool};
use tokio::{
    sync::{self, Notify},
    time::{sleep, timeout},
};

use super::engine::{CHANNEL, Scope};

/// How long it waits after it could tell nobody.
const PAUSE: Duration = Duration::from_secs(1);
/// How long it takes at most to tell: a connection whose other end is gone would take for ever.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the last news may take.
const LAST: Duration = Duration::from_secs(1);

/// What is still to be told. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Messenger(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// The scopes of commits, each once however many there were.
    news: Mutex<BTreeSet<String>>,
    has_news: Notify,
    /// What is being told, or was and perhaps not heard.
    on_the_way: sync::Mutex<BTreeSet<String>>,
}

impl Messenger {
    /// Takes the news of a commit, to be told soon.
    pub(super) fn take(&self, scope: Scope) {
        self.news().insert(scope.to_string());
        self.0.has_news.notify_one();
    }

    /// Tells what there is to tell, for ever, over a connection of its own: others may wait for one.
    pub(super) async fn run(self, pool: PgPool) {
        loop {
            self.0.has_news.notified().await;
            if let Err(error) = self.tell_all(&pool).await {
                tracing::warn!(%error, "other processes could not be told of a commit; trying again shortly");
            }
            sleep(PAUSE).await;
            self.0.has_news.notify_one();
        }
    }

    /// Tells what is left, before the connections are closed.
    pub(super) async fn tell_the_last(&self, pool: &PgPool) {
        // Whoever only read needs no connection for it.
        let is_told = self.0.on_the_way.try_lock().is_ok_and(|on_the_way| on_the_way.is_empty());
        if is_told && self.news().is_empty() {
            return;
        }
        // Without it they find out when they look again.
        let _missed = timeout(LAST, async { self.tell(&mut *pool.acquire().await?).await }).await;
    }

    /// Tells what there is to tell until that fails. What comes meanwhile goes together, in the next statement.
    async fn tell_all(&self, pool: &PgPool) -> anyhow::Result<()> {
        let mut connection = pool.acquire().await?;
        connection.close_on_drop();
        loop {
            timeout(PATIENCE, self.tell(&mut connection)).await??;
            self.0.has_news.notified().await;
        }
    }

    async fn tell(&self, connection: &mut PgConnection) -> sqlx::Result<()> {
        let mut on_the_way = self.0.on_the_way.lock().await;
        on_the_way.append(&mut mem::take(&mut *self.news()));
        if on_the_way.is_empty() {
            return Ok(());
        }
        let scopes: Vec<&str> = on_the_way.iter().map(String::as_str).collect();
        sqlx::query("SELECT pg_notify($1, scope) FROM unnest($2) AS scope")
            .bind(CHANNEL)
            .bind(scopes)
            .execute(connection)
            .await?;
        on_the_way.clear();
        Ok(())
    }

    fn news(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.news.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
