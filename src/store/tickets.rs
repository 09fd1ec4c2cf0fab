//! Private links from chat that sign a member in once.

use super::{Result, Store, Tx, codec::parse};
use crate::domain::{
    ids::{MemberId, TenantId},
    secret::Hashed,
    time::Timestamp,
};

impl Store {
    /// Whom the ticket of this token signs in, while it lasts. Nothing is used up.
    pub async fn ticket(&self, token: &Hashed, now: Timestamp) -> Result<Option<(TenantId, MemberId)>> {
        let mut session = self.look().await?;
        let row = first!(
            session,
            (String, String),
            "SELECT tenant_id, member_id FROM tickets WHERE token_hash = $1 AND expires_at > $2",
            &token.0,
            now.as_millis()
        );
        row.map(|(tenant, member)| Ok((parse("tenant", &tenant)?, parse("member", &member)?))).transpose()
    }
}

impl Tx {
    /// Remembers a ticket for a member.
    pub async fn insert_ticket(&mut self, token: &Hashed, member: MemberId, expires_at: Timestamp) -> Result<()> {
        execute!(
            self.session,
            "INSERT INTO tickets (tenant_id, token_hash, member_id, expires_at) VALUES ($1, $2, $3, $4)",
            &self.key,
            &token.0,
            member.to_string(),
            expires_at.as_millis()
        );
        Ok(())
    }

    /// Uses a ticket up: it works once, however many use it at the same time. Says whose it was.
    pub async fn use_ticket(&mut self, token: &Hashed, now: Timestamp) -> Result<Option<MemberId>> {
        let row = first!(
            self.session,
            (String,),
            "DELETE FROM tickets WHERE tenant_id = $1 AND token_hash = $2 AND expires_at > $3 RETURNING member_id",
            &self.key,
            &token.0,
            now.as_millis()
        );
        row.map(|(member,)| parse("member", &member)).transpose()
    }
}
