//! What a model said, brought to the JSON in it.

/// The JSON document in an answer: without a byte order mark, a fence of Markdown around it, or words before and after.
/// The whole answer where there is no document in it.
pub(super) fn json_in(text: &str) -> &str {
    let text = text.trim_start_matches('\u{feff}').trim();
    let opens = text.char_indices().filter(|(_, c)| matches!(c, '{' | '[')).take(LOOKS);
    let documents = opens.filter_map(|(start, _)| document(&text[start..]));
    // Words before it may hold a bracket themselves, `[1]` or `{}`: the longest document is what was meant.
    documents.max_by_key(|document| document.len()).unwrap_or(text)
}

/// Brackets in an answer at which a document is looked for.
const LOOKS: usize = 200;

/// The document that starts here, if there is one.
fn document(text: &str) -> Option<&str> {
    let mut documents = serde_json::Deserializer::from_str(text).into_iter::<serde::de::IgnoredAny>();
    documents.next()?.ok()?;
    Some(&text[..documents.byte_offset()])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PLAN: &str = r#"{"title": "a } b", "tasks": [{"why": "```json {\"x\": 1} ```"}]}"#;

    #[test]
    fn the_document_is_found_whatever_stands_around_it() {
        for around in [
            "{}",
            "\u{feff}{}",
            "  \n{}\n",
            "```json\n{}\n```",
            "```\n{}\n```",
            "Here is the plan [1] you asked for {see}:\n\n```json\n{}\n```\nLet me know!",
            "{} I hope that { helps",
            "<think>maybe {\"a\": 1}?</think>{}",
        ] {
            let answer = around.replacen("{}", PLAN, 1);
            assert_eq!(json_in(&answer), PLAN, "{around}");
        }
        assert_eq!(json_in("[1, 2]"), "[1, 2]");
        for none in ["", "no", "{\"title\": \"cut o", "{ not json }"] {
            assert_eq!(json_in(none), none);
        }
    }

    proptest! {
        #[test]
        fn any_answer_is_survived(text: String) {
            let found = json_in(&text);
            prop_assert!(text.contains(found));
        }
    }
}
