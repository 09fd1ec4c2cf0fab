//! A plan: a project with its task tree, at a revision.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    project::Project,
    task::{Rank, Status, Task, TaskCode, TaskNumber},
};

/// A project with its tasks, indexed so that every question about one task costs by its
/// neighbourhood and not by the size of the plan.
///
/// The store may load only the part of a plan that a patch can reach (the touched tasks, their
/// ancestors, what lies under deleted and moved ones, and what they wait for); the rules work on
/// such a part just as on the whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The project itself.
    pub project: Project,
    tasks: BTreeMap<TaskNumber, Task>,
    children: BTreeMap<Option<TaskNumber>, BTreeSet<(Rank, TaskNumber)>>,
    dependents: BTreeMap<TaskNumber, BTreeSet<TaskNumber>>,
}

impl Plan {
    /// A plan of these tasks.
    pub fn new(project: Project, tasks: impl IntoIterator<Item = Task>) -> Self {
        let mut plan = Self { project, tasks: BTreeMap::new(), children: BTreeMap::new(), dependents: BTreeMap::new() };
        for task in tasks {
            plan.put(task);
        }
        plan
    }

    /// How many tasks it has.
    pub fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Whether it has no task.
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// The task of this number.
    pub fn task(&self, number: TaskNumber) -> Option<&Task> {
        self.tasks.get(&number)
    }

    /// Every task, by number.
    pub fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.tasks.values()
    }

    /// The children of a task, or the top-level tasks for `None`, in their order.
    pub fn children(&self, parent: Option<TaskNumber>) -> impl DoubleEndedIterator<Item = &Task> {
        self.children.get(&parent).into_iter().flatten().filter_map(|(_, number)| self.tasks.get(number))
    }

    /// The tasks that wait for this one.
    pub fn dependents(&self, number: TaskNumber) -> impl Iterator<Item = TaskNumber> + '_ {
        self.dependents.get(&number).into_iter().flatten().copied()
    }

    /// The tasks above this one, nearest first. Ends early at a task that is not there.
    pub fn ancestors(&self, number: TaskNumber) -> impl Iterator<Item = &Task> {
        let mut next = self.task(number).and_then(|task| task.place.parent);
        std::iter::from_fn(move || {
            let task = self.task(next?)?;
            next = task.place.parent;
            Some(task)
        })
    }

    /// How many tasks stand above this one.
    pub fn depth(&self, number: TaskNumber) -> usize {
        self.ancestors(number).count()
    }

    /// The task and everything under it, parents before children, each with its depth below the first.
    pub fn subtree(&self, number: TaskNumber) -> Vec<(usize, &Task)> {
        let mut found = Vec::new();
        let mut open: Vec<_> = self.task(number).map(|task| (0, task)).into_iter().collect();
        while let Some((depth, task)) = open.pop() {
            found.push((depth, task));
            open.extend(self.children(Some(task.number)).rev().map(|child| (depth + 1, child)));
        }
        found
    }

    /// The whole tree in reading order, each task with its depth.
    pub fn tree(&self) -> Vec<(usize, &Task)> {
        self.children(None).flat_map(|root| self.subtree(root.number)).collect()
    }

    /// The rank of the last child of `parent`, after which a new one goes.
    pub fn last_rank(&self, parent: Option<TaskNumber>) -> Option<&Rank> {
        self.children.get(&parent)?.last().map(|(rank, _)| rank)
    }

    /// The children of `parent` that stand before this place, nearest first.
    pub fn children_before(
        &self,
        parent: Option<TaskNumber>,
        rank: &Rank,
        number: TaskNumber,
    ) -> impl Iterator<Item = &Task> {
        let before = self.children.get(&parent).map(|siblings| siblings.range(..(rank.clone(), number)).rev());
        before.into_iter().flatten().filter_map(|(_, number)| self.tasks.get(number))
    }

    /// The tasks that nothing holds up, in the order of the plan: to do, with no open sub-task, and neither they nor a
    /// task above them wait for another.
    pub fn startable(&self) -> Vec<&Task> {
        let is_free = |task: &Task| self.holders(task).next().is_none();
        let is_held_up_above = |task: &Task| {
            self.ancestors(task.number).any(|above| {
                !is_free(above) || above.fields.status == Status::Blocked || above.fields.status.is_terminal()
            })
        };
        let tree = self.tree().into_iter().map(|(_, task)| task);
        tree.filter(|task| matches!(task.fields.status, Status::Todo | Status::Backlog))
            .filter(|task| is_free(task) && !is_held_up_above(task))
            .filter(|task| self.children(Some(task.number)).all(|child| child.fields.status.is_terminal()))
            .collect()
    }

    /// The tasks by which it is told how far the plan has come: those without sub-tasks, but for cancelled ones. A task
    /// with sub-tasks is as far as they are.
    pub fn leaves(&self) -> impl Iterator<Item = &Task> {
        let counts =
            |task: &&Task| task.fields.status != Status::Cancelled && self.children(Some(task.number)).next().is_none();
        self.tasks().filter(counts)
    }

    /// The tasks that this one waits for and that are not over, by number.
    pub fn holders<'a>(&'a self, task: &'a Task) -> impl Iterator<Item = &'a Task> {
        let firsts = task.fields.depends_on.iter().filter_map(|number| self.task(*number));
        firsts.filter(|first| !first.fields.status.is_terminal())
    }

    /// What people call the task of this number.
    pub fn code(&self, number: TaskNumber) -> TaskCode {
        TaskCode { project: self.project.key.clone(), number }
    }

    /// Adds a task, or replaces the one of its number. Checks nothing: only the rules call it.
    pub(in crate::domain) fn put(&mut self, task: Task) -> Option<Task> {
        let old = self.take(task.number);
        self.children.entry(task.place.parent).or_default().insert((task.place.rank.clone(), task.number));
        for first in &task.fields.depends_on {
            self.dependents.entry(*first).or_default().insert(task.number);
        }
        self.tasks.insert(task.number, task);
        old
    }

    /// Takes a task out. Checks nothing: only the rules call it.
    pub(in crate::domain) fn take(&mut self, number: TaskNumber) -> Option<Task> {
        let task = self.tasks.remove(&number)?;
        remove_from(&mut self.children, &task.place.parent, &(task.place.rank.clone(), number));
        for first in &task.fields.depends_on {
            remove_from(&mut self.dependents, first, &number);
        }
        Some(task)
    }
}

/// Removes `value` from the set at `key`, and the set when it is empty, so that equal plans have equal indexes.
fn remove_from<K: Ord, V: Ord>(index: &mut BTreeMap<K, BTreeSet<V>>, key: &K, value: &V) {
    if let Some(set) = index.get_mut(key) {
        set.remove(value);
        if set.is_empty() {
            index.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixtures::{plan, rank};

    fn numbers<'a>(tasks: impl IntoIterator<Item = &'a Task>) -> Vec<u32> {
        tasks.into_iter().map(|task| task.number.0).collect()
    }

    #[test]
    fn a_tree_reads_from_top_to_bottom() {
        let plan = plan(&[(5, 0, &[]), (2, 5, &[]), (9, 0, &[]), (7, 2, &[]), (1, 5, &[])]);
        let tree: Vec<_> = plan.tree().into_iter().map(|(depth, task)| (depth, task.number.0)).collect();
        assert_eq!(tree, [(0, 5), (1, 2), (2, 7), (1, 1), (0, 9)]);
        assert_eq!(numbers(plan.ancestors(TaskNumber(7))), [2, 5]);
        assert_eq!(plan.depth(TaskNumber(7)), 2);
        assert_eq!(numbers(plan.children_before(Some(TaskNumber(5)), &rank(9), TaskNumber(3))), [1, 2]);
        assert_eq!(plan.last_rank(None), Some(&rank(2)));
    }

    #[test]
    fn siblings_of_one_rank_stand_in_the_order_of_their_numbers() {
        let mut plan = plan(&[(3, 0, &[]), (1, 0, &[])]);
        let mut task = plan.task(TaskNumber(1)).unwrap().clone();
        task.place.rank = rank(0);
        plan.put(task);
        assert_eq!(numbers(plan.children(None)), [1, 3]);
    }

    #[test]
    fn a_task_under_one_that_waits_can_not_be_started() {
        let plan = plan(&[(1, 0, &[]), (2, 0, &[1]), (3, 2, &[])]);
        assert_eq!(numbers(plan.startable()), [1]);
        assert_eq!(numbers(plan.holders(plan.task(TaskNumber(2)).unwrap())), [1]);
    }

    #[test]
    fn indexes_forget_what_was_taken_out() {
        let (whole, empty) = (plan(&[(1, 0, &[]), (2, 1, &[]), (3, 1, &[2])]), plan(&[]));
        let mut shrinking = whole.clone();
        assert_eq!(shrinking.dependents(TaskNumber(2)).collect::<Vec<_>>(), [TaskNumber(3)]);
        for number in [1, 2, 3] {
            assert_eq!(shrinking.take(TaskNumber(number)).as_ref(), whole.task(TaskNumber(number)));
        }
        assert_eq!(shrinking.take(TaskNumber(1)), None);
        assert_eq!(shrinking, empty);
    }
}
