use chrono::{NaiveDate, NaiveDateTime, NaiveTime, Weekday};
use chrono_tz::Tz;
use proptest::prelude::*;

use super::*;
use crate::{
    domain::{
        availability::{HoursWish, Leave},
        schedule::{Moment, MonthDay, Recurrence},
    },
    error::UserError,
};

/// A Sunday.
fn today() -> NaiveDate {
    day_of("2026-11-29")
}

fn day_of(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn time(text: &str) -> NaiveTime {
    text.parse().unwrap()
}

fn weekly(days: &[Weekday], at: &str, every: u32, from: &str) -> Recurrence {
    Recurrence::Weekly { days: days.to_vec(), at: time(at), every, from: day_of(from) }
}

fn monthly(day: MonthDay, at: &str) -> Recurrence {
    Recurrence::Monthly { day, at: time(at) }
}

fn read(text: &str) -> (Recurrence, Option<Tz>, String) {
    schedule(text, today()).unwrap_or_else(|UserError(words)| panic!("{text}: {words}"))
}

#[test]
fn schedules_are_read_as_people_say_them() {
    use Weekday::{Fri, Mon, Sat, Sun, Thu, Tue, Wed};
    const WORKING: &[Weekday] = &[Mon, Tue, Wed, Thu, Fri];
    let paris = Some(chrono_tz::Europe::Paris);
    let york = Some(chrono_tz::America::New_York);
    let week = |days: &[Weekday], at: &str| weekly(days, at, 1, "2026-11-29");
    for (text, rule, zone) in [
        ("at 9:30 weekdays Europe/Paris", week(WORKING, "09:30"), paris),
        ("weekdays 9:30", week(WORKING, "09:30"), None),
        ("9:30 on weekdays in Paris", week(WORKING, "09:30"), paris),
        ("Mon, Wed 9am", week(&[Mon, Wed], "09:00"), None),
        ("Mon,Wed and Fri at 9 am europe/paris", week(&[Mon, Wed, Fri], "09:00"), paris),
        ("Mon–Thu at 16.30", week(&[Mon, Tue, Wed, Thu], "16:30"), None),
        ("Monday to Thursday 4:30pm New York", week(&[Mon, Tue, Wed, Thu], "16:30"), york),
        ("Sat-Mon 10:00", week(&[Mon, Sat, Sun], "10:00"), None),
        ("every day at 10", week(&[Mon, Tue, Wed, Thu, Fri, Sat, Sun], "10:00"), None),
        ("daily noon UTC", week(&[Mon, Tue, Wed, Thu, Fri, Sat, Sun], "12:00"), Some(Tz::UTC)),
        ("every weekday 9h15", week(WORKING, "09:15"), None),
        ("every working day at 12am", week(WORKING, "00:00"), None),
        ("weekends 12pm", week(&[Sat, Sun], "12:00"), None),
        ("Tuesdays at 10", week(&[Tue], "10:00"), None),
        ("Friday at 15:00", week(&[Fri], "15:00"), None),
        ("at Friday 15:00", week(&[Fri], "15:00"), None),
        ("weekly on Friday at 15:00", week(&[Fri], "15:00"), None),
        ("every week on Tue, Thu at 8", week(&[Tue, Thu], "08:00"), None),
        ("every second Tuesday at 10", weekly(&[Tue], "10:00", 2, "2026-12-01"), None),
        ("every other Tuesday at 10 from 8 Dec", weekly(&[Tue], "10:00", 2, "2026-12-08"), None),
        ("every 2 weeks on Friday 15:00", weekly(&[Fri], "15:00", 2, "2026-12-04"), None),
        ("every second week on Mon, Wed at 9:00", weekly(&[Mon, Wed], "09:00", 2, "2026-11-30"), None),
        ("every 3 weeks on Sunday at 9", weekly(&[Sun], "09:00", 3, "2026-11-29"), None),
        ("every 2 weeks on weekdays at 9", weekly(WORKING, "09:00", 2, "2026-11-30"), None),
        (
            "every 34 weeks on every day at 8",
            weekly(&[Mon, Tue, Wed, Thu, Fri, Sat, Sun], "08:00", 34, "2026-11-29"),
            None,
        ),
        ("last working day of the month at 15:00", monthly(MonthDay::LastWorking, "15:00"), None),
        ("the first working day of every month 9:00 Paris", monthly(MonthDay::FirstWorking, "09:00"), paris),
        ("1st of the month 9:00", monthly(MonthDay::Number(1), "09:00"), None),
        ("every month on the 15th at 9", monthly(MonthDay::Number(15), "09:00"), None),
        ("last day of the month at noon", monthly(MonthDay::Last, "12:00"), None),
        ("first Monday of the month 9:30", monthly(MonthDay::Nth(1, Mon), "09:30"), None),
        ("every second Tuesday of the month at 10", monthly(MonthDay::Nth(2, Tue), "10:00"), None),
        ("at 16:00 on the last Friday of each month", monthly(MonthDay::LastOf(Fri), "16:00"), None),
        ("cron 30 9 * * 1-5 America/New_York", week(WORKING, "09:30"), york),
        ("30 9 * * 1-5", week(WORKING, "09:30"), None),
        ("`0 9-17 * * MON-FRI`", Recurrence::Cron("0 9-17 * * MON-FRI".parse().unwrap()), None),
        ("cron 0 9 1 1 *", Recurrence::Cron("0 9 1 1 *".parse().unwrap()), None),
        ("once on 4 Dec at 15:00", Recurrence::Once("2026-12-04T15:00:00".parse().unwrap()), None),
        ("weekdays 9:30 Buenos Aires", week(WORKING, "09:30"), Some(chrono_tz::America::Argentina::Buenos_Aires)),
        ("weekdays 9:30 ho chi minh", week(WORKING, "09:30"), Some(chrono_tz::Asia::Ho_Chi_Minh)),
        ("weekdays 9:30 asia/calcutta", week(WORKING, "09:30"), Some(chrono_tz::Asia::Calcutta)),
    ] {
        assert_eq!(read(text), (rule, zone, String::new()), "{text}");
    }
}

#[test]
fn what_says_nothing_of_when_is_left() {
    for (text, rest) in [
        ("weekdays 9:30 for AUTH and BILL", "for AUTH and BILL"),
        ("weekdays 9:30 Paris with drafts", "with drafts"),
        ("at 9:30 weekdays, missed late 4", "missed late 4"),
        ("30 9 * * 1-5 UTC for AUTH", "for AUTH"),
        ("Mon 9:00, Wed 10:00", "Wed 10:00"),
        ("30 9 * * 1-5 at 10:00", "at 10:00"),
    ] {
        assert_eq!(read(text).2, rest, "{text}");
    }
}

#[test]
fn what_is_wrong_with_a_schedule_is_said_with_an_example() {
    for (text, expected) in [
        ("", "I can't read “” as a schedule. For example: weekdays 9:30 Europe/Paris"),
        ("soon", "I can't read “soon” as a schedule"),
        ("at 9:30", "Say on which days at 09:30."),
        ("weekdays", "Say at what time of the day. For example"),
        ("weekdays soonish", "Say at what time of the day. I can't read “soonish” as one."),
        ("weekdays 25:00", "I can't read “25:00” as a time of the day. Say 9:30"),
        ("weekdays 9:75", "I can't read “9:75”"),
        ("weekdays 13pm", "I can't read “13pm”"),
        ("weekdays at 24", "I can't read “24”"),
        ("weekdays 9:30 Europe/Pariss", "There is no time zone “Europe/Pariss”. Did you mean Europe/Paris?"),
        ("weekdays 9:30 Asia/Tokio", "Did you mean Asia/Tokyo?"),
        ("weekdays 9:30 Pariss", "There is no time zone “Pariss”. Did you mean Europe/Paris?"),
        ("weekdays 9:30 Mars/Base", "There is no time zone “Mars/Base”. Name one such as Europe/Paris"),
        ("weekdays 9:30 PST", "PST means different clocks in different places"),
        ("weekdays 9:30 EST", "Name a city, such as New York"),
        ("every banana at 9", "I can't read “every banana at 9” as days"),
        ("every 2 weeks at 9", "Say on which day, such as every 2 weeks on Friday at 15:00"),
        ("every 99 weeks on Friday at 9", "I count from 1 to 52 weeks"),
        ("every 6th Tuesday at 9", "as days"),
        ("once on Nevember 3 at 9", "as a day"),
        ("monthly on whenever 9:00", "as a day of the month"),
        ("cron 0 9 31 2 *", "\"0 9 31 2 *\" never happens"),
        ("cron 30 9 * *", "five fields"),
        ("cron 0 9 L * *", "last working day of the month"),
    ] {
        match schedule(text, today()) {
            Err(UserError(words)) => assert!(words.contains(expected), "{text}: {words}"),
            Ok(found) => panic!("{text}: {found:?}"),
        }
    }
}

#[test]
fn days_are_read_from_the_first_to_the_last() {
    for (text, from, to) in [
        ("tomorrow", "2026-11-30", "2026-11-30"),
        ("today", "2026-11-29", "2026-11-29"),
        ("on 24 Dec", "2026-12-24", "2026-12-24"),
        ("24 Dec – 2 Jan", "2026-12-24", "2027-01-02"),
        ("24 Dec-2 Jan", "2026-12-24", "2027-01-02"),
        ("24 Dec - 2 Jan", "2026-12-24", "2027-01-02"),
        ("from 24 Dec to 2 Jan", "2026-12-24", "2027-01-02"),
        ("24 – 28 Dec", "2026-12-24", "2026-12-28"),
        ("24-28 Dec 2026", "2026-12-24", "2026-12-28"),
        ("2026-12-24 - 2027-01-02", "2026-12-24", "2027-01-02"),
        ("2026-12-24", "2026-12-24", "2026-12-24"),
        ("2026-12-24-2027-01-02", "2026-12-24", "2027-01-02"),
        ("Mon to Wed", "2026-11-30", "2026-12-02"),
        ("Thu 24 Dec until Sat 2 Jan", "2026-12-24", "2027-01-02"),
        ("until Tuesday", "2026-11-29", "2026-11-30"),
        ("through Tuesday", "2026-11-29", "2026-12-01"),
        ("this week", "2026-11-29", "2026-11-29"),
        ("next week", "2026-11-30", "2026-12-06"),
        ("for 3 days", "2026-11-29", "2026-12-01"),
        ("for a week", "2026-11-29", "2026-12-05"),
        ("24 Dec for 2 weeks", "2026-12-24", "2027-01-06"),
        ("tomorrow for three days", "2026-11-30", "2026-12-02"),
    ] {
        let expected = Leave { from: day_of(from), to: day_of(to) };
        assert_eq!(days(text, today()), Ok(expected), "{text}");
    }
    for (text, expected) in [
        ("", "I can't read “” as days. Say tomorrow, 24 Dec"),
        ("soon", "I can't read “soon” as days"),
        ("31 Feb", "I can't read"),
        ("24 Dec – 31 Feb", "I can't read"),
        ("2026-12-24 to 2026-12-20", "end before they begin: Thu 24 Dec 2026 – Sun 20 Dec 2026"),
        ("2026-11-01 to 2026-11-10", "These days are over: they ended on Tue 10 Nov 2026"),
        ("for 900 days", "more than 366 days"),
        ("for 0 days", "I can't read"),
        ("Mon 24 Dec", "I can't read"),
        ("until today", "end before they begin"),
    ] {
        let UserError(words) = days(text, today()).unwrap_err();
        assert!(words.contains(expected), "{text}: {words}");
    }
}

#[test]
fn one_day_is_read_with_until_or_without() {
    for (text, expected) in
        [("until Monday", "2026-11-30"), ("tomorrow", "2026-11-30"), ("by 24 Dec", "2026-12-24"), ("fri", "2026-12-04")]
    {
        assert_eq!(day(text, today()), Ok(day_of(expected)), "{text}");
    }
    let UserError(words) = day("whenever", today()).unwrap_err();
    assert_eq!(words, "I can't read “whenever” as a day. Say tomorrow, friday, 24 Dec or 2026-12-24.");
}

#[test]
fn moments_are_read_and_what_follows_them_is_left() {
    let on = |text: &str| Moment::On(text.parse::<NaiveDateTime>().unwrap());
    let minutes = |count| Moment::In(std::time::Duration::from_mins(count));
    for (text, expected, rest) in [
        ("tomorrow 10:00", on("2026-11-30T10:00:00"), ""),
        ("tomorrow 10:00 ask Ben", on("2026-11-30T10:00:00"), "ask Ben"),
        ("in 2 hours", minutes(120), ""),
        ("in an hour look at CI", minutes(60), "look at CI"),
        ("in 90 min", minutes(90), ""),
        ("Friday 9am", on("2026-12-04T09:00:00"), ""),
        ("9am on Friday call", on("2026-12-04T09:00:00"), "call"),
        ("24 Dec 15:00", on("2026-12-24T15:00:00"), ""),
        ("24 Dec", on("2026-12-24T09:00:00"), ""),
        ("in 3 days", on("2026-12-02T09:00:00"), ""),
        ("in 3 days at 14:00 again", on("2026-12-02T14:00:00"), "again"),
        ("at 17:30", Moment::At(time("17:30")), ""),
        ("at 5 pm go", Moment::At(time("17:00")), "go"),
    ] {
        assert_eq!(moment(text, today()), Ok((expected, rest.to_owned())), "{text}");
    }
    for (text, expected) in [
        ("", "I can't read “” as a moment. Say tomorrow 10:00"),
        ("whenever", "as a moment"),
        ("tomorrow 25:00", "as a time of the day"),
        ("in 0 hours", "not ahead at all"),
        ("in 99999 hours", "more than a year ahead"),
        ("in 99999999999999999999 hours", "as a moment"),
    ] {
        let UserError(words) = moment(text, today()).unwrap_err();
        assert!(words.contains(expected), "{text}: {words}");
    }
}

#[test]
fn working_hours_are_read_as_far_as_they_are_said() {
    use Weekday::{Fri, Mon, Thu, Tue, Wed};
    let paris = Some(chrono_tz::Europe::Paris);
    let span = |from: &str, to: &str| Some((time(from), time(to)));
    for (text, days, hours_said, zone) in [
        ("Mon-Thu 9-17 Europe/Paris", Some(vec![Mon, Tue, Wed, Thu]), span("09:00", "17:00"), paris),
        ("Mon-Thu, 9-17, Europe/Paris", Some(vec![Mon, Tue, Wed, Thu]), span("09:00", "17:00"), paris),
        ("9:00 – 17:30", None, span("09:00", "17:30"), None),
        ("8am to 4pm on Mon, Tue and Fri", Some(vec![Mon, Tue, Fri]), span("08:00", "16:00"), None),
        ("weekdays", Some(vec![Mon, Tue, Wed, Thu, Fri]), None, None),
        ("in Paris", None, None, paris),
    ] {
        assert_eq!(hours(text), Ok(HoursWish { days, span: hours_said, zone }), "{text}");
    }
    for (text, expected) in [
        ("", "Say days, hours and a time zone"),
        ("17-9", "Working hours end after they began"),
        ("Mon-Thu 9-17 Pariss", "Did you mean Europe/Paris?"),
        ("Mon-Thu nine to five", "I can't read “nine to five” as working hours"),
    ] {
        let UserError(words) = hours(text).unwrap_err();
        assert!(words.contains(expected), "{text}: {words}");
    }
}

#[test]
fn every_zone_is_read_by_its_name_in_any_case() {
    for zone in chrono_tz::TZ_VARIANTS.into_iter().filter(|zone| zone.name().contains('/')) {
        for name in [zone.name().to_owned(), zone.name().to_lowercase()] {
            assert_eq!(read(&format!("weekdays 9:30 {name}")).1, Some(zone), "{name}");
        }
    }
}

fn rules() -> impl Strategy<Value = Recurrence> {
    let times = || (0_u32..24, 0_u32..60).prop_map(|(hour, minute)| NaiveTime::from_hms_opt(hour, minute, 0).unwrap());
    let weekdays = || (0_u8..7).prop_map(|n| Weekday::try_from(n).unwrap());
    let month_days = prop_oneof![
        (1_u32..=31).prop_map(MonthDay::Number),
        Just(MonthDay::Last),
        Just(MonthDay::FirstWorking),
        Just(MonthDay::LastWorking),
        (1_u32..=5, weekdays()).prop_map(|(count, day)| MonthDay::Nth(count, day)),
        weekdays().prop_map(MonthDay::LastOf),
    ];
    let weeks = (proptest::collection::btree_set(0_u8..7, 1..8), times(), 1_u32..=52).prop_map(|(days, at, every)| {
        let days: Vec<_> = days.into_iter().map(|day| Weekday::try_from(day).unwrap()).collect();
        let ahead = today().iter_days().find(|day| days.contains(&chrono::Datelike::weekday(day))).unwrap();
        Recurrence::Weekly { days, at, every, from: if every == 1 { today() } else { ahead } }
    });
    let once = (0_u64..2000, times())
        .prop_map(|(ahead, at)| Recurrence::Once((today() + chrono::Days::new(ahead)).and_time(at)));
    let crons = ["* * * * *", "*/20 9-17 * * mon-fri", "0 2 13 * 5", "5 1 */7 * 1-5", "0 9 29 2 *", "0,30 8 1,15 * *"];
    prop_oneof![
        weeks,
        once,
        (month_days, times()).prop_map(|(day, at)| Recurrence::Monthly { day, at }),
        (0..crons.len()).prop_map(move |index| Recurrence::Cron(crons[index].parse().unwrap())),
    ]
}

proptest! {
    #[test]
    fn what_a_rule_says_of_itself_is_read_as_the_same_rule(rule in rules(), zone in 0..chrono_tz::TZ_VARIANTS.len()) {
        let zone = chrono_tz::TZ_VARIANTS[zone];
        let said = rule.words();
        prop_assert_eq!(read(&said), (rule.clone(), None, String::new()), "{}", said);
        if zone.name().contains('/') {
            let said = format!("{said}, {}", zone.name());
            prop_assert_eq!(read(&said), (rule, Some(zone), String::new()), "{}", said);
        }
    }

    #[test]
    fn no_text_makes_it_panic(
        text in "\\PC{0,40}|((every|each|the|last|first|2nd|Mon|Fri-|–|of|the month|at|9:30|9|am|in|99|weeks|days|Dec|24|until|for|cron|\\*|Europe/|to) ?){0,9}",
    ) {
        let _ = (schedule(&text, today()), days(&text, today()), day(&text, today()), moment(&text, today()));
        let _ = hours(&text);
        let _ = days(&text, NaiveDate::MAX);
        let _ = schedule(&text, NaiveDate::MAX);
        let _ = moment(&text, NaiveDate::MIN);
    }
}
