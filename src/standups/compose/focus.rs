//! The one thing that would help most today, in a line.

use crate::{
    domain::{
        digest::{Focus, Wording},
        message::{Span, plain},
    },
    review::words::count,
    standups::words::{Say, joined, person},
};

/// `Focus today: review #14 Sign-in page: it waits for Ben since Thursday, and 3 tasks wait for it`.
pub(super) fn line(words: Vec<Span>) -> Vec<Span> {
    let mut spans = vec![Span::Strong("Focus today:".to_owned()), Span::plain(" ")];
    spans.extend(words);
    spans
}

/// In a model's words, with what they are about; `None` where there are none, or where what they were made of is not so
/// any more.
pub(super) fn worded(say: &Say, all: &[Focus], wording: &Wording) -> Option<Vec<Span>> {
    let line = wording.focus.as_ref()?;
    let known = |of: &String| all.iter().find(|focus| fact(say, focus) == *of);
    let sources = line.of.iter().map(known).collect::<Option<Vec<&Focus>>>()?;
    let mut spans = vec![Span::plain(format!("{} (", line.words))];
    spans.extend(joined(sources.into_iter().map(|focus| source(say, focus)), ", "));
    spans.push(Span::plain(")"));
    Some(spans)
}

/// A fact as the rules say it.
pub(in crate::standups) fn fact(say: &Say, focus: &Focus) -> String {
    plain(&words(say, focus))
}

/// What a fact is about, by its code or number.
fn source(say: &Say, focus: &Focus) -> Vec<Span> {
    let brief = Say { title: 0, ..*say };
    match focus {
        Focus::Review(review) => vec![brief.pull(&review.pull)],
        Focus::Decide(proposal) => brief.proposal(proposal),
        Focus::Finish { item, .. } => brief.item(item),
        Focus::Overdue(overdue) => brief.item(&overdue.item),
        Focus::Mend(pull) => vec![brief.pull(pull)],
    }
}

/// What to do, and why.
pub(super) fn words(say: &Say, focus: &Focus) -> Vec<Span> {
    match focus {
        Focus::Review(review) => {
            let mut spans = vec![Span::plain("review "), say.pull(&review.pull), Span::plain(": it")];
            spans.extend(say.waits(review));
            if review.frees > 0 {
                spans.push(Span::plain(format!(", and {} for it", wait(review.frees))));
            }
            spans
        }
        Focus::Decide(proposal) => {
            let mut spans = vec![Span::plain("decide on ")];
            spans.extend(say.proposal(proposal));
            let since = say.since(proposal.since);
            spans.push(Span::plain(format!(": it waits {since}; {} can approve it", proposal.whose)));
            spans
        }
        Focus::Finish { item, who, frees } => {
            let mut spans = vec![Span::plain("finish ")];
            spans.extend(say.item(item));
            if let Some(who) = who {
                spans.extend([Span::plain(" ("), person(who), Span::plain(")")]);
            }
            spans.push(Span::plain(format!(": {} for it", wait(*frees))));
            spans
        }
        Focus::Overdue(overdue) => {
            let mut spans = vec![Span::plain("finish or move ")];
            spans.extend(say.item(&overdue.item));
            spans.push(Span::plain(format!(": it was due on {}", Say::day(overdue.due))));
            spans
        }
        Focus::Mend(pull) => vec![Span::plain("mend the checks of "), say.pull(pull)],
    }
}

/// `2 tasks wait`.
fn wait(tasks: usize) -> String {
    format!("{} {}", count(tasks, "task"), if tasks == 1 { "waits" } else { "wait" })
}
