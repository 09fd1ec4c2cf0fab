//! When members work and when nobody does is stored for its tenant, and one's own word counts for more than Slack's.

use chrono::{NaiveDate, NaiveTime, Weekday};
use docket::{
    domain::{
        availability::{Hours, Leave, OwnHours},
        calendar::{Calendar, Holiday, Origin},
        ids::{MemberId, TenantId},
        member::Member,
        schedule::Holidays,
    },
    store::Tx,
};

use crate::support::{
    clock::START,
    db::{TestDb, for_each_db},
    sample,
};

for_each_db! {
    somebody_works_as_everybody_until_they_say_otherwise,
    a_zone_of_ones_own_stays_whatever_the_profile_says,
    days_away_that_touch_become_one,
    a_calendar_is_read_anew_and_goes_with_its_days,
}

pub(crate) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn leave(from: &str, to: &str) -> Leave {
    Leave { from: day(from), to: day(to) }
}

fn own() -> OwnHours {
    let clock = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap();
    let hours = Hours { days: vec![Weekday::Mon, Weekday::Tue], from: clock(8), to: clock(16) };
    OwnHours { hours: Some(hours), zone: Some(chrono_tz::Asia::Tokyo) }
}

/// Hours, a leave and a calendar of this member.
pub(crate) async fn fill(db: &TestDb, tx: &mut Tx, member: MemberId) -> Calendar {
    tx.put_own_hours(member, &own()).await.unwrap();
    tx.put_leave(member, &leave("2026-12-24", "2027-01-02")).await.unwrap();
    let calendar = calendar(db, member, Origin::Country("FR".to_owned()));
    tx.put_calendar(&calendar).await.unwrap();
    let holiday = Holiday { day: day("2026-12-25"), name: "Noël".to_owned() };
    tx.set_holidays(calendar.id, &[holiday]).await.unwrap();
    calendar
}

fn calendar(db: &TestDb, by: MemberId, origin: Origin) -> Calendar {
    Calendar {
        id: db.chance.id(),
        origin,
        name: "France".to_owned(),
        by,
        waiting: None,
        added_at: START,
        read_at: Some(START),
        trouble: None,
    }
}

/// Whether this tenant sees what `fill` wrote, table by table.
pub(crate) async fn sees(tx: &mut Tx, calendar: &Calendar) -> Vec<(&'static str, bool)> {
    let members = tx.members().await.unwrap();
    let known = tx.availabilities(&members).await.unwrap();
    vec![
        ("work_hours", tx.own_hours(calendar.by).await.unwrap() == own()),
        ("work_hours", known.iter().any(|one| Some(&one.hours) == own().hours.as_ref())),
        ("leaves", tx.leaves(calendar.by).await.unwrap() == [leave("2026-12-24", "2027-01-02")]),
        ("leaves", known.iter().any(|one| !one.leaves.is_empty())),
        ("calendars", tx.calendars().await.unwrap() == [calendar.clone()]),
        ("calendars", tx.calendar(calendar.id).await.unwrap().is_some()),
        ("holidays", tx.holidays().await.unwrap() == Holidays::from([day("2026-12-25")])),
        ("holidays", tx.holidays_of(calendar.id).await.unwrap().len() == 1),
    ]
}

/// Tries to change what `fill` wrote; everything must miss.
pub(crate) async fn meddle(tx: &mut Tx, calendar: &Calendar) {
    tx.put_own_hours(calendar.by, &OwnHours::default()).await.unwrap();
    assert!(!tx.cancel_leave(calendar.by, day("2026-12-24")).await.unwrap());
    tx.set_holidays(calendar.id, &[]).await.unwrap();
    assert!(!tx.remove_calendar(calendar.id).await.unwrap());
}

/// What would refer to a row of another tenant is refused.
pub(crate) async fn meddle_by_reference(db: &TestDb, intruder: TenantId, calendar: &Calendar) {
    let mut tx = db.store.write(intruder).await.unwrap();
    assert!(tx.put_leave(calendar.by, &leave("2026-12-01", "2026-12-02")).await.is_err());
    drop(tx);
    let mut tx = db.store.write(intruder).await.unwrap();
    assert!(tx.put_calendar(calendar).await.is_err());
    drop(tx);
    let mut tx = db.store.write(intruder).await.unwrap();
    let forged = Holiday { day: day("2026-12-01"), name: "Forged".to_owned() };
    assert!(tx.set_holidays(calendar.id, &[forged]).await.is_err());
}

async fn somebody_works_as_everybody_until_they_say_otherwise(db: &TestDb) {
    let (tenant, member) = sample::tenant(&db.store, &db.chance).await;
    let mut tx = db.store.write(tenant).await.unwrap();
    let ana = tx.member(member).await.unwrap().unwrap();
    let plain = tx.availability(&ana).await.unwrap();
    assert_eq!((plain.hours.clone(), plain.zone.name()), (Hours::default(), ana.time_zone.as_str()));
    assert_eq!(plain.hours.to_string(), "Mon–Fri 09:00–17:00");
    fill(db, &mut tx, member).await;
    let ana = tx.member(member).await.unwrap().unwrap();
    let own_ones = tx.availability(&ana).await.unwrap();
    assert_eq!(own_ones.hours.to_string(), "Mon, Tue 08:00–16:00");
    assert_eq!(own_ones.zone, chrono_tz::Asia::Tokyo);
    assert!(own_ones.works_on(day("2026-12-22")) && !own_ones.works_on(day("2026-12-29")));
    assert_eq!(tx.availabilities(std::slice::from_ref(&ana)).await.unwrap(), [own_ones]);
    tx.put_own_hours(member, &OwnHours::default()).await.unwrap();
    assert_eq!(tx.availability(&ana).await.unwrap().hours, Hours::default());
}

async fn a_zone_of_ones_own_stays_whatever_the_profile_says(db: &TestDb) {
    let (tenant, member) = sample::tenant(&db.store, &db.chance).await;
    let mut tx = db.store.write(tenant).await.unwrap();
    let ana = tx.member(member).await.unwrap().unwrap();
    let before = ana.time_zone.clone();
    let told = |zone: &str| Member { time_zone: zone.to_owned(), ..ana.clone() };
    tx.put_member(&told("Europe/Rome"), &sample::identity("U1")).await.unwrap();
    assert_eq!(tx.member(member).await.unwrap().unwrap().time_zone, "Europe/Rome");
    tx.put_own_hours(member, &own()).await.unwrap();
    assert_eq!(tx.member(member).await.unwrap().unwrap().time_zone, "Asia/Tokyo");
    tx.put_member(&told("Europe/Paris"), &sample::identity("U1")).await.unwrap();
    assert_eq!(tx.member(member).await.unwrap().unwrap().time_zone, "Asia/Tokyo");
    tx.put_own_hours(member, &OwnHours { zone: Some(chrono_tz::Asia::Seoul), ..own() }).await.unwrap();
    tx.put_own_hours(member, &OwnHours { zone: None, ..own() }).await.unwrap();
    assert_eq!(tx.member(member).await.unwrap().unwrap().time_zone, "Europe/Rome", "as the profile last said");
    tx.put_member(&told(&before), &sample::identity("U1")).await.unwrap();
    assert_eq!(tx.member(member).await.unwrap().unwrap().time_zone, before);
}

async fn days_away_that_touch_become_one(db: &TestDb) {
    let (tenant, member) = sample::tenant(&db.store, &db.chance).await;
    let mut tx = db.store.write(tenant).await.unwrap();
    for (from, to) in [("2026-12-24", "2026-12-26"), ("2026-12-30", "2026-12-31"), ("2027-03-01", "2027-03-05")] {
        tx.put_leave(member, &leave(from, to)).await.unwrap();
    }
    let whole = tx.put_leave(member, &leave("2026-12-27", "2026-12-29")).await.unwrap();
    assert_eq!(whole, leave("2026-12-24", "2026-12-31"));
    assert_eq!(tx.leaves(member).await.unwrap(), [whole, leave("2027-03-01", "2027-03-05")]);
    assert!(tx.cancel_leave(member, day("2026-12-24")).await.unwrap());
    assert!(!tx.cancel_leave(member, day("2026-12-24")).await.unwrap());
    assert_eq!(tx.leaves(member).await.unwrap(), [leave("2027-03-01", "2027-03-05")]);
}

async fn a_calendar_is_read_anew_and_goes_with_its_days(db: &TestDb) {
    let (tenant, member) = sample::tenant(&db.store, &db.chance).await;
    let mut tx = db.store.write(tenant).await.unwrap();
    let country = fill(db, &mut tx, member).await;
    let mut feed = calendar(db, member, Origin::Feed("https://example.com/h.ics".to_owned()));
    feed.waiting = Some((sample::channel("C1"), sample::identity("U1")));
    tx.put_calendar(&feed).await.unwrap();
    let named = |at: &str, name: &str| Holiday { day: day(at), name: name.to_owned() };
    tx.set_holidays(feed.id, &[named("2026-12-25", "Closed"), named("2026-12-25", "Twice")]).await.unwrap();
    assert_eq!(tx.holidays_of(feed.id).await.unwrap(), [named("2026-12-25", "Closed")]);
    tx.set_holidays(feed.id, &[named("2026-12-31", "Closed")]).await.unwrap();
    assert_eq!(tx.holidays().await.unwrap(), Holidays::from([day("2026-12-25"), day("2026-12-31")]));
    let told = Calendar { waiting: None, trouble: Some("gone".to_owned()), ..feed.clone() };
    tx.put_calendar(&told).await.unwrap();
    let mut both = [country.clone(), told];
    both.sort_by_key(|calendar| calendar.id);
    assert_eq!(tx.calendars().await.unwrap(), both);
    let twice = calendar(db, member, Origin::Country("FR".to_owned()));
    assert!(tx.remove_calendar(feed.id).await.unwrap());
    assert_eq!(tx.holidays().await.unwrap(), Holidays::from([day("2026-12-25")]));
    assert!(tx.put_calendar(&twice).await.is_err(), "a country has one calendar");
}
