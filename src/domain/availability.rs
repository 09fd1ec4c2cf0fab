//! When a member works, and when they don't.

use std::fmt;

use chrono::{Datelike, NaiveDate, NaiveTime, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::{
    schedule::{self, Holidays, wall},
    time::Timestamp,
};

/// How far a working day is looked for.
const YEAR: usize = 366;

/// The days and hours in which somebody works, on the clocks of their own place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// The days, from Monday on; may be empty.
    pub days: Vec<Weekday>,
    /// When the day begins.
    pub from: NaiveTime,
    /// When it ends; after it began.
    pub to: NaiveTime,
}

impl Default for Hours {
    /// Monday to Friday from nine to five.
    fn default() -> Self {
        let clock = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap_or_default();
        let days = vec![Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];
        Self { days, from: clock(9), to: clock(17) }
    }
}

impl fmt::Display for Hours {
    /// `Mon–Thu 09:00–17:00`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}–{}", schedule::days(&self.days), schedule::clock(self.from), schedule::clock(self.to))
    }
}

/// What a member chose themselves; the rest is as their profile and everybody's hours say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnHours {
    /// Their hours.
    pub hours: Option<Hours>,
    /// Their time zone.
    pub zone: Option<Tz>,
}

/// What somebody says of their own hours; the rest stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoursWish {
    /// The days on which they work.
    pub days: Option<Vec<Weekday>>,
    /// When a day begins, and when it ends, after that.
    pub span: Option<(NaiveTime, NaiveTime)>,
    /// Their time zone.
    pub zone: Option<Tz>,
}

impl HoursWish {
    /// What holds once it is granted.
    pub fn over(self, own: OwnHours) -> OwnHours {
        let Self { days, span, zone } = self;
        let hours = if days.is_none() && span.is_none() {
            own.hours
        } else {
            let old = own.hours.unwrap_or_default();
            let (from, to) = span.unwrap_or((old.from, old.to));
            Some(Hours { days: days.unwrap_or(old.days), from, to })
        };
        OwnHours { hours, zone: zone.or(own.zone) }
    }
}

/// Days on which somebody is away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leave {
    /// The first of them.
    pub from: NaiveDate,
    /// The last of them.
    pub to: NaiveDate,
}

/// Everything that says whether somebody works on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Availability {
    /// Their time zone.
    pub zone: Tz,
    /// Their hours.
    pub hours: Hours,
    /// When they are away.
    pub leaves: Vec<Leave>,
    /// When nobody works.
    pub holidays: Holidays,
}

impl Leave {
    /// Whether they are away on that day.
    pub fn covers(&self, day: NaiveDate) -> bool {
        (self.from..=self.to).contains(&day)
    }

    /// Both together, where they share a day or one follows the other.
    pub fn joined(&self, other: &Self) -> Option<Self> {
        let near = |one: &Self, two: &Self| one.from.pred_opt().is_none_or(|before| before <= two.to);
        (near(self, other) && near(other, self))
            .then(|| Self { from: self.from.min(other.from), to: self.to.max(other.to) })
    }
}

impl Availability {
    /// Whether they work on that day of theirs.
    pub fn works_on(&self, day: NaiveDate) -> bool {
        self.hours.days.contains(&day.weekday())
            && !self.holidays.contains(&day)
            && !self.leaves.iter().any(|leave| leave.covers(day))
    }

    /// Which day an instant belongs to where they are.
    pub fn day_of(&self, at: Timestamp) -> NaiveDate {
        wall::day(at, self.zone)
    }

    /// The last day before that one on which they work; the day before it where a whole year has none.
    pub fn previous_working_day(&self, day: NaiveDate) -> NaiveDate {
        let before = || std::iter::successors(day.pred_opt(), NaiveDate::pred_opt).take(YEAR);
        before().find(|day| self.works_on(*day)).or_else(|| before().next()).unwrap_or(day)
    }

    /// When that day begins where they are, or what is left of it after a jump of their clocks.
    pub fn start_of(&self, day: NaiveDate) -> Timestamp {
        let utc = || Timestamp::from_millis(day.and_time(NaiveTime::MIN).and_utc().timestamp_millis());
        wall::start(day, self.zone).unwrap_or_else(utc)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// Somebody in Paris who works Monday to Thursday, is away around Christmas 2026 and has a holiday on 11 November.
    fn ana() -> Availability {
        Availability {
            zone: chrono_tz::Europe::Paris,
            hours: Hours {
                days: vec![Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu],
                from: NaiveTime::from_hms_opt(9, 0, 0).unwrap(),
                to: NaiveTime::from_hms_opt(17, 0, 0).unwrap(),
            },
            leaves: vec![Leave { from: day("2026-12-24"), to: day("2027-01-02") }],
            holidays: Holidays::from([day("2026-11-11")]),
        }
    }

    #[test]
    fn nobody_works_on_other_days_on_holidays_or_when_away() {
        for (at, works) in [
            ("2026-11-26", true),
            ("2026-11-27", false),
            ("2026-11-11", false),
            ("2026-12-23", true),
            ("2026-12-24", false),
            ("2026-12-31", false),
            ("2027-01-04", true),
        ] {
            assert_eq!(ana().works_on(day(at)), works, "{at}");
        }
    }

    #[test]
    fn leaves_that_touch_are_one() {
        let leave = |from: &str, to: &str| Leave { from: day(from), to: day(to) };
        let first = leave("2026-12-24", "2026-12-28");
        for (other, whole) in [
            (leave("2026-12-29", "2026-12-31"), Some(leave("2026-12-24", "2026-12-31"))),
            (leave("2026-12-20", "2026-12-23"), Some(leave("2026-12-20", "2026-12-28"))),
            (leave("2026-12-25", "2026-12-26"), Some(first.clone())),
            (leave("2026-12-30", "2026-12-31"), None),
            (leave("2026-12-01", "2026-12-22"), None),
        ] {
            assert_eq!(first.joined(&other), whole);
            assert_eq!(other.joined(&first), whole);
        }
    }

    #[test]
    fn the_previous_working_day_reaches_over_weekends_holidays_and_leave() {
        for (at, before) in [("2026-11-30", "2026-11-26"), ("2026-11-12", "2026-11-10"), ("2027-01-04", "2026-12-23")] {
            assert_eq!(ana().previous_working_day(day(at)), day(before), "{at}");
        }
        let idle = Availability { hours: Hours { days: Vec::new(), ..ana().hours }, ..ana() };
        assert_eq!(idle.previous_working_day(day("2026-11-30")), day("2026-11-29"));
    }

    #[test]
    fn a_day_begins_where_the_person_is() {
        let at = |text: &str| {
            Timestamp::from_millis(text.parse::<chrono::DateTime<chrono::Utc>>().unwrap().timestamp_millis())
        };
        assert_eq!(ana().start_of(day("2026-11-30")), at("2026-11-29T23:00:00Z"));
        assert_eq!(ana().day_of(at("2026-11-29T22:59:59Z")), day("2026-11-29"));
        assert_eq!(ana().day_of(at("2026-11-29T23:00:00Z")), day("2026-11-30"));
        // In Cairo, summer time begins at midnight: 24 April 2026 starts at one.
        let cairo = Availability { zone: chrono_tz::Africa::Cairo, ..ana() };
        assert_eq!(cairo.start_of(day("2026-04-24")), at("2026-04-23T22:00:00Z"));
    }
}
