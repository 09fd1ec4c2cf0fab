//! Drafts by a model: what it is asked, and what its answer means. Pure; whoever asks is elsewhere.
//!
//! Each kind of draft is a pair: `question` makes the prompt and the shape of the answer, `read` turns an answer into a
//! [`Draft`] by the rules that hold for everybody, or says all that is wrong with it, in words that the model can mend
//! and a person understands. What a model says is never more than such a draft.

pub mod breakdown;
mod outline;
pub mod plan;
pub mod refine;
mod tasks;

use super::Draft;
use crate::{
    domain::{
        patch::{MAX_DESCRIPTION, Operation},
        plan::Plan,
        task::TaskNumber,
        validate::validate,
    },
    llm::{
        answer::{At, Problems},
        prompt::Quote,
    },
};

/// Characters of the words that ask for something: all that the grammar lets in.
const WORDS: usize = crate::intent::command::MAX_TEXT;
/// Characters of a project's summary in a prompt.
const SUMMARY: usize = 1_000;
/// Characters of the sentence that says why a step is there.
const REASON: usize = 300;
/// Tokens of the longest answer, with what a model thinks before it.
const ANSWER_TOKENS: u32 = 8_000;

/// What a project is about, for a prompt.
fn about(key: &str, title: &str, summary: &str) -> Quote {
    Quote::new(format!("the project {key}"), super::cut(&format!("{title}\n{summary}"), SUMMARY).trim())
}

/// The sentence that says why a step is there.
fn reason(at: &At<'_>, problems: &mut Problems) -> String {
    let said = at.line(MAX_DESCRIPTION, problems).unwrap_or_default();
    super::cut(said.trim_end_matches('.'), REASON)
}

/// The draft, if it may be done to the plan. `names` says what the answer calls the new tasks.
fn validated(plan: &Plan, draft: Draft, names: &[(TaskNumber, String)]) -> Result<Draft, Vec<String>> {
    let operations: Vec<&Operation> = draft.steps.iter().map(|step| &step.operation).collect();
    let Err(found) = validate(plan, draft.mode, &operations) else { return Ok(draft) };
    let mut problems = Problems::default();
    for problem in found {
        problems.add(problem.words(&plan.project.key));
    }
    let mut words = problems.words();
    let told = |number: TaskNumber| {
        let code = plan.code(number).to_string();
        words.iter().any(|words| says(words, &code)).then_some(code)
    };
    let codes: Vec<String> =
        names.iter().filter_map(|(number, name)| Some(format!("{} is your {name:?}", told(*number)?))).collect();
    if !codes.is_empty() {
        words.push(format!("Of the new tasks, {}.", super::listed(&codes)));
    }
    Err(words)
}

/// Whether a code stands in a text as a whole.
fn says(text: &str, code: &str) -> bool {
    text.match_indices(code).any(|(at, _)| !text[at + code.len()..].starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests;
