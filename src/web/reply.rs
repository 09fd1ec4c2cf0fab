//! How a page becomes an answer, and what people see when there is none.

use askama::Template;
use axum::{
    extract::State,
    http::StatusCode,
    response::{Html, IntoResponse, Response},
};

use super::{Web, files};
use crate::store;

/// What every page has around it.
pub(super) struct Frame {
    /// The page's title.
    pub(super) title: String,
    /// Which entry of the navigation it belongs to.
    pub(super) here: &'static str,
    /// Where its files are.
    pub(super) css: String,
    pub(super) js: String,
    pub(super) icon: String,
}

impl Frame {
    pub(super) fn new(title: impl Into<String>, here: &'static str) -> Self {
        let [css, js, icon] = ["docket.css", "docket.js", "docket.svg"].map(files::path);
        Self { title: title.into(), here, css, js, icon }
    }
}

/// Why there is no page.
#[derive(Debug)]
pub(super) enum Trouble {
    /// There is no such thing, in words.
    Missing(String),
    /// The database failed.
    Store(store::Error),
}

impl From<store::Error> for Trouble {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

#[derive(Template)]
#[template(path = "trouble.html", config = "src/web/askama.toml")]
struct TroublePage<'a> {
    frame: Frame,
    what: &'a str,
    words: &'a str,
}

impl Web {
    /// The page, or the words for why there is none.
    pub(super) fn reply<T: Template>(&self, page: Result<T, Trouble>) -> Response {
        match page {
            Ok(page) => self.render(StatusCode::OK, &page),
            Err(Trouble::Missing(words)) => self.trouble(StatusCode::NOT_FOUND, "Not found", &words),
            Err(Trouble::Store(error)) => {
                let reference = self.chance.reference();
                tracing::error!(%reference, %error, "a page could not be read from the database");
                let words = format!(
                    "Docket could not read its database. Reload in a moment; if it stays, look for {reference} in the log."
                );
                self.trouble(StatusCode::SERVICE_UNAVAILABLE, "Something went wrong", &words)
            }
        }
    }

    /// A page that says what is wrong and where to go on.
    pub(super) fn trouble(&self, status: StatusCode, what: &str, words: &str) -> Response {
        self.render(status, &TroublePage { frame: Frame::new(what, ""), what, words })
    }

    fn render(&self, status: StatusCode, page: &impl Template) -> Response {
        match page.render() {
            Ok(html) => (status, Html(html)).into_response(),
            Err(error) => {
                let reference = self.chance.reference();
                tracing::error!(%reference, %error, "a page could not be written");
                let words = format!("Something went wrong (ref {reference}). The log says more.\n");
                (StatusCode::INTERNAL_SERVER_ERROR, words).into_response()
            }
        }
    }
}

/// For addresses that lead nowhere.
pub(super) async fn nothing_here(State(web): State<Web>) -> Response {
    web.trouble(StatusCode::NOT_FOUND, "Not found", "There is no page at this address.")
}

/// For pages that were asked in a way they do not answer.
pub(super) async fn wrong_method(State(web): State<Web>) -> Response {
    let words = "This address does not answer that kind of request. Open the console and go on from there.";
    web.trouble(StatusCode::METHOD_NOT_ALLOWED, "Not like this", words)
}
