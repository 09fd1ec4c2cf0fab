//! More comes in than can be stored: webhooks are refused, with words and in time, before anything that somebody waits for.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
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
use tempfile::TempDir;
use tokio::{task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::support::{
    app::TestApp,
    binary::{Binary, Settings, client},
    db::{TestDb, for_each_db, on_postgres, on_sqlite},
    github::{HOOK_SECRET, INSTALLATION, Webhook, body, repository},
    sample,
};

for_each_db!(
    webhooks_are_refused_before_commands_and_everything_that_was_taken_is_stored,
    what_comes_in_for_a_tenant_that_is_gone_refuses_nothing_else,
    a_program_that_refuses_webhooks_says_so_until_it_can_store_them_again,
);

/// In which whatever is started gets as far as it can.
const MOMENT: Duration = Duration::from_millis(100);
/// In which it gets there on a busy machine too, and in which nobody gives up yet.
const LONG: Duration = Duration::from_secs(5);
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
    let intake = Intake::start(db.store.clone());
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

/// Slack sends a command once: that the connections were lost a moment ago is no reason to refuse it.
#[tokio::test(flavor = "multi_thread")]
async fn a_command_outlives_the_connections_of_the_store() {
    on_postgres(async |db| {
        let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
        let intake = Intake::start(db.store.clone());
        let lock = db.lock().await;
        let (coming, delivery) = (intake.clone(), sample::delivery(&db.chance, tenant, "a"));
        let accepted = tokio::spawn(async move { coming.accept(delivery).await });
        tokio::time::sleep(MOMENT).await;
        let ended = db
            .rows::<(bool,)>(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                 WHERE datname = current_database() AND application_name = 'docket'",
            )
            .await;
        assert!(!ended.is_empty());
        drop(lock);
        assert_eq!(accepted.await.unwrap().unwrap(), Accepted::New);
        intake.shutdown().await;
    })
    .await;
}

/// Sends a webhook that is kept for inspection, and so stored like any other; its answer is a status.
async fn hook(client: reqwest::Client, base: String) -> reqwest::Result<u16> {
    let webhook = Webhook::of_bytes("push", b"{".to_vec());
    let mut request = client.post(format!("{base}/github/webhooks")).body(webhook.body());
    for (name, value) in webhook.headers() {
        request = request.header(name, value);
    }
    Ok(request.send().await?.status().as_u16())
}

/// Waits until `/readyz` says this, or that all is well.
async fn until_ready_or(program: &Binary, trouble: Option<&str>) {
    let began = Instant::now();
    loop {
        let told = program.trouble().await;
        let is_it = match (trouble, &told) {
            (Some(wanted), Some(told)) => told.contains(wanted),
            (wanted, told) => wanted.is_none() && told.is_none(),
        };
        if is_it {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "not {trouble:?} but {told:?}");
        tokio::time::sleep(MOMENT).await;
    }
}

async fn a_program_that_refuses_webhooks_says_so_until_it_can_store_them_again(db: &TestDb) {
    // Each of them has a connection of its own.
    rlimit::increase_nofile_limit(20_000).unwrap();
    let (folder, client) = (TempDir::new().unwrap(), client());
    let settings = Settings::new(&db.url, folder.path()).with("GITHUB_WEBHOOK_SECRET", HOOK_SECRET);
    let program = Binary::start(&settings).await;
    let lock = db.lock().await;
    let mut webhooks = JoinSet::new();
    for _ in 0..TOO_MANY {
        webhooks.spawn(hook(client.clone(), program.base.clone()));
    }
    until_ready_or(&program, Some("\"intake\":\"more comes in than can be stored")).await;
    drop(lock);
    let answers: Vec<u16> = webhooks.join_all().await.into_iter().flatten().collect();
    assert!(answers.iter().all(|status| matches!(status, 202 | 503)), "{answers:?}");
    let taken = answers.iter().filter(|status| **status == 202).count();
    assert!(taken < answers.len(), "nobody was refused");
    // Whoever was not answered in time may be stored as well.
    assert!(db.count("deliveries WHERE source = 'github'").await >= i64::try_from(taken).unwrap());
    until_ready_or(&program, None).await;
    assert_eq!(hook(client, program.base.clone()).await.unwrap(), 202);
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

/// PostgreSQL has few connections, for which all of them wait in a row.
#[tokio::test]
async fn whoever_is_waited_for_finds_a_connection_however_much_is_done_behind() {
    on_postgres(async |db: &TestDb| {
        let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
        let done = CancellationToken::new();
        let mut behind = JoinSet::new();
        for _ in 0..20 {
            let (store, done) = (db.store.clone(), done.clone());
            behind.spawn(behind_others(async move {
                let mut tx = store.read(tenant).await.unwrap();
                // In the middle of something it does not wait for another turn.
                let members = store.read(tenant).await.unwrap().members().await.unwrap();
                done.cancelled().await;
                assert_eq!(tx.members().await.unwrap().len(), members.len());
            }));
        }
        tokio::time::sleep(MOMENT).await;
        timeout(LONG, db.store.write(tenant)).await.expect("a connection is free").unwrap();
        done.cancel();
        behind.join_all().await;
    })
    .await;
}
