//! Days of the month: `the last working day of the month`, `1st of the month`, `first Monday of every month`.

use super::cursor::{Cursor, weekday};
use crate::domain::schedule::MonthDay;

/// A day of the month, with `of the month` behind it.
pub(super) fn of_the_month(cursor: &mut Cursor<'_>) -> Option<MonthDay> {
    cursor.attempt(|cursor| {
        let day = month_day(cursor)?;
        let ends = ["of the month", "of each month", "of every month", "of a month", "of month", "in the month"];
        cursor.eat_any(&ends).then_some(day)
    })
}

/// A day of the month, where it is clear that one is meant.
pub(super) fn month_day(cursor: &mut Cursor<'_>) -> Option<MonthDay> {
    cursor.attempt(|cursor| {
        cursor.eat("the");
        let is_last = cursor.eat("last");
        let count = if is_last { None } else { Some(ordinal(cursor.peek()?)?) };
        if !is_last {
            cursor.skip(1);
        }
        if cursor.eat_any(&["working day", "workday", "business day"]) {
            return match count {
                None => Some(MonthDay::LastWorking),
                Some(1) => Some(MonthDay::FirstWorking),
                Some(_) => None,
            };
        }
        if let Some(day) = cursor.peek().and_then(weekday) {
            cursor.skip(1);
            return match count {
                None => Some(MonthDay::LastOf(day)),
                Some(count) => (1..=5).contains(&count).then_some(MonthDay::Nth(count, day)),
            };
        }
        let is_day = cursor.eat("day");
        match count {
            None => is_day.then_some(MonthDay::Last),
            Some(number) => (1..=31).contains(&number).then_some(MonthDay::Number(number)),
        }
    })
}

/// `first`, `2nd`, `15th`.
pub(super) fn ordinal(word: &str) -> Option<u32> {
    let word = word.to_lowercase();
    let words = ["first", "second", "third", "fourth", "fifth"];
    if let Some(index) = words.iter().position(|known| *known == word) {
        return u32::try_from(index + 1).ok();
    }
    let digits = ["st", "nd", "rd", "th"].iter().find_map(|end| word.strip_suffix(end))?;
    (digits.len() <= 2 && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.parse().ok())?
}
