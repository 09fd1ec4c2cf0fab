//! Pull requests, the tasks they are about, and what people wrote under them.

use std::collections::BTreeSet;

use sqlx::FromRow;

use crate::{
    domain::{
        ids::{PatchId, ProjectId},
        task::{Status, TaskNumber},
        time::Timestamp,
        tracker::{Account, Numbered, Pull, PullState, Remark, RepositoryId},
    },
    store::{
        Error, Result, Tx,
        codec::{from_json, limit, natural, parse, parse_opt, small, to_json, whole, word},
    },
};

/// The pull request `$3` of the repository `$2`.
pub(in crate::store) const ITSELF: &str =
    "SELECT facts FROM pulls WHERE tenant_id = $1 AND repository_id = $2 AND number = $3";

/// The pull requests of the repository `$2` that end with the commit `$3`, in no order, like those below: to spare itself
/// sorting them SQLite would read all of the repository or of the tenant.
pub(in crate::store) const WITH_HEAD: &str =
    "SELECT facts FROM pulls WHERE tenant_id = $1 AND repository_id = $2 AND head = $3";

/// The open pull requests of the repository `$2`. The state is a literal, as in the condition of the index.
pub(in crate::store) const OPEN_OF: &str =
    "SELECT facts FROM pulls WHERE tenant_id = $1 AND repository_id = $2 AND state = 'open'";

/// The pull requests that are about the task `$3` of project `$2`.
pub(in crate::store) const OF_TASK: &str = "SELECT repository_id, number, project_id, task, is_closing, proposed, patch_id \
     FROM pull_tasks WHERE tenant_id = $1 AND project_id = $2 AND task = $3";

/// The pull requests because of which the patch `$2` was proposed, each as often as tasks are in it.
pub(in crate::store) const OF_PATCH: &str =
    "SELECT repository_id, number, project_id FROM pull_tasks WHERE tenant_id = $1 AND patch_id = $2";

/// A task that a pull request is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullTask {
    /// The pull request.
    pub pull: Numbered,
    /// The task's project.
    pub project: ProjectId,
    /// The task's number there.
    pub task: TaskNumber,
    /// Whether merging it finishes the task.
    pub is_closing: bool,
    /// What was proposed last because of it, which is not proposed again.
    pub proposed: Option<Status>,
    /// The patch that proposed it.
    pub patch: Option<PatchId>,
}

#[derive(FromRow)]
struct TaskRow {
    repository_id: i64,
    number: i64,
    project_id: String,
    task: i64,
    is_closing: bool,
    proposed: Option<String>,
    patch_id: Option<String>,
}

impl TryFrom<TaskRow> for PullTask {
    type Error = Error;

    fn try_from(row: TaskRow) -> Result<Self> {
        Ok(Self {
            pull: numbered(row.repository_id, row.number)?,
            project: parse("project", &row.project_id)?,
            task: TaskNumber(small("task", row.task)?),
            is_closing: row.is_closing,
            proposed: row.proposed.as_deref().map(|status| word("status", status)).transpose()?,
            patch: parse_opt("patch", row.patch_id.as_deref())?,
        })
    }
}

#[derive(FromRow)]
struct RemarkRow {
    repository_id: i64,
    number: i64,
    id: String,
    author: String,
    url: String,
    text: String,
    at: i64,
}

impl TryFrom<RemarkRow> for Remark {
    type Error = Error;

    fn try_from(row: RemarkRow) -> Result<Self> {
        Ok(Self {
            under: numbered(row.repository_id, row.number)?,
            id: row.id,
            by: from_json::<Account>("account", &row.author)?,
            url: row.url,
            text: row.text,
            at: Timestamp::from_millis(row.at),
        })
    }
}

/// Reads the place of a pull request or an issue.
pub(in crate::store) fn numbered(repository: i64, number: i64) -> Result<Numbered> {
    Ok(Numbered { repository: RepositoryId(natural("repository", repository)?), number: natural("number", number)? })
}

fn read(rows: Vec<(String,)>) -> Result<Vec<Pull>> {
    rows.into_iter().map(|(facts,)| from_json("pull request", &facts)).collect()
}

/// Reads pull requests of one repository, by number.
fn read_by_number(rows: Vec<(String,)>) -> Result<Vec<Pull>> {
    let mut pulls = read(rows)?;
    pulls.sort_by_key(|pull| pull.at.number);
    Ok(pulls)
}

impl Tx {
    /// What is known of a pull request.
    pub async fn pull(&mut self, at: Numbered) -> Result<Option<Pull>> {
        let row = first!(self.session, (String,), ITSELF, &self.key, whole(at.repository.0), whole(at.number));
        row.map(|(facts,)| from_json("pull request", &facts)).transpose()
    }

    /// The pull requests of a repository that end with this commit, by number.
    pub async fn pulls_with_head(&mut self, repository: RepositoryId, head: &str) -> Result<Vec<Pull>> {
        read_by_number(all!(self.session, (String,), WITH_HEAD, &self.key, whole(repository.0), head))
    }

    /// Every pull request of a repository, by number.
    pub async fn pulls_of(&mut self, repository: RepositoryId) -> Result<Vec<Pull>> {
        read(all!(
            self.session,
            (String,),
            "SELECT facts FROM pulls WHERE tenant_id = $1 AND repository_id = $2 ORDER BY number",
            &self.key,
            whole(repository.0)
        ))
    }

    /// The open pull requests of a repository that come from a branch of its own of this name.
    pub async fn open_pulls_of_branch(&mut self, repository: RepositoryId, branch: &str) -> Result<Vec<Pull>> {
        let open = self.open_pulls_of(repository).await?;
        Ok(open.into_iter().filter(|pull| pull.branch == branch && !pull.is_fork).collect())
    }

    /// The open pull requests of all repositories, those first that changed last.
    pub async fn open_pulls(&mut self, rows: usize) -> Result<Vec<Pull>> {
        read(all!(
            self.session,
            (String,),
            "SELECT facts FROM pulls WHERE tenant_id = $1 AND state = $2 \
             ORDER BY updated_at DESC, repository_id, number LIMIT $3",
            &self.key,
            PullState::Open.as_str(),
            limit(rows)
        ))
    }

    /// The open pull requests of a repository, by number. Costs by these.
    pub async fn open_pulls_of(&mut self, repository: RepositoryId) -> Result<Vec<Pull>> {
        read_by_number(all!(self.session, (String,), OPEN_OF, &self.key, whole(repository.0)))
    }

    /// The pull requests in this state that changed at `since` or later, the newest first.
    pub async fn pulls_since(&mut self, state: PullState, since: Timestamp, rows: usize) -> Result<Vec<Pull>> {
        read(all!(
            self.session,
            (String,),
            "SELECT facts FROM pulls WHERE tenant_id = $1 AND state = $2 AND updated_at >= $3 \
             ORDER BY updated_at DESC, repository_id, number LIMIT $4",
            &self.key,
            state.as_str(),
            since.as_millis(),
            limit(rows)
        ))
    }

    /// Stores a pull request in the place of what was known of it.
    pub async fn put_pull(&mut self, pull: &Pull) -> Result<()> {
        execute!(
            self.session,
            "INSERT INTO pulls (tenant_id, repository_id, number, state, head, updated_at, opened_at, ended_at, \
             facts) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
             ON CONFLICT (tenant_id, repository_id, number) DO UPDATE SET state = excluded.state, \
             head = excluded.head, updated_at = excluded.updated_at, opened_at = excluded.opened_at, \
             ended_at = excluded.ended_at, facts = excluded.facts",
            &self.key,
            whole(pull.at.repository.0),
            whole(pull.at.number),
            pull.state.as_str(),
            &pull.head,
            pull.updated_at.as_millis(),
            pull.opened_at.as_millis(),
            pull.ended_at.map(Timestamp::as_millis),
            to_json("pull request", pull)?
        );
        Ok(())
    }

    /// The tasks that a pull request is about.
    pub async fn tasks_of_pull(&mut self, pull: Numbered) -> Result<Vec<PullTask>> {
        let rows = all!(
            self.session,
            TaskRow,
            "SELECT repository_id, number, project_id, task, is_closing, proposed, patch_id FROM pull_tasks \
             WHERE tenant_id = $1 AND repository_id = $2 AND number = $3 ORDER BY project_id, task",
            &self.key,
            whole(pull.repository.0),
            whole(pull.number)
        );
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// The pull requests that are about a task.
    pub async fn pulls_of_task(&mut self, project: ProjectId, task: TaskNumber) -> Result<Vec<PullTask>> {
        let rows = all!(self.session, TaskRow, OF_TASK, &self.key, project.to_string(), i64::from(task.0));
        let mut pulls = rows.into_iter().map(TryInto::try_into).collect::<Result<Vec<PullTask>>>()?;
        pulls.sort_by_key(|about| about.pull);
        Ok(pulls)
    }

    /// The pull requests that are about the tasks of a project, or about one of them, the newest of each task first: the
    /// task, whether merging finishes it, the name of the repository, and what is known of the pull request.
    pub async fn pulls_about(
        &mut self,
        project: ProjectId,
        task: Option<TaskNumber>,
    ) -> Result<Vec<(TaskNumber, bool, String, Pull)>> {
        let rows = all!(
            self.session,
            (i64, bool, String, String),
            "SELECT t.task, t.is_closing, r.full_name, p.facts FROM pull_tasks t \
             JOIN pulls p ON p.tenant_id = t.tenant_id AND p.repository_id = t.repository_id AND p.number = t.number \
             JOIN repositories r ON r.tenant_id = t.tenant_id AND r.id = t.repository_id \
             WHERE t.tenant_id = $1 AND t.project_id = $2 AND (CAST($3 AS BIGINT) IS NULL OR t.task = $3) \
             ORDER BY t.task, p.opened_at DESC, t.repository_id, t.number",
            &self.key,
            project.to_string(),
            task.map(|task| i64::from(task.0))
        );
        rows.into_iter()
            .map(|(task, is_closing, name, facts)| {
                Ok((TaskNumber(small("task", task)?), is_closing, name, from_json("pull request", &facts)?))
            })
            .collect()
    }

    /// The pull requests because of which a patch was proposed, each with the project that it was proposed for.
    pub async fn pulls_of_patch(&mut self, patch: PatchId) -> Result<Vec<(Numbered, ProjectId)>> {
        let rows = all!(self.session, (i64, i64, String), OF_PATCH, &self.key, patch.to_string());
        let pulls = rows
            .into_iter()
            .map(|(repository, number, project)| Ok((numbered(repository, number)?, parse("project", &project)?)))
            .collect::<Result<BTreeSet<(Numbered, ProjectId)>>>()?;
        Ok(pulls.into_iter().collect())
    }

    /// The pull requests that are about any task of a project.
    pub async fn pulls_of_project(&mut self, project: ProjectId) -> Result<Vec<PullTask>> {
        let rows = all!(
            self.session,
            TaskRow,
            "SELECT repository_id, number, project_id, task, is_closing, proposed, patch_id FROM pull_tasks \
             WHERE tenant_id = $1 AND project_id = $2 ORDER BY task, repository_id, number",
            &self.key,
            project.to_string()
        );
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Stores that a pull request is about a task, in the place of what was known of it.
    pub async fn put_pull_task(&mut self, link: &PullTask) -> Result<()> {
        execute!(
            self.session,
            "INSERT INTO pull_tasks (tenant_id, repository_id, number, project_id, task, is_closing, proposed, \
             patch_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
             ON CONFLICT (tenant_id, repository_id, number, project_id, task) DO UPDATE SET \
             is_closing = excluded.is_closing, proposed = excluded.proposed, patch_id = excluded.patch_id",
            &self.key,
            whole(link.pull.repository.0),
            whole(link.pull.number),
            link.project.to_string(),
            i64::from(link.task.0),
            link.is_closing,
            link.proposed.map(Status::as_str),
            link.patch.map(|patch| patch.to_string())
        );
        Ok(())
    }

    /// Takes back that a pull request is about a task.
    pub async fn remove_pull_task(&mut self, link: &PullTask) -> Result<()> {
        execute!(
            self.session,
            "DELETE FROM pull_tasks WHERE tenant_id = $1 AND repository_id = $2 AND number = $3 \
             AND project_id = $4 AND task = $5",
            &self.key,
            whole(link.pull.repository.0),
            whole(link.pull.number),
            link.project.to_string(),
            i64::from(link.task.0)
        );
        Ok(())
    }

    /// Stores what somebody wrote in the place of what stood there; says whether it is new. Empty words are forgotten.
    pub async fn put_remark(&mut self, remark: &Remark) -> Result<bool> {
        if remark.text.is_empty() {
            execute!(
                self.session,
                "DELETE FROM remarks WHERE tenant_id = $1 AND repository_id = $2 AND id = $3",
                &self.key,
                whole(remark.under.repository.0),
                &remark.id
            );
            return Ok(false);
        }
        let updated = execute!(
            self.session,
            "UPDATE remarks SET text = $4 WHERE tenant_id = $1 AND repository_id = $2 AND id = $3",
            &self.key,
            whole(remark.under.repository.0),
            &remark.id,
            &remark.text
        );
        if updated == 1 {
            return Ok(false);
        }
        let inserted = execute!(
            self.session,
            "INSERT INTO remarks (tenant_id, repository_id, number, id, author, url, text, at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
            &self.key,
            whole(remark.under.repository.0),
            whole(remark.under.number),
            &remark.id,
            to_json("account", &remark.by)?,
            &remark.url,
            &remark.text,
            remark.at.as_millis()
        );
        Ok(inserted == 1)
    }

    /// What was written at `since` or later, oldest first.
    pub async fn remarks_since(&mut self, since: Timestamp, rows: usize) -> Result<Vec<Remark>> {
        let rows = all!(
            self.session,
            RemarkRow,
            "SELECT repository_id, number, id, author, url, text, at FROM remarks \
             WHERE tenant_id = $1 AND at >= $2 ORDER BY at, repository_id, id LIMIT $3",
            &self.key,
            since.as_millis(),
            limit(rows)
        );
        rows.into_iter().map(TryInto::try_into).collect()
    }
}
