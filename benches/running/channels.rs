//! A Slack of many workspaces, which takes one message a second in each channel and asks to wait for any other.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use crate::running;

/// How long it takes for an answer, as Slack does.
const TAKES: Duration = Duration::from_millis(100);
/// How long a channel takes no other message.
const PACE: Duration = Duration::from_secs(1);

/// A running one; ends with the program. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Channels {
    /// What `SLACK_API_URL` has to be.
    pub(crate) api_url: String,
    seen: Arc<Mutex<Seen>>,
}

/// What came of it so far.
#[derive(Default, Clone)]
pub(crate) struct Seen {
    /// How many messages each team got, and how many replies in their threads.
    pub(crate) teams: HashMap<String, (usize, usize)>,
    /// When a message came last, and when a reply in a thread did.
    pub(crate) last: (Option<Instant>, Option<Instant>),
    /// How often it asked to wait.
    pub(crate) waits: usize,
    /// How often a message was changed.
    pub(crate) changes: usize,
    /// When the answer to each command came.
    pub(crate) answers: HashMap<usize, Instant>,
    taken: HashMap<String, Instant>,
}

impl Seen {
    /// How many replies there are in all threads.
    pub(crate) fn replies(&self) -> usize {
        self.teams.values().map(|(_, replies)| replies).sum()
    }
}

/// The token of a team, which says whose it is.
pub(crate) fn token(team: &str) -> String {
    format!("xoxb-{team}")
}

impl Channels {
    /// Starts one.
    pub(crate) async fn start() -> Self {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&seen));
        Self { api_url: running::listen(router).await, seen }
    }

    /// What came of it so far.
    pub(crate) fn seen<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.seen.lock().expect("nothing panics"))
    }
}

async fn answer(State(seen): State<Arc<Mutex<Seen>>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    tokio::time::sleep(TAKES).await;
    let mut seen = seen.lock().expect("nothing panics");
    let now = Instant::now();
    if let Some(nth) = uri.path().strip_prefix("/answers/") {
        seen.answers.insert(nth.parse().expect("the number of a command"), now);
        return StatusCode::OK.into_response();
    }
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let team = token.strip_prefix("Bearer xoxb-").unwrap_or_default().to_owned();
    match uri.path() {
        "/api/auth.test" => Json(running::own("TOWN")).into_response(),
        "/api/users.info" => Json(running::person(&team)).into_response(),
        "/api/chat.postMessage" => post(&mut seen, &team, &body, now),
        "/api/chat.update" => {
            seen.changes += 1;
            let message: Value = serde_json::from_slice(&body).expect("a message");
            Json(json!({ "ok": true, "channel": message["channel"], "ts": message["ts"] })).into_response()
        }
        path => panic!("Slack is asked for {path}"),
    }
}

/// Takes a message, where its channel had none for a second.
fn post(seen: &mut Seen, team: &str, body: &[u8], now: Instant) -> Response {
    let message: Value = serde_json::from_slice(body).expect("a message");
    if seen.taken.get(team).is_some_and(|taken| now - *taken < PACE) {
        seen.waits += 1;
        let error = Json(json!({ "ok": false, "error": "ratelimited" }));
        return (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "1")], error).into_response();
    }
    seen.taken.insert(team.to_owned(), now);
    let (messages, replies) = seen.teams.entry(team.to_owned()).or_default();
    if message["thread_ts"].is_null() {
        *messages += 1;
        seen.last.0 = Some(now);
    } else {
        *replies += 1;
        seen.last.1 = Some(now);
    }
    let ts = format!("1795160000.{:06}", seen.teams[team].0 + seen.teams[team].1);
    Json(json!({ "ok": true, "channel": message["channel"], "ts": ts, "message": { "ts": ts } })).into_response()
}
