//! Reading one repository: its pull requests and issues that changed since the last time, and slowly its past.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde_json::Value;

use super::{
    announce, observe,
    sync::{Round, Stop},
};
use crate::{
    domain::{
        task::Status,
        time::Timestamp,
        tracker::{CheckOutcome, Issue, Numbered, Pull, PullState, Remark, Repository, RepositoryId, Sync},
    },
    store::{PullTask, Tx},
    trackers::github::{Client, Fetched, Trouble, read},
};

/// What is read at once where a repository is new: a day.
const DAY: Duration = Duration::from_hours(24);
/// What is read slowly thereafter: a month.
const MONTH: Duration = Duration::from_hours(24 * 30);
/// How far a reading overlaps with the one before it: two lists are not of one instant.
const OVERLAP: Duration = Duration::from_mins(10);
/// How long after its last change the checks of a pull request are looked at, though nothing else of it changed: they
/// are not among what changes it.
const FRESH: Duration = Duration::from_hours(24);
/// Pages of a list at most, of fifty.
const PAGES: usize = 40;
/// Facts that are stored at once: SQLite has one writer.
const AT_ONCE: usize = 100;

/// What the checks of a pull request are called among the lists.
const CHECKS: &str = "checks ";

fn checks_of(number: u64) -> String {
    format!("{CHECKS}{number}")
}

/// What was read.
#[derive(Default)]
struct Facts {
    pulls: Vec<Pull>,
    /// Those of the past, of which nothing follows by itself.
    past: Vec<Pull>,
    issues: Vec<Issue>,
    remarks: Vec<Remark>,
}

/// Reads a repository, and stores what it holds together with how far it was read. Where that has to stop, what was read
/// is stored, and not read again.
pub(super) async fn read(round: &Round<'_>, repository: &Repository) -> Result<(), Stop> {
    let (id, mut sync, mut facts) = (repository.id(), repository.sync.clone(), Facts::default());
    let now = round.desk.chance.now();
    let from = sync.through.map_or(now.minus(DAY), |through| through.minus(OVERLAP));
    let reading = Reading { client: round.client, repository: id, name: repository.name(), from };
    match reading.all(round, &mut facts, &mut sync, now).await {
        Ok(()) => {
            sync.read.clear();
            sync.looked_at = Some(now);
            store(round, repository, facts, sync).await
        }
        Err(stop) => {
            let sync = Sync { read: sync.read, ..repository.sync.clone() };
            store(round, repository, facts, sync).await?;
            Err(stop)
        }
    }
}

/// Open pull requests whose checks may have come to something, though nothing else of them changed.
async fn pending(round: &Round<'_>, repository: RepositoryId, read: &Facts) -> Result<Vec<Pull>, Stop> {
    let now = round.desk.chance.now();
    let mut tx = round.desk.store.read(round.tenant).await?;
    let open = tx.open_pulls_of(repository).await?;
    let is_read = |pull: &Pull| read.pulls.iter().any(|one| one.at == pull.at);
    let is_pending = |pull: &Pull| {
        let mut checks = pull.present_checks().peekable();
        let is_new = checks.peek().is_none() && now.since(pull.updated_at) < FRESH;
        is_new || checks.any(|check| check.outcome == CheckOutcome::Pending)
    };
    Ok(open.into_iter().filter(|pull| !is_read(pull) && is_pending(pull)).collect())
}

/// Stores what was read, and last of all how far that was.
async fn store(round: &Round<'_>, repository: &Repository, facts: Facts, mut sync: Sync) -> Result<(), Stop> {
    let id = repository.id();
    // Of what was there before anybody looked, nobody is told.
    let told_since = repository.sync.through.map(|through| through.minus(OVERLAP));
    let Facts { pulls, past, issues, remarks } = facts;
    keep_past(round, repository, &past).await?;
    for some in pulls.chunks(AT_ONCE) {
        let mut tx = round.desk.store.write(round.tenant).await?;
        if tx.lock_repository(id).await? {
            for pull in some {
                let news = observe::pull(&mut tx, pull).await?;
                if news.before.as_ref() == Some(&news.pull) {
                    continue;
                }
                drift(&mut tx, repository).await?;
                if told_since.is_some_and(|since| pull.updated_at >= since) {
                    announce::tell(round.desk, &mut tx, &[news]).await?;
                }
            }
        }
        tx.commit().await?;
    }
    let mut tx = round.desk.store.write(round.tenant).await?;
    if !tx.lock_repository(id).await? {
        return Ok(());
    }
    for issue in &issues {
        let before = tx.issue(issue.at).await?.map(|stored| stored.issue);
        let now = observe::issue(&mut tx, issue).await?.issue;
        if before.as_ref() != Some(&now) {
            drift(&mut tx, repository).await?;
        }
    }
    for remark in remarks {
        let is_recent = told_since.is_some_and(|since| remark.at >= since);
        if let Some(news) = observe::remarked(&mut tx, &remark).await?.filter(|_| is_recent) {
            announce::tell(round.desk, &mut tx, &[news]).await?;
        }
    }
    let open: BTreeSet<String> = tx.open_pulls_of(id).await?.iter().map(|pull| checks_of(pull.at.number)).collect();
    sync.etags.retain(|list, _| !list.starts_with(CHECKS) || open.contains(list));
    if let Some(repository) = tx.repository(id).await? {
        tx.put_repository(&Repository { sync, ..repository }).await?;
    }
    Ok(tx.commit().await?)
}

/// Notes, with the facts, that something may follow from them: whatever happens next, that is not forgotten.
async fn drift(tx: &mut Tx, repository: &Repository) -> Result<(), Stop> {
    let projects = tx.projects_linked_to(repository.id()).await?;
    Ok(tx.note_drift(repository.connection, projects).await?)
}

/// Keeps what was over before anybody looked. What it would have said of its tasks counts as said.
async fn keep_past(round: &Round<'_>, repository: &Repository, past: &[Pull]) -> Result<(), Stop> {
    for some in past.chunks(AT_ONCE) {
        let mut tx = round.desk.store.write(round.tenant).await?;
        if tx.lock_repository(repository.id()).await? {
            for pull in some {
                let news = observe::pull(&mut tx, pull).await?;
                if news.pull.state == PullState::Open {
                    drift(&mut tx, repository).await?;
                }
                let said = match news.pull.state {
                    PullState::Open => None,
                    PullState::Merged => Some(Status::Done),
                    PullState::Closed => Some(Status::InProgress),
                };
                for link in news.tasks.into_iter().filter(|link| said.is_some() && link.proposed.is_none()) {
                    tx.put_pull_task(&PullTask { proposed: said, ..link }).await?;
                }
            }
        }
        tx.commit().await?;
    }
    Ok(())
}

/// What is asked of one repository.
struct Reading<'a> {
    client: &'a Client,
    repository: RepositoryId,
    name: &'a str,
    /// What did not change since then is not read.
    from: Timestamp,
}

impl Reading<'_> {
    async fn all(&self, round: &Round<'_>, facts: &mut Facts, sync: &mut Sync, now: Timestamp) -> Result<(), Stop> {
        let pulls = self.changed("pulls", sync).await?;
        for whole in pulls.iter().flatten() {
            let Some(pull) = read::pull(self.repository, whole) else { continue };
            let (number, updated_at) = (pull.at.number, pull.updated_at);
            if sync.read.get(&number) != Some(&updated_at) {
                round.in_time()?;
                match self.whole(facts, whole, pull.clone()).await {
                    Ok(()) => {}
                    // What its list says of it has to do; the others are read all the same.
                    Err(Stop::Github(trouble @ (Trouble::NotFound | Trouble::Denied(_) | Trouble::Unreadable))) => {
                        tracing::warn!(repository = %self.repository, number, %trouble, "a pull request is not all there");
                        facts.pulls.push(pull);
                    }
                    Err(stop) => return Err(stop),
                }
                sync.read.insert(number, updated_at);
            }
        }
        // Where a repository has its issues switched off, GitHub says that they are gone.
        let issues = match self.changed("issues", sync).await {
            Err(Stop::Github(Trouble::NotFound | Trouble::Denied(_))) => None,
            issues => issues?,
        };
        facts.issues.extend(issues.iter().flatten().filter_map(|issue| read::issue(self.repository, issue)));
        let has_words = |one: &Value| one.get("comments").and_then(Value::as_u64).is_some_and(|many| many > 0);
        if issues.iter().flatten().any(has_words) {
            self.words(facts, "issues").await?;
        }
        if !facts.pulls.is_empty() {
            self.words(facts, "pulls").await?;
        }
        for pull in pending(round, self.repository, facts).await? {
            facts.pulls.extend(self.checked(pull, sync).await?);
        }
        let latest = pulls.iter().chain(&issues).flatten().filter_map(updated).max();
        sync.through = sync.through.max(latest).or(Some(now));
        if sync.back_to.is_none() {
            (sync.back_to, sync.page) = (Some(self.from), Some(1));
        }
        self.past(facts, sync, now).await
    }

    /// What changed in a list; `None` where nothing has.
    async fn changed(&self, list: &str, sync: &mut Sync) -> Result<Option<Vec<Value>>, Stop> {
        let mut route = format!("/repos/{}/{list}?state=all&sort=updated&direction=desc&per_page=50", self.name);
        let etag = sync.etags.get(list).cloned();
        let mut all = Vec::new();
        for nth in 0..PAGES {
            let etag = etag.as_deref().filter(|_| nth == 0);
            let Fetched::Fresh(page, etag) = self.client.page::<Value>(&route, etag).await? else { return Ok(None) };
            if nth == 0 {
                match etag {
                    Some(etag) => drop(sync.etags.insert(list.to_owned(), etag)),
                    None => drop(sync.etags.remove(list)),
                }
            }
            let (before, on_it) = (all.len(), page.items.len());
            all.extend(page.items.into_iter().filter(|one| updated(one).is_none_or(|at| at >= self.from)));
            let is_read_through = all.len() - before < on_it;
            match page.next {
                Some(next) if !is_read_through => route = next,
                _ => break,
            }
        }
        Ok(Some(all))
    }

    /// Completes a pull request by what its list does not hold: who merged it, its reviews, its checks, its commits.
    async fn whole(&self, facts: &mut Facts, found: &Value, mut pull: Pull) -> Result<(), Stop> {
        let (name, number) = (self.name, pull.at.number);
        if pull.state == PullState::Merged {
            let whole = self.client.get::<Value>(&format!("/repos/{name}/pulls/{number}")).await?;
            pull = read::pull(self.repository, &whole).map_or(pull.clone(), |whole| pull.merged(&whole));
        }
        let of = |what: &str| format!("/repos/{name}/pulls/{number}/{what}?per_page=100");
        for review in self.client.list::<Value>(&of("reviews"), 3).await? {
            facts.remarks.extend(read::review(&mut pull, found, &review));
        }
        for commit in self.client.list::<Value>(&of("commits"), 3).await? {
            let text = |path: &str| commit.pointer(path).and_then(Value::as_str);
            if let (Some(sha), Some(message)) = (text("/sha"), text("/commit/message")) {
                pull.put_commit(sha, message);
            }
        }
        if pull.state == PullState::Open {
            for check in self.checks(&pull.head).await? {
                read::check(&mut pull, &check);
            }
        }
        pull.tidy();
        facts.pulls.push(pull);
        Ok(())
    }

    /// The checks of a commit; none where Docket may not see them.
    async fn checks(&self, sha: &str) -> Result<Vec<Value>, Stop> {
        let route = format!("/repos/{}/commits/{sha}/check-runs?per_page=100", self.name);
        match self.client.list(&route, 3).await {
            Err(Trouble::Denied(_) | Trouble::NotFound | Trouble::Invalid(_)) => Ok(Vec::new()),
            checks => Ok(checks?),
        }
    }

    /// A pull request with its checks, where those have changed.
    async fn checked(&self, mut pull: Pull, sync: &mut Sync) -> Result<Option<Pull>, Stop> {
        let route = format!("/repos/{}/commits/{}/check-runs?per_page=100", self.name, pull.head);
        let key = checks_of(pull.at.number);
        let etag = sync.etags.get(&key).map(String::as_str);
        match self.client.page::<Value>(&route, etag).await {
            Ok(Fetched::Fresh(page, etag)) => {
                page.items.iter().for_each(|check| read::check(&mut pull, check));
                sync.etags.extend(etag.map(|etag| (key, etag)));
                Ok(Some(pull))
            }
            Ok(Fetched::Unchanged) | Err(Trouble::Denied(_) | Trouble::NotFound | Trouble::Invalid(_)) => Ok(None),
            Err(trouble) => Err(trouble.into()),
        }
    }

    /// What was written since then under issues and pull requests, or at lines of those.
    async fn words(&self, facts: &mut Facts, list: &str) -> Result<(), Stop> {
        let since = self.from.to_utc().format("%Y-%m-%dT%H:%M:%SZ");
        let route = format!("/repos/{}/{list}/comments?since={since}&sort=updated&per_page=100", self.name);
        let found = match self.client.list::<Value>(&route, PAGES).await {
            Err(Trouble::Denied(_) | Trouble::NotFound) => Vec::new(),
            found => found?,
        };
        let mut latest: BTreeMap<(Numbered, String), Remark> = BTreeMap::new();
        for remark in found.iter().filter_map(|one| read::remark(self.repository, one)) {
            latest.insert((remark.under, remark.id.clone()), remark);
        }
        facts.remarks.extend(latest.into_values());
        Ok(())
    }

    /// One more page of the past, for what people ask about it later. Nothing follows from it by itself.
    async fn past(&self, facts: &mut Facts, sync: &mut Sync, now: Timestamp) -> Result<(), Stop> {
        let Some(nth) = sync.page else { return Ok(()) };
        let route = format!("/repos/{}/pulls?state=all&sort=updated&direction=desc&per_page=50&page={nth}", self.name);
        let Fetched::Fresh(page, _) = self.client.page::<Value>(&route, None).await? else { return Ok(()) };
        let read = page.items.iter().filter_map(|one| read::pull(self.repository, one));
        facts.past.extend(read.filter(|pull| pull.updated_at < self.from));
        sync.back_to = sync.back_to.min(page.items.iter().filter_map(updated).min()).or(sync.back_to);
        let is_done = page.next.is_none() || sync.back_to.is_some_and(|to| to < now.minus(MONTH));
        sync.page = (!is_done).then_some(nth + 1);
        Ok(())
    }
}

fn updated(one: &Value) -> Option<Timestamp> {
    let text = one.get("updated_at")?.as_str()?;
    chrono::DateTime::parse_from_rfc3339(text).ok().map(|at| Timestamp::from_millis(at.timestamp_millis()))
}
