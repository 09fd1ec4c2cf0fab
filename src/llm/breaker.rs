//! A circuit breaker: an account that failed again and again is left alone for a while, then tried once.
//!
//! It lives in memory, per tenant and account: another process learns for itself, and a restart starts afresh.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crate::domain::{
    ids::{AccountId, TenantId},
    time::Timestamp,
};

/// Outages in a row after which an account is left alone.
const OUTAGES: u32 = 3;
/// For how long, the first time.
const REST: Duration = Duration::from_secs(30);
/// For how long at most; it doubles with each try that failed.
const LONGEST_REST: Duration = Duration::from_mins(5);
/// How long a provider is left alone that asks to wait and does not say how long.
const UNSAID_PAUSE: Duration = Duration::from_secs(20);
/// For how long at most where it says so; then one call tries it.
const LONGEST_PAUSE: Duration = Duration::from_mins(10);

/// How long a provider is left alone that asks to wait, for this long if it says so.
pub(super) fn pause(said: Option<Duration>) -> Duration {
    said.unwrap_or(UNSAID_PAUSE).min(LONGEST_PAUSE)
}

/// What is known of one account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Breaker {
    state: State,
    /// The provider asked to wait until then. An answer ends that, such as one to a test.
    limited: Option<Timestamp>,
    /// What went wrong the last time; forgotten with the next call that goes well.
    last_error: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It is asked.
    Closed {
        /// In a row.
        outages: u32,
    },
    /// It is left alone.
    Open { until: Timestamp, rest: Duration },
    /// One call tries it. Should that one never end, the next may go after `until`.
    HalfOpen { until: Timestamp, rest: Duration },
}

impl Default for State {
    fn default() -> Self {
        Self::Closed { outages: 0 }
    }
}

/// What became of a call, as far as the breaker minds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The provider answered, whatever it said.
    Answered,
    /// It could not be reached, failed, or is out of its quota.
    Outage,
    /// It asks to wait until then; [`LONGEST_PAUSE`] at most is granted.
    Limited(Timestamp),
}

impl Breaker {
    /// Whether the account may be asked now; after a rest, or the longest pause, that is yes to one call alone.
    ///
    /// # Errors
    /// The instant from which on it may be asked again.
    pub fn admit(&mut self, now: Timestamp) -> Result<(), Timestamp> {
        if let Some(until) = self.rests_until(now) {
            return Err(until);
        }
        self.limited = None;
        if let State::Open { rest, .. } | State::HalfOpen { rest, .. } = self.state {
            self.state = State::HalfOpen { until: now.plus(rest), rest };
        }
        Ok(())
    }

    /// Takes in what became of a call.
    pub fn record(&mut self, outcome: Outcome, error: Option<String>, now: Timestamp) {
        self.last_error = error;
        self.state = match (outcome, self.state) {
            (Outcome::Answered, _) => {
                self.limited = None;
                State::default()
            }
            (Outcome::Limited(until), state) => {
                let latest = now.plus(LONGEST_PAUSE);
                self.limited = self.limited.max(Some(until.min(latest)));
                match state {
                    // It may have asked for more than it is given: one call finds out.
                    _ if until >= latest => State::Open { until: latest, rest: REST },
                    // A provider that asks to wait is there.
                    State::HalfOpen { .. } => State::default(),
                    state => state,
                }
            }
            (Outcome::Outage, State::Closed { outages }) if outages + 1 < OUTAGES => {
                State::Closed { outages: outages + 1 }
            }
            (Outcome::Outage, State::Closed { .. }) => open(now, REST),
            (Outcome::Outage, State::HalfOpen { rest, .. }) => open(now, (rest * 2).min(LONGEST_REST)),
            // A call that was under way when the others failed.
            (Outcome::Outage, open @ State::Open { .. }) => open,
        };
    }

    /// Until when the account is left alone.
    pub fn rests_until(&self, now: Timestamp) -> Option<Timestamp> {
        let rests = match self.state {
            State::Closed { .. } => None,
            State::Open { until, .. } | State::HalfOpen { until, .. } => Some(until),
        };
        self.limited.max(rests).filter(|until| *until > now)
    }

    /// Until when the provider asked to wait.
    pub fn limited_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.limited.filter(|until| *until > now)
    }

    /// What went wrong the last time, where nothing went right since.
    pub fn last_error(&self) -> Option<&str> {
        self.last_error.as_deref()
    }
}

fn open(now: Timestamp, rest: Duration) -> State {
    State::Open { until: now.plus(rest), rest }
}

/// Whose account: `None` for the one of the environment.
pub(super) type Key = (TenantId, Option<AccountId>);

/// The breakers of all accounts. Cheap to clone; every clone is the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Breakers(Arc<Mutex<HashMap<Key, Breaker>>>);

impl Breakers {
    /// Works on the breaker of an account.
    pub(super) fn with<T>(&self, key: Key, work: impl FnOnce(&mut Breaker) -> T) -> T {
        // No breaker is ever left half changed, so one of a thread that panicked is as good as any.
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        work(all.entry(key).or_default())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    fn failed(breaker: &mut Breaker, seconds: i64) {
        breaker.record(Outcome::Outage, Some("it is down".to_owned()), at(seconds));
    }

    #[test]
    fn three_outages_in_a_row_are_a_rest_that_doubles_with_each_failed_try() {
        let mut breaker = Breaker::default();
        for second in 0..2 {
            failed(&mut breaker, second);
            assert_eq!(breaker.admit(at(second)), Ok(()), "{second}");
        }
        failed(&mut breaker, 2);
        let mut now = 2;
        for rest in [30, 60, 120, 240, 300, 300] {
            assert_eq!(breaker.admit(at(now)), Err(at(now + rest)));
            assert_eq!(breaker.admit(at(now + rest - 1)), Err(at(now + rest)));
            now += rest;
            assert_eq!(breaker.admit(at(now)), Ok(()), "after {rest} s one may try");
            assert_eq!(breaker.admit(at(now)), Err(at(now + rest)), "and nobody else meanwhile");
            failed(&mut breaker, now);
        }
        assert_eq!(breaker.last_error(), Some("it is down"));
    }

    #[test]
    fn an_answer_makes_good_for_everything() {
        let mut breaker = Breaker::default();
        for round in 0..3 {
            failed(&mut breaker, round);
            failed(&mut breaker, round);
            breaker.record(Outcome::Answered, None, at(round));
        }
        assert_eq!(breaker, Breaker::default());
        for _ in 0..3 {
            failed(&mut breaker, 10);
        }
        assert_eq!(breaker.admit(at(40)), Ok(()));
        breaker.record(Outcome::Answered, None, at(41));
        assert_eq!(breaker, Breaker::default());
    }

    #[test]
    fn calls_that_were_under_way_do_not_make_the_rest_longer() {
        let mut breaker = Breaker::default();
        for second in 0..10 {
            failed(&mut breaker, second);
        }
        assert_eq!(breaker.rests_until(at(9)), Some(at(32)));
    }

    #[test]
    fn a_try_that_never_ends_makes_room_for_the_next() {
        let mut breaker = Breaker::default();
        for _ in 0..3 {
            failed(&mut breaker, 0);
        }
        assert_eq!(breaker.admit(at(30)), Ok(()));
        assert_eq!(breaker.admit(at(59)), Err(at(60)));
        assert_eq!(breaker.admit(at(60)), Ok(()));
    }

    #[test]
    fn who_asks_to_wait_is_left_alone_until_then() {
        let mut breaker = Breaker::default();
        breaker.record(Outcome::Limited(at(7)), None, at(0));
        breaker.record(Outcome::Limited(at(5)), None, at(0));
        assert_eq!(breaker.admit(at(6)), Err(at(7)));
        assert_eq!(breaker.admit(at(7)), Ok(()));
        assert_eq!(breaker.admit(at(0)), Ok(()), "it is over for good");
    }

    #[test]
    fn an_answer_ends_a_pause() {
        for pause in [7, 86_400] {
            let mut breaker = Breaker::default();
            breaker.record(Outcome::Limited(at(pause)), Some("too many requests".to_owned()), at(0));
            breaker.record(Outcome::Answered, None, at(1));
            assert_eq!(breaker, Breaker::default());
            assert_eq!(breaker.admit(at(1)), Ok(()));
        }
    }

    #[test]
    fn a_pause_has_an_end_and_then_one_call_finds_out() {
        let mut breaker = Breaker::default();
        breaker.record(Outcome::Limited(at(86_400)), None, at(0));
        assert_eq!(breaker.limited_until(at(0)), Some(at(600)));
        assert_eq!(breaker.admit(at(599)), Err(at(600)));
        assert_eq!(breaker.admit(at(600)), Ok(()));
        assert_eq!(breaker.admit(at(600)), Err(at(630)), "nobody else meanwhile");
        breaker.record(Outcome::Limited(at(86_400)), None, at(601));
        assert_eq!(breaker.admit(at(1_200)), Err(at(1_201)));
        for (said, granted) in [(None, 20), (Some(5), 5), (Some(86_400), 600)] {
            assert_eq!(pause(said.map(Duration::from_secs)), Duration::from_secs(granted));
        }
    }

    #[test]
    fn tenants_and_accounts_do_not_share_a_breaker() {
        let chance = crate::clock::Chance::system();
        let (tenant, account) = (chance.id(), chance.id());
        let breakers = Breakers::default();
        breakers.with((tenant, None), |breaker| breaker.record(Outcome::Limited(at(9)), None, at(0)));
        for other in [(tenant, Some(account)), (chance.id(), None)] {
            assert_eq!(breakers.clone().with(other, |breaker| breaker.admit(at(0))), Ok(()));
        }
        assert_eq!(breakers.clone().with((tenant, None), |breaker| breaker.admit(at(0))), Err(at(9)));
    }

    proptest! {
        #[test]
        fn nobody_rests_for_longer_than_the_longest_rest(steps: Vec<(bool, u16)>) {
            let mut breaker = Breaker::default();
            let mut now = 0;
            for (fails, later) in steps {
                now += i64::from(later);
                if breaker.admit(at(now)).is_ok() {
                    let outcome = if fails { Outcome::Outage } else { Outcome::Answered };
                    breaker.record(outcome, None, at(now));
                }
                let most = now + 300;
                prop_assert!(breaker.rests_until(at(now)).is_none_or(|until| until <= at(most)));
                prop_assert!(breaker.clone().admit(at(most)).is_ok());
            }
        }
    }
}
