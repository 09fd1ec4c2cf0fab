//! Text as people type it and as Slack sends it, brought into one plain form.

/// Undoes Slack's wire escapes (docs.slack.dev: messaging/formatting-message-text): mentions become `<@U123>`, channels
/// `#general`, links their label and address, `&amp; &lt; &gt;` the characters they stand for.
///
/// Call it once, on text that came from Slack; the result is what [`super::command::parse`] reads.
pub fn from_slack(text: &str) -> String {
    let groups = is_about_policy(text);
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['<', '&']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let (piece, used) = match rest.strip_prefix("<!subteam^").and_then(|group| group.split_once('>')) {
            Some((group, _)) if groups => {
                let id = group.split('|').next().unwrap_or(group);
                (format!("group {id}"), group.len() + "<!subteam^>".len())
            }
            _ if rest.starts_with('&') => entity(rest),
            _ => angle(rest),
        };
        out.push_str(&piece);
        rest = &rest[used..];
    }
    out.push_str(rest);
    out
}

/// Whether a line is a `policy` command, which means a mentioned user group itself; anywhere else it is only a name.
fn is_about_policy(text: &str) -> bool {
    let mut words = text.split_whitespace().filter(|word| !word.starts_with("<@") && !word.ends_with("docket"));
    words.next().is_some_and(|word| word.eq_ignore_ascii_case("policy") || word.eq_ignore_ascii_case("rules"))
}

/// The character of the entity that `rest` starts with, and its length.
fn entity(rest: &str) -> (String, usize) {
    for (name, plain) in [("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">")] {
        if rest.starts_with(name) {
            return (plain.to_owned(), name.len());
        }
    }
    ("&".to_owned(), 1)
}

/// What the `<…>` that `rest` starts with says, and its length.
fn angle(rest: &str) -> (String, usize) {
    let Some(end) = rest.find('>') else { return ("<".to_owned(), 1) };
    let inner = &rest[1..end];
    if inner.contains(['<', '\n']) {
        return ("<".to_owned(), 1);
    }
    let (target, label) = match inner.split_once('|') {
        Some((target, label)) => (target, Some(label).filter(|label| !label.is_empty())),
        None => (inner, None),
    };
    let said = match target.chars().next() {
        Some('@') => format!("<{target}>"),
        Some('#') => label.map_or_else(|| target.to_owned(), |label| format!("#{label}")),
        Some('!') => special(&target[1..], label),
        _ => link(target, label),
    };
    (unescape(&said), end + 1)
}

/// `<!here>`, `<!subteam^S1|@team>`, `<!date^…|yesterday>`: words that must not notify anybody again.
fn special(target: &str, label: Option<&str>) -> String {
    label.map_or_else(|| format!("@{}", target.split('^').next().unwrap_or(target)), str::to_owned)
}

/// A link by its label, with the address behind it unless the label already is the address.
fn link(target: &str, label: Option<&str>) -> String {
    let bare = target.trim_start_matches("https://").trim_start_matches("http://").trim_start_matches("mailto:");
    match label {
        None => target.to_owned(),
        Some(label) if label == target || label.trim_end_matches('/') == bare.trim_end_matches('/') => label.to_owned(),
        Some(label) => format!("{label} ({target})"),
    }
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// The plain form that the grammars read: no invisible characters, straight quotes, ordinary spaces,
/// hyphens in codes and dates, no code fence around the whole. Line breaks stay.
pub fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\n' => out.push('\n'),
            // Zero-width spaces and bidirectional overrides carry no meaning and hide what is typed.
            // The joiners U+200C and U+200D stay: Persian words and emoji families need them.
            '\u{200B}' | '\u{2060}' | '\u{FEFF}' | '\u{00AD}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => {}
            '“' | '”' | '„' | '«' | '»' | '″' => out.push('"'),
            '‘' | '’' | '‚' | '′' => out.push('\''),
            '\u{2010}' | '\u{2011}' | '\u{2212}' => out.push('-'),
            // Phones turn `AUTH-3` and `2026-12-24` into dashes; in prose a dash stays a dash.
            '–' | '—'
                if out.ends_with(|c: char| c.is_ascii_alphanumeric())
                    && chars.peek().is_some_and(char::is_ascii_digit) =>
            {
                out.push('-');
            }
            c if c.is_whitespace() => out.push(' '),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    unfence(out.trim()).trim().to_owned()
}

/// Takes away the backticks around the whole text, as people put around a command they quote.
fn unfence(text: &str) -> &str {
    for fence in ["```", "`"] {
        if let Some(inner) = text.strip_prefix(fence).and_then(|rest| rest.strip_suffix(fence))
            && !inner.contains('`')
        {
            return inner.trim();
        }
    }
    text
}

/// One line: every run of white space becomes one space.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The first word, and what follows it without blanks around it; empty where there is none.
pub fn first_word(text: &str) -> (&str, &str) {
    let text = text.trim();
    text.split_once(char::is_whitespace).map_or((text, ""), |(word, rest)| (word, rest.trim()))
}

/// Takes away one pair of quotes around the whole text.
pub fn unquote(text: &str) -> &str {
    let text = text.trim();
    for quote in ['"', '\'', '`'] {
        if let Some(inner) = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote))
            && !inner.is_empty()
            && !inner.contains(quote)
        {
            return inner.trim();
        }
    }
    text
}

/// What follows `start` at the beginning of `text`, in any case and only as whole words.
pub fn after<'a>(text: &'a str, start: &str) -> Option<&'a str> {
    let text = text.trim_start();
    let head = text.get(..start.len())?;
    let rest = &text[start.len()..];
    let whole = rest.chars().next().is_none_or(|c| !c.is_alphanumeric() && c != '-' && c != '\'');
    (head.eq_ignore_ascii_case(start) && whole).then(|| rest.trim_start())
}

/// What follows the first of `starts` that `text` begins with; put longer ones first.
pub fn after_any<'a>(text: &'a str, starts: &[&str]) -> Option<&'a str> {
    starts.iter().find_map(|start| after(text, start))
}

/// What stands before the last of `ends` that `text` finishes with, as whole words.
pub fn before_any<'a>(text: &'a str, ends: &[&str]) -> Option<&'a str> {
    let text = text.trim_end();
    ends.iter().find_map(|end| {
        let at = text.len().checked_sub(end.len())?;
        let tail = text.get(at..)?;
        let head = &text[..at];
        let whole = head.is_empty() || head.ends_with(|c: char| !c.is_alphanumeric());
        (tail.eq_ignore_ascii_case(end) && whole).then(|| head.trim_end())
    })
}

/// The places where ` word ` stands in `text` outside of double quotes, in any case, as byte ranges without the spaces.
pub fn places_of(text: &str, word: &str) -> Vec<std::ops::Range<usize>> {
    let lower = text.to_ascii_lowercase();
    let quoted = |at: usize| lower[..at].bytes().filter(|b| *b == b'"').count() % 2 == 1;
    let has_quotes = lower.contains('"');
    lower
        .match_indices(word)
        .map(|(at, found)| at..at + found.len())
        .filter(|place| {
            lower[..place.start].ends_with(char::is_whitespace) && lower[place.end..].starts_with(char::is_whitespace)
        })
        .filter(|place| !has_quotes || !quoted(place.start))
        .collect()
}

/// `text` around the first ` word ` outside of quotes.
pub fn split_first<'a>(text: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    places_of(text, word).first().map(|place| (text[..place.start].trim(), text[place.end..].trim()))
}

/// `text` around the last ` word ` outside of quotes.
pub fn split_last<'a>(text: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    places_of(text, word).last().map(|place| (text[..place.start].trim(), text[place.end..].trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slack_escapes_are_undone_once() {
        for (wire, plain) in [
            ("assign AUTH-3 <@U123|ana>", "assign AUTH-3 <@U123>"),
            ("<@U123>", "<@U123>"),
            ("see <#C1|general> and <#C2>", "see #general and #C2"),
            ("<https://x.test/a|the notes>", "the notes (https://x.test/a)"),
            ("<http://auth.com|auth.com>", "auth.com"),
            ("<https://x.test>", "https://x.test"),
            ("<mailto:a@b.test|a@b.test>", "a@b.test"),
            ("<!channel> <!here|here>", "@channel here"),
            ("<!subteam^S1|@devs>", "@devs"),
            ("R&amp;D &lt;b&gt; &amp;lt;", "R&D <b> &lt;"),
            ("a < b & c", "a < b & c"),
            ("&copy; <", "&copy; <"),
        ] {
            assert_eq!(from_slack(wire), plain, "{wire}");
        }
    }

    #[test]
    fn typing_aids_are_taken_back() {
        for (typed, plain) in [
            ("  add “docs” \u{200B}now ", "add \"docs\" now"),
            ("it’s\u{A0}done", "it's done"),
            ("AUTH–3 P—4 2026–12–24", "AUTH-3 P-4 2026-12-24"),
            ("Login — phase 2", "Login — phase 2"),
            ("```edit drop 2```", "edit drop 2"),
            ("`next`", "next"),
            ("\u{202E}evil\u{202C}", "evil"),
            ("👩\u{200D}🚀", "👩\u{200D}🚀"),
            ("a\tb\nc\u{7}", "a b\nc"),
        ] {
            assert_eq!(tidy(typed), plain, "{typed:?}");
        }
    }

    #[test]
    fn words_are_matched_whole_and_outside_of_quotes() {
        assert_eq!(after("Add a task", "add"), Some("a task"));
        assert_eq!(after("address it", "add"), None);
        assert_eq!(before_any("AUTH-3 is done", &["is done"]), Some("AUTH-3"));
        assert_eq!(before_any("this done", &["is done"]), None);
        assert_eq!(split_first("2 to \"a to b\" to c", "to"), Some(("2", "\"a to b\" to c")));
        assert_eq!(split_last("rename \"a to b\" to c", "to"), Some(("rename \"a to b\"", "c")));
        assert_eq!(unquote("\"Token service\""), "Token service");
        assert_eq!(unquote("\"a\" and \"b\""), "\"a\" and \"b\"");
    }
}
