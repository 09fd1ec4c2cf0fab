//! The message that shows a pull request, and the lines in its thread.
//!
//! The message is a function of what is known of the pull request, the tasks it is about and what is proposed because of
//! it; whenever any of that changes it is rendered anew.

use super::{
    accounts::Accounts,
    facts::Facts as CardFacts,
    lines::{Style, lines, separated},
    words::clip,
};
use crate::{
    domain::{
        announce::PullCard,
        event::Action,
        ids::PatchId,
        message::{Block, Button, ButtonStyle, Line, LineKind, Message, Press, Span},
        patch::{Patch, PatchState},
        pulls::{Standing, failing},
        task::TaskCode,
        time::Timestamp,
        tracker::{Pull, PullState, Verdict},
    },
    store::{self, Tx},
};

/// Characters of a title, a branch, a label and the name of a check.
const TITLE: usize = 200;
const BRANCH: usize = 60;
const LABEL: usize = 40;
/// People, labels, checks and tasks that are named.
const NAMED: usize = 8;
/// Lines of a proposal's diff.
const DIFF: usize = 5;
/// How often a proposal may have been replaced by a newer one.
const HEIRS: usize = 10;

/// Everything that the message is made of.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The pull request.
    pub pull: Pull,
    /// The name of its repository.
    pub repository: String,
    /// The tasks it is about, with their titles.
    pub tasks: Vec<(TaskCode, String)>,
    /// What waits for a decision because of it.
    pub proposal: Option<CardFacts>,
    /// Who is who.
    pub accounts: Accounts,
}

/// What a message says now; `None` where nothing is known of its pull request any more.
pub async fn show(tx: &mut Tx, card: &PullCard, now: Timestamp) -> store::Result<Option<Message>> {
    let Some(pull) = tx.pull(card.pull).await? else { return Ok(None) };
    let repository = tx.repository(card.pull.repository).await?;
    let repository = repository.map_or_else(String::new, |one| one.seen.full_name);
    let (mut tasks, mut patches) = (Vec::new(), Vec::new());
    for link in tx.tasks_of_pull(card.pull).await? {
        let Some(project) = tx.project(link.project).await? else { continue };
        let title = tx.task(link.project, link.task).await?.map(|task| task.fields.title);
        let code = TaskCode { project: project.key, number: link.task };
        tasks.extend(title.map(|title| (code, title)));
        patches.extend(link.patch.filter(|_| link.project == card.project));
    }
    let proposal = match open(tx, &patches).await? {
        Some(patch) => Some(CardFacts::load(tx, &patch, now).await?),
        None => None,
    };
    let accounts = Accounts::load(tx).await?;
    Ok(Some(message(&Facts { pull, repository, tasks, proposal, accounts })))
}

/// The newest of these patches, or of those that took their places, that waits for a decision.
async fn open(tx: &mut Tx, patches: &[PatchId]) -> store::Result<Option<Patch>> {
    let mut newest: Option<Patch> = None;
    for id in patches {
        let mut next = Some(*id);
        for _ in 0..HEIRS {
            let Some(patch) = (match next {
                Some(id) => tx.patch(id).await?,
                None => None,
            }) else {
                break;
            };
            next = match patch.state {
                PatchState::Superseded { by, .. } => Some(by),
                _ => None,
            };
            let is_newest = newest.as_ref().is_none_or(|newest| newest.code < patch.code);
            if patch.state == PatchState::Proposed && is_newest {
                newest = Some(patch);
            }
        }
    }
    Ok(newest)
}

/// The message that these facts make.
pub fn message(facts: &Facts) -> Message {
    let pull = &facts.pull;
    let standing = Standing::of(pull);
    let title = format!("#{} {}", pull.at.number, clip(&pull.title, TITLE));
    let mut head = vec![Span::plain(format!("{} ", sign(standing)))];
    head.push(Span::Link { text: title.clone(), url: pull.url.clone() });
    let mut blocks = vec![Block::Text(head), Block::Context(origin(facts))];
    let lines = [Some(standing_line(facts, standing)), reviewers(facts), checks(facts), tasks(facts)];
    let lines: Vec<Line> = lines.into_iter().flatten().map(Line::plain).collect();
    blocks.push(Block::Lines { lines, more: None });
    blocks.extend(facts.proposal.iter().flat_map(proposal));
    let summary = format!("{} {title}: {}", facts.repository, standing.words());
    Message { summary, blocks }
}

const fn sign(standing: Standing) -> &'static str {
    match standing {
        Standing::Open | Standing::Approved => "○",
        Standing::Draft => "◌",
        Standing::ChangesRequested | Standing::ChecksFailed => "!",
        Standing::Merged => "✓",
        Standing::Closed => "×",
    }
}

/// `Ana · acme/web · auth-12 → main · wip, backend`.
fn origin(facts: &Facts) -> Vec<Span> {
    let pull = &facts.pull;
    let way = format!(" · {} · {} → {}", facts.repository, clip(&pull.branch, BRANCH), clip(&pull.base, BRANCH));
    let labels = named(pull.labels.iter().map(|label| clip(label, LABEL)));
    let labels = if labels.is_empty() { String::new() } else { format!(" · {labels}") };
    vec![facts.accounts.person(&pull.author), Span::Plain(way + &labels)]
}

/// The first of some names, and how many there are besides.
fn named(names: impl ExactSizeIterator<Item = String>) -> String {
    let more = names.len().saturating_sub(NAMED);
    let shown: Vec<String> = names.take(NAMED).collect();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    shown.join(", ") + &more
}

/// `approved by Ben`, `merged by Ben Fri 27 Nov`.
fn standing_line(facts: &Facts, standing: Standing) -> Vec<Span> {
    let pull = &facts.pull;
    let mut spans = vec![Span::Strong(standing.words().to_owned())];
    let verdict = match standing {
        Standing::Approved => Some(Verdict::Approved),
        Standing::ChangesRequested => Some(Verdict::ChangesRequested),
        _ => None,
    };
    let by: Vec<Span> = match (pull.state, verdict) {
        (PullState::Merged, _) => pull.merged_by.iter().map(|by| facts.accounts.person(by)).collect(),
        (_, Some(verdict)) => {
            let given = pull.reviews.values().filter(|review| review.verdict == verdict);
            given.take(NAMED).map(|review| facts.accounts.person(&review.by)).collect()
        }
        (_, None) => Vec::new(),
    };
    if !by.is_empty() {
        spans.push(Span::plain(" by "));
        spans.extend(separated(by, ", "));
    }
    if let Some(at) = pull.ended_at.filter(|_| pull.state != PullState::Open) {
        spans.extend([Span::plain(" "), Span::Time(at)]);
    }
    spans
}

/// `waits for Ben since …, Cy since …`.
fn reviewers(facts: &Facts) -> Option<Vec<Span>> {
    let waiting = facts.pull.waiting();
    if waiting.is_empty() {
        return None;
    }
    let mut spans = vec![Span::plain("waits for ")];
    for (index, (account, since)) in waiting.iter().take(NAMED).enumerate() {
        spans.extend((index > 0).then(|| Span::plain(", ")));
        spans.extend([facts.accounts.person(account), Span::plain(" since "), Span::Time(*since)]);
    }
    if waiting.len() > NAMED {
        spans.push(Span::plain(format!(" and {} more", waiting.len() - NAMED)));
    }
    Some(spans)
}

fn checks(facts: &Facts) -> Option<Vec<Span>> {
    let failing: Vec<_> = failing(&facts.pull).collect();
    if failing.is_empty() || facts.pull.state != PullState::Open {
        return None;
    }
    let links =
        failing.iter().take(NAMED).map(|check| Span::Link { text: clip(&check.name, LABEL), url: check.url.clone() });
    let mut spans = vec![Span::plain("failed: ")];
    spans.extend(separated(links, ", "));
    if failing.len() > NAMED {
        spans.push(Span::plain(format!(" and {} more", failing.len() - NAMED)));
    }
    Some(spans)
}

/// `about AUTH-12 Sign-in page, AUTH-13 Sign-out`.
fn tasks(facts: &Facts) -> Option<Vec<Span>> {
    if facts.tasks.is_empty() {
        return None;
    }
    let mut spans = vec![Span::plain("about ")];
    for (index, (code, title)) in facts.tasks.iter().take(NAMED).enumerate() {
        spans.extend((index > 0).then(|| Span::plain(", ")));
        spans.extend([Span::Code(code.to_string()), Span::plain(format!(" {}", clip(title, BRANCH)))]);
    }
    if facts.tasks.len() > NAMED {
        spans.push(Span::plain(format!(" and {} more", facts.tasks.len() - NAMED)));
    }
    Some(spans)
}

/// What waits for a decision: its first lines and what can be pressed. All of it stands on its own card.
fn proposal(facts: &CardFacts) -> Vec<Block> {
    let patch = &facts.patch;
    let page = format!("/patches/{}", patch.code);
    let mut shown = lines(facts, facts.diff.entries.iter().take(DIFF), Style::Full);
    // Why stands on the card; here it would say what the message says already.
    shown.retain(|line| line.kind != LineKind::Plain);
    let further = facts.diff.entries.len().saturating_sub(DIFF);
    if further > 0 {
        shown.push(Line::plain(vec![Span::Link { text: format!("and {further} more"), url: page.clone() }]));
    }
    let press = |action| Press::Patch { action, patch: patch.id, revision: patch.revision };
    let button = |label: &str, style, action| Button { label: label.to_owned(), style, press: press(action) };
    let first = if facts.stale.is_empty() { ("Approve", Action::Approve) } else { ("Rebase", Action::Rebase) };
    vec![
        Block::Text(vec![
            Span::Strong(patch.code.to_string()),
            Span::plain(format!(" proposes: {}", clip(&patch.title, TITLE))),
        ]),
        Block::Lines { lines: shown, more: Some(page) },
        Block::Buttons(vec![
            button(first.0, ButtonStyle::Primary, first.1),
            button("Reject", ButtonStyle::Danger, Action::Reject),
            button("Details", ButtonStyle::Plain, Action::Details),
        ]),
    ]
}

#[cfg(test)]
mod tests;
