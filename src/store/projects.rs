//! Projects, their task counters and their channels.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::FromRow;

use super::{
    Error, Result, Tx,
    codec::{limit, parse, small, word},
};
use crate::domain::{
    event::Venue,
    ids::ProjectId,
    project::{Project, ProjectKey, Revision},
    task::{Status, TaskNumber},
    time::Timestamp,
};

/// The project that a channel is about.
pub(super) const OF_CHANNEL: &str =
    "SELECT project_id FROM channels WHERE tenant_id = $1 AND surface = $2 AND team = $3 AND channel = $4";

#[derive(FromRow)]
struct ProjectRow {
    id: String,
    key: String,
    title: String,
    summary: String,
    lifecycle: String,
    revision: i64,
}

impl TryFrom<ProjectRow> for Project {
    type Error = Error;

    fn try_from(row: ProjectRow) -> Result<Self> {
        let ProjectRow { id, key, title, summary, lifecycle, revision } = row;
        Ok(Self {
            id: parse("project", &id)?,
            key: parse("project key", &key)?,
            title,
            summary,
            lifecycle: word("lifecycle", &lifecycle)?,
            revision: Revision(small("revision", revision)?),
        })
    }
}

impl Tx {
    /// The project of this id.
    pub async fn project(&mut self, id: ProjectId) -> Result<Option<Project>> {
        let row = first!(
            self.session,
            ProjectRow,
            "SELECT id, key, title, summary, lifecycle, revision FROM projects WHERE tenant_id = $1 AND id = $2",
            &self.key,
            id.to_string()
        );
        row.map(TryInto::try_into).transpose()
    }

    /// The project that people call by this key.
    pub async fn project_by_key(&mut self, key: &ProjectKey) -> Result<Option<Project>> {
        let row = first!(
            self.session,
            ProjectRow,
            "SELECT id, key, title, summary, lifecycle, revision FROM projects WHERE tenant_id = $1 AND key = $2",
            &self.key,
            key.as_str()
        );
        row.map(TryInto::try_into).transpose()
    }

    /// Every project, by key.
    pub async fn projects(&mut self) -> Result<Vec<Project>> {
        let rows = all!(
            self.session,
            ProjectRow,
            "SELECT id, key, title, summary, lifecycle, revision FROM projects WHERE tenant_id = $1 ORDER BY key",
            &self.key
        );
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// The projects after the key `after`, by key.
    pub async fn projects_page(&mut self, after: Option<&ProjectKey>, rows: usize) -> Result<Vec<Project>> {
        let rows = all!(
            self.session,
            ProjectRow,
            "SELECT id, key, title, summary, lifecycle, revision FROM projects WHERE tenant_id = $1 \
             AND (CAST($2 AS TEXT) IS NULL OR key > $2) ORDER BY key LIMIT $3",
            &self.key,
            after.map(ProjectKey::as_str),
            limit(rows)
        );
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Keys of projects and of first plans that are still proposed.
    pub async fn taken_keys(&mut self) -> Result<BTreeSet<ProjectKey>> {
        let rows = all!(
            self.session,
            (String,),
            "SELECT key FROM projects WHERE tenant_id = $1 UNION SELECT founding_key FROM patches \
             WHERE tenant_id = $1 AND state = 'proposed' AND founding_key IS NOT NULL ORDER BY 1",
            &self.key
        );
        rows.iter().map(|(key,)| parse("project key", key)).collect()
    }

    /// A new project whose tasks are numbered from `next_number` on. A key that is taken is a unique
    /// violation.
    pub async fn insert_project(&mut self, project: &Project, next_number: TaskNumber, at: Timestamp) -> Result<()> {
        execute!(
            self.session,
            "INSERT INTO projects \
             (tenant_id, id, key, title, summary, lifecycle, revision, next_number, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)",
            &self.key,
            project.id.to_string(),
            project.key.as_str(),
            &project.title,
            &project.summary,
            project.lifecycle.as_str(),
            i64::from(project.revision.0),
            i64::from(next_number.0),
            at.as_millis()
        );
        Ok(())
    }

    /// The first number that no task has and no patch reserved. Fails where there is no such project.
    pub async fn next_number(&mut self, project: ProjectId) -> Result<TaskNumber> {
        let row = first!(
            self.session,
            (i64,),
            "SELECT next_number FROM projects WHERE tenant_id = $1 AND id = $2",
            &self.key,
            project.to_string()
        );
        let (number,) = row.ok_or(sqlx::Error::RowNotFound)?;
        Ok(TaskNumber(small("task number", number)?))
    }

    /// Moves the counter from `first` to `next`; false where somebody else moved it, and nothing was written.
    pub async fn reserve_numbers(&mut self, project: ProjectId, first: TaskNumber, next: TaskNumber) -> Result<bool> {
        let rows = execute!(
            self.session,
            "UPDATE projects SET next_number = $4 WHERE tenant_id = $1 AND id = $2 AND next_number = $3",
            &self.key,
            project.to_string(),
            i64::from(first.0),
            i64::from(next.0)
        );
        Ok(rows == 1)
    }

    /// How many tasks of each status every project has.
    pub async fn task_counts(&mut self) -> Result<BTreeMap<ProjectId, BTreeMap<Status, i64>>> {
        let rows = all!(
            self.session,
            (String, String, i64),
            "SELECT project_id, status, count(*) FROM tasks WHERE tenant_id = $1 \
             GROUP BY project_id, status ORDER BY project_id, status",
            &self.key
        );
        let mut counts: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
        for (project, status, count) in rows {
            counts.entry(parse("project", &project)?).or_default().insert(word("status", &status)?, count);
        }
        Ok(counts)
    }

    /// The project that this channel is about.
    pub async fn channel_project(&mut self, venue: &Venue) -> Result<Option<ProjectId>> {
        let row =
            first!(self.session, (String,), OF_CHANNEL, &self.key, venue.surface.as_str(), &venue.team, &venue.channel);
        row.map(|(project,)| parse("project", &project)).transpose()
    }

    /// Every channel that is bound to a project, with that one.
    pub async fn bound_channels(&mut self) -> Result<Vec<(ProjectId, Venue)>> {
        let rows = all!(
            self.session,
            (String, String, String, String),
            "SELECT project_id, surface, team, channel FROM channels WHERE tenant_id = $1 ORDER BY surface, team, channel",
            &self.key
        );
        let bound = rows.into_iter().map(|(project, surface, team, channel)| {
            let venue = Venue { surface: word("surface", &surface)?, team, channel, thread: None };
            Ok((parse("project", &project)?, venue))
        });
        bound.collect()
    }

    /// A channel that is about this project, the same one each time; `None` where there is none.
    pub async fn channel_of(&mut self, project: ProjectId) -> Result<Option<Venue>> {
        let row = first!(
            self.session,
            (String, String, String),
            "SELECT surface, team, channel FROM channels WHERE tenant_id = $1 AND project_id = $2 \
             ORDER BY surface, team, channel LIMIT 1",
            &self.key,
            project.to_string()
        );
        row.map(|(surface, team, channel)| {
            Ok(Venue { surface: word("surface", &surface)?, team, channel, thread: None })
        })
        .transpose()
    }

    /// Binds the channel to the project unless it is bound already; says whether it did.
    pub async fn bind_channel(&mut self, venue: &Venue, project: ProjectId) -> Result<bool> {
        let rows = execute!(
            self.session,
            "INSERT INTO channels (tenant_id, surface, team, channel, project_id) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT DO NOTHING",
            &self.key,
            venue.surface.as_str(),
            &venue.team,
            &venue.channel,
            project.to_string()
        );
        Ok(rows == 1)
    }
}
