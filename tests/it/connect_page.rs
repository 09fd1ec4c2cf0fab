//! The page where everything is connected, as people use it.

use docket::domain::{connection::Condition, ids::TenantId, member::Role, provider::Provider};
use serde_json::json;

use crate::support::{
    app::TestApp,
    db::{TestDb, for_each_db},
    fake_slack::{
        BOT, SlackUser,
        oauth::{CLIENT_ID, CLIENT_SECRET, Installer},
    },
    tab::{SITE, Tab},
};

for_each_db! {
    a_stranger_at_the_start_is_led_to_the_button_add_to_slack,
    two_workspaces_installed_through_the_page_work_side_by_side,
    whoever_installs_again_comes_back_to_the_same_tenant_with_fresh_tokens,
    a_whole_organisation_is_one_tenant_whatever_workspace_somebody_is_in,
    disconnecting_takes_a_confirmed_press_of_an_owner_and_reaches_slack,
    what_was_uninstalled_in_slack_is_told_and_connected_again,
    only_owners_and_admins_connect_and_foreign_connections_are_not_there,
    a_workspace_of_another_team_does_not_join,
    a_workspace_that_its_owners_took_out_stays_out,
    a_forged_replayed_or_foreign_return_connects_nothing,
}

const SETTINGS: &[(&str, &str)] =
    &[("SLACK_CLIENT_ID", CLIENT_ID), ("SLACK_CLIENT_SECRET", CLIENT_SECRET), ("PUBLIC_URL", SITE)];

/// A workspace with one person and one channel.
struct Place {
    team: &'static str,
    name: &'static str,
    user: &'static str,
    channel: &'static str,
}

const FIVE: Place = Place { team: "T5", name: "Five", user: "U5", channel: "C5" };
const SIX: Place = Place { team: "T6", name: "Six", user: "U6", channel: "C6" };

fn furnish(docket: &TestApp<'_>, place: &Place) -> SlackUser {
    docket.slack.add_user(place.user, &format!("Person of {}", place.name), &json!({ "team_id": place.team }));
    docket.slack.add_channel_of(place.team, place.channel, &[place.user, BOT]);
    SlackUser { team: place.team.to_owned(), channel: place.channel.to_owned(), ..docket.user(place.user) }
}

/// Presses Add to Slack, then Allow; the tab is signed in then.
async fn install(docket: &TestApp<'_>, place: &Place, whole: bool) -> Tab {
    let Place { team, name, user, .. } = place;
    docket.slack.set_installer(Installer { team, name, user, whole });
    let mut tab = Tab::new(&docket.app.router);
    let start = tab.get("/oauth/slack/start?install").await;
    let back = docket.slack.allow(&start.location);
    let done = tab.get(&back).await;
    assert_eq!((done.status.as_u16(), done.location.as_str()), (303, "/connect"), "{}", done.body);
    tab
}

async fn tenant_of(db: &TestDb, team: &str) -> TenantId {
    db.store.tenant_of(docket::domain::member::Surface::Slack, team).await.unwrap().unwrap()
}

async fn a_stranger_at_the_start_is_led_to_the_button_add_to_slack(db: &TestDb) {
    let docket = TestApp::start_with(db, SETTINGS).await;
    let mut tab = Tab::new(&docket.app.router);
    let start = tab.get("/").await;
    assert!(start.status.is_redirection() && start.location.starts_with("/login"), "{start:?}");
    let page = tab.get(&start.location).await.body;
    let first = page.split("class=\"ways\"").nth(1).unwrap().split("href=\"").nth(1).unwrap();
    assert!(first.starts_with("/oauth/slack/start?install\">Add to Slack"), "{page}");
}

async fn two_workspaces_installed_through_the_page_work_side_by_side(db: &TestDb) {
    let docket = TestApp::start_with(db, SETTINGS).await;
    let (eva, finn) = (furnish(&docket, &FIVE), furnish(&docket, &SIX));
    let (mut five, mut six) = (install(&docket, &FIVE, false).await, install(&docket, &SIX, false).await);
    let (here, there) = (tenant_of(db, "T5").await, tenant_of(db, "T6").await);
    assert!(here != there && here != docket.app.tenant);
    for (tab, own, other) in [(&mut five, "Five", "Six"), (&mut six, "Six", "Five")] {
        let page = tab.get("/connect").await.body;
        assert!(page.contains(&format!("Person of {own}")) && page.contains("connected"), "{page}");
        assert!(!page.contains(other), "nothing of the other workspace is shown");
    }
    let owner = db.store.read(here).await.unwrap().members().await.unwrap().remove(0);
    assert_eq!((owner.role, owner.name.as_str()), (Role::Owner, "Person of Five"));

    docket.act(eva.slash("plan Build a login page", db.chance.now())).await;
    docket.act(finn.slash("plan Build an import", db.chance.now())).await;
    let (theirs, ours) = (docket.patch(here, 1).await.unwrap(), docket.patch(there, 1).await.unwrap());
    assert_eq!((docket.slack.messages("C5").len(), docket.slack.messages("C6").len()), (1, 1));
    // Commands, clicks and pages with what belongs to the other.
    let ack = docket.act(finn.slash("show P-2", db.chance.now())).await;
    assert!(!ack.body.contains("login"), "{}", ack.body);
    let mut card = docket.slack.messages("C6").pop().unwrap();
    let forged = card.payload.to_string().replace(&ours.id.to_string(), &theirs.id.to_string());
    card.payload = serde_json::from_str(&forged).unwrap();
    docket.act(finn.click(&card, "patch.approve", db.chance.now())).await;
    assert_eq!(docket.patch(here, 1).await.unwrap().state.as_str(), "proposed", "a guessed id approves nothing");
    assert_eq!(docket.patch(there, 1).await.unwrap().state.as_str(), "proposed");
    let page = six.get("/patches/P-1").await.body;
    assert!(page.contains("import") && !page.contains("login"), "{page}");
    let first = docket.slack.messages("C6").pop().unwrap();
    db.clock.advance(std::time::Duration::from_secs(1));
    docket.act(finn.click(&first, "patch.approve", db.chance.now())).await;
    assert_eq!(docket.patch(there, 1).await.unwrap().state.as_str(), "applied");
    assert_eq!(docket.slack.problems(), [""; 0], "no call carried another workspace's token");
}

async fn whoever_installs_again_comes_back_to_the_same_tenant_with_fresh_tokens(db: &TestDb) {
    let docket = TestApp::start_with(db, SETTINGS).await;
    furnish(&docket, &FIVE);
    docket.slack.leave_out(&["commands", "groups:history"]);
    let mut tab = install(&docket, &FIVE, false).await;
    let page = tab.get("/connect").await.body;
    assert!(page.contains("lacks permissions") && page.contains("<code>commands</code>"), "{page}");
    assert!(page.contains("<code>groups:history</code>. Docket works without"), "{page}");
    docket.slack.leave_out(&[]);
    let (tenant, mut tab) = (tenant_of(db, "T5").await, install(&docket, &FIVE, false).await);
    assert_eq!(tenant_of(db, "T5").await, tenant);
    let mut tx = db.store.read(tenant).await.unwrap();
    let connections = tx.connections().await.unwrap();
    assert_eq!((connections.len(), connections[0].version), (1, 2));
    assert_eq!(tx.members().await.unwrap().len(), 1);
    drop(tx);
    assert!(!tab.get("/connect").await.body.contains("lacks permissions"));
}

async fn a_whole_organisation_is_one_tenant_whatever_workspace_somebody_is_in(db: &TestDb) {
    let docket = TestApp::start_with(db, SETTINGS).await;
    docket.slack.put_into("T7", "E1");
    let eva = furnish(&docket, &Place { team: "T7", name: "Group", user: "U7", channel: "C7" });
    docket.slack.add_user(
        "U7",
        "Gil",
        &json!({ "team_id": "T7", "enterprise_user": { "enterprise_id": "E1", "teams": ["T7"] } }),
    );
    install(&docket, &Place { team: "E1", name: "Group", user: "U7", channel: "C7" }, true).await;
    let tenant = tenant_of(db, "E1").await;
    docket.act(eva.in_organisation("E1").slash("plan Build a login page", db.chance.now())).await;
    assert!(docket.patch(tenant, 1).await.is_some());
    assert_eq!(docket.slack.messages("C7").len(), 1);
    let known = db.store.read(tenant).await.unwrap().members().await.unwrap();
    assert_eq!(known.len(), 1, "the same person, whatever workspace they speak in");
    assert_eq!(docket.slack.problems(), [""; 0]);
}

async fn disconnecting_takes_a_confirmed_press_of_an_owner_and_reaches_slack(db: &TestDb) {
    let docket = TestApp::start_with(db, SETTINGS).await;
    let eva = furnish(&docket, &FIVE);
    let mut tab = install(&docket, &FIVE, false).await;
    let tenant = tenant_of(db, "T5").await;
    let id = db.store.read(tenant).await.unwrap().connections().await.unwrap()[0].id.to_string();
    let page = tab.get("/connect").await.body;
    assert!(page.contains("Disconnect Slack <bdi>Five</bdi>?"), "it asks first");
    let done = tab.post("/connect/slack/disconnect", &[("connection", &id)]).await;
    assert_eq!(done.location, "/connect");
    assert!(tab.get("/connect").await.body.contains("disconnecting"));
    docket.run_jobs().await;
    assert!(!docket.slack.is_let_in("T5"));
    let page = tab.get("/connect").await.body;
    assert!(!page.contains("disconnecting") && page.contains("Add to Slack"), "{page}");
    docket.act(eva.slash("plan Build a login page", db.chance.now())).await;
    assert!(docket.slack.messages("C5").is_empty(), "nothing is posted there any more");
    let actions: Vec<_> = db.store.read(tenant).await.unwrap().audit_of(&id, 9).await.unwrap();
    let actions: Vec<_> = actions.iter().map(|entry| entry.action.as_str()).collect();
    assert!(actions.contains(&"connection.connected") && actions.contains(&"connection.disconnected"), "{actions:?}");
}

async fn what_was_uninstalled_in_slack_is_told_and_connected_again(db: &TestDb) {
    let docket = TestApp::start_with(db, SETTINGS).await;
    let eva = furnish(&docket, &FIVE);
    let mut tab = install(&docket, &FIVE, false).await;
    docket.slack.revoke_team("T5");
    docket.act(eva.event("EvGone", &json!({ "type": "app_uninstalled" }), db.chance.now())).await;
    let page = tab.get("/connect").await.body;
    assert!(page.contains("The app was uninstalled in Slack.") && page.contains("needs you"), "{page}");
    let console = tab.get("/console").await.body;
    assert!(console.contains("Docket lost its access to Slack") && console.contains("href=\"/connect\""), "{console}");
    let back = tab.post("/connect/slack", &[]).await;
    let back = docket.slack.allow(&back.location);
    assert_eq!(tab.get(&back).await.location, "/connect");
    let page = tab.get("/connect").await.body;
    assert!(!page.contains("needs you") && page.contains("connected"), "{page}");
    docket.act(eva.slash("plan Build a login page", db.chance.now())).await;
    assert_eq!(docket.slack.messages("C5").len(), 1);
}

async fn only_owners_and_admins_connect_and_foreign_connections_are_not_there(db: &TestDb) {
    let docket = TestApp::start_with(db, SETTINGS).await;
    furnish(&docket, &FIVE);
    furnish(&docket, &SIX);
    install(&docket, &FIVE, false).await;
    let mut six = install(&docket, &SIX, false).await;
    let here = tenant_of(db, "T5").await;
    let id = db.store.read(here).await.unwrap().connections().await.unwrap()[0].id.to_string();
    let done = six.post("/connect/slack/disconnect", &[("connection", &id)]).await;
    assert_eq!(done.status.as_u16(), 404);
    // A second person of the workspace, who installs again, is a member and no owner.
    docket.slack.add_user("U55", "Nora", &json!({ "team_id": "T5" }));
    let mut nora = install(&docket, &Place { user: "U55", ..FIVE }, false).await;
    for (path, fields) in [
        ("/connect/slack/disconnect", &[("connection", id.as_str())][..]),
        ("/connect/slack", &[]),
        ("/connect/github", &[("organisation", "acme")]),
        ("/connect/linear", &[]),
    ] {
        let refused = nora.post(path, fields).await;
        assert!(
            refused.status.as_u16() == 400 && refused.body.contains("Only owners and admins"),
            "{path}: {}",
            refused.body
        );
    }
    let connection = db.store.read(here).await.unwrap().connections().await.unwrap().remove(0);
    assert_eq!(connection.condition, Condition::Live);
    let mut nobody = Tab::new(&docket.app.router);
    assert_eq!(nobody.get("/connect").await.location, "/login?next=%2Fconnect");
}

async fn a_workspace_of_another_team_does_not_join(db: &TestDb) {
    let docket = TestApp::start_with(db, SETTINGS).await;
    furnish(&docket, &FIVE);
    furnish(&docket, &SIX);
    let mut five = install(&docket, &FIVE, false).await;
    install(&docket, &SIX, false).await;
    docket.slack.set_installer(Installer { team: "T6", name: "Six", user: "U6", whole: false });
    let start = five.post("/connect/slack", &[]).await;
    let back = docket.slack.allow(&start.location);
    let refused = five.get(&back).await;
    assert!(refused.body.contains("connected to Docket already, for another team"), "{}", refused.body);
    let mut tx = db.store.read(tenant_of(db, "T5").await).await.unwrap();
    assert_eq!(tx.connections().await.unwrap().len(), 1);
    assert!(tx.connection_to(Provider::Slack, "T6", None).await.unwrap().is_none());
}

async fn a_workspace_that_its_owners_took_out_stays_out(db: &TestDb) {
    let docket = TestApp::start_with(db, SETTINGS).await;
    furnish(&docket, &FIVE);
    docket.slack.add_user("U55", "Nora", &json!({ "team_id": "T5" }));
    let mut owner = install(&docket, &FIVE, false).await;
    let here = tenant_of(db, "T5").await;
    let connections = async || db.store.read(here).await.unwrap().connections().await.unwrap();
    let before = connections().await.remove(0);
    // Somebody else who adds it while it is in gets in, and changes nothing of it.
    install(&docket, &Place { user: "U55", ..FIVE }, false).await;
    assert_eq!(connections().await, std::slice::from_ref(&before));
    owner.post("/connect/slack/disconnect", &[("connection", &before.id.to_string())]).await;
    docket.run_jobs().await;

    docket.slack.set_installer(Installer { team: "T5", name: "Five", user: "U55", whole: false });
    let mut nora = Tab::new(&docket.app.router);
    let start = nora.get("/oauth/slack/start?install").await;
    let refused = nora.get(&docket.slack.allow(&start.location)).await;
    assert!(refused.body.contains("was connected to Docket before"), "{}", refused.body);
    assert_eq!(connections().await, []);
    install(&docket, &FIVE, false).await;
    assert_eq!(connections().await.len(), 1, "its owner puts it back");
}

async fn a_forged_replayed_or_foreign_return_connects_nothing(db: &TestDb) {
    let docket = TestApp::start_with(db, SETTINGS).await;
    furnish(&docket, &FIVE);
    docket.slack.set_installer(Installer { team: "T5", name: "Five", user: "U5", whole: false });
    let mut tab = Tab::new(&docket.app.router);
    let start = tab.get("/oauth/slack/start?install").await;
    let back = docket.slack.allow(&start.location);
    let refused = Tab::new(&docket.app.router).get(&back).await;
    assert!(refused.body.contains("another browser"), "{}", refused.body);
    let refused = tab.get(&back).await;
    assert!(
        refused.body.contains("finished already"),
        "what was seen in two browsers is good in neither: {}",
        refused.body
    );
    let forged = tab.get("/oauth/slack/callback?code=code-1&state=guessed").await;
    assert_eq!(forged.status.as_u16(), 400);
    assert!(db.store.tenant_of(docket::domain::member::Surface::Slack, "T5").await.unwrap().is_none());
}
