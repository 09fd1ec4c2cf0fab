//! Keeping time while Docket serves: slots of schedules are taken when they come.

use std::time::Duration;

use crate::{
    clock::Chance,
    domain::time::Timestamp,
    shutdown::Shutdown,
    standups::{
        draft::offer_due,
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
/// How long after trouble it is tried again.
const AGAIN: Duration = Duration::from_secs(2);

/// Takes slots when they come, until `shutdown`. Any number of processes may.
pub(super) async fn keep_time(store: Store, chance: Chance, shutdown: Shutdown) {
    let mut changes = store.changes();
    let (mut is_planned, mut offered) = (false, None);
    while !shutdown.is_requested() {
        changes.mark_unchanged();
        if !is_planned {
            match replan_all(&store, &chance).await {
                Ok(()) => is_planned = true,
                Err(error) => tracing::warn!(%error, "schedules could not be looked through; trying again shortly"),
            }
        }
        let wait = match next(&store, &chance, &mut offered).await {
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

/// Takes what is due, and says how long it is until the next slot. Drafts were `offered` last at that instant: they are
/// not looked for after each commit, for whose are due takes a look at everybody of the team.
async fn next(store: &Store, chance: &Chance, offered: &mut Option<Timestamp>) -> crate::store::Result<Duration> {
    take_due(store, chance).await?;
    let now = chance.now();
    if offered.is_none_or(|at| now < at || now.since(at) >= MOST) {
        offer_due(store, chance).await?;
        *offered = Some(now);
    }
    let next = store.next_slot().await?;
    let now = chance.now();
    Ok(match next {
        // It is due and could not be taken.
        Some(slot) if slot <= now => AGAIN,
        Some(slot) => slot.since(now).min(MOST),
        None => MOST,
    })
}
