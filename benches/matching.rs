//! What it costs to find out which task a conversation is about, by how many tasks there are.

use divan::{Bencher, black_box};
use docket::{
    domain::{
        event::Venue,
        heard::{ChatMessage, ChatThread},
        ids::Id,
        member::Surface,
        task::TaskFields,
        time::Timestamp,
    },
    planner::threads::{Index, Known, TaskRef, judge, rank},
};
use ulid::Ulid;

const SIZES: [u32; 4] = [100, 1_000, 10_000, 100_000];
/// What the titles are made of; with every number there is a pair that few tasks share.
const WORDS: [&str; 16] = [
    "token", "session", "billing", "export", "search", "login", "invoice", "cache", "deploy", "mobile", "report",
    "webhook", "profile", "upload", "metrics", "archive",
];

fn main() {
    divan::main();
}

fn title(number: u32) -> String {
    let word = |step: u32| WORDS[(number / step % 16) as usize];
    format!("{} {} for {} part {}", word(1), word(16), word(256), number / 4096)
}

fn known(number: u32) -> Known {
    let code = format!("AUTH-{number}").parse().expect("a code");
    let task = TaskRef { project: Id::from_ulid(Ulid::from_parts(0, 1)), code };
    let fields = TaskFields::titled(title(number));
    Known { task, fields, is_active: false, pages: Vec::new(), homes: Vec::new(), is_private: false }
}

fn thread() -> ChatThread {
    let venue = Venue {
        surface: Surface::Slack,
        team: "T1".to_owned(),
        channel: "C1".to_owned(),
        thread: Some("1.0".to_owned()),
    };
    let texts = [
        "The token of a session for billing ends too early on the phone, people are thrown out",
        "I have seen that as well, since the deploy of Tuesday",
        "I'll look into the session this afternoon",
    ];
    let message = |text: &&str| ChatMessage {
        venue: venue.clone(),
        message: "1.0".to_owned(),
        by: Id::from_ulid(Ulid::from_parts(0, 1)),
        text: (*text).to_owned(),
        at: Timestamp::from_millis(1_795_171_320_000),
        edited_at: None,
    };
    ChatThread {
        id: Id::from_ulid(Ulid::from_parts(0, 2)),
        number: 7,
        venue: venue.clone(),
        is_private: false,
        messages: texts.iter().map(message).collect(),
        last_at: Timestamp::from_millis(1_795_171_320_000),
    }
}

#[divan::bench(args = SIZES, sample_count = 10)]
fn index_tasks(bencher: Bencher<'_, '_>, size: u32) {
    let all: Vec<Known> = (1..=size).map(known).collect();
    bencher.with_inputs(|| all.clone()).bench_local_values(Index::new);
}

#[divan::bench(args = SIZES)]
fn match_thread(bencher: Bencher<'_, '_>, size: u32) {
    let (index, thread) = (Index::new((1..=size).map(known)), thread());
    bencher.bench_local(|| judge(&thread, &rank(black_box(&index), black_box(&thread))));
}
