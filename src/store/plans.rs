//! Plans: reading a whole one, a part of one, and writing what a patch touched.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{FromRow, QueryBuilder};

use super::{
    Error, Result, Tx,
    codec::{from_json, limit, parse, parse_opt, small, to_json, word},
    dialect,
    reach::Reach,
};
use crate::domain::{
    ids::{MemberId, ProjectId},
    patch::Operation,
    plan::Plan,
    project::Revision,
    task::{Place, Rank, Status, Task, TaskFields, TaskNumber},
    time::Timestamp,
};

/// Rows per statement, well under the 32,766 parameters of SQLite.
const CHUNK: usize = 500;

#[derive(FromRow)]
struct TaskRow {
    number: i64,
    parent: Option<i64>,
    rank: String,
    title: String,
    description: String,
    acceptance: String,
    status: String,
    assignee: Option<String>,
    estimate: Option<i64>,
    priority: String,
    due: Option<String>,
    links: String,
    version: i64,
}

#[derive(FromRow)]
struct AssignedRow {
    project_id: String,
    #[sqlx(flatten)]
    task: TaskRow,
}

/// Which tasks are wanted; those that match everything that is set.
#[derive(Debug, Clone, Default)]
pub struct TaskFilter {
    /// Of this project.
    pub project: Option<ProjectId>,
    /// In this status.
    pub status: Option<Status>,
    /// Of this member.
    pub assignee: Option<MemberId>,
}

/// The `$5` tasks under `$6` that stand nearest before rank `$3` of number `$4`.
pub(super) const SIBLINGS_BEFORE: &str = "SELECT number FROM tasks WHERE tenant_id = $1 AND project_id = $2 AND parent = $6 \
    AND (rank, number) < ($3, $4) ORDER BY rank DESC, number DESC LIMIT $5";

/// The same at the top of the plan.
pub(super) const ROOTS_BEFORE: &str = "SELECT number FROM tasks WHERE tenant_id = $1 AND project_id = $2 AND parent IS NULL \
    AND (rank, number) < ($3, $4) ORDER BY rank DESC, number DESC LIMIT $5";

/// The open tasks of member `$2`, in no order: to spare itself sorting them SQLite would read the whole tenant. The project
/// of each is looked up by itself; PostgreSQL may compare each with all of the tenant's where they are joined.
pub(super) const ASSIGNED: &str = "SELECT t.project_id, t.number, t.parent, t.rank, t.title, t.description, t.acceptance, \
    t.status, t.assignee, t.estimate, t.priority, t.due, t.links, t.version \
    FROM tasks t WHERE t.tenant_id = $1 AND t.assignee = $2 AND t.status NOT IN ('done', 'cancelled') \
    AND (SELECT p.lifecycle FROM projects p WHERE p.tenant_id = t.tenant_id AND p.id = t.project_id) <> 'archived'";

/// What those tasks wait for, in no order. SQLite keeps the order of a `CROSS JOIN`: by itself it begins with all that any
/// task of the tenant waits for.
pub(super) const ASSIGNED_DEPENDENCIES: &str = "SELECT d.project_id, d.task, d.depends_on \
    FROM tasks t CROSS JOIN task_dependencies d \
    WHERE t.tenant_id = $1 AND t.assignee = $2 AND t.status NOT IN ('done', 'cancelled') \
    AND d.tenant_id = t.tenant_id AND d.project_id = t.project_id AND d.task = t.number";

impl TaskRow {
    fn into_task(self, depends_on: BTreeSet<TaskNumber>) -> Result<Task> {
        let rank = Rank::from_hex(&self.rank)
            .ok_or_else(|| Error::Corrupt { what: "rank", why: format!("{:?} is none", self.rank) })?;
        Ok(Task {
            number: number(self.number)?,
            place: Place { parent: self.parent.map(number).transpose()?, rank },
            fields: TaskFields {
                title: self.title,
                description: self.description,
                acceptance: from_json("acceptance criteria", &self.acceptance)?,
                status: word("status", &self.status)?,
                assignee: parse_opt("assignee", self.assignee.as_deref())?,
                estimate: self.estimate.map(|minutes| small("estimate", minutes)).transpose()?,
                priority: word("priority", &self.priority)?,
                due: parse_opt("due date", self.due.as_deref())?,
                depends_on,
                links: from_json("links", &self.links)?,
            },
            version: Revision(small("version", self.version)?),
        })
    }
}

fn number(stored: i64) -> Result<TaskNumber> {
    Ok(TaskNumber(small("task number", stored)?))
}

/// Task numbers as one parameter: a JSON list.
pub(super) fn list<'a>(numbers: impl IntoIterator<Item = &'a TaskNumber>) -> String {
    let numbers: Vec<_> = numbers.into_iter().map(ToString::to_string).collect();
    format!("[{}]", numbers.join(","))
}

fn assemble(rows: Vec<TaskRow>, dependencies: Vec<(i64, i64)>) -> Result<Vec<Task>> {
    let mut depends_on: BTreeMap<i64, BTreeSet<TaskNumber>> = BTreeMap::new();
    for (task, first) in dependencies {
        depends_on.entry(task).or_default().insert(number(first)?);
    }
    rows.into_iter()
        .map(|row| {
            let depends_on = depends_on.remove(&row.number).unwrap_or_default();
            row.into_task(depends_on)
        })
        .collect()
}

impl Tx {
    /// The whole plan of a project.
    pub async fn plan(&mut self, project: ProjectId) -> Result<Option<Plan>> {
        // The project first: a plan that is older than its revision could be saved over a newer one.
        let Some(head) = self.project(project).await? else { return Ok(None) };
        let project = project.to_string();
        let rows = all!(
            self.session,
            TaskRow,
            "SELECT number, parent, rank, title, description, acceptance, status, assignee, estimate, priority, due, \
             links, version FROM tasks WHERE tenant_id = $1 AND project_id = $2 ORDER BY number",
            &self.key,
            &project
        );
        let dependencies = all!(
            self.session,
            (i64, i64),
            "SELECT task, depends_on FROM task_dependencies WHERE tenant_id = $1 AND project_id = $2 \
             ORDER BY task, depends_on",
            &self.key,
            &project
        );
        Ok(Some(Plan::new(head, assemble(rows, dependencies)?)))
    }

    /// The part of the plan that these operations can reach; on it the rules say what they would say on
    /// the whole (see [`Plan`]), and a diff what it would show of the whole. Costs by that part.
    pub async fn plan_part(&mut self, project: ProjectId, operations: &[&Operation]) -> Result<Option<Plan>> {
        let Some(head) = self.project(project).await? else { return Ok(None) };
        let (reach, engine) = (Reach::of(operations), self.session.engine());
        let numbers = all!(
            self.session,
            (i64,),
            dialect::REACH.text(engine),
            &self.key,
            project.to_string(),
            list(&reach.named),
            list(&reach.subtrees),
            list(&reach.walks),
            list(&reach.gone)
        );
        let mut numbers = numbers.into_iter().map(|(n,)| number(n)).collect::<Result<BTreeSet<_>>>()?;
        for operation in operations {
            if let Operation::MoveTask { number, to } = operation {
                numbers.extend(self.siblings_before(project, *number, to, operations.len()).await?);
            }
        }
        let tasks = self.tasks(project, &list(&numbers)).await?;
        Ok(Some(Plan::new(head, tasks)))
    }

    /// The tasks that a task at this place stands behind: one more than the patch could take away from there.
    async fn siblings_before(
        &mut self,
        project: ProjectId,
        number: TaskNumber,
        place: &Place,
        touched: usize,
    ) -> Result<Vec<TaskNumber>> {
        let (project, rank, rows) = (project.to_string(), place.rank.to_hex(), limit(touched + 1));
        let task = i64::from(number.0);
        let rows = match place.parent.map(|parent| i64::from(parent.0)) {
            Some(parent) => {
                all!(self.session, (i64,), SIBLINGS_BEFORE, &self.key, &project, rank, task, rows, parent)
            }
            None => all!(self.session, (i64,), ROOTS_BEFORE, &self.key, &project, rank, task, rows),
        };
        rows.into_iter().map(|(n,)| self::number(n)).collect()
    }

    /// The tasks that this member is to do and that are not over, in projects that are not archived; by
    /// project and number. Costs by the tasks that are the member's, those too that are over.
    pub async fn tasks_assigned(&mut self, member: MemberId) -> Result<Vec<(ProjectId, Task)>> {
        let member = member.to_string();
        let rows = all!(self.session, AssignedRow, ASSIGNED, &self.key, &member);
        let pairs = all!(self.session, (String, i64, i64), ASSIGNED_DEPENDENCIES, &self.key, &member);
        let mut depends_on: BTreeMap<(String, i64), BTreeSet<TaskNumber>> = BTreeMap::new();
        for (project, task, first) in pairs {
            depends_on.entry((project, task)).or_default().insert(number(first)?);
        }
        let mut tasks = rows
            .into_iter()
            .map(|AssignedRow { project_id, task }| {
                let project = parse("project", &project_id)?;
                let firsts = depends_on.remove(&(project_id, task.number)).unwrap_or_default();
                Ok((project, task.into_task(firsts)?))
            })
            .collect::<Result<Vec<(ProjectId, Task)>>>()?;
        tasks.sort_by_key(|(project, task)| (*project, task.number));
        Ok(tasks)
    }

    /// The tasks that match, by project and number, after the one that `after` names.
    pub async fn tasks_page(
        &mut self,
        filter: &TaskFilter,
        after: Option<(ProjectId, TaskNumber)>,
        rows: usize,
    ) -> Result<Vec<(ProjectId, Task)>> {
        let found = all!(
            self.session,
            (String, i64),
            "SELECT project_id, number FROM tasks WHERE tenant_id = $1 \
             AND (CAST($2 AS TEXT) IS NULL OR project_id = $2) AND (CAST($3 AS TEXT) IS NULL OR status = $3) \
             AND (CAST($4 AS TEXT) IS NULL OR assignee = $4) \
             AND (CAST($5 AS TEXT) IS NULL OR (project_id, number) > ($5, CAST($6 AS BIGINT))) \
             ORDER BY project_id, number LIMIT $7",
            &self.key,
            filter.project.map(|project| project.to_string()),
            filter.status.map(Status::as_str),
            filter.assignee.map(|member| member.to_string()),
            after.map(|(project, _)| project.to_string()),
            after.map(|(_, number)| i64::from(number.0)),
            limit(rows)
        );
        let mut by_project: BTreeMap<ProjectId, Vec<TaskNumber>> = BTreeMap::new();
        for (project, task) in found {
            by_project.entry(parse("project", &project)?).or_default().push(number(task)?);
        }
        let mut tasks = Vec::new();
        for (project, numbers) in by_project {
            let of_project = self.tasks(project, &list(&numbers)).await?;
            tasks.extend(of_project.into_iter().map(|task| (project, task)));
        }
        Ok(tasks)
    }

    /// One task of a project.
    pub async fn task(&mut self, project: ProjectId, number: TaskNumber) -> Result<Option<Task>> {
        Ok(self.tasks(project, &list([&number])).await?.pop())
    }

    async fn tasks(&mut self, project: ProjectId, numbers: &str) -> Result<Vec<Task>> {
        let (engine, project) = (self.session.engine(), project.to_string());
        let rows = all!(self.session, TaskRow, dialect::TASKS.text(engine), &self.key, &project, numbers);
        let dependencies =
            all!(self.session, (i64, i64), dialect::DEPENDENCIES.text(engine), &self.key, &project, numbers);
        assemble(rows, dependencies)
    }

    /// Writes the touched tasks of `plan` (those no longer in it are deleted) and its project row.
    ///
    /// Guarded by `from`, the revision the plan was read at: false means that somebody else was first and
    /// nothing was written.
    pub async fn save_plan(
        &mut self,
        plan: &Plan,
        touched: &BTreeSet<TaskNumber>,
        from: Revision,
        at: Timestamp,
    ) -> Result<bool> {
        let project = &plan.project;
        let id = project.id.to_string();
        let rows = execute!(
            self.session,
            "UPDATE projects SET title = $3, summary = $4, lifecycle = $5, revision = $6, updated_at = $7 \
             WHERE tenant_id = $1 AND id = $2 AND revision = $8",
            &self.key,
            &id,
            &project.title,
            &project.summary,
            project.lifecycle.as_str(),
            i64::from(project.revision.0),
            at.as_millis(),
            i64::from(from.0)
        );
        if rows == 0 {
            return Ok(false);
        }
        let engine = self.session.engine();
        let gone: Vec<_> = touched.iter().filter(|number| plan.task(**number).is_none()).collect();
        execute!(self.session, dialect::DELETE_DEPENDENCIES.text(engine), &self.key, &id, list(touched));
        execute!(self.session, dialect::DELETE_TASKS.text(engine), &self.key, &id, list(gone));
        let kept: Vec<_> = touched.iter().filter_map(|number| plan.task(*number)).collect();
        for tasks in kept.chunks(CHUNK) {
            self.put_tasks(&id, tasks).await?;
        }
        let dependencies: Vec<_> =
            kept.iter().flat_map(|task| task.fields.depends_on.iter().map(|first| (task.number, *first))).collect();
        for pairs in dependencies.chunks(CHUNK) {
            self.insert_dependencies(&id, pairs).await?;
        }
        Ok(true)
    }

    async fn put_tasks(&mut self, project: &str, tasks: &[&Task]) -> Result<()> {
        let lists = tasks
            .iter()
            .map(|task| {
                Ok((to_json("acceptance criteria", &task.fields.acceptance)?, to_json("links", &task.fields.links)?))
            })
            .collect::<Result<Vec<_>>>()?;
        on!(self.session, |conn, Engine| {
            let mut query = QueryBuilder::<Engine>::new(
                "INSERT INTO tasks (tenant_id, project_id, number, parent, rank, title, description, acceptance, \
                 status, assignee, estimate, priority, due, links, version) ",
            );
            query.push_values(tasks.iter().zip(&lists), |mut row, (task, (acceptance, links))| {
                let fields = &task.fields;
                row.push_bind(&self.key)
                    .push_bind(project)
                    .push_bind(i64::from(task.number.0))
                    .push_bind(task.place.parent.map(|parent| i64::from(parent.0)))
                    .push_bind(task.place.rank.to_hex())
                    .push_bind(&fields.title)
                    .push_bind(&fields.description)
                    .push_bind(acceptance)
                    .push_bind(fields.status.as_str())
                    .push_bind(fields.assignee.map(|member| member.to_string()))
                    .push_bind(fields.estimate.map(i64::from))
                    .push_bind(fields.priority.as_str())
                    .push_bind(fields.due.map(|day| day.to_string()))
                    .push_bind(links)
                    .push_bind(i64::from(task.version.0));
            });
            query.push(
                " ON CONFLICT (tenant_id, project_id, number) DO UPDATE SET parent = excluded.parent, \
                 rank = excluded.rank, title = excluded.title, description = excluded.description, \
                 acceptance = excluded.acceptance, status = excluded.status, assignee = excluded.assignee, \
                 estimate = excluded.estimate, priority = excluded.priority, due = excluded.due, \
                 links = excluded.links, version = excluded.version",
            );
            query.build().persistent(false).execute(conn).await?;
        });
        Ok(())
    }

    async fn insert_dependencies(&mut self, project: &str, pairs: &[(TaskNumber, TaskNumber)]) -> Result<()> {
        on!(self.session, |conn, Engine| {
            let mut query =
                QueryBuilder::<Engine>::new("INSERT INTO task_dependencies (tenant_id, project_id, task, depends_on) ");
            query.push_values(pairs, |mut row, (task, first)| {
                row.push_bind(&self.key).push_bind(project).push_bind(i64::from(task.0)).push_bind(i64::from(first.0));
            });
            query.build().persistent(false).execute(conn).await?;
        });
        Ok(())
    }
}
