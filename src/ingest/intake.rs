//! Group commit: deliveries that arrive together are stored in one transaction, and each sender waits for it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{mpsc, oneshot},
    time::{self, Instant},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    domain::job::Class,
    store::{self, Accepted, NewDelivery, Parcel, Store},
    telemetry,
};

/// How many deliveries of each lane may wait for their commit; one more is refused.
const QUEUE: usize = 1024;

/// How many deliveries share a commit at most, which bounds how long the first of them waits.
const GROUP: usize = 128;

/// How long it waits before it tries to store a group once more: by then the store trusts none of its connections untested.
const AGAIN: Duration = store::FRESH.saturating_add(Duration::from_millis(50));

/// For how long it counts as full after it refused something.
const LATELY: Duration = Duration::from_secs(5);

/// Why a delivery was not stored. The platform is told to send it again: nothing of it was kept.
#[derive(Debug, Clone, thiserror::Error)]
pub enum IntakeError {
    /// More requests wait for their commit than there is room for.
    #[error("too many deliveries wait to be stored")]
    Full,
    /// Docket is shutting down.
    #[error("no more deliveries are taken: shutting down")]
    Closed,
    /// The database refused the group.
    #[error("deliveries could not be stored: {0}")]
    Store(Arc<store::Error>),
}

/// The one way in for deliveries. Cheap to clone; every clone feeds the same queue.
///
/// It has two lanes: what somebody waits for, such as a command, is stored before webhooks, and has room of its own. So
/// when more comes in than can be stored, it is webhooks that are refused.
#[derive(Clone)]
pub struct Intake {
    front: mpsc::Sender<Waiting>,
    back: mpsc::Sender<Waiting>,
    /// When something was refused last.
    refused: Arc<Mutex<Option<Instant>>>,
    closing: CancellationToken,
    task: TaskTracker,
}

struct Waiting {
    parcel: Parcel,
    since: Instant,
    answer: oneshot::Sender<Result<Accepted, IntakeError>>,
}

/// What waits in the two lanes.
struct Lanes {
    front: mpsc::Receiver<Waiting>,
    back: mpsc::Receiver<Waiting>,
}

impl Lanes {
    /// Waits until something comes and takes what is there, the front lane first. False where nothing comes any more.
    /// Cancel-safe: nothing is waited for once something was taken.
    async fn take(&mut self, group: &mut Vec<Waiting>) -> bool {
        let first = tokio::select! {
            biased;
            Some(first) = self.front.recv() => first,
            Some(first) = self.back.recv() => first,
            else => return false,
        };
        group.push(first);
        while group.len() < GROUP
            && let Ok(next) = self.front.try_recv().or_else(|_| self.back.try_recv())
        {
            group.push(next);
        }
        true
    }

    fn close(&mut self) {
        self.front.close();
        self.back.close();
    }
}

impl Intake {
    /// Starts the task that stores what comes in. It ends after [`Intake::shutdown`], or when the last clone is
    /// dropped; what was queued by then is still stored.
    pub fn start(store: Store) -> Self {
        let ((front, in_front), (back, behind)) = (mpsc::channel(QUEUE), mpsc::channel(QUEUE));
        let closing = CancellationToken::new();
        let task = TaskTracker::new();
        let lanes = Lanes { front: in_front, back: behind };
        task.spawn(collect(store, lanes, closing.clone()));
        task.close();
        Self { front, back, refused: Arc::default(), closing, task }
    }

    /// Stores a delivery with its job. Returns once it is committed.
    pub async fn accept(&self, delivery: NewDelivery) -> Result<Accepted, IntakeError> {
        let (answer, committed) = oneshot::channel();
        let is_awaited = delivery.job.as_ref().is_some_and(|job| job.class == Class::Interactive);
        let (lane, since) = (if is_awaited { &self.front } else { &self.back }, Instant::now());
        let place = lane.try_reserve().map_err(|error| self.refuse(error))?;
        place.send(Waiting { parcel: delivery.into(), since, answer });
        committed.await.unwrap_or(Err(IntakeError::Closed))
    }

    /// Whether a webhook would be refused now: for whoever has still to look into one, which takes a while.
    ///
    /// # Errors
    /// Why it would.
    pub fn has_room_for_webhooks(&self) -> Result<(), IntakeError> {
        self.back.try_reserve().map(drop).map_err(|error| self.refuse(error))
    }

    fn refuse(&self, error: mpsc::error::TrySendError<()>) -> IntakeError {
        match error {
            mpsc::error::TrySendError::Full(()) => {
                *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
                IntakeError::Full
            }
            mpsc::error::TrySendError::Closed(()) => IntakeError::Closed,
        }
    }

    /// Whether something was refused lately because there was no room for it.
    pub fn is_full(&self) -> bool {
        let refused = *self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.is_some_and(|at| at.elapsed() < LATELY)
    }

    /// Takes no more deliveries and returns when those that wait are stored.
    pub async fn shutdown(&self) {
        self.closing.cancel();
        self.task.wait().await;
    }
}

async fn collect(store: Store, mut lanes: Lanes, closing: CancellationToken) {
    let (mut group, mut is_closed) = (Vec::with_capacity(GROUP), false);
    loop {
        let has_more = tokio::select! {
            has_more = lanes.take(&mut group) => has_more,
            () = closing.cancelled(), if !is_closed => {
                lanes.close();
                is_closed = true;
                continue;
            }
        };
        if !has_more {
            return;
        }
        commit(&store, group.drain(..)).await;
    }
}

/// Stores them, and tries once more where that may help: nobody sends a command a second time. What was stored the first
/// time, though its answer was lost, is a copy the second time, and acknowledged.
async fn store_patiently(store: &Store, parcels: &[Parcel]) -> store::Result<Vec<Accepted>> {
    match store.store(parcels).await {
        Err(error) if error.is_passing() => {
            tracing::warn!(%error, "deliveries could not be stored; trying again in a moment");
            time::sleep(AGAIN).await;
            store.store(parcels).await
        }
        done => done,
    }
}

async fn commit(store: &Store, group: impl Iterator<Item = Waiting>) {
    let (parcels, waiters): (Vec<_>, Vec<_>) = group.map(|w| (w.parcel, (w.since, w.answer))).unzip();
    let outcomes = keep(store, &parcels).await;
    let now = Instant::now();
    for (outcome, (since, answer)) in outcomes.into_iter().zip(waiters) {
        metrics::histogram!(telemetry::INTAKE_SECONDS).record(now.duration_since(since).as_secs_f64());
        // The sender may have gone away: its delivery is stored all the same.
        let _gone = answer.send(outcome);
    }
}

/// Stores them together. Where that fails because of one of them, which is of a tenant that was just deleted, each half
/// alone.
async fn keep(store: &Store, parcels: &[Parcel]) -> Vec<Result<Accepted, IntakeError>> {
    let error = match store_patiently(store, parcels).await {
        Ok(accepted) => return accepted.into_iter().map(Ok).collect(),
        Err(error) => error,
    };
    if error.is_of_one_row() && parcels.len() > 1 {
        let mut outcomes = Vec::with_capacity(parcels.len());
        for half in parcels.chunks(parcels.len().div_ceil(2)) {
            outcomes.extend(Box::pin(keep(store, half)).await);
        }
        return outcomes;
    }
    tracing::error!(%error, deliveries = parcels.len(), "deliveries could not be stored");
    let error = Arc::new(error);
    parcels.iter().map(|_| Err(IntakeError::Store(Arc::clone(&error)))).collect()
}
