//! Deliveries, answers, the console's conversation and the audit trail.

use docket::{
    domain::{
        audit::AuditEntry,
        card::{Entry, EntryContent},
        delivery::Source,
        ids::MemberId,
        job::NewJob,
        message::Message,
    },
    store::Accepted,
};
use serde_json::json;

use crate::support::{
    db::{TestDb, for_each_db},
    sample,
};

for_each_db! {
    a_delivery_is_accepted_once,
    a_large_batch_is_accepted_at_once,
    the_jobs_of_a_batch_keep_its_order,
    a_batch_is_accepted_wholly_or_not_at_all,
    the_same_delivery_in_two_processes_is_accepted_once,
    a_delivery_nobody_owns_is_kept_for_inspection,
    a_delivery_is_handled_once,
    answers_are_counted_when_sent,
    the_conversation_goes_on_where_the_reader_stopped,
    what_one_member_is_told_no_other_reads,
    readers_of_the_conversation_miss_no_line,
    the_audit_trail_only_grows,
}

async fn a_delivery_is_accepted_once(db: &TestDb) {
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    let (other, _) = sample::tenant(&db.store, &db.chance).await;
    let first = sample::delivery(&db.chance, tenant, "a");
    let mut elsewhere = sample::delivery(&db.chance, tenant, "a");
    elsewhere.delivery.source = Source::SlackEvent;
    let batch = [
        first.clone(),
        sample::delivery(&db.chance, tenant, "b"),
        sample::delivery(&db.chance, tenant, "a"), // again, in the same batch
        sample::delivery(&db.chance, other, "a"),
        elsewhere,
    ];
    let (new, duplicate) = (Accepted::New, Accepted::Duplicate);
    assert_eq!(db.store.accept(&batch).await.unwrap(), [new, new, duplicate, new, new]);
    let again = [sample::delivery(&db.chance, tenant, "a"), sample::delivery(&db.chance, tenant, "c")];
    assert_eq!(db.store.accept(&again).await.unwrap(), [duplicate, new]);
    assert_eq!(db.store.accept(&[]).await.unwrap(), []);
    assert_eq!(db.store.accept(std::slice::from_ref(&first)).await.unwrap(), [duplicate], "the very same one");
    assert_eq!(db.store.jobs(100).await.unwrap().len(), 5, "a job for each new one");
    let mut tx = db.store.read(tenant).await.unwrap();
    assert_eq!(tx.delivery(first.delivery.id).await.unwrap(), Some(first.delivery));
    assert_eq!(tx.delivery(again[0].delivery.id).await.unwrap(), None);
}

async fn a_large_batch_is_accepted_at_once(db: &TestDb) {
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    let mut batch: Vec<_> = (0..1_100).map(|n| sample::delivery(&db.chance, tenant, &(n / 2).to_string())).collect();
    for (n, item) in batch.iter_mut().enumerate() {
        let unique_key = (n < 4).then(|| "one at a time".to_owned());
        item.job = Some(NewJob { unique_key, ..sample::job(&db.chance) });
    }
    let accepted = db.store.accept(&batch).await.unwrap();
    for (n, accepted) in accepted.iter().enumerate() {
        assert_eq!(*accepted, if n % 2 == 0 { Accepted::New } else { Accepted::Duplicate }, "{n}");
    }
    // Two new ones share a unique key.
    assert_eq!(db.store.stats().await.unwrap().jobs.get("waiting"), Some(&549));
}

async fn the_jobs_of_a_batch_keep_its_order(db: &TestDb) {
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    let mut batch: Vec<_> = (0..300).map(|n| sample::delivery(&db.chance, tenant, &n.to_string())).collect();
    for item in &mut batch {
        item.job_id = db.chance.id();
        item.job = Some(sample::job(&db.chance).in_order("k"));
    }
    batch.sort_by_key(|item| std::cmp::Reverse(item.job_id));
    db.store.accept(&batch).await.unwrap();
    let queued: Vec<(String,)> = db.rows("SELECT id FROM jobs ORDER BY seq").await;
    let expected: Vec<_> = batch.iter().map(|item| (item.job_id.to_string(),)).collect();
    assert_eq!(queued, expected);
}

async fn a_batch_is_accepted_wholly_or_not_at_all(db: &TestDb) {
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    let fine = sample::delivery(&db.chance, tenant, "a");
    let mut homeless = sample::delivery(&db.chance, tenant, "b");
    homeless.delivery.tenant = None;
    assert!(db.store.accept(&[fine.clone(), homeless]).await.is_err());
    let unknown = sample::delivery(&db.chance, db.chance.id(), "c");
    assert!(db.store.accept(&[fine.clone(), unknown]).await.is_err());
    assert_eq!(db.store.read(tenant).await.unwrap().delivery(fine.delivery.id).await.unwrap(), None);
    assert!(db.store.jobs(10).await.unwrap().is_empty());
    assert_eq!(db.store.accept(&[fine]).await.unwrap(), [Accepted::New]);
}

async fn the_same_delivery_in_two_processes_is_accepted_once(db: &TestDb) {
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    let other = db.another().await;
    let accepting = [db.store.clone(), other.clone(), db.store.clone(), other.clone()].map(|store| {
        let delivery = sample::delivery(&db.chance, tenant, "a");
        tokio::spawn(async move { store.accept(&[delivery]).await.unwrap().remove(0) })
    });
    let mut new = 0;
    for accepted in accepting {
        new += usize::from(accepted.await.unwrap() == Accepted::New);
    }
    assert_eq!(new, 1);
    assert_eq!(db.store.jobs(10).await.unwrap().len(), 1);
    other.close().await;
}

async fn a_delivery_nobody_owns_is_kept_for_inspection(db: &TestDb) {
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    let mut odd = sample::delivery(&db.chance, tenant, "a");
    odd.delivery.tenant = None;
    odd.job = None;
    odd.outcome = Some("unreadable: no team".to_owned());
    let again = docket::store::NewDelivery {
        delivery: docket::domain::delivery::Delivery { id: db.chance.id(), ..odd.delivery.clone() },
        ..odd.clone()
    };
    assert_eq!(db.store.accept(&[odd.clone(), again]).await.unwrap(), [Accepted::New, Accepted::Duplicate]);
    assert_eq!(db.store.read(tenant).await.unwrap().delivery(odd.delivery.id).await.unwrap(), None);
    assert!(db.store.jobs(10).await.unwrap().is_empty());
}

async fn a_delivery_is_handled_once(db: &TestDb) {
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    let (waiting, mut answered) =
        (sample::delivery(&db.chance, tenant, "a"), sample::delivery(&db.chance, tenant, "b"));
    answered.job = None;
    answered.outcome = Some("answered".to_owned());
    db.store.accept(&[waiting.clone(), answered.clone()]).await.unwrap();
    let (waiting, answered) = (waiting.delivery.id, answered.delivery.id);
    let mut tx = db.store.write(tenant).await.unwrap();
    assert!(!tx.is_handled(waiting).await.unwrap());
    assert!(tx.is_handled(answered).await.unwrap());
    assert!(!tx.is_handled(db.chance.id()).await.unwrap());
    assert!(!tx.finish_delivery(answered, "again", db.chance.now()).await.unwrap());
    assert!(tx.finish_delivery(waiting, "proposed", db.chance.now()).await.unwrap());
    assert!(!tx.finish_delivery(waiting, "again", db.chance.now()).await.unwrap());
    assert!(tx.is_handled(waiting).await.unwrap());
}

async fn answers_are_counted_when_sent(db: &TestDb) {
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    let mut answer = sample::answer(&db.chance);
    let delivery = answer.delivery.unwrap();
    let mut tx = db.store.write(tenant).await.unwrap();
    tx.insert_answer(&answer).await.unwrap();
    assert_eq!(tx.answer(answer.id).await.unwrap().as_ref(), Some(&answer));
    assert_eq!(tx.answer(db.chance.id()).await.unwrap(), None);
    assert_eq!(tx.answers_sent_for(delivery).await.unwrap(), 0);
    answer.sent_at = Some(db.chance.now());
    tx.set_answer_sent(answer.id, db.chance.now()).await.unwrap();
    // Nobody needs its words any more, and somebody may want what they quote forgotten.
    answer.message = Message::text("");
    assert_eq!(tx.answer(answer.id).await.unwrap(), Some(answer));
    assert_eq!(tx.answers_sent_for(delivery).await.unwrap(), 1);
    assert_eq!(tx.answers_sent_for(db.chance.id()).await.unwrap(), 0);
}

fn said(db: &TestDb, words: &str) -> Entry {
    let content = EntryContent::Said { by: "you".to_owned(), words: words.to_owned() };
    Entry { id: db.chance.id(), seq: 0, at: db.chance.now(), reader: None, content }
}

async fn the_conversation_goes_on_where_the_reader_stopped(db: &TestDb) {
    let (tenant, ana) = sample::tenant(&db.store, &db.chance).await;
    let mut tx = db.store.write(tenant).await.unwrap();
    let mut lines: Vec<_> = ["one", "two", "three"].map(|words| said(db, words)).into();
    for line in &lines {
        tx.append_entry(line).await.unwrap();
    }
    let stored = tx.entries(ana, 0, 10).await.unwrap();
    assert!(stored.is_sorted_by(|a, b| a.seq < b.seq) && stored[0].seq > 0);
    for (line, stored) in lines.iter_mut().zip(&stored) {
        line.seq = stored.seq;
    }
    assert_eq!(stored, lines);
    assert_eq!(tx.entries(ana, lines[0].seq, 1).await.unwrap(), lines[1..2]);
    assert_eq!(tx.entries(ana, lines[2].seq, 9).await.unwrap(), []);
    assert_eq!(tx.latest_entries(ana, 2).await.unwrap(), lines[1..]);
}

async fn what_one_member_is_told_no_other_reads(db: &TestDb) {
    let (tenant, ana) = sample::tenant(&db.store, &db.chance).await;
    let ben: MemberId = db.chance.id();
    let mut tx = db.store.write(tenant).await.unwrap();
    for (reader, words) in [(None, "to all"), (Some(ana), "to Ana"), (Some(ben), "to Ben"), (None, "to all again")] {
        tx.append_entry(&Entry { reader, ..said(db, words) }).await.unwrap();
    }
    let words = |entries: Vec<Entry>| {
        let words = |entry: Entry| match entry.content {
            EntryContent::Said { words, .. } => words,
            other => panic!("{other:?}"),
        };
        entries.into_iter().map(words).collect::<Vec<_>>()
    };
    assert_eq!(words(tx.entries(ana, 0, 9).await.unwrap()), ["to all", "to Ana", "to all again"]);
    assert_eq!(words(tx.entries(ben, 0, 9).await.unwrap()), ["to all", "to Ben", "to all again"]);
    assert_eq!(words(tx.latest_entries(ben, 2).await.unwrap()), ["to Ben", "to all again"]);
    assert_eq!(words(tx.latest_entries(db.chance.id(), 9).await.unwrap()), ["to all", "to all again"]);
}

async fn readers_of_the_conversation_miss_no_line(db: &TestDb) {
    const LINES: usize = 40;
    let (tenant, ana) = sample::tenant(&db.store, &db.chance).await;
    let writers: Vec<_> = (0..4)
        .map(|_| {
            let (store, lines) = (db.store.clone(), [(); LINES / 4].map(|()| said(db, "line")));
            tokio::spawn(async move {
                for line in lines {
                    let mut tx = store.write(tenant).await.unwrap();
                    tx.append_entry(&line).await.unwrap();
                    tokio::task::yield_now().await;
                    tx.commit().await.unwrap();
                }
            })
        })
        .collect();
    let mut seen = Vec::new();
    while seen.len() < LINES {
        let after = seen.last().copied().unwrap_or(0);
        let is_over = writers.iter().all(tokio::task::JoinHandle::is_finished);
        let lines = db.store.read(tenant).await.unwrap().entries(ana, after, 100).await.unwrap();
        seen.extend(lines.iter().map(|line| line.seq));
        assert!(!is_over || !lines.is_empty(), "missed some: {seen:?}");
    }
    for writer in writers {
        writer.await.unwrap();
    }
}

async fn the_audit_trail_only_grows(db: &TestDb) {
    let (tenant, ana) = sample::tenant(&db.store, &db.chance).await;
    let entry = |action: &str, subject: &str| AuditEntry {
        id: db.chance.id(),
        at: db.chance.now(),
        actor: Some(ana),
        action: action.to_owned(),
        subject: subject.to_owned(),
        venue: Some(sample::channel("C1")),
        before: json!(null),
        after: json!({"state": "applied", "steps": [0, 1]}),
    };
    let entries = [entry("patch.proposed", "pat_1"), entry("patch.applied", "pat_1"), entry("patch.applied", "pat_2")];
    let mut tx = db.store.write(tenant).await.unwrap();
    for entry in &entries {
        tx.record(entry).await.unwrap();
    }
    tx.commit().await.unwrap();
    let mut tx = db.store.read(tenant).await.unwrap();
    assert_eq!(tx.audit_of("pat_1", 9).await.unwrap(), [entries[1].clone(), entries[0].clone()]);
    assert_eq!(tx.audit_of("pat_1", 1).await.unwrap(), [entries[1].clone()]);
    drop(tx);

    for sql in ["UPDATE audit SET actor = NULL", "DELETE FROM audit", "DELETE FROM audit WHERE subject = 'pat_2'"] {
        let error = db.raw(sql).await.expect_err(sql);
        assert!(error.to_string().contains("append-only"), "{sql}: {error}");
    }
    assert_eq!(db.store.read(tenant).await.unwrap().audit_of("pat_2", 9).await.unwrap().len(), 1);

    // Only where a tenant leaves does its trail go, and still nothing of it is changed.
    let (other, _) = sample::tenant(&db.store, &db.chance).await;
    let mut tx = db.store.write(other).await.unwrap();
    tx.record(&entry("patch.proposed", "pat_3")).await.unwrap();
    assert!(tx.begin_leaving().await.unwrap());
    tx.commit().await.unwrap();
    for sql in ["UPDATE audit SET actor = NULL", "DELETE FROM audit", "DELETE FROM audit WHERE subject = 'pat_2'"] {
        let error = db.raw(sql).await.expect_err(sql);
        assert!(error.to_string().contains("append-only"), "{sql}: {error}");
    }
    assert_eq!(db.raw("DELETE FROM audit WHERE subject = 'pat_3'").await.unwrap(), 1);
}
