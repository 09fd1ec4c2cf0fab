//! Tokens of connections: each workspace with its own, refreshed once whoever asks, broken with an incident, taken back.

use std::{sync::Arc, time::Duration};

use docket::{
    config::Config,
    connect::{
        Providers,
        vault::{Unusable, Vault},
    },
    domain::{
        card::EntryContent,
        connection::{Condition, Connection},
        ids::TenantId,
        member::Surface,
        provider::Provider,
        tenant::Installation,
    },
    secrets::Keyring,
};
use secrecy::ExposeSecret;
use serde_json::json;

use crate::support::{
    app::{MASTER_KEY, TestApp, slack_access},
    db::{TestDb, for_each_db},
    fake_slack::{
        BOT, FakeSlack, Fault,
        oauth::{CLIENT_ID, CLIENT_SECRET, Installer},
    },
};

for_each_db! {
    each_workspace_is_spoken_to_with_its_own_token,
    a_token_is_refreshed_ahead_of_its_end_again_and_again,
    two_replicas_never_spend_one_refresh_token_twice,
    a_pair_that_was_lost_on_its_way_breaks_the_connection_and_its_owners_are_told,
    a_provider_that_is_away_breaks_nothing,
    a_wrong_client_secret_breaks_nothing,
    what_slack_takes_away_from_one_team_leaves_the_others,
    what_is_disconnected_is_taken_back_and_deleted,
    a_disconnected_workspace_is_not_spoken_to_with_another_token,
    a_token_moved_to_another_row_does_not_open,
    an_organisation_belongs_to_one_tenant,
}

const CLIENT: &[(&str, &str)] = &[("SLACK_CLIENT_ID", CLIENT_ID), ("SLACK_CLIENT_SECRET", CLIENT_SECRET)];
const HOUR: Duration = Duration::from_hours(1);

/// Connects the workspace `T3` to the local tenant with a token that rotates.
async fn rotating(docket: &TestApp<'_>) -> Connection {
    docket.slack.rotate_tokens();
    docket.slack.add_token("xoxe.xoxb-first", "T3", "Third");
    docket.slack.add_refresh("xoxe-1-first", "T3", "Third");
    let mut tx = docket.db.store.write(docket.app.tenant).await.unwrap();
    let owner = tx.members().await.unwrap()[0].id;
    let (team, name, bot_user) = ("T3".to_owned(), "Third".to_owned(), BOT.to_owned());
    let installation = Installation { surface: Surface::Slack, team, name, bot_user, removed: None };
    tx.put_installation(&installation).await.unwrap();
    let access = slack_access("T3", "Third", "xoxe.xoxb-first", Some("xoxe-1-first"));
    let connection = docket.app.desk.vault.connect(&mut tx, Provider::Slack, access, owner, None).await.unwrap();
    tx.commit().await.unwrap();
    connection
}

async fn now(docket: &TestApp<'_>, tenant: TenantId, of: &Connection) -> Option<Connection> {
    docket.db.store.read(tenant).await.unwrap().connection(of.id).await.unwrap()
}

fn exchanges(docket: &TestApp<'_>) -> usize {
    docket.slack.calls().iter().filter(|(method, _)| method == "oauth.v2.access").count()
}

/// What the console's conversation says last.
async fn console(docket: &TestApp<'_>) -> String {
    let mut tx = docket.db.store.read(docket.app.tenant).await.unwrap();
    let owner = tx.members().await.unwrap()[0].id;
    let entries = tx.latest_entries(owner, 9).await.unwrap();
    let mut said = entries.into_iter().rev().filter_map(|entry| match entry.content {
        EntryContent::Answered { message, .. } => Some(message.to_plain()),
        _ => None,
    });
    said.next().unwrap_or_default()
}

async fn each_workspace_is_spoken_to_with_its_own_token(db: &TestDb) {
    let docket = TestApp::start(db).await;
    let (other, zoe) = docket.second_tenant().await;
    docket.slash("U1", "plan Build a login page").await;
    docket.act(zoe.slash("plan Build an import", db.chance.now())).await;
    assert_eq!((docket.slack.messages("C1").len(), docket.slack.messages("C2").len()), (1, 1));
    assert!(docket.patch(other, 1).await.is_some());
    // The fake refuses a call about one workspace that carries the token of the other.
    assert_eq!(docket.slack.problems(), [""; 0]);
}

async fn a_token_is_refreshed_ahead_of_its_end_again_and_again(db: &TestDb) {
    let docket = TestApp::start_with(db, CLIENT).await;
    let (tenant, connection) = (docket.app.tenant, rotating(&docket).await);
    let token = docket.app.desk.vault.token(tenant, connection.id).await.unwrap();
    assert_eq!(token.expose_secret(), "xoxe.xoxb-first");
    docket.run_jobs().await;
    assert_eq!(exchanges(&docket), 0, "there is plenty of time");
    for round in 1..=3 {
        db.clock.advance(HOUR * 10 + Duration::from_mins(1));
        docket.run_jobs().await;
        assert_eq!(exchanges(&docket), round);
        let fresh = now(&docket, tenant, &connection).await.unwrap();
        assert_eq!((fresh.version, fresh.condition), (u32::try_from(round).unwrap() + 1, Condition::Live));
        assert_eq!(fresh.refreshed_at, Some(db.chance.now()));
    }
    let token = docket.app.desk.vault.token(tenant, connection.id).await.unwrap();
    assert!(token.expose_secret().starts_with("xoxe.xoxb-T3-"), "a fresh one is in use");
    // Where no job came in time, whoever needs the token refreshes it.
    db.clock.advance(HOUR * 13);
    docket.app.desk.vault.token(tenant, connection.id).await.unwrap();
    assert_eq!(exchanges(&docket), 4);
}

async fn two_replicas_never_spend_one_refresh_token_twice(db: &TestDb) {
    let docket = TestApp::start_with(db, CLIENT).await;
    let (tenant, connection) = (docket.app.tenant, rotating(&docket).await);
    let store = db.another().await;
    let api_url = docket.slack.api_url();
    let settings = [
        ("DATABASE_URL", db.url.as_str()),
        ("SLACK_SIGNING_SECRET", "x"),
        ("DOCKET_MASTER_KEY", MASTER_KEY),
        ("SLACK_API_URL", api_url.as_str()),
        CLIENT[0],
        CLIENT[1],
    ];
    let read = |name: &str| settings.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    let config = Config::read(&read).unwrap();
    let providers = Arc::new(Providers::new(&config).unwrap());
    let there = Vault::new(store.clone(), db.chance.clone(), Keyring::of(&config).unwrap(), providers);
    let here = &docket.app.desk.vault;
    db.clock.advance(HOUR * 12);
    let asked = (0..8).map(|n| {
        let vault = if n % 2 == 0 { here } else { &there };
        vault.token(tenant, connection.id)
    });
    let tokens: Vec<_> = futures_util::future::join_all(asked).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(exchanges(&docket), 1);
    assert!(tokens.iter().all(|token| token.expose_secret() == tokens[0].expose_secret()));
    store.close().await;
}

async fn a_pair_that_was_lost_on_its_way_breaks_the_connection_and_its_owners_are_told(db: &TestDb) {
    let docket = TestApp::start_with(db, CLIENT).await;
    let (tenant, connection) = (docket.app.tenant, rotating(&docket).await);
    // Slack has given out the next pair, and the process dies before it is stored.
    docket.slack.fail_next("oauth.v2.access", Fault::Cut);
    db.clock.advance(HOUR * 11);
    docket.run_jobs().await;
    assert_eq!(now(&docket, tenant, &connection).await.unwrap().condition, Condition::Live);
    db.clock.advance(Duration::from_mins(2));
    docket.run_jobs().await;
    let broken = now(&docket, tenant, &connection).await.unwrap();
    assert_eq!((broken.condition, broken.access, broken.refresh), (Condition::Broken, None, None));
    let told = console(&docket).await;
    for part in
        ["Docket lost its access to Slack (Third)", "invalid_refresh_token", "Since: ", "Meanwhile: ", "[Reconnect]"]
    {
        assert!(told.contains(part), "{part}: {told}");
    }
    let error = docket.app.desk.vault.token(tenant, connection.id).await.unwrap_err();
    assert!(matches!(error, Unusable::Broken(_)), "{error}");
    docket.run_jobs().await;
    let entries = db.store.read(tenant).await.unwrap().latest_entries(connection.by, 9).await.unwrap();
    assert_eq!(entries.len(), 1, "it is told once");
}

async fn a_provider_that_is_away_breaks_nothing(db: &TestDb) {
    let docket = TestApp::start_with(db, CLIENT).await;
    let (tenant, connection) = (docket.app.tenant, rotating(&docket).await);
    db.clock.advance(HOUR * 11);
    for _ in 0..30 {
        docket.slack.fail_next("oauth.v2.access", Fault::Broken);
        docket.run_jobs().await;
        db.clock.advance(Duration::from_mins(11));
    }
    docket.run_jobs().await;
    let fresh = now(&docket, tenant, &connection).await.unwrap();
    assert_eq!((fresh.condition, fresh.version), (Condition::Live, 2));
    assert_eq!(console(&docket).await, "");
}

async fn a_wrong_client_secret_breaks_nothing(db: &TestDb) {
    let wrong = [CLIENT[0], ("SLACK_CLIENT_SECRET", "mistyped")];
    let docket = TestApp::start_with(db, &wrong).await;
    let (tenant, connection) = (docket.app.tenant, rotating(&docket).await);
    db.clock.advance(HOUR * 12);
    let error = docket.app.desk.vault.token(tenant, connection.id).await.unwrap_err();
    assert_eq!(error.to_string(), "Slack: its client id or client secret is not taken there");
    let kept = now(&docket, tenant, &connection).await.unwrap();
    assert!(kept.condition == Condition::Live && kept.refresh.is_some());
}

async fn what_slack_takes_away_from_one_team_leaves_the_others(db: &TestDb) {
    let docket = TestApp::start_with(db, CLIENT).await;
    let connection = rotating(&docket).await;
    let (other, zoe) = docket.second_tenant().await;
    let ana = docket.user("U1");
    let third = crate::support::fake_slack::SlackUser { team: "T3".to_owned(), ..ana };
    let event = json!({ "type": "app_uninstalled" });
    docket.act(third.event("EvGone", &event, db.chance.now())).await;

    let broken = now(&docket, docket.app.tenant, &connection).await.unwrap();
    assert_eq!(broken.condition, Condition::Broken);
    assert!(broken.access.is_none() && broken.refresh.is_none(), "the secret is deleted");
    assert!(console(&docket).await.contains("The app was uninstalled in Slack."));
    let mut tx = db.store.read(docket.app.tenant).await.unwrap();
    let removed = |team: &str, found: Option<Installation>| (team.to_owned(), found.unwrap().removed);
    assert_eq!(
        removed("T3", tx.installation(Surface::Slack, "T3").await.unwrap()).1.as_deref(),
        Some("app_uninstalled")
    );
    assert_eq!(removed("T1", tx.installation(Surface::Slack, "T1").await.unwrap()).1, None);
    drop(tx);
    docket.slash("U1", "plan Build a login page").await;
    docket.act(zoe.slash("plan Build an import", db.chance.now())).await;
    assert_eq!((docket.slack.messages("C1").len(), docket.slack.messages("C2").len()), (1, 1));
    let theirs = db.store.read(other).await.unwrap().connections().await.unwrap();
    assert_eq!(theirs[0].condition, Condition::Live);
}

async fn what_is_disconnected_is_taken_back_and_deleted(db: &TestDb) {
    let docket = TestApp::start_with(db, CLIENT).await;
    let (tenant, connection) = (docket.app.tenant, rotating(&docket).await);
    let mut tx = db.store.write(tenant).await.unwrap();
    docket.app.desk.vault.disconnect(&mut tx, &connection, connection.by).await.unwrap();
    tx.commit().await.unwrap();
    assert!(docket.app.desk.vault.token(tenant, connection.id).await.is_err(), "nothing more is done with it");
    docket.slack.fail_next("apps.uninstall", Fault::Broken);
    docket.run_jobs().await;
    assert!(docket.slack.is_let_in("T3") && now(&docket, tenant, &connection).await.is_some(), "Slack was away");
    db.clock.advance(Duration::from_mins(11));
    docket.run_jobs().await;
    assert!(!docket.slack.is_let_in("T3"));
    assert!(now(&docket, tenant, &connection).await.is_none());
    db.clock.advance(HOUR * 24);
    docket.run_jobs().await;
    assert_eq!(exchanges(&docket), 0, "nobody refreshes what is gone");
}

async fn a_disconnected_workspace_is_not_spoken_to_with_another_token(db: &TestDb) {
    let docket = TestApp::start_with(db, CLIENT).await;
    let (other, _) = docket.second_tenant().await;
    let teams = docket.app.desk.slack.as_ref().unwrap();
    assert!(teams.client(other, "T2").await.is_ok());
    assert!(teams.client(docket.app.tenant, "T1").await.is_ok(), "the settings' own");
    for (tenant, team) in [(docket.app.tenant, "T2"), (other, "T1"), (docket.app.tenant, "T9")] {
        let refused = teams.client(tenant, team).await.err().unwrap().to_string();
        assert!(refused.contains("not_connected"), "{team}: {refused}");
    }
    let mut tx = db.store.write(other).await.unwrap();
    let connection = tx.connections().await.unwrap().remove(0);
    assert!(tx.remove_connection(connection.id, connection.version).await.unwrap());
    tx.commit().await.unwrap();
    let refused = teams.client(other, "T2").await.err().unwrap().to_string();
    assert!(refused.contains("not_connected"), "the settings' token is for the local tenant alone: {refused}");
}

async fn a_token_moved_to_another_row_does_not_open(db: &TestDb) {
    let docket = TestApp::start_with(db, CLIENT).await;
    let connection = rotating(&docket).await;
    let (other, _) = docket.second_tenant().await;
    db.raw(&format!(
        "UPDATE connections SET access_sealed = (SELECT access_sealed FROM connections WHERE id = '{}') WHERE realm = 'T2'",
        connection.id
    ))
    .await
    .unwrap();
    let theirs = db.store.read(other).await.unwrap().connections().await.unwrap().remove(0);
    let error = docket.app.desk.vault.token(other, theirs.id).await.unwrap_err();
    assert!(matches!(error, Unusable::Unopenable(_)), "{error}");
}

async fn an_organisation_belongs_to_one_tenant(db: &TestDb) {
    let docket = TestApp::start_with(db, CLIENT).await;
    let (_, _) = docket.second_tenant().await;
    let mut tx = db.store.write(docket.app.tenant).await.unwrap();
    let owner = tx.members().await.unwrap()[0].id;
    let access = slack_access("T2", "Other", "xoxb-stolen", None);
    let refused = docket.app.desk.vault.connect(&mut tx, Provider::Slack, access, owner, None).await.unwrap_err();
    assert_eq!(refused.to_string(), "the connection is taken: Slack T2 belongs to another tenant");
    drop(tx);
    let mut tx = db.store.write(docket.app.tenant).await.unwrap();
    let (team, name, bot_user) = ("T2".to_owned(), "Other".to_owned(), BOT.to_owned());
    let stolen = Installation { surface: Surface::Slack, team, name, bot_user, removed: None };
    let refused = tx.put_installation(&stolen).await.unwrap_err();
    assert_eq!(refused.to_string(), "the installation is taken: slack T2 belongs to another tenant");
}

#[tokio::test]
async fn an_installation_is_read_with_its_organisation_and_what_was_granted() {
    let slack = FakeSlack::start().await;
    let api_url = slack.api_url();
    let settings = [("SLACK_SIGNING_SECRET", "x"), ("SLACK_API_URL", api_url.as_str()), CLIENT[0], CLIENT[1]];
    let read = |name: &str| settings.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    let providers = Providers::new(&Config::read(&read).unwrap()).unwrap();
    let app = providers.slack().unwrap();
    let redirect = "https://docket.example.com/oauth/slack/callback";
    let code = async |whole: bool| {
        let (team, name) = if whole { ("E1", "Acme Group") } else { ("T5", "Acme Five") };
        slack.set_installer(Installer { team, name, user: "U5", whole });
        let back = slack.allow(&app.authorize(redirect, "state-1"));
        let url = url::Url::parse(&back).unwrap();
        let code = url.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
        assert!(back.starts_with(redirect) && back.ends_with("state=state-1"), "{back}");
        code
    };

    slack.leave_out(&["groups:history"]);
    let once = code(false).await;
    let installed = app.exchange(&providers.caller, &once, redirect).await.unwrap();
    assert_eq!((installed.access.realm.as_str(), installed.access.name.as_str()), ("T5", "Acme Five"));
    assert_eq!((installed.installer.as_str(), installed.bot_user.as_str()), ("U5", BOT));
    let granted = installed.access.tokens.scopes.unwrap();
    let missing = docket::connect::providers::missing(Provider::Slack, false, &granted);
    assert_eq!(missing, (Vec::new(), vec!["groups:history".to_owned()]), "what was left out is named");
    let again = app.exchange(&providers.caller, &once, redirect).await.err().unwrap();
    assert_eq!(again.to_string(), "Slack answers invalid_code", "a code works once");
    let elsewhere = code(false).await;
    let elsewhere = app.exchange(&providers.caller, &elsewhere, "https://evil.test/callback").await.err().unwrap();
    assert_eq!(elsewhere.to_string(), "Slack answers bad_redirect_uri");

    // Of a whole organisation the team is null.
    slack.rotate_tokens();
    slack.put_into("T6", "E1");
    let whole = code(true).await;
    let whole = app.exchange(&providers.caller, &whole, redirect).await.unwrap();
    assert_eq!((whole.access.realm.as_str(), whole.access.name.as_str()), ("E1", "Acme Group"));
    assert_eq!(whole.access.tokens.life, Some(HOUR * 12));
    let refresh = whole.access.tokens.refresh.unwrap();
    slack.revoke_team("E1");
    let refused = app.refresh(&providers.caller, refresh.expose_secret()).await.err().unwrap();
    assert_eq!(refused.to_string(), "Slack answers invalid_refresh_token");
}
