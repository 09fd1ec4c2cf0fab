//! People are reminded privately of what they wanted, at the right time and once.

use docket::domain::{
    job::Job,
    member::{Role, Standing},
    time::Timestamp,
};

use crate::support::{
    app::{TestApp, words},
    db::{TestDb, for_each_db},
    sample,
};

for_each_db! {
    somebody_is_reminded_privately_once_and_told_how_the_task_stands,
    a_task_that_is_over_or_gone_takes_one_line,
    reminders_are_listed_and_taken_back_by_whoever_set_them,
    what_is_over_too_far_or_too_much_is_refused_with_an_example,
    guests_and_viewers_remind_themselves_and_whoever_left_is_told_nothing,
}

/// What somebody was told directly, without having asked.
fn direct(docket: &TestApp<'_>, user: &str) -> Vec<String> {
    docket.slack.messages(&format!("D-{user}")).iter().map(|message| words(&message.payload)).collect()
}

/// Lets the time come at which the clock in Paris shows this.
async fn wait_until(docket: &TestApp<'_>, utc: &str) {
    let at: chrono::DateTime<chrono::Utc> = utc.parse().unwrap();
    docket.db.clock.set(Timestamp::from_millis(at.timestamp_millis()));
    docket.run_jobs().await;
}

/// Lets more come than Slack takes at once.
async fn settle(docket: &TestApp<'_>) {
    for _ in 0..5 {
        docket.db.clock.advance(std::time::Duration::from_secs(2));
        docket.run_jobs().await;
    }
}

async fn planned(db: &TestDb) -> TestApp<'_> {
    let docket = TestApp::start(db).await;
    docket.slash("U1", "plan Build a user authentication flow").await;
    docket.click("U2", "patch.approve").await;
    docket
}

async fn somebody_is_reminded_privately_once_and_told_how_the_task_stands(db: &TestDb) {
    let docket = planned(db).await;
    docket.slash("U1", "remind AUTH-1 tomorrow 10:00 look at the logs").await;
    let said = docket.told("U1");
    assert!(said.contains("Sat 21 Nov 10:00, Europe/Paris: AUTH-1, look at the logs"), "{said}");
    docket.mention("U2", "remind me in 2 hours to call Ana").await;
    let before = docket.slack.messages("C1").len();
    docket.slash("U2", "start AUTH-1").await;
    let cards = docket.slack.messages("C1").len() - before;

    wait_until(&docket, "2026-11-20T11:59:59Z").await;
    assert_eq!(direct(&docket, "U2"), [""; 0]);
    // The clock of this test went on by some seconds while Slack was asked.
    wait_until(&docket, "2026-11-20T12:01:00Z").await;
    assert_eq!(direct(&docket, "U2"), ["Reminder: call Ana"]);
    wait_until(&docket, "2026-11-21T08:59:59Z").await;
    assert_eq!(direct(&docket, "U1"), [""; 0]);
    wait_until(&docket, "2026-11-21T09:00:00Z").await;
    let told = direct(&docket, "U1");
    assert!(told.len() == 1 && told[0].contains("Reminder: look at the logs"), "{told:?}");
    assert!(told[0].contains("AUTH-1") && told[0].contains("in progress"), "{told:?}");
    assert_eq!(docket.slack.messages("C1").len(), before + cards, "nobody else is told");

    // A job that runs twice tells nothing twice.
    let mut tx = db.store.write(docket.app.tenant).await.unwrap();
    assert!(tx.reminders().await.unwrap().is_empty());
    let again = Job::Remind { reminder: db.chance.id() }.due(db.chance.now());
    tx.enqueue(db.chance.id(), &again).await.unwrap();
    tx.commit().await.unwrap();
    wait_until(&docket, "2026-11-22T09:00:00Z").await;
    assert_eq!((direct(&docket, "U1").len(), direct(&docket, "U2").len()), (1, 1));
    assert_eq!(docket.slack.problems(), Vec::<String>::new());
}

async fn a_task_that_is_over_or_gone_takes_one_line(db: &TestDb) {
    let docket = planned(db).await;
    docket.slash("U1", "remind AUTH-1 in 1 hour look at the logs").await;
    docket.slash("U1", "remind me about AUTH-2 in 2 hours").await;
    docket.slash("U1", "remind me in 3 hours of AUTH-3: ask Ben").await;
    docket.slash("U1", "done AUTH-1").await;
    docket.slash("U1", "cancel AUTH-2").await;
    docket.slash("U1", "edit drop AUTH-3").await;
    docket.click("U2", "patch.approve").await;
    wait_until(&docket, "2026-11-20T13:00:00Z").await;
    settle(&docket).await;
    let mut told = direct(&docket, "U1");
    told.sort();
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[0].starts_with("You wanted to be reminded of AUTH-1 "), "{told:?}");
    assert!(told[0].ends_with(" (look at the logs): it is done already."), "{told:?}");
    assert!(told[1].contains("AUTH-2") && told[1].ends_with(": it is cancelled already."), "{told:?}");
    assert_eq!(told[2], "You wanted to be reminded of AUTH-3 (ask Ben): it is no longer in the plan.");
    assert!(told.iter().all(|told| !told.contains('\n')), "{told:?}");
}

async fn reminders_are_listed_and_taken_back_by_whoever_set_them(db: &TestDb) {
    let docket = planned(db).await;
    let none = words(&docket.slash("U1", "remind list").await.json());
    assert!(none.contains("You have no reminders") && none.contains("/docket remind AUTH-3"), "{none}");
    docket.slash("U1", "remind me tomorrow 10:00 to call Ben").await;
    docket.slash("U1", "in AUTH: remind 2 in 2 hours").await;
    let all = words(&docket.slash("U1", "remind").await.json());
    let places = ["1. Fri 20 Nov 13:00, Europe/Paris · AUTH-2", "2. Sat 21 Nov 10:00, Europe/Paris · call Ben"];
    assert!(places.iter().all(|line| all.contains(line)), "{all}");
    let others = words(&docket.slash("U2", "remind list").await.json());
    assert!(others.contains("You have no reminders"), "{others}");
    docket.slash("U2", "remind cancel 1").await;
    assert!(docket.told("U2").contains("You have no reminder number 1"), "{}", docket.told("U2"));
    docket.slash("U1", "remind cancel 1").await;
    assert_eq!(docket.told("U1"), "Taken back: Fri 20 Nov 13:00, Europe/Paris, AUTH-2");
    docket.slash("U1", "remind cancel 2").await;
    assert!(docket.told("U1").contains("You have no reminder number 2"), "{}", docket.told("U1"));
    wait_until(&docket, "2026-11-23T09:00:00Z").await;
    assert_eq!(direct(&docket, "U1"), ["Reminder: call Ben"]);
}

async fn what_is_over_too_far_or_too_much_is_refused_with_an_example(db: &TestDb) {
    let docket = planned(db).await;
    for (line, part) in [
        (
            "remind AUTH-1 today 10:00 look",
            "That is over: for you it is Fri 20 Nov 11:00, Europe/Paris. Say a moment ahead",
        ),
        ("remind AUTH-1 2028-01-02 10:00 look", "more than a year ahead"),
        ("remind AUTH-99 tomorrow", "AUTH-99"),
        ("remind tomorrow 10:00", "Say what to remind you of"),
        ("remind AUTH-1 soon", "Say tomorrow 10:00, in 2 hours"),
    ] {
        let ack = docket.slash("U1", line).await;
        let told = format!("{}\n{}", docket.told("U1"), ack.body);
        assert!(told.contains(part), "{line}: {told}");
    }
    docket.slash("U1", &format!("remind me tomorrow to {}", "x".repeat(1_001))).await;
    assert!(docket.told("U1").contains("1000 characters"), "{}", docket.told("U1"));
    let ana = {
        let mut tx = db.store.read(docket.app.tenant).await.unwrap();
        assert!(tx.reminders().await.unwrap().is_empty());
        tx.member_by_identity(&sample::identity("U1")).await.unwrap().unwrap().id
    };
    for _ in 0..49 {
        docket.slash("U1", "remind me tomorrow to breathe").await;
    }
    for _ in 0..2 {
        docket.slash("U1", "remind me tomorrow to breathe").await;
    }
    assert!(docket.told("U1").contains("50 reminders of yours wait already"), "{}", docket.told("U1"));
    let mut tx = db.store.read(docket.app.tenant).await.unwrap();
    assert_eq!(tx.reminders_of(ana).await.unwrap().len(), 50);
}

async fn guests_and_viewers_remind_themselves_and_whoever_left_is_told_nothing(db: &TestDb) {
    let docket = planned(db).await;
    for user in ["U2", "U3"] {
        docket.slash(user, "remind AUTH-1 in 1 hour").await;
    }
    docket.slash("U1", "remind AUTH-1 in 1 hour").await;
    let mut tx = db.store.write(docket.app.tenant).await.unwrap();
    let ben = tx.member_by_identity(&sample::identity("U2")).await.unwrap().unwrap();
    tx.set_role(ben.id, Role::Viewer).await.unwrap();
    let ana = tx.member_by_identity(&sample::identity("U1")).await.unwrap().unwrap();
    let ana = docket::domain::member::Member { standing: Standing::Gone, ..ana };
    tx.put_member(&ana, &sample::identity("U1")).await.unwrap();
    tx.commit().await.unwrap();
    docket.slash("U2", "remind me in 2 hours to breathe").await;
    wait_until(&docket, "2026-11-20T12:00:00Z").await;
    settle(&docket).await;
    assert_eq!((direct(&docket, "U1").len(), direct(&docket, "U2").len(), direct(&docket, "U3").len()), (0, 2, 1));
    assert!(db.store.read(docket.app.tenant).await.unwrap().reminders().await.unwrap().is_empty());
}
