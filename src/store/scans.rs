//! No hot statement reads a whole table of SQLite, or more of one than it needs. (For PostgreSQL,
//! `tests/it/store_scans.rs` counts.)

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use sqlx::{AssertSqlSafe, Connection, Row, Sqlite, SqliteConnection, sqlite::SqliteRow};
use tempfile::TempDir;

use super::{
    Store, accounts, announcements, answers, calls, cards, claims, dialect, drafts, entries, heard, jobs, lessons,
    matches, members, old, patches, plans, progress, projects, requests, routes, schedules, sessions, tokens, trackers,
};

/// What a statement is about, its text, and how often it winds a table, or an index, to its start.
type Hot = (&'static str, &'static str, usize);

/// Those that read all that there is of a tenant, of a project or of a repository.
const WIDE: [&str; 5] =
    // There is never much of it.
    ["accounts", "drafts that are being made", "progress", "projects of a repository", "repositories by name"];

fn around_plans() -> Vec<Hot> {
    vec![
        ("the reach of a patch", dialect::REACH.text("sqlite"), 0),
        ("tasks", dialect::TASKS.text("sqlite"), 0),
        ("dependencies", dialect::DEPENDENCIES.text("sqlite"), 0),
        ("deleting tasks", dialect::DELETE_TASKS.text("sqlite"), 0),
        ("deleting dependencies", dialect::DELETE_DEPENDENCIES.text("sqlite"), 0),
        ("siblings", plans::SIBLINGS_BEFORE, 0),
        ("roots", plans::ROOTS_BEFORE, 0),
        ("assigned tasks", plans::ASSIGNED, 0),
        ("what those wait for", plans::ASSIGNED_DEPENDENCIES, 0),
        ("open patches", patches::OPEN_OF, 0),
        ("the project of a channel", projects::OF_CHANNEL, 0),
    ]
}

fn around_models() -> Vec<Hot> {
    vec![
        ("accounts", accounts::ACCOUNTS, 0),
        ("tokens of a day", calls::TOKENS_SINCE, 0),
        ("tokens of a delivery", calls::TOKENS_OF, 0),
        ("calls", calls::CALLS_SINCE, 0),
        ("lessons", lessons::LESSONS_SINCE, 0),
        ("a route", routes::ROUTE, 0),
        ("routes", routes::ROUTES, 0),
        ("progress", progress::OPEN, 0),
    ]
}

fn around_conversations() -> Vec<Hot> {
    let source = include_str!("cards.rs");
    vec![
        ("a card", inline(source, "card"), 0),
        ("cards of a patch", inline(source, "cards_of"), 0),
        ("the card in a message", inline(source, "card_by_message"), 0),
        ("the card in a thread", inline(source, "card_in_thread"), 0),
        ("cards of a thread", cards::THREAD, 0),
        ("drafts that are being made", cards::DRAFTS, 0),
        ("answers that were sent", answers::SENT_FOR, 0),
        ("lines of the console", entries::SINCE, 0),
        ("schedules of a channel", schedules::OF_CHANNEL, 0),
        ("the digest before", schedules::LAST_POSTED, 0),
        ("the draft in a message", drafts::BY_MESSAGE, 0),
        ("a message", heard::messages::ITSELF, 0),
        ("a withdrawn message", heard::messages::WITHDRAWN, 0),
        ("the thread of a message", heard::messages::THREAD, 0),
        ("what was forgotten", heard::forget::FORGOTTEN, 0),
        ("conversations since", heard::threads::SINCE, 0),
        ("those of a channel", heard::threads::OF_CHANNEL, 0),
        ("those of open channels", heard::threads::IN_THE_OPEN, 0),
        ("their messages", dialect::MESSAGES.text("sqlite"), 0),
        ("what was made of them", dialect::MATCHES.text("sqlite"), 0),
        ("what was made of one", matches::OF_NUMBER, 0),
    ]
}

fn around_trackers() -> Vec<Hot> {
    vec![
        ("a pull request", trackers::pulls::ITSELF, 0),
        ("pull requests that end with a commit", trackers::pulls::WITH_HEAD, 0),
        ("open pull requests", trackers::pulls::OPEN_OF, 0),
        ("pull requests about a task", trackers::pulls::OF_TASK, 0),
        ("pull requests behind a patch", trackers::pulls::OF_PATCH, 0),
        ("the message of a pull request", announcements::BY_MESSAGE, 0),
        ("lines in its thread", announcements::LINES_SINCE, 0),
        ("projects of a repository", trackers::repositories::PROJECTS, 0),
        ("repositories by name", trackers::repositories::LIKE, 0),
    ]
}

/// What is asked before it is known whose a request is, and by whom.
fn at_the_doors() -> Vec<Hot> {
    let (hooks, tenants, connections) =
        (include_str!("hooks.rs"), include_str!("tenants.rs"), include_str!("connections.rs"));
    vec![
        ("whose an organisation is", inline(tenants, "tenant_of"), 0),
        ("whether there is one", inline(tenants, "is_installed"), 0),
        ("whose an installation is", inline(hooks, "tenant_of_realm"), 0),
        ("whose a repository is", inline(hooks, "tenants_of_repository"), 0),
        ("who knows a login", inline(hooks, "tenants_of_login"), 0),
        ("what webhooks are signed with", inline(hooks, "hook_secrets"), 0),
        ("a connection", inline(connections, "connection"), 0),
        ("the lease of a connection", inline(connections, "lease_connection"), 0),
        ("a person", members::BY_IDENTITY, 0),
        ("a session", sessions::BY_TOKEN, 0),
        ("a token", tokens::BY_HASH, 0),
        ("an answered request", requests::ANSWER, 0),
    ]
}

fn around_jobs() -> Vec<Hot> {
    let (deliveries, queueing) = (include_str!("deliveries.rs"), include_str!("jobs.rs"));
    vec![
        ("the end of a delivery", inline(deliveries, "finish_delivery"), 0),
        ("whether it came", inline(deliveries, "is_handled"), 0),
        // The number of the next one stands in a table that has a line for each table.
        ("a job", inline(queueing, "insert_job"), 1),
        ("when to look for jobs", jobs::SOONEST, 0),
        ("claiming", dialect::CLAIM.text("sqlite"), 0),
        ("keeping", claims::KEEP, 0),
        ("what is done", dialect::FORGET_DONE.text("sqlite"), 0),
        ("what is tried again", claims::WAIT_AGAIN, 0),
        ("what is given up", claims::BURY, 0),
        ("schedules that are due", schedules::DUE, 0),
        ("the next of them", schedules::NEXT_SLOT, 0),
        ("drafts that are due", drafts::OFFERING, 0),
    ]
}

fn tidying() -> Vec<Hot> {
    vec![
        ("old webhooks", inline(include_str!("hooks.rs"), "forget_webhooks"), 0),
        ("old requests of people", old::REQUESTS, 0),
        ("old answers", old::ANSWERS, 0),
        ("dead jobs", old::JOBS, 0),
        ("old requests of programs", requests::OLD, 0),
        ("old messages", heard::forget::OLD, 0),
        ("deliveries of messages", heard::forget::HEARD, 0),
        ("what was made of those that are gone", matches::OLD, 0),
        // The oldest stand at the start of an index.
        ("what deliveries said", heard::forget::BODIES, 1),
        ("old drafts", drafts::OLD, 1),
        ("sessions that nobody uses", sessions::UNUSED, 1),
        ("sessions that lasted long", sessions::OUTLIVED, 1),
        ("flows that did not come back", sessions::STALE_FLOWS, 1),
        ("old tickets", sessions::STALE_TICKETS, 1),
    ]
}

fn hot() -> Vec<Hot> {
    let all = [
        around_plans(),
        around_models(),
        around_conversations(),
        around_trackers(),
        at_the_doors(),
        around_jobs(),
        tidying(),
    ];
    all.concat()
}

/// The statement that stands in a method of another module, as it stands there: the first of it.
fn inline(source: &'static str, method: &str) -> &'static str {
    let statement = || {
        let (_, behind) = source.split_once(&format!("fn {method}("))?;
        let (body, _) = behind.split_once("\n}\n").unwrap_or((behind, ""));
        let (body, _) = body.split_once("\n    }\n").unwrap_or((body, ""));
        body.split('"')
            .find(|text| ["SELECT ", "INSERT ", "UPDATE ", "DELETE "].iter().any(|verb| text.starts_with(verb)))
    };
    statement().unwrap_or_else(|| panic!("there is no statement in {method}"))
}

/// An empty database; it goes with the folder.
async fn empty() -> (TempDir, SqliteConnection) {
    let folder = TempDir::new().unwrap();
    let url = format!("sqlite://{}", folder.path().join("docket.db").display());
    let store = Store::open(&url).await.unwrap();
    store.migrate().await.unwrap();
    store.close().await;
    (folder, SqliteConnection::connect(&url).await.unwrap())
}

/// What SQLite makes of a statement.
async fn explain(connection: &mut SqliteConnection, how: &str, sql: &str) -> Vec<SqliteRow> {
    // In a source file its lines end as the compiler joins them.
    let sql = format!("{how} {}", sql.replace("\\\n", "\n"));
    sqlx::query(AssertSqlSafe(sql)).fetch_all(connection).await.unwrap()
}

/// How often the compiled statement winds a table, or an index, to its start to read it through.
async fn scans(connection: &mut SqliteConnection, sql: &str) -> usize {
    let program = explain(connection, "EXPLAIN", sql).await;
    let step = |row: &SqliteRow| (row.get::<String, _>("opcode"), row.get::<i64, _>("p1"));
    let steps: Vec<_> = program.iter().map(step).collect();
    let opens = |opcode: &str| matches!(opcode, "OpenRead" | "OpenWrite" | "ReopenIdx");
    let stored: BTreeSet<i64> = steps.iter().filter(|(opcode, _)| opens(opcode)).map(|(_, cursor)| *cursor).collect();
    steps
        .iter()
        .filter(|(opcode, cursor)| matches!(opcode.as_str(), "Rewind" | "Last") && stored.contains(cursor))
        .count()
}

/// The conditions by which a statement finds what it looks for, a look a line: `tenant_id=? AND number=?`. Where an index
/// holds only the rows of one state or kind, that comes last: `tenant_id=? AND state = 'open'`.
async fn looks(connection: &mut SqliteConnection, sql: &str) -> Vec<String> {
    let partial = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql LIKE '%WHERE % = %'";
    let partial: Vec<(String, String)> = sqlx::query_as(partial).fetch_all(&mut *connection).await.unwrap();
    let plan = explain(connection, "EXPLAIN QUERY PLAN", sql).await;
    let steps = plan.iter().map(|row| row.get::<String, _>("detail")).filter(|step| step.starts_with("SEARCH "));
    let look = |step: String| {
        let (how, by) = step.split_once(" (").unwrap_or_default();
        let by = by.trim_end_matches(" LEFT-JOIN").trim_end_matches(')');
        let index = partial.iter().find(|(index, _)| how.split(' ').any(|word| word == index));
        let some = index.and_then(|(_, sql)| sql.split_once("WHERE "));
        some.map_or_else(|| by.to_owned(), |(_, some)| format!("{by} AND {some}"))
    };
    steps.map(look).collect()
}

/// Whether a look finds all that there is of a tenant, of a project or of a repository.
fn is_wide(look: &str) -> bool {
    let mut conditions = look.split(" AND ");
    conditions.all(|condition| ["tenant_id=?", "project_id=?", "repository_id=?"].contains(&condition))
}

/// Fills a database with a plan of so many tasks, ten by ten: the first of each ten holds the others, and each of those
/// waits for the one before it.
async fn plan(connection: &mut SqliteConnection, tasks: u32) {
    let sql = format!(
        "BEGIN;
         INSERT INTO tenants (id, name, created_at) VALUES ('t', 'Acme', 0);
         INSERT INTO projects (tenant_id, id, key, title, summary, lifecycle, revision, next_number, created_at,
             updated_at)
         VALUES ('t', 'p', 'AUTH', '', '', 'active', 1, 1, 0, 0);
         WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {tasks})
         INSERT INTO tasks (tenant_id, project_id, number, parent, rank, title, description, acceptance, status,
             priority, links, version)
         SELECT 't', 'p', n, CASE WHEN n % 10 <> 1 THEN n - (n - 1) % 10 END, '80', '', '', '[]', 'todo',
             'normal', '[]', 1 FROM n;
         INSERT INTO task_dependencies (tenant_id, project_id, task, depends_on)
         SELECT 't', 'p', number, number - 1 FROM tasks WHERE parent IS NOT NULL;
         COMMIT;"
    );
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.unwrap();
}

/// How many steps SQLite takes for a statement, as it counts them itself: about the instructions of its program.
async fn steps(connection: &mut SqliteConnection, sql: &'static str, arguments: &[&'static str]) -> u64 {
    let taken = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&taken);
    let count = move || {
        counter.fetch_add(1, Ordering::Relaxed);
        true
    };
    connection.lock_handle().await.unwrap().set_progress_handler(1, count);
    let mut query = sqlx::query::<Sqlite>(sql);
    for argument in arguments {
        query = query.bind(*argument);
    }
    query.fetch_all(&mut *connection).await.unwrap();
    connection.lock_handle().await.unwrap().remove_progress_handler();
    taken.load(Ordering::Relaxed)
}

#[tokio::test]
async fn sqlite_runs_every_hot_statement_by_an_index() {
    let (_folder, mut connection) = empty().await;
    for (what, sql, expected) in hot() {
        assert_eq!(scans(&mut connection, sql).await, expected, "{what}");
    }
    assert_eq!(scans(&mut connection, "SELECT number FROM tasks WHERE title = 'x'").await, 1);
}

#[tokio::test]
async fn sqlite_reads_all_of_a_tenant_or_a_project_only_where_it_is_said() {
    let (_folder, mut connection) = empty().await;
    let mut wide = BTreeSet::new();
    for (what, sql, _) in hot() {
        if looks(&mut connection, sql).await.iter().any(|look| is_wide(look)) {
            wide.insert(what);
        }
    }
    assert_eq!(wide, BTreeSet::from(WIDE));
}

#[tokio::test]
async fn sqlite_takes_as_many_steps_for_a_patch_however_large_the_plan_is() {
    // 41 holds those up to 50, on which nothing hangs.
    let asked: [(&str, &[&str]); 5] = [
        (dialect::REACH.text("sqlite"), &["t", "p", "[45]", "[41]", "[45]", "[41]"]),
        (dialect::TASKS.text("sqlite"), &["t", "p", "[44, 45]"]),
        (dialect::DEPENDENCIES.text("sqlite"), &["t", "p", "[44, 45]"]),
        (dialect::DELETE_DEPENDENCIES.text("sqlite"), &["t", "p", "[50]"]),
        (dialect::DELETE_TASKS.text("sqlite"), &["t", "p", "[50]"]),
    ];
    let (_folder, mut small) = empty().await;
    plan(&mut small, 100).await;
    let (_other, mut large) = empty().await;
    plan(&mut large, 5_000).await;
    for (sql, arguments) in asked {
        let found = looks(&mut large, sql).await;
        let is_narrow = |look: &String| look.matches("=?").count() >= 3;
        assert!(!found.is_empty() && found.iter().all(is_narrow), "{found:?}: {sql}");
        let expected = steps(&mut small, sql, arguments).await;
        assert_eq!(steps(&mut large, sql, arguments).await, expected, "{sql}");
    }
    // It would be seen.
    let all = "SELECT task FROM task_dependencies WHERE tenant_id = $1 AND project_id = $2";
    assert!(looks(&mut large, all).await.iter().any(|look| is_wide(look)));
    assert!(steps(&mut large, all, &["t", "p"]).await > 10 * steps(&mut small, all, &["t", "p"]).await);
}

/// Fills a database with so many jobs of one order, of which the first runs.
async fn flood(connection: &mut SqliteConnection, jobs: u32) {
    let sql = format!(
        "BEGIN;
         INSERT INTO tenants (id, name, created_at) VALUES ('t', 'Acme', 0);
         WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {jobs})
         INSERT INTO jobs (id, tenant_id, kind, payload, state, run_at, due_at, max_attempts, ordering_key, class)
         SELECT 'job ' || n, 't', 'handle_delivery', '{{}}', CASE n WHEN 1 THEN 'running' ELSE 'waiting' END, n,
             CASE n WHEN 1 THEN 1000000 ELSE n END, 9, 'github:1', 2 FROM n;
         COMMIT;"
    );
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.unwrap();
}

#[tokio::test]
async fn sqlite_takes_as_many_steps_for_a_claim_however_many_jobs_wait_for_one() {
    let (_folder, mut small) = empty().await;
    flood(&mut small, 1_000).await;
    let (_other, mut large) = empty().await;
    flood(&mut large, 10_000).await;
    let (claim, arguments) = (dialect::CLAIM.text("sqlite"), ["500000", "88", "w", "2000000", "2"]);
    let expected = steps(&mut small, claim, &arguments).await;
    assert!(expected > 1_000, "it looks at a share of them: {expected}");
    assert_eq!(steps(&mut large, claim, &arguments).await, expected);
}
