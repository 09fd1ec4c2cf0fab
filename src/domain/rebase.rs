//! Targeted staleness: whether a patch still means what its card says, and what is left of it if not.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    diff::{self, FieldChange, Value},
    ids::MemberId,
    patch::{Before, Mode, Operation},
    plan::Plan,
    project::ProjectKey,
    task::{Task, TaskNumber},
    validate::{Flaw, Problem, check, cut},
};

/// Something that happened to the plan since a patch was made, and that a person should see before
/// the patch is applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moved {
    /// A task that the patch touches reads or stands differently.
    Changed {
        /// The task.
        number: TaskNumber,
        /// Its title when the patch was made.
        title: String,
        /// What changed; never empty.
        fields: Vec<FieldChange>,
    },
    /// A task that the patch moves has got another place among the same siblings.
    Reordered {
        /// The task.
        number: TaskNumber,
        /// Its title when the patch was made.
        title: String,
    },
    /// A task that the patch touches is no longer there.
    Gone {
        /// The task.
        number: TaskNumber,
        /// Its title when the patch was made.
        title: String,
    },
    /// The project's own fields, which the patch changes, read differently.
    Project {
        /// What changed; never empty.
        fields: Vec<FieldChange>,
    },
    /// The patch no longer fits: a new task's parent is gone, something new stands under a deleted task …
    Unfit(Problem),
}

impl Moved {
    /// What happened, in a sentence.
    pub fn words(&self, key: &ProjectKey, name_of: &dyn Fn(MemberId) -> String) -> String {
        match self {
            Self::Changed { number, title, fields } => {
                format!("{key}-{number} \"{}\" has changed: {}.", cut(title), listed(fields, key, name_of))
            }
            Self::Project { fields } => format!("{key} itself has changed: {}.", listed(fields, key, name_of)),
            Self::Reordered { number, title } => {
                format!("{key}-{number} \"{}\" has been moved among its siblings.", cut(title))
            }
            Self::Gone { number, title } => format!("{key}-{number} \"{}\" is no longer there.", cut(title)),
            Self::Unfit(problem) => problem.words(key),
        }
    }
}

fn listed(fields: &[FieldChange], key: &ProjectKey, name_of: &dyn Fn(MemberId) -> String) -> String {
    fields.iter().map(|field| field.words(key, name_of)).collect::<Vec<_>>().join(" · ")
}

/// What of the plan `operations` touch, as it is now: what staleness is judged by later.
pub fn snapshot(plan: &Plan, operations: &[&Operation]) -> Before {
    let touched = operations.iter().filter_map(|operation| plan.task(operation.task()?));
    Before {
        tasks: touched.map(|task| (task.number, task.clone())).collect(),
        project: changes_project(operations).then(|| plan.project.clone()),
    }
}

fn changes_project(operations: &[&Operation]) -> bool {
    operations.iter().any(|operation| operation.task().is_none())
}

/// What keeps `operations`, made when what they touch was as in `before`, from being applied to
/// `plan` without asking anybody. Nothing: they apply, and mean what they meant.
///
/// A task counts as changed only where its content differs, so a change that was taken back since is
/// none; its order among the same siblings only where the patch moves it.
pub fn staleness(plan: &Plan, before: &Before, operations: &[&Operation]) -> Vec<Moved> {
    let moves: BTreeSet<TaskNumber> = operations.iter().filter_map(|operation| moved(operation)).collect();
    let touched: BTreeSet<TaskNumber> = operations.iter().filter_map(|operation| operation.task()).collect();
    let old = before.tasks.values().filter(|old| touched.contains(&old.number));
    let mut news: Vec<Moved> = old.filter_map(|old| compare(plan, old, moves.contains(&old.number))).collect();
    if let Some(old) = before.project.as_ref().filter(|_| changes_project(operations)) {
        let fields = diff::project_changes(old, &plan.project);
        news.extend((!fields.is_empty()).then_some(Moved::Project { fields }));
    }
    let (_, problems) = check(plan, Mode::Edit, operations);
    let told = |problem: &Problem| match problem.flaw {
        Flaw::NoTask { number } => before.tasks.contains_key(&number),
        _ => false,
    };
    news.extend(problems.into_iter().filter(|problem| !told(problem)).map(Moved::Unfit));
    news
}

fn moved(operation: &Operation) -> Option<TaskNumber> {
    match operation {
        Operation::MoveTask { number, .. } => Some(*number),
        _ => None,
    }
}

fn compare(plan: &Plan, old: &Task, moves: bool) -> Option<Moved> {
    let (number, title) = (old.number, old.fields.title.clone());
    let Some(now) = plan.task(number) else { return Some(Moved::Gone { number, title }) };
    if now.version == old.version {
        return None;
    }
    let mut fields = diff::field_changes(&old.fields, &now.fields);
    if old.place.parent != now.place.parent {
        fields.push(FieldChange { field: "under", before: parent(old), after: parent(now) });
    }
    if !fields.is_empty() {
        return Some(Moved::Changed { number, title, fields });
    }
    (moves && old.place != now.place).then_some(Moved::Reordered { number, title })
}

fn parent(task: &Task) -> Value {
    task.place.parent.map_or(Value::Nothing, |parent| Value::Tasks(BTreeSet::from([parent])))
}

/// What is left of a patch that was brought up to date.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rebased {
    /// The steps that still make sense, by their old numbers, in order. They validate against the plan
    /// as it is now, unless there are none.
    pub kept: Vec<usize>,
    /// What they touch, as it is now: the new `before`.
    pub before: Before,
    /// The steps that were dropped, by their old numbers, in order, each with a reason.
    pub dropped: Vec<(usize, Problem)>,
}

/// Brings a stale patch up to date: keeps the steps that still make sense against the plan as it is
/// now, and says why the others do not.
pub fn rebase(plan: &Plan, operations: &[&Operation]) -> Rebased {
    let mut kept: Vec<usize> = (0..operations.len()).collect();
    let mut dropped = BTreeMap::new();
    loop {
        let current: Vec<&Operation> = kept.iter().filter_map(|step| operations.get(*step).copied()).collect();
        let mut faults = faults(plan, &current);
        if kept.is_empty() || faults.is_empty() {
            let before = snapshot(plan, &current);
            return Rebased { kept, before, dropped: dropped.into_iter().collect() };
        }
        let mut place = 0..;
        kept.retain(|step| {
            let fault = place.next().and_then(|place| faults.remove(&place));
            fault.map(|flaw| dropped.insert(*step, Problem { step: Some(*step), flaw })).is_none()
        });
    }
}

/// The steps that do not make sense, each with its first flaw. Where none is to blame alone, all are.
fn faults(plan: &Plan, operations: &[&Operation]) -> BTreeMap<usize, Flaw> {
    let mut faults = BTreeMap::new();
    let (_, problems) = check(plan, Mode::Edit, operations);
    for problem in &problems {
        if let Some(step) = problem.step {
            faults.entry(step).or_insert_with(|| problem.flaw.clone());
        }
    }
    if let (true, Some(problem)) = (faults.is_empty(), problems.first()) {
        return (0..operations.len()).map(|step| (step, problem.flaw.clone())).collect();
    }
    if faults.is_empty() {
        let seen = diff::diff(plan, operations.iter().copied());
        let effective: BTreeSet<usize> = seen.entries.iter().map(|entry| entry.step).collect();
        let idle = operations.iter().enumerate().filter(|(step, _)| !effective.contains(step));
        faults.extend(idle.map(|(step, operation)| (step, Flaw::AlreadySo { task: operation.task() })));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        apply::apply,
        fixtures::{create, delete, plan, rename, shift, wait},
        patch::{Change, ProjectChanges},
    };

    fn tree() -> Plan {
        plan(&[(1, 0, &[]), (2, 1, &[]), (3, 2, &[]), (4, 0, &[3])])
    }

    /// What is said about `mine` after `theirs`, one after the other, became part of the plan.
    fn moved(mine: &[Operation], theirs: &[&[Operation]]) -> String {
        let (plan, mine): (Plan, Vec<&Operation>) = (tree(), mine.iter().collect());
        let now = after(&plan, theirs);
        let moved = staleness(&now, &snapshot(&plan, &mine), &mine);
        moved.iter().map(|moved| moved.words(&plan.project.key, &|_| "Ana".to_owned())).collect::<Vec<_>>().join("\n")
    }

    fn after(plan: &Plan, patches: &[&[Operation]]) -> Plan {
        let mut now = plan.clone();
        for operations in patches {
            apply(&mut now, &operations.iter().collect::<Vec<_>>()).unwrap();
        }
        now
    }

    #[test]
    fn changes_to_other_tasks_ask_nobody() {
        assert_eq!(moved(&[rename(1, "Mine"), create(8, 1, &[])], &[&[rename(2, "Theirs"), create(9, 1, &[])]]), "");
    }

    #[test]
    fn a_change_that_was_taken_back_asks_nobody() {
        assert_eq!(moved(&[rename(1, "Mine")], &[&[rename(1, "Theirs")], &[rename(1, "Task 1")]]), "");
    }

    #[test]
    fn an_order_among_siblings_matters_to_a_move_alone() {
        assert_eq!(moved(&[rename(2, "Mine")], &[&[shift(2, 1)]]), "");
        insta::assert_snapshot!(moved(&[shift(2, 0)], &[&[shift(2, 1)]]), @r#"AUTH-2 "Task 2" has been moved among its siblings."#);
    }

    #[test]
    fn a_change_to_a_touched_task_is_said() {
        insta::assert_snapshot!(moved(&[rename(3, "Mine")], &[&[rename(3, "Theirs"), shift(3, 1)], &[wait(3, &[2])]]), @r#"AUTH-3 "Task 3" has changed: title "Task 3" → "Theirs" · depends on nothing → AUTH-2 · under AUTH-2 → AUTH-1."#);
        insta::assert_snapshot!(moved(&[rename(4, "Mine")], &[&[delete(4)]]), @r#"AUTH-4 "Task 4" is no longer there."#);
    }

    #[test]
    fn another_name_for_the_project_matters_to_who_renames_it() {
        let title = |title: &str| Operation::UpdateProject {
            changes: ProjectChanges { title: Change::Set(title.to_owned()), ..ProjectChanges::default() },
        };
        assert_eq!(moved(&[rename(1, "Mine")], &[&[title("Theirs")]]), "");
        insta::assert_snapshot!(moved(&[title("Mine")], &[&[title("Theirs")]]), @r#"AUTH itself has changed: title "Sign-in" → "Theirs"."#);
    }

    #[test]
    fn what_no_longer_fits_is_said() {
        insta::assert_snapshot!(moved(&[wait(4, &[]), delete(3)], &[&[create(8, 3, &[]), create(9, 0, &[3])]]), @r#"
        AUTH-3 can't be deleted while AUTH-8 is under it: delete or move what is under it first.
        AUTH-3 can't be deleted while AUTH-9 depends on it: drop that dependency in the same patch.
        "#);
        insta::assert_snapshot!(moved(&[create(8, 4, &[]), create(9, 0, &[4])], &[&[delete(4)]]), @r#"
        AUTH-8 can't go under AUTH-4, which is not there: name a task that exists, or that an earlier step creates.
        AUTH-9 can't depend on AUTH-4: there is no AUTH-4.
        "#);
        insta::assert_snapshot!(moved(&[wait(1, &[4])], &[&[wait(3, &[]), wait(4, &[8]), create(8, 0, &[1])]]), @"These tasks would wait for each other: AUTH-1 → AUTH-4 → AUTH-8 → AUTH-1. Drop one of the dependencies.");
    }

    #[test]
    fn a_rebase_keeps_what_still_makes_sense() {
        let plan = tree();
        let mine =
            [rename(1, "Mine"), create(8, 4, &[]), create(9, 8, &[]), rename(2, "Token service"), rename(4, "Gone")];
        let now = after(&plan, &[&[delete(4), rename(1, "Theirs"), rename(2, "Token service")]]);
        let rebased = rebase(&now, &mine.iter().collect::<Vec<_>>());
        assert_eq!(rebased.kept, [0]);
        assert_eq!(rebased.before.tasks, BTreeMap::from([(TaskNumber(1), now.task(TaskNumber(1)).unwrap().clone())]));
        let reasons: Vec<String> =
            rebased.dropped.iter().map(|(step, why)| format!("{step}: {}", why.words(&plan.project.key))).collect();
        insta::assert_snapshot!(reasons.join("\n"), @r#"
        1: AUTH-8 can't go under AUTH-4, which is not there: name a task that exists, or that an earlier step creates.
        2: AUTH-9 can't go under AUTH-8, which is not there: name a task that exists, or that an earlier step creates.
        3: The plan already says so of AUTH-2.
        4: There is no task AUTH-4.
        "#);
    }

    #[test]
    fn a_rebase_may_leave_nothing() {
        let mine = [delete(4)];
        let rebased = rebase(&after(&tree(), &[&[delete(4)]]), &mine.iter().collect::<Vec<_>>());
        assert_eq!((rebased.kept, rebased.before.tasks.len(), rebased.dropped.len()), (vec![], 0, 1));
    }
}
