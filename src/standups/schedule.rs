//! What is due: slots that have come become digests that are to be posted, each once.
//!
//! Any number of processes may look at the same time, start and stop at any instant, and disagree about what time it
//! is. A slot belongs to whoever moves the schedule on to its next one, in the transaction that stores the digest and
//! queues its job; and a schedule has one digest for an instant, also after a clock stepped back.

use crate::{
    clock::Chance,
    domain::{
        digest::{Digest, DigestState},
        ids::{ScheduleId, TenantId},
        job::Job,
        schedule::{Holidays, Schedule, Turn, wall},
        time::Timestamp,
    },
    review::words::moment,
    store::{self, Store, Tx},
};

/// Schedules that are looked at together.
const MANY: usize = 500;

/// Takes every slot that has come; says how many schedules were moved on.
///
/// What can't be taken, because the database fails or another version of Docket wrote it, holds up nothing else.
///
/// # Errors
/// When it can't be found out what is due.
pub async fn take_due(store: &Store, chance: &Chance) -> store::Result<usize> {
    let mut taken = 0;
    loop {
        let due = store.due_schedules(chance.now(), MANY).await?;
        let before = taken;
        for (tenant, id) in due {
            match take(store, chance, tenant, id).await {
                Ok(is_taken) => taken += usize::from(is_taken),
                Err(error) => {
                    tracing::warn!(%tenant, schedule = %id, %error, "a slot could not be taken; trying again");
                }
            }
        }
        if taken == before {
            return Ok(taken);
        }
    }
}

/// Takes the slot of one schedule; false where somebody else did, or there is none any more.
async fn take(store: &Store, chance: &Chance, tenant: TenantId, id: ScheduleId) -> store::Result<bool> {
    let mut tx = store.write(tenant).await?;
    let now = chance.now();
    let Some(schedule) = tx.lock_schedule(id).await? else { return Ok(false) };
    let Some(slot) = schedule.next_run_at.filter(|slot| *slot <= now) else { return Ok(false) };
    let holidays = tx.holidays().await?;
    let turn = schedule.turn(slot, now, &holidays);
    if !tx.take_slot(id, slot, turn.next).await? {
        return Ok(false);
    }
    // Somebody may have made it a holiday in this very moment.
    if !schedule.leaves_out(wall::day(turn.slot, schedule.zone), &holidays) {
        let digest = digest(&schedule, turn, chance);
        let is_new = tx.insert_digest(&digest).await?;
        if is_new && digest.state == DigestState::Due {
            tx.enqueue(chance.id(), &Job::PostDigest { digest: digest.id }.due(now)).await?;
        }
    }
    tx.commit().await?;
    Ok(true)
}

fn digest(schedule: &Schedule, turn: Turn, chance: &Chance) -> Digest {
    let (state, why) = if turn.is_too_late {
        let words = format!("Docket was not running on {}.", moment(turn.slot, schedule.zone));
        (DigestState::Skipped, Some(words))
    } else {
        (DigestState::Due, None)
    };
    let asked_for = Digest::asked_for(chance.id(), schedule.kind, &schedule.venue, turn.slot);
    Digest { schedule: Some(schedule.id), projects: schedule.projects.clone(), state, why, ..asked_for }
}

/// Reckons the next slot of every schedule of a tenant anew: because its holidays are others, or the clocks of a zone.
/// A slot that has come stays what it is, to be taken.
pub async fn replan(tx: &mut Tx, now: Timestamp) -> store::Result<()> {
    let holidays = tx.holidays().await?;
    for schedule in tx.schedules().await? {
        if let Some(schedule) = tx.lock_schedule(schedule.id).await? {
            let next = planned(&schedule, now, &holidays);
            if next != schedule.next_run_at {
                tx.update_schedule(&Schedule { next_run_at: next, ..schedule }).await?;
            }
        }
    }
    Ok(())
}

fn planned(schedule: &Schedule, now: Timestamp, holidays: &Holidays) -> Option<Timestamp> {
    match schedule.next_run_at {
        Some(slot) if slot <= now => Some(slot),
        _ => schedule.next(now, holidays),
    }
}

/// The same for everybody, at the start: this version of Docket may know other rules of zones than the one before.
///
/// # Errors
/// When the database fails.
pub async fn replan_all(store: &Store, chance: &Chance) -> store::Result<()> {
    for tenant in store.tenants_with_schedules().await? {
        let mut tx = store.write(tenant).await?;
        replan(&mut tx, chance.now()).await?;
        tx.commit().await?;
    }
    Ok(())
}
