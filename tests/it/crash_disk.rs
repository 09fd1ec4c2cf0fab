//! There is no space left, or Docket is asked to stop, while much comes in.

use std::process::Command;

use crate::support::{
    crowd::{Rush, any, millis},
    db::{TestDb, for_each_db},
    peers::note,
    servers::Servers,
};

for_each_db!(a_stop_under_load_loses_nothing_and_leaves_nothing_half_done);

const RUSH: Rush = Rush { plans: 3, estimates: 8, decisions: 6, webhooks: 25 };
/// How often Docket is stopped.
const STOPS: usize = 3;

async fn a_stop_under_load_loses_nothing_and_leaves_nothing_half_done(db: &TestDb) {
    let (mut servers, mut slowest) = (Servers::open(db).await, std::time::Duration::ZERO);
    for _ in 0..STOPS {
        let coming = servers.crowd.rush(RUSH);
        tokio::time::sleep(millis(any(250))).await;
        let (took, well) = servers.running.remove(0).terminate();
        assert!(well && took < docket::shutdown::GRACE, "stopped in {took:?}, well: {well}");
        slowest = slowest.max(took);
        servers.start().await;
        coming.join_all().await;
    }
    assert_eq!(servers.sound().await, (0, 0), "cards and answers that were given twice");
    let promised = servers.crowd.heard().promised.len();
    note(&format!("{STOPS} stops on {} in {slowest:?} at most: {promised} acknowledged", db.store.engine()));
}

/// Limits the size of every file that the program writes, as a full disk does for some of them.
fn limit(program: u32, bytes: &str) {
    let limit = [&format!("--pid={program}"), &format!("--fsize={bytes}:unlimited")].map(String::clone);
    assert!(Command::new("prlimit").args(limit).status().unwrap().success());
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_what_comes_in_and_loses_nothing() {
    let db = TestDb::in_file().await;
    // A disk that is full sends no signal, as a limit does.
    let mut servers = Servers::open_with(&db, |settings| settings.in_shell("trap '' XFSZ")).await;
    servers.rush(RUSH).await;
    let program = servers.running[0].id();
    for _ in 0..2 {
        let coming = servers.crowd.rush(RUSH);
        tokio::time::sleep(millis(any(150))).await;
        // Less than each of its files holds already, its log among them.
        limit(program, "8192");
        let before = servers.crowd.heard();
        let more = servers.crowd.rush(RUSH);
        tokio::time::sleep(millis(2_000)).await;
        let during = servers.crowd.heard();
        assert!(during.refused > before.refused, "nobody was refused");
        limit(program, "unlimited");
        servers.note_standing().await;
        coming.join_all().await;
        more.join_all().await;
    }
    servers.rush(RUSH).await;
    assert!(servers.running[0].is_ready().await);
    let (cards, answers) = servers.sound().await;
    let heard = servers.crowd.heard();
    note(&format!(
        "a full disk: {} acknowledged, {} refused, {cards} cards and {answers} answers given twice",
        heard.promised.len(),
        heard.refused
    ));
}
