//! Nothing is made fast by acknowledging what is not on the disk: read from the live database, through Docket's own
//! connections.

use docket::store::Store;
use sqlx::{Connection as _, SqliteConnection};
use tempfile::TempDir;

use crate::support::{
    binary::{Binary, Settings},
    cluster::Cluster,
    db::{TestDb, on_sqlite},
    peers, secrets,
};

fn doctor(url: &str, folder: &TempDir) -> String {
    let output = Settings::new(url, folder.path()).command(&["doctor"]).output().map(secrets::checked).unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn sqlite_has_every_commit_on_the_disk_whatever_the_file_says() {
    on_sqlite(async |db: &TestDb| {
        assert_eq!(db.store.forgetful_settings().await.unwrap(), Vec::<String>::new());
        let folder = TempDir::new().unwrap();
        let told = doctor(&db.url, &folder);
        assert!(told.contains("✓ database    has everything on the disk before it is acknowledged"), "{told}");
    })
    .await;
    // Another program set the file up otherwise: Docket's own connections do as they have to.
    let folder = TempDir::new().unwrap();
    let url = format!("sqlite://{}", folder.path().join("docket.db").display());
    let mut other = SqliteConnection::connect(&format!("{url}?mode=rwc")).await.unwrap();
    sqlx::raw_sql("PRAGMA journal_mode = MEMORY; CREATE TABLE others (id)").execute(&mut other).await.unwrap();
    other.close().await.unwrap();
    let store = Store::open(&url).await.unwrap();
    assert_eq!(store.forgetful_settings().await.unwrap(), Vec::<String>::new());
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_forgets_is_told_of_and_one_that_does_not_is_left_alone() {
    let cluster = match Cluster::start(true).await {
        Ok(cluster) => cluster,
        Err(why) => return peers::missing(&why),
    };
    let (url, folder) = (cluster.url("postgres", "postgres"), TempDir::new().unwrap());
    let store = Store::open(&url).await.unwrap();
    store.migrate().await.unwrap();
    assert_eq!(store.forgetful_settings().await.unwrap(), Vec::<String>::new());
    store.close().await;
    let told = doctor(&url, &folder);
    assert!(told.contains("✓ database    has everything on the disk before it is acknowledged"), "{told}");

    // As people do who want it faster, for everybody who connects.
    let forgetful = format!("{url}?options=-c%20synchronous_commit%3Doff");
    let store = Store::open(&forgetful).await.unwrap();
    assert_eq!(store.forgetful_settings().await.unwrap(), ["synchronous_commit = off"]);
    store.close().await;
    let told = doctor(&forgetful, &folder);
    assert!(told.contains("– database    acknowledges before it is on the disk: synchronous_commit = off"), "{told}");
    assert!(told.contains("can be lost when the power goes"), "{told}");
    let settings = Settings::new(&forgetful, folder.path());
    Binary::start(&settings).await.terminate();
    let log = std::fs::read_to_string(&settings.log).unwrap();
    assert!(log.contains("WARN") && log.contains("synchronous_commit = off"), "{log}");
}
