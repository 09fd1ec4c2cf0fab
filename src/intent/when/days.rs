//! Days and spans of days: `tomorrow`, `until Monday`, `24 Dec – 2 Jan`, `next week`, `for 3 days`.

use chrono::{Datelike, Days, NaiveDate, Weekday};

use super::{
    cursor::{Cursor, weekday},
    unread,
};
use crate::{
    domain::availability::Leave,
    error::UserError,
    intent::{
        text::{after_any, places_of},
        value,
    },
};

const DAY: &str = "Say tomorrow, friday, 24 Dec or 2026-12-24.";
const SPAN: &str = "Say tomorrow, 24 Dec, 24 Dec – 2 Jan, until Monday, next week or for 3 days.";
/// A span of days may have so many, at most.
const LONGEST: i64 = 366;
/// Words of the longest way to say a day: `Fri 4 Dec 2026`, `24th of December 2026`.
const WORDS: usize = 4;

/// Reads a day, such as the one until which something rests: `until Monday`, `tomorrow`, `24 Dec`.
///
/// # Errors
/// When it is none.
pub fn day(text: &str, today: NaiveDate) -> Result<NaiveDate, UserError> {
    let bare = after_any(text, &["until", "till", "on", "by"]).unwrap_or(text);
    one(bare, today).ok_or_else(|| unread(text.trim(), "a day", DAY))
}

/// Reads days from the first to the last: `tomorrow`, `24 Dec – 2 Jan`, `for 3 days`. Whoever is away `until Monday` is
/// back on Monday.
///
/// # Errors
/// When they can't be read, end before they begin, are over, or too many.
pub fn days(text: &str, today: NaiveDate) -> Result<Leave, UserError> {
    let text = text.trim();
    let (from, to) = span(text, today).ok_or_else(|| unread(text, "days", SPAN))?;
    if to < from {
        let words = format!("These days end before they begin: {} – {}. {SPAN}", words(from), words(to));
        return Err(UserError::new(words));
    }
    if to < today {
        return Err(UserError::new(format!("These days are over: they ended on {}. {SPAN}", words(to))));
    }
    if (to - from).num_days() >= LONGEST {
        return Err(UserError::new(format!("That is more than {LONGEST} days, which is the most. {SPAN}")));
    }
    Ok(Leave { from, to })
}

/// `Thu 24 Dec 2026`.
fn words(day: NaiveDate) -> String {
    day.format("%a %-d %b %Y").to_string()
}

fn span(text: &str, today: NaiveDate) -> Option<(NaiveDate, NaiveDate)> {
    let before = |day: NaiveDate| day.pred_opt();
    let week = |day: NaiveDate| day.week(Weekday::Mon).checked_last_day();
    match text.to_lowercase().as_str() {
        "this week" | "the rest of the week" | "rest of the week" => return Some((today, week(today)?)),
        "next week" => {
            let monday = week(today)?.succ_opt()?;
            return Some((monday, week(monday)?));
        }
        _ => {}
    }
    if let Some(back) = after_any(text, &["until", "till"]) {
        let back = one(back, today)?;
        return Some((today, before(back)?));
    }
    if let Some(last) = after_any(text, &["through", "up to and including"]) {
        return Some((today, one(last, today)?));
    }
    if let Some(count) = after_any(text, &["for"]).and_then(count) {
        return Some((today, today.checked_add_days(Days::new(count - 1))?));
    }
    let text = after_any(text, &["from", "on"]).unwrap_or(text);
    if let Some(day) = one(text, today) {
        return Some((day, day));
    }
    if let Some(place) = places_of(text, "for").last() {
        let (from, count) = (one(&text[..place.start], today)?, count(&text[place.end..])?);
        return Some((from, from.checked_add_days(Days::new(count - 1))?));
    }
    separators(text).into_iter().find_map(|(left, right)| both(left.trim(), right.trim(), today))
}

/// The text around everything that may stand between the first and the last day.
fn separators(text: &str) -> Vec<(&str, &str)> {
    let words = ["to", "until", "till", "through", "-", "–", "—"];
    let words = words.iter().flat_map(|word| places_of(text, word));
    let dashes = text.match_indices(['-', '–', '—']).map(|(at, dash)| at..at + dash.len());
    words.chain(dashes).map(|place| (&text[..place.start], &text[place.end..])).collect()
}

/// The first and the last day. `24 – 28 Dec` has one month for both.
fn both(left: &str, right: &str, today: NaiveDate) -> Option<(NaiveDate, NaiveDate)> {
    let month = || right.split_once(' ').map(|(_, month)| format!("{left} {month}"));
    let from = one(left, today).or_else(|| one(&month()?, today))?;
    // What has no year comes after the first day; what is said by its year may not, and is told so.
    let to = one(right, from)?;
    Some((from, to))
}

/// `3 days`, `a week`, `2 weeks`: how many days.
fn count(text: &str) -> Option<u64> {
    let (count, unit) = text.trim().split_once(' ')?;
    let count = match count {
        "a" | "one" => 1,
        "two" => 2,
        "three" => 3,
        digits => digits.parse::<u64>().ok().filter(|count| (1..=1000).contains(count))?,
    };
    match unit.trim() {
        "day" | "days" => Some(count),
        "week" | "weeks" => Some(count * 7),
        _ => None,
    }
}

/// One day, also with its name in front: `Fri 4 Dec 2026`.
fn one(text: &str, today: NaiveDate) -> Option<NaiveDate> {
    let text = text.trim();
    if let Some(day) = value::date(text, today).flatten() {
        return Some(day);
    }
    let (name, rest) = text.split_once(char::is_whitespace)?;
    let name = weekday(name.trim_end_matches(','))?;
    value::date(rest, today).flatten().filter(|day| day.weekday() == name)
}

/// The day that comes next in a line, in as many words as belong to it.
pub(super) fn day_ahead(cursor: &mut Cursor<'_>, today: NaiveDate) -> Option<NaiveDate> {
    let ahead = cursor.ahead(WORDS);
    let (count, day) =
        (1..=ahead.len()).rev().find_map(|count| Some((count, one(&ahead[..count].join(" "), today)?)))?;
    cursor.skip(count);
    Some(day)
}
