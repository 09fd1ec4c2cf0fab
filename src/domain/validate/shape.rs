//! What the tree and the dependencies may be when the whole patch is done.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{Circle, Flaw, LastSteps, Problem};
use crate::domain::{overlay::Overlay, patch::MAX_DEPTH, task::TaskNumber};

/// Finds circles, tasks that stand too deep, and dependencies on what is not there.
pub(super) fn check(overlay: &Overlay<'_>, steps: &LastSteps, problems: &mut Vec<Problem>) {
    let mut shape = Shape { overlay, steps, problems, related: BTreeSet::new() };
    shape.tree();
    shape.dependencies();
    shape.dependents_of_deleted();
}

struct Shape<'s, 'a> {
    overlay: &'s Overlay<'a>,
    steps: &'s LastSteps,
    problems: &'s mut Vec<Problem>,
    /// Dependencies between a task and what it stands under that were reported already.
    related: BTreeSet<(TaskNumber, TaskNumber)>,
}

impl Shape<'_, '_> {
    fn report(&mut self, step: usize, flaw: Flaw) {
        self.problems.push(Problem { step: Some(step), flaw });
    }

    fn tree(&mut self) {
        let mut circles = BTreeSet::new();
        for (&number, &step) in &self.steps.places {
            let before = self.overlay.plan().task(number).map(|task| task.place.parent);
            if self.overlay.task(number).is_none() || before == Some(self.overlay.parent(number)) {
                continue;
            }
            let above = self.overlay.ancestors(number);
            if above.contains(&number) {
                if above.len() > 1 && !circles.contains(&number) {
                    circles.extend(above.iter().copied());
                    let path = std::iter::once(number).chain(above).collect();
                    self.report(step, Flaw::Circle(Circle::Tree { path }));
                }
                continue;
            }
            let below = self.overlay.subtree(number);
            let height = below.iter().map(|(depth, _)| *depth).max().unwrap_or(0);
            let depth = above.len() + if before.is_some() { height } else { 0 };
            if depth > MAX_DEPTH {
                self.report(step, Flaw::TooDeep { number, depth });
            }
            for (_, task) in below {
                let waits: Vec<_> = self.overlay.depends_on(task).map(|first| (task, first)).collect();
                let awaited: Vec<_> = self.overlay.dependents(task).map(|dependent| (dependent, task)).collect();
                for (number, first) in waits.into_iter().chain(awaited) {
                    self.relation(step, number, first);
                }
            }
        }
    }

    /// A task that waits for its own parent, or for a task under it, would wait for itself.
    fn relation(&mut self, step: usize, number: TaskNumber, first: TaskNumber) {
        let inside = self.overlay.ancestors(number).contains(&first);
        let around = self.overlay.ancestors(first).contains(&number);
        if number != first && (inside || around) && self.related.insert((number, first)) {
            self.report(step, Flaw::Circle(Circle::WaitsForKin { number, first, inside }));
        }
    }

    fn dependencies(&mut self) {
        let mut circles = BTreeSet::new();
        for (&number, &step) in &self.steps.waits {
            let before = self.overlay.plan().task(number).map(|task| &task.fields.depends_on);
            let waits: Vec<_> = self.overlay.depends_on(number).collect();
            for &first in &waits {
                if first == number {
                    self.report(step, Flaw::Circle(Circle::WaitsForItself { number }));
                } else if self.overlay.task(first).is_some() {
                    self.relation(step, number, first);
                } else if self.steps.deletes.contains_key(&first) {
                    self.report(step, Flaw::WaitsForDeleted { number, first });
                } else {
                    self.report(step, Flaw::NoDependency { number, first });
                }
            }
            let gains = waits.iter().any(|first| before.is_none_or(|before| !before.contains(first)));
            if gains
                && !circles.contains(&number)
                && let Some(path) = self.circle(number)
            {
                circles.extend(path.iter().copied());
                self.report(step, Flaw::Circle(Circle::Waits { path }));
            }
        }
    }

    /// The shortest way from a task through what it waits for back to itself.
    fn circle(&self, start: TaskNumber) -> Option<Vec<TaskNumber>> {
        let mut came_from = BTreeMap::new();
        let mut open = VecDeque::from([start]);
        while let Some(number) = open.pop_front() {
            for first in self.overlay.depends_on(number).filter(|first| *first != number) {
                if first == start {
                    let mut path = vec![start, number];
                    while let Some(previous) = path.last().and_then(|last| came_from.get(last)) {
                        path.push(*previous);
                    }
                    path.reverse();
                    return Some(path);
                }
                came_from.entry(first).or_insert_with(|| {
                    open.push_back(first);
                    number
                });
            }
        }
        None
    }

    fn dependents_of_deleted(&mut self) {
        for (&number, &step) in &self.steps.deletes {
            let told = |dependent: &TaskNumber| !self.steps.waits.contains_key(dependent);
            let dependents: Vec<_> = self.overlay.dependents(number).filter(told).collect();
            if !dependents.is_empty() {
                self.report(step, Flaw::StillAwaited { number, dependents });
            }
        }
    }
}
