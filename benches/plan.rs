//! What the pure rules cost: by what a patch touches, not by the size of the plan.

use std::collections::BTreeSet;

use divan::{Bencher, black_box};
use docket::domain::{
    apply::apply,
    diff::diff,
    ids::Id,
    patch::{Change, Mode, Operation, TaskChanges},
    plan::Plan,
    project::{Lifecycle, Project, Revision},
    task::{Place, Rank, Status, Task, TaskFields, TaskNumber},
    validate::validate,
};
use ulid::Ulid;

const SIZES: [u32; 4] = [100, 1_000, 10_000, 100_000];
/// Tasks under each task, so that the largest plan is five levels deep.
const FAN: u32 = 11;

fn main() {
    divan::main();
}

/// A tree in which every task waits for the one before it among its siblings.
fn plan(size: u32) -> Plan {
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
fn patch(size: u32) -> Vec<Operation> {
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

#[divan::bench(args = SIZES)]
fn apply_then_take_back(bencher: Bencher<'_, '_>, size: u32) {
    let (mut plan, patch) = (plan(size), patch(size));
    let operations: Vec<&Operation> = patch.iter().collect();
    bencher.bench_local(|| {
        let applied = apply(&mut plan, black_box(&operations)).expect("a valid patch");
        let inverse: Vec<&Operation> = applied.inverse.iter().collect();
        apply(&mut plan, &inverse).expect("a valid inverse")
    });
}

#[divan::bench(args = SIZES)]
fn validate_patch(bencher: Bencher<'_, '_>, size: u32) {
    let (plan, patch) = (plan(size), patch(size));
    let operations: Vec<&Operation> = patch.iter().collect();
    bencher.bench_local(|| validate(black_box(&plan), Mode::Edit, black_box(&operations)).expect("a valid patch"));
}

#[divan::bench(args = SIZES)]
fn diff_patch(bencher: Bencher<'_, '_>, size: u32) {
    let (plan, patch) = (plan(size), patch(size));
    bencher.bench_local(|| diff(black_box(&plan), black_box(&patch)));
}
