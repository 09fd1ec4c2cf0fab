//! How many jobs go through the queue in a second: claimed, run, and forgotten.
//!
//! `cargo bench --bench queue` fills a database with jobs that have nothing to do, starts the optimised program, and looks
//! at when the last of them is gone: on SQLite and, where `initdb` and `postgres` are installed, on PostgreSQL with its
//! files synced, there also with two replicas. Some of the jobs are of one tenant and free, some are of a hundred tenants,
//! and some wait for each other. It prints a table and asserts nothing. `cargo bench --bench queue -- 1000` takes so many.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

#[path = "../tests/it/support/cluster.rs"]
mod cluster;
#[path = "running/mod.rs"]
#[expect(dead_code, reason = "nobody types here")]
mod running;
#[path = "running/spent.rs"]
mod spent;

use std::{
    path::Path,
    time::{Duration, Instant},
};

use docket::{
    clock::Chance,
    domain::{
        delivery::{Delivery, Source},
        ids::TenantId,
        job::{Job, NewJob},
        time::Timestamp,
    },
    store::{NewDelivery, Store},
};

use self::{cluster::Cluster, running::Running, spent::Spent};

const JOBS: usize = 50_000;
const TENANTS: usize = 100;
/// How long it may take until everything is stored and running.
const PREPARED: Duration = Duration::from_secs(25);

/// How the jobs are spread.
struct Spread {
    what: &'static str,
    tenants: usize,
    /// Orders of each tenant; 0: they have none.
    orders: usize,
}

const SPREADS: [Spread; 3] = [
    Spread { what: "of one tenant", tenants: 1, orders: 0 },
    Spread { what: "of 100 tenants", tenants: TENANTS, orders: 0 },
    Spread { what: "of 100 tenants, 10 orders each", tenants: TENANTS, orders: 10 },
];

#[tokio::main]
async fn main() {
    let jobs = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(JOBS);
    println!("{jobs} jobs that have nothing to do");
    println!("{:<58}{:>10}{:>10}{:>10}{:>11}", "", "a second", "took", "resident", "flushes/s");
    for spread in &SPREADS {
        let folder = tempfile::TempDir::new().expect("a folder");
        let url = format!("sqlite://{}", folder.path().join("docket.db").display());
        measure("SQLite", &url, folder.path(), (spread, jobs), 1).await;
    }
    for (spread, replicas) in SPREADS.iter().flat_map(|spread| [(spread, 1), (spread, 2)]) {
        // A new one each time: what the run before left behind would be vacuumed in this one.
        let cluster = match Cluster::start(true).await {
            Ok(cluster) => cluster,
            Err(why) => return println!("no PostgreSQL: {why}"),
        };
        let folder = tempfile::TempDir::new().expect("a folder");
        let url = cluster.url("postgres", "postgres");
        measure("PostgreSQL", &url, folder.path(), (spread, jobs), replicas).await;
    }
}

async fn measure(engine: &str, url: &str, folder: &Path, (spread, jobs): (&Spread, usize), replicas: usize) {
    let (store, chance) = (Store::open(url).await.expect("a database"), Chance::system());
    store.migrate().await.expect("a migrated database");
    let due = chance.now().plus(PREPARED);
    fill(&store, &chance, spread, (jobs, due)).await;
    let mut programs = Vec::new();
    for _ in 0..replicas {
        programs.push(Running::start(url, folder, &[]).await);
    }
    assert!(chance.now() < due, "it took too long to prepare");
    tokio::time::sleep(due.since(chance.now())).await;
    let (began, before) = (Instant::now(), Spent::of(&programs[0]));
    while is_busy(&store, &chance).await {
        assert!(began.elapsed() < Duration::from_mins(10), "they take too long");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let (took, spent) = (began.elapsed(), Spent::of(&programs[0]).since(&before));
    let what = format!("{engine}, {}{}", spread.what, if replicas > 1 { ", two replicas" } else { "" });
    let (resident, flushes) = (spent.memory(), spent.flushes_a_second(took));
    println!("{what:<58}{:>10.0}{:>10}{resident:>10}{flushes:>11}", rate(jobs, took), format!("{took:.1?}"));
    drop(programs);
    store.close().await;
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn rate(jobs: usize, took: Duration) -> f64 {
    jobs as f64 / took.as_secs_f64()
}

/// Whether something is due or runs. What is queued for the night does not count.
async fn is_busy(store: &Store, chance: &Chance) -> bool {
    let stats = store.stats().await.expect("numbers");
    stats.jobs.contains_key("running") || stats.oldest_waiting.is_some_and(|at| at <= chance.now())
}

/// Queues jobs for deliveries that were dealt with, as they are left where the end of a job was not written down.
async fn fill(store: &Store, chance: &Chance, spread: &Spread, (jobs, due): (usize, Timestamp)) {
    let mut tenants = Vec::new();
    for _ in 0..spread.tenants {
        tenants.push(store.create_tenant("Acme", chance).await.expect("a tenant"));
    }
    let all: Vec<usize> = (0..jobs).collect();
    for chunk in all.chunks(1_000) {
        let of_chunk = |nth: &usize| {
            let order = (spread.orders > 0).then(|| format!("github:{}", nth / spread.tenants % spread.orders));
            handled(chance, (tenants[nth % spread.tenants], due), *nth, order)
        };
        store.accept(&chunk.iter().map(of_chunk).collect::<Vec<_>>()).await.expect("jobs");
    }
}

fn handled(chance: &Chance, (tenant, due): (TenantId, Timestamp), nth: usize, order: Option<String>) -> NewDelivery {
    let delivery = Delivery {
        id: chance.id(),
        tenant: Some(tenant),
        source: Source::GitHub,
        dedupe_key: format!("push {nth}"),
        body: Vec::new(),
        received_at: chance.now(),
    };
    let job: NewJob = Job::HandleDelivery { delivery: delivery.id }.due(due).in_background();
    let job = match order {
        Some(order) => job.in_order(order),
        None => job,
    };
    NewDelivery { delivery, job: Some(job), job_id: chance.id(), outcome: Some("ignored".to_owned()) }
}
