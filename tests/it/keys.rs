//! The master key as whoever runs Docket meets it: made, replaced, lost.

use std::{path::Path, process::Output};

use docket::{
    clock::Chance,
    domain::{
        connection::{ProviderApp, app_purpose, purpose},
        ids::{MemberId, TenantId},
        member::Surface,
        provider::Provider,
        secret::Sealed,
    },
    keys::{self, Rotated},
    secrets::{Keyring, account_key, new_key},
    store::{Store, StoredSecret},
};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    store_models,
    support::{
        binary::{Binary, Settings},
        db::{TestDb, for_each_db},
        sample, secrets,
    },
};

for_each_db! {
    every_column_of_secrets_is_looked_after,
    a_secret_that_was_moved_opens_nowhere,
    many_secrets_are_encrypted_anew_while_others_write,
    encrypting_anew_can_be_cut_short_and_done_again,
}

/// Runs the program to its end in `folder`, with these master keys.
fn docket(folder: &Path, keys: &[&str], arguments: &[&str]) -> (Output, String) {
    let settings = Settings::new(&url(folder), folder).with("DOCKET_MASTER_KEY", &keys.join(","));
    // Where it would start after all, there is no port that it could listen on.
    let output =
        settings.command(arguments).env("HOST", "127.0.0.1").env("PORT", "1").output().map(secrets::checked).unwrap();
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
    let (other, ana) = sample::tenant(&store, &chance).await;
    for (tenant, by) in [(local, owner), (other, ana)] {
        let sealed = keyring.seal(tenant, &account_key("OpenAI"), &"sk-hush".into(), &chance).unwrap();
        put(&store, tenant, by, sealed).await;
    }
    store
}

async fn put(store: &Store, tenant: TenantId, by: MemberId, key: Sealed) {
    let mut account = store_models::account(&Chance::system(), "OpenAI", 1, by);
    "http://127.0.0.1:1/v1".clone_into(&mut account.base_url);
    account.key = Some(key);
    let mut tx = store.write(tenant).await.unwrap();
    tx.put_account(&account).await.unwrap();
    tx.commit().await.unwrap();
}

async fn opens(store: &Store, keyring: &Keyring) -> bool {
    let stored = store.secrets(None, 9).await.unwrap();
    assert_eq!(stored.len(), 2);
    stored.iter().all(|secret| plain(keyring, secret).is_some_and(|plain| plain == "sk-hush"))
}

/// What a stored secret says; `None` where it does not open.
fn plain(keyring: &Keyring, secret: &StoredSecret) -> Option<String> {
    let opened = keyring.open(secret.tenant, &secret.purpose, &secret.sealed).ok()?;
    Some(opened.expose_secret().to_owned())
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
    assert_eq!(told, "2 stored secrets were encrypted anew; the other master keys can go.\n");
    assert!(opens(&store, &keyring(&[&new])).await);
    assert!(!opens(&store, &keyring(&[&old])).await);
    let (_, told) = docket(folder, &[&new], &["keys", "rotate"]);
    assert_eq!(
        told,
        "No stored secret had to be encrypted anew, 2 used the first master key before; the other master keys can go.\n"
    );
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_master_key_that_is_needed_docket_does_not_start_and_says_which_it_is() {
    let folder = tempfile::TempDir::new().unwrap();
    let folder = folder.path();
    let (old, new) = (fresh(folder), fresh(folder));
    let store = house(folder, &keyring(&[&old])).await;
    let local = store.tenant_of(Surface::Console, "local").await.unwrap().unwrap();
    let id = key_id(&old);

    let (output, told) = docket(folder, &[&new], &["serve"]);
    assert_eq!(output.status.code(), Some(1), "{told}");
    for says in [
        &format!("the key of the model account OpenAI of the tenant local ({local}) can't be decrypted"),
        "of the tenant Acme (ten_",
        &format!("it was encrypted with the master key {id}, which is not there"),
        "Add that master key to DOCKET_MASTER_KEY",
        "docket keys forget",
    ] {
        assert!(told.contains(says), "{says} is missing: {told}");
    }
    assert!(!told.contains("cannot listen on"), "{told}");
    let (_, told) = docket(folder, &[&new], &["doctor"]);
    assert_eq!(told.matches("can't be decrypted: it was encrypted with the master key").count(), 2, "{told}");
    assert!(told.contains("serve won't start"), "{told}");
    let (output, told) = docket(folder, &[&new], &["keys", "rotate"]);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("keep the other master keys") && told.matches("can't be decrypted").count() == 2, "{told}");

    // With the lost one behind the new one, all is well; the doctor then asks the provider, and nobody is there.
    let (_, told) = docket(folder, &[&new, &old], &["doctor"]);
    assert!(!told.contains("decrypted") && told.contains("OpenAI at http://127.0.0.1:1/v1 can't be reached"), "{told}");
    assert!(!told.contains("hush"), "{told}");
    assert!(store.read(local).await.unwrap().account_by_name("OpenAI").await.unwrap().is_some());
    let settings = Settings::new(&url(folder), folder).with("DOCKET_MASTER_KEY", &format!("{new},{old}"));
    Binary::start(&settings).await.terminate();
    store.close().await;
}

/// What a master key is called.
fn key_id(key: &str) -> String {
    let sealed = keyring(&[key]).seal(Chance::system().id(), "x", &"x".into(), &Chance::system()).unwrap();
    sealed.0.split('.').nth(1).unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_lost_with_its_master_key_can_be_given_up_by_name_or_by_key() {
    for by_key in [false, true] {
        let folder = tempfile::TempDir::new().unwrap();
        let folder = folder.path();
        let (old, new) = (fresh(folder), fresh(folder));
        let store = house(folder, &keyring(&[&old])).await;
        let (lost, there) = (key_id(&old), key_id(&new));

        // What can be read is never given up.
        for (keys, arguments, says) in [
            (&[new.as_str(), &old][..], ["--key", &lost], "Nothing stored needs the master key"),
            (&[new.as_str()], ["--key", &there], "Nothing stored needs the master key"),
            (
                &[new.as_str(), &old],
                ["openai", "OpenAI"],
                "Nothing called OpenAI has a secret whose master key is lost.",
            ),
            (&[new.as_str()], ["other", "Other"], "Nothing called Other has a secret whose master key is lost."),
        ] {
            let (output, told) = docket(folder, keys, &["keys", "forget", arguments[0], arguments[1]]);
            assert_eq!(output.status.code(), Some(1), "{told}");
            assert!(told.contains(says), "{told}");
            assert_eq!(store.secrets(None, 9).await.unwrap().len(), 2);
        }
        let arguments = if by_key { &["keys", "forget", "--key", &lost][..] } else { &["keys", "forget", "openai"] };
        let (output, told) = docket(folder, &[&new], arguments);
        assert!(output.status.success(), "{told}");
        assert_eq!(told.matches("The key of the model account OpenAI is gone").count(), 2, "{told}");
        assert!(store.secrets(None, 9).await.unwrap().is_empty());
        let local = store.tenant_of(Surface::Console, "local").await.unwrap().unwrap();
        assert!(store.read(local).await.unwrap().accounts().await.unwrap().is_empty());
        let settings = Settings::new(&url(folder), folder).with("DOCKET_MASTER_KEY", &new);
        Binary::start(&settings).await.terminate();
        store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_file_of_the_master_key_docket_does_not_start_either() {
    let folder = tempfile::TempDir::new().unwrap();
    let folder = folder.path();
    let file = folder.join("docket.key");
    let store = house(folder, &Keyring::in_file(file.clone())).await;
    std::fs::rename(&file, folder.join("away")).unwrap();
    let (output, told) = docket(folder, &[], &["serve"]);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("which is not there") && told.contains("restore docket.key"), "{told}");
    assert!(!file.exists(), "a fresh one would only hide what is wrong");
    std::fs::rename(folder.join("away"), &file).unwrap();
    Binary::start(&Settings::new(&url(folder), folder)).await.terminate();
    store.close().await;
}

async fn every_column_of_secrets_is_looked_after(db: &TestDb) {
    let named = |column: &String| column.trim_end_matches('?').ends_with("_sealed");
    let columns: Vec<_> = db.columns().await.into_iter().filter(named).collect();
    let mut listed: Vec<_> =
        Store::sealed_columns().iter().map(|column| format!("{}.{}", column.table, column.name)).collect();
    listed.sort();
    let columns: Vec<_> = columns.iter().map(|column| column.trim_end_matches('?')).collect();
    assert_eq!(columns, listed, "a new column of secrets needs its line in store/sealed.rs");
}

/// This many accounts in each of two tenants, whose keys were sealed by `keyring`.
async fn filled(db: &TestDb, keyring: &Keyring, accounts: u32) -> [(TenantId, MemberId); 2] {
    let tenants = [sample::tenant(&db.store, &db.chance).await, sample::tenant(&db.store, &db.chance).await];
    for (tenant, by) in tenants {
        let mut tx = db.store.write(tenant).await.unwrap();
        for n in 0..accounts {
            let mut account = store_models::account(&db.chance, &format!("Account {n}"), n, by);
            let key = format!("the key of {n} of {tenant}").into();
            account.key = Some(keyring.seal(tenant, &account_key(&account.name), &key, &db.chance).unwrap());
            tx.put_account(&account).await.unwrap();
        }
        tx.commit().await.unwrap();
    }
    tenants
}

/// Two connections of a tenant, and two apps of its own, with all the secrets that they can have.
async fn connect(db: &TestDb, keyring: &Keyring, tenant: TenantId, by: MemberId) {
    let seal = |purpose: String| {
        let secret = format!("{purpose} of {tenant}").into();
        keyring.seal(tenant, &purpose, &secret, &db.chance).unwrap()
    };
    let mut tx = db.store.write(tenant).await.unwrap();
    for provider in [Provider::GitHub, Provider::Linear] {
        let mut connection = sample::connection(&db.chance, provider, &tenant.to_string(), by);
        connection.access = Some(seal(purpose(provider, connection.id, "access")));
        connection.refresh = Some(seal(purpose(provider, connection.id, "refresh")));
        tx.put_connection(&connection).await.unwrap();
        let app = ProviderApp {
            provider,
            client_secret: seal(app_purpose(provider, "client")),
            private_key: seal(app_purpose(provider, "key")),
            hook_secret: Some(seal(app_purpose(provider, "hook"))),
            ..sample::provider_app(by)
        };
        tx.put_provider_app(&app).await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn all_secrets(store: &Store) -> Vec<StoredSecret> {
    store.secrets(None, 100_000).await.unwrap()
}

async fn a_secret_that_was_moved_opens_nowhere(db: &TestDb) {
    let keyring = keyring(&[new_key(&db.chance).expose_secret()]);
    for (tenant, by) in filled(db, &keyring, 2).await {
        connect(db, &keyring, tenant, by).await;
    }
    let stored = all_secrets(&db.store).await;
    for column in Store::sealed_columns() {
        let of_column: Vec<_> = stored.iter().filter(|secret| secret.column == column).collect();
        assert!(of_column.len() >= 4, "{}.{} needs secrets in `filled`", column.table, column.name);
        for here in &of_column {
            assert!(plain(&keyring, here).is_some());
            for there in of_column.iter().filter(|there| (there.tenant, &there.row) != (here.tenant, &here.row)) {
                let moved = StoredSecret { sealed: here.sealed.clone(), ..(*there).clone() };
                let mut tx = db.store.write(there.tenant).await.unwrap();
                assert!(tx.replace_secret(there, &here.sealed).await.unwrap());
                tx.commit().await.unwrap();
                assert!(all_secrets(&db.store).await.contains(&moved));
                assert_eq!(plain(&keyring, &moved), None);
                let mut tx = db.store.write(there.tenant).await.unwrap();
                assert!(tx.replace_secret(&moved, &there.sealed).await.unwrap());
                tx.commit().await.unwrap();
            }
        }
        // Nor does the secret of one column open in another.
        for other in stored.iter().filter(|other| other.column != column) {
            let moved = StoredSecret { sealed: of_column[0].sealed.clone(), ..other.clone() };
            assert_eq!(plain(&keyring, &moved), None);
        }
    }
}

async fn many_secrets_are_encrypted_anew_while_others_write(db: &TestDb) {
    let (old, new) = (new_key(&db.chance), new_key(&db.chance));
    filled(db, &keyring(&[old.expose_secret()]), 130).await;
    // They come last.
    let mut last = all_secrets(&db.store).await.split_off(258);
    let (typed, gone) = (last.remove(1), last.remove(0));
    let both = keyring(&[new.expose_secret(), old.expose_secret()]);
    let (mut progress, mut replaced) = (Vec::new(), false);
    let rotated = keys::rotate(&db.store, &both, &db.chance, |rotated| {
        progress.push(rotated.seen());
        // Somebody gives an account that comes later another key in this moment, and somebody removes one.
        let (store, chance, keyring) = (db.store.clone(), db.chance.clone(), both.clone());
        let (typed, gone) = (typed.clone(), gone.clone());
        if !std::mem::replace(&mut replaced, true) {
            tokio::task::block_in_place(|| {
                tokio::runtime::Handle::current().block_on(async move {
                    let sealed = keyring.seal(typed.tenant, &typed.purpose, &"typed just now".into(), &chance);
                    let mut tx = store.write(typed.tenant).await.unwrap();
                    assert!(tx.replace_secret(&typed, &sealed.unwrap()).await.unwrap());
                    assert!(tx.remove_account(gone.row.parse().unwrap()).await.unwrap());
                    tx.commit().await.unwrap();
                });
            });
        }
        Ok(())
    });
    let rotated = rotated.await.unwrap();
    assert_eq!(progress, [100, 200]);
    assert_eq!((rotated.renewed + rotated.current, rotated.unreadable.len()), (259, 0));
    let new = keyring(&[new.expose_secret()]);
    let stored = all_secrets(&db.store).await;
    assert_eq!(stored.len(), 259);
    for secret in &stored {
        let said = plain(&new, secret).unwrap();
        let number = secret.label.trim_start_matches("Account ");
        let expected = format!("the key of {number} of {}", secret.tenant);
        let expected = if secret.row == typed.row { "typed just now" } else { &expected };
        assert_eq!(said, expected);
    }
}

async fn encrypting_anew_can_be_cut_short_and_done_again(db: &TestDb) {
    let (old, new) = (new_key(&db.chance), new_key(&db.chance));
    filled(db, &keyring(&[old.expose_secret()]), 80).await;
    let both = keyring(&[new.expose_secret(), old.expose_secret()]);
    let cut = |_: &Rotated| Err(std::io::ErrorKind::BrokenPipe.into());
    keys::rotate(&db.store, &both, &db.chance, cut).await.unwrap_err();
    // Half of it is done, and everything opens.
    let stored = all_secrets(&db.store).await;
    assert!(stored.iter().all(|secret| plain(&both, secret).is_some()));
    let new = keyring(&[new.expose_secret()]);
    assert_eq!(stored.iter().filter(|secret| plain(&new, secret).is_some()).count(), 100);
    let rotated = keys::rotate(&db.store, &both, &db.chance, |_| Ok(())).await.unwrap();
    assert_eq!((rotated.renewed, rotated.current, rotated.unreadable.len()), (60, 100, 0));
    assert!(all_secrets(&db.store).await.iter().all(|secret| plain(&new, secret).is_some()));
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
