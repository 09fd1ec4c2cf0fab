//! What people do in Slack, as the requests that Slack makes of it.

use axum::{
    body::Body,
    http::{Request, header::CONTENT_TYPE},
};
use docket::{domain::time::Timestamp, ingest::signature::sign_slack};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{BOT, FakeSlack, Shown, TEAM};

const FORM: &str = "application/x-www-form-urlencoded";

/// A person at a keyboard, in one channel.
#[derive(Clone)]
pub(crate) struct SlackUser {
    /// The workspace they look at.
    pub(crate) fake: FakeSlack,
    /// Their user id.
    pub(crate) id: String,
    /// The workspace's id.
    pub(crate) team: String,
    /// Where they are.
    pub(crate) channel: String,
    /// What Slack signs with.
    pub(crate) secret: SecretString,
    /// The organisation of workspaces in which the app is installed as a whole.
    pub(crate) organisation: Option<&'static str>,
}

/// A request as Slack sends it.
#[derive(Debug, Clone)]
pub(crate) struct SignedRequest {
    /// The path at Docket.
    pub(crate) path: String,
    /// Its headers.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// Its body.
    pub(crate) body: Vec<u8>,
}

impl SignedRequest {
    /// For a router in this process.
    pub(crate) fn into_request(self) -> Request<Body> {
        let mut request = Request::post(self.path);
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        request.body(Body::from(self.body)).unwrap()
    }

    /// For a server at `origin` that is there.
    pub(crate) async fn send(self, client: &reqwest::Client, origin: &str) -> reqwest::Response {
        self.try_send(client, origin).await.unwrap()
    }

    /// For a server at `origin` that may be gone, or go meanwhile.
    pub(crate) async fn try_send(self, client: &reqwest::Client, origin: &str) -> reqwest::Result<reqwest::Response> {
        let mut request = client.post(format!("{origin}{}", self.path));
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        request.body(self.body).send().await
    }

    /// The header of this name, to be tampered with.
    pub(crate) fn header(&mut self, name: &str) -> &mut String {
        &mut self.headers.iter_mut().find(|(known, _)| *known == name).unwrap().1
    }
}

/// A body signed at `now`, as Slack signs it.
pub(crate) fn signed(secret: &SecretString, path: &str, kind: &str, body: Vec<u8>, now: Timestamp) -> SignedRequest {
    let time = (now.as_millis() / 1000).to_string();
    let signature = sign_slack(secret, &time, &body);
    let headers = vec![
        (CONTENT_TYPE.as_str(), kind.to_owned()),
        ("x-slack-request-timestamp", time),
        ("x-slack-signature", signature),
    ];
    SignedRequest { path: path.to_owned(), headers, body }
}

impl SlackUser {
    /// Somebody of the fake workspace.
    pub(crate) fn new(fake: &FakeSlack, id: &str, channel: &str, secret: SecretString) -> Self {
        let (fake, team) = (fake.clone(), TEAM.to_owned());
        Self { fake, id: id.to_owned(), team, channel: channel.to_owned(), secret, organisation: None }
    }

    /// The same person where the app is installed in the whole organisation.
    pub(crate) fn in_organisation(&self, organisation: &'static str) -> Self {
        Self { organisation: Some(organisation), ..self.clone() }
    }

    /// Types `/docket {text}`.
    pub(crate) fn slash(&self, text: &str, now: Timestamp) -> SignedRequest {
        let (url, trigger) = (self.fake.response_url(&self.channel, &self.id), self.fake.trigger());
        let fields = [
            ("token", "deprecated"),
            ("team_id", self.team.as_str()),
            ("team_domain", "acme"),
            ("channel_id", self.channel.as_str()),
            ("channel_name", if self.fake.is_private(&self.channel) { "privategroup" } else { "auth" }),
            ("user_id", self.id.as_str()),
            ("user_name", "somebody"),
            ("command", "/docket"),
            ("text", text),
            ("api_app_id", "A1"),
            ("enterprise_id", self.organisation.unwrap_or_default()),
            ("is_enterprise_install", if self.organisation.is_some() { "true" } else { "false" }),
            ("response_url", url.as_str()),
            ("trigger_id", trigger.as_str()),
        ];
        let body = serde_urlencoded::to_string(fields).unwrap();
        signed(&self.secret, "/slack/commands", FORM, body.into_bytes(), now)
    }

    /// Presses the button `action_id` of a message, with every box ticked as it is shown.
    pub(crate) fn click(&self, message: &Shown, action_id: &str, now: Timestamp) -> SignedRequest {
        let steps =
            find(&message.payload["blocks"], "patch.steps").map(|(_, element)| element["initial_options"].clone());
        self.click_with(message, action_id, steps.as_ref(), now)
    }

    /// Presses a button with only these options of the tick boxes selected.
    pub(crate) fn click_with(
        &self,
        message: &Shown,
        action_id: &str,
        ticked: Option<&Value>,
        now: Timestamp,
    ) -> SignedRequest {
        let blocks = &message.payload["blocks"];
        let (block_id, element) = find(blocks, action_id).unwrap_or_else(|| panic!("no {action_id} in {blocks}"));
        let mut values = json!({});
        if let (Some(options), Some((id, boxes))) = (ticked, find(blocks, "patch.steps")) {
            values[id] = json!({ "patch.steps": { "type": boxes["type"], "selected_options": options } });
        }
        let mut action = element;
        action["block_id"] = json!(block_id);
        action["action_ts"] = json!(format!("{}.000100", now.as_millis() / 1000));
        let payload = json!({
            "type": "block_actions", "user": { "id": self.id, "username": "somebody", "team_id": self.team },
            "api_app_id": "A1", "token": "deprecated", "trigger_id": self.fake.trigger(),
            "container": { "type": "message", "message_ts": message.ts, "channel_id": message.channel,
                           "is_ephemeral": message.only_for.is_some() },
            "team": { "id": self.team, "domain": "acme" }, "enterprise": null, "is_enterprise_install": false,
            "channel": { "id": message.channel, "name": "auth" },
            "message": { "type": "message", "bot_id": "B1", "ts": message.ts, "thread_ts": message.thread },
            "state": { "values": values }, "response_url": self.fake.response_url(&message.channel, &self.id),
            "actions": [action],
        });
        self.interaction(&payload, now)
    }

    /// Types into a menu of a message, for which Slack asks what it offers.
    pub(crate) fn type_into(&self, message: &Shown, action_id: &str, typed: &str, now: Timestamp) -> SignedRequest {
        let (block_id, _) = find(&message.payload["blocks"], action_id).unwrap_or_else(|| panic!("no {action_id}"));
        let payload = json!({
            "type": "block_suggestion", "user": { "id": self.id, "name": "somebody", "team_id": self.team },
            "container": { "type": "message", "message_ts": message.ts, "channel_id": message.channel,
                           "is_ephemeral": message.only_for.is_some() },
            "api_app_id": "A1", "token": "deprecated", "action_id": action_id, "block_id": block_id, "value": typed,
            "team": { "id": self.team, "domain": "acme" }, "enterprise": null, "is_enterprise_install": false,
            "channel": { "id": message.channel, "name": "auth" },
        });
        let body = serde_urlencoded::to_string([("payload", payload.to_string())]).unwrap();
        signed(&self.secret, "/slack/options", FORM, body.into_bytes(), now)
    }

    /// Chooses an option of a menu, as it was offered.
    pub(crate) fn choose(&self, message: &Shown, action_id: &str, option: &Value, now: Timestamp) -> SignedRequest {
        let (block_id, _) = find(&message.payload["blocks"], action_id).unwrap_or_else(|| panic!("no {action_id}"));
        let payload = json!({
            "type": "block_actions", "user": { "id": self.id, "username": "somebody", "team_id": self.team },
            "api_app_id": "A1", "token": "deprecated", "trigger_id": self.fake.trigger(),
            "container": { "type": "message", "message_ts": message.ts, "channel_id": message.channel,
                           "is_ephemeral": message.only_for.is_some() },
            "team": { "id": self.team, "domain": "acme" }, "enterprise": null, "is_enterprise_install": false,
            "channel": { "id": message.channel, "name": "auth" },
            "state": { "values": {} }, "response_url": self.fake.response_url(&message.channel, &self.id),
            "actions": [{ "type": "external_select", "action_id": action_id, "block_id": block_id,
                          "selected_option": option, "action_ts": format!("{}.000200", now.as_millis() / 1000) }],
        });
        self.interaction(&payload, now)
    }

    /// Fills in the text box of the form that is open and sends it.
    pub(crate) fn submit_view(&self, view: &Value, words: &str, now: Timestamp) -> SignedRequest {
        self.submit_form(view, &[("words", words)], now)
    }

    /// Fills in these fields of a form and sends it; any word ticks a box.
    pub(crate) fn submit_form(&self, view: &Value, filled: &[(&str, &str)], now: Timestamp) -> SignedRequest {
        let mut view = view.clone();
        view["state"] = json!({ "values": state(&view["blocks"], filled) });
        let payload = json!({
            "type": "view_submission", "team": { "id": self.team, "domain": "acme" },
            "user": { "id": self.id, "username": "somebody", "team_id": self.team }, "api_app_id": "A1",
            "token": "deprecated", "trigger_id": self.fake.trigger(), "view": view, "response_urls": [],
            "is_enterprise_install": false, "enterprise": null,
        });
        self.interaction(&payload, now)
    }

    /// Any interaction, by its payload.
    pub(crate) fn interaction(&self, payload: &Value, now: Timestamp) -> SignedRequest {
        let body = serde_urlencoded::to_string([("payload", payload.to_string())]).unwrap();
        signed(&self.secret, "/slack/interactions", FORM, body.into_bytes(), now)
    }

    /// Mentions the bot in the channel: the `app_mention` event of `@docket {text}`.
    pub(crate) fn mention(&self, text: &str, ts: &str, now: Timestamp) -> SignedRequest {
        let text = format!("<@{BOT}> {text}");
        let event = json!({ "type": "app_mention", "user": self.id, "text": text, "ts": ts, "channel": self.channel,
                            "event_ts": ts });
        self.event(&format!("Ev-mention-{ts}"), &event, now)
    }

    /// Says something in a thread of the channel to nobody in particular, and so in the public.
    pub(crate) fn reply(&self, thread: &str, text: &str, now: Timestamp) -> SignedRequest {
        self.message(&self.fake.say(&self.channel), Some(thread), text, now)
    }

    /// The event of a message of this id that addresses nobody, in the channel or in a thread of it. It stands there
    /// whether or not the event is sent.
    pub(crate) fn message(&self, ts: &str, thread: Option<&str>, text: &str, now: Timestamp) -> SignedRequest {
        let mut event = self.about_message(ts);
        let mut message = json!({ "user": self.id, "text": text });
        if let Some(thread) = thread {
            message["thread_ts"] = json!(thread);
        }
        self.fake.write(&self.channel, ts, &message);
        for (name, field) in message.as_object().unwrap() {
            event[name] = field.clone();
        }
        self.event(&format!("Ev-message-{ts}"), &event, now)
    }

    /// Changes a message of theirs at the instant `edited`, in Slack's form.
    pub(crate) fn edit(
        &self,
        (ts, thread): (&str, Option<&str>),
        text: &str,
        edited: &str,
        now: Timestamp,
    ) -> SignedRequest {
        let mut message = json!({ "type": "message", "user": self.id, "text": text, "ts": ts,
                                  "edited": { "user": self.id, "ts": edited } });
        if let Some(thread) = thread {
            message["thread_ts"] = json!(thread);
        }
        self.fake.rewrite(&self.channel, ts, text, &message["edited"]);
        let mut event = self.about_message(edited);
        event["subtype"] = json!("message_changed");
        event["hidden"] = json!(true);
        event["message"] = message;
        event["previous_message"] = json!({ "type": "message", "user": self.id, "text": "before", "ts": ts });
        self.event(&format!("Ev-edit-{ts}-{edited}"), &event, now)
    }

    /// Takes a message of theirs back. One with answers leaves a stone that says so.
    pub(crate) fn take_back(&self, ts: &str, has_answers: bool, now: Timestamp) -> SignedRequest {
        let mut event = self.about_message(&self.fake.say(&self.channel));
        let before = json!({ "type": "message", "user": self.id, "text": "before", "ts": ts });
        event["hidden"] = json!(true);
        event["previous_message"] = before;
        if has_answers {
            event["subtype"] = json!("message_changed");
            event["message"] = json!({ "type": "message", "subtype": "tombstone", "user": "USLACKBOT", "hidden": true,
                                       "text": "This message was deleted.", "ts": ts, "thread_ts": ts });
            self.fake.wipe(&self.channel, ts, Some(&event["message"]));
        } else {
            event["subtype"] = json!("message_deleted");
            event["deleted_ts"] = json!(ts);
            self.fake.wipe(&self.channel, ts, None);
        }
        self.event(&format!("Ev-delete-{ts}"), &event, now)
    }

    fn about_message(&self, ts: &str) -> Value {
        let kind = if self.fake.is_private(&self.channel) { "group" } else { "channel" };
        json!({ "type": "message", "channel_type": kind, "ts": ts, "channel": self.channel, "event_ts": ts })
    }

    /// Mentions the bot in a thread of the channel.
    pub(crate) fn mention_in(&self, thread: &str, text: &str, now: Timestamp) -> SignedRequest {
        let ts = self.fake.say(&self.channel);
        let event = json!({ "type": "app_mention", "user": self.id, "text": format!("<@{BOT}> {text}"), "ts": ts,
                            "thread_ts": thread, "channel": self.channel, "event_ts": ts });
        self.event(&format!("Ev-mention-{ts}"), &event, now)
    }

    /// Writes to the bot directly.
    pub(crate) fn dm(&self, text: &str, ts: &str, now: Timestamp) -> SignedRequest {
        let event = json!({ "type": "message", "channel_type": "im", "user": self.id, "text": text, "ts": ts,
                            "channel": self.channel, "event_ts": ts });
        self.event(&format!("Ev-dm-{ts}"), &event, now)
    }

    /// Any event, in Slack's envelope.
    pub(crate) fn event(&self, id: &str, event: &Value, now: Timestamp) -> SignedRequest {
        let envelope = json!({
            "token": "deprecated", "team_id": self.team, "api_app_id": "A1", "event": event, "type": "event_callback",
            "event_id": id, "event_time": now.as_millis() / 1000, "is_ext_shared_channel": false,
            "authorizations": [{ "enterprise_id": null, "team_id": self.team, "user_id": BOT, "is_bot": true,
                                 "is_enterprise_install": false }],
        });
        let body = envelope.to_string().into_bytes();
        signed(&self.secret, "/slack/events", "application/json", body, now)
    }
}

/// The state of a form with these fields filled in, as its client sends it.
fn state(blocks: &Value, filled: &[(&str, &str)]) -> Value {
    let mut values = json!({});
    for block in blocks.as_array().into_iter().flatten().filter(|block| block["type"] == "input") {
        let (id, element) = (block["block_id"].as_str().unwrap(), &block["element"]);
        let typed = filled.iter().find(|(field, _)| *field == id).map(|(_, typed)| *typed).filter(|t| !t.is_empty());
        let most = element["max_length"].as_u64().map_or(usize::MAX, |most| usize::try_from(most).unwrap());
        assert!(typed.is_none_or(|typed| typed.chars().count() <= most), "the client takes {most} signs in {id}");
        let state = match element["type"].as_str() {
            Some("plain_text_input") => json!({ "type": "plain_text_input", "value": typed }),
            Some("checkboxes") => {
                let ticked = if typed.is_some() { element["options"].clone() } else { json!([]) };
                json!({ "type": "checkboxes", "selected_options": ticked })
            }
            other => panic!("{other:?} can't be filled in"),
        };
        values[id] = json!({ element["action_id"].as_str().unwrap(): state });
    }
    for (field, _) in filled {
        assert!(values.get(field).is_some(), "the form has no field {field}");
    }
    values
}

/// The element of this action id, with its block's id.
fn find(blocks: &Value, action_id: &str) -> Option<(String, Value)> {
    blocks.as_array()?.iter().find_map(|block| {
        let elements = block["elements"].as_array().into_iter().flatten().chain(block.get("accessory"));
        let element = elements.into_iter().find(|element| element["action_id"] == action_id)?;
        Some((block["block_id"].as_str().unwrap_or("b1").to_owned(), element.clone()))
    })
}
