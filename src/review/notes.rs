//! What is odd about a proposal and yet allowed: it builds on tasks that are over.
//!
//! This is no staleness: the plan may stand so, and somebody may want it. The card says it once.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::{
    patch::{Change, Operation},
    plan::Plan,
    task::{Status, TaskNumber},
};

/// A note on each step that builds on a task which is over: `under AUTH-3, which is done`.
pub(super) fn notes(plan: &Plan, operations: &[&Operation]) -> BTreeMap<usize, String> {
    // What the same patch takes up again is not over.
    let reopened: BTreeSet<TaskNumber> = operations
        .iter()
        .filter_map(|operation| match operation {
            Operation::UpdateTask { number, changes } => {
                matches!(changes.status, Change::Set(status) if !status.is_terminal()).then_some(*number)
            }
            _ => None,
        })
        .collect();
    let over = |number: TaskNumber| {
        let status = plan.task(number)?.fields.status;
        (status.is_terminal() && !reopened.contains(&number)).then_some(status)
    };
    let above = |parent: Option<TaskNumber>| -> Option<String> {
        let parent = parent?;
        Some(format!("under {}, which is {}", plan.code(parent), over(parent)?.words()))
    };
    let behind = |firsts: &BTreeSet<TaskNumber>| -> Vec<String> {
        let cancelled = firsts.iter().filter(|first| over(**first) == Some(Status::Cancelled));
        cancelled.map(|first| format!("after {}, which is cancelled", plan.code(*first))).collect()
    };
    let said = |operation: &Operation| -> Vec<String> {
        match operation {
            Operation::CreateTask { place, fields, .. } => {
                above(place.parent).into_iter().chain(behind(&fields.depends_on)).collect()
            }
            Operation::MoveTask { to, .. } => above(to.parent).into_iter().collect(),
            Operation::UpdateTask { number, changes } => {
                let firsts = match &changes.depends_on {
                    Change::Set(firsts) => behind(firsts),
                    Change::Keep | Change::Clear => Vec::new(),
                };
                // Whoever starts a task or gives it to somebody thinks that it is still wanted.
                let takes_up = matches!(changes.status, Change::Set(status) if !status.is_terminal())
                    || matches!(changes.assignee, Change::Set(_));
                let parent = plan.task(*number).and_then(|task| task.place.parent).filter(|_| takes_up);
                above(parent).into_iter().chain(firsts).collect()
            }
            Operation::DeleteTask { .. } | Operation::UpdateProject { .. } => Vec::new(),
        }
    };
    let each = operations.iter().enumerate().map(|(step, operation)| (step, said(operation).join(", ")));
    each.filter(|(_, note)| !note.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{
            ids::{Id as _, ProjectId},
            patch::TaskChanges,
            project::{Lifecycle, Project, Revision},
            task::{Place, Rank, TaskFields},
        },
        review::sample::{ana, task},
    };

    fn plan() -> Plan {
        let mut done = task(1, None, "Scope");
        done.fields.status = Status::Done;
        let mut cancelled = task(2, None, "Tokens");
        cancelled.fields.status = Status::Cancelled;
        let project = Project {
            id: ProjectId::from_ulid(ulid::Ulid::from_parts(1, 1)),
            key: "AUTH".parse().unwrap(),
            title: "Sign-in".to_owned(),
            summary: String::new(),
            lifecycle: Lifecycle::Active,
            revision: Revision(3),
        };
        Plan::new(project, [done, cancelled, task(3, Some(2), "Store them"), task(4, None, "Page")])
    }

    fn new(parent: Option<u32>, after: &[u32]) -> Operation {
        let mut fields = TaskFields::titled("Docs".to_owned());
        fields.depends_on = after.iter().copied().map(TaskNumber).collect();
        let place = Place { parent: parent.map(TaskNumber), rank: Rank::only() };
        Operation::CreateTask { number: TaskNumber(9), place, fields }
    }

    fn update(number: u32, changes: TaskChanges) -> Operation {
        Operation::UpdateTask { number: TaskNumber(number), changes }
    }

    fn said(operations: &[Operation]) -> String {
        let operations: Vec<&Operation> = operations.iter().collect();
        let notes = notes(&plan(), &operations);
        notes.into_iter().map(|(step, note)| format!("{step}: {note}")).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn what_builds_on_a_task_that_is_over_is_noted() {
        let status = |status| TaskChanges { status: Change::Set(status), ..TaskChanges::default() };
        let to_ana = TaskChanges { assignee: Change::Set(ana()), ..TaskChanges::default() };
        let to_root = Place { parent: None, rank: Rank::only() };
        let to_done = Place { parent: Some(TaskNumber(1)), rank: Rank::only() };
        for (operations, expected) in [
            (vec![new(None, &[]), new(Some(4), &[4])], ""),
            // That is what waiting is for.
            (vec![new(None, &[1])], ""),
            (vec![new(Some(1), &[])], "0: under AUTH-1, which is done"),
            (
                vec![new(None, &[]), new(Some(2), &[2])],
                "1: under AUTH-2, which is cancelled, after AUTH-2, which is cancelled",
            ),
            (vec![Operation::MoveTask { number: TaskNumber(4), to: to_done }], "0: under AUTH-1, which is done"),
            (vec![Operation::MoveTask { number: TaskNumber(3), to: to_root }], ""),
            (vec![update(3, status(Status::InProgress))], "0: under AUTH-2, which is cancelled"),
            (vec![update(3, status(Status::Cancelled))], ""),
            (vec![update(3, to_ana)], "0: under AUTH-2, which is cancelled"),
            (vec![update(1, status(Status::Todo)), new(Some(1), &[])], ""),
        ] {
            assert_eq!(said(&operations), expected, "{operations:?}");
        }
    }
}
