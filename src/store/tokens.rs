//! Tokens of the JSON API. Only the hash of a token's text is here.

use std::collections::BTreeSet;

use sqlx::FromRow;

use super::{
    Error, Result, Store, Tx,
    codec::{from_json, parse, to_json},
};
use crate::domain::{
    ids::{TenantId, TokenId},
    secret::Hashed,
    time::Timestamp,
    token::{ApiToken, Scope},
};

/// The token whose text has the hash `$1`, whosever it is.
pub(super) const BY_HASH: &str = "SELECT tenant_id, id, name, scopes, member_id, created_at, expires_at, used_at \
     FROM api_tokens WHERE hash = $1";

#[derive(FromRow)]
struct Row {
    id: String,
    name: String,
    scopes: String,
    member_id: String,
    created_at: i64,
    expires_at: Option<i64>,
    used_at: Option<i64>,
}

#[derive(FromRow)]
struct OwnedRow {
    tenant_id: String,
    #[sqlx(flatten)]
    token: Row,
}

impl TryFrom<Row> for ApiToken {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: parse("token", &row.id)?,
            name: row.name,
            scopes: from_json::<BTreeSet<Scope>>("scopes", &row.scopes)?,
            member: parse("member", &row.member_id)?,
            created_at: Timestamp::from_millis(row.created_at),
            expires_at: row.expires_at.map(Timestamp::from_millis),
            used_at: row.used_at.map(Timestamp::from_millis),
        })
    }
}

impl Store {
    /// The token whose text has this hash, with its tenant: the one thing that a caller shows first.
    pub async fn token_by_hash(&self, hash: &Hashed) -> Result<Option<(TenantId, ApiToken)>> {
        let mut session = self.look().await?;
        let row = first!(session, OwnedRow, BY_HASH, &hash.0);
        row.map(|OwnedRow { tenant_id, token }| Ok((parse("tenant", &tenant_id)?, token.try_into()?))).transpose()
    }

    /// Notes that a token was used. Nobody waits to hear of it, so nobody is told.
    pub async fn note_token_use(&self, tenant: TenantId, token: TokenId, at: Timestamp) -> Result<()> {
        let mut session = self.write(tenant).await?.session;
        execute!(
            session,
            "UPDATE api_tokens SET used_at = $3 WHERE tenant_id = $1 AND id = $2",
            tenant.to_string(),
            token.to_string(),
            at.as_millis()
        );
        session.commit_quietly().await
    }
}

impl Tx {
    /// Stores a new token by the hash of its text.
    pub async fn insert_token(&mut self, token: &ApiToken, hash: &Hashed) -> Result<()> {
        execute!(
            self.session,
            "INSERT INTO api_tokens (tenant_id, id, hash, name, scopes, member_id, created_at, expires_at, used_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            &self.key,
            token.id.to_string(),
            &hash.0,
            &token.name,
            to_json("scopes", &token.scopes)?,
            token.member.to_string(),
            token.created_at.as_millis(),
            token.expires_at.map(Timestamp::as_millis),
            token.used_at.map(Timestamp::as_millis)
        );
        Ok(())
    }

    /// The tenant's tokens, newest first.
    pub async fn tokens(&mut self) -> Result<Vec<ApiToken>> {
        let rows = all!(
            self.session,
            Row,
            "SELECT id, name, scopes, member_id, created_at, expires_at, used_at FROM api_tokens \
             WHERE tenant_id = $1 ORDER BY created_at DESC, id DESC",
            &self.key
        );
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Deletes a token, which is worth nothing from then on; false where there is none of this id.
    pub async fn remove_token(&mut self, token: TokenId) -> Result<bool> {
        let rows = execute!(
            self.session,
            "DELETE FROM api_tokens WHERE tenant_id = $1 AND id = $2",
            &self.key,
            token.to_string()
        );
        Ok(rows == 1)
    }
}
