//! When a channel gets its digests: on the clocks of a place, whatever these clocks do.

mod cron;
mod moment;
mod recurrence;
mod slots;
#[cfg(test)]
mod tests;
pub mod wall;
mod words;

use std::collections::BTreeSet;

use chrono::NaiveDate;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

pub use self::{
    cron::Cron,
    moment::Moment,
    recurrence::{MonthDay, Recurrence},
    slots::{ON_TIME, Turn},
    words::{clock, days},
};
use super::{
    event::Venue,
    ids::{MemberId, ProjectId, ScheduleId},
    project::words,
    time::Timestamp,
};

words! {
    /// What a digest is.
    DigestKind {
        /// What people did, do and wait for: every working day.
        Standup = "standup",
        /// What a week came to, and what the next one risks.
        Weekly = "weekly",
    }
}

/// What becomes of a slot that passed while nothing served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missed {
    /// It is left out.
    Skip,
    /// It is made up for, once and saying so, if it is not later than so many hours.
    Late(u32),
}

/// How long a schedule rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pause {
    /// Until somebody resumes it.
    Open,
    /// Until the beginning of this day, in the schedule's zone.
    Until(NaiveDate),
}

/// When a channel gets which digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// Its id.
    pub id: ScheduleId,
    /// What it posts.
    pub kind: DigestKind,
    /// Where; never in a thread.
    pub venue: Venue,
    /// Of which projects; empty for those of the channel, and where it has none for all that are not private.
    pub projects: Vec<ProjectId>,
    /// When, on the clocks of `zone`.
    pub when: Recurrence,
    /// Where that clock hangs.
    pub zone: Tz,
    /// What becomes of slots that were missed.
    pub missed: Missed,
    /// Whether it rests.
    pub pause: Option<Pause>,
    /// Days that are left out.
    pub skipped: BTreeSet<NaiveDate>,
    /// Whether each member is to get a private draft of their part beforehand: see [`Schedule::offers_drafts`].
    pub has_drafts: bool,
    /// Who made it.
    pub by: MemberId,
    /// When.
    pub created_at: Timestamp,
    /// Its next slot; `None` where there is none.
    pub next_run_at: Option<Timestamp>,
}

impl Schedule {
    /// Whether it offers drafts: of what a week came to nobody has a part.
    pub fn offers_drafts(&self) -> bool {
        self.has_drafts && self.kind == DigestKind::Standup
    }
}

/// Days on which nobody works, wherever the tenant's calendars say so.
pub type Holidays = BTreeSet<NaiveDate>;
