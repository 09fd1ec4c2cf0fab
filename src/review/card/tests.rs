use super::*;
use crate::{
    domain::{patch::PatchCode, policy::Move, task::Status},
    review::sample::{
        DAY, NOW, ana, applied_by, ben, by_rule, changed, decision, edits, facts, first_plan, id, names, robot, small,
        task,
    },
};

mod ended;
mod rules;

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
