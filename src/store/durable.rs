//! Whether a commit is on the disk when it is answered: what was acknowledged then survives a power cut.

use super::{Result, Store, engine::Conn};

/// What goes with a setting that is off, for whoever runs Docket.
pub const DURABLE: &str = "What Docket acknowledges can be lost when the power goes. Turn it on in postgresql.conf and \
     restart the server; where the database, the role or DATABASE_URL turns it off, take it out there.";

impl Store {
    /// The settings of the live database that let a power cut take what was committed, as it names them, each with what
    /// it is set to; none where every commit waits for the disk.
    ///
    /// Asked on a connection that writes, as it is set up for the writing that Docket does.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forgetful_settings(&self) -> Result<Vec<String>> {
        let mut session = self.begin().await?;
        let settings: Vec<(String, String)> = match session.conn {
            // 2 is FULL and 3 is EXTRA (sqlite.org, pragma.html#pragma_synchronous).
            Conn::Sqlite(_) => all!(
                session,
                (String, String),
                "SELECT 'synchronous', CAST(synchronous AS TEXT) FROM pragma_synchronous WHERE synchronous < 2 \
                 UNION ALL SELECT 'journal_mode', journal_mode FROM pragma_journal_mode \
                 WHERE journal_mode IN ('off', 'memory')"
            ),
            Conn::Pg(_) => all!(
                session,
                (String, String),
                "SELECT name::text, setting::text FROM pg_settings \
                 WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off' ORDER BY name"
            ),
        };
        Ok(settings.into_iter().map(|(name, value)| format!("{name} = {value}")).collect())
    }
}
