//! Keeps the tokens of connections, and hands out live ones.
//!
//! A token that is about to end is refreshed first. A refresh token works once, so only one process asks with it: it
//! takes a lease by compare-and-set and commits that, calls the provider with no transaction open, and commits the new
//! pair before anybody uses it. Where that goes wrong in between, the provider refuses the old pair the next time, and
//! the connection is broken: its owners are told.

mod hooks;
mod leave;
mod words;

use std::{sync::Arc, time::Duration};

use secrecy::SecretString;
use serde_json::json;
use tokio::time::sleep;

use super::{
    Refused,
    call::{Access, Tokens},
    github,
    providers::Providers,
};
use crate::{
    clock::Chance,
    config::ClientConfig,
    domain::{
        audit::AuditEntry,
        connection::{Condition, Connection, SHORT, app_purpose, purpose},
        ids::{ConnectionId, MemberId, TenantId},
        job::{Job, JobError},
        provider::Provider,
        secret::Sealed,
    },
    secrets::{Keyring, Unopenable, Unsealable},
    store::{self, Renewed, Store, Tx},
};

/// How long whoever refreshes a connection has it: longer than any call of a provider takes.
const LEASE: Duration = Duration::from_secs(30);
/// How often it is looked whether another process has refreshed a connection.
const LOOK: Duration = Duration::from_millis(50);
/// How often at most before it is left to a later attempt.
const LOOKS: usize = 60;
/// How long whoever found a connection being refreshed waits before another attempt.
const PAUSE: Duration = Duration::from_secs(2);

/// Why there is no live token.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// There is no such connection of this tenant, or somebody disconnected it.
    #[error("it is not connected")]
    Gone,
    /// Somebody has to connect it again.
    #[error("it no longer works: {0}")]
    Broken(String),
    /// Another process is getting a fresh one.
    #[error("its token is being refreshed")]
    Busy,
    /// The provider did not give a fresh one this time.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Its secret can't be decrypted.
    #[error("its token can't be decrypted: {0}")]
    Unopenable(#[from] Unopenable),
    /// A fresh token can't be encrypted.
    #[error(transparent)]
    Unsealable(#[from] Unsealable),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl From<Unusable> for JobError {
    fn from(error: Unusable) -> Self {
        match error {
            Unusable::Busy => Self::Wait(PAUSE),
            Unusable::Refused(Refused::Busy(_, wait)) => Self::Wait(wait),
            Unusable::Gone | Unusable::Broken(_) => Self::Fatal(error.into()),
            error => Self::Retry(error.into()),
        }
    }
}

/// The tokens of all connections. Cheap to clone.
#[derive(Clone)]
pub struct Vault {
    store: Store,
    chance: Chance,
    keyring: Keyring,
    providers: Arc<Providers>,
}

impl Vault {
    /// With the providers of the settings.
    pub fn new(store: Store, chance: Chance, keyring: Keyring, providers: Arc<Providers>) -> Self {
        Self { store, chance, keyring, providers }
    }

    /// Whether tokens can be encrypted, and so kept.
    ///
    /// # Errors
    /// When there is no master key.
    pub fn ready(&self) -> Result<(), Unsealable> {
        self.keyring.ready()
    }

    /// The providers.
    pub fn providers(&self) -> &Providers {
        &self.providers
    }

    /// A token that works now, refreshed first where it is about to end.
    ///
    /// # Errors
    /// When there is none.
    pub async fn token(&self, tenant: TenantId, id: ConnectionId) -> Result<SecretString, Unusable> {
        let found = self.store.read(tenant).await?.connection(id).await?;
        let connection = found.filter(|found| found.condition != Condition::Leaving).ok_or(Unusable::Gone)?;
        self.live(tenant, connection, SHORT).await
    }

    /// Refreshes a connection whose token ends within `ahead`. Gives the connection as it is then; `None` where there
    /// is none.
    ///
    /// # Errors
    /// When the provider did not give a fresh token, for now or for good.
    pub async fn renew(
        &self,
        tenant: TenantId,
        id: ConnectionId,
        ahead: Duration,
    ) -> Result<Option<Connection>, Unusable> {
        let Some(connection) = self.store.read(tenant).await?.connection(id).await? else { return Ok(None) };
        if connection.condition == Condition::Live {
            self.live(tenant, connection, ahead).await?;
        }
        Ok(self.store.read(tenant).await?.connection(id).await?)
    }

    async fn live(&self, tenant: TenantId, found: Connection, ahead: Duration) -> Result<SecretString, Unusable> {
        let ahead = found.margin(ahead);
        let mut connection = found;
        for _ in 0..LOOKS {
            if let (Condition::Broken, Some((why, _))) = (connection.condition, &connection.trouble) {
                return Err(Unusable::Broken(why.clone()));
            }
            if !connection.ends_within(ahead, self.chance.now()) {
                return self.access(tenant, &connection);
            }
            if let Some(token) = self.refresh(tenant, &connection).await? {
                return Ok(token);
            }
            // Somebody else has the lease, or was quicker: what is true stands in the database.
            sleep(LOOK).await;
            connection = self.store.read(tenant).await?.connection(connection.id).await?.ok_or(Unusable::Gone)?;
        }
        Err(Unusable::Busy)
    }

    /// Gets a fresh token; `None` where another process does, or did.
    async fn refresh(&self, tenant: TenantId, connection: &Connection) -> Result<Option<SecretString>, Unusable> {
        let (id, version) = (connection.id, connection.version);
        let now = self.chance.now();
        let until = now.plus(LEASE);
        let mut tx = self.store.write(tenant).await?;
        if !tx.lease_connection(id, version, now, until).await? {
            return Ok(None);
        }
        tx.commit().await?;
        let asked = self.ask(tenant, connection).await;
        let tokens = match asked {
            Ok(tokens) => tokens,
            Err(Unusable::Refused(refused)) if !refused.may_pass() => {
                let why = words::refusal(&refused);
                self.give_up(tenant, connection, &why).await?;
                return Err(Unusable::Broken(why));
            }
            Err(error) => {
                let mut tx = self.store.write(tenant).await?;
                tx.release_connection(id, until).await?;
                tx.commit().await?;
                return Err(error);
            }
        };
        self.keep(tenant, connection, tokens).await
    }

    async fn ask(&self, tenant: TenantId, connection: &Connection) -> Result<Option<Tokens>, Unusable> {
        let sealed = connection.refresh.as_ref();
        let refresh = sealed.map(|sealed| self.open(tenant, connection, "refresh", sealed)).transpose()?;
        let app = self.app_of(tenant, connection.provider).await?;
        let now = self.chance.now();
        Ok(self.providers.refresh(connection, refresh.as_ref(), app.as_ref(), now).await?)
    }

    /// Commits fresh tokens; only then are they used. `None` where others are there in the meantime.
    async fn keep(
        &self,
        tenant: TenantId,
        connection: &Connection,
        tokens: Option<Tokens>,
    ) -> Result<Option<SecretString>, Unusable> {
        let now = self.chance.now();
        let (fresh, token) = if let Some(tokens) = tokens {
            let seal =
                |what, secret: &SecretString| self.seal(tenant, connection.provider, connection.id, what, secret);
            let fresh = Renewed {
                access: seal("access", &tokens.access)?,
                // Some providers keep the old one and do not repeat it.
                refresh: match &tokens.refresh {
                    Some(refresh) => Some(seal("refresh", refresh)?),
                    None => connection.refresh.clone(),
                },
                expires_at: tokens.life.map(|life| now.plus(life)),
                scopes: tokens.scopes.unwrap_or_else(|| connection.scopes.clone()),
                at: now,
            };
            (fresh, tokens.access)
        } else {
            let token = self.access(tenant, connection)?;
            let access = connection.access.clone().ok_or(Unusable::Gone)?;
            let scopes = connection.scopes.clone();
            (Renewed { access, refresh: None, expires_at: None, scopes, at: now }, token)
        };
        let mut tx = self.store.write(tenant).await?;
        if !tx.renew_connection(connection.id, connection.version, &fresh).await? {
            return Ok(None);
        }
        tx.commit().await?;
        tracing::info!(connection = %connection.id, provider = connection.provider.as_str(), "a token was refreshed");
        Ok(Some(token))
    }

    /// Writes down that a connection no longer works, with the job that tells its owners.
    async fn give_up(&self, tenant: TenantId, connection: &Connection, why: &str) -> Result<(), Unusable> {
        let mut tx = self.store.write(tenant).await?;
        self.break_in(&mut tx, connection, why).await?;
        Ok(tx.commit().await?)
    }

    /// The same within a transaction: for what a provider tells us by itself.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn break_in(&self, tx: &mut Tx, connection: &Connection, why: &str) -> store::Result<()> {
        let now = self.chance.now();
        if !tx.break_connection(connection.id, connection.version, why, now).await? {
            return Ok(());
        }
        let (id, provider) = (connection.id, connection.provider);
        tracing::warn!(connection = %id, provider = provider.as_str(), why, "a connection no longer works");
        tx.record(&self.entry(connection, None, "connection.broken", why)).await?;
        tx.enqueue(self.chance.id(), &Job::TellBroken { connection: id }.due(now)).await?;
        Ok(())
    }

    /// Keeps what a round trip came to: a new connection, or fresh tokens for the one to the same organisation. Commits
    /// nothing.
    ///
    /// # Errors
    /// When another tenant has the organisation, or the tokens can't be encrypted.
    pub async fn connect(
        &self,
        tx: &mut Tx,
        provider: Provider,
        access: Access,
        by: MemberId,
        owner: Option<MemberId>,
    ) -> Result<Connection, Unusable> {
        let (tenant, now) = (tx.tenant(), self.chance.now());
        tx.lock_tenant().await?;
        let known = tx.connection_to(provider, &access.realm, owner).await?;
        let id = known.as_ref().map_or_else(|| self.chance.id(), |known| known.id);
        let Access { realm, name, account, url, tokens } = access;
        let refresh = tokens.refresh.as_ref();
        let connection = Connection {
            id,
            provider,
            realm,
            owner,
            name,
            account,
            url,
            scopes: tokens.scopes.unwrap_or_default(),
            access: Some(self.seal(tenant, provider, id, "access", &tokens.access)?),
            refresh: refresh.map(|refresh| self.seal(tenant, provider, id, "refresh", refresh)).transpose()?,
            expires_at: tokens.life.map(|life| now.plus(life)),
            condition: Condition::Live,
            trouble: None,
            version: 1,
            by,
            connected_at: now,
            refreshed_at: None,
        };
        tx.put_connection(&connection).await?;
        tx.record(&self.entry(&connection, Some(by), "connection.connected", &connection.name)).await?;
        self.schedule(tx, &connection).await?;
        if provider == Provider::GitHub && owner.is_none() {
            tx.enqueue(self.chance.id(), &Job::SyncConnection { connection: id }.due(now)).await?;
        }
        tracing::info!(connection = %id, provider = provider.as_str(), "connected");
        Ok(connection)
    }

    /// Queues the refresh of a connection ahead of its token's end.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn schedule(&self, tx: &mut Tx, connection: &Connection) -> store::Result<()> {
        let Some(end) = connection.expires_at else { return Ok(()) };
        let now = self.chance.now();
        let due = end.minus(connection.margin(Connection::ahead(end.since(now)))).max(now);
        tx.enqueue(self.chance.id(), &Job::RefreshConnection { connection: connection.id }.due(due)).await?;
        Ok(())
    }

    /// The GitHub App that a tenant uses: its own before the operator's; `None` where there is neither.
    ///
    /// # Errors
    /// When its secrets can't be decrypted.
    pub async fn github_app(&self, tenant: TenantId) -> Result<Option<github::App>, Unusable> {
        let Some(app) = self.store.read(tenant).await?.provider_app(Provider::GitHub).await? else {
            return Ok(self.providers.github_app.clone());
        };
        let open = |what, sealed: &Sealed| self.keyring.open(tenant, &app_purpose(Provider::GitHub, what), sealed);
        let client = ClientConfig { id: app.client_id.clone(), secret: open("client", &app.client_secret)? };
        Ok(Some(github::App { id: app.number, client, private_key: open("key", &app.private_key)? }))
    }

    async fn app_of(&self, tenant: TenantId, provider: Provider) -> Result<Option<github::App>, Unusable> {
        if provider == Provider::GitHub { self.github_app(tenant).await } else { Ok(None) }
    }

    /// Encrypts a secret of a tenant's own app.
    ///
    /// # Errors
    /// When there is no master key.
    pub fn seal_app(&self, tenant: TenantId, what: &str, secret: &SecretString) -> Result<Sealed, Unsealable> {
        self.keyring.seal(tenant, &app_purpose(Provider::GitHub, what), secret, &self.chance)
    }

    fn seal(
        &self,
        tenant: TenantId,
        provider: Provider,
        id: ConnectionId,
        what: &str,
        secret: &SecretString,
    ) -> Result<Sealed, Unsealable> {
        self.keyring.seal(tenant, &purpose(provider, id, what), secret, &self.chance)
    }

    fn open(
        &self,
        tenant: TenantId,
        connection: &Connection,
        what: &str,
        sealed: &Sealed,
    ) -> Result<SecretString, Unusable> {
        Ok(self.keyring.open(tenant, &purpose(connection.provider, connection.id, what), sealed)?)
    }

    fn access(&self, tenant: TenantId, connection: &Connection) -> Result<SecretString, Unusable> {
        let sealed = connection.access.as_ref().ok_or(Unusable::Gone)?;
        self.open(tenant, connection, "access", sealed)
    }

    fn entry(&self, connection: &Connection, actor: Option<MemberId>, action: &str, words: &str) -> AuditEntry {
        AuditEntry {
            id: self.chance.id(),
            at: self.chance.now(),
            actor,
            action: action.to_owned(),
            subject: connection.id.to_string(),
            venue: None,
            before: serde_json::Value::Null,
            after: json!({ "provider": connection.provider.as_str(), "realm": connection.realm, "what": words }),
        }
    }
}
