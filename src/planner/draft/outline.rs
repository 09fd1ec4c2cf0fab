//! A plan cut down to what a question needs: a set number of lines and characters, however large the plan is.
//!
//! Lines are ranked: the tasks it is about, those above them, beside them, those they wait for or that wait for them,
//! then open tasks by how near they are in the tree, then tasks that are over. What is left out is counted.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::{
    domain::task::{Task, TaskFields, TaskNumber, effort},
    planner::{
        board::{Board, Item},
        people::People,
        templates::stems,
    },
};

/// Tasks of an outline, at most.
const LINES: usize = 60;
/// Characters of an outline, at most.
const CHARS: usize = 7_000;
/// Brothers and sisters of each task it is about that come before everything else, at most.
const NEAR: usize = 10;
/// Tasks that are known by words of their title, at most.
const NAMED: usize = 10;
/// Codes behind `after`, at most.
const FIRSTS: usize = 6;
/// Tasks whose descriptions are shown, at most.
const DETAILED: usize = 12;
/// Characters of each of these.
const DETAIL: usize = 500;

/// The tasks around one that is broken down.
pub(super) fn family(board: &Board<'_>, task: TaskNumber) -> String {
    let tree = Tree::new(board);
    let mut chosen = Chosen::default();
    chosen.add([task]);
    chosen.add(tree.ancestors(task));
    chosen.add(tree.children(Some(task)).iter().copied());
    chosen.add(tree.near(task, LINES).into_iter().map(|(_, number)| number));
    chosen.add(tree.bound(&BTreeSet::from([task])));
    tree.write(&chosen, None)
}

/// The tasks that a conversation is about, and what is near them.
pub(super) fn around(board: &Board<'_>, about: &[TaskNumber], people: &People) -> String {
    let tree = Tree::new(board);
    let mut chosen = Chosen::default();
    chosen.add(about.iter().copied());
    chosen.add(about.iter().flat_map(|number| tree.ancestors(*number)));
    let mut near: Vec<_> = about.iter().take(LINES).flat_map(|number| tree.near(*number, NEAR)).collect();
    near.sort_by_key(|(distance, _)| *distance);
    chosen.add(near.into_iter().map(|(_, number)| number));
    chosen.add(tree.bound(&about.iter().copied().collect()));
    let (open, over): (Vec<_>, Vec<_>) = tree.by_distance(about).into_iter().partition(|number| tree.is_open(*number));
    chosen.add(open);
    chosen.add(over);
    tree.write(&chosen, Some(people))
}

/// The tasks that words are about: those on the open proposal's card, those whose codes are named, and those whose
/// titles share most words with them.
pub(super) fn meant(board: &Board<'_>, words: &[&str]) -> Vec<TaskNumber> {
    let mut found: Vec<TaskNumber> = Vec::new();
    if board.is_proposal {
        found.extend(board.card.iter().filter(|number| board.items.contains_key(number)));
    }
    let said: BTreeSet<String> =
        words.iter().flat_map(|words| stems(words)).filter(|stem| stem.chars().count() > 2).collect();
    let digits = |word: &str| word.trim_end_matches(|c: char| !c.is_ascii_digit()).to_ascii_uppercase();
    let codes: BTreeSet<String> = words.iter().flat_map(|words| words.split_whitespace()).map(digits).collect();
    found.extend(board.items.keys().filter(|number| codes.contains(&board.code(**number))));
    let shared = |item: &Item| stems(&item.fields.title).iter().filter(|stem| said.contains(*stem)).count();
    let mut titled: Vec<_> = board
        .items
        .iter()
        .map(|(number, item)| (shared(item), !item.fields.status.is_terminal(), *number))
        .filter(|(shared, ..)| *shared > 0)
        .collect();
    titled.sort_by(|a, b| b.0.cmp(&a.0).then(b.1.cmp(&a.1)).then(a.2.cmp(&b.2)));
    found.extend(titled.into_iter().take(NAMED).map(|(.., number)| number));
    let mut seen = BTreeSet::new();
    found.retain(|number| seen.insert(*number));
    found
}

/// What the first few of these tasks say beyond their titles; `None` where they say nothing.
pub(super) fn details(board: &Board<'_>, about: &[TaskNumber]) -> Option<String> {
    let said = about
        .iter()
        .filter_map(|number| Some((number, &board.items.get(number)?.fields)))
        .filter(|(_, fields)| !fields.description.is_empty() || !fields.acceptance.is_empty())
        .take(DETAILED)
        .map(|(number, fields)| format!("{}: {}", board.code(*number), crate::planner::cut(&body(fields), DETAIL)))
        .collect::<Vec<_>>();
    (!said.is_empty()).then(|| said.join("\n\n"))
}

/// All that a task says, in at most `max` characters.
pub(super) fn whole(task: &Task, max: usize) -> String {
    let fields = &task.fields;
    let estimate = fields.estimate.map_or(String::new(), |minutes| format!("\nEstimate: {}", effort(minutes)));
    crate::planner::cut(&format!("{}{estimate}\n{}", fields.title, body(fields)), max)
}

/// The description and the acceptance criteria.
fn body(fields: &TaskFields) -> String {
    let criteria = fields.acceptance.iter().map(|line| format!("- {line}"));
    let lines: Vec<String> = std::iter::once(fields.description.clone()).chain(criteria).collect();
    lines.join("\n").trim().to_owned()
}

/// Tasks by rank, each once, no more than fit.
#[derive(Default)]
struct Chosen {
    ranked: Vec<TaskNumber>,
    seen: BTreeSet<TaskNumber>,
}

impl Chosen {
    fn add(&mut self, tasks: impl IntoIterator<Item = TaskNumber>) {
        for number in tasks {
            if self.ranked.len() == LINES {
                return;
            }
            if self.seen.insert(number) {
                self.ranked.push(number);
            }
        }
    }
}

/// The board, with what has to be asked of it often.
struct Tree<'b> {
    board: &'b Board<'b>,
    /// Children in their order; what stands under a task that is not there is a top-level task here.
    children: BTreeMap<Option<TaskNumber>, Vec<TaskNumber>>,
    /// Each task's place in reading order, and its depth.
    reading: BTreeMap<TaskNumber, (usize, usize)>,
}

impl<'b> Tree<'b> {
    fn new(board: &'b Board<'b>) -> Self {
        let mut tree = Self { board, children: BTreeMap::new(), reading: BTreeMap::new() };
        for (nth, number) in board.tree().into_iter().enumerate() {
            let parent = tree.parent(number);
            let depth = parent.and_then(|parent| tree.reading.get(&parent)).map_or(0, |(_, depth)| depth + 1);
            tree.reading.insert(number, (nth, depth));
            tree.children.entry(parent).or_default().push(number);
        }
        tree
    }

    fn item(&self, number: TaskNumber) -> Option<&'b Item> {
        self.board.items.get(&number)
    }

    fn parent(&self, number: TaskNumber) -> Option<TaskNumber> {
        self.item(number)?.place.parent.filter(|parent| self.board.items.contains_key(parent))
    }

    fn children(&self, parent: Option<TaskNumber>) -> &[TaskNumber] {
        self.children.get(&parent).map_or(&[], Vec::as_slice)
    }

    fn is_open(&self, number: TaskNumber) -> bool {
        self.item(number).is_some_and(|item| !item.fields.status.is_terminal())
    }

    /// The tasks above, nearest first.
    fn ancestors(&self, number: TaskNumber) -> Vec<TaskNumber> {
        let mut seen = BTreeSet::new();
        std::iter::successors(self.parent(number), |above| self.parent(*above))
            .take_while(|above| seen.insert(*above))
            .collect()
    }

    /// Up to `most` tasks beside this one, nearest first, each with how far it is.
    fn near(&self, number: TaskNumber, most: usize) -> Vec<(usize, TaskNumber)> {
        let siblings = self.children(self.parent(number));
        let place = |number: &TaskNumber| self.reading.get(number).map_or(0, |(nth, _)| *nth);
        let Ok(own) = siblings.binary_search_by_key(&place(&number), place) else { return Vec::new() };
        let beside = (1..=most).flat_map(|far| [own.checked_sub(far).map(|at| (far, at)), Some((far, own + far))]);
        beside.flatten().filter_map(|(far, at)| Some((far, *siblings.get(at)?))).take(most).collect()
    }

    /// What these tasks wait for, and what waits for them.
    fn bound(&self, tasks: &BTreeSet<TaskNumber>) -> Vec<TaskNumber> {
        let firsts = tasks.iter().filter_map(|number| self.item(*number)).flat_map(|item| &item.fields.depends_on);
        let waits = |item: &Item| item.fields.depends_on.iter().any(|first| tasks.contains(first));
        let waiting = self.board.items.iter().filter(|(_, item)| waits(item)).map(|(number, _)| number);
        firsts.chain(waiting).copied().filter(|number| self.item(*number).is_some()).collect()
    }

    /// Every task, by how many steps up and down the tree it is away from the nearest of these; from the top where
    /// there are none.
    fn by_distance(&self, from: &[TaskNumber]) -> Vec<TaskNumber> {
        let mut open: VecDeque<Option<TaskNumber>> = from.iter().copied().map(Some).collect();
        open.push_back(None);
        let mut seen: BTreeSet<Option<TaskNumber>> = open.iter().copied().collect();
        let mut found = Vec::new();
        while let Some(at) = open.pop_front() {
            found.extend(at);
            let above = at.and_then(|number| self.parent(number)).map(Some);
            for next in self.children(at).iter().copied().map(Some).chain(above) {
                if seen.insert(next) {
                    open.push_back(next);
                }
            }
        }
        found
    }

    /// The chosen tasks in reading order, as many as fit by their rank, and how many there are besides.
    fn write(&self, chosen: &Chosen, people: Option<&People>) -> String {
        let mut room = CHARS;
        let mut lines: Vec<(usize, String)> = Vec::new();
        let mut shown = BTreeSet::new();
        for number in &chosen.ranked {
            let Some((nth, line)) = self.line(*number, &chosen.seen, people) else { continue };
            let Some(left) = room.checked_sub(line.chars().count() + 1) else { break };
            room = left;
            lines.push((nth, line));
            shown.insert(*number);
        }
        lines.sort();
        let mut out: Vec<String> = lines.into_iter().map(|(_, line)| line).collect();
        let hidden: Vec<_> = self.board.items.keys().filter(|number| !shown.contains(number)).collect();
        if !hidden.is_empty() {
            let open = hidden.iter().filter(|number| self.is_open(***number)).count();
            out.push(format!("… and {} more tasks that are not shown, {open} of them open", hidden.len()));
        }
        if out.is_empty() { "(no tasks yet)".to_owned() } else { out.join("\n") }
    }

    /// `+ AUTH-3 [todo] Sign-in page · 1 d · Ana · after AUTH-2`, with its place in reading order.
    fn line(
        &self,
        number: TaskNumber,
        around: &BTreeSet<TaskNumber>,
        people: Option<&People>,
    ) -> Option<(usize, String)> {
        let (item, (nth, depth)) = (self.item(number)?, self.reading.get(&number)?);
        let fields = &item.fields;
        let mark = match self.board.plan.task(number) {
            _ if !self.board.is_proposal => "",
            None => "+ ",
            Some(task) if task.place != item.place || task.fields != *fields => "~ ",
            Some(_) => "",
        };
        let mut facts = vec![format!("{} [{}] {}", self.board.code(number), fields.status.as_str(), fields.title)];
        facts.extend(fields.estimate.map(effort));
        facts.extend(fields.assignee.zip(people).map(|(member, people)| crate::planner::cut(&people.name(member), 40)));
        facts.extend(fields.due.map(|day| format!("due {day}")));
        if !fields.depends_on.is_empty() {
            let mut codes: Vec<String> =
                fields.depends_on.iter().take(FIRSTS).map(|first| self.board.code(*first)).collect();
            if fields.depends_on.len() > FIRSTS {
                codes.push(format!("{} more", fields.depends_on.len() - FIRSTS));
            }
            facts.push(format!("after {}", codes.join(", ")));
        }
        facts.extend(
            self.parent(number)
                .filter(|above| !around.contains(above))
                .map(|above| format!("under {}", self.board.code(above))),
        );
        let below = self.children(Some(number)).iter().filter(|child| !around.contains(child)).count();
        if below > 0 {
            facts.push(format!("{below} more under it"));
        }
        Some((*nth, format!("{}{mark}{}", "  ".repeat(*depth), facts.join(" · "))))
    }
}
