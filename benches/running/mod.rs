//! The optimised program as a child process, with a Slack that takes everything.

use std::{
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use axum::{Json, Router, routing::any};
use docket::clock::Chance;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sha2::Sha256;

/// The workspace.
pub(crate) const TEAM: &str = "T1";
/// Who types.
pub(crate) const USER: &str = "U1";
const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// How many commands were typed: each is known by a number of its own, for a second one of it would be a copy.
static COMMANDS: AtomicU64 = AtomicU64::new(1);

/// A running `docket serve`; ends with the value.
pub(crate) struct Running {
    pub(crate) child: Child,
    /// Where it listens.
    pub(crate) port: u16,
    /// Where its Slack is.
    slack: String,
    /// From its start until `/readyz` said yes.
    pub(crate) ready_after: Duration,
}

/// A client as patient as a platform.
pub(crate) fn client() -> reqwest::Client {
    // The first caller sets the process's provider; for the others it is set already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().timeout(Duration::from_secs(10)).build().expect("a client")
}

impl Running {
    /// Starts the program with these settings and what it needs besides, and waits until it is ready.
    pub(crate) async fn start(database_url: &str, folder: &Path, settings: &[(&str, &str)]) -> Self {
        let port = free_port();
        let slack = match settings.iter().find(|(name, _)| *name == "SLACK_API_URL") {
            Some((_, own)) => (*own).to_owned(),
            None => slack().await,
        };
        let log = std::fs::File::create(folder.join("docket.log")).expect("a log file");
        let client = client();
        let started = Instant::now();
        let child = Command::new(env!("CARGO_BIN_EXE_docket"))
            .arg("serve")
            .current_dir(folder)
            .env_clear()
            .envs([("DATABASE_URL", database_url), ("PORT", &port.to_string()), ("SLACK_API_URL", &slack)])
            .envs([("SLACK_BOT_TOKEN", "xoxb-1-1"), ("SLACK_SIGNING_SECRET", SECRET)])
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle of the log"))
            .stderr(log)
            .spawn()
            .expect("the program starts");
        let mut running = Self { child, port, slack, ready_after: Duration::ZERO };
        loop {
            let answer = client.get(format!("http://127.0.0.1:{port}/readyz")).send().await;
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

    /// Types `/docket {text}` in a channel of a team, as the nth command of all: a future of its own, which says how long
    /// the acknowledgement took and what it was. A later answer goes to `/answers/{nth}` of the Slack.
    pub(crate) fn types(
        &self,
        client: &reqwest::Client,
        (team, channel): (&str, &str),
        nth: usize,
        text: &str,
    ) -> impl Future<Output = (Duration, StatusCode)> + use<> {
        let fields = [
            ("team_id", team),
            ("team_domain", "acme"),
            ("channel_id", channel),
            ("channel_name", "auth"),
            ("user_id", USER),
            ("user_name", "ana"),
            ("command", "/docket"),
            ("text", text),
            ("api_app_id", "A1"),
            ("response_url", &self.slack.replace("/api", &format!("/answers/{nth}"))),
            ("trigger_id", &format!("1.1.{}", COMMANDS.fetch_add(1, Ordering::Relaxed))),
        ];
        let body = serde_urlencoded::to_string(fields).expect("a form");
        let url = format!("http://127.0.0.1:{}/slack/commands", self.port);
        send(client.clone(), url, body)
    }

    /// Resident memory in bytes, where the system says.
    pub(crate) fn resident(&self) -> Option<u64> {
        resident(self.child.id())
    }
}

/// Sends a signed form; says how long the acknowledgement took and what it was.
pub(crate) async fn send(client: reqwest::Client, url: String, body: String) -> (Duration, StatusCode) {
    let time = (Chance::system().now().as_millis() / 1000).to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("a key");
    mac.update(format!("v0:{time}:{body}").as_bytes());
    let signature = format!("v0={}", hex::encode(mac.finalize().into_bytes()));
    let started = Instant::now();
    let answer = client
        .post(url)
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

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Resident memory of a process in bytes, where the system says.
pub(crate) fn resident(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024)
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// Serves `router` for as long as the program runs, and says what `SLACK_API_URL` has to be for it.
pub(crate) async fn listen(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}/api")
}

/// What Slack says of whoever types, in a team.
pub(crate) fn person(team: &str) -> Value {
    json!({ "ok": true, "user": {
        "id": USER, "team_id": team, "name": "ana", "real_name": "Ana", "tz": "Europe/Paris", "deleted": false,
        "is_bot": false, "is_restricted": false, "is_ultra_restricted": false, "is_stranger": false,
        "profile": { "display_name": "Ana", "real_name": "Ana" },
    } })
}

/// What Slack says to whoever asks who they are, in the team of the settings.
pub(crate) fn own(team: &str) -> Value {
    json!({
        "ok": true, "url": "https://acme.slack.com/", "team": "Acme", "team_id": team, "user": "docket",
        "user_id": "UDOCKET", "bot_id": "B1",
    })
}

/// A Slack that knows everybody and takes every message.
async fn slack() -> String {
    let mut all = own(TEAM);
    all["ts"] = "1.000001".into();
    all["channel"] = "C1".into();
    all["message"] = json!({ "ts": "1.000001" });
    let users = any(async || Json(person(TEAM)));
    listen(Router::new().route("/api/users.info", users).fallback(any(async move || Json(all)))).await
}
