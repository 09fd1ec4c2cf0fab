//! A Slack workspace that keeps what it is told, and is as strict as the real one.
//!
//! It knows the token of each workspace, channels, members, messages, forms and response URLs, checks the token, refuses methods and fields that it
//! does not know and blocks over Slack's limits, and can be told to fail. Every payload is kept for the checks of
//! Slack's own models.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    path::Path,
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Router,
    body::Bytes,
    extract::{Path as Segment, Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};

mod faults;
mod gate;
mod history;
mod limits;
mod methods;
pub(crate) mod oauth;
mod user;

pub(crate) use faults::Fault;
use faults::too_fast;
pub(crate) use user::{SignedRequest, SlackUser, signed};

/// The token that the fake takes.
pub(crate) const TOKEN: &str = "xoxb-fake-1";

/// The workspace.
pub(crate) const TEAM: &str = "T1";

/// Our own user in it.
pub(crate) const BOT: &str = "UDOCKET";

/// A message in a channel.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shown {
    /// Its channel.
    pub(crate) channel: String,
    /// Its id.
    pub(crate) ts: String,
    /// The thread it is in.
    pub(crate) thread: Option<String>,
    /// Who alone sees it; `None` for everybody.
    pub(crate) only_for: Option<String>,
    /// What was sent: text and blocks.
    pub(crate) payload: Value,
    /// How often it was changed.
    pub(crate) updates: usize,
}

/// What the workspace holds.
#[derive(Default)]
pub(crate) struct World {
    channels: BTreeMap<String, BTreeSet<String>>,
    archived: BTreeSet<String>,
    private: BTreeSet<String>,
    users: BTreeMap<String, Value>,
    groups: BTreeMap<String, BTreeSet<String>>,
    messages: Vec<Shown>,
    /// What people said, by channel and id.
    said: BTreeSet<(String, String)>,
    views: Vec<Value>,
    triggers: BTreeSet<String>,
    response_urls: BTreeMap<String, ResponseUrl>,
    faults: VecDeque<(String, Fault)>,
    calls: Vec<(String, Value)>,
    payloads: Vec<Value>,
    problems: Vec<String>,
    clock: u64,
    /// Whose each token is.
    tokens: BTreeMap<String, Owner>,
    /// The workspaces that channels are in, but for those of the first.
    homes: BTreeMap<String, String>,
    oauth: oauth::OAuth,
    gate: gate::Gate,
    history: history::History,
}

/// Whose a token is.
#[derive(Debug, Clone)]
pub(crate) struct Owner {
    /// The workspace, or the organisation of them.
    pub(crate) team: String,
    /// Its name.
    pub(crate) name: String,
    /// Whether it is revoked.
    revoked: bool,
}

struct ResponseUrl {
    channel: String,
    user: String,
    uses: usize,
}

/// The fake, and the way to look into it.
#[derive(Clone)]
pub(crate) struct FakeSlack {
    world: Arc<Mutex<World>>,
    /// Where it listens, without a slash at the end.
    pub(crate) origin: String,
}

impl FakeSlack {
    /// A workspace with the channel `C1` of Ana (`U1`), Ben (`U2`), Gus the guest (`U3`) and the bot, and the direct
    /// conversation `D1` between Ana and the bot.
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let world = Arc::new(Mutex::new(World::default()));
        let fake = Self { world: Arc::clone(&world), origin };
        let router = Router::new()
            .route("/api/{method}", get(Self::get).post(Self::post))
            .route("/response/{id}", post(Self::respond))
            .route("/oauth/v2/authorize", get(Self::authorize))
            .with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        fake.add_token(TOKEN, TEAM, "Acme");
        fake.add_channel("C1", &["U1", "U2", "U3", BOT]);
        fake.add_channel("D1", &["U1", BOT]);
        fake.add_user("U1", "Ana", &json!({}));
        fake.add_user("U2", "Ben", &json!({}));
        fake.add_user("U3", "Gus", &json!({ "is_restricted": true }));
        fake.add_user(BOT, "docket", &json!({ "is_bot": true }));
        fake
    }

    /// The value for `SLACK_API_URL`.
    pub(crate) fn api_url(&self) -> String {
        format!("{}/api", self.origin)
    }

    /// Adds a channel with its members.
    pub(crate) fn add_channel(&self, channel: &str, members: &[&str]) {
        self.world().channels.insert(channel.to_owned(), members.iter().map(|&m| m.to_owned()).collect());
    }

    /// Adds a channel of another workspace, with its members.
    pub(crate) fn add_channel_of(&self, team: &str, channel: &str, members: &[&str]) {
        self.add_channel(channel, members);
        self.world().homes.insert(channel.to_owned(), team.to_owned());
    }

    /// Makes a token work for a workspace.
    pub(crate) fn add_token(&self, token: &str, team: &str, name: &str) {
        let owner = Owner { team: team.to_owned(), name: name.to_owned(), revoked: false };
        self.world().tokens.insert(token.to_owned(), owner);
    }

    /// Makes a channel one that only its members see.
    pub(crate) fn make_private(&self, channel: &str) {
        self.world().private.insert(channel.to_owned());
    }

    /// Whether a channel is one that only its members see.
    pub(crate) fn is_private(&self, channel: &str) -> bool {
        self.world().private.contains(channel)
    }

    /// Archives a channel.
    pub(crate) fn archive(&self, channel: &str) {
        self.world().archived.insert(channel.to_owned());
    }

    /// Adds a person; `fields` go over the ordinary ones of `users.info`.
    pub(crate) fn add_user(&self, id: &str, name: &str, fields: &Value) {
        let mut user = json!({
            "id": id, "team_id": TEAM, "name": name.to_lowercase(), "deleted": false, "real_name": name,
            "tz": "Europe/Paris", "tz_label": "Central European Time", "tz_offset": 3600,
            "profile": { "real_name": name, "display_name": name, "team": TEAM },
            "is_admin": false, "is_owner": false, "is_primary_owner": false, "is_bot": false, "is_restricted": false, "is_ultra_restricted": false,
        });
        for (key, value) in fields.as_object().unwrap() {
            user[key] = value.clone();
        }
        self.world().users.insert(id.to_owned(), user);
    }

    /// Makes a user group of these people.
    pub(crate) fn set_group(&self, id: &str, users: &[&str]) {
        self.world().groups.insert(id.to_owned(), users.iter().map(|&user| user.to_owned()).collect());
    }

    /// A fresh response URL for a person in a channel: five uses.
    pub(crate) fn response_url(&self, channel: &str, user: &str) -> String {
        let mut world = self.world();
        let id = format!("r{}", world.tick());
        let url = ResponseUrl { channel: channel.to_owned(), user: user.to_owned(), uses: 0 };
        world.response_urls.insert(id.clone(), url);
        format!("{}/response/{id}", self.origin)
    }

    /// A fresh trigger: opens one form.
    pub(crate) fn trigger(&self) -> String {
        let mut world = self.world();
        let trigger = format!("{}.{}.fake", world.tick(), 47_445_629_121_u64);
        world.triggers.insert(trigger.clone());
        trigger
    }

    /// Takes the triggers back, as time does after three seconds.
    pub(crate) fn expire_triggers(&self) {
        self.world().triggers.clear();
    }

    /// What everybody sees in a channel, in order.
    pub(crate) fn messages(&self, channel: &str) -> Vec<Shown> {
        self.world().messages.iter().filter(|m| m.channel == channel && m.only_for.is_none()).cloned().collect()
    }

    /// What one person alone was shown, in order.
    pub(crate) fn private(&self, user: &str) -> Vec<Shown> {
        self.world().messages.iter().filter(|m| m.only_for.as_deref() == Some(user)).cloned().collect()
    }

    /// Everything that people were shown so far, public and private.
    pub(crate) fn shown(&self) -> Vec<Shown> {
        self.world().messages.clone()
    }

    /// A person's message in a channel; returns its id.
    pub(crate) fn say(&self, channel: &str) -> String {
        let mut world = self.world();
        let ts = world.next_ts();
        world.said.insert((channel.to_owned(), ts.clone()));
        ts
    }

    /// Deletes a message, as an admin can.
    pub(crate) fn delete(&self, ts: &str) {
        self.world().messages.retain(|message| message.ts != ts);
    }

    /// The forms that were opened, in order; each with its id.
    pub(crate) fn views(&self) -> Vec<Value> {
        self.world().views.clone()
    }

    /// The methods called so far, with what was sent.
    pub(crate) fn calls(&self) -> Vec<(String, Value)> {
        self.world().calls.clone()
    }

    /// What was called or sent that the real Slack would not take. Empty where all is well.
    pub(crate) fn problems(&self) -> Vec<String> {
        self.world().problems.clone()
    }

    /// Keeps a payload that did not come by HTTP, such as an acknowledgement, for the same checks.
    pub(crate) fn keep(&self, payload: &Value) {
        let problems = limits::problems(payload);
        let mut world = self.world();
        world.problems.extend(problems);
        world.payloads.push(payload.clone());
    }

    /// Writes every message and form received as JSON lines, for `check-blocks.py`.
    pub(crate) fn write_payloads(&self, path: &Path) {
        let lines: Vec<String> = self.world().payloads.iter().map(Value::to_string).collect();
        std::fs::write(path, lines.join("\n")).unwrap();
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    async fn get(
        State(fake): State<Self>,
        Segment(method): Segment<String>,
        Query(parameters): Query<BTreeMap<String, String>>,
        headers: HeaderMap,
    ) -> Response {
        fake.call(&method, &headers, json!(parameters)).await
    }

    async fn post(
        State(fake): State<Self>,
        Segment(method): Segment<String>,
        headers: HeaderMap,
        body: Bytes,
    ) -> Response {
        let json = headers.get("content-type").is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
        if matches!(method.as_str(), "oauth.v2.access" | "apps.uninstall") {
            return fake.grant(&method, &headers, &body).await;
        }
        let parameters = if json { serde_json::from_slice(&body).unwrap_or(Value::Null) } else { json!({}) };
        fake.call(&method, &headers, parameters).await
    }

    async fn call(&self, method: &str, headers: &HeaderMap, parameters: Value) -> Response {
        if method == "chat.postMessage" {
            self.pass_gate().await;
        }
        self.pass_hold(method).await;
        self.world().calls.push((method.to_owned(), parameters.clone()));
        let owner = match self.world().owner(headers) {
            Ok(owner) => owner,
            Err(error) => return axum::Json(json!({ "ok": false, "error": error })).into_response(),
        };
        let wait = self.world().must_wait(method);
        if let Some(seconds) = wait {
            return too_fast(seconds);
        }
        self.with_fault(method, || match methods::run(&mut self.world(), &owner, method, &parameters) {
            Ok(mut answer) => {
                answer["ok"] = json!(true);
                let scopes = [("x-oauth-scopes", "app_mentions:read,chat:write,chat:write.public,commands")];
                (scopes, axum::Json(answer)).into_response()
            }
            Err(error) => {
                let (error, needed) = error.split_once(' ').map_or((error.as_str(), None), |(e, n)| (e, Some(n)));
                axum::Json(json!({ "ok": false, "error": error, "needed": needed })).into_response()
            }
        })
        .await
    }

    async fn respond(State(fake): State<Self>, Segment(id): Segment<String>, body: Bytes) -> Response {
        let payload: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        fake.pass_hold("response_url").await;
        fake.world().calls.push(("response_url".to_owned(), payload.clone()));
        fake.with_fault("response_url", || match methods::respond(&mut fake.world(), &id, &payload) {
            Ok(()) => "ok".into_response(),
            Err(error) => (StatusCode::NOT_FOUND, error).into_response(),
        })
        .await
    }
}

impl World {
    /// Whose token a request carries.
    fn owner(&self, headers: &HeaderMap) -> Result<Owner, &'static str> {
        let header = headers.get("authorization").and_then(|value| value.to_str().ok());
        let token = header.and_then(|header| header.strip_prefix("Bearer ")).unwrap_or_default();
        match self.tokens.get(token) {
            Some(owner) if owner.revoked => Err("token_revoked"),
            Some(owner) => Ok(owner.clone()),
            None => Err("invalid_auth"),
        }
    }

    /// Whether somebody or something belongs to another workspace than the token's.
    fn is_foreign(&self, owner: &Owner, channel: &str, user: &str) -> bool {
        let home = self.homes.get(channel).map_or(TEAM, String::as_str);
        let of_user = self.users.get(user).and_then(|user| user["team_id"].as_str());
        let is_known = |team: &str| self.tokens.values().any(|other| other.team == team);
        (self.channels.contains_key(channel) && home != owner.team && !self.oauth.is_part_of(home, &owner.team))
            || of_user
                .is_some_and(|team| team != owner.team && is_known(team) && !self.oauth.is_part_of(team, &owner.team))
    }

    fn tick(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }

    /// The id of a new message.
    fn next_ts(&mut self) -> String {
        format!("{}.{:06}", self.history.seconds(), self.tick())
    }
}
