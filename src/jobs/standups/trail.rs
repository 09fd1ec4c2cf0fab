//! What the audit trail keeps of schedules.

use serde_json::Value;

use crate::{
    domain::schedule::Schedule,
    jobs::{Desk, trail},
    store::{self, Tx},
};

/// How a schedule stands.
pub(super) fn json(schedule: &Schedule) -> Value {
    serde_json::json!({
        "kind": schedule.kind,
        "venue": schedule.venue,
        "projects": schedule.projects,
        "when": schedule.when.words(),
        "zone": schedule.zone.name(),
        "missed": schedule.missed,
        "pause": schedule.pause,
        "skipped": schedule.skipped,
        "has_drafts": schedule.has_drafts,
    })
}

/// Writes down what became of a schedule.
pub(super) async fn record(
    desk: &Desk,
    tx: &mut Tx,
    action: &str,
    schedule: &Schedule,
    by: trail::By<'_>,
    states: (Value, Value),
) -> store::Result<()> {
    trail::record(desk, tx, by, (action, schedule.id.to_string()), states).await
}
