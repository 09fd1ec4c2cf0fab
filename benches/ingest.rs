//! How many webhooks Docket stores in a second, against a server that only checks their signatures.
//!
//! `cargo bench --bench ingest` presses signed webhooks of 12 kB over 64 connections on a bare handler that only checks
//! their signatures, then on the optimised program on SQLite and, where `initdb` and `postgres` are installed, on
//! PostgreSQL with its files synced. Each webhook that is acknowledged is stored with its job, and the worker handles them
//! meanwhile. Then 2,000 webhooks a second come in while somebody types commands; and then half of what was stored in a
//! second, as much, twice and four times as much, over 2,048 connections, while somebody types: what is too much is
//! refused, and the commands are not. It prints tables and asserts nothing.
//! `cargo bench --bench ingest -- 5` presses for five seconds instead of ten.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

#[path = "../tests/it/support/cluster.rs"]
mod cluster;
#[path = "running/hooks.rs"]
mod hooks;
#[path = "running/load.rs"]
mod load;
#[path = "running/mod.rs"]
mod running;
#[path = "running/spent.rs"]
mod spent;

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use axum::{Router, body::Bytes, http::HeaderMap, http::StatusCode, routing::post};
use docket::{clock::Chance, ingest::signature::GitHubCheck, store::Store};
use tokio::{task::JoinSet, time::interval};

use self::{
    cluster::Cluster,
    load::{Prepared, Pressed, Pressure, press},
    running::{Running, TEAM},
    spent::Spent,
};

/// Runs the bare handler at the port that follows.
const CEILING: &str = "--only-check-signatures";
const CONNECTIONS: u64 = 64;
/// Connections of a sender that does not wait for one answer before it sends the next.
const MANY: u64 = 2_048;
const HOOKS_A_SECOND: u64 = 2_000;
const COMMANDS_A_SECOND: u64 = 20;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == CEILING) {
        return only_check_signatures(arguments[at + 1].parse().expect("a port")).await;
    }
    let seconds = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(10);
    let pressure = Pressure { connections: CONNECTIONS, time: Duration::from_secs(seconds), pace: None };
    println!(
        "{:<34}{:>10}{:>9}{:>9}{:>9}{:>9}{:>9}{:>11}{:>11}",
        "", "a second", "of all", "p50", "p99", "p99.9", "resident", "flushes/s", "written/s"
    );
    let ceiling = ceiling(pressure).await;
    let folder = tempfile::TempDir::new().expect("a folder");
    let sqlite = format!("sqlite://{}", folder.path().join("docket.db").display());
    measure("SQLite", &sqlite, folder.path(), pressure, ceiling).await;
    match Cluster::start(true).await {
        Ok(cluster) => {
            let folder = tempfile::TempDir::new().expect("a folder");
            measure("PostgreSQL", &cluster.url("postgres", "postgres"), folder.path(), pressure, ceiling).await;
        }
        Err(why) => println!("no PostgreSQL: {why}"),
    }
}

/// What a server does that acknowledges without storing.
async fn only_check_signatures(port: u16) {
    async fn check(headers: HeaderMap, body: Bytes) -> StatusCode {
        let Ok(mut check) = GitHubCheck::new(&headers, &[hooks::SECRET.into()]) else {
            return StatusCode::UNAUTHORIZED;
        };
        check.take(&body);
        if check.end().is_ok() { StatusCode::ACCEPTED } else { StatusCode::UNAUTHORIZED }
    }
    let router = Router::new().route("/github/webhooks", post(check));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.expect("a free port");
    axum::serve(listener, router).await.expect("a server");
}

async fn ceiling(pressure: Pressure) -> f64 {
    struct Ended(Child);
    impl Drop for Ended {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
    let port = running::free_port();
    let program = std::env::current_exe().expect("this program");
    let child = Command::new(program).args([CEILING, &port.to_string()]).stdin(Stdio::null()).spawn();
    let child = Ended(child.expect("the bare handler starts"));
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let pressed = press(port, Arc::new(hooks::webhook()), pressure, Arc::default()).await;
    let most = pressed.per_second();
    let resident = running::resident(child.0.id());
    row("signatures checked, nothing stored", &pressed, Some(most), Spent { resident, ..Spent::default() });
    most
}

async fn measure(engine: &str, url: &str, folder: &Path, pressure: Pressure, ceiling: f64) {
    let store = Store::open(url).await.expect("a database");
    store.migrate().await.expect("a migrated database");
    hooks::connect(&store, &Chance::system()).await;
    store.close().await;
    let program = Running::start(url, folder, &[("GITHUB_WEBHOOK_SECRET", hooks::SECRET)]).await;
    let port = program.port;
    let (hook, next) = (Arc::new(hooks::webhook()), Arc::new(AtomicU64::new(1)));
    let before = Spent::of(&program);
    let pressed = press(port, Arc::clone(&hook), pressure, Arc::clone(&next)).await;
    row(&format!("{engine}: stored"), &pressed, Some(ceiling), Spent::of(&program).since(&before));
    let paced = Pressure { pace: Some(HOOKS_A_SECOND), ..pressure };
    both(&program, &format!("{engine}: {HOOKS_A_SECOND} webhooks a second"), (&hook, &next), paced).await;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a pace")]
    let capacity = pressed.per_second() as u64;
    for (times, pace) in
        [("half", capacity / 2), ("once", capacity), ("twice", 2 * capacity), ("4 times", 4 * capacity)]
    {
        let over = Pressure { connections: MANY, time: pressure.time, pace: Some(pace) };
        both(&program, &format!("{engine}: {times}, {pace} a second"), (&hook, &next), over).await;
    }
}

/// Presses webhooks while somebody types.
async fn both(program: &Running, what: &str, (hook, next): (&Arc<Prepared>, &Arc<AtomicU64>), pressure: Pressure) {
    let before = Spent::of(program);
    let hooks = tokio::spawn(press(program.port, Arc::clone(hook), pressure, Arc::clone(next)));
    let typed = commands(program, pressure.time).await;
    let hooks = hooks.await.expect("webhooks");
    let spent = Spent::of(program).since(&before);
    row(what, &hooks, None, spent);
    row("   commands meanwhile", &typed, None, Spent::default());
}

/// Types commands for a while.
async fn commands(program: &Running, time: Duration) -> Pressed {
    let client = running::client();
    let mut every = interval(Duration::from_secs(1) / u32::try_from(COMMANDS_A_SECOND).expect("a few"));
    let mut senders = JoinSet::new();
    let started = std::time::Instant::now();
    let mut nth = 0;
    while started.elapsed() < time {
        every.tick().await;
        nth += 1;
        senders.spawn(program.types(&client, (TEAM, "C1"), nth, "plan Build a user authentication flow"));
    }
    let answers = senders.join_all().await;
    let refused = answers.iter().filter(|(_, status)| !status.is_success()).count();
    let mut times: Vec<Duration> = answers.into_iter().map(|(took, _)| took).collect();
    times.sort();
    Pressed { times, refused, took: started.elapsed() }
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn row(what: &str, pressed: &Pressed, ceiling: Option<f64>, spent: Spent) {
    let share = ceiling.map_or(String::new(), |ceiling| format!("{:.2}", pressed.per_second() / ceiling));
    let (resident, flushes) = (spent.memory(), spent.flushes_a_second(pressed.took));
    let megabytes_a_second = |bytes: u64| bytes as f64 / 1e6 / pressed.took.as_secs_f64();
    let written = spent.written.map_or(String::new(), |bytes| format!("{:.0} MB", megabytes_a_second(bytes)));
    let refused = if pressed.refused > 0 { format!("  {} refused", pressed.refused) } else { String::new() };
    println!(
        "{what:<34}{:>10.0}{share:>9}{:>9}{:>9}{:>9}{resident:>9}{flushes:>11}{written:>11}{refused}",
        pressed.per_second(),
        format!("{:.1?}", pressed.at(500)),
        format!("{:.1?}", pressed.at(990)),
        format!("{:.1?}", pressed.at(999)),
    );
}
