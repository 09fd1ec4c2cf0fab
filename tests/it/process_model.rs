//! A model decides what the rules can't of what people say to each other, in few questions, and never of what is private.

use std::{sync::Arc, time::Duration};

use docket::{
    domain::{
        heard::{Heard, Saying, Wording},
        matches::Verdict,
        task::Status,
    },
    jobs,
    planner::threads::load::Scope,
};
use serde_json::{Value, json};

use crate::{
    process::{made, patch, says, says_as, task, untracked},
    process_open::{bind, stored},
    support::{
        app::TestApp,
        db::{TestDb, for_each_db},
        fake_model::{Answer, Asked, FakeModel},
        fake_slack::SlackUser,
        model_answers::plan,
        sample,
    },
    who_decides::planned,
};

for_each_db! {
    only_what_the_rules_cannot_decide_is_shown_to_a_model_in_one_question,
    where_a_model_makes_things_up_people_are_asked,
    what_a_model_calls_no_work_is_not_offered_until_more_is_said,
    what_was_said_in_a_private_channel_is_never_shown_to_a_model,
    a_night_asks_a_model_a_few_questions_and_people_about_the_rest,
    where_a_model_fails_at_night_people_are_asked,
    a_dry_run_asks_no_model_and_says_so,
}

const TITLES: [&str; 2] = ["Sign-in page of the shop", "Sign-in page of the blog"];

/// Docket with this model.
async fn with_model<'a>(db: &'a TestDb, model: &FakeModel) -> TestApp<'a> {
    model.expect_key("sk-test-1");
    let settings = [("OPENAI_API_KEY", "sk-test-1"), ("OPENAI_BASE_URL", &model.url()), ("OPENAI_MODEL", "big")];
    TestApp::start_with(db, &settings).await
}

/// What a model says of a conversation that is no work.
fn no_work(number: u64) -> Value {
    json!({ "number": number, "task": null, "work": false, "confidence": 0.9 })
}

/// The next night comes.
async fn night(docket: &TestApp<'_>) {
    jobs::queue_nights(&docket.app.desk).await.unwrap();
    docket.db.clock.advance(Duration::from_hours(24));
    docket.run_jobs().await;
}

/// Docket with this model and a project of tasks that are alike, in which two conversations were had that may be about
/// several of them, and three that may not.
async fn alike<'a>(db: &'a TestDb, model: &FakeModel) -> TestApp<'a> {
    let docket = with_model(db, model).await;
    let [shop, blog] = TITLES;
    model.answer(plan("User authentication", &[shop, blog, "Token service"]));
    planned(&docket).await;
    says(&docket, "U2", None, "the sign-in page is broken").await;
    let root = says(&docket, "U1", None, "should the sign-in page show a logo?").await;
    says(&docket, "U2", Some(&root), "we shipped it with one").await;
    says(&docket, "U2", None, "AUTH-3 is blocked by legal").await;
    says(&docket, "U2", None, "pizza for lunch?").await;
    says(&docket, "U2", None, "the printer jams with every document").await;
    docket
}

async fn only_what_the_rules_cannot_decide_is_shown_to_a_model_in_one_question(db: &TestDb) {
    let model = FakeModel::start().await;
    let docket = alike(db, &model).await;
    let before = model.requests().len();
    model.answer(json!({ "conversations": [
        { "number": 1, "task": null, "work": false, "confidence": 0.9 },
        { "number": 2, "task": "AUTH-1", "work": true, "confidence": 0.95 },
    ]}));
    docket.slash("U1", "process").await;
    assert_eq!(model.requests().len(), before + 1);
    let asked = model.last().user();
    for shown in
        ["Conversation 1", "Conversation 2", "AUTH-1 Sign-in page of the shop", "AUTH-2 Sign-in page of the blog"]
    {
        assert!(asked.contains(shown), "{shown}: {asked}");
    }
    for other in ["blocked", "pizza", "printer", "Token service"] {
        assert!(!asked.contains(other), "{other}: {asked}");
    }
    let proposed = patch(&docket, 2).await;
    let reasons: Vec<&str> = proposed.steps.iter().map(|step| step.reason.as_str()).collect();
    assert!(reasons.iter().any(|why| why.contains("we shipped it with one") && why.contains("a model")), "{reasons:?}");
    assert_eq!(task(&docket, 1).await.fields.status, Status::Todo);
    assert_eq!(model.problems(), Vec::<String>::new());
}

async fn where_a_model_makes_things_up_people_are_asked(db: &TestDb) {
    let model = FakeModel::start().await;
    let docket = alike(db, &model).await;
    let made_up = json!({ "conversations": [{ "number": 2, "task": "AUTH-3", "work": true, "confidence": 1 }] });
    model.answer(made_up.clone());
    model.answer(made_up);
    docket.slash("U1", "process").await;
    let told = docket.told("U1");
    assert!(told.contains("Which task is it about?") && told.contains("Link to AUTH-1"), "{told}");
    assert_eq!(patch(&docket, 2).await.steps.iter().filter(|step| step.reason.contains("shipped")).count(), 0);
    // Whoever is asked says it with a button.
    docket.slash("U1", "track T-2 AUTH-1").await;
    docket.slash("U2", "approve P-3").await;
    assert_eq!(task(&docket, 1).await.fields.links.len(), 1);
}

async fn what_a_model_calls_no_work_is_not_offered_until_more_is_said(db: &TestDb) {
    let model = FakeModel::start().await;
    let docket = with_model(db, &model).await;
    stored(&docket, &TITLES).await;
    let root = says(&docket, "U2", None, "the sign-in page is broken").await;
    let open = async || {
        let mut tx = db.store.read(docket.app.tenant).await.unwrap();
        untracked(&docket, &mut tx, Scope { at: None, others: None }).await
    };
    assert_eq!(open().await, [1]);
    model.answer(json!({ "conversations": [no_work(1)] }));
    docket.slash("U1", "process").await;
    assert!(docket.told("U1").contains("Nothing follows from that"), "{}", docket.told("U1"));
    assert_eq!(open().await, [0; 0]);
    docket.slash("U1", "process").await;
    assert!(!docket.told("U1").contains("need"), "{}", docket.told("U1"));
    says(&docket, "U1", Some(&root), "should the sign-in page say so?").await;
    assert_eq!(open().await, [1]);
    assert_eq!(model.problems(), Vec::<String>::new());
}

async fn what_was_said_in_a_private_channel_is_never_shown_to_a_model(db: &TestDb) {
    let model = FakeModel::start().await;
    let docket = with_model(db, &model).await;
    stored(&docket, &TITLES).await;
    bind(&docket, "G7").await;
    let there = SlackUser { channel: "G7".to_owned(), ..docket.user("U2") };
    model.respond(|_| Answer::Json(json!({ "conversations": [] })));
    says_as(&docket, &there, None, "the secret sign-in page is broken").await;
    docket.slash("U1", "process").await;
    assert_eq!(model.requests().len(), 0, "there is nothing to ask");
    says(&docket, "U2", None, "the sign-in page is broken on phones").await;
    says_as(&docket, &there, None, "the hidden sign-in page is broken, too").await;
    docket.slash("U1", "process").await;
    says(&docket, "U2", None, "the sign-in page is broken on tablets").await;
    says_as(&docket, &there, None, "the quiet sign-in page is broken as well").await;
    night(&docket).await;
    let asked: Vec<String> = model.requests().iter().map(Asked::user).collect();
    assert_eq!(asked.len(), 2);
    assert!(asked[0].contains("phones") && asked[1].contains("tablets"), "{asked:?}");
    for word in ["secret", "hidden", "quiet"] {
        assert!(!asked.iter().any(|asked| asked.contains(word)), "{word}: {asked:?}");
    }
}

async fn a_night_asks_a_model_a_few_questions_and_people_about_the_rest(db: &TestDb) {
    let model = Arc::new(FakeModel::start().await);
    let docket = with_model(db, &model).await;
    stored(&docket, &TITLES).await;
    let mut tx = db.store.write(docket.app.tenant).await.unwrap();
    let ben = tx.member_by_identity(&sample::identity("U2")).await.unwrap();
    let ben = match ben {
        Some(ben) => ben.id,
        None => tx.members().await.unwrap()[0].id,
    };
    for nth in 0..205 {
        let at = db.chance.now().plus(Duration::from_secs(nth));
        let wording =
            Wording { text: format!("the sign-in page is broken on device{nth}"), since: at.as_millis() * 1_000 };
        let message = format!("{}.000100", at.as_millis() / 1_000);
        let heard = Heard { message, at, is_private: Some(false), what: Saying::Said(wording) };
        assert!(tx.put_heard(&sample::channel("C1"), &heard, Some(ben), db.chance.id(), at).await.unwrap());
    }
    tx.commit().await.unwrap();
    model.respond(|asked| {
        let user = asked.user();
        let numbers = user.split("Conversation ").skip(1).filter_map(|rest| rest.split(':').next()?.parse().ok());
        Answer::Json(json!({ "conversations": numbers.map(no_work).collect::<Vec<_>>() }))
    });
    night(&docket).await;
    assert_eq!(model.requests().len(), 5, "forty conversations are in one question, and five questions in one night");
    let left = made(&docket, docket.app.tenant).await;
    assert_eq!(left.len(), 5);
    assert!(left.iter().all(|one| one.verdict == Verdict::Asked), "{left:?}");
    docket.slash("U1", "process").await;
    assert!(docket.told("U1").contains("5 need your word"), "{}", docket.told("U1"));
    assert_eq!((model.requests().len(), model.problems()), (5, Vec::new()));
}

async fn where_a_model_fails_at_night_people_are_asked(db: &TestDb) {
    let model = FakeModel::start().await;
    let docket = with_model(db, &model).await;
    stored(&docket, &TITLES).await;
    says(&docket, "U2", None, "the sign-in page is broken").await;
    says(&docket, "U2", None, "AUTH-1 is done").await;
    model.respond(|_| Answer::Status(500, json!({ "error": { "message": "out of order" } })));
    night(&docket).await;
    assert!(!model.requests().is_empty());
    assert_eq!(docket.states().await, ["proposed"], "what the rules can decide is proposed");
    docket.slash("U1", "process").await;
    let told = docket.told("U1");
    assert!(told.contains("Nothing new was said since the last time. 1 needs your word."), "{told}");
    assert!(told.contains("Which task is it about?") && told.contains("Link to AUTH-2"), "{told}");
}

async fn a_dry_run_asks_no_model_and_says_so(db: &TestDb) {
    let model = FakeModel::start().await;
    let docket = with_model(db, &model).await;
    stored(&docket, &TITLES).await;
    says(&docket, "U2", None, "AUTH-1 is done").await;
    docket.slash("U1", "process dry-run").await;
    assert!(!docket.told("U1").contains("model"), "{}", docket.told("U1"));
    says(&docket, "U2", None, "the sign-in page is broken").await;
    docket.slash("U1", "process dry-run").await;
    let told = docket.told("U1");
    assert!(told.contains("A dry run asks no model: /docket process asks yours first"), "{told}");
    assert_eq!(model.requests().len(), 0);
}
