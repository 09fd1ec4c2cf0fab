//! What follows from conversations is proposed, one patch for each project, and noted with them.

use super::{
    draft::{draft, steps, titled},
    read::{Found, Read, Reading},
};
use crate::{
    chat::console,
    clock::Chance,
    domain::{
        event::Venue,
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

/// Where among what was read something was found: of which conversation, and which of its findings.
type Place = (usize, usize);

/// Which project a card is about, and where it belongs; `None`: in the project's channel.
type Card = (ProjectId, Option<Venue>);

/// Proposes what was found, and stores what was made of each conversation.
pub(super) async fn propose(desk: &Desk, tx: &mut Tx, reading: &mut Reading) -> Result<()> {
    for ((project, venue), places) in by_card(&reading.reads) {
        for ((read, found), patch) in proposed(desk, tx, (project, venue), &places, &reading.reads).await? {
            if let Some(found) = reading.reads.get_mut(read).and_then(|read| read.found.get_mut(found)) {
                found.patch = Some(patch);
            }
        }
    }
    for read in &reading.reads {
        for made in made(read, &desk.chance) {
            tx.insert_match(&made).await?;
        }
    }
    Ok(())
}

/// What was found, by its project and by where the card of it belongs: what was said in a private channel stays there.
fn by_card(reads: &[Read]) -> Vec<(Card, Vec<Place>)> {
    let mut cards: Vec<(Card, Vec<Place>)> = Vec::new();
    for (at, read) in reads.iter().enumerate() {
        let thread = &read.thread;
        let venue = thread.is_private.then(|| Venue { thread: None, ..thread.venue.clone() });
        for (nth, found) in read.found.iter().enumerate() {
            let key = (found.project, venue.clone());
            match cards.iter_mut().find(|(known, _)| *known == key) {
                Some((_, places)) => places.push((at, nth)),
                None => cards.push((key, vec![(at, nth)])),
            }
        }
    }
    cards.sort_by_key(|((project, _), _)| *project);
    cards
}

/// Proposes what was found for one project, in its channel unless it stays elsewhere; says what of it is proposed.
async fn proposed(
    desk: &Desk,
    tx: &mut Tx,
    (project, venue): Card,
    places: &[Place],
    reads: &[Read],
) -> Result<Vec<(Place, PatchId)>> {
    let Some(plan) = tx.plan(project).await? else { return Ok(Vec::new()) };
    let first_free = tx.next_number(project).await?;
    let both: Vec<_> = places.iter().filter_map(|at| Some((*at, reads.get(at.0)?.found.get(at.1)?))).collect();
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
    let venue = match venue {
        Some(venue) => venue,
        None => tx.channel_of(project).await?.unwrap_or_else(console::receive::venue),
    };
    let patch = store_proposal(desk, tx, draft, Target::Existing { project, first_free }, &venue).await?;
    Ok(kept.into_iter().map(|(at, _)| (at, patch)).collect())
}

async fn store_proposal(desk: &Desk, tx: &mut Tx, draft: Draft, target: Target, venue: &Venue) -> Result<PatchId> {
    let author = docket(tx, &desk.chance).await?;
    let proposal = Proposal {
        draft,
        author: &author,
        venue,
        card: venue,
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

/// What is kept of what was made of a conversation: for each proposal because of it, or that there is none.
fn made(read: &Read, chance: &Chance) -> Vec<Match> {
    let proposed: Vec<_> = read.found.iter().filter(|found| found.patch.is_some()).map(Some).collect();
    let each = if proposed.is_empty() { vec![None] } else { proposed };
    let made = |found: Option<&Found>| Match {
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
        task: found.and_then(|found| Some(found.task.as_ref()?.code.number)),
        message: found.map(|found| found.message.clone()),
        patch: found.and_then(|found| found.patch),
        by: None,
        at: chance.now(),
    };
    each.into_iter().map(made).collect()
}
