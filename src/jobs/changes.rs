//! Changes of the policy: proposing them, and the card that shows one.

use crate::{
    chat::slack::{SlackError, deliver},
    domain::{
        card::EntryContent,
        ids::{ChangeId, TenantId},
        job::JobError,
        member::Surface,
        message::Message,
        project::ProjectKey,
    },
    error::{Result, UserError},
    jobs::{
        Desk,
        cards::{append, fingerprint, queue_answer},
        handle::Talk,
    },
    review::change::{self, Edit, NewChange},
    store::Tx,
};

/// A change of the policy that somebody wants.
pub(super) struct ChangeWish {
    pub(super) project: Option<ProjectKey>,
    pub(super) edit: Edit,
    pub(super) words: String,
}

/// Proposes a change of the policy and asks the owners; says what comes of it.
pub(super) async fn propose(desk: &Desk, tx: &mut Tx, talk: &Talk<'_>, wish: &ChangeWish) -> Result<Message> {
    let project = match &wish.project {
        None => None,
        Some(key) => Some(tx.project_by_key(key).await?.ok_or_else(|| {
            UserError::new(format!("There is no project {key}. /docket list shows the ones there are."))
        })?),
    };
    let new = NewChange {
        project: project.as_ref(),
        edit: &wish.edit,
        author: talk.member,
        venue: talk.venue,
        words: &wish.words,
    };
    let change = match change::propose(tx, new, &desk.chance).await? {
        Ok(change) => change,
        Err(told) => return Ok(told),
    };
    for owner in change::asked(tx, &change).await? {
        for to in tx.identities(owner.id).await? {
            let venue = crate::domain::event::Venue {
                surface: to.surface,
                team: to.team.clone(),
                // Written to directly: the card may stand where they are not.
                channel: to.user.clone(),
                thread: None,
            };
            queue_answer(desk, tx, None, to, &venue, change::asking(&change, &talk.member.name)).await?;
        }
    }
    let words = format!("{} is proposed. It holds once an owner has approved it; its card says who.", change.code);
    Ok(Message::text(words))
}

/// Makes the card of a change say what is true now: posts it, or updates it where that changes anything.
pub(super) async fn sync(desk: &Desk, tenant: TenantId, id: ChangeId) -> Result<(), JobError> {
    let mut tx = desk.store.read(tenant).await?;
    let Some(mut change) = tx.change(id).await? else { return Ok(()) };
    let message = change::card(&mut tx, &change).await?;
    drop(tx);
    let shown = Some(fingerprint(&message));
    if change.message.is_some() && change.shown == shown {
        return Ok(());
    }
    let posted = match change.venue.surface {
        // The console renders it from the change itself.
        Surface::Console => change.message.clone(),
        Surface::Slack => {
            let slack = desk.slack(tenant, &change.venue.team).await?;
            let posted = deliver::show_progress(&slack, &message, &change.venue, change.message.as_deref()).await;
            Some(posted.or_else(|error| match (error, change.message.clone()) {
                // It can't be changed any more; what it says is not true any more, but who presses it is told.
                (SlackError::Gone(_), Some(posted)) => Ok(posted),
                (error, _) => Err(JobError::from(error)),
            })?)
        }
    };
    let mut tx = desk.store.write(tenant).await?;
    change.message = match (posted, tx.change(id).await?.and_then(|change| change.message)) {
        (Some(posted), _) | (None, Some(posted)) => Some(posted),
        (None, None) => Some(append(desk, &mut tx, None, EntryContent::Change { change: id }).await?),
    };
    change.shown = shown;
    tx.update_change_card(&change).await?;
    Ok(tx.commit().await?)
}
