//! Digests: one message for one slot of a schedule, with details in its thread.

mod collect;
mod draft;
mod facts;
mod loaded;
mod project;
mod weekly;
mod wording;

pub use draft::{Draft, DraftWish, Says, offer_at};
pub use facts::{
    About, Away, DigestFacts, Fact, Focus, Item, Overdue, Person, ProjectNews, Proposal, PullItem, Review, Section,
    Untracked, Who,
};
pub use loaded::{Hand, Loaded, Presence, Waiting};
pub use weekly::{Decided, Progress, Risk, WeeklyFacts};
pub use wording::{FocusLine, Group, Wording};

use super::{
    event::Venue,
    ids::{DigestId, Id as _, MemberId, ProjectId, ScheduleId},
    project::words,
    schedule::DigestKind,
    time::Timestamp,
};

words! {
    /// How far a digest is.
    DigestState {
        /// On its way.
        Due = "due",
        /// Posted.
        Posted = "posted",
        /// Left out: the reason is stored with it.
        Skipped = "skipped",
        /// It could not be posted: the reason is stored with it.
        Failed = "failed",
    }
}

/// A digest that is to be posted, or was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// Its id.
    pub id: DigestId,
    /// The schedule that it belongs to; `None` where somebody asked for it.
    pub schedule: Option<ScheduleId>,
    /// What it is.
    pub kind: DigestKind,
    /// Where it is posted; never in a thread.
    pub venue: Venue,
    /// Of which projects; empty as in [`Schedule::projects`](super::schedule::Schedule::projects).
    pub projects: Vec<ProjectId>,
    /// The instant it is for. At most one digest of a schedule has the same one.
    pub slot: Timestamp,
    /// How far it is.
    pub state: DigestState,
    /// Why it was left out or could not be posted, in words.
    pub why: Option<String>,
    /// Who asked for it, where somebody did.
    pub by: Option<MemberId>,
    /// The surface's id of the message, once it is posted.
    pub message: Option<String>,
    /// The surface's ids of the messages in its thread, as far as they are posted.
    pub details: Vec<String>,
    /// Recognises what its messages say: a run that would say the same edits none of them.
    pub shown: Option<String>,
    /// When it was posted.
    pub posted_at: Option<Timestamp>,
}

impl Digest {
    /// A digest that is never stored, and needs no id of its own: what would be told at an instant.
    pub fn unstored(kind: DigestKind, venue: &Venue, at: Timestamp) -> Self {
        Self::asked_for(DigestId::from_ulid(ulid::Ulid::nil()), kind, venue, at)
    }

    /// A digest that belongs to no schedule, for now.
    pub fn asked_for(id: DigestId, kind: DigestKind, venue: &Venue, now: Timestamp) -> Self {
        Self {
            id,
            schedule: None,
            kind,
            venue: Venue { thread: None, ..venue.clone() },
            projects: Vec::new(),
            slot: now,
            state: DigestState::Due,
            why: None,
            by: None,
            message: None,
            details: Vec::new(),
            shown: None,
            posted_at: None,
        }
    }
}
