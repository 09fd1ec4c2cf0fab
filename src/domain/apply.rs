//! Applying operations to a plan, and what takes them back.

use std::{cmp::Reverse, collections::BTreeSet};

use super::{
    overlay::Overlay,
    patch::{Mode, Operation, ProjectChanges, TaskChanges},
    plan::Plan,
    task::{Task, TaskNumber},
    validate::{Problem, check},
};

/// What applying did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The operations that restore what was there: the same numbers, places and fields.
    pub inverse: Vec<Operation>,
    /// The tasks that appeared, went, or read or stand differently now. Their version is the new revision.
    pub touched: BTreeSet<TaskNumber>,
}

/// Applies `operations` to `plan` as its next revision, or says everything that is wrong with them and
/// leaves the plan alone. Accepts exactly what [`validate`](super::validate::validate) accepts in
/// [`Mode::Edit`]: the size limits of the other modes are for proposals.
///
/// Costs by what the operations touch, not by the size of the plan.
pub fn apply(plan: &mut Plan, operations: &[&Operation]) -> Result<Applied, Vec<Problem>> {
    let (overlay, problems) = check(plan, Mode::Edit, operations);
    if !problems.is_empty() {
        return Err(problems);
    }
    let inverse = inverse(&overlay);
    let mut project = overlay.project().clone();
    project.revision = plan.project.revision.next();
    let changes: Vec<(TaskNumber, Option<Task>)> =
        overlay.changes().map(|(number, task)| (number, task.cloned())).collect();
    let touched = changes.iter().map(|(number, _)| *number).collect();
    for (number, task) in changes {
        match task {
            Some(task) => plan.put(Task { version: project.revision, ..task }),
            None => plan.take(number),
        };
    }
    plan.project = project;
    Ok(Applied { inverse, touched })
}

/// What leads from the overlay back to its plan: parents appear before their children, then tasks
/// move and change, then children go before their parents.
fn inverse(overlay: &Overlay<'_>) -> Vec<Operation> {
    let plan = overlay.plan();
    let (mut creates, mut moves, mut updates, mut deletes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (number, now) in overlay.changes() {
        match (plan.task(number), now) {
            (Some(old), Some(now)) => {
                if old.place != now.place {
                    moves.push(Operation::MoveTask { number, to: old.place.clone() });
                }
                if old.fields != now.fields {
                    let changes = TaskChanges::between(&now.fields, &old.fields);
                    updates.push(Operation::UpdateTask { number, changes });
                }
            }
            (Some(old), None) => creates.push(old),
            (None, _) => deletes.push(number),
        }
    }
    creates.sort_by_key(|task| plan.depth(task.number));
    deletes.sort_by_key(|number| Reverse(overlay.ancestors(*number).len()));
    if overlay.changes_project() {
        let changes = ProjectChanges::between(overlay.project(), &plan.project);
        updates.push(Operation::UpdateProject { changes });
    }
    let creates = creates.into_iter().map(|old| Operation::CreateTask {
        number: old.number,
        place: old.place.clone(),
        fields: old.fields.clone(),
    });
    let deletes = deletes.into_iter().map(|number| Operation::DeleteTask { number });
    creates.chain(moves).chain(updates).chain(deletes).collect()
}
