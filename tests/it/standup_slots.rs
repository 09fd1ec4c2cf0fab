//! Scheduled digests are posted at the right instant, once, whatever clocks, processes and Slack do.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc, Weekday};
use docket::{
    app::App,
    clock::Chance,
    domain::{
        digest::{Digest, DigestState},
        ids::MemberId,
        member::Surface,
        schedule::{Missed, Pause, Recurrence, Schedule},
        time::Timestamp,
    },
    shutdown::Shutdown,
    standups::schedule::{replan_all, take_due},
    store::Store,
};
use tokio::task::JoinHandle;

use crate::{
    store_schedules,
    support::{
        app::{TestApp, words},
        clock::START,
        db::{TestDb, for_each_db, on_postgres},
        fake_slack::{BOT, Fault},
        sample,
    },
};

for_each_db! {
    a_slot_is_posted_when_it_comes_and_the_next_one_follows,
    each_day_has_one_slot_where_clocks_are_changed,
    what_was_missed_is_made_up_for_once_or_left_out,
    a_clock_that_steps_back_posts_nothing_again,
    what_is_due_is_taken_once_by_several_at_once,
    slack_may_ask_to_wait_and_what_is_posted_is_edited,
    what_is_posted_already_and_says_the_same_is_not_edited,
    what_is_missing_in_a_thread_hours_later_is_not_posted_any_more,
    a_channel_that_is_shut_pauses_the_schedule_and_its_author_is_told_once,
    a_connection_that_is_broken_is_waited_for_but_not_for_ever,
    a_digest_that_never_could_be_posted_says_so,
    slots_are_reckoned_anew_at_the_start,
    the_console_gets_its_digest_too,
}

const POST: &str = "chat.postMessage";

/// Every day at half past eleven in Paris; [`START`] is one hour before, on a Friday.
fn daily(docket: &TestApp<'_>, by: MemberId) -> Schedule {
    let days = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];
    Schedule {
        when: Recurrence::Weekly {
            days: days.to_vec(),
            at: NaiveTime::from_hms_opt(11, 30, 0).unwrap(),
            every: 1,
            from: NaiveDate::from_ymd_opt(2026, 1, 1).unwrap(),
        },
        next_run_at: Some(first()),
        ..store_schedules::schedule(&docket.db.chance, by)
    }
}

/// The first slot.
fn first() -> Timestamp {
    START.plus(Duration::from_mins(30))
}

const DAY: Duration = Duration::from_hours(24);

/// Stores a schedule of Ana's, whom Slack knows as U1, as `change` makes it.
async fn set(docket: &TestApp<'_>, change: impl FnOnce(Schedule) -> Schedule) -> Schedule {
    let mut tx = docket.db.store.write(docket.app.tenant).await.unwrap();
    let ana = if let Some(ana) = tx.member_by_identity(&sample::identity("U1")).await.unwrap() {
        ana
    } else {
        let ana = sample::member(&docket.db.chance, "Ana");
        tx.put_member(&ana, &sample::identity("U1")).await.unwrap();
        ana
    };
    let schedule = change(daily(docket, ana.id));
    tx.insert_schedule(&schedule).await.unwrap();
    tx.commit().await.unwrap();
    schedule
}

/// Takes what is due, and posts it; says how many slots were taken.
async fn tick(docket: &TestApp<'_>) -> usize {
    let taken = take_due(&docket.db.store, &docket.db.chance).await.unwrap();
    docket.run_jobs().await;
    taken
}

async fn tick_at(docket: &TestApp<'_>, at: Timestamp) -> usize {
    docket.db.clock.set(at);
    tick(docket).await
}

async fn newest(docket: &TestApp<'_>, schedule: &Schedule) -> Option<Digest> {
    docket.db.store.read(docket.app.tenant).await.unwrap().newest_digest(schedule.id).await.unwrap()
}

async fn stored(docket: &TestApp<'_>, schedule: &Schedule) -> Schedule {
    docket.db.store.read(docket.app.tenant).await.unwrap().schedule(schedule.id).await.unwrap().unwrap()
}

/// What everybody sees in the channel, without what is in threads.
fn posts(docket: &TestApp<'_>) -> Vec<String> {
    let shown = docket.slack.messages("C1").into_iter().filter(|message| message.thread.is_none());
    shown.map(|message| words(&message.payload)).collect()
}

async fn a_slot_is_posted_when_it_comes_and_the_next_one_follows(db: &TestDb) {
    let docket = TestApp::start(db).await;
    let schedule = set(&docket, |schedule| schedule).await;
    assert_eq!(tick_at(&docket, first().minus(Duration::from_millis(1))).await, 0);
    assert_eq!(posts(&docket), [""; 0]);
    assert_eq!(tick_at(&docket, first()).await, 1);
    let said = posts(&docket);
    assert!(said.len() == 1 && !said[0].contains("late"), "{said:?}");
    let digest = newest(&docket, &schedule).await.unwrap();
    assert_eq!((digest.slot, digest.state, digest.posted_at), (first(), DigestState::Posted, Some(first())));
    assert!(digest.message.is_some());
    assert_eq!(stored(&docket, &schedule).await.next_run_at, Some(first().plus(DAY)));
    assert_eq!((tick(&docket).await, posts(&docket).len()), (0, 1));
    assert_eq!(docket.slack.problems(), [""; 0]);
}

fn at(text: &str) -> Timestamp {
    Timestamp::from_millis(text.parse::<DateTime<Utc>>().unwrap().timestamp_millis())
}

async fn each_day_has_one_slot_where_clocks_are_changed(db: &TestDb) {
    let (tenant, member) = sample::tenant(&db.store, &db.chance).await;
    for (zone, local, slots) in [
        // The clocks leave out 02:00–03:00.
        (
            chrono_tz::America::New_York,
            "02:30:00",
            ["2026-03-07T07:30:00Z", "2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z"],
        ),
        // They show 01:00–02:00 twice.
        (
            chrono_tz::America::New_York,
            "01:30:00",
            ["2026-10-31T05:30:00Z", "2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"],
        ),
        // By half an hour: they show 01:30–02:00 twice, and leave out 02:00–02:30.
        (
            chrono_tz::Australia::Lord_Howe,
            "01:45:00",
            ["2026-04-03T14:45:00Z", "2026-04-04T14:45:00Z", "2026-04-05T15:15:00Z"],
        ),
        (
            chrono_tz::Australia::Lord_Howe,
            "02:15:00",
            ["2026-10-02T15:45:00Z", "2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"],
        ),
        // Around Ramadan.
        (
            chrono_tz::Africa::Casablanca,
            "02:30:00",
            ["2026-02-14T01:30:00Z", "2026-02-15T01:30:00Z", "2026-02-16T02:30:00Z"],
        ),
        (
            chrono_tz::Africa::Casablanca,
            "02:30:00",
            ["2026-03-21T02:30:00Z", "2026-03-22T02:00:00Z", "2026-03-23T01:30:00Z"],
        ),
        // There was no 30 December.
        (
            chrono_tz::Pacific::Apia,
            "10:00:00",
            ["2011-12-29T20:00:00Z", "2011-12-30T20:00:00Z", "2011-12-31T20:00:00Z"],
        ),
    ] {
        let days = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];
        let from = NaiveDate::from_ymd_opt(2000, 1, 1).unwrap();
        let when = Recurrence::Weekly { days: days.to_vec(), at: local.parse().unwrap(), every: 1, from };
        let schedule = Schedule { when, zone, next_run_at: None, ..store_schedules::schedule(&db.chance, member) };
        let before = at(slots[0]).minus(Duration::from_hours(1));
        db.clock.set(before);
        let mut tx = db.store.write(tenant).await.unwrap();
        tx.insert_schedule(&schedule).await.unwrap();
        tx.commit().await.unwrap();
        replan_all(&db.store, &db.chance).await.unwrap();
        let mut found = Vec::new();
        for _ in slots {
            let next = db.store.next_slot().await.unwrap().unwrap();
            db.clock.set(next.minus(Duration::from_millis(1)));
            assert_eq!(take_due(&db.store, &db.chance).await.unwrap(), 0);
            db.clock.set(next);
            assert_eq!(take_due(&db.store, &db.chance).await.unwrap(), 1);
            let digest = db.store.read(tenant).await.unwrap().newest_digest(schedule.id).await.unwrap().unwrap();
            assert_eq!(digest.state, DigestState::Due);
            found.push(digest.slot);
        }
        assert_eq!(found, slots.map(at), "{zone} {local}");
        let mut tx = db.store.write(tenant).await.unwrap();
        tx.remove_schedule(schedule.id).await.unwrap();
        tx.commit().await.unwrap();
    }
}

async fn what_was_missed_is_made_up_for_once_or_left_out(db: &TestDb) {
    let docket = TestApp::start(db).await;
    let late = set(&docket, |schedule| schedule).await;
    let never = set(&docket, |schedule| Schedule { missed: Missed::Skip, ..schedule }).await;
    // Docket was away for three days and 90 minutes: of the four slots only the last one is made up for.
    let last = first().plus(DAY * 3);
    assert_eq!(tick_at(&docket, last.plus(Duration::from_mins(90))).await, 2);
    let (made_up, left_out) = (newest(&docket, &late).await.unwrap(), newest(&docket, &never).await.unwrap());
    assert_eq!((made_up.slot, made_up.state), (last, DigestState::Posted));
    assert_eq!(left_out.state, DigestState::Skipped);
    assert_eq!(left_out.why.as_deref(), Some("Docket was not running on Fri 20 Nov 11:30, Europe/Paris."));
    let said = posts(&docket);
    assert!(said.len() == 1 && said[0].to_lowercase().contains("late"), "{said:?}");
    for schedule in [&late, &never] {
        assert_eq!(stored(&docket, schedule).await.next_run_at, Some(last.plus(DAY)));
    }
    // More than two hours are too many.
    assert_eq!(tick_at(&docket, last.plus(DAY).plus(Duration::from_mins(121))).await, 2);
    assert_eq!(newest(&docket, &late).await.unwrap().state, DigestState::Skipped);
    assert_eq!(posts(&docket).len(), 1);
}

async fn a_clock_that_steps_back_posts_nothing_again(db: &TestDb) {
    let docket = TestApp::start(db).await;
    let schedule = set(&docket, |schedule| schedule).await;
    assert_eq!(tick_at(&docket, first()).await, 1);
    // Back before the slot, also with a new start there, which reckons the same slot again.
    docket.db.clock.set(first().minus(Duration::from_hours(1)));
    assert_eq!(tick(&docket).await, 0);
    replan_all(&db.store, &db.chance).await.unwrap();
    assert_eq!(stored(&docket, &schedule).await.next_run_at, Some(first()));
    assert_eq!(tick_at(&docket, first()).await, 1);
    assert_eq!(posts(&docket).len(), 1);
    assert_eq!(stored(&docket, &schedule).await.next_run_at, Some(first().plus(DAY)));
    // Forward by a year: nothing but the newest.
    assert_eq!(tick_at(&docket, first().plus(DAY * 366)).await, 1);
    assert_eq!(newest(&docket, &schedule).await.unwrap().slot, first().plus(DAY * 366));
}

async fn what_is_due_is_taken_once_by_several_at_once(db: &TestDb) {
    let docket = TestApp::start(db).await;
    for _ in 0..20 {
        set(&docket, |schedule| schedule).await;
    }
    db.clock.set(first());
    let other = db.another().await;
    let tickers = [db.store.clone(), db.store.clone(), other.clone(), other.clone()].map(|store| {
        let chance = db.chance.clone();
        tokio::spawn(async move { take_due(&store, &chance).await.unwrap() })
    });
    let mut taken = 0;
    for ticker in tickers {
        taken += ticker.await.unwrap();
    }
    assert_eq!(taken, 20);
    docket.run_jobs().await;
    assert_eq!(posts(&docket).len(), 20);
    other.close().await;
}

async fn slack_may_ask_to_wait_and_what_is_posted_is_edited(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slash("U1", "plan Build a user authentication flow").await;
    docket.click("U2", "patch.approve").await;
    docket.slash("U1", "start AUTH-1").await;
    let before = posts(&docket).len();
    let schedule = set(&docket, |schedule| schedule).await;
    docket.slack.fail_next(POST, Fault::RateLimited(30));
    assert_eq!(tick_at(&docket, first()).await, 1);
    assert_eq!(posts(&docket).len(), before);
    db.clock.advance(Duration::from_secs(30));
    // The message is posted, and Slack is busy again when its details come.
    docket.slack.fail_next(POST, Fault::Pass);
    docket.slack.fail_next(POST, Fault::RateLimited(30));
    docket.run_jobs().await;
    db.clock.advance(Duration::from_mins(10));
    docket.run_jobs().await;
    let digest = newest(&docket, &schedule).await.unwrap();
    assert_eq!(digest.state, DigestState::Posted, "{digest:?}");
    assert_eq!(posts(&docket).len(), before + 1);
    let main = digest.message.clone().unwrap();
    let shown = docket.slack.messages("C1");
    let in_thread = shown.iter().filter(|message| message.thread.as_deref() == Some(main.as_str())).count();
    assert_eq!(in_thread, digest.details.len(), "each detail once");
}

async fn what_is_posted_already_and_says_the_same_is_not_edited(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slash("U1", "plan Build a user authentication flow").await;
    docket.click("U2", "patch.approve").await;
    docket.slash("U1", "assign AUTH-1 to me").await;
    let schedule = set(&docket, |schedule| schedule).await;
    let edits = || docket.slack.calls().iter().filter(|(method, _)| method == "chat.update").count();
    let before = edits();
    // One message a second, as Slack takes them.
    docket.slack.fail_next(POST, Fault::Pass);
    docket.slack.fail_next(POST, Fault::RateLimited(1));
    assert_eq!(tick_at(&docket, first()).await, 1);
    let posted = newest(&docket, &schedule).await.unwrap();
    assert!(posted.message.is_some() && posted.details.is_empty());
    assert_eq!(posted.state, DigestState::Due);
    db.clock.advance(Duration::from_secs(1));
    docket.run_jobs().await;
    let digest = newest(&docket, &schedule).await.unwrap();
    assert_eq!((digest.state, &digest.message), (DigestState::Posted, &posted.message));
    assert!(!digest.details.is_empty());
    assert_eq!(edits(), before);
}

async fn what_is_missing_in_a_thread_hours_later_is_not_posted_any_more(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slash("U1", "plan Build a user authentication flow").await;
    docket.click("U2", "patch.approve").await;
    docket.slash("U1", "assign AUTH-1 to me").await;
    let schedule = set(&docket, |schedule| schedule).await;
    docket.slack.fail_next(POST, Fault::Pass);
    docket.slack.fail_next(POST, Fault::RateLimited(60));
    assert_eq!(tick_at(&docket, first()).await, 1);
    let posted = newest(&docket, &schedule).await.unwrap();
    assert!(posted.message.is_some() && posted.state == DigestState::Due, "{posted:?}");
    let before = docket.slack.messages("C1").len();
    db.clock.set(first().plus(Duration::from_hours(6) + Duration::from_secs(1)));
    docket.run_jobs().await;
    let left = newest(&docket, &schedule).await.unwrap();
    assert_eq!((left.state, &left.message, left.details.len()), (DigestState::Posted, &posted.message, 0));
    assert!(left.why.unwrap().contains("could not all be posted in time"));
    assert_eq!(docket.slack.messages("C1").len(), before);
    // Who it told of begins anew where it ended.
    let mut tx = db.store.read(docket.app.tenant).await.unwrap();
    let told = tx.told_until(schedule.id, first(), first().plus(DAY)).await.unwrap();
    assert!(told.values().all(|slot| *slot == first()) && !told.is_empty(), "{told:?}");
}

async fn a_channel_that_is_shut_pauses_the_schedule_and_its_author_is_told_once(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slack.add_channel("C7", &["U1"]);
    docket.slack.add_channel("C8", &["U1", BOT]);
    let mut schedules = Vec::new();
    for channel in ["C7", "C8", "C9"] {
        schedules.push(set(&docket, |schedule| Schedule { venue: sample::channel(channel), ..schedule }).await);
    }
    docket.slack.archive("C8");
    assert_eq!(tick_at(&docket, first()).await, 3);
    for (schedule, says) in
        schedules.iter().zip(["invite it with /invite", "the channel is archived", "can't see this channel"])
    {
        let digest = newest(&docket, schedule).await.unwrap();
        assert_eq!(digest.state, DigestState::Failed);
        assert!(digest.why.as_ref().unwrap().contains(says), "{digest:?}");
        let stored = stored(&docket, schedule).await;
        assert_eq!((stored.pause, stored.next_run_at), (Some(Pause::Open), None));
        let mut tx = docket.db.store.read(docket.app.tenant).await.unwrap();
        let trail = tx.audit_of(&schedule.id.to_string(), 9).await.unwrap();
        assert_eq!(
            trail.iter().map(|entry| (entry.action.as_str(), entry.actor)).collect::<Vec<_>>(),
            [("schedule.paused", None)]
        );
    }
    let told: Vec<String> = docket.slack.messages("D-U1").iter().map(|message| words(&message.payload)).collect();
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told.iter().all(|told| told.contains("It is paused now") && told.contains("standup resume")), "{told:?}");
    assert_eq!(tick_at(&docket, first().plus(DAY)).await, 0);
    assert_eq!(docket.slack.messages("D-U1").len(), 3);
}

async fn a_connection_that_is_broken_is_waited_for_but_not_for_ever(db: &TestDb) {
    let docket = TestApp::start(db).await;
    let schedule = set(&docket, |schedule| schedule).await;
    docket.slack.fail_next(POST, Fault::Refused("invalid_auth"));
    assert_eq!(tick_at(&docket, first()).await, 1);
    let waiting = newest(&docket, &schedule).await.unwrap();
    assert!(waiting.state == DigestState::Due && waiting.why.as_ref().unwrap().contains("token"), "{waiting:?}");
    assert_eq!(stored(&docket, &schedule).await.pause, None);
    db.clock.advance(Duration::from_mins(5));
    docket.run_jobs().await;
    let posted = newest(&docket, &schedule).await.unwrap();
    assert_eq!((posted.state, posted.why, posts(&docket).len()), (DigestState::Posted, None, 1));

    let next = first().plus(DAY * 3);
    docket.slack.fail_next(POST, Fault::Refused("token_revoked"));
    assert_eq!(tick_at(&docket, next).await, 1);
    db.clock.advance(Duration::from_mins(121));
    docket.run_jobs().await;
    let failed = newest(&docket, &schedule).await.unwrap();
    assert!(failed.state == DigestState::Failed && failed.why.as_ref().unwrap().contains("token"), "{failed:?}");
    assert_eq!(posts(&docket).len(), 1);
}

async fn a_digest_that_never_could_be_posted_says_so(db: &TestDb) {
    let docket = TestApp::start(db).await;
    let schedule = set(&docket, |schedule| Schedule { missed: Missed::Late(72), ..schedule }).await;
    for _ in 0..16 {
        docket.slack.fail_next(POST, Fault::Broken);
    }
    assert_eq!(tick_at(&docket, first()).await, 1);
    for _ in 0..16 {
        db.clock.advance(Duration::from_mins(10));
        docket.run_jobs().await;
    }
    let failed = newest(&docket, &schedule).await.unwrap();
    assert_eq!(failed.state, DigestState::Failed);
    assert!(failed.why.as_ref().unwrap().contains("ref "), "{failed:?}");
    assert_eq!(stored(&docket, &schedule).await.next_run_at, Some(first().plus(DAY)), "tomorrow it is tried again");
}

async fn slots_are_reckoned_anew_at_the_start(db: &TestDb) {
    let docket = TestApp::start(db).await;
    // As if another version of the zones had reckoned it.
    let wrong =
        set(&docket, |schedule| Schedule { next_run_at: Some(first().plus(Duration::from_hours(1))), ..schedule })
            .await;
    let due = set(&docket, |schedule| Schedule { next_run_at: Some(START), ..schedule }).await;
    let resting = set(&docket, |schedule| Schedule { pause: Some(Pause::Open), ..schedule }).await;
    replan_all(&db.store, &db.chance).await.unwrap();
    assert_eq!(stored(&docket, &wrong).await.next_run_at, Some(first()));
    assert_eq!(stored(&docket, &due).await.next_run_at, Some(START), "what has come is taken, not lost");
    assert_eq!(stored(&docket, &resting).await.next_run_at, None);
}

async fn the_console_gets_its_digest_too(db: &TestDb) {
    let docket = TestApp::start(db).await;
    let console = docket::domain::event::Venue {
        surface: Surface::Console,
        team: "local".to_owned(),
        channel: "console".to_owned(),
        thread: None,
    };
    let schedule = set(&docket, |schedule| Schedule { venue: console, ..schedule }).await;
    assert_eq!(tick_at(&docket, first()).await, 1);
    let digest = newest(&docket, &schedule).await.unwrap();
    assert_eq!(digest.state, DigestState::Posted);
    assert!(digest.message.is_some_and(|message| message.starts_with("ent_")));
    assert_eq!(posts(&docket), [""; 0]);
}

/// Two replicas race for a thousand slots, and one of them is gone in the middle of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_slots_are_a_thousand_posts_though_a_replica_dies() {
    on_postgres(a_thousand_slots).await;
}

async fn a_thousand_slots(db: &TestDb) {
    const SLOTS: usize = 1_000;
    let docket = TestApp::start(db).await;
    let schedule = set(&docket, |schedule| schedule).await;
    let mut tx = db.store.write(docket.app.tenant).await.unwrap();
    for _ in 1..SLOTS {
        tx.insert_schedule(&Schedule { id: db.chance.id(), ..schedule.clone() }).await.unwrap();
    }
    tx.commit().await.unwrap();
    db.clock.set(first());

    let other = db.another().await;
    let theirs = docket.another(other.clone()).await;
    docket.slack.hold_posts_after(300);
    let mine = Replica::start(&docket.app, &db.store, &db.chance);
    let doomed = Replica::start(&theirs, &other, &db.clock.chance(3));
    let held = docket.slack.held_posts().await;
    assert_eq!(docket.slack.messages("C1").len(), 300);
    // What it asks Slack for in this moment dies with it; its leases don't, for a minute.
    doomed.stop();
    let left = docket.slack.held_posts().await;
    assert!(0 < left && left < held, "{left} of {held} were asked for by the one that lives");
    docket.slack.release_posts();
    idle(&docket, SLOTS - (held - left)).await;
    db.clock.advance(Duration::from_secs(61));
    idle(&docket, SLOTS).await;
    assert_eq!(docket.slack.messages("C1").len(), SLOTS);
    assert!(db.store.stats().await.unwrap().jobs.is_empty());
    mine.stop();
    other.close().await;
}

/// Waits until so many messages are posted, and as long as more of them come.
async fn idle(docket: &TestApp<'_>, posts: usize) {
    let mut quiet = 0;
    for _ in 0..6_000 {
        let before = docket.slack.messages("C1").len();
        tokio::time::sleep(Duration::from_millis(20)).await;
        quiet = if before >= posts && docket.slack.messages("C1").len() == before { quiet + 1 } else { 0 };
        if quiet == 50 {
            return;
        }
    }
    panic!("{} of {posts} messages came", docket.slack.messages("C1").len());
}

/// What a process does that serves: keeps time, and works.
struct Replica(Vec<JoinHandle<()>>);

impl Replica {
    fn start(app: &App, store: &Store, chance: &Chance) -> Self {
        let (worker, store, chance) = (app.worker.clone(), store.clone(), chance.clone());
        let keeping_time = tokio::spawn(async move {
            loop {
                take_due(&store, &chance).await.unwrap();
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        Self(vec![keeping_time, tokio::spawn(worker.run(Shutdown::new()))])
    }

    /// Ends it where it stands.
    fn stop(self) {
        for task in self.0 {
            task.abort();
        }
    }
}
