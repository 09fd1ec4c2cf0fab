//! What words were chosen to mean, in one channel.

use serde::{Deserialize, Serialize};

use super::{ids::MemberId, time::Timestamp};

/// The longest phrase that is remembered, in characters.
pub const MAX_PHRASE: usize = 200;

/// A choice that is remembered for a channel: the same words mean the same command from then on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The words, as a [`phrase`].
    pub phrase: String,
    /// The command they mean, without `/docket`.
    pub line: String,
    /// Who chose.
    pub by: MemberId,
    /// When.
    pub at: Timestamp,
}

/// Words as they are remembered and recognised: letters and digits in lower case with single blanks between them. An
/// apostrophe inside a word stays. `None` where nothing is left, or too much to be said the same way twice.
pub fn phrase(words: &str) -> Option<String> {
    let plain: String = words
        .to_lowercase()
        .chars()
        .map(|c| if APOSTROPHES.contains(&c) { '\'' } else { c })
        .map(unless_sign)
        .collect();
    let words = plain.split_whitespace().map(|word| word.trim_matches('\'')).filter(|word| !word.is_empty());
    let phrase = words.collect::<Vec<_>>().join(" ");
    let length = phrase.chars().count();
    (1..=MAX_PHRASE).contains(&length).then_some(phrase)
}

/// What people and their keyboards type for an apostrophe.
const APOSTROPHES: [char; 3] = ['\'', '\u{2018}', '\u{2019}'];

/// A blank in place of a punctuation mark: of ASCII, of Latin, of any script, of East Asia.
const fn unless_sign(c: char) -> char {
    let is_sign = c.is_ascii_punctuation()
        || matches!(c, '\u{a1}' | '\u{a7}' | '\u{ab}' | '\u{b6}' | '\u{b7}' | '\u{bb}' | '\u{bf}')
        || matches!(c, '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205e}')
        || matches!(c, '\u{3001}'..='\u{3003}' | '\u{3008}'..='\u{3011}' | '\u{3014}'..='\u{301f}')
        || matches!(c, '\u{ff01}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff20}' | '\u{ff3b}'..='\u{ff40}' | '\u{ff5b}'..='\u{ff65}');
    if is_sign && c != '\'' { ' ' } else { c }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_words_are_one_phrase_however_they_are_written() {
        for said in ["How's it looking?", "  how's  it\nlooking ", "HOW'S IT LOOKING!!"] {
            assert_eq!(phrase(said).as_deref(), Some("how's it looking"), "{said}");
        }
        let greeting = "hello there what is going on";
        for said in
            ["Hello there, what is going on?", "hello there what is going on", "“Hello there” - what is going on…"]
        {
            assert_eq!(phrase(said).as_deref(), Some(greeting), "{said}");
        }
        for (said, expected) in [
            ("how’s 'it' looking", "how's it looking"),
            ("進捗は、どうですか？", "進捗は どうですか"),
            ("काम कैसा चल रहा है", "काम कैसा चल रहा है"),
            ("🚀 when?", "🚀 when"),
            ("AUTH-3: what now", "auth 3 what now"),
        ] {
            assert_eq!(phrase(said).as_deref(), Some(expected), "{said}");
            assert_eq!(phrase(expected).as_deref(), Some(expected), "once more");
        }
        assert_eq!(phrase(" ?! "), None);
        assert_eq!(phrase(" ' ’ "), None);
        assert_eq!(phrase(&"x".repeat(MAX_PHRASE + 1)), None);
    }
}
