//! Projects.

use axum::{
    extract::State,
    http::{StatusCode, Uri},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    super::{Web, projects::progress},
    answer::Answer,
    ask::{Asked, Named},
    caller::Caller,
    page::{Page, Window},
    patches::no_project,
    problem::{Problem, Told},
    shapes::Project,
};
use crate::domain::{project::ProjectKey, token::Scope};

/// Which projects.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wish {
    /// Items on a page; 50 where nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
}

/// The projects, by key.
#[utoipa::path(
    get, path = "/projects", operation_id = "list_projects", tag = "projects", security(("token" = ["read"])), params(Wish),
    responses((status = 200, description = "A page of them.", body = Page<Project>)),
)]
pub(super) async fn list(
    State(web): State<Web>,
    uri: Uri,
    caller: Caller,
    Asked(wish): Asked<Wish>,
) -> Result<Answer, Problem> {
    caller.needs(Scope::Read)?;
    let read = |text: &str| text.parse::<ProjectKey>().ok();
    let window = Window::read("projects", wish.limit, wish.after.as_deref(), read)?;
    let mut tx = web.store.read(caller.tenant).await?;
    let projects = tx.projects_page(window.after.as_ref(), window.rows()).await?;
    let mut counts = tx.task_counts().await?;
    window.page(
        &uri,
        projects,
        |project| project.key.to_string(),
        |project| {
            let counted = progress(&counts.remove(&project.id).unwrap_or_default());
            Project::new(project, counted)
        },
    )
}

/// One project.
///
/// Its `ETag` begins with the revision of its plan.
#[utoipa::path(
    get, path = "/projects/{key}", operation_id = "show_project", tag = "projects", security(("token" = ["read"])),
    params(("key" = String, Path, description = "The project's key.", example = "AUTH")),
    responses(
        (status = 200, description = "The project.", body = Project),
        (status = 404, description = "There is no such project.", body = Told, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn show(State(web): State<Web>, caller: Caller, Named(key): Named) -> Result<Answer, Problem> {
    caller.needs(Scope::Read)?;
    let key: ProjectKey = key.parse().map_err(|_| no_project())?;
    let mut tx = web.store.read(caller.tenant).await?;
    let project = tx.project_by_key(&key).await?.ok_or_else(no_project)?;
    let counted = progress(&tx.task_counts().await?.remove(&project.id).unwrap_or_default());
    let revision = project.revision.0;
    Answer::revised(StatusCode::OK, &Project::new(project, counted), revision)
}
