//! The job queue: nothing is lost, nothing runs twice at once, nobody is starved.

use std::{collections::BTreeSet, time::Duration};

use docket::{
    domain::{
        ids::{JobId, TenantId},
        job::{Class, NewJob},
    },
    jobs::tidy::{Forgotten, tidy},
    store::{Claimed, Room, ServeLock, Store},
};

use crate::support::{
    clock::START,
    db::{TestDb, for_each_db},
    sample,
};

for_each_db! {
    every_job_is_claimed_by_exactly_one_worker,
    a_lease_that_ended_can_be_claimed_again_and_its_old_owner_is_fenced_off,
    a_restart_takes_over_what_a_dead_process_held,
    a_heartbeat_keeps_the_lease,
    failures_count_and_postponements_do_not,
    a_released_job_can_be_claimed_at_once,
    jobs_of_one_ordering_key_run_one_after_the_other,
    a_unique_key_is_taken_only_while_its_job_waits,
    a_job_that_comes_back_beside_its_successor_is_kept,
    dead_jobs_wait_for_a_person,
    a_dead_job_that_nobody_looked_into_is_forgotten_after_two_weeks,
    one_tenants_flood_does_not_hold_up_another,
    what_somebody_waits_for_comes_first_and_never_takes_all_the_room,
    jobs_of_one_ordering_key_keep_their_order_whatever_their_class,
    a_flood_of_one_ordering_key_hides_nothing_behind_it,
    what_is_done_is_forgotten_and_what_follows_is_taken_in_one_turn,
    a_job_of_an_unknown_kind_is_buried_and_the_rest_runs,
    the_queue_says_when_to_look_again,
    a_job_exists_only_if_its_transaction_was_committed,
}

const LEASE: Duration = Duration::from_secs(30);

async fn enqueue(db: &TestDb, tenant: TenantId, job: &NewJob) -> Option<JobId> {
    let id = db.chance.id();
    let mut tx = db.store.write(tenant).await.unwrap();
    let queued = tx.enqueue(id, job).await.unwrap();
    tx.commit().await.unwrap();
    queued.then_some(id)
}

async fn claim(db: &TestDb, owner: &str) -> Vec<Claimed> {
    db.store.claim(owner, db.chance.now(), LEASE, 10).await.unwrap()
}

fn ids(claimed: &[Claimed]) -> Vec<JobId> {
    claimed.iter().map(|job| job.id).collect()
}

/// Works until nothing is left; gives what it did.
async fn work(store: Store, owner: String) -> Vec<JobId> {
    let mut done = Vec::new();
    loop {
        let claimed = store.claim(&owner, START, LEASE, 7).await.unwrap();
        if claimed.is_empty() {
            return done;
        }
        for job in claimed {
            assert!(sample::done(&store, &job).await);
            done.push(job.id);
        }
    }
}

async fn every_job_is_claimed_by_exactly_one_worker(db: &TestDb) {
    const JOBS: usize = 500;
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    let mut expected = BTreeSet::new();
    let mut tx = db.store.write(tenant).await.unwrap();
    for _ in 0..JOBS {
        let id = db.chance.id();
        assert!(tx.enqueue(id, &sample::job(&db.chance)).await.unwrap());
        expected.insert(id);
    }
    tx.commit().await.unwrap();

    let other = db.another().await;
    let stores = [db.store.clone(), db.store.clone(), other.clone(), other.clone()];
    let workers = stores.into_iter().enumerate().map(|(n, store)| tokio::spawn(work(store, format!("w{n}"))));
    let mut done = Vec::new();
    for worker in workers.collect::<Vec<_>>() {
        done.extend(worker.await.unwrap());
    }
    assert_eq!(done.len(), JOBS);
    assert_eq!(done.into_iter().collect::<BTreeSet<_>>(), expected);
    assert!(db.store.stats().await.unwrap().jobs.is_empty());
    other.close().await;
}

async fn a_lease_that_ended_can_be_claimed_again_and_its_old_owner_is_fenced_off(db: &TestDb) {
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    let id = enqueue(db, tenant, &sample::job(&db.chance)).await.unwrap();
    let first = claim(db, "a").await.remove(0);
    assert_eq!((first.id, first.tenant, first.attempt, first.max_attempts), (id, tenant, 1, 3));
    db.clock.advance(Duration::from_millis(29_999));
    assert!(claim(db, "b").await.is_empty());
    db.clock.advance(Duration::from_millis(1));
    // Even under the same name.
    let second = claim(db, "a").await.remove(0);
    assert_eq!((second.id, second.attempt), (id, 2));

    let now = db.chance.now();
    assert!(!db.store.heartbeat(&first, now.plus(LEASE)).await.unwrap());
    assert!(!sample::done(&db.store, &first).await);
    assert!(!db.store.retry(&first, now, "late").await.unwrap());
    assert!(!db.store.postpone(&first, now, "late").await.unwrap());
    assert!(!db.store.bury(&first, now, "late").await.unwrap());
    assert!(sample::done(&db.store, &second).await);
    assert!(!sample::done(&db.store, &second).await);
}

async fn a_restart_takes_over_what_a_dead_process_held(db: &TestDb) {
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    let id = enqueue(db, tenant, &sample::job(&db.chance)).await.unwrap();
    for attempt in 1..=13 {
        let held = claim(db, &format!("killed {attempt}")).await.remove(0);
        assert_eq!((held.id, held.attempt), (id, attempt));
        assert!(claim(db, "next").await.is_empty());
        let lock = ServeLock::acquire(&db.url).unwrap();
        let ended = db.store.end_leases_of_the_dead(&lock, db.chance.now()).await.unwrap();
        if db.store.engine() == "postgres" {
            // There the holder may well be alive.
            assert_eq!((ended, claim(db, "next").await.len()), (0, 0));
            return;
        }
        assert_eq!(ended, 1);
    }
    // It was there each time a process died, so perhaps it is why: whoever has it next can see that.
    assert_eq!(claim(db, "next").await[0].attempt, 14);
}

async fn a_heartbeat_keeps_the_lease(db: &TestDb) {
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    enqueue(db, tenant, &sample::job(&db.chance)).await.unwrap();
    let job = claim(db, "a").await.remove(0);
    db.clock.advance(LEASE / 2);
    assert!(db.store.heartbeat(&job, db.chance.now().plus(LEASE)).await.unwrap());
    db.clock.advance(LEASE / 2);
    assert!(claim(db, "b").await.is_empty());
    db.clock.advance(LEASE / 2);
    assert_eq!(claim(db, "b").await.len(), 1);
}

async fn failures_count_and_postponements_do_not(db: &TestDb) {
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    enqueue(db, tenant, &sample::job(&db.chance)).await.unwrap();
    let later = |seconds| db.chance.now().plus(Duration::from_secs(seconds));
    let job = claim(db, "a").await.remove(0);
    assert!(db.store.retry(&job, later(5), "no answer").await.unwrap());
    assert!(claim(db, "a").await.is_empty());
    assert_eq!(db.store.jobs(10).await.unwrap()[0].last_error.as_deref(), Some("no answer"));
    db.clock.advance(Duration::from_secs(5));
    for _ in 0..5 {
        let job = claim(db, "a").await.remove(0);
        assert_eq!(job.attempt, 2);
        assert!(db.store.postpone(&job, later(60), "rate limited").await.unwrap());
        db.clock.advance(Duration::from_mins(1));
    }
    let row = db.store.jobs(10).await.unwrap().remove(0);
    assert_eq!((row.state.as_str(), row.attempts, row.last_error.as_deref()), ("waiting", 1, Some("rate limited")));
    assert_eq!((row.kind.as_str(), row.tenant, row.run_at), ("sync_card", tenant, db.chance.now()));
}

async fn a_released_job_can_be_claimed_at_once(db: &TestDb) {
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    for _ in 0..3 {
        enqueue(db, tenant, &sample::job(&db.chance)).await.unwrap();
    }
    let held = db.store.claim("a", db.chance.now(), LEASE, 2).await.unwrap();
    assert_eq!(held.len(), 2);
    assert_eq!(db.store.release("b").await.unwrap(), 0);
    assert_eq!(db.store.release("a").await.unwrap(), 2);
    assert_eq!(db.store.release("a").await.unwrap(), 0);
    let again = claim(db, "b").await;
    assert_eq!(again.iter().map(|job| job.attempt).collect::<Vec<_>>(), [1, 1, 1]);
}

async fn jobs_of_one_ordering_key_run_one_after_the_other(db: &TestDb) {
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    let (other, _) = sample::tenant(&db.store, &db.chance).await;
    let ordered = || NewJob { ordering_key: Some("AUTH".to_owned()), ..sample::job(&db.chance) };
    // The first is due last: the order is that of queueing.
    let late = NewJob { run_at: db.chance.now().plus(Duration::from_secs(9)), ..ordered() };
    let first = enqueue(db, tenant, &late).await.unwrap();
    let second = enqueue(db, tenant, &ordered()).await.unwrap();
    let third = enqueue(db, tenant, &ordered()).await.unwrap();
    let foreign = enqueue(db, other, &ordered()).await.unwrap();
    let free = enqueue(db, tenant, &sample::job(&db.chance)).await.unwrap();

    let claimed = claim(db, "a").await;
    assert_eq!(ids(&claimed), [foreign, free]);
    for job in &claimed {
        assert!(sample::done(&db.store, job).await);
    }
    db.clock.advance(Duration::from_secs(9));
    let running = claim(db, "a").await;
    assert_eq!(ids(&running), [first]);
    assert!(claim(db, "b").await.is_empty(), "the first one still runs");
    assert!(db.store.retry(&running[0], db.chance.now().plus(LEASE), "again").await.unwrap());
    assert!(claim(db, "b").await.is_empty(), "the first one waits to be tried again");
    db.clock.advance(LEASE);
    let running = db.store.claim("a", db.chance.now(), LEASE * 9, 1).await.unwrap();
    assert_eq!(ids(&running), [first]);
    assert!(db.store.bury(&running[0], db.chance.now(), "hopeless").await.unwrap());
    let claimed = claim(db, "a").await;
    assert!(ids(&claimed).contains(&second), "a dead job holds up nobody");
    assert!(!ids(&claimed).contains(&third));

    // The dead one comes back while the second runs.
    assert!(db.store.retry_dead(first, db.chance.now()).await.unwrap());
    assert!(claim(db, "b").await.is_empty());
    let second = claimed.into_iter().find(|job| job.id == second).unwrap();
    assert!(sample::done(&db.store, &second).await);
    assert_eq!(ids(&claim(db, "b").await), [first]);
}

async fn a_unique_key_is_taken_only_while_its_job_waits(db: &TestDb) {
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    let (other, _) = sample::tenant(&db.store, &db.chance).await;
    let unique = || NewJob { unique_key: Some("card".to_owned()), ..sample::job(&db.chance) };
    let first = enqueue(db, tenant, &unique()).await.unwrap();
    assert_eq!(enqueue(db, tenant, &unique()).await, None);
    assert!(enqueue(db, other, &unique()).await.is_some());
    assert_eq!(claim(db, "a").await.len(), 2);
    let second = enqueue(db, tenant, &unique()).await.unwrap();
    assert_ne!(first, second);
    assert_eq!(enqueue(db, tenant, &unique()).await, None);
    assert_eq!(ids(&claim(db, "a").await), [second]);
}

async fn a_job_that_comes_back_beside_its_successor_is_kept(db: &TestDb) {
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    let unique = || NewJob { unique_key: Some("card".to_owned()), ..sample::job(&db.chance) };
    let mut running = Vec::new();
    for _ in 0..3 {
        enqueue(db, tenant, &unique()).await.unwrap();
        running.extend(claim(db, "a").await);
    }
    let waiting = enqueue(db, tenant, &unique()).await.unwrap();
    assert!(db.store.retry(&running[0], db.chance.now(), "failed").await.unwrap());
    assert_eq!(db.store.release("a").await.unwrap(), 2);
    assert_eq!(enqueue(db, tenant, &unique()).await, None);
    let claimed = claim(db, "b").await;
    assert_eq!(claimed.len(), 4);
    assert!(ids(&claimed).contains(&waiting));
}

async fn dead_jobs_wait_for_a_person(db: &TestDb) {
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    enqueue(db, tenant, &sample::job(&db.chance)).await.unwrap();
    let job = claim(db, "a").await.remove(0);
    assert!(!db.store.drop_dead(job.id).await.unwrap(), "it runs");
    assert!(db.store.bury(&job, db.chance.now(), "channel_not_found").await.unwrap());
    let failing = enqueue(db, tenant, &sample::job(&db.chance)).await.unwrap();
    let claimed = claim(db, "a").await;
    assert_eq!(ids(&claimed), [failing]);
    assert!(db.store.retry(&claimed[0], db.chance.now().plus(LEASE), "timeout").await.unwrap());
    let waiting = enqueue(db, tenant, &sample::job(&db.chance)).await.unwrap();

    let rows = db.store.jobs(10).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), [job.id, failing, waiting]);
    assert_eq!(db.store.jobs(1).await.unwrap().len(), 1);
    assert_eq!(rows[0].last_error.as_deref(), Some("channel_not_found"));
    let stats = db.store.stats().await.unwrap();
    assert_eq!(stats.jobs.into_iter().collect::<Vec<_>>(), [("dead".to_owned(), 1), ("waiting".to_owned(), 2)]);
    assert_eq!(stats.oldest_waiting, Some(START));

    assert!(db.store.retry_dead(job.id, db.chance.now()).await.unwrap());
    assert!(!db.store.retry_dead(job.id, db.chance.now()).await.unwrap());
    let again = claim(db, "a").await;
    assert_eq!(again[0].attempt, 1);
    assert!(db.store.bury(&again[0], db.chance.now(), "still").await.unwrap());
    assert!(db.store.drop_dead(job.id).await.unwrap());
    assert!(!db.store.drop_dead(job.id).await.unwrap());
}

async fn a_dead_job_that_nobody_looked_into_is_forgotten_after_two_weeks(db: &TestDb) {
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    for _ in 0..2 {
        enqueue(db, tenant, &sample::job(&db.chance)).await.unwrap();
    }
    let claimed = claim(db, "a").await;
    assert!(db.store.bury(&claimed[0], db.chance.now(), "channel_not_found").await.unwrap());
    assert!(db.store.retry(&claimed[1], db.chance.now(), "timeout").await.unwrap());
    db.clock.advance(Duration::from_hours(13 * 24));
    assert_eq!(tidy(&db.store, &db.chance).await.unwrap(), Forgotten::default());
    db.clock.advance(Duration::from_hours(25));
    assert_eq!(tidy(&db.store, &db.chance).await.unwrap(), Forgotten { jobs: 1, ..Forgotten::default() });
    assert_eq!(ids(&claim(db, "a").await), [claimed[1].id], "what waits is not forgotten");
}

async fn one_tenants_flood_does_not_hold_up_another(db: &TestDb) {
    let (loud, _) = sample::tenant(&db.store, &db.chance).await;
    let (quiet, _) = sample::tenant(&db.store, &db.chance).await;
    for _ in 0..50 {
        enqueue(db, loud, &sample::job(&db.chance)).await.unwrap();
    }
    db.clock.advance(Duration::from_secs(1));
    enqueue(db, quiet, &sample::job(&db.chance)).await.unwrap();
    let first = db.store.claim("a", db.chance.now(), LEASE, 1).await.unwrap();
    assert_eq!(first[0].tenant, loud);
    let next = db.store.claim("a", db.chance.now(), LEASE, 1).await.unwrap();
    assert_eq!(next[0].tenant, quiet, "one of the loud tenant already runs");
    assert_eq!(db.store.release("a").await.unwrap(), 2);
    let batch = db.store.claim("a", db.chance.now(), LEASE, 4).await.unwrap();
    assert_eq!(batch.iter().filter(|job| job.tenant == quiet).count(), 1);
    assert_eq!(batch.len(), 4);
}

fn of_class(db: &TestDb, class: Class) -> NewJob {
    NewJob { class, ..sample::job(&db.chance) }
}

async fn what_somebody_waits_for_comes_first_and_never_takes_all_the_room(db: &TestDb) {
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    let (other, _) = sample::tenant(&db.store, &db.chance).await;
    for class in [Class::Background, Class::Scheduled] {
        for _ in 0..30 {
            enqueue(db, tenant, &of_class(db, class)).await.unwrap();
        }
    }
    db.clock.advance(Duration::from_secs(1));
    for tenant in [tenant, other] {
        enqueue(db, tenant, &of_class(db, Class::Interactive)).await.unwrap();
    }
    let now = db.chance.now();
    let classes = |claimed: &[Claimed]| Class::ALL.map(|class| claimed.iter().filter(|job| job.class == class).count());
    let first = db.store.claim("a", now, LEASE, 3).await.unwrap();
    assert_eq!(classes(&first), [2, 1, 0], "younger, and yet before the others");
    let room = Room { all: 20, of: [20, 6, 6], others: 10 };
    assert_eq!(classes(&db.store.turn("a", &[], now, LEASE, &room).await.unwrap().claimed), [0, 6, 4]);
    for _ in 0..9 {
        enqueue(db, other, &of_class(db, Class::Interactive)).await.unwrap();
    }
    let room = Room { all: 10, of: [5, 3, 1], others: 4 };
    assert_eq!(classes(&db.store.turn("a", &[], now, LEASE, &room).await.unwrap().claimed), [5, 3, 1]);
    let room = Room { all: 0, ..room };
    assert_eq!(classes(&db.store.turn("a", &[], now, LEASE, &room).await.unwrap().claimed), [0, 0, 0]);
    let rest = db.store.claim("a", now, LEASE, 100).await.unwrap();
    assert_eq!(classes(&rest), [4, 20, 25], "all of them in the end");
    // A lease that ends makes it due again, in its own class.
    db.clock.advance(LEASE);
    let again = db.store.claim("b", db.chance.now(), LEASE, 12).await.unwrap();
    assert_eq!(classes(&again), [11, 1, 0]);
}

async fn jobs_of_one_ordering_key_keep_their_order_whatever_their_class(db: &TestDb) {
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    let ordered = |class| of_class(db, class).in_order("AUTH");
    let first = enqueue(db, tenant, &ordered(Class::Background)).await.unwrap();
    let second = enqueue(db, tenant, &ordered(Class::Interactive)).await.unwrap();
    let running = claim(db, "a").await;
    assert_eq!(ids(&running), [first]);
    assert!(claim(db, "a").await.is_empty());
    assert!(sample::done(&db.store, &running[0]).await);
    assert_eq!(ids(&claim(db, "a").await), [second]);
}

async fn a_flood_of_one_ordering_key_hides_nothing_behind_it(db: &TestDb) {
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    let mut tx = db.store.write(tenant).await.unwrap();
    let mut flood = Vec::new();
    // More than are looked at one by one.
    for _ in 0..300 {
        flood.push(db.chance.id());
        let job = sample::job(&db.chance).in_order("github:7");
        assert!(tx.enqueue(*flood.last().unwrap(), &job).await.unwrap());
    }
    // As many orders that wait for another hour, with names before all others.
    for nth in 0..300 {
        let job = sample::job(&db.chance).in_order(format!("card:{nth}"));
        let later = NewJob { run_at: db.chance.now().plus(Duration::from_hours(1)), ..job };
        assert!(tx.enqueue(db.chance.id(), &later).await.unwrap());
    }
    tx.commit().await.unwrap();
    let free = enqueue(db, tenant, &sample::job(&db.chance)).await.unwrap();
    let other = enqueue(db, tenant, &sample::job(&db.chance).in_order("github:8")).await.unwrap();
    let claimed = claim(db, "a").await;
    assert_eq!(ids(&claimed), [flood[0], free, other]);
    assert!(claim(db, "a").await.is_empty());
    assert!(sample::done(&db.store, &claimed[0]).await);
    assert_eq!(ids(&claim(db, "a").await), [flood[1]]);
}

async fn what_is_done_is_forgotten_and_what_follows_is_taken_in_one_turn(db: &TestDb) {
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    let job = || sample::job(&db.chance).in_order("k");
    let first = enqueue(db, tenant, &job()).await.unwrap();
    let second = enqueue(db, tenant, &job()).await.unwrap();
    let alone = enqueue(db, tenant, &sample::job(&db.chance)).await.unwrap();
    let claimed = claim(db, "a").await;
    assert_eq!(ids(&claimed), [first, alone]);
    // The lease of one of them lapses, and another worker takes it.
    let later = db.chance.now().plus(LEASE);
    assert!(db.store.heartbeat(&claimed[0], later.plus(LEASE)).await.unwrap());
    let taken = db.store.claim("b", later, LEASE, 10).await.unwrap();
    assert_eq!(ids(&taken), [alone]);
    let room = Room { all: 9, of: [9; 3], others: 9 };
    let turn = db.store.turn("a", &claimed, later, LEASE, &room).await.unwrap();
    assert_eq!((ids(&turn.claimed), turn.lost), (vec![second], vec![alone]));
    assert!(turn.has_looked);
    assert!(sample::done(&db.store, &taken[0]).await, "it is still the other one's");
    // Nor does a worker end by an attempt of its own that lapsed the one that it makes now.
    let again = db.store.claim("a", later.plus(LEASE), LEASE, 10).await.unwrap();
    assert_eq!(ids(&again), [second]);
    assert!(!sample::done(&db.store, &turn.claimed[0]).await);
    let turn = db.store.turn("a", &again, later.plus(LEASE), LEASE, &room).await.unwrap();
    assert!(!turn.has_looked && turn.lost.is_empty(), "nothing else is due: {turn:?}");
}

async fn a_job_of_an_unknown_kind_is_buried_and_the_rest_runs(db: &TestDb) {
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    let odd = enqueue(db, tenant, &sample::job(&db.chance)).await.unwrap();
    let fine = enqueue(db, tenant, &sample::job(&db.chance)).await.unwrap();
    let sql = format!("UPDATE jobs SET payload = '{{\"kind\":\"from_the_future\"}}' WHERE id = '{odd}'");
    assert_eq!(db.raw(&sql).await.unwrap(), 1);
    assert_eq!(ids(&claim(db, "a").await), [fine]);
    let row = db.store.jobs(1).await.unwrap().remove(0);
    assert_eq!((row.id, row.state.as_str()), (odd, "dead"));
    assert!(row.last_error.unwrap().contains("from_the_future"));
}

async fn the_queue_says_when_to_look_again(db: &TestDb) {
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    assert_eq!(db.store.next_run_at().await.unwrap(), None);
    let later = db.chance.now().plus(Duration::from_mins(5));
    enqueue(db, tenant, &NewJob { run_at: later, ..sample::job(&db.chance) }).await.unwrap();
    assert_eq!(db.store.next_run_at().await.unwrap(), Some(later));
    assert!(claim(db, "a").await.is_empty());
    enqueue(db, tenant, &sample::job(&db.chance)).await.unwrap();
    assert_eq!(db.store.next_run_at().await.unwrap(), Some(START));
    assert_eq!(claim(db, "a").await.len(), 1);
    assert_eq!(db.store.next_run_at().await.unwrap(), Some(START.plus(LEASE)), "the lease may end");
}

async fn a_job_exists_only_if_its_transaction_was_committed(db: &TestDb) {
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    let mut tx = db.store.write(tenant).await.unwrap();
    assert!(tx.enqueue(db.chance.id(), &sample::job(&db.chance)).await.unwrap());
    drop(tx);
    assert!(claim(db, "a").await.is_empty());
}
