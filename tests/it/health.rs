//! What an operator's machinery is told.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use docket::{
    clock::Chance,
    health::{self, Health},
    shutdown::Shutdown,
    store::Store,
    telemetry::{self, Metrics},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;

/// An application of nothing but its health, on a database that is not migrated yet.
struct Patient {
    router: Router,
    store: Store,
    worker: Arc<AtomicBool>,
    intake: Arc<AtomicBool>,
    shutdown: Shutdown,
    _folder: TempDir,
}

impl Patient {
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let store = Store::open(&format!("sqlite://{}", folder.path().join("docket.db").display())).await.unwrap();
        let (worker, shutdown, chance) = (Arc::new(AtomicBool::new(true)), Shutdown::new(), Chance::system());
        let alive = Arc::clone(&worker);
        let intake = Arc::new(AtomicBool::new(false));
        let full = Arc::clone(&intake);
        let health = Health {
            store: store.clone(),
            metrics: Metrics::install().unwrap(),
            worker_alive: Arc::new(move || alive.load(Ordering::Relaxed)),
            intake_full: Arc::new(move || full.load(Ordering::Relaxed)),
            shutdown: shutdown.clone(),
            chance: chance.clone(),
        };
        let router = telemetry::traced(health::router(health), chance);
        Self { router, store, worker, intake, shutdown, _folder: folder }
    }

    async fn get(&self, path: &str) -> (StatusCode, String) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        assert!(response.headers().contains_key("x-request-id"));
        let status = response.status();
        let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn ready(&self) -> (StatusCode, Value) {
        let (status, body) = self.get("/readyz").await;
        (status, serde_json::from_str(&body).unwrap())
    }
}

#[tokio::test]
async fn it_is_alive_before_it_is_ready() {
    let patient = Patient::new().await;
    assert_eq!(patient.get("/healthz").await, (StatusCode::OK, r#"{"alive":true}"#.to_owned()));
    let (status, body) = patient.ready().await;
    assert_eq!((status, &body["ready"]), (StatusCode::SERVICE_UNAVAILABLE, &json!(false)));
    assert!(body["reasons"]["database"].as_str().unwrap().contains("not migrated"), "{body}");

    patient.store.migrate().await.unwrap();
    assert_eq!(patient.ready().await, (StatusCode::OK, json!({ "ready": true, "reasons": {} })));
}

#[tokio::test]
async fn each_reason_not_to_be_ready_is_named() {
    let patient = Patient::new().await;
    patient.store.migrate().await.unwrap();

    patient.worker.store(false, Ordering::Relaxed);
    let (status, body) = patient.ready().await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(body["reasons"]["worker"].is_string() && body["reasons"]["database"].is_null(), "{body}");

    patient.worker.store(true, Ordering::Relaxed);
    patient.intake.store(true, Ordering::Relaxed);
    let (status, body) = patient.ready().await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(body["reasons"]["intake"].as_str().unwrap().contains("webhooks are refused"), "{body}");

    patient.intake.store(false, Ordering::Relaxed);
    patient.shutdown.request();
    let (status, body) = patient.ready().await;
    assert_eq!((status, &body["reasons"]), (StatusCode::SERVICE_UNAVAILABLE, &json!({ "process": "stopping" })));

    patient.store.close().await;
    let (status, body) = patient.ready().await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(body["reasons"]["database"].as_str().unwrap().contains("(ref "), "{body}");
    assert_eq!(patient.get("/healthz").await.0, StatusCode::OK);
}

#[tokio::test]
async fn numbers_of_the_database_are_there_while_it_answers() {
    let patient = Patient::new().await;
    patient.store.migrate().await.unwrap();
    metrics::counter!(telemetry::JOBS_RUN, "kind" => "sync_card", "outcome" => "done").increment(1);
    let (status, text) = patient.get("/metrics").await;
    assert_eq!(status, StatusCode::OK);
    assert!(text.contains(r#"docket_jobs_total{kind="sync_card",outcome="done"}"#), "{text}");
    assert!(text.contains("\ndocket_jobs_oldest_seconds 0\n"), "{text}");

    patient.store.close().await;
    let (status, text) = patient.get("/metrics").await;
    assert_eq!(status, StatusCode::OK);
    assert!(text.contains("docket_jobs_total") && !text.contains("docket_jobs_oldest_seconds"), "{text}");
}
