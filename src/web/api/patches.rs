//! Patches, as they are read.

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
    patch::{Patch, PatchSummary},
    problem::{Kind, Problem, Told},
    words,
};
use crate::{
    domain::{
        ids::ProjectId,
        patch::{self, PatchCode, PatchState},
        project::ProjectKey,
        token::Scope,
    },
    review::facts::Facts,
    store::{PatchFilter, Tx},
};

/// Which patches.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wish {
    /// Only those in this state.
    #[param(value_type = Option<words::State>, example = "proposed")]
    state: Option<String>,
    /// Only those of the project of this key.
    #[param(example = "AUTH")]
    project: Option<String>,
    /// Items on a page; 50 where nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
}

/// The patches, newest first.
#[utoipa::path(
    get, path = "/patches", operation_id = "list_patches", tag = "patches", security(("token" = ["read"])), params(Wish),
    responses((status = 200, description = "A page of them.", body = Page<PatchSummary>)),
)]
pub(super) async fn list(
    State(web): State<Web>,
    uri: Uri,
    caller: Caller,
    Asked(wish): Asked<Wish>,
) -> Result<Answer, Problem> {
    caller.needs(Scope::Read)?;
    let window = Window::read("patches", wish.limit, wish.after.as_deref(), |text| text.parse::<PatchCode>().ok())?;
    let state = wish.state.map(|word| {
        let known = PatchState::WORDS.into_iter().find(|known| *known == word);
        known.ok_or_else(|| unknown_word("state", PatchState::WORDS.into_iter()))
    });
    let mut tx = web.store.read(caller.tenant).await?;
    let projects = tx.projects().await?;
    let project = match wish.project.map(|key| key.parse::<ProjectKey>().map_err(|_| no_project())).transpose()? {
        Some(key) => Some(projects.iter().find(|project| project.key == key).ok_or_else(no_project)?.id),
        None => None,
    };
    let keys: BTreeMap<ProjectId, ProjectKey> = projects.into_iter().map(|p| (p.id, p.key)).collect();
    let filter = PatchFilter { state: state.transpose()?, project };
    let found = tx.patches_page(&filter, window.after, window.rows()).await?;
    let names = Names::new(tx.members().await?);
    let with_keys: Vec<_> = found
        .into_iter()
        .filter_map(|patch| {
            let founds = patch.founding.as_ref().map(|founding| &founding.key);
            let key = keys.get(&patch.project).or(founds)?.clone();
            Some((patch, key))
        })
        .collect();
    window.page(
        &uri,
        with_keys,
        |(patch, _)| patch.code.to_string(),
        |(patch, key)| PatchSummary::new(&patch, &key, &names),
    )
}

/// One patch, with its steps, its diff and its approvals.
///
/// Its `ETag` begins with its revision: whoever decides on it can send it back as `If-Match`.
#[utoipa::path(
    get, path = "/patches/{code}", operation_id = "show_patch", tag = "patches", security(("token" = ["read"])),
    params(("code" = String, Path, description = "The patch's code.", example = "P-41")),
    responses(
        (status = 200, description = "The patch.", body = Patch),
        (status = 404, description = "There is no such patch.", body = Told, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn show(State(web): State<Web>, caller: Caller, Named(code): Named) -> Result<Answer, Problem> {
    caller.needs(Scope::Read)?;
    let code: PatchCode = code.parse().map_err(|()| no_patch())?;
    let mut tx = web.store.read(caller.tenant).await?;
    let patch = tx.patch_by_code(code).await?.ok_or_else(no_patch)?;
    let revision = patch.revision;
    Answer::revised(StatusCode::OK, &shown(&web, &mut tx, &patch).await?, revision)
}

/// The patch as it is shown.
pub(super) async fn shown(web: &Web, tx: &mut Tx, patch: &patch::Patch) -> Result<Patch, Problem> {
    let facts = Facts::load(tx, patch, web.chance.now()).await?;
    let names = Names::new(tx.members().await?);
    Ok(Patch::new(&facts, &names))
}

pub(super) fn no_project() -> Problem {
    Problem::missing("There is no project of that key. /api/v1/projects lists those there are.")
}

pub(super) fn no_patch() -> Problem {
    Problem::missing("There is no patch of that code. /api/v1/patches lists those there are.")
}

pub(super) fn unknown_word(field: &str, words: impl Iterator<Item = &'static str>) -> Problem {
    let words = words.collect::<Vec<_>>().join(", ");
    Problem::new(Kind::Malformed, format!("The {field} has to be one of {words}."))
}
