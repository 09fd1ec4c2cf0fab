//! Queueing jobs and looking after the queue. Running them is in `claims`.
//!
//! A job is `waiting`, `running` or `dead`; a finished one is deleted. `due_at` says when it may be
//! claimed: while it waits the instant it waits for, while it runs the end of its lease, never when it is dead.

use sqlx::{FromRow, PgConnection, QueryBuilder, Sqlite, SqliteConnection};

use super::{
    Error, Result, Store, Tx,
    codec::{from_json, limit, parse, small, to_json},
    deliveries::pieces,
    engine::{Conn, Session},
};
use crate::domain::{
    ids::{JobId, TenantId},
    job::{Class, Job, NewJob},
    time::Timestamp,
};

/// A job as `docket jobs` shows it.
#[derive(Debug, Clone)]
pub struct JobRow {
    /// The job's id.
    pub id: JobId,
    /// Whose it is.
    pub tenant: TenantId,
    /// The kind of work.
    pub kind: String,
    /// The work itself; `None` where another version of Docket queued what this one does not know.
    pub job: Option<Job>,
    /// `waiting`, `running` or `dead`.
    pub state: String,
    /// Not before this instant.
    pub run_at: Timestamp,
    /// How often it was started, without the starts that were given back.
    pub attempts: u32,
    /// Why it failed or was postponed the last time.
    pub last_error: Option<String>,
}

#[derive(FromRow)]
struct Row {
    id: String,
    tenant_id: String,
    kind: String,
    payload: String,
    state: String,
    run_at: i64,
    attempts: i64,
    last_error: Option<String>,
}

impl TryFrom<Row> for JobRow {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: parse("job", &row.id)?,
            tenant: parse("tenant", &row.tenant_id)?,
            kind: row.kind,
            job: from_json("job", &row.payload).ok(),
            state: row.state,
            run_at: Timestamp::from_millis(row.run_at),
            attempts: small("attempts", row.attempts)?,
            last_error: row.last_error,
        })
    }
}

/// When the first job of each class may be claimed.
pub(super) const SOONEST: &str = "SELECT (SELECT min(due_at) FROM jobs WHERE class = $1), \
     (SELECT min(due_at) FROM jobs WHERE class = $2), (SELECT min(due_at) FROM jobs WHERE class = $3)";

/// When the first job of each class may be claimed, by their [places](Class::place).
pub(super) async fn soonest(session: &mut Session) -> Result<[Option<Timestamp>; Class::ALL.len()]> {
    let [first, second, third] = Class::ALL.map(place);
    let row = first!(session, (Option<i64>, Option<i64>, Option<i64>), SOONEST, first, second, third);
    let at: [Option<i64>; Class::ALL.len()] = row.unwrap_or_default().into();
    Ok(at.map(|at| at.map(Timestamp::from_millis)))
}

/// A class as it is stored.
pub(super) fn place(class: Class) -> i64 {
    limit(class.place())
}

/// Queues one job; false where one of its unique key is waiting already.
///
/// That one is locked until this transaction ends (on PostgreSQL; SQLite has one writer). Otherwise a
/// worker could start it now, before what this transaction wrote can be seen, and the change would go unnoticed.
pub(super) async fn insert_job(session: &mut Session, tenant: &str, id: JobId, new: &NewJob) -> Result<bool> {
    let id = id.to_string();
    let row = first!(
        session,
        (String,),
        "INSERT INTO jobs (id, tenant_id, kind, payload, state, run_at, due_at, max_attempts, unique_key, \
         ordering_key, class) VALUES ($1, $2, $3, $4, 'waiting', $5, $5, $6, $7, $8, $9) \
         ON CONFLICT (tenant_id, unique_key) WHERE state = 'waiting' AND unique_key IS NOT NULL \
         DO UPDATE SET unique_key = excluded.unique_key RETURNING id",
        &id,
        tenant,
        new.job.kind(),
        to_json("job", &new.job)?,
        new.run_at.as_millis(),
        i64::from(new.max_attempts),
        &new.unique_key,
        &new.ordering_key,
        place(new.class)
    );
    let inserted = row.is_some_and(|(stored,)| stored == id);
    session.wrote |= inserted;
    Ok(inserted)
}

/// A job to be queued: of whom, under which id.
pub(super) type ToQueue<'a> = (TenantId, JobId, &'a NewJob);

macro_rules! insert_jobs {
    () => {
        "INSERT INTO jobs \
         (id, tenant_id, kind, payload, run_at, due_at, max_attempts, ordering_key, class, state) "
    };
}

/// Queues jobs that have no unique key, in their order.
pub(super) async fn insert_jobs(session: &mut Session, jobs: &[ToQueue<'_>]) -> Result<()> {
    if jobs.is_empty() {
        return Ok(());
    }
    match &mut session.conn {
        Conn::Sqlite(tx) => {
            for piece in pieces(jobs) {
                insert_rows(tx, piece).await?;
            }
        }
        Conn::Pg(tx) => insert_columns(tx, jobs).await?,
    }
    session.wrote = true;
    Ok(())
}

async fn insert_rows(conn: &mut SqliteConnection, jobs: &[ToQueue<'_>]) -> Result<()> {
    let payloads = payloads(jobs)?;
    let mut query = QueryBuilder::<Sqlite>::new(insert_jobs!());
    query.push_values(jobs.iter().zip(payloads), |mut row, ((tenant, id, new), payload)| {
        row.push_bind(id.to_string())
            .push_bind(tenant.to_string())
            .push_bind(new.job.kind())
            .push_bind(payload)
            .push_bind(new.run_at.as_millis())
            .push_bind(new.run_at.as_millis())
            .push_bind(i64::from(new.max_attempts))
            .push_bind(&new.ordering_key)
            .push_bind(place(new.class))
            .push("'waiting'");
    });
    query.build().execute(conn).await?;
    Ok(())
}

/// One statement for any number of jobs: a round trip, and a text that the database knows.
async fn insert_columns(conn: &mut PgConnection, jobs: &[ToQueue<'_>]) -> Result<()> {
    const SQL: &str = concat!(
        insert_jobs!(),
        "SELECT id, tenant_id, kind, payload, run_at, run_at, max_attempts, ordering_key, class, 'waiting' \
         FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::text[], $8::bigint[]) \
         WITH ORDINALITY AS job (id, tenant_id, kind, payload, run_at, max_attempts, ordering_key, class, place) \
         ORDER BY place"
    );
    fn column<'a, T>(jobs: &[ToQueue<'a>], of: impl Fn(&'a NewJob) -> T) -> Vec<T> {
        jobs.iter().map(|(_, _, new)| of(new)).collect()
    }
    let query = sqlx::query(SQL)
        .bind(jobs.iter().map(|(_, id, _)| id.to_string()).collect::<Vec<_>>())
        .bind(jobs.iter().map(|(tenant, ..)| tenant.to_string()).collect::<Vec<_>>())
        .bind(column(jobs, |new| new.job.kind()))
        .bind(payloads(jobs)?)
        .bind(column(jobs, |new| new.run_at.as_millis()))
        .bind(column(jobs, |new| i64::from(new.max_attempts)))
        .bind(column(jobs, |new| new.ordering_key.as_deref()))
        .bind(column(jobs, |new| place(new.class)));
    query.execute(conn).await?;
    Ok(())
}

fn payloads(jobs: &[ToQueue<'_>]) -> Result<Vec<String>> {
    jobs.iter().map(|(_, _, new)| to_json("job", &new.job)).collect()
}

impl Tx {
    /// Queues a job in this transaction: it exists if, and only if, the change that asks for it does.
    /// False where one of its unique key is waiting already.
    pub async fn enqueue(&mut self, id: JobId, job: &NewJob) -> Result<bool> {
        insert_job(&mut self.session, &self.key, id, job).await
    }
}

impl Store {
    /// When the next job may be claimed; in the past where one is due.
    pub async fn next_run_at(&self) -> Result<Option<Timestamp>> {
        let mut session = self.look().await?;
        Ok(soonest(&mut session).await?.into_iter().flatten().min())
    }

    /// The queue for people: dead jobs first, then those that failed before, then the rest.
    pub async fn jobs(&self, rows: usize) -> Result<Vec<JobRow>> {
        let mut session = self.look().await?;
        let rows = all!(
            session,
            Row,
            "SELECT id, tenant_id, kind, payload, state, run_at, attempts, last_error FROM jobs \
             ORDER BY CASE WHEN state = 'dead' THEN 0 WHEN last_error IS NOT NULL THEN 1 ELSE 2 END, run_at, seq \
             LIMIT $1",
            limit(rows)
        );
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Gives a dead job all its attempts again; false where there is none of this id.
    pub async fn retry_dead(&self, id: JobId, now: Timestamp) -> Result<bool> {
        let mut session = self.begin().await?;
        let rows = execute!(
            session,
            "UPDATE jobs SET state = 'waiting', run_at = $2, due_at = $2, attempts = 0, dead_at = NULL, \
             unique_key = CASE WHEN EXISTS (SELECT 1 FROM jobs o WHERE o.tenant_id = jobs.tenant_id \
             AND o.unique_key = jobs.unique_key AND o.state = 'waiting') THEN NULL ELSE unique_key END \
             WHERE id = $1 AND state = 'dead'",
            id.to_string(),
            now.as_millis()
        );
        session.commit().await?;
        Ok(rows == 1)
    }

    /// Forgets a dead job; false where there is none of this id.
    pub async fn drop_dead(&self, id: JobId) -> Result<bool> {
        let mut session = self.begin().await?;
        let rows = execute!(session, "DELETE FROM jobs WHERE id = $1 AND state = 'dead'", id.to_string());
        session.commit().await?;
        Ok(rows == 1)
    }
}
