//! The stored keys of accounts, against the master keys that are there.

use crate::{
    clock::Chance,
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
