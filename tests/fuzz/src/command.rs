//! The one grammar of commands.

use docket::{
    domain::intent::Intent,
    intent::{
        self, Reading,
        command::{self, COMMANDS},
        text,
    },
};

use super::{is_fit_to_be_said, today, typed};

/// A line as somebody typed it in Slack.
pub(crate) fn line(data: &[u8]) {
    let line = text::from_slack(&typed(data));
    for reading in [intent::typed(&line, today()), intent::words(&line, today())] {
        if let Reading::Wrong(problem) | Reading::Unknown(problem) = reading {
            is_fit_to_be_said(&problem.0);
        }
    }
    let exact = command::exact(&line, today());
    // What is tidied once is tidy, and says the same.
    let tidy = text::tidy(&line);
    assert!(tidy.chars().count() <= line.chars().count());
    match &exact {
        Ok(Some(intent)) => {
            assert_eq!(command::parse(&line, today()).as_ref(), Ok(intent), "a command is no phrase");
            let named = format!("/docket {tidy}");
            let is_named = ["/docket", "@docket", "docket"].iter().any(|name| text::after(&tidy, name).is_some());
            if !is_named && tidy.chars().count() < command::MAX_TEXT - 8 && !tidy.starts_with('`') {
                assert_eq!(command::exact(&named, today()), Ok(Some(intent.clone())), "with the name in front");
            }
            is_within(intent);
        }
        Ok(None) => {}
        Err(problem) => is_fit_to_be_said(&problem.0),
    }
    // Every command can be found by the word that a line begins with.
    let word = text::first_word(&tidy).0;
    let found = command::Command::find(word).map(|command| command.name);
    assert!(found.is_none_or(|name| COMMANDS.iter().any(|command| command.name == name)));
}

/// No more of a line is kept than the line had.
fn is_within(intent: &Intent) {
    let kept = format!("{intent:?}");
    assert!(kept.len() < 20 * command::MAX_TEXT, "{} bytes are kept", kept.len());
}
