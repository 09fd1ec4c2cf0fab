//! What the audit trail keeps of schedules.

use serde_json::Value;

use crate::{
    domain::{audit::AuditEntry, event::Venue, ids::MemberId, schedule::Schedule},
    jobs::Desk,
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

/// Writes down what became of a schedule; `by` is `None` where Docket did it itself.
pub(super) async fn record(
    desk: &Desk,
    tx: &mut Tx,
    action: &str,
    schedule: &Schedule,
    by: Option<(MemberId, &Venue)>,
    (before, after): (Value, Value),
) -> store::Result<()> {
    let entry = AuditEntry {
        id: desk.chance.id(),
        at: desk.chance.now(),
        actor: by.map(|(member, _)| member),
        action: action.to_owned(),
        subject: schedule.id.to_string(),
        venue: by.map(|(_, venue)| venue.clone()),
        before,
        after,
    };
    tx.record(&entry).await
}
