//! What a tenant may spend on models: set aside before a call, settled after it.
//!
//! Both happen in the database, and a tenant is locked meanwhile: any number of processes together spend no more than
//! the budget. A call whose process died keeps what it set aside until the day is over, because nobody knows what it
//! cost. A call that was dropped, because somebody stopped it or the lease of its job was lost, is settled with the
//! tokens of its prompt: what the model wrote until then is not known.

use chrono::NaiveTime;
use tokio::{runtime::Handle, time::Instant};

use super::trouble::Trouble;
use crate::{
    domain::{
        ids::TenantId,
        member::Member,
        model::{Call, CallOutcome, RUN_TOKENS},
        time::Timestamp,
    },
    store::{self, Store, Tx},
};

/// The instant at which the day's budget began: midnight UTC.
pub fn day_of(now: Timestamp) -> Timestamp {
    let midnight = now.to_utc().date_naive().and_time(NaiveTime::MIN).and_utc();
    Timestamp::from_millis(midnight.timestamp_millis())
}

/// What a call used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Used {
    pub(super) prompt: u64,
    pub(super) answer: u64,
}

/// Tokens of one side of a call that a provider is believed to have counted, at most.
const MOST_COUNTED: u64 = 10_000_000;
/// How many times as much as was set aside, at most: a model that thinks may go beyond its limit, but not so far.
const MOST_TIMES: u64 = 4;

impl Used {
    pub(super) const NOTHING: Self = Self { prompt: 0, answer: 0 };

    /// What a provider counted for a call that set `reserved` tokens aside, as far as it can be believed. Where it
    /// counted nothing, our own count holds: a text that was read or written has tokens.
    pub(super) fn counted(prompt: Option<u64>, answer: Option<u64>, ours: Self, reserved: u64) -> Self {
        let most = reserved.saturating_mul(MOST_TIMES).min(MOST_COUNTED);
        let believed = |told: Option<u64>, own| match told {
            None | Some(0) => own,
            Some(tokens) => tokens.min(most),
        };
        Self { prompt: believed(prompt, ours.prompt), answer: believed(answer, ours.answer) }
    }
}

/// A call that is under way. Dropped before it is [settled](Self::settle), it is settled as stopped.
pub(super) struct Running {
    pub(super) call: Call,
    tenant: TenantId,
    /// Tokens of the prompt, as we counted them.
    prompt: u64,
    began: Instant,
    /// `None` once it is settled.
    store: Option<Store>,
}

/// Sets aside what a call may cost at most, or says why it may not be made.
pub(super) async fn reserve(
    store: &Store,
    tenant: TenantId,
    call: Call,
    prompt: u64,
) -> store::Result<Result<Running, Trouble>> {
    let mut tx = store.write(tenant).await?;
    tx.lock_tenant().await?;
    let limit = tx.model_settings().await?.daily_tokens;
    let used = tx.tokens_since(day_of(call.at)).await?;
    if used.saturating_add(call.reserved) > limit {
        let owners = owners(&mut tx).await?;
        return Ok(Err(Trouble::OverBudget { used, limit, run: false, owners }));
    }
    if let Some(delivery) = call.delivery {
        let used = tx.tokens_of(delivery).await?;
        if used.saturating_add(call.reserved) > RUN_TOKENS {
            return Ok(Err(Trouble::OverBudget { used, limit: RUN_TOKENS, run: true, owners: Vec::new() }));
        }
    }
    tx.insert_call(&call).await?;
    tx.commit().await?;
    Ok(Ok(Running { call, tenant, prompt, began: Instant::now(), store: Some(store.clone()) }))
}

/// Who can raise the budget, by name.
async fn owners(tx: &mut Tx) -> store::Result<Vec<String>> {
    let owners = tx.members().await?.into_iter().filter(Member::is_in_charge);
    Ok(owners.map(|member| member.name).take(5).collect())
}

impl Running {
    /// Writes how the call ended and what it used. Gives the call as it is stored.
    pub(super) async fn settle(mut self, outcome: CallOutcome, used: Used) -> store::Result<Call> {
        self.end(outcome, used);
        let Some(store) = self.store.take() else { return Ok(self.call.clone()) };
        finish(&store, self.tenant, &self.call).await?;
        Ok(self.call.clone())
    }

    fn end(&mut self, outcome: CallOutcome, used: Used) {
        self.call.outcome = outcome;
        self.call.prompt_tokens = used.prompt;
        self.call.answer_tokens = used.answer;
        self.call.millis = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(store) = self.store.take() else { return };
        self.end(CallOutcome::Stopped, Used { prompt: self.prompt, answer: 0 });
        super::record::counted(&self.call);
        // Without a runtime the process is ending, and what was set aside stays.
        let Ok(runtime) = Handle::try_current() else { return };
        let (tenant, call) = (self.tenant, self.call.clone());
        runtime.spawn(async move {
            if let Err(error) = finish(&store, tenant, &call).await {
                tracing::warn!(error = %error, "a stopped call of a model could not be settled");
            }
        });
    }
}

async fn finish(store: &Store, tenant: TenantId, call: &Call) -> store::Result<()> {
    let mut tx = store.write(tenant).await?;
    tx.finish_call(call).await?;
    tx.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_provider_counted_holds_within_reason() {
        let ours = Used { prompt: 70, answer: 30 };
        for (prompt, answer, reserved, expected) in [
            (Some(80), Some(25), 1_000, (80, 25)),
            (None, None, 1_000, (70, 30)),
            (Some(0), Some(0), 1_000, (70, 30)),
            (Some(4_000), Some(4_001), 1_000, (4_000, 4_000)),
            (Some(u64::MAX), Some(u64::MAX), 1_000, (4_000, 4_000)),
            (Some(u64::MAX), Some(1), u64::MAX, (10_000_000, 1)),
        ] {
            let used = Used::counted(prompt, answer, ours, reserved);
            assert_eq!((used.prompt, used.answer), expected, "{prompt:?} {answer:?} {reserved}");
        }
    }

    #[test]
    fn a_day_begins_at_midnight_utc() {
        let day = 86_400_000;
        for (now, began) in [(0, 0), (day - 1, 0), (day, day), (3 * day + 5, 3 * day)] {
            assert_eq!(day_of(Timestamp::from_millis(now)), Timestamp::from_millis(began));
        }
    }
}
