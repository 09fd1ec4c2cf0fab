//! What follows `policy`.

use std::{collections::BTreeSet, time::Duration};

use super::{command::shorten, roles, text::first_word, value};
use crate::domain::{
    intent::{Intent, Person, PolicyWish},
    patch::PatchCode,
    policy::{ChangeAction, Large, Move, Small, Stricter},
};

/// The most people that may have to approve.
const MOST_APPROVALS: usize = 20;
/// The most operations that a rule for large patches may start at.
const MOST_OPERATIONS: usize = 200;
/// The most hours that a proposal may wait for a decision.
const MOST_EXPIRY: u64 = 90 * 24;
/// The most working hours that a proposal may wait for an objection.
const MOST_LAZY: u32 = 400;

const OFF: &[&str] = &["off", "no", "none", "never"];

/// Reads what follows `policy`: nothing, a project, or what should be different.
pub(super) fn policy(text: &str) -> Option<Intent> {
    let (word, rest) = first_word(text);
    if word.is_empty() {
        return Some(Intent::Policy(None));
    }
    if let Some(intent) = about_one(word, rest) {
        return Some(intent);
    }
    if let Some(wish) = wish(word, rest) {
        return Some(Intent::SetPolicy { project: None, wish });
    }
    // A project may be called like a rule, and is then written in capitals.
    let is_key = !is_rule(word) || word.chars().all(|c| !c.is_ascii_lowercase());
    let project = word.parse().ok().filter(|_| is_key)?;
    let (word, rest) = first_word(rest);
    if word.is_empty() {
        return Some(Intent::Policy(Some(project)));
    }
    Some(Intent::SetPolicy { project: Some(project), wish: wish(word, rest)? })
}

/// A test of the policy, or a decision on a change of it.
fn about_one(word: &str, rest: &str) -> Option<Intent> {
    match word.to_lowercase().as_str() {
        "test" => {
            let (patch, person) = first_word(rest);
            let patch: PatchCode = patch.parse().ok()?;
            let person = if person.is_empty() { Person::Sender } else { value::person(person)?? };
            Some(Intent::TestPolicy { patch, person })
        }
        word => {
            let action = ChangeAction::from_word(word)?;
            Some(Intent::DecideChange { change: rest.parse().ok()?, action })
        }
    }
}

const RULES: &[&str] =
    &["approvals", "self", "approvers", "delete", "deletes", "large", "expiry", "auto", "lazy", "moves", "default"];

fn is_rule(word: &str) -> bool {
    RULES.iter().chain(&["test", "approve", "reject"]).any(|rule| rule.eq_ignore_ascii_case(word))
}

fn wish(word: &str, rest: &str) -> Option<PolicyWish> {
    let rest = rest.trim();
    let is_off = OFF.iter().any(|off| off.eq_ignore_ascii_case(rest));
    Some(match word.to_lowercase().as_str() {
        "default" if rest.is_empty() => PolicyWish::Default,
        "approvals" => PolicyWish::Approvals(number(rest, MOST_APPROVALS)?),
        "self" if is_off => PolicyWish::SelfApproval(false),
        "self" if matches!(rest.to_lowercase().as_str(), "on" | "yes") => PolicyWish::SelfApproval(true),
        "approvers" => approvers(rest)?,
        "delete" | "deletes" if is_off => PolicyWish::Deletes(Stricter::default()),
        "delete" | "deletes" => PolicyWish::Deletes(stricter(rest)?),
        "large" if is_off => PolicyWish::Large(Large::default()),
        "large" => {
            let (operations, rest) = first_word(rest);
            PolicyWish::Large(Large { operations: number(operations, MOST_OPERATIONS)?, stricter: stricter(rest)? })
        }
        "expiry" => {
            let hours = span(rest, 24)?;
            PolicyWish::Expiry(Duration::from_hours((1..=MOST_EXPIRY).contains(&hours).then_some(hours)?))
        }
        "auto" if is_off => PolicyWish::Auto(BTreeSet::new()),
        "auto" if rest.eq_ignore_ascii_case("all") => PolicyWish::Auto(Small::ALL.iter().copied().collect()),
        "auto" => {
            let kinds: Option<BTreeSet<Small>> =
                tokens(rest).map(|kind| Small::from_word(&kind.to_lowercase())).collect();
            PolicyWish::Auto(kinds.filter(|kinds| !kinds.is_empty())?)
        }
        "moves" if is_off => PolicyWish::Moves(BTreeSet::new()),
        "moves" if rest.eq_ignore_ascii_case("all") => PolicyWish::Moves(trackers_moves().collect()),
        "moves" => {
            let moves: Option<BTreeSet<Move>> = tokens(rest).map(trackers_move).collect();
            PolicyWish::Moves(moves.filter(|moves| !moves.is_empty())?)
        }
        "lazy" if is_off => PolicyWish::Lazy { hours: 0, zone: None },
        "lazy" => lazy(rest)?,
        _ => return None,
    })
}

/// `owner, approver, @ana` or `group S1` or both.
fn approvers(text: &str) -> Option<PolicyWish> {
    let (mut names, mut people, mut group) = (BTreeSet::new(), Vec::new(), None);
    let mut words = tokens(text);
    while let Some(word) = words.next() {
        if word.eq_ignore_ascii_case("group") {
            let id = words.next().filter(|id| is_group(id) && group.is_none())?;
            group = Some(id.to_owned());
        } else if word.eq_ignore_ascii_case("and") || word.eq_ignore_ascii_case("or") {
        } else if let Some(role) = roles::named(word) {
            names.insert(role);
        } else {
            people.push(value::person(word)??);
        }
    }
    let is_somebody = !names.is_empty() || !people.is_empty() || group.is_some();
    is_somebody.then_some(PolicyWish::Approvers { roles: names, people, group })
}

/// Ids of Slack's user groups: `S0614TZR7`.
fn is_group(id: &str) -> bool {
    id.starts_with('S') && id.len() <= 20 && id.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
}

/// `2 approvals by admin`, `2`, `by admin`.
fn stricter(text: &str) -> Option<Stricter> {
    let mut found = Stricter::default();
    let mut words = text.split_whitespace().peekable();
    while let Some(word) = words.next() {
        match word.to_lowercase().as_str() {
            "by" | "only" => {
                let role = words.by_ref().find(|word| !matches!(word.to_lowercase().as_str(), "by" | "an" | "a"))?;
                found.by = Some(roles::named(role)?);
            }
            "approval" | "approvals" if found.approvals.is_some() => {}
            _ => found.approvals = Some(number(word, MOST_APPROVALS).filter(|_| found.approvals.is_none())?),
        }
    }
    (!found.is_nothing()).then_some(found)
}

/// `24h Europe/Paris`, `3d`: a working day has eight hours.
fn lazy(text: &str) -> Option<PolicyWish> {
    let zone_at = text.split_whitespace().last().filter(|word| word.contains('/') || *word == "UTC");
    let zone = match zone_at {
        Some(zone) => Some(zone.parse::<chrono_tz::Tz>().ok()?.name().to_owned()),
        None => None,
    };
    let length = zone_at.map_or(text, |zone| text.strip_suffix(zone).unwrap_or(text)).trim();
    let length = length.strip_suffix(" in").unwrap_or(length);
    let hours = u32::try_from(span(length, 8)?).ok().filter(|hours| (1..=MOST_LAZY).contains(hours))?;
    Some(PolicyWish::Lazy { hours, zone })
}

/// A length in hours, where a day has `day` of them: `36h`, `3 days`, `2w`.
fn span(text: &str, day: u64) -> Option<u64> {
    let text = text.trim().to_lowercase();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok().filter(|number| *number <= 10_000)?;
    let week = if day == 8 { 5 } else { 7 };
    let unit = match unit.trim() {
        "h" | "hour" | "hours" | "working hours" => 1,
        "d" | "day" | "days" | "working days" => day,
        "w" | "week" | "weeks" => week * day,
        _ => return None,
    };
    Some(number * unit)
}

fn number(text: &str, most: usize) -> Option<usize> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|number| plain && (1..=most).contains(number))
}

fn tokens(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ' ']).map(str::trim).filter(|word| !word.is_empty())
}

/// What to say to what follows `policy` and can't be read: what is missing or wrong, and a line that works.
pub(super) fn wrong(text: &str) -> String {
    let (mut word, mut rest) = first_word(text);
    if !is_rule(word) && word.parse::<crate::domain::project::ProjectKey>().is_ok() && is_rule(first_word(rest).0) {
        (word, rest) = first_word(rest);
    }
    let said = shorten(rest);
    let (what, example) = match word.to_lowercase().as_str() {
        "approvals" => (format!("how many people must approve, from 1 to {MOST_APPROVALS}"), "approvals 2"),
        "self" => ("on or off: whether authors may approve their own".to_owned(), "self off"),
        "approvers" => (
            "who approves: roles (owner, admin, approver, member), people, or a user group by its id".to_owned(),
            "approvers owner, approver, @ana",
        ),
        "delete" | "deletes" => (
            "what deletes need besides: a number of approvals, a role, both, or off".to_owned(),
            "delete 2 approvals by admin",
        ),
        "large" => (
            "from how many changes on, and what these need besides: approvals, a role, or both; or off".to_owned(),
            "large 10 2",
        ),
        "expiry" => ("how long a proposal waits, from 1h to 90d".to_owned(), "expiry 3d"),
        "auto" => (
            "which changes of one task apply at once: status, assignee, estimate, priority, due; or all, or off"
                .to_owned(),
            "auto status, assignee",
        ),
        "lazy" => (
            format!("after how many working hours, up to {MOST_LAZY}, and a time zone if you like; or off"),
            "lazy 24h Europe/Paris",
        ),
        "moves" => (
            "which moves that follow from GitHub apply at once: started, review, changes, merged, closed, reverted, \
             issues; or all, or off"
                .to_owned(),
            "moves review, merged",
        ),
        "test" => ("a proposal and a person".to_owned(), "test P-41 @ben"),
        "approve" | "reject" => ("a change of the policy by its code".to_owned(), "approve R-7"),
        "default" => ("nothing behind it".to_owned(), "AUTH default"),
        _ => {
            return format!(
                "policy does not know “{}”. It knows approvals, self, approvers, delete, large, expiry, auto, lazy, \
                 moves, default and test. For example: /docket policy approvals 2",
                shorten(word)
            );
        }
    };
    let found = if said.is_empty() { "nothing".to_owned() } else { format!("“{said}”") };
    format!("policy {} wants {what}; I read {found}. For example: /docket policy {example}", word.to_lowercase())
}

/// The moves that the policy may let pass: what people say to each other always waits for a decision.
fn trackers_moves() -> impl Iterator<Item = Move> {
    Move::ALL.iter().copied().filter(|one| *one != Move::Said)
}

fn trackers_move(word: &str) -> Option<Move> {
    Move::from_word(&word.to_lowercase()).filter(|one| *one != Move::Said)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::member::Role;

    #[test]
    fn each_rule_is_read_as_people_say_it() {
        let set = |wish| Some(Intent::SetPolicy { project: None, wish });
        let of = |key: &str, wish| Some(Intent::SetPolicy { project: Some(key.parse().unwrap()), wish });
        let named = |roles: &[Role], people: Vec<Person>, group: Option<&str>| PolicyWish::Approvers {
            roles: roles.iter().copied().collect(),
            people,
            group: group.map(str::to_owned),
        };
        let ana = || Person::Name("ana".into());
        let asks = |approvals, by| Stricter { approvals, by };
        let zone = |hours, zone: Option<&str>| PolicyWish::Lazy { hours, zone: zone.map(str::to_owned) };
        for (text, expected) in [
            ("", Some(Intent::Policy(None))),
            ("AUTH", Some(Intent::Policy(Some("AUTH".parse().unwrap())))),
            ("auth", Some(Intent::Policy(Some("AUTH".parse().unwrap())))),
            ("approvals 2", set(PolicyWish::Approvals(2))),
            ("AUTH approvals 2", of("AUTH", PolicyWish::Approvals(2))),
            ("SELF self off", of("SELF", PolicyWish::SelfApproval(false))),
            ("AUTH default", of("AUTH", PolicyWish::Default)),
            ("default", set(PolicyWish::Default)),
            ("self on", set(PolicyWish::SelfApproval(true))),
            ("approvers owner,approver @ana", set(named(&[Role::Owner, Role::Approver], vec![ana()], None))),
            ("approvers owners and <@U1>", set(named(&[Role::Owner], vec![Person::User("U1".into())], None))),
            ("approvers group S0614TZR7", set(named(&[], vec![], Some("S0614TZR7")))),
            ("approvers admin group S1", set(named(&[Role::Admin], vec![], Some("S1")))),
            ("delete 2 approvals by admin", set(PolicyWish::Deletes(asks(Some(2), Some(Role::Admin))))),
            ("delete by an owner", set(PolicyWish::Deletes(asks(None, Some(Role::Owner))))),
            ("deletes off", set(PolicyWish::Deletes(Stricter::default()))),
            ("large 10 2", set(PolicyWish::Large(Large { operations: 10, stricter: asks(Some(2), None) }))),
            (
                "large 5 by admin",
                set(PolicyWish::Large(Large { operations: 5, stricter: asks(None, Some(Role::Admin)) })),
            ),
            ("expiry 3d", set(PolicyWish::Expiry(Duration::from_hours(72)))),
            ("expiry 36 hours", set(PolicyWish::Expiry(Duration::from_hours(36)))),
            ("auto status,assignee", set(PolicyWish::Auto([Small::Status, Small::Assignee].into()))),
            ("auto off", set(PolicyWish::Auto(BTreeSet::new()))),
            ("auto all", set(PolicyWish::Auto(Small::ALL.iter().copied().collect()))),
            ("lazy 24h", set(zone(24, None))),
            ("lazy 3 days in Europe/Paris", set(zone(24, Some("Europe/Paris")))),
            ("lazy off", set(zone(0, None))),
            ("moves review, merged", set(PolicyWish::Moves([Move::Review, Move::Merged].into()))),
            ("AUTH moves all", of("AUTH", PolicyWish::Moves(trackers_moves().collect()))),
            ("moves off", set(PolicyWish::Moves(BTreeSet::new()))),
            ("MOVES moves off", of("MOVES", PolicyWish::Moves(BTreeSet::new()))),
            ("test P-41 @ana", Some(Intent::TestPolicy { patch: PatchCode(41), person: ana() })),
            ("test P-41", Some(Intent::TestPolicy { patch: PatchCode(41), person: Person::Sender })),
            (
                "approve R-7",
                Some(Intent::DecideChange { change: "R-7".parse().unwrap(), action: ChangeAction::Approve }),
            ),
        ] {
            assert_eq!(policy(text), expected, "{text}");
        }
    }

    #[test]
    fn each_misuse_is_told_in_one_sentence_with_an_example_that_works() {
        for (text, words) in [
            ("approvals", "how many people must approve"),
            ("approvals 0", "I read “0”"),
            ("approvals 21", "from 1 to 20"),
            ("AUTH approvals none", "how many people must approve"),
            ("self maybe", "on or off"),
            ("approvers", "who approves"),
            ("approvers nobody", "who approves"),
            ("approvers group cats", "who approves"),
            ("delete", "what deletes need"),
            ("delete 2 3", "what deletes need"),
            ("delete by king", "what deletes need"),
            ("large 10", "from how many changes on"),
            ("large many 2", "from how many changes on"),
            ("expiry 91d", "from 1h to 90d"),
            ("expiry soon", "from 1h to 90d"),
            ("auto titles", "which changes of one task"),
            ("moves", "which moves that follow from GitHub"),
            ("moves review, sideways", "I read “review, sideways”"),
            ("lazy 24h Mars/Olympus", "after how many working hours"),
            ("lazy 0h", "after how many working hours"),
            ("test AUTH-1 @ana", "a proposal and a person"),
            ("approve P-7", "a change of the policy"),
            ("default now", "nothing behind it"),
            ("sing loudly", "does not know “sing”"),
        ] {
            assert_eq!(policy(text), None, "{text}");
            let said = wrong(text);
            assert!(said.contains(words), "{text}: {said}");
            let (_, example) = said.split_once("For example: /docket policy ").unwrap();
            assert!(policy(example).is_some(), "{example}");
        }
    }
}
