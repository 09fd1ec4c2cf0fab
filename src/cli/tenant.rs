//! `docket tenant`: who is here, taken along, and gone.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::PathBuf,
};

use anyhow::Context as _;
use clap::Subcommand;

use super::{
    Failure,
    table::{Align, table},
};
use crate::{
    clock::Chance,
    config::Config,
    domain::ids::TenantId,
    moving::{self, Target},
    secrets::Keyring,
    store::{Store, Table, TenantRow},
};

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the tenants, with their members and projects
    List,
    /// Write a tenant's plans, patches, decisions and people to standard output, as signed lines of JSON
    #[command(after_help = EXPORT)]
    Export {
        /// Its name or id, from `docket tenant list`; needless where there is one only
        #[arg(value_name = "TENANT")]
        tenant: Option<String>,
    },
    /// Read a tenant from a file of `docket tenant export`
    #[command(after_help = IMPORT)]
    Import {
        /// The file
        file: PathBuf,
        /// The name or id of an unused tenant to read it into, instead of a new one
        #[arg(long, value_name = "TENANT")]
        into: Option<String>,
        /// Take a file that was not signed with a master key of this server
        #[arg(long)]
        trust: bool,
    },
    /// Delete everything that is stored of a tenant. It can't be undone. Disconnect its services on the page Connect
    /// first: what is not disconnected is named here, and not taken back there
    Delete {
        /// Its name or id, from `docket tenant list`
        #[arg(value_name = "TENANT")]
        tenant: String,
        /// Its name, so that no other goes by mistake
        #[arg(long, value_name = "NAME")]
        yes: String,
    },
}

const EXPORT: &str = "\
What is in the file: projects, tasks, patches with their decisions, policy, members with their identities, channels, what \
words mean there, lessons, the audit trail. What is not: tokens and keys, accounts with providers of models, sessions, \
conversations.

Example:
  docket tenant export Acme > acme.jsonl";

const IMPORT: &str = "\
The file is checked as a whole, then written in one transaction, or nothing is. A file that another server signed needs \
that server's key in DOCKET_MASTER_KEY, or --trust: whoever can write such a file can write any plan.

Example, from SQLite to PostgreSQL:
  docket tenant export > docket.jsonl
  DATABASE_URL=postgres://… docket migrate
  DATABASE_URL=postgres://… docket tenant import docket.jsonl";

/// Carries out a command on tenants.
pub(super) async fn run(
    command: &Command,
    config: &Config,
    store: &Store,
    chance: &Chance,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    store.check().await?;
    let keyring = Keyring::of(config).map_err(anyhow::Error::from)?;
    match command {
        Command::List => list(store, out).await,
        Command::Export { tenant } => {
            let tenant = find(store, tenant.as_deref()).await?;
            let mut out = BufWriter::new(out);
            let exported = moving::export(store, &keyring, chance, tenant.id, &mut out).await?;
            out.flush()?;
            if !exported.is_signed {
                tracing::warn!(
                    "the file is not signed, because DOCKET_MASTER_KEY is not set: importing it needs --trust"
                );
            }
            Ok(())
        }
        Command::Import { file, into, trust } => {
            let opened = File::open(file).with_context(|| format!("{} can't be opened", file.display()))?;
            let target = match into {
                Some(into) => Target::Into(find(store, Some(into)).await?.id),
                None => Target::Fitting,
            };
            let imported = moving::import(store, &keyring, chance, &opened, target, *trust).await?;
            writeln!(out, "{} is here, as {}: {} rows.", imported.name, imported.tenant, imported.rows)?;
            for organisation in &imported.unmapped {
                writeln!(out, "{organisation} belongs to another tenant here, and stays with it.")?;
            }
            writeln!(out, "Tokens, keys and accounts of models did not come along: connect them again.")?;
            Ok(())
        }
        Command::Delete { tenant, yes } => {
            let tenant = find(store, Some(tenant)).await?;
            if *yes != tenant.name {
                let why = format!("{} is called {}, not {yes}; nothing was deleted", tenant.id, tenant.name);
                return Err(Failure::Usage(why));
            }
            let left = still_let_in(store, tenant.id).await?;
            let rows = moving::delete(store, tenant.id).await?;
            writeln!(out, "{} is gone, with everything that was stored of it: {rows} rows.", tenant.name)?;
            if !left.is_empty() {
                let left = left.join(", ");
                writeln!(out, "Its tokens are deleted and were not taken back. Remove Docket there as well: {left}.")?;
            }
            Ok(())
        }
    }
}

/// Where a tenant's connections still let Docket in: `Slack (Acme)`.
async fn still_let_in(store: &Store, tenant: TenantId) -> Result<Vec<String>, Failure> {
    let mut tx = store.read(tenant).await.map_err(anyhow::Error::from)?;
    let connections = tx.connections().await.map_err(anyhow::Error::from)?;
    Ok(connections.iter().map(|one| format!("{} ({})", one.provider.name(), one.name)).collect())
}

async fn find(store: &Store, named: Option<&str>) -> Result<TenantRow, Failure> {
    moving::find(store, named).await.map_err(|error| Failure::Other(error.into()))
}

async fn list(store: &Store, out: &mut dyn Write) -> Result<(), Failure> {
    let mut rows = vec![["TENANT", "NAME", "MEMBERS", "PROJECTS", "SINCE"].map(str::to_owned)];
    for TenantRow { id, name, created_at } in store.tenants().await.map_err(anyhow::Error::from)? {
        let mut tx = store.read(id).await.map_err(anyhow::Error::from)?;
        let mut count = async |table: &str| match Table::named(table) {
            Some(table) => tx.count_rows(table).await,
            None => Ok(0),
        };
        let members = count("members").await.map_err(anyhow::Error::from)?;
        let projects = count("projects").await.map_err(anyhow::Error::from)?;
        rows.push([
            id.to_string(),
            name,
            members.to_string(),
            projects.to_string(),
            created_at.to_utc().format("%Y-%m-%d").to_string(),
        ]);
    }
    if rows.len() == 1 {
        writeln!(out, "No tenants: nobody has used Docket here yet.")?;
    } else {
        let columns = [Align::Left, Align::Left, Align::Right, Align::Right, Align::Left];
        write!(out, "{}", table(columns, &rows))?;
    }
    Ok(())
}
