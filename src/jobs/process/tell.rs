//! What was proposed because of conversations, or would be, for whoever asked.

use std::collections::{BTreeMap, BTreeSet};

use super::read::{Found, Read, Reading};
use crate::{
    domain::{
        event::Venue,
        heard::ChatThread,
        ids::{PatchId, ProjectId},
        matches::{Finding, Verdict},
        message::{Block, Line, Message, Span},
        patch::PatchCode,
    },
    error::Result,
    review::{
        conversation::{choices, label},
        lines::happened,
        words::{clip, count, quote},
    },
    store::Tx,
};

/// Conversations that are asked about, and lines of a list.
const ASKED: usize = 5;
const LINES: usize = 20;
/// Characters of what somebody said.
const SAID: usize = 120;

/// Nothing is to be changed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dry {
    /// Whether there is a model that would be asked.
    pub(super) has_model: bool,
}

/// What the reader may know of a reading.
pub(super) async fn message(tx: &mut Tx, reading: &Reading, venue: &Venue, dry: Option<Dry>) -> Result<Message> {
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
        is_here && read.found.iter().all(|found| is_open(&found.project))
    };
    let reads: Vec<&Read> = reading.reads.iter().filter(may_know).collect();
    let mut codes = BTreeMap::new();
    let patches: BTreeSet<PatchId> =
        reads.iter().flat_map(|read| &read.found).filter_map(|found| found.patch).collect();
    for patch in patches {
        if let Some(stored) = tx.patch(patch).await? {
            codes.insert(patch, stored.code);
        }
    }
    let keys = tx.projects().await?.into_iter().map(|project| (project.id, project.key.to_string())).collect();
    Ok(Told { reading, reads, venue, codes, keys, dry }.message())
}

struct Told<'a> {
    reading: &'a Reading,
    /// What of it the reader may know.
    reads: Vec<&'a Read>,
    venue: &'a Venue,
    codes: BTreeMap<PatchId, PatchCode>,
    keys: BTreeMap<ProjectId, String>,
    dry: Option<Dry>,
}

impl Told<'_> {
    fn message(&self) -> Message {
        let found: Vec<(&Read, &Found)> =
            self.reads.iter().flat_map(|read| read.found.iter().map(|found| (*read, found))).collect();
        let found: Vec<_> =
            found.into_iter().filter(|(_, found)| self.dry.is_some() || found.patch.is_some()).collect();
        let (asked, is_any_new) = self.asked();
        let is_unplaced = |read: &&&Read| read.verdict == Verdict::Untracked && read.found.is_empty();
        let untracked: Vec<&&Read> = self.reads.iter().filter(is_unplaced).collect();
        let summary = self.summary(found.len(), asked.len(), untracked.len());
        let mut blocks = vec![Block::Text(vec![Span::plain(summary.clone())])];
        blocks.extend(lines(found.into_iter().map(|(read, found)| self.found(read, found)).collect()));
        for (thread, codes) in asked.iter().take(ASKED) {
            blocks.extend(self.question(thread, codes));
        }
        let mut hints = Vec::new();
        if asked.len() > ASKED {
            hints.push(format!("{} more are asked once these are answered.", asked.len() - ASKED));
        }
        if !untracked.is_empty() {
            blocks.push(Block::Text(vec![Span::Strong("Work that no task is about".to_owned())]));
            blocks.extend(lines(untracked.iter().map(|read| self.said(&read.thread)).collect()));
            blocks.push(Block::Context(vec![
                Span::plain("A task for one of them: "),
                Span::Code(format!("/docket track T-{}", untracked.first().map_or(1, |read| read.thread.number))),
            ]));
        }
        if self.reading.left > 0 {
            hints.push(format!("{} more wait for the next time, so that nobody is flooded.", self.reading.left));
        }
        if is_any_new && self.dry.is_some_and(|dry| dry.has_model) {
            let words = "A dry run asks no model: /docket process asks yours first which task these are about.";
            hints.push(words.to_owned());
        }
        blocks.extend(hints.into_iter().map(|words| Block::Context(vec![Span::Plain(words)])));
        Message { summary, blocks }
    }

    /// The conversations of which it is not clear which task they are about, each with the tasks that it may be about; and
    /// whether any of them was read for the first time.
    fn asked(&self) -> (Vec<(&ChatThread, Vec<String>)>, bool) {
        let new = self.reads.iter().filter(|read| read.verdict == Verdict::Asked);
        let new = new.map(|read| (&read.thread, read.likely.iter().map(|one| one.code.clone()).collect()));
        let mut asked: Vec<(&ChatThread, Vec<String>)> = new.collect();
        let is_any_new = !asked.is_empty();
        let known = self.reading.open.iter();
        asked.extend(known.map(|one| (&one.thread, one.near.iter().map(|task| task.code.to_string()).collect())));
        (asked, is_any_new)
    }

    fn summary(&self, found: usize, asked: usize, untracked: usize) -> String {
        let threads = count(self.reading.threads, "new conversation");
        let words = match (self.reading.threads, found, self.dry) {
            (0, ..) => "Nothing new was said since the last time.".to_owned(),
            (_, 0, _) if asked == 0 && untracked == 0 => {
                format!("I read {threads}. Nothing follows from that for a plan.")
            }
            (_, 0, _) => format!("I read {threads}."),
            (_, found, Some(_)) => {
                format!("I read {threads} and would propose {}. Nothing was changed.", count(found, "change"))
            }
            (_, found, None) => format!("I read {threads} and proposed {}.", count(found, "change")),
        };
        match asked {
            0 => words,
            1 => format!("{words} 1 needs your word."),
            several => format!("{words} {several} need your word."),
        }
    }

    /// Whether what was said in a conversation may be quoted: elsewhere its words would stay when somebody has them
    /// forgotten.
    fn may_quote(&self, thread: &ChatThread) -> bool {
        thread.venue.surface == self.venue.surface
    }

    /// `P-7 · AUTH-3 is done · T-7, where Ana said "we shipped it" on 20 Nov 2026`.
    fn found(&self, read: &Read, found: &Found) -> Vec<Span> {
        let mut spans = Vec::new();
        if let Some(code) = found.patch.and_then(|patch| self.codes.get(&patch)) {
            spans.extend([Span::Code(code.to_string()), Span::plain(" · ")]);
        }
        spans.push(Span::plain(if let Some(about) = &found.task {
            format!("{} {} · ", about.code, found.finding.words())
        } else {
            let key = self.keys.get(&found.project).map_or("", String::as_str);
            format!("new in {key}: {} · ", clip(&found.title, SAID))
        }));
        spans.extend(happened(&found.reason.words(self.may_quote(&read.thread)), &found.link));
        if found.finding == Finding::Cancelled {
            spans.push(Span::plain(" · this ends the task"));
        }
        spans
    }

    /// `T-7 "the login is slow again"`.
    fn said(&self, thread: &ChatThread) -> Vec<Span> {
        let first = thread.messages.first();
        let mut spans = vec![label(thread.number, first.and_then(|first| thread.venue.address_of(&first.message)))];
        if let Some(first) = first.filter(|_| self.may_quote(thread)) {
            spans.push(Span::plain(format!(" {}", quote(&first.text, SAID))));
        }
        spans
    }

    /// Asks which task a conversation is about.
    fn question(&self, thread: &ChatThread, codes: &[String]) -> Vec<Block> {
        let mut spans = self.said(thread);
        let question = if codes.len() == 1 { " Is it about this task?" } else { " Which task is it about?" };
        spans.push(Span::plain(question));
        vec![Block::Text(spans), choices(thread.number, codes.iter().cloned())]
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
