//! What people say in channels, kept once however often its delivery is tried.

use crate::{
    domain::{
        event::{Event, Incoming},
        ids::{DeliveryId, MemberId, TenantId},
        job::JobError,
        member::Identity,
    },
    jobs::{Desk, people::recognise},
    store::{self, Tx},
};

/// Whether people talk to each other, and not in a thread that has to do with us.
pub(super) async fn is_talk(desk: &Desk, tenant: TenantId, incoming: &Incoming) -> store::Result<bool> {
    match (&incoming.event, &incoming.venue) {
        (Event::Nothing, _) => Ok(incoming.heard.is_some()),
        (Event::Reply(_), Some(venue)) if incoming.heard.is_some() => {
            Ok(!desk.store.read(tenant).await?.is_our_thread(venue).await?)
        }
        _ => Ok(false),
    }
}

/// Keeps what people say to each other, or forgets what somebody took back, and ends its delivery.
pub(super) async fn take_in(
    desk: &Desk,
    tenant: TenantId,
    id: DeliveryId,
    incoming: &Incoming,
) -> Result<(), JobError> {
    let by = match &incoming.sender {
        Some(identity) => Some(speaker(desk, tenant, identity).await?),
        None => None,
    };
    let mut tx = desk.store.write(tenant).await?;
    if !tx.finish_delivery(id, "heard", desk.chance.now()).await? {
        return Ok(());
    }
    put(desk, &mut tx, incoming, by).await?;
    Ok(tx.commit().await?)
}

/// Keeps what somebody said to Docket in a channel, as what else is said there, and whose eyes the channel is for.
///
/// It is a transaction of its own, before anything else comes of it: whatever that locks, it does not keep those waiting
/// who hear, and what somebody says to have it forgotten is forgotten with the rest.
pub(super) async fn keep(desk: &Desk, tenant: TenantId, incoming: &Incoming, by: MemberId) -> store::Result<()> {
    if incoming.heard.is_none() && !incoming.is_private {
        return Ok(());
    }
    let mut tx = desk.store.write(tenant).await?;
    put(desk, &mut tx, incoming, Some(by)).await?;
    tx.commit().await
}

async fn put(desk: &Desk, tx: &mut Tx, incoming: &Incoming, by: Option<MemberId>) -> store::Result<()> {
    let Some(venue) = &incoming.venue else { return Ok(()) };
    if let Some(heard) = &incoming.heard {
        tx.put_heard(venue, heard, by, desk.chance.id(), desk.chance.now()).await?;
    }
    if incoming.is_private {
        tx.lock_heard_channel(venue, Some(true)).await?;
    }
    Ok(())
}

/// The member who speaks. The platform is asked about somebody new alone: nothing is decided here.
pub(super) async fn speaker(desk: &Desk, tenant: TenantId, identity: &Identity) -> Result<MemberId, JobError> {
    let known = desk.store.read(tenant).await?.member_by_identity(identity).await?;
    match known {
        Some(member) => Ok(member.id),
        None => Ok(recognise(desk, tenant, identity).await?.id),
    }
}
