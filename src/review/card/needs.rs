//! What a proposal needs to be applied, in the words of its card.

use super::{WORDS, approvers, person};
use crate::{
    domain::{message::Span, patch::PatchState},
    review::{
        facts::Facts,
        rules,
        words::{count, quote},
    },
};

/// `against revision 3 · 1 of 2 approvals (Ana), 1 more needed · expires Fri 27 Nov`.
pub(super) fn footer(facts: &Facts) -> Vec<Span> {
    let patch = &facts.patch;
    let mut spans = Vec::new();
    if patch.founding.is_none() {
        spans.push(Span::plain(format!("against revision {} · ", patch.base)));
    }
    if patch.state != PatchState::Proposed {
        spans.push(Span::plain(format!("version {} of {}", patch.revision, patch.code)));
        return spans;
    }
    spans.push(Span::plain(approvals_words(facts)));
    if !facts.policy.self_approval && !patch.is_by_rule() {
        spans.push(Span::plain(", not the author"));
    }
    spans.extend([Span::plain(" · expires "), Span::Time(patch.expires_at)]);
    spans
}

/// `1 of 2 approvals (Ana)`, whose are needed, and why more than usual where they are.
fn approvals_words(facts: &Facts) -> String {
    let demand = facts.demand();
    let whose = match rules::approvers(&facts.policy.approvers, &facts.names) {
        Some(whose) => format!(" from {whose}"),
        None => String::new(),
    };
    let needed = if facts.approvals.is_empty() {
        format!("needs {}{whose}", count(demand.approvals, "approval"))
    } else {
        let (given, all) = (facts.approvals.len(), count(demand.approvals, "approval"));
        format!("{given} of {all} ({}), {} more needed{whose}", approvers(facts), facts.approvals_needed())
    };
    match rules::because(&demand) {
        Some(because) => format!("{needed} · {because}"),
        None => needed,
    }
}

/// When the patch applies by itself, or who objects to that.
pub(super) fn consensus(facts: &Facts) -> Option<Vec<Span>> {
    if facts.objections.is_empty() {
        let at = facts.unopposed_at.filter(|_| facts.stale.is_empty())?;
        let spans = [Span::Strong("Applies ".to_owned()), Span::Time(at), Span::plain(" unless somebody objects.")];
        return Some(spans.into());
    }
    let mut spans = Vec::new();
    for (member, reason) in &facts.objections {
        let why = if reason.is_empty() { ". ".to_owned() } else { format!(": {}. ", quote(reason, WORDS)) };
        spans.extend([person(facts, *member), Span::plain(format!(" objects{why}"))]);
    }
    spans.push(Span::plain("It does not apply by itself and needs a normal approval."));
    Some(spans)
}
