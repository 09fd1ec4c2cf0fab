//! What follows from facts is proposed: one patch for each project, in the name of a robot.
//!
//! All that is known of a task is looked at anew each time. What is waiting for a decision already and still follows is
//! left alone; what no longer follows is withdrawn, or replaced by what does.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    announce,
    found::{Found, Pending, Source, look, name},
    observe::{News, Observed},
    robot::robot,
};
use crate::{
    apply::trail::sync_cards_of,
    chat::console,
    domain::{
        event::Venue,
        ids::{PatchId, ProjectId},
        patch::{Change, Confidence, MAX_OPERATIONS, Mode, Operation, Patch, PatchState, Step},
        plan::Plan,
        policy::Move,
        project::Lifecycle,
        task::{Place, Rank, Status, TaskNumber},
        tracker::{Account, Numbered},
        validate::validate,
    },
    error::Result,
    jobs::Desk,
    planner::{self, Draft, rules::issues::Told},
    review::{
        circle::Circles,
        decide,
        propose::{Proposal, Proposed, Target, propose, supersede},
    },
    store::{StoredIssue, Tx},
};

/// Proposes what follows from what was observed, and notes it in the news.
pub(super) async fn suggest(desk: &Desk, tx: &mut Tx, observed: &mut Observed, by: Option<&Account>) -> Result<()> {
    let is_echo = observed.is_echo;
    for news in observed.pulls.iter_mut().filter(|_| !is_echo) {
        for_pull(desk, tx, news).await?;
    }
    for issue in observed.issues.clone() {
        if is_echo {
            let proposed = Some(Told::noting(&issue.issue).to_value());
            tx.put_issue(&StoredIssue { proposed, ..issue }).await?;
        } else if let Some((project, task)) = issue.task {
            settle(desk, tx, project, [task].into(), by).await?;
        }
    }
    match observed.part {
        Some(part) if !is_echo => for_part(desk, tx, part).await,
        _ => Ok(()),
    }
}

/// Proposes what follows from a pull request for the tasks that it is about.
async fn for_pull(desk: &Desk, tx: &mut Tx, news: &mut News) -> Result<()> {
    let mut tasks: BTreeMap<ProjectId, BTreeSet<TaskNumber>> = BTreeMap::new();
    for link in &news.tasks {
        tasks.entry(link.project).or_default().insert(link.task);
    }
    for (project, tasks) in tasks {
        news.patches.extend(settle(desk, tx, project, tasks, None).await?);
    }
    // What was noted with them meanwhile is known to whoever reads on.
    news.tasks = tx.tasks_of_pull(news.pull.at).await?;
    Ok(())
}

/// Proposes everything that is due in a project and was not proposed, in one patch: after a look at a tracker, or once
/// a repository is linked.
pub(in crate::jobs) async fn catch_up(desk: &Desk, tx: &mut Tx, project: ProjectId) -> Result<Option<PatchId>> {
    let of_pulls = tx.pulls_of_project(project).await?.into_iter().map(|link| link.task);
    let mut tasks: BTreeSet<TaskNumber> = of_pulls.collect();
    tasks.extend(tx.issues_of_project(project).await?.into_iter().filter_map(|issue| Some(issue.task?.1)));
    let patch = settle(desk, tx, project, tasks, None).await?;
    if let Some(patch) = patch {
        put_under(tx, project, patch).await?;
        // The messages of its pull requests show it.
        sync_cards_of(tx, patch, &desk.chance).await?;
    }
    Ok(patch)
}

/// Puts the card of a patch that is about one pull request under that one's message.
async fn put_under(tx: &mut Tx, project: ProjectId, patch: PatchId) -> Result<()> {
    let links = tx.pulls_of_project(project).await?.into_iter().filter(|link| link.patch == Some(patch));
    let pulls: BTreeSet<Numbered> = links.map(|link| link.pull).collect();
    if let (Some(pull), 1) = (pulls.first(), pulls.len()) {
        for card in tx.pull_cards(*pull).await? {
            announce::put_under(tx, patch, &card).await?;
        }
    }
    Ok(())
}

/// Makes what is proposed for these tasks what follows from all that is known of them. The patch that proposes, or did,
/// what follows.
async fn settle(
    desk: &Desk,
    tx: &mut Tx,
    project: ProjectId,
    tasks: BTreeSet<TaskNumber>,
    by: Option<&Account>,
) -> Result<Option<PatchId>> {
    let Some(known) = tx.project(project).await? else { return Ok(None) };
    if tasks.is_empty() || known.lifecycle == Lifecycle::Archived {
        return Ok(None);
    }
    // Two who look at once would both find nothing waiting.
    tx.lock_links(project).await?;
    let look = look(tx, project, tasks, by).await?;
    let (kept, moot): (Vec<Pending>, Vec<Pending>) =
        look.pending.into_iter().partition(|pending| pending.says(&look.found));
    let is_kept = |found: &Found| kept.iter().any(|pending| pending.is_about(found.task));
    let (waiting, new): (Vec<Found>, Vec<Found>) = look.found.into_iter().partition(is_kept);
    let all: BTreeSet<Numbered> = new.iter().chain(&waiting).filter_map(Found::issue).collect();
    let fresh = fitting(tx, project, new).await?;
    for pending in &moot {
        forget(tx, pending).await?;
    }
    let patch = if fresh.is_empty() {
        for pending in &moot {
            retract(desk, tx, pending).await?;
        }
        None
    } else {
        let draft = draft(tx, project, &fresh).await?;
        let moves = fresh.iter().map(|found| found.kind).collect();
        let supersedes: Vec<PatchId> = moot.iter().map(|pending| pending.patch.id).collect();
        Some(put(desk, tx, project, draft, moves, &supersedes).await?)
    };
    for found in &fresh {
        note(tx, found, patch).await?;
    }
    for held in &look.held {
        tx.put_pull_task(held).await?;
    }
    // Of what nothing follows, only what comes next counts.
    for issue in look.seen.into_iter().filter(|issue| !all.contains(&issue.issue.at)) {
        let proposed = Some(Told::noting(&issue.issue).to_value());
        tx.put_issue(&StoredIssue { proposed, ..issue }).await?;
    }
    Ok(patch.or_else(|| kept.first().map(|pending| pending.patch.id)))
}

/// Those that fit the plan. Others are left for the next look.
async fn fitting(tx: &mut Tx, project: ProjectId, found: Vec<Found>) -> Result<Vec<Found>> {
    let operations: Vec<Operation> = found.iter().map(|found| found.step().operation).collect();
    let refs: Vec<&Operation> = operations.iter().collect();
    let Some(plan) = tx.plan_part(project, &refs).await? else { return Ok(Vec::new()) };
    let fits = |operation: &Operation| match validate(&plan, Mode::Edit, &[operation]) {
        Ok(()) => true,
        Err(problems) => {
            let why: Vec<_> = problems.iter().map(|problem| problem.words(&plan.project.key)).collect();
            tracing::warn!(project = %plan.project.key, why = why.join(" "), "what a rule would propose does not fit the plan");
            false
        }
    };
    let both = found.into_iter().zip(&operations);
    Ok(both.filter(|(_, operation)| fits(operation)).map(|(found, _)| found).take(MAX_OPERATIONS).collect())
}

/// What the patch of these is called, and its steps.
async fn draft(tx: &mut Tx, project: ProjectId, found: &[Found]) -> Result<Draft> {
    let steps: Vec<Step> = found.iter().map(Found::step).collect();
    let key = tx.project(project).await?.map(|project| project.key);
    let codes: Vec<String> = found
        .iter()
        .map(|found| key.as_ref().map_or_else(String::new, |key| format!("{key}-{}", found.task)))
        .collect();
    let first = found.first();
    let is_one = found.iter().all(|found| first.is_some_and(|first| first.link == found.link));
    let statuses: BTreeSet<Option<Status>> = found
        .iter()
        .map(|found| match found.changes.status {
            Change::Set(status) => Some(status),
            Change::Keep | Change::Clear => None,
        })
        .collect();
    let are = if codes.len() == 1 { "is" } else { "are" };
    let title = match (first, statuses.iter().next()) {
        (Some(first), Some(Some(status))) if is_one && statuses.len() == 1 => match (first.kind, status) {
            (Move::Reverted, _) => format!("reopen {}", planner::listed(&codes)),
            (_, status) => format!("{} {are} {}", planner::listed(&codes), status.words()),
        },
        (Some(first), _) if is_one => format!("follow {}", first.link.label),
        _ => "catch up with GitHub".to_owned(),
    };
    Ok(follow(&title, steps))
}

/// A draft of rules.
pub(super) fn follow(title: &str, steps: Vec<Step>) -> Draft {
    Draft {
        founding: None,
        mode: Mode::Edit,
        title: planner::title(title),
        steps,
        confidence: Confidence::High,
        method: String::new(),
        drafted: None,
    }
}

/// Stores a proposal of rules in the place of these older ones.
pub(super) async fn put(
    desk: &Desk,
    tx: &mut Tx,
    project: ProjectId,
    draft: Draft,
    moves: BTreeSet<Move>,
    supersedes: &[PatchId],
) -> Result<PatchId> {
    let author = robot(tx, &desk.chance).await?;
    let venue = venue(tx, project).await?;
    let first_free = tx.next_number(project).await?;
    let proposal = Proposal {
        draft,
        author: &author,
        venue: &venue,
        card: &venue,
        message: None,
        words: "",
        delivery: None,
        target: Target::Existing { project, first_free },
        supersedes: supersedes.first().copied(),
        undoes: None,
        waits: false,
        moves,
    };
    let patch = match propose(tx, proposal, &Circles::default(), &desk.chance).await? {
        Proposed::Stored(patch) => patch,
        Proposed::Lost | Proposed::Ask(_) => {
            return Err(anyhow::anyhow!("the plan changed in this very moment").into());
        }
    };
    for old in supersedes.iter().skip(1) {
        supersede(tx, *old, &patch, &desk.chance).await?;
    }
    tracing::info!(patch = %patch.code, state = patch.state.as_str(), "proposed by rule");
    Ok(patch.id)
}

/// Where the card of a proposal of rules goes: the project's channel, or the console where it has none.
async fn venue(tx: &mut Tx, project: ProjectId) -> Result<Venue> {
    Ok(tx.channel_of(project).await?.unwrap_or_else(console::receive::venue))
}

/// Keeps with the facts what was proposed because of them.
async fn note(tx: &mut Tx, found: &Found, patch: Option<PatchId>) -> Result<()> {
    match &found.source {
        Source::Pulls(links, to) => {
            for link in links {
                let mut link = link.clone();
                (link.proposed, link.patch) = (Some(*to), patch);
                tx.put_pull_task(&link).await?;
            }
        }
        Source::Issue(at, before) => {
            if let Some(stored) = tx.issue(*at).await? {
                let told = Told { before: before.clone(), patch, ..Told::noting(&stored.issue) };
                tx.put_issue(&StoredIssue { proposed: Some(told.to_value()), ..stored }).await?;
            }
        }
    }
    Ok(())
}

/// Takes back what no longer follows.
async fn retract(desk: &Desk, tx: &mut Tx, pending: &Pending) -> Result<()> {
    let robot = robot(tx, &desk.chance).await?;
    let reason = "what happened since says otherwise";
    decide::retract(tx, pending.patch.clone(), &robot, reason, &desk.chance).await
}

/// Forgets that something was proposed on which nobody decided.
async fn forget(tx: &mut Tx, pending: &Pending) -> Result<()> {
    for link in &pending.links {
        let mut link = link.clone();
        (link.proposed, link.patch) = (None, None);
        tx.put_pull_task(&link).await?;
    }
    Ok(())
}

/// An issue became a part of another one, or is none any more: where both stand for tasks of one project, the one moves
/// under the other, or to the top.
async fn for_part(desk: &Desk, tx: &mut Tx, (parent, child, is_part): (Numbered, Numbered, bool)) -> Result<()> {
    let (Some(above), Some(below)) = (tx.issue(parent).await?, tx.issue(child).await?) else { return Ok(()) };
    let (Some((project, under)), Some((other, task))) = (above.task, below.task) else { return Ok(()) };
    tx.lock_links(project).await?;
    let Some(plan) = tx.plan(project).await?.filter(|_| project == other) else { return Ok(()) };
    let Some(now) = plan.task(task).map(|task| task.place.parent) else { return Ok(()) };
    let to = if is_part { Some(under) } else { None };
    // GitHub tells it once for the whole and once for the part.
    let waiting = waiting_moves(tx, project, task).await?;
    if is_part && waiting.iter().any(|(_, parent)| *parent == to) {
        return Ok(());
    }
    // Somebody may have moved it elsewhere meanwhile: then it is no longer a part of that one anyway.
    if now == to || (!is_part && now != Some(under)) {
        for (patch, _) in waiting.into_iter().filter(|(_, parent)| is_part || *parent == Some(under)) {
            retract(desk, tx, &Pending { patch, links: Vec::new() }).await?;
        }
        return Ok(());
    }
    let operation = Operation::MoveTask { number: task, to: behind_all(&plan, to) };
    if validate(&plan, Mode::Edit, &[&operation]).is_err() {
        tracing::warn!(project = %plan.project.key, "a sub-issue does not fit the plan");
        return Ok(());
    }
    let label = name(tx, child).await?;
    let verb = if is_part { "became a sub-issue of" } else { "is no longer a sub-issue of" };
    let reason = format!("{label} {verb} #{}", parent.number);
    let evidence = Some(crate::domain::task::Link { label, url: below.issue.url.clone() });
    let title = format!("move {}", plan.code(task));
    let draft = follow(&title, vec![Step { operation, reason, evidence }]);
    let older: Vec<PatchId> = waiting.iter().map(|(patch, _)| patch.id).collect();
    put(desk, tx, project, draft, [Move::Issues].into(), &older).await?;
    Ok(())
}

/// The proposals of rules that wait to move a task, each with the parent that it would get.
async fn waiting_moves(tx: &mut Tx, project: ProjectId, task: TaskNumber) -> Result<Vec<(Patch, Option<TaskNumber>)>> {
    let parent = |patch: &Patch| {
        patch.operations().find_map(|operation| match operation {
            Operation::MoveTask { number, to } if *number == task => Some(to.parent),
            _ => None,
        })
    };
    let mut waiting = Vec::new();
    for open in tx.open_patches_of(project).await?.into_iter().filter(|open| !open.origin.moves.is_empty()) {
        if let Some(parent) = parent(&open)
            && let Some(patch) = tx.lock_patch(open.id).await?.filter(|patch| patch.state == PatchState::Proposed)
        {
            waiting.push((patch, parent));
        }
    }
    Ok(waiting)
}

/// The place behind all children of `parent`.
fn behind_all(plan: &Plan, parent: Option<TaskNumber>) -> Place {
    Place { parent, rank: Rank::between(plan.last_rank(parent), None) }
}
