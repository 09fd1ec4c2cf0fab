//! When something happens: rules, moments, days and hours.

use std::time::Duration;

use chrono::{NaiveDate, TimeDelta};
use chrono_tz::{Europe, Tz};
use docket::{
    domain::{
        schedule::{Cron, Holidays, Moment, Recurrence},
        time::Timestamp,
    },
    intent::when,
};

use super::{is_fit_to_be_said, today, typed};

/// Noon of [`today`], in UTC.
const NOON: Timestamp = Timestamp::from_millis(1_795_176_000_000);

/// How far anything that is said may lie ahead.
const YEARS: i32 = 1_000;

/// A rule in words, or as an expression of cron.
pub(crate) fn rule(data: &[u8]) {
    let text = typed(data);
    if let Ok(cron) = text.parse::<Cron>() {
        assert_eq!(cron.to_string().parse::<Cron>().as_ref(), Ok(&cron), "it is read as it is written");
        happens(&Recurrence::Cron(cron), Europe::Paris);
    }
    match when::schedule(&text, today()) {
        Ok((rule, zone, rest)) => {
            assert!(rest.len() <= text.len());
            let words = rule.words();
            match when::schedule(&words, today()) {
                Ok((again, None, rest)) if rest.is_empty() => {
                    assert_eq!(from_today(again), from_today(rule.clone()), "{words}");
                }
                Ok(other) => panic!("{words} is {other:?}"),
                // The words for days say on which weekday they are, which leaves out what has passed.
                Err(problem) => assert!(matches!(rule, Recurrence::Once(_)), "{words}: {problem}"),
            }
            happens(&rule, zone.unwrap_or(Europe::Paris));
        }
        Err(problem) => is_fit_to_be_said(&problem.0),
    }
}

/// The words do not say since when.
fn from_today(rule: Recurrence) -> Recurrence {
    match rule {
        Recurrence::Weekly { days, at, every, from: _ } => Recurrence::Weekly { days, at, every, from: today() },
        other => other,
    }
}

/// The next times lie ahead, one after the other.
fn happens(rule: &Recurrence, zone: Tz) {
    let holidays = Holidays::default();
    let mut last = NOON;
    for _ in 0..3 {
        let Some(next) = rule.next(last, zone, &holidays) else { return };
        assert!(next > last && next.since(last) < Duration::from_hours(24 * 366 * 42), "{rule:?}: {next:?} {last:?}");
        last = next;
    }
}

/// A moment, a day, days or hours.
pub(crate) fn moment(data: &[u8]) {
    let text = typed(data);
    match when::moment(&text, today()) {
        Ok((moment, rest)) => {
            assert!(rest.len() <= text.len());
            match moment {
                Moment::In(wait) => assert!(wait <= Duration::from_hours(366 * 24), "{wait:?}"),
                Moment::On(at) => is_near(at.date()),
                Moment::At(_) => {}
            }
            let _instant = moment.instant(NOON, Europe::Paris);
        }
        Err(problem) => is_fit_to_be_said(&problem.0),
    }
    match when::day(&text, today()) {
        Ok(day) => is_near(day),
        Err(problem) => is_fit_to_be_said(&problem.0),
    }
    match when::days(&text, today()) {
        Ok(leave) => {
            assert!(leave.from <= leave.to && leave.to >= today());
            assert!(leave.to - leave.from < TimeDelta::days(366), "{leave:?}");
        }
        Err(problem) => is_fit_to_be_said(&problem.0),
    }
    match when::hours(&text) {
        Ok(wish) => assert!(wish.days.is_some() || wish.span.is_some() || wish.zone.is_some()),
        Err(problem) => is_fit_to_be_said(&problem.0),
    }
}

fn is_near(day: NaiveDate) {
    use chrono::Datelike as _;
    assert!((day.year() - today().year()).abs() <= YEARS, "{day}");
}
