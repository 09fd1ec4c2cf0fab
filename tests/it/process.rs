//! What people say to each other becomes explained proposals: from messages as Slack sends them to a changed plan.

use std::time::Duration;

use crate::{
    support::{
        app::TestApp,
        clock::START,
        db::{TestDb, for_each_db},
        fake_slack::SlackUser,
    },
    who_decides::planned,
};
use docket::{
    domain::{
        ids::TenantId,
        matches::{Match, Verdict},
        patch::Patch,
        task::{Status, Task, TaskNumber},
    },
    jobs,
    planner::threads::load::{self, Scope},
    store::Tx,
};

for_each_db! {
    what_is_said_of_a_task_is_proposed_with_the_message_as_evidence,
    a_dry_run_tells_what_would_be_proposed_and_changes_nothing,
    what_was_rejected_is_not_proposed_again,
    what_was_changed_or_taken_back_before_the_run_does_not_count,
    questions_wishes_and_what_is_said_to_docket_propose_nothing,
    what_is_said_in_a_private_channel_stays_there,
    two_tenants_never_see_each_others_conversations,
    every_night_conversations_are_read_once,
    at_most_ten_changes_are_proposed_at_a_time,
    a_conversation_becomes_a_task_a_link_or_is_put_aside,
    guests_neither_process_nor_track,
    what_nobody_planned_is_offered_for_the_digest,
}

/// Somebody says something in the channel, or in a thread of it; gives its id.
pub(crate) async fn says(docket: &TestApp<'_>, user: &str, thread: Option<&str>, text: &str) -> String {
    says_as(docket, &docket.user(user), thread, text).await
}

pub(crate) async fn says_as(docket: &TestApp<'_>, user: &SlackUser, thread: Option<&str>, text: &str) -> String {
    let ts = next_ts(docket);
    docket.act(user.message(&ts, thread, text, docket.db.chance.now())).await;
    ts
}

/// The id of the message that is said now. Each is a second later than the one before.
fn next_ts(docket: &TestApp<'_>) -> String {
    docket.db.clock.advance(Duration::from_secs(1));
    format!("{}.000100", docket.db.chance.now().as_millis() / 1_000)
}

pub(crate) async fn task(docket: &TestApp<'_>, number: u32) -> Task {
    let mut tx = docket.db.store.read(docket.app.tenant).await.unwrap();
    let project = tx.projects().await.unwrap()[0].id;
    tx.task(project, TaskNumber(number)).await.unwrap().unwrap()
}

pub(crate) async fn patch(docket: &TestApp<'_>, code: u32) -> Patch {
    docket.patch(docket.app.tenant, code).await.unwrap()
}

/// What was made of all conversations, also of private ones in `C1`, the latest first.
pub(crate) async fn made(docket: &TestApp<'_>, tenant: TenantId) -> Vec<Match> {
    let mut tx = docket.db.store.read(tenant).await.unwrap();
    tx.matches_page(None, None, 0, 99).await.unwrap()
}

/// The numbers of the conversations of a week that no task is known to be about.
pub(crate) async fn untracked(docket: &TestApp<'_>, tx: &mut Tx, scope: Scope<'_>) -> Vec<u32> {
    let since = START.minus(Duration::from_hours(7 * 24));
    let found = load::untracked(tx, since, scope, docket.db.chance.now()).await.unwrap();
    found.iter().map(|one| one.thread.number).collect()
}

async fn what_is_said_of_a_task_is_proposed_with_the_message_as_evidence(db: &TestDb) {
    let docket = TestApp::start(db).await;
    planned(&docket).await;
    let root = says(&docket, "U1", None, "who has news about AUTH-1?").await;
    let shipped = says(&docket, "U2", Some(&root), "we shipped it this morning").await;
    docket.slash("U1", "process").await;
    let told = docket.told("U1");
    assert!(told.contains("I read 1 new conversation and proposed 1 change."), "{told}");
    assert!(told.contains("P-2 · AUTH-1 is done"), "{told}");
    assert_eq!(task(&docket, 1).await.fields.status, Status::Todo, "nothing changes before somebody says so");
    let proposed = patch(&docket, 2).await;
    let step = &proposed.steps[0];
    assert!(step.reason.starts_with("T-1, where Ben said \"we shipped it this morning\" on "), "{}", step.reason);
    let evidence = step.evidence.clone().unwrap().url;
    let address = format!("https://slack.com/archives/C1/p{}?thread_ts={root}&cid=C1", shipped.replace('.', ""));
    assert_eq!(evidence, address);
    assert!(docket.card().contains("AUTH-1 is done"), "{}", docket.card());
    docket.click("U2", "patch.approve").await;
    let done = task(&docket, 1).await;
    assert_eq!(done.fields.status, Status::Done);
    assert_eq!(done.fields.links[0].url, address);
    docket.slash("U1", "process").await;
    assert!(docket.told("U1").contains("Nothing new was said"), "{}", docket.told("U1"));
    says(&docket, "U1", Some(&root), "yes, it is done").await;
    docket.slash("U1", "process").await;
    assert_eq!(docket.states().await, ["applied", "applied"]);
    docket.slash("U1", "decisions T-1").await;
    let acknowledged = docket.slash("U1", "decisions").await.body;
    assert!(
        acknowledged.contains("is about AUTH-1 (named)") && acknowledged.contains("AUTH-1 is done"),
        "{acknowledged}"
    );
    assert!(acknowledged.contains("P-2") && acknowledged.contains("applied"), "{acknowledged}");
    assert_eq!(docket.slack.problems(), Vec::<String>::new());
}

async fn a_dry_run_tells_what_would_be_proposed_and_changes_nothing(db: &TestDb) {
    let docket = TestApp::start(db).await;
    planned(&docket).await;
    says(&docket, "U2", None, "AUTH-1 is done").await;
    for _ in 0..2 {
        docket.slash("U1", "process dry-run").await;
        let told = docket.told("U1");
        assert!(told.contains("would propose 1 change. Nothing was changed."), "{told}");
        assert!(told.contains("AUTH-1 is done") && told.contains("Ben said \"AUTH-1 is done\""), "{told}");
    }
    assert_eq!((docket.states().await.len(), made(&docket, docket.app.tenant).await.len()), (1, 0));
    docket.slash("U1", "process").await;
    assert_eq!(docket.states().await, ["applied", "proposed"]);
}

async fn what_was_rejected_is_not_proposed_again(db: &TestDb) {
    let docket = TestApp::start(db).await;
    planned(&docket).await;
    let root = says(&docket, "U2", None, "AUTH-1 is done").await;
    docket.slash("U1", "process").await;
    docket.slash("U2", "reject P-2 not at all").await;
    says(&docket, "U2", Some(&root), "AUTH-1 is done, really").await;
    docket.slash("U1", "process").await;
    assert_eq!(docket.states().await, ["applied", "rejected"]);
    // Something else that is said of the same task is something else.
    says(&docket, "U2", Some(&root), "AUTH-1 is blocked by legal").await;
    docket.slash("U1", "process").await;
    assert_eq!(docket.states().await, ["applied", "rejected", "proposed"]);
    assert_eq!(patch(&docket, 3).await.title, "AUTH-1 is blocked");
    // What waits already is not proposed once more because of another conversation.
    says(&docket, "U1", None, "AUTH-1 is blocked, sadly").await;
    docket.slash("U1", "process").await;
    assert_eq!(docket.states().await.len(), 3);
}

async fn what_was_changed_or_taken_back_before_the_run_does_not_count(db: &TestDb) {
    let docket = TestApp::start(db).await;
    planned(&docket).await;
    let ben = docket.user("U2");
    let changed = says(&docket, "U2", None, "AUTH-1 is done").await;
    let gone = says(&docket, "U2", None, "AUTH-2 is done").await;
    let edited = next_ts(&docket);
    docket.act(ben.edit((&changed, None), "AUTH-1 is almost done", &edited, db.chance.now())).await;
    docket.act(ben.take_back(&gone, false, db.chance.now())).await;
    docket.slash("U1", "process").await;
    assert_eq!(docket.states().await, ["applied"]);
}

async fn questions_wishes_and_what_is_said_to_docket_propose_nothing(db: &TestDb) {
    let docket = TestApp::start(db).await;
    planned(&docket).await;
    for text in ["is AUTH-1 done?", "AUTH-1 will be done tomorrow", "AUTH-1 is not done yet", "thanks for AUTH-1!"] {
        says(&docket, "U2", None, text).await;
    }
    docket.mention("U2", "AUTH-2 is done").await;
    let before = docket.states().await;
    docket.slash("U1", "process").await;
    assert_eq!(docket.states().await, before);
    assert!(docket.told("U1").contains("I read 4 new conversations. Nothing follows"), "{}", docket.told("U1"));
}

async fn what_is_said_in_a_private_channel_stays_there(db: &TestDb) {
    let docket = TestApp::start(db).await;
    planned(&docket).await;
    docket.slack.add_channel("G7", &["U1", "U2", "UDOCKET"]);
    docket.slack.make_private("G7");
    let there = |user| SlackUser { channel: "G7".to_owned(), ..docket.user(user) };
    says_as(&docket, &there("U2"), None, "AUTH-1 is done").await;
    says_as(&docket, &there("U2"), None, "can we rotate the keys of the secret partner portal?").await;
    docket.slash("U1", "process").await;
    assert_eq!(docket.states().await, ["applied"], "it is not proposed in the channel of AUTH");
    assert!(!docket.told("U1").contains("partner"), "{}", docket.told("U1"));
    docket.slash("U1", "track T-2").await;
    assert!(docket.told("U1").contains("There is no conversation T-2 here"), "{}", docket.told("U1"));
    let decisions = docket.slash("U1", "decisions").await.body;
    assert!(!decisions.contains("T-2"), "{decisions}");
    assert!(made(&docket, docket.app.tenant).await.is_empty(), "and no page shows it");
    // In the channel itself it may be spoken of, but not carried out of it.
    let ana = there("U1");
    docket.act(ana.slash("track T-2 AUTH-1", db.chance.now())).await;
    assert!(docket.told("U1").contains("stays there"), "{}", docket.told("U1"));
    assert_eq!(docket.states().await, ["applied"]);
    let shown = docket.act(ana.slash("decisions", db.chance.now())).await.body;
    assert!(shown.contains("T-2"), "{shown}");
    let mut tx = db.store.read(docket.app.tenant).await.unwrap();
    assert!(untracked(&docket, &mut tx, Scope { at: None, others: None }).await.is_empty());
}

async fn two_tenants_never_see_each_others_conversations(db: &TestDb) {
    let docket = TestApp::start(db).await;
    planned(&docket).await;
    let (other, zoe) = docket.second_tenant().await;
    says_as(&docket, &zoe, None, "AUTH-1 is done").await;
    says_as(&docket, &zoe, None, "can we add a calendar view of due dates?").await;
    docket.slash("U1", "process").await;
    assert!(docket.told("U1").contains("Nothing new was said"), "{}", docket.told("U1"));
    docket.act(zoe.slash("process", db.chance.now())).await;
    assert_eq!((docket.states().await, made(&docket, docket.app.tenant).await.len()), (vec!["applied"], 0));
    let theirs = made(&docket, other).await;
    assert!(!theirs.is_empty() && theirs.iter().all(|one| one.patch.is_none()), "{theirs:?}");
    docket.slash("U1", "track T-1").await;
    assert!(docket.told("U1").contains("There is no conversation T-1 here"), "{}", docket.told("U1"));
}

async fn every_night_conversations_are_read_once(db: &TestDb) {
    let docket = TestApp::start(db).await;
    planned(&docket).await;
    says(&docket, "U2", None, "AUTH-1 is done").await;
    for _ in 0..3 {
        jobs::queue_nights(&docket.app.desk).await.unwrap();
    }
    docket.run_jobs().await;
    assert_eq!(docket.states().await, ["applied"], "it is not night yet");
    db.clock.advance(Duration::from_hours(24));
    docket.run_jobs().await;
    assert_eq!(docket.states().await, ["applied", "proposed"]);
    // The next night finds nothing new, and waits for its time.
    jobs::queue_nights(&docket.app.desk).await.unwrap();
    says(&docket, "U2", None, "AUTH-2 is done").await;
    docket.run_jobs().await;
    assert_eq!(docket.states().await.len(), 2);
    db.clock.advance(Duration::from_hours(24));
    docket.run_jobs().await;
    assert_eq!(docket.states().await, ["applied", "proposed", "proposed"]);
}

async fn at_most_ten_changes_are_proposed_at_a_time(db: &TestDb) {
    let docket = TestApp::start(db).await;
    planned(&docket).await;
    for at in 0..12 {
        says(&docket, "U2", None, &format!("can we add a printer to meeting room number{at} please?")).await;
    }
    docket.slash("U1", "process").await;
    assert!(docket.told("U1").contains("2 more wait for the next time"), "{}", docket.told("U1"));
    assert_eq!(patch(&docket, 2).await.steps.len(), 10);
    docket.slash("U1", "process").await;
    assert_eq!(patch(&docket, 3).await.steps.len(), 2);
    docket.slash("U1", "process").await;
    assert_eq!(docket.states().await.len(), 3);
    docket.slash("U2", "approve P-3").await;
    docket.slash("U2", "approve P-2").await;
    assert_eq!(docket.states().await, ["applied", "applied", "applied"]);
}

async fn a_conversation_becomes_a_task_a_link_or_is_put_aside(db: &TestDb) {
    let docket = TestApp::start(db).await;
    planned(&docket).await;
    let root = says(&docket, "U2", None, "can we add a calendar view of due dates?").await;
    says(&docket, "U2", None, "the map widget crashes on umlauts").await;
    says(&docket, "U2", None, "the printer jams with every document").await;
    docket.slash("U1", "track T-1").await;
    assert!(docket.card().contains("Add a calendar view of due dates"), "{}", docket.card());
    docket.click("U2", "patch.approve").await;
    let mut tx = db.store.read(docket.app.tenant).await.unwrap();
    let project = tx.projects().await.unwrap()[0].id;
    let plan = tx.plan(project).await.unwrap().unwrap();
    drop(tx);
    let new = plan.tasks().find(|task| task.fields.title == "Add a calendar view of due dates").unwrap();
    assert_eq!(new.fields.links[0].url, format!("https://slack.com/archives/C1/p{}", root.replace('.', "")));
    docket.slash("U1", "track T-1").await;
    assert!(docket.told("U1").contains("is in P-2 already, which was applied"), "{}", docket.told("U1"));
    docket.slash("U1", "track T-2 which").await;
    assert!(docket.told("U1").contains("Which task is T-2 about?"), "{}", docket.told("U1"));
    docket.slash("U1", "track T-2 AUTH-1").await;
    docket.click("U2", "patch.approve").await;
    assert_eq!(task(&docket, 1).await.fields.links[0].label, "T-2");
    docket.slash("U1", "track T-2 AUTH-1").await;
    assert!(docket.told("U1").contains("AUTH-1 links to T-2 already"), "{}", docket.told("U1"));
    docket.slash("U1", "track T-3 no").await;
    assert!(docket.told("U1").contains("T-3 is no work then"), "{}", docket.told("U1"));
    let before = docket.states().await;
    docket.slash("U1", "process").await;
    assert_eq!(docket.states().await, before, "what somebody decided is not proposed");
    assert!(!docket.told("U1").contains("printer"), "{}", docket.told("U1"));
    docket.slash("U1", "track T-9").await;
    assert!(docket.told("U1").contains("There is no conversation T-9 here"), "{}", docket.told("U1"));
    let verdicts: Vec<Verdict> = made(&docket, docket.app.tenant).await.iter().map(|one| one.verdict).collect();
    assert!(verdicts.contains(&Verdict::Dismissed) && verdicts.contains(&Verdict::Linked), "{verdicts:?}");
    assert_eq!(docket.slack.problems(), Vec::<String>::new());
}

async fn guests_neither_process_nor_track(db: &TestDb) {
    let docket = TestApp::start(db).await;
    planned(&docket).await;
    says(&docket, "U2", None, "AUTH-1 is done").await;
    for line in ["process", "process dry-run", "track T-1", "track T-1 no"] {
        docket.slash("U3", line).await;
        let told = docket.told("U3").to_lowercase();
        assert!(told.contains("guest"), "{line}: {told}");
    }
    assert_eq!((docket.states().await.len(), made(&docket, docket.app.tenant).await.len()), (1, 0));
}

async fn what_nobody_planned_is_offered_for_the_digest(db: &TestDb) {
    let docket = TestApp::start(db).await;
    planned(&docket).await;
    for text in ["the printer fails on every document", "the map widget crashes on umlauts", "AUTH-1 is late", "lunch?"]
    {
        says(&docket, "U2", None, text).await;
    }
    docket.slash("U1", "track T-2 no").await;
    let mut tx = db.store.read(docket.app.tenant).await.unwrap();
    assert_eq!(untracked(&docket, &mut tx, Scope { at: None, others: None }).await, [1]);
    drop(tx);
    let shown = docket.slash("U1", "standup preview").await.json().to_string();
    assert!(shown.contains("1 conversation matches no task"), "{shown}");
    docket.slash("U1", "standup now").await;
    let said = docket.slack.messages("C1");
    let thread = said.iter().filter(|one| one.thread.is_some()).map(|one| one.payload.to_string()).collect::<String>();
    for part in ["the printer fails on every document", "Create task", "track T-1", "track T-1 which"] {
        assert!(thread.contains(part), "{part}: {thread}");
    }
    assert!(!thread.contains("umlauts") && !thread.contains("lunch"), "{thread}");
}
