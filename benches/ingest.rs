//! How soon Docket acknowledges commands while its worker is busy with them.
//!
//! `cargo bench --bench ingest` sends the optimised program 64 signed slash commands at once, every second for ten
//! seconds, each of which it must plan and show. It prints how long the acknowledgements took and asserts nothing.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

#[path = "running/mod.rs"]
mod running;

use std::{sync::Arc, time::Duration};

use tokio::{task::JoinSet, time::interval};

use self::running::{Running, slash};

const AT_ONCE: usize = 64;
const SECONDS: usize = 10;

#[tokio::main]
async fn main() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let url = format!("sqlite://{}", folder.path().join("docket.db").display());
    let program = Arc::new(Running::start(&url, folder.path()).await);
    let client = running::client();
    let mut every = interval(Duration::from_secs(1));
    let mut senders = JoinSet::new();
    for second in 0..SECONDS {
        every.tick().await;
        for nth in 0..AT_ONCE {
            let (program, client) = (Arc::clone(&program), client.clone());
            let body = slash(second * AT_ONCE + nth, "plan Build a user authentication flow");
            senders.spawn(async move { program.send(&client, body).await });
        }
    }
    let answers = senders.join_all().await;
    let refused = answers.iter().filter(|(_, status)| !status.is_success()).count();
    let mut times: Vec<Duration> = answers.into_iter().map(|(took, _)| took).collect();
    times.sort();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100];
    println!("{} commands, {refused} refused, in bursts of {AT_ONCE} a second", times.len());
    let resident = program.resident().unwrap_or_default() / 1_000_000;
    println!(
        "acknowledged after {:.1?} (p50), {:.1?} (p99), {:.1?} (slowest); {resident} MB resident",
        at(50),
        at(99),
        at(100)
    );
}
