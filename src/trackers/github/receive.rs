//! GitHub's webhooks, in platform-neutral words (docs.github.com, webhook-events-and-payloads).
//!
//! What is not known here, a kind, an action or a field, is read as nothing. What is known and lacks what it is about is
//! unreadable, and says so.

mod access;
mod check;
mod issue;
mod lenient;
mod pull;
mod wire;

use self::{lenient::lenient, wire::Body};
use crate::domain::{
    event::{Event, Incoming},
    provider::Provider,
    tracker::{Account, Commit, Happening, RepositoryId, RepositorySighting, TrackerEvent},
};

/// How many characters of a commit's message are kept.
const MAX_MESSAGE: usize = 5_000;

/// What GitHub calls an account that was deleted (docs.github.com, deleting-your-personal-account).
const GHOST: (u64, &str) = (10_137, "ghost");

/// A webhook, with what tells whose it is.
#[derive(Debug)]
pub struct Received {
    /// The installation that it is of.
    pub installation: Option<u64>,
    /// The repository.
    pub repository: Option<RepositoryId>,
    /// The account that did it, by its number.
    pub sender: Option<u64>,
    /// What it says; a short reason where it does not say what it is about.
    pub event: Result<Event, String>,
}

/// Reads the body of a webhook. `kind` is what GitHub calls the event, such as `pull_request`.
///
/// # Errors
/// A short reason where it is no JSON object.
pub fn receive(kind: &str, body: &[u8]) -> Result<Received, String> {
    let body = read(body).map_err(|error| match body {
        [b'p', b'a', b'y', b'l', b'o', b'a', b'd', b'=', ..] => {
            "it is a form; set the webhook's content type to application/json".to_owned()
        }
        // Its own words may quote what was sent.
        _ => format!("it is no JSON (line {}, column {})", error.line(), error.column()),
    })?;
    let body = body.ok_or_else(|| "it is no JSON object".to_owned())?;
    Ok(Received {
        installation: body.installation.as_ref().and_then(|one| one.id),
        repository: body.repository.as_ref().and_then(|one| one.id).map(RepositoryId),
        sender: body.sender.as_ref().and_then(|one| one.id),
        event: event(kind, body).map_err(|Missing(what)| format!("{what} is missing")),
    })
}

/// A body as far as Docket looks at it; `None` for JSON that is no object.
fn read(body: &[u8]) -> serde_json::Result<Option<Body>> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let body = lenient(&mut reader)?;
    reader.end()?;
    Ok(body)
}

/// Reads a stored webhook again.
///
/// # Errors
/// A short reason where the body can't be read.
pub fn incoming(kind: &str, body: &[u8]) -> Result<Incoming, String> {
    Ok(Incoming { sender: None, venue: None, event: receive(kind, body)?.event?, heard: None, is_private: false })
}

/// The installation that a body says it is of. Proves nothing.
pub fn claimed_installation(body: &[u8]) -> Option<u64> {
    serde_json::from_slice::<wire::Claim>(body).ok()?.installation?.id
}

/// What a webhook is about is not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Missing(&'static str);

fn need<T>(found: Option<T>, what: &'static str) -> Result<T, Missing> {
    found.ok_or(Missing(what))
}

/// What happened, and through which app, where that is known.
type Read = Result<Option<(Happening, Option<u64>)>, Missing>;

fn event(kind: &str, mut body: Body) -> Result<Event, Missing> {
    let repository = body.repository.take().map(|one| sighting(one, "")).transpose()?;
    let realm = body.installation.as_ref().and_then(|one| one.id).map(|id| id.to_string()).unwrap_or_default();
    let by = body.sender.take().and_then(account);
    let action = body.action.take().unwrap_or_default();
    let at = repository.as_ref().map(|seen| seen.id);
    let read = match kind {
        "pull_request" => pull::pull_request(&action, at, body),
        "pull_request_review" => pull::review(&action, at, body),
        "pull_request_review_comment" => pull::line(&action, at, body),
        "issue_comment" => issue::comment(&action, at, body),
        "issues" => issue::issue(&action, at, body),
        "sub_issues" => issue::part(&action, at, body),
        "push" => push(at, body),
        "check_run" => check::run(&action, at, body),
        "check_suite" => check::suite(&action, repository.as_ref(), body),
        "workflow_run" => check::workflow(&action, at, body),
        "release" => release(&action, at, body),
        "repository" => access::repository(&action, at),
        "installation" => access::installation(&action, body),
        "installation_repositories" => access::repositories(&action, body),
        "installation_target" => access::target(&action, body),
        "github_app_authorization" => access::authorization(&action, by.as_ref()),
        "ping" => Ok(Some((Happening::Ping, None))),
        _ => Ok(None),
    };
    let Some((happening, through)) = read? else { return Ok(Event::Nothing) };
    let event = TrackerEvent { provider: Provider::GitHub, realm, repository, by, through, happening };
    Ok(Event::Tracker(Box::new(event)))
}

fn push(at: Option<RepositoryId>, body: Body) -> Read {
    need(at, "repository")?;
    let name = need(body.r#ref, "ref")?;
    let Some(branch) = name.strip_prefix("refs/heads/") else { return Ok(None) };
    let commits = body.commits.unwrap_or_default().into_iter().filter_map(|one| {
        let message = cut(one.message.unwrap_or_default(), MAX_MESSAGE);
        Some(Commit { sha: one.id?, message, url: one.url.unwrap_or_default() })
    });
    let commits: Vec<_> = commits.collect();
    if commits.is_empty() || body.deleted == Some(true) {
        return Ok(None);
    }
    Ok(Some((Happening::Push { branch: branch.to_owned(), commits }, None)))
}

fn release(action: &str, at: Option<RepositoryId>, body: Body) -> Read {
    // What is published is told as `released` or `prereleased` too.
    if action != "published" {
        return Ok(None);
    }
    need(at, "repository")?;
    let release = need(body.release, "release")?;
    let tag = need(release.tag_name, "release.tag_name")?;
    let (name, url) = (release.name.unwrap_or_default(), release.html_url.unwrap_or_default());
    Ok(Some((Happening::Release { tag, name, url }, None)))
}

/// What is said of a repository. `site` is where it is, for where its page is not said.
fn sighting(repository: wire::Repository, site: &str) -> Result<RepositorySighting, Missing> {
    let full_name = need(repository.full_name, "repository.full_name")?;
    Ok(RepositorySighting {
        id: RepositoryId(need(repository.id, "repository.id")?),
        url: repository.html_url.unwrap_or_else(|| format!("{site}{full_name}")),
        full_name,
        description: repository.description.unwrap_or_default(),
        is_private: repository.private.unwrap_or_default(),
        is_archived: repository.archived.unwrap_or_default(),
        default_branch: repository.default_branch.unwrap_or_default(),
    })
}

fn account(user: wire::User) -> Option<Account> {
    Some(Account { id: user.id?, login: user.login?, is_bot: user.r#type.is_some_and(|kind| kind == "Bot") })
}

/// Whoever wrote something; their account may be gone.
fn author(user: Option<wire::User>) -> Account {
    let (id, login) = GHOST;
    user.and_then(account).unwrap_or_else(|| Account { id, login: login.to_owned(), is_bot: false })
}

fn labels(labels: Option<Vec<wire::Label>>) -> std::collections::BTreeSet<String> {
    labels.into_iter().flatten().filter_map(|label| label.name).collect()
}

/// The first `most` characters.
fn cut(mut text: String, most: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(most) {
        text.truncate(end);
    }
    text
}
