//! How long it takes from a press on Approve until the plan has changed and the card says so.
//!
//! `cargo bench --bench decide` starts the optimised program with a Slack that answers at once, has a plan proposed in each
//! of a thousand channels, presses Approve on 50 cards a second, and does the same with a change of each: on SQLite and,
//! where `initdb` and `postgres` are installed, on PostgreSQL with its files synced. It prints a table and asserts that
//! each card is decided. `cargo bench --bench decide -- 5` presses for five seconds instead of twenty.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

#[path = "running/cards.rs"]
mod cards;
#[path = "../tests/it/support/cluster.rs"]
mod cluster;
#[path = "running/mod.rs"]
mod running;
#[path = "running/spent.rs"]
mod spent;

use std::{
    path::Path,
    time::{Duration, Instant},
};

use tokio::{
    task::JoinSet,
    time::{interval, sleep},
};

use self::{
    cards::{Button, Cards},
    cluster::Cluster,
    running::{Running, TEAM},
    spent::Spent,
};

const A_SECOND: usize = 50;
/// How long is waited for the last of everything.
const PATIENCE: Duration = Duration::from_mins(2);

#[tokio::main]
async fn main() {
    let seconds = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(20);
    println!(
        "{:<24}{:>8}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}{:>11}",
        "", "of", "a second", "p50", "p90", "p99", "p99.9", "slowest", "resident", "flushes/s"
    );
    let folder = tempfile::TempDir::new().expect("a folder");
    let sqlite = format!("sqlite://{}", folder.path().join("docket.db").display());
    measure("SQLite", &sqlite, folder.path(), seconds).await;
    match Cluster::start(true).await {
        Ok(cluster) => {
            let folder = tempfile::TempDir::new().expect("a folder");
            measure("PostgreSQL", &cluster.url("postgres", "postgres"), folder.path(), seconds).await;
        }
        Err(why) => println!("no PostgreSQL: {why}"),
    }
}

async fn measure(engine: &str, url: &str, folder: &Path, seconds: usize) {
    let slack = Cards::start().await;
    let program = Running::start(url, folder, &[("SLACK_API_URL", &slack.api_url)]).await;
    let lines = ["plan Build a user authentication flow", "edit add a task for the tests; rename 2 to Token service"];
    for (what, line) in ["new plans", "changes"].into_iter().zip(lines) {
        propose(&program, &slack, A_SECOND * seconds, line).await;
        let (began, before) = (Instant::now(), Spent::of(&program));
        let mut times = press(&program, &slack, &slack.buttons("patch.approve")).await;
        let (took, spent) = (began.elapsed(), Spent::of(&program).since(&before));
        times.sort();
        #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
        let rate = times.len() as f64 / took.as_secs_f64();
        let at = |thousandths: usize| format!("{:.1?}", times[(times.len() - 1) * thousandths / 1000]);
        let (resident, flushes) = (spent.memory(), spent.flushes_a_second(took));
        let what = format!("{engine}, {what}");
        println!(
            "{what:<24}{:>8}{rate:>10.0}{:>10}{:>10}{:>10}{:>10}{:>10}{resident:>10}{flushes:>11}",
            times.len(),
            at(500),
            at(900),
            at(990),
            at(999),
            at(1000)
        );
    }
}

/// Types a line in as many channels, each of which has one plan, and waits until all have their card.
async fn propose(program: &Running, slack: &Cards, channels: usize, line: &str) {
    let (client, began) = (running::client(), Instant::now());
    for nth in 0..channels {
        let (_, status) = program.types(&client, (TEAM, &format!("C{nth}")), nth, line).await;
        assert!(status.is_success(), "{status}");
    }
    while slack.buttons("patch.approve").len() < channels {
        assert!(began.elapsed() < PATIENCE, "{} of {channels} cards", slack.buttons("patch.approve").len());
        sleep(Duration::from_millis(50)).await;
    }
}

/// Presses these buttons, so many a second, and says how long each took until its card said that it was applied.
async fn press(program: &Running, slack: &Cards, buttons: &[Button]) -> Vec<Duration> {
    let client = running::client();
    let mut every = interval(Duration::from_secs(1) / u32::try_from(A_SECOND).expect("a few"));
    let mut pressed = JoinSet::new();
    for button in buttons {
        every.tick().await;
        let form = button.pressed(&slack.api_url.replace("/api", "/answers/0"));
        let url = format!("http://127.0.0.1:{}/slack/interactions", program.port);
        let press = running::send(client.clone(), url, form);
        let ts = button.ts.clone();
        pressed.spawn(async move {
            let began = Instant::now();
            let (_, status) = press.await;
            assert!(status.is_success(), "{status}");
            (ts, began)
        });
    }
    let mut times = Vec::new();
    for (ts, began) in pressed.join_all().await {
        let applied = loop {
            if let Some(at) = slack.applied_at(&ts) {
                break at;
            }
            assert!(began.elapsed() < PATIENCE, "a card does not say that its change was applied");
            sleep(Duration::from_millis(20)).await;
        };
        times.push(applied - began);
    }
    times
}
