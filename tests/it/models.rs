//! Which model is asked, what happens where it fails, and what it may cost.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use docket::{
    config::OpenAiConfig,
    domain::{
        ids::{DeliveryId, MemberId, TenantId},
        member::{Member, Role},
        model::{Account, Call, CallOutcome, JsonMode, ModelSettings, RUN_TOKENS, Use},
    },
    llm::{
        LlmError, Question, Speaker,
        models::{AccountState, KeyPlace, Models, Reply, Trouble},
        prompt::Prompt,
        schema,
    },
    secrets::{Keyring, account_key},
    store::Store,
    telemetry::Metrics,
};
use tokio::task::JoinSet;

use crate::{
    store_models,
    support::{
        clock::START,
        db::{TestDb, for_each_db},
        sample,
        scripted_model::{Say, Scripted},
    },
};

for_each_db! {
    the_model_that_was_chosen_for_the_work_answers_and_the_call_is_kept,
    where_an_account_fails_each_other_is_asked_once,
    what_no_other_account_can_mend_is_told_at_once,
    an_account_that_keeps_failing_is_left_alone_for_a_while,
    a_lone_account_that_asks_for_a_moment_is_given_it_once,
    the_way_that_held_an_answer_to_its_shape_is_remembered,
    a_wrong_answer_goes_back_once_with_what_is_wrong,
    nothing_is_asked_beyond_the_budget_of_the_day_or_of_one_request,
    two_processes_spend_no_more_than_the_budget_together,
    what_a_dead_process_set_aside_counts_until_the_day_is_over,
    a_key_that_can_not_be_decrypted_is_no_reason_to_ask_nobody,
    an_account_is_tested_by_one_small_call,
    calls_are_counted_in_the_metrics,
}

const GOOD: &str = r#"{"title": "x"}"#;

fn question(purpose: Use, user: &str) -> Question {
    Question {
        purpose,
        prompt: Prompt { system: "Rules.".to_owned(), user: user.to_owned(), version: "0a1b2c3d".to_owned() },
        name: "plan",
        schema: schema::object([("title", schema::string())]),
        max_tokens: 1_000,
    }
}

/// Wants the one good answer.
fn check(text: &str) -> Result<(), Vec<String>> {
    if text == GOOD { Ok(()) } else { Err(vec!["the title\nis missing".to_owned(), "so is the rest".to_owned()]) }
}

/// A tenant with models, and the model that they all are.
struct House<'a> {
    db: &'a TestDb,
    tenant: TenantId,
    ana: MemberId,
    keyring: Keyring,
    model: Scripted,
    models: Models,
}

impl<'a> House<'a> {
    /// With these stored accounts, all of them with a key, and the environment's where it is given.
    async fn new(db: &'a TestDb, environment: Option<&str>, accounts: &[&str]) -> Self {
        let (tenant, ana) = sample::tenant(&db.store, &db.chance).await;
        let keyring = Keyring::new(&["AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".into()]).unwrap();
        let model = Scripted::default();
        let environment = environment.map(|address| OpenAiConfig {
            api_key: None,
            base_url: address.to_owned(),
            models: vec!["env-large".to_owned(), "env-small".to_owned()],
        });
        let models = models(&db.store, db, &model, &keyring, environment.as_ref());
        let house = Self { db, tenant, ana, keyring, model, models };
        for (position, name) in accounts.iter().enumerate() {
            let mut account = store_models::account(&db.chance, name, position.try_into().unwrap(), ana);
            let key = format!("sk-{name}").into();
            account.key = Some(house.keyring.seal(tenant, &account_key(name), &key, &db.chance).unwrap());
            house.put(&account).await;
        }
        house
    }

    async fn put(&self, account: &Account) {
        let mut tx = self.db.store.write(self.tenant).await.unwrap();
        tx.put_account(account).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn choose(&self, settings: &ModelSettings) {
        let mut tx = self.db.store.write(self.tenant).await.unwrap();
        tx.set_model_settings(settings).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn ask(&self, purpose: Use, delivery: Option<DeliveryId>) -> Result<Reply, Trouble> {
        self.models.ask(self.tenant, delivery, &question(purpose, "A login page."), &check).await.unwrap()
    }

    /// Whom the model was asked as, since the last time.
    fn asked(&self) -> Vec<String> {
        self.model.heard().into_iter().map(|heard| heard.request.model).collect()
    }

    async fn calls(&self) -> Vec<Call> {
        self.db.store.read(self.tenant).await.unwrap().calls_since(START).await.unwrap()
    }

    async fn overview(&self) -> docket::llm::models::Overview {
        let mut tx = self.db.store.read(self.tenant).await.unwrap();
        self.models.overview(&mut tx, self.db.chance.now()).await.unwrap()
    }
}

fn models(
    store: &Store,
    db: &TestDb,
    model: &Scripted,
    keyring: &Keyring,
    environment: Option<&OpenAiConfig>,
) -> Models {
    Models::new(Arc::new(model.clone()), store.clone(), db.chance.clone(), keyring.clone(), environment).unwrap()
}

fn down() -> LlmError {
    LlmError::Unreachable("nothing listens there".to_owned())
}

fn limited(pause: Duration) -> LlmError {
    LlmError::RateLimited { pause: Some(pause) }
}

async fn the_model_that_was_chosen_for_the_work_answers_and_the_call_is_kept(db: &TestDb) {
    let none = House::new(db, None, &[]).await;
    assert!(!none.models.is_connected(&mut db.store.read(none.tenant).await.unwrap()).await.unwrap());
    assert_eq!(none.ask(Use::Plan, None).await, Err(Trouble::NotConnected));

    let house = House::new(db, Some("http://127.0.0.1:11434"), &["Team"]).await;
    assert!(house.models.is_connected(&mut db.store.read(house.tenant).await.unwrap()).await.unwrap());
    let settings = ModelSettings {
        default: Some("environment/env-small".parse().unwrap()),
        uses: BTreeMap::from([(Use::Plan, "team/meta/small".parse().unwrap())]),
        ..ModelSettings::default()
    };
    house.choose(&settings).await;
    let delivery = db.chance.id();
    house.model.then([Say::Text("```json\n{\"title\": \"x\"}\n```"), Say::Text(GOOD)]);
    let reply = house.ask(Use::Plan, Some(delivery)).await.unwrap();
    assert_eq!(reply.text, GOOD);
    assert_eq!((reply.drafted.model.to_string().as_str(), reply.drafted.purpose), ("Team/meta/small", Use::Plan));
    assert_eq!(reply.drafted.prompt, "0a1b2c3d");
    let heard = &house.model.heard()[0];
    assert_eq!((heard.base_url.as_str(), heard.key.as_deref()), ("https://models.example/v1", Some("sk-Team")));
    let said = &heard.request.messages;
    assert_eq!(said[..], [(Speaker::System, "Rules.".to_owned()), (Speaker::User, "A login page.".to_owned())]);

    house.ask(Use::Refine, None).await.unwrap();
    let heard = &house.model.heard()[0];
    assert_eq!((heard.base_url.as_str(), heard.key.as_deref()), ("http://127.0.0.1:11434/v1", None));
    assert_eq!(heard.request.model, "env-small");
    let calls = house.calls().await;
    let kept: Vec<_> = calls
        .iter()
        .map(|call| (call.delivery, call.purpose, call.model.to_string(), call.outcome, call.cost(), call.at))
        .collect();
    let answered = CallOutcome::Answered;
    assert!(kept.contains(&(Some(delivery), Use::Plan, "Team/meta/small".to_owned(), answered, 20, START)));
    assert!(kept.contains(&(None, Use::Refine, "environment/env-small".to_owned(), answered, 20, START)));
    assert!(calls.iter().all(|call| call.reserved > 1_000 && call.reserved < 1_200), "{calls:?}");

    let overview = house.overview().await;
    assert_eq!(overview.names().collect::<Vec<_>>(), ["environment", "Team"]);
    assert_eq!(overview.default.as_ref().unwrap().to_string(), "environment/env-small");
    assert_eq!((overview.used, overview.limit), (40, settings.daily_tokens));
    let keys: Vec<_> = overview.accounts.iter().map(|account| account.key).collect();
    assert_eq!(keys, [KeyPlace::NotNeeded, KeyPlace::Stored]);
    assert!(overview.has("TEAM") && overview.has("Environment") && !overview.has("other"));
    assert_eq!(overview.enabled().count(), 4);
}

async fn where_an_account_fails_each_other_is_asked_once(db: &TestDb) {
    let denied = |status| LlmError::Denied { status, why: "no".to_owned() };
    for error in [
        down(),
        limited(Duration::from_mins(5)),
        LlmError::RateLimited { pause: None },
        LlmError::QuotaExhausted,
        denied(401),
        denied(402),
        denied(403),
        denied(404),
    ] {
        let house = House::new(db, Some("http://127.0.0.1:11434/v1"), &["A", "B"]).await;
        house.model.then([Say::Fail(error.clone()), Say::Fail(down()), Say::Text(GOOD)]);
        let reply = house.ask(Use::Plan, None).await.unwrap();
        assert_eq!(reply.drafted.model.to_string(), "B/large", "{error:?}");
        assert_eq!(house.asked(), ["env-large", "large", "large"], "{error:?}");

        // Where all of them fail, people hear of the one that was chosen.
        let house = House::new(db, Some("http://127.0.0.1:11434/v1"), &["A"]).await;
        house.model.then([Say::Fail(error.clone()), Say::Fail(LlmError::QuotaExhausted)]);
        let trouble = house.ask(Use::Plan, None).await.unwrap_err();
        assert!(trouble.is_outage() && !trouble.words().contains("models.example"), "{trouble:?}");
    }
}

async fn what_no_other_account_can_mend_is_told_at_once(db: &TestDb) {
    let house = House::new(db, None, &["A", "B"]).await;
    for (error, outcome, cost) in [
        (LlmError::Refused("I can't.".to_owned()), CallOutcome::Refused, 0..200),
        (LlmError::Truncated { max_tokens: 1_000 }, CallOutcome::Truncated, 1_000..1_200),
        (LlmError::Denied { status: 400, why: "no".to_owned() }, CallOutcome::Denied, 0..1),
    ] {
        house.model.then([Say::Fail(error)]);
        let trouble = house.ask(Use::Plan, None).await.unwrap_err();
        assert_eq!(house.asked(), ["large"], "{trouble:?}");
        let calls = house.calls().await;
        let call = calls.iter().find(|call| call.outcome == outcome).unwrap();
        assert!(cost.contains(&call.cost()), "{call:?}");
    }
    // There is more to read than may be sent: nobody is asked, and it costs nothing.
    let long = question(Use::Plan, &"word ".repeat(30_000));
    let trouble = house.models.ask(house.tenant, None, &long, &check).await.unwrap().unwrap_err();
    assert!(matches!(trouble, Trouble::TooLarge { tokens: 30_000.., limit: 24_000 }), "{trouble:?}");
    assert_eq!(house.calls().await.len(), 3);
}

async fn an_account_that_keeps_failing_is_left_alone_for_a_while(db: &TestDb) {
    let house = House::new(db, None, &["A"]).await;
    for _ in 0..3 {
        house.model.then([Say::Fail(down())]);
        house.ask(Use::Plan, None).await.unwrap_err();
    }
    assert_eq!(house.asked().len(), 3);
    let words = house.ask(Use::Plan, None).await.unwrap_err().words();
    assert!(words.contains("nothing listens there; it is tried again at 10:00:30 UTC"), "{words}");
    assert_eq!(house.asked(), [""; 0]);
    let account = &house.overview().await.accounts[0];
    assert_eq!(account.state, AccountState::Resting { until: START.plus(Duration::from_secs(30)) });
    assert_eq!(account.last_error.as_deref(), Some("nothing listens there"));

    db.clock.advance(Duration::from_secs(30));
    house.model.then([Say::Text(GOOD)]);
    house.ask(Use::Plan, None).await.unwrap();
    let account = &house.overview().await.accounts[0];
    assert_eq!((account.state, account.last_error.as_deref()), (AccountState::Works, None));
}

async fn a_lone_account_that_asks_for_a_moment_is_given_it_once(db: &TestDb) {
    let moment = || Say::Fail(limited(Duration::from_millis(5)));
    let house = House::new(db, None, &["A"]).await;
    house.model.then([moment(), Say::Text(GOOD)]);
    house.ask(Use::Plan, None).await.unwrap();
    db.clock.advance(Duration::from_secs(1));
    house.model.then([moment(), moment()]);
    let trouble = house.ask(Use::Plan, None).await.unwrap_err();
    assert!(matches!(trouble, Trouble::RateLimited { .. }), "{trouble:?}");
    assert_eq!(house.asked().len(), 4);

    let house = House::new(db, None, &["A"]).await;
    house.model.then([Say::Fail(limited(Duration::from_secs(11)))]);
    for _ in 0..2 {
        let trouble = house.ask(Use::Plan, None).await.unwrap_err();
        let until = db.chance.now().plus(Duration::from_secs(11));
        assert!(matches!(&trouble, Trouble::RateLimited { until: told, .. } if *told == until), "{trouble:?}");
    }
    assert_eq!(house.asked().len(), 1, "too long to wait, and not to be asked before");
    // Whoever tests it in the meantime and gets an answer has shown that it can be asked.
    house.model.then([Say::Text("{\"ok\": true}"), Say::Text(GOOD)]);
    house.models.test(house.tenant, "A").await.unwrap().unwrap();
    house.ask(Use::Plan, None).await.unwrap();
}

async fn the_way_that_held_an_answer_to_its_shape_is_remembered(db: &TestDb) {
    for (environment, accounts) in [(Some("http://127.0.0.1:11434/v1"), &[][..]), (None, &["A"])] {
        let house = House::new(db, environment, accounts).await;
        house.model.then([Say::Uncounted(GOOD, JsonMode::Object), Say::Uncounted(GOOD, JsonMode::Object)]);
        for _ in 0..2 {
            house.ask(Use::Plan, None).await.unwrap();
        }
        let modes: Vec<_> = house.model.heard().iter().map(|heard| heard.json).collect();
        assert_eq!(modes, [JsonMode::Schema, JsonMode::Object]);
        assert_eq!(house.overview().await.accounts[0].json, JsonMode::Object);
        // A provider that counts no tokens: ours count.
        assert!(house.calls().await.iter().all(|call| call.prompt_tokens > 50 && call.answer_tokens > 3));
    }
}

async fn a_wrong_answer_goes_back_once_with_what_is_wrong(db: &TestDb) {
    let house = House::new(db, None, &["A", "B"]).await;
    house.model.then([Say::Text("{\"titel\": 1}"), Say::Text(GOOD)]);
    house.ask(Use::Plan, None).await.unwrap();
    let heard = house.model.heard();
    let [.., (Speaker::Model, answer), (Speaker::User, words)] = heard[1].request.messages.as_slice() else { panic!() };
    assert_eq!(answer, "{\"titel\": 1}");
    assert!(words.contains("- the title is missing\n- so is the rest\n\nAnswer"), "{words}");

    house.model.then([Say::Text("no"), Say::Text("no")]);
    let trouble = house.ask(Use::Plan, None).await.unwrap_err();
    let Trouble::Invalid { model, problems, .. } = &trouble else { panic!("{trouble:?}") };
    assert_eq!((model.model.to_string().as_str(), problems.len()), ("A/large", 2));
    assert!(!trouble.is_outage());
    // What is wrong with its JSON is told to the model alone; what is wrong with a plan is told to people.
    assert!(!trouble.words().contains("title"), "{}", trouble.words());
    house.model.then([Say::Text("no"), Say::Text("{\"title\": \"y\"}")]);
    let words = house.ask(Use::Plan, None).await.unwrap_err().words();
    assert!(words.contains("twice (the title is missing). Try again"), "{words}");

    // An empty answer is a wrong one too, with nothing to quote.
    house.model.heard();
    house.model.then([Say::Fail(LlmError::Unreadable("it is empty".to_owned())), Say::Text(GOOD)]);
    house.ask(Use::Plan, None).await.unwrap();
    let heard = house.model.heard();
    assert_eq!(heard[1].request.messages.len(), 3);
    assert!(heard[1].request.messages[2].1.contains("- it is empty\n"), "{heard:?}");
    let outcomes: Vec<_> = house.calls().await.iter().map(|call| call.outcome).collect();
    let invalid = outcomes.iter().filter(|outcome| **outcome == CallOutcome::Invalid).count();
    assert_eq!((outcomes.len(), invalid), (8, 6));

    // However much is wrong, the model is told so much of it.
    let many = |_: &str| Err(vec!["a problem of some length".to_owned(); 1_000]);
    house.model.then([Say::Text("no"), Say::Text("no")]);
    house.models.ask(house.tenant, None, &question(Use::Plan, "x"), &many).await.unwrap().unwrap_err();
    assert!(house.model.heard()[1].request.messages[3].1.len() < 2_200);
}

async fn nothing_is_asked_beyond_the_budget_of_the_day_or_of_one_request(db: &TestDb) {
    let house = House::new(db, None, &["A", "B"]).await;
    let owner = Member { role: Role::Owner, ..sample::member(&db.chance, "Olga") };
    let mut tx = db.store.write(house.tenant).await.unwrap();
    tx.put_member(&owner, &sample::identity("U9")).await.unwrap();
    tx.commit().await.unwrap();
    for daily_tokens in [0, 1_000] {
        house.choose(&ModelSettings { daily_tokens, ..ModelSettings::default() }).await;
        let trouble = house.ask(Use::Plan, None).await.unwrap_err();
        assert!(matches!(trouble, Trouble::OverBudget { used: 0, run: false, .. }), "{trouble:?}");
        let words = trouble.words();
        assert!(words.contains("Olga can say /docket models budget") && !words.contains("Ana"), "{words}");
    }
    house.choose(&ModelSettings::default()).await;
    let (delivery, other) = (db.chance.id(), db.chance.id());
    let spent = Call { reserved: RUN_TOKENS - 1_000, ..store_models::call(&db.chance, Some(delivery)) };
    let mut tx = db.store.write(house.tenant).await.unwrap();
    tx.insert_call(&spent).await.unwrap();
    tx.commit().await.unwrap();
    let trouble = house.ask(Use::Plan, Some(delivery)).await.unwrap_err();
    assert!(matches!(trouble, Trouble::OverBudget { used: 99_000, limit: RUN_TOKENS, run: true, .. }), "{trouble:?}");
    assert_eq!(house.asked(), [""; 0], "nobody was asked, and nobody else instead");
    house.model.then([Say::Text(GOOD)]);
    house.ask(Use::Plan, Some(other)).await.unwrap();
}

async fn two_processes_spend_no_more_than_the_budget_together(db: &TestDb) {
    const FIT: u64 = 5;
    const ASKS: usize = 12;
    let house = House::new(db, None, &["A"]).await;
    house.model.then([Say::Text(GOOD)]);
    house.ask(Use::Plan, None).await.unwrap();
    let one = house.calls().await[0].reserved;
    house.choose(&ModelSettings { daily_tokens: 20 + FIT * one, ..ModelSettings::default() }).await;

    let other = db.another().await;
    let processes = [house.models.clone(), models(&other, db, &house.model, &house.keyring, None)];
    house.model.then((0..ASKS).map(|_| Say::Hang));
    let mut asking = JoinSet::new();
    for n in 0..ASKS {
        let (models, tenant) = (processes[n % 2].clone(), house.tenant);
        asking.spawn(async move { models.ask(tenant, None, &question(Use::Plan, "A login page."), &check).await });
    }
    // Those that don't fit come back; the others are being answered.
    for _ in 0..ASKS - usize::try_from(FIT).unwrap() {
        let outcome = asking.join_next().await.unwrap().unwrap().unwrap();
        assert!(matches!(outcome, Err(Trouble::OverBudget { run: false, .. })), "{outcome:?}");
    }
    assert_eq!(house.overview().await.used, 20 + FIT * one);

    // Whoever is stopped is settled with what was sent.
    asking.shutdown().await;
    let settled = async {
        while house.calls().await.iter().any(|call| call.outcome == CallOutcome::Running) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), settled).await.expect("stopped calls are settled");
    let stopped: Vec<_> = house.calls().await.into_iter().filter(|call| call.outcome == CallOutcome::Stopped).collect();
    assert_eq!(stopped.len(), usize::try_from(FIT).unwrap());
    assert!(stopped.iter().all(|call| call.cost() == call.reserved - 1_000), "{stopped:?}");
    other.close().await;
}

async fn what_a_dead_process_set_aside_counts_until_the_day_is_over(db: &TestDb) {
    let house = House::new(db, None, &["A"]).await;
    house.choose(&ModelSettings { daily_tokens: 5_500, ..ModelSettings::default() }).await;
    let mut tx = db.store.write(house.tenant).await.unwrap();
    tx.insert_call(&store_models::call(&db.chance, None)).await.unwrap();
    tx.commit().await.unwrap();
    let trouble = house.ask(Use::Plan, None).await.unwrap_err();
    assert!(matches!(trouble, Trouble::OverBudget { used: 5_000, .. }), "{trouble:?}");
    // Midnight UTC is 14 hours after the start.
    db.clock.advance(Duration::from_hours(14));
    house.model.then([Say::Text(GOOD)]);
    house.ask(Use::Plan, None).await.unwrap();
}

async fn a_key_that_can_not_be_decrypted_is_no_reason_to_ask_nobody(db: &TestDb) {
    let house = House::new(db, None, &["A"]).await;
    let mut lost = store_models::account(&db.chance, "Lost", 0, house.ana);
    let (lost_key, name) = (Keyring::new(&[docket::secrets::new_key(&db.chance)]).unwrap(), account_key("Lost"));
    lost.key = Some(lost_key.seal(house.tenant, &name, &"sk-hush".into(), &db.chance).unwrap());
    house.put(&lost).await;
    house.choose(&ModelSettings { default: Some("Lost/large".parse().unwrap()), ..ModelSettings::default() }).await;
    house.model.then([Say::Text(GOOD)]);
    assert_eq!(house.ask(Use::Plan, None).await.unwrap().drafted.model.account, "A");
    let told = house.models.test(house.tenant, "Lost").await.unwrap().unwrap_err();
    assert!(matches!(&told, Trouble::KeyUnreadable { account, .. } if account == "Lost"), "{told:?}");
    assert!(!format!("{told:?} {}", told.words()).contains("hush"));
}

async fn an_account_is_tested_by_one_small_call(db: &TestDb) {
    let house = House::new(db, None, &["A"]).await;
    for _ in 0..3 {
        house.model.then([Say::Fail(down())]);
        house.models.test(house.tenant, "a").await.unwrap().unwrap_err();
    }
    // It is asked although it rests, and then rests no more.
    house.model.then([Say::Text("{\"ok\": true}"), Say::Text(GOOD)]);
    let tested = house.models.test(house.tenant, "a").await.unwrap().unwrap();
    assert_eq!((tested.model.to_string().as_str(), tested.tokens, tested.json), ("A/large", 20, JsonMode::Schema));
    house.ask(Use::Plan, None).await.unwrap();
    let calls = house.calls().await;
    assert_eq!(calls.iter().filter(|call| call.prompt == "test").count(), 4);
    let unknown = house.models.test(house.tenant, "b").await.unwrap().unwrap_err();
    assert_eq!(unknown, Trouble::NoAccount { account: "b".to_owned() });

    house.choose(&ModelSettings { daily_tokens: 100, ..ModelSettings::default() }).await;
    let trouble = house.models.test(house.tenant, "a").await.unwrap().unwrap_err();
    assert!(matches!(trouble, Trouble::OverBudget { .. }), "{trouble:?}");
}

async fn calls_are_counted_in_the_metrics(db: &TestDb) {
    let metrics = Metrics::install().unwrap();
    let name = format!("counted-{}", db.store.engine());
    let house = House::new(db, None, &[&name]).await;
    house.model.then([Say::Text(GOOD)]);
    house.ask(Use::Break, None).await.unwrap();
    let text = metrics.render();
    for (metric, outcome) in [
        ("docket_llm_calls_total", "outcome=\"answered\"} 1"),
        ("docket_llm_tokens_total", "} 10"),
        ("docket_llm_seconds_count", "} 1"),
    ] {
        let lines = text.lines().filter(|line| line.starts_with(metric) && line.contains(&format!("\"{name}\"")));
        let lines: Vec<_> = lines.collect();
        assert!(!lines.is_empty(), "{metric} is missing");
        for line in lines {
            assert!(line.contains("purpose=\"break\"") && line.contains("model=\"large\""), "{line}");
            assert!(line.ends_with(outcome), "{line}");
        }
    }
}
