//! What webhooks need: the secrets that they are signed with, and what they tell of connections.

use secrecy::SecretString;

use super::{Unusable, Vault};
use crate::{
    domain::{
        connection::{Condition, Connection, app_purpose},
        ids::TenantId,
        job::Job,
        provider::Provider,
    },
    store::{self, Tx},
};

impl Vault {
    /// Has a fresh token got before the next use of a connection, also where it was broken: its provider says that it
    /// works again, or that it may do something else now. Where it still does not, it is broken again, and its owners
    /// are told.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn mend_in(&self, tx: &mut Tx, connection: &Connection, why: &str) -> store::Result<()> {
        if connection.condition == Condition::Leaving {
            return Ok(());
        }
        let expires_at = Some(self.chance.now());
        let mended = Connection { condition: Condition::Live, trouble: None, expires_at, ..connection.clone() };
        tx.put_connection(&mended).await?;
        tx.record(&self.entry(connection, None, "connection.mended", why)).await?;
        // What happened meanwhile was told to nobody.
        self.look_at_once(tx, &mended).await?;
        self.schedule(tx, &mended).await
    }

    /// Has a connection looked through now, which gets a fresh token first where it needs one.
    async fn look_at_once(&self, tx: &mut Tx, connection: &Connection) -> store::Result<()> {
        if connection.provider == Provider::GitHub && connection.owner.is_none() {
            let look = Job::SyncConnection { connection: connection.id }.due(self.chance.now()).at_once();
            tx.enqueue(self.chance.id(), &look).await?;
        }
        Ok(())
    }

    /// Has the provider asked at once whether a connection still works. That it does not was told, but what is told may
    /// come late, and be over: only the answer counts.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn doubt_in(&self, tx: &mut Tx, connection: &Connection) -> store::Result<()> {
        if connection.condition != Condition::Live {
            return Ok(());
        }
        let doubted = Connection { expires_at: Some(self.chance.now()), ..connection.clone() };
        tx.put_connection(&doubted).await?;
        self.look_at_once(tx, &doubted).await
    }

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
