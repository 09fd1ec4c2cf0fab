//! A server of iCalendar feeds: whatever a test puts there, and everything that was asked of it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

/// What stands at a path.
#[derive(Clone)]
enum Page {
    File(String),
    Status(u16),
    Elsewhere(String),
}

#[derive(Default)]
struct Shelf {
    pages: BTreeMap<String, Page>,
    asked: Vec<String>,
}

/// The server; it ends with this value.
pub(crate) struct FakeCalendar {
    address: String,
    shelf: Arc<Mutex<Shelf>>,
    _serving: AbortOnDropHandle<()>,
}

impl FakeCalendar {
    pub(crate) async fn start() -> Self {
        let shelf = Arc::new(Mutex::new(Shelf::default()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(serve).with_state(Arc::clone(&shelf));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, shelf, _serving: AbortOnDropHandle::new(serving) }
    }

    /// The address of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    /// Puts a file there with these events.
    pub(crate) fn put(&self, path: &str, name: &str, events: &[(&str, &str)]) {
        let event = |(day, name): &(&str, &str)| {
            format!("BEGIN:VEVENT\r\nUID:{day}@test\r\nSUMMARY:{name}\r\nDTSTART;VALUE=DATE:{day}\r\nEND:VEVENT\r\n")
        };
        let events = events.iter().map(event).collect::<Vec<_>>().concat();
        self.put_text(
            path,
            format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nX-WR-CALNAME:{name}\r\n{events}END:VCALENDAR\r\n"),
        );
    }

    /// Puts any text there.
    pub(crate) fn put_text(&self, path: &str, text: String) {
        self.shelf.lock().unwrap().pages.insert(path.to_owned(), Page::File(text));
    }

    /// Answers with this status there.
    pub(crate) fn fail(&self, path: &str, status: u16) {
        self.shelf.lock().unwrap().pages.insert(path.to_owned(), Page::Status(status));
    }

    /// Passes on from there.
    pub(crate) fn pass_on(&self, path: &str, to: &str) {
        self.shelf.lock().unwrap().pages.insert(path.to_owned(), Page::Elsewhere(to.to_owned()));
    }

    /// The paths that were asked for, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.shelf.lock().unwrap().asked.clone()
    }
}

async fn serve(State(shelf): State<Arc<Mutex<Shelf>>>, uri: Uri) -> Response {
    let path = uri.path().to_owned();
    let page = {
        let mut shelf = shelf.lock().unwrap();
        shelf.asked.push(path.clone());
        shelf.pages.get(&path).cloned()
    };
    match page {
        Some(Page::File(text)) => ([(header::CONTENT_TYPE, "text/calendar")], text).into_response(),
        Some(Page::Status(status)) => StatusCode::from_u16(status).unwrap().into_response(),
        Some(Page::Elsewhere(to)) => (StatusCode::FOUND, [(header::LOCATION, to)]).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
