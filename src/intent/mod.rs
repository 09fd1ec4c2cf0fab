//! STEP 2: what people type becomes an [`Intent`].
//!
//! [`command`] is the one declared grammar, [`phrase`] understands everyday sentences without a model, [`wish`] reads
//! the sentences of an `edit`, [`when`] when something is to happen, and [`place`] finds out which project is meant. All of it is pure. Text from Slack goes
//! through [`text::from_slack`] once, in Slack's adapter; everything here reads its result.

mod args;
mod availability;
pub mod classify;
pub mod command;
pub mod draft;
mod github;
pub mod help;
mod issue;
mod models;
pub mod phrase;
pub mod place;
mod policy;
mod privacy;
mod remind;
mod roles;
mod standup;
mod table;
pub mod text;
mod track;
pub mod value;
pub mod when;
pub mod wish;

use chrono::NaiveDate;

use crate::{
    domain::{
        event::{Action, Event},
        intent::{Intent, ModelsWish},
    },
    error::UserError,
};

/// What a line was understood as, without a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// This, for certain.
    Meant(Intent),
    /// A command that is not used as it should be: what to say to that.
    Wrong(UserError),
    /// Perhaps something that a model understands; what to say where none is connected.
    Unknown(UserError),
}

/// Words up to which a line that begins as a command does is a slip rather than a sentence.
const SLIP: usize = 4;

/// Commands that are never guessed at: they decide, or set something.
const EXACT: &[&str] = &[
    "archive", "approve", "reject", "object", "withdraw", "undo", "rebase", "renew", "role", "policy", "models",
    "routes", "privacy", "forget", "stats", "link", "unlink", "github", "hours", "away", "holidays", "standup",
    "weekly", "process", "track", "draft", "remind",
];

/// Reads words addressed to Docket without a slash: a mention, a direct message, a line in the console.
/// An exact command wins over a phrase; what is neither gets an honest answer with examples.
pub fn words(text: &str, today: NaiveDate) -> Reading {
    if text.trim_start().starts_with('/') {
        return typed(text, today);
    }
    match (command::exact(text, today), phrase::parse(text, today)) {
        (Ok(Some(intent)), _) | (_, Some(intent)) => Reading::Meant(intent),
        // `done AUTH-99x` in so many words: the usage line helps more than three examples.
        (Err(problem), None) if is_slip(text) => Reading::Wrong(problem),
        _ => Reading::Unknown(phrase::not_understood(text)),
    }
}

/// Reads what was typed after `/docket`: a command, or else words.
pub fn typed(text: &str, today: NaiveDate) -> Reading {
    match command::parse(text, today) {
        Ok(intent) => Reading::Meant(intent),
        Err(problem) if is_slip(text) => Reading::Wrong(problem),
        Err(problem) => Reading::Unknown(problem),
    }
}

/// Whether a line that can't be read is a command used wrongly, and no sentence.
fn is_slip(text: &str) -> bool {
    if text.chars().count() > command::MAX_TEXT {
        return true;
    }
    let plain = text::tidy(text);
    let (_, line) = place::scope(command::strip_name(&plain).unwrap_or(&plain));
    let first = line.split_whitespace().next().unwrap_or_default().trim_start_matches('/').to_lowercase();
    let is_short = line.split_whitespace().count() <= SLIP;
    match command::Command::find(&first) {
        Some(command) => is_short || EXACT.contains(&command.name),
        None => is_short && place::did_you_mean(&first, command::COMMANDS.iter().map(|command| command.name)).is_some(),
    }
}

/// Whether this may take as long as a model thinks.
///
/// What is said in one conversation is handled in its order, so that a second wish builds on the first. But a decision
/// or a status change never waits for somebody else's draft: those that may take long have an order of their own.
pub fn may_take_long(event: &Event) -> bool {
    // Which day it is decides what a date means, never which command it is.
    let day = NaiveDate::default();
    let reading = match event {
        Event::Command(line) | Event::Chosen { line, .. } => typed(line, day),
        Event::Words(said) | Event::Reply(said) => words(said, day),
        Event::Click(click) => return click.action == Action::RequestChanges,
        Event::Stop { .. } | Event::Account(_) | Event::Removed { .. } | Event::Tracker(_) | Event::Nothing => {
            return false;
        }
    };
    match reading {
        Reading::Meant(intent) => matches!(
            intent,
            Intent::Plan(_)
                | Intent::Break { .. }
                | Intent::Edit(_)
                | Intent::Template(_)
                | Intent::SetModels(ModelsWish::Test(_))
        ),
        Reading::Wrong(_) => false,
        Reading::Unknown(_) => true,
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
        let meant = |intent| Reading::Meant(intent);
        let told = |text: &str| match words(text, test_day()) {
            Reading::Wrong(told) | Reading::Unknown(told) => told.0,
            Reading::Meant(intent) => panic!("{text}: {intent:?}"),
        };
        assert_eq!(read("next"), meant(Intent::Next(None)));
        assert_eq!(read("what's next?"), meant(Intent::Next(None)));
        assert_eq!(read("/docket list"), meant(Intent::List));
        assert_eq!(
            read("break AUTH-2 down"),
            meant(Intent::Break { task: TaskName::Code("AUTH-2".into()), focus: None })
        );
        assert!(told("done AUTH-x").contains("Usage: /docket done <task>"));
        assert!(told("next time we should really talk about this").contains("I don't understand"));
        assert!(told("I think AUTH-3 is done but not really").contains("I don't understand"));
    }
    #[test]
    fn a_slip_is_corrected_and_a_sentence_may_still_mean_something() {
        let typed = |text: &str| typed(text, test_day());
        for slip in [
            "plna a login page",
            "done",
            "done AUTH-x",
            "approve the last one please now",
            &"x ".repeat(command::MAX_TEXT),
        ] {
            assert!(matches!(typed(slip), Reading::Wrong(_)), "{slip}: {:?}", typed(slip));
        }
        for sentence in [
            "we need somebody who looks at the invoices",
            "show me what is going on with the login",
            "lösche alles bitte jetzt",
            "ログインページの計画を作ってください",
            "make it nicer",
        ] {
            assert!(matches!(typed(sentence), Reading::Unknown(_)), "{sentence}: {:?}", typed(sentence));
        }
    }
    #[test]
    fn a_decision_never_waits_for_a_draft() {
        let command = |line: &str| may_take_long(&Event::Command(line.to_owned()));
        for long in [
            "plan a login page",
            "break AUTH-3",
            "edit drop the last one",
            "models test openai",
            "we need somebody for the invoices",
        ] {
            assert!(command(long), "{long}");
        }
        for quick in [
            "approve P-4",
            "done AUTH-3",
            "due AUTH-3 tomorrow",
            "undo P-4",
            "models budget 1m",
            "routes forget 1",
            "done",
            "next",
        ] {
            assert!(!command(quick), "{quick}");
        }
        assert!(may_take_long(&Event::Words("hm, what about the invoices of last year".to_owned())));
        assert!(!may_take_long(&Event::Words("AUTH-3 is done".to_owned())));
        assert!(!may_take_long(&Event::Nothing));
    }
}
