//! From a pull request to a changed plan with a third party's GitHub: its App, its tokens, its signed webhooks.
//!
//! Where emulate is softer than GitHub, or lacks what it has, the strict fake stands for it (see `github_sync` and
//! `github_client`): it makes no App from a manifest, so that the App is there from the start; it has no
//! `GET /installation/repositories`, so that a repository is heard of by a webhook; it takes a proof of an hour, and a
//! second pull request of one branch.

use std::{net::SocketAddr, time::Duration};

use docket::{
    connect::call::{Access, Tokens},
    domain::{provider::Provider, task::Status, time::Timestamp},
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    app::TestApp,
    binary::client,
    db::{TestDb, for_each_db},
    emulate::{ANA, APP, APP_AT_ANAS, Emulate},
    fake_oauth, github, secrets,
};

for_each_db! {
    a_pull_request_at_emulate_moves_its_task_to_review_and_its_merge_to_done,
}

/// What somebody does at emulate's GitHub.
async fn at_github(emulate: &Emulate, method: Method, path: &str, body: &Value) -> Value {
    let url = format!("{}{path}", emulate.origin("github"));
    let request = client().request(method, url).bearer_auth(ANA);
    let answer = request.header("content-type", "application/json").body(body.to_string()).send().await.unwrap();
    let status = answer.status();
    let text = answer.text().await.unwrap();
    assert!(status.is_success(), "{path}: {status} {text}");
    serde_json::from_str(&text).unwrap()
}

/// Runs jobs until `holds`, as webhooks come when they come.
async fn until(docket: &TestApp<'_>, what: &str, holds: impl AsyncFn() -> bool) {
    for _ in 0..400 {
        docket.run_jobs().await;
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("not in ten seconds: {what}");
}

async fn status(docket: &TestApp<'_>) -> Status {
    let mut tx = docket.db.store.read(docket.app.tenant).await.unwrap();
    let project = tx.project_by_key(&"AUTH".parse().unwrap()).await.unwrap().unwrap();
    tx.task(project.id, docket::domain::task::TaskNumber(1)).await.unwrap().unwrap().fields.status
}

/// Docket with emulate's App, at an address that its webhooks reach.
async fn house<'a>(db: &'a TestDb, emulate: &Emulate, listener: tokio::net::TcpListener) -> TestApp<'a> {
    // Emulate has a clock of its own, by which a proof must not have ended.
    let now = Timestamp::from_millis(i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap());
    db.clock.advance(now.since(db.chance.now()));
    let (app, origin) = (APP.to_string(), emulate.origin("github"));
    let settings = [
        ("GITHUB_URL", origin),
        ("GITHUB_API_URL", origin),
        ("GITHUB_APP_ID", app.as_str()),
        ("GITHUB_CLIENT_ID", "docket-client"),
        ("GITHUB_CLIENT_SECRET", fake_oauth::SECRET),
        ("GITHUB_PRIVATE_KEY", fake_oauth::PEM),
        ("GITHUB_WEBHOOK_SECRET", github::HOOK_SECRET),
    ];
    let docket = TestApp::start_with(db, &settings).await;
    let service = docket.app.router.clone().into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
    docket.slash("U1", "plan Build a user authentication flow").await;
    docket.click("U1", "patch.approve").await;
    let mut tx = db.store.write(docket.app.tenant).await.unwrap();
    let by = tx.members().await.unwrap()[0].id;
    let access = Access {
        realm: APP_AT_ANAS.to_string(),
        name: "ana".to_owned(),
        account: "docket-acme".to_owned(),
        url: format!("{origin}/settings/installations/{APP_AT_ANAS}"),
        // It has ended, so that the first request asks emulate for another one by the App's proof.
        tokens: Tokens { access: "ghs_ended".into(), refresh: None, life: Some(Duration::ZERO), scopes: None },
    };
    docket.app.desk.vault.connect(&mut tx, Provider::GitHub, access, by, None).await.unwrap();
    tx.commit().await.unwrap();
    docket
}

async fn a_pull_request_at_emulate_moves_its_task_to_review_and_its_merge_to_done(db: &TestDb) {
    [fake_oauth::SECRET, github::HOOK_SECRET, ANA].into_iter().for_each(secrets::known);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let hook = format!("http://{}/github/webhooks", listener.local_addr().unwrap());
    let Some(emulate) = Emulate::start_with_app(&hook) else { return };
    let docket = house(db, &emulate, listener).await;

    at_github(&emulate, Method::POST, "/user/repos", &json!({ "name": "web", "auto_init": true })).await;
    until(&docket, "the new repository is known", async || {
        let mut tx = db.store.read(docket.app.tenant).await.unwrap();
        tx.repositories().await.unwrap().iter().any(|found| found.name() == "ana/web")
    })
    .await;
    docket.slash("U1", "link AUTH ana/web").await;

    let pull = json!({ "title": "Sign in", "body": "Fixes AUTH-1.", "head": "auth-1-sign-in", "base": "main" });
    let opened = at_github(&emulate, Method::POST, "/repos/ana/web/pulls", &pull).await;
    let number = &opened["number"];
    until(&docket, "a review is proposed", async || docket.states().await.last() == Some(&"proposed")).await;
    assert_eq!(status(&docket).await, Status::Todo, "nothing moves before somebody says so");
    docket.click("U1", "patch.approve").await;
    assert_eq!(status(&docket).await, Status::InReview);

    let merge = format!("/repos/ana/web/pulls/{number}/merge");
    at_github(&emulate, Method::PUT, &merge, &json!({})).await;
    until(&docket, "the end is proposed", async || docket.states().await.last() == Some(&"proposed")).await;
    docket.click("U1", "patch.approve").await;
    assert_eq!(status(&docket).await, Status::Done);
    assert_eq!(docket.slack.problems(), Vec::<String>::new());
}
