//! A thousand teams whose standups are due at the same minute: how soon all of them have theirs, and how long whoever
//! asks something waits meanwhile.
//!
//! `cargo bench --bench digest` starts the optimised program on a database of 1,000 tenants, each with a Slack workspace
//! of its own, 10 members, 50 tasks and a standup: on SQLite and, where `initdb` and `postgres` are installed, on
//! PostgreSQL with its files synced. Their Slack answers after 100 ms, takes one message a second in each channel, and
//! asks to wait for any other. Before and while the standups are posted, somebody of one team after the other types a
//! question, which is answered in the acknowledgement, and a wish, which a job answers, twenty of each a second. It
//! prints tables, and asserts that each team has its standup once.
//! `cargo bench --bench digest -- 100` takes so many tenants.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

#[path = "running/channels.rs"]
mod channels;
#[path = "../tests/it/support/cluster.rs"]
mod cluster;
#[path = "running/mod.rs"]
mod running;
#[path = "running/teams.rs"]
mod teams;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use docket::{
    clock::Chance,
    domain::{
        digest::{Digest, DigestState, Wording},
        schedule::{DigestKind, Schedule},
        time::Timestamp,
    },
    secrets::Keyring,
    standups,
    store::Store,
};
use tokio::{
    task::JoinSet,
    time::{interval, sleep, timeout},
};

use self::{
    channels::Channels,
    cluster::Cluster,
    running::Running,
    teams::{MASTER_KEY, MEMBERS, TASKS, Team},
};

const TENANTS: usize = 1_000;
/// How long nothing is due and people only ask.
const IDLE: Duration = Duration::from_secs(15);
/// Questions, and as many wishes.
const A_SECOND: u32 = 20;
/// How long is waited for the last of everything.
const PATIENCE: Duration = Duration::from_mins(10);

#[tokio::main]
async fn main() {
    let tenants = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(TENANTS);
    println!("{tenants} tenants of {MEMBERS} members and {TASKS} tasks, whose standups are due at the same instant");
    let folder = tempfile::TempDir::new().expect("a folder");
    let sqlite = format!("sqlite://{}", folder.path().join("docket.db").display());
    measure("SQLite", &sqlite, folder.path(), tenants).await;
    match Cluster::start(true).await {
        Ok(cluster) => {
            let folder = tempfile::TempDir::new().expect("a folder");
            measure("PostgreSQL", &cluster.url("postgres", "postgres"), folder.path(), tenants).await;
        }
        Err(why) => println!("\nno PostgreSQL: {why}"),
    }
}

async fn measure(engine: &str, url: &str, folder: &Path, tenants: usize) {
    let (store, chance) = (Store::open(url).await.expect("a database"), Chance::system());
    store.migrate().await.expect("a migrated database");
    let keyring = Keyring::new(&[MASTER_KEY.into()]).expect("a keyring");
    let mut all = Vec::new();
    for nth in 0..tenants {
        all.push(teams::make(&store, &chance, &keyring, nth).await);
    }
    let slot = minute_after(chance.now().plus(IDLE * 4));
    let mut schedules = Vec::new();
    for team in &all {
        schedules.push(teams::schedule(&store, &chance, team, slot).await);
    }
    println!("\n{engine}");
    let replies = compose(&store, &chance, &all, &schedules, slot).await;
    store.close().await;

    let slack = Channels::start().await;
    let settings = [
        ("SLACK_API_URL", slack.api_url.as_str()),
        ("SLACK_CLIENT_ID", "1.1"),
        ("SLACK_CLIENT_SECRET", "secret-of-a-benchmark"),
        ("DOCKET_MASTER_KEY", MASTER_KEY),
    ];
    let program = Arc::new(Running::start(url, folder, &settings).await);
    assert!(chance.now().plus(IDLE) < slot, "it took too long to start");
    post(&program, &slack, (tenants, replies), slot).await;
    drop(program);
    let store = Store::open(url).await.expect("a database");
    for (team, schedule) in all.iter().zip(&schedules) {
        let mut tx = store.read(team.tenant).await.expect("a transaction");
        let digest = tx.newest_digest(schedule.id).await.expect("a digest").expect("a digest");
        assert_eq!(digest.state, DigestState::Posted, "{:?}", digest.why);
    }
    store.close().await;
}

/// The next full minute after an instant.
fn minute_after(at: Timestamp) -> Timestamp {
    const MINUTE: i64 = 60_000;
    Timestamp::from_millis((at.as_millis() / MINUTE + 1) * MINUTE)
}

/// Reads the facts of each standup and puts it into words, one after the other, within this process; says how many
/// replies there are to be in their threads.
async fn compose(store: &Store, chance: &Chance, all: &[Team], schedules: &[Schedule], slot: Timestamp) -> usize {
    let started = Instant::now();
    let mut replies = 0;
    for (team, schedule) in all.iter().zip(schedules) {
        let asked = Digest::asked_for(chance.id(), DigestKind::Standup, &team.venue, slot);
        let digest = Digest { schedule: Some(schedule.id), ..asked };
        let mut tx = store.read(team.tenant).await.expect("a transaction");
        let composed = standups::facts(&mut tx, &digest, slot).await.expect("facts").composed(&Wording::default());
        assert!(!composed.is_empty && composed.told.len() == MEMBERS);
        replies += composed.details.len();
    }
    let took = started.elapsed();
    let each = took / u32::try_from(all.len()).expect("not so many");
    println!("composed alone, in turn: {took:.1?}, {each:.1?} each");
    replies
}

/// Waits for the slot and until everything is posted, while people ask.
async fn post(program: &Arc<Running>, slack: &Channels, (tenants, replies): (usize, usize), slot: Timestamp) {
    let end = Arc::new(AtomicBool::new(false));
    let talking = tokio::spawn(talk(Arc::clone(program), slack.clone(), tenants, 0, Arc::clone(&end)));
    sleep(IDLE).await;
    end.store(true, Ordering::SeqCst);
    let idle = talking.await.expect("answers");

    let before = program.resident();
    sleep(slot.since(Chance::system().now())).await;
    let due = Instant::now();
    let end = Arc::new(AtomicBool::new(false));
    let talking = tokio::spawn(talk(Arc::clone(program), slack.clone(), tenants, idle.commands, Arc::clone(&end)));
    let mut most = before;
    let posted = async {
        while slack.seen(|seen| (seen.teams.len(), seen.replies())) < (tenants, replies) {
            most = most.max(program.resident());
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, posted).await.expect("everything is posted");
    end.store(true, Ordering::SeqCst);
    let busy = talking.await.expect("answers");
    // Whatever would come twice comes by now.
    sleep(Duration::from_secs(30)).await;
    print_posts(slack, (tenants, replies), due);
    println!(
        "resident                    {} before, {} at most, {} half a minute after the last answer",
        megabytes(before),
        megabytes(most),
        megabytes(program.resident())
    );
    println!("{:<28}{:>10}{:>10}{:>10}{:>10}", "", "p50", "p99", "slowest", "of");
    for (what, talked) in [("while idle", idle), ("while standups are posted", busy)] {
        println!("{what}");
        row("  answered at once", talked.at_once);
        row("  a wish acknowledged", talked.acknowledged);
        row("  a wish answered", talked.answered);
    }
}

fn print_posts(slack: &Channels, (tenants, replies): (usize, usize), due: Instant) {
    let seen = slack.seen(Clone::clone);
    assert_eq!((seen.teams.len(), seen.replies()), (tenants, replies), "each team has its standup");
    assert!(seen.teams.values().all(|(messages, _)| *messages == 1), "and once");
    let last = |at: Option<Instant>| at.map(|at| at - due).unwrap_or_default();
    let (messages, all) = (last(seen.last.0), last(seen.last.0.max(seen.last.1)));
    println!("posted, from the slot to the last of {tenants} messages: {messages:.1?}");
    println!("and of {replies} replies in their threads: {all:.1?}, {:.0} standups a second", per_second(tenants, all));
    println!("Slack asked to wait {} times, and messages were changed {} times", seen.waits, seen.changes);
}

#[expect(clippy::cast_precision_loss, reason = "it is printed without digits")]
fn per_second(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}

fn megabytes(bytes: Option<u64>) -> String {
    bytes.map_or_else(|| "unknown".to_owned(), |bytes| format!("{} MB", bytes / 1_000_000))
}

fn row(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |percent: usize| format!("{:.1?}", times[(times.len() - 1) * percent / 100]);
    println!("{what:<28}{:>10}{:>10}{:>10}{:>10}", at(50), at(99), at(100), times.len());
}

/// How long people waited.
struct Talked {
    commands: usize,
    /// For an answer in the acknowledgement.
    at_once: Vec<Duration>,
    /// For the acknowledgement of what a job answers.
    acknowledged: Vec<Duration>,
    /// For that answer.
    answered: Vec<Duration>,
}

/// Types commands until the `end`, those of even numbers questions, and waits for all answers.
async fn talk(program: Arc<Running>, slack: Channels, tenants: usize, first: usize, end: Arc<AtomicBool>) -> Talked {
    let client = running::client();
    let mut every = interval(Duration::from_secs(1) / (2 * A_SECOND));
    let mut typed = JoinSet::new();
    let mut next = first;
    while !end.load(Ordering::SeqCst) {
        every.tick().await;
        let (nth, team) = (next, teams::name(next / 2 % tenants));
        let text = if nth.is_multiple_of(2) { "list" } else { "remind WORK-3 in 9 hours look at the logs" };
        let command = program.types(&client, (&team, "C1"), nth, text);
        typed.spawn(async move { (nth, Instant::now(), command.await) });
        next += 1;
    }
    let mut talked = Talked { commands: next, at_once: Vec::new(), acknowledged: Vec::new(), answered: Vec::new() };
    let mut sent = Vec::new();
    for (nth, at, (took, status)) in typed.join_all().await {
        assert!(status.is_success(), "{status}");
        if nth.is_multiple_of(2) {
            talked.at_once.push(took);
        } else {
            talked.acknowledged.push(took);
            sent.push((nth, at));
        }
    }
    for (nth, at) in sent {
        let answer = async {
            loop {
                if let Some(came) = slack.seen(|seen| seen.answers.get(&nth).copied()) {
                    return came;
                }
                sleep(Duration::from_millis(50)).await;
            }
        };
        talked.answered.push(timeout(PATIENCE, answer).await.expect("an answer") - at);
    }
    talked
}
