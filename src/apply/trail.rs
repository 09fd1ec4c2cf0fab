//! What every change of a patch leaves behind: a line of the audit trail, and cards to be rendered anew.

use serde_json::Value;

use crate::{
    clock::Chance,
    domain::{
        audit::AuditEntry,
        event::Venue,
        ids::{MemberId, PatchId},
        job::Job,
        patch::{Patch, PatchState},
    },
    error::Result,
    store::Tx,
};

/// Queues a fresh rendering of the patch's own cards and of every open proposal for the same project,
/// whose diffs and staleness the change may have moved.
pub async fn refresh_cards(tx: &mut Tx, patch: &Patch, chance: &Chance) -> Result<()> {
    let mut patches = vec![patch.id];
    if matches!(patch.state, PatchState::Applied { .. }) {
        patches.extend(tx.open_patches_of(patch.project).await?.iter().map(|open| open.id));
    }
    for id in patches {
        sync_cards_of(tx, id, chance).await?;
    }
    Ok(())
}

/// Queues a fresh rendering of every card of one patch.
pub async fn sync_cards_of(tx: &mut Tx, patch: PatchId, chance: &Chance) -> Result<()> {
    for card in tx.cards_of(patch).await? {
        tx.enqueue(chance.id(), &Job::SyncCard { card: card.id }.due(chance.now())).await?;
    }
    Ok(())
}

/// Writes one line of the audit trail about a patch.
pub async fn audit(
    tx: &mut Tx,
    patch: &Patch,
    action: &str,
    actor: Option<MemberId>,
    venue: Option<&Venue>,
    (before, after): (Value, Value),
    chance: &Chance,
) -> Result<()> {
    let entry = AuditEntry {
        id: chance.id(),
        at: chance.now(),
        actor,
        action: action.to_owned(),
        subject: patch.id.to_string(),
        venue: venue.cloned(),
        before,
        after,
    };
    Ok(tx.record(&entry).await?)
}
