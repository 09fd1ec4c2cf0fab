//! The power is cut at one named point, alone: what exactly stands there afterwards.

use std::time::Duration;

use docket::clock::Chance;

use crate::support::{
    app::{TestApp, words},
    binary::client,
    db::{TestDb, for_each_db},
    fake_slack::{Fault, Shown, SignedRequest},
    servers::Servers,
};

use super::story_binary::eventually;

for_each_db!(
    what_slack_has_not_done_yet_is_done_once,
    what_slack_did_and_did_not_say_stands_there_twice_and_both_can_be_pressed,
    what_was_acknowledged_a_moment_ago_is_done,
    what_no_worker_survives_is_given_up_and_whoever_asked_for_it_is_told,
);

impl Servers<'_> {
    /// Sends a request that is acknowledged.
    async fn take(&self, request: SignedRequest) {
        let answer = request.send(&client(), &self.running[0].base).await;
        assert!(answer.status().is_success(), "{}", answer.status());
    }

    async fn slash(&self, line: &str) {
        self.take(self.crowd.person("U1", "C1").slash(line, Chance::system().now())).await;
    }

    async fn press(&self, card: &Shown, action: &str) {
        self.take(self.crowd.person("U1", "C1").click(card, action, Chance::system().now())).await;
    }

    /// The newest message of the channel that says this.
    async fn says(&self, wanted: &str) -> Shown {
        let find = || self.crowd.slack.messages("C1").into_iter().rfind(|one| words(&one.payload).contains(wanted));
        eventually(wanted, find).await
    }

    /// How often the channel says this.
    fn times(&self, wanted: &str) -> usize {
        self.crowd.slack.messages("C1").iter().filter(|one| words(&one.payload).contains(wanted)).count()
    }

    /// Cuts the power once the point is come to, and starts again; says how many cards and answers are there
    /// twice in the end.
    async fn cut_and_settle(&mut self, is_there: impl Fn(&Self) -> bool) -> (usize, i64) {
        eventually("the named point", || is_there(self).then_some(())).await;
        self.cut().await;
        self.start().await;
        self.sound().await
    }
}

async fn what_slack_has_not_done_yet_is_done_once(db: &TestDb) {
    let mut servers = Servers::open(db).await;
    let holds_one = |servers: &Servers<'_>| servers.crowd.slack.holds_one();

    servers.crowd.slack.hold("chat.postMessage");
    servers.slash("plan Build the import of invoices").await;
    assert_eq!(servers.cut_and_settle(holds_one).await, (0, 0));
    assert_eq!(servers.times("import of invoices"), 1);

    let card = servers.says("import of invoices").await;
    servers.crowd.slack.hold("chat.update");
    servers.press(&card, "patch.approve").await;
    // The decision is stored when its card is about to be changed.
    eventually("the call", || servers.crowd.slack.holds_one().then_some(())).await;
    assert_eq!(db.count("projects").await, 4);
    assert_eq!(servers.cut_and_settle(holds_one).await, (0, 0));
    assert!(words(&servers.says("import of invoices").await.payload).contains("applied by Ana"));

    servers.crowd.slack.hold("response_url");
    servers.press(&card, "patch.details").await;
    assert_eq!(servers.cut_and_settle(holds_one).await, (0, 0));
}

async fn what_slack_did_and_did_not_say_stands_there_twice_and_both_can_be_pressed(db: &TestDb) {
    let mut servers = Servers::open(db).await;
    let is_done = |servers: &Servers<'_>| servers.crowd.slack.is_faultless();

    servers.crowd.slack.fail_next("chat.postMessage", Fault::Silent);
    servers.slash("plan Build the import of invoices").await;
    assert_eq!(servers.cut_and_settle(is_done).await, (1, 0));
    assert_eq!(servers.times("import of invoices"), 2);

    // The one that nobody remembers decides as well as the other, which says so.
    let all = servers.crowd.slack.messages("C1");
    let first = all.iter().find(|one| words(&one.payload).contains("import of invoices")).unwrap();
    servers.crowd.slack.fail_next("chat.update", Fault::Silent);
    servers.press(first, "patch.approve").await;
    assert_eq!(servers.cut_and_settle(is_done).await, (1, 0));
    // That of the project that the channel began with, and one of the two.
    assert_eq!(servers.times("is at revision 1"), 2);

    servers.crowd.slack.fail_next("response_url", Fault::Silent);
    servers.press(first, "patch.details").await;
    assert_eq!(servers.cut_and_settle(is_done).await, (1, 1));
}

async fn what_was_acknowledged_a_moment_ago_is_done(db: &TestDb) {
    let mut servers = Servers::open(db).await;
    for number in 0..3 {
        servers.slash(&format!("plan Build the import of invoices{number}")).await;
        assert_eq!(servers.cut_and_settle(|_| true).await.1, 0);
        let card = servers.says(&format!("import of invoices{number}")).await;
        servers.press(&card, "patch.approve").await;
        assert_eq!(servers.cut_and_settle(|_| true).await.1, 0);
    }
    assert_eq!(db.count("projects").await, 6);
}

async fn what_no_worker_survives_is_given_up_and_whoever_asked_for_it_is_told(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.send(docket.user("U1").slash("plan Build the import of invoices", db.chance.now())).await;
    let lease = Duration::from_mins(1);
    let most = db.store.claim("dead", db.chance.now(), lease, 1).await.unwrap()[0].max_attempts;
    for attempt in 2..=most + 10 {
        db.clock.advance(lease);
        assert_eq!(db.store.claim("dead", db.chance.now(), lease, 1).await.unwrap()[0].attempt, attempt);
    }
    db.clock.advance(lease);
    docket.run_jobs().await;
    let jobs = db.store.jobs(10).await.unwrap();
    let why = format!("started {} times and not finished", most + 10);
    assert_eq!((jobs[0].state.as_str(), jobs[0].last_error.as_deref()), ("dead", Some(why.as_str())));
    assert!(docket.told("U1").contains("Something went wrong"), "{}", docket.told("U1"));

    // Somebody found out why, and it is done after all.
    assert!(db.store.retry_dead(jobs[0].id, db.chance.now()).await.unwrap());
    docket.run_jobs().await;
    assert_eq!(docket.states().await, ["proposed"]);
}
