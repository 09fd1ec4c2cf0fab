//! What is wrong with an answer, by what its case expects.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    case::{Case, Expect},
    outline::Ground,
};
use crate::{
    domain::{
        apply::apply,
        lesson::pairs,
        patch::Operation,
        plan::Plan,
        task::{Task, TaskNumber},
    },
    intent::classify::{Candidate, Verdict, decide},
    planner::Draft,
};

/// What a draft fails to be.
pub(super) fn draft(case: &Case, draft: &Draft) -> Vec<String> {
    match Seen::new(&case.ground, draft) {
        Ok(seen) => seen.failures(&case.expect),
        Err(why) => vec![why],
    }
}

/// What a meaning fails to be.
pub(super) fn meaning(expect: &Expect, candidates: &[Candidate]) -> Vec<String> {
    let best = candidates.first().map_or("none", |candidate| candidate.line.as_str());
    let intent = best.split(' ').next().unwrap_or_default();
    let decision = match decide(candidates) {
        Verdict::Act(_) => "act",
        Verdict::Ask(_) => "ask",
        Verdict::Nothing => "nothing",
    };
    let mut failed = Vec::new();
    if let Some(wanted) = expect.intent.as_deref().filter(|wanted| !is_one_of(wanted, intent)) {
        failed.push(format!("the likeliest command is {intent}, not {wanted}"));
    }
    if let Some(wanted) = expect.line.as_deref().filter(|wanted| !wanted.eq_ignore_ascii_case(best)) {
        failed.push(format!("the likeliest line is {best:?}, not {wanted:?}"));
    }
    if let Some(wanted) = expect.decision.as_deref().filter(|wanted| !is_one_of(wanted, decision)) {
        failed.push(format!("the decision is to {decision}, not to {wanted}"));
    }
    failed
}

/// Whether a word is one of those that are separated by `|`.
fn is_one_of(wanted: &str, word: &str) -> bool {
    wanted.split('|').any(|one| one.trim() == word)
}

/// A draft, seen against the plan as the open proposal would make it.
struct Seen {
    before: Plan,
    after: Plan,
    /// The number that each task of `before` has in `after`, where it is still there.
    now: BTreeMap<TaskNumber, TaskNumber>,
    /// Tasks that read or stand differently, by their numbers before.
    changed: BTreeSet<TaskNumber>,
    operations: usize,
    /// What the draft says of itself and its project.
    title: String,
}

impl Seen {
    fn new(ground: &Ground, draft: &Draft) -> Result<Self, String> {
        let proposed: Vec<&Operation> = ground.proposal.iter().map(|step| &step.operation).collect();
        let drafted: Vec<&Operation> = draft.steps.iter().map(|step| &step.operation).collect();
        let done = |operations: &[&Operation]| {
            let mut plan = ground.plan.clone();
            let fits = operations.is_empty() || apply(&mut plan, operations).is_ok();
            fits.then_some(plan).ok_or_else(|| "the draft does not fit the plan".to_owned())
        };
        let (before, after) = (done(&proposed)?, done(&drafted)?);
        let kept = ground.plan.tasks().map(|task| (task.number, task.number));
        let kept = kept.filter(|(_, number)| after.task(*number).is_some());
        // A first plan numbers its tasks anew with every edit.
        let moved = pairs(&proposed, &drafted).into_iter().filter_map(|(one, other)| {
            let is_new = |operation: &Operation| matches!(operation, Operation::CreateTask { .. });
            let (one, other) = (proposed.get(one)?, drafted.get(other)?);
            (is_new(one) && is_new(other)).then_some((one.task()?, other.task()?))
        });
        let now: BTreeMap<TaskNumber, TaskNumber> = kept.chain(moved).collect();
        let differs = |(number, new): (&TaskNumber, &TaskNumber)| {
            let (old, new) = (before.task(*number)?, after.task(*new)?);
            let stays = ground.plan.task(*number).is_none_or(|_| old.place.rank == new.place.rank);
            (!stays || !same(old, new, &now)).then_some(*number)
        };
        let changed = now.iter().filter_map(differs).collect();
        let founding = draft.founding.as_ref().map(|founding| format!("{}\n{}", founding.title, founding.summary));
        let title = format!("{}\n{}", draft.title, founding.unwrap_or_default());
        Ok(Self { before, after, now, changed, operations: drafted.len(), title })
    }

    /// The tasks that are new.
    fn new_tasks(&self) -> Vec<&Task> {
        let old: BTreeSet<&TaskNumber> = self.now.values().collect();
        self.after.tasks().filter(|task| !old.contains(&task.number)).collect()
    }

    /// The codes, before, of the tasks that go.
    fn gone(&self) -> BTreeSet<String> {
        let gone = self.before.tasks().filter(|task| !self.now.contains_key(&task.number));
        gone.map(|task| self.before.code(task.number).to_string()).collect()
    }

    /// The codes, before, of the tasks that go, move or read differently.
    fn touched(&self) -> BTreeSet<String> {
        let changed = self.changed.iter().map(|number| self.before.code(*number).to_string());
        self.gone().into_iter().chain(changed).collect()
    }

    /// What is said in what is new or changed, in small letters.
    fn said(&self) -> String {
        let changed = self.changed.iter().filter_map(|number| self.after.task(*self.now.get(number)?));
        let of = |task: &Task| {
            let fields = &task.fields;
            format!("{}\n{}\n{}\n", fields.title, fields.description, fields.acceptance.join("\n"))
        };
        let tasks: String = self.new_tasks().into_iter().chain(changed).map(of).collect();
        format!("{}\n{tasks}", self.title).to_lowercase()
    }

    fn failures(&self, expect: &Expect) -> Vec<String> {
        let mut failed = Vec::new();
        if expect.nothing {
            failed.push("a change is proposed".to_owned());
        }
        self.sizes(expect, &mut failed);
        self.words(expect, &mut failed);
        self.reach(expect, &mut failed);
        self.quality(expect, &mut failed);
        failed
    }

    fn sizes(&self, expect: &Expect, failed: &mut Vec<String>) {
        let tasks = self.new_tasks().len();
        let depth = self.after.tree().into_iter().map(|(depth, _)| depth).max().unwrap_or(0);
        let mut at_most = |what: &str, found: usize, limit: Option<usize>| {
            if let Some(limit) = limit.filter(|limit| found > *limit) {
                failed.push(format!("{what}: {found}, at most {limit} expected"));
            }
        };
        at_most("new tasks", tasks, expect.max_tasks);
        at_most("operations", self.operations, expect.max_operations);
        at_most("depth", depth, expect.max_depth);
        if let Some(limit) = expect.min_tasks.filter(|limit| tasks < *limit) {
            failed.push(format!("new tasks: {tasks}, at least {limit} expected"));
        }
    }

    fn words(&self, expect: &Expect, failed: &mut Vec<String>) {
        let said = self.said();
        let is_said = |wanted: &&String| wanted.split('|').any(|one| said.contains(&one.trim().to_lowercase()));
        failed.extend(
            expect.mentions.iter().filter(|wanted| !is_said(wanted)).map(|one| format!("{one:?} is not mentioned")),
        );
        failed.extend(expect.not_mentions.iter().filter(is_said).map(|one| format!("{one:?} is mentioned")));
    }

    fn reach(&self, expect: &Expect, failed: &mut Vec<String>) {
        let (gone, touched) = (self.gone(), self.touched());
        let upper =
            |codes: &BTreeSet<String>| -> BTreeSet<String> { codes.iter().map(|code| code.to_uppercase()).collect() };
        if expect.no_deletes && !gone.is_empty() {
            failed.push(format!("{} would go", listed(&gone)));
        }
        if let Some(wanted) = expect.deletes.as_ref().map(upper).filter(|wanted| *wanted != gone) {
            failed.push(format!("{} would go, expected was {}", listed(&gone), listed(&wanted)));
        }
        let missed: BTreeSet<String> = upper(&expect.touches).difference(&touched).cloned().collect();
        if !missed.is_empty() {
            failed.push(format!("{} stays as it is", listed(&missed)));
        }
        if let Some(allowed) = expect.touches_only.as_ref().map(upper) {
            let others: BTreeSet<String> = touched.difference(&allowed).cloned().collect();
            if !others.is_empty() {
                failed.push(format!("{} is touched too", listed(&others)));
            }
        }
        let other = |differs: &dyn Fn(&Task, &Task) -> bool| -> BTreeSet<String> {
            let both = self.now.iter().filter_map(|(old, new)| Some((self.before.task(*old)?, self.after.task(*new)?)));
            both.filter(|(old, new)| differs(old, new))
                .map(|(old, _)| self.before.code(old.number).to_string())
                .collect()
        };
        let assigned = other(&|old, new| old.fields.assignee != new.fields.assignee);
        if expect.keeps_assignees && !assigned.is_empty() {
            failed.push(format!("{} gets another assignee", listed(&assigned)));
        }
        let moved = other(&|old, new| old.fields.status != new.fields.status);
        if expect.keeps_status && !moved.is_empty() {
            failed.push(format!("{} gets another status", listed(&moved)));
        }
    }

    fn quality(&self, expect: &Expect, failed: &mut Vec<String>) {
        let new = self.new_tasks();
        let without = |lacks: &dyn Fn(&Task) -> bool| new.iter().filter(|task| lacks(task)).count();
        let bare = without(&|task| task.fields.acceptance.is_empty());
        if expect.has_acceptance && bare > 0 {
            failed.push(format!("new tasks without acceptance criteria: {bare}"));
        }
        let open = without(&|task| task.fields.estimate.is_none());
        if expect.has_estimates && open > 0 {
            failed.push(format!("new tasks without an estimate: {open}"));
        }
        if expect.has_dependencies && without(&|task| !task.fields.depends_on.is_empty()) == 0 {
            failed.push("no new task waits for another".to_owned());
        }
    }
}

/// Whether two tasks say the same and stand under the same one, whatever the numbers are now.
fn same(old: &Task, new: &Task, now: &BTreeMap<TaskNumber, TaskNumber>) -> bool {
    let renumbered = |number: &TaskNumber| now.get(number).copied().unwrap_or(*number);
    let mut fields = old.fields.clone();
    fields.depends_on = old.fields.depends_on.iter().map(renumbered).collect();
    fields == new.fields && old.place.parent.as_ref().map(renumbered) == new.place.parent
}

fn listed(codes: &BTreeSet<String>) -> String {
    if codes.is_empty() { "nothing".to_owned() } else { codes.iter().cloned().collect::<Vec<_>>().join(", ") }
}
