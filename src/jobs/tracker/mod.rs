//! What happened at a tracker: kept as facts.

mod observe;

use crate::{
    domain::{
        ids::{DeliveryId, TenantId},
        job::JobError,
        tracker::TrackerEvent,
    },
    jobs::Desk,
};

/// Handles a delivery of a tracker, in one transaction that marks it as handled.
pub(super) async fn handle(
    desk: &Desk,
    tenant: TenantId,
    id: DeliveryId,
    event: &TrackerEvent,
) -> Result<(), JobError> {
    let mut tx = desk.store.write(tenant).await?;
    if tx.finish_delivery(id, "recorded", desk.chance.now()).await? {
        observe::observe(&mut tx, event).await?;
        tx.commit().await?;
    }
    Ok(())
}
