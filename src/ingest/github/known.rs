//! What every webhook asks about whoever sent it: remembered for as long as nobody says anything else.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::watch, time::Instant};

use crate::store::Store;

/// How long it is believed at most: what another process changes is not heard of on SQLite, nor while the line is down.
const BELIEVED: Duration = Duration::from_secs(1);

/// Of how many something is remembered.
const MOST: usize = 10_000;

/// What is known of those who sent something lately, by their number at GitHub.
pub(super) struct Known<T> {
    seen: Mutex<HashMap<u64, Seen<T>>>,
    changes: watch::Receiver<u64>,
}

struct Seen<T> {
    what: T,
    /// How often the database had said whose requests are, before this was looked up.
    version: u64,
    at: Instant,
}

impl<T: Clone> Known<T> {
    pub(super) fn new(store: &Store) -> Self {
        Self { seen: Mutex::default(), changes: store.changes_for_doors() }
    }

    /// What is known of this one, else what `look` finds.
    ///
    /// # Errors
    /// Those of `look`.
    pub(super) async fn get<E>(&self, number: u64, look: impl AsyncFnOnce() -> Result<T, E>) -> Result<T, E> {
        let (version, at) = (*self.changes.borrow(), Instant::now());
        if let Some(what) = self.remembered(number, version) {
            return Ok(what);
        }
        // What changes while it is looked up makes it one of an older version, which nobody believes.
        let what = look().await?;
        let mut seen = self.seen();
        if seen.len() >= MOST {
            seen.clear();
        }
        seen.insert(number, Seen { what: what.clone(), version, at });
        Ok(what)
    }

    fn remembered(&self, number: u64, version: u64) -> Option<T> {
        let seen = self.seen();
        let seen = seen.get(&number)?;
        let is_sure = seen.version == version && seen.at.elapsed() < BELIEVED;
        is_sure.then(|| seen.what.clone())
    }

    fn seen(&self) -> MutexGuard<'_, HashMap<u64, Seen<T>>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
