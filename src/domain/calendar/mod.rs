//! Calendars: where the days come from on which nobody works.

mod countries;
mod reckon;

use chrono::NaiveDate;

pub use self::{
    countries::{Country, countries},
    reckon::holidays,
};
use super::{
    event::Venue,
    ids::{CalendarId, MemberId},
    member::Identity,
    time::Timestamp,
};

/// Where holidays come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The public holidays of a country, by its code, such as `FR`: Docket knows its rules.
    Country(String),
    /// An iCalendar feed at this address, which is open to everybody.
    Feed(String),
}

/// A calendar of days on which nobody works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    /// Its id.
    pub id: CalendarId,
    /// Where its days come from.
    pub origin: Origin,
    /// What people call it: `France`, what the feed calls itself, or the feed's host.
    pub name: String,
    /// Who wants it.
    pub by: MemberId,
    /// Where, and as whom, they wait to hear whether its feed could be read; `None` once they were told.
    pub waiting: Option<(Venue, Identity)>,
    /// Since when.
    pub added_at: Timestamp,
    /// When it was last read wholly; `None` where it never was.
    pub read_at: Option<Timestamp>,
    /// Why it could not be read since, in words.
    pub trouble: Option<String>,
}

/// A day on which nobody works, and what it is called.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holiday {
    /// The day.
    pub day: NaiveDate,
    /// Its name.
    pub name: String,
}

impl Calendar {
    /// What people call it, with where it comes from: `France (FR)`, `Closed days (example.com)`.
    pub fn called(&self) -> String {
        let origin = match &self.origin {
            Origin::Country(code) => code,
            Origin::Feed(address) => host(address),
        };
        if self.name == origin { self.name.clone() } else { format!("{} ({origin})", self.name) }
    }
}

/// The host of an address: all of it that is shown, for the rest may be meant for few.
pub fn host(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    rest.split(['/', '?', '#', ':']).next().unwrap_or(rest)
}
