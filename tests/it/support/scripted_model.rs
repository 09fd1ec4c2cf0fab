//! A model that says what a test tells it to, in memory.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use docket::{
    domain::model::JsonMode,
    llm::{Completion, Endpoint, Llm, LlmError, Request},
};
use secrecy::ExposeSecret;
use tokio::sync::Notify;

/// What it does at a call.
pub(crate) enum Say {
    /// Answers with this.
    Text(&'static str),
    /// Answers with this, held to its shape in this way, without counting tokens.
    Uncounted(&'static str, JsonMode),
    /// Fails.
    Fail(LlmError),
    /// Says nothing until the call is dropped.
    Hang,
}

/// What one call looked like from its side.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) base_url: String,
    pub(crate) key: Option<String>,
    pub(crate) json: JsonMode,
    pub(crate) request: Request,
}

/// A model; every clone is the same.
#[derive(Clone, Default)]
pub(crate) struct Scripted {
    script: Arc<Mutex<VecDeque<Say>>>,
    heard: Arc<Mutex<Vec<Heard>>>,
    /// Rings whenever it hangs.
    pub(crate) hangs: Arc<Notify>,
}

impl Scripted {
    /// What it does at the next calls; a call too many fails the test.
    pub(crate) fn then(&self, says: impl IntoIterator<Item = Say>) {
        self.script.lock().unwrap().extend(says);
    }

    /// The calls since the last time.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        std::mem::take(&mut self.heard.lock().unwrap())
    }
}

#[async_trait]
impl Llm for Scripted {
    async fn complete(&self, endpoint: &Endpoint, request: &Request) -> Result<Completion, LlmError> {
        self.heard.lock().unwrap().push(Heard {
            base_url: endpoint.base_url.clone(),
            key: endpoint.key.as_ref().map(|key| key.expose_secret().to_owned()),
            json: endpoint.json,
            request: request.clone(),
        });
        let next = self.script.lock().unwrap().pop_front().expect("a call that the test did not expect");
        let completion = |text: &str, tokens: Option<u64>, json| Completion {
            text: text.to_owned(),
            prompt_tokens: tokens,
            answer_tokens: tokens,
            json,
        };
        match next {
            Say::Text(text) => Ok(completion(text, Some(10), endpoint.json)),
            Say::Uncounted(text, json) => Ok(completion(text, None, json)),
            Say::Fail(error) => Err(error),
            Say::Hang => {
                self.hangs.notify_one();
                std::future::pending().await
            }
        }
    }
}
