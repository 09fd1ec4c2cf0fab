//! A moment ahead, as somebody said it.

use std::time::Duration;

use chrono::{Days, NaiveDateTime, NaiveTime};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::wall;
use crate::domain::time::Timestamp;

/// A moment ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// After so long.
    In(Duration),
    /// When the clock shows this day and time.
    On(NaiveDateTime),
    /// When the clock shows this time next.
    At(NaiveTime),
}

impl Moment {
    /// When that is, on the clocks of a place; `None` where it is over.
    pub fn instant(self, now: Timestamp, zone: Tz) -> Option<Timestamp> {
        let found = match self {
            Self::In(wait) => Some(now.plus(wait)),
            Self::On(shown) => wall::first(shown, zone),
            Self::At(time) => {
                let today = wall::day(now, zone);
                let days = (0..=2).filter_map(|count| today.checked_add_days(Days::new(count)));
                days.filter_map(|day| wall::first(day.and_time(time), zone)).find(|at| *at > now)
            }
        };
        found.filter(|at| *at > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> Timestamp {
        Timestamp::from_millis(text.parse::<chrono::DateTime<chrono::Utc>>().unwrap().timestamp_millis())
    }

    #[test]
    fn moments_are_ahead_on_the_clocks_of_a_place() {
        let (zone, now) = (chrono_tz::Europe::Paris, utc("2026-11-29T12:00:00Z"));
        let time = |text: &str| text.parse::<NaiveTime>().unwrap();
        for (moment, expected) in [
            (Moment::In(Duration::from_mins(90)), Some("2026-11-29T13:30:00Z")),
            (Moment::At(time("14:00")), Some("2026-11-29T13:00:00Z")),
            (Moment::At(time("13:00")), Some("2026-11-30T12:00:00Z")),
            (Moment::On("2026-12-24T15:00:00".parse().unwrap()), Some("2026-12-24T14:00:00Z")),
            (Moment::On("2026-11-29T12:59:00".parse().unwrap()), None),
            // Summer time takes it away; it is meant all the same.
            (Moment::On("2027-03-28T02:30:00".parse().unwrap()), Some("2027-03-28T01:00:00Z")),
        ] {
            assert_eq!(moment.instant(now, zone), expected.map(utc), "{moment:?}");
        }
    }
}
