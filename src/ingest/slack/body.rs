//! Reading a body, within limits of size and time.

use std::time::Duration;

use axum::{
    body::{Body, Bytes},
    extract::Request,
    http::{HeaderMap, StatusCode, header::CONTENT_LENGTH},
    response::{IntoResponse, Response},
};
use futures_util::StreamExt;

/// The largest body that is read.
pub(super) const MOST: usize = 1024 * 1024;

/// How much of a body that is too large is taken from the line before the connection is given up, so that its sender
/// gets to read the answer.
const DRAIN: usize = 8 * MOST;

/// How long a body may take to arrive: Slack itself gives up after 3 seconds.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    TooLarge,
    TooSlow,
    CutOff,
}

impl Refused {
    /// The word for metrics.
    pub(super) const fn outcome(self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::TooSlow => "too_slow",
            Self::CutOff => "cut_off",
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than 1 MiB"),
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "the body did not arrive within 3 seconds"),
            Self::CutOff => (StatusCode::BAD_REQUEST, "the body was cut off"),
        }
        .into_response()
    }
}

/// The headers and the body of a request.
pub(super) async fn read(request: Request) -> Result<(HeaderMap, Bytes), Refused> {
    let (head, body) = request.into_parts();
    let announced = head.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > DRAIN) {
        return Err(Refused::TooLarge);
    }
    match tokio::time::timeout(TIMEOUT, collect(body, announced.unwrap_or(0).min(MOST))).await {
        Ok(body) => Ok((head.headers, body?)),
        Err(_) => Err(Refused::TooSlow),
    }
}

async fn collect(body: Body, expected: usize) -> Result<Bytes, Refused> {
    let mut stream = body.into_data_stream();
    let mut kept = Vec::with_capacity(expected);
    let mut seen = 0;
    while let Some(piece) = stream.next().await {
        let piece = piece.map_err(|_| Refused::CutOff)?;
        seen += piece.len();
        if seen > DRAIN {
            break;
        }
        if seen <= MOST {
            kept.extend_from_slice(&piece);
        }
    }
    if seen > MOST { Err(Refused::TooLarge) } else { Ok(kept.into()) }
}
