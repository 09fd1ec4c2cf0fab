//! A tenant as a file.

use std::{collections::BTreeMap, io::Write};

use super::file::{Header, Lines, PURPOSE, VERSION};
use crate::{
    clock::Chance,
    domain::ids::TenantId,
    secrets::{Keyring, Unsealable},
    store::{self, Store, Table},
};

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// The tenant's name.
    pub name: String,
    /// How many rows.
    pub rows: i64,
    /// Whether it is signed: not where there is no master key.
    pub is_signed: bool,
}

/// Writes a tenant line by line, as it is at one instant.
///
/// # Errors
/// When the database fails, nobody takes what is written, or the file of the master key can't be used.
pub async fn export(
    store: &Store,
    keyring: &Keyring,
    chance: &Chance,
    tenant: TenantId,
    out: &mut dyn Write,
) -> anyhow::Result<Exported> {
    let signer = match keyring.signer(PURPOSE, chance) {
        Ok(signer) => Some(signer),
        Err(Unsealable::NoKey) => None,
        Err(error) => return Err(error.into()),
    };
    let is_signed = signer.is_some();
    let mut tx = store.read_slowly(tenant).await?;
    let Some(moved) = tx.moved_tenant().await? else { anyhow::bail!("there is no tenant {tenant}") };
    let mut rows = BTreeMap::new();
    for table in Table::moving() {
        rows.insert(table.name.to_owned(), tx.count_rows(table).await?);
    }
    let exported = Exported { name: moved.name.clone(), rows: rows.values().sum(), is_signed };
    let key = signer.as_ref().map(|signer| signer.key().to_owned());
    let mut lines = Lines::new(out, signer);
    lines.header(Header {
        version: VERSION,
        schema: store::schema(),
        tenant,
        name: moved.name,
        policy: moved.policy,
        next_patch: moved.next_patch,
        last_thread: moved.last_thread,
        kept_days: moved.kept_days,
        created_at: moved.created_at,
        exported_at: chance.now(),
        rows,
        key,
    })?;
    for table in Table::moving() {
        tx.moved_rows(table, |row| anyhow::Ok(lines.row(table, row)?)).await?;
    }
    lines.end()?;
    Ok(exported)
}
