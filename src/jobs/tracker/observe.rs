//! Facts of trackers, merged with what is known. Of repositories that nobody knows, nothing is kept.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use crate::{
    domain::{
        ids::{PatchId, ProjectId},
        project::ProjectKey,
        provider::Provider,
        tracker::{
            Account, Check, Commit, Happening, Issue, IssueMoment, Numbered, Pull, PullState, Remark, RepositoryId,
            RepositorySighting, Review, TrackerEvent, Verdict,
        },
    },
    jobs::Desk,
    planner::rules::{names_tasks, references, reverted},
    store::{PullTask, Result, StoredIssue, Tx},
    trackers::github::is_marked,
};

/// How long commits are kept of which no pull request is made.
const OLD: Duration = Duration::from_hours(30 * 24);

/// What became known of a pull request.
#[derive(Debug, Clone)]
pub(in crate::jobs) struct News {
    /// What was known before; `None` where it is new.
    pub(in crate::jobs) before: Option<Pull>,
    /// What is known now.
    pub(in crate::jobs) pull: Pull,
    /// The tasks it is about, those of linked projects only.
    pub(in crate::jobs) tasks: Vec<PullTask>,
    /// The patches that propose or made what follows from it, one for each project at most.
    pub(in crate::jobs) patches: Vec<PatchId>,
    /// What somebody said, if that is what happened.
    pub(in crate::jobs) what: What,
    /// Who did it, where that was said.
    pub(in crate::jobs) by: Option<Account>,
    /// Whether Docket itself did it: that announces and proposes nothing.
    pub(in crate::jobs) is_echo: bool,
}

/// What somebody said about a pull request.
#[derive(Debug, Clone)]
pub(in crate::jobs) enum What {
    /// A review, with its words.
    Review(Review, String),
    /// Words under it that nobody has read yet.
    Remark(Remark),
    /// How a check stands.
    Check(Check),
    /// Nothing more than the facts say.
    Facts,
}

/// What an event says about what rules look at.
#[derive(Debug, Default)]
pub(in crate::jobs) struct Observed {
    /// Pull requests.
    pub(in crate::jobs) pulls: Vec<News>,
    /// Issues, as they are now.
    pub(in crate::jobs) issues: Vec<StoredIssue>,
    /// An issue that became a part of another one, or is none any more: the whole, the part, and which.
    pub(in crate::jobs) part: Option<(Numbered, Numbered, bool)>,
    /// Whether Docket itself did it.
    pub(in crate::jobs) is_echo: bool,
}

/// Keeps what an event says, and tells what that is.
pub(super) async fn observe(desk: &Desk, tx: &mut Tx, event: &TrackerEvent) -> Result<Observed> {
    let Some(seen) = &event.repository else { return Ok(Observed::default()) };
    if !tx.lock_repository(seen.id).await? {
        return Ok(Observed::default());
    }
    let is_echo = is_echo(desk, tx, event).await?;
    let mut observed = Observed { is_echo, ..Observed::default() };
    match &event.happening {
        Happening::Pull { pull: seen, .. } => observed.pulls.push(pull(tx, seen).await?),
        Happening::Review { pull: seen, review, text } => observed.pulls.push(reviewed(tx, seen, review, text).await?),
        Happening::Remark { remark } => observed.pulls.extend(remarked(tx, remark).await?),
        Happening::Check { check, pulls } => observed.pulls = checked(tx, seen.id, check, pulls).await?,
        Happening::Issue { issue: seen, moment: IssueMoment::Gone } => tx.remove_issue(seen.at).await?,
        Happening::Issue { issue: seen, .. } => observed.issues.push(issue(tx, seen).await?),
        Happening::Part { parent, child, is_part } => {
            for seen in [parent, child] {
                if tx.repository(seen.at.repository).await?.is_some() {
                    observed.issues.push(issue(tx, seen).await?);
                }
            }
            observed.part = Some((parent.at, child.at, *is_part));
        }
        Happening::Push { branch, commits } => observed.pulls = pushed(desk, tx, seen, branch, commits).await?,
        Happening::Release { .. }
        | Happening::Repository(_)
        | Happening::Access(_)
        | Happening::Forgotten(_)
        | Happening::Ping => {}
    }
    for news in &mut observed.pulls {
        news.by.clone_from(&event.by);
        news.is_echo = is_echo;
    }
    Ok(observed)
}

/// Whether Docket itself did it: by its app, by its app's bot, or in words that carry our marker.
async fn is_echo(desk: &Desk, tx: &mut Tx, event: &TrackerEvent) -> Result<bool> {
    let own = tx.provider_app(Provider::GitHub).await?;
    let number =
        own.as_ref().map(|app| app.number).or_else(|| desk.vault.providers().github_app.as_ref().map(|app| app.id));
    if event.through.is_some() && event.through == number {
        return Ok(true);
    }
    if let Some(by) = event.by.as_ref().filter(|by| by.is_bot) {
        let connected = tx.connection_to(Provider::GitHub, &event.realm, None).await?;
        let slugs = own.map(|app| app.slug).into_iter().chain(connected.map(|connection| connection.account));
        if slugs.into_iter().any(|slug| by.login == format!("{slug}[bot]")) {
            return Ok(true);
        }
    }
    let words = match &event.happening {
        Happening::Remark { remark } => remark.text.as_str(),
        Happening::Review { text, .. } => text.as_str(),
        _ => "",
    };
    Ok(is_marked(words))
}

/// Takes up a sighting of a pull request, and which tasks it is about. Its repository must be known, and
/// [locked](Tx::lock_repository).
pub(in crate::jobs) async fn pull(tx: &mut Tx, seen: &Pull) -> Result<News> {
    let before = tx.pull(seen.at).await?;
    // Merged with itself, a sighting is within the limits.
    let pull = before.as_ref().unwrap_or(seen).merged(seen);
    keep(tx, before, pull, What::Facts).await
}

/// Takes up a sighting of an issue. Its repository must be known, and [locked](Tx::lock_repository).
pub(in crate::jobs) async fn issue(tx: &mut Tx, seen: &Issue) -> Result<StoredIssue> {
    let stored = match tx.issue(seen.at).await? {
        Some(known) => StoredIssue { issue: known.issue.merged(seen), ..known },
        None => StoredIssue { issue: seen.clone(), task: None, proposed: None },
    };
    tx.put_issue(&stored).await?;
    Ok(stored)
}

/// Stores what is known of a pull request now, with what was pushed to its branch.
async fn keep(tx: &mut Tx, before: Option<Pull>, mut pull: Pull, what: What) -> Result<News> {
    if !pull.is_fork {
        for (sha, message) in tx.pushed(pull.at.repository, &pull.branch).await? {
            pull.put_commit(&sha, &message);
        }
        pull.tidy();
    }
    if pull.state == PullState::Merged {
        tx.forget_pushed(pull.at.repository, &pull.branch).await?;
    }
    if before.as_ref() != Some(&pull) {
        tx.put_pull(&pull).await?;
    }
    let tasks = link(tx, &pull).await?;
    Ok(News { before, pull, tasks, patches: Vec::new(), what, by: None, is_echo: false })
}

async fn reviewed(tx: &mut Tx, seen: &Pull, review: &Review, text: &str) -> Result<News> {
    let before = tx.pull(seen.at).await?;
    let mut pull = before.as_ref().unwrap_or(seen).merged(seen);
    pull.put_review(review.clone());
    let is_known = |before: &Pull| before.reviews.values().any(|known| known == review);
    let is_new = !before.as_ref().is_some_and(is_known) && (review.verdict != Verdict::Commented || !text.is_empty());
    let what = if is_new { What::Review(review.clone(), text.to_owned()) } else { What::Facts };
    keep(tx, before, pull, what).await
}

/// Keeps a remark; it is news where it is new, and under a pull request that is known.
pub(super) async fn remarked(tx: &mut Tx, remark: &Remark) -> Result<Option<News>> {
    let is_new = tx.put_remark(remark).await?;
    let Some(pull) = tx.pull(remark.under).await?.filter(|_| is_new) else { return Ok(None) };
    let tasks = tx.tasks_of_pull(pull.at).await?;
    let what = What::Remark(remark.clone());
    Ok(Some(News { before: Some(pull.clone()), pull, tasks, patches: Vec::new(), what, by: None, is_echo: false }))
}

/// Keeps a check with every pull request that it is said to be of, or that ends with its commit.
async fn checked(tx: &mut Tx, repository: RepositoryId, check: &Check, numbers: &[u64]) -> Result<Vec<News>> {
    let mut known: BTreeMap<u64, Pull> = BTreeMap::new();
    for pull in tx.pulls_with_head(repository, &check.sha).await? {
        known.insert(pull.at.number, pull);
    }
    for number in numbers {
        if let Some(pull) = tx.pull(Numbered { repository, number: *number }).await? {
            known.insert(*number, pull);
        }
    }
    let mut news = Vec::new();
    for before in known.into_values() {
        let mut pull = before.clone();
        pull.put_check(check.clone());
        pull.tidy();
        news.push(keep(tx, Some(before), pull, What::Check(check.clone())).await?);
    }
    Ok(news)
}

/// Keeps commits that name tasks with their branch, and with its pull requests. What goes straight to the branch that
/// changes go to is of no pull request.
async fn pushed(
    desk: &Desk,
    tx: &mut Tx,
    seen: &RepositorySighting,
    branch: &str,
    commits: &[Commit],
) -> Result<Vec<News>> {
    let naming: Vec<&Commit> = commits.iter().filter(|commit| names_tasks(&commit.message)).collect();
    if naming.is_empty() || branch == seen.default_branch {
        return Ok(Vec::new());
    }
    let now = desk.chance.now();
    tx.forget_pushed_before(seen.id, now.minus(OLD)).await?;
    for commit in naming.into_iter().take(Pull::MAX_COMMITS) {
        tx.put_pushed(seen.id, branch, commit, now).await?;
    }
    let mut news = Vec::new();
    for pull in tx.open_pulls_of_branch(seen.id, branch).await? {
        news.push(keep(tx, Some(pull.clone()), pull, What::Facts).await?);
    }
    Ok(news)
}

/// Makes the links of a pull request to tasks say what it names now; what was proposed because of them stays known.
async fn link(tx: &mut Tx, pull: &Pull) -> Result<Vec<PullTask>> {
    let mut projects: BTreeMap<ProjectKey, ProjectId> = BTreeMap::new();
    for id in tx.projects_linked_to(pull.at.repository).await? {
        projects.extend(tx.project(id).await?.map(|project| (project.key, id)));
    }
    let keys: BTreeSet<ProjectKey> = projects.keys().cloned().collect();
    let mut named = BTreeMap::new();
    for (code, is_closing) in references(pull, &keys) {
        if let Some(project) = projects.get(&code.project)
            && tx.task(*project, code.number).await?.is_some()
        {
            named.insert((*project, code.number), is_closing);
        }
    }
    // One that takes another back is about the same tasks, whether it says so or not.
    if let Some(number) = reverted(pull) {
        for link in tx.tasks_of_pull(Numbered { number, ..pull.at }).await? {
            named.entry((link.project, link.task)).or_insert(false);
        }
    }
    let known = tx.tasks_of_pull(pull.at).await?;
    for old in known.iter().filter(|old| !named.contains_key(&(old.project, old.task))) {
        tx.remove_pull_task(old).await?;
    }
    let mut links = Vec::new();
    for ((project, task), is_closing) in named {
        let old = known.iter().find(|old| (old.project, old.task) == (project, task));
        let link = match old {
            Some(old) => PullTask { is_closing, ..old.clone() },
            None => PullTask { pull: pull.at, project, task, is_closing, proposed: None, patch: None },
        };
        if old != Some(&link) {
            tx.put_pull_task(&link).await?;
        }
        links.push(link);
    }
    Ok(links)
}

/// Makes the links of all pull requests of a repository say what they name now: it was linked to a project, or no longer
/// is. How many links to tasks there are now.
pub(in crate::jobs) async fn relink(tx: &mut Tx, repository: RepositoryId) -> Result<usize> {
    let mut links = 0;
    for pull in tx.pulls_of(repository).await? {
        links += link(tx, &pull).await?.len();
    }
    Ok(links)
}
