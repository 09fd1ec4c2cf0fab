//! `policy test`: what would happen if somebody approved a patch, step by step. Changes nothing.

use super::{circle::Circles, facts::Facts, rules, words::count};
use crate::{
    domain::{
        member::{Member, Role},
        message::{Block, Line, LineKind, Message, Span},
        patch::{Patch, PatchState},
        policy::{Check, Group, Policy, Refusal},
        time::Timestamp,
    },
    error::Result,
    store::Tx,
};

/// What would happen if `who` approved `patch` now. The inner error is a group to ask the platform about first.
pub async fn explain(
    tx: &mut Tx,
    patch: &Patch,
    who: &Member,
    circles: &Circles,
    now: Timestamp,
) -> Result<Result<Message, Group>> {
    let policy = tx.policy_of(patch.project).await?;
    let circle = match circles.of(tx, &policy, now).await? {
        Ok(circle) => circle,
        Err(group) => return Ok(Err(group)),
    };
    let facts = Facts::load(tx, patch, now).await?;
    let (name, code) = (&who.name, patch.code);
    let mut lines = Vec::new();
    let mut step = |holds: bool, words: String| {
        let (kind, sign) = if holds { (LineKind::Plain, "✓ ") } else { (LineKind::Plain, "✗ ") };
        lines.push(Line { kind, depth: 0, spans: vec![Span::plain(format!("{sign}{words}"))] });
    };
    let waits = patch.state == PatchState::Proposed && !facts.has_lapsed();
    step(waits, if waits { format!("{code} waits for a decision") } else { over(&facts) });
    let checks = policy.checks(who, patch, &circle);
    let mut refusal = None;
    for (check, outcome) in checks {
        if let Some(words) = said(check, outcome, &policy, &facts, who) {
            step(outcome.is_ok(), words);
        }
        refusal = refusal.or(outcome.err());
    }
    let is_fresh = facts.stale.is_empty();
    if waits {
        step(is_fresh, if is_fresh { "it fits the plan".to_owned() } else { facts.stale.join(" ") });
    }
    let mut approvals = facts.approvals.clone();
    let mut valid = Vec::new();
    for id in &approvals {
        if let Some(member) = tx.member(*id).await?
            && policy.may_approve(&member, patch, &circle).is_ok()
        {
            valid.push(*id);
        }
    }
    approvals.retain(|id| valid.contains(id));
    let again = !approvals.insert(who.id);
    let (given, needed) = (approvals.len(), policy.demand(patch).approvals);
    let end = match refusal {
        _ if !waits => format!("Nothing would happen: {}.", over(&facts)),
        Some(refusal) => format!("{name}'s approval would not count: {refusal}."),
        None if !policy.is_met(patch, &approvals) && again => {
            format!("{name} approved it already. It would still need {}.", count(needed - given, "more approval"))
        }
        None if !policy.is_met(patch, &approvals) => format!(
            "{name}'s approval would count as {given} of {needed}. It would need {}.",
            count(needed - given, "more approval")
        ),
        None if !is_fresh => format!("{code} would not be applied: it no longer fits the plan. Rebase it first."),
        None => format!("{code} would be applied."),
    };
    let blocks = vec![
        Block::Header(format!("If {name} approved {code}")),
        Block::Lines { lines, more: None },
        Block::Text(vec![Span::Strong(end.clone())]),
        Block::Context(vec![Span::plain("This was only a test. Nothing was changed.")]),
    ];
    Ok(Ok(Message { summary: end, blocks }))
}

/// Why there is nothing to approve.
fn over(facts: &Facts) -> String {
    let code = facts.patch.code;
    if facts.has_lapsed() { format!("{code} has expired") } else { format!("{code} is {}", facts.patch.state.as_str()) }
}

/// One condition in words; `None` where it says nothing about this patch.
fn said(
    check: Check,
    outcome: std::result::Result<(), Refusal>,
    policy: &Policy,
    facts: &Facts,
    who: &Member,
) -> Option<String> {
    if let Err(refusal) = outcome {
        return Some(refusal.to_string());
    }
    let name = &who.name;
    Some(match check {
        Check::Standing => format!("{name} is a full member, and {}", who.role.with_article()),
        Check::Author if facts.patch.author == who.id => format!("{name} proposed it, and authors may approve"),
        Check::Author => format!("{name} is not its author"),
        Check::Named => {
            let who = rules::approvers(&policy.approvers, &facts.names);
            format!("{name} is among those who approve: {}", who.as_deref().unwrap_or("everybody but viewers"))
        }
        Check::LeastRole => match facts.demand().by {
            Some(least) if least < Role::Viewer => {
                format!("{}, which {name} is", rules::because(&facts.demand()).unwrap_or_default())
            }
            _ => rules::because(&facts.demand())?,
        },
    })
}
