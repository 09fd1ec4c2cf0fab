//! What was made of conversations is kept as a trail of references, and belongs to its tenant.

use std::time::Duration;

use docket::{
    domain::{
        event::Venue,
        ids::{Id, MatchId, MemberId, PatchId, ProjectId, ThreadId},
        matches::{Finding, Likely, Match, Verdict},
        task::TaskNumber,
    },
    store::Tx,
};
use ulid::Ulid;

use crate::support::{
    clock::START,
    db::{TestDb, for_each_db},
    sample,
};

for_each_db! {
    what_was_made_of_a_conversation_is_read_back,
    a_night_is_taken_once,
    pages_go_back_in_time_and_leave_out_what_is_private_elsewhere,
}

/// The conversation that all of these are about.
fn thread() -> ThreadId {
    ThreadId::from_ulid(Ulid::from_parts(7, 7))
}

fn made(db: &TestDb, project: ProjectId) -> Match {
    linked(db.chance.id(), project)
}

/// What the rules made of a conversation in `C1`.
pub(crate) fn linked(id: MatchId, project: ProjectId) -> Match {
    Match {
        id,
        thread: thread(),
        number: 7,
        venue: Venue { thread: Some("1795168800.000100".to_owned()), ..sample::channel("C1") },
        is_private: false,
        read_until: START,
        verdict: Verdict::Linked,
        tasks: vec![Likely { project, code: "AUTH-1".to_owned(), score: 743 }],
        finding: Some(Finding::Done),
        project: Some(project),
        task: Some(TaskNumber(1)),
        message: Some("1795168800.000200".to_owned()),
        patch: None,
        by: None,
        at: START,
    }
}

pub(crate) async fn fill(db: &TestDb, tx: &mut Tx, member: MemberId, project: ProjectId, patch: PatchId) {
    let made = Match { patch: Some(patch), by: Some(member), ..made(db, project) };
    tx.insert_match(&made).await.unwrap();
    tx.set_read_until(START).await.unwrap();
}

/// Whether this tenant sees what `fill` wrote, table by table.
pub(crate) async fn sees(tx: &mut Tx, project: ProjectId) -> Vec<(&'static str, bool)> {
    vec![
        ("matches", tx.matches_of(thread()).await.unwrap().len() == 1),
        ("matches", tx.matches_page(Some(project), None, 0, 9).await.unwrap().len() == 1),
        ("matches", tx.matches_page(None, None, 0, 9).await.unwrap().len() == 1),
        ("readings", tx.read_until().await.unwrap() == Some(START)),
    ]
}

async fn what_was_made_of_a_conversation_is_read_back(db: &TestDb) {
    let (tenant, member) = sample::tenant(&db.store, &db.chance).await;
    let mut tx = db.store.write(tenant).await.unwrap();
    let project = sample::project(&db.chance, "AUTH");
    tx.insert_project(&project, TaskNumber(1), START).await.unwrap();
    let first = made(db, project.id);
    let dismissed = Match {
        id: db.chance.id(),
        verdict: Verdict::Dismissed,
        tasks: Vec::new(),
        finding: None,
        project: None,
        task: None,
        message: None,
        by: Some(member),
        at: START.plus(Duration::from_secs(1)),
        ..first.clone()
    };
    tx.insert_match(&dismissed).await.unwrap();
    tx.insert_match(&first).await.unwrap();
    assert_eq!(tx.matches_of(thread()).await.unwrap(), [first, dismissed]);
}

async fn a_night_is_taken_once(db: &TestDb) {
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    let mut tx = db.store.write(tenant).await.unwrap();
    assert!(tx.take_night(START).await.unwrap());
    assert!(!tx.take_night(START.plus(Duration::from_hours(2))).await.unwrap());
    assert_eq!(tx.read_until().await.unwrap(), None, "a night alone has read nothing");
    tx.set_read_until(START).await.unwrap();
    assert!(tx.take_night(START.plus(Duration::from_hours(24))).await.unwrap());
    assert_eq!(tx.read_until().await.unwrap(), Some(START));
}

async fn pages_go_back_in_time_and_leave_out_what_is_private_elsewhere(db: &TestDb) {
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    let mut tx = db.store.write(tenant).await.unwrap();
    let (auth, web) = (sample::project(&db.chance, "AUTH"), sample::project(&db.chance, "WEB"));
    for project in [&auth, &web] {
        tx.insert_project(project, TaskNumber(1), START).await.unwrap();
    }
    let at = |seconds| START.plus(Duration::from_secs(seconds));
    for (number, project, is_private) in [(1, &auth, false), (2, &web, true), (3, &auth, false)] {
        let made = Match { number, is_private, at: at(number.into()), ..made(db, project.id) };
        tx.insert_match(&made).await.unwrap();
    }
    let numbers = |page: Vec<Match>| page.iter().map(|one| one.number).collect::<Vec<_>>();
    assert_eq!(numbers(tx.matches_page(None, None, 0, 9).await.unwrap()), [3, 1]);
    let here = sample::channel("C1");
    assert_eq!(numbers(tx.matches_page(None, Some(&here), 0, 9).await.unwrap()), [3, 2, 1]);
    assert_eq!(numbers(tx.matches_page(None, Some(&sample::channel("C2")), 1, 1).await.unwrap()), [1]);
    assert_eq!(numbers(tx.matches_page(Some(web.id), Some(&here), 0, 9).await.unwrap()), [2]);
}
