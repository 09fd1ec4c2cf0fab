//! Which part of a plan the rules look at to judge operations.

use std::collections::BTreeSet;

use crate::domain::{
    patch::{Change, Operation},
    task::TaskNumber,
};

/// Where the search for that part starts. The database follows the tree and the dependencies from there.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Reach {
    /// Tasks that are touched or named; needed with their ancestors and with what they wait for.
    pub(super) named: BTreeSet<TaskNumber>,
    /// Roots of what moves or goes; needed with everything under them.
    pub(super) subtrees: BTreeSet<TaskNumber>,
    /// Tasks that get a new dependency or a new parent, and those dependencies and parents: a cycle could
    /// close through anything that these wait for, themselves or through an ancestor.
    pub(super) walks: BTreeSet<TaskNumber>,
    /// Tasks that go; needed with whatever waits for them.
    pub(super) gone: BTreeSet<TaskNumber>,
}

impl Reach {
    pub(super) fn of(operations: &[&Operation]) -> Self {
        let mut reach = Self::default();
        for operation in operations {
            reach.named.extend(operation.task());
            match operation {
                Operation::CreateTask { number, place, fields } => {
                    reach.walk(*number, place.parent.iter().chain(&fields.depends_on));
                }
                Operation::UpdateTask { number, changes } => {
                    if let Change::Set(firsts) = &changes.depends_on {
                        reach.walk(*number, firsts);
                    }
                }
                Operation::MoveTask { number, to } => {
                    reach.subtrees.insert(*number);
                    reach.walk(*number, &to.parent);
                }
                Operation::DeleteTask { number } => {
                    reach.subtrees.insert(*number);
                    reach.gone.insert(*number);
                }
                Operation::UpdateProject { .. } => {}
            }
        }
        reach
    }

    fn walk<'a>(&mut self, from: TaskNumber, to: impl IntoIterator<Item = &'a TaskNumber>) {
        self.walks.insert(from);
        for number in to {
            self.walks.insert(*number);
            self.named.insert(*number);
        }
    }
}
