//! Conversations and the tasks that they are about: everything that is compared with them, and those that look like work
//! which no task is about.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    domain::{
        event::Venue,
        heard::ChatThread,
        matches::{Match, Verdict},
        project::Lifecycle,
        task::Status,
        time::Timestamp,
        tracker::PullState,
    },
    planner::threads::{self, Index, Known, TaskRef, judge, rank},
    store::{self, Tx},
};

/// Pull requests that are looked at, of each kind, and conversations.
const MOST: usize = 500;

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
    let kept = now.minus(std::time::Duration::from_hours(24) * tx.kept_days().await?);
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

/// The conversations since `since` that look like work and are not linked to a task, proposed as one or put aside, the
/// latest last. Those of private channels only where they are in the channel of `at`.
pub async fn untracked(
    tx: &mut Tx,
    since: Timestamp,
    at: Option<&Venue>,
    now: Timestamp,
) -> store::Result<Vec<Untracked>> {
    let threads = tx.threads_since(since, MOST).await?;
    if threads.is_empty() {
        return Ok(Vec::new());
    }
    let index = index(tx, now).await?;
    let mut found = Vec::new();
    for thread in threads {
        let is_shown = !thread.is_private || at.is_some_and(|at| thread.venue.is_channel_of(at));
        let Some(thread) = between_people(tx, thread).await?.filter(|_| is_shown) else { continue };
        if is_settled(&tx.matches_of(thread.id).await?) {
            continue;
        }
        match judge(&thread, &rank(&index, &thread)) {
            threads::Verdict::Untracked => found.push(Untracked { thread, near: Vec::new() }),
            threads::Verdict::Asked(near) => found.push(Untracked { thread, near }),
            threads::Verdict::Linked(_) | threads::Verdict::Nothing => {}
        }
    }
    Ok(found)
}

/// Whether nobody need be asked about a conversation any more.
fn is_settled(matches: &[Match]) -> bool {
    matches.iter().any(|one| one.by.is_some() || one.patch.is_some())
        || matches.last().is_some_and(|one| one.verdict == Verdict::Linked)
}

/// A conversation without what was said to Docket; `None` where nothing is left, and for what is said under a card, which
/// is about its proposal.
pub async fn between_people(tx: &mut Tx, mut thread: ChatThread) -> store::Result<Option<ChatThread>> {
    let Venue { surface, team, channel, thread: Some(root) } = &thread.venue else { return Ok(None) };
    if tx.card_by_message(*surface, team, channel, root).await?.is_some() {
        return Ok(None);
    }
    let bots: BTreeSet<String> = tx.installations().await?.into_iter().map(|it| format!("<@{}", it.bot_user)).collect();
    let is_to_docket = |text: &str| bots.iter().any(|bot| text.trim_start().starts_with(bot.as_str()));
    thread.messages.retain(|message| !is_to_docket(&message.text));
    Ok((!thread.messages.is_empty()).then_some(thread))
}
