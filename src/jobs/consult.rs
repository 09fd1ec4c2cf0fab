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
/// How often the shown seconds are brought up to date where that costs a call, at first …
const TICK: Duration = Duration::from_secs(5);
/// … and once it has taken this long: Slack takes 50 updates a minute of a workspace (docs.slack.dev, rate limits).
const SLOW_TICK: Duration = Duration::from_secs(15);
const LONG: Duration = Duration::from_secs(30);
/// How long models may think about one delivery, all their calls together. Less than its job may run.
const LIMIT: Duration = Duration::from_mins(6);
/// Drafts that are made at the same time; more wait, so that clicks and cards always find a worker.
const DRAFTS: usize = 48;
/// How long a draft that finds no room waits before it looks again.
const NO_ROOM: Duration = Duration::from_secs(2);

/// Says what is wrong with an answer.
pub(super) type Check = Box<dyn Fn(&str) -> Result<(), Vec<String>> + Send + Sync>;

/// What is to be asked of a model.
pub(super) struct Consultation {
    /// The question.
    pub(super) question: Question,
    /// Says what is wrong with an answer.
    pub(super) check: Check,
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

/// Tries an account out, within the time that a delivery has. The inner error is who stopped it.
pub(super) async fn test(
    desk: &Desk,
    talk: &Talk<'_>,
    account: &str,
) -> Result<Result<Result<Tested, Trouble>, MemberId>, JobError> {
    let tested = async {
        let tested = timeout(LIMIT, desk.models.test(talk.tenant, account)).await;
        tested.unwrap_or(Ok(Err(Trouble::TooSlow { limit: LIMIT })))
    };
    match shown(desk, talk, Some(&format!("Testing {account}")), Box::pin(tested)).await {
        Ok(tested) => Ok(Ok(tested?)),
        Err(by) => Ok(Err(by)),
    }
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
    let asking = async {
        tokio::select! {
            answer = desk.models.ask(talk.tenant, Some(talk.delivery.id), question, &*consultation.check) => answer,
            () = sleep_until(memo.deadline) => Ok(Err(Trouble::TooSlow { limit: LIMIT })),
        }
    };
    match shown(desk, talk, consultation.what.as_deref(), Box::pin(asking)).await {
        Ok(answer) => {
            memo.said.insert(question.purpose, answer?);
            Ok(None)
        }
        Err(by) => Ok(Some(by)),
    }
}

/// Does `work` while people see that it goes on. The error is who stopped it.
async fn shown<T>(
    desk: &Desk,
    talk: &Talk<'_>,
    what: Option<&str>,
    work: impl Future<Output = T>,
) -> Result<T, MemberId> {
    let (over, stop) = (CancellationToken::new(), CancellationToken::new());
    let working = async {
        let done = tokio::select! {
            done = work => Some(done),
            () = stop.cancelled() => None,
        };
        over.cancel();
        done
    };
    let (done, stopped_by) = tokio::join!(working, watch(desk, talk, what, &over, &stop));
    done.ok_or(stopped_by.unwrap_or(talk.member.id))
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
    let mut due = PATIENCE.saturating_sub(already);
    loop {
        // Whoever can't look now looks again in a moment.
        if let Ok(known) = known(desk, talk).await {
            if let Some(by) = known.as_ref().and_then(|progress| progress.stopped_by) {
                stop.cancel();
                return Some(by);
            }
            let waited = begun.elapsed();
            // What was shown before a crash is taken up at once.
            if waited >= due || (known.is_some() && due < TICK) {
                due = waited + show(desk, talk, known, what).await;
            }
        }
        tokio::select! {
            () = over.cancelled() => return None,
            () = sleep(LOOK) => {}
        }
    }
}

async fn known(desk: &Desk, talk: &Talk<'_>) -> store::Result<Option<Progress>> {
    desk.store.read(talk.tenant).await?.progress(talk.delivery.id).await
}

/// Stores that work is going on, and brings its message up to date where the surface needs one. Returns when to do
/// it again.
async fn show(desk: &Desk, talk: &Talk<'_>, known: Option<Progress>, what: &str) -> Duration {
    let progress = known.unwrap_or_else(|| Progress {
        delivery: talk.delivery.id,
        venue: talk.venue.clone(),
        what: what.to_owned(),
        started_at: talk.delivery.received_at,
        message: None,
        stopped_by: None,
        is_over: false,
    });
    let elapsed = desk.chance.now().since(progress.started_at);
    match bring(desk, talk.tenant, &Progress { what: what.to_owned(), ..progress }, elapsed).await {
        Ok(()) if elapsed < LONG => TICK,
        Ok(()) => SLOW_TICK,
        Err(JobError::Wait(pause)) => pause.max(TICK),
        Err(error) => {
            tracing::warn!(error = format!("{error:#}"), "the progress of a draft could not be shown");
            SLOW_TICK
        }
    }
}

async fn bring(desk: &Desk, tenant: TenantId, progress: &Progress, elapsed: Duration) -> Result<(), JobError> {
    if !put(desk, tenant, progress).await? {
        return Ok(());
    }
    if progress.venue.surface != Surface::Slack {
        return Ok(());
    }
    let slack = desk.slack(tenant, &progress.venue.team).await?;
    let message = message(progress, elapsed);
    let posted = deliver::show_progress(&slack, &message, &progress.venue, progress.message.as_deref()).await?;
    if progress.message.as_ref() == Some(&posted) {
        return Ok(());
    }
    let mut tx = desk.store.write(tenant).await?;
    let is_kept = tx.set_progress_message(progress.delivery, &posted).await?;
    tx.commit().await?;
    if !is_kept {
        // It was over in the meantime: nobody else will take the message away.
        deliver::remove(&slack, &progress.venue.channel, &posted).await?;
    }
    Ok(())
}

/// False where the delivery is handled already, by another worker, and there is nothing to show.
async fn put(desk: &Desk, tenant: TenantId, progress: &Progress) -> store::Result<bool> {
    let mut tx = desk.store.write(tenant).await?;
    if tx.is_handled(progress.delivery).await? {
        return Ok(false);
    }
    tx.put_progress(progress).await?;
    tx.commit().await?;
    Ok(true)
}

/// `Drafting a plan for “Build a login page” … 12 s`.
fn message(progress: &Progress, elapsed: Duration) -> Message {
    let words = format!("{} … {} s", progress.what, elapsed.as_secs());
    let cancel =
        Button { label: "Cancel".to_owned(), style: ButtonStyle::Plain, press: Press::Stop(progress.delivery) };
    Message {
        summary: words.clone(),
        blocks: vec![Block::Text(vec![Span::Plain(words)]), Block::Buttons(vec![cancel])],
    }
}

/// The work on a delivery is over, and no card takes its message over: has that taken away, if there is one.
pub(super) async fn end(desk: &Desk, tx: &mut Tx, delivery: DeliveryId) -> store::Result<()> {
    let Some(progress) = tx.progress(delivery).await? else { return Ok(()) };
    if progress.message.is_none() {
        return tx.remove_progress(delivery).await;
    }
    tx.end_progress(delivery).await?;
    tx.enqueue(desk.chance.id(), &Job::EndProgress { delivery }.due(desk.chance.now())).await?;
    Ok(())
}

/// Takes away the message that showed a draft which came to nothing.
pub(super) async fn take_away(desk: &Desk, tenant: TenantId, delivery: DeliveryId) -> Result<(), JobError> {
    let Some(progress) = desk.store.read(tenant).await?.progress(delivery).await? else { return Ok(()) };
    if let (Surface::Slack, Some(message)) = (progress.venue.surface, &progress.message) {
        let slack = desk.slack(tenant, &progress.venue.team).await?;
        deliver::remove(&slack, &progress.venue.channel, message).await?;
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
            what: "Drafting a plan for “Build a login page”".to_owned(),
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
