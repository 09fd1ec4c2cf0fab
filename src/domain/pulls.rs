//! How pull requests stand, and what became of them since a while ago.

use std::collections::BTreeMap;

use super::{
    time::Timestamp,
    tracker::{Account, Check, CheckOutcome, Numbered, Pull, PullState, Remark, ReviewState},
};

/// How a pull request stands, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Waiting for a review, or for nothing in particular.
    Open,
    /// Its author still works on it.
    Draft,
    /// Somebody approved it and nobody wants changes.
    Approved,
    /// Somebody wants changes.
    ChangesRequested,
    /// A check of its last commit failed.
    ChecksFailed,
    /// Merged.
    Merged,
    /// Closed without being merged.
    Closed,
}

impl Standing {
    /// How a pull request stands. What hinders it most is said first.
    pub fn of(pull: &Pull) -> Self {
        match (pull.state, pull.review_state()) {
            (PullState::Merged, _) => Self::Merged,
            (PullState::Closed, _) => Self::Closed,
            (PullState::Open, _) if pull.is_draft => Self::Draft,
            (PullState::Open, _) if failing(pull).next().is_some() => Self::ChecksFailed,
            (PullState::Open, ReviewState::ChangesRequested) => Self::ChangesRequested,
            (PullState::Open, ReviewState::Approved) => Self::Approved,
            (PullState::Open, ReviewState::Waiting | ReviewState::Quiet) => Self::Open,
        }
    }

    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Draft => "draft",
            Self::Approved => "approved",
            Self::ChangesRequested => "changes requested",
            Self::ChecksFailed => "checks failed",
            Self::Merged => "merged",
            Self::Closed => "closed",
        }
    }
}

/// The checks of the last commit that failed.
pub fn failing(pull: &Pull) -> impl Iterator<Item = &Check> {
    pull.present_checks().filter(|check| check.outcome == CheckOutcome::Failed)
}

/// When anything about a pull request happened last, as far as is known.
pub fn touched(pull: &Pull) -> Timestamp {
    pull.reviews.values().map(|review| review.at).fold(pull.updated_at, Ord::max)
}

/// An open pull request and what it waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenPull {
    /// The pull request.
    pub pull: Pull,
    /// How it stands.
    pub standing: Standing,
    /// Who is asked for a review, and since when, those first who are asked the longest.
    pub waits_for: Vec<(Account, Timestamp)>,
    /// The names of the checks that fail.
    pub failing: Vec<String>,
    /// Since when nobody touched it, where that is too long.
    pub stale_since: Option<Timestamp>,
}

/// A pull request of which there is news, with what people wrote under it since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The pull request.
    pub pull: Pull,
    /// What people wrote, oldest first; nothing that programs did.
    pub remarks: Vec<Remark>,
}

/// How a number of pull requests stand: what `prs` and digests are made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overview {
    /// The open ones, those first that were touched last.
    pub open: Vec<OpenPull>,
    /// Those that were opened since, oldest first.
    pub opened: Vec<Told>,
    /// Those that were merged since.
    pub merged: Vec<Told>,
    /// Those that were closed without that.
    pub closed: Vec<Told>,
    /// Those of which nothing else is new, but somebody wrote something.
    pub discussed: Vec<Told>,
}

impl Overview {
    /// What these pull requests and remarks come to: `since` is how far back the news go.
    pub fn of(pulls: Vec<Pull>, remarks: Vec<Remark>, since: Timestamp, now: Timestamp) -> Self {
        let mut said: BTreeMap<Numbered, Vec<Remark>> = BTreeMap::new();
        for remark in remarks.into_iter().filter(|remark| remark.at >= since && !remark.by.is_bot) {
            said.entry(remark.under).or_default().push(remark);
        }
        let mut overview = Self::default();
        for pull in pulls {
            let remarks = said.remove(&pull.at).unwrap_or_default();
            let is_news = pull.ended_at.is_some_and(|at| at >= since);
            let list = match pull.state {
                PullState::Merged if is_news => Some(&mut overview.merged),
                PullState::Closed if is_news => Some(&mut overview.closed),
                PullState::Open if pull.opened_at >= since => Some(&mut overview.opened),
                _ if !remarks.is_empty() => Some(&mut overview.discussed),
                _ => None,
            };
            if let Some(list) = list {
                list.push(Told { pull: pull.clone(), remarks });
            }
            if pull.state == PullState::Open {
                overview.open.push(OpenPull::of(pull, now));
            }
        }
        overview.open.sort_by_key(|open| (std::cmp::Reverse(touched(&open.pull)), open.pull.at));
        overview.opened.sort_by_key(|told| (told.pull.opened_at, told.pull.at));
        for list in [&mut overview.merged, &mut overview.closed] {
            list.sort_by_key(|told| (told.pull.ended_at, told.pull.at));
        }
        overview.discussed.sort_by_key(|told| told.pull.at);
        overview
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl OpenPull {
    fn of(pull: Pull, now: Timestamp) -> Self {
        let waits_for = pull.waiting().into_iter().map(|(account, since)| (account.clone(), since)).collect();
        Self {
            standing: Standing::of(&pull),
            waits_for,
            failing: failing(&pull).map(|check| check.name.clone()).collect(),
            stale_since: pull.is_stale(now).then(|| touched(&pull)),
            pull,
        }
    }
}

#[cfg(test)]
pub(crate) mod sample {
    use super::*;
    use crate::domain::tracker::{RepositoryId, Review, Verdict};

    pub(crate) const AT: Timestamp = Timestamp::from_millis(1_795_861_600_000);

    pub(crate) fn account(id: u64, login: &str) -> Account {
        Account { id, login: login.to_owned(), is_bot: false }
    }

    /// An open pull request of repository 700.
    pub(crate) fn pull(number: u64, title: &str) -> Pull {
        Pull {
            at: Numbered { repository: RepositoryId(700), number },
            url: format!("https://github.com/acme/web/pull/{number}"),
            title: title.to_owned(),
            body: String::new(),
            author: account(11, "ana-gh"),
            branch: format!("auth-{number}"),
            is_fork: false,
            head: "abc".to_owned(),
            base: "main".to_owned(),
            state: PullState::Open,
            is_draft: false,
            labels: std::collections::BTreeSet::new(),
            reviewers: BTreeMap::new(),
            asked: BTreeMap::new(),
            opened_at: AT,
            updated_at: AT,
            ended_at: None,
            merged_by: None,
            reviews: BTreeMap::new(),
            checks: BTreeMap::new(),
            commits: BTreeMap::new(),
        }
    }

    pub(crate) fn review(by: Account, verdict: Verdict) -> Review {
        Review { at: AT, id: 1, verdict, by, url: "https://github.com/r".to_owned() }
    }

    pub(crate) fn check(name: &str, outcome: CheckOutcome, sha: &str) -> Check {
        let (name, sha, url) = (name.to_owned(), sha.to_owned(), "https://github.com/c".to_owned());
        Check { at: AT, outcome, name, sha, url }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{sample::*, *};
    use crate::domain::tracker::Verdict;

    fn ended(number: u64, state: PullState, hours_ago: u64) -> Pull {
        let at = AT.minus(Duration::from_hours(hours_ago));
        Pull {
            state,
            ended_at: Some(at),
            updated_at: at,
            opened_at: AT.minus(Duration::from_hours(100)),
            ..pull(number, "x")
        }
    }

    #[test]
    fn what_hinders_a_pull_request_most_is_how_it_stands() {
        let ben = account(12, "ben-gh");
        let mut pull = pull(1, "x");
        assert_eq!(Standing::of(&pull), Standing::Open);
        pull.reviews.insert(12, review(ben.clone(), Verdict::Approved));
        assert_eq!(Standing::of(&pull), Standing::Approved);
        pull.reviews.insert(13, review(account(13, "cy"), Verdict::ChangesRequested));
        assert_eq!(Standing::of(&pull), Standing::ChangesRequested);
        pull.reviewers.insert(13, (account(13, "cy"), AT));
        assert_eq!(Standing::of(&pull), Standing::Approved, "cy is asked again");
        pull.put_check(check("ci", CheckOutcome::Failed, "an older commit"));
        assert_eq!(Standing::of(&pull), Standing::Approved);
        pull.put_check(check("ci", CheckOutcome::Failed, "abc"));
        assert_eq!(Standing::of(&pull), Standing::ChecksFailed);
        pull.is_draft = true;
        assert_eq!(Standing::of(&pull), Standing::Draft);
        pull.state = PullState::Merged;
        assert_eq!(Standing::of(&pull), Standing::Merged);
    }

    #[test]
    fn news_are_those_of_the_time_that_was_asked_for() {
        let old = Pull { opened_at: AT.minus(Pull::STALE), updated_at: AT.minus(Pull::STALE), ..pull(2, "old") };
        let pulls = vec![
            pull(1, "new"),
            old,
            ended(3, PullState::Merged, 2),
            ended(4, PullState::Merged, 30),
            ended(5, PullState::Closed, 1),
        ];
        let remark = |under: u64, id: &str, is_bot| Remark {
            under: pull(under, "").at,
            id: id.to_owned(),
            by: Account { is_bot, ..account(12, "ben-gh") },
            url: "https://github.com/c".to_owned(),
            text: "Nice.".to_owned(),
            at: AT,
        };
        let remarks = vec![remark(2, "comment 1", false), remark(3, "comment 2", false), remark(1, "comment 3", true)];
        let overview = Overview::of(pulls, remarks, AT.minus(Duration::from_hours(24)), AT);
        let numbers =
            |list: &[Told]| list.iter().map(|told| (told.pull.at.number, told.remarks.len())).collect::<Vec<_>>();
        assert_eq!(overview.open.iter().map(|open| open.pull.at.number).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(overview.open[0].stale_since, None);
        assert_eq!(overview.open[1].stale_since, Some(AT.minus(Pull::STALE)));
        assert_eq!(numbers(&overview.opened), [(1, 0)]);
        assert_eq!(numbers(&overview.merged), [(3, 1)]);
        assert_eq!(numbers(&overview.closed), [(5, 0)]);
        assert_eq!(numbers(&overview.discussed), [(2, 1)]);
        assert!(Overview::default().is_empty() && !overview.is_empty());
    }
}
