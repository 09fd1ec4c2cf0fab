//! The models: accounts, what each is used for, what they cost, and the form for another account.

use std::time::Duration;

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};

use super::{
    Viewer, Web,
    accounts::Typed,
    reply::{Frame, Trouble},
};
use crate::{
    chat::console::render::Moment,
    domain::{
        ids::DeliveryId,
        model::{Call, CallOutcome, ModelName, Use},
        time::Timestamp,
    },
    llm::models::{AccountState, AccountView, ENVIRONMENT, KeyPlace, Overview},
};

/// Calls on the page.
const CALLS: usize = 20;
/// How far back the calls on the page go.
const CALLS_SINCE: Duration = Duration::from_hours(24);

/// A provider whose address the form can fill in.
struct Provider {
    label: &'static str,
    /// What the account is called unless somebody says otherwise.
    name: &'static str,
    address: &'static str,
    /// Whether it asks for no key.
    keyless: bool,
}

/// The addresses are those of the providers' own pages on their OpenAI-compatible interface.
const PROVIDERS: [Provider; 6] = [
    Provider { label: "OpenAI", name: "openai", address: "https://api.openai.com/v1", keyless: false },
    Provider { label: "Anthropic", name: "anthropic", address: "https://api.anthropic.com/v1", keyless: false },
    Provider {
        label: "Gemini",
        name: "gemini",
        address: "https://generativelanguage.googleapis.com/v1beta/openai",
        keyless: false,
    },
    Provider { label: "xAI", name: "xai", address: "https://api.x.ai/v1", keyless: false },
    Provider { label: "Ollama", name: "ollama", address: "http://127.0.0.1:11434/v1", keyless: true },
    Provider { label: "vLLM", name: "vllm", address: "http://127.0.0.1:8000/v1", keyless: true },
];

#[derive(Template)]
#[template(path = "models.html", config = "src/web/askama.toml")]
struct ModelsPage {
    frame: Frame,
    overview: Overview,
    /// Every enabled model by its account.
    models: Vec<ModelName>,
    uses: Vec<UseRow>,
    /// The newest calls, newest first.
    calls: Vec<CallRow>,
    /// What was typed into the form before it was refused.
    typed: Typed,
    /// Why it was refused.
    trouble: Option<String>,
    /// The key of the next form.
    key: String,
}

/// A use and its model.
struct UseRow {
    word: &'static str,
    title: &'static str,
    what: &'static str,
    model: Option<ModelName>,
}

/// A call, for people.
struct CallRow {
    id: String,
    at: Timestamp,
    purpose: String,
    model: ModelName,
    tokens: String,
    took: String,
    outcome: &'static str,
    is_bad: bool,
}

/// The models.
pub(super) async fn page(State(web): State<Web>, viewer: Viewer) -> Response {
    web.reply(load(&web, &viewer, Typed::default(), None).await)
}

/// The models with the form as it was typed, but for its key, and why it was refused.
pub(super) async fn again(web: &Web, viewer: &Viewer, status: StatusCode, typed: Typed, trouble: String) -> Response {
    let mut response = web.reply(load(web, viewer, typed, Some(trouble)).await);
    if response.status() == StatusCode::OK {
        *response.status_mut() = status;
    }
    response
}

async fn load(web: &Web, viewer: &Viewer, typed: Typed, trouble: Option<String>) -> Result<ModelsPage, Trouble> {
    let now = web.chance.now();
    let mut tx = web.store.read(viewer.tenant).await?;
    let overview = web.models.overview(&mut tx, now).await?;
    let calls = tx.calls_since(now.minus(CALLS_SINCE)).await?;
    Ok(ModelsPage {
        frame: Frame::new("Models", "models").of(viewer),
        models: models(&overview.accounts),
        uses: Use::ALL.iter().map(|purpose| use_row(*purpose, &overview)).collect(),
        calls: calls.into_iter().rev().take(CALLS).map(call_row).collect(),
        overview,
        typed,
        trouble,
        key: web.chance.id::<DeliveryId>().to_string(),
    })
}

fn models(accounts: &[AccountView]) -> Vec<ModelName> {
    let of = |account: &AccountView| {
        let name = |model: &String| ModelName { account: account.name.clone(), model: model.clone() };
        account.models.iter().map(name).collect::<Vec<_>>()
    };
    accounts.iter().flat_map(of).collect()
}

fn use_row(purpose: Use, overview: &Overview) -> UseRow {
    let (title, what) = use_words(purpose);
    UseRow { word: purpose.as_str(), title, what, model: overview.uses.get(&purpose).cloned() }
}

fn call_row(call: Call) -> CallRow {
    let (outcome, is_bad) = outcome_words(call.outcome);
    let purpose = use_words(call.purpose).0;
    CallRow {
        id: call.id.to_string(),
        at: call.at,
        // Nobody's words were handled: somebody tried the account out.
        purpose: if call.delivery.is_some() { purpose.to_owned() } else { format!("{purpose}, as a test") },
        tokens: grouped(call.cost()),
        took: seconds(call.millis),
        model: call.model,
        outcome,
        is_bad,
    }
}

impl ModelsPage {
    /// How much of the day's budget is used, in percent.
    fn percent(&self) -> u64 {
        self.overview.used.saturating_mul(100).checked_div(self.overview.limit).unwrap_or(100).min(100)
    }

    /// How much of it is used, in words.
    fn spent(&self) -> String {
        format!("{} of {} tokens used today (UTC)", grouped(self.overview.used), grouped(self.overview.limit))
    }
}

/// What a use is, for people.
const fn use_words(purpose: Use) -> (&'static str, &'static str) {
    match purpose {
        Use::Route => ("Understand", "which command free text means"),
        Use::Plan => ("Plan", "the first plan of a project"),
        Use::Break => ("Break down", "the sub-tasks of a task"),
        Use::Refine => ("Refine", "changes asked for in words"),
        Use::Match => ("Match", "which task a conversation is about"),
        Use::Digest => ("Digest", "the focus of a standup, and what is talked about"),
    }
}

/// How a call ended, for people, and whether that is bad.
const fn outcome_words(outcome: CallOutcome) -> (&'static str, bool) {
    match outcome {
        CallOutcome::Running => ("running", false),
        CallOutcome::Answered => ("answered", false),
        CallOutcome::Invalid => ("answer not usable", true),
        CallOutcome::Refused => ("model refused", true),
        CallOutcome::Truncated => ("answer cut off", true),
        CallOutcome::RateLimited => ("asked to wait", true),
        CallOutcome::QuotaExhausted => ("provider's quota used up", true),
        CallOutcome::Denied => ("provider denied it", true),
        CallOutcome::Unreachable => ("not reached", true),
        CallOutcome::Stopped => ("stopped", false),
    }
}

/// A number with its thousands apart: `1 000 000`, which no reader takes for a decimal.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && at % 3 == first {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// A duration in seconds: `0.4 s`, `12 s`.
fn seconds(millis: u64) -> String {
    match millis {
        0..10_000 => format!("{}.{} s", millis / 1000, millis % 1000 / 100),
        _ => format!("{} s", millis / 1000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_easily() {
        for (number, words) in [(0, "0"), (999, "999"), (1000, "1 000"), (12_345, "12 345"), (1_000_000, "1 000 000")] {
            assert_eq!(grouped(number).replace('\u{202f}', " "), words);
        }
        for (millis, words) in [(0, "0.0 s"), (449, "0.4 s"), (9_999, "9.9 s"), (61_500, "61 s")] {
            assert_eq!(seconds(millis), words);
        }
    }

    #[test]
    fn every_provider_has_an_address_without_a_slash_at_its_end() {
        for Provider { label, name, address, keyless } in PROVIDERS {
            assert!(address.starts_with("http") && !address.ends_with('/'), "{label}");
            assert_eq!(address.starts_with("http://127.0.0.1"), keyless, "{label}");
            assert!(name.chars().all(char::is_alphanumeric), "{label}");
        }
    }
}
