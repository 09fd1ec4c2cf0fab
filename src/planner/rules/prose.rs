//! What somebody says in Markdown, without what they only show or repeat.

/// The text without code, quotes, comments and addresses, which name tasks without being about them. A place where
/// something was left out keeps words apart. Looks at each character a bounded number of times, whatever the text is.
pub(in crate::planner) fn prose(text: &str) -> String {
    said(text, without_addresses)
}

/// The addresses that somebody gives, in their order, where they do not only show or repeat them.
pub(in crate::planner) fn addresses(text: &str) -> Vec<String> {
    let said = said(text, |line, out| out.push_str(line));
    let pieces = said.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '<' | '>' | '|' | '"'));
    let addresses = pieces.filter(|piece| piece.starts_with("https://") || piece.starts_with("http://"));
    addresses.map(|address| address.trim_end_matches(['.', ',', ';', ':', '!', '?', '/']).to_owned()).collect()
}

/// The text without code, quotes and comments, each line as `line` puts it down.
fn said(text: &str, line_as: impl Fn(&str, &mut String)) -> String {
    let text = without_comments(text);
    let mut out = String::with_capacity(text.len());
    let mut fence: Option<&str> = None;
    for line in text.lines() {
        let start = line.trim_start();
        let mark = ["```", "~~~"].into_iter().find(|mark| start.starts_with(mark));
        match (fence, mark) {
            (None, Some(mark)) => fence = Some(mark),
            (Some(open), Some(mark)) if open == mark => fence = None,
            (Some(_), _) => {}
            (None, None) if start.starts_with('>') => {}
            (None, None) => {
                line_as(&without_spans(line), &mut out);
            }
        }
        out.push('\n');
    }
    out
}

/// The text without `<!-- … -->`; what is never closed goes to its end, as browsers see it.
fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("<!--") {
        out.push_str(before);
        out.push(' ');
        rest = after.split_once("-->").map_or("", |(_, rest)| rest);
    }
    out.push_str(rest);
    out
}

/// The line without what stands between backticks; one that has no other is a character like any other.
fn without_spans(line: &str) -> String {
    let parts: Vec<&str> = line.split('`').collect();
    let last = parts.len() - 1;
    let is_code = |at: usize| at % 2 == 1 && at < last;
    let said = parts.iter().enumerate().filter(|(at, _)| !is_code(*at)).map(|(_, part)| *part);
    said.collect::<Vec<_>>().join(" ` ")
}

/// Appends the line without addresses.
fn without_addresses(line: &str, out: &mut String) {
    for word in line.split_inclusive(char::is_whitespace) {
        match word.find("://") {
            Some(_) => out.push_str(" · "),
            None => out.push_str(word),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_as_they_are_given() {
        let text = "see https://x.test/a/pull/1, and (http://y.test/2/).\n> https://z.test\n`https://code.test`";
        assert_eq!(addresses(text), ["https://x.test/a/pull/1", "http://y.test/2"]);
    }

    #[test]
    fn what_is_only_shown_or_repeated_says_nothing() {
        for (text, expected) in [
            ("fixes AUTH-1", "fixes AUTH-1\n"),
            ("see `AUTH-1` and AUTH-2", "see  `  and AUTH-2\n"),
            ("a ` alone AUTH-1", "a  `  alone AUTH-1\n"),
            ("> fixes AUTH-1\nno", "\nno\n"),
            ("```\nfixes AUTH-1\n```\nyes", "\n\n\nyes\n"),
            ("~~~\n```\nAUTH-1\n~~~\nyes", "\n\n\n\nyes\n"),
            ("```\nnever closed AUTH-1", "\n\n"),
            ("a <!-- fixes AUTH-1 --> b", "a   b\n"),
            ("a <!-- fixes AUTH-1", "a  \n"),
            ("see https://x.test/AUTH-1 now", "see  · now\n"),
            ("[AUTH-1](https://x.test)", " · \n"),
        ] {
            assert_eq!(prose(text), expected, "{text}");
        }
    }
}
