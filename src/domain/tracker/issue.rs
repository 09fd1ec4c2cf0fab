//! An issue, as facts that merge.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Account, Numbered};
use crate::domain::{project::words, time::Timestamp};

words! {
    /// How far an issue has come. Later ones win where two were said of one instant.
    IssueState {
        /// To be done.
        Open = "open",
        /// Closed, and done.
        Completed = "completed",
        /// Closed, and not to be done.
        NotPlanned = "not_planned",
    }
}

/// An issue: what a tracker said of it at one instant, or all that is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    /// Which.
    pub at: Numbered,
    /// The tracker's own number of it across all repositories.
    pub id: u64,
    /// Its page.
    pub url: String,
    /// Its title.
    pub title: String,
    /// How far it has come.
    pub state: IssueState,
    /// Its labels.
    #[serde(default)]
    pub labels: BTreeSet<String>,
    /// Who does it.
    #[serde(default)]
    pub assignees: BTreeSet<Account>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When anything about it changed last.
    pub updated_at: Timestamp,
    /// When it was closed.
    #[serde(default)]
    pub ended_at: Option<Timestamp>,
}

impl Issue {
    /// All that two sightings of one issue know together. In whatever order sightings are merged, and however often,
    /// the same comes of them.
    #[must_use]
    pub fn merged(&self, other: &Self) -> Self {
        /// What was said of a later instant and, of one instant, what is further.
        fn rank(issue: &Issue) -> impl Ord + '_ {
            let words = (&issue.title, &issue.url, issue.id);
            let is_full = (issue.assignees.len(), issue.labels.len());
            let rest = (&issue.assignees, &issue.labels, issue.opened_at, issue.ended_at);
            (issue.updated_at, issue.state, is_full, words, rest)
        }
        if rank(self) >= rank(other) { self.clone() } else { other.clone() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::tracker::RepositoryId;

    fn sightings() -> impl Strategy<Value = Vec<Issue>> {
        let state = prop::sample::select(IssueState::ALL.to_vec());
        let labels = prop::collection::btree_set("[ab]", 0..3);
        let one = (0..3_i64, state, "[ab]", labels, prop::collection::btree_set(1..4_u64, 0..3));
        let one = one.prop_map(|(at, state, title, labels, assignees)| Issue {
            at: Numbered { repository: RepositoryId(700), number: 5 },
            id: 9_005,
            url: "https://github.com/acme/web/issues/5".to_owned(),
            title,
            state,
            labels,
            assignees: assignees.into_iter().map(|id| Account { id, login: format!("u{id}"), is_bot: false }).collect(),
            opened_at: Timestamp::from_millis(0),
            updated_at: Timestamp::from_millis(at),
            ended_at: None,
        });
        prop::collection::vec(one, 1..6)
    }

    proptest! {
        #[test]
        fn sightings_in_any_order_and_twice_come_to_the_same(
            (seen, shuffled) in sightings().prop_flat_map(|seen| {
                let twice = [seen.clone(), seen.clone()].concat();
                (Just(seen), Just(twice).prop_shuffle())
            })
        ) {
            let all = |issues: &[Issue]| issues.iter().cloned().reduce(|a, b| a.merged(&b));
            prop_assert_eq!(all(&seen), all(&shuffled));
        }
    }

    #[test]
    fn what_was_said_later_counts() {
        let at = |seconds, state| Issue {
            at: Numbered { repository: RepositoryId(700), number: 5 },
            id: 9_005,
            url: String::new(),
            title: "Sign-in page".to_owned(),
            state,
            labels: BTreeSet::new(),
            assignees: BTreeSet::new(),
            opened_at: Timestamp::from_millis(0),
            updated_at: Timestamp::from_millis(seconds),
            ended_at: None,
        };
        let (closed, reopened) = (at(1, IssueState::Completed), at(2, IssueState::Open));
        assert_eq!(closed.merged(&reopened), reopened);
        assert_eq!(reopened.merged(&closed), reopened);
    }
}
