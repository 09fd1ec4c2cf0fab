//! Issues, what they are parts of, and what is written under them and under pull requests.

use super::{
    Missing, Read, account, labels, need, pull,
    wire::{self, Body},
};
use crate::domain::tracker::{Happening, Issue, IssueMoment, IssueState, Numbered, RepositoryId};

pub(super) fn comment(action: &str, at: Option<RepositoryId>, body: Body) -> Read {
    let number = need(body.issue.and_then(|issue| issue.number), "issue.number")?;
    pull::remark(action, "comment", Numbered { repository: need(at, "repository")?, number }, body.comment)
}

pub(super) fn issue(action: &str, at: Option<RepositoryId>, body: Body) -> Read {
    let moment = match action {
        "opened" => IssueMoment::Opened,
        "closed" => IssueMoment::Closed,
        "reopened" => IssueMoment::Reopened,
        "deleted" | "transferred" => IssueMoment::Gone,
        "edited" | "assigned" | "unassigned" | "labeled" | "unlabeled" | "milestoned" | "demilestoned" | "locked"
        | "unlocked" | "pinned" | "unpinned" | "typed" | "untyped" => IssueMoment::Edited,
        _ => return Ok(None),
    };
    let wire = need(body.issue, "issue")?;
    // An app that opened it did not do all the rest.
    let through = wire.performed_via_github_app.as_ref().filter(|_| moment == IssueMoment::Opened);
    let through = through.and_then(|app| app.id);
    let issue = read(need(at, "repository")?, wire)?;
    Ok(Some((Happening::Issue { issue: Box::new(issue), moment }, through)))
}

pub(super) fn part(action: &str, at: Option<RepositoryId>, body: Body) -> Read {
    let is_part = match action {
        "sub_issue_added" | "parent_issue_added" => true,
        "sub_issue_removed" | "parent_issue_removed" => false,
        _ => return Ok(None),
    };
    // The two may be in different repositories; where one is not said, it is the one that the webhook is of.
    let place =
        |repo: Option<wire::Repository>| need(repo.and_then(|one| one.id).map(RepositoryId).or(at), "repository");
    let parent = read(place(body.parent_issue_repo)?, need(body.parent_issue, "parent_issue")?)?;
    let child = read(place(body.sub_issue_repo)?, need(body.sub_issue, "sub_issue")?)?;
    Ok(Some((Happening::Part { parent: Box::new(parent), child: Box::new(child), is_part }, None)))
}

fn read(repository: RepositoryId, wire: wire::Issue) -> Result<Issue, Missing> {
    let opened_at = need(wire.created_at, "issue.created_at")?;
    let state = match (wire.state.as_deref(), wire.state_reason.as_deref()) {
        (Some("closed"), Some("not_planned" | "duplicate")) => IssueState::NotPlanned,
        (Some("closed"), _) => IssueState::Completed,
        _ => IssueState::Open,
    };
    Ok(Issue {
        at: Numbered { repository, number: need(wire.number, "issue.number")? },
        id: need(wire.id, "issue.id")?,
        url: wire.html_url.unwrap_or_default(),
        title: need(wire.title, "issue.title")?,
        state,
        labels: labels(wire.labels),
        assignees: wire.assignees.into_iter().flatten().filter_map(account).collect(),
        opened_at,
        updated_at: wire.updated_at.unwrap_or(opened_at),
        ended_at: wire.closed_at.filter(|_| state != IssueState::Open),
    })
}
