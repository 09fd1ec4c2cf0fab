//! Decisions of several people: at the same moment, and where the policy asks for more than one.

use std::collections::BTreeSet;

use docket::domain::{patch::PatchState, policy::Policy};
use futures_util::future::join_all;

use crate::support::{
    app::TestApp,
    db::{TestDb, for_each_db},
    fake_slack::{BOT, SlackUser},
};

const GOAL: &str = "plan Build a user authentication flow";

for_each_db!(
    of_two_who_approve_at_once_one_applies_and_the_other_is_told_who,
    of_two_who_edit_at_once_one_replaces_and_the_other_is_told,
    twenty_plans_at_once_get_twenty_codes_and_keys,
    two_approvals_are_two_peoples_and_neither_the_authors_nor_a_guests,
);

/// Two workers, as two processes on one database have them, run whatever is due at the same time.
async fn run_together(docket: &TestApp<'_>) {
    let (one, two) = (&docket.app.worker, docket::jobs::worker::Worker::new(docket.app.desk.clone()));
    tokio::join!(one.drain(), two.drain());
    docket.run_jobs().await;
}

/// Somebody in a channel of their own, so that nothing puts their commands in order.
fn elsewhere(docket: &TestApp<'_>, user: &str, channel: &str) -> SlackUser {
    docket.slack.add_channel(channel, &["U1", "U2", "U3", BOT]);
    SlackUser { channel: channel.to_owned(), ..docket.user(user) }
}

async fn of_two_who_approve_at_once_one_applies_and_the_other_is_told_who(db: &TestDb) {
    let docket = TestApp::start(db).await;
    let (ana, ben) = (elsewhere(&docket, "U1", "C11"), elsewhere(&docket, "U2", "C12"));
    for code in 1..=8 {
        docket.slash("U1", &format!("plan Build the product number {code}")).await;
        let heard = (docket.slack.private("U1").len(), docket.slack.private("U2").len());
        let line = format!("approve P-{code}");
        docket.send(ana.slash(&line, db.chance.now())).await;
        docket.send(ben.slash(&line, db.chance.now())).await;
        run_together(&docket).await;
        let patch = docket.patch(docket.app.tenant, code).await.unwrap();
        let PatchState::Applied { decision, revision, .. } = &patch.state else { panic!("{:?}", patch.state) };
        assert_eq!(revision.0, 1, "it was applied once");
        let mut tx = db.store.read(docket.app.tenant).await.unwrap();
        let first = tx.member(decision.by).await.unwrap().unwrap().name;
        let second = if first == "Ana" { "U2" } else { "U1" };
        assert_eq!((docket.slack.private("U1").len(), docket.slack.private("U2").len()), (heard.0 + 1, heard.1 + 1));
        let told = docket.told(second);
        assert!(told.contains(&format!("{first} approved P-{code}")), "{told}");
        let trail = tx.audit_of(&patch.id.to_string(), 100).await.unwrap();
        assert_eq!(trail.iter().filter(|entry| entry.action == "patch.applied").count(), 1);
    }
}

async fn of_two_who_edit_at_once_one_replaces_and_the_other_is_told(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slash("U1", GOAL).await;
    for round in 0..4 {
        let card = docket.newest_with("patch.request_changes");
        let before = docket.states().await.len();
        let heard = docket.slack.private("U1").len() + docket.slack.private("U2").len();
        // The console and Slack: two conversations, so both run at once.
        docket.send(docket.user("U2").click(&card, "patch.request_changes", db.chance.now())).await;
        crate::support::slack_house::eventually(|| docket.slack.views().len() > round).await;
        let view = docket.slack.views().last().cloned().unwrap();
        let form = docket.user("U2").submit_view(&view, "drop the last one", db.chance.now());
        let patch = docket.patch(docket.app.tenant, u32::try_from(before).unwrap()).await.unwrap();
        let click = serde_json::json!({
            "id": format!("k-{round}"), "patch": patch.id, "revision": 1, "action": "request_changes",
            "words": "add a task for documentation",
        });
        let request = crate::support::site::post("/console/click", "application/json", &click.to_string());
        let (form, page) =
            tokio::join!(docket.send(form), crate::support::site::ask(docket.app.router.clone(), request));
        assert!(form.status.is_success() && page.status.is_success(), "{form:?} {page:?}");
        run_together(&docket).await;
        let states = docket.states().await;
        assert_eq!(states.len(), before + 1, "one of the two was taken: {states:?}");
        assert_eq!(states.iter().filter(|state| **state == "proposed").count(), 1, "{states:?}");
        let told = docket.told("U2");
        let is_slack = docket.slack.private("U1").len() + docket.slack.private("U2").len() > heard;
        let console = crate::support::site::ask(
            docket.app.router.clone(),
            axum::http::Request::get("/console").body(axum::body::Body::empty()).unwrap(),
        )
        .await;
        let replaced = format!("P-{before} was replaced by P-{}", before + 1);
        assert_eq!(told.contains(&replaced), is_slack, "{told}");
        assert_ne!(is_slack, console.body.contains(&replaced), "exactly one of them is told");
        if !is_slack {
            continue;
        }
        // The console won: its card is in the console, and the next round needs one in Slack.
        docket.slash("U1", &format!("show P-{}", before + 1)).await;
        docket.slash("U1", "edit add a task for a review").await;
        if docket.states().await.len() == before + 1 {
            return;
        }
    }
}

async fn twenty_plans_at_once_get_twenty_codes_and_keys(db: &TestDb) {
    let docket = TestApp::start(db).await;
    let people: Vec<SlackUser> = (0..20).map(|n| elsewhere(&docket, "U1", &format!("C{}", 100 + n))).collect();
    let acks = join_all(people.iter().map(|ana| docket.send(ana.slash(GOAL, db.chance.now())))).await;
    assert!(acks.iter().all(|ack| ack.status.is_success()));
    run_together(&docket).await;
    let mut tx = db.store.read(docket.app.tenant).await.unwrap();
    let patches = tx.open_patches().await.unwrap();
    let codes: BTreeSet<u32> = patches.iter().map(|patch| patch.code.0).collect();
    let keys: BTreeSet<String> = patches.iter().map(|patch| patch.founding.as_ref().unwrap().key.to_string()).collect();
    let waiting: Vec<_> = db.store.jobs(100).await.unwrap().into_iter().filter_map(|job| job.last_error).collect();
    assert_eq!(codes, (1..=20).collect(), "{waiting:?}");
    assert_eq!(keys.len(), 20, "{keys:?}");
    for ana in &people {
        let cards = docket.slack.messages(&ana.channel);
        assert_eq!(cards.len(), 1, "one card in {}", ana.channel);
    }
}

async fn two_approvals_are_two_peoples_and_neither_the_authors_nor_a_guests(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slack.add_user("U4", "Cy", &serde_json::json!({}));
    let policy = Policy { approvals: 2, self_approval: false, ..Policy::default() };
    let mut tx = db.store.write(docket.app.tenant).await.unwrap();
    tx.set_policy(&policy).await.unwrap();
    tx.commit().await.unwrap();
    docket.slash("U1", GOAL).await;
    assert!(docket.card().contains("needs 2 approvals"), "{}", docket.card());
    for (user, told) in [
        ("U1", "you proposed this"),
        ("U3", "guests"),
        ("U2", "It needs 1 more approval."),
        ("U2", "You approved P-1 already. It needs 1 more approval."),
    ] {
        docket.click(user, "patch.approve").await;
        assert!(docket.told(user).contains(told), "{user}: {}", docket.told(user));
        assert_eq!(docket.states().await, ["proposed"], "{user}");
    }
    assert!(docket.card().contains("Ben"), "the card says who approved: {}", docket.card());
    docket.click("U4", "patch.approve").await;
    assert_eq!(docket.states().await, ["applied"]);

    docket.slash("U1", "done 1").await;
    assert_eq!(docket.states().await, ["applied", "proposed"], "nothing is small enough to pass alone");
    docket.click("U2", "patch.approve").await;
    docket.slash("U1", "edit add a task for documentation").await;
    let states = docket.states().await;
    assert_eq!(states, ["applied", "superseded", "proposed"]);
    docket.click("U4", "patch.approve").await;
    assert!(docket.told("U4").contains("1 more approval"), "an approval is of one text: {}", docket.told("U4"));
}
