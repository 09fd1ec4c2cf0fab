//! Conversations that look like work and that no task is known to be about: a line in the channel for those that match
//! none and one for those that may be about some, and what to do about each in the thread. Those that belong together
//! stand together.

use crate::{
    domain::{
        digest::{Group, Untracked},
        message::{Block, Button, Message, Span},
    },
    review::{
        conversation::{choices, label},
        words::{count, list, quote},
    },
    standups::words::{joined, person},
};

/// Conversations and groups that are named in the channel, and conversations that there are buttons for in a message of
/// the thread.
const NAMED: usize = 3;
const OFFERED: usize = 8;
/// Characters of what somebody said.
const SAID: usize = 100;

/// The conversations, group by group.
pub(super) struct Talks<'a> {
    /// Those that match no task, each group with its name; those of no group come last, and have none.
    groups: Vec<(Option<&'a str>, Vec<&'a Untracked>)>,
    count: usize,
    /// Those that may be about tasks.
    unclear: Vec<&'a Untracked>,
}

impl<'a> Talks<'a> {
    /// These conversations in these groups, as far as there are still several of a group.
    pub(super) fn of(untracked: &'a [Untracked], groups: &'a [Group]) -> Self {
        let (mut alone, unclear): (Vec<&Untracked>, Vec<&Untracked>) =
            untracked.iter().partition(|one| one.near.is_empty());
        let count = alone.len();
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
        Self { groups: named, count, unclear }
    }

    /// Whether any belong together.
    pub(super) fn has_groups(&self) -> bool {
        self.groups.iter().any(|(name, _)| name.is_some())
    }

    /// What is said of them in the channel; nothing where there are none.
    pub(super) fn lines(&self) -> impl Iterator<Item = Vec<Span>> {
        self.unmatched().into_iter().chain(self.unsure())
    }

    /// `4 conversations match no task: printing (T-7, T-9), T-12 and 1 more`.
    fn unmatched(&self) -> Option<Vec<Span>> {
        if self.count == 0 {
            return None;
        }
        let mut named: Vec<(usize, Vec<Span>)> = Vec::new();
        for (name, of) in &self.groups {
            match name {
                Some(name) => {
                    let mut spans = vec![Span::plain(format!("{name} ("))];
                    spans.extend(joined(of.iter().map(|one| vec![called(one)]), ", "));
                    spans.push(Span::plain(")"));
                    named.push((of.len(), spans));
                }
                None => named.extend(of.iter().map(|one| (1, vec![called(one)]))),
            }
        }
        let verb = if self.count == 1 { "matches" } else { "match" };
        let mut spans = vec![Span::plain(format!("{} {verb} no task: ", count(self.count, "conversation")))];
        spans.extend(joined(named.iter().take(NAMED).map(|(_, spans)| spans.clone()), ", "));
        spans.extend(more(named.iter().skip(NAMED).map(|(count, _)| count).sum()));
        Some(spans)
    }

    /// `T-3 may be about AUTH-3 or AUTH-4, T-5 may be about WEB-1 and 2 more`.
    fn unsure(&self) -> Option<Vec<Span>> {
        if self.unclear.is_empty() {
            return None;
        }
        let of = |one: &&Untracked| vec![called(one), Span::plain(maybe(one))];
        let mut spans = joined(self.unclear.iter().take(NAMED).map(of), ", ");
        spans.extend(more(self.unclear.len().saturating_sub(NAMED)));
        Some(spans)
    }

    /// Each of them, with buttons that make a task of it or link it to one.
    pub(super) fn details(&self) -> Vec<Message> {
        self.unmatched_details().into_iter().chain(self.unsure_details()).collect()
    }

    fn unmatched_details(&self) -> Option<Message> {
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
        blocks.extend(further(self.count, "/docket process dry-run tells of all"));
        Some(Message { summary: "Details: conversations that match no task".to_owned(), blocks })
    }

    fn unsure_details(&self) -> Option<Message> {
        if self.unclear.is_empty() {
            return None;
        }
        let mut blocks = vec![Block::Text(vec![Span::Strong("Conversations that may be about a task".to_owned())])];
        blocks.extend(self.unclear.iter().take(OFFERED).flat_map(|one| ask(one)));
        blocks.extend(further(self.unclear.len(), "/docket process asks about them"));
        Some(Message { summary: "Details: conversations that may be about a task".to_owned(), blocks })
    }
}

/// ` and 2 more`.
fn more(more: usize) -> Option<Span> {
    (more > 0).then(|| Span::plain(format!(" and {more} more")))
}

/// Where to find those that there is no room for.
fn further(count: usize, where_else: &str) -> Option<Block> {
    let more = count.saturating_sub(OFFERED);
    (more > 0).then(|| Block::Context(vec![Span::plain(format!("and {more} more: {where_else}"))]))
}

/// A conversation that matches no task, and what can be done about it.
fn offer(one: &Untracked) -> [Block; 2] {
    let buttons = vec![
        Button::say("Create task", format!("track T-{}", one.number)),
        Button::say("Link", format!("track T-{} which", one.number)),
        Button::say("No work", format!("track T-{} no", one.number)),
    ];
    [Block::Text(said(one)), Block::Buttons(buttons)]
}

/// A conversation that may be about tasks, and the question which one it is.
fn ask(one: &Untracked) -> [Block; 2] {
    let mut spans = said(one);
    spans.push(Span::plain(format!(" ·{}", maybe(one))));
    [Block::Text(spans), choices(one.number, one.near.iter().map(ToString::to_string))]
}

/// `T-7 Ana: "the printer jams again"`.
fn said(one: &Untracked) -> Vec<Span> {
    let mut spans = vec![called(one), Span::plain(" "), person(&one.by)];
    if let Some(words) = &one.words {
        spans.push(Span::plain(format!(": {}", quote(words, SAID))));
    }
    spans
}

/// ` may be about AUTH-3 or AUTH-4`.
fn maybe(one: &Untracked) -> String {
    let codes: Vec<String> = one.near.iter().map(ToString::to_string).collect();
    format!(" may be about {}", list(&codes, "or"))
}

fn called(one: &Untracked) -> Span {
    label(one.number, one.url.clone())
}
