//! More comes in than can be stored: webhooks are refused, with words and in time, before anything that somebody waits for.

use axum::{
    body::to_bytes,
    http::{StatusCode, header::RETRY_AFTER},
};
use docket::domain::provider::Provider;
use serde_json::json;
use tokio::task::JoinSet;
use tower::ServiceExt as _;

use crate::support::{
    app::TestApp,
    db::{TestDb, for_each_db},
    github::{HOOK_SECRET, INSTALLATION, Webhook, body, repository},
    sample,
};

for_each_db!(webhooks_are_refused_before_commands_and_everything_that_was_taken_is_stored);

/// More than wait in the queue and in the group that is being stored.
const TOO_MANY: usize = 1_300;

async fn webhooks_are_refused_before_commands_and_everything_that_was_taken_is_stored(db: &TestDb) {
    let docket = TestApp::start_with(db, &[("GITHUB_WEBHOOK_SECRET", HOOK_SECRET)]).await;
    let mut tx = db.store.write(docket.app.tenant).await.unwrap();
    let by = tx.members().await.unwrap()[0].id;
    let connection = sample::connection(&db.chance, Provider::GitHub, &INSTALLATION.to_string(), by);
    tx.put_connection(&connection).await.unwrap();
    tx.commit().await.unwrap();
    let opened = body("opened", INSTALLATION, Some(&repository(700, "acme/web")), &json!({}));

    let lock = db.lock().await;
    let mut webhooks = JoinSet::new();
    for _ in 0..TOO_MANY {
        let (router, request) = (docket.app.router.clone(), Webhook::new("watch", &opened).request());
        webhooks.spawn(async move { router.oneshot(request).await.unwrap() });
    }
    let refused = webhooks.join_next().await.unwrap().unwrap();
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    let seconds: u64 = refused.headers()[RETRY_AFTER].to_str().unwrap().parse().unwrap();
    assert!((1..=10).contains(&seconds), "{seconds}");
    let words = to_bytes(refused.into_body(), 1_000).await.unwrap();
    assert!(String::from_utf8_lossy(&words).contains("send it again"), "{words:?}");
    assert!(docket.app.intake.is_full());

    let (ana, now) = (docket.user("U1"), db.chance.now());
    let command =
        tokio::spawn(docket.app.router.clone().oneshot(ana.slash("plan Build the import", now).into_request()));
    // It waits behind the lock with what was taken.
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    assert!(!command.is_finished());
    drop(lock);
    assert_eq!(command.await.unwrap().unwrap().status(), StatusCode::OK);
    let rest = webhooks.join_all().await;
    let taken = rest.iter().filter(|answer| answer.status() == StatusCode::ACCEPTED).count();
    assert_eq!(db.count("deliveries WHERE source = 'github'").await, i64::try_from(taken).unwrap());
    assert!((1_024..TOO_MANY).contains(&taken), "{taken} were taken");
    assert_eq!(db.count("deliveries WHERE source = 'slack.command'").await, 1);
}
