//! Of whom a digest tells, who of them is there, and how far back it reaches for each.

use std::time::Duration;

use chrono::{NaiveDate, NaiveTime, Weekday};
use chrono_tz::Tz;

use crate::domain::{
    availability::{Availability, Hours},
    digest::{Digest, Hand, Presence},
    member::{Member, Role},
    schedule::Holidays,
    time::Timestamp,
};

/// How far back a digest reaches at most.
const REACH: Duration = Duration::from_hours(14 * 24);

/// Of whom a digest tells, by name, and how far back it reaches for projects.
pub(super) struct Crew {
    pub(super) hands: Vec<Hand>,
    pub(super) since: Timestamp,
}

/// The crew of a digest: everybody who works here; no viewers, guests, bots or people who left.
pub(super) fn of(digest: &Digest, members: &[Member], zone: Tz) -> Crew {
    let workers = members.iter().filter(|member| member.effective_role() < Role::Viewer);
    let hands = workers.map(|member| {
        let theirs = usual(member.time_zone.parse().unwrap_or(zone));
        let presence = presence(&theirs, theirs.day_of(digest.slot));
        Hand { member: member.id, since: yesterday(&theirs, digest.slot), presence }
    });
    Crew { hands: hands.collect(), since: yesterday(&usual(zone), digest.slot) }
}

/// The usual days and hours of a place.
fn usual(zone: Tz) -> Availability {
    let hour = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap_or_default();
    let days = vec![Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];
    let hours = Hours { days, from: hour(9), to: hour(17) };
    Availability { zone, hours, leaves: Vec::new(), holidays: Holidays::new() }
}

/// The beginning of the working day before the one of a slot, where that is.
fn yesterday(theirs: &Availability, slot: Timestamp) -> Timestamp {
    theirs.start_of(theirs.previous_working_day(theirs.day_of(slot))).max(slot.minus(REACH))
}

/// Whether somebody is there on a day of theirs.
fn presence(theirs: &Availability, day: NaiveDate) -> Presence {
    match theirs.leaves.iter().filter(|leave| leave.covers(day)).map(|leave| leave.to).max() {
        Some(until) => Presence::Away(until),
        None if theirs.works_on(day) => Presence::Here,
        None => Presence::Off,
    }
}
