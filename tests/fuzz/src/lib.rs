//! What must hold for whatever comes in, one function for each way in. libFuzzer searches for bytes for which it does
//! not; the tests run the same functions over the seeds and over what a little change makes of them.

mod command;
mod github;
mod mrkdwn;
mod patch;
mod phrase;
mod slack;
mod time;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use docket::{
    domain::{
        ids::{Id, MemberId, ProjectId},
        member::{Member, Role, Standing},
        plan::Plan,
        project::{Lifecycle, Project, Revision},
        task::{Place, Rank, Task, TaskFields, TaskNumber},
    },
    planner::people::People,
};
use ulid::Ulid;

/// Checks what must hold for some bytes.
pub type Check = fn(&[u8]);

/// Every way in, by the name of its folder of seeds.
pub const TARGETS: [(&str, Check); 10] = [
    ("slack_form", slack::form),
    ("slack_payload", slack::payload),
    ("github", github::webhook),
    ("linear", github::linear),
    ("command", command::line),
    ("phrase", phrase::words),
    ("cron", time::rule),
    ("time", time::moment),
    ("patch", patch::operations),
    ("mrkdwn", mrkdwn::text),
];

/// Checks what holds for these bytes.
pub fn run(target: &str, data: &[u8]) {
    let found = TARGETS.iter().find(|(name, _)| *name == target);
    let (_, check) = found.expect("a target of this name");
    check(data);
}

/// The day on which everything happens: a Friday.
fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 20).expect("a day")
}

/// The bytes as the text that a person could have typed.
fn typed(data: &[u8]) -> String {
    String::from_utf8_lossy(data).into_owned()
}

/// What is said to a person says something, and does not fill their screen.
fn is_fit_to_be_said(words: &str) {
    assert!(!words.trim().is_empty() && words.chars().count() < 6_000, "{words:?}");
}

fn project() -> Project {
    Project {
        id: ProjectId::from_ulid(Ulid::from_parts(0, 1)),
        key: "AUTH".parse().expect("a key"),
        title: "Sign-in".to_owned(),
        summary: String::new(),
        lifecycle: Lifecycle::Draft,
        revision: Revision(3),
    }
}

/// `AUTH-1 Scope`, `AUTH-2 Tokens` with `AUTH-4 Issue` and `AUTH-5 Revoke`, `AUTH-3 Page` after 2.
fn plan() -> Plan {
    let mut last = BTreeMap::<u32, Rank>::new();
    let tasks = [(1, 0, "Scope"), (2, 0, "Tokens"), (4, 2, "Issue"), (5, 2, "Revoke"), (3, 0, "Page")];
    let tasks = tasks.map(|(number, parent, title)| {
        let rank = Rank::between(last.get(&parent), None);
        last.insert(parent, rank.clone());
        let mut fields = TaskFields::titled(title);
        if number == 3 {
            fields.depends_on.insert(TaskNumber(2));
        }
        let place = Place { parent: (parent > 0).then_some(TaskNumber(parent)), rank };
        Task { number: TaskNumber(number), place, fields, version: Revision(1) }
    });
    Plan::new(project(), tasks)
}

/// Ana, who speaks, and Ben.
fn people() -> People {
    let member = |number: u64, name: &str| Member {
        id: MemberId::from_ulid(Ulid::from_parts(number, 0)),
        name: name.to_owned(),
        role: Role::Member,
        standing: Standing::Full,
        time_zone: "Europe/Paris".to_owned(),
    };
    let members = vec![member(1, "Ana"), member(2, "Ben Miller")];
    let users = BTreeMap::from([("U1".to_owned(), members[0].id), ("U2".to_owned(), members[1].id)]);
    People { sender: members[0].id, members, users }
}
