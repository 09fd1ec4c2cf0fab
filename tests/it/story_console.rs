//! The newcomer's story in a real browser against the real program, on both engines.

use std::{
    net::{IpAddr, UdpSocket},
    time::Duration,
};

use fantoccini::key::Key;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    binary::{Binary, Settings, client, free_port},
    browser::Browser,
    db::{TestDb, for_each_db},
    secrets,
};

for_each_db!(
    a_newcomer_plans_edits_and_approves,
    every_window_sees_what_happens_anywhere,
    a_page_and_what_was_typed_outlive_a_crash,
    the_keyboard_is_enough,
);

/// The running program with a window at its console.
struct Console {
    browser: Browser,
    settings: Settings,
    port: u16,
    binary: Binary,
    _folder: TempDir,
}

impl Console {
    /// Starts the program and opens its console; `None` where there is no browser.
    async fn open(db: &TestDb) -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let settings = Settings::new(&db.url, folder.path());
        let port = free_port();
        let binary = Binary::start_at(&settings, port).await;
        let browser = Browser::start(&binary.base).await?;
        browser.goto("/").await;
        browser.evaluate("window.loadedOnce = true").await;
        Some(Self { browser, settings, port, binary, _folder: folder })
    }

    /// The lines of the newest card's diff.
    async fn diff(&self) -> Vec<String> {
        self.list("[...document.querySelectorAll('.entry.card')].at(-1).querySelectorAll('.line .body')").await
    }

    /// The buttons of the newest card.
    async fn buttons(&self) -> Vec<String> {
        self.list("[...document.querySelectorAll('.entry.card')].at(-1).querySelectorAll('.message .buttons .button')")
            .await
    }

    /// What the elements say that this script finds.
    async fn list(&self, elements: &str) -> Vec<String> {
        let script = format!("return [...{elements}].map(e => e.innerText.replace(/\\s+/g, ' ').trim())");
        let Value::Array(texts) = self.browser.evaluate(&script).await else { panic!("no list") };
        texts.iter().map(|text| text.as_str().unwrap().to_owned()).collect()
    }

    /// The codes of the tasks in the tree, in its order.
    async fn tree(&self) -> Vec<String> {
        self.list("document.querySelectorAll('#plan .task .row code')").await
    }

    /// Says a line and waits for what has to follow.
    async fn say(&self, line: &str, then: &str) {
        self.browser.say(line).await;
        self.browser.wait_for(then).await;
    }

    async fn press(&self, button: &str, then: &str) {
        self.browser.press(button).await;
        self.browser.wait_for(then).await;
    }

    async fn assert_never_reloaded(&self) {
        assert_eq!(self.browser.evaluate("return window.loadedOnce").await, json!(true), "the page was loaded again");
    }

    /// Ends the story: nothing may have gone wrong inside the browser.
    async fn close(self) {
        assert_eq!(self.browser.complaints().await, Vec::<String>::new());
        self.browser.close().await;
    }
}

async fn a_newcomer_plans_edits_and_approves(db: &TestDb) {
    let Some(console) = Console::open(db).await else { return };
    plans_and_edits(&console).await;
    approves_breaks_down_and_undoes(&console).await;
    says_no_and_says_how(&console).await;
    is_asked_which_project(&console).await;
    console.assert_never_reloaded().await;
    console.close().await;
}

async fn plans_and_edits(console: &Console) {
    console.say("/docket plan Build a user authentication flow", "P-1 · AUTH: plan the user authentication flow").await;
    console.browser.wait_for("template \"feature\", no model connected").await;
    let planned = console.diff().await;
    assert!((3..=6).contains(&planned.len()), "{planned:?}");
    assert_eq!(console.buttons().await, ["Approve", "Request changes", "Reject", "Details"]);
    assert!(console.tree().await.is_empty(), "nothing changes before somebody approves");
    console.browser.wait_for("P-1 waits for you").await;

    console.say("add a task for documentation", "P-2 · AUTH").await;
    assert!(
        console.diff().await.iter().any(|line| line.contains("AUTH-6 Documentation")),
        "{:?}",
        console.diff().await
    );
    console.say("combine the first two tasks", "P-3 · AUTH").await;
    assert_eq!(console.diff().await.len(), planned.len());
    console.say("rename 2 to Token service", "P-4 · AUTH").await;
    assert!(console.diff().await[1].contains("AUTH-2 Token service"), "{:?}", console.diff().await);
    let before = console.diff().await;
    console.say("drop the last one", "P-5 · AUTH").await;
    assert_eq!(console.diff().await, before[..before.len() - 1]);
    console.say("move 3 before 1", "P-6 · AUTH").await;
    let moved = console.diff().await;
    assert!(moved[0].contains("Recovery and abuse") && moved[2].contains("Token service"), "{moved:?}");
    let approvable = console.list("document.querySelectorAll('.entry.card .button[value^=approve]')").await;
    assert_eq!(approvable.len(), 1, "only the newest version can be approved");
}

async fn approves_breaks_down_and_undoes(console: &Console) {
    console.press("Approve", "P-6 applied by Local owner").await;
    console.browser.wait_for("AUTH is at revision 1").await;
    assert_eq!(console.buttons().await, ["Undo", "Details"]);
    console.browser.wait_for("0 of 4 done").await;
    assert_eq!(console.tree().await, ["AUTH-1", "AUTH-2", "AUTH-3", "AUTH-4"]);

    console.say("/docket break AUTH-2", "P-7 · AUTH: break down AUTH-2").await;
    console.press("Details", "Open P-7 as a page").await;
    assert!(console.browser.text_of(".entry.answered:last-child").await.contains("done when:"));
    console.press("Approve", "AUTH is at revision 2").await;
    console.browser.wait_for("0 of 7 done").await;
    let inside = console.list("document.querySelectorAll('#task-AUTH-2 .task .row code')").await;
    assert_eq!(inside, ["AUTH-5", "AUTH-6", "AUTH-7"]);
    console.press("Undo", "P-8 · AUTH: undo P-7").await;
    console.press("Approve", "AUTH is at revision 3").await;
    console.browser.wait_for("P-7 was undone by P-8").await;
    assert_eq!(console.tree().await, ["AUTH-1", "AUTH-2", "AUTH-3", "AUTH-4"]);
}

async fn says_no_and_says_how(console: &Console) {
    let Console { browser, .. } = console;
    console.say("/docket plan Move the billing database to PostgreSQL 18", "P-9 · BILLING").await;
    console.press("Reject", "Reject this proposal?").await;
    browser.write("Too big for this month").await;
    console.press("Reject", "P-9 rejected by Local owner").await;
    browser.wait_for("\"Too big for this month\"").await;

    console.say("/docket plan Move the billing database to PostgreSQL 18", "P-10 · BILLING").await;
    console.press("Request changes", "What should be different?").await;
    browser.write("add a task for documentation").await;
    console.press("Ask for changes", "P-11 · BILLING").await;
    browser.wait_for("P-10 was replaced by P-11").await;

    let steps = console.diff().await;
    browser.press("Approve only a part").await;
    browser.evaluate("[...document.querySelectorAll('.entry.card:last-child [name=steps]')].at(-1).click()").await;
    console.press("Approve", "Left out:").await;
    browser.wait_for("P-11 applied by Local owner").await;
    console.browser.wait_for(&format!("0 of {} done", steps.len() - 1)).await;
    assert!(console.tree().await.iter().all(|code| code.starts_with("BILLING-")), "{:?}", console.tree().await);
}

async fn is_asked_which_project(console: &Console) {
    let Console { browser, .. } = console;
    console.say("add a task for support", "Which project do you mean?").await;
    console.press("AUTH · User authentication flow", "P-12 · AUTH: add").await;
    browser.wait_for("User authentication flow").await;
    console.press("Approve", "AUTH is at revision 4").await;

    browser.evaluate("document.querySelector('#line').focus()").await;
    for expected in ["in AUTH: add a task for support", "add a task for support"] {
        browser.write(&Key::Up.to_string()).await;
        assert_eq!(browser.evaluate("return document.querySelector('#line').value").await, json!(expected));
    }
    browser.write(&Key::Down.to_string()).await;
    browser.write(&Key::Down.to_string()).await;
    assert_eq!(browser.evaluate("return document.querySelector('#line').value").await, json!(""));
}

async fn every_window_sees_what_happens_anywhere(db: &TestDb) {
    let Some(console) = Console::open(db).await else { return };
    let Some(other) = Browser::start(&console.binary.base).await else { return };
    other.goto("/console").await;
    other.evaluate("window.loadedOnce = true").await;
    console.say("/docket plan Build a user authentication flow", "P-1 · AUTH").await;
    other.wait_for("P-1 · AUTH").await;
    other.press("Approve").await;
    console.browser.wait_for("P-1 applied by Local owner").await;
    console.browser.wait_for("0 of 5 done").await;

    let project = Browser::start(&console.binary.base).await.unwrap();
    project.goto("/projects/AUTH").await;
    let said = console.settings.command(&["say", "done AUTH-1"]).output().map(secrets::checked).unwrap();
    assert!(said.status.success(), "{said:?}");
    for window in [&console.browser, &other, &project] {
        window.wait_for("1 of 5 done").await;
    }
    console.browser.wait_for("done AUTH-1").await;
    assert_eq!(other.evaluate("return window.loadedOnce").await, json!(true));
    let metrics = client().get(format!("{}/metrics", console.binary.base)).send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains(r#"docket_deliveries_total{source="console",outcome="accepted"} 2"#), "{metrics}");
    assert!(metrics.contains(r#"docket_ack_seconds_count{source="console"} 2"#), "{metrics}");
    for window in [other, project] {
        assert_eq!(window.complaints().await, Vec::<String>::new());
        window.close().await;
    }
    console.assert_never_reloaded().await;
    console.close().await;
}

/// This machine's address in its network; nothing is sent. `None` where there is no network.
fn address_in_the_network() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}

#[tokio::test]
async fn who_listens_to_the_whole_network_still_shows_the_console_to_nobody_in_it() {
    let Some(address) = address_in_the_network() else { return };
    let (folder, port) = (TempDir::new().unwrap(), free_port());
    let settings = Settings::new(&format!("sqlite://{}/docket.db", folder.path().display()), folder.path())
        .with("HOST", "0.0.0.0")
        .with("PUBLIC_URL", &format!("http://127.0.0.1:{port}"));
    let binary = Binary::start_at(&settings, port).await;
    let ask = async |base: &str, path: &str| {
        let request = client().get(format!("{base}{path}")).header("host", format!("localhost:{port}"));
        request.send().await.unwrap().status().as_u16()
    };
    for path in ["/console", "/projects", "/live", "/nothing"] {
        assert_eq!(ask(&format!("http://{address}:{port}"), path).await, 403, "{path}");
    }
    assert_eq!(ask(&format!("http://{address}:{port}"), "/healthz").await, 200, "health is for everybody");
    assert_eq!(ask(&binary.base, "/console").await, 200);
    let log = std::fs::read_to_string(&settings.log).unwrap();
    assert!(log.contains(&format!("open http://127.0.0.1:{port}/console")), "{log}");
}

async fn a_page_and_what_was_typed_outlive_a_crash(db: &TestDb) {
    let Some(Console { browser, settings, port, binary, _folder }) = Console::open(db).await else { return };
    browser.say("/docket plan Build a user authentication flow").await;
    browser.wait_for("P-1 · AUTH").await;
    binary.kill();
    browser.wait_for("Not connected. Trying again.").await;
    for line in ["add a task for documentation", "rename 2 to Token service"] {
        browser.say(line).await;
        browser.wait_for(line).await;
    }
    browser.wait_for("Docket can't be reached. Is it still running? The line is kept").await;
    browser.wait_for("sent after the line above").await;
    browser.press("Approve").await;
    browser.wait_for_notice("Docket can't be reached. Is it still running?").await;

    let binary = Binary::start_at(&settings, port).await;
    browser.wait_until_gone("Not connected.").await;
    browser.wait_for("P-3 · AUTH").await;
    browser.wait_until_gone("The line is kept").await;
    let said = browser.text_of("#entries").await;
    for line in ["add a task for documentation", "rename 2 to Token service"] {
        assert_eq!(said.matches(&format!("{line}\n")).count(), 1, "{said}");
    }
    let diff = browser.evaluate("return [...document.querySelectorAll('.entry.card')].at(-1).innerText").await;
    let diff = diff.as_str().unwrap();
    assert!(diff.contains("Token service") && diff.contains("Documentation"), "{diff}");
    browser.press("Approve").await;
    browser.wait_for("0 of 6 done").await;
    assert_eq!(browser.evaluate("return window.loadedOnce").await, json!(true));

    // Also over a reload: the line waits in the tab until Docket takes it.
    binary.kill();
    browser.wait_for("Not connected. Trying again.").await;
    browser.say("done AUTH-1").await;
    browser.wait_for("Not sent yet.").await;
    let _binary = Binary::start_at(&settings, port).await;
    browser.goto("/console").await;
    browser.wait_for("1 of 6 done").await;
    let complaints = browser.complaints().await;
    assert!(complaints.iter().all(|words| words.contains("net::ERR_")), "{complaints:?}");
    browser.close().await;
}

async fn the_keyboard_is_enough(db: &TestDb) {
    let Some(console) = Console::open(db).await else { return };
    let Console { browser, .. } = &console;
    let focused = async || {
        let words = browser.evaluate("return document.activeElement.innerText || document.activeElement.id").await;
        words.as_str().unwrap_or_default().trim().to_owned()
    };
    let tab_to = async |label: &str, back: bool| {
        for _ in 0..60 {
            browser.tab(back).await;
            if focused().await == label {
                return;
            }
        }
        panic!("Tab never comes to {label:?}");
    };
    assert_eq!(focused().await, "line", "one can type at once");
    browser.write("/docket plan Build a user authentication flow").await;
    browser.write(&Key::Enter.to_string()).await;
    browser.wait_for("P-1 · AUTH").await;
    tab_to("Reject", true).await;
    browser.write(&Key::Enter.to_string()).await;
    browser.wait_for("Reject this proposal?").await;
    browser.write(&Key::Escape.to_string()).await;
    browser.wait_until_gone("Reject this proposal?").await;
    assert_eq!(focused().await, "Reject", "a closed question gives the focus back");
    tab_to("Approve", true).await;
    browser.write(&Key::Enter.to_string()).await;
    browser.wait_for("P-1 applied by Local owner").await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let on_card = "return document.activeElement.closest('.entry.card') !== null";
    assert_eq!(browser.evaluate(on_card).await, json!(true), "who pressed the button stays at the card");
    tab_to("Undo", false).await;
    tab_to("line", false).await;
    browser.write("start AUTH-1").await;
    browser.write(&Key::Enter.to_string()).await;
    browser.wait_for("in progress").await;
    console.close().await;
}
