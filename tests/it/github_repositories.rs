//! Repositories that appear, move, go and come back, and what Docket may see: heard by GitHub's webhooks.

use std::time::Duration;

use docket::domain::{
    connection::{Condition, Connection},
    ids::ProjectId,
    member::Role,
    project::Lifecycle,
    session::{Login, Party},
    tracker::{Presence, RepositoryId},
};
use serde_json::{Value, json};

use crate::support::{
    app::{TestApp, words},
    clock::START,
    db::{TestDb, for_each_db},
    fake_github::{ACME, APP, FakeGitHub, GLOBEX, HOOK_SECRET},
    fake_slack::Shown,
    github::{Webhook, body, repository},
};

for_each_db! {
    a_deleted_repository_is_one_incident_and_its_return_heals_it,
    what_somebody_did_meanwhile_is_not_undone_when_a_repository_returns,
    a_project_is_itself_again_when_none_of_its_repositories_is_missing,
    another_repository_in_its_place_makes_a_project_whole_again,
    a_repository_out_of_sight_is_missing_and_one_of_nobody_is_no_incident,
    a_repository_that_is_renamed_or_moved_within_the_tenant_is_followed,
    new_repositories_are_offered_to_the_owners_once_and_those_of_an_installation_are_not,
    a_suspended_app_breaks_its_connection_until_it_is_let_in_again,
    an_app_that_was_taken_out_breaks_its_connection,
    whoever_takes_back_what_they_let_docket_do_is_no_longer_known,
    a_project_is_archived_as_a_proposal,
}

/// Docket with acme's installation, the project AUTH and the repository `acme/web` that it is linked to. Ana (U1) owns it.
struct Scene<'a> {
    docket: TestApp<'a>,
    fake: FakeGitHub,
    web: u64,
    auth: ProjectId,
}

impl<'a> Scene<'a> {
    async fn open(db: &'a TestDb) -> Self {
        let fake = FakeGitHub::of(db).await;
        let mut settings = fake.settings();
        settings.push(("GITHUB_WEBHOOK_SECRET", HOOK_SECRET.to_owned()));
        let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let docket = TestApp::start_with(db, &settings).await;
        docket.slash("U1", "plan Build a user authentication flow").await;
        docket.click("U2", "patch.approve").await;
        fake.connect(&docket, docket.app.tenant, ACME).await;
        let web = fake.repository(ACME, "web");
        let mut tx = db.store.write(docket.app.tenant).await.unwrap();
        let ana = tx.members().await.unwrap().into_iter().find(|member| member.name == "Ana").unwrap();
        tx.set_role(ana.id, Role::Owner).await.unwrap();
        let auth = tx.projects().await.unwrap()[0].id;
        tx.commit().await.unwrap();
        let scene = Self { docket, fake, web, auth };
        scene.installed(&[(web, "acme/web")]).await;
        scene.link(web).await;
        scene
    }

    fn db(&self) -> &TestDb {
        self.docket.db
    }

    /// What GitHub tells when the App is installed with these repositories.
    async fn installed(&self, ids: &[(u64, &str)]) {
        let named: Vec<_> =
            ids.iter().map(|(id, name)| json!({ "id": id, "full_name": name, "private": true })).collect();
        let account = json!({ "login": "acme", "html_url": "https://github.com/acme" });
        let more = json!({ "installation": { "id": ACME, "account": account }, "repositories": named });
        self.hears("installation", &body("created", ACME, None, &more)).await;
    }

    async fn link(&self, repository: u64) {
        let mut tx = self.db().store.write(self.docket.app.tenant).await.unwrap();
        let by = tx.members().await.unwrap()[0].id;
        assert!(tx.link_repository(self.auth, RepositoryId(repository), by, START).await.unwrap());
        tx.commit().await.unwrap();
    }

    /// A webhook of the App, and all that follows.
    async fn hears(&self, kind: &str, body: &Value) {
        let webhook = Webhook::new(kind, body).signed_with(HOOK_SECRET).of_app(APP);
        let ack = self.docket.hook(&webhook).await;
        assert!(ack.status.is_success() && ack.body == "Taken.", "{kind}: {} {}", ack.status, ack.body);
        self.docket.run_jobs().await;
    }

    /// Everything that GitHub has to tell, and all that follows.
    async fn happens(&self) {
        self.fake.deliver(&self.docket.app.router).await;
        self.docket.run_jobs().await;
    }

    async fn lifecycle(&self) -> Lifecycle {
        let mut tx = self.db().store.read(self.docket.app.tenant).await.unwrap();
        tx.project(self.auth).await.unwrap().unwrap().lifecycle
    }

    async fn presence(&self, repository: u64) -> (Presence, String) {
        let mut tx = self.db().store.read(self.docket.app.tenant).await.unwrap();
        let known = tx.repository(RepositoryId(repository)).await.unwrap().unwrap();
        (known.presence, known.name().to_owned())
    }

    async fn incidents(&self) -> usize {
        let mut tx = self.db().store.read(self.docket.app.tenant).await.unwrap();
        tx.open_incidents().await.unwrap().len()
    }

    /// What Ana, who owns Docket, was written to directly with these words in it.
    fn told(&self, part: &str) -> Vec<Shown> {
        let told = self.docket.slack.messages("D-U1");
        told.into_iter().filter(|message| words(&message.payload).contains(part)).collect()
    }

    async fn connection(&self, realm: u64) -> Connection {
        let mut tx = self.db().store.read(self.docket.app.tenant).await.unwrap();
        let all = tx.connections().await.unwrap();
        all.into_iter().find(|one| one.realm == realm.to_string()).unwrap()
    }
}

async fn a_deleted_repository_is_one_incident_and_its_return_heals_it(db: &TestDb) {
    let scene = Scene::open(db).await;
    let before = scene.lifecycle().await;
    scene.fake.open_pull(scene.web, "ana-gh", "auth-1-login", "Sign in", "");
    scene.happens().await;
    scene.fake.delete_repository(scene.web, "ana-gh");
    scene.happens().await;
    // GitHub tells it in other words too, and again.
    let gone = json!({ "repositories_added": [], "repositories_removed": [{ "id": scene.web, "full_name": "acme/web", "private": true }] });
    scene.hears("installation_repositories", &body("removed", ACME, None, &gone)).await;
    scene.hears("repository", &body("deleted", ACME, Some(&repository(scene.web, "acme/web")), &json!({}))).await;
    assert_eq!(scene.lifecycle().await, Lifecycle::Missing);
    assert_eq!(scene.incidents().await, 1);
    let told = scene.told("The repository acme/web is missing.");
    assert_eq!(told.len(), 1, "one card, however often GitHub says it");
    let said = words(&told[0].payload);
    for part in [
        "ana-gh deleted it at GitHub.",
        "open tasks",
        "AUTH-1",
        "1 open pull request",
        "Reconnect",
        "Link another to AUTH",
        "Archive AUTH",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    // The plan says so by a patch of its own, which nobody had to decide on.
    let card = scene.docket.card();
    assert!(card.contains("is missing") && card.contains("missing"), "{card}");

    scene.fake.restore_repository(scene.web);
    let again = json!({ "repositories_added": [{ "id": scene.web, "full_name": "acme/web", "private": true }], "repositories_removed": [] });
    for _ in 0..2 {
        scene.hears("installation_repositories", &body("added", ACME, None, &again)).await;
    }
    assert_eq!((scene.lifecycle().await, scene.incidents().await), (before, 0));
    assert_eq!(scene.told("acme/web is back. AUTH is").len(), 1);
    assert_eq!(scene.told("is missing.").len(), 1);
    assert_eq!(scene.fake.problems(), Vec::<String>::new());
}

async fn what_somebody_did_meanwhile_is_not_undone_when_a_repository_returns(db: &TestDb) {
    let scene = Scene::open(db).await;
    scene.fake.delete_repository(scene.web, "ana-gh");
    scene.happens().await;
    // The button of the incident.
    let card = scene.told("is missing.").remove(0);
    assert!(words(&card.payload).contains("Archive AUTH"));
    scene.docket.slash("U1", "archive AUTH").await;
    scene.docket.click("U2", "patch.approve").await;
    assert_eq!(scene.lifecycle().await, Lifecycle::Archived);
    scene.hears("repository", &body("publicized", ACME, Some(&repository(scene.web, "acme/web")), &json!({}))).await;
    assert_eq!((scene.lifecycle().await, scene.incidents().await), (Lifecycle::Archived, 0));
    assert_eq!(scene.told("acme/web is back.").len(), 1);
    assert_eq!(scene.told("acme/web is back. AUTH").len(), 0);
}

async fn a_project_is_itself_again_when_none_of_its_repositories_is_missing(db: &TestDb) {
    let scene = Scene::open(db).await;
    let before = scene.lifecycle().await;
    let api = scene.fake.repository(ACME, "api");
    scene.installed(&[(api, "acme/api")]).await;
    scene.link(api).await;
    for gone in [scene.web, api] {
        scene.fake.delete_repository(gone, "ana-gh");
        scene.happens().await;
        assert_eq!(scene.lifecycle().await, Lifecycle::Missing);
    }
    assert_eq!((scene.incidents().await, scene.told("is missing.").len()), (2, 2));
    for (back, name, then) in [(scene.web, "acme/web", Lifecycle::Missing), (api, "acme/api", before)] {
        scene.hears("repository", &body("edited", ACME, Some(&repository(back, name)), &json!({}))).await;
        assert_eq!(scene.lifecycle().await, then, "{name}");
    }
    assert_eq!(scene.incidents().await, 0);
}

async fn another_repository_in_its_place_makes_a_project_whole_again(db: &TestDb) {
    let scene = Scene::open(db).await;
    let before = scene.lifecycle().await;
    let api = scene.fake.repository(ACME, "api");
    scene.installed(&[(api, "acme/api")]).await;
    scene.fake.delete_repository(scene.web, "ana-gh");
    scene.happens().await;
    assert_eq!(scene.lifecycle().await, Lifecycle::Missing);
    scene.docket.slash("U1", "link AUTH acme/api").await;
    assert_eq!(scene.lifecycle().await, before);
    scene.hears("repository", &body("edited", ACME, Some(&repository(scene.web, "acme/web")), &json!({}))).await;
    assert_eq!((scene.lifecycle().await, scene.incidents().await), (before, 0));
}

async fn a_repository_out_of_sight_is_missing_and_one_of_nobody_is_no_incident(db: &TestDb) {
    let scene = Scene::open(db).await;
    let other = scene.fake.repository(ACME, "other");
    scene.installed(&[(other, "acme/other")]).await;
    let removed =
        |id: u64, name: &str| json!({ "repositories_removed": [{ "id": id, "full_name": name, "private": true }] });
    scene.hears("installation_repositories", &body("removed", ACME, None, &removed(other, "acme/other"))).await;
    assert_eq!(scene.presence(other).await.0, Presence::Missing);
    assert_eq!((scene.incidents().await, scene.lifecycle().await == Lifecycle::Missing), (0, false));
    scene.hears("installation_repositories", &body("removed", ACME, None, &removed(scene.web, "acme/web"))).await;
    assert_eq!((scene.incidents().await, scene.lifecycle().await), (1, Lifecycle::Missing));
    assert_eq!(scene.told("took it out of what Docket may see").len(), 1);
}

async fn a_repository_that_is_renamed_or_moved_within_the_tenant_is_followed(db: &TestDb) {
    let scene = Scene::open(db).await;
    let globex = scene.fake.connect(&scene.docket, scene.docket.app.tenant, GLOBEX).await;
    scene.fake.rename(scene.web, "shop", "ana-gh");
    scene.happens().await;
    assert_eq!(scene.presence(scene.web).await, (Presence::Here, "acme/shop".to_owned()));
    // To the other organisation: heard there, and then of the one that it left.
    let shop = repository(scene.web, "globex/shop");
    let more = json!({ "changes": { "owner": { "from": { "organization": { "login": "acme" } } } } });
    scene.hears("repository", &body("transferred", GLOBEX, Some(&shop), &more)).await;
    let removed = json!({ "repositories_removed": [{ "id": scene.web, "full_name": "globex/shop", "private": true }] });
    scene.hears("installation_repositories", &body("removed", ACME, None, &removed)).await;
    assert_eq!(scene.presence(scene.web).await, (Presence::Here, "globex/shop".to_owned()));
    let mut tx = db.store.read(scene.docket.app.tenant).await.unwrap();
    let moved = tx.repository(RepositoryId(scene.web)).await.unwrap().unwrap();
    assert_eq!(moved.connection, globex.id);
    assert_eq!(tx.projects_linked_to(moved.id()).await.unwrap(), [scene.auth]);
    drop(tx);
    assert_eq!((scene.incidents().await, scene.told("is missing.").len()), (0, 0));
}

async fn new_repositories_are_offered_to_the_owners_once_and_those_of_an_installation_are_not(db: &TestDb) {
    let scene = Scene::open(db).await;
    assert_eq!(scene.told("is new.").len(), 0, "what was there at the first connect is not offered");
    let api = scene.fake.create_repository(ACME, "api", "ana-gh");
    scene.happens().await;
    let added = json!({ "repositories_added": [{ "id": api, "full_name": "acme/api", "private": true }] });
    for _ in 0..2 {
        scene.hears("installation_repositories", &body("added", ACME, None, &added)).await;
    }
    let told = scene.told("acme/api is new. Plan a project for it?");
    assert_eq!(told.len(), 1);
    let said = words(&told[0].payload);
    assert!(said.contains("Plan a project") && said.contains("Link to a project"), "{said}");
    let many: Vec<_> =
        (0..30).map(|n| json!({ "id": 900 + n, "full_name": format!("acme/r{n}"), "private": true })).collect();
    scene.hears("installation_repositories", &body("added", ACME, None, &json!({ "repositories_added": many }))).await;
    assert_eq!(scene.told("30 repositories are new").len(), 1);
    assert_eq!(scene.told("is new.").len(), 1, "many are told of at once");
}

async fn a_suspended_app_breaks_its_connection_until_it_is_let_in_again(db: &TestDb) {
    let scene = Scene::open(db).await;
    scene.hears("installation", &body("suspend", ACME, None, &json!({}))).await;
    assert_eq!(scene.connection(ACME).await.condition, Condition::Live, "it was told late, and is over");
    scene.fake.suspend(ACME, true);
    scene.hears("installation", &body("suspend", ACME, None, &json!({}))).await;
    let broken = scene.connection(ACME).await;
    assert!(broken.trouble.as_ref().unwrap().0.contains("suspended"), "{broken:?}");
    assert_eq!(scene.told("GitHub needs to be connected again").len(), 1);
    scene.fake.suspend(ACME, false);
    scene.hears("installation", &body("unsuspend", ACME, None, &json!({}))).await;
    let live = scene.connection(ACME).await;
    assert_eq!((live.condition, live.trouble), (Condition::Live, None));
    let vault = &scene.docket.app.desk.vault;
    vault.token(scene.docket.app.tenant, live.id).await.unwrap();
    let fresh = scene.connection(ACME).await;
    assert!(fresh.version > broken.version + 1, "it was mended, and has a fresh token");
    let target = json!({ "account": { "login": "acme-inc", "id": 99 } });
    scene.hears("installation_target", &body("renamed", ACME, None, &target)).await;
    assert_eq!(scene.connection(ACME).await.name, "acme-inc");
    // Other permissions come with another token.
    scene.hears("installation", &body("new_permissions_accepted", ACME, None, &json!({}))).await;
    vault.token(scene.docket.app.tenant, live.id).await.unwrap();
    let permitted = scene.connection(ACME).await;
    assert_eq!(permitted.condition, Condition::Live);
    assert!(
        permitted.version > fresh.version + 1 && permitted.scopes.contains(&"checks:read".to_owned()),
        "{permitted:?}"
    );
    assert_eq!(scene.told("GitHub needs to be connected again").len(), 1);
}

async fn an_app_that_was_taken_out_breaks_its_connection(db: &TestDb) {
    let scene = Scene::open(db).await;
    scene.fake.uninstall(ACME);
    scene.hears("installation", &body("deleted", ACME, None, &json!({ "repositories": [] }))).await;
    let broken = scene.connection(ACME).await;
    assert_eq!((broken.condition, &broken.access), (Condition::Broken, &None));
    assert!(broken.trouble.as_ref().unwrap().0.contains("uninstalled"), "{broken:?}");
    assert_eq!(scene.told("GitHub needs to be connected again").len(), 1);
}

async fn whoever_takes_back_what_they_let_docket_do_is_no_longer_known(db: &TestDb) {
    let scene = Scene::open(db).await;
    let revoked = json!({ "action": "revoked", "sender": { "id": 11, "login": "ana-gh", "type": "User" } });
    let (tenant, realm) = (scene.docket.app.tenant, scene.fake.origin.clone());
    let mut tx = db.store.write(tenant).await.unwrap();
    let ana = tx.members().await.unwrap().into_iter().find(|member| member.name == "Ana").unwrap();
    let (party, name, subject) = (Party::GitHub, "ana-gh".to_owned(), "11".to_owned());
    let login = Login { party, realm: realm.clone(), subject, member: ana.id, name, linked_at: db.chance.now() };
    tx.put_login(&login).await.unwrap();
    tx.commit().await.unwrap();
    let known = async || {
        let mut tx = db.store.read(tenant).await.unwrap();
        tx.login(Party::GitHub, &realm, "11").await.unwrap().is_some()
    };
    // What Docket gives back itself, right after it learned who somebody is, takes nothing from them.
    scene.hears("github_app_authorization", &revoked).await;
    assert!(known().await);
    db.clock.advance(Duration::from_hours(1));
    scene.hears("github_app_authorization", &revoked).await;
    assert!(!known().await);
    assert_eq!(scene.told("it no longer knows that ana-gh is you").len(), 1);
}

async fn a_project_is_archived_as_a_proposal(db: &TestDb) {
    let scene = Scene::open(db).await;
    let before = scene.lifecycle().await;
    scene.docket.slash("U1", "archive AUTH").await;
    assert_eq!(scene.lifecycle().await, before, "somebody decides on it");
    assert!(scene.docket.card().contains("archive AUTH"), "{}", scene.docket.card());
    scene.docket.click("U2", "patch.approve").await;
    assert_eq!(scene.lifecycle().await, Lifecycle::Archived);
    scene.docket.slash("U1", "archive AUTH").await;
    assert!(scene.docket.told("U1").contains("AUTH is archived already."), "{}", scene.docket.told("U1"));
    let ack = scene.docket.slash("U1", "archive NOPE").await;
    let said = format!("{}{}", ack.body, scene.docket.told("U1"));
    assert!(said.contains("There is no project NOPE"), "{said}");
    scene.docket.slash("U3", "archive AUTH").await;
    assert!(scene.docket.told("U3").to_lowercase().contains("guest") || scene.docket.told("U3").contains("viewer"));
}
