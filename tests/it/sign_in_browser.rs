//! Signing in, in a real browser with a real provider.

use docket::{
    connect::{http::Http, oidc::Oidc},
    web::Ways,
};

use crate::support::{browser::Browser, oidc_peer::OidcPeer, site::Site};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_signs_in_with_the_provider_looks_at_the_sessions_and_signs_out() {
    let (site, _) = Site::with_sample().await;
    site.wait(docket::clock::Chance::system().now().since(site.chance.now()));
    let mut peer = None;
    let base = site
        .serve_public(async |public_url| {
            let callback = format!("{public_url}/oauth/oidc/callback");
            peer = OidcPeer::start(&callback);
            let oidc = |peer: &OidcPeer| Oidc::new(peer.config(), callback, Http::new().unwrap(), site.chance.clone());
            Ways { slack: None, oidc: peer.as_ref().map(oidc) }
        })
        .await;
    if peer.is_none() {
        return;
    }
    let Some(browser) = Browser::start(&base).await else { return };
    browser.goto("/projects").await;
    browser.wait_for("Sign in with 127.0.0.1").await;
    photograph(&browser, "login").await;
    browser.follow("Sign in with 127.0.0.1").await;
    browser.wait_for("Sign-in").await;
    for (field, text) in [("login", "ana"), ("password", "x")] {
        browser.focus(&format!("input[name={field}]")).await;
        browser.write(text).await;
    }
    browser.press("Sign-in").await;
    browser.wait_for("Authorize").await;
    browser.press("Continue").await;
    browser.wait_for("User authentication").await;
    browser.press("Ana").await;
    browser.wait_for("Signed in as Ana").await;
    photograph(&browser, "account").await;
    browser.goto("/sessions").await;
    browser.wait_for("this one").await;
    browser.wait_for("with OpenID Connect").await;
    photograph(&browser, "sessions").await;
    let complaints = browser.complaints().await;
    let ours: Vec<_> = complaints.iter().filter(|line| line.contains("docket.test")).collect();
    assert!(ours.is_empty(), "{ours:?}");
    browser.focus("#sign-out").await;
    browser.wait_for("You are signed out.").await;
    photograph(&browser, "signed-out").await;
    browser.goto("/projects").await;
    browser.wait_for("Sign in to Docket").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_private_link_asks_before_it_signs_anybody_in() {
    let site = Site::new().await;
    let base = site.serve_public(async |_| Ways::default()).await;
    let Some(browser) = Browser::start(&base).await else { return };
    browser.goto("/login").await;
    browser.wait_for("No way to sign in is set up yet").await;
    photograph(&browser, "no-way-in").await;
    // A stranger has nothing to listen to. Whoever tries now fails, and the page has not tried before.
    let tries = "new EventSource('/live').onerror = () => document.body.append('Nobody may listen here.')";
    browser.evaluate(tries).await;
    browser.wait_for("Nobody may listen here.").await;
    let listens = "return [document.getElementById('live').hidden, \
        performance.getEntriesByType('resource').filter((entry) => entry.name.endsWith('/live')).length]";
    assert_eq!(browser.evaluate(listens).await, serde_json::json!([true, 1]));
    let ana = site.join(site.tenant, "Ana").await;
    site.ticket(site.tenant, ana.id, "link-1").await;
    browser.goto("/ticket/link-1").await;
    browser.wait_for("of this Docket").await;
    photograph(&browser, "ticket").await;
    browser.press("Sign in as Ana").await;
    browser.wait_for("You are member here").await;
    browser.goto("/ticket/link-1").await;
    browser.wait_for("This link does not count any more").await;
    photograph(&browser, "ticket-used").await;
}

/// Takes pictures for people to look at.
async fn photograph(browser: &Browser, name: &str) {
    for (look, width, scheme) in [("light", 1280, "light"), ("dark", 1280, "dark"), ("phone", 390, "light")] {
        browser.look(width, 760, scheme).await;
        let overflow = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
        assert_eq!(browser.evaluate(overflow).await, serde_json::json!(0), "{name} is wider than a {look} window");
        browser.screenshot(crate::browser::picture(&format!("sign-in-{name}-{look}"))).await;
    }
    browser.look(1280, 760, "light").await;
}
