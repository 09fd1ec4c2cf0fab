//! PostgreSQL goes away for a while and comes back: it is restarted, stands still, or lets nobody in. Docket says so,
//! loses nothing, and goes on by itself.

use std::time::{Duration, Instant};

use sqlx::{Connection, PgConnection};

use crate::support::{
    cluster::Cluster,
    crowd::{Rush, any, millis},
    db::TestDb,
    peers::{missing, note},
    servers::Servers,
};

const RUSH: Rush = Rush { plans: 2, estimates: 6, decisions: 5, webhooks: 20 };
/// How many may be connected at once: more than Docket and the tests use.
const CONNECTIONS: u32 = 90;
/// How long Docket may take to say so, and to go on.
const PATIENCE: Duration = Duration::from_mins(1);
/// The longest that a sender may wait for an answer, which is 8 seconds on a machine that has nothing else to do.
const LONGEST: Duration = Duration::from_secs(20);

/// A server that may go away, with a database in it.
async fn server() -> Option<(Cluster, TestDb)> {
    match Cluster::start_for(false, CONNECTIONS).await {
        Ok(cluster) => {
            let db = TestDb::on(&cluster).await;
            Some((cluster, db))
        }
        Err(why) => {
            missing(&format!("not run on PostgreSQL: {why}"));
            None
        }
    }
}

/// Waits until Docket says why it is not ready, or that it is.
async fn until_ready(servers: &Servers<'_>, is_ready: bool) {
    let began = Instant::now();
    loop {
        let trouble = servers.running[0].trouble().await;
        if trouble.is_none() == is_ready {
            assert!(
                trouble.is_none_or(|why| why.contains("\"database\":\"")),
                "it does not say that it is the database"
            );
            return;
        }
        assert!(began.elapsed() < PATIENCE, "ready: {is_ready} was not said for {PATIENCE:?}: {trouble:?}");
        tokio::time::sleep(millis(100)).await;
    }
}

/// Has much come in before `begin` and after it, and all of it be answered once it is over.
async fn through<T>(servers: &mut Servers<'_>, begin: impl AsyncFnOnce() -> T, end: impl AsyncFnOnce(T)) {
    let (earlier, since) = (servers.crowd.heard(), Instant::now());
    let coming = servers.crowd.rush(RUSH);
    tokio::time::sleep(millis(any(200))).await;
    let trouble = begin().await;
    let more = servers.crowd.rush(RUSH);
    until_ready(servers, false).await;
    while servers.crowd.heard().refused == earlier.refused {
        assert!(since.elapsed() < PATIENCE, "nobody was refused for {PATIENCE:?}");
        tokio::time::sleep(millis(100)).await;
    }
    end(trouble).await;
    servers.note_standing().await;
    until_ready(servers, true).await;
    coming.join_all().await;
    more.join_all().await;
    let heard = servers.crowd.heard();
    assert!(heard.slowest < LONGEST, "somebody waited for {:?}", heard.slowest);
    let (cards, answers) = servers.sound().await;
    note(&format!(
        "PostgreSQL was away for {:?}: {} acknowledged, {} refused, {} without an answer, the slowest after {:?}, \
         {cards} cards and {answers} answers given twice so far",
        since.elapsed(),
        heard.promised.len() - earlier.promised.len(),
        heard.refused - earlier.refused,
        heard.silent - earlier.silent,
        heard.slowest,
    ));
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgresql_that_is_restarted_or_stands_still_is_waited_for() {
    let Some((mut cluster, db)) = server().await else { return };
    let mut servers = Servers::open(&db).await;
    let cell = tokio::sync::Mutex::new(&mut cluster);
    through(&mut servers, async || cell.lock().await.stop(), async |()| cell.lock().await.again().await).await;
    through(&mut servers, async || cell.lock().await.signal("STOP"), async |()| cell.lock().await.signal("CONT")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgresql_that_lets_nobody_in_is_waited_for() {
    let Some((cluster, db)) = server().await else { return };
    let mut servers = Servers::open(&db).await;
    through(&mut servers, async || take_all(&cluster, &db).await, async |taken| drop(taken)).await;
}

/// Takes every connection that there is, and Docket's, too.
async fn take_all(cluster: &Cluster, db: &TestDb) -> Vec<PgConnection> {
    // Some are kept for whoever may do everything.
    let mut admin = PgConnection::connect(&cluster.url("postgres", "docket")).await.unwrap();
    let mut taken = Vec::new();
    loop {
        while let Ok(connection) = PgConnection::connect(&db.url).await {
            taken.push(connection);
        }
        let theirs = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'docket'";
        let ended: i64 = sqlx::query_scalar(theirs).fetch_one(&mut admin).await.unwrap();
        if ended == 0 {
            return taken;
        }
    }
}
