//! Wishes that issues stand for tasks.

use sqlx::FromRow;

use crate::{
    domain::{
        ids::{OrderId, ProjectId},
        task::TaskNumber,
        time::Timestamp,
        tracker::{IssueOrder, RepositoryId},
    },
    store::{
        Error, Result, Tx,
        codec::{from_json, natural, parse, small, to_json, whole},
    },
};

#[derive(FromRow)]
struct Row {
    id: String,
    project_id: String,
    task: i64,
    repository_id: i64,
    number: Option<i64>,
    member_id: String,
    identity: String,
    venue: String,
    delivery_id: String,
    made_at: i64,
    done_at: Option<i64>,
}

impl TryFrom<Row> for IssueOrder {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: parse("order", &row.id)?,
            project: parse("project", &row.project_id)?,
            task: TaskNumber(small("task", row.task)?),
            repository: RepositoryId(natural("repository", row.repository_id)?),
            number: row.number.map(|number| natural("number", number)).transpose()?,
            by: parse("member", &row.member_id)?,
            to: from_json("identity", &row.identity)?,
            venue: from_json("venue", &row.venue)?,
            delivery: parse("delivery", &row.delivery_id)?,
            made_at: Timestamp::from_millis(row.made_at),
            done_at: row.done_at.map(Timestamp::from_millis),
        })
    }
}

impl Tx {
    /// Stores a wish that an issue stands for a task.
    pub async fn insert_issue_order(&mut self, order: &IssueOrder) -> Result<()> {
        execute!(
            self.session,
            "INSERT INTO issue_orders (tenant_id, id, project_id, task, repository_id, number, member_id, identity, \
             venue, delivery_id, made_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            &self.key,
            order.id.to_string(),
            order.project.to_string(),
            i64::from(order.task.0),
            whole(order.repository.0),
            order.number.map(whole),
            order.by.to_string(),
            to_json("identity", &order.to)?,
            to_json("venue", &order.venue)?,
            order.delivery.to_string(),
            order.made_at.as_millis()
        );
        Ok(())
    }

    /// The wish of this id.
    pub async fn issue_order(&mut self, id: OrderId) -> Result<Option<IssueOrder>> {
        let row = first!(
            self.session,
            Row,
            "SELECT id, project_id, task, repository_id, number, member_id, identity, venue, delivery_id, made_at, \
             done_at FROM issue_orders WHERE tenant_id = $1 AND id = $2",
            &self.key,
            id.to_string()
        );
        row.map(TryInto::try_into).transpose()
    }

    /// The wish for a task that waits to be carried out.
    pub async fn open_issue_order(&mut self, project: ProjectId, task: TaskNumber) -> Result<Option<IssueOrder>> {
        let row = first!(
            self.session,
            Row,
            "SELECT id, project_id, task, repository_id, number, member_id, identity, venue, delivery_id, made_at, \
             done_at FROM issue_orders WHERE tenant_id = $1 AND project_id = $2 AND task = $3 AND done_at IS NULL",
            &self.key,
            project.to_string(),
            i64::from(task.0)
        );
        row.map(TryInto::try_into).transpose()
    }

    /// Marks a wish as carried out or given up, once: false means that it was before, and the caller must write nothing.
    pub async fn finish_issue_order(&mut self, id: OrderId, at: Timestamp) -> Result<bool> {
        let rows = execute!(
            self.session,
            "UPDATE issue_orders SET done_at = $3 WHERE tenant_id = $1 AND id = $2 AND done_at IS NULL",
            &self.key,
            id.to_string(),
            at.as_millis()
        );
        Ok(rows == 1)
    }
}
