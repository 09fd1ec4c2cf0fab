//! The Slack teams that are connected, each spoken to with its own token.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use secrecy::SecretString;

use super::{SlackApi, SlackClient, SlackError};
use crate::{
    clock::Chance,
    connect::{
        Refused,
        vault::{Unusable, Vault},
    },
    domain::{
        connection::{Condition, SHORT},
        ids::{ConnectionId, TenantId},
        member::Surface,
        provider::Provider,
        tenant::DISCONNECTED,
    },
    store::Store,
};

/// Clients that are kept: one for each connection, of its newest token.
type Kept = HashMap<ConnectionId, (u32, SlackClient)>;

/// The ways to all teams. Cheap to clone.
#[derive(Clone)]
pub struct Teams(Arc<Inner>);

struct Inner {
    api: SlackApi,
    /// The settings' own token, for the workspace of the local tenant.
    own: Option<SlackClient>,
    local: TenantId,
    store: Store,
    chance: Chance,
    vault: Vault,
    kept: Mutex<Kept>,
}

impl Teams {
    /// `own` is the token of the settings, whose workspace belongs to the tenant `local`.
    pub fn new(
        api: SlackApi,
        own: Option<&SecretString>,
        local: TenantId,
        store: Store,
        chance: Chance,
        vault: Vault,
    ) -> Self {
        let own = own.map(|token| api.client(token));
        Self(Arc::new(Inner { api, own, local, store, chance, vault, kept: Mutex::default() }))
    }

    /// What needs no token: rendering, and answers by a `response_url`.
    pub fn api(&self) -> &SlackApi {
        &self.0.api
    }

    /// The way to the workspace of the settings' own token.
    pub fn own(&self) -> Option<&SlackClient> {
        self.0.own.as_ref()
    }

    /// The way to a team of a tenant: with the token of its connection, or with the settings' own where it has none.
    ///
    /// # Errors
    /// When the team is not the tenant's, or its connection no longer works.
    pub async fn client(&self, tenant: TenantId, team: &str) -> Result<SlackClient, SlackError> {
        let inner = &self.0;
        let mut tx = inner.store.read(tenant).await.map_err(|_| unreadable())?;
        let installation = tx.installation(Surface::Slack, team).await.map_err(|_| unreadable())?;
        let connection = tx.connection_to(Provider::Slack, team, None).await.map_err(|_| unreadable())?;
        drop(tx);
        let Some(installation) = installation else { return Err(not_connected()) };
        let Some(connection) = connection else {
            // A workspace that was added by the page has a connection until somebody disconnects it.
            let is_own = tenant == inner.local && installation.removed.as_deref() != Some(DISCONNECTED);
            return inner.own.clone().filter(|_| is_own).ok_or_else(not_connected);
        };
        if connection.condition == Condition::Leaving {
            return Err(not_connected());
        }
        let is_fresh = !connection.ends_within(SHORT, inner.chance.now());
        let known = self.kept().get(&connection.id).filter(|_| is_fresh).cloned();
        if let Some((version, client)) = known
            && version == connection.version
        {
            return Ok(client);
        }
        let token = inner.vault.token(tenant, connection.id).await.map_err(trouble)?;
        let client = inner.api.client(&token);
        if is_fresh {
            self.kept().insert(connection.id, (connection.version, client.clone()));
        }
        Ok(client)
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unreadable() -> SlackError {
    SlackError::Unreachable("the database did not say with which token".to_owned())
}

fn not_connected() -> SlackError {
    SlackError::Denied {
        code: "not_connected".to_owned(),
        advice: "this workspace is not connected any more; an owner can connect it again on the page /connect"
            .to_owned(),
    }
}

fn trouble(error: Unusable) -> SlackError {
    match error {
        Unusable::Gone => not_connected(),
        Unusable::Broken(why) => SlackError::Denied {
            code: "connection_broken".to_owned(),
            advice: format!("{} An owner can connect it again on the page /connect", why.trim_end_matches('.')),
        },
        Unusable::Busy => SlackError::RateLimited(std::time::Duration::from_secs(2)),
        Unusable::Refused(Refused::Busy(_, wait)) => SlackError::RateLimited(wait),
        error => SlackError::Unreachable(error.to_string()),
    }
}
