//! The stored secrets, against the master keys that are there.

use std::collections::BTreeMap;

use anyhow::bail;
use serde_json::{Value, json};

use crate::{
    clock::Chance,
    domain::{audit::AuditEntry, ids::TenantId},
    secrets::{Keyring, Unopenable, Unsealable},
    store::{self, Store, StoredSecret},
};

/// How many secrets are looked at, and encrypted anew, at a time.
const BATCH: usize = 100;
/// How many are called by name where there are many.
const NAMED: usize = 5;

/// A stored secret that can't be decrypted.
#[derive(Debug)]
pub struct Unreadable {
    /// Whose it is.
    pub secret: StoredSecret,
    /// Why.
    pub why: Unopenable,
}

/// What to do about secrets that can't be decrypted, for whoever runs Docket.
pub const LOST: &str = "Add that master key to DOCKET_MASTER_KEY, behind a comma, or restore docket.key where that is \
     not set; or give up what it encrypted with `docket keys forget`, by name or with --key, and let an owner connect \
     it again.";

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

impl Rotated {
    /// How many were looked at.
    pub fn seen(&self) -> usize {
        self.renewed + self.current + self.unreadable.len()
    }
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
    /// It could not be told how far it is.
    #[error(transparent)]
    Told(#[from] std::io::Error),
}

/// The stored secrets of every tenant whose master key is not there.
///
/// # Errors
/// When the database fails.
pub async fn unreadable(store: &Store, keyring: &Keyring) -> store::Result<Vec<Unreadable>> {
    let (mut found, mut last) = (Vec::new(), None);
    loop {
        let batch = store.secrets(last.as_ref(), BATCH).await?;
        last = batch.last().cloned();
        let is_last = batch.len() < BATCH;
        let unknown = |secret: StoredSecret| keyring.knows(&secret.sealed).err().map(|why| Unreadable { secret, why });
        found.extend(batch.into_iter().filter_map(unknown));
        if is_last {
            return Ok(found);
        }
    }
}

/// What can't be decrypted, a line for each reason, kind and tenant.
///
/// # Errors
/// When the database fails.
pub async fn told(store: &Store, unreadable: &[Unreadable]) -> store::Result<Vec<String>> {
    let mut groups = BTreeMap::<(String, &str, TenantId), Vec<&StoredSecret>>::new();
    for Unreadable { secret, why } in unreadable {
        groups.entry((why.to_string(), secret.column.many, secret.tenant)).or_default().push(secret);
    }
    let names: BTreeMap<_, _> = store.tenants().await?.into_iter().map(|tenant| (tenant.id, tenant.name)).collect();
    let line = |((why, many, tenant), secrets): (&(String, &str, TenantId), &Vec<&StoredSecret>)| {
        let whose = format!("of the tenant {} ({tenant})", names.get(tenant).map_or("", String::as_str));
        let [one] = secrets.as_slice() else {
            let labels: Vec<_> = secrets.iter().take(NAMED).map(|secret| secret.label.as_str()).collect();
            let more = secrets.len() - labels.len();
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            let labels = labels.join(", ");
            return format!("{} {many} {whose} can't be decrypted, {labels}{more}: {why}", secrets.len());
        };
        format!("{} {whose} can't be decrypted: {why}", one.words())
    };
    Ok(groups.iter().map(line).collect())
}

/// Fails where a stored secret can't be decrypted because its master key is not there: whoever serves without it would
/// find out when somebody waits, and might seal what is new with a key that is soon put right again.
///
/// # Errors
/// When there is such a secret, or the database fails.
pub async fn all_there(store: &Store, keyring: &Keyring) -> anyhow::Result<()> {
    let lost = unreadable(store, keyring).await?;
    if lost.is_empty() {
        return Ok(());
    }
    let lines = told(store, &lost).await?.join(".\n  ");
    bail!("Docket does not start, because stored secrets can't be decrypted:\n  {lines}.\n{LOST}");
}

/// Encrypts every stored secret with the first master key, batch by batch, and says after each how far it is. What
/// somebody replaces in that moment stays as they made it. Whatever cuts it short, it can be done again.
///
/// # Errors
/// When the database fails or there is no master key. What was encrypted until then stays so.
pub async fn rotate(
    store: &Store,
    keyring: &Keyring,
    chance: &Chance,
    mut progress: impl FnMut(&Rotated) -> std::io::Result<()>,
) -> Result<Rotated, RotateError> {
    let (mut rotated, mut last) = (Rotated::default(), None);
    loop {
        let batch = store.secrets(last.as_ref(), BATCH).await?;
        last = batch.last().cloned();
        let is_last = batch.len() < BATCH;
        rotate_batch(store, keyring, chance, batch, &mut rotated).await?;
        if is_last {
            return Ok(rotated);
        }
        progress(&rotated)?;
    }
}

/// Encrypts one batch anew: a transaction for each tenant in it.
async fn rotate_batch(
    store: &Store,
    keyring: &Keyring,
    chance: &Chance,
    batch: Vec<StoredSecret>,
    rotated: &mut Rotated,
) -> Result<(), RotateError> {
    let mut renewed = Vec::new();
    for secret in batch {
        let opened = keyring.is_current(&secret.sealed).and_then(|is_current| {
            let open = || keyring.open(secret.tenant, &secret.purpose, &secret.sealed);
            if is_current { Ok(None) } else { open().map(Some) }
        });
        match opened {
            Err(why) => rotated.unreadable.push(Unreadable { secret, why }),
            Ok(None) => rotated.current += 1,
            Ok(Some(plain)) => {
                let sealed = keyring.seal(secret.tenant, &secret.purpose, &plain, chance)?;
                renewed.push((secret, sealed));
            }
        }
    }
    for of_tenant in renewed.chunk_by(|(one, _), (other, _)| one.tenant == other.tenant) {
        let Some((first, _)) = of_tenant.first() else { continue };
        let mut tx = store.write(first.tenant).await?;
        let mut replaced = 0;
        for (secret, sealed) in of_tenant {
            replaced += usize::from(tx.replace_secret(secret, sealed).await?);
        }
        tx.commit().await?;
        rotated.renewed += replaced;
    }
    Ok(())
}

/// Which of the secrets that can't be decrypted are given up.
#[derive(Debug, Default)]
pub struct GivenUp {
    /// Those of rows that people call by one of these names, or that have one as their id.
    pub names: Vec<String>,
    /// Everything that was encrypted with this master key.
    pub key: Option<String>,
}

impl GivenUp {
    /// Whether this secret is one of them.
    pub fn holds(&self, lost: &Unreadable) -> bool {
        let is_named = |name: &String| is_called(&lost.secret, name);
        let by_key = matches!((&self.key, &lost.why), (Some(key), Unopenable::UnknownKey(lost)) if key == lost);
        by_key || self.names.iter().any(is_named)
    }
}

/// Whether the row of a secret is called so.
pub fn is_called(secret: &StoredSecret, name: &str) -> bool {
    secret.label.to_lowercase() == name.to_lowercase() || secret.row == name
}

/// Removes the rows whose secrets are given up, in every tenant, as far as they can't be decrypted because their master
/// key is not there. Gives what was removed. What can be read stays, and so does everything where the file of the
/// master key is there and can't be read: that can be mended.
///
/// # Errors
/// When the database fails. What was removed until then stays so.
pub async fn forget(
    store: &Store,
    keyring: &Keyring,
    chance: &Chance,
    given_up: &GivenUp,
) -> store::Result<Vec<Unreadable>> {
    let mut forgotten = Vec::<Unreadable>::new();
    for lost in unreadable(store, keyring).await? {
        if !given_up.holds(&lost) || matches!(lost.why, Unopenable::File(..)) {
            continue;
        }
        let secret = &lost.secret;
        let mut tx = store.write(secret.tenant).await?;
        // Gone with another secret of its row, perhaps.
        if !tx.forget_secret(secret).await? {
            continue;
        }
        tx.record(&AuditEntry {
            id: chance.id(),
            at: chance.now(),
            actor: None,
            action: secret.column.removed.to_owned(),
            subject: secret.row.clone(),
            venue: None,
            before: json!({ "name": secret.label }),
            after: Value::Null,
        })
        .await?;
        tx.commit().await?;
        forgotten.push(lost);
    }
    Ok(forgotten)
}
