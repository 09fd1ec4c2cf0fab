//! What the pages show, and what they never do.

use std::time::Duration;

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};

use docket::domain::{
    card::{Card, Entry, EntryContent},
    patch::PatchState,
};

use crate::support::{
    db::{TestDb, for_each_db},
    sample::acme::{odd, sample},
    site::{Site, ask, asked, drafting},
};

for_each_db!(
    the_start_leads_to_the_console,
    an_empty_console_says_what_to_type,
    the_console_shows_the_conversation_and_the_plan_last_spoken_of,
    a_card_is_shown_as_its_patch_is_now,
    a_draft_in_the_making_ends_the_conversation_until_it_is_over,
    a_project_shows_its_tree_and_its_patches,
    a_patch_shows_its_diff_its_reasons_and_what_was_decided,
    a_first_plan_is_shown_before_its_project_exists,
    the_list_shows_every_project_and_what_waits,
    what_is_not_there_is_said_in_words,
    nothing_that_people_type_becomes_markup,
    every_answer_has_the_strict_headers,
    files_are_named_by_their_content_and_cached_for_ever,
    the_pages_answer_only_to_the_machine_itself,
    nobody_gets_in_from_another_machine_or_through_a_proxy_whatever_host_they_name,
    with_a_public_address_every_page_asks_who_looks,
    a_public_site_answers_to_its_own_name_alone,
);

async fn the_start_leads_to_the_console(db: &TestDb) {
    let site = Site::over(db).await;
    let page = site.get("/").await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    assert_eq!(page.header(header::LOCATION), "/console");
}

async fn an_empty_console_says_what_to_type(db: &TestDb) {
    let site = Site::over(db).await;
    let page = site.get("/console").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("/docket plan Build a user authentication flow"), "{}", page.body);
    assert!(page.body.contains("No plan yet"), "{}", page.body);
}

async fn the_console_shows_the_conversation_and_the_plan_last_spoken_of(db: &TestDb) {
    let (site, _) = Site::over_sample(db).await;
    let page = site.get("/console").await;
    assert_eq!(page.status, StatusCode::OK);
    for text in ["what is next?", "P-4 · AUTH: add documentation", "Token service", "1 of 7 done", "in progress"] {
        assert!(page.body.contains(text), "{text} is missing: {}", page.body);
    }
    let first = page.body.find("what is next?").unwrap();
    assert!(first < page.body.find("P-4 · AUTH").unwrap(), "the conversation is in its order");
    let other = site.get("/console?project=bill").await;
    assert!(other.body.contains("This plan has no tasks"), "{}", other.body);
    assert_eq!(site.get("/console?project=NOPE").await.status, StatusCode::NOT_FOUND);
}

async fn a_card_is_shown_as_its_patch_is_now(db: &TestDb) {
    let (site, sample) = Site::over_sample(db).await;
    let patch = sample.patch(4);
    assert!(site.get("/console").await.body.contains(&format!("approve {} 1", patch.id)));
    let mut tx = site.store.write(site.tenant).await.unwrap();
    let mut expired = patch.clone();
    expired.state = patch.state.clone().expire(site.chance.now()).unwrap();
    assert!(tx.update_patch(&expired, &patch.state, 1).await.unwrap());
    tx.commit().await.unwrap();
    let page = site.get("/console").await;
    assert!(page.body.contains("P-4 expired"), "{}", page.body);
    assert!(!page.body.contains(&format!("approve {} 1", patch.id)), "{}", page.body);
    assert!(page.body.contains(&format!("renew {} 1", patch.id)), "{}", page.body);
}

async fn a_draft_in_the_making_ends_the_conversation_until_it_is_over(db: &TestDb) {
    let (site, sample) = Site::over_sample(db).await;
    let delivery = asked(&site, "/docket plan Build <b>parcels</b>").await;
    assert!(!site.get("/console").await.body.contains("Drafting"), "what takes no time is not shown");
    let mut progress = drafting(&site, delivery, "Drafting a plan for “Build <b>parcels</b>”");
    progress.started_at = site.chance.now().minus(Duration::from_secs(72));
    site.put_progress(&progress).await;
    let page = site.get("/console").await.body;
    for text in [
        "<bdi>Drafting a plan for “Build &#60;b&#62;parcels&#60;/b&#62;”</bdi>",
        "data-elapsed=\"72\">1 min 12 s<",
        "dir=\"auto\">/docket plan Build &#60;b&#62;parcels&#60;/b&#62;<",
        &format!("name=\"stop\" value=\"{delivery}\""),
    ] {
        assert!(page.contains(text), "{text} is missing: {page}");
    }
    assert!(page.find("P-4 · AUTH").unwrap() < page.find("Drafting").unwrap(), "it comes last");

    let mut tx = site.store.write(site.tenant).await.unwrap();
    assert!(tx.stop_progress(delivery, sample.members[0].0.id).await.unwrap());
    tx.commit().await.unwrap();
    let page = site.get("/console").await.body;
    assert!(page.contains("Stopping: <bdi>Drafting") && !page.contains("name=\"stop\""), "{page}");

    let mut tx = site.store.write(site.tenant).await.unwrap();
    tx.finish_delivery(delivery, "stopped", site.chance.now()).await.unwrap();
    tx.end_progress(delivery).await.unwrap();
    tx.commit().await.unwrap();
    let page = site.get("/console").await.body;
    assert!(!page.contains("the draft of") && !page.contains("parcels"), "{page}");
}

async fn a_project_shows_its_tree_and_its_patches(db: &TestDb) {
    let (site, _) = Site::over_sample(db).await;
    let page = site.get("/projects/auth").await;
    assert_eq!(page.status, StatusCode::OK);
    for text in
        ["People sign in once", "Issue and refresh tokens", "A token expires after an hour.", "after", "P-2", "P-4"]
    {
        assert!(page.body.contains(text), "{text} is missing: {}", page.body);
    }
    let part = site.get("/projects/AUTH?under=2").await;
    assert!(part.body.contains("id=\"task-AUTH-4\"") && !part.body.contains("id=\"task-AUTH-3\""), "{}", part.body);
    for path in ["/projects/AUTH?under=99", "/projects/AUTH?under=x"] {
        assert_eq!(site.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

async fn a_patch_shows_its_diff_its_reasons_and_what_was_decided(db: &TestDb) {
    let (site, sample) = Site::over_sample(db).await;
    let page = site.get("/patches/p-4").await;
    assert_eq!(page.status, StatusCode::OK);
    for text in [
        "We keep being logged out on mobile.",
        "https://example.slack.com/archives/C1/p1",
        "A new developer signs in to a test server by the text alone.",
        "✓ <bdi>Ben</bdi>",
        "href=\"/patches/P-3\"",
        "<strong>proposed</strong>",
        &format!("approve {} 1", sample.patch(4).id),
    ] {
        assert!(page.body.contains(text), "{text} is missing: {}", page.body);
    }
    let old = site.get("/patches/P-3").await;
    assert!(old.body.contains("Replaced by") && old.body.contains("href=\"/patches/P-4\""), "{}", old.body);
    assert!(!old.body.contains("value=\"approve "), "{}", old.body);
}

async fn a_first_plan_is_shown_before_its_project_exists(db: &TestDb) {
    let site = Site::over(db).await;
    let sample = sample(&site.chance);
    let mut patch = sample.patch(2).clone();
    patch.state = PatchState::Proposed;
    let card = Card { patch: patch.id, ..sample.cards[0].clone() };
    let mut tx = site.store.write(site.tenant).await.unwrap();
    for (member, identity) in &sample.members {
        tx.put_member(member, identity).await.unwrap();
    }
    tx.insert_patch(&patch).await.unwrap();
    tx.insert_card(&card).await.unwrap();
    let content = EntryContent::Card { card: card.id };
    tx.append_entry(&Entry { id: site.chance.id(), seq: 0, at: site.chance.now(), reader: None, content })
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let console = site.get("/console").await;
    assert!(console.body.contains("new project AUTH") && console.body.contains("No plan yet"), "{}", console.body);
    let page = site.get("/patches/P-2").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(!page.body.contains("href=\"/projects/AUTH\""), "there is no such page yet: {}", page.body);
}

async fn the_list_shows_every_project_and_what_waits(db: &TestDb) {
    let (site, _) = Site::over_sample(db).await;
    let page = site.get("/projects").await;
    for text in ["User authentication", "Billing on PostgreSQL 18", "Waiting for a decision", "P-4"] {
        assert!(page.body.contains(text), "{text} is missing: {}", page.body);
    }
    assert!(!page.body.contains("P-3"), "P-3 waits for nothing: {}", page.body);
}

async fn what_is_not_there_is_said_in_words(db: &TestDb) {
    let site = Site::over(db).await;
    for path in
        ["/nothing", "/projects/NOPE", "/projects/%F0%9F%8E%88", "/patches/P-9", "/patches/9", "/static/docket.css"]
    {
        let page = site.get(path).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        assert!(page.body.contains("Not found") && page.body.contains("Open the console"), "{path}: {}", page.body);
    }
    assert_eq!(site.get("/console/say").await.status, StatusCode::METHOD_NOT_ALLOWED);
}

async fn nothing_that_people_type_becomes_markup(db: &TestDb) {
    let site = Site::over(db).await;
    for (text, readable) in [
        ("<script>alert(1)</script>", "alert(1)"),
        ("\"><img src=x onerror=alert(1)>", "onerror=alert(1)"),
        ("' onmouseover='alert(1)", "alert(1)"),
        ("</textarea></title><svg onload=alert(1)>", "onload=alert(1)"),
        ("{{ 7 * 7 }} <!channel> `x`", "{{ 7 * 7 }}"),
        ("\u{202e}drowssap\u{202c} مرحبا 🎈👩‍👩‍👧", "مرحبا 🎈👩‍👩‍👧"),
    ] {
        let site = site.of_new_tenant().await;
        odd(&site.chance, text).write(&site.store, site.tenant).await;
        for path in ["/console", "/projects", "/projects/ODD", "/patches/P-1"] {
            let page = site.get(path).await;
            assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.body);
            for markup in [
                "<script>",
                "<img src=x",
                "<svg onload",
                "' onmouseover='",
                "\"onclick=",
                "href=\"javascript:",
                "<!channel>",
            ] {
                assert!(!page.body.contains(markup), "{path} with {text}: {}", page.body);
            }
        }
        let page = site.get("/projects/ODD").await;
        assert!(page.body.contains(readable), "{text} vanished: {}", page.body);
    }
}

async fn every_answer_has_the_strict_headers(db: &TestDb) {
    let (site, _) = Site::over_sample(db).await;
    for path in ["/console", "/projects/AUTH", "/patches/P-4", "/models", "/nothing", "/"] {
        let page = site.get(path).await;
        let policy = page.header(header::CONTENT_SECURITY_POLICY);
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(page.header(header::X_CONTENT_TYPE_OPTIONS), "nosniff", "{path}");
        assert_eq!(page.header(header::REFERRER_POLICY), "same-origin", "{path}");
        assert_eq!(page.header(header::CACHE_CONTROL), "no-store", "{path}");
        assert!(!page.body.contains(" style=") && !page.body.contains("<style"), "{path}");
    }
}

async fn files_are_named_by_their_content_and_cached_for_ever(db: &TestDb) {
    let site = Site::over(db).await;
    let page = site.get("/console").await.body;
    let start = page.find("/static/").unwrap();
    let path = page[start..].split('"').next().unwrap();
    let file = site.get(path).await;
    assert_eq!(file.status, StatusCode::OK);
    assert!(file.header(header::CACHE_CONTROL).contains("immutable"), "{file:?}");
    let tag = file.header(header::ETAG).to_owned();
    let again = Request::get(path).header(header::IF_NONE_MATCH, tag).body(Body::empty()).unwrap();
    let again = ask(site.router(), again).await;
    assert_eq!((again.status, again.body.as_str()), (StatusCode::NOT_MODIFIED, ""));
}

async fn the_pages_answer_only_to_the_machine_itself(db: &TestDb) {
    let site = Site::over(db).await;
    for host in ["docket.example.com", "127.0.0.1.evil.example", "169.254.169.254", ""] {
        let request = Request::get("/console").header(header::HOST, host).body(Body::empty()).unwrap();
        let page = ask(site.router(), request).await;
        assert_eq!(page.status, StatusCode::MISDIRECTED_REQUEST, "{host}");
        assert!(page.body.contains("answers only on its own machine"), "{host}: {}", page.body);
    }
    for host in ["localhost:8080", "[::1]:8080", "127.0.0.1"] {
        let request = Request::get("/console").header(header::HOST, host).body(Body::empty()).unwrap();
        assert_eq!(ask(site.router(), request).await.status, StatusCode::OK, "{host}");
    }
}

async fn nobody_gets_in_from_another_machine_or_through_a_proxy_whatever_host_they_name(db: &TestDb) {
    let site = Site::over(db).await;
    let ask_for = |path: &str| Request::get(path).header(header::HOST, "localhost:8080").body(Body::empty()).unwrap();
    for peer in [Some("192.168.1.7"), Some("172.17.0.1"), Some("::ffff:10.0.0.1"), Some("fe80::1"), None] {
        for path in ["/", "/console", "/projects", "/live", "/static/docket.css", "/nothing"] {
            let page = ask(site.from(peer), ask_for(path)).await;
            assert_eq!(page.status, StatusCode::FORBIDDEN, "{peer:?} {path}");
            assert!(page.body.contains("only on the machine it runs on"), "{}", page.body);
        }
    }
    for peer in ["127.0.0.1", "127.0.0.9", "::1", "::ffff:127.0.0.1"] {
        assert_eq!(ask(site.from(Some(peer)), ask_for("/console")).await.status, StatusCode::OK, "{peer}");
    }
    for (name, value) in [("x-forwarded-for", "10.0.0.9"), ("forwarded", "for=10.0.0.9"), ("x-real-ip", "10.0.0.9")] {
        let mut request = ask_for("/console");
        request.headers_mut().insert(name, value.parse().unwrap());
        assert_eq!(ask(site.router(), request).await.status, StatusCode::FORBIDDEN, "{name}");
    }
}

async fn with_a_public_address_every_page_asks_who_looks(db: &TestDb) {
    let (site, _) = Site::over_sample(db).await;
    for path in ["/", "/console", "/projects", "/projects/AUTH", "/patches/P-4", "/models", "/sessions"] {
        let page = ask(site.at("https://docket.example.com"), public(path)).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{path}");
        let login = if path == "/" { "/login".to_owned() } else { format!("/login?next={}", path.replace('/', "%2F")) };
        assert_eq!(page.header(header::LOCATION), login);
        assert_eq!(page.header(header::STRICT_TRANSPORT_SECURITY), "max-age=31536000");
    }
    let mut live = public("/live");
    live.headers_mut().insert(header::ACCEPT, "text/event-stream".parse().unwrap());
    assert_eq!(ask(site.at("https://docket.example.com"), live).await.status, StatusCode::UNAUTHORIZED);
    let login = ask(site.at("https://docket.example.com"), public("/login")).await;
    assert_eq!(login.status, StatusCode::OK);
    assert!(login.body.contains("OIDC_ISSUER") && !login.body.contains("/projects"), "{}", login.body);
}

async fn a_public_site_answers_to_its_own_name_alone(db: &TestDb) {
    let site = Site::over(db).await;
    for host in ["docket.example.com", "DOCKET.EXAMPLE.COM:443"] {
        let request = Request::get("/login").header(header::HOST, host).body(Body::empty()).unwrap();
        assert_eq!(ask(site.at("https://docket.example.com"), request).await.status, StatusCode::OK, "{host}");
    }
    for host in ["127.0.0.1:8080", "localhost", "evil.example", "docket.example.com.evil.example", "10.0.0.1", ""] {
        let mut request = Request::get("/login").header(header::HOST, host).body(Body::empty()).unwrap();
        request.headers_mut().insert("x-forwarded-host", "docket.example.com".parse().unwrap());
        let page = ask(site.at("https://docket.example.com"), request).await;
        assert_eq!(page.status, StatusCode::MISDIRECTED_REQUEST, "{host}");
        assert!(!page.body.contains("example.com"), "{}", page.body);
    }
}

fn public(path: &str) -> Request<Body> {
    Request::get(path).header(header::HOST, "docket.example.com").body(Body::empty()).unwrap()
}
