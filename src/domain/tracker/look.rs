//! Looking through what a connection sees, and through what was told of it in vain.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::RepositoryId;
use crate::domain::{ids::ProjectId, time::Timestamp};

/// How far a connection has been looked through.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Look {
    /// The pages of the list of its repositories, as they were last.
    pub pages: Vec<ListPage>,
    /// When the look that is under way began; `None` between looks.
    pub began: Option<Timestamp>,
    /// Whether that look has listed the repositories.
    pub is_listed: bool,
    /// Whether any look has listed them: what comes later is new, and offered.
    pub is_acquainted: bool,
    /// The projects for which something was found since then.
    pub drifted: BTreeSet<ProjectId>,
    /// How many looks in a row failed.
    pub strikes: u32,
    /// Whether anything failed in the look that is under way.
    pub has_failed: bool,
}

/// A page of the list of a connection's repositories.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ListPage {
    /// Its entity tag.
    pub etag: Option<String>,
    /// What stands on it.
    pub repositories: BTreeSet<RepositoryId>,
    /// Where the next one is.
    pub next: Option<String>,
}

impl Look {
    /// How often a connection is looked through.
    pub const EVERY: Duration = Duration::from_mins(10);
    /// After how many failed looks in a row people are told.
    pub const STRIKES: u32 = 6;

    /// Whether any page lists a repository.
    pub fn lists(&self, repository: RepositoryId) -> bool {
        self.pages.iter().any(|page| page.repositories.contains(&repository))
    }
}

/// How far the deliveries of an App have been looked through.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sweep {
    /// Up to when.
    pub through: Option<Timestamp>,
    /// What failed and has not arrived since, by the id that stays when it is sent again.
    pub unhealed: BTreeMap<String, Failed>,
}

/// A delivery that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// Its last attempt.
    pub attempt: u64,
    /// When it was tried first, as far as is known.
    pub since: Timestamp,
    /// How often it was asked for again, and when last.
    pub asked: Option<(u32, Timestamp)>,
}

impl Sweep {
    /// How often the deliveries of an App are looked through.
    pub const EVERY: Duration = Duration::from_mins(15);

    /// Takes up what was listed: attempts with their delivery, whether they arrived, and when they were made. Forgets what
    /// is older than `from`, which can't be asked for any more.
    pub fn take_up(&mut self, attempts: &[(u64, String, bool, Timestamp)], from: Timestamp) {
        let arrived: BTreeSet<&String> =
            attempts.iter().filter(|(_, _, arrived, _)| *arrived).map(|(_, delivery, ..)| delivery).collect();
        for (attempt, delivery, _, at) in attempts.iter().filter(|(_, delivery, ..)| !arrived.contains(delivery)) {
            let failed =
                self.unhealed.entry(delivery.clone()).or_insert(Failed { attempt: *attempt, since: *at, asked: None });
            failed.attempt = failed.attempt.max(*attempt);
            failed.since = failed.since.min(*at);
        }
        self.unhealed.retain(|delivery, failed| !arrived.contains(delivery) && failed.since >= from);
    }

    /// The attempts to ask for again now, oldest first: what fails again and again is asked for ever more rarely.
    pub fn due(&self, now: Timestamp) -> Vec<(String, u64)> {
        let is_due = |failed: &Failed| {
            failed.asked.is_none_or(|(times, at)| now.since(at) >= Self::EVERY * (1 << times.min(8)).max(1) / 2)
        };
        let mut due: Vec<_> = self.unhealed.iter().filter(|(_, failed)| is_due(failed)).collect();
        due.sort_by_key(|(_, failed)| (failed.since, failed.attempt));
        due.into_iter().map(|(delivery, failed)| (delivery.clone(), failed.attempt)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000 + minutes * 60_000)
    }

    #[test]
    fn what_never_arrived_is_asked_for_and_what_arrived_once_is_not() {
        let mut sweep = Sweep::default();
        let attempt = |id, delivery: &str, arrived, minutes| (id, delivery.to_owned(), arrived, at(minutes));
        let listed = [
            attempt(4, "a", true, 4),
            attempt(3, "b", false, 3),
            attempt(2, "b", false, 2),
            attempt(1, "a", false, 1),
            attempt(5, "c", true, 0),
        ];
        sweep.take_up(&listed, at(-10));
        assert_eq!(sweep.due(at(5)), [("b".to_owned(), 3)]);
        assert_eq!(sweep.unhealed["b"].since, at(2));
        sweep.unhealed.get_mut("b").unwrap().asked = Some((1, at(5)));
        assert_eq!(sweep.due(at(6)), []);
        assert_eq!(sweep.due(at(20)), [("b".to_owned(), 3)]);
        sweep.unhealed.get_mut("b").unwrap().asked = Some((3, at(20)));
        assert_eq!(sweep.due(at(79)), []);
        assert_eq!(sweep.due(at(80)), [("b".to_owned(), 3)]);
        sweep.take_up(&[attempt(6, "b", true, 90)], at(-10));
        assert_eq!(sweep.unhealed.len(), 0);
    }

    #[test]
    fn what_is_too_old_is_forgotten() {
        let mut sweep = Sweep::default();
        sweep.take_up(&[(1, "a".to_owned(), false, at(0))], at(-1));
        assert_eq!(sweep.unhealed.len(), 1);
        sweep.take_up(&[(2, "a".to_owned(), false, at(9))], at(1));
        assert_eq!(sweep.unhealed.len(), 0, "its first attempt counts");
    }
}
