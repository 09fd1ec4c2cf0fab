//! Language models: asked through one trait, in one shape, at a known cost.
//!
//! A model gets a [`Prompt`](prompt::Prompt) and a [schema] and answers with text; whoever asked reads it. It has no
//! tools, and nothing it says does anything before a person has approved it.

pub mod address;
pub mod answer;
mod ask;
pub mod breaker;
pub mod budget;
mod choice;
mod document;
pub mod fence;
pub mod models;
pub mod openai;
mod overview;
pub mod prompt;
pub mod reach;
mod record;
pub mod schema;
pub mod tokens;
mod trouble;

pub use ask::LONGEST_PROMPT;

use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretString;
use serde_json::Value;

use crate::domain::model::JsonMode;

/// Asks a model.
#[async_trait]
pub trait Llm: Send + Sync {
    /// Sends one request and waits for the whole answer. Dropping the future ends the request.
    ///
    /// Nothing is tried again here, but for a provider that refuses the way the answer is held to its shape: then the
    /// next weaker one is used, and named in the [`Completion`].
    async fn complete(&self, endpoint: &Endpoint, request: &Request) -> Result<Completion, LlmError>;
}

/// Where a model is, and how to get in.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// The API's address, normalised.
    pub base_url: String,
    /// The key, where the provider wants one.
    pub key: Option<SecretString>,
    /// Which machines it may be on.
    pub reach: reach::Reach,
    /// The strictest way it is believed to know of holding an answer to a shape.
    pub json: JsonMode,
}

/// Who says a part of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// The rules.
    System,
    /// What is asked.
    User,
    /// What the model answered before.
    Model,
}

/// A request to a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The provider's name of the model.
    pub model: String,
    /// What is said, in order.
    pub messages: Vec<(Speaker, String)>,
    /// What the schema is called: up to 64 of `A–Z a–z 0–9 _ -`.
    pub name: &'static str,
    /// The shape of the answer, in the portable subset of JSON Schema.
    pub schema: Value,
    /// Tokens of the longest answer.
    pub max_tokens: u32,
}

/// A whole answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// What the model said; should be JSON, and is for the asker to read.
    pub text: String,
    /// Tokens of the prompt, where the provider counted them.
    pub prompt_tokens: Option<u64>,
    /// Tokens of the answer, where the provider counted them.
    pub answer_tokens: Option<u64>,
    /// How the answer was held to its shape in the end.
    pub json: JsonMode,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LlmError {
    /// Too many requests. Worth trying again after a while, or elsewhere at once.
    #[error("the provider asks to wait")]
    RateLimited {
        /// How long, where it says so.
        pause: Option<Duration>,
    },
    /// The account is out of money or of its own quota. Waiting does not help.
    #[error("the account's quota with the provider is used up")]
    QuotaExhausted,
    /// The model refused to answer.
    #[error("the model refused: {0}")]
    Refused(String),
    /// The answer was cut off at its limit.
    #[error("the answer was cut off at {max_tokens} tokens")]
    Truncated {
        /// The limit.
        max_tokens: u32,
    },
    /// The provider refused the key, the model or the request.
    #[error("the provider refused with {status}: {why}")]
    Denied {
        /// The HTTP status.
        status: u16,
        /// Its words, shortened, without what we sent.
        why: String,
    },
    /// The answer is empty or no answer of such an API.
    #[error("the answer can't be read: {0}")]
    Unreadable(String),
    /// The provider could not be reached, failed, or took too long.
    #[error("the provider could not be reached: {0}")]
    Unreachable(String),
}

/// What is asked of a model, before anybody decided which one.
#[derive(Debug, Clone)]
pub struct Question {
    /// What for.
    pub purpose: crate::domain::model::Use,
    /// The words.
    pub prompt: prompt::Prompt,
    /// What the schema is called.
    pub name: &'static str,
    /// The shape of the answer.
    pub schema: Value,
    /// Tokens of the longest answer.
    pub max_tokens: u32,
}
