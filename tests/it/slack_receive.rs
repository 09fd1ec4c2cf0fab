//! Bodies of the shapes that Slack sends, and what each of them means.

use docket::{
    chat::slack::receive::{Form, Received, Unreadable, receive},
    domain::{
        delivery::Source,
        event::{Action, Event},
        heard::Saying,
    },
};
use proptest::prelude::*;
use serde_json::{Value, json};

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/slack");

fn read(source: Source, file: &str) -> Received {
    let body = std::fs::read(format!("{DATA}/{file}")).unwrap();
    let body = match source {
        Source::SlackInteraction => {
            serde_urlencoded::to_string([("payload", String::from_utf8(body).unwrap())]).unwrap().into_bytes()
        }
        _ => body,
    };
    receive(source, &body).unwrap()
}

/// Sender, channel and thread.
fn from(received: &Received) -> (Option<&str>, Option<&str>, Option<&str>) {
    let venue = received.incoming.venue.as_ref();
    (
        received.incoming.sender.as_ref().map(|sender| sender.user.as_str()),
        venue.map(|venue| venue.channel.as_str()),
        venue.and_then(|venue| venue.thread.as_deref()),
    )
}

#[test]
fn a_slash_command_is_its_text_without_slacks_escapes() {
    let received = read(Source::SlackCommand, "slash_command.form");
    assert_eq!(received.team, "T1");
    assert_eq!(received.dedupe_key, "6321456789012.47445629121.803a0bc887a14d10d2c447fce8b6703c");
    assert_eq!(from(&received), (Some("U1"), Some("C1"), None));
    let text = "assign AUTH-2 <@U2> in #auth & soon";
    assert_eq!(received.incoming.event, Event::Command(text.to_owned()));
    assert!(received.reply.response_url.unwrap().starts_with("https://hooks.slack.com/commands/T1/"));
}

#[test]
fn a_click_is_the_patch_on_the_button_and_the_ticked_steps() {
    let received = read(Source::SlackInteraction, "block_actions.json");
    assert_eq!(received.dedupe_key, "click:T1:U1:1795168800.000200:patch.approve:1795168805.123456");
    assert_eq!(from(&received), (Some("U1"), Some("C1"), Some("1795168700.000100")));
    let Event::Click(click) = received.incoming.event else { panic!("{:?}", received.incoming) };
    assert_eq!((click.action, click.revision), (Action::Approve, 2));
    assert_eq!(click.patch.to_string(), "pat_01KAG1B9G00000000000000019");
    assert_eq!(click.steps, Some([1].into()));
}

#[test]
fn a_submitted_form_is_a_click_with_words_and_the_way_back_of_the_click_before() {
    let received = read(Source::SlackInteraction, "view_submission.json");
    assert_eq!(from(&received), (Some("U1"), Some("C1"), None));
    assert!(received.reply.response_url.is_some());
    let Event::Click(click) = received.incoming.event else { panic!("{:?}", received.incoming) };
    assert_eq!((click.action, click.revision, click.steps), (Action::RequestChanges, 2, None));
    assert_eq!(click.words.as_deref(), Some("split the token service in two"));
}

#[test]
fn a_mention_and_a_direct_message_are_words() {
    let mention = read(Source::SlackEvent, "app_mention.json");
    assert_eq!(from(&mention), (Some("U1"), Some("C1"), Some("1795168800.000200")));
    let words = "add a task for docs (https://example.com) & “tests”";
    assert_eq!(mention.incoming.event, Event::Words(words.to_owned()));
    let direct = read(Source::SlackEvent, "message_im.json");
    assert_eq!(from(&direct), (Some("U1"), Some("D1"), None));
    assert_eq!(direct.incoming.event, Event::Words("what is next".to_owned()));
}

/// What a click on a button with this value means.
fn clicked(action_id: &str, value: &Value) -> Result<Received, Unreadable> {
    let payload = json!({
        "type": "block_actions", "team": { "id": "T1" }, "user": { "id": "U1" }, "channel": { "id": "C1" },
        "container": { "message_ts": "1795.1", "channel_id": "C1" }, "response_url": "https://hooks.slack.com/a",
        "actions": [{ "action_id": action_id, "action_ts": "1795.2", "value": value }],
    });
    let body = serde_urlencoded::to_string([("payload", payload.to_string())]).unwrap();
    receive(Source::SlackInteraction, body.as_bytes())
}

#[test]
fn each_button_has_its_meaning() {
    let draft = "dlv_01KAG1B9G00000000000000019";
    let chosen = |words: &str, line: &str| Event::Chosen { words: words.to_owned(), line: line.to_owned() };
    for (action_id, value, expected) in [
        ("say.3", json!("plan AUTH"), Event::Command("plan AUTH".to_owned())),
        ("choose.0", json!(r#"["how is it","status AUTH"]"#), chosen("how is it", "status AUTH")),
        ("choose.12", json!(r#"["a \"b\"","edit é"]"#), chosen("a \"b\"", "edit é")),
        ("stop", json!(draft), Event::Stop { delivery: draft.parse().unwrap() }),
        ("account.add", json!("account.add"), Event::Nothing),
        ("account.add", Value::Null, Event::Nothing),
        ("something.new", json!("x"), Event::Nothing),
    ] {
        let received = clicked(action_id, &value).unwrap();
        assert_eq!(received.incoming.event, expected, "{action_id} {value}");
        assert_eq!(received.dedupe_key, format!("click:T1:U1:1795.1:{action_id}:1795.2"));
        assert_eq!(received.form.is_some(), action_id == "account.add");
    }
    let Some(Form::Account(context)) = clicked("account.add", &Value::Null).unwrap().form else { panic!() };
    assert_eq!(context.venue.unwrap().channel, "C1");
    assert_eq!(context.response_url.as_deref(), Some("https://hooks.slack.com/a"));
}

#[test]
fn a_button_that_says_too_much_or_too_little_is_unreadable() {
    let long = format!("[\"words\",\"edit {}\"]", "x".repeat(2_000));
    for (action_id, value) in [
        ("choose.0", json!(long)),
        ("choose.0", json!("words")),
        ("choose.0", json!(r#"["words"]"#)),
        ("choose.0", json!(r#"["words","a","b"]"#)),
        ("choose.0", json!(r#"["words",1]"#)),
        ("choose.0", json!(r#"[" ","status"]"#)),
        ("choose.0", json!(r#"["words",""]"#)),
        ("choose.0", json!(r#"["ship it","approve P-1"]"#)),
        ("choose.0", json!(r#"["what now","models budget 5m"]"#)),
        ("choose.0", Value::Null),
        ("say.0", Value::Null),
        ("stop", Value::Null),
        ("stop", json!("")),
        ("stop", json!("pat_01KAG1B9G00000000000000019")),
    ] {
        let unreadable = clicked(action_id, &value).unwrap_err();
        assert_eq!(unreadable.team.as_deref(), Some("T1"), "{action_id} {value}");
        assert!(unreadable.reason.starts_with("the button"), "{unreadable}");
    }
}

#[test]
fn what_is_said_is_for_us_or_in_a_thread_or_nothing() {
    let words = |words: &str| Event::Words(words.to_owned());
    let said = |words: &str| Event::Reply(words.to_owned());
    for (fields, expected) in [
        (json!({ "type": "app_mention", "text": "<@UDOCKET> next" }), words("next")),
        (json!({ "channel_type": "im" }), words("hello")),
        (json!({ "channel_type": "im", "thread_ts": "1794.1" }), words("hello")),
        (json!({ "channel_type": "channel", "text": "<@UDOCKET|docket>: next" }), words("next")),
        (
            json!({ "channel_type": "group", "thread_ts": "1794.1", "text": "so <@UDOCKET> next" }),
            words("so <@UDOCKET> next"),
        ),
        (json!({ "channel_type": "channel", "thread_ts": "1794.1" }), said("hello")),
        (json!({ "channel_type": "group", "thread_ts": "1794.1", "text": "ask <@U2>" }), said("ask <@U2>")),
        (json!({ "channel_type": "channel", "thread_ts": "1794.1", "subtype": "thread_broadcast" }), said("hello")),
        (json!({ "channel_type": "channel", "thread_ts": "1794.1", "subtype": "message_changed" }), Event::Nothing),
        (json!({ "channel_type": "mpim", "thread_ts": "1794.1" }), Event::Nothing),
        (json!({ "thread_ts": "1794.1" }), Event::Nothing),
        (json!({ "channel_type": "channel", "thread_ts": "1794.1", "bot_id": "B1" }), Event::Nothing),
        (json!({ "channel_type": "channel", "thread_ts": "1794.1", "user": "UDOCKET" }), Event::Nothing),
        (json!({ "channel_type": "channel", "thread_ts": "1794.1", "user": null }), Event::Nothing),
    ] {
        let mut event = json!({ "type": "message", "user": "U1", "text": "hello", "ts": "1795.1", "channel": "C1" });
        for (name, value) in fields.as_object().unwrap() {
            event[name] = value.clone();
        }
        let envelope = json!({ "type": "event_callback", "team_id": "T1", "event_id": "Ev1", "event": event,
                               "authorizations": [{ "user_id": "UDOCKET", "is_bot": true }] });
        let received = receive(Source::SlackEvent, envelope.to_string().as_bytes()).unwrap();
        assert_eq!(received.incoming.event, expected, "{fields}");
        assert!(expected != Event::Nothing || received.incoming.heard.is_none(), "{fields}");
        let key = if expected == Event::Nothing { "Ev1" } else { "said:C1:1795.1" };
        assert_eq!(received.dedupe_key, key, "{fields}");
    }
}

/// What an event of a message means, whose usual fields these go over; Slack may say who we are.
fn overheard(fields: &Value, knows_us: bool) -> Received {
    let mut event = json!({ "type": "message", "user": "U1", "text": "hello", "ts": "1795.000002", "channel": "C1",
                            "channel_type": "channel" });
    for (name, value) in fields.as_object().unwrap() {
        event[name] = value.clone();
    }
    let us = if knows_us { json!([{ "user_id": "UDOCKET", "is_bot": true }]) } else { json!([]) };
    let envelope = json!({ "type": "event_callback", "team_id": "T1", "event_id": "Ev1", "event": event,
                           "authorizations": us });
    receive(Source::SlackEvent, envelope.to_string().as_bytes()).unwrap()
}

/// What was heard, shortly: the message, whether it is private, and what it says since when.
fn short(received: &Received) -> Option<String> {
    let heard = received.incoming.heard.as_ref()?;
    assert_eq!(heard.at.as_millis(), heard.message.split('.').next().unwrap().parse::<i64>().unwrap() * 1_000);
    let what = match &heard.what {
        Saying::Said(wording) => format!("{:?} since {}", wording.text, wording.since),
        Saying::Deleted => "gone".to_owned(),
    };
    let (_, _, thread) = from(received);
    Some(format!("{} {:?} {:?} {what}", heard.message, thread, heard.is_private))
}

#[test]
fn what_people_say_in_channels_is_heard_whether_or_not_it_asks_something_of_us() {
    for (fields, event, expected) in [
        (json!({}), "nothing", "1795.000002 None Some(false) \"hello\" since 1795000002"),
        (json!({ "thread_ts": "1795.000002" }), "nothing", "1795.000002 None Some(false) \"hello\" since 1795000002"),
        (
            json!({ "channel_type": "group", "text": " a &amp; <@U2|ben> " }),
            "nothing",
            "1795.000002 None Some(true) \"a & <@U2>\" since 1795000002",
        ),
        (json!({ "subtype": "file_share" }), "nothing", "1795.000002 None Some(false) \"hello\" since 1795000002"),
        (
            json!({ "thread_ts": "1794.5" }),
            "reply",
            "1795.000002 Some(\"1794.5\") Some(false) \"hello\" since 1795000002",
        ),
        (
            json!({ "thread_ts": "1794.5", "subtype": "thread_broadcast" }),
            "reply",
            "1795.000002 Some(\"1794.5\") Some(false) \"hello\" since 1795000002",
        ),
        (
            json!({ "text": "<@UDOCKET> next" }),
            "words",
            "1795.000002 None Some(false) \"<@UDOCKET> next\" since 1795000002",
        ),
        (
            json!({ "type": "app_mention", "channel_type": null, "text": "<@UDOCKET> next" }),
            "words",
            "1795.000002 None None \"<@UDOCKET> next\" since 1795000002",
        ),
    ] {
        let received = overheard(&fields, true);
        assert_eq!(short(&received).as_deref(), Some(expected), "{fields}");
        assert_eq!(received.dedupe_key, "said:C1:1795.000002", "{fields}");
        let kind = match &received.incoming.event {
            Event::Nothing => "nothing",
            Event::Reply(_) => "reply",
            Event::Words(_) => "words",
            other => panic!("{other:?}"),
        };
        assert_eq!(kind, event, "{fields}");
    }
    let long = overheard(&json!({ "text": "x".repeat(9_000) }), true).incoming.heard.unwrap();
    assert!(matches!(long.what, Saying::Said(wording) if wording.text.len() == 4_000));
}

#[test]
fn nothing_is_heard_of_direct_conversations_bots_ourselves_and_what_only_tells_of_something() {
    for fields in [
        json!({ "channel_type": "im" }),
        json!({ "channel_type": "mpim" }),
        json!({ "channel_type": null }),
        json!({ "bot_id": "B1" }),
        json!({ "user": "UDOCKET" }),
        json!({ "subtype": "channel_join" }),
        json!({ "subtype": "bot_message" }),
        json!({ "text": " " }),
        json!({ "subtype": "file_share", "text": "" }),
        json!({ "ts": "soon" }),
        json!({ "subtype": "message_changed" }),
        json!({ "subtype": "message_changed", "message": { "ts": "1795.1", "text": "x", "user": "U1", "bot_id": "B1" } }),
        json!({ "subtype": "message_changed", "message": { "ts": "1795.1", "text": "x", "user": "UDOCKET" } }),
        json!({ "subtype": "message_changed", "channel_type": "im",
                "message": { "ts": "1795.1", "text": "x", "user": "U1" } }),
        json!({ "subtype": "message_changed", "message": { "ts": "1795.1", "text": "x", "user": "U1",
                "subtype": "channel_topic" } }),
        json!({ "subtype": "message_deleted" }),
        json!({ "subtype": "message_deleted", "deleted_ts": "1795.1", "channel_type": "im" }),
        json!({ "subtype": "message_deleted", "deleted_ts": "1795.1", "previous_message": { "bot_id": "B1" } }),
    ] {
        let received = overheard(&fields, true);
        assert_eq!(received.incoming.heard, None, "{fields}");
    }
}

#[test]
fn a_changed_and_a_deleted_message_is_known_by_its_own_id_and_thread() {
    let edit = json!({ "user": "U1", "text": "hello &gt; all", "ts": "1795.000002", "thread_ts": "1794.5",
                       "edited": { "user": "U1", "ts": "1799.000007" } });
    let stone = json!({ "user": "USLACKBOT", "subtype": "tombstone", "text": "This message was deleted.",
                        "ts": "1795.000002", "thread_ts": "1795.000002" });
    let unfurled = json!({ "user": "U1", "text": "hello", "ts": "1795.000002" });
    for (fields, sender, expected) in [
        (
            json!({ "subtype": "message_changed", "message": edit }),
            Some("U1"),
            "1795.000002 Some(\"1794.5\") Some(false) \"hello > all\" since 1799000007",
        ),
        (
            json!({ "subtype": "message_changed", "message": unfurled }),
            Some("U1"),
            "1795.000002 None Some(false) \"hello\" since 1795000002",
        ),
        (json!({ "subtype": "message_changed", "message": stone }), None, "1795.000002 None Some(false) gone"),
        (
            json!({ "subtype": "message_deleted", "deleted_ts": "1795.000002", "channel_type": "group",
                 "previous_message": { "user": "U1", "text": "hello", "thread_ts": "1794.5" } }),
            None,
            "1795.000002 Some(\"1794.5\") Some(true) gone",
        ),
    ] {
        let mut event = fields;
        event["ts"] = json!("1800.000001");
        let received = overheard(&event, true);
        assert_eq!(short(&received).as_deref(), Some(expected), "{event}");
        assert_eq!((from(&received).0, received.dedupe_key.as_str()), (sender, "Ev1"), "{event}");
        assert_eq!(received.incoming.event, Event::Nothing);
    }
}

#[test]
fn a_mention_that_may_be_of_us_is_heard_beside_the_event_that_says_so() {
    let message = overheard(&json!({ "text": "<@UWHO> next" }), false);
    assert_eq!((message.dedupe_key.as_str(), &message.incoming.event), ("heard:C1:1795.000002", &Event::Nothing));
    assert!(message.incoming.heard.is_some());
    let plain = overheard(&json!({}), false);
    assert_eq!(plain.dedupe_key, "said:C1:1795.000002");
}

#[test]
fn a_removal_is_nobodys_and_an_unknown_kind_of_a_whole_organisation_asks_nothing() {
    let removed = read(Source::SlackEvent, "app_uninstalled.json");
    assert_eq!(removed.dedupe_key, "Ev061BGCCCCC");
    assert_eq!(removed.incoming.event, Event::Removed { team: "T1".to_owned(), what: "app_uninstalled".to_owned() });
    let shortcut = read(Source::SlackInteraction, "grid_shortcut.json");
    assert_eq!((shortcut.team.as_str(), shortcut.incoming.event), ("E1", Event::Nothing));
}

proptest! {
    #[test]
    fn no_body_makes_the_reader_panic(body: Vec<u8>, text: String) {
        for source in [Source::SlackCommand, Source::SlackInteraction, Source::SlackEvent] {
            let _read = receive(source, &body);
            let _read = receive(source, text.as_bytes());
        }
    }

    #[test]
    fn no_cut_of_a_real_body_is_taken_for_another_one(cut in 0..900_usize) {
        for (source, file) in [(Source::SlackEvent, "app_mention.json"), (Source::SlackEvent, "message_im.json")] {
            let body = std::fs::read(format!("{DATA}/{file}")).unwrap();
            let end = cut.min(body.trim_ascii_end().len() - 1);
            prop_assert!(receive(source, &body[..end]).is_err());
        }
    }
}
