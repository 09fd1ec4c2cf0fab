//! Calls of providers: no redirects, a limit in time and size, and errors that say nothing of what was sent.

use std::time::Duration;

use reqwest::{RequestBuilder, StatusCode, redirect};
use serde::de::DeserializeOwned;

use crate::telemetry;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a call may take, all in all.
const TIMEOUT: Duration = Duration::from_secs(15);
/// The largest answer that is read. Real ones have a few kilobytes.
const MAX_ANSWER: usize = 512 * 1024;

/// Why a call of a provider failed. Worded to follow the provider's name; holds nothing that was sent or received but
/// error codes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// It can't be reached, or not in time.
    #[error("can't be reached: {0}")]
    Unreachable(&'static str),
    /// It said no, and gives this code for the reason.
    #[error("refused: {0}")]
    Refused(String),
    /// It answers with this status and no reason.
    #[error("answers with HTTP status {0}")]
    Status(u16),
    /// It asks to be left alone for a while.
    #[error("asks for patience: too many requests")]
    Patience(Duration),
    /// What it answers is nothing that Docket understands.
    #[error("answers something that Docket does not understand")]
    Unreadable,
}

impl CallError {
    /// The word for metrics.
    pub const fn outcome(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "unreachable",
            Self::Refused(_) => "refused",
            Self::Status(_) => "failed",
            Self::Patience(_) => "rate_limited",
            Self::Unreadable => "unreadable",
        }
    }

    /// An error code as a provider gives it, or a mask where it is no code: text of a provider is never passed on.
    pub fn refused(code: &str) -> Self {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-' | '.');
        let is_code = (1..=64).contains(&code.len()) && code.chars().all(plain);
        Self::Refused(if is_code { code.to_owned() } else { "no reason that can be shown".to_owned() })
    }
}

/// An answer, whatever its status.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its body, which may hold secrets.
    pub body: Vec<u8>,
    /// How long it asks to be left alone.
    pub patience: Option<Duration>,
}

impl Answer {
    /// The body as JSON, where the status says that all went well.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        if !self.status.is_success() {
            return Err(self.failure());
        }
        serde_json::from_slice(&self.body).map_err(|_| CallError::Unreadable)
    }

    /// Why it is none that is of use.
    pub fn failure(&self) -> CallError {
        match (self.status, self.patience) {
            (StatusCode::TOO_MANY_REQUESTS, patience) => {
                CallError::Patience(patience.unwrap_or(Duration::from_mins(1)))
            }
            (status, _) => CallError::Status(status.as_u16()),
        }
    }
}

/// The way to providers. Cheap to clone.
#[derive(Clone)]
pub struct Http(reqwest::Client);

impl Http {
    /// A client of its own.
    ///
    /// # Errors
    /// When the system's certificates can't be read.
    pub fn new() -> anyhow::Result<Self> {
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT)
            .timeout(TIMEOUT)
            .user_agent(concat!("docket/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self(client))
    }

    /// Begins a request.
    pub fn get(&self, url: &str) -> RequestBuilder {
        self.0.get(url)
    }

    /// Begins a request that sends something.
    pub fn post(&self, url: &str) -> RequestBuilder {
        self.0.post(url)
    }

    /// Begins a request of any method.
    pub fn request(&self, method: reqwest::Method, url: &str) -> RequestBuilder {
        self.0.request(method, url)
    }

    /// Sends a request and reads the whole answer, within the limits. `provider` and `method` name it in the metrics.
    pub async fn send(
        &self,
        provider: &'static str,
        method: &'static str,
        request: RequestBuilder,
    ) -> Result<Answer, CallError> {
        let outcome = self.answer(request).await;
        let word = match &outcome {
            Ok(answer) if answer.status.is_success() => "ok",
            Ok(answer) => answer.failure().outcome(),
            Err(error) => error.outcome(),
        };
        metrics::counter!(telemetry::PROVIDER_CALLS, "provider" => provider, "method" => method, "outcome" => word)
            .increment(1);
        outcome
    }

    async fn answer(&self, request: RequestBuilder) -> Result<Answer, CallError> {
        let mut response = request.send().await.map_err(|error| unreachable(&error))?;
        let status = response.status();
        let patience = response.headers().get(reqwest::header::RETRY_AFTER);
        let patience = patience.and_then(|value| value.to_str().ok()?.parse().ok()).map(Duration::from_secs);
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| unreachable(&error))? {
            if body.len() + piece.len() > MAX_ANSWER {
                return Err(CallError::Unreadable);
            }
            body.extend_from_slice(&piece);
        }
        Ok(Answer { status, body, patience })
    }
}

/// Says what kind of failure it was; the library's own text would name the address, which may hold a secret.
fn unreachable(error: &reqwest::Error) -> CallError {
    CallError::Unreachable(if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "the connection failed"
    } else {
        "the connection broke"
    })
}
