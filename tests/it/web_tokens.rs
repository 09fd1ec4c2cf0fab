//! The page of API tokens: made, shown once, used, taken back.

use std::process::Command;

use axum::http::header;
use docket::domain::{
    member::{Member, Role},
    token::Scope,
};

use crate::{
    browser::picture,
    support::{
        api::Program,
        app::TestApp,
        browser::Browser,
        db::{TestDb, for_each_db},
        site::{Page, Site},
    },
};

for_each_db!(
    a_token_is_made_on_the_page_shown_once_used_and_revoked,
    a_form_that_lacks_something_makes_no_token_and_says_why,
    people_see_and_revoke_their_own_tokens_and_who_looks_after_them_everybodys,
);

/// The token that a page shows.
fn shown(page: &Page) -> Option<String> {
    let start = page.body.find("docket_")?;
    Some(page.body[start..].chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect())
}

async fn a_token_is_made_on_the_page_shown_once_used_and_revoked(db: &TestDb) {
    let site = Site::over(db).await;
    assert!(site.get("/tokens").await.body.contains("There is no token yet"));
    let page = site.post_form("/tokens", "name=nightly+%3Cb%3Ereport&read=on&days=30").await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert_eq!(page.header(header::CACHE_CONTROL), "no-store");
    let token = shown(&page).unwrap();
    assert_eq!(token.len(), "docket_".len() + 43);
    assert!(page.body.contains("nightly &#60;b&#62;report") && page.body.contains("never used"), "{}", page.body);
    let again = site.get("/tokens").await;
    assert!(shown(&again).is_none() && again.body.contains("nightly"), "{}", again.body);

    let program = Program { router: site.router(), token: Some(token.clone()) };
    let me = program.get("/me").await.ok();
    assert_eq!((&me["member"]["name"], &me["token"]["scopes"]), (&"Local owner".into(), &serde_json::json!(["read"])));
    assert!(site.get("/tokens").await.body.contains("last used"));
    let stored = site.store.read(site.tenant).await.unwrap().tokens().await.unwrap().remove(0);
    assert_eq!(stored.expires_at.unwrap().since(stored.created_at).as_secs(), 30 * 24 * 60 * 60);

    let revoked = site.post_form("/tokens/revoke", &format!("token={}", stored.id)).await;
    assert_eq!((revoked.status.as_u16(), revoked.header(header::LOCATION)), (303, "/tokens"));
    assert_eq!(program.get("/me").await.problem(401).0, "unauthorized");
    assert_eq!(site.post_form("/tokens/revoke", &format!("token={}", stored.id)).await.status, 404);
    let trail = site.store.read(site.tenant).await.unwrap().audit_of(&stored.id.to_string(), 9).await.unwrap();
    let actions: Vec<_> = trail.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["token.revoked", "token.made"]);
    assert!(!db.everything().await.contains(token.strip_prefix("docket_").unwrap()));
}

async fn a_form_that_lacks_something_makes_no_token_and_says_why(db: &TestDb) {
    let site = Site::over(db).await;
    let long = format!("name={}&read=on&days=30", "x".repeat(61));
    for (form, says) in [
        ("name=&read=on&days=30", "a name of 1 to 60"),
        (long.as_str(), "a name of 1 to 60"),
        ("name=CI&days=30", "at least one thing"),
        ("name=CI&read=on&days=31", "how long"),
        ("name=CI&read=on&days=", "how long"),
    ] {
        let page = site.post_form("/tokens", form).await;
        assert_eq!(page.status, 422, "{form}");
        assert!(page.body.contains(says) && shown(&page).is_none(), "{form}: {}", page.body);
    }
    assert!(site.post_form("/tokens", "name=CI&days=30").await.body.contains("value=\"CI\""), "the name is typed once");
    for _ in 0..50 {
        assert_eq!(site.post_form("/tokens", "name=CI&read=on&propose=on&decide=on&days=never").await.status, 200);
    }
    assert!(site.post_form("/tokens", "name=CI&read=on&days=30").await.body.contains("You have 50 tokens"));
    let tokens = site.store.read(site.tenant).await.unwrap().tokens().await.unwrap();
    assert!(tokens.len() == 50 && tokens[0].scopes.len() == Scope::ALL.len() && tokens[0].expires_at.is_none());
}

async fn people_see_and_revoke_their_own_tokens_and_who_looks_after_them_everybodys(db: &TestDb) {
    let (site, sample) = Site::over_sample(db).await;
    let ana = sample.members[0].0.id;
    Program::of(site.router(), &site.store, &site.chance, site.tenant, ana).await;
    site.post_form("/tokens", "name=mine&read=on&days=90").await;
    // The local owner looks after everybody's.
    let page = site.get("/tokens").await.body;
    assert!(page.contains("of <bdi>Ana</bdi>") && page.contains("mine"), "{page}");
    let tokens = site.store.read(site.tenant).await.unwrap().tokens().await.unwrap();
    let of_ana = tokens.iter().find(|token| token.member == ana).unwrap().id;
    // As a mere member, only one's own.
    let mut tx = site.store.write(site.tenant).await.unwrap();
    let owner = tx.member(site.owner).await.unwrap().unwrap();
    let identity = tx.identities(site.owner).await.unwrap().remove(0);
    tx.put_member(&Member { role: Role::Member, ..owner.clone() }, &identity).await.unwrap();
    tx.commit().await.unwrap();
    let page = site.get("/tokens").await.body;
    assert!(!page.contains("Ana") && page.contains("mine"), "{page}");
    assert_eq!(site.post_form("/tokens/revoke", &format!("token={of_ana}")).await.status, 404);
    // Nor does another tenant see or revoke any.
    let other = site.of_new_tenant().await;
    assert!(other.get("/tokens").await.body.contains("There is no token yet"));
    assert_eq!(other.post_form("/tokens/revoke", &format!("token={of_ana}")).await.status, 404);
    assert_eq!(other.post_form("/tokens/revoke", "token=x").await.status, 404);
    assert_eq!(site.store.read(site.tenant).await.unwrap().tokens().await.unwrap().len(), 2);
    let mut tx = site.store.write(site.tenant).await.unwrap();
    tx.put_member(&owner, &identity).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(site.post_form("/tokens/revoke", &format!("token={of_ana}")).await.status, 303);
}

/// The lines of README's section on the API that a shell runs.
fn readme() -> Vec<String> {
    let text = include_str!("../../README.md");
    let section = text.split("\n## API\n").nth(1).unwrap().split("\n## ").next().unwrap();
    section.split("```sh\n").skip(1).map(|block| block.split("```").next().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_readme_works_word_for_word() {
    if Command::new("curl").arg("--version").output().is_err() {
        return crate::support::peers::missing("the README's lines were not run: there is no curl");
    }
    let db = TestDb::in_file().await;
    let docket = TestApp::start(&db).await;
    let owner = db.store.local_owner(docket.app.tenant).await.unwrap().unwrap().id;
    let router = docket.app.router.clone();
    let program = Program::of(router.clone(), &db.store, &db.chance, docket.app.tenant, owner).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let [export, lines] = &readme()[..] else { panic!("{:?}", readme()) };
    let export = export.replace("http://127.0.0.1:8080", &address);
    let export = export.replace("docket_…", program.token.as_ref().unwrap());
    let script = format!("set -e\n{export}\n{lines}");
    let ran = tokio::task::spawn_blocking(move || Command::new("sh").arg("-c").arg(script).output().unwrap());
    let ran = ran.await.unwrap();
    let said = String::from_utf8(ran.stdout).unwrap();
    assert!(ran.status.success() && said.contains("P-1 is applied. DOCS is at revision 1"), "{said}");
    let titles: Vec<_> = program.all("/tasks", 9).await.iter().map(|task| task["title"].clone()).collect();
    assert_eq!(titles, ["Collect the questions", "Answer them"]);
    db.store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_browser_a_token_is_made_and_the_documentation_read() {
    let (site, _) = Site::with_sample().await;
    let Some(browser) = Browser::start(&site.serve().await).await else { return };
    let looks = [("light", 1280, "light"), ("dark", 1280, "dark"), ("phone", 390, "light")];
    let fits = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
    for (look, width, scheme) in looks {
        browser.look(width, 1_400, scheme).await;
        browser.goto("/tokens").await;
        browser.evaluate("document.querySelector('#name').value = 'nightly report'").await;
        browser.evaluate("document.querySelector('#scope-propose').click()").await;
        browser.press("Make the token").await;
        browser.wait_for("Copy the token nightly report now").await;
        assert_eq!(browser.evaluate(fits).await, 0, "a {look} window is too narrow for a token");
        browser.screenshot(picture(&format!("tokens-{look}"))).await;
        let token = browser.text_of("#made").await;
        let program = Program { router: site.router(), token: Some(token.trim().to_owned()) };
        assert_eq!(program.get("/me").await.ok()["token"]["scopes"], serde_json::json!(["read", "propose"]));
        browser.goto("/api/docs").await;
        browser.evaluate("document.querySelectorAll('#propose_patch details, #Operation, #CreateTask').forEach(d => d.open = true)").await;
        browser.evaluate("document.querySelector('#Operation').open = true").await;
        assert_eq!(browser.evaluate(fits).await, 0, "a {look} window is too narrow for the documentation");
        browser.screenshot(picture(&format!("docs-{look}"))).await;
        browser.evaluate("document.querySelector('#propose_patch').scrollIntoView()").await;
        browser.screenshot(picture(&format!("docs-operation-{look}"))).await;
        browser.evaluate("document.querySelector('#Operation').scrollIntoView()").await;
        browser.screenshot(picture(&format!("docs-shapes-{look}"))).await;
    }
    browser.goto("/tokens").await;
    browser.press("Revoke").await;
    browser.wait_for("Make a token").await;
    assert_eq!(site.store.read(site.tenant).await.unwrap().tokens().await.unwrap().len(), 2);
    assert_eq!(browser.complaints().await, [""; 0]);
    browser.close().await;
}
