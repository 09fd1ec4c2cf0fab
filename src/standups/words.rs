//! Small pieces that all parts of a digest are said with.

use chrono::NaiveDate;

use crate::{
    domain::{
        digest::{About, Item, Proposal, PullItem, Review, Says, Who},
        message::Span,
        pulls::Standing,
        task::{Status, TaskCode},
        time::Timestamp,
    },
    review::{
        lines::separated,
        words::{clip, count, date},
    },
};

/// How a digest says things: on which day, and how much of each.
#[derive(Debug, Clone, Copy)]
pub(super) struct Say {
    /// The day it is for.
    pub(super) today: NaiveDate,
    /// The clocks that "since Friday" is said by.
    pub(super) zone: chrono_tz::Tz,
    /// Characters of a title; with none, codes stand alone.
    pub(super) title: usize,
}

impl Say {
    /// `Fri 27 Nov`.
    pub(super) fn day(day: NaiveDate) -> String {
        day.format("%a %-d %b").to_string()
    }

    /// `since 09:30` on the same day, `since Thursday` within six days, else `since 12 Nov 2026`.
    pub(super) fn since(&self, at: Timestamp) -> String {
        let local = at.to_utc().with_timezone(&self.zone);
        match (self.today - local.date_naive()).num_days() {
            ..=0 => format!("since {}", local.format("%H:%M")),
            1..=6 => format!("since {}", local.format("%A")),
            _ => format!("since {}", date(local.date_naive())),
        }
    }

    /// A task by code and title.
    pub(super) fn item(&self, item: &Item) -> Vec<Span> {
        let mut spans = vec![Span::Code(item.code.to_string())];
        if self.title > 0 {
            spans.push(Span::plain(format!(" {}", clip(&item.title, self.title))));
        }
        spans
    }

    /// A pull request by number and title, with a link to it.
    pub(super) fn pull(&self, pull: &PullItem) -> Span {
        if self.title == 0 {
            return number(pull);
        }
        let text = format!("#{} {}", pull.at.number, clip(&pull.title, self.title));
        Span::Link { text, url: pull.url.clone() }
    }

    /// What a fact is about, in the section where it stands.
    pub(super) fn about(&self, about: &About) -> Vec<Span> {
        match about {
            About::Task { item, status, due, pulls, waits_for } => {
                let mut spans = self.item(item);
                if *status == Status::InReview {
                    spans.push(Span::plain(" in review"));
                }
                if !pulls.is_empty() {
                    spans.push(Span::plain(" ("));
                    let numbers = pulls.iter().map(number);
                    spans.extend(separated(numbers, ", "));
                    spans.push(Span::plain(")"));
                }
                if !waits_for.is_empty() && matches!(status, Status::Blocked | Status::Todo) {
                    spans.push(Span::plain(" by "));
                    spans.extend(holders(waits_for));
                }
                if let Some(due) = due.filter(|due| !status.is_terminal() && *due <= self.today) {
                    spans.push(Span::plain(self.due(due)));
                }
                spans
            }
            About::Merged(pull) => vec![Span::plain("merged "), self.pull(pull)],
            About::Reviewed(pull, true) => vec![Span::plain("approved "), self.pull(pull)],
            About::Reviewed(pull, false) => vec![Span::plain("asked for changes in "), self.pull(pull)],
            // In their words, and said to be.
            About::Said(words) => vec![Span::plain(format!("“{}”", clip(words, Says::LONGEST)))],
            About::Open(pull, Standing::Open) => vec![self.pull(pull)],
            About::Open(pull, standing) => vec![self.pull(pull), Span::plain(format!(" ({})", standing.words()))],
        }
    }

    /// `, due today` or `, 3 days overdue`.
    fn due(&self, due: NaiveDate) -> String {
        match usize::try_from((self.today - due).num_days()) {
            Ok(0) | Err(_) => ", due today".to_owned(),
            Ok(days) => format!(", {} overdue", count(days, "day")),
        }
    }

    /// `waits for Ben and Cy since Thursday`.
    pub(super) fn waits(&self, review: &Review) -> Vec<Span> {
        let mut spans = vec![Span::plain(" waits for ")];
        let shown = review.of.iter().take(3).map(|(who, _)| person(who));
        spans.extend(separated(shown, ", "));
        if review.of.len() > 3 {
            spans.push(Span::plain(format!(" and {} more", review.of.len() - 3)));
        }
        if let Some((_, since)) = review.of.first() {
            spans.push(Span::plain(format!(" {}", self.since(*since))));
        }
        spans
    }

    /// `P-41 change the sign-in tasks`.
    pub(super) fn proposal(&self, proposal: &Proposal) -> Vec<Span> {
        let mut spans = vec![Span::Code(proposal.code.to_string())];
        if self.title > 0 {
            spans.push(Span::plain(format!(" {}", clip(&proposal.title, self.title))));
        }
        spans
    }
}

/// A pull request by its number alone, with a link to it.
fn number(pull: &PullItem) -> Span {
    Span::Link { text: format!("#{}", pull.at.number), url: pull.url.clone() }
}

/// Somebody by name; never notifies anybody.
pub(super) fn person(who: &Who) -> Span {
    match who.member {
        Some(member) => Span::Person { member, name: who.name.clone() },
        None => Span::plain(&who.name),
    }
}

/// `AUTH-4 (Ben), AUTH-5`.
pub(super) fn holders(holders: &[(TaskCode, Option<Who>)]) -> Vec<Span> {
    let mut spans = Vec::new();
    for (index, (code, who)) in holders.iter().enumerate() {
        if index > 0 {
            spans.push(Span::plain(", "));
        }
        spans.push(Span::Code(code.to_string()));
        if let Some(who) = who {
            spans.extend([Span::plain(" ("), person(who), Span::plain(")")]);
        }
    }
    spans
}

/// Groups of spans with something between them.
pub(super) fn joined(groups: impl IntoIterator<Item = Vec<Span>>, between: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    for group in groups.into_iter().filter(|group| !group.is_empty()) {
        if !spans.is_empty() {
            spans.push(Span::plain(between));
        }
        spans.extend(group);
    }
    spans
}
