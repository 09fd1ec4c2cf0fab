//! Members, and who the caller is.

use axum::{
    extract::State,
    http::{StatusCode, Uri},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    super::Web,
    answer::Answer,
    ask::Asked,
    caller::Caller,
    page::{Page, Window},
    problem::Problem,
    shapes::Member,
};
use crate::domain::{time::Timestamp, token::Scope};

/// Who asks.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Me {
    /// In whose name.
    member: Member,
    /// With which token; null for whoever is signed in.
    #[schema(required)]
    token: Option<Token>,
}

/// What a token is for.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Token {
    name: String,
    /// `read`, `propose`, `decide`.
    #[schema(example = json!(["read"]))]
    scopes: Vec<&'static str>,
    /// From when on it is worth nothing; null where it does not end.
    #[schema(required)]
    expires_at: Option<DateTime<Utc>>,
}

/// Which members.
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

/// Who you are here.
#[utoipa::path(
    get, path = "/me", operation_id = "who_am_i", tag = "members", security(("token" = ["read"])),
    responses((status = 200, description = "You, and what the token is for.", body = Me)),
)]
pub(super) async fn me(caller: Caller) -> Result<Answer, Problem> {
    caller.needs(Scope::Read)?;
    let Caller { member, token, .. } = caller;
    let token = token.map(|token| Token {
        name: token.name,
        scopes: token.scopes.into_iter().map(Scope::as_str).collect(),
        expires_at: token.expires_at.map(Timestamp::to_utc),
    });
    Answer::json(StatusCode::OK, &Me { member: member.into(), token })
}

/// The members, in the order in which they came.
#[utoipa::path(
    get, path = "/members", operation_id = "list_members", tag = "members", security(("token" = ["read"])), params(Wish),
    responses((status = 200, description = "A page of them.", body = Page<Member>)),
)]
pub(super) async fn list(
    State(web): State<Web>,
    uri: Uri,
    caller: Caller,
    Asked(wish): Asked<Wish>,
) -> Result<Answer, Problem> {
    caller.needs(Scope::Read)?;
    let window = Window::read("members", wish.limit, wish.after.as_deref(), |text| text.parse().ok())?;
    let members = web.store.read(caller.tenant).await?.members_page(window.after, window.rows()).await?;
    window.page(&uri, members, |member| member.id.to_string(), Member::from)
}
