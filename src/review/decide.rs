//! STEP 4, the other way: what a person decided on a patch.
//!
//! Every click gets an answer: what it did shows on the card, everything else is told in private.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    apply::{self, Cause, Outcome, learn, trail},
    clock::Chance,
    domain::{
        event::{Action, Click, Venue},
        ids::MemberId,
        job::Job,
        member::{Member, Standing},
        message::Message,
        patch::{Decision, Patch, PatchState},
        policy::{Circle, Group, Policy, Refusal},
        rebase,
    },
    error::Result,
    review::{card, circle::Circles, consensus, facts::Facts, replies},
    store::Tx,
};

/// What became of a decision.
#[derive(Debug)]
pub enum Decided {
    /// It took effect and the card shows it; the sentence is for who typed a command.
    Done(Message),
    /// It changed nothing; the person is told why.
    Told(Message),
    /// Somebody else was first in this very moment: drop the transaction and decide again.
    Lost,
    /// Who is in this group decides: drop the transaction, ask its platform and decide again.
    Ask(Group),
}

/// Takes the decision of `by`, who must have been looked up freshly, as must have been the groups of `circles`.
///
/// Handles every action but *Request changes* and *Undo*, which make a new proposal.
pub async fn decide(
    tx: &mut Tx,
    click: &Click,
    by: &Member,
    venue: &Venue,
    circles: &Circles,
    chance: &Chance,
) -> Result<Decided> {
    let Some(mut patch) = tx.lock_patch(click.patch).await? else {
        return Ok(Decided::Told(replies::unknown_button()));
    };
    if patch.state == PatchState::Proposed && patch.expires_at <= chance.now() {
        expire(tx, &patch, chance).await?;
        patch = tx.patch(click.patch).await?.unwrap_or(patch);
    }
    if click.action == Action::Details {
        return Ok(Decided::Told(card::details(tx, &patch, chance.now()).await?));
    }
    let by = &as_stored(tx, by).await?;
    let policy = tx.policy_of(patch.project).await?;
    let circle = match click.action {
        Action::Approve => match circles.of(tx, &policy, chance.now()).await? {
            Ok(circle) => circle,
            Err(group) => return Ok(Decided::Ask(group)),
        },
        _ => Circle::Unknown,
    };
    if let Some(told) = refuse(tx, &patch, click, by, (venue, &circle), chance).await? {
        return Ok(Decided::Told(told));
    }
    let reason = click.words.as_deref().unwrap_or_default().trim();
    match click.action {
        Action::Approve => approve(tx, patch, click, by, (&policy, &circle), chance).await,
        Action::Reject => reject(tx, patch, reason, by, venue, chance).await,
        Action::Object => consensus::object(tx, &patch, reason, by, venue, chance).await,
        Action::Withdraw => consensus::withdraw(tx, &patch, by, venue, chance).await,
        Action::Rebase => rebase_onto_now(tx, patch, by, venue, chance).await,
        Action::Renew => renew(tx, patch, by, venue, chance).await,
        // It did not fit a moment ago and does now: whoever asks has to think again.
        Action::Details | Action::RequestChanges | Action::Undo => Ok(Decided::Lost),
    }
}

/// The person as this transaction sees them: a role given or a standing lost since they were looked up counts. What
/// their platform did not say stays unknown.
pub async fn as_stored(tx: &mut Tx, by: &Member) -> Result<Member> {
    let stored = tx.member(by.id).await?.unwrap_or_else(|| by.clone());
    let standing = if by.standing == Standing::Unknown { by.standing } else { stored.standing };
    Ok(Member { standing, ..stored })
}

/// Why this decision can't be taken, if so: told to the person and, where they lack the right, kept in
/// the audit trail. `circle` is who is in the group that the policy names.
pub async fn refuse(
    tx: &mut Tx,
    patch: &Patch,
    click: &Click,
    by: &Member,
    (venue, circle): (&Venue, &Circle),
    chance: &Chance,
) -> Result<Option<Message>> {
    let policy = tx.policy_of(patch.project).await?;
    let allowed = match click.action {
        Action::Approve => policy.may_approve(by, patch, circle),
        _ => policy.may_take_part(by),
    };
    if let Err(refusal) = allowed {
        // Whom the sender can ask: people of the same surface.
        let here = tx.members_at(venue.surface, &venue.team).await?;
        let able: Vec<_> =
            here.iter().filter(|(_, m)| policy.may_approve(m, patch, circle).is_ok()).map(|(_, m)| &m.name).collect();
        let attempt = (Value::Null, json!({ "action": click.action, "refusal": refusal.to_string() }));
        trail::audit(tx, patch, "patch.refused", Some(by.id), Some(venue), attempt, chance).await?;
        return Ok(Some(replies::refused(patch.code, click.action, refusal, &able)));
    }
    if let Some(told) = misfit(tx, patch, click.action, chance).await? {
        return Ok(Some(told));
    }
    Ok((click.revision != patch.revision).then(|| replies::old_revision(patch.code)))
}

/// What to say where the patch's state does not let it be done.
async fn misfit(tx: &mut Tx, patch: &Patch, action: Action, chance: &Chance) -> Result<Option<Message>> {
    let fits = match action {
        Action::Undo => matches!(patch.state, PatchState::Applied { .. }),
        Action::Renew => matches!(patch.state, PatchState::Expired { .. }),
        _ => patch.state == PatchState::Proposed,
    };
    if fits && action == Action::Undo {
        let open = tx.open_patches().await?.into_iter().find(|open| open.undoes == Some(patch.id));
        return Ok(open.map(|open| replies::undo_proposed(open.code, patch.code)));
    }
    if fits {
        return Ok(None);
    }
    if action == Action::Renew && patch.state == PatchState::Proposed {
        return Ok(Some(replies::not_expired(patch.code)));
    }
    Ok(Some(replies::already_decided(&Facts::load(tx, patch, chance.now()).await?)))
}

async fn approve(
    tx: &mut Tx,
    patch: Patch,
    click: &Click,
    by: &Member,
    (policy, circle): (&Policy, &Circle),
    chance: &Chance,
) -> Result<Decided> {
    let now = chance.now();
    let demand = policy.demand(&patch);
    // What comes with a click is untrusted: a step that is not there stands for none.
    let ticked = click.steps.iter().flatten().copied().filter(|step| *step < patch.steps.len());
    let ticked: BTreeSet<usize> = ticked.collect();
    let part = click.steps.as_ref().map(|_| &ticked).filter(|ticked| ticked.len() < patch.steps.len());
    if part.is_some_and(BTreeSet::is_empty) {
        return Ok(Decided::Told(replies::nothing_ticked(patch.code)));
    }
    if part.is_some() && demand.approvals > 1 {
        return Ok(Decided::Told(replies::whole_only(patch.code, demand.approvals)));
    }
    let is_first = !tx.approvals(patch.id, patch.revision).await?.contains(&by.id);
    tx.add_approval(patch.id, patch.revision, by.id, now).await?;
    let approvals = valid_approvals(tx, policy, &patch, circle, chance).await?;
    if !policy.is_met(&patch, &approvals) {
        trail::sync_cards_of(tx, patch.id, chance).await?;
        let facts = Facts { approvals, ..Facts::load(tx, &patch, now).await? };
        let say = if is_first { replies::approval_counted } else { replies::approved_before };
        return Ok(Decided::Told(say(&facts)));
    }
    Ok(match apply::apply(tx, patch.clone(), part, Cause::Approved(by.id), chance).await? {
        Outcome::Applied(applied) => {
            let facts = Facts::load(tx, &applied, now).await?;
            Decided::Done(replies::applied(applied.code, &facts.key, facts.project_revision))
        }
        Outcome::Stale => {
            trail::sync_cards_of(tx, patch.id, chance).await?;
            let facts = Facts::load(tx, &patch, now).await?;
            Decided::Told(replies::stale(patch.code, &facts.stale))
        }
        Outcome::Lost => Decided::Lost,
    })
}

/// Who approved this revision and may approve it still: a right that was lost takes its approvals along.
async fn valid_approvals(
    tx: &mut Tx,
    policy: &Policy,
    patch: &Patch,
    circle: &Circle,
    chance: &Chance,
) -> Result<BTreeSet<MemberId>> {
    let mut valid = BTreeSet::new();
    for id in tx.approvals(patch.id, patch.revision).await? {
        let Some(member) = tx.member(id).await? else { continue };
        match policy.may_approve(&member, patch, circle) {
            Ok(()) => drop(valid.insert(id)),
            // Whether somebody is in a group is known at a click only, and the card must say the same afterwards.
            Err(refusal @ Refusal::NotNamed) if policy.approvers.group.is_some() => {
                tx.remove_approval(patch.id, patch.revision, id).await?;
                let lost = (json!({ "by": id }), json!({ "refusal": refusal.to_string() }));
                trail::audit(tx, patch, "patch.approval_lost", None, None, lost, chance).await?;
            }
            Err(_) => {}
        }
    }
    Ok(valid)
}

async fn reject(
    tx: &mut Tx,
    patch: Patch,
    reason: &str,
    by: &Member,
    venue: &Venue,
    chance: &Chance,
) -> Result<Decided> {
    let decision = Decision { by: by.id, at: chance.now() };
    let reply = replies::rejected(patch.code, reason);
    move_on(tx, patch, "patch.rejected", Some(by), Some(venue), chance, |patch| {
        let state = patch.state.clone().reject(decision, reason.to_owned()).ok()?;
        Some(Patch { state, ..patch.clone() })
    })
    .await
    .map(|written| if written { Decided::Done(reply) } else { Decided::Lost })
}

/// Takes back what rules proposed and what no longer follows from what happened. Does nothing where somebody decided
/// first.
pub async fn retract(tx: &mut Tx, patch: Patch, robot: &Member, reason: &str, chance: &Chance) -> Result<()> {
    let decision = Decision { by: robot.id, at: chance.now() };
    move_on(tx, patch, "patch.withdrawn", None, None, chance, |patch| {
        let state = patch.state.clone().reject(decision, reason.to_owned()).ok()?;
        Some(Patch { state, ..patch.clone() })
    })
    .await?;
    Ok(())
}

async fn renew(tx: &mut Tx, patch: Patch, by: &Member, venue: &Venue, chance: &Chance) -> Result<Decided> {
    tx.lock_tenant().await?;
    if let Some(founding) = &patch.founding
        && tx.taken_keys().await?.contains(&founding.key)
    {
        return Ok(Decided::Told(replies::key_taken(patch.code, &founding.key)));
    }
    let expires_at = chance.now().plus(tx.policy_of(patch.project).await?.expiry);
    let reply = replies::renewed(patch.code, expires_at);
    let id = patch.id;
    let written = move_on(tx, patch, "patch.renewed", Some(by), Some(venue), chance, |patch| {
        let state = patch.state.clone().renew().ok()?;
        Some(Patch { state, revision: patch.revision + 1, expires_at, ..patch.clone() })
    })
    .await?;
    if !written {
        return Ok(Decided::Lost);
    }
    // It is not over after all: what is decided in the end is what counts.
    tx.forget_lesson(id).await?;
    tx.enqueue(chance.id(), &Job::ExpirePatch { patch: id }.due(expires_at)).await?;
    if let Some(renewed) = tx.patch(id).await? {
        consensus::restart(tx, &renewed, chance).await?;
    }
    Ok(Decided::Done(reply))
}

/// Brings a stale proposal up to date: what no longer makes sense is dropped and named.
async fn rebase_onto_now(tx: &mut Tx, patch: Patch, by: &Member, venue: &Venue, chance: &Chance) -> Result<Decided> {
    let operations: Vec<_> = patch.operations().collect();
    let Some(plan) = apply::base(tx, &patch, &operations).await? else {
        return Ok(Decided::Told(replies::rebased_to_nothing(patch.code)));
    };
    if rebase::staleness(&plan, &patch.before, &operations).is_empty() {
        return Ok(Decided::Told(replies::still_fresh(patch.code)));
    }
    let rebased = rebase::rebase(&plan, &operations);
    if rebased.kept.is_empty() {
        return Ok(Decided::Told(replies::rebased_to_nothing(patch.code)));
    }
    let dropped: Vec<_> = rebased.dropped.iter().map(|(_, reason)| reason.words(&plan.project.key)).collect();
    let reply = replies::rebased(patch.code, plan.project.revision, &dropped);
    let written = move_on(tx, patch.clone(), "patch.rebased", Some(by), Some(venue), chance, |patch| {
        let steps = rebased.kept.iter().filter_map(|&step| patch.steps.get(step).cloned()).collect();
        let base = plan.project.revision;
        Some(Patch { revision: patch.revision + 1, base, before: rebased.before, steps, ..patch.clone() })
    })
    .await?;
    if !written {
        return Ok(Decided::Lost);
    }
    if let Some(rebased) = tx.patch(patch.id).await? {
        consensus::restart(tx, &rebased, chance).await?;
    }
    Ok(Decided::Done(reply))
}

/// Lets a patch lapse whose time has come. Does nothing where somebody decided or renewed it first.
pub async fn expire(tx: &mut Tx, patch: &Patch, chance: &Chance) -> Result<()> {
    let now = chance.now();
    if patch.state != PatchState::Proposed || patch.expires_at > now {
        return Ok(());
    }
    move_on(tx, patch.clone(), "patch.expired", None, None, chance, |patch| {
        let state = patch.state.clone().expire(now).ok()?;
        Some(Patch { state, ..patch.clone() })
    })
    .await?;
    Ok(())
}

/// Writes the changed patch by compare-and-set, with its audit line and fresh cards. False means that
/// somebody else was first.
async fn move_on(
    tx: &mut Tx,
    patch: Patch,
    action: &str,
    by: Option<&Member>,
    venue: Option<&Venue>,
    chance: &Chance,
    make: impl FnOnce(&Patch) -> Option<Patch>,
) -> Result<bool> {
    let Some(changed) = make(&patch) else { return Ok(false) };
    if !tx.update_patch(&changed, &patch.state, patch.revision).await? {
        return Ok(false);
    }
    let of = |patch: &Patch| json!({ "state": patch.state, "revision": patch.revision, "steps": patch.steps.len() });
    let states = (of(&patch), of(&changed));
    trail::audit(tx, &changed, action, by.map(|member| member.id), venue, states, chance).await?;
    learn::learn(tx, &changed).await?;
    trail::sync_cards_of(tx, patch.id, chance).await?;
    Ok(true)
}
