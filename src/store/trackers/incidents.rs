//! Repositories that went missing.

use sqlx::FromRow;

use crate::{
    domain::{
        time::Timestamp,
        tracker::{Incident, RepositoryId},
    },
    store::{
        Error, Result, Tx,
        codec::{from_json, natural, parse, to_json, whole},
    },
};

#[derive(FromRow)]
struct Row {
    id: String,
    repository_id: i64,
    why: String,
    opened_at: i64,
    closed_at: Option<i64>,
    lifecycles: String,
}

impl TryFrom<Row> for Incident {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: parse("incident", &row.id)?,
            repository: RepositoryId(natural("number of a repository", row.repository_id)?),
            why: row.why,
            opened_at: Timestamp::from_millis(row.opened_at),
            closed_at: row.closed_at.map(Timestamp::from_millis),
            lifecycles: from_json("lifecycles", &row.lifecycles)?,
        })
    }
}

impl Tx {
    /// The incident of a repository that is not over.
    pub async fn open_incident(&mut self, repository: RepositoryId) -> Result<Option<Incident>> {
        let row = first!(
            self.session,
            Row,
            "SELECT id, repository_id, why, opened_at, closed_at, lifecycles FROM incidents \
             WHERE tenant_id = $1 AND repository_id = $2 AND closed_at IS NULL",
            &self.key,
            whole(repository.0)
        );
        row.map(TryInto::try_into).transpose()
    }

    /// Every incident that is not over, the oldest first.
    pub async fn open_incidents(&mut self) -> Result<Vec<Incident>> {
        let rows = all!(
            self.session,
            Row,
            "SELECT id, repository_id, why, opened_at, closed_at, lifecycles FROM incidents \
             WHERE tenant_id = $1 AND closed_at IS NULL ORDER BY opened_at, id",
            &self.key
        );
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Every incident of a repository, the newest first.
    pub async fn incidents(&mut self, repository: RepositoryId) -> Result<Vec<Incident>> {
        let rows = all!(
            self.session,
            Row,
            "SELECT id, repository_id, why, opened_at, closed_at, lifecycles FROM incidents \
             WHERE tenant_id = $1 AND repository_id = $2 ORDER BY opened_at DESC, id DESC",
            &self.key,
            whole(repository.0)
        );
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Stores an incident in the place of what was known of it. False where its repository has another one that is not
    /// over.
    pub async fn put_incident(&mut self, incident: &Incident) -> Result<bool> {
        let known = self.open_incident(incident.repository).await?;
        if known.is_some_and(|known| known.id != incident.id) {
            return Ok(false);
        }
        let rows = execute!(
            self.session,
            "INSERT INTO incidents (tenant_id, id, repository_id, why, opened_at, closed_at, lifecycles) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tenant_id, id) DO UPDATE SET \
             why = excluded.why, closed_at = excluded.closed_at, lifecycles = excluded.lifecycles",
            &self.key,
            incident.id.to_string(),
            whole(incident.repository.0),
            &incident.why,
            incident.opened_at.as_millis(),
            incident.closed_at.map(Timestamp::as_millis),
            to_json("lifecycles", &incident.lifecycles)?
        );
        Ok(rows == 1)
    }
}
