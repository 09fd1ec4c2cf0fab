//! Every tenant's conversations are read once a night.

use std::collections::BTreeMap;

use chrono_tz::Tz;

use crate::{
    domain::{
        ids::TenantId,
        job::{Job, JobError},
        member::{Member, Standing},
        schedule::wall,
        time::Timestamp,
    },
    jobs::{
        Desk,
        process::{
            consult::opinions,
            read::{gather, read},
            run,
        },
    },
    store,
};

/// The hour at which most people sleep, on the clocks of the zone that most members live in.
const QUIET: u32 = 3;

/// How often conversations are read again because something changed before it was proposed.
const TRIES: usize = 5;

/// Queues the next night of every tenant; where it waits already, that one holds.
pub async fn queue_nights(desk: &Desk) -> store::Result<()> {
    for tenant in desk.store.tenants().await? {
        let mut tx = desk.store.write(tenant.id).await?;
        let at = next(&tx.members().await?, desk.chance.now());
        tx.enqueue(desk.chance.id(), &Job::ReadThreads.due(at)).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Reads the conversations of a tenant because it is night there: once, whoever else does so.
pub(in crate::jobs) async fn night(desk: &Desk, tenant: TenantId) -> Result<(), JobError> {
    let opinions = opinions(desk, tenant).await?;
    for _ in 0..TRIES {
        let mut tx = desk.store.read(tenant).await?;
        let mut reading = read(&gather(&mut tx, desk.chance.now()).await?, &opinions);
        drop(tx);
        let mut tx = desk.store.write(tenant).await?;
        if !tx.take_night(desk.chance.now()).await? {
            return Ok(());
        }
        if run(desk, &mut tx, &mut reading).await? {
            return Ok(tx.commit().await?);
        }
    }
    Err(JobError::Retry(anyhow::anyhow!("what people say kept changing while it was read")))
}

/// The next quiet hour after `now`.
fn next(members: &[Member], now: Timestamp) -> Timestamp {
    let zone = zone(members);
    let mut day = wall::day(now, zone);
    loop {
        match day.and_hms_opt(QUIET, 0, 0).and_then(|shown| wall::first(shown, zone)) {
            Some(at) if at > now => return at,
            _ => {}
        }
        match day.succ_opt() {
            Some(next) => day = next,
            None => return now,
        }
    }
}

/// The zone that most members live in.
fn zone(members: &[Member]) -> Tz {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for member in members.iter().filter(|member| member.standing == Standing::Full) {
        *counts.entry(member.time_zone.as_str()).or_default() += 1;
    }
    let most = counts.into_iter().max_by_key(|(name, count)| (*count, std::cmp::Reverse(*name)));
    most.and_then(|(name, _)| name.parse().ok()).unwrap_or(Tz::UTC)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock::Chance, domain::member::Role};

    #[test]
    fn the_night_is_that_of_where_most_members_live() {
        let member = |zone: &str, standing| Member {
            id: Chance::system().id(),
            name: "Ana".to_owned(),
            role: Role::Member,
            standing,
            time_zone: zone.to_owned(),
        };
        let paris = || member("Europe/Paris", Standing::Full);
        let team = [paris(), member("America/New_York", Standing::Full), paris(), member("UTC", Standing::Bot)];
        let at = |text: &str| {
            Timestamp::from_millis(text.parse::<chrono::DateTime<chrono::Utc>>().unwrap().timestamp_millis())
        };
        assert_eq!(next(&team, at("2026-11-20T01:59:00Z")), at("2026-11-20T02:00:00Z"));
        assert_eq!(next(&team, at("2026-11-20T02:00:00Z")), at("2026-11-21T02:00:00Z"));
        assert_eq!(next(&[], at("2026-11-20T02:00:00Z")), at("2026-11-20T03:00:00Z"));
    }
}
