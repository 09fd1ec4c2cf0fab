//! Lines of a diff or a list, as one block of rich text.

use slack_morphism::prelude::*;

use super::{
    super::fit::weight,
    inline::{Pieces, rich},
};
use crate::domain::message::{Line, Span};

/// The widest indentation; deeper lines stay there.
const DEEPEST: usize = 8;

/// What the last line of a list that was cut may weigh.
const TAIL: usize = 450;

/// As many of the lines as `room` holds, with how many are left and a link to all of them.
pub(super) fn list(
    lines: &[Line],
    more: Option<&str>,
    pages: Option<&str>,
    room: usize,
    units_per_line: usize,
) -> Vec<SlackBlock> {
    let frame = 120;
    let mut elements: Vec<SlackRichTextInlineElement> = Vec::new();
    let mut used = frame;
    for (index, line) in lines.iter().enumerate() {
        let next = one(line, index > 0, pages, units_per_line);
        let heavy: usize = next.iter().map(|element| weight(element) + 2).sum();
        let reserve = if index + 1 == lines.len() { 0 } else { TAIL };
        if used + heavy + reserve > room {
            elements.extend(tail(lines.len() - index, index == 0, more, pages));
            break;
        }
        used += heavy;
        elements.extend(next);
    }
    rich(elements)
}

fn one(line: &Line, breaks: bool, pages: Option<&str>, units: usize) -> Vec<SlackRichTextInlineElement> {
    let mut pieces = Pieces::new(pages);
    if breaks {
        pieces.say("\n");
    }
    // Slack joins ordinary spaces at the start of a line.
    pieces.say(&"\u{2003}".repeat(line.depth.min(DEEPEST)));
    if !line.kind.sign().is_empty() {
        pieces.say(line.kind.sign());
        pieces.say(" ");
    }
    pieces.add(&line.spans, units);
    pieces.finish()
}

fn tail(left: usize, is_all: bool, more: Option<&str>, pages: Option<&str>) -> Vec<SlackRichTextInlineElement> {
    let words = match (is_all, left) {
        (true, 1) => "1 line is too long to show here".to_owned(),
        (true, left) => format!("{left} lines are too long to show here"),
        (false, left) => format!("\nand {left} more"),
    };
    let mut pieces = Pieces::new(pages);
    pieces.say(&words);
    // What would not fit into the reserve is left out rather than cut: half an address leads nowhere.
    let Some(path) = more.filter(|path| path.len() < 100 && path.is_ascii()) else { return pieces.finish() };
    match pages {
        Some(pages) if pages.len() < 150 && pages.is_ascii() => {
            pieces.say(": ");
            pieces.add(&[Span::Link { text: "see all".to_owned(), url: path.to_owned() }], 20);
        }
        Some(_) => {}
        // The last part of the path is what people call it.
        None => {
            let name = path.rsplit('/').next().unwrap_or(path);
            pieces.say(": ");
            pieces.add(&[Span::Code(format!("/docket show {name}"))], 120);
        }
    }
    pieces.finish()
}
