use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::{
    domain::tracker::{Check, CheckOutcome, Review, Verdict},
    planner::rules::fixtures::{account, at, numbered, pull, web},
};

use Status::{Backlog, Blocked, Cancelled, Done, InProgress, InReview, Todo};

const EVERY: &[Status] = Status::ALL;

fn draft(number: u64) -> Pull {
    Pull { is_draft: true, ..pull(number) }
}

fn ended(number: u64, state: PullState) -> Pull {
    Pull { state, ended_at: Some(at(60)), merged_by: Some(account(22, "ben-gh")), ..pull(number) }
}

fn merged(number: u64) -> Pull {
    ended(number, PullState::Merged)
}

fn closed(number: u64) -> Pull {
    ended(number, PullState::Closed)
}

fn wanting(number: u64) -> Pull {
    let mut pull = pull(number);
    let verdict = Verdict::ChangesRequested;
    pull.put_review(Review { at: at(30), id: 1, verdict, by: account(22, "ben-gh"), url: String::new() });
    pull
}

/// One that takes back number 12.
fn reverting(number: u64, state: PullState) -> Pull {
    Pull { body: format!("Reverts {}#12", web()), ..ended(number, state) }
}

/// The move that is due from each status; those are left out from which none is.
fn due(pulls: &[(Pull, bool, Option<Status>)]) -> Vec<(Status, Status, Move)> {
    let linked: Vec<Linked<'_>> = pulls
        .iter()
        .map(|(pull, is_closing, proposed)| Linked { pull, is_closing: *is_closing, proposed: *proposed })
        .collect();
    let one = |status: Status| {
        let finding = find(status, &linked).filter(|finding| finding.is_due)?;
        Some((status, finding.to, finding.kind))
    };
    EVERY.iter().filter_map(|status| one(*status)).collect()
}

#[test]
fn each_state_of_a_pull_request_moves_its_task_forward_and_no_further() {
    let review = |from: &[Status]| from.iter().map(|from| (*from, InReview, Move::Review)).collect::<Vec<_>>();
    let started = vec![(Backlog, InProgress, Move::Started), (Todo, InProgress, Move::Started)];
    let done: Vec<_> =
        [Backlog, Todo, InProgress, InReview, Blocked].iter().map(|from| (*from, Done, Move::Merged)).collect();
    for (what, pulls, expected) in [
        ("a draft", vec![(draft(12), true, None)], started.clone()),
        ("one that is ready", vec![(pull(12), false, None)], review(&[Backlog, Todo, InProgress])),
        ("one merged that finishes it", vec![(merged(12), true, None)], done.clone()),
        ("one merged that only names it", vec![(merged(12), false, None)], vec![]),
        ("one merged, another open", vec![(merged(12), true, None), (pull(13), false, Some(InReview))], vec![]),
        ("one merged, another a draft", vec![(merged(12), true, None), (draft(13), false, None)], started.clone()),
        ("one merged, another closed", vec![(merged(12), true, None), (closed(13), true, None)], done.clone()),
        ("both merged", vec![(merged(12), true, Some(Done)), (merged(13), false, None)], vec![]),
        ("the other merged, which finished it", vec![(merged(12), true, None), (merged(13), false, None)], done),
        ("a draft beside one that is ready", vec![(draft(12), true, None), (pull(13), true, Some(InReview))], vec![]),
        ("one closed that never brought it anywhere", vec![(closed(12), true, None)], vec![]),
        (
            "one closed that brought it to review",
            vec![(closed(12), true, Some(InReview))],
            vec![(InReview, InProgress, Move::Closed)],
        ),
        ("that, another open", vec![(closed(12), true, Some(InReview)), (pull(13), true, Some(InReview))], vec![]),
        ("one that wants changes, and was never seen ready", vec![(wanting(12), true, None)], started),
        (
            "one that wants changes and brought it to review",
            vec![(wanting(12), true, Some(InReview))],
            vec![
                (Backlog, InProgress, Move::Started),
                (Todo, InProgress, Move::Started),
                (InReview, InProgress, Move::Changes),
            ],
        ),
        (
            "that, while another is ready",
            vec![(wanting(12), true, Some(InReview)), (pull(13), true, Some(InReview))],
            vec![],
        ),
        ("none", vec![], vec![]),
    ] {
        assert_eq!(due(&pulls), expected, "{what}");
    }
}

#[test]
fn what_finished_a_task_and_was_taken_back_reopens_it() {
    let reopened = vec![(Done, InProgress, Move::Reverted)];
    let finished = || (merged(12), true, Some(Done));
    for (what, pulls, expected) in [
        ("taken back", vec![finished(), (reverting(20, PullState::Merged), false, None)], reopened.clone()),
        ("and told already", vec![finished(), (reverting(20, PullState::Merged), false, Some(InProgress))], vec![]),
        (
            "another, too, that stands",
            vec![finished(), (merged(13), true, Some(Done)), (reverting(20, PullState::Merged), false, None)],
            vec![],
        ),
        ("tried, and closed", vec![finished(), (reverting(20, PullState::Closed), false, None)], vec![]),
        (
            "taken back what only named it",
            vec![(merged(12), false, None), (reverting(20, PullState::Merged), false, None)],
            vec![],
        ),
    ] {
        assert_eq!(due(&pulls), expected, "{what}");
    }
    let again = Pull { body: format!("Reverts {}#20", web()), ..merged(21) };
    let pulls = vec![finished(), (reverting(20, PullState::Merged), false, Some(InProgress)), (again, false, None)];
    assert_eq!(due(&pulls), [], "what is taken back again stands, and was told");
}

#[test]
fn what_was_proposed_or_held_already_is_not_proposed_again() {
    assert_eq!(due(&[(pull(12), true, Some(InReview))]), []);
    assert_eq!(due(&[(merged(12), true, Some(Done))]), []);
    assert_eq!(due(&[(draft(12), true, Some(InProgress))]), []);
    let linked = [Linked { pull: &pull(12), is_closing: true, proposed: None }];
    let finding = find(InReview, &linked).unwrap();
    assert!(finding.holds && !finding.is_due);
    let twice = [(pull(12), true, Some(InReview)), (Pull { updated_at: at(9), ..pull(13) }, true, None)];
    assert_eq!(due(&twice).len(), 3, "another one is another fact");
}

#[test]
fn what_is_cancelled_stays_so() {
    for pulls in [vec![(pull(12), true, None)], vec![(merged(12), true, None)], vec![(draft(12), true, None)]] {
        assert!(due(&pulls).iter().all(|(from, ..)| *from != Cancelled), "{pulls:?}");
    }
}

#[test]
fn the_latest_news_says_why() {
    let (old, new) = (pull(12), Pull { updated_at: at(9), ..pull(13) });
    let linked = |proposed| {
        [Linked { pull: &old, is_closing: true, proposed: None }, Linked { pull: &new, is_closing: true, proposed }]
    };
    assert_eq!(find(Todo, &linked(None)).unwrap().because, [numbered(13), numbered(12)]);
    assert_eq!(find(Todo, &linked(Some(InReview))).unwrap().because, [numbered(12), numbered(13)]);
}

#[test]
fn what_happened_is_said_with_who_and_when() {
    for (pull, kind, expected) in [
        (draft(12), Move::Started, " was opened as a draft by ana-gh on 20 Nov 2026 at 10:42 UTC"),
        (pull(12), Move::Review, " was opened for review by ana-gh on 20 Nov 2026 at 10:42 UTC"),
        (wanting(12), Move::Changes, " was sent back for changes by ben-gh on 20 Nov 2026 at 10:42 UTC"),
        (merged(12), Move::Merged, " was merged by ben-gh on 20 Nov 2026 at 10:43 UTC"),
        (Pull { merged_by: None, ..merged(12) }, Move::Merged, " was merged on 20 Nov 2026 at 10:43 UTC"),
        (closed(12), Move::Closed, " was closed without being merged on 20 Nov 2026 at 10:43 UTC"),
        (
            reverting(20, PullState::Merged),
            Move::Reverted,
            ", which takes back #12, was merged by ben-gh on 20 Nov 2026 at 10:43 UTC",
        ),
    ] {
        assert_eq!(happened(&pull, kind), expected);
    }
}

/// What GitHub says at each moment of a life that ends merged, or open.
fn life(ends_merged: bool) -> Vec<Pull> {
    let mut now = Pull { is_draft: true, title: "Fixes AUTH-12".to_owned(), ..pull(12) };
    let mut said = vec![now.clone()];
    let mut then = |second: i64, change: &dyn Fn(&mut Pull)| {
        now.updated_at = at(second);
        now.asked = BTreeMap::new();
        change(&mut now);
        said.push(now.clone());
    };
    let review =
        |second, id, verdict| Review { at: at(second), id, verdict, by: account(22, "ben-gh"), url: String::new() };
    let ask = |pull: &mut Pull| drop(pull.reviewers.insert(22, (account(22, "ben-gh"), pull.updated_at)));
    then(10, &|pull| pull.is_draft = false);
    then(20, &|pull| ask(pull));
    then(30, &|pull| {
        pull.reviewers.clear();
        pull.put_review(review(30, 1, Verdict::ChangesRequested));
    });
    then(40, &|pull| pull.head = "bb".to_owned());
    then(41, &|pull| {
        let (name, sha) = ("build".to_owned(), "bb".to_owned());
        pull.put_check(Check { at: at(41), outcome: CheckOutcome::Failed, name, sha, url: String::new() });
    });
    then(50, &|pull| ask(pull));
    then(60, &|pull| {
        pull.reviewers.clear();
        pull.put_review(review(60, 2, Verdict::Approved));
    });
    then(70, &|pull| pull.state = PullState::Closed);
    then(80, &|pull| pull.state = PullState::Open);
    if ends_merged {
        then(90, &|pull| pull.state = PullState::Merged);
    }
    said
}

/// Where the task ends that hears all of this in this order, where everything that is due is approved at once.
fn heard(said: &[Pull]) -> Status {
    let (mut status, mut proposed, mut known) = (Todo, None, said[0].merged(&said[0]));
    for seen in said {
        known = known.merged(seen);
        let linked = [Linked { pull: &known, is_closing: true, proposed }];
        if let Some(finding) = find(status, &linked)
            && (finding.is_due || finding.holds)
        {
            proposed = Some(finding.to);
            status = if finding.is_due { finding.to } else { status };
        }
    }
    status
}

proptest! {
    #[test]
    fn a_life_in_any_order_and_twice_ends_where_it_ends(
        (ends_merged, shuffled) in any::<bool>().prop_flat_map(|ends_merged| {
            let twice = [life(ends_merged), life(ends_merged)].concat();
            (Just(ends_merged), Just(twice).prop_shuffle())
        })
    ) {
        prop_assert_eq!(heard(&life(ends_merged)), if ends_merged { Done } else { InReview });
        prop_assert_eq!(heard(&shuffled), heard(&life(ends_merged)));
    }
}
