//! Sessions and private links: who gets in, for how long, and who does not, whatever they try.

use std::time::Duration;

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use docket::{
    domain::{
        ids::{MemberId, TenantId},
        member::{Member, Standing},
    },
    web::Ways,
};

use crate::support::{
    app::TestApp,
    db::{TestDb, for_each_db},
    site::{PUBLIC, Page, Site},
    visitor::Visitor,
};

for_each_db!(
    a_private_link_signs_its_member_in_once,
    looking_at_a_private_link_uses_nothing_up,
    a_private_link_that_is_forged_used_or_late_opens_nothing,
    a_browser_gets_a_new_token_whenever_somebody_signs_in,
    a_token_that_nobody_was_given_opens_nothing,
    a_cookie_that_was_signed_out_opens_nothing,
    a_session_ends_when_nobody_uses_it_and_after_ninety_days,
    whoever_is_deactivated_is_out_at_once,
    sessions_are_listed_and_ended_one_by_one_or_all,
    nobody_ends_somebody_elses_session,
    two_tenants_see_their_own_pages_only,
    another_site_can_not_press_anything_for_whoever_is_signed_in,
    nobody_is_led_to_another_site_after_the_sign_in,
    whoever_tries_too_often_waits_and_others_do_not,
    whoever_guesses_tokens_of_the_api_waits,
    a_tenant_that_changes_too_much_waits_and_others_do_not,
    members_of_one_tenant_share_the_conversation_but_not_the_answers,
    slack_answers_connect_with_a_link_that_is_nowhere_in_the_database,
);

/// Visitors of a public site with two members of one tenant.
struct Scene {
    site: Site,
    ana: Member,
    ben: Member,
}

impl Scene {
    async fn new(db: &TestDb) -> Self {
        let site = Site::over(db).await;
        let (ana, ben) = (site.join(site.tenant, "Ana").await, site.join(site.tenant, "Ben").await);
        Self { site, ana, ben }
    }

    fn visitor(&self) -> Visitor {
        Visitor::new(self.site.public(&Ways::default()))
    }

    /// A visitor who came by a private link.
    async fn signed_in(&self, tenant: TenantId, member: MemberId, token: &str) -> Visitor {
        self.site.ticket(tenant, member, token).await;
        let visitor = self.visitor();
        let page = visitor.post(&format!("/ticket/{token}"), &[]).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.body);
        visitor
    }

    async fn set_standing(&self, member: &Member, standing: Standing) {
        let mut tx = self.site.store.write(self.site.tenant).await.unwrap();
        tx.add_member(&Member { standing, ..member.clone() }).await.unwrap();
        tx.commit().await.unwrap();
    }
}

fn is_refused(page: &Page) -> bool {
    page.status == StatusCode::BAD_REQUEST && page.headers.get(header::SET_COOKIE).is_none()
}

async fn a_private_link_signs_its_member_in_once(db: &TestDb) {
    let scene = Scene::new(db).await;
    let visitor = scene.signed_in(scene.site.tenant, scene.ana.id, "link-1").await;
    assert_eq!(visitor.name().await.as_deref(), Some("Ana"));
    let other = visitor.another();
    let again = other.post("/ticket/link-1", &[]).await;
    assert!(is_refused(&again) && again.body.contains("it works once"), "{}", again.body);
    assert_eq!(other.name().await, None);
    assert_eq!(visitor.name().await.as_deref(), Some("Ana"));
}

async fn looking_at_a_private_link_uses_nothing_up(db: &TestDb) {
    let scene = Scene::new(db).await;
    scene.site.ticket(scene.site.tenant, scene.ana.id, "link-1").await;
    let robot = scene.visitor();
    for _ in 0..3 {
        let page = robot.get("/ticket/link-1").await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(
            page.body.contains("Sign in as <bdi>Ana</bdi>") && page.body.contains("of <bdi>this Docket</bdi>"),
            "{}",
            page.body
        );
        assert!(!page.body.contains("link-1"), "the token is in the page: {}", page.body);
    }
    assert_eq!(robot.session(), None);
    let entered = robot.post("/ticket/link-1", &[]).await;
    assert_eq!((entered.status, entered.header(header::LOCATION)), (StatusCode::SEE_OTHER, "/connect"));
    let mut tx = scene.site.store.read(scene.site.tenant).await.unwrap();
    let trail = tx.audit_of(&scene.ana.id.to_string(), 9).await.unwrap();
    let [entry] = trail.as_slice() else { panic!("one sign-in, once in the trail: {trail:?}") };
    assert_eq!((entry.action.as_str(), entry.actor), ("member.signed_in", Some(scene.ana.id)));
    assert_eq!(entry.after, serde_json::json!({ "how": "ticket" }));
}

async fn a_private_link_that_is_forged_used_or_late_opens_nothing(db: &TestDb) {
    let scene = Scene::new(db).await;
    scene.site.ticket(scene.site.tenant, scene.ana.id, "link-1").await;
    let visitor = scene.visitor();
    for token in ["link-2", "LINK-1", "x", "link-1%00", "%2e%2e"] {
        for page in
            [visitor.get(&format!("/ticket/{token}")).await, visitor.post(&format!("/ticket/{token}"), &[]).await]
        {
            assert!(is_refused(&page), "{token}: {} {}", page.status, page.body);
        }
    }
    // Somebody else's page must not sign a browser in, as whoever its owner chose.
    let forged = visitor.post_from_elsewhere("/ticket/link-1", &[]).await;
    assert_eq!((forged.status, visitor.session()), (StatusCode::FORBIDDEN, None));
    db.clock.advance(Duration::from_mins(10));
    assert!(is_refused(&visitor.get("/ticket/link-1").await) && is_refused(&visitor.post("/ticket/link-1", &[]).await));
    assert_eq!(visitor.session(), None);
}

async fn a_browser_gets_a_new_token_whenever_somebody_signs_in(db: &TestDb) {
    let scene = Scene::new(db).await;
    let visitor = scene.signed_in(scene.site.tenant, scene.ana.id, "link-1").await;
    let first = visitor.session().unwrap();
    assert_eq!(first.len(), 43, "256 bits");
    // Whoever planted the first token in this browser gets nothing from it.
    scene.site.ticket(scene.site.tenant, scene.ben.id, "link-2").await;
    visitor.post("/ticket/link-2", &[]).await;
    assert_ne!(visitor.session().unwrap(), first);
    assert_eq!(visitor.name().await.as_deref(), Some("Ben"));
    let thief = visitor.another();
    thief.set_session(&first);
    assert_eq!(thief.name().await, None);
    // A token of the visitor's own making is not taken up either.
    let planted = scene.visitor();
    planted.set_session(&"A".repeat(43));
    scene.site.ticket(scene.site.tenant, scene.ana.id, "link-3").await;
    planted.post("/ticket/link-3", &[]).await;
    assert_ne!(planted.session().unwrap(), "A".repeat(43));
}

async fn a_token_that_nobody_was_given_opens_nothing(db: &TestDb) {
    let scene = Scene::new(db).await;
    let visitor = scene.signed_in(scene.site.tenant, scene.ana.id, "link-1").await;
    let token = visitor.session().unwrap();
    let thief = visitor.another();
    let mut near = token.clone().into_bytes();
    near[42] ^= 1;
    let hash = docket::secrets::token::hash(&token).0;
    for guess in
        ["", "x", &"A".repeat(43), &String::from_utf8(near).unwrap(), &token[..42], &hash, &format!("{token}A")]
    {
        thief.set_session(guess);
        assert_eq!(thief.name().await, None, "{guess}");
    }
}

async fn a_cookie_that_was_signed_out_opens_nothing(db: &TestDb) {
    let scene = Scene::new(db).await;
    let visitor = scene.signed_in(scene.site.tenant, scene.ana.id, "link-1").await;
    let token = visitor.session().unwrap();
    assert_eq!(visitor.post_from_elsewhere("/signout", &[]).await.status, StatusCode::FORBIDDEN);
    assert_eq!(visitor.get("/signout").await.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(visitor.name().await.as_deref(), Some("Ana"));
    let out = visitor.post("/signout", &[]).await;
    assert_eq!((out.status, visitor.session()), (StatusCode::SEE_OTHER, None));
    assert!(visitor.get(out.header(header::LOCATION)).await.body.contains("You are signed out"));
    visitor.set_session(&token);
    assert_eq!(visitor.name().await, None);
}

async fn a_session_ends_when_nobody_uses_it_and_after_ninety_days(db: &TestDb) {
    const DAY: Duration = Duration::from_hours(24);
    let scene = Scene::new(db).await;
    let used = scene.signed_in(scene.site.tenant, scene.ana.id, "link-1").await;
    let idle = scene.signed_in(scene.site.tenant, scene.ben.id, "link-2").await;
    for day in 1..90 {
        db.clock.advance(DAY);
        assert_eq!(used.name().await.as_deref(), Some("Ana"), "day {day}");
        if day == 13 {
            assert_eq!(idle.name().await.as_deref(), Some("Ben"));
        }
    }
    assert_eq!(idle.name().await, None);
    db.clock.advance(DAY);
    assert_eq!(used.name().await, None);
    // The next sign-in sweeps what has lapsed.
    let other = scene.signed_in(scene.site.tenant, scene.ana.id, "link-3").await;
    assert_eq!(other.get("/sessions").await.body.matches("name=\"session\"").count(), 0);
    assert_eq!(db.count("sessions").await, 1);
}

async fn whoever_is_deactivated_is_out_at_once(db: &TestDb) {
    let scene = Scene::new(db).await;
    let visitor = scene.signed_in(scene.site.tenant, scene.ana.id, "link-1").await;
    for standing in [Standing::Guest, Standing::Unknown, Standing::Full] {
        scene.set_standing(&scene.ana, standing).await;
        assert_eq!(visitor.name().await.as_deref(), Some("Ana"), "{standing:?}");
    }
    scene.site.ticket(scene.site.tenant, scene.ana.id, "link-2").await;
    scene.set_standing(&scene.ana, Standing::Gone).await;
    assert_eq!(visitor.name().await, None);
    assert!(is_refused(&visitor.post("/ticket/link-2", &[]).await));
    // The session does not come back with its member.
    scene.set_standing(&scene.ana, Standing::Full).await;
    assert_eq!(visitor.name().await, None);
}

async fn sessions_are_listed_and_ended_one_by_one_or_all(db: &TestDb) {
    let scene = Scene::new(db).await;
    let here = scene.signed_in(scene.site.tenant, scene.ana.id, "link-1").await;
    let there = scene.signed_in(scene.site.tenant, scene.ana.id, "link-2").await;
    let elsewhere = scene.signed_in(scene.site.tenant, scene.ana.id, "link-3").await;
    let page = here.get("/sessions").await.body;
    assert_eq!(page.matches("Firefox on Linux").count(), 5, "three, two of them with a button that names them: {page}");
    assert_eq!(page.matches("this one").count(), 1);
    assert!(page.contains("by a link from chat"), "{page}");
    let id = page.split("name=\"session\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(here.post_from_elsewhere("/sessions/end", &[("session", id)]).await.status, StatusCode::FORBIDDEN);
    assert_eq!(here.post("/sessions/end", &[("session", id)]).await.status, StatusCode::SEE_OTHER);
    let left = [&there, &elsewhere];
    let names = [left[0].name().await, left[1].name().await];
    assert_eq!(names.iter().flatten().count(), 1, "{names:?}");
    assert_eq!(here.post("/sessions/end", &[("session", id)]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(here.post("/sessions/end-others", &[]).await.status, StatusCode::SEE_OTHER);
    assert_eq!((there.name().await, elsewhere.name().await), (None, None));
    assert_eq!(here.name().await.as_deref(), Some("Ana"));
}

async fn nobody_ends_somebody_elses_session(db: &TestDb) {
    let scene = Scene::new(db).await;
    let other = scene.site.of_new_tenant().await;
    let zoe = other.join(other.tenant, "Zoe").await;
    let ana = scene.signed_in(scene.site.tenant, scene.ana.id, "link-1").await;
    let ben = scene.signed_in(scene.site.tenant, scene.ben.id, "link-2").await;
    let zoe = scene.signed_in(other.tenant, zoe.id, "link-3").await;
    let id = db.text(&format!("SELECT id FROM sessions WHERE member_id = '{}'", scene.ana.id)).await;
    for visitor in [&ben, &zoe] {
        assert_eq!(visitor.post("/sessions/end", &[("session", &id)]).await.status, StatusCode::NOT_FOUND);
        visitor.post("/sessions/end-others", &[]).await;
    }
    for id in ["", "x", "mem_01HF7YAT00000000000000001A"] {
        assert_eq!(ben.post("/sessions/end", &[("session", id)]).await.status, StatusCode::NOT_FOUND, "{id}");
    }
    assert_eq!(ana.name().await.as_deref(), Some("Ana"));
}

async fn two_tenants_see_their_own_pages_only(db: &TestDb) {
    let scene = Scene::new(db).await;
    let sample = crate::support::sample::acme::sample(&scene.site.chance);
    sample.write(&scene.site.store, scene.site.tenant).await;
    let other = scene.site.of_new_tenant().await;
    let zoe = other.join(other.tenant, "Zoe").await;
    let ana = scene.signed_in(scene.site.tenant, scene.ana.id, "link-1").await;
    let zoe = scene.signed_in(other.tenant, zoe.id, "link-2").await;
    for (path, theirs) in
        [("/projects/AUTH", "Token service"), ("/patches/P-4", "P-4"), ("/console?project=AUTH", "Token service")]
    {
        assert!(ana.get(path).await.body.contains(theirs), "{path}");
        let page = zoe.get(path).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        assert!(!page.body.contains("Token service"), "{path}: {}", page.body);
    }
    for path in ["/console", "/projects", "/models", "/sessions"] {
        let page = zoe.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(!page.body.contains("AUTH-") && !page.body.contains("Ana"), "{path}: {}", page.body);
    }
}

async fn another_site_can_not_press_anything_for_whoever_is_signed_in(db: &TestDb) {
    let scene = Scene::new(db).await;
    let visitor = scene.signed_in(scene.site.tenant, scene.ana.id, "link-1").await;
    let patch = "approve pat_01HF7YAT00000000000000001A 1";
    for (path, form) in [
        ("/console/click", [("press", patch)]),
        ("/console/say", [("text", "/docket approve P-1")]),
        ("/models/accounts", [("name", "x")]),
        ("/oauth/oidc/start", [("purpose", "link")]),
        ("/sessions/end-others", [("x", "y")]),
    ] {
        assert_eq!(visitor.post_from_elsewhere(path, &form).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert!(scene.site.taken().is_empty());
    assert_eq!(visitor.post("/console/click", &[("press", patch)]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(scene.site.stored()[0]["member"], scene.ana.id.to_string());
}

async fn nobody_is_led_to_another_site_after_the_sign_in(db: &TestDb) {
    let scene = Scene::new(db).await;
    let visitor = scene.signed_in(scene.site.tenant, scene.ana.id, "link-1").await;
    for next in
        ["//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil.example", "javascript:alert(1)", ""]
    {
        let query = serde_urlencoded::to_string([("next", next)]).unwrap();
        assert_eq!(visitor.get(&format!("/login?{query}")).await.header(header::LOCATION), "/", "{next:?}");
    }
    assert_eq!(visitor.get("/login?next=%2Fpatches%2FP-4").await.header(header::LOCATION), "/patches/P-4");
    let stranger = scene.visitor();
    let asked = stranger.get("/console?project=AUTH&next=//evil.example").await;
    assert_eq!(asked.header(header::LOCATION), "/login?next=%2Fconsole%3Fproject%3DAUTH%26next%3D%2F%2Fevil.example");
    assert!(!asked.header(header::LOCATION).contains(PUBLIC));
}

/// Tries links until that is too often; how many it took.
async fn tries(visitor: &Visitor, forwarded: &str) -> usize {
    for tried in 0..500 {
        let mut request = Request::post(format!("/ticket/guess-{tried}"))
            .header(header::HOST, "docket.example.com")
            .header("x-forwarded-for", forwarded)
            .body(Body::empty())
            .unwrap();
        request.headers_mut().insert(header::ORIGIN, PUBLIC.parse().unwrap());
        let page = visitor.send(request).await;
        if page.status == StatusCode::TOO_MANY_REQUESTS {
            assert_eq!(page.header(header::RETRY_AFTER), "1");
            assert!(page.body.contains("Wait 1 s, then try again"), "{}", page.body);
            return tried;
        }
        assert_eq!(page.status, StatusCode::BAD_REQUEST);
    }
    panic!("500 tries are not too often")
}

async fn whoever_tries_too_often_waits_and_others_do_not(db: &TestDb) {
    let scene = Scene::new(db).await;
    let guesser = Visitor::new(scene.site.public_from("203.0.113.9"));
    assert_eq!(tries(&guesser, "198.51.100.1").await, 60);
    // Whom somebody says to ask for counts only where one of our proxies says so.
    assert_eq!(tries(&guesser, "198.51.100.2").await, 0);
    let behind_ours = Visitor::new(scene.site.public_from("10.0.0.1"));
    assert_eq!(tries(&behind_ours, "1.1.1.1, 198.51.100.1").await, 60);
    assert_eq!(tries(&behind_ours, "2.2.2.2, 198.51.100.1").await, 0);
    assert_eq!(tries(&behind_ours, "198.51.100.2").await, 60);
    // Guessed cookies count as well, and a second later one more try is free.
    db.clock.advance(Duration::from_secs(1));
    guesser.set_session("guess");
    assert_eq!(guesser.get("/console").await.status, StatusCode::SEE_OTHER);
    assert_eq!(guesser.get("/console").await.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(scene.visitor().get("/console").await.status, StatusCode::SEE_OTHER);
}

async fn whoever_guesses_tokens_of_the_api_waits(db: &TestDb) {
    let scene = Scene::new(db).await;
    let guess = async |peer: &str| {
        let request = Request::get("/api/v1/projects").header(header::HOST, "docket.example.com");
        let request = request.header(header::AUTHORIZATION, "Bearer docket_guess").body(Body::empty()).unwrap();
        crate::support::site::ask(scene.site.public_from(peer), request).await
    };
    for _ in 0..60 {
        assert_eq!(guess("203.0.113.9").await.status, StatusCode::UNAUTHORIZED);
    }
    let refused = guess("203.0.113.9").await;
    assert_eq!((refused.status, refused.header(header::RETRY_AFTER)), (StatusCode::TOO_MANY_REQUESTS, "1"));
    assert_eq!(refused.header(header::CONTENT_TYPE), "application/problem+json");
    assert!(refused.body.contains("Wait 1 s, then try again"), "{}", refused.body);
    assert_eq!(guess("203.0.113.10").await.status, StatusCode::UNAUTHORIZED);
}

async fn a_tenant_that_changes_too_much_waits_and_others_do_not(db: &TestDb) {
    let scene = Scene::new(db).await;
    let other = scene.site.of_new_tenant().await;
    let zoe = other.join(other.tenant, "Zoe").await;
    let ana = scene.signed_in(scene.site.tenant, scene.ana.id, "link-1").await;
    let zoe = scene.signed_in(other.tenant, zoe.id, "link-2").await;
    let change = async |visitor: &Visitor| visitor.post("/sessions/end", &[("session", "x")]).await.status;
    let mut changed = 0;
    while change(&ana).await == StatusCode::NOT_FOUND {
        changed += 1;
    }
    assert_eq!((changed, change(&ana).await), (300, StatusCode::TOO_MANY_REQUESTS));
    assert_eq!(ana.get("/console").await.status, StatusCode::OK, "looking is free");
    assert_eq!(change(&zoe).await, StatusCode::NOT_FOUND);
}

async fn members_of_one_tenant_share_the_conversation_but_not_the_answers(db: &TestDb) {
    let docket = TestApp::start_with(db, &[("PUBLIC_URL", PUBLIC)]).await;
    let tenant = docket.app.tenant;
    let mut visitors = Vec::new();
    for (name, token) in [("Ana", "link-1"), ("Ben", "link-2")] {
        let member = Member { ..crate::support::sample::member(&db.chance, name) };
        let mut tx = db.store.write(tenant).await.unwrap();
        tx.add_member(&member).await.unwrap();
        let until = db.chance.now().plus(Duration::from_mins(10));
        tx.insert_ticket(&docket::secrets::token::hash(token), member.id, until).await.unwrap();
        tx.commit().await.unwrap();
        let visitor = Visitor::new(docket.app.router.clone());
        visitor.post(&format!("/ticket/{token}"), &[]).await;
        visitors.push(visitor);
    }
    let [ana, ben] = visitors.as_slice() else { panic!("two") };
    ana.post("/console/say", &[("text", "/docket plan Build a login page")]).await;
    docket.run_jobs().await;
    ana.post("/console/say", &[("text", "/docket whoami")]).await;
    ben.post("/console/say", &[("text", "/docket whoami")]).await;
    docket.run_jobs().await;
    let (to_ana, to_ben) = (ana.get("/console").await.body, ben.get("/console").await.body);
    for page in [&to_ana, &to_ben] {
        assert!(page.contains("/docket plan Build a login page") && page.contains("P-1 · "), "{page}");
        assert_eq!(page.matches("Time zone:").count(), 1, "one answer each: {page}");
    }
    assert!(to_ana.contains("<bdi>Ana</bdi>") && to_ben.contains("<bdi>Ana</bdi>"), "who spoke is told to everybody");
    assert!(to_ana.contains(">Ana</h2>") || to_ana.contains("Ana"), "{to_ana}");
    // Whoever pressed the button is who approved.
    let patch = docket.patch(tenant, 1).await.unwrap();
    let press = format!("approve {} {}", patch.id, patch.revision);
    ben.post("/console/click", &[("press", &press)]).await;
    docket.run_jobs().await;
    assert_eq!(docket.states().await, ["applied"]);
    let page = ana.get("/patches/P-1").await.body;
    let trail = page.split("<ol class=\"trail\"").nth(1).unwrap_or_else(|| panic!("{page}"));
    assert!(trail.contains("Ana") && trail.contains("Ben"), "{trail}");
}

async fn slack_answers_connect_with_a_link_that_is_nowhere_in_the_database(db: &TestDb) {
    let docket = TestApp::start_with(db, &[("PUBLIC_URL", PUBLIC)]).await;
    docket.slash("U1", "connect").await;
    docket.run_jobs().await;
    let message = docket.slack.private("U1").pop().unwrap();
    let payload = message.payload.to_string();
    let link = payload.split(&format!("{PUBLIC}/ticket/")).nth(1).unwrap_or_else(|| panic!("{payload}"));
    let token = link.split(['"', '|', '\\']).next().unwrap();
    assert_eq!(token.len(), 43, "{payload}");
    assert!(docket.slack.messages("C1").is_empty(), "it is for one person");
    assert!(!db.holds(token).await, "the token is in the database");

    let visitor = Visitor::new(docket.app.router.clone());
    assert!(visitor.get(&format!("/ticket/{token}")).await.body.contains("Sign in as <bdi>Ana"));
    assert_eq!(visitor.post(&format!("/ticket/{token}"), &[]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(visitor.name().await.as_deref(), Some("Ana"));
    assert!(!db.holds(&visitor.session().unwrap()).await, "the session's token is in the database");
    // Words to the bot mean the same.
    docket.mention("U2", "connect").await;
    assert!(docket.slack.private("U2").pop().unwrap().payload.to_string().contains("/ticket/"));
}
