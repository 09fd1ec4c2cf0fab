//! The master key as whoever runs Docket meets it: made, replaced, lost.

use std::{path::Path, process::Output};

use docket::{
    clock::Chance,
    domain::{ids::MemberId, member::Surface, secret::Sealed},
    secrets::{Keyring, account_key},
    store::Store,
};
use secrecy::{ExposeSecret, SecretString};

use crate::{store_models, support::binary::Settings};

/// Runs the program to its end in `folder`, with these master keys.
fn docket(folder: &Path, keys: &[&str], arguments: &[&str]) -> (Output, String) {
    let settings = Settings::new(&url(folder), folder).with("DOCKET_MASTER_KEY", &keys.join(","));
    // Where it would start after all, there is no port that it could listen on.
    let output = settings.command(arguments).env("HOST", "127.0.0.1").env("PORT", "1").output().unwrap();
    let told = [&output.stdout[..], &output.stderr].concat();
    (output, String::from_utf8(told).unwrap())
}

fn url(folder: &Path) -> String {
    format!("sqlite://{}", folder.join("docket.db").display())
}

fn fresh(folder: &Path) -> String {
    let (output, told) = docket(folder, &[], &["keys", "new"]);
    assert!(output.status.success(), "{told}");
    told.trim().to_owned()
}

fn keyring(keys: &[&str]) -> Keyring {
    Keyring::new(&keys.iter().map(|&key| SecretString::from(key)).collect::<Vec<_>>()).unwrap()
}

/// A database with one account of each of the tenants, whose keys were sealed by `keyring`.
async fn house(folder: &Path, keyring: &Keyring) -> Store {
    let chance = Chance::system();
    let store = Store::open(&url(folder)).await.unwrap();
    store.migrate().await.unwrap();
    let local = store.local_tenant(&chance).await.unwrap();
    let owner = store.read(local).await.unwrap().members().await.unwrap()[0].id;
    let (other, ana) = crate::support::sample::tenant(&store, &chance).await;
    for (tenant, by) in [(local, owner), (other, ana)] {
        let sealed = keyring.seal(tenant, &account_key("OpenAI"), &"sk-hush".into(), &chance).unwrap();
        put(&store, tenant, by, sealed).await;
    }
    store
}

async fn put(store: &Store, tenant: docket::domain::ids::TenantId, by: MemberId, key: Sealed) {
    let mut account = store_models::account(&Chance::system(), "OpenAI", 1, by);
    "http://127.0.0.1:1/v1".clone_into(&mut account.base_url);
    account.key = Some(key);
    let mut tx = store.write(tenant).await.unwrap();
    tx.put_account(&account).await.unwrap();
    tx.commit().await.unwrap();
}

async fn opens(store: &Store, keyring: &Keyring) -> bool {
    let keys = store.stored_keys().await.unwrap();
    assert_eq!(keys.len(), 2);
    keys.iter().all(|key| {
        let opened = keyring.open(key.tenant, &account_key(&key.name), &key.key);
        opened.is_ok_and(|plain| plain.expose_secret() == "sk-hush")
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_key_is_replaced_without_losing_a_stored_key() {
    let folder = tempfile::TempDir::new().unwrap();
    let folder = folder.path();
    let (old, new) = (fresh(folder), fresh(folder));
    assert_ne!(old, new);
    let store = house(folder, &keyring(&[&old])).await;

    let (output, told) = docket(folder, &[&new, &old], &["keys", "rotate"]);
    assert!(output.status.success(), "{told}");
    assert_eq!(told, "2 stored keys were encrypted anew; the other master keys can go.\n");
    assert!(opens(&store, &keyring(&[&new])).await);
    assert!(!opens(&store, &keyring(&[&old])).await);
    let (_, told) = docket(folder, &[&new], &["keys", "rotate"]);
    assert_eq!(
        told,
        "No stored key had to be encrypted anew, 2 used the first master key before; the other master keys can go.\n"
    );
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_master_key_stops_nothing_else_and_is_named_by_the_doctor() {
    let folder = tempfile::TempDir::new().unwrap();
    let folder = folder.path();
    let (old, new) = (fresh(folder), fresh(folder));
    let store = house(folder, &keyring(&[&old])).await;
    let local = store.tenant_of(Surface::Console, "local").await.unwrap().unwrap();

    // It comes as far as its port, which is taken.
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let settings = Settings::new(&url(folder), folder).with("DOCKET_MASTER_KEY", &new);
    let output = settings.command(&["serve"]).env("HOST", "127.0.0.1").env("PORT", &port).output().unwrap();
    let told = String::from_utf8([&output.stdout[..], &output.stderr].concat()).unwrap();
    let lost = "the key of the account OpenAI can't be decrypted: it was encrypted with the master key";
    assert!(told.contains(lost) && told.contains("docket keys forget"), "{told}");
    assert!(told.contains("cannot listen on"), "{told}");
    let (_, told) = docket(folder, &[&new], &["doctor"]);
    assert_eq!(told.matches(lost).count(), 2, "{told}");
    let (output, told) = docket(folder, &[&new], &["keys", "rotate"]);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("keep the other master keys") && told.matches("can't be decrypted").count() == 2, "{told}");

    // With the lost one behind the new one, all is well; the doctor then asks the provider, and nobody is there.
    let (_, told) = docket(folder, &[&new, &old], &["doctor"]);
    assert!(!told.contains("decrypted") && told.contains("OpenAI at http://127.0.0.1:1/v1 can't be reached"), "{told}");
    assert!(!told.contains("hush"), "{told}");
    assert!(store.read(local).await.unwrap().account_by_name("OpenAI").await.unwrap().is_some());
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_whose_key_is_lost_can_be_given_up() {
    let folder = tempfile::TempDir::new().unwrap();
    let folder = folder.path();
    let (old, new) = (fresh(folder), fresh(folder));
    let store = house(folder, &keyring(&[&old])).await;

    // A key that can be read is never given up.
    for (keys, name) in [(&[new.as_str(), &old][..], "OpenAI"), (&[new.as_str()], "Other")] {
        let (output, told) = docket(folder, keys, &["keys", "forget", name]);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains(&format!("No account called {name} has a key whose master key is lost.")), "{told}");
        assert_eq!(store.stored_keys().await.unwrap().len(), 2);
    }
    let (output, told) = docket(folder, &[&new], &["keys", "forget", "openai"]);
    assert!(output.status.success(), "{told}");
    assert_eq!(told.matches("The account OpenAI is gone, with its key.").count(), 2, "{told}");
    assert!(store.stored_keys().await.unwrap().is_empty());
    let (_, told) = docket(folder, &[&new], &["doctor"]);
    assert!(!told.contains("decrypted"), "{told}");
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_file_beside_the_database_is_a_master_key_like_any_other() {
    let folder = tempfile::TempDir::new().unwrap();
    let folder = folder.path();
    let file = folder.join("docket.key");
    let store = house(folder, &Keyring::in_file(file.clone())).await;
    let (_, told) = docket(folder, &[], &["doctor"]);
    assert!(!told.contains("decrypted"), "{told}");

    let (made, new) = (std::fs::read_to_string(&file).unwrap(), fresh(folder));
    let (output, told) = docket(folder, &[&new, made.trim()], &["keys", "rotate"]);
    assert!(output.status.success(), "{told}");
    assert!(opens(&store, &keyring(&[&new])).await);

    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        let (_, told) = docket(folder, &[], &["doctor"]);
        assert!(told.contains("can be read by others than its owner") && told.contains("chmod 600"), "{told}");
    }
    store.close().await;
}
