//! Facts that the tests of the rules begin with.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::{
    time::Timestamp,
    tracker::{Account, Issue, IssueState, Numbered, Pull, PullState, RepositoryId},
};

pub(super) fn account(id: u64, login: &str) -> Account {
    Account { id, login: login.to_owned(), is_bot: false }
}

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_795_171_320_000 + seconds * 1000)
}

/// The repository of all of them.
pub(super) fn web() -> &'static str {
    "acme/web"
}

pub(super) fn numbered(number: u64) -> Numbered {
    Numbered { repository: RepositoryId(700), number }
}

/// An open pull request that names nothing.
pub(super) fn pull(number: u64) -> Pull {
    Pull {
        at: numbered(number),
        url: format!("https://github.com/{}/pull/{number}", web()),
        title: "A change".to_owned(),
        body: String::new(),
        author: account(11, "ana-gh"),
        branch: "change".to_owned(),
        is_fork: false,
        head: "aa".to_owned(),
        base: "main".to_owned(),
        state: PullState::Open,
        is_draft: false,
        labels: BTreeSet::new(),
        reviewers: BTreeMap::new(),
        asked: BTreeMap::new(),
        opened_at: at(0),
        updated_at: at(0),
        ended_at: None,
        merged_by: None,
        reviews: BTreeMap::new(),
        checks: BTreeMap::new(),
        commits: BTreeMap::new(),
    }
}

/// An open issue.
pub(super) fn issue(number: u64) -> Issue {
    Issue {
        at: numbered(number),
        id: 9_000 + number,
        url: format!("https://github.com/{}/issues/{number}", web()),
        title: "Sign-in page".to_owned(),
        state: IssueState::Open,
        labels: BTreeSet::new(),
        assignees: BTreeSet::new(),
        opened_at: at(0),
        updated_at: at(0),
        ended_at: None,
    }
}
