//! What people say is stored as it is now, in whatever order it was heard, and belongs to its tenant.

use std::{collections::BTreeSet, time::Duration};

use docket::{
    domain::{
        backfill::{Backfill, Progress},
        event::Venue,
        heard::{Heard, Saying, Wording},
        ids::{Id as _, MemberId, TenantId},
        task::TaskNumber,
        time::Timestamp,
    },
    store::Tx,
};

use crate::support::{
    clock::START,
    db::{TestDb, for_each_db},
    sample,
};

for_each_db! {
    messages_edits_and_deletions_come_out_the_same_in_any_order,
    a_conversation_stays_together_and_goes_with_its_last_message,
    what_is_too_old_or_turned_off_or_of_an_unknown_kind_of_place_is_not_kept,
    a_project_is_private_where_all_its_channels_are,
    two_who_answer_at_once_are_in_one_conversation,
    a_page_is_turned_once_and_a_channel_read_once_at_a_time,
    what_is_forgotten_does_not_come_whatever_clocks_say,
    whoever_hears_and_whoever_gives_out_numbers_never_wait_for_each_other,
}

/// A message said so many seconds after the start.
fn said(at: u64, text: &str) -> Heard {
    reworded(at, at, text)
}

/// A message that says something else since.
fn reworded(at: u64, since: u64, text: &str) -> Heard {
    let since = START.plus(Duration::from_secs(since)).as_millis() * 1_000;
    about(at, Saying::Said(Wording { text: text.to_owned(), since }))
}

fn deleted(at: u64) -> Heard {
    about(at, Saying::Deleted)
}

fn about(at: u64, what: Saying) -> Heard {
    Heard { message: id(at), at: START.plus(Duration::from_secs(at)), is_private: Some(false), what }
}

fn id(at: u64) -> String {
    format!("{}.000100", START.as_millis() / 1_000 + i64::try_from(at).unwrap())
}

/// A channel, or the thread of the message that was said then.
fn at(channel: &str, thread: Option<u64>) -> Venue {
    Venue { thread: thread.map(id), ..sample::channel(channel) }
}

/// Something in every table of it.
pub(crate) async fn fill(db: &TestDb, tx: &mut Tx, by: MemberId) {
    for (thread, heard) in [(None, said(1, "the deploy is broken")), (Some(1), said(2, "I look")), (None, deleted(3))] {
        assert!(tx.put_heard(&at("C1", thread), &heard, Some(by), db.chance.id(), START).await.unwrap());
    }
    tx.set_kept_days(9).await.unwrap();
    tx.keep_only_since(&at("C8", None), START).await.unwrap();
    assert!(tx.insert_backfill(&backfill(db, "C1")).await.unwrap());
}

/// A reading of a channel.
fn backfill(db: &TestDb, channel: &str) -> Backfill {
    Backfill {
        id: db.chance.id(),
        venue: at(channel, None),
        to: sample::identity("U1"),
        since: START,
        until: START,
        pages: 0,
        progress: Progress::default(),
    }
}

/// Whether this tenant sees what `fill` wrote, table by table.
pub(crate) async fn sees(tx: &mut Tx) -> Vec<(&'static str, bool)> {
    let venue = at("C1", None);
    let (nobody, before) = (MemberId::from_ulid(ulid::Ulid::nil()), START.minus(Duration::from_millis(1)));
    let id = tx.thread(1).await.unwrap().map(|thread| thread.id);
    let by_id = match id {
        Some(id) => tx.thread_by_id(id).await.unwrap().is_some(),
        None => false,
    };
    vec![
        ("heard_channels", tx.heard_channel(&venue).await.unwrap().is_some()),
        ("heard_channels", tx.kept().await.unwrap().iter().any(|kept| kept.messages == 2)),
        ("threads", by_id),
        ("threads", tx.threads_since(START, 9).await.unwrap().len() == 1),
        ("messages", tx.thread(1).await.unwrap().is_some_and(|thread| thread.messages.len() == 2)),
        ("tenants", tx.kept_days().await.unwrap() == 9),
        ("forgotten", tx.is_forgotten(&at("C8", None), "1.0", nobody, before).await.unwrap()),
        ("backfills", tx.backfill_of(&venue).await.unwrap().is_some()),
    ]
}

/// Refers to a member of another tenant; everything must be refused.
pub(crate) async fn meddle_by_reference(db: &TestDb, intruder: TenantId, member: MemberId) {
    let mut tx = db.store.write(intruder).await.unwrap();
    // What the other tenant took back is not known here, and what it keeps stays out of reach.
    let put = tx.put_heard(&at("C1", None), &said(3, "mine"), Some(member), db.chance.id(), START).await;
    assert!(put.is_err());
    drop(tx);
    let mut tx = db.store.write(intruder).await.unwrap();
    assert!(tx.set_kept(&at("C1", None), false, member).await.is_err());
    drop(tx);
    let mut tx = db.store.write(intruder).await.unwrap();
    assert!(tx.insert_backfill(&backfill(db, "C9")).await.is_err(), "of a channel that is not known here");
}

/// Everything that is kept, by conversation: the first message's id, and each message with what it says.
async fn known(tx: &mut Tx) -> BTreeSet<(String, Vec<(String, String, Option<Timestamp>)>)> {
    let threads = tx.threads_since(Timestamp::from_millis(0), 99).await.unwrap();
    threads
        .into_iter()
        .map(|thread| {
            assert_eq!(thread.last_at, thread.messages.last().unwrap().at);
            let messages = thread.messages.into_iter().map(|one| (one.message, one.text, one.edited_at)).collect();
            (thread.venue.thread.unwrap(), messages)
        })
        .collect()
}

/// Every order of these.
fn orders<T: Clone>(of: &[T]) -> Vec<Vec<T>> {
    if of.len() <= 1 {
        return vec![of.to_vec()];
    }
    let mut all = Vec::new();
    for first in 0..of.len() {
        let mut rest = of.to_vec();
        let one = rest.remove(first);
        for mut tail in orders(&rest) {
            tail.insert(0, one.clone());
            all.push(tail);
        }
    }
    all
}

async fn messages_edits_and_deletions_come_out_the_same_in_any_order(db: &TestDb) {
    let history = [
        (None, said(1, "ship it")),
        (Some(1), said(2, "when")),
        (Some(1), reworded(2, 5, "when?")),
        (Some(1), reworded(2, 6, "when exactly?")),
        (Some(1), said(3, "my password")),
        (Some(1), deleted(3)),
    ];
    let edited = Some(START.plus(Duration::from_secs(6)));
    let expected = BTreeSet::from([(
        id(1),
        vec![(id(1), "ship it".to_owned(), None), (id(2), "when exactly?".to_owned(), edited)],
    )]);
    let (tenant, member) = sample::tenant(&db.store, &db.chance).await;
    // One transaction after the other that is rolled back: 720 orders in no time.
    for order in orders(&history) {
        let mut tx = db.store.write(tenant).await.unwrap();
        for (thread, heard) in &order {
            let by = (heard.what != Saying::Deleted).then_some(member);
            tx.put_heard(&at("C1", *thread), heard, by, db.chance.id(), START).await.unwrap();
        }
        assert_eq!(known(&mut tx).await, expected, "{order:?}");
        for (thread, heard) in &order {
            let again = tx.put_heard(&at("C1", *thread), heard, Some(member), db.chance.id(), START).await.unwrap();
            assert!(!again, "{heard:?} is news twice");
        }
    }
}

async fn a_conversation_stays_together_and_goes_with_its_last_message(db: &TestDb) {
    let (tenant, member) = sample::tenant(&db.store, &db.chance).await;
    let mut tx = db.store.write(tenant).await.unwrap();
    for (thread, heard) in [(Some(1), said(4, "an answer")), (None, said(2, "else")), (None, said(1, "the question"))] {
        assert!(tx.put_heard(&at("C1", thread), &heard, Some(member), db.chance.id(), START).await.unwrap());
    }
    let first = tx.thread(1).await.unwrap().unwrap();
    let texts: Vec<_> = first.messages.iter().map(|message| message.text.as_str()).collect();
    assert_eq!((texts, first.venue.thread.clone()), (vec!["the question", "an answer"], Some(id(1))));
    assert_eq!(first.messages[0].by, member);
    let since = tx.threads_since(START.plus(Duration::from_secs(3)), 9).await.unwrap();
    assert_eq!(since, [first], "an old question with a new answer is new");
    for gone in [1, 4] {
        assert!(tx.put_heard(&at("C1", None), &deleted(gone), None, db.chance.id(), START).await.unwrap());
    }
    assert_eq!(tx.thread(1).await.unwrap(), None);
    assert_eq!(tx.thread(2).await.unwrap().unwrap().messages.len(), 1);
    let late = said(5, "too late");
    assert!(tx.put_heard(&at("C1", Some(1)), &late, Some(member), db.chance.id(), START).await.unwrap());
    assert_eq!(tx.thread(3).await.unwrap().unwrap().messages[0].text, "too late", "no number is given twice");
}

async fn what_is_too_old_or_turned_off_or_of_an_unknown_kind_of_place_is_not_kept(db: &TestDb) {
    let (tenant, member) = sample::tenant(&db.store, &db.chance).await;
    let mut tx = db.store.write(tenant).await.unwrap();
    let now = START.plus(Duration::from_hours(14 * 24));
    assert!(
        !tx.put_heard(
            &at("C1", None),
            &said(0, "old"),
            Some(member),
            db.chance.id(),
            now.plus(Duration::from_millis(1))
        )
        .await
        .unwrap()
    );
    assert!(tx.put_heard(&at("C1", None), &said(0, "just kept"), Some(member), db.chance.id(), now).await.unwrap());
    let unknown = Heard { is_private: None, ..said(1, "a mention in a group of friends") };
    assert!(!tx.put_heard(&at("G9", None), &unknown, Some(member), db.chance.id(), START).await.unwrap());
    assert!(tx.put_heard(&at("C1", None), &unknown, Some(member), db.chance.id(), START).await.unwrap());
    tx.set_kept(&at("C1", None), false, member).await.unwrap();
    assert!(!tx.put_heard(&at("C1", None), &said(2, "off"), Some(member), db.chance.id(), START).await.unwrap());
    assert!(tx.put_heard(&at("C1", None), &deleted(1), None, db.chance.id(), START).await.unwrap(), "what goes, goes");
    tx.set_kept(&at("C1", None), true, member).await.unwrap();
    assert!(tx.put_heard(&at("C1", None), &said(3, "on again"), Some(member), db.chance.id(), START).await.unwrap());
    let kept = tx.kept().await.unwrap();
    let one = kept.iter().find(|kept| kept.channel.venue.channel == "C1").unwrap();
    assert_eq!((one.messages, one.since, one.channel.set_by), (2, Some(START), Some(member)));
}

async fn a_project_is_private_where_all_its_channels_are(db: &TestDb) {
    let (tenant, member) = sample::tenant(&db.store, &db.chance).await;
    let mut tx = db.store.write(tenant).await.unwrap();
    let mut projects = Vec::new();
    for (key, channels) in [("AUTH", &["C1", "C2"][..]), ("OPS", &["C3", "C4"]), ("WEB", &["C5"]), ("DOC", &[])] {
        let project = sample::project(&db.chance, key);
        tx.insert_project(&project, TaskNumber(1), START).await.unwrap();
        for channel in channels {
            assert!(tx.bind_channel(&at(channel, None), project.id).await.unwrap());
        }
        projects.push(project.id);
    }
    for (channel, is_private) in
        [("C1", Some(true)), ("C2", Some(true)), ("C3", Some(true)), ("C4", Some(false)), ("C5", None)]
    {
        let heard = Heard { is_private, ..said(1, "hello") };
        tx.put_heard(&at(channel, None), &heard, Some(member), db.chance.id(), START).await.unwrap();
    }
    assert_eq!(tx.private_projects().await.unwrap(), BTreeSet::from([projects[0]]));
    assert!(tx.is_private(&at("C1", Some(1))).await.unwrap());
    for channel in ["C4", "C5", "C9"] {
        assert!(!tx.is_private(&at(channel, None)).await.unwrap(), "{channel}");
    }
    assert!(tx.thread(1).await.unwrap().unwrap().is_private);
}

async fn two_who_answer_at_once_are_in_one_conversation(db: &TestDb) {
    let (tenant, member) = sample::tenant(&db.store, &db.chance).await;
    let put = async |thread: Option<u64>, heard: Heard| {
        let mut tx = db.store.write(tenant).await.unwrap();
        tx.put_heard(&at("C1", thread), &heard, Some(member), db.chance.id(), START).await.unwrap();
        tx.commit().await.unwrap();
    };
    let answers = (2..10).map(|n| put(Some(1), said(n, "me too")));
    futures_util::future::join(put(None, said(1, "who?")), futures_util::future::join_all(answers)).await;
    let threads = db.store.read(tenant).await.unwrap().threads_since(START, 9).await.unwrap();
    assert_eq!(threads.iter().map(|thread| thread.messages.len()).collect::<Vec<_>>(), [9]);
}

async fn a_page_is_turned_once_and_a_channel_read_once_at_a_time(db: &TestDb) {
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    let mut tx = db.store.write(tenant).await.unwrap();
    tx.lock_heard_channel(&at("C1", None), None).await.unwrap();
    let first = backfill(db, "C1");
    assert!(tx.insert_backfill(&first).await.unwrap());
    assert!(!tx.insert_backfill(&backfill(db, "C1")).await.unwrap());
    let further = Progress { messages: 3, cursor: Some("next".to_owned()), ..Progress::default() };
    assert!(tx.turn_page(&first, &further).await.unwrap());
    assert!(!tx.turn_page(&first, &Progress::default()).await.unwrap(), "somebody else has read that page");
    let now = tx.backfill(first.id).await.unwrap().unwrap();
    assert_eq!(now, Backfill { pages: 1, progress: further, ..first.clone() });
    assert_eq!(tx.backfill_of(&at("C1", Some(1))).await.unwrap(), Some(now));
    assert!(tx.remove_backfill(first.id).await.unwrap() && !tx.remove_backfill(first.id).await.unwrap());
    assert!(!tx.turn_page(&first, &Progress::default()).await.unwrap());
}

async fn what_is_forgotten_does_not_come_whatever_clocks_say(db: &TestDb) {
    let (tenant, member) = sample::tenant(&db.store, &db.chance).await;
    let mut tx = db.store.write(tenant).await.unwrap();
    let put = async |tx: &mut Tx, thread, at_seconds| {
        let put = tx.put_heard(&at("C1", thread), &said(at_seconds, "x"), Some(member), db.chance.id(), START).await;
        put.unwrap()
    };
    // Slack's clock is ahead of ours: what is kept was said after the wish, and goes all the same.
    assert!(put(&mut tx, None, 9).await);
    assert_eq!(tx.forget_said_by(member, START).await.unwrap(), 1);
    assert!(!put(&mut tx, None, 9).await && !put(&mut tx, None, 8).await && put(&mut tx, None, 10).await);
    // An earlier wish that is carried out later takes nothing back.
    assert_eq!(tx.forget_said_in(&at("C1", None), START.plus(Duration::from_secs(20))).await.unwrap(), 1);
    assert_eq!(tx.forget_said_in(&at("C1", None), START).await.unwrap(), 0);
    assert!(!put(&mut tx, None, 19).await && put(&mut tx, Some(20), 20).await);
    let thread = tx.threads_since(START, 9).await.unwrap().remove(0);
    assert_eq!(tx.forget_thread(thread.id, START.plus(Duration::from_secs(30))).await.unwrap(), 1);
    assert!(!put(&mut tx, Some(20), 29).await && put(&mut tx, Some(21), 29).await);
    // Once nothing of it is kept anyway, it is not remembered.
    assert_eq!(tx.forget_withdrawn_before(START.plus(Duration::from_secs(31))).await.unwrap(), 3);
}

async fn whoever_hears_and_whoever_gives_out_numbers_never_wait_for_each_other(db: &TestDb) {
    let (tenant, member) = sample::tenant(&db.store, &db.chance).await;
    // A command that is carried out numbers something, and changes what is kept of its channel.
    let commands = async {
        for _ in 0..200 {
            let mut tx = db.store.write(tenant).await.unwrap();
            tx.lock_tenant().await.unwrap();
            tokio::task::yield_now().await;
            tx.lock_heard_channel(&at("C1", None), None).await.unwrap();
            tx.commit().await.unwrap();
        }
    };
    let hear = async |from: u64| {
        for n in from..from + 200 {
            let mut tx = db.store.write(tenant).await.unwrap();
            assert!(tx.put_heard(&at("C1", None), &said(n, "new"), Some(member), db.chance.id(), START).await.unwrap());
            tx.commit().await.unwrap();
        }
    };
    tokio::join!(commands, hear(0), hear(1_000));
    let threads = db.store.read(tenant).await.unwrap().threads_since(Timestamp::from_millis(0), 999).await.unwrap();
    let numbers: BTreeSet<u32> = threads.iter().map(|thread| thread.number).collect();
    assert_eq!(numbers, (1..=400).collect());
}
