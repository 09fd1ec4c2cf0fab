//! Taking an applied patch back, for whoever asks: a chat or the API.

use std::collections::BTreeSet;

use crate::{
    domain::{
        diff::diff,
        patch::{Confidence, Operation, Patch},
        project::Revision,
        task::TaskNumber,
    },
    error::{Result, UserError},
    planner::{Draft, undo},
    review::propose::Target,
    store::Tx,
};

/// The proposal that takes `patch` back, which made revision `made`; `None` where nothing of it is in effect any more.
/// Where its tasks have changed since, it waits for a decision whatever the policy lets pass.
///
/// # Errors
/// [`UserError`] where the project is gone.
pub async fn take_back(tx: &mut Tx, patch: &Patch, made: Revision) -> Result<Option<(Draft, Target)>> {
    let inverse = tx.inverse(patch.id).await?.unwrap_or_default();
    let operations: Vec<&Operation> = inverse.iter().collect();
    let Some(plan) = tx.plan_part(patch.project, &operations).await? else {
        return Err(UserError::new("That project is gone. /docket list shows the ones there are.").into());
    };
    if diff(&plan, operations.iter().copied()).entries.is_empty() {
        return Ok(None);
    }
    let touched: BTreeSet<TaskNumber> = operations.iter().filter_map(|operation| operation.task()).collect();
    let moved = touched.iter().filter_map(|number| plan.task(*number)).any(|task| task.version > made);
    let mut draft = undo::undo(&plan, patch, inverse);
    if moved {
        draft.confidence = Confidence::Medium;
    }
    let first_free = tx.next_number(patch.project).await?;
    Ok(Some((draft, Target::Existing { project: patch.project, first_free })))
}
