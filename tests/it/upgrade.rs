//! A new version comes to a database of the one before.
//!
//! There is only one version here. Of the old one beside the new one it is tested that it goes on where something was added
//! that it does not know; that it refuses to start again there, `store_schema` shows by its words. That nothing else is ever
//! changed is a rule of `migrations/README.md`.

use docket::{
    clock::Chance,
    domain::{
        ids::{DeliveryId, TenantId},
        job::Job,
    },
};
use futures_util::future::join_all;
use tempfile::TempDir;

use crate::support::{
    binary::{Binary, Settings, client},
    db::{TestDb, for_each_db},
    sample::acme,
    sound,
};

for_each_db! {
    a_new_version_migrates_what_is_there_and_goes_on_with_it,
    whoever_serves_goes_on_while_a_newer_version_takes_over,
}

/// What was acknowledged, once it is handled.
const HANDLED: &str = "deliveries WHERE dedupe_key = 'acknowledged before' AND handled_at IS NOT NULL";

/// What a person would see of a tenant.
async fn contents(db: &TestDb, tenant: TenantId) -> String {
    let mut tx = db.store.read(tenant).await.unwrap();
    let mut plans = Vec::new();
    for project in tx.projects().await.unwrap() {
        plans.push(tx.plan(project.id).await.unwrap());
    }
    let patches = tx.recent_patches(1_000).await.unwrap();
    let trail = tx.audit_page(None, None, 1_000).await.unwrap();
    format!("{plans:?} {patches:?} {trail:?} {:?}", tx.members().await.unwrap())
}

async fn a_new_version_migrates_what_is_there_and_goes_on_with_it(db: &TestDb) {
    let db = &db.at_the_schema_before().await;
    let why = db.store.check().await.unwrap_err().to_string();
    assert!(why.contains("lacks 1 migrations"), "{why}");

    // What the version before left: plans, people, and a delivery that was acknowledged and not handled. Where this version
    // stores something else than that one did, it is written here by hand.
    let chance = Chance::system();
    let tenant = db.store.create_tenant("Acme", &chance).await.unwrap();
    acme::sample(&chance).write(&db.store, tenant).await;
    acknowledge(db, tenant).await;
    let before = contents(db, tenant).await;

    // Where several may serve, several come at once.
    let programs = if db.store.engine() == "postgres" { 3 } else { 1 };
    let folders: Vec<TempDir> = (0..programs).map(|_| TempDir::new().unwrap()).collect();
    let settings: Vec<Settings> = folders.iter().map(|folder| Settings::new(&db.url, folder.path())).collect();
    let running = join_all(settings.iter().map(Binary::start)).await;

    db.store.check().await.unwrap();
    sound::settled(db).await;
    assert_eq!(db.count(HANDLED).await, 1);
    assert_eq!(contents(db, tenant).await, before);
    for program in running {
        assert!(program.terminate().1);
    }
}

async fn whoever_serves_goes_on_while_a_newer_version_takes_over(db: &TestDb) {
    let tenant = db.store.create_tenant("Acme", &Chance::system()).await.unwrap();
    let folder = TempDir::new().unwrap();
    let program = Binary::start(&Settings::new(&db.url, folder.path())).await;
    for sql in [
        "ALTER TABLE deliveries ADD COLUMN mood TEXT",
        "INSERT INTO _sqlx_migrations (version, description, installed_on, success, checksum, execution_time) \
         SELECT max(version) + 1, 'later', max(installed_on), true, 'x', 0 FROM _sqlx_migrations",
    ] {
        db.raw(sql).await.unwrap();
    }

    acknowledge(db, tenant).await;
    sound::settled(db).await;
    assert_eq!(db.count(HANDLED).await, 1);
    let answer = client().get(format!("{}/readyz", program.base)).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    assert!(program.terminate().1);
}

/// Stores a delivery with its job as any version does, for whoever serves.
async fn acknowledge(db: &TestDb, tenant: TenantId) {
    let chance = Chance::system();
    let delivery: DeliveryId = chance.id();
    let sql = "INSERT INTO deliveries (id, tenant_id, source, dedupe_key, body, received_at)";
    db.raw(&format!("{sql} VALUES ('{delivery}', '{tenant}', 'console', 'acknowledged before', '?', 1)"))
        .await
        .unwrap();
    let mut tx = db.store.write(tenant).await.unwrap();
    assert!(tx.enqueue(chance.id(), &Job::HandleDelivery { delivery }.due(chance.now())).await.unwrap());
    tx.commit().await.unwrap();
}
