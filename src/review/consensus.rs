//! Lazy consensus: a proposal applies after some working hours unless somebody objects.

use serde_json::{Value, json};

use crate::{
    apply::{self, Cause, Outcome, trail},
    clock::Chance,
    domain::{
        event::Venue,
        ids::PatchId,
        job::Job,
        member::Member,
        patch::{Patch, PatchState},
        policy::Policy,
        time::Timestamp,
    },
    error::Result,
    review::{decide::Decided, replies},
    store::{self, Tx},
};

/// When the patch applies by itself as things are, objections apart; `None` where it never does.
pub async fn due(tx: &mut Tx, policy: &Policy, patch: &Patch) -> store::Result<Option<Timestamp>> {
    if !policy.lazy.is_on() || patch.state != PatchState::Proposed {
        return Ok(None);
    }
    let Some(author) = tx.member(patch.author).await? else { return Ok(None) };
    let start = tx.clock(patch.id).await?.unwrap_or(patch.created_at);
    Ok(policy.applies_unopposed(patch, start, &author).filter(|at| *at < patch.expires_at))
}

/// Queues the end of the patch's clock, where it has one.
pub async fn schedule(tx: &mut Tx, patch: &Patch, chance: &Chance) -> store::Result<()> {
    let policy = tx.policy_of(patch.project).await?;
    if let Some(at) = due(tx, &policy, patch).await? {
        tx.enqueue(chance.id(), &Job::ApplyUnopposed { patch: patch.id, at }.due(at)).await?;
    }
    Ok(())
}

/// Lets the clock run anew from now, for a text that people have not seen so far.
pub async fn restart(tx: &mut Tx, patch: &Patch, chance: &Chance) -> store::Result<()> {
    tx.start_clock(patch.id, chance.now()).await?;
    schedule(tx, patch, chance).await
}

/// Stops the clock: the proposal needs a normal approval from now on.
pub(super) async fn object(
    tx: &mut Tx,
    patch: &Patch,
    reason: &str,
    by: &Member,
    venue: &Venue,
    chance: &Chance,
) -> Result<Decided> {
    let policy = tx.policy_of(patch.project).await?;
    let is_running = due(tx, &policy, patch).await?.is_some();
    if !is_running && tx.objections(patch.id, patch.revision).await?.is_empty() {
        return Ok(Decided::Told(replies::nothing_to_object_to(patch.code)));
    }
    tx.object(patch.id, patch.revision, by.id, reason, chance.now()).await?;
    let states = (Value::Null, json!({ "reason": reason, "revision": patch.revision }));
    trail::audit(tx, patch, "patch.objected", Some(by.id), Some(venue), states, chance).await?;
    trail::sync_cards_of(tx, patch.id, chance).await?;
    Ok(Decided::Done(replies::objected(patch.code)))
}

/// Takes an objection back. With the last one gone the clock runs anew: nobody waited while it stood still.
pub(super) async fn withdraw(
    tx: &mut Tx,
    patch: &Patch,
    by: &Member,
    venue: &Venue,
    chance: &Chance,
) -> Result<Decided> {
    if !tx.withdraw_objection(patch.id, patch.revision, by.id).await? {
        return Ok(Decided::Told(replies::no_objection_of_yours(patch.code)));
    }
    let states = (json!({ "revision": patch.revision }), Value::Null);
    trail::audit(tx, patch, "patch.objection_withdrawn", Some(by.id), Some(venue), states, chance).await?;
    let is_free = tx.objections(patch.id, patch.revision).await?.is_empty();
    if is_free {
        restart(tx, patch, chance).await?;
    }
    trail::sync_cards_of(tx, patch.id, chance).await?;
    let policy = tx.policy_of(patch.project).await?;
    let at = if is_free { due(tx, &policy, patch).await? } else { None };
    Ok(Decided::Done(replies::objection_withdrawn(patch.code, at)))
}

/// Applies a patch to which nobody objected. Everything is looked at again: whether it still waits, whether the policy
/// still says so, whose clock it is, who objects, who proposed it, and whether it fits the plan. False means that
/// somebody else was first in this very moment: drop the transaction and try again.
pub async fn apply_unopposed(tx: &mut Tx, id: PatchId, chance: &Chance) -> Result<bool> {
    let Some(patch) = tx.lock_patch(id).await? else { return Ok(true) };
    let policy = tx.policy_of(patch.project).await?;
    let Some(at) = due(tx, &policy, &patch).await? else { return Ok(true) };
    if at > chance.now() {
        // The clock was set anew while this waited.
        tx.enqueue(chance.id(), &Job::ApplyUnopposed { patch: id, at }.due(at)).await?;
        return Ok(true);
    }
    let is_late = patch.expires_at <= chance.now();
    let author = tx.member(patch.author).await?;
    let may = author.is_some_and(|author| policy.may_take_part(&author).is_ok());
    if is_late || !may || !tx.objections(id, patch.revision).await?.is_empty() {
        return Ok(true);
    }
    let cause = Cause::Unopposed(patch.author);
    match apply::apply(tx, patch, None, cause, chance).await? {
        Outcome::Applied(_) => Ok(true),
        Outcome::Stale => {
            trail::sync_cards_of(tx, id, chance).await?;
            Ok(true)
        }
        Outcome::Lost => Ok(false),
    }
}
