//! Laws that hold for every plan and every patch.

mod made;

use std::collections::BTreeSet;

use proptest::{collection::btree_set, prelude::*};

use super::{
    apply::{Applied, apply},
    closure::closure,
    diff::diff,
    fixtures,
    lesson::{Edit, distance, edits},
    patch::{Before, MAX_DEPTH, Mode, Operation, Patch, Step},
    plan::Plan,
    rebase::{rebase, snapshot, staleness},
    task::{Link, TaskNumber},
    validate::{Flaw, Problem, validate},
};

fn refs(operations: &[Operation]) -> Vec<&Operation> {
    operations.iter().collect()
}

fn pick<'a>(operations: &[&'a Operation], steps: &BTreeSet<usize>) -> Vec<&'a Operation> {
    steps.iter().map(|step| operations[*step]).collect()
}

fn touched(operations: &[&Operation]) -> BTreeSet<Option<TaskNumber>> {
    operations.iter().map(|operation| operation.task()).collect()
}

/// The laws of a plan, written down once more and plainly.
fn assert_sound(plan: &Plan) -> Result<(), TestCaseError> {
    prop_assert_eq!(plan.tree().len(), plan.len(), "tasks hang in the air or in a circle");
    let mut waiting: BTreeSet<TaskNumber> = plan.tasks().map(|task| task.number).collect();
    for task in plan.tasks() {
        prop_assert!(plan.depth(task.number) <= MAX_DEPTH, "{} is too deep", task.number);
        for first in &task.fields.depends_on {
            prop_assert!(plan.task(*first).is_some(), "{} waits for nothing", task.number);
            let kin = |one, other| plan.ancestors(one).any(|above| above.number == other);
            prop_assert!(!kin(task.number, *first) && !kin(*first, task.number), "{} waits for kin", task.number);
        }
    }
    while !waiting.is_empty() {
        let free =
            |number: &TaskNumber| plan.task(*number).is_some_and(|task| task.fields.depends_on.is_disjoint(&waiting));
        let free: Vec<_> = waiting.iter().copied().filter(free).collect();
        prop_assert!(!free.is_empty(), "{:?} wait for each other", waiting);
        waiting.retain(|number| !free.contains(number));
    }
    Ok(())
}

fn assert_undoes(plan: &Plan, operations: &[&Operation]) -> Result<Plan, TestCaseError> {
    let mut changed = plan.clone();
    let Applied { inverse, touched } =
        apply(&mut changed, operations).map_err(|problems| TestCaseError::fail(format!("{problems:?}")))?;
    prop_assert_eq!(changed.project.revision, plan.project.revision.next());
    for task in changed.tasks() {
        let version = plan.task(task.number).map(|old| old.version).filter(|_| !touched.contains(&task.number));
        prop_assert_eq!(task.version, version.unwrap_or(changed.project.revision), "{}", task.number);
    }
    assert_sound(&changed)?;
    let mut restored = changed.clone();
    let again = apply(&mut restored, &refs(&inverse));
    prop_assert!(again.is_ok(), "{:?} by {:?}", again, inverse);
    prop_assert_eq!(made::content(&restored), made::content(plan));
    prop_assert_eq!(again.map(|applied| applied.touched), Ok(touched));
    prop_assert_eq!(&restored, &Plan::new(restored.project.clone(), restored.tasks().cloned()));
    Ok(changed)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn applying_accepts_exactly_what_validation_accepts(plan in made::plan(30), operations in made::operations()) {
        let operations = refs(&operations);
        let verdict = validate(&plan, Mode::Edit, &operations);
        let mut changed = plan.clone();
        match apply(&mut changed, &operations) {
            Ok(_) => prop_assert_eq!(verdict, Ok(())),
            Err(problems) => {
                for problem in &problems {
                    prop_assert!(problem.step.is_none_or(|step| step < operations.len()));
                    prop_assert!(problem.words(&plan.project.key).ends_with('.'));
                }
                prop_assert!(problems.is_sorted_by_key(|problem| problem.step.unwrap_or(usize::MAX)));
                prop_assert_eq!(verdict, Err(problems));
                prop_assert_eq!(changed, plan);
            }
        }
    }

    #[test]
    fn the_inverse_restores_the_plan(plan in made::plan(30), operations in made::operations()) {
        let operations = made::valid_patch(&plan, &operations);
        if !operations.is_empty() {
            assert_undoes(&plan, &refs(&operations))?;
        }
    }

    #[test]
    fn a_plan_turns_into_any_other_and_back(from in made::plan(12), to in made::plan(12)) {
        let operations = made::morph(&from, &to);
        if !operations.is_empty() {
            let reached = assert_undoes(&from, &refs(&operations))?;
            prop_assert_eq!(made::content(&reached), made::content(&to));
        }
    }

    #[test]
    fn a_patch_over_an_untouched_change_means_the_same_in_either_order(
        plan in made::plan(30), mine in made::operations(), theirs in made::operations(),
    ) {
        let (mine, theirs) = (made::valid_patch(&plan, &mine), made::valid_patch(&plan, &theirs));
        let (mine, theirs) = (refs(&mine), refs(&theirs));
        let mut now = plan.clone();
        if apply(&mut now, &theirs).is_err() {
            return Ok(());
        }
        let moved = staleness(&now, &snapshot(&plan, &mine), &mine);
        for moved in &moved {
            prop_assert!(moved.words(&plan.project.key, &|member| member.to_string()).ends_with('.'));
        }
        let applies = apply(&mut now, &mine).is_ok();
        prop_assert!(applies || !moved.is_empty());
        let mut other = plan.clone();
        let apart = touched(&mine).is_disjoint(&touched(&theirs));
        if apart && applies && apply(&mut other, &mine).is_ok() && apply(&mut other, &theirs).is_ok() {
            prop_assert_eq!(moved, vec![]);
            prop_assert_eq!(made::content(&now), made::content(&other));
        }
    }

    #[test]
    fn what_a_rebase_keeps_validates(plan in made::plan(20), operations in made::operations()) {
        let operations = refs(&operations);
        let rebased = rebase(&plan, &operations);
        let kept: Vec<&Operation> = rebased.kept.iter().map(|step| operations[*step]).collect();
        if !kept.is_empty() {
            prop_assert_eq!(validate(&plan, Mode::Edit, &kept), Ok(()));
            prop_assert_eq!(staleness(&plan, &rebased.before, &kept), vec![]);
        }
        let mut all: Vec<usize> = rebased.dropped.iter().map(|(step, _)| *step).chain(rebased.kept).collect();
        all.sort_unstable();
        prop_assert_eq!(all, (0..operations.len()).collect::<Vec<_>>());
        if validate(&plan, Mode::Edit, &operations).is_ok() {
            let seen: BTreeSet<usize> = diff(&plan, operations.iter().copied()).entries.iter().map(|e| e.step).collect();
            for (step, _) in rebased.dropped {
                prop_assert!(!seen.contains(&step), "{:?} was dropped", operations[step]);
            }
        }
    }

    #[test]
    fn a_closure_is_closed_and_grows_with_what_is_ticked(
        plan in made::plan(15), operations in made::operations(),
        few in btree_set(0..12_usize, 0..4), more in btree_set(0..12_usize, 0..4),
    ) {
        let operations = refs(&operations);
        let closed = closure(&plan, &operations, &few);
        prop_assert!(few.iter().all(|step| *step >= operations.len() || closed.contains(step)));
        prop_assert_eq!(&closure(&plan, &operations, &closed), &closed);
        let both = closure(&plan, &operations, &few.union(&more).copied().collect());
        prop_assert!(closed.is_subset(&both));
    }

    #[test]
    fn a_part_of_a_valid_patch_is_valid_once_it_is_closed(
        from in made::plan(9), to in made::plan(9), operations in made::operations(),
        ticked in btree_set(0..20_usize, 0..4),
    ) {
        for operations in [made::morph(&from, &to), made::valid_patch(&from, &operations)] {
            let operations = refs(&operations);
            if validate(&from, Mode::Edit, &operations).is_err() {
                continue;
            }
            let closed = closure(&from, &operations, &ticked);
            let verdict = validate(&from, Mode::Edit, &pick(&operations, &closed));
            let idle = Err(vec![Problem { step: None, flaw: Flaw::Empty }]);
            prop_assert!(verdict.is_ok() || verdict == idle, "{:?} {:?}", closed, verdict);
        }
    }

    #[test]
    fn a_diff_shows_every_step_that_does_something(plan in made::plan(15), operations in made::operations()) {
        let seen = diff(&plan, &operations);
        prop_assert!(seen.entries.is_sorted_by_key(|entry| entry.step));
        let shown: BTreeSet<usize> = seen.entries.iter().map(|entry| entry.step).collect();
        for (step, operation) in operations.iter().enumerate() {
            if matches!(operation, Operation::CreateTask { .. } | Operation::DeleteTask { .. }) {
                prop_assert!(shown.contains(&step));
            }
        }
        if validate(&plan, Mode::Edit, &refs(&operations)).is_ok() {
            let doing: Vec<&Operation> = shown.iter().map(|step| &operations[*step]).collect();
            let (mut whole, mut part) = (plan.clone(), plan.clone());
            prop_assert!(apply(&mut whole, &refs(&operations)).is_ok() && apply(&mut part, &doing).is_ok());
            prop_assert_eq!(whole, part);
        }
    }

    #[test]
    fn a_patch_reads_back_what_it_stores(plan in made::plan(5), operations in made::operations(), words in ".*") {
        let tasks = plan.tasks().map(|task| (task.number, task.clone())).collect();
        let before = Before { tasks, project: Some(plan.project.clone()) };
        let steps = operations.into_iter().map(|operation| Step {
            operation,
            reason: words.clone(),
            evidence: Some(Link { label: words.clone(), url: "https://example.com".to_owned() }),
        });
        let patch = Patch { title: words.clone(), steps: steps.collect(), before, ..fixtures::patch(vec![]) };
        let stored = serde_json::to_string(&patch).unwrap();
        prop_assert_eq!(serde_json::from_str::<Patch>(&stored).unwrap(), patch);
    }

    #[test]
    fn a_distance_is_the_same_in_both_directions(
        plan in made::plan(9), operations in made::operations(), others in made::operations(),
    ) {
        let (one, other) = (made::valid_patch(&plan, &operations), made::valid_patch(&plan, &others));
        let (one, other) = (refs(&one), refs(&other));
        prop_assert_eq!(distance(&one, &one), 0);
        prop_assert_eq!(distance(&one, &other), distance(&other, &one));
        prop_assert_eq!(distance(&one, &[]), one.len());
    }

    #[test]
    fn whatever_was_proposed_its_lesson_reads_back_what_it_stores(
        operations in made::operations(), others in made::operations(),
    ) {
        let found = edits(&refs(&operations), &refs(&others));
        let stored = serde_json::to_string(&found).unwrap();
        prop_assert_eq!(serde_json::from_str::<Vec<Edit>>(&stored).unwrap(), found);
    }
}
