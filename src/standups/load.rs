//! The facts of a digest, read in few looks.

use std::collections::{BTreeMap, BTreeSet};

use chrono_tz::Tz;

use super::crew;
use crate::{
    domain::{
        digest::{Digest, Loaded, Untracked, Waiting, Who},
        event::Venue,
        ids::{MemberId, ProjectId},
        member::Member,
        patch::Patch,
        project::{Lifecycle, Project},
        schedule::{DigestKind, Schedule},
        session::Party,
        time::Timestamp,
        tracker::PullState,
    },
    planner::threads::load as conversations,
    review::rules,
    store::{self, Tx},
};

/// Pull requests that are looked at, of each kind, and decisions.
const MOST: usize = 500;

/// The projects that a digest is about, by key, and those of which it must not tell.
type Scope = (Vec<Project>, BTreeSet<ProjectId>);

/// What a digest is made of, and the clocks that it speaks by.
pub(super) async fn load(tx: &mut Tx, digest: &Digest, now: Timestamp) -> store::Result<(Loaded, Tz)> {
    let scope = scope(tx, digest).await?;
    let (mut loaded, zone) = people(tx, digest, scope, now).await?;
    let ids = loaded.plans.iter().map(|plan| plan.project.id).collect();
    loaded.waiting = waiting(tx, &ids, &loaded.names, now).await?;
    if digest.kind == DigestKind::Standup {
        loaded.untracked = untracked(tx, digest, &ids, &loaded.names, (loaded.since, now)).await?;
    }
    Ok((loaded, zone))
}

/// What the drafts of a digest are made of, which tell of people: nothing of a private project, for who of its readers is
/// in its channels is not known.
pub(super) async fn for_drafts(tx: &mut Tx, digest: &Digest, now: Timestamp) -> store::Result<Loaded> {
    let (mut projects, _) = scope(tx, digest).await?;
    let hidden = tx.private_projects().await?;
    projects.retain(|project| !hidden.contains(&project.id));
    Ok(people(tx, digest, (projects, hidden), now).await?.0)
}

/// What is told of people: all but the proposals that wait and the conversations.
async fn people(
    tx: &mut Tx,
    digest: &Digest,
    (projects, hidden): Scope,
    now: Timestamp,
) -> store::Result<(Loaded, Tz)> {
    let members = tx.members().await?;
    let schedule = schedule(tx, digest).await?;
    let zone = zone(digest, schedule.as_ref(), &members);
    let workers: Vec<Member> = members.iter().filter(|member| crew::is_told_of(member)).cloned().collect();
    let available = tx.availabilities(&workers).await?;
    let workers: Vec<_> = workers.into_iter().zip(available).collect();
    let before = crew::before(tx, digest, schedule.as_ref()).await?;
    let crew = crew::of(digest, zone, &workers, before);
    let earliest = crew.hands.iter().map(|hand| hand.since).fold(crew.since, Ord::min);
    let ids: BTreeSet<ProjectId> = projects.iter().map(|project| project.id).collect();
    let mut plans = Vec::new();
    for project in &projects {
        plans.extend(tx.plan(project.id).await?);
    }
    let mut decided = tx.patches_decided_since(earliest, MOST).await?;
    decided.retain(|patch| ids.contains(&patch.project));
    let mut pulls = tx.open_pulls(MOST).await?;
    for state in [PullState::Merged, PullState::Closed] {
        pulls.extend(tx.pulls_since(state, earliest, MOST).await?);
    }
    let names: BTreeMap<MemberId, String> = members.iter().map(|member| (member.id, member.name.clone())).collect();
    let logins = tx.logins().await?;
    let linked = logins.iter().filter(|login| login.party == Party::GitHub);
    let loaded = Loaded {
        slot: digest.slot,
        today: digest.slot.to_utc().with_timezone(&zone).date_naive(),
        since: crew.since,
        now,
        hands: crew.hands,
        waiting: Vec::new(),
        names,
        plans,
        untracked: Vec::new(),
        hidden,
        decided,
        pulls,
        about: tx.pull_ties(earliest).await?,
        linked: tx.repository_ties().await?,
        // A robot's login is no number.
        accounts: linked.filter_map(|login| Some((login.subject.parse().ok()?, login.member))).collect(),
    };
    Ok((loaded, zone))
}

/// The schedule that a digest belongs to: of one that somebody asked for, that of its channel and kind.
async fn schedule(tx: &mut Tx, digest: &Digest) -> store::Result<Option<Schedule>> {
    match digest.schedule {
        Some(id) => tx.schedule(id).await,
        None => Ok(tx.schedules_of(&digest.venue).await?.into_iter().find(|one| one.kind == digest.kind)),
    }
}

/// The clocks that a digest speaks by: those of its schedule, or else of whoever asked for it.
fn zone(digest: &Digest, schedule: Option<&Schedule>, members: &[Member]) -> Tz {
    let asker = || members.iter().find(|member| Some(member.id) == digest.by)?.time_zone.parse().ok();
    schedule.map(|schedule| schedule.zone).or_else(asker).unwrap_or(chrono_tz::UTC)
}

/// The projects that a digest is about, by key, and those of which it must not tell.
async fn scope(tx: &mut Tx, digest: &Digest) -> store::Result<Scope> {
    let mut projects = tx.projects().await?;
    projects.retain(|project| project.lifecycle != Lifecycle::Archived);
    let own = tx.channel_project(&digest.venue).await?;
    let mut hidden = tx.private_projects().await?;
    // In its own channel a private project is told of.
    hidden.retain(|project| Some(*project) != own);
    if !digest.projects.is_empty() {
        projects.retain(|project| digest.projects.contains(&project.id));
    } else if let Some(own) = own {
        projects.retain(|project| project.id == own);
    }
    projects.retain(|project| !hidden.contains(&project.id));
    Ok((projects, hidden))
}

/// The proposals about these projects that wait, with who may approve each.
async fn waiting(
    tx: &mut Tx,
    projects: &BTreeSet<ProjectId>,
    names: &BTreeMap<MemberId, String>,
    now: Timestamp,
) -> store::Result<Vec<Waiting>> {
    let mut waiting = Vec::new();
    let is_open = |patch: &Patch| projects.contains(&patch.project) && now < patch.expires_at;
    for patch in tx.open_patches().await?.into_iter().filter(is_open) {
        let policy = tx.policy_of(patch.project).await?;
        let whose = match policy.demand(&patch).by {
            Some(role) => rules::at_least(role),
            None => rules::approvers(&policy.approvers, names).unwrap_or_else(|| "any member".to_owned()),
        };
        waiting.push(Waiting { patch, whose });
    }
    Ok(waiting)
}

/// The conversations since an instant that look like work and that no task is known to be about: those of the digest's own
/// channel and of its projects' channels, and where it has neither, all that are not private.
///
/// Their words are for the surface where they were said: elsewhere they would stay when somebody has them forgotten.
async fn untracked(
    tx: &mut Tx,
    digest: &Digest,
    projects: &BTreeSet<ProjectId>,
    names: &BTreeMap<MemberId, String>,
    (since, now): (Timestamp, Timestamp),
) -> store::Result<Vec<Untracked>> {
    let bound = tx.bound_channels().await?;
    let is_anywhere = digest.projects.is_empty() && bound.iter().all(|(_, home)| !home.is_channel_of(&digest.venue));
    let homes: Vec<Venue> = bound.into_iter().filter(|(id, _)| projects.contains(id)).map(|(_, home)| home).collect();
    let scope = conversations::Scope { at: Some(&digest.venue), others: (!is_anywhere).then_some(homes.as_slice()) };
    let found = conversations::untracked(tx, since, scope, now).await?;
    let told = found.into_iter().filter_map(|one| {
        let first = one.thread.messages.first()?;
        let is_at_home = one.thread.venue.surface == digest.venue.surface;
        Some(Untracked {
            number: one.thread.number,
            by: Who { member: Some(first.by), name: names.get(&first.by)?.clone() },
            words: is_at_home.then(|| first.text.clone()),
            near: one.near.into_iter().map(|task| task.code).collect(),
            is_private: one.thread.is_private,
            url: one.thread.venue.address_of(&first.message),
        })
    });
    Ok(told.collect())
}
