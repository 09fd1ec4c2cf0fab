//! What was proposed because of conversations, or would be, for whoever asked.

use std::collections::{BTreeMap, BTreeSet};

use super::read::{Found, Read, Reading};
use crate::{
    domain::{
        event::Venue,
        ids::{PatchId, ProjectId},
        matches::{Finding, Likely, Verdict},
        message::{Block, Button, ButtonStyle, Line, Message, Press, Span},
        patch::PatchCode,
    },
    error::Result,
    planner::cut,
    review::words::{clip, count, quote},
    store::Tx,
};

/// Conversations that are asked about, and lines of a list.
const ASKED: usize = 5;
const LINES: usize = 20;
/// Characters of what somebody said, and of a button.
const SAID: usize = 120;
const LABEL: usize = 70;

/// What the reader may know of a reading.
pub(super) async fn message(tx: &mut Tx, reading: &Reading, venue: &Venue, is_dry: bool) -> Result<Message> {
    let private = tx.private_projects().await?;
    let mut homes = BTreeSet::new();
    for (project, channel) in tx.bound_channels().await? {
        if channel.is_channel_of(venue) {
            homes.insert(project);
        }
    }
    let is_open = |project: &ProjectId| homes.contains(project) || !private.contains(project);
    let may_know = |read: &&Read| {
        let is_here = !read.thread.is_private || read.thread.venue.is_channel_of(venue);
        is_here && read.found.as_ref().is_none_or(|found| is_open(&found.project))
    };
    let reads: Vec<&Read> = reading.reads.iter().filter(may_know).collect();
    let mut codes = BTreeMap::new();
    for patch in reads.iter().filter_map(|read| read.patch) {
        if let Some(stored) = tx.patch(patch).await? {
            codes.insert(patch, stored.code);
        }
    }
    let keys = tx.projects().await?.into_iter().map(|project| (project.id, project.key.to_string())).collect();
    Ok(Told { reads, codes, keys, threads: reading.threads, left: reading.left, is_dry }.message())
}

struct Told<'a> {
    reads: Vec<&'a Read>,
    codes: BTreeMap<PatchId, PatchCode>,
    keys: BTreeMap<ProjectId, String>,
    threads: usize,
    left: usize,
    is_dry: bool,
}

impl Told<'_> {
    fn message(&self) -> Message {
        let found = || self.reads.iter().filter_map(|read| Some((*read, read.found.as_ref()?)));
        let found: Vec<_> = found().filter(|(read, _)| self.is_dry || read.patch.is_some()).collect();
        let asked: Vec<&&Read> = self.reads.iter().filter(|read| read.verdict == Verdict::Asked).collect();
        let is_proposed = |read: &Read| read.found.is_some();
        let untracked: Vec<&&Read> =
            self.reads.iter().filter(|read| read.verdict == Verdict::Untracked && !is_proposed(read)).collect();
        let summary = self.summary(found.len());
        let mut blocks = vec![Block::Text(vec![Span::plain(summary.clone())])];
        blocks.extend(lines(found.into_iter().map(|(read, found)| self.found(read, found)).collect()));
        for read in asked.iter().take(ASKED) {
            blocks.extend(question(read));
        }
        if !untracked.is_empty() {
            blocks.push(Block::Text(vec![Span::Strong("Work that no task is about".to_owned())]));
            blocks.extend(lines(untracked.iter().map(|read| said(read)).collect()));
            blocks.push(Block::Context(vec![
                Span::plain("A task for one of them: "),
                Span::Code(format!("/docket track T-{}", untracked.first().map_or(1, |read| read.thread.number))),
            ]));
        }
        if self.left > 0 {
            let words = format!("{} more wait for the next time, so that nobody is flooded.", self.left);
            blocks.push(Block::Context(vec![Span::plain(words)]));
        }
        Message { summary, blocks }
    }

    fn summary(&self, found: usize) -> String {
        let threads = count(self.threads, "new conversation");
        match (self.threads, found, self.is_dry) {
            (0, ..) => "Nothing new was said since the last time.".to_owned(),
            (_, 0, _) => format!("I read {threads}. Nothing follows from that for a plan."),
            (_, found, true) => {
                format!("I read {threads} and would propose {}. Nothing was changed.", count(found, "change"))
            }
            (_, found, false) => format!("I read {threads} and proposed {}.", count(found, "change")),
        }
    }

    /// `P-7 · AUTH-3 is done · T-7, where Ana said "we shipped it" on 20 Nov 2026`.
    fn found(&self, read: &Read, found: &Found) -> Vec<Span> {
        let mut spans = Vec::new();
        if let Some(code) = read.patch.and_then(|patch| self.codes.get(&patch)) {
            spans.extend([Span::Code(code.to_string()), Span::plain(" · ")]);
        }
        spans.push(Span::plain(if let Some((code, _)) = &found.task {
            format!("{code} {} · ", found.finding.words())
        } else {
            let key = self.keys.get(&found.project).map_or("", String::as_str);
            format!("new in {key}: {} · ", clip(&found.title, SAID))
        }));
        spans.extend(crate::review::lines::happened(&found.reason, &found.link));
        if found.finding == Finding::Cancelled {
            spans.push(Span::plain(" · this ends the task"));
        }
        spans
    }
}

fn lines(lines: Vec<Vec<Span>>) -> Option<Block> {
    if lines.is_empty() {
        return None;
    }
    let further = lines.len().saturating_sub(LINES);
    let mut shown: Vec<Line> = lines.into_iter().take(LINES).map(Line::plain).collect();
    if further > 0 {
        shown.push(Line::plain(vec![Span::plain(format!("and {further} more"))]));
    }
    Some(Block::Lines { lines: shown, more: None })
}

/// `T-7 "the login is slow again"`.
fn said(read: &Read) -> Vec<Span> {
    let label = format!("T-{}", read.thread.number);
    let first = read.thread.messages.first();
    let address = first.and_then(|first| read.thread.venue.address_of(&first.message));
    let label = match address {
        Some(url) => Span::Link { text: label, url },
        None => Span::Code(label),
    };
    let text = first.map_or_else(String::new, |first| quote(&first.text, SAID));
    vec![label, Span::plain(format!(" {text}"))]
}

/// Asks which task a conversation is about.
fn question(read: &Read) -> Vec<Block> {
    let mut spans = said(read);
    spans.push(Span::plain(if read.likely.len() == 1 {
        " Is it about this task?"
    } else {
        " Which task is it about?"
    }));
    vec![Block::Text(spans), choices(read.thread.number, &read.likely)]
}

/// Buttons that say which task a conversation is about.
pub(super) fn choices(thread: u32, likely: &[Likely]) -> Block {
    let button = |label: String, line: String| Button {
        label: cut(&label, LABEL),
        style: ButtonStyle::Plain,
        press: Press::Say(line),
    };
    let link = |one: &Likely| button(format!("Link to {}", one.code), format!("track T-{thread} {}", one.code));
    let mut buttons: Vec<Button> = likely.iter().map(link).collect();
    buttons.push(button("Create a task".to_owned(), format!("track T-{thread}")));
    buttons.push(button("No work".to_owned(), format!("track T-{thread} no")));
    Block::Buttons(buttons)
}
