//! A patch seen against the plan, ready to render.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::{
    ids::MemberId,
    overlay::Overlay,
    patch::{Operation, ProjectChanges, TaskChanges},
    plan::Plan,
    project::{Lifecycle, Project, ProjectKey},
    task::{Link, Place, Priority, Status, Task, TaskFields, TaskNumber, effort},
    validate::cut,
};

/// What appears, changes, moves and goes, in the order of the patch's steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diff {
    /// One entry per step that does something.
    pub entries: Vec<Entry>,
}

/// What one step of the patch does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The step's place in the patch, from 0.
    pub step: usize,
    /// What it does.
    pub effect: Effect,
}

/// What a step does to the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// A task appears.
    Appears {
        /// The task as it will be.
        task: Task,
        /// Its depth in the tree, from 0.
        depth: usize,
    },
    /// Fields of a task change.
    Changes {
        /// The task.
        number: TaskNumber,
        /// Its title before the step; empty where it is no longer there.
        title: String,
        /// What changes; never empty.
        fields: Vec<FieldChange>,
    },
    /// A task moves.
    Moves {
        /// The task.
        number: TaskNumber,
        /// Its title; empty where it is no longer there.
        title: String,
        /// Under which task it stood; `None` for the top level.
        from: Option<TaskNumber>,
        /// Under which task it goes. Equal to `from` where only the order changes.
        to: Option<TaskNumber>,
        /// The sibling that it will follow; `None` where it becomes the first.
        after: Option<TaskNumber>,
    },
    /// A task goes.
    Goes {
        /// The task.
        number: TaskNumber,
        /// Its title; empty where it is no longer there.
        title: String,
        /// How many tasks under it go by other steps of the same patch.
        below: usize,
        /// Whether its parent goes too, so that a short rendering may leave this line out.
        with_parent: bool,
    },
    /// The project's own fields change.
    Project {
        /// What changes; never empty.
        fields: Vec<FieldChange>,
    },
}

/// One field, before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldChange {
    /// The field's name in words: `title`, `depends on`, `due`.
    pub field: &'static str,
    /// What it says now.
    pub before: Value,
    /// What it will say.
    pub after: Value,
}

/// A field's value, kept typed so that a renderer can name people and tasks.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant holds a field's value of that type")]
pub enum Value {
    Nothing,
    Text(String),
    List(Vec<String>),
    Status(Status),
    Priority(Priority),
    Lifecycle(Lifecycle),
    Member(MemberId),
    Minutes(u32),
    Date(NaiveDate),
    Tasks(BTreeSet<TaskNumber>),
    Links(Vec<Link>),
}

impl Value {
    /// The value in words, as it stands in a diff: texts are quoted and cut, tasks are codes.
    pub fn words(&self, key: &ProjectKey, name_of: &dyn Fn(MemberId) -> String) -> String {
        match self {
            Self::Nothing => "nothing".to_owned(),
            Self::Text(text) => format!("\"{}\"", cut(text)),
            Self::List(items) => items.iter().map(|item| format!("\"{}\"", cut(item))).collect::<Vec<_>>().join(", "),
            Self::Status(status) => status.words(),
            Self::Priority(priority) => priority.as_str().to_owned(),
            Self::Lifecycle(lifecycle) => lifecycle.as_str().to_owned(),
            Self::Member(member) => name_of(*member),
            Self::Minutes(minutes) => effort(*minutes),
            Self::Date(date) => date.format("%-d %b %Y").to_string(),
            Self::Tasks(tasks) => tasks.iter().map(|task| format!("{key}-{task}")).collect::<Vec<_>>().join(", "),
            Self::Links(links) => links.iter().map(|link| cut(&link.label)).collect::<Vec<_>>().join(", "),
        }
    }
}

impl FieldChange {
    /// The change in words: `estimate 1 d → 2 d`.
    pub fn words(&self, key: &ProjectKey, name_of: &dyn Fn(MemberId) -> String) -> String {
        format!("{} {} → {}", self.field, self.before.words(key, name_of), self.after.words(key, name_of))
    }
}

/// Sees `operations` against `plan`. Steps that no longer apply are seen as far as they can be, since a
/// card of a stale patch must still be readable: a task that is not there has an empty title and nothing
/// before, a new task whose number is taken still appears.
pub fn diff<'a>(plan: &Plan, operations: impl IntoIterator<Item = &'a Operation>) -> Diff {
    let operations: Vec<&Operation> = operations.into_iter().collect();
    let goes = Going::new(plan, &operations);
    let after = Overlay::of(plan, &operations);
    let mut overlay = Overlay::new(plan);
    let mut entries = Vec::new();
    for (step, operation) in operations.into_iter().enumerate() {
        let effect = match operation {
            Operation::CreateTask { number, place, fields } => Some(Effect::Appears {
                task: Task {
                    number: *number,
                    place: place.clone(),
                    fields: fields.clone(),
                    version: plan.project.revision.next(),
                },
                depth: depth(&after, *number, place.parent),
            }),
            Operation::UpdateTask { number, changes } => update(&overlay, *number, changes),
            Operation::MoveTask { number, to } => moves(&overlay, *number, to),
            Operation::DeleteTask { number } => Some(goes.effect(*number)),
            Operation::UpdateProject { changes } => project(overlay.project(), changes),
        };
        overlay.step(operation);
        entries.extend(effect.map(|effect| Entry { step, effect }));
    }
    Diff { entries }
}

/// Where a new task will stand; by the place it asks for where another step of a stale patch took it away.
fn depth(after: &Overlay<'_>, number: TaskNumber, parent: Option<TaskNumber>) -> usize {
    match parent {
        Some(parent) if after.task(number).is_none() => after.ancestors(parent).len() + 1,
        _ => after.ancestors(number).len(),
    }
}

fn update(overlay: &Overlay<'_>, number: TaskNumber, changes: &TaskChanges) -> Option<Effect> {
    let (title, fields) = match overlay.task(number) {
        Some(task) => {
            let mut after = task.fields.clone();
            changes.change(&mut after);
            (task.fields.title.clone(), field_changes(&task.fields, &after))
        }
        None => (String::new(), wishes(changes)),
    };
    (!fields.is_empty()).then_some(Effect::Changes { number, title, fields })
}

fn moves(overlay: &Overlay<'_>, number: TaskNumber, to: &Place) -> Option<Effect> {
    let task = overlay.task(number);
    if task.is_some_and(|task| task.place == *to) {
        return None;
    }
    Some(Effect::Moves {
        number,
        title: task.map(|task| task.fields.title.clone()).unwrap_or_default(),
        from: task.and_then(|task| task.place.parent),
        to: to.parent,
        after: overlay.sibling_before(to.parent, &to.rank, number),
    })
}

fn project(before: &Project, changes: &ProjectChanges) -> Option<Effect> {
    let mut after = before.clone();
    changes.change(&mut after);
    let fields = project_changes(before, &after);
    (!fields.is_empty()).then_some(Effect::Project { fields })
}

/// What differs between two readings of a project's own fields.
pub fn project_changes(before: &Project, after: &Project) -> Vec<FieldChange> {
    let values = |project: &Project| {
        [
            ("title", text(&project.title)),
            ("summary", text(&project.summary)),
            ("lifecycle", Value::Lifecycle(project.lifecycle)),
        ]
    };
    differing(values(before), values(after))
}

/// The tasks that a patch deletes, and how they stand to each other.
struct Going<'a> {
    plan: &'a Plan,
    below: BTreeMap<TaskNumber, usize>,
}

impl<'a> Going<'a> {
    fn new(plan: &'a Plan, operations: &[&Operation]) -> Self {
        let deleted = operations.iter().filter_map(|operation| match operation {
            Operation::DeleteTask { number } => Some(*number),
            _ => None,
        });
        let mut below: BTreeMap<TaskNumber, usize> = deleted.map(|number| (number, 0)).collect();
        for number in below.keys().copied().collect::<Vec<_>>() {
            for above in plan.ancestors(number) {
                if let Some(count) = below.get_mut(&above.number) {
                    *count += 1;
                }
            }
        }
        Self { plan, below }
    }

    fn effect(&self, number: TaskNumber) -> Effect {
        let task = self.plan.task(number);
        let parent = task.and_then(|task| task.place.parent);
        Effect::Goes {
            number,
            title: task.map(|task| task.fields.title.clone()).unwrap_or_default(),
            below: self.below.get(&number).copied().unwrap_or(0),
            with_parent: parent.is_some_and(|parent| self.below.contains_key(&parent)),
        }
    }
}

/// The fields that differ between two readings of a task.
pub fn field_changes(before: &TaskFields, after: &TaskFields) -> Vec<FieldChange> {
    differing(values(before), values(after))
}

/// What an update would say about a task that is not there.
fn wishes(changes: &TaskChanges) -> Vec<FieldChange> {
    let TaskChanges { title, description, acceptance, status, assignee, estimate, priority, due, depends_on, links } =
        changes;
    let said = [
        !title.is_keep(),
        !description.is_keep(),
        !acceptance.is_keep(),
        !status.is_keep(),
        !assignee.is_keep(),
        !estimate.is_keep(),
        !priority.is_keep(),
        !due.is_keep(),
        !depends_on.is_keep(),
        !links.is_keep(),
    ];
    let mut after = TaskFields::titled("");
    changes.change(&mut after);
    let wish = |((field, after), _)| FieldChange { field, before: Value::Nothing, after };
    values(&after).into_iter().zip(said).filter(|(_, said)| *said).map(wish).collect()
}

fn values(fields: &TaskFields) -> [(&'static str, Value); 10] {
    [
        ("title", text(&fields.title)),
        ("description", text(&fields.description)),
        ("acceptance", unless(fields.acceptance.is_empty(), || Value::List(fields.acceptance.clone()))),
        ("status", Value::Status(fields.status)),
        ("assignee", fields.assignee.map_or(Value::Nothing, Value::Member)),
        ("estimate", fields.estimate.map_or(Value::Nothing, Value::Minutes)),
        ("priority", Value::Priority(fields.priority)),
        ("due", fields.due.map_or(Value::Nothing, Value::Date)),
        ("depends on", unless(fields.depends_on.is_empty(), || Value::Tasks(fields.depends_on.clone()))),
        ("links", unless(fields.links.is_empty(), || Value::Links(fields.links.clone()))),
    ]
}

fn differing<const N: usize>(
    before: [(&'static str, Value); N],
    after: [(&'static str, Value); N],
) -> Vec<FieldChange> {
    let pairs = before.into_iter().zip(after);
    pairs
        .filter(|((_, before), (_, after))| before != after)
        .map(|((field, before), (_, after))| FieldChange { field, before, after })
        .collect()
}

fn text(text: &str) -> Value {
    unless(text.is_empty(), || Value::Text(text.to_owned()))
}

fn unless(empty: bool, value: impl FnOnce() -> Value) -> Value {
    if empty { Value::Nothing } else { value() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixtures::{create, delete, plan, rename, shift, wait};

    fn told(plan: &Plan, operations: &[Operation]) -> String {
        let line = |entry: Entry| {
            let effect = match entry.effect {
                Effect::Appears { task, depth } => format!("+ {} {} at depth {depth}", task.number, task.fields.title),
                Effect::Changes { number, title, fields } => {
                    let fields: Vec<_> =
                        fields.iter().map(|field| field.words(&plan.project.key, &|id| id.to_string())).collect();
                    format!("~ {number} {title:?}: {}", fields.join(" · "))
                }
                Effect::Moves { number, title, from, to, after } => {
                    let name = |task: Option<TaskNumber>| task.map_or_else(|| "-".to_owned(), |task| task.to_string());
                    format!("> {number} {title:?} from {} to {} after {}", name(from), name(to), name(after))
                }
                Effect::Goes { number, title, below, with_parent } => {
                    format!(
                        "- {number} {title:?} with {below} below{}",
                        if with_parent { ", with its parent" } else { "" }
                    )
                }
                Effect::Project { fields } => format!("~ {} fields of the project", fields.len()),
            };
            format!("{}: {effect}", entry.step)
        };
        diff(plan, operations).entries.into_iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_diff_says_what_appears_changes_moves_and_goes() {
        let plan = plan(&[(1, 0, &[]), (2, 1, &[]), (3, 2, &[]), (4, 0, &[3]), (5, 1, &[])]);
        insta::assert_snapshot!(told(&plan, &[
            create(8, 5, &[]),
            create(9, 8, &[]),
            rename(4, "Later"),
            rename(4, "Later"),
            wait(4, &[]),
            shift(5, 0),
            shift(4, 5),
            delete(3),
            delete(2),
        ]), @r#"
        0: + 8 Task 8 at depth 1
        1: + 9 Task 9 at depth 2
        2: ~ 4 "Task 4": title "Task 4" → "Later"
        4: ~ 4 "Later": depends on AUTH-3 → nothing
        5: > 5 "Task 5" from 1 to - after 4
        6: > 4 "Later" from - to 5 after -
        7: - 3 "Task 3" with 0 below, with its parent
        8: - 2 "Task 2" with 1 below
        "#);
    }

    #[test]
    fn a_diff_of_a_stale_patch_is_still_readable() {
        let plan = plan(&[(1, 0, &[])]);
        insta::assert_snapshot!(told(&plan, &[
            create(1, 9, &[]),
            rename(7, "Token service"),
            wait(7, &[]),
            shift(7, 1),
            delete(6),
        ]), @r#"
        0: + 1 Task 1 at depth 0
        1: ~ 7 "": title nothing → "Token service"
        2: ~ 7 "": depends on nothing → nothing
        3: > 7 "" from - to 1 after -
        4: - 6 "" with 0 below
        "#);
    }
}
