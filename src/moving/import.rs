//! A tenant from a file.

use std::{
    fs::File,
    io::{BufReader, Seek},
};

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::file::{BadFile, Header, Reader, Trust};
use crate::{
    clock::Chance,
    domain::{
        audit::AuditEntry,
        ids::{AuditId, PatchId, TenantId},
        job::Job,
        member::Surface,
        tenant::Installation,
    },
    secrets::Keyring,
    store::{self, MovedRow, MovedTenant, Store, Table, Tx},
};

/// Where a tenant is to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Into the console's, where the file's was the console's and nobody has used it here yet; else into a new one.
    Fitting,
    /// Into this one, which nobody may have used yet.
    Into(TenantId),
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The tenant's id here.
    pub tenant: TenantId,
    /// Its name.
    pub name: String,
    /// How many rows were written.
    pub rows: usize,
    /// Organisations that belong to another tenant here and so stay with it: `slack T1`.
    pub unmapped: Vec<String>,
}

/// What was learned about a file before anything is written.
struct Examined {
    header: Header,
    trust: Trust,
    /// Whether the person at the console comes along.
    has_console: bool,
}

/// Reads a tenant from a file: all of it is checked first, and then written in one transaction, or nothing is.
///
/// # Errors
/// When the file is none, was changed, or nobody here vouches for it and `trusting` is not set; when the tenant it
/// should go into is in use; or when the database fails. Then nothing was written.
pub async fn import(
    store: &Store,
    keyring: &Keyring,
    chance: &Chance,
    file: &File,
    target: Target,
    trusting: bool,
) -> anyhow::Result<Imported> {
    let examined = examine(file, keyring)?;
    match &examined.trust {
        Trust::Signed => {}
        _ if trusting => {}
        Trust::Foreign(key) => bail!(
            "the file was signed with the master key {key}, which is not here, so nobody knows who made it; add that key \
             to DOCKET_MASTER_KEY, or say --trust if you know where the file comes from"
        ),
        Trust::Unsigned => bail!("the file is not signed; say --trust if you know where it comes from"),
    }
    let tenant = match target {
        Target::Into(tenant) => tenant,
        Target::Fitting if examined.has_console => {
            let tenant = store.local_tenant(chance).await?;
            let is_unused = store.read(tenant).await?.is_unused().await?;
            if is_unused { tenant } else { chance.id() }
        }
        Target::Fitting => chance.id(),
    };
    write(store, keyring, chance, file, tenant, &examined).await
}

/// Reads the file to its end and writes nothing.
fn examine(mut file: &File, keyring: &Keyring) -> Result<Examined, BadFile> {
    file.rewind()?;
    let mut reader = Reader::open(BufReader::new(file), keyring, store::schema())?;
    let mut has_console = false;
    while let Some((table, row)) = reader.next()? {
        has_console |= table.name == "identities" && is_at_console(&row);
    }
    Ok(Examined { trust: reader.trust().clone(), header: reader.header, has_console })
}

fn is_at_console(row: &MovedRow) -> bool {
    row.get("surface").and_then(Value::as_str) == Some(Surface::Console.as_str())
}

/// Writes everything in one transaction, and reads it back before it is committed.
async fn write(
    store: &Store,
    keyring: &Keyring,
    chance: &Chance,
    mut file: &File,
    tenant: TenantId,
    examined: &Examined,
) -> anyhow::Result<Imported> {
    let header = &examined.header;
    file.rewind()?;
    let mut reader = Reader::open(BufReader::new(file), keyring, store::schema())?;
    let mut tx = store.write(tenant).await?;
    if tx.moved_tenant().await?.is_some() {
        if !tx.is_unused().await? {
            bail!("the tenant {tenant} is in use already; import into a new one");
        }
        if examined.has_console {
            tx.forget_members().await?;
        }
    }
    tx.put_moved_tenant(&MovedTenant {
        name: header.name.clone(),
        policy: header.policy.clone(),
        next_patch: header.next_patch,
        last_thread: header.last_thread,
        kept_days: header.kept_days,
        created_at: header.created_at,
    })
    .await?;
    let (mut rows, mut unmapped) = (0, Vec::new());
    while let Some((table, row)) = reader.next()? {
        let row = adapted(table, row, header.tenant, tenant, chance);
        if tx.insert_moved(table, &row).await.with_context(|| format!("a row of {} does not fit", table.name))? {
            rows += 1;
            check_patch(&mut tx, table, &row).await?;
        } else if table.name == "installations" {
            unmapped.extend(elsewhere(&mut tx, &row).await?);
        } else {
            return Err(BadFile::Changed(format!("a row of {} comes twice", table.name)).into());
        }
    }
    check(&mut tx).await?;
    for patch in tx.open_patches().await? {
        tx.enqueue(chance.id(), &Job::ExpirePatch { patch: patch.id }.due(patch.expires_at)).await?;
    }
    for (reminder, at) in tx.reminders().await? {
        tx.enqueue(chance.id(), &Job::Remind { reminder }.due(at)).await?;
    }
    record(&mut tx, header, chance).await?;
    tx.commit().await?;
    Ok(Imported { tenant, name: header.name.clone(), rows, unmapped })
}

/// The name of an organisation that is another tenant's here. The console always is somebody's.
async fn elsewhere(tx: &mut Tx, row: &MovedRow) -> store::Result<Option<String>> {
    let text = |column| row.get(column).and_then(Value::as_str).unwrap_or_default();
    let (surface, team) = (text("surface"), text("team"));
    let is_ours = |known: &Installation| known.surface.as_str() == surface && known.team == team;
    let is_known = is_at_console(row) || tx.installations().await?.iter().any(is_ours);
    Ok((!is_known).then(|| format!("{surface} {team}")))
}

/// What names the tenant, or has to be unique among all, is named anew.
fn adapted(table: &Table, mut row: MovedRow, from: TenantId, to: TenantId, chance: &Chance) -> MovedRow {
    if table.name == "audit" {
        let id: AuditId = chance.id();
        row.insert("id".to_owned(), id.to_string().into());
        if row.get("subject").and_then(Value::as_str) == Some(from.to_string().as_str()) {
            row.insert("subject".to_owned(), to.to_string().into());
        }
    }
    row
}

/// A patch can be read, with what takes it back.
async fn check_patch(tx: &mut Tx, table: &Table, row: &MovedRow) -> anyhow::Result<()> {
    if table.name == "patches" {
        let id: Option<PatchId> = row.get("id").and_then(Value::as_str).and_then(|id| id.parse().ok());
        let id = id.context("a patch has no id")?;
        tx.patch(id).await?.context("a patch is not there")?;
        tx.inverse(id).await?;
    }
    Ok(())
}

/// Everything else can be read, too.
async fn check(tx: &mut Tx) -> anyhow::Result<()> {
    tx.policy().await?;
    for member in tx.members().await? {
        tx.identities(member.id).await?;
    }
    tx.installations().await?;
    for project in tx.projects().await? {
        tx.plan(project.id).await?;
        tx.next_number(project.id).await?;
    }
    Ok(())
}

async fn record(tx: &mut Tx, header: &Header, chance: &Chance) -> store::Result<()> {
    tx.record(&AuditEntry {
        id: chance.id(),
        at: chance.now(),
        actor: None,
        action: "tenant.imported".to_owned(),
        subject: tx.tenant().to_string(),
        venue: None,
        before: Value::Null,
        after: serde_json::json!({ "from": header.tenant, "exported_at": header.exported_at }),
    })
    .await
}
