//! Who may reach the pages, and what the browser may do with them.

use std::net::{IpAddr, SocketAddr};

use axum::{
    body::Body,
    extract::{ConnectInfo, Request, rejection::ExtensionRejection},
    http::{
        HeaderMap, HeaderValue, StatusCode, Uri,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS},
        uri::Authority,
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use tower_http::csrf::ProtectionError;

use crate::{domain::delivery::Source, telemetry};

/// Everything comes from here; nothing is inline; nobody may frame a page that has an Approve button.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 3] =
    [(CONTENT_SECURITY_POLICY, POLICY), (X_CONTENT_TYPE_OPTIONS, "nosniff"), (REFERRER_POLICY, "same-origin")];

/// Whether the host of this address is the machine itself: `localhost`, `127.…` or `[::1]`.
pub fn is_loopback(public_url: &str) -> bool {
    public_url.parse::<Uri>().is_ok_and(|url| url.authority().is_some_and(names_this_machine))
}

fn names_this_machine(authority: &Authority) -> bool {
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    let name = host.to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// What a proxy adds to a request that it passes on for somebody else.
const FORWARDED: [&str; 4] = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip"];

/// Lets in whoever sits at this machine, and nobody else: the connection has to come from loopback,
/// directly, and to be addressed to it. A foreign `Host` is how DNS rebinding looks from here; a passed-on
/// request is how a tunnel looks, whatever `Host` it names; and with `HOST=0.0.0.0` anybody in
/// the network may write `Host: localhost`. Where the connection is unknown, nobody gets in.
pub(super) async fn own_machine(
    peer: Result<ConnectInfo<SocketAddr>, ExtensionRejection>,
    request: Request,
    next: Next,
) -> Response {
    let near = peer.is_ok_and(|ConnectInfo(peer)| peer.ip().to_canonical().is_loopback());
    if !near || is_forwarded(request.headers()) {
        let words = "The pages of this Docket open only on the machine it runs on, not through a network or a \
            proxy: there is no sign-in yet.\n";
        return (StatusCode::FORBIDDEN, words).into_response();
    }
    let named = request.headers().get(HOST).and_then(|host| host.to_str().ok()?.parse::<Authority>().ok());
    let authority = request.uri().authority().cloned().or(named);
    if authority.as_ref().is_some_and(names_this_machine) {
        return next.run(request).await;
    }
    let words = "This Docket answers only on its own machine. Open it as http://localhost or http://127.0.0.1, \
        with the port it printed when it started.\n";
    (StatusCode::MISDIRECTED_REQUEST, words).into_response()
}

fn is_forwarded(headers: &HeaderMap) -> bool {
    FORWARDED.iter().any(|name| headers.contains_key(*name))
}

/// The answer to every request while there is no sign-in and `PUBLIC_URL` can be reached by others.
pub(super) async fn closed() -> Response {
    let words = "The pages of this Docket are closed: PUBLIC_URL is not on this machine, and there is no sign-in yet. \
        To use them here, set PUBLIC_URL to an address on localhost.\n";
    (StatusCode::NOT_FOUND, words).into_response()
}

/// The answer to a form or script of another site.
pub(super) fn cross_site(_: ProtectionError) -> Response<Body> {
    let source = Source::Console.as_str();
    metrics::counter!(telemetry::DELIVERIES, "source" => source, "outcome" => "forged").increment(1);
    let words = "This was sent from another site, so it was not taken. Open the console and do it there.\n";
    (StatusCode::FORBIDDEN, words).into_response()
}

/// Adds the headers that every answer has.
pub(super) async fn headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_machine_itself_is_loopback() {
        for url in [
            "http://127.0.0.1:8080",
            "http://localhost",
            "https://LOCALHOST:1",
            "http://[::1]:8080",
            "http://127.9.9.9",
        ] {
            assert!(is_loopback(url), "{url}");
        }
        for url in [
            "https://docket.example.com",
            "http://0.0.0.0:8080",
            "http://localhost.evil.com",
            "http://10.0.0.1",
            "localhost/",
            "",
        ] {
            assert!(!is_loopback(url), "{url}");
        }
    }
}
