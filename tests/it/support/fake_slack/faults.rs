//! What goes wrong on the way to Slack and back.

use std::time::Duration;

use axum::{
    body::{Body, Bytes},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::FakeSlack;

/// How the next call goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// 429 with Retry-After.
    RateLimited(u64),
    /// 500.
    Broken,
    /// The call takes effect, and its answer never comes.
    Silent,
    /// The call takes effect, and the connection is cut in the answer.
    Cut,
    /// `ok: false` with this word.
    Refused(&'static str),
    /// It does not: only a later one does.
    Pass,
}

impl FakeSlack {
    /// Makes the next call of a method (or `response_url`) go wrong; several queue up.
    pub(crate) fn fail_next(&self, method: &str, fault: Fault) {
        self.world().faults.push_back((method.to_owned(), fault));
    }

    /// Whether every fault has happened.
    pub(crate) fn is_faultless(&self) -> bool {
        self.world().faults.is_empty()
    }

    /// Takes the faults back that have not happened.
    pub(crate) fn forget_faults(&self) {
        self.world().faults.clear();
    }

    pub(super) async fn with_fault(&self, method: &str, run: impl FnOnce() -> Response) -> Response {
        let fault = {
            let mut world = self.world();
            let place = world.faults.iter().position(|(of, _)| of == method);
            place.and_then(|place| world.faults.remove(place)).map(|(_, fault)| fault)
        };
        match fault {
            None | Some(Fault::Pass) => run(),
            Some(Fault::RateLimited(seconds)) => too_fast(seconds),
            Some(Fault::Broken) => (StatusCode::INTERNAL_SERVER_ERROR, "oops").into_response(),
            Some(Fault::Refused(error)) => axum::Json(json!({ "ok": false, "error": error })).into_response(),
            Some(Fault::Silent) => {
                let _done = run();
                tokio::time::sleep(Duration::from_hours(1)).await;
                StatusCode::OK.into_response()
            }
            Some(Fault::Cut) => {
                let _done = run();
                let cut = futures_util::stream::iter([
                    Ok(Bytes::from_static(b"{\"ok\":tr")),
                    Err(std::io::Error::other("the connection was cut")),
                ]);
                let headers = [("content-type", "application/json")];
                (headers, Body::from_stream(cut)).into_response()
            }
        }
    }
}

/// What a call gets that came too soon.
pub(super) fn too_fast(seconds: u64) -> Response {
    let body = axum::Json(json!({ "ok": false, "error": "ratelimited" }));
    (StatusCode::TOO_MANY_REQUESTS, [("retry-after", seconds.to_string())], body).into_response()
}
