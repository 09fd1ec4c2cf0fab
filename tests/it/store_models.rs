//! Accounts, choices of models, calls and their cost, routes, and drafts in the making.

use std::{collections::BTreeMap, time::Duration};

use docket::{
    clock::Chance,
    domain::{
        event::Venue,
        ids::{DeliveryId, MemberId},
        member::Surface,
        model::{Account, Call, CallOutcome, DAILY_TOKENS, JsonMode, ModelName, ModelSettings, Use},
        progress::Progress,
        route::Route,
        secret::Sealed,
    },
    store::Error,
};

use crate::support::{
    clock::START,
    db::{TestDb, for_each_db},
    sample,
};

for_each_db! {
    accounts_come_in_the_order_of_failover,
    an_accounts_name_is_taken_whatever_its_case,
    two_accounts_of_one_name_at_once_are_one,
    a_key_is_replaced_only_where_it_is_still_the_old_one,
    the_choice_of_models_is_kept,
    a_running_call_counts_what_it_set_aside_and_a_finished_one_what_it_used,
    a_call_ends_once,
    no_count_is_so_large_that_the_sum_fails,
    a_route_is_remembered_for_its_channel_and_forgotten,
    a_draft_taken_up_again_keeps_its_start_its_message_and_who_stopped_it,
    a_draft_is_stopped_once_and_only_while_it_is_made,
    a_message_is_not_tied_to_a_draft_that_is_done,
}

pub(crate) fn account(chance: &Chance, name: &str, position: u32, by: MemberId) -> Account {
    Account {
        id: chance.id(),
        name: name.to_owned(),
        base_url: "https://models.example/v1".to_owned(),
        key: Some(Sealed(format!("v1.00000000.{name}"))),
        models: vec!["large".to_owned(), "meta/small".to_owned()],
        json: JsonMode::Schema,
        position,
        by,
        created_at: chance.now(),
    }
}

pub(crate) fn call(chance: &Chance, delivery: Option<DeliveryId>) -> Call {
    Call {
        id: chance.id(),
        delivery,
        purpose: Use::Plan,
        model: ModelName { account: "OpenAI".to_owned(), model: "large".to_owned() },
        prompt: "0a1b2c3d".to_owned(),
        reserved: 5_000,
        prompt_tokens: 0,
        answer_tokens: 0,
        outcome: CallOutcome::Running,
        at: chance.now(),
        millis: 0,
    }
}

pub(crate) fn progress(chance: &Chance, delivery: DeliveryId) -> Progress {
    Progress {
        delivery,
        venue: sample::channel("C1"),
        what: "Drafting a plan for “Build a login page”".to_owned(),
        started_at: chance.now(),
        message: None,
        stopped_by: None,
        is_over: false,
    }
}

async fn accounts_come_in_the_order_of_failover(db: &TestDb) {
    let (tenant, ana) = sample::tenant(&db.store, &db.chance).await;
    let mut tx = db.store.write(tenant).await.unwrap();
    assert_eq!(tx.accounts().await.unwrap(), []);
    let mut last = account(&db.chance, "Ollama", 2, ana);
    last.key = None;
    let mut first = account(&db.chance, "OpenAI", 1, ana);
    for account in [&last, &first] {
        tx.put_account(account).await.unwrap();
    }
    assert_eq!(tx.accounts().await.unwrap(), [first.clone(), last.clone()]);

    first.position = 3;
    "Open AI".clone_into(&mut first.name);
    first.models.reverse();
    tx.put_account(&first).await.unwrap();
    tx.set_account_json(last.id, JsonMode::Text).await.unwrap();
    last.json = JsonMode::Text;
    tx.commit().await.unwrap();
    let mut tx = db.store.write(tenant).await.unwrap();
    assert_eq!(tx.accounts().await.unwrap(), [last.clone(), first.clone()]);
    assert_eq!(tx.account_by_name("open ai").await.unwrap(), Some(first));
    assert_eq!(tx.account_by_name("OpenAI").await.unwrap(), None);
    assert!(tx.remove_account(last.id).await.unwrap());
    assert!(!tx.remove_account(last.id).await.unwrap());
    assert_eq!(tx.accounts().await.unwrap().len(), 1);
}

async fn an_accounts_name_is_taken_whatever_its_case(db: &TestDb) {
    let (tenant, ana) = sample::tenant(&db.store, &db.chance).await;
    let mut tx = db.store.write(tenant).await.unwrap();
    tx.put_account(&account(&db.chance, "Café", 1, ana)).await.unwrap();
    let error = tx.put_account(&account(&db.chance, "CAFÉ", 2, ana)).await.unwrap_err();
    assert_eq!(error.to_string(), "the account is taken: there is one called Café");
    // The transaction is of use afterwards.
    tx.put_account(&account(&db.chance, "Tea", 2, ana)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(db.store.read(tenant).await.unwrap().accounts().await.unwrap().len(), 2);
}

async fn two_accounts_of_one_name_at_once_are_one(db: &TestDb) {
    let (tenant, ana) = sample::tenant(&db.store, &db.chance).await;
    let adding = (0..4).map(|position| {
        let (store, account) = (db.store.clone(), account(&db.chance, "OpenAI", position, ana));
        tokio::spawn(async move {
            let mut tx = store.write(tenant).await.unwrap();
            match tx.put_account(&account).await {
                Ok(()) => tx.commit().await.map(|()| true).unwrap(),
                Err(Error::Taken { .. }) => false,
                Err(error) => panic!("{error}"),
            }
        })
    });
    let mut added = 0;
    for adding in adding.collect::<Vec<_>>() {
        added += i32::from(adding.await.unwrap());
    }
    assert_eq!(added, 1);
}

async fn a_key_is_replaced_only_where_it_is_still_the_old_one(db: &TestDb) {
    let (tenant, ana) = sample::tenant(&db.store, &db.chance).await;
    let (other, ben) = sample::tenant(&db.store, &db.chance).await;
    let ours = account(&db.chance, "OpenAI", 1, ana);
    let theirs = account(&db.chance, "Theirs", 1, ben);
    let open = Account { key: None, ..account(&db.chance, "Ollama", 2, ana) };
    for (tenant, account) in [(tenant, &ours), (tenant, &open), (other, &theirs)] {
        let mut tx = db.store.write(tenant).await.unwrap();
        tx.put_account(account).await.unwrap();
        tx.commit().await.unwrap();
    }
    let stored = db.store.secrets(None, 9).await.unwrap();
    let names: Vec<_> = stored.iter().map(|key| (key.tenant, key.row.as_str(), key.words())).collect();
    let words = |name: &str| format!("the key of the model account {name}");
    let (our_id, their_id) = (ours.id.to_string(), theirs.id.to_string());
    assert_eq!(names, [(tenant, our_id.as_str(), words("OpenAI")), (other, their_id.as_str(), words("Theirs"))]);
    assert_eq!(Some(&stored[0].sealed), ours.key.as_ref());
    // One at a time they are the same.
    assert_eq!(db.store.secrets(None, 1).await.unwrap(), stored[..1]);
    assert_eq!(db.store.secrets(Some(&stored[0]), 1).await.unwrap(), stored[1..]);
    assert!(db.store.secrets(Some(&stored[1]), 1).await.unwrap().is_empty());

    let new = Sealed("v1.11111111.new".to_owned());
    let mut tx = db.store.write(tenant).await.unwrap();
    assert!(tx.replace_secret(&stored[0], &new).await.unwrap());
    assert!(!tx.replace_secret(&stored[0], &new).await.unwrap(), "it is not the old one any more");
    assert_eq!(tx.account_by_name("OpenAI").await.unwrap().unwrap().key, Some(new));
}

async fn the_choice_of_models_is_kept(db: &TestDb) {
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    let mut tx = db.store.write(tenant).await.unwrap();
    let unset = tx.model_settings().await.unwrap();
    assert_eq!((unset.default, unset.daily_tokens), (None, DAILY_TOKENS));
    let chosen = ModelSettings {
        default: Some("OpenAI/large".parse().unwrap()),
        uses: BTreeMap::from([(Use::Route, "router/meta/llama-4".parse().unwrap())]),
        daily_tokens: 2_000_000,
    };
    tx.set_model_settings(&chosen).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(db.store.read(tenant).await.unwrap().model_settings().await.unwrap(), chosen);
}

async fn a_running_call_counts_what_it_set_aside_and_a_finished_one_what_it_used(db: &TestDb) {
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    let delivery = db.chance.id();
    let mut tx = db.store.write(tenant).await.unwrap();
    let mut early = call(&db.chance, None);
    tx.insert_call(&early).await.unwrap();
    db.clock.advance(Duration::from_secs(1));
    let noon = db.chance.now();
    let mut late = call(&db.chance, Some(delivery));
    tx.insert_call(&late).await.unwrap();
    assert_eq!(tx.tokens_since(START).await.unwrap(), 10_000);
    assert_eq!(tx.tokens_since(noon).await.unwrap(), 5_000);
    assert_eq!(tx.tokens_since(noon.plus(Duration::from_millis(1))).await.unwrap(), 0);

    early.outcome = CallOutcome::Unreachable;
    (late.prompt_tokens, late.answer_tokens, late.millis) = (900, 100, 1_234);
    late.outcome = CallOutcome::Answered;
    assert!(tx.finish_call(&early).await.unwrap());
    assert!(tx.finish_call(&late).await.unwrap());
    assert_eq!(tx.tokens_since(START).await.unwrap(), 1_000);
    assert_eq!(tx.tokens_of(delivery).await.unwrap(), 1_000);
    assert_eq!(tx.tokens_of(db.chance.id()).await.unwrap(), 0);
    assert_eq!(tx.calls_since(START).await.unwrap(), [early, late.clone()]);
    assert_eq!(tx.calls_since(noon).await.unwrap(), [late]);
}

async fn no_count_is_so_large_that_the_sum_fails(db: &TestDb) {
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    let delivery = db.chance.id();
    let mut tx = db.store.write(tenant).await.unwrap();
    for _ in 0..2 {
        let huge = Call { reserved: u64::MAX, ..call(&db.chance, Some(delivery)) };
        tx.insert_call(&huge).await.unwrap();
    }
    assert_eq!(tx.tokens_since(START).await.unwrap(), 2_000_000_000_000);
    assert_eq!(tx.tokens_of(delivery).await.unwrap(), 2_000_000_000_000);
}

async fn a_call_ends_once(db: &TestDb) {
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    let mut tx = db.store.write(tenant).await.unwrap();
    let running = call(&db.chance, None);
    tx.insert_call(&running).await.unwrap();
    let answered = Call { outcome: CallOutcome::Answered, prompt_tokens: 7, ..running.clone() };
    let stopped = Call { outcome: CallOutcome::Stopped, ..running };
    assert!(tx.finish_call(&answered).await.unwrap());
    assert!(!tx.finish_call(&stopped).await.unwrap());
    assert_eq!(tx.calls_since(START).await.unwrap(), [answered]);
}

async fn a_route_is_remembered_for_its_channel_and_forgotten(db: &TestDb) {
    let (tenant, ana) = sample::tenant(&db.store, &db.chance).await;
    let here = sample::channel("C1");
    let thread = Venue { thread: Some("1.0".to_owned()), ..here.clone() };
    let elsewhere = sample::channel("C2");
    let route = |phrase: &str, line: &str| Route {
        phrase: phrase.to_owned(),
        line: line.to_owned(),
        by: ana,
        at: db.chance.now(),
    };
    let mut tx = db.store.write(tenant).await.unwrap();
    let (looking, next) = (route("how's it looking", "status"), route("what now", "next"));
    tx.put_route(&thread, &next).await.unwrap();
    tx.put_route(&here, &route("how's it looking", "list")).await.unwrap();
    tx.put_route(&here, &looking).await.unwrap();
    assert_eq!(tx.route(&thread, "how's it looking").await.unwrap(), Some(looking.clone()));
    assert_eq!(tx.route(&elsewhere, "how's it looking").await.unwrap(), None);
    assert_eq!(tx.routes_of(&here).await.unwrap(), [looking, next]);

    assert!(!tx.forget_route(&elsewhere, "what now").await.unwrap());
    assert!(tx.forget_route(&here, "what now").await.unwrap());
    assert!(!tx.forget_route(&here, "what now").await.unwrap());
    assert_eq!(tx.forget_routes(&elsewhere).await.unwrap(), 0);
    assert_eq!(tx.forget_routes(&here).await.unwrap(), 1);
    assert_eq!(tx.routes_of(&here).await.unwrap(), []);
}

async fn a_draft_taken_up_again_keeps_its_start_its_message_and_who_stopped_it(db: &TestDb) {
    let (tenant, ana) = sample::tenant(&db.store, &db.chance).await;
    let begun = progress(&db.chance, db.chance.id());
    let mut tx = db.store.write(tenant).await.unwrap();
    tx.put_progress(&begun).await.unwrap();
    assert!(tx.set_progress_message(begun.delivery, "1.0").await.unwrap());
    assert!(tx.stop_progress(begun.delivery, ana).await.unwrap());
    tx.end_progress(begun.delivery).await.unwrap();
    db.clock.advance(Duration::from_mins(1));
    let again = Progress { started_at: db.chance.now(), what: "a plan".to_owned(), ..begun.clone() };
    tx.put_progress(&again).await.unwrap();
    let expected =
        Progress { started_at: begun.started_at, message: Some("1.0".to_owned()), stopped_by: Some(ana), ..again };
    assert_eq!(tx.progress(begun.delivery).await.unwrap(), Some(expected));
}

async fn a_draft_is_stopped_once_and_only_while_it_is_made(db: &TestDb) {
    let (tenant, ana) = sample::tenant(&db.store, &db.chance).await;
    let ben = db.chance.id();
    let (first, second) = (progress(&db.chance, db.chance.id()), progress(&db.chance, db.chance.id()));
    let mut tx = db.store.write(tenant).await.unwrap();
    assert!(!tx.stop_progress(first.delivery, ana).await.unwrap(), "nothing is being made");
    tx.put_progress(&first).await.unwrap();
    tx.put_progress(&second).await.unwrap();
    assert!(tx.stop_progress(first.delivery, ana).await.unwrap());
    assert!(!tx.stop_progress(first.delivery, ben).await.unwrap(), "somebody was first");
    tx.end_progress(second.delivery).await.unwrap();
    assert!(!tx.stop_progress(second.delivery, ben).await.unwrap(), "it is over");
    let stopped = Progress { stopped_by: Some(ana), ..first.clone() };
    let over = Progress { is_over: true, ..second };
    let mut expected = [stopped, over.clone()];
    expected.sort_by_key(|progress| progress.delivery);
    assert_eq!(tx.open_progress(Surface::Slack).await.unwrap(), expected);
    assert_eq!(tx.open_progress(Surface::Console).await.unwrap(), []);
    tx.remove_progress(first.delivery).await.unwrap();
    assert_eq!(tx.open_progress(Surface::Slack).await.unwrap(), [over]);
}

async fn a_message_is_not_tied_to_a_draft_that_is_done(db: &TestDb) {
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    let mut tx = db.store.write(tenant).await.unwrap();
    let delivery = db.chance.id();
    assert!(!tx.set_progress_message(delivery, "1.0").await.unwrap());
    assert_eq!(tx.progress(delivery).await.unwrap(), None);
}
