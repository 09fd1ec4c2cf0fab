//! The client against a Slack that refuses, stalls and breaks.

use std::time::Duration;

use docket::{
    chat::slack::{
        SlackApi, SlackClient, SlackError,
        deliver::{remove, reply_instead, send_answer, show_progress, sync_card},
    },
    config::SlackConfig,
    domain::{
        card::{Answer, Card},
        delivery::{Delivery, Source},
        event::Venue,
        ids::{AnswerId, CardId, DeliveryId, Id, PatchId},
        member::{Identity, Standing, Surface},
        message::Message,
        time::Timestamp,
    },
};
use serde_json::json;
use ulid::Ulid;

use crate::support::fake_slack::{BOT, FakeSlack, Fault, SlackUser, TEAM, TOKEN};

const NOW: Timestamp = Timestamp::from_millis(1_795_168_800_000);

fn client(fake: &FakeSlack, token: &str) -> SlackClient {
    let config =
        SlackConfig { bot_token: None, client: None, signing_secrets: vec!["secret".into()], api_url: fake.api_url() };
    SlackApi::new(&config, Some("https://docket.example.com")).unwrap().client(&token.into())
}

fn venue(channel: &str, thread: Option<&str>) -> Venue {
    Venue {
        surface: Surface::Slack,
        team: TEAM.to_owned(),
        channel: channel.to_owned(),
        thread: thread.map(str::to_owned),
    }
}

fn card(channel: &str, message: Option<&str>) -> Card {
    Card {
        id: CardId::from_ulid(Ulid::nil()),
        patch: PatchId::from_ulid(Ulid::nil()),
        venue: venue(channel, None),
        under: None,
        message: message.map(str::to_owned),
        shown: None,
        created_at: NOW,
    }
}

fn answer(channel: &str, thread: Option<&str>) -> Answer {
    Answer {
        id: AnswerId::from_ulid(Ulid::nil()),
        delivery: None,
        to: Identity { surface: Surface::Slack, team: TEAM.to_owned(), user: "U1".to_owned() },
        venue: venue(channel, thread),
        message: Message::text("Ben approved P-41."),
        created_at: NOW,
        sent_at: None,
    }
}

fn asked(fake: &FakeSlack, channel: &str) -> Delivery {
    let request = SlackUser::new(fake, "U1", channel, "secret".into()).slash("show", NOW);
    Delivery {
        id: DeliveryId::from_ulid(Ulid::nil()),
        tenant: None,
        source: Source::SlackCommand,
        dedupe_key: "k".to_owned(),
        body: request.body,
        received_at: NOW,
    }
}

#[tokio::test]
async fn a_card_is_posted_then_updated_and_posted_again_once_it_was_deleted() {
    let fake = FakeSlack::start().await;
    let client = client(&fake, TOKEN);
    let first = sync_card(&client, &Message::text("one"), &card("C1", None)).await.unwrap();
    let same = sync_card(&client, &Message::text("two"), &card("C1", Some(&first.ts))).await.unwrap();
    assert_eq!(first, same);
    let shown = fake.messages("C1");
    assert_eq!((shown.len(), shown[0].updates, &shown[0].payload["text"]), (1, 1, &json!("two")));
    fake.delete(&first.ts);
    let again = sync_card(&client, &Message::text("three"), &card("C1", Some(&first.ts))).await.unwrap();
    assert_ne!(again, first);
    assert_eq!(fake.messages("C1")[0].payload["text"], "three");
    assert_eq!(fake.problems(), Vec::<String>::new());
}

#[tokio::test]
async fn a_card_that_can_no_longer_be_changed_is_followed_by_a_reply_in_its_thread() {
    let fake = FakeSlack::start().await;
    let client = client(&fake, TOKEN);
    let posted = sync_card(&client, &Message::text("one"), &card("C1", None)).await.unwrap();
    fake.fail_next("chat.update", Fault::Refused("edit_window_closed"));
    let reply = sync_card(&client, &Message::text("two"), &card("C1", Some(&posted.ts))).await.unwrap();
    let shown = fake.messages("C1");
    assert_eq!((shown.len(), shown[1].thread.as_deref(), &shown[1].ts), (2, Some(posted.ts.as_str()), &reply.ts));
    reply_instead(&client, &Message::text("three"), &card("C1", Some(&posted.ts))).await.unwrap();
    assert_eq!(fake.messages("C1")[2].thread.as_deref(), Some(posted.ts.as_str()));
}

#[tokio::test]
async fn a_message_that_shows_progress_becomes_the_card() {
    let fake = FakeSlack::start().await;
    let client = client(&fake, TOKEN);
    let thread = venue("C1", Some("1794.9"));
    let ts = show_progress(&client, &Message::text("drafting … 2 s"), &thread, None).await.unwrap();
    let same = show_progress(&client, &Message::text("drafting … 5 s"), &thread, Some(&ts)).await.unwrap();
    assert_eq!(same, ts);
    let delivered = sync_card(&client, &Message::text("P-41"), &card("C1", Some(&ts))).await.unwrap();
    assert_eq!(delivered.ts, ts);
    let shown = fake.messages("C1");
    assert_eq!((shown.len(), shown[0].updates, &shown[0].payload["text"]), (1, 2, &json!("P-41")));
    assert_eq!(shown[0].thread.as_deref(), Some("1794.9"));
    fake.delete(&ts);
    let again = show_progress(&client, &Message::text("drafting … 9 s"), &thread, Some(&ts)).await.unwrap();
    assert_ne!(again, ts, "one that somebody deleted is posted again");
    fake.fail_next("chat.update", Fault::RateLimited(3));
    let wait = show_progress(&client, &Message::text("drafting … 12 s"), &thread, Some(&again)).await;
    assert_eq!(wait, Err(SlackError::RateLimited(Duration::from_secs(3))));
    assert_eq!(fake.problems(), Vec::<String>::new());
}

#[tokio::test]
async fn only_messages_of_ours_are_taken_away_and_those_that_are_gone_are_no_failure() {
    let fake = FakeSlack::start().await;
    let client = client(&fake, TOKEN);
    let ts = show_progress(&client, &Message::text("drafting"), &venue("C1", None), None).await.unwrap();
    remove(&client, "C1", &ts).await.unwrap();
    assert_eq!(fake.messages("C1"), []);
    remove(&client, "C1", &ts).await.unwrap();
    let anas = fake.say("C1");
    assert_eq!(remove(&client, "C1", &anas).await, Err(SlackError::Gone("cant_delete_message".to_owned())));
    fake.fail_next("chat.delete", Fault::RateLimited(3));
    assert_eq!(remove(&client, "C1", &ts).await, Err(SlackError::RateLimited(Duration::from_secs(3))));
    let elsewhere = remove(&client, "C9", &ts).await.unwrap_err();
    assert!(matches!(&elsewhere, SlackError::Denied { code, .. } if code == "channel_not_found"), "{elsewhere:?}");
}

#[tokio::test]
async fn every_failure_has_its_kind() {
    let fake = FakeSlack::start().await;
    let good = client(&fake, TOKEN);
    fake.add_channel("C-without-us", &["U1"]);
    fake.add_channel("C-old", &["U1", BOT]);
    fake.archive("C-old");
    let content = good.render(&Message::text("hello"));
    for (channel, code) in [("C9", "channel_not_found"), ("C-without-us", "not_in_channel"), ("C-old", "is_archived")] {
        let error = good.post(channel, None, &content).await.unwrap_err();
        assert!(matches!(&error, SlackError::Denied { code: found, .. } if found == code), "{error:?}");
    }
    let denied = client(&fake, "xoxb-wrong").post("C1", None, &content).await.unwrap_err();
    assert!(denied.to_string().contains("SLACK_BOT_TOKEN") && !denied.to_string().contains("xoxb-wrong"));
    for (fault, expected) in [
        (Fault::RateLimited(7), SlackError::RateLimited(Duration::from_secs(7))),
        (Fault::Broken, SlackError::Unreachable("HTTP 500".to_owned())),
        (Fault::Cut, SlackError::Unreachable("the connection failed".to_owned())),
        (Fault::Refused("message_not_found"), SlackError::Gone("message_not_found".to_owned())),
        (Fault::Refused("brand_new"), SlackError::Other("brand_new".to_owned())),
    ] {
        fake.fail_next("chat.update", fault.clone());
        let outcome = good.update("C1", "1.1", &content).await;
        assert_eq!(outcome, Err(expected), "{fault:?}");
    }
}

#[tokio::test]
async fn nobody_waits_for_a_slack_that_says_nothing() {
    let fake = FakeSlack::start().await;
    let client = client(&fake, TOKEN);
    let form = docket::chat::slack::views::form(&docket::chat::slack::receive::Form::Account(
        docket::chat::slack::receive::AccountContext::default(),
    ));
    fake.fail_next("views.open", Fault::Silent);
    let outcome = tokio::time::timeout(Duration::from_secs(4), client.open_view(&fake.trigger(), form)).await;
    assert!(matches!(outcome, Ok(Err(SlackError::Unreachable(_)))), "{outcome:?}");
}

#[tokio::test]
async fn a_private_answer_takes_the_way_of_its_question_while_it_lasts() {
    let fake = FakeSlack::start().await;
    let client = client(&fake, TOKEN);
    let asked = asked(&fake, "C1");
    let soon = NOW.plus(Duration::from_mins(1));
    send_answer(&client, Some(&asked), 0, &answer("C1", None), soon).await.unwrap();
    send_answer(&client, Some(&asked), 5, &answer("C1", None), soon).await.unwrap();
    send_answer(&client, Some(&asked), 1, &answer("C1", Some("1.1")), NOW.plus(Duration::from_mins(31))).await.unwrap();
    send_answer(&client, Some(&asked), 0, &answer("C1", Some("1.1")), soon).await.unwrap();
    let ways: Vec<String> = fake.calls().into_iter().map(|(method, _)| method).collect();
    assert_eq!(ways, ["response_url", "chat.postEphemeral", "chat.postEphemeral", "chat.postEphemeral"]);
    let seen = fake.private("U1");
    assert_eq!((seen.len(), seen[2].thread.as_deref()), (4, Some("1.1")));
    assert_eq!(fake.problems(), Vec::<String>::new());
}

#[tokio::test]
async fn a_response_url_that_is_used_up_is_no_obstacle() {
    let fake = FakeSlack::start().await;
    let client = client(&fake, TOKEN);
    let asked = asked(&fake, "C1");
    for _ in 0..6 {
        send_answer(&client, Some(&asked), 0, &answer("C1", None), NOW).await.unwrap();
    }
    assert_eq!(fake.private("U1").len(), 6);
    assert_eq!(fake.calls().last().unwrap().0, "chat.postEphemeral");
}

#[tokio::test]
async fn where_the_bot_is_not_the_answer_comes_as_a_direct_message() {
    let fake = FakeSlack::start().await;
    let client = client(&fake, TOKEN);
    fake.add_channel("C-private", &["U1"]);
    send_answer(&client, None, 0, &answer("C-private", None), NOW).await.unwrap();
    assert_eq!(fake.messages("D-U1").len(), 1);
    let asked = asked(&fake, "C-private");
    send_answer(&client, Some(&asked), 0, &answer("C-private", Some("1.1")), NOW).await.unwrap();
    assert_eq!((fake.messages("D-U1").len(), fake.private("U1").len()), (1, 1), "the way of the question is nearer");
    send_answer(&client, None, 0, &answer("D1", None), NOW).await.unwrap();
    assert_eq!(fake.messages("D1").len(), 1);
}

#[tokio::test]
async fn an_answer_never_goes_to_an_address_that_is_not_slacks() {
    let (fake, other) = (FakeSlack::start().await, FakeSlack::start().await);
    let client = client(&fake, TOKEN);
    let content = client.render(&Message::text("secret"));
    let elsewhere = other.response_url("C1", "U1");
    for url in [
        elsewhere.as_str(),
        "http://hooks.slack.com/actions/1",
        "https://hooks.slack.com.evil.example/1",
        "https://user@hooks.slack.com/1",
        "https://hooks.slack.com:8443/1",
        "file:///etc/passwd",
        "",
    ] {
        let outcome = client.respond(url, &content).await;
        assert_eq!(outcome, Err(SlackError::Gone("untrusted_response_url".to_owned())), "{url}");
    }
    assert!(other.calls().is_empty());
}

#[tokio::test]
async fn people_are_what_slack_says_they_are() {
    let fake = FakeSlack::start().await;
    let client = client(&fake, TOKEN);
    fake.add_user("U4", "Mia", &json!({ "is_ultra_restricted": true }));
    fake.add_user("U5", "Tom", &json!({ "team_id": "T-other" }));
    fake.add_user("U6", "Eve", &json!({ "deleted": true, "tz": "Nowhere/Land" }));
    fake.add_user("U7", "Grid", &json!({ "team_id": "E1", "enterprise_user": { "teams": [TEAM] } }));
    for (user, standing) in [
        ("U1", Standing::Full),
        ("U3", Standing::Guest),
        ("U4", Standing::Guest),
        ("U5", Standing::Guest),
        ("U6", Standing::Gone),
        ("U7", Standing::Full),
        (BOT, Standing::Bot),
    ] {
        assert_eq!(client.user(user, TEAM).await.unwrap().standing, standing, "{user}");
    }
    let ana = client.user("U1", TEAM).await.unwrap();
    assert_eq!((ana.name.as_str(), ana.time_zone.as_deref()), ("Ana", Some("Europe/Paris")));
    assert_eq!(client.user("U6", TEAM).await.unwrap().time_zone, None);
    assert!(client.user("U9", TEAM).await.is_err());
}

#[tokio::test]
async fn whoever_runs_the_workspace_is_an_admin_here_and_nobody_else() {
    let fake = FakeSlack::start().await;
    let client = client(&fake, TOKEN);
    for (n, (fields, expected)) in [
        (json!({}), false),
        (json!({ "is_admin": true }), true),
        (json!({ "is_owner": true }), true),
        (json!({ "is_primary_owner": true }), true),
        (json!({ "is_admin": true, "team_id": "T-other" }), false),
        (json!({ "is_admin": true, "is_stranger": true }), false),
        (json!({ "is_owner": true, "deleted": true }), false),
        (json!({ "is_admin": true, "is_bot": true }), false),
        (json!({ "is_admin": true, "team_id": "E1", "enterprise_user": { "teams": [TEAM] } }), true),
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("U-{n}");
        fake.add_user(&id, "Zed", &fields);
        assert_eq!(client.user(&id, TEAM).await.unwrap().is_admin, expected, "{fields}");
    }
}

#[tokio::test]
async fn the_token_tells_who_we_are_and_what_we_may_do() {
    let fake = FakeSlack::start().await;
    let workspace = client(&fake, TOKEN).auth_test().await.unwrap();
    assert_eq!((workspace.team.as_str(), workspace.bot_user.as_str(), workspace.name.as_str()), (TEAM, BOT, "Acme"));
    assert!(workspace.scopes.contains(&"chat:write".to_owned()));
    let refused = client(&fake, "xoxb-wrong").auth_test().await.unwrap_err();
    assert!(matches!(refused, SlackError::Denied { code, .. } if code == "invalid_auth"));
}
