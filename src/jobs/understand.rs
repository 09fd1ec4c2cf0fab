//! What a line asks for, in the words of the grammar and by what its channel has chosen before.

use chrono::NaiveDate;

use crate::{
    domain::{
        event::{Event, Venue},
        member::Member,
        route::phrase,
        time::Timestamp,
    },
    intent::{self, Reading, classify},
    store::{self, Tx},
};

/// Reads a typed line without a model; `None` for events that are no line.
///
/// Words that nothing understands may be ones that this channel has given a meaning.
pub async fn understand(
    tx: &mut Tx,
    event: &Event,
    sender: Option<&Member>,
    venue: Option<&Venue>,
    now: Timestamp,
) -> store::Result<Option<Reading>> {
    let today = today(sender, now);
    let (reading, said) = match event {
        Event::Command(line) | Event::Chosen { line, .. } => (intent::typed(line, today), line),
        Event::Words(words) | Event::Reply(words) => (intent::words(words, today), words),
        Event::Click(_)
        | Event::Stop { .. }
        | Event::Account(_)
        | Event::Removed { .. }
        | Event::Tracker(_)
        | Event::Nothing => {
            return Ok(None);
        }
    };
    if let (Reading::Unknown(_), Some(venue), Some(phrase)) = (&reading, venue, phrase(said))
        && let Some(route) = tx.route(venue, &phrase).await?
        && let Reading::Meant(intent) = intent::typed(&route.line, today)
        && classify::may_mean(&intent)
    {
        return Ok(Some(Reading::Meant(intent)));
    }
    Ok(Some(reading))
}

/// The day it is for the sender.
pub fn today(sender: Option<&Member>, now: Timestamp) -> NaiveDate {
    let zone: Option<chrono_tz::Tz> = sender.and_then(|member| member.time_zone.parse().ok());
    now.to_utc().with_timezone(&zone.unwrap_or(chrono_tz::UTC)).date_naive()
}
