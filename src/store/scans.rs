//! No hot statement reads a whole table of SQLite. (For PostgreSQL, `tests/it/store_scans.rs` counts.)

use std::collections::BTreeSet;

use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection};

use super::{
    Store, accounts, announcements, calls, cards, dialect, drafts, heard, lessons, matches, plans, progress, requests,
    routes, schedules, tokens, trackers,
};

/// How often the compiled statement winds a table, or an index, to its start to read it through.
async fn scans(connection: &mut SqliteConnection, sql: &str) -> usize {
    let program = sqlx::query(AssertSqlSafe(format!("EXPLAIN {sql}"))).fetch_all(connection).await.unwrap();
    let step = |row: &sqlx::sqlite::SqliteRow| (row.get::<String, _>("opcode"), row.get::<i64, _>("p1"));
    let steps: Vec<_> = program.iter().map(step).collect();
    let opens = |opcode: &str| matches!(opcode, "OpenRead" | "OpenWrite" | "ReopenIdx");
    let stored: BTreeSet<i64> = steps.iter().filter(|(opcode, _)| opens(opcode)).map(|(_, cursor)| *cursor).collect();
    steps
        .iter()
        .filter(|(opcode, cursor)| matches!(opcode.as_str(), "Rewind" | "Last") && stored.contains(cursor))
        .count()
}

#[tokio::test]
async fn sqlite_runs_every_hot_statement_by_an_index() {
    let folder = tempfile::TempDir::new().unwrap();
    let url = format!("sqlite://{}", folder.path().join("docket.db").display());
    let store = Store::open(&url).await.unwrap();
    store.migrate().await.unwrap();
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    let statements = [
        ("the reach of a patch", dialect::REACH.text("sqlite"), 0),
        ("tasks", dialect::TASKS.text("sqlite"), 0),
        ("dependencies", dialect::DEPENDENCIES.text("sqlite"), 0),
        ("deleting tasks", dialect::DELETE_TASKS.text("sqlite"), 0),
        ("deleting dependencies", dialect::DELETE_DEPENDENCIES.text("sqlite"), 0),
        ("siblings", plans::SIBLINGS_BEFORE, 0),
        ("roots", plans::ROOTS_BEFORE, 0),
        ("assigned tasks", plans::ASSIGNED, 0),
        ("what those wait for", plans::ASSIGNED_DEPENDENCIES, 0),
        ("accounts", accounts::ACCOUNTS, 0),
        ("tokens of a day", calls::TOKENS_SINCE, 0),
        ("tokens of a delivery", calls::TOKENS_OF, 0),
        ("calls", calls::CALLS_SINCE, 0),
        ("lessons", lessons::LESSONS_SINCE, 0),
        ("a route", routes::ROUTE, 0),
        ("routes", routes::ROUTES, 0),
        ("progress", progress::OPEN, 0),
        ("cards of a thread", cards::THREAD, 0),
        ("the message of a pull request", announcements::BY_MESSAGE, 0),
        ("lines in its thread", announcements::LINES_SINCE, 0),
        ("schedules of a channel", schedules::OF_CHANNEL, 0),
        ("the digest before", schedules::LAST_POSTED, 0),
        ("schedules that are due", schedules::DUE, 0),
        ("the draft in a message", drafts::BY_MESSAGE, 0),
        ("repositories by name", trackers::repositories::LIKE, 0),
        ("a token", tokens::BY_HASH, 0),
        ("a message", heard::messages::ITSELF, 0),
        ("a withdrawn message", heard::messages::WITHDRAWN, 0),
        ("what was forgotten", heard::forget::FORGOTTEN, 0),
        ("old messages", heard::forget::OLD, 0),
        ("deliveries of messages", heard::forget::HEARD, 0),
        ("conversations since", heard::threads::SINCE, 0),
        ("those of a channel", heard::threads::OF_CHANNEL, 0),
        ("those of open channels", heard::threads::IN_THE_OPEN, 0),
        ("their messages", dialect::MESSAGES.text("sqlite"), 0),
        ("what was made of them", dialect::MATCHES.text("sqlite"), 0),
        ("what was made of one", matches::OF_NUMBER, 0),
        ("what was made of those that are gone", matches::OLD, 0),
        ("an answered request", requests::ANSWER, 0),
        ("old requests", requests::OLD, 0),
        ("drafts that are being made", cards::DRAFTS, 0),
        // The oldest stand at the start of an index.
        ("what deliveries said", heard::forget::BODIES, 1),
        ("old drafts", drafts::OLD, 1),
        ("claiming", dialect::CLAIM.text("sqlite"), 0),
    ];
    for (what, sql, expected) in statements {
        assert_eq!(scans(&mut connection, sql).await, expected, "{what}");
    }
    assert_eq!(scans(&mut connection, "SELECT number FROM tasks WHERE title = 'x'").await, 1);
    store.close().await;
}
