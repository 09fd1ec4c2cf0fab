//! What an operator's machinery asks: alive, ready, and the numbers.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::{Map, Value, json};

use crate::{
    clock::Chance,
    domain::time::Timestamp,
    shutdown::Shutdown,
    store::{Stats, Store},
    telemetry::{self, Metrics},
};

/// How long a check of the database may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the answers are made from.
#[derive(Clone)]
pub struct Health {
    /// The database.
    pub store: Store,
    /// The numbers.
    pub metrics: Metrics,
    /// Whether the worker has shown a sign of life lately.
    pub worker_alive: Arc<dyn Fn() -> bool + Send + Sync>,
    /// Whether requests were refused lately because more came in than could be stored.
    pub intake_full: Arc<dyn Fn() -> bool + Send + Sync>,
    /// While Docket stops, it is not ready.
    pub shutdown: Shutdown,
    /// Time, and references for the log.
    pub chance: Chance,
}

/// `GET /healthz`, `/readyz` and `/metrics`.
pub fn router(health: Health) -> Router {
    Router::new()
        .route("/healthz", get(async || Json(json!({ "alive": true }))))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(health)
}

/// 200 when Docket can do its work; 503 with what is wrong when it can't.
async fn ready(State(health): State<Health>) -> Response {
    let mut reasons = Map::new();
    if health.shutdown.is_requested() {
        reasons.insert("process".to_owned(), json!("stopping"));
    }
    if let Err(reason) = health.database().await {
        reasons.insert("database".to_owned(), Value::String(reason));
    }
    if !(health.worker_alive)() {
        reasons.insert("worker".to_owned(), json!("no sign of life; jobs wait until Docket is restarted"));
    }
    if (health.intake_full)() {
        let words = "more comes in than can be stored; webhooks are refused until it can";
        reasons.insert("intake".to_owned(), json!(words));
    }
    let ready = reasons.is_empty();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "ready": ready, "reasons": reasons }))).into_response()
}

impl Health {
    /// Whether the database answers and is migrated. The cause goes to the log, since this page is open
    /// to anybody.
    async fn database(&self) -> Result<(), String> {
        let reference = self.chance.reference();
        match tokio::time::timeout(PATIENCE, self.store.check_for_serving()).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => {
                tracing::error!(reference, "the database is not ready: {error:#}");
                Err(format!("unreachable or not migrated; the log says more (ref {reference})"))
            }
            Err(_) => {
                tracing::error!(reference, patience = ?PATIENCE, "the database did not answer in time");
                Err(format!("did not answer within {} s (ref {reference})", PATIENCE.as_secs()))
            }
        }
    }

    /// The gauges as they are now; nothing while the database does not answer, since an old number would
    /// look like a true one.
    async fn gauges(&self) -> String {
        match tokio::time::timeout(PATIENCE, self.store.stats()).await {
            Ok(Ok(stats)) => gauges(&stats, self.chance.now()),
            Ok(Err(error)) => {
                tracing::warn!("the numbers of the database can't be read: {error}");
                String::new()
            }
            Err(_) => {
                tracing::warn!(patience = ?PATIENCE, "the database did not give its numbers in time");
                String::new()
            }
        }
    }
}

/// The numbers of this process, and those of the database as they are now.
async fn metrics(State(health): State<Health>) -> Response {
    let text = health.metrics.render() + &health.gauges().await;
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

/// What the database holds, in Prometheus' text format: read at each scrape, never kept.
fn gauges(stats: &Stats, now: Timestamp) -> String {
    let by_state = |name: &str, counts: &BTreeMap<String, i64>| {
        let lines = counts.iter().map(|(state, count)| format!("{name}{{state=\"{state}\"}} {count}\n"));
        format!("{}{}", telemetry::gauge_header(name), lines.collect::<String>())
    };
    let oldest = stats.oldest_waiting.map_or(Duration::ZERO, |due| now.since(due)).as_secs_f64();
    format!(
        "{}{}{}{} {oldest}\n",
        by_state(telemetry::JOBS, &stats.jobs),
        by_state(telemetry::PATCHES, &stats.patches),
        telemetry::gauge_header(telemetry::JOBS_OLDEST_SECONDS),
        telemetry::JOBS_OLDEST_SECONDS,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_speaks_prometheus() {
        let stats = Stats {
            jobs: BTreeMap::from([("dead".to_owned(), 1), ("waiting".to_owned(), 2)]),
            oldest_waiting: Some(Timestamp::from_millis(1_000)),
            patches: BTreeMap::from([("proposed".to_owned(), 3)]),
        };
        insta::assert_snapshot!(gauges(&stats, Timestamp::from_millis(2_500)), @r#"
        # HELP docket_jobs Jobs in the database, by state
        # TYPE docket_jobs gauge
        docket_jobs{state="dead"} 1
        docket_jobs{state="waiting"} 2
        # HELP docket_patches Patches in the database, by state
        # TYPE docket_patches gauge
        docket_patches{state="proposed"} 3
        # HELP docket_jobs_oldest_seconds For how many seconds the longest-waiting job has been due
        # TYPE docket_jobs_oldest_seconds gauge
        docket_jobs_oldest_seconds 1.5
        "#);
        let idle = gauges(&Stats::default(), Timestamp::from_millis(0));
        assert!(idle.ends_with("docket_jobs_oldest_seconds 0\n"), "{idle}");
    }
}
