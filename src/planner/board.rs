//! A proposal as the plan it would make: sentences change the board, and the steps are read off it.
//!
//! Reading the steps off the difference to the plan is what keeps one step per task and kind, and what lets
//! steps that cancel out vanish.

use std::collections::{BTreeMap, BTreeSet};

use super::{edit::Sketch, set};
use crate::{
    domain::{
        patch::{Change, Founding, Mode, Operation, ProjectChanges, Step},
        plan::Plan,
        project::ProjectKey,
        task::{Link, Place, Rank, TaskFields, TaskNumber},
    },
    error::UserError,
};

/// A task as it would be.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub place: Place,
    pub fields: TaskFields,
}

/// The plan as it would be.
#[derive(Debug, Clone)]
pub(super) struct Board<'a> {
    pub plan: &'a Plan,
    pub key: &'a ProjectKey,
    pub items: BTreeMap<TaskNumber, Item>,
    pub founding: Option<Founding>,
    pub title: String,
    pub summary: String,
    /// The tasks on the card, in its order: what ordinals count.
    pub card: Vec<TaskNumber>,
    /// Whether the card is that of an open proposal, and not of the plan itself.
    pub is_proposal: bool,
    /// Why a step is there, by its task and kind.
    notes: BTreeMap<(Kind, Option<TaskNumber>), (String, Option<Link>)>,
    home: Option<TaskNumber>,
    next: u32,
}

/// The kinds of steps, in the order in which they can be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Project,
    Create,
    Move,
    Update,
    Delete,
}

impl Kind {
    const fn of(operation: &Operation) -> Self {
        match operation {
            Operation::UpdateProject { .. } => Self::Project,
            Operation::CreateTask { .. } => Self::Create,
            Operation::MoveTask { .. } => Self::Move,
            Operation::UpdateTask { .. } => Self::Update,
            Operation::DeleteTask { .. } => Self::Delete,
        }
    }
}

impl<'a> Board<'a> {
    /// The plan with the steps of the open proposal on it.
    pub(super) fn new(sketch: &Sketch<'a>, first_free: TaskNumber) -> Result<Self, UserError> {
        let plan = sketch.plan;
        let items =
            plan.tasks().map(|task| (task.number, Item { place: task.place.clone(), fields: task.fields.clone() }));
        let mut board = Self {
            plan,
            key: sketch.founding.map_or(&plan.project.key, |founding| &founding.key),
            items: items.collect(),
            founding: sketch.founding.cloned(),
            title: sketch.founding.map_or_else(|| plan.project.title.clone(), |founding| founding.title.clone()),
            summary: sketch.founding.map_or_else(|| plan.project.summary.clone(), |founding| founding.summary.clone()),
            card: Vec::new(),
            is_proposal: !sketch.steps.is_empty(),
            notes: BTreeMap::new(),
            home: match sketch.mode {
                Mode::Task { number } if plan.task(number).is_some() => Some(number),
                Mode::Task { .. } | Mode::Project | Mode::Edit => None,
            },
            next: first_free.0.max(1),
        };
        for step in sketch.steps {
            board.put(step)?;
        }
        if !board.is_proposal {
            board.card = board.children(None);
        }
        Ok(board)
    }

    fn put(&mut self, step: &Step) -> Result<(), UserError> {
        let task = step.operation.task();
        if !step.reason.is_empty() || step.evidence.is_some() {
            self.notes.insert((Kind::of(&step.operation), task), (step.reason.clone(), step.evidence.clone()));
        }
        if let Some(number) = task
            && !self.card.contains(&number)
        {
            self.card.push(number);
        }
        let gone = |number: &TaskNumber| {
            UserError::new(format!(
                "{}-{number} is no longer in the plan, so this proposal is out of date. Rebase it first.",
                self.key
            ))
        };
        match &step.operation {
            Operation::CreateTask { number, place, fields } => {
                self.next = self.next.max(number.0.saturating_add(1));
                self.items.insert(*number, Item { place: place.clone(), fields: fields.clone() });
            }
            Operation::UpdateTask { number, changes } => {
                let fields = &mut self.items.get_mut(number).ok_or_else(|| gone(number))?.fields;
                apply_changes(fields, changes);
            }
            Operation::MoveTask { number, to } => {
                self.items.get_mut(number).ok_or_else(|| gone(number))?.place = to.clone();
            }
            Operation::DeleteTask { number } => {
                self.items.remove(number);
            }
            Operation::UpdateProject { changes } => {
                if let Change::Set(title) = &changes.title {
                    self.title.clone_from(title);
                }
                match &changes.summary {
                    Change::Set(summary) => self.summary.clone_from(summary),
                    Change::Clear => self.summary.clear(),
                    Change::Keep => {}
                }
            }
        }
        Ok(())
    }

    /// Under which task a new one goes where nobody says: the one that is broken down.
    pub(super) fn home(&self) -> Option<TaskNumber> {
        self.home.filter(|number| self.items.contains_key(number))
    }

    /// Whether the task is new, so that only this proposal knows it.
    pub(super) fn is_new(&self, number: TaskNumber) -> bool {
        self.plan.task(number).is_none()
    }

    /// What people call a task here.
    pub(super) fn code(&self, number: TaskNumber) -> String {
        format!("{}-{number}", self.key)
    }

    /// A task that is known to be on the board.
    pub(super) fn item(&mut self, number: TaskNumber) -> Result<&mut Item, UserError> {
        let missing = UserError::new(format!("{}-{number} goes with this proposal, so it can't be changed.", self.key));
        self.items.get_mut(&number).ok_or(missing)
    }

    /// The children of a task, or the top-level tasks, in their order.
    pub(super) fn children(&self, parent: Option<TaskNumber>) -> Vec<TaskNumber> {
        let mut found: Vec<(&Rank, TaskNumber)> = self
            .items
            .iter()
            .filter(|(_, item)| item.place.parent == parent)
            .map(|(n, item)| (&item.place.rank, *n))
            .collect();
        found.sort();
        found.into_iter().map(|(_, number)| number).collect()
    }

    /// Everything in reading order.
    pub(super) fn tree(&self) -> Vec<TaskNumber> {
        let mut by_parent: BTreeMap<Option<TaskNumber>, Vec<(&Rank, TaskNumber)>> = BTreeMap::new();
        for (number, item) in &self.items {
            by_parent.entry(item.place.parent).or_default().push((&item.place.rank, *number));
        }
        for siblings in by_parent.values_mut() {
            siblings.sort_by(|a, b| b.cmp(a));
        }
        let mut open = by_parent.remove(&None).unwrap_or_default();
        let mut found = Vec::new();
        while let Some((_, number)) = open.pop() {
            found.push(number);
            open.extend(by_parent.remove(&Some(number)).unwrap_or_default());
        }
        found
    }

    /// The task and everything under it, parents first.
    pub(super) fn subtree(&self, number: TaskNumber) -> Vec<TaskNumber> {
        let mut by_parent: BTreeMap<TaskNumber, Vec<(&Rank, TaskNumber)>> = BTreeMap::new();
        for (child, item) in self.items.iter().filter(|(child, _)| **child != number) {
            if let Some(parent) = item.place.parent {
                by_parent.entry(parent).or_default().push((&item.place.rank, *child));
            }
        }
        let mut found = vec![number];
        let mut at = 0;
        while let Some(parent) = found.get(at) {
            let mut children = by_parent.remove(parent).unwrap_or_default();
            children.sort();
            found.extend(children.into_iter().map(|(_, child)| child));
            at += 1;
        }
        found
    }

    /// A new task; gives it the next number.
    pub(super) fn create(&mut self, place: Place, fields: TaskFields) -> TaskNumber {
        let number = TaskNumber(self.next);
        self.next = self.next.saturating_add(1);
        self.items.insert(number, Item { place, fields });
        self.card.push(number);
        number
    }

    /// Says why a step is there, behind what was said before.
    pub(super) fn note(&mut self, kind: Kind, number: TaskNumber, why: &str) {
        let (reason, _) = self.notes.entry((kind, Some(number))).or_default();
        if !reason.contains(why) {
            let separator = if reason.is_empty() { "" } else { "; " };
            *reason = format!("{reason}{separator}{why}");
        }
    }

    /// Says why a step is there, in at most `max` characters: behind what was said before where both fit, else instead.
    pub(super) fn reason(&mut self, kind: Kind, task: Option<TaskNumber>, why: &str, max: usize) {
        let (reason, _) = self.notes.entry((kind, task)).or_default();
        let both = format!("{reason}; {why}");
        if reason.is_empty() || both.chars().count() > max {
            why.clone_into(reason);
        } else if !reason.contains(why) {
            *reason = both;
        }
    }

    /// Gives the new tasks of a first plan the numbers 1, 2, … in reading order.
    pub(super) fn renumber(&mut self) {
        let new: BTreeMap<TaskNumber, TaskNumber> =
            self.tree().into_iter().zip(1..).map(|(old, n)| (old, TaskNumber(n))).collect();
        let renamed = |number: TaskNumber| new.get(&number).copied().unwrap_or(number);
        let items = std::mem::take(&mut self.items);
        self.items = items
            .into_iter()
            .map(|(number, mut item)| {
                item.place.parent = item.place.parent.map(renamed);
                item.fields.depends_on = item.fields.depends_on.into_iter().map(renamed).collect();
                (renamed(number), item)
            })
            .collect();
        let notes = std::mem::take(&mut self.notes);
        self.notes = notes.into_iter().map(|((kind, number), note)| ((kind, number.map(renamed)), note)).collect();
    }

    /// The steps from the plan to the board, in an order in which they can be applied: parents before children,
    /// everything that leaves a task before the task goes.
    pub(super) fn steps(&self) -> Vec<Step> {
        let order = self.tree();
        let mut operations = Vec::new();
        operations.extend(self.project_changes().map(|changes| Operation::UpdateProject { changes }));
        for number in &order {
            let Some(item) = self.items.get(number) else { continue };
            match self.plan.task(*number) {
                None => operations.push(Operation::CreateTask {
                    number: *number,
                    place: item.place.clone(),
                    fields: item.fields.clone(),
                }),
                Some(task) if task.place != item.place => {
                    operations.push(Operation::MoveTask { number: *number, to: item.place.clone() });
                }
                Some(_) => {}
            }
        }
        for number in &order {
            if let (Some(item), Some(task)) = (self.items.get(number), self.plan.task(*number)) {
                let changes = set::changes(&task.fields, &item.fields);
                if changes != crate::domain::patch::TaskChanges::default() {
                    operations.push(Operation::UpdateTask { number: *number, changes });
                }
            }
        }
        let gone = self.plan.tree().into_iter().rev().map(|(_, task)| task.number);
        operations.extend(gone.filter(|n| !self.items.contains_key(n)).map(|number| Operation::DeleteTask { number }));
        operations.into_iter().map(|operation| self.with_reason(operation)).collect()
    }

    fn with_reason(&self, operation: Operation) -> Step {
        let note = self.notes.get(&(Kind::of(&operation), operation.task())).cloned();
        let (reason, evidence) = note.unwrap_or_default();
        Step { operation, reason, evidence }
    }

    fn project_changes(&self) -> Option<ProjectChanges> {
        if self.founding.is_some() {
            return None;
        }
        let project = &self.plan.project;
        let title = if self.title == project.title { Change::Keep } else { Change::Set(self.title.clone()) };
        let summary = match self.summary.as_str() {
            same if same == project.summary => Change::Keep,
            "" => Change::Clear,
            other => Change::Set(other.to_owned()),
        };
        let changes = ProjectChanges { title, summary, lifecycle: Change::Keep };
        (changes != ProjectChanges::default()).then_some(changes)
    }

    /// Whether `task` waits for `other`, directly or through others.
    pub(super) fn waits_for(&self, task: TaskNumber, other: TaskNumber) -> bool {
        let (mut open, mut seen) = (vec![task], BTreeSet::new());
        while let Some(number) = open.pop() {
            if number == other {
                return true;
            }
            if seen.insert(number) {
                open.extend(
                    self.items.get(&number).into_iter().flat_map(|item| item.fields.depends_on.iter().copied()),
                );
            }
        }
        false
    }

    /// How many new tasks stand right under `parent`.
    pub(super) fn new_under(&self, parent: Option<TaskNumber>) -> usize {
        self.items.iter().filter(|(number, item)| item.place.parent == parent && self.is_new(**number)).count()
    }

    /// The founding with its title and summary as they would be.
    pub(super) fn founded(&self) -> Option<Founding> {
        self.founding.clone().map(|founding| Founding {
            title: self.title.clone(),
            summary: self.summary.clone(),
            ..founding
        })
    }
}

fn apply_changes(fields: &mut TaskFields, changes: &crate::domain::patch::TaskChanges) {
    fn required<T: Clone>(field: &mut T, change: &Change<T>) {
        if let Change::Set(value) = change {
            field.clone_from(value);
        }
    }
    fn emptied<T: Clone + Default>(field: &mut T, change: &Change<T>) {
        match change {
            Change::Keep => {}
            Change::Clear => *field = T::default(),
            Change::Set(value) => field.clone_from(value),
        }
    }
    fn optional<T: Clone>(field: &mut Option<T>, change: &Change<T>) {
        match change {
            Change::Keep => {}
            Change::Clear => *field = None,
            Change::Set(value) => *field = Some(value.clone()),
        }
    }
    required(&mut fields.title, &changes.title);
    emptied(&mut fields.description, &changes.description);
    emptied(&mut fields.acceptance, &changes.acceptance);
    required(&mut fields.status, &changes.status);
    optional(&mut fields.assignee, &changes.assignee);
    optional(&mut fields.estimate, &changes.estimate);
    required(&mut fields.priority, &changes.priority);
    optional(&mut fields.due, &changes.due);
    emptied(&mut fields.depends_on, &changes.depends_on);
    emptied(&mut fields.links, &changes.links);
}

/// The mode of the result: a proposal keeps its own, changes of a plan are an edit.
pub(super) const fn mode_of(sketch: &Sketch<'_>) -> Mode {
    if sketch.steps.is_empty() && sketch.founding.is_none() { Mode::Edit } else { sketch.mode }
}
