//! Changes of the tree: where tasks go, removing, combining, splitting, moving.

use std::collections::BTreeSet;

use super::pick;
use crate::{
    domain::{
        patch::MAX_TITLE,
        task::{Place, Rank, TaskFields, TaskNumber},
    },
    error::UserError,
    intent::wish::Spot,
    planner::board::{Board, Kind},
};

/// The place a spot means; `who` is the task that moves there, or nobody yet.
pub(super) fn place(board: &Board<'_>, spot: Option<&Spot>, who: Option<TaskNumber>) -> Result<Place, UserError> {
    let parent_of = |number: TaskNumber| board.items.get(&number).and_then(|item| item.place.parent);
    // Without a word about it: a new task of a breakdown is one of its sub-tasks, any other a top-level task.
    let usual = match who {
        Some(number) => parent_of(number),
        None => board.home(),
    };
    let (parent, neighbour, behind) = match spot {
        Some(Spot::Before(pick)) => {
            let other = pick::one(board, pick)?;
            (parent_of(other), Some(other), false)
        }
        Some(Spot::After(pick)) => {
            let other = pick::one(board, pick)?;
            (parent_of(other), Some(other), true)
        }
        Some(Spot::Under(pick)) => (Some(pick::one(board, pick)?), None, true),
        Some(Spot::First) => (usual, None, false),
        Some(Spot::TopLevel) => (None, None, true),
        Some(Spot::Last) | None => (usual, None, true),
    };
    if neighbour.is_some() && neighbour == who {
        return Err(UserError::new("A task can't stand before or after itself."));
    }
    Ok(Place { parent, rank: rank(board, parent, neighbour, behind, who) })
}

/// A rank among the children of `parent`: beside `neighbour`, else at one of the ends.
pub(in crate::planner) fn rank(
    board: &Board<'_>,
    parent: Option<TaskNumber>,
    neighbour: Option<TaskNumber>,
    behind: bool,
    who: Option<TaskNumber>,
) -> Rank {
    let siblings: Vec<TaskNumber> = board.children(parent).into_iter().filter(|number| Some(*number) != who).collect();
    let at = match neighbour.and_then(|number| siblings.iter().position(|sibling| *sibling == number)) {
        Some(at) => at + usize::from(behind),
        None => {
            if behind {
                siblings.len()
            } else {
                0
            }
        }
    };
    let rank_at = |at: Option<usize>| {
        at.and_then(|at| siblings.get(at)).and_then(|n| board.items.get(n)).map(|item| &item.place.rank)
    };
    Rank::between(rank_at(at.checked_sub(1)), rank_at(Some(at)))
}

/// Whether `above` is an ancestor of `number`.
pub(super) fn is_above(board: &Board<'_>, above: TaskNumber, number: TaskNumber) -> bool {
    let mut next = board.items.get(&number).and_then(|item| item.place.parent);
    let mut seen = BTreeSet::new();
    while let Some(parent) = next.filter(|parent| seen.insert(*parent)) {
        if parent == above {
            return true;
        }
        next = board.items.get(&parent).and_then(|item| item.place.parent);
    }
    false
}

/// Takes a task and everything under it off the board, and says so where others waited for it.
pub(in crate::planner) fn remove(board: &mut Board<'_>, number: TaskNumber) {
    for gone in board.subtree(number) {
        if gone != number {
            let parent = board.code(number);
            board.note(Kind::Delete, gone, &format!("goes with {parent}"));
        }
        board.items.remove(&gone);
        let waiting: Vec<TaskNumber> = board
            .items
            .iter()
            .filter(|(_, item)| item.fields.depends_on.contains(&gone))
            .map(|(number, _)| *number)
            .collect();
        for other in waiting {
            if let Some(item) = board.items.get_mut(&other) {
                item.fields.depends_on.remove(&gone);
            }
            let kind = if board.is_new(other) { Kind::Create } else { Kind::Update };
            // A number that a first plan gives anew would mislead; there the new card says enough.
            if board.founding.is_none() {
                let code = board.code(gone);
                board.note(kind, other, &format!("no longer waits for {code}, which goes"));
            }
        }
    }
}

/// Makes one task of several: the first stays and takes over what the others say, hold and wait for.
pub(in crate::planner) fn combine(
    board: &mut Board<'_>,
    tasks: &[TaskNumber],
    title: Option<String>,
) -> Result<(), UserError> {
    let [kept, others @ ..] = tasks else { return Err(UserError::new("Name at least two tasks to combine.")) };
    if others.is_empty() {
        return Err(UserError::new("Name at least two different tasks to combine."));
    }
    if let Some(other) = others.iter().find(|other| is_above(board, *kept, **other) || is_above(board, **other, *kept))
    {
        return Err(UserError::new(format!(
            "{} and {} are a task and its sub-task. Remove one of them instead.",
            board.code(*kept),
            board.code(*other)
        )));
    }
    let mut merged = board.item(*kept)?.fields.clone();
    let mut titles = vec![merged.title.clone()];
    for other in others {
        let fields = board.item(*other)?.fields.clone();
        titles.push(fields.title.clone());
        take_over(&mut merged, fields);
    }
    merged.title = match title {
        Some(title) => title,
        None => joined(&titles).unwrap_or_else(|| {
            let all: Vec<String> = titles.iter().map(|title| format!("“{title}”")).collect();
            let gap = if merged.description.is_empty() { "" } else { "\n\n" };
            merged.description = format!("Combines {}.{gap}{}", crate::planner::listed(&all), merged.description);
            first_of(&titles)
        }),
    };
    merged.depends_on.retain(|first| !tasks.contains(first));
    // Whatever waited for one of them waits for the one they become.
    for item in board.items.values_mut() {
        if others.iter().filter(|other| item.fields.depends_on.remove(other)).count() > 0 {
            item.fields.depends_on.insert(*kept);
        }
    }
    board.item(*kept)?.fields = merged;
    for other in others {
        for child in board.children(Some(*other)) {
            let place = Place { parent: Some(*kept), rank: rank(board, Some(*kept), None, true, Some(child)) };
            board.item(child)?.place = place;
        }
        let into = board.code(*kept);
        board.note(Kind::Delete, *other, &format!("becomes part of {into}"));
        board.items.remove(other);
    }
    let waits: Vec<TaskNumber> = board.item(*kept)?.fields.depends_on.iter().copied().collect();
    // Something in between may wait for the one part and be awaited by the other.
    if let Some(between) = waits.into_iter().find(|first| board.waits_for(*first, *kept)) {
        return Err(UserError::new(format!(
            "{} stands between them: it waits for one and the other waits for it. Combine it too, or remove that dependency first.",
            board.code(between)
        )));
    }
    Ok(())
}

fn take_over(into: &mut TaskFields, from: TaskFields) {
    if !from.description.is_empty() && !into.description.contains(&from.description) {
        let gap = if into.description.is_empty() { "" } else { "\n\n" };
        into.description = format!("{}{gap}{}", into.description, from.description);
    }
    let more: Vec<String> = from.acceptance.into_iter().filter(|line| !into.acceptance.contains(line)).collect();
    into.acceptance.extend(more);
    into.estimate = match (into.estimate, from.estimate) {
        (Some(one), Some(other)) => Some(one.saturating_add(other)),
        (one, other) => one.or(other),
    };
    into.assignee = into.assignee.or(from.assignee);
    into.priority = into.priority.min(from.priority);
    into.due = match (into.due, from.due) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    };
    into.depends_on.extend(from.depends_on);
    let links: Vec<_> = from.links.into_iter().filter(|link| !into.links.contains(link)).collect();
    into.links.extend(links);
}

/// `Scope` and `Tokens` become `Scope and tokens`, where that is short enough for a title.
fn joined(titles: &[String]) -> Option<String> {
    let small = |title: &String| {
        let mut chars = title.chars();
        match (chars.next(), chars.next()) {
            (Some(first), Some(second)) if second.is_lowercase() => {
                first.to_lowercase().chain(title.chars().skip(1)).collect()
            }
            _ => title.clone(),
        }
    };
    let parts: Vec<String> = titles.iter().take(1).cloned().chain(titles.iter().skip(1).map(small)).collect();
    Some(crate::planner::listed(&parts)).filter(|all| all.chars().count() <= MAX_TITLE)
}

/// `Scope and 2 more`: half a title says less than none.
fn first_of(titles: &[String]) -> String {
    let first = titles.first().map_or("", String::as_str);
    let more = format!("{first} and {} more", titles.len().saturating_sub(1));
    if more.chars().count() <= MAX_TITLE { more } else { first.to_owned() }
}

/// Makes several tasks of one. The first title stays with the task itself; the others follow it and wait for the same.
pub(super) fn split(board: &mut Board<'_>, number: TaskNumber, titles: &[String]) -> Result<(), UserError> {
    let [first, others @ ..] = titles else {
        return Err(UserError::new("Say what it becomes: “split 2 into X and Y”."));
    };
    let parts = u32::try_from(titles.len()).unwrap_or(u32::MAX).max(1);
    let item = board.item(number)?;
    item.fields.title.clone_from(first);
    // Half hours, so that the parts stay plausible figures; together at least what it was.
    item.fields.estimate = item.fields.estimate.map(|minutes| minutes.div_ceil(parts).div_ceil(30) * 30);
    let like = item.fields.clone();
    let code = board.code(number);
    let mut behind = number;
    let mut made = Vec::new();
    for title in others {
        let parent = board.items.get(&behind).and_then(|item| item.place.parent);
        let place = Place { parent, rank: rank(board, parent, Some(behind), true, None) };
        let fields = TaskFields {
            estimate: like.estimate,
            assignee: like.assignee,
            priority: like.priority,
            due: like.due,
            depends_on: like.depends_on.clone(),
            ..TaskFields::titled(title.clone())
        };
        behind = board.create(place, fields);
        if board.founding.is_none() {
            board.note(Kind::Create, behind, &format!("split off from {code}"));
        }
        made.push(behind);
    }
    // Who waited for the whole waits for every part.
    for (other, item) in &mut board.items {
        if item.fields.depends_on.contains(&number) && !made.contains(other) {
            item.fields.depends_on.extend(made.iter().copied());
        }
    }
    Ok(())
}

/// Moves tasks to a spot, in the order they were named.
pub(super) fn move_all(board: &mut Board<'_>, tasks: &[TaskNumber], spot: &Spot) -> Result<(), UserError> {
    // “to the top” and “before” put each in front; going backwards keeps the order they were named in.
    let ordered: Vec<TaskNumber> = match spot {
        Spot::First | Spot::After(_) => tasks.iter().rev().copied().collect(),
        Spot::Before(_) | Spot::Under(_) | Spot::Last | Spot::TopLevel => tasks.to_vec(),
    };
    for number in ordered {
        let to = place(board, Some(spot), Some(number))?;
        move_to(board, number, &to)?;
    }
    Ok(())
}

/// Moves a task to a place.
pub(in crate::planner) fn move_to(board: &mut Board<'_>, number: TaskNumber, to: &Place) -> Result<(), UserError> {
    if let Some(parent) = to.parent.filter(|parent| *parent == number || is_above(board, number, *parent)) {
        return Err(UserError::new(format!(
            "{} can't go under {}, which is itself or one of its sub-tasks.",
            board.code(number),
            board.code(parent)
        )));
    }
    let siblings = board.children(to.parent);
    let before = siblings.iter().position(|sibling| *sibling == number);
    let old = std::mem::replace(&mut board.item(number)?.place, to.clone());
    let after = board.children(to.parent).iter().position(|sibling| *sibling == number);
    // Already there: leave the rank alone, so that nothing is proposed.
    if old.parent == to.parent && before == after {
        board.item(number)?.place = old;
    }
    Ok(())
}
