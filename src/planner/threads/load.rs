//! Conversations as they are stored, and everything that they are compared with: for whoever proposes what follows from
//! them, and whoever tells of those that no task is about.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::{Index, Known, TaskRef, judge, rank};
use crate::{
    domain::{
        event::Venue,
        heard::ChatThread,
        ids::ThreadId,
        matches::{Match, Verdict},
        project::Lifecycle,
        task::Status,
        time::Timestamp,
        tracker::PullState,
    },
    store::{self, Tx},
};

/// Pull requests that are looked at, of each kind, and conversations at a time.
const MOST: usize = 500;

/// A conversation between people, without what was said to Docket.
#[derive(Debug, Clone)]
pub struct Conversation {
    /// What was said.
    pub thread: ChatThread,
    /// What was made of it, the latest last.
    pub made: Vec<Match>,
}

/// Whose conversations are told of at a place: those of its own channel, and of others those that everybody may see.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// The channel in which they are told of; `None` where that is none.
    pub at: Option<&'a Venue>,
    /// The other channels; `None` for all there are.
    pub others: Option<&'a [Venue]>,
}

/// A conversation that looks like work, and the tasks that it may be about.
#[derive(Debug, Clone)]
pub struct Untracked {
    /// The conversation.
    pub thread: ChatThread,
    /// The tasks that it may be about, the likeliest first; none where it is about nothing that is planned.
    pub near: Vec<TaskRef>,
}

/// The tasks of the tenant with everything that a conversation can be compared with.
pub async fn index(tx: &mut Tx, now: Timestamp) -> store::Result<Index> {
    let mut pulls = tx.open_pulls(MOST).await?;
    let kept = now.minus(Duration::from_hours(24) * tx.kept_days().await?);
    for state in [PullState::Merged, PullState::Closed] {
        pulls.extend(tx.pulls_since(state, kept, MOST).await?);
    }
    let pages: BTreeMap<_, _> = pulls.into_iter().map(|pull| (pull.at, pull.url)).collect();
    let (channels, private) = (tx.bound_channels().await?, tx.private_projects().await?);
    let mut tasks = Vec::new();
    for project in tx.projects().await?.into_iter().filter(|project| project.lifecycle != Lifecycle::Archived) {
        let Some(plan) = tx.plan(project.id).await? else { continue };
        let mut pages_of: BTreeMap<_, Vec<String>> = BTreeMap::new();
        for link in tx.pulls_of_project(project.id).await? {
            pages_of.entry(link.task).or_default().extend(pages.get(&link.pull).cloned());
        }
        for stored in tx.issues_of_project(project.id).await? {
            if let Some((_, task)) = stored.task {
                pages_of.entry(task).or_default().push(stored.issue.url);
            }
        }
        let homes: Vec<Venue> =
            channels.iter().filter(|(id, _)| *id == project.id).map(|(_, venue)| venue.clone()).collect();
        tasks.extend(plan.tasks().map(|task| Known {
            task: TaskRef { project: project.id, code: plan.code(task.number) },
            fields: task.fields.clone(),
            is_active: matches!(task.fields.status, Status::InProgress | Status::InReview | Status::Blocked),
            pages: pages_of.remove(&task.number).unwrap_or_default(),
            homes: homes.clone(),
            is_private: private.contains(&project.id),
        }));
    }
    Ok(Index::new(tasks))
}

/// The conversations since `since` that were not read as they are now, and up to when these are all there are. What
/// somebody put aside is not read any more.
pub async fn unread(tx: &mut Tx, since: Timestamp, now: Timestamp) -> store::Result<(Vec<Conversation>, Timestamp)> {
    let bots = bots(tx).await?;
    let (mut unread, mut seen, mut from) = (Vec::new(), BTreeSet::new(), since);
    loop {
        let mut page = tx.threads_since(from, MOST).await?;
        let Some(last) = page.last().map(|last| last.last_at) else { return Ok((unread, now)) };
        let is_last = page.len() < MOST;
        page.retain(|thread| seen.insert(thread.id));
        let is_open =
            |one: &Conversation| !one.is_read() && one.made.iter().all(|one| one.verdict != Verdict::Dismissed);
        unread.extend(between_people(tx, &bots, page).await?.into_iter().filter(is_open));
        if is_last || unread.len() >= MOST {
            return Ok((unread, if is_last { now } else { last }));
        }
        from = if last > from { last } else { from.plus(Duration::from_millis(1)) };
    }
}

/// The conversations since `since` that look like work and are not linked to a task, proposed as one or put aside: the
/// newest of them, the latest last.
pub async fn untracked(
    tx: &mut Tx,
    since: Timestamp,
    scope: Scope<'_>,
    now: Timestamp,
) -> store::Result<Vec<Untracked>> {
    let threads = newest(tx, since, scope).await?;
    if threads.is_empty() {
        return Ok(Vec::new());
    }
    let bots = bots(tx).await?;
    let mut open = between_people(tx, &bots, threads).await?;
    open.retain(|one| !one.is_settled());
    if open.is_empty() {
        return Ok(Vec::new());
    }
    let index = index(tx, now).await?;
    Ok(open.into_iter().filter_map(|one| one.untracked(&index)).collect())
}

/// The newest conversations of these channels, the latest last.
async fn newest(tx: &mut Tx, since: Timestamp, scope: Scope<'_>) -> store::Result<Vec<ChatThread>> {
    let mut found = match scope.others {
        None => tx.newest_open_threads(since, MOST).await?,
        Some(others) => {
            let mut found = Vec::new();
            for channel in others {
                found.extend(tx.newest_threads_of(channel, since, MOST).await?);
            }
            found.retain(|thread| !thread.is_private);
            found
        }
    };
    if let Some(at) = scope.at {
        found.extend(tx.newest_threads_of(at, since, MOST).await?);
    }
    let sorted: BTreeMap<(Timestamp, u32), ChatThread> =
        found.into_iter().map(|thread| ((thread.last_at, thread.number), thread)).collect();
    let older = sorted.len().saturating_sub(MOST);
    Ok(sorted.into_values().skip(older).collect())
}

/// How people begin what they say to Docket.
async fn bots(tx: &mut Tx) -> store::Result<BTreeSet<String>> {
    Ok(tx.installations().await?.into_iter().map(|it| format!("<@{}", it.bot_user)).collect())
}

/// These conversations without what was said to Docket, each with what was made of it; those of which nothing is left are
/// left out.
async fn between_people(
    tx: &mut Tx,
    bots: &BTreeSet<String>,
    threads: Vec<ChatThread>,
) -> store::Result<Vec<Conversation>> {
    let ids: Vec<ThreadId> = threads.iter().map(|thread| thread.id).collect();
    let mut made = tx.matches_of_all(&ids).await?;
    let is_to_docket = |text: &str| bots.iter().any(|bot| text.trim_start().starts_with(bot.as_str()));
    let known = threads.into_iter().map(|mut thread| {
        thread.messages.retain(|message| !is_to_docket(&message.text));
        Conversation { made: made.remove(&thread.id).unwrap_or_default(), thread }
    });
    Ok(known.filter(|one| !one.thread.messages.is_empty()).collect())
}

impl Conversation {
    /// Whether nothing was said in it since something was made of it.
    fn is_read(&self) -> bool {
        self.made.last().is_some_and(|last| last.read_until >= self.thread.last_at)
    }

    /// Whether nobody need be asked about it any more.
    fn is_settled(&self) -> bool {
        let last = self.made.last().map(|last| last.verdict);
        self.made.iter().any(|one| one.by.is_some() || one.patch.is_some())
            || last == Some(Verdict::Linked)
            || (last == Some(Verdict::Nothing) && self.is_read())
    }

    /// The conversation where it is work, and not clearly about a task.
    fn untracked(self, index: &Index) -> Option<Untracked> {
        let near = match judge(&self.thread, &rank(index, &self.thread)) {
            super::Verdict::Untracked => Vec::new(),
            super::Verdict::Asked(near) => near,
            super::Verdict::Linked(_) | super::Verdict::Nothing => return None,
        };
        // What it was found to be about none of is not asked again.
        let is_about_none = self.made.last().is_some_and(|last| last.verdict == Verdict::Untracked) && self.is_read();
        Some(Untracked { near: if is_about_none { Vec::new() } else { near }, thread: self.thread })
    }
}
