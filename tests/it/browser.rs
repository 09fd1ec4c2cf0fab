//! The pages in a real browser: live, by keyboard, in dark and light, on a phone.

use std::path::PathBuf;

use docket::{
    chat::console::receive::venue,
    domain::{
        card::{Entry, EntryContent},
        message::Message,
        patch::Decision,
        project::Revision,
    },
};
use serde_json::json;

use crate::support::{browser::Browser, site::Site};

/// Where pictures go, for people to look at.
fn picture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("pages").join(format!("{name}.png"))
}

async fn append(site: &Site, content: EntryContent) {
    let mut tx = site.store.write(site.tenant).await.unwrap();
    let entry = Entry { id: site.chance.id(), seq: 0, at: site.chance.now(), content };
    tx.append_entry(&entry).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_shown_in_light_and_dark_and_on_a_phone_without_a_complaint() {
    let (site, _) = Site::with_sample().await;
    let Some(browser) = Browser::start(&site.serve().await).await else { return };
    for (name, path) in [
        ("console", "/console"),
        ("project", "/projects/AUTH"),
        ("patch", "/patches/P-4"),
        ("projects", "/projects"),
        ("missing", "/x"),
    ] {
        for (look, width, height, scheme) in
            [("light", 1280, 860, "light"), ("dark", 1280, 860, "dark"), ("phone", 390, 844, "light")]
        {
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
    tx.append_entry(&Entry { id: site.chance.id(), seq: 0, at: site.chance.now(), content }).await.unwrap();
    tx.commit().await.unwrap();
    browser.wait_for("said beside, in console").await;
    browser.close().await;
}

/// Waits until so many lines and clicks were stored.
async fn wait_for_click(site: &Site, count: usize) {
    for _ in 0..200 {
        if site.taken().len() >= count {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("{count} deliveries were expected, there are {:?}", site.taken());
}
