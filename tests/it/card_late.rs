//! A process that stood still for longer than its lease says something old about a card, after its successor said what is true.

use std::time::Duration;

use docket::{
    domain::{job::Job, member::Surface},
    jobs::overtaken,
};

use crate::support::{
    app::TestApp,
    db::{TestDb, for_each_db},
};

use super::story_binary::eventually;

for_each_db! {
    what_is_said_too_late_of_a_card_does_not_stay,
    a_card_that_was_posted_too_late_is_taken_away_again,
    whoever_finds_its_lease_lost_has_the_card_brought_again,
}

async fn what_is_said_too_late_of_a_card_does_not_stay(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slash("U1", "plan Build the import of invoices").await;
    let card = docket.newest_with("patch.approve");
    let mut tx = db.store.write(docket.app.tenant).await.unwrap();
    let known = tx.card_by_message(Surface::Slack, "T1", "C1", &card.ts).await.unwrap().unwrap();
    tx.doubt_card(known.id).await.unwrap();
    tx.enqueue(db.chance.id(), &Job::SyncCard { card: known.id }.due(db.chance.now())).await.unwrap();
    tx.commit().await.unwrap();

    // It brings the card as it was proposed, and Slack takes its time.
    docket.slack.hold_next("chat.update");
    let worker = docket.app.worker.clone();
    let late = tokio::spawn(async move { worker.drain().await });
    eventually("the update", || docket.slack.holds_one().then_some(())).await;
    lapse(db).await;
    let other = docket.another(db.another().await).await;
    docket.send(docket.user("U1").click(&card, "patch.approve", db.chance.now())).await;
    other.worker.drain().await;
    assert!(docket.card().contains('✓'), "{}", docket.card());

    docket.slack.let_go();
    late.await.unwrap();
    assert!(docket.card().contains('✓'), "{}", docket.card());
    assert_eq!(docket.cards().len(), 1);
    assert_eq!(docket.slack.problems(), Vec::<String>::new());
}

async fn a_card_that_was_posted_too_late_is_taken_away_again(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slack.hold_next("chat.postMessage");
    docket.send(docket.user("U1").slash("plan Build the import of invoices", db.chance.now())).await;
    let worker = docket.app.worker.clone();
    let late = tokio::spawn(async move { worker.drain().await });
    eventually("the post", || docket.slack.holds_one().then_some(())).await;
    lapse(db).await;
    let other = docket.another(db.another().await).await;
    other.worker.drain().await;
    assert_eq!(docket.cards().len(), 1);

    docket.slack.let_go();
    late.await.unwrap();
    assert_eq!(docket.cards().len(), 1, "{:?}", docket.cards());
    docket.click("U1", "patch.approve").await;
    assert!(docket.card().contains('✓'), "{}", docket.card());
    assert_eq!(docket.slack.problems(), Vec::<String>::new());
}

async fn whoever_finds_its_lease_lost_has_the_card_brought_again(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slash("U1", "plan Build the import of invoices").await;
    let card = docket.newest_with("patch.approve");
    docket.send(docket.user("U1").click(&card, "patch.approve", db.chance.now())).await;
    docket.run_jobs().await;
    let updates = || docket.slack.calls().iter().filter(|(method, _)| method == "chat.update").count();
    let before = updates();
    let mut tx = db.store.write(docket.app.tenant).await.unwrap();
    let known = tx.card_by_message(Surface::Slack, "T1", "C1", &card.ts).await.unwrap().unwrap();
    tx.enqueue(db.chance.id(), &Job::SyncCard { card: known.id }.due(db.chance.now())).await.unwrap();
    tx.commit().await.unwrap();
    let held = db.store.claim("slow", db.chance.now(), Duration::from_mins(1), 9).await.unwrap();
    lapse(db).await;
    docket.run_jobs().await;
    assert_eq!(updates(), before, "it says what is true already");

    // What it said before it noticed may have come after that.
    overtaken(&docket.app.desk, &held[0]).await.unwrap();
    docket.run_jobs().await;
    assert_eq!(updates(), before + 1);
    assert!(docket.card().contains('✓'), "{}", docket.card());
}

/// Lets the minute pass for which a lease lasts.
async fn lapse(db: &TestDb) {
    assert!(db.raw("UPDATE jobs SET due_at = 0 WHERE state = 'running'").await.unwrap() > 0);
}
