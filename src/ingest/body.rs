//! Reading a body, within limits of size and time, and of what all bodies together take of memory.

use std::time::Duration;

use axum::{
    body::Body,
    http::{
        HeaderMap, StatusCode,
        header::{CONTENT_LENGTH, RETRY_AFTER},
    },
    response::{IntoResponse, Response},
};
use futures_util::StreamExt;

use super::{
    come_again,
    room::{Displaced, Place, Room, SMALL},
};
use crate::clock::Chance;

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
    NoRoom,
}

impl Refused {
    /// The word for metrics.
    pub(super) const fn outcome(self) -> &'static str {
        match self {
            Self::TooLarge(_) => "too_large",
            Self::TooSlow(_) => "too_slow",
            Self::CutOff => "cut_off",
            Self::NoRoom => "busy",
        }
    }

    /// What its sender is told.
    pub(super) fn answer(self, chance: &Chance) -> Response {
        let (status, words) = match self {
            Self::TooLarge(limits) => {
                (StatusCode::PAYLOAD_TOO_LARGE, format!("the body is larger than {} MiB", limits.most))
            }
            Self::TooSlow(limits) => (
                StatusCode::REQUEST_TIMEOUT,
                format!("the body did not arrive within {} seconds", limits.time.as_secs()),
            ),
            Self::CutOff => (StatusCode::BAD_REQUEST, "the body was cut off".to_owned()),
            Self::NoRoom => {
                let words = "Docket has its hands full of requests. Please send it again.";
                return (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, come_again(chance))], words).into_response();
            }
        };
        (status, words).into_response()
    }
}

impl From<Displaced> for Refused {
    fn from(_: Displaced) -> Self {
        Self::NoRoom
    }
}

/// How long the body is, where its sender says so.
fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok())
}

/// The body of a request, with its place in memory. Each piece of it is shown to `each` as it comes in.
pub(super) async fn read<'a>(
    headers: &HeaderMap,
    body: Body,
    limits: Limits,
    room: &'a Room,
    each: impl FnMut(&[u8]),
) -> Result<(Vec<u8>, Place<'a>), Refused> {
    let announced = announced(headers);
    if announced.is_some_and(|length| length > limits.drain * MIB) {
        return Err(Refused::TooLarge(limits));
    }
    let kept = Kept {
        bytes: Vec::new(),
        expected: announced.unwrap_or(usize::MAX).min(limits.bytes()),
        // Half the time is for what is still to come afterwards.
        patience: limits.time / 2,
        room,
        place: room.enter(),
    };
    match tokio::time::timeout(limits.time, collect(body, kept, limits, each)).await {
        Ok(body) => body,
        Err(_) => Err(Refused::TooSlow(limits)),
    }
}

async fn collect(
    body: Body,
    mut kept: Kept<'_>,
    limits: Limits,
    mut each: impl FnMut(&[u8]),
) -> Result<(Vec<u8>, Place<'_>), Refused> {
    let mut stream = body.into_data_stream();
    let mut seen = 0;
    loop {
        let piece = tokio::select! {
            biased;
            piece = stream.next() => piece,
            () = kept.place.displaced() => return Err(Refused::NoRoom),
        };
        let Some(piece) = piece else { break };
        let piece = piece.map_err(|_| Refused::CutOff)?;
        seen += piece.len();
        if seen > limits.drain * MIB {
            break;
        }
        if seen <= limits.bytes() {
            kept.make_room(piece.len()).await?;
            each(&piece);
            kept.bytes.extend_from_slice(&piece);
        } else {
            kept.forget();
        }
    }
    if seen > limits.bytes() {
        return Err(Refused::TooLarge(limits));
    }
    kept.place.settle()?;
    Ok((kept.bytes, kept.place))
}

/// What has come in of a body.
struct Kept<'a> {
    bytes: Vec<u8>,
    /// How many there will be at most.
    expected: usize,
    /// How long it waits for room.
    patience: Duration,
    room: &'a Room,
    place: Place<'a>,
}

impl Kept<'_> {
    /// Waits for room for so many more bytes.
    async fn make_room(&mut self, more: usize) -> Result<(), Refused> {
        let needed = self.bytes.len() + more;
        if needed <= self.bytes.capacity() {
            return Ok(());
        }
        let most = if needed > SMALL { self.expected } else { self.expected.min(SMALL) };
        let wanted = if needed > SMALL { most } else { (2 * self.bytes.capacity()).min(most) };
        let capacity = wanted.max(needed);
        tokio::time::timeout(self.patience, self.room.grow(&mut self.place, capacity))
            .await
            .map_err(|_| Refused::NoRoom)??;
        self.bytes.reserve_exact(capacity - self.bytes.len());
        Ok(())
    }

    /// Gives back what is held of a body that nobody wants any more.
    fn forget(&mut self) {
        if self.bytes.capacity() > 0 {
            self.bytes = Vec::new();
            self.place = self.room.enter();
        }
    }
}
