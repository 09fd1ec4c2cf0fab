//! What each wish does to the board.

use std::collections::BTreeSet;

use super::{pick, shape};
use crate::{
    domain::{
        intent::TaskName,
        task::{TaskFields, TaskNumber},
    },
    error::UserError,
    intent::wish::{Pick, Picks, Spot, Wish},
    planner::{board::Board, people::People, set},
};

/// Follows one wish.
pub(super) fn follow(board: &mut Board<'_>, wish: &Wish, people: &People) -> Result<(), UserError> {
    match wish {
        Wish::Add { title, spot } => {
            let title = checked_title(title)?;
            let place = shape::place(board, spot.as_ref(), None)?;
            board.create(place, TaskFields::titled(title));
        }
        Wish::AddEach { titles, spot } => add_each(board, titles, spot.as_ref())?,
        Wish::Remove(tasks) => {
            for number in pick::all(board, tasks)? {
                shape::remove(board, number);
            }
        }
        // `rename AUTH to …` means the project, whatever its tasks are called.
        Wish::Rename { task: Pick::Title(name), title } if name.eq_ignore_ascii_case(board.key.as_str()) => {
            board.title = checked_title(title)?;
        }
        Wish::Rename { task, title } => {
            let number = pick::one(board, task)?;
            board.item(number)?.fields.title = checked_title(title)?;
        }
        Wish::Combine { tasks, title } => {
            let tasks = pick::all(board, tasks)?;
            let title = title.as_deref().map(checked_title).transpose()?;
            shape::combine(board, &tasks, title)?;
        }
        Wish::Split { task, into } => {
            let titles = into.iter().map(|title| checked_title(title)).collect::<Result<Vec<_>, _>>()?;
            let number = pick::one(board, task)?;
            shape::split(board, number, &titles)?;
        }
        Wish::Move { tasks, spot } => {
            let tasks = pick::all(board, tasks)?;
            shape::move_all(board, &tasks, spot)?;
        }
        Wish::Wait { tasks, on } => wait(board, tasks, on)?,
        Wish::Unwait { task, on } => unwait(board, task, on.as_ref())?,
        Wish::Set { tasks, value } => {
            for number in pick::all(board, tasks)? {
                set::put(&mut board.item(number)?.fields, value, people)?;
            }
        }
        Wish::Describe { task, text } => {
            let number = pick::one(board, task)?;
            board.item(number)?.fields.description.clone_from(text);
        }
        Wish::Accept { task, text } => {
            let number = pick::one(board, task)?;
            let acceptance = &mut board.item(number)?.fields.acceptance;
            if !acceptance.contains(text) {
                acceptance.push(text.clone());
            }
        }
        Wish::ProjectTitle(title) => board.title = checked_title(title)?,
        Wish::ProjectSummary(summary) => board.summary.clone_from(summary),
    }
    Ok(())
}

fn add_each(board: &mut Board<'_>, titles: &[String], spot: Option<&Spot>) -> Result<(), UserError> {
    let mut spot = spot.cloned();
    for title in titles {
        let place = shape::place(board, spot.as_ref(), None)?;
        let number = board.create(place, TaskFields::titled(checked_title(title)?));
        // The next one follows this one.
        if matches!(spot, Some(Spot::After(_) | Spot::First)) {
            spot = Some(Spot::After(Pick::Named(TaskName::Number(number.0))));
        }
    }
    Ok(())
}

/// A title as it may be stored: too long is cut at a letter that people see, and nothing is refused silently.
fn checked_title(title: &str) -> Result<String, UserError> {
    let title = crate::planner::title(title);
    if title.is_empty() { Err(UserError::new("A title can't be empty.")) } else { Ok(title) }
}

fn wait(board: &mut Board<'_>, tasks: &Picks, on: &Picks) -> Result<(), UserError> {
    let on = pick::all(board, on)?;
    for number in pick::all(board, tasks)? {
        for first in &on {
            if *first == number {
                return Err(UserError::new(format!("{} can't wait for itself.", board.code(number))));
            }
            if board.waits_for(*first, number) {
                return Err(UserError::new(format!(
                    "{first} already waits for {second}, so {second} can't wait for {first}. Remove one of them: “{first} no longer \
                     depends on {second}”.",
                    first = board.code(*first),
                    second = board.code(number)
                )));
            }
            if shape::is_above(board, *first, number) || shape::is_above(board, number, *first) {
                return Err(UserError::new(format!(
                    "{} and {} are a task and its sub-task; one can't wait for the other.",
                    board.code(number),
                    board.code(*first)
                )));
            }
            board.item(number)?.fields.depends_on.insert(*first);
        }
    }
    Ok(())
}

fn unwait(board: &mut Board<'_>, task: &Pick, on: Option<&Picks>) -> Result<(), UserError> {
    let number = pick::one(board, task)?;
    let waited: BTreeSet<TaskNumber> = board.item(number)?.fields.depends_on.clone();
    let gone = match on {
        Some(on) => pick::all(board, on)?,
        None => waited.iter().copied().collect(),
    };
    if let Some(other) = gone.iter().find(|other| !waited.contains(other)) {
        return Err(UserError::new(format!("{} does not wait for {}.", board.code(number), board.code(*other))));
    }
    board.item(number)?.fields.depends_on.retain(|first| !gone.contains(first));
    Ok(())
}
