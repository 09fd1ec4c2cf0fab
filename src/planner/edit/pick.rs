//! Which tasks of the board are meant.

use crate::{
    domain::task::TaskNumber,
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
fn listed(board: &Board<'_>) -> Vec<TaskNumber> {
    let there: Vec<TaskNumber> = board.card.iter().copied().filter(|number| board.items.contains_key(number)).collect();
    let mut new = board.tree().into_iter().filter(|number| board.is_new(*number) && there.contains(number));
    // The new ones keep the places that new ones have, but among themselves go by reading order.
    there.iter().map(|number| if board.is_new(*number) { new.next().unwrap_or(*number) } else { *number }).collect()
}

fn nothing_listed() -> UserError {
    UserError::new("There is no task yet that this could mean.")
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
    let words: Vec<&str> = wanted.split_whitespace().collect();
    let exact = matching(&|own| own == wanted);
    let found = if exact.is_empty() { matching(&|own| words.iter().all(|word| own.contains(word))) } else { exact };
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
