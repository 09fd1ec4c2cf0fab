//! Private answers on their way to one person.

use sqlx::FromRow;

use super::{
    Error, Result, Tx,
    codec::{from_json, parse, parse_opt, to_json},
};
use crate::domain::{
    card::Answer,
    ids::{AnswerId, DeliveryId},
    message::Message,
    time::Timestamp,
};

/// How many answers to the delivery `$2` have reached their reader.
pub(super) const SENT_FOR: &str =
    "SELECT count(*) FROM answers WHERE tenant_id = $1 AND delivery_id = $2 AND sent_at IS NOT NULL";

#[derive(FromRow)]
struct AnswerRow {
    id: String,
    delivery_id: Option<String>,
    recipient: String,
    venue: String,
    message: String,
    created_at: i64,
    sent_at: Option<i64>,
}

impl TryFrom<AnswerRow> for Answer {
    type Error = Error;

    fn try_from(row: AnswerRow) -> Result<Self> {
        Ok(Self {
            id: parse("answer", &row.id)?,
            delivery: parse_opt("delivery", row.delivery_id.as_deref())?,
            to: from_json("recipient", &row.recipient)?,
            venue: from_json("venue", &row.venue)?,
            message: from_json("message", &row.message)?,
            created_at: Timestamp::from_millis(row.created_at),
            sent_at: row.sent_at.map(Timestamp::from_millis),
        })
    }
}

impl Tx {
    /// Stores a new answer.
    pub async fn insert_answer(&mut self, answer: &Answer) -> Result<()> {
        execute!(
            self.session,
            "INSERT INTO answers (tenant_id, id, delivery_id, recipient, venue, message, created_at, sent_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            &self.key,
            answer.id.to_string(),
            answer.delivery.map(|id| id.to_string()),
            to_json("recipient", &answer.to)?,
            to_json("venue", &answer.venue)?,
            to_json("message", &answer.message)?,
            answer.created_at.as_millis(),
            answer.sent_at.map(Timestamp::as_millis)
        );
        Ok(())
    }

    /// The answer of this id.
    pub async fn answer(&mut self, id: AnswerId) -> Result<Option<Answer>> {
        let row = first!(
            self.session,
            AnswerRow,
            "SELECT id, delivery_id, recipient, venue, message, created_at, sent_at FROM answers \
             WHERE tenant_id = $1 AND id = $2",
            &self.key,
            id.to_string()
        );
        row.map(TryInto::try_into).transpose()
    }

    /// Marks an answer as having reached its reader. Its words go, for they may quote what somebody wants forgotten.
    pub async fn set_answer_sent(&mut self, id: AnswerId, at: Timestamp) -> Result<()> {
        execute!(
            self.session,
            "UPDATE answers SET sent_at = $3, message = $4 WHERE tenant_id = $1 AND id = $2",
            &self.key,
            id.to_string(),
            at.as_millis(),
            to_json("message", &Message::text(""))?
        );
        Ok(())
    }

    /// How many answers to this delivery have reached their reader: how often its reply address was used.
    pub async fn answers_sent_for(&mut self, delivery: DeliveryId) -> Result<usize> {
        let row = first!(self.session, (i64,), SENT_FOR, &self.key, delivery.to_string());
        Ok(row.and_then(|(count,)| usize::try_from(count).ok()).unwrap_or(0))
    }
}
