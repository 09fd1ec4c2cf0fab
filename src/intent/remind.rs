//! What follows `remind`.

use chrono::NaiveDate;

use super::{
    text::{after, after_any, first_word},
    when,
};
use crate::{
    domain::{
        intent::{Intent, RemindWish, TaskName},
        schedule::Moment,
        task::TaskCode,
    },
    error::UserError,
};

/// Words in front of what somebody is to be reminded of, which mean nothing by themselves.
const FILLER: &[&str] = &["to", "that", "about", "of"];

/// Reads what follows `remind`: nothing or `list`, `cancel 1`, or a task, a moment and words.
///
/// # Errors
/// When it can't be read: what is wrong, with an example.
pub(super) fn remind(text: &str, today: NaiveDate) -> Result<Intent, UserError> {
    let text = text.trim();
    let (word, rest) = first_word(text);
    match (word.to_lowercase().as_str(), rest) {
        ("" | "list", "") => Ok(Intent::Reminders),
        ("cancel" | "remove" | "delete", rest) => cancel(rest).map(Intent::Remind),
        _ => set(text, today).map(Intent::Remind),
    }
}

fn cancel(text: &str) -> Result<RemindWish, UserError> {
    let number = text.trim_start_matches('#').parse().ok().filter(|number| *number > 0);
    number.map(RemindWish::Cancel).ok_or_else(|| {
        UserError::new(
            "Say which reminder by its number in the list: /docket remind cancel 1. /docket remind list has them.",
        )
    })
}

fn set(text: &str, today: NaiveDate) -> Result<RemindWish, UserError> {
    let text = bare(after(text, "me").unwrap_or(text));
    let (task, text) = task(text, today);
    let (at, words) = timed(text, today)?;
    let words = bare(&words);
    let (task, words) = match (task, code(words)) {
        // `in 2 hours about AUTH-3`
        (None, Some((task, rest))) => (Some(task), bare(rest)),
        (task, _) => (task, words),
    };
    if task.is_none() && words.is_empty() {
        let words = "Say what to remind you of: a task, words, or both. For example: /docket remind AUTH-3 tomorrow 10:00 look at the logs";
        return Err(UserError::new(words));
    }
    Ok(RemindWish::Set { task, at, words: words.to_owned() })
}

/// The text without words in front that mean nothing.
fn bare(text: &str) -> &str {
    let text = text.trim_start_matches([',', ':', ' ']);
    after_any(text, FILLER).unwrap_or(text)
}

/// The code of a task in front, and what follows.
fn code(text: &str) -> Option<(TaskName, &str)> {
    let (word, rest) = first_word(text);
    let code: TaskCode = word.trim_end_matches([',', ':']).parse().ok()?;
    Some((TaskName::Code(code.to_string()), rest))
}

/// The task in front, where there is one, and what follows. `24 Dec` begins with a number that is none.
fn task(text: &str, today: NaiveDate) -> (Option<TaskName>, &str) {
    if let Some((task, rest)) = code(text) {
        return (Some(task), rest);
    }
    let (word, rest) = first_word(text);
    match TaskName::parse(word) {
        Some(task) if when::moment(text, today).is_err() => (Some(task), rest),
        _ => (None, text),
    }
}

/// The moment in front or at the end, and the other words.
fn timed(text: &str, today: NaiveDate) -> Result<(Moment, String), UserError> {
    let wrong = match when::moment(text, today) {
        Ok(read) => return Ok(read),
        Err(wrong) => wrong,
    };
    // `to call Ben in 2 hours`: the longest moment that ends the line.
    let ends = text.char_indices().filter(|(_, c)| c.is_whitespace()).map(|(start, _)| text.split_at(start));
    let read = ends.filter_map(|(words, end)| match when::moment(end, today) {
        Ok((at, rest)) if rest.is_empty() => Some((at, words.trim().to_owned())),
        _ => None,
    });
    read.into_iter().next().ok_or(wrong)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::intent::test_day;

    fn set(task: Option<&str>, at: Moment, words: &str) -> Intent {
        Intent::Remind(RemindWish::Set { task: task.and_then(TaskName::parse), at, words: words.to_owned() })
    }

    fn on(shown: &str) -> Moment {
        Moment::On(shown.parse().unwrap())
    }

    #[test]
    fn a_task_a_moment_and_words_are_read_in_the_orders_people_say_them() {
        let two_hours = Moment::In(Duration::from_hours(2));
        let tomorrow = on("2026-11-21T10:00:00");
        for (text, expected) in [
            ("", Intent::Reminders),
            ("List", Intent::Reminders),
            ("cancel 2", Intent::Remind(RemindWish::Cancel(2))),
            ("remove #1", Intent::Remind(RemindWish::Cancel(1))),
            ("AUTH-3 tomorrow 10:00 look at the logs", set(Some("AUTH-3"), tomorrow, "look at the logs")),
            ("me about AUTH-3 tomorrow at 10:00", set(Some("AUTH-3"), tomorrow, "")),
            ("me tomorrow 10:00 about auth-3: look at it", set(Some("AUTH-3"), tomorrow, "look at it")),
            ("3 tomorrow 10:00", set(Some("3"), tomorrow, "")),
            ("24 Dec 15:00 to buy a tree", set(None, on("2026-12-24T15:00:00"), "buy a tree")),
            ("me in 2 hours to call Ben", set(None, two_hours, "call Ben")),
            ("me to call Ben in 2 hours", set(None, two_hours, "call Ben")),
            ("me to look at 3 pages tomorrow 10:00", set(None, tomorrow, "look at 3 pages")),
        ] {
            assert_eq!(remind(text, test_day()), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_answered_with_an_example() {
        for (text, words) in [
            ("cancel", "/docket remind cancel 1"),
            ("cancel 0", "/docket remind cancel 1"),
            ("tomorrow 10:00", "Say what to remind you of"),
            ("AUTH-3", "Say tomorrow 10:00"),
            ("me to call Ben", "as a moment. Say tomorrow 10:00"),
            ("AUTH-3 tomorrow 25:00", "Say 9:30"),
        ] {
            let told = remind(text, test_day()).unwrap_err().0;
            assert!(told.contains(words), "{text}: {told}");
        }
    }
}
