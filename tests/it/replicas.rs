//! Several programs on one PostgreSQL.
//!
//! That schedules fire once is shown by `story_standup` and `standup_slots`.

use std::time::{Duration, Instant};

use docket::{
    clock::Chance,
    domain::{delivery::Source, job::Job},
    store::NewDelivery,
};

use crate::support::{
    app::words,
    binary::client,
    crowd::{Rush, any, millis},
    db::{TestDb, on_postgres},
    fake_slack::Shown,
    peers::note,
    sample,
    servers::Servers,
    sound,
};

use super::story_binary::eventually;

const RUSH: Rush = Rush { plans: 4, estimates: 16, decisions: 12, webhooks: 40 };
/// How often it is measured how long one takes to hear of another.
const WAKES: usize = 41;
/// Within how many milliseconds one hears of another, half of the time. Whoever hears of nothing looks every 500 ms, so
/// that half of what comes waits longer than 250 ms.
const WOKEN: i64 = 50;
/// The longest that it may take on a machine that is busy with something else.
const LONGEST: i64 = 5_000;

/// The newest message of the channel that says this.
async fn says(servers: &Servers<'_>, wanted: &str) -> Shown {
    let find = || servers.crowd.slack.messages("C1").into_iter().rfind(|one| words(&one.payload).contains(wanted));
    eventually(wanted, find).await
}

/// The worker of the program that ran alone so far.
async fn owner(db: &TestDb) -> String {
    let owners: Vec<(String,)> = db.rows("SELECT DISTINCT owner FROM job_notes WHERE what = 'started'").await;
    assert_eq!(owners.len(), 1);
    owners[0].0.clone()
}

/// Ends the leases of a worker, as a minute without a sign of life does.
async fn lapse(db: &TestDb, owner: &str) -> u64 {
    let sql = format!("UPDATE jobs SET due_at = 0 WHERE state = 'running' AND owner = '{owner}'");
    db.raw(&sql).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whichever_is_asked_it_is_done_once_and_by_both() {
    on_postgres(async |db: &TestDb| {
        let mut servers = Servers::open(db).await;
        servers.start().await;
        let (one, other) = (servers.running[0].base.clone(), servers.running[1].base.clone());
        let (ana, ben) = (servers.crowd.person("U1", "C1"), servers.crowd.person("U2", "C1"));
        let now = || Chance::system().now();

        // Asked here, pressed there: the other one never saw the card.
        ana.slash("plan Build the import of invoices", now()).send(&client(), &one).await;
        let card = says(&servers, "import of invoices").await;
        let press = ben.click(&card, "patch.approve", now());
        // The same click again, at both: Slack and people repeat themselves.
        for base in [&other, &one, &other] {
            assert_eq!(press.clone().send(&client(), base).await.status(), 200);
        }
        let card = says(&servers, "applied by Ben").await;
        for base in [&one, &other] {
            let answer = ana.slash("show", now()).send(&client(), base).await;
            assert!(answer.text().await.unwrap().contains("revision 1"));
        }
        ana.click(&card, "patch.undo", now()).send(&client(), &one).await;
        says(&servers, "takes back").await;

        servers.rush(RUSH).await;
        assert_eq!(servers.sound().await, (0, 0), "cards and answers that were given twice");
        let owners = db.count("(SELECT DISTINCT owner FROM job_notes WHERE what = 'started') owners").await;
        assert_eq!(owners, 2, "one of them did nothing");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_of_one_wakes_the_worker_of_another() {
    on_postgres(async |db: &TestDb| {
        let _servers = Servers::open(db).await;
        let tenant = db.store.local_tenant(&db.chance).await.unwrap();
        let chance = Chance::system();
        sound::settled(db).await;
        let mut stores = Vec::new();
        for number in 0..WAKES {
            tokio::time::sleep(millis(30 + any(100))).await;
            // What cannot be read is a job that is soon done.
            let mut delivery = sample::delivery(&chance, tenant, &format!("wake {number}"));
            delivery.delivery.source = Source::Console;
            let job = Job::HandleDelivery { delivery: delivery.delivery.id }.due(chance.now());
            let began = Instant::now();
            db.store.accept(&[NewDelivery { job: Some(job), ..delivery }]).await.unwrap();
            stores.push(i64::try_from(began.elapsed().as_millis()).unwrap());
        }
        for left in (0..500).rev() {
            if db.count("deliveries WHERE dedupe_key LIKE 'wake %' AND handled_at IS NULL").await == 0 {
                break;
            }
            assert!(left > 0, "what another program stored was not handled");
            tokio::time::sleep(millis(20)).await;
        }
        let sql = format!(
            "SELECT s.at - q.at FROM job_notes q JOIN job_notes s ON s.job = q.job AND s.what = 'started' \
             WHERE q.what = 'queued' AND q.kind = 'handle_delivery' ORDER BY q.at DESC, q.job LIMIT {WAKES}"
        );
        let mut waits: Vec<i64> = db.rows::<(i64,)>(&sql).await.into_iter().map(|(wait,)| wait).collect();
        waits.sort_unstable();
        stores.sort_unstable();
        let (median, storing) = (waits[WAKES / 2], stores[WAKES / 2]);
        note(&format!(
            "woken by another program after {median} ms (median of {WAKES}, while storing takes {storing} ms), {waits:?}"
        ));
        // What is measured begins with storing it, and ends with a job that is taken: as busy as the machine is for the one
        // it is for the other.
        assert!(median <= WOKEN + 2 * storing, "half of the wakes took {median} ms: {waits:?}");
        assert!(waits[WAKES - 1] <= LONGEST, "somebody was not woken: {waits:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_stood_still_longer_than_its_lease_writes_nothing_any_more() {
    on_postgres(async |db: &TestDb| {
        let mut servers = Servers::open(db).await;
        let (ana, now) = (servers.crowd.person("U1", "C1"), || Chance::system().now());
        sound::settled(db).await;

        // It asks Slack who Ana is, and before it is told it stands still.
        servers.crowd.slack.hold("users.info");
        ana.slash("plan Build the import of invoices", now()).send(&client(), &servers.running[0].base).await;
        eventually("the question", || servers.crowd.slack.holds_one().then_some(())).await;
        let first = owner(db).await;
        servers.running[0].send("STOP");
        servers.crowd.slack.let_go();
        servers.start().await;
        assert_eq!(lapse(db, &first).await, 1, "one job was running");
        let card = says(&servers, "import of invoices").await;
        let press = ana.click(&card, "patch.approve", now());
        press.send(&client(), &servers.running[1].base).await;
        says(&servers, "is at revision 1").await;

        // Now it is told, and goes on as if nothing had been.
        servers.running[0].send("CONT");
        let lost = async || {
            let metrics = client().get(format!("{}/metrics", servers.running[0].base)).send().await.unwrap();
            let text = metrics.text().await.unwrap();
            text.lines().any(|line| line == r#"docket_jobs_total{kind="handle_delivery",outcome="lost"} 1"#)
        };
        let began = Instant::now();
        while !lost().await {
            assert!(began.elapsed() < Duration::from_secs(20), "it does not say that it lost a job");
            tokio::time::sleep(millis(50)).await;
        }
        servers.rush(RUSH).await;
        assert_eq!(servers.sound().await, (0, 0), "cards and answers that were given twice");
        let proposals = db.count("patches WHERE title LIKE '%import of invoices%'").await;
        assert_eq!(proposals, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_is_killed_and_the_other_goes_on() {
    on_postgres(async |db: &TestDb| {
        let mut servers = Servers::open(db).await;
        servers.rush(RUSH).await;
        let first = owner(db).await;
        // It asks Slack who Ana is, and dies before it is told.
        servers.crowd.slack.hold("users.info");
        let (ana, now) = (servers.crowd.person("U1", "C1"), Chance::system().now());
        ana.slash("plan Build the import of invoices", now).send(&client(), &servers.running[0].base).await;
        eventually("the question", || servers.crowd.slack.holds_one().then_some(())).await;
        servers.start().await;
        let coming = servers.crowd.rush(RUSH);
        tokio::time::sleep(millis(100 + any(200))).await;
        let dead = servers.running.remove(0);
        servers.turn();
        dead.kill();
        servers.crowd.slack.let_go();
        servers.note_standing().await;
        let taken = lapse(db, &first).await;
        assert!(taken > 0, "nothing was left to be taken over");
        coming.join_all().await;
        let (cards, answers) = servers.sound().await;
        assert_eq!(db.count("patches WHERE title LIKE '%import of invoices%'").await, 1);
        let promised = servers.crowd.heard().promised.len();
        note(&format!(
            "the other one took over {taken} jobs: {promised} acknowledged, {cards} cards and {answers} answers twice"
        ));
    })
    .await;
}
