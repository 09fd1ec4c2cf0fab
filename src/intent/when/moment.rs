//! Moments: `tomorrow 10:00`, `in 2 hours`, `Friday 9am`, `24 Dec 15:00`.

use std::time::Duration;

use chrono::{NaiveDate, NaiveTime};

use super::{clock, cursor::Cursor, days::day_ahead, unread};
use crate::{domain::schedule::Moment, error::UserError};

const EXAMPLES: &str = "Say tomorrow 10:00, in 2 hours, Friday 9am or 24 Dec 15:00.";
/// When a day begins on which nobody says at what time.
const MORNING: u32 = 9;
/// A moment may lie so many minutes ahead, at most: a year.
const FURTHEST: u64 = 366 * 24 * 60;

/// Reads a moment at the beginning of a text, and gives what follows it. A day without a time begins at nine.
///
/// # Errors
/// When it begins with none.
pub fn moment(text: &str, today: NaiveDate) -> Result<(Moment, String), UserError> {
    let mut cursor = Cursor::new(text);
    let wrong = || unread(text.trim(), "a moment", EXAMPLES);
    if let Some(wait) = cursor.attempt(in_some_time) {
        return Ok((Moment::In(wait?), cursor.rest().to_owned()));
    }
    let (mut day, mut at) = (None, None);
    loop {
        let before = cursor.clone();
        let is_at = cursor.eat_any(&["at", "@"]);
        if !is_at {
            cursor.eat("on");
        }
        if day.is_none() && !is_at {
            day = day_ahead(&mut cursor, today);
            if day.is_some() {
                continue;
            }
        }
        if at.is_none() {
            at = clock::time(&mut cursor, is_at)?;
            if at.is_some() {
                continue;
            }
        }
        cursor = before;
        break;
    }
    let moment = match (day, at) {
        (Some(day), at) => {
            let morning = NaiveTime::from_hms_opt(MORNING, 0, 0).unwrap_or_default();
            Moment::On(day.and_time(at.unwrap_or(morning)))
        }
        (None, Some(at)) => Moment::At(at),
        (None, None) => return Err(wrong()),
    };
    Ok((moment, cursor.rest().to_owned()))
}

/// `in 2 hours`, `in an hour`, `in 90 minutes`; days and weeks are days, which begin at nine.
fn in_some_time(cursor: &mut Cursor<'_>) -> Option<Result<Duration, UserError>> {
    if !cursor.eat("in") {
        return None;
    }
    let ahead = cursor.ahead(2);
    let (count, unit) = (ahead.first()?, ahead.get(1)?);
    let count: u64 = match count.to_lowercase().as_str() {
        "a" | "an" | "one" => 1,
        digits => digits.parse().ok()?,
    };
    let minutes = match unit.to_lowercase().as_str() {
        "minute" | "minutes" | "min" | "mins" | "m" => 1,
        "hour" | "hours" | "h" | "hr" | "hrs" => 60,
        _ => return None,
    };
    cursor.skip(2);
    let minutes = count.checked_mul(minutes).filter(|minutes| (1..=FURTHEST).contains(minutes));
    let wrong = || UserError::new(format!("That is more than a year ahead, or not ahead at all. {EXAMPLES}"));
    Some(minutes.map(Duration::from_mins).ok_or_else(wrong))
}
