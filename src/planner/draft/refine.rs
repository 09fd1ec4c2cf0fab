//! A change of a proposal, or of a plan, in a conversation, by a model.
//!
//! The answer's operations are followed on the board like people's sentences: one step per task and kind comes out, and
//! what cancels out vanishes.

use chrono::NaiveDate;
use serde_json::Value;

use super::{ANSWER_TOKENS, WORDS, about, outline, validated};
use crate::{
    domain::{
        member::Standing,
        model::Use,
        patch::{Confidence, MAX_CHILDREN, MAX_OPERATIONS, MAX_ROOTS, Operation},
        task::{Priority, Status, TaskNumber},
    },
    error::UserError,
    llm::{
        Question,
        answer::{self, At, Problems},
        fence::Fence,
        prompt::{Context, Quote, RefinePrompt, Said},
        schema::{integer, list, nullable, object, one_of, string},
    },
    planner::{
        Draft,
        board::{Board, mode_of},
        edit::{self, Outcome, Sketch, pick},
        people::People,
    },
};

mod follow;
mod wish;

/// Messages of the conversation in a prompt, at most: the newest ones.
const TALK: usize = 12;
/// Characters of each but the last.
const EARLIER: usize = 500;
/// Names of people in a prompt, at most.
const PEOPLE: usize = 50;
/// Codes of the card in a prompt, at most.
const CARD: usize = 40;
/// Characters of what the model says to the person.
const NOTE: usize = 1_000;

/// What came of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refined {
    /// A new proposal.
    Change {
        /// The proposal.
        draft: Box<Draft>,
        /// What the model says to the person besides; may be empty.
        note: String,
    },
    /// Nothing to propose.
    Nothing {
        /// Why, for the person.
        note: String,
    },
}

/// What to ask so that the last of the messages is followed. `said` is the conversation, the newest message last.
///
/// # Errors
/// Words for the person where the open proposal no longer fits its plan.
pub fn question(
    fence: &Fence,
    sketch: &Sketch<'_>,
    said: &[Said],
    people: &People,
    today: NaiveDate,
) -> Result<Question, UserError> {
    let board = Board::new(sketch, TaskNumber(1))?;
    let talk: Vec<&Said> = said.iter().skip(said.len().saturating_sub(TALK)).collect();
    let words: Vec<&str> = talk.iter().map(|said| said.words.as_str()).collect();
    let meant = outline::meant(&board, &words);
    let limit = |nth: usize| if nth + 1 == talk.len() { WORDS } else { EARLIER };
    let card: Vec<String> = if board.is_proposal { pick::listed(&board) } else { Vec::new() }
        .into_iter()
        .take(CARD)
        .map(|number| board.code(number))
        .collect();
    let prompt = RefinePrompt {
        fence,
        first_plan: sketch.founding.is_some(),
        home: board.home().map(|number| board.code(number)),
        roots: MAX_ROOTS,
        children: MAX_CHILDREN,
        operations: MAX_OPERATIONS,
        today: today.format("%A %Y-%m-%d").to_string(),
        key: board.key.to_string(),
        card: card.join(", "),
        project: about(board.key.as_str(), &board.title, &board.summary),
        outline: Quote::new(format!("plan {}", board.key), outline::around(&board, &meant, people)),
        details: outline::details(&board, &meant).map(|text| Quote::new(format!("tasks of {}", board.key), text)),
        people: Quote::new("the list of members", names(people)),
        talk: talk.iter().enumerate().map(|(nth, said)| said.quote(limit(nth))).collect(),
    };
    Ok(Question {
        purpose: Use::Refine,
        prompt: prompt.prompt(),
        name: "change",
        schema: schema(),
        max_tokens: ANSWER_TOKENS,
    })
}

fn schema() -> Value {
    let words = |all: &[&str]| nullable(one_of(all));
    let statuses: Vec<&str> = Status::ALL.iter().map(|status| status.as_str()).collect();
    let priorities: Vec<&str> = Priority::ALL.iter().map(|priority| priority.as_str()).collect();
    let operation = object([
        ("op", one_of(&wish::Op::ALL.map(wish::Op::as_str))),
        ("task", nullable(string())),
        ("ref", nullable(string())),
        ("parent", nullable(string())),
        ("after_task", nullable(string())),
        ("into", nullable(string())),
        ("title", nullable(string())),
        ("description", nullable(string())),
        ("acceptance", nullable(list(string()))),
        ("status", words(&statuses)),
        ("assignee", nullable(string())),
        ("estimate_minutes", nullable(integer())),
        ("priority", words(&priorities)),
        ("due", nullable(string())),
        ("waits_for", nullable(list(string()))),
        ("clear", list(one_of(&wish::Field::ALL.map(wish::Field::as_str)))),
        ("reason", string()),
    ]);
    object([("operations", list(operation)), ("note", nullable(string()))])
}

/// The names of those who can work, a line each.
fn names(people: &People) -> String {
    let can_work = people.members.iter().filter(|member| !matches!(member.standing, Standing::Gone | Standing::Bot));
    let names: Vec<String> = can_work
        .take(PEOPLE)
        .map(|member| crate::planner::cut(&crate::intent::text::one_line(&member.name), 60))
        .collect();
    names.join("\n")
}

/// Reads the answer as a change of the sketch. New tasks get numbers from `first_free`; those of a first plan are
/// numbered 1, 2, … in reading order.
///
/// # Errors
/// All that is wrong with it.
pub fn read(text: &str, sketch: &Sketch<'_>, people: &People, first_free: TaskNumber) -> Result<Refined, Vec<String>> {
    let mut board = Board::new(sketch, first_free).map_err(|error| vec![error.0])?;
    let value = answer::object(text)?;
    let (root, mut problems) = (At::root(&value), Problems::default());
    let note = root.field("note").line(WORDS, &mut problems).map(|note| crate::planner::cut(&note, NOTE));
    let operations = root.field("operations");
    if operations.is_missing() {
        operations.wrong(&mut problems, "is missing; it is [] where nothing is to be changed");
    }
    let listed = operations.list(MAX_OPERATIONS, &mut problems);
    if listed.is_empty() && problems.is_empty() {
        return Ok(Refined::Nothing { note: note.unwrap_or_else(|| NO_IDEA.to_owned()) });
    }
    let names = follow::follow(&mut board, people, &listed, &mut problems);
    if !problems.is_empty() {
        return Err(problems.words());
    }
    if sketch.founding.is_some() && board.items.is_empty() {
        return Ok(Refined::Nothing { note: edit::NOTHING_LEFT.to_owned() });
    }
    edit::check(&board, sketch).map_err(|error| vec![error.0])?;
    // Judged by the numbers that the model knows, before a first plan's are given anew.
    let steps = board.steps();
    if !steps.is_empty() {
        let judged = Draft { steps, ..empty(sketch) };
        validated(sketch.plan, judged, &names)?;
    }
    Ok(match edit::outcome(&mut board, sketch) {
        Outcome::Same => Refined::Nothing { note: note.unwrap_or_else(|| edit::SAME.to_owned()) },
        Outcome::Nothing => Refined::Nothing { note: edit::NOTHING_LEFT.to_owned() },
        Outcome::Draft(draft) => {
            let confidence = confidence(&draft);
            Refined::Change { draft: Box::new(Draft { confidence, ..*draft }), note: note.unwrap_or_default() }
        }
    })
}

/// What to say where a model has nothing to propose and nothing to say.
const NO_IDEA: &str =
    "I found nothing in that to change. Say what should be different, for example: combine the first two tasks";

/// Never high, so that nothing a model says is applied without being read; low where something would go.
fn confidence(draft: &Draft) -> Confidence {
    let removes = draft.steps.iter().any(|step| matches!(step.operation, Operation::DeleteTask { .. }));
    if removes { Confidence::Low } else { Confidence::Medium }
}

const fn empty(sketch: &Sketch<'_>) -> Draft {
    Draft {
        founding: None,
        mode: mode_of(sketch),
        title: String::new(),
        steps: Vec::new(),
        confidence: Confidence::Medium,
        method: String::new(),
        drafted: None,
    }
}
