//! What trackers know is stored as it was heard, and belongs to its tenant.

use docket::{
    domain::{
        ids::{MemberId, ProjectId},
        provider::Provider,
        task::{Status, TaskNumber},
        time::Timestamp,
        tracker::{Incident, IssueOrder, Look, PullState, Repository},
    },
    store::{PullTask, StoredIssue, Tx},
};

use crate::support::{
    clock::START,
    db::{TestDb, for_each_db},
    sample::{self, trackers},
};

for_each_db! {
    what_was_heard_last_is_what_is_known,
    an_issue_stands_for_one_task_and_a_task_has_one_issue,
    a_repository_has_one_incident_at_a_time,
}

/// A repository of the project's, with a pull request, an issue and a remark.
pub(crate) async fn fill(db: &TestDb, tx: &mut Tx, member: MemberId, project: ProjectId) -> Repository {
    let repository = trackers::repository(db.chance.id());
    tx.put_repository(&repository).await.unwrap();
    assert!(tx.link_repository(project, repository.id(), member, START).await.unwrap());
    tx.put_pull(&trackers::pull(7, "Sign in", START)).await.unwrap();
    tx.put_pull_task(&link(project)).await.unwrap();
    let (issue, task) = (trackers::issue(8, "Sign out"), Some((project, TaskNumber(2))));
    tx.put_issue(&StoredIssue { issue, task, proposed: None }).await.unwrap();
    assert!(tx.put_remark(&trackers::remark(7, "Nice.")).await.unwrap());
    tx.put_pushed(repository.id(), "auth-1", &trackers::commit("AUTH-1"), START).await.unwrap();
    assert!(tx.put_incident(&trackers::incident(db.chance.id(), project)).await.unwrap());
    tx.put_look(repository.connection, &Look { strikes: 1, ..Look::default() }).await.unwrap();
    tx.insert_issue_order(&order(db, member, project)).await.unwrap();
    repository
}

fn order(db: &TestDb, by: MemberId, project: ProjectId) -> IssueOrder {
    IssueOrder {
        id: db.chance.id(),
        project,
        task: TaskNumber(1),
        repository: trackers::numbered(7).repository,
        number: None,
        by,
        to: sample::identity("U1"),
        venue: sample::channel("C1"),
        delivery: db.chance.id(),
        made_at: START,
        done_at: None,
    }
}

fn link(project: ProjectId) -> PullTask {
    let (pull, task) = (trackers::numbered(7), TaskNumber(1));
    PullTask { pull, project, task, is_closing: true, proposed: Some(Status::InReview), patch: None }
}

/// Whether this tenant sees what `fill` wrote, table by table.
pub(crate) async fn sees(tx: &mut Tx, repository: &Repository, project: ProjectId) -> Vec<(&'static str, bool)> {
    let id = repository.id();
    let (pull, issue) = (trackers::numbered(7), trackers::numbered(8));
    let head = trackers::pull(7, "", START).head;
    let (one, two) = (TaskNumber(1), TaskNumber(2));
    vec![
        ("repositories", tx.repository(id).await.unwrap().as_ref() == Some(repository)),
        ("repositories", !tx.repositories().await.unwrap().is_empty()),
        ("looks", tx.look(repository.connection).await.unwrap().strikes == 1),
        ("repositories", !tx.linked_repositories_of(repository.connection).await.unwrap().is_empty()),
        ("pulls", !tx.open_pulls_of(id).await.unwrap().is_empty()),
        ("repositories", !tx.repositories_of(repository.connection).await.unwrap().is_empty()),
        ("repository_links", !tx.repositories_linked_to(project).await.unwrap().is_empty()),
        ("repository_links", tx.projects_linked_to(id).await.unwrap() == [project]),
        ("pulls", tx.pull(pull).await.unwrap().is_some()),
        ("pulls", !tx.pulls_with_head(id, &head).await.unwrap().is_empty()),
        ("pulls", !tx.open_pulls(9).await.unwrap().is_empty()),
        ("pulls", !tx.pulls_since(PullState::Open, START, 9).await.unwrap().is_empty()),
        ("pull_tasks", tx.tasks_of_pull(pull).await.unwrap() == [link(project)]),
        ("pull_tasks", tx.pulls_of_task(project, one).await.unwrap() == [link(project)]),
        ("pull_tasks", tx.pulls_of_project(project).await.unwrap() == [link(project)]),
        ("issues", tx.issue(issue).await.unwrap().is_some()),
        ("issues", tx.issue_of_task(project, two).await.unwrap().is_some()),
        ("issues", !tx.issues_of_project(project).await.unwrap().is_empty()),
        ("incidents", tx.open_incident(id).await.unwrap().is_some()),
        ("incidents", !tx.open_incidents().await.unwrap().is_empty()),
        ("incidents", !tx.incidents(id).await.unwrap().is_empty()),
        ("pulls", !tx.pulls_of(id).await.unwrap().is_empty()),
        ("pulls", !tx.open_pulls_of_branch(id, "branch-7").await.unwrap().is_empty()),
        ("pushes", !tx.pushed(id, "auth-1").await.unwrap().is_empty()),
        ("issue_orders", tx.open_issue_order(project, one).await.unwrap().is_some()),
        ("remarks", tx.remarks_since(START, 9).await.unwrap() == [trackers::remark(7, "Nice.")]),
    ]
}

/// Tries to change what `fill` wrote; everything must miss.
pub(crate) async fn meddle(tx: &mut Tx, repository: &Repository, project: ProjectId) {
    assert!(!tx.unlink_repository(project, repository.id()).await.unwrap());
    tx.remove_pull_task(&link(project)).await.unwrap();
    assert!(!tx.lock_repository(repository.id()).await.unwrap());
    tx.forget_pushed(repository.id(), "auth-1").await.unwrap();
    tx.forget_pushed_before(repository.id(), Timestamp::from_millis(i64::MAX)).await.unwrap();
    tx.remove_issue(trackers::numbered(8)).await.unwrap();
    assert!(!tx.put_remark(&trackers::remark(7, "")).await.unwrap());
}

/// What would refer to a row of another tenant is refused.
pub(crate) async fn meddle_by_reference(
    db: &TestDb,
    intruder: docket::domain::ids::TenantId,
    of: (MemberId, ProjectId),
) {
    let mut tx = db.store.write(intruder).await.unwrap();
    assert!(tx.put_pull(&trackers::pull(7, "Forged", START)).await.is_err());
    drop(tx);
    let mut tx = db.store.write(intruder).await.unwrap();
    let id = trackers::numbered(7).repository;
    assert!(tx.link_repository(of.1, id, of.0, START).await.is_err());
    drop(tx);
    let mut tx = db.store.write(intruder).await.unwrap();
    assert!(tx.put_pull_task(&link(of.1)).await.is_err());
    drop(tx);
    let mut tx = db.store.write(intruder).await.unwrap();
    assert!(tx.put_remark(&trackers::remark(7, "Forged")).await.is_err());
    drop(tx);
    let mut tx = db.store.write(intruder).await.unwrap();
    assert!(tx.put_incident(&trackers::incident(db.chance.id(), of.1)).await.is_err());
    drop(tx);
    let mut tx = db.store.write(intruder).await.unwrap();
    let (issue, task) = (trackers::issue(8, "Forged"), None);
    assert!(tx.put_issue(&StoredIssue { issue, task, proposed: None }).await.is_err());
    drop(tx);
    let mut tx = db.store.write(intruder).await.unwrap();
    assert!(tx.insert_issue_order(&order(db, of.0, of.1)).await.is_err());
}

/// A tenant with a project of two tasks and a repository for it.
async fn house(db: &TestDb) -> (Tx, ProjectId, Repository) {
    let (tenant, member) = sample::tenant(&db.store, &db.chance).await;
    let project = sample::project(&db.chance, "AUTH");
    let mut tx = db.store.write(tenant).await.unwrap();
    tx.insert_project(&project, TaskNumber(3), START).await.unwrap();
    let connection = sample::connection(&db.chance, Provider::GitHub, "1", member);
    tx.put_connection(&connection).await.unwrap();
    let repository = fill(db, &mut tx, member, project.id).await;
    (tx, project.id, repository)
}

async fn what_was_heard_last_is_what_is_known(db: &TestDb) {
    let (mut tx, project, mut repository) = house(db).await;
    "acme/shop".clone_into(&mut repository.seen.full_name);
    repository.trouble = Some(("GitHub does not find it".to_owned(), START));
    repository.strikes = 2;
    tx.put_repository(&repository).await.unwrap();
    assert_eq!(tx.repositories_linked_to(project).await.unwrap(), [repository]);

    let mut pull = trackers::pull(7, "Sign in with a key", START);
    pull.state = PullState::Merged;
    tx.put_pull(&pull).await.unwrap();
    assert_eq!(tx.pull(pull.at).await.unwrap(), Some(pull.clone()));
    assert_eq!(tx.open_pulls(9).await.unwrap(), []);
    assert_eq!(tx.pulls_since(PullState::Merged, START, 9).await.unwrap(), [pull]);

    assert!(!tx.put_remark(&trackers::remark(7, "Nicer.")).await.unwrap());
    assert_eq!(tx.remarks_since(START, 9).await.unwrap(), [trackers::remark(7, "Nicer.")]);
    assert!(!tx.put_remark(&trackers::remark(7, "")).await.unwrap());
    assert_eq!(tx.remarks_since(START, 9).await.unwrap(), []);
}

async fn an_issue_stands_for_one_task_and_a_task_has_one_issue(db: &TestDb) {
    let (mut tx, project, _) = house(db).await;
    let other =
        StoredIssue { issue: trackers::issue(9, "Another"), task: Some((project, TaskNumber(2))), proposed: None };
    let error = tx.put_issue(&other).await.unwrap_err();
    assert_eq!(error.to_string(), "the task is taken: another issue stands for it");
    let free = StoredIssue { task: Some((project, TaskNumber(1))), ..other };
    tx.put_issue(&free).await.unwrap();
    assert_eq!(tx.issue_of_task(project, TaskNumber(1)).await.unwrap(), Some(free.clone()));
    tx.remove_issue(free.issue.at).await.unwrap();
    assert_eq!(tx.issue(free.issue.at).await.unwrap(), None);
}

async fn a_repository_has_one_incident_at_a_time(db: &TestDb) {
    let (mut tx, project, repository) = house(db).await;
    let open = tx.open_incident(repository.id()).await.unwrap().unwrap();
    let second = trackers::incident(db.chance.id(), project);
    assert!(!tx.put_incident(&second).await.unwrap());
    let over = Incident { closed_at: Some(START), ..open };
    assert!(tx.put_incident(&over).await.unwrap());
    assert_eq!(tx.open_incident(repository.id()).await.unwrap(), None);
    assert!(tx.put_incident(&second).await.unwrap());
    assert_eq!(tx.incidents(repository.id()).await.unwrap().len(), 2);
}
