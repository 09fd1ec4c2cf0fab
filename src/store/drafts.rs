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

impl Store {
    /// The schedules that offer drafts and whose next slot comes after `now`, before `until`.
    pub async fn schedules_with_drafts(&self, now: Timestamp, until: Timestamp) -> Result<Vec<(TenantId, ScheduleId)>> {
        let mut session = self.look().await?;
        let rows = all!(
            session,
            (String, String),
            "SELECT s.tenant_id, s.id FROM schedules s WHERE s.has_drafts AND s.next_run_at > $1 AND s.next_run_at < $2 \
             AND NOT EXISTS (SELECT 1 FROM tenants t WHERE t.id = s.tenant_id AND t.is_leaving) \
             ORDER BY s.next_run_at, s.tenant_id, s.id",
            now.as_millis(),
            until.as_millis()
        );
        rows.into_iter().map(|(tenant, id)| Ok((parse("tenant", &tenant)?, parse("schedule", &id)?))).collect()
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

    /// Stores where a draft was offered, what it showed and what its member wants to be different.
    pub async fn update_draft(&mut self, draft: &Draft) -> Result<()> {
        let (channel, message) = draft.offered.clone().unzip();
        execute!(
            self.session,
            "UPDATE drafts SET channel = $5, message = $6, shown = $7, says = $8 \
             WHERE tenant_id = $1 AND schedule_id = $2 AND slot = $3 AND member_id = $4",
            &self.key,
            draft.schedule.to_string(),
            draft.slot.as_millis(),
            draft.member.to_string(),
            channel,
            message,
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
            "SELECT schedule_id, slot, member_id, channel, message, shown, says, created_at FROM drafts \
             WHERE tenant_id = $1 AND schedule_id = $2 AND slot = $3 AND member_id = $4",
            &self.key,
            schedule.to_string(),
            slot.as_millis(),
            member.to_string()
        );
        row.map(TryInto::try_into).transpose()
    }

    /// The drafts of a member that were offered, those for the nearest digest after `now` first, then those that are over,
    /// the latest first.
    pub async fn drafts_of(&mut self, member: MemberId, now: Timestamp) -> Result<Vec<Draft>> {
        let rows = all!(
            self.session,
            DraftRow,
            "SELECT schedule_id, slot, member_id, channel, message, shown, says, created_at FROM drafts \
             WHERE tenant_id = $1 AND member_id = $2 AND message IS NOT NULL \
             ORDER BY CASE WHEN slot > $3 THEN 0 ELSE 1 END, CASE WHEN slot > $3 THEN slot ELSE -slot END, schedule_id \
             LIMIT 20",
            &self.key,
            member.to_string(),
            now.as_millis()
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
