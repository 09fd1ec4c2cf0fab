//! A model words the focus of a standup and groups conversations, out of the facts that it is given; without it, or where it
//! fails, the standup says the same by the rules.

use std::time::Duration;

use docket::standups::schedule::take_due;
use serde_json::{Value, json};

use crate::{
    process::says,
    support::{
        app::{TestApp, words},
        db::{TestDb, for_each_db},
        fake_model::{Answer, FakeModel},
        fake_slack::Fault,
        model_answers::plan,
    },
    who_decides::planned,
};

for_each_db! {
    a_model_words_the_focus_and_groups_conversations_with_its_name_under_it,
    posting_may_fail_as_often_as_it_likes_and_the_model_is_asked_once,
    what_a_model_makes_up_is_not_told,
    a_model_that_does_not_answer_keeps_no_standup_from_coming,
    what_was_said_in_a_private_channel_is_not_shown_to_a_model,
    what_is_forgotten_is_not_kept_in_a_models_words,
}

/// Docket with this model, a plan whose second task waits for the first, and four conversations of which no task is.
async fn team<'a>(db: &'a TestDb, model: &FakeModel) -> TestApp<'a> {
    model.expect_key("sk-test-1");
    let settings = [("OPENAI_API_KEY", "sk-test-1"), ("OPENAI_BASE_URL", &model.url()), ("OPENAI_MODEL", "big")];
    let docket = TestApp::start_with(db, &settings).await;
    model.answer(plan("User authentication", &["Agree what signing in must do", "Issue tokens"]));
    planned(&docket).await;
    for text in [
        "the printer fails on every document",
        "can somebody order chairs for the kitchen?",
        "the printer on the second floor is broken",
        "the backup of the wiki fails every night",
    ] {
        says(&docket, "U2", None, text).await;
    }
    docket
}

/// What a model may well say.
fn wording() -> Value {
    json!({
        "focus": { "words": "Agree on signing in first, then tokens can be issued", "facts": [1] },
        "groups": [{ "name": "Printers", "conversations": [1, 3] }],
    })
}

/// The last standup, with what stands in its thread.
fn standup(docket: &TestApp<'_>) -> (String, String) {
    let shown = docket.slack.messages("C1");
    let main = shown.iter().rev().find(|one| one.thread.is_none() && words(&one.payload).contains("Standup")).unwrap();
    let thread = shown.iter().filter(|one| one.thread.as_deref() == Some(main.ts.as_str()));
    (words(&main.payload), thread.map(|one| words(&one.payload)).collect::<Vec<_>>().join("\n"))
}

async fn a_model_words_the_focus_and_groups_conversations_with_its_name_under_it(db: &TestDb) {
    let model = FakeModel::start().await;
    let docket = team(db, &model).await;
    let before = model.requests().len();
    model.answer(wording());
    docket.slash("U1", "standup now").await;
    let (main, thread) = standup(&docket);
    for part in [
        "Focus today: Agree on signing in first, then tokens can be issued ( AUTH-1 )",
        "4 conversations match no task: Printers ( T-1 , T-3 ), T-2 , T-4",
        "partly worded by environment/big",
    ] {
        assert!(main.contains(part), "{part}: {main}");
    }
    assert!(thread.contains("Printers") && thread.contains("Others"), "{thread}");
    assert_eq!(model.requests().len(), before + 1);
    let asked = model.last().user();
    for part in ["1. finish AUTH-1 Agree what signing in must do: 1 task waits for it", "chairs for the kitchen"] {
        assert!(asked.contains(part), "{part}: {asked}");
    }
    // A preview is by the rules and asks nobody.
    let shown = words(&docket.slash("U1", "standup preview").await.json());
    assert!(shown.contains("Focus today: finish AUTH-1") && !shown.contains("worded by"), "{shown}");
    assert_eq!((model.requests().len(), model.problems()), (before + 1, Vec::new()));
    assert_eq!(docket.slack.problems(), [""; 0]);
}

async fn posting_may_fail_as_often_as_it_likes_and_the_model_is_asked_once(db: &TestDb) {
    let model = FakeModel::start().await;
    let docket = team(db, &model).await;
    let before = model.requests().len();
    model.answer(wording());
    // Refused before the message, and again between the message and its thread.
    for fault in [Fault::RateLimited(5), Fault::Pass, Fault::RateLimited(5)] {
        docket.slack.fail_next("chat.postMessage", fault);
    }
    docket.slash("U1", "standup now").await;
    for _ in 0..3 {
        db.clock.advance(Duration::from_mins(1));
        docket.run_jobs().await;
    }
    let (main, thread) = standup(&docket);
    assert!(main.contains("Agree on signing in first") && thread.contains("Printers"), "{main}\n{thread}");
    assert_eq!(model.requests().len(), before + 1);
}

async fn what_a_model_makes_up_is_not_told(db: &TestDb) {
    let model = FakeModel::start().await;
    let docket = team(db, &model).await;
    let mut made_up = wording();
    made_up["focus"]["words"] = json!("AUTH-7 is 9 days late");
    model.answer(made_up.clone());
    // Told what is wrong, it says it again.
    model.answer(made_up);
    docket.slash("U1", "standup now").await;
    let (main, _) = standup(&docket);
    assert!(main.contains("Focus today: finish AUTH-1 Agree what signing in must do: 1 task waits for it"), "{main}");
    assert!(!main.contains("AUTH-7") && !main.contains("Printers") && !main.contains("worded by"), "{main}");
}

async fn a_model_that_does_not_answer_keeps_no_standup_from_coming(db: &TestDb) {
    let model = FakeModel::start().await;
    let docket = team(db, &model).await;
    docket.slash("U1", "standup at 11:30 daily Europe/Paris yes").await;
    model.script([Answer::Status(500, json!({ "error": { "message": "down" } }))].into_iter().cycle().take(9));
    db.clock.advance(Duration::from_mins(30));
    assert_eq!(take_due(&db.store, &db.chance).await.unwrap(), 1);
    docket.run_jobs().await;
    let (main, _) = standup(&docket);
    assert!(main.contains("Focus today: finish AUTH-1") && !main.contains("worded by"), "{main}");
}

async fn what_was_said_in_a_private_channel_is_not_shown_to_a_model(db: &TestDb) {
    let model = FakeModel::start().await;
    let docket = team(db, &model).await;
    docket.slack.make_private("C1");
    says(&docket, "U2", None, "the door of the server room is broken").await;
    model.answer(json!({ "focus": null, "groups": [] }));
    docket.slash("U1", "standup now").await;
    let asked = model.last().user();
    assert!(asked.contains("finish AUTH-1") && asked.contains("no conversations to group"), "{asked}");
    let (main, _) = standup(&docket);
    assert!(main.contains("5 conversations match no task"), "{main}");
}

async fn what_is_forgotten_is_not_kept_in_a_models_words(db: &TestDb) {
    let model = FakeModel::start().await;
    let docket = team(db, &model).await;
    model.answer(wording());
    docket.slack.fail_next("chat.postMessage", Fault::RateLimited(60));
    docket.slash("U1", "standup now").await;
    let rows = async || db.dump(docket.app.tenant).await.into_iter().filter(|row| row.contains("Printers")).count();
    assert_eq!(rows().await, 1, "as long as it is on its way");
    docket.slash("U2", "forget me").await;
    assert_eq!(rows().await, 0);
    db.clock.advance(Duration::from_mins(2));
    docket.run_jobs().await;
    let (main, thread) = standup(&docket);
    assert!(!main.contains("match no task") && !thread.contains("printer"), "{main}\n{thread}");
}
