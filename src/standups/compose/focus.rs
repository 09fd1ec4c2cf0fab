//! The one thing that would help most today, in a line.

use crate::{
    domain::{digest::Focus, message::Span},
    review::words::count,
    standups::words::{Say, person},
};

/// `Focus: review #14 Sign-in page (Ben), 3 tasks wait for it.`
pub(super) fn line(say: &Say, focus: &Focus) -> Vec<Span> {
    let mut spans = vec![Span::Strong("Focus today:".to_owned()), Span::plain(" ")];
    spans.extend(words(say, focus));
    spans
}

/// What to do, and why.
pub(in crate::standups) fn words(say: &Say, focus: &Focus) -> Vec<Span> {
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
