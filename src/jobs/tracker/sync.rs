//! Looking through what a connection to GitHub sees: what webhooks told of is found again here, and what they did not
//! tell of too. Where nothing has changed, it costs a question per list and no answer.

use std::{collections::BTreeSet, time::Duration};

use serde_json::Value;

use super::{
    access,
    missing::{self, Looked},
    repository, suggest,
};
use crate::{
    domain::{
        connection::{Condition, Connection},
        ids::{ConnectionId, TenantId},
        job::{Job, JobError},
        message::{Block, Line, Message, Span},
        provider::Provider,
        time::Timestamp,
        tracker::{ListPage, Look, Presence, Repository, RepositorySighting},
    },
    error::Error,
    jobs::{Desk, connections},
    store::Tx,
    trackers::github::{Client, Fetched, Trouble, read},
};

/// How long a look waits at least where GitHub asks it to: the others go on meanwhile.
const PAUSE: Duration = Duration::from_secs(15);
/// How long it waits where as many connections are looked through as may be at once.
const CROWDED: Duration = Duration::from_secs(5);
/// How long one turn takes at most: a job has only so much time, and what was read is kept.
const TURN: Duration = Duration::from_mins(4);
/// After so many repositories in a row that can't be read, the others are not tried.
const HOPELESS: u32 = 3;
/// Pages of repositories at most.
const PAGES: usize = 100;

/// Looks through a connection, and queues the next look.
pub(in crate::jobs) async fn look(desk: &Desk, tenant: TenantId, id: ConnectionId) -> Result<(), JobError> {
    let Some(connection) = desk.store.read(tenant).await?.connection(id).await? else { return Ok(()) };
    let is_tenants = connection.provider == Provider::GitHub && connection.owner.is_none();
    if !is_tenants || connection.condition != Condition::Live {
        return Ok(());
    }
    let Some(_room) = desk.github.room(tenant) else { return Err(JobError::Wait(CROWDED)) };
    let mut look = desk.store.read(tenant).await?.look(id).await?;
    let now = desk.chance.now();
    let began = *look.began.get_or_insert(now);
    let client = desk.github.client(tenant, id);
    let is_app = desk.vault.github_app(tenant).await?.is_some();
    let round = Round { desk, tenant, connection: &connection, client: &client, is_app, began, started: now };
    let outcome = round.run(&mut look).await;
    let mut tx = desk.store.write(tenant).await?;
    match outcome {
        Ok(()) => {}
        Err(Stop::Github(Trouble::Wait(pause))) => {
            tx.save_look(id, &look).await?;
            tx.commit().await?;
            return Err(JobError::Wait(pause.max(PAUSE)));
        }
        // Its owners are told by a job of its own. Whoever connects it again has it looked through.
        Err(Stop::Github(Trouble::Revoked(_))) => return Ok(()),
        Err(Stop::Github(trouble)) => {
            tracing::warn!(connection = %id, %trouble, "a connection could not be looked through");
            look.has_failed = true;
            look.pages.clear();
        }
        Err(Stop::Job(error)) => return Err(error),
    }
    finish(desk, &mut tx, &connection, look).await?;
    Ok(tx.commit().await?)
}

/// Queues a look for every connection that has none waiting, spread over the time between two.
///
/// # Errors
/// When the database fails.
pub async fn queue_looks(desk: &Desk) -> crate::store::Result<()> {
    for (tenant, connection) in desk.store.live_connections(Provider::GitHub).await? {
        let due = desk.chance.now().plus(Look::EVERY.mul_f64(desk.chance.fraction()));
        let mut tx = desk.store.write(tenant).await?;
        tx.enqueue(desk.chance.id(), &Job::SyncConnection { connection }.due(due)).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Writes down how a look ended, and queues the next one: spread a little, so that not all come at once.
async fn finish(desk: &Desk, tx: &mut Tx, connection: &Connection, mut look: Look) -> Result<(), JobError> {
    let began = look.began.take().unwrap_or_else(|| desk.chance.now());
    look.is_listed = false;
    look.strikes = if std::mem::take(&mut look.has_failed) { look.strikes + 1 } else { 0 };
    if look.strikes == Look::STRIKES {
        out_of_reach(desk, tx, connection, began).await?;
    }
    tx.save_look(connection.id, &look).await?;
    let spread = Look::EVERY.mul_f64(desk.chance.fraction() / 20.0);
    let next = began.plus(Look::EVERY.saturating_sub(spread)).max(desk.chance.now().plus(Look::EVERY / 10));
    tx.enqueue(desk.chance.id(), &Job::SyncConnection { connection: connection.id }.due(next)).await?;
    Ok(())
}

/// Tells the owners that GitHub could not be looked through for a while. Nothing is wrong with any plan.
async fn out_of_reach(desk: &Desk, tx: &mut Tx, connection: &Connection, began: Timestamp) -> Result<(), JobError> {
    let since = began.minus(Look::EVERY * (Look::STRIKES - 1));
    let line = |label: &str, span: Span| Line::plain(vec![Span::Strong(format!("{label}: ")), span]);
    let summary = format!("GitHub ({}) can't be read at the moment.", connection.name);
    let message = Message {
        summary: summary.clone(),
        blocks: vec![
            Block::Text(vec![Span::plain(summary)]),
            Block::Lines {
                lines: vec![
                    line("Since", Span::Time(since)),
                    line(
                        "Meanwhile",
                        Span::plain("what GitHub tells by itself is taken up; what it did not tell is found later."),
                    ),
                    line(
                        "What to do",
                        Span::plain(
                            "nothing, if https://www.githubstatus.com says that it has trouble. Else check that this server reaches it.",
                        ),
                    ),
                ],
                more: None,
            },
        ],
    };
    connections::tell_owners(desk, tx, connection, &message).await?;
    Ok(())
}

/// Why a look does not go on.
#[derive(Debug)]
pub(super) enum Stop {
    /// GitHub does not answer as it should.
    Github(Trouble),
    /// Something of our own went wrong.
    Job(JobError),
}

impl From<Trouble> for Stop {
    fn from(trouble: Trouble) -> Self {
        Self::Github(trouble)
    }
}

impl From<crate::store::Error> for Stop {
    fn from(error: crate::store::Error) -> Self {
        Self::Job(error.into())
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Job(error.into())
    }
}

impl From<JobError> for Stop {
    fn from(error: JobError) -> Self {
        Self::Job(error)
    }
}

/// One look.
pub(super) struct Round<'a> {
    pub(super) desk: &'a Desk,
    pub(super) tenant: TenantId,
    pub(super) connection: &'a Connection,
    pub(super) client: &'a Client,
    /// Whether it is an App's, which is told of everything that it may see, rather than a person's.
    pub(super) is_app: bool,
    /// When the look began.
    pub(super) began: Timestamp,
    /// When this turn of it did.
    pub(super) started: Timestamp,
}

impl Round<'_> {
    /// Stops where the turn is over; the next one goes on.
    pub(super) fn in_time(&self) -> Result<(), Stop> {
        let is_over = self.desk.chance.now().since(self.started) > TURN;
        if is_over { Err(Trouble::Wait(PAUSE).into()) } else { Ok(()) }
    }

    /// Goes on with a look where it stopped.
    async fn run(&self, look: &mut Look) -> Result<(), Stop> {
        if !look.is_listed {
            self.list(look).await?;
            look.is_listed = true;
        }
        let linked = self.desk.store.read(self.tenant).await?.linked_repositories_of(self.connection.id).await?;
        let mut failures = 0;
        for repository in linked {
            if repository.sync.looked_at.is_some_and(|at| at >= self.began) {
                continue;
            }
            self.in_time()?;
            match self.one(look, &repository).await {
                Ok(()) => failures = 0,
                Err(Stop::Github(trouble @ (Trouble::Wait(_) | Trouble::Revoked(_)))) => return Err(trouble.into()),
                Err(Stop::Github(trouble)) => {
                    tracing::warn!(repository = %repository.id(), %trouble, "a repository could not be read");
                    if matches!(trouble, Trouble::Unreachable(_)) {
                        look.has_failed = true;
                        failures += 1;
                    }
                    if failures == HOPELESS {
                        return Err(trouble.into());
                    }
                }
                Err(stop) => return Err(stop),
            }
        }
        let drifted = self.desk.store.read(self.tenant).await?.look(self.connection.id).await?.drifted;
        for project in drifted {
            let mut tx = self.desk.store.write(self.tenant).await?;
            match suggest::catch_up(self.desk, &mut tx, project).await {
                Ok(_) => {
                    tx.forget_drift(self.connection.id, project).await?;
                    tx.commit().await?;
                }
                // Nobody asked who could be told. The next look tries again.
                Err(Error::User(words)) => tracing::warn!(%project, %words, "what GitHub shows could not be proposed"),
                Err(Error::Internal(error)) => return Err(Stop::Job(JobError::Retry(error))),
            }
        }
        Ok(())
    }

    /// Reads a linked repository. One that is not listed any more may still be there, out of the App's sight or not.
    async fn one(&self, look: &Look, repository: &Repository) -> Result<(), Stop> {
        let is_listed = look.lists(repository.id());
        if !is_listed && self.is_app {
            // It may be public, and so be seen from outside: an App is told of nothing there, and may do nothing.
            let mut tx = self.desk.store.write(self.tenant).await?;
            missing::looked(self.desk, &mut tx, repository.id(), Looked::NotFound).await?;
            return Ok(tx.commit().await?);
        }
        let is_in_doubt = !is_listed || repository.presence != Presence::Here;
        if is_in_doubt && !self.is_there(repository).await? {
            return Ok(());
        }
        match repository::read(self, repository).await {
            Ok(()) => Ok(()),
            // It went in this moment, or was renamed by another one taking its name.
            Err(Stop::Github(Trouble::NotFound)) => self.is_there(repository).await.map(drop),
            Err(stop) => Err(stop),
        }
    }

    /// Looks for a repository by its number, which stays when its name does not.
    async fn is_there(&self, repository: &Repository) -> Result<bool, Stop> {
        let found = self.client.get::<Value>(&format!("/repositories/{}", repository.id())).await;
        let sighting = match found {
            Ok(found) => Some(read::repository(&found).ok_or(Trouble::Unreadable)?),
            Err(Trouble::NotFound) => None,
            Err(trouble) => return Err(trouble.into()),
        };
        let is_there = sighting.is_some();
        let mut tx = self.desk.store.write(self.tenant).await?;
        match sighting {
            Some(sighting) => drop(access::found(self.desk, &mut tx, self.connection, &sighting).await?),
            None => missing::looked(self.desk, &mut tx, repository.id(), Looked::NotFound).await?,
        }
        tx.commit().await?;
        Ok(is_there)
    }

    /// Lists what the connection sees, page by page, as far as it has changed.
    async fn list(&self, look: &mut Look) -> Result<(), Stop> {
        let first = if self.is_app { "/installation/repositories?per_page=100" } else { "/user/repos?per_page=100" };
        let (mut route, mut pages) = (first.to_owned(), Vec::new());
        loop {
            let known = look.pages.get(pages.len()).cloned().unwrap_or_default();
            let page = match self.client.page::<Value>(&route, known.etag.as_deref()).await? {
                Fetched::Unchanged => known,
                Fetched::Fresh(page, etag) => {
                    let sightings: Vec<_> = page.items.iter().filter_map(read::repository).collect();
                    self.keep(&sightings).await?;
                    let repositories: BTreeSet<_> = sightings.iter().map(|sighting| sighting.id).collect();
                    ListPage { etag, repositories, next: page.next }
                }
            };
            let next = page.next.clone();
            pages.push(page);
            match next {
                Some(next) if pages.len() < PAGES => route = next,
                _ => break,
            }
        }
        look.pages = pages;
        let mut tx = self.desk.store.write(self.tenant).await?;
        let linked = tx.linked_repositories_of(self.connection.id).await?;
        let mut seen = tx.repositories_of(self.connection.id).await?;
        seen.retain(|one| look.lists(one.id()) && linked.iter().all(|other| other.id() != one.id()));
        if std::mem::replace(&mut look.is_acquainted, true) {
            access::offer(self.desk, &mut tx, seen).await?;
        } else {
            access::pass_over(self.desk, &mut tx, seen).await?;
        }
        Ok(tx.commit().await?)
    }

    async fn keep(&self, sightings: &[RepositorySighting]) -> Result<(), Stop> {
        for some in sightings.chunks(50) {
            let mut tx = self.desk.store.write(self.tenant).await?;
            for sighting in some {
                access::found(self.desk, &mut tx, self.connection, sighting).await?;
            }
            tx.commit().await?;
        }
        Ok(())
    }
}
