//! One case: the question, the answer, and what it fails to be.

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::{
    case::{Case, Kind, Place},
    check,
    report::Outcome,
};
use crate::{
    clock::Chance,
    domain::{
        patch::{Mode, PatchCode},
        task::TaskNumber,
    },
    intent::classify::{self, Around},
    llm::{Question, fence::Fence, prompt::Said},
    planner::{
        Draft,
        draft::{breakdown, plan, refine},
        edit::Sketch,
    },
};

/// Reads an answer; what is wrong with it goes back to the model once.
pub type Check<'a> = &'a (dyn Fn(&str) -> Result<(), Vec<String>> + Send + Sync);

/// Puts questions to a model, which is whatever the caller says.
#[async_trait]
pub trait Ask: Send + Sync {
    /// Asks, and asks once more where the check finds something.
    async fn ask(&self, question: &Question, check: Check<'_>) -> Answer;
}

/// What came of a question.
#[derive(Debug, Clone)]
pub struct Answer {
    /// A text that passed the check.
    pub text: Result<String, Silence>,
    /// Tokens that it took, those of the first attempt among them.
    pub tokens: u64,
}

/// Why there is no answer, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Silence {
    /// The model refused, or its answer was of no use twice.
    Refused(String),
    /// It did not come to an answer this time.
    Failed(String),
    /// There is no use in asking anything else.
    Stop(String),
}

/// What an answer came to.
enum Came {
    Draft(Box<Draft>),
    Meaning(Vec<classify::Candidate>),
    Nothing(String),
}

/// Puts one case to a model.
///
/// # Errors
/// Why nothing can be asked any more, in words.
pub async fn run(case: &Case, ask: &dyn Ask, chance: &Chance) -> Result<Outcome, String> {
    let begun = chance.now();
    let mut outcome = Outcome { id: case.id.clone(), kind: case.kind, failed: Vec::new(), tokens: 0, millis: 0 };
    match question(case, chance) {
        Ok(question) => {
            let answer = ask.ask(&question, &|text| read(case, text, chance).map(drop)).await;
            outcome.tokens = answer.tokens;
            outcome.failed = match answer.text {
                Ok(text) => judge(case, read(case, &text, chance)),
                Err(Silence::Stop(why)) => return Err(why),
                Err(Silence::Refused(_)) if case.expect.refused_ok => Vec::new(),
                Err(Silence::Refused(why) | Silence::Failed(why)) => vec![why],
            };
        }
        Err(why) => outcome.failed.push(format!("can't be asked: {why}")),
    }
    outcome.millis = u64::try_from(chance.now().since(begun).as_millis()).unwrap_or(u64::MAX);
    Ok(outcome)
}

/// What the answer fails to be.
fn judge(case: &Case, answer: Result<Came, Vec<String>>) -> Vec<String> {
    match answer {
        Ok(Came::Draft(draft)) => check::draft(case, &draft),
        Ok(Came::Meaning(candidates)) => check::meaning(&case.expect, &candidates),
        Ok(Came::Nothing(_)) if case.expect.nothing || case.expect.refused_ok => Vec::new(),
        Ok(Came::Nothing(note)) => vec![format!("no change is proposed: {note}")],
        Err(problems) => problems,
    }
}

/// The task to break down; the file was refused where a breakdown has none.
fn target(case: &Case) -> TaskNumber {
    case.target.unwrap_or(TaskNumber(0))
}

/// Who speaks in a case, as a prompt says it.
fn said(case: &Case, words: &str) -> Said {
    let people = &case.ground.people;
    Said::new(format!("{}, full member", people.name(people.sender)), words)
}

fn sketch(case: &Case) -> Sketch<'_> {
    let ground = &case.ground;
    let mode = if ground.founding.is_some() { Mode::Project } else { Mode::Edit };
    Sketch {
        plan: &ground.plan,
        founding: ground.founding.as_ref(),
        mode,
        title: &ground.plan.project.title,
        steps: &ground.proposal,
    }
}

fn question(case: &Case, chance: &Chance) -> Result<Question, String> {
    let fence = Fence::new(chance.bits());
    let ground = &case.ground;
    match case.kind {
        Kind::Plan => Ok(plan::question(&fence, &said(case, &case.words))),
        Kind::Break => {
            let focus = (!case.words.trim().is_empty()).then(|| said(case, &case.words));
            breakdown::question(&fence, &ground.plan, target(case), focus.as_ref()).map_err(|error| error.0)
        }
        Kind::Refine => {
            let talk: Vec<Said> = case.talk.iter().chain([&case.words]).map(|words| said(case, words)).collect();
            let today = chance.now().to_utc().date_naive();
            refine::question(&fence, &sketch(case), &talk, &ground.people, today).map_err(|error| error.0)
        }
        Kind::Route => {
            let project = &ground.plan.project;
            let projects = if ground.plan.is_empty() { &[][..] } else { std::slice::from_ref(project) };
            let open = (!ground.proposal.is_empty()).then_some((PatchCode(1), project.title.as_str()));
            let around = Around { projects, open, thread: case.place == Place::Thread };
            Ok(classify::question(&fence, &said(case, &case.words), &around))
        }
    }
}

fn read(case: &Case, text: &str, chance: &Chance) -> Result<Came, Vec<String>> {
    let ground = &case.ground;
    match case.kind {
        Kind::Plan => plan::read(text, &case.words, &BTreeSet::new()).map(Box::new).map(Came::Draft),
        Kind::Break => {
            breakdown::read(text, &ground.plan, target(case), ground.first_free).map(Box::new).map(Came::Draft)
        }
        Kind::Refine => {
            refine::read(text, &sketch(case), &ground.people, ground.first_free).map(|refined| match refined {
                refine::Refined::Change { draft, .. } => Came::Draft(draft),
                refine::Refined::Nothing { note } => Came::Nothing(note),
            })
        }
        Kind::Route => {
            let today = chance.now().to_utc().date_naive();
            classify::read(text, &case.words, today).map(Came::Meaning)
        }
    }
}
