//! Pull requests, their reviews, and what is written at their lines.

use std::collections::BTreeMap;

use super::{
    Missing, Read, account, author, cut, labels, need,
    wire::{self, Body},
};
use crate::domain::{
    time::Timestamp,
    tracker::{Happening, Numbered, Pull, PullMoment, PullState, Remark, RepositoryId, Review, Verdict},
};

pub(super) fn pull_request(action: &str, at: Option<RepositoryId>, body: Body) -> Read {
    let moment = match action {
        "opened" => PullMoment::Opened,
        "closed" => PullMoment::Ended,
        "reopened" => PullMoment::Reopened,
        "ready_for_review" => PullMoment::Ready,
        "converted_to_draft" => PullMoment::Drafted,
        "review_requested" | "review_request_removed" => PullMoment::Asked,
        "synchronize" => PullMoment::Pushed,
        "edited"
        | "assigned"
        | "unassigned"
        | "labeled"
        | "unlabeled"
        | "milestoned"
        | "demilestoned"
        | "locked"
        | "unlocked"
        | "auto_merge_enabled"
        | "auto_merge_disabled"
        | "enqueued"
        | "dequeued" => PullMoment::Edited,
        _ => return Ok(None),
    };
    let pull = pull(at, body.pull_request, body.number)?;
    Ok(Some((Happening::Pull { pull: Box::new(pull), moment }, None)))
}

pub(super) fn review(action: &str, at: Option<RepositoryId>, body: Body) -> Read {
    if !matches!(action, "submitted" | "edited" | "dismissed") {
        return Ok(None);
    }
    let pull = pull(at, body.pull_request, body.number)?;
    let wire = need(body.review, "review")?;
    let state = need(wire.state, "review.state")?;
    let verdict = match state.to_ascii_lowercase().as_str() {
        "approved" => Verdict::Approved,
        "changes_requested" => Verdict::ChangesRequested,
        "commented" => Verdict::Commented,
        "dismissed" => Verdict::Dismissed,
        // Only its author sees one that is being written.
        _ => return Ok(None),
    };
    let review = Review {
        // When it was written, also where it was taken back since.
        at: wire.submitted_at.unwrap_or(pull.updated_at),
        id: need(wire.id, "review.id")?,
        verdict,
        by: author(wire.user),
        url: wire.html_url.unwrap_or_else(|| pull.url.clone()),
    };
    let text = cut(wire.body.unwrap_or_default(), Remark::MAX_TEXT);
    Ok(Some((Happening::Review { pull: Box::new(pull), review, text }, None)))
}

pub(super) fn line(action: &str, at: Option<RepositoryId>, body: Body) -> Read {
    let number = body.pull_request.and_then(|pull| pull.number).or(body.number);
    let number = need(number, "pull_request.number")?;
    remark(action, "line", Numbered { repository: need(at, "repository")?, number }, body.comment)
}

/// What was written or taken back under a pull request or an issue. `what` stands in front of its id.
pub(super) fn remark(action: &str, what: &str, under: Numbered, comment: Option<wire::Comment>) -> Read {
    if !matches!(action, "created" | "edited" | "deleted") {
        return Ok(None);
    }
    let comment = need(comment, "comment")?;
    let text = if action == "deleted" { String::new() } else { comment.body.unwrap_or_default() };
    let remark = Remark {
        under,
        id: format!("{what} {}", need(comment.id, "comment.id")?),
        by: author(comment.user),
        url: comment.html_url.unwrap_or_default(),
        text: cut(text, Remark::MAX_TEXT),
        at: need(comment.created_at, "comment.created_at")?,
    };
    let through = comment.performed_via_github_app.and_then(|app| app.id);
    Ok(Some((Happening::Remark { remark }, through)))
}

fn pull(at: Option<RepositoryId>, wire: Option<wire::PullRequest>, number: Option<u64>) -> Result<Pull, Missing> {
    let repository = need(at, "repository")?;
    let wire = need(wire, "pull_request")?;
    let number = need(wire.number.or(number), "pull_request.number")?;
    let (head, base) = (wire.head.unwrap_or_default(), wire.base.unwrap_or_default());
    let opened_at = need(wire.created_at, "pull_request.created_at")?;
    let updated_at = wire.updated_at.unwrap_or(opened_at);
    let is_merged = wire.merged == Some(true) || wire.merged_at.is_some();
    let state = match wire.state.as_deref() {
        _ if is_merged => PullState::Merged,
        Some("closed") => PullState::Closed,
        _ => PullState::Open,
    };
    // A fork may be gone by now.
    let place = |tip: &wire::Tip| tip.repo.as_ref().and_then(|repo| repo.id);
    let is_fork = place(&base).is_some_and(|base| place(&head) != Some(base));
    let asked = wire.requested_reviewers.into_iter().flatten().filter_map(account);
    Ok(Pull {
        at: Numbered { repository, number },
        url: wire.html_url.unwrap_or_default(),
        title: need(wire.title, "pull_request.title")?,
        body: cut(wire.body.unwrap_or_default(), Pull::MAX_BODY),
        author: author(wire.user),
        branch: head.r#ref.unwrap_or_default(),
        is_fork,
        head: head.sha.unwrap_or_default(),
        base: base.r#ref.unwrap_or_default(),
        state,
        is_draft: wire.draft.unwrap_or_default(),
        labels: labels(wire.labels),
        reviewers: asked.map(|one| (one.id, (one, updated_at))).collect(),
        asked: BTreeMap::new(),
        opened_at,
        updated_at,
        ended_at: ended(state, wire.merged_at, wire.closed_at),
        merged_by: wire.merged_by.and_then(account),
        reviews: BTreeMap::new(),
        checks: BTreeMap::new(),
        commits: BTreeMap::new(),
    })
}

fn ended(state: PullState, merged_at: Option<Timestamp>, closed_at: Option<Timestamp>) -> Option<Timestamp> {
    match state {
        PullState::Open => None,
        PullState::Closed => closed_at,
        PullState::Merged => merged_at.or(closed_at),
    }
}
