//! The power goes for the whole machine: what the disk holds is all there is.
//!
//! A process that is killed leaves what it wrote with the operating system; a machine that loses its power leaves what was
//! synced. So the files of SQLite are copied while the program stands still in the middle of its work, and what it wrote
//! to its log since what was acknowledged is torn; and PostgreSQL, which syncs, is killed with everybody who works for it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use crate::support::{
    binary::Binary,
    cluster::Cluster,
    crowd::{Crowd, Rush, any, millis},
    db::TestDb,
    peers::{missing, note},
    servers::Servers,
    sound,
};

use super::story_binary::with_slack;

/// What comes in meanwhile.
const RUSH: Rush = Rush { plans: 3, estimates: 8, decisions: 6, webhooks: 25 };
/// How often the files are copied.
const COPIES: usize = 5;
/// How often PostgreSQL is killed.
const KILLS: usize = 3;

/// What a log of SQLite begins with (sqlite.org/fileformat2.html, "The WAL File Format").
const WAL_HEADER: usize = 32;
/// What a frame of it begins with.
const FRAME_HEADER: usize = 24;

/// How far a log of SQLite is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Written {
    /// Changes whenever it begins anew.
    salt: [u8; 8],
    bytes: usize,
}

impl Written {
    /// Frames that carry the log's own salt follow each other; those behind are of a log before it.
    fn of(wal: &[u8]) -> Self {
        let salt: [u8; 8] = wal[16..24].try_into().unwrap();
        let page = u32::from_be_bytes(wal[8..12].try_into().unwrap());
        let frame = FRAME_HEADER + usize::try_from(page).unwrap();
        let own = wal[WAL_HEADER..].chunks(frame).take_while(|frame| frame.get(8..16) == Some(&salt[..]));
        Self { salt, bytes: WAL_HEADER + own.count() * frame }
    }
}

fn wal(database: &Path) -> PathBuf {
    database.with_extension("db-wal")
}

/// Copies the database as it is, without what was not synced for certain: its log is torn somewhere behind what was
/// written `before`. Says whether there was something to tear.
fn copy(database: &Path, folder: &Path, before: Written) -> bool {
    let to = folder.join("docket.db");
    fs::copy(database, &to).unwrap();
    let mut log = fs::read(wal(database)).unwrap();
    let now = Written::of(&log);
    // A log that began anew since did so once all of the last one was synced into the database.
    let kept = if now.salt == before.salt { before.bytes } else { WAL_HEADER };
    let torn = now.bytes.saturating_sub(kept);
    if torn > 0 {
        log[kept + any(torn)..].fill(0);
    }
    fs::write(wal(&to), log).unwrap();
    torn > 0
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_of_sqlite_that_are_copied_mid_write_hold_everything_acknowledged() {
    let db = TestDb::in_file().await;
    let mut servers = Servers::open(&db).await;
    let database = PathBuf::from(db.url.trim_start_matches("sqlite://"));
    let (mut copies, mut torn) = (Vec::new(), 0);
    for _ in 0..COPIES {
        let coming = servers.crowd.rush(RUSH);
        tokio::time::sleep(millis(60 + any(200))).await;
        let program = &servers.running[0];
        program.send("STOP");
        let (promised, before) = (servers.crowd.heard().promised, Written::of(&fs::read(wal(&database)).unwrap()));
        program.send("CONT");
        tokio::time::sleep(millis(any(60))).await;
        program.send("STOP");
        let folder = TempDir::new().unwrap();
        torn += usize::from(copy(&database, folder.path(), before));
        program.send("CONT");
        coming.join_all().await;
        copies.push((folder, promised));
    }
    servers.sound().await;
    servers.running.clear();
    assert!(torn > 0, "no copy was taken in the middle of anything");
    let counts: Vec<usize> = copies.iter().map(|(_, promised)| promised.len()).collect();
    for (folder, promised) in copies {
        let copy = TestDb::of_folder(folder).await;
        assert_eq!(copy.text("PRAGMA integrity_check").await, "ok");
        sound::kept(&copy, &promised).await;
        sound::database(&copy).await;
        // It goes on from there, in a Slack that knows nothing of it.
        let (crowd, logs) = (Crowd::gather().await, TempDir::new().unwrap());
        let program = Binary::start(&with_slack(&copy, &crowd.slack, logs.path())).await;
        sound::settled(&copy).await;
        sound::handled(&copy, &promised).await;
        sound::database(&copy).await;
        drop(program);
        copy.store.close().await;
    }
    note(&format!("{COPIES} copies of SQLite's files, {torn} torn, with {counts:?} acknowledged requests in them"));
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgresql_that_loses_its_power_has_everything_acknowledged_and_docket_goes_on_by_itself() {
    let mut cluster = match Cluster::start(true).await {
        Ok(cluster) => cluster,
        Err(why) => return missing(&format!("not run on PostgreSQL: {why}")),
    };
    let db = TestDb::on(&cluster).await;
    let mut servers = Servers::open(&db).await;
    for _ in 0..KILLS {
        let coming = servers.crowd.rush(RUSH);
        tokio::time::sleep(millis(60 + any(300))).await;
        cluster.kill();
        let promised = servers.crowd.heard().promised;
        tokio::time::sleep(millis(any(500))).await;
        cluster.again().await;
        servers.note_standing().await;
        sound::kept(&db, &promised).await;
        coming.join_all().await;
    }
    let (cards, answers) = servers.sound().await;
    let heard = servers.crowd.heard();
    assert!(heard.refused > 0, "nobody was refused while PostgreSQL was away");
    note(&format!(
        "{KILLS} deaths of PostgreSQL: {} requests acknowledged, {} refused with 503, the slowest answer after {:?}, \
         {cards} cards and {answers} answers given twice",
        heard.promised.len(),
        heard.refused,
        heard.slowest,
    ));
}
