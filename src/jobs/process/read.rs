//! What the conversations since the last time are about, and what follows from each.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use crate::{
    domain::{
        heard::ChatThread,
        ids::{MemberId, PatchId, ProjectId},
        matches::{Finding, Likely, Match, Verdict},
        patch::{Change, Operation, TaskChanges},
        task::{Link, TaskCode, TaskNumber},
        time::Timestamp,
    },
    planner::{
        rules::when,
        threads::{self, Index, TaskRef, ask::Opinion, follow, judge, rank, says},
    },
    review::words::quote,
    standups::conversations,
    store::{Result, Tx},
};

/// Conversations that are read at a time; what is left over is read the next time.
const MOST: usize = 500;
/// How far back the first reading goes, and how far each goes back behind the last one: for what came late, after an
/// outage, or was fetched afterwards.
const FIRST: Duration = Duration::from_hours(14 * 24);
const OVERLAP: Duration = Duration::from_hours(3 * 24);
/// Changes that are proposed for one project at a time.
const STEPS: usize = 10;
/// Tasks that are kept with a conversation, and messages from which on it is worth a link on its task.
const LIKELY: usize = 3;
const DISCUSSION: usize = 3;
/// Characters of what somebody said, in a reason.
const SAID: usize = 200;

/// What was read.
pub(super) struct Reading {
    /// The conversations, each with what was made of it.
    pub(super) reads: Vec<Read>,
    /// How many were read.
    pub(super) threads: usize,
    /// Up to when everything was read.
    pub(super) until: Timestamp,
    /// How many findings wait for the next time.
    pub(super) left: usize,
    /// The tasks that they were compared with.
    pub(super) index: Index,
}

/// A conversation with what was made of it.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) thread: ChatThread,
    pub(super) verdict: Verdict,
    pub(super) likely: Vec<Likely>,
    pub(super) found: Option<Found>,
    /// What was proposed because of it.
    pub(super) patch: Option<PatchId>,
}

/// What follows from a conversation.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) finding: Finding,
    pub(super) project: ProjectId,
    /// Which task, and what changes of it; `None` where it is a new one.
    pub(super) task: Option<(TaskCode, TaskChanges)>,
    /// What a new task is called.
    pub(super) title: String,
    /// Where it stands.
    pub(super) link: Link,
    /// The surface's id of the message.
    pub(super) message: String,
    pub(super) reason: String,
    /// Whether the conversation names the task.
    pub(super) is_named: bool,
}

impl Found {
    /// With the word that a model matched it, where one did.
    fn by_model(mut self, is_by_model: bool) -> Self {
        if is_by_model {
            self.reason.push_str(", as a model understands it");
        }
        self
    }
}

/// What a model said of conversations, by number: each as it was when the last thing was said in it until then.
pub(in crate::jobs) type Opinions = BTreeMap<(u32, Timestamp), Opinion>;

/// What is known beside the conversations.
struct Around<'a> {
    opinions: &'a Opinions,
    index: Index,
    names: BTreeMap<MemberId, String>,
    /// The tasks of which a waiting proposal says something already, with what.
    waiting: Vec<(ProjectId, TaskNumber, TaskChanges)>,
}

/// Reads the conversations since the last time. Changes nothing.
pub(super) async fn read(tx: &mut Tx, opinions: &Opinions, now: Timestamp) -> Result<Reading> {
    let since = tx.read_until().await?.map_or(now.minus(FIRST), |at| at.minus(OVERLAP));
    let (threads, mut until) = unread(tx, since, now).await?;
    let around = around(tx, opinions, now).await?;
    let (mut reads, mut steps, mut touched) = (Vec::new(), BTreeMap::<ProjectId, usize>::new(), BTreeSet::new());
    let (read, mut left) = (threads.len(), 0);
    for (thread, earlier) in threads {
        let last_at = thread.last_at;
        let one = about(tx, &around, thread, &earlier).await?;
        if let Some(found) = &one.found {
            let count = steps.entry(found.project).or_default();
            let task = found.task.as_ref().map(|(code, _)| code.clone());
            if *count >= STEPS || task.is_some_and(|code| !touched.insert(code)) {
                // It stays unread, so that the next time finds it.
                (left, until) = (left + 1, until.min(last_at));
                continue;
            }
            *count += 1;
        }
        reads.push(one);
    }
    Ok(Reading { reads, threads: read, until, left, index: around.index })
}

/// The conversations since `since` that were not read as they are now, each with what was made of it before, and up to
/// when these are all there are.
async fn unread(tx: &mut Tx, since: Timestamp, now: Timestamp) -> Result<(Vec<(ChatThread, Vec<Match>)>, Timestamp)> {
    let (mut unread, mut seen, mut from) = (Vec::new(), BTreeSet::new(), since);
    loop {
        let page = tx.threads_since(from, MOST).await?;
        let Some(last) = page.last().map(|last| last.last_at) else { return Ok((unread, now)) };
        let is_last = page.len() < MOST;
        for thread in page {
            if !seen.insert(thread.id) {
                continue;
            }
            let last_at = thread.last_at;
            let Some(thread) = conversations::between_people(tx, thread).await? else { continue };
            let earlier = tx.matches_of(thread.id).await?;
            let is_read = earlier.last().is_some_and(|last| last.read_until >= last_at);
            if !is_read && earlier.iter().all(|one| one.verdict != Verdict::Dismissed) {
                unread.push((thread, earlier));
            }
        }
        if is_last || unread.len() >= MOST {
            return Ok((unread, if is_last { now } else { last }));
        }
        from = if last > from { last } else { from.plus(Duration::from_millis(1)) };
    }
}

async fn around<'a>(tx: &mut Tx, opinions: &'a Opinions, now: Timestamp) -> Result<Around<'a>> {
    let index = conversations::index(tx, now).await?;
    let names = tx.members().await?.into_iter().map(|member| (member.id, member.name)).collect();
    let mut waiting = Vec::new();
    for patch in tx.open_patches().await? {
        for operation in patch.operations() {
            if let Operation::UpdateTask { number, changes } = operation {
                waiting.push((patch.project, *number, changes.clone()));
            }
        }
    }
    Ok(Around { opinions, index, names, waiting })
}

/// What a conversation is about and what follows from it.
async fn about(tx: &mut Tx, around: &Around<'_>, thread: ChatThread, earlier: &[Match]) -> Result<Read> {
    let ranked = rank(&around.index, &thread);
    let by_people = earlier.iter().rfind(|one| one.by.is_some() && one.verdict == Verdict::Linked);
    let told =
        by_people.and_then(|one| Some(TaskRef { project: one.project?, code: one.tasks.first()?.code.parse().ok()? }));
    let verdict = match told {
        Some(task) => threads::Verdict::Linked(vec![task]),
        None => judge(&thread, &ranked),
    };
    let opinion = around.opinions.get(&(thread.number, thread.last_at));
    let (verdict, is_by_model) = match (verdict, opinion) {
        (threads::Verdict::Asked(_), Some(Opinion::About(task))) => {
            (threads::Verdict::Linked(vec![task.clone()]), true)
        }
        (threads::Verdict::Asked(_), Some(Opinion::NoTask)) => (threads::Verdict::Untracked, true),
        (threads::Verdict::Asked(_), Some(Opinion::NoWork)) => (threads::Verdict::Nothing, true),
        (verdict, _) => (verdict, false),
    };
    let likely = |tasks: &[TaskRef]| {
        let score = |task: &TaskRef| ranked.iter().find(|one| one.task == *task).map_or(0, |one| one.score);
        let likely = |task: &TaskRef| Likely { project: task.project, code: task.code.to_string(), score: score(task) };
        tasks.iter().take(LIKELY).map(likely).collect::<Vec<_>>()
    };
    let is_named = |task: &TaskRef| ranked.iter().any(|one| one.task == *task && one.is_named);
    let (verdict, likely, found) = match verdict {
        threads::Verdict::Nothing => (Verdict::Nothing, Vec::new(), None),
        threads::Verdict::Asked(tasks) => (Verdict::Asked, likely(&tasks), None),
        threads::Verdict::Linked(tasks) => {
            let is_alone = tasks.len() == 1;
            let find = |task: &TaskRef| of_task(around, &thread, earlier, (task, is_alone), is_named(task));
            (Verdict::Linked, likely(&tasks), tasks.iter().find_map(find))
        }
        threads::Verdict::Untracked => {
            let near: Vec<TaskRef> = ranked.iter().map(|one| one.task.clone()).collect();
            (Verdict::Untracked, likely(&near), of_channel(tx, around, &thread, earlier).await?)
        }
    };
    Ok(Read { verdict, likely, found: found.map(|found| found.by_model(is_by_model)), patch: None, thread })
}

/// What follows for a task that a conversation is about.
fn of_task(
    around: &Around<'_>,
    thread: &ChatThread,
    earlier: &[Match],
    (task, is_alone): (&TaskRef, bool),
    is_named: bool,
) -> Option<Found> {
    let known = around.index.task(task)?;
    let is_new = |finding| {
        let same = |one: &Match| {
            one.finding == Some(finding) && one.project == Some(task.project) && one.task == Some(task.code.number)
        };
        !earlier.iter().any(same)
    };
    let label = format!("T-{}", thread.number);
    let told = says::told(&around.index, thread, &task.code, is_alone);
    let (finding, at, reason) = match told {
        Some(told) => {
            let message = thread.messages.get(told.at)?;
            let name = around.names.get(&message.by).map_or("somebody", String::as_str);
            let said = if thread.is_private { "so".to_owned() } else { quote(&told.sentence, SAID) };
            (Finding::from(told.what), told.at, format!("{label}, where {name} said {said} {}", when(message.at)))
        }
        None if is_alone && thread.messages.len() >= DISCUSSION => {
            (Finding::Noted, 0, format!("{label}, where it was discussed until {}", when(thread.last_at)))
        }
        None => return None,
    };
    let message = thread.messages.get(at)?;
    let link = Link { label, url: thread.venue.address_of(&message.message)? };
    let changes = follow::changes(finding, &known.fields, message.by, &link).filter(|_| is_new(finding))?;
    let says_so = |(project, number, waiting): &(ProjectId, TaskNumber, TaskChanges)| {
        let is_same = match finding {
            Finding::Taken => !waiting.assignee.is_keep(),
            Finding::Noted => false,
            _ => waiting.status == changes.status && waiting.status != Change::Keep,
        };
        *project == task.project && *number == task.code.number && is_same
    };
    let is_waiting = around.waiting.iter().any(says_so);
    (!is_waiting).then(|| Found {
        finding,
        project: task.project,
        task: Some((task.code.clone(), changes)),
        title: String::new(),
        message: message.message.clone(),
        link,
        reason,
        is_named,
    })
}

/// What follows from a conversation that is work and about no task: a new one in the project of its channel. What is said
/// in a private channel becomes a task only if somebody says so.
async fn of_channel(tx: &mut Tx, around: &Around<'_>, thread: &ChatThread, earlier: &[Match]) -> Result<Option<Found>> {
    let is_new = earlier.iter().all(|one| one.finding != Some(Finding::New));
    if thread.is_private || !is_new {
        return Ok(None);
    }
    let Some(project) = tx.channel_project(&thread.venue).await? else { return Ok(None) };
    let Some(first) = thread.messages.first() else { return Ok(None) };
    let Some(url) = thread.venue.address_of(&first.message) else { return Ok(None) };
    let label = format!("T-{}", thread.number);
    let name = around.names.get(&first.by).map_or("somebody", String::as_str);
    Ok(Some(Found {
        finding: Finding::New,
        project,
        task: None,
        title: follow::title_of(&first.text),
        message: first.message.clone(),
        reason: format!("{label}, which {name} began {}, and no task is about", when(first.at)),
        link: Link { label, url },
        is_named: false,
    }))
}
