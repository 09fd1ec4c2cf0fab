//! SQLite's write-ahead log is moved into the file beside whoever writes, and not within their commits.
//!
//! By itself SQLite moves it every 4 MB, in the commit that reaches them: everybody waits for it meanwhile, and a page that
//! many commits touch is written that often. Moved four times a second, such a page is written once for all of them.

use std::time::Duration;

use sqlx::SqlitePool;

/// How often it is moved.
const EVERY: Duration = Duration::from_millis(250);

/// How long the log gets, in pages of 4 KiB, before the writer is kept waiting until all of it is moved, for it begins
/// anew only then.
const LONG: i64 = 8 * 1024;

/// How long it may get, in pages, where this does not keep up: then SQLite moves it within a commit.
pub(super) const LONGEST: &str = "32768";

/// Moves the log, for ever.
pub(super) async fn keep_short(readers: SqlitePool, writer: SqlitePool) {
    let mut pages = 0;
    loop {
        tokio::time::sleep(EVERY).await;
        match shorten(&readers, &writer, pages).await {
            Ok(in_log) => pages = in_log,
            Err(sqlx::Error::PoolClosed) => return,
            // Nothing is lost: it stays in the log.
            Err(error) => tracing::warn!(%error, "SQLite's log could not be moved into its file; trying again"),
        }
    }
}

/// Moves the log, and says how many pages it takes; the last time these were `before`.
async fn shorten(readers: &SqlitePool, writer: &SqlitePool, before: i64) -> sqlx::Result<i64> {
    // Passive: neither waits for anybody nor keeps anybody waiting.
    const MOVE: &str = "PRAGMA wal_checkpoint(PASSIVE)";
    let (_, in_log, _): (i64, i64, i64) = sqlx::query_as(MOVE).fetch_one(readers).await?;
    // Whoever writes next begins a log anew of which all was moved. Something is always written meanwhile, until the
    // writer itself moves the little that is left.
    if in_log > LONG && in_log != before {
        sqlx::query(MOVE).execute(writer).await?;
    }
    Ok(in_log)
}

#[cfg(test)]
mod tests {
    use crate::{clock::Chance, store::Store};

    #[tokio::test]
    async fn the_log_stays_short_however_much_is_written_without_a_pause() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("docket.db");
        let store = Store::open(&format!("sqlite://{}", file.display())).await.unwrap();
        store.migrate().await.unwrap();
        let chance = Chance::system();
        let name = "Acme ".repeat(40_000);
        for _ in 0..1_200 {
            store.create_tenant(&name, &chance).await.unwrap();
        }
        let log = std::fs::metadata(folder.path().join("docket.db-wal")).unwrap().len();
        store.close().await;
        let all = std::fs::metadata(&file).unwrap().len();
        // Without it the log takes the 128 MB that SQLite itself lets it have.
        assert!(all > 200 << 20, "{all} bytes were written");
        assert!(log < 96 << 20, "the log takes {log} bytes");
    }
}
