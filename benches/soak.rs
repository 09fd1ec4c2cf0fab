//! How much memory Docket takes after a million webhooks, and how soon it is ready again on what they left.
//!
//! `cargo bench --bench soak` makes a plan of 100,000 tasks, starts the optimised program, presses a million signed
//! webhooks of 12 kB over 64 connections, and looks at its resident memory now and then. Then
//! it starts the program five times on the database that came of it. On SQLite, and with `-- postgres` on PostgreSQL with
//! its files synced. It prints a table and asserts nothing. `cargo bench --bench soak -- 100000` takes so many webhooks.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

#[path = "../tests/it/support/cluster.rs"]
mod cluster;
#[path = "running/hooks.rs"]
mod hooks;
#[path = "running/load.rs"]
#[expect(dead_code, reason = "how long each answer took is measured elsewhere")]
mod load;
#[path = "running/mod.rs"]
#[expect(dead_code, reason = "nobody types here")]
mod running;
#[path = "running/tree.rs"]
#[expect(dead_code, reason = "there is one plan, and nobody changes it")]
mod tree;

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, Instant},
};

use docket::{
    clock::Chance,
    domain::{
        project::{Project, Revision},
        task::TaskNumber,
    },
    store::Store,
};

use self::{
    cluster::Cluster,
    load::{Pressure, press},
    running::Running,
};

const WEBHOOKS: usize = 1_000_000;
const TASKS: u32 = 100_000;
const STARTS: usize = 5;
/// How long is pressed between two looks.
const LOOK: Duration = Duration::from_secs(20);

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let webhooks = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(WEBHOOKS);
    let folder = tempfile::TempDir::new().expect("a folder");
    if arguments.iter().any(|argument| argument == "postgres") {
        match Cluster::start(true).await {
            Ok(cluster) => soak(&cluster.url("postgres", "postgres"), folder.path(), webhooks).await,
            Err(why) => println!("no PostgreSQL: {why}"),
        }
    } else {
        let url = format!("sqlite://{}", folder.path().join("docket.db").display());
        soak(&url, folder.path(), webhooks).await;
    }
}

async fn soak(url: &str, folder: &Path, webhooks: usize) {
    let store = Store::open(url).await.expect("a database");
    store.migrate().await.expect("a migrated database");
    hooks::connect(&store, &Chance::system()).await;
    plan(&store, &Chance::system()).await;
    store.close().await;
    let settings = [("GITHUB_WEBHOOK_SECRET", hooks::SECRET)];
    let program = Running::start(url, folder, &settings).await;
    println!("{:>12}{:>12}{:>12}", "webhooks", "a second", "resident");
    println!("{:>12}{:>12}{:>12}", 0, "", megabytes(program.resident()));
    let (hook, next) = (Arc::new(hooks::webhook()), Arc::new(AtomicU64::new(1)));
    let pressure = Pressure { connections: 64, time: LOOK, pace: None };
    let mut sent = 0;
    while sent < webhooks {
        let began = Instant::now();
        let pressed = press(program.port, Arc::clone(&hook), pressure, Arc::clone(&next)).await;
        sent += pressed.times.len() - pressed.refused;
        println!("{sent:>12}{:>12.0}{:>12}", pressed.per_second(), megabytes(program.resident()));
        assert!(began.elapsed() < LOOK * 3, "the last of them took too long");
    }
    drop(program);
    let mut ready = Vec::new();
    for _ in 0..STARTS {
        let program = Running::start(url, folder, &settings).await;
        ready.push(program.ready_after);
    }
    println!("ready after, the first start after its end: {:.0?}", ready[0]);
    ready.sort();
    println!("ready after, median of {STARTS}: {:.0?}, slowest {:.0?}", ready[STARTS / 2], ready[STARTS - 1]);
}

fn megabytes(bytes: Option<u64>) -> String {
    bytes.map_or_else(|| "unknown".to_owned(), |bytes| format!("{} MB", bytes / 1_000_000))
}

/// A plan that is large.
async fn plan(store: &Store, chance: &Chance) {
    let tenant = store.local_tenant(chance).await.expect("a tenant");
    let plan = tree::plan(TASKS);
    let unborn = Project { revision: Revision(0), ..plan.project.clone() };
    let all: BTreeSet<TaskNumber> = plan.tasks().map(|task| task.number).collect();
    let mut tx = store.write(tenant).await.expect("a transaction");
    tx.insert_project(&unborn, TaskNumber(TASKS + 1), chance.now()).await.expect("a project");
    assert!(tx.save_plan(&plan, &all, Revision(0), chance.now()).await.expect("a plan"));
    tx.commit().await.expect("a commit");
}
