//! Reminders are stored as they were set, in the order they come, and belong to their tenant.

use std::time::Duration;

use docket::{
    clock::Chance,
    domain::{
        ids::{MemberId, ProjectId, TenantId},
        reminder::Reminder,
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
    reminders_come_in_their_order_and_are_gone_once_removed,
}

/// When the one of [`fill`] is due: long after whatever else a test does.
pub(crate) const WHEN: Timestamp = Timestamp::from_millis(START.as_millis() + 300 * 86_400_000);

fn reminder(chance: &Chance, member: MemberId, task: Option<(ProjectId, TaskNumber)>) -> Reminder {
    Reminder {
        id: chance.id(),
        member,
        to: sample::identity("U1"),
        task,
        words: "look at the logs".to_owned(),
        at: WHEN,
        created_at: START,
    }
}

pub(crate) async fn fill(db: &TestDb, tx: &mut Tx, member: MemberId, project: ProjectId) -> Reminder {
    let reminder = reminder(&db.chance, member, Some((project, TaskNumber(1))));
    tx.insert_reminder(&reminder).await.unwrap();
    reminder
}

/// Whether this tenant sees what `fill` wrote.
pub(crate) async fn sees(tx: &mut Tx, reminder: &Reminder) -> Vec<(&'static str, bool)> {
    vec![
        ("reminders", tx.reminder(reminder.id).await.unwrap().as_ref() == Some(reminder)),
        ("reminders", tx.reminders_of(reminder.member).await.unwrap() == [reminder.clone()]),
        ("reminders", tx.reminders().await.unwrap() == [(reminder.id, reminder.at)]),
    ]
}

/// What would refer to a row of another tenant is refused.
pub(crate) async fn meddle_by_reference(db: &TestDb, intruder: TenantId, of: &Reminder) {
    let mut tx = db.store.write(intruder).await.unwrap();
    assert!(tx.insert_reminder(&reminder(&db.chance, of.member, None)).await.is_err());
    drop(tx);
    let own = sample::member(&db.chance, "Own");
    let mut tx = db.store.write(intruder).await.unwrap();
    tx.put_member(&own, &sample::identity("U77")).await.unwrap();
    assert!(tx.insert_reminder(&reminder(&db.chance, own.id, of.task)).await.is_err());
}

async fn reminders_come_in_their_order_and_are_gone_once_removed(db: &TestDb) {
    let (tenant, member) = sample::tenant(&db.store, &db.chance).await;
    let mut tx = db.store.write(tenant).await.unwrap();
    let later = reminder(&db.chance, member, None);
    let sooner = Reminder { at: START.plus(Duration::from_hours(1)), ..reminder(&db.chance, member, None) };
    for reminder in [&later, &sooner] {
        tx.insert_reminder(reminder).await.unwrap();
    }
    assert_eq!(tx.reminders_of(member).await.unwrap(), [sooner.clone(), later.clone()]);
    assert_eq!(tx.reminders().await.unwrap(), [(sooner.id, sooner.at), (later.id, later.at)]);
    assert!(tx.remove_reminder(sooner.id).await.unwrap());
    assert!(!tx.remove_reminder(sooner.id).await.unwrap());
    assert_eq!(tx.reminder(sooner.id).await.unwrap(), None);
    assert_eq!(tx.reminders_of(member).await.unwrap(), [later]);
}
