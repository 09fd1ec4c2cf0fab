//! Time that stands still until it is told to move, and chance that repeats.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use docket::{
    clock::{Chance, Clock, Entropy},
    domain::time::Timestamp,
};

/// Friday, 20 November 2026, 10:00 UTC.
pub(crate) const START: Timestamp = Timestamp::from_millis(1_795_168_800_000);

/// A clock that a test moves.
pub(crate) struct TestClock(AtomicI64);

impl TestClock {
    /// A clock that shows [`START`].
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(START.as_millis())))
    }

    /// Moves it into the future.
    pub(crate) fn advance(&self, by: Duration) {
        self.0.store(self.now().plus(by).as_millis(), Ordering::SeqCst);
    }

    /// Makes it show this, as clocks do that are set.
    pub(crate) fn set(&self, at: Timestamp) {
        self.0.store(at.as_millis(), Ordering::SeqCst);
    }

    /// This clock with repeatable randomness; different seeds give different ids.
    pub(crate) fn chance(self: &Arc<Self>, seed: u64) -> Chance {
        Chance::new(self.clone(), Arc::new(TestEntropy(AtomicU64::new(seed))))
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// Bits that follow from a seed (splitmix64).
pub(crate) struct TestEntropy(AtomicU64);

impl TestEntropy {
    fn half(&self) -> u64 {
        const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
        let mut bits = self.0.fetch_add(STEP, Ordering::SeqCst).wrapping_add(STEP);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }
}

impl Entropy for TestEntropy {
    fn bits(&self) -> u128 {
        u128::from(self.half()) << 64 | u128::from(self.half())
    }
}
