//! Cards of what was decided, or can be decided no more.

use super::*;

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
