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
    loop {
        tokio::time::sleep(EVERY).await;
        match shorten(&readers, &writer).await {
            Ok(()) => {}
            Err(sqlx::Error::PoolClosed) => return,
            // Nothing is lost: it stays in the log.
            Err(error) => tracing::warn!(%error, "SQLite's log could not be moved into its file; trying again"),
        }
    }
}

async fn shorten(readers: &SqlitePool, writer: &SqlitePool) -> sqlx::Result<()> {
    // Passive: neither waits for anybody nor keeps anybody waiting.
    const MOVE: &str = "PRAGMA wal_checkpoint(PASSIVE)";
    let (_, in_log, _): (i64, i64, i64) = sqlx::query_as(MOVE).fetch_one(readers).await?;
    if in_log > LONG {
        // What came in meanwhile is little, and nothing comes in while the writer does this.
        sqlx::query(MOVE).execute(writer).await?;
    }
    Ok(())
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
        let name = "Acme ".repeat(200_000);
        for _ in 0..200 {
            store.create_tenant(&name, &chance).await.unwrap();
        }
        let log = std::fs::metadata(folder.path().join("docket.db-wal")).unwrap().len();
        store.close().await;
        let all = std::fs::metadata(&file).unwrap().len();
        assert!(all > 190 << 20, "{all} bytes were written");
        assert!(log < 160 << 20, "the log takes {log} bytes");
    }
}
