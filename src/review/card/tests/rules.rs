//! Cards of what rules propose because something happened.

use super::*;

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
