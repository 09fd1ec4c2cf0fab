//! Group commit: deliveries that arrive together are stored in one transaction, and each sender waits for it.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    clock::Chance,
    domain::time::Timestamp,
    store::{self, Accepted, NewDelivery, Store},
    telemetry,
};

/// How many deliveries may wait for their commit; one more is refused.
const QUEUE: usize = 1024;

/// How many deliveries share a commit at most, which bounds how long the first of them waits.
const GROUP: usize = 128;

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
#[derive(Clone)]
pub struct Intake {
    queue: mpsc::Sender<Waiting>,
    chance: Chance,
    closing: CancellationToken,
    task: TaskTracker,
}

struct Waiting {
    delivery: NewDelivery,
    since: Timestamp,
    answer: oneshot::Sender<Result<Accepted, IntakeError>>,
}

impl Intake {
    /// Starts the task that stores what comes in. It ends after [`Intake::shutdown`], or when the last clone is
    /// dropped; what was queued by then is still stored.
    pub fn start(store: Store, chance: Chance) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let closing = CancellationToken::new();
        let task = TaskTracker::new();
        task.spawn(collect(store, chance.clone(), waiting, closing.clone()));
        task.close();
        Self { queue, chance, closing, task }
    }

    /// Stores a delivery with its job. Returns once it is committed.
    pub async fn accept(&self, delivery: NewDelivery) -> Result<Accepted, IntakeError> {
        let (answer, committed) = oneshot::channel();
        self.queue.try_send(Waiting { delivery, since: self.chance.now(), answer }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => IntakeError::Full,
            mpsc::error::TrySendError::Closed(_) => IntakeError::Closed,
        })?;
        committed.await.unwrap_or(Err(IntakeError::Closed))
    }

    /// Takes no more deliveries and returns when those that wait are stored.
    pub async fn shutdown(&self) {
        self.closing.cancel();
        self.task.wait().await;
    }
}

async fn collect(store: Store, chance: Chance, mut queue: mpsc::Receiver<Waiting>, closing: CancellationToken) {
    let mut group = Vec::with_capacity(GROUP);
    loop {
        let received = tokio::select! {
            received = queue.recv_many(&mut group, GROUP) => received,
            () = closing.cancelled(), if !queue.is_closed() => {
                queue.close();
                continue;
            }
        };
        if received == 0 {
            return;
        }
        commit(&store, &chance, group.drain(..)).await;
    }
}

async fn commit(store: &Store, chance: &Chance, group: impl Iterator<Item = Waiting>) {
    let (deliveries, waiters): (Vec<_>, Vec<_>) = group.map(|w| (w.delivery, (w.since, w.answer))).unzip();
    let outcomes = keep(store, &deliveries).await;
    let now = chance.now();
    for (outcome, (since, answer)) in outcomes.into_iter().zip(waiters) {
        metrics::histogram!(telemetry::INTAKE_SECONDS).record(now.since(since).as_secs_f64());
        // The sender may have gone away: its delivery is stored all the same.
        let _gone = answer.send(outcome);
    }
}

/// Stores them together. Where that fails because of one of them, which is of a tenant that was just deleted, each alone.
async fn keep(store: &Store, deliveries: &[NewDelivery]) -> Vec<Result<Accepted, IntakeError>> {
    let error = match store.accept(deliveries).await {
        Ok(accepted) => return accepted.into_iter().map(Ok).collect(),
        Err(error) => error,
    };
    if error.is_of_one_row() && deliveries.len() > 1 {
        let mut outcomes = Vec::with_capacity(deliveries.len());
        for delivery in deliveries.chunks(1) {
            outcomes.extend(Box::pin(keep(store, delivery)).await);
        }
        return outcomes;
    }
    tracing::error!(%error, deliveries = deliveries.len(), "deliveries could not be stored");
    let error = Arc::new(error);
    deliveries.iter().map(|_| Err(IntakeError::Store(Arc::clone(&error)))).collect()
}
