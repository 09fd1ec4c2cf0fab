//! Time zones by their names, and by their cities.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDateTime, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};

use super::cursor::Cursor;
use crate::{error::UserError, intent::place::did_you_mean};

/// The parts of the world whose zones are named by cities.
const AREAS: &[&str] =
    &["Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"];
/// Names without a city that are clear enough.
const PLAIN: &[&str] = &["UTC", "GMT", "CET", "EET", "WET"];
/// Short names that mean several places, or a clock that never changes where people mean one that does.
const UNCLEAR: &[&str] = &[
    "ACST", "AEDT", "AEST", "AST", "BST", "CDT", "CEST", "CST", "EDT", "EEST", "EST", "HST", "IST", "JST", "KST",
    "MDT", "MSK", "MST", "NZDT", "NZST", "PDT", "PST", "PT", "ET", "SGT", "WEST",
];
/// Words of the longest name of a city.
const LONGEST: usize = 3;

/// The zone that comes next.
///
/// # Errors
/// When what comes next is meant for one: it names no zone, several, or one that is not clear.
pub(super) fn zone(cursor: &mut Cursor<'_>) -> Result<Option<Tz>, UserError> {
    let ahead = cursor.ahead(LONGEST);
    for count in (1..=ahead.len()).rev() {
        let said = ahead[..count].join("_");
        if let Some(zone) = named(&said)? {
            cursor.skip(count);
            return Ok(Some(zone));
        }
    }
    match ahead.first() {
        Some(word) if UNCLEAR.contains(word) => Err(UserError::new(format!(
            "{word} means different clocks in different places, so I can't use it. Name a city, such as New York, or a \
             zone, such as America/New_York."
        ))),
        Some(word) if is_meant(word) => Err(unknown(word)),
        _ => Ok(None),
    }
}

/// What to say where a word stands at the end that could be a city with a slip in it; `None` where it is none.
pub(super) fn slip(word: &str) -> Option<UserError> {
    let mut letters = word.chars();
    let is_name = letters.next().is_some_and(char::is_uppercase) && letters.clone().all(char::is_lowercase);
    let is_long = letters.count() >= 3;
    (is_name && is_long && near(word).is_some()).then(|| unknown(word))
}

/// The zone of this name or city, in any case.
fn named(said: &str) -> Result<Option<Tz>, UserError> {
    let plain = PLAIN.iter().any(|name| name.eq_ignore_ascii_case(said));
    let own = TZ_VARIANTS.into_iter().find(|zone| zone.name().eq_ignore_ascii_case(said));
    if let Some(zone) = own.filter(|zone| plain || zone.name().contains('/') || zone.name().len() > LONGEST + 1) {
        return Ok(Some(zone));
    }
    let mut found: Vec<Tz> = TZ_VARIANTS
        .into_iter()
        .filter(|zone| city(*zone).is_some_and(|city| city.eq_ignore_ascii_case(said)))
        .collect();
    // Old names of a zone live on beside the new one, which has more parts.
    found.sort_by_key(|zone| std::cmp::Reverse(zone.name().matches('/').count()));
    let clocks: BTreeSet<_> = found.iter().map(|zone| offsets(*zone)).collect();
    match found.as_slice() {
        [] => Ok(None),
        [zone, ..] if clocks.len() == 1 => Ok(Some(*zone)),
        several => {
            let names: Vec<&str> = several.iter().map(|zone| zone.name()).collect();
            Err(UserError::new(format!("There are several places called {said}. Say {}.", names.join(" or "))))
        }
    }
}

/// The city that a zone is named by.
fn city(zone: Tz) -> Option<&'static str> {
    let (area, city) = zone.name().split_once('/')?;
    AREAS.contains(&area).then(|| city.rsplit('/').next().unwrap_or(city))
}

/// How far its clocks are from UTC at a few instants: what is the same there is the same zone to people.
fn offsets(zone: Tz) -> Vec<NaiveDateTime> {
    let instants = [1_767_225_600_i64, 1_782_864_000, 1_790_812_800, 1_798_761_600];
    instants
        .iter()
        .filter_map(|at| DateTime::<Utc>::from_timestamp(*at, 0))
        .map(|at| at.with_timezone(&zone).naive_local())
        .collect()
}

/// Whether a word can only be meant as a zone: `Europe/Pari`.
fn is_meant(word: &str) -> bool {
    let is_part = |part: &str| part.len() > 1 && part.chars().all(|c| c.is_ascii_alphabetic() || c == '_' || c == '-');
    word.contains('/') && word.split('/').all(is_part)
}

fn unknown(word: &str) -> UserError {
    let close = near(word).map_or_else(String::new, |close| format!(" Did you mean {close}?"));
    UserError::new(format!(
        "There is no time zone “{word}”.{close} Name one such as Europe/Paris, a city such as New York, or UTC."
    ))
}

/// The zone or city whose name is near to a word.
fn near(word: &str) -> Option<String> {
    let said = word.rsplit('/').next().unwrap_or(word);
    let known = || TZ_VARIANTS.into_iter().filter_map(|zone| Some((zone, city(zone)?)));
    let names = known().map(|(zone, _)| zone.name());
    did_you_mean(word, names).or_else(|| {
        let city = did_you_mean(said, known().map(|(_, city)| city))?;
        known().find(|(_, own)| *own == city).map(|(zone, _)| zone.name().to_owned())
    })
}
