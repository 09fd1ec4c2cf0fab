//! GitHub as it sends webhooks.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::{Router, body::Body, body::to_bytes, http::Request};
use docket::ingest::signature::sign_github;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::{
    app::{Ack, TestApp},
    secrets,
};

/// What GitHub signs with for the App of whoever runs Docket.
pub(crate) const HOOK_SECRET: &str = "webhook-secret-of-the-operator";

/// The number of the installation that most tests have.
pub(crate) const INSTALLATION: u64 = 501;

/// A webhook on its way.
#[derive(Clone)]
pub(crate) struct Webhook {
    kind: String,
    /// GitHub's id of it, which stays when it is sent again; `None` leaves the header out.
    id: Option<String>,
    body: Vec<u8>,
    secret: String,
    /// The App that it says it is of.
    app: Option<u64>,
}

impl Webhook {
    /// A new one, signed for the operator.
    pub(crate) fn new(kind: &str, body: &Value) -> Self {
        Self::of_bytes(kind, body.to_string().into_bytes())
    }

    /// The same with any body.
    pub(crate) fn of_bytes(kind: &str, body: Vec<u8>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = format!("72d3162e-cc78-11e3-81ab-{:012x}", NEXT.fetch_add(1, Ordering::Relaxed));
        Self { kind: kind.to_owned(), id: Some(id), body, secret: HOOK_SECRET.to_owned(), app: None }
    }

    /// With this id.
    pub(crate) fn with_id(self, id: Option<&str>) -> Self {
        Self { id: id.map(str::to_owned), ..self }
    }

    /// Signed with another secret.
    pub(crate) fn signed_with(self, secret: &str) -> Self {
        Self { secret: secret.to_owned(), ..self }
    }

    /// Of the App of this number.
    pub(crate) fn of_app(self, app: u64) -> Self {
        Self { app: Some(app), ..self }
    }

    /// The headers that GitHub sends.
    pub(crate) fn headers(&self) -> Vec<(&'static str, String)> {
        secrets::known(&self.secret);
        let mut headers = vec![
            ("content-type", "application/json".to_owned()),
            ("user-agent", "GitHub-Hookshot/abc1234".to_owned()),
            ("x-github-event", self.kind.clone()),
            ("x-hub-signature-256", sign_github(&self.secret.as_str().into(), &self.body)),
        ];
        headers.extend(self.id.clone().map(|id| ("x-github-delivery", id)));
        if let Some(app) = self.app {
            headers.push(("x-github-hook-installation-target-type", "integration".to_owned()));
            headers.push(("x-github-hook-installation-target-id", app.to_string()));
        }
        headers
    }

    /// Its body.
    pub(crate) fn body(&self) -> Vec<u8> {
        self.body.clone()
    }

    /// It as a request.
    pub(crate) fn request(&self) -> Request<Body> {
        let mut request = Request::post("/github/webhooks").header("content-length", self.body.len());
        for (name, value) in self.headers() {
            request = request.header(name, value);
        }
        request.body(Body::from(self.body.clone())).unwrap()
    }
}

/// Sends any request.
pub(crate) async fn send(router: &Router, request: Request<Body>) -> Ack {
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    Ack { status, body: String::from_utf8(bytes.to_vec()).unwrap() }
}

impl TestApp<'_> {
    /// Sends a webhook; nothing else has happened yet.
    pub(crate) async fn hook(&self, webhook: &Webhook) -> Ack {
        send(&self.app.router, webhook.request()).await
    }

    /// Sends a webhook of the operator's App and lets everything happen.
    pub(crate) async fn happens(&self, kind: &str, body: &Value) -> Ack {
        let ack = self.hook(&Webhook::new(kind, body)).await;
        assert!(ack.status.is_success(), "{kind}: {} {}", ack.status, ack.body);
        self.run_jobs().await;
        ack
    }
}

/// A body of something that Ana (11) did in a repository of an installation, with more fields.
pub(crate) fn body(action: &str, installation: u64, repository: Option<&Value>, more: &Value) -> Value {
    let mut body = json!({
        "action": action,
        "installation": { "id": installation },
        "sender": { "id": 11, "login": "ana-gh", "type": "User" },
    });
    if let Some(repository) = repository {
        body["repository"] = repository.clone();
    }
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

/// A repository as GitHub shows it.
pub(crate) fn repository(id: u64, full_name: &str) -> Value {
    json!({
        "id": id, "full_name": full_name, "name": full_name.split('/').next_back(), "private": true,
        "html_url": format!("https://github.com/{full_name}"), "description": "The web shop", "archived": false,
        "default_branch": "main", "owner": { "login": full_name.split('/').next() },
    })
}
