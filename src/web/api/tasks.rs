//! Tasks.

use std::collections::BTreeMap;

use axum::{
    extract::State,
    http::{StatusCode, Uri},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    super::{Web, tree::Names},
    answer::Answer,
    ask::{Asked, Named},
    caller::Caller,
    page::{Page, Window},
    patches::{no_project, unknown_word},
    problem::{Kind, Problem, Told},
    shapes::Task,
    words,
};
use crate::{
    domain::{
        ids::ProjectId,
        project::ProjectKey,
        task::{Status, TaskCode, TaskNumber},
        token::Scope,
    },
    review::tracked::Tracked,
    store::TaskFilter,
};

/// Which tasks.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wish {
    /// Only those of the project of this key.
    #[param(example = "AUTH")]
    project: Option<String>,
    /// Only those in this status.
    #[param(value_type = Option<words::Status>, example = "todo")]
    status: Option<String>,
    /// Only those of the member of this id, or of `me`.
    #[param(example = "me")]
    assignee: Option<String>,
    /// Items on a page; 50 where nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
}

/// The tasks, project by project, by number.
#[utoipa::path(
    get, path = "/tasks", operation_id = "list_tasks", tag = "tasks", security(("token" = ["read"])), params(Wish),
    responses((status = 200, description = "A page of them.", body = Page<Task>)),
)]
pub(super) async fn list(
    State(web): State<Web>,
    uri: Uri,
    caller: Caller,
    Asked(wish): Asked<Wish>,
) -> Result<Answer, Problem> {
    caller.needs(Scope::Read)?;
    let window = Window::read("tasks", wish.limit, wish.after.as_deref(), place)?;
    let status = wish.status.map(|word| {
        Status::from_word(&word).ok_or_else(|| unknown_word("status", Status::ALL.iter().map(|s| s.as_str())))
    });
    let assignee = wish.assignee.map(|id| match id.as_str() {
        "me" => Ok(caller.member.id),
        id => id.parse().map_err(|_| Problem::new(Kind::Malformed, "The assignee has to be a member's id, or me.")),
    });
    let mut tx = web.store.read(caller.tenant).await?;
    let keys: BTreeMap<ProjectId, ProjectKey> = tx.projects().await?.into_iter().map(|p| (p.id, p.key)).collect();
    let project = match wish.project.map(|key| key.parse::<ProjectKey>().map_err(|_| no_project())).transpose()? {
        Some(key) => Some(tx.project_by_key(&key).await?.ok_or_else(no_project)?.id),
        None => None,
    };
    let filter = TaskFilter { project, status: status.transpose()?, assignee: assignee.transpose()? };
    let found = tx.tasks_page(&filter, window.after, window.rows()).await?;
    let names = Names::new(tx.members().await?);
    let mut tracked: BTreeMap<ProjectId, Tracked> = BTreeMap::new();
    for (project, _) in &found {
        if !tracked.contains_key(project) {
            tracked.insert(*project, Tracked::load(&mut tx, *project, None).await?);
        }
    }
    let tasks: Vec<_> =
        found.into_iter().filter_map(|(project, task)| Some((project, keys.get(&project)?.clone(), task))).collect();
    window.page(
        &uri,
        tasks,
        |(project, _, task)| format!("{project}:{}", task.number),
        |(project, key, task)| Task::new(&key, task, &names, tracked.get(&project)),
    )
}

/// One task.
#[utoipa::path(
    get, path = "/tasks/{code}", operation_id = "show_task", tag = "tasks", security(("token" = ["read"])),
    params(("code" = String, Path, description = "The task's code.", example = "AUTH-3")),
    responses(
        (status = 200, description = "The task.", body = Task),
        (status = 404, description = "There is no such task.", body = Told, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn show(State(web): State<Web>, caller: Caller, Named(code): Named) -> Result<Answer, Problem> {
    caller.needs(Scope::Read)?;
    let missing = || Problem::missing("There is no task of that code. /api/v1/tasks lists those there are.");
    let code: TaskCode = code.parse().map_err(|()| missing())?;
    let mut tx = web.store.read(caller.tenant).await?;
    let project = tx.project_by_key(&code.project).await?.ok_or_else(missing)?;
    let task = tx.task(project.id, code.number).await?.ok_or_else(missing)?;
    let names = Names::new(tx.members().await?);
    let version = task.version.0;
    let tracked = Tracked::load(&mut tx, project.id, Some(task.number)).await?;
    Answer::revised(StatusCode::OK, &Task::new(&project.key, task, &names, Some(&tracked)), version)
}

/// Reads the place of a task in the list.
fn place(text: &str) -> Option<(ProjectId, TaskNumber)> {
    let (project, number) = text.split_once(':')?;
    Some((project.parse().ok()?, TaskNumber(number.parse().ok()?)))
}
