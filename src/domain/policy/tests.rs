//! Decision tables of the policy, and what holds for every policy.

use proptest::{collection::btree_set, prelude::*, sample::select, strategy::Union};
use ulid::Ulid;

use super::*;
use crate::domain::{
    fixtures::{create, delete, patch, rename, update},
    ids::Id,
    member::Standing,
    patch::Change,
};

fn id(n: u128) -> MemberId {
    MemberId::from_ulid(Ulid::from_parts(0, n))
}

fn member(n: u128, role: Role, standing: Standing) -> Member {
    Member { id: id(n), name: format!("Member {n}"), role, standing, time_zone: "Europe/Paris".to_owned() }
}

fn group() -> Group {
    Group { team: "T1".to_owned(), id: "S1".to_owned() }
}

fn status(to: Status) -> Operation {
    update(1, TaskChanges { status: Change::Set(to), ..TaskChanges::default() })
}

fn only(roles: &[Role]) -> Approvers {
    Approvers { roles: roles.iter().copied().collect(), members: BTreeSet::new(), group: None }
}

#[test]
fn only_full_members_who_are_more_than_viewers_decide() {
    let (policy, patch) = (Policy::default(), patch(vec![rename(1, "Renamed")]));
    for (role, standing, verdict) in [
        (Role::Owner, Standing::Full, Ok(())),
        (Role::Member, Standing::Full, Ok(())),
        (Role::Viewer, Standing::Full, Err(Refusal::Viewer)),
        (Role::Owner, Standing::Guest, Err(Refusal::Guest)),
        (Role::Owner, Standing::Bot, Err(Refusal::Bot)),
        (Role::Owner, Standing::Gone, Err(Refusal::Gone)),
        (Role::Owner, Standing::Unknown, Err(Refusal::Unknown)),
    ] {
        let member = member(9, role, standing);
        assert_eq!(policy.may_take_part(&member), verdict, "{member:?}");
        assert_eq!(policy.may_approve(&member, &patch, &Circle::Unknown), verdict, "{member:?}");
        let proposes = if standing == Standing::Unknown { Ok(()) } else { verdict };
        assert_eq!(Policy::may_propose(&member), proposes, "{member:?}");
    }
    let unknown = member(9, Role::Viewer, Standing::Unknown);
    assert_eq!(Policy::may_propose(&unknown), Err(Refusal::Unknown), "a viewer does not propose while Slack is silent");
}

#[test]
fn an_author_approves_where_the_policy_says_so() {
    let patch = patch(vec![rename(1, "Renamed")]);
    let author = Member { id: patch.author, ..member(1, Role::Member, Standing::Full) };
    let strict = Policy { self_approval: false, ..Policy::default() };
    let may = |policy: &Policy, member: &Member| policy.may_approve(member, &patch, &Circle::Unknown);
    assert_eq!(may(&Policy::default(), &author), Ok(()));
    assert_eq!(may(&strict, &author), Err(Refusal::Author));
    assert_eq!(strict.may_take_part(&author), Ok(()));
    assert_eq!(may(&strict, &member(9, Role::Member, Standing::Full)), Ok(()));
}

#[test]
fn whoever_is_named_by_role_by_name_or_by_group_approves_and_nobody_else() {
    let patch = patch(vec![rename(1, "Renamed")]);
    let in_group = Circle::Members([id(5)].into());
    let by_role = only(&[Role::Owner, Role::Approver]);
    let by_name = Approvers { members: [id(7)].into(), ..only(&[]) };
    let by_group = Approvers { group: Some(group()), ..only(&[Role::Owner]) };
    for (approvers, who, role, circle, verdict) in [
        (&by_role, 1, Role::Owner, &Circle::Unknown, Ok(())),
        (&by_role, 1, Role::Approver, &Circle::Unknown, Ok(())),
        (&by_role, 1, Role::Admin, &Circle::Unknown, Err(Refusal::NotNamed)),
        (&by_role, 1, Role::Member, &in_group, Err(Refusal::NotNamed)),
        (&by_name, 7, Role::Member, &Circle::Unknown, Ok(())),
        (&by_name, 7, Role::Viewer, &Circle::Unknown, Err(Refusal::Viewer)),
        (&by_name, 1, Role::Owner, &Circle::Unknown, Err(Refusal::NotNamed)),
        (&by_group, 5, Role::Member, &in_group, Ok(())),
        (&by_group, 5, Role::Member, &Circle::Unknown, Err(Refusal::GroupUnknown)),
        (&by_group, 6, Role::Member, &in_group, Err(Refusal::NotNamed)),
        (&by_group, 6, Role::Owner, &Circle::Unknown, Ok(())),
        (&by_group, 5, Role::Viewer, &in_group, Err(Refusal::Viewer)),
    ] {
        let policy = Policy { approvers: approvers.clone(), ..Policy::default() };
        let who = member(who, role, Standing::Full);
        assert_eq!(policy.may_approve(&who, &patch, circle), verdict, "{approvers:?} {who:?} {circle:?}");
    }
}

#[test]
fn deletes_and_many_operations_ask_for_more() {
    let policy = Policy {
        deletes: Stricter { approvals: Some(2), by: Some(Role::Admin) },
        large: Large { operations: 2, stricter: Stricter { approvals: Some(3), by: Some(Role::Approver) } },
        ..Policy::default()
    };
    let creates = |n: u32| (0..n).map(|n| create(8 + n, 0, &[])).collect::<Vec<_>>();
    let large = Because::Large;
    for (operations, approvals, by, because) in [
        (creates(2), 1, None, vec![]),
        (creates(3), 3, Some(Role::Approver), vec![large(3)]),
        (vec![delete(1)], 2, Some(Role::Admin), vec![Because::Deletes(1, 0)]),
        (vec![status(Status::Cancelled)], 2, Some(Role::Admin), vec![Because::Deletes(0, 1)]),
        (vec![status(Status::Done)], 1, None, vec![]),
        ([creates(2), vec![delete(1)]].concat(), 3, Some(Role::Admin), vec![Because::Deletes(1, 0), large(3)]),
    ] {
        let demand = policy.demand(&patch(operations.clone()));
        assert_eq!(demand, Demand { approvals, by, because }, "{operations:?}");
    }
    let deleting = patch(vec![delete(1)]);
    let may = |role| policy.may_approve(&member(9, role, Standing::Full), &deleting, &Circle::Unknown);
    assert_eq!(may(Role::Owner), Ok(()));
    assert_eq!(may(Role::Approver), Err(Refusal::LeastRole(Role::Admin)));
}

#[test]
fn approvals_are_counted_by_person_and_none_is_never_enough() {
    let patch = patch(vec![rename(1, "Renamed")]);
    for (asked, met) in [(0, true), (1, true), (2, true), (3, false)] {
        let policy = Policy { approvals: asked, ..Policy::default() };
        assert_eq!(policy.is_met(&patch, &[id(1), id(2)].into()), met, "{asked}");
        assert!(!policy.is_met(&patch, &BTreeSet::new()), "{asked}");
    }
}

#[test]
fn only_a_small_change_of_one_task_of_a_chosen_kind_applies_at_once() {
    let done = || status(Status::Done);
    let assigned = || update(1, TaskChanges { assignee: Change::Set(id(3)), ..TaskChanges::default() });
    let both = || {
        let changes =
            TaskChanges { status: Change::Set(Status::Done), assignee: Change::Clear, ..TaskChanges::default() };
        update(1, changes)
    };
    let policy = Policy::default();
    for small in [done(), assigned(), both()] {
        assert!(policy.applies_at_once(&patch(vec![small.clone()])), "{small:?}");
    }
    for more in [
        vec![],
        vec![done(), done()],
        vec![rename(1, "Renamed")],
        vec![create(8, 0, &[])],
        vec![delete(1)],
        vec![status(Status::Cancelled)],
    ] {
        assert!(!policy.applies_at_once(&patch(more.clone())), "{more:?}");
    }
    let statuses = Policy { auto: [Small::Status].into(), ..Policy::default() };
    assert!(statuses.applies_at_once(&patch(vec![done()])));
    for other in [assigned(), both()] {
        assert!(!statuses.applies_at_once(&patch(vec![other.clone()])), "{other:?}");
    }
    for stricter in [
        Policy { auto: BTreeSet::new(), ..Policy::default() },
        Policy { approvals: 2, ..Policy::default() },
        Policy { self_approval: false, ..Policy::default() },
    ] {
        assert!(!stricter.applies_at_once(&patch(vec![done()])), "{stricter:?}");
    }
}

#[test]
fn what_needs_more_than_others_never_applies_by_itself() {
    let author = member(1, Role::Member, Standing::Full);
    let friday = Timestamp::from_millis(1_795_171_320_000);
    let lazy = |hours, zone: Option<&str>| Lazy { hours, zone: zone.map(str::to_owned), since: None };
    let policy =
        Policy { lazy: lazy(8, None), deletes: Stricter { approvals: Some(2), by: None }, ..Policy::default() };
    let at = |policy: &Policy, operation| policy.applies_unopposed(&patch(vec![operation]), friday, &author);
    let text = |at: Option<Timestamp>| at.map(|at| format!("{at:?}"));
    // Friday 10:42 UTC is 11:42 in Paris.
    let monday = Some("2026-11-23T10:42:00.000Z".to_owned());
    assert_eq!(text(at(&policy, rename(1, "Renamed"))), monday);
    assert_eq!(at(&policy, delete(1)), None);
    assert_eq!(at(&Policy::default(), rename(1, "Renamed")), None);
    let kolkata = Policy { lazy: lazy(8, Some("Asia/Kolkata")), ..Policy::default() };
    assert_eq!(text(at(&kolkata, rename(1, "Renamed"))), Some("2026-11-23T10:42:00.000Z".to_owned()));
    let wrong = Policy { lazy: lazy(8, Some("Mars/Olympus")), ..Policy::default() };
    assert_eq!(text(at(&wrong, rename(1, "Renamed"))), monday, "the author's, where the zone can't be read");
    let since = Some(Timestamp::from_millis(friday.as_millis() + 60_000));
    let agreed = Policy { lazy: Lazy { since, ..lazy(8, None) }, ..Policy::default() };
    let later = Some("2026-11-23T10:43:00.000Z".to_owned());
    assert_eq!(text(at(&agreed, rename(1, "Renamed"))), later, "no clock runs from before the rule");
}

fn roles() -> impl Strategy<Value = Role> {
    select(Role::ALL)
}

fn standings() -> impl Strategy<Value = Standing> {
    select(vec![Standing::Full, Standing::Guest, Standing::Bot, Standing::Gone, Standing::Unknown])
}

fn stricter() -> impl Strategy<Value = Stricter> {
    (proptest::option::of(1_usize..4), proptest::option::of(roles()))
        .prop_map(|(approvals, by)| Stricter { approvals, by })
}

prop_compose! {
    fn policies()(
        roles in btree_set(roles(), 0..4), members in btree_set(1_u128..6, 0..3), named in any::<bool>(),
        approvals in 0_usize..4, self_approval in any::<bool>(), deletes in stricter(), large in stricter(),
        operations in 0_usize..3,
    ) -> Policy {
        Policy {
            approvers: Approvers { roles, members: members.into_iter().map(id).collect(), group: named.then(group) },
            approvals, self_approval, deletes, large: Large { operations, stricter: large }, ..Policy::default()
        }
    }
}

prop_compose! {
    fn people()(n in 1_u128..6, role in roles(), standing in standings()) -> Member {
        member(n, role, standing)
    }
}

fn patches() -> impl Strategy<Value = Patch> {
    let operation = Union::new([
        Just(rename(1, "Renamed")).boxed(),
        Just(delete(2)).boxed(),
        Just(status(Status::Cancelled)).boxed(),
        Just(status(Status::Done)).boxed(),
    ]);
    (proptest::collection::vec(operation, 1..4), 1_u128..6).prop_map(|(operations, author)| {
        let mut patch = patch(operations);
        patch.author = id(author);
        patch
    })
}

fn circles() -> impl Strategy<Value = Circle> {
    proptest::option::of(btree_set(1_u128..6, 0..4)).prop_map(|members| match members {
        None => Circle::Unknown,
        Some(members) => Circle::Members(members.into_iter().map(id).collect()),
    })
}

/// The same policy with one restriction more.
fn restricted(policy: &Policy, which: usize, extra: Stricter) -> Policy {
    let mut more = policy.clone();
    let tighter = |old: Stricter| Stricter {
        approvals: old.approvals.max(extra.approvals),
        by: [old.by, extra.by].into_iter().flatten().min(),
    };
    match which {
        0 => more.approvals += 1,
        1 => more.self_approval = false,
        2 => more.deletes = tighter(more.deletes),
        3 => {
            more.large.stricter = tighter(more.large.stricter);
            more.large.operations = more.large.operations.min(1);
            if policy.large.operations == 0 {
                more.large = policy.large;
            }
        }
        4 => drop(more.approvers.roles.pop_last()),
        5 => drop(more.approvers.members.pop_first()),
        6 => more.approvers.group = None,
        _ => more.auto = BTreeSet::new(),
    }
    more
}

proptest! {
    #[test]
    fn nobody_without_the_right_ever_approves(
        policy in policies(), who in people(), patch in patches(), circle in circles(),
    ) {
        if policy.may_approve(&who, &patch, &circle).is_ok() {
            prop_assert_eq!(who.standing, Standing::Full);
            prop_assert!(who.role != Role::Viewer);
            prop_assert!(policy.self_approval || who.id != patch.author);
            let in_group = policy.approvers.group.is_some()
                && matches!(&circle, Circle::Members(members) if members.contains(&who.id));
            let named = policy.approvers.roles.contains(&who.role) || policy.approvers.members.contains(&who.id);
            prop_assert!(named || in_group);
            prop_assert!(policy.demand(&patch).by.is_none_or(|least| who.role <= least));
        }
        prop_assert!(!policy.is_met(&patch, &BTreeSet::new()));
    }

    #[test]
    fn a_restriction_never_allows_more(
        policy in policies(), which in 0_usize..8, extra in stricter(), who in people(), patch in patches(),
        circle in circles(), approvals in btree_set(1_u128..6, 0..4),
    ) {
        let more = restricted(&policy, which, extra);
        let approvals: BTreeSet<_> = approvals.into_iter().map(id).collect();
        if more.may_approve(&who, &patch, &circle).is_ok() {
            prop_assert_eq!(policy.may_approve(&who, &patch, &circle), Ok(()));
        }
        prop_assert!(!more.is_met(&patch, &approvals) || policy.is_met(&patch, &approvals));
        prop_assert!(!more.applies_at_once(&patch) || policy.applies_at_once(&patch));
    }

    #[test]
    fn a_silent_slack_never_allows_more_than_one_that_answers(
        policy in policies(), who in people(), patch in patches(), circle in circles(),
    ) {
        if policy.may_approve(&who, &patch, &Circle::Unknown).is_ok() {
            prop_assert_eq!(policy.may_approve(&who, &patch, &circle), Ok(()));
        }
    }

    #[test]
    fn the_order_of_approvals_does_not_matter(
        policy in policies(), everybody in proptest::collection::vec(people(), 0..5), patch in patches(),
        circle in circles(),
    ) {
        let valid = |members: &mut dyn Iterator<Item = &Member>| -> BTreeSet<MemberId> {
            members.filter(|who| policy.may_approve(who, &patch, &circle).is_ok()).map(|who| who.id).collect()
        };
        let (forwards, backwards) = (valid(&mut everybody.iter()), valid(&mut everybody.iter().rev()));
        prop_assert_eq!(policy.is_met(&patch, &forwards), policy.is_met(&patch, &backwards));
    }

    #[test]
    fn what_is_stored_reads_back(policy in policies()) {
        let text = serde_json::to_string(&policy).unwrap();
        prop_assert_eq!(serde_json::from_str::<Policy>(&text).unwrap(), policy);
    }
}
