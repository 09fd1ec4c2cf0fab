//! Pull requests in the channel of their project: one message each, a thread for what happens, and the story from a
//! webhook to an approved change of the plan.

use std::time::Duration;

use docket::{
    domain::{
        provider::Provider,
        session::{Login, Party},
        task::{Status, TaskNumber},
        time::Timestamp,
        tracker::RepositoryId,
    },
    store::Tx,
};
use serde_json::{Value, json};

use crate::support::{
    app::{TestApp, words},
    clock::START,
    db::{TestDb, for_each_db},
    fake_slack::{Fault, Shown},
    github::{HOOK_SECRET, INSTALLATION, Webhook, body, repository},
    sample::{self, trackers},
};

for_each_db! {
    opened_reviewed_merged_and_done,
    one_message_is_edited_and_the_thread_tells_the_rest,
    what_comes_again_is_told_once,
    what_is_muted_or_old_or_our_own_is_not_told,
    a_lively_thread_ends_in_one_line,
    only_whoever_asked_for_it_is_mentioned,
    people_talk_in_the_thread_and_docket_keeps_quiet,
    a_decision_taken_elsewhere_shows_on_the_message,
    the_largest_pull_request_fits,
    slack_that_is_away_or_in_the_way_loses_nothing,
    releases_are_told_in_the_channel,
    the_console_is_told_too,
    every_pull_request_is_told_where_somebody_wants_that,
}

/// Docket with the project AUTH in the channel C1, linked to acme/web.
async fn house(db: &TestDb) -> TestApp<'_> {
    let docket = TestApp::start_with(db, &[("GITHUB_WEBHOOK_SECRET", HOOK_SECRET)]).await;
    docket.slash("U1", "plan Build a user authentication flow").await;
    docket.click("U2", "patch.approve").await;
    connect(&docket).await;
    docket.slash("U1", "link AUTH acme/web").await;
    assert!(docket.told("U1").starts_with("AUTH is linked to acme/web."), "{}", docket.told("U1"));
    docket
}

/// The tenant's installation at GitHub sees acme/web.
async fn connect(docket: &TestApp<'_>) {
    let mut tx = write(docket).await;
    let by = tx.members().await.unwrap()[0].id;
    let connection = sample::connection(&docket.db.chance, Provider::GitHub, &INSTALLATION.to_string(), by);
    tx.put_connection(&connection).await.unwrap();
    let mut web = trackers::repository(connection.id);
    web.seen.id = RepositoryId(700);
    tx.put_repository(&web).await.unwrap();
    tx.commit().await.unwrap();
}

async fn write(docket: &TestApp<'_>) -> Tx {
    docket.db.store.write(docket.app.tenant).await.unwrap()
}

fn time(at: Timestamp) -> String {
    at.to_utc().format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn user(id: u64, login: &str) -> Value {
    json!({ "id": id, "login": login, "type": "User" })
}

/// A pull request of acme/web as GitHub shows it now.
fn pull(docket: &TestApp<'_>, number: u64, title: &str) -> Value {
    let now = time(docket.db.chance.now());
    json!({
        "id": 9_000 + number, "number": number, "state": "open", "title": title, "body": null, "draft": false,
        "html_url": format!("https://github.com/acme/web/pull/{number}"), "user": user(11, "ana-gh"),
        "head": { "ref": format!("branch-{number}"), "sha": format!("{number:040x}"), "repo": { "id": 700 } },
        "base": { "ref": "main", "sha": "0".repeat(40), "repo": { "id": 700 } },
        "labels": [], "requested_reviewers": [], "created_at": now, "updated_at": now, "merged": false,
        "merged_at": null, "closed_at": null, "merged_by": null,
    })
}

/// The webhook about it.
fn hook(kind: &str, action: &str, more: &Value) -> Webhook {
    Webhook::new(kind, &body(action, INSTALLATION, Some(&repository(700, "acme/web")), more))
}

/// A minute later, something happens to a pull request.
async fn happens(docket: &TestApp<'_>, action: &str, pull: &Value) {
    send(docket, &hook("pull_request", action, &json!({ "number": pull["number"], "pull_request": pull }))).await;
}

async fn send(docket: &TestApp<'_>, webhook: &Webhook) {
    let ack = docket.hook(webhook).await;
    assert!(ack.status.is_success(), "{} {}", ack.status, ack.body);
    settle(docket).await;
}

/// Lets everything happen, what waits for a message to be posted too.
async fn settle(docket: &TestApp<'_>) {
    for _ in 0..3 {
        docket.run_jobs().await;
        docket.db.clock.advance(Duration::from_secs(2));
    }
    docket.run_jobs().await;
}

fn later(docket: &TestApp<'_>, pull: &mut Value) {
    docket.db.clock.advance(Duration::from_mins(1));
    pull["updated_at"] = json!(time(docket.db.chance.now()));
}

fn review(docket: &TestApp<'_>, id: u64, by: &Value, state: &str, text: &str, pull: &Value) -> Webhook {
    let review = json!({ "id": id, "user": by, "state": state, "body": text, "submitted_at": time(docket.db.chance.now()),
        "html_url": format!("https://github.com/acme/web/pull/{}#pullrequestreview-{id}", pull["number"]) });
    hook("pull_request_review", "submitted", &json!({ "review": review, "pull_request": pull }))
}

fn comment(docket: &TestApp<'_>, id: u64, by: &Value, text: &str, number: u64) -> Webhook {
    let comment = json!({ "id": id, "user": by, "body": text, "created_at": time(docket.db.chance.now()),
        "html_url": format!("https://github.com/acme/web/pull/{number}#issuecomment-{id}") });
    let issue = json!({ "id": 1, "number": number, "title": "x", "state": "open", "pull_request": { "url": "x" },
        "html_url": "x", "created_at": time(START), "updated_at": time(START) });
    hook("issue_comment", "created", &json!({ "comment": comment, "issue": issue }))
}

/// The message of a pull request in the channel.
fn shown(docket: &TestApp<'_>, number: u64) -> Shown {
    let found: Vec<Shown> = docket
        .slack
        .messages("C1")
        .into_iter()
        .filter(|message| message.thread.is_none() && words(&message.payload).contains(&format!("#{number} ")))
        .collect();
    assert_eq!(found.len(), 1, "one message for #{number}: {found:#?}");
    found.into_iter().next().unwrap()
}

/// What the thread of its message says, line by line.
fn thread(docket: &TestApp<'_>, number: u64) -> Vec<String> {
    let parent = shown(docket, number).ts;
    let lines = docket.slack.messages("C1").into_iter().filter(|message| message.thread.as_ref() == Some(&parent));
    lines.map(|line| words(&line.payload)).collect()
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

/// The text with each patch's id as `[patch]`.
fn without_ids(text: &str) -> String {
    let mut parts = text.split("pat_");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, part| out + "[patch]" + part.get(26..).unwrap_or_default())
}

fn nothing_is_wrong(docket: &TestApp<'_>) {
    assert_eq!(docket.slack.problems(), [] as [String; 0]);
}

async fn status(docket: &TestApp<'_>, task: u32) -> Status {
    let mut tx = write(docket).await;
    let project = tx.project_by_key(&"AUTH".parse().unwrap()).await.unwrap().unwrap();
    tx.task(project.id, TaskNumber(task)).await.unwrap().unwrap().fields.status
}

/// Links an account at GitHub to somebody of the workspace.
async fn link_account(docket: &TestApp<'_>, name: &str, account: u64) {
    let mut tx = write(docket).await;
    let member = tx.members().await.unwrap().into_iter().find(|member| member.name == name).unwrap().id;
    let (realm, subject) = ("https://github.com".to_owned(), account.to_string());
    let (party, name) = (Party::GitHub, format!("{name}-gh"));
    tx.put_login(&Login { party, realm, subject, member, name, linked_at: START }).await.unwrap();
    tx.commit().await.unwrap();
}

async fn opened_reviewed_merged_and_done(db: &TestDb) {
    let docket = house(db).await;
    let mut pr = pull(&docket, 7, "Sign in with a key");
    pr["body"] = json!("Fixes AUTH-1");
    happens(&docket, "opened", &pr).await;
    let said = words(&shown(&docket, 7).payload);
    for part in ["#7 Sign in with a key", "ana-gh · acme/web · branch-7 → main", "open", "about AUTH-1", "proposes"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
    insta::assert_snapshot!("pull_card_in_slack", without_ids(&pretty(&shown(&docket, 7).payload["blocks"])));
    // The proposal's own card stands in the thread, and is decided on from the message.
    assert_eq!(thread(&docket, 7).len(), 1, "{:?}", thread(&docket, 7));
    assert_eq!(status(&docket, 1).await, Status::Todo);
    docket.click_on("U2", &shown(&docket, 7), "patch.approve").await;
    settle(&docket).await;
    assert_eq!(status(&docket, 1).await, Status::InReview);
    let said = words(&shown(&docket, 7).payload);
    assert!(!said.contains("proposes") && !said.contains("Approve"), "{said}");
    assert!(thread(&docket, 7)[0].contains("applied"), "{:?}", thread(&docket, 7));

    later(&docket, &mut pr);
    send(&docket, &review(&docket, 31, &user(12, "ben-gh"), "approved", "Looks right.", &pr)).await;
    let said = words(&shown(&docket, 7).payload);
    assert!(said.contains("approved by ben-gh"), "{said}");
    assert!(thread(&docket, 7).iter().any(|line| line == "ben-gh approved : Looks right."), "{:?}", thread(&docket, 7));

    later(&docket, &mut pr);
    let now = pr["updated_at"].clone();
    (pr["state"], pr["merged"], pr["merged_at"], pr["closed_at"]) = (json!("closed"), json!(true), now.clone(), now);
    pr["merged_by"] = user(12, "ben-gh");
    happens(&docket, "closed", &pr).await;
    let said = words(&shown(&docket, 7).payload);
    assert!(said.contains("merged by ben-gh") && said.contains("proposes"), "{said}");
    docket.click_on("U2", &shown(&docket, 7), "patch.approve").await;
    settle(&docket).await;
    assert_eq!(status(&docket, 1).await, Status::Done);
    let answer = words(&docket.slash("U1", "show AUTH-1").await.json());
    assert!(answer.contains("#7 Sign in with a key") && answer.contains("merged"), "{answer}");
    nothing_is_wrong(&docket);
}

async fn one_message_is_edited_and_the_thread_tells_the_rest(db: &TestDb) {
    let docket = house(db).await;
    let mut pr = pull(&docket, 7, "AUTH-1 Sign in");
    pr["draft"] = json!(true);
    happens(&docket, "opened", &pr).await;
    assert!(words(&shown(&docket, 7).payload).contains("draft"));
    later(&docket, &mut pr);
    pr["draft"] = json!(false);
    pr["requested_reviewers"] = json!([user(12, "ben-gh")]);
    happens(&docket, "review_requested", &pr).await;
    let said = words(&shown(&docket, 7).payload);
    assert!(said.contains("waits for ben-gh since"), "{said}");
    later(&docket, &mut pr);
    send(&docket, &comment(&docket, 5, &user(13, "cy-gh"), &"long ".repeat(100), 7)).await;
    later(&docket, &mut pr);
    pr["requested_reviewers"] = json!([]);
    send(&docket, &review(&docket, 31, &user(12, "ben-gh"), "changes_requested", "Not yet.", &pr)).await;
    assert!(words(&shown(&docket, 7).payload).contains("changes requested by ben-gh"));
    later(&docket, &mut pr);
    let run = json!({ "id": 1, "name": "test", "head_sha": pr["head"]["sha"], "status": "completed", "conclusion": "failure",
        "html_url": "https://github.com/acme/web/runs/1", "started_at": pr["updated_at"], "completed_at": pr["updated_at"],
        "pull_requests": [{ "number": 7 }], "app": { "id": 15_368, "slug": "github-actions" } });
    send(&docket, &hook("check_run", "completed", &json!({ "check_run": run }))).await;
    let said = words(&shown(&docket, 7).payload);
    assert!(said.contains("checks failed") && said.contains("failed: test"), "{said}");
    later(&docket, &mut pr);
    (pr["state"], pr["closed_at"]) = (json!("closed"), pr["updated_at"].clone());
    happens(&docket, "closed", &pr).await;
    assert!(words(&shown(&docket, 7).payload).contains("closed"));

    let lines = thread(&docket, 7);
    let told = |part: &str| lines.iter().filter(|line| line.contains(part)).count();
    for part in ["cy-gh commented : long long", "ben-gh requested changes : Not yet.", "! test failed", "× closed"] {
        assert_eq!(told(part), 1, "{part}: {lines:#?}");
    }
    assert!(lines.iter().all(|line| line.chars().count() < 600), "{lines:#?}");
    assert!(shown(&docket, 7).updates >= 4);
    nothing_is_wrong(&docket);
}

async fn what_comes_again_is_told_once(db: &TestDb) {
    let docket = house(db).await;
    let pr = pull(&docket, 7, "AUTH-1 Sign in");
    let opened = hook("pull_request", "opened", &json!({ "number": 7, "pull_request": pr }));
    let approved = review(&docket, 31, &user(12, "ben-gh"), "approved", "Fine.", &pr);
    let said = comment(&docket, 5, &user(13, "cy-gh"), "Nice.", 7);
    for webhook in [&opened, &approved, &said] {
        send(&docket, webhook).await;
    }
    let (lines, before) = (thread(&docket, 7), docket.slack.messages("C1").len());
    for round in 0..2 {
        for webhook in [&said, &approved, &opened] {
            // The same delivery, and the same thing in a new one.
            let again = if round == 0 {
                webhook.clone()
            } else {
                webhook.clone().with_id(Some(&format!("again-{}", docket.slack.calls().len())))
            };
            send(&docket, &again).await;
        }
    }
    assert_eq!(thread(&docket, 7), lines);
    assert_eq!(docket.slack.messages("C1").len(), before);
    nothing_is_wrong(&docket);
}

async fn what_is_muted_or_old_or_our_own_is_not_told(db: &TestDb) {
    let docket = house(db).await;
    docket.slash("U1", "github mute AUTH label:WIP").await;
    docket.slash("U1", "github events AUTH comments off").await;
    let before = docket.slack.messages("C1").len();
    let mut wip = pull(&docket, 7, "Chore");
    wip["labels"] = json!([{ "name": "wip" }]);
    happens(&docket, "opened", &wip).await;
    // It names no task.
    happens(&docket, "opened", &pull(&docket, 8, "Chore")).await;
    happens(&docket, "opened", &pull(&docket, 9, "AUTH-999 does not exist")).await;
    assert_eq!(docket.slack.messages("C1").len(), before, "{:#?}", docket.cards());

    let pr = pull(&docket, 10, "AUTH-1 Sign in");
    happens(&docket, "opened", &pr).await;
    let lines = thread(&docket, 10);
    send(&docket, &comment(&docket, 5, &user(13, "cy-gh"), "Nice.", 10)).await;
    send(
        &docket,
        &review(&docket, 31, &json!({ "id": 77, "login": "lint[bot]", "type": "Bot" }), "commented", "Lint.", &pr),
    )
    .await;
    send(&docket, &review(&docket, 32, &user(12, "ben-gh"), "commented", "<!-- docket:x --> Hello.", &pr)).await;
    assert_eq!(thread(&docket, 10), lines);
    // What is muted afterwards is kept true in silence.
    docket.slash("U1", "github mute AUTH acme/web").await;
    let mut pr = pr;
    later(&docket, &mut pr);
    send(&docket, &review(&docket, 33, &user(12, "ben-gh"), "approved", "", &pr)).await;
    assert!(words(&shown(&docket, 10).payload).contains("approved by ben-gh"));
    assert_eq!(thread(&docket, 10), lines);
    nothing_is_wrong(&docket);
}

async fn a_lively_thread_ends_in_one_line(db: &TestDb) {
    let docket = house(db).await;
    let mut pr = pull(&docket, 7, "AUTH-1 Sign in");
    happens(&docket, "opened", &pr).await;
    let before = thread(&docket, 7).len();
    for id in 0..30 {
        docket.hook(&comment(&docket, id, &user(13, "cy-gh"), &format!("Remark {id}."), 7)).await;
        docket.run_jobs().await;
    }
    settle(&docket).await;
    let lines = thread(&docket, 7);
    assert_eq!(lines.len(), before + 21, "{lines:#?}");
    assert!(lines.last().unwrap().starts_with("A lot is happening: see #7"), "{lines:#?}");
    docket.db.clock.advance(Duration::from_mins(70));
    later(&docket, &mut pr);
    send(&docket, &comment(&docket, 99, &user(13, "cy-gh"), "Later.", 7)).await;
    assert!(thread(&docket, 7).last().unwrap().contains("Later."), "{:#?}", thread(&docket, 7));
    nothing_is_wrong(&docket);
}

async fn only_whoever_asked_for_it_is_mentioned(db: &TestDb) {
    let docket = house(db).await;
    link_account(&docket, "Ana", 11).await;
    link_account(&docket, "Ben", 12).await;
    let mut pr = pull(&docket, 7, "AUTH-1 Sign in");
    pr["requested_reviewers"] = json!([user(12, "ben-gh"), user(13, "cy-gh")]);
    happens(&docket, "opened", &pr).await;
    let said = words(&shown(&docket, 7).payload);
    // By name where the account is linked, else by login; and nobody is notified.
    assert!(
        said.contains("Ana · acme/web") && said.contains("waits for Ben since") && said.contains("cy-gh"),
        "{said}"
    );
    let mentions = || {
        let all = docket.slack.messages("C1").iter().map(|m| m.payload["blocks"].to_string()).collect::<String>();
        all.matches("\"user_id\":\"U2\"").count()
    };
    assert_eq!(mentions(), 0);
    docket.slash("U2", "github mentions on").await;
    assert!(docket.told("U2").starts_with("You are mentioned when"), "{}", docket.told("U2"));
    let mut other = pull(&docket, 8, "AUTH-2 Tokens");
    other["requested_reviewers"] = json!([user(12, "ben-gh")]);
    happens(&docket, "opened", &other).await;
    assert_eq!(mentions(), 1);
    later(&docket, &mut other);
    happens(&docket, "edited", &other).await;
    happens(&docket, "edited", &other).await;
    assert_eq!(mentions(), 1, "once for each event");
    assert!(
        thread(&docket, 8).iter().any(|line| line.contains("Ana waits for your review")),
        "{:?}",
        thread(&docket, 8)
    );
    nothing_is_wrong(&docket);
}

async fn people_talk_in_the_thread_and_docket_keeps_quiet(db: &TestDb) {
    let docket = house(db).await;
    happens(&docket, "opened", &pull(&docket, 7, "AUTH-1 Sign in")).await;
    let (parent, states) = (shown(&docket, 7).ts, docket.states().await);
    let before = docket.slack.messages("C1").len();
    for said in ["add a task for documentation", "drop the last one", "reject it"] {
        docket.reply("U1", &parent, said).await;
    }
    assert_eq!(docket.states().await, states);
    assert_eq!(docket.slack.messages("C1").len(), before);
    // Whoever mentions Docket there means the project.
    docket.mention_in("U1", &parent, "next").await;
    assert!(docket.told("U1").contains("AUTH"), "{}", docket.told("U1"));
    nothing_is_wrong(&docket);
}

async fn a_decision_taken_elsewhere_shows_on_the_message(db: &TestDb) {
    let docket = house(db).await;
    happens(&docket, "opened", &pull(&docket, 7, "AUTH-1 Sign in")).await;
    let stale = shown(&docket, 7);
    assert!(words(&stale.payload).contains("proposes"));
    docket.slash("U2", "reject P-2 not now").await;
    settle(&docket).await;
    let said = words(&shown(&docket, 7).payload);
    assert!(!said.contains("proposes"), "{said}");
    // A click on what it said before is answered.
    docket.click_on("U2", &stale, "patch.approve").await;
    assert!(docket.told("U2").contains("rejected"), "{}", docket.told("U2"));
    assert_eq!(status(&docket, 1).await, Status::Todo);
    nothing_is_wrong(&docket);
}

async fn the_largest_pull_request_fits(db: &TestDb) {
    let docket = house(db).await;
    let mut pr = pull(&docket, 7, &format!("AUTH-1 AUTH-2 AUTH-3 {}", "🎈 <!channel> & \"quotes\" ".repeat(40)));
    pr["body"] = json!("Fixes AUTH-1, AUTH-2 and AUTH-3.");
    pr["head"]["ref"] = json!("x".repeat(250));
    pr["labels"] = (0..50).map(|n| json!({ "name": format!("a long label of many words {n}") })).collect();
    pr["requested_reviewers"] = (0..30).map(|n| user(100 + n, &format!("somebody-with-a-long-name-{n}"))).collect();
    happens(&docket, "opened", &pr).await;
    let said = words(&shown(&docket, 7).payload);
    assert!(said.contains("and 42 more") && said.contains("and 22 more"), "{said}");
    nothing_is_wrong(&docket);
}

async fn slack_that_is_away_or_in_the_way_loses_nothing(db: &TestDb) {
    let docket = house(db).await;
    docket.slack.fail_next("chat.postMessage", Fault::RateLimited(30));
    docket.slack.fail_next("chat.postMessage", Fault::Broken);
    docket.slack.fail_next("chat.postMessage", Fault::Refused("not_in_channel"));
    let mut pr = pull(&docket, 7, "AUTH-1 Sign in");
    happens(&docket, "opened", &pr).await;
    send(&docket, &comment(&docket, 5, &user(13, "cy-gh"), "Nice.", 7)).await;
    for _ in 0..4 {
        docket.db.clock.advance(Duration::from_mins(2));
        settle(&docket).await;
    }
    assert_eq!(thread(&docket, 7).len(), 2, "{:#?}", thread(&docket, 7));
    // Somebody deletes the message: it is posted again when there is news.
    docket.slack.delete(&shown(&docket, 7).ts);
    later(&docket, &mut pr);
    pr["title"] = json!("AUTH-1 Sign in, better");
    happens(&docket, "edited", &pr).await;
    assert!(words(&shown(&docket, 7).payload).contains("better"));
    nothing_is_wrong(&docket);
}

async fn releases_are_told_in_the_channel(db: &TestDb) {
    let docket = house(db).await;
    let release = json!({ "id": 1, "tag_name": "v1.2", "name": "The quick one", "draft": false,
        "html_url": "https://github.com/acme/web/releases/tag/v1.2", "published_at": time(docket.db.chance.now()) });
    let published = hook("release", "published", &json!({ "release": release }));
    send(&docket, &published).await;
    send(&docket, &published.clone().with_id(Some("again"))).await;
    let told = docket.cards().iter().filter(|card| card.contains("Released: acme/web v1.2 · The quick one")).count();
    assert_eq!(told, 1, "{:#?}", docket.cards());
    docket.slash("U1", "github events AUTH releases off").await;
    let mut other = release;
    other["tag_name"] = json!("v1.3");
    send(&docket, &hook("release", "published", &json!({ "release": other }))).await;
    assert!(!docket.cards().iter().any(|card| card.contains("v1.3")), "{:#?}", docket.cards());
    nothing_is_wrong(&docket);
}

async fn the_console_is_told_too(db: &TestDb) {
    let docket = TestApp::start_with(db, &[("GITHUB_WEBHOOK_SECRET", HOOK_SECRET)]).await;
    connect(&docket).await;
    let mut tx = write(&docket).await;
    let by = tx.members().await.unwrap()[0].id;
    let project = sample::project(&db.chance, "SHOP");
    tx.insert_project(&project, TaskNumber(1), START).await.unwrap();
    tx.bind_channel(&docket::chat::console::receive::venue(), project.id).await.unwrap();
    assert!(tx.link_repository(project.id, RepositoryId(700), by, START).await.unwrap());
    let mut announce = tx.announce(project.id).await.unwrap();
    announce.set.insert(docket::domain::announce::Topic::Every, true);
    tx.put_announce(project.id, &announce).await.unwrap();
    tx.commit().await.unwrap();
    let pr = pull(&docket, 7, "Sign in <b>");
    happens(&docket, "opened", &pr).await;
    send(&docket, &comment(&docket, 5, &user(13, "cy-gh"), "Nice.", 7)).await;
    let page = crate::support::site::ask(docket.app.router.clone(), console_page()).await;
    assert!(
        page.body.contains("#7 Sign in &#60;b&#62;") || page.body.contains("#7 Sign in &lt;b&gt;"),
        "{}",
        page.body
    );
    assert!(page.body.contains("commented") && page.body.contains("Nice."), "{}", page.body);
    let form = page.body.split("<form class=\"message\"").find(|form| form.contains("#7 Sign in")).unwrap();
    insta::assert_snapshot!("pull_card_in_the_console", form.split("</form>").next().unwrap());
}

fn console_page() -> axum::http::Request<axum::body::Body> {
    axum::http::Request::get("/console").header("host", "127.0.0.1:8080").body(axum::body::Body::empty()).unwrap()
}

async fn every_pull_request_is_told_where_somebody_wants_that(db: &TestDb) {
    let docket = house(db).await;
    docket.slash("U1", "github events AUTH every on").await;
    happens(&docket, "opened", &pull(&docket, 7, "Chore")).await;
    assert!(words(&shown(&docket, 7).payload).contains("acme/web"));
    let before = docket.slack.messages("C1").len();
    let mut old = pull(&docket, 9, "Old chore");
    old["created_at"] = json!(time(docket.db.chance.now().minus(Duration::from_hours(30))));
    old["updated_at"] = old["created_at"].clone();
    happens(&docket, "edited", &old).await;
    assert_eq!(docket.slack.messages("C1").len(), before, "what is read of the past is not told");
    docket.slash("U1", "github events AUTH pulls off").await;
    happens(&docket, "opened", &pull(&docket, 8, "Chore")).await;
    assert_eq!(docket.slack.messages("C1").len(), before);
    nothing_is_wrong(&docket);
}
