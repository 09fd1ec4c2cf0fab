//! How an edit names tasks: by number, by code, by their order on the card, by their title.

use super::task_name;
use crate::{
    domain::intent::TaskName,
    intent::text::{self, after_any, before_any},
};

/// One task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pick {
    /// By number or code.
    Named(TaskName),
    /// By its order on the card, from 1.
    Nth(usize),
    /// The last one on the card.
    Last,
    /// By its title, or words of it.
    Title(String),
}

/// Some tasks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Picks {
    /// These.
    Each(Vec<Pick>),
    /// The first so many on the card.
    First(usize),
    /// The last so many on the card.
    Last(usize),
    /// All on the card.
    All,
}

const ORDINALS: [&str; 10] =
    ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"];
const COUNTS: [&str; 10] = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

impl Pick {
    /// Reads `2`, `#2`, `task 2`, `AUTH-2`, `the second one`, `the last`, `"Login page"`, `the login task`.
    pub(super) fn read(words: &str) -> Option<Self> {
        let words = words.trim().trim_end_matches(['.', ',', '!', '?', ':']).trim_end();
        let bare = after_any(words, &["the task", "task number", "task", "number", "no"]).filter(|w| !w.is_empty());
        if let Some(name) = task_name(words).or_else(|| bare.and_then(task_name)) {
            return Some(Self::Named(name));
        }
        let plain = after_any(words, &["the"]).unwrap_or(words).to_lowercase();
        let plain = before_any(&plain, &["one", "task", "item"]).filter(|w| !w.is_empty()).unwrap_or(&plain);
        if plain == "last" {
            return Some(Self::Last);
        }
        if let Some(at) = ORDINALS.iter().position(|word| *word == plain) {
            return Some(Self::Nth(at + 1));
        }
        let digits = ["st", "nd", "rd", "th"].iter().find_map(|end| plain.strip_suffix(end));
        if let Some(nth) = digits.and_then(|digits| digits.parse().ok()).filter(|nth| *nth > 0) {
            return Some(Self::Nth(nth));
        }
        let quoted = text::unquote(words);
        let title = if quoted.len() < words.trim().len() { quoted } else { named_title(words) };
        let plausible = title.chars().any(char::is_alphanumeric) && title.chars().count() <= 200 && !is_pronoun(title);
        plausible.then(|| Self::Title(title.to_owned()))
    }

    /// Whether it can't be mistaken for words of a title.
    pub(super) const fn is_definite(&self) -> bool {
        !matches!(self, Self::Title(_))
    }
}

/// `the login task` means the one called login.
fn named_title(words: &str) -> &str {
    let words = after_any(words, &["the task called", "the task", "task called", "task", "the"]).unwrap_or(words);
    before_any(words, &["task", "one"]).filter(|words| !words.is_empty()).unwrap_or(words)
}

/// Words that point at something which only people see.
fn is_pronoun(words: &str) -> bool {
    ["it", "that", "this", "them", "these", "those", "everything", "something", "anything", "one"]
        .iter()
        .any(|word| words.eq_ignore_ascii_case(word))
}

impl Picks {
    /// Reads one task or several: `2 and 3`, `2, 3 and 4`, `2-4`, `the first two`, `the last one`, `all tasks`.
    pub(super) fn read(words: &str) -> Option<Self> {
        let words = words.trim().trim_end_matches(['.', '!', '?']).trim_end();
        if let Some(several) = Self::by_order(words) {
            return Some(several);
        }
        if let Some(pick) = Pick::read(words).filter(Pick::is_definite) {
            return Some(Self::Each(vec![pick]));
        }
        let list = after_any(words, &["the tasks", "tasks", "both"]).unwrap_or(words);
        if let Some(range) = range(list) {
            return Some(range);
        }
        if let Some(picks) = list_of_picks(list) {
            return Some(Self::Each(picks));
        }
        Pick::read(words).map(|pick| Self::Each(vec![pick]))
    }

    /// `the first two`, `the last 3 tasks`, `all`.
    fn by_order(words: &str) -> Option<Self> {
        let plain = after_any(words, &["all the", "the"]).unwrap_or(words).to_lowercase();
        if ["all", "all tasks", "every task", "all of them"].contains(&plain.as_str()) {
            return Some(Self::All);
        }
        let plain = before_any(&plain, &["tasks", "ones", "items", "task", "one"]).unwrap_or(&plain);
        let (first, count) = plain.split_once(' ')?;
        let count = COUNTS.iter().position(|word| *word == count.trim()).map(|at| at + 1);
        let count =
            count.or_else(|| plain.split_once(' ')?.1.trim().parse().ok()).filter(|n| (1..=1000).contains(n))?;
        match first {
            "first" => Some(Self::First(count)),
            "last" => Some(Self::Last(count)),
            _ => None,
        }
    }

    pub(super) fn is_definite(&self) -> bool {
        match self {
            Self::Each(picks) => picks.iter().all(Pick::is_definite),
            Self::First(_) | Self::Last(_) | Self::All => true,
        }
    }
}

/// `2-4`, `2 to 4`, `2 through 4`.
fn range(words: &str) -> Option<Picks> {
    let (from, to) = ["-", " to ", " through "].iter().find_map(|joint| words.split_once(joint))?;
    let (from, to): (u32, u32) = (from.trim().parse().ok()?, to.trim().parse().ok()?);
    (from > 0 && from < to && to - from < 100)
        .then(|| Picks::Each((from..=to).map(|n| Pick::Named(TaskName::Number(n))).collect()))
}

/// `2, 3 and 4`: every one definite or quoted, so that a title with an “and” in it stays whole.
fn list_of_picks(words: &str) -> Option<Vec<Pick>> {
    let spaced = words.replace(" & ", " and ");
    let parts: Vec<&str> = super::split_outside_quotes(&spaced, ",")
        .into_iter()
        .flat_map(|part| super::split_outside_quotes(part, " and "))
        .flat_map(|part| super::split_outside_quotes(part, " with "))
        .map(|part| text::after(part, "and").unwrap_or(part).trim())
        .filter(|part| !part.is_empty())
        .collect();
    if parts.len() < 2 || parts.len() > 100 {
        return None;
    }
    parts.iter().map(|part| Pick::read(part).filter(|pick| pick.is_definite() || part.starts_with('"'))).collect()
}
