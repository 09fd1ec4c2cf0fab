//! What happens at GitHub becomes explained proposals: from webhooks as GitHub sends them to a card and a changed plan.

use docket::{
    domain::{
        ids::ProjectId,
        member::Standing,
        patch::{Patch, PatchState},
        policy::{Move, Policy},
        provider::Provider,
        session::{Login, Party},
        task::{Status, Task, TaskNumber},
        tracker::{Account, RepositoryId},
    },
    store::StoredIssue,
};
use serde_json::{Value, json};

use crate::{
    support::{
        app::TestApp,
        clock::START,
        db::{TestDb, for_each_db},
        github::{HOOK_SECRET, INSTALLATION, Webhook, body, repository},
        sample,
    },
    who_decides::{planned, set, state},
};

for_each_db! {
    a_pull_request_brings_its_task_to_review_and_its_merge_finishes_it,
    a_merge_finishes_a_task_only_when_no_other_pull_request_of_it_is_open,
    several_tasks_of_one_pull_request_are_one_proposal,
    what_people_decided_is_not_asked_again_and_more_news_takes_the_place_of_older_ones,
    a_proposal_that_no_longer_follows_is_withdrawn,
    moves_that_the_policy_lets_pass_apply_at_once_and_count_as_nobodys_approval,
    a_merged_revert_proposes_to_reopen_what_it_took_back,
    commits_name_tasks_in_whatever_order_they_are_heard_of,
    what_docket_did_itself_and_what_is_not_linked_proposes_nothing,
    an_issue_that_stands_for_a_task_flows_back,
    a_sub_issue_moves_its_task_under_that_of_its_parent,
    a_life_in_any_order_and_twice_ends_in_the_same_plan,
    an_edit_in_the_channel_is_not_about_what_rules_propose,
}

/// Docket with the project `AUTH`, whose work happens in `acme/web`.
async fn open(db: &TestDb) -> TestApp<'_> {
    let docket = TestApp::start_with(db, &[("GITHUB_WEBHOOK_SECRET", HOOK_SECRET)]).await;
    planned(&docket).await;
    let mut tx = db.store.write(docket.app.tenant).await.unwrap();
    let by = tx.members().await.unwrap()[0].id;
    let connection = sample::connection(&db.chance, Provider::GitHub, &INSTALLATION.to_string(), by);
    tx.put_connection(&connection).await.unwrap();
    tx.put_repository(&sample::trackers::repository(connection.id)).await.unwrap();
    let project = tx.projects().await.unwrap()[0].id;
    tx.link_repository(project, RepositoryId(700), by, START).await.unwrap();
    tx.commit().await.unwrap();
    docket
}

async fn project(docket: &TestApp<'_>) -> ProjectId {
    docket.db.store.read(docket.app.tenant).await.unwrap().projects().await.unwrap()[0].id
}

async fn task(docket: &TestApp<'_>, number: u32) -> Task {
    let project = project(docket).await;
    let mut tx = docket.db.store.read(docket.app.tenant).await.unwrap();
    tx.task(project, TaskNumber(number)).await.unwrap().unwrap()
}

async fn status(docket: &TestApp<'_>, number: u32) -> Status {
    task(docket, number).await.fields.status
}

async fn patch(docket: &TestApp<'_>, code: u32) -> Patch {
    docket.patch(docket.app.tenant, code).await.unwrap()
}

/// What a patch is called and why it was made.
async fn said(docket: &TestApp<'_>, code: u32) -> String {
    let patch = patch(docket, code).await;
    let reasons: Vec<String> = patch.steps.iter().map(|step| step.reason.clone()).collect();
    format!("{}: {}", patch.title, reasons.join(", "))
}

/// A pull request as GitHub shows it at this second, with more fields.
fn pull(number: u64, title: &str, second: u32, more: &Value) -> Value {
    let mut pull = json!({
        "number": number, "title": title, "body": null, "state": "open", "draft": false, "merged": false,
        "html_url": format!("https://github.com/acme/web/pull/{number}"),
        "user": { "id": 11, "login": "ana-gh", "type": "User" },
        "head": { "ref": format!("change-{number}"), "sha": format!("{number:040}"), "repo": { "id": 700 } },
        "base": { "ref": "main", "sha": "0", "repo": { "id": 700 } },
        "labels": [], "requested_reviewers": [],
        "created_at": "2026-11-20T09:00:00Z", "updated_at": format!("2026-11-20T10:00:{second:02}Z"),
    });
    pull.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    pull
}

fn merged(number: u64, title: &str, second: u32) -> Value {
    let at = format!("2026-11-20T10:00:{second:02}Z");
    let by = json!({ "id": 22, "login": "ben-gh", "type": "User" });
    let more = json!({ "state": "closed", "merged": true, "merged_at": at, "closed_at": at, "merged_by": by });
    pull(number, title, second, &more)
}

fn of_pull(action: &str, pull: &Value) -> Value {
    body(action, INSTALLATION, Some(&repository(700, "acme/web")), &json!({ "pull_request": pull }))
}

async fn happens(docket: &TestApp<'_>, action: &str, pull: &Value) {
    docket.happens("pull_request", &of_pull(action, pull)).await;
}

async fn a_pull_request_brings_its_task_to_review_and_its_merge_finishes_it(db: &TestDb) {
    let docket = open(db).await;
    let title = "Fixes AUTH-1: agree what signing in must do";
    happens(&docket, "opened", &pull(12, title, 1, &json!({}))).await;
    assert_eq!(status(&docket, 1).await, Status::Todo, "nothing changes before somebody says so");
    let why = said(&docket, 2).await;
    assert!(why.contains("AUTH-1 is in review: acme/web#12 was opened for review by ana-gh on 20 Nov 2026"), "{why}");
    let step = patch(&docket, 2).await.steps[0].clone();
    assert_eq!(step.evidence.unwrap().url, "https://github.com/acme/web/pull/12");
    docket.click("U2", "patch.approve").await;
    assert_eq!(status(&docket, 1).await, Status::InReview);
    // Nothing new follows from whatever else happens to it.
    happens(&docket, "synchronize", &pull(12, title, 2, &json!({}))).await;
    happens(&docket, "labeled", &pull(12, title, 3, &json!({ "labels": [{ "name": "bug" }] }))).await;
    assert_eq!(docket.states().await, ["applied", "applied"]);
    happens(&docket, "closed", &merged(12, title, 4)).await;
    assert!(said(&docket, 3).await.contains("AUTH-1 is done: acme/web#12 was merged by ben-gh"));
    docket.click("U2", "patch.approve").await;
    assert_eq!(status(&docket, 1).await, Status::Done);
    let author = patch(&docket, 3).await.author;
    let mut tx = db.store.read(docket.app.tenant).await.unwrap();
    let robot = tx.member(author).await.unwrap().unwrap();
    assert_eq!((robot.name.as_str(), robot.standing), ("GitHub", Standing::Bot));
    let members = tx.members().await.unwrap();
    assert_eq!(members.iter().filter(|member| member.standing == Standing::Bot).count(), 1, "one for all proposals");
    drop(tx);
    docket.slash("U1", "undo P-3").await;
    assert_eq!(status(&docket, 1).await, Status::InReview, "the undo of a rule is like any other");
    happens(&docket, "labeled", &merged(12, title, 5)).await;
    assert_eq!(docket.states().await.len(), 4, "what people took back stays so");
    assert_eq!(docket.slack.problems(), Vec::<String>::new());
}

async fn a_merge_finishes_a_task_only_when_no_other_pull_request_of_it_is_open(db: &TestDb) {
    let docket = open(db).await;
    happens(&docket, "opened", &pull(12, "Fixes AUTH-1", 1, &json!({}))).await;
    docket.click("U2", "patch.approve").await;
    happens(&docket, "opened", &pull(13, "Part of AUTH-1", 2, &json!({ "draft": true }))).await;
    happens(&docket, "closed", &merged(12, "Fixes AUTH-1", 3)).await;
    assert_eq!(docket.states().await.len(), 2, "a draft beside it neither moves it back nor lets it end");
    happens(&docket, "closed", &merged(13, "Part of AUTH-1", 4)).await;
    docket.click("U2", "patch.approve").await;
    assert_eq!(status(&docket, 1).await, Status::Done);
    assert!(said(&docket, 3).await.contains("acme/web#12 was merged"), "what finished it says why");
    // A mention takes up nothing that is over.
    happens(&docket, "opened", &pull(14, "Follows AUTH-1", 5, &json!({}))).await;
    assert_eq!(docket.states().await.len(), 3);
}

async fn several_tasks_of_one_pull_request_are_one_proposal(db: &TestDb) {
    let docket = open(db).await;
    let named = json!({ "head": { "ref": "ana/auth-3-not-auth-4", "sha": "aa", "repo": { "id": 700 } } });
    happens(&docket, "opened", &pull(12, "Fixes AUTH-1, AUTH-2", 1, &named)).await;
    let operations: Vec<u32> = patch(&docket, 2).await.operations().filter_map(|one| Some(one.task()?.0)).collect();
    assert_eq!(operations, [1, 2, 3]);
    assert!(docket.card().contains("AUTH-1, AUTH-2 and AUTH-3 are in review"), "{}", docket.card());
    docket.click("U2", "patch.approve").await;
    let mut ended = merged(12, "Fixes AUTH-1, AUTH-2", 2);
    ended["head"] = named["head"].clone();
    happens(&docket, "closed", &ended).await;
    docket.click("U2", "patch.approve").await;
    assert_eq!((status(&docket, 1).await, status(&docket, 2).await), (Status::Done, Status::Done));
    assert_eq!(status(&docket, 3).await, Status::InReview, "a branch links and finishes nothing");
}

async fn what_people_decided_is_not_asked_again_and_more_news_takes_the_place_of_older_ones(db: &TestDb) {
    let docket = open(db).await;
    let title = "Fixes AUTH-1";
    happens(&docket, "opened", &pull(12, title, 1, &json!({ "draft": true }))).await;
    assert!(docket.card().contains("AUTH-1 is in progress"), "{}", docket.card());
    happens(&docket, "ready_for_review", &pull(12, title, 2, &json!({}))).await;
    assert_eq!(docket.states().await, ["applied", "superseded", "proposed"]);
    docket.slash("U2", "reject P-3 not yet").await;
    happens(&docket, "synchronize", &pull(12, title, 3, &json!({}))).await;
    assert_eq!(docket.states().await, ["applied", "superseded", "rejected"]);
    happens(&docket, "closed", &merged(12, title, 4)).await;
    assert_eq!(docket.states().await, ["applied", "superseded", "rejected", "proposed"]);
    // Somebody else finished it meanwhile.
    docket.slash("U1", "done AUTH-1").await;
    assert_eq!(status(&docket, 1).await, Status::Done);
    happens(&docket, "labeled", &merged(12, title, 5)).await;
    assert_eq!(state(&docket, 4).await, "rejected", "what holds already is not asked");
}

async fn a_proposal_that_no_longer_follows_is_withdrawn(db: &TestDb) {
    let docket = open(db).await;
    let title = "Fixes AUTH-1";
    happens(&docket, "opened", &pull(12, title, 1, &json!({}))).await;
    happens(&docket, "closed", &pull(12, title, 2, &json!({ "state": "closed" }))).await;
    let PatchState::Rejected { decision, .. } = patch(&docket, 2).await.state else { panic!("it is open still") };
    assert_eq!(decision.by, patch(&docket, 2).await.author);
    happens(&docket, "reopened", &pull(12, title, 3, &json!({}))).await;
    assert_eq!(docket.states().await, ["applied", "rejected", "proposed"], "nobody had decided on it");
    docket.click("U2", "patch.approve").await;
    happens(&docket, "closed", &pull(12, title, 4, &json!({ "state": "closed" }))).await;
    docket.click("U2", "patch.approve").await;
    assert_eq!(status(&docket, 1).await, Status::InProgress);
}

async fn moves_that_the_policy_lets_pass_apply_at_once_and_count_as_nobodys_approval(db: &TestDb) {
    let docket = open(db).await;
    set(&docket, Policy { moves: [Move::Merged].into(), approvals: 2, ..Policy::default() }).await;
    let title = "Fixes AUTH-1";
    happens(&docket, "opened", &pull(12, title, 1, &json!({}))).await;
    assert_eq!(docket.states().await, ["applied", "proposed"], "what the policy does not name is asked");
    happens(&docket, "closed", &merged(12, title, 2)).await;
    assert_eq!(docket.states().await, ["applied", "superseded", "applied"]);
    assert_eq!(status(&docket, 1).await, Status::Done);
    let patch = patch(&docket, 3).await;
    let mut tx = db.store.read(docket.app.tenant).await.unwrap();
    assert!(tx.approvals(patch.id, 1).await.unwrap().is_empty());
    let trail = tx.audit_of(&patch.id.to_string(), 9).await.unwrap();
    let applied = trail.iter().find(|entry| entry.action == "patch.applied").unwrap();
    assert_eq!((applied.actor, &applied.after["applied_by"]), (None, &json!("policy")));
    assert_eq!(applied.after["moves"], json!(["merged"]));
}

async fn a_merged_revert_proposes_to_reopen_what_it_took_back(db: &TestDb) {
    let docket = open(db).await;
    set(&docket, Policy { moves: [Move::Merged].into(), ..Policy::default() }).await;
    happens(&docket, "closed", &merged(12, "Fixes AUTH-1", 1)).await;
    assert_eq!(status(&docket, 1).await, Status::Done);
    let revert = json!({ "body": "Reverts acme/web#12" });
    happens(&docket, "opened", &pull(20, "Revert \"Fixes AUTH-1\"", 2, &revert)).await;
    assert_eq!(docket.states().await.len(), 2, "trying to is not doing it");
    let mut ended = merged(20, "Revert \"Fixes AUTH-1\"", 3);
    ended["body"] = json!("Reverts acme/web#12");
    happens(&docket, "closed", &ended).await;
    let why = said(&docket, 3).await;
    assert!(why.contains("reopen AUTH-1: acme/web#20, which takes back #12, was merged by ben-gh"), "{why}");
    docket.click("U2", "patch.approve").await;
    assert_eq!(status(&docket, 1).await, Status::InProgress);
}

async fn what_docket_did_itself_and_what_is_not_linked_proposes_nothing(db: &TestDb) {
    let docket = open(db).await;
    // Its app's bot is called after the app that is connected.
    let mut own = of_pull("opened", &pull(12, "Fixes AUTH-1", 1, &json!({})));
    own["sender"] = json!({ "id": 99, "login": "docket[bot]", "type": "Bot" });
    docket.happens("pull_request", &own).await;
    let mut other = of_pull("opened", &pull(13, "Fixes AUTH-1", 2, &json!({})));
    other["repository"] = repository(701, "acme/unknown");
    docket.happens("pull_request", &other).await;
    assert_eq!(docket.states().await, ["applied"]);
    // The facts are kept: what people do next counts.
    happens(&docket, "labeled", &pull(12, "Fixes AUTH-1", 3, &json!({}))).await;
    assert_eq!(docket.states().await, ["applied", "proposed"]);
    let project = project(&docket).await;
    let mut tx = db.store.write(docket.app.tenant).await.unwrap();
    tx.unlink_repository(project, RepositoryId(700)).await.unwrap();
    tx.commit().await.unwrap();
    happens(&docket, "opened", &pull(14, "Fixes AUTH-2", 4, &json!({}))).await;
    assert_eq!(docket.states().await, ["applied", "proposed"]);
    let mut tx = db.store.read(docket.app.tenant).await.unwrap();
    assert!(tx.pull(sample::trackers::numbered(14)).await.unwrap().is_some(), "so that linking it later works");
}

/// An issue as GitHub shows it at this second, with more fields.
fn issue(number: u64, second: u32, more: &Value) -> Value {
    let mut issue = json!({
        "number": number, "id": 9_000 + number, "title": "Sign-in page", "state": "open", "labels": [], "assignees": [],
        "html_url": format!("https://github.com/acme/web/issues/{number}"), "user": { "id": 11, "login": "ana-gh" },
        "created_at": "2026-11-20T09:00:00Z", "updated_at": format!("2026-11-20T10:00:{second:02}Z"),
    });
    issue.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    issue
}

async fn of_issue(docket: &TestApp<'_>, action: &str, issue: &Value) {
    let body = body(action, INSTALLATION, Some(&repository(700, "acme/web")), &json!({ "issue": issue }));
    docket.happens("issues", &body).await;
}

/// Lets an issue stand for a task.
async fn stands_for(docket: &TestApp<'_>, number: u64, task: u32) {
    let project = project(docket).await;
    let mut tx = docket.db.store.write(docket.app.tenant).await.unwrap();
    let stored = tx.issue(sample::trackers::numbered(number)).await.unwrap().unwrap();
    tx.put_issue(&StoredIssue { task: Some((project, TaskNumber(task))), ..stored }).await.unwrap();
    tx.commit().await.unwrap();
}

async fn an_issue_that_stands_for_a_task_flows_back(db: &TestDb) {
    let docket = open(db).await;
    of_issue(&docket, "opened", &issue(5, 1, &json!({}))).await;
    stands_for(&docket, 5, 1).await;
    let by = task(&docket, 1).await;
    of_issue(&docket, "edited", &issue(5, 2, &json!({ "title": "Sign-in page" }))).await;
    assert_eq!(docket.states().await, ["applied"], "what it was linked as says nothing");
    let ana = db.store.read(docket.app.tenant).await.unwrap().members().await.unwrap()[0].clone();
    let mut tx = db.store.write(docket.app.tenant).await.unwrap();
    let (party, realm, subject, name) = (Party::GitHub, String::new(), "11".to_owned(), "ana-gh".to_owned());
    tx.put_login(&Login { party, realm, subject, member: ana.id, name, linked_at: START }).await.unwrap();
    tx.commit().await.unwrap();
    let account = |account: &Account| json!({ "id": account.id, "login": account.login, "type": "User" });
    let anas = account(&sample::trackers::account(11, "ana-gh"));
    let more = json!({ "labels": [{ "name": "P1" }], "assignees": [anas] });
    of_issue(&docket, "assigned", &issue(5, 3, &more)).await;
    let card = docket.card();
    assert!(card.contains("acme/web#5") && card.contains("was relabelled and assigned to ana-gh by ana-gh"), "{card}");
    docket.click("U2", "patch.approve").await;
    assert_eq!(task(&docket, 1).await.fields.assignee, Some(ana.id));
    let closed = json!({ "state": "closed", "state_reason": "completed", "closed_at": "2026-11-20T10:00:04Z" });
    let mut ended = issue(5, 4, &closed);
    (ended["labels"], ended["assignees"]) = (more["labels"].clone(), more["assignees"].clone());
    of_issue(&docket, "closed", &ended).await;
    of_issue(&docket, "closed", &ended).await;
    assert_eq!(docket.states().await, ["applied", "applied", "proposed"]);
    assert!(docket.card().contains("was closed as completed by ana-gh"), "{}", docket.card());
    docket.click("U2", "patch.approve").await;
    assert_eq!(status(&docket, 1).await, Status::Done);
    let mut again = issue(5, 5, &json!({}));
    (again["labels"], again["assignees"]) = (more["labels"].clone(), more["assignees"].clone());
    of_issue(&docket, "reopened", &again).await;
    docket.click("U2", "patch.approve").await;
    assert_eq!(status(&docket, 1).await, Status::Todo);
    again["updated_at"] = json!("2026-11-20T10:00:06Z");
    (again["state"], again["state_reason"]) = (json!("closed"), json!("not_planned"));
    set(&docket, Policy { moves: [Move::Issues].into(), ..Policy::default() }).await;
    of_issue(&docket, "closed", &again).await;
    assert_eq!(docket.states().await.last(), Some(&"proposed"), "no task is cancelled without being asked");
    assert!(docket.card().contains("cancelled"), "{}", docket.card());
    assert_eq!(task(&docket, 1).await.fields.title, by.fields.title);
}

async fn a_sub_issue_moves_its_task_under_that_of_its_parent(db: &TestDb) {
    let docket = open(db).await;
    // Those of the plan wait for each other.
    for wish in ["edit add a task for documentation", "edit add a task for translations"] {
        docket.slash("U1", wish).await;
        docket.click("U1", "patch.approve").await;
    }
    for (number, of) in [(5, 6), (6, 7)] {
        of_issue(&docket, "opened", &issue(number, 1, &json!({}))).await;
        stands_for(&docket, number, of).await;
    }
    let part = |action: &str| {
        let more = json!({ "parent_issue": issue(5, 2, &json!({})), "sub_issue": issue(6, 2, &json!({})) });
        body(action, INSTALLATION, Some(&repository(700, "acme/web")), &more)
    };
    docket.happens("sub_issues", &part("sub_issue_added")).await;
    assert!(
        docket.card().contains("acme/web#6") && docket.card().contains("became a sub-issue of #5"),
        "{}",
        docket.card()
    );
    docket.click("U2", "patch.approve").await;
    assert_eq!(task(&docket, 7).await.place.parent, Some(TaskNumber(6)));
    docket.happens("sub_issues", &part("parent_issue_added")).await;
    assert_eq!(docket.states().await.len(), 4, "GitHub tells it twice");
    docket.happens("sub_issues", &part("sub_issue_removed")).await;
    docket.click("U2", "patch.approve").await;
    assert_eq!(task(&docket, 7).await.place.parent, None);
}

/// What GitHub sends during the life of a pull request that ends merged.
fn life() -> Vec<(&'static str, Value)> {
    let title = "Fixes AUTH-1";
    let ben = json!({ "id": 22, "login": "ben-gh", "type": "User" });
    let review = |second: u32, id: u64, state: &str, pull: &Value| {
        let at = format!("2026-11-20T10:00:{second:02}Z");
        let url = "https://github.com/acme/web/pull/12#pullrequestreview-1";
        let review =
            json!({ "id": id, "state": state, "submitted_at": at, "user": ben, "html_url": url, "body": "Hm." });
        let mut body = of_pull("submitted", pull);
        body["review"] = review;
        ("pull_request_review", body)
    };
    let asked = json!({ "requested_reviewers": [ben] });
    vec![
        ("pull_request", of_pull("opened", &pull(12, title, 1, &json!({ "draft": true })))),
        ("pull_request", of_pull("ready_for_review", &pull(12, title, 2, &json!({})))),
        ("pull_request", of_pull("review_requested", &pull(12, title, 3, &asked))),
        review(4, 1, "changes_requested", &pull(12, title, 4, &json!({}))),
        ("pull_request", of_pull("synchronize", &pull(12, title, 5, &json!({})))),
        ("pull_request", of_pull("review_requested", &pull(12, title, 6, &asked))),
        review(7, 2, "approved", &pull(12, title, 7, &json!({}))),
        ("pull_request", of_pull("closed", &pull(12, title, 8, &json!({ "state": "closed" })))),
        ("pull_request", of_pull("reopened", &pull(12, title, 9, &json!({})))),
        ("pull_request", of_pull("closed", &merged(12, title, 10))),
    ]
}

async fn a_life_in_any_order_and_twice_ends_in_the_same_plan(db: &TestDb) {
    let docket = open(db).await;
    set(&docket, Policy { moves: Move::ALL.iter().copied().collect(), ..Policy::default() }).await;
    let life = life();
    // A few of the orders; the rules' own tests try many more. Each task has a life of its own.
    for (task, step) in [(1_u32, 1_usize), (2, 3), (3, 7), (4, 9)] {
        let tell = async |at: usize| {
            let (kind, body) = &life[at % life.len()];
            let said = body
                .to_string()
                .replace("AUTH-1", &format!("AUTH-{task}"))
                .replace("pull/12", &format!("pull/12{task}"));
            let mut body: Value = serde_json::from_str(&said).unwrap();
            body["pull_request"]["number"] = json!(120 + task);
            docket.hook(&Webhook::new(kind, &body)).await;
            docket.hook(&Webhook::new(kind, &body)).await;
            docket.run_jobs().await;
        };
        for at in 0..life.len() {
            tell(at * step).await;
        }
        tell(0).await;
        assert_eq!(status(&docket, task).await, Status::Done, "every {step}. of them");
    }
    assert!(docket.states().await.iter().all(|state| *state == "applied"), "{:?}", docket.states().await);
}

async fn an_edit_in_the_channel_is_not_about_what_rules_propose(db: &TestDb) {
    let docket = open(db).await;
    happens(&docket, "opened", &pull(12, "Fixes AUTH-1", 1, &json!({}))).await;
    docket.slash("U2", "edit add a task for documentation").await;
    assert_eq!(docket.states().await, ["applied", "proposed", "proposed"], "{}", docket.card());
    assert!(docket.card().contains("documentation") && !docket.card().contains("replaces P-2"), "{}", docket.card());
}

fn push(branch: &str, message: &str) -> Value {
    let commit = json!({ "id": "c0ffee", "message": message, "url": "https://github.com/acme/web/commit/c0ffee" });
    let more = json!({ "ref": format!("refs/heads/{branch}"), "commits": [commit] });
    body("", INSTALLATION, Some(&repository(700, "acme/web")), &more)
}

async fn commits_name_tasks_in_whatever_order_they_are_heard_of(db: &TestDb) {
    let docket = open(db).await;
    docket.happens("push", &push("change-12", "fixes AUTH-1")).await;
    docket.happens("push", &push("main", "fixes AUTH-3")).await;
    happens(&docket, "opened", &pull(12, "Sign in", 1, &json!({}))).await;
    assert!(docket.card().contains("AUTH-1 is in review"), "pushed before: {}", docket.card());
    happens(&docket, "opened", &pull(13, "Sign out", 2, &json!({}))).await;
    docket.happens("push", &push("change-13", "fixes AUTH-2")).await;
    assert!(docket.card().contains("AUTH-2 is in review"), "pushed later: {}", docket.card());
    let fork = json!({ "head": { "ref": "change-13", "sha": "f", "repo": { "id": 999 } } });
    happens(&docket, "opened", &pull(14, "From outside", 3, &fork)).await;
    assert_eq!(docket.states().await.len(), 3, "a branch of the same name in a fork is another one");
}
