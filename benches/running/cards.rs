//! A Slack that keeps the cards that are posted, answers at once, and notes when each of them is changed.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Instant,
};

use axum::{Json, Router, body::Bytes, extract::State, http::Uri};
use serde_json::{Value, json};

use crate::running::{self, TEAM, USER};

/// A running one; ends with the program. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Cards {
    /// What `SLACK_API_URL` has to be.
    pub(crate) api_url: String,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    /// What stands in each message, by its time stamp, and in which channel.
    messages: HashMap<String, (String, Value)>,
    /// When a message was changed to say that its patch was decided.
    applied: HashMap<String, Instant>,
    posted: usize,
}

/// A button of a card.
pub(crate) struct Button {
    /// The message that it is in.
    pub(crate) ts: String,
    channel: String,
    block: String,
    element: Value,
    ticked: Option<(String, Value)>,
}

impl Cards {
    /// Starts one.
    pub(crate) async fn start() -> Self {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&seen));
        Self { api_url: running::listen(router).await, seen }
    }

    /// The buttons of this action on all cards that stand in the channels.
    pub(crate) fn buttons(&self, action: &str) -> Vec<Button> {
        let seen = self.seen.lock().expect("nothing panics");
        let all = seen.messages.iter().filter_map(|(ts, (channel, blocks))| button(ts, channel, blocks, action));
        all.collect()
    }

    /// When a message was changed to say that its patch was decided.
    pub(crate) fn applied_at(&self, ts: &str) -> Option<Instant> {
        self.seen.lock().expect("nothing panics").applied.get(ts).copied()
    }
}

impl Button {
    /// What Slack sends where somebody presses it, as a form.
    pub(crate) fn pressed(&self, answers: &str) -> String {
        let mut action = self.element.clone();
        action["block_id"] = self.block.as_str().into();
        action["action_ts"] = format!("{}1", self.ts).into();
        let mut values = json!({});
        if let Some((block, boxes)) = &self.ticked {
            values[block] =
                json!({ "patch.steps": { "type": boxes["type"], "selected_options": boxes["initial_options"] } });
        }
        let payload = json!({
            "type": "block_actions", "user": { "id": USER, "username": "ana", "team_id": TEAM }, "api_app_id": "A1",
            "token": "deprecated", "trigger_id": format!("1.1.{}", self.ts),
            "container": { "type": "message", "message_ts": self.ts, "channel_id": self.channel, "is_ephemeral": false },
            "team": { "id": TEAM, "domain": "acme" }, "enterprise": null, "is_enterprise_install": false,
            "channel": { "id": self.channel, "name": "auth" },
            "message": { "type": "message", "bot_id": "B1", "ts": self.ts },
            "state": { "values": values }, "response_url": answers, "actions": [action],
        });
        serde_urlencoded::to_string([("payload", payload.to_string())]).expect("a form")
    }
}

fn button(ts: &str, channel: &str, blocks: &Value, action: &str) -> Option<Button> {
    let find = |wanted: &str| {
        blocks.as_array()?.iter().find_map(|block| {
            let mut elements = block["elements"].as_array().into_iter().flatten().chain(block.get("accessory"));
            let element = elements.find(|element| element["action_id"] == wanted)?;
            Some((block["block_id"].as_str().unwrap_or("b1").to_owned(), element.clone()))
        })
    };
    let (block, element) = find(action)?;
    Some(Button { ts: ts.to_owned(), channel: channel.to_owned(), block, element, ticked: find("patch.steps") })
}

async fn answer(State(seen): State<Arc<Mutex<Seen>>>, uri: Uri, body: Bytes) -> Json<Value> {
    let mut seen = seen.lock().expect("nothing panics");
    match uri.path() {
        "/api/chat.postMessage" => {
            let message: Value = serde_json::from_slice(&body).expect("a message");
            seen.posted += 1;
            let ts = format!("1795160000.{:06}", seen.posted);
            let channel = message["channel"].as_str().expect("a channel").to_owned();
            seen.messages.insert(ts.clone(), (channel, message["blocks"].clone()));
            Json(json!({ "ok": true, "channel": message["channel"], "ts": ts, "message": { "ts": ts } }))
        }
        "/api/chat.update" => {
            let message: Value = serde_json::from_slice(&body).expect("a message");
            let ts = message["ts"].as_str().expect("a time stamp").to_owned();
            let channel = message["channel"].as_str().expect("a channel").to_owned();
            // Decided, it has no such button any more.
            if !message["blocks"].to_string().contains("patch.approve") {
                seen.applied.entry(ts.clone()).or_insert_with(Instant::now);
            }
            seen.messages.insert(ts.clone(), (channel, message["blocks"].clone()));
            Json(json!({ "ok": true, "channel": message["channel"], "ts": ts }))
        }
        "/api/users.info" => Json(running::person(TEAM)),
        _ => Json(running::own(TEAM)),
    }
}
