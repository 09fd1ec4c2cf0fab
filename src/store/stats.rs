//! Numbers for the metrics.

use std::collections::BTreeMap;

use super::{Result, Store};
use crate::domain::time::Timestamp;

/// How much there is of what, across all tenants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// Jobs by state: `waiting`, `running`, `dead`.
    pub jobs: BTreeMap<String, i64>,
    /// Since when, or until when, the first waiting job waits.
    pub oldest_waiting: Option<Timestamp>,
    /// Patches by state.
    pub patches: BTreeMap<String, i64>,
}

impl Store {
    /// The numbers as they are now.
    pub async fn stats(&self) -> Result<Stats> {
        let mut session = self.look().await?;
        let jobs = all!(session, (String, i64), "SELECT state, count(*) FROM jobs GROUP BY state ORDER BY state");
        let oldest = first!(session, (Option<i64>,), "SELECT min(due_at) FROM jobs WHERE state = 'waiting'");
        let patches = all!(session, (String, i64), "SELECT state, count(*) FROM patches GROUP BY state ORDER BY state");
        Ok(Stats {
            jobs: jobs.into_iter().collect(),
            oldest_waiting: oldest.and_then(|(at,)| at).map(Timestamp::from_millis),
            patches: patches.into_iter().collect(),
        })
    }
}
