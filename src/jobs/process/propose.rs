//! What follows from conversations is proposed, one patch for each project, and noted with them.

use std::collections::BTreeMap;

use super::{
    draft::{draft, steps, titled},
    read::{Read, Reading},
};
use crate::{
    chat::console,
    clock::Chance,
    domain::{
        ids::{PatchId, ProjectId},
        matches::Match,
        patch::Confidence,
        policy::Move,
    },
    error::Result,
    jobs::{Desk, tracker::robot::docket},
    planner::Draft,
    review::{
        circle::Circles,
        propose::{Proposal, Proposed, Target, propose as put},
    },
    store::Tx,
};

/// Proposes what was found, and stores what was made of each conversation.
pub(super) async fn propose(desk: &Desk, tx: &mut Tx, reading: &mut Reading) -> Result<()> {
    let mut projects: BTreeMap<ProjectId, Vec<usize>> = BTreeMap::new();
    for (at, read) in reading.reads.iter().enumerate() {
        if let Some(found) = &read.found {
            projects.entry(found.project).or_default().push(at);
        }
    }
    for (project, places) in projects {
        for (at, patch) in for_project(desk, tx, project, &places, &reading.reads).await? {
            if let Some(read) = reading.reads.get_mut(at) {
                read.patch = Some(patch);
            }
        }
    }
    for read in &reading.reads {
        tx.insert_match(&made(read, &desk.chance)).await?;
    }
    Ok(())
}

/// Proposes what was found for one project; says which of the conversations it is proposed because of.
async fn for_project(
    desk: &Desk,
    tx: &mut Tx,
    project: ProjectId,
    places: &[usize],
    reads: &[Read],
) -> Result<Vec<(usize, PatchId)>> {
    let Some(plan) = tx.plan(project).await? else { return Ok(Vec::new()) };
    let first_free = tx.next_number(project).await?;
    let both: Vec<_> = places.iter().filter_map(|at| Some((*at, reads.get(*at)?.found.as_ref()?))).collect();
    let found: Vec<_> = both.iter().map(|(_, found)| *found).collect();
    let steps = steps(&plan, &found, first_free);
    if steps.is_empty() {
        return Ok(Vec::new());
    }
    let kept: Vec<_> = steps.iter().filter_map(|(at, _)| both.get(*at).copied()).collect();
    let kept_found: Vec<_> = kept.iter().map(|(_, found)| *found).collect();
    let is_sure = kept_found.iter().all(|found| found.is_named);
    let confidence = if is_sure { Confidence::High } else { Confidence::Medium };
    let draft = draft(&titled(&kept_found), steps.into_iter().map(|(_, step)| step).collect(), confidence);
    let patch = store_proposal(desk, tx, draft, Target::Existing { project, first_free }, project).await?;
    Ok(kept.into_iter().map(|(at, _)| (at, patch)).collect())
}

async fn store_proposal(desk: &Desk, tx: &mut Tx, draft: Draft, target: Target, project: ProjectId) -> Result<PatchId> {
    let author = docket(tx, &desk.chance).await?;
    let venue = tx.channel_of(project).await?.unwrap_or_else(console::receive::venue);
    let proposal = Proposal {
        draft,
        author: &author,
        venue: &venue,
        card: &venue,
        message: None,
        words: "",
        delivery: None,
        target,
        supersedes: None,
        undoes: None,
        waits: true,
        moves: [Move::Said].into(),
    };
    match put(tx, proposal, &Circles::default(), &desk.chance).await? {
        Proposed::Stored(patch) => {
            tracing::info!(patch = %patch.code, steps = patch.steps.len(), "proposed what was said");
            Ok(patch.id)
        }
        Proposed::Lost | Proposed::Ask(_) => Err(anyhow::anyhow!("the plan changed in this very moment").into()),
    }
}

/// What is kept of what was made of a conversation.
fn made(read: &Read, chance: &Chance) -> Match {
    let found = read.found.as_ref().filter(|_| read.patch.is_some());
    Match {
        id: chance.id(),
        thread: read.thread.id,
        number: read.thread.number,
        venue: read.thread.venue.clone(),
        is_private: read.thread.is_private,
        read_until: read.thread.last_at,
        verdict: read.verdict,
        tasks: read.likely.clone(),
        finding: found.map(|found| found.finding),
        project: found.map(|found| found.project),
        task: found.and_then(|found| Some(found.task.as_ref()?.0.number)),
        message: found.map(|found| found.message.clone()),
        patch: read.patch,
        by: None,
        at: chance.now(),
    }
}
