//! A browser tab over a router in this process: it keeps cookies, and follows nothing by itself.

use std::collections::BTreeMap;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode, header},
};
use tower::ServiceExt;

/// The address that the tests' sites are reached under.
pub(crate) const SITE: &str = "https://docket.example.com";

/// A tab.
pub(crate) struct Tab {
    router: Router,
    cookies: BTreeMap<String, String>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// Where it leads: by a redirect, or by the page that leads on.
    pub(crate) location: String,
    pub(crate) body: String,
}

impl Tab {
    pub(crate) fn new(router: &Router) -> Self {
        Self { router: router.clone(), cookies: BTreeMap::new() }
    }

    /// Opens an address of the site, whole or as a path.
    pub(crate) async fn get(&mut self, address: &str) -> Answer {
        let path = address.strip_prefix(SITE).unwrap_or(address);
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    /// Presses the button of a form.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = serde_urlencoded::to_string(fields).unwrap();
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ORIGIN, SITE)
            .header("sec-fetch-site", "same-origin");
        self.send(request.body(Body::from(body)).unwrap()).await
    }

    async fn send(&mut self, mut request: Request<Body>) -> Answer {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        request.headers_mut().insert(header::HOST, "docket.example.com".parse().unwrap());
        if !cookies.is_empty() {
            request.headers_mut().insert(header::COOKIE, cookies.join("; ").parse().unwrap());
        }
        let response = self.router.clone().oneshot(request).await.unwrap();
        for cookie in response.headers().get_all(header::SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        let status = response.status();
        let location = response.headers().get(header::LOCATION).map(|value| value.to_str().unwrap().to_owned());
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        let led = body.split_once("id=\"go-on\" href=\"").and_then(|(_, rest)| rest.split('"').next());
        let led = led.map(|address| address.replace("&#38;", "&").replace("&amp;", "&"));
        Answer { status, location: location.or(led).unwrap_or_default(), body }
    }
}
