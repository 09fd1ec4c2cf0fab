use chrono::{NaiveTime, Weekday};

use super::*;
use crate::intent::test_day;

fn read(kind: DigestKind, text: &str) -> StandupWish {
    match standup(kind, text, test_day()) {
        Ok(Intent::Standup(of, wish)) if of == kind => wish,
        other => panic!("{text}: {other:?}"),
    }
}

fn told(text: &str) -> String {
    wrong(DigestKind::Standup, text, test_day())
}

fn time(text: &str) -> NaiveTime {
    text.parse().unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn weekly(days: &[Weekday], at: &str) -> Recurrence {
    Recurrence::Weekly { days: days.to_vec(), at: time(at), every: 1, from: test_day() }
}

const WORKING: &[Weekday] = &[Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];

#[test]
fn a_schedule_is_read_with_all_that_may_follow() {
    let paris = Some(chrono_tz::Europe::Paris);
    let change = |at: &str| ScheduleChange {
        rule: Some(RuleWish::Whole(weekly(WORKING, at))),
        zone: paris,
        ..ScheduleChange::default()
    };
    let keys = |keys: &[&str]| Some(keys.iter().map(|key| key.parse().unwrap()).collect());
    for (text, expected, is_confirmed) in [
        ("at 9:30 weekdays Europe/Paris", change("09:30"), false),
        ("at 9:30 Europe/Paris", change("09:30"), false),
        ("weekdays 9:30 Europe/Paris yes", change("09:30"), true),
        (
            "at 9:30 weekdays Europe/Paris for AUTH, WEB late 4h with drafts yes",
            ScheduleChange {
                projects: keys(&["AUTH", "WEB"]),
                missed: Some(Missed::Late(4)),
                has_drafts: Some(true),
                ..change("09:30")
            },
            true,
        ),
        (
            "cron 30 9 * * 1-5 Europe/Paris for AUTH and WEB, AUTH skip missed without drafts",
            ScheduleChange {
                projects: keys(&["AUTH", "WEB"]),
                missed: Some(Missed::Skip),
                has_drafts: Some(false),
                ..change("09:30")
            },
            false,
        ),
    ] {
        let expected = StandupWish::Set { change: Box::new(expected), is_confirmed };
        assert_eq!(read(DigestKind::Standup, text), expected, "{text}");
    }
    let unread = told("at 9:30 weekdays Europe/Paris, missed up to late 1 hour for this channel");
    assert!(unread.contains("I don't know what to do with “up to late"), "{unread}");
    let friday =
        ScheduleChange { rule: Some(RuleWish::Whole(weekly(&[Weekday::Fri], "15:00"))), ..ScheduleChange::default() };
    let set = StandupWish::Set { change: Box::new(friday), is_confirmed: false };
    assert_eq!(read(DigestKind::Weekly, "at Friday 15:00"), set);
    assert_eq!(read(DigestKind::Weekly, "Friday 15:00"), set);
}

#[test]
fn what_is_there_is_paused_skipped_and_removed() {
    let monday = day("2026-11-23");
    for (text, expected) in [
        ("", StandupWish::List),
        ("list", StandupWish::List),
        ("pause", StandupWish::Pause { which: None, until: None }),
        ("pause until Monday", StandupWish::Pause { which: None, until: Some(monday) }),
        ("pause 2 until Monday", StandupWish::Pause { which: Some(2), until: Some(monday) }),
        ("resume", StandupWish::Resume(None)),
        ("resume 2", StandupWish::Resume(Some(2))),
        ("skip tomorrow", StandupWish::Skip { which: None, day: day("2026-11-21") }),
        ("skip 24 Dec", StandupWish::Skip { which: None, day: day("2026-12-24") }),
        ("skip 2 24 Dec", StandupWish::Skip { which: Some(2), day: day("2026-12-24") }),
        ("skip #2 tomorrow", StandupWish::Skip { which: Some(2), day: day("2026-11-21") }),
        ("remove", StandupWish::Remove(None)),
        ("remove 2", StandupWish::Remove(Some(2))),
    ] {
        assert_eq!(read(DigestKind::Standup, text), expected, "{text}");
    }
}

#[test]
fn an_edit_keeps_what_it_does_not_name() {
    let london = chrono_tz::Europe::London;
    let edit =
        |which, change: ScheduleChange| StandupWish::Edit { which, change: Box::new(change), is_confirmed: false };
    let rule = |rule| ScheduleChange { rule: Some(rule), ..ScheduleChange::default() };
    let at = || rule(RuleWish::At(time("10:00")));
    for (text, expected) in [
        ("edit at 10:00", edit(None, at())),
        ("edit 2 at 10:00", edit(Some(2), at())),
        ("edit at 10:00 Europe/London", edit(None, ScheduleChange { zone: Some(london), ..at() })),
        ("edit Europe/London", edit(None, ScheduleChange { zone: Some(london), ..ScheduleChange::default() })),
        ("edit Tue and Thu", edit(None, rule(RuleWish::Days(weekly(&[Weekday::Tue, Weekday::Thu], "00:00"))))),
        ("edit weekdays 9:15", edit(None, rule(RuleWish::Whole(weekly(WORKING, "09:15"))))),
        (
            "edit 1 for this channel",
            edit(Some(1), ScheduleChange { projects: Some(Vec::new()), ..ScheduleChange::default() }),
        ),
        (
            "edit late 1h without drafts",
            edit(
                None,
                ScheduleChange { missed: Some(Missed::Late(1)), has_drafts: Some(false), ..ScheduleChange::default() },
            ),
        ),
    ] {
        assert_eq!(read(DigestKind::Standup, text), expected, "{text}");
    }
    let StandupWish::Edit { is_confirmed, .. } = read(DigestKind::Standup, "edit 2 at 10:00 yes") else { panic!() };
    assert!(is_confirmed);
}

#[test]
fn what_can_not_be_read_is_told_with_what_can() {
    for (text, says) in [
        ("at 25:00", "25:00"),
        ("at 9:30 weekdays Europe/Pariss", "Did you mean Europe/Paris?"),
        ("at 9:30 weekdays please", "I don't know what to do with “please”"),
        ("at 9:30 weekdays late 0h", "from 1 to 72 hours"),
        ("at 9:30 weekdays late 73h", "from 1 to 72 hours"),
        ("at 9:30 weekdays for", "Name the projects by their keys"),
        ("at 9:30 weekdays for auth!", "as a project's key"),
        ("at 9:30 weekdays yes please", "I don't know what to do with “yes please”"),
        ("at 9:30 weekdays with cake", "with cake"),
        ("skip", "as a day"),
        ("skip 2026-11-01", "is over"),
        ("pause sometime", "as a day"),
        ("remove everything", "as a number of the list"),
        ("edit", "Say what should be different"),
        ("edit 2", "Say"),
        ("list of everything", "I don't know what to do with"),
        ("cron 0 0 31 2 *", "never"),
    ] {
        assert!(told(text).contains(says), "{text}: {}", told(text));
    }
}
