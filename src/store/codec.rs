//! Between what is stored and the words of the domain.

use std::str::FromStr;

use serde::{
    Serialize,
    de::{
        DeserializeOwned, IntoDeserializer,
        value::{Error as WordError, StrDeserializer},
    },
};

use super::{Error, Result};

fn corrupt(what: &'static str, why: &impl ToString) -> Error {
    Error::Corrupt { what, why: why.to_string() }
}

/// Reads an id, a key or a date.
pub(super) fn parse<T: FromStr>(what: &'static str, text: &str) -> Result<T> {
    text.parse().map_err(|_| corrupt(what, &format!("{text:?} is none")))
}

/// Reads an id, a key or a date that may be missing.
pub(super) fn parse_opt<T: FromStr>(what: &'static str, text: Option<&str>) -> Result<Option<T>> {
    text.map(|text| parse(what, text)).transpose()
}

/// Reads a value of a closed set by its stored word.
pub(super) fn word<T: DeserializeOwned>(what: &'static str, text: &str) -> Result<T> {
    let word: StrDeserializer<'_, WordError> = text.into_deserializer();
    T::deserialize(word).map_err(|error| corrupt(what, &error))
}

/// Reads JSON.
pub(super) fn from_json<T: DeserializeOwned>(what: &'static str, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| corrupt(what, &error))
}

/// Reads JSON that may be missing.
pub(super) fn from_json_opt<T: DeserializeOwned>(what: &'static str, text: Option<&str>) -> Result<Option<T>> {
    text.map(|text| from_json(what, text)).transpose()
}

/// Writes JSON.
pub(super) fn to_json<T: Serialize + ?Sized>(what: &'static str, value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| corrupt(what, &error))
}

/// Reads a number that the domain keeps in 32 bits.
pub(super) fn small(what: &'static str, number: i64) -> Result<u32> {
    number.try_into().map_err(|_| corrupt(what, &format!("{number} is out of range")))
}

/// A number of rows, for `LIMIT`.
pub(super) fn limit(rows: usize) -> i64 {
    rows.try_into().unwrap_or(i64::MAX)
}

/// Reads a number of tokens or milliseconds.
pub(super) fn natural(what: &'static str, number: i64) -> Result<u64> {
    number.try_into().map_err(|_| corrupt(what, &format!("{number} is out of range")))
}

/// Writes a number of tokens or milliseconds; the largest that can be stored where it is larger.
pub(super) fn whole(number: u64) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}
