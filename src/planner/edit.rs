//! Sentences become steps: against the open proposal, which the result supersedes, or against the plan.

use chrono::NaiveDate;

use super::{
    Draft,
    board::{Board, mode_of},
    people::People,
};
use crate::{
    domain::{
        patch::{
            Change, Confidence, Founding, MAX_CHILDREN, MAX_DEPTH, MAX_ROOTS, MAX_TITLE, Mode, Operation, Patch, Step,
        },
        plan::Plan,
        task::TaskNumber,
    },
    error::UserError,
    intent::wish,
};

pub(super) mod pick;
mod rules;
pub(super) mod shape;

/// What an edit starts from: a plan, and the open proposal where there is one.
#[derive(Debug, Clone, Copy)]
pub struct Sketch<'a> {
    /// The plan as it is; without tasks for a first plan.
    pub plan: &'a Plan,
    /// The project that the proposal will create.
    pub founding: Option<&'a Founding>,
    /// How much the proposal may shape.
    pub mode: Mode,
    /// What the proposal does, in a few words.
    pub title: &'a str,
    /// The steps of the proposal; empty without one.
    pub steps: &'a [Step],
}

impl<'a> Sketch<'a> {
    /// A plan without an open proposal.
    pub const fn of_plan(plan: &'a Plan) -> Self {
        Self { plan, founding: None, mode: Mode::Edit, title: "", steps: &[] }
    }

    /// The open proposal `patch` against `plan`.
    pub fn of_patch(plan: &'a Plan, patch: &'a Patch) -> Self {
        Self { plan, founding: patch.founding.as_ref(), mode: patch.mode, title: &patch.title, steps: &patch.steps }
    }

    pub(super) const fn is_proposal(&self) -> bool {
        !self.steps.is_empty() || self.founding.is_some()
    }
}

/// Whether every sentence of the words is an edit.
pub fn understands(words: &str) -> bool {
    wish::understands(words)
}

/// Whether the words say no more than the grammar reads in them: then no model could do better.
pub fn is_plain(words: &str) -> bool {
    wish::is_plain(words)
}

/// Drafts what the words ask for. The result holds the steps of the proposal too. New tasks get numbers from
/// `first_free`; those of a first plan are numbered 1, 2, … in reading order. If one sentence can't be followed,
/// none is.
pub fn edit(
    sketch: &Sketch<'_>,
    words: &str,
    people: &People,
    first_free: TaskNumber,
    today: NaiveDate,
) -> Result<Draft, UserError> {
    let wishes = wish::wishes(words, today)?;
    let mut board = Board::new(sketch, first_free)?;
    for wish in &wishes {
        rules::follow(&mut board, wish, people)?;
    }
    check(&board, sketch)?;
    match outcome(&mut board, sketch) {
        Outcome::Same => Err(UserError::new(SAME)),
        Outcome::Nothing => Err(UserError::new(NOTHING_LEFT)),
        Outcome::Draft(draft) => Ok(*draft),
    }
}

/// What to say where nothing would be different.
pub(super) const SAME: &str = "That changes nothing: it is so already.";
/// What to say where a proposal would do nothing any more.
pub(super) const NOTHING_LEFT: &str = "That would leave nothing of the proposal. If you don't want it, reject it.";

/// What has become of a board.
pub(super) enum Outcome {
    /// What it was before.
    Same,
    /// The plan as it is: nothing is left to propose.
    Nothing,
    /// Something to propose.
    Draft(Box<Draft>),
}

/// Reads the board off. The tasks of a first plan are numbered anew.
pub(super) fn outcome(board: &mut Board<'_>, sketch: &Sketch<'_>) -> Outcome {
    if sketch.founding.is_some() {
        board.renumber();
    }
    let steps = board.steps();
    let founding = board.founded();
    let same = steps.iter().map(|step| &step.operation).eq(sketch.steps.iter().map(|step| &step.operation));
    if (same && founding.as_ref() == sketch.founding) || (steps.is_empty() && !sketch.is_proposal()) {
        return Outcome::Same;
    }
    if steps.is_empty() {
        return Outcome::Nothing;
    }
    let title = match mode_of(sketch) {
        Mode::Edit => headline(board, &steps),
        Mode::Project | Mode::Task { .. } => with_the_rest(sketch, &steps),
    };
    Outcome::Draft(Box::new(Draft {
        founding,
        mode: mode_of(sketch),
        title: super::title(&title),
        steps,
        confidence: Confidence::High,
        method: String::new(),
        drafted: None,
    }))
}

/// The limits that a proposal of this mode has to keep.
pub(super) fn check(board: &Board<'_>, sketch: &Sketch<'_>) -> Result<(), UserError> {
    let first_plan = sketch.founding.is_some();
    let roots = board.new_under(None);
    if matches!(mode_of(sketch), Mode::Project) && roots > MAX_ROOTS {
        return Err(UserError::new(format!(
            "That would make {roots} top-level tasks; a plan proposal has at most {MAX_ROOTS}. Combine two of them first, or put \
             the new one under another: “… under {}”.",
            board.tree().first().map_or_else(String::new, |first| board.code(*first))
        )));
    }
    if let Mode::Task { number } = mode_of(sketch)
        && board.new_under(Some(number)) > MAX_CHILDREN
    {
        return Err(UserError::new(format!(
            "That would make {} sub-tasks; a breakdown has at most {MAX_CHILDREN}. Combine two of them first.",
            board.new_under(Some(number))
        )));
    }
    if first_plan && board.items.is_empty() {
        return Err(UserError::new("That would leave a plan without tasks. If you don't want it, reject it."));
    }
    let too_deep = board.items.keys().find(|number| depth(board, **number) > MAX_DEPTH);
    too_deep.map_or(Ok(()), |number| {
        Err(UserError::new(format!(
            "{} would be {} levels deep; {MAX_DEPTH} is the most.",
            board.code(*number),
            depth(board, *number)
        )))
    })
}

fn depth(board: &Board<'_>, number: TaskNumber) -> usize {
    let mut next = board.items.get(&number).and_then(|item| item.place.parent);
    let mut depth = 0;
    while let Some(parent) = next {
        depth += 1;
        if depth > MAX_DEPTH {
            break;
        }
        next = board.items.get(&parent).and_then(|item| item.place.parent);
    }
    depth
}

/// What the steps do, in a few words: one by what it is, several by how many.
fn headline(board: &Board<'_>, steps: &[Step]) -> String {
    if let [step] = steps {
        return one(board, &step.operation);
    }
    counted(steps)
}

/// The title of a proposal for a plan or a breakdown, and whatever else it has come to do: nobody should
/// approve by its title what the title does not say.
fn with_the_rest(sketch: &Sketch<'_>, steps: &[Step]) -> String {
    let before = rest(sketch.steps);
    let title = sketch.title.strip_suffix(before.as_str()).unwrap_or(sketch.title);
    let after = rest(steps);
    let room = MAX_TITLE.saturating_sub(after.chars().count());
    format!("{}{after}", super::cut(title, room))
}

/// `, and change 2 tasks`: what steps do to tasks that they do not create; empty where they do nothing else.
fn rest(steps: &[Step]) -> String {
    let made = |step: &Step| matches!(step.operation, Operation::CreateTask { .. });
    let others: Vec<Step> = steps.iter().filter(|step| !made(step)).cloned().collect();
    if others.is_empty() { String::new() } else { format!(", and {}", counted(&others)) }
}

/// `add 2 tasks and change 1 task`.
fn counted(steps: &[Step]) -> String {
    let count = |test: fn(&Operation) -> bool| steps.iter().filter(|step| test(&step.operation)).count();
    let tasks = |n: usize| if n == 1 { "1 task".to_owned() } else { format!("{n} tasks") };
    let parts: Vec<String> = [
        ("add", count(|op| matches!(op, Operation::CreateTask { .. }))),
        ("change", count(|op| matches!(op, Operation::UpdateTask { .. }))),
        ("move", count(|op| matches!(op, Operation::MoveTask { .. }))),
        ("remove", count(|op| matches!(op, Operation::DeleteTask { .. }))),
    ]
    .into_iter()
    .filter(|(_, n)| *n > 0)
    .map(|(verb, n)| format!("{verb} {}", tasks(n)))
    .chain(steps.iter().any(|step| step.operation.task().is_none()).then(|| "change the project".to_owned()))
    .collect();
    super::listed(&parts)
}

fn one(board: &Board<'_>, operation: &Operation) -> String {
    let known = |number: TaskNumber| board.plan.task(number).map_or_else(String::new, |task| task.fields.title.clone());
    match operation {
        Operation::CreateTask { fields, .. } => format!("add “{}”", fields.title),
        Operation::UpdateTask { number, changes } => match &changes.title {
            Change::Set(title) => format!("rename {} to “{title}”", board.code(*number)),
            Change::Keep | Change::Clear => format!("change {}: {}", board.code(*number), known(*number)),
        },
        Operation::MoveTask { number, .. } => format!("move {}: {}", board.code(*number), known(*number)),
        Operation::DeleteTask { number } => format!("remove {}: {}", board.code(*number), known(*number)),
        Operation::UpdateProject { changes } => match &changes.title {
            Change::Set(title) => format!("rename the project to “{title}”"),
            Change::Keep | Change::Clear => "change the project's summary".to_owned(),
        },
    }
}

#[cfg(test)]
#[path = "edit_tests.rs"]
mod tests;
