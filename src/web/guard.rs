//! Who may reach the pages, and what the browser may do with them.

use std::net::{IpAddr, SocketAddr};

use axum::{
    body::Body,
    extract::{ConnectInfo, Request, State, rejection::ExtensionRejection},
    http::{
        HeaderMap, HeaderValue, StatusCode, Uri,
        header::{
            CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, HeaderName, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
            X_CONTENT_TYPE_OPTIONS,
        },
        uri::Authority,
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use tower_http::csrf::ProtectionError;

use super::Web;
use crate::{domain::delivery::Source, telemetry};

/// Everything comes from here; nothing is inline; nobody may frame a page that has an Approve button.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 3] =
    [(CONTENT_SECURITY_POLICY, POLICY), (X_CONTENT_TYPE_OPTIONS, "nosniff"), (REFERRER_POLICY, "same-origin")];

/// The same for a page whose form goes to another site, by its address.
pub(super) fn policy_with_form_to(site: &str) -> String {
    let origin = site.parse::<Uri>().ok().and_then(|url| Some(format!("{}://{}", url.scheme_str()?, url.authority()?)));
    POLICY.replace("form-action 'self'", &format!("form-action 'self' {}", origin.unwrap_or_default()))
}

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

/// A request that comes from the machine itself: whoever sits there needs no sign-in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Near;

/// Lets in what is addressed to this site, and on a machine of one's own only what comes from that machine.
///
/// Names decide which site a browser believes to be on. A foreign `Host` is how DNS rebinding looks from here, and how
/// links to another place are slipped into pages; what a proxy says in `X-Forwarded-Host` counts for nothing.
pub(super) async fn reach(
    State(web): State<Web>,
    peer: Result<ConnectInfo<SocketAddr>, ExtensionRejection>,
    mut request: Request,
    next: Next,
) -> Response {
    let address = peer.as_ref().ok().map(|ConnectInfo(peer)| *peer);
    let client = web.limits.client(address, request.headers());
    request.extensions_mut().insert(client);
    let named = request.headers().get(HOST).and_then(|host| host.to_str().ok()?.parse::<Authority>().ok());
    let authority = request.uri().authority().cloned().or(named);
    if is_loopback(&web.public_url) {
        if let Err(refused) = own_machine(peer, request.headers(), authority.as_ref()) {
            return refused;
        }
        request.extensions_mut().insert(Near);
    } else if !authority.is_some_and(|authority| is_of(&web.public_url, &authority)) {
        let words = "This Docket does not answer under this name. Open it under the address that it was set up with.\n";
        return (StatusCode::MISDIRECTED_REQUEST, words).into_response();
    }
    next.run(request).await
}

/// Turns away whoever does not sit at this machine: the connection has to come from loopback, directly, and to be
/// addressed to it. A passed-on request is how a tunnel looks, whatever `Host` it names; and with `HOST=0.0.0.0` anybody
/// in the network may write `Host: localhost`. Where the connection is unknown, nobody gets in.
#[expect(clippy::result_large_err, reason = "an answer is handed on as it is")]
fn own_machine(
    peer: Result<ConnectInfo<SocketAddr>, ExtensionRejection>,
    headers: &HeaderMap,
    authority: Option<&Authority>,
) -> Result<(), Response> {
    let near = peer.is_ok_and(|ConnectInfo(peer)| peer.ip().to_canonical().is_loopback());
    if !near || is_forwarded(headers) {
        let words = "The pages of this Docket open only on the machine it runs on, not through a network or a \
            proxy: its PUBLIC_URL is an address of that machine. For others, set PUBLIC_URL to the address they use.\n";
        return Err((StatusCode::FORBIDDEN, words).into_response());
    }
    if authority.is_some_and(names_this_machine) {
        return Ok(());
    }
    let words = "This Docket answers only on its own machine. Open it as http://localhost or http://127.0.0.1, \
        with the port it printed when it started.\n";
    Err((StatusCode::MISDIRECTED_REQUEST, words).into_response())
}

fn is_forwarded(headers: &HeaderMap) -> bool {
    FORWARDED.iter().any(|name| headers.contains_key(*name))
}

/// Whether a name is that of this address, with its port.
fn is_of(public_url: &str, named: &Authority) -> bool {
    let Ok(url) = public_url.parse::<Uri>() else { return false };
    let Some(own) = url.authority() else { return false };
    let usual = if url.scheme_str() == Some("https") { 443 } else { 80 };
    let port = |authority: &Authority| authority.port_u16().unwrap_or(usual);
    // A user name in front, as in `docket.example.com@evil.example`, is no part of any address of ours.
    !named.as_str().contains('@') && own.host().eq_ignore_ascii_case(named.host()) && port(own) == port(named)
}

/// The answer to a form or script of another site.
pub(super) fn cross_site(_: ProtectionError) -> Response<Body> {
    let source = Source::Console.as_str();
    metrics::counter!(telemetry::DELIVERIES, "source" => source, "outcome" => "forged").increment(1);
    let words = "This was sent from another site, so it was not taken. Open Docket and do it there.\n";
    (StatusCode::FORBIDDEN, words).into_response()
}

/// For how long browsers are to come by TLS alone: a year.
const TLS_ONLY: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Adds the headers that every answer has. A page that has to send a form elsewhere brings a policy of its own.
pub(super) async fn headers(State(web): State<Web>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if web.public_url.starts_with("https://") {
        headers.insert(STRICT_TRANSPORT_SECURITY, TLS_ONLY);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_ours_with_its_port_and_in_any_case() {
        let is_ours = |url: &str, name: &str| is_of(url, &name.parse().unwrap());
        for name in ["docket.example.com", "DOCKET.example.com", "docket.example.com:443"] {
            assert!(is_ours("https://docket.example.com", name), "{name}");
        }
        for name in [
            "docket.example.com:80",
            "docket.example.com.evil.example",
            "evil.example",
            "docket.example.com@evil.example",
            "evil.example@docket.example.com",
            "127.0.0.1",
        ] {
            assert!(!is_ours("https://docket.example.com", name), "{name}");
        }
        assert!(is_ours("http://10.0.0.5:8080", "10.0.0.5:8080") && !is_ours("http://10.0.0.5:8080", "10.0.0.5"));
        assert!(is_ours("http://[fd00::5]", "[fd00::5]:80"));
    }

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
