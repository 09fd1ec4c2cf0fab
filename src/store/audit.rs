//! The audit trail. The database itself refuses to change or delete a row of it.

use sqlx::FromRow;

use super::{
    Error, Result, Tx,
    codec::{from_json, from_json_opt, limit, parse, parse_opt, to_json},
};
use crate::domain::{audit::AuditEntry, time::Timestamp};

#[derive(FromRow)]
struct AuditRow {
    id: String,
    at: i64,
    actor: Option<String>,
    action: String,
    subject: String,
    venue: Option<String>,
    before: String,
    after: String,
}

#[derive(FromRow)]
struct PlacedRow {
    seq: i64,
    #[sqlx(flatten)]
    entry: AuditRow,
}

impl TryFrom<AuditRow> for AuditEntry {
    type Error = Error;

    fn try_from(row: AuditRow) -> Result<Self> {
        Ok(Self {
            id: parse("audit entry", &row.id)?,
            at: Timestamp::from_millis(row.at),
            actor: parse_opt("actor", row.actor.as_deref())?,
            action: row.action,
            subject: row.subject,
            venue: from_json_opt("venue", row.venue.as_deref())?,
            before: from_json("audit entry", &row.before)?,
            after: from_json("audit entry", &row.after)?,
        })
    }
}

impl Tx {
    /// Adds an entry, in the transaction of what it tells about.
    pub async fn record(&mut self, entry: &AuditEntry) -> Result<()> {
        execute!(
            self.session,
            "INSERT INTO audit (tenant_id, id, at, actor, action, subject, venue, before, after) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            &self.key,
            entry.id.to_string(),
            entry.at.as_millis(),
            entry.actor.map(|member| member.to_string()),
            &entry.action,
            &entry.subject,
            entry.venue.as_ref().map(|venue| to_json("venue", venue)).transpose()?,
            to_json("audit entry", &entry.before)?,
            to_json("audit entry", &entry.after)?
        );
        Ok(())
    }

    /// What was done in the tenant, or to `subject` alone, newest first, each with its place in the trail; from below
    /// the place `below` on.
    pub async fn audit_page(
        &mut self,
        subject: Option<&str>,
        below: Option<i64>,
        rows: usize,
    ) -> Result<Vec<(i64, AuditEntry)>> {
        let rows = all!(
            self.session,
            PlacedRow,
            "SELECT seq, id, at, actor, action, subject, venue, before, after FROM audit WHERE tenant_id = $1 \
             AND (CAST($2 AS TEXT) IS NULL OR subject = $2) AND (CAST($3 AS BIGINT) IS NULL OR seq < $3) \
             ORDER BY seq DESC LIMIT $4",
            &self.key,
            subject,
            below,
            limit(rows)
        );
        rows.into_iter().map(|PlacedRow { seq, entry }| Ok((seq, entry.try_into()?))).collect()
    }

    /// What was done to a patch or project, newest first.
    pub async fn audit_of(&mut self, subject: &str, rows: usize) -> Result<Vec<AuditEntry>> {
        let rows = all!(
            self.session,
            AuditRow,
            "SELECT id, at, actor, action, subject, venue, before, after FROM audit \
             WHERE tenant_id = $1 AND subject = $2 ORDER BY seq DESC LIMIT $3",
            &self.key,
            subject,
            limit(rows)
        );
        rows.into_iter().map(TryInto::try_into).collect()
    }
}
