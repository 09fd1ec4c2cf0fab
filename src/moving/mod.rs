//! Tenants that move and leave: a tenant as a file, from a file, and gone.
//!
//! The file is lines of JSON: what the tenant is, its rows table by table, and a signature over everything before it.
//! What it holds is the plan with its patches and decisions, people, where they are known and what they set: neither
//! secrets nor sessions nor conversations (`store::Table` has the list).

mod delete;
mod export;
mod file;
mod import;

pub use delete::delete;
pub use export::{Exported, export};
pub use file::{BadFile, Trust};
pub use import::{Imported, Target, import};

use crate::store::{self, Store, TenantRow};

/// Why no tenant, or not one, is meant.
#[derive(Debug, thiserror::Error)]
pub enum Unclear {
    /// There is none of this name or id.
    #[error("there is no tenant {0}; `docket tenant list` shows them")]
    Unknown(String),
    /// Several are called so.
    #[error("several tenants are called {0}; say which by its id, from `docket tenant list`")]
    Several(String),
    /// None was named, and there is not exactly one.
    #[error("say which tenant, by name or id; `docket tenant list` shows them")]
    Unnamed,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// The tenant of this id or name; the only one where nobody is named.
///
/// # Errors
/// When it is not clear which one is meant.
pub async fn find(store: &Store, named: Option<&str>) -> Result<TenantRow, Unclear> {
    let mut tenants = store.tenants().await?;
    let Some(named) = named else {
        return if tenants.len() == 1 { Ok(tenants.remove(0)) } else { Err(Unclear::Unnamed) };
    };
    if let Some(tenant) = tenants.iter().find(|tenant| tenant.id.to_string() == named) {
        return Ok(tenant.clone());
    }
    tenants.retain(|tenant| tenant.name.to_lowercase() == named.to_lowercase());
    if tenants.len() > 1 {
        return Err(Unclear::Several(named.to_owned()));
    }
    tenants.pop().ok_or_else(|| Unclear::Unknown(named.to_owned()))
}
