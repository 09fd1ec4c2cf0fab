//! What a weekly digest tells.

use super::world::*;
use crate::{
    domain::{
        availability::Leave,
        message::Message,
        patch::{Decision, PatchState},
        plan::Plan,
    },
    standups::compose,
};

#[test]
fn a_week_tells_what_it_came_to_and_what_the_next_one_risks() {
    let mut loaded = busy();
    loaded.since = hours_before(168);
    let mut plan = loaded.plans[0].clone();
    let project = plan.project.clone();
    let mut tasks: Vec<_> = plan.tasks().cloned().collect();
    tasks[2].fields.due = Some(day("2026-12-03"));
    tasks[4].fields.due = Some(day("2026-12-04"));
    plan = Plan::new(project, tasks);
    loaded.plans = vec![plan];
    loaded.hands[0].leaves = vec![Leave { from: day("2026-12-03"), to: day("2026-12-04") }];
    let mut rejected = done(loaded.plans[0].project.id, &[7], hours_before(12));
    rejected.state =
        PatchState::Rejected { decision: Decision { by: who(1), at: hours_before(12) }, reason: String::new() };
    loaded.decided.push(rejected);
    loaded.pulls[2].opened_at = hours_before(400);
    loaded.pulls[2].updated_at = hours_before(400);
    let composed = compose::weekly(&loaded.weekly(), chrono_tz::Europe::Paris, loaded.now);
    let details: Vec<String> = composed.details.iter().map(Message::to_plain).collect();
    insta::assert_snapshot!(format!("{}--- thread\n{}", composed.main.to_plain(), details.join("---\n")), @r"
    The week · Mon 23 Nov – Mon 30 Nov
    3 tasks done · 1 pull request merged · 4 decisions
    AUTH 0 → 3 of 9 tasks done (0 % → 33 %)
    Watch next week
    AUTH-7 Write the help page was due on Thu 26 Nov · Dee
    AUTH-3 Store refresh tokens is due on Thu 3 Dec, away Thu 3 Dec – 4 Dec 2026 · Ana
    AUTH-5 Remember this device is due on Fri 4 Dec, and nobody has begun · Cy
    AUTH-6 Security review is blocked · Cy
    #15 New colours was touched by nobody since 13 Nov 2026
    and 1 more
    Since Mon 23 Nov 08:30 UTC · details in the thread
    --- thread
    Done
    AUTH-1 Agree what signing in must do · Ana
    AUTH-2 Issue tokens · Ana
    AUTH-8 Choose the session length
    #12 Issue tokens merged · Ana
    ---
    Decided
    P-41 AUTH: change the sign-in tasks · applied by Ana
    P-41 AUTH: change the sign-in tasks · applied by Ana
    P-41 AUTH: change the sign-in tasks · applied by Ana
    P-41 AUTH: change the sign-in tasks · rejected by Ben
    ---
    Watch next week
    AUTH-7 Write the help page was due on Thu 26 Nov · Dee
    AUTH-3 Store refresh tokens is due on Thu 3 Dec, away Thu 3 Dec – 4 Dec 2026 · Ana
    AUTH-5 Remember this device is due on Fri 4 Dec, and nobody has begun · Cy
    AUTH-6 Security review is blocked · Cy
    #15 New colours was touched by nobody since 13 Nov 2026
    P-41 split the sign-in page expires on Fri 4 Dec; owners or Ana can approve it
    ");
    let quiet = compose::weekly(&team(&["Ana"]).weekly(), chrono_tz::Europe::Paris, SLOT);
    insta::assert_snapshot!(quiet.main.to_plain(), @r"
    The week · Fri 27 Nov – Mon 30 Nov
    Nothing was finished or decided.
    Since Fri 27 Nov 08:30 UTC
    ");
}
