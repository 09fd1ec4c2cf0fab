//! Who looks at a page: the member of the session in the cookie, or whoever sits at the machine itself.

use std::time::Duration;

use axum::{
    Json,
    extract::FromRequestParts,
    http::{
        HeaderMap, HeaderValue, Method, StatusCode,
        header::{ACCEPT, SET_COOKIE},
        request::Parts,
    },
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::{Web, form::is_json, guard::Near, path::SitePath, reply::Trouble};
use crate::{
    domain::{
        audit::AuditEntry,
        event::Venue,
        ids::{MemberId, SessionId, TenantId},
        member::{Member, Standing, Surface},
        session::{Session, WayIn},
    },
    secrets::token,
    store::{self, LIFE},
};

/// How often it is written down at most that a session is used.
const SEEN_EVERY: Duration = Duration::from_mins(5);
/// The most that is kept of what a browser calls itself.
const BROWSER: usize = 300;

/// Who looks at a page. Every page takes one, and shows what the member's tenant has.
#[derive(Debug, Clone)]
pub struct Viewer {
    /// Whose pages these are.
    pub tenant: TenantId,
    /// Who looks, as they are now.
    pub member: Member,
    /// The session that lets them in; `None` for whoever sits at the machine itself.
    pub session: Option<SessionId>,
}

impl FromRequestParts<Web> for Viewer {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Response> {
        let near = parts.extensions.get::<Near>().is_some();
        match web.viewer(&parts.headers, near).await {
            Ok(Some(viewer)) => {
                if !parts.method.is_safe() {
                    web.count_change(viewer.tenant, &parts.headers)?;
                }
                Ok(viewer)
            }
            // Whoever tries cookies one after the other is a stranger each time.
            Ok(None) => Err(web.count_stranger(parts).err().unwrap_or_else(|| unknown(web, parts))),
            Err(error) => Err(web.unreadable(error)),
        }
    }
}

/// Where somebody signs in, for the trail.
fn pages() -> Venue {
    Venue { surface: Surface::Console, team: "local".to_owned(), channel: "sign-in".to_owned(), thread: None }
}

/// What somebody gets who is not signed in: the page to do so, or words where no page was asked for.
fn unknown(web: &Web, parts: &Parts) -> Response {
    let words = "You are not signed in, or not any more. Open /login, sign in, and try again.";
    let accepts = parts.headers.get(ACCEPT).and_then(|kinds| kinds.to_str().ok()).unwrap_or_default();
    let for_script = is_json(&parts.headers) || accepts.starts_with("application/json");
    if for_script || accepts.starts_with("text/event-stream") || parts.uri.path().starts_with("/api/") {
        return (StatusCode::UNAUTHORIZED, Json(json!({ "error": words }))).into_response();
    }
    if parts.method != Method::GET && parts.method != Method::HEAD {
        return web.trouble(StatusCode::UNAUTHORIZED, "Not signed in", words);
    }
    let asked = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    Redirect::to(&SitePath::read(asked).after_login()).into_response()
}

impl Web {
    /// Who sends a request with these headers; `near` says whether it comes from the machine itself. The member is read
    /// anew each time: whoever left the organisation is out at once.
    pub(super) async fn viewer(&self, headers: &HeaderMap, near: bool) -> store::Result<Option<Viewer>> {
        if let Some(token) = self.cookie(headers, "docket") {
            let token = token::hash(&token);
            if let Some(viewer) = self.signed_in(&token).await? {
                return Ok(Some(viewer));
            }
        }
        let owner = if near { self.store.local_owner(self.local).await? } else { None };
        Ok(owner.map(|member| Viewer { tenant: self.local, member, session: None }))
    }

    async fn signed_in(&self, token: &crate::domain::secret::Hashed) -> store::Result<Option<Viewer>> {
        let now = self.chance.now();
        let Some((tenant, session)) = self.store.session(token, now).await? else { return Ok(None) };
        let member = self.store.read(tenant).await?.member(session.member).await?;
        let Some(member) = member.filter(may_enter) else {
            self.store.end_session_of(token).await?;
            return Ok(None);
        };
        if now.since(session.seen_at) >= SEEN_EVERY {
            self.store.touch_session(token, now).await?;
        }
        Ok(Some(Viewer { tenant, member, session: Some(session.id) }))
    }

    /// Signs a browser in and returns its cookie, to be set by the answer. The session gets a new token whatever the
    /// browser brought along, and what it brought along ends: nobody can hand a browser a token and wait for somebody to
    /// sign in with it.
    pub(super) async fn sign_in(
        &self,
        headers: &HeaderMap,
        tenant: TenantId,
        member: MemberId,
        how: WayIn,
    ) -> store::Result<HeaderValue> {
        let now = self.chance.now();
        self.store.sweep_lapsed(now).await?;
        if let Some(old) = self.cookie(headers, "docket") {
            self.store.end_session_of(&token::hash(&old)).await?;
        }
        let token = token::fresh(&self.chance);
        let browser = headers.get(axum::http::header::USER_AGENT).and_then(|name| name.to_str().ok());
        let browser = browser.unwrap_or_default().chars().take(BROWSER).collect();
        let session = Session { id: self.chance.id(), member, how, browser, created_at: now, seen_at: now };
        let mut tx = self.store.write(tenant).await?;
        tx.insert_session(&session, &token::hash(token.expose_secret())).await?;
        tx.record(&AuditEntry {
            id: self.chance.id(),
            at: now,
            actor: Some(member),
            action: "member.signed_in".to_owned(),
            subject: member.to_string(),
            venue: Some(pages()),
            before: serde_json::Value::Null,
            after: json!({ "how": how.as_str() }),
        })
        .await?;
        tx.commit().await?;
        tracing::info!(%tenant, %member, how = how.as_str(), "somebody signed in");
        Ok(self.set_cookie("docket", &token, LIFE))
    }

    /// Ends the session of a browser and returns the cookie that takes its token away.
    pub(super) async fn sign_out(&self, headers: &HeaderMap) -> store::Result<HeaderValue> {
        if let Some(token) = self.cookie(headers, "docket") {
            self.store.end_session_of(&token::hash(&token)).await?;
        }
        Ok(self.set_cookie("docket", &SecretString::default(), Duration::ZERO))
    }

    /// The value of a cookie of ours.
    pub(super) fn cookie(&self, headers: &HeaderMap, name: &str) -> Option<String> {
        let jar = CookieJar::from_headers(headers);
        jar.get(&self.cookie_name(name)).map(|cookie| cookie.value().to_owned())
    }

    /// The header that sets a cookie of ours for so long.
    pub(super) fn set_cookie(&self, name: &str, value: &SecretString, life: Duration) -> HeaderValue {
        let seconds = i64::try_from(life.as_secs()).unwrap_or(i64::MAX);
        let text = Cookie::build((self.cookie_name(name), value.expose_secret().to_owned()))
            .path("/")
            .http_only(true)
            .secure(self.is_behind_tls())
            // Lax, since people come back from a provider by a link of another site.
            .same_site(SameSite::Lax)
            .build()
            .to_string();
        let text = format!("{text}; Max-Age={seconds}");
        HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("docket=; Max-Age=0"))
    }

    /// A browser takes a cookie of a name that begins with `__Host-` from this very host alone, and only over TLS.
    fn cookie_name(&self, name: &str) -> String {
        if self.is_behind_tls() { format!("__Host-{name}") } else { name.to_owned() }
    }

    fn is_behind_tls(&self) -> bool {
        self.public_url.starts_with("https://")
    }

    /// The answer where the database could not be read.
    pub(super) fn unreadable(&self, error: store::Error) -> Response {
        self.failed(Trouble::Store(error))
    }
}

/// Whether somebody of this standing gets in at all: whoever was deactivated on the platform does not.
pub(super) fn may_enter(member: &Member) -> bool {
    !matches!(member.standing, Standing::Gone | Standing::Bot)
}

/// An answer that also sets a cookie.
pub(super) fn with_cookie(cookie: HeaderValue, answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    response.headers_mut().append(SET_COOKIE, cookie);
    response
}
