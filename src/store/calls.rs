//! Calls of models: what they were for and what they cost.

use sqlx::FromRow;

use super::{
    Error, Result, Tx,
    codec::{natural, parse, parse_opt, whole, word},
};
use crate::domain::{
    ids::DeliveryId,
    model::{Call, ModelName},
    time::Timestamp,
};

/// The sum of what calls count, each of them up to 10¹²: nothing that one of them says makes the sum overflow.
macro_rules! tokens_where {
    ($condition:literal) => {
        concat!(
            "SELECT CAST(COALESCE(SUM(CASE WHEN cost > 1000000000000 THEN 1000000000000 ELSE cost END), 0) AS BIGINT) \
             FROM llm_calls WHERE tenant_id = $1 AND ",
            $condition
        )
    };
}

/// What the calls of tenant `$1` since `$2` count.
pub(super) const TOKENS_SINCE: &str = tokens_where!("at >= $2");

/// What the calls for delivery `$2` of tenant `$1` count.
pub(super) const TOKENS_OF: &str = tokens_where!("delivery_id = $2");

/// The calls of tenant `$1` since `$2`.
pub(super) const CALLS_SINCE: &str = "SELECT id, delivery_id, purpose, account, model, prompt, reserved, \
     prompt_tokens, answer_tokens, outcome, at, millis FROM llm_calls WHERE tenant_id = $1 AND at >= $2 \
     ORDER BY at, id";

#[derive(FromRow)]
struct Row {
    id: String,
    delivery_id: Option<String>,
    purpose: String,
    account: String,
    model: String,
    prompt: String,
    reserved: i64,
    prompt_tokens: i64,
    answer_tokens: i64,
    outcome: String,
    at: i64,
    millis: i64,
}

impl TryFrom<Row> for Call {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: parse("call", &row.id)?,
            delivery: parse_opt("delivery", row.delivery_id.as_deref())?,
            purpose: word("use of a model", &row.purpose)?,
            model: ModelName { account: row.account, model: row.model },
            prompt: row.prompt,
            reserved: natural("tokens", row.reserved)?,
            prompt_tokens: natural("tokens", row.prompt_tokens)?,
            answer_tokens: natural("tokens", row.answer_tokens)?,
            outcome: word("outcome of a call", &row.outcome)?,
            at: Timestamp::from_millis(row.at),
            millis: natural("time", row.millis)?,
        })
    }
}

impl Tx {
    /// Adds a call; what it sets aside counts from now on.
    pub async fn insert_call(&mut self, call: &Call) -> Result<()> {
        execute!(
            self.session,
            "INSERT INTO llm_calls (tenant_id, id, delivery_id, purpose, account, model, prompt, reserved, \
             prompt_tokens, answer_tokens, cost, outcome, at, millis) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
            &self.key,
            call.id.to_string(),
            call.delivery.map(|id| id.to_string()),
            call.purpose.as_str(),
            &call.model.account,
            &call.model.model,
            &call.prompt,
            whole(call.reserved),
            whole(call.prompt_tokens),
            whole(call.answer_tokens),
            whole(call.cost()),
            call.outcome.as_str(),
            call.at.as_millis(),
            whole(call.millis)
        );
        Ok(())
    }

    /// Writes how a running call ended and what it used, which counts instead of what was set aside. False where the
    /// call is not running: it ends once.
    pub async fn finish_call(&mut self, call: &Call) -> Result<bool> {
        let rows = execute!(
            self.session,
            "UPDATE llm_calls SET prompt_tokens = $3, answer_tokens = $4, cost = $5, outcome = $6, millis = $7 \
             WHERE tenant_id = $1 AND id = $2 AND outcome = 'running'",
            &self.key,
            call.id.to_string(),
            whole(call.prompt_tokens),
            whole(call.answer_tokens),
            whole(call.cost()),
            call.outcome.as_str(),
            whole(call.millis)
        );
        Ok(rows == 1)
    }

    /// The tokens that calls since `at` count: used ones, and what running ones set aside.
    pub async fn tokens_since(&mut self, at: Timestamp) -> Result<u64> {
        let row = first!(self.session, (i64,), TOKENS_SINCE, &self.key, at.as_millis());
        natural("tokens", row.map_or(0, |(tokens,)| tokens))
    }

    /// The tokens that calls for this delivery count, whenever they were made.
    pub async fn tokens_of(&mut self, delivery: DeliveryId) -> Result<u64> {
        let row = first!(self.session, (i64,), TOKENS_OF, &self.key, delivery.to_string());
        natural("tokens", row.map_or(0, |(tokens,)| tokens))
    }

    /// The calls since `at`, oldest first.
    pub async fn calls_since(&mut self, at: Timestamp) -> Result<Vec<Call>> {
        let rows = all!(self.session, Row, CALLS_SINCE, &self.key, at.as_millis());
        rows.into_iter().map(TryInto::try_into).collect()
    }
}
