//! What the API shows, page by page, and to whom.

use std::{collections::BTreeSet, time::Duration};

use docket::domain::{
    member::{Member, Standing},
    project::Revision,
    task::TaskNumber,
    token::Scope,
};
use serde_json::{Value, json};

use crate::support::{
    api::{Program, make_token},
    db::{TestDb, for_each_db},
    sample::{self, acme::Sample},
    site::Site,
};

for_each_db!(
    a_program_reads_projects_tasks_patches_members_and_the_trail,
    lists_are_filtered_and_a_misspelled_filter_is_refused,
    every_list_comes_in_pages_without_doubles_or_gaps_while_it_grows,
    what_is_known_already_is_not_sent_again,
    a_request_without_a_valid_token_is_told_what_to_send,
    a_token_does_what_it_is_for_and_what_its_member_may_do_now,
    a_token_is_noted_as_used_now_and_then,
    addresses_and_methods_that_are_not_there_are_problems_too,
    a_tenant_that_asks_too_often_waits_and_others_do_not,
);

async fn house(db: &TestDb) -> (Site, Sample, Program) {
    let (site, sample) = Site::over_sample(db).await;
    let program = Program::of(site.router(), &site.store, &site.chance, site.tenant, sample.members[0].0.id).await;
    (site, sample, program)
}

async fn a_program_reads_projects_tasks_patches_members_and_the_trail(db: &TestDb) {
    let (_, _, program) = house(db).await;
    let me = program.get("/me").await.ok();
    assert_eq!((&me["member"]["name"], &me["member"]["role"]), (&json!("Ana"), &json!("member")));
    assert_eq!(me["token"]["scopes"], json!(["read", "propose", "decide"]));

    let auth = program.get("/projects/auth").await;
    assert!(auth.header("etag").starts_with("\"1-"), "{:?}", auth.headers);
    let auth = auth.ok();
    assert_eq!((&auth["key"], &auth["tasks"], &auth["done"]), (&json!("AUTH"), &json!(7), &json!(1)));

    let task = program.get("/tasks/auth-2").await.ok();
    assert_eq!(task["code"], "AUTH-2");
    assert_eq!((&task["assignee"]["name"], &task["status"]), (&json!("Ben"), &json!("in_progress")));
    assert_eq!((&task["estimate_minutes"], &task["depends_on"]), (&json!(960), &json!(["AUTH-1"])));
    assert_eq!(program.get("/tasks/AUTH-4").await.ok()["parent"], "AUTH-2");

    let patch = program.get("/patches/P-4").await;
    assert!(patch.header("etag").starts_with("\"1-"), "{:?}", patch.headers);
    let patch = patch.ok();
    assert_eq!((&patch["state"], &patch["author"]["name"]), (&json!("proposed"), &json!("Ana")));
    assert_eq!((&patch["approvals"][0]["name"], &patch["approvals_needed"]), (&json!("Ben"), &json!(1)));
    assert_eq!((&patch["replaces"], &patch["asked_in"]), (&json!("P-3"), &json!("console")));
    let changes = &patch["steps"][1]["changes"];
    assert_eq!(changes[0], json!({ "field": "title", "before": "Login", "after": "Sign-in page" }));
    assert_eq!(changes[1], json!({ "field": "estimate_minutes", "before": 480, "after": 960 }));
    assert_eq!(patch["steps"][1]["evidence"]["label"], "Ana in #auth");
    assert_eq!((&patch["steps"][2]["op"], &patch["steps"][2]["parent"]), (&json!("move_task"), &json!("AUTH-2")));
    let diff: Vec<_> = patch["diff"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    assert!(diff[0].starts_with("+ AUTH-8 Documentation for the team"), "{diff:?}");
    let applied = program.get("/patches/P-2").await.ok();
    assert_eq!((&applied["decision"]["by"]["name"], &applied["decision"]["revision"]), (&json!("Ben"), &json!(1)));
    assert_eq!(program.get("/patches/P-1").await.ok()["decision"]["reason"], "Not before the audit.");

    let members = program.all("/members", 50).await;
    let names: BTreeSet<_> = members.iter().map(|member| member["name"].as_str().unwrap()).collect();
    assert_eq!(names, BTreeSet::from(["Ana", "Ben", "Local owner"]));
    let trail = program.all("/audit?patch=P-4", 50).await;
    assert_eq!(trail.iter().map(|entry| &entry["action"]).collect::<Vec<_>>(), ["patch.proposed", "patch.approved"]);
    assert_eq!((&trail[1]["by"]["name"], &trail[1]["place"]), (&json!("Ben"), &json!("console")));
}

async fn lists_are_filtered_and_a_misspelled_filter_is_refused(db: &TestDb) {
    let (_, sample, program) = house(db).await;
    let codes = async |path: &str| -> Vec<String> {
        let items = program.all(path, 3).await;
        let name = |item: &Value| item["code"].as_str().or(item["key"].as_str()).unwrap().to_owned();
        items.iter().map(name).collect()
    };
    assert_eq!(codes("/projects").await, ["AUTH", "BILL"]);
    assert_eq!(codes("/tasks?status=todo").await, ["AUTH-3", "AUTH-6"]);
    assert_eq!(codes("/tasks?project=bill").await, [""; 0]);
    assert_eq!(codes("/tasks?assignee=me&project=AUTH").await, ["AUTH-1"]);
    let ben = sample.members[1].0.id;
    assert_eq!(codes(&format!("/tasks?assignee={ben}&status=in_review")).await, ["AUTH-4"]);
    assert_eq!(codes("/patches").await, ["P-4", "P-3", "P-2", "P-1"]);
    assert_eq!(codes("/patches?project=AUTH&state=superseded").await, ["P-3"]);
    assert_eq!(codes("/patches?project=BILL").await, ["P-1"]);
    for (path, status, says) in [
        ("/tasks?statsu=todo", 400, "unknown field `statsu`"),
        ("/tasks?status=open", 400, "The status has to be one of backlog, todo"),
        ("/tasks?assignee=Ben", 400, "a member's id, or me"),
        ("/tasks?project=NOPE", 404, "no project of that key"),
        ("/tasks?limit=0", 400, "a number from 1 to 200"),
        ("/tasks?limit=many", 400, "invalid digit"),
        ("/tasks?after=nonsense", 400, "no cursor of this list"),
        ("/patches?state=open", 400, "The state has to be one of proposed, applied"),
        ("/patches?state=applied&state=rejected", 400, "duplicate field"),
        ("/audit?patch=P-99", 404, "no patch of that code"),
        ("/projects/%FF", 404, "nothing of that name"),
        ("/projects/A", 404, "no project of that key"),
        ("/tasks/AUTH-0", 404, "no task of that code"),
        ("/patches/41", 404, "no patch of that code"),
    ] {
        let (_, detail) = program.get(path).await.problem(status);
        assert!(detail.contains(says), "{path}: {detail}");
    }
}

async fn every_list_comes_in_pages_without_doubles_or_gaps_while_it_grows(db: &TestDb) {
    let (site, sample, program) = house(db).await;
    let tenant = site.tenant;
    for (path, name) in [
        ("/projects", "key"),
        ("/tasks", "code"),
        ("/tasks?status=todo", "code"),
        ("/patches", "code"),
        ("/members", "id"),
        ("/audit", "id"),
    ] {
        let names =
            |items: &[Value]| items.iter().map(|item| item[name].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        let before = names(&program.all(path, 200).await);
        for limit in 1..=4 {
            assert_eq!(names(&program.all(path, limit).await), before, "{path} by {limit}");
        }
        // Somebody adds to the list between every two pages.
        let sign = if path.contains('?') { '&' } else { '?' };
        let (mut seen, mut after) = (Vec::new(), String::new());
        loop {
            let page = program.get(&format!("{path}{sign}limit=1{after}")).await.ok();
            seen.extend(names(page["items"].as_array().unwrap()));
            if seen.len() < 6 {
                grow(&site, &sample).await;
            }
            let Some(next) = page["next"].as_str() else { break };
            after = format!("&after={next}");
            assert!(seen.len() < 200, "{path} never ends");
        }
        let unique: BTreeSet<_> = seen.iter().collect();
        assert_eq!(unique.len(), seen.len(), "{path} shows something twice: {seen:?}");
        for item in &before {
            assert!(unique.contains(item), "{path} leaves {item} out");
        }
    }
    assert_eq!(tenant, site.tenant);
}

/// Adds one of everything, in front and behind.
async fn grow(site: &Site, sample: &Sample) {
    let chance = &site.chance;
    let mut tx = site.store.write(site.tenant).await.unwrap();
    let count = u32::try_from(tx.projects().await.unwrap().len()).unwrap();
    for key in [format!("AA{count}"), format!("ZZ{count}")] {
        let project = sample::project(chance, &key);
        tx.insert_project(&project, TaskNumber(2), site.chance.now()).await.unwrap();
        let mut plan = docket::domain::plan::Plan::new(project, [sample::task(1, None, &[])]);
        plan.project.revision = Revision(1);
        assert!(tx.save_plan(&plan, &BTreeSet::from([TaskNumber(1)]), Revision(0), chance.now()).await.unwrap());
    }
    let code = tx.recent_patches(1).await.unwrap()[0].code.0 + 1;
    let patch = sample::patch(chance, code, sample.plans[0].project.id, sample.members[0].0.id);
    tx.insert_patch(&patch).await.unwrap();
    tx.put_member(&sample::member(chance, "Cy"), &sample::identity(&format!("U{}", 100 + count))).await.unwrap();
    let entry = docket::domain::audit::AuditEntry {
        id: chance.id(),
        at: chance.now(),
        actor: None,
        action: "patch.proposed".to_owned(),
        subject: patch.id.to_string(),
        venue: None,
        before: Value::Null,
        after: Value::Null,
    };
    tx.record(&entry).await.unwrap();
    tx.commit().await.unwrap();
}

async fn what_is_known_already_is_not_sent_again(db: &TestDb) {
    let (site, sample, program) = house(db).await;
    for path in [
        "/me",
        "/members",
        "/projects",
        "/projects/AUTH",
        "/tasks",
        "/tasks/AUTH-3",
        "/patches",
        "/patches/P-4",
        "/audit",
    ] {
        let first = program.get(path).await;
        let tag = first.header("etag").to_owned();
        assert!(tag.len() > 20 && first.header("cache-control") == "private, no-cache", "{path}: {:?}", first.headers);
        let again = program.get_with(path, &[("if-none-match", &tag)]).await;
        assert_eq!(
            (again.status.as_u16(), again.text.as_str(), again.header("etag")),
            (304, "", tag.as_str()),
            "{path}"
        );
        assert_eq!(again.header("content-type"), "", "{path}");
        assert_eq!(program.get_with(path, &[("if-none-match", "\"other\"")]).await.status, 200, "{path}");
    }
    let tag = program.get("/patches/P-4").await.header("etag").to_owned();
    let mut tx = site.store.write(site.tenant).await.unwrap();
    tx.add_approval(sample.patch(4).id, 1, sample.members[0].0.id, site.chance.now()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(program.get_with("/patches/P-4", &[("if-none-match", &tag)]).await.status, 200);
}

async fn a_request_without_a_valid_token_is_told_what_to_send(db: &TestDb) {
    let (site, sample, program) = house(db).await;
    let public = site.at("https://docket.example.com");
    let host = [("host", "docket.example.com")];
    let nobody = Program { router: public.clone(), token: None };
    let said = nobody.get_with("/projects", &host).await;
    assert_eq!(said.problem(401).0, "unauthorized");
    assert_eq!(said.header("www-authenticate"), "Bearer realm=\"docket\"");
    assert_eq!(nobody.get_with("/projects", &[("host", "evil.example")]).await.problem(421).0, "misdirected");
    // Whoever shows a token may come under any name: a token is no cookie, which a browser sends by itself.
    assert_eq!(Program { router: public, ..program.clone() }.get("/projects").await.status, 200);

    let text = program.token.clone().unwrap();
    for (value, error) in [
        (format!("Bearer {text}x"), "invalid_token"),
        (format!("Bearer {}", text.to_uppercase()), "invalid_token"),
        ("Bearer docket_".to_owned(), "invalid_token"),
        ("Bearer ".to_owned(), "invalid_token"),
        (format!("Basic {text}"), "invalid_request"),
        (text.clone(), "invalid_request"),
    ] {
        let said = nobody.get_with("/me", &[("host", "docket.example.com"), ("authorization", &value)]).await;
        assert_eq!(said.problem(401).0, "unauthorized", "{value}");
        let challenge = said.header("www-authenticate");
        assert!(challenge.contains(&format!("error=\"{error}\"")), "{value}: {challenge}");
        assert!(!said.text.contains(&text), "{}", said.text);
    }
    let any_case = nobody.get_with("/me", &[("authorization", &format!("bearer {text}"))]).await;
    assert_eq!(any_case.status, 200);

    // Expired, and revoked.
    let end = site.chance.now().plus(Duration::from_mins(1));
    let (store, chance, member) = (&site.store, &site.chance, sample.members[0].0.id);
    let token = make_token(store, chance, site.tenant, member, Scope::ALL, Some(end)).await;
    let short = Program { token: Some(token), ..program.clone() };
    assert_eq!(short.get("/me").await.status, 200);
    db.clock.advance(Duration::from_mins(1));
    assert!(short.get("/me").await.problem(401).1.contains("has expired"));
    let mut tx = store.write(site.tenant).await.unwrap();
    for token in tx.tokens().await.unwrap() {
        assert!(tx.remove_token(token.id).await.unwrap());
    }
    tx.commit().await.unwrap();
    assert!(program.get("/me").await.problem(401).1.contains("no such token"));
}

async fn a_token_does_what_it_is_for_and_what_its_member_may_do_now(db: &TestDb) {
    let (site, sample, program) = house(db).await;
    let (store, chance, tenant) = (&site.store, &site.chance, site.tenant);
    let (ana, identity) = sample.members[0].clone();
    let with = async |scopes: &[Scope]| {
        let token = make_token(store, chance, tenant, ana.id, scopes, None).await;
        Program { token: Some(token), ..program.clone() }
    };
    let (reader, proposer, decider) =
        (with(&[Scope::Read]).await, with(&[Scope::Propose]).await, with(&[Scope::Decide]).await);
    let propose = json!({ "operations": [{ "op": "update_task", "task": "AUTH-3", "priority": "high" }] });
    let path = "/projects/AUTH/patches";
    for (program, reads, proposes, decides) in
        [(&reader, 200, 403, 403), (&proposer, 403, 201, 403), (&decider, 403, 403, 200)]
    {
        let mut said = Vec::new();
        for path in [
            "/me",
            "/members",
            "/projects",
            "/projects/AUTH",
            "/tasks",
            "/tasks/AUTH-1",
            "/patches",
            "/patches/P-4",
            "/audit",
        ] {
            said.push((program.get(path).await, reads, "read"));
        }
        said.push((program.post(path, &propose).await, proposes, "propose"));
        said.push((program.post("/patches/P-4/approve", &json!({ "revision": 1 })).await, decides, "decide"));
        for (said, status, scope) in said {
            assert_eq!(said.status.as_u16(), status, "{}", said.text);
            if status == 403 {
                let (kind, detail) = said.problem(403);
                assert!(kind == "scope" && detail.contains(&format!("lacks the scope {scope}")), "{detail}");
                let challenge = said.header("www-authenticate");
                assert!(challenge.contains(&format!("error=\"insufficient_scope\", scope=\"{scope}\"")), "{challenge}");
            }
        }
    }
    // A small change waits where the token may not decide.
    assert_eq!(program.get("/patches?state=proposed&limit=1").await.ok()["items"][0]["title"], "change AUTH-3");

    // Whatever the token says, its member's standing counts, as it is now.
    let stand = async |standing: Standing| {
        let mut tx = store.write(tenant).await.unwrap();
        tx.put_member(&Member { standing, ..ana.clone() }, &identity).await.unwrap();
        tx.commit().await.unwrap();
    };
    for standing in [Standing::Guest, Standing::Unknown] {
        stand(standing).await;
        assert_eq!(program.get("/me").await.ok()["member"]["role"], "viewer");
        assert_eq!(program.get("/tasks").await.status, 200);
        for (path, body) in
            [(path, &propose), ("/patches/P-4/reject", &json!({ "revision": 1 })), ("/patches/P-2/undo", &json!({}))]
        {
            assert_eq!(program.post(path, body).await.problem(403).0, "forbidden", "{path}");
        }
        assert_eq!(program.get("/audit").await.problem(403).0, "forbidden");
    }
    stand(Standing::Gone).await;
    assert!(program.get("/me").await.problem(401).1.contains("no longer a member"));
    stand(Standing::Full).await;
    assert_eq!(program.get("/audit").await.status, 200);
}

async fn a_token_is_noted_as_used_now_and_then(db: &TestDb) {
    let (site, _, program) = house(db).await;
    let used = async || site.store.read(site.tenant).await.unwrap().tokens().await.unwrap()[0].used_at;
    assert_eq!(used().await, None);
    program.get("/me").await;
    let first = used().await;
    assert_eq!(first, Some(site.chance.now()));
    db.clock.advance(Duration::from_secs(299));
    program.get("/me").await;
    assert_eq!(used().await, first);
    db.clock.advance(Duration::from_secs(1));
    program.get("/me").await;
    assert_eq!(used().await, Some(site.chance.now()));
}

async fn addresses_and_methods_that_are_not_there_are_problems_too(db: &TestDb) {
    let (_, _, program) = house(db).await;
    for path in ["/nothing", "/projects/AUTH/tasks", "/", "/tasks/AUTH-1/x"] {
        assert_eq!(program.get(path).await.problem(404).0, "not-found", "{path}");
    }
    for (method, path) in [("DELETE", "/projects/AUTH"), ("PUT", "/tasks/AUTH-1"), ("GET", "/patches/P-4/approve")] {
        let said = program.send(method.parse().unwrap(), path, &[], None).await;
        assert_eq!(said.problem(405).0, "method", "{method} {path}");
    }
}

async fn a_tenant_that_asks_too_often_waits_and_others_do_not(db: &TestDb) {
    let (site, _, program) = house(db).await;
    let other = site.of_new_tenant().await;
    let zoe = other.join(other.tenant, "Zoe").await;
    let zoe = Program {
        token: Some(make_token(&site.store, &site.chance, other.tenant, zoe.id, Scope::ALL, None).await),
        ..program.clone()
    };
    let change = async |program: &Program| program.post("/patches/P-99/reject", &json!({ "revision": 1 })).await;
    for _ in 0..300 {
        change(&program).await.problem(404);
    }
    let refused = change(&program).await;
    assert_eq!(refused.header("retry-after"), "1");
    let (kind, words) = refused.problem(429);
    assert_eq!((kind.as_str(), words.contains("Wait 1 s, then try again")), ("too-often", true), "{words}");
    // What is read has an allowance of its own.
    for _ in 0..1000 {
        program.get("/me").await.ok();
    }
    assert_eq!(program.get("/me").await.problem(429).0, "too-often");
    change(&zoe).await.problem(404);
    zoe.get("/me").await.ok();
    db.clock.advance(Duration::from_secs(1));
    program.get("/me").await.ok();
    change(&program).await.problem(404);
}
