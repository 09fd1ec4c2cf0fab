use super::*;
use crate::{
    domain::{ids::Id, task::TaskFields, time::Timestamp},
    planner::rules::fixtures::{account, at, issue},
};

use IssueState::{Completed, NotPlanned, Open};

fn member(n: u128) -> MemberId {
    MemberId::from_ulid(ulid::Ulid::from_parts(0, n))
}

/// Ana's account 11 and Ben's 22 are linked; nobody knows 33.
fn people() -> BTreeMap<u64, MemberId> {
    BTreeMap::from([(11, member(1)), (22, member(2))])
}

fn task(status: Status) -> TaskFields {
    TaskFields { status, ..TaskFields::titled("Sign-in page") }
}

fn closed(state: IssueState) -> Issue {
    let ended_at: Option<Timestamp> = (state != Open).then(|| at(60));
    Issue { state, ended_at, updated_at: at(60), ..issue(5) }
}

fn labelled(labels: &[&str]) -> Issue {
    Issue { labels: labels.iter().map(|label| (*label).to_owned()).collect(), ..issue(5) }
}

fn given(accounts: &[(u64, &str)]) -> Issue {
    Issue { assignees: accounts.iter().map(|(id, login)| account(*id, login)).collect(), ..issue(5) }
}

/// What follows where the issue looked like `before`.
fn found(before: &Issue, now: &Issue, fields: &TaskFields) -> String {
    let Some(finding) = find(Some(&Seen::of(before)), now, fields, &people(), Some(&account(11, "ana-gh"))) else {
        return String::new();
    };
    let changes = serde_json::to_string(&finding.changes).unwrap();
    format!("{changes}{}", finding.happened.split(" on ").next().unwrap())
}

#[test]
fn an_issue_ends_its_task_and_takes_it_up_again() {
    for (before, now, status, expected) in [
        (Open, Completed, Status::InReview, r#"{"status":{"set":"done"}} was closed as completed by ana-gh"#),
        (Open, NotPlanned, Status::Todo, r#"{"status":{"set":"cancelled"}} was closed as not planned by ana-gh"#),
        (Completed, Open, Status::Done, r#"{"status":{"set":"todo"}} was reopened by ana-gh"#),
        (NotPlanned, Open, Status::Cancelled, r#"{"status":{"set":"todo"}} was reopened by ana-gh"#),
        // What is over stays as it ended, and what was never ended is not taken up.
        (Open, Completed, Status::Done, ""),
        (Open, Completed, Status::Cancelled, ""),
        (Open, NotPlanned, Status::Done, ""),
        (Completed, Open, Status::InProgress, ""),
        // What was seen already says nothing, whatever people did since.
        (Completed, Completed, Status::Todo, ""),
        (Open, Open, Status::Done, ""),
    ] {
        assert_eq!(found(&closed(before), &closed(now), &task(status)), expected, "{before:?} {now:?} {status:?}");
    }
}

#[test]
fn labels_say_how_much_it_matters_and_what_is_in_the_way() {
    let (none, todo) = (issue(5), task(Status::Todo));
    let high = TaskFields { priority: Priority::High, ..todo.clone() };
    for (before, now, fields, expected) in [
        (&none, &["priority: high"][..], &todo, r#"{"priority":{"set":"high"}} was relabelled by ana-gh"#),
        (&none, &["bug", "P0", "P2"], &todo, r#"{"priority":{"set":"urgent"}} was relabelled by ana-gh"#),
        (&none, &["bug", "high", "low"], &todo, ""),
        (&none, &["priority: high"], &high, ""),
        (&labelled(&["P1"]), &["P1", "bug"], &todo, ""),
        (&labelled(&["P1"]), &[], &high, ""),
        (&none, &["Blocked"], &todo, r#"{"status":{"set":"blocked"}} was labelled blocked by ana-gh"#),
        (&none, &["blocked"], &task(Status::Done), ""),
        (&none, &["P1"], &task(Status::Done), ""),
        (
            &labelled(&["blocked"]),
            &[],
            &task(Status::Blocked),
            r#"{"status":{"set":"todo"}} was no longer labelled blocked by ana-gh"#,
        ),
        (&labelled(&["blocked"]), &[], &task(Status::InProgress), ""),
    ] {
        assert_eq!(found(before, &labelled(now), fields), expected, "{now:?}");
    }
}

#[test]
fn many_words_mean_the_same_priority() {
    for (label, expected) in [
        ("urgent", Some(Priority::Urgent)),
        ("Priority: Critical", Some(Priority::Urgent)),
        ("p1", Some(Priority::High)),
        ("priority/high", Some(Priority::High)),
        ("high priority", Some(Priority::High)),
        ("prio-medium", Some(Priority::Normal)),
        ("P3", Some(Priority::Low)),
        ("priority=low", Some(Priority::Low)),
        ("low", None),
        ("P4", None),
        ("very high priority", None),
        ("", None),
    ] {
        assert_eq!(priority(label), expected, "{label}");
    }
}

#[test]
fn whoever_linked_their_account_is_given_the_task_and_nobody_by_name() {
    let todo = task(Status::Todo);
    let anas = TaskFields { assignee: Some(member(1)), ..todo.clone() };
    let bens = TaskFields { assignee: Some(member(2)), ..todo.clone() };
    let set =
        |n: u128, login: &str| format!(r#"{{"assignee":{{"set":"{}"}}}} was assigned to {login} by ana-gh"#, member(n));
    for (before, now, fields, expected) in [
        (&[][..], &[(11, "ana-gh")][..], &todo, set(1, "ana-gh")),
        (&[], &[(33, "Ana")], &todo, String::new()),
        (&[], &[(22, "ben-gh"), (33, "cy")], &anas, set(2, "ben-gh")),
        (&[(11, "ana-gh")], &[(11, "ana-gh"), (22, "ben-gh")], &anas, String::new()),
        (&[(11, "ana-gh")], &[(22, "ben-gh")], &anas, set(2, "ben-gh")),
        (&[(11, "ana-gh")], &[], &anas, r#"{"assignee":"clear"} was unassigned by ana-gh"#.to_owned()),
        // Somebody was given it in the plan meanwhile.
        (&[(11, "ana-gh")], &[], &bens, String::new()),
        (&[(11, "ana-gh")], &[(11, "ana-gh")], &bens, String::new()),
    ] {
        assert_eq!(found(&given(before), &given(now), fields), expected, "{before:?} → {now:?}");
    }
}

#[test]
fn several_changes_are_one() {
    let now = Issue { title: "Sign-in\npage  for all".to_owned(), ..closed(Completed) };
    assert_eq!(
        found(&issue(5), &now, &task(Status::Todo)),
        r#"{"title":{"set":"Sign-in page for all"},"status":{"set":"done"}} was closed as completed and renamed by ana-gh"#
    );
}

#[test]
fn of_an_issue_that_nobody_looked_at_only_its_end_counts() {
    let now = Issue { title: "Something else".to_owned(), labels: labelled(&["P0"]).labels, ..closed(Completed) };
    let finding = find(None, &now, &task(Status::Todo), &people(), None).unwrap();
    assert_eq!(finding.changes.status, Change::Set(Status::Done));
    assert!(finding.changes.title.is_keep() && finding.changes.priority.is_keep());
    assert_eq!(find(None, &issue(5), &task(Status::Todo), &people(), None), None);
}

#[test]
fn what_was_told_is_read_back_and_what_is_not_understood_is_nothing() {
    let told = Told { before: Some(Seen::of(&issue(5))), ..Told::noting(&closed(Completed)) };
    assert_eq!(Told::from_value(Some(&told.to_value())), Some(told));
    assert_eq!(Told::from_value(Some(&serde_json::json!({ "seen": 1 }))), None);
    assert_eq!(Told::from_value(None), None);
}
