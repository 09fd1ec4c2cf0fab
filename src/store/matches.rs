//! What was made of conversations, and how far they were read.

use std::{collections::BTreeMap, time::Duration};

use sqlx::FromRow;

use super::{
    Error, Result, Tx,
    codec::{from_json, limit, parse, parse_opt, small, to_json, word},
    dialect::MATCHES,
};
use crate::domain::{
    event::Venue,
    ids::{ProjectId, ThreadId},
    matches::{Finding, Match},
    task::{TaskCode, TaskNumber},
    time::Timestamp,
};

/// A query of matches as [`Row`]s, tenant first.
macro_rules! select_matches {
    ($rest:literal) => {
        concat!(
            "SELECT id, thread_id, number, surface, team, channel, root, is_private, read_until, verdict, tasks, \
             finding, project_id, task, message, patch_id, member_id, at FROM matches WHERE tenant_id = $1 ",
            $rest
        )
    };
}
pub(super) use select_matches;

/// What was made of the conversation that people call by the number `$2`.
pub(super) const OF_NUMBER: &str = select_matches!("AND number = $2 ORDER BY at DESC, id DESC");

/// The oldest of those that were made before `$2` of conversations that are gone, up to `$3` of them.
pub(super) const OLD: &str = "DELETE FROM matches WHERE tenant_id = $1 AND id IN (SELECT m.id FROM matches m \
     WHERE m.tenant_id = $1 AND m.at < $2 AND NOT EXISTS (SELECT 1 FROM threads t \
     WHERE t.tenant_id = $1 AND t.id = m.thread_id) ORDER BY m.at LIMIT $3)";

#[derive(FromRow)]
struct Row {
    id: String,
    thread_id: String,
    number: i64,
    surface: String,
    team: String,
    channel: String,
    root: String,
    is_private: bool,
    read_until: i64,
    verdict: String,
    tasks: String,
    finding: Option<String>,
    project_id: Option<String>,
    task: Option<i64>,
    message: Option<String>,
    patch_id: Option<String>,
    member_id: Option<String>,
    at: i64,
}

impl TryFrom<Row> for Match {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        // Of a conversation that was forgotten it may not be known where it was.
        let (team, channel, thread) = (row.team, row.channel, Some(row.root).filter(|root| !root.is_empty()));
        Ok(Self {
            id: parse("match", &row.id)?,
            thread: parse("thread", &row.thread_id)?,
            number: small("thread number", row.number)?,
            venue: Venue { surface: word("surface", &row.surface)?, team, channel, thread },
            is_private: row.is_private,
            read_until: Timestamp::from_millis(row.read_until),
            verdict: word("verdict", &row.verdict)?,
            tasks: from_json("likely tasks", &row.tasks)?,
            finding: row.finding.map(|finding| word("finding", &finding)).transpose()?,
            project: parse_opt("project", row.project_id.as_deref())?,
            task: row.task.map(|task| small("task", task).map(TaskNumber)).transpose()?,
            message: row.message,
            patch: parse_opt("patch", row.patch_id.as_deref())?,
            by: parse_opt("member", row.member_id.as_deref())?,
            at: Timestamp::from_millis(row.at),
        })
    }
}

/// How long after a night the next one comes at the earliest.
const NIGHT: Duration = Duration::from_hours(12);

impl Tx {
    /// Stores what was made of a conversation.
    pub async fn insert_match(&mut self, made: &Match) -> Result<()> {
        let Venue { surface, team, channel, thread } = &made.venue;
        execute!(
            self.session,
            "INSERT INTO matches (tenant_id, id, thread_id, number, surface, team, channel, root, is_private, read_until, \
             verdict, tasks, finding, project_id, task, message, patch_id, member_id, at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)",
            &self.key,
            made.id.to_string(),
            made.thread.to_string(),
            i64::from(made.number),
            surface.as_str(),
            team,
            channel,
            thread.as_deref().unwrap_or_default(),
            made.is_private,
            made.read_until.as_millis(),
            made.verdict.as_str(),
            to_json("likely tasks", &made.tasks)?,
            made.finding.map(Finding::as_str),
            made.project.map(|project| project.to_string()),
            made.task.map(|task| i64::from(task.0)),
            made.message.as_deref(),
            made.patch.map(|patch| patch.to_string()),
            made.by.map(|by| by.to_string()),
            made.at.as_millis()
        );
        Ok(())
    }

    /// All that was made of a conversation, the latest last.
    pub async fn matches_of(&mut self, thread: ThreadId) -> Result<Vec<Match>> {
        let rows = all!(
            self.session,
            Row,
            select_matches!("AND thread_id = $2 ORDER BY at, id"),
            &self.key,
            thread.to_string()
        );
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// All that was made of each of these conversations, the latest last.
    pub async fn matches_of_all(&mut self, threads: &[ThreadId]) -> Result<BTreeMap<ThreadId, Vec<Match>>> {
        let ids: Vec<String> = threads.iter().map(ToString::to_string).collect();
        let ids = to_json("threads", &ids)?;
        let sql = MATCHES.text(self.session.engine());
        let rows = all!(self.session, Row, sql, &self.key, &ids);
        let mut found: BTreeMap<ThreadId, Vec<Match>> = BTreeMap::new();
        for row in rows {
            let made = Match::try_from(row)?;
            found.entry(made.thread).or_default().push(made);
        }
        for made in found.values_mut() {
            made.sort_by_key(|made| (made.at, made.id));
        }
        Ok(found)
    }

    /// All that was made of the conversation that people call by this number, the latest first.
    pub async fn matches_of_number(&mut self, number: u32) -> Result<Vec<Match>> {
        let rows = all!(self.session, Row, OF_NUMBER, &self.key, i64::from(number));
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// The latest `rows` of all that was made of conversations which are about this task, or may be, the latest first.
    pub async fn matches_of_task(&mut self, project: ProjectId, code: &TaskCode, rows: usize) -> Result<Vec<Match>> {
        let like = format!("%\"project\":\"{project}\",\"code\":\"{code}\"%");
        let rows = all!(
            self.session,
            Row,
            select_matches!(
                "AND ((project_id = $2 AND task = $3) OR tasks LIKE $4) AND verdict <> 'nothing' \
                 ORDER BY at DESC, id DESC LIMIT $5"
            ),
            &self.key,
            project.to_string(),
            i64::from(code.number.0),
            like,
            limit(rows)
        );
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// The latest of all that was made of conversations which are about something, the latest first: `rows` of them
    /// after the first `skip`, of a project or of all, without those of private channels unless they are in the channel
    /// of `at`.
    pub async fn matches_page(
        &mut self,
        project: Option<ProjectId>,
        at: Option<&Venue>,
        skip: usize,
        rows: usize,
    ) -> Result<Vec<Match>> {
        let (surface, team, channel) =
            at.map_or(("", "", ""), |at| (at.surface.as_str(), at.team.as_str(), at.channel.as_str()));
        let of = project.map(|project| project.to_string());
        // A conversation is of the project of what was found, and of those of the tasks that it may be about.
        let like = of.as_ref().map(|project| format!("%\"{project}\"%"));
        let rows = all!(
            self.session,
            Row,
            select_matches!(
                "AND (CAST($2 AS TEXT) IS NULL OR project_id = $2 OR tasks LIKE $3) AND verdict <> 'nothing' \
                 AND (NOT is_private OR (surface = $4 AND team = $5 AND channel = $6)) \
                 ORDER BY at DESC, id DESC LIMIT $7 OFFSET $8"
            ),
            &self.key,
            of,
            like,
            surface,
            team,
            channel,
            limit(rows),
            limit(skip)
        );
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Deletes up to `most` of what was made before an instant of conversations that are gone. Says how many.
    pub async fn forget_matches_before(&mut self, before: Timestamp, most: i64) -> Result<u64> {
        Ok(execute!(self.session, OLD, &self.key, before.as_millis(), most))
    }

    /// Up to when the conversations were read; `None` where they never were.
    pub async fn read_until(&mut self) -> Result<Option<Timestamp>> {
        let row = first!(self.session, (i64,), "SELECT read_until FROM readings WHERE tenant_id = $1", &self.key);
        Ok(row.map(|(at,)| Timestamp::from_millis(at)).filter(|at| at.as_millis() > 0))
    }

    /// Stores up to when the conversations were read.
    pub async fn set_read_until(&mut self, at: Timestamp) -> Result<()> {
        execute!(
            self.session,
            "INSERT INTO readings (tenant_id, read_until, night_at) VALUES ($1, $2, 0) \
             ON CONFLICT (tenant_id) DO UPDATE SET read_until = excluded.read_until",
            &self.key,
            at.as_millis()
        );
        Ok(())
    }

    /// Takes the night that it is at `now` for whoever asks first: false where somebody was there before.
    pub async fn take_night(&mut self, now: Timestamp) -> Result<bool> {
        let rows = execute!(
            self.session,
            "INSERT INTO readings (tenant_id, read_until, night_at) VALUES ($1, 0, $2) \
             ON CONFLICT (tenant_id) DO UPDATE SET night_at = excluded.night_at WHERE readings.night_at <= $3",
            &self.key,
            now.as_millis(),
            now.minus(NIGHT).as_millis()
        );
        Ok(rows == 1)
    }
}
