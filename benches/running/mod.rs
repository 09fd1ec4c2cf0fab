//! The optimised program as a child process, with a Slack that takes everything.

use std::{
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use axum::{Json, Router, routing::any};
use docket::clock::Chance;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::StatusCode;
use serde_json::json;
use sha2::Sha256;

/// The workspace.
pub(crate) const TEAM: &str = "T1";
/// Who types.
pub(crate) const USER: &str = "U1";
const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// A running `docket serve`; ends with the value.
pub(crate) struct Running {
    child: Child,
    base: String,
    /// From its start until `/readyz` said yes.
    pub(crate) ready_after: Duration,
}

/// A client as patient as a platform.
pub(crate) fn client() -> reqwest::Client {
    // The first caller sets the process's provider; for the others it is set already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().timeout(Duration::from_secs(10)).build().expect("a client")
}

/// The body of `/docket {text}`, each of its own `trigger_id`.
pub(crate) fn slash(nth: usize, text: &str) -> String {
    let fields = [
        ("team_id", TEAM),
        ("team_domain", "acme"),
        ("channel_id", "C1"),
        ("channel_name", "auth"),
        ("user_id", USER),
        ("user_name", "ana"),
        ("command", "/docket"),
        ("text", text),
        ("api_app_id", "A1"),
        ("response_url", "https://hooks.slack.com/commands/T1/1/x"),
        ("trigger_id", &format!("1.1.{nth}")),
    ];
    serde_urlencoded::to_string(fields).expect("a form")
}

impl Running {
    /// Starts the program and waits until it is ready.
    pub(crate) async fn start(database_url: &str, folder: &Path) -> Self {
        let (port, slack) = (free_port(), slack().await);
        let log = std::fs::File::create(folder.join("docket.log")).expect("a log file");
        let client = client();
        let started = Instant::now();
        let child = Command::new(env!("CARGO_BIN_EXE_docket"))
            .arg("serve")
            .current_dir(folder)
            .env_clear()
            .envs([("DATABASE_URL", database_url), ("PORT", &port.to_string()), ("SLACK_API_URL", &slack)])
            .envs([("SLACK_BOT_TOKEN", "xoxb-1-1"), ("SLACK_SIGNING_SECRET", SECRET)])
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle of the log"))
            .stderr(log)
            .spawn()
            .expect("the program starts");
        let mut running = Self { child, base: format!("http://127.0.0.1:{port}"), ready_after: Duration::ZERO };
        loop {
            let answer = client.get(format!("{}/readyz", running.base)).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                running.ready_after = started.elapsed();
                break;
            }
            assert!(started.elapsed() < Duration::from_secs(30), "not ready: see {}", folder.display());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        // It meets its workspace in the background.
        tokio::time::sleep(Duration::from_millis(500)).await;
        running
    }

    /// Sends a signed slash command; says how long the acknowledgement took and what it was.
    pub(crate) async fn send(&self, client: &reqwest::Client, body: String) -> (Duration, StatusCode) {
        let time = (Chance::system().now().as_millis() / 1000).to_string();
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("a key");
        mac.update(format!("v0:{time}:{body}").as_bytes());
        let signature = format!("v0={}", hex::encode(mac.finalize().into_bytes()));
        let started = Instant::now();
        let answer = client
            .post(format!("{}/slack/commands", self.base))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("x-slack-request-timestamp", time)
            .header("x-slack-signature", signature)
            .body(body)
            .send()
            .await
            .expect("an answer");
        let status = answer.status();
        answer.bytes().await.expect("a whole answer");
        (started.elapsed(), status)
    }

    /// Resident memory in bytes, where the system says.
    pub(crate) fn resident(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kilobytes * 1024)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// A Slack that knows everybody and takes every message.
async fn slack() -> String {
    let all = json!({
        "ok": true, "url": "https://acme.slack.com/", "team": "Acme", "team_id": TEAM, "user": "docket",
        "user_id": "UDOCKET", "bot_id": "B1", "ts": "1.000001", "channel": "C1", "message": { "ts": "1.000001" },
    });
    let person = json!({ "ok": true, "user": {
        "id": USER, "team_id": TEAM, "name": "ana", "real_name": "Ana", "tz": "Europe/Paris", "deleted": false,
        "is_bot": false, "is_restricted": false, "is_ultra_restricted": false, "is_stranger": false,
        "profile": { "display_name": "Ana", "real_name": "Ana" },
    } });
    let router =
        Router::new().route("/api/users.info", any(async move || Json(person))).fallback(any(async move || Json(all)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}/api")
}
