//! What people say in channels, kept in the transaction that marks its delivery as handled.

use crate::{
    domain::{
        event::{Event, Incoming, Venue},
        heard::Heard,
        ids::{DeliveryId, MemberId, TenantId},
        job::JobError,
        member::Identity,
    },
    jobs::{Desk, handle::Talk, people::recognise},
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
    if let (Some(venue), Some(heard)) = (&incoming.venue, &incoming.heard) {
        put(desk, &mut tx, venue, heard, by).await?;
    }
    Ok(tx.commit().await?)
}

/// Keeps what somebody said to Docket in a channel, as what else is said there.
pub(super) async fn keep(desk: &Desk, tx: &mut Tx, talk: &Talk<'_>) -> store::Result<()> {
    match talk.heard {
        Some(heard) => put(desk, tx, talk.venue, heard, Some(talk.member.id)).await,
        None => Ok(()),
    }
}

async fn put(desk: &Desk, tx: &mut Tx, venue: &Venue, heard: &Heard, by: Option<MemberId>) -> store::Result<()> {
    tx.put_heard(venue, heard, by, desk.chance.id(), desk.chance.now()).await.map(drop)
}

/// The member who speaks. The platform is asked about somebody new alone: nothing is decided here.
pub(super) async fn speaker(desk: &Desk, tenant: TenantId, identity: &Identity) -> Result<MemberId, JobError> {
    let known = desk.store.read(tenant).await?.member_by_identity(identity).await?;
    match known {
        Some(member) => Ok(member.id),
        None => Ok(recognise(desk, tenant, identity).await?.id),
    }
}
