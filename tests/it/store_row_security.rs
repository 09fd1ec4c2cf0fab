//! PostgreSQL's own wall between tenants, as the ordinary role meets it that Docket connects as: whatever a statement
//! says, it sees and writes the rows of the tenant that its transaction is set to.

use docket::{domain::ids::TenantId, store::Store};
use sqlx::{AssertSqlSafe, Connection, PgConnection, postgres::PgPoolOptions};

use crate::{
    store_tenancy::{self, Full},
    support::{
        binary::{Binary, Settings},
        db::{TestDb, on_postgres, on_sqlite},
        peers, sample, secrets,
    },
};

/// What PostgreSQL answers to a row that would leave its tenant.
const REFUSED: &str = "new row violates row-level security policy";

/// A connection of the ordinary role on which no tenant is set.
async fn connect(db: &TestDb) -> PgConnection {
    PgConnection::connect(&db.url).await.unwrap()
}

/// Begins as the store does, for this tenant.
async fn begin(connection: &mut PgConnection, tenant: TenantId) {
    let begin = format!("BEGIN; SET LOCAL docket.tenant = '{tenant}'");
    sqlx::raw_sql(AssertSqlSafe(begin)).execute(connection).await.unwrap();
}

async fn rollback(connection: &mut PgConnection) {
    sqlx::query("ROLLBACK").execute(connection).await.unwrap();
}

async fn count(connection: &mut PgConnection, table: &str) -> i64 {
    let sql = AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
    sqlx::query_scalar(sql).fetch_one(connection).await.unwrap()
}

/// The tables with rows of tenants, each with the column that names the tenant.
async fn tables(connection: &mut PgConnection) -> Vec<(String, String)> {
    const SQL: &str = "SELECT table_name::text, column_name::text FROM information_schema.columns \
        WHERE table_schema = 'public' AND (column_name = 'tenant_id' OR (table_name, column_name) = ('tenants', 'id')) \
        ORDER BY 1";
    sqlx::query_as(SQL).fetch_all(connection).await.unwrap()
}

/// The tables with rows of tenants that the wall does not go around: without row-level security, not forced on their
/// owner, or with other policies than the one.
async fn unprotected(connection: &mut PgConnection) -> Vec<String> {
    let mut found = Vec::new();
    for (table, owner) in tables(connection).await {
        let policies: Vec<(String, String, bool)> = sqlx::query_as(
            "SELECT polname::text, coalesce(pg_get_expr(polqual, polrelid), '') || coalesce(pg_get_expr(polwithcheck, \
             polrelid), ''), polcmd = '*' AND polpermissive AND polroles = '{0}' FROM pg_policy \
             WHERE polrelid = $1::regclass",
        )
        .bind(&table)
        .fetch_all(&mut *connection)
        .await
        .unwrap();
        let (enabled, forced): (bool, bool) =
            sqlx::query_as("SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = $1::regclass")
                .bind(&table)
                .fetch_one(&mut *connection)
                .await
                .unwrap();
        let setting = "current_setting('docket.tenant'::text, true)";
        let rule = format!("(({owner} = {setting}) OR ({setting} = '*'::text))");
        if !enabled || !forced || policies != [("of_its_tenant".to_owned(), rule, true)] {
            found.push(table);
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_wall_goes_around_every_table_of_tenants() {
    on_postgres(async |db: &TestDb| {
        let mut connection = connect(db).await;
        assert!(tables(&mut connection).await.len() > 20);
        assert_eq!(unprotected(&mut connection).await, [""; 0], "call keep_to_tenant() in its migration");

        // It would be seen, and so would every way of leaving a gap.
        db.raw("CREATE TABLE planted (tenant_id TEXT NOT NULL, id TEXT NOT NULL)").await.unwrap();
        assert_eq!(unprotected(&mut connection).await, ["planted"]);
        db.raw("SELECT keep_to_tenant('planted')").await.unwrap();
        assert_eq!(unprotected(&mut connection).await, [""; 0]);
        for (gap, mended) in [
            ("ALTER TABLE planted NO FORCE ROW LEVEL SECURITY", "ALTER TABLE planted FORCE ROW LEVEL SECURITY"),
            ("ALTER TABLE planted DISABLE ROW LEVEL SECURITY", "ALTER TABLE planted ENABLE ROW LEVEL SECURITY"),
            ("CREATE POLICY open ON planted USING (true)", "DROP POLICY open ON planted"),
            ("ALTER POLICY of_its_tenant ON planted WITH CHECK (true)", "DROP TABLE planted"),
        ] {
            db.raw(gap).await.unwrap();
            assert_eq!(unprotected(&mut connection).await, ["planted"], "{gap}");
            db.raw(mended).await.unwrap();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_forgets_its_tenant_sees_nothing_of_others() {
    on_postgres(async |db: &TestDb| {
        let Full { tenant, .. } = store_tenancy::fill(db).await;
        let stranger = db.store.create_tenant("Strangers", &db.chance).await.unwrap();
        let mut connection = connect(db).await;
        for (table, owner) in tables(&mut connection).await {
            let all = db.count(&format!("{table} WHERE {owner} = '{tenant}'")).await;
            assert!(all > 0, "{table} is empty: fill it in store_tenancy");
            // Without the setting: nothing.
            assert_eq!(count(&mut connection, &table).await, 0, "{table}, nobody");
            // With it: the tenant's own, although the statement names no tenant.
            begin(&mut connection, tenant).await;
            assert_eq!(count(&mut connection, &table).await, all, "{table}, its tenant");
            rollback(&mut connection).await;
            begin(&mut connection, stranger).await;
            let own = i64::from(table == "tenants");
            assert_eq!(count(&mut connection, &table).await, own, "{table}, a stranger");
            rollback(&mut connection).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_row_of_another_tenant_can_be_written() {
    on_postgres(async |db: &TestDb| {
        let Full { tenant, .. } = store_tenancy::fill(db).await;
        let stranger = db.store.create_tenant("Strangers", &db.chance).await.unwrap();
        // What the trail refuses to everybody says nothing of this wall.
        db.raw("ALTER TABLE audit DISABLE TRIGGER USER").await.unwrap();
        let mut connection = connect(db).await;
        for (table, owner) in tables(&mut connection).await {
            begin(&mut connection, tenant).await;
            let row = format!("SELECT row_to_json(t)::text FROM {table} t LIMIT 1");
            let row: String = sqlx::query_scalar(AssertSqlSafe(row)).fetch_one(&mut connection).await.unwrap();
            rollback(&mut connection).await;

            // Neither changed nor deleted, because it is not there.
            for sql in [
                format!("UPDATE {table} SET {owner} = {owner} WHERE {owner} = '{tenant}'"),
                format!("DELETE FROM {table} WHERE {owner} = '{tenant}'"),
            ] {
                begin(&mut connection, stranger).await;
                let done = sqlx::query(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
                assert_eq!(done.rows_affected(), 0, "{table}");
                rollback(&mut connection).await;
            }
            // Neither made for another, nor given away.
            let row = row.replace('\'', "''");
            let made = format!(
                "INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM json_populate_record(NULL::{table}, '{row}')"
            );
            let given = format!("UPDATE {table} SET {owner} = '{stranger}'");
            for (who, sql) in [(stranger, made), (tenant, given)] {
                begin(&mut connection, who).await;
                let error = sqlx::query(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap_err().to_string();
                assert!(error.contains(REFUSED), "{table}: {error}");
                rollback(&mut connection).await;
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_user_of_a_connection_starts_with_nothing() {
    on_postgres(async |db: &TestDb| {
        let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
        // One connection, which everybody gets in turn.
        let pool = PgPoolOptions::new().max_connections(1).connect(&db.url).await.unwrap();
        for ended_well in [true, false] {
            let begin = AssertSqlSafe(format!("BEGIN; SET LOCAL docket.tenant = '{tenant}'"));
            let mut tx = pool.begin_with(begin).await.unwrap();
            assert_eq!(count(&mut tx, "members").await, 1);
            if ended_well {
                tx.commit().await.unwrap();
            } else {
                drop(tx);
            }
            let mut next = pool.acquire().await.unwrap();
            assert_eq!(count(&mut next, "members").await, 0);
            let left: Option<String> = sqlx::query_scalar("SELECT current_setting('docket.tenant', true)")
                .fetch_one(&mut *next)
                .await
                .unwrap();
            assert_eq!(left.unwrap_or_default(), "");
        }
        pool.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_that_the_wall_does_not_hold_back_is_told_of() {
    on_sqlite(async |db: &TestDb| assert!(!db.store.bypasses_row_security().await.unwrap())).await;
    on_postgres(async |db: &TestDb| {
        assert!(!db.store.bypasses_row_security().await.unwrap());
        let folder = tempfile::TempDir::new().unwrap();
        let doctor = |url: &str| {
            let output = Settings::new(url, folder.path()).command(&["doctor"]).output().map(secrets::checked).unwrap();
            String::from_utf8(output.stdout).unwrap()
        };
        let told = doctor(&db.url);
        assert!(told.contains("✓ database    row-level security keeps each transaction to its tenant"), "{told}");

        let Some(superuser) = db.as_superuser().await else {
            return peers::note("no superuser of the given server: its warning was not looked at");
        };
        let store = Store::open_with(&superuser, 1).await.unwrap();
        assert!(store.bypasses_row_security().await.unwrap());
        store.close().await;
        let told = doctor(&superuser);
        assert!(told.contains("– database    its role is a superuser or has BYPASSRLS"), "{told}");
        assert!(told.contains("NOSUPERUSER NOBYPASSRLS"), "{told}");

        let settings = Settings::new(&superuser, folder.path());
        Binary::start(&settings).await.terminate();
        let log = std::fs::read_to_string(&settings.log).unwrap();
        assert!(log.contains("WARN") && log.contains("has BYPASSRLS"), "{log}");
        assert!(log.contains("NOSUPERUSER NOBYPASSRLS"), "{log}");
    })
    .await;
}
