//! Looking through what a connection sees: what webhooks lost is found, and what has not changed costs nothing.

use std::time::Duration;

use docket::{
    domain::{
        connection::{Condition, Connection},
        ids::TenantId,
        job::Job,
        tracker::{CheckOutcome, Issue, IssueState, Look, Numbered, Presence, Pull, PullState, RepositoryId, Sync},
    },
    jobs,
};

use crate::support::{
    app::TestApp,
    clock::START,
    db::{TestDb, for_each_db},
    fake_github::{ACME, FakeGitHub, Fault, GLOBEX, Seen, connected::project},
};

for_each_db! {
    what_changed_is_found_without_any_webhook,
    two_hundred_repositories_without_a_change_cost_only_questions,
    what_is_read_before_a_limit_is_not_read_again,
    one_tenants_limit_delays_no_other_tenant,
    an_hour_of_failures_is_told_once_and_changes_nothing,
    a_repository_is_known_by_its_number_and_gone_after_a_second_look,
    looks_alone_open_one_incident_and_close_it_when_the_repository_is_seen_again,
    a_day_of_the_past_is_read_at_once_and_a_month_slowly,
    a_connection_that_is_broken_is_left_alone_until_it_is_connected_again,
    every_connection_has_one_look_waiting,
    what_did_not_arrive_is_asked_for_again_by_one_process_and_not_for_ever,
}

/// Docket, connected to `acme`.
async fn open(db: &TestDb) -> (FakeGitHub, TestApp<'_>, Connection) {
    let github = FakeGitHub::of(db).await;
    let docket = github.docket(db).await;
    let connection = github.connect(&docket, docket.app.tenant, ACME).await;
    (github, docket, connection)
}

/// Lets the time pass to the next look, and has it done.
async fn look(docket: &TestApp<'_>) {
    docket.db.clock.advance(Look::EVERY);
    docket.run_jobs().await;
}

async fn pull(docket: &TestApp<'_>, repository: u64, number: u64) -> Option<Pull> {
    let at = Numbered { repository: RepositoryId(repository), number };
    docket.db.store.read(docket.app.tenant).await.unwrap().pull(at).await.unwrap()
}

async fn issue(docket: &TestApp<'_>, repository: u64, number: u64) -> Option<Issue> {
    let at = Numbered { repository: RepositoryId(repository), number };
    let stored = docket.db.store.read(docket.app.tenant).await.unwrap().issue(at).await.unwrap();
    stored.map(|stored| stored.issue)
}

async fn known(docket: &TestApp<'_>, repository: u64) -> docket::domain::tracker::Repository {
    let mut tx = docket.db.store.read(docket.app.tenant).await.unwrap();
    tx.repository(RepositoryId(repository)).await.unwrap().unwrap()
}

async fn what_changed_is_found_without_any_webhook(db: &TestDb) {
    let (github, docket, _) = open(db).await;
    let web = github.repository(ACME, "web");
    docket.run_jobs().await;
    assert_eq!(known(&docket, web).await.name(), "acme/web");
    project(&docket, docket.app.tenant, "AUTH", &[web]).await;
    look(&docket).await;

    let number = github.open_pull(web, "ana", "auth-1-sign-in", "Sign in", "Closes AUTH-1");
    let bug = github.open_issue(web, "ben", "It is slow", "Very");
    db.clock.advance(Duration::from_mins(1));
    github.ask(web, number, "ana", "ben");
    github.check(web, number, "test", None);
    github.comment(web, number, "ben", "Looks good");
    look(&docket).await;
    let found = pull(&docket, web, number).await.unwrap();
    assert_eq!(
        (found.state, found.title.as_str(), found.branch.as_str()),
        (PullState::Open, "Sign in", "auth-1-sign-in")
    );
    assert_eq!(found.waiting().len(), 1);
    assert_eq!(found.checks_state(), Some(CheckOutcome::Pending));
    assert!(found.commits.values().any(|message| message == "Sign in"), "{found:?}");
    assert_eq!(issue(&docket, web, bug).await.unwrap().state, IssueState::Open);
    let mut tx = db.store.read(docket.app.tenant).await.unwrap();
    let tasks = tx.tasks_of_pull(found.at).await.unwrap();
    assert_eq!(tasks.iter().map(|link| (link.task.0, link.is_closing)).collect::<Vec<_>>(), [(1, true)]);
    let remarks = tx.remarks_since(START, 9).await.unwrap();
    assert!(remarks.iter().all(|remark| remark.under == found.at));
    assert_eq!(remarks.iter().map(|remark| remark.text.as_str()).collect::<Vec<_>>(), ["Looks good"]);
    drop(tx);

    // A check says nothing of its pull request, which does not change by it.
    github.check(web, number, "test", Some("failure"));
    look(&docket).await;
    assert_eq!(pull(&docket, web, number).await.unwrap().checks_state(), Some(CheckOutcome::Failed));

    db.clock.advance(Duration::from_mins(1));
    github.review(web, number, "ben", "APPROVED", "Ship it");
    github.merge(web, number, "ben");
    github.close_issue(web, bug, "ben", "not_planned");
    look(&docket).await;
    let merged = pull(&docket, web, number).await.unwrap();
    assert_eq!(merged.state, PullState::Merged);
    assert_eq!(merged.merged_by.unwrap().login, "ben");
    assert_eq!(merged.reviews.len(), 1);
    assert_eq!(issue(&docket, web, bug).await.unwrap().state, IssueState::NotPlanned);
    assert_eq!(github.problems(), [""; 0]);
}

async fn two_hundred_repositories_without_a_change_cost_only_questions(db: &TestDb) {
    let (github, docket, _) = open(db).await;
    let all: Vec<u64> = (0..200).map(|nth| github.repository(ACME, &format!("web-{nth:03}"))).collect();
    let number = github.open_pull(all[0], "ana", "auth-1", "Sign in", "");
    github.check(all[0], number, "test", Some("success"));
    docket.run_jobs().await;
    project(&docket, docket.app.tenant, "AUTH", &all).await;
    for _ in 0..3 {
        settle(&docket).await;
    }
    github.requests();
    settle(&docket).await;
    let seen: Vec<Seen> = github.requests().into_iter().filter(|seen| !seen.line.contains("access_tokens")).collect();
    let mut kinds = std::collections::BTreeMap::<String, usize>::new();
    for one in &seen {
        let kind: String = one.line.chars().filter(|c| !c.is_ascii_digit()).collect();
        *kinds.entry(format!("{kind} {} {}", one.status, one.is_conditional)).or_default() += 1;
    }
    assert_eq!(seen.len(), 402, "{kinds:#?}");
    assert_eq!(seen.len(), 402, "two lists of each repository, and two pages of repositories");
    let odd: Vec<_> = seen.iter().filter(|seen| !seen.is_conditional || seen.status != 304).collect();
    assert_eq!(odd, Vec::<&Seen>::new());
}

/// The next look, to its end: it makes way where as much was asked as may be within a minute.
async fn settle(docket: &TestApp<'_>) {
    look(docket).await;
    for _ in 0..6 {
        docket.db.clock.advance(Duration::from_secs(20));
        docket.run_jobs().await;
    }
}

async fn what_is_read_before_a_limit_is_not_read_again(db: &TestDb) {
    let (github, docket, _) = open(db).await;
    let web = github.repository(ACME, "web");
    docket.run_jobs().await;
    project(&docket, docket.app.tenant, "AUTH", &[web]).await;
    look(&docket).await;
    for nth in 0..120 {
        github.open_pull(web, "ana", &format!("auth-1-{nth}"), "Sign in", "");
    }
    github.requests();
    settle(&docket).await;
    let reviews = |seen: &[Seen]| seen.iter().filter(|seen| seen.line.contains("/reviews")).count();
    let read = reviews(&github.requests());
    assert!((120..=130).contains(&read), "each is read once, but for where it had to stop: {read}");
    assert!(pull(&docket, web, 1).await.is_some() && pull(&docket, web, 120).await.is_some());
    settle(&docket).await;
    // Those of the last minutes are read once more, and then no more.
    github.requests();
    settle(&docket).await;
    assert_eq!(reviews(&github.requests()), 0);
}

async fn one_tenants_limit_delays_no_other_tenant(db: &TestDb) {
    let (github, docket, _) = open(db).await;
    let (other, _) = docket.second_tenant().await;
    github.connect(&docket, other, GLOBEX).await;
    let (web, api) = (github.repository(ACME, "web"), github.repository(GLOBEX, "api"));
    docket.run_jobs().await;
    project(&docket, docket.app.tenant, "AUTH", &[web]).await;
    project(&docket, other, "CORE", &[api]).await;
    let numbers = (github.open_pull(web, "ana", "a", "One", ""), github.open_pull(api, "zoe", "b", "Two", ""));
    github.leave(ACME, 0);
    let started = std::time::Instant::now();
    look(&docket).await;
    let at = Numbered { repository: RepositoryId(api), number: numbers.1 };
    assert!(db.store.read(other).await.unwrap().pull(at).await.unwrap().is_some());
    assert_eq!(pull(&docket, web, numbers.0).await, None);
    let waiting = db.store.jobs(100).await.unwrap();
    let waits = |row: &docket::store::JobRow| {
        row.tenant == docket.app.tenant && matches!(row.job, Some(Job::SyncConnection { .. }))
    };
    let job = waiting.iter().find(|row| waits(row)).unwrap();
    assert_eq!((job.state.as_str(), job.last_error.as_deref()), ("waiting", Some("asked to wait")));
    db.clock.advance(Duration::from_hours(1));
    docket.run_jobs().await;
    assert!(pull(&docket, web, numbers.0).await.is_some());
    assert!(started.elapsed() < Duration::from_secs(30), "nobody slept");
}

/// What the owner at the console was told.
async fn told(db: &TestDb, tenant: TenantId, words: &str) -> i64 {
    let rows = format!("entries WHERE tenant_id = '{tenant}' AND content LIKE '%{words}%'");
    db.count(&rows).await
}

async fn an_hour_of_failures_is_told_once_and_changes_nothing(db: &TestDb) {
    let (github, docket, connection) = open(db).await;
    let web = github.repository(ACME, "web");
    docket.run_jobs().await;
    project(&docket, docket.app.tenant, "AUTH", &[web]).await;
    look(&docket).await;
    let before = known(&docket, web).await;
    github.outage(Some(502));
    for nth in 1..=9 {
        look(&docket).await;
        let expected = i64::from(nth >= 6);
        assert_eq!(told(db, docket.app.tenant, "be read at the moment").await, expected, "{nth}");
    }
    let after = known(&docket, web).await;
    assert_eq!((after.presence, after.trouble), (Presence::Here, None));
    assert_eq!(after.sync, before.sync);
    let mut tx = db.store.read(docket.app.tenant).await.unwrap();
    assert_eq!(tx.connection(connection.id).await.unwrap().unwrap().condition, Condition::Live);
    assert_eq!(tx.look(connection.id).await.unwrap().strikes, 9);
    drop(tx);
    github.outage(None);
    let number = github.open_pull(web, "ana", "a", "Sign in", "");
    look(&docket).await;
    assert!(pull(&docket, web, number).await.is_some());
    // One cut connection is no trouble.
    github.fail("GET /repos/acme/web/pulls", Fault::Cut);
    look(&docket).await;
    look(&docket).await;
    let mut tx = db.store.read(docket.app.tenant).await.unwrap();
    assert_eq!(tx.look(connection.id).await.unwrap().strikes, 0);
}

async fn looks_alone_open_one_incident_and_close_it_when_the_repository_is_seen_again(db: &TestDb) {
    let (github, docket, _) = open(db).await;
    let web = github.repository(ACME, "web");
    docket.run_jobs().await;
    project(&docket, docket.app.tenant, "AUTH", &[web]).await;
    look(&docket).await;
    let incidents = async || {
        let mut tx = db.store.read(docket.app.tenant).await.unwrap();
        let all = tx.incidents(RepositoryId(web)).await.unwrap();
        (all.len(), all.iter().filter(|incident| incident.closed_at.is_none()).count())
    };
    github.select(web, None);
    look(&docket).await;
    assert_eq!(incidents().await, (0, 0), "one look may be wrong");
    for _ in 0..3 {
        look(&docket).await;
    }
    assert_eq!(incidents().await, (1, 1));
    github.outage(Some(502));
    look(&docket).await;
    assert_eq!(incidents().await, (1, 1));
    github.outage(None);
    github.select(web, Some(ACME));
    look(&docket).await;
    look(&docket).await;
    assert_eq!(incidents().await, (1, 0));
}

async fn a_repository_is_known_by_its_number_and_gone_after_a_second_look(db: &TestDb) {
    let (github, docket, _) = open(db).await;
    let (web, other) = (github.repository(ACME, "web"), github.repository(ACME, "other"));
    docket.run_jobs().await;
    project(&docket, docket.app.tenant, "AUTH", &[web]).await;
    look(&docket).await;
    github.rename(web, "shop", "ana");
    github.rename(other, "web", "ana");
    let number = github.open_pull(web, "ana", "a", "Sign in", "");
    look(&docket).await;
    assert_eq!(known(&docket, web).await.name(), "acme/shop");
    assert!(pull(&docket, web, number).await.is_some());

    github.delete_repository(web, "ana");
    look(&docket).await;
    assert_eq!(known(&docket, web).await.presence, Presence::Unsure);
    look(&docket).await;
    assert_eq!(known(&docket, web).await.presence, Presence::Missing);
    github.restore_repository(web);
    look(&docket).await;
    assert_eq!(known(&docket, web).await.presence, Presence::Here);
}

async fn a_day_of_the_past_is_read_at_once_and_a_month_slowly(db: &TestDb) {
    let (github, docket, _) = open(db).await;
    let web = github.repository(ACME, "web");
    for nth in 0..120 {
        let number = github.open_pull(web, "ana", &format!("old-{nth}"), "Old", "");
        github.merge(web, number, "ben");
        db.clock.advance(Duration::from_hours(6));
    }
    let fresh = github.open_pull(web, "ana", "new", "New", "");
    github.comment(web, fresh, "ben", "Yes");
    docket.run_jobs().await;
    project(&docket, docket.app.tenant, "AUTH", &[web]).await;
    look(&docket).await;
    assert!(pull(&docket, web, fresh).await.is_some());
    let mut tx = db.store.read(docket.app.tenant).await.unwrap();
    assert_eq!(tx.remarks_since(START, 9).await.unwrap().len(), 1);
    drop(tx);
    assert!(pull(&docket, web, 118).await.is_some(), "half a day old");
    assert!(pull(&docket, web, 5).await.is_none());
    for _ in 0..3 {
        look(&docket).await;
    }
    assert_eq!(pull(&docket, web, 5).await.unwrap().state, PullState::Merged);
    let Sync { page, back_to, .. } = known(&docket, web).await.sync;
    assert_eq!(page, None, "it is read through");
    assert!(back_to.unwrap() <= db.chance.now().minus(Duration::from_hours(24 * 29)));
}

async fn a_connection_that_is_broken_is_left_alone_until_it_is_connected_again(db: &TestDb) {
    let (github, docket, _) = open(db).await;
    let web = github.repository(ACME, "web");
    docket.run_jobs().await;
    for _ in 0..2 {
        github.fail("GET /installation/repositories", Fault::Status(401, Vec::new(), "Bad credentials"));
    }
    look(&docket).await;
    github.requests();
    for _ in 0..3 {
        look(&docket).await;
    }
    assert_eq!(github.requests(), []);
    github.connect(&docket, docket.app.tenant, ACME).await;
    docket.run_jobs().await;
    assert!(github.requests().iter().any(|seen| seen.line.starts_with("GET /installation/repositories")));
    assert_eq!(known(&docket, web).await.presence, Presence::Here);
}

async fn every_connection_has_one_look_waiting(db: &TestDb) {
    let (_github, docket, connection) = open(db).await;
    let waiting = async || {
        let jobs = db.store.jobs(100).await.unwrap();
        jobs.iter().filter(|row| row.job == Some(Job::SyncConnection { connection: connection.id })).count()
    };
    assert_eq!(waiting().await, 1);
    jobs::queue_looks(&docket.app.desk).await.unwrap();
    assert_eq!(waiting().await, 1);
    look(&docket).await;
    assert_eq!(waiting().await, 1);
    db.raw("DELETE FROM jobs").await.unwrap();
    for _ in 0..2 {
        jobs::queue_looks(&docket.app.desk).await.unwrap();
        assert_eq!(waiting().await, 1);
    }
}

async fn what_did_not_arrive_is_asked_for_again_by_one_process_and_not_for_ever(db: &TestDb) {
    let (github, docket, _) = open(db).await;
    let web = github.repository(ACME, "web");
    github.open_pull(web, "ana", "a", "One", "");
    github.lose();
    let asked = async || {
        github.requests();
        let (one, other) = (jobs::sweep(&docket.app.desk), jobs::sweep(&docket.app.desk));
        let (one, other) = tokio::join!(one, other);
        one.and(other).unwrap();
        github.requests().iter().filter(|seen| seen.line.contains("/attempts")).count()
    };
    assert_eq!(asked().await, 1);
    assert_eq!(asked().await, 0, "it is not due");
    // It is under way, and fails again.
    db.clock.advance(Duration::from_mins(15));
    github.lose();
    assert_eq!(asked().await, 1);
    let again: Vec<_> = github.deliveries().into_iter().filter(|delivery| delivery.is_again).collect();
    assert!(again.len() == 2 && again.iter().all(|delivery| delivery.guid == github.deliveries()[0].guid));
    db.clock.advance(Duration::from_mins(15));
    github.lose();
    assert_eq!(asked().await, 0, "what fails again and again is asked for more rarely");
    db.clock.advance(Duration::from_mins(15));
    assert_eq!(asked().await, 1);
    github.arrive();
    for _ in 0..20 {
        db.clock.advance(Duration::from_mins(15));
        assert_eq!(asked().await, 0, "it arrived");
    }
    // An App without a hook is no trouble.
    github.fail("GET /app/hook/deliveries", Fault::Status(404, Vec::new(), "Not Found"));
    db.clock.advance(Duration::from_mins(15));
    assert_eq!(asked().await, 0);
    assert_eq!(github.problems(), [""; 0]);
}
