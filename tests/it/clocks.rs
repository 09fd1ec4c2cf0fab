//! The clock of the machine is set back or forward. What schedules do then is in `standup_slots`, what becomes of leases
//! in `store_jobs`.

use std::{collections::BTreeSet, time::Duration};

use crate::support::{
    app::{SECRET, TestApp},
    db::{TestDb, for_each_db},
    fake_slack::{BOT, SlackUser},
    sound,
};

for_each_db!(a_clock_that_is_set_back_or_forward_loses_and_repeats_nothing);

const HOUR: Duration = Duration::from_hours(1);

async fn a_clock_that_is_set_back_or_forward_loses_and_repeats_nothing(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slack.add_channel("CTWO", &["U1", BOT]);
    let elsewhere = SlackUser::new(&docket.slack, "U1", "CTWO", SECRET.into());

    // Taken right before the clock is set back: it waits until its time comes again, and holds up nobody elsewhere.
    let before = db.chance.now();
    docket.send(docket.user("U1").slash("plan Build the import of invoices", before)).await;
    db.clock.set(before.minus(HOUR * 2));
    docket.act(elsewhere.slash("plan Build the export of invoices", db.chance.now())).await;
    assert_eq!(docket.states().await, ["proposed"]);
    db.clock.set(before);
    docket.run_jobs().await;
    docket.click("U1", "patch.approve").await;
    assert_eq!(docket.states().await, ["proposed", "applied"]);

    // Taken right before it is set forward by more than a lease lasts and a proposal waits.
    docket.send(docket.user("U1").slash("plan Build the archive of invoices", db.chance.now())).await;
    db.clock.advance(HOUR * 24 * 365);
    docket.run_jobs().await;
    assert_eq!(docket.states().await, ["expired", "applied", "proposed"]);

    let cards = ["C1", "CTWO"].map(|channel| docket.slack.messages(channel).len());
    assert_eq!(cards, [2, 1], "each proposal has its one card");
    sound::database(db).await;
    sound::handled(db, &BTreeSet::new()).await;
}
