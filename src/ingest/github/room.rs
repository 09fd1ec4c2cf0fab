//! Room in memory for bodies: what does not fit waits for its turn.

use tokio::sync::{Semaphore, SemaphorePermit};

/// A body up to this many bytes is small, as nearly all are.
const SMALL: usize = 1024 * 1024;

/// Room for small bodies at once, in KiB.
const FOR_SMALL: usize = 14 * 1024;

/// Room for large ones, in KiB.
const FOR_LARGE: usize = 50 * 1024;

/// Room for the bodies of all requests. Large ones have their own, so that they keep no small one waiting.
pub(super) struct Room {
    small: Semaphore,
    large: Semaphore,
}

impl Room {
    /// All of it.
    pub(super) fn new() -> Self {
        Self { small: Semaphore::new(FOR_SMALL), large: Semaphore::new(FOR_LARGE) }
    }

    /// Waits for room for this many bytes, which is given back when the permit is dropped. `None` never happens: nobody
    /// closes it.
    pub(super) async fn take(&self, bytes: usize) -> Option<SemaphorePermit<'_>> {
        let room = if bytes <= SMALL { &self.small } else { &self.large };
        let kibibytes = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX);
        room.acquire_many(kibibytes).await.ok()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    const MIB: usize = 1024 * 1024;

    #[test]
    fn large_bodies_wait_for_each_other_and_small_ones_for_none_of_them() {
        let room = Room::new();
        let take = |bytes| room.take(bytes).now_or_never().flatten();
        let (first, second) = (take(25 * MIB), take(25 * MIB));
        assert!(first.is_some() && second.is_some());
        assert!(take(2 * MIB).is_none());
        let small: Vec<_> = (0..14).map(|_| take(MIB)).collect();
        assert!(small.iter().all(Option::is_some));
        assert!(take(1).is_none());
        drop(first);
        assert!(take(2 * MIB).is_some());
    }
}
