//! What a patch may do to a plan: every rule, and every problem at once.
//!
//! The steps are done one after the other on an overlay: what a step speaks of must be there by then.
//! Circles, depth and dependencies are judged by where the whole patch leads, so that the order of
//! steps which only make sense together does not matter.

mod fields;
mod problem;
mod shape;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

pub use fields::is_web_address;
pub(super) use problem::cut;
pub use problem::{Circle, Fault, Flaw, Limit, Problem};

use super::{
    overlay::Overlay,
    patch::{MAX_CHILDREN, MAX_OPERATIONS, MAX_ROOTS, Mode, Operation},
    plan::Plan,
    task::{Place, TaskNumber},
};

/// Checks `operations` against `plan`: everything that is wrong with them, in the order of the steps,
/// then what is wrong with the patch as a whole.
///
/// Costs by what the operations touch, by what lies under a task that moves, and by what a new
/// dependency leads to; not by the size of the plan.
pub fn validate(plan: &Plan, mode: Mode, operations: &[&Operation]) -> Result<(), Vec<Problem>> {
    let (_, problems) = check(plan, mode, operations);
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// The plan with the operations laid over it, and what is wrong with them.
pub(super) fn check<'a>(plan: &'a Plan, mode: Mode, operations: &[&Operation]) -> (Overlay<'a>, Vec<Problem>) {
    let mut check = Check::new(plan, operations);
    for (step, operation) in operations.iter().enumerate() {
        check.step(step, operation);
    }
    shape::check(&check.overlay, &check.steps, &mut check.problems);
    check.limits(mode, operations);
    if check.problems.is_empty() && check.overlay.changes().next().is_none() && !check.overlay.changes_project() {
        check.problems.push(Problem { step: None, flaw: Flaw::Empty });
    }
    check.problems.sort_by_key(|problem| problem.step.unwrap_or(usize::MAX));
    (check.overlay, check.problems)
}

/// Which step decides what in the end.
#[derive(Default)]
struct LastSteps {
    /// The last step that gives a task its place.
    places: BTreeMap<TaskNumber, usize>,
    /// The last step that says what a task waits for.
    waits: BTreeMap<TaskNumber, usize>,
    /// The step that deletes a task.
    deletes: BTreeMap<TaskNumber, usize>,
}

struct Check<'a> {
    plan: &'a Plan,
    overlay: Overlay<'a>,
    /// The tasks that some step deletes.
    deleted: BTreeSet<TaskNumber>,
    steps: LastSteps,
    problems: Vec<Problem>,
}

impl<'a> Check<'a> {
    fn new(plan: &'a Plan, operations: &[&Operation]) -> Self {
        let deleted = operations.iter().filter_map(|operation| match operation {
            Operation::DeleteTask { number } => Some(*number),
            _ => None,
        });
        Self {
            plan,
            overlay: Overlay::new(plan),
            deleted: deleted.collect(),
            steps: LastSteps::default(),
            problems: Vec::new(),
        }
    }

    fn report(&mut self, step: usize, flaw: Flaw) {
        self.problems.push(Problem { step: Some(step), flaw });
    }

    fn step(&mut self, step: usize, operation: &Operation) {
        match operation {
            Operation::CreateTask { number, place, fields } => {
                self.whole_fields(step, *number, fields);
                if !self.may_create(step, *number) {
                    return;
                }
                self.place(step, *number, place);
                self.steps.waits.insert(*number, step);
            }
            Operation::UpdateTask { number, changes } => {
                self.task_changes(step, *number, changes);
                if !self.is_there(step, *number) {
                    return;
                }
                if !changes.depends_on.is_keep() {
                    self.steps.waits.insert(*number, step);
                }
            }
            Operation::MoveTask { number, to } => {
                if !self.is_there(step, *number) {
                    return;
                }
                self.place(step, *number, to);
            }
            Operation::DeleteTask { number } => {
                if !self.may_delete(step, *number) {
                    return;
                }
                self.steps.deletes.insert(*number, step);
            }
            Operation::UpdateProject { changes } => self.project_changes(step, changes),
        }
        self.overlay.step(operation);
    }

    fn may_create(&mut self, step: usize, number: TaskNumber) -> bool {
        let taken = self.plan.task(number).is_some() || self.overlay.task(number).is_some();
        if number.0 == 0 {
            self.report(step, Flaw::ZeroNumber);
        } else if taken {
            self.report(step, Flaw::NumberTaken { number });
        } else if self.deleted.contains(&number) {
            self.report(step, Flaw::AlsoDeleted { number });
        }
        number.0 > 0 && !taken
    }

    /// Whether the task that a step changes is there.
    fn is_there(&mut self, step: usize, number: TaskNumber) -> bool {
        let there = self.overlay.task(number).is_some();
        if self.deleted.contains(&number) {
            self.report(step, Flaw::AlsoDeleted { number });
        } else if !there {
            self.report(step, Flaw::NoTask { number });
        }
        there
    }

    fn place(&mut self, step: usize, number: TaskNumber, place: &Place) {
        self.steps.places.insert(number, step);
        match place.parent {
            Some(parent) if parent == number => self.report(step, Flaw::Circle(Circle::UnderItself { number })),
            Some(parent) if self.overlay.task(parent).is_none() => {
                self.report(step, Flaw::NoParent { number, parent });
            }
            _ => {}
        }
    }

    fn may_delete(&mut self, step: usize, number: TaskNumber) -> bool {
        if self.overlay.task(number).is_none() {
            let twice = self.steps.deletes.contains_key(&number);
            self.report(step, if twice { Flaw::AlsoDeleted { number } } else { Flaw::NoTask { number } });
            return false;
        }
        let children: Vec<_> = self.overlay.children(number).collect();
        if !children.is_empty() {
            self.report(step, Flaw::StillHasChildren { number, children });
        }
        true
    }

    fn limits(&mut self, mode: Mode, operations: &[&Operation]) {
        let problem = |flaw| Problem { step: None, flaw };
        if operations.len() > MAX_OPERATIONS {
            self.problems.push(problem(Flaw::TooMany { what: Limit::Operations, count: operations.len() }));
        }
        let mut created = Vec::new();
        for (step, operation) in operations.iter().enumerate() {
            if let Operation::CreateTask { number, place, .. } = operation {
                created.push((step, *number, place.parent));
            }
        }
        match mode {
            Mode::Edit => {}
            Mode::Project => {
                let count = created.iter().filter(|(.., parent)| parent.is_none()).count();
                if count > MAX_ROOTS {
                    self.problems.push(problem(Flaw::TooMany { what: Limit::Roots, count }));
                }
            }
            Mode::Task { number: under } => {
                let count = created.iter().filter(|(.., parent)| *parent == Some(under)).count();
                if count > MAX_CHILDREN {
                    self.problems.push(problem(Flaw::TooMany { what: Limit::Children(under), count }));
                }
                for (step, number, _) in created {
                    if !self.overlay.ancestors(number).contains(&under) {
                        self.report(step, Flaw::Outside { number, under });
                    }
                }
            }
        }
    }
}
