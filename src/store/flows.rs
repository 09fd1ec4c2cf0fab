//! Round trips to a provider. They begin before anybody is signed in, so they are found across tenants, by the hash of
//! a state that nobody can guess.

use sqlx::FromRow;

use super::{
    Error, Result, Store,
    codec::{from_json, parse_opt, to_json, word},
};
use crate::domain::{
    ids::{MemberId, TenantId},
    secret::Hashed,
    session::StartedFlow,
    time::Timestamp,
};

#[derive(FromRow)]
struct FlowRow {
    state_hash: String,
    browser_hash: String,
    provider: String,
    purpose: String,
    tenant_id: Option<String>,
    member_id: Option<String>,
    verifier: String,
    nonce: String,
    detail: String,
    return_to: String,
    expires_at: i64,
}

impl TryFrom<FlowRow> for StartedFlow {
    type Error = Error;

    fn try_from(row: FlowRow) -> Result<Self> {
        let tenant: Option<TenantId> = parse_opt("tenant", row.tenant_id.as_deref())?;
        let member: Option<MemberId> = parse_opt("member", row.member_id.as_deref())?;
        Ok(Self {
            state: Hashed(row.state_hash),
            browser: Hashed(row.browser_hash),
            party: word("party", &row.provider)?,
            purpose: word("purpose", &row.purpose)?,
            by: tenant.zip(member),
            verifier: row.verifier,
            nonce: row.nonce,
            detail: from_json("detail", &row.detail)?,
            return_to: row.return_to,
            expires_at: Timestamp::from_millis(row.expires_at),
        })
    }
}

impl Store {
    /// Remembers a flow that starts.
    pub async fn start_flow(&self, flow: &StartedFlow) -> Result<()> {
        let mut session = self.begin().await?;
        execute!(
            session,
            "INSERT INTO flows (state_hash, browser_hash, provider, purpose, tenant_id, member_id, verifier, nonce, \
             detail, return_to, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            &flow.state.0,
            &flow.browser.0,
            flow.party.as_str(),
            flow.purpose.as_str(),
            flow.by.map(|(tenant, _)| tenant.to_string()),
            flow.by.map(|(_, member)| member.to_string()),
            &flow.verifier,
            &flow.nonce,
            to_json("detail", &flow.detail)?,
            &flow.return_to,
            flow.expires_at.as_millis()
        );
        session.commit_quietly().await
    }

    /// Takes a flow out: it is there once, however many ask for it at the same time.
    pub async fn take_flow(&self, state: &Hashed) -> Result<Option<StartedFlow>> {
        let mut session = self.begin().await?;
        let row = first!(
            session,
            FlowRow,
            "DELETE FROM flows WHERE state_hash = $1 RETURNING state_hash, browser_hash, provider, purpose, tenant_id, \
             member_id, verifier, nonce, detail, return_to, expires_at",
            &state.0
        );
        session.commit_quietly().await?;
        row.map(TryInto::try_into).transpose()
    }
}
