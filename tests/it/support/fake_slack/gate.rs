//! Gates before the methods: what waits at one has not happened yet, and whoever gives up waiting never passes.

use std::time::Duration;

use super::FakeSlack;

/// How often whoever waits looks whether the gate is open.
const LOOK: Duration = Duration::from_millis(5);

/// The gate before `chat.postMessage`, and one before any method.
#[derive(Default)]
pub(super) struct Gate {
    /// After so many posts it is shut; `None`: it is open.
    shut_after: Option<usize>,
    passed: usize,
    waiting: usize,
    /// The method of which every call waits.
    held: Option<String>,
    /// The method of which the next call alone waits.
    next: Option<String>,
    /// Whether it does.
    is_caught: bool,
    /// How many of them have come to wait.
    came: usize,
}

/// Somebody who waits, until they pass or give up.
struct Waiting<'a>(&'a FakeSlack);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.world().gate.waiting -= 1;
    }
}

impl FakeSlack {
    /// From now on so many messages are posted, and then none until [`release_posts`](Self::release_posts).
    pub(crate) fn hold_posts_after(&self, posts: usize) {
        let mut world = self.world();
        world.gate.shut_after = Some(posts);
        world.gate.passed = 0;
    }

    /// Opens the gate again.
    pub(crate) fn release_posts(&self) {
        self.world().gate.shut_after = None;
    }

    /// How many posts wait, once there are some and their number has stayed the same for a second.
    pub(crate) async fn held_posts(&self) -> usize {
        let (mut held, mut looks) = (self.world().gate.waiting, 0);
        while looks < 50 {
            tokio::time::sleep(Duration::from_millis(20)).await;
            let now = self.world().gate.waiting;
            looks = if now == held && now > 0 { looks + 1 } else { 0 };
            held = now;
        }
        held
    }

    /// From now on every call of this method (or `response_url`) waits, until [`let_go`](Self::let_go).
    pub(crate) fn hold(&self, method: &str) {
        let gate = &mut self.world().gate;
        (gate.held, gate.came) = (Some(method.to_owned()), 0);
    }

    /// The next call of this method waits until [`let_go`](Self::let_go); those behind it pass.
    pub(crate) fn hold_next(&self, method: &str) {
        let gate = &mut self.world().gate;
        (gate.next, gate.came) = (Some(method.to_owned()), 0);
    }

    /// Whether a call has come to wait since [`hold`](Self::hold) or [`hold_next`](Self::hold_next).
    pub(crate) fn holds_one(&self) -> bool {
        self.world().gate.came > 0
    }

    /// Ends [`hold`](Self::hold) and [`hold_next`](Self::hold_next).
    pub(crate) fn let_go(&self) {
        let gate = &mut self.world().gate;
        (gate.held, gate.next, gate.is_caught) = (None, None, false);
    }

    pub(super) async fn pass_hold(&self, method: &str) {
        let is_held = || self.world().gate.held.as_deref() == Some(method);
        if is_held() {
            self.world().gate.came += 1;
        }
        while is_held() {
            tokio::time::sleep(LOOK).await;
        }
        if self.is_next(method) {
            while self.world().gate.is_caught {
                tokio::time::sleep(LOOK).await;
            }
        }
    }

    /// Whether this call is the one that was to wait.
    fn is_next(&self, method: &str) -> bool {
        let gate = &mut self.world().gate;
        if gate.next.as_deref() != Some(method) {
            return false;
        }
        (gate.next, gate.is_caught, gate.came) = (None, true, gate.came + 1);
        true
    }

    pub(super) async fn pass_gate(&self) {
        self.world().gate.waiting += 1;
        let _waiting = Waiting(self);
        loop {
            {
                let gate = &mut self.world().gate;
                if gate.shut_after.is_none_or(|most| gate.passed < most) {
                    gate.passed += 1;
                    return;
                }
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}
