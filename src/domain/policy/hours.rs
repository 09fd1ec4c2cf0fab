//! Working hours: Monday to Friday from nine to five, on the clocks of a place.

use std::time::Duration;

use chrono::{Datelike, NaiveDate, TimeZone, Utc, Weekday};
use chrono_tz::Tz;

use crate::domain::time::Timestamp;

/// When the working day begins and ends, in hours of the local clock.
const OPENS: u32 = 9;
const CLOSES: u32 = 17;

/// The instant at which `hours` working hours have passed since `start`, on the clocks of `zone`.
pub fn after_working_hours(start: Timestamp, hours: u32, zone: Tz) -> Timestamp {
    let mut left = Duration::from_hours(u64::from(hours));
    let mut day = start.to_utc().with_timezone(&zone).date_naive();
    loop {
        if !matches!(day.weekday(), Weekday::Sat | Weekday::Sun) {
            let from = start.max(instant(day, OPENS, zone));
            // Nothing is left of a day that is over.
            let open = instant(day, CLOSES, zone).since(from);
            if left <= open && !open.is_zero() {
                return from.plus(left);
            }
            left = left.saturating_sub(open);
        }
        let Some(next) = day.succ_opt() else { return start.plus(left) };
        day = next;
    }
}

/// The instant when the clocks of a place show this hour. Where they skip it, the next one that they show.
fn instant(day: NaiveDate, hour: u32, zone: Tz) -> Timestamp {
    let mut shown = (hour..24).filter_map(|hour| day.and_hms_opt(hour, 0, 0));
    let at = shown.find_map(|at| zone.from_local_datetime(&at).earliest());
    let at = at.map_or_else(|| Utc.from_utc_datetime(&day.and_time(chrono::NaiveTime::MIN)), |at| at.to_utc());
    Timestamp::from_millis(at.timestamp_millis())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str, zone: Tz) -> Timestamp {
        let local = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
        Timestamp::from_millis(zone.from_local_datetime(&local).unwrap().timestamp_millis())
    }

    #[test]
    fn only_working_hours_pass() {
        let (paris, york, kolkata) = (chrono_tz::Europe::Paris, chrono_tz::America::New_York, chrono_tz::Asia::Kolkata);
        for (zone, start, hours, end) in [
            // 20 November 2026 is a Friday.
            (paris, "2026-11-20 10:00", 2, "2026-11-20 12:00"),
            (paris, "2026-11-20 10:00", 7, "2026-11-20 17:00"),
            (paris, "2026-11-20 10:00", 8, "2026-11-23 10:00"),
            (paris, "2026-11-20 17:00", 1, "2026-11-23 10:00"),
            (paris, "2026-11-21 12:00", 24, "2026-11-25 17:00"),
            (paris, "2026-11-23 03:00", 1, "2026-11-23 10:00"),
            // Summer time begins and ends on a Sunday: the working day has eight hours on either side.
            (paris, "2026-03-27 16:00", 2, "2026-03-30 10:00"),
            (paris, "2026-10-23 16:00", 2, "2026-10-26 10:00"),
            (york, "2026-03-06 16:30", 8, "2026-03-09 16:30"),
            (york, "2026-10-30 09:00", 16, "2026-11-02 17:00"),
            (kolkata, "2026-11-20 16:30", 1, "2026-11-23 09:30"),
        ] {
            assert_eq!(after_working_hours(at(start, zone), hours, zone), at(end, zone), "{zone} {start} + {hours} h");
        }
    }

    #[test]
    fn the_night_of_the_change_is_as_long_as_it_is() {
        let paris = chrono_tz::Europe::Paris;
        let (start, end) = (at("2026-03-27 16:00", paris), at("2026-03-30 10:00", paris));
        assert_eq!(after_working_hours(start, 2, paris), end);
        assert_eq!(end.since(start), Duration::from_hours(65), "a weekend with an hour less");
    }

    proptest! {
        #[test]
        fn more_hours_never_end_sooner_and_no_end_is_outside_of_the_working_day(
            millis in 1_700_000_000_000_i64..1_900_000_000_000, hours in 1_u32..200, zone in 0_usize..4,
        ) {
            let zone = [chrono_tz::UTC, chrono_tz::Europe::Paris, chrono_tz::America::New_York,
                        chrono_tz::Australia::Lord_Howe][zone];
            let start = Timestamp::from_millis(millis);
            let end = after_working_hours(start, hours, zone);
            prop_assert!(end.since(start) >= Duration::from_hours(u64::from(hours)));
            prop_assert!(after_working_hours(start, hours + 1, zone) > end);
            let local = end.to_utc().with_timezone(&zone);
            let time = local.time();
            let (opens, closes) = (chrono::NaiveTime::from_hms_opt(9, 0, 0), chrono::NaiveTime::from_hms_opt(17, 0, 0));
            prop_assert!(Some(time) > opens && Some(time) <= closes, "{local}");
            prop_assert!(!matches!(local.weekday(), Weekday::Sat | Weekday::Sun));
        }
    }
}
