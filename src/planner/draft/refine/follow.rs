//! What each operation of an answer does to the board.

use std::collections::{BTreeMap, BTreeSet};

use super::wish::{Field, Op, Wish};
use crate::{
    domain::{
        patch::{MAX_OPERATIONS, MAX_TITLE},
        task::{Place, TaskCode, TaskFields, TaskNumber},
    },
    error::UserError,
    llm::answer::{At, Problems},
    planner::{
        board::{Board, Kind},
        draft::{
            REASON,
            tasks::{NAME, NAMES},
        },
        edit::shape,
        people::People,
    },
};

/// Follows the operations. Gives back what the answer calls the new tasks.
pub(super) fn follow(
    board: &mut Board<'_>,
    people: &People,
    operations: &[At<'_>],
    problems: &mut Problems,
) -> Vec<(TaskNumber, String)> {
    let mut follower = Follower { board, people, problems, names: BTreeMap::new(), waits: Vec::new() };
    for at in operations {
        follower.operation(at);
    }
    follower.wait();
    follower.names.into_iter().map(|(name, number)| (number, name)).collect()
}

struct Follower<'f, 'a, 'v> {
    board: &'f mut Board<'a>,
    people: &'f People,
    problems: &'f mut Problems,
    /// The new tasks, by what the answer calls them, in small letters.
    names: BTreeMap<String, TaskNumber>,
    /// What tasks shall wait for: looked at last, so that the order of operations does not matter.
    waits: Vec<(TaskNumber, At<'v>)>,
}

impl<'v> Follower<'_, '_, 'v> {
    fn operation(&mut self, at: &At<'v>) {
        if at.fields(self.problems).is_none() {
            return;
        }
        let op = at.field("op");
        let Some(op) = op.word(&Op::ALL, Op::as_str, self.problems) else {
            if op.is_missing() {
                op.wrong(self.problems, "is missing");
            }
            return;
        };
        let wish = Wish::read(at, self.people, self.problems);
        match op {
            Op::Add => self.add(at, wish),
            Op::Change | Op::Move => self.change(at, op, wish),
            Op::Remove => self.remove(at, &wish.reason),
            Op::Merge => self.merge(at, wish),
            Op::Project => self.project(at, wish),
        }
    }

    fn add(&mut self, at: &At<'v>, mut wish: Wish) {
        if wish.title.is_none() && at.field("title").is_empty() {
            at.field("title").wrong(self.problems, "is missing");
        }
        let name = at.field("ref").line(NAME, self.problems).unwrap_or_default().to_lowercase();
        let Some(place) = self.place(at, None) else { return };
        let mut fields = TaskFields::titled(wish.title.take().unwrap_or_default());
        let reason = std::mem::take(&mut wish.reason);
        wish.put(&mut fields);
        let number = self.board.create(place, fields);
        self.board.reason(Kind::Create, Some(number), &reason, REASON);
        self.waits.push((number, at.field("waits_for")));
        if !name.is_empty() && self.names.insert(name, number).is_some() {
            at.field("ref").wrong(self.problems, "names another new task already");
        }
    }

    fn change(&mut self, at: &At<'v>, op: Op, wish: Wish) {
        let Some(number) = self.task(&at.field("task")) else { return };
        let is_placed = !at.field("parent").is_empty() || !at.field("after_task").is_empty();
        if (is_placed || op == Op::Move)
            && let Some(to) = self.place(at, Some(number))
        {
            let moved = shape::move_to(self.board, number, &to);
            self.done(at, &moved);
            self.because(Kind::Move, number, &wish.reason);
        }
        self.fields(at, number, wish);
    }

    /// Gives a task the fields that are said.
    fn fields(&mut self, at: &At<'v>, number: TaskNumber, wish: Wish) {
        // A status that was final before the proposal stays, whatever a message mentions.
        let before = self.board.plan.task(number).map(|task| task.fields.status);
        if let (Some(before), Some(status)) = (before.filter(|status| status.is_terminal()), wish.status)
            && status != before
        {
            let code = self.board.code(number);
            at.field("status").wrong(
                self.problems,
                &format!(
                    "would leave “{}”, and terminal states are sticky: only a person can reopen {code}, by /docket reopen {code}",
                    before.words()
                ),
            );
            return;
        }
        self.because(Kind::Update, number, &wish.reason);
        match self.board.item(number) {
            Ok(item) => wish.put(&mut item.fields),
            Err(error) => at.wrong(self.problems, &format!("can't be done: {error}")),
        }
        self.waits.push((number, at.field("waits_for")));
    }

    fn remove(&mut self, at: &At<'v>, reason: &str) {
        let Some(number) = self.task(&at.field("task")) else { return };
        let gone = self.board.subtree(number).len();
        if gone > MAX_OPERATIONS {
            let words = format!("would remove {gone} tasks, and a proposal holds at most {MAX_OPERATIONS} changes");
            return at.wrong(self.problems, &words);
        }
        shape::remove(self.board, number);
        self.board.reason(Kind::Delete, Some(number), reason, REASON);
    }

    fn merge(&mut self, at: &At<'v>, mut wish: Wish) {
        let (task, into) = (self.task(&at.field("task")), self.task(&at.field("into")));
        let (Some(task), Some(into)) = (task, into) else { return };
        if task == into {
            return at.field("into").wrong(self.problems, "is the same task: merge it into another one");
        }
        let below = self.board.children(Some(task)).len();
        if below > MAX_OPERATIONS {
            let words = format!("would move {below} tasks, and a proposal holds at most {MAX_OPERATIONS} changes");
            return at.wrong(self.problems, &words);
        }
        let merged = shape::combine(self.board, &[into, task], wish.title.take());
        if self.done(at, &merged) {
            self.board.reason(Kind::Delete, Some(task), &wish.reason, REASON);
            self.fields(at, into, wish);
        }
    }

    fn project(&mut self, at: &At<'v>, wish: Wish) {
        if let Some(title) = wish.title {
            self.board.title = title;
        }
        if let Some(summary) = wish.description {
            self.board.summary = summary;
        }
        if wish.clear.contains(&Field::Description) {
            self.board.summary.clear();
        }
        if at.field("title").is_empty() && at.field("description").is_empty() && wish.clear.is_empty() {
            at.wrong(self.problems, "changes nothing of the project: say its title or its description");
        }
        self.board.reason(Kind::Project, None, &wish.reason, REASON);
    }

    /// Sets what tasks wait for.
    fn wait(&mut self) {
        for (number, at) in std::mem::take(&mut self.waits) {
            let said = at.list(NAMES, self.problems);
            let firsts: Vec<Option<TaskNumber>> = said.iter().map(|first| self.task(first)).collect();
            if let (false, Some(item)) = (said.is_empty(), self.board.items.get_mut(&number)) {
                item.fields.depends_on = firsts.into_iter().flatten().collect::<BTreeSet<_>>();
            }
        }
    }

    /// Where a task goes; `None` where that can't be said. `who` is the task that moves there.
    fn place(&mut self, at: &At<'v>, who: Option<TaskNumber>) -> Option<Place> {
        let usual = who.map_or_else(|| self.board.home(), |number| self.parent(number));
        let (said, after) = (at.field("parent"), at.field("after_task"));
        let parent = match said.line(MAX_TITLE, self.problems) {
            _ if said.is_empty() => None,
            Some(top) if top.eq_ignore_ascii_case("top") => Some(None),
            _ => Some(Some(self.task(&said)?)),
        };
        let first = after.line(MAX_TITLE, self.problems).is_some_and(|word| word.eq_ignore_ascii_case("first"));
        if after.is_empty() || first {
            let parent = parent.unwrap_or(usual);
            return Some(Place { parent, rank: shape::rank(self.board, parent, None, !first, who) });
        }
        let neighbour = self.task(&after)?;
        let under = self.parent(neighbour);
        if Some(neighbour) == who {
            after.wrong(self.problems, "is the task itself");
            return None;
        }
        if parent.is_some_and(|parent| parent != under) {
            after.wrong(self.problems, "does not stand under the given parent");
            return None;
        }
        Some(Place { parent: under, rank: shape::rank(self.board, under, Some(neighbour), true, who) })
    }

    fn parent(&self, number: TaskNumber) -> Option<TaskNumber> {
        self.board.items.get(&number)?.place.parent
    }

    /// The task that is named, by a ref of this answer or by its code.
    fn task(&mut self, at: &At<'v>) -> Option<TaskNumber> {
        let name = at.needed_line(MAX_TITLE, self.problems)?;
        let code = name.parse::<TaskCode>().ok().filter(|code| code.project == *self.board.key).map(|code| code.number);
        let number = self.names.get(&name.to_lowercase()).copied().or(code);
        let found = number.filter(|number| self.board.items.contains_key(number));
        if found.is_none() {
            let known = number.is_some_and(|number| self.board.plan.task(number).is_some());
            let why = if known {
                "goes with this proposal"
            } else {
                "is neither a task of the plan nor the ref of a new one"
            };
            at.wrong(self.problems, &format!("is {name:?}, which {why}"));
        }
        found
    }

    fn because(&mut self, kind: Kind, number: TaskNumber, reason: &str) {
        let kind = if self.board.is_new(number) { Kind::Create } else { kind };
        self.board.reason(kind, Some(number), reason, REASON);
    }

    /// Whether something could be done; if not, says so.
    fn done(&mut self, at: &At<'v>, result: &Result<(), UserError>) -> bool {
        if let Err(error) = result {
            at.wrong(self.problems, &format!("can't be done: {}", error.0.trim_end_matches('.')));
        }
        result.is_ok()
    }
}
