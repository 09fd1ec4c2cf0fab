//! Answers: JSON with an `ETag`, and nothing but a 304 where the caller has it already.

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::problem::Problem;

/// What is answered.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl Answer {
    /// An answer whose body is written already.
    pub(super) fn written(status: StatusCode, kind: &str, body: String) -> Self {
        let kind = (header::CONTENT_TYPE.to_string(), kind.to_owned());
        Self { status, headers: vec![kind], body }
    }

    /// JSON with its `ETag`.
    pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Result<Self, Problem> {
        Self::tagged(status, value, "")
    }

    /// JSON whose `ETag` begins with a revision: whoever decides on it can show the tag instead.
    pub(super) fn revised(status: StatusCode, value: &impl Serialize, revision: u32) -> Result<Self, Problem> {
        Self::tagged(status, value, &format!("{revision}-"))
    }

    fn tagged(status: StatusCode, value: &impl Serialize, before: &str) -> Result<Self, Problem> {
        let body = serde_json::to_string(value).map_err(|error| crate::error::Error::Internal(error.into()))?;
        let digest = Sha256::digest(&body);
        let tag = hex::encode(digest.iter().take(12).copied().collect::<Vec<_>>());
        Ok(Self::written(status, "application/json", body).with(header::ETAG.as_str(), &format!("\"{before}{tag}\"")))
    }

    /// The answer with one header more.
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = (self.status, Body::from(self.body)).into_response();
        let headers = response.headers_mut();
        headers.remove(header::CONTENT_TYPE);
        for (name, value) in self.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                headers.insert(name, value);
            }
        }
        response
    }
}

/// Leaves the body out where the caller's `If-None-Match` says that it has it (RFC 9110, 13.1.2).
pub(super) async fn unless_known(request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let known = request.headers().clone();
    let mut response = next.run(request).await;
    if reads && response.status() == StatusCode::OK && knows(&known, response.headers()) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::empty();
        for name in [header::CONTENT_TYPE, header::CONTENT_LENGTH] {
            response.headers_mut().remove(name);
        }
    }
    response
}

fn knows(asked: &HeaderMap, answered: &HeaderMap) -> bool {
    let Some(tag) = answered.get(header::ETAG).and_then(|tag| tag.to_str().ok()) else { return false };
    let known = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    known.flat_map(|value| value.split(',')).map(str::trim).any(|one| one == "*" || one.trim_start_matches("W/") == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_known_in_every_form_that_lists_it() {
        let answered = HeaderMap::from_iter([(header::ETAG, HeaderValue::from_static("\"1-ab\""))]);
        for (asked, known) in [
            ("\"1-ab\"", true),
            ("W/\"1-ab\"", true),
            ("\"x\", \"1-ab\"", true),
            ("*", true),
            ("\"1-a\"", false),
            ("1-ab", false),
            ("", false),
        ] {
            let asked_for = HeaderMap::from_iter([(header::IF_NONE_MATCH, HeaderValue::from_static(asked))]);
            assert_eq!(knows(&asked_for, &answered), known, "{asked}");
        }
        assert!(!knows(&HeaderMap::new(), &answered));
    }
}
