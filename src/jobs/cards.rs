//! Bringing what Docket says to where people read it, and keeping it true there.
//!
//! Each of these may run twice: it looks up what it recorded before it acts. The one window that is
//! left is a Slack message whose posting was cut off before its `ts` was stored: it is posted again.

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::{
    chat::{
        console,
        slack::{SlackError, deliver},
    },
    domain::{
        card::{Answer, Card, Entry, EntryContent},
        event::Venue,
        ids::{AnswerId, CardId, MemberId, TenantId},
        job::{Job, JobError},
        member::{Identity, Surface},
        message::Message,
        patch::Patch,
    },
    jobs::{Desk, pulls, ticket},
    review::{card, replies},
    store::Tx,
};

/// Which try of a job this is.
#[derive(Clone, Copy)]
pub(super) struct Tries {
    pub(super) is_first: bool,
    pub(super) is_last: bool,
}

/// Makes a card say what is true now: posts it, or updates it where that changes anything.
pub(super) async fn sync(desk: &Desk, tenant: TenantId, id: CardId, tries: Tries) -> Result<(), JobError> {
    let mut tx = desk.store.read(tenant).await?;
    let Some(mut card) = tx.card(id).await? else { return Ok(()) };
    let Some(patch) = tx.patch(card.patch).await? else { return Ok(()) };
    if let (Some(under), None, Surface::Slack) = (card.under, &card.message, card.venue.surface) {
        card.venue.thread = pulls::thread_of(desk, &mut tx, under).await?;
    }
    let message = card::show(&mut tx, &patch, desk.chance.now()).await?;
    drop(tx);
    let shown = fingerprint(&message);
    if card.message.is_some() && card.shown.as_deref() == Some(shown.as_str()) {
        return Ok(());
    }
    let posted = match card.venue.surface {
        Surface::Console => return sync_console(desk, tenant, Card { shown: Some(shown), ..card }).await,
        Surface::Slack => sync_slack(desk, tenant, &card, &patch, &message, tries).await?,
    };
    let mut tx = desk.store.write(tenant).await?;
    let brought = Card { message: Some(posted.clone()), shown: Some(shown), ..card.clone() };
    if tx.update_card(&card, &brought).await? {
        return Ok(tx.commit().await?);
    }
    drop(tx);
    // Somebody else brought it meanwhile: this process was away for longer than its lease, and what it said came last.
    again(desk, tenant, id).await?;
    if card.message.is_none() { take_back(desk, tenant, &card.venue, &posted).await } else { Ok(()) }
}

/// Takes a message away that was posted after somebody else had posted it.
pub(super) async fn take_back(desk: &Desk, tenant: TenantId, venue: &Venue, posted: &str) -> Result<(), JobError> {
    let slack = desk.slack(tenant, &venue.team).await?;
    Ok(deliver::remove(&slack, &venue.channel, posted).await?)
}

/// Has a card brought once more, whatever it is believed to say.
pub(super) async fn again(desk: &Desk, tenant: TenantId, id: CardId) -> Result<(), JobError> {
    let mut tx = desk.store.write(tenant).await?;
    tx.doubt_card(id).await?;
    tx.enqueue(desk.chance.id(), &Job::SyncCard { card: id }.due(desk.chance.now())).await?;
    Ok(tx.commit().await?)
}

/// Recognises messages that would say the same.
pub(super) fn fingerprint(said: &impl Serialize) -> String {
    let text = serde_json::to_vec(said).unwrap_or_default();
    hex::encode(Sha256::digest(text))
}

/// The console renders cards from the patch itself, so a card there is one line of the conversation.
async fn sync_console(desk: &Desk, tenant: TenantId, card: Card) -> Result<(), JobError> {
    let mut tx = desk.store.write(tenant).await?;
    let Some(before) = tx.card(card.id).await? else { return Ok(()) };
    let message = match before.message.clone() {
        Some(entry) => entry,
        None => append(desk, &mut tx, None, EntryContent::Card { card: card.id }).await?,
    };
    tx.update_card(&before, &Card { message: Some(message), ..card }).await?;
    Ok(tx.commit().await?)
}

/// Appends a line to the console's conversation, for everybody or for one reader, and returns its id.
pub(super) async fn append(
    desk: &Desk,
    tx: &mut Tx,
    reader: Option<MemberId>,
    content: EntryContent,
) -> crate::store::Result<String> {
    let entry = Entry { id: desk.chance.id(), seq: 0, at: desk.chance.now(), reader, content };
    tx.append_entry(&entry).await?;
    Ok(entry.id.to_string())
}

async fn sync_slack(
    desk: &Desk,
    tenant: TenantId,
    card: &Card,
    patch: &Patch,
    message: &Message,
    tries: Tries,
) -> Result<String, JobError> {
    let slack = desk.slack(tenant, &card.venue.team).await;
    let delivered = match &slack {
        Ok(slack) => deliver::sync_card(slack, message, card).await,
        Err(error) => Err(error.clone()),
    };
    let error = match delivered {
        Ok(delivered) => return Ok(delivered.ts),
        Err(SlackError::RateLimited(pause)) => return Err(JobError::Wait(pause)),
        Err(error) => error,
    };
    if let (true, true, Ok(slack)) = (tries.is_last, card.message.is_some(), &slack) {
        tracing::warn!(%error, "a card can't be updated; its thread gets the news");
        return Ok(deliver::reply_instead(slack, message, card).await?.ts);
    }
    match &error {
        // Somebody can mend it, and then the card comes by itself.
        SlackError::Denied { advice, .. } => {
            if tries.is_first {
                tell_author(desk, tenant, card, patch, advice).await?;
            }
            return Err(JobError::Retry(error.into()));
        }
        _ if tries.is_last => {
            tell_author(desk, tenant, card, patch, "Slack could not be reached for a long time").await?;
        }
        _ => {}
    }
    Err(error.into())
}

/// Tells whoever asked for the patch why its card does not appear and who can mend it.
async fn tell_author(desk: &Desk, tenant: TenantId, card: &Card, patch: &Patch, advice: &str) -> Result<(), JobError> {
    let mut tx = desk.store.write(tenant).await?;
    let identities = tx.identities(patch.author).await?;
    let Some(to) = identities.into_iter().find(|identity| identity.surface == card.venue.surface) else {
        return Ok(());
    };
    let message = replies::card_not_posted(patch.code, advice);
    queue_answer(desk, &mut tx, patch.origin.delivery, to, &card.venue, message).await?;
    Ok(tx.commit().await?)
}

/// Stores a private answer with the job that brings it.
pub(super) async fn queue_answer(
    desk: &Desk,
    tx: &mut Tx,
    delivery: Option<crate::domain::ids::DeliveryId>,
    to: Identity,
    venue: &Venue,
    message: Message,
) -> crate::store::Result<()> {
    let now = desk.chance.now();
    let answer =
        Answer { id: desk.chance.id(), delivery, to, venue: venue.clone(), message, created_at: now, sent_at: None };
    tx.insert_answer(&answer).await?;
    tx.enqueue(desk.chance.id(), &Job::SendAnswer { answer: answer.id }.due(now)).await?;
    Ok(())
}

/// Stores a message to somebody who is written to without having asked, with the job that brings it.
pub(super) async fn write_to(desk: &Desk, tx: &mut Tx, to: Identity, message: Message) -> crate::store::Result<()> {
    let venue = direct(&to);
    queue_answer(desk, tx, None, to, &venue, message).await
}

/// As whom a member is written to about something at a place: on its surface, where they are known there, and else in the
/// console.
pub(super) async fn way_to(tx: &mut Tx, member: MemberId, about: &Venue) -> crate::store::Result<Identity> {
    let known = tx.identities(member).await?.into_iter();
    let there = known.into_iter().find(|one| (one.surface, &one.team) == (about.surface, &about.team));
    Ok(there.unwrap_or_else(|| console::receive::identity(member)))
}

/// Where somebody is written to without having asked.
fn direct(identity: &Identity) -> Venue {
    match identity.surface {
        Surface::Console => console::receive::venue(),
        Surface::Slack => {
            Venue { surface: Surface::Slack, team: identity.team.clone(), channel: identity.user.clone(), thread: None }
        }
    }
}

/// Brings a private answer to its reader, once.
pub(super) async fn send_answer(desk: &Desk, tenant: TenantId, id: AnswerId) -> Result<(), JobError> {
    let mut tx = desk.store.read(tenant).await?;
    let Some(answer) = tx.answer(id).await? else { return Ok(()) };
    if answer.sent_at.is_some() {
        return Ok(());
    }
    if answer.venue.surface == Surface::Slack {
        let (delivery, uses) = match answer.delivery {
            Some(id) => (tx.delivery(id).await?, tx.answers_sent_for(id).await?),
            None => (None, 0),
        };
        drop(tx);
        let slack = desk.slack(tenant, &answer.venue.team).await?;
        let answer = ticket::with_token(desk, tenant, answer.clone()).await?;
        deliver::send_answer(&slack, delivery.as_ref(), uses, &answer, desk.chance.now()).await?;
    } else {
        drop(tx);
    }
    let mut tx = desk.store.write(tenant).await?;
    let is_sent = tx.answer(id).await?.is_none_or(|answer| answer.sent_at.is_some());
    if answer.venue.surface == Surface::Console
        && !is_sent
        && let Some(reader) = tx.member_by_identity(&answer.to).await?
    {
        let content = EntryContent::Answered { message: answer.message, to: answer.delivery };
        append(desk, &mut tx, Some(reader.id), content).await?;
    }
    tx.set_answer_sent(id, desk.chance.now()).await?;
    Ok(tx.commit().await?)
}
