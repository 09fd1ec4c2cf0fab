//! What keeps a call of GitHub from its answer, as a closed list: whoever calls acts by it.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use serde_json::Value;

use crate::{
    connect::{call::Refused, vault::Unusable},
    domain::{job::JobError, time::Timestamp},
};

/// How long whoever met another one at the same work waits.
const BUSY: Duration = Duration::from_secs(2);
/// How many characters of GitHub's own words are passed on.
const LONGEST: usize = 300;

/// Why there is no answer. Holds no token and no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// It is gone, was never there, or is out of Docket's sight: GitHub does not tell these apart.
    #[error("GitHub does not show it to Docket: it was deleted, or is out of reach")]
    NotFound,
    /// The connection no longer works; its owners are told by a job of its own.
    #[error("the connection to GitHub no longer works: {0}")]
    Revoked(String),
    /// GitHub asks to wait, or would if it were asked now.
    #[error("GitHub asks to wait {0:?}")]
    Wait(Duration),
    /// Docket may not do that.
    #[error("GitHub does not let Docket do that: {0}")]
    Denied(String),
    /// What was sent is wrong.
    #[error("GitHub does not take that: {0}")]
    Invalid(String),
    /// It can't be done as things are.
    #[error("GitHub says that this can't be done as things are: {0}")]
    Conflict(String),
    /// No answer, or GitHub has trouble of its own. Whether a call took effect is unknown.
    #[error("GitHub can't be reached: {0}")]
    Unreachable(String),
    /// It answered something else than it is known to.
    #[error("GitHub answered something that Docket can't read")]
    Unreadable,
    /// Docket itself could not ask.
    #[error("GitHub could not be asked: {0}")]
    Unasked(String),
}

impl Trouble {
    /// The word for metrics.
    pub(super) const fn outcome(&self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::Wait(_) => "rate_limited",
            Self::Revoked(_) | Self::Denied(_) => "denied",
            Self::Invalid(_) | Self::Conflict(_) => "refused",
            Self::Unreachable(_) => "unreachable",
            Self::Unreadable | Self::Unasked(_) => "error",
        }
    }

    /// What an answer without success means, but for limits.
    pub(super) fn of(status: StatusCode, body: &Value) -> Self {
        let words = words(body);
        match status.as_u16() {
            404 | 410 => Self::NotFound,
            401 => Self::Revoked("its token is not taken there".to_owned()),
            403 | 451 => Self::Denied(words),
            405 | 409 => Self::Conflict(words),
            400 | 422 => Self::Invalid(words),
            500.. => Self::Unreachable(format!("it answers with HTTP status {}", status.as_u16())),
            _ => Self::Unreadable,
        }
    }
}

/// How long an answer asks to wait; `None` where it is about something else. `attempt` counts from 0 how often GitHub has
/// asked without saying how long (docs.github.com, rate limits for the REST API: `retry-after` first, then the reset
/// where nothing remains, else a minute and twice as long each time).
pub(super) fn pause(
    status: StatusCode,
    headers: &HeaderMap,
    body: &Value,
    attempt: u32,
    now: Timestamp,
) -> Option<Duration> {
    if status != StatusCode::FORBIDDEN && status != StatusCode::TOO_MANY_REQUESTS {
        return None;
    }
    if let Some(seconds) = number(headers, "retry-after") {
        return Some(Duration::from_secs(seconds.clamp(1, 3_600)));
    }
    if number(headers, "x-ratelimit-remaining") == Some(0) {
        return Some(reset(headers, now));
    }
    let says = body.get("message").and_then(Value::as_str).unwrap_or_default().to_lowercase();
    let is_limit =
        status == StatusCode::TOO_MANY_REQUESTS || says.contains("rate limit") || says.contains("abuse detection");
    is_limit.then(|| (Duration::from_mins(1) * (1 << attempt.min(6))).min(Duration::from_hours(1)))
}

/// How long it is to the end of GitHub's hour: at most that, whatever clocks say.
pub(super) fn reset(headers: &HeaderMap, now: Timestamp) -> Duration {
    let at = number(headers, "x-ratelimit-reset").and_then(|seconds| i64::try_from(seconds).ok()).unwrap_or_default();
    let at = Timestamp::from_millis(at.saturating_mul(1_000));
    at.since(now).clamp(Duration::from_secs(1), Duration::from_hours(1))
}

/// A header that is a whole number.
pub(super) fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// GitHub's own words, short and in one line.
fn words(body: &Value) -> String {
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let details = body.get("errors").and_then(Value::as_array).into_iter().flatten().filter_map(|error| {
        let code = || Some(format!("{} {}", text(error, "field")?, text(error, "code")?));
        error.as_str().map(str::to_owned).or_else(|| text(error, "message")).or_else(code)
    });
    let message = text(body, "message").unwrap_or_else(|| "it gives no reason".to_owned());
    let all: Vec<_> = std::iter::once(message).chain(details).collect();
    let line = all.join("; ").split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(LONGEST).collect()
}

impl From<Unusable> for Trouble {
    fn from(error: Unusable) -> Self {
        match error {
            Unusable::Gone => Self::Revoked(error.to_string()),
            Unusable::Broken(why) => Self::Revoked(why),
            Unusable::Busy => Self::Wait(BUSY),
            Unusable::Refused(Refused::Busy(_, wait)) => Self::Wait(wait),
            Unusable::Refused(error @ Refused::Unreachable(..)) => Self::Unreachable(error.to_string()),
            Unusable::Refused(Refused::Unreadable(_)) => Self::Unreadable,
            error => Self::Unasked(error.to_string()),
        }
    }
}

impl From<Trouble> for JobError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Wait(pause) => Self::Wait(pause),
            Trouble::Unreachable(_) | Trouble::Unreadable | Trouble::Unasked(_) => Self::Retry(trouble.into()),
            trouble => Self::Fatal(trouble.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn asked(status: u16, headers: &[(&'static str, &'static str)], says: &str, attempt: u32) -> Option<u64> {
        let headers = headers
            .iter()
            .map(|(name, value)| (http::header::HeaderName::from_static(name), HeaderValue::from_static(value)));
        let body = json!({ "message": says });
        let status = StatusCode::from_u16(status).unwrap();
        pause(status, &headers.collect(), &body, attempt, NOW).map(|pause| pause.as_secs())
    }

    #[test]
    fn it_waits_as_long_as_github_says_in_the_order_that_github_gives() {
        const RESET: (&str, &str) = ("x-ratelimit-reset", "1800000600");
        const NONE: (&str, &str) = ("x-ratelimit-remaining", "0");
        for (status, headers, says, attempt, expected) in [
            (403, &[("retry-after", "7"), NONE, RESET][..], "", 0, Some(7)),
            (429, &[NONE, RESET], "", 0, Some(600)),
            (403, &[NONE], "", 0, Some(1)),
            (403, &[NONE, ("x-ratelimit-reset", "1900000000")], "", 0, Some(3_600)),
            (429, &[("x-ratelimit-remaining", "12"), RESET], "", 0, Some(60)),
            (429, &[], "", 2, Some(240)),
            (429, &[], "", 60, Some(3_600)),
            (403, &[], "You have exceeded a secondary rate limit.", 0, Some(60)),
            (403, &[], "You have triggered an abuse detection mechanism.", 1, Some(120)),
            (403, &[("x-ratelimit-remaining", "12"), RESET], "Resource not accessible by integration", 0, None),
            (404, &[("retry-after", "7")], "", 0, None),
            (200, &[NONE, RESET], "", 0, None),
        ] {
            assert_eq!(asked(status, headers, says, attempt), expected, "{status} {headers:?} {says}");
        }
    }

    #[test]
    fn what_github_has_against_it_is_said_in_one_short_line() {
        let body = json!({
            "message": "Validation Failed",
            "errors": [{ "resource": "Issue", "code": "missing_field", "field": "title" }, { "message": "No\ncommits" }, "x"],
        });
        assert_eq!(words(&body), "Validation Failed; title missing_field; No commits; x");
        assert_eq!(words(&Value::Null), "it gives no reason");
        assert_eq!(words(&json!({ "message": "x".repeat(9_999) })).len(), LONGEST);
        for (status, expected) in [
            (404, Trouble::NotFound),
            (410, Trouble::NotFound),
            (403, Trouble::Denied("no".to_owned())),
            (405, Trouble::Conflict("no".to_owned())),
            (422, Trouble::Invalid("no".to_owned())),
            (302, Trouble::Unreadable),
            (502, Trouble::Unreachable("it answers with HTTP status 502".to_owned())),
        ] {
            assert_eq!(Trouble::of(StatusCode::from_u16(status).unwrap(), &json!({ "message": "no" })), expected);
        }
    }
}
