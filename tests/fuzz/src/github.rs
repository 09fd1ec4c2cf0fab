//! Webhooks of trackers.

use docket::{
    domain::event::Event,
    llm::answer,
    trackers::github::receive::{self, Received},
};

use super::typed;

/// A webhook of GitHub: what it calls the event on the first line, and then its body.
pub(crate) fn webhook(data: &[u8]) {
    let mut parts = data.splitn(2, |byte| *byte == b'\n');
    let kind = typed(parts.next().unwrap_or_default());
    let body = parts.next().unwrap_or_default();
    let received = read(&kind, body);
    // What chooses the secret and what decides whose it is are the same, where both say something.
    let claimed = receive::claimed_installation(body);
    if let (Some(claimed), Some(installation)) = (claimed, received.and_then(|received| received.installation)) {
        assert_eq!(claimed, installation);
    }
}

/// A webhook of Linear. Docket has no door for them yet: what its readers make of one is nothing, whatever it says.
pub(crate) fn linear(data: &[u8]) {
    for kind in ["Issue", "Comment", "Project", "IssueLabel"] {
        if let Some(received) = read(kind, data) {
            assert!(!matches!(received.event, Ok(event) if event != Event::Nothing), "{kind} means something");
        }
    }
    let _object_or_problems = answer::object(&typed(data));
}

fn read(kind: &str, body: &[u8]) -> Option<Received> {
    let received = receive::receive(kind, body);
    let incoming = receive::incoming(kind, body);
    match received {
        Ok(received) => {
            match (&received.event, incoming) {
                (Ok(event), Ok(incoming)) => assert_eq!(*event, incoming.event, "read at the door and by the worker"),
                (Err(why), Err(again)) => {
                    assert_eq!(*why, again);
                    assert!((5..160).contains(&why.len()), "{why:?}");
                }
                (one, other) => panic!("{one:?} is not {other:?}"),
            }
            Some(received)
        }
        Err(why) => {
            assert!((5..160).contains(&why.len()) && incoming.is_err(), "{why:?}");
            None
        }
    }
}
