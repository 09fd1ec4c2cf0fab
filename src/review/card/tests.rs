use super::*;
use crate::{
    domain::{patch::PatchCode, policy::Move, task::Status},
    review::sample::{
        DAY, NOW, ana, applied_by, ben, by_rule, changed, decision, edits, facts, first_plan, id, names, robot, small,
        task,
    },
};

fn buttons(message: &Message) -> Vec<(String, ButtonStyle)> {
    let rows = message.blocks.iter().filter_map(|block| match block {
        Block::Buttons(buttons) => Some(buttons),
        _ => None,
    });
    rows.flatten().map(|button| (button.label.clone(), button.style)).collect()
}

fn ticks(message: &Message) -> Vec<(usize, String)> {
    let ticks = message.blocks.iter().find_map(|block| match block {
        Block::Choices { options, .. } => Some(options.clone()),
        _ => None,
    });
    ticks.unwrap_or_default()
}

#[test]
fn a_first_plan_says_what_it_founds() {
    insta::assert_snapshot!(message(&first_plan()).to_plain(), @r#"
    P-41 · AUTH: plan the user authentication flow
    Ana asked in the console · new project AUTH · template "feature", no model connected
    People can sign in and stay signed in.
    + AUTH-1 Agree what signing in must do
    + AUTH-2 Token service · 2 d · after AUTH-1
      + AUTH-3 Store refresh tokens
    why: "Build a user authentication flow" · confidence high
    [Approve] [Request changes] [Reject] [Details]
    needs 1 approval · expires Fri 27 Nov 10:42 UTC
    "#);
}

#[test]
fn an_edit_shows_each_kind_of_change_and_folds_what_goes_with_its_parent() {
    insta::assert_snapshot!(message(&edits()).to_plain(), @r#"
    P-41 · AUTH: change the sign-in tasks
    Ana asked in the console
    + AUTH-9 Documentation · under AUTH-2 · Ben
    ~ AUTH-3 title "Login" → "Sign-in page" · estimate 1 d → 2 d · description added · assignee nobody → Ana
    ↷ AUTH-4 Logging · moves under AUTH-2
      why: it is part of the service · acme/auth#12
    − AUTH-7 Old login page, with 1 sub-task
    why: "we keep being logged out" · confidence high
    [Approve] [Request changes] [Reject] [Details]
    against revision 3 · needs 1 approval · expires Fri 27 Nov 10:42 UTC
    "#);
}

#[test]
fn every_line_can_be_ticked_but_those_that_go_with_their_parent() {
    insta::assert_debug_snapshot!(ticks(&message(&edits())), @r#"
    [
        (
            0,
            "AUTH-9 add: Documentation",
        ),
        (
            1,
            "AUTH-3 change: Login",
        ),
        (
            2,
            "AUTH-4 move: Logging",
        ),
        (
            4,
            "AUTH-7 delete: Old login page",
        ),
    ]
    "#);
}

#[test]
fn one_change_or_too_many_offer_no_boxes() {
    let many = |n: u32| facts((1..=n).map(|n| crate::review::sample::appears(task(n, None, "A task"))).collect());
    for (count, boxes) in [(1, 0), (2, 2), (100, 100), (101, 0)] {
        assert_eq!(ticks(&message(&many(count))).len(), boxes, "{count}");
    }
}

#[test]
fn labels_of_boxes_are_short() {
    let long = "word ".repeat(2000);
    let appears = |n| crate::review::sample::appears(task(n, None, &long));
    let message = message(&facts(vec![appears(1), appears(2)]));
    assert!(ticks(&message).iter().all(|(_, label)| label.chars().count() <= 75 && label.ends_with('…')));
}

#[test]
fn the_buttons_carry_the_revision_that_the_reader_saw() {
    let mut facts = first_plan();
    facts.patch.revision = 7;
    let message = message(&facts);
    let presses: Vec<_> = message
        .blocks
        .iter()
        .filter_map(|block| match block {
            Block::Buttons(buttons) => Some(buttons.iter().map(|button| button.press.clone())),
            _ => None,
        })
        .flatten()
        .collect();
    let press = |action| Press::Patch { action, patch: facts.patch.id, revision: 7 };
    let all = [Action::Approve, Action::RequestChanges, Action::Reject, Action::Details];
    assert_eq!(presses, all.map(press));
    assert_eq!(buttons(&message)[0], ("Approve".to_owned(), ButtonStyle::Primary));
    assert_eq!(buttons(&message)[2], ("Reject".to_owned(), ButtonStyle::Danger));
}

#[test]
fn approvals_add_up_in_the_small_print() {
    let mut facts = edits();
    facts.policy.approvals = 2;
    facts.policy.self_approval = false;
    let last = |facts: &Facts| message(facts).to_plain().lines().last().unwrap().to_owned();
    insta::assert_snapshot!(last(&facts), @"against revision 3 · needs 2 approvals, not the author · expires Fri 27 Nov 10:42 UTC");
    facts.approvals = BTreeSet::from([ben()]);
    insta::assert_snapshot!(last(&facts), @"against revision 3 · 1 of 2 approvals (Ben), 1 more needed, not the author · expires Fri 27 Nov 10:42 UTC");
}

#[test]
fn a_stale_card_says_what_moved_and_offers_to_rebase() {
    let mut facts = edits();
    facts.stale = vec!["AUTH-3 \"Login\" has changed: estimate 1 d → 3 d.".into(), "AUTH-7 is no longer there.".into()];
    let message = message(&facts);
    assert_eq!(ticks(&message), []);
    assert_eq!(buttons(&message)[0], ("Rebase".to_owned(), ButtonStyle::Primary));
    assert!(!message.to_plain().contains("Approve"));
    insta::assert_snapshot!(message.to_plain().lines().rev().take(3).collect::<Vec<_>>().join("\n"), @r#"
    against revision 3 · needs 1 approval · expires Fri 27 Nov 10:42 UTC
    [Rebase] [Request changes] [Reject] [Details]
    The plan has moved since this was proposed. AUTH-3 "Login" has changed: estimate 1 d → 3 d. AUTH-7 is no longer there. Rebase brings P-41 up to date.
    "#);
}

#[test]
fn an_applied_card_says_who_and_when_and_offers_undo() {
    let mut facts = first_plan();
    facts.project_revision = Revision(4);
    facts.patch.state = applied_by(ben(), &[0, 1, 2]);
    insta::assert_snapshot!(message(&facts).to_plain(), @r#"
    P-41 · AUTH: plan the user authentication flow
    Ana asked in the console · new project AUTH · template "feature", no model connected
    ✓ P-41 applied by Ben, Fri 20 Nov 10:40 UTC · AUTH is at revision 4
    + AUTH-1 Agree what signing in must do
    + AUTH-2 Token service
      + AUTH-3 Store refresh tokens
    [Undo] [Details]
    "#);
}

#[test]
fn an_applied_card_names_everybody_who_approved() {
    let mut facts = edits();
    facts.patch.state = applied_by(ben(), &[0]);
    facts.approvals = BTreeSet::from([ana(), ben()]);
    let text = message(&facts).to_plain();
    assert!(text.contains("applied by Ben, Fri 20 Nov 10:40 UTC · approved by Ana and Ben · AUTH"), "{text}");
}

#[test]
fn a_part_applied_says_what_was_left_out() {
    let mut facts = edits();
    facts.project_revision = Revision(6);
    facts.patch.state = applied_by(ben(), &[1, 2]);
    insta::assert_snapshot!(message(&facts).to_plain(), @r"
    P-41 · AUTH: change the sign-in tasks
    Ana asked in the console
    ✓ P-41 applied by Ben, Fri 20 Nov 10:40 UTC · it made revision 4 of AUTH
    ~ AUTH-3 Login
    ↷ AUTH-4 Logging
    Left out:
    + AUTH-9 Documentation
    − AUTH-7 Old login page
    [Undo] [Details]
    ");
}

#[test]
fn a_small_change_is_one_line() {
    let done = changed("status", Value::Status(Status::Todo), Value::Status(Status::Done));
    insta::assert_snapshot!(message(&small(vec![done])).to_plain(), @r"
    ✓ AUTH-3 done, was todo · Sign-in page · by Ana · P-41
    [Undo]
    ");
    let assigned = changed("assignee", Value::Nothing, Value::Member(ben()));
    insta::assert_snapshot!(message(&small(vec![assigned])).to_plain(), @r"
    ✓ AUTH-3 assignee nobody → Ben · Sign-in page · by Ana · P-41
    [Undo]
    ");
}

#[test]
fn a_small_change_that_somebody_else_approved_keeps_its_card() {
    let done = changed("status", Value::Status(Status::Todo), Value::Status(Status::Done));
    let mut facts = small(vec![done]);
    facts.patch.state = applied_by(ben(), &[0]);
    assert!(message(&facts).to_plain().starts_with("P-41 · AUTH: "));
}

#[test]
fn a_rejected_card_keeps_its_struck_lines_and_the_reason() {
    let mut facts = edits();
    facts.patch.state = PatchState::Rejected { decision: decision(ben()), reason: "too early".into() };
    let message = message(&facts);
    assert_eq!(buttons(&message), [("Details".to_owned(), ButtonStyle::Plain)]);
    let struck = |line: &Line| matches!(line.spans.as_slice(), [Span::Struck(_)]);
    let all_struck =
        message.blocks.iter().any(|block| matches!(block, Block::Lines { lines, .. } if lines.iter().all(struck)));
    assert!(all_struck);
    insta::assert_snapshot!(message.to_plain(), @r#"
    P-41 · AUTH: change the sign-in tasks
    Ana asked in the console
    P-41 rejected by Ben, Fri 20 Nov 10:40 UTC: "too early"
    + AUTH-9 Documentation
    ~ AUTH-3 Login
    ↷ AUTH-4 Logging
    − AUTH-7 Old login page
    [Details]
    "#);
}

#[test]
fn a_superseded_card_names_the_newer_one() {
    let mut facts = first_plan();
    facts.patch.state = PatchState::Superseded { decision: decision(ana()), by: id(42) };
    facts.superseded_by = Some(PatchCode(42));
    insta::assert_snapshot!(message(&facts).to_plain(), @r#"
    P-41 · AUTH: plan the user authentication flow
    Ana asked in the console · new project AUTH · template "feature", no model connected
    P-41 was replaced by P-42 · asked for by Ana, Fri 20 Nov 10:40 UTC
    + AUTH-1 Agree what signing in must do
    + AUTH-2 Token service
      + AUTH-3 Store refresh tokens
    [Details]
    "#);
}

#[test]
fn a_card_that_replaces_or_takes_back_another_says_so() {
    let mut facts = edits();
    facts.supersedes = Some(PatchCode(40));
    facts.undoes = Some(PatchCode(12));
    insta::assert_snapshot!(message(&facts).to_plain().lines().nth(1).unwrap(), @"Ana asked in the console · replaces P-40 · takes back P-12");
}

#[test]
fn an_undone_card_names_the_patch_that_took_it_back() {
    let mut facts = edits();
    let by = id(43);
    facts.patch.state =
        PatchState::Undone { decision: decision(ana()), by, revision: Revision(4), steps: BTreeSet::from([1]) };
    facts.undone_by = Some(PatchCode(43));
    insta::assert_snapshot!(message(&facts).to_plain(), @r"
    P-41 · AUTH: change the sign-in tasks
    Ana asked in the console
    P-41 was undone by P-43 · approved by Ana, Fri 20 Nov 10:40 UTC
    ~ AUTH-3 Login
    [Details]
    ");
}

#[test]
fn an_expired_card_offers_to_renew() {
    let mut facts = edits();
    facts.patch.state = PatchState::Expired { at: NOW.minus(DAY) };
    insta::assert_snapshot!(message(&facts).to_plain(), @r"
    P-41 · AUTH: change the sign-in tasks
    Ana asked in the console
    P-41 expired Thu 19 Nov 10:42 UTC: nobody decided in time. Renew proposes it again.
    + AUTH-9 Documentation
    ~ AUTH-3 Login
    ↷ AUTH-4 Logging
    − AUTH-7 Old login page
    [Renew] [Details]
    ");
}

#[test]
fn a_card_past_its_time_offers_no_decision_even_before_the_job_ran() {
    let mut facts = edits();
    facts.now = facts.patch.expires_at;
    let labels: Vec<_> = buttons(&message(&facts)).into_iter().map(|(label, _)| label).collect();
    assert_eq!(labels, ["Renew", "Details"]);
}

#[test]
fn a_patch_with_nothing_left_to_do_says_so() {
    insta::assert_snapshot!(message(&facts(Vec::new())).to_plain(), @r"
    P-41 · AUTH: change the sign-in tasks
    Ana asked in the console
    Nothing is left to change: the plan says all of this already.
    [Approve] [Request changes] [Reject] [Details]
    against revision 3 · needs 1 approval · expires Fri 27 Nov 10:42 UTC
    ");
}

#[test]
fn details_show_everything() {
    insta::assert_snapshot!(details_message(&first_plan()).to_plain(), @r#"
    P-41 · AUTH: plan the user authentication flow
    Ana asked in the console · new project AUTH · template "feature", no model connected
    Ana asked Fri 20 Nov 09:42 UTC: "Build a user authentication flow" · confidence high
    Waiting for a decision.
    People can sign in and stay signed in.
    + AUTH-1 Agree what signing in must do
    + AUTH-2 Token service · 2 d · after AUTH-1
      + AUTH-3 Store refresh tokens
        Rotate them at every use.
        done when:
        • a stolen token works once
        • tokens are hashed
    needs 1 approval · expires Fri 27 Nov 10:42 UTC
    Open P-41 as a page
    "#);
    let mut facts = edits();
    facts.approvals = BTreeSet::from([ana(), ben()]);
    facts.project_revision = Revision(4);
    facts.patch.state = applied_by(ben(), &[0, 1, 2, 3, 4]);
    insta::assert_snapshot!(details_message(&facts).to_plain(), @r#"
    P-41 · AUTH: change the sign-in tasks
    Ana asked in the console
    Ana asked Fri 20 Nov 09:42 UTC: "we keep being logged out" · confidence high
    Applied, decided by Ben Fri 20 Nov 10:40 UTC · approved by Ana and Ben
    + AUTH-9 Documentation · under AUTH-2 · Ben
    ~ AUTH-3 title "Login" → "Sign-in page" · estimate 1 d → 2 d · description none → "A page." · assignee nobody → Ana
    ↷ AUTH-4 Logging · moves under AUTH-2
      why: it is part of the service · acme/auth#12
    − AUTH-8 Old form
    − AUTH-7 Old login page, with 1 sub-task
    against revision 3 · version 1 of P-41
    Open P-41 as a page
    "#);
}

#[test]
fn what_people_wrote_stays_text() {
    let bad = "<!channel> <script>alert(1)</script> `x` *y*";
    let mut facts = facts(vec![crate::review::sample::appears(task(1, None, bad))]);
    facts.names = names();
    facts.patch.origin.words = bad.into();
    let json = serde_json::to_string(&message(&facts)).unwrap();
    assert!(json.contains(r#"{"plain":" <!channel> <script>alert(1)</script> `x` *y*"}"#), "{json}");
}

#[test]
fn a_step_that_builds_on_a_task_that_is_over_has_a_note() {
    let mut facts = first_plan();
    facts.notes.insert(1, "under AUTH-3, which is done".into());
    let said = message(&facts).to_plain();
    assert!(said.contains("after AUTH-1\n  note: under AUTH-3, which is done\n"), "{said}");
}

#[test]
fn details_do_not_point_to_themselves() {
    let more: Vec<_> = details_message(&edits())
        .blocks
        .into_iter()
        .filter_map(|block| match block {
            Block::Lines { more, .. } => Some(more),
            _ => None,
        })
        .collect();
    assert_eq!(more, [None]);
}

/// A merge that finishes one task, in the words of the rules.
fn merge() -> Facts {
    let happened = " was merged by ben-gh on 20 Nov 2026 at 10:40 UTC";
    by_rule("AUTH-3 is done", &[Move::Merged], &[(3, [Status::InReview, Status::Done], "acme/web#12", happened)])
}

#[test]
fn what_rules_propose_begins_with_what_happened_and_nobody_asked_for_it() {
    let happened = " was opened for review by ana-gh on 20 Nov 2026 at 10:40 UTC";
    let review = [(3, [Status::Todo, Status::InReview], "acme/web#12", happened)];
    insta::assert_snapshot!(message(&by_rule("AUTH-3 is in review", &[Move::Review], &review)).to_plain(), @r"
    P-41 · AUTH: AUTH-3 is in review
    acme/web#12 was opened for review by ana-gh on 20 Nov 2026 at 10:40 UTC
    ~ AUTH-3 Sign-in page · status todo → in review
    [Approve] [Request changes] [Reject] [Details]
    against revision 3 · needs 1 approval · expires Fri 27 Nov 10:42 UTC
    ");
    let merged = " was merged by ben-gh on 20 Nov 2026 at 10:40 UTC";
    let to = [Status::InReview, Status::Done];
    let three = [(1, to, "acme/web#12", merged), (2, to, "acme/web#12", merged), (3, to, "acme/web#12", merged)];
    let mut three = by_rule("AUTH-1, AUTH-2 and AUTH-3 are done", &[Move::Merged], &three);
    three.supersedes = Some(PatchCode(40));
    three.policy.self_approval = false;
    insta::assert_snapshot!(message(&three).to_plain(), @r"
    P-41 · AUTH: AUTH-1, AUTH-2 and AUTH-3 are done
    acme/web#12 was merged by ben-gh on 20 Nov 2026 at 10:40 UTC · replaces P-40
    ~ AUTH-1 Sign-in page · status in review → done
    ~ AUTH-2 Sign-in page · status in review → done
    ~ AUTH-3 Sign-in page · status in review → done
    [Approve] [Request changes] [Reject] [Details]
    against revision 3 · needs 1 approval · expires Fri 27 Nov 10:42 UTC
    ");
    let taken_back = ", which takes back #12, was merged by ben-gh on 20 Nov 2026 at 10:40 UTC";
    let reopened = [(3, [Status::Done, Status::InProgress], "acme/web#20", taken_back)];
    insta::assert_snapshot!(message(&by_rule("reopen AUTH-3", &[Move::Reverted], &reopened)).to_plain(), @r"
    P-41 · AUTH: reopen AUTH-3
    acme/web#20, which takes back #12, was merged by ben-gh on 20 Nov 2026 at 10:40 UTC
    ~ AUTH-3 Sign-in page · status done → in progress
    [Approve] [Request changes] [Reject] [Details]
    against revision 3 · needs 1 approval · expires Fri 27 Nov 10:42 UTC
    ");
    let closed = " was closed as completed and renamed by ana-gh on 20 Nov 2026 at 10:40 UTC";
    let issue = [(3, [Status::Todo, Status::Done], "acme/web#5", closed)];
    insta::assert_snapshot!(message(&by_rule("AUTH-3 is done", &[Move::Issues], &issue)).to_plain(), @r"
    P-41 · AUTH: AUTH-3 is done
    acme/web#5 was closed as completed and renamed by ana-gh on 20 Nov 2026 at 10:40 UTC
    ~ AUTH-3 Sign-in page · status todo → done
    [Approve] [Request changes] [Reject] [Details]
    against revision 3 · needs 1 approval · expires Fri 27 Nov 10:42 UTC
    ");
}

#[test]
fn a_patch_that_catches_up_says_at_each_step_what_happened() {
    let steps = [
        (1, [Status::InReview, Status::Done], "acme/web#12", " was merged by ben-gh on 20 Nov 2026 at 10:40 UTC"),
        (
            2,
            [Status::Todo, Status::InReview],
            "acme/web#13",
            " was opened for review by ana-gh on 19 Nov 2026 at 9:00 UTC",
        ),
        (3, [Status::Todo, Status::Cancelled], "acme/web#5", " was closed as not planned on 19 Nov 2026 at 9:10 UTC"),
    ];
    let facts = by_rule("catch up with GitHub", &[Move::Merged, Move::Review, Move::Issues], &steps);
    insta::assert_snapshot!(message(&facts).to_plain(), @r"
    P-41 · AUTH: catch up with GitHub
    What happened at GitHub
    ~ AUTH-1 Sign-in page · status in review → done
      acme/web#12 was merged by ben-gh on 20 Nov 2026 at 10:40 UTC
    ~ AUTH-2 Sign-in page · status todo → in review
      acme/web#13 was opened for review by ana-gh on 19 Nov 2026 at 9:00 UTC
    ~ AUTH-3 Sign-in page · status todo → cancelled
      acme/web#5 was closed as not planned on 19 Nov 2026 at 9:10 UTC
    [Approve] [Request changes] [Reject] [Details]
    against revision 3 · needs 1 approval · expires Fri 27 Nov 10:42 UTC
    ");
    insta::assert_snapshot!(details_message(&facts).to_plain(), @r"
    P-41 · AUTH: catch up with GitHub
    What happened at GitHub
    Proposed Fri 20 Nov 09:42 UTC · confidence high
    Waiting for a decision.
    ~ AUTH-1 Sign-in page · status in review → done
      acme/web#12 was merged by ben-gh on 20 Nov 2026 at 10:40 UTC
    ~ AUTH-2 Sign-in page · status todo → in review
      acme/web#13 was opened for review by ana-gh on 19 Nov 2026 at 9:00 UTC
    ~ AUTH-3 Sign-in page · status todo → cancelled
      acme/web#5 was closed as not planned on 19 Nov 2026 at 9:10 UTC
    against revision 3 · needs 1 approval · expires Fri 27 Nov 10:42 UTC
    Open P-41 as a page
    ");
}

#[test]
fn what_became_of_what_rules_proposed_is_said_without_naming_the_robot() {
    let mut facts = merge();
    facts.by_policy = true;
    facts.project_revision = Revision(4);
    facts.patch.state = applied_by(robot(), &[0]);
    insta::assert_snapshot!(message(&facts).to_plain(), @r"
    ✓ AUTH-3 done, was in review · Sign-in page · acme/web#12 was merged by ben-gh on 20 Nov 2026 at 10:40 UTC · by the policy · P-41
    [Undo]
    ");
    let reason = "what happened since says otherwise".to_owned();
    facts.patch.state = PatchState::Rejected { decision: decision(robot()), reason };
    facts.by_policy = false;
    insta::assert_snapshot!(message(&facts).to_plain(), @r"
    P-41 · AUTH: AUTH-3 is done
    acme/web#12 was merged by ben-gh on 20 Nov 2026 at 10:40 UTC
    P-41 withdrawn, Fri 20 Nov 10:40 UTC: what happened since says otherwise
    ~ AUTH-3 Sign-in page
    [Details]
    ");
    facts.patch.state = PatchState::Superseded { decision: decision(robot()), by: id(42) };
    facts.superseded_by = Some(PatchCode(42));
    insta::assert_snapshot!(message(&facts).to_plain(), @r"
    P-41 · AUTH: AUTH-3 is done
    acme/web#12 was merged by ben-gh on 20 Nov 2026 at 10:40 UTC
    P-41 was replaced by P-42, because more has happened since, Fri 20 Nov 10:40 UTC
    ~ AUTH-3 Sign-in page
    [Details]
    ");
    facts.patch.state = applied_by(ben(), &[0]);
    facts.approvals = BTreeSet::from([ben()]);
    insta::assert_snapshot!(message(&facts).to_plain(), @r"
    P-41 · AUTH: AUTH-3 is done
    acme/web#12 was merged by ben-gh on 20 Nov 2026 at 10:40 UTC
    ✓ P-41 applied by Ben, Fri 20 Nov 10:40 UTC · AUTH is at revision 4
    ~ AUTH-3 Sign-in page
    [Undo] [Details]
    ");
}
