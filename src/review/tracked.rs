//! What trackers know of the tasks of a project: their pull requests and their issues.

use std::collections::BTreeMap;

use crate::{
    domain::{
        ids::ProjectId,
        message::Span,
        pulls::Standing,
        task::TaskNumber,
        tracker::{Issue, IssueState, Pull},
    },
    review::words::clip,
    store::{self, Tx},
};

/// Characters of a title.
const TITLE: usize = 100;

/// A pull request that is about a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackedPull {
    /// The pull request.
    pub pull: Pull,
    /// The name of its repository.
    pub repository: String,
    /// Whether merging it finishes the task.
    pub is_closing: bool,
}

/// Pull requests and issues by task.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tracked {
    pulls: BTreeMap<TaskNumber, Vec<TrackedPull>>,
    issues: BTreeMap<TaskNumber, (Issue, String)>,
}

impl Tracked {
    /// What is known of the tasks of a project, or of one of them.
    pub async fn load(tx: &mut Tx, project: ProjectId, task: Option<TaskNumber>) -> store::Result<Self> {
        let mut tracked = Self::default();
        for (number, is_closing, repository, pull) in tx.pulls_about(project, task).await? {
            tracked.pulls.entry(number).or_default().push(TrackedPull { pull, repository, is_closing });
        }
        let issues = match task {
            Some(task) => tx.issue_of_task(project, task).await?.into_iter().collect(),
            None => tx.issues_of_project(project).await?,
        };
        for stored in issues {
            let Some((_, number)) = stored.task else { continue };
            let repository = tx.repository(stored.issue.at.repository).await?;
            let name = repository.map_or_else(String::new, |repository| repository.seen.full_name);
            tracked.issues.insert(number, (stored.issue, name));
        }
        Ok(tracked)
    }

    /// The pull requests of a task, the newest first.
    pub fn pulls(&self, task: TaskNumber) -> &[TrackedPull] {
        self.pulls.get(&task).map_or(&[], Vec::as_slice)
    }

    /// The issue that stands for a task, with the name of its repository.
    pub fn issue(&self, task: TaskNumber) -> Option<&(Issue, String)> {
        self.issues.get(&task)
    }
}

impl TrackedPull {
    /// How it stands, in a word, and whether merging it finishes the task: `open, finishes this`.
    pub fn standing(&self) -> String {
        let standing = Standing::of(&self.pull);
        let ends = self.is_closing && !matches!(standing, Standing::Merged | Standing::Closed);
        format!("{}{}", standing.words(), if ends { ", finishes the task" } else { "" })
    }

    /// `#7 Sign in · acme/web · open`.
    pub fn line(&self) -> Vec<Span> {
        let text = format!("#{} {}", self.pull.at.number, clip(&self.pull.title, TITLE));
        let rest = format!(" · {} · {}", self.repository, self.standing());
        vec![Span::Link { text, url: self.pull.url.clone() }, Span::Plain(rest)]
    }
}

/// `#8 Sign out · acme/web · open`.
pub fn issue_line((issue, repository): &(Issue, String)) -> Vec<Span> {
    let text = format!("#{} {}", issue.at.number, clip(&issue.title, TITLE));
    let rest = format!(" · {repository} · {}", issue_words(issue.state));
    vec![Span::Link { text, url: issue.url.clone() }, Span::Plain(rest)]
}

/// How far an issue has come, in words.
pub const fn issue_words(state: IssueState) -> &'static str {
    match state {
        IssueState::Open => "open",
        IssueState::Completed => "closed",
        IssueState::NotPlanned => "closed as not planned",
    }
}
