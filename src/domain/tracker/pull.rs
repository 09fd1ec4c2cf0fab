//! A pull request, as facts that merge.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::{Account, Numbered};
use crate::domain::{project::words, time::Timestamp};

words! {
    /// How far a pull request has come. Later ones win where two were said of one instant.
    PullState {
        /// Waiting to be merged.
        Open = "open",
        /// Closed without being merged.
        Closed = "closed",
        /// Merged.
        Merged = "merged",
    }
}

words! {
    /// What a reviewer says.
    Verdict {
        /// Words only.
        Commented = "commented",
        /// A review that was taken back.
        Dismissed = "dismissed",
        /// Something has to change.
        ChangesRequested = "changes_requested",
        /// It may be merged.
        Approved = "approved",
    }
}

words! {
    /// What all reviews together say.
    ReviewState {
        /// Nobody was asked, and nobody said more than words.
        Quiet = "quiet",
        /// Somebody was asked, and nobody who counts has said yes or no.
        Waiting = "waiting",
        /// Something has to change.
        ChangesRequested = "changes_requested",
        /// It may be merged.
        Approved = "approved",
    }
}

words! {
    /// What became of a check. Later ones win where two were said of one instant.
    CheckOutcome {
        /// It runs, or waits to.
        Pending = "pending",
        /// It passed, or does not matter.
        Passed = "passed",
        /// It failed, or was cut short.
        Failed = "failed",
    }
}

/// A review of a pull request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Review {
    /// When.
    pub at: Timestamp,
    /// The tracker's number of the review.
    pub id: u64,
    /// What it says.
    pub verdict: Verdict,
    /// Who.
    pub by: Account,
    /// Its page.
    pub url: String,
}

/// A check of the commit that a pull request ends with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Check {
    /// When this was so.
    pub at: Timestamp,
    /// What became of it.
    pub outcome: CheckOutcome,
    /// What it is called.
    pub name: String,
    /// The commit.
    pub sha: String,
    /// Its page.
    pub url: String,
}

/// A commit that was pushed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Which.
    pub sha: String,
    /// Its message.
    pub message: String,
    /// Its page.
    pub url: String,
}

/// A pull request: what a tracker said of it at one instant, or all that is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pull {
    /// Which.
    pub at: Numbered,
    /// Its page.
    pub url: String,
    /// Its title.
    pub title: String,
    /// Its description, cut at [`Pull::MAX_BODY`] characters; may be empty.
    #[serde(default)]
    pub body: String,
    /// Who opened it.
    pub author: Account,
    /// The branch it comes from.
    pub branch: String,
    /// Whether that branch is in another repository, a fork.
    #[serde(default)]
    pub is_fork: bool,
    /// The commit it ends with.
    pub head: String,
    /// The branch it goes to.
    pub base: String,
    /// How far it has come.
    pub state: PullState,
    /// Whether its author still works on it.
    #[serde(default)]
    pub is_draft: bool,
    /// Its labels.
    #[serde(default)]
    pub labels: BTreeSet<String>,
    /// Who is asked for a review, by account, and since when as far as is known: in what a tracker said once, when that
    /// was.
    #[serde(default)]
    pub reviewers: BTreeMap<u64, (Account, Timestamp)>,
    /// When each account was first known to be asked, those too who no longer are.
    #[serde(default)]
    pub asked: BTreeMap<u64, Timestamp>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When anything about the above changed last.
    pub updated_at: Timestamp,
    /// When it was merged or closed.
    #[serde(default)]
    pub ended_at: Option<Timestamp>,
    /// Who merged it.
    #[serde(default)]
    pub merged_by: Option<Account>,
    /// The latest review of each reviewer that says more than words, by account; one that was taken back stays, so that
    /// it is not mistaken for one that stands.
    #[serde(default)]
    pub reviews: BTreeMap<u64, Review>,
    /// The latest of each check of each of its last commits, by [`Check::key`].
    #[serde(default)]
    pub checks: BTreeMap<String, Check>,
    /// The messages of its commits that name tasks, by commit.
    #[serde(default)]
    pub commits: BTreeMap<String, String>,
}

impl Check {
    /// What it is kept under: the same check of another commit is another one.
    pub fn key(&self) -> String {
        format!("{} {}", self.sha, self.name)
    }

    /// Whether it sums up others: a suite, or a workflow.
    pub fn is_summary(&self) -> bool {
        self.name.starts_with("suite ") || self.name.split(' ').next() == Some("workflow")
    }
}

/// What is newer of two of a kind: what was said of a later instant and, of one instant, what is further.
fn newer<'a>(a: &'a Pull, b: &'a Pull) -> (&'a Pull, &'a Pull) {
    /// Times of asking are left out: merging changes them.
    fn rank(pull: &Pull) -> impl Ord + '_ {
        let asked: BTreeSet<&Account> = pull.reviewers.values().map(|(account, _)| account).collect();
        let words = (&pull.title, &pull.body, &pull.branch, pull.is_fork, &pull.head, &pull.base, &pull.url);
        let rest = (&pull.author, pull.opened_at, pull.ended_at);
        let is_full = (!pull.is_draft, asked.len(), pull.labels.len());
        (pull.updated_at, pull.state, is_full, words, (asked, &pull.labels), rest)
    }
    if rank(a) >= rank(b) { (a, b) } else { (b, a) }
}

impl Pull {
    /// How many characters of a description are kept: closing words stand near its start or its end.
    pub const MAX_BODY: usize = 20_000;
    /// How many checks are kept, the latest.
    pub const MAX_CHECKS: usize = 300;
    /// How many messages of commits are kept.
    pub const MAX_COMMITS: usize = 100;
    /// How long checks of commits that it no longer ends with are kept: what is said of a commit may come before the
    /// commit itself.
    const OLD_CHECKS: Duration = Duration::from_hours(24);
    /// How long nothing has to happen until it is stale.
    pub const STALE: Duration = Duration::from_hours(7 * 24);

    /// All that two sightings of one pull request know together. In whatever order sightings are merged, and however
    /// often, the same comes of them.
    #[must_use]
    pub fn merged(&self, other: &Self) -> Self {
        let (newer, older) = newer(self, other);
        let mut asked = newer.asked.clone();
        let seen = |pull: &Self| -> Vec<(u64, Timestamp)> {
            let now = pull.reviewers.iter().map(|(id, (_, since))| (*id, *since));
            pull.asked.iter().map(|(id, since)| (*id, *since)).chain(now).collect()
        };
        for (id, since) in seen(newer).into_iter().chain(seen(older)) {
            let first = asked.entry(id).or_insert(since);
            *first = since.min(*first);
        }
        let since = |id: &u64, seen: Timestamp| asked.get(id).copied().unwrap_or(seen);
        let reviewers =
            newer.reviewers.iter().map(|(id, (account, seen))| (*id, (account.clone(), since(id, *seen)))).collect();
        let mut whole = Self {
            reviewers,
            reviews: BTreeMap::new(),
            checks: BTreeMap::new(),
            commits: BTreeMap::new(),
            merged_by: newer.merged_by.clone().max(older.merged_by.clone()),
            asked,
            ..newer.clone()
        };
        for pull in [newer, older] {
            pull.reviews.values().cloned().for_each(|review| whole.put_review(review));
            pull.checks.values().cloned().for_each(|check| whole.put_check(check));
            pull.commits.iter().for_each(|(sha, message)| whole.put_commit(sha, message));
        }
        whole.tidy();
        whole
    }

    /// Takes up a review. Words alone never hide what somebody decided.
    pub fn put_review(&mut self, review: Review) {
        /// A review that was taken back is never given again: it keeps its number and its time.
        fn rank(review: &Review) -> impl Ord + '_ {
            (review.at, review.id, review.verdict == Verdict::Dismissed, review)
        }
        if review.verdict == Verdict::Commented {
            return;
        }
        match self.reviews.get(&review.by.id) {
            Some(known) if rank(known) >= rank(&review) => {}
            _ => drop(self.reviews.insert(review.by.id, review)),
        }
    }

    /// Takes up a check.
    pub fn put_check(&mut self, check: Check) {
        let key = check.key();
        match self.checks.get(&key) {
            Some(known) if *known >= check => {}
            _ => drop(self.checks.insert(key, check)),
        }
    }

    /// Takes up the message of a commit.
    pub fn put_commit(&mut self, sha: &str, message: &str) {
        match self.commits.get(sha) {
            Some(known) if known.as_str() >= message => {}
            _ => drop(self.commits.insert(sha.to_owned(), message.to_owned())),
        }
    }

    /// Drops what is beyond the limits.
    pub fn tidy(&mut self) {
        let (head, from) = (self.head.clone(), self.updated_at.minus(Self::OLD_CHECKS));
        self.checks.retain(|_, check| check.sha == head || check.at >= from);
        while self.checks.len() > Self::MAX_CHECKS {
            let oldest = self.checks.iter().min_by_key(|(_, check)| *check).map(|(key, _)| key.clone());
            if let Some(key) = oldest {
                self.checks.remove(&key);
            }
        }
        while self.commits.len() > Self::MAX_COMMITS {
            self.commits.pop_last();
        }
    }

    /// What all reviews together say. Whoever was asked again after they wanted changes has not said so yet.
    pub fn review_state(&self) -> ReviewState {
        let stands = |verdict: Verdict| {
            let given = self.reviews.values().filter(move |review| review.verdict == verdict);
            given.filter(move |review| verdict == Verdict::Approved || !self.reviewers.contains_key(&review.by.id))
        };
        if stands(Verdict::ChangesRequested).next().is_some() {
            ReviewState::ChangesRequested
        } else if stands(Verdict::Approved).next().is_some() {
            ReviewState::Approved
        } else if self.reviewers.is_empty() {
            ReviewState::Quiet
        } else {
            ReviewState::Waiting
        }
    }

    /// Whoever wants changes, and was not asked again since, the latest last.
    pub fn wants_changes(&self) -> Vec<&Review> {
        let wants = |review: &&Review| {
            review.verdict == Verdict::ChangesRequested && !self.reviewers.contains_key(&review.by.id)
        };
        let mut wanting: Vec<&Review> = self.reviews.values().filter(wants).collect();
        wanting.sort();
        wanting
    }

    /// What the checks of the commit that it ends with say together; `None` where there are none.
    pub fn checks_state(&self) -> Option<CheckOutcome> {
        let outcomes: BTreeSet<CheckOutcome> = self.present_checks().map(|check| check.outcome).collect();
        [CheckOutcome::Failed, CheckOutcome::Pending, CheckOutcome::Passed]
            .into_iter()
            .find(|outcome| outcomes.contains(outcome))
    }

    /// The checks of the commit that it ends with.
    pub fn present_checks(&self) -> impl Iterator<Item = &Check> {
        let here = |check: &&Check| check.sha == self.head;
        let has_runs = self.checks.values().filter(here).any(|check| !check.is_summary());
        self.checks.values().filter(here).filter(move |check| !has_runs || !check.is_summary())
    }

    /// Whose review it waits for, and since when, the longest first. A draft waits for nobody.
    pub fn waiting(&self) -> Vec<(&Account, Timestamp)> {
        if self.state != PullState::Open || self.is_draft {
            return Vec::new();
        }
        let since = |account: &Account, asked: Timestamp| {
            // Whoever reviewed it already was asked again afterwards.
            self.reviews.get(&account.id).map_or(asked, |review| review.at.max(asked))
        };
        let mut waiting: Vec<_> =
            self.reviewers.values().map(|(account, asked)| (account, since(account, *asked))).collect();
        waiting.sort_by_key(|(account, since)| (*since, account.id));
        waiting
    }

    /// Whether it is open and nothing has happened to it for long.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        let reviews = self.reviews.values().map(|review| review.at);
        let last = reviews.chain([self.updated_at]).max().unwrap_or(self.updated_at);
        self.state == PullState::Open && now.since(last) >= Self::STALE
    }
}

#[cfg(test)]
mod tests;
