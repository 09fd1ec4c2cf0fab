//! Whose an installation is: remembered for as long as its tenant changes nothing, since every webhook asks.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::watch;

use crate::{
    clock::Chance,
    domain::{ids::TenantId, provider::Provider, time::Timestamp},
    store::{self, Store},
};

/// How long it is believed at most: what another process changes is not heard of on SQLite, nor while the line is down.
const BELIEVED: Duration = Duration::from_secs(1);

/// How many installations are remembered.
const MOST: usize = 10_000;

/// The installations that sent something lately.
#[derive(Default)]
pub(super) struct Known(Mutex<HashMap<u64, Owner>>);

struct Owner {
    tenant: TenantId,
    changes: watch::Receiver<u64>,
    since: Timestamp,
}

impl Known {
    /// The tenant that has connected this installation.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn tenant_of(
        &self,
        store: &Store,
        chance: &Chance,
        installation: u64,
    ) -> store::Result<Option<TenantId>> {
        let now = chance.now();
        if let Some(tenant) = self.remembered(installation, now) {
            return Ok(Some(tenant));
        }
        let realm = installation.to_string();
        let Some(tenant) = store.tenant_of_realm(Provider::GitHub, &realm).await? else { return Ok(None) };
        let changes = store.changes_of(tenant);
        // Once more: what changed before somebody listened for changes was not heard.
        let found = store.tenant_of_realm(Provider::GitHub, &realm).await?;
        if found == Some(tenant) {
            let mut owners = self.owners();
            if owners.len() >= MOST {
                owners.clear();
            }
            owners.insert(installation, Owner { tenant, changes, since: now });
        }
        Ok(found)
    }

    fn remembered(&self, installation: u64, now: Timestamp) -> Option<TenantId> {
        let owners = self.owners();
        let owner = owners.get(&installation)?;
        let is_sure = owner.changes.has_changed().is_ok_and(|has| !has) && now.since(owner.since) < BELIEVED;
        is_sure.then_some(owner.tenant)
    }

    fn owners(&self) -> MutexGuard<'_, HashMap<u64, Owner>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
