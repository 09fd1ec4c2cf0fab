//! Operations laid over a plan without changing it, so that looking costs by what they touch.

use std::collections::BTreeSet;

use super::{
    patch::Operation,
    plan::Plan,
    project::Project,
    task::{Rank, Task, TaskNumber},
};

/// A plan as it would be after some operations.
///
/// It checks nothing: a step about a task that is not there does nothing, and the tree may hold
/// circles, so every walk here ends at the first task it meets again.
pub(super) struct Overlay<'a> {
    plan: &'a Plan,
    /// The touched tasks as they would be, with the project.
    over: Plan,
    /// The touched tasks that would not be there.
    gone: BTreeSet<TaskNumber>,
}

impl<'a> Overlay<'a> {
    pub(super) fn new(plan: &'a Plan) -> Self {
        Self { plan, over: Plan::new(plan.project.clone(), []), gone: BTreeSet::new() }
    }

    /// The plan with all of these operations, as far as they can be done.
    pub(super) fn of(plan: &'a Plan, operations: &[&Operation]) -> Self {
        let mut overlay = Self::new(plan);
        for operation in operations {
            overlay.step(operation);
        }
        overlay
    }

    /// Does one operation, as far as it can be done.
    pub(super) fn step(&mut self, operation: &Operation) {
        match operation {
            Operation::CreateTask { number, place, fields } => {
                let version = self.plan.project.revision.next();
                self.put(Task { number: *number, place: place.clone(), fields: fields.clone(), version });
            }
            Operation::UpdateTask { number, changes } => {
                if let Some(mut task) = self.task(*number).cloned() {
                    changes.change(&mut task.fields);
                    self.put(task);
                }
            }
            Operation::MoveTask { number, to } => {
                if let Some(mut task) = self.task(*number).cloned() {
                    task.place = to.clone();
                    self.put(task);
                }
            }
            Operation::DeleteTask { number } => {
                self.over.take(*number);
                self.gone.insert(*number);
            }
            Operation::UpdateProject { changes } => changes.change(&mut self.over.project),
        }
    }

    fn put(&mut self, task: Task) {
        self.gone.remove(&task.number);
        self.over.put(task);
    }

    fn touches(&self, number: TaskNumber) -> bool {
        self.gone.contains(&number) || self.over.task(number).is_some()
    }

    pub(super) const fn plan(&self) -> &'a Plan {
        self.plan
    }

    pub(super) const fn project(&self) -> &Project {
        &self.over.project
    }

    pub(super) fn task(&self, number: TaskNumber) -> Option<&Task> {
        if self.gone.contains(&number) {
            return None;
        }
        self.over.task(number).or_else(|| self.plan.task(number))
    }

    pub(super) fn parent(&self, number: TaskNumber) -> Option<TaskNumber> {
        self.task(number)?.place.parent
    }

    /// The children of a task, in no particular order.
    pub(super) fn children(&self, parent: TaskNumber) -> impl Iterator<Item = TaskNumber> + '_ {
        let kept = self.plan.children(Some(parent)).map(|task| task.number).filter(|number| !self.touches(*number));
        kept.chain(self.over.children(Some(parent)).map(|task| task.number))
    }

    /// The tasks that wait for this one.
    pub(super) fn dependents(&self, number: TaskNumber) -> impl Iterator<Item = TaskNumber> + '_ {
        let kept = self.plan.dependents(number).filter(|dependent| !self.touches(*dependent));
        kept.chain(self.over.dependents(number))
    }

    /// What this one waits for.
    pub(super) fn depends_on(&self, number: TaskNumber) -> impl Iterator<Item = TaskNumber> + '_ {
        self.task(number).into_iter().flat_map(|task| &task.fields.depends_on).copied()
    }

    /// The tasks above this one, nearest first; ends with the task itself where the tree is a circle.
    pub(super) fn ancestors(&self, number: TaskNumber) -> Vec<TaskNumber> {
        let mut above: Vec<TaskNumber> = Vec::new();
        let mut next = self.parent(number).filter(|parent| self.task(*parent).is_some());
        while let Some(parent) = next.filter(|parent| !above.contains(parent)) {
            above.push(parent);
            next = self.parent(parent).filter(|above| parent != number && self.task(*above).is_some());
        }
        above
    }

    /// The task and everything under it, each with its depth below the first.
    pub(super) fn subtree(&self, number: TaskNumber) -> Vec<(usize, TaskNumber)> {
        let (mut found, mut seen, mut open) = (Vec::new(), BTreeSet::from([number]), vec![(0, number)]);
        while let Some((depth, task)) = open.pop() {
            found.push((depth, task));
            open.extend(self.children(task).filter(|child| seen.insert(*child)).map(|child| (depth + 1, child)));
        }
        found
    }

    /// The sibling just before this place.
    pub(super) fn sibling_before(
        &self,
        parent: Option<TaskNumber>,
        rank: &Rank,
        number: TaskNumber,
    ) -> Option<TaskNumber> {
        let kept = self.plan.children_before(parent, rank, number).find(|task| !self.touches(task.number));
        let laid = self.over.children_before(parent, rank, number).find(|task| task.number != number);
        kept.into_iter().chain(laid).max_by_key(|task| (&task.place.rank, task.number)).map(|task| task.number)
    }

    /// Whether the project itself would read differently.
    pub(super) fn changes_project(&self) -> bool {
        self.over.project != self.plan.project
    }

    /// The tasks that would read or stand differently, as they would be; `None` where they would be gone.
    pub(super) fn changes(&self) -> impl Iterator<Item = (TaskNumber, Option<&Task>)> {
        let gone = self.gone.iter().filter(|number| self.plan.task(**number).is_some()).map(|number| (*number, None));
        let other = self.over.tasks().filter(|task| {
            self.plan.task(task.number).is_none_or(|old| old.place != task.place || old.fields != task.fields)
        });
        gone.chain(other.map(|task| (task.number, Some(task))))
    }
}
