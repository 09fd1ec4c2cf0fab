//! What Slack sends.

use docket::{
    chat::slack::receive::{self, Received},
    domain::{delivery::Source, event::Event},
    intent,
};

use super::{today, typed};

/// A slash command, as a form.
pub(crate) fn form(data: &[u8]) {
    let _is_check = receive::is_ssl_check(data);
    let Some(received) = read(Source::SlackCommand, data) else { return };
    if let Event::Command(line) = &received.incoming.event {
        let _reading = intent::typed(line, today());
    }
    // What takes a key out of a line leaves the rest of the form as it was.
    if let Some(masked) = receive::masked(data) {
        let masked = read(Source::SlackCommand, &masked).expect("a form without its key is a form");
        assert_eq!((masked.team, masked.incoming.sender), (received.team, received.incoming.sender));
    }
}

/// A payload in JSON: an interaction, an event or what somebody types into a menu.
pub(crate) fn payload(data: &[u8]) {
    let _challenge = receive::challenge(data);
    read(Source::SlackEvent, data);
    let form = serde_urlencoded::to_string([("payload", typed(data))]).expect("a form");
    let form = form.as_bytes();
    read(Source::SlackInteraction, form);
    if let Some(mut filled) = receive::filled(form) {
        let _problems = filled.problems();
        let key = filled.key();
        let sealed = filled.sealed(None);
        assert!(receive::filled(&sealed).is_none_or(|again| again.key().is_none()) || key.is_none(), "a key is left");
    }
    if let Err(unreadable) = receive::typed(form) {
        is_short(&unreadable.reason);
    }
}

/// The same bytes are the same request, whose key has room in the database.
fn read(source: Source, body: &[u8]) -> Option<Received> {
    let received = receive::receive(source, body);
    assert_eq!(received, receive::receive(source, body));
    match received {
        Ok(received) => {
            assert!((1..=200).contains(&received.dedupe_key.len()), "{:?}", received.dedupe_key);
            Some(received)
        }
        Err(unreadable) => {
            is_short(&unreadable.reason);
            None
        }
    }
}

/// A reason quotes nothing of the body.
fn is_short(reason: &str) {
    assert!((5..160).contains(&reason.len()), "{reason:?}");
}
