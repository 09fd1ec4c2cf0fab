//! Conversations beside their first reading: what is asked until somebody says it, what is about several tasks, what stays
//! where it was said, and what is known after the words are gone.

use std::{collections::BTreeSet, time::Duration};

use docket::{
    domain::{
        heard::{Heard, Saying, Wording},
        plan::Plan,
        project::Revision,
        task::{Place, Rank, Status, TaskNumber},
    },
    jobs,
    planner::threads::load::Scope,
};

use crate::{
    process::{patch, says, says_as, task, untracked},
    support::{
        app::{TestApp, words},
        db::{TestDb, for_each_db},
        fake_slack::{BOT, SlackUser},
        sample,
        site::{ask, post},
    },
};

for_each_db! {
    what_is_not_clear_is_asked_until_somebody_says_it,
    of_a_conversation_about_several_tasks_each_is_proposed,
    two_who_process_at_once_propose_once,
    a_channel_shows_its_own_conversations_however_many_there_are_elsewhere,
    the_card_about_a_private_channel_stays_in_it,
    words_of_slack_are_not_quoted_in_the_console,
    decisions_are_found_by_number_and_by_task_after_the_words_are_forgotten,
}

/// The project `AUTH` of these tasks, whose channel is `C1`.
pub(crate) async fn stored(docket: &TestApp<'_>, titles: &[&str]) {
    let (chance, now) = (&docket.db.chance, docket.db.chance.now());
    let project = sample::project(chance, "AUTH");
    let mut tx = docket.db.store.write(docket.app.tenant).await.unwrap();
    tx.insert_project(&project, TaskNumber(99), now).await.unwrap();
    let (mut rank, mut tasks) = (Rank::only(), Vec::new());
    for (number, title) in (1..).zip(titles) {
        let mut task = sample::task(number, None, &[]);
        (*title).clone_into(&mut task.fields.title);
        task.fields.status = Status::Todo;
        task.place = Place { parent: None, rank: rank.clone() };
        rank = Rank::between(Some(&rank), None);
        tasks.push(task);
    }
    let touched: BTreeSet<TaskNumber> = tasks.iter().map(|task| task.number).collect();
    let mut revised = project.clone();
    revised.revision = Revision(1);
    assert!(tx.save_plan(&Plan::new(revised, tasks), &touched, Revision(0), now).await.unwrap());
    tx.bind_channel(&sample::channel("C1"), project.id).await.unwrap();
    tx.commit().await.unwrap();
}

/// Makes a private channel another one of the project.
pub(crate) async fn bind(docket: &TestApp<'_>, channel: &str) {
    docket.slack.add_channel(channel, &["U1", "U2", BOT]);
    docket.slack.make_private(channel);
    let mut tx = docket.db.store.write(docket.app.tenant).await.unwrap();
    let project = tx.projects().await.unwrap()[0].id;
    assert!(tx.bind_channel(&sample::channel(channel), project).await.unwrap());
    tx.commit().await.unwrap();
}

async fn what_is_not_clear_is_asked_until_somebody_says_it(db: &TestDb) {
    let docket = TestApp::start(db).await;
    stored(&docket, &["Sign-in page of the shop", "Sign-in page of the blog", "Token service"]).await;
    says(&docket, "U2", None, "the sign-in page is broken").await;
    docket.slash("U1", "standup now").await;
    let said = docket.slack.messages("C1").iter().map(|one| words(&one.payload)).collect::<Vec<_>>().join("\n");
    for part in ["T-1 may be about AUTH-1 or AUTH-2", "the sign-in page is broken", "Link to AUTH-2"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains("match"), "{said}");
    jobs::queue_nights(&docket.app.desk).await.unwrap();
    db.clock.advance(Duration::from_hours(24));
    docket.run_jobs().await;
    for line in ["process", "process dry-run"] {
        docket.slash("U1", line).await;
        let told = docket.told("U1");
        assert!(told.contains("Nothing new was said since the last time. 1 needs your word."), "{line}: {told}");
        assert!(told.contains("Which task is it about?") && told.contains("Link to AUTH-1"), "{line}: {told}");
    }
    says(&docket, "U2", None, "should the sign-in page have a logo?").await;
    docket.slash("U1", "process").await;
    let told = docket.told("U1");
    assert!(told.contains("I read 1 new conversation. 2 need your word."), "{told}");
    docket.slash("U1", "track T-1 AUTH-1").await;
    docket.slash("U1", "track T-2 no").await;
    docket.slash("U1", "process").await;
    let told = docket.told("U1");
    assert!(told.contains("Nothing new was said") && !told.contains("your word"), "{told}");
    assert_eq!(docket.slack.problems(), [""; 0]);
}

async fn of_a_conversation_about_several_tasks_each_is_proposed(db: &TestDb) {
    let docket = TestApp::start(db).await;
    stored(&docket, &["Sign-in page", "Token service", "Dark mode"]).await;
    says(&docket, "U2", None, "AUTH-1 and AUTH-2 are done").await;
    docket.slash("U1", "process").await;
    assert!(docket.told("U1").contains("proposed 2 changes"), "{}", docket.told("U1"));
    let proposed = patch(&docket, 1).await;
    assert_eq!((proposed.title.as_str(), proposed.steps.len()), ("follow T-1", 2));
    docket.slash("U1", "process").await;
    assert_eq!(docket.states().await, ["proposed"]);
    let decisions = docket.slash("U1", "decisions T-1").await.body;
    for part in ["is about AUTH-1 (named) and AUTH-2 (named)", "AUTH-1 is done", "AUTH-2 is done"] {
        assert!(decisions.contains(part), "{part}: {decisions}");
    }
    docket.slash("U2", "approve P-1").await;
    assert_eq!([task(&docket, 1).await.fields.status, task(&docket, 2).await.fields.status], [Status::Done; 2]);
}

async fn two_who_process_at_once_propose_once(db: &TestDb) {
    let docket = TestApp::start(db).await;
    stored(&docket, &["Sign-in page", "Token service"]).await;
    says(&docket, "U2", None, "AUTH-1 is done").await;
    says(&docket, "U2", None, "the printer on the second floor is broken").await;
    for (user, channel) in [("U1", "C11"), ("U2", "C12")] {
        docket.slack.add_channel(channel, &["U1", "U2", BOT]);
        let elsewhere = SlackUser { channel: channel.to_owned(), ..docket.user(user) };
        docket.send(elsewhere.slash("process", db.chance.now())).await;
    }
    let (one, two) = (&docket.app.worker, jobs::worker::Worker::new(docket.app.desk.clone()));
    tokio::join!(one.drain(), two.drain());
    docket.run_jobs().await;
    assert_eq!(docket.states().await, ["proposed"]);
    assert_eq!(patch(&docket, 1).await.steps.len(), 2);
    let mut told = [docket.told("U1"), docket.told("U2")];
    told.sort();
    assert!(told[0].contains("proposed 2 changes") && told[1].contains("Nothing new was said"), "{told:?}");
}

async fn a_channel_shows_its_own_conversations_however_many_there_are_elsewhere(db: &TestDb) {
    let docket = TestApp::start(db).await;
    stored(&docket, &["Sign-in page"]).await;
    let mut tx = db.store.write(docket.app.tenant).await.unwrap();
    let by = tx.members().await.unwrap()[0].id;
    // The first is of this channel, and so are the last five; the others are elsewhere.
    for nth in 0..507 {
        let at = db.chance.now().plus(Duration::from_secs(nth));
        let text = format!("the printer of room{nth} is broken");
        let what = Saying::Said(Wording { text, since: at.as_millis() * 1_000 });
        let message = format!("{}.000100", at.as_millis() / 1_000);
        let heard = Heard { message, at, is_private: Some(false), what };
        let channel = if nth == 0 || nth > 501 { "C1" } else { "C9" };
        assert!(tx.put_heard(&sample::channel(channel), &heard, Some(by), db.chance.id(), at).await.unwrap());
    }
    let here = sample::channel("C1");
    assert_eq!(
        untracked(&docket, &mut tx, Scope { at: Some(&here), others: Some(&[]) }).await,
        [1, 503, 504, 505, 506, 507]
    );
    let everywhere = untracked(&docket, &mut tx, Scope { at: None, others: None }).await;
    assert_eq!((everywhere.len(), everywhere.first(), everywhere.last()), (500, Some(&8), Some(&507)));
}

async fn the_card_about_a_private_channel_stays_in_it(db: &TestDb) {
    let docket = TestApp::start(db).await;
    stored(&docket, &["Sign-in page", "Token service"]).await;
    bind(&docket, "G7").await;
    let there = SlackUser { channel: "G7".to_owned(), ..docket.user("U2") };
    says_as(&docket, &there, None, "AUTH-1 is done").await;
    says(&docket, "U2", None, "AUTH-2 is done").await;
    docket.slash("U1", "process").await;
    assert!(docket.told("U1").contains("proposed 1 change."), "{}", docket.told("U1"));
    let cards = |channel: &str| {
        let shown = docket.slack.messages(channel);
        shown.iter().map(|one| words(&one.payload)).collect::<Vec<_>>().join("\n")
    };
    let (open, private) = (cards("C1"), cards("G7"));
    assert!(open.contains("AUTH-2 is done") && !open.contains("AUTH-1"), "{open}");
    assert!(private.contains("AUTH-1 is done") && !private.contains("AUTH-2"), "{private}");
    assert!(private.contains("said so on") && !private.contains("said \""), "{private}");
    assert_eq!(docket.slack.problems(), [""; 0]);
}

async fn words_of_slack_are_not_quoted_in_the_console(db: &TestDb) {
    let docket = TestApp::start(db).await;
    stored(&docket, &["Sign-in page of the shop", "Sign-in page of the blog"]).await;
    says(&docket, "U2", None, "AUTH-1 is done, hooray").await;
    says(&docket, "U2", None, "the sign-in page is broken").await;
    let body = serde_urlencoded::to_string([("text", "/docket process dry-run")]).unwrap();
    let said = ask(docket.app.router.clone(), post("/console/say", "application/x-www-form-urlencoded", &body)).await;
    assert!(said.status.is_redirection() || said.status.is_success(), "{}", said.body);
    docket.run_jobs().await;
    let page = axum::http::Request::get("/console").header("host", "127.0.0.1:8080").body(axum::body::Body::empty());
    let page = ask(docket.app.router.clone(), page.unwrap()).await.body;
    for part in ["would propose 1 change", "AUTH-1 is done · ", "Ben said so on", "Which task is it about?"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("hooray") && !page.contains("is broken"), "{page}");
    docket.slash("U1", "process dry-run").await;
    assert!(docket.told("U1").contains("hooray") && docket.told("U1").contains("is broken"));
}

async fn decisions_are_found_by_number_and_by_task_after_the_words_are_forgotten(db: &TestDb) {
    let docket = TestApp::start(db).await;
    stored(&docket, &["Sign-in page", "Token service"]).await;
    bind(&docket, "G7").await;
    let there = SlackUser { channel: "G7".to_owned(), ..docket.user("U2") };
    says(&docket, "U2", None, "AUTH-1 is done").await;
    docket.slash("U1", "process").await;
    says_as(&docket, &there, None, "AUTH-1 is blocked by the auditors").await;
    docket.slash("U1", "process").await;
    db.clock.advance(Duration::from_hours(15 * 24));
    jobs::tidy::tidy(&db.store, &db.chance).await.unwrap();
    let asked = async |line: &str| docket.slash("U1", line).await.body;
    for line in ["decisions T-1", "decisions AUTH-1", "decisions AUTH"] {
        let found = asked(line).await;
        assert!(found.contains("is about AUTH-1 (named)") && !found.contains("T-2"), "{line}: {found}");
    }
    for (line, words) in [
        ("decisions AUTH-2", "Nothing was decided about AUTH-2 yet"),
        ("decisions T-2", "There is no conversation T-2 here"),
        ("decisions T-9", "There is no conversation T-9 here"),
    ] {
        let found = asked(line).await;
        assert!(found.contains(words), "{line}: {found}");
    }
    let private = docket.act(there.slash("decisions T-2", db.chance.now())).await.body;
    assert!(private.contains("AUTH-1 is blocked"), "{private}");
}
