//! What comes back: the pieces of an answer, put together and judged.

use serde::Deserialize;
use serde_json::Value;

use super::{
    told::{Told, one_line},
    transport::{Failure, cut},
};
use crate::{
    domain::model::JsonMode,
    llm::{Completion, LlmError, Request},
};

/// Bytes of an answer's own text, at most.
const LONGEST: usize = 1 << 20;

/// An answer as far as it has come.
#[derive(Default)]
pub(super) struct Reply {
    text: String,
    refusal: String,
    finish: Option<String>,
    usage: Usage,
}

/// A piece of an answer, or all of it where a server does not stream.
#[derive(Deserialize)]
struct Piece {
    choices: Option<Vec<Choice>>,
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(alias = "message")]
    delta: Option<Said>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Said {
    /// A text, or a list of parts of which those of the type `text` count.
    content: Option<Value>,
    refusal: Option<String>,
}

#[derive(Deserialize, Default)]
struct Usage {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
}

impl Reply {
    /// Takes the next piece.
    pub(super) fn read(&mut self, event: Value) -> Result<(), Failure> {
        if let Some(told) = Told::in_json(&event) {
            return Err(Failure::Told(told));
        }
        let unreadable = |_| LlmError::Unreadable("a part of it has a shape that is not known".to_owned());
        let piece: Piece = serde_json::from_value(event).map_err(unreadable)?;
        if let Some(usage) = piece.usage {
            self.usage = usage;
        }
        for choice in piece.choices.into_iter().flatten() {
            if let Some(said) = choice.delta {
                self.text.extend(said.content.iter().flat_map(texts));
                self.refusal.extend(said.refusal);
            }
            self.finish = choice.finish_reason.or(self.finish.take());
        }
        if self.text.len() + self.refusal.len() > LONGEST {
            return Err(LlmError::Unreadable(format!("it is longer than {} MiB", LONGEST >> 20)).into());
        }
        Ok(())
    }

    /// Whether the model said that it is done.
    pub(super) const fn is_finished(&self) -> bool {
        self.finish.is_some()
    }

    /// The whole answer, now that nothing more comes.
    pub(super) fn completion(self, request: &Request, json: JsonMode) -> Result<Completion, LlmError> {
        let finish = self.finish.as_deref().unwrap_or_default().to_ascii_lowercase();
        if !self.refusal.trim().is_empty() {
            return Err(LlmError::Refused(one_line(&self.refusal)));
        }
        if ["content_filter", "safety", "refusal", "prohibited"].iter().any(|word| finish.contains(word)) {
            return Err(LlmError::Refused("the provider's filter stopped the answer".to_owned()));
        }
        if ["length", "max_tokens"].contains(&finish.as_str()) {
            return Err(LlmError::Truncated { max_tokens: request.max_tokens });
        }
        if finish.is_empty() {
            return Err(cut());
        }
        let text = without_thoughts(&self.text).trim();
        if text.is_empty() {
            return Err(LlmError::Unreadable("it is empty".to_owned()));
        }
        Ok(Completion {
            text: text.to_owned(),
            prompt_tokens: self.usage.prompt_tokens,
            answer_tokens: self.usage.completion_tokens,
            json,
        })
    }
}

/// The texts of a content.
fn texts(content: &Value) -> Vec<String> {
    let parts = content.as_array().map(Vec::as_slice).unwrap_or_default();
    let of_parts = parts.iter().filter(|part| part["type"] == "text").filter_map(|part| part["text"].as_str());
    content.as_str().into_iter().chain(of_parts).map(str::to_owned).collect()
}

/// The answer without the `<think>…</think>` that open models put before it where their server does not.
fn without_thoughts(text: &str) -> &str {
    let text = text.trim_start();
    let thoughts = text.strip_prefix("<think>").and_then(|thoughts| thoughts.split_once("</think>"));
    thoughts.map_or(text, |(_, answer)| answer)
}
