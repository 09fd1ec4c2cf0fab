//! The main job with a model, against a third party's server that answers like one: in Slack and in a real browser.

use std::collections::BTreeSet;

use docket::domain::{
    ids::TenantId,
    member::Surface,
    model::CallOutcome,
    patch::PatchState,
    project::{ProjectKey, Revision},
    time::Timestamp,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    aimock::Aimock,
    app::TestApp,
    binary::{Binary, Settings},
    browser::Browser,
    db::{TestDb, for_each_db},
    model_answers::{add, change, meaning, plan, remove},
    peers,
};

for_each_db!(
    a_mention_in_slack_is_drafted_refined_twice_and_approved,
    plain_words_in_the_console_are_drafted_refined_twice_and_approved,
);

const KEY: &str = "sk-aimock-1";
const MODEL: &str = "gpt-5-mini";
/// What people say, in this order.
const GOAL: &str = "we finally have to let people sign in with their company account";
const FIRST: &str = "somebody has to look at the security of all this before launch";
const SECOND: &str = "hm, the roll-out is somebody else's business";

/// What the server answers. The newest words come first: what was said before stands in later questions too.
fn fixtures() -> Value {
    let (route, draft, refine) =
        ("You find out what a message", "You draft the first plan", "You change a project's plan");
    let edit = meaning(&[("edit", 0.9, json!({}))]).to_string();
    let goal = json!({ "goal": "let people sign in with their company account" });
    let titles = ["Choose a provider", "Sign-in page", "Roll-out"];
    let first = change(&[add("Security review", &["AUTH-1"])], None).to_string();
    let second = change(&[remove("AUTH", 3)], Some("I left the review in.")).to_string();
    let answer = |system: &str, user: &str, content: String| json!({ "match": { "systemMessage": system, "userMessage": user }, "response": { "content": content }, "chunkSize": 24 });
    // The first draft is nonsense, the second one is decorated as models like to.
    let nonsense = answer(draft, "company account", "I would start with a workshop.".to_owned());
    let drafted = format!("Here you are:\n```json\n{}\n```", plan("Company sign-in", &titles));
    json!([
        answer(route, SECOND, edit.clone()),
        answer(route, FIRST, edit),
        answer(route, GOAL, meaning(&[("plan", 0.95, goal)]).to_string()),
        answer(refine, SECOND, second),
        answer(refine, FIRST, first),
        nonsense,
        answer(draft, "That answer can't be used", drafted),
    ])
}

async fn a_mention_in_slack_is_drafted_refined_twice_and_approved(db: &TestDb) {
    let Some(aimock) = Aimock::start(&fixtures()) else { return };
    let settings = [("OPENAI_API_KEY", KEY), ("OPENAI_BASE_URL", &aimock.url()), ("OPENAI_MODEL", MODEL)];
    let docket = TestApp::start_with(db, &settings).await;
    docket.mention("U1", GOAL).await;
    let card = docket.card();
    for words in ["P-1", "plan company sign-in", "Choose a provider", "Roll-out", "drafted by gpt-5-mini"] {
        assert!(card.contains(words), "{words} in {card}");
    }
    let thread = docket.newest_with("patch.approve").ts;
    docket.reply("U2", &thread, FIRST).await;
    assert!(docket.cards()[0].contains("replaced by P-2"), "{}", docket.cards()[0]);
    assert!(docket.card().contains("P-2") && docket.card().contains("Security review"), "{}", docket.card());
    docket.mention_in("U1", &thread, SECOND).await;
    assert!(docket.card().contains("P-3") && !docket.card().contains("Roll-out"), "{}", docket.card());
    assert!(docket.told("U1").contains("I left the review in."), "{}", docket.told("U1"));
    for message in docket.slack.messages("C1").iter().skip(1) {
        assert_eq!(message.thread.as_deref(), Some(thread.as_str()), "the conversation stays in its thread");
    }
    docket.click("U2", "patch.approve").await;
    assert!(docket.card().contains("applied by Ben"), "{}", docket.card());

    the_plan_is_as_it_was_said(db, docket.app.tenant).await;
    every_question_was_answered(&aimock, db, docket.app.tenant).await;
    assert_eq!(docket.slack.problems(), Vec::<String>::new());
    if let Some(python) = peers::python() {
        let folder = TempDir::new().unwrap();
        let payloads = folder.path().join("payloads.jsonl");
        docket.slack.write_payloads(&payloads);
        peers::check_blocks(&python, &payloads);
    }
}

async fn plain_words_in_the_console_are_drafted_refined_twice_and_approved(db: &TestDb) {
    let Some(aimock) = Aimock::start(&fixtures()) else { return };
    let folder = TempDir::new().unwrap();
    let settings = Settings::new(&db.url, folder.path())
        .with("OPENAI_API_KEY", KEY)
        .with("OPENAI_BASE_URL", &aimock.url())
        .with("OPENAI_MODEL", MODEL);
    let binary = Binary::start(&settings).await;
    let Some(browser) = Browser::start(&binary.base).await else { return };
    browser.goto("/console").await;
    for (line, card) in [(GOAL, "P-1 · AUTH"), (FIRST, "P-2 · AUTH"), (SECOND, "P-3 · AUTH")] {
        browser.say(line).await;
        browser.wait_for(card).await;
        browser.wait_for("drafted by gpt-5-mini").await;
    }
    browser.wait_for("P-2 was replaced by P-3").await;
    browser.wait_for("I left the review in.").await;
    browser.press("Approve").await;
    browser.wait_for("P-3 applied by Local owner").await;
    browser.wait_for("0 of 3 done").await;
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    browser.close().await;

    let tenant = db.store.local_tenant(&db.chance).await.unwrap();
    the_plan_is_as_it_was_said(db, tenant).await;
    every_question_was_answered(&aimock, db, tenant).await;
    let mut tx = db.store.read(tenant).await.unwrap();
    assert!(tx.open_progress(Surface::Console).await.unwrap().is_empty());
    let log = std::fs::read_to_string(&settings.log).unwrap();
    for secret in [KEY, "company account", "Choose a provider", "You draft the first plan"] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

/// Three tasks, the second refinement's remainder, with everything the drafts said of them.
async fn the_plan_is_as_it_was_said(db: &TestDb, tenant: TenantId) {
    let mut tx = db.store.read(tenant).await.unwrap();
    let project = tx.project_by_key(&"AUTH".parse::<ProjectKey>().unwrap()).await.unwrap().unwrap();
    assert_eq!((project.title.as_str(), project.revision), ("Company sign-in", Revision(1)));
    let plan = tx.plan(project.id).await.unwrap().unwrap();
    let tasks: BTreeSet<_> = plan.tasks().map(|task| task.fields.title.as_str()).collect();
    assert_eq!(tasks, BTreeSet::from(["Choose a provider", "Sign-in page", "Security review"]));
    assert!(plan.tasks().all(|task| !task.fields.acceptance.is_empty() && !task.fields.description.is_empty()));
    let patches = tx.recent_patches(10).await.unwrap();
    let applied: Vec<_> = patches.iter().filter(|patch| matches!(patch.state, PatchState::Applied { .. })).collect();
    assert_eq!((patches.len(), applied.len()), (3, 1));
    for patch in &patches {
        let drafted = patch.origin.drafted.as_ref().unwrap();
        assert_eq!((drafted.model.to_string().as_str(), drafted.prompt.len()), ("environment/gpt-5-mini", 8));
    }
}

/// Every request got the answer that was written for it, once, and was counted.
async fn every_question_was_answered(aimock: &Aimock, db: &TestDb, tenant: TenantId) {
    let requests = aimock.requests().await;
    let statuses: Vec<_> = requests.iter().map(|request| request["response"]["status"].clone()).collect();
    let calls = db.store.read(tenant).await.unwrap().calls_since(Timestamp::from_millis(0)).await.unwrap();
    assert_eq!(calls.len(), requests.len());
    assert!(statuses.iter().all(|status| status == 200), "{statuses:?}");
    let mended = calls.iter().filter(|call| call.outcome == CallOutcome::Invalid).count();
    assert_eq!(mended, 1, "{calls:?}");
    assert!(calls.iter().all(|call| call.outcome != CallOutcome::Running && call.cost() > 0), "{calls:?}");
}
