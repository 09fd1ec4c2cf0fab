//! Every table with rows of tenants: what of it moves with a tenant to another database, and what goes when it leaves.
//!
//! Whoever adds a table adds it to [`TABLES`], and its columns where it moves. A test fails where a table, or a column of
//! one that moves, is missing.

use futures_util::TryStreamExt as _;
use serde_json::{Map, Value};
use sqlx::{AssertSqlSafe, Row as _};

use super::{Error, Result, Tx};

/// A row that moves: its columns, without the tenant.
pub type MovedRow = Map<String, Value>;

/// A table with rows of tenants.
#[derive(Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Whether its rows move with their tenant.
    pub moves: Moves,
}

/// Whether rows move with their tenant.
#[derive(Debug)]
pub enum Moves {
    /// They do.
    Along {
        /// Every column but the tenant, apart by blanks; text but for those with a `:number` or a `:flag` behind.
        columns: &'static str,
        /// In which order they are written.
        order: &'static str,
    },
    /// They don't, and why.
    Not(&'static str),
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Flag,
}

const fn along(name: &'static str, order: &'static str, columns: &'static str) -> Table {
    Table { name, moves: Moves::Along { columns, order } }
}

const fn stays(name: &'static str, why: &'static str) -> Table {
    Table { name, moves: Moves::Not(why) }
}

const SECRETS: &str = "holds secrets, which leave no server";
const SIGNED_IN: &str = "belongs to browsers that are signed in here";
const PASSING: &str = "is work that is under way here";
const SAID: &str = "is conversation";

/// All but `tenants` itself, each behind those that its rows refer to.
const TABLES: &[Table] = &[
    along("members", "id", "id name role standing time_zone"),
    along("installations", "surface, team", "surface team name bot_user removed"),
    along("identities", "surface, team, user_id", "surface team user_id member_id"),
    along("logins", "provider, realm, subject", "provider realm subject member_id name linked_at:number"),
    along(
        "projects",
        "id",
        "id key title summary lifecycle revision:number next_number:number created_at:number updated_at:number policy announce",
    ),
    along(
        "tasks",
        "project_id, number",
        "project_id number:number parent:number rank title description acceptance status assignee estimate:number \
         priority due links version:number",
    ),
    along("task_dependencies", "project_id, task, depends_on", "project_id task:number depends_on:number"),
    along("channels", "surface, team, channel", "surface team channel project_id"),
    along("heard_channels", "surface, team, channel", "surface team channel is_private:flag is_kept:flag set_by"),
    along("forgotten", "subject", "subject until:number"),
    along(
        "patches",
        "code",
        "id code:number revision:number project_id founding_key founding base:number mode title steps before_tasks \
         author origin confidence state outcome inverse supersedes undoes created_at:number expires_at:number \
         clock_from:number",
    ),
    along("approvals", "patch_id, revision, member_id", "patch_id revision:number member_id at:number"),
    along("objections", "patch_id, revision, member_id", "patch_id revision:number member_id reason at:number"),
    along(
        "policy_changes",
        "code",
        "id code:number revision:number project_id before_rules after_rules author words state outcome venue message \
         shown created_at:number expires_at:number",
    ),
    along(
        "lessons",
        "patch_id",
        "patch_id first_id purpose model prompt verdict proposed:number approved:number distance:number edits at:number",
    ),
    along("routes", "surface, team, channel, phrase", "surface team channel phrase line member_id at:number"),
    along(
        "repositories",
        "id",
        "id:number connection_id full_name seen presence trouble trouble_since:number strikes:number offered_at:number \
         found_at:number sync",
    ),
    along("incidents", "opened_at, id", "id repository_id:number why opened_at:number closed_at:number lifecycles"),
    along(
        "repository_links",
        "project_id, repository_id",
        "project_id repository_id:number linked_by linked_at:number",
    ),
    along(
        "pulls",
        "repository_id, number",
        "repository_id:number number:number state head updated_at:number opened_at:number ended_at:number facts",
    ),
    along(
        "pull_tasks",
        "repository_id, number, project_id, task",
        "repository_id:number number:number project_id task:number is_closing:flag proposed patch_id",
    ),
    along(
        "issues",
        "repository_id, number",
        "repository_id:number number:number state updated_at:number facts project_id task:number proposed",
    ),
    along("pushes", "repository_id, branch, sha", "repository_id:number branch sha message at:number"),
    along("remarks", "repository_id, id", "repository_id:number number:number id author url text at:number"),
    along("mentions", "member_id", "member_id wanted_at:number"),
    along(
        "schedules",
        "id",
        "id kind surface team channel projects recurrence zone late_hours:number pause skipped has_drafts:flag made_by \
         created_at:number next_run_at:number",
    ),
    along("work_hours", "member_id", "member_id hours zone told_zone"),
    along("leaves", "member_id, first_day", "member_id first_day last_day"),
    along("calendars", "id", "id country address name member_id venue identity added_at:number read_at:number trouble"),
    along("holidays", "calendar_id, day", "calendar_id day name"),
    along("reminders", "at, id", "id member_id identity project_id task:number words at:number created_at:number"),
    along("audit", "seq", "id at:number actor action subject venue before after"),
    stays("llm_accounts", SECRETS),
    stays("connections", SECRETS),
    stays("provider_apps", SECRETS),
    stays("llm_calls", "counts in the budget of this server's accounts"),
    stays("sessions", SIGNED_IN),
    stays("flows", SIGNED_IN),
    stays("tickets", SIGNED_IN),
    stays("api_tokens", "opens this server"),
    stays("api_requests", "is answers of this server, for those who ask again"),
    stays("looks", "is how far this server has looked at trackers; another one looks itself"),
    stays("cards", "is messages that this server posted and keeps true"),
    stays("pull_cards", "is messages that this server posted and keeps true"),
    stays("threads", SAID),
    stays("messages", SAID),
    stays("withdrawn_messages", SAID),
    stays("backfills", PASSING),
    stays("notices", SAID),
    stays("digests", SAID),
    stays("digest_people", SAID),
    stays("drafts", SAID),
    stays("answers", SAID),
    stays("entries", SAID),
    stays("matches", "is about conversations, which stay here"),
    stays("readings", "is how far this server has read conversations; another one reads itself"),
    stays("issue_orders", PASSING),
    stays("progress", PASSING),
    stays("deliveries", PASSING),
    stays("jobs", PASSING),
];

impl Table {
    /// All of them, but for `tenants` itself; each behind those that its rows refer to.
    pub fn all() -> &'static [Self] {
        TABLES
    }

    /// Those that move along.
    pub fn moving() -> impl Iterator<Item = &'static Self> {
        TABLES.iter().filter(|table| matches!(table.moves, Moves::Along { .. }))
    }

    /// The one of this name that moves along.
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::moving().find(|table| table.name == name)
    }

    /// The columns that move.
    pub fn columns(&self) -> impl Iterator<Item = &'static str> {
        self.fields().map(|(name, _)| name)
    }

    fn fields(&self) -> impl Iterator<Item = (&'static str, Kind)> {
        let columns = match self.moves {
            Moves::Along { columns, .. } => columns,
            Moves::Not(_) => "",
        };
        columns.split_whitespace().map(|column| match column.split_once(':') {
            Some((name, "number")) => (name, Kind::Number),
            Some((name, _)) => (name, Kind::Flag),
            None => (column, Kind::Text),
        })
    }

    /// Says what is wrong with a row from elsewhere: a column that is not known, or of another kind.
    ///
    /// # Errors
    /// With what is wrong.
    pub fn check(&self, row: &MovedRow) -> Result<(), String> {
        if let Some(name) = row.keys().find(|name| self.columns().all(|column| column != name.as_str())) {
            return Err(format!("{} has no column {name}", self.name));
        }
        for (name, kind) in self.fields() {
            let fits = match (kind, row.get(name).unwrap_or(&Value::Null)) {
                (_, Value::Null) | (Kind::Text, Value::String(_)) | (Kind::Flag, Value::Bool(_)) => true,
                (Kind::Number, Value::Number(number)) => number.is_i64(),
                _ => false,
            };
            if !fits {
                return Err(format!("{}.{name} is not of the right kind", self.name));
            }
        }
        Ok(())
    }
}

impl Tx {
    /// How many rows the tenant has in a table.
    pub async fn count_rows(&mut self, table: &Table) -> Result<i64> {
        // Safe, here and below: the names stand above.
        let sql = AssertSqlSafe(format!("SELECT count(*) FROM {} WHERE tenant_id = $1", table.name));
        Ok(first!(self.session, (i64,), sql, &self.key).map_or(0, |(rows,)| rows))
    }

    /// Gives the tenant's rows of a table that moves to `each`, one by one.
    ///
    /// # Errors
    /// When the database fails, or `each` does.
    pub async fn moved_rows<E: From<Error>>(
        &mut self,
        table: &Table,
        mut each: impl FnMut(MovedRow) -> Result<(), E>,
    ) -> Result<(), E> {
        let Moves::Along { order, .. } = table.moves else { return Ok(()) };
        let fields: Vec<_> = table.fields().collect();
        let columns: Vec<_> = table.columns().collect();
        let sql = format!("SELECT {} FROM {} WHERE tenant_id = $1 ORDER BY {order}", columns.join(", "), table.name);
        on!(self.session, |conn, Engine| {
            let mut rows = sqlx::query::<Engine>(AssertSqlSafe(sql)).bind(&self.key).fetch(conn);
            while let Some(row) = rows.try_next().await.map_err(Error::from)? {
                let mut moved = MovedRow::new();
                for (index, (name, kind)) in fields.iter().enumerate() {
                    let value = match kind {
                        Kind::Text => row.try_get::<Option<String>, _>(index).map(Value::from),
                        Kind::Number => row.try_get::<Option<i64>, _>(index).map(Value::from),
                        Kind::Flag => row.try_get::<Option<bool>, _>(index).map(Value::from),
                    };
                    moved.insert((*name).to_owned(), value.map_err(Error::from)?);
                }
                each(moved)?;
            }
        });
        Ok(())
    }

    /// Writes a row that comes from elsewhere and was [checked](Table::check). False where there is one of its key.
    pub async fn insert_moved(&mut self, table: &Table, row: &MovedRow) -> Result<bool> {
        let fields: Vec<_> = table.fields().collect();
        let columns: Vec<_> = table.columns().collect();
        let places: Vec<_> = (2..fields.len() + 2).map(|n| format!("${n}")).collect();
        let sql = format!(
            "INSERT INTO {} (tenant_id, {}) VALUES ($1, {}) ON CONFLICT DO NOTHING",
            table.name,
            columns.join(", "),
            places.join(", ")
        );
        let rows = on!(self.session, |conn, Engine| {
            let mut query = sqlx::query::<Engine>(AssertSqlSafe(sql)).bind(&self.key);
            for (name, kind) in &fields {
                let value = row.get(*name).unwrap_or(&Value::Null);
                query = match kind {
                    Kind::Text => query.bind(value.as_str().map(str::to_owned)),
                    Kind::Number => query.bind(value.as_i64()),
                    Kind::Flag => query.bind(value.as_bool()),
                };
            }
            query.execute(conn).await?.rows_affected()
        });
        self.session.wrote |= rows > 0;
        Ok(rows == 1)
    }

    /// Deletes every row of the tenant in a table.
    pub async fn delete_rows(&mut self, table: &Table) -> Result<u64> {
        let sql = AssertSqlSafe(format!("DELETE FROM {} WHERE tenant_id = $1", table.name));
        Ok(execute!(self.session, sql, &self.key))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn problem(row: &Value) -> Option<String> {
        Table::named("approvals").unwrap().check(row.as_object().unwrap()).err()
    }

    #[test]
    fn a_row_is_taken_for_what_its_table_is_and_nothing_else() {
        let row = json!({ "patch_id": "pat_1", "revision": 2, "member_id": "mem_1", "at": 17 });
        assert_eq!(problem(&row), None);
        assert_eq!(problem(&json!({ "patch_id": "pat_1" })), None);
        let more = json!({ "patch_id": "pat_1", "tenant_id": "ten_1" });
        assert_eq!(problem(&more).as_deref(), Some("approvals has no column tenant_id"));
        for wrong in [json!({ "revision": "2" }), json!({ "revision": 2.5 }), json!({ "patch_id": 1 })] {
            assert!(problem(&wrong).unwrap().ends_with("is not of the right kind"), "{wrong}");
        }
        assert!(Table::named("jobs").is_none() && Table::named("tenants").is_none());
    }
}
