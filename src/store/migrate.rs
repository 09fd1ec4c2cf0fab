//! The schema: embedded, forward only. See migrations/README.md.

use std::collections::BTreeSet;

use anyhow::{Context, bail};
use sqlx::{migrate::Migrator, postgres::PgPoolOptions};

use super::{Store, dialect, engine::Db, lock};

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// The last migration that this version knows.
pub fn schema() -> i64 {
    SQLITE.iter().map(|migration| migration.version).max().unwrap_or(0)
}

impl Store {
    /// Brings the schema up to date. Any number of processes may do so at once.
    pub async fn migrate(&self) -> anyhow::Result<()> {
        match &self.db {
            Db::Sqlite { writer, .. } => {
                // sqlx takes no lock of its own on SQLite, where two would run the same file twice.
                let file = writer.connect_options().get_filename().to_owned();
                let lock = tokio::task::spawn_blocking(move || lock::migration_lock(&file)).await??;
                let done = SQLITE.run(writer).await;
                drop(lock);
                done.context("could not bring the database up to date")
            }
            Db::Pg { pool, .. } => {
                // A connection of its own, because a migration may take longer than a statement should, and touches the
                // rows of all tenants.
                let options = pool
                    .connect_options()
                    .as_ref()
                    .clone()
                    .options([("statement_timeout", "0"), ("docket.tenant", "*")]);
                let one = PgPoolOptions::new().max_connections(1).connect_lazy_with(options);
                let done = POSTGRES.run(&one).await;
                one.close().await;
                done.context("could not bring the database up to date")
            }
        }
    }

    /// Whether the database answers and has the schema of this version; the error says what to do.
    pub async fn check(&self) -> anyhow::Result<()> {
        let unknown = self.check_for_serving().await?;
        if unknown > 0 {
            bail!("the database was migrated by a newer Docket ({unknown} unknown migrations): run that version");
        }
        Ok(())
    }

    /// Whether the database answers and has all that this version needs. Says how many migrations it does not know: a newer
    /// version that is taking over, replica by replica, only adds what this one can live with (`migrations/README.md`).
    pub async fn check_for_serving(&self) -> anyhow::Result<usize> {
        let applied = self.applied().await.context("the database does not answer")?;
        let known = match &self.db {
            Db::Sqlite { .. } => &SQLITE,
            Db::Pg { .. } => &POSTGRES,
        };
        let known: BTreeSet<i64> = known.iter().map(|migration| migration.version).collect();
        let (missing, unknown) = (known.difference(&applied).count(), applied.difference(&known).count());
        if missing > 0 {
            bail!("the database lacks {missing} migrations: run `docket migrate`");
        }
        Ok(unknown)
    }

    /// The versions that the database has. Never writes.
    async fn applied(&self) -> super::Result<BTreeSet<i64>> {
        let mut session = self.look().await?;
        let exists = first!(session, (i64,), dialect::HAS_MIGRATIONS.text(self.engine()));
        if exists.is_none_or(|(tables,)| tables == 0) {
            return Ok(BTreeSet::new());
        }
        let rows = all!(session, (i64,), "SELECT version FROM _sqlx_migrations WHERE success ORDER BY version");
        Ok(rows.into_iter().map(|(version,)| version).collect())
    }
}
