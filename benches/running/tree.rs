//! A plan and a patch of it, as the pure rules are measured with.

use std::collections::BTreeSet;

use docket::domain::{
    ids::Id,
    patch::{Change, Operation, TaskChanges},
    plan::Plan,
    project::{Lifecycle, Project, Revision},
    task::{Place, Rank, Status, Task, TaskFields, TaskNumber},
};
use ulid::Ulid;

/// Tasks in a plan.
pub(crate) const SIZES: [u32; 4] = [100, 1_000, 10_000, 100_000];
/// Tasks under each task, so that the largest plan is five levels deep.
const FAN: u32 = 11;

/// A tree in which every task waits for the one before it among its siblings.
pub(crate) fn plan(size: u32) -> Plan {
    let project = Project {
        id: Id::from_ulid(Ulid::from_parts(0, 1)),
        key: "AUTH".parse().expect("a key"),
        title: "Sign-in".to_owned(),
        summary: String::new(),
        lifecycle: Lifecycle::Draft,
        revision: Revision(1),
    };
    let ranks: Vec<Rank> =
        std::iter::successors(Some(Rank::only()), |rank| Some(Rank::between(Some(rank), None))).take(11).collect();
    let tasks = (1..=size).map(|number| {
        let (above, nth) = ((number - 1) / FAN, (number - 1) % FAN);
        let mut fields = TaskFields::titled(format!("Task {number}"));
        if nth > 0 {
            fields.depends_on = BTreeSet::from([TaskNumber(number - 1)]);
        }
        Task {
            number: TaskNumber(number),
            place: Place { parent: (above > 0).then_some(TaskNumber(above)), rank: ranks[nth as usize].clone() },
            fields,
            version: Revision(1),
        }
    });
    Plan::new(project, tasks)
}

/// One of each: a new task, its child, two changes and a move of a leaf.
pub(crate) fn patch(size: u32) -> Vec<Operation> {
    let place = |parent| Place { parent: Some(TaskNumber(parent)), rank: Rank::only() };
    let create = |number, parent, first| Operation::CreateTask {
        number: TaskNumber(number),
        place: place(parent),
        fields: TaskFields { depends_on: BTreeSet::from([TaskNumber(first)]), ..TaskFields::titled("New") },
    };
    let update = |number, changes| Operation::UpdateTask { number: TaskNumber(number), changes };
    vec![
        create(size + 1, 1, 5),
        create(size + 2, size + 1, 6),
        update(2, TaskChanges { title: Change::Set("Renamed".to_owned()), ..TaskChanges::default() }),
        update(size / 2, TaskChanges { status: Change::Set(Status::Done), ..TaskChanges::default() }),
        Operation::MoveTask { number: TaskNumber(size), to: place(2) },
    ]
}
