//! Long lists come in pages: each names the next one by an opaque cursor, which stands for the last item and not for a
//! number of items, so that nothing is shown twice or left out while the list grows.

use axum::http::{StatusCode, Uri, header};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    ROOT,
    answer::Answer,
    problem::{Kind, Problem},
};

/// Items on a page where nobody asks for another number.
const USUAL: u32 = 50;
/// Items on a page at most.
const MOST: u32 = 200;

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Page<T> {
    /// The items, in the order of the list.
    pub(super) items: Vec<T>,
    /// The cursor of the next page, for `after`; null where this is the last one.
    #[schema(required)]
    pub(super) next: Option<String>,
}

/// Which part of a list is wanted.
pub(super) struct Window<T> {
    list: &'static str,
    limit: usize,
    /// What the last item of the page before was called.
    pub(super) after: Option<T>,
}

impl<T> Window<T> {
    /// Reads `limit` and `after` for the list of this name.
    pub(super) fn read(
        list: &'static str,
        limit: Option<u32>,
        after: Option<&str>,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Self, Problem> {
        let limit = limit.unwrap_or(USUAL);
        if !(1..=MOST).contains(&limit) {
            return Err(Problem::new(Kind::Malformed, format!("The limit has to be a number from 1 to {MOST}.")));
        }
        let cursor = |text: &str| {
            let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
            read(std::str::from_utf8(&bytes).ok()?.strip_prefix(list)?.strip_prefix(' ')?)
        };
        let after = after.map(|text| {
            cursor(text).ok_or_else(|| {
                let words = "That is no cursor of this list: take `next` of the page before, or leave `after` out.";
                Problem::new(Kind::Malformed, words)
            })
        });
        Ok(Self { list, limit: usize::try_from(limit).unwrap_or(usize::MAX), after: after.transpose()? })
    }

    /// How many items to look for: one more than are shown tells whether there is a next page.
    pub(super) const fn rows(&self) -> usize {
        self.limit + 1
    }

    /// The page that these items make; `name` says what an item is called, for the cursor.
    pub(super) fn page<I, S: Serialize>(
        &self,
        uri: &Uri,
        mut items: Vec<I>,
        name: impl Fn(&I) -> String,
        show: impl FnMut(I) -> S,
    ) -> Result<Answer, Problem> {
        let has_more = items.len() > self.limit;
        items.truncate(self.limit);
        let last = items.last().filter(|_| has_more);
        let next = last.map(|last| URL_SAFE_NO_PAD.encode(format!("{} {}", self.list, name(last))));
        let link = next.as_deref().map(|next| link(uri, next));
        let answer = Answer::json(StatusCode::OK, &Page { items: items.into_iter().map(show).collect(), next })?;
        Ok(match link {
            Some(link) => answer.with(header::LINK.as_str(), &link),
            None => answer,
        })
    }
}

/// The next page as a link (RFC 8288): the same address, below the root of the API, with another cursor.
fn link(uri: &Uri, next: &str) -> String {
    let asked: Vec<(String, String)> = serde_urlencoded::from_str(uri.query().unwrap_or_default()).unwrap_or_default();
    let mut query: Vec<_> = asked.into_iter().filter(|(name, _)| name != "after").collect();
    query.push(("after".to_owned(), next.to_owned()));
    format!("<{ROOT}{}?{}>; rel=\"next\"", uri.path(), serde_urlencoded::to_string(query).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_to_the_next_page_of_its_own_list() {
        let window = |after: Option<&str>| Window::read("tasks", Some(2), after, |text| text.parse::<u32>().ok());
        let uri: Uri = "/tasks?status=todo&limit=2&after=x".parse().unwrap();
        let page = window(None).unwrap().page(&uri, vec![1, 2, 3], ToString::to_string, |item| item).unwrap();
        let body: serde_json::Value = serde_json::from_str(&page.body).unwrap();
        let next = body["next"].as_str().unwrap();
        assert_eq!(body["items"], serde_json::json!([1, 2]));
        assert_eq!(window(Some(next)).unwrap().after, Some(2));
        let link = page.headers.iter().find(|(name, _)| name == "link").unwrap();
        assert_eq!(link.1, format!("</api/v1/tasks?status=todo&limit=2&after={next}>; rel=\"next\""));
        let last = window(Some(next)).unwrap().page(&uri, vec![3], ToString::to_string, |item| item).unwrap();
        assert_eq!(last.body, "{\"items\":[3],\"next\":null}");
        let other = Window::read("patches", None, Some(next), |text| text.parse::<u32>().ok());
        assert!(other.is_err() && window(Some("§")).is_err() && window(Some("")).is_err());
        for limit in [0, 201, u32::MAX] {
            assert!(Window::read("tasks", Some(limit), None, |_| Some(())).is_err(), "{limit}");
        }
    }
}
