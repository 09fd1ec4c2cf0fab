//! Deliveries: stored before they are acknowledged, handled once.

use std::collections::BTreeSet;

use sqlx::{FromRow, PgConnection, QueryBuilder, Sqlite, SqliteConnection};

use super::{
    Error, Result, Store, Tx,
    codec::{parse, parse_opt, word},
    engine::{Conn, Session},
    jobs::{ToQueue, insert_job, insert_jobs},
    packing::{Packed, pack, unpack},
};
use crate::domain::{
    delivery::Delivery,
    ids::{DeliveryId, JobId},
    job::NewJob,
    time::Timestamp,
};

/// Rows per statement at most on SQLite, well under its 32,766 parameters.
const CHUNK: usize = 128;

/// Pieces whose lengths are powers of two, the longest first: so there are few texts of statements, and the database knows
/// each of them by the second time.
pub(super) fn pieces<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let length = 1_usize.checked_shl(rows.len().checked_ilog2()?)?.min(CHUNK);
        let piece;
        (piece, rows) = rows.split_at(length);
        Some(piece)
    })
}

/// A delivery to be stored.
#[derive(Debug, Clone)]
pub struct NewDelivery {
    /// The delivery itself.
    pub delivery: Delivery,
    /// What to do about it; needs a delivery with a tenant.
    pub job: Option<NewJob>,
    /// The id that the job gets.
    pub job_id: JobId,
    /// Where it is stored as handled at once: how, such as `answered` or `unreadable: …`.
    pub outcome: Option<String>,
}

/// A delivery to be stored, with its body as it is stored: packing takes a while, which nobody else should wait for.
#[derive(Debug, Clone)]
pub struct Parcel {
    item: NewDelivery,
    is_packed: bool,
}

impl NewDelivery {
    /// When it was handled, in milliseconds, where it is at once.
    fn handled_at(&self) -> Option<i64> {
        self.outcome.as_ref().map(|_| self.delivery.received_at.as_millis())
    }
}

impl From<NewDelivery> for Parcel {
    fn from(mut item: NewDelivery) -> Self {
        let Packed { bytes, is_packed } = pack(std::mem::take(&mut item.delivery.body));
        item.delivery.body = bytes;
        Self { item, is_packed }
    }
}

/// What became of a delivery to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// It is stored, and its job queued.
    New,
    /// It was stored before; nothing was written.
    Duplicate,
}

#[derive(FromRow)]
struct DeliveryRow {
    id: String,
    tenant_id: Option<String>,
    source: String,
    dedupe_key: String,
    body: Vec<u8>,
    is_packed: bool,
    received_at: i64,
}

macro_rules! select_delivery {
    () => {
        "SELECT id, tenant_id, source, dedupe_key, body, is_packed, received_at FROM deliveries \
         WHERE tenant_id = $1 AND id = $2"
    };
}

impl TryFrom<DeliveryRow> for Delivery {
    type Error = Error;

    fn try_from(row: DeliveryRow) -> Result<Self> {
        Ok(Self {
            id: parse("delivery", &row.id)?,
            tenant: parse_opt("tenant", row.tenant_id.as_deref())?,
            source: word("source", &row.source)?,
            dedupe_key: row.dedupe_key,
            body: unpack(row.body, row.is_packed)?,
            received_at: Timestamp::from_millis(row.received_at),
        })
    }
}

impl Store {
    /// Packs all of them and [stores](Self::store) them.
    pub async fn accept(&self, batch: &[NewDelivery]) -> Result<Vec<Accepted>> {
        self.store(&batch.iter().cloned().map(Parcel::from).collect::<Vec<_>>()).await
    }

    /// Stores all of them in one transaction, each with its job if it has one. Answers in their order.
    pub async fn store(&self, batch: &[Parcel]) -> Result<Vec<Accepted>> {
        let mut session = self.begin().await?;
        let mut new = BTreeSet::new();
        new.extend(insert_deliveries(&mut session, batch).await?);
        let mut answers = Vec::with_capacity(batch.len());
        let mut jobs = Vec::new();
        for Parcel { item, .. } in batch {
            if !new.remove(&item.delivery.id) {
                answers.push(Accepted::Duplicate);
                continue;
            }
            answers.push(Accepted::New);
            match (&item.job, item.delivery.tenant) {
                (Some(job), Some(tenant)) => jobs.push((tenant, item.job_id, job)),
                (Some(_), None) => {
                    return Err(Error::Corrupt { what: "delivery", why: "it has a job but no tenant".to_owned() });
                }
                (None, _) => {}
            }
        }
        queue(&mut session, &jobs).await?;
        session.commit().await?;
        Ok(answers)
    }
}

/// Queues the jobs of a batch, in its order. Those with a unique key can't go in one statement.
async fn queue(session: &mut Session, jobs: &[ToQueue<'_>]) -> Result<()> {
    if jobs.iter().all(|(_, _, job)| job.unique_key.is_none()) {
        insert_jobs(session, jobs).await?;
    } else {
        for (tenant, id, job) in jobs {
            insert_job(session, &tenant.to_string(), *id, job).await?;
        }
    }
    Ok(())
}

macro_rules! insert_deliveries {
    () => {
        "INSERT INTO deliveries \
         (id, tenant_id, source, dedupe_key, body, is_packed, received_at, handled_at, outcome) "
    };
}

macro_rules! unless_stored {
    () => {
        " ON CONFLICT DO NOTHING RETURNING id"
    };
}

/// Inserts those that are not there yet, and says which.
async fn insert_deliveries(session: &mut Session, batch: &[Parcel]) -> Result<Vec<DeliveryId>> {
    let rows = match &mut session.conn {
        Conn::Sqlite(tx) => {
            let mut rows = Vec::with_capacity(batch.len());
            for piece in pieces(batch) {
                rows.extend(insert_rows(tx, piece).await?);
            }
            rows
        }
        Conn::Pg(tx) => insert_columns(tx, batch).await?,
    };
    session.wrote |= !rows.is_empty();
    rows.iter().map(|(id,)| parse("delivery", id)).collect()
}

async fn insert_rows(conn: &mut SqliteConnection, rows: &[Parcel]) -> Result<Vec<(String,)>> {
    let mut query = QueryBuilder::<Sqlite>::new(insert_deliveries!());
    query.push_values(rows, |mut row, Parcel { item, is_packed }| {
        let delivery = &item.delivery;
        row.push_bind(delivery.id.to_string())
            .push_bind(delivery.tenant.map(|tenant| tenant.to_string()))
            .push_bind(delivery.source.as_str())
            .push_bind(&delivery.dedupe_key)
            .push_bind(&delivery.body)
            .push_bind(is_packed)
            .push_bind(delivery.received_at.as_millis())
            .push_bind(item.handled_at())
            .push_bind(&item.outcome);
    });
    query.push(unless_stored!());
    Ok(query.build_query_as().fetch_all(conn).await?)
}

/// One statement for any number of rows: a round trip, and a text that the database knows.
async fn insert_columns(conn: &mut PgConnection, rows: &[Parcel]) -> Result<Vec<(String,)>> {
    const SQL: &str = concat!(
        insert_deliveries!(),
        "SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::boolean[], \
         $7::bigint[], $8::bigint[], $9::text[])",
        unless_stored!()
    );
    fn column<'a, T>(rows: &'a [Parcel], of: impl Fn(&'a NewDelivery) -> T) -> Vec<T> {
        rows.iter().map(|parcel| of(&parcel.item)).collect()
    }
    let query = sqlx::query_as(SQL)
        .bind(column(rows, |item| item.delivery.id.to_string()))
        .bind(column(rows, |item| item.delivery.tenant.map(|tenant| tenant.to_string())))
        .bind(column(rows, |item| item.delivery.source.as_str()))
        .bind(column(rows, |item| item.delivery.dedupe_key.as_str()))
        .bind(column(rows, |item| item.delivery.body.as_slice()))
        .bind(rows.iter().map(|parcel| parcel.is_packed).collect::<Vec<_>>())
        .bind(column(rows, |item| item.delivery.received_at.as_millis()))
        .bind(column(rows, NewDelivery::handled_at))
        .bind(column(rows, |item| item.outcome.as_deref()));
    Ok(query.fetch_all(conn).await?)
}

impl Tx {
    /// The delivery of this id.
    pub async fn delivery(&mut self, id: DeliveryId) -> Result<Option<Delivery>> {
        let row = first!(self.session, DeliveryRow, select_delivery!(), &self.key, id.to_string());
        row.map(TryInto::try_into).transpose()
    }

    /// The delivery of this id, unless it was handled.
    pub async fn open_delivery(&mut self, id: DeliveryId) -> Result<Option<Delivery>> {
        let sql = concat!(select_delivery!(), " AND handled_at IS NULL");
        let row = first!(self.session, DeliveryRow, sql, &self.key, id.to_string());
        row.map(TryInto::try_into).transpose()
    }

    /// Marks a delivery as handled with an outcome, once: false means that it was handled before, and
    /// the caller must then write nothing. What Slack tells in an event is then forgotten: what is to be kept of it has
    /// its own place, and a later copy is known by its key.
    pub async fn finish_delivery(&mut self, id: DeliveryId, outcome: &str, at: Timestamp) -> Result<bool> {
        let rows = execute!(
            self.session,
            "UPDATE deliveries SET handled_at = $3, outcome = $4, \
             body = CASE WHEN source = 'slack.event' THEN $5 ELSE body END \
             WHERE tenant_id = $1 AND id = $2 AND handled_at IS NULL",
            &self.key,
            id.to_string(),
            at.as_millis(),
            outcome,
            Vec::<u8>::new()
        );
        Ok(rows == 1)
    }

    /// Whether a delivery was handled.
    pub async fn is_handled(&mut self, id: DeliveryId) -> Result<bool> {
        let row = first!(
            self.session,
            (Option<i64>,),
            "SELECT handled_at FROM deliveries WHERE tenant_id = $1 AND id = $2",
            &self.key,
            id.to_string()
        );
        Ok(row.is_some_and(|(handled_at,)| handled_at.is_some()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_of_rows_is_sent_in_few_sizes() {
        for (rows, expected) in [
            (0, vec![]),
            (1, vec![1]),
            (2, vec![2]),
            (101, vec![64, 32, 4, 1]),
            (128, vec![128]),
            (300, vec![128, 128, 32, 8, 4]),
        ] {
            let rows: Vec<usize> = (0..rows).collect();
            assert_eq!(pieces(&rows).map(<[_]>::len).collect::<Vec<_>>(), expected);
            assert_eq!(pieces(&rows).flatten().copied().collect::<Vec<_>>(), rows);
        }
    }
}
