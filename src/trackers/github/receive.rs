//! GitHub's webhooks, in platform-neutral words (docs.github.com, webhook-events-and-payloads).

use crate::domain::{
    event::{Event, Incoming},
    provider::Provider,
    tracker::{Happening, TrackerEvent},
};

/// Reads the body of a webhook. `kind` is what GitHub calls the event, such as `pull_request`.
///
/// # Errors
/// A short reason where the body can't be read.
pub fn incoming(kind: &str, body: &[u8]) -> Result<Incoming, String> {
    serde_json::from_slice::<serde::de::IgnoredAny>(body).map_err(|error| error.to_string())?;
    let happening = match kind {
        "ping" => Some(Happening::Ping),
        _ => None,
    };
    let event = happening.map_or(Event::Nothing, |happening| {
        Event::Tracker(Box::new(TrackerEvent {
            provider: Provider::GitHub,
            realm: String::new(),
            repository: None,
            by: None,
            through: None,
            happening,
        }))
    });
    Ok(Incoming { sender: None, venue: None, event })
}
