//! Looking after GitHub and conversations while Docket serves: what could not be told is asked for again, and what people
//! said is read every night.

use std::{sync::Arc, time::Duration};

use crate::{
    domain::tracker::Look,
    jobs::{self, Desk},
    shutdown::Shutdown,
};

/// How often it is looked whether anything is due.
const TICK: Duration = Duration::from_mins(1);

/// How often it is looked whether every tenant's next night is queued.
const NIGHTS: Duration = Duration::from_mins(30);

/// Sees to it that every connection is looked through, and asks again for what did not arrive, until `shutdown`.
pub(super) async fn look_after(desk: Arc<Desk>, shutdown: Shutdown) {
    // A look queues the next one; whatever broke that chain, it begins anew.
    let (mut queued, mut nights) = (None, None);
    loop {
        let now = desk.chance.now();
        if nights.is_none_or(|at| now.since(at) >= NIGHTS) {
            match jobs::queue_nights(&desk).await {
                Ok(()) => nights = Some(now),
                Err(error) => tracing::warn!(%error, "nights could not be queued; trying again shortly"),
            }
        }
        if queued.is_none_or(|at| now.since(at) >= Look::EVERY) {
            match jobs::queue_looks(&desk).await {
                Ok(()) => queued = Some(now),
                Err(error) => tracing::warn!(%error, "looks at GitHub could not be queued; trying again shortly"),
            }
        }
        if let Err(error) = jobs::sweep(&desk).await {
            tracing::warn!(%error, "what GitHub could not tell could not be looked for; trying again shortly");
        }
        tokio::select! {
            () = shutdown.requested() => return,
            () = tokio::time::sleep(TICK) => {}
        }
    }
}
