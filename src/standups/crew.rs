//! Of whom a digest tells, who of them is there, and how far back it reaches for each.

use std::{collections::BTreeMap, time::Duration};

use chrono::NaiveDate;
use chrono_tz::Tz;

use crate::{
    domain::{
        availability::{Availability, Hours},
        digest::{Digest, Hand, Presence, Says},
        ids::MemberId,
        member::{Member, Role},
        schedule::{DigestKind, Schedule},
        time::Timestamp,
    },
    store::{self, Tx},
};

/// How far back a standup reaches at most: to the one two weeks ago, also over a change of the clocks.
pub(super) const REACH: Duration = Duration::from_hours(15 * 24);
/// How far back a weekly digest reaches at most: to the one of the quarter before.
const LONG_REACH: Duration = Duration::from_hours(100 * 24);
/// How far back a first weekly digest reaches.
const WEEK: Duration = Duration::from_hours(7 * 24);

/// Of whom a digest tells, by name, and how far back it reaches for projects.
pub(super) struct Crew {
    pub(super) hands: Vec<Hand>,
    pub(super) since: Timestamp,
}

/// What is known of the digests before this one.
#[derive(Default)]
pub(super) struct Before {
    /// The instant of the last one.
    pub(super) last: Option<Timestamp>,
    /// The instant of the last one that told of each member.
    pub(super) told: BTreeMap<MemberId, Timestamp>,
    /// What members want to be different in this one.
    pub(super) says: BTreeMap<MemberId, Says>,
}

/// Whether digests tell of a member: not of viewers, guests, bots and people who left.
pub(super) fn is_told_of(member: &Member) -> bool {
    member.effective_role() < Role::Viewer
}

/// What is known of the digests before this one, which belongs to `schedule`.
pub(super) async fn before(tx: &mut Tx, digest: &Digest, schedule: Option<&Schedule>) -> store::Result<Before> {
    let Some(schedule) = schedule else { return Ok(Before::default()) };
    Ok(Before {
        last: tx.last_digest(schedule.id, digest.slot).await?.map(|last| last.slot),
        told: tx.told_until(schedule.id, digest.slot.minus(REACH), digest.slot).await?,
        says: match digest.schedule {
            Some(own) => tx.says(own, digest.slot).await?,
            None => BTreeMap::new(),
        },
    })
}

/// The crew of a digest: `members` are those that it may tell of, by name, each with when they work.
pub(super) fn of(digest: &Digest, zone: Tz, members: &[(Member, Availability)], mut before: Before) -> Crew {
    let hands = members.iter().map(|(member, theirs)| Hand {
        member: member.id,
        since: before.told.get(&member.id).copied().unwrap_or_else(|| yesterday(theirs, digest.slot)),
        presence: match presence(theirs, theirs.day_of(digest.slot)) {
            // Whoever asks for one on such a day wants to read something.
            Presence::Off if digest.schedule.is_none() => Presence::Here,
            presence => presence,
        },
        leaves: theirs.leaves.clone(),
        says: before.says.remove(&member.id).unwrap_or_default(),
    });
    let holidays = members.first().map(|(_, theirs)| theirs.holidays.clone()).unwrap_or_default();
    let usual = Availability { zone, hours: Hours::default(), leaves: Vec::new(), holidays };
    let (since, reach) = match digest.kind {
        DigestKind::Standup => (before.last.unwrap_or_else(|| yesterday(&usual, digest.slot)), REACH),
        DigestKind::Weekly => (before.last.unwrap_or(digest.slot.minus(WEEK)), LONG_REACH),
    };
    Crew { hands: hands.collect(), since: since.max(digest.slot.minus(reach)) }
}

/// The beginning of the working day before the one of a slot, where that is.
fn yesterday(theirs: &Availability, slot: Timestamp) -> Timestamp {
    theirs.start_of(theirs.previous_working_day(theirs.day_of(slot))).max(slot.minus(REACH))
}

/// Whether somebody is there on a day of theirs.
pub(super) fn presence(theirs: &Availability, day: NaiveDate) -> Presence {
    match theirs.leaves.iter().filter(|leave| leave.covers(day)).map(|leave| leave.to).max() {
        Some(until) => Presence::Away(until),
        None if theirs.works_on(day) => Presence::Here,
        None => Presence::Off,
    }
}
