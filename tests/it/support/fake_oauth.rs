//! GitHub, Linear, Discord and Coder, as far as letting Docket in goes: strict about who asks, with what, and how often.
//!
//! Each provider has its own path on one server, and a page with a button to allow. A code works once, for the redirect it was given to and with its PKCE
//! verifier; a refresh token works once; what is revoked is gone.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, Method, StatusCode},
    response::{Html, IntoResponse, Response},
    routing::any,
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::tab::SITE;

/// The secret of every client here.
pub(crate) const SECRET: &str = "provider-client-secret";
/// The bot's token at Discord.
pub(crate) const BOT_TOKEN: &str = "discord-bot-token";
/// The private key of the GitHub App, made for these tests alone.
pub(crate) const PEM: &str = include_str!("../../data/oauth/github-app.pem");
/// Its public half.
pub(crate) const PUBLIC: &str = include_str!("../../data/oauth/github-app.pub.pem");

/// A code that was given out.
struct Code {
    redirect: String,
    challenge: String,
}

#[derive(Default)]
struct World {
    codes: BTreeMap<String, Code>,
    tokens: BTreeSet<String>,
    refresh: BTreeSet<String>,
    /// Whether the App, the bot or the grant was taken away from outside.
    is_out: bool,
    /// Whoever presses Allow sees the organisation and does not own it.
    is_guest: bool,
    away: usize,
    exchanges: usize,
    ticks: u64,
}

/// The fake, and the way to look into it.
#[derive(Clone)]
pub(crate) struct FakeOAuth {
    worlds: Arc<Mutex<BTreeMap<String, World>>>,
    pub(crate) origin: String,
    /// Where Docket's pages are.
    site: String,
    /// Tokens and what they are asked with: pushed by the test's clock.
    now: Arc<dyn Fn() -> i64 + Send + Sync>,
}

impl FakeOAuth {
    /// `now` is the test's clock, in seconds.
    pub(crate) async fn start(now: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self::start_for(SITE, now).await
    }

    /// The same for a Docket at this address.
    pub(crate) async fn start_for(site: &str, now: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let fake = Self { worlds: Arc::default(), origin, site: site.to_owned(), now: Arc::new(now) };
        let router = Router::new().route("/{provider}/{*path}", any(Self::answer)).with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        fake
    }

    /// The settings that lead here.
    pub(crate) fn settings(&self) -> Vec<(&'static str, String)> {
        let at = |path: &str| format!("{}/{path}", self.origin);
        vec![
            ("LINEAR_CLIENT_ID", "linear-client".to_owned()),
            ("LINEAR_CLIENT_SECRET", SECRET.to_owned()),
            ("LINEAR_URL", at("linear")),
            ("LINEAR_API_URL", at("linear")),
            ("DISCORD_APPLICATION_ID", "discord-client".to_owned()),
            ("DISCORD_CLIENT_SECRET", SECRET.to_owned()),
            ("DISCORD_BOT_TOKEN", BOT_TOKEN.to_owned()),
            ("DISCORD_API_URL", at("discord/api/v10")),
            ("CODER_URL", at("coder")),
            ("CODER_CLIENT_ID", "coder-client".to_owned()),
            ("CODER_CLIENT_SECRET", SECRET.to_owned()),
            ("GITHUB_URL", at("github")),
            ("GITHUB_API_URL", at("github/api")),
        ]
    }

    /// Takes Docket's access away, as somebody at the provider can.
    pub(crate) fn take_away(&self, provider: &str) {
        let mut worlds = self.worlds();
        let world = worlds.entry(provider.to_owned()).or_default();
        world.is_out = true;
        world.tokens.clear();
        world.refresh.clear();
    }

    /// From now on whoever presses Allow only works in the organisation.
    pub(crate) fn own_nothing(&self, provider: &str) {
        self.worlds().entry(provider.to_owned()).or_default().is_guest = true;
    }

    /// Lets it in again.
    pub(crate) fn let_in(&self, provider: &str) {
        self.worlds().entry(provider.to_owned()).or_default().is_out = false;
    }

    /// How often fresh tokens were given out.
    pub(crate) fn exchanges(&self, provider: &str) -> usize {
        self.worlds().get(provider).map_or(0, |world| world.exchanges)
    }

    /// Whether any token still works.
    pub(crate) fn is_let_in(&self, provider: &str) -> bool {
        self.worlds().get(provider).is_some_and(|world| !world.tokens.is_empty() && !world.is_out)
    }

    /// Makes a token of a person's own.
    pub(crate) fn add_token(&self, provider: &str, token: &str) {
        self.worlds().entry(provider.to_owned()).or_default().tokens.insert(token.to_owned());
    }

    /// Makes the next calls fail.
    pub(crate) fn go_away(&self, provider: &str, calls: usize) {
        self.worlds().entry(provider.to_owned()).or_default().away = calls;
    }

    /// Presses Allow on the page at this address; where the browser is sent then.
    pub(crate) fn allow(&self, address: &str) -> String {
        let url = url::Url::parse(address).unwrap();
        let site = &self.site;
        let provider = url.path_segments().unwrap().next().unwrap().to_owned();
        let field =
            |name: &str| url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned());
        let state = field("state").expect("a state");
        assert!(address.starts_with(&self.origin), "{address}");
        if url.path().contains("/installations/new") {
            return format!("{site}/oauth/github/callback?installation_id=7&setup_action=install&state={state}");
        }
        let redirect = field("redirect_uri").expect("a redirect_uri");
        assert_eq!(redirect, format!("{site}/oauth/{provider}/callback"));
        let challenge = field("code_challenge").unwrap_or_default();
        assert_eq!(challenge.is_empty(), provider == "discord", "PKCE everywhere but at Discord");
        let mut worlds = self.worlds();
        let world = worlds.entry(provider.clone()).or_default();
        let code = format!("{provider}-code-{}", world.tick());
        world.codes.insert(code.clone(), Code { redirect: redirect.clone(), challenge });
        format!("{redirect}?code={code}&state={state}")
    }

    fn worlds(&self) -> MutexGuard<'_, BTreeMap<String, World>> {
        self.worlds.lock().unwrap()
    }

    #[expect(clippy::unused_async, reason = "axum wants a future of every handler")]
    async fn answer(
        State(fake): State<Self>,
        Path((provider, path)): Path<(String, String)>,
        RawQuery(query): RawQuery,
        method: Method,
        headers: HeaderMap,
        body: Bytes,
    ) -> Response {
        if path.ends_with("/authorize") || path.ends_with("/installations/new") {
            let address = format!("{}/{provider}/{path}?{}", fake.origin, query.unwrap_or_default());
            return page(&provider, &fake.allow(&address));
        }
        if method == Method::POST && path.ends_with("settings/apps/new") {
            let form: BTreeMap<String, String> = serde_urlencoded::from_bytes(&body).unwrap();
            let manifest: Value = serde_json::from_str(&form["manifest"]).unwrap();
            assert_eq!(manifest["callback_urls"][0], format!("{}/oauth/github/callback", fake.site));
            let back = manifest["redirect_url"].as_str().unwrap();
            return page(&provider, &format!("{back}?code=manifest-code&{}", query.unwrap_or_default()));
        }
        let now = (fake.now)();
        let mut worlds = fake.worlds();
        let world = worlds.entry(provider.clone()).or_default();
        if world.away > 0 {
            world.away -= 1;
            return StatusCode::BAD_GATEWAY.into_response();
        }
        let call = Call { method: method.as_str(), path: &path, headers: &headers, body: &body, now };
        let (status, answer) = match provider.as_str() {
            "linear" => world.linear(&call),
            "discord" => world.discord(&call),
            "coder" => world.coder(&call),
            _ => world.github(&call),
        };
        (StatusCode::from_u16(status).unwrap(), Json(answer)).into_response()
    }
}

/// Where a provider asks.
fn page(provider: &str, back: &str) -> Response {
    let back = back.replace('&', "&amp;");
    Html(format!("<!doctype html><title>{provider}</title><p>This is {provider}. <a href=\"{back}\">Allow</a>"))
        .into_response()
}

struct Call<'a> {
    method: &'a str,
    path: &'a str,
    headers: &'a HeaderMap,
    body: &'a [u8],
    now: i64,
}

impl Call<'_> {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    fn bearer(&self) -> &str {
        self.header("authorization").strip_prefix("Bearer ").unwrap_or_default()
    }

    fn form(&self) -> BTreeMap<String, String> {
        serde_urlencoded::from_bytes(self.body).unwrap_or_default()
    }

    /// Whether the client says who it is, in the form or in a header.
    fn is_client(&self, id: &str) -> bool {
        let form = self.form();
        let in_form = form.get("client_id").map(String::as_str) == Some(id)
            && form.get("client_secret").map(String::as_str) == Some(SECRET);
        in_form || self.header("authorization") == format!("Basic {}", STANDARD.encode(format!("{id}:{SECRET}")))
    }
}

type Said = (u16, Value);

impl World {
    fn tick(&mut self) -> u64 {
        self.ticks += 1;
        self.ticks
    }

    /// The token endpoint, as RFC 6749 and RFC 7636 have it.
    fn grant(&mut self, call: &Call<'_>, client: &str, life: u64, more: &Value) -> Said {
        let form = call.form();
        let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        if !call.is_client(client) {
            return (401, json!({ "error": "invalid_client" }));
        }
        if self.is_out {
            return (400, json!({ "error": "invalid_grant" }));
        }
        if field("grant_type") == "refresh_token" {
            if !self.refresh.remove(field("refresh_token")) {
                return (400, json!({ "error": "invalid_grant" }));
            }
        } else {
            let Some(code) = self.codes.remove(field("code")) else {
                return (400, json!({ "error": "invalid_grant" }));
            };
            let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(field("code_verifier")));
            if code.redirect != field("redirect_uri") || (!code.challenge.is_empty() && code.challenge != challenge) {
                return (400, json!({ "error": "invalid_grant" }));
            }
        }
        self.exchanges += 1;
        let number = self.tick();
        let (access, refresh) = (format!("{client}-access-{number}"), format!("{client}-refresh-{number}"));
        self.tokens.insert(access.clone());
        self.refresh.insert(refresh.clone());
        let mut answer =
            json!({ "access_token": access, "token_type": "Bearer", "refresh_token": refresh, "expires_in": life });
        for (name, value) in more.as_object().into_iter().flatten() {
            answer[name] = value.clone();
        }
        (200, answer)
    }

    fn linear(&mut self, call: &Call<'_>) -> Said {
        match (call.method, call.path) {
            ("POST", "oauth/token") => self.grant(
                call,
                "linear-client",
                86_399,
                &json!({ "scope": "read write app:assignable app:mentionable" }),
            ),
            ("POST", "graphql") if !self.tokens.contains(call.bearer()) => (401, json!({ "errors": [{}] })),
            ("POST", "graphql") => {
                let organisation = json!({ "id": "org-1", "name": "Acme Linear", "urlKey": "acme" });
                (
                    200,
                    json!({ "data": { "viewer": { "id": "app-1", "name": "Docket" }, "organization": organisation } }),
                )
            }
            ("POST", "oauth/revoke") => {
                let known = self.tokens.remove(call.form().get("token").unwrap());
                self.refresh.clear();
                (if known { 200 } else { 400 }, json!({}))
            }
            _ => (404, json!({})),
        }
    }

    fn discord(&mut self, call: &Call<'_>) -> Said {
        let is_bot = call.header("authorization") == format!("Bot {BOT_TOKEN}");
        match (call.method, call.path) {
            ("POST", "api/v10/oauth2/token") => {
                let guild = json!({ "id": "guild-1", "name": "Acme Server" });
                let more = json!({ "scope": "bot applications.commands identify", "guild": guild });
                self.grant(call, "discord-client", 604_800, &more)
            }
            ("GET", "api/v10/users/@me") if self.tokens.contains(call.bearer()) => {
                (200, json!({ "id": "d-1", "username": "ana" }))
            }
            ("GET", "api/v10/guilds/guild-1") if is_bot && !self.is_out => (200, json!({ "id": "guild-1" })),
            ("GET", "api/v10/guilds/guild-1") if is_bot => (404, json!({})),
            ("DELETE", "api/v10/users/@me/guilds/guild-1") if is_bot => {
                self.is_out = true;
                (204, Value::Null)
            }
            ("POST", "api/v10/oauth2/token/revoke") if call.is_client("discord-client") => {
                self.tokens.remove(call.form().get("token").unwrap());
                (200, json!({}))
            }
            _ => (401, json!({})),
        }
    }

    fn coder(&mut self, call: &Call<'_>) -> Said {
        let token = call.header("coder-session-token");
        match (call.method, call.path) {
            ("POST", "oauth2/tokens") => self.grant(call, "coder-client", 3_600, &json!({})),
            _ if !self.tokens.contains(token) => (401, json!({})),
            ("GET", "api/v2/users/me") => (200, json!({ "id": "user-1", "username": "ana" })),
            ("DELETE", "oauth2/tokens" | "api/v2/users/me/keys/abc123") => {
                self.tokens.remove(token);
                self.refresh.clear();
                (204, Value::Null)
            }
            _ => (404, json!({})),
        }
    }

    fn github(&mut self, call: &Call<'_>) -> Said {
        let installation = json!({
            "id": 7, "account": { "id": 99, "login": "acme", "type": "Organization" }, "app_slug": "docket-acme",
            "html_url": "https://github.com/organizations/acme/settings/installations/7",
        });
        match (call.method, call.path) {
            ("POST", "login/oauth/access_token") => self.grant(call, "github-client", 28_800, &json!({})),
            ("POST", "api/app-manifests/manifest-code/conversions") => (
                201,
                json!({
                    "id": 42, "slug": "docket-acme", "name": "Docket acme", "html_url": "https://github.com/apps/docket-acme",
                    "client_id": "github-client", "client_secret": SECRET, "pem": PEM, "webhook_secret": "github-hook-secret",
                }),
            ),
            ("GET", "api/user") if self.tokens.contains(call.bearer()) => (200, json!({ "id": 5, "login": "ana" })),
            ("GET", "api/user/installations") if self.tokens.contains(call.bearer()) => {
                (200, json!({ "total_count": 1, "installations": [installation] }))
            }
            ("GET", "api/user/memberships/orgs/acme") if self.tokens.contains(call.bearer()) => {
                (200, json!({ "state": "active", "role": if self.is_guest { "member" } else { "admin" } }))
            }
            ("GET", "api/installation/repositories" | "api/user/repos") if self.tokens.contains(call.bearer()) => {
                (200, json!({ "total_count": 0, "repositories": [] }))
            }
            ("DELETE", "api/applications/github-client/token") if call.is_client("github-client") => {
                let body: Value = serde_json::from_slice(call.body).unwrap();
                (if self.tokens.remove(body["access_token"].as_str().unwrap()) { 204 } else { 404 }, Value::Null)
            }
            _ if !is_app(call) => (401, json!({})),
            ("GET", "api/app") => {
                (200, json!({ "slug": "docket-acme", "html_url": "https://github.com/apps/docket-acme" }))
            }
            ("POST", "api/app/installations/7/access_tokens") if self.is_out => (404, json!({})),
            ("POST", "api/app/installations/7/access_tokens") => {
                self.exchanges += 1;
                let token = format!("ghs_{}", self.tick());
                self.tokens.insert(token.clone());
                let ends = chrono::DateTime::from_timestamp(call.now + 3_600, 0).unwrap().to_rfc3339();
                let permissions =
                    json!({ "contents": "write", "issues": "write", "members": "read", "metadata": "read" });
                (201, json!({ "token": token, "expires_at": ends, "permissions": permissions }))
            }
            ("DELETE", "api/app/installations/7") => {
                self.is_out = true;
                (202, Value::Null)
            }
            _ => (404, json!({})),
        }
    }
}

/// Whether the App proves who it is: signed with its key, now, for ten minutes at most.
fn is_app(call: &Call<'_>) -> bool {
    let mut validation = Validation::new(Algorithm::RS256);
    // The test's clock is not the machine's.
    validation.validate_exp = false;
    validation.set_issuer(&["42"]);
    let key = DecodingKey::from_rsa_pem(PUBLIC.as_bytes()).unwrap();
    let Ok(token) = jsonwebtoken::decode::<Value>(call.bearer(), &key, &validation) else { return false };
    let at = |name: &str| token.claims[name].as_i64().unwrap_or_default();
    at("iat") <= call.now && at("exp") > call.now && at("exp") - call.now <= 600
}
