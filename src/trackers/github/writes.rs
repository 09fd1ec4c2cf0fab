//! What Docket writes at GitHub, once: everything carries a hidden mark, which is looked for before anything is written.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Client, Trouble};
use crate::domain::time::Timestamp;

/// How many pages are looked through for a mark.
const PAGES: usize = 5;

/// Something that was written, or was there already.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Opened {
    /// GitHub's own number of it across all repositories.
    pub id: u64,
    /// An issue's number in its repository; none for a comment.
    #[serde(default)]
    pub number: Option<u64>,
    /// Its page.
    pub html_url: String,
    #[serde(default)]
    body: Option<String>,
}

/// The hidden mark of a key: of what Docket wrote, and for what.
pub fn marker(key: &str) -> String {
    // A mark ends where the comment does.
    let plain: String =
        key.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':' | '.')).collect();
    format!("<!-- docket:{plain} -->")
}

/// Whether Docket wrote a text.
pub fn is_marked(text: &str) -> bool {
    text.contains("<!-- docket:")
}

impl Client {
    /// Opens an issue, or finds the one with the same key. `since` is when it was asked for: no earlier one can be meant.
    /// `more` holds further fields, such as `labels`.
    ///
    /// # Errors
    /// When GitHub does not do it. May be called again after any of them.
    pub async fn issue_once(
        &self,
        full_name: &str,
        key: &str,
        since: Timestamp,
        title: &str,
        body: &str,
        more: Map<String, Value>,
    ) -> Result<Opened, Trouble> {
        let mark = marker(key);
        // Clocks differ.
        let since = since.minus(std::time::Duration::from_mins(10)).to_utc().format("%Y-%m-%dT%H:%M:%SZ");
        let known =
            format!("/repos/{full_name}/issues?state=all&sort=created&direction=desc&since={since}&per_page=100");
        if let Some(found) = self.marked(&known, &mark).await? {
            return Ok(found);
        }
        let mut fields = more;
        fields.insert("title".to_owned(), title.into());
        fields.insert("body".to_owned(), format!("{body}\n\n{mark}").trim_start().into());
        self.post(&format!("/repos/{full_name}/issues"), &Value::Object(fields)).await
    }

    /// Writes a comment under an issue or a pull request, or finds the one with the same key.
    ///
    /// # Errors
    /// When GitHub does not do it. May be called again after any of them.
    pub async fn comment_once(&self, full_name: &str, number: u64, key: &str, text: &str) -> Result<Opened, Trouble> {
        let mark = marker(key);
        let route = format!("/repos/{full_name}/issues/{number}/comments");
        if let Some(found) = self.marked(&format!("{route}?per_page=100"), &mark).await? {
            return Ok(found);
        }
        self.post(&route, &json!({ "body": format!("{text}\n\n{mark}") })).await
    }

    async fn marked(&self, route: &str, mark: &str) -> Result<Option<Opened>, Trouble> {
        let all: Vec<Opened> = self.list(route, PAGES).await?;
        Ok(all.into_iter().find(|one| one.body.as_ref().is_some_and(|body| body.contains(mark))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_hidden_and_ends_where_it_should() {
        assert_eq!(marker("issue:AUTH-12"), "<!-- docket:issue:AUTH-12 -->");
        assert_eq!(marker("a --> <b>"), "<!-- docket:a--b -->");
        assert!(is_marked(&format!("Words\n\n{}", marker("x"))));
        assert!(!is_marked("<!-- dockets -->"));
    }
}
