//! What GitHub's lists hold, as sightings. They hold the same objects as its webhooks, so they are read by the same code:
//! whatever comes by either way comes to the same facts.

use serde_json::{Value, json};

use super::receive;
use crate::domain::{
    event::Event,
    tracker::{Happening, Issue, Pull, Remark, RepositoryId, RepositorySighting, TrackerEvent},
};

/// A repository.
pub fn repository(found: &Value) -> Option<RepositorySighting> {
    event("repository", &json!({ "action": "edited", "repository": found }))?.repository
}

/// A pull request.
pub fn pull(repository: RepositoryId, found: &Value) -> Option<Pull> {
    match happening("pull_request", "edited", repository, json!({ "pull_request": found }))? {
        Happening::Pull { pull, .. } => Some(*pull),
        _ => None,
    }
}

/// Adds a review to the pull request that it is of, and gives its words, where it has any.
pub fn review(pull: &mut Pull, whole: &Value, found: &Value) -> Option<Remark> {
    let body = json!({ "pull_request": whole, "review": found });
    let told = happening("pull_request_review", "submitted", pull.at.repository, body)?;
    let Happening::Review { review, text, .. } = told else { return None };
    pull.put_review(review.clone());
    let (id, by) = (format!("review {}", review.id), review.by);
    let remark = Remark { under: pull.at, id, by, url: review.url, text, at: review.at };
    Some(remark).filter(|remark| !remark.text.is_empty())
}

/// Adds a check of the commit that a pull request ends with.
pub fn check(pull: &mut Pull, found: &Value) {
    let told = happening("check_run", "completed", pull.at.repository, json!({ "check_run": found }));
    if let Some(Happening::Check { check, .. }) = told {
        pull.put_check(check);
    }
}

/// An issue; `None` for a pull request too, which GitHub lists among them.
pub fn issue(repository: RepositoryId, found: &Value) -> Option<Issue> {
    if found.get("pull_request").is_some_and(|link| !link.is_null()) {
        return None;
    }
    match happening("issues", "edited", repository, json!({ "issue": found }))? {
        Happening::Issue { issue, .. } => Some(*issue),
        _ => None,
    }
}

/// What somebody wrote under an issue or a pull request, or at a line of one.
pub fn remark(repository: RepositoryId, found: &Value) -> Option<Remark> {
    let number = |field: &str| found.get(field)?.as_str()?.rsplit('/').next()?.parse::<u64>().ok();
    let told = match (number("issue_url"), number("pull_request_url")) {
        (Some(number), _) => happening(
            "issue_comment",
            "created",
            repository,
            json!({ "issue": { "number": number }, "comment": found }),
        ),
        (None, Some(number)) => {
            let body = json!({ "pull_request": { "number": number }, "comment": found });
            happening("pull_request_review_comment", "created", repository, body)
        }
        (None, None) => None,
    };
    match told? {
        Happening::Remark { remark } => Some(remark),
        _ => None,
    }
}

fn happening(kind: &str, action: &str, repository: RepositoryId, mut body: Value) -> Option<Happening> {
    body["action"] = action.into();
    // Its name says nothing here: what is in lists is stored by number.
    body["repository"] = json!({ "id": repository.0, "full_name": "-" });
    Some(event(kind, &body)?.happening)
}

fn event(kind: &str, body: &Value) -> Option<TrackerEvent> {
    match receive::incoming(kind, body.to_string().as_bytes()) {
        Ok(incoming) => match incoming.event {
            Event::Tracker(event) => Some(*event),
            _ => None,
        },
        Err(why) => {
            tracing::warn!(kind, why, "something in a list of GitHub can't be read");
            None
        }
    }
}
