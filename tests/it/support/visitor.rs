//! A browser without a screen: it keeps cookies, follows nothing by itself, and says where its forms come from.

use std::{collections::BTreeMap, sync::Mutex};

use axum::{
    Router,
    body::Body,
    http::{Method, Request, header},
};

use super::site::{PUBLIC, Page, ask};

/// Somebody at the pages of [`PUBLIC`].
pub(crate) struct Visitor {
    router: Router,
    cookies: Mutex<BTreeMap<String, String>>,
    agent: &'static str,
}

impl Visitor {
    pub(crate) fn new(router: Router) -> Self {
        let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";
        Self { router, cookies: Mutex::default(), agent }
    }

    /// Another browser at the same pages.
    pub(crate) fn another(&self) -> Self {
        Self::new(self.router.clone())
    }

    /// Follows a link, of these pages or back to them.
    pub(crate) async fn get(&self, address: &str) -> Page {
        self.send(self.request(Method::GET, address).body(Body::empty()).unwrap()).await
    }

    /// Sends a form of these pages.
    pub(crate) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Page {
        let request = self
            .request(Method::POST, path)
            .header(header::ORIGIN, PUBLIC)
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(serde_urlencoded::to_string(form).unwrap())).unwrap()).await
    }

    /// Sends a form of another site's page to these.
    pub(crate) async fn post_from_elsewhere(&self, path: &str, form: &[(&str, &str)]) -> Page {
        let request = self
            .request(Method::POST, path)
            .header(header::ORIGIN, "https://evil.example")
            .header("sec-fetch-site", "cross-site")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(serde_urlencoded::to_string(form).unwrap())).unwrap()).await
    }

    fn request(&self, method: Method, address: &str) -> axum::http::request::Builder {
        let path = address.strip_prefix(PUBLIC).unwrap_or(address);
        Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "docket.example.com")
            .header(header::USER_AGENT, self.agent)
            .header(header::ACCEPT, "text/html")
    }

    /// Sends a request with the cookies, and keeps those of the answer.
    pub(crate) async fn send(&self, mut request: Request<Body>) -> Page {
        let cookies: Vec<_> =
            self.cookies.lock().unwrap().iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request.headers_mut().insert(header::COOKIE, cookies.join("; ").parse().unwrap());
        }
        let page = ask(self.router.clone(), request).await;
        for cookie in page.headers.get_all(header::SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            let (pair, how) = cookie.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            assert!(name.starts_with("__Host-docket"), "{name} could come from another host");
            for part in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/"] {
                assert!(how.contains(part), "{name} is not {part}: {how}");
            }
            let mut cookies = self.cookies.lock().unwrap();
            if how.contains("Max-Age=0") {
                cookies.remove(name);
            } else {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        page
    }

    /// The token of the session; none where nobody is signed in.
    pub(crate) fn session(&self) -> Option<String> {
        self.cookies.lock().unwrap().get("__Host-docket").cloned()
    }

    /// Takes over a cookie, as a thief would.
    pub(crate) fn set_session(&self, token: &str) {
        self.cookies.lock().unwrap().insert("__Host-docket".to_owned(), token.to_owned());
    }

    /// Whom the pages take the visitor for; `None` where they ask for a sign-in.
    pub(crate) async fn name(&self) -> Option<String> {
        let page = self.get("/sessions").await;
        let (_, rest) = page.body.split_once("Your account, ")?;
        Some(rest.split('"').next().unwrap().to_owned())
    }
}
