//! Access to providers. The tokens of a connection change by compare-and-set of its version, and only who has its lease
//! asks the provider for fresh ones.

use sqlx::FromRow;

use super::{
    Error, Result, Tx,
    codec::{from_json, parse, parse_opt, small, to_json, word},
};
use crate::domain::{
    connection::{Condition, Connection, ProviderApp},
    ids::{ConnectionId, MemberId},
    provider::Provider,
    secret::Sealed,
    time::Timestamp,
};

#[derive(FromRow)]
struct Row {
    id: String,
    provider: String,
    realm: String,
    owner: Option<String>,
    name: String,
    account: String,
    url: String,
    scopes: String,
    access_sealed: Option<String>,
    refresh_sealed: Option<String>,
    expires_at: Option<i64>,
    state: String,
    trouble: Option<String>,
    broken_at: Option<i64>,
    version: i64,
    connected_by: String,
    connected_at: i64,
    refreshed_at: Option<i64>,
}

impl TryFrom<Row> for Connection {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: parse("connection", &row.id)?,
            provider: word("provider", &row.provider)?,
            realm: row.realm,
            owner: parse_opt("member", row.owner.as_deref())?,
            name: row.name,
            account: row.account,
            url: row.url,
            scopes: from_json("scopes", &row.scopes)?,
            access: row.access_sealed.map(Sealed),
            refresh: row.refresh_sealed.map(Sealed),
            expires_at: row.expires_at.map(Timestamp::from_millis),
            condition: word("condition", &row.state)?,
            trouble: row.trouble.zip(row.broken_at.map(Timestamp::from_millis)),
            version: small("version", row.version)?,
            by: parse("member", &row.connected_by)?,
            connected_at: Timestamp::from_millis(row.connected_at),
            refreshed_at: row.refreshed_at.map(Timestamp::from_millis),
        })
    }
}

/// Fresh tokens.
#[derive(Debug, Clone)]
pub struct Renewed {
    /// The token.
    pub access: Sealed,
    /// What the next one is got with.
    pub refresh: Option<Sealed>,
    /// When the token ends.
    pub expires_at: Option<Timestamp>,
    /// What it may do.
    pub scopes: Vec<String>,
    /// When it came.
    pub at: Timestamp,
}

#[derive(FromRow)]
struct AppRow {
    provider: String,
    number: i64,
    slug: String,
    name: String,
    url: String,
    client_id: String,
    client_sealed: String,
    key_sealed: String,
    hook_sealed: Option<String>,
    made_by: String,
    made_at: i64,
}

impl Tx {
    /// The tenant's connections and those of its members, in the order in which they were connected.
    pub async fn connections(&mut self) -> Result<Vec<Connection>> {
        let rows = all!(
            self.session,
            Row,
            "SELECT id, provider, realm, owner, name, account, url, scopes, access_sealed, refresh_sealed, \
             expires_at, state, trouble, broken_at, version, connected_by, connected_at, refreshed_at \
             FROM connections WHERE tenant_id = $1 ORDER BY connected_at, id",
            &self.key
        );
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// The connection of this id.
    pub async fn connection(&mut self, id: ConnectionId) -> Result<Option<Connection>> {
        let row = first!(
            self.session,
            Row,
            "SELECT id, provider, realm, owner, name, account, url, scopes, access_sealed, refresh_sealed, \
             expires_at, state, trouble, broken_at, version, connected_by, connected_at, refreshed_at \
             FROM connections WHERE tenant_id = $1 AND id = $2",
            &self.key,
            id.to_string()
        );
        row.map(TryInto::try_into).transpose()
    }

    /// The connection to an organisation of a provider: the tenant's, or a member's own.
    pub async fn connection_to(
        &mut self,
        provider: Provider,
        realm: &str,
        owner: Option<MemberId>,
    ) -> Result<Option<Connection>> {
        let row = first!(
            self.session,
            Row,
            "SELECT id, provider, realm, owner, name, account, url, scopes, access_sealed, refresh_sealed, \
             expires_at, state, trouble, broken_at, version, connected_by, connected_at, refreshed_at \
             FROM connections WHERE tenant_id = $1 AND provider = $2 AND realm = $3 \
             AND COALESCE(owner, '') = $4",
            &self.key,
            provider.as_str(),
            realm,
            owner.map(|owner| owner.to_string()).unwrap_or_default()
        );
        row.map(TryInto::try_into).transpose()
    }

    /// Adds a connection, or replaces the one of its id, whose version then grows and whose lease ends.
    ///
    /// Fails with [`Error::Taken`] where another tenant has the organisation.
    pub async fn put_connection(&mut self, connection: &Connection) -> Result<()> {
        let Connection { provider, realm, owner, .. } = connection;
        if self.insert_connection(connection).await? == 1 || self.replace_connection(connection).await? == 1 {
            return Ok(());
        }
        let whose = if owner.is_some() { "is connected already" } else { "belongs to another tenant" };
        Err(Error::Taken { what: "connection", why: format!("{} {realm} {whose}", provider.name()) })
    }

    async fn insert_connection(&mut self, new: &Connection) -> Result<u64> {
        self.session.moved_doors = true;
        // Asks nothing of the row that is in the way: it may be another tenant's, which is out of sight.
        Ok(execute!(
            self.session,
            "INSERT INTO connections (tenant_id, id, provider, realm, owner, name, account, url, scopes, \
             access_sealed, refresh_sealed, expires_at, state, version, connected_by, connected_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) ON CONFLICT DO NOTHING",
            &self.key,
            new.id.to_string(),
            new.provider.as_str(),
            &new.realm,
            new.owner.map(|owner| owner.to_string()),
            &new.name,
            &new.account,
            &new.url,
            to_json("scopes", &new.scopes)?,
            new.access.as_ref().map(|access| access.0.as_str()),
            new.refresh.as_ref().map(|refresh| refresh.0.as_str()),
            new.expires_at.map(Timestamp::as_millis),
            new.condition.as_str(),
            i64::from(new.version),
            new.by.to_string(),
            new.connected_at.as_millis()
        ))
    }

    async fn replace_connection(&mut self, new: &Connection) -> Result<u64> {
        Ok(execute!(
            self.session,
            "UPDATE connections SET name = $4, account = $5, url = $6, scopes = $7, access_sealed = $8, \
             refresh_sealed = $9, expires_at = $10, state = $11, trouble = NULL, broken_at = NULL, \
             version = version + 1, lease_until = NULL, connected_by = $12, connected_at = $13, refreshed_at = NULL \
             WHERE tenant_id = $1 AND id = $2 AND realm = $3",
            &self.key,
            new.id.to_string(),
            &new.realm,
            &new.name,
            &new.account,
            &new.url,
            to_json("scopes", &new.scopes)?,
            new.access.as_ref().map(|access| access.0.as_str()),
            new.refresh.as_ref().map(|refresh| refresh.0.as_str()),
            new.expires_at.map(Timestamp::as_millis),
            new.condition.as_str(),
            new.by.to_string(),
            new.connected_at.as_millis()
        ))
    }

    /// Takes the lease of a connection at this version until `until`; false where somebody has it, the tokens have
    /// changed, or it is broken.
    pub async fn lease_connection(
        &mut self,
        id: ConnectionId,
        version: u32,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool> {
        let rows = execute!(
            self.session,
            "UPDATE connections SET lease_until = $5 WHERE tenant_id = $1 AND id = $2 AND version = $3 \
             AND state <> 'broken' AND (lease_until IS NULL OR lease_until <= $4)",
            &self.key,
            id.to_string(),
            i64::from(version),
            now.as_millis(),
            until.as_millis()
        );
        Ok(rows == 1)
    }

    /// Gives the lease back that ends at `until`.
    pub async fn release_connection(&mut self, id: ConnectionId, until: Timestamp) -> Result<()> {
        execute!(
            self.session,
            "UPDATE connections SET lease_until = NULL WHERE tenant_id = $1 AND id = $2 AND lease_until = $3",
            &self.key,
            id.to_string(),
            until.as_millis()
        );
        Ok(())
    }

    /// Stores fresh tokens in the place of those at `version`; false where those are there no more.
    pub async fn renew_connection(&mut self, id: ConnectionId, version: u32, fresh: &Renewed) -> Result<bool> {
        let rows = execute!(
            self.session,
            "UPDATE connections SET access_sealed = $4, refresh_sealed = $5, expires_at = $6, scopes = $7, \
             refreshed_at = $8, version = version + 1, lease_until = NULL \
             WHERE tenant_id = $1 AND id = $2 AND version = $3",
            &self.key,
            id.to_string(),
            i64::from(version),
            &fresh.access.0,
            fresh.refresh.as_ref().map(|refresh| refresh.0.as_str()),
            fresh.expires_at.map(Timestamp::as_millis),
            to_json("scopes", &fresh.scopes)?,
            fresh.at.as_millis()
        );
        Ok(rows == 1)
    }

    /// Writes down that the tokens at `version` no longer work, and deletes them; false where others are there, or it was
    /// known.
    pub async fn break_connection(
        &mut self,
        id: ConnectionId,
        version: u32,
        trouble: &str,
        at: Timestamp,
    ) -> Result<bool> {
        let rows = execute!(
            self.session,
            "UPDATE connections SET state = $4, trouble = $5, broken_at = $6, lease_until = NULL, \
             access_sealed = NULL, refresh_sealed = NULL WHERE tenant_id = $1 AND id = $2 AND version = $3 AND state = $7",
            &self.key,
            id.to_string(),
            i64::from(version),
            Condition::Broken.as_str(),
            trouble,
            at.as_millis(),
            Condition::Live.as_str()
        );
        Ok(rows == 1)
    }

    /// Puts a connection out of use until its token is revoked; false where there is none, or it was before.
    pub async fn leave_connection(&mut self, id: ConnectionId) -> Result<bool> {
        self.session.moved_doors = true;
        let rows = execute!(
            self.session,
            "UPDATE connections SET state = $3, trouble = NULL, broken_at = NULL \
             WHERE tenant_id = $1 AND id = $2 AND state <> $3",
            &self.key,
            id.to_string(),
            Condition::Leaving.as_str()
        );
        Ok(rows == 1)
    }

    /// Writes down what a provider calls an organisation now.
    pub async fn rename_connection(&mut self, id: ConnectionId, name: &str) -> Result<()> {
        execute!(
            self.session,
            "UPDATE connections SET name = $3 WHERE tenant_id = $1 AND id = $2",
            &self.key,
            id.to_string(),
            name
        );
        Ok(())
    }

    /// Removes a connection with its tokens, where they are still those of `version`.
    pub async fn remove_connection(&mut self, id: ConnectionId, version: u32) -> Result<bool> {
        self.session.moved_doors = true;
        let rows = execute!(
            self.session,
            "DELETE FROM connections WHERE tenant_id = $1 AND id = $2 AND version = $3",
            &self.key,
            id.to_string(),
            i64::from(version)
        );
        Ok(rows == 1)
    }

    /// The tenant's own app at a provider.
    pub async fn provider_app(&mut self, provider: Provider) -> Result<Option<ProviderApp>> {
        let row = first!(
            self.session,
            AppRow,
            "SELECT provider, number, slug, name, url, client_id, client_sealed, key_sealed, hook_sealed, made_by, \
             made_at FROM provider_apps WHERE tenant_id = $1 AND provider = $2",
            &self.key,
            provider.as_str()
        );
        row.map(TryInto::try_into).transpose()
    }

    /// Forgets the tenant's own app at a provider, with its secrets; false where it has none.
    pub async fn remove_provider_app(&mut self, provider: Provider) -> Result<bool> {
        self.session.moved_doors = true;
        let rows = execute!(
            self.session,
            "DELETE FROM provider_apps WHERE tenant_id = $1 AND provider = $2",
            &self.key,
            provider.as_str()
        );
        Ok(rows == 1)
    }

    /// Keeps the tenant's own app at a provider, in the place of an earlier one.
    pub async fn put_provider_app(&mut self, app: &ProviderApp) -> Result<()> {
        self.session.moved_doors = true;
        execute!(
            self.session,
            "INSERT INTO provider_apps (tenant_id, provider, number, slug, name, url, client_id, client_sealed, \
             key_sealed, hook_sealed, made_by, made_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
             ON CONFLICT (tenant_id, provider) DO UPDATE SET number = excluded.number, slug = excluded.slug, \
             name = excluded.name, url = excluded.url, client_id = excluded.client_id, \
             client_sealed = excluded.client_sealed, key_sealed = excluded.key_sealed, \
             hook_sealed = excluded.hook_sealed, made_by = excluded.made_by, made_at = excluded.made_at",
            &self.key,
            app.provider.as_str(),
            i64::try_from(app.number).unwrap_or(i64::MAX),
            &app.slug,
            &app.name,
            &app.url,
            &app.client_id,
            &app.client_secret.0,
            &app.private_key.0,
            app.hook_secret.as_ref().map(|secret| secret.0.as_str()),
            app.by.to_string(),
            app.made_at.as_millis()
        );
        Ok(())
    }
}

impl TryFrom<AppRow> for ProviderApp {
    type Error = Error;

    fn try_from(row: AppRow) -> Result<Self> {
        Ok(Self {
            provider: word("provider", &row.provider)?,
            number: super::codec::natural("number of an app", row.number)?,
            slug: row.slug,
            name: row.name,
            url: row.url,
            client_id: row.client_id,
            client_secret: Sealed(row.client_sealed),
            private_key: Sealed(row.key_sealed),
            hook_secret: row.hook_sealed.map(Sealed),
            by: parse("member", &row.made_by)?,
            made_at: Timestamp::from_millis(row.made_at),
        })
    }
}
