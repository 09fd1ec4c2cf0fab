use std::collections::BTreeMap;

use super::*;
use crate::{
    domain::{
        pulls::sample::{AT, account, check, pull, review},
        session::{Login, Party},
        tracker::CheckOutcome,
    },
    review::sample::{ana, edits, names},
};

/// Ana has linked her account; Ben and everybody else have not.
fn accounts() -> Accounts {
    let login = Login {
        party: Party::GitHub,
        realm: "https://github.com".to_owned(),
        subject: "11".to_owned(),
        member: ana(),
        name: "ana-gh".to_owned(),
        linked_at: AT,
    };
    Accounts::of(&[login], &names())
}

fn facts(pull: Pull) -> Facts {
    let tasks = vec![("AUTH-12".parse().unwrap(), "Sign-in page".to_owned())];
    Facts { pull, repository: "acme/web".to_owned(), tasks, proposal: None, accounts: accounts() }
}

fn open() -> Pull {
    let mut pull = pull(7, "Sign in with <!channel> & a key");
    pull.labels.insert("backend".to_owned());
    pull.reviewers.insert(12, (account(12, "ben-gh"), AT));
    pull.put_check(check("ci / test", CheckOutcome::Failed, "abc"));
    pull
}

#[test]
fn a_pull_request_says_what_it_is_what_it_waits_for_and_what_is_proposed() {
    let facts = Facts { proposal: Some(edits()), ..facts(open()) };
    insta::assert_snapshot!(message(&facts).to_plain(), @r#"
    ! #7 Sign in with <!channel> & a key
    Ana · acme/web · auth-7 → main · backend
    checks failed
    waits for ben-gh since Sat 28 Nov 10:26 UTC
    failed: ci / test
    about AUTH-12 Sign-in page
    P-41 proposes: change the sign-in tasks
    + AUTH-9 Documentation · under AUTH-2 · Ben
    ~ AUTH-3 title "Login" → "Sign-in page" · estimate 1 d → 2 d · description added · assignee nobody → Ana
    ↷ AUTH-4 Logging · moves under AUTH-2
    − AUTH-7 Old login page, with 1 sub-task
    [Approve] [Reject] [Details]
    "#);
}

#[test]
fn one_that_is_over_says_how_it_ended() {
    let merged = Pull {
        state: PullState::Merged,
        ended_at: Some(AT),
        merged_by: Some(account(11, "ana-gh")),
        reviews: BTreeMap::from([(12, review(account(12, "ben-gh"), Verdict::Approved))]),
        ..open()
    };
    insta::assert_snapshot!(message(&facts(merged.clone())).to_plain(), @r"
    ✓ #7 Sign in with <!channel> & a key
    Ana · acme/web · auth-7 → main · backend
    merged by Ana Sat 28 Nov 10:26 UTC
    about AUTH-12 Sign-in page
    ");
    let closed = Pull { state: PullState::Closed, merged_by: None, ..merged };
    insta::assert_snapshot!(message(&Facts { tasks: Vec::new(), ..facts(closed) }).to_plain(), @r"
    × #7 Sign in with <!channel> & a key
    Ana · acme/web · auth-7 → main · backend
    closed Sat 28 Nov 10:26 UTC
    ");
}

#[test]
fn a_reviewer_is_named_with_what_they_said() {
    let mut approved = pull(7, "Sign in");
    approved.put_review(review(account(12, "ben-gh"), Verdict::Approved));
    insta::assert_snapshot!(message(&facts(approved.clone())).to_plain(), @r"
    ○ #7 Sign in
    Ana · acme/web · auth-7 → main
    approved by ben-gh
    about AUTH-12 Sign-in page
    ");
    approved.put_review(review(account(13, "cy-gh"), Verdict::ChangesRequested));
    assert!(message(&facts(approved)).to_plain().contains("changes requested by cy-gh\n"));
}

#[test]
fn the_message_of_a_crowd_stays_short() {
    let mut crowd = pull(7, &"Sign in ".repeat(100));
    crowd.labels = (0..50).map(|n| format!("label {n} {}", "x".repeat(60))).collect();
    crowd.reviewers = (0..30).map(|n| (n, (account(n, &format!("person-{n}")), AT))).collect();
    for n in 0..40 {
        crowd.put_check(check(&format!("check {n}"), CheckOutcome::Failed, "abc"));
    }
    let tasks = (1..30).map(|n| (format!("AUTH-{n}").parse().unwrap(), "A title".to_owned())).collect();
    let text = message(&Facts { tasks, ..facts(crowd) }).to_plain();
    assert!(text.chars().count() < 2_500, "{} characters: {text}", text.chars().count());
    assert!(text.contains("and 42 more") && text.contains("and 22 more") && text.contains("and 32 more"), "{text}");
}
