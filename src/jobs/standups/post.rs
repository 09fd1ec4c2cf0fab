//! Posting a digest, once: its message first, then the details in its thread, one by one.
//!
//! What is posted is stored at once, and a run that is repeated edits it instead of posting it again.

use std::time::Duration;

use crate::{
    chat::slack::{SlackClient, SlackError, deliver},
    domain::{
        card::EntryContent,
        digest::{Digest, DigestState, Wording},
        event::Venue,
        ids::{DigestId, MemberId, TenantId},
        job::JobError,
        member::Surface,
        message::Message,
        schedule::{Pause, Schedule},
    },
    error::Error,
    jobs::{
        Desk,
        cards::{append, fingerprint, way_to, write_to},
        standups::{
            trail::{json, record},
            wording,
        },
    },
    standups::{self, Composed},
    store::{self, Tx},
};

/// How long after its slot a digest is still tried to be posted, whatever its schedule says of slots that were missed:
/// Slack may ask to wait, or be away for a while.
const PATIENCE: Duration = Duration::from_hours(1);
/// How long after its slot a digest that is posted still gets what is missing in its thread.
const STALE: Duration = Duration::from_hours(6);
/// How long is waited for a connection that somebody has to mend.
const MENDING: Duration = Duration::from_mins(5);

/// Posts a digest.
pub(in crate::jobs) async fn post(desk: &Desk, tenant: TenantId, id: DigestId) -> Result<(), JobError> {
    let now = desk.chance.now();
    let mut tx = desk.store.read(tenant).await?;
    let Some(digest) = tx.digest(id).await?.filter(|digest| digest.state == DigestState::Due) else { return Ok(()) };
    let schedule = match digest.schedule {
        Some(schedule) => tx.schedule(schedule).await?,
        None => None,
    };
    let patience = schedule.as_ref().map_or(PATIENCE, |schedule| schedule.patience().max(PATIENCE));
    if digest.message.is_none() && now.since(digest.slot) > patience {
        drop(tx);
        let why = digest.why.clone().unwrap_or_else(|| "It could not be posted in time.".to_owned());
        return Ok(end(desk, tenant, &digest, DigestState::Failed, why).await?);
    }
    let facts = standups::facts(&mut tx, &digest, now).await?;
    drop(tx);
    if digest.message.is_some() && now.since(digest.slot) > patience.max(STALE) {
        return Ok(leave(desk, tenant, &digest, &facts.composed(&Wording::default()).told).await?);
    }
    let mut composed = facts.composed(&Wording::default());
    if composed.is_empty && digest.schedule.is_some() && digest.message.is_none() {
        let why = "Nobody works on that day.".to_owned();
        return Ok(end(desk, tenant, &digest, DigestState::Skipped, why).await?);
    }
    if let Some(wording) = wording::of(desk, tenant, id, &facts).await? {
        composed = facts.composed(&wording);
    }
    match digest.venue.surface {
        Surface::Console => Ok(in_console(desk, tenant, id, composed).await?),
        Surface::Slack => match in_slack(desk, tenant, digest.clone(), &composed).await {
            Ok(()) => Ok(()),
            Err(Trouble::Job(error)) => Err(error),
            Err(Trouble::Slack(error)) => refused(desk, tenant, &digest, error).await,
        },
    }
}

/// What keeps a digest from being posted.
enum Trouble {
    Slack(SlackError),
    Job(JobError),
}

impl From<SlackError> for Trouble {
    fn from(error: SlackError) -> Self {
        Self::Slack(error)
    }
}

impl From<store::Error> for Trouble {
    fn from(error: store::Error) -> Self {
        Self::Job(error.into())
    }
}

async fn in_slack(desk: &Desk, tenant: TenantId, mut digest: Digest, composed: &Composed) -> Result<(), Trouble> {
    let slack = desk.slack(tenant, &digest.venue.team).await?;
    let shown = Some(fingerprint(&(&composed.main, &composed.details)));
    if digest.shown != shown {
        bring_up_to_date(desk, tenant, &slack, &mut digest, composed).await?;
        digest.shown = shown;
        keep(desk, tenant, &digest).await?;
    }
    let thread = Venue { thread: digest.message.clone(), ..digest.venue.clone() };
    for detail in composed.details.iter().skip(digest.details.len()) {
        digest.details.push(deliver::keep(&slack, detail, &thread, None).await?.ts);
        keep(desk, tenant, &digest).await?;
    }
    take_away(&slack, &mut digest, composed.details.len()).await?;
    digest.state = DigestState::Posted;
    digest.why = None;
    let mut tx = desk.store.write(tenant).await?;
    tx.update_digest(&digest).await?;
    tx.put_told(digest.id, &composed.told).await?;
    Ok(tx.commit().await?)
}

/// Posts the message of a digest, or edits it with the details that are posted, which an earlier run could not all post.
async fn bring_up_to_date(
    desk: &Desk,
    tenant: TenantId,
    slack: &SlackClient,
    digest: &mut Digest,
    composed: &Composed,
) -> Result<(), Trouble> {
    let main = deliver::keep(slack, &composed.main, &digest.venue, digest.message.as_deref()).await?.ts;
    digest.posted_at = digest.posted_at.or(Some(desk.chance.now()));
    digest.message = Some(main.clone());
    digest.shown = None;
    keep(desk, tenant, digest).await?;
    let thread = Venue { thread: Some(main), ..digest.venue.clone() };
    for (posted, detail) in digest.details.iter_mut().zip(&composed.details) {
        *posted = deliver::keep(slack, detail, &thread, Some(posted.as_str())).await?.ts;
    }
    Ok(())
}

/// Leaves a digest as it is posted, without what is missing in its thread: nobody reads that any more.
async fn leave(desk: &Desk, tenant: TenantId, digest: &Digest, told: &[MemberId]) -> store::Result<()> {
    let why = "Its details could not all be posted in time.".to_owned();
    let mut tx = desk.store.write(tenant).await?;
    tx.update_digest(&Digest { state: DigestState::Posted, why: Some(why), ..digest.clone() }).await?;
    tx.put_told(digest.id, told).await?;
    tx.commit().await
}

/// Takes away details that there is nothing more to say in, since an earlier run posted them.
async fn take_away(slack: &SlackClient, digest: &mut Digest, count: usize) -> Result<(), SlackError> {
    while digest.details.len() > count {
        let Some(ts) = digest.details.pop() else { break };
        deliver::remove(slack, &digest.venue.channel, &ts).await?;
    }
    Ok(())
}

async fn keep(desk: &Desk, tenant: TenantId, digest: &Digest) -> store::Result<()> {
    let mut tx = desk.store.write(tenant).await?;
    tx.update_digest(digest).await?;
    tx.commit().await
}

/// In the console a digest is lines of the conversation, all in one transaction.
async fn in_console(desk: &Desk, tenant: TenantId, id: DigestId, composed: Composed) -> store::Result<()> {
    let mut tx = desk.store.write(tenant).await?;
    let Some(mut digest) = tx.digest(id).await?.filter(|digest| digest.state == DigestState::Due) else {
        return Ok(());
    };
    let content = |message| EntryContent::Answered { message, to: None };
    digest.message = Some(append(desk, &mut tx, None, content(composed.main)).await?);
    for detail in composed.details {
        digest.details.push(append(desk, &mut tx, None, content(detail)).await?);
    }
    digest.state = DigestState::Posted;
    digest.posted_at = Some(desk.chance.now());
    tx.update_digest(&digest).await?;
    tx.put_told(digest.id, &composed.told).await?;
    tx.commit().await
}

/// What Slack's refusal means for a digest.
async fn refused(desk: &Desk, tenant: TenantId, digest: &Digest, error: SlackError) -> Result<(), JobError> {
    // What was posted meanwhile is stored.
    let stored = desk.store.read(tenant).await?.digest(digest.id).await?;
    let Some(digest) = stored else { return Ok(()) };
    match error {
        SlackError::Denied { ref advice, .. } if error.is_shut() => {
            Ok(give_up(desk, tenant, &digest, &format!("In Slack, {advice}.")).await?)
        }
        // Somebody has to mend the connection, and then it comes by itself, if that is soon enough.
        SlackError::Denied { advice, .. } => {
            keep(desk, tenant, &Digest { why: Some(format!("In Slack, {advice}.")), ..digest }).await?;
            Err(JobError::Wait(MENDING))
        }
        SlackError::Gone(_) => Err(JobError::Retry(error.into())),
        error => Err(error.into()),
    }
}

/// Writes down that a digest came to nothing.
async fn end(desk: &Desk, tenant: TenantId, digest: &Digest, state: DigestState, why: String) -> store::Result<()> {
    keep(desk, tenant, &Digest { state, why: Some(why), ..digest.clone() }).await
}

/// Ends a digest that can't be posted where it should be. Its schedule rests from now on, so that its author is told
/// once and not each day.
async fn give_up(desk: &Desk, tenant: TenantId, digest: &Digest, why: &str) -> store::Result<()> {
    let mut tx = desk.store.write(tenant).await?;
    // Before the schedule, as everybody does who locks both.
    tx.lock_tenant().await?;
    let failed = Digest { state: DigestState::Failed, why: Some(why.to_owned()), ..digest.clone() };
    tx.update_digest(&failed).await?;
    let schedule = match digest.schedule {
        Some(id) => tx.lock_schedule(id).await?,
        None => None,
    };
    let place = format!("The {} of the channel {} could not be posted.", digest.kind.as_str(), digest.venue.channel);
    match schedule {
        Some(schedule) if schedule.pause != Some(Pause::Open) => {
            let paused = Schedule { pause: Some(Pause::Open), next_run_at: None, ..schedule.clone() };
            tx.update_schedule(&paused).await?;
            let states = (json(&schedule), json(&paused));
            record(desk, &mut tx, "schedule.paused", &schedule, None, states).await?;
            let kind = schedule.kind.as_str();
            let words = format!(
                "{place} {why} It is paused now. Once that is mended, say /docket {kind} resume in that channel; \
                 /docket {kind} list says how it stands."
            );
            tell(desk, &mut tx, schedule.by, &digest.venue, words).await?;
        }
        Some(_) => {}
        None => {
            if let Some(by) = digest.by {
                tell(desk, &mut tx, by, &digest.venue, format!("{place} {why}")).await?;
            }
        }
    }
    tx.commit().await
}

/// Tells a member privately.
async fn tell(desk: &Desk, tx: &mut Tx, member: MemberId, about: &Venue, words: String) -> store::Result<()> {
    let to = way_to(tx, member, about).await?;
    write_to(desk, tx, to, Message::text(words)).await
}

/// Writes down that a digest could not be posted however often it was tried.
pub(in crate::jobs) async fn abandon(
    desk: &Desk,
    tenant: TenantId,
    id: DigestId,
    error: &anyhow::Error,
) -> Result<(), Error> {
    let stored = desk.store.read(tenant).await?.digest(id).await?;
    let Some(digest) = stored.filter(|digest| digest.state == DigestState::Due) else { return Ok(()) };
    let reference = desk.chance.reference();
    tracing::error!(reference, digest = %id, error = format!("{error:#}"), "a digest could not be posted");
    let why = format!("It was tried too often without success (ref {reference}); see `docket jobs list`.");
    Ok(end(desk, tenant, &digest, DigestState::Failed, why).await?)
}
