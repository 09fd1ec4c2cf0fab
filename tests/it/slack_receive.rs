//! Bodies of the shapes that Slack sends, and what each of them means.

use docket::{
    chat::slack::receive::{Received, receive},
    domain::{
        delivery::Source,
        event::{Action, Event},
    },
};
use proptest::prelude::*;

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

#[test]
fn a_removal_is_nobodys_and_an_unknown_kind_of_a_whole_organisation_asks_nothing() {
    let removed = read(Source::SlackEvent, "app_uninstalled.json");
    assert_eq!(removed.dedupe_key, "Ev061BGCCCCC");
    assert_eq!(removed.incoming.event, Event::Removed { what: "app_uninstalled".to_owned() });
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
