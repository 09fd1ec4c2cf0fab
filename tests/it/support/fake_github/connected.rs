//! Docket, connected to the fake.

use std::time::Duration;

use docket::{
    chat::console::receive::identity,
    connect::call::{Access, Tokens},
    domain::{
        connection::Connection,
        ids::{ProjectId, TenantId},
        project::Revision,
        provider::Provider,
        task::TaskNumber,
        tracker::RepositoryId,
    },
};

use super::FakeGitHub;
use crate::support::{app::TestApp, clock::START, db::TestDb, sample};

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
                life: Some(Duration::from_hours(1)),
                scopes: None,
            },
        };
        let mut tx = docket.db.store.write(tenant).await.unwrap();
        let by = if let Some(member) = tx.members().await.unwrap().first() {
            member.id
        } else {
            let owner = sample::member(&docket.db.chance, "Olga");
            tx.put_member(&owner, &identity(owner.id)).await.unwrap();
            owner.id
        };
        let vault = &docket.app.desk.vault;
        let connection = vault.connect(&mut tx, Provider::GitHub, access, by, None).await.unwrap();
        tx.commit().await.unwrap();
        connection
    }
}

/// A project of this key with the tasks 1 to 60, whose work happens in these repositories.
pub(crate) async fn project(docket: &TestApp<'_>, tenant: TenantId, key: &str, repositories: &[u64]) -> ProjectId {
    let project = sample::project(&docket.db.chance, key);
    let mut tx = docket.db.store.write(tenant).await.unwrap();
    tx.insert_project(&project, TaskNumber(61), START).await.unwrap();
    let tasks = (1..=60).map(|number| sample::task(number, None, &[]));
    let plan = docket::domain::plan::Plan::new(
        docket::domain::project::Project { revision: Revision(1), ..project.clone() },
        tasks,
    );
    let all = (1..=60).map(TaskNumber).collect();
    tx.save_plan(&plan, &all, Revision(0), START).await.unwrap();
    tx.commit().await.unwrap();
    link(docket, tenant, project.id, repositories).await;
    project.id
}

/// Links repositories that are known to a project.
pub(crate) async fn link(docket: &TestApp<'_>, tenant: TenantId, project: ProjectId, repositories: &[u64]) {
    let mut tx = docket.db.store.write(tenant).await.unwrap();
    let member = tx.members().await.unwrap()[0].id;
    for repository in repositories {
        tx.link_repository(project, RepositoryId(*repository), member, docket.db.chance.now()).await.unwrap();
    }
    tx.commit().await.unwrap();
}
