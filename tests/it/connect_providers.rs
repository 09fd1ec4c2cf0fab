//! Each row of the page: connected, refreshed, expired, revoked outside, reconnected, disconnected.

use std::time::Duration;

use docket::domain::{
    connection::{Condition, Connection},
    provider::Provider,
    session::Party,
};

use crate::support::{
    app::TestApp,
    db::{TestDb, for_each_db},
    fake_oauth::{BOT_TOKEN, FakeOAuth, PEM, SECRET},
    fake_slack::oauth::{CLIENT_ID, CLIENT_SECRET, Installer},
    secrets,
    tab::{SITE, Tab},
};

for_each_db! {
    every_row_is_connected_refreshed_revoked_and_connected_again,
    what_is_disconnected_is_revoked_at_its_provider,
    a_github_app_is_made_by_a_button_and_asked_for_what_it_lacks,
    an_installation_that_somebody_only_names_is_not_connected,
    an_installation_is_connected_only_by_who_owns_the_organisation,
    a_pasted_token_is_tried_out_and_is_its_members_own,
    a_member_links_their_login_and_nobody_takes_it_over,
}

/// Docket with every provider, and an owner at the page.
async fn open(db: &TestDb) -> (TestApp<'_>, FakeOAuth, Tab) {
    let chance = db.chance.clone();
    let fake = FakeOAuth::start(move || chance.now().as_millis() / 1000).await;
    for secret in [SECRET, BOT_TOKEN] {
        secrets::known(secret);
    }
    PEM.lines().filter(|line| !line.starts_with("-----")).for_each(secrets::known);
    let mut settings = fake.settings();
    settings.extend([
        ("SLACK_CLIENT_ID", CLIENT_ID.to_owned()),
        ("SLACK_CLIENT_SECRET", CLIENT_SECRET.to_owned()),
        ("PUBLIC_URL", SITE.to_owned()),
    ]);
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let docket = TestApp::start_with(db, &settings).await;
    docket.slack.add_user("U5", "Eva", &serde_json::json!({ "team_id": "T5" }));
    let tab = enter(&docket).await;
    (docket, fake, tab)
}

/// Adds the app to Slack, once more, and is signed in by that.
async fn enter(docket: &TestApp<'_>) -> Tab {
    docket.slack.set_installer(Installer { team: "T5", name: "Five", user: "U5", whole: false });
    let mut tab = Tab::new(&docket.app.router);
    let start = tab.get("/oauth/slack/start?install").await;
    let back = docket.slack.allow(&start.location);
    assert_eq!(tab.get(&back).await.location, "/connect");
    tab
}

/// Presses the button of a provider, and Allow wherever that is asked.
async fn connect(fake: &FakeOAuth, tab: &mut Tab, provider: &str) {
    let mut answer = tab.post(&format!("/connect/{provider}"), &[]).await;
    if provider == "github" && answer.location.is_empty() {
        answer = make_app(tab, &answer.body).await;
    }
    for _ in 0..3 {
        if answer.location == "/connect" {
            return;
        }
        assert!(answer.location.starts_with(&fake.origin), "{provider}: {answer:?}");
        answer = tab.get(&fake.allow(&answer.location)).await;
    }
    panic!("{provider}: {answer:?}");
}

/// Sends the form that makes a GitHub App, and comes back with its code.
async fn make_app(tab: &mut Tab, page: &str) -> crate::support::tab::Answer {
    let action = page.split_once("action=\"").unwrap().1.split('"').next().unwrap().replace("&#38;", "&");
    let state = action.split_once("state=").unwrap().1.to_owned();
    tab.get(&format!("/oauth/github/callback?code=manifest-code&state={state}")).await
}

async fn of(db: &TestDb, provider: Provider) -> Option<Connection> {
    let tenant = db.store.tenant_of(docket::domain::member::Surface::Slack, "T5").await.unwrap().unwrap();
    let found = db.store.read(tenant).await.unwrap().connections().await.unwrap();
    found.into_iter().find(|one| one.provider == provider)
}

async fn every_row_is_connected_refreshed_revoked_and_connected_again(db: &TestDb) {
    let (docket, fake, _) = open(db).await;
    for (provider, name, account) in [
        (Provider::Linear, "Acme Linear", "Docket"),
        (Provider::Discord, "Acme Server", "docket"),
        (Provider::GitHub, "acme", "docket-acme"),
        (Provider::Coder, "127.0.0.1", "ana"),
    ] {
        let (word, mut tab) = (provider.as_str(), enter(&docket).await);
        connect(&fake, &mut tab, word).await;
        let page = tab.get("/connect").await.body;
        assert!(
            page.contains(&format!("<bdi>{name}</bdi>")) && page.contains(&format!("<bdi>{account}</bdi>")),
            "{word}: {page}"
        );
        let before = of(db, provider).await.unwrap();
        assert_eq!(before.condition, Condition::Live, "{word}");
        // Refreshed ahead of its end by the job.
        let given = fake.exchanges(word);
        let left = before.expires_at.unwrap().since(db.chance.now());
        db.clock.advance(left.checked_sub(Duration::from_mins(6)).unwrap());
        docket.run_jobs().await;
        let fresh = of(db, provider).await.unwrap();
        assert_eq!((fresh.version, fresh.condition), (before.version + 1, Condition::Live), "{word}");
        assert_eq!(fake.exchanges(word), given + 1, "{word}");
        // Away for a while, and expired meanwhile: whoever needs it gets a fresh one.
        fake.go_away(word, 1);
        db.clock.advance(fresh.expires_at.unwrap().since(db.chance.now()) + Duration::from_mins(1));
        docket.run_jobs().await;
        let tenant = db.store.tenant_of(docket::domain::member::Surface::Slack, "T5").await.unwrap().unwrap();
        docket.app.desk.vault.token(tenant, fresh.id).await.unwrap();
        // Revoked outside: told once, with a way to mend it.
        fake.take_away(word);
        db.clock.advance(Duration::from_hours(24 * 8));
        docket.run_jobs().await;
        // Sessions have ended by then.
        let mut tab = enter(&docket).await;
        let broken = of(db, provider).await.unwrap();
        assert_eq!((broken.condition, broken.access), (Condition::Broken, None), "{word}");
        let page = tab.get("/connect").await.body;
        assert!(page.contains("needs you"), "{word}: {page}");
        let console = tab.get("/console").await.body;
        assert!(console.contains(&format!("Docket lost its access to {}", provider.name())), "{word}: {console}");
        fake.let_in(word);
        connect(&fake, &mut tab, word).await;
        let again = of(db, provider).await.unwrap();
        assert_eq!((again.id, again.condition), (before.id, Condition::Live), "{word}");
        assert!(!tab.get("/connect").await.body.contains("needs you"), "{word}");
    }
}

async fn what_is_disconnected_is_revoked_at_its_provider(db: &TestDb) {
    let (docket, fake, mut tab) = open(db).await;
    for provider in [Provider::Linear, Provider::Discord, Provider::GitHub, Provider::Coder] {
        let word = provider.as_str();
        connect(&fake, &mut tab, word).await;
        assert!(fake.is_let_in(word), "{word}");
        let id = of(db, provider).await.unwrap().id.to_string();
        fake.go_away(word, 1);
        tab.post(&format!("/connect/{word}/disconnect"), &[("connection", &id)]).await;
        docket.run_jobs().await;
        db.clock.advance(Duration::from_mins(11));
        docket.run_jobs().await;
        assert!(!fake.is_let_in(word), "{word} is revoked");
        assert!(of(db, provider).await.is_none(), "{word} is deleted");
    }
}

async fn a_github_app_is_made_by_a_button_and_asked_for_what_it_lacks(db: &TestDb) {
    let (_docket, fake, mut tab) = open(db).await;
    let form = tab.post("/connect/github", &[("organisation", "acme")]).await;
    let action = format!("action=\"{}/github/organizations/acme/settings/apps/new?state=", fake.origin);
    assert!(form.body.contains(&action) && form.body.contains("name=\"manifest\""), "{}", form.body);
    let refused = tab.post("/connect/github", &[("organisation", "acme/../evil")]).await;
    assert_eq!(refused.status.as_u16(), 400);
    connect(&fake, &mut tab, "github").await;
    let page = tab.get("/connect").await.body;
    assert!(page.contains("lacks permissions") && page.contains("<code>pull_requests:read</code>"), "{page}");
    let tenant = db.store.tenant_of(docket::domain::member::Surface::Slack, "T5").await.unwrap().unwrap();
    let app = db.store.read(tenant).await.unwrap().provider_app(Provider::GitHub).await.unwrap().unwrap();
    assert_eq!((app.number, app.slug.as_str()), (42, "docket-acme"));
    assert!(app.private_key.0.starts_with("v1."), "sealed");
}

async fn an_installation_that_somebody_only_names_is_not_connected(db: &TestDb) {
    let (_docket, fake, mut tab) = open(db).await;
    let form = tab.post("/connect/github", &[]).await;
    let install = make_app(&mut tab, &form.body).await;
    let back = fake.allow(&install.location).replace("installation_id=7", "installation_id=8");
    let confirm = tab.get(&back).await;
    let refused = tab.get(&fake.allow(&confirm.location)).await;
    assert!(refused.body.contains("see that installation"), "{}", refused.body);
    assert!(of(db, Provider::GitHub).await.is_none());
}

async fn an_installation_is_connected_only_by_who_owns_the_organisation(db: &TestDb) {
    let (_docket, fake, mut tab) = open(db).await;
    let form = tab.post("/connect/github", &[]).await;
    let install = make_app(&mut tab, &form.body).await;
    fake.own_nothing("github");
    let confirm = tab.get(&fake.allow(&install.location)).await;
    let refused = tab.get(&fake.allow(&confirm.location)).await;
    assert!(refused.body.contains("does not say that you own that organisation"), "{}", refused.body);
    assert!(of(db, Provider::GitHub).await.is_none());
}

async fn a_pasted_token_is_tried_out_and_is_its_members_own(db: &TestDb) {
    let (docket, fake, mut tab) = open(db).await;
    let address = format!("{}/coder", fake.origin);
    for (url, token, says) in [
        (address.as_str(), "abc123-wrongtoken", "does not take that token"),
        (address.as_str(), "x", "That is no token"),
        ("http://169.254.169.254", "abc123-righttoken", "can&#39;t be used"),
        ("ftp://coder", "abc123-righttoken", "not the address of a Coder deployment"),
    ] {
        let refused = tab.post("/connect/coder/token", &[("url", url), ("token", token)]).await;
        assert!(refused.status.as_u16() == 400 && refused.body.contains(says), "{url}: {}", refused.body);
        assert!(!refused.body.contains(token) || token == "x");
    }
    fake.add_token("coder", "abc123-righttoken");
    secrets::known("abc123-righttoken");
    let done = tab.post("/connect/coder/token", &[("url", &address), ("token", "abc123-righttoken")]).await;
    assert_eq!(done.location, "/connect", "{}", done.body);
    let own = of(db, Provider::Coder).await.unwrap();
    assert!(own.owner.is_some() && own.refresh.is_none());
    // Nobody else sees it.
    docket.slack.add_user("U56", "Nora", &serde_json::json!({ "team_id": "T5" }));
    docket.slack.set_installer(Installer { team: "T5", name: "Five", user: "U56", whole: false });
    let mut nora = Tab::new(&docket.app.router);
    let start = nora.get("/oauth/slack/start?install").await;
    let back = docket.slack.allow(&start.location);
    nora.get(&back).await;
    let id = own.id.to_string();
    assert!(!nora.get("/connect").await.body.contains(&id));
    assert_eq!(nora.post("/connect/coder/disconnect", &[("connection", &id)]).await.status.as_u16(), 404);
    tab.post("/connect/coder/disconnect", &[("connection", &id)]).await;
    docket.run_jobs().await;
    assert!(!fake.is_let_in("coder") && of(db, Provider::Coder).await.is_none());
}

async fn a_member_links_their_login_and_nobody_takes_it_over(db: &TestDb) {
    let (docket, fake, mut tab) = open(db).await;
    let start = tab.post("/connect/discord/link", &[]).await;
    let linked = tab.get(&fake.allow(&start.location)).await;
    assert_eq!(linked.location, "/connect", "{}", linked.body);
    let tenant = db.store.tenant_of(docket::domain::member::Surface::Slack, "T5").await.unwrap().unwrap();
    let logins = db.store.read(tenant).await.unwrap().logins().await.unwrap();
    assert_eq!((logins.len(), logins[0].party, logins[0].name.as_str()), (1, Party::Discord, "ana"));
    assert!(!fake.is_let_in("discord"), "what was shown for that is given back");
    docket.slack.add_user("U56", "Nora", &serde_json::json!({ "team_id": "T5" }));
    docket.slack.set_installer(Installer { team: "T5", name: "Five", user: "U56", whole: false });
    let mut nora = Tab::new(&docket.app.router);
    let start = nora.get("/oauth/slack/start?install").await;
    let back = docket.slack.allow(&start.location);
    nora.get(&back).await;
    let start = nora.post("/connect/discord/link", &[]).await;
    let refused = nora.get(&fake.allow(&start.location)).await;
    assert!(refused.body.contains("another member"), "{}", refused.body);
}
