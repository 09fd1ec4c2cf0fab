//! Webhooks: what is told, what was lost, and what is told again.

use axum::{Router, body::Body, http::Request};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use tower::ServiceExt as _;

use super::{
    APP, FakeGitHub,
    world::{World, iso},
};

/// What the webhooks are signed with.
pub(crate) const HOOK_SECRET: &str = "github-hook-secret";
/// Where they are sent.
const DOOR: &str = "/github/webhooks";

/// An attempt to tell something.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) id: u64,
    /// Stays when it is told again.
    pub(crate) guid: String,
    pub(crate) event: String,
    pub(crate) action: Option<String>,
    pub(crate) body: String,
    pub(super) at: i64,
    pub(crate) is_again: bool,
    /// What the receiver answered; `None` while it waits.
    pub(crate) status: Option<u16>,
    pub(super) installation: Option<u64>,
    pub(super) repository: Option<u64>,
}

impl Delivery {
    pub(super) fn json(&self) -> Value {
        let status = self.status.unwrap_or_default();
        let word =
            if (200..300).contains(&status) { "OK".to_owned() } else { format!("Invalid HTTP Response: {status}") };
        json!({
            "id": self.id, "guid": self.guid, "delivered_at": iso(self.at), "redelivery": self.is_again,
            "duration": 0.1, "status": word, "status_code": status, "event": self.event, "action": self.action,
            "installation_id": self.installation, "repository_id": self.repository, "throttled_at": null,
        })
    }
}

impl World {
    /// Something is to be told of a repository, or of an installation.
    pub(super) fn tell(&mut self, event: &str, mut body: Value, repository: Option<u64>, at: i64) {
        let installation = match repository {
            Some(id) => self.repos[&id].installation,
            None => body["installation"]["id"].as_u64(),
        };
        // The App is told of what it can see.
        let Some(number) = installation else { return };
        if let Some(id) = repository {
            body["repository"] = self.repos[&id].json();
        }
        if body["installation"].is_null() {
            body["installation"] = json!({ "id": number });
        }
        let id = 10_000 + self.tick();
        self.deliveries.push(Delivery {
            id,
            guid: format!("{id:08x}-0000-4000-8000-000000000000"),
            event: event.to_owned(),
            action: body["action"].as_str().map(str::to_owned),
            body: body.to_string(),
            at,
            is_again: false,
            status: None,
            installation,
            repository,
        });
    }

    /// Tells something once more.
    pub(super) fn tell_again(&mut self, id: u64, at: i64) -> bool {
        let Some(first) = self.deliveries.iter().find(|delivery| delivery.id == id).cloned() else { return false };
        let id = 10_000 + self.tick();
        self.deliveries.push(Delivery { id, at, is_again: true, status: None, ..first });
        true
    }
}

impl FakeGitHub {
    /// Sends what waits to Docket, in order, but for what is lost on the way. Nothing of it is tried again by itself.
    /// Returns how many arrived.
    pub(crate) async fn deliver_but(&self, docket: &Router, mut is_lost: impl FnMut(&Delivery) -> bool) -> usize {
        let waiting = |delivery: &&Delivery| delivery.status.is_none();
        let all: Vec<_> = self.world().deliveries.iter().filter(waiting).cloned().collect();
        let mut arrived = 0;
        for delivery in all {
            let status = if is_lost(&delivery) {
                502
            } else {
                let request = signed(&delivery).body(Body::from(delivery.body.clone())).unwrap();
                docket.clone().oneshot(request).await.unwrap().status().as_u16()
            };
            arrived += usize::from((200..300).contains(&status));
            self.answered(delivery.id, status);
        }
        arrived
    }

    /// Sends what waits to Docket.
    pub(crate) async fn deliver(&self, docket: &Router) -> usize {
        self.deliver_but(docket, |_| false).await
    }

    /// The attempts so far, oldest first.
    pub(crate) fn deliveries(&self) -> Vec<Delivery> {
        self.world().deliveries.clone()
    }

    /// Loses what waits.
    pub(crate) fn lose(&self) {
        self.answer_all(502);
    }

    /// Has what waits arrive, at whatever listens.
    pub(crate) fn arrive(&self) {
        self.answer_all(200);
    }

    fn answer_all(&self, status: u16) {
        for delivery in self.world().deliveries.iter_mut().filter(|delivery| delivery.status.is_none()) {
            delivery.status = Some(status);
        }
    }

    fn answered(&self, id: u64, status: u16) {
        let mut world = self.world();
        let delivery = world.deliveries.iter_mut().find(|delivery| delivery.id == id).unwrap();
        delivery.status = Some(status);
    }
}

fn signed(delivery: &Delivery) -> axum::http::request::Builder {
    let mut mac = Hmac::<Sha256>::new_from_slice(HOOK_SECRET.as_bytes()).unwrap();
    mac.update(delivery.body.as_bytes());
    Request::post(DOOR)
        .header("content-type", "application/json")
        .header("user-agent", "GitHub-Hookshot/fake")
        .header("x-github-event", &delivery.event)
        .header("x-github-delivery", &delivery.guid)
        .header("x-github-hook-id", "1")
        .header("x-github-hook-installation-target-type", "integration")
        .header("x-github-hook-installation-target-id", APP.to_string())
        .header("x-hub-signature-256", format!("sha256={}", hex::encode(mac.finalize().into_bytes())))
}
