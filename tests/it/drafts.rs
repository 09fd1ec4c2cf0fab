//! Private drafts of a standup: who gets one, what is said of which, and what becomes of it.

use std::{collections::BTreeMap, time::Duration};

use docket::{
    domain::{
        digest::{Draft, Says},
        ids::{MemberId, ScheduleId},
        time::Timestamp,
    },
    jobs::tidy::tidy,
    standups::draft::{Passed, offer_due},
};
use serde_json::json;

use crate::{
    standups_team::{TEAM, at, last, member, team, then},
    support::{
        app::{TestApp, words},
        db::{TestDb, for_each_db},
        fake_slack::{BOT, Shown, SlackUser},
        sample,
    },
};

for_each_db! {
    members_correct_their_drafts_and_the_standup_never_waits,
    what_is_said_in_the_thread_of_a_draft_finds_it_however_many_came_before,
    of_two_drafts_that_is_changed_which_was_meant,
    where_several_drafts_wait_it_is_asked_which_is_meant,
    a_draft_that_is_over_says_so_and_no_other_is_changed,
    what_is_said_of_a_draft_from_two_sides_is_all_kept,
    of_whom_there_is_nothing_to_tell_it_is_looked_up_once,
    a_private_project_is_told_of_in_no_draft,
}

/// The drafts that somebody got in Slack.
fn drafts(docket: &TestApp<'_>, user: &str) -> Vec<Shown> {
    let all = docket.slack.messages(&format!("D-{user}")).into_iter();
    all.filter(|message| words(&message.payload).contains("Is this right?")).collect()
}

/// The draft of the standup of a channel that somebody got last.
fn draft_of(docket: &TestApp<'_>, user: &str, channel: &str) -> Shown {
    let named = json!({ "type": "channel", "channel_id": channel }).to_string();
    let is_its = |draft: &Shown| draft.payload.to_string().contains(&named);
    drafts(docket, user).into_iter().rfind(is_its).unwrap_or_else(|| panic!("no draft names {channel}"))
}

/// Somebody answers in the thread of a draft of theirs.
async fn answers(docket: &TestApp<'_>, user: &str, draft: &Shown, text: &str) {
    let theirs = SlackUser { channel: draft.channel.clone(), ..docket.user(user) };
    let ts = docket.slack.say(&draft.channel);
    let event = json!({ "type": "message", "channel_type": "im", "user": user, "text": text, "ts": ts,
                        "thread_ts": draft.ts, "channel": draft.channel, "event_ts": ts });
    docket.act(theirs.event(&format!("Ev-{ts}"), &event, docket.db.chance.now())).await;
}

/// What Docket said last to somebody who wrote to it directly.
fn answered(docket: &TestApp<'_>, user: &str) -> String {
    let all = docket.slack.messages(&format!("D-{user}"));
    all.last().map(|message| words(&message.payload)).unwrap_or_default()
}

/// What somebody wants to be different in the drafts that wait, by the channel of each.
async fn says(docket: &TestApp<'_>, user: &str) -> BTreeMap<String, Says> {
    let (member, now) = (member(docket, user).await, docket.db.chance.now());
    let mut tx = docket.db.store.read(docket.app.tenant).await.unwrap();
    let mut found = BTreeMap::new();
    for draft in tx.drafts_of(member).await.unwrap().into_iter().filter(|draft| now < draft.slot) {
        let schedule = tx.schedule(draft.schedule).await.unwrap().unwrap();
        found.insert(schedule.venue.channel, draft.says);
    }
    found
}

/// A standup with drafts in C1 and another one of the same project at the same time in C8.
async fn two_standups(db: &TestDb) -> TestApp<'_> {
    let docket = team(db).await;
    let users: Vec<&str> = TEAM.iter().map(|(user, _)| *user).chain([BOT]).collect();
    docket.slack.add_channel("C8", &users);
    docket.slash("U1", "standup at 11:30 weekdays Europe/Paris with drafts yes").await;
    let there = SlackUser { channel: "C8".to_owned(), ..docket.user("U1") };
    let line = "standup at 11:30 weekdays Europe/Paris for AUTH with drafts yes";
    docket.act(there.slash(line, db.chance.now())).await;
    then(&docket, "2026-11-23T09:30:00Z").await;
    docket
}

fn added(words: &[&str]) -> Says {
    Says { added: words.iter().map(|&words| words.to_owned()).collect(), ..Says::default() }
}

async fn members_correct_their_drafts_and_the_standup_never_waits(db: &TestDb) {
    let docket = team(db).await;
    docket.slash("U1", "standup at 11:30 weekdays Europe/Paris with drafts yes").await;
    docket.slash("U1", "start AUTH-1").await;
    then(&docket, "2026-11-23T09:29:00Z").await;
    assert!(drafts(&docket, "U1").is_empty(), "an hour before, not earlier");
    then(&docket, "2026-11-23T09:30:00Z").await;
    then(&docket, "2026-11-23T09:40:00Z").await;
    for (user, _) in TEAM {
        assert_eq!(drafts(&docket, user).len(), 1, "{user}");
    }
    docket.slash("U1", "draft add Talked to legal").await;
    docket.slash("U2", "draft skip").await;
    docket.slash("U4", "draft 1: Waiting for a certificate").await;
    docket.slash("U5", "draft drop 9").await;
    assert!(docket.told("U5").contains("There is no line 9"), "{}", docket.told("U5"));
    // In the thread of the draft any words are a line to add.
    answers(&docket, "U6", &drafts(&docket, "U6")[0], "done AUTH-5 with Mia").await;
    let plan_before = docket.states().await;
    then(&docket, "2026-11-23T10:30:00Z").await;
    let said = words(&last(&docket));
    assert!(said.contains("Standup · Mon 23 Nov") && said.contains("“Talked to legal”"), "{said}");
    assert!(said.contains("“done AUTH-5 with Mia”"), "{said}");
    assert!(said.contains("“Waiting for a certificate”") && !said.contains("Ben"), "{said}");
    assert_eq!(docket.states().await, plan_before, "corrections never change the plan");
    docket.slash("U1", "draft add Too late").await;
    assert!(docket.told("U1").contains("its draft is over"), "{}", docket.told("U1"));
    assert_eq!(docket.slack.problems(), [""; 0]);
}

async fn what_is_said_in_the_thread_of_a_draft_finds_it_however_many_came_before(db: &TestDb) {
    let docket = team(db).await;
    docket.slash("U1", "standup at 11:30 weekdays Europe/Paris with drafts yes").await;
    let eli = member(&docket, "U6").await;
    let mut tx = db.store.write(docket.app.tenant).await.unwrap();
    for hours in 1..=25 {
        let slot = at("2026-11-23T09:00:00Z").minus(Duration::from_hours(hours));
        let old = unsaid(db.chance.id(), slot, eli);
        assert!(tx.insert_draft(&old).await.unwrap());
        let offered = ("D-U6".to_owned(), format!("{hours}.0"));
        tx.set_offered((old.schedule, slot, eli), &offered, &[]).await.unwrap();
    }
    tx.commit().await.unwrap();
    then(&docket, "2026-11-23T09:30:00Z").await;
    answers(&docket, "U6", &draft_of(&docket, "U6", "C1"), "Met the auditors").await;
    assert_eq!(says(&docket, "U6").await, [("C1".to_owned(), added(&["Met the auditors"]))].into());
}

/// A draft that nobody was offered yet.
fn unsaid(schedule: ScheduleId, slot: Timestamp, member: MemberId) -> Draft {
    let (offered, shown, says) = (None, Vec::new(), Says::default());
    Draft { schedule, slot, member, offered, shown, says, created_at: slot }
}

async fn of_two_drafts_that_is_changed_which_was_meant(db: &TestDb) {
    let docket = two_standups(db).await;
    let here = |says: Says, there: Says| BTreeMap::from([("C1".to_owned(), says), ("C8".to_owned(), there)]);
    answers(&docket, "U6", &draft_of(&docket, "U6", "C8"), "Met the auditors").await;
    assert_eq!(says(&docket, "U6").await, here(Says::default(), added(&["Met the auditors"])));
    answers(&docket, "U6", &draft_of(&docket, "U6", "C1"), "drop 1").await;
    let dropped = Says { dropped: ["task AUTH-5".to_owned()].into(), ..Says::default() };
    assert_eq!(says(&docket, "U6").await, here(dropped.clone(), added(&["Met the auditors"])));
    let left_out = |says: Says| Says { is_left_out: true, ..says };
    docket.click_on("U6", &draft_of(&docket, "U6", "C8"), "say.1").await;
    assert_eq!(says(&docket, "U6").await, here(dropped.clone(), left_out(added(&["Met the auditors"]))));
    docket.click_on("U6", &draft_of(&docket, "U6", "C1"), "say.1").await;
    assert_eq!(says(&docket, "U6").await, here(left_out(dropped), left_out(added(&["Met the auditors"]))));
    assert_eq!(docket.slack.problems(), [""; 0]);
}

async fn where_several_drafts_wait_it_is_asked_which_is_meant(db: &TestDb) {
    let docket = two_standups(db).await;
    let nothing = says(&docket, "U5").await;
    docket.slash("U5", "draft 1: Waiting for a certificate").await;
    assert_eq!(says(&docket, "U5").await, nothing);
    assert!(docket.told("U5").contains("2 drafts of yours wait. Which one do you mean?"), "{}", docket.told("U5"));
    let asked = docket.slack.private("U5").pop().unwrap();
    for channel in ["C1", "C8"] {
        let named = json!({ "type": "channel", "channel_id": channel }).to_string();
        assert!(asked.payload.to_string().contains(&named), "{channel}: {}", asked.payload);
    }
    docket.click_on("U5", &asked, "say.1").await;
    assert!(docket.told("U5").contains("Line 1 says “Waiting for a certificate” now"), "{}", docket.told("U5"));
    let reworded = async || says(&docket, "U5").await.values().filter(|says| !says.reworded.is_empty()).count();
    assert_eq!(reworded().await, 1);
    docket.click_on("U5", &asked, "say.0").await;
    assert_eq!(reworded().await, 2);
    docket.slash("U5", &format!("draft add {}", "very ".repeat(70))).await;
    assert!(docket.told("U5").contains("a line of a standup has at most 300"), "{}", docket.told("U5"));
    assert_eq!(docket.slack.problems(), [""; 0]);
}

async fn a_draft_that_is_over_says_so_and_no_other_is_changed(db: &TestDb) {
    let docket = team(db).await;
    docket.slash("U1", "standup at 11:30 weekdays Europe/Paris with drafts yes").await;
    then(&docket, "2026-11-23T09:30:00Z").await;
    let old = draft_of(&docket, "U6", "C1");
    then(&docket, "2026-11-23T10:30:00Z").await;
    then(&docket, "2026-11-24T09:30:00Z").await;
    let nothing = BTreeMap::from([("C1".to_owned(), Says::default())]);
    assert_eq!((drafts(&docket, "U6").len(), says(&docket, "U6").await), (2, nothing.clone()));
    answers(&docket, "U6", &old, "drop 1").await;
    assert!(answered(&docket, "U6").contains("its draft is over"), "{}", answered(&docket, "U6"));
    docket.click_on("U6", &old, "say.1").await;
    assert!(docket.told("U6").contains("its draft is over"), "{}", docket.told("U6"));
    assert_eq!(says(&docket, "U6").await, nothing);

    // A day after its standup nothing is kept of it, and the button still says why it does nothing.
    let of_monday = format!("drafts WHERE slot = {}", at("2026-11-23T10:30:00Z").as_millis());
    assert_eq!((tidy(&db.store, &db.chance).await.unwrap().drafts, db.count(&of_monday).await), (0, 6));
    db.clock.set(at("2026-11-24T10:29:00Z").plus(Duration::from_mins(2)));
    assert_eq!((tidy(&db.store, &db.chance).await.unwrap().drafts, db.count(&of_monday).await), (6, 0));
    assert_eq!(db.count("drafts").await, 6, "those of today");
    docket.click_on("U6", &old, "say.1").await;
    assert!(docket.told("U6").contains("its draft is over"), "{}", docket.told("U6"));
}

async fn what_is_said_of_a_draft_from_two_sides_is_all_kept(db: &TestDb) {
    let (tenant, ana) = sample::tenant(&db.store, &db.chance).await;
    let draft = unsaid(db.chance.id(), db.chance.now(), ana);
    let (schedule, slot) = (draft.schedule, draft.slot);
    let mut tx = db.store.write(tenant).await.unwrap();
    assert!(tx.insert_draft(&draft).await.unwrap());
    tx.commit().await.unwrap();
    let say = async |words: &str| {
        let mut tx = db.store.write(tenant).await.unwrap();
        let mut draft = tx.lock_draft(schedule, slot, ana).await.unwrap().unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
        draft.says.added.push(words.to_owned());
        tx.set_says(&draft).await.unwrap();
        tx.commit().await.unwrap();
    };
    let offer = async || {
        let mut tx = db.store.write(tenant).await.unwrap();
        let offered = ("D1".to_owned(), "1.0".to_owned());
        tx.set_offered((schedule, slot, ana), &offered, &["task AUTH-1".to_owned()]).await.unwrap();
        tx.commit().await.unwrap();
    };
    tokio::join!(say("one"), say("two"), say("three"), offer());
    let kept = db.store.read(tenant).await.unwrap().draft(schedule, slot, ana).await.unwrap().unwrap();
    let mut added = kept.says.added;
    added.sort_unstable();
    assert_eq!(added, ["one", "three", "two"]);
    assert_eq!(kept.offered, Some(("D1".to_owned(), "1.0".to_owned())));
}

async fn of_whom_there_is_nothing_to_tell_it_is_looked_up_once(db: &TestDb) {
    let docket = team(db).await;
    docket.slash("U1", "standup at 11:30 weekdays Europe/Paris with drafts yes").await;
    let mut passed = Passed::default();
    let mut look = async || {
        let loaded = offer_due(&db.store, &db.chance, &mut passed).await.unwrap();
        docket.run_jobs().await;
        loaded
    };
    assert_eq!((look().await, db.count("drafts").await), (1, 6));
    assert_eq!(look().await, 0);
    // A guest never has a draft, and Hal does nothing in these plans.
    docket.slash("U3", "draft").await;
    assert_eq!(look().await, 0);
    docket.slack.add_user("U8", "Hal", &json!({}));
    docket.slash("U8", "draft").await;
    assert_eq!((look().await, db.count("drafts").await), (1, 6));
    assert_eq!(look().await, 0);
}

async fn a_private_project_is_told_of_in_no_draft(db: &TestDb) {
    let docket = team(db).await;
    docket.slack.add_channel("G5", &["U1", "U2", BOT]);
    docket.slack.make_private("G5");
    let there = |user| SlackUser { channel: "G5".to_owned(), ..docket.user(user) };
    docket.act(there("U1").message(&docket.slack.say("G5"), None, "between us", db.chance.now())).await;
    docket.act(there("U1").slash("plan Build a vault for the crown", db.chance.now())).await;
    let card = docket.slack.messages("G5").pop().unwrap();
    docket.click_on("U2", &card, "patch.approve").await;
    let projects = db.store.read(docket.app.tenant).await.unwrap().projects().await.unwrap();
    let key = projects.into_iter().map(|project| project.key.to_string()).find(|key| key != "AUTH").unwrap();
    for line in [format!("assign {key}-1 me"), format!("start {key}-1")] {
        docket.act(there("U1").slash(&line, db.chance.now())).await;
    }
    let line = format!("standup at 11:30 weekdays Europe/Paris for AUTH, {key} with drafts yes");
    docket.slash("U1", &line).await;
    let line = "standup at 11:30 weekdays Europe/Paris with drafts yes";
    docket.act(there("U1").slash(line, db.chance.now())).await;
    then(&docket, "2026-11-23T09:30:00Z").await;
    let theirs = drafts(&docket, "U1");
    assert_eq!(theirs.len(), 1, "the standup of the private channel has nothing that a draft may tell: {theirs:?}");
    let said = words(&theirs[0].payload);
    assert!(said.contains("AUTH-1") && !said.contains(&key), "{said}");
    docket.slash("U1", "draft").await;
    assert!(docket.told("U1").contains("AUTH-1") && !docket.told("U1").contains(&key), "{}", docket.told("U1"));
    then(&docket, "2026-11-23T10:30:00Z").await;
    let posted: Vec<String> = docket.slack.messages("G5").iter().map(|message| words(&message.payload)).collect();
    assert!(posted.iter().any(|said| said.contains("Standup · Mon 23 Nov") && said.contains(&format!("{key}-1"))));
    assert!(!words(&last(&docket)).contains(&key), "{}", words(&last(&docket)));
}
