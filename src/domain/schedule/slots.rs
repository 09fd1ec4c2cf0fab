//! The slots of a schedule: its times, less those on which it rests, and what becomes of those that passed.

use std::time::Duration;

use chrono::NaiveDate;

use super::{DigestKind, Holidays, Missed, Pause, Schedule, wall};
use crate::domain::time::Timestamp;

/// How late a digest may come and still be on time.
pub const ON_TIME: Duration = Duration::from_mins(5);
/// Days in a row that may be left out before nothing more is looked for.
const MOST_DAYS: usize = 1_000;
const INSTANT: Duration = Duration::from_millis(1);

/// What is to be done when a slot has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// The slot that it is about: the newest of those that passed.
    pub slot: Timestamp,
    /// Whether it is too late for it.
    pub is_too_late: bool,
    /// The next one, which has not come yet; `None` where there is none.
    pub next: Option<Timestamp>,
}

impl Schedule {
    /// Its next slot after an instant: the next time of its rule that is in no pause and on no day that is left out.
    pub fn next(&self, after: Timestamp, holidays: &Holidays) -> Option<Timestamp> {
        let mut after = match self.pause {
            Some(Pause::Open) => return None,
            Some(Pause::Until(day)) => after.max(before(day, self)),
            None => after,
        };
        for _ in 0..MOST_DAYS {
            let at = self.when.next(after, self.zone, holidays)?;
            let day = wall::day(at, self.zone);
            if !self.leaves_out(day, holidays) {
                return Some(at);
            }
            // No other time of that day will do.
            after = day.succ_opt().map_or(at, |next| before(next, self)).max(at);
        }
        None
    }

    /// So many of its next slots.
    pub fn coming(&self, after: Timestamp, holidays: &Holidays, count: usize) -> Vec<Timestamp> {
        let first = self.next(after, holidays);
        std::iter::successors(first, |slot| self.next(*slot, holidays)).take(count).collect()
    }

    /// Whether nothing is posted on a day: it was skipped, or it is a holiday and nobody works.
    pub fn leaves_out(&self, day: NaiveDate, holidays: &Holidays) -> bool {
        self.skipped.contains(&day) || (self.kind == DigestKind::Standup && holidays.contains(&day))
    }

    /// Whether it rests on a day.
    pub fn rests(&self, now: Timestamp) -> bool {
        match self.pause {
            Some(Pause::Open) => true,
            Some(Pause::Until(day)) => now <= before(day, self),
            None => false,
        }
    }

    /// What is to be done now that `slot` has come, perhaps long ago.
    ///
    /// Of several that passed only the newest counts, however many there were; and that one only where it is not later
    /// than the schedule allows.
    pub fn turn(&self, slot: Timestamp, now: Timestamp, holidays: &Holidays) -> Turn {
        let earliest = now.minus(self.patience());
        let mut newest = slot;
        if slot < earliest {
            match self.next(earliest.minus(INSTANT), holidays) {
                Some(at) if at <= now => newest = at,
                next => return Turn { slot, is_too_late: true, next },
            }
        }
        loop {
            match self.next(newest, holidays) {
                Some(at) if at <= now => newest = at,
                next => return Turn { slot: newest, is_too_late: false, next },
            }
        }
    }

    /// How late a digest may come.
    pub fn patience(&self) -> Duration {
        match self.missed {
            Missed::Skip => ON_TIME,
            Missed::Late(hours) => Duration::from_hours(hours.into()).max(ON_TIME),
        }
    }
}

/// The last instant before a day begins where the schedule's clock hangs.
fn before(day: NaiveDate, schedule: &Schedule) -> Timestamp {
    wall::start(day, schedule.zone).map_or(Timestamp::from_millis(i64::MAX), |start| start.minus(INSTANT))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chrono::{DateTime, NaiveTime, Utc, Weekday};

    use super::*;
    use crate::domain::{event::Venue, ids::Id as _, member::Surface, schedule::Recurrence};

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::from_millis(text.parse::<DateTime<Utc>>().unwrap().timestamp_millis())
    }

    /// Weekdays at half past nine in Paris.
    fn standup() -> Schedule {
        let ulid = ulid::Ulid::from_parts(1, 1);
        Schedule {
            id: crate::domain::ids::ScheduleId::from_ulid(ulid),
            kind: DigestKind::Standup,
            venue: Venue { surface: Surface::Slack, team: "T1".into(), channel: "C1".into(), thread: None },
            projects: Vec::new(),
            when: Recurrence::Weekly {
                days: vec![Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri],
                at: NaiveTime::from_hms_opt(9, 30, 0).unwrap(),
                every: 1,
                from: day("2026-01-01"),
            },
            zone: chrono_tz::Europe::Paris,
            missed: Missed::Late(2),
            pause: None,
            skipped: BTreeSet::new(),
            has_drafts: false,
            by: crate::domain::ids::MemberId::from_ulid(ulid),
            created_at: at("2026-01-01T00:00:00Z"),
            next_run_at: None,
        }
    }

    #[test]
    fn pauses_skipped_days_and_holidays_are_left_out() {
        let none = Holidays::new();
        let friday = at("2026-12-18T12:00:00Z");
        assert_eq!(standup().next(friday, &none), Some(at("2026-12-21T08:30:00Z")));
        assert_eq!(standup().coming(friday, &none, 5).last(), Some(&at("2026-12-25T08:30:00Z")));
        let christmas = Holidays::from([day("2026-12-25")]);
        assert_eq!(standup().coming(friday, &christmas, 5).last(), Some(&at("2026-12-28T08:30:00Z")));
        let weekly = Schedule { kind: DigestKind::Weekly, ..standup() };
        assert_eq!(weekly.coming(friday, &christmas, 5).last(), Some(&at("2026-12-25T08:30:00Z")));

        let skipping = Schedule { skipped: BTreeSet::from([day("2026-12-21"), day("2026-12-22")]), ..standup() };
        assert_eq!(skipping.next(friday, &none), Some(at("2026-12-23T08:30:00Z")));
        let open = Schedule { pause: Some(Pause::Open), ..standup() };
        assert_eq!((open.next(friday, &none), open.rests(friday)), (None, true));
        let until = Schedule { pause: Some(Pause::Until(day("2027-01-04"))), ..standup() };
        assert_eq!(until.next(friday, &none), Some(at("2027-01-04T08:30:00Z")));
        assert!(until.rests(at("2027-01-03T22:59:59Z")) && !until.rests(at("2027-01-03T23:00:00Z")));
        assert_eq!(until.next(at("2027-01-04T08:30:00Z"), &none), Some(at("2027-01-05T08:30:00Z")));
        let whole_years: Holidays = day("2026-12-01").iter_days().take(2_000).collect();
        assert_eq!(standup().next(friday, &whole_years), None);
    }

    #[test]
    fn of_what_passed_the_newest_is_made_up_for_where_it_is_not_too_late() {
        let none = Holidays::new();
        let monday = at("2026-12-21T08:30:00Z");
        let turn = |schedule: &Schedule, now: &str| schedule.turn(monday, at(now), &none);
        let (tuesday, wednesday) = (at("2026-12-22T08:30:00Z"), at("2026-12-23T08:30:00Z"));
        let post = |slot, next| Turn { slot, is_too_late: false, next: Some(next) };
        let leave_out = |next| Turn { slot: monday, is_too_late: true, next: Some(next) };
        let late = standup();
        let never = Schedule { missed: Missed::Skip, ..standup() };
        for (now, of_late, of_never) in [
            ("2026-12-21T08:30:00Z", post(monday, tuesday), post(monday, tuesday)),
            ("2026-12-21T08:35:00Z", post(monday, tuesday), post(monday, tuesday)),
            ("2026-12-21T08:35:01Z", post(monday, tuesday), leave_out(tuesday)),
            ("2026-12-21T10:30:00Z", post(monday, tuesday), leave_out(tuesday)),
            ("2026-12-21T10:30:01Z", leave_out(tuesday), leave_out(tuesday)),
            ("2026-12-22T09:00:00Z", post(tuesday, wednesday), leave_out(wednesday)),
            ("2026-12-22T08:30:00Z", post(tuesday, wednesday), post(tuesday, wednesday)),
        ] {
            assert_eq!(turn(&late, now), of_late, "{now}");
            assert_eq!(turn(&never, now), of_never, "{now}");
        }
        let often =
            Schedule { when: Recurrence::Cron("*/15 * * * *".parse().unwrap()), missed: Missed::Late(48), ..standup() };
        let turn = often.turn(monday, at("2029-12-21T08:31:00Z"), &none);
        assert_eq!(turn, post(at("2029-12-21T08:30:00Z"), at("2029-12-21T08:45:00Z")), "three years are no long work");
        let once = Schedule { when: Recurrence::Once("2026-12-21T09:30:00".parse().unwrap()), ..standup() };
        assert_eq!(once.turn(monday, monday, &none), Turn { slot: monday, is_too_late: false, next: None });
    }
}
