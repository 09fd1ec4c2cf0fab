//! A draft that is being made: what people see while a model thinks, and how they stop it.

use super::{
    event::Venue,
    ids::{DeliveryId, MemberId},
    time::Timestamp,
};

/// The work on one delivery that takes long enough to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The delivery that is being handled.
    pub delivery: DeliveryId,
    /// Where it came from, and where the card will be.
    pub venue: Venue,
    /// What is being done, such as `Drafting a plan for “Build a login page”`.
    pub what: String,
    /// When the work began. It stays the same when the work is taken up again after a crash.
    pub started_at: Timestamp,
    /// The surface's id of the message that shows it, once it is posted; the card takes this message over.
    pub message: Option<String>,
    /// Who stopped it.
    pub stopped_by: Option<MemberId>,
    /// Whether the work is over without a card, so that the message has to go.
    pub is_over: bool,
}
