//! A headless Chromium that does what a person does.

use std::{
    env,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use axum::http::Method;
use fantoccini::{Client, ClientBuilder, Locator, key::Key, wd::WebDriverCompatibleCommand};
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnectorBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::sleep;
use url::{ParseError, Url};

use super::peers;

/// How long a page may take to show what is waited for.
const PATIENCE: Duration = Duration::from_secs(15);

/// The flags of a browser that talks to nobody but us.
const FLAGS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    // A name that is not this machine's, for pages that ask for a sign-in.
    "--host-resolver-rules=MAP docket.test 127.0.0.1",
];

/// A browser with one page open.
pub(crate) struct Browser {
    client: Client,
    driver: Child,
    base: String,
    _profile: TempDir,
}

impl Browser {
    /// Starts Chromium for the pages at `base`, such as `http://127.0.0.1:8080`.
    ///
    /// Where Chromium or its driver is not installed this says so and answers `None`, so that the test
    /// can end; with `DOCKET_REQUIRE_PEERS=1` it fails instead.
    pub(crate) async fn start(base: &str) -> Option<Self> {
        let Some((chromium, chromedriver)) = chromium() else {
            peers::missing("not run in a browser: chromium and chromedriver are not installed");
            return None;
        };
        let (driver, port) = start_driver(&chromedriver);
        let profile = TempDir::new().unwrap();
        let mut flags: Vec<String> = FLAGS.iter().map(ToString::to_string).collect();
        flags.push(format!("--user-data-dir={}", profile.path().display()));
        let wishes = json!({ "goog:chromeOptions": { "args": flags, "binary": chromium } });
        let Value::Object(wishes) = wishes else { unreachable!("it is an object") };
        let tls = rustls::ClientConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_native_roots()
            .unwrap()
            .with_no_client_auth();
        let connector = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().build();
        let client = ClientBuilder::new(connector)
            .capabilities(wishes)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .unwrap();
        let browser = Self { client, driver, base: base.to_owned(), _profile: profile };
        browser.look(1280, 860, "light").await;
        Some(browser)
    }

    /// Opens a page by its path.
    pub(crate) async fn goto(&self, path: &str) {
        self.client.goto(&format!("{}{path}", self.base)).await.unwrap();
    }

    /// The window's size in CSS pixels and the reader's preference, `light` or `dark`.
    pub(crate) async fn look(&self, width: u32, height: u32, scheme: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await;
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// Turns scripts off, for a reader without them. The open page keeps what it has; go to one afterwards.
    pub(crate) async fn without_scripts(&self) {
        self.devtools("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await;
    }

    async fn devtools(&self, method: &'static str, parameters: Value) {
        self.client.issue_cmd(DevTools { method, parameters }).await.unwrap();
    }

    /// Types a line into the console's box and sends it with Enter.
    pub(crate) async fn say(&self, line: &str) {
        let text = self.client.find(Locator::Css("#line")).await.unwrap();
        text.click().await.unwrap();
        text.send_keys(line).await.unwrap();
        text.send_keys(&Key::Enter.to_string()).await.unwrap();
    }

    /// Presses the last visible button that says `label`: in the console, the newest card's.
    pub(crate) async fn press(&self, label: &str) {
        self.last_visible("button, summary", label).await.click().await.unwrap();
    }

    /// Follows the last visible link that says `label`.
    pub(crate) async fn follow(&self, label: &str) {
        self.last_visible("a", label).await.click().await.unwrap();
    }

    /// Writes into the field that has the focus, as the keyboard does.
    pub(crate) async fn write(&self, text: &str) {
        self.client.active_element().await.unwrap().send_keys(text).await.unwrap();
    }

    /// Clicks into the first element that matches.
    pub(crate) async fn focus(&self, css: &str) {
        self.client.find(Locator::Css(css)).await.unwrap().click().await.unwrap();
    }

    /// Goes to the next thing that can have the focus, or back to the one before.
    pub(crate) async fn tab(&self, back: bool) {
        let modifiers = if back { 8 } else { 0 };
        for kind in ["rawKeyDown", "keyUp"] {
            let key = json!({
                "type": kind, "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9, "modifiers": modifiers,
            });
            self.devtools("Input.dispatchKeyEvent", key).await;
        }
    }

    /// Waits until the notice at the bottom says `words`.
    pub(crate) async fn wait_for_notice(&self, words: &str) {
        let end = Instant::now() + PATIENCE;
        while !self.text_of("#notice").await.contains(words) {
            assert!(Instant::now() < end, "no notice says {words:?} in:\n{}", self.text().await);
            sleep(Duration::from_millis(50)).await;
        }
    }

    async fn last_visible(&self, kinds: &str, label: &str) -> fantoccini::elements::Element {
        let end = Instant::now() + PATIENCE;
        loop {
            for element in self.client.find_all(Locator::Css(kinds)).await.unwrap().into_iter().rev() {
                let says = element.text().await.unwrap_or_default();
                if says.trim() == label && element.is_displayed().await.unwrap_or(false) {
                    return element;
                }
            }
            assert!(Instant::now() < end, "no {kinds} says {label:?} in:\n{}", self.text().await);
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Everything that can be read on the page now.
    pub(crate) async fn text(&self) -> String {
        self.text_of("body").await
    }

    /// What can be read in the first element that matches.
    pub(crate) async fn text_of(&self, css: &str) -> String {
        let found = self.client.find(Locator::Css(css)).await;
        match found {
            Ok(element) => element.text().await.unwrap_or_default(),
            Err(_) => String::new(),
        }
    }

    /// Waits until `text` can be read on the page.
    pub(crate) async fn wait_for(&self, text: &str) {
        self.wait_until(text, true).await;
    }

    /// Waits until `text` can no longer be read on the page.
    pub(crate) async fn wait_until_gone(&self, text: &str) {
        self.wait_until(text, false).await;
    }

    async fn wait_until(&self, text: &str, there: bool) {
        let end = Instant::now() + PATIENCE;
        while self.text().await.contains(text) != there {
            let wish = if there { "to appear" } else { "to go" };
            assert!(Instant::now() < end, "waited for {text:?} {wish} in:\n{}", self.text().await);
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Runs a script and answers what it returns.
    pub(crate) async fn evaluate(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap()
    }

    /// What the browser complained about: broken policies, missing files, errors in scripts.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let log = self.client.issue_cmd(Log).await.unwrap_or_default();
        let entries = log.as_array().cloned().unwrap_or_default();
        entries.iter().filter_map(|entry| Some(entry.get("message")?.as_str()?.to_owned())).collect()
    }

    /// Saves a picture of the window.
    pub(crate) async fn screenshot(&self, path: impl AsRef<Path>) {
        let path = path.as_ref();
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).unwrap();
        }
        std::fs::write(path, self.client.screenshot().await.unwrap()).unwrap();
    }

    /// Closes the window.
    pub(crate) async fn close(self) {
        self.client.clone().close().await.unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver ends its browser when it ends.
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// The browser and its driver, where both are installed.
fn chromium() -> Option<(String, String)> {
    let chromium = ["chromium", "chromium-browser", "google-chrome"].into_iter().find_map(program)?;
    Some((chromium, program("chromedriver")?))
}

#[expect(clippy::disallowed_methods, reason = "looks for a program as a shell does")]
fn program(name: &str) -> Option<String> {
    let path = env::var_os("PATH")?;
    let found = env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())?;
    Some(found.to_string_lossy().into_owned())
}

/// Starts the driver on a free port and waits until it says which.
fn start_driver(chromedriver: &str) -> (Child, u16) {
    let mut driver = Command::new(chromedriver)
        .arg("--port=0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
    let port = lines
        .by_ref()
        .map_while(Result::ok)
        .find_map(|line| line.split("started successfully on port ").nth(1)?.trim_end_matches('.').parse().ok())
        .unwrap();
    // Keeps the pipe open and empty for as long as the driver runs.
    std::thread::spawn(move || lines.for_each(drop));
    (driver, port)
}

/// A command of Chromium's own protocol, through its driver.
#[derive(Debug)]
struct DevTools {
    method: &'static str,
    parameters: Value,
}

impl WebDriverCompatibleCommand for DevTools {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({ "cmd": self.method, "params": self.parameters }).to_string()))
    }
}

/// The browser's log since it was last asked.
#[derive(Debug)]
struct Log;

impl WebDriverCompatibleCommand for Log {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({ "type": "browser" }).to_string()))
    }
}
