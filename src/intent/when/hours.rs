//! Working hours: `Mon-Thu 9-17 Europe/Paris`.

use chrono::{NaiveTime, Weekday};

use super::{clock, cursor::Cursor, unread, zone};
use crate::{domain::availability::HoursWish, error::UserError};

const EXAMPLES: &str = "Say days, hours and a time zone, or some of them: Mon-Thu 9-17 Europe/Paris.";

/// Reads the days, hours and zone in which somebody works, as far as they are said.
///
/// # Errors
/// When nothing is said, or something that can't be read.
pub fn hours(text: &str) -> Result<HoursWish, UserError> {
    let mut cursor = Cursor::new(text);
    let mut wish = HoursWish::default();
    while !cursor.rest().is_empty() {
        cursor.eat_any(&["on", "from", "in", "between"]);
        if wish.days.is_none()
            && let Some(days) = days(&mut cursor)
        {
            wish.days = Some(days);
        } else if wish.span.is_none()
            && let Some(span) = span(&mut cursor)?
        {
            wish.span = Some(span);
        } else if wish.zone.is_none()
            && let Some(zone) = zone::zone(&mut cursor)?
        {
            wish.zone = Some(zone);
        } else {
            let slip = cursor.peek().filter(|_| wish.zone.is_none()).and_then(zone::slip);
            return Err(slip.unwrap_or_else(|| unread(cursor.rest(), "working hours", EXAMPLES)));
        }
    }
    if wish == HoursWish::default() {
        return Err(unread(text.trim(), "working hours", EXAMPLES));
    }
    Ok(wish)
}

fn days(cursor: &mut Cursor<'_>) -> Option<Vec<Weekday>> {
    if cursor.eat_any(&["weekdays", "workdays", "working days"]) {
        return Cursor::new("Mon-Fri").weekdays();
    }
    if cursor.eat_any(&["every day", "daily"]) {
        return Cursor::new("Mon-Sun").weekdays();
    }
    cursor.weekdays()
}

/// `9-17`, `9:00 – 17:30`, `9am to 5pm`.
fn span(cursor: &mut Cursor<'_>) -> Result<Option<(NaiveTime, NaiveTime)>, UserError> {
    let read = |from: &str, to: &str| Some((clock::read(from)?, clock::read(to)?));
    let ahead = cursor.ahead(3);
    let in_one = ahead.first().and_then(|word| word.split_once(['-', '–', '—']));
    let (found, count) = match (in_one.and_then(|(from, to)| read(from, to)), ahead.as_slice()) {
        (Some(found), _) => (found, 1),
        (None, [from, "-" | "–" | "—" | "to" | "until" | "till" | "and", to]) => match read(from, to) {
            Some(found) => (found, 3),
            None => return Ok(None),
        },
        _ => return Ok(None),
    };
    if found.1 <= found.0 {
        let words =
            "Working hours end after they began, on the same day. If you work at night, say the day's part of it.";
        return Err(UserError::new(format!("{words} {EXAMPLES}")));
    }
    cursor.skip(count);
    Ok(Some(found))
}
