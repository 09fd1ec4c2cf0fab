//! Says with every request who asks: with the token that is live now, and to GitHub alone. Renamed repositories are
//! followed, limits kept, and a token that is not taken is replaced once.

use std::{
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{
    HeaderValue, Method, Request, Response, StatusCode, Uri,
    header::{AUTHORIZATION, LOCATION},
};
use octocrab::OctoBody;
use reqwest::Body;
use secrecy::{ExposeSecret, SecretString};
use tower::{Layer, Service};

use super::{
    Trouble,
    limits::Limits,
    transport::{Carried, Transport},
};
use crate::{
    clock::Chance,
    connect::{
        github::{self, API_VERSION},
        vault::Vault,
    },
    domain::ids::{ConnectionId, TenantId},
    store::Store,
};

/// How many redirects are followed.
const HOPS: usize = 3;
/// Longer than any token lives: whatever there is gets replaced.
const ANY: Duration = Duration::from_hours(24 * 365);

/// Who asks.
#[derive(Clone)]
pub(super) enum Whose {
    /// A connection: an App in an organisation, or a person by a classic OAuth App.
    Connection {
        /// Its tokens.
        vault: Vault,
        /// Where it is written down when none is taken any more.
        store: Store,
        /// Whose.
        tenant: TenantId,
        /// Which.
        id: ConnectionId,
    },
    /// An App itself.
    App {
        /// Which.
        app: Arc<github::App>,
        /// The time, which its proof holds.
        chance: Chance,
    },
}

impl Whose {
    async fn token(&self) -> Result<SecretString, Trouble> {
        match self {
            Self::Connection { vault, tenant, id, .. } => Ok(vault.token(*tenant, *id).await?),
            Self::App { app, chance } => {
                let unusable = || Trouble::Unasked("the App's private key can't be used".to_owned());
                github::proof(app, chance.now()).ok_or_else(unusable)
            }
        }
    }

    /// Another token than the one that was not taken; `None` where there is none to be had.
    async fn another(&self, refused: &SecretString) -> Result<Option<SecretString>, Trouble> {
        let Self::Connection { vault, tenant, id, .. } = self else { return Ok(None) };
        let is_new = |token: &SecretString| token.expose_secret() != refused.expose_secret();
        // Somebody else may have been quicker.
        let current = vault.token(*tenant, *id).await?;
        if is_new(&current) {
            return Ok(Some(current));
        }
        vault.renew(*tenant, *id, ANY).await?;
        Ok(Some(vault.token(*tenant, *id).await?).filter(is_new))
    }

    /// GitHub takes neither the token nor a fresh one.
    async fn give_up(&self) -> Result<Trouble, Trouble> {
        let Self::Connection { vault, store, tenant, id } = self else {
            return Ok(Trouble::Denied("the App's number or private key is not taken there".to_owned()));
        };
        let why = "GitHub no longer takes Docket's token, not even a fresh one: it was revoked there.";
        let unwritten = |error: crate::store::Error| Trouble::Unasked(error.to_string());
        let mut tx = store.write(*tenant).await.map_err(unwritten)?;
        if let Some(connection) = tx.connection(*id).await.map_err(unwritten)? {
            vault.break_in(&mut tx, &connection, why).await.map_err(unwritten)?;
            tx.commit().await.map_err(unwritten)?;
        }
        Ok(Trouble::Revoked(why.to_owned()))
    }
}

/// The layer around the transport.
#[derive(Clone)]
pub(super) struct Sign {
    /// Who asks.
    pub(super) whose: Whose,
    /// How often.
    pub(super) limits: Arc<Limits>,
    /// Where GitHub is.
    pub(super) api: Uri,
}

impl Layer<Transport> for Sign {
    type Service = Signed;

    fn layer(&self, transport: Transport) -> Signed {
        Signed { sign: self.clone(), transport }
    }
}

/// A transport whose requests are signed.
#[derive(Clone)]
pub(super) struct Signed {
    sign: Sign,
    transport: Transport,
}

impl Signed {
    async fn answer(&self, request: Request<OctoBody>) -> Result<Response<Body>, Trouble> {
        // However often it is sent, it is one thing that is done.
        let _pen = self.sign.limits.enter(request.method())?;
        let token = self.sign.whose.token().await?;
        let response = self.follow(&request, &token).await?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        if let Some(token) = self.sign.whose.another(&token).await? {
            self.sign.limits.enter(&Method::GET)?;
            let response = self.follow(&request, &token).await?;
            if response.status() != StatusCode::UNAUTHORIZED {
                return Ok(response);
            }
        }
        Err(self.sign.whose.give_up().await?)
    }

    /// Sends a request to where its repository is now. GitHub wants the same method again, whatever the redirect
    /// (docs.github.com, best practices for using the REST API).
    async fn follow(&self, request: &Request<OctoBody>, token: &SecretString) -> Result<Response<Body>, Trouble> {
        let mut uri = request.uri().clone();
        for _ in 0..=HOPS {
            let response = self.send(request, uri, token).await?;
            if !matches!(response.status().as_u16(), 301 | 307 | 308) {
                return Ok(response);
            }
            let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
            uri = location.and_then(|text| self.within(text)).ok_or(Trouble::Unreadable)?;
            self.sign.limits.enter(&Method::GET)?;
        }
        Err(Trouble::Unreadable)
    }

    async fn send(
        &self,
        request: &Request<OctoBody>,
        uri: Uri,
        token: &SecretString,
    ) -> Result<Response<Body>, Trouble> {
        // A token goes to GitHub and to nobody else, whatever an answer names.
        if !self.is_home(&uri) {
            return Err(Trouble::Unreadable);
        }
        let mut headers = request.headers().clone();
        let mut value = HeaderValue::try_from(format!("Bearer {}", token.expose_secret()))
            .map_err(|_| Trouble::Unasked("its token is none".to_owned()))?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
        headers.insert("x-github-api-version", HeaderValue::from_static(API_VERSION));
        let mut copy = Request::builder().method(request.method()).uri(uri);
        if let Some(place) = copy.headers_mut() {
            *place = headers;
        }
        let body = request.body().try_clone().unwrap_or_default();
        self.transport.send(copy.body(body).map_err(|_| Trouble::Unreadable)?).await
    }

    /// An address of GitHub's API.
    fn is_home(&self, uri: &Uri) -> bool {
        uri.scheme() == self.sign.api.scheme() && uri.authority() == self.sign.api.authority()
    }

    /// The whole address that a redirect names.
    fn within(&self, location: &str) -> Option<Uri> {
        if !location.starts_with('/') {
            return location.parse().ok();
        }
        let (scheme, authority) = (self.sign.api.scheme()?, self.sign.api.authority()?);
        format!("{scheme}://{authority}{location}").parse().ok()
    }
}

impl Service<Request<OctoBody>> for Signed {
    type Response = Response<Body>;
    type Error = Trouble;
    type Future = Carried;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Trouble>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<OctoBody>) -> Carried {
        let this = self.clone();
        Box::pin(async move { this.answer(request).await })
    }
}
