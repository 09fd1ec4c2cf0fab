//! Pages for people: the console, the plans, the patches.
//!
//! Every page is somebody's: a [`Viewer`] is the member of the session in the browser's cookie or, where `PUBLIC_URL` is
//! an address of the machine itself, whoever sits there. Whoever is neither is led to the page to sign in on. A request
//! that names another host is refused, and so is what another site makes a browser send.

mod accounts;
mod api;
mod connect;
mod connecting;
mod connections;
mod connections_github;
mod console;
mod decisions;
mod files;
mod form;
mod guard;
mod limits;
mod live;
mod login;
mod models;
mod oauth;
mod patches;
mod path;
mod projects;
mod reply;
mod say;
mod session;
mod sessions;
mod ticket;
mod tokens;
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
    chat::slack::teams::Teams,
    clock::Chance,
    connect::{http::Http, vault::Vault},
    domain::ids::TenantId,
    llm::models::Models,
    secrets::Seal,
    store::{Accepted, NewDelivery, Store},
};

pub use guard::is_loopback;
pub use limits::Limits;
pub use login::Ways;
pub use path::SitePath;
pub use session::Viewer;

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
    /// The tenant of whoever sits at the machine itself.
    pub local: TenantId,
    /// `PUBLIC_URL`: the address of this site.
    pub public_url: String,
    /// Where lines and clicks go.
    pub accept: Arc<dyn Accept>,
    /// The models that the tenant can ask.
    pub models: Models,
    /// Encrypts a key before anything of it is stored.
    pub seal: Seal,
    /// The way to providers.
    pub http: Http,
    /// The ways to sign in that are set up.
    pub ways: Ways,
    /// How often anybody may ask.
    pub limits: Limits,
    /// The tokens of everything that is connected, and what they are for.
    pub vault: Vault,
    /// The Slack teams, where Slack is configured.
    pub teams: Option<Teams>,
    /// Whether the settings bring a token of one workspace.
    pub has_slack_token: bool,
    /// Ends the live streams, so that an open page does not hold up a shutdown.
    pub stopping: CancellationToken,
}

/// Every page and the JSON API, with an own answer for addresses that do not exist. Serve it with the peers' addresses
/// (`ConnectInfo<SocketAddr>`): whoever's is unknown is not let in.
pub fn router(web: Web) -> Router {
    pages(web.clone()).merge(api::router(web))
}

fn pages(web: Web) -> Router {
    // Whoever is not signed in yet knocks here.
    let doors = Router::new()
        .route("/login", get(login::page))
        .route("/ticket/{token}", get(ticket::page).post(ticket::enter))
        .route("/oauth/{provider}/start", get(oauth::start).post(oauth::begin))
        .route("/oauth/{provider}/callback", get(oauth::callback))
        .route_layer(middleware::from_fn_with_state(web.clone(), limits::doors));
    Router::new()
        .merge(doors)
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
        .route("/decisions", get(decisions::page))
        .route("/live", get(live::stream))
        .route("/signout", post(sessions::sign_out))
        .route("/sessions", get(sessions::page))
        .route("/sessions/end", post(sessions::end))
        .route("/sessions/end-others", post(sessions::end_others))
        .route("/tokens", get(tokens::page).post(tokens::make))
        .route("/tokens/revoke", post(tokens::revoke))
        .route("/connect", get(connect::page))
        .route("/connect/coder/token", post(connecting::paste).get(connecting::only_by_button))
        .route("/connect/github/forget", post(connecting::forget).get(connecting::only_by_button))
        .route("/connect/{provider}", post(connecting::start).get(connecting::only_by_button))
        .route("/connect/{provider}/link", post(connecting::link).get(connecting::only_by_button))
        .route("/connect/{provider}/disconnect", post(connecting::disconnect).get(connecting::only_by_button))
        .route("/static/{name}", get(files::file))
        .fallback(reply::nothing_here)
        .method_not_allowed_fallback(reply::wrong_method)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(CsrfLayer::new().with_rejection_response(guard::cross_site))
        .layer(middleware::from_fn_with_state(web.clone(), guard::reach))
        .layer(middleware::from_fn_with_state(web.clone(), guard::headers))
        .with_state(web)
}
