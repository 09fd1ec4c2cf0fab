//! Repositories, and the projects whose work happens in them.

use sqlx::FromRow;

use crate::{
    domain::{
        ids::{ConnectionId, MemberId, ProjectId},
        time::Timestamp,
        tracker::{Repository, RepositoryId},
    },
    store::{
        Error, Result, Tx,
        codec::{from_json, limit, natural, parse, small, to_json, whole, word},
    },
};

#[derive(FromRow)]
struct Row {
    connection_id: String,
    seen: String,
    presence: String,
    trouble: Option<String>,
    trouble_since: Option<i64>,
    strikes: i64,
    offered_at: Option<i64>,
    found_at: i64,
    sync: String,
}

impl TryFrom<Row> for Repository {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            seen: from_json("repository", &row.seen)?,
            connection: parse("connection", &row.connection_id)?,
            presence: word("presence", &row.presence)?,
            trouble: row.trouble.zip(row.trouble_since.map(Timestamp::from_millis)),
            strikes: small("strikes", row.strikes)?,
            offered_at: row.offered_at.map(Timestamp::from_millis),
            found_at: Timestamp::from_millis(row.found_at),
            sync: from_json("sync", &row.sync)?,
        })
    }
}

/// The repositories that are there and whose names hold `$2`: those first whose own name begins with it.
pub(in crate::store) const LIKE: &str = "SELECT id, full_name FROM repositories WHERE tenant_id = $1 \
     AND presence <> 'missing' AND lower(full_name) LIKE '%' || $2 || '%' ESCAPE '\\' \
     ORDER BY CASE WHEN lower(full_name) LIKE '%/' || $2 || '%' ESCAPE '\\' OR lower(full_name) LIKE $2 || '%' ESCAPE '\\' \
     THEN 0 ELSE 1 END, full_name, id LIMIT $3";

/// The projects whose work happens in the repository `$2`.
pub(in crate::store) const PROJECTS: &str =
    "SELECT project_id FROM repository_links WHERE tenant_id = $1 AND repository_id = $2 ORDER BY project_id";

impl Tx {
    /// The numbers and names of the repositories whose names hold these words, in any case.
    pub async fn repositories_like(&mut self, words: &str, rows: usize) -> Result<Vec<(RepositoryId, String)>> {
        let plain: String = words.to_lowercase().chars().take(150).fold(String::new(), |mut out, c| {
            if matches!(c, '%' | '_' | '\\') {
                out.push('\\');
            }
            out.push(c);
            out
        });
        let rows = all!(self.session, (i64, String), LIKE, &self.key, plain, limit(rows));
        rows.into_iter().map(|(id, name)| Ok((RepositoryId(natural("repository", id)?), name))).collect()
    }

    /// The repository of this number.
    pub async fn repository(&mut self, id: RepositoryId) -> Result<Option<Repository>> {
        let row = first!(
            self.session,
            Row,
            "SELECT connection_id, seen, presence, trouble, trouble_since, strikes, offered_at, found_at, sync \
             FROM repositories WHERE tenant_id = $1 AND id = $2",
            &self.key,
            whole(id.0)
        );
        row.map(TryInto::try_into).transpose()
    }

    /// Keeps everybody else who takes up what was seen of this repository waiting until this transaction ends: two
    /// sightings at once would otherwise each merge with what was known before both. False where it is not known.
    pub async fn lock_repository(&mut self, id: RepositoryId) -> Result<bool> {
        let rows = execute!(
            self.session,
            "UPDATE repositories SET strikes = strikes WHERE tenant_id = $1 AND id = $2",
            &self.key,
            whole(id.0)
        );
        Ok(rows == 1)
    }

    /// Every repository, by name.
    pub async fn repositories(&mut self) -> Result<Vec<Repository>> {
        let rows = all!(
            self.session,
            Row,
            "SELECT connection_id, seen, presence, trouble, trouble_since, strikes, offered_at, found_at, sync \
             FROM repositories WHERE tenant_id = $1 ORDER BY full_name, id",
            &self.key
        );
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Those that a connection sees, by name.
    pub async fn repositories_of(&mut self, connection: ConnectionId) -> Result<Vec<Repository>> {
        let rows = all!(
            self.session,
            Row,
            "SELECT connection_id, seen, presence, trouble, trouble_since, strikes, offered_at, found_at, sync \
             FROM repositories WHERE tenant_id = $1 AND connection_id = $2 ORDER BY full_name, id",
            &self.key,
            connection.to_string()
        );
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Those of them in which the work of any project happens.
    pub async fn linked_repositories_of(&mut self, connection: ConnectionId) -> Result<Vec<Repository>> {
        let rows = all!(
            self.session,
            Row,
            "SELECT connection_id, seen, presence, trouble, trouble_since, strikes, offered_at, found_at, sync \
             FROM repositories r WHERE tenant_id = $1 AND connection_id = $2 AND EXISTS (SELECT 1 \
             FROM repository_links l WHERE l.tenant_id = r.tenant_id AND l.repository_id = r.id) \
             ORDER BY full_name, id",
            &self.key,
            connection.to_string()
        );
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// The repositories of a project, by name.
    pub async fn repositories_linked_to(&mut self, project: ProjectId) -> Result<Vec<Repository>> {
        let rows = all!(
            self.session,
            Row,
            "SELECT r.connection_id, r.seen, r.presence, r.trouble, r.trouble_since, r.strikes, r.offered_at, \
             r.found_at, r.sync FROM repository_links l \
             JOIN repositories r ON r.tenant_id = l.tenant_id AND r.id = l.repository_id \
             WHERE l.tenant_id = $1 AND l.project_id = $2 ORDER BY r.full_name, r.id",
            &self.key,
            project.to_string()
        );
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// The projects whose work happens in a repository.
    pub async fn projects_linked_to(&mut self, repository: RepositoryId) -> Result<Vec<ProjectId>> {
        let rows = all!(self.session, (String,), PROJECTS, &self.key, whole(repository.0));
        rows.iter().map(|(project,)| parse("project", project)).collect()
    }

    /// Links a project to a repository; false where it was already.
    pub async fn link_repository(
        &mut self,
        project: ProjectId,
        repository: RepositoryId,
        by: MemberId,
        at: Timestamp,
    ) -> Result<bool> {
        let rows = execute!(
            self.session,
            "INSERT INTO repository_links (tenant_id, project_id, repository_id, linked_by, linked_at) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
            &self.key,
            project.to_string(),
            whole(repository.0),
            by.to_string(),
            at.as_millis()
        );
        Ok(rows == 1)
    }

    /// Has whoever else looks at what follows for a project wait until this transaction ends.
    pub async fn lock_links(&mut self, project: ProjectId) -> Result<()> {
        execute!(
            self.session,
            "UPDATE repository_links SET linked_at = linked_at WHERE tenant_id = $1 AND project_id = $2",
            &self.key,
            project.to_string()
        );
        Ok(())
    }

    /// Takes a link back; false where there is none.
    pub async fn unlink_repository(&mut self, project: ProjectId, repository: RepositoryId) -> Result<bool> {
        let rows = execute!(
            self.session,
            "DELETE FROM repository_links WHERE tenant_id = $1 AND project_id = $2 AND repository_id = $3",
            &self.key,
            project.to_string(),
            whole(repository.0)
        );
        Ok(rows == 1)
    }

    /// Stores a repository in the place of what was known of it.
    pub async fn put_repository(&mut self, repository: &Repository) -> Result<()> {
        execute!(
            self.session,
            "INSERT INTO repositories (tenant_id, id, connection_id, full_name, seen, presence, trouble, \
             trouble_since, strikes, offered_at, found_at, sync) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
             ON CONFLICT (tenant_id, id) DO UPDATE SET connection_id = excluded.connection_id, \
             full_name = excluded.full_name, seen = excluded.seen, presence = excluded.presence, \
             trouble = excluded.trouble, trouble_since = excluded.trouble_since, strikes = excluded.strikes, \
             offered_at = excluded.offered_at, sync = excluded.sync",
            &self.key,
            whole(repository.id().0),
            repository.connection.to_string(),
            repository.name(),
            to_json("repository", &repository.seen)?,
            repository.presence.as_str(),
            repository.trouble.as_ref().map(|(why, _)| why.as_str()),
            repository.trouble.as_ref().map(|(_, since)| since.as_millis()),
            i64::from(repository.strikes),
            repository.offered_at.map(Timestamp::as_millis),
            repository.found_at.as_millis(),
            to_json("sync", &repository.sync)?
        );
        Ok(())
    }
}
