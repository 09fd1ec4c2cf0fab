//! How a connection ends: out of use at once, revoked by a job, and then deleted with its tokens.

use std::time::Duration;

use secrecy::SecretString;

use super::{Unusable, Vault};
use crate::{
    domain::{
        connection::{Condition, Connection},
        ids::{ConnectionId, MemberId, TenantId},
        job::Job,
        provider::Provider,
    },
    store::{self, Tx},
};

impl Vault {
    /// Puts a connection out of use, with the job that revokes its token.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn disconnect(&self, tx: &mut Tx, connection: &Connection, by: MemberId) -> store::Result<()> {
        if !tx.leave_connection(connection.id).await? {
            return Ok(());
        }
        tx.record(&self.entry(connection, Some(by), "connection.disconnected", &connection.name)).await?;
        let job = Job::RevokeConnection { connection: connection.id };
        tx.enqueue(self.chance.id(), &job.due(self.chance.now())).await?;
        Ok(())
    }

    /// Revokes the token of a connection that is out of use, and deletes it. What the provider says no to is gone there
    /// already, or is for a person to take away: the secret goes in any case.
    ///
    /// # Errors
    /// When the provider can't be reached: it is to be tried again, with `is_last` once more and then no more.
    pub async fn revoke(&self, tenant: TenantId, id: ConnectionId, is_last: bool) -> Result<(), Unusable> {
        let found = self.store.read(tenant).await?.connection(id).await?;
        let Some(connection) = found.filter(|found| found.condition == Condition::Leaving) else { return Ok(()) };
        match self.take_back(tenant, &connection).await {
            Ok(()) => tracing::info!(connection = %id, "the provider took a token back"),
            Err(Unusable::Refused(refused)) if refused.may_pass() && !is_last => return Err(refused.into()),
            Err(Unusable::Busy) => return Err(Unusable::Busy),
            Err(Unusable::Store(error)) => return Err(error.into()),
            Err(error) => tracing::warn!(connection = %id, %error, "a token was deleted and could not be revoked"),
        }
        let current = self.store.read(tenant).await?.connection(id).await?;
        let Some(current) = current.filter(|current| current.condition == Condition::Leaving) else { return Ok(()) };
        let mut tx = self.store.write(tenant).await?;
        tx.remove_connection(id, current.version).await?;
        Ok(tx.commit().await?)
    }

    async fn take_back(&self, tenant: TenantId, connection: &Connection) -> Result<(), Unusable> {
        let app = self.app_of(tenant, connection.provider).await?;
        // An installation of the App has a number; what a classic OAuth app was granted belongs to a user.
        let is_installation = connection.realm.bytes().all(|byte| byte.is_ascii_digit());
        let is_by_app = connection.provider == Provider::GitHub && app.is_some() && is_installation;
        let token = if is_by_app {
            // The App proves who it is by itself.
            SecretString::default()
        } else {
            self.live(tenant, connection.clone(), Duration::ZERO).await?
        };
        Ok(self.providers.revoke(connection, &token, app.as_ref(), self.chance.now()).await?)
    }
}
