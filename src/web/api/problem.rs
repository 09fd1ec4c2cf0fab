//! What is answered where something is wrong: `application/problem+json` (RFC 9457), with words for people and a
//! reference that the log shares.

use std::time::Duration;

use axum::{
    body::to_bytes,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{super::Web, answer::Answer};
use crate::{domain::token::Scope, error, store};

/// What a problem's body is called.
pub(super) const KIND: &str = "application/problem+json";

/// The kinds of problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It can't be read at all.
    Malformed,
    /// Nobody is known who asks.
    Unauthorized,
    /// The token is not for that.
    Scope,
    /// The person may not do that.
    Forbidden,
    /// There is no such thing.
    NotFound,
    /// The address does not answer that method.
    Method,
    /// What stands in the way may be gone at another time.
    Conflict,
    /// It was decided on an older text.
    OldRevision,
    /// It was not said which text was decided on.
    Condition,
    /// It has too many bytes.
    TooLarge,
    /// It is not JSON.
    NotJson,
    /// It can be read, but not done.
    Invalid,
    /// The key belongs to another request.
    KeyReused,
    /// It came under a name that is not ours.
    Misdirected,
    /// It comes too often.
    TooOften,
    /// The database does not answer, or something is broken.
    Unavailable,
}

impl Kind {
    /// Every kind, for the documentation.
    pub(super) const ALL: [Self; 16] = [
        Self::Malformed,
        Self::Unauthorized,
        Self::Scope,
        Self::Forbidden,
        Self::NotFound,
        Self::Method,
        Self::Conflict,
        Self::OldRevision,
        Self::Condition,
        Self::TooLarge,
        Self::NotJson,
        Self::Invalid,
        Self::KeyReused,
        Self::Misdirected,
        Self::TooOften,
        Self::Unavailable,
    ];

    /// Its name in addresses, its status, and its title.
    pub(super) const fn parts(self) -> (&'static str, StatusCode, &'static str) {
        match self {
            Self::Malformed => ("malformed", StatusCode::BAD_REQUEST, "The request can't be read"),
            Self::Unauthorized => ("unauthorized", StatusCode::UNAUTHORIZED, "A valid token is needed"),
            Self::Scope => ("scope", StatusCode::FORBIDDEN, "The token is not for this"),
            Self::Forbidden => ("forbidden", StatusCode::FORBIDDEN, "You may not do this"),
            Self::NotFound => ("not-found", StatusCode::NOT_FOUND, "There is no such thing"),
            Self::Method => ("method", StatusCode::METHOD_NOT_ALLOWED, "This address does not answer that method"),
            Self::Conflict => ("conflict", StatusCode::CONFLICT, "It does not fit what is there now"),
            Self::OldRevision => ("old-revision", StatusCode::CONFLICT, "The patch has a newer text"),
            Self::Condition => {
                ("condition", StatusCode::PRECONDITION_REQUIRED, "It has to be said which text was read")
            }
            Self::TooLarge => ("too-large", StatusCode::PAYLOAD_TOO_LARGE, "The request is too large"),
            Self::NotJson => ("not-json", StatusCode::UNSUPPORTED_MEDIA_TYPE, "The body has to be JSON"),
            Self::Invalid => ("invalid", StatusCode::UNPROCESSABLE_ENTITY, "It can't be done like this"),
            Self::KeyReused => {
                ("key-reused", StatusCode::UNPROCESSABLE_ENTITY, "The Idempotency-Key belongs to another request")
            }
            Self::Misdirected => ("misdirected", StatusCode::MISDIRECTED_REQUEST, "This is not the address of Docket"),
            Self::TooOften => ("too-often", StatusCode::TOO_MANY_REQUESTS, "It comes too often"),
            Self::Unavailable => ("unavailable", StatusCode::SERVICE_UNAVAILABLE, "Docket could not do it"),
        }
    }
}

/// One thing that is wrong with a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Mistake {
    /// Where in the body: a JSON pointer (RFC 6901) such as `/operations/2`.
    pub(super) pointer: String,
    /// What is wrong and what to do.
    pub(super) detail: String,
}

/// Why a request was not fulfilled.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    kind: Kind,
    detail: String,
    mistakes: Vec<Mistake>,
    /// What the log says of it.
    cause: Option<String>,
    /// The value of `WWW-Authenticate`.
    challenge: Option<String>,
    /// How long to wait before it is sent again.
    wait: Option<Duration>,
}

/// A problem as it is sent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct Told {
    /// Which kind of problem, as the address of its explanation.
    #[schema(example = "/api/docs#not-found")]
    r#type: String,
    /// The kind in words.
    #[schema(example = "There is no such thing")]
    title: &'static str,
    /// The status of the answer.
    #[schema(example = 404)]
    status: u16,
    /// What is wrong this time, why, and what to do.
    #[schema(example = "There is no project of that key.")]
    detail: String,
    /// A reference; the log of the server has it too where the cause is there.
    #[schema(example = "7F3K")]
    instance: String,
    /// Everything that is wrong with the body, where it could be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<Mistake>,
}

impl Problem {
    /// A problem of this kind in these words.
    pub(super) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), mistakes: Vec::new(), cause: None, challenge: None, wait: None }
    }

    /// There is no such thing, in words.
    pub(super) fn missing(detail: impl Into<String>) -> Self {
        Self::new(Kind::NotFound, detail)
    }

    /// Everything that is wrong with a body.
    pub(super) fn mistakes(mistakes: Vec<Mistake>) -> Self {
        let detail = match mistakes.as_slice() {
            [only] => only.detail.clone(),
            several => format!("{} things are wrong with it; nothing was changed.", several.len()),
        };
        Self { mistakes, ..Self::new(Kind::Invalid, detail) }
    }

    /// Nobody is known who asks; `error` is the word for it in `WWW-Authenticate`, where a token was shown.
    pub(super) fn unauthorized(error: Option<&str>, detail: impl Into<String>) -> Self {
        let error = error.map(|error| format!(", error=\"{error}\"")).unwrap_or_default();
        let challenge = Some(format!("Bearer realm=\"docket\"{error}"));
        Self { challenge, ..Self::new(Kind::Unauthorized, detail) }
    }

    /// The token lacks a scope.
    pub(super) fn scope(scope: Scope) -> Self {
        let word = scope.as_str();
        let challenge = Some(format!("Bearer realm=\"docket\", error=\"insufficient_scope\", scope=\"{word}\""));
        let detail = format!(
            "This token lacks the scope {word}, with which one may {}. Make another token on the page /tokens.",
            scope.what()
        );
        Self { challenge, ..Self::new(Kind::Scope, detail) }
    }

    /// It comes too often; nothing was done.
    pub(super) fn too_often(wait: Duration) -> Self {
        let detail = format!("That is too often. Nothing was done. Wait {} s, then try again.", seconds(wait));
        Self { wait: Some(wait), ..Self::new(Kind::TooOften, detail) }
    }

    /// Whether nobody is known who asks.
    pub(super) fn is_of_a_stranger(&self) -> bool {
        self.kind == Kind::Unauthorized
    }

    /// Whether the request may work if it is sent again as it is.
    pub(super) fn is_ours(&self) -> bool {
        self.kind.parts().1.is_server_error()
    }

    /// The answer, with a reference that the log gets too where something is broken.
    pub(super) fn tell(&self, web: &Web) -> Answer {
        let (name, status, title) = self.kind.parts();
        let reference = web.chance.reference();
        let mut detail = self.detail.clone();
        if let Some(cause) = &self.cause {
            tracing::error!(%reference, error = cause, "a request of the API could not be fulfilled");
            detail = format!("{detail} If it stays, look for {reference} in the log.");
        }
        let told = Told {
            r#type: format!("/api/docs#{name}"),
            title,
            status: status.as_u16(),
            detail,
            instance: reference,
            problems: self.mistakes.clone(),
        };
        let answer = Answer::written(status, KIND, serde_json::to_string(&told).unwrap_or_default());
        let answer = match self.wait {
            Some(wait) => answer.with(header::RETRY_AFTER.as_str(), &seconds(wait).to_string()),
            None => answer,
        };
        match &self.challenge {
            Some(challenge) => answer.with(header::WWW_AUTHENTICATE.as_str(), challenge),
            None => answer,
        }
    }
}

/// Whole seconds to wait, at least one.
fn seconds(wait: Duration) -> u64 {
    wait.as_secs().max(1)
}

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Self {
        Self::from(error::Error::from(error))
    }
}

impl From<error::Error> for Problem {
    fn from(error: error::Error) -> Self {
        match error {
            error::Error::User(words) => Self::new(Kind::Invalid, words.0),
            error::Error::Internal(error) => {
                let words = "Docket could not read or write its database, so nothing was done. Try again in a moment.";
                Self { cause: Some(error::causes(&error)), ..Self::new(Kind::Unavailable, words) }
            }
        }
    }
}

impl IntoResponse for Problem {
    /// A mark, which [`speak`] turns into the answer: only it can give a reference.
    fn into_response(self) -> Response {
        let mut response = self.kind.parts().1.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Says every problem in its form, and what every answer of the API has.
pub(super) async fn speak(State(web): State<Web>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        response = problem.tell(&web).into_response();
    } else if let Some(kind) = guarded(&response) {
        let words = to_bytes(response.into_body(), WORDS).await.unwrap_or_default();
        response = Problem::new(kind, String::from_utf8_lossy(&words).trim()).tell(&web).into_response();
    }
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(header::VARY, HeaderValue::from_static("authorization, cookie"));
    response
}

/// The words of a guard at the door, in bytes at most.
const WORDS: usize = 4096;

/// What a guard at the door refused, in plain words.
fn guarded(response: &Response) -> Option<Kind> {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    match response.status() {
        _ if !kind.starts_with("text/plain") => None,
        StatusCode::FORBIDDEN => Some(Kind::Forbidden),
        StatusCode::MISDIRECTED_REQUEST => Some(Kind::Misdirected),
        _ => None,
    }
}

/// For addresses of the API that lead nowhere.
pub(super) async fn nothing_here() -> Problem {
    Problem::missing("There is nothing at this address of the API. /api/docs lists what there is.")
}

/// For addresses that were asked in a way they do not answer.
pub(super) async fn wrong_method() -> Problem {
    Problem::new(Kind::Method, "This address does not answer that method. /api/docs says which it answers.")
}
