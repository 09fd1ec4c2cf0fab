//! GitHub's own recorded webhooks (npm `@octokit/webhooks-examples`): each is taken, and each kind that Docket acts on
//! becomes the event that is written down here.

use std::{collections::BTreeMap, path::Path, time::Duration};

use axum::http::StatusCode;
use docket::{
    domain::{connection::Connection, event::Event, provider::Provider},
    trackers::github::receive,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    binary::{Binary, Settings, client},
    db::{TestDb, for_each_db},
    github::{HOOK_SECRET, Webhook},
    peers::missing,
    sample,
};

for_each_db!(every_recorded_webhook_is_taken_and_handled_by_the_real_program);

/// The kinds that Docket acts on.
const ACTED: &[&str] = &[
    "installation",
    "installation_repositories",
    "installation_target",
    "repository",
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "issue_comment",
    "issues",
    "sub_issues",
    "push",
    "check_suite",
    "check_run",
    "workflow_run",
    "release",
    "github_app_authorization",
    "ping",
];

/// Every recorded webhook, with its kind. `None`, with a line that says so, where they are not installed.
fn recorded() -> Option<Vec<(String, Value)>> {
    let file = "target/peers/node/node_modules/@octokit/webhooks-examples/api.github.com/index.json";
    let Ok(text) = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)) else {
        missing("not checked against recorded webhooks: `./tests/run setup` installs them");
        return None;
    };
    let kinds: Vec<Value> = serde_json::from_str(&text).unwrap();
    let mut all = Vec::new();
    for kind in &kinds {
        let name = kind["name"].as_str().unwrap();
        all.extend(kind["examples"].as_array().unwrap().iter().map(|body| (name.to_owned(), body.clone())));
    }
    assert_eq!((kinds.len(), all.len()), (58, 329));
    Some(all)
}

/// Those of which nothing is recorded, as docs.github.com describes them.
fn described() -> Vec<(String, Value)> {
    let repository =
        json!({ "id": 700, "full_name": "acme/web", "html_url": "https://github.com/acme/web", "private": true });
    let issue = |number: u64, title: &str| {
        json!({ "id": 9_000 + number, "number": number, "title": title, "state": "open", "html_url": "https://github.com/acme/web/issues/1",
                "created_at": "2026-11-01T10:00:00Z", "updated_at": "2026-11-02T10:00:00Z", "labels": [], "assignees": [] })
    };
    let sender = json!({ "id": 11, "login": "ana-gh", "type": "User" });
    let part = |action: &str, more: Value| {
        let mut body = json!({ "action": action, "parent_issue": issue(1, "Sign in"), "sub_issue": issue(2, "By key"),
                               "repository": repository, "installation": { "id": 501 }, "sender": sender });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        ("sub_issues".to_owned(), body)
    };
    let check = |kind: &str, action: &str, conclusion: Value| {
        let run = json!({ "name": "CI", "head_sha": "abc", "status": "completed", "conclusion": conclusion,
                          "html_url": "https://github.com/acme/web/actions/runs/1", "updated_at": "2026-11-02T10:00:00Z",
                          "completed_at": "2026-11-02T10:00:00Z", "pull_requests": [
                              { "number": 7, "base": { "repo": { "id": 700 } } }, { "number": 8, "base": { "repo": { "id": 1 } } }] });
        (
            kind.to_owned(),
            json!({ "action": action, kind: run, "repository": repository, "installation": { "id": 501 }, "sender": sender }),
        )
    };
    let target = json!({ "action": "renamed", "account": { "id": 5, "login": "acme-inc" }, "installation": { "id": 501 },
                         "changes": { "login": { "from": "acme" } }, "sender": sender });
    vec![
        part("sub_issue_added", json!({ "sub_issue_repo": { "id": 701, "full_name": "acme/api" } })),
        part("parent_issue_removed", json!({})),
        part("sub_issue_painted", json!({})),
        ("installation_target".to_owned(), target),
        check("check_run", "completed", json!("failure")),
        check("check_run", "completed", json!("action_required")),
        check("workflow_run", "completed", json!("cancelled")),
        check("workflow_run", "in_progress", json!(null)),
    ]
}

fn debug(kind: &str, body: &Value) -> String {
    let action = body["action"].as_str().unwrap_or("-");
    let said = match receive::incoming(kind, body.to_string().as_bytes()) {
        Ok(incoming) => match incoming.event {
            Event::Tracker(event) => serde_json::to_string(&event).unwrap(),
            other => format!("{other:?}"),
        },
        Err(why) => format!("unreadable: {why}"),
    };
    format!("{action} → {said}")
}

#[test]
fn each_kind_that_docket_acts_on_becomes_an_event() {
    let Some(recorded) = recorded() else { return };
    let mut kinds = BTreeMap::<&str, Vec<String>>::new();
    let described = described();
    for (kind, body) in recorded.iter().chain(&described) {
        if ACTED.contains(&kind.as_str()) {
            kinds.entry(kind).or_default().push(debug(kind, body));
        }
    }
    assert_eq!(kinds.len(), ACTED.len());
    for (kind, lines) in kinds {
        insta::assert_snapshot!(format!("github_{kind}"), lines.join("\n"));
    }
}

#[test]
fn a_webhook_whose_fields_are_odd_or_missing_is_read_as_far_as_it_goes() {
    let Some(recorded) = recorded() else { return };
    // Each field of each body is taken away, and turned into something else: nothing panics, and what is not about the
    // event itself changes nothing of whether it can be read.
    let mut read = 0;
    for (kind, body) in recorded.iter().filter(|(kind, _)| ACTED.contains(&kind.as_str())) {
        for name in body.as_object().unwrap().keys() {
            for odd in [
                json!(null),
                json!([1, { "a": [] }]),
                json!({ "id": "x" }),
                json!("?"),
                json!(-1),
                json!(1.5),
                json!(true),
            ] {
                let mut body = body.clone();
                body[name] = odd;
                let outcome = receive::receive(kind, body.to_string().as_bytes());
                let received = outcome.unwrap_or_else(|why| panic!("{kind}.{name}: {why}"));
                read += usize::from(received.event.is_ok());
            }
        }
    }
    assert!(read > 1_000, "{read}");
}

async fn every_recorded_webhook_is_taken_and_handled_by_the_real_program(db: &TestDb) {
    let Some(recorded) = recorded() else { return };
    let tenant = db.store.local_tenant(&db.chance).await.unwrap();
    let mut tx = db.store.write(tenant).await.unwrap();
    let by = tx.members().await.unwrap()[0].id;
    let mut installations: Vec<u64> =
        recorded.iter().filter_map(|(_, body)| body["installation"]["id"].as_u64()).collect();
    installations.sort_unstable();
    installations.dedup();
    for installation in &installations {
        let connection = sample::connection(&db.chance, Provider::GitHub, &installation.to_string(), by);
        tx.put_connection(&Connection { access: None, refresh: None, ..connection }).await.unwrap();
    }
    tx.commit().await.unwrap();
    let folder = TempDir::new().unwrap();
    let settings = Settings::new(&db.url, folder.path()).with("GITHUB_WEBHOOK_SECRET", HOOK_SECRET);
    let binary = Binary::start(&settings).await;
    let client = client();
    let mut taken = BTreeMap::<String, usize>::new();
    for (kind, mut body) in recorded {
        // Whatever is not of an installation becomes one's, so that all of it is kept.
        if !body["installation"]["id"].is_u64() {
            body["installation"] = json!({ "id": installations[0] });
        }
        let webhook = Webhook::new(&kind, &body);
        let mut post = client.post(format!("{}/github/webhooks", binary.base));
        for (name, value) in webhook.headers() {
            post = post.header(name, value);
        }
        let answer = post.body(webhook.body()).send().await.unwrap();
        let (status, words) = (answer.status(), answer.text().await.unwrap());
        assert!(
            status == StatusCode::ACCEPTED || (kind == "ping" && status == StatusCode::OK),
            "{kind}: {status} {words}"
        );
        *taken.entry(words).or_default() += 1;
    }
    assert_eq!(taken.values().sum::<usize>(), 329);
    assert!(taken.keys().all(|words| !words.contains("can't be read")), "{taken:?}");
    assert!(taken["Taken."] > 100, "{taken:?}");
    for _ in 0..600 {
        if db.count("deliveries WHERE handled_at IS NULL").await == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(db.count("deliveries WHERE source = 'github'").await, 325, "all but the pings");
    assert_eq!(db.count("deliveries WHERE handled_at IS NULL").await, 0);
    assert_eq!(db.count("jobs WHERE state = 'dead'").await, 0);
    assert!(binary.terminate().1);
}
