//! The main job in Slack: a slash command becomes a reviewed change of the plan.

use std::time::Duration;

use docket::domain::patch::PatchCode;

use crate::support::{
    app::{TestApp, words},
    db::{TestDb, for_each_db},
};

for_each_db!(
    a_goal_becomes_a_plan_that_is_edited_approved_and_undone,
    small_changes_apply_at_once_and_can_be_taken_back,
    a_second_click_is_told_who_was_first,
    an_old_card_can_not_approve_a_newer_text,
    guests_and_strangers_never_decide,
    a_ticked_part_brings_what_it_needs,
    a_stale_patch_says_what_moved_and_offers_a_rebase,
    a_patch_expires_and_can_be_renewed,
    request_changes_makes_a_new_version,
    rejecting_asks_for_a_reason,
    words_in_a_thread_refine_the_proposal_there,
    what_is_not_understood_gets_examples_and_changes_nothing,
    questions_are_answered_in_the_acknowledgement,
);

async fn a_goal_becomes_a_plan_that_is_edited_approved_and_undone(db: &TestDb) {
    let docket = TestApp::start(db).await;
    let ack = docket.slash("U1", "plan Build a user authentication flow").await;
    assert_eq!(ack.body, "", "the card is the answer");
    let card = docket.card();
    assert!(card.contains("P-1 · AUTH"), "{card}");
    assert!(card.contains("no model connected") && card.contains("feature"), "{card}");
    assert!(card.contains("AUTH-1") && card.contains("AUTH-3"), "{card}");
    for button in ["Approve", "Reject", "Request changes", "Details"] {
        assert!(card.contains(button), "{button} in {card}");
    }

    for (code, words) in [
        (2, "edit add a task for documentation"),
        (3, "edit combine the first two tasks"),
        (4, "edit rename 2 to Token service"),
        (5, "edit drop the last one"),
        (6, "edit move 3 before 1"),
    ] {
        docket.slash("U1", words).await;
        let card = docket.card();
        assert!(card.contains(&format!("P-{code} ")), "{words}: {card}, told {}", docket.told("U1"));
    }
    assert!(docket.card().contains("Token service"));
    assert!(docket.cards()[0].contains("P-2"), "the old card names its successor: {}", docket.cards()[0]);

    docket.click("U2", "patch.approve").await;
    let card = docket.card();
    assert!(card.contains("applied by Ben") && card.contains("revision 1") && card.contains("Undo"), "{card}");
    assert!(!card.contains("Approve"), "{card}");

    let shown = words(&docket.slash("U1", "show AUTH").await.json());
    assert!(shown.contains("AUTH-1") && shown.contains("Token service"), "{shown}");

    docket.slash("U1", "break AUTH-2").await;
    let card = docket.card();
    assert!(card.contains("P-7 ") && card.contains("AUTH-2"), "{card}");
    docket.click("U1", "patch.approve").await;
    assert!(docket.card().contains("revision 2"), "{}", docket.card());

    docket.slash("U1", "undo P-7").await;
    assert!(docket.card().contains("P-8 "), "{}", docket.card());
    docket.click("U1", "patch.approve").await;
    assert!(docket.card().contains("revision 3"), "{}", docket.card());
    let undone = docket.cards().into_iter().rev().nth(1).unwrap();
    assert!(undone.contains("P-7") && undone.contains("P-8"), "{undone}");
    assert_eq!(docket.slack.problems(), Vec::<String>::new());
}

async fn planned(docket: &TestApp<'_>) {
    docket.slash("U1", "plan Build a user authentication flow").await;
    docket.click("U1", "patch.approve").await;
    assert!(docket.card().contains("revision 1"), "{}", docket.card());
}

async fn small_changes_apply_at_once_and_can_be_taken_back(db: &TestDb) {
    let docket = TestApp::start(db).await;
    planned(&docket).await;
    docket.slash("U1", "start AUTH-1").await;
    assert!(docket.card().contains("AUTH-1") && docket.card().contains("Undo"), "{}", docket.card());
    for line in [
        "estimate AUTH-1 3h",
        "assign AUTH-1 <@U2|ben>",
        "priority AUTH-1 high",
        "due AUTH-1 2026-12-24",
        "done AUTH-1",
    ] {
        docket.slash("U1", line).await;
    }
    let shown = words(&docket.slash("U1", "show AUTH-1").await.json());
    for word in ["done", "Ben", "3 h", "high", "24 Dec"] {
        assert!(shown.contains(word), "{word} in {shown}");
    }
    docket.click("U1", "patch.undo").await;
    let shown = words(&docket.slash("U1", "show AUTH-1").await.json());
    assert!(shown.contains("in progress"), "{shown}");
    docket.slash("U1", "done AUTH-99").await;
    assert!(docket.told("U1").contains("no task AUTH-99"), "{}", docket.told("U1"));
}

async fn a_second_click_is_told_who_was_first(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slash("U1", "plan Build a user authentication flow").await;
    let seen = docket.newest_with("patch.approve");
    docket.click_on("U2", &seen, "patch.approve").await;
    docket.db.clock.advance(Duration::from_mins(2));
    docket.click_on("U1", &seen, "patch.reject").await;
    docket.submit("U1", "too late").await;
    let told = docket.told("U1");
    assert!(told.contains("Ben approved P-1") && told.contains("revision 1"), "{told}");
    let mut tx = db.store.read(docket.app.tenant).await.unwrap();
    let patch = tx.patch_by_code(PatchCode(1)).await.unwrap().unwrap();
    assert_eq!(patch.state.as_str(), "applied");
}

async fn an_old_card_can_not_approve_a_newer_text(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slash("U1", "plan Build a user authentication flow").await;
    let old = docket.newest_with("patch.approve");
    docket.slash("U1", "edit drop the last one").await;
    docket.click_on("U2", &old, "patch.approve").await;
    assert!(docket.told("U2").contains("P-1 was replaced by P-2"), "{}", docket.told("U2"));
    let mut tx = db.store.read(docket.app.tenant).await.unwrap();
    assert!(tx.projects().await.unwrap().is_empty());
}

async fn guests_and_strangers_never_decide(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slash("U1", "plan Build a user authentication flow").await;
    docket.click("U3", "patch.approve").await;
    let told = docket.told("U3");
    assert!(told.contains("can't approve P-1") && told.contains("guests") && told.contains("Ana"), "{told}");
    assert!(!told.contains("Local owner"), "nobody in Slack can ask the person at the console: {told}");
    let mut tx = db.store.read(docket.app.tenant).await.unwrap();
    let patch = tx.patch_by_code(PatchCode(1)).await.unwrap().unwrap();
    assert_eq!(patch.state.as_str(), "proposed");
    assert!(tx.approvals(patch.id, 1).await.unwrap().is_empty());
    let audit = tx.audit_of(&patch.id.to_string(), 10).await.unwrap();
    assert!(audit.iter().any(|entry| entry.action == "patch.refused"));
}

async fn a_ticked_part_brings_what_it_needs(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slash("U1", "plan Build a user authentication flow").await;
    let card = docket.newest_with("patch.approve");
    let blocks = card.payload["blocks"].as_array().unwrap();
    let boxes = blocks.iter().find_map(|block| {
        let elements = block["elements"].as_array()?;
        elements.iter().chain([&block["accessory"]]).find(|element| element["action_id"] == "patch.steps")
    });
    let boxes = boxes.unwrap();
    let all = boxes["options"].as_array().unwrap();
    let second = serde_json::json!([all[1]]);
    let request = docket.user("U1").click_with(&card, "patch.approve", Some(&second), db.chance.now());
    docket.send(request).await;
    docket.run_jobs().await;
    let mut tx = db.store.read(docket.app.tenant).await.unwrap();
    let project = tx.projects().await.unwrap().pop().unwrap();
    let plan = tx.plan(project.id).await.unwrap().unwrap();
    let numbers: Vec<u32> = plan.tasks().map(|task| task.number.0).collect();
    assert_eq!(numbers, [1, 2], "the second task and the one it waits for, of {}", all.len());
    assert!(docket.card().contains("Left out"), "{}", docket.card());
}

async fn a_stale_patch_says_what_moved_and_offers_a_rebase(db: &TestDb) {
    let docket = TestApp::start(db).await;
    planned(&docket).await;
    docket.slash("U1", "edit rename 1 to Agree on the rules; add a task for documentation").await;
    let open = docket.newest_with("patch.approve");
    assert!(words(&open.payload).contains("P-2 "));
    let project = docket.card();
    assert!(project.contains("AUTH-1"), "{project}");
    docket.slash("U2", "estimate AUTH-1 5h").await;
    docket.click_on("U2", &open, "patch.approve").await;
    let told = docket.told("U2");
    assert!(told.contains("AUTH-1") && told.contains("estimate") && told.contains("5 h"), "{told}");
    let stale = docket.newest_with("patch.rebase");
    docket.click_on("U2", &stale, "patch.rebase").await;
    docket.click("U2", "patch.approve").await;
    let shown = words(&docket.slash("U1", "show AUTH-1").await.json());
    assert!(shown.contains("Agree on the rules") && shown.contains("5 h"), "{shown}");
}

async fn a_patch_expires_and_can_be_renewed(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slash("U1", "plan Build a user authentication flow").await;
    let old = docket.newest_with("patch.approve");
    db.clock.advance(Duration::from_hours(7 * 24 + 1));
    docket.run_jobs().await;
    assert!(docket.card().to_lowercase().contains("expired"), "{}", docket.card());
    docket.click_on("U1", &old, "patch.approve").await;
    assert!(docket.told("U1").contains("expired"), "{}", docket.told("U1"));
    docket.click("U1", "patch.renew").await;
    docket.click_on("U1", &old, "patch.approve").await;
    assert!(docket.told("U1").contains("older version"), "{}", docket.told("U1"));
    docket.click("U1", "patch.approve").await;
    assert!(docket.card().contains("revision 1"), "{}", docket.card());
}

async fn request_changes_makes_a_new_version(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slash("U1", "plan Build a user authentication flow").await;
    docket.click("U2", "patch.request_changes").await;
    docket.submit("U2", "merge the first two, and add a task for a security review").await;
    let card = docket.card();
    assert!(card.contains("P-2 ") && card.to_lowercase().contains("security review"), "{card}, {}", docket.told("U2"));
    assert!(docket.cards()[0].contains("P-2"));
}

async fn rejecting_asks_for_a_reason(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slash("U1", "plan Build a user authentication flow").await;
    docket.click("U2", "patch.reject").await;
    assert!(!docket.card().contains("rejected"), "not before the reason");
    docket.submit("U2", "we buy one instead").await;
    let card = docket.card();
    assert!(card.contains("rejected by Ben") && card.contains("we buy one instead"), "{card}");
    let mut tx = db.store.read(docket.app.tenant).await.unwrap();
    assert!(tx.projects().await.unwrap().is_empty());
}

async fn words_in_a_thread_refine_the_proposal_there(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slash("U1", "plan Build a user authentication flow").await;
    let mention = docket.user("U2").mention("drop the last one", "1795168900.000100", db.chance.now());
    docket.send(mention).await;
    docket.run_jobs().await;
    assert!(docket.card().contains("P-2 "), "{} / {}", docket.card(), docket.told("U2"));
}

async fn what_is_not_understood_gets_examples_and_changes_nothing(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slash("U1", "plan Build a user authentication flow").await;
    let before = docket.cards();
    let ack = docket.slash("U1", "make it nicer somehow please").await;
    let told = words(&ack.json()) + &docket.told("U1");
    assert!(told.contains("/docket") || told.contains("for example"), "{told}");
    let ack = docket.slash("U1", "aprove P-1").await;
    assert!(words(&ack.json()).contains("approve"), "{}", ack.body);
    assert_eq!(docket.cards(), before);
}

async fn questions_are_answered_in_the_acknowledgement(db: &TestDb) {
    let docket = TestApp::start(db).await;
    for line in ["", "help", "help plan", "list", "status", "whoami", "inbox", "next", "show"] {
        let ack = docket.send(docket.user("U1").slash(line, db.chance.now())).await;
        let answer = ack.json();
        assert_eq!(answer["response_type"], "ephemeral", "{line}: {}", ack.body);
        assert!(!words(&answer).is_empty(), "{line}");
    }
    planned(&docket).await;
    for line in ["list", "status", "whoami", "inbox", "next", "show", "show AUTH-1", "show P-1"] {
        let ack = docket.send(docket.user("U1").slash(line, db.chance.now())).await;
        assert_eq!(ack.json()["response_type"], "ephemeral", "{line}: {}", ack.body);
    }
    assert_eq!(docket.slack.problems(), Vec::<String>::new());
}
