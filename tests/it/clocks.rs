//! The clock of the machine is set back or forward. What schedules do then is in `standup_slots`.

use std::{collections::BTreeSet, time::Duration};

use axum::http::StatusCode;
use docket::{
    domain::ids::JobId,
    store::{Claimed, ServeLock},
};

use crate::support::{
    app::{SECRET, TestApp},
    crowd::Promise,
    db::{TestDb, for_each_db},
    fake_slack::{BOT, SlackUser},
    sample, sound,
};

for_each_db!(
    a_clock_that_is_set_back_or_forward_loses_and_repeats_nothing,
    what_runs_when_the_clock_is_set_back_is_run_by_nobody_else_until_its_lease_is_over,
    a_restart_takes_over_what_was_running_before_the_clock_was_set_back,
);

const HOUR: Duration = Duration::from_hours(1);
/// For how long a job is claimed.
const LEASE: Duration = Duration::from_mins(1);
/// The shortest time that the clock knows.
const TICK: Duration = Duration::from_millis(1);

async fn a_clock_that_is_set_back_or_forward_loses_and_repeats_nothing(db: &TestDb) {
    let docket = TestApp::start(db).await;
    sound::watch(db).await;
    docket.slack.add_channel("CTWO", &["U1", BOT]);
    let (here, elsewhere) = (docket.user("U1"), SlackUser::new(&docket.slack, "U1", "CTWO", SECRET.into()));
    let mut promised = BTreeSet::new();
    let mut asks = |who: &SlackUser, line: &str| {
        let request = who.slash(line, db.chance.now());
        promised.insert(Promise::of_command(&request, true));
        request
    };

    // Taken right before the clock is set back: it waits until its time comes again, and holds up nobody elsewhere.
    let before = db.chance.now();
    let taken = docket.send(asks(&here, "plan Build the import of invoices")).await;
    assert_eq!(taken.status, StatusCode::OK);
    db.clock.set(before.minus(HOUR * 2));
    docket.act(asks(&elsewhere, "plan Build the export of invoices")).await;
    assert_eq!(docket.states().await, ["proposed"]);
    db.clock.set(before);
    docket.run_jobs().await;
    docket.click("U1", "patch.approve").await;
    assert_eq!(docket.states().await, ["proposed", "applied"]);

    // Taken right before it is set forward by more than a lease lasts and a proposal waits.
    let taken = docket.send(asks(&here, "plan Build the archive of invoices")).await;
    assert_eq!(taken.status, StatusCode::OK);
    db.clock.advance(HOUR * 24 * 365);
    docket.run_jobs().await;
    assert_eq!(docket.states().await, ["expired", "applied", "proposed"]);

    let cards = ["C1", "CTWO"].map(|channel| docket.slack.messages(channel).len());
    assert_eq!(cards, [2, 1], "each proposal has its one card");
    sound::database(db).await;
    assert_eq!(promised.len(), 3);
    sound::handled(db, &promised).await;
}

/// So many jobs, held by `owner`.
async fn held(db: &TestDb, owner: &str, jobs: usize) -> Vec<Claimed> {
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    let mut tx = db.store.write(tenant).await.unwrap();
    for _ in 0..jobs {
        assert!(tx.enqueue(db.chance.id(), &sample::job(&db.chance)).await.unwrap());
    }
    tx.commit().await.unwrap();
    let held = claim(db, owner).await;
    assert_eq!(held.len(), jobs);
    held
}

async fn claim(db: &TestDb, owner: &str) -> Vec<Claimed> {
    db.store.claim(owner, db.chance.now(), LEASE, 10).await.unwrap()
}

/// The jobs that somebody else gets now, each with which attempt that is.
async fn taken_over(db: &TestDb) -> Vec<(JobId, u32)> {
    claim(db, "other").await.into_iter().map(|job| (job.id, job.attempt)).collect()
}

async fn what_runs_when_the_clock_is_set_back_is_run_by_nobody_else_until_its_lease_is_over(db: &TestDb) {
    let held = held(db, "holder", 3).await;
    let [silent, beating, done] = &held[..] else { panic!("{held:?}") };
    let until = db.chance.now().plus(LEASE);
    db.clock.set(db.chance.now().minus(HOUR));
    assert_eq!(taken_over(db).await, []);

    // Its holder ends a job all the same, and where it gives a sign of life, its lease is one by the clock as it is now.
    assert!(sample::done(&db.store, done).await);
    assert!(db.store.heartbeat(beating, db.chance.now().plus(LEASE)).await.unwrap());
    db.clock.advance(LEASE.saturating_sub(TICK));
    assert_eq!(taken_over(db).await, []);
    db.clock.advance(TICK);
    assert_eq!(taken_over(db).await, [(beating.id, 2)]);
    assert!(!sample::done(&db.store, beating).await, "it was taken over");

    // Where it gives none, nobody knows that an hour has passed twice.
    db.clock.set(until.minus(TICK));
    assert_eq!(taken_over(db).await, [(beating.id, 3)]);
    db.clock.advance(TICK);
    assert_eq!(taken_over(db).await, [(silent.id, 2)]);
    assert!(!sample::done(&db.store, silent).await, "it was taken over");
}

async fn a_restart_takes_over_what_was_running_before_the_clock_was_set_back(db: &TestDb) {
    let held = held(db, "dead", 1).await;
    db.clock.set(db.chance.now().minus(HOUR));
    assert_eq!(taken_over(db).await, []);
    let lock = ServeLock::acquire(&db.url).unwrap();
    db.store.end_leases_of_the_dead(&lock, db.chance.now()).await.unwrap();
    let taken = taken_over(db).await;
    if db.store.engine() == "postgres" {
        assert_eq!(taken, [], "there its holder may well be alive");
    } else {
        assert_eq!(taken, [(held[0].id, 2)]);
    }
}
