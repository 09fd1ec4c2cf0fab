//! Things of trackers that hold nothing special.

use std::collections::{BTreeMap, BTreeSet};

use docket::domain::{
    ids::{ConnectionId, IncidentId, ProjectId},
    project::Lifecycle,
    time::Timestamp,
    tracker::{
        Account, Commit, Incident, Issue, IssueState, Numbered, Presence, Pull, PullState, Remark, Repository,
        RepositoryId, RepositorySighting, Sync,
    },
};

use crate::support::clock::START;

/// Somebody at GitHub, by a number.
pub(crate) fn account(id: u64, login: &str) -> Account {
    Account { id, login: login.to_owned(), is_bot: false }
}

/// `acme/web`, number 700.
pub(crate) fn repository(connection: ConnectionId) -> Repository {
    Repository {
        seen: RepositorySighting {
            id: RepositoryId(700),
            full_name: "acme/web".to_owned(),
            url: "https://github.com/acme/web".to_owned(),
            description: "The web shop".to_owned(),
            is_private: true,
            is_archived: false,
            default_branch: "main".to_owned(),
        },
        connection,
        presence: Presence::Here,
        trouble: None,
        strikes: 0,
        offered_at: None,
        found_at: START,
        sync: Sync::default(),
    }
}

/// A pull request or an issue of `acme/web`.
pub(crate) fn numbered(number: u64) -> Numbered {
    Numbered { repository: RepositoryId(700), number }
}

/// An open pull request of `acme/web`.
pub(crate) fn pull(number: u64, title: &str, updated_at: Timestamp) -> Pull {
    Pull {
        at: numbered(number),
        url: format!("https://github.com/acme/web/pull/{number}"),
        title: title.to_owned(),
        body: String::new(),
        author: account(11, "ana-gh"),
        branch: format!("branch-{number}"),
        is_fork: false,
        head: format!("{number:040x}"),
        base: "main".to_owned(),
        state: PullState::Open,
        is_draft: false,
        labels: BTreeSet::default(),
        reviewers: BTreeMap::default(),
        asked: BTreeMap::default(),
        opened_at: START,
        updated_at,
        ended_at: None,
        merged_by: None,
        reviews: BTreeMap::default(),
        checks: BTreeMap::default(),
        commits: BTreeMap::default(),
    }
}

/// An open issue of `acme/web`.
pub(crate) fn issue(number: u64, title: &str) -> Issue {
    Issue {
        at: numbered(number),
        id: 9_000 + number,
        url: format!("https://github.com/acme/web/issues/{number}"),
        title: title.to_owned(),
        state: IssueState::Open,
        labels: BTreeSet::default(),
        assignees: BTreeSet::default(),
        opened_at: START,
        updated_at: START,
        ended_at: None,
    }
}

/// Something that was written under one of them.
pub(crate) fn remark(number: u64, text: &str) -> Remark {
    Remark {
        under: numbered(number),
        id: format!("comment {number}"),
        by: account(11, "ana-gh"),
        url: format!("https://github.com/acme/web/pull/{number}#issuecomment-1"),
        text: text.to_owned(),
        at: START,
    }
}

/// That `acme/web` is gone.
pub(crate) fn incident(id: IncidentId, project: ProjectId) -> Incident {
    Incident {
        id,
        repository: RepositoryId(700),
        why: "It was deleted.".to_owned(),
        opened_at: START,
        closed_at: None,
        lifecycles: [(project, Lifecycle::Draft)].into(),
    }
}

/// A commit that says this.
pub(crate) fn commit(message: &str) -> Commit {
    Commit { sha: "c0ffee".to_owned(), message: message.to_owned(), url: String::new() }
}
