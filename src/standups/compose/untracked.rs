//! Conversations that look like work and that no task is about: a line in the channel, and what to do about each in the
//! thread.

use crate::{
    domain::{
        digest::Untracked,
        message::{Block, Button, ButtonStyle, Message, Press, Span},
    },
    review::words::{count, quote},
    standups::words::{joined, person},
};

/// Conversations that are named in the channel, and that there are buttons for in the thread.
const NAMED: usize = 3;
const OFFERED: usize = 8;
/// Characters of what somebody said.
const SAID: usize = 100;

/// `2 conversations match no task: T-7, T-9`; nothing where all do.
pub(super) fn line(untracked: &[Untracked]) -> Option<Vec<Span>> {
    if untracked.is_empty() {
        return None;
    }
    let verb = if untracked.len() == 1 { "matches" } else { "match" };
    let mut spans = vec![Span::plain(format!("{} {verb} no task: ", count(untracked.len(), "conversation")))];
    spans.extend(joined(untracked.iter().take(NAMED).map(|one| vec![label(one)]), ", "));
    if untracked.len() > NAMED {
        spans.push(Span::plain(format!(" and {} more", untracked.len() - NAMED)));
    }
    Some(spans)
}

/// Each of them, with buttons that make a task of it or link it to one.
pub(super) fn detail(untracked: &[Untracked]) -> Option<Message> {
    if untracked.is_empty() {
        return None;
    }
    let mut blocks = vec![Block::Text(vec![Span::Strong("Conversations that match no task".to_owned())])];
    for one in untracked.iter().take(OFFERED) {
        let mut spans = vec![label(one), Span::plain(" "), person(&one.by)];
        if let Some(words) = &one.words {
            spans.push(Span::plain(format!(": {}", quote(words, SAID))));
        }
        blocks.push(Block::Text(spans));
        blocks.push(Block::Buttons(vec![
            button("Create task", format!("track T-{}", one.number)),
            button("Link", format!("track T-{} which", one.number)),
            button("No work", format!("track T-{} no", one.number)),
        ]));
    }
    if untracked.len() > OFFERED {
        let words = format!("and {} more: /docket process dry-run tells of all", untracked.len() - OFFERED);
        blocks.push(Block::Context(vec![Span::plain(words)]));
    }
    Some(Message { summary: "Details: conversations that match no task".to_owned(), blocks })
}

fn label(one: &Untracked) -> Span {
    let text = format!("T-{}", one.number);
    match &one.url {
        Some(url) => Span::Link { text, url: url.clone() },
        None => Span::Code(text),
    }
}

fn button(label: &str, line: String) -> Button {
    Button { label: label.to_owned(), style: ButtonStyle::Plain, press: Press::Say(line) }
}
