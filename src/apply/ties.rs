//! What follows at the tracker from a changed plan: issues are tied to each other like their tasks.

use std::collections::BTreeSet;

use crate::{
    clock::Chance,
    domain::{
        ids::ProjectId,
        job::Job,
        patch::{Operation, TaskChanges},
    },
    store::{self, Tx},
};

/// Queues the tying of those tasks' issues whose place or order has changed.
pub(super) async fn tie(
    tx: &mut Tx,
    project: ProjectId,
    operations: &[&Operation],
    chance: &Chance,
) -> store::Result<()> {
    let moved = operations.iter().filter_map(|operation| match operation {
        Operation::MoveTask { number, .. } => Some(*number),
        Operation::UpdateTask { number, changes: TaskChanges { depends_on, .. } } if !depends_on.is_keep() => {
            Some(*number)
        }
        _ => None,
    });
    for task in moved.collect::<BTreeSet<_>>() {
        if tx.issue_of_task(project, task).await?.is_some() {
            tx.enqueue(chance.id(), &Job::TieIssue { project, task }.due(chance.now())).await?;
        }
    }
    Ok(())
}
