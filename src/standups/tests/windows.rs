//! What holds of any row of digests: nothing is told twice, nothing is lost, nobody comes twice.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use chrono::{Days, Weekday};
use chrono_tz::Europe::Paris;
use proptest::prelude::*;

use super::world::{SLOT, day, done, given, project, team, who};
use crate::{
    domain::{
        availability::{Availability, Hours, Leave},
        digest::{About, Digest, Presence},
        ids::MemberId,
        member::{Member, Role, Standing},
        plan::Plan,
        schedule::{DigestKind, wall},
        task::Status,
        time::Timestamp,
    },
    review::sample::{console, id},
    standups::crew::{self, Before},
};

/// Days that are lived through.
const DAYS: u64 = 28;

fn digest(slot: Timestamp) -> Digest {
    Digest { schedule: Some(id(1)), ..Digest::asked_for(id(1), DigestKind::Standup, &console(), slot) }
}

fn member(n: u128) -> Member {
    let (name, zone) = (format!("Member {n}"), "Europe/Paris".to_owned());
    Member { id: who(n), name, role: Role::Member, standing: Standing::Full, time_zone: zone }
}

/// Somebody who works on weekdays, without Fridays where they say so, and is away for some days.
fn available(no_fridays: bool, away: (u64, u64)) -> Availability {
    let mut hours = Hours::default();
    hours.days.retain(|day| !no_fridays || *day != Weekday::Fri);
    let from = day("2026-11-30").checked_add_days(Days::new(away.0)).unwrap();
    let leaves = vec![Leave { from, to: from.checked_add_days(Days::new(away.1)).unwrap() }];
    Availability { zone: Paris, hours, leaves, holidays: BTreeSet::new() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    /// Two people and nobody finish tasks at any time; every day at half past nine there is a digest, unless nobody works.
    #[test]
    fn what_is_done_is_told_exactly_once(
        times in prop::collection::vec((0..DAYS * 24 * 60, 0..3_u128), 1..30),
        people in prop::collection::vec((any::<bool>(), (0..DAYS, 0..9_u64)), 2),
    ) {
        let first = day("2026-11-30");
        let members: Vec<_> = people.iter().enumerate().map(|(n, (no_fridays, away))| {
            (member(n as u128), available(*no_fridays, *away))
        }).collect();
        let mut loaded = team(&["Ana", "Ben"]);
        let auth = project(1, "AUTH", "User authentication");
        let mut tasks = vec![];
        for (n, (minutes, of)) in times.iter().enumerate() {
            let number = u32::try_from(n).unwrap() + 1;
            tasks.push(given(number, "A task", (*of < 2).then_some(*of), Status::Done, &[]));
            loaded.decided.push(done(auth.id, &[number], SLOT.plus(Duration::from_mins(*minutes))));
        }
        // Both have to do with the plan, whatever is theirs.
        tasks.extend([given(100, "A task", Some(0), Status::Backlog, &[]), given(101, "A task", Some(1), Status::Backlog, &[])]);
        loaded.plans = vec![Plan::new(auth, tasks)];
        let (mut last, mut told): (Option<Timestamp>, BTreeMap<MemberId, Timestamp>) = Default::default();
        let mut said: BTreeMap<String, usize> = BTreeMap::new();
        for n in 0..=DAYS + 10 {
            let today = first.checked_add_days(Days::new(n)).unwrap();
            let slot = wall::first(today.and_hms_opt(9, 30, 0).unwrap(), Paris).unwrap();
            let before = Before { last, told: told.clone(), says: BTreeMap::new() };
            let crew = crew::of(&digest(slot), Paris, &members, before);
            (loaded.slot, loaded.today, loaded.since, loaded.now) = (slot, today, crew.since, slot);
            loaded.hands = crew.hands;
            let facts = loaded.standup();
            let everybody: Vec<MemberId> = facts.people.iter().map(|person| person.member).collect();
            prop_assert_eq!(everybody.iter().collect::<BTreeSet<_>>().len(), everybody.len());
            prop_assert_eq!(facts.people.len() + facts.quiet.len(), facts.told.len());
            if !facts.is_working_day {
                continue;
            }
            let news = facts.people.iter().flat_map(|person| &person.facts).map(|fact| &fact.about);
            for about in news.chain(facts.projects.iter().flat_map(|project| &project.done)) {
                if let About::Task { item, status: Status::Done, .. } = about {
                    *said.entry(item.code.to_string()).or_default() += 1;
                }
            }
            last = Some(slot);
            told.extend(facts.told.iter().map(|member| (*member, slot)));
        }
        for n in 1..=times.len() {
            prop_assert_eq!(said.get(&format!("AUTH-{n}")), Some(&1), "AUTH-{} of {:?}", n, times[n - 1]);
        }
    }
}

#[test]
fn a_digest_reaches_back_to_the_one_before_it_as_far_as_its_kind_allows() {
    let days = |days: u64| SLOT.minus(Duration::from_hours(days * 24));
    let members = [(member(0), available(false, (20, 1)))];
    for (kind, last, since) in [
        // Every second week over the end of summer time.
        (DigestKind::Standup, days(14).minus(Duration::from_hours(1)), days(14).minus(Duration::from_hours(1))),
        (DigestKind::Standup, days(40), days(15)),
        // The last working day of a month, and of a quarter.
        (DigestKind::Weekly, days(33), days(33)),
        (DigestKind::Weekly, days(92), days(92)),
        (DigestKind::Weekly, days(300), days(100)),
    ] {
        let before = Before { last: Some(last), ..Before::default() };
        let crew = crew::of(&Digest { kind, ..digest(SLOT) }, Paris, &members, before);
        assert_eq!(crew.since, since, "{kind:?} {last:?}");
    }
}

#[test]
fn a_first_digest_reaches_back_to_the_start_of_the_working_day_before_in_each_ones_own_zone() {
    let mut away = available(false, (0, 0));
    away.leaves = vec![Leave { from: day("2026-11-25"), to: day("2026-11-29") }];
    let tokyo = Availability { zone: chrono_tz::Asia::Tokyo, ..available(false, (20, 1)) };
    let members = [(member(0), available(true, (20, 1))), (member(1), away), (member(2), tokyo)];
    let crew = crew::of(&digest(SLOT), Paris, &members, Before::default());
    let since: Vec<String> = crew.hands.iter().map(|hand| format!("{:?}", hand.since)).collect();
    // Somebody without Fridays, somebody who comes back, and somebody whose Friday began earlier.
    assert_eq!(since, ["2026-11-25T23:00:00.000Z", "2026-11-23T23:00:00.000Z", "2026-11-26T15:00:00.000Z"]);
    assert!(crew.hands.iter().all(|hand| hand.presence == Presence::Here));
    assert_eq!(format!("{:?}", crew.since), "2026-11-26T23:00:00.000Z");
}
