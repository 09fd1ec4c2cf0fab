//! A plan in a few lines of text.
//!
//! ```text
//! Agree what signing in must do [done] (4h) @Ana
//!   > What it must do, and what it must not.
//! Token service (2d) after 1
//!   - A stolen token works once.
//!   Issue tokens due 2026-12-01
//! + Sign-in page after 2
//! ```
//!
//! A line is a task; they are numbered from 1. Two blanks more than the line above mean that it lies under it. `+` is a
//! task of the open proposal. Behind the title, in any order: `[status]`, `(estimate)`, `after 1, 2`, `@Name`, `due day`.
//! `>` is the description and `-` an acceptance criterion of the task above.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use ulid::Ulid;

use crate::{
    domain::{
        ids::Id,
        member::{Member, Role, Standing},
        patch::{Founding, MAX_TITLE, Operation, Step},
        plan::Plan,
        project::{Lifecycle, Project, ProjectKey, Revision},
        task::{Place, Rank, Status, Task, TaskFields, TaskNumber},
    },
    intent::value,
    planner::people::People,
};

/// Tasks beside those of the outline, at most.
pub(super) const MAX_FILLER: u32 = 20_000;
/// Tasks under each top-level one of these.
const FILLER_CHILDREN: u32 = 12;

/// What a case stands on.
#[derive(Debug, Clone)]
pub struct Ground {
    /// The plan as it is.
    pub plan: Plan,
    /// The steps of the open proposal; empty without one.
    pub proposal: Vec<Step>,
    /// Set where the proposal is the first plan of its project.
    pub founding: Option<Founding>,
    /// The people; the first one speaks.
    pub people: People,
    /// The first number that no task has.
    pub first_free: TaskNumber,
}

/// What is wrong with an outline: the line in it, from 0, and why.
pub(super) type Wrong = (usize, String);

/// Names become members.
pub(super) fn people(names: &[String]) -> Option<People> {
    let members: Vec<Member> = (1..)
        .zip(names)
        .map(|(nth, name)| Member {
            id: Id::from_ulid(Ulid::from_parts(0, nth)),
            name: name.clone(),
            role: Role::Member,
            standing: Standing::Full,
            time_zone: "UTC".to_owned(),
        })
        .collect();
    let sender = members.first()?.id;
    Some(People { sender, members, users: BTreeMap::new() })
}

/// Reads an outline, and adds `filler` tasks that have nothing to do with it.
pub(super) fn read(
    key: &ProjectKey,
    title: &str,
    outline: &str,
    filler: u32,
    people: People,
) -> Result<Ground, Vec<Wrong>> {
    let mut reader = Reader { people: &people, entries: Vec::new(), path: Vec::new() };
    let wrong: Vec<Wrong> = outline
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .filter_map(|(nth, line)| Some((nth, reader.line(nth, line).err()?)))
        .collect();
    let entries = reader.entries;
    let wrong: Vec<Wrong> = wrong.into_iter().chain(dangling(&entries)).collect();
    if !wrong.is_empty() {
        return Err(wrong);
    }
    Ok(ground(key, title, entries, filler, people))
}

/// A task of the outline.
struct Entry {
    line: usize,
    proposed: bool,
    parent: Option<TaskNumber>,
    fields: TaskFields,
}

struct Reader<'a> {
    people: &'a People,
    entries: Vec<Entry>,
    /// The tasks above the next line, outermost first.
    path: Vec<TaskNumber>,
}

impl Reader<'_> {
    fn line(&mut self, nth: usize, line: &str) -> Result<(), String> {
        let (proposed, line) = match line.strip_prefix("+ ") {
            Some(rest) => (true, rest),
            None => (false, line),
        };
        let text = line.trim_start_matches(' ');
        let indent = line.len() - text.len();
        if let Some(said) = text.strip_prefix("> ").or_else(|| text.strip_prefix("- ")) {
            let Some(last) = self.entries.last_mut() else { return Err("there is no task above it".to_owned()) };
            if text.starts_with('>') {
                let longer = format!("{}\n{said}", last.fields.description);
                longer.trim().clone_into(&mut last.fields.description);
            } else {
                last.fields.acceptance.push(said.to_owned());
            }
            return Ok(());
        }
        let depth = indent / 2;
        if indent % 2 == 1 || depth > self.path.len() {
            return Err("it has to be indented by two blanks for each task above it".to_owned());
        }
        self.path.truncate(depth);
        let parent = self.path.last().copied();
        let is_proposed = |number: TaskNumber| self.entries.get(index(number)).is_some_and(|entry| entry.proposed);
        if !proposed && parent.is_some_and(is_proposed) {
            return Err("what lies under a proposed task has to be proposed too: write + in front".to_owned());
        }
        let fields = self.fields(text)?;
        self.entries.push(Entry { line: nth, proposed, parent, fields });
        self.path.push(number(self.entries.len() - 1));
        Ok(())
    }

    /// The title and what stands behind it.
    fn fields(&self, text: &str) -> Result<TaskFields, String> {
        let mut fields = TaskFields::titled("");
        let mut rest = text.trim();
        while let Some(left) = self.attribute(rest, &mut fields)? {
            rest = left.trim_end();
        }
        let length = rest.chars().count();
        if length == 0 || length > MAX_TITLE {
            return Err(format!("the title has {length} characters, and 1 to {MAX_TITLE} fit"));
        }
        fields.title = rest.to_owned();
        Ok(fields)
    }

    /// Takes the last attribute off; `None` where the title ends.
    fn attribute<'t>(&self, text: &'t str, fields: &mut TaskFields) -> Result<Option<&'t str>, String> {
        if let Some((title, status)) = bracketed(text, '[', ']') {
            fields.status = Status::from_word(status).ok_or_else(|| format!("[{status}] is no status"))?;
            return Ok(Some(title));
        }
        if let Some((title, effort)) = bracketed(text, '(', ')')
            && let Some(Some(minutes)) = value::effort(effort)
        {
            fields.estimate = Some(minutes);
            return Ok(Some(title));
        }
        if let Some((title, name)) = text.rsplit_once(" @") {
            let known = self.people.members.iter().find(|member| member.name.eq_ignore_ascii_case(name.trim()));
            fields.assignee = Some(known.ok_or_else(|| format!("@{name} is none of the people"))?.id);
            return Ok(Some(title));
        }
        if let Some((title, day)) = text.rsplit_once(" due ")
            && let Ok(day) = day.trim().parse::<NaiveDate>()
        {
            fields.due = Some(day);
            return Ok(Some(title));
        }
        if let Some((title, numbers)) = text.rsplit_once(" after ") {
            let numbers: Result<BTreeSet<u32>, _> = numbers.split(',').map(|number| number.trim().parse()).collect();
            if let Ok(numbers) = numbers {
                fields.depends_on = numbers.into_iter().map(TaskNumber).collect();
                return Ok(Some(title));
            }
        }
        Ok(None)
    }
}

/// What stands in brackets at the end, and what stands before.
fn bracketed(text: &str, open: char, close: char) -> Option<(&str, &str)> {
    text.strip_suffix(close)?.rsplit_once(open)
}

/// The number of the task at this place of the outline.
fn number(index: usize) -> TaskNumber {
    TaskNumber(u32::try_from(index + 1).unwrap_or(u32::MAX))
}

fn index(number: TaskNumber) -> usize {
    number.0.saturating_sub(1) as usize
}

/// Tasks that wait for one that is not there, or that is only proposed while they are not.
fn dangling(entries: &[Entry]) -> impl Iterator<Item = Wrong> + '_ {
    entries.iter().flat_map(move |entry| {
        let stands = |number: &&TaskNumber| {
            entries.get(index(**number)).is_some_and(|first| entry.proposed || !first.proposed) && number.0 > 0
        };
        let missing = entry.fields.depends_on.iter().filter(move |number| !stands(number));
        missing.map(|number| (entry.line, format!("it waits for {number}, which is not in the plan")))
    })
}

fn ground(key: &ProjectKey, title: &str, entries: Vec<Entry>, filler: u32, people: People) -> Ground {
    let is_first_plan = filler == 0 && !entries.is_empty() && entries.iter().all(|entry| entry.proposed);
    let founding = Founding { key: key.clone(), title: title.to_owned(), summary: String::new() };
    let mut ranks = Ranks::default();
    let (mut tasks, mut proposal) = (Vec::new(), Vec::new());
    let mut next = 1;
    for entry in entries {
        let place = Place { parent: entry.parent, rank: ranks.next(entry.parent) };
        let number = TaskNumber(next);
        next += 1;
        if entry.proposed {
            proposal.push(Operation::CreateTask { number, place, fields: entry.fields }.into());
        } else {
            tasks.push(Task { number, place, fields: entry.fields, version: Revision(1) });
        }
    }
    let first = next;
    for nth in 0..filler {
        let above = (nth % (FILLER_CHILDREN + 1) > 0).then(|| TaskNumber(first + nth - nth % (FILLER_CHILDREN + 1)));
        let place = Place { parent: above, rank: ranks.next(above) };
        let fields = TaskFields::titled(format!("Ledger export {}", nth + 1));
        tasks.push(Task { number: TaskNumber(next), place, fields, version: Revision(1) });
        next += 1;
    }
    let project = Project {
        id: Id::from_ulid(Ulid::nil()),
        key: key.clone(),
        title: title.to_owned(),
        summary: String::new(),
        lifecycle: Lifecycle::Draft,
        revision: Revision(1),
    };
    Ground {
        plan: Plan::new(project, tasks),
        proposal,
        founding: is_first_plan.then_some(founding),
        people,
        first_free: TaskNumber(next),
    }
}

/// Ranks one behind the other, for each parent.
#[derive(Default)]
struct Ranks(BTreeMap<Option<TaskNumber>, Rank>);

impl Ranks {
    fn next(&mut self, parent: Option<TaskNumber>) -> Rank {
        let rank = Rank::between(self.0.get(&parent), None);
        self.0.insert(parent, rank.clone());
        rank
    }
}
