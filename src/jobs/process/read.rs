//! What the conversations since the last time are about, and what follows from each.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::hold::waiting;
use crate::{
    domain::{
        event::Venue,
        heard::ChatThread,
        ids::{MemberId, PatchId, ProjectId},
        matches::{Finding, Likely, Match, Verdict},
        patch::{Change, TaskChanges},
        task::{Link, TaskCode, TaskFields, TaskNumber},
        time::Timestamp,
    },
    planner::{
        rules::when,
        threads::{
            self, Index, TaskRef,
            ask::Opinion,
            follow, judge,
            load::{self, Conversation, Scope, Untracked},
            rank, says,
        },
    },
    review::words::quote,
    store::{Result, Tx},
};

/// How far back the first reading goes, and how far each goes back behind the last one: for what came late, after an
/// outage, or was fetched afterwards.
const FIRST: Duration = Duration::from_hours(14 * 24);
const OVERLAP: Duration = Duration::from_hours(3 * 24);
/// Changes that are proposed for one project at a time. What one conversation says is not torn apart.
const STEPS: usize = 10;
/// Tasks that are kept with a conversation, and messages from which on it is worth a link on its task.
const LIKELY: usize = 3;
const DISCUSSION: usize = 3;
/// Characters of what somebody said, in a reason.
const SAID: usize = 200;

/// The conversations since the last time, and what they are read with.
pub(super) struct Material {
    unread: Vec<Conversation>,
    /// Up to when these are all there are.
    until: Timestamp,
    /// The tasks that they are compared with.
    pub(super) index: Index,
    names: BTreeMap<MemberId, String>,
    /// The channels of projects.
    homes: Vec<(ProjectId, Venue)>,
    waiting: Vec<Waiting>,
}

/// A task of which a waiting proposal says something, with what.
pub(super) type Waiting = (ProjectId, TaskNumber, TaskChanges);

/// What was read.
pub(in crate::jobs) struct Reading {
    /// The conversations, each with what was made of it.
    pub(super) reads: Vec<Read>,
    /// How many were read.
    pub(super) threads: usize,
    /// Up to when everything was read.
    pub(super) until: Timestamp,
    /// How many findings wait for the next time.
    pub(super) left: usize,
    /// Conversations that were read before, of which nobody said yet which task they are about, the newest first: for
    /// whoever asks.
    pub(super) open: Vec<Untracked>,
    /// What proposals said of tasks that waited then.
    pub(super) waiting: Vec<Waiting>,
}

/// A conversation with what was made of it.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) thread: ChatThread,
    pub(super) verdict: Verdict,
    pub(super) likely: Vec<Likely>,
    pub(super) found: Vec<Found>,
    /// How often something was made of it before.
    pub(super) earlier: usize,
}

/// What follows from a conversation.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) finding: Finding,
    pub(super) project: ProjectId,
    /// Which task, and what changes of it; `None` where it is a new one.
    pub(super) task: Option<About>,
    /// What a new task is called.
    pub(super) title: String,
    /// Where it stands.
    pub(super) link: Link,
    /// The surface's id of the message.
    pub(super) message: String,
    pub(super) reason: Reason,
    /// Whether the conversation names the task.
    pub(super) is_named: bool,
    /// What was proposed because of it.
    pub(super) patch: Option<PatchId>,
}

/// A task that a conversation is about.
#[derive(Debug, Clone)]
pub(super) struct About {
    pub(super) code: TaskCode,
    pub(super) changes: TaskChanges,
    /// What it was when that was found.
    pub(super) fields: TaskFields,
}

/// Why something follows from a conversation.
#[derive(Debug, Clone)]
pub(super) struct Reason {
    /// `T-7, where Ana said`.
    before: String,
    /// What she said, where it may be shown.
    said: Option<String>,
    /// `on 20 Nov 2026`.
    after: String,
}

impl Reason {
    /// In words, and in those that somebody said where the reader may see them: `T-7, where Ana said "we shipped it" on 20
    /// Nov 2026`.
    pub(super) fn words(&self, is_quoted: bool) -> String {
        let Self { before, said, after } = self;
        match said {
            Some(said) if is_quoted => format!("{before} {} {after}", quote(said, SAID)),
            Some(_) => format!("{before} so {after}"),
            None => format!("{before} {after}"),
        }
    }
}

impl Found {
    /// With the word that a model matched it, where one did.
    fn by_model(mut self, is_by_model: bool) -> Self {
        if is_by_model {
            self.reason.after.push_str(", as a model understands it");
        }
        self
    }
}

/// What a model said of conversations, by number: each as it was when the last thing was said in it until then.
pub(in crate::jobs) type Opinions = BTreeMap<(u32, Timestamp), Opinion>;

/// Looks up the conversations since the last time, and everything that they are read with.
pub(super) async fn gather(tx: &mut Tx, now: Timestamp) -> Result<Material> {
    let since = tx.read_until().await?.map_or(now.minus(FIRST), |at| at.minus(OVERLAP));
    let (unread, until) = load::unread(tx, since, now).await?;
    let names = tx.members().await?.into_iter().map(|member| (member.id, member.name)).collect();
    Ok(Material {
        unread,
        until,
        index: load::index(tx, now).await?,
        names,
        homes: tx.bound_channels().await?,
        waiting: waiting(tx).await?,
    })
}

/// Reads the conversations. Asks nothing and changes nothing.
pub(super) fn read(material: &Material, opinions: &Opinions) -> Reading {
    let (mut reads, mut steps, mut touched) = (Vec::new(), BTreeMap::<ProjectId, usize>::new(), BTreeSet::new());
    let (mut left, mut until) = (0, material.until);
    for conversation in &material.unread {
        let one = about(material, opinions, conversation);
        let codes = || one.found.iter().filter_map(|found| Some(found.task.as_ref()?.code.clone()));
        if !fits(&one.found, &steps) || codes().any(|code| touched.contains(&code)) {
            // It stays unread, so that the next time finds it.
            (left, until) = (left + one.found.len(), until.min(one.thread.last_at));
            continue;
        }
        touched.extend(codes());
        for found in &one.found {
            *steps.entry(found.project).or_default() += 1;
        }
        reads.push(one);
    }
    let waiting = material.waiting.clone();
    Reading { reads, threads: material.unread.len(), until, left, open: Vec::new(), waiting }
}

impl Reading {
    /// Recalls for whoever reads at `venue` the conversations that were read before and of which it is not clear yet which
    /// task they are about.
    pub(super) async fn recall(&mut self, tx: &mut Tx, venue: &Venue, now: Timestamp) -> Result<()> {
        let scope = Scope { at: Some(venue), others: None };
        let mut open = load::untracked(tx, now.minus(FIRST), scope, now).await?;
        open.retain(|one| !one.near.is_empty() && self.reads.iter().all(|read| read.thread.id != one.thread.id));
        open.reverse();
        self.open = open;
        Ok(())
    }
}

/// Whether there is room for what was found beside so many steps for each project.
fn fits(found: &[Found], steps: &BTreeMap<ProjectId, usize>) -> bool {
    found.iter().all(|one| {
        let more = found.iter().filter(|other| other.project == one.project).count();
        steps.get(&one.project).is_none_or(|count| count + more <= STEPS)
    })
}

/// What a conversation is about and what follows from it.
fn about(material: &Material, opinions: &Opinions, conversation: &Conversation) -> Read {
    let Conversation { thread, made: earlier } = conversation;
    let ranked = rank(&material.index, thread);
    let by_people = earlier.iter().rfind(|one| one.by.is_some() && one.verdict == Verdict::Linked);
    let told =
        by_people.and_then(|one| Some(TaskRef { project: one.project?, code: one.tasks.first()?.code.parse().ok()? }));
    let verdict = match told {
        Some(task) => threads::Verdict::Linked(vec![task]),
        None => judge(thread, &ranked),
    };
    let opinion = opinions.get(&(thread.number, thread.last_at));
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
        threads::Verdict::Nothing => (Verdict::Nothing, Vec::new(), Vec::new()),
        threads::Verdict::Asked(tasks) => (Verdict::Asked, likely(&tasks), Vec::new()),
        threads::Verdict::Linked(tasks) => {
            let is_alone = tasks.len() == 1;
            let find = |task: &TaskRef| of_task(material, conversation, (task, is_alone), is_named(task));
            (Verdict::Linked, likely(&tasks), tasks.iter().filter_map(find).collect())
        }
        threads::Verdict::Untracked => {
            let near: Vec<TaskRef> = ranked.iter().map(|one| one.task.clone()).collect();
            (Verdict::Untracked, likely(&near), of_channel(material, conversation).into_iter().collect())
        }
    };
    let found = found.into_iter().map(|found: Found| found.by_model(is_by_model)).collect();
    Read { verdict, likely, found, earlier: earlier.len(), thread: thread.clone() }
}

/// What follows for a task that a conversation is about.
fn of_task(
    material: &Material,
    conversation: &Conversation,
    (task, is_alone): (&TaskRef, bool),
    is_named: bool,
) -> Option<Found> {
    let Conversation { thread, made: earlier } = conversation;
    let known = material.index.task(task)?;
    let is_new = |finding| {
        let same = |one: &Match| {
            one.finding == Some(finding) && one.project == Some(task.project) && one.task == Some(task.code.number)
        };
        !earlier.iter().any(same)
    };
    let label = format!("T-{}", thread.number);
    let told = says::told(&material.index, thread, &task.code, is_alone);
    let (finding, at, reason) = match told {
        Some(told) => {
            let message = thread.messages.get(told.at)?;
            let name = material.names.get(&message.by).map_or("somebody", String::as_str);
            let (before, after) = (format!("{label}, where {name} said"), when(message.at));
            let reason = if thread.is_private {
                Reason { before: format!("{before} so"), said: None, after }
            } else {
                Reason { before, said: Some(told.sentence), after }
            };
            (Finding::from(told.what), told.at, reason)
        }
        None if is_alone && thread.messages.len() >= DISCUSSION => {
            let before = format!("{label}, where it was discussed until");
            (Finding::Noted, 0, Reason { before, said: None, after: when(thread.last_at) })
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
    let is_waiting = material.waiting.iter().any(says_so);
    (!is_waiting).then(|| Found {
        finding,
        project: task.project,
        task: Some(About { code: task.code.clone(), changes, fields: known.fields.clone() }),
        title: String::new(),
        message: message.message.clone(),
        link,
        reason,
        is_named,
        patch: None,
    })
}

/// What follows from a conversation that is work and about no task: a new one in the project of its channel. What is said
/// in a private channel becomes a task only if somebody says so.
fn of_channel(material: &Material, conversation: &Conversation) -> Option<Found> {
    let Conversation { thread, made: earlier } = conversation;
    let is_new = earlier.iter().all(|one| one.finding != Some(Finding::New));
    if thread.is_private || !is_new {
        return None;
    }
    let (project, _) = material.homes.iter().find(|(_, home)| home.is_channel_of(&thread.venue))?;
    let first = thread.messages.first()?;
    let url = thread.venue.address_of(&first.message)?;
    let label = format!("T-{}", thread.number);
    let name = material.names.get(&first.by).map_or("somebody", String::as_str);
    Some(Found {
        finding: Finding::New,
        project: *project,
        task: None,
        title: follow::title_of(&first.text),
        message: first.message.clone(),
        reason: Reason {
            before: format!("{label}, which {name} began"),
            said: None,
            after: format!("{}, and no task is about", when(first.at)),
        },
        link: Link { label, url },
        is_named: false,
        patch: None,
    })
}
