//! What must hold when something goes wrong on the way: nobody is left without an answer.

use std::time::Duration;

use docket::{
    domain::{
        event::{Action, Click},
        patch::{PatchCode, PatchState},
        policy::Policy,
    },
    review::{circle::Circles, decide::decide},
};

use crate::support::{
    app::TestApp,
    db::{TestDb, for_each_db},
    fake_slack::Fault,
};

for_each_db!(
    whoever_asked_is_told_when_a_command_can_not_be_carried_out,
    a_slack_that_does_not_say_who_somebody_is_holds_nobody_up,
    before_slack_is_reached_people_are_told_and_events_come_again,
    a_tick_at_a_step_that_is_not_there_approves_nothing_more,
    one_task_is_broken_down_by_one_proposal_at_a_time,
    an_edit_of_a_proposal_waits_however_small_it_becomes,
    an_undo_that_is_edited_still_takes_back,
    what_was_taken_back_in_part_can_still_be_taken_back_wholly,
    an_undo_of_what_is_gone_already_says_so,
    a_command_typed_before_a_rebase_does_not_approve_the_new_text,
    a_patch_that_was_renewed_early_still_expires,
    an_approval_counts_only_while_its_giver_may_approve,
);

async fn whoever_asked_is_told_when_a_command_can_not_be_carried_out(db: &TestDb) {
    let docket = TestApp::start(db).await;
    // Patches can't be stored, as with a full disk; everything else can.
    db.raw("ALTER TABLE patches RENAME TO patches_away").await.unwrap();
    docket.slash("U1", "plan Build a user authentication flow").await;
    for _ in 0..10 {
        db.clock.advance(Duration::from_mins(20));
        docket.run_jobs().await;
    }
    let told = docket.told("U1");
    assert!(told.contains("Something went wrong (ref ") && told.contains("Nothing was changed"), "{told}");
    let jobs = db.store.jobs(10).await.unwrap();
    let dead = jobs.iter().find(|job| job.state == "dead").unwrap();
    assert_eq!(dead.kind, "handle_delivery");

    // Whoever runs Docket makes room and lets the job run again: nothing was lost.
    db.raw("ALTER TABLE patches_away RENAME TO patches").await.unwrap();
    assert!(db.store.retry_dead(dead.id, db.chance.now()).await.unwrap());
    docket.run_jobs().await;
    assert!(docket.card().contains("P-1 · AUTH"), "{}", docket.card());
}

async fn a_slack_that_does_not_say_who_somebody_is_holds_nobody_up(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slack.fail_next("users.info", Fault::Broken);
    docket.slash("U1", "plan Build a user authentication flow").await;
    assert!(docket.card().contains("P-1 · AUTH"), "{}", docket.card());
    docket.slack.fail_next("users.info", Fault::RateLimited(7));
    docket.slash("U2", "approve P-1").await;
    assert_eq!(docket.told("U2"), "", "asked to wait, so it waits");
    db.clock.advance(Duration::from_secs(8));
    docket.slack.fail_next("users.info", Fault::Refused("some_new_word"));
    docket.run_jobs().await;
    let told = docket.told("U2");
    assert!(told.contains("can't approve P-1") && told.contains("who you are"), "{told}");
    docket.slash("U2", "approve P-1").await;
    assert!(docket.card().contains("applied by Ben"), "{}", docket.card());
}

async fn before_slack_is_reached_people_are_told_and_events_come_again(db: &TestDb) {
    let docket = TestApp::before_it_reaches_slack(db).await;
    let ack = docket.send(docket.user("U1").slash("help", db.chance.now())).await;
    assert!(ack.status.is_success() && ack.body.contains("could not reach Slack yet"), "{}", ack.body);
    let mention = docket.user("U1").mention("plan a thing", "1795168900.000100", db.chance.now());
    assert_eq!(docket.send(mention.clone()).await.status, 503);
    docket.introduce().await;
    assert_eq!(docket.send(mention).await.status, 200);
}

async fn a_tick_at_a_step_that_is_not_there_approves_nothing_more(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slash("U1", "plan Build a user authentication flow").await;
    let mut tx = db.store.write(docket.app.tenant).await.unwrap();
    let ana = tx.members().await.unwrap().into_iter().find(|member| member.name == "Ana").unwrap();
    let patch = tx.patch_by_code(PatchCode(1)).await.unwrap().unwrap();
    let steps = Some([0, 96, 97, 98, 99].into());
    let click = Click { action: Action::Approve, patch: patch.id, revision: 1, steps, words: None };
    decide(&mut tx, &click, &ana, &patch.origin.venue, &Circles::default(), &db.chance).await.unwrap();
    assert_eq!(tx.plan(patch.project).await.unwrap().unwrap().len(), 1);
}

async fn one_task_is_broken_down_by_one_proposal_at_a_time(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slash("U1", "plan Build a user authentication flow").await;
    docket.click("U1", "patch.approve").await;
    docket.slash("U1", "break AUTH-2").await;
    docket.slash("U2", "break AUTH-2 focus on tests").await;
    assert!(docket.told("U2").contains("P-2 breaks AUTH-2 down already"), "{}", docket.told("U2"));
    docket.slash("U2", "break AUTH-3").await;
    assert!(docket.card().contains("P-3 "), "{}", docket.card());
}

async fn an_edit_of_a_proposal_waits_however_small_it_becomes(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slash("U1", "plan Build a user authentication flow").await;
    docket.click("U1", "patch.approve").await;
    docket.slash("U1", "edit add a task for docs; estimate 3 at 4h").await;
    docket.slash("U1", "edit drop the last one").await;
    assert!(docket.card().contains("P-3 ") && docket.card().contains("Approve"), "{}", docket.card());
}

async fn an_undo_that_is_edited_still_takes_back(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slash("U1", "plan Build a user authentication flow").await;
    docket.click("U1", "patch.approve").await;
    docket.slash("U1", "edit rename 1 to One; rename 2 to Two").await;
    docket.click("U1", "patch.approve").await;
    docket.slash("U1", "undo P-2").await;
    docket.slash("U1", "edit estimate 5 at 3h").await;
    assert!(docket.card().contains("AUTH-5") && docket.card().contains("Undo"), "the plan is meant: {}", docket.card());
    docket.click("U2", "patch.request_changes").await;
    docket.submit("U2", "add a task for a changelog").await;
    docket.click("U2", "patch.approve").await;
    let undone = docket.cards().into_iter().find(|card| card.starts_with("P-2 ")).unwrap();
    assert!(undone.contains("undone by P-5"), "{undone}");
}

async fn what_was_taken_back_in_part_can_still_be_taken_back_wholly(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slash("U1", "plan Build a user authentication flow").await;
    docket.click("U1", "patch.approve").await;
    docket.slash("U1", "edit rename 1 to One; rename 2 to Two").await;
    docket.click("U1", "patch.approve").await;
    docket.slash("U1", "undo P-2").await;
    let card = docket.newest_with("patch.approve");
    let blocks = card.payload["blocks"].as_array().unwrap();
    let boxes = blocks.iter().flat_map(|block| block["elements"].as_array().into_iter().flatten());
    let all = boxes.into_iter().find(|element| element["action_id"] == "patch.steps").unwrap()["options"].clone();
    let first = serde_json::json!([all[0]]);
    docket.send(docket.user("U1").click_with(&card, "patch.approve", Some(&first), db.chance.now())).await;
    docket.run_jobs().await;
    let mut tx = db.store.read(docket.app.tenant).await.unwrap();
    let patch = tx.patch_by_code(PatchCode(2)).await.unwrap().unwrap();
    assert_eq!(patch.state.as_str(), "applied", "one of its two changes still stands");
    drop(tx);
    docket.slash("U1", "undo P-2").await;
    docket.click("U1", "patch.approve").await;
    let mut tx = db.store.read(docket.app.tenant).await.unwrap();
    let plan = tx.plan(patch.project).await.unwrap().unwrap();
    let titles: Vec<_> = plan.tree().iter().map(|(_, task)| task.fields.title.clone()).collect();
    assert!(!titles.iter().any(|title| title == "One" || title == "Two"), "{titles:?}");
}

async fn an_undo_of_what_is_gone_already_says_so(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slash("U1", "plan Build a user authentication flow").await;
    docket.click("U1", "patch.approve").await;
    docket.slash("U1", "start AUTH-1").await;
    docket.slash("U1", "reopen AUTH-1").await;
    docket.slash("U1", "undo P-2").await;
    assert!(docket.told("U1").contains("Nothing of P-2 is in effect any more"), "{}", docket.told("U1"));
}

async fn a_command_typed_before_a_rebase_does_not_approve_the_new_text(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slash("U1", "plan Build a user authentication flow").await;
    docket.click("U1", "patch.approve").await;
    docket.slash("U1", "edit rename 1 to Agree on the rules; add a task for documentation").await;
    docket.slash("U2", "estimate AUTH-1 5h").await;
    let typed = docket.user("U2").slash("approve P-2", db.chance.now());
    docket.send(typed).await;
    db.clock.advance(Duration::from_secs(1));
    // Ana rebases it in another conversation, which is handled first.
    let mut tx = db.store.write(docket.app.tenant).await.unwrap();
    let ana = tx.members().await.unwrap().into_iter().find(|member| member.name == "Ana").unwrap();
    let patch = tx.patch_by_code(PatchCode(2)).await.unwrap().unwrap();
    let click = Click { action: Action::Rebase, patch: patch.id, revision: 1, steps: None, words: None };
    decide(&mut tx, &click, &ana, &patch.origin.venue, &Circles::default(), &db.chance).await.unwrap();
    tx.commit().await.unwrap();
    docket.run_jobs().await;
    assert!(docket.told("U2").contains("older version"), "{}", docket.told("U2"));
    let mut tx = db.store.read(docket.app.tenant).await.unwrap();
    assert_eq!(tx.patch(patch.id).await.unwrap().unwrap().state, PatchState::Proposed);
}

async fn a_patch_that_was_renewed_early_still_expires(db: &TestDb) {
    const WEEK: Duration = Duration::from_hours(7 * 24);
    let docket = TestApp::start(db).await;
    docket.slash("U1", "plan Build a user authentication flow").await;
    // The click comes in the moment after the lapse, before the job of the lapse has run.
    db.clock.advance(WEEK + Duration::from_secs(1));
    let late = docket.user("U1").click(&docket.newest_with("patch.approve"), "patch.approve", db.chance.now());
    docket.send(late).await;
    docket.run_jobs().await;
    docket.click("U1", "patch.renew").await;
    assert!(docket.card().contains("Approve"), "{}", docket.card());
    db.clock.advance(WEEK + Duration::from_mins(1));
    docket.run_jobs().await;
    assert!(docket.card().to_lowercase().contains("expired"), "{}", docket.card());
}

async fn an_approval_counts_only_while_its_giver_may_approve(db: &TestDb) {
    let docket = TestApp::start(db).await;
    let mut tx = db.store.write(docket.app.tenant).await.unwrap();
    let policy = Policy { approvals: 2, ..Policy::default() };
    tx.set_policy(&policy).await.unwrap();
    tx.commit().await.unwrap();
    docket.slash("U1", "plan Build a user authentication flow").await;
    docket.click("U1", "patch.approve").await;
    // Ana leaves the company.
    docket.slack.add_user("U1", "Ana", &serde_json::json!({ "deleted": true }));
    docket.slash("U1", "edit drop the last one").await;
    docket.click("U2", "patch.approve").await;
    let mut tx = db.store.read(docket.app.tenant).await.unwrap();
    let patch = tx.patch_by_code(PatchCode(1)).await.unwrap().unwrap();
    assert_eq!(patch.state, PatchState::Proposed, "one of two approvals is void");
    assert_eq!(tx.approvals(patch.id, 1).await.unwrap().len(), 2);
}
