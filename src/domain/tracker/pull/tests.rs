use proptest::prelude::*;

use super::*;
use crate::domain::tracker::RepositoryId;

fn account(id: u64) -> Account {
    Account { id, login: format!("u{id}"), is_bot: false }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

/// What a tracker said at this second: an open pull request and nothing more.
fn seen(second: i64) -> Pull {
    Pull {
        at: Numbered { repository: RepositoryId(700), number: 12 },
        url: "https://github.com/acme/web/pull/12".to_owned(),
        title: "Sign-in page".to_owned(),
        body: String::new(),
        author: account(11),
        branch: "auth-12".to_owned(),
        is_fork: false,
        head: "aa".to_owned(),
        base: "main".to_owned(),
        state: PullState::Open,
        is_draft: false,
        labels: BTreeSet::new(),
        reviewers: BTreeMap::new(),
        asked: BTreeMap::new(),
        opened_at: at(0),
        updated_at: at(second),
        ended_at: None,
        merged_by: None,
        reviews: BTreeMap::new(),
        checks: BTreeMap::new(),
        commits: BTreeMap::new(),
    }
}

fn asking(second: i64, whom: &[u64]) -> Pull {
    let reviewers = whom.iter().map(|id| (*id, (account(*id), at(second)))).collect();
    Pull { reviewers, ..seen(second) }
}

fn review(second: i64, by: u64, verdict: Verdict) -> Review {
    let id = u64::try_from(second).unwrap_or(0);
    Review { at: at(second), id, verdict, by: account(by), url: String::new() }
}

fn reviewed(second: i64, reviews: &[Review]) -> Pull {
    let mut pull = seen(second);
    pull.reviews = reviews.iter().map(|review| (review.by.id, review.clone())).collect();
    pull
}

fn check(second: i64, sha: &str, name: &str, outcome: CheckOutcome) -> Check {
    Check { at: at(second), outcome, name: name.to_owned(), sha: sha.to_owned(), url: String::new() }
}

fn all(pulls: &[Pull]) -> Pull {
    pulls.iter().fold(pulls[0].clone(), |known, pull| known.merged(pull))
}

fn sightings() -> impl Strategy<Value = Vec<Pull>> {
    let base = (0..4_i64, prop::sample::select(PullState::ALL.to_vec()), any::<bool>(), "[ab]", "[ab]");
    let reviewers = prop::collection::btree_set(1..4_u64, 0..3);
    let reviews = prop::collection::vec((0..4_i64, 1..4_u64, prop::sample::select(Verdict::ALL.to_vec())), 0..3);
    let checks =
        prop::collection::vec((0..4_i64, "[ab]", "[xy]", prop::sample::select(CheckOutcome::ALL.to_vec())), 0..3);
    let commits = prop::collection::btree_map("[abc]", Just("AUTH-12".to_owned()), 0..3);
    let one = (base, reviewers, reviews, checks, commits, prop::option::of(1..3_u64));
    let one = one.prop_map(|((second, state, is_draft, title, head), whom, reviews, checks, commits, merged_by)| {
        let whom: Vec<u64> = whom.into_iter().collect();
        let mut pull = Pull { title, head, state, is_draft, commits, ..asking(second, &whom) };
        pull.merged_by = merged_by.map(account);
        for (second, by, verdict) in reviews {
            pull.reviews.insert(by, review(second, by, verdict));
        }
        for (second, sha, name, outcome) in checks {
            pull.put_check(check(second, &sha, &name, outcome));
        }
        pull
    });
    prop::collection::vec(one, 1..6)
}

proptest! {
    #[test]
    fn sightings_in_any_order_and_twice_come_to_the_same(
        (seen, shuffled) in sightings().prop_flat_map(|seen| {
            let twice = [seen.clone(), seen.clone()].concat();
            (Just(seen), Just(twice).prop_shuffle())
        })
    ) {
        prop_assert_eq!(all(&seen), all(&shuffled));
    }

    #[test]
    fn it_does_not_matter_which_are_merged_first(
        (a, b, c) in sightings().prop_map(|pulls| {
            let of = |at: usize| pulls[at % pulls.len()].clone();
            (of(0), of(1), of(2))
        })
    ) {
        prop_assert_eq!(a.merged(&b).merged(&c), a.merged(&b.merged(&c)));
    }
}

#[test]
fn words_never_hide_what_somebody_decided() {
    use Verdict::{Approved, ChangesRequested, Commented, Dismissed};
    let told = |reviews: &[Review]| {
        all(&reviews.iter().map(|review| reviewed(9, std::slice::from_ref(review))).collect::<Vec<_>>()).review_state()
    };
    let dismissed = Review { verdict: Dismissed, ..review(1, 21, Approved) };
    for (reviews, state) in [
        (vec![review(1, 21, Commented)], ReviewState::Quiet),
        (vec![review(1, 21, Approved), review(2, 21, Commented)], ReviewState::Approved),
        (vec![review(1, 21, ChangesRequested), review(2, 21, Approved)], ReviewState::Approved),
        (vec![review(1, 21, Approved), review(2, 22, ChangesRequested)], ReviewState::ChangesRequested),
        (vec![review(1, 21, Approved), dismissed.clone()], ReviewState::Quiet),
        (vec![dismissed, review(2, 21, Approved)], ReviewState::Approved),
    ] {
        assert_eq!(told(&reviews), state, "{reviews:?}");
        let backwards: Vec<Review> = reviews.iter().rev().cloned().collect();
        assert_eq!(told(&backwards), state, "{backwards:?}");
    }
}

#[test]
fn whoever_is_asked_again_has_not_said_anything_yet() {
    let wanting = reviewed(2, &[review(2, 21, Verdict::ChangesRequested)]);
    assert_eq!(wanting.wants_changes().len(), 1);
    let again = wanting.merged(&asking(5, &[21]));
    assert_eq!(again.review_state(), ReviewState::Waiting);
    assert!(again.wants_changes().is_empty());
}

#[test]
fn it_waits_for_whom_it_asked_since_it_first_did_or_since_their_last_review() {
    let pull = all(&[asking(1, &[21]), asking(4, &[21, 22]), reviewed(3, &[review(3, 22, Verdict::ChangesRequested)])]);
    let waiting: Vec<_> = pull.waiting().into_iter().map(|(account, since)| (account.id, since)).collect();
    assert_eq!(waiting, [(21, at(1)), (22, at(4))]);
    let draft = Pull { is_draft: true, ..pull.clone() };
    let ended = Pull { state: PullState::Closed, ..pull };
    assert!(draft.waiting().is_empty() && ended.waiting().is_empty());
}

#[test]
fn checks_count_for_the_commit_that_it_ends_with() {
    use CheckOutcome::{Failed, Passed, Pending};
    let mut pull = seen(1);
    assert_eq!(pull.checks_state(), None);
    for one in [check(1, "aa", "build", Pending), check(2, "aa", "lint", Passed), check(3, "bb", "build", Failed)] {
        pull.put_check(one);
    }
    assert_eq!(pull.checks_state(), Some(Pending));
    let pushed = pull.merged(&Pull { head: "bb".to_owned(), ..seen(4) });
    assert_eq!(pushed.checks_state(), Some(Failed), "what came before the commit itself counts");
    let mut mended = pushed;
    mended.put_check(check(5, "bb", "build", Passed));
    assert_eq!(mended.checks_state(), Some(Passed));
}

#[test]
fn what_nobody_touches_for_a_week_is_stale() {
    let pull = reviewed(10, &[review(20, 21, Verdict::Approved)]);
    assert!(!pull.is_stale(at(19).plus(Pull::STALE)));
    assert!(pull.is_stale(at(20).plus(Pull::STALE)));
    assert!(!Pull { state: PullState::Merged, ..pull }.is_stale(at(20).plus(Pull::STALE)));
}

#[test]
fn what_is_kept_is_bounded() {
    let mut pull = seen(1);
    for number in 0..500 {
        pull.put_check(check(number, "aa", &format!("check {number}"), CheckOutcome::Passed));
        pull.put_commit(&format!("{number:040}"), "AUTH-12");
    }
    pull.tidy();
    assert_eq!((pull.checks.len(), pull.commits.len()), (Pull::MAX_CHECKS, Pull::MAX_COMMITS));
    assert!(pull.checks.contains_key("aa check 499") && !pull.checks.contains_key("aa check 0"));
}
