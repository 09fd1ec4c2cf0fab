//! The pages in a real browser: live, by keyboard, in dark and light, on a phone.

use std::{path::PathBuf, time::Duration};

use docket::{
    chat::console::receive::venue,
    domain::{
        card::{Entry, EntryContent},
        message::{Block, Button, ButtonStyle, Message, Press},
        model::CallOutcome,
        patch::Decision,
        project::Revision,
    },
};
use serde_json::json;

use crate::support::{
    browser::Browser,
    site::{Site, asked, called, connected, drafting, fails},
};

/// Where pictures go, for people to look at.
pub(crate) fn picture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("pages").join(format!("{name}.png"))
}

async fn append(site: &Site, content: EntryContent) {
    let mut tx = site.store.write(site.tenant).await.unwrap();
    let entry = Entry { id: site.chance.id(), seq: 0, at: site.chance.now(), reader: None, content };
    tx.append_entry(&entry).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_shown_in_light_and_dark_and_on_a_phone_without_a_complaint() {
    let (site, sample) = Site::with_sample().await;
    connected(&site, sample.members[0].0.id).await;
    called(&site, CallOutcome::Answered).await;
    called(&site, CallOutcome::RateLimited).await;
    fails(&site, "home").await;
    let line = asked(&site, "/docket plan Build the import of parcels").await;
    site.put_progress(&drafting(&site, line, "Drafting a plan for “Build the import of parcels”")).await;
    let Some(browser) = Browser::start(&site.serve().await).await else { return };
    for (name, path) in [
        ("console", "/console"),
        ("project", "/projects/AUTH"),
        ("patch", "/patches/P-4"),
        ("projects", "/projects"),
        ("models", "/models"),
        ("missing", "/x"),
    ] {
        for (look, width, height, scheme) in
            [("light", 1280, 860, "light"), ("dark", 1280, 860, "dark"), ("phone", 390, 844, "light")]
        {
            // A long page is pictured as a whole.
            let height = if name == "models" { 2_400 } else { height };
            browser.look(width, height, scheme).await;
            browser.goto(path).await;
            let overflow = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
            assert_eq!(browser.evaluate(overflow).await, json!(0), "{name} is wider than a {look} window");
            browser.screenshot(picture(&format!("{name}-{look}"))).await;
        }
    }
    let complaints = browser.complaints().await;
    assert!(complaints.iter().all(|words| words.contains("404")), "{complaints:?}");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_conversation_grows_by_itself_and_keeps_what_is_being_typed() {
    let (site, _) = Site::with_sample().await;
    let Some(browser) = Browser::start(&site.serve().await).await else { return };
    browser.goto("/console").await;
    browser.write("half a thou").await;
    browser.press("Collapse all").await;
    browser.evaluate("document.querySelector('#line').focus()").await;
    append(&site, EntryContent::Answered { message: Message::text("Something new happened."), to: None }).await;
    browser.wait_for("Something new happened.").await;
    browser.write("ght").await;
    assert_eq!(browser.evaluate("return document.querySelector('#line').value").await, json!("half a thought"));
    let open = "return document.querySelectorAll('.tree details[open]').length";
    assert_eq!(browser.evaluate(open).await, json!(0), "what the reader closed stays closed");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_is_shown_at_once_and_once() {
    let site = Site::new().await;
    let Some(browser) = Browser::start(&site.serve().await).await else { return };
    browser.goto("/console").await;
    browser.screenshot(picture("console-empty")).await;
    browser.say("what is next?").await;
    browser.wait_for("what is next?").await;
    append(&site, EntryContent::Said { by: "you".to_owned(), words: "what is next?".to_owned() }).await;
    browser.wait_until_gone("sending").await;
    assert_eq!(browser.text_of("#scroll").await.matches("what is next?").count(), 1);
    assert_eq!(site.taken()[0]["text"], "what is next?");
    browser.evaluate("document.querySelector('#line').focus()").await;
    browser.write(&fantoccini::key::Key::Up.to_string()).await;
    assert_eq!(browser.evaluate("return document.querySelector('#line').value").await, json!("what is next?"));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_button_sends_the_click_and_the_card_turns_when_it_is_decided() {
    let (site, sample) = Site::with_sample().await;
    let Some(browser) = Browser::start(&site.serve().await).await else { return };
    browser.goto("/console").await;
    browser.press("Approve only a part").await;
    browser.evaluate("document.querySelectorAll('.card:last-child input[type=checkbox]')[1].click()").await;
    browser.press("Approve").await;
    wait_for_click(&site, 1).await;
    let click = site.taken().remove(0);
    assert_eq!((&click["action"], &click["steps"]), (&json!("approve"), &json!([0, 2, 3])));

    let patch = sample.patch(4);
    let mut applied = patch.clone();
    let decision = Decision { by: sample.members[1].0.id, at: site.chance.now() };
    applied.state = patch.state.clone().apply(decision, Revision(2), [0, 2, 3].into()).unwrap();
    let mut tx = site.store.write(site.tenant).await.unwrap();
    assert!(tx.update_patch(&applied, &patch.state, 1).await.unwrap());
    tx.commit().await.unwrap();
    browser.wait_for("✓ P-4 applied").await;
    browser.screenshot(picture("console-applied")).await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rejecting_asks_why_and_escape_closes_the_question() {
    let (site, _) = Site::with_sample().await;
    let Some(browser) = Browser::start(&site.serve().await).await else { return };
    browser.goto("/patches/P-4").await;
    browser.press("Reject").await;
    browser.wait_for("Reject this proposal?").await;
    browser.screenshot(picture("patch-reject")).await;
    browser.write(&fantoccini::key::Key::Escape.to_string()).await;
    browser.wait_until_gone("Reject this proposal?").await;
    assert!(site.taken().is_empty());
    browser.press("Request changes").await;
    browser.write("combine the first two tasks").await;
    browser.press("Ask for changes").await;
    wait_for_click(&site, 1).await;
    assert_eq!(site.taken()[0]["words"], "combine the first two tasks");
    append(&site, EntryContent::Answered { message: Message::text("P-5 takes the place of P-4."), to: None }).await;
    browser.wait_for("P-5 takes the place of P-4.").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_leads_to_its_page_and_back_by_the_keyboard() {
    let (site, _) = Site::with_sample().await;
    let Some(browser) = Browser::start(&site.serve().await).await else { return };
    browser.goto("/console").await;
    browser.follow("P-4 · AUTH: add documentation, rework the sign-in page").await;
    browser.wait_for("Approvals").await;
    browser.write(&fantoccini::key::Key::Tab.to_string()).await;
    assert_eq!(browser.evaluate("return document.activeElement.textContent").await, json!("Skip to the content"));
    browser.write(&fantoccini::key::Key::Enter.to_string()).await;
    browser.write(&fantoccini::key::Key::Tab.to_string()).await;
    let inside = "return document.querySelector('main').contains(document.activeElement)";
    assert_eq!(browser.evaluate(inside).await, json!(true));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_scripts_the_pages_read_and_the_forms_post() {
    let (site, _) = Site::with_sample().await;
    let Some(browser) = Browser::start(&site.serve().await).await else { return };
    browser.without_scripts().await;
    browser.goto("/console").await;
    browser.wait_for("Token service").await;
    browser.press("Approve").await;
    wait_for_click(&site, 1).await;
    assert_eq!(site.taken()[0]["action"], "approve");
    assert_eq!(site.taken()[0]["steps"], json!([0, 1, 2, 3]));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_process_wrote_appears_too() {
    let (site, _) = Site::with_sample().await;
    let Some(browser) = Browser::start(&site.serve().await).await else { return };
    browser.goto("/console").await;
    browser.wait_for("Token service").await;
    let other = site.beside().await;
    let mut tx = other.write(site.tenant).await.unwrap();
    let content = EntryContent::Said { by: "you".to_owned(), words: format!("said beside, in {}", venue().channel) };
    tx.append_entry(&Entry { id: site.chance.id(), seq: 0, at: site.chance.now(), reader: None, content })
        .await
        .unwrap();
    tx.commit().await.unwrap();
    browser.wait_for("said beside, in console").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_is_shown_while_it_is_made_counts_on_and_is_cancelled() {
    let (site, sample) = Site::with_sample().await;
    let Some(browser) = Browser::start(&site.serve().await).await else { return };
    browser.goto("/console").await;
    browser.evaluate("window.loadedOnce = true").await;
    // Another process is at work, as with `docket say`.
    let other = site.beside().await;
    let line = asked(&site, "/docket plan Build the import of parcels").await;
    let mut tx = other.write(site.tenant).await.unwrap();
    tx.put_progress(&drafting(&site, line, "Drafting a plan for “Build the import of parcels”")).await.unwrap();
    tx.commit().await.unwrap();
    browser.wait_for("Drafting a plan for “Build the import of parcels”").await;
    let counted = "return Number.parseInt(document.querySelector('[data-elapsed]').textContent)";
    while browser.evaluate(counted).await.as_u64().unwrap() < 2 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let silent = "return [...document.querySelectorAll('[data-elapsed]')].every(e => e.closest('[aria-hidden=true]'))";
    assert_eq!(browser.evaluate(silent).await, json!(true), "the seconds are not read out");
    assert!(browser.text_of("#entries").await.contains("/docket plan Build the import of parcels"));

    browser.goto("/console").await;
    browser.wait_for("Drafting a plan").await;
    browser.press("Cancel").await;
    wait_for_click(&site, 1).await;
    let stop = site.taken().remove(0);
    assert_eq!((&stop["type"], &stop["delivery"]), (&json!("stop"), &json!(line)));
    let mut tx = other.write(site.tenant).await.unwrap();
    assert!(tx.stop_progress(line, sample.members[0].0.id).await.unwrap());
    tx.commit().await.unwrap();
    browser.wait_for("Stopping: Drafting a plan").await;
    let mut tx = other.write(site.tenant).await.unwrap();
    tx.finish_delivery(line, "stopped", site.chance.now()).await.unwrap();
    tx.remove_progress(line).await.unwrap();
    tx.commit().await.unwrap();
    browser.wait_until_gone("Stopping: Drafting").await;
    let place = "return document.activeElement.id";
    assert_eq!(browser.evaluate(place).await, json!("scroll"), "whoever pressed the button stays at the conversation");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_choice_is_sent_with_its_words_and_its_line() {
    let site = Site::new().await;
    let button = |label: &str, line: &str| Button {
        label: label.to_owned(),
        style: ButtonStyle::Plain,
        press: Press::Choose { words: "how's \"it\" looking".to_owned(), line: line.to_owned() },
    };
    let ask = Block::Buttons(vec![button("Show the status", "status AUTH"), button("List what is next", "next")]);
    let message = Message { summary: "What do you mean?".to_owned(), blocks: vec![ask] };
    append(&site, EntryContent::Answered { message, to: None }).await;
    let Some(browser) = Browser::start(&site.serve().await).await else { return };
    browser.goto("/console").await;
    browser.press("Show the status").await;
    wait_for_click(&site, 1).await;
    browser.without_scripts().await;
    browser.goto("/console").await;
    browser.press("List what is next").await;
    wait_for_click(&site, 2).await;
    let said = |choice: &serde_json::Value| (choice["type"].clone(), choice["words"].clone(), choice["line"].clone());
    let words = json!("how's \"it\" looking");
    let taken = site.taken();
    assert_eq!(said(&taken[0]), (json!("choose"), words.clone(), json!("status AUTH")));
    assert_eq!(said(&taken[1]), (json!("choose"), words, json!("next")));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_added_tested_and_removed_on_its_page() {
    let (site, sample) = Site::with_sample().await;
    let Some(browser) = Browser::start(&site.serve().await).await else { return };
    browser.goto("/models").await;
    browser.press("OpenAI").await;
    browser.write("sk-live wrong").await;
    browser.evaluate("document.querySelector('#add-models').focus()").await;
    browser.write("gpt-5-mini").await;
    browser.press("Add the account").await;
    browser.wait_for("Copy it once more.").await;
    let typed = "return ['name', 'base_url', 'key', 'models'].map(n => document.querySelector(`[name=${n}]`).value)";
    let kept = json!(["openai", "https://api.openai.com/v1", "", "gpt-5-mini"]);
    assert_eq!(browser.evaluate(typed).await, kept, "what was typed stays, but for the key");
    browser.evaluate("document.querySelector('#add-key').focus()").await;
    browser.write("sk-live-4f9a1b").await;
    browser.press("Add the account").await;
    wait_for_click(&site, 1).await;
    let account = site.taken().remove(0);
    assert_eq!((&account["type"], &account["form"]["name"]), (&json!("account"), &json!("openai")));
    assert!(!account.to_string().contains("4f9a1b"), "{account}");
    connected(&site, sample.members[0].0.id).await;
    append(&site, EntryContent::Answered { message: Message::text("openai is added."), to: None }).await;
    browser.wait_for_notice("openai is added.").await;
    browser.wait_for("stored encrypted").await;

    site.wait(Duration::from_secs(1));
    browser.evaluate("document.querySelector('#test-1').click()").await;
    wait_for_click(&site, 2).await;
    let busy = "return document.querySelector('#test-1').getAttribute('aria-busy')";
    assert_eq!(browser.evaluate(busy).await, json!("true"), "it says that the test runs");
    append(&site, EntryContent::Answered { message: Message::text("openai answers."), to: None }).await;
    browser.wait_for_notice("openai answers.").await;
    assert_eq!(browser.evaluate(busy).await, json!(null));

    browser.evaluate("document.querySelector('#use-route').value = 'home/qwen3:8b'").await;
    browser.evaluate("document.querySelector('#set-route').click()").await;
    wait_for_click(&site, 3).await;
    browser.evaluate("document.querySelector('#budget').focus()").await;
    browser.write(&format!("500k{}", char::from(fantoccini::key::Key::Enter))).await;
    wait_for_click(&site, 4).await;
    browser.evaluate("document.querySelector('[commandfor=remove-2]').click()").await;
    browser.wait_for("Remove home?").await;
    browser.screenshot(picture("models-remove")).await;
    browser.press("Remove home").await;
    wait_for_click(&site, 5).await;
    let lines: Vec<_> = site.taken()[1..].iter().map(|sent| sent["text"].as_str().unwrap().to_owned()).collect();
    assert_eq!(
        lines,
        [
            "/docket models test openai",
            "/docket models use route home/qwen3:8b",
            "/docket models budget 500k",
            "/docket models remove home",
        ]
    );
    let complaints = browser.complaints().await;
    assert!(complaints.iter().all(|words| words.contains("400")), "{complaints:?}");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_scripts_an_account_is_added_and_removed_too() {
    let (site, sample) = Site::with_sample().await;
    connected(&site, sample.members[0].0.id).await;
    let Some(browser) = Browser::start(&site.serve().await).await else { return };
    browser.without_scripts().await;
    browser.goto("/models").await;
    browser.focus("#add-name").await;
    browser.write("vllm\thttp://127.0.0.1:8000/v1\ttwo words\tqwen3\n").await;
    browser.wait_for("Copy it once more").await;
    browser.focus("#add-key").await;
    browser.write("k-1\n").await;
    wait_for_click(&site, 1).await;
    assert_eq!(site.taken()[0]["form"]["name"], "vllm");
    browser.goto("/models").await;
    browser.press("Remove").await;
    browser.press("Remove home").await;
    wait_for_click(&site, 2).await;
    assert_eq!(site.taken()[1]["text"], "/docket models remove home");
    browser.close().await;
}

/// Waits until so many lines and clicks were stored.
async fn wait_for_click(site: &Site, count: usize) {
    for _ in 0..200 {
        if site.taken().len() >= count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{count} deliveries were expected, there are {:?}", site.taken());
}
