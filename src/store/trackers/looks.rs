//! How far connections, and the deliveries of Apps, have been looked through.

use crate::{
    domain::{
        connection::Condition,
        ids::{ConnectionId, ProjectId, TenantId},
        provider::Provider,
        time::Timestamp,
        tracker::{Look, Sweep},
    },
    store::{
        Result, Store, Tx,
        codec::{from_json, natural, parse, to_json, whole},
    },
};

impl Tx {
    /// How far a connection has been looked through.
    pub async fn look(&mut self, connection: ConnectionId) -> Result<Look> {
        let row = first!(
            self.session,
            (String,),
            "SELECT state FROM looks WHERE tenant_id = $1 AND connection_id = $2",
            &self.key,
            connection.to_string()
        );
        row.map_or_else(|| Ok(Look::default()), |(state,)| from_json("look", &state))
    }

    /// Notes that something was found for these projects, of which is not yet said what follows.
    pub async fn note_drift(&mut self, connection: ConnectionId, projects: Vec<ProjectId>) -> Result<()> {
        let mut look = self.look(connection).await?;
        look.drifted.extend(projects);
        self.put_look(connection, &look).await
    }

    /// Notes that what follows for a project was proposed.
    pub async fn forget_drift(&mut self, connection: ConnectionId, project: ProjectId) -> Result<()> {
        let mut look = self.look(connection).await?;
        look.drifted.remove(&project);
        self.put_look(connection, &look).await
    }

    /// Stores how far a connection has been looked through; what has drifted is known best by what is stored.
    pub async fn save_look(&mut self, connection: ConnectionId, look: &Look) -> Result<()> {
        let drifted = self.look(connection).await?.drifted;
        self.put_look(connection, &Look { drifted, ..look.clone() }).await
    }

    /// Stores all of it.
    pub async fn put_look(&mut self, connection: ConnectionId, look: &Look) -> Result<()> {
        execute!(
            self.session,
            "INSERT INTO looks (tenant_id, connection_id, state) VALUES ($1, $2, $3) \
             ON CONFLICT (tenant_id, connection_id) DO UPDATE SET state = excluded.state",
            &self.key,
            connection.to_string(),
            to_json("look", look)?
        );
        Ok(())
    }
}

impl Store {
    /// Takes the deliveries of an App for a look, where that is due, until `next`: only one process does.
    pub async fn take_sweep(&self, app: u64, now: Timestamp, next: Timestamp) -> Result<Option<Sweep>> {
        let mut session = self.begin().await?;
        let row = first!(
            session,
            (String,),
            "INSERT INTO app_sweeps (number, due_at, state) VALUES ($1, $3, '{}') \
             ON CONFLICT (number) DO UPDATE SET due_at = excluded.due_at WHERE app_sweeps.due_at <= $2 \
             RETURNING state",
            whole(app),
            now.as_millis(),
            next.as_millis()
        );
        let Some((state,)) = row else { return Ok(None) };
        session.wrote = true;
        session.commit().await?;
        from_json("sweep", &state).map(Some)
    }

    /// Stores how far that look came, and when the next one is due.
    pub async fn put_sweep(&self, app: u64, sweep: &Sweep, next: Timestamp) -> Result<()> {
        let mut session = self.begin().await?;
        execute!(
            session,
            "UPDATE app_sweeps SET state = $2, due_at = $3 WHERE number = $1",
            whole(app),
            to_json("sweep", sweep)?,
            next.as_millis()
        );
        session.commit().await
    }

    /// The connections of tenants to a provider that work, as far as is known.
    pub async fn live_connections(&self, provider: Provider) -> Result<Vec<(TenantId, ConnectionId)>> {
        let mut session = self.look().await?;
        let rows = all!(
            session,
            (String, String),
            "SELECT tenant_id, id FROM connections WHERE provider = $1 AND state = $2 AND owner IS NULL \
             ORDER BY tenant_id, id",
            provider.as_str(),
            Condition::Live.as_str()
        );
        rows.iter().map(|(tenant, id)| Ok((parse("tenant", tenant)?, parse("connection", id)?))).collect()
    }

    /// The tenants with an app of their own at a provider, with the number of that.
    pub async fn own_apps(&self, provider: Provider) -> Result<Vec<(TenantId, u64)>> {
        let mut session = self.look().await?;
        let rows = all!(
            session,
            (String, i64),
            "SELECT tenant_id, number FROM provider_apps WHERE provider = $1 ORDER BY tenant_id",
            provider.as_str()
        );
        let read = |(tenant, number): (String, i64)| Ok((parse("tenant", &tenant)?, natural("app", number)?));
        rows.into_iter().map(read).collect()
    }
}
