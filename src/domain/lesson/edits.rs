//! The edits between two lists of operations: what appeared, what went, and which fields differ.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::words;
use crate::domain::{
    patch::{Change, Founding, Operation, ProjectChanges, TaskChanges},
    task::{Place, Rank, TaskFields, TaskNumber},
};

/// From here on two titles are taken for one task's: the share of the letter pairs that they have in common.
const ALIKE: f64 = 0.5;

words! {
    /// The kind of an operation, in the word that is stored with it.
    Kind {
        /// A new task.
        Create = "create_task",
        /// Other fields of a task.
        Update = "update_task",
        /// Another place for a task.
        Move = "move_task",
        /// A task that goes.
        Delete = "delete_task",
        /// Other fields of the project.
        Project = "update_project",
    }
}

impl Kind {
    const fn of(operation: &Operation) -> Self {
        match operation {
            Operation::CreateTask { .. } => Self::Create,
            Operation::UpdateTask { .. } => Self::Update,
            Operation::MoveTask { .. } => Self::Move,
            Operation::DeleteTask { .. } => Self::Delete,
            Operation::UpdateProject { .. } => Self::Project,
        }
    }
}

/// What became of one operation on its way from the first proposal to the approved one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// Its kind.
    pub op: Kind,
    /// The task that it touches; `None` for the project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<TaskNumber>,
    /// What became of it.
    pub edited: Edited,
}

/// How an operation was edited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edited {
    /// It was not proposed.
    Added,
    /// It was not approved.
    Removed,
    /// It says something else in these fields.
    Changed(Vec<String>),
}

impl Edit {
    /// How much of an edit it is: one for what appeared or went, else one for each field.
    pub fn distance(&self) -> usize {
        match &self.edited {
            Edited::Added | Edited::Removed => 1,
            Edited::Changed(fields) => fields.len(),
        }
    }

    fn new(operation: &Operation, edited: Edited) -> Self {
        Self { op: Kind::of(operation), task: operation.task(), edited }
    }

    /// The edit of what a first plan says about the project that it creates.
    pub(super) fn of_founding(first: Option<&Founding>, last: Option<&Founding>) -> Option<Self> {
        let (first, last) = (first?, last?);
        let fields = differing([
            ("key", first.key != last.key),
            ("title", first.title != last.title),
            ("summary", first.summary != last.summary),
        ]);
        (!fields.is_empty()).then_some(Self { op: Kind::Project, task: None, edited: Edited::Changed(fields) })
    }
}

/// How far two lists of operations are from each other. The same in both directions.
pub fn distance(first: &[&Operation], last: &[&Operation]) -> usize {
    edits(first, last).iter().map(Edit::distance).sum()
}

/// What lies between two lists of operations on one plan, each of which touches a task once in one way.
///
/// Operations belong together by kind and task; new tasks by their titles first, since a first plan numbers its tasks
/// anew with every edit. Where a new task stands among its siblings counts by their order, so that another rank in the
/// same order is no edit.
pub fn edits(first: &[&Operation], last: &[&Operation]) -> Vec<Edit> {
    let pairs = pairs(first, last);
    let numbers: BTreeMap<TaskNumber, TaskNumber> =
        pairs.iter().filter_map(|(one, other)| Some((first.get(*one)?.task()?, last.get(*other)?.task()?))).collect();
    let pairs: Vec<(usize, usize, Operation)> = pairs
        .into_iter()
        .filter_map(|(one, other)| Some((one, other, renumbered(first.get(one)?, &numbers))))
        .collect();
    let reordered = reordered(
        pairs.iter().filter_map(|(old, other, one)| Some((first.get(*old)?.task()?, one, *last.get(*other)?))),
    );
    let unpaired = |operations: &[&Operation], paired: BTreeSet<usize>, edited: Edited| -> Vec<Edit> {
        let rest = operations.iter().enumerate().filter(|(index, _)| !paired.contains(index));
        rest.map(|(_, operation)| Edit::new(operation, edited.clone())).collect()
    };
    let mut found = unpaired(first, pairs.iter().map(|(one, ..)| *one).collect(), Edited::Removed);
    for (_, other, one) in &pairs {
        let Some(other) = last.get(*other) else { continue };
        let moved = other.task().is_some_and(|number| reordered.contains(&number));
        let fields = fields(one, other, moved);
        if !fields.is_empty() {
            found.push(Edit::new(other, Edited::Changed(fields)));
        }
    }
    found.extend(unpaired(last, pairs.iter().map(|(_, other, _)| *other).collect(), Edited::Added));
    found
}

/// The operations that belong together, by their places in the two lists.
pub fn pairs(first: &[&Operation], last: &[&Operation]) -> Vec<(usize, usize)> {
    let mut pairs = alike(&created(first), &created(last));
    let (ones, others): (BTreeSet<usize>, BTreeSet<usize>) = pairs.iter().copied().unzip();
    let mut waiting: BTreeMap<(Kind, Option<TaskNumber>), Vec<usize>> = BTreeMap::new();
    for (index, operation) in last.iter().enumerate().rev().filter(|(index, _)| !others.contains(index)) {
        waiting.entry((Kind::of(operation), operation.task())).or_default().push(index);
    }
    for (index, operation) in first.iter().enumerate().filter(|(index, _)| !ones.contains(index)) {
        let other = waiting.get_mut(&(Kind::of(operation), operation.task())).and_then(Vec::pop);
        pairs.extend(other.map(|other| (index, other)));
    }
    pairs.sort_unstable();
    pairs
}

/// The new tasks, each with its place in the list, its number and its title.
fn created<'a>(operations: &[&'a Operation]) -> Vec<(usize, (TaskNumber, &'a str))> {
    let title = |(index, operation): (usize, &&'a Operation)| match *operation {
        Operation::CreateTask { number, fields, .. } => Some((index, (*number, fields.title.as_str()))),
        _ => None,
    };
    operations.iter().enumerate().filter_map(title).collect()
}

/// New tasks with titles that are much alike, the most alike first. What is equally alike is taken by the numbers:
/// the same ones first, the others in an order that does not ask which list came first.
fn alike(first: &[(usize, (TaskNumber, &str))], last: &[(usize, (TaskNumber, &str))]) -> Vec<(usize, usize)> {
    let mut candidates = Vec::new();
    for (one, (number, title)) in first {
        for (other, (its_number, its_title)) in last {
            let likeness = strsim::sorensen_dice(&title.to_lowercase(), &its_title.to_lowercase());
            if likeness >= ALIKE {
                let order = (number != its_number, *number.min(its_number), *number.max(its_number));
                candidates.push((likeness, order, *one, *other));
            }
        }
    }
    candidates.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let (mut ones, mut others) = (BTreeSet::new(), BTreeSet::new());
    let pairs = candidates.into_iter().map(|(.., one, other)| (one, other));
    pairs.filter(|(one, other)| !others.contains(other) && ones.insert(*one) && others.insert(*other)).collect()
}

/// The operation with the numbers that the other list gives to the same tasks.
fn renumbered(operation: &Operation, numbers: &BTreeMap<TaskNumber, TaskNumber>) -> Operation {
    let new = |number: &TaskNumber| numbers.get(number).copied().unwrap_or(*number);
    let at = |place: &Place| Place { parent: place.parent.as_ref().map(new), rank: place.rank.clone() };
    let all = |these: &BTreeSet<TaskNumber>| these.iter().map(new).collect();
    match operation {
        Operation::CreateTask { number, place, fields } => Operation::CreateTask {
            number: new(number),
            place: at(place),
            fields: TaskFields { depends_on: all(&fields.depends_on), ..fields.clone() },
        },
        Operation::UpdateTask { number, changes } => {
            let depends_on = match &changes.depends_on {
                Change::Set(these) => Change::Set(all(these)),
                kept => kept.clone(),
            };
            Operation::UpdateTask { number: new(number), changes: TaskChanges { depends_on, ..changes.clone() } }
        }
        Operation::MoveTask { number, to } => Operation::MoveTask { number: new(number), to: at(to) },
        Operation::DeleteTask { .. } | Operation::UpdateProject { .. } => operation.clone(),
    }
}

/// The new tasks that stand elsewhere among those siblings that are new in both lists: as few as explain the other
/// order.
fn reordered<'a>(pairs: impl Iterator<Item = (TaskNumber, &'a Operation, &'a Operation)>) -> BTreeSet<TaskNumber> {
    let mut rows: BTreeMap<Option<TaskNumber>, Vec<_>> = BTreeMap::new();
    for (old, one, other) in pairs {
        if let (Operation::CreateTask { place: one, .. }, Operation::CreateTask { place: other, number, .. }) =
            (one, other)
            && one.parent == other.parent
        {
            rows.entry(one.parent).or_default().push(((&one.rank, old), (&other.rank, *number)));
        }
    }
    let mut moved = BTreeSet::new();
    for mut row in rows.into_values() {
        row.sort_by_key(|(before, _)| *before);
        let after: Vec<(&Rank, TaskNumber)> = row.into_iter().map(|(_, after)| after).collect();
        let stay = longest_rise(&after);
        moved.extend(after.iter().enumerate().filter(|(nth, _)| !stay.contains(nth)).map(|(_, (_, number))| *number));
    }
    moved
}

/// The places of a longest part of `row` that rises from left to right.
fn longest_rise<T: Ord>(row: &[T]) -> BTreeSet<usize> {
    // The longest rise that ends at each place.
    let mut rises: Vec<BTreeSet<usize>> = Vec::new();
    for (nth, value) in row.iter().enumerate() {
        let below = rises.iter().zip(row).filter(|(_, earlier)| *earlier < value).map(|(rise, _)| rise);
        let mut rise = below.max_by_key(|rise| rise.len()).cloned().unwrap_or_default();
        rise.insert(nth);
        rises.push(rise);
    }
    rises.into_iter().max_by_key(BTreeSet::len).unwrap_or_default()
}

/// Each field of a struct with whether it differs in another one. A new field has to be named here.
macro_rules! compare {
    ($type:ident { $($field:ident),* $(,)? }, $one:expr, $other:expr) => {{
        let $type { $($field),* } = $one;
        [$((stringify!($field), *$field != $other.$field)),*]
    }};
}

/// The fields in which two operations of one kind differ.
fn fields(one: &Operation, other: &Operation, moved: bool) -> Vec<String> {
    match (one, other) {
        (
            Operation::CreateTask { place: from, fields: one, .. },
            Operation::CreateTask { place: to, fields: other, .. },
        ) => {
            let own = compare!(
                TaskFields {
                    title,
                    description,
                    acceptance,
                    status,
                    assignee,
                    estimate,
                    priority,
                    due,
                    depends_on,
                    links
                },
                one,
                other
            );
            differing(own.into_iter().chain([("place", moved || from.parent != to.parent)]))
        }
        (Operation::UpdateTask { changes: one, .. }, Operation::UpdateTask { changes: other, .. }) => {
            differing(compare!(
                TaskChanges {
                    title,
                    description,
                    acceptance,
                    status,
                    assignee,
                    estimate,
                    priority,
                    due,
                    depends_on,
                    links
                },
                one,
                other
            ))
        }
        (Operation::MoveTask { to: one, .. }, Operation::MoveTask { to: other, .. }) => {
            differing([("place", one != other)])
        }
        (Operation::UpdateProject { changes: one }, Operation::UpdateProject { changes: other }) => {
            let ProjectChanges { title, summary, lifecycle } = one;
            differing([
                ("title", *title != other.title),
                ("summary", *summary != other.summary),
                ("lifecycle", *lifecycle != other.lifecycle),
            ])
        }
        _ => Vec::new(),
    }
}

fn differing<'a>(fields: impl IntoIterator<Item = (&'a str, bool)>) -> Vec<String> {
    fields.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixtures::{create, delete, rank, rename, shift, wait};

    fn said(first: &[Operation], last: &[Operation]) -> Vec<String> {
        let words = |edit: &Edit| {
            let what = match &edit.edited {
                Edited::Added => "added".to_owned(),
                Edited::Removed => "removed".to_owned(),
                Edited::Changed(fields) => fields.join(", "),
            };
            format!("{} {}: {what}", edit.op.as_str(), edit.task.unwrap_or(TaskNumber(0)))
        };
        let (first, last): (Vec<_>, Vec<_>) = (first.iter().collect(), last.iter().collect());
        assert_eq!(distance(&first, &last), distance(&last, &first), "the same in both directions");
        edits(&first, &last).iter().map(words).collect()
    }

    /// A new task of this number, title and place in its row.
    fn new(number: u32, title: &str, nth: usize) -> Operation {
        let Operation::CreateTask { number, fields, .. } = create(number, 0, &[]) else { unreachable!() };
        let fields = TaskFields { title: title.to_owned(), ..fields };
        Operation::CreateTask { number, place: Place { parent: None, rank: rank(nth) }, fields }
    }

    #[test]
    fn what_is_the_same_is_no_edit() {
        let all = [create(8, 0, &[]), create(9, 8, &[8]), rename(3, "Named"), shift(4, 8), wait(5, &[9]), delete(6)];
        assert_eq!(said(&all, &all), [""; 0]);
    }

    #[test]
    fn what_appears_and_what_goes_is_one_edit_each() {
        assert_eq!(
            said(&[delete(6), rename(3, "A")], &[rename(4, "A"), shift(6, 0)]),
            ["delete_task 6: removed", "update_task 3: removed", "update_task 4: added", "move_task 6: added",]
        );
    }

    #[test]
    fn what_is_said_otherwise_is_an_edit_for_each_field() {
        let Operation::CreateTask { number, place, mut fields } = new(8, "Token service", 0) else { unreachable!() };
        fields.title = "Key service".to_owned();
        fields.estimate = Some(60);
        let edited = Operation::CreateTask { number, place: Place { parent: Some(TaskNumber(3)), ..place }, fields };
        assert_eq!(said(&[new(8, "Token service", 0)], &[edited]), ["create_task 8: title, estimate, place"]);
        assert_eq!(said(&[rename(3, "A")], &[rename(3, "B")]), ["update_task 3: title"]);
        assert_eq!(said(&[rename(3, "A")], &[wait(3, &[1])]), ["update_task 3: title, depends_on"]);
        assert_eq!(said(&[shift(3, 1)], &[shift(3, 2)]), ["move_task 3: place"]);
    }

    #[test]
    fn a_new_task_is_known_by_its_title_where_its_number_changed() {
        let first = [new(8, "Sign-in page", 0), create(9, 8, &[]), wait(3, &[8])];
        let last = [new(12, "The sign-in page", 0), create(9, 12, &[]), wait(3, &[12])];
        assert_eq!(said(&first, &last), ["create_task 12: title"]);
        let other = [new(12, "Deployment", 0), create(9, 12, &[]), wait(3, &[12])];
        assert_eq!(
            said(&first, &other),
            ["create_task 8: removed", "create_task 9: place", "update_task 3: depends_on", "create_task 12: added",]
        );
    }

    #[test]
    fn a_first_plan_that_was_numbered_anew_is_as_far_as_its_edits() {
        let first = [new(1, "Scope", 0), new(2, "Token service", 1), create(3, 0, &[2]), new(4, "Launch", 30)];
        let Operation::CreateTask { number, place, fields } = create(2, 0, &[1]) else { unreachable!() };
        let renamed = TaskFields { title: "Task 3".to_owned(), ..fields };
        let third = Operation::CreateTask { number, place, fields: renamed };
        let last = [new(1, "Token service", 0), third, new(3, "Launch", 30)];
        assert_eq!(said(&first, &last), ["create_task 1: removed"]);
        let retitled = [new(1, "Scope", 0), new(2, "Something else", 1), create(3, 0, &[2]), new(4, "Launch", 30)];
        assert_eq!(said(&first, &retitled), ["create_task 2: title"]);
    }

    #[test]
    fn of_several_like_titles_the_most_alike_belong_together() {
        let first = [new(8, "Write tests for login", 0), new(9, "Write tests for logout", 1)];
        let last = [new(10, "Write tests for logout", 1), new(11, "Write tests for login", 0)];
        assert_eq!(said(&first, &last), [""; 0]);
    }

    #[test]
    fn an_order_is_changed_by_as_few_tasks_as_explain_it() {
        let row = |places: [usize; 4]| -> Vec<Operation> {
            (8..).zip(places).map(|(number, nth)| new(number, &format!("Task {number}"), nth)).collect()
        };
        assert_eq!(said(&row([0, 1, 2, 3]), &row([2, 4, 6, 8])), [""; 0], "other ranks in the same order");
        assert_eq!(said(&row([0, 1, 2, 3]), &row([9, 1, 2, 3])), ["create_task 8: place"]);
        assert_eq!(said(&row([0, 1, 2, 3]), &row([1, 0, 3, 2])).len(), 2);
    }
}
