mod untracked;
mod week;
mod windows;
mod wording;
mod world;

use std::collections::BTreeSet;

use world::*;

use crate::domain::{
    digest::{Loaded, Presence},
    plan::Plan,
    task::Status,
    tracker::RepositoryId,
};

#[test]
fn nothing_changed_is_one_line() {
    let mut loaded = team(&["Ana", "Ben"]);
    let auth = project(1, "AUTH", "User authentication");
    let plan = auth.id;
    loaded.plans = vec![Plan::new(auth, [given(1, "Issue tokens", Some(0), Status::InProgress, &[])])];
    insta::assert_snapshot!(said(&loaded), @r"
    Nothing changed since Fri 27 Nov 08:30 UTC.
    --- thread
    ");
    loaded.waiting = vec![proposal(plan, 41, "split the sign-in page", hours_before(100))];
    insta::assert_snapshot!(said(&loaded), @r"
    Nothing changed since Fri 27 Nov 08:30 UTC. Still waiting: 1 approval.
    --- thread
    ");
}

#[test]
fn a_busy_day_tells_everything_once_and_shortly() {
    insta::assert_snapshot!(said(&busy()), @r"
    Standup · Mon 30 Nov
    Ana done: AUTH-2 Issue tokens (#12) · now: AUTH-3 Store refresh tokens
    Ben done: approved #12 Issue tokens · now: AUTH-4 Sign-in page in review (#14)
    Cy now: #15 New colours (checks failed) · blocked: AUTH-5 by AUTH-4 (Ben), AUTH-6 by AUTH-3 (Ana)
    Dee next: AUTH-7 Write the help page, 4 days overdue
    No news: Eli
    Waiting
    AUTH #14 Sign-in page waits for Ana since Friday · checks fail in #15 · P-41 waits for approval since Saturday · 1 task overdue
    Focus today: review #14 Sign-in page: it waits for Ana since Friday, and 1 task waits for it
    Since Fri 27 Nov 08:30 UTC · details in the thread
    --- thread
    Ana
    Done
      AUTH-2 Issue tokens (#12)
    Doing now
      AUTH-3 Store refresh tokens
    Ben
    Done
      approved #12 Issue tokens
    Doing now
      AUTH-4 Sign-in page in review (#14)
    Cy
    Doing now
      #15 New colours (checks failed)
    Blocked
      AUTH-5 Remember this device by AUTH-4 (Ben)
      AUTH-6 Security review by AUTH-3 (Ana)
    Dee
    Next
      AUTH-7 Write the help page, 4 days overdue
    ---
    AUTH · User authentication
    Done
      AUTH-8 Choose the session length
    Waiting for a review
      #14 Sign-in page by Ben waits for Ana since Friday · AUTH-4
    Checks fail
      #15 New colours: ci / test
    Waiting for approval
      P-41 split the sign-in page since Saturday · owners or Ana can approve it
    Overdue
      AUTH-7 Write the help page was due on Thu 26 Nov, 4 days ago · Dee
    ");
}

#[test]
fn a_team_that_is_blocked_reads_by_what_and_whom() {
    let mut loaded = team(&["Ana", "Ben", "Cy"]);
    let auth = project(1, "AUTH", "User authentication");
    loaded.decided = vec![done(auth.id, &[9], hours_before(5))];
    let tasks = [
        given(1, "Get a certificate", None, Status::Blocked, &[]),
        given(2, "Issue tokens", Some(0), Status::Blocked, &[1]),
        given(3, "Sign-in page", Some(1), Status::Todo, &[2]),
        given(4, "Help page", Some(2), Status::Todo, &[3, 2]),
        given(5, "Ask the lawyers", Some(1), Status::Blocked, &[]),
        given(9, "Agree on it", Some(2), Status::Done, &[]),
    ];
    loaded.plans = vec![Plan::new(auth, tasks)];
    insta::assert_snapshot!(said(&loaded), @r"
    Standup · Mon 30 Nov
    Ana blocked: AUTH-2 by AUTH-1
    Ben blocked: AUTH-3 by AUTH-2 (Ana), AUTH-5 Ask the lawyers
    Cy done: AUTH-9 Agree on it · blocked: AUTH-4 by AUTH-2 (Ana), AUTH-3 (Ben)
    Focus today: finish AUTH-1 Get a certificate: 3 tasks wait for it
    Since Fri 27 Nov 08:30 UTC · details in the thread
    --- thread
    Ana
    Blocked
      AUTH-2 Issue tokens by AUTH-1
    Ben
    Blocked
      AUTH-3 Sign-in page by AUTH-2 (Ana)
      AUTH-5 Ask the lawyers
    Cy
    Done
      AUTH-9 Agree on it
    Blocked
      AUTH-4 Help page by AUTH-2 (Ana), AUTH-3 (Ben)
    ");
}

#[test]
fn whoever_is_away_is_named_quietly_and_what_they_hold_is_nobodys_focus() {
    let mut loaded = busy();
    loaded.hands[0].presence = Presence::Away(day("2027-01-02"));
    loaded.hands[3].presence = Presence::Off;
    insta::assert_snapshot!(said(&loaded), @r"
    Standup · Mon 30 Nov
    Ben done: approved #12 Issue tokens · now: AUTH-4 Sign-in page in review (#14)
    Cy now: #15 New colours (checks failed) · blocked: AUTH-5 by AUTH-4 (Ben), AUTH-6 by AUTH-3 (Ana)
    No news: Eli
    Waiting
    AUTH #14 Sign-in page waits for Ana since Friday · checks fail in #15 · P-41 waits for approval since Saturday · 1 task overdue
    Focus today: decide on P-41 split the sign-in page: it waits since Saturday; owners or Ana can approve it
    Since Fri 27 Nov 08:30 UTC · details in the thread · Away: Ana until 2 Jan 2027
    --- thread
    Ben
    Done
      approved #12 Issue tokens
    Doing now
      AUTH-4 Sign-in page in review (#14)
    Cy
    Doing now
      #15 New colours (checks failed)
    Blocked
      AUTH-5 Remember this device by AUTH-4 (Ben)
      AUTH-6 Security review by AUTH-3 (Ana)
    ---
    AUTH · User authentication
    Done
      AUTH-8 Choose the session length
    Waiting for a review
      #14 Sign-in page by Ben waits for Ana since Friday · AUTH-4
    Checks fail
      #15 New colours: ci / test
    Waiting for approval
      P-41 split the sign-in page since Saturday · owners or Ana can approve it
    Overdue
      AUTH-7 Write the help page was due on Thu 26 Nov, 4 days ago · Dee
    ");
    for hand in &mut loaded.hands {
        hand.presence = Presence::Off;
    }
    assert!(composed(&loaded).is_empty, "nobody works that day");
}

#[test]
fn a_monday_reaches_back_to_friday_and_says_when_it_is_late() {
    let mut loaded = team(&["Ana", "Ben"]);
    let auth = project(1, "AUTH", "User authentication");
    let plan = auth.id;
    let tasks = [
        given(1, "Before Friday's digest", Some(0), Status::Done, &[]),
        given(2, "On Friday evening", Some(0), Status::Done, &[]),
        given(3, "On Sunday", Some(1), Status::Done, &[]),
        given(4, "After the digest was due", Some(1), Status::Done, &[]),
    ];
    loaded.plans = vec![Plan::new(auth, tasks)];
    loaded.decided =
        [(1, 73), (2, 63), (3, 20), (4, 0)].map(|(number, hours)| done(plan, &[number], hours_before(hours))).into();
    // Ben was away from Wednesday on.
    loaded.hands[1].since = hours_before(120);
    loaded.now = SLOT.plus(std::time::Duration::from_mins(95));
    insta::assert_snapshot!(said(&loaded), @r"
    Standup · Mon 30 Nov
    Ana done: AUTH-2 On Friday evening
    Ben done: AUTH-3 On Sunday
    Since Fri 27 Nov 08:30 UTC · details in the thread · late: it was due at Mon 30 Nov 08:30 UTC
    --- thread
    Ana
    Done
      AUTH-2 On Friday evening
    Ben · since Wed 25 Nov 08:30 UTC
    Done
      AUTH-3 On Sunday
    ");
}

#[test]
fn of_sixty_tasks_the_first_are_shown_with_how_many_more_and_where() {
    let mut loaded = team(&["Ana"]);
    let auth = project(1, "AUTH", "User authentication");
    let status = |n: u32| match n {
        1..=20 => Status::Done,
        21..=40 => Status::InProgress,
        _ => Status::Todo,
    };
    let tasks = (1..=60).map(|n| given(n, &format!("Task {n}"), Some(0), status(n), &[]));
    loaded.decided = vec![done(auth.id, &(1..=20).collect::<Vec<_>>(), hours_before(5))];
    loaded.plans = vec![Plan::new(auth, tasks)];
    insta::assert_snapshot!(said(&loaded), @r"
    Standup · Mon 30 Nov
    Ana done: AUTH-1 Task 1, AUTH-2 Task 2 and 18 more · now: AUTH-21 Task 21, AUTH-22 Task 22 and 18 more
    Since Fri 27 Nov 08:30 UTC · details in the thread
    --- thread
    Ana
    Done
      AUTH-1 Task 1
      AUTH-2 Task 2
      AUTH-3 Task 3
      AUTH-4 Task 4
      AUTH-5 Task 5
      and 15 more
    Doing now
      AUTH-21 Task 21
      AUTH-22 Task 22
      AUTH-23 Task 23
      AUTH-24 Task 24
      AUTH-25 Task 25
      and 15 more
    Next
      AUTH-41 Task 41
      AUTH-42 Task 42
      AUTH-43 Task 43
    ");
}

#[test]
fn of_a_hundred_projects_the_first_are_shown_in_few_messages_with_how_many_more() {
    let mut loaded = team(&["Ana"]);
    for n in 0..100 {
        let one = project(200 + n, &format!("P{n:03}"), "A project with much that waits");
        loaded.waiting.push(proposal(one.id, u32::try_from(n).unwrap() + 1, "change it", hours_before(20)));
        let tasks = (1..=9).map(|n| given(n, &"A long title ".repeat(9), Some(0), Status::Todo, &[]));
        let late = tasks.map(|mut task| {
            task.fields.due = Some(day("2026-11-20"));
            task
        });
        loaded.plans.push(Plan::new(one, late));
    }
    let composed = composed(&loaded);
    let main = composed.main.to_plain();
    assert!(main.contains("P019 P-20 waits for approval") && main.contains("and 80 more, in the thread"), "{main}");
    assert!(!main.contains("P020"), "{main}");
    assert!(composed.details.len() <= 13, "{}", composed.details.len());
    // What Slack takes in one message: docs.slack.dev, blocks.
    assert!(composed.details.iter().all(|message| message.blocks.len() <= 50));
    let last = composed.details.last().unwrap().to_plain();
    assert!(last.contains("P047") && last.contains("and 52 projects more"), "{last}");
}

#[test]
fn names_and_titles_from_right_to_left_stay_in_their_place() {
    let mut loaded = team(&["שרה", "ليلى"]);
    let auth = project(1, "AUTH", "דף כניסה");
    loaded.decided = vec![done(auth.id, &[1], hours_before(5))];
    let tasks = [
        given(1, "דף כניסה", Some(0), Status::Done, &[]),
        given(2, "صفحة", Some(1), Status::InProgress, &[]),
        given(3, "Help", Some(0), Status::Todo, &[2]),
    ];
    loaded.plans = vec![Plan::new(auth, tasks)];
    insta::assert_snapshot!(said(&loaded), @r"
    Standup · Mon 30 Nov
    שרה done: AUTH-1 דף כניסה · blocked: AUTH-3 by AUTH-2 (ليلى)
    ليلى now: AUTH-2 صفحة
    Focus today: finish AUTH-2 صفحة (ليلى): 1 task waits for it
    Since Fri 27 Nov 08:30 UTC · details in the thread
    --- thread
    שרה
    Done
      AUTH-1 דף כניסה
    Blocked
      AUTH-3 Help by AUTH-2 (ليلى)
    ليلى
    Doing now
      AUTH-2 صفحة
    ");
}

/// The busy team with a project that is kept from this channel, and everything that is connected to both.
fn with_a_private_project() -> Loaded {
    let mut loaded = busy();
    let secret = project(2, "SECRET", "Buy the competitor").id;
    let auth = loaded.plans[0].project.id;
    loaded.hidden = BTreeSet::from([secret]);
    let both = opened(&mut loaded, 21, "Buy the competitor's sign-in", 0, &[(auth, 3), (secret, 1)]);
    let alone = opened(&mut loaded, 22, "Buy the competitor", 1, &[(secret, 2)]);
    let elsewhere = opened(&mut loaded, 23, "Letter of intent", 1, &[]);
    let elsewhere = crate::domain::tracker::Pull {
        at: crate::domain::tracker::Numbered { repository: RepositoryId(900), number: 23 },
        ..elsewhere
    };
    loaded.linked.insert(RepositoryId(900), BTreeSet::from([secret]));
    loaded.pulls.extend([
        waits_for(both, 1, hours_before(30)),
        merged(alone, hours_before(10)),
        failing(elsewhere, "ci"),
    ]);
    loaded
}

#[test]
fn a_private_project_is_told_of_nowhere_else() {
    assert_eq!(said(&with_a_private_project()), said(&busy()));
}

#[test]
fn what_members_say_of_their_part_is_told_as_theirs_and_the_plan_stays() {
    let mut loaded = busy();
    let says = &mut loaded.hands[0].says;
    says.dropped.insert("task AUTH-2".to_owned());
    says.reworded.insert("task AUTH-3".to_owned(), "Half of the refresh tokens".to_owned());
    says.added.push("Talked to legal".to_owned());
    loaded.hands[1].says.is_left_out = true;
    let main = composed(&loaded).main.to_plain();
    insta::assert_snapshot!(main, @r"
    Standup · Mon 30 Nov
    Ana done: “Talked to legal” · now: “Half of the refresh tokens”
    Cy now: #15 New colours (checks failed) · blocked: AUTH-5 by AUTH-4 (Ben), AUTH-6 by AUTH-3 (Ana)
    Dee next: AUTH-7 Write the help page, 4 days overdue
    No news: Eli
    Waiting
    AUTH #14 Sign-in page waits for Ana since Friday · checks fail in #15 · P-41 waits for approval since Saturday · 1 task overdue
    Focus today: review #14 Sign-in page: it waits for Ana since Friday, and 1 task waits for it
    Since Fri 27 Nov 08:30 UTC · details in the thread
    ");
    assert!(!composed(&loaded).told.contains(&who(1)), "what is Ben's is told next time");
}
