//! What people want to be reminded of, until they are.

use sqlx::FromRow;

use super::{
    Error, Result, Tx,
    codec::{from_json, parse, parse_opt, small, to_json},
};
use crate::domain::{
    ids::{MemberId, ReminderId},
    reminder::Reminder,
    task::TaskNumber,
    time::Timestamp,
};

#[derive(FromRow)]
struct Row {
    id: String,
    member_id: String,
    identity: String,
    project_id: Option<String>,
    task: Option<i64>,
    words: String,
    at: i64,
    created_at: i64,
}

impl TryFrom<Row> for Reminder {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let project = parse_opt("project", row.project_id.as_deref())?;
        let task = row.task.map(|task| small("task", task).map(TaskNumber)).transpose()?;
        Ok(Self {
            id: parse("reminder", &row.id)?,
            member: parse("member", &row.member_id)?,
            to: from_json("identity", &row.identity)?,
            task: project.zip(task),
            words: row.words,
            at: Timestamp::from_millis(row.at),
            created_at: Timestamp::from_millis(row.created_at),
        })
    }
}

/// A query of reminders as [`Row`]s, tenant first.
macro_rules! select_reminders {
    ($rest:literal) => {
        concat!(
            "SELECT id, member_id, identity, project_id, task, words, at, created_at FROM reminders \
             WHERE tenant_id = $1 ",
            $rest
        )
    };
}

impl Tx {
    /// Stores a new reminder.
    pub async fn insert_reminder(&mut self, reminder: &Reminder) -> Result<()> {
        let (project, task) = reminder.task.unzip();
        execute!(
            self.session,
            "INSERT INTO reminders (tenant_id, id, member_id, identity, project_id, task, words, at, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            &self.key,
            reminder.id.to_string(),
            reminder.member.to_string(),
            to_json("identity", &reminder.to)?,
            project.map(|project| project.to_string()),
            task.map(|task| i64::from(task.0)),
            &reminder.words,
            reminder.at.as_millis(),
            reminder.created_at.as_millis()
        );
        Ok(())
    }

    /// The reminder of this id; `None` once it was told or taken back.
    pub async fn reminder(&mut self, id: ReminderId) -> Result<Option<Reminder>> {
        let row = first!(self.session, Row, select_reminders!("AND id = $2"), &self.key, id.to_string());
        row.map(TryInto::try_into).transpose()
    }

    /// The reminders of a member, the next one first.
    pub async fn reminders_of(&mut self, member: MemberId) -> Result<Vec<Reminder>> {
        let rows = all!(
            self.session,
            Row,
            select_reminders!("AND member_id = $2 ORDER BY at, id"),
            &self.key,
            member.to_string()
        );
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Every reminder of the tenant by its id, and when it is due.
    pub async fn reminders(&mut self) -> Result<Vec<(ReminderId, Timestamp)>> {
        let rows = all!(
            self.session,
            (String, i64),
            "SELECT id, at FROM reminders WHERE tenant_id = $1 ORDER BY at, id",
            &self.key
        );
        rows.into_iter().map(|(id, at)| Ok((parse("reminder", &id)?, Timestamp::from_millis(at)))).collect()
    }

    /// Forgets a reminder. False where there is none of this id any more.
    pub async fn remove_reminder(&mut self, id: ReminderId) -> Result<bool> {
        let rows =
            execute!(self.session, "DELETE FROM reminders WHERE tenant_id = $1 AND id = $2", &self.key, id.to_string());
        Ok(rows == 1)
    }
}
