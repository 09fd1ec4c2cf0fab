//! Accounts with providers of models, and which model a tenant uses for what.

use sqlx::FromRow;

use super::{
    Error, Result, Tx,
    codec::{from_json, from_json_opt, parse, small, to_json, word},
};
use crate::domain::{
    ids::AccountId,
    model::{Account, JsonMode, ModelSettings},
    secret::Sealed,
    time::Timestamp,
};

/// Every column, in failover order.
pub(super) const ACCOUNTS: &str = "SELECT id, name, base_url, key_sealed, models, json_mode, position, member_id, \
     created_at FROM llm_accounts WHERE tenant_id = $1 ORDER BY position, id";

#[derive(FromRow)]
struct Row {
    id: String,
    name: String,
    base_url: String,
    key_sealed: Option<String>,
    models: String,
    json_mode: String,
    position: i64,
    member_id: String,
    created_at: i64,
}

impl TryFrom<Row> for Account {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: parse("account", &row.id)?,
            name: row.name,
            base_url: row.base_url,
            key: row.key_sealed.map(Sealed),
            models: from_json("models", &row.models)?,
            json: word("JSON mode", &row.json_mode)?,
            position: small("position", row.position)?,
            by: parse("member", &row.member_id)?,
            created_at: Timestamp::from_millis(row.created_at),
        })
    }
}

impl Tx {
    /// The tenant's accounts in the order of failover.
    pub async fn accounts(&mut self) -> Result<Vec<Account>> {
        let rows = all!(self.session, Row, ACCOUNTS, &self.key);
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// The account that people call by this name, whatever its case.
    pub async fn account_by_name(&mut self, name: &str) -> Result<Option<Account>> {
        let row = first!(
            self.session,
            Row,
            "SELECT id, name, base_url, key_sealed, models, json_mode, position, member_id, created_at \
             FROM llm_accounts WHERE tenant_id = $1 AND folded = $2",
            &self.key,
            name.to_lowercase()
        );
        row.map(TryInto::try_into).transpose()
    }

    /// Adds an account, or replaces the one of its id; who added it and when stay as they were.
    ///
    /// Fails with [`Error::Taken`] where another account has its name.
    pub async fn put_account(&mut self, account: &Account) -> Result<()> {
        self.lock_tenant().await?;
        let id = account.id.to_string();
        let folded = account.name.to_lowercase();
        let other = first!(
            self.session,
            (String,),
            "SELECT name FROM llm_accounts WHERE tenant_id = $1 AND folded = $2 AND id <> $3",
            &self.key,
            &folded,
            &id
        );
        if let Some((name,)) = other {
            return Err(Error::Taken { what: "account", why: format!("there is one called {name}") });
        }
        execute!(
            self.session,
            "INSERT INTO llm_accounts (tenant_id, id, name, folded, base_url, key_sealed, models, json_mode, \
             position, member_id, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
             ON CONFLICT (tenant_id, id) DO UPDATE SET name = excluded.name, folded = excluded.folded, \
             base_url = excluded.base_url, key_sealed = excluded.key_sealed, models = excluded.models, \
             json_mode = excluded.json_mode, position = excluded.position",
            &self.key,
            &id,
            &account.name,
            &folded,
            &account.base_url,
            account.key.as_ref().map(|key| key.0.as_str()),
            to_json("models", &account.models)?,
            account.json.as_str(),
            i64::from(account.position),
            account.by.to_string(),
            account.created_at.as_millis()
        );
        Ok(())
    }

    /// Remembers how an account's answers can be held to a shape.
    pub async fn set_account_json(&mut self, id: AccountId, json: JsonMode) -> Result<()> {
        execute!(
            self.session,
            "UPDATE llm_accounts SET json_mode = $3 WHERE tenant_id = $1 AND id = $2",
            &self.key,
            id.to_string(),
            json.as_str()
        );
        Ok(())
    }

    /// Removes an account with its key; false where there is none of this id.
    pub async fn remove_account(&mut self, id: AccountId) -> Result<bool> {
        let rows = execute!(
            self.session,
            "DELETE FROM llm_accounts WHERE tenant_id = $1 AND id = $2",
            &self.key,
            id.to_string()
        );
        Ok(rows == 1)
    }

    /// The tenant's choice of models and its budget; the default where it chose nothing.
    pub async fn model_settings(&mut self) -> Result<ModelSettings> {
        let row = first!(self.session, (Option<String>,), "SELECT models FROM tenants WHERE id = $1", &self.key);
        let (settings,) = row.ok_or(sqlx::Error::RowNotFound)?;
        Ok(from_json_opt("choice of models", settings.as_deref())?.unwrap_or_default())
    }

    /// Replaces the tenant's choice of models and its budget.
    pub async fn set_model_settings(&mut self, settings: &ModelSettings) -> Result<()> {
        let settings = to_json("choice of models", settings)?;
        execute!(self.session, "UPDATE tenants SET models = $2 WHERE id = $1", &self.key, settings);
        Ok(())
    }
}
