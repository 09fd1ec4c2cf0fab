//! Looking after models in Slack: a draft that takes long is shown and can be stopped, accounts are added, tested,
//! chosen and removed.

use docket::intent::command::COMMANDS;
use serde_json::json;

use crate::support::{
    app::{TestApp, words},
    db::{TestDb, for_each_db},
    fake_model::{Answer, FakeModel},
    model_answers::plan,
};

for_each_db!(
    a_draft_that_takes_long_is_shown_and_becomes_the_card,
    a_draft_is_stopped_by_its_button,
    a_cancel_in_the_last_moment_holds_or_is_told_that_it_came_too_late,
    a_draft_that_fails_leaves_no_message_behind,
    a_key_that_is_not_taken_is_told_beside_the_template,
    decisions_and_status_changes_go_on_while_a_draft_is_made,
    a_key_that_is_typed_anywhere_reaches_neither_the_database_nor_a_model,
    an_account_is_added_tested_chosen_and_removed,
    only_owners_look_after_models,
    every_command_works_with_the_port_of_the_model_closed,
);

/// Docket with this model; Ana (`U1`) administers the workspace.
async fn with_model<'a>(db: &'a TestDb, url: &str) -> TestApp<'a> {
    let docket = TestApp::start_with(db, &[("OPENAI_BASE_URL", url), ("OPENAI_MODEL", "big")]).await;
    docket.slack.add_user("U1", "Ana", &json!({ "is_admin": true }));
    docket
}

/// 32 bytes of zeros in base64.
const MASTER_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

/// What stands in the channel while a draft is made.
async fn until_shown(docket: &TestApp<'_>) -> String {
    for _ in 0..1_000 {
        let card = docket.card();
        if card.contains("Drafting") {
            return card;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("no progress is shown");
}

async fn a_draft_that_takes_long_is_shown_and_becomes_the_card(db: &TestDb) {
    let model = FakeModel::start().await;
    let docket = with_model(db, &model.url()).await;
    let answer = Answer::Json(plan("User authentication", &["Sign-in page"]));
    model.script([Answer::After(std::time::Duration::from_secs(3), Box::new(answer))]);
    docket.send(docket.user("U1").slash("plan Build a user authentication flow", db.chance.now())).await;
    let ((), shown) = tokio::join!(docket.run_jobs(), until_shown(&docket));
    assert!(shown.contains("Drafting a plan for") && shown.contains("user authentication flow"), "{shown}");
    assert!(shown.contains(" s") && shown.contains("Cancel"), "{shown}");
    let messages = docket.slack.messages("C1");
    assert_eq!(messages.len(), 1, "the card takes the message over");
    let card = docket.card();
    assert!(card.contains("P-1") && card.contains("Approve") && !card.contains("Drafting"), "{card}");
    docket.click("U2", "patch.approve").await;
    assert!(docket.card().contains("applied by Ben"), "{}", docket.card());
    assert_eq!(docket.slack.problems(), Vec::<String>::new());
}

async fn a_draft_is_stopped_by_its_button(db: &TestDb) {
    let model = FakeModel::start().await;
    let docket = with_model(db, &model.url()).await;
    model.script([Answer::Hang]);
    docket.send(docket.user("U1").slash("plan Build a user authentication flow", db.chance.now())).await;
    let stopping = async {
        until_shown(&docket).await;
        let button = docket.newest_with("stop");
        docket.send(docket.user("U2").click(&button, "stop", db.chance.now())).await;
        docket.run_jobs().await;
    };
    tokio::join!(docket.run_jobs(), stopping);
    model.until_left(1).await;
    docket.run_jobs().await;
    assert_eq!(docket.told("U1"), "Ben cancelled the draft. Nothing was proposed.");
    assert_eq!(docket.slack.messages("C1").len(), 0, "{:?}", docket.cards());
    assert_eq!(docket.states().await, [""; 0]);
    // Whoever asks again gets a plan.
    model.answer(plan("User authentication", &["Sign-in page"]));
    docket.slash("U1", "plan Build a user authentication flow").await;
    assert!(docket.card().contains("Sign-in page"), "{}", docket.card());
    assert_eq!(docket.slack.problems(), Vec::<String>::new());
}

async fn a_cancel_in_the_last_moment_holds_or_is_told_that_it_came_too_late(db: &TestDb) {
    let model = FakeModel::start().await;
    let docket = with_model(db, &model.url()).await;
    for (round, pause) in [350, 500, 600, 650].into_iter().enumerate() {
        let answer = Answer::Json(plan("User authentication", &["Sign-in page"]));
        model.script([Answer::After(std::time::Duration::from_millis(2_700), Box::new(answer))]);
        let (proposed, told) = (docket.states().await.len(), docket.slack.private("U2").len());
        let line = format!("plan Build the import of ledger{round}");
        docket.send(docket.user("U1").slash(&line, db.chance.now())).await;
        let stopping = async {
            until_shown(&docket).await;
            let button = docket.newest_with("stop");
            tokio::time::sleep(std::time::Duration::from_millis(pause)).await;
            db.clock.advance(std::time::Duration::from_secs(1));
            docket.send(docket.user("U2").click(&button, "stop", db.chance.now())).await;
            docket.run_jobs().await;
        };
        tokio::join!(docket.run_jobs(), stopping);
        docket.run_jobs().await;
        let is_proposed = docket.states().await.len() > proposed;
        let is_late = docket.slack.private("U2").len() > told && docket.told("U2").contains("finished already");
        assert_eq!(is_proposed, is_late, "{pause}: {}", docket.told("U2"));
        model.drop_script();
    }
}

async fn a_key_that_is_not_taken_is_told_beside_the_template(db: &TestDb) {
    let model = FakeModel::start().await;
    model.expect_key("sk-the-right-one");
    let settings = [("OPENAI_BASE_URL", &*model.url()), ("OPENAI_API_KEY", "sk-a-wrong-one"), ("OPENAI_MODEL", "big")];
    let docket = TestApp::start_with(db, &settings).await;
    docket.slash("U1", "plan Build a user authentication flow").await;
    assert!(docket.card().contains("template \"feature\""), "{}", docket.card());
    assert!(docket.told("U1").contains("key"), "{}", docket.told("U1"));
    assert!(!docket.told("U1").contains("sk-a-wrong-one"), "{}", docket.told("U1"));
}

async fn a_draft_that_fails_leaves_no_message_behind(db: &TestDb) {
    let model = FakeModel::start().await;
    let docket = with_model(db, &model.url()).await;
    let no = Answer::Refusal("I will not.".to_owned());
    model.script([Answer::After(std::time::Duration::from_secs(3), Box::new(no))]);
    docket.send(docket.user("U1").slash("plan Build a user authentication flow", db.chance.now())).await;
    tokio::join!(docket.run_jobs(), until_shown(&docket));
    assert!(docket.told("U1").contains("Use a template"), "{}", docket.told("U1"));
    assert_eq!(docket.slack.messages("C1").len(), 0, "{:?}", docket.cards());
    assert_eq!(docket.slack.problems(), Vec::<String>::new());
}

async fn decisions_and_status_changes_go_on_while_a_draft_is_made(db: &TestDb) {
    let model = FakeModel::start().await;
    let docket = with_model(db, &model.url()).await;
    model.answer(plan("User authentication", &["Sign-in page"]));
    docket.slash("U1", "plan Build a user authentication flow").await;
    let card = docket.newest_with("patch.approve");
    model.script([Answer::Hang]);
    docket.send(docket.user("U1").slash("plan Build a shop", db.chance.now())).await;
    let meanwhile = async {
        model.until_asked(2).await;
        docket.send(docket.user("U2").click(&card, "patch.approve", db.chance.now())).await;
        docket.run_jobs().await;
        assert_eq!(docket.states().await, ["applied"]);
        docket.slash("U2", "done AUTH-1").await;
        let shown = words(&docket.slash("U2", "show AUTH-1").await.json()).to_lowercase();
        assert!(shown.contains("done"), "{shown}");
        until_shown(&docket).await;
        let button = docket.newest_with("stop");
        docket.send(docket.user("U1").click(&button, "stop", db.chance.now())).await;
        docket.run_jobs().await;
    };
    tokio::join!(docket.run_jobs(), meanwhile);
    model.until_left(1).await;
    assert_eq!(docket.slack.problems(), Vec::<String>::new());
}

async fn a_key_that_is_typed_anywhere_reaches_neither_the_database_nor_a_model(db: &TestDb) {
    const KEY: &str = "sk-proj-Zq7xT4nB9wKe2Lm5Zq7xT4nB9wKe2Lm5";
    let model = FakeModel::start().await;
    let docket = with_model(db, &model.url()).await;
    model.answer(plan("User authentication", &["Sign-in page"]));
    docket.slash("U1", "plan Build a user authentication flow").await;
    let thread = docket.newest_with("patch.approve").ts;
    let asked = model.requests().len();
    for line in [
        format!("connect openai {KEY}"),
        format!("add account openai {KEY}"),
        format!("OPENAI_API_KEY={KEY}"),
        format!("/models add {KEY}"),
        format!("plan Build a shop with {KEY}"),
    ] {
        let said = docket.slash("U1", &line).await;
        assert!(said.body.contains("Never type a key into chat"), "{}", said.body);
    }
    docket.mention("U1", &format!("here is our openai key {KEY}")).await;
    docket.reply("U1", &thread, &format!("the key is {KEY}, add it")).await;
    for body in db.bodies().await {
        assert!(!body.contains(KEY), "{body}");
    }
    assert_eq!(model.requests().len(), asked);
    assert_eq!(docket.slack.problems(), Vec::<String>::new());
}

async fn an_account_is_added_tested_chosen_and_removed(db: &TestDb) {
    let model = FakeModel::start().await;
    model.expect_key("sk-the-key-of-acme");
    let docket = TestApp::start_with(db, &[("DOCKET_MASTER_KEY", MASTER_KEY)]).await;
    docket.slack.add_user("U1", "Ana", &json!({ "is_admin": true }));
    docket.mention("U1", "models").await;
    assert!(docket.told("U1").contains("No model is connected"), "{}", docket.told("U1"));
    docket.press_private("U1", "account.add").await;
    let fields = [
        ("name", "Acme AI"),
        ("base_url", &*model.url().replace("/v1", "/")),
        ("key", "sk-the-key-of-acme"),
        ("models", "big, small"),
        ("default", "yes"),
    ];
    docket.fill("U1", &fields).await;
    let told = docket.told("U1");
    assert!(
        told.contains("Acme AI is added") && told.contains("stored encrypted") && told.contains("Test it"),
        "{told}"
    );

    model.answer(json!({ "ok": true }));
    docket.press_private("U1", "say.0").await;
    assert!(docket.told("U1").contains("Acme AI/big works"), "{}", docket.told("U1"));
    docket.slash("U1", "models use plan Acme AI/small").await;
    docket.slash("U1", "models use route nonsense").await;
    assert!(docket.told("U1").contains("The enabled ones are Acme AI/big and Acme AI/small"), "{}", docket.told("U1"));
    let listed = words(&docket.slash("U1", "models").await.json());
    for word in ["Acme AI", "big, small", "Default: Acme AI/big", "plan: Acme AI/small", "of 1,000,000 tokens"] {
        assert!(listed.contains(word), "{word} in {listed}");
    }
    assert!(!listed.contains("sk-the-key"), "{listed}");
    model.answer(plan("User authentication", &["Sign-in page"]));
    docket.slash("U2", "plan Build a user authentication flow").await;
    assert_eq!(model.last().body["model"], "small");

    docket.mention("U1", "models").await;
    docket.press_private("U1", "account.add").await;
    let refused = docket.fill("U1", &fields).await.json()["errors"]["name"].to_string();
    assert!(refused.contains("There is an account of this name already"), "{refused}");
    docket.slash("U1", "models remove acme ai").await;
    assert!(docket.told("U1").contains("is gone, with its key"), "{}", docket.told("U1"));
    docket.slash("U2", "plan Build a search page").await;
    assert!(docket.card().contains("no model connected"), "{}", docket.card());
    for body in db.bodies().await {
        assert!(!body.contains("sk-the-key"), "{body}");
    }
    assert_eq!(model.problems(), Vec::<String>::new());
    assert_eq!(docket.slack.problems(), Vec::<String>::new());
}

async fn only_owners_look_after_models(db: &TestDb) {
    let model = FakeModel::start().await;
    let docket = with_model(db, &model.url()).await;
    docket.slash("U1", "whoami").await;
    docket.slash("U1", "start AUTH-1").await;
    for line in [
        "models test environment",
        "models default big",
        "models use plan big",
        "models budget 5m",
        "models remove environment",
    ] {
        docket.slash("U2", line).await;
        let told = docket.told("U2");
        assert!(told.contains("Only owners and admins choose the models") && told.contains("Ana"), "{line}: {told}");
    }
    docket.slash("U1", "models remove environment").await;
    assert!(docket.told("U1").contains("OPENAI_API_KEY"), "{}", docket.told("U1"));
    docket.slash("U1", "models test nobody").await;
    assert!(docket.told("U1").contains("nobody"), "{}", docket.told("U1"));
    assert_eq!(model.requests().len(), 0);
}

async fn every_command_works_with_the_port_of_the_model_closed(db: &TestDb) {
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let docket = with_model(db, &closed).await;
    docket.slash("U1", "plan Build a user authentication flow").await;
    docket.click("U2", "patch.approve").await;
    for command in COMMANDS {
        for example in command.examples {
            let (cards, private) = (docket.cards(), docket.slack.private("U1").len());
            let ack = docket.slash("U1", example).await;
            let is_answered = !ack.body.is_empty() || docket.slack.private("U1").len() > private;
            assert!(is_answered || docket.cards() != cards, "{example}: silence");
            let told = docket.told("U1");
            assert!(!told.contains("went wrong") && !ack.body.contains("went wrong"), "{example}: {told}");
        }
    }
    assert_eq!(docket.slack.problems(), Vec::<String>::new());
}
