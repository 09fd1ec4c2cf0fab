//! The page of the models: what it shows, and the form that keeps a key from everybody.

use axum::http::{StatusCode, header};
use docket::domain::{
    ids::DeliveryId,
    model::{CallOutcome, ModelSettings, Use},
};
use serde_json::json;

use crate::support::{
    db::{TestDb, for_each_db},
    site::{Site, called, connected, fails},
};

const KEY: &str = "sk-live-4f9a1b";

for_each_db!(
    without_an_account_the_page_says_how_to_get_one,
    accounts_uses_budget_and_calls_are_shown_and_no_key,
    an_account_that_fails_says_so_and_until_when_it_rests,
    a_form_makes_a_line_of_its_parts,
    an_added_account_is_kept_with_its_key_sealed,
    a_refused_form_comes_back_as_it_was_typed_but_for_the_key,
    a_name_that_is_taken_is_said_on_the_page,
    a_key_in_the_wrong_field_is_stored_nowhere,
    a_key_is_in_nothing_that_is_stored_or_answered,
);

async fn without_an_account_the_page_says_how_to_get_one(db: &TestDb) {
    let site = Site::over(db).await;
    let page = site.get("/models").await;
    assert_eq!(page.status, StatusCode::OK);
    for text in
        ["No model is connected", "OPENAI_API_KEY", "0 of 1\u{202f}000\u{202f}000 tokens used today", "Add an account"]
    {
        assert!(page.body.contains(text), "{text} is missing: {}", page.body);
    }
    assert!(page.body.contains("aria-current=\"page\">Models"), "{}", page.body);
}

async fn accounts_uses_budget_and_calls_are_shown_and_no_key(db: &TestDb) {
    let (site, sample) = Site::over_sample(db).await;
    let by = sample.members[0].0.id;
    connected(&site, by).await;
    let mut tx = site.store.write(site.tenant).await.unwrap();
    let mut settings = ModelSettings { daily_tokens: 20_000, ..ModelSettings::default() };
    settings.default = Some("openai/gpt-5".parse().unwrap());
    settings.uses.insert(Use::Route, "home/qwen3:8b".parse().unwrap());
    tx.set_model_settings(&settings).await.unwrap();
    tx.commit().await.unwrap();
    called(&site, CallOutcome::Truncated).await;
    let page = site.get("/models").await.body;
    for text in [
        "<bdi>openai</bdi>",
        "https://api.openai.com/v1",
        "stored encrypted",
        "none needed",
        "value=\"openai/gpt-5\" selected",
        "value=\"home/qwen3:8b\" selected",
        "2\u{202f}500 of 20\u{202f}000 tokens used today",
        "12 s",
        "answer cut off",
        "value=\"/docket models test openai\"",
        "value=\"/docket models remove home\"",
    ] {
        assert!(page.contains(text), "{text} is missing: {page}");
    }
    assert!(page.find("<bdi>openai</bdi>") < page.find("<bdi>home</bdi>"), "the order of failover");
    assert!(!page.contains("sealed-"), "not even the encrypted key is shown: {page}");
}

async fn an_account_that_fails_says_so_and_until_when_it_rests(db: &TestDb) {
    let (site, sample) = Site::over_sample(db).await;
    connected(&site, sample.members[0].0.id).await;
    assert_eq!(site.get("/models").await.body.matches(">works</span>").count(), 2);
    fails(&site, "home").await;
    let page = site.get("/models").await.body;
    assert_eq!(page.matches(">works</span>").count(), 1, "{page}");
    assert!(page.contains(">resting</span> <span class=\"small\">until <time"), "{page}");
    assert!(page.contains("nobody is there") && page.contains("not reached"), "{page}");
}

async fn a_form_makes_a_line_of_its_parts(db: &TestDb) {
    let site = Site::over(db).await;
    let parts = [("text", "/docket models use"), ("text", "route"), ("text", "home/qwen3:8b")];
    let page = site.post_form("/console/say", &serde_urlencoded::to_string(parts).unwrap()).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    assert_eq!(site.taken()[0]["text"], "/docket models use route home/qwen3:8b");
}

fn filled() -> Vec<(&'static str, String)> {
    [
        ("name", "openai"),
        ("base_url", " https://api.openai.com/v1 "),
        ("key", KEY),
        ("models", "gpt-5-mini, gpt-5"),
        ("default", "on"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .to_vec()
}

async fn an_added_account_is_kept_with_its_key_sealed(db: &TestDb) {
    let site = Site::over(db).await;
    let form = json!({
        "type": "account", "id": "k",
        "form": {
            "name": "openai", "base_url": "https://api.openai.com/v1", "models": "gpt-5-mini, gpt-5", "default": true,
            "key": format!("{} openai {}", site.tenant, KEY.len()),
        },
    });
    let mut fields = filled();
    fields.push(("id", "k".to_owned()));
    let page = site.post_form("/models/accounts", &serde_urlencoded::to_string(&fields).unwrap()).await;
    assert_eq!((page.status, page.header(header::LOCATION)), (StatusCode::SEE_OTHER, "/console"));
    assert_eq!(site.taken(), vec![form]);

    let scripted: serde_json::Map<_, _> =
        fields.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    let page = site.post_json("/models/accounts", &json!(scripted).to_string()).await;
    assert_eq!(page.status, StatusCode::ACCEPTED, "{}", page.body);
    assert!(page.body.contains("\"new\":false"), "the same form is the same account: {}", page.body);

    let keyless =
        json!({ "id": "k-2", "name": "home", "base_url": "http://127.0.0.1:11434", "key": " ", "models": "qwen3" });
    assert_eq!(site.post_json("/models/accounts", &keyless.to_string()).await.status, StatusCode::ACCEPTED);
    let taken = site.taken();
    assert_eq!((&taken[2]["form"]["key"], &taken[2]["form"]["default"]), (&json!(null), &json!(false)));
}

async fn a_refused_form_comes_back_as_it_was_typed_but_for_the_key(db: &TestDb) {
    let site = Site::over(db).await;
    for (field, value, words) in [
        ("name", "open/ai", "has no slash"),
        ("name", "my team 😀", "letters, digits"),
        ("name", "Environment", "Choose another name"),
        ("base_url", "api.openai.com/\"><script>", "Put https:// in front"),
        ("models", " , ", "Name at least one model"),
        ("key", "unsealable", "Set DOCKET_MASTER_KEY"),
        ("key", "two words", "Copy it once more"),
    ] {
        let mut fields = filled();
        fields.iter_mut().filter(|(name, _)| *name == field).for_each(|(_, old)| value.clone_into(old));
        let page = site.post_form("/models/accounts", &serde_urlencoded::to_string(&fields).unwrap()).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{field}");
        assert!(page.body.contains(words) && page.body.contains("Type it once more"), "{field}: {}", page.body);
        for (name, typed) in fields.iter().filter(|(name, _)| *name == "name" || *name == "models") {
            assert!(page.body.contains(&format!("value=\"{}\"", typed.trim())), "{name} is gone: {}", page.body);
        }
        let key = &fields.iter().find(|(name, _)| *name == "key").unwrap().1;
        assert!(!page.body.contains(key.as_str()) && !page.body.contains("<script>"), "{field}: {}", page.body);
        let mut scripted: serde_json::Map<_, _> =
            fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone().into())).collect();
        scripted.insert("id".to_owned(), json!(site.chance.id::<DeliveryId>()));
        let answer = site.post_json("/models/accounts", &json!(scripted).to_string()).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{field}");
        assert!(answer.body.contains(words) && !answer.body.contains(key.as_str()), "{field}: {}", answer.body);
    }
    assert!(site.taken().is_empty());
}

async fn a_name_that_is_taken_is_said_on_the_page(db: &TestDb) {
    let (site, sample) = Site::over_sample(db).await;
    connected(&site, sample.members[0].0.id).await;
    let mut fields = filled();
    "OpenAI".clone_into(&mut fields[0].1);
    let page = site.post_form("/models/accounts", &serde_urlencoded::to_string(&fields).unwrap()).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(page.body.contains("There is an account of this name already"), "{}", page.body);
    assert!(page.body.contains("value=\"OpenAI\""), "{}", page.body);
    assert!(site.taken().is_empty());
}

async fn a_key_in_the_wrong_field_is_stored_nowhere(db: &TestDb) {
    let site = Site::over(db).await;
    let bare = "0123456789abcdef0123456789abcdef";
    for (field, typed, key, own) in [
        ("name", "sk-proj-Zq7xT4nB9wKe2Lm5", "sk-proj-Zq7xT4nB9wKe2Lm5", ""),
        ("models", "gpt-5, sk-proj-Zq7xT4nB9wKe2Lm5", "sk-proj-Zq7xT4nB9wKe2Lm5", KEY),
        ("models", bare, bare, ""),
        ("base_url", "https://a.example/sk-proj-Zq7xT4nB9wKe2Lm5", "sk-proj-Zq7xT4nB9wKe2Lm5", ""),
        ("name", "my-very-own-secret", "my-very-own-secret", "my-very-own-secret"),
        ("base_url", "https://my-very-own-secret.example", "my-very-own-secret", "my-very-own-secret"),
    ] {
        let mut fields = filled();
        own.clone_into(&mut fields[2].1);
        fields.iter_mut().filter(|(name, _)| *name == field).for_each(|(_, old)| typed.clone_into(old));
        let page = site.post_form("/models/accounts", &serde_urlencoded::to_string(&fields).unwrap()).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{field} {typed}");
        assert!(page.body.contains("This holds a key"), "{field} {typed}: {}", page.body);
        assert!(!page.body.contains(key), "{field} {typed}: {}", page.body);
    }
    assert!(site.taken().is_empty());
    assert_eq!(db.bodies().await, [""; 0]);
}

async fn a_key_is_in_nothing_that_is_stored_or_answered(db: &TestDb) {
    let site = Site::over(db).await;
    let whole = json!({ "id": "k", "name": "a", "base_url": "https://a.example", "key": KEY, "models": "m" });
    let mut answers = vec![site.post_json("/models/accounts", &whole.to_string()).await];
    for (field, value) in [
        ("key", json!([KEY])),
        ("key", json!({ "x": KEY })),
        ("models", json!(KEY.len())),
        ("id", json!(KEY.repeat(9))),
    ] {
        let mut odd = whole.clone();
        odd[field] = value;
        answers.push(site.post_json("/models/accounts", &odd.to_string()).await);
    }
    answers.push(site.post_json("/models/accounts", &format!("{{\"key\":\"{KEY}\"")).await);
    answers.push(site.get("/models").await);
    answers.push(site.get("/console").await);
    for answer in &answers {
        assert!(!answer.body.contains(KEY), "{answer:?}");
    }
    assert!(answers[1..6].iter().all(|answer| answer.status == StatusCode::BAD_REQUEST), "{answers:?}");
    assert!(!json!(site.taken()).to_string().contains(KEY));
}
