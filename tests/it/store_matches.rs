//! What was made of conversations is kept as a trail of references, and belongs to its tenant.

use std::time::Duration;

use docket::{
    domain::{
        event::Venue,
        heard::{Heard, Saying, Wording},
        ids::{Id, MatchId, MemberId, PatchId, ProjectId, ThreadId},
        matches::{Finding, Likely, Match, Verdict},
        task::TaskNumber,
    },
    jobs::tidy::tidy,
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
    what_was_made_goes_in_its_time_and_never_before_its_conversation,
    of_a_private_conversation_that_was_forgotten_nobody_knows_where_it_was,
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

/// Something is said in `C1`; gives its conversation.
async fn heard(db: &TestDb, tx: &mut Tx, by: MemberId, is_private: bool) -> ThreadId {
    let (at, thread) = (db.chance.now(), db.chance.id());
    let wording = Wording { text: "the deploy is broken".to_owned(), since: at.as_millis() * 1_000 };
    let message = format!("{}.000100", at.as_millis() / 1_000);
    let heard = Heard { message, at, is_private: Some(is_private), what: Saying::Said(wording) };
    assert!(tx.put_heard(&sample::channel("C1"), &heard, Some(by), thread, at).await.unwrap());
    thread
}

async fn what_was_made_goes_in_its_time_and_never_before_its_conversation(db: &TestDb) {
    let (tenant, member) = sample::tenant(&db.store, &db.chance).await;
    let mut tx = db.store.write(tenant).await.unwrap();
    let project = sample::project(&db.chance, "AUTH");
    tx.insert_project(&project, TaskNumber(1), START).await.unwrap();
    let thread = heard(db, &mut tx, member, false).await;
    for verdict in [Verdict::Nothing, Verdict::Linked] {
        let made = Match { thread, verdict, at: START, ..made(db, project.id) };
        tx.insert_match(&made).await.unwrap();
    }
    tx.set_kept_days(90).await.unwrap();
    tx.commit().await.unwrap();
    let left = async || {
        let mut tx = db.store.read(tenant).await.unwrap();
        tx.matches_of(thread).await.unwrap().iter().map(|one| one.verdict).collect::<Vec<_>>()
    };
    db.clock.advance(Duration::from_hours(89 * 24));
    assert_eq!(tidy(&db.store, &db.chance).await.unwrap().messages, 0);
    assert_eq!(left().await, [Verdict::Nothing, Verdict::Linked]);
    // With the conversation goes that it was read in vain.
    db.clock.advance(Duration::from_hours(2 * 24));
    assert_eq!(tidy(&db.store, &db.chance).await.unwrap().messages, 1);
    assert_eq!(left().await, [Verdict::Linked]);
    db.clock.advance(Duration::from_hours(90 * 24));
    let mut tx = db.store.write(tenant).await.unwrap();
    let kept = heard(db, &mut tx, member, false).await;
    tx.insert_match(&Match { thread: kept, at: START, ..made(db, project.id) }).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(tidy(&db.store, &db.chance).await.unwrap().matches, 1);
    assert_eq!(left().await, []);
    assert_eq!(db.store.read(tenant).await.unwrap().matches_of(kept).await.unwrap().len(), 1, "it would be read again");
}

async fn of_a_private_conversation_that_was_forgotten_nobody_knows_where_it_was(db: &TestDb) {
    let (tenant, member) = sample::tenant(&db.store, &db.chance).await;
    let mut tx = db.store.write(tenant).await.unwrap();
    let project = sample::project(&db.chance, "AUTH");
    tx.insert_project(&project, TaskNumber(1), START).await.unwrap();
    for is_private in [false, true] {
        let thread = heard(db, &mut tx, member, is_private).await;
        tx.insert_match(&Match { thread, is_private, ..made(db, project.id) }).await.unwrap();
        tx.forget_thread(thread, db.chance.now()).await.unwrap();
        let left = tx.matches_of(thread).await.unwrap().remove(0);
        let known = (left.venue.channel.as_str(), left.venue.thread.is_some(), left.message.is_some());
        assert_eq!(known, if is_private { ("", false, false) } else { ("C1", true, true) });
        db.clock.advance(Duration::from_secs(1));
    }
}
