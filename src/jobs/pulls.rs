//! Bringing the messages about pull requests to their channels, keeping them true there, and the lines in their threads.

use std::time::Duration;

use crate::{
    chat::slack::{SlackError, deliver},
    domain::{
        announce::PullCard,
        card::EntryContent,
        ids::{NoticeId, PullCardId, TenantId},
        job::{Job, JobError},
        member::Surface,
        message::Message,
    },
    jobs::{
        Desk,
        cards::{Tries, append, fingerprint, take_back},
    },
    review::pull_card,
    store::Tx,
};

/// How long whatever goes into a thread waits for the message that starts it, and how often it looks.
const PATIENCE: Duration = Duration::from_mins(10);
const LOOK: Duration = Duration::from_secs(1);

/// Makes the message of a pull request say what is true now: posts it, or updates it where that changes anything.
pub(super) async fn sync(desk: &Desk, tenant: TenantId, id: PullCardId, tries: Tries) -> Result<(), JobError> {
    let mut tx = desk.store.read(tenant).await?;
    let Some(card) = tx.pull_card(id).await? else { return Ok(()) };
    let Some(message) = pull_card::show(&mut tx, &card, desk.chance.now()).await? else { return Ok(()) };
    drop(tx);
    let shown = fingerprint(&message);
    if card.message.is_some() && card.shown.as_deref() == Some(shown.as_str()) {
        return Ok(());
    }
    let posted = match card.venue.surface {
        Surface::Console => None,
        Surface::Slack => Some(post(desk, tenant, &card, &message, tries).await?),
    };
    let mut tx = desk.store.write(tenant).await?;
    let Some(posted) = posted else {
        let Some(before) = tx.pull_card(id).await? else { return Ok(()) };
        // The console renders it from the facts themselves.
        let message = match before.message.clone() {
            Some(entry) => entry,
            None => append(desk, &mut tx, None, EntryContent::Pull { card: id }).await?,
        };
        tx.update_pull_card(&before, &PullCard { message: Some(message), shown: Some(shown), ..card }).await?;
        return Ok(tx.commit().await?);
    };
    let brought = PullCard { message: Some(posted.clone()), shown: Some(shown), ..card.clone() };
    if tx.update_pull_card(&card, &brought).await? {
        return Ok(tx.commit().await?);
    }
    drop(tx);
    // Somebody else brought it meanwhile: see the cards.
    again(desk, tenant, id).await?;
    if card.message.is_none() { take_back(desk, tenant, &card.venue, &posted).await } else { Ok(()) }
}

/// Has the message of a pull request brought once more, whatever it is believed to say.
pub(super) async fn again(desk: &Desk, tenant: TenantId, id: PullCardId) -> Result<(), JobError> {
    let mut tx = desk.store.write(tenant).await?;
    tx.doubt_pull_card(id).await?;
    tx.enqueue(desk.chance.id(), &Job::SyncPull { card: id }.due(desk.chance.now())).await?;
    Ok(tx.commit().await?)
}

async fn post(
    desk: &Desk,
    tenant: TenantId,
    card: &PullCard,
    message: &Message,
    tries: Tries,
) -> Result<String, JobError> {
    let slack = desk.slack(tenant, &card.venue.team).await?;
    match deliver::keep(&slack, message, &card.venue, card.message.as_deref()).await {
        Ok(delivered) => Ok(delivered.ts),
        Err(SlackError::RateLimited(pause)) => Err(JobError::Wait(pause)),
        Err(error) if tries.is_last && card.message.is_some() => {
            tracing::warn!(%error, "the message of a pull request can't be updated; its thread gets the news");
            Ok(deliver::say_instead(&slack, message, &card.venue, card.message.as_deref()).await?.ts)
        }
        // Somebody can mend it, and then it comes by itself; `github events` says that it could not be posted.
        Err(error @ SlackError::Denied { .. }) => Err(JobError::Retry(error.into())),
        Err(error) => Err(error.into()),
    }
}

/// The message of a pull request in whose thread something is to stand; `None` where it is not posted for too long.
pub(super) async fn thread_of(desk: &Desk, tx: &mut Tx, id: PullCardId) -> Result<Option<String>, JobError> {
    let Some(card) = tx.pull_card(id).await? else { return Ok(None) };
    if card.message.is_none() && desk.chance.now().since(card.created_at) < PATIENCE {
        return Err(JobError::Wait(LOOK));
    }
    Ok(card.message)
}

/// Posts a line, once.
pub(super) async fn post_notice(desk: &Desk, tenant: TenantId, id: NoticeId) -> Result<(), JobError> {
    let mut tx = desk.store.read(tenant).await?;
    let Some(notice) = tx.notice(id).await?.filter(|notice| notice.posted.is_none()) else { return Ok(()) };
    let thread = match notice.card {
        Some(card) => match thread_of(desk, &mut tx, card).await? {
            Some(thread) => Some(thread),
            // A line without the message that it is about says nothing.
            None => return Ok(()),
        },
        None => None,
    };
    drop(tx);
    let posted = match notice.venue.surface {
        Surface::Console => None,
        Surface::Slack => {
            let slack = desk.slack(tenant, &notice.venue.team).await?;
            let content = slack.render(&notice.message);
            Some(slack.post(&notice.venue.channel, thread.as_deref(), &content).await?.ts)
        }
    };
    let mut tx = desk.store.write(tenant).await?;
    let posted = match posted {
        Some(posted) => posted,
        None if tx.notice(id).await?.is_none_or(|notice| notice.posted.is_some()) => return Ok(()),
        None => {
            let content = EntryContent::Answered { message: notice.message, to: None };
            append(desk, &mut tx, None, content).await?
        }
    };
    tx.set_notice_posted(id, &posted).await?;
    Ok(tx.commit().await?)
}
