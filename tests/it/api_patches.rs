//! Proposing and deciding through the API: the same patches, cards, rules and trail as in a chat.

use std::time::Duration;

use axum::http::Method;
use docket::domain::{ids::MemberId, member::Surface, policy::Policy, token::Scope};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{
    api::{Program, make_token},
    app::TestApp,
    db::{TestDb, for_each_db},
    sample,
    site::Site,
};

for_each_db!(
    a_project_is_proposed_approved_changed_and_taken_back_over_http,
    a_proposal_has_its_card_where_its_project_is_spoken_of,
    everything_that_is_wrong_with_a_proposal_is_said_at_once,
    a_body_that_cannot_be_read_changes_nothing,
    a_part_is_approved_with_what_it_needs,
    a_decision_names_the_text_that_was_read,
    two_approvals_are_counted_and_a_refusal_is_kept_in_the_trail,
    what_is_decided_or_has_moved_cannot_be_decided,
    the_same_request_again_gets_the_first_answer,
    of_the_same_request_many_times_at_once_one_is_done,
    a_key_survives_a_restart_and_is_forgotten_after_a_day,
);

struct House<'a> {
    docket: TestApp<'a>,
    program: Program,
}

impl<'a> House<'a> {
    /// Docket with a Slack workspace, and a program of its local owner.
    async fn open(db: &'a TestDb) -> Self {
        let docket = TestApp::start(db).await;
        let owner = db.store.local_owner(docket.app.tenant).await.unwrap().unwrap();
        let router = docket.app.router.clone();
        let program = Program::of(router, &db.store, &db.chance, docket.app.tenant, owner.id).await;
        Self { docket, program }
    }

    /// The same with the project `DOCS` of three tasks.
    async fn with_project(db: &'a TestDb) -> Self {
        let house = Self::open(db).await;
        assert_eq!(house.program.post("/patches", &first_plan()).await.ok()["code"], "P-1");
        house.program.post("/patches/P-1/approve", &json!({ "revision": 1 })).await.ok();
        house
    }

    async fn set_policy(&self, policy: &Policy) {
        let mut tx = self.docket.db.store.write(self.docket.app.tenant).await.unwrap();
        tx.set_policy(policy).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn actions(&self, patch: &str) -> Vec<String> {
        let trail = self.program.all(&format!("/audit?patch={patch}"), 50).await;
        let told =
            |entry: &Value| format!("{} {}", entry["action"].as_str().unwrap(), entry["place"].as_str().unwrap_or("-"));
        trail.iter().rev().map(told).collect()
    }
}

fn first_plan() -> Value {
    json!({
        "project": { "key": "docs", "title": "Documentation", "summary": "What people need to begin." },
        "reason": "New developers ask the same three questions.",
        "operations": [
            { "op": "create_task", "ref": "new-1", "title": "Collect the questions", "estimate_minutes": 120 },
            { "op": "create_task", "ref": "new-2", "title": "Answer them", "depends_on": ["new-1"], "assignee": "me" },
            { "op": "create_task", "title": "Have them read", "parent": "new-2", "reason": "We never do." }
        ]
    })
}

async fn a_project_is_proposed_approved_changed_and_taken_back_over_http(db: &TestDb) {
    let House { docket, program } = House::open(db).await;
    let said = program.post("/patches", &first_plan()).await;
    assert_eq!((said.status.as_u16(), said.header("location")), (201, "/api/v1/patches/P-1"), "{}", said.text);
    let patch = said.ok();
    assert_eq!(
        (&patch["project"], &patch["founds"], &patch["state"]),
        (&json!("DOCS"), &json!(true), &json!("proposed"))
    );
    assert_eq!((&patch["method"], &patch["asked_in"]), (&json!("token “CI”"), &json!("api")));
    assert_eq!(patch["diff"][0], "+ DOCS-1 Collect the questions · 2 h");
    assert_eq!(program.all("/projects", 10).await, [Value::Null; 0], "it is only proposed");
    docket.run_jobs().await;

    let read = program.get("/patches/P-1").await;
    let tag = read.header("etag").to_owned();
    let approved = program.post_with("/patches/P-1/approve", &[("if-match", &tag)], &json!({})).await.ok();
    assert!(approved["message"].as_str().unwrap().starts_with("✓ P-1 is applied. DOCS is at revision 1."));
    assert_eq!(
        (&approved["patch"]["state"], &approved["patch"]["decision"]["revision"]),
        (&json!("applied"), &json!(1))
    );
    let tasks = program.all("/tasks?project=DOCS", 2).await;
    assert_eq!(tasks.iter().map(|task| &task["code"]).collect::<Vec<_>>(), ["DOCS-1", "DOCS-2", "DOCS-3"]);
    assert_eq!((&tasks[2]["parent"], &tasks[1]["depends_on"]), (&json!("DOCS-2"), &json!(["DOCS-1"])));
    assert_eq!(tasks[1]["assignee"]["name"], "Local owner");

    let change = json!({
        "title": "rework the plan",
        "operations": [
            { "op": "update_task", "task": "DOCS-2", "title": "Write the answers", "assignee": null, "due": "2026-12-24" },
            { "op": "move_task", "task": "DOCS-3", "after": null },
            { "op": "create_task", "ref": "new-x", "title": "Publish", "after": "DOCS-1", "depends_on": ["DOCS-2"] },
            { "op": "update_task", "task": "DOCS-3", "depends_on": ["new-x"] },
            { "op": "update_project", "summary": null, "lifecycle": "designing" }
        ]
    });
    let patch = program.post("/projects/docs/patches", &change).await.ok();
    assert_eq!((&patch["code"], &patch["title"]), (&json!("P-2"), &json!("rework the plan")));
    let before = (program.all("/tasks", 50).await, program.get("/projects/DOCS").await.ok());
    program.post("/patches/P-2/approve", &json!({ "revision": 1 })).await.ok();
    let changed = program.get("/tasks/DOCS-3").await.ok();
    assert_eq!((&changed["parent"], &changed["depends_on"]), (&Value::Null, &json!(["DOCS-4"])));
    let task = program.get("/tasks/DOCS-2").await.ok();
    assert_eq!((&task["assignee"], &task["due"]), (&Value::Null, &json!("2026-12-24")));
    let project = program.get("/projects/DOCS").await.ok();
    assert_eq!((&project["lifecycle"], &project["revision"]), (&json!("designing"), &json!(2)));

    let undo = program.post("/patches/P-2/undo", &json!({ "reason": "It was too early." })).await;
    assert_eq!((undo.status.as_u16(), undo.header("location")), (201, "/api/v1/patches/P-3"), "{}", undo.text);
    assert_eq!(undo.ok()["undoes"], "P-2");
    assert!(
        program.post("/patches/P-2/undo", &json!({})).await.problem(409).1.contains("P-3 proposes to take P-2 back")
    );
    program.post("/patches/P-3/approve", &json!({ "revision": 1 })).await.ok();
    assert_eq!(program.get("/patches/P-2").await.ok()["undone_by"], "P-3");
    let after = (program.all("/tasks", 50).await, program.get("/projects/DOCS").await.ok());
    let without_version = |(tasks, project): (Vec<Value>, Value)| {
        let plain = |mut one: Value| {
            one.as_object_mut().unwrap().retain(|name, _| name != "version" && name != "revision");
            one
        };
        (tasks.into_iter().map(plain).collect::<Vec<_>>(), plain(project))
    };
    assert_eq!(without_version(after), without_version(before));
    let house = House { docket, program };
    assert_eq!(house.actions("P-2").await, ["patch.proposed api", "patch.applied api", "patch.undone -"]);
    house.docket.run_jobs().await;
}

async fn a_proposal_has_its_card_where_its_project_is_spoken_of(db: &TestDb) {
    let House { docket, program } = House::open(db).await;
    docket.slash("U1", "plan Build a user authentication flow").await;
    docket.click("U2", "patch.approve").await;
    let add =
        json!({ "reason": "CI found it.", "operations": [{ "op": "create_task", "title": "Fix the flaky test" }] });
    assert_eq!(program.post("/projects/AUTH/patches", &add).await.ok()["code"], "P-2");
    docket.run_jobs().await;
    let card = docket.card();
    assert!(card.contains("P-2") && card.contains("Fix the flaky test") && card.contains("CI found it."), "{card}");
    // And is kept true there, whoever decides where.
    program.post("/patches/P-2/reject", &json!({ "revision": 1, "reason": "Not flaky." })).await.ok();
    docket.run_jobs().await;
    assert!(docket.card().contains("Not flaky."), "{}", docket.card());
    // What belongs nowhere has its card in the console.
    program.post("/patches", &first_plan()).await.ok();
    docket.run_jobs().await;
    let mut tx = db.store.read(docket.app.tenant).await.unwrap();
    let patch = tx.recent_patches(1).await.unwrap().remove(0);
    let cards = tx.cards_of(patch.id).await.unwrap();
    assert!(cards[0].venue.surface == Surface::Console && cards[0].message.is_some(), "{cards:?}");
    assert!(docket.slack.messages("C1").iter().all(|message| !message.payload.to_string().contains("DOCS")));
}

async fn everything_that_is_wrong_with_a_proposal_is_said_at_once(db: &TestDb) {
    let House { docket, program } = House::with_project(db).await;
    let wrong = json!({
        "title": "x".repeat(121),
        "operations": [
            { "op": "update_task", "task": "DOCS-99", "status": "done" },
            { "op": "update_task", "task": "AUTH-1", "status": "finished" },
            { "op": "create_task", "title": "y".repeat(121), "ref": "first", "assignee": "Ben", "parent": "new-9" },
            { "op": "create_task", "title": " ", "depends_on": ["DOCS-1", "nothing"], "estimate_minutes": 0 },
            { "op": "delete_task", "task": "DOCS-2" },
            { "op": "update_task", "task": "DOCS-1", "title": null, "links": [{ "label": "x", "url": "javascript:x" }] },
            { "op": "move_task", "task": "DOCS-1", "after": "DOCS-3", "reason": "z".repeat(501) }
        ]
    });
    let said = program.post("/projects/DOCS/patches", &wrong).await;
    assert!(said.problem(422).1.contains("things are wrong with it; nothing was changed"), "{}", said.text);
    let problems = said.json["problems"].as_array().unwrap();
    let told: Vec<_> = problems
        .iter()
        .map(|p| format!("{} {}", p["pointer"].as_str().unwrap(), p["detail"].as_str().unwrap()))
        .collect();
    insta::assert_snapshot!("what_is_wrong_with_a_proposal", told.join("\n"));

    let founding = json!({
        "project": { "key": "docs", "title": "" },
        "operations": [{ "op": "update_task", "task": "DOCS-1", "status": "done" }]
    });
    let said = program.post("/patches", &founding).await;
    let pointers: Vec<_> =
        said.json["problems"].as_array().unwrap().iter().map(|p| p["pointer"].as_str().unwrap()).collect();
    assert_eq!(pointers, ["/project/key", "/project", "/operations/0"], "{}", said.text);
    let many: Vec<_> = (0..201).map(|n| json!({ "op": "create_task", "title": format!("Task {n}") })).collect();
    let said = program.post("/projects/DOCS/patches", &json!({ "operations": many })).await;
    assert!(said.problem(422).1.contains("at most 200"), "{}", said.text);
    assert_eq!(docket.states().await, ["applied"]);
    // Nothing was used up: the next one has the next code and the next number.
    let good = json!({ "operations": [{ "op": "create_task", "title": "Good" }] });
    let patch = program.post("/projects/DOCS/patches", &good).await.ok();
    assert_eq!((&patch["code"], &patch["steps"][0]["task"]), (&json!("P-2"), &json!("DOCS-4")));
}

async fn a_body_that_cannot_be_read_changes_nothing(db: &TestDb) {
    let House { docket, program } = House::with_project(db).await;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let huge = json!({ "operations": [{ "op": "create_task", "title": "x".repeat(1024 * 1024) }] }).to_string();
    let plain = |body: &str| body.to_owned();
    for (body, kind, status, says) in [
        (plain("{"), "application/json", 400, "can't be read"),
        (plain(""), "application/json", 400, "can't be read"),
        (plain("null"), "application/json", 400, "can't be read"),
        (deep, "application/json", 400, "can't be read"),
        (huge, "application/json", 413, "1048576 bytes"),
        (plain(r#"{"operations":[],"extra":1}"#), "application/json", 400, "unknown field `extra`"),
        (
            plain(r#"{"operations":[{"op":"delete_task","task":"DOCS-1","force":true}]}"#),
            "application/json",
            400,
            "unknown field `force`",
        ),
        (plain(r#"{"operations":[{"op":"drop_table"}]}"#), "application/json", 400, "unknown variant `drop_table`"),
        (plain(r#"{"operations":[{"op":"create_task","title":7}]}"#), "application/json", 400, "can't be read"),
        (
            plain(r#"{"operations":[{"op":"create_task","title":"x","due":"tomorrow"}]}"#),
            "application/json",
            400,
            "can't be read",
        ),
        (plain(r#"{"operations":[]}"#), "text/plain", 415, "Content-Type: application/json"),
        (plain("operations=1"), "application/x-www-form-urlencoded", 415, "Content-Type: application/json"),
        (plain(r#"{"operations":[]}"#), "application/json", 422, "Nothing would be different"),
    ] {
        let said = program.send(Method::POST, "/projects/DOCS/patches", &[("content-type", kind)], Some(body)).await;
        let (_, detail) = said.problem(status);
        assert!(detail.contains(says), "{detail}");
    }
    let bytes =
        program.send(Method::POST, "/patches/P-1/undo", &[("content-type", "application/json")], Some("\u{0}".into()));
    assert_eq!(bytes.await.problem(400).0, "malformed");
    assert_eq!(docket.states().await, ["applied"]);
}

async fn a_part_is_approved_with_what_it_needs(db: &TestDb) {
    let House { program, .. } = House::with_project(db).await;
    let change = json!({ "operations": [
        { "op": "create_task", "ref": "new-1", "title": "Parent" },
        { "op": "create_task", "title": "Child", "parent": "new-1" },
        { "op": "create_task", "title": "Other" }
    ] });
    program.post("/projects/DOCS/patches", &change).await.ok();
    for (steps, says) in [(json!([]), "No step is approved"), (json!([1, 3]), "P-2 has no step 3")] {
        let said = program.post("/patches/P-2/approve", &json!({ "revision": 1, "steps": steps })).await;
        assert!(said.problem(422).1.contains(says), "{}", said.text);
    }
    let said = program.post("/patches/P-2/approve", &json!({ "revision": 1, "steps": [1] })).await.ok();
    assert_eq!(said["patch"]["decision"]["steps"], json!([0, 1]));
    let titles: Vec<_> = program.all("/tasks", 50).await.iter().map(|task| task["title"].clone()).collect();
    assert_eq!(titles[3..], [json!("Parent"), json!("Child")]);
}

async fn a_decision_names_the_text_that_was_read(db: &TestDb) {
    let House { program, docket } = House::with_project(db).await;
    let add = json!({ "operations": [{ "op": "create_task", "title": "One more" }] });
    program.post("/projects/DOCS/patches", &add).await.ok();
    let tag = program.get("/patches/P-2").await.header("etag").to_owned();
    for path in ["/patches/P-2/approve", "/patches/P-2/reject"] {
        assert_eq!(program.post(path, &json!({})).await.problem(428).0, "condition", "{path}");
        assert_eq!(program.send(Method::POST, path, &[], None).await.problem(428).0, "condition", "{path}");
        assert_eq!(program.post_with(path, &[("if-match", "*")], &json!({})).await.problem(400).0, "malformed");
        let both = program.post_with(path, &[("if-match", &tag)], &json!({ "revision": 2 })).await;
        assert!(both.problem(400).1.contains("two revisions"));
    }
    // It lapses, and is renewed: that is another text.
    db.clock.advance(Duration::from_hours(8 * 24));
    let said = program.post_with("/patches/P-2/approve", &[("if-match", &tag)], &json!({})).await;
    assert!(said.problem(409).1.contains("P-2 has expired"), "{}", said.text);
    assert_eq!(program.get("/patches/P-2").await.ok()["state"], "expired");
    docket.slash("U1", "renew P-2").await;
    for path in ["/patches/P-2/approve", "/patches/P-2/reject"] {
        let said = program.post_with(path, &[("if-match", &tag)], &json!({})).await;
        let (kind, detail) = said.problem(409);
        assert_eq!(kind, "old-revision");
        assert!(detail.contains("P-2 has revision 2 by now, and you read revision 1"), "{detail}");
        assert_eq!(program.post(path, &json!({ "revision": 3 })).await.problem(409).0, "old-revision");
    }
    let tag = program.get("/patches/P-2").await.header("etag").to_owned();
    let said = program.send(Method::POST, "/patches/P-2/approve", &[("if-match", &tag)], None).await;
    assert_eq!(said.ok()["patch"]["state"], "applied");
}

async fn two_approvals_are_counted_and_a_refusal_is_kept_in_the_trail(db: &TestDb) {
    let house = House::with_project(db).await;
    let (program, docket) = (&house.program, &house.docket);
    house.set_policy(&Policy { approvals: 2, self_approval: false, ..Policy::default() }).await;
    let (ana, ben) = (sample::member(&db.chance, "Ana"), sample::member(&db.chance, "Ben"));
    let mut tx = db.store.write(docket.app.tenant).await.unwrap();
    tx.put_member(&ana, &sample::identity("U1")).await.unwrap();
    tx.put_member(&ben, &sample::identity("U2")).await.unwrap();
    tx.commit().await.unwrap();
    let add = json!({ "operations": [{ "op": "update_task", "task": "DOCS-1", "status": "done" }] });
    assert_eq!(
        program.post("/projects/DOCS/patches", &add).await.ok()["state"],
        "proposed",
        "it does not pass at once"
    );
    let said = program.post("/patches/P-2/approve", &json!({ "revision": 1 })).await;
    let (kind, detail) = said.problem(403);
    assert!(kind == "forbidden" && detail.contains("somebody else's approval"), "{detail}");
    assert_eq!(house.actions("P-2").await, ["patch.proposed api", "patch.refused api"]);

    let of = async |member: MemberId| {
        let token = make_token(&db.store, &db.chance, docket.app.tenant, member, Scope::ALL, None).await;
        Program { token: Some(token), ..program.clone() }
    };
    let (ana, ben) = (of(ana.id).await, of(ben.id).await);
    for expected in ["Your approval of P-2 counts", "You approved P-2 already"] {
        let said = ana.post("/patches/P-2/approve", &json!({ "revision": 1 })).await.ok();
        assert!(said["message"].as_str().unwrap().contains(expected), "{said}");
        assert_eq!((&said["patch"]["state"], &said["patch"]["approvals_needed"]), (&json!("proposed"), &json!(1)));
    }
    let said = ben.post("/patches/P-2/approve", &json!({ "revision": 1, "steps": [0] })).await.ok();
    assert_eq!(said["patch"]["state"], "applied");
    // A small change passes at once where the policy says so.
    house.set_policy(&Policy::default()).await;
    let small = json!({ "operations": [{ "op": "update_task", "task": "DOCS-2", "status": "in_progress" }] });
    let patch = program.post("/projects/DOCS/patches", &small).await.ok();
    assert_eq!((&patch["state"], &patch["title"]), (&json!("applied"), &json!("change DOCS-2")));
    assert_eq!(program.get("/tasks/DOCS-2").await.ok()["status"], "in_progress");
}

async fn what_is_decided_or_has_moved_cannot_be_decided(db: &TestDb) {
    let House { program, .. } = House::with_project(db).await;
    let rename = |title: &str| json!({ "operations": [{ "op": "update_task", "task": "DOCS-1", "title": title }] });
    for title in ["One", "Two", "Three"] {
        program.post("/projects/DOCS/patches", &rename(title)).await.ok();
    }
    let yes = json!({ "revision": 1 });
    assert!(
        program.post("/patches/P-2/undo", &json!({})).await.problem(409).1.contains("still waiting for a decision")
    );
    program.post("/patches/P-2/approve", &yes).await.ok();
    let said = program.post("/patches/P-2/approve", &yes).await;
    assert!(said.problem(409).1.contains("Local owner approved P-2"), "{}", said.text);
    let said = program.post("/patches/P-3/approve", &yes).await;
    assert!(said.problem(409).1.contains("P-3 no longer fits the plan"), "{}", said.text);
    assert_eq!(program.get("/patches/P-3").await.ok()["stale"].as_array().unwrap().len(), 1);
    program.post("/patches/P-4/reject", &json!({ "revision": 1, "reason": "no" })).await.ok();
    assert!(program.post("/patches/P-4/reject", &yes).await.problem(409).1.contains("rejected P-4"));
    for path in ["/patches/P-99/approve", "/patches/P-99/reject", "/patches/P-99/undo", "/patches/x/approve"] {
        assert_eq!(program.post(path, &yes).await.problem(404).0, "not-found", "{path}");
    }
    let long = json!({ "revision": 1, "reason": "x".repeat(2001) });
    assert_eq!(program.post("/patches/P-3/reject", &long).await.problem(422).0, "invalid");
    assert_eq!(program.get("/tasks/DOCS-1").await.ok()["title"], "One");
    // What was applied and then changed again can still be taken back, and waits.
    program.post("/patches/P-2/undo", &json!({})).await.ok();
    program.post("/patches/P-5/approve", &yes).await.ok();
    assert!(program.post("/patches/P-2/undo", &json!({})).await.problem(409).1.contains("took P-2 back with P-5"));
    assert_eq!(program.get("/tasks/DOCS-1").await.ok()["title"], "Collect the questions");
}

async fn the_same_request_again_gets_the_first_answer(db: &TestDb) {
    let House { docket, program } = House::with_project(db).await;
    let key = [("idempotency-key", "6d1f7c0e")];
    let add = json!({ "operations": [{ "op": "create_task", "title": "Once" }] });
    let first = program.post_with("/projects/DOCS/patches", &key, &add).await;
    assert_eq!((first.status.as_u16(), first.header("idempotent-replayed")), (201, ""), "{}", first.text);
    let again = program.post_with("/projects/DOCS/patches", &key, &add).await;
    assert_eq!((again.status, again.header("idempotent-replayed"), &again.text), (first.status, "true", &first.text));
    for header in ["location", "etag", "content-type"] {
        assert_eq!(again.header(header), first.header(header), "{header}");
    }
    // Another body, another address, another condition: another request.
    let other = json!({ "operations": [{ "op": "create_task", "title": "Twice" }] });
    for (path, headers, body) in [
        ("/projects/DOCS/patches", &key[..], &other),
        ("/patches/P-1/undo", &key[..], &json!({})),
        ("/projects/DOCS/patches", &[key[0], ("if-match", "\"1-x\"")][..], &add),
    ] {
        assert_eq!(program.post_with(path, headers, body).await.problem(422).0, "key-reused", "{path}");
    }
    assert_eq!(docket.states().await, ["applied", "proposed"]);
    // A decision is taken once and answered as often as it is sent; without a key the second is told who was first.
    let key = [("idempotency-key", "approve it")];
    let yes = json!({ "revision": 1 });
    let first = program.post_with("/patches/P-2/approve", &key, &yes).await.text;
    assert_eq!(program.post_with("/patches/P-2/approve", &key, &yes).await.text, first);
    assert_eq!(program.post("/patches/P-2/approve", &yes).await.problem(409).0, "conflict");
    // What was refused stays refused, with the same words and reference.
    let key = [("idempotency-key", "wrong")];
    let wrong = json!({ "operations": [{ "op": "delete_task", "task": "DOCS-77" }] });
    let first = program.post_with("/projects/DOCS/patches", &key, &wrong).await;
    let again = program.post_with("/projects/DOCS/patches", &key, &wrong).await;
    assert_eq!((first.problem(422), &first.text), (again.problem(422), &again.text));
    for key in ["", &"x".repeat(256), "schlüssel"] {
        let said = program.post_with("/projects/DOCS/patches", &[("idempotency-key", key)], &add).await;
        assert_eq!(said.problem(400).0, "malformed", "{key}");
    }
    // Another token of the same person has keys of its own.
    let owner = db.store.local_owner(docket.app.tenant).await.unwrap().unwrap().id;
    let other = Program::of(program.router.clone(), &db.store, &db.chance, docket.app.tenant, owner).await;
    let said = other.post_with("/projects/DOCS/patches", &[("idempotency-key", "6d1f7c0e")], &add).await;
    assert_eq!(said.ok()["code"], "P-3");
}

async fn of_the_same_request_many_times_at_once_one_is_done(db: &TestDb) {
    let House { docket, program } = House::with_project(db).await;
    let add = json!({ "operations": [{ "op": "create_task", "title": "Once" }] });
    for round in 0..4 {
        let key = format!("round {round}");
        let headers = [("idempotency-key", key.as_str())];
        let said = join_all((0..8).map(|_| program.post_with("/projects/DOCS/patches", &headers, &add))).await;
        let replayed = said.iter().filter(|said| said.header("idempotent-replayed") == "true").count();
        assert!(said.iter().all(|one| one.status == 201 && one.text == said[0].text), "{said:?}");
        assert_eq!(replayed, 7);
        assert_eq!(docket.states().await.len(), round + 2);
    }
    // Eight different ones at once are all done, with eight codes and eight numbers.
    let said = join_all((0..8).map(|_| program.post("/projects/DOCS/patches", &add))).await;
    let mut codes: Vec<_> = said.into_iter().map(|said| said.ok()["steps"][0]["task"].clone().to_string()).collect();
    codes.sort();
    codes.dedup();
    assert_eq!(codes.len(), 8);
}

async fn a_key_survives_a_restart_and_is_forgotten_after_a_day(db: &TestDb) {
    let (site, sample) = Site::over_sample(db).await;
    let program = Program::of(site.router(), &site.store, &site.chance, site.tenant, sample.members[0].0.id).await;
    let key = [("idempotency-key", "nightly")];
    let first = program.post_with("/patches", &key, &first_plan()).await;
    assert_eq!(first.status, 201, "{}", first.text);
    // Another process on the same database.
    let beside = docket::web::router(site.web_over(db.another().await));
    let other = Program { router: beside, ..program.clone() };
    db.clock.advance(Duration::from_hours(24) - Duration::from_millis(1));
    assert_eq!(other.post_with("/patches", &key, &first_plan()).await.text, first.text);
    db.clock.advance(Duration::from_millis(2));
    let said = other.post_with("/patches", &key, &first_plan()).await;
    assert!(said.problem(422).1.contains("DOCS is taken"), "{}", said.text);
}
