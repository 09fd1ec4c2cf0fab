//! Small plans for tests, told in a line per task.

use std::collections::BTreeSet;

use ulid::Ulid;

use super::{
    event::Venue,
    ids::Id,
    member::Surface,
    patch::{Before, Change, Confidence, Mode, Operation, Origin, Patch, PatchCode, PatchState, TaskChanges},
    plan::Plan,
    project::{Lifecycle, Project, Revision},
    task::{Place, Rank, Task, TaskFields, TaskNumber},
    time::Timestamp,
};

fn id<T: Id>(bits: u128) -> T {
    T::from_ulid(Ulid::from_parts(0, bits))
}

pub(super) fn project() -> Project {
    Project {
        id: id(1),
        key: "AUTH".parse().unwrap(),
        title: "Sign-in".to_owned(),
        summary: String::new(),
        lifecycle: Lifecycle::Draft,
        revision: Revision(7),
    }
}

/// The `nth` of a row of ranks.
pub(super) fn rank(nth: usize) -> Rank {
    (0..nth).fold(Rank::only(), |rank, _| Rank::between(Some(&rank), None))
}

/// A plan of tasks given as number, parent (0 for the top level) and what they wait for.
pub(super) fn plan(tasks: &[(u32, u32, &[u32])]) -> Plan {
    let task = |(nth, (number, parent, firsts)): (usize, &(u32, u32, &[u32]))| Task {
        number: TaskNumber(*number),
        place: Place { parent: parent_of(*parent), rank: rank(nth) },
        fields: waiting(&format!("Task {number}"), firsts),
        version: Revision(3),
    };
    Plan::new(project(), tasks.iter().enumerate().map(task))
}

fn parent_of(parent: u32) -> Option<TaskNumber> {
    (parent > 0).then_some(TaskNumber(parent))
}

fn waiting(title: &str, firsts: &[u32]) -> TaskFields {
    TaskFields { depends_on: numbers(firsts), ..TaskFields::titled(title) }
}

pub(super) fn numbers(numbers: &[u32]) -> BTreeSet<TaskNumber> {
    numbers.iter().copied().map(TaskNumber).collect()
}

pub(super) fn create(number: u32, parent: u32, firsts: &[u32]) -> Operation {
    let place = Place { parent: parent_of(parent), rank: rank(20) };
    Operation::CreateTask { number: TaskNumber(number), place, fields: waiting(&format!("Task {number}"), firsts) }
}

pub(super) fn update(number: u32, changes: TaskChanges) -> Operation {
    Operation::UpdateTask { number: TaskNumber(number), changes }
}

pub(super) fn rename(number: u32, title: &str) -> Operation {
    update(number, TaskChanges { title: Change::Set(title.to_owned()), ..TaskChanges::default() })
}

pub(super) fn wait(number: u32, firsts: &[u32]) -> Operation {
    let depends_on = if firsts.is_empty() { Change::Clear } else { Change::Set(numbers(firsts)) };
    update(number, TaskChanges { depends_on, ..TaskChanges::default() })
}

pub(super) fn shift(number: u32, parent: u32) -> Operation {
    Operation::MoveTask { number: TaskNumber(number), to: Place { parent: parent_of(parent), rank: rank(20) } }
}

pub(super) fn delete(number: u32) -> Operation {
    Operation::DeleteTask { number: TaskNumber(number) }
}

/// A patch of these operations, as it would be stored.
pub(super) fn patch(operations: Vec<Operation>) -> Patch {
    let venue = Venue {
        surface: Surface::Slack,
        team: "T1".to_owned(),
        channel: "C1".to_owned(),
        thread: Some("1.2".to_owned()),
    };
    Patch {
        id: id(2),
        code: PatchCode(41),
        revision: 1,
        project: id(1),
        founding: None,
        base: Revision(7),
        mode: Mode::Task { number: TaskNumber(3) },
        title: "plan the sign-in".to_owned(),
        steps: operations.into_iter().map(Into::into).collect(),
        before: Before::default(),
        author: id(3),
        origin: Origin {
            venue,
            words: "plan the sign-in".to_owned(),
            method: String::new(),
            delivery: None,
            drafted: None,
            moves: std::collections::BTreeSet::new(),
        },
        confidence: Confidence::High,
        state: PatchState::Proposed,
        supersedes: Some(id(4)),
        undoes: None,
        created_at: Timestamp::from_millis(1),
        expires_at: Timestamp::from_millis(2),
    }
}
