//! Tasks and threads for the tests of this room.

use ulid::Ulid;

use super::{Index, Known, TaskRef};
use crate::domain::{
    event::Venue,
    heard::{ChatMessage, ChatThread},
    ids::{Id, MemberId, ProjectId, ThreadId},
    member::Surface,
    task::{TaskCode, TaskFields},
    time::Timestamp,
};

pub(super) fn code(text: &str) -> TaskCode {
    text.parse().unwrap()
}

/// The project of a key: the same for the same key.
pub(super) fn project(key: &str) -> ProjectId {
    ProjectId::from_ulid(Ulid::from_parts(1, key.bytes().fold(0, |bits, byte| bits << 8 | u128::from(byte))))
}

pub(super) fn channel(name: &str) -> Venue {
    Venue { surface: Surface::Slack, team: "T1".to_owned(), channel: name.to_owned(), thread: None }
}

pub(super) fn known(task: &str, fields: TaskFields) -> Known {
    let code = code(task);
    Known {
        task: TaskRef { project: project(code.project.as_str()), code },
        fields,
        is_active: false,
        pages: Vec::new(),
        homes: Vec::new(),
        is_private: false,
    }
}

pub(super) fn index(tasks: &[(&str, &str)]) -> Index {
    Index::new(tasks.iter().map(|(code, title)| known(code, TaskFields::titled(*title))))
}

pub(super) fn thread(texts: &[&str]) -> ChatThread {
    let at = |nth: usize| Timestamp::from_millis(1_795_171_320_000 + i64::try_from(nth).unwrap() * 60_000);
    let venue = Venue { thread: Some("1.0".to_owned()), ..channel("C1") };
    let message = |(nth, text): (usize, &&str)| ChatMessage {
        venue: venue.clone(),
        message: format!("1.{nth}"),
        by: MemberId::from_ulid(Ulid::from_parts(0, 1)),
        text: (*text).to_owned(),
        at: at(nth),
        edited_at: None,
    };
    ChatThread {
        id: ThreadId::from_ulid(Ulid::from_parts(2, 1)),
        number: 7,
        venue: venue.clone(),
        is_private: false,
        messages: texts.iter().enumerate().map(message).collect(),
        last_at: at(texts.len()),
    }
}
