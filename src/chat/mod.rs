//! The surfaces where people talk to Docket: what comes in becomes an event, what Docket says becomes their format.

pub mod console;
pub mod slack;

use crate::domain::{delivery::Source, event::Incoming};

/// Reads a stored delivery again.
///
/// # Errors
/// A short reason where the body can't be read; nobody can tell then what it asks for.
pub fn incoming(source: Source, body: &[u8]) -> Result<Incoming, String> {
    match source {
        Source::Console => console::receive::incoming(body).map_err(|error| error.to_string()),
        Source::GitHub => Err("people don't talk by webhooks".to_owned()),
        Source::SlackCommand | Source::SlackInteraction | Source::SlackEvent => {
            slack::receive::incoming(source, body).map_err(|error| error.to_string())
        }
    }
}
