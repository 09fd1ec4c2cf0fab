//! Keeping time while Docket serves: slots of schedules are taken when they come, and drafts offered before them.

use std::time::Duration;

use crate::{
    clock::Chance,
    shutdown::Shutdown,
    standups::{
        draft::{Passed, offer_due},
        schedule::{replan_all, take_due},
    },
    store::Store,
};

/// How long is slept at most: a clock may have been put forward, and another process may have been told what this one
/// was not.
const MOST: Duration = Duration::from_secs(15);
/// How long is waited after a change before it is looked whether it brought an earlier slot, so that a busy database is
/// not asked after each commit.
const CALM: Duration = Duration::from_millis(200);
/// How often it is looked for drafts that are due: they come about an hour before.
const LOOK: Duration = Duration::from_secs(30);
/// How long after trouble it is tried again.
const AGAIN: Duration = Duration::from_secs(2);

/// Takes slots when they come, until `shutdown`. Any number of processes may.
pub(super) async fn keep_time(store: Store, chance: Chance, shutdown: Shutdown) {
    let mut changes = store.changes();
    let mut is_planned = false;
    while !shutdown.is_requested() {
        changes.mark_unchanged();
        if !is_planned {
            match replan_all(&store, &chance).await {
                Ok(()) => is_planned = true,
                Err(error) => tracing::warn!(%error, "schedules could not be looked through; trying again shortly"),
            }
        }
        let wait = match next(&store, &chance).await {
            Ok(wait) => wait,
            Err(error) => {
                tracing::warn!(%error, "what is due could not be found out; trying again shortly");
                AGAIN
            }
        };
        tokio::select! {
            () = shutdown.requested() => return,
            () = tokio::time::sleep(wait) => {}
            _ = changes.changed() => tokio::time::sleep(CALM.min(wait)).await,
        }
    }
}

/// Takes what is due, and says how long it is until the next slot.
async fn next(store: &Store, chance: &Chance) -> crate::store::Result<Duration> {
    take_due(store, chance).await?;
    let next = store.next_slot().await?;
    let now = chance.now();
    Ok(match next {
        // It is due and could not be taken.
        Some(slot) if slot <= now => AGAIN,
        Some(slot) => slot.since(now).min(MOST),
        None => MOST,
    })
}

/// Offers drafts when their moment has come, until `shutdown`. Any number of processes may, and no slot waits for it: whose
/// draft is due takes a look at everybody of a team.
pub(super) async fn keep_offering(store: Store, chance: Chance, shutdown: Shutdown) {
    let mut passed = Passed::default();
    loop {
        if let Err(error) = offer_due(&store, &chance, &mut passed).await {
            tracing::warn!(%error, "which drafts are due could not be found out; trying again shortly");
        }
        tokio::select! {
            () = shutdown.requested() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}
