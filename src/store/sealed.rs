//! Every place of the schema where a secret is stored, and how the secrets of all of them are looked after.
//!
//! Whoever adds a column that ends with `_sealed` adds a line to [`COLUMNS`]: starting, `docket doctor` and
//! `docket keys` go by that list. A test fails where a column is missing from it.

use sqlx::{AssertSqlSafe, FromRow};

use super::{
    Result, Store, Tx,
    codec::{limit, parse},
};
use crate::{
    domain::{ids::TenantId, secret::Sealed},
    secrets::account_key,
};

/// A column of secrets.
#[derive(Debug)]
pub struct Column {
    /// Its table.
    pub table: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What one of its secrets is: goes before the name of its row.
    pub one: &'static str,
    /// What several are.
    pub many: &'static str,
    /// What a row that is given up is called in the audit trail: `noun.removed`.
    pub removed: &'static str,
    /// The column that names a row within its tenant.
    row: &'static str,
    /// SQL: what people call the row.
    label: &'static str,
    /// SQL: what the secrets of the row are bound to, so that they open in no other.
    bound: &'static str,
    /// What a secret is sealed for, by what it is bound to.
    purpose: fn(&str) -> String,
}

impl PartialEq for Column {
    fn eq(&self, other: &Self) -> bool {
        (self.table, self.name) == (other.table, other.name)
    }
}

impl Eq for Column {}

/// All of them, in the order in which they are looked after.
const COLUMNS: &[Column] = &[
    // Bound to the account's name, which is as much its own as its id: unique in the tenant, and never changed. The
    // key is sealed at the door, before there is an id.
    Column {
        table: "llm_accounts",
        name: "key_sealed",
        one: "the key of the model account",
        many: "keys of model accounts",
        removed: "account.removed",
        row: "id",
        label: "name",
        bound: "name",
        purpose: account_key,
    },
    Column {
        table: "connections",
        name: "access_sealed",
        one: "the access token of the connection to",
        many: "access tokens of connections",
        removed: "connection.removed",
        row: "id",
        label: "provider || ' ' || name",
        bound: "provider || ' ' || id",
        purpose: |bound| format!("connection {bound} access"),
    },
    Column {
        table: "connections",
        name: "refresh_sealed",
        one: "the refresh token of the connection to",
        many: "refresh tokens of connections",
        removed: "connection.removed",
        row: "id",
        label: "provider || ' ' || name",
        bound: "provider || ' ' || id",
        purpose: |bound| format!("connection {bound} refresh"),
    },
    Column {
        table: "provider_apps",
        name: "client_sealed",
        one: "the client secret of the tenant's own app at",
        many: "client secrets of tenants' own apps",
        removed: "app.removed",
        row: "provider",
        label: "provider",
        bound: "provider",
        purpose: |bound| format!("app {bound} client"),
    },
    Column {
        table: "provider_apps",
        name: "key_sealed",
        one: "the private key of the tenant's own app at",
        many: "private keys of tenants' own apps",
        removed: "app.removed",
        row: "provider",
        label: "provider",
        bound: "provider",
        purpose: |bound| format!("app {bound} key"),
    },
    Column {
        table: "provider_apps",
        name: "hook_sealed",
        one: "the webhook secret of the tenant's own app at",
        many: "webhook secrets of tenants' own apps",
        removed: "app.removed",
        row: "provider",
        label: "provider",
        bound: "provider",
        purpose: |bound| format!("app {bound} hook"),
    },
];

/// A stored secret, with whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSecret {
    /// The tenant.
    pub tenant: TenantId,
    /// Where it stands.
    pub column: &'static Column,
    /// The row's name within its tenant, such as an account's id.
    pub row: String,
    /// What people call the row.
    pub label: String,
    /// What it is sealed for.
    pub purpose: String,
    /// The secret.
    pub sealed: Sealed,
}

impl StoredSecret {
    /// What it is, in words: `the key of the model account OpenAI`.
    pub fn words(&self) -> String {
        format!("{} {}", self.column.one, self.label)
    }
}

#[derive(FromRow)]
struct Row {
    tenant_id: String,
    id: String,
    label: String,
    bound: String,
    sealed: String,
}

impl Column {
    fn read(&'static self, row: Row) -> Result<StoredSecret> {
        Ok(StoredSecret {
            tenant: parse("tenant", &row.tenant_id)?,
            column: self,
            row: row.id,
            label: row.label,
            purpose: (self.purpose)(&row.bound),
            sealed: Sealed(row.sealed),
        })
    }
}

impl Store {
    /// Every column of secrets.
    pub fn sealed_columns() -> &'static [Column] {
        COLUMNS
    }

    /// Up to this many secrets of all tenants, those that follow `after` in a fixed order; fewer where no more follow.
    pub async fn secrets(&self, after: Option<&StoredSecret>, rows: usize) -> Result<Vec<StoredSecret>> {
        let mut session = self.look().await?;
        let reached = after.and_then(|last| COLUMNS.iter().position(|column| column == last.column));
        let mut found = Vec::new();
        for (index, column) in COLUMNS.iter().enumerate().skip(reached.unwrap_or(0)) {
            let last = after.filter(|_| reached == Some(index));
            let (tenant, row) = last.map_or_else(Default::default, |last| (last.tenant.to_string(), last.row.clone()));
            let Column { table, name, row: id, label, bound, .. } = column;
            // Safe: all of it stands above.
            let sql = AssertSqlSafe(format!(
                "SELECT tenant_id, {id} AS id, {label} AS label, {bound} AS bound, {name} AS sealed FROM {table} \
                 WHERE {name} IS NOT NULL AND (tenant_id, {id}) > ($1, $2) ORDER BY tenant_id, {id} LIMIT $3"
            ));
            let left = limit(rows - found.len());
            let page = all!(session, Row, sql, tenant, row, left);
            for row in page {
                found.push(column.read(row)?);
            }
            if found.len() >= rows {
                break;
            }
        }
        Ok(found)
    }
}

impl Tx {
    /// Puts a secret that was sealed anew in the place of the old one; false where that is there no more.
    pub async fn replace_secret(&mut self, old: &StoredSecret, new: &Sealed) -> Result<bool> {
        let Column { table, name, row, .. } = old.column;
        // Safe: the names stand above.
        let sql = AssertSqlSafe(format!(
            "UPDATE {table} SET {name} = $4 WHERE tenant_id = $1 AND {row} = $2 AND {name} = $3"
        ));
        Ok(execute!(self.session, sql, &self.key, &old.row, &old.sealed.0, &new.0) == 1)
    }

    /// Removes the row of a secret, with everything in it; false where the secret is there no more.
    pub async fn forget_secret(&mut self, secret: &StoredSecret) -> Result<bool> {
        let Column { table, name, row, .. } = secret.column;
        // Safe: the names stand above.
        let sql = AssertSqlSafe(format!("DELETE FROM {table} WHERE tenant_id = $1 AND {row} = $2 AND {name} = $3"));
        Ok(execute!(self.session, sql, &self.key, &secret.row, &secret.sealed.0) == 1)
    }
}
