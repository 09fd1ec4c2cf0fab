//! What a provider says when it does not answer, in all the shapes it comes in, and what that means.

use std::time::Duration;

use secrecy::ExposeSecret as _;
use serde_json::Value;

use crate::llm::{Endpoint, LlmError, Request};

/// Characters of somebody else's words that are shown to a person, at most.
const SHORT: usize = 300;
/// As many characters of ours in a row make a provider's words a repetition of ours.
const REPEATED: usize = 24;

/// An error as a provider tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// The HTTP status; 200 for an error in the middle of a stream.
    pub(super) status: u16,
    /// For how long it asks to wait.
    pub(super) pause: Option<Duration>,
    /// Its words for people.
    message: String,
    /// Whether they stand where an error has its words. A body of another form may be anything, of a server that is
    /// none for models, and is not shown.
    is_meant: bool,
    /// Its words for programs: code, type and parameter, in lower case.
    code: String,
}

/// Codes and words for money that ran out: of OpenAI, Anthropic, `DeepSeek` and xAI.
const OUT_OF_MONEY: &[&str] = &[
    "insufficient_quota",
    "billing_hard_limit_reached",
    "billing_not_active",
    "credit balance",
    "insufficient balance",
    "insufficient credits",
    "available credits",
];
/// Codes and words for a prompt that is longer than the model can read.
const TOO_LONG: &[&str] =
    &["context_length_exceeded", "context length", "context window", "prompt is too long", "maximum context"];
/// Codes for too many requests, in a stream that had begun.
const TOO_MANY: &[&str] = &["rate_limit", "too_many_requests", "resource_exhausted", "overloaded"];

impl Told {
    /// Reads the body of a response that is no answer.
    pub(super) fn new(status: u16, pause: Option<Duration>, body: &[u8]) -> Self {
        let told = match serde_json::from_slice(body) {
            Ok(body) => Self::in_json(&body).unwrap_or_default(),
            Err(_) => Self { message: String::from_utf8_lossy(body).into_owned(), ..Self::default() },
        };
        Self { status, pause: pause.or(told.pause), ..told }
    }

    /// Reads an error out of JSON; `None` where it is none.
    ///
    /// `{"error": {"message", "type", "param", "code"}}` is OpenAI's; Gemini puts that into a list and its code is a
    /// number; xAI's and older Ollama's `error` is a text; vLLM leaves out the `error` around it; others say `detail`.
    pub(super) fn in_json(body: &Value) -> Option<Self> {
        let body = body.as_array().and_then(|list| list.first()).unwrap_or(body);
        let is_bare = body["object"] == "error" || (body.get("message").is_some() && body.get("choices").is_none());
        let error = match body.get("error").or_else(|| body.get("detail")) {
            Some(Value::Null) | None if is_bare => body,
            Some(Value::Null) | None => return None,
            Some(error) => error,
        };
        let text = |value: &Value| value.as_str().map(str::to_owned).unwrap_or_default();
        let (message, is_meant) = match error {
            Value::Object(error) => (error.get("message").map(text).unwrap_or_default(), true),
            Value::String(words) => (words.clone(), true),
            other => (other.to_string(), false),
        };
        let outer = if error.is_string() { text(&body["code"]) } else { String::new() };
        let codes = ["code", "type", "param", "status"].map(|field| error.get(field).map(text).unwrap_or_default());
        let code = format!("{} {outer}", codes.join(" ")).trim().to_lowercase();
        Some(Self { status: 200, pause: retry_delay(error), message, is_meant, code })
    }

    /// Whether the error names one of these.
    pub(super) fn mentions(&self, words: &[&str]) -> bool {
        let message = self.message.to_lowercase();
        words.iter().any(|word| self.code.contains(word) || message.contains(word))
    }

    /// What the error means for the one who asked.
    pub(super) fn error(&self, endpoint: &Endpoint, request: &Request) -> LlmError {
        let status = self.status;
        let denied = |why: &str| LlmError::Denied { status, why: why.to_owned() };
        if status == 402 || (status < 500 && self.mentions(OUT_OF_MONEY)) {
            return LlmError::QuotaExhausted;
        }
        match status {
            429 | 529 => LlmError::RateLimited { pause: self.pause },
            200 if self.mentions(TOO_MANY) => LlmError::RateLimited { pause: self.pause },
            200 => LlmError::Unreachable(format!("it broke off: {}", self.words(endpoint, request))),
            408 | 500.. => LlmError::Unreachable(format!("it answered with an error of its own ({status})")),
            300..=399 => denied("the address leads elsewhere; use the one it leads to"),
            401 => denied("the key is missing or not accepted"),
            403 => denied("the key may not use this model"),
            404 if self.mentions(&["model"]) => denied("it does not know this model"),
            404 => denied("there is no such API at this address"),
            _ if self.mentions(TOO_LONG) => denied("the prompt is longer than the model can read"),
            413 => denied("the prompt is longer than it accepts"),
            _ => denied(&self.words(endpoint, request)),
        }
    }

    /// The provider's words in one short line, without anything that we sent.
    fn words(&self, endpoint: &Endpoint, request: &Request) -> String {
        let line = one_line(&self.message);
        let key = endpoint.key.as_ref().map_or("", |key| key.expose_secret());
        let is_ours = (!key.is_empty() && line.contains(key)) || repeats(&line, request);
        if line.is_empty() || is_ours || !self.is_meant {
            "it gives no reason that can be shown".to_owned()
        } else {
            line
        }
    }
}

/// Somebody else's words in one short line.
pub(super) fn one_line(words: &str) -> String {
    let plain: String = words.chars().map(|c| if c.is_control() { ' ' } else { c }).take(4 * SHORT).collect();
    let line = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = line.chars().take(SHORT).collect();
    if short.len() < line.len() { format!("{}…", short.trim_end()) } else { short }
}

/// Whether a line quotes a longer piece of what was asked.
fn repeats(line: &str, request: &Request) -> bool {
    let asked: Vec<String> =
        request.messages.iter().map(|(_, text)| text.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    let starts: Vec<usize> = line.char_indices().map(|(at, _)| at).chain([line.len()]).collect();
    starts.windows(REPEATED + 1).any(|window| {
        let piece = &line[window[0]..window[REPEATED]];
        asked.iter().any(|text| text.contains(piece))
    })
}

/// Gemini's `details: [{"@type": "…RetryInfo", "retryDelay": "37s"}]`.
fn retry_delay(error: &Value) -> Option<Duration> {
    let details = error.get("details")?.as_array()?;
    details.iter().find_map(|detail| super::transport::duration(detail["retryDelay"].as_str()?))
}
