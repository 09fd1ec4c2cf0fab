//! What the pull requests of a task mean for its status.
//!
//! | facts | move |
//! | --- | --- |
//! | an open pull request is a draft | to in progress, from backlog or to do |
//! | an open one is ready | to in review, from anything before it |
//! | the one that brought it to review wants changes | back to in progress |
//! | one that finishes it is merged, and none is open | to done, from anything that is not over |
//! | one without a closing word is merged | none: it is linked, and nothing more |
//! | the one that brought it to review is closed, and none is open | back to in progress |
//! | the one that finished it was taken back by another, which is merged | from done back to in progress |
//!
//! Everything else leaves the task alone. A mention never takes up what is over, and never moves anything back. What was
//! proposed because of a fact, or held already when the fact came, is not proposed because of it again: whatever people
//! did since is what they want.

use std::cmp::Reverse;

use super::{references::reverted, when};
use crate::domain::{
    policy::Move,
    task::Status,
    time::Timestamp,
    tracker::{Numbered, Pull, PullState},
};

/// A pull request that is about a task.
#[derive(Debug, Clone, Copy)]
pub struct Linked<'a> {
    /// What is known of it.
    pub pull: &'a Pull,
    /// Whether merging it finishes the task.
    pub is_closing: bool,
    /// What was proposed last because of it, or held already.
    pub proposed: Option<Status>,
}

impl Linked<'_> {
    fn is_open(&self) -> bool {
        self.pull.state == PullState::Open
    }

    fn is_merged(&self) -> bool {
        self.pull.state == PullState::Merged
    }

    fn wants_changes(&self) -> bool {
        !self.pull.wants_changes().is_empty()
    }

    /// Whether it brought the task to review, and may have sent it back from there since.
    fn has_brought(&self) -> bool {
        matches!(self.proposed, Some(Status::InReview | Status::InProgress))
    }

    /// Whether it takes back `other`, and is merged itself.
    fn takes_back(&self, other: &Self) -> bool {
        let is_here = self.pull.at.repository == other.pull.at.repository;
        is_here && self.is_merged() && reverted(self.pull) == Some(other.pull.at.number)
    }
}

/// What the pull requests of a task come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The status that they speak for.
    pub to: Status,
    /// Which kind of move that is.
    pub kind: Move,
    /// Those of them that do, the first of which says why.
    pub because: Vec<Numbered>,
    /// Whether it is to be proposed: it is a way forward from where the task is, and new.
    pub is_due: bool,
    /// Whether it holds already.
    pub holds: bool,
}

/// What follows from the pull requests of a task; `None` where nothing does.
pub fn find(status: Status, pulls: &[Linked<'_>]) -> Option<Finding> {
    let Spoken { to, kind, mut because } =
        if pulls.iter().any(Linked::is_open) { while_open(status, pulls) } else { when_over(pulls) }?;
    // What is new says why, the latest of it first.
    because.sort_by_key(|one| (one.proposed == Some(to), Reverse((one.pull.updated_at, one.pull.at))));
    let is_new = because.first().is_some_and(|one| one.proposed != Some(to));
    let is_past = kind == Move::Started && matches!(status, Status::InReview | Status::Done);
    let holds = status == to || is_past;
    let may = match kind {
        Move::Started => matches!(status, Status::Backlog | Status::Todo),
        Move::Review => matches!(status, Status::Backlog | Status::Todo | Status::InProgress),
        Move::Changes | Move::Closed => status == Status::InReview,
        Move::Merged => !status.is_terminal(),
        Move::Reverted => status == Status::Done,
        Move::Issues | Move::Repository | Move::Said => false,
    };
    let because = because.into_iter().map(|one| one.pull.at).collect();
    Some(Finding { to, kind, because, is_due: may && is_new && !holds, holds })
}

/// A status, and the pull requests that speak for it.
struct Spoken<'a> {
    to: Status,
    kind: Move,
    because: Vec<&'a Linked<'a>>,
}

fn spoken<'a>(to: Status, kind: Move, because: impl Iterator<Item = &'a Linked<'a>>) -> Option<Spoken<'a>> {
    let because: Vec<_> = because.collect();
    (!because.is_empty()).then_some(Spoken { to, kind, because })
}

/// What is spoken for while a pull request is open.
fn while_open<'a>(status: Status, pulls: &'a [Linked<'a>]) -> Option<Spoken<'a>> {
    let open = || pulls.iter().filter(|one| one.is_open());
    let ready = open().filter(|one| !one.pull.is_draft && !one.wants_changes());
    let wanting = || open().filter(|one| !one.pull.is_draft && one.wants_changes());
    let drafts = open().filter(|one| one.pull.is_draft);
    let sent_back = || match status {
        Status::Backlog | Status::Todo => spoken(Status::InProgress, Move::Started, wanting()),
        _ => spoken(Status::InProgress, Move::Changes, wanting().filter(|one| one.has_brought())),
    };
    spoken(Status::InReview, Move::Review, ready)
        .or_else(sent_back)
        .or_else(|| spoken(Status::InProgress, Move::Started, drafts))
}

/// What is spoken for when all pull requests are merged or closed.
fn when_over<'a>(pulls: &'a [Linked<'a>]) -> Option<Spoken<'a>> {
    let stands = |one: &Linked<'_>| !pulls.iter().any(|other| other.takes_back(one));
    let finishing = || pulls.iter().filter(|one| one.is_merged() && one.is_closing);
    // What takes back what takes it back lets it stand again.
    let taken_back_by = |one: &Linked<'_>| pulls.iter().filter(|other| other.takes_back(one) && stands(other)).count();
    let standing = finishing().filter(|one| taken_back_by(one) == 0);
    let takers = pulls.iter().filter(|other| stands(other) && finishing().any(|one| other.takes_back(one)));
    let closed = pulls.iter().filter(|one| one.pull.state == PullState::Closed && one.has_brought());
    spoken(Status::Done, Move::Merged, standing)
        .or_else(|| spoken(Status::InProgress, Move::Reverted, takers))
        .or_else(|| spoken(Status::InProgress, Move::Closed, closed))
}

/// What happened, in words to follow what the pull request is called: ` was merged by ana-gh on 20 Nov 2026 at 10:42 UTC`.
pub fn happened(pull: &Pull, kind: Move) -> String {
    let said = |verb: &str, who: Option<&str>, at: Timestamp| {
        let by = who.map(|who| format!(" by {who}")).unwrap_or_default();
        format!(" {verb}{by} {}", when(at))
    };
    let author = Some(pull.author.login.as_str());
    let ended = pull.ended_at.unwrap_or(pull.updated_at);
    let merged = |verb| said(verb, pull.merged_by.as_ref().map(|account| account.login.as_str()), ended);
    match kind {
        Move::Started if pull.is_draft => said("was opened as a draft", author, pull.opened_at),
        Move::Started | Move::Changes => match pull.wants_changes().last() {
            Some(review) => said("was sent back for changes", Some(&review.by.login), review.at),
            None => said("was opened", author, pull.opened_at),
        },
        Move::Review => said("was opened for review", author, pull.opened_at),
        Move::Merged => merged("was merged"),
        Move::Closed => said("was closed without being merged", None, ended),
        Move::Reverted => match reverted(pull) {
            Some(number) => format!(", which takes back #{number},{}", merged("was merged")),
            None => merged("was merged"),
        },
        Move::Issues | Move::Repository | Move::Said => said("was changed", None, pull.updated_at),
    }
}

#[cfg(test)]
#[path = "pulls_tests.rs"]
mod tests;
