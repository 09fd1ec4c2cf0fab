//! Spans as typed pieces of text.

use serde_json::json;
use slack_morphism::prelude::*;

use super::{
    super::fit::{apart, clean, cut, units},
    literal,
};
use crate::domain::{
    message::{Span, plain},
    time::Timestamp,
};

/// The longest address that is still made a link; Slack takes 3,000 characters.
const URL: usize = 1_000;

/// How Slack shows an instant, in the reader's own time zone.
const TIME: &str = "{date_short_pretty} at {time}";

/// Elements in a context block.
const CONTEXT_ELEMENTS: usize = 10;

/// What a piece of text looks like.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    Plain,
    Strong,
    Code,
    Struck,
}

/// Pieces of rich text under construction: neighbours of one look become one element.
pub(super) struct Pieces<'a> {
    pages: Option<&'a str>,
    elements: Vec<SlackRichTextInlineElement>,
    open: Option<(Look, String)>,
}

impl<'a> Pieces<'a> {
    pub(super) fn new(pages: Option<&'a str>) -> Self {
        Self { pages, elements: Vec::new(), open: None }
    }

    /// Adds spans, up to `most` units of text altogether.
    pub(super) fn add(&mut self, spans: &[Span], most: usize) {
        let mut left = most;
        for span in spans {
            if left == 0 {
                break;
            }
            left = left.saturating_sub(self.add_span(span, left));
        }
    }

    /// Adds text of our own.
    pub(super) fn say(&mut self, text: &str) {
        self.text(Look::Plain, text);
    }

    pub(super) fn finish(mut self) -> Vec<SlackRichTextInlineElement> {
        self.close();
        self.elements
    }

    fn add_span(&mut self, span: &Span, most: usize) -> usize {
        let (look, text) = match span {
            Span::Plain(text) | Span::Person { name: text, .. } => (Look::Plain, text.as_str()),
            Span::Strong(text) => (Look::Strong, text.as_str()),
            Span::Code(text) => (Look::Code, text.as_str()),
            Span::Struck(text) => (Look::Struck, text.as_str()),
            Span::Link { text, url } => return self.link(text, url, most),
            Span::Mention { user, name } => return self.mention(user, name),
            Span::Channel { channel, .. } => return self.channel(channel),
            Span::Time(at) => return self.time(*at),
        };
        let text = apart(cut(&clean(text), most));
        self.text(look, &text);
        units(&text)
    }

    fn text(&mut self, look: Look, text: &str) {
        if text.is_empty() {
            return;
        }
        match &mut self.open {
            Some((open, before)) if *open == look => before.push_str(text),
            _ => {
                self.close();
                self.open = Some((look, text.to_owned()));
            }
        }
    }

    fn close(&mut self) {
        let Some((look, text)) = self.open.take() else { return };
        let style = match look {
            Look::Plain => None,
            Look::Strong => Some(SlackRichTextStyle::new().with_bold(true)),
            Look::Code => Some(SlackRichTextStyle::new().with_code(true)),
            Look::Struck => Some(SlackRichTextStyle::new().with_strike(true)),
        };
        self.elements.push(SlackRichTextText::new(text).opt_style(style).into());
    }

    fn link(&mut self, text: &str, url: &str, most: usize) -> usize {
        let text = apart(cut(&clean(text), most));
        let Some(url) = address(url, self.pages) else {
            self.text(Look::Plain, &text);
            return units(&text);
        };
        self.close();
        let shown = Some(text.clone()).filter(|text| !text.trim().is_empty());
        self.elements.push(SlackRichTextLink::new(url.into()).opt_text(shown).into());
        units(&text)
    }

    /// Notifies somebody, where that is how Slack names people.
    fn mention(&mut self, user: &str, name: &str) -> usize {
        if is_id(user) {
            self.close();
            self.elements.push(SlackRichTextInlineElement::Unknown(json!({ "type": "user", "user_id": user })));
        } else {
            self.text(Look::Plain, &clean(name));
        }
        units(name)
    }

    /// Names a channel, which Slack does as the reader knows it.
    fn channel(&mut self, channel: &str) -> usize {
        if is_id(channel) {
            self.close();
            self.elements
                .push(SlackRichTextInlineElement::Unknown(json!({ "type": "channel", "channel_id": channel })));
        } else {
            self.text(Look::Plain, &clean(channel));
        }
        units(channel)
    }

    fn time(&mut self, at: Timestamp) -> usize {
        let fallback = plain(&[Span::Time(at)]);
        match showable(at) {
            Some(seconds) => {
                self.close();
                let date = json!({ "type": "date", "timestamp": seconds, "format": TIME, "fallback": fallback });
                self.elements.push(SlackRichTextInlineElement::Unknown(date));
            }
            None => self.text(Look::Plain, &fallback),
        }
        units(&fallback)
    }
}

/// Whether that is how Slack names things.
fn is_id(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric())
}

/// One block of rich text, or none where there is nothing to show.
pub(super) fn rich(elements: Vec<SlackRichTextInlineElement>) -> Vec<SlackBlock> {
    if elements.is_empty() {
        return Vec::new();
    }
    vec![SlackRichTextBlock::new(vec![SlackRichTextSection::new(elements).into()]).into()]
}

/// A paragraph.
pub(super) fn paragraph(spans: &[Span], pages: Option<&str>, most: usize) -> Vec<SlackBlock> {
    if plain(spans).trim().is_empty() {
        return Vec::new();
    }
    let mut pieces = Pieces::new(pages);
    pieces.add(spans, most);
    rich(pieces.finish())
}

/// Small print, without links to pages that nobody can open. Slack knows only plain text and mrkdwn there: words are plain text, links, channels and times are mrkdwn.
pub(super) fn context(spans: &[Span], pages: Option<&str>, most: usize) -> Vec<SlackBlock> {
    let mut elements: Vec<Small> = Vec::new();
    let mut left = most;
    for span in spans {
        if pages.is_none() && matches!(span, Span::Link { url, .. } if url.starts_with('/')) {
            continue;
        }
        let words = cut(&clean(&plain(std::slice::from_ref(span))), left);
        left = left.saturating_sub(units(&words));
        let token = match span {
            Span::Link { url, .. } if !words.trim().is_empty() => {
                address(url, pages).map(|url| format!("<{}|{}>", quote(&url), label(&words)))
            }
            Span::Channel { channel, .. } if is_id(channel) => Some(format!("<#{channel}>")),
            Span::Time(at) => showable(*at).map(|seconds| format!("<!date^{seconds}^{TIME}|{}>", label(&words))),
            _ => None,
        };
        match (token, elements.last_mut()) {
            (Some(token), _) => elements.push(Small::Token(token)),
            (None, Some(Small::Words(before))) => before.push_str(&words),
            (None, _) => elements.push(Small::Words(words)),
        }
    }
    if elements.len() > CONTEXT_ELEMENTS {
        elements = vec![Small::Words(cut(&clean(&plain(spans)), most))];
    }
    let elements: Vec<SlackContextBlockElement> = elements.into_iter().filter_map(Small::finish).collect();
    if elements.is_empty() { Vec::new() } else { vec![SlackContextBlock::new(elements).into()] }
}

enum Small {
    Words(String),
    Token(String),
}

impl Small {
    fn finish(self) -> Option<SlackContextBlockElement> {
        match self {
            Self::Words(words) if words.trim().is_empty() => None,
            Self::Words(words) => Some(literal(words.trim()).into()),
            Self::Token(token) => Some(SlackBlockMarkDownText::new(token).into()),
        }
    }
}

/// Text in which Slack finds no mention and no link (docs.slack.dev, formatting-message-text).
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The label of a mrkdwn link: without the signs that would end it or style it.
fn label(text: &str) -> String {
    escape(&text.replace(['\n', '|', '*', '_', '~', '`'], " "))
}

fn quote(url: &str) -> String {
    url.replace('|', "%7C").replace('<', "%3C").replace('>', "%3E").replace('&', "&amp;")
}

/// Where a link goes: to a page of ours, where people can open those, or out over http. `None` for anything else.
fn address(url: &str, pages: Option<&str>) -> Option<String> {
    let url = if url.starts_with('/') { format!("{}{url}", pages?) } else { url.to_owned() };
    let safe = url.starts_with("https://") || url.starts_with("http://");
    let whole = url.len() <= URL && !url.chars().any(|c| c.is_whitespace() || c.is_control());
    (safe && whole).then_some(url)
}

/// The seconds of an instant that Slack can show: a time since 1970 and before the year 10,000.
fn showable(at: Timestamp) -> Option<i64> {
    Some(at.as_millis().div_euclid(1000)).filter(|seconds| (0..253_402_300_800).contains(seconds))
}
