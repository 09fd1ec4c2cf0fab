//! A message as a piece of a page. Everything a person wrote is escaped by the template.

use std::fmt;

use askama::Template;

use crate::domain::{
    event::Action,
    ids::PatchId,
    message::{Block, Button, ButtonStyle, Line, LineKind, Message, Press, Span},
    time::Timestamp,
};

/// Lines of a diff that a card shows before it points to the page with all of them.
pub const MOST_LINES: usize = 30;

/// A message, ready for a page.
#[derive(Template)]
#[template(path = "message.html", config = "src/web/askama.toml")]
pub struct Shown<'a> {
    message: &'a Message,
    scope: &'a str,
    header: Option<&'a str>,
    most_lines: usize,
    folded: bool,
}

/// An instant as a `<time>` element. The page turns it into the reader's own time zone; where it can't, it says UTC.
pub struct Moment<'a>(pub &'a Timestamp);

impl fmt::Display for Moment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.0.to_utc();
        write!(f, "<time datetime=\"{}\">{}</time>", at.format("%Y-%m-%dT%H:%M:%SZ"), at.format("%a %-d %b %H:%M UTC"))
    }
}

/// What a choosing button carries: both parts of the choice, which no text in them can blur.
fn choice(words: &str, line: &str) -> String {
    serde_json::json!({ "words": words, "line": line }).to_string()
}

/// A button that asks for words before it acts.
struct Question {
    action: Action,
    patch: PatchId,
    revision: u32,
    title: &'static str,
    label: &'static str,
    hint: &'static str,
    send: &'static str,
    required: bool,
}

impl<'a> Shown<'a> {
    /// Shows `message` on a page where no other message has this `scope`, a word for element ids.
    pub fn new(message: &'a Message, scope: &'a str) -> Self {
        Self { message, scope, header: None, most_lines: MOST_LINES, folded: false }
    }

    /// The same, with the header linked to a page of Docket.
    #[must_use]
    pub fn linked(mut self, path: &'a str) -> Self {
        self.header = Some(path);
        self
    }

    /// The same with every line of every list, however many.
    #[must_use]
    pub const fn whole(mut self) -> Self {
        self.most_lines = usize::MAX;
        self
    }

    /// The same with its lists closed until somebody opens them, for what is no longer in question.
    #[must_use]
    pub const fn folded(mut self) -> Self {
        self.folded = true;
        self
    }

    /// The lines to show, and how many are left out.
    fn first<'l>(&self, lines: &'l [Line], more: Option<&String>) -> (&'l [Line], usize) {
        match lines.split_at_checked(self.most_lines) {
            Some((shown, left)) if more.is_some() => (shown, left.len()),
            _ => (lines, 0),
        }
    }

    fn questions(&self) -> Vec<Question> {
        let buttons = self.message.blocks.iter().filter_map(|block| match block {
            Block::Buttons(buttons) => Some(buttons),
            _ => None,
        });
        buttons.flatten().filter_map(question).collect()
    }
}

fn question(button: &Button) -> Option<Question> {
    let Press::Patch { action, patch, revision } = button.press else { return None };
    let (title, label, hint, send, required) = match action {
        Action::Reject => {
            ("Reject this proposal?", "Why? The author sees your reason.", "Too big for this month", "Reject", false)
        }
        Action::Object => (
            "Object to this proposal?",
            "Why must it not apply by itself? Everybody sees your reason.",
            "The dates are not agreed with the customer",
            "Object",
            false,
        ),
        Action::RequestChanges => (
            "What should be different?",
            "Say it in your own words; a new version of the proposal takes this one's place.",
            "Combine the first two tasks, and add one for documentation",
            "Ask for changes",
            true,
        ),
        _ => return None,
    };
    Some(Question { action, patch, revision, title, label, hint, send, required })
}

/// The style class of a thing.
trait Class {
    fn class(self) -> &'static str;
}

impl Class for ButtonStyle {
    fn class(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Primary => "primary",
            Self::Danger => "danger",
        }
    }
}

impl Class for LineKind {
    fn class(self) -> &'static str {
        match self {
            Self::Plain => "same",
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Moved => "moved",
            Self::Removed => "removed",
        }
    }
}

/// What a screen reader says for a sign.
trait Spoken {
    fn spoken(self) -> &'static str;
}

impl Spoken for LineKind {
    fn spoken(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Added => "new: ",
            Self::Changed => "changes: ",
            Self::Moved => "moves: ",
            Self::Removed => "goes: ",
        }
    }
}

/// The address where a link may go: to the outside over http(s), or to a page of Docket. Anything
/// else, such as `javascript:`, is shown as text.
pub fn safe_url(url: &str) -> Option<&str> {
    let own_page = url.starts_with('/') && !url.starts_with("//") && !url.starts_with("/\\");
    let outside = ["https://", "http://"].iter().any(|scheme| {
        url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)) && url.len() > scheme.len()
    });
    let clean = !url.chars().any(|c| c.is_control() || c.is_whitespace());
    ((own_page || outside) && clean).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{chat::console::receive::Choice, clock::Chance};

    fn html(blocks: Vec<Block>) -> String {
        let message = Message { summary: "summary".to_owned(), blocks };
        Shown::new(&message, "s").render().unwrap()
    }

    #[test]
    fn what_people_wrote_stays_text() {
        let evil = "<script>alert(1)</script>\" onload='x' & \u{202e}abc 🎈";
        let spans = vec![
            Span::plain(evil),
            Span::Strong(evil.to_owned()),
            Span::Code(evil.to_owned()),
            Span::Struck(evil.to_owned()),
            Span::Link { text: evil.to_owned(), url: format!("https://example.com/{evil}") },
            Span::Link { text: evil.to_owned(), url: "/patches/P-1\"onclick=\"x".to_owned() },
            Span::Person { member: Chance::system().id(), name: evil.to_owned() },
        ];
        let button = Button::say(evil, evil);
        let patch = Chance::system().id();
        let page = html(vec![
            Block::Header(evil.to_owned()),
            Block::Text(spans.clone()),
            Block::Lines { lines: vec![Line::plain(spans.clone())], more: None },
            Block::Context(spans),
            Block::Choices { patch, options: vec![(0, evil.to_owned())] },
            Block::Buttons(vec![button]),
        ]);
        assert!(!page.contains("<script") && !page.contains("\" on") && !page.contains("\"on"), "{page}");
        assert!(page.contains("🎈") && page.contains("<bdi>"), "{page}");
    }

    #[test]
    fn a_link_goes_to_the_outside_or_to_a_page_and_nowhere_else() {
        for good in ["https://example.com/a?b=c", "HTTP://example.com", "/patches/P-41", "/projects/AUTH#task-3"] {
            assert_eq!(safe_url(good), Some(good));
        }
        for bad in [
            "javascript:alert(1)",
            "data:text/html,x",
            "//evil.example",
            "/\\evil.example",
            "https://",
            "x",
            "https://a\nb",
            "",
        ] {
            assert_eq!(safe_url(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_long_diff_is_cut_with_a_link_only_where_there_is_a_page() {
        let lines: Vec<_> =
            (0..MOST_LINES + 14).map(|n| Line::plain(vec![Span::plain(format!("line {n}."))])).collect();
        let cut = html(vec![Block::Lines { lines: lines.clone(), more: Some("/patches/P-41".to_owned()) }]);
        assert!(cut.contains("and 14 more") && cut.contains("line 29.") && !cut.contains("line 30."), "{cut}");
        let whole = html(vec![Block::Lines { lines, more: None }]);
        assert!(whole.contains("line 43.") && !whole.contains("more</a>"), "{whole}");
    }

    #[test]
    fn a_button_that_needs_words_asks_for_them() {
        let patch = Chance::system().id();
        let press = |action| Press::Patch { action, patch, revision: 3 };
        let page = html(vec![Block::Buttons(vec![
            Button { label: "Approve".to_owned(), style: ButtonStyle::Primary, press: press(Action::Approve) },
            Button { label: "Reject".to_owned(), style: ButtonStyle::Danger, press: press(Action::Reject) },
        ])]);
        assert!(page.contains(&format!("value=\"approve {patch} 3\"")), "{page}");
        assert!(page.contains("<dialog") && page.contains("Reject this proposal?"), "{page}");
    }

    #[test]
    fn a_choice_reads_back_whatever_is_in_it() {
        for words in ["how's it looking", "a \"b\"\nc", "<x>&amp;", "🎈\u{202e}"] {
            let read: Choice = serde_json::from_str(&choice(words, "plan a\nb")).unwrap();
            assert_eq!((read.words.as_str(), read.line.as_str()), (words, "plan a\nb"));
        }
        let press = Press::Choose { words: "a \"b\"".to_owned(), line: "show".to_owned() };
        let button = |press| Button { label: "x".to_owned(), style: ButtonStyle::Plain, press };
        let delivery = Chance::system().id();
        let page = html(vec![Block::Buttons(vec![button(press), button(Press::Stop(delivery))])]);
        assert!(page.contains("name=\"choose\"") && page.contains("formaction=\"/console/choose\""), "{page}");
        assert!(page.contains(&format!("name=\"stop\" value=\"{delivery}\"")), "{page}");
    }

    #[test]
    fn signs_are_seen_and_spoken_and_times_are_machine_readable() {
        let line = Line { kind: LineKind::Removed, depth: 2, spans: vec![Span::Time(Timestamp::from_millis(0))] };
        let page = html(vec![Block::Lines { lines: vec![line], more: None }]);
        assert!(page.contains("−") && page.contains("goes: ") && page.contains("depth-2"), "{page}");
        assert!(page.contains("datetime=\"1970-01-01T00:00:00Z\""), "{page}");
    }
}
