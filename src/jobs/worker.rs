//! The worker: claims due jobs, runs them under a lease, and says what happens next.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::FutureExt;
use tokio::{
    task::JoinSet,
    time::{self, Instant},
};
use tracing::Instrument;

use crate::{
    clock::Chance,
    domain::{
        ids::JobId,
        job::{Class, JobError, backoff},
    },
    jobs::{Desk, abandoned, overtaken, run},
    shutdown::Shutdown,
    store::{Claimed, Room, Store, behind_others},
    telemetry,
};

/// How long a claimed job belongs to its worker without a sign of life.
const LEASE: Duration = Duration::from_mins(1);
/// How often a running job's lease is extended.
const HEARTBEAT: Duration = Duration::from_secs(20);
/// How long the worker sleeps at most before it looks again: commits wake it, this is the safety net.
const POLL: Duration = Duration::from_millis(500);
/// How many times as long as a look took that was in vain it waits before a commit makes it look again: where thousands
/// wait for one that runs, every commit of others would.
const PAUSE: u32 = 3;
/// For how long that is at most: what somebody waits for may come meanwhile.
const PAUSE_AT_MOST: Duration = Duration::from_millis(50);
/// How long it waits until it tries again to write down how a job ended.
const AGAIN: Duration = Duration::from_secs(1);
/// Deaths of its worker that a job survives beyond its attempts. A power cut is seldom the job's fault; a job that kills
/// its worker every time has to end some day.
const DEATHS: u32 = 10;
/// How many jobs run at the same time. They wait for services, not for processors; and the ends of those that do not wait
/// are written together, with what is claimed next, which costs a flush of the disk however many they are.
const CONCURRENCY: usize = 128;
/// How many of them somebody waits for, at most: what is left goes on however much people ask.
const INTERACTIVE: usize = 112;
/// How many others there are, at most: so that there is room for whoever asks now, however much is due.
const OTHERS: usize = 96;
/// How many of those are of one class, at most.
const OF_ONE_CLASS: usize = 88;
/// How long running jobs may take to finish once the worker is asked to stop.
const GRACE: Duration = Duration::from_secs(8);

/// How many jobs of each class are running. Cheap to clone.
#[derive(Clone, Default)]
struct Slots(Arc<[AtomicUsize; Class::ALL.len()]>);

/// The place of a running job; free again when it is dropped.
struct Slot {
    slots: Slots,
    class: Class,
}

impl Slots {
    /// What there is room for. Each class can always have some of it, whatever the others do.
    fn room(&self) -> Room {
        let held = |class: Class| self.0[class.place()].load(Ordering::Relaxed);
        let others = held(Class::Scheduled) + held(Class::Background);
        let free_for_others = OTHERS.saturating_sub(others);
        let of_one = |class| OF_ONE_CLASS.saturating_sub(held(class)).min(free_for_others);
        let of =
            [INTERACTIVE.saturating_sub(held(Class::Interactive)), of_one(Class::Scheduled), of_one(Class::Background)];
        Room { all: CONCURRENCY.saturating_sub(held(Class::Interactive) + others), of, others: free_for_others }
    }

    fn take(&self, class: Class) -> Slot {
        self.0[class.place()].fetch_add(1, Ordering::Relaxed);
        Slot { slots: self.clone(), class }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.slots.0[self.class.place()].fetch_sub(1, Ordering::Relaxed);
    }
}

/// Runs jobs from the store. Cheap to clone; clones share the name under which jobs are leased.
#[derive(Clone)]
pub struct Worker {
    desk: Arc<Desk>,
    owner: Arc<str>,
    alive: Arc<Mutex<Instant>>,
}

impl Worker {
    /// A worker with a name of its own.
    pub fn new(desk: Arc<Desk>) -> Self {
        let owner = format!("worker-{:032x}", desk.chance.bits());
        Self { desk, owner: owner.into(), alive: Arc::new(Mutex::new(Instant::now())) }
    }

    /// For how long the worker has not looked for jobs: what readiness is judged by.
    pub fn silence(&self) -> Duration {
        self.alive.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    /// Works until `stop`, then finishes or gives back what is running, within [`GRACE`].
    pub async fn run(self, stop: Shutdown) {
        let slots = Slots::default();
        let (mut running, mut done) = (JoinSet::new(), Vec::new());
        let mut changes = self.store().changes();
        while !stop.is_requested() {
            *self.alive.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
            while let Some(ended) = running.try_join_next() {
                done.extend(ended.ok().flatten());
            }
            changes.mark_unchanged();
            let (claimed, pause) = self.turn(&mut done, &slots.room()).await;
            let idle = claimed.is_empty();
            for job in claimed {
                let slot = slots.take(job.class);
                let worker = self.clone();
                running.spawn(async move {
                    let done = worker.attempt(job).await;
                    drop(slot);
                    done
                });
            }
            if idle {
                done.extend(self.rest(&mut changes, &mut running, pause, &stop).await);
            }
        }
        let finished = async {
            while let Some(ended) = running.join_next().await {
                done.extend(ended.ok().flatten());
            }
        };
        if time::timeout(GRACE, finished).await.is_err() {
            running.abort_all();
            tracing::warn!("jobs were still running at the end of the grace period; another worker takes them over");
        }
        match self.store().finish(&self.owner, &done).await {
            Ok(lost) => count(&done, &lost),
            Err(error) => tracing::warn!(%error, "the end of jobs could not be written; they will run again"),
        }
        if let Err(error) = self.store().release(&self.owner).await {
            tracing::warn!(%error, "leases could not be given back; they lapse within a minute");
        }
    }

    /// Runs every job that is due now, and those that they queue, until nothing is due. Returns how many ran.
    pub async fn drain(&self) -> usize {
        let (mut ran, mut done) = (0, Vec::new());
        loop {
            let (claimed, _) = self.turn(&mut done, &Slots::default().room()).await;
            if claimed.is_empty() {
                return ran;
            }
            ran += claimed.len();
            let attempts = claimed.into_iter().map(|job| self.attempt(job));
            done.extend(futures_util::future::join_all(attempts).await.into_iter().flatten());
        }
    }

    /// Writes down what is done, and takes what there is room for. Where that fails, both are tried again at the next turn.
    /// Says how long not to look again where it looked in vain.
    async fn turn(&self, done: &mut Vec<Claimed>, room: &Room) -> (Vec<Claimed>, Duration) {
        let began = Instant::now();
        match self.store().turn(&self.owner, done, self.chance().now(), LEASE, room).await {
            Ok(turn) => {
                count(done, &turn.lost);
                done.clear();
                let is_in_vain = turn.has_looked && turn.claimed.is_empty();
                let pause = if is_in_vain { (began.elapsed() * PAUSE).min(PAUSE_AT_MOST) } else { Duration::ZERO };
                (turn.claimed, pause)
            }
            Err(error) => {
                tracing::error!(%error, "jobs could not be claimed; trying again shortly");
                (Vec::new(), Duration::ZERO)
            }
        }
    }

    /// Waits for a commit, after a pause, for a job that ended, the next due time or the end. Says which job is done.
    async fn rest(
        &self,
        changes: &mut tokio::sync::watch::Receiver<u64>,
        running: &mut JoinSet<Option<Claimed>>,
        pause: Duration,
        stop: &Shutdown,
    ) -> Option<Claimed> {
        let next = self.store().next_run_at().await.ok().flatten();
        // A job that is due and was not taken waits for another one, whose end wakes us.
        let until_next = next.map(|at| at.since(self.chance().now())).filter(|wait| !wait.is_zero());
        let until_next = until_next.map_or(POLL, |wait| wait.min(POLL));
        tokio::select! {
            () = stop.requested() => None,
            () = async {
                time::sleep(pause).await;
                let _closed = changes.changed().await;
            } => None,
            Some(ended) = running.join_next() => ended.ok().flatten(),
            () = time::sleep(until_next) => None,
        }
    }

    /// Runs one job. Gives it back where it is done, which the next turn writes down; any other end is written.
    async fn attempt(&self, job: Claimed) -> Option<Claimed> {
        let kind = job.job.kind();
        let span = tracing::info_span!("job", id = %job.id, kind, tenant = %job.tenant, attempt = job.attempt);
        async {
            let started = self.chance().now();
            let work = self.guarded(&job);
            let outcome = if job.class == Class::Interactive { work.await } else { behind_others(work).await };
            let took = self.chance().now().since(started);
            metrics::histogram!(telemetry::JOB_SECONDS, "kind" => kind).record(took.as_secs_f64());
            let Err(why) = outcome else { return Some(job) };
            let end = self.settle_at_last(&job, &why).await;
            metrics::counter!(telemetry::JOBS_RUN, "kind" => kind, "outcome" => end).increment(1);
            None
        }
        .instrument(span)
        .await
    }

    /// Runs the job with its lease kept alive, a time limit, and panics caught.
    async fn guarded(&self, job: &Claimed) -> Result<(), JobError> {
        if job.attempt > job.max_attempts + DEATHS {
            let starts = job.attempt - 1;
            return Err(JobError::Fatal(anyhow::anyhow!("started {starts} times and not finished")));
        }
        let limit = job.job.time_limit();
        // Boxed: as large as the largest job, and moved about with the lease beside it.
        let work = std::panic::AssertUnwindSafe(Box::pin(run(&self.desk, job))).catch_unwind();
        tokio::select! {
            done = time::timeout(limit, work) => match done {
                Ok(Ok(result)) => result,
                Ok(Err(_)) => Err(JobError::Retry(anyhow::anyhow!("the job panicked"))),
                Err(_) => Err(JobError::Retry(anyhow::anyhow!("the job took longer than {limit:?}"))),
            },
            () = self.keep_lease(job) => {
                overtaken(&self.desk, job).await?;
                Err(JobError::Retry(anyhow::anyhow!("the lease was lost")))
            }
        }
    }

    /// Returns only when the lease is lost.
    async fn keep_lease(&self, job: &Claimed) {
        loop {
            time::sleep(HEARTBEAT).await;
            match self.store().heartbeat(job, self.chance().now().plus(LEASE)).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => tracing::warn!(%error, "a lease could not be extended"),
            }
        }
    }

    /// Writes down why a job is not done, and says it in the word for metrics. A database that is away for a while is waited
    /// for as long as the job may be ours: else it, and what has to follow it, would wait for the end of the lease.
    async fn settle_at_last(&self, job: &Claimed, why: &JobError) -> &'static str {
        let written = async {
            loop {
                match self.settle(job, why).await {
                    Ok(end) => return end,
                    Err(error) => tracing::warn!(%error, "the end of a job could not be written; trying again shortly"),
                }
                time::sleep(AGAIN).await;
            }
        };
        time::timeout(LEASE, written).await.unwrap_or_else(|_| {
            tracing::warn!("the end of a job could not be written for as long as its lease lasts; it will run again");
            "lost"
        })
    }

    async fn settle(&self, job: &Claimed, why: &JobError) -> crate::store::Result<&'static str> {
        let now = self.chance().now();
        let (end, kept) = match why {
            JobError::Wait(pause) => {
                tracing::info!(?pause, "the service asked to wait");
                ("waited", self.store().postpone(job, now.plus(*pause), "asked to wait").await?)
            }
            JobError::Retry(error) if job.attempt < job.max_attempts => {
                let pause = backoff(job.attempt, self.chance().fraction());
                tracing::warn!(error = format!("{error:#}"), ?pause, "a job failed and will be tried again");
                ("retried", self.store().retry(job, now.plus(pause), &format!("{error:#}")).await?)
            }
            JobError::Retry(error) | JobError::Fatal(error) => {
                tracing::error!(error = format!("{error:#}"), "a job is dead; see `docket jobs`");
                let buried = self.store().bury(job, now, &format!("{error:#}")).await?;
                if buried && let Err(silence) = abandoned(&self.desk, job, error).await {
                    tracing::error!(error = format!("{silence:#}"), "nobody could be told that a job is dead");
                }
                ("dead", buried)
            }
        };
        Ok(if kept { end } else { "lost" })
    }

    fn store(&self) -> &Store {
        &self.desk.store
    }

    fn chance(&self) -> &Chance {
        &self.desk.chance
    }
}

/// Counts the jobs that are done, and apart those whose lease was lost.
fn count(done: &[Claimed], lost: &[JobId]) {
    for job in done {
        let end = if lost.contains(&job.id) { "lost" } else { "done" };
        metrics::counter!(telemetry::JOBS_RUN, "kind" => job.job.kind(), "outcome" => end).increment(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_always_room_for_each_class() {
        for (held, room) in [
            ([0, 0, 0], [112, 88, 88]),
            ([112, 0, 0], [0, 16, 16]),
            ([0, 88, 8], [32, 0, 0]),
            ([0, 8, 88], [32, 0, 0]),
            ([0, 88, 0], [40, 0, 8]),
            ([32, 88, 8], [0, 0, 0]),
        ] {
            let slots = Slots::default();
            let running: Vec<Slot> = Class::ALL
                .into_iter()
                .flat_map(|class| (0..held[class.place()]).map(move |_| class))
                .map(|class| slots.take(class))
                .collect();
            let free = slots.room();
            assert_eq!(free.of.map(|of| of.min(free.all)), room, "{held:?}");
            drop(running);
            assert_eq!(slots.room(), Slots::default().room());
        }
    }
}
