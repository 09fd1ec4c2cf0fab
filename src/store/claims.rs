//! Running jobs: a worker claims some for a time, keeps them by heartbeats, and says how each ended.
//!
//! Whoever lost its lease can't end the job any more: every statement is fenced by the owner and the
//! attempt.

use std::{collections::BTreeSet, time::Duration};

use sqlx::FromRow;

use super::{
    Error, Result, ServeLock, Store,
    codec::{from_json, limit, parse, small, to_json},
    dialect,
    engine::Session,
    jobs::{place, soonest},
};
use crate::domain::{
    ids::{JobId, TenantId},
    job::{Class, Job},
    time::Timestamp,
};

/// A job that a worker holds.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// The job's id.
    pub id: JobId,
    /// Whose it is.
    pub tenant: TenantId,
    /// What to do.
    pub job: Job,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// Who waits for it.
    pub class: Class,
    /// After so many failed ones it is dead.
    pub max_attempts: u32,
    /// The worker that holds it.
    pub owner: String,
}

/// Keeps the job `$1` until `$4`.
pub(super) const KEEP: &str =
    "UPDATE jobs SET due_at = $4 WHERE id = $1 AND owner = $2 AND attempts = $3 AND state = 'running'";

/// Gives the job `$1` up.
pub(super) const BURY: &str = "UPDATE jobs SET state = 'dead', dead_at = $4, due_at = NULL, owner = NULL, last_error = $5 \
     WHERE id = $1 AND owner = $2 AND attempts = $3 AND state = 'running'";

/// Makes the job `$1` wait again until `$4`.
pub(super) const WAIT_AGAIN: &str = "UPDATE jobs SET state = 'waiting', run_at = $4, due_at = $4, owner = NULL, \
     attempts = attempts - $5, last_error = coalesce($6, last_error), \
     unique_key = CASE WHEN EXISTS (SELECT 1 FROM jobs o WHERE o.tenant_id = jobs.tenant_id \
     AND o.unique_key = jobs.unique_key AND o.state = 'waiting') THEN NULL ELSE unique_key END \
     WHERE id = $1 AND owner = $2 AND attempts = $3 AND state = 'running'";

#[derive(FromRow)]
struct ClaimRow {
    seq: i64,
    id: String,
    tenant_id: String,
    payload: String,
    attempts: i64,
    max_attempts: i64,
    class: i64,
}

/// How many more jobs a worker has room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// In all.
    pub all: usize,
    /// Of each class, by its [place](Class::place).
    pub of: [usize; Class::ALL.len()],
    /// Of all classes but the first together.
    pub others: usize,
}

/// What came of a [turn](Store::turn).
#[derive(Debug, Default)]
pub struct Turn {
    /// The jobs that the worker holds now.
    pub claimed: Vec<Claimed>,
    /// Those it had done whose lease it had lost: they run again, or did.
    pub lost: Vec<JobId>,
    /// Whether something was due, so that it had to be looked what of it can be taken.
    pub has_looked: bool,
}

/// How a job goes back to waiting.
struct Return<'a> {
    run_at: Timestamp,
    /// Whether the attempt counts.
    counts: bool,
    why: Option<&'a str>,
}

impl Store {
    /// Takes up to `rows` due jobs for `owner`, whatever their class: see [`turn`](Self::turn).
    pub async fn claim(&self, owner: &str, now: Timestamp, lease: Duration, rows: usize) -> Result<Vec<Claimed>> {
        let room = Room { all: rows, of: [rows; Class::ALL.len()], others: rows };
        Ok(self.turn(owner, &[], now, lease, &room).await?.claimed)
    }

    /// Forgets the jobs that `owner` has done, and takes due ones until `now + lease`, as far as there is room for them:
    /// those of a class before those of the next one, at most one of each ordering key, and tenants in turns. All in
    /// one transaction, so that many short jobs cost little more than one.
    ///
    /// Due are waiting jobs whose time has come and running ones whose lease ended.
    pub async fn turn(
        &self,
        owner: &str,
        done: &[Claimed],
        now: Timestamp,
        lease: Duration,
        room: &Room,
    ) -> Result<Turn> {
        // Looking costs no write lock, and mostly there is nothing.
        if done.is_empty() && (room.all == 0 || self.next_run_at().await?.is_none_or(|at| at > now)) {
            return Ok(Turn::default());
        }
        let mut session = self.begin().await?;
        let lost = forget(&mut session, owner, done).await?;
        let turn = if room.all > 0 { take(&mut session, owner, now, lease, room).await? } else { Turn::default() };
        // A buried job is news; a lease, and a job that is done, concern nobody but their owner.
        session.commit().await?;
        Ok(Turn { lost, ..turn })
    }

    /// Forgets the jobs that `owner` has done. Says of which the lease was lost: they run again, or did.
    pub async fn finish(&self, owner: &str, done: &[Claimed]) -> Result<Vec<JobId>> {
        let mut session = self.begin().await?;
        let lost = forget(&mut session, owner, done).await?;
        session.commit().await?;
        Ok(lost)
    }

    /// Keeps a job until `lease_until`; false where the lease was lost.
    pub async fn heartbeat(&self, job: &Claimed, lease_until: Timestamp) -> Result<bool> {
        let mut session = self.begin().await?;
        let rows =
            execute!(session, KEEP, job.id.to_string(), &job.owner, i64::from(job.attempt), lease_until.as_millis());
        session.commit_quietly().await?;
        Ok(rows == 1)
    }

    /// The attempt failed; try again at `run_at`. False where the lease was lost.
    pub async fn retry(&self, job: &Claimed, run_at: Timestamp, error: &str) -> Result<bool> {
        self.give_back(job, &Return { run_at, counts: true, why: Some(error) }).await
    }

    /// Not now: try again at `run_at`, and the attempt does not count. False where the lease was lost.
    pub async fn postpone(&self, job: &Claimed, run_at: Timestamp, reason: &str) -> Result<bool> {
        self.give_back(job, &Return { run_at, counts: false, why: Some(reason) }).await
    }

    /// The job is dead and waits for a person; false where the lease was lost.
    pub async fn bury(&self, job: &Claimed, at: Timestamp, error: &str) -> Result<bool> {
        let mut session = self.begin().await?;
        let rows =
            execute!(session, BURY, job.id.to_string(), &job.owner, i64::from(job.attempt), at.as_millis(), error);
        session.commit().await?;
        Ok(rows == 1)
    }

    /// Gives back everything that this worker holds, to be claimed at once; the attempts don't count.
    pub async fn release(&self, owner: &str) -> Result<u64> {
        let mut session = self.look().await?;
        let held = all!(
            session,
            (String, i64, i64),
            "SELECT id, attempts, run_at FROM jobs WHERE owner = $1 AND state = 'running' ORDER BY seq",
            owner
        );
        drop(session);
        let back = |run_at| Return { run_at: Timestamp::from_millis(run_at), counts: false, why: None };
        match self.release_together(owner, &held, back).await {
            Err(Error::Database(sqlx::Error::Database(error))) if error.is_unique_violation() => {}
            done => return done,
        }
        let mut released = 0;
        for (id, attempt, run_at) in held {
            released += self.wait_again(&id, owner, attempt, &back(run_at)).await?;
        }
        Ok(released)
    }

    /// Gives all of them back with one flush of the disk, for there is little time where a server stops.
    async fn release_together(
        &self,
        owner: &str,
        held: &[(String, i64, i64)],
        back: impl Fn(i64) -> Return<'static>,
    ) -> Result<u64> {
        let mut session = self.begin().await?;
        let mut released = 0;
        for (id, attempt, run_at) in held {
            released += wait_again(&mut session, id, owner, *attempt, &back(*run_at)).await?;
        }
        session.commit().await?;
        Ok(released)
    }

    /// Ends the leases that dead processes left behind, so that their jobs can be claimed at once and not
    /// only when the lease lapses. The attempts count: a job that kills its process must not do so for ever.
    ///
    /// The holder of the lock calls it before its own worker starts. On SQLite every running job then
    /// belongs to a dead process; on PostgreSQL it may belong to a live one, and nothing is done.
    pub async fn end_leases_of_the_dead(&self, lock: &ServeLock, now: Timestamp) -> Result<u64> {
        if !lock.is_exclusive() {
            return Ok(0);
        }
        let mut session = self.begin().await?;
        let rows =
            execute!(session, "UPDATE jobs SET due_at = $1 WHERE state = 'running' AND due_at > $1", now.as_millis());
        session.commit().await?;
        Ok(rows)
    }

    async fn give_back(&self, job: &Claimed, back: &Return<'_>) -> Result<bool> {
        let rows = self.wait_again(&job.id.to_string(), &job.owner, i64::from(job.attempt), back).await?;
        Ok(rows == 1)
    }

    /// Makes a running job wait again. Where another of its unique key came to wait meanwhile, it gives up
    /// its key rather than being forgotten: it may run once too often, but never not at all.
    async fn wait_again(&self, id: &str, owner: &str, attempt: i64, back: &Return<'_>) -> Result<u64> {
        const TRIES: u32 = 3;
        let mut tries = 0;
        loop {
            tries += 1;
            match self.try_wait_again(id, owner, attempt, back).await {
                // On PostgreSQL the other one may have been committed while this statement ran.
                Err(Error::Database(sqlx::Error::Database(error))) if error.is_unique_violation() && tries < TRIES => {}
                done => return done,
            }
        }
    }

    async fn try_wait_again(&self, id: &str, owner: &str, attempt: i64, back: &Return<'_>) -> Result<u64> {
        let mut session = self.begin().await?;
        let rows = wait_again(&mut session, id, owner, attempt, back).await?;
        session.commit().await?;
        Ok(rows)
    }
}

async fn wait_again(session: &mut Session, id: &str, owner: &str, attempt: i64, back: &Return<'_>) -> Result<u64> {
    let (run_at, uncounted) = (back.run_at.as_millis(), i64::from(!back.counts));
    Ok(execute!(session, WAIT_AGAIN, id, owner, attempt, run_at, uncounted, back.why))
}

/// Deletes the jobs that `owner` has done and holds; says of which it lost the lease.
async fn forget(session: &mut Session, owner: &str, done: &[Claimed]) -> Result<Vec<JobId>> {
    if done.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<_> = done.iter().map(|job| job.id.to_string()).collect();
    let attempts: Vec<_> = done.iter().map(|job| format!("{}:{}", job.id, job.attempt)).collect();
    let engine = session.engine();
    let rows = all!(
        session,
        (String,),
        dialect::FORGET_DONE.text(engine),
        owner,
        to_json("ids", &ids)?,
        to_json("attempts", &attempts)?
    );
    let kept: BTreeSet<String> = rows.into_iter().map(|(id,)| id).collect();
    Ok(done.iter().map(|job| job.id).filter(|id| !kept.contains(&id.to_string())).collect())
}

/// Takes due jobs: see [`Store::turn`].
async fn take(session: &mut Session, owner: &str, now: Timestamp, lease: Duration, room: &Room) -> Result<Turn> {
    let engine = session.engine();
    let soonest = soonest(session).await?;
    let (mut claimed, mut has_looked) = (Vec::<Claimed>::new(), false);
    for class in Class::ALL {
        let others = claimed.iter().filter(|job| job.class != Class::Interactive).count();
        let together = if class == Class::Interactive { room.all } else { room.others.saturating_sub(others) };
        let free = room.of[class.place()].min(room.all - claimed.len()).min(together);
        if free == 0 || soonest[class.place()].is_none_or(|at| at > now) {
            continue;
        }
        if !has_looked {
            // Until the commit is on the disk: whoever only ends jobs does not stand in the way of others.
            on!(session, |conn| {
                sqlx::query(dialect::LOCK_CLAIMS.text(engine)).execute(conn).await?;
            });
            has_looked = true;
        }
        let mut rows = all!(
            session,
            ClaimRow,
            dialect::CLAIM.text(engine),
            now.as_millis(),
            limit(free),
            owner,
            now.plus(lease).as_millis(),
            place(class)
        );
        rows.sort_by_key(|row| row.seq);
        for row in rows {
            let seq = row.seq;
            match row.into_claimed(owner) {
                Ok(job) => claimed.push(job),
                // Of another version of Docket, perhaps. It must not hold up the rest.
                Err(error) => bury_unreadable(session, seq, now, &error).await?,
            }
        }
    }
    Ok(Turn { claimed, lost: Vec::new(), has_looked })
}

async fn bury_unreadable(session: &mut Session, seq: i64, at: Timestamp, error: &Error) -> Result<()> {
    execute!(
        session,
        "UPDATE jobs SET state = 'dead', dead_at = $2, due_at = NULL, owner = NULL, last_error = $3 WHERE seq = $1",
        seq,
        at.as_millis(),
        error.to_string()
    );
    Ok(())
}

impl ClaimRow {
    fn into_claimed(self, owner: &str) -> Result<Claimed> {
        Ok(Claimed {
            id: parse("job", &self.id)?,
            tenant: parse("tenant", &self.tenant_id)?,
            job: from_json("job", &self.payload)?,
            attempt: small("attempts", self.attempts)?,
            class: Class::ALL.into_iter().find(|class| place(*class) == self.class).unwrap_or(Class::Background),
            max_attempts: small("attempts", self.max_attempts)?,
            owner: owner.to_owned(),
        })
    }
}
