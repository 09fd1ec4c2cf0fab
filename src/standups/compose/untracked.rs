//! Conversations that look like work and that no task is about: a line in the channel, and what to do about each in the
//! thread. Those that belong together stand together.

use crate::{
    domain::{
        digest::{Group, Untracked},
        message::{Block, Button, ButtonStyle, Message, Press, Span},
    },
    review::words::{count, quote},
    standups::words::{joined, person},
};

/// Conversations and groups that are named in the channel, and conversations that there are buttons for in the thread.
const NAMED: usize = 3;
const OFFERED: usize = 8;
/// Characters of what somebody said.
const SAID: usize = 100;

/// The conversations, group by group.
pub(super) struct Talks<'a> {
    /// Each with its name; those of no group come last, and have none.
    groups: Vec<(Option<&'a str>, Vec<&'a Untracked>)>,
    count: usize,
}

impl<'a> Talks<'a> {
    /// These conversations in these groups, as far as there are still several of a group.
    pub(super) fn of(untracked: &'a [Untracked], groups: &'a [Group]) -> Self {
        let mut alone: Vec<&Untracked> = untracked.iter().collect();
        let mut named = Vec::new();
        for group in groups {
            let (of, others): (Vec<&Untracked>, Vec<&Untracked>) =
                alone.iter().partition(|one| group.conversations.contains(&one.number));
            if of.len() > 1 {
                named.push((Some(group.name.as_str()), of));
                alone = others;
            }
        }
        if !alone.is_empty() {
            named.push((None, alone));
        }
        Self { groups: named, count: untracked.len() }
    }

    /// Whether any belong together.
    pub(super) fn has_groups(&self) -> bool {
        self.groups.iter().any(|(name, _)| name.is_some())
    }

    /// `4 conversations match no task: printing (T-7, T-9), T-12 and 1 more`; nothing where all do.
    pub(super) fn line(&self) -> Option<Vec<Span>> {
        if self.count == 0 {
            return None;
        }
        let mut named: Vec<(usize, Vec<Span>)> = Vec::new();
        for (name, of) in &self.groups {
            match name {
                Some(name) => {
                    let mut spans = vec![Span::plain(format!("{name} ("))];
                    spans.extend(joined(of.iter().map(|one| vec![label(one)]), ", "));
                    spans.push(Span::plain(")"));
                    named.push((of.len(), spans));
                }
                None => named.extend(of.iter().map(|one| (1, vec![label(one)]))),
            }
        }
        let verb = if self.count == 1 { "matches" } else { "match" };
        let mut spans = vec![Span::plain(format!("{} {verb} no task: ", count(self.count, "conversation")))];
        spans.extend(joined(named.iter().take(NAMED).map(|(_, spans)| spans.clone()), ", "));
        let more: usize = named.iter().skip(NAMED).map(|(count, _)| count).sum();
        if more > 0 {
            spans.push(Span::plain(format!(" and {more} more")));
        }
        Some(spans)
    }

    /// Each of them, with buttons that make a task of it or link it to one.
    pub(super) fn detail(&self) -> Option<Message> {
        if self.count == 0 {
            return None;
        }
        let mut blocks = vec![Block::Text(vec![Span::Strong("Conversations that match no task".to_owned())])];
        let mut room = OFFERED;
        for (name, of) in &self.groups {
            if room == 0 {
                break;
            }
            let name = if self.has_groups() { Some(name.unwrap_or("Others")) } else { None };
            blocks.extend(name.map(|name| Block::Text(vec![Span::Strong(name.to_owned())])));
            blocks.extend(of.iter().take(room).flat_map(|one| offer(one)));
            room = room.saturating_sub(of.len());
        }
        if self.count > OFFERED {
            let words = format!("and {} more: /docket process dry-run tells of all", self.count - OFFERED);
            blocks.push(Block::Context(vec![Span::plain(words)]));
        }
        Some(Message { summary: "Details: conversations that match no task".to_owned(), blocks })
    }
}

/// A conversation, and what can be done about it.
fn offer(one: &Untracked) -> [Block; 2] {
    let mut spans = vec![label(one), Span::plain(" "), person(&one.by)];
    if let Some(words) = &one.words {
        spans.push(Span::plain(format!(": {}", quote(words, SAID))));
    }
    let buttons = vec![
        button("Create task", format!("track T-{}", one.number)),
        button("Link", format!("track T-{} which", one.number)),
        button("No work", format!("track T-{} no", one.number)),
    ];
    [Block::Text(spans), Block::Buttons(buttons)]
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
