//! A team of six lives through a week: what their standup says, and who it tells of.

use std::{path::PathBuf, time::Duration};

use chrono::{DateTime, Utc};
use docket::{
    domain::{
        availability::Leave,
        card::{Entry, EntryContent},
        digest::{Digest, Wording},
        ids::MemberId,
        provider::Provider,
        schedule::DigestKind,
        session::{Login, Party},
        time::Timestamp,
        tracker::RepositoryId,
    },
    standups::{
        self, Composed,
        draft::{Passed, offer_due},
        schedule::take_due,
    },
};
use serde_json::{Value, json};

use crate::{
    process::says,
    support::{
        app::{TestApp, words},
        browser::Browser,
        clock::START,
        db::{TestDb, for_each_db},
        fake_slack::{BOT, SlackUser},
        github::{HOOK_SECRET, INSTALLATION, Webhook, body, repository},
        peers,
        sample::{self, trackers},
        site::Site,
    },
};

for_each_db! {
    the_standup_of_six_after_a_week_reads_well,
    a_standup_at_once_is_posted_once_and_a_preview_is_private,
    whoever_asks_for_a_standup_on_a_day_off_gets_one,
    a_week_is_told_of_on_its_day_and_when_somebody_asks,
    a_private_project_is_told_of_in_its_own_channel_alone,
    conversations_are_previewed_to_members_alone,
}

/// Who is in the team.
pub(crate) const TEAM: [(&str, &str); 6] =
    [("U1", "Ana"), ("U2", "Ben"), ("U4", "Cy"), ("U5", "Dee"), ("U6", "Eli"), ("U7", "Fay")];

/// An instant.
pub(crate) fn at(text: &str) -> Timestamp {
    let at: DateTime<Utc> = text.parse().unwrap();
    Timestamp::from_millis(at.timestamp_millis())
}

/// Six people in the channel C1, who plan together; the project is linked to acme/web, and each has an account there.
pub(crate) async fn team(db: &TestDb) -> TestApp<'_> {
    let docket = TestApp::start_with(db, &[("GITHUB_WEBHOOK_SECRET", HOOK_SECRET)]).await;
    for (user, name) in &TEAM[2..] {
        docket.slack.add_user(user, name, &json!({}));
    }
    let users: Vec<&str> = TEAM.iter().map(|(user, _)| *user).chain(["U3", BOT]).collect();
    docket.slack.add_channel("C1", &users);
    docket.slash("U1", "plan Build a user authentication flow").await;
    docket.click("U2", "patch.approve").await;
    let titles = ["Sign-in page", "Remember this device", "Security review", "Write the help page", "Load test"];
    for title in titles {
        docket.slash("U1", &format!("edit AUTH: add a task for {title}")).await;
        docket.click("U2", "patch.approve").await;
    }
    for (index, (user, _)) in TEAM.iter().enumerate() {
        docket.slash(user, &format!("assign AUTH-{} me", index + 1)).await;
    }
    let mut tx = docket.db.store.write(docket.app.tenant).await.unwrap();
    let by = tx.member_by_identity(&sample::identity("U1")).await.unwrap().unwrap().id;
    let connection = sample::connection(&docket.db.chance, Provider::GitHub, &INSTALLATION.to_string(), by);
    tx.put_connection(&connection).await.unwrap();
    let mut web = trackers::repository(connection.id);
    web.seen.id = RepositoryId(700);
    tx.put_repository(&web).await.unwrap();
    for (index, (user, name)) in TEAM.iter().enumerate() {
        let member = tx.member_by_identity(&sample::identity(user)).await.unwrap().unwrap().id;
        let (subject, name) = ((11 + index).to_string(), format!("{}-gh", name.to_lowercase()));
        let (party, realm) = (Party::GitHub, "https://github.com".to_owned());
        tx.put_login(&Login { party, realm, subject, member, name, linked_at: START }).await.unwrap();
    }
    tx.commit().await.unwrap();
    docket.slash("U1", "link AUTH acme/web").await;
    docket
}

/// The member who somebody in Slack is.
pub(crate) async fn member(docket: &TestApp<'_>, user: &str) -> MemberId {
    let mut tx = docket.db.store.read(docket.app.tenant).await.unwrap();
    tx.member_by_identity(&sample::identity(user)).await.unwrap().unwrap().id
}

/// It is then; what is due happens.
pub(crate) async fn then(docket: &TestApp<'_>, now: &str) {
    docket.db.clock.set(at(now));
    take_due(&docket.db.store, &docket.db.chance).await.unwrap();
    offer_due(&docket.db.store, &docket.db.chance, &mut Passed::default()).await.unwrap();
    for _ in 0..8 {
        docket.run_jobs().await;
        docket.db.clock.advance(Duration::from_secs(2));
    }
}

fn time(at: Timestamp) -> String {
    at.to_utc().format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn account(index: usize) -> Value {
    json!({ "id": 11 + index, "login": format!("{}-gh", TEAM[index].1.to_lowercase()), "type": "User" })
}

/// A pull request of somebody's, as GitHub shows it now.
fn pull(docket: &TestApp<'_>, number: u64, title: &str, by: usize) -> Value {
    let now = time(docket.db.chance.now());
    json!({
        "id": 9_000 + number, "number": number, "state": "open", "title": title, "body": null, "draft": false,
        "html_url": format!("https://github.com/acme/web/pull/{number}"), "user": account(by),
        "head": { "ref": format!("branch-{number}"), "sha": format!("{number:040x}"), "repo": { "id": 700 } },
        "base": { "ref": "main", "sha": "0".repeat(40), "repo": { "id": 700 } },
        "labels": [], "requested_reviewers": [], "created_at": now, "updated_at": now, "merged": false,
        "merged_at": null, "closed_at": null, "merged_by": null,
    })
}

async fn happens(docket: &TestApp<'_>, action: &str, pull: &Value) {
    let more = json!({ "number": pull["number"], "pull_request": pull });
    let hook = Webhook::new("pull_request", &body(action, INSTALLATION, Some(&repository(700, "acme/web")), &more));
    let ack = docket.hook(&hook).await;
    assert!(ack.status.is_success(), "{} {}", ack.status, ack.body);
    docket.run_jobs().await;
}

/// From Friday to Monday: what each of them does.
async fn a_week(docket: &TestApp<'_>) {
    docket.slash("U1", "standup at 9:30 weekdays Europe/Paris yes").await;
    docket.slash("U1", "start AUTH-1").await;
    docket.slash("U2", "start AUTH-2").await;
    then(docket, "2026-11-25T09:00:00Z").await;
    let mut tokens = pull(docket, 12, "Agree how signing in works (AUTH-1)", 0);
    happens(docket, "opened", &tokens).await;
    let mut page = pull(docket, 14, "Sign-in page (AUTH-2)", 1);
    page["requested_reviewers"] = json!([account(0), account(2)]);
    happens(docket, "opened", &page).await;
    docket.slash("U4", "block AUTH-3").await;
    docket.slash("U5", "due AUTH-4 tomorrow").await;
    then(docket, "2026-11-27T08:30:00Z").await;
    then(docket, "2026-11-27T15:00:00Z").await;
    for (field, value) in [("state", json!("closed")), ("merged", json!(true)), ("merged_by", account(1))] {
        tokens[field] = value;
    }
    let now = json!(time(docket.db.chance.now()));
    for field in ["merged_at", "closed_at", "updated_at"] {
        tokens[field] = now.clone();
    }
    happens(docket, "closed", &tokens).await;
    docket.slash("U1", "done AUTH-1").await;
    docket.slash("U5", "start AUTH-4").await;
    docket.slash("U6", "edit AUTH: add a task for A press kit").await;
    let fay = member(docket, "U7").await;
    let leave = Leave { from: "2026-11-30".parse().unwrap(), to: "2026-12-02".parse().unwrap() };
    let mut tx = docket.db.store.write(docket.app.tenant).await.unwrap();
    tx.put_leave(fay, &leave).await.unwrap();
    tx.commit().await.unwrap();
}

/// What Docket said in the channel last that was no answer in a thread.
pub(crate) fn last(docket: &TestApp<'_>) -> Value {
    docket.slack.messages("C1").into_iter().rfind(|message| message.thread.is_none()).unwrap().payload
}

async fn composed(docket: &TestApp<'_>) -> Composed {
    let mut tx = docket.db.store.read(docket.app.tenant).await.unwrap();
    let (id, venue, now) = (docket.db.chance.id(), sample::channel("C1"), docket.db.chance.now());
    let digest = Digest::asked_for(id, DigestKind::Standup, &venue, now);
    standups::facts(&mut tx, &digest, now).await.unwrap().composed(&Wording::default())
}

async fn the_standup_of_six_after_a_week_reads_well(db: &TestDb) {
    let docket = team(db).await;
    a_week(&docket).await;
    docket.db.clock.set(at("2026-11-30T08:29:00Z"));
    let before = composed(&docket).await;
    then(&docket, "2026-11-30T08:30:00Z").await;
    let said = words(&last(&docket));
    insta::assert_snapshot!("standup_of_six", before.main.to_plain());
    for part in ["Standup · Mon 30 Nov", "Ana", "done: ", "Away: Fay until 2 Dec 2026", "Focus today:"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let mut tx = docket.db.store.read(docket.app.tenant).await.unwrap();
    let schedule = tx.schedules().await.unwrap().remove(0);
    let posted = tx.last_digest(schedule.id, docket.db.chance.now()).await.unwrap().unwrap();
    assert_eq!(posted.slot, at("2026-11-30T08:30:00Z"));
    let told = tx.told_until(schedule.id, at("2026-11-30T08:00:00Z"), docket.db.chance.now()).await.unwrap();
    drop(tx);
    assert_eq!(told.len(), 5, "all but Fay");
    assert!(!told.contains_key(&member(&docket, "U7").await));
    // The next one tells none of it again.
    then(&docket, "2026-12-01T08:30:00Z").await;
    let next = words(&last(&docket));
    assert!(next.contains("Nothing changed since"), "{next}");
    assert_eq!(docket.slack.problems(), [""; 0]);
    let payloads = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("standup-{}.jsonl", db.store.engine()));
    docket.slack.write_payloads(&payloads);
    if let Some(python) = peers::python() {
        peers::check_blocks(&python, &payloads);
    }
    if db.store.engine() == "sqlite" {
        pictured(before).await;
    }
}

/// A picture of its message in the console, for people to look at: the one in the README.
async fn pictured(composed: Composed) {
    let (site, _) = Site::with_sample().await;
    let mut tx = site.store.write(site.tenant).await.unwrap();
    let content = EntryContent::Answered { message: composed.main, to: None };
    let entry = Entry { id: site.chance.id(), seq: 0, at: site.chance.now(), reader: None, content };
    tx.append_entry(&entry).await.unwrap();
    tx.commit().await.unwrap();
    let Some(browser) = Browser::start(&site.serve().await).await else { return };
    browser.look(1000, 700, "light").await;
    browser.goto("/console").await;
    browser.wait_for("Standup").await;
    browser.screenshot(PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("pages").join("standup.png")).await;
    browser.close().await;
}

async fn a_standup_at_once_is_posted_once_and_a_preview_is_private(db: &TestDb) {
    let docket = team(db).await;
    let before = docket.slack.messages("C1").len();
    let shown = words(&docket.slash("U4", "standup preview").await.json());
    assert!(shown.contains("Only you see this"), "{shown}");
    assert_eq!(docket.slack.messages("C1").len(), before);
    let request = docket.user("U4").slash("standup now", docket.db.chance.now());
    docket.act(request.clone()).await;
    docket.act(request).await;
    let posted: Vec<Value> = docket.slack.messages("C1").into_iter().skip(before).map(|one| one.payload).collect();
    let mains = posted.iter().filter(|payload| words(payload).contains("Standup · Fri 20 Nov"));
    assert_eq!(mains.count(), 1, "{posted:?}");
    docket.slash("U3", "standup now").await;
    assert!(docket.told("U3").contains("uest"), "{}", docket.told("U3"));
}

async fn whoever_asks_for_a_standup_on_a_day_off_gets_one(db: &TestDb) {
    let docket = team(db).await;
    docket.slash("U1", "start AUTH-1").await;
    docket.slash("U1", "assign AUTH-1 to me").await;
    then(&docket, "2026-11-21T10:00:00Z").await;
    let shown = words(&docket.slash("U4", "standup preview").await.json());
    assert!(shown.contains("Standup · Sat 21 Nov") && shown.contains("AUTH-1"), "{shown}");
    let before = docket.slack.messages("C1").len();
    docket.slash("U4", "standup now").await;
    let posted: Vec<Value> = docket.slack.messages("C1").into_iter().skip(before).map(|one| one.payload).collect();
    assert!(posted.first().is_some_and(|main| words(main).contains("AUTH-1")), "{posted:?}");
}

/// What Docket said in a channel last that was no answer in a thread.
fn last_in(docket: &TestApp<'_>, channel: &str) -> String {
    let main = docket.slack.messages(channel).into_iter().rfind(|message| message.thread.is_none());
    main.map(|main| words(&main.payload)).unwrap_or_default()
}

async fn a_week_is_told_of_on_its_day_and_when_somebody_asks(db: &TestDb) {
    let docket = team(db).await;
    docket.slash("U1", "weekly at Friday 15:00 Europe/Paris yes").await;
    docket.slash("U1", "start AUTH-1").await;
    docket.slash("U1", "done AUTH-1").await;
    then(&docket, "2026-11-20T14:00:00Z").await;
    let said = last_in(&docket, "C1");
    assert!(said.contains("The week · Fri 13 Nov – Fri 20 Nov") && said.contains("1 task done"), "{said}");
    // The one after it begins where that one ended, however long ago that was.
    docket.slash("U1", "done AUTH-2").await;
    db.clock.advance(Duration::from_secs(1));
    let asked = words(&docket.slash("U4", "weekly preview").await.json());
    assert!(asked.contains("1 task done") && asked.contains("Only you see this"), "{asked}");
    docket.slash("U1", "weekly edit last working day of the month 15:00 skip missed yes").await;
    then(&docket, "2026-11-30T13:59:00Z").await;
    let before = docket.slack.messages("C1").len();
    then(&docket, "2026-11-30T14:00:00Z").await;
    let said = last_in(&docket, "C1");
    assert!(said.contains("The week · Fri 20 Nov – Mon 30 Nov") && said.contains("1 task done"), "{said}");
    let thread = docket.slack.messages("C1").into_iter().skip(before).filter(|one| one.thread.is_some());
    assert!(thread.map(|one| words(&one.payload)).any(|detail| detail.contains("AUTH-2")));
    docket.slash("U5", "weekly now").await;
    assert!(last_in(&docket, "C1").contains("Nothing was finished or decided."), "{}", last_in(&docket, "C1"));
    assert_eq!(docket.slack.problems(), [""; 0]);
    let payloads = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("weekly-{}.jsonl", db.store.engine()));
    docket.slack.write_payloads(&payloads);
    if let Some(python) = peers::python() {
        peers::check_blocks(&python, &payloads);
    }
}

async fn a_private_project_is_told_of_in_its_own_channel_alone(db: &TestDb) {
    let docket = team(db).await;
    docket.slack.add_channel("G7", &["U1", "U2", BOT]);
    docket.slack.make_private("G7");
    docket.slack.add_channel("C5", &["U1", "U4", BOT]);
    let ana = SlackUser { channel: "G7".to_owned(), ..docket.user("U1") };
    docket.act(ana.message(&docket.slack.say("G7"), None, "good morning", db.chance.now())).await;
    docket.act(ana.slash("plan Buy the competitor", db.chance.now())).await;
    docket.slash("U2", &format!("approve P-{}", docket.states().await.len())).await;
    let secret = {
        let mut tx = db.store.read(docket.app.tenant).await.unwrap();
        tx.projects().await.unwrap().into_iter().find(|one| one.title.contains("competitor")).unwrap().key.to_string()
    };
    docket.act(ana.slash(&format!("assign {secret}-1 to me"), db.chance.now())).await;
    docket.act(ana.slash(&format!("done {secret}-1"), db.chance.now())).await;
    db.clock.advance(Duration::from_secs(1));
    let elsewhere = SlackUser { channel: "C5".to_owned(), ..docket.user("U4") };
    for line in ["standup preview", "weekly preview"] {
        for ack in [docket.slash("U4", line).await, docket.act(elsewhere.slash(line, db.chance.now())).await] {
            let shown = ack.json().to_string();
            assert!(!shown.contains(&format!("{secret}-")) && !shown.contains("competitor"), "{line}: {shown}");
        }
        let there = docket.act(ana.slash(line, db.chance.now())).await.json().to_string();
        assert!(there.contains(&secret), "{line}: {there}");
    }
    // Also where somebody names it for another channel.
    docket.slash("U1", &format!("standup at 9:30 weekdays Europe/Paris for AUTH {secret} yes")).await;
    docket.act(elsewhere.slash("standup now", db.chance.now())).await;
    then(&docket, "2026-11-23T08:30:00Z").await;
    for channel in ["C1", "C5"] {
        let said: String = docket.slack.messages(channel).into_iter().map(|one| words(&one.payload)).collect();
        assert!(said.contains("Standup"), "{channel}: {said}");
        assert!(!said.contains(&format!("{secret}-1")), "{channel}: {said}");
    }
    docket.act(ana.slash("standup now", db.chance.now())).await;
    assert!(last_in(&docket, "G7").contains(&format!("{secret}-1")), "{}", last_in(&docket, "G7"));
}

async fn conversations_are_previewed_to_members_alone(db: &TestDb) {
    let docket = team(db).await;
    says(&docket, "U2", None, "the printer fails on every document").await;
    // Of somebody whom Docket has not met it knows nothing; a guest is known after the first refusal.
    docket.slash("U3", "standup now").await;
    for (user, is_shown) in [("U4", true), ("U3", false)] {
        let direct = SlackUser { channel: format!("D-{user}"), ..docket.user(user) };
        for ack in [
            docket.slash(user, "standup preview").await,
            docket.act(direct.slash("standup preview", db.chance.now())).await,
        ] {
            assert_eq!(ack.json().to_string().contains("printer"), is_shown, "{user}: {}", ack.body);
        }
    }
}
