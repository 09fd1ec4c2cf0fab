//! The clock on the wall of a place: what it shows at an instant, and when it shows what.
//!
//! In spring it leaves an hour out, in autumn it shows one twice; some places do so by half an hour, around Ramadan,
//! or left out a whole day when the date line moved past them.

use chrono::{LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone};
use chrono_tz::Tz;

use crate::domain::time::Timestamp;

/// The longest gap that a clock is expected to have: a day, and an hour for good measure.
const LONGEST_GAP: i64 = 25;

/// What the clock shows at an instant.
pub fn local(at: Timestamp, zone: Tz) -> NaiveDateTime {
    at.to_utc().with_timezone(&zone).naive_local()
}

/// The day that an instant belongs to.
pub fn day(at: Timestamp, zone: Tz) -> NaiveDate {
    local(at, zone).date()
}

/// The first instant at which the clock shows this or, where it leaves that out, something later.
/// `None` at the end of time.
pub fn first(shown: NaiveDateTime, zone: Tz) -> Option<Timestamp> {
    instants(shown, zone).first().copied().or_else(|| after_gap(shown, zone))
}

/// The first instant of a day.
pub fn start(day: NaiveDate, zone: Tz) -> Option<Timestamp> {
    first(day.and_time(NaiveTime::MIN), zone)
}

/// Whether the day happens there at all.
pub fn exists(date: NaiveDate, zone: Tz) -> bool {
    start(date, zone).is_some_and(|start| day(start, zone) == date)
}

/// Every instant at which the clock shows exactly this, in order: mostly one, none in a gap, two in a fold.
pub fn instants(shown: NaiveDateTime, zone: Tz) -> Vec<Timestamp> {
    let found = match zone.from_local_datetime(&shown) {
        LocalResult::Single(at) => vec![at],
        LocalResult::Ambiguous(one, other) => vec![one.min(other), one.max(other)],
        LocalResult::None => Vec::new(),
    };
    found.into_iter().map(|at| Timestamp::from_millis(at.timestamp_millis())).collect()
}

/// The first instant after the gap that swallows what would be shown.
fn after_gap(shown: NaiveDateTime, zone: Tz) -> Option<Timestamp> {
    let later = |seconds: i64| shown.checked_add_signed(TimeDelta::seconds(seconds));
    let is_shown = |seconds: i64| later(seconds).is_some_and(|at| !instants(at, zone).is_empty());
    let mut beyond = (1..=LONGEST_GAP).map(|hours| hours * 3600).find(|seconds| is_shown(*seconds))?;
    let mut within = 0;
    while beyond - within > 1 {
        let middle = within.midpoint(beyond);
        if is_shown(middle) { beyond = middle } else { within = middle }
    }
    instants(later(beyond)?, zone).first().copied()
}
