//! The sentences of an `edit`: what somebody wants changed, before anybody looked at the plan.

use chrono::NaiveDate;

use super::{command::shorten, text};
use crate::{
    domain::intent::{FieldValue, TaskName},
    error::UserError,
};

mod field;
mod pick;
mod sentence;

pub use pick::{Pick, Picks};

/// One change that somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// A new task.
    Add {
        /// Its title.
        title: String,
        /// Where; at the end where nothing is said.
        spot: Option<Spot>,
    },
    /// New tasks, one after the other.
    AddEach {
        /// Their titles, at least two.
        titles: Vec<String>,
        /// Where; at the end where nothing is said.
        spot: Option<Spot>,
    },
    /// Tasks go.
    Remove(Picks),
    /// A task gets another title.
    Rename {
        /// Which.
        task: Pick,
        /// The new title.
        title: String,
    },
    /// Several tasks become one.
    Combine {
        /// Which, at least two.
        tasks: Picks,
        /// What the one is called; both titles joined where nothing is said.
        title: Option<String>,
    },
    /// One task becomes several.
    Split {
        /// Which.
        task: Pick,
        /// The titles, at least two.
        into: Vec<String>,
    },
    /// Tasks move.
    Move {
        /// Which.
        tasks: Picks,
        /// Where to.
        spot: Spot,
    },
    /// A task waits for others.
    Wait {
        /// Which waits.
        tasks: Picks,
        /// For which.
        on: Picks,
    },
    /// A task no longer waits; for anything where `on` is `None`.
    Unwait {
        /// Which.
        task: Pick,
        /// For which.
        on: Option<Picks>,
    },
    /// One field of tasks.
    Set {
        /// Which.
        tasks: Picks,
        /// What it becomes.
        value: FieldValue,
    },
    /// A task's description.
    Describe {
        /// Which.
        task: Pick,
        /// The new one; empty clears it.
        text: String,
    },
    /// One more acceptance criterion.
    Accept {
        /// Of which task.
        task: Pick,
        /// The criterion.
        text: String,
    },
    /// The project's title.
    ProjectTitle(String),
    /// The project's summary; empty clears it.
    ProjectSummary(String),
}

/// Where a task goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spot {
    /// In front of a task, beside it.
    Before(Pick),
    /// Behind a task, beside it.
    After(Pick),
    /// Under a task, as its last child.
    Under(Pick),
    /// In front of all its siblings.
    First,
    /// Behind all its siblings.
    Last,
    /// To the top level, behind the others.
    TopLevel,
}

impl Wish {
    /// Whether the sentence ends in free prose, so that a following sentence may belong to it.
    const fn ends_in_prose(&self) -> bool {
        matches!(self, Self::Describe { .. } | Self::Accept { .. } | Self::ProjectSummary(_))
    }

    /// Whether its titles are nothing but titles.
    fn is_plain(&self) -> bool {
        match self {
            Self::Add { title, .. } | Self::Rename { title, .. } | Self::Combine { title: Some(title), .. } => {
                is_title(title)
            }
            Self::AddEach { titles, .. } | Self::Split { into: titles, .. } => {
                titles.iter().all(|title| is_title(title))
            }
            _ => true,
        }
    }

    /// Whether every task in it is named by number, code or order, and its verb by a word that titles don't start with.
    fn is_definite(&self) -> bool {
        match self {
            Self::Add { .. } | Self::AddEach { .. } | Self::ProjectTitle(_) | Self::ProjectSummary(_) => true,
            Self::Remove(tasks) | Self::Combine { tasks, .. } | Self::Move { tasks, .. } | Self::Set { tasks, .. } => {
                tasks.is_definite()
            }
            Self::Wait { tasks, on } => tasks.is_definite() && on.is_definite(),
            Self::Rename { task, .. }
            | Self::Split { task, .. }
            | Self::Unwait { task, .. }
            | Self::Describe { task, .. }
            | Self::Accept { task, .. } => task.is_definite(),
        }
    }
}

/// Three sentences that work.
pub const EXAMPLES: &str = "“add a task for documentation”, “combine 2 and 3 as Token service”, “move 3 before 1”";

/// Reads what somebody wants changed: sentences joined by “and”, “;”, full stops or line breaks.
/// One that can't be read is quoted in the error, and then none of them counts.
pub fn wishes(words: &str, today: NaiveDate) -> Result<Vec<Wish>, UserError> {
    let plain = text::tidy(words);
    let mut read: Vec<Wish> = Vec::new();
    for line in plain.split('\n').flat_map(|line| split_outside_quotes(line, ";")) {
        let line = line.trim().trim_start_matches(['-', '*', '•']).trim();
        if line.is_empty() {
            continue;
        }
        let mut pieces: Vec<(Wish, String)> = Vec::new();
        for piece in split_outside_quotes(line, ". ") {
            read_piece(piece, today, &mut pieces)?;
        }
        read.extend(pieces.into_iter().map(|(wish, _)| wish));
    }
    if read.is_empty() {
        return Err(UserError::new(format!("Say what should change, for example: {EXAMPLES}.")));
    }
    Ok(read)
}

/// Whether the words are an edit, every sentence of them.
pub fn understands(words: &str) -> bool {
    // Any day will do: no sentence is an edit on one day and none on another.
    wishes(words, NaiveDate::default()).is_ok()
}

/// Whether the words are an edit and say no more than was read: no title goes on as a sentence would, such as
/// “documentation and then maybe think about legal”. Where a model can be asked, everything else is left to it.
pub fn is_plain(words: &str) -> bool {
    wishes(words, NaiveDate::default()).is_ok_and(|wishes| wishes.iter().all(Wish::is_plain))
}

/// Words that a title hardly has, and the rest of a sentence does.
const CLAUSES: &[&str] = &[
    "but",
    "if",
    "unless",
    "then",
    "when",
    "because",
    "so that",
    "until",
    "maybe",
    "perhaps",
    "instead",
    "the first",
    "the second",
    "the third",
    "the last",
    "the others",
    "all of",
    "each of",
    "every",
];

/// Whether this reads as a title alone.
fn is_title(text: &str) -> bool {
    let goes_on = |word: &str| !text::places_of(text, word).is_empty();
    let is_wish = |at: std::ops::Range<usize>| sentence::starts_with_verb(text[at.end..].trim_start());
    !CLAUSES.iter().any(|word| goes_on(word)) && !text::places_of(text, "and").into_iter().any(is_wish)
}

/// Reads one piece between full stops, joined by “and” at most, and appends what it says.
fn read_piece(piece: &str, today: NaiveDate, pieces: &mut Vec<(Wish, String)>) -> Result<(), UserError> {
    let mut clauses: Vec<(Option<Wish>, String)> = Vec::new();
    for clause in split_at_joints(piece.trim()) {
        let wish = sentence::read(clause, today);
        match (wish, clauses.last_mut()) {
            (Some(wish), None) => clauses.push((Some(wish), clause.to_owned())),
            (Some(wish), Some(_)) if wish.is_definite() => clauses.push((Some(wish), clause.to_owned())),
            // “add a task for docs and assign it to me”: nobody but people knows what “it” is.
            (None, Some(_)) if speaks_of_it(clause) => clauses.push((None, clause.to_owned())),
            // “add a task for design and remove old pages”: the tail belongs to the title before it.
            (_, Some((before, said))) => {
                said.push_str(" and ");
                said.push_str(clause);
                *before = None;
            }
            (None, None) => clauses.push((None, clause.to_owned())),
        }
    }
    for (wish, said) in clauses {
        let again = wish.or_else(|| sentence::read(&said, today));
        match (again, pieces.last_mut()) {
            (Some(wish), _) => pieces.push((wish, said)),
            // “describe 2 as One thing. Another thing.”: prose may have several sentences.
            (None, Some((before, so_far))) if before.ends_in_prose() => {
                so_far.push_str(". ");
                so_far.push_str(&said);
                if let Some(longer) = sentence::read(so_far, today) {
                    *before = longer;
                }
            }
            (None, _) => {
                return Err(UserError::new(format!(
                    "I don't understand “{}”, so I changed nothing. What works, for example: {EXAMPLES}.",
                    shorten(&said)
                )));
            }
        }
    }
    Ok(())
}

/// Whether the second word is a pronoun: `assign it to me`.
fn speaks_of_it(clause: &str) -> bool {
    clause
        .split_whitespace()
        .nth(1)
        .is_some_and(|word| ["it", "them", "that", "this"].contains(&word.to_lowercase().as_str()))
}

/// Splits at `separator`, but not inside of double quotes.
fn split_outside_quotes<'a>(text: &'a str, separator: &str) -> Vec<&'a str> {
    let (mut parts, mut start, mut quoted) = (Vec::new(), 0, false);
    for (at, c) in text.char_indices() {
        quoted ^= c == '"';
        if !quoted && at >= start && text[at..].starts_with(separator) {
            parts.push(&text[start..at]);
            start = at + separator.len();
        }
    }
    // A quote that is never closed quotes nothing.
    if quoted { text.split(separator).collect() } else { parts.into_iter().chain([&text[start..]]).collect() }
}

/// Splits at “and”, “then” or a comma where a verb of an edit follows.
fn split_at_joints(text: &str) -> Vec<&str> {
    let mut cuts: Vec<std::ops::Range<usize>> = ["and then", "and also", "and", "then"]
        .iter()
        .flat_map(|joint| text::places_of(text, joint))
        .chain(split_outside_quotes(text, ", ").iter().skip(1).map(|part| {
            let at = part.as_ptr() as usize - text.as_ptr() as usize;
            at - 2..at - 1
        }))
        .filter(|cut| sentence::starts_with_verb(text[cut.end..].trim_start()))
        .collect();
    cuts.sort_by_key(|cut| (cut.start, std::cmp::Reverse(cut.end)));
    let (mut parts, mut start) = (Vec::new(), 0);
    for cut in cuts {
        if cut.start >= start {
            parts.push(text[start..cut.start].trim().trim_end_matches(','));
            start = cut.end;
        }
    }
    parts.push(text[start..].trim());
    parts.retain(|part| !part.is_empty());
    parts
}

/// Reads one task, as a command would name it.
fn task_name(text: &str) -> Option<TaskName> {
    TaskName::parse(text)
}

#[cfg(test)]
#[path = "wish_tests.rs"]
mod tests;
