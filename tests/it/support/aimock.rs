//! aimock, a third party's server that answers like OpenAI, with answers that the test writes down.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::peers::missing;

/// The running server, which ends with this value.
pub(crate) struct Aimock {
    server: Child,
    origin: String,
    _fixtures: TempDir,
}

impl Aimock {
    /// Starts a server that knows these answers only (its page "Fixtures": `match`, `response`, `chunkSize` …). `None`,
    /// with a line that says so, where it is not installed.
    pub(crate) fn start(fixtures: &Value) -> Option<Self> {
        let program =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers/node/node_modules/@copilotkit/aimock/dist/cli.js");
        if !program.exists() {
            missing("not checked against aimock: `./tests/run setup` installs it");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("all.json"), json!({"fixtures": fixtures}).to_string()).unwrap();
        let mut server = Command::new("node")
            .arg(program)
            .args(["--port", "0", "--strict", "--validate-on-load", "--fixtures"])
            .arg(folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
        let origin = lines.find_map(|line| Some(line.unwrap().split_once("listening on ")?.1.to_owned()));
        // What it says later is read and dropped, so that it never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        Some(Self { server, origin: origin.expect("aimock did not start"), _fixtures: folder })
    }

    /// The base URL: `http://127.0.0.1:…/v1`.
    pub(crate) fn url(&self) -> String {
        format!("{}/v1", self.origin)
    }

    /// The requests so far, as its journal has them: `body`, `headers`, `response` …
    pub(crate) async fn requests(&self) -> Vec<Value> {
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().build().unwrap();
        let journal = client.get(format!("{}/v1/_requests", self.origin)).send().await.unwrap();
        journal.json().await.unwrap()
    }
}

impl Drop for Aimock {
    fn drop(&mut self) {
        let _gone_already = self.server.kill();
        let _status = self.server.wait();
    }
}
