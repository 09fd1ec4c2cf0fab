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

/// Words as they are remembered and recognised: in lower case, single blanks, without punctuation at the ends.
/// `None` where nothing is left, or too much to be said the same way twice.
pub fn phrase(words: &str) -> Option<String> {
    let lower = words.to_lowercase();
    let plain = lower.split_whitespace().collect::<Vec<_>>().join(" ");
    let phrase = plain.trim_matches(|c: char| c.is_whitespace() || c.is_ascii_punctuation()).to_owned();
    let length = phrase.chars().count();
    (1..=MAX_PHRASE).contains(&length).then_some(phrase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_words_are_one_phrase_however_they_are_written() {
        for said in ["How's it looking?", "  how's  it\nlooking ", "HOW'S IT LOOKING!!"] {
            assert_eq!(phrase(said).as_deref(), Some("how's it looking"), "{said}");
        }
        assert_eq!(phrase(" ?! "), None);
        assert_eq!(phrase(&"x".repeat(MAX_PHRASE + 1)), None);
    }
}
