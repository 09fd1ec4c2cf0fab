//! Rules of days and times, and their next instant on the clocks of a place.

use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::{Cron, Holidays, wall};
use crate::domain::time::Timestamp;

/// How many days ahead the next one is looked for: in up to forty years, 29 February is a Monday.
const HORIZON: usize = 41 * 366;
/// No clock is put forward or back by more, whole days apart.
const LARGEST_SHIFT: TimeDelta = TimeDelta::hours(4);

/// When something happens again and again, on the wall clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recurrence {
    /// By a POSIX expression of five fields, such as `30 9 * * 1-5`.
    Cron(Cron),
    /// On days of the week, every so many weeks.
    Weekly {
        /// Which days; at least one.
        days: Vec<Weekday>,
        /// When.
        at: NaiveTime,
        /// Every so many weeks; 1 for every week.
        every: u32,
        /// The first day on which it may happen; its week is the first of those weeks.
        from: NaiveDate,
    },
    /// Once a month.
    Monthly {
        /// On which day.
        day: MonthDay,
        /// When.
        at: NaiveTime,
    },
    /// Once.
    Once(NaiveDateTime),
}

/// A day of each month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MonthDay {
    /// The day with this number, from 1; months without it are left out.
    Number(u32),
    /// The last day.
    Last,
    /// The first day from Monday to Friday that is no holiday.
    FirstWorking,
    /// The last such day.
    LastWorking,
    /// The so-manieth day of this name, from 1: the second Tuesday.
    Nth(u32, Weekday),
    /// The last day of this name.
    LastOf(Weekday),
}

impl Recurrence {
    /// The next time after an instant, on the clocks of a place; `None` where there is none.
    ///
    /// A fixed time that the clocks leave out happens at the first instant after the gap; one that they show twice
    /// happens the first time. What happens every so many minutes happens when they show it. A day that a place never
    /// had, as Apia had no 30 December 2011, is left out.
    pub fn next(&self, after: Timestamp, zone: Tz, holidays: &Holidays) -> Option<Timestamp> {
        if let Self::Once(at) = self {
            return wall::first(*at, zone).filter(|at| *at > after);
        }
        let from = wall::local(after, zone).checked_sub_signed(LARGEST_SHIFT)?;
        let mut soonest: Option<Timestamp> = None;
        for shown in self.shown_from(from, holidays) {
            // What is shown later may be sooner where clocks are put back, but not by more than that.
            let is_later = |soonest: Timestamp| {
                wall::local(soonest, zone).checked_add_signed(LARGEST_SHIFT).is_none_or(|last| shown > last)
            };
            if soonest.is_some_and(is_later) {
                break;
            }
            let found = self.instants(shown, zone).into_iter().find(|at| *at > after);
            soonest = [soonest, found].into_iter().flatten().min();
        }
        soonest
    }

    /// What the clocks show when it happens, in order.
    fn shown_from<'a>(
        &'a self,
        from: NaiveDateTime,
        holidays: &'a Holidays,
    ) -> impl Iterator<Item = NaiveDateTime> + 'a {
        let times = match self {
            Self::Cron(cron) => cron.times(),
            Self::Weekly { at, .. } | Self::Monthly { at, .. } => vec![*at],
            Self::Once(at) => vec![at.time()],
        };
        let days = from.date().iter_days().take(HORIZON).filter(|day| self.names(*day, holidays));
        days.flat_map(move |day| times.clone().into_iter().map(move |time| day.and_time(time)))
            .filter(move |shown| *shown >= from)
    }

    /// When that is: at most two instants, in order.
    fn instants(&self, shown: NaiveDateTime, zone: Tz) -> Vec<Timestamp> {
        match self {
            Self::Cron(cron) if cron.is_wild() => wall::instants(shown, zone),
            _ if wall::exists(shown.date(), zone) => wall::first(shown, zone).into_iter().collect(),
            _ => Vec::new(),
        }
    }

    /// Whether it happens on a day.
    pub fn names(&self, day: NaiveDate, holidays: &Holidays) -> bool {
        match self {
            Self::Cron(cron) => cron.names(day),
            Self::Weekly { days, every, from, .. } => {
                let weeks = (monday(day) - monday(*from)).num_weeks();
                days.contains(&day.weekday()) && day >= *from && weeks % i64::from((*every).max(1)) == 0
            }
            Self::Monthly { day: which, .. } => which.is(day, holidays),
            Self::Once(at) => at.date() == day,
        }
    }
}

/// The Monday of a day's week.
fn monday(day: NaiveDate) -> NaiveDate {
    day.week(Weekday::Mon).checked_first_day().unwrap_or(day)
}

impl MonthDay {
    /// Whether it is this day.
    fn is(self, day: NaiveDate, holidays: &Holidays) -> bool {
        let is_working = |day: &NaiveDate| day.weekday().number_from_monday() <= 5 && !holidays.contains(day);
        let in_month = |other: &NaiveDate| other.month() == day.month();
        let later = |days| day.checked_add_days(Days::new(days)).filter(in_month);
        match self {
            Self::Number(number) => day.day() == number,
            Self::Last => later(1).is_none(),
            Self::FirstWorking => {
                let before = (1..day.day()).filter_map(|number| day.with_day(number));
                is_working(&day) && !before.into_iter().any(|day| is_working(&day))
            }
            Self::LastWorking => is_working(&day) && !(1..31).filter_map(later).any(|day| is_working(&day)),
            Self::Nth(count, weekday) => day.weekday() == weekday && (day.day() - 1) / 7 + 1 == count,
            Self::LastOf(weekday) => day.weekday() == weekday && later(7).is_none(),
        }
    }
}
