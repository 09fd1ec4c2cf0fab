//! The console with a model, in a real browser against the real program: what takes long is shown and can be
//! cancelled, what is unclear is asked back, and accounts are looked after.

use std::{process::Stdio, time::Duration};

use docket::domain::{
    ids::TenantId,
    member::Surface,
    model::{CallOutcome, Use},
    time::Timestamp,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    binary::{Binary, Settings},
    browser::Browser,
    db::{TestDb, for_each_db},
    fake_model::{Answer, FakeModel},
    model_answers::{meaning, plan},
};

use super::browser::picture;

for_each_db!(
    a_draft_that_takes_long_counts_its_seconds_and_becomes_the_card_in_its_place,
    cancel_stops_the_call_and_the_next_line_goes_on,
    unclear_words_are_asked_back_and_the_choice_is_remembered_until_it_is_forgotten,
    an_account_is_added_tested_used_and_removed_and_its_key_is_nowhere,
    say_waits_for_a_model_beside_a_server_and_without_one,
);

const KEY: &str = "sk-live-4f9a1b7c2d";
/// 32 bytes in base64.
const MASTER_KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

/// A window that shows the whole page of the models, so that nothing of it lies under the bar at the top.
const TALL: u32 = 2_400;

/// The running program with its model and a window at its console.
struct Room<'a> {
    db: &'a TestDb,
    model: FakeModel,
    settings: Settings,
    browser: Browser,
    _binary: Binary,
    _folder: TempDir,
}

impl<'a> Room<'a> {
    /// With the model connected by the environment; `None` where there is no browser.
    async fn open(db: &'a TestDb) -> Option<Self> {
        Self::open_with(db, &|model| vec![("OPENAI_BASE_URL", model.url()), ("OPENAI_MODEL", "big".to_owned())]).await
    }

    async fn open_with(db: &'a TestDb, more: &dyn Fn(&FakeModel) -> Vec<(&'static str, String)>) -> Option<Self> {
        let model = FakeModel::start().await;
        let folder = TempDir::new().unwrap();
        let settings = Settings::new(&db.url, folder.path());
        let settings = more(&model).iter().fold(settings, |settings, (name, value)| settings.with(name, value));
        let binary = Binary::start(&settings).await;
        let browser = Browser::start(&binary.base).await?;
        browser.goto("/console").await;
        browser.evaluate("window.loadedOnce = true").await;
        Some(Self { db, model, settings, browser, _binary: binary, _folder: folder })
    }

    /// Says a line and waits for what has to follow.
    async fn say(&self, line: &str, then: &str) {
        self.browser.say(line).await;
        self.browser.wait_for(then).await;
    }

    /// Takes pictures for people to look at, `height` pixels high.
    async fn photograph(&self, name: &str, height: u32) {
        for (look, width, scheme) in [("light", 1280, "light"), ("dark", 1280, "dark"), ("phone", 390, "light")] {
            self.browser.look(width, height, scheme).await;
            let overflow = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
            assert_eq!(self.browser.evaluate(overflow).await, json!(0), "{name} is wider than a {look} window");
            // Whoever reads the end of the conversation stays there, whatever the window does.
            let at_end = "const s = document.querySelector('#scroll'); \
                          return !s || s.scrollHeight - s.scrollTop - s.clientHeight < 80";
            until(&self.browser, at_end).await;
            self.browser.screenshot(picture(&format!("model-{name}-{look}"))).await;
        }
        self.browser.look(1280, height, "light").await;
    }

    async fn tenant(&self) -> TenantId {
        self.db.store.local_tenant(&self.db.chance).await.unwrap()
    }

    async fn outcomes(&self) -> Vec<CallOutcome> {
        let mut tx = self.db.store.read(self.tenant().await).await.unwrap();
        let mut calls = tx.calls_since(Timestamp::from_millis(0)).await.unwrap();
        calls.sort_by_key(|call| call.at);
        calls.iter().map(|call| call.outcome).collect()
    }

    async fn close(self) {
        assert_eq!(self.browser.complaints().await, Vec::<String>::new());
        assert_eq!(self.model.problems(), Vec::<String>::new());
        let mut tx = self.db.store.read(self.tenant().await).await.unwrap();
        assert!(tx.open_progress(Surface::Console).await.unwrap().is_empty());
        self.browser.close().await;
    }
}

/// Waits until a script says yes.
async fn until(browser: &Browser, script: &str) {
    for _ in 0..300 {
        if browser.evaluate(script).await == json!(true) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("waited 15 s until {script}");
}

fn drafted() -> Value {
    plan("User authentication", &["Decide how people sign in", "Token service", "Sign-in page"])
}

fn later(answer: Value) -> Answer {
    Answer::After(Duration::from_secs(6), Box::new(Answer::Json(answer)))
}

async fn a_draft_that_takes_long_counts_its_seconds_and_becomes_the_card_in_its_place(db: &TestDb) {
    let Some(room) = Room::open(db).await else { return };
    room.model.script([later(drafted())]);
    room.say("/docket plan Build a user authentication flow", "Drafting a plan for").await;
    let seconds = async || room.browser.text_of(".working [data-elapsed]").await;
    let first = seconds().await;
    assert!(first.ends_with(" s"), "{first}");
    room.photograph("progress", 860).await;
    until(&room.browser, &format!("return document.querySelector('.working [data-elapsed]')?.innerText !== '{first}'"))
        .await;
    room.browser.wait_for("P-1 · AUTH").await;
    room.browser.wait_for("drafted by big").await;
    until(&room.browser, "return document.querySelector('.working') === null").await;
    let order = "return [...document.querySelectorAll('#entries .entry')].map(e => e.className.split(' ')[1]).join()";
    assert_eq!(room.browser.evaluate(order).await, json!("said,card"), "the card stands where the progress stood");
    assert_eq!(room.browser.evaluate("return window.loadedOnce").await, json!(true));
    room.photograph("card", 860).await;
    room.browser.press("Approve").await;
    room.browser.wait_for("0 of 3 done").await;
    assert_eq!(room.outcomes().await, [CallOutcome::Answered]);
    room.close().await;
}

async fn cancel_stops_the_call_and_the_next_line_goes_on(db: &TestDb) {
    let Some(room) = Room::open(db).await else { return };
    room.model.script([Answer::Hang, Answer::Json(drafted())]);
    room.say("/docket plan Build a user authentication flow", "Drafting a plan for").await;
    room.say("/docket plan Build a user authentication flow at once", "waits for the draft").await;
    room.browser.press("Cancel").await;
    room.model.until_left(1).await;
    room.browser.wait_for("Cancelled. Nothing was proposed.").await;
    room.browser.wait_for("P-1 · AUTH").await;
    until(&room.browser, "return document.querySelector('.working, #pending li') === null").await;
    assert_eq!(room.browser.text().await.matches("P-1 · AUTH").count(), 1);
    let mut outcomes = room.outcomes().await;
    // What was dropped is settled beside the work that goes on.
    for _ in 0..100 {
        if !outcomes.contains(&CallOutcome::Running) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        outcomes = room.outcomes().await;
    }
    assert_eq!(outcomes, [CallOutcome::Stopped, CallOutcome::Answered]);
    room.close().await;
}

async fn unclear_words_are_asked_back_and_the_choice_is_remembered_until_it_is_forgotten(db: &TestDb) {
    let Some(room) = Room::open(db).await else { return };
    room.model.answer(drafted());
    room.say("/docket plan Build a user authentication flow", "P-1 · AUTH").await;
    room.browser.press("Approve").await;
    room.browser.wait_for("0 of 3 done").await;
    let unsure = meaning(&[("status", 0.5, json!({ "project": "AUTH" })), ("next", 0.4, json!({ "project": "AUTH" }))]);
    room.model.answer(unsure.clone());
    let line = "how are things looking with this one, you know";
    room.say(line, "Is it one of these?").await;
    room.photograph("asked-back", 860).await;
    room.browser.press("next AUTH").await;
    room.browser.wait_for("can be started").await;
    let asked = room.model.requests().len();

    room.browser.say(&line.to_uppercase()).await;
    until(&room.browser, "return document.body.innerText.split('can be started').length === 3").await;
    assert_eq!(room.model.requests().len(), asked, "what was chosen is known from then on");
    room.say("/docket routes", "1 choice remembered for this channel").await;
    room.photograph("routes", 860).await;
    room.say("/docket routes forget 1", "Forgotten").await;
    room.model.answer(unsure);
    room.browser.say(line).await;
    until(&room.browser, "return document.body.innerText.split('Is it one of these?').length === 3").await;
    assert_eq!(room.model.requests().len(), asked + 1);
    room.close().await;
}

async fn an_account_is_added_tested_used_and_removed_and_its_key_is_nowhere(db: &TestDb) {
    // With SQLite a file beside the database stands in.
    let master = |_: &FakeModel| {
        let key = ("DOCKET_MASTER_KEY", MASTER_KEY.to_owned());
        if db.url.starts_with("sqlite") { Vec::new() } else { vec![key] }
    };
    let Some(room) = Room::open_with(db, &master).await else { return };
    let Room { browser, model, .. } = &room;
    model.expect_key(KEY);
    browser.look(1280, TALL, "light").await;
    browser.goto("/models").await;
    browser.wait_for("No model is connected").await;
    add(browser, "home", &model.url(), "big, small").await;
    browser.wait_for_notice("home is added with 2 models: big and small.").await;
    browser.wait_for("stored encrypted").await;
    add(browser, "spare", "http://127.0.0.1:9/v1", "tiny").await;
    browser.wait_for("spare/tiny").await;
    let default = db.store.read(room.tenant().await).await.unwrap().model_settings().await.unwrap().default;
    assert_eq!(default.unwrap().to_string(), "home/big", "only the first account becomes the default by itself");

    model.answer(json!({ "ok": true }));
    browser.focus("#test-1").await;
    browser.wait_for_notice("home/").await;
    browser.wait_for_notice("works: it answered in").await;
    assert_eq!(model.last().headers["authorization"], format!("Bearer {KEY}"));
    // Nobody listens there, and after some tries it rests.
    for _ in 0..5 {
        browser.focus("#test-2").await;
        browser.wait_for_notice("spare does not work.").await;
        browser
            .evaluate("const old = document.querySelector('#notice'); old.hidden = true; old.textContent = ''")
            .await;
    }
    browser.wait_for("resting").await;
    room.photograph("accounts", TALL).await;

    choose(browser, "default-model", "home/small", "set-default").await;
    browser.wait_for_notice("home/small is the default model now.").await;
    choose(browser, "use-plan", "home/big", "set-plan").await;
    browser.wait_for_notice("Drafting first plans is done by home/big now.").await;
    browser.focus("#budget").await;
    browser.write("500k").await;
    browser.focus("#set-budget").await;
    browser.wait_for_notice("Models may use 500,000 tokens a day now.").await;
    let settings = db.store.read(room.tenant().await).await.unwrap().model_settings().await.unwrap();
    assert_eq!(settings.default.unwrap().to_string(), "home/small");
    assert_eq!((settings.uses[&Use::Plan].to_string().as_str(), settings.daily_tokens), ("home/big", 500_000));

    model.answer(drafted());
    browser.goto("/console").await;
    room.say("/docket plan Build a user authentication flow", "drafted by big").await;
    the_key_is_nowhere(&room).await;

    browser.goto("/models").await;
    for name in ["spare", "home"] {
        browser.press("Remove").await;
        browser.press(&format!("Remove {name}")).await;
        browser.wait_for_notice(&format!("{name} is gone, with its key.")).await;
        browser.wait_until_gone(&format!("Remove {name}")).await;
    }
    browser.wait_for("No model is connected").await;
    assert_eq!(db.count("llm_accounts").await, 0);
    the_key_is_nowhere(&room).await;
    room.close().await;
}

/// Fills in the form and sends it.
async fn add(browser: &Browser, name: &str, address: &str, models: &str) {
    for (field, text) in [("name", name), ("url", address), ("key", KEY), ("models", models)] {
        browser.focus(&format!("#add-{field}")).await;
        browser.write(text).await;
    }
    browser.focus("#add-send").await;
}

/// Chooses an option as the reader does and sends it.
async fn choose(browser: &Browser, list: &str, option: &str, button: &str) {
    browser.evaluate(&format!("document.querySelector('#{list}').value = '{option}'")).await;
    browser.focus(&format!("#{button}")).await;
}

/// Neither in any column of any table, nor in any file.
async fn the_key_is_nowhere(room: &Room<'_>) {
    let hex = hex::encode(KEY);
    for key in [KEY, &hex] {
        assert!(!room.db.holds(key).await, "the key is in the database");
    }
    assert!(room.db.bodies().await.iter().all(|body| !body.contains(KEY)));
    let mut files = vec![room.settings.log.clone()];
    if let Some(file) = room.db.url.strip_prefix("sqlite://") {
        files.extend(["", "-wal", "-shm"].map(|end| format!("{file}{end}").into()));
        files.push(std::path::Path::new(file).with_file_name("docket.key"));
    }
    for file in files {
        let bytes = std::fs::read(&file).unwrap_or_default();
        assert!(!bytes.windows(KEY.len()).any(|part| part == KEY.as_bytes()), "the key is in {}", file.display());
    }
}

async fn say_waits_for_a_model_beside_a_server_and_without_one(db: &TestDb) {
    let model = FakeModel::start().await;
    let folder = TempDir::new().unwrap();
    let settings =
        Settings::new(&db.url, folder.path()).with("OPENAI_BASE_URL", &model.url()).with("OPENAI_MODEL", "big");
    let say = async |line: &'static str| {
        let mut command = settings.command(&["say", "plan", line]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let output = tokio::task::spawn_blocking(|| child.wait_with_output().unwrap()).await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let server = Binary::start(&settings).await;
    model.script([later(drafted())]);
    let beside = say("Build a user authentication flow").await;
    assert!(beside.contains("P-1 · AUTH") && beside.contains("drafted by big"), "{beside}");
    assert!(beside.contains("Token service") && !beside.contains("Drafting"), "{beside}");
    assert!(server.terminate().1);
    model.script([later(plan("Import of parcels", &["Read the files"]))]);
    let alone = say("Build the import of parcels").await;
    assert!(alone.contains("P-2 · ") && alone.contains("Read the files"), "{alone}");
    assert_eq!(model.problems(), Vec::<String>::new());
}
