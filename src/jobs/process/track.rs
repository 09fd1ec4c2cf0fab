//! `/docket track`: what somebody says that a conversation is about.

use super::draft::{created, draft};
use crate::{
    answers::place::surroundings,
    clock::Chance,
    domain::{
        event::Venue,
        heard::ChatThread,
        ids::MemberId,
        intent::{About, TaskName},
        matches::{Finding, Likely, Match, Verdict},
        message::{Block, Line, Message, Span},
        patch::{Change, Confidence, Operation, PatchState, Step, TaskChanges},
        plan::Plan,
        project::Project,
        task::{Link, Task},
    },
    error::{Result, UserError},
    intent::place,
    jobs::{
        errand::Errand,
        think::{Idea, Thought},
        wish::{Wish, no_project},
    },
    planner::threads::{follow, load, rank},
    review::{conversation::choices, propose::Target, words::clip},
    store::Tx,
};

/// Tasks that are offered.
const OFFERED: usize = 5;
/// Characters of a title.
const TITLE: usize = 100;

/// Finds out what follows from what somebody says of a conversation.
///
/// # Errors
/// [`UserError`] with words for the sender where it can't be done.
pub(in crate::jobs) async fn track(wish: &Wish<'_>, tx: &mut Tx, number: u32, about: &About) -> Result<Thought> {
    let thread = visible(tx, number, wish.talk.venue).await?;
    match about {
        About::New => propose_task(wish, tx, &thread).await,
        About::Task(name) => propose_link(wish, tx, &thread, name).await,
        About::No => {
            let dismissed = made(&thread, Verdict::Dismissed, wish.talk.member.id, &wish.desk.chance);
            Ok(Thought::Errand(Errand::PutAside(Box::new(dismissed))))
        }
        About::Which => which(wish, tx, &thread).await,
    }
}

/// The conversation of this number, where the reader may know of it.
async fn visible(tx: &mut Tx, number: u32, venue: &Venue) -> Result<ChatThread> {
    let thread = tx.thread(number).await?;
    thread.filter(|thread| !thread.is_private || thread.venue.is_channel_of(venue)).ok_or_else(|| {
        UserError::new(format!(
            "There is no conversation T-{number} here, or it is no longer kept. /docket privacy says what is kept."
        ))
        .into()
    })
}

/// Refuses to carry what was said in a private channel into the plan of another one.
async fn may_enter(tx: &mut Tx, thread: &ChatThread, project: &Project) -> Result<()> {
    if !thread.is_private {
        return Ok(());
    }
    let channels = tx.bound_channels().await?;
    if channels.iter().any(|(id, venue)| *id == project.id && venue.is_channel_of(&thread.venue)) {
        return Ok(());
    }
    Err(UserError::new(format!(
        "T-{} was said in a private channel and stays there, but {} is not that channel's project. Nothing was changed.",
        thread.number, project.key
    ))
    .into())
}

/// Where a conversation stands, for the plan.
fn link(thread: &ChatThread) -> Result<Link> {
    let first = thread.messages.first().and_then(|first| thread.venue.address_of(&first.message));
    let url = first
        .ok_or_else(|| UserError::new(format!("T-{} has no address that a task could link to.", thread.number)))?;
    Ok(Link { label: format!("T-{}", thread.number), url })
}

async fn propose_task(wish: &Wish<'_>, tx: &mut Tx, thread: &ChatThread) -> Result<Thought> {
    let around = surroundings(tx, Some(wish.talk.venue)).await?;
    let id = match tx.channel_project(&thread.venue).await? {
        Some(id) => id,
        None => match place::project(None, &around) {
            Ok(id) => id,
            Err(unplaced) => return Ok(Thought::Say(unplaced.message(wish.line))),
        },
    };
    let plan = tx.plan(id).await?.ok_or_else(no_project)?;
    may_enter(tx, thread, &plan.project).await?;
    if let Some(told) = already(tx, thread).await? {
        return Err(told.into());
    }
    let first_free = tx.next_number(id).await?;
    let link = link(thread)?;
    let title = follow::title_of(thread.messages.first().map_or("", |first| first.text.as_str()));
    let operation = created(&plan, None, first_free, &title, link.clone());
    let step = Step { operation, reason: format!("{} asks for it", link.label), evidence: Some(link) };
    let draft = draft(&format!("add a task: {title}"), vec![step], Confidence::High);
    let made = Match {
        finding: Some(Finding::New),
        project: Some(id),
        message: thread.messages.first().map(|first| first.message.clone()),
        ..made(thread, Verdict::Untracked, wish.talk.member.id, &wish.desk.chance)
    };
    let idea = wish.idea(draft, Target::Existing { project: id, first_free });
    Ok(Thought::Propose(Box::new(Idea { thread: Some(made), ..idea })))
}

/// Where a new task for the conversation waits, or is there.
async fn already(tx: &mut Tx, thread: &ChatThread) -> Result<Option<UserError>> {
    for one in tx.matches_of(thread.id).await?.into_iter().filter(|one| one.finding == Some(Finding::New)) {
        let Some(patch) = (match one.patch {
            Some(patch) => tx.patch(patch).await?,
            None => None,
        }) else {
            continue;
        };
        let state = match patch.state {
            PatchState::Proposed => "waits for a decision",
            PatchState::Applied { .. } => "was applied",
            _ => continue,
        };
        let words = format!("A task for T-{} is in {} already, which {state}.", thread.number, patch.code);
        return Ok(Some(UserError::new(words)));
    }
    Ok(None)
}

async fn propose_link(wish: &Wish<'_>, tx: &mut Tx, thread: &ChatThread, name: &TaskName) -> Result<Thought> {
    let (project, number) = match wish.task(tx, name).await? {
        Ok(found) => found,
        Err(instead) => return Ok(Thought::Say(instead)),
    };
    may_enter(tx, thread, &project).await?;
    let Some(task) = tx.task(project.id, number).await? else {
        let plan = tx.plan(project.id).await?.ok_or_else(no_project)?;
        return Err(place::unknown_task(&project.key, number, plan.tasks().map(|task| task.number)).into());
    };
    let link = link(thread)?;
    let plan = Plan::new(project.clone(), [task.clone()]);
    let code = plan.code(number);
    let changes = TaskChanges { links: follow::linked(&task.fields, &link), ..TaskChanges::default() };
    let made = linked(wish, thread, &project, &task);
    if changes.links == Change::Keep {
        return Err(UserError::new(format!(
            "{code} links to T-{} already, or has no room for more links.",
            thread.number
        ))
        .into());
    }
    let operation = Operation::UpdateTask { number, changes };
    let step = Step { operation, reason: format!("{} is about it", link.label), evidence: Some(link) };
    let draft = draft(&format!("link T-{} to {code}", thread.number), vec![step], Confidence::High);
    let first_free = tx.next_number(project.id).await?;
    let idea = wish.idea(draft, Target::Existing { project: project.id, first_free });
    Ok(Thought::Propose(Box::new(Idea { thread: Some(made), ..idea })))
}

fn linked(wish: &Wish<'_>, thread: &ChatThread, project: &Project, task: &Task) -> Match {
    let likely = Likely { project: project.id, code: format!("{}-{}", project.key, task.number), score: 0 };
    Match {
        tasks: vec![likely],
        finding: Some(Finding::Noted),
        project: Some(project.id),
        task: Some(task.number),
        ..made(thread, Verdict::Linked, wish.talk.member.id, &wish.desk.chance)
    }
}

/// Offers the nearest tasks.
async fn which(wish: &Wish<'_>, tx: &mut Tx, thread: &ChatThread) -> Result<Thought> {
    let index = load::index(tx, wish.desk.chance.now()).await?;
    let ranked: Vec<_> = rank(&index, thread).into_iter().take(OFFERED).collect();
    let question = format!("Which task is T-{} about?", thread.number);
    let line = |scored: &crate::planner::threads::Scored| {
        let title = index.task(&scored.task).map_or("", |known| known.fields.title.as_str());
        Line::plain(vec![Span::Code(scored.task.code.to_string()), Span::plain(format!(" {}", clip(title, TITLE)))])
    };
    let mut blocks = vec![Block::Text(vec![Span::plain(question.clone())])];
    if ranked.is_empty() {
        blocks.push(Block::Text(vec![Span::plain("No open task has a word in common with it.")]));
    } else {
        blocks.push(Block::Lines { lines: ranked.iter().map(line).collect(), more: None });
    }
    blocks.push(choices(thread.number, ranked.iter().map(|one| one.task.code.to_string())));
    let hint = format!("Another one: /docket track T-{} AUTH-3", thread.number);
    blocks.push(Block::Context(vec![Span::plain(hint)]));
    Ok(Thought::Say(Message { summary: question, blocks }))
}

/// What is kept of what somebody said of a conversation.
fn made(thread: &ChatThread, verdict: Verdict, by: MemberId, chance: &Chance) -> Match {
    Match {
        id: chance.id(),
        thread: thread.id,
        number: thread.number,
        venue: thread.venue.clone(),
        is_private: thread.is_private,
        read_until: thread.last_at,
        verdict,
        tasks: Vec::new(),
        finding: None,
        project: None,
        task: None,
        message: None,
        patch: None,
        by: Some(by),
        at: chance.now(),
    }
}
