//! The sub-tasks of one task, by a model.

use super::{ANSWER_TOKENS, WORDS, about, outline, tasks, validated};
use crate::{
    domain::{
        model::Use,
        patch::{Confidence, MAX_CHILDREN, Mode},
        plan::Plan,
        task::{Task, TaskNumber},
    },
    error::UserError,
    llm::{
        Question,
        answer::{self, At, Problems},
        fence::Fence,
        prompt::{BreakPrompt, Context, Quote, Said},
        schema::object,
    },
    planner::{Draft, board::Board, breakdown::refuse, edit::Sketch},
};

/// Characters of what the task itself says.
const TARGET: usize = 6_000;

/// What to ask for the sub-tasks of `task`. The model sees the tasks above, beside and under it, and never the whole
/// plan. `focus` is what somebody wants looked at in particular.
///
/// # Errors
/// Words for the person where the task can't be broken down.
pub fn question(fence: &Fence, plan: &Plan, task: TaskNumber, focus: Option<&Said>) -> Result<Question, UserError> {
    let (target, max) = target(plan, task)?;
    let code = plan.code(task).to_string();
    let project = &plan.project;
    let board = Board::new(&Sketch::of_plan(plan), TaskNumber(1))?;
    let family = outline::family(&board, task);
    let prompt = BreakPrompt {
        fence,
        max,
        project: about(project.key.as_str(), &project.title, &project.summary),
        outline: Quote::new(format!("plan {}", project.key), family),
        target: Quote::new(format!("task {code}"), outline::whole(target, TARGET)),
        focus: focus.map(|said| said.quote(WORDS)),
        code,
    };
    let schema = object([("tasks", tasks::schema())]);
    Ok(Question { purpose: Use::Break, prompt: prompt.prompt(), name: "breakdown", schema, max_tokens: ANSWER_TOKENS })
}

/// Reads the answer as sub-tasks of `task`, numbered from `first_free` and behind those it has.
///
/// # Errors
/// All that is wrong with it.
pub fn read(text: &str, plan: &Plan, task: TaskNumber, first_free: TaskNumber) -> Result<Draft, Vec<String>> {
    let (target, max) = target(plan, task).map_err(|error| vec![error.0])?;
    let value = answer::object(text)?;
    let (root, mut problems) = (At::root(&value), Problems::default());
    let listed = tasks::read(&root.field("tasks"), max, &mut problems);
    for child in plan.children(Some(task)) {
        if listed.iter().any(|new| new.fields.title.to_lowercase() == child.fields.title.to_lowercase()) {
            problems.add(format!("{:?} is there already, as {}.", child.fields.title, plan.code(child.number)));
        }
    }
    let (steps, names) = tasks::Ground { plan, parent: Some(task), first: first_free }.steps(listed, &mut problems);
    if !problems.is_empty() {
        return Err(problems.words());
    }
    let further = if plan.children(Some(task)).next().is_some() { " further" } else { "" };
    let draft = Draft {
        founding: None,
        mode: Mode::Task { number: task },
        title: crate::planner::title(&format!("break down {}{further}: {}", plan.code(task), target.fields.title)),
        steps,
        confidence: Confidence::Medium,
        method: String::new(),
        drafted: None,
    };
    validated(plan, draft, &names)
}

/// The task, and how many sub-tasks it may get.
fn target(plan: &Plan, task: TaskNumber) -> Result<(&Task, usize), UserError> {
    let unknown = || crate::intent::place::unknown_task(&plan.project.key, task, plan.tasks().map(|task| task.number));
    let target = plan.task(task).ok_or_else(unknown)?;
    refuse(plan, target)?;
    let there = plan.children(Some(task)).count();
    match MAX_CHILDREN.saturating_sub(there) {
        0 => {
            let code = plan.code(task);
            Err(UserError::new(format!(
                "{code} already has {there} sub-tasks, and a breakdown has at most {MAX_CHILDREN}. Break one of them down, or add \
                 one in words: /docket edit add a task for … under {code}"
            )))
        }
        max => Ok((target, max)),
    }
}
