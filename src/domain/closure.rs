//! Partial approval: which other steps the ticked ones need.

mod tangle;

use std::collections::{BTreeMap, BTreeSet};

use super::{
    overlay::Overlay,
    patch::{Change, Operation},
    plan::Plan,
    task::TaskNumber,
};

/// The smallest set of steps that holds the ticked ones and can be applied alone: a child with its new
/// parent, a dependency with the new task it names, a deletion with those of what lies under it and with
/// the changes that stop others from waiting for it.
///
/// Where steps only make sense together (two tasks that trade places in the tree, a dependency that is
/// turned around), they come together. Steps that the patch does not have are ignored.
///
/// If the whole patch validates, so does every closure (size limits aside), unless its steps change nothing.
pub fn closure(plan: &Plan, operations: &[&Operation], ticked: &BTreeSet<usize>) -> BTreeSet<usize> {
    let needs = Needs::new(plan, operations);
    let mut open: Vec<usize> = ticked.iter().copied().filter(|step| *step < operations.len()).collect();
    let mut closed = BTreeSet::new();
    while let Some(step) = open.pop() {
        if closed.insert(step) {
            open.extend(needs.of(step));
        }
    }
    closed
}

/// The steps of a patch by the task they touch and what they say about it.
#[derive(Default)]
struct Steps {
    creates: BTreeMap<TaskNumber, Vec<usize>>,
    moves: BTreeMap<TaskNumber, Vec<usize>>,
    /// Updates that say what a task waits for.
    waits: BTreeMap<TaskNumber, Vec<usize>>,
    deletes: BTreeMap<TaskNumber, Vec<usize>>,
}

impl Steps {
    fn new(operations: &[&Operation]) -> Self {
        let mut steps = Self::default();
        for (step, operation) in operations.iter().enumerate() {
            let (index, number) = match operation {
                Operation::CreateTask { number, .. } => (&mut steps.creates, number),
                Operation::MoveTask { number, .. } => (&mut steps.moves, number),
                Operation::UpdateTask { number, changes } if !changes.depends_on.is_keep() => {
                    (&mut steps.waits, number)
                }
                Operation::DeleteTask { number } => (&mut steps.deletes, number),
                Operation::UpdateTask { .. } | Operation::UpdateProject { .. } => continue,
            };
            index.entry(*number).or_default().push(step);
        }
        steps
    }

    /// The steps that take an existing task away from its place.
    fn leaving(&self, number: TaskNumber) -> impl Iterator<Item = usize> + '_ {
        at(&self.moves, number).chain(at(&self.deletes, number))
    }

    /// The steps that may end what an existing task waits for.
    fn releasing(&self, number: TaskNumber) -> impl Iterator<Item = usize> + '_ {
        at(&self.waits, number).chain(at(&self.deletes, number))
    }
}

fn at(index: &BTreeMap<TaskNumber, Vec<usize>>, number: TaskNumber) -> impl Iterator<Item = usize> + '_ {
    index.get(&number).into_iter().flatten().copied()
}

/// Which steps each step needs directly. It depends on the patch alone and not on what is ticked, so
/// that ticking more never takes a step away.
struct Needs<'a> {
    plan: &'a Plan,
    /// The plan with the whole patch done.
    after: Overlay<'a>,
    steps: Steps,
    edges: BTreeMap<usize, BTreeSet<usize>>,
}

impl<'a> Needs<'a> {
    fn new(plan: &'a Plan, operations: &[&Operation]) -> Self {
        let mut needs =
            Self { plan, after: Overlay::of(plan, operations), steps: Steps::new(operations), edges: BTreeMap::new() };
        for (step, operation) in operations.iter().enumerate() {
            let direct = needs.direct(operation);
            needs.add([step], direct);
        }
        needs.tangles();
        needs
    }

    fn of(&self, step: usize) -> impl Iterator<Item = usize> + '_ {
        self.edges.get(&step).into_iter().flatten().copied()
    }

    fn add(&mut self, from: impl IntoIterator<Item = usize>, to: impl IntoIterator<Item = usize>) {
        let to: BTreeSet<usize> = to.into_iter().collect();
        for step in from {
            self.edges.entry(step).or_default().extend(to.iter().copied());
        }
    }

    /// What a step needs whatever the rest of the plan looks like.
    fn direct(&self, operation: &Operation) -> BTreeSet<usize> {
        let steps = &self.steps;
        let mut needs = BTreeSet::new();
        needs.extend(operation.task().into_iter().flat_map(|number| at(&steps.creates, number)));
        match operation {
            Operation::CreateTask { number, place, fields } => {
                needs.extend(place.parent.into_iter().flat_map(|parent| at(&steps.creates, parent)));
                needs.extend(fields.depends_on.iter().flat_map(|first| at(&steps.creates, *first)));
                needs.extend(at(&steps.moves, *number).chain(at(&steps.waits, *number)));
            }
            Operation::UpdateTask { number, changes } if !changes.depends_on.is_keep() => {
                needs.extend(at(&steps.waits, *number));
                if let Change::Set(firsts) = &changes.depends_on {
                    needs.extend(firsts.iter().flat_map(|first| at(&steps.creates, *first)));
                }
            }
            Operation::MoveTask { number, to } => {
                needs.extend(at(&steps.moves, *number));
                needs.extend(to.parent.into_iter().flat_map(|parent| at(&steps.creates, parent)));
            }
            Operation::DeleteTask { number } => {
                let children = self.plan.children(Some(*number));
                needs.extend(children.flat_map(|child| steps.leaving(child.number)));
                needs.extend(self.plan.dependents(*number).flat_map(|dependent| steps.releasing(dependent)));
            }
            Operation::UpdateTask { .. } | Operation::UpdateProject { .. } => {}
        }
        needs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixtures::{create, delete, plan, rename, shift, wait};

    fn closed(plan: &Plan, operations: &[Operation], ticked: usize) -> Vec<usize> {
        let operations: Vec<&Operation> = operations.iter().collect();
        closure(plan, &operations, &BTreeSet::from([ticked])).into_iter().collect()
    }

    #[test]
    fn a_step_brings_what_it_needs_and_no_more() {
        let plan = plan(&[(1, 0, &[]), (2, 1, &[]), (3, 2, &[]), (4, 0, &[3]), (5, 0, &[])]);
        let parents =
            [create(8, 0, &[]), create(9, 8, &[]), create(10, 9, &[]), rename(9, "Named"), create(11, 8, &[9])];
        for (ticked, expected) in
            [(0, vec![0]), (1, vec![0, 1]), (2, vec![0, 1, 2]), (3, vec![0, 1, 3]), (4, vec![0, 1, 4])]
        {
            assert_eq!(closed(&plan, &parents, ticked), expected, "{ticked}");
        }
        let removal = [wait(4, &[5]), rename(5, "Aside"), delete(3), shift(2, 5), delete(1)];
        for (ticked, expected) in [(0, vec![0]), (1, vec![1]), (2, vec![0, 2]), (3, vec![3]), (4, vec![3, 4])] {
            assert_eq!(closed(&plan, &removal, ticked), expected, "{ticked}");
        }
        assert_eq!(closed(&plan, &removal, 99), Vec::<usize>::new());
    }

    #[test]
    fn steps_that_only_make_sense_together_come_together() {
        let chain = plan(&[
            (1, 0, &[]),
            (2, 1, &[]),
            (3, 2, &[]),
            (4, 3, &[]),
            (5, 4, &[]),
            (6, 5, &[]),
            (7, 0, &[8]),
            (8, 0, &[]),
        ]);
        // Two tasks trade places: the lower one may rise alone, the upper one can't sink alone.
        assert_eq!(closed(&chain, &[shift(2, 0), shift(1, 2)], 0), [0]);
        assert_eq!(closed(&chain, &[shift(2, 0), shift(1, 2)], 1), [0, 1]);
        // A dependency is turned around.
        assert_eq!(closed(&chain, &[wait(7, &[]), wait(8, &[7])], 1), [0, 1]);
        assert_eq!(closed(&chain, &[wait(7, &[]), wait(8, &[7])], 0), [0]);
        // There is room under the last task only once the chain is cut.
        assert_eq!(closed(&chain, &[shift(5, 0), create(9, 6, &[])], 1), [0, 1]);
        // A task may wait for what it was a part of.
        assert_eq!(closed(&chain, &[shift(2, 0), wait(2, &[1])], 0), [0]);
        assert_eq!(closed(&chain, &[shift(2, 0), wait(2, &[1])], 1), [0, 1]);
        // A task may stand under what it waited for.
        assert_eq!(closed(&chain, &[wait(7, &[]), shift(7, 8)], 1), [0, 1]);
    }
}
