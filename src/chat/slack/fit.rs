//! Measures of Slack: how long a text is, how heavy a block is, and cutting to them.

use serde::Serialize;
use serde_json::Value;
use unicode_segmentation::UnicodeSegmentation;

/// A text's length as Slack counts it, in UTF-16 units: never less than its characters.
pub(super) fn units(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// The text, or as much of it as fits into `most` units with an ellipsis, never cut inside what a reader sees as one
/// character unless that alone is too long.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.len() <= most || units(text) <= most {
        return text.to_owned();
    }
    let room = most.saturating_sub(1);
    let mut kept = take(text.graphemes(true), room);
    if kept.is_empty() {
        let mut buffer = [0; 4];
        for c in text.chars() {
            if units(&kept) + c.len_utf16() > room {
                break;
            }
            kept.push_str(c.encode_utf8(&mut buffer));
        }
    }
    format!("{}…", kept.trim_end())
}

fn take<'a>(pieces: impl Iterator<Item = &'a str>, room: usize) -> String {
    let mut kept = String::new();
    let mut used = 0;
    for piece in pieces {
        used += units(piece);
        if used > room {
            break;
        }
        kept.push_str(piece);
    }
    kept
}

/// The text without what could change how its neighbours are read: control characters but line breaks, and the
/// marks that override the direction of everything after them.
pub(super) fn clean(text: &str) -> String {
    let harmful = |c: char| {
        (c.is_control() && c != '\n') || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
    };
    text.replace("\r\n", "\n").replace('\t', " ").chars().filter(|c| !harmful(*c)).collect()
}

/// The text, set apart from its neighbours where any of it reads from right to left: without that, a name in Hebrew turns
/// the line around that it begins. Text of several lines has no neighbours.
pub(super) fn apart(text: String) -> String {
    let is_leftward = |c: char| {
        matches!(c, '\u{590}'..='\u{8FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFC}'
            | '\u{10800}'..='\u{10FFF}' | '\u{1E800}'..='\u{1EFFF}')
    };
    if text.contains('\n') || !text.chars().any(is_leftward) {
        return text;
    }
    format!("\u{2068}{text}\u{2069}")
}

/// The text on one line, without what [`clean`] removes.
pub(super) fn one_line(text: &str) -> String {
    clean(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What a block weighs against Slack's limit of about 13,200 characters of JSON per message. Counted at its heaviest:
/// with every character outside ASCII escaped, and a space after each comma and colon.
pub(super) fn weight(block: &impl Serialize) -> usize {
    serde_json::to_value(block).map_or(usize::MAX / 1024, |value| weigh(&value))
}

fn weigh(value: &Value) -> usize {
    match value {
        Value::String(text) => weigh_text(text),
        Value::Array(items) => 2 + items.iter().map(|item| weigh(item) + 2).sum::<usize>(),
        Value::Object(fields) => 2 + fields.iter().map(|(k, v)| weigh_text(k) + weigh(v) + 4).sum::<usize>(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string().len(),
    }
}

fn weigh_text(text: &str) -> usize {
    let escaped = |c: char| match c {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        ' '..='~' => 1,
        _ => 6 * c.len_utf16(),
    };
    2 + text.chars().map(escaped).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_text_is_cut_between_what_a_reader_sees_as_characters() {
        for (text, most, expected) in [
            ("Login", 5, "Login"),
            ("Login page", 6, "Login…"),
            ("a👩‍👩‍👧b", 9, "a…"),
            ("a👩‍👩‍👧b", 10, "a👩‍👩‍👧b"),
            ("e\u{301}e\u{301}", 3, "e\u{301}…"),
            ("👩‍👩‍👧", 3, "👩…"),
            ("", 0, ""),
        ] {
            assert_eq!(cut(text, most), expected, "{text} at {most}");
        }
    }

    #[test]
    fn what_reorders_or_hides_its_neighbours_is_removed() {
        assert_eq!(clean("a\u{202E}b\0c\u{7}\nd"), "abc\nd");
        assert_eq!(one_line("  a\n\tb\r\n c "), "a b c");
        assert_eq!(clean("שלום"), "שלום", "right-to-left text itself stays");
    }

    #[test]
    fn what_reads_from_right_to_left_keeps_to_itself() {
        assert_eq!(apart("שרה".to_owned()), "\u{2068}שרה\u{2069}");
        for text in ["Ana", "first\nשרה"] {
            assert_eq!(apart(text.to_owned()), text);
        }
    }

    #[test]
    fn weight_is_that_of_the_escaped_json() {
        // json.dumps(["é", {"a": 1}]) is ["\u00e9", {"a": 1}], 22 characters.
        assert_eq!(weight(&json!(["é", {"a": 1}])), 2 + (8 + 2) + (2 + 3 + 1 + 4 + 2));
        assert_eq!(weigh_text("😀"), 14);
    }

    proptest! {
        #[test]
        fn a_cut_text_fits(text: String, most in 1..50_usize) {
            prop_assert!(units(&cut(&text, most)) <= most);
        }
    }
}
