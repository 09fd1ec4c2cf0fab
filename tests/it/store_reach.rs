//! The part of a plan that operations can reach: the rules say the same about it as about the whole plan.

use std::collections::BTreeSet;

use docket::{
    clock::Chance,
    domain::{
        apply::{Applied, apply},
        closure::closure,
        diff::{Diff, diff},
        patch::{Change, Mode, Operation, TaskChanges},
        plan::Plan,
        project::Revision,
        rebase::{Moved, Rebased, rebase, snapshot, staleness},
        task::{Place, Rank, Status, Task, TaskFields, TaskNumber},
        validate::{Problem, validate},
    },
};

use crate::support::{
    db::{TestDb, for_each_db},
    sample,
};

for_each_db! {
    the_rules_say_the_same_about_a_part_as_about_the_whole,
    a_part_leaves_out_what_no_operation_can_reach,
}

const TASKS: u32 = 40;

fn below(chance: &Chance, end: u32) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a fraction of a small number")]
    let number = (chance.fraction() * f64::from(end)) as u32;
    number
}

fn random_place(chance: &Chance, parent: Option<TaskNumber>) -> Place {
    let rank = (0..below(chance, 5)).fold(Rank::only(), |rank, _| Rank::between(Some(&rank), None));
    Place { parent, rank }
}

/// Parents and dependencies have lower numbers, so there is no cycle; a task does not wait for one it stands under.
fn random_tasks(chance: &Chance) -> Vec<Task> {
    let mut above: Vec<BTreeSet<u32>> = vec![BTreeSet::new()];
    (1..=TASKS)
        .map(|n| {
            // Few levels are likelier to leave room for more.
            let parent = Some(below(chance, n)).filter(|parent| *parent > 0 && above[*parent as usize].len() < 4);
            let over = parent.map(|parent| above[parent as usize].iter().copied().chain([parent]).collect());
            let over: BTreeSet<u32> = over.unwrap_or_default();
            let firsts = (0..below(chance, 3)).map(|_| below(chance, n));
            let depends_on: Vec<_> = firsts.filter(|first| *first > 0 && !over.contains(first)).collect();
            above.push(over);
            let task = sample::task(n, parent, &depends_on);
            Task { place: random_place(chance, task.place.parent), ..task }
        })
        .collect()
}

fn random_operation(chance: &Chance) -> Operation {
    // Now and then one that is not there.
    let any = || TaskNumber(1 + below(chance, TASKS + 3));
    let number = any();
    let place = random_place(chance, Some(any()).filter(|_| chance.fraction() < 0.8));
    let depends_on: BTreeSet<_> = (0..below(chance, 3)).map(|_| any()).collect();
    match below(chance, 7) {
        0 => {
            let fields = TaskFields { depends_on, ..TaskFields::titled("New") };
            Operation::CreateTask { number: TaskNumber(TASKS + below(chance, 6)), place, fields }
        }
        1 => {
            let depends_on = if depends_on.is_empty() { Change::Clear } else { Change::Set(depends_on) };
            Operation::UpdateTask { number, changes: TaskChanges { depends_on, ..TaskChanges::default() } }
        }
        2 => {
            let changes = TaskChanges { status: Change::Set(Status::Done), ..TaskChanges::default() };
            Operation::UpdateTask { number, changes }
        }
        3..5 => Operation::MoveTask { number, to: place },
        _ => Operation::DeleteTask { number },
    }
}

/// All that the rules say about operations, judged by `plan`. `before` is how the tasks once were.
#[derive(Debug, PartialEq)]
struct Verdict {
    valid: [Result<(), Vec<Problem>>; 2],
    applied: Result<Applied, Vec<Problem>>,
    stale: Vec<Moved>,
    rebased: Rebased,
    closures: Vec<BTreeSet<usize>>,
    diff: Diff,
}

fn verdict(plan: &Plan, before: &Plan, operations: &[&Operation]) -> Verdict {
    let under = operations.iter().find_map(|operation| operation.task()).unwrap_or(TaskNumber(1));
    Verdict {
        valid: [Mode::Edit, Mode::Task { number: under }].map(|mode| validate(plan, mode, operations)),
        applied: apply(&mut plan.clone(), operations),
        stale: staleness(plan, &snapshot(before, operations), operations),
        rebased: rebase(plan, operations),
        closures: (0..operations.len()).map(|step| closure(plan, operations, &BTreeSet::from([step]))).collect(),
        diff: diff(plan, operations.iter().copied()),
    }
}

async fn the_rules_say_the_same_about_a_part_as_about_the_whole(db: &TestDb) {
    let plans = if db.store.engine() == "sqlite" { 24 } else { 6 };
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    let (mut valid, mut invalid) = (0, 0);
    for seed in 0..plans {
        let chance = db.clock.chance(1_000 + seed);
        let mut project = sample::project(&chance, &format!("P{seed}"));
        let mut tx = db.store.write(tenant).await.unwrap();
        tx.insert_project(&project, TaskNumber(TASKS + 1), chance.now()).await.unwrap();
        project.revision = Revision(1);
        let whole = Plan::new(project.clone(), random_tasks(&chance));
        let before = Plan::new(project.clone(), random_tasks(&chance).into_iter().map(older));
        let all = whole.tasks().map(|task| task.number).collect();
        assert!(tx.save_plan(&whole, &all, Revision(0), chance.now()).await.unwrap());
        tx.commit().await.unwrap();

        let mut tx = db.store.read(tenant).await.unwrap();
        assert!(tx.plan_part(chance.id(), &[]).await.unwrap().is_none());
        for _ in 0..40 {
            let operations: Vec<_> = (0..=below(&chance, 7)).map(|_| random_operation(&chance)).collect();
            let all: Vec<&Operation> = operations.iter().collect();
            let sound: Vec<&Operation> = rebase(&whole, &all).kept.into_iter().map(|step| all[step]).collect();
            for operations in [all, sound] {
                let part = tx.plan_part(project.id, &operations).await.unwrap().unwrap();
                assert_eq!(part.project, whole.project);
                let expected = verdict(&whole, &before, &operations);
                assert_eq!(verdict(&part, &before, &operations), expected, "{operations:?}");
                *if expected.applied.is_ok() { &mut valid } else { &mut invalid } += 1;
            }
        }
    }
    assert!(valid > 100 && invalid > 100, "{valid} valid and {invalid} invalid");
}

/// A task that has changed since, or only seems to have.
fn older(task: Task) -> Task {
    Task { version: Revision(0), ..task }
}

async fn a_part_leaves_out_what_no_operation_can_reach(db: &TestDb) {
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    let mut project = sample::project(&db.chance, "AUTH");
    let mut tx = db.store.write(tenant).await.unwrap();
    tx.insert_project(&project, TaskNumber(9), db.chance.now()).await.unwrap();
    project.revision = Revision(1);
    let tasks = [
        sample::task(1, None, &[]),
        sample::task(2, Some(1), &[3]),
        sample::task(3, None, &[4]),
        sample::task(4, None, &[]),
        sample::task(5, Some(1), &[2]),
        sample::task(6, Some(2), &[]),
    ];
    let plan = Plan::new(project.clone(), tasks);
    let all = plan.tasks().map(|task| task.number).collect();
    assert!(tx.save_plan(&plan, &all, Revision(0), db.chance.now()).await.unwrap());

    let two = TaskNumber(2);
    let status = TaskChanges { status: Change::Set(Status::Done), ..TaskChanges::default() };
    let waits = TaskChanges { depends_on: Change::Set(BTreeSet::from([TaskNumber(3)])), ..TaskChanges::default() };
    let cases: [(Operation, &[u32]); 4] = [
        (Operation::UpdateTask { number: two, changes: status }, &[1, 2, 3]),
        (Operation::UpdateTask { number: two, changes: waits }, &[1, 2, 3, 4]),
        (Operation::MoveTask { number: two, to: Place { parent: None, rank: Rank::only() } }, &[1, 2, 3, 4, 6]),
        (Operation::DeleteTask { number: two }, &[1, 2, 3, 4, 5, 6]),
    ];
    for (operation, expected) in cases {
        let part = tx.plan_part(project.id, &[&operation]).await.unwrap().unwrap();
        let loaded: Vec<_> = part.tasks().map(|task| task.number.0).collect();
        assert_eq!(loaded, expected, "{operation:?}");
    }
}
