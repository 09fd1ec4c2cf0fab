//! The first plan of a project, by a model.

use std::collections::BTreeSet;

use ulid::Ulid;

use super::{ANSWER_TOKENS, WORDS, tasks, validated};
use crate::{
    domain::{
        ids::Id,
        model::Use,
        patch::{Confidence, Founding, MAX_ROOTS, MAX_TITLE, Mode},
        plan::Plan,
        project::{Lifecycle, Project, ProjectKey, Revision},
        task::TaskNumber,
    },
    llm::{
        Question,
        answer::{self, At, Problems},
        fence::Fence,
        prompt::{Context, PlanPrompt, Said},
        schema::{nullable, object, string},
    },
    planner::{Draft, goal::Goal},
};

/// Characters of a summary.
const MAX_SUMMARY: usize = 1_000;
/// The key of a project whose goal has no word for one.
const FALLBACK: &str = "PLAN";

/// What to ask for the first plan that reaches `goal`.
pub fn question(fence: &Fence, goal: &Said) -> Question {
    let prompt = PlanPrompt { fence, max: MAX_ROOTS, goal: goal.quote(WORDS) }.prompt();
    let schema =
        object([("title", string()), ("summary", string()), ("key", nullable(string())), ("tasks", tasks::schema())]);
    Question { purpose: Use::Plan, prompt, name: "plan", schema, max_tokens: ANSWER_TOKENS }
}

/// Reads the answer as the first plan of a new project, whose key is none of the `taken` ones. Tasks are numbered
/// from 1.
///
/// # Errors
/// All that is wrong with it.
pub fn read(text: &str, goal: &str, taken: &BTreeSet<ProjectKey>) -> Result<Draft, Vec<String>> {
    let value = answer::object(text)?;
    let (root, mut problems) = (At::root(&value), Problems::default());
    let title = root.field("title").needed_line(MAX_TITLE, &mut problems).unwrap_or_default();
    let summary = root.field("summary").prose(MAX_SUMMARY, &mut problems).unwrap_or_default();
    // A key that will not do is replaced: nobody is asked twice for four letters.
    let wanted = root.field("key").line(MAX_TITLE, &mut Problems::default());
    let listed = tasks::read(&root.field("tasks"), MAX_ROOTS, &mut problems);
    let key = wanted.and_then(|key| key.parse::<ProjectKey>().ok()?.free(taken));
    let Some(key) = key.or_else(|| key_of(goal, taken)).or_else(|| key_of(&title, taken)) else {
        problems.add("There is no free key for this project: give it another one.");
        return Err(problems.words());
    };
    let plan = Plan::new(unborn(&key, &title), []);
    let ground = tasks::Ground { plan: &plan, parent: None, first: TaskNumber(1) };
    let (steps, names) = ground.steps(listed, &mut problems);
    if !problems.is_empty() {
        return Err(problems.words());
    }
    let draft = Draft {
        title: crate::planner::title(&headline(&title)),
        founding: Some(Founding { key, title, summary }),
        mode: Mode::Project,
        steps,
        confidence: Confidence::Medium,
        method: String::new(),
        drafted: None,
    };
    validated(&plan, draft, &names)
}

/// A key from the words of a goal.
fn key_of(goal: &str, taken: &BTreeSet<ProjectKey>) -> Option<ProjectKey> {
    match Goal::read(goal, &[]) {
        Ok(goal) => goal.key(FALLBACK, taken),
        Err(_) => FALLBACK.parse::<ProjectKey>().ok()?.free(taken),
    }
}

/// `plan the user authentication flow`.
fn headline(title: &str) -> String {
    Goal::read(title, &[]).map_or_else(|_| format!("plan “{title}”"), |goal| format!("plan {}", goal.subject))
}

/// The project as the rules need to see it before it is there.
fn unborn(key: &ProjectKey, title: &str) -> Project {
    Project {
        id: Id::from_ulid(Ulid::nil()),
        key: key.clone(),
        title: title.to_owned(),
        summary: String::new(),
        lifecycle: Lifecycle::Draft,
        revision: Revision(0),
    }
}
