//! STEP 3: an intent and a plan become the steps of a patch. Pure: nothing here reads a clock, and only
//! [`threads::load`] a database.
//!
//! [`templates`] drafts first plans and breakdowns without a model, [`draft`] with one, [`edit`] turns sentences into
//! steps, [`set`] makes patches of one operation, [`undo`] takes a patch back, [`rules`] follows what trackers tell,
//! and [`threads`] what people say to each other. The numbers of new tasks start at the `first_free` that the caller
//! reserved.

mod board;
mod breakdown;
pub mod draft;
pub mod edit;
mod goal;
pub mod issue;
pub mod people;
pub mod rules;
pub mod set;
pub mod templates;
pub mod threads;
pub mod typed;
pub mod undo;

use unicode_segmentation::UnicodeSegmentation;

use crate::domain::{
    model::Drafted,
    patch::{Confidence, Founding, MAX_TITLE, Mode, Operation, Step},
    task::TaskNumber,
};

/// What a planner proposes: everything of a patch that does not depend on who, where and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The project to create, for a first plan.
    pub founding: Option<Founding>,
    /// How much it may shape.
    pub mode: Mode,
    /// What it does, in a few words.
    pub title: String,
    /// What it does, in order.
    pub steps: Vec<Step>,
    /// How sure the planner is.
    pub confidence: Confidence,
    /// How it was made, for the card; may be empty.
    pub method: String,
    /// The model that drafted it, if one did.
    pub drafted: Option<Drafted>,
}

impl Draft {
    /// The first number that no new task of this draft has, given the one it started from.
    pub fn next_free(&self, first_free: TaskNumber) -> TaskNumber {
        let created = self.steps.iter().filter_map(|step| match &step.operation {
            Operation::CreateTask { number, .. } => Some(number.0.saturating_add(1)),
            _ => None,
        });
        TaskNumber(created.max().map_or(first_free.0, |next| next.max(first_free.0)))
    }
}

/// A text of at most `limit` characters, cut between letters that people see, with an ellipsis.
pub(crate) fn cut(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 1;
    for grapheme in text.graphemes(true) {
        used += grapheme.chars().count();
        if used > limit {
            break;
        }
        out.push_str(grapheme);
    }
    format!("{}…", out.trim_end_matches([' ', ',', ':', ';']))
}

/// A title: one line, at most [`MAX_TITLE`] characters.
pub(crate) fn title(text: &str) -> String {
    cut(&crate::intent::text::one_line(text), MAX_TITLE)
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn listed(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [only] => only.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

#[cfg(test)]
mod fixtures;
