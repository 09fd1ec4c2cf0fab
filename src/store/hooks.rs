//! Whose a webhook is: looked up across all tenants, before one is known.

use super::{
    Result, Store,
    codec::{parse, whole},
};
use crate::domain::{
    ids::TenantId, provider::Provider, secret::Sealed, session::Party, time::Timestamp, tracker::RepositoryId,
};

impl Store {
    /// The tenant that has connected an organisation of a provider, and has not left it.
    pub async fn tenant_of_realm(&self, provider: Provider, realm: &str) -> Result<Option<TenantId>> {
        let mut session = self.look().await?;
        let row = first!(
            session,
            (String,),
            "SELECT tenant_id FROM connections WHERE provider = $1 AND realm = $2 AND owner IS NULL \
             AND state <> 'leaving'",
            provider.as_str(),
            realm
        );
        row.map(|(tenant,)| parse("tenant", &tenant)).transpose()
    }

    /// The tenants that know a repository.
    pub async fn tenants_of_repository(&self, repository: RepositoryId) -> Result<Vec<TenantId>> {
        let mut session = self.look().await?;
        let rows = all!(
            session,
            (String,),
            "SELECT tenant_id FROM repositories WHERE id = $1 ORDER BY tenant_id",
            whole(repository.0)
        );
        rows.iter().map(|(tenant,)| parse("tenant", tenant)).collect()
    }

    /// The tenants in which somebody is known by this login.
    pub async fn tenants_of_login(&self, party: Party, realm: &str, subject: &str) -> Result<Vec<TenantId>> {
        let mut session = self.look().await?;
        let rows = all!(
            session,
            (String,),
            "SELECT DISTINCT tenant_id FROM logins WHERE provider = $1 AND realm = $2 AND subject = $3 \
             ORDER BY tenant_id",
            party.as_str(),
            realm,
            subject
        );
        rows.iter().map(|(tenant,)| parse("tenant", tenant)).collect()
    }

    /// What the webhooks of a tenant's own app of this number are signed with, and whose the app is.
    pub async fn hook_secrets(&self, provider: Provider, number: u64) -> Result<Vec<(TenantId, Sealed)>> {
        let mut session = self.look().await?;
        let rows = all!(
            session,
            (String, String),
            "SELECT tenant_id, hook_sealed FROM provider_apps WHERE provider = $1 AND number = $2 \
             AND hook_sealed IS NOT NULL ORDER BY tenant_id",
            provider.as_str(),
            whole(number)
        );
        rows.into_iter().map(|(tenant, sealed)| Ok((parse("tenant", &tenant)?, Sealed(sealed)))).collect()
    }

    /// Forgets up to this many webhooks of GitHub that were dealt with before an instant. Says how many.
    pub async fn forget_webhooks(&self, before: Timestamp, most: i64) -> Result<u64> {
        let mut session = self.begin().await?;
        // The source is a literal, as in the condition of the index.
        let rows = execute!(
            session,
            "DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries \
             WHERE source = 'github' AND handled_at < $1 ORDER BY handled_at LIMIT $2)",
            before.as_millis(),
            most
        );
        session.commit().await?;
        Ok(rows)
    }
}
