//! The form for an account with a provider of models, and what happens to keys that people type.

use axum::http::StatusCode;
use docket::{
    chat::slack::receive::{filled, receive, reply},
    domain::{delivery::Source, event::Event, model::AccountForm, secret::Sealed},
};
use serde_json::{Value, json};

use crate::support::{
    clock::START as NOW,
    db::{TestDb, for_each_db},
    fake_slack::{SignedRequest, signed},
    slack_house::{House, eventually},
};

const KEY: &str = "sk-proj-Zq7xT4nB9wKe2Lm5";

for_each_db!(
    an_account_is_added_with_a_form_and_its_key_is_nowhere_in_the_database,
    an_account_without_a_key_needs_nothing_to_encrypt_it_with,
    a_form_that_lacks_something_says_so_at_each_field_and_nothing_is_stored,
    a_key_that_can_not_be_sealed_is_said_at_its_field,
    a_key_in_a_message_to_us_is_answered_with_a_warning_and_not_stored,
    a_key_in_a_command_is_answered_with_a_warning_and_stored_masked,
    an_unreadable_body_that_may_hold_a_key_is_not_kept,
);

/// The form, as it is open before Ana.
async fn open_form(house: &House) -> Value {
    let card = house.card().await;
    let before = house.fake.views().len();
    assert!(house.send(house.ana.click(&card, "account.add", NOW)).await.is_empty_ok());
    eventually(|| house.fake.views().len() > before).await;
    let view = house.fake.views().pop().unwrap();
    assert_eq!(view["title"]["text"], "Add a model account");
    assert_eq!(house.fake.problems(), Vec::<String>::new());
    view
}

/// Nothing of the key is in a row or, where that can be seen, anywhere in the files of the database.
async fn assert_nowhere(db: &TestDb, key: &str) {
    let encoded = serde_urlencoded::to_string([("k", key)]).unwrap();
    for body in db.bodies().await {
        assert!(!body.contains(key) && !body.contains(&encoded[2..]), "{body}");
    }
    let Some(path) = db.url.strip_prefix("sqlite://") else { return };
    for file in [path.to_owned(), format!("{path}-wal")] {
        let bytes = std::fs::read(&file).unwrap_or_default();
        assert!(!bytes.windows(key.len()).any(|part| part == key.as_bytes()), "{file}");
    }
}

const OPENAI: [(&str, &str); 5] = [
    ("name", " Open AI "),
    ("base_url", "https://api.openai.com/v1 "),
    ("key", KEY),
    ("models", "gpt-5-mini, gpt-5"),
    ("default", "yes"),
];

async fn an_account_is_added_with_a_form_and_its_key_is_nowhere_in_the_database(db: &TestDb) {
    let house = House::open(db).await;
    let view = open_form(&house).await;
    let request = house.ana.submit_form(&view, &OPENAI, NOW);
    assert!(house.send(request.clone()).await.is_empty_ok(), "the form closes");
    assert!(house.send(request).await.is_empty_ok());
    let stored = db.bodies().await.into_iter().find(|body| body.contains("view_submission")).unwrap();
    assert!(reply(Source::SlackInteraction, stored.as_bytes()).response_url.is_some(), "the way back is kept");
    let waiting = house.waiting().await;
    assert_eq!(waiting.len(), 1, "once");
    let expected = AccountForm {
        name: "Open AI".to_owned(),
        base_url: "https://api.openai.com/v1".to_owned(),
        key: Some(Sealed("v1.Open AI".to_owned())),
        models: "gpt-5-mini, gpt-5".to_owned(),
        default: true,
    };
    assert_eq!(waiting[0].event, Event::Account(expected));
    assert_eq!(waiting[0].sender.as_ref().unwrap().user, "U1");
    assert_eq!(waiting[0].venue.as_ref().unwrap().channel, "C1");
    let sealed = house.sealed.lock().unwrap().clone();
    assert_eq!(sealed.last(), Some(&(house.tenant, "Open AI".to_owned(), KEY.to_owned())));
    assert_nowhere(db, KEY).await;
}

async fn an_account_without_a_key_needs_nothing_to_encrypt_it_with(db: &TestDb) {
    let house = House::open(db).await;
    let view = open_form(&house).await;
    let local = [("name", "no master key"), ("base_url", "http://127.0.0.1:11434/v1"), ("models", "qwen3")];
    assert!(house.send(house.ana.submit_form(&view, &local, NOW)).await.is_empty_ok());
    let Event::Account(form) = house.waiting().await.pop().unwrap().event else { panic!() };
    assert_eq!((form.key, form.default, form.models.as_str()), (None, false, "qwen3"));
}

async fn a_form_that_lacks_something_says_so_at_each_field_and_nothing_is_stored(db: &TestDb) {
    let house = House::open(db).await;
    let view = open_form(&house).await;
    let before = db.bodies().await;
    let with = |field: &'static str, typed: &'static str| {
        OPENAI.map(|(name, value)| if name == field { (name, typed) } else { (name, value) })
    };
    for (filled, fields) in [
        (vec![], vec!["base_url", "models", "name"]),
        (with("name", " ").to_vec(), vec!["name"]),
        (with("name", "a/b").to_vec(), vec!["name"]),
        (with("base_url", " ").to_vec(), vec!["base_url"]),
        (with("name", "my team 😀").to_vec(), vec!["name"]),
        (with("name", "environment").to_vec(), vec!["name"]),
        (with("base_url", "api.example.com").to_vec(), vec!["base_url"]),
        (with("models", " , ,\t").to_vec(), vec!["models"]),
        (with("key", "two words").to_vec(), vec!["key"]),
        (with("key", "schlüssel").to_vec(), vec!["key"]),
        // A key in the wrong place would be stored as it is.
        (with("name", KEY).to_vec(), vec!["name"]),
        (with("base_url", "https://api.example.com/v1?key=AIzaSyA1234567").to_vec(), vec!["base_url"]),
        (with("models", "gpt-5 sk-proj-Zq7xT4nB9wKe2Lm5").to_vec(), vec!["models"]),
    ] {
        let reply = house.send(house.ana.submit_form(&view, &filled, NOW)).await;
        assert_eq!((reply.status, &reply.json()["response_action"]), (StatusCode::OK, &json!("errors")), "{filled:?}");
        let answer = reply.json();
        let blamed: Vec<&str> = answer["errors"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(blamed, fields, "{filled:?}");
        assert!(!reply.body.contains(KEY), "{}", reply.body);
    }
    assert_eq!(db.bodies().await, before);
    assert!(house.sealed.lock().unwrap().is_empty());
    assert!(house.send(house.ana.submit_form(&view, &OPENAI, NOW)).await.is_empty_ok(), "the form is still open");
    assert_eq!(house.waiting().await.len(), 1);
}

async fn a_key_that_can_not_be_sealed_is_said_at_its_field(db: &TestDb) {
    let house = House::open(db).await;
    let view = open_form(&house).await;
    let before = db.bodies().await;
    let mut refused = OPENAI;
    refused[0] = ("name", "no master key");
    let reply = house.send(house.ana.submit_form(&view, &refused, NOW)).await;
    assert_eq!(reply.json()["errors"], json!({ "key": "Docket has no master key." }));
    assert_eq!(db.bodies().await, before);
    assert_nowhere(db, KEY).await;
}

async fn a_key_in_a_command_is_answered_with_a_warning_and_stored_masked(db: &TestDb) {
    let house = House::open(db).await;
    let bare = "0123456789abcdef0123456789abcdef";
    for (typed, key) in [
        (format!("models add openai {KEY}"), KEY),
        (format!(" Models add mistral key={bare}"), bare),
        (format!("model {KEY}"), KEY),
    ] {
        let request = house.ana.slash(&typed, NOW);
        let reply = house.send(request.clone()).await;
        assert_eq!(reply.json()["response_type"], "ephemeral");
        assert!(reply.body.contains("Never type a key into chat"), "{}", reply.body);
        house.fake.keep(&reply.json());
        assert!(house.send(request).await.is_empty_ok(), "the same again is known");
        assert_nowhere(db, key).await;
    }
    let stored = db.bodies().await;
    assert_eq!(stored.len(), 3);
    for body in stored {
        let event = receive(Source::SlackCommand, body.as_bytes()).unwrap().incoming.event;
        assert!(matches!(&event, Event::Command(line) if line.ends_with("•••")), "{event:?}");
    }
    assert_eq!(house.waiting().await, []);
    assert_eq!(house.fake.problems(), Vec::<String>::new());
    for harmless in ["models add", &format!("plan revert {bare}")] {
        assert!(house.send(house.ana.slash(harmless, NOW)).await.is_empty_ok());
    }
    assert_eq!(house.waiting().await.len(), 2);
}

async fn a_key_in_a_message_to_us_is_answered_with_a_warning_and_not_stored(db: &TestDb) {
    let house = House::open(db).await;
    let typed = format!("models add openai {KEY}");
    let mention = house.ana.mention_in("1795.5", &typed, NOW);
    // The same words, as a message of the channel.
    let mut message: Value = serde_json::from_slice(&mention.body).unwrap();
    message["event"]["type"] = json!("message");
    message["event"]["channel_type"] = json!("channel");
    assert!(house.send(mention).await.is_empty_ok());
    assert!(house.send(house.ana.event("Ev-message", &message["event"], NOW)).await.is_empty_ok());
    eventually(|| !house.fake.private("U1").is_empty()).await;
    let told = house.fake.private("U1");
    assert!(told[0].payload["text"].as_str().unwrap().contains("Never type a key into chat"));
    assert_eq!((told.len(), told[0].thread.as_deref()), (1, Some("1795.5")));
    assert_eq!(db.bodies().await, [""], "that it came is known, and no more");
    assert_eq!(house.waiting().await, []);
}

async fn an_unreadable_body_that_may_hold_a_key_is_not_kept(db: &TestDb) {
    let house = House::open(db).await;
    let view = open_form(&house).await;
    let whole = house.ana.submit_form(&view, &OPENAI, NOW).body;
    let cut = whole[..whole.len() - 40].to_vec();
    let other_key = serde_urlencoded::to_string([("text", format!("models {KEY}"))]).unwrap().into_bytes();
    let send =
        |path: &str, body: Vec<u8>| -> SignedRequest { signed(&house.ana.secret, path, "text/plain", body, NOW) };
    for request in [send("/slack/interactions", cut), send("/slack/commands", other_key)] {
        assert_eq!(house.send(request).await.status, StatusCode::BAD_REQUEST);
    }
    let empty = db.bodies().await.iter().filter(|body| body.is_empty()).count();
    assert_eq!(empty, 2, "that they came is known, and no more");
    assert_nowhere(db, KEY).await;
}

#[test]
fn only_a_filled_in_form_for_an_account_is_read_as_one() {
    let body = |payload: Value| serde_urlencoded::to_string([("payload", payload.to_string())]).unwrap().into_bytes();
    let view = json!({ "callback_id": "account.add", "id": "V1", "state": { "values": {} } });
    assert!(filled(&body(json!({ "type": "view_submission", "view": view }))).is_some());
    assert!(filled(&body(json!({ "type": "view_closed", "view": view }))).is_none());
    assert!(filled(&body(json!({ "type": "view_submission", "view": { "callback_id": "patch.reject" } }))).is_none());
    assert!(filled(b"payload=%7B").is_none());
    assert!(filled(b"").is_none());
}
