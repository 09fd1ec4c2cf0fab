//! Lines and clicks: stored once, before they are acknowledged, and never from another site.

use std::time::Duration;

use axum::http::{StatusCode, header};
use docket::domain::ids::DeliveryId;
use serde_json::json;

use crate::support::{
    db::{TestDb, for_each_db},
    site::{Site, ask, post},
};

const LINE: &str = r#"{"id":"k-1","text":"/docket plan Build a user authentication flow"}"#;

for_each_db!(
    a_line_is_stored_with_its_job_and_then_acknowledged,
    the_same_line_sent_again_is_the_same_line,
    a_click_keeps_what_was_ticked_and_written,
    without_a_script_the_forms_do_the_same,
    a_choice_and_a_stop_are_kept_with_and_without_a_script,
    a_stop_waits_for_no_line_before_it,
    what_nobody_can_mean_is_refused_and_not_stored,
    a_full_disk_is_said_and_nothing_is_acknowledged,
    another_site_can_not_send_anything,
);

async fn a_line_is_stored_with_its_job_and_then_acknowledged(db: &TestDb) {
    let site = Site::over(db).await;
    let page = site.post_json("/console/say", LINE).await;
    assert_eq!(page.status, StatusCode::ACCEPTED, "{}", page.body);
    let said = json!({ "type": "say", "id": "k-1", "text": "/docket plan Build a user authentication flow" });
    assert_eq!(site.taken(), [said]);
    let waiting = site.store.jobs(10).await.unwrap();
    assert_eq!(waiting.iter().map(|job| job.kind.as_str()).collect::<Vec<_>>(), ["handle_delivery"]);
}

async fn the_same_line_sent_again_is_the_same_line(db: &TestDb) {
    let site = Site::over(db).await;
    site.post_json("/console/say", LINE).await;
    let again = site.post_json("/console/say", LINE).await;
    assert_eq!(again.status, StatusCode::ACCEPTED);
    assert!(again.body.contains("\"new\":false"), "{}", again.body);
    assert_eq!(site.store.jobs(10).await.unwrap().len(), 1);
}

async fn a_click_keeps_what_was_ticked_and_written(db: &TestDb) {
    let (site, sample) = Site::over_sample(db).await;
    let patch = sample.patch(4).id;
    let body = json!({ "id": "k", "patch": patch, "revision": 1, "action": "approve", "steps": [0, 2] });
    assert_eq!(site.post_json("/console/click", &body.to_string()).await.status, StatusCode::ACCEPTED);
    assert_eq!(site.taken()[0]["steps"], json!([0, 2]));
    assert_eq!(site.taken()[0]["type"], "click");
}

async fn without_a_script_the_forms_do_the_same(db: &TestDb) {
    let (site, sample) = Site::over_sample(db).await;
    let patch = sample.patch(4).id;
    let page = site.post_form("/console/say", "id=k-2&text=what+is+next%3F").await;
    assert_eq!((page.status, page.header(header::LOCATION)), (StatusCode::SEE_OTHER, "/console"));
    let press = format!("press=approve+{patch}+1&choices={patch}&steps=0&steps=3");
    assert_eq!(site.post_form("/console/click", &press).await.status, StatusCode::SEE_OTHER);
    let reject = format!("press=reject+{patch}+1&words=Too+big");
    assert_eq!(site.post_form("/console/click", &reject).await.status, StatusCode::SEE_OTHER);
    let taken = site.taken();
    assert_eq!(taken[0], json!({ "type": "say", "id": "k-2", "text": "what is next?" }));
    assert_eq!((&taken[1]["action"], &taken[1]["steps"]), (&json!("approve"), &json!([0, 3])));
    assert_eq!((&taken[2]["action"], &taken[2]["words"]), (&json!("reject"), &json!("Too big")));
    assert!(taken[2].get("steps").is_none(), "{}", taken[2]);
}

async fn a_choice_and_a_stop_are_kept_with_and_without_a_script(db: &TestDb) {
    let site = Site::over(db).await;
    let delivery = site.chance.id::<DeliveryId>();
    let choice = json!({ "words": "how's it\nlooking", "line": "status AUTH" });
    let mut scripted = choice.clone();
    scripted["id"] = json!("k-1");
    let stop = json!({ "id": "k-2", "delivery": delivery }).to_string();
    for (path, body) in [("/console/choose", scripted.to_string()), ("/console/stop", stop)] {
        assert_eq!(site.post_json(path, &body).await.status, StatusCode::ACCEPTED, "{path}");
    }
    let choose = serde_urlencoded::to_string([("choose", choice.to_string())]).unwrap();
    for (path, body) in [("/console/choose", choose), ("/console/stop", format!("stop={delivery}"))] {
        let page = site.post_form(path, &body).await;
        assert_eq!((page.status, page.header(header::LOCATION)), (StatusCode::SEE_OTHER, "/console"), "{path}");
    }
    let mut taken = site.taken();
    for one in &mut taken {
        one.as_object_mut().unwrap().remove("id");
    }
    let chosen = json!({ "type": "choose", "words": "how's it\nlooking", "line": "status AUTH" });
    let stopped = json!({ "type": "stop", "delivery": delivery });
    assert_eq!(taken, [chosen.clone(), stopped.clone(), chosen, stopped]);
}

async fn a_stop_waits_for_no_line_before_it(db: &TestDb) {
    let site = Site::over(db).await;
    site.post_json("/console/say", LINE).await;
    site.post_json("/console/say", r#"{"id":"k-2","text":"/docket plan Build a search page"}"#).await;
    site.post_json("/console/say", r#"{"id":"k-4","text":"/docket approve P-1"}"#).await;
    let stop = json!({ "id": "k-3", "delivery": site.chance.id::<DeliveryId>() }).to_string();
    site.post_json("/console/stop", &stop).await;
    let claimed = site.store.claim("worker", site.chance.now(), Duration::from_mins(1), 10).await.unwrap();
    assert_eq!(claimed.len(), 3, "the first line, the decision and the stop, while the second plan waits");
}

async fn what_nobody_can_mean_is_refused_and_not_stored(db: &TestDb) {
    let site = Site::over(db).await;
    for (path, body) in [
        ("/console/say", "{}"),
        ("/console/say", r#"{"id":"k","text":"   "}"#),
        ("/console/say", "\u{0}\u{1}"),
        ("/console/click", r#"{"id":"k","patch":"prj_x","revision":1,"action":"approve"}"#),
        ("/console/choose", r#"{"id":"k","words":"?","line":"status"}"#),
        ("/console/choose", r#"{"id":"k","words":"how is it","line":""}"#),
        ("/console/choose", r#"{"id":"k","words":"ship it will you","line":"approve P-1"}"#),
        ("/console/choose", r#"{"id":"k","words":"what now then","line":"models budget 5m"}"#),
        ("/console/say", r#"{"id":"k","text":"/docket connect openai sk-proj-Zq7xT4nB9wKe2Lm5"}"#),
        ("/console/stop", r#"{"id":"k","delivery":"pat_01HF7YAT00000000000000001A"}"#),
        ("/console/click", r#"{"id":"k","patch":"pat_01HF7YAT00000000000000001A","revision":1,"action":"explode"}"#),
    ] {
        let page = site.post_json(path, body).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{body}");
        assert!(page.body.contains("\"error\":\""), "{body}: {}", page.body);
    }
    for body in ["", "press=approve", "press=approve+pat_x+1", "press=explode+pat_01HF7YAT00000000000000001A+1"] {
        assert_eq!(site.post_form("/console/click", body).await.status, StatusCode::BAD_REQUEST, "{body}");
    }
    for (path, body) in [("/console/choose", "choose=how%0Astatus"), ("/console/stop", "stop=x"), ("/console/stop", "")]
    {
        assert_eq!(site.post_form(path, body).await.status, StatusCode::BAD_REQUEST, "{path} {body}");
    }
    let large = format!(r#"{{"id":"k","text":"{}"}}"#, "x".repeat(200_000));
    assert_eq!(site.post_json("/console/say", &large).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(site.taken().is_empty());
}

async fn a_full_disk_is_said_and_nothing_is_acknowledged(db: &TestDb) {
    let site = Site::over(db).await;
    let page = ask(site.full(), post("/console/say", "application/json", LINE)).await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.body.contains("nothing was done"), "{}", page.body);
    assert!(!page.body.contains("disk is full"), "what happened inside is for the log: {}", page.body);
}

async fn another_site_can_not_send_anything(db: &TestDb) {
    let site = Site::over(db).await;
    for (name, value) in [
        (header::HeaderName::from_static("sec-fetch-site"), "cross-site"),
        (header::HeaderName::from_static("sec-fetch-site"), "same-site"),
        (header::ORIGIN, "https://evil.example"),
        (header::ORIGIN, "null"),
        (header::ORIGIN, "http://127.0.0.1:9999"),
    ] {
        let mut request = post("/console/say", "application/x-www-form-urlencoded", "id=k&text=hi");
        request.headers_mut().insert(&name, value.parse().unwrap());
        assert_eq!(ask(site.router(), request).await.status, StatusCode::FORBIDDEN, "{name}: {value}");
    }
    assert!(site.taken().is_empty());
    let mut own = post("/console/say", "application/x-www-form-urlencoded", "id=k&text=hi");
    own.headers_mut().insert(header::ORIGIN, "http://127.0.0.1:8080".parse().unwrap());
    assert_eq!(ask(site.router(), own).await.status, StatusCode::SEE_OTHER);
}
