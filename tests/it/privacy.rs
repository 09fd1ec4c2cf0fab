//! What is kept of what people say: said in plain words, turned off and on, forgotten when somebody wants it and when its
//! time is over.

use std::time::Duration;

use docket::{
    domain::{
        ids::TenantId,
        member::{Identity, Role, Surface},
        time::Timestamp,
    },
    jobs::tidy::{Forgotten, tidy},
    standups::draft::{Passed, offer_due},
};

use crate::support::{
    app::{TestApp, words},
    db::{TestDb, for_each_db},
    fake_slack::SlackUser,
};

for_each_db!(
    what_is_kept_is_said_in_plain_words,
    members_turn_it_off_and_whoever_did_turns_it_on_again,
    those_in_charge_say_how_long_messages_are_kept,
    what_is_forgotten_is_nowhere_in_the_database,
    a_channel_is_forgotten_after_a_question_and_a_conversation_by_those_who_are_there,
    old_messages_are_forgotten_and_so_is_how_they_came,
    whose_eyes_a_channel_is_for_is_known_where_nothing_of_it_is_kept,
);

/// A word that nobody says but in what is to be forgotten.
const WORD: &str = "marzipan";

async fn say(docket: &TestApp<'_>, user: &str, thread: Option<&str>, text: &str) -> String {
    let ts = docket.slack.say("C1");
    docket.act(docket.user(user).message(&ts, thread, text, docket.db.chance.now())).await;
    ts
}

/// How many messages a tenant keeps.
async fn kept(docket: &TestApp<'_>, tenant: TenantId) -> u32 {
    docket.db.store.read(tenant).await.unwrap().kept().await.unwrap().iter().map(|kept| kept.messages).sum()
}

/// How often a word stands in any table of a tenant, and in what any request said.
async fn found(docket: &TestApp<'_>, tenant: TenantId, word: &str) -> usize {
    let rows = docket.db.dump(tenant).await;
    let bodies = docket.db.bodies().await;
    rows.iter().chain(&bodies).filter(|row| row.contains(word) || row.contains(&hex::encode_upper(word))).count()
}

/// Makes Ana an owner.
async fn crown(docket: &TestApp<'_>) {
    let identity = Identity { surface: Surface::Slack, team: "T1".to_owned(), user: "U1".to_owned() };
    let mut tx = docket.db.store.write(docket.app.tenant).await.unwrap();
    let ana = tx.member_by_identity(&identity).await.unwrap().unwrap();
    tx.set_role(ana.id, Role::Owner).await.unwrap();
    tx.commit().await.unwrap();
}

async fn what_is_kept_is_said_in_plain_words(db: &TestDb) {
    let docket = TestApp::start(db).await;
    let before = words(&docket.slash("U1", "privacy").await.json());
    assert!(before.contains("This channel: nothing yet.") && before.contains("14 days"), "{before}");
    say(&docket, "U1", None, "the deploy is broken").await;
    docket.slack.add_channel("G5", &["U1", "UDOCKET"]);
    docket.slack.make_private("G5");
    let quiet = SlackUser { channel: "G5".to_owned(), ..docket.user("U1") };
    docket.act(quiet.message(&docket.slack.say("G5"), None, "between us", db.chance.now())).await;
    let after = words(&docket.slash("U1", "privacy").await.json());
    for part in ["This channel: 1 message", "Elsewhere: 1 message", "1 private one", "/docket forget me"] {
        assert!(after.contains(part), "{part} in {after}");
    }
    assert!(!after.contains("G5") && !after.contains("between us"), "{after}");
    let direct = SlackUser { channel: "D1".to_owned(), ..docket.user("U1") };
    let there = words(&docket.act(direct.slash("privacy", db.chance.now())).await.json());
    assert!(there.contains("Only channels are listened to"), "{there}");
    docket.act(direct.slash("privacy off", db.chance.now())).await;
    assert!(docket.told("U1").contains("This is no channel"), "{}", docket.told("U1"));
    assert_eq!(docket.slack.problems(), Vec::<String>::new());
}

async fn members_turn_it_off_and_whoever_did_turns_it_on_again(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slack.follow(&db.clock);
    say(&docket, "U1", None, "before").await;
    docket.slash("U3", "privacy off").await;
    say(&docket, "U1", None, "a guest turns nothing off").await;
    assert_eq!(kept(&docket, docket.app.tenant).await, 2);
    docket.slash("U2", "privacy off").await;
    assert!(docket.told("U2").contains("I keep nothing"), "{}", docket.told("U2"));
    say(&docket, "U1", None, WORD).await;
    assert_eq!(found(&docket, docket.app.tenant, WORD).await, 0);
    docket.slash("U1", "privacy on").await;
    assert!(docket.told("U1").contains("Whoever turned it off"), "{}", docket.told("U1"));
    docket.slash("U2", "privacy on").await;
    say(&docket, "U1", None, "after").await;
    assert_eq!(kept(&docket, docket.app.tenant).await, 3);
    docket.slash("U2", "privacy off").await;
    crown(&docket).await;
    docket.slash("U1", "privacy on").await;
    assert!(docket.told("U1").contains("From now on I keep what is said"), "{}", docket.told("U1"));
}

async fn those_in_charge_say_how_long_messages_are_kept(db: &TestDb) {
    let docket = TestApp::start(db).await;
    say(&docket, "U1", None, "hello").await;
    docket.slash("U2", "privacy keep 30 days").await;
    assert!(docket.told("U2").contains("Only owners and admins"), "{}", docket.told("U2"));
    crown(&docket).await;
    docket.slash("U1", "privacy keep 3 days").await;
    assert!(docket.told("U1").contains("kept for 3 days now. What is older"), "{}", docket.told("U1"));
    let said = words(&docket.slash("U1", "privacy").await.json());
    assert!(said.contains("For how long: 3 days."), "{said}");
    db.clock.advance(Duration::from_hours(24));
    let forgotten = tidy(&db.store, &db.chance).await.unwrap();
    assert_eq!((forgotten.messages, kept(&docket, docket.app.tenant).await), (0, 1));
    db.clock.advance(Duration::from_hours(24));
    assert_eq!(tidy(&db.store, &db.chance).await.unwrap().messages, 1);
    let audit = db.dump(docket.app.tenant).await;
    assert!(audit.iter().any(|row| row.contains("privacy.days")), "who changed it is written down");
}

/// Ana says it of her draft of a standup, as a line more and instead of another one. It stands in her draft
/// alone, once the requests are forgotten.
async fn corrects_a_draft(docket: &TestApp<'_>) {
    let db = docket.db;
    docket.slash("U1", "plan Build a user authentication flow").await;
    docket.click("U2", "patch.approve").await;
    docket.slash("U1", "assign AUTH-1 me").await;
    docket.slash("U1", "standup at 11:45 weekdays Europe/Paris with drafts yes").await;
    offer_due(&db.store, &db.chance, &mut Passed::default()).await.unwrap();
    docket.run_jobs().await;
    docket.slash("U1", &format!("draft add Talked about {WORD}")).await;
    docket.slash("U1", &format!("draft 1: Waiting for {WORD}")).await;
    docket.slash("U1", "draft").await;
    let shown = docket.told("U1");
    assert!(shown.contains("Waiting for marzipan") && shown.contains("Talked about marzipan"), "{shown}");
    db.clock.advance(Duration::from_mins(62));
    tidy(&db.store, &db.chance).await.unwrap();
    assert_eq!(found(docket, docket.app.tenant, WORD).await, 1);
}

async fn what_is_forgotten_is_nowhere_in_the_database(db: &TestDb) {
    let docket = TestApp::start(db).await;
    let (other, zoe) = docket.second_tenant().await;
    corrects_a_draft(&docket).await;
    let now = db.chance.now();
    let first = say(&docket, "U1", None, &format!("{WORD} one")).await;
    say(&docket, "U2", Some(&first), "an answer of somebody else").await;
    let edited = say(&docket, "U1", Some(&first), "two").await;
    docket.act(docket.user("U1").edit((&edited, Some(&first)), &format!("{WORD} two"), "1795000002.5", now)).await;
    say(&docket, "U1", None, &format!("{WORD} three")).await;
    docket.act(zoe.message(&docket.slack.say("C2"), None, &format!("{WORD} elsewhere"), now)).await;
    assert_eq!(found(&docket, docket.app.tenant, WORD).await, 4);
    docket.slash("U1", "forget me").await;
    let told = docket.told("U1");
    assert!(told.contains("Forgotten: 3 messages of yours, and what you said of your drafts."), "{told}");
    assert_eq!(found(&docket, docket.app.tenant, WORD).await, 0);
    assert_eq!((kept(&docket, docket.app.tenant).await, kept(&docket, other).await), (1, 1));
    // What Slack tells of it later is not kept either: a copy, and an edit.
    docket.act(docket.user("U1").edit((&edited, Some(&first)), &format!("{WORD} again"), "1795000003.5", now)).await;
    db.clock.advance(Duration::from_hours(3 * 24));
    tidy(&db.store, &db.chance).await.unwrap();
    docket.act(docket.user("U1").message(&first, None, &format!("{WORD} one"), db.chance.now())).await;
    assert_eq!(found(&docket, docket.app.tenant, WORD).await, 0);
    docket.slash("U1", "forget me").await;
    assert!(docket.told("U1").contains("There was nothing to forget"), "{}", docket.told("U1"));
    // Neither is that somebody asks for it.
    docket.mention("U1", "forget me").await;
    assert_eq!(kept(&docket, docket.app.tenant).await, 1);
}

async fn a_channel_is_forgotten_after_a_question_and_a_conversation_by_those_who_are_there(db: &TestDb) {
    let docket = TestApp::start(db).await;
    let tenant = docket.app.tenant;
    for user in ["U1", "U2", "U1"] {
        say(&docket, user, None, WORD).await;
    }
    docket.slack.add_channel("C7", &["U1", "U2", "UDOCKET"]);
    let elsewhere = SlackUser { channel: "C7".to_owned(), ..docket.user("U2") };
    docket.act(elsewhere.slash("forget T-1", db.chance.now())).await;
    assert_eq!(kept(&docket, tenant).await, 3, "who is elsewhere does not see it");
    docket.slash("U2", "forget T-1").await;
    assert!(docket.told("U2").contains("Forgotten: 1 message of T-1."), "{}", docket.told("U2"));
    docket.slash("U3", "forget channel yes").await;
    assert_eq!(kept(&docket, tenant).await, 2, "a guest forgets nothing of others");
    docket.slash("U2", "forget channel").await;
    assert_eq!(kept(&docket, tenant).await, 2, "it is asked first");
    assert!(docket.told("U2").contains("Forget 2 messages of this channel"), "{}", docket.told("U2"));
    docket.press_private("U2", "say.0").await;
    assert_eq!((kept(&docket, tenant).await, found(&docket, tenant, WORD).await), (0, 0));
    assert_eq!(docket.slack.problems(), Vec::<String>::new());
}

async fn old_messages_are_forgotten_and_so_is_how_they_came(db: &TestDb) {
    let docket = TestApp::start(db).await;
    let tenant = docket.app.tenant;
    say(&docket, "U1", None, WORD).await;
    docket.slash("U1", &format!("plan Build a {WORD} machine")).await;
    docket.slash("U1", "undo P-99").await;
    let is_empty = async || docket.db.bodies().await.iter().all(String::is_empty);
    assert!(!is_empty().await, "a command may still be answered");
    db.clock.advance(Duration::from_mins(61));
    let forgotten = tidy(&db.store, &db.chance).await.unwrap();
    assert_eq!(forgotten, Forgotten { bodies: 2, ..Forgotten::default() });
    assert!(is_empty().await);
    db.clock.advance(Duration::from_hours(2 * 24));
    let more = tidy(&db.store, &db.chance).await.unwrap();
    assert_eq!((more.heard, more.answers, more.requests), (1, 1, 0));
    db.clock.advance(Duration::from_hours(12 * 24));
    let more = tidy(&db.store, &db.chance).await.unwrap();
    assert_eq!((more.messages, kept(&docket, tenant).await), (1, 0));
    assert_eq!((more.answers, more.requests), (0, 2));
    let threads = db.store.read(tenant).await.unwrap().threads_since(Timestamp::from_millis(0), 9).await.unwrap();
    assert!(threads.is_empty());
    // What was asked of Docket is a plan by now, which stays.
    assert!(found(&docket, tenant, WORD).await > 0);
}

async fn whose_eyes_a_channel_is_for_is_known_where_nothing_of_it_is_kept(db: &TestDb) {
    let docket = TestApp::start(db).await;
    let tenant = docket.app.tenant;
    let now = || db.chance.now();
    for channel in ["G5", "G6"] {
        docket.slack.add_channel(channel, &["U1", "U2", "UDOCKET"]);
        docket.slack.make_private(channel);
    }
    let private = async || db.store.read(tenant).await.unwrap().private_projects().await.unwrap().len();
    // A command says where it comes from.
    let ana = SlackUser { channel: "G5".to_owned(), ..docket.user("U1") };
    docket.act(ana.slash("privacy off", now())).await;
    docket.act(ana.slash("plan Buy the competitor", now())).await;
    docket.slash("U2", "approve P-1").await;
    assert_eq!(private().await, 1);
    // A mention does not, but what is said there does.
    let ben = SlackUser { channel: "G6".to_owned(), ..docket.user("U2") };
    for line in ["privacy off", "plan Sell the office"] {
        docket.act(ben.mention(line, &docket.slack.say("G6"), now())).await;
    }
    docket.slash("U1", "approve P-2").await;
    docket.act(ben.message(&docket.slack.say("G6"), None, "good morning", now())).await;
    assert_eq!((private().await, kept(&docket, tenant).await), (2, 0));
}
