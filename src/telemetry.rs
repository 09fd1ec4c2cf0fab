//! What Docket says about itself: log lines with a request id, and numbers for Prometheus.
//!
//! No body, token, query string or message text goes into either. The names of all metrics are here;
//! whoever counts something uses them with the `metrics` macros:
//!
//! ```
//! use docket::telemetry;
//! metrics::counter!(telemetry::DELIVERIES, "source" => "slack.command", "outcome" => "accepted").increment(1);
//! ```

use std::{sync::OnceLock, time::Duration};

use axum::{
    Router,
    extract::Request,
    http::{HeaderName, HeaderValue, Response},
};
use metrics::{Unit, describe_counter, describe_histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tower::ServiceBuilder;
use tower_http::{
    request_id::{MakeRequestId, PropagateRequestIdLayer, RequestId, SetRequestIdLayer},
    trace::{DefaultOnFailure, TraceLayer},
};
use tracing::{Level, Span, field::Empty};
use tracing_subscriber::EnvFilter;
use ulid::Ulid;

use crate::{
    clock::Chance,
    config::{LogConfig, LogFormat},
    domain::ids::Id,
};

/// Counter, by `source` and `outcome` (`forged`, `duplicate` …): requests that came in.
pub const DELIVERIES: &str = "docket_deliveries_total";
/// Histogram in seconds, by `source`: from the last byte of a request to its acknowledgement.
pub const ACK_SECONDS: &str = "docket_ack_seconds";
/// Histogram in seconds: for how long a delivery waited until the group it was stored with was committed.
pub const INTAKE_SECONDS: &str = "docket_intake_seconds";
/// Counter, by `kind` and `outcome` (`done`, `retried`, `waited`, `dead`, `lost`): runs of jobs.
pub const JOBS_RUN: &str = "docket_jobs_total";
/// Histogram in seconds, by `kind`: how long one run of a job took.
pub const JOB_SECONDS: &str = "docket_job_seconds";
/// Gauge, by `state`: jobs in the database now.
pub const JOBS: &str = "docket_jobs";
/// Gauge in seconds: for how long the longest-waiting job has been due; 0 where none waits.
pub const JOBS_OLDEST_SECONDS: &str = "docket_jobs_oldest_seconds";
/// Gauge, by `state`: patches in the database now.
pub const PATCHES: &str = "docket_patches";
/// Counter, by `provider`, `method` and `outcome`: calls of outside services.
pub const PROVIDER_CALLS: &str = "docket_provider_calls_total";
/// Counter, by `purpose`, `model`, `account` and `outcome`: calls of models.
pub const LLM_CALLS: &str = "docket_llm_calls_total";
/// Counter, by `kind` (`prompt`, `answer`), `purpose`, `model` and `account`: tokens that calls of models used.
pub const LLM_TOKENS: &str = "docket_llm_tokens_total";
/// Histogram in seconds, by `purpose`, `model` and `account`: how long a call of a model took.
pub const LLM_SECONDS: &str = "docket_llm_seconds";

/// Upper bounds of the histograms, in seconds: an acknowledgement should take under 0.1, a platform waits 3,
/// a model may take minutes.
const SECONDS: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 3.0, 10.0, 30.0, 60.0, 120.0];

/// The numbers of this process. Cheap to clone.
#[derive(Clone)]
pub struct Metrics {
    handle: PrometheusHandle,
}

impl Metrics {
    /// The numbers of this process; from the first call on they are collected.
    ///
    /// They are a global of the process because the `metrics` macros are: several applications in one
    /// process, as in tests, share them.
    ///
    /// # Errors
    /// When something else already collects this process's numbers.
    pub fn install() -> anyhow::Result<Self> {
        static INSTALLED: OnceLock<Result<Metrics, String>> = OnceLock::new();
        let installed = INSTALLED.get_or_init(|| Self::collect().map_err(|error| error.to_string()));
        installed.clone().map_err(anyhow::Error::msg)
    }

    fn collect() -> Result<Self, BuildError> {
        let handle = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)?
            .install_recorder()?;
        describe();
        Ok(Self { handle })
    }

    /// The numbers as text, in Prometheus' format.
    pub fn render(&self) -> String {
        self.handle.render()
    }

    /// Folds what was measured into the histograms, over and over: without it, they grow in memory for as
    /// long as nobody reads them. Never returns; run it beside the worker.
    pub async fn keep_small(self) {
        let mut every = tokio::time::interval(Duration::from_secs(5));
        loop {
            every.tick().await;
            self.handle.run_upkeep();
        }
    }
}

/// What the gauges of the database mean. They are read at each scrape instead of being kept here.
const GAUGES: [(&str, &str); 3] = [
    (JOBS, "Jobs in the database, by state"),
    (JOBS_OLDEST_SECONDS, "For how many seconds the longest-waiting job has been due"),
    (PATCHES, "Patches in the database, by state"),
];

/// The lines that explain a gauge to Prometheus.
pub(crate) fn gauge_header(name: &str) -> String {
    let about = GAUGES.iter().find(|(gauge, _)| *gauge == name).map_or("", |(_, about)| about);
    format!("# HELP {name} {about}\n# TYPE {name} gauge\n")
}

fn describe() {
    describe_counter!(DELIVERIES, "Deliveries that came in, by source and outcome");
    describe_histogram!(ACK_SECONDS, Unit::Seconds, "Time to acknowledge a delivery, by source");
    describe_histogram!(INTAKE_SECONDS, Unit::Seconds, "Time until a delivery was committed");
    describe_counter!(JOBS_RUN, "Runs of jobs, by kind and outcome");
    describe_histogram!(JOB_SECONDS, Unit::Seconds, "Time one run of a job took, by kind");
    describe_counter!(LLM_CALLS, "Calls of models, by purpose, model, account and outcome");
    describe_counter!(LLM_TOKENS, "Tokens that calls of models used, by kind, purpose, model and account");
    describe_histogram!(LLM_SECONDS, Unit::Seconds, "Time one call of a model took, by purpose, model and account");
    describe_counter!(PROVIDER_CALLS, "Calls of outside services, by provider, method and outcome");
}

/// What a server logs where `RUST_LOG` does not say: everything of ours, and of the libraries what is wrong.
pub const SERVER_LOG: &str = "warn,docket=info";
/// What any other command logs where `RUST_LOG` does not say: what is wrong.
pub const COMMAND_LOG: &str = "warn";

/// Starts logging to standard error: lines for a person, or JSON for machines. Keeps what the settings say, or
/// `default`.
///
/// Whatever they say, the libraries that carry Slack's and the models' keys and texts do not tell what they carry.
///
/// # Errors
/// When logging was started before in this process, or the filter can't be read.
pub fn start_logging(config: &LogConfig, default: &str) -> anyhow::Result<()> {
    use std::io::IsTerminal as _;

    let filter = format!("{},slack_morphism=warn,async_openai=off", config.filter.as_deref().unwrap_or(default));
    let filter = EnvFilter::builder().parse(filter)?;
    // A line that can't be written is lost. To tell of it on the very stream that takes none would be a panic.
    let lines = tracing_subscriber::fmt().log_internal_errors(false);
    let lines = lines.with_env_filter(filter).with_writer(std::io::stderr);
    let started = match config.format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| anyhow::anyhow!("logging can't be started: {error}"))
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives each request an id, which the response carries too (`x-request-id`), a span with method and path
/// but neither query nor body, and one log line when it is answered.
///
/// An id that a proxy in front has given is kept if it is short and plain.
pub fn traced(router: Router, chance: Chance) -> Router {
    let layers = ServiceBuilder::new()
        .map_request(without_odd_request_id)
        .layer(SetRequestIdLayer::new(REQUEST_ID, RequestIds(chance)))
        .layer(
            TraceLayer::new_for_http()
                .make_span_with(request_span)
                .on_request(())
                .on_response(log_response)
                .on_failure(DefaultOnFailure::new().level(Level::DEBUG)),
        )
        .layer(PropagateRequestIdLayer::new(REQUEST_ID));
    router.layer(layers)
}

/// What requests are called in the log: `req_` and a ULID.
struct RequestNumber(Ulid);

impl Id for RequestNumber {
    const PREFIX: &'static str = "req";

    fn from_ulid(ulid: Ulid) -> Self {
        Self(ulid)
    }
}

#[derive(Clone)]
struct RequestIds(Chance);

impl MakeRequestId for RequestIds {
    fn make_request_id<B>(&mut self, _request: &axum::http::Request<B>) -> Option<RequestId> {
        let number: RequestNumber = self.0.id();
        let text = format!("{}_{}", RequestNumber::PREFIX, number.0);
        HeaderValue::from_str(&text).ok().map(RequestId::new)
    }
}

/// Drops an id from outside that could confuse who reads the log.
fn without_odd_request_id(mut request: Request) -> Request {
    let plain = |id: &HeaderValue| {
        let bytes = id.as_bytes();
        (1..=64).contains(&bytes.len()) && bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(b))
    };
    if !request.headers().get(REQUEST_ID).is_some_and(plain) {
        request.headers_mut().remove(REQUEST_ID);
    }
    request
}

fn request_span(request: &Request) -> Span {
    let id = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok()).unwrap_or_default();
    let (method, path) = (request.method().as_str(), told(request.uri().path()));
    // What a monitor asks every few seconds would bury the rest.
    if matches!(path, "/healthz" | "/readyz" | "/metrics") {
        tracing::debug_span!("request", id, method, path, status = Empty)
    } else {
        tracing::info_span!("request", id, method, path, status = Empty)
    }
}

/// The path as the log tells it: without the token that a private link ends with.
fn told(path: &str) -> &str {
    if path.starts_with("/ticket/") { "/ticket/…" } else { path }
}

fn log_response<B>(response: &Response<B>, latency: Duration, span: &Span) {
    span.record("status", response.status().as_u16());
    let ms = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX);
    match span.metadata().map(tracing::Metadata::level) {
        Some(&Level::INFO) if response.status().is_server_error() => tracing::error!(ms, "answered"),
        Some(&Level::INFO) => tracing::info!(ms, "answered"),
        _ => tracing::debug!(ms, "answered"),
    }
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, routing::get};
    use tower::ServiceExt as _;

    use super::*;

    async fn answered_id(sent: Option<&str>) -> String {
        let app = traced(Router::new().route("/", get(async || "")), Chance::system());
        let mut request = Request::new(Body::empty());
        if let Some(sent) = sent {
            request.headers_mut().insert(REQUEST_ID, sent.parse().unwrap());
        }
        let response = app.oneshot(request).await.unwrap();
        response.headers()[REQUEST_ID].to_str().unwrap().to_owned()
    }

    #[tokio::test]
    async fn every_response_names_its_request() {
        assert!(answered_id(None).await.starts_with("req_"));
        assert_eq!(answered_id(Some("proxy-7f3k")).await, "proxy-7f3k");
        for odd in ["two words", "level=error", "", &"x".repeat(65)] {
            assert!(answered_id(Some(odd)).await.starts_with("req_"), "{odd}");
        }
    }

    #[test]
    fn the_default_filter_is_the_documented_one() {
        let setting = crate::config::SETTINGS.iter().find(|setting| setting.name == "RUST_LOG").unwrap();
        assert_eq!(setting.default, SERVER_LOG);
    }

    #[test]
    fn the_numbers_are_described_and_can_be_installed_twice() {
        let metrics = Metrics::install().unwrap();
        assert!(Metrics::install().is_ok());
        metrics::counter!(DELIVERIES, "source" => "console", "outcome" => "accepted").increment(1);
        metrics::histogram!(ACK_SECONDS, "source" => "console").record(0.02);
        let text = metrics.render();
        assert!(
            text.contains("# HELP docket_deliveries_total Deliveries that came in, by source and outcome"),
            "{text}"
        );
        assert!(text.contains(r#"docket_ack_seconds_bucket{source="console",le="0.025"} 1"#), "{text}");
    }
}
