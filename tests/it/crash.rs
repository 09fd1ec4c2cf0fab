//! The power is cut under load, at random moments and at named points, again and again: nothing that was acknowledged is
//! lost, and nothing happens twice.
//!
//! `DOCKET_CRASH_ROUNDS=100 cargo test --test it -- crash::` cuts it 100 times on each engine; else it is 10 times.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::support::{
    crowd::{Rush, any, millis},
    db::{TestDb, for_each_db},
    fake_slack::Fault,
    peers::note,
    servers::Servers,
};

for_each_db!(nothing_acknowledged_is_lost_and_nothing_happens_twice);

/// What comes in before each cut.
const RUSH: Rush = Rush { plans: 2, estimates: 5, decisions: 5, webhooks: 12 };
/// How long a named point is waited for: it may not come where nobody happens to do what leads there.
const PATIENCE: Duration = Duration::from_secs(3);

/// How much may be left from the rounds before when the next one begins, and how long that is waited for.
const MOST: i64 = 25;
const CALM: Duration = Duration::from_secs(20);

/// When the power is cut.
#[derive(Debug, Clone, Copy)]
enum Cut {
    /// Whenever.
    AnyTime,
    /// While Slack has a call of this method and has not done it.
    Before(&'static str),
    /// While Slack has done what it was called for, and has not said so.
    After(&'static str),
    /// As soon as something was acknowledged.
    Acknowledged,
    /// As soon as there are such rows.
    Seen(&'static str),
}

/// In turns: each is come to in eleven rounds, with a random moment between any two.
const CUTS: [Cut; 10] = [
    Cut::Before("chat.postMessage"),
    Cut::After("chat.postMessage"),
    Cut::Acknowledged,
    Cut::Before("chat.update"),
    Cut::After("chat.update"),
    Cut::Seen("jobs WHERE kind = 'handle_delivery' AND state = 'running'"),
    Cut::Before("response_url"),
    Cut::After("response_url"),
    Cut::Seen("jobs WHERE kind = 'sync_card' AND state = 'waiting'"),
    Cut::Before("users.info"),
];

#[expect(clippy::disallowed_methods, reason = "a setting of the tests themselves")]
fn rounds() -> usize {
    std::env::var("DOCKET_CRASH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(10)
}

async fn nothing_acknowledged_is_lost_and_nothing_happens_twice(db: &TestDb) {
    let began = Instant::now();
    let (rounds, mut servers, mut reached) = (rounds(), Servers::open(db).await, 0);
    // Somebody whose server is down tries again when it is back, so what is sent outlives the round.
    let mut coming = Vec::new();
    for round in 0..rounds {
        calm(db).await;
        let cut = if round % 2 == 0 { CUTS[round / 2 % CUTS.len()] } else { Cut::AnyTime };
        reached += usize::from(until(cut, &servers, &mut coming).await);
        servers.cut().await;
        servers.start().await;
    }
    for sent in coming {
        sent.join_all().await;
    }
    servers.rush(RUSH).await;
    let (cards, answers) = servers.sound().await;
    let heard = servers.crowd.heard();
    assert!(heard.promised.len() >= rounds * 5, "only {} requests were acknowledged", heard.promised.len());
    assert!(reached * 4 >= rounds, "only {reached} of {rounds} named points were come to");
    note(&format!(
        "{rounds} cuts on {} in {:?}, {reached} at named points: {} requests acknowledged, {} without an answer, \
         {} patches, {cards} cards and {answers} answers given twice",
        db.store.engine(),
        began.elapsed(),
        heard.promised.len(),
        heard.silent,
        db.count("patches").await,
    ));
}

/// Waits until most of what was taken is done. A program that never lives long enough to do anything is another matter: a
/// job that its worker did not survive 15 times is given up.
async fn calm(db: &TestDb) {
    let began = Instant::now();
    while db.count("deliveries WHERE handled_at IS NULL").await > MOST && began.elapsed() < CALM {
        tokio::time::sleep(millis(20)).await;
    }
}

/// Has everything come in and waits for the moment; whether it is a named one, and came.
async fn until(cut: Cut, servers: &Servers<'_>, coming: &mut Vec<JoinSet<()>>) -> bool {
    let (slack, began) = (&servers.crowd.slack, Instant::now());
    let before = servers.crowd.heard().promised.len();
    match cut {
        Cut::Before(method) => slack.hold(method),
        Cut::After(method) => slack.fail_next(method, Fault::Silent),
        Cut::AnyTime | Cut::Acknowledged | Cut::Seen(_) => {}
    }
    coming.push(servers.crowd.rush(RUSH));
    if let Cut::AnyTime = cut {
        tokio::time::sleep(millis(any(400))).await;
        return false;
    }
    while began.elapsed() < PATIENCE {
        let is_there = match cut {
            Cut::AnyTime => true,
            Cut::Before(_) => slack.holds_one(),
            Cut::After(_) => slack.is_faultless(),
            Cut::Acknowledged => servers.crowd.heard().promised.len() > before,
            Cut::Seen(rows) => servers.db.count(rows).await > 0,
        };
        if is_there {
            return true;
        }
        tokio::time::sleep(millis(1)).await;
    }
    note(&format!("nothing led to {cut:?} within {PATIENCE:?}"));
    false
}
