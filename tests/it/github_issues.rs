//! `/docket issue`: tasks and the issues that stand for them, opened once and tied like the tasks.

use docket::domain::{
    provider::Provider,
    task::{Priority, Status, TaskNumber},
    tracker::{Presence, Repository, RepositoryId, RepositorySighting, Sync},
};

use crate::support::{
    app::TestApp,
    clock::START,
    db::{TestDb, for_each_db},
    fake_github::{ACME, FakeGitHub, Fault},
};

for_each_db! {
    an_issue_is_opened_for_a_task_and_an_existing_one_is_taken,
    what_can_not_be_done_is_said_and_changes_nothing,
    an_answer_that_is_lost_opens_no_second_issue,
    issues_are_tied_like_their_tasks,
    what_becomes_of_an_issue_comes_back_as_a_proposal,
}

/// Docket with a plan `AUTH` of three tasks, and `acme/web` linked to it; the repository's number.
async fn house(db: &TestDb) -> (FakeGitHub, TestApp<'_>, u64) {
    let github = FakeGitHub::of(db).await;
    let docket = github.docket(db).await;
    docket.slash("U1", "plan Build a user authentication flow").await;
    docket.click("U1", "patch.approve").await;
    github.connect(&docket, docket.app.tenant, ACME).await;
    let web = repository(&github, &docket, "web").await;
    (github, docket, web)
}

/// A repository of acme that is linked to `AUTH`.
async fn repository(github: &FakeGitHub, docket: &TestApp<'_>, name: &str) -> u64 {
    let number = github.repository(ACME, name);
    let mut tx = docket.db.store.write(docket.app.tenant).await.unwrap();
    let connection = tx.connection_to(Provider::GitHub, &ACME.to_string(), None).await.unwrap().unwrap();
    let project = tx.project_by_key(&"AUTH".parse().unwrap()).await.unwrap().unwrap();
    let repository = Repository {
        seen: RepositorySighting {
            id: RepositoryId(number),
            full_name: format!("acme/{name}"),
            url: format!("{}/acme/{name}", github.origin),
            description: String::new(),
            is_private: false,
            is_archived: false,
            default_branch: "main".to_owned(),
        },
        connection: connection.id,
        presence: Presence::Here,
        trouble: None,
        strikes: 0,
        offered_at: None,
        found_at: START,
        sync: Sync::default(),
    };
    tx.put_repository(&repository).await.unwrap();
    tx.link_repository(project.id, repository.id(), connection.by, START).await.unwrap();
    tx.commit().await.unwrap();
    number
}

async fn an_issue_is_opened_for_a_task_and_an_existing_one_is_taken(db: &TestDb) {
    let (github, docket, web) = house(db).await;
    docket.slash("U1", "edit describe 1 as Ask @ana about the cookie").await;
    docket.click("U1", "patch.approve").await;

    docket.slash("U1", "issue AUTH-1").await;
    let issues = github.issues(web);
    let [(number, title, body, is_open)] = issues.as_slice() else { panic!("{issues:?}") };
    assert!(*is_open && !title.is_empty(), "{issues:?}");
    assert!(body.contains("AUTH-1 in Docket") && body.contains("- [ ] "), "{body}");
    assert!(body.contains("<!-- docket:ord_") && !body.contains("@ana"), "{body}");
    let told = docket.told("U1");
    assert!(told.contains(&format!("acme/web#{number}")) && told.contains("stands for AUTH-1 now."), "{told}");
    docket.slash("U1", "issue AUTH-1").await;
    assert!(docket.told("U1").contains("already. Nothing was changed."), "{}", docket.told("U1"));
    assert_eq!(github.issues(web).len(), 1);

    let known = github.open_issue(web, "ana-gh", "Log in is broken", "");
    let pull = github.open_pull(web, "ana-gh", "some-branch", "Something", "");
    db.clock.advance(std::time::Duration::from_secs(5));
    docket.slash("U1", &format!("issue AUTH-2 #{known}")).await;
    assert!(docket.told("U1").contains("stands for AUTH-2 now."), "{}", docket.told("U1"));
    let comments = github.comments(web, known);
    assert!(comments.len() == 1 && comments[0].starts_with("AUTH-2 in Docket follows this issue."), "{comments:?}");
    docket.slash("U1", &format!("issue AUTH-3 acme/web#{known}")).await;
    assert!(docket.told("U1").contains("stands for AUTH-2 already"), "{}", docket.told("U1"));
    docket.slash("U1", &format!("issue AUTH-3 #{pull}")).await;
    assert!(docket.told("U1").contains("is a pull request"), "{}", docket.told("U1"));
    docket.slash("U1", "issue AUTH-3 #404").await;
    assert!(
        docket.told("U1").contains("There is no issue for AUTH-3: GitHub does not show it"),
        "{}",
        docket.told("U1")
    );
    assert_eq!(github.issues(web).len(), 2);
    assert_eq!((github.problems(), docket.slack.problems()), (Vec::new(), Vec::new()));
}

async fn what_can_not_be_done_is_said_and_changes_nothing(db: &TestDb) {
    let (github, docket, web) = house(db).await;
    for (line, answer) in [
        ("issue AUTH-77", "There is no task AUTH-77."),
        ("issue AUTH-1 acme/secret", "acme/secret is not linked to AUTH. Link it first: /docket link AUTH acme/secret"),
        ("issue AUTH-1 nonsense", "an issue, such as #45 or acme/web#45"),
    ] {
        let ack = docket.slash("U1", line).await;
        let said = format!("{} {}", ack.body, docket.told("U1"));
        assert!(said.contains(answer), "{line}: {said}");
    }
    let api = repository(&github, &docket, "api").await;
    docket.slash("U1", "issue AUTH-1").await;
    let asked = docket.told("U1");
    assert!(asked.contains("In which repository is the issue for AUTH-1 to be?"), "{asked}");
    assert!(asked.contains("acme/api") && asked.contains("acme/web"), "{asked}");
    docket.slash("U3", "issue AUTH-1 acme/api").await;
    assert_eq!((github.issues(web).len(), github.issues(api).len()), (0, 0));
    docket.slash("U1", "issue AUTH-1 acme/api").await;
    assert_eq!((github.issues(web).len(), github.issues(api).len()), (0, 1));
}

async fn an_answer_that_is_lost_opens_no_second_issue(db: &TestDb) {
    let (github, docket, web) = house(db).await;
    github.fail("POST /repos/acme/web/issues", Fault::Cut);
    docket.slash("U1", "issue AUTH-1").await;
    assert_eq!(github.issues(web).len(), 1);
    docket.db.clock.advance(std::time::Duration::from_mins(1));
    docket.run_jobs().await;
    assert_eq!(github.issues(web).len(), 1);
    assert!(docket.told("U1").contains("stands for AUTH-1 now."), "{}", docket.told("U1"));

    github.outage(Some(503));
    docket.slash("U1", "issue AUTH-2").await;
    for _ in 0..12 {
        docket.db.clock.advance(std::time::Duration::from_mins(10));
        docket.run_jobs().await;
    }
    assert!(
        docket.told("U1").contains("There is no issue for AUTH-2: GitHub can't be reached"),
        "{}",
        docket.told("U1")
    );
    github.outage(None);
    docket.slash("U1", "issue AUTH-2").await;
    assert_eq!(github.issues(web).len(), 2);
}

async fn issues_are_tied_like_their_tasks(db: &TestDb) {
    let (github, docket, web) = house(db).await;
    // GitHub takes one write a second.
    let settle = async || {
        for _ in 0..6 {
            docket.db.clock.advance(std::time::Duration::from_secs(5));
            docket.run_jobs().await;
        }
    };
    for code in ["AUTH-1", "AUTH-2", "AUTH-3"] {
        docket.slash("U1", &format!("issue {code}")).await;
        settle().await;
    }
    let numbers: Vec<u64> = github.issues(web).iter().map(|(number, ..)| *number).collect();
    let [one, two, three] = numbers[..] else { panic!("{numbers:?}") };
    assert_eq!(github.relations(web, three).1, [two], "as the template has it");
    docket.slash("U1", "edit move 3 under 1").await;
    docket.click("U1", "patch.approve").await;
    settle().await;
    assert_eq!(github.relations(web, one).0, [three]);
    assert_eq!((github.problems(), docket.slack.problems()), (Vec::new(), Vec::new()));
}

async fn what_becomes_of_an_issue_comes_back_as_a_proposal(db: &TestDb) {
    let (github, docket, web) = house(db).await;
    docket.slash("U1", "issue AUTH-1").await;
    let number = github.issues(web)[0].0;
    let hears = async || {
        github.deliver(&docket.app.router).await;
        docket.run_jobs().await;
        db.clock.advance(std::time::Duration::from_secs(5));
    };
    let task = async || {
        let mut tx = db.store.read(docket.app.tenant).await.unwrap();
        let project = tx.project_by_key(&"AUTH".parse().unwrap()).await.unwrap().unwrap();
        tx.task(project.id, TaskNumber(1)).await.unwrap().unwrap().fields
    };
    hears().await;
    assert_eq!(docket.states().await, ["applied"], "what Docket opened itself proposes nothing");

    github.retitle(web, number, "ana-gh", "Agree what signing in must do for everybody");
    hears().await;
    docket.click("U1", "patch.approve").await;
    assert_eq!(task().await.title, "Agree what signing in must do for everybody");
    github.label(web, number, "ana-gh", "P0");
    // Nobody here has linked this account, so it changes nobody's task.
    github.assign(web, number, "ana-gh", "ben-gh");
    hears().await;
    docket.click("U1", "patch.approve").await;
    assert_eq!((task().await.priority, task().await.assignee), (Priority::Urgent, None));
    github.close_issue(web, number, "ana-gh", "completed");
    hears().await;
    assert_eq!(task().await.status, Status::Todo, "it asks");
    docket.click("U1", "patch.approve").await;
    assert_eq!(task().await.status, Status::Done);
    github.reopen_issue(web, number, "ana-gh");
    hears().await;
    docket.click("U1", "patch.approve").await;
    assert_eq!(task().await.status, Status::Todo);
    assert_eq!((github.problems(), docket.slack.problems()), (Vec::new(), Vec::new()));
}
