//! The way to a provider and back: one request, one response, every failure seen, nothing tried again.

use std::{
    error::Error as _,
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_openai::{error::OpenAIError, middleware::HttpRequestFactory};
use chrono::DateTime;
use futures_util::stream;
use reqwest::{
    Response,
    header::{AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, RETRY_AFTER},
};
use serde::de::IgnoredAny;

use super::told::Told;
use crate::llm::{LlmError, reach::OutOfReach};

/// Bytes of an answer with everything around it, at most: each of its pieces comes in a JSON of a few hundred bytes.
const LONGEST_STREAM: usize = 16 << 20;
/// Bytes of an answer in one piece, and of one line of an event stream, at most: an answer's own text is half as long.
/// Read as JSON it takes ten times as much memory. The library looks for a line's end from the start with every packet.
const LONGEST_LINE: usize = 2 << 20;
/// Bytes of an error that are read.
const LONGEST_ERROR: usize = 16 << 10;
/// A longer pause than a day is not believed.
const LONGEST_PAUSE: Duration = Duration::from_hours(24);

/// Why a request got no answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// The provider says so.
    Told(Told),
    /// There is nothing more to find out.
    Lost(LlmError),
}

impl From<LlmError> for Failure {
    fn from(error: LlmError) -> Self {
        Self::Lost(error)
    }
}

/// Carries one request. The library passes on failures as text only, so they are kept here.
#[derive(Clone)]
pub(super) struct Transport {
    http: reqwest::Client,
    /// Between one byte and the next.
    patience: Duration,
    has_key: bool,
    failure: Arc<Mutex<Option<Failure>>>,
}

impl Transport {
    /// For one request.
    pub(super) fn new(http: &reqwest::Client, patience: Duration, has_key: bool) -> Self {
        Self { http: http.clone(), patience, has_key, failure: Arc::default() }
    }

    /// What went wrong, once.
    pub(super) fn failure(&self) -> Option<Failure> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn fail(&self, failure: impl Into<Failure>) -> io::Error {
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure.into());
        io::Error::other("the request failed")
    }

    /// Sends the request. What comes back is an event stream, whatever the server sent.
    pub(super) async fn send(&self, factory: HttpRequestFactory) -> Result<Response, OpenAIError> {
        let mut request = factory.build().await?;
        if self.has_key {
            request.headers_mut().get_mut(AUTHORIZATION).into_iter().for_each(|key| key.set_sensitive(true));
        } else {
            request.headers_mut().remove(AUTHORIZATION);
        }
        let sent = tokio::time::timeout(self.patience, self.http.execute(request)).await;
        let outcome = match sent {
            Ok(Ok(response)) => self.open(response).await,
            Ok(Err(error)) => Err(self.fail(unreachable(&error))),
            Err(_) => Err(self.fail(self.silent())),
        };
        outcome.map_err(|error| OpenAIError::Boxed(Box::new(error)))
    }

    async fn open(&self, response: Response) -> io::Result<Response> {
        let (status, headers) = (response.status(), response.headers().clone());
        if !status.is_success() {
            let body = self.collect(response, LONGEST_ERROR).await.unwrap_or_default();
            return Err(self.fail(Failure::Told(Told::new(status.as_u16(), pause(&headers), &body))));
        }
        let is = |kind: &str| {
            headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|v| v.starts_with(kind))
        };
        if is("text/event-stream") {
            return Ok(with_body(reqwest::Body::wrap_stream(self.pieces(response))));
        }
        // Some servers answer in one piece though a stream was asked for; some send a stream and call it otherwise.
        let mut body = self.collect(response, LONGEST_STREAM).await?;
        if body.trim_ascii_start().starts_with(b"data:") {
            return Ok(with_body(body.into()));
        }
        if body.len() > LONGEST_LINE {
            return Err(self.fail(LlmError::Unreadable("it does not end".to_owned())));
        }
        if serde_json::from_slice::<IgnoredAny>(&body).is_err() {
            let words = "it is no answer of such an API; is the address right?";
            return Err(self.fail(LlmError::Unreadable(words.to_owned())));
        }
        // Within JSON a line break is nothing but space (RFC 8259, 2), and within an event it would be its end.
        body.iter_mut().filter(|byte| matches!(byte, b'\n' | b'\r')).for_each(|byte| *byte = b' ');
        Ok(with_body([b"data: ", &body[..], b"\n\n"].concat().into()))
    }

    /// The body in one piece, or its start where it has more bytes than are wanted, or than an answer in one piece has.
    async fn collect(&self, response: Response, most: usize) -> io::Result<Vec<u8>> {
        use futures_util::TryStreamExt as _;

        let mut pieces = std::pin::pin!(self.pieces(response));
        let mut body = Vec::new();
        while body.len() < most {
            let Some(piece) = pieces.try_next().await? else { break };
            body.extend_from_slice(&piece);
            if body.len() > LONGEST_LINE && !body.trim_ascii_start().starts_with(b"data:") {
                break;
            }
        }
        body.truncate(most);
        Ok(body)
    }

    /// The body as it comes, with an end where it stays away, or where it or one of its lines grows too long.
    fn pieces(&self, response: Response) -> impl stream::Stream<Item = io::Result<bytes::Bytes>> + use<> {
        let start = (self.clone(), response, 0, 0);
        stream::try_unfold(start, move |(this, mut response, mut read, mut unbroken)| async move {
            let piece = match tokio::time::timeout(this.patience, response.chunk()).await {
                Ok(Ok(None)) => return Ok(None),
                Ok(Ok(Some(piece))) => piece,
                Ok(Err(_)) => return Err(this.fail(cut())),
                Err(_) => return Err(this.fail(this.silent())),
            };
            read += piece.len();
            unbroken = match piece.iter().rposition(|byte| *byte == b'\n') {
                Some(end) => piece.len() - end,
                None => unbroken + piece.len(),
            };
            if read > LONGEST_STREAM || unbroken > LONGEST_LINE {
                return Err(this.fail(LlmError::Unreadable("it does not end".to_owned())));
            }
            Ok(Some((piece, (this, response, read, unbroken))))
        })
    }

    fn silent(&self) -> LlmError {
        LlmError::Unreachable(format!("nothing came for {} s", self.patience.as_secs()))
    }
}

/// What is said of an answer that stops before its end.
pub(super) fn cut() -> LlmError {
    LlmError::Unreachable("the connection was cut in the middle of the answer".to_owned())
}

fn with_body(body: reqwest::Body) -> Response {
    http::Response::new(body).into()
}

/// What kept a request from being sent. The library's own text would name the whole address.
fn unreachable(error: &reqwest::Error) -> LlmError {
    let mut words = String::new();
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(why) = error.downcast_ref::<OutOfReach>() {
            return LlmError::Unreachable(why.to_string());
        }
        words = format!("{words} {}", error.to_string().to_lowercase());
        source = error.source();
    }
    let host = error.url().and_then(reqwest::Url::host_str).unwrap_or("the server");
    let why = match words {
        _ if error.is_timeout() => format!("{host} does not let anybody connect in time"),
        words if words.contains("refused") => format!("nothing listens at {}", place(error, host)),
        words if words.contains("dns") || words.contains("lookup") => format!("no machine is called {host}"),
        words if words.contains("certificate") => format!("{host} has a certificate that is not trusted here"),
        _ if error.is_connect() => format!("no connection to {host} could be made"),
        _ => "the connection was cut before the answer".to_owned(),
    };
    LlmError::Unreachable(why)
}

/// A host with its port.
fn place(error: &reqwest::Error, host: &str) -> String {
    let port = error.url().and_then(reqwest::Url::port_or_known_default);
    port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// For how long a response asks to wait.
fn pause(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let after = || {
        let value = text(RETRY_AFTER.as_str())?;
        let date = |value: &str| DateTime::parse_from_rfc2822(value).ok();
        let seconds = value.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        // A point in time counts from the server's own clock.
        seconds.or_else(|| (date(value)? - date(text(DATE.as_str())?)?).to_std().ok())
    };
    let millis = || text("retry-after-ms")?.parse().ok().and_then(|ms: f64| Duration::try_from_secs_f64(ms / 1e3).ok());
    let reset = || {
        let of = |what: &str| {
            let is_left = text(&format!("x-ratelimit-remaining-{what}")).is_some_and(|left| left != "0");
            let pause = duration(text(&format!("x-ratelimit-reset-{what}"))?)?;
            Some((!is_left, pause))
        };
        // What is used up counts; where nothing is, the tokens are not enough for this request.
        [of("tokens"), of("requests")].into_iter().flatten().max_by_key(|(is_used_up, pause)| (*is_used_up, *pause))
    };
    let pause = millis().or_else(after).or_else(|| reset().map(|(_, pause)| pause))?;
    Some(pause.min(LONGEST_PAUSE))
}

/// A duration such as `1s`, `6m0s`, `2m59.56s`, `120ms` (developers.openai.com/api/docs/guides/rate-limits).
pub(super) fn duration(text: &str) -> Option<Duration> {
    let mut total = 0.0;
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        total += number
            * match &rest[..letters] {
                "d" => 86_400.0,
                "h" => 3_600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 1e-3,
                _ => return None,
            };
        rest = &rest[letters..];
    }
    Duration::try_from_secs_f64(total).ok()
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt as _;

    use super::*;

    #[test]
    fn durations_are_read_as_providers_write_them() {
        for (text, millis) in [
            ("1s", 1_000),
            ("6m0s", 360_000),
            ("2m59.56s", 179_560),
            ("120ms", 120),
            ("1h2m3s", 3_723_000),
            ("1d", 86_400_000),
            ("0s", 0),
        ] {
            assert_eq!(duration(text), Some(Duration::from_millis(millis)), "{text}");
        }
        for odd in ["", "5", "s", "1y", "-1s", "1.2.3s", "soon", "1e400s"] {
            assert_eq!(duration(odd), None, "{odd}");
        }
    }

    fn transport() -> Transport {
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        Transport::new(&reqwest::Client::builder().build().unwrap(), Duration::from_mins(1), true)
    }

    /// What becomes of a response of so many equal pieces.
    async fn failure(kind: &str, piece: &'static str, times: usize) -> Option<String> {
        let transport = transport();
        let pieces = stream::iter((0..times).map(move |_| Ok::<_, io::Error>(bytes::Bytes::from(piece))));
        let body = reqwest::Body::wrap_stream(pieces);
        let response = http::Response::builder().header(CONTENT_TYPE, kind).body(body).unwrap();
        if let Ok(opened) = transport.open(response.into()).await {
            let mut read = std::pin::pin!(opened.bytes_stream());
            while let Some(Ok(_)) = read.next().await {}
        }
        transport.failure().map(|failure| match failure {
            Failure::Lost(error) => error.to_string(),
            Failure::Told(told) => format!("{told:?}"),
        })
    }

    #[tokio::test]
    async fn an_answer_without_an_end_is_given_up() {
        const EVENT: &str = "data: {\"choices\": []}\n\n";
        const BLANK: &str = "                                                                ";
        let given_up = Some("the answer can't be read: it does not end".to_owned());
        assert_eq!(failure("text/event-stream", EVENT, 1_000).await, None);
        assert_eq!(failure("text/event-stream", EVENT, LONGEST_STREAM / EVENT.len() + 1).await, given_up);
        assert_eq!(failure("text/event-stream", BLANK, LONGEST_LINE / BLANK.len() + 1).await, given_up);
        assert_eq!(failure("application/json", BLANK, LONGEST_LINE / BLANK.len() + 1).await, given_up);
        assert_eq!(failure("application/json", "[],", LONGEST_LINE / 3 + 1).await, given_up);
        // A stream that is called otherwise is as long as any.
        assert_eq!(failure("application/json", EVENT, LONGEST_LINE / EVENT.len() + 1).await, None);
        assert_eq!(failure("application/json", EVENT, LONGEST_STREAM / EVENT.len() + 1).await, given_up);
    }
}
