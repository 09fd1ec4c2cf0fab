//! The JSON API under `/api/v1`: the use-cases of the chat for programs.
//!
//! Whoever asks is a member by a token of theirs ([`caller`]). What changes something runs in one transaction and is
//! done once ([`once`]); it calls what a chat's delivery calls, so that a rule holds here as it does there. The handlers
//! are the source of the document that describes them ([`document`]).

mod answer;
mod ask;
mod audit;
mod caller;
mod decide;
mod docs;
mod document;
mod members;
mod once;
mod operation;
mod page;
mod patch;
mod patches;
mod problem;
mod projects;
mod propose;
mod shapes;
mod tasks;
mod words;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{any, get},
};
use tower_http::csrf::CsrfLayer;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Web, guard};

/// Where the API is.
pub(super) const ROOT: &str = "/api/v1";

/// The operations, each with what the document says of it.
fn operations() -> OpenApiRouter<Web> {
    OpenApiRouter::with_openapi(document::head())
        .routes(routes!(members::me))
        .routes(routes!(members::list))
        .routes(routes!(projects::list))
        .routes(routes!(projects::show))
        .routes(routes!(propose::change))
        .routes(routes!(tasks::list))
        .routes(routes!(tasks::show))
        .routes(routes!(patches::list, propose::found))
        .routes(routes!(patches::show))
        .routes(routes!(decide::approve))
        .routes(routes!(decide::reject))
        .routes(routes!(decide::take_it_back))
        .routes(routes!(audit::list))
}

/// The API, its document and its documentation.
pub(super) fn router(web: Web) -> Router {
    let (operations, _) = operations().split_for_parts();
    let operations = operations
        .fallback(problem::nothing_here)
        .method_not_allowed_fallback(problem::wrong_method)
        .layer(DefaultBodyLimit::max(ask::MAX_BODY))
        .layer(middleware::from_fn(answer::unless_known))
        .layer(CsrfLayer::new().with_rejection_response(guard::cross_site))
        .layer(middleware::from_fn_with_state(web.clone(), caller::reach))
        .layer(middleware::from_fn_with_state(web.clone(), problem::speak));
    let speak = middleware::from_fn_with_state(web.clone(), problem::speak);
    Router::new()
        .nest(ROOT, operations)
        .route(&format!("{ROOT}/"), any(problem::nothing_here).layer(speak))
        .route("/api/openapi.json", get(document::serve))
        .route("/api/docs", get(docs::page))
        .layer(middleware::from_fn_with_state(web.clone(), guard::headers))
        .with_state(web)
}
