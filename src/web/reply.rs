//! How a page becomes an answer, and what people see when there is none.

use askama::Template;
use axum::{
    extract::State,
    http::StatusCode,
    response::{Html, IntoResponse, Response},
};

use super::{Viewer, Web, files};
use crate::store;

/// Who looks at a page, in its corner.
pub(super) struct Who {
    /// Their name.
    pub(super) name: String,
    /// Whether they can sign out: whoever sits at the machine itself can't.
    pub(super) is_signed_in: bool,
}

/// What every page has around it.
pub(super) struct Frame {
    /// The page's title.
    pub(super) title: String,
    /// Which entry of the navigation it belongs to.
    pub(super) here: &'static str,
    /// Who looks at it; `None` where nobody is known.
    pub(super) who: Option<Who>,
    /// Whether it stands alone, without the way to other pages: somebody has to act on it first.
    pub(super) is_bare: bool,
    /// Where its files are.
    pub(super) css: String,
    pub(super) js: String,
    pub(super) icon: String,
}

impl Frame {
    pub(super) fn new(title: impl Into<String>, here: &'static str) -> Self {
        let [css, js, icon] = ["docket.css", "docket.js", "docket.svg"].map(files::path);
        Self { title: title.into(), here, who: None, is_bare: false, css, js, icon }
    }

    /// The same for whoever looks.
    #[must_use]
    pub(super) fn of(mut self, viewer: &Viewer) -> Self {
        self.who = Some(Who { name: viewer.member.name.clone(), is_signed_in: viewer.session.is_some() });
        self
    }

    /// The same without the way to other pages.
    #[must_use]
    pub(super) fn bare(mut self) -> Self {
        self.is_bare = true;
        self
    }
}

/// Why there is no page.
#[derive(Debug)]
pub(super) enum Trouble {
    /// There is no such thing, in words.
    Missing(String),
    /// What was asked for is not done: under a title, why, and what to do.
    Refused(&'static str, String),
    /// The database failed.
    Store(store::Error),
}

impl Trouble {
    /// What was asked for is not done.
    pub(super) fn refused(what: &'static str, words: impl Into<String>) -> Self {
        Self::Refused(what, words.into())
    }
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
            Err(trouble) => self.failed(trouble),
        }
    }

    /// The words for why there is no page.
    pub(super) fn failed(&self, trouble: Trouble) -> Response {
        match trouble {
            Trouble::Missing(words) => self.trouble(StatusCode::NOT_FOUND, "Not found", &words),
            Trouble::Refused(what, words) => self.trouble(StatusCode::BAD_REQUEST, what, &words),
            Trouble::Store(error) => {
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
