//! The list of projects, and the page of each: its tree, how far it has come, its patches.

use std::collections::BTreeMap;

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use serde::Deserialize;

use super::{
    Viewer, Web,
    patches::Row,
    reply::{Frame, Trouble},
    tree::{Names, Tree},
};
use crate::{
    chat::console::render::{Moment, safe_url},
    domain::{
        project::{Project, ProjectKey},
        task::{Status, TaskNumber},
        tracker::{Presence, Repository},
    },
    review::tracked::Tracked,
};

/// Patches in a project's history on its page.
const HISTORY: usize = 100;

#[derive(Template)]
#[template(path = "projects.html", config = "src/web/askama.toml")]
struct ListPage {
    frame: Frame,
    projects: Vec<Summary>,
    open: Vec<Row>,
}

/// A project in the list.
struct Summary {
    project: Project,
    done: i64,
    total: i64,
}

#[derive(Template)]
#[template(path = "project.html", config = "src/web/askama.toml")]
struct ProjectPage {
    frame: Frame,
    project: Project,
    tree: Tree,
    /// The task under which the tree is shown, where it is a part.
    under: Option<String>,
    repositories: Vec<Repository>,
    history: Vec<Row>,
}

/// What a project's address may say.
#[derive(Deserialize)]
pub(super) struct Wish {
    under: Option<String>,
}

/// The list of projects.
pub(super) async fn list(State(web): State<Web>, viewer: Viewer) -> Response {
    web.reply(load_list(&web, &viewer).await)
}

async fn load_list(web: &Web, viewer: &Viewer) -> Result<ListPage, Trouble> {
    let mut tx = web.store.read(viewer.tenant).await?;
    let mut counts = tx.task_counts().await?;
    let projects = tx.projects().await?;
    let names = Names::new(tx.members().await?);
    let open = tx.open_patches().await?;
    let summaries = projects.into_iter().map(|project| {
        let (done, total) = progress(&counts.remove(&project.id).unwrap_or_default());
        Summary { project, done, total }
    });
    Ok(ListPage {
        frame: Frame::new("Projects", "projects").of(viewer),
        projects: summaries.collect(),
        open: open.iter().map(|patch| Row::new(patch, &names)).collect(),
    })
}

/// How many tasks are done, of how many that are not cancelled.
pub(super) fn progress(by_status: &BTreeMap<Status, i64>) -> (i64, i64) {
    let total = by_status.iter().filter(|(status, _)| **status != Status::Cancelled).map(|(_, n)| n).sum();
    (by_status.get(&Status::Done).copied().unwrap_or(0), total)
}

/// The page of a project.
pub(super) async fn page(
    State(web): State<Web>,
    viewer: Viewer,
    Path(key): Path<String>,
    Query(wish): Query<Wish>,
) -> Response {
    web.reply(load(&web, &viewer, &key, wish.under.as_deref()).await)
}

async fn load(web: &Web, viewer: &Viewer, key: &str, under: Option<&str>) -> Result<ProjectPage, Trouble> {
    let missing =
        || Trouble::Missing("There is no project of that key. The list of projects has those there are.".to_owned());
    let key: ProjectKey = key.parse().map_err(|_| missing())?;
    let mut tx = web.store.read(viewer.tenant).await?;
    let project = tx.project_by_key(&key).await?.ok_or_else(missing)?;
    let plan = tx.plan(project.id).await?.ok_or_else(missing)?;
    let names = Names::new(tx.members().await?);
    let under = under.map(|number| number.parse().map(TaskNumber).map_err(|_| missing())).transpose()?;
    let tree = match under {
        None => Tree::whole(&plan, &names),
        Some(number) => Tree::under(&plan, &names, number)
            .ok_or_else(|| Trouble::Missing(format!("{} is not in the plan of {key} any more.", plan.code(number))))?,
    };
    let tree = tree.with(&Tracked::load(&mut tx, project.id, None).await?);
    let repositories = tx.repositories_linked_to(project.id).await?;
    let history = tx.patches_of(project.id, HISTORY).await?;
    Ok(ProjectPage {
        frame: Frame::new(format!("{} · {}", project.key, project.title), "projects").of(viewer),
        under: under.map(|number| plan.code(number).to_string()),
        history: history.iter().map(|patch| Row::new(patch, &names)).collect(),
        repositories,
        project,
        tree: tree.untitled(),
    })
}
