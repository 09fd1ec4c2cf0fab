//! The policy in words.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::{
    facts::SOMEBODY,
    words::{count, list},
};
use crate::domain::{
    ids::MemberId,
    member::Role,
    policy::{Approvers, Because, Demand, Large, Lazy, Move, Policy, Small, Stricter},
};

/// What a policy says about one thing: a name for it, and the rule.
pub type Rule = (&'static str, String);

/// Everything that a policy says, a rule each.
pub fn rules(policy: &Policy, names: &BTreeMap<MemberId, String>) -> Vec<Rule> {
    vec![
        ("Who approves", approvers(&policy.approvers, names).unwrap_or_else(|| "everybody but viewers".to_owned())),
        ("Approvals", count(policy.approvals.max(1), "approval")),
        ("One's own", if policy.self_approval { "an author may approve" } else { "not the author's" }.to_owned()),
        ("Deletes", stricter(policy.deletes).unwrap_or_else(|| "like any other change".to_owned())),
        ("Large changes", large(policy.large)),
        ("Expiry", format!("after {}", span(policy.expiry))),
        ("At once", auto(&policy.auto)),
        ("Without approval", lazy(&policy.lazy)),
        ("From GitHub", moves(&policy.moves)),
    ]
}

/// What is different between two policies: the name of each rule, how it was, how it is.
pub fn differences(before: &[Rule], after: &[Rule]) -> Vec<(&'static str, String, String)> {
    let pairs = before.iter().zip(after).filter(|(before, after)| before != after);
    pairs.map(|((name, before), (_, after))| (*name, before.clone(), after.clone())).collect()
}

/// `owners, admins or Ana`; `None` where it is everybody but viewers.
pub fn approvers(approvers: &Approvers, names: &BTreeMap<MemberId, String>) -> Option<String> {
    if *approvers == Approvers::default() {
        return None;
    }
    let roles = approvers.roles.iter().map(|role| format!("{}s", role.as_str()));
    let members = approvers.members.iter().map(|id| names.get(id).cloned().unwrap_or_else(|| SOMEBODY.to_owned()));
    let group = approvers.group.iter().map(|group| format!("the user group {}", group.id));
    let all: Vec<String> = roles.chain(members).chain(group).collect();
    Some(if all.is_empty() { "nobody".to_owned() } else { list(&all, "or") })
}

/// Whoever has at least this role: `an admin or owner`.
pub fn at_least(role: Role) -> String {
    match role {
        Role::Owner => "an owner".to_owned(),
        Role::Admin => "an admin or owner".to_owned(),
        Role::Approver => "an approver, admin or owner".to_owned(),
        Role::Member | Role::Viewer => "a member".to_owned(),
    }
}

/// Why a patch needs more than others: `deletes 3 tasks: needs an admin`. `None` where it does not.
pub fn because(demand: &Demand) -> Option<String> {
    if demand.because.is_empty() {
        return None;
    }
    let why: Vec<String> = demand
        .because
        .iter()
        .map(|because| match because {
            Because::Deletes(deleted, 0) => format!("deletes {}", count(*deleted, "task")),
            Because::Deletes(0, cancelled) => format!("cancels {}", count(*cancelled, "task")),
            Because::Deletes(deleted, cancelled) => {
                format!("deletes {} and cancels {cancelled}", count(*deleted, "task"))
            }
            Because::Large(operations) => format!("has {}", count(*operations, "change")),
        })
        .collect();
    let who = demand.by.map(|role| match role {
        Role::Owner => "an owner",
        Role::Admin => "an admin",
        Role::Approver => "an approver",
        Role::Member | Role::Viewer => "a member",
    });
    let needs = match (demand.approvals, who) {
        (0..=1, Some(who)) => who.to_owned(),
        (0..=1, None) => "1 approval".to_owned(),
        (several, None) => format!("{several} approvals"),
        (several, Some(_)) => format!("{several} approvals, each by {}", demand.by.map(at_least).unwrap_or_default()),
    };
    Some(format!("{}: needs {needs}", list(&why, "and")))
}

/// What a stricter rule asks for; `None` for nothing.
fn stricter(stricter: Stricter) -> Option<String> {
    let approvals = stricter.approvals.map(|approvals| count(approvals, "approval"));
    match (approvals, stricter.by) {
        (None, None) => None,
        (Some(approvals), None) => Some(approvals),
        (None, Some(role)) => Some(format!("only by {}", at_least(role))),
        (Some(approvals), Some(role)) => Some(format!("{approvals}, only by {}", at_least(role))),
    }
}

fn large(large: Large) -> String {
    match stricter(large.stricter) {
        Some(asked) if large.operations > 0 => format!("more than {} changes: {asked}", large.operations),
        _ => "like any other change".to_owned(),
    }
}

/// The kinds of small change that apply at once.
fn auto(kinds: &BTreeSet<Small>) -> String {
    if kinds.is_empty() {
        return "nothing".to_owned();
    }
    let kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
    format!("a task's {}, where its author may approve alone", list(&kinds, "and"))
}

fn lazy(lazy: &Lazy) -> String {
    if !lazy.is_on() {
        return "nothing".to_owned();
    }
    let zone = lazy.zone.as_deref().map_or_else(|| "in the author's time zone".to_owned(), |zone| format!("in {zone}"));
    format!(
        "after {} (Mon–Fri 9–17 {zone}) unless somebody objects; not where deletes or many changes need more",
        count(usize::try_from(lazy.hours).unwrap_or(usize::MAX), "working hour")
    )
}

/// The moves that apply at once.
fn moves(moves: &BTreeSet<Move>) -> String {
    if moves.is_empty() {
        return "every move is asked".to_owned();
    }
    let named: Vec<&str> = moves.iter().map(|one| one.as_str()).collect();
    format!(
        "moves of {} apply at once; not where deletes or many changes need more, or a task is cancelled",
        list(&named, "and")
    )
}

/// `7 days`, `36 hours`.
pub fn span(length: Duration) -> String {
    let hours = usize::try_from(length.as_secs() / 3600).unwrap_or(usize::MAX);
    if hours % 24 == 0 { count(hours / 24, "day") } else { count(hours, "hour") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::policy::Group,
        review::sample::{ana, names},
    };

    fn said(policy: &Policy) -> String {
        let rules = rules(policy, &names());
        rules.into_iter().map(|(name, rule)| format!("{name}: {rule}")).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_policy_reads_like_speech() {
        insta::assert_snapshot!(said(&Policy::default()), @r"
        Who approves: everybody but viewers
        Approvals: 1 approval
        One's own: an author may approve
        Deletes: like any other change
        Large changes: like any other change
        Expiry: after 7 days
        At once: a task's status, assignee, estimate, priority and due, where its author may approve alone
        Without approval: nothing
        From GitHub: every move is asked
        ");
        let strict = Policy {
            approvers: Approvers {
                roles: [Role::Owner, Role::Approver].into(),
                members: [ana()].into(),
                group: Some(Group { team: "T1".to_owned(), id: "S1".to_owned() }),
            },
            approvals: 2,
            self_approval: false,
            deletes: Stricter { approvals: Some(3), by: Some(Role::Admin) },
            large: Large { operations: 10, stricter: Stricter { approvals: Some(2), by: None } },
            expiry: Duration::from_hours(36),
            auto: [Small::Status].into(),
            lazy: Lazy { hours: 24, zone: Some("Europe/Paris".to_owned()), since: None },
            moves: [Move::Review, Move::Merged].into(),
        };
        insta::assert_snapshot!(said(&strict), @r"
        Who approves: owners, approvers, Ana or the user group S1
        Approvals: 2 approvals
        One's own: not the author's
        Deletes: 3 approvals, only by an admin or owner
        Large changes: more than 10 changes: 2 approvals
        Expiry: after 36 hours
        At once: a task's status, where its author may approve alone
        Without approval: after 24 working hours (Mon–Fri 9–17 in Europe/Paris) unless somebody objects; not where deletes or many changes need more
        From GitHub: moves of review and merged apply at once; not where deletes or many changes need more, or a task is cancelled
        ");
    }

    #[test]
    fn a_stricter_rule_says_what_it_is_about_and_what_it_needs() {
        let said = |approvals, by, because: &[Because]| {
            super::because(&Demand { approvals, by, because: because.to_vec() }).unwrap_or_default()
        };
        assert_eq!(said(1, None, &[]), "");
        assert_eq!(said(1, Some(Role::Admin), &[Because::Deletes(3, 0)]), "deletes 3 tasks: needs an admin");
        assert_eq!(said(2, None, &[Because::Deletes(0, 1)]), "cancels 1 task: needs 2 approvals");
        assert_eq!(
            said(2, Some(Role::Admin), &[Because::Deletes(1, 2), Because::Large(12)]),
            "deletes 1 task and cancels 2 and has 12 changes: needs 2 approvals, each by an admin or owner"
        );
    }
}
