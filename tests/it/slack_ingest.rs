//! The doors for Slack: what each kind of request means, and what is stored of it.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::http::StatusCode;
use docket::{
    chat::slack::receive::{incoming, reply},
    domain::{
        delivery::Source,
        event::{Action, Event},
        job::Job,
    },
};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::{
    clock::START as NOW,
    db::{TestDb, for_each_db},
    fake_slack::{BOT, Fault, signed},
    slack_house::{House, draft, eventually, patch},
};

for_each_db!(
    a_command_is_stored_with_its_job_before_it_is_answered,
    a_line_that_changes_nothing_is_answered_in_the_acknowledgement_itself,
    an_answer_that_takes_too_long_goes_through_a_job,
    slacks_own_checks_are_answered,
    a_click_carries_the_patch_its_revision_and_the_ticked_steps,
    a_choice_is_the_words_and_the_command_they_were_chosen_to_mean,
    a_press_on_stop_waits_for_nothing_that_is_said_in_its_channel,
    a_form_opens_at_once_and_its_words_become_the_click,
    a_wish_without_words_keeps_the_form_open_and_a_rejection_needs_none,
    a_form_that_does_not_open_is_apologised_for,
    a_mention_that_comes_as_two_events_is_one,
    only_people_who_speak_to_us_are_listened_to,
    our_removal_goes_to_the_worker_and_a_persons_own_revocation_does_not,
    deliveries_that_come_together_are_all_stored_and_shutting_down_stores_what_waits,
);

async fn a_command_is_stored_with_its_job_before_it_is_answered(db: &TestDb) {
    let house = House::open(db).await;
    assert!(house.send(house.ana.slash("plan Build <@U2|ben> &amp; co", NOW)).await.is_empty_ok());
    let waiting = house.waiting().await;
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].event, Event::Command("plan Build <@U2> & co".to_owned()));
    assert_eq!(waiting[0].sender.as_ref().unwrap().user, "U1");
    assert_eq!(waiting[0].venue.as_ref().unwrap().channel, "C1");
}

async fn a_line_that_changes_nothing_is_answered_in_the_acknowledgement_itself(db: &TestDb) {
    let house = House::open(db).await;
    for line in ["show AUTH", "nonsense"] {
        let reply = house.send(house.ana.slash(line, NOW)).await;
        let answer = reply.json();
        assert_eq!(answer["response_type"], "ephemeral", "{line}");
        assert_eq!(answer["blocks"][0]["type"], "rich_text");
        house.fake.keep(&answer);
    }
    assert_eq!(house.waiting().await, []);
    assert_eq!(house.fake.problems(), Vec::<String>::new());
}

async fn an_answer_that_takes_too_long_goes_through_a_job(db: &TestDb) {
    let house = House::open(db).await;
    assert!(house.send(house.ana.slash("slow", NOW)).await.is_empty_ok());
    assert_eq!(house.waiting().await.len(), 1);
}

async fn slacks_own_checks_are_answered(db: &TestDb) {
    let house = House::open(db).await;
    let secret = &house.ana.secret;
    let ssl = signed(secret, "/slack/commands", "text/plain", b"ssl_check=1&token=x".to_vec(), NOW);
    assert!(house.send(ssl).await.is_empty_ok());
    let body = json!({ "type": "url_verification", "token": "x", "challenge": "3eZbrw1a" }).to_string();
    let reply = house.send(signed(secret, "/slack/events", "application/json", body.into_bytes(), NOW)).await;
    assert_eq!((reply.status, reply.body.as_str()), (StatusCode::OK, "3eZbrw1a"));
}

async fn a_click_carries_the_patch_its_revision_and_the_ticked_steps(db: &TestDb) {
    let house = House::open(db).await;
    let card = house.card().await;
    assert!(house.send(house.ana.click(&card, "patch.approve", NOW)).await.is_empty_ok());
    let some = json!([{ "text": { "type": "plain_text", "text": "AUTH-1" }, "value": "1" }]);
    let later = NOW.plus(Duration::from_secs(1));
    assert!(house.send(house.ana.click_with(&card, "patch.approve", Some(&some), later)).await.is_empty_ok());
    assert!(house.send(house.ana.click(&card, "patch.details", NOW)).await.is_empty_ok());
    assert!(house.send(house.ana.click(&card, "patch.steps", NOW)).await.is_empty_ok());
    assert!(house.send(house.ana.click(&card, "say.9", NOW)).await.is_empty_ok());
    let waiting = house.waiting().await;
    let mut said: Vec<String> = waiting
        .iter()
        .map(|incoming| match &incoming.event {
            Event::Click(click) => {
                assert_eq!((click.patch, click.revision), (patch(), 2));
                format!("{} {:?}", click.action.as_str(), click.steps.as_ref().map(|s| s.iter().collect::<Vec<_>>()))
            }
            other => format!("{other:?}"),
        })
        .collect();
    // What may take long has an order of its own, so the plan waits for no click.
    said.sort();
    assert_eq!(said, ["Command(\"plan AUTH\")", "approve Some([0, 1, 2])", "approve Some([1])", "details None"]);
    assert_eq!(waiting[0].venue.as_ref().unwrap().thread, None);
}

async fn a_choice_is_the_words_and_the_command_they_were_chosen_to_mean(db: &TestDb) {
    let house = House::open(db).await;
    let card = house.card().await;
    assert!(house.send(house.ana.click(&card, "choose.10", NOW)).await.is_empty_ok());
    let waiting = house.waiting().await;
    let expected = Event::Chosen { words: "how's it \"looking\"".to_owned(), line: "status AUTH".to_owned() };
    assert_eq!(waiting.iter().map(|incoming| &incoming.event).collect::<Vec<_>>(), [&expected]);
    assert_eq!(waiting[0].venue.as_ref().unwrap().channel, "C1");
}

async fn a_press_on_stop_waits_for_nothing_that_is_said_in_its_channel(db: &TestDb) {
    let house = House::open(db).await;
    let card = house.card().await;
    for line in ["plan one", "plan two"] {
        assert!(house.send(house.ana.slash(line, NOW)).await.is_empty_ok());
    }
    assert!(house.send(house.ana.click(&card, "stop", NOW)).await.is_empty_ok());
    let at_once = house.store.claim("a worker", NOW, Duration::from_mins(1), 10).await.unwrap();
    let mut events = Vec::new();
    for job in &at_once {
        let Job::HandleDelivery { delivery } = job.job else { panic!("{:?}", job.job) };
        let delivery = house.store.read(house.tenant).await.unwrap().delivery(delivery).await.unwrap().unwrap();
        events.push(incoming(delivery.source, &delivery.body).unwrap().event);
    }
    assert_eq!(events, [Event::Command("plan one".to_owned()), Event::Stop { delivery: draft() }]);
}

async fn a_form_opens_at_once_and_its_words_become_the_click(db: &TestDb) {
    let house = House::open(db).await;
    let card = house.card().await;
    for (place, action) in [Action::Reject, Action::RequestChanges].into_iter().enumerate() {
        let button = format!("patch.{}", action.as_str());
        assert!(house.send(house.ana.click(&card, &button, NOW)).await.is_empty_ok());
        eventually(|| house.fake.views().len() > place).await;
        let view = house.fake.views().pop().unwrap();
        assert_eq!(house.waiting().await, [], "the click itself asks nothing of the worker");
        let request = house.ana.submit_view(&view, "  two weeks is too long ", NOW);
        let way_back = reply(Source::SlackInteraction, &request.body).response_url;
        assert!(way_back.is_some_and(|url| url.starts_with(&house.fake.origin)));
        assert!(house.send(request).await.is_empty_ok());
        let waiting = house.waiting().await;
        let Event::Click(click) = &waiting[0].event else { panic!("{waiting:?}") };
        assert_eq!((click.action, click.patch, click.revision), (action, patch(), 2));
        assert_eq!(click.words.as_deref(), Some("two weeks is too long"));
        assert_eq!(waiting[0].venue.as_ref().unwrap().channel, "C1");
    }
    assert_eq!(house.fake.problems(), Vec::<String>::new());
}

async fn a_wish_without_words_keeps_the_form_open_and_a_rejection_needs_none(db: &TestDb) {
    let house = House::open(db).await;
    let card = house.card().await;
    house.send(house.ana.click(&card, "patch.request_changes", NOW)).await;
    house.send(house.ana.click(&card, "patch.reject", NOW)).await;
    eventually(|| house.fake.views().len() == 2).await;
    let mut views = house.fake.views();
    views.sort_by_key(|view| view["callback_id"].to_string());
    let refused = house.send(house.ana.submit_view(&views[1], "  \n ", NOW)).await;
    assert_eq!(refused.json()["response_action"], "errors");
    assert!(refused.json()["errors"]["words"].is_string());
    assert_eq!(house.waiting().await, []);
    assert!(house.send(house.ana.submit_view(&views[1], "smaller", NOW)).await.is_empty_ok());
    assert!(house.send(house.ana.submit_view(&views[0], "", NOW)).await.is_empty_ok());
    assert_eq!(house.waiting().await.len(), 2);
}

async fn a_form_that_does_not_open_is_apologised_for(db: &TestDb) {
    let house = House::open(db).await;
    let card = house.card().await;
    let late = house.ana.click(&card, "patch.reject", NOW);
    house.fake.expire_triggers();
    assert!(house.send(late).await.is_empty_ok());
    eventually(|| house.fake.private("U1").len() == 1).await;
    house.fake.fail_next("views.open", Fault::Broken);
    house.fake.fail_next("response_url", Fault::Refused("unused"));
    assert!(house.send(house.ana.click(&card, "patch.request_changes", NOW)).await.is_empty_ok());
    eventually(|| house.fake.calls().iter().filter(|(method, _)| method == "response_url").count() == 2).await;
    assert!(house.fake.private("U1")[0].payload["text"].as_str().unwrap().contains("press the button again"));
}

async fn a_mention_that_comes_as_two_events_is_one(db: &TestDb) {
    let house = House::open(db).await;
    let text = format!("<@{BOT}> what is next");
    let message = json!({ "type": "message", "channel_type": "channel", "user": "U1", "text": text, "ts": "1795.1",
                          "channel": "C1", "thread_ts": "1794.9" });
    assert!(house.send(house.ana.event("Ev-other", &message, NOW)).await.is_empty_ok());
    assert!(house.send(house.ana.mention("what is next", "1795.1", NOW)).await.is_empty_ok());
    let waiting = house.waiting().await;
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].event, Event::Words("what is next".to_owned()));
    assert_eq!(waiting[0].venue.as_ref().unwrap().thread.as_deref(), Some("1794.9"));
}

async fn only_people_who_speak_to_us_are_listened_to(db: &TestDb) {
    let house = House::open(db).await;
    let base =
        json!({ "type": "message", "channel_type": "im", "user": "U1", "text": "hi", "ts": "1", "channel": "D1" });
    let but = |key: &str, value: Value| {
        let mut event = base.clone();
        event[key] = value;
        event
    };
    for (n, event) in [
        but("bot_id", json!("B1")),
        but("user", json!(BOT)),
        but("subtype", json!("message_changed")),
        but("channel_type", json!("mpim")),
        but("text", Value::Null),
    ]
    .iter()
    .enumerate()
    {
        assert!(house.send(house.ana.event(&format!("Ev{n}"), event, NOW)).await.is_empty_ok());
    }
    assert_eq!(house.waiting().await, []);
}

async fn our_removal_goes_to_the_worker_and_a_persons_own_revocation_does_not(db: &TestDb) {
    let house = House::open(db).await;
    for (n, event) in [
        json!({ "type": "app_uninstalled" }),
        json!({ "type": "tokens_revoked", "tokens": { "oauth": [], "bot": [BOT] } }),
        json!({ "type": "tokens_revoked", "tokens": { "oauth": ["U1"], "bot": [] } }),
    ]
    .iter()
    .enumerate()
    {
        assert!(house.send(house.ana.event(&format!("Ev{n}"), event, NOW)).await.is_empty_ok());
    }
    let events: Vec<Event> = house.waiting().await.into_iter().map(|incoming| incoming.event).collect();
    let removed = |what: &str| Event::Removed { team: "T1".to_owned(), what: what.to_owned() };
    assert_eq!(events, [removed("app_uninstalled"), removed("tokens_revoked")]);
}

async fn deliveries_that_come_together_are_all_stored_and_shutting_down_stores_what_waits(db: &TestDb) {
    let house = House::open(db).await;
    let statuses = Arc::new(Mutex::new(Vec::new()));
    let senders = (0..200).map(|n| {
        let (request, router) = (house.ana.slash(&format!("plan {n}"), NOW), house.router.clone());
        let statuses = Arc::clone(&statuses);
        async move {
            let response = router.oneshot(request.into_request()).await.unwrap();
            statuses.lock().unwrap().push(response.status());
        }
    });
    futures_util::future::join_all(senders).await;
    house.intake.shutdown().await;
    assert_eq!(*statuses.lock().unwrap(), vec![StatusCode::OK; 200]);
    assert_eq!(house.waiting().await.len(), 200);
}
