//! Tenants that come from another database, and tenants that leave.

use super::{Error, Result, Store, Tx, codec::small, engine::Conn, tables::Table};
use crate::domain::{
    ids::TenantId,
    member::{Identity, Surface},
    time::Timestamp,
};

/// Whoever sits at the machine itself: the console's one user.
const CONSOLE: &str = "local";

/// What moves of a tenant beside the rows of its tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovedTenant {
    /// What people call it.
    pub name: String,
    /// Its rules for decisions, as they are stored; `None` for the default ones.
    pub policy: Option<String>,
    /// The number of its next patch code.
    pub next_patch: u32,
    /// The number of its newest conversation: the next ones are called otherwise.
    pub last_thread: u32,
    /// How many days messages are kept, where somebody decided that.
    pub kept_days: Option<u32>,
    /// Since when it is there.
    pub created_at: Timestamp,
}

impl Store {
    /// A consistent view for whoever takes the time to write down all of it.
    pub async fn read_slowly(&self, tenant: TenantId) -> Result<Tx> {
        const PATIENCE: &str = "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0";
        let mut tx = self.read(tenant).await?;
        if let Conn::Pg(conn) = &mut tx.session.conn {
            sqlx::raw_sql(PATIENCE).execute(&mut **conn).await?;
        }
        Ok(tx)
    }
}

impl Tx {
    /// What moves of the tenant itself; `None` where it is not there.
    pub async fn moved_tenant(&mut self) -> Result<Option<MovedTenant>> {
        let row = first!(
            self.session,
            (String, Option<String>, i64, i64, Option<i64>, i64),
            "SELECT name, policy, next_patch, last_thread, kept_days, created_at FROM tenants WHERE id = $1",
            &self.key
        );
        let tenant = |(name, policy, next, thread, days, created_at): (_, _, i64, i64, Option<i64>, i64)| {
            Ok(MovedTenant {
                name,
                policy,
                next_patch: small("patch code", next)?,
                last_thread: small("thread number", thread)?,
                kept_days: days.map(|days| small("days", days)).transpose()?,
                created_at: Timestamp::from_millis(created_at),
            })
        };
        row.map(tenant).transpose()
    }

    /// Makes the tenant, or makes it what the one was that moves here.
    pub async fn put_moved_tenant(&mut self, tenant: &MovedTenant) -> Result<()> {
        execute!(
            self.session,
            "INSERT INTO tenants (id, name, policy, next_patch, last_thread, kept_days, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO UPDATE SET name = excluded.name, \
             policy = excluded.policy, next_patch = excluded.next_patch, last_thread = excluded.last_thread, \
             kept_days = excluded.kept_days, created_at = excluded.created_at",
            &self.key,
            &tenant.name,
            &tenant.policy,
            i64::from(tenant.next_patch),
            i64::from(tenant.last_thread),
            tenant.kept_days.map(i64::from),
            tenant.created_at.as_millis()
        );
        Ok(())
    }

    /// Whether nobody has used the tenant yet: nothing is in it but the person at the console.
    pub async fn is_unused(&mut self) -> Result<bool> {
        for table in Table::all() {
            let most = i64::from(matches!(table.name, "members" | "identities"));
            // A workspace that the settings name is there from the first start on.
            if table.name != "installations" && self.count_rows(table).await? > most {
                return Ok(false);
            }
        }
        let sitting = Identity { surface: Surface::Console, team: CONSOLE.to_owned(), user: CONSOLE.to_owned() };
        let at_console = self.member_by_identity(&sitting).await?.is_some();
        Ok(at_console == (self.members().await?.len() == 1))
    }

    /// Makes room for the members who move into an unused tenant.
    pub async fn forget_members(&mut self) -> Result<()> {
        execute!(self.session, "DELETE FROM identities WHERE tenant_id = $1", &self.key);
        execute!(self.session, "DELETE FROM members WHERE tenant_id = $1", &self.key);
        Ok(())
    }

    /// From now on nobody gets into the tenant, and what is being done for it comes to nothing: its organisations,
    /// its jobs, its sessions and its tokens go. False where there is no such tenant.
    pub async fn begin_leaving(&mut self) -> Result<bool> {
        self.session.moved_doors = true;
        let rows = execute!(self.session, "UPDATE tenants SET is_leaving = TRUE WHERE id = $1", &self.key);
        execute!(self.session, "DELETE FROM jobs WHERE tenant_id = $1", &self.key);
        execute!(self.session, "DELETE FROM installations WHERE tenant_id = $1", &self.key);
        execute!(self.session, "DELETE FROM sessions WHERE tenant_id = $1", &self.key);
        execute!(self.session, "DELETE FROM tickets WHERE tenant_id = $1", &self.key);
        execute!(self.session, "DELETE FROM api_tokens WHERE tenant_id = $1", &self.key);
        Ok(rows == 1)
    }

    /// Deletes everything that is stored of a tenant that [leaves](Self::begin_leaving), and the tenant itself. Gives
    /// the number of rows.
    ///
    /// # Errors
    /// Also where somebody who came in before wrote something in this moment: try again.
    pub async fn delete_tenant(&mut self) -> Result<u64> {
        self.session.moved_doors = true;
        let mut rows = 0;
        for table in Table::all().iter().rev() {
            rows += self.delete_rows(table).await?;
        }
        let gone = execute!(self.session, "DELETE FROM tenants WHERE id = $1 AND is_leaving", &self.key);
        if gone == 0 {
            return Err(Error::Database(sqlx::Error::RowNotFound));
        }
        Ok(rows + gone)
    }
}
