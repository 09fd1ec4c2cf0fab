//! Looking after calendars while Docket serves: each is read from time to time.

use std::{sync::Arc, time::Duration};

use crate::{
    jobs::{self, Desk},
    shutdown::Shutdown,
};

/// How often it is looked whether all of them are queued. Each reading queues the next one; whatever broke that chain,
/// it begins anew.
const EVERY: Duration = Duration::from_hours(24);
/// How soon it is tried again where that failed.
const AGAIN: Duration = Duration::from_mins(5);

/// Sees to it that every calendar is read from time to time, until `shutdown`.
pub(super) async fn keep_read(desk: Arc<Desk>, shutdown: Shutdown) {
    loop {
        let pause = match jobs::queue_calendars(&desk).await {
            Ok(()) => EVERY,
            Err(error) => {
                tracing::warn!(%error, "calendars could not be queued; trying again shortly");
                AGAIN
            }
        };
        tokio::select! {
            () = shutdown.requested() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}
