//! Forgetting what nobody asks for any more.

use std::time::Duration;

use crate::{
    clock::Chance,
    shutdown::Shutdown,
    store::{self, Store},
};

/// How long a webhook of GitHub is kept once it was dealt with: GitHub sends one again for 3 days at most, a GitHub
/// Enterprise Server for 7.
const KEPT: Duration = Duration::from_hours(7 * 24);
/// How often it is looked.
const EVERY: Duration = Duration::from_hours(1);
/// How many are forgotten at once: they can be large, and others wait for the database meanwhile.
const MANY: i64 = 100;

/// Forgets old webhooks, and says how many.
///
/// # Errors
/// When the database fails.
pub async fn tidy(store: &Store, chance: &Chance) -> store::Result<u64> {
    let before = chance.now().minus(KEPT);
    let mut forgotten = 0;
    loop {
        let rows = store.forget_webhooks(before, MANY).await?;
        forgotten += rows;
        if rows == 0 {
            return Ok(forgotten);
        }
    }
}

/// Does so now and then, until `shutdown`. Any number of processes may.
pub async fn keep_tidy(store: Store, chance: Chance, shutdown: Shutdown) {
    loop {
        match tidy(&store, &chance).await {
            Ok(0) => {}
            Ok(webhooks) => tracing::info!(webhooks, "old webhooks were forgotten"),
            Err(error) => tracing::warn!(%error, "old webhooks could not be forgotten yet"),
        }
        tokio::select! {
            () = shutdown.requested() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}
