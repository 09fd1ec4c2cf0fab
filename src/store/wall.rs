//! The second wall between tenants: PostgreSQL's row-level security, as far as the role is held back by it.

use super::{Result, Store, engine::Conn};

/// What goes in the role's place, for whoever runs Docket.
pub const ORDINARY_ROLE: &str = "Docket works all the same, because every statement names its tenant. For the second \
     wall, make a role of its own (CREATE ROLE docket LOGIN PASSWORD '…' NOSUPERUSER NOBYPASSRLS), give it the \
     database (ALTER DATABASE … OWNER TO docket; REASSIGN OWNED BY … TO docket), and name it in DATABASE_URL.";

impl Store {
    /// Whether the role that Docket connects as is a superuser, or has BYPASSRLS: PostgreSQL then shows it every
    /// tenant's rows, whatever the policies of the tables say. Never on SQLite, which has no roles.
    pub async fn bypasses_row_security(&self) -> Result<bool> {
        let mut session = self.look().await?;
        let Conn::Pg(_) = session.conn else { return Ok(false) };
        let row =
            first!(session, (bool,), "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user");
        Ok(row.is_some_and(|(bypasses,)| bypasses))
    }
}
