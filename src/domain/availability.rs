//! When a member works, and when they don't.

use chrono::{NaiveDate, NaiveTime, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::schedule::Holidays;

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

/// Days on which somebody is away.
#[derive(Debug, Clone, PartialEq, Eq)]
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
