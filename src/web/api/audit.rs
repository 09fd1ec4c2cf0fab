//! The audit trail.

use axum::{extract::State, http::Uri};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    super::{Web, tree::Names},
    answer::Answer,
    ask::Asked,
    caller::Caller,
    page::{Page, Window},
    patches::no_patch,
    problem::{Kind, Problem, Told},
    shapes::Entry,
};
use crate::domain::{member::Role, patch::PatchCode, token::Scope};

/// Which entries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wish {
    /// Only those about the patch of this code.
    #[param(example = "P-41")]
    patch: Option<String>,
    /// Items on a page; 50 where nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
}

/// What was done, newest first.
#[utoipa::path(
    get, path = "/audit", operation_id = "list_audit", tag = "audit", security(("token" = ["read"])), params(Wish),
    responses(
        (status = 200, description = "A page of it.", body = Page<Entry>),
        (status = 403, description = "Viewers do not read the trail.", body = Told,
            content_type = "application/problem+json"),
    ),
)]
pub(super) async fn list(
    State(web): State<Web>,
    uri: Uri,
    caller: Caller,
    Asked(wish): Asked<Wish>,
) -> Result<Answer, Problem> {
    caller.needs(Scope::Read)?;
    if caller.member.effective_role() == Role::Viewer {
        return Err(Problem::new(Kind::Forbidden, "You are a viewer here: the trail is for members."));
    }
    let window = Window::read("audit", wish.limit, wish.after.as_deref(), |text| text.parse::<i64>().ok())?;
    let mut tx = web.store.read(caller.tenant).await?;
    let subject = match wish.patch {
        Some(code) => {
            let code: PatchCode = code.parse().map_err(|()| no_patch())?;
            Some(tx.patch_by_code(code).await?.ok_or_else(no_patch)?.id.to_string())
        }
        None => None,
    };
    let entries = tx.audit_page(subject.as_deref(), window.after, window.rows()).await?;
    let names = Names::new(tx.members().await?);
    window.page(&uri, entries, |(seq, _)| seq.to_string(), |(_, entry)| Entry::new(entry, &names))
}
