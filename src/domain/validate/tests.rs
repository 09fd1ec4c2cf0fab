//! Every rule as a row: what is proposed, and what is said about it.

use super::*;
use crate::domain::{
    fixtures::{create, delete, plan, rename, shift, update, wait},
    patch::{Change, MAX_ESTIMATE, ProjectChanges, TaskChanges},
    task::{Link, TaskFields},
};

/// 1 ─ 2 ─ 3, then 4 that waits for 3, then a chain down to depth 5.
fn tree() -> Plan {
    plan(&[
        (1, 0, &[]),
        (2, 1, &[]),
        (3, 2, &[]),
        (4, 0, &[3]),
        (10, 0, &[]),
        (11, 10, &[]),
        (12, 11, &[]),
        (13, 12, &[]),
        (14, 13, &[]),
        (15, 14, &[]),
    ])
}

fn words(mode: Mode, operations: &[Operation]) -> String {
    let plan = tree();
    let operations: Vec<&Operation> = operations.iter().collect();
    match validate(&plan, mode, &operations) {
        Ok(()) => "fine".to_owned(),
        Err(problems) => problems
            .iter()
            .map(|problem| {
                let step = problem.step.map_or_else(|| "all".to_owned(), |step| step.to_string());
                format!("{step}: {}", problem.words(&plan.project.key))
            })
            .collect::<Vec<_>>()
            .join("\n"),
    }
}

fn edit(operations: &[Operation]) -> String {
    words(Mode::Edit, operations)
}

fn with(number: u32, change: impl FnOnce(&mut TaskFields)) -> Operation {
    let mut fields = TaskFields::titled("New");
    change(&mut fields);
    match create(number, 0, &[]) {
        Operation::CreateTask { number, place, .. } => Operation::CreateTask { number, place, fields },
        other => other,
    }
}

#[test]
fn what_makes_sense_is_fine() {
    let fine: &[&[Operation]] = &[
        &[create(20, 0, &[]), create(21, 20, &[3, 22]), create(22, 20, &[])],
        &[rename(1, &"x".repeat(120)), rename(2, "דף כניסה 🔑")],
        &[wait(4, &[]), delete(3), delete(2), delete(1)],
        &[shift(3, 0), delete(2)],
        // Two tasks trade places, and a dependency is turned around, whichever step comes first.
        &[shift(1, 2), shift(2, 0)],
        &[wait(3, &[4]), wait(4, &[])],
        &[shift(11, 0), create(20, 15, &[])],
    ];
    for operations in fine {
        assert_eq!(edit(operations), "fine", "{operations:?}");
    }
}

#[test]
fn numbers_and_tasks_must_be_there_or_not() {
    insta::assert_snapshot!(edit(&[
        create(0, 0, &[]), create(2, 0, &[]), create(20, 0, &[]), create(20, 0, &[]),
        rename(99, "Nowhere"), shift(98, 1), delete(97), create(21, 96, &[]), create(22, 0, &[95]), create(24, 23, &[]),
        create(23, 0, &[]),
    ]), @r#"
    0: A new task has the number 0: numbers start at 1.
    1: AUTH-2 is already there: a new task needs a number that was never used.
    3: AUTH-20 is already there: a new task needs a number that was never used.
    4: There is no task AUTH-99.
    5: There is no task AUTH-98.
    6: There is no task AUTH-97.
    7: AUTH-21 can't go under AUTH-96, which is not there: name a task that exists, or that an earlier step creates.
    8: AUTH-22 can't depend on AUTH-95: there is no AUTH-95.
    9: AUTH-24 can't go under AUTH-23, which is not there: name a task that exists, or that an earlier step creates.
    "#);
}

#[test]
fn a_task_that_goes_takes_nothing_by_surprise() {
    insta::assert_snapshot!(edit(&[delete(1), delete(3)]), @r#"
    0: AUTH-1 can't be deleted while AUTH-2 is under it: delete or move what is under it first.
    1: AUTH-3 can't be deleted while AUTH-4 depends on it: drop that dependency in the same patch.
    "#);
    insta::assert_snapshot!(edit(&[rename(4, "Last words"), delete(4), shift(4, 1), delete(4), wait(2, &[4])]), @r#"
    0: AUTH-4 is deleted by this patch, so no other step can touch it: keep one of the two.
    2: AUTH-4 is deleted by this patch, so no other step can touch it: keep one of the two.
    3: AUTH-4 is deleted by this patch, so no other step can touch it: keep one of the two.
    4: AUTH-2 can't depend on AUTH-4, which this patch deletes: drop one of the two.
    "#);
}

#[test]
fn circles_are_spelled_out() {
    insta::assert_snapshot!(edit(&[shift(1, 3)]), @"0: AUTH-1 can't go under a task that is under AUTH-1 itself: AUTH-1 → AUTH-3 → AUTH-2 → AUTH-1.");
    insta::assert_snapshot!(edit(&[shift(2, 2), create(20, 20, &[20])]), @r#"
    0: AUTH-2 can't go under itself.
    1: AUTH-20 can't go under itself.
    1: AUTH-20 can't depend on itself.
    "#);
    insta::assert_snapshot!(edit(&[create(20, 0, &[21]), create(21, 0, &[4]), wait(3, &[20])]), @"2: These tasks would wait for each other: AUTH-3 → AUTH-20 → AUTH-21 → AUTH-4 → AUTH-3. Drop one of the dependencies.");
    insta::assert_snapshot!(edit(&[wait(3, &[1]), wait(10, &[15])]), @r#"
    0: AUTH-3 can't depend on AUTH-1 and be part of it: they would wait for each other (AUTH-3 → AUTH-1 → AUTH-3).
    1: AUTH-10 can't depend on AUTH-15, a part of it: they would wait for each other (AUTH-10 → AUTH-15 → AUTH-10).
    "#);
    insta::assert_snapshot!(edit(&[shift(4, 3)]), @"0: AUTH-4 can't depend on AUTH-3 and be part of it: they would wait for each other (AUTH-4 → AUTH-3 → AUTH-4).");
}

#[test]
fn nothing_stands_deeper_than_the_deepest() {
    insta::assert_snapshot!(edit(&[create(20, 15, &[]), shift(1, 13)]), @r#"
    0: AUTH-20 would reach depth 6, and 5 is the deepest: put it higher up.
    1: AUTH-1 would reach depth 6, and 5 is the deepest: put it higher up.
    "#);
}

#[test]
fn a_change_says_something_and_clears_only_what_may_be_empty() {
    insta::assert_snapshot!(edit(&[]), @"all: Nothing would be different after this: the plan already says so.");
    insta::assert_snapshot!(edit(&[rename(1, "Task 1")]), @"all: Nothing would be different after this: the plan already says so.");
    insta::assert_snapshot!(edit(&[
        update(1, TaskChanges::default()),
        update(2, TaskChanges {
            title: Change::Clear,
            status: Change::Clear,
            priority: Change::Clear,
            description: Change::Clear,
            ..TaskChanges::default()
        }),
        Operation::UpdateProject { changes: ProjectChanges::default() },
        Operation::UpdateProject {
            changes: ProjectChanges { title: Change::Clear, summary: Change::Clear, lifecycle: Change::Clear },
        },
    ]), @r#"
    0: The change of AUTH-1 changes nothing: say which field gets which value, or leave it out.
    1: The title of AUTH-2 can't be cleared: give it another value.
    1: The status of AUTH-2 can't be cleared: give it another value.
    1: The priority of AUTH-2 can't be cleared: give it another value.
    2: The change of the project AUTH changes nothing: say which field gets which value, or leave it out.
    3: The title of the project AUTH can't be cleared: give it another value.
    3: The lifecycle of the project AUTH can't be cleared: give it another value.
    "#);
}

#[test]
fn texts_and_figures_keep_to_their_limits() {
    let link = |url: &str| Link { label: "PR".to_owned(), url: url.to_owned() };
    insta::assert_snapshot!(edit(&[
        rename(1, "  "),
        rename(2, &"Überlang ".repeat(1200)),
        rename(3, "Title\nwith <!channel> and a second line"),
        with(20, |fields| fields.estimate = Some(0)),
        with(21, |fields| fields.estimate = Some(MAX_ESTIMATE + 1)),
        with(22, |fields| fields.description = "a\u{0}b".to_owned()),
        with(23, |fields| fields.description = "x".repeat(10_001)),
        with(24, |fields| fields.acceptance = vec!["y".repeat(501), String::new()]),
        with(25, |fields| fields.acceptance = vec!["It works".to_owned(); 21]),
        with(26, |fields| fields.links = vec![link("javascript:alert(1)"), link("https://"), link("https://a b")]),
        with(27, |fields| fields.links = vec![link("HTTPS://example.com/?q=1#f"); 51]),
        with(28, |fields| fields.links = vec![link(&format!("http://{}", "z".repeat(2000)))]),
    ]), @r#"
    0: The title of AUTH-1 is empty: write something.
    1: The title of AUTH-2 has 10799 characters, at most 120 fit: "Überlang Überlang Überlang Überlang Über…".
    2: The title of AUTH-3 must be one line without control characters: "Title with <!channel> and a second line".
    3: The estimate of AUTH-20 is 0 minutes: it must be 1 to 100000 minutes (208 d 2 h 40 min).
    4: The estimate of AUTH-21 is 100001 minutes: it must be 1 to 100000 minutes (208 d 2 h 40 min).
    5: The description of AUTH-22 contains control characters: take them out of "a b".
    6: The description of AUTH-23 has 10001 characters, at most 10000 fit: "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…".
    7: The acceptance criterion of AUTH-24 has 501 characters, at most 500 fit: "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy…".
    7: The acceptance criterion of AUTH-24 is empty: write something.
    8: 21 acceptance criteria of AUTH-25 are too many: at most 20.
    9: The link of AUTH-26 must be an http:// or https:// address: "javascript:alert(1)" is not.
    9: The link of AUTH-26 must be an http:// or https:// address: "https://" is not.
    9: The link of AUTH-26 must be an http:// or https:// address: "https://a b" is not.
    10: 51 links of AUTH-27 are too many: at most 50.
    11: The link of AUTH-28 has 2007 characters, at most 2000 fit: "http://zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz…".
    "#);
}

#[test]
fn each_mode_has_its_size() {
    let roots: Vec<Operation> = (20..27).map(|number| create(number, 0, &[])).collect();
    insta::assert_snapshot!(words(Mode::Project, &roots), @"all: 7 new top-level tasks are too many: plan at most 6 deliverables, and break them down afterwards.");
    assert_eq!(words(Mode::Project, &roots[1..]), "fine");
    let children: Vec<Operation> = (20..28).map(|number| create(number, 4, &[])).collect();
    let under = Mode::Task { number: TaskNumber(4) };
    insta::assert_snapshot!(words(under, &children), @"all: 8 new tasks directly under AUTH-4 are too many: at most 7. Combine some.");
    assert_eq!(words(under, &[&children[1..], &[create(30, 21, &[])]].concat()), "fine");
    insta::assert_snapshot!(words(under, &[create(20, 1, &[]), create(21, 0, &[])]), @r#"
    0: AUTH-20 is not under AUTH-4, which is being broken down: put it there.
    1: AUTH-21 is not under AUTH-4, which is being broken down: put it there.
    "#);
    let many: Vec<Operation> = (20..221).map(|number| create(number, 0, &[])).collect();
    insta::assert_snapshot!(edit(&many), @"all: 201 changes are too many: a patch holds at most 200. Split it.");
    assert_eq!(edit(&many[1..]), "fine");
}

#[test]
fn the_part_of_a_plan_that_a_patch_reaches_is_enough() {
    let part = plan(&[(10, 0, &[]), (11, 10, &[])]);
    assert_eq!(validate(&part, Mode::Edit, &[&rename(11, "Renamed"), &create(20, 11, &[])]), Ok(()));
}
