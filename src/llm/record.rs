//! Calls in the metrics and in the log: numbers and names, nothing of what was said.

use std::time::Duration;

use crate::{domain::model::Call, telemetry};

/// Counts a call that has ended.
pub(super) fn counted(call: &Call) {
    let Call { purpose, model, outcome, prompt_tokens, answer_tokens, .. } = call;
    let (purpose, outcome) = (purpose.as_str(), outcome.as_str());
    let (account, model) = (model.account.clone(), model.model.clone());
    let labels = [("purpose", purpose.to_owned()), ("model", model.clone()), ("account", account.clone())];
    metrics::counter!(
        telemetry::LLM_CALLS,
        "purpose" => purpose, "model" => model, "account" => account, "outcome" => outcome
    )
    .increment(1);
    for (kind, tokens) in [("prompt", prompt_tokens), ("answer", answer_tokens)] {
        let labels = [("kind", kind.to_owned())].into_iter().chain(labels.clone());
        metrics::counter!(telemetry::LLM_TOKENS, &labels.collect::<Vec<_>>()).increment(*tokens);
    }
    let took = Duration::from_millis(call.millis).as_secs_f64();
    metrics::histogram!(telemetry::LLM_SECONDS, &labels).record(took);
    tracing::info!(
        purpose,
        model = %call.model,
        prompt = call.prompt,
        outcome,
        prompt_tokens,
        answer_tokens,
        ms = call.millis,
        "asked a model"
    );
}
