//! What is old is forgotten while everything goes on.

use std::time::Duration;

use docket::{
    domain::delivery::{Delivery, Source},
    ingest::intake::Intake,
    jobs::tidy::tidy,
    store::{Accepted, NewDelivery, behind_others},
};

use crate::support::{
    db::{TestDb, for_each_db},
    sample,
};

for_each_db!(what_comes_in_is_stored_while_much_is_forgotten_bit_by_bit);

/// Webhooks that were dealt with long ago: as many as are forgotten in sixty bits.
const OLD: i64 = 6_000;
/// How many requests are stored meanwhile at least; on a machine with time for it there is one for every second bit.
const MEANWHILE: usize = 5;

/// Stores webhooks that were dealt with when they came, more than a week ago.
async fn store_old_ones(db: &TestDb) {
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    let webhooks = (0..OLD).map(|nth| {
        let NewDelivery { delivery, job_id, .. } = sample::delivery(&db.chance, tenant, &format!("old {nth}"));
        let delivery = Delivery { source: Source::GitHub, ..delivery };
        NewDelivery { delivery, job: None, job_id, outcome: Some("recorded".to_owned()) }
    });
    db.store.accept(&webhooks.collect::<Vec<_>>()).await.unwrap();
    assert_eq!(db.count("deliveries WHERE source = 'github' AND handled_at IS NOT NULL").await, OLD);
    db.clock.advance(Duration::from_hours(8 * 24));
}

async fn what_comes_in_is_stored_while_much_is_forgotten_bit_by_bit(db: &TestDb) {
    store_old_ones(db).await;
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    let intake = Intake::start(db.store.clone());
    let (store, chance) = (db.store.clone(), db.chance.clone());
    let tidying = tokio::spawn(behind_others(async move { tidy(&store, &chance).await.unwrap() }));
    let (mut stored, mut meanwhile) = (0, 0);
    while !tidying.is_finished() {
        let request = sample::delivery(&db.chance, tenant, &format!("new {stored}"));
        assert_eq!(intake.accept(request).await.unwrap(), Accepted::New);
        stored += 1;
        let left = db.count("deliveries WHERE source = 'github'").await;
        meanwhile += usize::from(0 < left && left < OLD);
    }
    assert_eq!(tidying.await.unwrap().webhooks, OLD.unsigned_abs());
    assert_eq!(db.count("deliveries WHERE source = 'github'").await, 0);
    assert_eq!(db.count("deliveries WHERE source = 'slack.command'").await, stored);
    assert!(meanwhile >= MEANWHILE, "{meanwhile} of {stored} requests were stored between the first bit and the last");
}
