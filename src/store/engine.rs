//! One SQL text on either engine: concrete drivers behind an enum, and macros that pick the arm.
//!
//! `sqlx`'s own `Any` driver can't carry typed values such as booleans on SQLite; here each arm is
//! compiled against its driver, so that a type one engine lacks is a compile error.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use sqlx::{AssertSqlSafe, PgPool, Postgres, Sqlite, SqlitePool, Transaction};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    Result,
    changes::{Changes, News},
    messenger::Messenger,
};
use crate::domain::ids::TenantId;

/// The channel on which processes that share a PostgreSQL database tell each other of commits.
pub(super) const CHANNEL: &str = "docket_changes";

/// What they tell each other there, instead of the scope of a commit, where it concerns the doors.
pub(super) const DOORS: &str = "doors";

/// Whose rows a transaction may see: PostgreSQL keeps to it by row-level security, as a second wall behind the
/// `tenant_id = $1` of every statement. SQLite has no such thing.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scope {
    /// This tenant's.
    Tenant(TenantId),
    /// Everybody's: for the queue, the doors and whoever looks after the whole.
    Across,
}

impl fmt::Display for Scope {
    /// The value of the setting that the policies of the tables read (`migrations/postgres`, `row_security`).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tenant(tenant) => tenant.fmt(f),
            Self::Across => f.write_str("*"),
        }
    }
}

/// The connections to a database of either engine.
#[derive(Clone)]
pub(super) enum Db {
    /// SQLite has one writer: waiting for it in our own queue is fairer and cheaper than in its busy handler. Of those who
    /// [come behind the others](behind_others) one waits in it, and the others for that one.
    Sqlite { readers: SqlitePool, writer: SqlitePool, patient: Arc<Semaphore> },
    /// PostgreSQL, of whose connections those who come behind the others leave some free.
    Pg { pool: PgPool, patient: Arc<Semaphore>, messenger: Messenger },
}

/// An open transaction on either engine.
pub(super) enum Conn {
    Sqlite(Transaction<'static, Sqlite>),
    Pg(Transaction<'static, Postgres>),
}

tokio::task_local! {
    /// How many transactions are open of somebody who comes behind the others.
    static BEHIND: Arc<AtomicUsize>;
}

/// Lets others go first, for as long as `work` takes: however much of it there is, whoever acknowledges a request waits for
/// one writing transaction of it at most on SQLite, and finds a connection free of it on PostgreSQL.
pub async fn behind_others<F: Future>(work: F) -> F::Output {
    BEHIND.scope(Arc::default(), work).await
}

/// The turn of somebody who comes behind the others; the next one of them begins when it is dropped.
pub(super) struct Turn {
    _permit: Option<OwnedSemaphorePermit>,
    _open: Open,
}

/// An open transaction of somebody who comes behind the others.
struct Open(Arc<AtomicUsize>);

impl Turn {
    /// Waits for one. `None` for whoever lets nobody go first.
    async fn take(patient: &Arc<Semaphore>) -> Option<Self> {
        let open = Open(BEHIND.try_with(Arc::clone).ok()?);
        // Whoever is in the middle of something does not wait for others, who may wait for it.
        let is_first = open.0.fetch_add(1, Ordering::Relaxed) == 0;
        let permit = if is_first { Arc::clone(patient).acquire_owned().await.ok() } else { None };
        Some(Self { _permit: permit, _open: open })
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// An open transaction that knows whether it wrote something, and whom to tell.
pub(super) struct Session {
    pub(super) conn: Conn,
    _turn: Option<Turn>,
    pub(super) wrote: bool,
    /// Whether it changed whose a request is, which the doors remember.
    pub(super) moved_doors: bool,
    changes: Option<(Changes, Scope)>,
}

/// Runs `$body` with the connection of either engine as `$conn`, and optionally its type as `$engine`.
macro_rules! on {
    ($session:expr, |$conn:ident| $body:expr) => {
        match &mut $session.conn {
            $crate::store::engine::Conn::Sqlite(tx) => {
                let $conn = &mut **tx;
                $body
            }
            $crate::store::engine::Conn::Pg(tx) => {
                let $conn = &mut **tx;
                $body
            }
        }
    };
    ($session:expr, |$conn:ident, $engine:ident| $body:expr) => {
        match &mut $session.conn {
            $crate::store::engine::Conn::Sqlite(tx) => {
                type $engine = sqlx::Sqlite;
                let $conn = &mut **tx;
                $body
            }
            $crate::store::engine::Conn::Pg(tx) => {
                type $engine = sqlx::Postgres;
                let $conn = &mut **tx;
                $body
            }
        }
    };
}

/// Executes a statement; gives the number of rows it wrote.
macro_rules! execute {
    ($session:expr, $sql:expr $(, $bind:expr)* $(,)?) => {{
        let rows = on!($session, |conn| sqlx::query($sql)$(.bind($bind))*.execute(conn).await?.rows_affected());
        $session.wrote |= rows > 0;
        rows
    }};
}

/// The first row of a query, if there is one.
macro_rules! first {
    ($session:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {
        on!($session, |conn| sqlx::query_as::<_, $row>($sql)$(.bind($bind))*.fetch_optional(conn).await?)
    };
}

/// Every row of a query.
macro_rules! all {
    ($session:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {
        on!($session, |conn| sqlx::query_as::<_, $row>($sql)$(.bind($bind))*.fetch_all(conn).await?)
    };
}

impl Db {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Sqlite { .. } => "sqlite",
            Self::Pg { .. } => "postgres",
        }
    }

    /// Where every reading transaction begins. All it reads is of one instant.
    pub(super) async fn begin_read(&self, scope: Scope) -> Result<Session> {
        let (conn, turn) = match self {
            Self::Sqlite { readers, .. } => (Conn::Sqlite(readers.begin().await?), None),
            Self::Pg { pool, patient, .. } => {
                let turn = Turn::take(patient).await;
                let begin = begin_for(scope, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
                (Conn::Pg(pool.begin_with(begin).await?), turn)
            }
        };
        Ok(Session { conn, _turn: turn, wrote: false, moved_doors: false, changes: None })
    }

    /// Where every writing transaction begins.
    ///
    /// On SQLite it takes the write lock at once: a transaction that reads first and writes later fails
    /// with `SQLITE_BUSY_SNAPSHOT` when somebody else wrote in between, whatever the busy timeout.
    pub(super) async fn begin_write(&self, scope: Scope, changes: Changes) -> Result<Session> {
        let (conn, turn) = match self {
            Self::Sqlite { writer, patient, .. } => {
                let turn = Turn::take(patient).await;
                (Conn::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?), turn)
            }
            Self::Pg { pool, patient, .. } => {
                let turn = Turn::take(patient).await;
                (Conn::Pg(pool.begin_with(begin_for(scope, "BEGIN")).await?), turn)
            }
        };
        Ok(Session { conn, _turn: turn, wrote: false, moved_doors: false, changes: Some((changes, scope)) })
    }

    /// Tells other processes what they have not been told.
    pub(super) async fn tell_the_last(&self) {
        if let Self::Pg { pool, messenger, .. } = self {
            messenger.tell_the_last(pool).await;
        }
    }

    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite { readers, writer, .. } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Pg { pool, .. } => pool.close().await,
        }
    }
}

/// Begins, and says for whom, in one round trip. The setting ends with the transaction.
fn begin_for(scope: Scope, begin: &str) -> AssertSqlSafe<String> {
    // Safe: an id is a prefix and a ULID, whoever sent it.
    AssertSqlSafe(format!("{begin}; SET LOCAL docket.tenant = '{scope}'"))
}

impl Session {
    /// The engine's name.
    pub(super) fn engine(&self) -> &'static str {
        match self.conn {
            Conn::Sqlite(_) => "sqlite",
            Conn::Pg(_) => "postgres",
        }
    }

    /// Commits, and wakes whoever waits for changes if something was written.
    pub(super) async fn commit(mut self) -> Result<()> {
        if let (true, Conn::Pg(tx)) = (self.moved_doors, &mut self.conn) {
            // Told when, and only if, this transaction commits, and that is seldom. Nothing else has to be: see `messenger`.
            sqlx::query("SELECT pg_notify($1, $2)").bind(CHANNEL).bind(DOORS).execute(&mut **tx).await?;
        }
        let moved_doors = self.moved_doors;
        let _told_at_the_end = match self.changes.take() {
            Some((changes, scope)) if self.wrote => Some(News { changes, scope, moved_doors }),
            _ => None,
        };
        self.commit_quietly().await
    }

    /// Commits what nobody needs to hear of, such as a lease.
    pub(super) async fn commit_quietly(self) -> Result<()> {
        match self.conn {
            Conn::Sqlite(tx) => tx.commit().await?,
            Conn::Pg(tx) => tx.commit().await?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tenant_of_a_transaction_is_set_for_that_transaction_alone() {
        let tenant: TenantId = "ten_01HF7YAT00000000000000001A".parse().unwrap();
        for (scope, set) in [(Scope::Tenant(tenant), tenant.to_string()), (Scope::Across, "*".to_owned())] {
            let AssertSqlSafe(begin) = begin_for(scope, "BEGIN");
            assert_eq!(begin, format!("BEGIN; SET LOCAL docket.tenant = '{set}'"));
        }
    }
}
