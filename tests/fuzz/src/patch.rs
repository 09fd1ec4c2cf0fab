//! Patches in JSON: as they are stored and as models answer.

use std::collections::BTreeSet;

use docket::{
    domain::{
        apply::apply,
        diff::diff,
        patch::{MAX_TITLE, Mode, Operation, Step},
        plan::Plan,
        project::Revision,
        rebase::rebase,
        task::{Task, TaskNumber},
        validate::validate,
    },
    planner::{
        Draft,
        draft::{breakdown, plan as first},
    },
};

use super::{is_fit_to_be_said, plan, project, typed};

/// A list of operations, or what a model answers.
pub(crate) fn operations(data: &[u8]) {
    if let Ok(operations) = serde_json::from_slice::<Vec<Operation>>(data) {
        let stored = serde_json::to_string(&operations).expect("JSON");
        assert_eq!(serde_json::from_str::<Vec<Operation>>(&stored).expect("what was stored"), operations);
        is_applied_and_taken_back(&plan(), &operations, Mode::Edit);
    }
    if let Ok(steps) = serde_json::from_slice::<Vec<Step>>(data) {
        let stored = serde_json::to_string(&steps).expect("JSON");
        assert_eq!(serde_json::from_str::<Vec<Step>>(&stored).expect("what was stored"), steps);
    }
    let text = typed(data);
    match first::read(&text, "Build a sign-in page", &BTreeSet::new()) {
        Ok(draft) => is_sound(&Plan::new(project(), []), &draft),
        Err(problems) => problems.iter().for_each(|problem| is_fit_to_be_said(problem)),
    }
    let plan = plan();
    match breakdown::read(&text, &plan, TaskNumber(3), TaskNumber(6)) {
        Ok(draft) => is_sound(&plan, &draft),
        Err(problems) => problems.iter().for_each(|problem| is_fit_to_be_said(problem)),
    }
}

/// A draft can be proposed as it is, and taken back once it is applied.
pub(crate) fn is_sound(plan: &Plan, draft: &Draft) {
    assert!((1..=MAX_TITLE).contains(&draft.title.chars().count()), "{:?}", draft.title);
    let operations: Vec<Operation> = draft.steps.iter().map(|step| step.operation.clone()).collect();
    let all: Vec<&Operation> = operations.iter().collect();
    if !operations.is_empty() {
        assert_eq!(validate(plan, draft.mode, &all), Ok(()), "a draft validates");
        is_applied_and_taken_back(plan, &operations, draft.mode);
    }
}

fn is_applied_and_taken_back(plan: &Plan, operations: &[Operation], mode: Mode) {
    let all: Vec<&Operation> = operations.iter().collect();
    let verdict = validate(plan, mode, &all);
    for problem in verdict.as_ref().err().into_iter().flatten() {
        is_fit_to_be_said(&problem.words(&plan.project.key));
    }
    let _shown = diff(plan, operations);
    let _kept = rebase(plan, &all);
    let mut changed = plan.clone();
    let Ok(applied) = apply(&mut changed, &all) else {
        assert!(verdict.is_err() && changed == *plan, "what is refused changes nothing");
        return;
    };
    let inverse: Vec<&Operation> = applied.inverse.iter().collect();
    apply(&mut changed, &inverse).expect("what is applied can be taken back");
    assert_eq!(content(&changed), content(plan));
}

/// A plan without its versions.
fn content(plan: &Plan) -> Vec<Task> {
    plan.tasks().cloned().map(|task| Task { version: Revision(0), ..task }).collect()
}
