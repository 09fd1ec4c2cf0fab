//! The door for GitHub's webhooks: who is believed, for whom, and what is stored of it.

use std::time::Duration;

use axum::{
    body::{Body, Bytes},
    http::{Request, StatusCode},
};
use docket::{
    domain::{
        connection::ProviderApp,
        ids::TenantId,
        provider::Provider,
        session::{Login, Party},
        tracker::RepositoryId,
    },
    jobs::tidy::tidy,
};
use serde_json::{Value, json};

use crate::support::{
    app::TestApp,
    db::{TestDb, for_each_db},
    github::{HOOK_SECRET, INSTALLATION, Webhook, body, repository, send},
    sample, secrets,
};

for_each_db! {
    a_webhook_is_stored_with_its_job_before_it_is_answered,
    what_github_did_not_sign_is_refused_and_nothing_of_it_is_kept,
    a_webhook_that_comes_again_is_the_same_one,
    what_is_not_known_is_kept_and_ignored,
    what_is_signed_and_unreadable_is_kept_for_inspection,
    of_an_installation_that_nobody_has_nothing_is_kept,
    of_an_installation_that_was_just_disconnected_nothing_is_kept,
    without_an_installation_the_repository_tells_whose_it_is,
    a_tenants_own_app_needs_no_setting_and_speaks_for_nobody_else,
    the_largest_webhook_is_taken_and_a_larger_one_is_not,
    many_large_webhooks_wait_for_their_turn,
    webhooks_are_forgotten_a_week_after_they_were_dealt_with,
    a_person_who_takes_everything_back_is_heard_in_each_tenant_that_knows_them,
}

const OWN_SECRET: &str = "webhook-secret-of-their-own-app";

/// Docket with the operator's secrets, and acme's installation.
async fn open(db: &TestDb) -> TestApp<'_> {
    let docket =
        TestApp::start_with(db, &[("GITHUB_WEBHOOK_SECRET", &format!("old-hook-secret, {HOOK_SECRET}"))]).await;
    connect(db, docket.app.tenant, INSTALLATION).await;
    docket
}

/// Gives a tenant an installation.
async fn connect(db: &TestDb, tenant: TenantId, installation: u64) {
    let mut tx = db.store.write(tenant).await.unwrap();
    let by = tx.members().await.unwrap()[0].id;
    let connection = sample::connection(&db.chance, Provider::GitHub, &installation.to_string(), by);
    tx.put_connection(&connection).await.unwrap();
    tx.commit().await.unwrap();
}

fn push() -> Value {
    let commit = json!({ "id": "c0ffee", "message": "AUTH-1", "url": "https://github.com/acme/web/commit/c0ffee" });
    body(
        "",
        INSTALLATION,
        Some(&repository(700, "acme/web")),
        &json!({ "ref": "refs/heads/main", "commits": [commit] }),
    )
}

async fn kept(db: &TestDb) -> i64 {
    db.count("deliveries WHERE source = 'github'").await
}

async fn outcome(db: &TestDb) -> String {
    db.text("SELECT COALESCE(outcome, '') FROM deliveries WHERE source = 'github' ORDER BY id DESC LIMIT 1").await
}

async fn a_webhook_is_stored_with_its_job_before_it_is_answered(db: &TestDb) {
    let docket = open(db).await;
    let webhook = Webhook::new("push", &push());
    let ack = docket.hook(&webhook).await;
    assert_eq!(ack.status, StatusCode::ACCEPTED, "{}", ack.body);
    assert_eq!(db.count("jobs WHERE kind = 'handle_delivery' AND ordering_key = 'github:700'").await, 1);
    assert!(db.bodies().await.contains(&String::from_utf8(webhook.body()).unwrap()));
    docket.run_jobs().await;
    assert_eq!(outcome(db).await, "recorded");
    assert_eq!(db.count("jobs WHERE kind = 'handle_delivery'").await, 0);
}

async fn what_github_did_not_sign_is_refused_and_nothing_of_it_is_kept(db: &TestDb) {
    let docket = open(db).await;
    let webhook = Webhook::new("push", &push());
    for secret in ["another secret", "", &format!("old-hook-secret, {HOOK_SECRET}")] {
        let ack = docket.hook(&webhook.clone().signed_with(secret)).await;
        assert_eq!(ack.status, StatusCode::UNAUTHORIZED, "{secret}");
        assert!(ack.body.starts_with("the signature is wrong"), "{}", ack.body);
    }
    let mut unsigned = webhook.request();
    unsigned.headers_mut().remove("x-hub-signature-256");
    assert_eq!(send(&docket.app.router, unsigned).await.status, StatusCode::UNAUTHORIZED);
    let mut changed = webhook.request();
    *changed.body_mut() = Body::from("{}");
    changed.headers_mut().remove("content-length");
    assert_eq!(send(&docket.app.router, changed).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(kept(db).await, 0);
    // Both of the operator's secrets are live while one takes the place of the other.
    for secret in ["old-hook-secret", HOOK_SECRET] {
        let ack = docket.hook(&Webhook::new("push", &push()).signed_with(secret)).await;
        assert_eq!(ack.status, StatusCode::ACCEPTED, "{secret}: {}", ack.body);
    }
    assert_eq!(
        docket.hook(&Webhook::new("ping", &json!({ "zen": "Speak like a human." }))).await.status,
        StatusCode::OK
    );
    assert_eq!(kept(db).await, 2);
}

async fn a_webhook_that_comes_again_is_the_same_one(db: &TestDb) {
    let docket = open(db).await;
    let webhook = Webhook::new("push", &push());
    docket.hook(&webhook).await;
    let again = docket.hook(&webhook).await;
    assert_eq!((again.status, again.body.as_str()), (StatusCode::ACCEPTED, "This came before."));
    assert_eq!(kept(db).await, 1);
    // Without an id, or with one that is none, it is known by what it says.
    for odd in [None, Some("../../etc"), Some("")] {
        let nameless = Webhook::new("push", &push()).with_id(odd);
        assert_eq!(docket.hook(&nameless).await.status, StatusCode::ACCEPTED, "{odd:?}");
    }
    assert_eq!(kept(db).await, 2);
}

async fn what_is_not_known_is_kept_and_ignored(db: &TestDb) {
    let docket = open(db).await;
    let web = repository(700, "acme/web");
    for (kind, action) in
        [("star", "created"), ("pull_request", "painted"), ("what-is-this", ""), ("workflow_run", "x")]
    {
        db.clock.advance(Duration::from_secs(1));
        let ack = docket.hook(&Webhook::new(kind, &body(action, INSTALLATION, Some(&web), &json!({})))).await;
        assert_eq!(ack.status, StatusCode::ACCEPTED, "{kind}: {}", ack.body);
        assert_eq!(outcome(db).await, "ignored", "{kind}");
    }
    assert_eq!(kept(db).await, 4);
    assert_eq!(db.count("jobs WHERE kind = 'handle_delivery'").await, 0);
}

async fn what_is_signed_and_unreadable_is_kept_for_inspection(db: &TestDb) {
    let docket = open(db).await;
    let without_number =
        body("opened", INSTALLATION, Some(&repository(700, "acme/web")), &json!({ "pull_request": {} }));
    for (webhook, why) in [
        (Webhook::of_bytes("push", b"{\"ref\":".to_vec()), "it is no JSON (line 1, column 7)"),
        (Webhook::of_bytes("push", vec![0xff, 0xfe]), "it is no JSON (line 1, column 1)"),
        (Webhook::of_bytes("push", b"[]".to_vec()), "it is no JSON object"),
        (Webhook::of_bytes("push", b"payload=%7B%7D".to_vec()), "set the webhook's content type to application/json"),
        (Webhook::new("pull_request", &without_number), "pull_request.number is missing"),
    ] {
        db.clock.advance(Duration::from_secs(1));
        let ack = docket.hook(&webhook).await;
        assert_eq!(ack.status, StatusCode::ACCEPTED, "{why}");
        assert!(ack.body.starts_with("Kept, but it can't be read: "), "{}", ack.body);
        assert!(outcome(db).await.contains(why), "{} is not {why}", outcome(db).await);
    }
    assert_eq!(kept(db).await, 5);
    assert_eq!(db.count("jobs WHERE kind = 'handle_delivery'").await, 0);
}

async fn of_an_installation_that_nobody_has_nothing_is_kept(db: &TestDb) {
    let docket = open(db).await;
    let mut strange = push();
    strange["installation"]["id"] = json!(999);
    let ack = docket.hook(&Webhook::new("push", &strange)).await;
    assert_eq!(ack.status, StatusCode::ACCEPTED);
    assert!(ack.body.starts_with("No team here has connected this organisation"), "{}", ack.body);
    assert_eq!(kept(db).await, 0);
}

async fn of_an_installation_that_was_just_disconnected_nothing_is_kept(db: &TestDb) {
    let docket = open(db).await;
    // The clock stands still: what is remembered for a while is remembered all the time.
    assert_eq!(docket.hook(&Webhook::new("push", &push())).await.body, "Taken.");
    assert_eq!(docket.hook(&Webhook::new("push", &push())).await.body, "Taken.");
    let mut tx = db.store.write(docket.app.tenant).await.unwrap();
    let connection = tx.connections().await.unwrap().into_iter().find(|one| one.provider == Provider::GitHub).unwrap();
    assert!(tx.leave_connection(connection.id).await.unwrap());
    tx.commit().await.unwrap();
    let ack = docket.hook(&Webhook::new("push", &push())).await;
    assert!(ack.body.starts_with("No team here has connected this organisation"), "{}", ack.body);
    assert_eq!(kept(db).await, 2);
    // Nor does another team get what was the first one's, or the first one what is another's.
    let (other, _) = sample::tenant(&db.store, &db.chance).await;
    let mut tx = db.store.write(docket.app.tenant).await.unwrap();
    assert!(tx.remove_connection(connection.id, connection.version).await.unwrap());
    tx.commit().await.unwrap();
    connect(db, other, INSTALLATION).await;
    assert_eq!(docket.hook(&Webhook::new("push", &push())).await.body, "Taken.");
    assert_eq!(db.count(&format!("deliveries WHERE source = 'github' AND tenant_id = '{other}'")).await, 1);
}

async fn without_an_installation_the_repository_tells_whose_it_is(db: &TestDb) {
    let docket = open(db).await;
    let mut bare = push();
    bare.as_object_mut().unwrap().remove("installation");
    assert!(docket.hook(&Webhook::new("push", &bare)).await.body.starts_with("No team here"));
    let knows = async |tenant| {
        let mut tx = db.store.write(tenant).await.unwrap();
        tx.put_repository(&sample::trackers::repository(db.chance.id())).await.unwrap();
        tx.commit().await.unwrap();
    };
    knows(docket.app.tenant).await;
    assert_eq!(docket.hook(&Webhook::new("push", &bare)).await.body, "Taken.");
    assert_eq!(kept(db).await, 1);
    // Two who know it: nobody is guessed.
    let (other, _) = docket.second_tenant().await;
    knows(other).await;
    assert!(docket.hook(&Webhook::new("push", &bare)).await.body.starts_with("No team here"));
    assert_eq!(kept(db).await, 1);
}

/// A tenant's own App, whose webhooks are signed with [`OWN_SECRET`].
async fn own_app(docket: &TestApp<'_>, tenant: TenantId, number: u64) {
    secrets::known(OWN_SECRET);
    let mut tx = docket.db.store.write(tenant).await.unwrap();
    let by = tx.members().await.unwrap()[0].id;
    let hook_secret = Some(docket.app.desk.vault.seal_app(tenant, "hook", &OWN_SECRET.into()).unwrap());
    tx.put_provider_app(&ProviderApp { number, hook_secret, ..sample::provider_app(by) }).await.unwrap();
    tx.commit().await.unwrap();
}

async fn a_tenants_own_app_needs_no_setting_and_speaks_for_nobody_else(db: &TestDb) {
    let docket = TestApp::start(db).await;
    connect(db, docket.app.tenant, INSTALLATION).await;
    let (other, _) = docket.second_tenant().await;
    connect(db, other, 502).await;
    own_app(&docket, other, 42).await;
    let own = |installation: u64| {
        let mut push = push();
        push["installation"]["id"] = json!(installation);
        Webhook::new("push", &push).signed_with(OWN_SECRET)
    };
    let of = async |tenant: TenantId| {
        db.count(&format!("deliveries WHERE source = 'github' AND tenant_id = '{tenant}'")).await
    };
    // Its webhooks say which App they are of; one that does not is looked up by its installation.
    for webhook in [own(502).of_app(42), own(502)] {
        let ack = docket.hook(&webhook).await;
        assert_eq!((ack.status, ack.body.as_str()), (StatusCode::ACCEPTED, "Taken."));
    }
    assert_eq!(of(other).await, 2);
    // Whoever looks after that App knows its secret, and may write whatever they like.
    let ack = docket.hook(&own(INSTALLATION).of_app(42)).await;
    assert_eq!(ack.status, StatusCode::FORBIDDEN, "{}", ack.body);
    for (webhook, what) in [
        (own(INSTALLATION), "an installation that is another's"),
        (own(502).of_app(43), "an App that nobody has"),
        (own(502).signed_with("not its secret").of_app(42), "another secret"),
        (own(502).signed_with(HOOK_SECRET), "the operator's, which is not set"),
    ] {
        assert_eq!(docket.hook(&webhook).await.status, StatusCode::UNAUTHORIZED, "{what}");
    }
    let unreadable = Webhook::of_bytes("push", b"{".to_vec()).signed_with(OWN_SECRET).of_app(42);
    assert_eq!(docket.hook(&unreadable).await.status, StatusCode::ACCEPTED);
    assert_eq!((of(other).await, of(docket.app.tenant).await), (3, 0));
}

/// A webhook of about this many bytes.
fn large(bytes: usize) -> Webhook {
    let mut push = push();
    push["padding"] = json!("x".repeat(bytes - push.to_string().len() - "\"padding\":\"\",".len()));
    let webhook = Webhook::new("push", &push);
    assert_eq!(webhook.body().len(), bytes);
    webhook
}

const MIB: usize = 1024 * 1024;

async fn the_largest_webhook_is_taken_and_a_larger_one_is_not(db: &TestDb) {
    let docket = open(db).await;
    let ack = docket.hook(&large(25 * MIB)).await;
    assert_eq!((ack.status, ack.body.as_str()), (StatusCode::ACCEPTED, "Taken."));
    let ack = docket.hook(&large(25 * MIB + 1)).await;
    assert_eq!(ack.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(ack.body, "the body is larger than 25 MiB");
    // Whatever its sender says of its length.
    let mut silent = large(25 * MIB + 1).request();
    silent.headers_mut().remove("content-length");
    assert_eq!(send(&docket.app.router, silent).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(kept(db).await, 1);
}

async fn many_large_webhooks_wait_for_their_turn(db: &TestDb) {
    let docket = open(db).await;
    let body = Bytes::from(vec![b'x'; 20 * MIB]);
    let sends = (0..6).map(|_| {
        let request = Request::post("/github/webhooks").header("content-length", body.len());
        let request = request.header("x-hub-signature-256", "sha256=00").body(Body::from(body.clone())).unwrap();
        send(&docket.app.router, request)
    });
    for ack in futures_util::future::join_all(sends).await {
        assert_eq!(ack.status, StatusCode::UNAUTHORIZED, "{}", ack.body);
    }
}

async fn webhooks_are_forgotten_a_week_after_they_were_dealt_with(db: &TestDb) {
    let docket = open(db).await;
    docket.slash("U1", "list").await;
    docket.hook(&Webhook::new("push", &push())).await;
    docket.run_jobs().await;
    docket.hook(&Webhook::new("star", &body("created", INSTALLATION, None, &json!({})))).await;
    db.clock.advance(Duration::from_hours(7 * 24));
    assert_eq!(tidy(&db.store, &db.chance).await.unwrap().webhooks, 0);
    // One that waits is not forgotten, however old it is.
    docket.hook(&Webhook::new("push", &push())).await;
    db.clock.advance(Duration::from_hours(8 * 24));
    let forgotten = tidy(&db.store, &db.chance).await.unwrap();
    // What people asked was kept for as long as somebody might look into it.
    assert_eq!((forgotten.webhooks, forgotten.requests), (2, 1));
    assert_eq!((kept(db).await, db.count("deliveries").await), (1, 1));
}

async fn a_person_who_takes_everything_back_is_heard_in_each_tenant_that_knows_them(db: &TestDb) {
    let docket = open(db).await;
    let (other, _) = docket.second_tenant().await;
    for tenant in [docket.app.tenant, other] {
        let mut tx = db.store.write(tenant).await.unwrap();
        let member = tx.members().await.unwrap()[0].id;
        let (realm, subject) = ("https://github.com".to_owned(), "11".to_owned());
        let (party, name) = (Party::GitHub, "ana-gh".to_owned());
        tx.put_login(&Login { party, realm, subject, member, name, linked_at: db.chance.now() }).await.unwrap();
        tx.commit().await.unwrap();
    }
    let revoked = |id: u64| json!({ "action": "revoked", "sender": { "id": id, "login": "ana-gh", "type": "User" } });
    assert_eq!(docket.hook(&Webhook::new("github_app_authorization", &revoked(11))).await.body, "Taken.");
    assert_eq!(kept(db).await, 2);
    assert!(
        docket.hook(&Webhook::new("github_app_authorization", &revoked(12))).await.body.starts_with("No team here")
    );
    assert!(db.store.tenants_of_repository(RepositoryId(700)).await.unwrap().is_empty());
}
