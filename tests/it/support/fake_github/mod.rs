//! GitHub, as far as its API and its webhooks go: it keeps what it is told, and is as strict as the real one.
//!
//! It checks who asks (the App's proof, signed, of ten minutes at most; tokens that end after an hour) and what they may,
//! answers what has not changed with 304, gives lists in pages with whole addresses, counts against the limits, and can be
//! told to fail. Bodies are checked against GitHub's own description, where it is at hand.

mod api;
pub(crate) mod connected;
mod deliveries;
mod people;
mod spec;
mod world;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub(crate) use deliveries::{Delivery, HOOK_SECRET};

use self::{
    api::{Call, Said, Who},
    world::{Installation, World},
};
use super::{fake_oauth, secrets};

/// The number of the App.
pub(crate) const APP: u64 = 42;
/// Its installation at `acme`.
pub(crate) const ACME: u64 = 7;
/// Its installation at `globex`.
pub(crate) const GLOBEX: u64 = 8;
/// Where the API is below the server, as on a GitHub Enterprise Server.
const API: &str = "/api/v3";
/// Requests of an installation within an hour.
const LIMIT: u64 = 5_000;
/// Points within a minute.
const POINTS: u64 = 900;

/// How a call goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// This status with these headers and this message.
    Status(u16, Vec<(&'static str, String)>, &'static str),
    /// The call takes effect, and the connection is cut in the answer.
    Cut,
}

/// A request that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Such as `GET /repos/acme/web?page=2`.
    pub(crate) line: String,
    pub(crate) status: u16,
    pub(crate) installation: Option<u64>,
    /// Whether it said what it knows already.
    pub(crate) is_conditional: bool,
    /// Whether it came with any token.
    pub(crate) is_signed: bool,
}

/// The fake, and the way to look into it.
#[derive(Clone)]
pub(crate) struct FakeGitHub {
    inner: Arc<Inner>,
    /// Where it listens, without a slash at the end.
    pub(crate) origin: String,
}

struct Inner {
    world: Mutex<World>,
    seen: Mutex<Vec<Seen>>,
    faults: Mutex<VecDeque<(String, Fault)>>,
    outage: Mutex<Option<u16>>,
    problems: Mutex<Vec<String>>,
    /// In seconds.
    now: Box<dyn Fn() -> i64 + Send + Sync>,
}

impl FakeGitHub {
    /// With the App installed at `acme` and at `globex`, and no repository. `now` is the test's clock, in seconds.
    pub(crate) async fn start(now: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let inner = Inner {
            world: Mutex::default(),
            seen: Mutex::default(),
            faults: Mutex::default(),
            outage: Mutex::default(),
            problems: Mutex::default(),
            now: Box::new(now),
        };
        let fake = Self { inner: Arc::new(inner), origin };
        fake.install(ACME, "acme");
        fake.install(GLOBEX, "globex");
        fake_oauth::PEM.lines().filter(|line| !line.starts_with("-----")).for_each(secrets::known);
        [fake_oauth::SECRET, HOOK_SECRET].into_iter().for_each(secrets::known);
        let router = Router::new().fallback(Self::receive).with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        fake
    }

    /// The settings that lead here: those of the operator's App.
    pub(crate) fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("GITHUB_URL", self.origin.clone()),
            ("GITHUB_API_URL", format!("{}{API}", self.origin)),
            ("GITHUB_APP_ID", APP.to_string()),
            ("GITHUB_PRIVATE_KEY", fake_oauth::PEM.to_owned()),
            ("GITHUB_CLIENT_ID", "github-client".to_owned()),
            ("GITHUB_CLIENT_SECRET", fake_oauth::SECRET.to_owned()),
            ("GITHUB_WEBHOOK_SECRET", HOOK_SECRET.to_owned()),
        ]
    }

    /// Installs the App in an organisation, with everything that Docket asks for.
    pub(crate) fn install(&self, number: u64, account: &str) {
        let asked = docket::connect::github::PERMISSIONS.iter();
        let read = ["checks", "statuses", "actions"].into_iter().map(|what| (what, "read"));
        let permissions = read.chain(asked.copied()).map(|(what, level)| (what.to_owned(), level.to_owned())).collect();
        let installation = Installation {
            account: account.to_owned(),
            permissions,
            is_suspended: false,
            remaining: LIMIT,
            reset: 0,
            points: Vec::new(),
        };
        self.world().installations.insert(number, installation);
    }

    /// Suspends an installation, or lets it in again. Whoever hears of that is told by the test.
    pub(crate) fn suspend(&self, number: u64, is_suspended: bool) {
        let mut world = self.world();
        world.installations.get_mut(&number).unwrap().is_suspended = is_suspended;
        world.tokens.retain(|_, token| token.installation != number);
    }

    /// Takes the App out of an organisation.
    pub(crate) fn uninstall(&self, number: u64) {
        let mut world = self.world();
        world.installations.remove(&number);
        world.tokens.retain(|_, token| token.installation != number);
    }

    /// Sets what an installation may do.
    pub(crate) fn permit(&self, number: u64, what: &str, level: &str) {
        let mut world = self.world();
        world.installations.get_mut(&number).unwrap().permissions.insert(what.to_owned(), level.to_owned());
    }

    /// Ends every token of an installation before its time.
    pub(crate) fn revoke_tokens(&self, number: u64) {
        self.world().tokens.retain(|_, token| token.installation != number);
    }

    /// A token of an installation.
    pub(crate) fn token(&self, number: u64) -> String {
        let now = self.seconds();
        let token = self.world().mint(number, now)["token"].as_str().unwrap().to_owned();
        secrets::known(&token);
        token
    }

    /// Leaves an installation so many requests of its hour.
    pub(crate) fn leave(&self, number: u64, remaining: u64) {
        let reset = self.seconds() + 3_600;
        let mut world = self.world();
        let installation = world.installations.get_mut(&number).unwrap();
        (installation.remaining, installation.reset) = (remaining, reset);
    }

    /// Makes the next call fail whose line has this in it, such as `POST /repos/acme/web/issues`.
    pub(crate) fn fail(&self, line: &str, fault: Fault) {
        self.inner.faults.lock().unwrap().push_back((line.to_owned(), fault));
    }

    /// From now on every call is answered with this status; until it is `None`.
    pub(crate) fn outage(&self, status: Option<u16>) {
        *self.inner.outage.lock().unwrap() = status;
    }

    /// The requests since the last time that this was asked.
    pub(crate) fn requests(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.inner.seen.lock().unwrap())
    }

    /// What was wrong with requests; the real service would refuse some of it only now and then.
    pub(crate) fn problems(&self) -> Vec<String> {
        self.inner.problems.lock().unwrap().clone()
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.inner.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seconds(&self) -> i64 {
        (self.inner.now)()
    }

    async fn receive(State(fake): State<Self>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
        let answered = Self::answer(&fake, &method, &uri, &headers, &body);
        std::future::ready(answered).await
    }

    fn answer(fake: &Self, method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Response {
        let path = uri.path().strip_prefix(API).unwrap_or_default().to_owned();
        let query = uri.query().map_or_else(String::new, |query| format!("?{query}"));
        let line = format!("{method} {path}{query}");
        let fault = {
            let mut faults = fake.inner.faults.lock().unwrap();
            let hit = faults.iter().position(|(pattern, _)| line.contains(pattern));
            hit.and_then(|nth| faults.remove(nth)).map(|(_, fault)| fault)
        };
        let outage = *fake.inner.outage.lock().unwrap();
        let (response, installation) = match (outage, &fault) {
            (Some(status), _) => (failed(status, &[], "Server Error"), None),
            (_, Some(Fault::Status(status, more, says))) => (failed(*status, more, says), None),
            _ => fake.handle(method, &path, uri, headers, body),
        };
        fake.inner.seen.lock().unwrap().push(Seen {
            line,
            status: response.status().as_u16(),
            installation,
            is_conditional: headers.contains_key(header::IF_NONE_MATCH),
            is_signed: headers.contains_key(header::AUTHORIZATION),
        });
        match fault {
            Some(Fault::Cut) => {
                let pieces = [Ok(Bytes::from_static(b"{")), Err(std::io::Error::other("cut"))];
                let stream = futures_util::stream::iter(pieces);
                Response::builder().header(header::CONTENT_LENGTH, "999").body(Body::from_stream(stream)).unwrap()
            }
            _ => response,
        }
    }

    fn handle(
        &self,
        method: &Method,
        path: &str,
        uri: &Uri,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> (Response, Option<u64>) {
        let now = self.seconds();
        let mut world = self.world();
        let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let who = who(&world, token.strip_prefix("Bearer ").unwrap_or_default(), now);
        let installation = if let Some(Who::Installation(number)) = who { Some(number) } else { None };
        let Some(who) = who else { return (failed(401, &[], "Bad credentials"), None) };
        if headers.get("x-github-api-version").is_none_or(|version| version != "2022-11-28") {
            self.problem(format!("{method} {path}: no API version"));
        }
        if headers.get(header::USER_AGENT).is_none() {
            return (failed(403, &[], "Request forbidden by administrative rules: no User-Agent"), installation);
        }
        if let Some(number) = installation
            && let Some(refusal) = count(world.installations.get_mut(&number).unwrap(), method, now)
        {
            return (refusal, installation);
        }
        let parsed = if body.is_empty() { Ok(Value::Null) } else { serde_json::from_slice(body) };
        let Ok(sent) = parsed else { return (failed(400, &[], "Problems parsing JSON"), installation) };
        let query: BTreeMap<String, String> =
            serde_urlencoded::from_str(uri.query().unwrap_or_default()).unwrap_or_default();
        let path: Vec<_> = path.trim_start_matches('/').split('/').collect();
        let call = Call { method: method.as_str(), path, query: &query, body: &sent, who, now };
        let template = template(&call);
        let against = spec::request(method.as_str(), &template, &sent);
        if !against.is_empty() && method != Method::GET {
            let words = against.join("; ");
            self.problem(format!("{method} {template}: {words}"));
            return (failed(422, &[], "Invalid request"), installation);
        }
        let said = world.answer(&call);
        let limit = installation.map(|number| {
            let installation = &world.installations[&number];
            (installation.remaining, installation.reset)
        });
        drop(world);
        let response = self.respond(method, uri, headers, &query, said);
        let is_unchanged = response.status() == StatusCode::NOT_MODIFIED;
        (self.with_limit(response, installation, limit, is_unchanged), installation)
    }

    /// Puts an answer in pages, adds what GitHub's description requires, and says nothing where nothing has changed.
    fn respond(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        query: &BTreeMap<String, String>,
        said: Said,
    ) -> Response {
        let Said { status, mut body, template, location, list } = said;
        let mut more = HeaderMap::new();
        if let Some(field) = list {
            let all = body.as_array().cloned().unwrap_or_default();
            let total = all.len();
            let number = |name: &str, default| query.get(name).and_then(|text| text.parse().ok()).unwrap_or(default);
            let per_page = number("per_page", 30).clamp(1, 100);
            // Deliveries have a cursor where the others have a page.
            let key = if template == "/app/hook/deliveries" { "cursor" } else { "page" };
            let page = number(key, 1).max(1);
            let items: Vec<_> = all.into_iter().skip((page - 1) * per_page).take(per_page).collect();
            if page * per_page < total {
                let mut other = query.clone();
                other.insert(key.to_owned(), (page + 1).to_string());
                let other = serde_urlencoded::to_string(&other).unwrap();
                let link = format!("<{}{}?{other}>; rel=\"next\"", self.origin, uri.path());
                more.insert(header::LINK, HeaderValue::from_str(&link).unwrap());
            }
            body = if field.is_empty() { json!(items) } else { json!({ "total_count": total, field: items }) };
        }
        let against = spec::answer(method.as_str(), template, status, &mut body);
        if !against.is_empty() {
            self.problem(format!("the fake itself, {method} {template}: {}", against.join("; ")));
        }
        if let Some(place) = location {
            let query = uri.query().map_or_else(String::new, |query| format!("?{query}"));
            let place = format!("{}{API}/{place}{query}", self.origin);
            more.insert(header::LOCATION, HeaderValue::from_str(&place).unwrap());
        }
        let etag = format!("W/\"{}\"", hex::encode(&Sha256::digest(body.to_string())[..16]));
        if *method == Method::GET && status == 200 {
            more.insert(header::ETAG, HeaderValue::from_str(&etag).unwrap());
            if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known == etag.as_str()) {
                return (StatusCode::NOT_MODIFIED, more).into_response();
            }
        }
        let status = StatusCode::from_u16(status).unwrap();
        if body.is_null() { (status, more).into_response() } else { (status, more, Json(body)).into_response() }
    }

    /// Says what is left. What has not changed costs nothing.
    fn with_limit(
        &self,
        mut response: Response,
        installation: Option<u64>,
        limit: Option<(u64, i64)>,
        is_unchanged: bool,
    ) -> Response {
        let (Some(number), Some((mut remaining, reset))) = (installation, limit) else { return response };
        if is_unchanged {
            remaining += 1;
            if let Some(installation) = self.world().installations.get_mut(&number) {
                installation.remaining = remaining;
            }
        }
        for (name, value) in limit_headers(remaining, reset) {
            response.headers_mut().insert(name, HeaderValue::from_str(&value).unwrap());
        }
        response
    }

    fn problem(&self, words: String) {
        self.inner.problems.lock().unwrap().push(words);
    }
}

/// Who a token says that it is.
fn who(world: &World, token: &str, now: i64) -> Option<Who> {
    if let Some(known) = world.tokens.get(token) {
        return (known.ends > now).then_some(Who::Installation(known.installation));
    }
    let mut validation = Validation::new(Algorithm::RS256);
    // The test's clock is not the machine's.
    validation.validate_exp = false;
    validation.set_issuer(&[APP.to_string()]);
    let key = DecodingKey::from_rsa_pem(fake_oauth::PUBLIC.as_bytes()).unwrap();
    let token = jsonwebtoken::decode::<Value>(token, &key, &validation).ok()?;
    let at = |name: &str| token.claims[name].as_i64().unwrap_or_default();
    (at("iat") <= now && at("exp") > now && at("exp") - now <= 600).then_some(Who::App)
}

/// Counts a request of an installation; what it is refused with.
fn count(installation: &mut Installation, method: &Method, now: i64) -> Option<Response> {
    if installation.is_suspended {
        return Some(failed(403, &[], "This installation has been suspended"));
    }
    if now >= installation.reset {
        (installation.remaining, installation.reset) = (LIMIT, now + 3_600);
    }
    installation.points.retain(|(at, _)| now - at < 60);
    let cost = if *method == Method::GET { 1 } else { 5 };
    if installation.points.iter().map(|(_, points)| points).sum::<u64>() + cost > POINTS {
        let wait = [("retry-after", "60".to_owned())];
        return Some(failed(403, &wait, "You have exceeded a secondary rate limit."));
    }
    if installation.remaining == 0 {
        let headers = limit_headers(0, installation.reset);
        return Some(failed(403, &headers, "API rate limit exceeded for installation ID."));
    }
    installation.points.push((now, cost));
    installation.remaining -= 1;
    None
}

fn limit_headers(remaining: u64, reset: i64) -> Vec<(&'static str, String)> {
    vec![
        ("x-ratelimit-limit", LIMIT.to_string()),
        ("x-ratelimit-remaining", remaining.to_string()),
        ("x-ratelimit-used", (LIMIT - remaining.min(LIMIT)).to_string()),
        ("x-ratelimit-reset", reset.to_string()),
        ("x-ratelimit-resource", "core".to_owned()),
    ]
}

fn failed(status: u16, headers: &[(&'static str, String)], message: &str) -> Response {
    let body = json!({ "message": message, "documentation_url": "https://docs.github.com/rest" });
    let mut response = (StatusCode::from_u16(status).unwrap(), Json(body)).into_response();
    for (name, value) in headers {
        response.headers_mut().insert(*name, HeaderValue::from_str(value).unwrap());
    }
    response
}

/// The call's name in GitHub's description.
fn template(call: &Call<'_>) -> String {
    let rest = match &call.path[..] {
        ["repos", _, _, rest @ ..] | ["repositories", _, rest @ ..] => rest,
        other => return format!("/{}", other.join("/")),
    };
    let named = |part: &&str| match rest {
        ["pulls", number, ..] if part == number => "{pull_number}".to_owned(),
        ["issues", number, ..] if part == number => "{issue_number}".to_owned(),
        _ => (*part).to_owned(),
    };
    let rest: Vec<_> = rest.iter().map(named).collect();
    let slash = if rest.is_empty() { "" } else { "/" };
    format!("/repos/{{owner}}/{{repo}}{slash}{}", rest.join("/"))
}
