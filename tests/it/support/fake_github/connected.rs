//! Docket, connected to the fake.

use docket::{
    chat::console::receive::identity,
    connect::call::{Access, Tokens},
    domain::{connection::Connection, ids::TenantId, provider::Provider, tracker::RepositoryId},
};

use super::FakeGitHub;
use crate::support::{app::TestApp, db::TestDb, sample};

impl FakeGitHub {
    /// A fake whose clock is the test's.
    pub(crate) async fn of(db: &TestDb) -> Self {
        let chance = db.chance.clone();
        Self::start(move || chance.now().as_millis() / 1_000).await
    }

    /// Docket with the operator's App here, and a Slack workspace.
    pub(crate) async fn docket<'a>(&self, db: &'a TestDb) -> TestApp<'a> {
        let settings = self.settings();
        let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        TestApp::start_with(db, &settings).await
    }

    /// Connects an installation to a tenant, as an owner does who comes back from GitHub.
    pub(crate) async fn connect(&self, docket: &TestApp<'_>, tenant: TenantId, installation: u64) -> Connection {
        let account = self.world().installations[&installation].account.clone();
        let token = self.token(installation);
        let access = Access {
            realm: installation.to_string(),
            name: account,
            account: "docket-acme".to_owned(),
            url: format!("{}/organizations/settings/installations/{installation}", self.origin),
            tokens: Tokens {
                access: token.as_str().into(),
                refresh: None,
                life: Some(std::time::Duration::from_hours(1)),
                scopes: None,
            },
        };
        let mut tx = docket.db.store.write(tenant).await.unwrap();
        let by = match tx.members().await.unwrap().first() {
            Some(member) => member.id,
            None => {
                let owner = sample::member(&docket.db.chance, "Olga");
                tx.put_member(&owner, &identity(owner.id)).await.unwrap();
                owner.id
            }
        };
        let vault = &docket.app.desk.vault;
        let connection = vault.connect(&mut tx, Provider::GitHub, access, by, None).await.unwrap();
        tx.commit().await.unwrap();
        connection
    }
}

/// What Docket calls a repository.
pub(crate) fn id(repository: u64) -> RepositoryId {
    RepositoryId(repository)
}
