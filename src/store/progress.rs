//! Drafts that are being made, shown while they take long.

use sqlx::FromRow;

use super::{
    Error, Result, Tx,
    codec::{from_json, parse, parse_opt, to_json},
};
use crate::domain::{
    ids::{DeliveryId, MemberId},
    member::Surface,
    progress::Progress,
    time::Timestamp,
};

/// What tenant `$1` has to show on surface `$2`.
pub(super) const OPEN: &str = "SELECT delivery_id, venue, what, started_at, message, stopped_by, is_over FROM progress \
     WHERE tenant_id = $1 AND surface = $2 ORDER BY started_at, delivery_id";

#[derive(FromRow)]
struct Row {
    delivery_id: String,
    venue: String,
    what: String,
    started_at: i64,
    message: Option<String>,
    stopped_by: Option<String>,
    is_over: bool,
}

impl TryFrom<Row> for Progress {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            delivery: parse("delivery", &row.delivery_id)?,
            venue: from_json("venue", &row.venue)?,
            what: row.what,
            started_at: Timestamp::from_millis(row.started_at),
            message: row.message,
            stopped_by: parse_opt("member", row.stopped_by.as_deref())?,
            is_over: row.is_over,
        })
    }
}

impl Tx {
    /// The progress of the work on this delivery.
    pub async fn progress(&mut self, delivery: DeliveryId) -> Result<Option<Progress>> {
        let row = first!(
            self.session,
            Row,
            "SELECT delivery_id, venue, what, started_at, message, stopped_by, is_over FROM progress \
             WHERE tenant_id = $1 AND delivery_id = $2",
            &self.key,
            delivery.to_string()
        );
        row.map(TryInto::try_into).transpose()
    }

    /// Begins to show the work on a delivery, or takes it up again after a crash or a failure: then it began when it
    /// began, its message stays its message, and who stopped it stopped it.
    pub async fn put_progress(&mut self, progress: &Progress) -> Result<()> {
        execute!(
            self.session,
            "INSERT INTO progress (tenant_id, delivery_id, venue, surface, what, started_at, message, stopped_by, \
             is_over) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (tenant_id, delivery_id) DO UPDATE SET \
             what = excluded.what, is_over = excluded.is_over, \
             message = coalesce(excluded.message, progress.message), \
             stopped_by = coalesce(progress.stopped_by, excluded.stopped_by)",
            &self.key,
            progress.delivery.to_string(),
            to_json("venue", &progress.venue)?,
            progress.venue.surface.as_str(),
            &progress.what,
            progress.started_at.as_millis(),
            &progress.message,
            progress.stopped_by.map(|id| id.to_string()),
            progress.is_over
        );
        Ok(())
    }

    /// Remembers which message shows the work; false where the work is done by now, and nobody will take the
    /// message over or away.
    pub async fn set_progress_message(&mut self, delivery: DeliveryId, message: &str) -> Result<bool> {
        let rows = execute!(
            self.session,
            "UPDATE progress SET message = $3 WHERE tenant_id = $1 AND delivery_id = $2",
            &self.key,
            delivery.to_string(),
            message
        );
        Ok(rows == 1)
    }

    /// Says that a person stopped the work; false where there is nothing to stop, or somebody was first.
    pub async fn stop_progress(&mut self, delivery: DeliveryId, member: MemberId) -> Result<bool> {
        let rows = execute!(
            self.session,
            "UPDATE progress SET stopped_by = $3 \
             WHERE tenant_id = $1 AND delivery_id = $2 AND stopped_by IS NULL AND NOT is_over",
            &self.key,
            delivery.to_string(),
            member.to_string()
        );
        Ok(rows == 1)
    }

    /// Says that the work is over without a card: its message has to go.
    pub async fn end_progress(&mut self, delivery: DeliveryId) -> Result<()> {
        execute!(
            self.session,
            "UPDATE progress SET is_over = TRUE WHERE tenant_id = $1 AND delivery_id = $2",
            &self.key,
            delivery.to_string()
        );
        Ok(())
    }

    /// Forgets the work: its message is gone, or became a card.
    pub async fn remove_progress(&mut self, delivery: DeliveryId) -> Result<()> {
        execute!(
            self.session,
            "DELETE FROM progress WHERE tenant_id = $1 AND delivery_id = $2",
            &self.key,
            delivery.to_string()
        );
        Ok(())
    }

    /// What is being made for people on this surface, and what is over but still shown there; the oldest first.
    pub async fn open_progress(&mut self, surface: Surface) -> Result<Vec<Progress>> {
        let rows = all!(self.session, Row, OPEN, &self.key, surface.as_str());
        rows.into_iter().map(TryInto::try_into).collect()
    }
}
