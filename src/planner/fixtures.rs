//! A small plan and a few people for the tests of this room.

use std::collections::BTreeMap;

use ulid::Ulid;

use super::people::People;
use crate::domain::{
    ids::{Id, MemberId, ProjectId},
    member::{Member, Role, Standing},
    patch::{Change, Operation, Step},
    plan::Plan,
    project::{Lifecycle, Project, Revision},
    task::{Place, Rank, Task, TaskFields, TaskNumber, effort},
};

pub(super) fn project() -> Project {
    Project {
        id: ProjectId::from_ulid(Ulid::from_parts(1, 1)),
        key: "AUTH".parse().unwrap(),
        title: "User authentication flow".into(),
        summary: String::new(),
        lifecycle: Lifecycle::Draft,
        revision: Revision(3),
    }
}

/// A plan from lines of `(number, parent, title)`, in reading order.
pub(super) fn plan(lines: &[(u32, u32, &str)]) -> Plan {
    let mut last: BTreeMap<u32, Rank> = BTreeMap::new();
    let tasks: Vec<Task> = lines
        .iter()
        .map(|(number, parent, title)| {
            let rank = Rank::between(last.get(parent), None);
            last.insert(*parent, rank.clone());
            Task {
                number: TaskNumber(*number),
                place: Place { parent: (*parent > 0).then_some(TaskNumber(*parent)), rank },
                fields: TaskFields::titled(*title),
                version: Revision(1),
            }
        })
        .collect();
    Plan::new(project(), tasks)
}

/// `AUTH-1 Scope`, `AUTH-2 Tokens` with `AUTH-4 Issue` and `AUTH-5 Revoke`, `AUTH-3 Page` after 2.
pub(super) fn sample() -> Plan {
    let plain = plan(&[(1, 0, "Scope"), (2, 0, "Tokens"), (4, 2, "Issue"), (5, 2, "Revoke"), (3, 0, "Page")]);
    let tasks: Vec<Task> = plain.tasks().cloned().collect();
    Plan::new(
        project(),
        tasks.into_iter().map(|mut task| {
            match task.number.0 {
                2 => task.fields.estimate = Some(960),
                3 => {
                    task.fields.depends_on.insert(TaskNumber(2));
                    task.fields.estimate = Some(480);
                }
                _ => {}
            }
            task
        }),
    )
}

pub(super) fn people() -> People {
    let member = |n: u64, name: &str, standing| Member {
        id: MemberId::from_ulid(Ulid::from_parts(n, 0)),
        name: name.into(),
        role: Role::Member,
        standing,
        time_zone: "UTC".into(),
    };
    let members = vec![
        member(1, "Ana Lopez", Standing::Full),
        member(2, "Ben", Standing::Full),
        member(3, "Anabel", Standing::Guest),
        member(4, "Robot", Standing::Bot),
    ];
    let users = BTreeMap::from([("U1".to_owned(), members[0].id), ("U2".to_owned(), members[1].id)]);
    People { sender: members[0].id, members, users }
}

/// The steps as short lines, for snapshots.
pub(super) fn shown(steps: &[Step]) -> String {
    steps.iter().map(|step| line(step) + "\n").collect()
}

fn line(step: &Step) -> String {
    let under = |place: &Place| place.parent.map_or(String::new(), |parent| format!(" under {parent}"));
    let what = match &step.operation {
        Operation::CreateTask { number, place, fields } => {
            let after: Vec<_> = fields.depends_on.iter().map(ToString::to_string).collect();
            let after = if after.is_empty() { String::new() } else { format!(" after {}", after.join(", ")) };
            let estimate = fields.estimate.map_or(String::new(), |minutes| format!(" ({})", effort(minutes)));
            format!("+ {number} {}{estimate}{}{after}", fields.title, under(place))
        }
        Operation::UpdateTask { number, changes } => {
            let json = serde_json::to_string(changes).unwrap();
            format!("~ {number} {json}")
        }
        Operation::MoveTask { number, to } => format!("> {number}{}", under(to)),
        Operation::DeleteTask { number } => format!("- {number}"),
        Operation::UpdateProject { changes } => {
            let mut said = Vec::new();
            if let Change::Set(title) = &changes.title {
                said.push(format!("title {title:?}"));
            }
            match &changes.summary {
                Change::Set(summary) => said.push(format!("summary {summary:?}")),
                Change::Clear => said.push("no summary".into()),
                Change::Keep => {}
            }
            format!("~ project {}", said.join(" "))
        }
    };
    if step.reason.is_empty() { what } else { format!("{what}  [{}]", step.reason) }
}
