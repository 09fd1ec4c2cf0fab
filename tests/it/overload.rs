//! More comes in than can be stored: webhooks are refused, with words and in time, before anything that somebody waits for.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    body::to_bytes,
    http::{StatusCode, header::RETRY_AFTER},
};
use docket::{
    domain::provider::Provider,
    ingest::intake::{Intake, IntakeError},
    store::{Accepted, behind_others},
};
use serde_json::json;
use tokio::task::JoinSet;
use tower::ServiceExt as _;

use crate::support::{
    app::TestApp,
    db::{TestDb, for_each_db, on_sqlite},
    github::{HOOK_SECRET, INSTALLATION, Webhook, body, repository},
    sample,
};

for_each_db!(
    webhooks_are_refused_before_commands_and_everything_that_was_taken_is_stored,
    what_comes_in_for_a_tenant_that_is_gone_refuses_nothing_else,
);

/// In which whatever is started gets as far as it can.
const MOMENT: Duration = Duration::from_millis(100);
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
    tokio::time::sleep(MOMENT).await;
    assert!(!command.is_finished());
    drop(lock);
    assert_eq!(command.await.unwrap().unwrap().status(), StatusCode::OK);
    let rest = webhooks.join_all().await;
    let taken = rest.iter().filter(|answer| answer.status() == StatusCode::ACCEPTED).count();
    assert_eq!(db.count("deliveries WHERE source = 'github'").await, i64::try_from(taken).unwrap());
    assert!((1_024..TOO_MANY).contains(&taken), "{taken} were taken");
    assert_eq!(db.count("deliveries WHERE source = 'slack.command'").await, 1);
}

async fn what_comes_in_for_a_tenant_that_is_gone_refuses_nothing_else(db: &TestDb) {
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    let intake = Intake::start(db.store.clone(), db.chance.clone());
    let lock = db.lock().await;
    let comes = |delivery| {
        let intake = intake.clone();
        tokio::spawn(async move { intake.accept(delivery).await })
    };
    let first = comes(sample::delivery(&db.chance, tenant, "first"));
    tokio::time::sleep(MOMENT).await;
    // These wait together, and are stored together.
    let before = comes(sample::delivery(&db.chance, tenant, "before"));
    let orphan = comes(sample::delivery(&db.chance, db.chance.id(), "orphan"));
    let after = comes(sample::delivery(&db.chance, tenant, "after"));
    tokio::time::sleep(MOMENT).await;
    drop(lock);
    for fine in [first, before, after] {
        assert_eq!(fine.await.unwrap().unwrap(), Accepted::New);
    }
    assert!(matches!(orphan.await.unwrap(), Err(IntakeError::Store(_))));
    assert_eq!(db.count("deliveries").await, 3);
    assert!(!intake.is_full());
}

/// SQLite has one writer, for whom all of them wait in a row.
#[tokio::test]
async fn whoever_is_waited_for_lets_one_go_first_of_those_who_come_behind() {
    on_sqlite(async |db: &TestDb| {
        let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
        let order = Arc::new(Mutex::new(Vec::new()));
        let write = |who| {
            let (store, order) = (db.store.clone(), Arc::clone(&order));
            async move {
                let _tx = store.write(tenant).await.unwrap();
                order.lock().unwrap().push(who);
            }
        };
        let held = db.store.write(tenant).await.unwrap();
        let mut waiting = JoinSet::new();
        for _ in 0..5 {
            waiting.spawn(behind_others(write("behind")));
        }
        tokio::time::sleep(MOMENT).await;
        waiting.spawn(write("awaited"));
        tokio::time::sleep(MOMENT).await;
        drop(held);
        waiting.join_all().await;
        let order = order.lock().unwrap().clone();
        assert_eq!(order, ["behind", "awaited", "behind", "behind", "behind", "behind"]);
    })
    .await;
}
