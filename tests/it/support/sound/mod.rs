//! What has to hold in every database, whatever happened to the programs that wrote it.
//!
//! [`watch`] has the database itself note what becomes of jobs and what private answers say, [`Posts`] knows what Slack
//! shows; the rest is asked of the store, and where it has no such question of its tables.

mod jobs;
mod plans;
mod posts;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

pub(crate) use posts::Posts;

use super::{crowd::Promise, db::TestDb};

/// How long everything that was taken may take until it is done.
const PATIENCE: Duration = Duration::from_mins(3);
/// Jobs that wait for a day to come, or look at a GitHub that is not there.
pub(crate) const LATER: &str = "('expire_patch', 'read_threads', 'sync_connection')";

/// From now on the database notes what it would forget.
pub(crate) async fn watch(db: &TestDb) {
    jobs::watch(db).await;
    posts::watch(db).await;
}

/// Waits until nothing is left to do.
pub(crate) async fn settled(db: &TestDb) {
    let began = Instant::now();
    loop {
        let open = db.count("deliveries WHERE handled_at IS NULL").await;
        let left = db.count(&format!("jobs WHERE kind NOT IN {LATER}")).await;
        if open == 0 && left == 0 {
            return;
        }
        if began.elapsed() > PATIENCE {
            let sql = "SELECT kind || ' ' || state || ' ' || attempts || ' ' || COALESCE(last_error, '') FROM jobs";
            let jobs: Vec<(String,)> = db.rows(&format!("{sql} WHERE kind NOT IN {LATER} ORDER BY seq")).await;
            panic!("{open} deliveries and {left} jobs are left: {:?}", &jobs[..jobs.len().min(10)]);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Everything that holds in a database by itself, which was [watched](watch).
pub(crate) async fn database(db: &TestDb) {
    plans::plans(db).await;
    plans::trail(db).await;
    jobs::jobs(db).await;
}

#[derive(sqlx::FromRow)]
struct Stored {
    id: String,
    source: String,
    dedupe_key: String,
    handled_at: Option<i64>,
    outcome: Option<String>,
}

/// Everything that was acknowledged is there: once, because no key is there twice.
pub(crate) async fn kept(db: &TestDb, promised: &BTreeSet<Promise>) {
    stored(db, promised).await;
}

/// Everything that was acknowledged is there and was dealt with once: each proposal that was asked for was made, and no
/// delivery made two.
pub(crate) async fn handled(db: &TestDb, promised: &BTreeSet<Promise>) {
    let rows = stored(db, promised).await;
    for row in rows.values() {
        assert!(row.handled_at.is_some(), "{} {} was never handled", row.source, row.dedupe_key);
        let is_well = matches!(row.outcome.as_deref(), Some(outcome) if !outcome.starts_with("unreadable"));
        assert!(is_well, "{} {}: {:?}", row.source, row.dedupe_key, row.outcome);
    }
    let tenant = db.store.local_tenant(&db.chance).await.unwrap();
    let patches = db.store.read(tenant).await.unwrap().recent_patches(100_000).await.unwrap();
    let mut proposed: BTreeMap<String, usize> = BTreeMap::new();
    for patch in &patches {
        if let Some(delivery) = patch.origin.delivery {
            *proposed.entry(delivery.to_string()).or_default() += 1;
        }
    }
    assert_eq!(proposed.iter().find(|(_, times)| **times > 1), None, "a delivery was carried out twice");
    for promise in promised.iter().filter(|promise| promise.proposes) {
        let row = &rows[&(promise.source.to_owned(), promise.key.clone())];
        assert!(proposed.contains_key(&row.id), "{promise:?} has no proposal: {:?}", row.outcome);
    }
    // Of each webhook that came in there is the pull request.
    let webhooks = rows.values().filter(|row| row.source == "github").count();
    assert_eq!(usize::try_from(db.count("pulls").await).unwrap(), webhooks);
}

/// The deliveries by their keys, among them everything that was promised.
async fn stored(db: &TestDb, promised: &BTreeSet<Promise>) -> BTreeMap<(String, String), Stored> {
    let rows: Vec<Stored> = db.rows("SELECT id, source, dedupe_key, handled_at, outcome FROM deliveries").await;
    let count = rows.len();
    let rows: BTreeMap<_, _> =
        rows.into_iter().map(|row| ((row.source.clone(), row.dedupe_key.clone()), row)).collect();
    assert_eq!(rows.len(), count, "a delivery is there twice");
    let is_lost = |promise: &&Promise| !rows.contains_key(&(promise.source.to_owned(), promise.key.clone()));
    let lost: Vec<_> = promised.iter().filter(is_lost).collect();
    assert!(lost.is_empty(), "{} of {} acknowledged requests are lost: {lost:?}", lost.len(), promised.len());
    rows
}
