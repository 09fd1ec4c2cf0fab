//! How an answer goes out: as an event stream in pieces, or as what went wrong.

use std::{io, time::Duration};

use axum::{
    body::{Body, Bytes},
    response::Response,
};
use docket::llm::tokens;
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};

use super::{Answer, Asked, Dialect, Guard};

/// Pieces that a text is sent in.
const PIECES: usize = 4;

/// How a stream ends after its events.
#[derive(Clone, Copy)]
enum End {
    Done,
    Cut,
    Silent,
}

/// Sends an answer.
pub(super) async fn speak(dialect: Dialect, asked: &Asked, mut answer: Answer, mut guard: Guard) -> Response {
    while let Answer::After(pause, later) = answer {
        tokio::time::sleep(pause).await;
        answer = *later;
    }
    let stream = |events: Vec<Value>, end: End, guard: Guard| event_stream(asked, &events, end, guard);
    match answer {
        Answer::Json(value) => stream(text(asked, &value.to_string(), "stop"), End::Done, guard),
        Answer::Text(words) => stream(text(asked, &words, "stop"), End::Done, guard),
        Answer::Length(words) => stream(text(asked, &words, "length"), End::Done, guard),
        Answer::Filtered(words) => stream(text(asked, &words, "content_filter"), End::Done, guard),
        Answer::Events(events) => stream(events, End::Done, guard),
        Answer::Refusal(words) => {
            let events = vec![chunk(asked, &json!({"refusal": words}), None), chunk(asked, &json!({}), Some("stop"))];
            stream(events, End::Done, guard)
        }
        Answer::Cut(words, pieces) => stream(start(asked, &words, pieces), End::Cut, guard),
        Answer::Stalled(words, pieces) => stream(start(asked, &words, pieces), End::Silent, guard),
        Answer::BrokenOff(words, pieces, error) => {
            let mut events = start(asked, &words, pieces);
            events.push(error);
            stream(events, End::Done, guard)
        }
        Answer::Hang => {
            tokio::time::sleep(Duration::from_hours(1)).await;
            raw(200, &[], String::new())
        }
        other => {
            guard.done();
            plain(dialect, other)
        }
    }
}

/// An answer that is no stream.
fn plain(dialect: Dialect, answer: Answer) -> Response {
    match answer {
        Answer::Whole(value) => json_body(200, &value),
        Answer::Status(status, body) => json_body(status, &body),
        Answer::Raw { status, headers, body } => raw(status, &headers, body),
        Answer::QuotaExhausted => {
            json_body(429, &dialect.error(429, "insufficient_quota", "You exceeded your current quota."))
        }
        Answer::RateLimited(seconds) => {
            let body = dialect.error(429, "rate_limit_exceeded", "Rate limit reached for requests");
            let headers: Vec<_> = seconds.map(|seconds| ("retry-after", seconds.to_string())).into_iter().collect();
            raw(429, &headers, body.to_string())
        }
        streamed => unreachable!("{streamed:?} is streamed"),
    }
}

fn json_body(status: u16, body: &Value) -> Response {
    raw(status, &[("content-type", "application/json".to_owned())], body.to_string())
}

fn raw(status: u16, headers: &[(&'static str, String)], body: String) -> Response {
    let builder = Response::builder().status(status);
    headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, value)).body(body.into()).unwrap()
}

/// An event of an answer.
fn chunk(asked: &Asked, delta: &Value, finish: Option<&str>) -> Value {
    json!({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_763_719_200, "model": asked.body["model"],
        "system_fingerprint": null, "usage": null,
        "choices": [{"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish}],
    })
}

/// All events of a text.
fn text(asked: &Asked, words: &str, finish: &str) -> Vec<Value> {
    let mut events = start(asked, words, PIECES);
    events.push(chunk(asked, &json!({}), Some(finish)));
    if asked.body["stream_options"]["include_usage"] == true {
        let said: u64 = ["system", "user", "assistant"].iter().map(|role| tokens::count(&asked.said(role))).sum();
        let (prompt, answer) = (said + 11, tokens::count(words));
        let mut last = chunk(asked, &json!({}), None);
        last["choices"] = json!([]);
        last["usage"] = json!({"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer});
        events.push(last);
    }
    events
}

/// The first events of a text: who speaks, and so many of its pieces.
fn start(asked: &Asked, words: &str, pieces: usize) -> Vec<Value> {
    let chars: Vec<char> = words.chars().collect();
    let length = chars.len().div_ceil(PIECES).max(1);
    let pieces = chars.chunks(length).take(pieces).map(|piece| json!({"content": piece.iter().collect::<String>()}));
    let speaker = json!({"role": "assistant", "content": "", "refusal": null});
    std::iter::once(speaker).chain(pieces).map(|delta| chunk(asked, &delta, None)).collect()
}

fn event_stream(asked: &Asked, events: &[Value], end: End, mut guard: Guard) -> Response {
    if asked.body["stream"] != true {
        guard.done();
        return json_body(
            400,
            &json!({"error": {"message": "the fake only streams", "type": "invalid_request_error"}}),
        );
    }
    let mut lines: Vec<String> = events.iter().map(|event| format!("data: {event}\n\n")).collect();
    if matches!(end, End::Done) {
        lines.push("data: [DONE]\n\n".to_owned());
    }
    let lines = stream::iter(lines).map(|line| Ok::<_, io::Error>(Bytes::from(line)));
    // A pause between the pieces makes each of them arrive by itself.
    let lines = lines.then(|line| async {
        tokio::task::yield_now().await;
        line
    });
    let last = stream::once(async move {
        match end {
            End::Done => guard.done(),
            End::Cut => {
                guard.done();
                return Err(io::Error::other("the connection was cut"));
            }
            End::Silent => tokio::time::sleep(Duration::from_hours(1)).await,
        }
        drop(guard);
        Ok(Bytes::new())
    });
    Response::builder()
        .header("content-type", "text/event-stream; charset=utf-8")
        .body(Body::from_stream(lines.chain(last)))
        .unwrap()
}
