//! What a Slack in trouble does to Docket: nothing is lost, and whoever can mend it is told.

use std::time::Duration;

use axum::http::StatusCode;
use docket::domain::ids::TenantId;

use crate::support::{
    app::{TestApp, words},
    db::{TestDb, for_each_db},
    fake_slack::{BOT, Fault, SlackUser},
    slack_house::eventually,
};

const GOAL: &str = "plan Build a user authentication flow";

for_each_db!(
    commands_are_acknowledged_while_every_call_of_slack_hangs,
    a_tenant_that_must_wait_holds_up_no_other_and_loses_no_attempt,
    an_author_is_told_privately_why_a_card_does_not_appear,
    a_card_that_can_not_be_updated_is_followed_by_a_reply_in_its_thread,
    a_card_posted_with_a_lost_answer_is_the_only_thing_that_can_double,
);

/// How often the jobs of this kind were tried, and the states they are in.
async fn jobs(db: &TestDb, tenant: TenantId, kind: &str) -> Vec<(String, u32)> {
    let jobs = db.store.jobs(1_000).await.unwrap().into_iter();
    jobs.filter(|job| job.tenant == tenant && job.kind == kind).map(|job| (job.state, job.attempts)).collect()
}

async fn commands_are_acknowledged_while_every_call_of_slack_hangs(db: &TestDb) {
    let docket = TestApp::start(db).await;
    let people: Vec<SlackUser> = (0..16)
        .map(|n| {
            let channel = format!("C{}", 100 + n);
            docket.slack.add_channel(&channel, &["U1", BOT]);
            SlackUser { channel, ..docket.user("U1") }
        })
        .collect();
    for ana in &people {
        docket.slack.fail_next("chat.postMessage", Fault::Silent);
        docket.send(ana.slash("plan Move the billing", db.chance.now())).await;
    }
    let worker = docket.app.worker.clone();
    let working = tokio::spawn(async move { worker.drain().await });
    let hanging = || docket.slack.calls().iter().filter(|(method, _)| method == "chat.postMessage").count();
    eventually(|| hanging() == people.len()).await;
    for line in [GOAL, "list", "help", "approve P-1"] {
        let ack = docket.send(docket.user("U2").slash(line, db.chance.now())).await;
        assert_eq!(ack.status, StatusCode::OK, "{line}");
        assert!(!working.is_finished(), "every place of the worker is still taken while {line} is acknowledged");
    }
    working.abort();
    let _aborted = working.await;
    // The leases of a worker that died lapse, and another takes over.
    db.clock.advance(Duration::from_mins(2));
    docket.run_jobs().await;
    assert_eq!(docket.states().await.len(), people.len() + 1, "nothing was lost");
    for ana in &people {
        let cards = docket.slack.messages(&ana.channel).len();
        assert_eq!(cards, 2, "the card whose answer never came, and the one that was posted instead");
    }
}

async fn a_tenant_that_must_wait_holds_up_no_other_and_loses_no_attempt(db: &TestDb) {
    let docket = TestApp::start(db).await;
    let (other, zoe) = docket.second_tenant().await;
    docket.slack.fail_next("chat.postMessage", Fault::RateLimited(40));
    docket.slash("U1", GOAL).await;
    assert_eq!(docket.slack.messages("C1"), []);
    assert_eq!(jobs(db, docket.app.tenant, "sync_card").await, [("waiting".to_owned(), 0)]);
    docket.act(zoe.slash(GOAL, db.chance.now())).await;
    assert_eq!(docket.slack.messages("C2").len(), 1, "the other tenant's card is there");
    assert_eq!(jobs(db, other, "sync_card").await, []);
    db.clock.advance(Duration::from_secs(39));
    docket.run_jobs().await;
    assert_eq!(docket.slack.messages("C1"), [], "not before the time that Slack asked for");
    db.clock.advance(Duration::from_secs(1));
    docket.run_jobs().await;
    assert!(docket.card().contains("P-1 "), "{}", docket.card());
    for method in ["chat.update", "response_url"] {
        docket.slack.fail_next(method, Fault::RateLimited(5));
    }
    docket.slash("U1", "approve P-1").await;
    for _ in 0..4 {
        db.clock.advance(Duration::from_secs(6));
        docket.run_jobs().await;
    }
    assert!(docket.card().contains("applied by Ana"), "{}", docket.card());
    assert!(docket.told("U1").contains("P-1 is applied"), "{}", docket.told("U1"));
}

async fn an_author_is_told_privately_why_a_card_does_not_appear(db: &TestDb) {
    let docket = TestApp::start(db).await;
    for (code, (error, advice)) in [
        ("not_in_channel", "/invite @docket"),
        ("channel_not_found", "/invite @docket"),
        ("is_archived", "unarchive"),
        ("restricted_action", "admin"),
        ("invalid_auth", "SLACK_BOT_TOKEN"),
    ]
    .into_iter()
    .enumerate()
    {
        docket.slack.fail_next("chat.postMessage", Fault::Refused(error));
        docket.slash("U1", &format!("plan Build the product number {code}")).await;
        let told = docket.told("U1");
        assert!(told.contains(&format!("P-{}", code + 1)) && told.contains(advice), "{error}: {told}");
        assert_eq!(docket.slack.private("U1").len(), code + 1, "{error}: told once");
        assert_eq!(docket.slack.messages("C1"), [], "{error}");
    }
    // Whatever it was is mended: every card comes by itself.
    db.clock.advance(Duration::from_mins(1));
    docket.run_jobs().await;
    assert_eq!(docket.slack.messages("C1").len(), 5);
    // Really outside of a channel, where Slack takes no private message either.
    docket.slack.add_channel("C7", &["U1"]);
    let ana = SlackUser { channel: "C7".to_owned(), ..docket.user("U1") };
    docket.act(ana.slash("plan Launch the newsletter", db.chance.now())).await;
    let told: Vec<String> = docket.slack.messages("D-U1").iter().map(|shown| words(&shown.payload)).collect();
    let private = docket.told("U1");
    let said = told.last().cloned().unwrap_or_default() + &private;
    assert!(said.contains("P-6") && said.contains("/invite @docket"), "{said}");
}

async fn a_card_that_can_not_be_updated_is_followed_by_a_reply_in_its_thread(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slash("U1", GOAL).await;
    let card = docket.newest_with("patch.approve");
    for _ in 0..16 {
        docket.slack.fail_next("chat.update", Fault::Broken);
    }
    docket.click("U2", "patch.approve").await;
    assert_eq!(docket.states().await, ["applied"], "the decision does not wait for the card");
    for _ in 0..18 {
        db.clock.advance(Duration::from_mins(11));
        docket.run_jobs().await;
    }
    let messages = docket.slack.messages("C1");
    assert_eq!(messages.len(), 2, "one reply");
    assert_eq!(messages[1].thread.as_deref(), Some(card.ts.as_str()));
    assert!(words(&messages[1].payload).contains("applied by Ben"), "{}", words(&messages[1].payload));

    docket.slash("U1", "plan Launch the newsletter").await;
    let card = docket.newest_with("patch.approve");
    docket.slack.fail_next("chat.update", Fault::Refused("cant_update_message"));
    docket.click("U2", "patch.approve").await;
    let reply = docket.slack.messages("C1").pop().unwrap();
    assert_eq!(reply.thread.as_deref(), Some(card.ts.as_str()), "at once where Slack says never");

    docket.slash("U1", "plan Migrate the database").await;
    let card = docket.newest_with("patch.approve");
    docket.slack.delete(&card.ts);
    docket.click_on("U2", &card, "patch.approve").await;
    let fresh = docket.slack.messages("C1").pop().unwrap();
    assert!(fresh.thread.is_none() && words(&fresh.payload).contains("applied by Ben"), "a deleted card comes back");
}

async fn a_card_posted_with_a_lost_answer_is_the_only_thing_that_can_double(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slack.fail_next("chat.postMessage", Fault::Cut);
    docket.slash("U1", GOAL).await;
    db.clock.advance(Duration::from_secs(5));
    docket.run_jobs().await;
    assert_eq!(docket.slack.messages("C1").len(), 2, "its posting was cut off, so it was posted again");
    assert_eq!(docket.states().await, ["proposed"]);
    docket.slack.fail_next("chat.update", Fault::Cut);
    docket.click("U2", "patch.approve").await;
    db.clock.advance(Duration::from_secs(5));
    docket.run_jobs().await;
    assert_eq!(docket.slack.messages("C1").len(), 2, "an update that happens twice is seen once");
    assert!(docket.card().contains("applied by Ben"), "{}", docket.card());
}
