//! The client of models against strict providers that answer, refuse, stall and break off.

use std::{process::Command, time::Duration};

use docket::{
    domain::model::JsonMode,
    llm::{
        Completion, Endpoint, Llm as _, LlmError, Request, Speaker,
        openai::{OpenAi, Timeouts},
        reach::Reach,
        schema,
    },
};
use serde_json::{Value, json};

use crate::support::{
    aimock::Aimock,
    fake_model::{Answer, Dialect, FakeModel},
};

const KEY: &str = "sk-secret-1";
const GOAL: &str = "Plan the launch of the newsletter in spring.";

fn request() -> Request {
    Request {
        model: "model-1".to_owned(),
        messages: vec![(Speaker::System, "You plan.".to_owned()), (Speaker::User, GOAL.to_owned())],
        name: "plan",
        schema: schema::object([("title", schema::string())]),
        max_tokens: 500,
    }
}

fn endpoint(url: &str) -> Endpoint {
    Endpoint { base_url: url.to_owned(), key: Some(KEY.into()), reach: Reach::NotLinkLocal, json: JsonMode::Schema }
}

fn llm(timeouts: Timeouts) -> OpenAi {
    OpenAi::new(timeouts).unwrap()
}

async fn ask(fake: &FakeModel) -> Result<Completion, LlmError> {
    llm(Timeouts::default()).complete(&endpoint(&fake.url()), &request()).await
}

/// What comes of a scripted answer. However it ends, it was asked for once and nothing of ours was repeated.
async fn outcome(answer: Answer) -> Result<Completion, LlmError> {
    let fake = FakeModel::start().await;
    fake.script([answer]);
    let outcome = ask(&fake).await;
    assert_eq!(fake.requests().len(), 1, "{outcome:?}");
    assert_eq!(fake.problems(), [""; 0]);
    let words = outcome.as_ref().err().map(ToString::to_string).unwrap_or_default();
    assert!(!words.contains(KEY) && !words.contains("newsletter") && !words.contains("127.0.0.1"), "{words}");
    outcome
}

async fn error(answer: Answer) -> LlmError {
    outcome(answer.clone()).await.expect_err(&format!("{answer:?}"))
}

async fn text(answer: Answer) -> String {
    outcome(answer.clone()).await.unwrap_or_else(|error| panic!("{answer:?}: {error}")).text
}

fn openai_error(code: &str, message: &str) -> Value {
    json!({"error": {"message": message, "type": "invalid_request_error", "param": null, "code": code}})
}

fn raw(status: u16, headers: &[(&'static str, &str)], body: &str) -> Answer {
    let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Answer::Raw { status, headers, body: body.to_owned() }
}

fn denied(status: u16, why: &str) -> LlmError {
    LlmError::Denied { status, why: why.to_owned() }
}

fn unreachable(why: &str) -> LlmError {
    LlmError::Unreachable(why.to_owned())
}

fn unreadable(why: &str) -> LlmError {
    LlmError::Unreadable(why.to_owned())
}

#[tokio::test]
async fn every_provider_answers_in_the_strictest_way_it_knows() {
    for dialect in Dialect::ALL {
        let fake = FakeModel::speaking(dialect).await;
        fake.expect_key(KEY);
        fake.only_models(&["model-1"]);
        fake.respond(|_| Answer::Json(json!({"title": "Launch"})));
        let (llm, endpoint) = (llm(Timeouts::default()), endpoint(&fake.url()));
        let answer = llm.complete(&endpoint, &request()).await.unwrap_or_else(|error| panic!("{dialect:?}: {error}"));
        let (json, requests) = match dialect {
            Dialect::JsonOnly => (JsonMode::Object, 2),
            Dialect::Neither => (JsonMode::Text, 4),
            Dialect::Reasoning => (JsonMode::Schema, 2),
            _ => (JsonMode::Schema, 1),
        };
        assert_eq!((answer.text.as_str(), answer.json), (r#"{"title":"Launch"}"#, json), "{dialect:?}");
        assert_eq!(fake.requests().len(), requests, "{dialect:?}");
        assert_eq!(llm.complete(&endpoint, &request()).await, Ok(answer.clone()), "{dialect:?}");
        assert_eq!(fake.requests().len(), requests + 1, "{dialect:?}: what it takes is known by now");
        assert_eq!(answer.prompt_tokens.is_some(), dialect != Dialect::Neither, "{dialect:?}");
        assert_eq!(fake.problems(), [""; 0], "{dialect:?}");
    }
}

#[tokio::test]
async fn every_provider_refuses_in_its_own_way_and_is_understood() {
    for dialect in Dialect::ALL {
        let fake = FakeModel::speaking(dialect).await;
        fake.expect_key("another");
        assert_eq!(ask(&fake).await, Err(denied(401, "the key is missing or not accepted")), "{dialect:?}");
        fake.expect_key(KEY);
        fake.only_models(&["model-2"]);
        assert_eq!(ask(&fake).await, Err(denied(404, "it does not know this model")), "{dialect:?}");
        assert_eq!(fake.requests().len(), 2, "{dialect:?}");
        fake.only_models(&["model-1"]);
        fake.script([Answer::QuotaExhausted]);
        let quota = ask(&fake).await;
        // Those two have no word of their own for it.
        let has_word = !matches!(dialect, Dialect::Neither | Dialect::Anthropic);
        assert!(!has_word || quota == Err(LlmError::QuotaExhausted), "{dialect:?}: {quota:?}");
    }
}

#[tokio::test]
async fn a_request_holds_what_every_provider_knows_and_nothing_else() {
    let fake = FakeModel::start().await;
    fake.answer(json!({"title": "Launch"}));
    let answer = ask(&fake).await.unwrap();
    let sent = fake.last();
    assert_eq!((sent.schema_name(), sent.schema()), ("plan", Some(&request().schema)));
    assert_eq!(
        sent.body,
        json!({
            "model": "model-1",
            "messages": [{"role": "system", "content": "You plan."}, {"role": "user", "content": GOAL}],
            "stream": true,
            "stream_options": {"include_usage": true},
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "plan", "strict": true, "schema": request().schema},
            },
            "max_tokens": 500,
        })
    );
    assert_eq!((answer.prompt_tokens, answer.answer_tokens), (Some(23), Some(5)));
}

#[tokio::test]
async fn the_schema_stands_in_the_rules_where_it_cannot_be_sent_beside_them() {
    let fake = FakeModel::speaking(Dialect::Neither).await;
    fake.answer(json!({"title": "Launch"}));
    ask(&fake).await.unwrap();
    let kinds: Vec<_> = fake.requests().iter().map(|asked| asked.body["response_format"]["type"].clone()).collect();
    assert_eq!(kinds, [json!("json_schema"), json!("json_object"), json!(null), json!(null)]);
    let last = fake.last();
    assert!(last.system().starts_with("You plan.\n\nAnswer with one JSON object and nothing else"));
    assert!(last.system().ends_with(&request().schema.to_string()));
    assert_eq!(last.user(), GOAL);
    assert!(last.body.get("stream_options").is_none());
}

#[tokio::test]
async fn what_it_is_asked_to_begin_with_is_where_it_begins() {
    let fake = FakeModel::speaking(Dialect::Anthropic).await;
    fake.answer(json!({"title": "Launch"}));
    let endpoint = Endpoint { json: JsonMode::Text, ..endpoint(&fake.url()) };
    let answer = llm(Timeouts::default()).complete(&endpoint, &request()).await.unwrap();
    assert_eq!((answer.json, fake.requests().len()), (JsonMode::Text, 1));
    assert!(fake.last().system().contains("JSON Schema"));
}

#[tokio::test]
async fn a_limit_is_told_from_money_that_ran_out() {
    let pause = |seconds: f64| LlmError::RateLimited { pause: Some(Duration::from_secs_f64(seconds)) };
    assert_eq!(error(Answer::RateLimited(Some(7))).await, pause(7.0));
    assert_eq!(error(Answer::RateLimited(None)).await, LlmError::RateLimited { pause: None });
    for (headers, seconds) in [
        (vec![("retry-after-ms", "1500"), ("retry-after", "2")], 1.5),
        (vec![("retry-after", "0.5")], 0.5),
        (vec![("retry-after", "999999999")], 86_400.0),
        (vec![("date", "Sat, 21 Nov 2026 10:00:00 GMT"), ("retry-after", "Sat, 21 Nov 2026 10:01:30 GMT")], 90.0),
        (vec![("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "6m0s")], 360.0),
        (
            vec![
                ("x-ratelimit-remaining-requests", "4999"),
                ("x-ratelimit-reset-requests", "8h"),
                ("x-ratelimit-remaining-tokens", "0"),
                ("x-ratelimit-reset-tokens", "2.5s"),
            ],
            2.5,
        ),
    ] {
        let body = openai_error("rate_limit_exceeded", "Rate limit reached").to_string();
        assert_eq!(error(raw(429, &headers, &body)).await, pause(seconds), "{headers:?}");
    }
    let gemini = json!([{"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "Quota exceeded",
        "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "37s"}]}}]);
    assert_eq!(error(Answer::Status(429, gemini)).await, pause(37.0));
    assert_eq!(error(raw(529, &[], "overloaded")).await, LlmError::RateLimited { pause: None });
    let anthropic = json!({"type": "error", "error": {"type": "invalid_request_error",
        "message": "Your credit balance is too low to access the Anthropic API."}});
    for answer in [
        Answer::QuotaExhausted,
        Answer::Status(429, openai_error("billing_hard_limit_reached", "Billing hard limit has been reached")),
        Answer::Status(400, anthropic),
        Answer::Status(402, json!({"error": {"message": "Insufficient Balance"}})),
        Answer::Status(403, json!({"code": "permission_denied", "error": "Your team has used all available credits"})),
    ] {
        assert_eq!(error(answer).await, LlmError::QuotaExhausted);
    }
}

#[tokio::test]
async fn a_server_that_fails_is_asked_once() {
    for status in [500, 502, 503, 504, 408] {
        let why = format!("it answered with an error of its own ({status})");
        assert_eq!(error(Answer::Status(status, openai_error("server_error", GOAL))).await, unreachable(&why));
        assert_eq!(error(raw(status, &[], "<html>Bad Gateway</html>")).await, unreachable(&why));
    }
}

#[tokio::test]
async fn a_denial_is_said_in_words_that_repeat_nothing_of_ours() {
    let echo = format!("Bad request with {KEY}");
    let quote = format!("You said {GOAL:?}, which is not allowed");
    let nothing = "it gives no reason that can be shown";
    let long = "word ".repeat(1_000);
    for (status, body, why) in [
        (400, openai_error("invalid_value", "n must be\n\tpositive\u{7}"), "n must be positive"),
        (400, openai_error("invalid_value", &echo), nothing),
        (400, openai_error("invalid_value", &quote), nothing),
        (400, json!({}), nothing),
        (400, json!({"detail": "Bad model"}), "Bad model"),
        (400, json!({"object": "error", "message": "Bad model", "code": 400}), "Bad model"),
        (400, openai_error("context_length_exceeded", "…"), "the prompt is longer than the model can read"),
        (
            400,
            json!({"error": {"message": "prompt is too long: 210000 tokens"}}),
            "the prompt is longer than the model can read",
        ),
        (401, openai_error("invalid_api_key", &echo), "the key is missing or not accepted"),
        (403, openai_error("unsupported_country", &echo), "the key may not use this model"),
        (404, openai_error("model_not_found", &echo), "it does not know this model"),
        (404, json!({"detail": "Not Found"}), "there is no such API at this address"),
        (413, json!({}), "the prompt is longer than it accepts"),
        (307, json!({}), "the address leads elsewhere; use the one it leads to"),
    ] {
        assert_eq!(error(Answer::Status(status, body)).await, denied(status, why));
    }
    let LlmError::Denied { why, .. } = error(Answer::Status(418, openai_error("teapot", &long))).await else {
        panic!()
    };
    assert!(why.ends_with('…') && why.chars().count() <= 301, "{why}");
    for body in ["I am a teapot", "{\"detail\": [\"I am a teapot\"]}", "{\"SecretAccessKey\": \"I am a teapot\"}"] {
        assert_eq!(error(raw(418, &[], body)).await, denied(418, nothing), "{body}");
    }
}

#[tokio::test]
async fn a_refusal_a_cut_and_an_empty_answer_are_not_answers() {
    let words = "I'm sorry,\nI can't help with that.";
    assert_eq!(
        error(Answer::Refusal(words.to_owned())).await,
        LlmError::Refused("I'm sorry, I can't help with that.".to_owned())
    );
    let filtered = LlmError::Refused("the provider's filter stopped the answer".to_owned());
    assert_eq!(error(Answer::Filtered("{\"ti".to_owned())).await, filtered);
    let length = Answer::Length(r#"{"title": "A very lo"#.to_owned());
    assert_eq!(error(length).await, LlmError::Truncated { max_tokens: 500 });
    assert_eq!(error(Answer::Length(String::new())).await, LlmError::Truncated { max_tokens: 500 });
    for blank in ["", " \n ", "<think>What now?</think>\n"] {
        assert_eq!(error(Answer::Text(blank.to_owned())).await, unreadable("it is empty"), "{blank:?}");
    }
    let cut = unreachable("the connection was cut in the middle of the answer");
    for pieces in [0, 1, 3] {
        assert_eq!(error(Answer::Cut(r#"{"title": "Launch"}"#.to_owned(), pieces)).await, cut, "{pieces}");
    }
    assert_eq!(error(Answer::Events(vec![])).await, cut);
    let unfinished = json!({"choices": [{"index": 0, "delta": {"content": "{}"}, "finish_reason": null}]});
    assert_eq!(error(Answer::Events(vec![unfinished])).await, cut, "an orderly end is no end of the answer");
}

#[tokio::test]
async fn an_error_in_the_middle_of_a_stream_is_seen() {
    let broken_off = |error: Value| Answer::BrokenOff(r#"{"title": "Launch"}"#.to_owned(), 2, error);
    assert_eq!(
        error(broken_off(openai_error("server_error", "The server had an error"))).await,
        unreachable("it broke off: The server had an error")
    );
    assert_eq!(
        error(broken_off(openai_error("server_error", GOAL))).await,
        unreachable("it broke off: it gives no reason that can be shown")
    );
    let overloaded = json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}});
    assert_eq!(error(broken_off(overloaded)).await, LlmError::RateLimited { pause: None });
    assert_eq!(error(broken_off(openai_error("insufficient_quota", "…"))).await, LlmError::QuotaExhausted);
    assert_eq!(error(broken_off(json!({"error": "out of memory"}))).await, unreachable("it broke off: out of memory"));
}

#[tokio::test]
async fn answers_of_odd_shapes_are_read() {
    let whole = json!({
        "id": "1", "object": "chat.completion", "choices": [{"index": 0, "finish_reason": "stop",
            "message": {"role": "assistant", "content": "{\"title\":\"Whole\"}", "refusal": null}}],
        "usage": {"prompt_tokens": 12, "completion_tokens": 6, "total_tokens": 18},
    });
    let answer = outcome(Answer::Whole(whole)).await.unwrap();
    assert_eq!(
        answer,
        Completion {
            text: r#"{"title":"Whole"}"#.to_owned(),
            prompt_tokens: Some(12),
            answer_tokens: Some(6),
            json: JsonMode::Schema,
        }
    );
    let delta = |delta: Value, finish: Option<&str>| json!({"choices": [{"delta": delta, "finish_reason": finish}]});
    let parts = json!({"content": [{"type": "thinking", "thinking": []}, {"type": "text", "text": "{}"}]});
    assert_eq!(
        text(Answer::Events(vec![delta(parts, None), delta(json!({"content": null}), Some("stop"))])).await,
        "{}"
    );
    let nulls = json!({"id": "", "choices": null, "usage": null, "error": null});
    assert_eq!(text(Answer::Events(vec![nulls, json!({}), delta(json!({"content": "{}"}), Some("eos"))])).await, "{}");
    assert_eq!(
        text(Answer::Text("<think>\nHm. {\"a\"}\n</think>\n\n{\"title\":\"x\"}".to_owned())).await,
        "{\"title\":\"x\"}"
    );
    let unnamed = ": hello\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"{}\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    assert_eq!(text(raw(200, &[("content-type", "text/event-stream")], unnamed)).await, "{}");
    let misnamed = unnamed.trim_start_matches(": hello\n\n");
    assert_eq!(text(raw(200, &[("content-type", "text/plain")], misnamed)).await, "{}");
}

#[tokio::test]
async fn what_is_no_answer_is_said_to_be_none() {
    let wrong = unreadable("it is no answer of such an API; is the address right?");
    assert_eq!(error(raw(200, &[("content-type", "text/html")], "<html>Welcome to nginx</html>")).await, wrong);
    assert_eq!(error(raw(200, &[], "")).await, wrong);
    let stream = [("content-type", "text/event-stream")];
    let half = "data: {\"choices\": [\n\n";
    assert_eq!(error(raw(200, &stream, half)).await, unreadable("a part of the answer is not JSON"));
    let odd = json!({"choices": [{"delta": "text"}]});
    assert_eq!(error(Answer::Events(vec![odd])).await, unreadable("a part of it has a shape that is not known"));
    let long = "x".repeat((1 << 20) + 1);
    assert_eq!(error(Answer::Text(long)).await, unreadable("it is longer than 1 MiB"));
    let endless = "x".repeat(3 << 20);
    assert_eq!(error(raw(200, &stream, &endless)).await, unreadable("it does not end"));
    assert_eq!(error(raw(500, &[], &endless)).await, unreachable("it answered with an error of its own (500)"));
}

#[tokio::test]
async fn a_provider_that_says_nothing_is_given_up() {
    let quick = Duration::from_millis(300);
    let impatient = llm(Timeouts { read: quick, ..Timeouts::default() });
    let hurried = llm(Timeouts { total: quick, ..Timeouts::default() });
    for answer in [Answer::Hang, Answer::Stalled(r#"{"title": "Launch"}"#.to_owned(), 2)] {
        let fake = FakeModel::start().await;
        fake.script([answer.clone(), answer.clone()]);
        let endpoint = endpoint(&fake.url());
        assert_eq!(
            impatient.complete(&endpoint, &request()).await,
            Err(unreachable("nothing came for 0 s")),
            "{answer:?}"
        );
        fake.until_left(1).await;
        assert_eq!(
            hurried.complete(&endpoint, &request()).await,
            Err(unreachable("the answer took longer than 0 s")),
            "{answer:?}"
        );
        fake.until_left(2).await;
        assert_eq!(fake.requests().len(), 2, "{answer:?}");
    }
}

#[tokio::test]
async fn a_slow_provider_is_waited_for() {
    let later = Answer::After(Duration::from_millis(50), Box::new(Answer::Json(json!({"title": "Launch"}))));
    assert_eq!(text(later).await, r#"{"title":"Launch"}"#);
}

#[tokio::test]
async fn whoever_stops_waiting_ends_the_request() {
    for answer in [Answer::Hang, Answer::Stalled(r#"{"title": "Launch"}"#.to_owned(), 2)] {
        let fake = FakeModel::start().await;
        fake.script([answer]);
        tokio::select! {
            answered = ask(&fake) => panic!("{answered:?}"),
            () = fake.until_asked(1) => {}
        }
        fake.until_left(1).await;
    }
}

#[tokio::test]
async fn a_closed_port_is_named() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let place = listener.local_addr().unwrap();
    drop(listener);
    let answer = llm(Timeouts::default()).complete(&endpoint(&format!("http://{place}/v1")), &request()).await;
    assert_eq!(answer, Err(unreachable(&format!("nothing listens at {place}"))));
}

#[tokio::test]
async fn a_key_that_cannot_be_sent_is_never_sent_and_never_shown() {
    let fake = FakeModel::start().await;
    for key in ["", "sk-1\nX-Evil: 1", "sk 1", "sk-\u{e9}", "sk-\u{7f}"] {
        let endpoint = Endpoint { key: Some(key.into()), ..endpoint(&fake.url()) };
        let error = llm(Timeouts::default()).complete(&endpoint, &request()).await.unwrap_err();
        assert!(matches!(error, LlmError::Denied { status: 401, .. }), "{error}");
        assert!(key.is_empty() || !error.to_string().contains(key), "{error}");
    }
    assert_eq!(fake.requests().len(), 0);
    assert!(!format!("{:?} {:?}", endpoint(&fake.url()), llm(Timeouts::default())).contains(KEY));
}

#[tokio::test]
async fn nothing_goes_to_machines_that_are_out_of_reach() {
    let ask = async |url: &str, reach: Reach| {
        let endpoint = Endpoint { reach, ..endpoint(url) };
        llm(Timeouts::default()).complete(&endpoint, &request()).await.unwrap_err().to_string()
    };
    for url in ["http://169.254.169.254/v1", "http://[fe80::1]/v1", "http://metadata.google.internal/v1"] {
        let error = ask(url, Reach::NotLinkLocal).await;
        assert!(error.contains("link-local address"), "{url}: {error}");
    }
    let error = ask("http://192.0.2.1/v1", Reach::Nearby).await;
    assert!(error.contains("would go there in the clear"), "{error}");
    // Where a name leads is looked at when a connection is made: this one leads to this machine, and is within reach.
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let error = ask(&format!("http://localhost:{port}/v1"), Reach::Nearby).await;
    assert!(error.contains("nothing listens at localhost"), "{error}");
}

#[tokio::test]
async fn a_request_carries_only_the_key_of_its_account() {
    let fake = FakeModel::start().await;
    fake.answer(json!({"title": "Launch"}));
    fake.answer(json!({"title": "Launch"}));
    ask(&fake).await.unwrap();
    let without = Endpoint { key: None, ..endpoint(&fake.url()) };
    llm(Timeouts::default()).complete(&without, &request()).await.unwrap();
    let requests = fake.requests();
    assert_eq!(requests[0].headers["authorization"], format!("Bearer {KEY}"));
    let names = |index: usize| {
        let mut names: Vec<_> = requests[index].headers.keys().map(ToString::to_string).collect();
        names.sort();
        names
    };
    let plain = ["accept", "content-length", "content-type", "host", "user-agent"];
    assert_eq!(names(1), plain);
    assert_eq!(names(0), [&["accept", "authorization"], &plain[1..]].concat());
}

#[test]
fn nothing_of_the_servers_own_environment_goes_to_a_tenants_provider() {
    let inner = "llm_client::a_request_carries_only_the_key_of_its_account";
    let output = Command::new(std::env::current_exe().unwrap())
        .args([inner, "--exact"])
        .env("OPENAI_ORG_ID", "org-operator")
        .env("OPENAI_PROJECT_ID", "proj-operator")
        .env("OPENAI_API_KEY", "sk-operator")
        .env("OPENAI_ADMIN_KEY", "sk-admin")
        .env("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[tokio::test]
async fn a_third_partys_server_is_understood() {
    let long = r#"{"title": "An answer that is cut in the middle"}"#;
    let limit = json!({"message": "Slow down", "type": "rate_limit_error", "code": "rate_limit_exceeded"});
    let broken = json!({"message": "The server had an error", "type": "server_error"});
    let fixtures = json!([
        {"match": {"userMessage": "launch"}, "response": {"content": "{\"title\":\"Launch\"}"}, "chunkSize": 4},
        {"match": {"userMessage": "limit"}, "response": {"error": limit, "status": 429}},
        {"match": {"userMessage": "broken"}, "response": {"error": broken, "status": 500}},
        {"match": {"userMessage": "long"}, "response": {"content": "{\"ti", "finishReason": "length"}},
        {"match": {"userMessage": "cut"}, "response": {"content": long}, "chunkSize": 4, "truncateAfterChunks": 3},
    ]);
    let Some(aimock) = Aimock::start(&fixtures) else { return };
    let endpoint = endpoint(&aimock.url());
    let llm = llm(Timeouts::default());
    let ask = async |words: &str| {
        let messages = vec![(Speaker::User, words.to_owned())];
        llm.complete(&endpoint, &Request { messages, ..request() }).await
    };
    let answer = ask("launch").await.unwrap();
    assert_eq!((answer.text.as_str(), answer.json), (r#"{"title":"Launch"}"#, JsonMode::Schema));
    assert!(answer.prompt_tokens > Some(0) && answer.answer_tokens > Some(0));
    assert_eq!(ask("limit").await, Err(LlmError::RateLimited { pause: Some(Duration::from_secs(1)) }));
    assert_eq!(ask("broken").await, Err(unreachable("it answered with an error of its own (500)")));
    assert_eq!(ask("long").await, Err(LlmError::Truncated { max_tokens: 500 }));
    let cut = ask("cut").await;
    assert!(matches!(cut, Err(LlmError::Unreachable(_))), "{cut:?}");
    assert_eq!(aimock.requests().await.len(), 5, "nothing was asked twice");
}

#[tokio::test]
async fn the_fake_provider_is_as_strict_as_the_real_ones() {
    let fake = FakeModel::start().await;
    let _installed_before = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().build().unwrap();
    let post = async |path: &str, body: Value| {
        let answer = client.post(format!("{}{path}", fake.url())).json(&body).send().await.unwrap();
        answer.status().as_u16()
    };
    let body = |field: &str, value: Value| {
        let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}], "stream": true});
        body[field] = value;
        body
    };
    let format = |schema: Value| json!({"type": "json_schema", "json_schema": {"name": "plan", "strict": true, "schema": schema}});
    let open = json!({"type": "object", "properties": {}, "required": []});
    let optional = json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": [], "additionalProperties": false});
    for (path, body, status) in [
        ("/responses", body("stream", json!(true)), 404),
        ("/chat/completions", body("temprature", json!(1)), 400),
        ("/chat/completions", body("model", json!(null)), 400),
        ("/chat/completions", body("messages", json!([])), 400),
        ("/chat/completions", body("response_format", format(open)), 400),
        ("/chat/completions", body("response_format", format(optional)), 400),
        ("/chat/completions", body("response_format", json!({"type": "json_object"})), 400),
        ("/chat/completions", body("stream", json!(true)), 500),
    ] {
        assert_eq!(post(path, body.clone()).await, status, "{path} {body}");
    }
    let problems = fake.problems().join("\n");
    assert!(problems.contains("POST /v1/responses is no call of this API"), "{problems}");
    assert!(problems.contains("nobody scripted an answer for request 8"), "{problems}");
    if crate::support::shared_specs().is_some() {
        assert!(problems.contains("OpenAI's description"), "{problems}");
    }
}
