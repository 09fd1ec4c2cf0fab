//! The document describes the API as it is: every operation, every body and every answer.

use std::{collections::BTreeSet, fs, path::Path};

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use docket::domain::{
    patch::{Change, Operation, TaskChanges},
    policy::Policy,
    task::{Status, TaskNumber},
    token::Scope,
};
use serde_json::{Value, json};

use crate::support::{
    api::{Program, Said},
    db::{TestDb, for_each_db},
    site::{Site, ask},
};

for_each_db!(every_example_of_the_document_is_answered_as_it_says);

async fn document(site: &Site) -> Value {
    let page = site.get("/api/openapi.json").await;
    assert_eq!(page.header(header::CONTENT_TYPE), "application/json");
    serde_json::from_str(&page.body).unwrap()
}

/// Every operation: its method, its path, and itself.
fn operations(document: &Value) -> Vec<(Method, String, &Value)> {
    let items = document["paths"].as_object().unwrap().iter();
    let all = items.flat_map(|(path, item)| {
        let each = item.as_object().unwrap().iter();
        each.map(move |(method, operation)| (method.to_uppercase().parse().unwrap(), path.clone(), operation))
    });
    all.collect()
}

/// The path with the names of the sample in it.
fn named(path: &str) -> String {
    let code = if path.starts_with("/tasks") {
        "AUTH-3"
    } else if path.ends_with("/undo") {
        "P-2"
    } else {
        "P-4"
    };
    path.replace("{key}", "AUTH").replace("{code}", code)
}

#[tokio::test]
async fn the_document_is_kept_in_step() {
    let site = Site::new().await;
    let document = document(&site).await;
    assert_eq!(document["openapi"], "3.1.0");
    insta::with_settings!({ sort_maps => true }, { insta::assert_json_snapshot!("openapi", document) });
}

#[tokio::test]
async fn every_operation_has_a_route_and_every_route_an_operation() {
    let (site, _) = Site::with_sample().await;
    let document = document(&site).await;
    let nobody = Program { router: site.at("https://docket.example.com"), token: None };
    let mut names = BTreeSet::new();
    let all = operations(&document);
    for (method, path, operation) in &all {
        let host = [("host", "docket.example.com")];
        let said = nobody.send(method.clone(), &named(path), &host, None).await;
        assert_eq!(said.problem(401).0, "unauthorized", "{method} {path} is not there, or lets anybody in");
        assert!(names.insert(operation["operationId"].as_str().unwrap()), "{operation}");
        let scope = operation["security"][0]["token"][0].as_str().unwrap();
        assert!(Scope::from_word(scope).is_some(), "{method} {path}: {scope}");
        assert!(operation["summary"].as_str().unwrap().len() > 5, "{operation}");
        let headers: BTreeSet<_> = operation["parameters"]
            .as_array()
            .unwrap()
            .iter()
            .map(|parameter| &parameter["name"])
            .collect::<Vec<_>>()
            .into_iter()
            .filter_map(Value::as_str)
            .collect();
        let expected = if *method == Method::GET { "If-None-Match" } else { "Idempotency-Key" };
        assert!(headers.contains(expected), "{method} {path}: {headers:?}");
    }
    // No other method of these addresses does anything.
    let paths: BTreeSet<_> = all.iter().map(|(_, path, _)| path.clone()).collect();
    for path in &paths {
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            if !all.iter().any(|(known, of, _)| *known == method && of == path) {
                let said = nobody.send(method.clone(), &named(path), &[("host", "docket.example.com")], None).await;
                assert_eq!(said.problem(405).0, "method", "{method} {path}");
            }
        }
    }
    // Every handler that describes itself is in the document, and the router has no other way to get one.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web/api");
    let sources = fs::read_dir(&folder).unwrap().map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
    let described: usize = sources.map(|source| source.matches("#[utoipa::path(").count()).sum();
    assert_eq!(described, all.len());
    let router = fs::read_to_string(folder.join("mod.rs")).unwrap();
    let operations = router.split("fn operations()").nth(1).unwrap().split("\n}").next().unwrap().to_owned();
    assert!(!operations.contains(".route(") && operations.matches("routes!(").count() == paths.len());
}

/// What a schema of the document says is wrong with a value.
fn faults(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut whole = schema.clone();
    whole["components"] = document["components"].clone();
    whole["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    let validator = jsonschema::options().should_validate_formats(true).build(&whole).unwrap();
    validator.iter_errors(value).map(|error| format!("{} at {}", error, error.instance_path())).collect()
}

/// Holds that an answer is what the document says of its status.
fn hold(document: &Value, operation: &Value, said: &Said, what: &str) {
    let status = said.status.as_str();
    let known = &operation["responses"][status];
    let answer = if known.is_null() { &operation["responses"]["default"] } else { known };
    let kind = said.header("content-type");
    if status == "304" {
        return;
    }
    let schema = &answer["content"][kind]["schema"];
    assert!(schema.is_object(), "{what}: {status} {kind} is not in the document");
    assert_eq!(faults(document, schema, &said.json), [""; 0], "{what}: {}", said.text);
}

async fn every_example_of_the_document_is_answered_as_it_says(db: &TestDb) {
    let (site, sample) = Site::over_sample(db).await;
    let document = document(&site).await;
    let mut tx = site.store.write(site.tenant).await.unwrap();
    tx.set_policy(&Policy::default()).await.unwrap();
    let reopen = TaskChanges { status: Change::Set(Status::Todo), ..TaskChanges::default() };
    let inverse = [Operation::UpdateTask { number: TaskNumber(1), changes: reopen }];
    tx.set_inverse(sample.patch(2).id, &inverse).await.unwrap();
    // What P-4 calls its new task is reserved.
    assert!(tx.reserve_numbers(sample.patch(4).project, TaskNumber(8), TaskNumber(9)).await.unwrap());
    tx.commit().await.unwrap();
    let program = Program::of(site.router(), &site.store, &site.chance, site.tenant, sample.members[0].0.id).await;
    for (method, path, operation) in operations(&document) {
        let what = format!("{method} {path}");
        let media = &operation["requestBody"]["content"]["application/json"];
        let example = &media["example"];
        let said = if method == Method::GET {
            program.get(&named(&path)).await
        } else {
            assert!(example.is_object(), "{what} has no example");
            assert_eq!(faults(&document, &media["schema"], example), [""; 0], "{what}: its example");
            let mut unknown = example.clone();
            unknown["unknown"] = true.into();
            assert_ne!(faults(&document, &media["schema"], &unknown), [""; 0], "{what}: an unknown field");
            let refused = program.post(&named(&path), &unknown).await;
            assert_eq!(refused.problem(400).0, "malformed", "{what}");
            hold(&document, operation, &refused, &what);
            program.post(&named(&path), example).await
        };
        // P-4 is decided by the first example that decides.
        let is_second = path == "/patches/{code}/reject";
        assert!(said.status.is_success() || is_second && said.status == 409, "{what}: {}", said.text);
        hold(&document, operation, &said, &what);
        let nowhere = path.replace("{key}", "NOPE").replace("{code}", "P-999");
        if nowhere != path {
            let body = if method == Method::GET { None } else { Some(example.to_string()) };
            let said = program.send(method.clone(), &nowhere, &[("content-type", "application/json")], body).await;
            assert_eq!(said.problem(404).0, "not-found", "{what}");
            hold(&document, operation, &said, &what);
        }
    }
    // What the document does not allow is refused, kind by kind of operation.
    let operation = json!({ "$ref": "#/components/schemas/Operation" });
    for (value, fits) in [
        (json!({ "op": "create_task", "title": "x", "after": null, "ref": "new-1" }), true),
        (json!({ "op": "update_task", "task": "AUTH-1", "title": null, "depends_on": [] }), true),
        (json!({ "op": "create_task", "title": "x", "task": "AUTH-1" }), false),
        (json!({ "op": "delete_task", "task": "AUTH-1", "force": true }), false),
        (json!({ "op": "drop" }), false),
        (json!({ "title": "x" }), false),
        (json!({ "op": "update_task", "task": "AUTH-1", "status": "open" }), false),
    ] {
        let faults = faults(&document, &operation, &value);
        assert_eq!(faults.is_empty(), fits, "{value}: {faults:?}");
    }
}

#[tokio::test]
async fn the_documentation_shows_every_operation_and_shape_and_runs_nothing() {
    let site = Site::new().await;
    let document = document(&site).await;
    let page = site.get("/api/docs").await;
    assert_eq!(page.status, 200);
    for (method, path, operation) in operations(&document) {
        let id = operation["operationId"].as_str().unwrap();
        assert!(page.body.contains(&format!("id=\"{id}\"")), "{method} {path}");
        assert!(page.body.contains(&format!("<code>{path}</code>")), "{method} {path}");
    }
    for (name, _) in
        document["components"]["schemas"].as_object().unwrap().iter().filter(|(n, _)| !n.starts_with("Page_"))
    {
        assert!(page.body.contains(&format!("id=\"{name}\"")), "{name}");
    }
    for link in page.body.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(page.body.contains(&format!("id=\"{link}\"")), "#{link} leads nowhere");
    }
    assert!(!page.body.contains("<script") && !page.body.contains(" style=") && !page.body.contains("onload"));
    assert!(page.header(header::CONTENT_SECURITY_POLICY).starts_with("default-src 'none'"));
    let elsewhere = page.body.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    assert!(elsewhere.filter(|link| !link.starts_with('/') && !link.starts_with('#')).count() == 0);
    // The documentation is for everybody: it says nothing of anybody.
    let request = Request::get("/api/docs").header(header::HOST, "docket.example.com").body(Body::empty()).unwrap();
    assert_eq!(ask(site.at("https://docket.example.com"), request).await.status, 200);
}
