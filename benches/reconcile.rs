//! What looking through an organisation costs in which nothing has changed.
//!
//! `cargo bench --bench reconcile` connects Docket to a GitHub with 200 repositories of one project, has it look through
//! them until it knows them, and counts what one more look asks and how long it takes. It asserts that every question
//! says what is known already and is answered without a body.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Json, Router,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use docket::{
    app::App,
    clock::{Chance, Clock, Entropy, SystemEntropy},
    config::Config,
    connect::call::{Access, Tokens},
    domain::{
        project::{Lifecycle, Project, Revision},
        provider::Provider,
        task::TaskNumber,
        time::Timestamp,
        tracker::{Look, RepositoryId},
    },
    shutdown::Shutdown,
    store::Store,
};
use serde_json::{Value, json};

const REPOSITORIES: u64 = 200;

/// What the GitHub was asked.
#[derive(Default)]
struct Asked {
    questions: AtomicUsize,
    unchanged: AtomicUsize,
    tokens: AtomicUsize,
}

/// A clock that moves when it is told to.
struct Moved(AtomicI64);

impl Clock for Moved {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

struct Random;

impl Entropy for Random {
    fn bits(&self) -> u128 {
        SystemEntropy.bits()
    }
}

#[tokio::main]
async fn main() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let clock = Arc::new(Moved(AtomicI64::new(1_800_000_000_000)));
    let chance = Chance::new(clock.clone(), Arc::new(Random));
    let (asked, origin) = github(clock.clone()).await;
    let app = docket(&format!("sqlite://{}", folder.path().join("docket.db").display()), &origin, chance).await;
    let round = async || {
        clock.0.fetch_add(millis(Look::EVERY), Ordering::SeqCst);
        let before = (load(&asked.questions), load(&asked.unchanged));
        let started = Instant::now();
        app.worker.drain().await;
        let mut busy = started.elapsed();
        // It makes way where as much was asked as may be within a minute.
        for _ in 0..6 {
            clock.0.fetch_add(millis(Duration::from_secs(20)), Ordering::SeqCst);
            let started = Instant::now();
            app.worker.drain().await;
            busy += started.elapsed();
        }
        (load(&asked.questions) - before.0, load(&asked.unchanged) - before.1, busy)
    };
    for nth in 1..=2 {
        let (questions, unchanged, busy) = round().await;
        println!("look {nth}: {questions} questions, {unchanged} of them unchanged, {busy:.0?}");
    }
    let (questions, unchanged, busy) = round().await;
    println!("nothing changed: {questions} questions, {unchanged} of them unchanged, {busy:.0?} of work");
    println!("tokens made:     {}", load(&asked.tokens));
    assert!(questions > 0 && questions == unchanged, "a look without a change costs questions only");
}

fn load(counter: &AtomicUsize) -> usize {
    counter.load(Ordering::SeqCst)
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// Docket, connected, with one project whose work happens in all repositories.
async fn docket(url: &str, origin: &str, chance: Chance) -> App {
    let settings = [
        ("DATABASE_URL", url),
        ("DOCKET_MASTER_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
        ("GITHUB_URL", origin),
        ("GITHUB_API_URL", origin),
        ("GITHUB_APP_ID", "42"),
        ("GITHUB_PRIVATE_KEY", include_str!("../tests/data/oauth/github-app.pem")),
        ("GITHUB_CLIENT_ID", "client"),
        ("GITHUB_CLIENT_SECRET", "client-secret"),
        ("GITHUB_WEBHOOK_SECRET", "a-webhook-secret"),
    ];
    let read = |name: &str| settings.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    let config = Config::read(&read).expect("settings");
    let store = Store::open(url).await.expect("a database");
    store.migrate().await.expect("migrations");
    let app = App::build(&config, store.clone(), chance.clone(), Shutdown::new()).await.expect("Docket");
    let mut tx = store.write(app.tenant).await.expect("a transaction");
    let member = tx.members().await.expect("members")[0].id;
    let tokens =
        Tokens { access: "ghs_first".into(), refresh: None, life: Some(Duration::from_hours(1)), scopes: None };
    let (realm, name, account) = ("7".to_owned(), "acme".to_owned(), "docket-acme".to_owned());
    let access = Access { realm, name, account, url: origin.to_owned(), tokens };
    app.desk.vault.connect(&mut tx, Provider::GitHub, access, member, None).await.expect("a connection");
    let project = Project {
        id: chance.id(),
        key: "AUTH".parse().expect("a key"),
        title: "Everything".to_owned(),
        summary: String::new(),
        lifecycle: Lifecycle::Draft,
        revision: Revision(0),
    };
    tx.insert_project(&project, TaskNumber(1), chance.now()).await.expect("a project");
    tx.commit().await.expect("a commit");
    // The first look finds the repositories.
    app.worker.drain().await;
    let mut tx = store.write(app.tenant).await.expect("a transaction");
    for id in 0..REPOSITORIES {
        tx.link_repository(project.id, RepositoryId(700 + id), member, chance.now()).await.expect("a link");
    }
    tx.commit().await.expect("a commit");
    app
}

/// A GitHub in which nothing ever happens.
async fn github(clock: Arc<Moved>) -> (Arc<Asked>, String) {
    let asked = Arc::new(Asked::default());
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    let router = Router::new().fallback(answer).with_state((Arc::clone(&asked), origin.clone(), clock));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (asked, origin)
}

async fn answer(State((asked, origin, clock)): State<(Arc<Asked>, String, Arc<Moved>)>, request: Request) -> Response {
    let path = request.uri().path();
    if path.ends_with("/access_tokens") {
        asked.tokens.fetch_add(1, Ordering::SeqCst);
        let ends = clock.now().plus(Duration::from_hours(1)).to_utc().to_rfc3339();
        return (StatusCode::CREATED, Json(json!({ "token": "ghs_next", "expires_at": ends }))).into_response();
    }
    asked.questions.fetch_add(1, Ordering::SeqCst);
    if request.headers().contains_key(header::IF_NONE_MATCH) {
        asked.unchanged.fetch_add(1, Ordering::SeqCst);
        return StatusCode::NOT_MODIFIED.into_response();
    }
    let mut more = HeaderMap::from_iter([(header::ETAG, "W/\"1\"".parse().expect("a tag"))]);
    if path != "/installation/repositories" {
        return (more, Json(json!([]))).into_response();
    }
    let page: u64 = u64::from(request.uri().query().is_some_and(|query| query.contains("page=2")));
    let repositories: Vec<Value> = (page * 100..(page + 1) * 100).map(repository).collect();
    if page == 0 {
        let link = format!("<{origin}/installation/repositories?per_page=100&page=2>; rel=\"next\"");
        more.insert(header::LINK, link.parse().expect("a link"));
    }
    (more, Json(json!({ "total_count": REPOSITORIES, "repositories": repositories }))).into_response()
}

fn repository(nth: u64) -> Value {
    let name = format!("acme/web-{nth:03}");
    json!({ "id": 700 + nth, "full_name": name, "html_url": format!("https://github.com/{name}"), "private": true })
}
