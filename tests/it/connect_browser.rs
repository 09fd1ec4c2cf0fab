//! The page where everything is connected, in a real browser: from the button Add to Slack to a connection that ends.

use std::time::Duration;

use docket::domain::{
    ids::TenantId,
    member::{Identity, Member, Role, Standing, Surface},
    provider::Provider,
};
use serde_json::json;
use tokio::net::TcpListener;

use crate::support::{
    app::TestApp,
    browser::Browser,
    db::TestDb,
    fake_oauth::{BOT_TOKEN, FakeOAuth, PEM, SECRET},
    fake_slack::oauth::{CLIENT_ID, CLIENT_SECRET, Installer},
    sample::member,
    secrets,
    site::Site,
};

/// Docket at a name that only the browser knows, with every provider.
async fn open(db: &TestDb) -> (TestApp<'_>, FakeOAuth, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let site = format!("http://docket.test:{}", listener.local_addr().unwrap().port());
    let chance = db.chance.clone();
    let fake = FakeOAuth::start_for(&site, move || chance.now().as_millis() / 1000).await;
    [SECRET, BOT_TOKEN].into_iter().for_each(secrets::known);
    PEM.lines().filter(|line| !line.starts_with("-----")).for_each(secrets::known);
    let mut settings = fake.settings();
    settings.extend([
        ("SLACK_CLIENT_ID", CLIENT_ID.to_owned()),
        ("SLACK_CLIENT_SECRET", CLIENT_SECRET.to_owned()),
        ("PUBLIC_URL", site.clone()),
    ]);
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let docket = TestApp::start_with(db, &settings).await;
    docket.slack.add_user("U5", "Eva Lindqvist", &json!({ "team_id": "T5" }));
    docket.slack.set_installer(Installer { team: "T5", name: "Acme Engineering", user: "U5", whole: false });
    let router = docket.app.router.clone();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (docket, fake, site)
}

/// Others in the tenant, as the platforms know them.
async fn populate(db: &TestDb, tenant: TenantId) {
    let mut tx = db.store.write(tenant).await.unwrap();
    for (name, role, standing, user) in [
        ("Ben Okafor", Role::Approver, Standing::Full, "U6"),
        ("Mónica Fernández de la Vega y Ruiz-Castillo", Role::Admin, Standing::Full, "U7"),
        ("Gus", Role::Member, Standing::Guest, "U8"),
    ] {
        let somebody = Member { role, standing, ..member(&db.chance, name) };
        let identity = Identity { surface: Surface::Slack, team: "T5".to_owned(), user: user.to_owned() };
        tx.put_member(&somebody, &identity).await.unwrap();
    }
    tx.add_member(&member(&db.chance, "Quiet")).await.unwrap();
    tx.commit().await.unwrap();
}

/// The id of what is connected there.
async fn id_of(db: &TestDb, tenant: TenantId, provider: Provider) -> String {
    let found = db.store.read(tenant).await.unwrap().connections().await.unwrap();
    found.into_iter().find(|one| one.provider == provider).unwrap().id.to_string()
}

/// Opens the form for a token of Coder and writes one into it.
async fn write_token(browser: &Browser, token: &str) {
    browser.press("Paste a token instead").await;
    browser.focus("#coder-token").await;
    browser.write(token).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_team_adds_docket_to_slack_connects_the_rest_mends_what_broke_and_disconnects() {
    let db = TestDb::in_file().await;
    let (docket, fake, site) = open(&db).await;
    let Some(browser) = Browser::start(&site).await else { return };
    browser.goto("/").await;
    browser.wait_for("Sign in to Docket").await;
    photograph(&browser, "login", 760).await;
    browser.follow("Add to Slack").await;
    browser.follow("Allow").await;
    browser.wait_for("Acme Engineering").await;
    let tenant = db.store.tenant_of(Surface::Slack, "T5").await.unwrap().unwrap();
    assert_ne!(tenant, docket.app.tenant, "whoever adds it gets a tenant of their own");
    photograph(&browser, "fresh", 1_250).await;

    browser.focus("#connect-linear").await;
    browser.follow("Allow").await;
    browser.wait_for("Acme Linear").await;
    browser.focus("#connect-discord").await;
    browser.follow("Allow").await;
    browser.wait_for("Acme Server").await;
    // A form of ours that leads to another site: the policy of that page alone lets it.
    browser.focus("#organisation").await;
    browser.write("acme").await;
    browser.press("Make a GitHub App").await;
    browser.wait_for("It belongs to").await;
    photograph(&browser, "github-app", 760).await;
    browser.press("Go on to GitHub").await;
    for _made_installed_confirmed in 0..3 {
        browser.wait_for("This is github").await;
        browser.evaluate("document.querySelector('a').click()").await;
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    browser.wait_for("lacks permissions").await;

    fake.add_token("coder", "abc123-righttoken");
    secrets::known("abc123-righttoken");
    write_token(&browser, "abc123-wrongtoken").await;
    browser.press("Connect with this token").await;
    browser.wait_for("Coder does not take that token").await;
    photograph(&browser, "refused", 760).await;
    browser.goto("/connect").await;
    write_token(&browser, "abc123-righttoken").await;
    photograph(&browser, "paste", 1_960).await;
    browser.press("Connect with this token").await;
    browser.wait_for("Connect another").await;
    assert!(fake.is_let_in("coder"));

    // Somebody takes Docket's access away at Linear, and Docket finds out.
    populate(&db, tenant).await;
    fake.take_away("linear");
    db.clock.advance(Duration::from_hours(25));
    docket.run_jobs().await;
    browser.goto("/connect").await;
    browser.wait_for("needs you").await;
    photograph(&browser, "all", 2_060).await;
    fake.let_in("linear");
    browser.focus(&format!("#reconnect-{}", id_of(&db, tenant, Provider::Linear).await)).await;
    browser.follow("Allow").await;
    browser.wait_for("Acme Linear").await;
    browser.wait_until_gone("needs you").await;

    // It asks first, and Escape or the other button keeps it.
    let ask = format!("#disconnect-{}", id_of(&db, tenant, Provider::Discord).await);
    browser.focus(&ask).await;
    browser.wait_for("Disconnect Discord Acme Server?").await;
    photograph(&browser, "ask", 900).await;
    browser.press("Keep it").await;
    browser.wait_until_gone("Disconnect Discord Acme Server?").await;
    assert!(fake.is_let_in("discord"));
    browser.focus(&ask).await;
    browser.press("Disconnect Discord").await;
    browser.wait_for("disconnecting").await;
    docket.run_jobs().await;
    assert!(!fake.is_let_in("discord"));
    browser.goto("/connect").await;
    browser.wait_until_gone("Acme Server").await;

    assert!(!browser.text().await.contains("Link my Discord"), "whoever connects it shows who they are there");
    browser.focus("#link-linear").await;
    browser.follow("Allow").await;
    browser.wait_for("Linear Docket").await;
    let complaints = browser.complaints().await;
    let ours: Vec<_> = complaints.iter().filter(|line| line.contains("docket.test")).collect();
    // The refused token is answered with 400, which the browser notes.
    let broken: Vec<_> = ours.iter().filter(|line| !line.contains("/connect/coder/token")).collect();
    assert!(broken.is_empty(), "{broken:?}");
    assert_eq!(docket.slack.problems(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_on_which_nothing_is_set_up_says_what_to_set() {
    let site = Site::new().await;
    let Some(browser) = Browser::start(&site.serve().await).await else { return };
    browser.goto("/connect").await;
    browser.wait_for("LINEAR_CLIENT_ID").await;
    browser.wait_for("Make a GitHub App").await;
    photograph(&browser, "nothing", 1_240).await;
    assert_eq!(browser.complaints().await, [""; 0]);
}

/// Takes pictures for people to look at.
async fn photograph(browser: &Browser, name: &str, height: u32) {
    for (look, width, height, scheme) in
        [("light", 1280, height, "light"), ("dark", 1280, height, "dark"), ("phone", 390, height * 14 / 10, "light")]
    {
        browser.look(width, height, scheme).await;
        let overflow = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
        assert_eq!(browser.evaluate(overflow).await, json!(0), "{name} is wider than a {look} window");
        browser.screenshot(crate::browser::picture(&format!("connect-{name}-{look}"))).await;
    }
    browser.look(1280, 860, "light").await;
}
