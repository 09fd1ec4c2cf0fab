//! What the webhooks of tenants' own Apps are signed with.

use secrecy::SecretString;

use super::{Unusable, Vault};
use crate::domain::{connection::app_purpose, ids::TenantId, provider::Provider};

impl Vault {
    /// The secrets of the App of this number, with the tenant whose own it is.
    ///
    /// # Errors
    /// When one can't be decrypted.
    pub async fn hook_secrets(&self, app: u64) -> Result<Vec<(TenantId, SecretString)>, Unusable> {
        let sealed = self.store.hook_secrets(Provider::GitHub, app).await?;
        let purpose = app_purpose(Provider::GitHub, "hook");
        let open = |(tenant, sealed)| Ok((tenant, self.keyring.open(tenant, &purpose, &sealed)?));
        sealed.into_iter().map(open).collect()
    }

    /// The secret of a tenant's own App, where it has one.
    ///
    /// # Errors
    /// When it can't be decrypted.
    pub async fn hook_secret(&self, tenant: TenantId) -> Result<Option<SecretString>, Unusable> {
        let app = self.store.read(tenant).await?.provider_app(Provider::GitHub).await?;
        let Some(sealed) = app.and_then(|app| app.hook_secret) else { return Ok(None) };
        Ok(Some(self.keyring.open(tenant, &app_purpose(Provider::GitHub, "hook"), &sealed)?))
    }
}
