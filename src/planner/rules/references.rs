//! Which tasks a pull request names, and whether merging it finishes them.
//!
//! - In its title, its description and the messages of its commits, every code names a task: `AUTH-12`, in any case.
//!   Code, quotes, comments and addresses name none.
//! - Behind a closing word a code, or a list of codes, is finished by the merge: `fixes AUTH-12, AUTH-13 and #4`. All
//!   other codes are only linked, also behind "part of", "related to" or "refs".
//! - In the name of its branch only the code at the start of a part between slashes counts, and of several parts the
//!   first that has one: `ana/auth-12-sign-in`. What follows in the same part is what the branch is called after.
//! - A pull request that takes another one back finishes nothing.
//!
//! Only projects that the caller knows count, so that `UTF-8` is a task where a project is called UTF and nowhere else.

use std::collections::{BTreeMap, BTreeSet};

use super::prose::prose;
use crate::domain::{
    project::ProjectKey,
    task::{TaskCode, TaskNumber},
    tracker::Pull,
};

/// Tasks that are named, and whether merging finishes them.
pub type References = BTreeMap<TaskCode, bool>;

/// Tasks that one pull request can be about: more is a list of everything, and about none of it.
const MAX: usize = 50;

/// The longest code: ten characters, a dash, ten digits, and what may stand around them.
const LONGEST: usize = 24;

/// Words that say that merging finishes what is named behind them. In front of a colon they do, too.
const CLOSING: &[&str] = &[
    "close",
    "closes",
    "closed",
    "closing",
    "fix",
    "fixes",
    "fixed",
    "fixing",
    "resolve",
    "resolves",
    "resolved",
    "resolving",
    "complete",
    "completes",
    "completed",
    "completing",
    "implement",
    "implements",
    "implemented",
    "implementing",
];

/// Words in front of a closing word that take it back.
const BUT_NOT: &[&str] = &[
    "not",
    "never",
    "no",
    "without",
    "don't",
    "doesn't",
    "didn't",
    "won't",
    "can't",
    "cannot",
    "partially",
    "partly",
    "almost",
    "half",
];

/// The tasks of `projects` that a pull request names.
pub fn references(pull: &Pull, projects: &BTreeSet<ProjectKey>) -> References {
    let mut found = References::new();
    let takes_back = reverted(pull).is_some();
    let texts = [pull.title.as_str(), pull.body.as_str()].into_iter().chain(pull.commits.values().map(String::as_str));
    for text in texts {
        named(&prose(text), projects, &mut found);
    }
    if let Some(code) = in_branch(&pull.branch, projects) {
        found.entry(code).or_insert(false);
    }
    if takes_back {
        for is_closing in found.values_mut() {
            *is_closing = false;
        }
    }
    while found.len() > MAX {
        found.pop_last();
    }
    found
}

/// Whether a text may name tasks, of whatever projects.
pub fn names_tasks(text: &str) -> bool {
    let said = prose(text);
    said.split(|c: char| !is_part(c))
        .any(|word| word.len() <= LONGEST && word.trim_end_matches('.').parse::<TaskCode>().is_ok())
}

/// The number of the pull request of the same repository that this one takes back, as GitHub's button *Revert* says it:
/// `Reverts acme/web#12` in the description, or a branch called `revert-12-…` with a title to it.
pub fn reverted(pull: &Pull) -> Option<u64> {
    let said = prose(&pull.body).lines().find_map(|line| {
        let (name, number) = line.trim().strip_prefix("Reverts ")?.split_once('#')?;
        let is_here = name.is_empty() || pull.url.contains(&format!("/{name}/"));
        digits(number).filter(|_| is_here)
    });
    let branch = || pull.branch.strip_prefix("revert-").and_then(digits).filter(|_| pull.title.starts_with("Revert "));
    said.or_else(branch).filter(|number| *number != pull.at.number)
}

/// The number at the start of a text.
fn digits(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.get(..end)?.parse().ok().filter(|number| *number > 0)
}

/// The code that a branch is called after.
fn in_branch(branch: &str, projects: &BTreeSet<ProjectKey>) -> Option<TaskCode> {
    branch.split('/').find_map(|part| {
        let mut pieces = part.splitn(3, ['-', '_', '.']);
        let (key, number) = (pieces.next()?, pieces.next()?);
        code(&format!("{key}-{number}"), projects).filter(|_| part.get(key.len()..=key.len()) == Some("-"))
    })
}

/// The code that a word is, of one of these projects.
fn code(word: &str, projects: &BTreeSet<ProjectKey>) -> Option<TaskCode> {
    if word.len() > LONGEST {
        return None;
    }
    word.parse().ok().filter(|code: &TaskCode| projects.contains(&code.project) && code.number < TaskNumber(u32::MAX))
}

/// What a piece of a text is to the rules.
enum Token<'a> {
    /// A word.
    Word(&'a str),
    /// Something of which several may follow a closing word: a code of ours, or an issue of the tracker.
    Named(Option<TaskCode>),
    /// What stands between the things of a list.
    Comma,
    /// A colon.
    Colon,
    /// Anything else: the end of what a closing word is about.
    Stop,
}

/// Collects the tasks that a text names.
fn named(text: &str, projects: &BTreeSet<ProjectKey>, found: &mut References) {
    let (mut is_closing, mut said) = (false, [""; 2]);
    for token in tokens(text, projects) {
        match token {
            Token::Named(code) => {
                if let Some(code) = code {
                    *found.entry(code).or_insert(false) |= is_closing;
                }
            }
            Token::Word(word) if is(word, &["and", "or"]) && is_closing => {}
            Token::Word(word) => {
                is_closing = is(word, CLOSING) && !said.iter().any(|before| is(before, BUT_NOT));
                said = [said[1], word];
            }
            Token::Comma | Token::Colon if is_closing => {}
            Token::Comma | Token::Colon => said = ["", ""],
            Token::Stop => (is_closing, said) = (false, ["", ""]),
        }
    }
}

fn is(word: &str, words: &[&str]) -> bool {
    let word = word.replace('’', "'");
    words.iter().any(|known| known.eq_ignore_ascii_case(&word))
}

/// The pieces of a text, each seen once.
fn tokens<'a>(text: &'a str, projects: &'a BTreeSet<ProjectKey>) -> impl Iterator<Item = Token<'a>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches([' ', '\t', ')', '[', ']', '*', '"', '“', '”']);
        let first = rest.chars().next()?;
        if !is_part(first) {
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
            return Some(match first {
                ',' | '&' | '+' | '\r' => Token::Comma,
                ':' => Token::Colon,
                _ => Token::Stop,
            });
        }
        let end = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        rest = after;
        // A dot or an apostrophe ends a word, and is part of one where letters follow.
        let word = word.trim_end_matches(['.', '’', '\'', '/']);
        Some(piece(word, projects))
    })
}

fn piece<'a>(word: &'a str, projects: &BTreeSet<ProjectKey>) -> Token<'a> {
    if let Some((_, number)) = word.rsplit_once('#')
        && digits(number).is_some()
    {
        return Token::Named(None);
    }
    let own = word.strip_suffix("'s").or_else(|| word.strip_suffix("’s")).unwrap_or(word);
    match code(own, projects) {
        Some(code) => Token::Named(Some(code)),
        None => Token::Word(word),
    }
}

/// Whether a character is part of a word: a code inside a longer word names nothing.
fn is_part(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_' | '#' | '/' | '.' | '\'' | '’')
}

#[cfg(test)]
#[path = "references_tests.rs"]
mod tests;
