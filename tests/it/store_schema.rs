//! Opening, migrating, locking, and telling of changes.

use std::time::Duration;

use docket::store::{ServeLock, Store};
use tempfile::TempDir;

use crate::support::{
    db::{TestDb, for_each_db, on_postgres, on_sqlite},
    sample,
};

for_each_db! {
    a_migrated_database_is_ready_and_can_be_migrated_again,
    a_database_of_a_newer_version_is_refused,
    a_commit_tells_every_process_that_shares_the_database,
    a_reader_sees_one_instant_and_cannot_write,
}

#[tokio::test]
async fn both_engines_have_the_same_tables_and_columns() {
    let (mut sqlite, mut postgres) = (Vec::new(), None);
    on_sqlite(async |db: &TestDb| sqlite = db.columns().await).await;
    on_postgres(async |db: &TestDb| postgres = Some(db.columns().await)).await;
    assert!(sqlite.len() > 100, "{sqlite:?}");
    if let Some(postgres) = postgres {
        assert_eq!(sqlite, postgres);
    }
}

async fn a_migrated_database_is_ready_and_can_be_migrated_again(db: &TestDb) {
    db.store.check().await.unwrap();
    db.store.migrate().await.unwrap();
    db.store.check().await.unwrap();
}

async fn a_database_of_a_newer_version_is_refused(db: &TestDb) {
    db.raw("UPDATE _sqlx_migrations SET version = version + 1000 WHERE version = (SELECT max(version) FROM _sqlx_migrations)")
        .await
        .unwrap();
    let error = db.store.check().await.unwrap_err().to_string();
    assert_eq!(error, "the database lacks 1 migrations: run `docket migrate`");
    db.raw("UPDATE _sqlx_migrations SET version = version - 1000 WHERE version = (SELECT max(version) FROM _sqlx_migrations)")
        .await
        .unwrap();
    db.raw(
        "INSERT INTO _sqlx_migrations (version, description, installed_on, success, checksum, execution_time) \
         SELECT max(version) + 1, 'later', max(installed_on), true, 'x', 0 FROM _sqlx_migrations",
    )
    .await
    .unwrap();
    let error = db.store.check().await.unwrap_err().to_string();
    assert!(error.contains("was migrated by a newer Docket"), "{error}");
    db.store.migrate().await.unwrap_err();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_new_file_is_made_with_its_folder_and_migrated_by_many_at_once() {
    let folder = TempDir::new().unwrap();
    let url = format!("sqlite://{}", folder.path().join("some/where/docket.db").display());
    let store = Store::open(&url).await.unwrap();
    let error = store.check().await.unwrap_err().to_string();
    assert_eq!(error, "the database lacks 30 migrations: run `docket migrate`");
    let mut migrating = Vec::new();
    for _ in 0..6 {
        let url = url.clone();
        migrating.push(tokio::spawn(async move {
            let store = Store::open(&url).await.unwrap();
            store.migrate().await.unwrap();
            store.close().await;
        }));
    }
    for migration in migrating {
        migration.await.unwrap();
    }
    store.check().await.unwrap();
    store.close().await;
}

async fn a_commit_tells_every_process_that_shares_the_database(db: &TestDb) {
    let other = db.another().await;
    let (mut here, mut there) = (db.store.changes(), other.changes());
    if db.store.engine() == "postgres" {
        // The other one listens once it is connected; until then nothing can reach it.
        let heard = async {
            loop {
                sample::tenant(&db.store, &db.chance).await;
                if tokio::time::timeout(Duration::from_millis(200), there.changed()).await.is_ok() {
                    break;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), heard).await.expect("the other process hears of it");
    } else {
        sample::tenant(&db.store, &db.chance).await;
    }
    assert!(here.has_changed().unwrap());
    here.mark_unchanged();

    // Neither reading nor rolling back is a change. On PostgreSQL echoes of the above may still arrive.
    if db.store.engine() == "sqlite" {
        let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
        here.mark_unchanged();
        db.store.read(tenant).await.unwrap().commit().await.unwrap();
        let mut tx = db.store.write(tenant).await.unwrap();
        tx.next_patch_code().await.unwrap();
        drop(tx);
        db.store.write(tenant).await.unwrap().commit().await.unwrap();
        assert!(!here.has_changed().unwrap());
    }

    // A command tells even where it ends at once: the server shall not find out only when it looks again.
    if db.store.engine() == "postgres" {
        let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
        for _ in 0..5 {
            tokio::time::sleep(Duration::from_millis(200)).await;
            there.mark_unchanged();
            let command = db.another().await;
            let mut tx = command.write(tenant).await.unwrap();
            tx.enqueue(db.chance.id(), &sample::job(&db.chance)).await.unwrap();
            tx.commit().await.unwrap();
            command.close().await;
            tokio::time::timeout(Duration::from_secs(5), there.changed())
                .await
                .expect("the server hears of it")
                .unwrap();
        }
    }
    other.close().await;
}

async fn a_reader_sees_one_instant_and_cannot_write(db: &TestDb) {
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    let mut reader = db.store.read(tenant).await.unwrap();
    assert_eq!(reader.tenant(), tenant);
    assert_eq!(reader.members().await.unwrap().len(), 1);
    let mut writer = db.store.write(tenant).await.unwrap();
    let ben = sample::member(&db.chance, "Ben");
    writer.put_member(&ben, &sample::identity("U2")).await.unwrap();
    writer.commit().await.unwrap();
    assert_eq!(reader.members().await.unwrap().len(), 1);
    assert!(reader.put_member(&ben, &sample::identity("U3")).await.is_err());
    drop(reader);
    assert_eq!(db.store.read(tenant).await.unwrap().members().await.unwrap().len(), 2);
}

#[test]
fn a_second_server_of_one_file_is_refused() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("data/docket.db");
    let url = format!("sqlite://{}", file.display());
    let lock = ServeLock::acquire(&url).unwrap();
    let error = ServeLock::acquire(&url).unwrap_err().to_string();
    let me = std::process::id();
    let expected = format!(
        "another docket serve (process {me}) is using {}: stop it first, or use PostgreSQL to run several",
        file.display()
    );
    assert_eq!(error, expected);
    drop(lock);
    ServeLock::acquire(&url).unwrap();
    let postgres = "postgres://localhost/docket";
    let _both = (ServeLock::acquire(postgres).unwrap(), ServeLock::acquire(postgres).unwrap());
}

#[tokio::test]
async fn a_database_that_cannot_be_opened_says_what_to_do_and_no_password() {
    let folder = TempDir::new().unwrap();
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "not a database, but long enough to be taken for one".repeat(100)).unwrap();
    for (url, says) in [
        (format!("sqlite://{}", text.display()), "check that it is a SQLite file that Docket may write"),
        (format!("sqlite://{}/x/docket.db", text.display()), "could not create the folder"),
        (
            "postgres://me:secret@127.0.0.1:1/docket".to_owned(),
            "could not connect to the PostgreSQL database docket at 127.0.0.1:1",
        ),
        ("mysql://me:secret@127.0.0.1/docket".to_owned(), "must start with sqlite:// or postgres://"),
    ] {
        let error = format!("{:#}", Store::open(&url).await.err().expect("it can't be opened"));
        assert!(error.contains(says), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }
}
