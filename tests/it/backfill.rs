//! The last 24 hours of a channel, read once because somebody asked: as if it had been heard, and never against what is
//! known better, was forgotten or was said while nothing was kept.

use std::time::Duration;

use axum::{body::Body, http::Request};
use docket::domain::{heard::ChatThread, job::Class, time::Timestamp};
use serde_json::json;

use crate::support::{
    app::{TestApp, words},
    db::{TestDb, for_each_db},
    fake_slack::{BOT, Fault, SlackUser},
    secrets,
    site::{ask, post},
    slack_house::eventually,
};

for_each_db!(
    the_last_24_hours_are_read_with_their_threads_and_no_more,
    of_bots_and_of_what_holds_a_key_nothing_is_kept,
    what_is_known_better_is_not_undone,
    who_was_forgotten_stays_forgotten,
    what_waited_when_somebody_wanted_it_forgotten_is_not_kept,
    what_was_said_while_nothing_was_kept_is_left_out,
    it_stops_where_it_is_turned_off_meanwhile,
    it_waits_as_long_as_slack_wants_and_goes_on_where_it_was,
    it_goes_on_where_it_was_after_a_cut,
    cursors_that_ended_change_nothing,
    a_private_channel_is_private_from_the_first_message_on,
    what_slack_refuses_is_told_once_with_what_to_do,
    whoever_asks_twice_or_may_not_or_elsewhere_is_told_so,
    whoever_asked_is_told_when_slack_stays_out_of_reach,
);

const HOUR: Duration = Duration::from_hours(1);

/// So many hours less so many seconds.
fn less(hours: u32, seconds: u64) -> Duration {
    (hours * HOUR).saturating_sub(Duration::from_secs(seconds))
}

/// Docket in a workspace where it is as late as here.
async fn start(db: &TestDb) -> TestApp<'_> {
    let docket = TestApp::start(db).await;
    docket.slack.follow(&db.clock);
    docket
}

/// Says something so long ago, of which Docket heard nothing.
fn said(docket: &TestApp<'_>, user: &str, ago: Duration, thread: Option<&str>, text: &str) -> String {
    let ts = docket.slack.ts_at(docket.db.chance.now().minus(ago));
    let _unheard = docket.user(user).message(&ts, thread, text, docket.db.chance.now());
    ts
}

async fn threads(docket: &TestApp<'_>) -> Vec<ChatThread> {
    let mut tx = docket.db.store.read(docket.app.tenant).await.unwrap();
    tx.threads_since(Timestamp::from_millis(0), 999).await.unwrap()
}

/// What is kept, conversation by conversation, in the order in which each was begun.
async fn talk(docket: &TestApp<'_>) -> Vec<Vec<String>> {
    let mut threads = threads(docket).await;
    threads.sort_by(|one, other| one.venue.thread.cmp(&other.venue.thread));
    threads.into_iter().map(|thread| thread.messages.into_iter().map(|message| message.text).collect()).collect()
}

/// What somebody was told in private about readings, all of it.
fn told(docket: &TestApp<'_>, user: &str) -> Vec<String> {
    let told = docket.slack.private(user).into_iter().map(|shown| words(&shown.payload));
    told.filter(|words| words.contains("24 hours of this channel")).collect()
}

/// How often pages of the channel were asked for.
fn asked(docket: &TestApp<'_>, method: &str) -> usize {
    docket.slack.calls().iter().filter(|(called, _)| called == method).count()
}

/// Nothing is left of it, and nothing went wrong.
async fn settled(docket: &TestApp<'_>) {
    assert_eq!(docket.db.count("backfills").await, 0);
    assert_eq!(docket.db.count("jobs WHERE kind = 'backfill'").await, 0);
    assert_eq!(docket.slack.problems(), Vec::<String>::new());
}

async fn the_last_24_hours_are_read_with_their_threads_and_no_more(db: &TestDb) {
    let docket = start(db).await;
    said(&docket, "U1", 25 * HOUR, None, "too long ago");
    let old = said(&docket, "U2", 30 * HOUR, None, "an old question");
    said(&docket, "U1", 29 * HOUR, Some(&old), "an old answer");
    said(&docket, "U1", 2 * HOUR, Some(&old), "a new answer");
    let ancient = said(&docket, "U2", 9 * 24 * HOUR, None, "an ancient question");
    let ts = said(&docket, "U1", HOUR, Some(&ancient), "sent to the channel, too");
    let loud = json!({ "user": "U1", "text": "sent to the channel, too", "thread_ts": ancient,
                       "subtype": "thread_broadcast" });
    docket.slack.write("C1", &ts, &loud);
    let question = said(&docket, "U2", 23 * HOUR, None, "a question");
    for n in 0..150 {
        said(&docket, "U1", less(3, n), Some(&question), &format!("answer {n}"));
        said(&docket, "U2", less(20, n), None, &format!("line {n}"));
    }
    docket.slash("U1", "privacy backfill").await;
    let found = talk(&docket).await;
    assert_eq!(found.len(), 153);
    assert!(
        found.contains(&vec!["a new answer".to_owned()])
            && found.contains(&vec!["sent to the channel, too".to_owned()])
    );
    let answers: Vec<String> = (0..150).map(|n| format!("answer {n}")).collect();
    let whole = found.iter().find(|thread| thread[0] == "a question").unwrap();
    assert_eq!(whole[1..], answers);
    let first = docket.slack.private("U1").iter().map(|shown| words(&shown.payload)).next().unwrap();
    assert!(first.contains("I read what was said in this channel in the last 24 hours"), "{first}");
    let told = told(&docket, "U1");
    assert_eq!(
        told,
        ["The last 24 hours of this channel are read. I found 303 messages in 153 conversations, and keep them."]
    );
    assert_eq!(asked(&docket, "conversations.history"), 2);
    assert_eq!(docket.slack.messages("C1"), [], "nobody else is told");
    // Again: nothing is new, and nothing is there twice.
    docket.slash("U2", "privacy backfill").await;
    assert_eq!(talk(&docket).await, found);
    assert!(
        docket.told("U2").contains("303 messages in 153 conversations, all of which I had"),
        "{}",
        docket.told("U2")
    );
    settled(&docket).await;
}

async fn of_bots_and_of_what_holds_a_key_nothing_is_kept(db: &TestDb) {
    let docket = start(db).await;
    docket.mention("U1", "plan Build a user authentication flow").await;
    let card = docket.newest_with("patch.approve");
    said(&docket, "U2", Duration::ZERO, Some(&card.ts), "looks good");
    docket.slack.write("C1", &docket.slack.ts_at(db.chance.now()), &json!({ "bot_id": "B7", "text": "build failed" }));
    let key = "sk-proj-0123456789abcdefghijABCDEFGHIJ";
    secrets::known(key);
    said(&docket, "U2", HOUR, None, &format!("the key is {key}"));
    let file = json!({ "user": "U2", "text": "", "subtype": "file_share", "files": [{ "id": "F1" }] });
    docket.slack.write("C1", &docket.slack.ts_at(db.chance.now()), &file);
    db.clock.advance(HOUR);
    docket.slash("U1", "privacy backfill").await;
    let mut tx = db.store.read(docket.app.tenant).await.unwrap();
    // It is under a card, and so about its proposal: no conversation of people with each other.
    let kept = tx.thread(1).await.unwrap().unwrap();
    let texts: Vec<&str> = kept.messages.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(texts, ["looks good"], "a mention says not of which kind its channel is, and no event told");
    assert!(tx.thread(2).await.unwrap().is_none());
    drop(tx);
    assert!(docket.told("U1").contains("1 message in 1 conversation"), "{}", docket.told("U1"));
    settled(&docket).await;
}

async fn what_is_known_better_is_not_undone(db: &TestDb) {
    let docket = start(db).await;
    let (ana, now) = (docket.user("U1"), db.chance.now());
    let ts = |ago: u32| docket.slack.ts_at(now.minus(ago * HOUR));
    let (edited, gone, late, stone) = (ts(5), ts(4), ts(3), ts(2));
    // Changed after Slack made the page: what was heard is newer than what stands there.
    docket.act(ana.message(&edited, None, "first", now)).await;
    docket.act(ana.edit((&edited, None), "second", &ts(1), now)).await;
    docket.slack.write("C1", &edited, &json!({ "user": "U1", "text": "first" }));
    // Taken back, and still on the page.
    docket.act(ana.message(&gone, None, "a slip", now)).await;
    docket.act(ana.take_back(&gone, false, now)).await;
    docket.slack.write("C1", &gone, &json!({ "user": "U1", "text": "a slip" }));
    // Changed before Docket was there; the event of how it was comes late.
    let unchanged = ana.message(&late, None, "before", now);
    let _unheard = ana.edit((&late, None), "after", &ts(1), now);
    // Deleted while Docket was not there, with an answer.
    docket.act(ana.message(&stone, None, "deleted since", now)).await;
    said(&docket, "U2", HOUR, Some(&stone), "an answer to it");
    let _unheard = ana.take_back(&stone, true, now);
    docket.slash("U2", "privacy backfill").await;
    docket.act(unchanged).await;
    assert_eq!(talk(&docket).await, [["second"], ["after"], ["an answer to it"]]);
    let kept = threads(&docket).await;
    assert!(kept.iter().any(|thread| thread.messages[0].text == "after" && thread.messages[0].edited_at.is_some()));
    settled(&docket).await;
}

async fn who_was_forgotten_stays_forgotten(db: &TestDb) {
    let docket = start(db).await;
    let (ana, now) = (docket.user("U1"), db.chance.now());
    let heard = docket.slack.ts_at(now.minus(2 * HOUR));
    docket.act(ana.message(&heard, None, "hunter2", now)).await;
    said(&docket, "U1", 3 * HOUR, Some(&heard), "never heard");
    said(&docket, "U2", HOUR, Some(&heard), "somebody else's answer");
    let thread = docket.slack.ts_at(now.minus(4 * HOUR));
    docket.act(docket.user("U2").message(&thread, None, "another thing", now)).await;
    docket.slash("U1", "forget me").await;
    docket.slash("U2", "forget T-2").await;
    said(&docket, "U2", 3 * HOUR, Some(&thread), "an answer in what was forgotten");
    assert_eq!(db.count("withdrawn_messages").await, 0, "nothing is remembered of the messages");
    docket.slash("U2", "privacy backfill").await;
    assert_eq!(talk(&docket).await, [["somebody else's answer"]]);
    assert!(
        docket.told("U2").contains("5 messages in 2 conversations, and keep 1 that I did not have"),
        "{}",
        docket.told("U2")
    );
    db.clock.advance(HOUR);
    said(&docket, "U1", Duration::ZERO, None, "what I say now is kept");
    db.clock.advance(HOUR);
    docket.slash("U1", "privacy backfill").await;
    assert_eq!(talk(&docket).await, [vec!["somebody else's answer"], vec!["what I say now is kept"]]);
    docket.slash("U2", "forget channel yes").await;
    docket.slash("U1", "privacy backfill").await;
    assert_eq!(talk(&docket).await, Vec::<Vec<String>>::new());
    settled(&docket).await;
}

async fn what_waited_when_somebody_wanted_it_forgotten_is_not_kept(db: &TestDb) {
    let docket = start(db).await;
    let (ana, ben) = (docket.user("U1"), docket.user("U2"));
    let say = async |user: &SlackUser, text: &str| {
        db.clock.advance(Duration::from_secs(1));
        let now = db.chance.now();
        docket.send(user.message(&docket.slack.say("C1"), None, text, now)).await;
    };
    say(&ana, "I regret this").await;
    say(&ben, "I do not").await;
    db.clock.advance(Duration::from_secs(1));
    docket.send(ana.slash("forget me", db.chance.now())).await;
    say(&ana, "this is later").await;
    docket.run_jobs().await;
    // What was waiting comes after the wish, for nobody waits for it.
    let mut found = talk(&docket).await;
    found.retain(|thread| thread[0] != "this is later");
    assert_eq!(found, [["I do not"]]);
    say(&ana, "this, too").await;
    docket.send(ben.slash("forget channel yes", db.chance.now())).await;
    docket.run_jobs().await;
    assert!(talk(&docket).await.iter().all(|thread| thread[0] == "this, too"), "{:?}", talk(&docket).await);
    settled(&docket).await;
}

async fn what_was_said_while_nothing_was_kept_is_left_out(db: &TestDb) {
    let docket = start(db).await;
    let heard = docket.slack.say("C1");
    docket.act(docket.user("U1").message(&heard, None, "befor", db.chance.now())).await;
    docket.slash("U2", "privacy off").await;
    docket.slash("U2", "privacy backfill").await;
    assert!(docket.told("U2").contains("It is off here"), "{}", docket.told("U2"));
    db.clock.advance(HOUR);
    said(&docket, "U1", Duration::ZERO, None, "between us");
    db.clock.advance(HOUR);
    docket.slash("U2", "privacy on").await;
    docket.slash("U2", "privacy backfill").await;
    let (now, edited) = (db.chance.now(), docket.slack.ts_at(db.chance.now()));
    docket.act(docket.user("U1").edit((&heard, None), "before", &edited, now)).await;
    assert_eq!(talk(&docket).await, [["before"]], "what is kept is still changed by its author");
    settled(&docket).await;
}

async fn it_stops_where_it_is_turned_off_meanwhile(db: &TestDb) {
    let docket = start(db).await;
    docket.slack.limit_pages(1, 15);
    for n in 0..20 {
        said(&docket, "U1", less(2, n), None, &format!("line {n}"));
    }
    docket.slash("U1", "privacy backfill").await;
    docket.slash("U2", "privacy off").await;
    db.clock.advance(Duration::from_mins(1));
    docket.run_jobs().await;
    assert_eq!(talk(&docket).await.len(), 15);
    assert!(docket.told("U1").contains("It was turned off while I read") && docket.told("U1").contains("15 messages"));
    settled(&docket).await;
}

async fn it_waits_as_long_as_slack_wants_and_goes_on_where_it_was(db: &TestDb) {
    let docket = start(db).await;
    docket.slack.limit_pages(1, 15);
    let root = said(&docket, "U1", 20 * HOUR, None, "a question");
    for n in 0..40 {
        said(&docket, "U2", less(2, n), None, &format!("line {n}"));
        said(&docket, "U2", less(2, n), Some(&root), &format!("answer {n}"));
    }
    docket.slash("U1", "privacy backfill").await;
    let kept = words(&docket.slash("U1", "privacy").await.json());
    assert!(kept.contains("I am reading the last 24 hours of this channel") && kept.contains("15 messages"), "{kept}");
    let mut minutes = 0;
    while db.count("backfills").await > 0 {
        let job = db.store.jobs(9).await.unwrap().into_iter().find(|job| job.kind == "backfill").unwrap();
        assert_eq!((job.state.as_str(), job.attempts), ("waiting", 0));
        db.clock.advance(Duration::from_secs(30));
        docket.run_jobs().await;
        minutes += 1;
        assert!(minutes < 30, "it does not come to an end");
    }
    // Three pages of the channel, and three of the thread, of which each has 15 messages.
    assert_eq!((docket.slack.pages("conversations.history"), docket.slack.pages("conversations.replies")), (3, 3));
    assert_eq!(talk(&docket).await.iter().map(Vec::len).sum::<usize>(), 81);
    assert_eq!(told(&docket, "U1").len(), 1, "{:?}", told(&docket, "U1"));
    assert!(docket.told("U1").contains("81 messages in 41 conversations, and keep them"), "{}", docket.told("U1"));
    settled(&docket).await;
}

async fn it_goes_on_where_it_was_after_a_cut(db: &TestDb) {
    let docket = start(db).await;
    for n in 0..250 {
        said(&docket, "U1", less(20, n), None, &format!("line {n}"));
    }
    docket.slack.fail_next("conversations.history", Fault::Pass);
    docket.slack.fail_next("conversations.history", Fault::Silent);
    docket.send(docket.user("U1").slash("privacy backfill", db.chance.now())).await;
    let worker = docket.app.worker.clone();
    let working = tokio::spawn(async move { worker.drain().await });
    eventually(|| asked(&docket, "conversations.history") == 2).await;
    working.abort();
    let _aborted = working.await;
    assert_eq!(talk(&docket).await.len(), 100, "what was read is kept");
    // The lease of a worker that died lapses, and another takes over.
    db.clock.advance(Duration::from_mins(2));
    docket.run_jobs().await;
    assert_eq!(asked(&docket, "conversations.history"), 4, "the page that was cut off is read again, and no other");
    assert_eq!(talk(&docket).await.len(), 250);
    assert!(docket.told("U1").contains("250 messages in 250 conversations, and keep them"), "{}", docket.told("U1"));
    assert_eq!(told(&docket, "U1").len(), 1);
    settled(&docket).await;
}

async fn cursors_that_ended_change_nothing(db: &TestDb) {
    let docket = start(db).await;
    docket.slack.limit_pages(1, 15);
    for n in 0..20 {
        said(&docket, "U1", less(20, n), None, &format!("line {n}"));
    }
    docket.slash("U1", "privacy backfill").await;
    docket.slack.expire_cursors();
    for _ in 0..5 {
        db.clock.advance(Duration::from_mins(1));
        docket.run_jobs().await;
    }
    assert!(docket.told("U1").contains("20 messages in 20 conversations, and keep them"), "{}", docket.told("U1"));
    assert_eq!(talk(&docket).await.len(), 20);
    settled(&docket).await;
}

async fn a_private_channel_is_private_from_the_first_message_on(db: &TestDb) {
    let docket = start(db).await;
    docket.slack.make_private("C1");
    said(&docket, "U1", HOUR, None, "between us");
    docket.slash("U1", "privacy backfill").await;
    let kept = threads(&docket).await;
    assert!(kept.len() == 1 && kept[0].is_private, "{kept:?}");
    // Of a public one no page says that it is: it is found out by what is said there next.
    docket.slack.add_channel("C2", &["U1", BOT]);
    let ana = SlackUser { channel: "C2".to_owned(), ..docket.user("U1") };
    let _unheard = ana.message(&docket.slack.ts_at(db.chance.now().minus(HOUR)), None, "for all", db.chance.now());
    docket.act(ana.slash("privacy backfill", db.chance.now())).await;
    let is_private = async || {
        let found = threads(&docket).await.into_iter().find(|thread| thread.venue.channel == "C2");
        found.is_some_and(|thread| thread.is_private)
    };
    assert!(is_private().await);
    docket.act(ana.message(&docket.slack.say("C2"), None, "hello", db.chance.now())).await;
    assert!(!is_private().await);
    settled(&docket).await;
}

async fn what_slack_refuses_is_told_once_with_what_to_do(db: &TestDb) {
    let docket = start(db).await;
    said(&docket, "U1", HOUR, None, "hello");
    docket.slack.lack("channels:history");
    docket.slash("U1", "privacy backfill").await;
    let told_once = told(&docket, "U1");
    assert_eq!(told_once.len(), 1);
    for part in ["can't be read", "lacks the permission channels:history", "docket manifest slack"] {
        assert!(told_once[0].contains(part), "{part} in {told_once:?}");
    }
    docket.slack.add_channel("G5", &["U1", BOT]);
    docket.slack.make_private("G5");
    docket.slack.lack("groups:history");
    let quiet = SlackUser { channel: "G5".to_owned(), ..docket.user("U1") };
    docket.act(quiet.slash("privacy backfill", db.chance.now())).await;
    assert!(docket.told("U1").contains("lacks the permission groups:history"), "{}", docket.told("U1"));
    // Where the bot is not, nobody there can be told in private: it comes as a direct message.
    let docket = start(db).await;
    docket.slack.add_channel("C8", &["U1"]);
    let elsewhere = SlackUser { channel: "C8".to_owned(), ..docket.user("U1") };
    docket.act(elsewhere.slash("privacy backfill", db.chance.now())).await;
    let direct: Vec<String> = docket.slack.messages("D-U1").iter().map(|shown| words(&shown.payload)).collect();
    assert_eq!(direct.len(), 1, "{direct:?}");
    assert!(direct[0].contains("the bot is not in this channel; invite it with /invite @docket"), "{direct:?}");
    let unknown = SlackUser { channel: "C404".to_owned(), ..docket.user("U1") };
    docket.act(unknown.slash("privacy backfill", db.chance.now())).await;
    let direct: Vec<String> = docket.slack.messages("D-U1").iter().map(|shown| words(&shown.payload)).collect();
    assert!(direct[1].contains("the bot can't see this channel"), "{direct:?}");
    assert_eq!(threads(&docket).await, []);
    settled(&docket).await;
}

async fn whoever_asks_twice_or_may_not_or_elsewhere_is_told_so(db: &TestDb) {
    let docket = start(db).await;
    docket.slack.limit_pages(1, 15);
    for n in 0..20 {
        said(&docket, "U1", HOUR + Duration::from_secs(n), None, &format!("line {n}"));
    }
    docket.slash("U3", "privacy backfill").await;
    assert!(docket.told("U3").contains("can't") || docket.told("U3").contains("Guests"), "{}", docket.told("U3"));
    assert_eq!((db.count("backfills").await, asked(&docket, "conversations.history")), (0, 0));
    docket.slash("U1", "privacy backfill").await;
    docket.slash("U2", "privacy backfill").await;
    assert!(
        docket.told("U2").contains("I am reading the last 24 hours of this channel already"),
        "{}",
        docket.told("U2")
    );
    assert_eq!(db.count("backfills").await, 1);
    let job = db.store.claim("test", db.chance.now().plus(HOUR), HOUR, 9).await.unwrap();
    assert!(job.iter().all(|job| job.class == Class::Background), "nobody waits for it");
    for job in &job {
        db.store.postpone(job, db.chance.now(), "").await.unwrap();
    }
    db.clock.advance(Duration::from_mins(1));
    docket.run_jobs().await;
    assert_eq!(told(&docket, "U2").len(), 1, "whoever asked is told, and nobody else");
    let direct = SlackUser { channel: "D1".to_owned(), ..docket.user("U1") };
    docket.act(direct.slash("privacy backfill", db.chance.now())).await;
    assert!(docket.told("U1").contains("This is no channel"), "{}", docket.told("U1"));
    let body = serde_urlencoded::to_string([("text", "/docket privacy backfill")]).unwrap();
    ask(docket.app.router.clone(), post("/console/say", "application/x-www-form-urlencoded", &body)).await;
    docket.run_jobs().await;
    let page = ask(docket.app.router.clone(), Request::get("/console").body(Body::empty()).unwrap()).await.body;
    assert!(page.contains("This is no channel"), "{page}");
    let trail = db.dump(docket.app.tenant).await;
    assert_eq!(trail.iter().filter(|row| row.contains("privacy.backfill")).count(), 1, "who asked is written down");
    settled(&docket).await;
}

async fn whoever_asked_is_told_when_slack_stays_out_of_reach(db: &TestDb) {
    let docket = start(db).await;
    said(&docket, "U1", HOUR, None, "hello");
    for _ in 0..8 {
        docket.slack.fail_next("conversations.history", Fault::Broken);
    }
    docket.slash("U1", "privacy backfill").await;
    for _ in 0..8 {
        db.clock.advance(Duration::from_mins(11));
        docket.run_jobs().await;
    }
    let told = told(&docket, "U1");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("Slack could not be reached for a long time; ask again later."), "{told:?}");
    assert_eq!(db.count("backfills").await, 0);
    assert_eq!(db.count("jobs WHERE kind = 'backfill' AND state = 'dead'").await, 1);
    docket.slash("U1", "privacy backfill").await;
    assert!(docket.told("U1").contains("1 message in 1 conversation, and keep them"), "{}", docket.told("U1"));
}
