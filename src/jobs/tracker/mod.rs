//! What happened at a tracker: kept as facts, which rules and people then make something of.
//!
//! A webhook and a look at the tracker bring the same facts, so it does not matter in which order they come, whether
//! twice, or whether one is lost: what follows is a function of all that is known, and of the plan.

mod access;
mod announce;
mod found;
mod lifecycle;
mod missing;
mod observe;
pub(super) mod order;
mod redeliver;
mod repository;
pub(super) mod robot;
mod suggest;
mod sync;
pub(super) mod tie;

pub use redeliver::sweep;
pub(super) use sync::look;
pub use sync::queue_looks;

use crate::{
    domain::{
        ids::{DeliveryId, TenantId},
        job::JobError,
        tracker::TrackerEvent,
    },
    error::Error,
    jobs::Desk,
    store::{self, Tx},
};

pub(super) use missing::relinked;
pub(super) use observe::relink;
pub(super) use suggest::catch_up;

/// Handles a delivery of a tracker, in one transaction that marks it as handled.
pub(super) async fn handle(
    desk: &Desk,
    tenant: TenantId,
    id: DeliveryId,
    event: &TrackerEvent,
) -> Result<(), JobError> {
    let mut tx = desk.store.write(tenant).await?;
    if !tx.finish_delivery(id, "recorded", desk.chance.now()).await? {
        return Ok(());
    }
    access::keep(desk, &mut tx, event).await?;
    let mut observed = observe::observe(desk, &mut tx, event).await?;
    match suggest::suggest(desk, &mut tx, &mut observed, event.by.as_ref()).await {
        Ok(()) => {
            tell(desk, &mut tx, event, &observed).await?;
            Ok(tx.commit().await?)
        }
        // Nobody asked who could be told. The facts are kept, and the next look proposes what is due then.
        Err(Error::User(words)) => {
            tracing::warn!(%words, "what happened could not be proposed");
            drop(tx);
            let mut tx = desk.store.write(tenant).await?;
            if tx.finish_delivery(id, "recorded", desk.chance.now()).await? {
                access::keep(desk, &mut tx, event).await?;
                let observed = observe::observe(desk, &mut tx, event).await?;
                tell(desk, &mut tx, event, &observed).await?;
                later(&mut tx, event).await?;
                tx.commit().await?;
            }
            Ok(())
        }
        Err(Error::Internal(error)) => Err(JobError::Retry(error)),
    }
}

/// Has the next look at the connection propose what could not be proposed now.
async fn later(tx: &mut Tx, event: &TrackerEvent) -> store::Result<()> {
    let Some(seen) = &event.repository else { return Ok(()) };
    if let Some(repository) = tx.repository(seen.id).await? {
        let projects = tx.projects_linked_to(seen.id).await?;
        tx.note_drift(repository.connection, projects).await?;
    }
    Ok(())
}

/// Tells the channels what is new.
async fn tell(desk: &Desk, tx: &mut Tx, event: &TrackerEvent, observed: &observe::Observed) -> store::Result<()> {
    announce::tell(desk, tx, &observed.pulls).await?;
    if observed.is_echo { Ok(()) } else { announce::tell_release(desk, tx, event).await }
}
