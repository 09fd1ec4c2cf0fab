//! The card of a patch through its life, and the private view of all of it.

mod needs;
mod why;

use std::collections::BTreeSet;

use needs::{consensus, footer};
use why::{because, let_pass, why};

use super::{
    facts::Facts,
    lines::{Style, change, choices, happened, lines},
    words::{clip, count, list, quote},
};
use crate::{
    domain::{
        diff::{Effect, Entry, Value},
        event::Action,
        ids::MemberId,
        member::Surface,
        message::{Block, Button, ButtonStyle, Line, Message, Press, Span},
        patch::{Decision, Operation, Patch, PatchState},
        project::Revision,
        time::Timestamp,
    },
    store::{self, Tx},
};

/// Steps beyond which a card offers no tick boxes: a form of that length is no help.
const MAX_CHOICES: usize = 100;
/// Characters of the words that asked for the patch.
const WORDS: usize = 200;

/// The card of `patch` as it is now.
pub async fn show(tx: &mut Tx, patch: &Patch, now: Timestamp) -> store::Result<Message> {
    Ok(message(&Facts::load(tx, patch, now).await?))
}

/// Everything about `patch`, for one reader: the whole diff with reasons, who, where and when.
pub async fn details(tx: &mut Tx, patch: &Patch, now: Timestamp) -> store::Result<Message> {
    Ok(details_message(&Facts::load(tx, patch, now).await?))
}

/// The card that these facts make.
pub fn message(facts: &Facts) -> Message {
    match &facts.patch.state {
        PatchState::Proposed | PatchState::Expired { .. } if facts.has_lapsed() => lapsed(facts),
        PatchState::Proposed | PatchState::Expired { .. } => proposed(facts),
        PatchState::Applied { decision, revision, steps } => applied(facts, decision, *revision, steps),
        PatchState::Rejected { decision, reason } => rejected(facts, decision, reason),
        PatchState::Superseded { decision, .. } => superseded(facts, decision),
        PatchState::Undone { decision, steps, .. } => undone(facts, decision, steps),
    }
}

/// The private view that these facts make.
pub fn details_message(facts: &Facts) -> Message {
    let patch = &facts.patch;
    let mut blocks = vec![Block::Header(title(facts)), Block::Context(origin(facts))];
    let mut asked = if patch.is_by_rule() {
        vec![Span::plain("Proposed "), Span::Time(patch.created_at)]
    } else {
        vec![person(facts, patch.author), Span::plain(" asked "), Span::Time(patch.created_at)]
    };
    if !patch.origin.words.is_empty() {
        asked.push(Span::plain(format!(": {}", quote(&patch.origin.words, 1000))));
    }
    asked.push(Span::plain(format!(" · confidence {}", patch.confidence.as_str())));
    blocks.push(Block::Text(asked));
    blocks.push(Block::Text(standing(facts)));
    if let Some(founding) = patch.founding.as_ref().filter(|founding| !founding.summary.is_empty()) {
        blocks.push(Block::Text(vec![Span::plain(&founding.summary)]));
    }
    blocks.extend(stale_block(facts));
    let whole = match all_lines(facts, lines(facts, &facts.diff.entries, Style::Whole)) {
        // These are all the lines there are: for more, nothing but the page below is left.
        Block::Lines { lines, .. } => Block::Lines { lines, more: None },
        nothing => nothing,
    };
    blocks.push(whole);
    blocks.push(Block::Context(footer(facts)));
    blocks.push(Block::Context(vec![Span::Link { text: format!("Open {} as a page", patch.code), url: page(facts) }]));
    Message { summary: format!("{} in full", patch.code), blocks }
}

fn proposed(facts: &Facts) -> Message {
    let patch = &facts.patch;
    let mut blocks = vec![Block::Header(title(facts)), Block::Context(origin(facts))];
    if let Some(founding) = patch.founding.as_ref().filter(|founding| !founding.summary.is_empty()) {
        blocks.push(Block::Text(vec![Span::plain(&founding.summary)]));
    }
    blocks.push(all_lines(facts, lines(facts, &facts.diff.entries, Style::Full)));
    blocks.extend(why(facts).map(Block::Text));
    let is_fresh = facts.stale.is_empty();
    let options = choices(facts);
    if is_fresh && (2..=MAX_CHOICES).contains(&options.len()) {
        blocks.push(Block::Choices { patch: patch.id, options });
    }
    blocks.extend(stale_block(facts));
    blocks.extend(consensus(facts).map(Block::Text));
    let first = if is_fresh { (Action::Approve, "Approve") } else { (Action::Rebase, "Rebase") };
    let object = match (facts.objections.is_empty(), facts.unopposed_at) {
        (false, _) => Some(button(facts, Action::Withdraw, "Withdraw objection", ButtonStyle::Plain)),
        (true, Some(_)) => Some(button(facts, Action::Object, "Object", ButtonStyle::Plain)),
        (true, None) => None,
    };
    let buttons = [
        Some(button(facts, first.0, first.1, ButtonStyle::Primary)),
        Some(button(facts, Action::RequestChanges, "Request changes", ButtonStyle::Plain)),
        Some(button(facts, Action::Reject, "Reject", ButtonStyle::Danger)),
        object,
        Some(button(facts, Action::Details, "Details", ButtonStyle::Plain)),
    ];
    blocks.push(Block::Buttons(buttons.into_iter().flatten().collect()));
    blocks.push(Block::Context(footer(facts)));
    let changes = count(facts.diff.entries.len(), "change");
    let wish = if is_fresh { "to approve" } else { "to rebase: the plan has moved" };
    Message { summary: format!("{}: {changes} {wish}", title(facts)), blocks }
}

fn applied(facts: &Facts, decision: &Decision, revision: Revision, steps: &BTreeSet<usize>) -> Message {
    if let Some(small) = small_change(facts, decision) {
        return small;
    }
    let code = facts.patch.code;
    let mut spans = vec![Span::Strong(format!("✓ {code} applied"))];
    if facts.by_policy {
        spans.push(Span::plain(format!(" by the policy{}, ", let_pass(facts))));
    } else {
        spans.extend([Span::plain(" by "), person(facts, decision.by), Span::plain(", ")]);
    }
    spans.push(Span::Time(decision.at));
    if facts.approvals.len() > 1 {
        spans.push(Span::plain(format!(" · approved by {}", approvers(facts))));
    }
    spans.push(Span::plain(format!(" · {}", stands_at(facts, revision))));
    let (done, left): (Vec<&Entry>, Vec<&Entry>) =
        facts.diff.entries.iter().partition(|entry| steps.contains(&entry.step));
    let mut blocks = decided(facts, spans, lines(facts, done, Style::Brief));
    if !left.is_empty() {
        blocks.push(Block::Text(vec![Span::plain("Left out:")]));
        blocks.push(all_lines(facts, lines(facts, left, Style::Struck)));
    }
    blocks.push(Block::Buttons(vec![
        button(facts, Action::Undo, "Undo", ButtonStyle::Plain),
        button(facts, Action::Details, "Details", ButtonStyle::Plain),
    ]));
    let by = if facts.by_policy { "the policy" } else { facts.name(decision.by) };
    let summary = format!("✓ {code} applied by {by} · {}", stands_at(facts, revision));
    Message { summary, blocks }
}

/// One change of one task that its author, or the policy for a rule, applied: one line says it all.
fn small_change(facts: &Facts, decision: &Decision) -> Option<Message> {
    let patch = &facts.patch;
    let [step] = patch.steps.as_slice() else { return None };
    let [Entry { effect: Effect::Changes { number, title, fields }, .. }] = facts.diff.entries.as_slice() else {
        return None;
    };
    let is_by_rule = patch.is_by_rule() && facts.by_policy;
    let is_at_once = if is_by_rule { facts.cause().is_some() } else { decision.by == patch.author && !facts.by_policy };
    if !is_at_once || fields.len() != 1 || !matches!(step.operation, Operation::UpdateTask { .. }) {
        return None;
    }
    let mut spans = vec![Span::plain("✓ "), Span::Code(format!("{}-{number}", facts.key))];
    for field in fields {
        if let (Value::Status(before), Value::Status(after)) = (&field.before, &field.after) {
            spans.push(Span::Strong(format!(" {}", after.words())));
            spans.push(Span::plain(format!(", was {}", before.words())));
        } else {
            spans.push(Span::plain(" "));
            spans.extend(change(facts, field, false));
        }
    }
    match facts.cause().filter(|_| is_by_rule) {
        Some((reason, link)) => {
            spans.push(Span::plain(format!(" · {title} · ")));
            spans.extend(happened(reason, link));
            spans.push(Span::plain(" · by the policy"));
        }
        None => spans.extend([Span::plain(format!(" · {title} · by ")), person(facts, decision.by)]),
    }
    spans.push(Span::plain(format!(" · {}", patch.code)));
    let undo = Block::Buttons(vec![button(facts, Action::Undo, "Undo", ButtonStyle::Plain)]);
    Some(Message { summary: crate::domain::message::plain(&spans), blocks: vec![Block::Text(spans), undo] })
}

fn rejected(facts: &Facts, decision: &Decision, reason: &str) -> Message {
    let code = facts.patch.code;
    if facts.patch.is_by_rule() && decision.by == facts.patch.author {
        // Rules take back what no longer follows from what happened.
        let spans = vec![
            Span::Strong(format!("{code} withdrawn")),
            Span::plain(", "),
            Span::Time(decision.at),
            Span::plain(format!(": {}", clip(reason, WORDS))),
        ];
        return void(facts, format!("{code} withdrawn: {}", clip(reason, WORDS)), spans, &[]);
    }
    let mut spans = vec![Span::Strong(format!("{code} rejected")), Span::plain(" by ")];
    spans.extend([person(facts, decision.by), Span::plain(", "), Span::Time(decision.at)]);
    if !reason.is_empty() {
        spans.push(Span::plain(format!(": {}", quote(reason, WORDS))));
    }
    let summary = format!("{code} rejected by {}", facts.name(decision.by));
    void(facts, summary, spans, &[])
}

fn superseded(facts: &Facts, decision: &Decision) -> Message {
    let code = facts.patch.code;
    let newer = facts.superseded_by.map_or_else(|| "a newer proposal".to_owned(), |code| code.to_string());
    let mut spans = vec![Span::Strong(format!("{code} was replaced by {newer}"))];
    if facts.patch.is_by_rule() && decision.by == facts.patch.author {
        spans.push(Span::plain(", because more has happened since, "));
    } else {
        spans.extend([Span::plain(" · asked for by "), person(facts, decision.by), Span::plain(", ")]);
    }
    spans.push(Span::Time(decision.at));
    void(facts, format!("{code} was replaced by {newer}"), spans, &[])
}

fn undone(facts: &Facts, decision: &Decision, steps: &BTreeSet<usize>) -> Message {
    let code = facts.patch.code;
    let by = facts.undone_by.map(|code| format!(" by {code}")).unwrap_or_default();
    let spans = vec![
        Span::Strong(format!("{code} was undone{by}")),
        Span::plain(" · approved by "),
        person(facts, decision.by),
        Span::plain(", "),
        Span::Time(decision.at),
    ];
    let left: Vec<usize> =
        facts.diff.entries.iter().map(|entry| entry.step).filter(|step| !steps.contains(step)).collect();
    void(facts, format!("{code} was undone{by}"), spans, &left)
}

fn lapsed(facts: &Facts) -> Message {
    let code = facts.patch.code;
    let at = match facts.patch.state {
        PatchState::Expired { at } => at,
        _ => facts.patch.expires_at,
    };
    let spans = vec![
        Span::Strong(format!("{code} expired")),
        Span::plain(" "),
        Span::Time(at),
        Span::plain(": nobody decided in time. Renew proposes it again."),
    ];
    let mut blocks = decided(facts, spans, lines(facts, &facts.diff.entries, Style::Brief));
    blocks.push(Block::Buttons(vec![
        button(facts, Action::Renew, "Renew", ButtonStyle::Primary),
        button(facts, Action::Details, "Details", ButtonStyle::Plain),
    ]));
    Message { summary: format!("{code} expired: nobody decided in time"), blocks }
}

/// The card of a patch that is no part of the plan: its lines are struck, and there is nothing left to decide.
fn void(facts: &Facts, summary: String, spans: Vec<Span>, without: &[usize]) -> Message {
    let entries = facts.diff.entries.iter().filter(|entry| !without.contains(&entry.step));
    let mut blocks = decided(facts, spans, lines(facts, entries, Style::Struck));
    blocks.push(Block::Buttons(vec![button(facts, Action::Details, "Details", ButtonStyle::Plain)]));
    Message { summary, blocks }
}

/// What every decided card begins with: what it was, what became of it, its lines.
fn decided(facts: &Facts, spans: Vec<Span>, lines: Vec<Line>) -> Vec<Block> {
    vec![Block::Header(title(facts)), Block::Context(origin(facts)), Block::Text(spans), all_lines(facts, lines)]
}

/// `P-41 · AUTH: plan the user authentication flow`.
pub fn title(facts: &Facts) -> String {
    format!("{} · {}: {}", facts.patch.code, facts.key, facts.patch.title)
}

/// The page that shows the whole patch.
fn page(facts: &Facts) -> String {
    format!("/patches/{}", facts.patch.code)
}

fn all_lines(facts: &Facts, lines: Vec<Line>) -> Block {
    if lines.is_empty() {
        return Block::Text(vec![Span::plain("Nothing is left to change: the plan says all of this already.")]);
    }
    Block::Lines { lines, more: Some(page(facts)) }
}

fn person(facts: &Facts, member: MemberId) -> Span {
    Span::Person { member, name: facts.name(member).to_owned() }
}

fn button(facts: &Facts, action: Action, label: &str, style: ButtonStyle) -> Button {
    let press = Press::Patch { action, patch: facts.patch.id, revision: facts.patch.revision };
    Button { label: label.to_owned(), style, press }
}

/// `Ana asked in the console · new project AUTH · template "feature", no model connected`.
fn origin(facts: &Facts) -> Vec<Span> {
    let patch = &facts.patch;
    if patch.is_by_rule() {
        return because(facts);
    }
    let venue = &patch.origin.venue;
    let place = match venue.surface {
        Surface::Console => format!(" {}", venue.words()),
        // The name of the channel is not known, and the card stands in it anyway.
        Surface::Slack => String::new(),
    };
    let mut spans = vec![person(facts, patch.author), Span::plain(format!(" asked{place}"))];
    let mut say = |words: String| spans.push(Span::plain(format!(" · {words}")));
    if let Some(founding) = &patch.founding {
        say(format!("new project {}", founding.key));
    }
    if let Some(code) = facts.supersedes {
        say(format!("replaces {code}"));
    }
    if let Some(code) = facts.undoes {
        say(format!("takes back {code}"));
    }
    if !patch.origin.method.is_empty() {
        say(patch.origin.method.clone());
    }
    spans
}

fn stale_block(facts: &Facts) -> Option<Block> {
    if facts.stale.is_empty() || facts.patch.state != PatchState::Proposed {
        return None;
    }
    let code = facts.patch.code;
    let mut spans = vec![Span::Strong("The plan has moved since this was proposed.".to_owned())];
    spans.extend(facts.stale.iter().map(|moved| Span::plain(format!(" {moved}"))));
    spans.push(Span::plain(format!(" Rebase brings {code} up to date.")));
    Some(Block::Text(spans))
}

fn approvers(facts: &Facts) -> String {
    list(&facts.approvals.iter().map(|member| facts.name(*member)).collect::<Vec<_>>(), "and")
}

/// `AUTH is at revision 4`, or which revision it made where the plan has moved on.
fn stands_at(facts: &Facts, made: Revision) -> String {
    if facts.project_revision > made {
        format!("it made revision {made} of {}", facts.key)
    } else {
        format!("{} is at revision {made}", facts.key)
    }
}

/// What became of the patch, in one sentence of the private view.
fn standing(facts: &Facts) -> Vec<Span> {
    let (verb, decision) = match &facts.patch.state {
        PatchState::Proposed if facts.has_lapsed() => return vec![Span::plain("Expired: nobody decided in time.")],
        PatchState::Proposed => return vec![Span::plain("Waiting for a decision.")],
        PatchState::Expired { at } => return vec![Span::plain("Expired "), Span::Time(*at), Span::plain(".")],
        PatchState::Applied { decision, .. } => ("Applied".to_owned(), decision),
        PatchState::Rejected { decision, reason } if !reason.is_empty() => {
            (format!("Rejected ({})", quote(reason, 1000)), decision)
        }
        PatchState::Rejected { decision, .. } => ("Rejected".to_owned(), decision),
        PatchState::Superseded { decision, .. } => (with_code("Replaced", facts.superseded_by), decision),
        PatchState::Undone { decision, .. } => (with_code("Undone", facts.undone_by), decision),
    };
    if facts.by_policy {
        let why = let_pass(facts);
        return vec![Span::plain(format!("Applied by the policy{why}, ")), Span::Time(decision.at)];
    }
    let mut spans = vec![Span::plain(format!("{verb}, decided by ")), person(facts, decision.by)];
    spans.extend([Span::plain(" "), Span::Time(decision.at)]);
    if !facts.approvals.is_empty() {
        spans.push(Span::plain(format!(" · approved by {}", approvers(facts))));
    }
    spans
}

fn with_code(verb: &str, code: Option<crate::domain::patch::PatchCode>) -> String {
    code.map_or_else(|| verb.to_owned(), |code| format!("{verb} by {code}"))
}

#[cfg(test)]
mod tests;
