//! What a request says: its address, its query and its body, strictly read.

use axum::{
    body::Bytes,
    extract::{FromRequestParts, Path, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE, request::Parts},
};
use serde::de::DeserializeOwned;

use super::{
    super::Web,
    problem::{Kind, Problem},
};

/// The largest body, in bytes: a patch of many tasks with long descriptions.
pub(super) const MAX_BODY: usize = 1024 * 1024;

/// What came in, or why it did not.
pub(super) type Body = Result<Bytes, BytesRejection>;

/// The query of an address. A field that is not known is refused: a filter that was misspelled would let everything
/// through.
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<Web> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Web) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        serde_urlencoded::from_str(query)
            .map(Self)
            .map_err(|error| Problem::new(Kind::Malformed, format!("The query can't be read: {error}.")))
    }
}

/// The name in an address: a key or a code.
pub(super) struct Named(pub(super) String);

impl FromRequestParts<Web> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, web).await;
        path.map(|Path(name)| Self(name)).map_err(|_| Problem::missing("There is nothing of that name."))
    }
}

/// The bytes of a body.
pub(super) fn whole(body: Body) -> Result<Bytes, Problem> {
    body.map_err(|why| match why.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::new(Kind::TooLarge, format!("The body may have {MAX_BODY} bytes. Send it in several patches."))
        }
        _ => Problem::new(Kind::Malformed, "The body did not arrive whole. Send it again."),
    })
}

/// Reads a JSON body.
pub(super) fn json<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<T, Problem> {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        let words = "Send the body as JSON, with the header Content-Type: application/json.";
        return Err(Problem::new(Kind::NotJson, words));
    }
    serde_json::from_slice(body)
        .map_err(|error| Problem::new(Kind::Malformed, format!("The body can't be read: {error}.")))
}

/// Reads a JSON body that may be missing.
pub(super) fn json_or_nothing<T: DeserializeOwned + Default>(headers: &HeaderMap, body: &[u8]) -> Result<T, Problem> {
    if body.is_empty() { Ok(T::default()) } else { json(headers, body) }
}
