//! What is wanted of when people work.

use serde::{Deserialize, Serialize};

use crate::domain::availability::Leave;

/// What is to be different about when somebody is away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AwayWish {
    /// They are away then.
    Add(Vec<Leave>),
    /// They are not: the so-manieth of those ahead, from 1.
    Cancel(usize),
}

/// What is to be different about when nobody works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HolidaysWish {
    /// The public holidays of a country count, by its code.
    Country(String),
    /// The days of an iCalendar feed count; its address, as somebody typed it.
    Feed(String),
    /// A calendar no longer counts: its country, name, host, or place in the list.
    Remove(String),
}
