//! A migrated database for every test, on both engines.
//!
//! Write a test as `async fn name(db: &TestDb)` and list it in `for_each_db!`; it becomes `name::sqlite`
//! and `name::postgres`. PostgreSQL comes from [`Cluster`], or from `TEST_DATABASE_URL`: a role that
//! may create databases and is no superuser. Where there is neither, its tests say so and pass, unless
//! `DOCKET_REQUIRE_PEERS=1`.

mod server;

use std::sync::Arc;

use docket::{clock::Chance, store::Store};
use sqlx::{
    AssertSqlSafe, Connection, FromRow, PgConnection, SqliteConnection,
    migrate::Migrator,
    postgres::PgRow,
    sqlite::{SqliteConnectOptions, SqliteRow},
};
use tempfile::TempDir;

use self::server::{Place, ROLE, server};
use super::{clock::TestClock, cluster::Cluster, secrets};

/// Connections per store: few, so that many tests can run at once.
const CONNECTIONS: u32 = 5;
/// A database of its own, migrated and empty, with a clock that stands still.
#[derive(Clone)]
pub(crate) struct TestDb {
    pub(crate) store: Store,
    pub(crate) url: String,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) chance: Chance,
    home: Home,
}

/// A lock that another connection holds.
pub(crate) struct Lock {
    _sqlite: Option<SqliteConnection>,
    _postgres: Option<PgConnection>,
}

#[derive(Clone)]
enum Home {
    Folder { _kept: Arc<TempDir> },
    Server { name: String },
}

/// Makes `name::sqlite` and `name::postgres` of every `async fn name(db: &TestDb)`.
macro_rules! for_each_db {
    ($($name:ident),* $(,)?) => {$(
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                $crate::support::db::on_sqlite(super::$name).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                $crate::support::db::on_postgres(super::$name).await;
            }
        }
    )*};
}
pub(crate) use for_each_db;

/// Runs a test on a new SQLite file.
pub(crate) async fn on_sqlite(test: impl AsyncFnOnce(&TestDb)) {
    let db = TestDb::in_file().await;
    test(&db).await;
    db.store.close().await;
}

/// Runs a test on a new PostgreSQL database, where there is a server.
pub(crate) async fn on_postgres(test: impl AsyncFnOnce(&TestDb)) {
    let Some(server) = server().await else { return };
    let name = server.create_database().await;
    let db = TestDb::open(server.url(&name), Home::Server { name }).await;
    test(&db).await;
    db.store.close().await;
    let Home::Server { name } = &db.home else { unreachable!() };
    server.drop_database(name).await;
}

impl TestDb {
    /// A new SQLite file.
    pub(crate) async fn in_file() -> Self {
        let db = Self::of_folder(TempDir::new().unwrap()).await;
        db.store.migrate().await.unwrap();
        db
    }

    /// The SQLite file `docket.db` in this folder, as it is.
    pub(crate) async fn of_folder(folder: TempDir) -> Self {
        let url = format!("sqlite://{}", folder.path().join("docket.db").display());
        Self::open(url, Home::Folder { _kept: Arc::new(folder) }).await
    }

    /// An empty database on a server of the test's own.
    pub(crate) async fn on(cluster: &Cluster) -> Self {
        cluster.admin("postgres", &format!("CREATE ROLE {ROLE} LOGIN NOSUPERUSER")).await;
        cluster.admin("postgres", &format!("CREATE DATABASE docket OWNER {ROLE}")).await;
        let db = Self::open(cluster.url(ROLE, "docket"), Home::Server { name: "docket".to_owned() }).await;
        db.store.migrate().await.unwrap();
        db
    }

    async fn open(url: String, home: Home) -> Self {
        secrets::watch();
        let store = Store::open_with(&url, CONNECTIONS).await.unwrap();
        let clock = TestClock::new();
        Self { store, url, chance: clock.chance(1), clock, home }
    }

    /// The same, emptied, or another one, with every migration but the last.
    pub(crate) async fn at_the_schema_before(&self) -> Self {
        let migrations = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(self.store.engine());
        let all = Migrator::new(migrations).await.unwrap();
        let mut all: Vec<_> = all.iter().cloned().collect();
        all.pop();
        let before = Migrator::with_migrations(all);
        match self.home {
            Home::Folder { .. } => {
                let db = Self::of_folder(TempDir::new().unwrap()).await;
                let options = db.url.parse::<SqliteConnectOptions>().unwrap().create_if_missing(true);
                before.run(&mut SqliteConnection::connect_with(&options).await.unwrap()).await.unwrap();
                db
            }
            Home::Server { .. } => {
                for sql in ["DROP SCHEMA public CASCADE", "CREATE SCHEMA public"] {
                    self.raw(sql).await.unwrap();
                }
                before.run(&mut PgConnection::connect(&self.unfiltered()).await.unwrap()).await.unwrap();
                Self { store: self.another().await, ..self.clone() }
            }
        }
    }

    /// A second store on the same database, as another process would have.
    pub(crate) async fn another(&self) -> Store {
        Store::open_with(&self.url, CONNECTIONS).await.unwrap()
    }

    /// The address of the database for a look at the rows of all tenants.
    fn unfiltered(&self) -> String {
        let sign = if self.url.contains('?') { '&' } else { '?' };
        format!("{}{sign}options=-c%20docket.tenant%3D*", self.url)
    }

    /// The address of the database for whom row-level security does not hold back; `None` on SQLite, and on a server
    /// that was given to the tests, where they have no such role.
    pub(crate) async fn as_superuser(&self) -> Option<String> {
        let Home::Server { name } = &self.home else { return None };
        match &server().await?.place {
            Place::Own(cluster) => Some(cluster.url("postgres", name)),
            Place::Given(_) => None,
        }
    }

    /// Runs a statement past the store; gives the rows it wrote.
    pub(crate) async fn raw(&self, sql: &str) -> sqlx::Result<u64> {
        let sql = AssertSqlSafe(sql.to_owned());
        match self.home {
            Home::Folder { .. } => {
                let mut connection = SqliteConnection::connect(&self.url).await?;
                Ok(sqlx::query(sql).execute(&mut connection).await?.rows_affected())
            }
            Home::Server { .. } => {
                let mut connection = PgConnection::connect(&self.unfiltered()).await?;
                Ok(sqlx::query(sql).execute(&mut connection).await?.rows_affected())
            }
        }
    }

    /// Every row that a query finds.
    pub(crate) async fn rows<T>(&self, sql: &str) -> Vec<T>
    where
        T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let sql = AssertSqlSafe(sql.to_owned());
        match self.home {
            Home::Folder { .. } => {
                let mut connection = SqliteConnection::connect(&self.url).await.unwrap();
                sqlx::query_as(sql).fetch_all(&mut connection).await.unwrap()
            }
            Home::Server { .. } => {
                let mut connection = PgConnection::connect(&self.unfiltered()).await.unwrap();
                sqlx::query_as(sql).fetch_all(&mut connection).await.unwrap()
            }
        }
    }

    /// The first text that a query finds.
    pub(crate) async fn text(&self, sql: &str) -> String {
        self.rows::<(String,)>(sql).await.swap_remove(0).0
    }

    /// Whether this text stands anywhere in the database: in the bytes of its file, or in any row of any table, or in a
    /// body that is packed there.
    pub(crate) async fn holds(&self, text: &str) -> bool {
        if self.bodies().await.iter().any(|body| body.contains(text)) {
            return true;
        }
        if let Home::Folder { .. } = self.home {
            let path = self.url.trim_start_matches("sqlite://").split('?').next().unwrap();
            let files = ["", "-wal"].map(|end| std::fs::read(format!("{path}{end}")).unwrap_or_default());
            assert!(!files[0].is_empty(), "there is no file {path}");
            return files.iter().any(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()));
        }
        let columns = self.columns().await;
        let tables: std::collections::BTreeSet<_> =
            columns.iter().filter_map(|column| Some(column.split_once('.')?.0)).collect();
        let mut connection = PgConnection::connect(&self.unfiltered()).await.unwrap();
        for table in tables {
            // Bound, since statements are logged.
            let sql = format!("SELECT count(*) FROM {table} t WHERE strpos(CAST(t AS TEXT), $1) > 0");
            let rows: i64 = sqlx::query_scalar(AssertSqlSafe(sql)).bind(text).fetch_one(&mut connection).await.unwrap();
            if rows > 0 {
                return true;
            }
        }
        false
    }

    /// The bodies of all deliveries, in the order of their ids: not that of their coming while the clock stands still.
    pub(crate) async fn bodies(&self) -> Vec<String> {
        let rows: Vec<(Vec<u8>, bool)> = self.rows("SELECT body, is_packed FROM deliveries ORDER BY id").await;
        let plain = |(body, is_packed): (Vec<u8>, bool)| {
            if is_packed && !body.is_empty() { lz4_flex::decompress_size_prepended(&body).unwrap() } else { body }
        };
        rows.into_iter().map(|row| String::from_utf8_lossy(&plain(row)).into_owned()).collect()
    }

    /// How many rows a table has, or those of it that a condition holds for: `jobs WHERE state = 'dead'`.
    pub(crate) async fn count(&self, rows: &str) -> i64 {
        self.rows::<(i64,)>(&format!("SELECT COUNT(*) FROM {rows}")).await[0].0
    }

    /// Every row of a tenant in every table, byte by byte, each behind the name of its table.
    pub(crate) async fn dump(&self, tenant: docket::domain::ids::TenantId) -> Vec<String> {
        let mut tables = std::collections::BTreeMap::<String, Vec<String>>::new();
        for column in self.columns().await {
            let (table, column) = column.trim_end_matches('?').split_once('.').unwrap();
            tables.entry(table.to_owned()).or_default().push(column.to_owned());
        }
        let mut all = Vec::new();
        for (table, columns) in tables {
            let owner = if table == "tenants" { "id" } else { "tenant_id" };
            if !columns.iter().any(|column| column == owner) {
                continue;
            }
            let rest = format!("FROM {table} AS t WHERE {owner} = '{tenant}' ORDER BY 1");
            let rows: Vec<(String,)> = match self.home {
                Home::Folder { .. } => {
                    let columns: Vec<_> = columns.iter().map(|column| format!("quote(\"{column}\")")).collect();
                    let sql = AssertSqlSafe(format!("SELECT {} {rest}", columns.join(" || ',' || ")));
                    let mut connection = SqliteConnection::connect(&self.url).await.unwrap();
                    sqlx::query_as(sql).fetch_all(&mut connection).await.unwrap()
                }
                Home::Server { .. } => {
                    let sql = AssertSqlSafe(format!("SELECT t::text {rest}"));
                    let mut connection = PgConnection::connect(&self.unfiltered()).await.unwrap();
                    sqlx::query_as(sql).fetch_all(&mut connection).await.unwrap()
                }
            };
            all.extend(rows.into_iter().map(|(row,)| format!("{table}: {row}")));
        }
        all
    }

    /// Keeps every other connection from storing deliveries, as a backup or a stuck program can, until it is dropped.
    pub(crate) async fn lock(&self) -> Lock {
        match &self.home {
            Home::Folder { .. } => {
                let mut connection = SqliteConnection::connect(&self.url).await.unwrap();
                sqlx::query("BEGIN IMMEDIATE").execute(&mut connection).await.unwrap();
                Lock { _sqlite: Some(connection), _postgres: None }
            }
            Home::Server { .. } => {
                let mut connection = PgConnection::connect(&self.unfiltered()).await.unwrap();
                for sql in ["BEGIN", "LOCK TABLE deliveries IN ACCESS EXCLUSIVE MODE"] {
                    sqlx::query(sql).execute(&mut connection).await.unwrap();
                }
                Lock { _sqlite: None, _postgres: Some(connection) }
            }
        }
    }

    /// From now on every new job fails as it does on a full disk: after its delivery was written.
    pub(crate) async fn fill_disk(&self) {
        let statements: &[&str] = match &self.home {
            Home::Folder { .. } => &["CREATE TRIGGER disk_full BEFORE INSERT ON jobs \
                 BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"],
            Home::Server { .. } => &[
                "CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                 RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$",
                "CREATE TRIGGER disk_full BEFORE INSERT ON jobs FOR EACH ROW EXECUTE FUNCTION disk_full()",
            ],
        };
        for sql in statements {
            self.raw(sql).await.unwrap();
        }
    }

    /// Ends [`fill_disk`](Self::fill_disk).
    pub(crate) async fn free_disk(&self) {
        let sql = match &self.home {
            Home::Folder { .. } => "DROP TRIGGER disk_full",
            Home::Server { .. } => "DROP TRIGGER disk_full ON jobs",
        };
        self.raw(sql).await.unwrap();
    }

    /// Gives up on locks after half a second, in connections opened from now on; SQLite has a timeout of its own.
    pub(crate) async fn wait_shortly(&self) -> Self {
        if let Home::Server { name } = &self.home {
            self.raw(&format!("ALTER DATABASE {name} SET lock_timeout = '500ms'")).await.unwrap();
        }
        Self { store: self.another().await, ..self.clone() }
    }

    /// Everything that is stored, as text: the bytes of the file, or every row of every table, and what is packed there.
    pub(crate) async fn everything(&self) -> String {
        let bodies = self.bodies().await.concat();
        let stored = match self.home {
            Home::Folder { .. } => {
                let path = self.url.trim_start_matches("sqlite://");
                let mut bytes = std::fs::read(path).unwrap();
                bytes.extend(std::fs::read(format!("{path}-wal")).unwrap_or_default());
                String::from_utf8_lossy(&bytes).into_owned()
            }
            Home::Server { .. } => {
                let mut connection = PgConnection::connect(&self.unfiltered()).await.unwrap();
                let tables = self.columns().await;
                let tables: std::collections::BTreeSet<&str> =
                    tables.iter().filter_map(|column| Some(column.split_once('.')?.0)).collect();
                let mut all = String::new();
                for table in tables {
                    let sql = AssertSqlSafe(format!("SELECT CAST(t.* AS TEXT) FROM {table} t"));
                    let rows: Vec<(String,)> = sqlx::query_as(sql).fetch_all(&mut connection).await.unwrap();
                    all.extend(rows.into_iter().map(|(row,)| row));
                }
                all
            }
        };
        stored + &bodies
    }

    /// Tables with their columns, as `table.column`.
    pub(crate) async fn columns(&self) -> Vec<String> {
        let sql = match self.home {
            Home::Folder { .. } => {
                "SELECT t.name || '.' || c.name || CASE WHEN c.\"notnull\" = 1 OR c.pk > 0 THEN '' ELSE '?' END \
                 FROM sqlite_master t JOIN pragma_table_info(t.name) c WHERE t.type = 'table' \
                 AND t.name NOT LIKE 'sqlite_%' AND t.name <> '_sqlx_migrations'"
            }
            Home::Server { .. } => {
                "SELECT table_name || '.' || column_name || CASE is_nullable WHEN 'YES' THEN '?' ELSE '' END \
                 FROM information_schema.columns WHERE table_schema = 'public' \
                 AND table_name <> '_sqlx_migrations'"
            }
        };
        let mut columns: Vec<_> = self.rows::<(String,)>(sql).await.into_iter().map(|(name,)| name).collect();
        columns.sort();
        columns
    }
}
