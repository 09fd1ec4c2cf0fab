//! A gate before `chat.postMessage`: what waits at it has not happened yet, and whoever gives up waiting never passes.

use std::time::Duration;

use super::FakeSlack;

/// How often whoever waits looks whether the gate is open.
const LOOK: Duration = Duration::from_millis(5);

/// The gate.
#[derive(Default)]
pub(super) struct Gate {
    /// After so many posts it is shut; `None`: it is open.
    shut_after: Option<usize>,
    passed: usize,
    waiting: usize,
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
