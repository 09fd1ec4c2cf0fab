//! What happened at a tracker: kept as facts, which rules and people then make something of.
//!
//! A webhook and a look at the tracker bring the same facts, so it does not matter in which order they come, whether
//! twice, or whether one is lost: what follows is a function of all that is known, and of the plan.

mod observe;
mod robot;

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
        observe::observe(desk, &mut tx, event).await?;
        tx.commit().await?;
    }
    Ok(())
}
