//! What every change of a patch leaves behind: a line of the audit trail, and cards to be rendered anew.

use serde_json::Value;

use crate::{
    clock::Chance,
    domain::{
        announce::PullCard,
        audit::AuditEntry,
        event::Venue,
        ids::{MemberId, PatchId, ProjectId},
        job::Job,
        patch::{Patch, PatchState},
        tracker::Numbered,
    },
    error::Result,
    store::Tx,
};

/// How many patches that took each other's place are looked through for the pull requests that led to them.
const HEIRS: usize = 10;

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

/// Queues a fresh rendering of every card of one patch, and of the messages of pull requests that show it.
pub async fn sync_cards_of(tx: &mut Tx, patch: PatchId, chance: &Chance) -> Result<()> {
    for card in tx.cards_of(patch).await? {
        tx.enqueue(chance.id(), &Job::SyncCard { card: card.id }.due(chance.now())).await?;
    }
    for card in pull_cards_of(tx, patch).await? {
        tx.enqueue(chance.id(), &Job::SyncPull { card: card.id }.due(chance.now())).await?;
    }
    Ok(())
}

/// The messages that show something of a patch, because a pull request led to it or to one whose place it took.
async fn pull_cards_of(tx: &mut Tx, patch: PatchId) -> Result<Vec<PullCard>> {
    let mut pulls: Vec<(Numbered, ProjectId)> = Vec::new();
    let mut next = Some(patch);
    for _ in 0..HEIRS {
        let Some(id) = next else { break };
        pulls.extend(tx.pulls_of_patch(id).await?);
        next = tx.patch(id).await?.and_then(|patch| patch.supersedes);
    }
    let mut cards: Vec<PullCard> = Vec::new();
    for (pull, project) in pulls {
        for card in tx.pull_cards(pull).await? {
            if card.project == project && !cards.contains(&card) {
                cards.push(card);
            }
        }
    }
    Ok(cards)
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
