//! How often GitHub may be asked: by what it publishes, and by what it says with every answer. Nobody waits here: whoever
//! comes too early is told how long to stay away, so that no other work is held up meanwhile.

use std::{
    num::NonZeroU32,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use governor::{
    Quota, RateLimiter,
    middleware::NoOpMiddleware,
    state::{InMemoryState, NotKeyed, keyed::DashMapStateStore},
};
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    Trouble,
    trouble::{number, pause, reset},
};
use crate::{
    clock::Chance,
    domain::{ids::TenantId, time::Timestamp},
};

/// Points at once, and then ten each second: within any minute at most the 900 of GitHub's secondary limit
/// (docs.github.com, rate limits for the REST API).
const POINTS: NonZeroU32 = NonZeroU32::new(300).unwrap();
/// Points of all connections of a tenant at once, and then twenty each second: one tenant's many organisations do not
/// take this machine's connections from the others.
const OF_TENANT: NonZeroU32 = NonZeroU32::new(600).unwrap();
/// What reading costs.
const READ: NonZeroU32 = NonZeroU32::MIN;
/// What writing costs.
const WRITE: NonZeroU32 = NonZeroU32::new(5).unwrap();
/// Writes are a second apart.
const APART: Duration = Duration::from_secs(1);
/// Writes at once within an hour, and then one each nine seconds: within any hour at most GitHub's 500.
const WRITES: NonZeroU32 = NonZeroU32::new(100).unwrap();
const EACH_WRITE: Duration = Duration::from_secs(9);

type Of<K, S> = RateLimiter<K, S, Chance, NoOpMiddleware<Duration>>;

/// What each tenant has used.
pub(super) type Tenants = Of<TenantId, DashMapStateStore<TenantId>>;

/// Nothing is used yet.
pub(super) fn tenants(chance: &Chance) -> Tenants {
    RateLimiter::dashmap_with_clock(quota(OF_TENANT, Duration::from_secs(1) / 20), chance.clone())
}

/// What one installation has used, and what GitHub says of it.
pub(super) struct Limits {
    tenant: Option<(TenantId, Arc<Tenants>)>,
    points: Of<NotKeyed, InMemoryState>,
    apart: Of<NotKeyed, InMemoryState>,
    writes: Of<NotKeyed, InMemoryState>,
    /// Writes come one after the other.
    pen: Arc<Semaphore>,
    told: Mutex<Told>,
    chance: Chance,
}

/// What GitHub said last.
#[derive(Default)]
struct Told {
    /// Not to be asked before.
    until: Option<Timestamp>,
    /// How often in a row it asked to wait without saying how long.
    unstated: u32,
}

impl Limits {
    /// Nothing is used yet. `tenant` is who else counts it.
    pub(super) fn new(tenant: Option<(TenantId, Arc<Tenants>)>, chance: &Chance) -> Self {
        let direct = |quota| RateLimiter::direct_with_clock(quota, chance.clone());
        Self {
            tenant,
            points: direct(quota(POINTS, Duration::from_secs(1) / 10)),
            apart: direct(quota(NonZeroU32::MIN, APART)),
            writes: direct(quota(WRITES, EACH_WRITE)),
            pen: Arc::new(Semaphore::new(1)),
            told: Mutex::default(),
            chance: chance.clone(),
        }
    }

    /// Counts a request that is about to be sent. What a write gets is kept until it is answered.
    pub(super) fn enter(&self, method: &Method) -> Result<Option<OwnedSemaphorePermit>, Trouble> {
        let now = self.chance.now();
        let left = self.told().until.map(|until| until.since(now)).filter(|left| !left.is_zero());
        if let Some(left) = left {
            return Err(Trouble::Wait(left));
        }
        let is_read = matches!(*method, Method::GET | Method::HEAD);
        let cost = if is_read { READ } else { WRITE };
        if let Some((tenant, tenants)) = &self.tenant {
            // What is asked for is never more than can be had at once.
            self.judge(tenants.check_key_n(tenant, cost).unwrap_or(Ok(())))?;
        }
        self.judge(self.points.check_n(cost).unwrap_or(Ok(())))?;
        if is_read {
            return Ok(None);
        }
        let pen = Arc::clone(&self.pen).try_acquire_owned().map_err(|_| Trouble::Wait(APART))?;
        // An App itself writes nothing that anybody reads.
        if self.tenant.is_some() {
            self.judge(self.apart.check())?;
            self.judge(self.writes.check())?;
        }
        Ok(Some(pen))
    }

    /// Takes note of what GitHub says with an answer; how long it asks to wait where it is about that.
    pub(super) fn note(&self, status: StatusCode, headers: &HeaderMap, body: &Value) -> Option<Duration> {
        let now = self.chance.now();
        let mut told = self.told();
        let asked = pause(status, headers, body, told.unstated, now);
        let is_stated = number(headers, "retry-after").is_some() || number(headers, "x-ratelimit-remaining") == Some(0);
        told.unstated = match asked {
            Some(_) if !is_stated => told.unstated + 1,
            Some(_) => told.unstated,
            None => 0,
        };
        let is_used_up = number(headers, "x-ratelimit-remaining") == Some(0);
        if let Some(wait) = asked.or_else(|| is_used_up.then(|| reset(headers, now))) {
            told.until = told.until.max(Some(now.plus(wait)));
        }
        asked
    }

    fn judge(&self, outcome: Result<(), governor::NotUntil<Duration>>) -> Result<(), Trouble> {
        let now = governor::clock::Clock::now(&self.chance);
        // Never nothing: whoever comes back in the same millisecond would be sent away again.
        outcome.map_err(|until| Trouble::Wait(until.wait_time_from(now).max(Duration::from_millis(10))))
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn quota(burst: NonZeroU32, each: Duration) -> Quota {
    Quota::with_period(each).unwrap_or_else(|| Quota::per_second(burst)).allow_burst(burst)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;
    use crate::clock::{Clock, Entropy};

    struct Still(AtomicI64);

    impl Clock for Still {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(self.0.load(Ordering::SeqCst))
        }
    }

    impl Entropy for Still {
        fn bits(&self) -> u128 {
            7
        }
    }

    fn clock() -> (Arc<Still>, Chance) {
        let still = Arc::new(Still(AtomicI64::new(1_800_000_000_000)));
        (still.clone(), Chance::new(still.clone(), still))
    }

    /// How many of these pass until the clock has come this far, asked for each tenth of a second.
    fn passed(limits: &Limits, clock: &Still, method: &Method, seconds: i64) -> usize {
        let mut passed = 0;
        for _ in 0..seconds * 10 {
            while limits.enter(method).is_ok() {
                passed += 1;
            }
            clock.0.fetch_add(100, Ordering::SeqCst);
        }
        passed
    }

    #[test]
    fn no_minute_has_more_points_than_github_allows() {
        let (clock, chance) = clock();
        let limits = Limits::new(None, &chance);
        let first = passed(&limits, &clock, &Method::GET, 60);
        assert!((850..=900).contains(&first), "{first}");
        assert!(passed(&limits, &clock, &Method::GET, 60) <= 601);
    }

    #[test]
    fn writes_are_a_second_apart_one_after_the_other_and_five_hundred_an_hour() {
        let (clock, chance) = clock();
        let tenant = chance.id();
        let limits = Limits::new(Some((tenant, Arc::new(tenants(&chance)))), &chance);
        let pen = limits.enter(&Method::POST).unwrap();
        clock.0.fetch_add(5_000, Ordering::SeqCst);
        assert_eq!(limits.enter(&Method::POST).unwrap_err(), Trouble::Wait(APART));
        drop(pen);
        assert!(limits.enter(&Method::POST).is_ok());
        assert_eq!(limits.enter(&Method::PATCH).unwrap_err(), Trouble::Wait(APART));
        let hour = passed(&limits, &clock, &Method::POST, 3_595);
        assert!((450..=498).contains(&hour), "{hour}");
    }

    #[test]
    fn whoever_is_told_to_wait_does_and_others_do_not() {
        let (clock, chance) = clock();
        let shared = Arc::new(tenants(&chance));
        let of = |tenant: TenantId| Limits::new(Some((tenant, shared.clone())), &chance);
        let (one, other) = (of(chance.id()), of("ten_01HF7YAT00000000000000001A".parse().unwrap()));
        let headers = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1800000060")];
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| ((*name).parse::<http::HeaderName>().unwrap(), value.parse().unwrap()))
            .collect();
        // The last answer of the hour is an answer all the same.
        assert_eq!(one.note(StatusCode::OK, &headers, &Value::Null), None);
        assert_eq!(one.enter(&Method::GET).unwrap_err(), Trouble::Wait(Duration::from_mins(1)));
        assert!(other.enter(&Method::GET).is_ok());
        clock.0.fetch_add(60_000, Ordering::SeqCst);
        assert!(one.enter(&Method::GET).is_ok());
        // Nothing is said: a minute, then two.
        for minutes in [1, 2, 4] {
            let asked = one.note(StatusCode::TOO_MANY_REQUESTS, &HeaderMap::new(), &Value::Null);
            assert_eq!(asked, Some(Duration::from_mins(minutes)));
        }
        assert_eq!(one.note(StatusCode::OK, &HeaderMap::new(), &Value::Null), None);
        let asked = one.note(StatusCode::TOO_MANY_REQUESTS, &HeaderMap::new(), &Value::Null);
        assert_eq!(asked, Some(Duration::from_mins(1)));
    }

    #[test]
    fn a_tenant_with_many_organisations_leaves_room_for_others() {
        let (_, chance) = clock();
        let shared = Arc::new(tenants(&chance));
        let tenant: TenantId = chance.id();
        let all: Vec<_> = (0..5).map(|_| Limits::new(Some((tenant, shared.clone())), &chance)).collect();
        let passed = all.iter().flat_map(|limits| std::iter::repeat_with(|| limits.enter(&Method::GET)).take(300));
        assert_eq!(passed.flatten().count(), 600);
    }
}
