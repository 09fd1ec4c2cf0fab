//! Who asks: a member, by a token of theirs or as whoever looks at the pages.

use std::net::SocketAddr;

use axum::{
    extract::{ConnectInfo, FromRequestParts, Request, State, rejection::ExtensionRejection},
    http::{HeaderMap, header::AUTHORIZATION, request::Parts},
    middleware::Next,
    response::Response,
};
use secrecy::{ExposeSecret, SecretString};

use super::{
    super::{Viewer, Web, guard, limits::client},
    problem::{Kind, Problem},
};
use crate::{
    domain::{
        ids::TenantId,
        member::{Member, Role, Standing},
        token::{ApiToken, Scope},
    },
    secrets::token,
};

/// Who asks, looked up for this request: what a member lost, their tokens lost in the same moment.
pub(super) struct Caller {
    pub(super) tenant: TenantId,
    pub(super) member: Member,
    /// The token that was shown; `None` for whoever looks at the pages.
    pub(super) token: Option<ApiToken>,
}

impl Caller {
    /// Refuses where the token is not for this, or its member may not do it.
    pub(super) fn needs(&self, scope: Scope) -> Result<(), Problem> {
        if self.token.as_ref().is_some_and(|token| !token.scopes.contains(&scope)) {
            return Err(Problem::scope(scope));
        }
        if scope != Scope::Read && self.member.effective_role() == Role::Viewer {
            let words = "You are a viewer here: you can read, and neither propose nor decide. Owners and admins give \
                another role.";
            return Err(Problem::new(Kind::Forbidden, words));
        }
        Ok(())
    }

    /// Whether what the caller proposes may be decided by the same request, where the policy says so.
    pub(super) fn decides(&self) -> bool {
        self.needs(Scope::Decide).is_ok()
    }

    /// How a proposal came to be, for its card.
    pub(super) fn method(&self) -> String {
        self.token.as_ref().map(|token| format!("token “{}”", token.name)).unwrap_or_default()
    }

    /// Whose requests these are, for recognising one that is sent again.
    pub(super) fn key(&self) -> String {
        self.token.as_ref().map_or_else(|| self.member.id.to_string(), |token| token.id.to_string())
    }
}

/// Lets in whoever shows a token, from wherever they come. Everybody else comes as to a page: by a cookie, which is only
/// worth something under our own name, or from the machine itself.
pub(super) async fn reach(
    State(web): State<Web>,
    peer: Result<ConnectInfo<SocketAddr>, ExtensionRejection>,
    mut request: Request,
    next: Next,
) -> Response {
    if request.headers().contains_key(AUTHORIZATION) {
        let address = peer.ok().map(|ConnectInfo(peer)| peer);
        let client = web.limits.client(address, request.headers());
        request.extensions_mut().insert(client);
        return next.run(request).await;
    }
    guard::reach(State(web), peer, request, next).await
}

impl FromRequestParts<Web> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        let found = Self::find(parts, web).await;
        // Whoever tries tokens one after the other is a stranger each time.
        let counted = match &found {
            Ok(caller) if parts.method.is_safe() => web.limits.read(caller.tenant),
            Ok(caller) => web.limits.change(caller.tenant),
            Err(problem) if problem.is_of_a_stranger() => web.limits.stranger(client(parts)),
            Err(_) => Ok(()),
        };
        counted.map_err(Problem::too_often)?;
        found
    }
}

impl Caller {
    async fn find(parts: &Parts, web: &Web) -> Result<Self, Problem> {
        if let Some(text) = bearer(&parts.headers)? {
            return by_token(web, text).await;
        }
        let near = parts.extensions.get::<guard::Near>().is_some();
        let viewer = web.viewer(&parts.headers, near).await?;
        let Viewer { tenant, member, .. } = viewer.ok_or_else(|| {
            let words = "Send a token: Authorization: Bearer docket_… The page /tokens makes one.";
            Problem::unauthorized(None, words)
        })?;
        Ok(Self { tenant, member, token: None })
    }
}

/// The token that a request shows, if it shows one.
fn bearer(headers: &HeaderMap) -> Result<Option<SecretString>, Problem> {
    let mut shown = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = shown.next() else { return Ok(None) };
    let malformed = || {
        let words = "The header Authorization has to read: Bearer docket_…";
        Problem::unauthorized(Some("invalid_request"), words)
    };
    if shown.next().is_some() {
        return Err(malformed());
    }
    let (scheme, text) = value.to_str().ok().and_then(|value| value.split_once(' ')).ok_or_else(malformed)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(Some(text.trim().into())) } else { Err(malformed()) }
}

/// The member behind a token, if it is worth anything now.
async fn by_token(web: &Web, text: SecretString) -> Result<Caller, Problem> {
    let invalid = |words: &str| Problem::unauthorized(Some("invalid_token"), words);
    let now = web.chance.now();
    let found = web.store.token_by_hash(&token::hash(text.expose_secret())).await?;
    let (tenant, token) = found
        .ok_or_else(|| invalid("There is no such token: it was revoked, or never was. The page /tokens makes one."))?;
    if token.has_expired(now) {
        return Err(invalid("This token has expired. The page /tokens makes another."));
    }
    let member = web.store.read(tenant).await?.member(token.member).await?;
    let gone = || invalid("Whoever made this token is no longer a member here, so it is worth nothing.");
    let member = member.filter(|member| member.standing != Standing::Gone).ok_or_else(gone)?;
    if token.is_worth_noting(now) {
        // It is noted for people who wonder whether they still need it: no reason to fail.
        if let Err(error) = web.store.note_token_use(tenant, token.id, now).await {
            tracing::warn!(%error, "it could not be noted that a token was used");
        }
    }
    Ok(Caller { tenant, member, token: Some(token) })
}
