//! The page of decisions: in the answer, and in a real browser.

use std::time::Duration;

use docket::domain::{
    ids::{Id, ThreadId},
    matches::{Finding, Likely, Match, Verdict},
};
use serde_json::json;
use ulid::Ulid;

use crate::{
    browser::picture,
    store_matches,
    support::{
        browser::Browser,
        clock::START,
        db::{TestDb, for_each_db},
        sample::acme::Sample,
        site::Site,
    },
};

for_each_db! {
    decisions_are_listed_with_their_scores_and_what_became_of_them,
    what_was_said_in_private_is_not_shown,
    many_decisions_are_shown_page_by_page,
}

async fn put(site: &Site, made: Match) {
    let mut tx = site.store.write(site.tenant).await.unwrap();
    tx.insert_match(&made).await.unwrap();
    tx.commit().await.unwrap();
}

/// What was made of a conversation at the site.
fn made(site: &Site, sample: &Sample, number: u32) -> Match {
    let project = sample.patch(4).project;
    Match {
        id: site.chance.id(),
        thread: ThreadId::from_ulid(Ulid::from_parts(9, number.into())),
        number,
        at: START.plus(Duration::from_secs(number.into())),
        ..store_matches::linked(site.chance.id(), project)
    }
}

async fn decisions_are_listed_with_their_scores_and_what_became_of_them(db: &TestDb) {
    let (site, sample) = Site::over_sample(db).await;
    let empty = site.get("/decisions").await.body;
    assert!(empty.contains("Nothing was decided yet"), "{empty}");
    put(&site, Match { patch: Some(sample.patch(4).id), ..made(&site, &sample, 7) }).await;
    let page = site.get("/decisions").await.body;
    for text in ["T-7", "is about AUTH-1 (7.43)", "AUTH-1 is done", "/patches/P-4", "proposed", "the rules"] {
        assert!(page.contains(text), "{text} is missing: {page}");
    }
    assert!(page.contains("https://slack.com/archives/C1/p1795168800000200"), "{page}");
    assert!(page.contains("aria-current=\"page\">Decisions"), "{page}");
}

async fn what_was_said_in_private_is_not_shown(db: &TestDb) {
    let (site, sample) = Site::over_sample(db).await;
    put(&site, Match { is_private: true, ..made(&site, &sample, 7) }).await;
    let page = site.get("/decisions").await.body;
    assert!(!page.contains("T-7"), "{page}");
}

async fn many_decisions_are_shown_page_by_page(db: &TestDb) {
    let (site, sample) = Site::over_sample(db).await;
    for number in 1..=60 {
        put(&site, made(&site, &sample, number)).await;
    }
    let first = site.get("/decisions").await.body;
    assert!(first.contains("T-60<") && !first.contains("T-10<") && first.contains("/decisions?page=2"), "{first}");
    let second = site.get("/decisions?page=2").await.body;
    assert!(second.contains("T-10<") && !second.contains("T-60<") && second.contains("/decisions?page=1"), "{second}");
    let far = site.get("/decisions?page=99").await.body;
    assert!(far.contains("nothing further back"), "{far}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_decisions_fits_in_light_and_dark_and_on_a_phone() {
    let (site, sample) = Site::with_sample().await;
    let project = sample.patch(4).project;
    let likely = |code: &str, score| Likely { project, code: code.to_owned(), score };
    put(&site, Match { patch: Some(sample.patch(4).id), ..made(&site, &sample, 1) }).await;
    let open = Match { finding: None, task: None, ..made(&site, &sample, 2) };
    let asked = vec![likely("AUTH-2", 520), likely("AUTH-3", 480), likely("AUTH-5", 402)];
    put(&site, Match { verdict: Verdict::Asked, tasks: asked, ..open.clone() }).await;
    put(&site, Match { verdict: Verdict::Untracked, tasks: Vec::new(), ..made(&site, &sample, 3) }).await;
    let new = Match { finding: Some(Finding::New), task: None, ..made(&site, &sample, 4) };
    put(&site, Match { verdict: Verdict::Untracked, tasks: vec![likely("AUTH-2", 119)], ..new }).await;
    let (by, thread) = (Some(sample.members[0].0.id), ThreadId::from_ulid(Ulid::from_parts(9, 5)));
    let id = site.chance.id();
    put(&site, Match { id, thread, number: 5, verdict: Verdict::Dismissed, tasks: Vec::new(), by, ..open }).await;
    let Some(browser) = Browser::start(&site.serve().await).await else { return };
    for (look, width, scheme) in [("light", 1280, "light"), ("dark", 1280, "dark"), ("phone", 390, "light")] {
        browser.look(width, 860, scheme).await;
        browser.goto("/projects").await;
        browser.follow("Decisions").await;
        browser.wait_for("is about AUTH-1 (7.43)").await;
        let overflow = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
        assert_eq!(browser.evaluate(overflow).await, json!(0), "wider than a {look} window");
        browser.screenshot(picture(&format!("decisions-{look}"))).await;
    }
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    browser.close().await;
}
