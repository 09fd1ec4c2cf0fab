//! What members say of their part of a digest before it is posted: it changes what the digest tells, never the plan.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::facts::{About, Fact, Section};
use crate::domain::{
    availability::Availability,
    ids::{MemberId, ScheduleId},
    schedule::wall,
    time::Timestamp,
};

/// How long before its digest a draft comes, where that is in its member's hours.
const AHEAD: Duration = Duration::from_hours(1);
/// In front of the words of lines that are told besides.
const SAID: &str = "said";

/// When a member is offered the draft of a digest: an hour before it, or as soon as their day begins after that; where
/// the digest comes before their day begins, in the last hour of their working day before. `None` where they don't work on
/// the day of the digest, or there is no such moment.
pub fn offer_at(theirs: &Availability, slot: Timestamp) -> Option<Timestamp> {
    let day = theirs.day_of(slot);
    if !theirs.works_on(day) {
        return None;
    }
    [day, theirs.previous_working_day(day)].into_iter().filter(|day| theirs.works_on(*day)).find_map(|day| {
        let from = wall::first(day.and_time(theirs.hours.from), theirs.zone)?;
        let last = wall::first(day.and_time(theirs.hours.to), theirs.zone)?.minus(AHEAD).max(from);
        let at = slot.minus(AHEAD).clamp(from, last);
        (at < slot).then_some(at)
    })
}

/// A private draft of what a digest will tell of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The schedule whose digest it is about.
    pub schedule: ScheduleId,
    /// The instant that the digest is for.
    pub slot: Timestamp,
    /// Whose it is.
    pub member: MemberId,
    /// The surface's ids of the conversation and the message in which it was offered.
    pub offered: Option<(String, String)>,
    /// What its numbered lines are about, in order: see [`Fact::key`].
    pub shown: Vec<String>,
    /// What the member wants to be different.
    pub says: Says,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Draft {
    /// Forgets what was said of it in words; what is left out stays so. False where there were none.
    pub fn forget_words(&mut self) -> bool {
        let before = self.clone();
        self.says.added.clear();
        self.says.reworded.clear();
        self.shown.retain(|key| Says::added_by(key).is_none());
        *self != before
    }
}

/// What a member wants to be different in their part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Says {
    /// Whether nothing is to be told of them.
    pub is_left_out: bool,
    /// Facts that are not told.
    pub dropped: BTreeSet<String>,
    /// Facts that are told in other words.
    pub reworded: BTreeMap<String, String>,
    /// What is told besides.
    pub added: Vec<String>,
}

/// What is wanted of a draft: what a standup will tell of the sender.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DraftWish {
    /// To see it.
    Show,
    /// It is right.
    Fine,
    /// Nothing is to be told of the sender this time.
    LeaveOut,
    /// A line more.
    Add(String),
    /// The line of this number is left out.
    Drop(usize),
    /// The line of this number says something else.
    Reword(usize, String),
}

impl Says {
    /// Lines that somebody may add to one part.
    pub const MOST: usize = 20;
    /// Characters of such a line.
    pub const LONGEST: usize = 300;

    /// What a line is known by that is told besides.
    pub fn key_of(words: &str) -> String {
        format!("{SAID} {words}")
    }

    /// The words of the line that is known by this, where it is told besides.
    pub fn added_by(key: &str) -> Option<&str> {
        key.strip_prefix(SAID)?.strip_prefix(' ')
    }

    /// These facts as the member wants them told.
    pub(super) fn corrected(&self, facts: Vec<Fact>) -> Vec<Fact> {
        let mut told = Vec::new();
        for fact in facts.into_iter().filter(|fact| !self.dropped.contains(&fact.key())) {
            match self.reworded.get(&fact.key()) {
                Some(words) => told.push(Fact { about: About::Said(words.clone()), ..fact }),
                None => told.push(fact),
            }
        }
        told.extend(self.added.iter().map(|words| Fact { section: Section::Done, about: About::Said(words.clone()) }));
        told.sort_by_key(|fact| fact.section);
        told
    }
}

impl Fact {
    /// What it is known by, however the facts around it change.
    pub fn key(&self) -> String {
        let (kind, of) = match &self.about {
            About::Task { item, .. } => ("task", item.code.to_string()),
            About::Merged(pull) => ("merged", format!("{}/{}", pull.at.repository, pull.at.number)),
            About::Reviewed(pull, _) => ("reviewed", format!("{}/{}", pull.at.repository, pull.at.number)),
            About::Open(pull, _) => ("open", format!("{}/{}", pull.at.repository, pull.at.number)),
            About::Said(words) => (SAID, words.clone()),
        };
        format!("{kind} {of}")
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::{America::New_York, Asia::Tokyo, Europe::Paris};

    use super::*;
    use crate::domain::{
        availability::{Hours, Leave},
        digest::Item,
        task::Status,
    };

    #[test]
    fn a_draft_comes_an_hour_before_its_digest_or_when_its_member_is_there() {
        let at = |text: &str| -> Timestamp {
            let at: chrono::DateTime<chrono::Utc> = text.parse().unwrap();
            Timestamp::from_millis(at.timestamp_millis())
        };
        let theirs = |zone, leaves: &[(&str, &str)]| Availability {
            zone,
            hours: Hours::default(),
            leaves: leaves.iter().map(|(a, b)| Leave { from: a.parse().unwrap(), to: b.parse().unwrap() }).collect(),
            holidays: BTreeSet::new(),
        };
        for (who, slot, expected) in [
            // 11:00 in Paris on a Monday: an hour before.
            (theirs(Paris, &[]), "2026-11-30T10:00:00Z", Some("2026-11-30T09:00:00Z")),
            // 09:30: when the day begins.
            (theirs(Paris, &[]), "2026-11-30T08:30:00Z", Some("2026-11-30T08:00:00Z")),
            // 03:30 in New York: in the last hour of Friday.
            (theirs(New_York, &[]), "2026-11-30T08:30:00Z", Some("2026-11-27T21:00:00Z")),
            // 17:30 in Tokyo: in the last hour of that day.
            (theirs(Tokyo, &[]), "2026-11-30T08:30:00Z", Some("2026-11-30T07:00:00Z")),
            // Away, and on a Sunday.
            (theirs(Paris, &[("2026-11-30", "2026-12-02")]), "2026-11-30T08:30:00Z", None),
            (theirs(Paris, &[]), "2026-11-29T08:30:00Z", None),
        ] {
            assert_eq!(offer_at(&who, at(slot)), expected.map(at), "{slot} {who:?}");
        }
    }

    fn fact(section: Section, code: &str) -> Fact {
        let item = Item { code: code.parse().unwrap(), title: "A task".to_owned() };
        let (status, due, pulls, waits_for) = (Status::Todo, None, Vec::new(), Vec::new());
        Fact { section, about: About::Task { item, status, due, pulls, waits_for } }
    }

    #[test]
    fn corrections_hold_for_what_they_were_said_of_also_when_the_facts_around_it_changed() {
        let says = Says {
            dropped: BTreeSet::from([fact(Section::Done, "AUTH-1").key()]),
            reworded: BTreeMap::from([(fact(Section::Done, "AUTH-3").key(), "Nearly there".to_owned())]),
            added: vec!["Talked to legal".to_owned()],
            ..Says::default()
        };
        let facts = vec![fact(Section::Doing, "AUTH-1"), fact(Section::Doing, "AUTH-2"), fact(Section::Next, "AUTH-3")];
        let told = says.corrected(facts);
        let said = |section, words: &str| Fact { section, about: About::Said(words.to_owned()) };
        let expected = [
            said(Section::Done, "Talked to legal"),
            fact(Section::Doing, "AUTH-2"),
            said(Section::Next, "Nearly there"),
        ];
        assert_eq!(told, expected);
    }
}
