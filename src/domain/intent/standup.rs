//! What is wanted of digests.

use chrono::{NaiveDate, NaiveTime};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::domain::{
    project::ProjectKey,
    schedule::{Missed, Recurrence},
};

/// What is wanted of the digests of a channel. Which one is said by its number in the list, where there are several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StandupWish {
    /// What there is.
    List,
    /// One at once, for everybody in the channel.
    Now,
    /// What one would say now, for the sender alone.
    Preview,
    /// A new schedule.
    Set {
        /// What it is to be like; with a whole rule.
        change: Box<ScheduleChange>,
        /// Whether the sender has seen what it would do, and said yes.
        is_confirmed: bool,
    },
    /// Another rule, or anything else of a schedule.
    Edit {
        /// Which one.
        which: Option<usize>,
        /// What is to be different.
        change: Box<ScheduleChange>,
        /// As for a new one.
        is_confirmed: bool,
    },
    /// Let one rest.
    Pause {
        /// Which one.
        which: Option<usize>,
        /// Until the beginning of this day; `None` until somebody resumes it.
        until: Option<NaiveDate>,
    },
    /// Go on with one that rests.
    Resume(Option<usize>),
    /// Leave a day out.
    Skip {
        /// Which one.
        which: Option<usize>,
        /// Which day.
        day: NaiveDate,
    },
    /// Forget one.
    Remove(Option<usize>),
}

/// What a schedule is to be like; what is not said stays as it is, or as it comes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleChange {
    /// When.
    pub rule: Option<RuleWish>,
    /// On the clocks of which place.
    pub zone: Option<Tz>,
    /// Of which projects; none of them for those of the channel.
    pub projects: Option<Vec<ProjectKey>>,
    /// What becomes of slots that were missed.
    pub missed: Option<Missed>,
    /// Whether each member gets a private draft beforehand.
    pub has_drafts: Option<bool>,
}

/// What is said of when something happens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleWish {
    /// All of it.
    Whole(Recurrence),
    /// Another time, on the same days.
    At(NaiveTime),
    /// Other days, at the same time: a rule whose own time means nothing.
    Days(Recurrence),
}
