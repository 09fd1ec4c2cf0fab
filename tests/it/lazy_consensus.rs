//! Lazy consensus, as people in Slack and in the console live it. It is Friday, 11:00 in Paris, where everybody is.

use std::time::Duration;

use docket::domain::{
    member::Role,
    policy::{Lazy, Policy, Stricter},
};

use crate::{
    support::{
        app::TestApp,
        db::{TestDb, for_each_db},
        site::{ask, post},
    },
    who_decides::{planned, set, state},
    who_may::{make, with_owner},
};

const GOAL: &str = "plan Build a user authentication flow";
const HOUR: Duration = Duration::from_hours(1);
/// Eight working hours from now, with a weekend in between.
const MONDAY: Duration = Duration::from_hours(72);

for_each_db!(
    a_proposal_applies_after_the_weekend_and_says_so_before_and_after,
    an_objection_stops_the_clock_by_name_and_a_normal_approval_still_counts,
    only_the_objector_withdraws_and_then_the_clock_begins_anew,
    an_objection_at_the_last_moment_counts_and_one_too_late_is_told,
    a_renewed_proposal_begins_anew,
    what_no_longer_fits_or_needs_more_does_not_apply_by_itself,
    a_rule_that_is_gone_or_an_author_who_is_lets_nothing_pass,
    in_the_console_people_object_and_withdraw_too,
    two_workers_apply_it_once,
);

fn lazy(hours: u32) -> Policy {
    Policy { lazy: Lazy { hours, zone: None, since: None }, ..Policy::default() }
}

async fn wait(docket: &TestApp<'_>, time: Duration) {
    docket.db.clock.advance(time);
    docket.run_jobs().await;
}

async fn a_proposal_applies_after_the_weekend_and_says_so_before_and_after(db: &TestDb) {
    let docket = with_owner(db).await;
    set(&docket, lazy(8)).await;
    docket.slash("U2", GOAL).await;
    let card = docket.card();
    assert!(card.contains("Applies") && card.contains("unless somebody objects") && card.contains("Object"), "{card}");
    wait(&docket, MONDAY.checked_sub(HOUR).unwrap()).await;
    assert_eq!(state(&docket, 1).await, "proposed", "a weekend is no working time");
    wait(&docket, HOUR).await;
    assert_eq!(state(&docket, 1).await, "applied");
    let card = docket.card();
    assert!(card.contains("by the policy, since nobody objected") && card.contains("Undo"), "{card}");
    let patch = docket.patch(docket.app.tenant, 1).await.unwrap();
    let mut tx = db.store.read(docket.app.tenant).await.unwrap();
    assert!(tx.approvals(patch.id, 1).await.unwrap().is_empty());
    let trail = tx.audit_of(&patch.id.to_string(), 9).await.unwrap();
    let applied = trail.iter().find(|entry| entry.action == "patch.applied").unwrap();
    assert_eq!((applied.actor, &applied.after["applied_by"]), (None, &serde_json::json!("policy")));
    assert_eq!(docket.slack.problems(), Vec::<String>::new());
}

async fn an_objection_stops_the_clock_by_name_and_a_normal_approval_still_counts(db: &TestDb) {
    let docket = with_owner(db).await;
    set(&docket, lazy(8)).await;
    docket.slash("U1", GOAL).await;
    docket.click("U2", "patch.object").await;
    docket.submit("U2", "the dates are wrong").await;
    let card = docket.card();
    assert!(card.contains("Ben") && card.contains("objects: \"the dates are wrong\""), "{card}");
    assert!(card.contains("needs a normal approval") && !card.contains("unless somebody"), "{card}");
    wait(&docket, MONDAY * 2).await;
    assert_eq!(state(&docket, 1).await, "proposed");
    docket.click("U4", "patch.approve").await;
    assert!(docket.card().contains("applied by Cy"), "{}", docket.card());
}

async fn only_the_objector_withdraws_and_then_the_clock_begins_anew(db: &TestDb) {
    let docket = with_owner(db).await;
    set(&docket, lazy(8)).await;
    docket.slash("U1", GOAL).await;
    docket.slash("U2", "object P-1 too early").await;
    assert!(docket.told("U2").contains("You object to P-1"), "{}", docket.told("U2"));
    docket.click("U4", "patch.withdraw").await;
    assert!(docket.told("U4").contains("You do not object to P-1"), "{}", docket.told("U4"));
    docket.click("U3", "patch.withdraw").await;
    assert!(docket.told("U3").contains("guests"), "{}", docket.told("U3"));
    wait(&docket, MONDAY.checked_sub(HOUR).unwrap()).await;
    docket.click("U2", "patch.withdraw").await;
    assert!(docket.card().contains("unless somebody objects"), "{}", docket.card());
    wait(&docket, HOUR * 2).await;
    assert_eq!(state(&docket, 1).await, "proposed", "the old end has passed");
    wait(&docket, HOUR * 22).await;
    assert_eq!(state(&docket, 1).await, "applied");
}

async fn an_objection_at_the_last_moment_counts_and_one_too_late_is_told(db: &TestDb) {
    let docket = with_owner(db).await;
    set(&docket, lazy(8)).await;
    docket.slash("U1", GOAL).await;
    db.clock.advance(MONDAY.checked_sub(Duration::from_millis(1)).unwrap());
    docket.slash("U2", "object P-1").await;
    wait(&docket, HOUR).await;
    assert_eq!(state(&docket, 1).await, "proposed");
    docket.slash("U1", "plan Build a search page").await;
    let card = docket.newest_with("patch.object");
    wait(&docket, MONDAY).await;
    assert_eq!(state(&docket, 2).await, "applied");
    docket.click_on("U2", &card, "patch.object").await;
    docket.submit("U2", "").await;
    assert!(docket.told("U2").contains("because nobody objected"), "{}", docket.told("U2"));
    set(&docket, Policy::default()).await;
    docket.slash("U1", "plan Build a third thing").await;
    docket.slash("U2", "object P-3").await;
    assert!(docket.told("U2").contains("does not apply by itself"), "{}", docket.told("U2"));
}

async fn a_renewed_proposal_begins_anew(db: &TestDb) {
    let docket = with_owner(db).await;
    set(&docket, lazy(8)).await;
    docket.slash("U1", GOAL).await;
    docket.slash("U2", "object P-1").await;
    wait(&docket, Duration::from_hours(7 * 24 + 1)).await;
    assert_eq!(state(&docket, 1).await, "expired");
    // Friday again.
    docket.slash("U1", "renew P-1").await;
    assert!(docket.card().contains("unless somebody objects"), "an objection is to one text: {}", docket.card());
    wait(&docket, HOUR).await;
    assert_eq!(state(&docket, 1).await, "proposed");
    wait(&docket, MONDAY).await;
    assert_eq!(state(&docket, 1).await, "applied");
}

async fn what_no_longer_fits_or_needs_more_does_not_apply_by_itself(db: &TestDb) {
    let docket = with_owner(db).await;
    planned(&docket).await;
    set(&docket, Policy { deletes: Stricter { approvals: Some(2), by: None }, ..lazy(8) }).await;
    docket.slash("U1", "edit drop 3").await;
    assert!(!docket.card().contains("unless somebody objects"), "{}", docket.card());
    wait(&docket, MONDAY).await;
    assert_eq!(state(&docket, 2).await, "proposed", "what needs more than others needs people");
    docket.slash("U1", "reject P-2").await;
    docket.slash("U1", "edit rename 1 to One").await;
    assert!(docket.card().contains("unless somebody objects"), "{}", docket.card());
    let card = docket.newest_with("patch.object");
    docket.slash("U2", "done AUTH-1").await;
    assert_eq!(state(&docket, 4).await, "applied");
    wait(&docket, MONDAY).await;
    assert_eq!(state(&docket, 3).await, "proposed", "the plan has moved under it");
    docket.click_on("U1", &card, "patch.approve").await;
    assert!(docket.told("U1").contains("no longer fits the plan"), "{}", docket.told("U1"));
}

async fn a_rule_that_is_gone_or_an_author_who_is_lets_nothing_pass(db: &TestDb) {
    let docket = with_owner(db).await;
    set(&docket, lazy(8)).await;
    docket.slash("U2", GOAL).await;
    docket.slash("U4", "plan Build a search page").await;
    make(&docket, "Ben", Role::Viewer).await;
    wait(&docket, MONDAY).await;
    assert_eq!([state(&docket, 1).await, state(&docket, 2).await], ["proposed", "applied"]);
    docket.slash("U4", "plan Build a third thing").await;
    set(&docket, Policy::default()).await;
    wait(&docket, MONDAY).await;
    assert_eq!(state(&docket, 3).await, "proposed");
}

async fn in_the_console_people_object_and_withdraw_too(db: &TestDb) {
    let docket = with_owner(db).await;
    set(&docket, lazy(8)).await;
    docket.slash("U1", GOAL).await;
    let patch = docket.patch(docket.app.tenant, 1).await.unwrap();
    let press = async |action: &str, words: &str| {
        let body =
            serde_urlencoded::to_string([("press", format!("{action} {} 1", patch.id)), ("words", words.to_owned())]);
        let request = post("/console/click", "application/x-www-form-urlencoded", &body.unwrap());
        let page = ask(docket.app.router.clone(), request).await;
        assert!(page.status.is_redirection() || page.status.is_success(), "{}", page.body);
        docket.run_jobs().await;
    };
    press("object", "not before we have agreed").await;
    assert!(docket.card().contains("Local owner") && docket.card().contains("not before we have agreed"));
    wait(&docket, MONDAY).await;
    assert_eq!(state(&docket, 1).await, "proposed");
    press("withdraw", "").await;
    wait(&docket, HOUR * 24).await;
    assert_eq!(state(&docket, 1).await, "applied");
}

async fn two_workers_apply_it_once(db: &TestDb) {
    let docket = with_owner(db).await;
    set(&docket, lazy(8)).await;
    for n in 1..=4 {
        docket.slash("U1", &format!("plan Build the product number {n}")).await;
    }
    db.clock.advance(MONDAY);
    let (one, two) = (&docket.app.worker, docket::jobs::worker::Worker::new(docket.app.desk.clone()));
    tokio::join!(one.drain(), two.drain());
    docket.run_jobs().await;
    for code in 1..=4 {
        let patch = docket.patch(docket.app.tenant, code).await.unwrap();
        let trail = db.store.read(docket.app.tenant).await.unwrap().audit_of(&patch.id.to_string(), 50).await.unwrap();
        assert_eq!(trail.iter().filter(|entry| entry.action == "patch.applied").count(), 1, "P-{code}");
    }
}
