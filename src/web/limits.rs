//! How often anybody may ask: strangers by their address, changes and what programs read by their tenant. What is too much is answered with
//! 429, with how long to wait, in words.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    num::NonZeroU32,
    sync::Arc,
    time::Duration,
};

use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header::RETRY_AFTER, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use governor::{Quota, RateLimiter, clock::Clock, middleware::NoOpMiddleware, state::keyed::DashMapStateStore};
use ipnet::IpNet;
use serde_json::json;

use super::{Web, form::is_json};
use crate::{clock::Chance, domain::ids::TenantId};

/// Requests of strangers from one address: so many at once, and then one each [`EVERY`].
const STRANGERS: NonZeroU32 = NonZeroU32::new(60).unwrap();
/// Changes by one tenant: so many at once, and then five each [`EVERY`].
const CHANGES: NonZeroU32 = NonZeroU32::new(300).unwrap();
/// What programs of one tenant read: so many at once, and then fifty each [`EVERY`]. Whoever reads page after page does
/// not meet it.
const READS: NonZeroU32 = NonZeroU32::new(1000).unwrap();
/// How long what was used takes to come back, for one request.
const EVERY: Duration = Duration::from_secs(1);
/// Keys that are looked through for those that can be forgotten.
const MANY: usize = 10_000;
/// Keys that are kept at most. Beyond that, all strangers share one allowance for a while.
const MOST: usize = 50_000;

/// Whoever cannot be told apart.
const SHARED: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// Where a request comes from, as far as that can be believed.
#[derive(Debug, Clone, Copy)]
pub(super) struct ClientAddress(pub(super) IpAddr);

type Limiter<K> = RateLimiter<K, DashMapStateStore<K>, Chance, NoOpMiddleware<Duration>>;

/// What was used of each allowance. Cheap to clone.
#[derive(Clone)]
pub struct Limits(Arc<Inner>);

struct Inner {
    strangers: Limiter<IpAddr>,
    changes: Limiter<TenantId>,
    reads: Limiter<TenantId>,
    proxies: Vec<IpNet>,
    chance: Chance,
}

impl Limits {
    /// Nothing is used yet. `proxies` are those whose `X-Forwarded-For` is believed.
    pub fn new(proxies: Vec<IpNet>, chance: Chance) -> Self {
        let quota = |burst: NonZeroU32, each: Duration| {
            Quota::with_period(each).unwrap_or_else(|| Quota::per_second(burst)).allow_burst(burst)
        };
        Self(Arc::new(Inner {
            strangers: RateLimiter::dashmap_with_clock(quota(STRANGERS, EVERY), chance.clone()),
            changes: RateLimiter::dashmap_with_clock(quota(CHANGES, EVERY / 5), chance.clone()),
            reads: RateLimiter::dashmap_with_clock(quota(READS, EVERY / 50), chance.clone()),
            proxies,
            chance,
        }))
    }

    /// Counts a request of a stranger; the error says how long to wait.
    pub(super) fn stranger(&self, address: IpAddr) -> Result<(), Duration> {
        let Inner { strangers, chance, .. } = &*self.0;
        if strangers.len() > MANY {
            strangers.retain_recent();
        }
        let key = if strangers.len() > MOST { SHARED } else { household(address) };
        strangers.check_key(&key).map_err(|not_until| not_until.wait_time_from(Clock::now(chance)))
    }

    /// Counts a change by a tenant; the error says how long to wait.
    pub(super) fn change(&self, tenant: TenantId) -> Result<(), Duration> {
        self.0.changes.check_key(&tenant).map_err(|not_until| not_until.wait_time_from(Clock::now(&self.0.chance)))
    }

    /// Counts what a program of a tenant reads; the error says how long to wait.
    pub(super) fn read(&self, tenant: TenantId) -> Result<(), Duration> {
        self.0.reads.check_key(&tenant).map_err(|not_until| not_until.wait_time_from(Clock::now(&self.0.chance)))
    }

    /// Where a request comes from. Only a proxy of ours is believed when it names somebody else, and of all whom it names
    /// only the last that is none of ours: whoever asks can write the others.
    pub(super) fn client(&self, peer: Option<SocketAddr>, headers: &HeaderMap) -> ClientAddress {
        let is_ours = |address: IpAddr| self.0.proxies.iter().any(|network| network.contains(&address));
        let Some(peer) = peer.map(|peer| peer.ip().to_canonical()) else { return ClientAddress(SHARED) };
        let mut client = peer;
        let named = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
        let named: Vec<_> = named.flat_map(|list| list.split(',')).map(str::trim).collect();
        for hop in named.into_iter().rev() {
            if !is_ours(client) {
                break;
            }
            let Some(address) = address(hop) else { break };
            client = address;
        }
        ClientAddress(client)
    }
}

/// Where a request comes from.
pub(super) fn client(parts: &Parts) -> IpAddr {
    parts.extensions.get::<ClientAddress>().map_or(SHARED, |client| client.0)
}

/// An address as proxies write it, with or without a port.
fn address(hop: &str) -> Option<IpAddr> {
    let plain = || hop.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let address = hop.parse::<SocketAddr>().map(|with_port| with_port.ip()).or_else(|_| plain());
    address.ok().map(|address| address.to_canonical())
}

/// Whoever has one address of version 6 mostly has all that share its first half.
fn household(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) => Ipv6Addr::from(u128::from(address) >> 64 << 64).into(),
        address @ IpAddr::V4(_) => address,
    }
}

/// Lets strangers through to the doors, but not too often.
pub(super) async fn doors(State(web): State<Web>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match web.count_stranger(&parts) {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(answer) => answer,
    }
}

impl Web {
    /// Counts a request of somebody who is not signed in.
    #[expect(clippy::result_large_err, reason = "an answer is handed on as it is")]
    pub(super) fn count_stranger(&self, parts: &Parts) -> Result<(), Response> {
        self.limits.stranger(client(parts)).map_err(|wait| too_often(&parts.headers, wait))
    }

    /// Counts a change by a tenant.
    #[expect(clippy::result_large_err, reason = "an answer is handed on as it is")]
    pub(super) fn count_change(&self, tenant: TenantId, headers: &HeaderMap) -> Result<(), Response> {
        self.limits.change(tenant).map_err(|wait| too_often(headers, wait))
    }
}

/// The answer to one request too many.
fn too_often(headers: &HeaderMap, wait: Duration) -> Response {
    let seconds = wait.as_secs().max(1);
    let words = format!("That is too often. Nothing was done. Wait {seconds} s, then try again.");
    let retry = [(RETRY_AFTER, HeaderValue::from(seconds))];
    if is_json(headers) {
        return (StatusCode::TOO_MANY_REQUESTS, retry, Json(json!({ "error": words }))).into_response();
    }
    (StatusCode::TOO_MANY_REQUESTS, retry, format!("{words}\n")).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(proxies: &[&str], peer: &str, forwarded: &[&str]) -> String {
        let proxies = proxies.iter().map(|network| network.parse().unwrap()).collect();
        let mut headers = HeaderMap::new();
        for list in forwarded {
            headers.append("x-forwarded-for", list.parse().unwrap());
        }
        let peer = SocketAddr::new(peer.parse().unwrap(), 40_000);
        Limits::new(proxies, Chance::system()).client(Some(peer), &headers).0.to_string()
    }

    #[test]
    fn only_our_own_proxies_say_for_whom_they_ask() {
        let ours = ["10.0.0.0/8", "fd00::/8"];
        for (peer, forwarded, expected) in [
            ("203.0.113.9", &["198.51.100.1"][..], "203.0.113.9"),
            ("10.1.2.3", &[], "10.1.2.3"),
            ("10.1.2.3", &["198.51.100.1"], "198.51.100.1"),
            ("::ffff:10.1.2.3", &["198.51.100.1"], "198.51.100.1"),
            // Whatever the client wrote itself stands on the left.
            ("10.1.2.3", &["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
            ("10.1.2.3", &["1.1.1.1", "198.51.100.1, 10.9.9.9"], "198.51.100.1"),
            ("10.1.2.3", &["198.51.100.1:1234"], "198.51.100.1"),
            ("fd00::1", &["[2001:db8::7]:443"], "2001:db8::7"),
            ("10.1.2.3", &["unknown"], "10.1.2.3"),
            ("10.1.2.3", &["198.51.100.1, nonsense"], "10.1.2.3"),
            ("10.1.2.3", &["10.4.4.4"], "10.4.4.4"),
        ] {
            assert_eq!(told(&ours, peer, forwarded), expected, "{peer} {forwarded:?}");
        }
        assert_eq!(told(&[], "10.1.2.3", &["198.51.100.1"]), "10.1.2.3");
    }

    #[test]
    fn a_household_shares_one_allowance_and_others_have_their_own() {
        let limits = Limits::new(Vec::new(), Chance::system());
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        for n in 0..STRANGERS.get() {
            limits.stranger(address(&format!("2001:db8::{n:x}"))).unwrap();
        }
        assert!(limits.stranger(address("2001:db8::ffff")).unwrap_err() <= EVERY);
        limits.stranger(address("2001:db8:0:1::1")).unwrap();
        limits.stranger(address("192.0.2.1")).unwrap();
    }

    #[test]
    fn strangers_without_end_take_no_memory_without_end() {
        let limits = Limits::new(Vec::new(), Chance::system());
        for n in 0..70_000_u32 {
            let _counted = limits.stranger(Ipv4Addr::from(n + 1).into());
        }
        assert!(limits.0.strangers.len() <= MOST + 2, "{}", limits.0.strangers.len());
    }
}
