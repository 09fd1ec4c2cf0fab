//! Random plans and patches: valid ones, unlikely ones and nonsense.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use chrono::NaiveDate;
use proptest::{
    collection::{btree_set, vec},
    option,
    prelude::*,
    sample::select,
};
use ulid::Ulid;

use crate::domain::{
    fixtures::{project, rank},
    ids::{Id, MemberId},
    patch::{Change, MAX_DEPTH, Operation, ProjectChanges, TaskChanges},
    plan::Plan,
    project::{Lifecycle, Project, Revision},
    rebase::rebase,
    task::{Link, Place, Priority, Status, Task, TaskFields, TaskNumber},
};

fn id<T: Id>(bits: u128) -> T {
    T::from_ulid(Ulid::from_parts(0, bits))
}

fn place() -> impl Strategy<Value = Place> {
    (option::weighted(0.8, number()), 0..6_usize).prop_map(|(parent, nth)| Place { parent, rank: rank(nth) })
}

/// Numbers of tasks that are there, that may be new, and that are never there.
pub(super) fn number() -> impl Strategy<Value = TaskNumber> {
    prop_oneof![20 => 1..=16_u32, 4 => 30..=36_u32, 1 => Just(0), 1 => Just(999)].prop_map(TaskNumber)
}

fn title() -> impl Strategy<Value = String> {
    prop_oneof![
        30 => select(vec!["Token service", "Sign-in page", "Überblick", "דף כניסה", "🔑 keys"]).prop_map(str::to_owned),
        1 => ".{0,200}",
        1 => select(vec!["", "  ", "two\nlines"]).prop_map(str::to_owned),
    ]
}

fn link() -> impl Strategy<Value = Link> {
    let url = prop_oneof![9 => Just("https://example.com/1"), 1 => Just("javascript:alert(1)")];
    (title(), url).prop_map(|(label, url)| Link { label, url: url.to_owned() })
}

fn due() -> impl Strategy<Value = NaiveDate> {
    (1..=28_u32).prop_map(|day| NaiveDate::from_ymd_opt(2026, 11, day).unwrap())
}

fn fields() -> impl Strategy<Value = TaskFields> {
    let texts = (title(), "[a-z ]{0,20}", vec("[a-z]{1,9}", 0..3), vec(link(), 0..2));
    let figures = (
        select(Status::ALL),
        option::of((1..4_u128).prop_map(id::<MemberId>)),
        option::of(prop_oneof![30 => 1..5000_u32, 1 => Just(0)]),
        select(Priority::ALL),
        option::of(due()),
        btree_set(number(), 0..3),
    );
    (texts, figures).prop_map(|((title, description, acceptance, links), figures)| {
        let (status, assignee, estimate, priority, due, depends_on) = figures;
        TaskFields { title, description, acceptance, status, assignee, estimate, priority, due, depends_on, links }
    })
}

fn change<T: Clone + std::fmt::Debug>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Change<T>> {
    prop_oneof![16 => Just(Change::Keep), 1 => Just(Change::Clear), 4 => value.prop_map(Change::Set)]
}

fn changes() -> impl Strategy<Value = TaskChanges> {
    (
        change(title()),
        change("[a-z]{0,9}"),
        change(select(Status::ALL)),
        change((1..4_u128).prop_map(id)),
        change(0..5000_u32),
        change(due()),
        change(btree_set(number(), 0..3)),
        change(vec(link(), 0..2)),
    )
        .prop_map(|(title, description, status, assignee, estimate, due, depends_on, links)| TaskChanges {
            title,
            description,
            status,
            assignee,
            estimate,
            due,
            depends_on,
            links,
            ..TaskChanges::default()
        })
}

fn operation() -> impl Strategy<Value = Operation> {
    let project = (change(title()), change("[a-z]{0,9}"), change(select(Lifecycle::ALL)))
        .prop_map(|(title, summary, lifecycle)| ProjectChanges { title, summary, lifecycle });
    prop_oneof![
        4 => ((30..=36_u32).prop_map(TaskNumber), place(), fields())
            .prop_map(|(number, place, fields)| Operation::CreateTask { number, place, fields }),
        1 => (number(), place(), fields())
            .prop_map(|(number, place, fields)| Operation::CreateTask { number, place, fields }),
        5 => (number(), changes()).prop_map(|(number, changes)| Operation::UpdateTask { number, changes }),
        5 => (number(), place()).prop_map(|(number, to)| Operation::MoveTask { number, to }),
        3 => number().prop_map(|number| Operation::DeleteTask { number }),
        1 => project.prop_map(|changes| Operation::UpdateProject { changes }),
    ]
}

/// Any operations, sensible or not.
pub(super) fn operations() -> impl Strategy<Value = Vec<Operation>> {
    vec(operation(), 0..12)
}

/// A plan of up to `size` tasks, numbered from 1 to a prime above, in no order that the numbers would tell.
pub(super) fn plan(size: usize) -> impl Strategy<Value = Plan> {
    let seed = (any::<prop::sample::Index>(), 0..4_u8, vec(any::<prop::sample::Index>(), 0..3), 0..6_usize, fields());
    let prime = (size + 1..=2 * size + 2).find(|n| (2..*n).all(|d| n % d > 0)).unwrap();
    (vec(seed, 0..=size), 1..prime).prop_map(move |(seeds, stride)| {
        let mut plan = Plan::new(project(), []);
        let mut numbers: Vec<TaskNumber> = Vec::new();
        for (nth, (parent, root, firsts, place, mut fields)) in seeds.into_iter().enumerate() {
            let number = TaskNumber(u32::try_from((nth + 1) * stride % prime).unwrap());
            let parent = (root > 0 && !numbers.is_empty())
                .then(|| *parent.get(&numbers))
                .filter(|parent| plan.depth(*parent) < MAX_DEPTH);
            let above: BTreeSet<_> = parent
                .into_iter()
                .chain(parent.into_iter().flat_map(|p| plan.ancestors(p).map(|t| t.number)))
                .collect();
            let firsts = firsts.iter().filter(|_| !numbers.is_empty()).map(|first| *first.get(&numbers));
            fields.depends_on = firsts.filter(|first| !above.contains(first)).collect();
            make_valid(&mut fields);
            plan.put(Task { number, place: Place { parent, rank: rank(place) }, fields, version: Revision(3) });
            numbers.push(number);
        }
        plan
    })
}

fn make_valid(fields: &mut TaskFields) {
    fields.title = "Token service".to_owned();
    fields.estimate = fields.estimate.filter(|minutes| *minutes > 0);
    fields.links.clear();
}

/// A plan and a patch that validates against it: what is left of random operations.
pub(super) fn valid_patch(plan: &Plan, operations: &[Operation]) -> Vec<Operation> {
    let all: Vec<&Operation> = operations.iter().collect();
    rebase(plan, &all).kept.into_iter().map(|step| operations[step].clone()).collect()
}

/// The operations that lead from one plan to another, however far apart they are.
pub(super) fn morph(from: &Plan, to: &Plan) -> Vec<Operation> {
    let mut created: Vec<&Task> = to.tasks().filter(|task| from.task(task.number).is_none()).collect();
    created.sort_by_key(|task| to.depth(task.number));
    let mut operations: Vec<Operation> = created
        .into_iter()
        .map(|task| Operation::CreateTask {
            number: task.number,
            place: task.place.clone(),
            fields: task.fields.clone(),
        })
        .collect();
    for now in to.tasks() {
        let Some(old) = from.task(now.number) else { continue };
        if old.place != now.place {
            operations.push(Operation::MoveTask { number: now.number, to: now.place.clone() });
        }
        if old.fields != now.fields {
            let changes = TaskChanges::between(&old.fields, &now.fields);
            operations.push(Operation::UpdateTask { number: now.number, changes });
        }
    }
    let mut gone: Vec<&Task> = from.tasks().filter(|task| to.task(task.number).is_none()).collect();
    gone.sort_by_key(|task| Reverse(from.depth(task.number)));
    operations.extend(gone.into_iter().map(|task| Operation::DeleteTask { number: task.number }));
    operations
}

/// What a plan says, without when it came to say so.
pub(super) fn content(plan: &Plan) -> (Project, BTreeMap<TaskNumber, (Place, TaskFields)>) {
    let project = Project { revision: Revision(0), ..plan.project.clone() };
    (project, plan.tasks().map(|task| (task.number, (task.place.clone(), task.fields.clone()))).collect())
}
