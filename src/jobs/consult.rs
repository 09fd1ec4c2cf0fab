//! Asking a model while a delivery is handled: outside of any transaction, shown while it takes long, and stopped
//! when somebody says so.

use std::{collections::BTreeMap, time::Duration};

use tokio::{
    sync::Semaphore,
    time::{Instant, sleep, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    chat::slack::deliver,
    domain::{
        ids::{DeliveryId, MemberId, TenantId},
        job::{Job, JobError},
        member::Surface,
        message::{Block, Button, ButtonStyle, Message, Press, Span},
        model::Use,
        progress::Progress,
    },
    jobs::{Desk, handle::Talk},
    llm::{
        Question,
        models::{Reply, Tested, Trouble},
    },
    store::{self, Tx},
};

/// How long people wait before they are shown that a model is thinking.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often it is looked whether somebody stopped it.
const LOOK: Duration = Duration::from_millis(500);
/// How often the shown seconds are brought up to date where that costs a call.
const TICK: Duration = Duration::from_secs(5);
/// How long models may think about one delivery, all their calls together. Less than its job may run.
const LIMIT: Duration = Duration::from_mins(6);
/// Drafts that are made at the same time; more wait, so that clicks and cards always find a worker.
const DRAFTS: usize = 48;
/// How long a draft that finds no room waits before it looks again.
const NO_ROOM: Duration = Duration::from_secs(2);

/// What is to be asked of a model.
pub(super) struct Consultation {
    /// The question.
    pub(super) question: Question,
    /// Says what is wrong with an answer.
    pub(super) check: Box<dyn Fn(&str) -> Result<(), Vec<String>> + Send + Sync>,
    /// What is being made, for people; `None` for what is too quick to be shown.
    pub(super) what: Option<String>,
}

/// What models said while this delivery was handled. Each thing is asked once, whatever happens to the plan meanwhile.
pub(super) struct Memo {
    said: BTreeMap<Use, Result<Reply, Trouble>>,
    /// Until when they may think.
    deadline: Instant,
}

impl Memo {
    /// Nothing was said yet, and the time begins.
    pub(super) fn new() -> Self {
        Self { said: BTreeMap::new(), deadline: Instant::now() + LIMIT }
    }

    /// What a model said to this; `None` where it was not asked yet.
    pub(super) fn said(&self, purpose: Use) -> Option<Result<&Reply, &Trouble>> {
        self.said.get(&purpose).map(Result::as_ref)
    }
}

/// Tries an account out, within the time that a delivery has.
pub(super) async fn test(desk: &Desk, tenant: TenantId, account: &str) -> Result<Result<Tested, Trouble>, JobError> {
    let tested = timeout(LIMIT, desk.models.test(tenant, account)).await;
    Ok(tested.unwrap_or(Ok(Err(Trouble::TooSlow { limit: LIMIT })))?)
}

/// Room for the drafts that are made at the same time.
pub fn room() -> Semaphore {
    Semaphore::new(DRAFTS)
}

/// Asks, and remembers the answer. Gives back who stopped it, if somebody did.
pub(super) async fn consult(
    desk: &Desk,
    talk: &Talk<'_>,
    consultation: &Consultation,
    memo: &mut Memo,
) -> Result<Option<MemberId>, JobError> {
    let question = &consultation.question;
    let Ok(_room) = desk.drafts.try_acquire() else { return Err(JobError::Wait(NO_ROOM)) };
    let (over, stop) = (CancellationToken::new(), CancellationToken::new());
    let asking = async {
        let asked = desk.models.ask(talk.tenant, Some(talk.delivery.id), question, &*consultation.check);
        let answer = tokio::select! {
            answer = asked => Some(answer),
            () = stop.cancelled() => None,
            () = sleep_until(memo.deadline) => Some(Ok(Err(Trouble::TooSlow { limit: LIMIT }))),
        };
        over.cancel();
        answer
    };
    let watching = watch(desk, talk, consultation.what.as_deref(), &over, &stop);
    let (answer, stopped_by) = tokio::join!(asking, watching);
    if let Some(answer) = answer {
        memo.said.insert(question.purpose, answer?);
        return Ok(None);
    }
    Ok(stopped_by)
}

/// Shows the progress once it takes long, and keeps it shown until it is `over`. Returns early, with who did it,
/// when somebody stopped it. What fails here is only not shown.
async fn watch(
    desk: &Desk,
    talk: &Talk<'_>,
    what: Option<&str>,
    over: &CancellationToken,
    stop: &CancellationToken,
) -> Option<MemberId> {
    let what = what?;
    // People have been waiting since they spoke, not since the model was asked.
    let already = desk.chance.now().since(talk.delivery.received_at);
    let begun = Instant::now();
    let mut shown_at: Option<Duration> = None;
    loop {
        let known = match desk.store.read(talk.tenant).await {
            Ok(mut tx) => tx.progress(talk.delivery.id).await.ok().flatten(),
            Err(_) => None,
        };
        if let Some(by) = known.as_ref().and_then(|progress| progress.stopped_by) {
            stop.cancel();
            return Some(by);
        }
        let waited = already + begun.elapsed();
        // What was shown before a crash is taken up at once.
        let is_due = shown_at.map_or(known.is_some() || waited >= PATIENCE, |at| waited >= at + TICK);
        if is_due {
            if let Err(error) = show(desk, talk, known, what).await {
                tracing::warn!(error = format!("{error:#}"), "the progress of a draft could not be shown");
            }
            shown_at = Some(waited);
        }
        tokio::select! {
            () = over.cancelled() => return None,
            () = sleep(LOOK) => {}
        }
    }
}

/// Stores that work is going on, and brings its message up to date where the surface needs one.
async fn show(desk: &Desk, talk: &Talk<'_>, known: Option<Progress>, what: &str) -> anyhow::Result<()> {
    let is_new = known.is_none();
    let progress = known.unwrap_or_else(|| Progress {
        delivery: talk.delivery.id,
        venue: talk.venue.clone(),
        what: what.to_owned(),
        started_at: talk.delivery.received_at,
        message: None,
        stopped_by: None,
        is_over: false,
    });
    if is_new {
        put(desk, talk.tenant, &progress).await?;
    }
    let (Surface::Slack, Some(slack)) = (talk.venue.surface, &desk.slack) else { return Ok(()) };
    let message = message(&progress, desk.chance.now().since(progress.started_at));
    let posted = deliver::show_progress(slack, &message, &progress.venue, progress.message.as_deref()).await?;
    if progress.message.as_ref() != Some(&posted) {
        let mut tx = desk.store.write(talk.tenant).await?;
        tx.set_progress_message(progress.delivery, &posted).await?;
        tx.commit().await?;
    }
    Ok(())
}

async fn put(desk: &Desk, tenant: TenantId, progress: &Progress) -> store::Result<()> {
    let mut tx = desk.store.write(tenant).await?;
    tx.put_progress(progress).await?;
    tx.commit().await
}

/// `Drafting a plan for “Build a login page” … 12 s`.
fn message(progress: &Progress, elapsed: Duration) -> Message {
    let words = format!("Drafting {} … {} s", progress.what, elapsed.as_secs());
    let cancel =
        Button { label: "Cancel".to_owned(), style: ButtonStyle::Plain, press: Press::Stop(progress.delivery) };
    Message {
        summary: words.clone(),
        blocks: vec![Block::Text(vec![Span::Plain(words)]), Block::Buttons(vec![cancel])],
    }
}

/// The work on a delivery is over: gives the message that showed it to the card that `takes_over`, or has it taken
/// away.
pub(super) async fn end(
    desk: &Desk,
    tx: &mut Tx,
    delivery: DeliveryId,
    takes_over: bool,
) -> store::Result<Option<String>> {
    let Some(progress) = tx.progress(delivery).await? else { return Ok(None) };
    match progress.message {
        Some(message) if !takes_over => {
            tx.end_progress(delivery).await?;
            tx.enqueue(desk.chance.id(), &Job::EndProgress { delivery }.due(desk.chance.now())).await?;
            tracing::debug!(message, "the message of a draft goes");
            Ok(None)
        }
        message => {
            tx.remove_progress(delivery).await?;
            Ok(message)
        }
    }
}

/// Takes away the message that showed a draft which came to nothing.
pub(super) async fn take_away(desk: &Desk, tenant: TenantId, delivery: DeliveryId) -> Result<(), JobError> {
    let Some(progress) = desk.store.read(tenant).await?.progress(delivery).await? else { return Ok(()) };
    if let (Surface::Slack, Some(slack), Some(message)) = (progress.venue.surface, &desk.slack, &progress.message) {
        deliver::remove(slack, &progress.venue.channel, message).await?;
    }
    let mut tx = desk.store.write(tenant).await?;
    tx.remove_progress(delivery).await?;
    Ok(tx.commit().await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::Chance,
        domain::{event::Venue, time::Timestamp},
    };

    #[test]
    fn models_are_given_up_before_the_job_is() {
        let job = Job::HandleDelivery { delivery: Chance::system().id() };
        assert!(LIMIT + Duration::from_mins(1) < job.time_limit());
    }

    #[test]
    fn progress_says_what_is_made_and_since_when() {
        let progress = Progress {
            delivery: Chance::system().id(),
            venue: Venue { surface: Surface::Slack, team: "T1".to_owned(), channel: "C1".to_owned(), thread: None },
            what: "a plan for “Build a login page”".to_owned(),
            started_at: Timestamp::from_millis(0),
            message: None,
            stopped_by: None,
            is_over: false,
        };
        insta::assert_snapshot!(message(&progress, Duration::from_millis(12_400)).to_plain(), @r"
        Drafting a plan for “Build a login page” … 12 s
        [Cancel]
        ");
    }
}
