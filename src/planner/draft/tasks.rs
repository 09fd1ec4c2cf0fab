//! New tasks as a model lists them: for a first plan, and for a breakdown.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{
    domain::{
        patch::{MAX_ACCEPTANCE, MAX_DESCRIPTION, MAX_SENTENCE, MAX_TITLE, Operation, Step},
        plan::Plan,
        task::{Place, Rank, TaskCode, TaskFields, TaskNumber},
    },
    llm::{
        answer::{At, Problems},
        schema::{integer, list, nullable, object, string},
    },
};

/// Characters of the short name that an answer gives a new task.
pub(super) const NAME: usize = 80;
/// Names of tasks in one list.
pub(super) const NAMES: usize = 50;

/// A task of an answer.
#[derive(Debug)]
pub(super) struct NewTask {
    path: String,
    pub(super) name: String,
    pub(super) fields: TaskFields,
    after: Vec<String>,
    reason: String,
}

/// The shape of the list.
pub(super) fn schema() -> Value {
    list(object([
        ("ref", string()),
        ("title", string()),
        ("description", string()),
        ("acceptance", list(string())),
        ("estimate_minutes", nullable(integer())),
        ("after", list(string())),
        ("reason", string()),
    ]))
}

/// Reads the list of 1 to `max` tasks.
pub(super) fn read(tasks: &At<'_>, max: usize, problems: &mut Problems) -> Vec<NewTask> {
    let mut names = BTreeSet::new();
    let mut found = Vec::new();
    let entries = tasks.list(max, problems);
    if tasks.is_empty() {
        tasks.wrong(problems, "is empty: there has to be at least one task");
    }
    for at in entries {
        if at.fields(problems).is_none() {
            continue;
        }
        let name = at.field("ref").needed_line(NAME, problems).unwrap_or_default();
        if !name.is_empty() && !names.insert(name.to_lowercase()) {
            at.field("ref").wrong(problems, &format!("is {name:?} once more; every task needs a ref of its own"));
        }
        let acceptance = at.field("acceptance");
        let criteria = acceptance.texts(MAX_ACCEPTANCE, MAX_SENTENCE, problems);
        if acceptance.is_empty() {
            acceptance.wrong(problems, "is empty: say how one can check that the task is done");
        }
        let fields = TaskFields {
            description: at.field("description").prose(MAX_DESCRIPTION, problems).unwrap_or_default(),
            acceptance: criteria,
            estimate: at.field("estimate_minutes").whole(problems),
            ..TaskFields::titled(at.field("title").needed_line(MAX_TITLE, problems).unwrap_or_default())
        };
        let after = at.field("after").texts(NAMES, NAME, problems);
        let reason = super::reason(&at.field("reason"), problems);
        found.push(NewTask { path: at.path().to_owned(), name, fields, after, reason });
    }
    found
}

/// Where new tasks go: under whom, and which number the first one gets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ground<'a> {
    pub(super) plan: &'a Plan,
    pub(super) parent: Option<TaskNumber>,
    pub(super) first: TaskNumber,
}

impl Ground<'_> {
    /// The tasks as steps, one behind the other, and what the answer calls each.
    pub(super) fn steps(&self, tasks: Vec<NewTask>, problems: &mut Problems) -> (Vec<Step>, Vec<(TaskNumber, String)>) {
        let numbers = (self.first.0.max(1)..).map(TaskNumber);
        let names: Vec<(TaskNumber, String)> =
            numbers.zip(&tasks).map(|(number, task)| (number, task.name.clone())).collect();
        let by_name: BTreeMap<String, TaskNumber> =
            names.iter().map(|(number, name)| (name.to_lowercase(), *number)).collect();
        let mut rank = self.plan.last_rank(self.parent).cloned();
        let mut steps = Vec::new();
        for ((number, _), task) in names.iter().zip(tasks) {
            let place = Place { parent: self.parent, rank: Rank::between(rank.as_ref(), None) };
            rank = Some(place.rank.clone());
            let mut fields = task.fields;
            for name in task.after {
                match by_name.get(&name.to_lowercase()).copied().or_else(|| self.known(&name)) {
                    Some(first) => {
                        fields.depends_on.insert(first);
                    }
                    None => problems.add(format!(
                        "{}.after names {name:?}, which is neither a ref of this answer nor a task of the plan.",
                        task.path
                    )),
                }
            }
            let operation = Operation::CreateTask { number: *number, place, fields };
            steps.push(Step { operation, reason: task.reason, evidence: None });
        }
        (steps, names)
    }

    /// A task of the plan by its code.
    fn known(&self, code: &str) -> Option<TaskNumber> {
        let code: TaskCode = code.parse().ok()?;
        (code.project == self.plan.project.key && self.plan.task(code.number).is_some()).then_some(code.number)
    }
}
