//! The public holidays of countries: whole countries, and rules that hold for years to come.
//!
//! What single regions keep, or a government sets for one year, is not in here: a feed of one's own says that. Each
//! country names where its rules are published.

mod europe;
mod overseas;

use super::reckon::{Besides, Rule};

/// A country whose holidays are known.
#[derive(Debug)]
pub struct Country {
    /// Its code by ISO 3166-1.
    pub code: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What else people call it.
    pub(super) also: &'static [&'static str],
    /// Where its rules are published.
    pub source: &'static str,
    /// Which day is off besides where a holiday falls on a weekend.
    pub(super) besides: Besides,
    pub(super) days: &'static [Known],
}

/// A holiday that a country has every year.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) name: &'static str,
    pub(super) rule: Rule,
    /// The first year that has it, as far as it matters here.
    pub(super) since: i32,
}

const fn day(name: &'static str, rule: Rule) -> Known {
    since(0, name, rule)
}

const fn since(since: i32, name: &'static str, rule: Rule) -> Known {
    Known { name, rule, since }
}

/// All of them, by name.
pub fn countries() -> Vec<&'static Country> {
    let mut all: Vec<_> = europe::ALL.iter().chain(overseas::ALL).collect();
    all.sort_by_key(|country| country.name);
    all
}

impl Country {
    /// The country of this code or name, in any case.
    pub fn find(said: &str) -> Option<&'static Self> {
        let said = said.trim().to_lowercase();
        let is_it = |name: &str| name.to_lowercase() == said;
        let names =
            |country: &Self| is_it(country.code) || is_it(country.name) || country.also.iter().any(|name| is_it(name));
        europe::ALL.iter().chain(overseas::ALL).find(|country| names(country))
    }
}
