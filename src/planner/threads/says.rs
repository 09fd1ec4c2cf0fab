//! What people tell of a task in so many words: that it is done, begun, taken, blocked, or not to be done.
//!
//! Only what is told counts. A question, a wish, a condition, what is to come and what is half done tell nothing; what is
//! denied takes back what was told before of the same kind. The last of what is told of a task is what holds.

mod phrases;

use std::collections::BTreeSet;

use unicode_segmentation::UnicodeSegmentation;

use super::{index::Index, words::fold};
use crate::{
    domain::{
        heard::{ChatMessage, ChatThread},
        task::TaskCode,
    },
    intent::text::{one_line, tidy},
    planner::rules::prose::prose,
};

/// What somebody tells of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// It is done.
    Done,
    /// Work on it has begun.
    Started,
    /// Whoever tells it does it.
    Taken,
    /// Something is in its way.
    Blocked,
    /// It will not be done.
    Cancelled,
}

/// What was told, with the evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What.
    pub what: What,
    /// Where among the messages of the thread.
    pub at: usize,
    /// The sentence that tells it.
    pub sentence: String,
}

/// What a thread tells of a task. Where it is about that task alone, also what is told without a name counts.
pub fn told(index: &Index, thread: &ChatThread, task: &TaskCode, is_alone: bool) -> Option<Told> {
    let mut last: Option<Told> = None;
    for (at, message) in thread.messages.iter().enumerate() {
        for (sentence, clause, codes) in clauses(index, message) {
            let is_meant = if codes.is_empty() { is_alone } else { codes.contains(task) };
            match read(&clause).filter(|_| is_meant) {
                Some(Reading::Is(what)) => last = Some(Told { what, at, sentence }),
                Some(Reading::IsNot(what)) if last.as_ref().is_some_and(|told| told.what == what) => last = None,
                Some(Reading::IsNot(_)) | None => {}
            }
        }
    }
    last
}

/// The clauses of a message that tell something, each with its sentence and the tasks that it names; where it names
/// none, those that its sentence named before it.
fn clauses(index: &Index, message: &ChatMessage) -> Vec<(String, String, BTreeSet<TaskCode>)> {
    let said = tidy(&prose(&message.text));
    let mut found = Vec::new();
    for sentence in said.lines().flat_map(str::unicode_sentences) {
        let folded = folded(sentence);
        if is_question(sentence, &folded) {
            continue;
        }
        let mut codes = BTreeSet::new();
        let mut is_conditional = false;
        for clause in split(sentence) {
            let named = index.codes(clause);
            if !named.is_empty() {
                codes = named;
            }
            let folded = self::folded(clause);
            // What follows a condition up to the next contrast depends on it.
            is_conditional = phrases::begins(&folded, phrases::IF) || (is_conditional && !starts_contrast(clause));
            if !is_conditional {
                found.push((one_line(sentence), folded, codes.clone()));
            }
        }
    }
    found
}

fn starts_contrast(clause: &str) -> bool {
    phrases::begins(&folded(clause), phrases::BUT)
}

/// The words of a text in one case, with a space around each.
fn folded(text: &str) -> String {
    let words: Vec<String> = text.unicode_words().map(fold).collect();
    format!(" {} ", words.join(" "))
}

fn is_question(sentence: &str, folded: &str) -> bool {
    sentence.trim_end().ends_with('?') || sentence.contains('¿') || phrases::begins(folded, phrases::ASKING)
}

/// The parts of a sentence that stand for themselves.
fn split(sentence: &str) -> Vec<&str> {
    let mut parts = vec![sentence];
    for mark in [", ", "; ", " - ", " – ", ": ", " but ", " aber ", " pero "] {
        parts = parts
            .into_iter()
            .flat_map(|part| {
                // A contrast stays with what it begins.
                let at = part.find(mark).filter(|_| mark.starts_with(' '));
                match at {
                    Some(at) => vec![&part[..at], &part[at..]],
                    None => part.split(mark).collect(),
                }
            })
            .collect();
    }
    parts
}

/// What a clause says.
enum Reading {
    Is(What),
    IsNot(What),
}

/// What a clause, folded, says.
fn read(clause: &str) -> Option<Reading> {
    use phrases::{BLOCKED, CANCELLED, DENIED, DONE, DROPPED, HEDGED, NOT_OURS, STARTED, TAKEN, TO_COME, has};
    let is_denied = has(clause, DENIED);
    if has(clause, NOT_OURS) {
        return None;
    }
    if has(clause, DROPPED) && !has(clause, HEDGED) {
        return Some(Reading::Is(What::Cancelled));
    }
    if has(clause, TAKEN) {
        return (!is_denied && !has(clause, HEDGED)).then_some(Reading::Is(What::Taken));
    }
    let simple = [(CANCELLED, What::Cancelled), (BLOCKED, What::Blocked), (DONE, What::Done), (STARTED, What::Started)];
    let (_, what) = simple.into_iter().find(|(phrases, _)| has(clause, phrases))?;
    if is_denied {
        return Some(Reading::IsNot(what));
    }
    (!has(clause, TO_COME) && !has(clause, HEDGED)).then_some(Reading::Is(what))
}

#[cfg(test)]
#[path = "says_tests.rs"]
mod tests;
