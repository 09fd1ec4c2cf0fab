//! The drafts of what follows from conversations.

use crate::{
    domain::{
        patch::{Confidence, Mode, Operation, Step},
        plan::Plan,
        task::{Link, Place, Rank, TaskFields, TaskNumber},
        validate::validate,
    },
    jobs::process::read::Found,
    planner::{self, Draft},
};

/// A draft of these steps.
pub(super) fn draft(title: &str, steps: Vec<Step>, confidence: Confidence) -> Draft {
    Draft {
        founding: None,
        mode: Mode::Edit,
        title: planner::title(title),
        steps,
        confidence,
        method: String::new(),
        drafted: None,
    }
}

/// The step that creates a task for a conversation, behind all others of the plan.
pub(super) fn created(plan: &Plan, before: Option<&Rank>, number: TaskNumber, title: &str, link: Link) -> Operation {
    let rank = Rank::between(before.or_else(|| plan.last_rank(None)), None);
    let fields = TaskFields { links: vec![link], ..TaskFields::titled(title) };
    Operation::CreateTask { number, place: Place { parent: None, rank }, fields }
}

/// The steps of what was found for one project, each with its place among `found`; what does not fit the plan is left out.
/// New tasks are numbered from `first_free` on.
pub(super) fn steps(plan: &Plan, found: &[&Found], first_free: TaskNumber) -> Vec<(usize, Step)> {
    let (mut steps, mut next, mut last) = (Vec::new(), first_free, None);
    for (at, found) in found.iter().enumerate() {
        let operation = match &found.task {
            Some(about) => Operation::UpdateTask { number: about.code.number, changes: about.changes.clone() },
            None => created(plan, last.as_ref(), next, &found.title, found.link.clone()),
        };
        if let Err(problems) = validate(plan, Mode::Edit, &[&operation]) {
            tracing::warn!(project = %plan.project.key, problems = problems.len(), "what was said does not fit the plan");
            continue;
        }
        if let Operation::CreateTask { place, .. } = &operation {
            (next, last) = (TaskNumber(next.0.saturating_add(1)), Some(place.rank.clone()));
        }
        let evidence = Some(found.link.clone());
        steps.push((at, Step { operation, reason: found.reason.words(true), evidence }));
    }
    steps
}

/// What a proposal of these findings is called.
pub(super) fn titled(found: &[&Found]) -> String {
    match found {
        [one] => match &one.task {
            Some(about) => format!("{} {}", about.code, one.finding.words()),
            None => format!("a task for {}", one.link.label),
        },
        several => {
            let mut labels: Vec<&str> = several.iter().map(|one| one.link.label.as_str()).collect();
            labels.dedup();
            match labels.as_slice() {
                [only] => format!("follow {only}"),
                labels => format!("follow {} conversations", labels.len()),
            }
        }
    }
}
