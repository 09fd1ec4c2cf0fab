//! The audit trail of what is done at once: who did what to what, and what that was before and after.

use serde_json::Value;

use crate::{
    domain::{audit::AuditEntry, event::Venue, ids::MemberId},
    jobs::Desk,
    store::{self, Tx},
};

/// Who did something, and where; `None` where a rule or Docket itself did.
pub(super) type By<'a> = Option<(MemberId, &'a Venue)>;

/// Writes down that something was done.
pub(super) async fn record(
    desk: &Desk,
    tx: &mut Tx,
    by: By<'_>,
    (action, subject): (&str, String),
    (before, after): (Value, Value),
) -> store::Result<()> {
    let entry = AuditEntry {
        id: desk.chance.id(),
        at: desk.chance.now(),
        actor: by.map(|(member, _)| member),
        action: action.to_owned(),
        subject,
        venue: by.map(|(_, venue)| venue.clone()),
        before,
        after,
    };
    tx.record(&entry).await
}
