//! Two organisations behind one API: neither sees or changes anything of the other, and no token is anywhere to be read.

use axum::http::Method;
use docket::domain::token::Scope;
use serde_json::{Value, json};

use crate::support::{
    api::{Program, Said, make_token},
    db::{TestDb, for_each_db},
    site::Site,
};

for_each_db!(
    with_another_tenants_token_nothing_is_found_and_nothing_changes,
    the_text_of_a_token_is_in_no_answer_and_nowhere_in_the_database,
    a_page_of_another_site_changes_nothing,
);

/// Every address of the document with the names of the first tenant, and a body that would do something there.
fn addresses(code: &str, member: &str) -> Vec<(Method, String, Value)> {
    let get = |path: &str| (Method::GET, path.to_owned(), Value::Null);
    let post = |path: String, body: Value| (Method::POST, path, body);
    let change = json!({ "operations": [{ "op": "delete_task", "task": "AUTH-7" }] });
    vec![
        get("/projects/AUTH"),
        get("/tasks/AUTH-1"),
        get("/tasks?project=AUTH"),
        get(&format!("/patches/{code}")),
        get("/patches?project=AUTH"),
        get(&format!("/audit?patch={code}")),
        get(&format!("/tasks?assignee={member}")),
        post("/projects/AUTH/patches".to_owned(), change),
        post(format!("/patches/{code}/approve"), json!({ "revision": 1 })),
        post(format!("/patches/{code}/reject"), json!({ "revision": 1 })),
        post("/patches/P-2/undo".to_owned(), json!({})),
    ]
}

async fn call(program: &Program, (method, path, body): &(Method, String, Value)) -> Said {
    let body = (!body.is_null()).then(|| body.to_string());
    program.send(method.clone(), path, &[("content-type", "application/json")], body).await
}

async fn with_another_tenants_token_nothing_is_found_and_nothing_changes(db: &TestDb) {
    let (site, sample) = Site::over_sample(db).await;
    let other = site.of_new_tenant().await;
    let ana = sample.members[0].0.id;
    let ours = Program::of(site.router(), &site.store, &site.chance, site.tenant, ana).await;
    let theirs = Program::of(site.router(), &site.store, &site.chance, other.tenant, other.owner).await;
    let before = snapshot(&ours).await;
    for address in addresses("P-4", &ana.to_string()) {
        let said = call(&theirs, &address).await;
        if address.1.contains("assignee") {
            assert_eq!(said.ok()["items"], json!([]), "{address:?}");
        } else {
            assert_eq!(said.problem(404).0, "not-found", "{address:?}");
        }
    }
    for path in ["/projects", "/tasks", "/patches", "/audit"] {
        assert_eq!(theirs.all(path, 10).await, [Value::Null; 0], "{path}");
    }
    assert_eq!(theirs.all("/members", 10).await.len(), 1);
    // Work can't be given to a stranger, and a cursor of the other tenant leads nowhere but into one's own list.
    let stranger = json!({
        "project": { "title": "Theirs" },
        "operations": [{ "op": "create_task", "title": "A task", "assignee": ana.to_string() }],
    });
    let said = theirs.post("/patches", &stranger).await;
    assert_eq!(said.problem(422).0, "invalid");
    assert_eq!(said.json["problems"][0]["pointer"], "/operations/0/assignee");
    let cursor = ours.get("/tasks?limit=1").await.ok()["next"].as_str().unwrap().to_owned();
    assert_eq!(theirs.get(&format!("/tasks?after={cursor}")).await.ok()["items"], json!([]));
    // The same key of two tenants is two keys.
    let headers = [("idempotency-key", "1")];
    let first = json!({ "project": { "title": "Docs" }, "operations": [{ "op": "create_task", "title": "Write" }] });
    let mine = ours.post_with("/patches", &headers, &first).await.ok();
    let yours = theirs.post_with("/patches", &headers, &first).await.ok();
    assert_eq!((&mine["code"], &yours["code"]), (&json!("P-5"), &json!("P-1")));
    let after = snapshot(&ours).await;
    assert_eq!(after.0, before.0, "a project changed");
    assert_eq!(after.1, before.1, "a task changed");
    assert_eq!(after.2.len(), before.2.len() + 1, "a patch changed");
}

async fn snapshot(program: &Program) -> (Vec<Value>, Vec<Value>, Vec<Value>) {
    (program.all("/projects", 50).await, program.all("/tasks", 50).await, program.all("/patches", 50).await)
}

async fn the_text_of_a_token_is_in_no_answer_and_nowhere_in_the_database(db: &TestDb) {
    let (site, sample) = Site::over_sample(db).await;
    let ana = sample.members[0].0.id;
    let token = make_token(&site.store, &site.chance, site.tenant, ana, Scope::ALL, None).await;
    let program = Program { router: site.router(), token: Some(token.clone()) };
    let mut said = Vec::new();
    for address in addresses("P-4", &ana.to_string()) {
        said.push(call(&program, &address).await.text);
    }
    // Somebody sends it where it does not belong.
    said.push(program.get(&format!("/projects/{token}")).await.text);
    said.push(program.get(&format!("/tasks?status={token}")).await.text);
    assert!(said.iter().all(|text| !text.contains(&token)), "{said:?}");
    let secret = token.strip_prefix("docket_").unwrap();
    let everything = db.everything().await;
    assert!(everything.contains("Token service"), "nothing is searched");
    assert!(!everything.contains(secret));
}

async fn a_page_of_another_site_changes_nothing(db: &TestDb) {
    let (site, _) = Site::over_sample(db).await;
    // Whoever sits at the machine needs no token, so a browser there must not be sent here by others.
    let browser = Program { router: site.router(), token: None };
    assert_eq!(browser.get("/me").await.ok()["token"], Value::Null);
    for foreign in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")] {
        let headers = [foreign, ("content-type", "application/json")];
        let said = browser
            .send(Method::POST, "/patches/P-4/reject", &headers, Some(json!({ "revision": 1 }).to_string()))
            .await;
        assert_eq!(said.problem(403).0, "forbidden", "{foreign:?}");
    }
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let said = browser.send(Method::POST, "/patches/P-4/reject", &form, Some("revision=1".to_owned())).await;
    assert_eq!(said.problem(415).0, "not-json");
    assert_eq!(browser.get("/patches/P-4").await.ok()["state"], "proposed");
    let own = [("sec-fetch-site", "same-origin"), ("content-type", "application/json")];
    let said =
        browser.send(Method::POST, "/patches/P-4/reject", &own, Some(json!({ "revision": 1 }).to_string())).await;
    assert_eq!(said.ok()["patch"]["state"], "rejected");
}
