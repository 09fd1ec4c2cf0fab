//! However a plan or a proposal is edited, what comes out can be applied.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

/// Sentences for a proposal of up to seven tasks, most of which make sense.
fn any_sentence() -> impl Strategy<Value = String> {
    let n = || 1..8u32;
    prop_oneof![
        n().prop_map(|a| format!("drop {a}")),
        (n(), n()).prop_map(|(a, b)| format!("combine {a} and {b}")),
        (n(), n()).prop_map(|(a, b)| format!("move {a} before {b}")),
        (n(), n()).prop_map(|(a, b)| format!("move {a} under {b}")),
        (n(), n()).prop_map(|(a, b)| format!("{a} depends on {b}")),
        (n(), n()).prop_map(|(a, b)| format!("{a} no longer depends on {b}")),
        n().prop_map(|a| format!("split {a} into Left and Right")),
        n().prop_map(|a| format!("add a task for extras under {a}")),
        n().prop_map(|a| format!("move {a} to the top level")),
        n().prop_map(|a| format!("rename {a} to Renamed")),
        Just("drop the last one".to_owned()),
        Just("combine the first two tasks".to_owned()),
        Just("add a task for more".to_owned()),
    ]
}

/// Steps that can be applied one after the other, and leave a tree whose dependencies exist and form no cycle.
fn assert_sound(plan: &Plan, steps: &[Step]) {
    let mut parents: BTreeMap<TaskNumber, Option<TaskNumber>> =
        plan.tasks().map(|task| (task.number, task.place.parent)).collect();
    let mut waits: BTreeMap<TaskNumber, BTreeSet<TaskNumber>> =
        plan.tasks().map(|task| (task.number, task.fields.depends_on.clone())).collect();
    for step in steps {
        match &step.operation {
            Operation::CreateTask { number, place, fields } => {
                assert!(place.parent.is_none_or(|parent| parents.contains_key(&parent)), "{number} under nothing");
                assert!(parents.insert(*number, place.parent).is_none(), "{number} twice");
                waits.insert(*number, fields.depends_on.clone());
            }
            Operation::MoveTask { number, to } => {
                let mut above = to.parent;
                while let Some(parent) = above {
                    assert_ne!(parent, *number, "{number} under itself");
                    above = parents[&parent];
                }
                parents.insert(*number, to.parent);
            }
            Operation::UpdateTask { number, changes } => match &changes.depends_on {
                Change::Set(on) => drop(waits.insert(*number, on.clone())),
                Change::Clear => drop(waits.insert(*number, BTreeSet::new())),
                Change::Keep => {}
            },
            Operation::DeleteTask { number } => {
                assert!(!parents.values().any(|parent| *parent == Some(*number)), "{number} goes before its children");
                assert!(parents.remove(number).is_some());
                waits.remove(number);
            }
            Operation::UpdateProject { .. } => {}
        }
    }
    let mut left = waits;
    assert!(left.values().flatten().all(|first| parents.contains_key(first)), "a dependency on nothing");
    while let Some(free) = left.iter().find(|(_, on)| on.iter().all(|first| !left.contains_key(first))).map(|(n, _)| *n)
    {
        left.remove(&free);
    }
    assert!(left.is_empty(), "a cycle among {left:?}");
}

proptest! {
    #[test]
    fn no_edit_leaves_a_first_plan_unsound(sentences in proptest::collection::vec(any_sentence(), 1..12)) {
        let (empty, mut draft) = (plan(&[]), first_plan());
        for words in &sentences {
            if let Ok(next) = edited(&sketch(&empty, &draft), words) {
                assert_sound(&empty, &next.steps);
                let numbers: Vec<_> = next.steps.iter().filter_map(|step| step.operation.task()).map(|n| n.0).collect();
                prop_assert_eq!(&numbers, &(1..).take(numbers.len()).collect::<Vec<u32>>());
                draft = next;
            }
        }
    }

    #[test]
    fn no_edit_leaves_a_plan_unsound(sentences in proptest::collection::vec(any_sentence(), 1..12)) {
        let plan = sample();
        let mut draft: Option<Draft> = None;
        for words in &sentences {
            let start = draft.as_ref().map_or_else(|| Sketch::of_plan(&plan), |draft| sketch(&plan, draft));
            if let Ok(next) = edited(&start, words) {
                assert_sound(&plan, &next.steps);
                let mut kinds: Vec<_> = next.steps.iter().map(|step| (std::mem::discriminant(&step.operation), step.operation.task())).collect();
                let count = kinds.len();
                kinds.dedup();
                prop_assert_eq!(kinds.len(), count);
                draft = Some(next);
            }
        }
    }
}
