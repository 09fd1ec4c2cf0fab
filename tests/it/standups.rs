//! Schedules as people set them: what they would do is shown first, and everything says how to mend it.

use std::time::Duration;

use docket::domain::{
    member::Role,
    schedule::{Missed, Pause, Schedule},
};

use crate::support::{
    app::{TestApp, words},
    db::{TestDb, for_each_db},
    sample,
};

for_each_db! {
    nothing_is_saved_before_somebody_says_yes_to_the_next_times,
    what_is_not_said_is_as_it_comes,
    a_schedule_is_edited_and_keeps_what_is_not_named,
    days_are_skipped_and_pauses_end_by_themselves,
    what_is_removed_can_be_brought_back,
    several_schedules_are_told_apart_by_their_numbers,
    a_weekly_has_no_drafts_and_says_nothing_of_them,
    whoever_may_only_look_sets_nothing,
    what_can_not_be_meant_changes_nothing_and_says_why,
}

async fn schedules(docket: &TestApp<'_>) -> Vec<Schedule> {
    docket.db.store.read(docket.app.tenant).await.unwrap().schedules().await.unwrap()
}

/// What somebody is told in answer to a command, at once or afterwards.
async fn say(docket: &TestApp<'_>, user: &str, line: &str) -> String {
    let before = docket.slack.private(user).len();
    let ack = docket.slash(user, line).await;
    let told = docket.slack.private(user);
    if told.len() > before { words(&told.last().unwrap().payload) } else { words(&ack.json()) }
}

async fn trail(docket: &TestApp<'_>, schedule: &Schedule) -> Vec<String> {
    let mut tx = docket.db.store.read(docket.app.tenant).await.unwrap();
    let trail = tx.audit_of(&schedule.id.to_string(), 20).await.unwrap();
    trail.into_iter().map(|entry| entry.action).collect()
}

async fn nothing_is_saved_before_somebody_says_yes_to_the_next_times(db: &TestDb) {
    let docket = TestApp::start(db).await;
    let line = "standup at 9:30 weekdays Europe/Paris late 4h";
    let shown = say(&docket, "U1", line).await;
    // It is Friday, eleven o'clock in Paris.
    for day in ["Mon 23 Nov", "Tue 24 Nov", "Wed 25 Nov", "Thu 26 Nov", "Fri 27 Nov"] {
        assert!(shown.contains(&format!("{day} 09:30, Europe/Paris")), "{shown}");
    }
    assert!(shown.contains("Nothing is saved yet") && shown.contains("up to 4 hours late"), "{shown}");
    assert_eq!(schedules(&docket).await, []);

    let preview = docket.slack.private("U1").last().cloned().unwrap();
    docket.press_private("U1", "say.0").await;
    let saved = schedules(&docket).await;
    let [schedule] = &saved[..] else { panic!("{saved:?}") };
    assert_eq!((schedule.zone, schedule.missed), (chrono_tz::Europe::Paris, Missed::Late(4)));
    assert_eq!(schedule.venue, sample::channel("C1"));
    assert!(docket.told("U1").contains("The next one comes Mon 23 Nov 09:30, Europe/Paris"), "{}", docket.told("U1"));
    assert_eq!(trail(&docket, schedule).await, ["schedule.set"]);

    // Pressed again it changes nothing.
    docket.click_on("U1", &preview, "say.0").await;
    assert_eq!(schedules(&docket).await, saved);
    assert!(docket.told("U1").contains("set already"), "{}", docket.told("U1"));
    let listed = say(&docket, "U2", "standup list").await;
    assert!(listed.contains("Mon–Fri at 09:30, Europe/Paris") && listed.contains("next Mon 23 Nov 09:30"), "{listed}");
    assert_eq!(docket.slack.problems(), [""; 0]);
}

async fn what_is_not_said_is_as_it_comes(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slash("U1", "standup at 9:30 yes").await;
    docket.slash("U1", "weekly at Friday 15:00 skip missed yes").await;
    let saved = schedules(&docket).await;
    let words: Vec<String> = saved.iter().map(|one| format!("{} {}", one.when.words(), one.zone)).collect();
    assert_eq!(
        words,
        ["Mon–Fri at 09:30 Europe/Paris", "every Friday at 15:00 Europe/Paris"],
        "in the sender's own zone"
    );
    assert_eq!(saved.iter().map(|one| one.missed).collect::<Vec<_>>(), [Missed::Late(2), Missed::Skip]);
    assert!(saved.iter().all(|one| !one.has_drafts && one.pause.is_none() && one.projects.is_empty()));
}

async fn a_schedule_is_edited_and_keeps_what_is_not_named(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slash("U1", "plan Build a user authentication flow").await;
    docket.click("U2", "patch.approve").await;
    docket.slash("U1", "standup at 9:30 weekdays Europe/Paris for AUTH late 4h with drafts yes").await;
    let before = schedules(&docket).await.remove(0);
    let shown = say(&docket, "U1", "standup edit at 10:15").await;
    assert!(shown.contains("Mon 23 Nov 10:15, Europe/Paris") && shown.contains("Nothing is saved yet"), "{shown}");
    assert_eq!(schedules(&docket).await, std::slice::from_ref(&before));
    docket.press_private("U1", "say.0").await;
    let after = schedules(&docket).await.remove(0);
    assert_eq!(after.when.words(), "Mon–Fri at 10:15");
    let same = Schedule { when: before.when.clone(), next_run_at: before.next_run_at, ..after.clone() };
    assert_eq!(same, before);
    docket.slash("U2", "standup edit 1 Tue and Thu America/New_York yes").await;
    let after = schedules(&docket).await.remove(0);
    assert_eq!((after.when.words().as_str(), after.zone), ("Tue, Thu at 10:15", chrono_tz::America::New_York));
    assert_eq!((after.missed, after.has_drafts, &after.projects), (Missed::Late(4), true, &before.projects));
    docket.slash("U2", "standup edit skip missed without drafts for this channel yes").await;
    let last = schedules(&docket).await.remove(0);
    assert_eq!((last.missed, last.has_drafts, last.projects.len()), (Missed::Skip, false, 0));
    assert_eq!(
        trail(&docket, &last).await,
        ["schedule.changed", "schedule.changed", "schedule.changed", "schedule.set"]
    );
}

async fn days_are_skipped_and_pauses_end_by_themselves(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slash("U1", "standup at 9:30 weekdays Europe/Paris yes").await;
    let told = say(&docket, "U1", "standup skip monday").await;
    assert!(told.contains("23 Nov 2026 is left out. The next one comes Tue 24 Nov 09:30, Europe/Paris."), "{told}");
    let told = say(&docket, "U1", "standup skip tomorrow").await;
    assert!(told.contains("No standup is to come on 21 Nov 2026"), "{told}");
    let told = say(&docket, "U1", "standup pause until 30 Nov").await;
    assert!(told.contains("The next one comes Mon 30 Nov 09:30, Europe/Paris."), "{told}");
    let listed = say(&docket, "U1", "standup").await;
    assert!(listed.contains("paused until 30 Nov 2026") && listed.contains("not on 23 Nov 2026"), "{listed}");
    db.clock.advance(Duration::from_hours(10 * 24));
    let listed = say(&docket, "U1", "standup list").await;
    assert!(!listed.contains("paused"), "{listed}");
    let told = say(&docket, "U1", "standup resume").await;
    assert!(told.contains("It is not paused"), "{told}");
    docket.slash("U1", "standup pause").await;
    let resting = schedules(&docket).await.remove(0);
    assert_eq!((resting.pause, resting.next_run_at), (Some(Pause::Open), None));
    docket.press_private("U1", "say.0").await;
    let again = schedules(&docket).await.remove(0);
    assert!(again.pause.is_none() && again.next_run_at.is_some(), "{again:?}");
}

async fn what_is_removed_can_be_brought_back(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slash("U1", "standup every second Tuesday at 10 America/New_York late 1h with drafts yes").await;
    let before = schedules(&docket).await.remove(0);
    let told = say(&docket, "U2", "standup remove").await;
    assert!(told.contains("To bring it back, say /docket standup every second Tuesday at 10:00 from"), "{told}");
    assert_eq!(schedules(&docket).await, []);
    assert_eq!(trail(&docket, &before).await[0], "schedule.removed");
    docket.press_private("U2", "say.0").await;
    let after = schedules(&docket).await.remove(0);
    let same = Schedule {
        id: before.id,
        by: before.by,
        created_at: before.created_at,
        when: before.when.clone(),
        ..after.clone()
    };
    assert_eq!(same, before);
    assert_eq!(after.when.words(), before.when.words());
}

async fn several_schedules_are_told_apart_by_their_numbers(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slash("U1", "standup at 9:30 weekdays yes").await;
    db.clock.advance(Duration::from_secs(1));
    docket.slash("U1", "weekly at Friday 15:00 yes").await;
    db.clock.advance(Duration::from_secs(1));
    let shown = say(&docket, "U1", "standup at 14:00 weekdays").await;
    assert!(shown.contains("This channel has 1 standup already"), "{shown}");
    docket.slash("U1", "standup at 14:00 weekdays yes").await;
    let told = say(&docket, "U1", "standup pause").await;
    assert!(told.contains("Say which, by its number: 1 or 3."), "{told}");
    docket.slash("U1", "standup pause 3").await;
    docket.slash("U1", "weekly remove").await;
    let left = schedules(&docket).await;
    assert_eq!(left.iter().map(|one| one.pause).collect::<Vec<_>>(), [None, Some(Pause::Open)]);
    let told = say(&docket, "U1", "standup remove 7").await;
    assert!(told.contains("There is no number 7 here"), "{told}");

    // Whoever is in charge sees those of other channels too.
    let mut tx = db.store.write(docket.app.tenant).await.unwrap();
    let ana = tx.member_by_identity(&sample::identity("U1")).await.unwrap().unwrap();
    let elsewhere = Schedule { id: db.chance.id(), venue: sample::channel("C2"), ..left[0].clone() };
    tx.insert_schedule(&elsewhere).await.unwrap();
    tx.set_role(ana.id, Role::Admin).await.unwrap();
    tx.commit().await.unwrap();
    assert!(say(&docket, "U1", "standup list").await.contains("Elsewhere Slack channel C2"));
    assert!(!say(&docket, "U2", "standup list").await.contains("C2"));
}

async fn a_weekly_has_no_drafts_and_says_nothing_of_them(db: &TestDb) {
    let docket = TestApp::start(db).await;
    let refused = "A weekly has no drafts: it says what the projects came to, and nobody's part in it.";
    let told = say(&docket, "U1", "weekly at Friday 15:00 with drafts yes").await;
    assert!(told.contains(refused), "{told}");
    assert_eq!(schedules(&docket).await, []);
    let shown = say(&docket, "U1", "weekly at Friday 15:00 without drafts").await;
    assert!(shown.contains("Nothing is saved yet") && !shown.contains("draft"), "{shown}");
    docket.press_private("U1", "say.0").await;
    let saved = schedules(&docket).await;
    assert_eq!(saved.len(), 1);
    let told = say(&docket, "U1", "weekly edit with drafts yes").await;
    assert!(told.contains(refused), "{told}");
    // One that was set before it was refused.
    let mut tx = db.store.write(docket.app.tenant).await.unwrap();
    assert!(tx.update_schedule(&Schedule { has_drafts: true, ..saved[0].clone() }).await.unwrap());
    tx.commit().await.unwrap();
    let until = saved[0].next_run_at.unwrap().plus(Duration::from_secs(1));
    assert_eq!(db.store.schedules_with_drafts(db.chance.now(), until).await.unwrap(), []);
    for line in ["weekly list", "weekly edit at 16:00", "weekly edit", "weekly list all", "weekly remove"] {
        let told = say(&docket, "U1", line).await;
        assert!(!told.contains("draft"), "{line}: {told}");
    }
    assert_eq!(schedules(&docket).await, []);
}

async fn whoever_may_only_look_sets_nothing(db: &TestDb) {
    let docket = TestApp::start(db).await;
    docket.slash("U1", "standup at 9:30 weekdays yes").await;
    let before = schedules(&docket).await;
    for line in [
        "standup at 9:30 weekdays",
        "standup at 10:30 weekdays yes",
        "standup pause",
        "standup skip monday",
        "standup edit at 10:00 yes",
        "weekly at Friday 15:00 yes",
        "standup remove",
    ] {
        let told = say(&docket, "U3", line).await;
        assert!(told.contains("guests can't change anything"), "{line}: {told}");
    }
    assert!(say(&docket, "U3", "standup list").await.contains("Mon–Fri at 09:30"));
    assert_eq!(schedules(&docket).await, before);
}

async fn what_can_not_be_meant_changes_nothing_and_says_why(db: &TestDb) {
    let docket = TestApp::start(db).await;
    for (line, says) in [
        ("standup at 9:30 weekdays Europe/Pariss yes", "Did you mean Europe/Paris?"),
        ("standup at 25:00 yes", "25:00"),
        ("standup cron 0 0 31 2 * yes", "never"),
        ("standup cron * * * * * yes", "within 15 minutes"),
        ("standup once on 4 Dec 2020 at 15:00 yes", "never comes again"),
        ("standup at 9:30 weekdays for NOPE yes", "There is no project NOPE"),
        ("standup pause", "This channel has no standup. Set one: /docket standup at 9:30 weekdays"),
        ("weekly at 15:00 yes", "Say on which days"),
        ("in AUTH: standup at 9:30 yes", "leave out “in AUTH:”"),
    ] {
        let told = say(&docket, "U1", line).await;
        assert!(told.contains(says), "{line}: {told}");
    }
    assert_eq!(schedules(&docket).await, []);
    let listed = say(&docket, "U1", "weekly list").await;
    assert!(
        listed.contains("This channel gets no digest yet") && listed.contains("/docket weekly at Friday 15:00"),
        "{listed}"
    );
}
