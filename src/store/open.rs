//! From a database URL to pools of connections.

use std::{num::NonZero, path::Path, str::FromStr, sync::Arc, thread::available_parallelism, time::Duration};

use anyhow::{Context, bail};
use sqlx::{
    ConnectOptions, Connection, PgPool, SqlitePool,
    postgres::{PgConnectOptions, PgListener, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::{sync::Semaphore, time::timeout};
use tokio_util::task::AbortOnDropHandle;

use super::{
    Store,
    changes::Changes,
    engine::{CHANNEL, DOORS, Db, Scope},
    log,
    messenger::Messenger,
};

/// How long to wait for the first connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a transaction waits for a free connection before it fails.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// For how long a connection to PostgreSQL is trusted after it was used.
pub const FRESH: Duration = Duration::from_millis(200);
/// How long SQLite waits for another process's write.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// PostgreSQL cuts off statements that take longer, in milliseconds. Migrations are exempt.
const STATEMENT_TIMEOUT_MS: &str = "30000";
/// PostgreSQL cuts off transactions that were left open, in milliseconds.
const IDLE_TIMEOUT_MS: &str = "60000";

/// Where a database is.
pub(super) enum Address {
    Sqlite(SqliteConnectOptions),
    Pg(PgConnectOptions),
}

impl Address {
    /// Reads a database URL. Errors never contain its password.
    pub(super) fn parse(url: &str) -> anyhow::Result<Self> {
        match url.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite") => {
                let options = SqliteConnectOptions::from_str(url)
                    .with_context(|| format!("DATABASE_URL is not a SQLite address: {}", redacted(url)))?;
                let file = options.get_filename();
                if file.as_os_str().is_empty() || url.contains(":memory:") || url.contains("mode=memory") {
                    bail!(
                        "DATABASE_URL must name a file, such as sqlite://data/docket.db; SQLite in memory is not supported"
                    );
                }
                Ok(Self::Sqlite(options))
            }
            Some("postgres" | "postgresql") => {
                let options = PgConnectOptions::from_str(url).with_context(|| {
                    format!(
                        "DATABASE_URL is not a PostgreSQL address such as postgres://user:password@host:5432/docket: {}",
                        redacted(url)
                    )
                })?;
                Ok(Self::Pg(options))
            }
            _ => bail!(
                "DATABASE_URL must start with sqlite:// or postgres://, such as sqlite://data/docket.db; it is {}",
                redacted(url)
            ),
        }
    }
}

/// The URL without its user and password.
fn redacted(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let rest = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    // A password may also be given as a parameter.
    let rest = rest.split_once('?').map_or(rest, |(place, _)| place);
    if scheme.is_empty() { format!("{rest:?}") } else { format!("{scheme}://{rest}") }
}

impl Store {
    /// Opens the database at this URL: `sqlite://path`, whose file and folder are created when missing,
    /// or `postgres://…`. Fails with what is wrong and what to do.
    pub async fn open(database_url: &str) -> anyhow::Result<Self> {
        let cores = available_parallelism().map_or(2, NonZero::get);
        let connections = u32::try_from(cores * 4).unwrap_or(u32::MAX).clamp(8, 32);
        Self::open_with(database_url, connections).await
    }

    /// Like [`open`](Self::open), with at most this many connections at a time (and, on PostgreSQL, one to listen and one
    /// to tell).
    pub async fn open_with(database_url: &str, connections: u32) -> anyhow::Result<Self> {
        match Address::parse(database_url)? {
            Address::Sqlite(options) => {
                let (readers, writer) = open_sqlite(options, connections).await?;
                let mover = tokio::spawn(log::keep_short(readers.clone(), writer.clone()));
                let db = Db::Sqlite { readers, writer, patient: Arc::new(Semaphore::new(1)) };
                Ok(Self { db, changes: Changes::new(None), beside: Arc::new(AbortOnDropHandle::new(mover)) })
            }
            Address::Pg(options) => {
                let pool = open_postgres(options, connections).await?;
                let messenger = Messenger::default();
                let changes = Changes::new(Some(messenger.clone()));
                let (listening, telling) = (listen(pool.clone(), changes.clone()), messenger.clone().run(pool.clone()));
                let beside = tokio::spawn(async {
                    tokio::join!(listening, telling);
                });
                let patient = Arc::new(Semaphore::new(for_the_patient(connections)));
                let db = Db::Pg { pool, patient, messenger };
                Ok(Self { db, changes, beside: Arc::new(AbortOnDropHandle::new(beside)) })
            }
        }
    }
}

/// How many of so many connections those who come behind the others may hold at once: all but a quarter.
fn for_the_patient(connections: u32) -> usize {
    usize::try_from(connections - connections / 4).map_or(1, |most| most.max(1))
}

/// The readers and the writer.
async fn open_sqlite(options: SqliteConnectOptions, connections: u32) -> anyhow::Result<(SqlitePool, SqlitePool)> {
    let file = options.get_filename().to_owned();
    if let Some(folder) = file.parent().filter(|folder| *folder != Path::new("")) {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("could not create the folder {} of the database", folder.display()))?;
    }
    let options = options
        .create_if_missing(true)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        // FULL: what was acknowledged survives a power cut.
        .synchronous(SqliteSynchronous::Full)
        .pragma("wal_autocheckpoint", log::LONGEST)
        .busy_timeout(BUSY_TIMEOUT)
        .disable_statement_logging();
    let pool = || {
        SqlitePoolOptions::new()
            .acquire_timeout(ACQUIRE_TIMEOUT)
            // A file does not hang up: no connection is tested before it is used, or replaced when it is old.
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            // Where a disk is full, SQLite itself ends a transaction of which sqlx then believes that it goes on: on such a
            // connection no other one could ever begin.
            .before_acquire(|connection, _| Box::pin(async { Ok(!connection.is_in_transaction()) }))
    };
    let writer = pool().max_connections(1).connect_with(options.clone()).await.with_context(|| {
        format!("could not open the database {}: check that it is a SQLite file that Docket may write", file.display())
    })?;
    let readers = pool().max_connections(connections).connect_lazy_with(options.pragma("query_only", "ON"));
    Ok((readers, writer))
}

async fn open_postgres(options: PgConnectOptions, connections: u32) -> anyhow::Result<PgPool> {
    let options = options
        .application_name("docket")
        .options([
            ("statement_timeout", STATEMENT_TIMEOUT_MS),
            ("idle_in_transaction_session_timeout", IDLE_TIMEOUT_MS),
            // Our queries are short. Compiling one whose cost is overestimated takes a hundred times longer.
            ("jit", "off"),
        ])
        .disable_statement_logging();
    let place = format!(
        "{} at {}:{}",
        options.get_database().unwrap_or_else(|| options.get_username()),
        options.get_host(),
        options.get_port()
    );
    // A pool would try again until its own timeout and then not say why it failed.
    let probe = timeout(CONNECT_TIMEOUT, options.connect()).await;
    probe
        .with_context(|| {
            format!("could not reach the PostgreSQL database {place} within 10 s: check DATABASE_URL and the network")
        })?
        .with_context(|| format!("could not connect to the PostgreSQL database {place}: check DATABASE_URL"))?
        .close()
        .await?;
    Ok(PgPoolOptions::new()
        // Two more: for the listener and the messenger.
        .max_connections(connections.saturating_add(2))
        .acquire_timeout(ACQUIRE_TIMEOUT)
        // Testing a connection takes a round trip, a sixth of what a short transaction takes: only one that had nothing to
        // do for a while is, for the server may have been started anew meanwhile.
        .test_before_acquire(false)
        .before_acquire(|connection, used| {
            Box::pin(async move {
                if used.idle_for >= FRESH {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_lazy_with(options))
}

/// Turns the commits of every process into a change of the signal, for ever.
async fn listen(pool: PgPool, changes: Changes) {
    const PAUSE: Duration = Duration::from_secs(1);
    loop {
        if let Err(error) = listen_once(&pool, &changes).await {
            tracing::warn!(%error, "lost the connection that listens for changes; will listen again");
        }
        tokio::time::sleep(PAUSE).await;
        // Something may have been missed.
        changes.tell_everybody();
    }
}

async fn listen_once(pool: &PgPool, changes: &Changes) -> sqlx::Result<()> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.ignore_pool_close_event(false);
    listener.listen(CHANNEL).await?;
    while let Some(told) = listener.try_recv().await? {
        match told.payload() {
            DOORS => changes.tell_doors(),
            tenant => changes.tell(tenant.parse().map_or(Scope::Across, Scope::Tenant)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_urls_are_explained_without_their_password() {
        for (url, says) in [
            ("mysql://me:secret@host/db", "must start with sqlite:// or postgres://"),
            ("nonsense", "must start with sqlite:// or postgres://"),
            ("", "must start with sqlite:// or postgres://"),
            ("postgres://me:secret@host:port/db", "is not a PostgreSQL address"),
            ("sqlite::memory:", "must name a file"),
            ("sqlite://", "must name a file"),
            ("sqlite://x.db?mode=secret", "is not a SQLite address"),
            ("postgres://host:port/db?password=secret", "is not a PostgreSQL address"),
        ] {
            let error = Address::parse(url).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(says), "{url}: {error}");
            assert!(!error.contains("secret"), "{url}: {error}");
        }
    }
}
