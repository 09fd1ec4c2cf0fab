//! A secret as it is stored: encrypted for its tenant and its purpose, and never shown.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::token::PREFIX;

/// An encrypted secret: opaque text, safe to store and useless without the master key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(pub String);

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed")
    }
}

/// The SHA-256 of a token, in hexadecimal: all of a token that is stored. Whoever reads it can't make the token of it,
/// and a look-up by it takes the same time however much of a guessed token is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hashed(pub String);

/// What stands in place of a key that somebody typed where it does not belong.
pub const MASK: &str = "•••";

/// How the keys of well-known providers start: OpenAI, Anthropic and others, xAI, Google, Groq, Hugging Face, NVIDIA,
/// Perplexity.
const PREFIXES: [&str; 7] = ["sk-", "xai-", "AIza", "gsk_", "hf_", "nvapi-", "pplx-"];

/// Signs that follow such a start at least.
const AFTER_PREFIX: usize = 6;

/// Signs that follow such a start in a whole key at least: real ones have 30 and more.
const WHOLE_KEY: usize = 16;

/// Letters and digits in a row from which on they are taken for a key whatever they start with.
const TOKEN: usize = 32;

/// The text with every word that looks like a provider's key replaced by [`MASK`]; `None` where no word does.
pub fn mask_keys(text: &str) -> Option<String> {
    let suspect = |word: &&str| has_known_prefix(word) || has_token(word);
    if !text.split_whitespace().any(|word| suspect(&word)) {
        return None;
    }
    let masked = |word| if suspect(&word) { MASK } else { word };
    Some(text.split(char::is_whitespace).map(masked).collect::<Vec<_>>().join(" "))
}

/// Signs that follow the start of a token of our own at least: it has 43.
const WHOLE_TOKEN: usize = 40;

/// Whether a key of a well-known provider, or a token of ours, stands in the text.
pub fn has_known_prefix(text: &str) -> bool {
    PREFIXES.iter().any(|prefix| after(prefix, text).any(|rest| rest.len() >= AFTER_PREFIX)) || holds_token(text)
}

/// Whether a whole key of a well-known provider, or a token of ours, stands in a text that has no business with keys: long
/// enough, and with a digit, so that no word is taken for one.
pub fn holds_key(text: &str) -> bool {
    let is_whole = |rest: &str| rest.len() >= WHOLE_KEY && rest.contains(|c: char| c.is_ascii_digit());
    PREFIXES.iter().any(|prefix| after(prefix, text).any(is_whole)) || holds_token(text)
}

/// Whether a token of the API stands in the text. Much else begins as they do.
fn holds_token(text: &str) -> bool {
    after(PREFIX, text).any(|rest| rest.len() >= WHOLE_TOKEN)
}

/// What keys could be made of behind each beginning of a word with `prefix`.
fn after<'a>(prefix: &'a str, text: &'a str) -> impl Iterator<Item = &'a str> {
    text.match_indices(prefix).filter(|(at, _)| !text[..*at].ends_with(char::is_alphanumeric)).map(|(at, prefix)| {
        let rest = &text[at + prefix.len()..];
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "-_".contains(c)));
        end.map_or(rest, |end| &rest[..end])
    })
}

/// A line without what looks like a key in it; `None` for any other text.
///
/// In a `models` command anything like a key is taken for one, and everywhere what is called one. Else only what can be
/// nothing else, because a commit in a goal, for example, is nobody's secret.
pub fn without_keys(text: &str) -> Option<String> {
    let mut words = text.split_whitespace().map(|word| word.trim_matches(['/', '@', ':', ',']).to_lowercase());
    // `model` is what a hurried hand makes of it.
    let is_models = words.find(|word| word != "docket").is_some_and(|word| word.starts_with("model"));
    (is_models || holds_key(text) || holds_named_key(text)).then(|| mask_keys(text)).flatten()
}

/// Whether something like a key follows the word `key` or `token`, at once or after one word: `key=…`, `the key is …`.
fn holds_named_key(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    let names_it = |word: &&str| {
        let last = word.trim_end_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        last.ends_with("key") || last.ends_with("token")
    };
    let is_named = |at: usize| {
        let (before, own) = (&words[at.saturating_sub(2)..at], words[at].split(['=', ':']).next());
        before.iter().any(names_it) || own.is_some_and(|own| own != words[at] && names_it(&own))
    };
    (0..words.len()).any(|at| has_token(words[at]) && is_named(at))
}

/// Whether so many letters and digits stand in a row that nobody would type them as a name.
fn has_token(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric()).any(|run| {
        let has = |kind: fn(&char) -> bool| run.chars().any(|c| kind(&c));
        run.len() >= TOKEN && has(char::is_ascii_digit) && has(char::is_ascii_alphabetic)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_looks_like_a_key_is_masked_and_names_of_models_are_not() {
        let token = "0123456789abcdef0123456789ABCDEF";
        for (text, expected) in [
            ("models add openai sk-proj-abc123", "models add openai •••"),
            ("models add\nkey=xai-1234567 now", "models add ••• now"),
            ("models AIzaSyA-1234567", "models •••"),
            ("models \"gsk_abcdefgh\"", "models •••"),
            ("models sk-abcdef/with+tail==", "models •••"),
            (&format!("models add {token}"), "models add •••"),
            (&format!("models https://x.example/?k={token}"), "models •••"),
        ] {
            assert_eq!(mask_keys(text).as_deref(), Some(expected), "{text}");
        }
        for harmless in [
            "models default openai/gpt-5-mini-2026-01-01",
            "models test router/meta-llama/Llama-4-Maverick-17B-128E-Instruct-FP8",
            "models task-management-and-more",
            "models sk-",
            "models abcdefghijklmnopqrstuvwxyzabcdefghij",
            "models 01234567890123456789012345678901234",
            "models",
            "",
        ] {
            assert_eq!(mask_keys(harmless), None, "{harmless}");
        }
    }
    #[test]
    fn a_key_is_known_in_any_text_and_words_are_none() {
        for text in ["plan use sk-proj-Zq7xT4nB9wKe2Lm5", "key:xai-0123456789abcdefgh", "(AIzaSyA0123456789abcdef)"] {
            assert!(holds_key(text), "{text}");
        }
        for text in ["plan sk-learn upgrade", "task-0123456789abcdefgh", "sk-this-is-a-long-name-without-digits", ""] {
            assert!(!holds_key(text), "{text}");
        }
    }

    #[test]
    fn a_line_loses_its_keys_wherever_they_stand_and_a_commit_is_none() {
        let (key, token) = ("sk-proj-Zq7xT4nB9wKe2Lm5", "0123456789abcdef0123456789abcdef");
        for text in [
            format!("connect openai {key}"),
            format!("OPENAI_API_KEY={key}"),
            format!("please models add openai {key}"),
            format!("/docket models add x {token}"),
            format!("/models add x {token}"),
            format!("@docket: model {token}"),
            format!("here is our key {token}"),
            format!("the key is: {token}"),
            format!("API_KEY={token}"),
            format!("token:{token}"),
            "use hf_abcdefgh12345678".to_owned(),
            format!("plan a job with docket_{token}-abcdefghij"),
        ] {
            let kept = without_keys(&text).unwrap_or_else(|| panic!("{text}"));
            assert!(kept.contains(MASK) && !kept.contains(key) && !kept.contains(token), "{kept}");
        }
        for text in [
            format!("plan revert {token}"),
            format!("edit look at {token} before the launch"),
            "plan a key rotation".to_owned(),
            "edit watch docket_deliveries_total and docket_llm_tokens_total".to_owned(),
            "models use route openai/gpt-5".to_owned(),
            String::new(),
        ] {
            assert_eq!(without_keys(&text), None, "{text}");
        }
    }
}
