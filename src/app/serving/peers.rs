//! Who is connected, and who of them is waited for.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

/// How long the head of the first request may take to come in.
const FIRST: Duration = Duration::from_secs(10);

/// How long a request's body may take. The doors of webhooks are stricter, and answer.
const BODY: Duration = Duration::from_secs(30);

/// How long a connection is kept for the next request: longer than proxies keep theirs, so that none sends a request
/// to a connection that is just being closed.
const NEXT: Duration = Duration::from_secs(75);

/// Which part of all connections is closed at once where a place is needed, so that they are looked through rarely.
const PART: usize = 32;

/// One connection, as seen from outside.
pub(super) struct Peer {
    state: Mutex<State>,
    told: Notify,
}

struct State {
    /// Requests whose answers have not gone out yet.
    requests: usize,
    /// Those of them whose bodies are still coming in.
    incoming: usize,
    /// When something was last done for it.
    since: Instant,
    /// How long it may stay so.
    patience: Duration,
    word: Option<Word>,
}

/// What is to become of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// It is closed at once.
    Close,
    /// It is closed when its requests are answered.
    Finish,
}

impl State {
    /// Since when nothing can be done but wait for the peer, if that is so.
    fn waits_since(&self) -> Option<Instant> {
        (self.requests == self.incoming).then_some(self.since)
    }

    fn waits_anew(&mut self, patience: Duration) {
        self.since = Instant::now();
        self.patience = patience;
    }
}

impl Peer {
    fn new(now: Instant) -> Self {
        let state = State { requests: 0, incoming: 0, since: now, patience: FIRST, word: None };
        Self { state: Mutex::new(state), told: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, word: Word) {
        self.state().word = Some(word);
        self.told.notify_one();
    }

    /// What is to become of the connection, once somebody says so.
    pub(super) async fn word(&self) -> Word {
        loop {
            self.told.notified().await;
            if let Some(word) = self.state().word {
                return word;
            }
        }
    }

    /// The head of a request came in. It is answered when what is returned is dropped.
    pub(super) fn asks(self: &Arc<Self>) -> Asking {
        self.state().requests += 1;
        Asking(Arc::clone(self))
    }

    /// A body begins to come in. It has come in when what is returned is dropped.
    pub(super) fn sends(self: &Arc<Self>) -> Sending {
        let mut state = self.state();
        state.incoming += 1;
        state.waits_anew(BODY);
        drop(state);
        Sending(Arc::clone(self))
    }
}

/// A request that is under way.
pub(super) struct Asking(Arc<Peer>);

impl Drop for Asking {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.requests -= 1;
        state.waits_anew(NEXT);
    }
}

/// A body that is coming in.
pub(super) struct Sending(Arc<Peer>);

impl Drop for Sending {
    fn drop(&mut self) {
        self.0.state().incoming -= 1;
    }
}

/// All connections.
pub(super) struct Peers {
    most: usize,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    next: u64,
    peers: HashMap<u64, Arc<Peer>>,
}

impl Peers {
    /// None yet, and never more than `most`.
    pub(super) fn new(most: usize) -> Self {
        Self { most, open: Mutex::default() }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a new connection, if need be of one that has waited for its peer longest. `None` where every
    /// connection is busy.
    pub(super) fn seat(self: &Arc<Self>, now: Instant) -> Option<Seat> {
        let mut open = self.open();
        if open.peers.len() >= self.most && open.make_room(self.most) == 0 {
            return None;
        }
        let number = open.next;
        open.next += 1;
        let peer = Arc::new(Peer::new(now));
        open.peers.insert(number, Arc::clone(&peer));
        drop(open);
        Some(Seat { peers: Arc::clone(self), number, peer })
    }

    /// Closes those that have waited longest.
    pub(super) fn make_room(&self) {
        self.open().make_room(self.most);
    }

    /// Closes those that have waited for too long.
    pub(super) fn close_overdue(&self, now: Instant) {
        let is_overdue = |peer: &Peer| {
            let state = peer.state();
            state.waits_since().is_some_and(|since| now.saturating_duration_since(since) >= state.patience)
        };
        self.open().peers.values().filter(|peer| is_overdue(peer)).for_each(|peer| peer.tell(Word::Close));
    }

    /// Lets each finish what is under way.
    pub(super) fn finish(&self) {
        self.open().peers.values().for_each(|peer| peer.tell(Word::Finish));
    }
}

impl Open {
    /// Closes those that have waited longest, a part of all, and says how many.
    fn make_room(&mut self, most: usize) -> usize {
        let waits = |(number, peer): (&u64, &Arc<Peer>)| Some((peer.state().waits_since()?, *number));
        let mut waiting: Vec<_> = self.peers.iter().filter_map(waits).collect();
        waiting.sort_unstable();
        waiting.truncate((most / PART).max(1));
        for (_, number) in &waiting {
            if let Some(peer) = self.peers.remove(number) {
                peer.tell(Word::Close);
            }
        }
        waiting.len()
    }
}

/// The place of a connection, which is free again when this is dropped.
pub(super) struct Seat {
    peers: Arc<Peers>,
    number: u64,
    peer: Arc<Peer>,
}

impl Seat {
    /// Who sits there.
    pub(super) fn peer(&self) -> &Arc<Peer> {
        &self.peer
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.peers.open().peers.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn word(seat: &Seat) -> Option<Word> {
        seat.peer().word().now_or_never()
    }

    #[test]
    fn who_waits_longest_gives_way_and_nobody_who_is_served() {
        let peers = Arc::new(Peers::new(3));
        let now = Instant::now();
        let ago = |seconds| now.checked_sub(Duration::from_secs(seconds)).unwrap();
        let mut seats: Vec<_> = [3, 2, 1].into_iter().map(|seconds| peers.seat(ago(seconds)).unwrap()).collect();
        let served = seats[0].peer().asks();
        let slow = (seats[1].peer().asks(), seats[1].peer().sends());
        let fourth = peers.seat(Instant::now()).unwrap();
        let words: Vec<_> = seats.iter().map(word).collect();
        assert_eq!(words, [None, None, Some(Word::Close)], "a body that has just begun is younger than silence");
        drop(seats.pop());
        let busy = fourth.peer().asks();
        let fifth = peers.seat(Instant::now()).unwrap();
        assert_eq!((word(&seats[0]), word(&seats[1])), (None, Some(Word::Close)), "a body that does not come");
        let busy_as_well = fifth.peer().asks();
        assert!(peers.seat(Instant::now()).is_none(), "everybody is served");
        drop((served, busy, busy_as_well, slow));
        assert!(peers.seat(Instant::now()).is_some());
    }

    #[test]
    fn who_waits_for_too_long_is_closed() {
        let peers = Arc::new(Peers::new(8));
        let silent = peers.seat(Instant::now()).unwrap();
        let slow = peers.seat(Instant::now()).unwrap();
        let kept = peers.seat(Instant::now()).unwrap();
        let served = peers.seat(Instant::now()).unwrap();
        let _under_way = (slow.peer().asks(), slow.peer().sends(), served.peer().asks());
        drop(kept.peer().asks());
        let now = Instant::now();
        for (seconds, closed) in [(9, 0), (11, 1), (29, 1), (31, 2), (74, 2), (76, 3), (3_600, 3)] {
            peers.close_overdue(now + Duration::from_secs(seconds));
            let all = [&silent, &slow, &kept, &served];
            let told = all.iter().filter(|seat| seat.peer().state().word == Some(Word::Close)).count();
            assert_eq!(told, closed);
        }
        assert_eq!(
            [word(&silent), word(&slow), word(&kept), word(&served)].map(|word| word.is_some()),
            [true, true, true, false]
        );
    }

    #[test]
    fn a_place_is_free_again_after_its_connection() {
        let peers = Arc::new(Peers::new(2));
        drop(peers.seat(Instant::now()));
        assert!(peers.open().peers.is_empty());
    }
}
