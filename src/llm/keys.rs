//! The stored keys of accounts, against the master keys that are there.

use serde_json::{Value, json};

use crate::{
    clock::Chance,
    domain::audit::AuditEntry,
    secrets::{Keyring, Unopenable, Unsealable, account_key},
    store::{self, Store, StoredKey},
};

/// A stored key that can't be decrypted.
#[derive(Debug)]
pub struct Unreadable {
    /// Whose it is.
    pub key: StoredKey,
    /// Why.
    pub why: Unopenable,
}

/// What to do about a key that can't be decrypted, for whoever runs Docket.
pub const LOST: &str = "Add that master key to DOCKET_MASTER_KEY, behind a comma, or restore docket.key where that is \
     not set; or give the account up with `docket keys forget`, and let an owner add it again.";

/// What came of encrypting anew.
#[derive(Debug, Default)]
pub struct Rotated {
    /// How many were encrypted with the first master key now.
    pub renewed: usize,
    /// How many were before.
    pub current: usize,
    /// Those that could not be.
    pub unreadable: Vec<Unreadable>,
}

/// Why nothing can be encrypted anew.
#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// There is no master key.
    #[error(transparent)]
    Unsealable(#[from] Unsealable),
}

/// The stored keys of every tenant whose master key is not there.
pub async fn unreadable(store: &Store, keyring: &Keyring) -> store::Result<Vec<Unreadable>> {
    let keys = store.stored_keys().await?.into_iter();
    Ok(keys.filter_map(|key| keyring.knows(&key.key).err().map(|why| Unreadable { key, why })).collect())
}

/// Encrypts every stored key with the first master key. What somebody replaces in that moment stays as they made it.
///
/// # Errors
/// When the database fails or there is no master key. What was encrypted until then stays so.
pub async fn rotate(store: &Store, keyring: &Keyring, chance: &Chance) -> Result<Rotated, RotateError> {
    let mut rotated = Rotated::default();
    for key in store.stored_keys().await? {
        let purpose = account_key(&key.name);
        let opened = keyring
            .is_current(&key.key)
            .and_then(|is_current| Ok((!is_current).then_some(keyring.open(key.tenant, &purpose, &key.key)?)));
        match opened {
            Err(why) => rotated.unreadable.push(Unreadable { key, why }),
            Ok(None) => rotated.current += 1,
            Ok(Some(plain)) => {
                let renewed = keyring.seal(key.tenant, &purpose, &plain, chance)?;
                let mut tx = store.write(key.tenant).await?;
                rotated.renewed += usize::from(tx.replace_key(key.account, &key.key, &renewed).await?);
                tx.commit().await?;
            }
        }
    }
    Ok(rotated)
}

/// Removes the accounts of these names, in every tenant, whose keys can't be decrypted because their master key is not
/// there. Gives what was removed. Accounts whose keys can be read stay, and so do all where the file of the master key
/// is there and can't be read: that can be mended.
///
/// # Errors
/// When the database fails. What was removed until then stays so.
pub async fn forget(
    store: &Store,
    keyring: &Keyring,
    chance: &Chance,
    names: &[String],
) -> store::Result<Vec<Unreadable>> {
    let mut forgotten = Vec::new();
    for lost in unreadable(store, keyring).await? {
        let is_named = names.iter().any(|name| name.to_lowercase() == lost.key.name.to_lowercase());
        if !is_named || matches!(lost.why, Unopenable::File(..)) {
            continue;
        }
        let mut tx = store.write(lost.key.tenant).await?;
        tx.remove_account(lost.key.account).await?;
        tx.record(&AuditEntry {
            id: chance.id(),
            at: chance.now(),
            actor: None,
            action: "account.removed".to_owned(),
            subject: lost.key.account.to_string(),
            venue: None,
            before: json!({ "name": lost.key.name }),
            after: Value::Null,
        })
        .await?;
        tx.commit().await?;
        forgotten.push(lost);
    }
    Ok(forgotten)
}
