//! When people work, when they are away, and on which days nobody works.

use std::time::Duration;

use docket::{
    app::App,
    config::Config,
    connect::feed::{FeedError, Feeds},
    llm::reach::Reach,
    shutdown::Shutdown,
};

use crate::{
    support::{
        app::{MASTER_KEY, TestApp, words},
        db::{TestDb, for_each_db},
        fake_calendar::FakeCalendar,
    },
    who_may::{member, with_owner},
};

for_each_db! {
    people_set_their_own_hours_and_slack_does_not_take_them_back,
    days_away_are_added_listed_and_taken_back,
    owners_and_admins_say_when_somebody_else_is_away,
    the_holidays_of_a_country_count_from_now_on,
    a_feed_is_read_told_about_and_read_again_every_day,
    a_feed_that_fails_keeps_its_days_and_says_why,
    no_feed_leads_to_this_machine_or_to_where_credentials_are,
    the_holidays_of_one_organisation_are_no_others,
    standups_that_are_set_already_follow_the_holidays,
}

/// What somebody is told when they type a line: at once, or by a job.
async fn said(docket: &TestApp<'_>, user: &str, line: &str) -> String {
    let before = docket.slack.private(user).len();
    let ack = docket.slash(user, line).await;
    if docket.slack.private(user).len() > before { docket.told(user) } else { ack.body }
}

async fn people_set_their_own_hours_and_slack_does_not_take_them_back(db: &TestDb) {
    let docket = with_owner(db).await;
    for (line, told) in [
        ("hours", "You work Mon–Fri 09:00–17:00, Europe/Paris."),
        ("hours Mon-Thu 9-17 America/New_York", "You work Mon–Thu 09:00–17:00, America/New_York. On other days"),
        ("hours 8:00–16:30", "You work Mon–Thu 08:00–16:30, America/New_York."),
        ("hours", "You work Mon–Thu 08:00–16:30, America/New_York."),
        ("whoami", "America/New_York (your own)"),
        ("whoami", "Works Mon–Thu 08:00–16:30 (your own)"),
        ("hours Mon-Thu nine to five", "I can't read “nine to five” as working hours. Say days, hours and a time zone"),
        ("hours Pariss", "Did you mean Europe/Paris?"),
        ("hours 17-9", "Working hours end after they began"),
        ("hours default", "You work Mon–Fri 09:00–17:00, Europe/Paris. These are everybody's hours"),
        ("whoami", "Time zone: Europe/Paris (as your profile says)"),
    ] {
        let heard = said(&docket, "U1", line).await;
        assert!(heard.contains(told), "{line}: {heard}");
    }
    said(&docket, "U1", "hours America/New_York").await;
    // Slack is asked who Ana is, and says Paris.
    docket.slash("U1", "routes forget all").await;
    assert_eq!(member(&docket, "Ana").await.time_zone, "America/New_York");
    assert_eq!(member(&docket, "Ben").await.time_zone, "Europe/Paris");
    let refused = said(&docket, "U3", "hours 8-16").await;
    assert!(refused.contains("guests"), "{refused}");
    assert_eq!(db.count("work_hours").await, 1);
    assert_eq!(docket.slack.problems(), Vec::<String>::new());
}

async fn days_away_are_added_listed_and_taken_back(db: &TestDb) {
    let docket = with_owner(db).await;
    for (line, told) in [
        ("away", "You are not away in the days ahead."),
        (
            "away 24 Dec – 2 Jan, 5 – 9 Mar",
            "You are away Thu 24 Dec 2026 – Sat 2 Jan 2027, back on Mon 4 Jan 2027; \
             Fri 5 Mar 2027 – Tue 9 Mar 2027, back on Wed 10 Mar 2027.",
        ),
        ("away", "1. Thu 24 Dec 2026 – Sat 2 Jan 2027 · 10 days"),
        ("away", "2. Fri 5 Mar 2027 – Tue 9 Mar 2027 · 5 days"),
        ("whoami", "Away Thu 24 Dec 2026 – Sat 2 Jan 2027, Fri 5 Mar 2027 – Tue 9 Mar 2027"),
        ("away 3 Jan", "You are away Thu 24 Dec 2026 – Sun 3 Jan 2027, back on Mon 4 Jan 2027."),
        ("away until Monday", "You are away Fri 20 Nov 2026 – Sun 22 Nov 2026, back on Mon 23 Nov 2026."),
        ("away cancel 9", "There is no leave number 9. /docket away lists those ahead."),
        ("away cancel 2", "You are no longer away: Thu 24 Dec 2026 – Sun 3 Jan 2027."),
        ("away cancel", "Say which leave by its number"),
        ("away soonish", "I can't read “soonish” as days."),
        ("away 2026-11-01 to 2026-11-05", "These days are over"),
    ] {
        let heard = said(&docket, "U1", line).await;
        assert!(heard.contains(told), "{line}: {heard}");
    }
    db.clock.advance(Duration::from_hours(24 * 4));
    let ahead = said(&docket, "U1", "away").await;
    assert!(ahead.contains("1. Fri 5 Mar 2027") && !ahead.contains("20 Nov"), "what is over is not listed: {ahead}");
    let refused = said(&docket, "U3", "away tomorrow").await;
    assert!(refused.contains("guests"), "{refused}");
    assert_eq!(docket.slack.problems(), Vec::<String>::new());
}

async fn owners_and_admins_say_when_somebody_else_is_away(db: &TestDb) {
    let docket = with_owner(db).await;
    for (by, line, told) in [
        ("U2", "away <@U1> tomorrow", "only owners and admins say when somebody else is away. Ana"),
        ("U1", "away <@U2> tomorrow", "Ben is away Sat 21 Nov 2026, back on Mon 23 Nov 2026."),
        ("U1", "away @ben", "Ben is away"),
        ("U2", "away", "1. Sat 21 Nov 2026 · 1 day"),
        ("U1", "away @zoe tomorrow", "I know nobody called “zoe”"),
        ("U1", "away @ben cancel 1", "Ben is no longer away: Sat 21 Nov 2026."),
    ] {
        let heard = said(&docket, by, line).await;
        assert!(heard.contains(told), "{by} {line}: {heard}");
    }
    let ben = member(&docket, "Ben").await.id.to_string();
    let trail = db.store.read(docket.app.tenant).await.unwrap().audit_of(&ben, 9).await.unwrap();
    assert_eq!(trail.iter().filter(|entry| entry.action == "member.away").count(), 2, "{trail:?}");
}

async fn the_holidays_of_a_country_count_from_now_on(db: &TestDb) {
    let docket = with_owner(db).await;
    for (by, line, told) in [
        ("U1", "holidays", "No holidays are set, so every Monday to Friday counts as a working day."),
        ("U2", "holidays FR", "only owners and admins set the holidays. Ana"),
        ("U1", "holidays Atlantis", "I don't know the holidays of “Atlantis”. I know those of Austria (AT)"),
        (
            "U1",
            "holidays France",
            "The public holidays of France count as days off from now on. Next: Fri 25 Dec 2026 Christmas Day, Fri 1 Jan 2027 New Year's Day",
        ),
        ("U1", "holidays FR", "The holidays of France count already."),
        ("U2", "holidays", "1. France (FR) · Fri 25 Dec 2026 Christmas Day"),
        ("U1", "holidays remove DE", "I can't tell which calendar you mean. There are: 1. France (FR)."),
        ("U1", "away 24 Dec", "back on Mon 28 Dec 2026"),
    ] {
        let heard = said(&docket, by, line).await;
        assert!(heard.contains(told), "{by} {line}: {heard}");
    }
    // The next year comes into reach by itself.
    db.clock.advance(Duration::from_hours(24 * 60));
    docket.run_jobs().await;
    let mut tx = db.store.read(docket.app.tenant).await.unwrap();
    assert!(tx.holidays().await.unwrap().contains(&"2030-12-25".parse().unwrap()));
    drop(tx);
    let heard = said(&docket, "U1", "holidays remove France").await;
    assert!(heard.contains("France (FR) no longer counts"), "{heard}");
    assert_eq!((db.count("calendars").await, db.count("holidays").await), (0, 0));
    db.clock.advance(Duration::from_hours(24));
    docket.run_jobs().await;
    let trail = db.store.read(docket.app.tenant).await.unwrap().audit_page(None, None, 99).await.unwrap();
    let actions: Vec<_> =
        trail.iter().map(|(_, entry)| entry.action.as_str()).filter(|a| a.starts_with("holidays.")).collect();
    assert_eq!(actions.len(), 2, "{actions:?}");
}

async fn a_feed_is_read_told_about_and_read_again_every_day(db: &TestDb) {
    let (docket, feeds) = (with_owner(db).await, FakeCalendar::start().await);
    feeds.put("/closed.ics", "Closed days", &[("20261224", "Half-day"), ("20261231", "Shut")]);
    feeds.pass_on("/moved", "/closed.ics");
    let line = format!("holidays {}", feeds.url("/moved"));
    docket.slash("U1", &line).await;
    let told: Vec<_> = docket.slack.private("U1").iter().map(|it| words(&it.payload)).collect();
    assert!(told.iter().any(|it| it.contains("I am reading the feed of 127.0.0.1")), "{told:?}");
    let last = told.last().unwrap();
    assert!(last.contains("The 2 days of Closed days (127.0.0.1) count as days off from now on."), "{last}");
    assert!(last.contains("Next: Thu 24 Dec 2026 Half-day, Thu 31 Dec 2026 Shut."), "{last}");
    let again = said(&docket, "U1", &line).await;
    assert!(again.contains("is there already"), "{again}");

    feeds.put("/closed.ics", "Closed days", &[("20261231", "Shut")]);
    db.clock.advance(Duration::from_hours(25));
    let before = docket.slack.private("U1").len();
    docket.run_jobs().await;
    assert_eq!(docket.slack.private("U1").len(), before, "what is read every day is told once");
    let listed = docket.slash("U1", "holidays").await.body;
    assert!(listed.contains("Closed days (127.0.0.1) · Thu 31 Dec 2026 Shut"), "{listed}");
    assert!(!listed.contains("closed.ics") && !listed.contains("Half-day"), "{listed}");
    assert_eq!(feeds.asked(), ["/moved", "/closed.ics", "/moved", "/closed.ics"]);
    let gone = said(&docket, "U1", "holidays remove 1").await;
    assert!(gone.contains("Closed days (127.0.0.1) no longer counts"), "{gone}");
    db.clock.advance(Duration::from_hours(25));
    docket.run_jobs().await;
    assert_eq!(feeds.asked().len(), 4, "nobody reads what was removed");
    assert_eq!(docket.slack.problems(), Vec::<String>::new());
}

async fn a_feed_that_fails_keeps_its_days_and_says_why(db: &TestDb) {
    let (docket, feeds) = (with_owner(db).await, FakeCalendar::start().await);
    feeds.put("/closed.ics", "Closed days", &[("20261231", "Shut")]);
    feeds.put_text("/page", "<html>Sign in first</html>".to_owned());
    feeds.put_text("/large", format!("BEGIN:VCALENDAR\r\n{}", "X-LONG:0123456789\r\n".repeat(150_000)));
    feeds.pass_on("/circle", "/circle");
    for (path, why) in [
        ("/missing", "it answers with HTTP status 404"),
        ("/page", "what is there is no iCalendar file: it does not begin with BEGIN:VCALENDAR"),
        ("/large", "it is larger than 2 MB"),
        ("/circle", "it passes me on too often"),
    ] {
        let told = said(&docket, "U1", &format!("holidays {}", feeds.url(path))).await;
        assert!(told.contains(why) && told.contains("I try again every 6 hours"), "{path}: {told}");
        let gone = said(&docket, "U1", "holidays remove 1").await;
        assert!(gone.contains("no longer counts"), "{gone}");
    }
    docket.slash("U1", &format!("holidays {}", feeds.url("/closed.ics"))).await;
    feeds.fail("/closed.ics", 503);
    db.clock.advance(Duration::from_hours(25));
    docket.run_jobs().await;
    let listed = docket.slash("U1", "holidays").await.body;
    assert!(listed.contains("Thu 31 Dec 2026 Shut"), "{listed}");
    assert!(listed.contains("it answers with HTTP status 503"), "{listed}");
    feeds.put("/closed.ics", "Closed days", &[("20261230", "Shut earlier")]);
    db.clock.advance(Duration::from_hours(7));
    docket.run_jobs().await;
    let listed = docket.slash("U1", "holidays").await.body;
    assert!(listed.contains("Shut earlier") && !listed.contains("503"), "{listed}");
}

async fn no_feed_leads_to_this_machine_or_to_where_credentials_are(db: &TestDb) {
    let feeds = FakeCalendar::start().await;
    feeds.put("/closed.ics", "Closed days", &[("20261231", "Shut")]);
    feeds.pass_on("/trap", "http://169.254.169.254/latest/meta-data");
    feeds.pass_on("/file", "file:///etc/passwd");
    // As Docket is built for everybody.
    let settings = [("DATABASE_URL", db.url.clone()), ("DOCKET_MASTER_KEY", MASTER_KEY.to_owned())];
    let read = |name: &str| settings.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
    let config = Config::read(&read).unwrap();
    let app = App::build(&config, db.store.clone(), db.chance.clone(), Shutdown::new()).await.unwrap();
    let port = feeds.url("").rsplit_once(':').unwrap().1.to_owned();
    for host in ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "2130706433"] {
        let address = format!("http://{host}:{port}/closed.ics");
        app.desk.feeds.address(&address).unwrap_err();
        assert_eq!(app.desk.feeds.read(&address).await, Err(FeedError::OutOfReach), "{host}");
    }
    assert_eq!(feeds.asked(), [""; 0]);
    // Where nothing but credentials is out of reach, whoever is passed on to them is stopped as well.
    let near = Feeds::new(Reach::NotLinkLocal).unwrap();
    assert_eq!(near.read(&feeds.url("/trap")).await, Err(FeedError::OutOfReach));
    assert_eq!(near.read(&feeds.url("/file")).await, Err(FeedError::Lost));
    assert_eq!(near.read(&feeds.url("/closed.ics")).await.unwrap().days.len(), 1);
    // People are told, and nothing is kept.
    let docket = with_owner(db).await;
    for (line, told) in [
        ("holidays http://169.254.169.254/latest", "it leads to this machine or to a private network"),
        ("holidays https://me:pw@example.com/h.ics", "The address holds a secret"),
        ("holidays ftp://example.com/h.ics", "has to start with https://"),
    ] {
        let heard = said(&docket, "U1", line).await;
        assert!(heard.contains(told), "{line}: {heard}");
    }
    assert_eq!(db.count("calendars").await, 0);
}

async fn the_holidays_of_one_organisation_are_no_others(db: &TestDb) {
    let docket = with_owner(db).await;
    let (other, zoe) = docket.second_tenant().await;
    said(&docket, "U1", "holidays FR").await;
    let ack = docket.send(zoe.slash("holidays", db.chance.now())).await;
    assert!(ack.body.contains("No holidays are set"), "{}", ack.body);
    assert!(db.store.read(other).await.unwrap().holidays().await.unwrap().is_empty());
}

async fn standups_that_are_set_already_follow_the_holidays(db: &TestDb) {
    let (docket, feeds) = (with_owner(db).await, FakeCalendar::start().await);
    let comes = async |on: &str| {
        let heard = words(&docket.slash("U1", "standup list").await.json());
        assert!(heard.contains(&format!("next {on} 09:30, Europe/Paris")), "{on}: {heard}");
    };
    // Christmas Eve, a Thursday, at noon.
    db.clock.advance(Duration::from_hours(34 * 24 + 2));
    docket.slash("U1", "standup at 9:30 weekdays Europe/Paris yes").await;
    comes("Fri 25 Dec").await;
    docket.slash("U1", "holidays France").await;
    comes("Mon 28 Dec").await;
    docket.slash("U1", "holidays remove France").await;
    comes("Fri 25 Dec").await;
    feeds.put("/closed.ics", "Closed days", &[("20261225", "Shut")]);
    docket.slash("U1", &format!("holidays {}", feeds.url("/closed.ics"))).await;
    comes("Mon 28 Dec").await;
    feeds.put("/closed.ics", "Closed days", &[("20261228", "Shut")]);
    db.clock.advance(Duration::from_hours(25));
    docket.run_jobs().await;
    comes("Tue 29 Dec").await;
    docket.slash("U1", "holidays remove 1").await;
    comes("Mon 28 Dec").await;
}
