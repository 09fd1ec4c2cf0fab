//! Looking after GitHub while Docket serves: what it could not tell is asked for again.

use std::{sync::Arc, time::Duration};

use crate::{
    jobs::{self, Desk},
    shutdown::Shutdown,
};

/// How often it is looked whether anything is due.
const TICK: Duration = Duration::from_mins(1);

/// Sees to it that every connection is looked through, and asks again for what did not arrive, until `shutdown`.
pub(super) async fn look_after(desk: Arc<Desk>, shutdown: Shutdown) {
    if let Err(error) = jobs::queue_looks(&desk).await {
        tracing::error!(%error, "the connections to GitHub could not be queued for a look; the next start does it");
    }
    loop {
        if let Err(error) = jobs::sweep(&desk).await {
            tracing::warn!(%error, "what GitHub could not tell could not be looked for; trying again shortly");
        }
        tokio::select! {
            () = shutdown.requested() => return,
            () = tokio::time::sleep(TICK) => {}
        }
    }
}
