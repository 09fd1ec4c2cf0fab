//! Two organisations behind one server: whatever one of them sends, with every id of the other guessed right, it finds
//! nothing of the other and changes nothing of it.
//!
//! The lists are the code's own: addresses from where the routers are built, operations from the API's document,
//! commands, buttons, kinds of events. What is new there and unknown here fails.

use std::{collections::BTreeSet, time::Duration};

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use docket::{
    domain::{
        event::{Action, Event},
        ids::{ConnectionId, DeliveryId, SessionId, TenantId, TokenId},
        member::{Member, Role},
        patch::Patch,
        provider::Provider,
        session::{Session, WayIn},
        token::{ApiToken, Scope},
    },
    intent::command::COMMANDS,
    secrets::token,
};
use serde_json::{Value, json};

use crate::support::{
    api::Program,
    app::{TestApp, words},
    db::{TestDb, for_each_db},
    fake_slack::{SignedRequest, SlackUser, signed},
    sample, secrets,
    site::ask,
};

for_each_db! {
    nothing_that_one_organisation_sends_reaches_the_other,
}

/// A word that only the other organisation knows.
const THEIRS: &str = "Zanzibar";
/// The cookie of whoever is signed in as the stranger.
const COOKIE: &str = "a-session-of-a-stranger-0815";

/// What the other organisation has: everything that could be guessed.
struct Theirs {
    tenant: TenantId,
    patch: Patch,
    delivery: DeliveryId,
    session: SessionId,
    token: TokenId,
    connection: ConnectionId,
    /// The form of a rejection, as it was opened for one of them.
    form: Value,
}

/// The stranger: by Slack, in a browser, and as a program.
struct Stranger {
    slack: SlackUser,
    program: Program,
}

/// Every address of the doors, as the sources name them.
fn addresses() -> BTreeSet<String> {
    let sources = [
        include_str!("../../src/web/mod.rs"),
        include_str!("../../src/web/api/mod.rs"),
        include_str!("../../src/ingest/github.rs"),
        include_str!("../../src/ingest/slack.rs"),
        include_str!("../../src/health.rs"),
    ];
    let named = |source: &'static str| source.split(".route(\"").skip(1).filter_map(|rest| rest.split_once('"'));
    sources.into_iter().flat_map(named).map(|(path, _)| path.to_owned()).collect()
}

/// One request, and what comes of it.
type Try = (Method, &'static str, Kind);

/// How each address is tried below. One that is missing here fails the test.
const TRIED: &[(&str, &[Try])] = &[
    ("/", &[(Method::GET, "/", Kind::Page)]),
    ("/console", &[(Method::GET, "/console", Kind::Page)]),
    ("/console/say", &[(Method::POST, "/console/say", Kind::Json("{\"id\":\"s-1\",\"text\":\"/docket show P-1\"}"))]),
    ("/console/click", &[(Method::POST, "/console/click", Kind::Clicks)]),
    (
        "/console/choose",
        &[(
            Method::POST,
            "/console/choose",
            Kind::Json("{\"id\":\"c-1\",\"words\":\"where\",\"line\":\"show AUTH-1\"}"),
        )],
    ),
    ("/console/stop", &[(Method::POST, "/console/stop", Kind::Json("{\"id\":\"t-1\",\"delivery\":\"{delivery}\"}"))]),
    ("/models", &[(Method::GET, "/models", Kind::Page)]),
    ("/models/accounts", &[(Method::POST, "/models/accounts", Kind::Form("name=x&base_url=x&models=x"))]),
    ("/projects", &[(Method::GET, "/projects", Kind::Page)]),
    ("/projects/{key}", &[(Method::GET, "/projects/AUTH", Kind::Missing)]),
    ("/patches/{code}", &[(Method::GET, "/patches/P-1", Kind::Missing)]),
    ("/decisions", &[(Method::GET, "/decisions", Kind::Page), (Method::GET, "/decisions?page=2", Kind::Page)]),
    ("/live", &[(Method::GET, "/live", Kind::Stream)]),
    ("/login", &[(Method::GET, "/login", Kind::Page)]),
    ("/sessions", &[(Method::GET, "/sessions", Kind::Page)]),
    ("/sessions/end", &[(Method::POST, "/sessions/end", Kind::Form("session={session}"))]),
    ("/sessions/end-others", &[(Method::POST, "/sessions/end-others", Kind::Form(""))]),
    (
        "/ticket/{token}",
        &[
            (Method::GET, "/ticket/guessed-0123456789", Kind::Page),
            (Method::POST, "/ticket/guessed-0123456789", Kind::Form("")),
        ],
    ),
    (
        "/tokens",
        &[(Method::GET, "/tokens", Kind::Page), (Method::POST, "/tokens", Kind::Form("name=x&read=on&days=1"))],
    ),
    ("/tokens/revoke", &[(Method::POST, "/tokens/revoke", Kind::Form("token={token}"))]),
    ("/connect", &[(Method::GET, "/connect", Kind::Page)]),
    (
        "/connect/coder/token",
        &[(Method::POST, "/connect/coder/token", Kind::Form("url=http%3A%2F%2F169.254.169.254&token=x"))],
    ),
    ("/connect/github/forget", &[(Method::POST, "/connect/github/forget", Kind::Form(""))]),
    ("/connect/{provider}", &[(Method::POST, "/connect/github", Kind::Form(""))]),
    ("/connect/{provider}/link", &[(Method::POST, "/connect/github/link", Kind::Form(""))]),
    (
        "/connect/{provider}/disconnect",
        &[(Method::POST, "/connect/linear/disconnect", Kind::Form("connection={connection}"))],
    ),
    ("/oauth/{provider}/start", &[(Method::GET, "/oauth/github/start", Kind::Page)]),
    ("/oauth/{provider}/callback", &[(Method::GET, "/oauth/github/callback?state=guessed&code=x", Kind::Page)]),
    ("/static/{name}", &[(Method::GET, "/static/docket.css", Kind::Page)]),
    ("/api/openapi.json", &[(Method::GET, "/api/openapi.json", Kind::Page)]),
    ("/api/docs", &[(Method::GET, "/api/docs", Kind::Page)]),
    // Signed by Slack: what comes in by them is tried in `by_slack`.
    ("/slack/commands", &[]),
    ("/slack/interactions", &[]),
    ("/slack/events", &[]),
    ("/slack/options", &[]),
    // Signed by GitHub, for the tenant of the installation: two tenants' Apps are tried in `github_ingest`.
    ("/github/webhooks", &[]),
    // Of the whole server, and nobody's.
    ("/healthz", &[]),
    ("/readyz", &[]),
    ("/metrics", &[]),
    // Last, because it ends the stranger's session.
    ("/signout", &[(Method::POST, "/signout", Kind::Form(""))]),
];

/// What is sent, and what comes of it.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// A page of one's own.
    Page,
    /// A page that is not there.
    Missing,
    /// Something that never ends.
    Stream,
    /// A form.
    Form(&'static str),
    /// What a script sends.
    Json(&'static str),
    /// Every button of the other's patch.
    Clicks,
}

async fn nothing_that_one_organisation_sends_reaches_the_other(db: &TestDb) {
    let docket = TestApp::start(db).await;
    let (tenant, zoe) = docket.second_tenant().await;
    let theirs = work(&docket).await;
    let stranger = stranger(&docket, tenant, zoe).await;
    let before = db.dump(theirs.tenant).await;
    let marked = before.iter().filter(|row| row.contains(THEIRS)).count();
    assert!(marked > 3, "{before:#?}");

    in_a_browser(&docket, &theirs).await;
    unchanged(db, &theirs, &before, "the pages").await;
    as_a_program(&stranger.program).await;
    unchanged(db, &theirs, &before, "the API").await;
    by_slack(&docket, &stranger.slack, &theirs, &before).await;

    // It would be seen.
    docket.slash("U1", "rename AUTH to Elsewhere").await;
    assert_ne!(db.dump(theirs.tenant).await, before);
}

/// The other organisation works: a plan, an open proposal, a session in a browser.
async fn work(docket: &TestApp<'_>) -> Theirs {
    let (db, tenant) = (docket.db, docket.app.tenant);
    docket.slash("U1", "plan Build a user authentication flow").await;
    docket.slash("U1", &format!("edit add a task for {THEIRS}")).await;
    docket.click("U2", "patch.approve").await;
    docket.slash("U1", &format!("edit add a task for {THEIRS} again")).await;
    docket.click("U1", "patch.reject").await;
    let mut form = None;
    for _ in 0..500 {
        form = docket.slack.views().last().cloned();
        if form.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let patch = docket.patch(tenant, 3).await.unwrap();
    let mut tx = db.store.write(tenant).await.unwrap();
    let member = tx.members().await.unwrap()[0].clone();
    let session = session(db, &member);
    tx.insert_session(&session, &token::hash("a-session-of-theirs-4711")).await.unwrap();
    let token = ApiToken {
        id: db.chance.id(),
        name: THEIRS.to_owned(),
        scopes: BTreeSet::from([Scope::Read]),
        member: member.id,
        created_at: db.chance.now(),
        expires_at: None,
        used_at: None,
    };
    tx.insert_token(&token, &token::hash("a-token-of-theirs-4711")).await.unwrap();
    let connection = sample::connection(&db.chance, Provider::Linear, "org-of-theirs", member.id);
    tx.put_connection(&connection).await.unwrap();
    tx.commit().await.unwrap();
    repository(docket, member.id).await;
    let delivery = patch.origin.delivery.unwrap();
    let (session, token, connection) = (session.id, token.id, connection.id);
    Theirs { tenant, delivery, session, token, connection, form: form.unwrap(), patch }
}

/// A repository of theirs, with a word of theirs in its name.
async fn repository(docket: &TestApp<'_>, by: docket::domain::ids::MemberId) {
    let db = docket.db;
    let mut tx = db.store.write(docket.app.tenant).await.unwrap();
    let connection = sample::connection(&db.chance, Provider::GitHub, "installation-of-theirs", by);
    tx.put_connection(&connection).await.unwrap();
    let mut repository = sample::trackers::repository(connection.id);
    repository.seen.full_name = format!("acme/{THEIRS}");
    tx.put_repository(&repository).await.unwrap();
    tx.commit().await.unwrap();
}

fn session(db: &TestDb, member: &Member) -> Session {
    let now = db.chance.now();
    let (how, browser) = (WayIn::Ticket, "Firefox".to_owned());
    Session { id: db.chance.id(), member: member.id, how, browser, created_at: now, seen_at: now }
}

/// Zoe of the second organisation, met by a line of hers, and signed in.
async fn stranger(docket: &TestApp<'_>, tenant: TenantId, slack: SlackUser) -> Stranger {
    let db = docket.db;
    secrets::known(COOKIE);
    docket.act(slack.slash("whoami", db.chance.now())).await;
    let mut tx = db.store.write(tenant).await.unwrap();
    let zoe = tx.members().await.unwrap().into_iter().next().unwrap();
    // Nothing is forbidden to her in her own organisation.
    tx.set_role(zoe.id, Role::Owner).await.unwrap();
    tx.insert_session(&session(db, &zoe), &token::hash(COOKIE)).await.unwrap();
    tx.commit().await.unwrap();
    let program = Program::of(docket.app.router.clone(), &db.store, &db.chance, tenant, zoe.id).await;
    Stranger { slack, program }
}

async fn unchanged(db: &TestDb, theirs: &Theirs, before: &[String], after: &str) {
    let now = db.dump(theirs.tenant).await;
    let (new, gone): (Vec<_>, Vec<_>) = (
        now.iter().filter(|row| !before.contains(row)).collect(),
        before.iter().filter(|row| !now.contains(row)).collect(),
    );
    assert_eq!(now, before, "{after} changed something of the other: {new:#?} instead of {gone:#?}");
}

/// Every address, as Zoe is signed in.
async fn in_a_browser(docket: &TestApp<'_>, theirs: &Theirs) {
    let known: BTreeSet<_> = TRIED.iter().map(|(path, _)| (*path).to_owned()).collect();
    assert_eq!(addresses(), known, "a new address needs its line in TRIED");
    for (_, tries) in TRIED {
        for (method, path, kind) in *tries {
            let bodies = match kind {
                Kind::Page | Kind::Missing | Kind::Stream => vec![String::new()],
                Kind::Form(body) | Kind::Json(body) => vec![filled(body, theirs)],
                Kind::Clicks => Action::ALL.iter().map(|action| click(*action, &theirs.patch)).collect(),
            };
            for body in bodies {
                let form = if matches!(kind, Kind::Form(_)) {
                    "application/x-www-form-urlencoded"
                } else {
                    "application/json"
                };
                let request = Request::builder()
                    .method(method.clone())
                    .uri(*path)
                    .header(header::COOKIE, format!("docket={COOKIE}"))
                    .header(header::CONTENT_TYPE, form)
                    .body(Body::from(body))
                    .unwrap();
                look(docket, request, *kind, path).await;
            }
        }
    }
    docket.run_jobs().await;
}

/// Sends a request and looks through its answer.
async fn look(docket: &TestApp<'_>, request: Request<Body>, kind: Kind, path: &str) {
    let asking = ask(docket.app.router.clone(), request);
    let Ok(page) =
        tokio::time::timeout(Duration::from_millis(if matches!(kind, Kind::Stream) { 300 } else { 20_000 }), asking)
            .await
    else {
        assert!(matches!(kind, Kind::Stream), "{path} does not end");
        return;
    };
    assert!(!page.body.contains(THEIRS), "{path}: {}", page.body);
    assert!(!page.status.is_server_error(), "{path}: {} {}", page.status, page.body);
    if matches!(kind, Kind::Missing) {
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}: {}", page.body);
    }
    // Signed in as a stranger, not as whoever sits at the machine.
    assert!(!page.body.contains("Local owner"), "{path}: {}", page.body);
}

fn filled(body: &str, theirs: &Theirs) -> String {
    body.replace("{delivery}", &theirs.delivery.to_string())
        .replace("{session}", &theirs.session.to_string())
        .replace("{token}", &theirs.token.to_string())
        .replace("{connection}", &theirs.connection.to_string())
}

fn click(action: Action, patch: &Patch) -> String {
    let (id, revision) = (patch.id, patch.revision);
    json!({ "id": format!("k-{}", action.as_str()), "patch": id, "revision": revision, "action": action.as_str(),
            "words": "Because." })
    .to_string()
}

/// Every operation of the API's own document, with the other's codes.
async fn as_a_program(program: &Program) {
    let document = program.get("/api/openapi.json").await.ok();
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() > 8, "{paths:?}");
    for (template, operations) in paths {
        let code = if template.contains("/tasks/") { "AUTH-1" } else { "P-1" };
        let path = template.replace("{key}", "AUTH").replace("{code}", code);
        assert!(!path.contains('{'), "{template} has a part that nobody guesses here");
        for (method, _) in operations.as_object().unwrap() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let body =
                json!({ "operations": [{ "op": "create_task", "title": "Mine" }], "revision": 1, "reason": "x" });
            let body = (method == Method::POST).then(|| body.to_string());
            let headers = [("content-type", "application/json"), ("if-match", "\"1\"")];
            let said = program.send(method.clone(), &path, &headers, body).await;
            assert!(!said.text.contains(THEIRS), "{method} {path}: {}", said.text);
            if template.contains('{') {
                assert!(said.status.is_client_error(), "{method} {path}: {} {}", said.status, said.text);
            }
        }
    }
}

/// Every command with its examples, every button, every kind of event, signed by Slack for the stranger's workspace.
async fn by_slack(docket: &TestApp<'_>, zoe: &SlackUser, theirs: &Theirs, before: &[String]) {
    let db = docket.db;
    for event in kinds(theirs) {
        for request in requests(docket, zoe, theirs, &event) {
            db.clock.advance(Duration::from_secs(1));
            let ack = docket.send(request).await;
            assert!(!ack.body.contains(THEIRS), "{event:?}: {}", ack.body);
            docket.run_jobs().await;
        }
        unchanged(db, theirs, before, &format!("{event:?}")).await;
    }
    let typed = json!({ "type": "block_suggestion", "action_id": "pick.link AUTH", "block_id": "b", "value": "",
        "team": { "id": zoe.team, "domain": "other" }, "user": { "id": zoe.id } });
    let body = serde_urlencoded::to_string([("payload", typed.to_string())]).unwrap().into_bytes();
    let kind = "application/x-www-form-urlencoded";
    let ack = docket.send(signed(&zoe.secret, "/slack/options", kind, body, db.chance.now())).await;
    assert_eq!(ack.json(), json!({ "options": [] }), "{}", ack.body);
    for told in docket.slack.private("U9") {
        assert!(!words(&told.payload).contains(THEIRS), "{}", words(&told.payload));
    }
    for shown in docket.slack.messages("C2") {
        assert!(!words(&shown.payload).contains(THEIRS), "{}", words(&shown.payload));
    }
}

/// One of each kind of event; a new kind does not compile until it has its requests below.
fn kinds(theirs: &Theirs) -> Vec<Event> {
    let patch = &theirs.patch;
    let mut events = vec![
        Event::Words("what is next?".to_owned()),
        Event::Reply("drop the last one".to_owned()),
        Event::Chosen { words: "where".to_owned(), line: "show AUTH-1".to_owned() },
        Event::Stop { delivery: theirs.delivery },
        Event::Nothing,
    ];
    events.extend(COMMANDS.iter().flat_map(|command| command.examples).map(|line| Event::Command((*line).to_owned())));
    for line in ["approve", "reject", "undo", "show"] {
        events.push(Event::Command(format!("{line} {}", patch.code)));
        events.push(Event::Command(format!("{line} {}", patch.id)));
    }
    for action in Action::ALL {
        events.push(Event::Click(docket::domain::event::Click {
            action: *action,
            patch: patch.id,
            revision: patch.revision,
            steps: None,
            words: None,
        }));
    }
    events.push(Event::Removed { team: "T2".to_owned(), what: "app_uninstalled".to_owned() });
    events
}

/// What the stranger sends for it.
fn requests(docket: &TestApp<'_>, zoe: &SlackUser, theirs: &Theirs, event: &Event) -> Vec<SignedRequest> {
    let now = docket.db.chance.now();
    match event {
        Event::Command(line) => vec![zoe.slash(line, now)],
        Event::Words(words) => {
            let ts = docket.slack.say("C2");
            vec![zoe.mention(words, &ts, now), zoe.dm(words, "17.1", now)]
        }
        // In the thread of the other's card, if only one could be there.
        Event::Reply(words) => docket.slack.messages("C1").iter().map(|card| zoe.reply(&card.ts, words, now)).collect(),
        Event::Click(click) => {
            let value = format!("{}:{}", click.patch, click.revision);
            let press = press(zoe, &format!("patch.{}", click.action.as_str()), &value, now.as_millis());
            vec![zoe.interaction(&press, now), zoe.submit_view(&theirs.form, "Because.", now)]
        }
        Event::Chosen { words, line } => {
            vec![zoe.interaction(&press(zoe, "choose.0", &json!([words, line]).to_string(), now.as_millis()), now)]
        }
        Event::Stop { delivery } => {
            vec![zoe.interaction(&press(zoe, "stop", &delivery.to_string(), now.as_millis()), now)]
        }
        // It carries nothing of anybody's but a name and a key; two tenants' accounts are tried in `slack_accounts`.
        // What a tracker tells comes by a door of its own.
        Event::Account(_) | Event::Tracker(_) => Vec::new(),
        Event::Removed { what, .. } => vec![zoe.event("Ev-gone", &json!({ "type": what }), now)],
        Event::Nothing => vec![zoe.event("Ev-nothing", &json!({ "type": "emoji_changed" }), now)],
    }
}

/// A button that was pressed in the stranger's channel.
fn press(zoe: &SlackUser, id: &str, value: &str, at: i64) -> Value {
    json!({
        "type": "block_actions", "user": { "id": zoe.id, "username": "zoe", "team_id": zoe.team },
        "api_app_id": "A1", "token": "deprecated", "trigger_id": zoe.fake.trigger(),
        "container": { "type": "message", "message_ts": "17.2", "channel_id": zoe.channel, "is_ephemeral": false },
        "team": { "id": zoe.team, "domain": "other" }, "enterprise": null, "is_enterprise_install": false,
        "channel": { "id": zoe.channel, "name": "auth" },
        "message": { "type": "message", "bot_id": "B1", "ts": "17.2" }, "state": { "values": {} },
        "response_url": zoe.fake.response_url(&zoe.channel, &zoe.id),
        "actions": [{ "type": "button", "block_id": "b", "action_id": id, "value": value, "action_ts": format!("{at}.1"),
                      "text": { "type": "plain_text", "text": "Press" } }],
    })
}
