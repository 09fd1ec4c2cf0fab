//! `decisions`: which tasks conversations were about, what was proposed, and what people decided.

use std::collections::BTreeMap;

use super::{Ask, line::titled, place, teach};
use crate::{
    domain::{
        event::Venue,
        ids::{MemberId, ProjectId},
        intent::Decided,
        matches::{Finding, Match, Verdict},
        message::{Block, Line, Message, Span},
        patch::Patch,
    },
    review::{
        conversation::label,
        facts::SOMEBODY,
        words::{ago, list},
    },
    store::{self, Tx},
};

/// Lines of the answer, and what is looked through for those about a task; the page has all of them.
const LINES: usize = 20;
const MOST: usize = 100;

/// What was made of a conversation, with what it refers to.
pub struct Decision {
    /// What was made of it.
    pub made: Match,
    /// What was proposed.
    pub patch: Option<Patch>,
    /// What the task is called that something was found for.
    pub task: Option<String>,
    /// Who decided it; `None` for the rules.
    pub by: Option<String>,
}

impl Decision {
    /// Loads what these refer to.
    pub async fn load(tx: &mut Tx, matches: Vec<Match>) -> store::Result<Vec<Self>> {
        let keys: BTreeMap<ProjectId, String> =
            tx.projects().await?.into_iter().map(|project| (project.id, project.key.to_string())).collect();
        let names: BTreeMap<MemberId, String> =
            tx.members().await?.into_iter().map(|member| (member.id, member.name)).collect();
        let mut found = Vec::new();
        for made in matches {
            let patch = match made.patch {
                Some(patch) => tx.patch(patch).await?,
                None => None,
            };
            let key = made.project.and_then(|project| keys.get(&project));
            let task = key.zip(made.task).map(|(key, task)| format!("{key}-{task}"));
            let by = made.by.map(|by| names.get(&by).cloned().unwrap_or_else(|| SOMEBODY.to_owned()));
            found.push(Self { made, patch, task, by });
        }
        Ok(found)
    }

    /// `is about AUTH-3 (7.43)`, `may be about AUTH-3 (5.20) or WEB-1 (4.80)`.
    pub fn words(&self) -> String {
        let scored: Vec<String> = self
            .made
            .tasks
            .iter()
            .map(|task| match task.score {
                0 => task.code.clone(),
                10_000 => format!("{} (named)", task.code),
                score => format!("{} ({}.{:02})", task.code, score / 100, score % 100),
            })
            .collect();
        let tasks = list(&scored, if self.made.verdict == Verdict::Linked { "and" } else { "or" });
        match (self.made.verdict, tasks.is_empty()) {
            (Verdict::Linked, _) => format!("is about {tasks}"),
            (Verdict::Asked, _) => format!("may be about {tasks}"),
            (Verdict::Untracked, true) => "is work that no task is about".to_owned(),
            (Verdict::Untracked, false) => format!("is work that no task is about; nearest: {tasks}"),
            (Verdict::Dismissed, _) => "is no work".to_owned(),
            (Verdict::Nothing, _) => "is about nothing that is planned, and no work".to_owned(),
        }
    }

    /// `AUTH-3 is done`: what was proposed.
    pub fn finding(&self) -> Option<String> {
        let finding = self.made.finding?;
        Some(match (&self.task, finding) {
            (Some(task), finding) => format!("{task} {}", finding.words()),
            (None, Finding::New) => "a new task".to_owned(),
            (None, finding) => format!("it {}", finding.words()),
        })
    }

    /// The address of the message that it rests on.
    pub fn address(&self) -> Option<String> {
        let root = self.made.venue.thread.as_deref();
        self.made.message.as_deref().or(root).and_then(|message| self.made.venue.address_of(message))
    }
}

pub(super) async fn answer(tx: &mut Tx, ask: &Ask<'_>, of: Option<&Decided>) -> store::Result<Message> {
    let (matches, what) = match of {
        Some(Decided::Thread(number)) => {
            let mut matches = tx.matches_of_number(*number).await?;
            matches.retain(|one| one.may_be_shown_at(ask.venue));
            if matches.is_empty() && !is_kept_here(tx, ask, *number).await? {
                return Ok(Message::text(format!(
                    "There is no conversation T-{number} here, or it is no longer kept."
                )));
            }
            (matches, format!("about T-{number} "))
        }
        Some(Decided::Task(code)) => {
            let around = place::surroundings(tx, ask.venue).await?;
            match place::choose(Some(&code.project), &around) {
                Ok(project) => {
                    let mut matches = tx.matches_of_task(project.id, code, MOST).await?;
                    matches.retain(|one| one.may_be_shown_at(ask.venue));
                    (matches, format!("about {code} "))
                }
                Err(unplaced) => return Ok(place::instead(&unplaced, &around, "decisions")),
            }
        }
        Some(Decided::Project(key)) => {
            let around = place::surroundings(tx, ask.venue).await?;
            match place::choose(Some(key), &around) {
                Ok(project) => {
                    (tx.matches_page(Some(project.id), ask.venue, 0, LINES + 1).await?, format!("about {key} "))
                }
                Err(unplaced) => return Ok(place::instead(&unplaced, &around, "decisions")),
            }
        }
        None => (tx.matches_page(None, ask.venue, 0, LINES + 1).await?, String::new()),
    };
    if matches.is_empty() {
        let words = format!("Nothing was decided {what}yet. Conversations are read every night, or now by");
        return Ok(teach(&words, "/docket process"));
    }
    let decisions = Decision::load(tx, matches).await?;
    let title = if what.is_empty() { "Decisions".to_owned() } else { format!("Decisions {}", what.trim()) };
    let mut lines: Vec<Line> = decisions.iter().take(LINES).map(|one| line(one, ask)).collect();
    if decisions.len() > LINES {
        let page = Span::Link { text: "all of them".to_owned(), url: "/decisions".to_owned() };
        lines.push(Line::plain(vec![page]));
    }
    let blocks = vec![Block::Lines { lines, more: Some("/decisions".to_owned()) }];
    Ok(titled(title.clone(), title, blocks))
}

/// Whether there is a conversation of this number that whoever asks may know of.
async fn is_kept_here(tx: &mut Tx, ask: &Ask<'_>, number: u32) -> store::Result<bool> {
    let thread = tx.thread(number).await?;
    let is_here = |at: &Venue| ask.venue.is_some_and(|venue| at.is_channel_of(venue));
    Ok(thread.is_some_and(|thread| !thread.is_private || is_here(&thread.venue)))
}

/// `T-7 is about AUTH-3 (7.43) · proposed: AUTH-3 is done · P-7 applied · 2 hours ago`.
fn line(decision: &Decision, ask: &Ask<'_>) -> Line {
    let mut spans =
        vec![label(decision.made.number, decision.address()), Span::plain(format!(" {}", decision.words()))];
    if let Some(finding) = decision.finding() {
        spans.push(Span::plain(format!(" · proposed: {finding}")));
    }
    if let Some(patch) = &decision.patch {
        let url = format!("/patches/{}", patch.code);
        spans.push(Span::plain(" · "));
        spans.push(Span::Link { text: patch.code.to_string(), url });
        spans.push(Span::plain(format!(" {}", patch.state.as_str())));
    }
    let by = decision.by.as_ref().map(|by| format!(" · said by {by}")).unwrap_or_default();
    spans.push(Span::plain(format!("{by} · {}", ago(decision.made.at, ask.now))));
    Line::plain(spans)
}
