//! Reading a body, within limits of size and time.

use std::time::Duration;

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode, header::CONTENT_LENGTH},
    response::{IntoResponse, Response},
};
use futures_util::StreamExt;

/// What is read of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    /// The largest body that is taken, in MiB.
    pub(super) most: usize,
    /// How much of a body that is too large is taken from the line before the connection is given up, in MiB, so that
    /// its sender gets to read the answer.
    pub(super) drain: usize,
    /// How long a body may take to arrive.
    pub(super) time: Duration,
}

const MIB: usize = 1024 * 1024;

impl Limits {
    /// The largest body that is taken, in bytes.
    pub(super) const fn bytes(&self) -> usize {
        self.most * MIB
    }
}

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    TooLarge(Limits),
    TooSlow(Limits),
    CutOff,
}

impl Refused {
    /// The word for metrics.
    pub(super) const fn outcome(self) -> &'static str {
        match self {
            Self::TooLarge(_) => "too_large",
            Self::TooSlow(_) => "too_slow",
            Self::CutOff => "cut_off",
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, words) = match self {
            Self::TooLarge(limits) => {
                (StatusCode::PAYLOAD_TOO_LARGE, format!("the body is larger than {} MiB", limits.most))
            }
            Self::TooSlow(limits) => (
                StatusCode::REQUEST_TIMEOUT,
                format!("the body did not arrive within {} seconds", limits.time.as_secs()),
            ),
            Self::CutOff => (StatusCode::BAD_REQUEST, "the body was cut off".to_owned()),
        };
        (status, words).into_response()
    }
}

/// How long the body is, where its sender says so.
pub(super) fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok())
}

/// The body of a request. Each piece of it is shown to `each` as it comes in.
pub(super) async fn read(
    headers: &HeaderMap,
    body: Body,
    limits: Limits,
    each: impl FnMut(&[u8]),
) -> Result<Vec<u8>, Refused> {
    let announced = announced(headers);
    if announced.is_some_and(|length| length > limits.drain * MIB) {
        return Err(Refused::TooLarge(limits));
    }
    let expected = announced.unwrap_or(0).min(limits.bytes());
    match tokio::time::timeout(limits.time, collect(body, expected, limits, each)).await {
        Ok(body) => body,
        Err(_) => Err(Refused::TooSlow(limits)),
    }
}

async fn collect(body: Body, expected: usize, limits: Limits, mut each: impl FnMut(&[u8])) -> Result<Vec<u8>, Refused> {
    let mut stream = body.into_data_stream();
    let mut kept = Vec::with_capacity(expected);
    let mut seen = 0;
    while let Some(piece) = stream.next().await {
        let piece = piece.map_err(|_| Refused::CutOff)?;
        seen += piece.len();
        if seen > limits.drain * MIB {
            break;
        }
        if seen <= limits.bytes() {
            each(&piece);
            kept.extend_from_slice(&piece);
        } else {
            kept = Vec::new();
        }
    }
    if seen > limits.bytes() { Err(Refused::TooLarge(limits)) } else { Ok(kept) }
}
