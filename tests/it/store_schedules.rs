//! Schedules and digests are stored as they were set, each slot is taken once, and they belong to their tenant.

use std::{collections::BTreeSet, time::Duration};

use chrono::{NaiveDate, NaiveTime, Weekday};
use docket::{
    clock::Chance,
    domain::{
        digest::{Digest, DigestState, Draft, Says},
        event::Venue,
        ids::{MemberId, TenantId},
        schedule::{DigestKind, Missed, Pause, Recurrence, Schedule},
    },
    store::Tx,
};

use crate::support::{
    clock::START,
    db::{TestDb, for_each_db},
    sample,
};

for_each_db! {
    a_schedule_is_stored_as_it_was_set_and_changed,
    a_slot_is_taken_once_and_has_one_digest,
    schedules_that_are_due_come_by_their_slots,
    a_tenant_that_leaves_gets_no_digest,
}

/// A standup on Mondays at half past nine, whose slot is [`START`].
pub(crate) fn schedule(chance: &Chance, by: MemberId) -> Schedule {
    Schedule {
        id: chance.id(),
        kind: DigestKind::Standup,
        venue: sample::channel("C1"),
        projects: Vec::new(),
        when: Recurrence::Weekly {
            days: vec![Weekday::Mon],
            at: NaiveTime::from_hms_opt(9, 30, 0).unwrap(),
            every: 1,
            from: day(23),
        },
        zone: chrono_tz::Europe::Paris,
        missed: Missed::Late(2),
        pause: None,
        skipped: BTreeSet::new(),
        has_drafts: false,
        by,
        created_at: START,
        next_run_at: Some(START),
    }
}

fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, day).unwrap()
}

/// The digest of its slot.
pub(crate) fn digest(chance: &Chance, schedule: &Schedule) -> Digest {
    let asked_for = Digest::asked_for(chance.id(), schedule.kind, &schedule.venue, START);
    Digest { schedule: Some(schedule.id), projects: schedule.projects.clone(), ..asked_for }
}

/// The draft of somebody's part in that digest.
fn draft(schedule: &Schedule, member: MemberId) -> Draft {
    Draft {
        schedule: schedule.id,
        slot: START,
        member,
        offered: None,
        shown: vec!["task AUTH-1".to_owned()],
        says: Says::default(),
        created_at: START,
    }
}

/// A schedule with the digest of its slot, which is posted and told of somebody, whose draft it was.
pub(crate) struct Planned {
    schedule: Schedule,
    digest: Digest,
    draft: Draft,
}

pub(crate) async fn fill(db: &TestDb, tx: &mut Tx, member: MemberId) -> Planned {
    let schedule = schedule(&db.chance, member);
    tx.insert_schedule(&schedule).await.unwrap();
    let mut digest = digest(&db.chance, &schedule);
    assert!(tx.insert_digest(&digest).await.unwrap());
    digest.state = DigestState::Posted;
    digest.message = Some("1.0".to_owned());
    tx.update_digest(&digest).await.unwrap();
    tx.put_told(digest.id, &[member]).await.unwrap();
    let mut draft = draft(&schedule, member);
    assert!(tx.insert_draft(&draft).await.unwrap());
    let offered = ("D1".to_owned(), "2.0".to_owned());
    tx.set_offered((schedule.id, START, member), &offered, &draft.shown).await.unwrap();
    draft.offered = Some(offered);
    draft.says.added.push("Talked to legal".to_owned());
    tx.set_says(&draft).await.unwrap();
    Planned { schedule, digest, draft }
}

/// Whether this tenant sees what `fill` wrote, table by table.
pub(crate) async fn sees(tx: &mut Tx, planned: &Planned) -> Vec<(&'static str, bool)> {
    let Planned { schedule, digest, draft } = planned;
    let after = START.plus(Duration::from_millis(1));
    vec![
        ("schedules", tx.schedule(schedule.id).await.unwrap().as_ref() == Some(schedule)),
        ("schedules", tx.schedules().await.unwrap() == [schedule.clone()]),
        ("schedules", tx.schedules_of(&sample::thread("C1", "1.0")).await.unwrap() == [schedule.clone()]),
        ("digests", tx.digest(digest.id).await.unwrap().as_ref() == Some(digest)),
        ("digests", tx.last_digest(schedule.id, after).await.unwrap().is_some()),
        ("digests", tx.newest_digest(schedule.id).await.unwrap().is_some()),
        ("digest_people", tx.told_until(schedule.id, START, after).await.unwrap() == [(draft.member, START)].into()),
        ("drafts", tx.draft(schedule.id, START, draft.member).await.unwrap().as_ref() == Some(draft)),
        ("drafts", tx.drafts_of(draft.member).await.unwrap() == [draft.clone()]),
        ("drafts", tx.draft_at(draft.member, "D1", "2.0").await.unwrap().as_ref() == Some(draft)),
        ("drafts", tx.says(schedule.id, START).await.unwrap() == [(draft.member, draft.says.clone())].into()),
    ]
}

/// Tries to change what `fill` wrote; everything must miss.
pub(crate) async fn meddle(tx: &mut Tx, planned: &Planned) {
    let Planned { schedule, digest, draft } = planned;
    assert!(tx.lock_schedule(schedule.id).await.unwrap().is_none());
    assert!(!tx.update_schedule(&Schedule { has_drafts: true, ..schedule.clone() }).await.unwrap());
    assert!(!tx.take_slot(schedule.id, START, None).await.unwrap());
    assert!(!tx.remove_schedule(schedule.id).await.unwrap());
    tx.update_digest(&Digest { message: Some("forged".to_owned()), ..digest.clone() }).await.unwrap();
    tx.put_told(digest.id, &[]).await.unwrap();
    let (forged, of) = (("D9".to_owned(), "9.0".to_owned()), (schedule.id, START, draft.member));
    assert!(tx.lock_draft(schedule.id, START, draft.member).await.unwrap().is_none());
    tx.set_offered(of, &forged, &[]).await.unwrap();
    tx.set_says(&Draft { says: Says::default(), ..draft.clone() }).await.unwrap();
}

/// What would refer to a row of another tenant is refused.
pub(crate) async fn meddle_by_reference(db: &TestDb, intruder: TenantId, member: MemberId) {
    let mut tx = db.store.write(intruder).await.unwrap();
    let schedule = schedule(&db.chance, member);
    assert!(tx.insert_schedule(&schedule).await.is_err());
    drop(tx);
    let mut tx = db.store.write(intruder).await.unwrap();
    assert!(tx.insert_draft(&draft(&schedule, member)).await.is_err());
}

async fn a_schedule_is_stored_as_it_was_set_and_changed(db: &TestDb) {
    let (tenant, member) = sample::tenant(&db.store, &db.chance).await;
    let mut tx = db.store.write(tenant).await.unwrap();
    let mut one = schedule(&db.chance, member);
    tx.insert_schedule(&one).await.unwrap();
    assert_eq!(tx.schedule(one.id).await.unwrap(), Some(one.clone()));
    for (when, pause, missed) in [
        (Recurrence::Cron("30 9 * * 1-5".parse().unwrap()), Some(Pause::Open), Missed::Skip),
        (Recurrence::Once(day(30).and_hms_opt(9, 30, 0).unwrap()), Some(Pause::Until(day(30))), Missed::Late(48)),
    ] {
        one = Schedule {
            projects: vec![db.chance.id()],
            zone: chrono_tz::Australia::Lord_Howe,
            skipped: BTreeSet::from([day(24), day(25)]),
            has_drafts: true,
            next_run_at: None,
            when,
            pause,
            missed,
            ..one
        };
        assert!(tx.update_schedule(&one).await.unwrap());
        assert_eq!(tx.schedule(one.id).await.unwrap(), Some(one.clone()));
    }
    let created_at = START.plus(Duration::from_secs(1));
    let elsewhere = Schedule { id: db.chance.id(), venue: sample::channel("C2"), created_at, ..one.clone() };
    tx.insert_schedule(&elsewhere).await.unwrap();
    assert_eq!(tx.schedules_of(&sample::channel("C1")).await.unwrap(), [one.clone()]);
    assert_eq!(tx.schedules().await.unwrap(), [one.clone(), elsewhere]);
    assert!(tx.remove_schedule(one.id).await.unwrap());
    assert!(!tx.update_schedule(&one).await.unwrap());
    assert_eq!(tx.schedules_of(&sample::channel("C1")).await.unwrap(), []);
    tx.commit().await.unwrap();
    assert_eq!(db.store.tenants_with_schedules().await.unwrap(), [tenant]);
}

async fn a_slot_is_taken_once_and_has_one_digest(db: &TestDb) {
    let (tenant, member) = sample::tenant(&db.store, &db.chance).await;
    let mut tx = db.store.write(tenant).await.unwrap();
    let one = schedule(&db.chance, member);
    tx.insert_schedule(&one).await.unwrap();
    let next = START.plus(Duration::from_hours(24));
    assert!(tx.take_slot(one.id, START, Some(next)).await.unwrap());
    assert!(!tx.take_slot(one.id, START, Some(next)).await.unwrap());

    let first = digest(&db.chance, &one);
    assert!(tx.insert_digest(&first).await.unwrap());
    assert!(!tx.insert_digest(&digest(&db.chance, &one)).await.unwrap(), "a clock that stepped back posts nothing");
    let asked = Digest { schedule: None, by: Some(member), ..digest(&db.chance, &one) };
    assert!(tx.insert_digest(&asked).await.unwrap());
    assert!(
        tx.insert_digest(&Digest { id: db.chance.id(), ..asked }).await.unwrap(),
        "people ask as often as they like"
    );

    assert_eq!(tx.last_digest(one.id, next).await.unwrap(), None, "it is not posted yet");
    assert_eq!(tx.newest_digest(one.id).await.unwrap(), Some(first.clone()));
    let posted = Digest {
        state: DigestState::Posted,
        message: Some("1.0".to_owned()),
        details: vec!["1.1".to_owned(), "1.2".to_owned()],
        shown: Some("abc".to_owned()),
        posted_at: Some(START),
        ..first
    };
    tx.update_digest(&posted).await.unwrap();
    let failed =
        Digest { slot: next, state: DigestState::Failed, why: Some("archived".to_owned()), ..digest(&db.chance, &one) };
    assert!(tx.insert_digest(&failed).await.unwrap());
    assert_eq!(tx.last_digest(one.id, next).await.unwrap(), Some(posted.clone()));
    assert_eq!(tx.last_digest(one.id, START).await.unwrap(), None);
    assert_eq!(tx.newest_digest(one.id).await.unwrap(), Some(failed));
    assert_eq!(tx.digest(posted.id).await.unwrap(), Some(posted));
}

async fn schedules_that_are_due_come_by_their_slots(db: &TestDb) {
    assert_eq!(db.store.next_slot().await.unwrap(), None);
    let mut ids = Vec::new();
    for minutes in [3, 1, 2] {
        let (tenant, member) = sample::tenant(&db.store, &db.chance).await;
        let mut tx = db.store.write(tenant).await.unwrap();
        let at = START.plus(Duration::from_mins(minutes));
        let one = Schedule { next_run_at: Some(at), ..schedule(&db.chance, member) };
        tx.insert_schedule(&one).await.unwrap();
        let resting = Schedule { id: db.chance.id(), next_run_at: None, pause: Some(Pause::Open), ..one.clone() };
        tx.insert_schedule(&resting).await.unwrap();
        tx.commit().await.unwrap();
        ids.push((tenant, one.id));
    }
    let (venue, first) = (sample::channel("C1"), START.plus(Duration::from_mins(1)));
    assert_eq!(db.store.next_slot().await.unwrap(), Some(first));
    assert_eq!(db.store.due_schedules(START, 9).await.unwrap(), []);
    assert_eq!(db.store.due_schedules(first, 9).await.unwrap(), [ids[1]]);
    let all = START.plus(Duration::from_hours(1));
    assert_eq!(db.store.due_schedules(all, 9).await.unwrap(), [ids[1], ids[2], ids[0]]);
    assert_eq!(db.store.due_schedules(all, 1).await.unwrap(), [ids[1]]);
    let mut tx = db.store.read(ids[0].0).await.unwrap();
    assert_eq!(tx.schedules_of(&Venue { channel: "C2".to_owned(), ..venue }).await.unwrap(), []);
}

async fn a_tenant_that_leaves_gets_no_digest(db: &TestDb) {
    let (tenant, member) = sample::tenant(&db.store, &db.chance).await;
    let mut tx = db.store.write(tenant).await.unwrap();
    tx.insert_schedule(&schedule(&db.chance, member)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(db.store.due_schedules(START, 9).await.unwrap().len(), 1);
    let mut tx = db.store.write(tenant).await.unwrap();
    assert!(tx.begin_leaving().await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(db.store.due_schedules(START, 9).await.unwrap(), []);
    assert_eq!(db.store.next_slot().await.unwrap(), None);
}
