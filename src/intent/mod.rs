//! STEP 2: what people type becomes an [`Intent`].
//!
//! [`command`] is the one declared grammar, [`phrase`] understands everyday sentences without a model, [`wish`] reads
//! the sentences of an `edit`, and [`place`] finds out which project is meant. All of it is pure. Text from Slack goes
//! through [`text::from_slack`] once, in Slack's adapter; everything here reads its result.

mod args;
pub mod command;
pub mod help;
pub mod phrase;
pub mod place;
mod table;
pub mod text;
pub mod value;
pub mod wish;

use chrono::NaiveDate;

use crate::{domain::intent::Intent, error::UserError};

/// Reads words addressed to Docket without a slash: a mention, a direct message, a line in the console.
/// An exact command wins over a phrase; what is neither gets an honest answer with examples.
pub fn words(text: &str, today: NaiveDate) -> Result<Intent, UserError> {
    if text.trim_start().starts_with('/') {
        return command::parse(text, today);
    }
    match (command::exact(text, today), phrase::parse(text, today)) {
        (Ok(Some(intent)), _) | (_, Some(intent)) => Ok(intent),
        // `done AUTH-99x` in so many words: the usage line helps more than three examples.
        (Err(problem), None) if text.split_whitespace().count() <= 4 => Err(problem),
        _ => Err(phrase::not_understood(text)),
    }
}

#[cfg(test)]
pub(crate) fn test_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 20).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::intent::{Intent, TaskName};

    #[test]
    fn words_are_commands_first_then_phrases_then_answered_honestly() {
        let read = |text: &str| words(text, test_day());
        assert_eq!(read("next"), Ok(Intent::Next(None)));
        assert_eq!(read("what's next?"), Ok(Intent::Next(None)));
        assert_eq!(read("/docket list"), Ok(Intent::List));
        assert_eq!(read("break AUTH-2 down"), Ok(Intent::Break { task: TaskName::Code("AUTH-2".into()), focus: None }));
        assert!(read("done AUTH-x").unwrap_err().0.contains("Usage: /docket done <task>"));
        assert!(read("next time we should really talk about this").unwrap_err().0.contains("I don't understand"));
        assert!(read("I think AUTH-3 is done but not really").unwrap_err().0.contains("I don't understand"));
    }
}
