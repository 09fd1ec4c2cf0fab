//! Times of the day, by 24 hours or 12.

use chrono::NaiveTime;

use super::{cursor::Cursor, unread};
use crate::error::UserError;

const EXAMPLES: &str = "Say 9:30, 15:00, 9am or noon.";

/// The time of the day that comes next. A bare number is one only where `is_clear` says that nothing else can be meant.
///
/// # Errors
/// When it looks like a time and is none, such as 25:00.
pub(super) fn time(cursor: &mut Cursor<'_>, is_clear: bool) -> Result<Option<NaiveTime>, UserError> {
    let ahead = cursor.ahead(2);
    let Some(word) = ahead.first() else { return Ok(None) };
    let half = ahead.get(1).filter(|half| half_of(half).is_some());
    // `9 am` in two words.
    if let Some(half) = half
        && word.chars().all(|c| c.is_ascii_digit() || c == ':')
    {
        let said = format!("{word}{half}");
        let at = read(&said).ok_or_else(|| unread(&said, "a time of the day", EXAMPLES))?;
        cursor.skip(2);
        return Ok(Some(at));
    }
    let is_number = word.chars().all(|c| c.is_ascii_digit());
    if is_number && (!is_clear || word.len() > 2) {
        return Ok(None);
    }
    match read(word) {
        Some(at) => {
            cursor.skip(1);
            Ok(Some(at))
        }
        None if is_number || looks_like_one(word) => Err(unread(word, "a time of the day", EXAMPLES)),
        None => Ok(None),
    }
}

/// `9:30`, `09:30`, `9.30pm`, `9h30`, `9am`, `12`, `noon`.
pub(super) fn read(word: &str) -> Option<NaiveTime> {
    let word = word.to_lowercase();
    match word.as_str() {
        "noon" | "midday" => return NaiveTime::from_hms_opt(12, 0, 0),
        "midnight" => return NaiveTime::from_hms_opt(0, 0, 0),
        _ => {}
    }
    let half = ["am", "pm", "a.m", "p.m"].iter().find_map(|half| Some((word.strip_suffix(half)?, half_of(half)?)));
    let (digits, is_afternoon) = half.map_or((word.as_str(), None), |(digits, half)| (digits, Some(half)));
    let (hour, minute) = match digits.split_once([':', '.', 'h']) {
        Some((hour, "")) if digits.ends_with('h') => (hour, 0),
        Some((hour, minute)) if minute.len() == 2 => (hour, number(minute)?),
        Some(_) => return None,
        None => (digits, 0),
    };
    let hour = number(hour)?;
    let hour = match is_afternoon {
        None => hour,
        Some(is_afternoon) if (1..=12).contains(&hour) => hour % 12 + if is_afternoon { 12 } else { 0 },
        Some(_) => return None,
    };
    NaiveTime::from_hms_opt(hour, minute, 0)
}

/// Whether it is the half of the day after noon.
fn half_of(word: &str) -> Option<bool> {
    match word.to_lowercase().trim_end_matches('.') {
        "am" | "a.m" => Some(false),
        "pm" | "p.m" => Some(true),
        _ => None,
    }
}

fn number(digits: &str) -> Option<u32> {
    ((1..=2).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| digits.parse().ok())?
}

/// Whether nobody would write something else so: digits around a colon, or before am and pm.
fn looks_like_one(word: &str) -> bool {
    let starts_so = word.starts_with(|c: char| c.is_ascii_digit());
    let plain = word.to_lowercase();
    let colon = word.split_once(':').is_some_and(|(_, rest)| rest.starts_with(|c: char| c.is_ascii_digit()));
    starts_so && (colon || plain.trim_end_matches(['a', 'p', 'm']).chars().all(|c| c.is_ascii_digit()))
}
