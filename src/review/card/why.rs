//! Why a patch is there and why it applied, in the words of its card.

use super::WORDS;
use crate::{
    domain::{message::Span, policy::Move},
    review::{facts::Facts, lines::happened, words::quote},
};

/// `acme/web#12 was merged by ana-gh`: what rules made the patch of.
pub(super) fn because(facts: &Facts) -> Vec<Span> {
    let mut spans = match facts.cause() {
        Some((reason, link)) => happened(reason, link),
        None if facts.patch.origin.moves.contains(&Move::Said) => vec![Span::plain("What was said in conversations")],
        None => vec![Span::plain("What happened at GitHub")],
    };
    if let Some(code) = facts.supersedes {
        spans.push(Span::plain(format!(" · replaces {code}")));
    }
    spans
}

/// `why: "we keep being logged out" · confidence high`, with what the steps cite.
pub(super) fn why(facts: &Facts) -> Option<Vec<Span>> {
    let patch = &facts.patch;
    let confidence = format!("confidence {}", patch.confidence.as_str());
    let words = patch.origin.words.trim();
    let says = if words.is_empty() { confidence } else { format!("why: {} · {confidence}", quote(words, WORDS)) };
    let is_asked = !patch.steps.is_empty() && !patch.is_by_rule();
    is_asked.then(|| vec![Span::Plain(says)])
}

/// Why the policy let it apply without an approval.
pub(super) fn let_pass(facts: &Facts) -> &'static str {
    if facts.patch.is_by_rule() { "" } else { ", since nobody objected" }
}
