//! When channels get their digests, and what became of these.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use chrono_tz::Tz;
use sqlx::FromRow;

use super::{
    Error, Result, Store, Tx,
    codec::{from_json, from_json_opt, limit, parse, parse_opt, small, to_json, word},
};
use crate::domain::{
    digest::{Digest, DigestState, Wording},
    event::Venue,
    ids::{DigestId, ScheduleId, TenantId},
    schedule::{Missed, Schedule},
    time::Timestamp,
};

/// The schedules whose slot has come, of everybody who stays.
pub(super) const DUE: &str = "SELECT s.tenant_id, s.id FROM schedules s \
     WHERE s.next_run_at <= $1 AND NOT EXISTS (SELECT 1 FROM tenants t WHERE t.id = s.tenant_id AND t.is_leaving) \
     ORDER BY s.next_run_at, s.id LIMIT $2";

/// The next slot of any schedule of those.
pub(super) const NEXT_SLOT: &str = "SELECT min(next_run_at) FROM schedules s WHERE next_run_at IS NOT NULL \
     AND NOT EXISTS (SELECT 1 FROM tenants t WHERE t.id = s.tenant_id AND t.is_leaving)";

/// A query of schedules as [`ScheduleRow`]s, tenant first.
macro_rules! select_schedules {
    ($rest:literal) => {
        concat!(
            "SELECT id, kind, surface, team, channel, projects, recurrence, zone, late_hours, pause, skipped, \
             has_drafts, made_by, created_at, next_run_at FROM schedules WHERE tenant_id = $1 ",
            $rest
        )
    };
}

/// A query of digests as [`DigestRow`]s, tenant first.
macro_rules! select_digests {
    ($rest:literal) => {
        concat!(
            "SELECT id, schedule_id, kind, surface, team, channel, projects, slot, state, why, asked_by, message, \
             details, shown, posted_at FROM digests WHERE tenant_id = $1 ",
            $rest
        )
    };
}

/// The schedules of a channel.
pub(super) const OF_CHANNEL: &str =
    select_schedules!("AND surface = $2 AND team = $3 AND channel = $4 ORDER BY created_at, id");

/// The newest digest of a schedule that was posted for an instant before this one.
pub(super) const LAST_POSTED: &str =
    select_digests!("AND schedule_id = $2 AND slot < $3 AND state = 'posted' ORDER BY slot DESC LIMIT 1");

#[derive(FromRow)]
struct ScheduleRow {
    id: String,
    kind: String,
    surface: String,
    team: String,
    channel: String,
    projects: String,
    recurrence: String,
    zone: String,
    late_hours: Option<i64>,
    pause: Option<String>,
    skipped: String,
    has_drafts: bool,
    made_by: String,
    created_at: i64,
    next_run_at: Option<i64>,
}

impl TryFrom<ScheduleRow> for Schedule {
    type Error = Error;

    fn try_from(row: ScheduleRow) -> Result<Self> {
        let late = row.late_hours.map(|hours| small("hours", hours)).transpose()?;
        Ok(Self {
            id: parse("schedule", &row.id)?,
            kind: word("kind of digest", &row.kind)?,
            venue: venue(&row.surface, row.team, row.channel)?,
            projects: from_json("projects", &row.projects)?,
            when: from_json("recurrence", &row.recurrence)?,
            zone: parse::<Tz>("time zone", &row.zone)?,
            missed: late.map_or(Missed::Skip, Missed::Late),
            pause: from_json_opt("pause", row.pause.as_deref())?,
            skipped: from_json::<BTreeSet<NaiveDate>>("days", &row.skipped)?,
            has_drafts: row.has_drafts,
            by: parse("member", &row.made_by)?,
            created_at: Timestamp::from_millis(row.created_at),
            next_run_at: row.next_run_at.map(Timestamp::from_millis),
        })
    }
}

#[derive(FromRow)]
struct DigestRow {
    id: String,
    schedule_id: Option<String>,
    kind: String,
    surface: String,
    team: String,
    channel: String,
    projects: String,
    slot: i64,
    state: String,
    why: Option<String>,
    asked_by: Option<String>,
    message: Option<String>,
    details: String,
    shown: Option<String>,
    posted_at: Option<i64>,
}

impl TryFrom<DigestRow> for Digest {
    type Error = Error;

    fn try_from(row: DigestRow) -> Result<Self> {
        Ok(Self {
            id: parse("digest", &row.id)?,
            schedule: parse_opt("schedule", row.schedule_id.as_deref())?,
            kind: word("kind of digest", &row.kind)?,
            venue: venue(&row.surface, row.team, row.channel)?,
            projects: from_json("projects", &row.projects)?,
            slot: Timestamp::from_millis(row.slot),
            state: word::<DigestState>("state of a digest", &row.state)?,
            why: row.why,
            by: parse_opt("member", row.asked_by.as_deref())?,
            message: row.message,
            details: from_json("messages", &row.details)?,
            shown: row.shown,
            posted_at: row.posted_at.map(Timestamp::from_millis),
        })
    }
}

fn venue(surface: &str, team: String, channel: String) -> Result<Venue> {
    Ok(Venue { surface: word("surface", surface)?, team, channel, thread: None })
}

const fn late_hours(missed: Missed) -> Option<i64> {
    match missed {
        Missed::Skip => None,
        Missed::Late(hours) => Some(hours as i64),
    }
}

impl Store {
    /// Up to so many schedules whose slot has come, those first that wait longest.
    pub async fn due_schedules(&self, now: Timestamp, rows: usize) -> Result<Vec<(TenantId, ScheduleId)>> {
        let mut session = self.look().await?;
        let rows = all!(session, (String, String), DUE, now.as_millis(), limit(rows));
        rows.into_iter().map(|(tenant, id)| Ok((parse("tenant", &tenant)?, parse("schedule", &id)?))).collect()
    }

    /// The next slot of any schedule; in the past where one is due.
    pub async fn next_slot(&self) -> Result<Option<Timestamp>> {
        let mut session = self.look().await?;
        let row = first!(session, (Option<i64>,), NEXT_SLOT);
        Ok(row.and_then(|(at,)| at).map(Timestamp::from_millis))
    }

    /// The tenants that have schedules.
    pub async fn tenants_with_schedules(&self) -> Result<Vec<TenantId>> {
        let mut session = self.look().await?;
        let rows = all!(session, (String,), "SELECT DISTINCT tenant_id FROM schedules ORDER BY tenant_id");
        rows.into_iter().map(|(tenant,)| parse("tenant", &tenant)).collect()
    }
}

impl Tx {
    /// Stores a new schedule.
    pub async fn insert_schedule(&mut self, schedule: &Schedule) -> Result<()> {
        let Venue { surface, team, channel, .. } = &schedule.venue;
        execute!(
            self.session,
            "INSERT INTO schedules (tenant_id, id, kind, surface, team, channel, projects, recurrence, zone, late_hours, \
             pause, skipped, has_drafts, made_by, created_at, next_run_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
            &self.key,
            schedule.id.to_string(),
            schedule.kind.as_str(),
            surface.as_str(),
            team,
            channel,
            to_json("projects", &schedule.projects)?,
            to_json("recurrence", &schedule.when)?,
            schedule.zone.name(),
            late_hours(schedule.missed),
            schedule.pause.map(|pause| to_json("pause", &pause)).transpose()?,
            to_json("days", &schedule.skipped)?,
            schedule.has_drafts,
            schedule.by.to_string(),
            schedule.created_at.as_millis(),
            schedule.next_run_at.map(Timestamp::as_millis)
        );
        Ok(())
    }

    /// Stores what a schedule has become: everything but its id, kind, place, author and birth. False where it is gone.
    pub async fn update_schedule(&mut self, schedule: &Schedule) -> Result<bool> {
        let rows = execute!(
            self.session,
            "UPDATE schedules SET projects = $3, recurrence = $4, zone = $5, late_hours = $6, pause = $7, skipped = $8, \
             has_drafts = $9, next_run_at = $10 WHERE tenant_id = $1 AND id = $2",
            &self.key,
            schedule.id.to_string(),
            to_json("projects", &schedule.projects)?,
            to_json("recurrence", &schedule.when)?,
            schedule.zone.name(),
            late_hours(schedule.missed),
            schedule.pause.map(|pause| to_json("pause", &pause)).transpose()?,
            to_json("days", &schedule.skipped)?,
            schedule.has_drafts,
            schedule.next_run_at.map(Timestamp::as_millis)
        );
        Ok(rows == 1)
    }

    /// The schedule of this id, for whoever will change it or take its slot: until this transaction ends nobody else does.
    ///
    /// Without it, two replicas on PostgreSQL would each read the slot that the other takes, and a slot could be taken by
    /// a rule that somebody is changing.
    pub async fn lock_schedule(&mut self, id: ScheduleId) -> Result<Option<Schedule>> {
        execute!(
            self.session,
            "UPDATE schedules SET kind = kind WHERE tenant_id = $1 AND id = $2",
            &self.key,
            id.to_string()
        );
        self.schedule(id).await
    }

    /// The schedule of this id.
    pub async fn schedule(&mut self, id: ScheduleId) -> Result<Option<Schedule>> {
        let row = first!(self.session, ScheduleRow, select_schedules!("AND id = $2"), &self.key, id.to_string());
        row.map(TryInto::try_into).transpose()
    }

    /// Every schedule of the tenant, in the order they were made.
    pub async fn schedules(&mut self) -> Result<Vec<Schedule>> {
        let rows = all!(self.session, ScheduleRow, select_schedules!("ORDER BY created_at, id"), &self.key);
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// The schedules of a channel, in the order they were made, whatever thread of it is asked about.
    pub async fn schedules_of(&mut self, venue: &Venue) -> Result<Vec<Schedule>> {
        let surface = venue.surface.as_str();
        let rows = all!(self.session, ScheduleRow, OF_CHANNEL, &self.key, surface, &venue.team, &venue.channel);
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Forgets a schedule; its digests stay. False where there is none of this id.
    pub async fn remove_schedule(&mut self, id: ScheduleId) -> Result<bool> {
        let rows =
            execute!(self.session, "DELETE FROM schedules WHERE tenant_id = $1 AND id = $2", &self.key, id.to_string());
        Ok(rows == 1)
    }

    /// Takes a slot of a schedule: from now on `next` is its next one. False where somebody took it before.
    pub async fn take_slot(&mut self, id: ScheduleId, slot: Timestamp, next: Option<Timestamp>) -> Result<bool> {
        let rows = execute!(
            self.session,
            "UPDATE schedules SET next_run_at = $4 WHERE tenant_id = $1 AND id = $2 AND next_run_at = $3",
            &self.key,
            id.to_string(),
            slot.as_millis(),
            next.map(Timestamp::as_millis)
        );
        Ok(rows == 1)
    }

    /// Stores a new digest; false where its schedule has one for the same instant.
    pub async fn insert_digest(&mut self, digest: &Digest) -> Result<bool> {
        let Venue { surface, team, channel, .. } = &digest.venue;
        let rows = execute!(
            self.session,
            "INSERT INTO digests (tenant_id, id, schedule_id, kind, surface, team, channel, projects, slot, state, why, \
             asked_by, message, details, posted_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) \
             ON CONFLICT (tenant_id, schedule_id, slot) WHERE schedule_id IS NOT NULL DO NOTHING",
            &self.key,
            digest.id.to_string(),
            digest.schedule.map(|id| id.to_string()),
            digest.kind.as_str(),
            surface.as_str(),
            team,
            channel,
            to_json("projects", &digest.projects)?,
            digest.slot.as_millis(),
            digest.state.as_str(),
            &digest.why,
            digest.by.map(|id| id.to_string()),
            &digest.message,
            to_json("messages", &digest.details)?,
            digest.posted_at.map(Timestamp::as_millis)
        );
        Ok(rows == 1)
    }

    /// Stores what became of a digest: its state with the reason, its messages, and when it was posted. Once it is on its
    /// way no more, nothing is kept of its wording.
    pub async fn update_digest(&mut self, digest: &Digest) -> Result<()> {
        execute!(
            self.session,
            "UPDATE digests SET state = $3, why = $4, message = $5, details = $6, posted_at = $7, \
             shown = $8, wording = CASE WHEN $3 = 'due' THEN wording END WHERE tenant_id = $1 AND id = $2",
            &self.key,
            digest.id.to_string(),
            digest.state.as_str(),
            &digest.why,
            &digest.message,
            to_json("messages", &digest.details)?,
            digest.posted_at.map(Timestamp::as_millis),
            &digest.shown
        );
        Ok(())
    }

    /// What a model made of the facts of a digest that is on its way; `None` where none was asked yet.
    pub async fn wording(&mut self, id: DigestId) -> Result<Option<Wording>> {
        let row = first!(
            self.session,
            (Option<String>,),
            "SELECT wording FROM digests WHERE tenant_id = $1 AND id = $2",
            &self.key,
            id.to_string()
        );
        from_json_opt("wording", row.and_then(|(wording,)| wording).as_deref())
    }

    /// Keeps what a model made of the facts of a digest, as long as that is on its way.
    pub async fn put_wording(&mut self, id: DigestId, wording: &Wording) -> Result<()> {
        execute!(
            self.session,
            "UPDATE digests SET wording = $3 WHERE tenant_id = $1 AND id = $2 AND state = 'due'",
            &self.key,
            id.to_string(),
            to_json("wording", wording)?
        );
        Ok(())
    }

    /// Forgets all that models made of the facts of digests, for it may be made of what somebody wants forgotten. They are
    /// asked again.
    pub async fn forget_wordings(&mut self) -> Result<()> {
        let unposted = "UPDATE digests SET wording = NULL WHERE tenant_id = $1 AND wording IS NOT NULL";
        execute!(self.session, unposted, &self.key);
        Ok(())
    }

    /// The digest of this id.
    pub async fn digest(&mut self, id: DigestId) -> Result<Option<Digest>> {
        let row = first!(self.session, DigestRow, select_digests!("AND id = $2"), &self.key, id.to_string());
        row.map(TryInto::try_into).transpose()
    }

    /// The newest digest of a schedule that was posted for an instant before `before`.
    pub async fn last_digest(&mut self, schedule: ScheduleId, before: Timestamp) -> Result<Option<Digest>> {
        let row = first!(self.session, DigestRow, LAST_POSTED, &self.key, schedule.to_string(), before.as_millis());
        row.map(TryInto::try_into).transpose()
    }

    /// The newest digest of a schedule, whatever became of it.
    pub async fn newest_digest(&mut self, schedule: ScheduleId) -> Result<Option<Digest>> {
        let row = first!(
            self.session,
            DigestRow,
            select_digests!("AND schedule_id = $2 ORDER BY slot DESC LIMIT 1"),
            &self.key,
            schedule.to_string()
        );
        row.map(TryInto::try_into).transpose()
    }
}
