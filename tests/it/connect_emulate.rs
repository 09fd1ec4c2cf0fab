//! Connecting at a third party's GitHub, Slack and Linear, which were not made by whoever made our own fakes.
//!
//! Where emulate is softer than the services, or lacks what they have, nothing is concluded from it, and the strict fake
//! stands for the service: its GitHub checks neither PKCE nor where a code is traded for, has no revocation, and no
//! `GET /user/installations`, so that only the classic OAuth App can be connected there; its Slack takes `users.info`
//! by POST alone, while Slack takes GET too, so that an installation ends there before the sign-in, checks no
//! `redirect_uri` that is left out, and rotates no tokens; its Linear answers queries without a token. None knows
//! Discord or Coder.

use std::time::Duration;

use docket::{
    config::Config,
    connect::{Providers, Refused},
    domain::{
        connection::{Condition, Connection},
        ids::TenantId,
        member::Surface,
        provider::Provider,
    },
};
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::support::{
    app::TestApp,
    db::{TestDb, for_each_db},
    emulate::{CLIENT_ID, CLIENT_SECRET, Emulate},
    fake_slack::oauth::{self, Installer},
    secrets,
    tab::{SITE, Tab},
};

for_each_db! {
    linear_is_connected_refreshed_and_disconnected_at_emulate,
    a_classic_oauth_app_is_connected_at_emulates_github,
}

/// Docket with GitHub and Linear of emulate, and an owner at the page.
async fn open<'a>(db: &'a TestDb, emulate: &Emulate) -> (TestApp<'a>, Tab, TenantId) {
    let (github, linear) = (emulate.origin("github"), emulate.origin("linear"));
    let settings = [
        ("GITHUB_URL", github),
        ("GITHUB_API_URL", github),
        ("GITHUB_CLIENT_ID", CLIENT_ID),
        ("GITHUB_CLIENT_SECRET", CLIENT_SECRET),
        ("LINEAR_URL", linear),
        ("LINEAR_API_URL", linear),
        ("LINEAR_CLIENT_ID", CLIENT_ID),
        ("LINEAR_CLIENT_SECRET", CLIENT_SECRET),
        ("SLACK_CLIENT_ID", oauth::CLIENT_ID),
        ("SLACK_CLIENT_SECRET", oauth::CLIENT_SECRET),
        ("PUBLIC_URL", SITE),
    ];
    let docket = TestApp::start_with(db, &settings).await;
    docket.slack.add_user("U5", "Eva", &json!({ "team_id": "T5" }));
    docket.slack.set_installer(Installer { team: "T5", name: "Five", user: "U5", whole: false });
    let mut tab = Tab::new(&docket.app.router);
    let start = tab.get("/oauth/slack/start?install").await;
    let back = docket.slack.allow(&start.location);
    assert_eq!(tab.get(&back).await.location, "/connect");
    let tenant = db.store.tenant_of(Surface::Slack, "T5").await.unwrap().unwrap();
    (docket, tab, tenant)
}

async fn of(db: &TestDb, tenant: TenantId, provider: Provider) -> Option<Connection> {
    let found = db.store.read(tenant).await.unwrap().connections().await.unwrap();
    found.into_iter().find(|one| one.provider == provider)
}

async fn linear_is_connected_refreshed_and_disconnected_at_emulate(db: &TestDb) {
    let Some(emulate) = Emulate::start() else { return };
    let (docket, mut tab, tenant) = open(db, &emulate).await;
    let start = tab.post("/connect/linear", &[]).await;
    let back = emulate.allow(&start.location).await;
    let done = tab.get(&back).await;
    assert_eq!(done.location, "/connect", "{}", done.body);
    let page = tab.get("/connect").await.body;
    assert!(page.contains("<bdi>Acme Linear</bdi>") && !page.contains("lacks permissions"), "{page}");
    let before = of(db, tenant, Provider::Linear).await.unwrap();
    let used = docket.app.desk.vault.token(tenant, before.id).await.unwrap();
    // Its refresh token works once: a second pair proves that the first was kept.
    for version in [2, 3] {
        let end = of(db, tenant, Provider::Linear).await.unwrap().expires_at.unwrap();
        let left = end.since(db.chance.now());
        db.clock.advance(left.checked_sub(Duration::from_mins(6)).unwrap());
        docket.run_jobs().await;
        let fresh = of(db, tenant, Provider::Linear).await.unwrap();
        assert_eq!((fresh.version, fresh.condition), (version, Condition::Live), "{:?}", fresh.trouble);
    }
    let fresh = docket.app.desk.vault.token(tenant, before.id).await.unwrap();
    assert_ne!(fresh.expose_secret(), used.expose_secret());
    // The code, once more, with a flow of its own.
    let code = back.split("code=").nth(1).unwrap().split('&').next().unwrap();
    let mut tab = again(&docket).await;
    let start = tab.post("/connect/linear", &[]).await;
    let state = start.location.split("state=").nth(1).unwrap().split('&').next().unwrap();
    let refused = tab.get(&format!("/oauth/linear/callback?code={code}&state={state}")).await;
    assert!(refused.body.contains("invalid_grant"), "{}", refused.body);
    tab.post("/connect/linear/disconnect", &[("connection", &before.id.to_string())]).await;
    docket.run_jobs().await;
    assert!(of(db, tenant, Provider::Linear).await.is_none());
}

/// A sign-in that lives: much time has passed.
async fn again(docket: &TestApp<'_>) -> Tab {
    let mut tab = Tab::new(&docket.app.router);
    let start = tab.get("/oauth/slack/start?install").await;
    let back = docket.slack.allow(&start.location);
    tab.get(&back).await;
    tab
}

async fn a_classic_oauth_app_is_connected_at_emulates_github(db: &TestDb) {
    let Some(emulate) = Emulate::start() else { return };
    let (docket, mut tab, tenant) = open(db, &emulate).await;
    let start = tab.post("/connect/github", &[]).await;
    let back = emulate.allow(&start.location).await;
    let done = tab.get(&back).await;
    assert_eq!(done.location, "/connect", "{}", done.body);
    let made = of(db, tenant, Provider::GitHub).await.unwrap();
    assert_eq!((made.expires_at, made.condition), (None, Condition::Live));
    assert_eq!(made.scopes, ["repo", "read:org"]);
    let page = tab.get("/connect").await.body;
    assert!(page.contains(&format!("<bdi>{}</bdi>", made.name)) && !page.contains("lacks permissions"), "{page}");
    let logins = db.store.read(tenant).await.unwrap().logins().await.unwrap();
    assert_eq!((logins.len(), logins[0].realm.as_str()), (1, emulate.origin("github")), "whoever let it in is known");
    // The code, once more.
    let code = back.split("code=").nth(1).unwrap().split('&').next().unwrap();
    let start = tab.post("/connect/github", &[]).await;
    let state = start.location.split("state=").nth(1).unwrap().split('&').next().unwrap();
    let refused = tab.get(&format!("/oauth/github/callback?code={code}&state={state}")).await;
    assert!(refused.body.contains("bad_verification_code"), "{}", refused.body);
    drop(docket);
}

#[tokio::test]
async fn a_code_of_emulates_slack_is_good_once_for_its_redirect_and_its_client() {
    let Some(emulate) = Emulate::start() else { return };
    secrets::known(CLIENT_SECRET);
    let with_secret = |client_secret: &str| {
        let settings = [
            ("SLACK_API_URL", format!("{}/api", emulate.origin("slack"))),
            ("SLACK_CLIENT_ID", CLIENT_ID.to_owned()),
            ("SLACK_CLIENT_SECRET", client_secret.to_owned()),
            ("SLACK_SIGNING_SECRET", "8f742231b10e8888abcd99yyyzzz85a5".to_owned()),
            ("DOCKET_MASTER_KEY", crate::support::app::MASTER_KEY.to_owned()),
            ("PUBLIC_URL", SITE.to_owned()),
        ];
        let read = |name: &str| settings.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
        Providers::new(&Config::read(&read).unwrap()).unwrap()
    };
    let providers = with_secret(CLIENT_SECRET);
    let slack = providers.slack().unwrap();
    let redirect = format!("{SITE}/oauth/slack/callback");
    let code = async || {
        let back = emulate.allow(&slack.authorize(&redirect, "state-1")).await;
        assert!(back.starts_with(&redirect) && back.contains("state=state-1"), "{back}");
        back.split("code=").nth(1).unwrap().split('&').next().unwrap().to_owned()
    };
    let used = code().await;
    let installed = slack.exchange(&providers.caller, &used, &redirect).await.unwrap();
    assert_eq!(installed.access.name, "Acme");
    assert!(installed.access.realm.starts_with('T') && installed.bot_user.starts_with('U'));
    let granted = installed.access.tokens.scopes.unwrap();
    assert!(docket::connect::slack::SCOPES.iter().all(|scope| granted.iter().any(|has| has == scope)), "{granted:?}");
    let refused = |code: &str| Refused::Denied(Provider::Slack, code.to_owned());
    let twice = slack.exchange(&providers.caller, &used, &redirect).await.err();
    assert_eq!(twice, Some(refused("invalid_code")));
    let elsewhere = slack.exchange(&providers.caller, &code().await, "https://evil.example").await.err();
    assert_eq!(elsewhere, Some(refused("bad_redirect_uri")));
    let other = with_secret("another-secret");
    let stranger = other.slack().unwrap().exchange(&other.caller, &code().await, &redirect).await.err();
    assert!(matches!(stranger, Some(Refused::NotConfigured(Provider::Slack, _))), "{stranger:?}");
}
