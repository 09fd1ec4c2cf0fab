//! What bad input gets, through the whole of Docket: nothing happens by half, and nobody is left without an answer.

use std::time::Duration;

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use futures_util::future::join_all;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::support::{
    app::{TestApp, words},
    db::{TestDb, for_each_db},
    fake_slack::{SignedRequest, SlackUser, signed},
    site::{Page, ask, post},
};

const GOAL: &str = "plan Build a user authentication flow";

for_each_db!(
    what_slack_did_not_sign_just_now_is_refused_and_does_nothing,
    the_same_request_again_has_no_second_effect,
    a_body_that_can_not_be_read_is_a_400_however_it_is_broken,
    fields_and_kinds_that_nobody_knows_are_passed_over,
    a_patch_of_another_tenant_can_be_reached_by_no_way,
    a_card_of_before_a_refinement_decides_nothing,
    nothing_written_in_a_title_becomes_markup,
    a_title_that_is_too_long_is_cut_or_refused_in_words,
    what_would_make_a_circle_is_refused_in_words,
    a_task_that_does_not_exist_is_answered_with_the_nearest_one,
    a_locked_database_is_a_503_and_slacks_retry_then_succeeds,
    a_full_disk_is_a_503_and_slacks_retry_then_succeeds,
);

/// One command, one click and one event of Ana's, each of which would do something.
fn wishes(docket: &TestApp<'_>, ana: &SlackUser, suffix: &str) -> Vec<SignedRequest> {
    let now = docket.db.chance.now();
    let card = docket.newest_with("patch.approve");
    vec![
        ana.slash("plan Move the billing to PostgreSQL", now),
        ana.click(&card, "patch.approve", now),
        ana.mention("drop the last one", &format!("1795.{suffix}"), now),
    ]
}

async fn what_slack_did_not_sign_just_now_is_refused_and_does_nothing(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slash("U1", GOAL).await;
    let ana = docket.user("U1");
    let forger = SlackUser { secret: SecretString::from("guessed"), ..ana.clone() };
    let tamper = |change: fn(&mut SignedRequest)| {
        let mut requests = wishes(&docket, &ana, "1");
        for request in &mut requests {
            change(request);
        }
        requests
    };
    let at_another_time = |seconds: i64| {
        let time = (db.chance.now().as_millis() / 1000 + seconds).to_string();
        let mut requests = wishes(&docket, &ana, "1");
        for request in &mut requests {
            time.clone_into(request.header("x-slack-request-timestamp"));
        }
        requests
    };
    let signed_at = |seconds: i64| {
        let now = db.chance.now();
        let offset = Duration::from_secs(seconds.unsigned_abs());
        let then = if seconds < 0 { now.minus(offset) } else { now.plus(offset) };
        let resign = |request: SignedRequest| signed(&ana.secret, &request.path, "text/plain", request.body, then);
        wishes(&docket, &ana, "1").into_iter().map(resign).collect::<Vec<_>>()
    };
    for (what, requests) in [
        ("another secret", wishes(&docket, &forger, "1")),
        ("another body", tamper(|request| request.body.push(b'+'))),
        ("a shorter body", tamper(|request| request.body.truncate(request.body.len() - 1))),
        ("no signature", tamper(|request| request.headers.retain(|(name, _)| *name != "x-slack-signature"))),
        ("no time", tamper(|request| request.headers.retain(|(name, _)| !name.ends_with("timestamp")))),
        ("an empty signature", tamper(|request| request.header("x-slack-signature").clear())),
        ("another version", tamper(|request| request.header("x-slack-signature").replace_range(..2, "v1"))),
        ("the signature of another time", at_another_time(1)),
        ("more than five minutes ago", signed_at(-301)),
        ("more than five minutes ahead", signed_at(301)),
    ] {
        for request in requests {
            let path = request.path.clone();
            let ack = docket.send(request).await;
            assert_eq!(ack.status, StatusCode::UNAUTHORIZED, "{what}, {path}: {}", ack.body);
        }
    }
    assert_eq!(docket.app.worker.drain().await, 0, "nothing was queued");
    assert_eq!(docket.states().await, ["proposed"]);
    for request in signed_at(-299) {
        assert_eq!(docket.send(request).await.status, StatusCode::OK);
    }
}

async fn the_same_request_again_has_no_second_effect(db: &TestDb) {
    let docket = TestApp::start(db).await;
    let again = async |request: &SignedRequest| {
        let ack = docket.send(request.clone()).await;
        assert_eq!((ack.status, ack.body.as_str()), (StatusCode::OK, ""));
        docket.run_jobs().await;
    };
    let everything = || (docket.slack.messages("C1"), docket.slack.private("U1"), docket.slack.private("U2"));
    let twice = async |request: SignedRequest| {
        docket.send(request.clone()).await;
        again(&request).await;
        let before = (everything(), docket.states().await);
        again(&request).await;
        assert_eq!((everything(), docket.states().await), before, "after it was handled");
    };
    let ana = docket.user("U1");
    twice(ana.slash(GOAL, db.chance.now())).await;
    assert_eq!(docket.states().await, ["proposed"], "one command, one proposal");
    twice(ana.mention("drop the last one", "1795.1", db.chance.now())).await;
    assert_eq!(docket.states().await, ["superseded", "proposed"], "one event, one refinement");
    let card = docket.newest_with("patch.approve");
    twice(docket.user("U2").click(&card, "patch.approve", db.chance.now())).await;
    assert_eq!(docket.states().await, ["superseded", "applied"]);
    assert!(docket.card().contains("revision 1") && docket.slack.private("U2").is_empty(), "nobody is told off");
    twice(ana.slash("done 1", db.chance.now())).await;
    let done = docket.newest_with("patch.undo");
    twice(ana.click(&done, "patch.undo", db.chance.now())).await;
    assert_eq!(docket.states().await.len(), 4, "one click, one patch that takes another back");
}

async fn a_body_that_can_not_be_read_is_a_400_however_it_is_broken(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slash("U1", GOAL).await;
    let ana = docket.user("U1");
    let now = db.chance.now();
    let card = docket.newest_with("patch.approve");
    let send = async |path: &str, body: Vec<u8>| docket.send(signed(&ana.secret, path, "text/plain", body, now)).await;
    for whole in [ana.click(&card, "patch.approve", now), ana.dm("drop the last one", "1795.1", now)] {
        for part in 0..16 {
            let cut = whole.body[..whole.body.len() * part / 16].to_vec();
            let ack = send(&whole.path, cut).await;
            assert_eq!(ack.status, StatusCode::BAD_REQUEST, "{part}/16 of {}", whole.path);
        }
    }
    let command = ana.slash("plan x", now).body;
    let user = command.windows(8).position(|part| part == b"user_id=").unwrap();
    let ack = send("/slack/commands", command[..user].to_vec()).await;
    assert_eq!(ack.status, StatusCode::BAD_REQUEST, "a command of nobody");
    for bytes in [
        &b"\xff\xfe"[..],
        b"team_id=T1&user_id=U1&channel_id=C1&text=%C3%28",
        b"\0",
        b"payload=%80",
        b"{\"a\":\"\xc3\"}",
    ] {
        for path in ["/slack/commands", "/slack/interactions", "/slack/events"] {
            let ack = send(path, bytes.to_vec()).await;
            assert_eq!(ack.status, StatusCode::BAD_REQUEST, "{bytes:?} to {path}");
            assert!((10..120).contains(&ack.body.len()), "{path}: {}", ack.body);
        }
    }
    for path in ["/slack/commands", "/slack/interactions", "/slack/events"] {
        let ack = send(path, vec![b'a'; 2 * 1024 * 1024]).await;
        assert_eq!(ack.status, StatusCode::PAYLOAD_TOO_LARGE, "{path}");
    }
    assert_eq!(docket.app.worker.drain().await, 0, "nothing was queued");
    assert_eq!(docket.states().await, ["proposed"]);
}

/// Adds something new to every object of a payload.
fn with_news(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(with_news),
        Value::Object(fields) => {
            fields.values_mut().for_each(with_news);
            fields.insert("new_in_2027".to_owned(), json!({ "deep": [null, { "type": 7 }] }));
        }
        _ => {}
    }
}

async fn fields_and_kinds_that_nobody_knows_are_passed_over(db: &TestDb) {
    let docket = TestApp::start(db).await;
    let ana = docket.user("U1");
    let now = db.chance.now();
    let mut command = ana.slash(GOAL, now).body;
    command.extend_from_slice(b"&new_in_2027=yes&new_in_2027=twice&=&empty");
    docket.act(signed(&ana.secret, "/slack/commands", "text/plain", command, now)).await;
    let card = docket.newest_with("patch.approve");
    let click = ana.click(&card, "patch.approve", now).body;
    let fields: Vec<(String, String)> = serde_urlencoded::from_bytes(&click).unwrap();
    let mut payload: Value = serde_json::from_str(&fields[0].1).unwrap();
    with_news(&mut payload);
    docket.act(ana.interaction(&payload, now)).await;
    assert_eq!(docket.states().await, ["applied"]);

    let before = docket.cards();
    for kind in ["hologram", "block_actions_v2", "view_closed", "shortcut", ""] {
        let payload = json!({ "type": kind, "team": { "id": "T1" }, "user": { "id": "U1" }, "trigger_id": "1" });
        docket.act(ana.interaction(&payload, now)).await;
    }
    let mut action = payload;
    action["actions"][0]["action_id"] = json!("patch.explode");
    action["actions"][0]["action_ts"] = json!("1795168999.1");
    docket.act(ana.interaction(&action, now)).await;
    for (id, kind) in [("Ev1", "hologram_opened"), ("Ev2", "message"), ("Ev3", "reaction_added")] {
        let event = json!({ "type": kind, "subtype": "huddle_thread", "user": "U1", "channel": "C1", "ts": "1.1" });
        docket.act(ana.event(id, &event, now)).await;
    }
    assert_eq!((docket.cards(), docket.states().await), (before, vec!["applied"]));
}

/// What the console of the first tenant answers.
async fn console(docket: &TestApp<'_>, request: Request<Body>) -> Page {
    let page = ask(docket.app.router.clone(), request).await;
    docket.run_jobs().await;
    page
}

async fn a_patch_of_another_tenant_can_be_reached_by_no_way(db: &TestDb) {
    let docket = TestApp::start(db).await;
    let (other, zoe) = docket.second_tenant().await;
    let now = db.chance.now();
    docket.act(zoe.slash("plan Rotate the hidden certificates", now)).await;
    docket.act(zoe.slash("plan Launch the newsletter", now)).await;
    let theirs = docket.slack.messages("C2");
    let card = &theirs[0];
    let (first, second) = (docket.patch(other, 1).await.unwrap(), docket.patch(other, 2).await.unwrap());

    let thief = docket.user("U1");
    for action in ["patch.approve", "patch.details", "patch.reject"] {
        docket.act(thief.click(card, action, db.chance.now())).await;
    }
    docket.submit("U1", "it is mine now").await;
    for line in ["approve P-1", "reject P-2 no", "undo P-1", "rebase P-1", "renew P-2", "show P-1", "show P-2", "inbox"]
    {
        let ack = docket.slash("U1", line).await;
        let said = words(&ack.json()) + &docket.told("U1");
        assert!(!said.contains("hidden") && !said.contains("newsletter"), "{line}: {said}");
    }
    for told in docket.slack.private("U1") {
        let told = words(&told.payload);
        assert!(told.contains("no patch P-") || told.contains("no such patch"), "{told}");
    }
    for path in ["/patches/P-1", "/patches/P-2", &format!("/patches/{}", first.id)] {
        let page = console(&docket, Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}: {}", page.body);
    }
    for (n, action) in ["approve", "reject", "details", "request_changes"].into_iter().enumerate() {
        let body = json!({ "id": format!("k-{n}"), "patch": second.id, "revision": 1, "action": action, "words": "x" });
        let page = console(&docket, post("/console/click", "application/json", &body.to_string())).await;
        assert_eq!(page.status, StatusCode::ACCEPTED, "it is stored before anybody looks whose it is");
    }
    let page = console(&docket, Request::get("/console").body(Body::empty()).unwrap()).await;
    assert!(page.body.contains("no such patch here") && !page.body.contains("newsletter"), "{}", page.body);

    assert_eq!((docket.patch(other, 1).await, docket.patch(other, 2).await), (Some(first), Some(second)));
    assert_eq!(docket.slack.messages("C2"), theirs);
    assert!(docket.states().await.is_empty());
    docket.act(zoe.click(card, "patch.approve", db.chance.now())).await;
    assert_eq!(docket.patch(other, 1).await.unwrap().state.as_str(), "applied", "its own people decide");
}

async fn a_card_of_before_a_refinement_decides_nothing(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slash("U1", GOAL).await;
    let old = docket.newest_with("patch.approve");
    docket.slash("U1", "edit drop the last one").await;
    for action in ["patch.approve", "patch.reject", "patch.request_changes"] {
        docket.click_on("U2", &old, action).await;
        if action != "patch.approve" {
            docket.submit("U2", "drop the first one").await;
        }
        let told = docket.told("U2");
        assert!(told.contains("P-1") && told.contains("P-2"), "{action}: {told}");
        assert_eq!(docket.states().await, ["superseded", "proposed"], "{action}");
    }
}

/// Texts that try to be more than text, with what a reader must still find of them.
const TITLES: [(&str, &str); 8] = [
    ("<!channel> look <!here>", "look"),
    ("<@U2> and <#C1|general> and <https://evil.example|harmless>", "harmless"),
    ("<script>alert(1)</script>", "alert(1)"),
    ("*bold* _low_ ~gone~ `code` ```block``` > quote", "bold"),
    ("\"><img src=x onerror=alert(1)>", "onerror"),
    ("R&D & <b>more</b> < >", "more"),
    ("🎈 👩‍👩‍👧 ✓ e\u{301}", "👩‍👩‍👧"),
    ("مرحبا \u{202e}drowssap\u{202c} שלום", "مرحبا"),
];

/// Every `mrkdwn` text of a payload, and the fallback text, where Slack reads `<…>`.
fn read_as_markup(payload: &Value, out: &mut Vec<String>) {
    match payload {
        Value::Array(items) => items.iter().for_each(|item| read_as_markup(item, out)),
        Value::Object(fields) => {
            let is_markup = fields.get("type").is_none_or(|kind| kind == "mrkdwn");
            if let (true, Some(text)) = (is_markup, fields.get("text").and_then(Value::as_str)) {
                out.push(text.to_owned());
            }
            fields.values().for_each(|field| read_as_markup(field, out));
        }
        _ => {}
    }
}

async fn nothing_written_in_a_title_becomes_markup(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slash("U1", GOAL).await;
    docket.click("U1", "patch.approve").await;
    for (title, readable) in TITLES {
        // As Slack sends what people type: with its three characters escaped.
        let typed = title.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        docket.slash("U1", &format!("edit rename 1 to {typed}")).await;
        assert!(docket.card().contains(readable), "{title}: {} / {}", docket.card(), docket.told("U1"));
        docket.click("U1", "patch.approve").await;
        assert!(docket.card().contains("Undo"), "{title}: {}", docket.card());
        let shown = docket.slash("U1", "show 1").await.json();
        docket.slack.keep(&shown);
        let mut texts = Vec::new();
        read_as_markup(&shown, &mut texts);
        for (_, call) in docket.slack.calls() {
            read_as_markup(&call, &mut texts);
        }
        for text in &texts {
            for active in ["<!channel", "<!here", "<@U2", "<#C1", "<https://evil"] {
                assert!(!text.contains(active), "{title}: {text}");
            }
        }
        for path in ["/console", "/projects/AUTH", "/patches/P-2"] {
            let page = console(&docket, Request::get(path).body(Body::empty()).unwrap()).await;
            assert_eq!(page.status, StatusCode::OK, "{path}");
            for markup in ["<script>", "<img src=x", "<!channel>", "<b>"] {
                assert!(!page.body.contains(markup), "{title} on {path}: {}", page.body);
            }
        }
        let tree = console(&docket, Request::get("/projects/AUTH").body(Body::empty()).unwrap()).await;
        assert!(tree.body.contains(readable), "{title}: {}", tree.body);
    }
    assert_eq!(docket.slack.problems(), Vec::<String>::new());
}

async fn a_title_that_is_too_long_is_cut_or_refused_in_words(db: &TestDb) {
    let docket = TestApp::start(db).await;
    for (n, long) in
        ["a".repeat(10_000), "word ".repeat(2_000), "🎈".repeat(10_000), "م".repeat(10_000)].iter().enumerate()
    {
        let ack = docket.slash("U1", &format!("plan {long}")).await;
        let told = words(&ack.json()) + &docket.told("U1");
        assert!(docket.states().await.len() == n + 1 || told.contains("long"), "{n}: {told}");
    }
    docket.slash("U1", GOAL).await;
    docket.click("U1", "patch.approve").await;
    let before = docket.states().await;
    for line in [
        format!("edit rename 1 to {}", "a".repeat(10_000)),
        format!("edit add a task for {}", "🎈".repeat(10_000)),
        format!("break 1 {}", "x ".repeat(5_000)),
    ] {
        let cards = docket.cards().len();
        let heard = docket.slack.private("U1").len();
        let ack = docket.slash("U1", &line).await;
        let told = docket.slack.private("U1").len() > heard || !ack.body.is_empty();
        assert!(told || docket.cards().len() > cards, "{}", &line[..20]);
        assert!(docket.states().await.len() <= before.len() + 3);
    }
    assert_eq!(docket.slack.problems(), Vec::<String>::new());
    let dead = db.store.jobs(1_000).await.unwrap().into_iter().filter(|job| job.state == "dead").count();
    assert_eq!(dead, 0);
}

async fn what_would_make_a_circle_is_refused_in_words(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slash("U1", GOAL).await;
    docket.click("U1", "patch.approve").await;
    docket.slash("U1", "break 1").await;
    docket.click("U1", "patch.approve").await;
    let before = docket.states().await;
    let child = {
        let mut tx = db.store.read(docket.app.tenant).await.unwrap();
        let project = tx.projects().await.unwrap().pop().unwrap();
        let plan = tx.plan(project.id).await.unwrap().unwrap();
        plan.tasks().find(|task| task.place.parent.is_some_and(|parent| parent.0 == 1)).unwrap().number
    };
    for (line, why) in [
        ("edit move 1 under 1".to_owned(), "itself or one of its sub-tasks"),
        (format!("edit move 1 under {child}"), "itself or one of its sub-tasks"),
        ("edit 1 depends on 1".to_owned(), "can't wait for itself"),
        ("edit 1 depends on 2; 2 depends on 1".to_owned(), "AUTH-1 can't wait for AUTH-2"),
        ("edit 2 depends on 3; 1 depends on 2; 3 depends on 1".to_owned(), "wait for"),
        (format!("edit 1 depends on {child}; {child} depends on 1"), "a task and its sub-task"),
    ] {
        let heard = docket.slack.private("U1").len();
        docket.slash("U1", &line).await;
        assert_eq!(docket.states().await, before, "{line}: {}", docket.card());
        assert_eq!(docket.slack.private("U1").len(), heard + 1, "{line}");
        let told = docket.told("U1");
        assert!(told.contains(why), "{line}: {told}");
    }
}

async fn a_task_that_does_not_exist_is_answered_with_the_nearest_one(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slash("U1", GOAL).await;
    docket.click("U1", "patch.approve").await;
    for task in [1, 2] {
        docket.slash("U1", &format!("break {task}")).await;
        docket.click("U1", "patch.approve").await;
    }
    let before = docket.states().await;
    for (line, hint) in [
        ("show AUTH-21", "Did you mean AUTH-12?"),
        ("done AUTH-21", "Did you mean AUTH-12?"),
        ("break AUTH-21", "Did you mean AUTH-12?"),
        ("edit rename 21 to x", "AUTH-12"),
        ("done AUTH-4294967295", "The last one is AUTH-"),
        ("done AUTH-99999999999999999999", "AUTH-99999999999999999999"),
        ("done AUTH-0", "AUTH-0"),
        ("done AUHT-1", "AUTH"),
        ("show P-77", "no patch P-77"),
    ] {
        let ack = docket.slash("U1", line).await;
        let said = words(&ack.json()) + " " + &docket.told("U1");
        assert!(said.contains(hint), "{line}: {said}");
    }
    assert_eq!(docket.states().await, before);
}

/// Sends a command, a click, an event and a line of the console while nothing can be stored.
async fn refused(docket: &TestApp<'_>) -> Vec<SignedRequest> {
    let requests = wishes(docket, &docket.user("U1"), "7");
    let sent = requests.iter().map(|request| docket.send(request.clone()));
    let line = json!({ "id": "k-1", "text": "/docket plan Launch the newsletter" }).to_string();
    let line = ask(docket.app.router.clone(), post("/console/say", "application/json", &line));
    let (acks, page) = tokio::join!(join_all(sent), line);
    assert!(acks.iter().all(|ack| ack.status == StatusCode::SERVICE_UNAVAILABLE), "{acks:?}");
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE, "{}", page.body);
    assert!(page.body.contains("nothing was done"), "{}", page.body);
    requests
}

/// Sends the same again, as Slack does and as people do, once nothing is in the way.
async fn taken(docket: &TestApp<'_>, requests: Vec<SignedRequest>) {
    assert_eq!(docket.app.worker.drain().await, 0, "nothing was kept of what was refused");
    assert_eq!(docket.states().await, ["proposed"]);
    for request in requests {
        docket.act(request.clone()).await;
        docket.act(request).await;
    }
    let states = docket.states().await;
    assert_eq!((states[0], states[1..].contains(&"proposed")), ("applied", true), "{states:?}");
    assert!(docket.cards()[0].contains("applied by Ana"), "{}", docket.cards()[0]);
}

async fn a_locked_database_is_a_503_and_slacks_retry_then_succeeds(db: &TestDb) {
    let db = db.wait_shortly().await;
    let docket = TestApp::start(&db).await;
    docket.slash("U1", GOAL).await;
    let lock = db.lock().await;
    let requests = refused(&docket).await;
    drop(lock);
    taken(&docket, requests).await;
}

async fn a_full_disk_is_a_503_and_slacks_retry_then_succeeds(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slash("U1", GOAL).await;
    db.fill_disk().await;
    let requests = refused(&docket).await;
    db.free_disk().await;
    taken(&docket, requests).await;
}
