//! Which tasks of the board are meant.

use crate::{
    domain::{intent::TaskName, task::TaskNumber},
    error::UserError,
    intent::{
        place,
        wish::{Pick, Picks},
    },
    planner::board::Board,
};

/// The one task that is meant.
pub(super) fn one(board: &Board<'_>, pick: &Pick) -> Result<TaskNumber, UserError> {
    match pick {
        Pick::Named(name) => {
            let number = place::number_in(name, board.key)?;
            if matches!(name, TaskName::Number(_)) {
                two_readings(board, number)?;
            }
            if board.items.contains_key(&number) {
                return Ok(number);
            }
            if board.plan.task(number).is_some() {
                return Err(UserError::new(format!(
                    "{} goes with this proposal, so it can't be changed.",
                    board.code(number)
                )));
            }
            Err(place::unknown_task(board.key, number, board.items.keys().copied()))
        }
        Pick::Nth(nth) => nth.checked_sub(1).and_then(|at| listed(board).get(at).copied()).ok_or_else(|| {
            UserError::new(format!("There is no task number {nth} in the list; it has {}.", listed(board).len()))
        }),
        Pick::Last => listed(board).last().copied().ok_or_else(nothing_listed),
        Pick::Title(title) => by_title(board, title),
    }
}

/// Refuses a bare number that is a task of the plan off the card and could as well count the card's lines.
fn two_readings(board: &Board<'_>, number: TaskNumber) -> Result<(), UserError> {
    let counted = usize::try_from(number.0).ok().and_then(|nth| listed(board).get(nth.checked_sub(1)?).copied());
    match counted.filter(|_| board.is_proposal && !board.card.contains(&number)) {
        Some(counted) if board.items.contains_key(&number) => Err(UserError::new(format!(
            "{number} could be {} of the plan or {}, which is number {number} on the card. Say which by its code.",
            board.code(number),
            board.code(counted)
        ))),
        _ => Ok(()),
    }
}

/// All tasks that are meant, each once, in the order they were named.
pub(super) fn all(board: &Board<'_>, picks: &Picks) -> Result<Vec<TaskNumber>, UserError> {
    let listed = listed(board);
    let few = |wanted: usize| {
        if wanted > listed.len() {
            return Err(UserError::new(match listed.len() {
                0 => "There is no task in the list.".to_owned(),
                1 => format!("There is only 1 task in the list, not {wanted}."),
                there => format!("There are only {there} tasks in the list, not {wanted}."),
            }));
        }
        Ok(())
    };
    let mut found = match picks {
        Picks::Each(picks) => picks.iter().map(|pick| one(board, pick)).collect::<Result<Vec<_>, _>>()?,
        Picks::First(count) => {
            few(*count)?;
            listed.iter().take(*count).copied().collect()
        }
        Picks::Last(count) => {
            few(*count)?;
            listed.iter().skip(listed.len() - count).copied().collect()
        }
        Picks::All => listed,
    };
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|number| seen.insert(*number));
    if found.is_empty() { Err(nothing_listed()) } else { Ok(found) }
}

/// The tasks of the card that are still there, in its order. New tasks stand in reading order, as the next card shows them.
pub(in crate::planner) fn listed(board: &Board<'_>) -> Vec<TaskNumber> {
    let there: Vec<TaskNumber> = board.card.iter().copied().filter(|number| board.items.contains_key(number)).collect();
    let mut new = board.tree().into_iter().filter(|number| board.is_new(*number) && there.contains(number));
    // The new ones keep the places that new ones have, but among themselves go by reading order.
    there.iter().map(|number| if board.is_new(*number) { new.next().unwrap_or(*number) } else { *number }).collect()
}

fn nothing_listed() -> UserError {
    UserError::new("There is no task yet that this could mean.")
}

/// Whether a title has this word, or one that only goes on with an ending: `logins` for `login`.
fn has_word(title: &str, word: &str) -> bool {
    title
        .split(|c: char| !c.is_alphanumeric())
        .any(|own| own.strip_prefix(word).is_some_and(|ending| ending.chars().count() <= 2))
}

/// The task of this title, else the only one that has all these words in its title.
fn by_title(board: &Board<'_>, title: &str) -> Result<TaskNumber, UserError> {
    let wanted = title.to_lowercase();
    let matching = |test: &dyn Fn(&str) -> bool| -> Vec<TaskNumber> {
        board
            .items
            .iter()
            .filter(|(_, item)| test(&item.fields.title.to_lowercase()))
            .map(|(number, _)| *number)
            .collect()
    };
    let words: Vec<&str> = wanted.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let exact = matching(&|own| own == wanted);
    let found = if exact.is_empty() {
        matching(&|own| !words.is_empty() && words.iter().all(|word| has_word(own, word)))
    } else {
        exact
    };
    match found.as_slice() {
        [only] => Ok(*only),
        [] => Err(UserError::new(format!(
            "I find no task called “{}”, so I changed nothing. Name it by its number or code.",
            super::super::cut(title, 60)
        ))),
        several => {
            let codes: Vec<String> = several.iter().take(5).map(|number| board.code(*number)).collect();
            Err(UserError::new(format!(
                "“{}” could be {}. Say which by its code.",
                super::super::cut(title, 60),
                codes.join(" or ")
            )))
        }
    }
}
