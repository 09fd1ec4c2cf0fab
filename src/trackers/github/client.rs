//! Asks GitHub for one connection, in JSON.

use std::sync::Arc;

use http::{
    HeaderMap, Method, Request, StatusCode,
    header::{ACCEPT, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LINK},
};
use octocrab::{OctoBody, Octocrab};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Trouble, limits::Limits};
use crate::telemetry;

/// What came of a question that says what is known already.
#[derive(Debug, PartialEq, Eq)]
pub enum Fetched<T> {
    /// Something else than that, with its entity tag.
    Fresh(T, Option<String>),
    /// Nothing has changed, and nothing was counted against the limit.
    Unchanged,
}

/// A page of a list.
#[derive(Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// What stands on it.
    pub items: Vec<T>,
    /// Where the next one is.
    pub next: Option<String>,
}

/// The way to GitHub for one connection, or for an App itself. Cheap to clone; clones share what was used of the limits.
#[derive(Clone)]
pub struct Client {
    crab: Octocrab,
    limits: Arc<Limits>,
}

/// An answer with success, or without a change.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Client {
    pub(super) fn new(crab: Octocrab, limits: Arc<Limits>) -> Self {
        Self { crab, limits }
    }

    /// Reads something. `route` is below the API's address, such as `/repos/acme/web`.
    ///
    /// # Errors
    /// When GitHub does not give it.
    pub async fn get<T: DeserializeOwned>(&self, route: &str) -> Result<T, Trouble> {
        read(&self.ask(Method::GET, route, None, None).await?.body)
    }

    /// Reads a page of a list. `route` may be the whole address that an earlier page has named.
    ///
    /// # Errors
    /// When GitHub does not give it.
    pub async fn page<T: DeserializeOwned>(
        &self,
        route: &str,
        etag: Option<&str>,
    ) -> Result<Fetched<Page<T>>, Trouble> {
        let answer = self.ask(Method::GET, route, None, etag).await?;
        if answer.status == StatusCode::NOT_MODIFIED {
            return Ok(Fetched::Unchanged);
        }
        let page = Page { items: items(&answer.body)?, next: next(&answer.headers) };
        Ok(Fetched::Fresh(page, answer.etag()))
    }

    /// Reads a list to its end, or as many pages of it.
    ///
    /// # Errors
    /// When GitHub does not give one of them.
    pub async fn list<T: DeserializeOwned>(&self, route: &str, pages: usize) -> Result<Vec<T>, Trouble> {
        let (mut all, mut route) = (Vec::new(), route.to_owned());
        for _ in 0..pages {
            let Fetched::Fresh(page, _) = self.page(&route, None).await? else { break };
            all.extend(page.items);
            let Some(next) = page.next else { break };
            route = next;
        }
        Ok(all)
    }

    /// Makes something. Never tried again by itself: whoever does looks first whether it is there.
    ///
    /// # Errors
    /// When GitHub does not do it; after [`Trouble::Unreachable`] it may have.
    pub async fn post<T: DeserializeOwned>(&self, route: &str, body: &Value) -> Result<T, Trouble> {
        read(&self.ask(Method::POST, route, Some(body), None).await?.body)
    }

    /// Puts something in its place.
    ///
    /// # Errors
    /// When GitHub does not do it.
    pub async fn put<T: DeserializeOwned>(&self, route: &str, body: &Value) -> Result<T, Trouble> {
        read(&self.ask(Method::PUT, route, Some(body), None).await?.body)
    }

    async fn ask(
        &self,
        method: Method,
        route: &str,
        body: Option<&Value>,
        etag: Option<&str>,
    ) -> Result<Answer, Trouble> {
        let word = verb(&method);
        let outcome = self.carry(method, route, body, etag).await;
        let end = match &outcome {
            Ok(answer) if answer.status == StatusCode::NOT_MODIFIED => "unchanged",
            Ok(_) => "ok",
            Err(trouble) => trouble.outcome(),
        };
        metrics::counter!(telemetry::PROVIDER_CALLS, "provider" => "github", "method" => word, "outcome" => end)
            .increment(1);
        outcome
    }

    async fn carry(
        &self,
        method: Method,
        route: &str,
        body: Option<&Value>,
        etag: Option<&str>,
    ) -> Result<Answer, Trouble> {
        let mut request = Request::builder().method(method).uri(route).header(ACCEPT, "application/vnd.github+json");
        if let Some(etag) = etag {
            request = request.header(IF_NONE_MATCH, etag);
        }
        let mut sent = OctoBody::empty();
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json");
            sent = OctoBody::from(body.to_string());
        }
        let request = request.body(sent).map_err(|_| Trouble::Unreadable)?;
        let response = self.crab.execute(request).await.map_err(lost)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = self.crab.body_to_string(response).await.map_err(|_| Trouble::Unreadable)?;
        if status.is_success() || status == StatusCode::NOT_MODIFIED {
            self.limits.note(status, &headers, &Value::Null);
            return Ok(Answer { status, headers, body });
        }
        let said = serde_json::from_str(&body).unwrap_or(Value::Null);
        Err(match self.limits.note(status, &headers, &said) {
            Some(pause) => Trouble::Wait(pause),
            None => Trouble::of(status, &said),
        })
    }
}

impl Answer {
    fn etag(&self) -> Option<String> {
        self.headers.get(ETAG)?.to_str().ok().map(str::to_owned)
    }
}

/// What the layers below say, which the library wraps.
fn lost(error: octocrab::Error) -> Trouble {
    let octocrab::Error::Service { source, .. } = error else { return Trouble::Unreadable };
    source.downcast::<Trouble>().map_or(Trouble::Unreadable, |trouble| *trouble)
}

const fn verb(method: &Method) -> &'static str {
    match *method {
        Method::GET => "get",
        Method::POST => "post",
        Method::PUT => "put",
        _ => "delete",
    }
}

/// An answer without a body reads as null.
fn read<T: DeserializeOwned>(body: &str) -> Result<T, Trouble> {
    let body = if body.trim().is_empty() { "null" } else { body };
    serde_json::from_str(body).map_err(|error| {
        tracing::warn!(line = error.line(), column = error.column(), "an answer of GitHub can't be read");
        Trouble::Unreadable
    })
}

/// The items of a list, which may stand in a field: `{"total_count": 1, "repositories": […]}`.
fn items<T: DeserializeOwned>(body: &str) -> Result<Vec<T>, Trouble> {
    if body.trim_start().starts_with('[') {
        return read(body);
    }
    let fields: serde_json::Map<String, Value> = read(body)?;
    let list = fields.into_iter().map(|(_, value)| value).find(Value::is_array).ok_or(Trouble::Unreadable)?;
    serde_json::from_value(list).map_err(|_| Trouble::Unreadable)
}

/// Where the next page is (RFC 8288): `<https://…&page=2>; rel="next", <…>; rel="last"`.
fn next(headers: &HeaderMap) -> Option<String> {
    let links = headers.get(LINK)?.to_str().ok()?;
    let link = links.split(',').find(|link| link.contains("rel=\"next\""))?;
    Some(link.split_once('<')?.1.split_once('>')?.0.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_found_among_the_links() {
        let at = |links: &str| next(&HeaderMap::from_iter([(LINK, links.parse().unwrap())]));
        let both = "<https://api.github.com/x?page=3>; rel=\"last\", <https://api.github.com/x?page=2>; rel=\"next\"";
        assert_eq!(at(both).as_deref(), Some("https://api.github.com/x?page=2"));
        assert_eq!(at("<https://api.github.com/x?page=1>; rel=\"prev\""), None);
        assert_eq!(at("rel=\"next\""), None);
        assert_eq!(next(&HeaderMap::new()), None);
    }

    #[test]
    fn a_list_may_stand_in_a_field() {
        assert_eq!(items::<u8>("[1, 2]"), Ok(vec![1, 2]));
        assert_eq!(items::<u8>(r#"{"total_count": 2, "repositories": [1, 2]}"#), Ok(vec![1, 2]));
        for odd in ["{}", "", "[\"x\"]", "<html>", r#"{"a": 1}"#] {
            assert_eq!(items::<u8>(odd), Err(Trouble::Unreadable), "{odd}");
        }
    }
}
