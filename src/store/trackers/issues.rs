//! Issues, and the tasks that they stand for.

use serde_json::Value;
use sqlx::FromRow;

use crate::{
    domain::{
        ids::ProjectId,
        task::TaskNumber,
        tracker::{Issue, Numbered},
    },
    store::{
        Error, Result, Tx,
        codec::{from_json, from_json_opt, parse, small, to_json, whole},
    },
};

/// An issue with the task that it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredIssue {
    /// What is known of it.
    pub issue: Issue,
    /// The task.
    pub task: Option<(ProjectId, TaskNumber)>,
    /// What was proposed last because of it, which is not proposed again.
    pub proposed: Option<Value>,
}

#[derive(FromRow)]
struct Row {
    facts: String,
    project_id: Option<String>,
    task: Option<i64>,
    proposed: Option<String>,
}

impl TryFrom<Row> for StoredIssue {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let task = match (row.project_id, row.task) {
            (Some(project), Some(task)) => Some((parse("project", &project)?, TaskNumber(small("task", task)?))),
            _ => None,
        };
        let proposed = from_json_opt("proposal", row.proposed.as_deref())?;
        Ok(Self { issue: from_json("issue", &row.facts)?, task, proposed })
    }
}

impl Tx {
    /// What is known of an issue.
    pub async fn issue(&mut self, at: Numbered) -> Result<Option<StoredIssue>> {
        let row = first!(
            self.session,
            Row,
            "SELECT facts, project_id, task, proposed FROM issues \
             WHERE tenant_id = $1 AND repository_id = $2 AND number = $3",
            &self.key,
            whole(at.repository.0),
            whole(at.number)
        );
        row.map(TryInto::try_into).transpose()
    }

    /// The issue that stands for a task.
    pub async fn issue_of_task(&mut self, project: ProjectId, task: TaskNumber) -> Result<Option<StoredIssue>> {
        let row = first!(
            self.session,
            Row,
            "SELECT facts, project_id, task, proposed FROM issues \
             WHERE tenant_id = $1 AND project_id = $2 AND task = $3",
            &self.key,
            project.to_string(),
            i64::from(task.0)
        );
        row.map(TryInto::try_into).transpose()
    }

    /// The issues that stand for tasks of a project, by task.
    pub async fn issues_of_project(&mut self, project: ProjectId) -> Result<Vec<StoredIssue>> {
        let rows = all!(
            self.session,
            Row,
            "SELECT facts, project_id, task, proposed FROM issues \
             WHERE tenant_id = $1 AND project_id = $2 ORDER BY task",
            &self.key,
            project.to_string()
        );
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Stores an issue in the place of what was known of it. Fails with [`Error::Taken`] where another one stands for
    /// the task.
    pub async fn put_issue(&mut self, stored: &StoredIssue) -> Result<()> {
        let StoredIssue { issue, task, proposed } = stored;
        if let Some((project, number)) = task
            && self.issue_of_task(*project, *number).await?.is_some_and(|other| other.issue.at != issue.at)
        {
            return Err(Error::Taken { what: "task", why: "another issue stands for it".to_owned() });
        }
        execute!(
            self.session,
            "INSERT INTO issues (tenant_id, repository_id, number, state, updated_at, facts, project_id, task, \
             proposed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
             ON CONFLICT (tenant_id, repository_id, number) DO UPDATE SET state = excluded.state, \
             updated_at = excluded.updated_at, facts = excluded.facts, project_id = excluded.project_id, \
             task = excluded.task, proposed = excluded.proposed",
            &self.key,
            whole(issue.at.repository.0),
            whole(issue.at.number),
            issue.state.as_str(),
            issue.updated_at.as_millis(),
            to_json("issue", issue)?,
            task.map(|(project, _)| project.to_string()),
            task.map(|(_, number)| i64::from(number.0)),
            proposed.as_ref().map(|proposed| to_json("proposal", proposed)).transpose()?
        );
        Ok(())
    }

    /// Forgets an issue that was deleted at the tracker.
    pub async fn remove_issue(&mut self, at: Numbered) -> Result<()> {
        execute!(
            self.session,
            "DELETE FROM issues WHERE tenant_id = $1 AND repository_id = $2 AND number = $3",
            &self.key,
            whole(at.repository.0),
            whole(at.number)
        );
        Ok(())
    }
}
