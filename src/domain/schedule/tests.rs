//! What happens on the clocks of places that change them, in tables and by laws.

use std::collections::BTreeSet;

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc, Weekday};
use chrono_tz::{TZ_VARIANTS, Tz};
use proptest::prelude::*;

use super::*;
use crate::domain::time::Timestamp;

fn utc(text: &str) -> Timestamp {
    Timestamp::from_millis(text.parse::<DateTime<Utc>>().unwrap().timestamp_millis())
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn time(text: &str) -> NaiveTime {
    text.parse().unwrap()
}

fn cron(text: &str) -> Recurrence {
    Recurrence::Cron(text.parse().unwrap_or_else(|problem| panic!("{text}: {problem}")))
}

fn daily(at: &str) -> Recurrence {
    weekly(&[Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun], at, 1)
}

fn weekly(days: &[Weekday], at: &str, every: u32) -> Recurrence {
    Recurrence::Weekly { days: days.to_vec(), at: time(at), every, from: day("2000-01-03") }
}

fn monthly(which: MonthDay, at: &str) -> Recurrence {
    Recurrence::Monthly { day: which, at: time(at) }
}

fn run(rule: &Recurrence, after: Timestamp, zone: Tz, holidays: &Holidays, count: usize) -> Vec<Timestamp> {
    let next = |at: &Timestamp| rule.next(*at, zone, holidays);
    std::iter::successors(next(&after), next).take(count).collect()
}

/// The next times, as the clock of the place shows them and with how far it is from UTC.
fn shown(rule: &Recurrence, after: &str, zone: Tz, count: usize) -> Vec<String> {
    let say = |at: &Timestamp| at.to_utc().with_timezone(&zone).format("%m-%d %H:%M%z").to_string();
    run(rule, utc(after), zone, &Holidays::new(), count).iter().map(say).collect()
}

#[test]
fn new_york_leaves_an_hour_out_in_march_and_has_one_twice_in_november() {
    let zone = chrono_tz::America::New_York;
    let (spring, autumn) = ("2026-03-07T12:00:00Z", "2026-10-31T12:00:00Z");
    for (rule, after, expected) in [
        (daily("02:30"), spring, ["03-08 03:00-0400", "03-09 02:30-0400", "03-10 02:30-0400"]),
        (cron("30 2 * * *"), spring, ["03-08 03:00-0400", "03-09 02:30-0400", "03-10 02:30-0400"]),
        (cron("0,30 2 * * *"), spring, ["03-08 03:00-0400", "03-09 02:00-0400", "03-09 02:30-0400"]),
        (cron("0 2,3 * * *"), spring, ["03-08 03:00-0400", "03-09 02:00-0400", "03-09 03:00-0400"]),
        (cron("*/30 2 * * *"), spring, ["03-09 02:00-0400", "03-09 02:30-0400", "03-10 02:00-0400"]),
        (daily("01:30"), autumn, ["11-01 01:30-0400", "11-02 01:30-0500", "11-03 01:30-0500"]),
        (cron("30 1 * * *"), autumn, ["11-01 01:30-0400", "11-02 01:30-0500", "11-03 01:30-0500"]),
        (cron("30 1 * * *"), "2026-11-01T06:00:00Z", ["11-02 01:30-0500", "11-03 01:30-0500", "11-04 01:30-0500"]),
        (cron("*/30 1 * * *"), "2026-11-01T05:00:00Z", ["11-01 01:30-0400", "11-01 01:00-0500", "11-01 01:30-0500"]),
        (cron("0 * * * *"), "2026-11-01T04:30:00Z", ["11-01 01:00-0400", "11-01 01:00-0500", "11-01 02:00-0500"]),
    ] {
        assert_eq!(shown(&rule, after, zone, 3), expected, "{}", rule.words());
    }
}

#[test]
fn lord_howe_shifts_by_half_an_hour() {
    let zone = chrono_tz::Australia::Lord_Howe;
    assert_eq!(
        shown(&daily("02:15"), "2026-10-02T16:00:00Z", zone, 3),
        ["10-04 02:30+1100", "10-05 02:15+1100", "10-06 02:15+1100"]
    );
    assert_eq!(
        shown(&daily("01:45"), "2026-04-03T16:00:00Z", zone, 3),
        ["04-05 01:45+1100", "04-06 01:45+1030", "04-07 01:45+1030"]
    );
    assert_eq!(
        shown(&cron("*/15 1 * * *"), "2026-04-04T14:31:00Z", zone, 3),
        ["04-05 01:45+1100", "04-05 01:30+1030", "04-05 01:45+1030"]
    );
}

#[test]
fn casablanca_puts_its_clocks_back_for_ramadan() {
    let zone = chrono_tz::Africa::Casablanca;
    // Ramadan 2026: back at 03:00 on 15 February, forward at 02:00 on 22 March.
    assert_eq!(shown(&daily("02:30"), "2026-02-14T12:00:00Z", zone, 2), ["02-15 02:30+0100", "02-16 02:30+0000"]);
    assert_eq!(shown(&daily("02:30"), "2026-03-21T12:00:00Z", zone, 2), ["03-22 03:00+0100", "03-23 02:30+0100"]);
}

#[test]
fn apia_never_had_the_thirtieth_of_december_2011() {
    let zone = chrono_tz::Pacific::Apia;
    let after = "2011-12-29T12:00:00Z";
    let expected = ["12-29 09:30-1000", "12-31 09:30+1400", "01-01 09:30+1400"];
    for rule in [daily("09:30"), cron("30 9 * * *")] {
        assert_eq!(shown(&rule, after, zone, 3), expected, "{}", rule.words());
    }
    // The midnight that ends the 29th begins the 31st.
    assert_eq!(shown(&daily("00:00"), "2011-12-29T12:00:00Z", zone, 2), ["12-31 00:00+1400", "01-01 00:00+1400"]);
    assert_eq!(shown(&cron("0 */12 * * *"), "2011-12-29T22:30:00Z", zone, 2), ["12-31 00:00+1400", "12-31 12:00+1400"]);
    assert!(!wall::exists(day("2011-12-30"), zone));
    // Without summer time since 2021, every day is as long as the others.
    assert_eq!(shown(&daily("02:30"), "2026-09-25T00:00:00Z", zone, 2), ["09-26 02:30+1300", "09-27 02:30+1300"]);
}

#[test]
fn a_gap_at_the_end_of_a_day_does_not_swallow_it() {
    // In Nuuk, the clocks go from 23:00 on a Saturday to Sunday.
    let zone = chrono_tz::America::Nuuk;
    assert_eq!(
        shown(&daily("23:30"), "2026-03-28T12:00:00Z", zone, 3),
        ["03-29 00:00-0100", "03-29 23:30-0100", "03-30 23:30-0100"]
    );
}

#[test]
fn rules_name_the_days_that_they_say() {
    use MonthDay::{FirstWorking, Last, LastOf, LastWorking, Nth, Number};
    let holidays = Holidays::from([day("2026-12-31"), day("2027-01-01")]);
    for (rule, expected) in [
        (weekly(&[Weekday::Mon, Weekday::Wed], "10:00", 1), ["11-30", "12-02", "12-07"]),
        // 3 January 2000 was a Monday; 1404 weeks later it is 30 November 2026.
        (weekly(&[Weekday::Tue], "10:00", 2), ["12-01", "12-15", "12-29"]),
        (weekly(&[Weekday::Tue], "10:00", 3), ["12-01", "12-22", "01-12"]),
        (monthly(Number(31), "10:00"), ["12-31", "01-31", "03-31"]),
        (monthly(Last, "10:00"), ["11-30", "12-31", "01-31"]),
        (monthly(FirstWorking, "10:00"), ["12-01", "01-04", "02-01"]),
        (monthly(LastWorking, "10:00"), ["11-30", "12-30", "01-29"]),
        (monthly(Nth(2, Weekday::Tue), "10:00"), ["12-08", "01-12", "02-09"]),
        (monthly(Nth(5, Weekday::Fri), "10:00"), ["01-29", "04-30", "07-30"]),
        (monthly(LastOf(Weekday::Fri), "10:00"), ["12-25", "01-29", "02-26"]),
        (cron("0 10 13 * fri"), ["12-04", "12-11", "12-13"]),
        (cron("0 10 */2 * mon"), ["12-07", "12-21", "01-11"]),
        (cron("0 10 29 2 *"), ["02-29", "02-29", "02-29"]),
        (cron("0 10 29 feb */3"), ["02-29", "02-29", "02-29"]),
        (cron("0 10 * * 0"), ["12-06", "12-13", "12-20"]),
        (cron("0 10 * * 7"), ["12-06", "12-13", "12-20"]),
        (cron("0 10 * * 5-7"), ["12-04", "12-05", "12-06"]),
        (cron("0 10 * * Fri-Sun"), ["12-04", "12-05", "12-06"]),
        (cron("0 10 * * 1-5/2"), ["11-30", "12-02", "12-04"]),
        (cron("0 10 1,15 JAN-MAR/2 *"), ["01-01", "01-15", "03-01"]),
    ] {
        let found = run(&rule, utc("2026-11-29T12:00:00Z"), chrono_tz::UTC, &holidays, 3);
        let found: Vec<_> = found.iter().map(|at| at.to_utc().format("%m-%d").to_string()).collect();
        assert_eq!(found, expected, "{}", rule.words());
    }
    assert_eq!(weekly(&[], "10:00", 1).next(utc("2026-11-29T12:00:00Z"), chrono_tz::UTC, &holidays), None);
}

#[test]
fn what_happens_once_happens_once_even_in_a_gap() {
    let rule = Recurrence::Once("2026-03-08T02:30:00".parse().unwrap());
    let zone = chrono_tz::America::New_York;
    assert_eq!(shown(&rule, "2026-03-07T12:00:00Z", zone, 3), ["03-08 03:00-0400"]);
}

#[test]
fn nothing_happens_before_its_first_day() {
    let rule = Recurrence::Weekly {
        days: vec![Weekday::Tue, Weekday::Thu],
        at: time("10:00"),
        every: 2,
        from: day("2026-12-03"),
    };
    assert_eq!(
        shown(&rule, "2026-11-01T00:00:00Z", chrono_tz::UTC, 3),
        ["12-03 10:00+0000", "12-15 10:00+0000", "12-17 10:00+0000"]
    );
}

#[test]
fn an_expression_that_is_wrong_or_never_happens_is_refused_in_words() {
    for (text, expected) in [
        ("", "This one has 0."),
        ("30 9 * *", "This one has 4."),
        ("0 30 9 * * 1-5", "This one has 6."),
        ("@daily", "This one has 1."),
        ("60 9 * * *", "\"60\" is no minute of a cron expression. It goes from 0 to 59"),
        ("0 24 * * *", "is no hour"),
        ("0 9 0 * *", "is no day of the month"),
        ("0 9 * 13 *", "is no month"),
        ("0 9 * * 8", "is no day of the week"),
        ("0 9 L * *", "L, W and # are not known"),
        ("0 9 15W * *", "L, W and # are not known"),
        ("0 9 * * 2#2", "L, W and # are not known"),
        ("0 9 ? * 1", "\"?\" is no day of the month"),
        ("5/15 9 * * *", "\"5/15\" is no minute"),
        ("*/0 9 * * *", "\"*/0\" is no minute"),
        ("*/99 9 * * *", "\"*/99\" is no minute"),
        ("9-5 9 * * *", "\"9-5\" is no minute"),
        (", 9 * * *", "\"\" is no minute"),
        ("+5 9 * * *", "\"+5\" is no minute"),
        ("1- 9 * * *", "is no minute"),
        ("0 9 * * mon-", "is no day of the week"),
        ("0 9 31 2 *", "\"0 9 31 2 *\" never happens"),
        ("0 9 30,31 feb *", "never happens"),
        ("0 9 31 2,4,6,9,11 *", "never happens"),
        ("0 9 30 2 */2", "never happens"),
        (&format!("{}0 9 * * *", "0,".repeat(100)), "at most 200 characters"),
    ] {
        let problem = text.parse::<Cron>().unwrap_err();
        assert!(problem.contains(expected), "{text}: {problem}");
    }
    // Together with a day of the week it does happen.
    "0 9 31 2 1".parse::<Cron>().unwrap();
    let stored = serde_json::to_string(&cron("30  9 * * 1-5")).unwrap();
    assert_eq!(stored, r#"{"cron":"30 9 * * 1-5"}"#);
    assert_eq!(serde_json::from_str::<Recurrence>(&stored).unwrap(), cron("30 9 * * 1-5"));
    assert!(serde_json::from_str::<Recurrence>(r#"{"cron":"0 9 31 2 *"}"#).is_err());
}

#[test]
fn an_expression_that_only_says_days_of_the_week_is_known_as_such() {
    let weekly = |text: &str| text.parse::<Cron>().unwrap().weekly();
    assert_eq!(weekly("30 9 * * 1-3"), Some((vec![Weekday::Mon, Weekday::Tue, Weekday::Wed], time("09:30"))));
    assert_eq!(weekly("0 8 * * 7").unwrap().0, [Weekday::Sun]);
    assert_eq!(weekly("0 8 * * *").unwrap().0.len(), 7);
    for other in ["0 8,9 * * 1", "*/30 8 * * 1", "0 8 1 * *", "0 8 1 * 1", "0 8 * 1 1", "0 8 */2 * 1"] {
        assert_eq!(weekly(other), None, "{other}");
    }
}

#[test]
fn rules_are_said_in_words() {
    use Weekday::{Fri, Mon, Sat, Sun, Thu, Tue, Wed};
    for (rule, expected) in [
        (weekly(&[Mon, Tue, Wed, Thu, Fri], "09:30", 1), "Mon–Fri at 09:30"),
        (daily("10:00"), "every day at 10:00"),
        (weekly(&[Wed, Mon], "09:00", 1), "Mon, Wed at 09:00"),
        (weekly(&[Mon, Tue, Wed, Sat, Sun], "09:00", 1), "Mon–Wed, Sat, Sun at 09:00"),
        (weekly(&[Tue], "10:00", 1), "every Tuesday at 10:00"),
        (weekly(&[Tue], "10:00", 2), "every second Tuesday at 10:00"),
        (weekly(&[Tue, Thu], "10:00", 2), "every second week on Tue, Thu at 10:00"),
        (weekly(&[Mon, Tue, Wed, Thu, Fri, Sat, Sun], "10:00", 3), "every 3 weeks on every day at 10:00"),
        (weekly(&[Fri], "15:00", 4), "every 4 weeks on Fri at 15:00"),
        (monthly(MonthDay::Number(22), "09:00"), "the 22nd of the month at 09:00"),
        (monthly(MonthDay::Number(11), "09:00"), "the 11th of the month at 09:00"),
        (monthly(MonthDay::LastWorking, "15:00"), "the last working day of the month at 15:00"),
        (monthly(MonthDay::Nth(2, Tue), "10:00"), "the second Tuesday of the month at 10:00"),
        (monthly(MonthDay::LastOf(Fri), "16:00"), "the last Friday of the month at 16:00"),
        (cron("0 9-17 * * 1-5"), "cron 0 9-17 * * 1-5"),
        (Recurrence::Once("2026-12-04T15:00:00".parse().unwrap()), "once on Fri 4 Dec 2026 at 15:00"),
    ] {
        assert_eq!(rule.words(), expected);
    }
}

/// The first instants of the days, within ten years, on which the clocks of a place change.
fn changes(zone: Tz) -> Vec<Timestamp> {
    const DAY: i64 = 86_400_000;
    let offset = |at: i64| wall::local(Timestamp::from_millis(at), zone).and_utc().timestamp_millis() - at;
    let (first, weeks) = (utc("2026-01-01T00:00:00Z").as_millis(), 522);
    let mut found = Vec::new();
    for week in 0..weeks {
        let (start, end) = (first + week * 7 * DAY, first + (week + 1) * 7 * DAY);
        if offset(start) != offset(end) {
            let change = (0..7).map(|day| start + day * DAY).find(|day| offset(*day) != offset(*day + DAY));
            found.extend(change.map(Timestamp::from_millis));
        }
    }
    found
}

/// What the clock of a place shows, every quarter of an hour around an instant, for five days.
fn film(around: Timestamp, zone: Tz) -> Vec<(Timestamp, NaiveDateTime)> {
    let quarter = 900_000;
    let start = around.as_millis() / quarter * quarter - 2 * 96 * quarter;
    let instants = (0..5 * 96).map(|n| Timestamp::from_millis(start + n * quarter));
    instants.map(|at| (at, wall::local(at, zone))).collect()
}

/// What the law says about fixed times, read off the film: the first instant at which the clock shows them or more.
fn lawful(film: &[(Timestamp, NaiveDateTime)], times: &[NaiveTime]) -> BTreeSet<Timestamp> {
    let days: BTreeSet<_> = film.iter().map(|(_, shown)| shown.date()).collect();
    let slots = days.iter().flat_map(|day| times.iter().map(|time| day.and_time(*time)));
    let inside = slots.filter(|slot| film.first().is_some_and(|(_, shown)| slot > shown));
    inside.filter_map(|slot| film.iter().find(|(_, shown)| *shown >= slot)).map(|(at, _)| *at).collect()
}

#[test]
fn fixed_times_happen_once_on_every_day_around_every_change_of_every_clock() {
    let rules = [
        (daily("02:30"), vec![time("02:30")]),
        (daily("00:00"), vec![time("00:00")]),
        (daily("23:45"), vec![time("23:45")]),
        (cron("0,30 0-3 * * *"), (0..8).map(|n| NaiveTime::from_hms_opt(n / 2, n % 2 * 30, 0).unwrap()).collect()),
    ];
    let mut changed = 0;
    for (index, zone) in TZ_VARIANTS.into_iter().enumerate() {
        let all = changes(zone);
        changed += usize::from(!all.is_empty());
        // One forward and one back, of other years for each zone; somewhere in between where there is none.
        let some: Vec<_> = if all.is_empty() {
            vec![utc("2026-03-01T00:00:00Z")]
        } else {
            all.iter().copied().cycle().skip(index % all.len()).take(2).collect()
        };
        for around in some {
            let film = film(around, zone);
            let (start, end) = (film[0].0, film[film.len() - 1].0);
            for (rule, times) in &rules {
                let found: Vec<_> = run(rule, start, zone, &Holidays::new(), 60).into_iter().collect();
                let found: BTreeSet<_> = found.into_iter().filter(|at| *at <= end).collect();
                assert_eq!(found, lawful(&film, times), "{zone} {around:?} {}", rule.words());
            }
        }
    }
    assert!(changed > 100, "only {changed} places change their clocks");
}

fn rules() -> impl Strategy<Value = Recurrence> {
    let times = (0_u32..24, 0_u32..60).prop_map(|(hour, minute)| NaiveTime::from_hms_opt(hour, minute, 0).unwrap());
    let weekdays = || (0_u8..7).prop_map(|n| Weekday::try_from(n).unwrap());
    let month_days = prop_oneof![
        (1_u32..=31).prop_map(MonthDay::Number),
        Just(MonthDay::Last),
        Just(MonthDay::FirstWorking),
        Just(MonthDay::LastWorking),
        (1_u32..=5, weekdays()).prop_map(|(count, day)| MonthDay::Nth(count, day)),
        weekdays().prop_map(MonthDay::LastOf),
    ];
    let weeks = (proptest::collection::vec(weekdays(), 1..4), times.clone(), 1_u32..5)
        .prop_map(|(days, at, every)| Recurrence::Weekly { days, at, every, from: day("2025-12-31") });
    let crons = prop_oneof![
        Just("* * * * *"),
        Just("*/20 * * * *"),
        Just("15,45 */3 * * *"),
        Just("30 0-23 * * *"),
        Just("0 2 13 * 5"),
        Just("5 1 */7 * 1-5"),
    ];
    prop_oneof![weeks, (month_days, times).prop_map(|(day, at)| Recurrence::Monthly { day, at }), crons.prop_map(cron),]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_rule_goes_forward_on_every_clock_and_keeps_to_its_days(
        rule in rules(), zone in 0..TZ_VARIANTS.len(), start in 0_i64..315_000_000,
    ) {
        let zone = TZ_VARIANTS[zone];
        let holidays = Holidays::from([day("2027-01-01"), day("2030-05-31")]);
        let mut before = Timestamp::from_millis((1_767_225_600 + start) * 1000);
        let mut days = BTreeSet::new();
        for _ in 0..5 {
            let at = rule.next(before, zone, &holidays).unwrap();
            prop_assert!(at > before, "{zone} {}: {at:?} is not after {before:?}", rule.words());
            // Just before it there was none, however the question is put.
            let asked = Timestamp::from_millis(i64::midpoint(before.as_millis(), at.as_millis()));
            prop_assert_eq!(rule.next(asked, zone, &holidays), Some(at), "{} {}", zone, rule.words());
            let shown = wall::local(at, zone);
            if let Recurrence::Weekly { at: time, .. } | Recurrence::Monthly { at: time, .. } = &rule {
                // In a gap it is later; where the gap ends a day, it is the next one.
                let is_late = shown.time() != *time;
                let earlier = shown - TimeDelta::minutes(1);
                prop_assert!(!is_late || wall::instants(earlier, zone).is_empty(), "{zone} {shown} {}", rule.words());
                let named = if shown.time() < *time { shown.date() - Days::new(1) } else { shown.date() };
                prop_assert!(rule.names(named, &holidays), "{zone} {shown} {}", rule.words());
                prop_assert!(days.insert(named), "{zone}: {named} twice: {}", rule.words());
            } else if let Recurrence::Cron(expression) = &rule && expression.is_wild() {
                prop_assert!(expression.times().contains(&shown.time()) && expression.names(shown.date()));
            }
            before = at;
        }
    }

    #[test]
    fn no_text_makes_an_expression_panic(text in "[0-9*/,LW#?a-z -]{0,30}|\\PC{0,20}") {
        if let Ok(cron) = text.parse::<Cron>() {
            prop_assert_eq!(cron.to_string().parse::<Cron>().unwrap(), cron);
        }
    }
}

#[test]
fn dates_at_the_end_of_time_are_no_trouble() {
    let zone = chrono_tz::Europe::Paris;
    for at in [i64::MIN, i64::MAX, -1, 0] {
        let _ = daily("09:30").next(Timestamp::from_millis(at), zone, &Holidays::new());
    }
    assert!(wall::first(NaiveDateTime::MAX, chrono_tz::Pacific::Apia).is_none_or(|at| at.as_millis() > 0));
}
