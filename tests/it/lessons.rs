//! Every decision is kept with what was proposed first and what was approved in the end.

use std::{collections::BTreeSet, time::Duration};

use docket::domain::{
    event::{Action, Click},
    lesson::{Lesson, MAX_CHAIN, Purpose, Verdict},
    model::{Drafted, Use},
    patch::{Patch, PatchState},
};

use crate::support::{
    app::TestApp,
    clock::START,
    db::{TestDb, for_each_db},
    sample,
};

const GOAL: &str = "plan Build a user authentication flow";

for_each_db!(
    what_is_approved_as_it_was_proposed_is_approved_unchanged,
    what_was_edited_before_it_was_approved_tells_how_far,
    what_was_ticked_away_counts_as_an_edit,
    a_rejection_and_a_lapse_are_kept_too,
    what_was_renewed_counts_by_its_last_decision,
    what_is_undone_later_was_approved_all_the_same,
    the_model_that_drafted_is_named,
    a_lesson_is_stored_once,
    the_longest_chain_is_walked_to_its_bound,
);

async fn lessons(docket: &TestApp<'_>) -> Vec<Lesson> {
    docket.db.store.read(docket.app.tenant).await.unwrap().lessons_since(START).await.unwrap()
}

async fn only(docket: &TestApp<'_>) -> Lesson {
    let mut lessons = lessons(docket).await;
    assert_eq!(lessons.len(), 1, "{lessons:?}");
    lessons.remove(0)
}

async fn patch(docket: &TestApp<'_>, code: u32) -> Patch {
    docket.patch(docket.app.tenant, code).await.unwrap()
}

async fn what_is_approved_as_it_was_proposed_is_approved_unchanged(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slash("U1", GOAL).await;
    assert_eq!(lessons(&docket).await, [], "nothing is learnt from what nobody decided");
    docket.click("U1", "patch.approve").await;
    let lesson = only(&docket).await;
    let patch = patch(&docket, 1).await;
    assert_eq!((lesson.patch, lesson.first), (patch.id, patch.id));
    assert_eq!((lesson.purpose, lesson.model, lesson.prompt), (Purpose::Plan, None, None));
    assert_eq!((lesson.verdict, lesson.edits), (Verdict::Approved, Vec::new()));
    assert_eq!(lesson.proposed as usize, patch.steps.len());
    assert_eq!(lesson.proposed, lesson.approved);
}

async fn what_was_edited_before_it_was_approved_tells_how_far(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slash("U1", GOAL).await;
    docket.slash("U1", "edit add a task for documentation").await;
    docket.slash("U1", "edit remove 1").await;
    assert_eq!(docket.states().await, ["superseded", "superseded", "proposed"]);
    docket.slash("U1", "approve P-3").await;
    let lesson = only(&docket).await;
    assert_eq!(lesson.first, patch(&docket, 1).await.id);
    assert_eq!((lesson.patch, lesson.verdict), (patch(&docket, 3).await.id, Verdict::Edited));
    // One task came, one went, and one had waited for that.
    assert_eq!(lesson.distance(), 3, "{:?}", lesson.edits);
    assert_eq!(lesson.proposed, lesson.approved);
}

async fn what_was_ticked_away_counts_as_an_edit(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slash("U1", GOAL).await;
    let proposed = patch(&docket, 1).await;
    let click = Click {
        action: Action::Approve,
        patch: proposed.id,
        revision: proposed.revision,
        steps: Some(BTreeSet::from([0])),
        words: None,
    };
    let ben = sample::identity("U2");
    let mut tx = db.store.write(docket.app.tenant).await.unwrap();
    tx.put_member(&sample::member(&db.chance, "Ben"), &ben).await.unwrap();
    let member = tx.member_by_identity(&ben).await.unwrap().unwrap();
    docket::review::decide::decide(
        &mut tx,
        &click,
        &member,
        &proposed.origin.venue,
        &docket::review::circle::Circles::default(),
        &db.chance,
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();
    let lesson = only(&docket).await;
    assert_eq!((lesson.verdict, lesson.approved), (Verdict::Edited, 1));
    assert_eq!(lesson.distance(), lesson.proposed as usize - 1);
}

async fn a_rejection_and_a_lapse_are_kept_too(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slash("U1", GOAL).await;
    docket.slash("U1", "reject P-1 too big").await;
    docket.slash("U1", GOAL).await;
    db.clock.advance(Duration::from_hours(24 * 8));
    docket.run_jobs().await;
    let ends: Vec<_> = lessons(&docket).await.iter().map(|lesson| (lesson.verdict, lesson.approved)).collect();
    assert_eq!(ends, [(Verdict::Rejected, 0), (Verdict::Expired, 0)]);
    let recent = db.store.read(docket.app.tenant).await.unwrap().lessons_since(db.chance.now()).await.unwrap();
    assert_eq!(recent.len(), 1, "older lessons are left out");
}

async fn what_was_renewed_counts_by_its_last_decision(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slash("U1", GOAL).await;
    db.clock.advance(Duration::from_hours(24 * 8));
    docket.run_jobs().await;
    assert_eq!(only(&docket).await.verdict, Verdict::Expired);
    docket.click("U1", "patch.renew").await;
    assert_eq!(lessons(&docket).await, [], "it waits for a decision again");
    docket.click("U1", "patch.approve").await;
    assert_eq!(only(&docket).await.verdict, Verdict::Approved);
}

async fn what_is_undone_later_was_approved_all_the_same(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slash("U1", GOAL).await;
    docket.slash("U1", "approve P-1").await;
    docket.slash("U1", "undo P-1").await;
    db.clock.advance(Duration::from_secs(1));
    docket.slash("U1", "approve P-2").await;
    assert_eq!(docket.states().await, ["undone", "applied"]);
    let kept: Vec<_> = lessons(&docket).await.iter().map(|lesson| (lesson.purpose, lesson.verdict)).collect();
    assert_eq!(kept, [(Purpose::Plan, Verdict::Approved), (Purpose::Undo, Verdict::Approved)]);
}

async fn the_model_that_drafted_is_named(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slash("U1", GOAL).await;
    let drafted = patch(&docket, 1).await;
    let mut by_model = drafted.clone();
    by_model.origin.drafted =
        Some(Drafted { purpose: Use::Plan, model: "openai/gpt-5".parse().unwrap(), prompt: "0a1b2c3d".to_owned() });
    let mut tx = db.store.write(docket.app.tenant).await.unwrap();
    assert!(tx.update_patch(&by_model, &PatchState::Proposed, 1).await.unwrap());
    tx.commit().await.unwrap();
    docket.slash("U1", "edit add a task for documentation").await;
    docket.slash("U1", "approve P-2").await;
    let lesson = only(&docket).await;
    assert_eq!((lesson.purpose, lesson.verdict, lesson.distance()), (Purpose::Plan, Verdict::Edited, 1));
    assert_eq!(lesson.model.unwrap().to_string(), "openai/gpt-5");
    assert_eq!(lesson.prompt.as_deref(), Some("0a1b2c3d"));
}

async fn a_lesson_is_stored_once(db: &TestDb) {
    let (tenant, ana) = sample::tenant(&db.store, &db.chance).await;
    let patch = sample::patch(&db.chance, 1, db.chance.id(), ana);
    let first = sample::lesson(patch.id, db.chance.now());
    let second = Lesson { verdict: Verdict::Rejected, model: None, edits: Vec::new(), ..first.clone() };
    let mut tx = db.store.write(tenant).await.unwrap();
    tx.insert_patch(&patch).await.unwrap();
    tx.insert_lesson(&first).await.unwrap();
    tx.insert_lesson(&second).await.unwrap();
    assert_eq!(tx.lessons_since(START).await.unwrap(), [first]);
    tx.forget_lesson(patch.id).await.unwrap();
    tx.insert_lesson(&second).await.unwrap();
    assert_eq!(tx.lessons_since(START).await.unwrap(), [second]);
}

async fn the_longest_chain_is_walked_to_its_bound(db: &TestDb) {
    let (tenant, ana) = sample::tenant(&db.store, &db.chance).await;
    let project = db.chance.id();
    let mut tx = db.store.write(tenant).await.unwrap();
    let mut chain: Vec<Patch> = Vec::new();
    for code in 1..=u32::try_from(MAX_CHAIN).unwrap() + 5 {
        let mut patch = sample::patch(&db.chance, code, project, ana);
        patch.supersedes = chain.last().map(|patch| patch.id);
        tx.insert_patch(&patch).await.unwrap();
        chain.push(patch);
    }
    let last = chain.last().unwrap();
    let decided = Patch { state: PatchState::Expired { at: db.chance.now() }, ..last.clone() };
    docket::apply::learn::learn(&mut tx, &decided).await.unwrap();
    let lessons = tx.lessons_since(START).await.unwrap();
    assert_eq!(lessons[0].first, chain[5].id, "the oldest of the newest {MAX_CHAIN}");
}
