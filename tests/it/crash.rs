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
/// How long a named point is waited for before more comes in: nobody may happen to do what leads there.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often something comes in for one named point, at most.
const RUSHES: u32 = 3;

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

/// In turns, with a random moment between any two. Few rounds come to some of them, and begin with another one each time.
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

/// In so many rounds each named point has its turn twice.
const ENOUGH: usize = 4 * CUTS.len();

#[expect(clippy::disallowed_methods, reason = "a setting of the tests themselves")]
fn rounds() -> usize {
    std::env::var("DOCKET_CRASH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(10)
}

async fn nothing_acknowledged_is_lost_and_nothing_happens_twice(db: &TestDb) {
    let began = Instant::now();
    let (rounds, mut servers, first) = (rounds(), Servers::open(db).await, any(CUTS.len()));
    let mut reached = [0; CUTS.len()];
    // Somebody whose server is down tries again when it is back, so what is sent outlives the round.
    let mut coming = Vec::new();
    for round in 0..rounds {
        calm(db).await;
        let turn = (first + round / 2) % CUTS.len();
        let cut = if round % 2 == 0 { CUTS[turn] } else { Cut::AnyTime };
        reached[turn] += usize::from(until(cut, &servers, &mut coming).await);
        servers.cut().await;
        servers.start().await;
    }
    for sent in coming {
        sent.join_all().await;
    }
    servers.rush(RUSH).await;
    let (cards, answers) = servers.sound().await;
    let (heard, named) = (servers.crowd.heard(), rounds.div_ceil(2));
    note(&format!(
        "{rounds} cuts on {} in {:?}, {} of {named} at named points from {:?} on: {} requests acknowledged, \
         {} without an answer, {} patches, {cards} cards and {answers} answers given twice",
        db.store.engine(),
        began.elapsed(),
        reached.iter().sum::<usize>(),
        CUTS[first],
        heard.promised.len(),
        heard.silent,
        db.count("patches").await,
    ));
    assert!(heard.promised.len() >= rounds * 5, "only {} requests were acknowledged", heard.promised.len());
    were_come_to(&reached, rounds, named);
}

/// On a busy machine nothing may lead to a named point, but seldom; and none may be left out where all had their turn.
fn were_come_to(reached: &[usize; CUTS.len()], rounds: usize, named: usize) {
    let all: usize = reached.iter().sum();
    assert!(all + rounds.div_ceil(10) >= named, "only {all} of {named} named points were come to: {reached:?}");
    let never: Vec<_> = CUTS.iter().zip(reached).filter(|(_, times)| **times == 0).map(|(cut, _)| cut).collect();
    assert!(rounds < ENOUGH || never.is_empty(), "never come to in {rounds} rounds: {never:?}");
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
    let (slack, before) = (&servers.crowd.slack, servers.crowd.heard().promised.len());
    match cut {
        Cut::Before(method) => slack.hold(method),
        Cut::After(method) => slack.fail_next(method, Fault::Silent),
        Cut::AnyTime => {
            coming.push(servers.crowd.rush(RUSH));
            tokio::time::sleep(millis(any(400))).await;
            return false;
        }
        Cut::Acknowledged | Cut::Seen(_) => {}
    }
    for _ in 0..RUSHES {
        coming.push(servers.crowd.rush(RUSH));
        let began = Instant::now();
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
    }
    note(&format!("nothing led to {cut:?} within {:?}", PATIENCE * RUSHES));
    false
}
