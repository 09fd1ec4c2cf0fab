//! What an event asks for, in the words of the grammar.

use chrono::NaiveDate;

use crate::{
    domain::{event::Event, intent::Intent, member::Member, time::Timestamp},
    error::UserError,
    intent,
};

/// The intent of a typed line; `None` for events that are no line.
///
/// # Errors
/// Words for the sender where the line means nothing to us.
pub fn understand(event: &Event, sender: Option<&Member>, now: Timestamp) -> Result<Option<Intent>, UserError> {
    let today = today(sender, now);
    match event {
        Event::Command(line) => intent::command::parse(line, today).map(Some),
        Event::Words(words) => intent::words(words, today).map(Some),
        Event::Click(_) | Event::Removed { .. } | Event::Nothing => Ok(None),
    }
}

/// The day it is for the sender.
pub fn today(sender: Option<&Member>, now: Timestamp) -> NaiveDate {
    let zone: Option<chrono_tz::Tz> = sender.and_then(|member| member.time_zone.parse().ok());
    now.to_utc().with_timezone(&zone.unwrap_or(chrono_tz::UTC)).date_naive()
}
