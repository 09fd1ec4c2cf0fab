//! Trackers, where work happens: what comes in from them becomes an event.

pub mod github;

use crate::domain::{
    delivery::{Delivery, Source},
    event::Incoming,
};

/// Reads a stored delivery of a tracker again; `None` where it came in by another door.
///
/// # Errors
/// A short reason where the body can't be read.
pub fn incoming(delivery: &Delivery) -> Option<Result<Incoming, String>> {
    match delivery.source {
        Source::GitHub => {
            let kind = delivery.dedupe_key.split(' ').next().unwrap_or_default();
            Some(github::receive::incoming(kind, &delivery.body))
        }
        Source::Console | Source::SlackCommand | Source::SlackInteraction | Source::SlackEvent => None,
    }
}
