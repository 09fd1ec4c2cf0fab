//! The page to sign in on.

use askama::Template;
use axum::{
    extract::{Query, State},
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{
    Viewer, Web,
    oauth::Returned,
    path::SitePath,
    reply::{Frame, Trouble},
};
use crate::domain::session::Party;

/// What the page's address may say.
#[derive(Deserialize)]
pub(super) struct Asked {
    next: Option<String>,
    out: Option<String>,
}

#[derive(Template)]
#[template(path = "login.html", config = "src/web/askama.toml")]
struct LoginPage {
    frame: Frame,
    /// Whether somebody just signed out.
    is_out: bool,
    ways: Vec<Way>,
}

/// A way in.
struct Way {
    id: &'static str,
    label: String,
    address: String,
}

/// The page. Whoever is signed in goes on at once.
pub(super) async fn page(
    State(web): State<Web>,
    Query(asked): Query<Asked>,
    viewer: Result<Viewer, Response>,
) -> Response {
    let next = SitePath::read(asked.next.as_deref().unwrap_or("/"));
    if viewer.is_ok_and(|viewer| viewer.session.is_some()) {
        return Redirect::to(next.as_str()).into_response();
    }
    let page =
        LoginPage { frame: Frame::new("Sign in", "").bare(), is_out: asked.out.is_some(), ways: web.ways(&next) };
    web.reply(Ok(page))
}

impl Web {
    /// The ways in that are set up, each of which leads on to `next`.
    fn ways(&self, _next: &SitePath) -> Vec<Way> {
        Vec::new()
    }

    /// Sends somebody to sign in with a provider.
    pub(super) async fn sign_in_with(&self, party: Party, _: &HeaderMap, _: &SitePath) -> Result<Response, Trouble> {
        Err(Trouble::Missing(format!(
            "Nobody signs in here with {}. The page Sign in has the ways there are.",
            party.name()
        )))
    }

    /// Goes on with what somebody brought from a provider to sign in.
    pub(super) async fn signed_in_with(&self, returned: Returned) -> Result<Response, Trouble> {
        let name = returned.flow.party.name();
        Err(Trouble::Missing(format!("Nobody signs in here with {name}. The page Sign in has the ways there are.")))
    }
}
