//! Pages for people: the console, the plans, the patches.
//!
//! There is no sign-in yet, so the pages exist only while Docket is reached over loopback: with any
//! other `PUBLIC_URL` every route here answers 404. A request that names another host is refused (a page
//! elsewhere must not reach us by pointing its own name at 127.0.0.1), and so is one that comes from
//! another machine or through a proxy, whatever it names.

mod accounts;
mod console;
mod files;
mod form;
mod guard;
mod live;
mod models;
mod patches;
mod projects;
mod reply;
mod say;
mod tree;
mod working;

use std::sync::Arc;

use async_trait::async_trait;
use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{get, post},
};
use tokio_util::sync::CancellationToken;
use tower_http::csrf::CsrfLayer;

use crate::{
    clock::Chance,
    domain::ids::TenantId,
    llm::models::Models,
    secrets::Seal,
    store::{Accepted, NewDelivery, Store},
};

pub use guard::is_loopback;

/// The largest body that a page sends: a line of the console in JSON, every character of it escaped.
const MAX_BODY: usize = 128 * 1024;

/// Stores what came in before it is acknowledged.
#[async_trait]
pub trait Accept: Send + Sync {
    /// Commits the delivery with its job. An error means that nothing was stored.
    async fn accept(&self, delivery: NewDelivery) -> anyhow::Result<Accepted>;
}

/// What the pages need. Cheap to clone.
#[derive(Clone)]
pub struct Web {
    /// What the pages show.
    pub store: Store,
    /// Time and randomness.
    pub chance: Chance,
    /// Whose pages these are.
    pub tenant: TenantId,
    /// `PUBLIC_URL`: the pages exist only where its host is loopback.
    pub public_url: String,
    /// Where lines and clicks go.
    pub accept: Arc<dyn Accept>,
    /// The models that the tenant can ask.
    pub models: Models,
    /// Encrypts a key before anything of it is stored.
    pub seal: Seal,
    /// Ends the live streams, so that an open page does not hold up a shutdown.
    pub stopping: CancellationToken,
}

/// Every page, with its own answer for addresses that do not exist. Serve it with the peers' addresses
/// (`into_make_service_with_connect_info`): whoever's is unknown is not let in.
pub fn router(web: Web) -> Router {
    if !is_loopback(&web.public_url) {
        return Router::new().fallback(guard::closed).layer(middleware::map_response(guard::headers));
    }
    Router::new()
        .route("/", get(console::home))
        .route("/console", get(console::page))
        .route("/console/say", post(say::say))
        .route("/console/click", post(say::click))
        .route("/console/choose", post(say::choose))
        .route("/console/stop", post(say::stop))
        .route("/models", get(models::page))
        .route("/models/accounts", post(accounts::add))
        .route("/projects", get(projects::list))
        .route("/projects/{key}", get(projects::page))
        .route("/patches/{code}", get(patches::page))
        .route("/live", get(live::stream))
        .route("/static/{name}", get(files::file))
        .fallback(reply::nothing_here)
        .method_not_allowed_fallback(reply::wrong_method)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(CsrfLayer::new().with_rejection_response(guard::cross_site))
        .layer(middleware::from_fn(guard::own_machine))
        .layer(middleware::map_response(guard::headers))
        .with_state(web)
}
