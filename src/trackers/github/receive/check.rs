//! Checks. A run is one check; a suite sums up the runs of one app, and a workflow those of its jobs.

use super::{
    Read, need,
    wire::{Body, Mentioned},
};
use crate::domain::{
    time::Timestamp,
    tracker::{Check, CheckOutcome, Happening, RepositoryId, RepositorySighting},
};

pub(super) fn run(action: &str, at: Option<RepositoryId>, body: Body) -> Read {
    // One that is asked for again is told once more when it is made, and a button is for the app that put it there.
    if !matches!(action, "created" | "completed") {
        return Ok(None);
    }
    let repository = need(at, "repository")?;
    let run = need(body.check_run, "check_run")?;
    let outcome = outcome(run.status.as_deref(), run.conclusion.as_deref());
    let at = run.completed_at.or(run.started_at);
    told(
        repository,
        (at, outcome),
        (run.name, "check_run.name"),
        (run.head_sha, run.html_url.unwrap_or_default()),
        run.pull_requests,
    )
}

/// A suite is made for each app, whether that checks anything or not: only what it came to says something.
pub(super) fn suite(action: &str, repository: Option<&RepositorySighting>, body: Body) -> Read {
    if action != "completed" {
        return Ok(None);
    }
    let repository = need(repository, "repository")?;
    let suite = need(body.check_suite, "check_suite")?;
    let outcome = outcome(suite.status.as_deref(), suite.conclusion.as_deref());
    let name = suite.app.and_then(|app| app.name).map(|name| format!("suite {name}"));
    let url = match (&suite.head_sha, suite.id) {
        (Some(sha), Some(id)) => format!("{}/commit/{sha}/checks?check_suite_id={id}", repository.url),
        _ => String::new(),
    };
    told(
        repository.id,
        (suite.updated_at, outcome),
        (name, "check_suite.app.name"),
        (suite.head_sha, url),
        suite.pull_requests,
    )
}

pub(super) fn workflow(action: &str, at: Option<RepositoryId>, body: Body) -> Read {
    if !matches!(action, "requested" | "in_progress" | "completed") {
        return Ok(None);
    }
    let repository = need(at, "repository")?;
    let run = need(body.workflow_run, "workflow_run")?;
    let outcome = outcome(run.status.as_deref(), run.conclusion.as_deref());
    // One without a name goes by its file.
    let workflow = body.workflow.unwrap_or_default();
    let mut names = [run.name, workflow.name, workflow.path].into_iter().flatten().filter(|name| !name.is_empty());
    let name = names.next().map_or_else(|| "workflow".to_owned(), |name| format!("workflow {name}"));
    told(
        repository,
        (run.updated_at, outcome),
        (Some(name), "workflow_run.name"),
        (run.head_sha, run.html_url.unwrap_or_default()),
        run.pull_requests,
    )
}

fn told(
    repository: RepositoryId,
    (at, outcome): (Option<Timestamp>, CheckOutcome),
    (name, what): (Option<String>, &'static str),
    (sha, url): (Option<String>, String),
    pulls: Option<Vec<Mentioned>>,
) -> Read {
    let check = Check {
        at: need(at, "the time of the check")?,
        outcome,
        name: need(name, what)?,
        sha: need(sha, "head_sha")?,
        url,
    };
    // The same commit may be proposed to another repository, whose numbers mean something else.
    let is_here = |one: &Mentioned| {
        let base = one.base.as_ref().and_then(|base| base.repo.as_ref()?.id);
        base.is_none_or(|id| RepositoryId(id) == repository)
    };
    let pulls = pulls.into_iter().flatten().filter(is_here).filter_map(|one| one.number).collect();
    Ok(Some((Happening::Check { check, pulls }, None)))
}

/// What became of a check (docs.github.com, REST, check runs: `status` and `conclusion`).
pub(super) fn outcome(status: Option<&str>, conclusion: Option<&str>) -> CheckOutcome {
    match (status, conclusion) {
        (Some("completed") | None, Some("success" | "neutral" | "skipped")) => CheckOutcome::Passed,
        // A person has to let it run.
        (Some("completed") | None, None | Some("action_required")) => CheckOutcome::Pending,
        (Some("completed") | None, Some(_)) => CheckOutcome::Failed,
        (Some(_), _) => CheckOutcome::Pending,
    }
}
