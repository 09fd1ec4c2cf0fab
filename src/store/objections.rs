//! Objections to patches that would apply by themselves, and the clocks of these patches.

use super::{Result, Tx, codec::parse};
use crate::domain::{
    ids::{MemberId, PatchId},
    time::Timestamp,
};

impl Tx {
    /// Notes a member's objection to this revision of a patch; a second one only changes its reason.
    pub async fn object(
        &mut self,
        patch: PatchId,
        revision: u32,
        by: MemberId,
        reason: &str,
        at: Timestamp,
    ) -> Result<()> {
        execute!(
            self.session,
            "INSERT INTO objections (tenant_id, patch_id, revision, member_id, reason, at) \
             VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (tenant_id, patch_id, revision, member_id) DO UPDATE SET reason = excluded.reason",
            &self.key,
            patch.to_string(),
            i64::from(revision),
            by.to_string(),
            reason,
            at.as_millis()
        );
        Ok(())
    }

    /// Takes a member's objection back; false where there is none.
    pub async fn withdraw_objection(&mut self, patch: PatchId, revision: u32, by: MemberId) -> Result<bool> {
        let rows = execute!(
            self.session,
            "DELETE FROM objections WHERE tenant_id = $1 AND patch_id = $2 AND revision = $3 AND member_id = $4",
            &self.key,
            patch.to_string(),
            i64::from(revision),
            by.to_string()
        );
        Ok(rows == 1)
    }

    /// Who objects to this revision of a patch, and why, in the order of time.
    pub async fn objections(&mut self, patch: PatchId, revision: u32) -> Result<Vec<(MemberId, String)>> {
        let rows = all!(
            self.session,
            (String, String),
            "SELECT member_id, reason FROM objections WHERE tenant_id = $1 AND patch_id = $2 AND revision = $3 \
             ORDER BY at, member_id",
            &self.key,
            patch.to_string(),
            i64::from(revision)
        );
        rows.into_iter().map(|(member, reason)| Ok((parse("member", &member)?, reason))).collect()
    }

    /// Lets the clock of a patch run from `at`.
    pub async fn start_clock(&mut self, patch: PatchId, at: Timestamp) -> Result<()> {
        execute!(
            self.session,
            "UPDATE patches SET clock_from = $3 WHERE tenant_id = $1 AND id = $2",
            &self.key,
            patch.to_string(),
            at.as_millis()
        );
        Ok(())
    }

    /// Since when the clock of a patch runs; `None` for since its creation.
    pub async fn clock(&mut self, patch: PatchId) -> Result<Option<Timestamp>> {
        let row = first!(
            self.session,
            (Option<i64>,),
            "SELECT clock_from FROM patches WHERE tenant_id = $1 AND id = $2",
            &self.key,
            patch.to_string()
        );
        Ok(row.and_then(|(at,)| at).map(Timestamp::from_millis))
    }
}
