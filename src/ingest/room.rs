//! Room in memory for bodies, taken as they come in.
//!
//! A body belongs to nobody yet: its signature holds only when the last of it is there. So nothing is set aside for what
//! a sender announces, and whoever sends a part and then waits keeps nobody out: where there is no room left, the body
//! that has been coming in for longest gives way to one that began later.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};
use tokio_util::sync::CancellationToken;

/// A body up to this many bytes is small, as nearly all are.
pub(super) const SMALL: usize = 1024 * 1024;

/// Room for small bodies at once.
const FOR_SMALL: usize = 14 * SMALL;

/// Room for large ones.
const FOR_LARGE: usize = 50 * SMALL;

/// How long a small body may come in before it has to give way.
const FAIR_TO_SMALL: Duration = Duration::from_millis(250);

/// The same for a large one.
const FAIR_TO_LARGE: Duration = Duration::from_secs(3);

/// Room for the bodies of all requests. Large ones have their own, so that they keep no small one waiting.
pub(super) struct Room {
    small: Pool,
    large: Pool,
}

impl Room {
    /// All of it.
    pub(super) fn new() -> Self {
        Self {
            small: Pool::new(FOR_SMALL, SMALL, FAIR_TO_SMALL),
            large: Pool::new(FOR_LARGE, FOR_LARGE, FAIR_TO_LARGE),
        }
    }

    /// A place for a body that begins to come in. Holds nothing yet.
    pub(super) fn enter(&self) -> Place<'_> {
        self.small.enter()
    }

    /// Waits until a place holds this many bytes.
    pub(super) async fn grow<'a>(&'a self, place: &mut Place<'a>, bytes: usize) -> Result<(), Displaced> {
        if bytes > place.pool.largest {
            // At once as much as it will ever need: large bodies that hold a half each would wait for each other.
            let mut among_large = self.large.enter();
            tokio::select! {
                grown = among_large.grow(bytes) => grown?,
                () = place.displaced() => return Err(Displaced),
            }
            *place = among_large;
            return Ok(());
        }
        place.grow(bytes).await
    }
}

/// Had to give way to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Displaced;

/// Room for bodies of one kind.
struct Pool {
    most: usize,
    /// The largest body in it.
    largest: usize,
    fair: Duration,
    taken: Mutex<Taken>,
    freed: Notify,
}

#[derive(Default)]
struct Taken {
    bytes: usize,
    /// Those of them that are about to be given back.
    leaving: usize,
    next: u64,
    /// The bodies that are still coming in, in the order in which they began.
    incoming: BTreeMap<u64, Incoming>,
}

struct Incoming {
    began: Instant,
    bytes: usize,
    displaced: CancellationToken,
}

impl Pool {
    fn new(most: usize, largest: usize, fair: Duration) -> Self {
        Self { most, largest, fair, taken: Mutex::default(), freed: Notify::new() }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        // Nothing in here panics half done.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self) -> Place<'_> {
        let mut taken = self.taken();
        let number = taken.next;
        taken.next += 1;
        let displaced = CancellationToken::new();
        taken.incoming.insert(number, Incoming { began: Instant::now(), bytes: 0, displaced: displaced.clone() });
        drop(taken);
        Place { pool: self, number, bytes: 0, displaced }
    }

    /// Takes `more` bytes for a body if there is room, and else asks older ones to give way. Says until when at most
    /// it makes no sense to try again before something is given back.
    fn try_take(&self, number: u64, more: usize) -> Result<(), Option<Instant>> {
        let now = Instant::now();
        let taken = &mut *self.taken();
        // Who is no longer among them was told to go.
        let Some(body) = taken.incoming.get_mut(&number) else { return Err(None) };
        if taken.bytes + more <= self.most {
            body.bytes += more;
            taken.bytes += more;
            return Ok(());
        }
        while taken.bytes - taken.leaving + more > self.most {
            let Some((&oldest, body)) = taken.incoming.range(..number).find(|(_, body)| body.bytes > 0) else {
                return Err(None);
            };
            let fair = body.began + self.fair;
            if fair > now {
                return Err(Some(fair));
            }
            body.displaced.cancel();
            taken.leaving += body.bytes;
            taken.incoming.remove(&oldest);
        }
        Err(None)
    }
}

/// The place of one body. What it holds is given back when it is dropped.
pub(super) struct Place<'a> {
    pool: &'a Pool,
    number: u64,
    bytes: usize,
    displaced: CancellationToken,
}

impl Place<'_> {
    /// Waits until it holds this many bytes.
    async fn grow(&mut self, bytes: usize) -> Result<(), Displaced> {
        let more = bytes.saturating_sub(self.bytes);
        loop {
            let freed = self.pool.freed.notified();
            let Err(again) = self.pool.try_take(self.number, more) else {
                self.bytes += more;
                return Ok(());
            };
            let fair = async {
                match again {
                    Some(again) => tokio::time::sleep_until(again).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = freed => {}
                () = fair => {}
                () = self.displaced.cancelled() => return Err(Displaced),
            }
        }
    }

    /// Ends when the body has to give way.
    pub(super) async fn displaced(&self) {
        self.displaced.cancelled().await;
    }

    /// The body is there: from now on it need not give way.
    pub(super) fn settle(&self) -> Result<(), Displaced> {
        self.pool.taken().incoming.remove(&self.number).map(drop).ok_or(Displaced)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut taken = self.pool.taken();
        taken.bytes -= self.bytes;
        taken.incoming.remove(&self.number);
        if self.displaced.is_cancelled() {
            taken.leaving -= self.bytes;
        }
        drop(taken);
        self.pool.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    async fn place(room: &Room, bytes: usize) -> Result<Place<'_>, Displaced> {
        let mut place = room.enter();
        room.grow(&mut place, bytes).await.map(|()| place)
    }

    fn at_once(room: &Room, bytes: usize) -> Option<Place<'_>> {
        place(room, bytes).now_or_never().map(|place| place.unwrap())
    }

    #[tokio::test]
    async fn large_bodies_wait_for_each_other_and_small_ones_for_none_of_them() {
        let room = Room::new();
        let (first, second) = (at_once(&room, 25 * SMALL).unwrap(), at_once(&room, 25 * SMALL).unwrap());
        assert!(at_once(&room, 2 * SMALL).is_none());
        let small: Vec<_> = (0..14).map(|_| at_once(&room, SMALL)).collect();
        assert!(small.iter().all(Option::is_some));
        assert!(at_once(&room, 1).is_none());
        drop(first);
        assert!(at_once(&room, 2 * SMALL).is_some());
        drop((second, small));
        for pool in [&room.small, &room.large] {
            let taken = pool.taken();
            assert_eq!((taken.bytes, taken.leaving, taken.incoming.len()), (0, 0, 0));
        }
    }

    #[tokio::test]
    async fn who_has_been_coming_in_for_longest_gives_way_to_who_began_later() {
        let room = Room::new();
        let stalled: Vec<_> = (0..13).map(|_| at_once(&room, SMALL).unwrap()).collect();
        let whole = at_once(&room, SMALL).unwrap();
        whole.settle().unwrap();
        let mut stalled = stalled.into_iter();
        let oldest = stalled.next().unwrap();
        assert!(at_once(&room, SMALL).is_none(), "everybody gets a fair time");
        let gives_way = async {
            oldest.displaced().await;
            drop(oldest);
        };
        let (taken, ()) = tokio::join!(place(&room, SMALL), gives_way);
        let taken = taken.unwrap();
        taken.settle().unwrap();
        assert!(stalled.all(|place| place.settle().is_ok()), "no more had to go than there was need of");
    }

    #[tokio::test]
    async fn who_began_first_pushes_nobody_out_and_what_is_whole_stays() {
        let room = Room::new();
        let mut first = room.enter();
        let whole: Vec<_> = (0..13).map(|_| at_once(&room, SMALL).unwrap()).collect();
        assert!(whole.iter().all(|place| place.settle().is_ok()));
        let incoming = at_once(&room, SMALL).unwrap();
        let waits = tokio::time::timeout(2 * FAIR_TO_SMALL, room.grow(&mut first, 1)).await;
        assert!(waits.is_err() && incoming.settle().is_ok());
    }
}
