//! A message as Block Kit, within every limit of Slack (docs.slack.dev, block-kit/blocks).
//!
//! What people wrote goes into typed text only (`rich_text`, `plain_text`), where nothing is markup; no mention can
//! come of it. What is too long is cut, with a link to the page; a message is never refused for its length.

use serde::Serialize;
use serde_json::{Value, json};
use slack_morphism::prelude::*;

use super::fit::{cut, one_line, weight};
use crate::domain::message::{Block, Message, Span};

mod inline;
mod lines;
mod press;

/// What all blocks of a message may weigh: Slack refuses above about 13,200 characters of JSON.
pub const BUDGET: usize = 12_500;

/// Blocks in a message.
pub const MAX_BLOCKS: usize = 50;

/// What a list of lines gets at least, before paragraphs are cut shorter to make room for it.
const LINES_AT_LEAST: usize = 1_500;

/// What a list of lines needs to say at least how many there are, with a link to them.
const LINES_SMALLEST: usize = 700;

/// Units in a header.
const HEADER: usize = 150;

/// Units in the text for notifications; Slack takes 4,000.
const SUMMARY: usize = 1_000;

/// A message in Slack's form.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rendered {
    /// What notifications and screen readers say. Slack reads it as mrkdwn: it is escaped.
    pub text: String,
    /// What is shown.
    pub blocks: Vec<SlackBlock>,
}

impl Rendered {
    /// The body of an answer that only its reader sees, as an acknowledgement or for a `response_url`.
    pub fn ephemeral(&self) -> Value {
        json!({
            "response_type": "ephemeral",
            "replace_original": false,
            "text": self.text,
            "blocks": self.blocks,
        })
    }
}

/// Renders a message; `pages` is where people can open its pages, without a slash at the
/// end; `None` where nobody can.
pub fn render(message: &Message, pages: Option<&str>) -> Rendered {
    Rendered { text: summary(message), blocks: fitted(message, pages) }
}

fn summary(message: &Message) -> String {
    let mut words = one_line(&message.summary);
    if words.is_empty() {
        words = one_line(&message.to_plain());
    }
    if words.is_empty() {
        words.push_str("Docket");
    }
    inline::escape(&cut(&words, SUMMARY))
}

/// How much of a message is shown: each try gives paragraphs and links half the room of the one before.
fn fitted(message: &Message, pages: Option<&str>) -> Vec<SlackBlock> {
    for halvings in 0..6 {
        let mut draft = Draft::new(message, pages, 2_800 >> halvings);
        if draft.fill_lines(halvings == 5) {
            return draft.blocks();
        }
    }
    Draft::new(message, pages, 80).cut_short()
}

/// The rendered parts, in order; a part may be several blocks, and lists of lines are filled in last.
struct Draft<'a> {
    parts: Vec<Part<'a>>,
    pages: Option<&'a str>,
    units: usize,
}

struct Part<'a> {
    source: &'a Block,
    blocks: Vec<SlackBlock>,
}

impl<'a> Draft<'a> {
    fn new(message: &'a Message, pages: Option<&'a str>, units: usize) -> Self {
        let render = |(index, source): (usize, &'a Block)| {
            let blocks = match source {
                Block::Header(text) => header(text),
                Block::Text(spans) => inline::paragraph(spans, pages, units),
                Block::Lines { .. } => Vec::new(),
                Block::Context(spans) => inline::context(spans, pages, units.min(1_500)),
                Block::Choices { options, .. } => press::choices(index, options),
                Block::Buttons(buttons) => press::buttons(buttons, pages),
                Block::Pick(picker) => press::picker(picker),
            };
            Part { source, blocks }
        };
        Self { parts: message.blocks.iter().enumerate().map(render).collect(), pages, units }
    }

    fn weight(&self) -> usize {
        self.parts.iter().flat_map(|part| &part.blocks).map(|block| weight(block) + 2).sum()
    }

    /// Gives the lists of lines the room that is left; `false` where there is not enough of it.
    fn fill_lines(&mut self, last_try: bool) -> bool {
        let waiting = |part: &Part<'_>| matches!(part.source, Block::Lines { .. });
        let mut lists = self.parts.iter().filter(|part| waiting(part)).count();
        let enough = if last_try { LINES_SMALLEST } else { LINES_AT_LEAST };
        let mut left = BUDGET.saturating_sub(self.weight());
        if self.weight() > BUDGET || left < enough * lists {
            return false;
        }
        for part in &mut self.parts {
            let Block::Lines { lines, more } = part.source else { continue };
            part.blocks = lines::list(lines, more.as_deref(), self.pages, left / lists, self.units.min(600));
            left = left.saturating_sub(part.blocks.iter().map(|block| weight(block) + 2).sum());
            lists -= 1;
        }
        self.parts.iter().map(|part| part.blocks.len()).sum::<usize>() <= MAX_BLOCKS
    }

    fn blocks(self) -> Vec<SlackBlock> {
        self.parts.into_iter().flat_map(|part| part.blocks).collect()
    }

    /// The last resort for a message that is too long however short its parts are: what can be pressed and the titles
    /// are kept first, and a last line says that something is missing.
    fn cut_short(mut self) -> Vec<SlackBlock> {
        let words = "This message is too long for Slack. The rest is in Docket.";
        let link = Span::Link { text: words.to_owned(), url: "/".to_owned() };
        let note = inline::context(&[link], self.pages, 200);
        for part in &mut self.parts {
            if let Block::Lines { lines, more } = part.source {
                part.blocks = lines::list(lines, more.as_deref(), self.pages, LINES_SMALLEST, 80);
            }
        }
        let mut left = BUDGET.saturating_sub(note.iter().map(|block| weight(block) + 2).sum());
        let mut room = MAX_BLOCKS - note.len();
        let mut kept: Vec<(usize, SlackBlock)> = Vec::new();
        let mut all: Vec<(u8, usize, SlackBlock)> = Vec::new();
        for part in self.parts {
            let rank = rank(part.source);
            for block in part.blocks {
                all.push((rank, all.len(), block));
            }
        }
        all.sort_by_key(|(rank, place, _)| (*rank, *place));
        for (_, place, block) in all {
            let heavy = weight(&block) + 2;
            if heavy <= left && room > 0 {
                left -= heavy;
                room -= 1;
                kept.push((place, block));
            }
        }
        kept.sort_by_key(|(place, _)| *place);
        kept.into_iter().map(|(_, block)| block).chain(note).collect()
    }
}

/// What is kept first when not everything can be.
const fn rank(block: &Block) -> u8 {
    match block {
        Block::Header(_) => 0,
        Block::Buttons(_) | Block::Pick(_) => 1,
        Block::Choices { .. } => 2,
        Block::Lines { .. } => 3,
        Block::Text(_) => 4,
        Block::Context(_) => 5,
    }
}

fn header(text: &str) -> Vec<SlackBlock> {
    let text = one_line(text);
    if text.is_empty() {
        return Vec::new();
    }
    vec![SlackHeaderBlock::new(literal(&cut(&text, HEADER)).into()).into()]
}

/// Text that is shown as it is: no markup, no `:emoji:`.
fn literal(text: &str) -> SlackBlockPlainText {
    SlackBlockPlainText::new(text.to_owned()).with_emoji(false)
}

#[cfg(test)]
mod tests;
