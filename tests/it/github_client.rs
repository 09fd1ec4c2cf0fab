//! Asking GitHub: signed, in pages, within its limits, and nothing twice.

use std::time::Duration;

use docket::{
    domain::{connection::Condition, job::Job},
    trackers::github::{Client, Fetched, Page, Trouble},
};
use serde_json::{Map, Value, json};

use crate::support::{
    app::TestApp,
    db::{TestDb, for_each_db},
    fake_github::{ACME, FakeGitHub, Fault, GLOBEX},
};

for_each_db! {
    every_page_is_asked_for_with_the_token,
    what_has_not_changed_is_not_sent_again,
    a_token_that_ends_or_is_taken_back_is_replaced_once,
    a_connection_whose_fresh_token_is_not_taken_is_broken,
    a_renamed_repository_is_followed_and_a_strange_host_gets_nothing,
    whoever_is_told_to_wait_does_and_delays_no_other_tenant,
    nothing_is_sent_twice_by_itself_and_what_is_asked_for_twice_is_done_once,
    what_github_answers_is_told_apart,
    an_app_says_itself_who_it_is,
}

/// Docket, connected to `acme`.
async fn open(db: &TestDb) -> (FakeGitHub, TestApp<'_>, Client) {
    let github = FakeGitHub::of(db).await;
    let docket = github.docket(db).await;
    let connection = github.connect(&docket, docket.app.tenant, ACME).await;
    let client = docket.app.desk.github.client(docket.app.tenant, connection.id);
    (github, docket, client)
}

fn nothing_wrong(github: &FakeGitHub) {
    assert_eq!(github.problems(), [""; 0]);
}

async fn every_page_is_asked_for_with_the_token(db: &TestDb) {
    let (github, _docket, client) = open(db).await;
    for nth in 0..250 {
        github.repository(ACME, &format!("web-{nth:03}"));
    }
    let all: Vec<Value> = client.list("/installation/repositories?per_page=100", 10).await.unwrap();
    assert_eq!(all.len(), 250);
    assert_eq!(all[249]["full_name"], "acme/web-249");
    let seen = github.requests();
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|seen| seen.is_signed && seen.status == 200), "{seen:?}");
    assert!(seen[2].line.contains("page=3"), "{seen:?}");
    nothing_wrong(&github);
}

async fn what_has_not_changed_is_not_sent_again(db: &TestDb) {
    let (github, _docket, client) = open(db).await;
    let web = github.repository(ACME, "web");
    let route = "/repos/acme/web/pulls?state=all";
    let Fetched::Fresh(page, etag) = client.page::<Value>(route, None).await.unwrap() else { panic!() };
    assert_eq!(page, Page { items: Vec::new(), next: None });
    github.leave(ACME, 1);
    // It would be the last request of the hour, and is none.
    for _ in 0..3 {
        assert_eq!(client.page::<Value>(route, etag.as_deref()).await.unwrap(), Fetched::Unchanged);
    }
    github.open_pull(web, "ana", "fix", "Fix", "");
    let changed = client.page::<Value>(route, etag.as_deref()).await.unwrap();
    assert!(matches!(changed, Fetched::Fresh(Page { ref items, .. }, _) if items.len() == 1), "{changed:?}");
    assert!(matches!(client.page::<Value>(route, None).await.unwrap_err(), Trouble::Wait(_)));
    nothing_wrong(&github);
}

async fn a_token_that_ends_or_is_taken_back_is_replaced_once(db: &TestDb) {
    let (github, _docket, client) = open(db).await;
    github.repository(ACME, "web");
    let ask = async || client.get::<Value>("/repos/acme/web").await.map(|repo| repo["name"] == "web");
    assert_eq!(ask().await, Ok(true));
    db.clock.advance(Duration::from_mins(90));
    assert_eq!(ask().await, Ok(true));
    github.revoke_tokens(ACME);
    github.requests();
    assert_eq!(ask().await, Ok(true));
    assert_eq!(ask().await, Ok(true));
    let statuses: Vec<_> = github.requests().iter().map(|seen| (seen.line.clone(), seen.status)).collect();
    let (repo, token) = ("GET /repos/acme/web".to_owned(), "POST /app/installations/7/access_tokens".to_owned());
    assert_eq!(statuses, [(repo.clone(), 401), (token, 201), (repo.clone(), 200), (repo, 200)]);
    nothing_wrong(&github);
}

async fn a_connection_whose_fresh_token_is_not_taken_is_broken(db: &TestDb) {
    let (github, docket, client) = open(db).await;
    github.repository(ACME, "web");
    for _ in 0..2 {
        github.fail("GET /repos/acme/web", Fault::Status(401, Vec::new(), "Bad credentials"));
    }
    let trouble = client.get::<Value>("/repos/acme/web").await.unwrap_err();
    let words = "GitHub no longer takes Docket's token, not even a fresh one: it was revoked there.";
    assert_eq!(trouble, Trouble::Revoked(words.to_owned()));
    let mut tx = db.store.read(docket.app.tenant).await.unwrap();
    let connections = tx.connections().await.unwrap();
    let broken = connections.iter().find(|connection| connection.realm == "7").unwrap();
    assert_eq!(broken.condition, Condition::Broken);
    assert_eq!(broken.trouble.as_ref().unwrap().0, words);
    drop(tx);
    let jobs = db.store.jobs(100).await.unwrap();
    assert!(jobs.iter().any(|row| row.job == Some(Job::TellBroken { connection: broken.id })), "{jobs:?}");
    // Nobody is asked in vain.
    github.requests();
    assert_eq!(client.get::<Value>("/repos/acme/web").await.unwrap_err(), Trouble::Revoked(words.to_owned()));
    assert_eq!(github.requests(), []);
}

async fn a_renamed_repository_is_followed_and_a_strange_host_gets_nothing(db: &TestDb) {
    let (github, _docket, client) = open(db).await;
    let web = github.repository(ACME, "web");
    github.open_pull(web, "ana", "fix", "Fix", "");
    github.rename(web, "shop", "ana");
    let pulls: Vec<Value> = client.list("/repos/acme/web/pulls?per_page=50", 1).await.unwrap();
    assert_eq!(pulls[0]["title"], "Fix");
    let repo: Value = client.get(&format!("/repositories/{web}")).await.unwrap();
    assert_eq!(repo["full_name"], "acme/shop");
    let opened: Value = client.post("/repos/acme/web/issues", &json!({ "title": "Moved along" })).await.unwrap();
    assert_eq!(opened["number"], 2);
    assert!(github.requests().iter().all(|seen| seen.is_signed));

    let stranger = FakeGitHub::of(db).await;
    let elsewhere = format!("{}/api/v3/repos/acme/shop", stranger.origin);
    github.fail("GET /repos/acme/shop", Fault::Status(301, vec![("location", elsewhere.clone())], "Moved"));
    assert_eq!(client.get::<Value>("/repos/acme/shop").await.unwrap_err(), Trouble::Unreadable);
    assert_eq!(client.get::<Value>(&elsewhere).await.unwrap_err(), Trouble::Unreadable);
    assert_eq!(stranger.requests(), []);
    nothing_wrong(&github);
}

async fn whoever_is_told_to_wait_does_and_delays_no_other_tenant(db: &TestDb) {
    let (github, docket, acme) = open(db).await;
    let (other, _) = docket.second_tenant().await;
    let connection = github.connect(&docket, other, GLOBEX).await;
    let globex = docket.app.desk.github.client(other, connection.id);
    github.repository(ACME, "web");
    github.repository(GLOBEX, "api");
    let [of_acme, of_globex] = ["/repos/acme/web", "/repos/globex/api"];

    let started = std::time::Instant::now();
    github.leave(ACME, 0);
    let Trouble::Wait(pause) = acme.get::<Value>(of_acme).await.unwrap_err() else { panic!() };
    assert_eq!(pause, Duration::from_hours(1));
    github.requests();
    assert!(matches!(acme.get::<Value>(of_acme).await.unwrap_err(), Trouble::Wait(_)));
    assert_eq!(github.requests(), [], "it is not even asked");
    assert!(globex.get::<Value>(of_globex).await.is_ok());
    db.clock.advance(pause);
    assert!(acme.get::<Value>(of_acme).await.is_ok());

    for (status, headers, pause) in [(429, vec![("retry-after", "7".to_owned())], 7), (403, Vec::new(), 60)] {
        github.fail(of_acme, Fault::Status(status, headers, "You have exceeded a secondary rate limit."));
        let trouble = acme.get::<Value>(of_acme).await.unwrap_err();
        assert_eq!(trouble, Trouble::Wait(Duration::from_secs(pause)));
        assert!(globex.get::<Value>(of_globex).await.is_ok());
        db.clock.advance(Duration::from_secs(pause));
        assert!(acme.get::<Value>(of_acme).await.is_ok());
    }
    // Of its own accord it asks no more often than GitHub lets it.
    let mut asked = 0;
    let pause = loop {
        match acme.get::<Value>(of_acme).await {
            Ok(_) => asked += 1,
            Err(Trouble::Wait(pause)) => break pause,
            Err(trouble) => panic!("{trouble}"),
        }
    };
    assert!((200..=900).contains(&asked) && pause < Duration::from_secs(1), "{asked} {pause:?}");
    assert!(globex.get::<Value>(of_globex).await.is_ok());
    assert!(started.elapsed() < Duration::from_mins(1), "nobody slept");
}

async fn nothing_is_sent_twice_by_itself_and_what_is_asked_for_twice_is_done_once(db: &TestDb) {
    let (github, docket, client) = open(db).await;
    let web = github.repository(ACME, "web");
    let since = db.chance.now();
    let open = async || {
        let opened = client.issue_once("acme/web", "issue:AUTH-1", since, "Sign in", "Words", Map::new()).await;
        db.clock.advance(Duration::from_secs(2));
        opened.map(|opened| opened.number)
    };
    github.fail("POST /repos/acme/web/issues", Fault::Status(502, Vec::new(), "Bad gateway"));
    assert!(matches!(open().await.unwrap_err(), Trouble::Unreachable(_)));
    let posts = github.requests().iter().filter(|seen| seen.line.starts_with("POST /repos")).count();
    assert_eq!(posts, 1);
    // It took effect, and the answer was lost.
    github.fail("POST /repos/acme/web/issues", Fault::Cut);
    assert!(matches!(open().await.unwrap_err(), Trouble::Unreachable(_)));
    assert_eq!(open().await, Ok(Some(1)));
    assert_eq!(open().await, Ok(Some(1)));
    assert_eq!(
        github.issues(web),
        [(1, "Sign in".to_owned(), "Words\n\n<!-- docket:issue:AUTH-1 -->".to_owned(), true)]
    );

    github.fail("POST /repos/acme/web/issues/1/comments", Fault::Cut);
    for attempt in 0..3 {
        let commented = client.comment_once("acme/web", 1, "done:AUTH-1", "Done.").await;
        assert_eq!(commented.is_ok(), attempt > 0, "{commented:?}");
        db.clock.advance(Duration::from_secs(2));
    }
    client.comment_once("acme/web", 1, "done:AUTH-2", "Done too.").await.unwrap();
    assert_eq!(
        github.comments(web, 1),
        ["Done.\n\n<!-- docket:done:AUTH-1 -->", "Done too.\n\n<!-- docket:done:AUTH-2 -->"]
    );
    // Writes are a second apart.
    let trouble = client.comment_once("acme/web", 1, "third", "Soon.").await.unwrap_err();
    assert_eq!(trouble, Trouble::Wait(Duration::from_secs(1)));
    drop(docket);
    nothing_wrong(&github);
}

async fn what_github_answers_is_told_apart(db: &TestDb) {
    let (github, _docket, client) = open(db).await;
    let web = github.repository(ACME, "web");
    // More than the App asks for, so that GitHub's own reasons are met.
    for what in ["contents", "pull_requests"] {
        github.permit(ACME, what, "write");
    }
    github.open_pull(web, "ana", "fix", "Fix", "");
    assert_eq!(client.get::<Value>("/repos/acme/nowhere").await.unwrap_err(), Trouble::NotFound);
    let write = async |method: &str, route: &str, body: Value| {
        db.clock.advance(Duration::from_secs(2));
        match method {
            "PUT" => client.put::<Value>(route, &body).await,
            _ => client.post::<Value>(route, &body).await,
        }
    };
    let pull = json!({ "title": "Again", "head": "fix", "base": "main" });
    let trouble = write("POST", "/repos/acme/web/pulls", pull).await.unwrap_err();
    assert!(trouble.to_string().contains("A pull request already exists for acme:fix."), "{trouble}");
    assert!(matches!(trouble, Trouble::Invalid(_)));
    let pull = json!({ "title": "Again", "head": "gone", "base": "main" });
    assert!(matches!(write("POST", "/repos/acme/web/pulls", pull).await.unwrap_err(), Trouble::Invalid(_)));
    assert!(write("PUT", "/repos/acme/web/pulls/1/merge", json!({})).await.is_ok());
    let trouble = write("PUT", "/repos/acme/web/pulls/1/merge", json!({})).await.unwrap_err();
    assert_eq!(trouble, Trouble::Conflict("Pull Request is not mergeable".to_owned()));
    github.permit(ACME, "issues", "read");
    let trouble = write("POST", "/repos/acme/web/issues", json!({ "title": "No" })).await.unwrap_err();
    assert_eq!(trouble, Trouble::Denied("Resource not accessible by integration".to_owned()));
    github.outage(Some(503));
    assert!(matches!(client.get::<Value>("/repos/acme/web").await.unwrap_err(), Trouble::Unreachable(_)));
    github.outage(None);
    github.fail("GET /repos/acme/web", Fault::Cut);
    assert!(matches!(client.get::<Value>("/repos/acme/web").await.unwrap_err(), Trouble::Unreachable(_)));
    assert!(client.get::<Value>("/repos/acme/web").await.is_ok());
    assert_eq!(client.get::<Vec<u8>>("/repos/acme/web").await.unwrap_err(), Trouble::Unreadable);
    nothing_wrong(&github);
}

async fn an_app_says_itself_who_it_is(db: &TestDb) {
    let (github, docket, _) = open(db).await;
    let app = docket.app.desk.vault.github_app(docket.app.tenant).await.unwrap().unwrap();
    let itself = docket.app.desk.github.app(app);
    assert_eq!(itself.get::<Value>("/app").await.unwrap()["slug"], "docket-acme");
    assert!(matches!(itself.get::<Value>("/installation/repositories").await.unwrap_err(), Trouble::Denied(_)));
    nothing_wrong(&github);
}
