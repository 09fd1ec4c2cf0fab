//! STEP 5: an approved patch becomes a new revision of the plan, in one transaction.
//!
//! This is the only place that changes a plan. The caller owns the transaction; nothing here talks to
//! a network. What follows from the change (cards to re-render) is queued in the same transaction.

pub mod learn;
mod ties;
pub mod trail;

use std::collections::BTreeSet;

use serde_json::json;
use trail::{audit, refresh_cards, sync_cards_of};

use crate::{
    clock::Chance,
    domain::{
        apply::{self as rules, Applied},
        closure::closure,
        ids::{MemberId, PatchId},
        member::Surface,
        patch::{Decision, Operation, Patch, next_free},
        plan::Plan,
        project::{Lifecycle, Project, Revision},
        rebase::staleness,
        task::TaskNumber,
    },
    error::Result,
    store::Tx,
};

/// What became of an approved patch.
#[derive(Debug)]
pub enum Outcome {
    /// The plan is at a new revision; the patch as it is now.
    Applied(Box<Patch>),
    /// A task it touches has changed since, or the plan no longer fits: nothing was written.
    Stale,
    /// Somebody else changed the plan or the patch in this very moment: roll back and try again.
    Lost,
}

/// Why a patch is applied, and in whose name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// This person's approval was the last that it needed.
    Approved(MemberId),
    /// Nobody objected to what this person proposed: the policy lets it pass.
    Unopposed(MemberId),
    /// Rules made it, in this robot's name, and the policy lets its moves pass.
    ByRule(MemberId),
}

/// Applies `patch`, or the `ticked` part of it and what that needs.
///
/// The patch must be `Proposed` and the approval checked. On `Stale` nothing was written here; on
/// `Lost` the caller must drop the transaction.
pub async fn apply(
    tx: &mut Tx,
    patch: Patch,
    ticked: Option<&BTreeSet<usize>>,
    cause: Cause,
    chance: &Chance,
) -> Result<Outcome> {
    let now = chance.now();
    let (Cause::Approved(by) | Cause::Unopposed(by) | Cause::ByRule(by)) = cause;
    let all: Vec<&Operation> = patch.operations().collect();
    let Some(mut plan) = base(tx, &patch, &all).await? else { return Ok(Outcome::Stale) };
    let steps = match ticked {
        Some(ticked) => closure(&plan, &all, ticked),
        None => (0..all.len()).collect(),
    };
    let chosen: Vec<&Operation> = steps.iter().filter_map(|&step| all.get(step).copied()).collect();
    if !staleness(&plan, &patch.before, &chosen).is_empty() {
        return Ok(Outcome::Stale);
    }
    let old = plan.clone();
    let applied = match rules::apply(&mut plan, &chosen) {
        Ok(applied) => applied,
        // None of its own tasks moved, but their surroundings did.
        Err(problems) => {
            tracing::info!(patch = %patch.code, problems = problems.len(), "an approved patch no longer fits the plan");
            return Ok(Outcome::Stale);
        }
    };
    let decision = Decision { by, at: now };
    let Ok(state) = patch.state.clone().apply(decision.clone(), plan.project.revision, steps) else {
        return Ok(Outcome::Lost);
    };
    let done = Patch { state, ..patch.clone() };
    if patch.founding.is_some() {
        // Numbers that the first plan showed are not given to other tasks, also where only a part is approved.
        tx.insert_project(&old.project, next_free(all.iter().copied(), TaskNumber(1)), now).await?;
        // The console is one place for all projects: what is said there next may be about any of them.
        if patch.origin.venue.surface != Surface::Console {
            tx.bind_channel(&patch.origin.venue, patch.project).await?;
        }
    }
    if !tx.save_plan(&plan, &applied.touched, old.project.revision, now).await? {
        return Ok(Outcome::Lost);
    }
    if !tx.update_patch(&done, &patch.state, patch.revision).await? {
        return Ok(Outcome::Lost);
    }
    tx.set_inverse(done.id, &applied.inverse).await?;
    learn::learn(tx, &done).await?;
    ties::tie(tx, done.project, &chosen, chance).await?;
    record(tx, &done, cause, [&old, &plan], &applied, chance).await?;
    if let Some(undone) = done.undoes
        && !mark_undone(tx, undone, &chosen, decision, done.id, chance).await?
    {
        return Ok(Outcome::Lost);
    }
    refresh_cards(tx, &done, chance).await?;
    Ok(Outcome::Applied(Box::new(done)))
}

/// The part of the plan that the patch can reach; for a first plan, the empty plan of the project it
/// creates. `None` where the project is gone, or a first plan's key has been taken since.
pub async fn base(tx: &mut Tx, patch: &Patch, operations: &[&Operation]) -> Result<Option<Plan>> {
    let Some(founding) = &patch.founding else {
        return Ok(tx.plan_part(patch.project, operations).await?);
    };
    if tx.project(patch.project).await?.is_some() || tx.project_by_key(&founding.key).await?.is_some() {
        return Ok(None);
    }
    Ok(Some(Plan::new(founded(patch, founding), [])))
}

/// The project that a first plan creates, before its first revision.
pub fn founded(patch: &Patch, founding: &crate::domain::patch::Founding) -> Project {
    Project {
        id: patch.project,
        key: founding.key.clone(),
        title: founding.title.clone(),
        summary: founding.summary.clone(),
        lifecycle: Lifecycle::Draft,
        revision: Revision(0),
    }
}

async fn record(
    tx: &mut Tx,
    patch: &Patch,
    cause: Cause,
    plans: [&Plan; 2],
    applied: &Applied,
    chance: &Chance,
) -> Result<()> {
    let [before, mut after] = plans.map(|plan| {
        let tasks: Vec<_> = applied.touched.iter().filter_map(|number| plan.task(*number)).collect();
        json!({ "project": plan.project, "tasks": tasks })
    });
    let actor = match cause {
        Cause::Approved(by) => Some(by),
        Cause::Unopposed(_) => {
            after["applied_by"] = json!("policy");
            None
        }
        Cause::ByRule(_) => {
            after["applied_by"] = json!("policy");
            after["moves"] = json!(patch.origin.moves);
            None
        }
    };
    audit(tx, patch, "patch.applied", actor, Some(&patch.origin.venue), (before, after), chance).await
}

/// Marks the patch that was taken back, if all of it was: what was taken back in part can still be
/// taken back wholly. False where somebody else took it back in the meantime.
async fn mark_undone(
    tx: &mut Tx,
    undone: PatchId,
    applied: &[&Operation],
    decision: Decision,
    by: PatchId,
    chance: &Chance,
) -> Result<bool> {
    let Some(original) = tx.lock_patch(undone).await? else { return Ok(true) };
    let actor = Some(decision.by);
    let Ok(state) = original.state.clone().undo(decision, by) else { return Ok(false) };
    let inverse = tx.inverse(undone).await?.unwrap_or_default();
    if !inverse.iter().all(|operation| applied.contains(&operation)) {
        return Ok(true);
    }
    let changed = Patch { state, ..original.clone() };
    if !tx.update_patch(&changed, &original.state, original.revision).await? {
        return Ok(false);
    }
    let states = (json!({ "state": original.state }), json!({ "state": changed.state }));
    audit(tx, &changed, "patch.undone", actor, None, states, chance).await?;
    sync_cards_of(tx, undone, chance).await?;
    Ok(true)
}
