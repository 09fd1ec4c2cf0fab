//! Tenants and their platform organisations.

use sqlx::FromRow;

use super::{
    Error, Result, Store, Tx,
    codec::{parse, word},
    engine::Session,
    members::insert_member,
};
use crate::{
    clock::Chance,
    domain::{
        ids::TenantId,
        member::{Identity, Member, Role, Standing, Surface},
        tenant::Installation,
        time::Timestamp,
    },
};

/// A tenant as `docket tenant list` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantRow {
    /// Its id.
    pub id: TenantId,
    /// What people call it.
    pub name: String,
    /// Since when it is there.
    pub created_at: Timestamp,
}

/// The organisation of the console, which stands for the single tenant of a local installation.
const LOCAL: &str = "local";
/// What everybody calls the person at the console, who has no account anywhere.
const OWNER: &str = "Local owner";

impl Store {
    /// The tenant of a single-tenant installation, made on first use with its owner: the person at the
    /// console. Any number of processes may ask at once; they get the same one.
    pub async fn local_tenant(&self, chance: &Chance) -> Result<TenantId> {
        if let Some(tenant) = self.tenant_of(Surface::Console, LOCAL).await? {
            return Ok(tenant);
        }
        let mut session = self.begin().await?;
        let tenant = insert_tenant(&mut session, "local", chance).await?;
        // Waits for anybody who is doing the same; whoever comes second finds it taken.
        let mine = execute!(
            session,
            "INSERT INTO installations (surface, team, tenant_id, name, bot_user) VALUES ($1, $2, $3, 'console', '') \
             ON CONFLICT DO NOTHING",
            Surface::Console.as_str(),
            LOCAL,
            tenant.to_string()
        );
        if mine == 0 {
            drop(session);
            let found = self.tenant_of(Surface::Console, LOCAL).await?;
            return found.ok_or_else(|| sqlx::Error::RowNotFound.into());
        }
        let owner = Member {
            id: chance.id(),
            name: OWNER.to_owned(),
            role: Role::Owner,
            standing: Standing::Full,
            time_zone: "UTC".to_owned(),
        };
        let identity = Identity { surface: Surface::Console, team: LOCAL.to_owned(), user: LOCAL.to_owned() };
        insert_member(&mut session, &tenant.to_string(), &owner, &identity).await?;
        session.commit().await?;
        Ok(tenant)
    }

    /// Whoever sits at the machine itself, whom no provider vouches for.
    pub async fn local_owner(&self, tenant: TenantId) -> Result<Option<Member>> {
        let identity = Identity { surface: Surface::Console, team: LOCAL.to_owned(), user: LOCAL.to_owned() };
        self.read(tenant).await?.member_by_identity(&identity).await
    }

    /// A new tenant of this name.
    pub async fn create_tenant(&self, name: &str, chance: &Chance) -> Result<TenantId> {
        let mut session = self.begin().await?;
        let tenant = insert_tenant(&mut session, name, chance).await?;
        session.commit().await?;
        Ok(tenant)
    }

    /// Every tenant, the oldest first.
    pub async fn tenants(&self) -> Result<Vec<TenantRow>> {
        let mut session = self.look().await?;
        let rows =
            all!(session, (String, String, i64), "SELECT id, name, created_at FROM tenants ORDER BY created_at, id");
        let tenant = |(id, name, created_at): (String, String, i64)| {
            Ok(TenantRow { id: parse("tenant", &id)?, name, created_at: Timestamp::from_millis(created_at) })
        };
        rows.into_iter().map(tenant).collect()
    }

    /// Whether any organisation of this platform is connected.
    pub async fn is_installed(&self, surface: Surface) -> Result<bool> {
        let mut session = self.look().await?;
        let row =
            first!(session, (String,), "SELECT team FROM installations WHERE surface = $1 LIMIT 1", surface.as_str());
        Ok(row.is_some())
    }

    /// Whose organisation this is.
    pub async fn tenant_of(&self, surface: Surface, team: &str) -> Result<Option<TenantId>> {
        let mut session = self.look().await?;
        let row = first!(
            session,
            (String,),
            "SELECT tenant_id FROM installations WHERE surface = $1 AND team = $2",
            surface.as_str(),
            team
        );
        row.map(|(tenant,)| parse("tenant", &tenant)).transpose()
    }
}

async fn insert_tenant(session: &mut Session, name: &str, chance: &Chance) -> Result<TenantId> {
    let tenant: TenantId = chance.id();
    let now: Timestamp = chance.now();
    execute!(
        session,
        "INSERT INTO tenants (id, name, created_at) VALUES ($1, $2, $3)",
        tenant.to_string(),
        name,
        now.as_millis()
    );
    Ok(tenant)
}

#[derive(FromRow)]
struct InstallationRow {
    surface: String,
    team: String,
    name: String,
    bot_user: String,
    removed: Option<String>,
}

impl TryFrom<InstallationRow> for Installation {
    type Error = Error;

    fn try_from(row: InstallationRow) -> Result<Self> {
        let InstallationRow { surface, team, name, bot_user, removed } = row;
        Ok(Self { surface: word("surface", &surface)?, team, name, bot_user, removed })
    }
}

impl Tx {
    /// Keeps every other transaction of this tenant that gives out codes or keys, or meets somebody new, waiting until
    /// this one ends.
    pub async fn lock_tenant(&mut self) -> Result<()> {
        execute!(self.session, "UPDATE tenants SET last_entry = last_entry WHERE id = $1", &self.key);
        Ok(())
    }

    /// What people call the tenant.
    pub async fn tenant_name(&mut self) -> Result<String> {
        let row = first!(self.session, (String,), "SELECT name FROM tenants WHERE id = $1", &self.key);
        Ok(row.ok_or(sqlx::Error::RowNotFound)?.0)
    }

    /// Adds an organisation to the tenant, or updates it. Fails with [`Error::Taken`] where it belongs to
    /// another tenant.
    pub async fn put_installation(&mut self, installation: &Installation) -> Result<()> {
        let Installation { surface, team, name, bot_user, removed } = installation;
        // Asks nothing of a row that is in the way: it may be another tenant's, which is out of sight.
        let mut written = execute!(
            self.session,
            "INSERT INTO installations (tenant_id, surface, team, name, bot_user, removed) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
            &self.key,
            surface.as_str(),
            team,
            name,
            bot_user,
            removed
        );
        if written == 0 {
            written = execute!(
                self.session,
                "UPDATE installations SET name = $4, bot_user = $5, removed = $6 \
                 WHERE tenant_id = $1 AND surface = $2 AND team = $3",
                &self.key,
                surface.as_str(),
                team,
                name,
                bot_user,
                removed
            );
        }
        if written == 0 {
            let why = format!("{} {team} belongs to another tenant", surface.as_str());
            return Err(Error::Taken { what: "installation", why });
        }
        Ok(())
    }

    /// The tenant's organisation of this name on a platform.
    pub async fn installation(&mut self, surface: Surface, team: &str) -> Result<Option<Installation>> {
        let row = first!(
            self.session,
            InstallationRow,
            "SELECT surface, team, name, bot_user, removed FROM installations \
             WHERE tenant_id = $1 AND surface = $2 AND team = $3",
            &self.key,
            surface.as_str(),
            team
        );
        row.map(TryInto::try_into).transpose()
    }

    /// The tenant's organisations on every platform.
    pub async fn installations(&mut self) -> Result<Vec<Installation>> {
        let rows = all!(
            self.session,
            InstallationRow,
            "SELECT surface, team, name, bot_user, removed FROM installations \
             WHERE tenant_id = $1 ORDER BY surface, team",
            &self.key
        );
        rows.into_iter().map(TryInto::try_into).collect()
    }
}
