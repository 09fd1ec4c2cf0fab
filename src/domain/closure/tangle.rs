//! Steps that only make sense together, because the plan with some of them and not the others could
//! hold a circle or stand too deep.
//!
//! With a part of the patch applied, each task stands either where it stands now or where the whole
//! patch puts it, and waits for what it waits for now or then. The union of both readings holds every
//! such mixture: only where the union itself is unsound must steps come together.

use std::collections::BTreeSet;

use super::{Needs, at};
use crate::domain::{patch::MAX_DEPTH, task::TaskNumber};

impl Needs<'_> {
    /// Ties together what only makes sense together.
    pub(super) fn tangles(&mut self) {
        let placed: BTreeSet<_> = self.steps.creates.keys().chain(self.steps.moves.keys()).copied().collect();
        let waiting: BTreeSet<_> = self.steps.creates.keys().chain(self.steps.waits.keys()).copied().collect();
        let mut pairs = BTreeSet::new();
        for &number in &placed {
            self.tie_places(number);
            for task in self.below(number) {
                pairs.extend(self.waits(task).into_iter().map(|first| (task, first)));
                pairs.extend(self.awaited(task).into_iter().map(|dependent| (dependent, task)));
            }
        }
        for &number in &waiting {
            self.tie_waits(number);
            pairs.extend(self.waits(number).into_iter().map(|first| (number, first)));
        }
        for (number, first) in pairs {
            self.tie_kin(number, first);
        }
    }

    /// A new place that could make the tree a circle or too deep needs the moves above and below it.
    fn tie_places(&mut self, number: TaskNumber) {
        let Some(parent) = self.new_parent(number) else { return };
        let above = 1 + longest(parent, MAX_DEPTH, &|task| self.parents(task));
        let below = longest(number, MAX_DEPTH, &|task| self.children(task));
        if above + below <= MAX_DEPTH {
            return;
        }
        let around = self.above(number).into_iter().chain(self.below(number));
        let others: Vec<usize> = around.flat_map(|task| self.steps.leaving(task).collect::<Vec<_>>()).collect();
        self.add(self.placing(number), others);
    }

    /// A new dependency that could close a circle needs the changes along it.
    fn tie_waits(&mut self, number: TaskNumber) {
        let mut firsts: BTreeSet<TaskNumber> =
            self.after.depends_on(number).filter(|first| !self.waits_now(number, *first)).collect();
        for first in firsts.clone() {
            firsts.extend(reach(first, &|task| self.waits(task)));
        }
        if !firsts.contains(&number) {
            return;
        }
        let back = reach(number, &|task| self.awaited(task));
        let others: Vec<usize> =
            firsts.intersection(&back).flat_map(|task| self.steps.releasing(*task).collect::<Vec<_>>()).collect();
        self.add(self.wiring(number), others);
    }

    /// Between tasks that could stand under each other, a new dependency needs the moves that part
    /// them, and a move that brings them together needs the end of an old dependency.
    fn tie_kin(&mut self, number: TaskNumber, first: TaskNumber) {
        let (over_number, over_first) = (self.above(number), self.above(first));
        if !over_number.contains(&first) && !over_first.contains(&number) {
            return;
        }
        let line: BTreeSet<TaskNumber> = over_number.into_iter().chain(over_first).chain([number, first]).collect();
        let parting: Vec<usize> = line.iter().flat_map(|task| self.steps.leaving(*task).collect::<Vec<_>>()).collect();
        let now = self.waits_now(number, first);
        if !now {
            self.add(self.wiring(number), parting);
            return;
        }
        let joining: Vec<usize> =
            line.iter().filter(|task| self.new_parent(**task).is_some()).flat_map(|task| self.placing(*task)).collect();
        let ends = !self.after.depends_on(number).any(|then| then == first);
        let needed = if ends { self.steps.releasing(number).collect() } else { parting };
        self.add(joining, needed);
    }

    /// The task that another comes to stand under, where it does not stand there now.
    fn new_parent(&self, number: TaskNumber) -> Option<TaskNumber> {
        let now = self.plan.task(number).and_then(|task| task.place.parent);
        self.after.parent(number).filter(|then| Some(*then) != now)
    }

    fn waits_now(&self, number: TaskNumber, first: TaskNumber) -> bool {
        self.plan.task(number).is_some_and(|task| task.fields.depends_on.contains(&first))
    }

    /// The steps that may bring a task to a new place.
    fn placing(&self, number: TaskNumber) -> Vec<usize> {
        at(&self.steps.creates, number).chain(at(&self.steps.moves, number)).collect()
    }

    /// The steps that may make a task wait for another.
    fn wiring(&self, number: TaskNumber) -> Vec<usize> {
        at(&self.steps.creates, number).chain(at(&self.steps.waits, number)).collect()
    }

    fn parents(&self, number: TaskNumber) -> Vec<TaskNumber> {
        let now = self.plan.task(number).and_then(|task| task.place.parent);
        now.into_iter().chain(self.new_parent(number)).collect()
    }

    fn children(&self, number: TaskNumber) -> Vec<TaskNumber> {
        let now: BTreeSet<_> = self.plan.children(Some(number)).map(|task| task.number).collect();
        now.into_iter().chain(self.after.children(number)).collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn waits(&self, number: TaskNumber) -> Vec<TaskNumber> {
        let now = self.plan.task(number).into_iter().flat_map(|task| &task.fields.depends_on).copied();
        now.chain(self.after.depends_on(number)).collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn awaited(&self, number: TaskNumber) -> Vec<TaskNumber> {
        let now = self.plan.dependents(number);
        now.chain(self.after.dependents(number)).collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn above(&self, number: TaskNumber) -> BTreeSet<TaskNumber> {
        reach(number, &|task| self.parents(task))
    }

    /// The task and everything under it, now or then.
    fn below(&self, number: TaskNumber) -> BTreeSet<TaskNumber> {
        let mut below = reach(number, &|task| self.children(task));
        below.insert(number);
        below
    }
}

/// Everything that is reached from `start`; itself only where a way leads back.
fn reach(start: TaskNumber, next: &dyn Fn(TaskNumber) -> Vec<TaskNumber>) -> BTreeSet<TaskNumber> {
    let (mut found, mut open) = (BTreeSet::new(), next(start));
    while let Some(number) = open.pop() {
        if found.insert(number) {
            open.extend(next(number));
        }
    }
    found
}

/// How many steps the longest way from `start` has, counted no further than `limit`.
fn longest(start: TaskNumber, limit: usize, next: &dyn Fn(TaskNumber) -> Vec<TaskNumber>) -> usize {
    if limit == 0 {
        return 0;
    }
    next(start).into_iter().map(|number| 1 + longest(number, limit - 1, next)).max().unwrap_or(0)
}
