//! The page of sessions: where somebody is signed in, and how to end that.

use askama::Template;
use axum::{
    Form,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{
    Viewer, Web,
    reply::{Frame, Trouble},
    session::with_cookie,
};
use crate::{
    chat::console::render::Moment,
    domain::{
        ids::SessionId,
        session::{Login, Session, WayIn},
        time::Timestamp,
    },
    store::{self, IDLE, LIFE},
};

/// The seconds of a day.
const DAY: u64 = 24 * 60 * 60;

#[derive(Template)]
#[template(path = "sessions.html", config = "src/web/askama.toml")]
struct SessionsPage {
    frame: Frame,
    name: String,
    /// Whether whoever looks sits at the machine itself.
    is_local: bool,
    rows: Vec<Row>,
    idle_days: u64,
    life_days: u64,
    /// How providers name the member.
    logins: Vec<Login>,
    /// The provider that the member could add a login of.
    addable: Option<String>,
}

/// A session, for people.
struct Row {
    id: String,
    browser: String,
    how: &'static str,
    since: Timestamp,
    seen: Timestamp,
    is_this: bool,
}

/// Which session to end.
#[derive(Deserialize)]
pub(super) struct Chosen {
    session: String,
}

/// The page.
pub(super) async fn page(State(web): State<Web>, viewer: Viewer) -> Response {
    web.reply(load(&web, &viewer).await)
}

async fn load(web: &Web, viewer: &Viewer) -> Result<SessionsPage, Trouble> {
    let mut tx = web.store.read(viewer.tenant).await?;
    let sessions = tx.sessions(viewer.member.id, web.chance.now()).await?;
    let logins = tx.logins_of(viewer.member.id).await?;
    let row = |session: Session| Row {
        id: session.id.to_string(),
        browser: browser(&session.browser),
        how: how(session.how),
        since: session.created_at,
        seen: session.seen_at,
        is_this: viewer.session == Some(session.id),
    };
    Ok(SessionsPage {
        frame: Frame::new("Sessions", "sessions").of(viewer),
        name: viewer.member.name.clone(),
        is_local: viewer.session.is_none(),
        rows: sessions.into_iter().map(row).collect(),
        idle_days: IDLE.as_secs() / DAY,
        life_days: LIFE.as_secs() / DAY,
        addable: web.addable(viewer, &logins),
        logins,
    })
}

impl Web {
    /// The provider that a member with these logins could add theirs of: it is for the people who run this server.
    pub(super) fn addable(&self, viewer: &Viewer, logins: &[Login]) -> Option<String> {
        let oidc = self.ways.oidc.as_ref().filter(|_| viewer.tenant == self.local)?;
        let is_there = logins.iter().any(|login| login.realm == oidc.issuer());
        (!is_there).then(|| oidc.name().to_owned())
    }
}

/// Ends one session of the member.
pub(super) async fn end(State(web): State<Web>, viewer: Viewer, Form(chosen): Form<Chosen>) -> Response {
    let missing = || {
        let words = "There is no such session any more. Open the page Sessions to see those there are.";
        web.trouble(StatusCode::NOT_FOUND, "Not found", words)
    };
    let Ok(id) = chosen.session.parse::<SessionId>() else { return missing() };
    let ended = async {
        let mut tx = web.store.write(viewer.tenant).await?;
        let ended = tx.end_session(viewer.member.id, id).await?;
        tx.commit().await?;
        store::Result::Ok(ended)
    };
    match ended.await {
        Ok(true) => Redirect::to("/sessions").into_response(),
        Ok(false) => missing(),
        Err(error) => web.unreadable(error),
    }
}

/// Ends every session of the member but this one.
pub(super) async fn end_others(State(web): State<Web>, viewer: Viewer) -> Response {
    let ended = async {
        let mut tx = web.store.write(viewer.tenant).await?;
        tx.end_sessions(viewer.member.id, viewer.session).await?;
        tx.commit().await
    };
    match ended.await {
        Ok(()) => Redirect::to("/sessions").into_response(),
        Err(error) => web.unreadable(error),
    }
}

/// Signs the browser out. Works for whoever asks: a cookie that opens nothing any more is taken away as well.
pub(super) async fn sign_out(State(web): State<Web>, headers: HeaderMap) -> Response {
    match web.sign_out(&headers).await {
        Ok(cookie) => with_cookie(cookie, Redirect::to("/login?out")),
        Err(error) => web.unreadable(error),
    }
}

/// The way in, for people.
const fn how(way: WayIn) -> &'static str {
    match way {
        WayIn::Slack => "with Slack",
        WayIn::Oidc => "with OpenID Connect",
        WayIn::Ticket => "by a link from chat",
    }
}

/// `Firefox on Linux`, of what a browser calls itself.
fn browser(name: &str) -> String {
    // The order matters: almost everybody also claims to be Safari, and Edge and Opera to be Chrome.
    const BROWSERS: [(&str, &str); 6] = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("CriOS/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    const SYSTEMS: [(&str, &str); 7] = [
        ("Windows", "Windows"),
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ];
    let find =
        |known: &[(&str, &'static str)]| known.iter().find(|(mark, _)| name.contains(mark)).map(|(_, name)| *name);
    match (find(&BROWSERS), find(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => "An unknown browser".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_called_what_people_call_it() {
        for (name, expected) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
                "Chrome on Linux",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
                "Edge on Windows",
            ),
            ("Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0", "Firefox on Android"),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            ("curl/8.9.1", "An unknown browser"),
            ("", "An unknown browser"),
        ] {
            assert_eq!(browser(name), expected);
        }
    }
}
