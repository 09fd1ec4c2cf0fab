//! Whom digests told of, and what members say of their part beforehand.

use std::collections::BTreeMap;

use sqlx::FromRow;

use super::{
    Error, Result, Store, Tx,
    codec::{from_json, parse, to_json},
};
use crate::domain::{
    digest::{Draft, Says},
    ids::{DigestId, MemberId, ScheduleId, TenantId},
    time::Timestamp,
};

#[derive(FromRow)]
struct DraftRow {
    schedule_id: String,
    slot: i64,
    member_id: String,
    channel: Option<String>,
    message: Option<String>,
    shown: String,
    says: String,
    created_at: i64,
}

impl TryFrom<DraftRow> for Draft {
    type Error = Error;

    fn try_from(row: DraftRow) -> Result<Self> {
        Ok(Self {
            schedule: parse("schedule", &row.schedule_id)?,
            slot: Timestamp::from_millis(row.slot),
            member: parse("member", &row.member_id)?,
            offered: row.channel.zip(row.message),
            shown: from_json("draft", &row.shown)?,
            says: from_json("draft", &row.says)?,
            created_at: Timestamp::from_millis(row.created_at),
        })
    }
}

/// A query of drafts as [`DraftRow`]s, tenant first.
macro_rules! select_drafts {
    ($rest:literal) => {
        concat!(
            "SELECT schedule_id, slot, member_id, channel, message, shown, says, created_at FROM drafts \
             WHERE tenant_id = $1 ",
            $rest
        )
    };
}

/// The draft that was offered to a member in this message.
pub(super) const BY_MESSAGE: &str = select_drafts!("AND channel = $2 AND message = $3 AND member_id = $4");

/// The drafts of digests for an instant before `$1`, up to `$2` of them.
pub(super) const OLD: &str = "DELETE FROM drafts WHERE (tenant_id, schedule_id, slot, member_id) IN \
     (SELECT tenant_id, schedule_id, slot, member_id FROM drafts WHERE slot < $1 ORDER BY slot LIMIT $2)";

/// The schedules that offer drafts and whose next slot comes after `$1`, before `$2`.
pub(super) const OFFERING: &str = "SELECT s.tenant_id, s.id FROM schedules s WHERE s.has_drafts AND s.kind = 'standup' \
     AND s.next_run_at > $1 AND s.next_run_at < $2 AND NOT EXISTS \
     (SELECT 1 FROM tenants t WHERE t.id = s.tenant_id AND t.is_leaving) ORDER BY s.next_run_at, s.tenant_id, s.id";

impl Store {
    /// The schedules that offer drafts and whose next slot comes after `now`, before `until`.
    pub async fn schedules_with_drafts(&self, now: Timestamp, until: Timestamp) -> Result<Vec<(TenantId, ScheduleId)>> {
        let mut session = self.look().await?;
        let rows = all!(session, (String, String), OFFERING, now.as_millis(), until.as_millis());
        rows.into_iter().map(|(tenant, id)| Ok((parse("tenant", &tenant)?, parse("schedule", &id)?))).collect()
    }

    /// Forgets up to `most` drafts of digests for an instant before this one. Says how many.
    pub async fn forget_drafts(&self, before: Timestamp, most: i64) -> Result<u64> {
        let mut session = self.begin().await?;
        let rows = execute!(session, OLD, before.as_millis(), most);
        session.commit().await?;
        Ok(rows)
    }
}

impl Tx {
    /// Stores of whom a digest tells.
    pub async fn put_told(&mut self, digest: DigestId, members: &[MemberId]) -> Result<()> {
        execute!(
            self.session,
            "DELETE FROM digest_people WHERE tenant_id = $1 AND digest_id = $2",
            &self.key,
            digest.to_string()
        );
        for member in members {
            execute!(
                self.session,
                "INSERT INTO digest_people (tenant_id, digest_id, member_id) VALUES ($1, $2, $3)",
                &self.key,
                digest.to_string(),
                member.to_string()
            );
        }
        Ok(())
    }

    /// For which instant a schedule's digests told of each member last, from `since` on and before `before`.
    pub async fn told_until(
        &mut self,
        schedule: ScheduleId,
        since: Timestamp,
        before: Timestamp,
    ) -> Result<BTreeMap<MemberId, Timestamp>> {
        let rows = all!(
            self.session,
            (String, i64),
            "SELECT p.member_id, max(d.slot) FROM digests d \
             JOIN digest_people p ON p.tenant_id = d.tenant_id AND p.digest_id = d.id \
             WHERE d.tenant_id = $1 AND d.schedule_id = $2 AND d.state = 'posted' AND d.slot >= $3 AND d.slot < $4 \
             GROUP BY p.member_id ORDER BY p.member_id",
            &self.key,
            schedule.to_string(),
            since.as_millis(),
            before.as_millis()
        );
        rows.into_iter().map(|(member, slot)| Ok((parse("member", &member)?, Timestamp::from_millis(slot)))).collect()
    }

    /// Stores a new draft; false where the member has one for this slot.
    pub async fn insert_draft(&mut self, draft: &Draft) -> Result<bool> {
        let rows = execute!(
            self.session,
            "INSERT INTO drafts (tenant_id, schedule_id, slot, member_id, channel, message, shown, says, created_at) \
             VALUES ($1, $2, $3, $4, NULL, NULL, $5, $6, $7) ON CONFLICT DO NOTHING",
            &self.key,
            draft.schedule.to_string(),
            draft.slot.as_millis(),
            draft.member.to_string(),
            to_json("draft", &draft.shown)?,
            to_json("draft", &draft.says)?,
            draft.created_at.as_millis()
        );
        Ok(rows == 1)
    }

    /// Stores in which message a draft was offered, and what the numbered lines there are about.
    pub async fn set_offered(
        &mut self,
        (schedule, slot, member): (ScheduleId, Timestamp, MemberId),
        (channel, message): &(String, String),
        shown: &[String],
    ) -> Result<()> {
        execute!(
            self.session,
            "UPDATE drafts SET channel = $5, message = $6, shown = $7 \
             WHERE tenant_id = $1 AND schedule_id = $2 AND slot = $3 AND member_id = $4",
            &self.key,
            schedule.to_string(),
            slot.as_millis(),
            member.to_string(),
            channel,
            message,
            to_json("draft", shown)?
        );
        Ok(())
    }

    /// Stores what its member wants to be different in a draft, and what its numbered lines are about since.
    pub async fn set_says(&mut self, draft: &Draft) -> Result<()> {
        execute!(
            self.session,
            "UPDATE drafts SET shown = $5, says = $6 \
             WHERE tenant_id = $1 AND schedule_id = $2 AND slot = $3 AND member_id = $4",
            &self.key,
            draft.schedule.to_string(),
            draft.slot.as_millis(),
            draft.member.to_string(),
            to_json("draft", &draft.shown)?,
            to_json("draft", &draft.says)?
        );
        Ok(())
    }

    /// The draft of a member for one slot of a schedule.
    pub async fn draft(&mut self, schedule: ScheduleId, slot: Timestamp, member: MemberId) -> Result<Option<Draft>> {
        let row = first!(
            self.session,
            DraftRow,
            select_drafts!("AND schedule_id = $2 AND slot = $3 AND member_id = $4"),
            &self.key,
            schedule.to_string(),
            slot.as_millis(),
            member.to_string()
        );
        row.map(TryInto::try_into).transpose()
    }

    /// The same for whoever will change it: until this transaction ends nobody else does.
    ///
    /// Without it, a command and an answer in its thread would on PostgreSQL each read what the other is changing, and one
    /// of the two would be lost.
    pub async fn lock_draft(
        &mut self,
        schedule: ScheduleId,
        slot: Timestamp,
        member: MemberId,
    ) -> Result<Option<Draft>> {
        execute!(
            self.session,
            "UPDATE drafts SET created_at = created_at \
             WHERE tenant_id = $1 AND schedule_id = $2 AND slot = $3 AND member_id = $4",
            &self.key,
            schedule.to_string(),
            slot.as_millis(),
            member.to_string()
        );
        self.draft(schedule, slot, member).await
    }

    /// The draft that was offered to a member in this message.
    pub async fn draft_at(&mut self, member: MemberId, channel: &str, message: &str) -> Result<Option<Draft>> {
        let row = first!(self.session, DraftRow, BY_MESSAGE, &self.key, channel, message, member.to_string());
        row.map(TryInto::try_into).transpose()
    }

    /// The drafts of a member that are kept, also of digests that have come, in the order of these.
    pub async fn drafts_of(&mut self, member: MemberId) -> Result<Vec<Draft>> {
        let rows = all!(
            self.session,
            DraftRow,
            select_drafts!("AND member_id = $2 ORDER BY slot, schedule_id"),
            &self.key,
            member.to_string()
        );
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// What members want to be different in a digest.
    pub async fn says(&mut self, schedule: ScheduleId, slot: Timestamp) -> Result<BTreeMap<MemberId, Says>> {
        let rows = all!(
            self.session,
            (String, String),
            "SELECT member_id, says FROM drafts WHERE tenant_id = $1 AND schedule_id = $2 AND slot = $3 \
             ORDER BY member_id",
            &self.key,
            schedule.to_string(),
            slot.as_millis()
        );
        rows.iter().map(|(member, says)| Ok((parse("member", member)?, from_json("draft", says)?))).collect()
    }
}
