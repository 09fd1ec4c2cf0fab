//! Round trips to a provider: out by `/oauth/{provider}/start`, and back by `/oauth/{provider}/callback`.
//!
//! Everything about a flow is settled here before anybody acts on it: that it was started, by this browser, with this
//! provider, not long ago, and by whoever is signed in now. What it was for decides who goes on with it.

use std::collections::BTreeMap;

use askama::Template;
use axum::{
    Form,
    extract::{Path, Query, State},
    http::HeaderMap,
    response::{Redirect, Response},
};
use secrecy::SecretString;

use super::{
    Viewer, Web,
    connections_github::is_installation,
    path::SitePath,
    reply::{self, Frame, Trouble},
    session::with_cookie,
};
use crate::{
    connect::flow::{self, Flow, NewFlow, NotTaken, Started},
    domain::session::{Party, Purpose},
};

/// The name of the cookie that binds flows to a browser.
const COOKIE: &str = "docket-flow";

/// What came back from a provider, for whoever goes on with it.
pub(super) struct Returned {
    /// What was started. Whoever started it signed in is who looks now.
    pub(super) flow: Flow,
    /// The code to trade for tokens.
    pub(super) code: SecretString,
    /// Everything else that the provider says in the address.
    pub(super) said: BTreeMap<String, String>,
    /// Who looks; `None` where nobody is signed in.
    pub(super) viewer: Option<Viewer>,
    /// The headers of the request, for a sign-in.
    pub(super) headers: HeaderMap,
}

#[derive(Template)]
#[template(path = "leave.html", config = "src/web/askama.toml")]
struct LeavePage<'a> {
    frame: Frame,
    name: &'a str,
    address: &'a str,
}

/// Sends somebody to sign in with a provider.
pub(super) async fn start(
    State(web): State<Web>,
    Path(provider): Path<String>,
    Query(asked): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let next = SitePath::read(asked.get("next").map_or("/", String::as_str));
    match Party::from_word(&provider) {
        Some(Party::Slack) if asked.contains_key("install") => match web.add_to_slack(&headers).await {
            Ok(response) => response,
            Err(trouble) => web.failed(trouble),
        },
        Some(party) => match web.sign_in_with(party, &headers, &next).await {
            Ok(response) => response,
            Err(trouble) => web.failed(trouble),
        },
        None => reply::nothing_here(State(web)).await,
    }
}

/// Sends a member who is signed in to a provider, for what the form says. It is a form because it changes something: a
/// link of another site must not do it.
pub(super) async fn begin(
    State(web): State<Web>,
    viewer: Viewer,
    Path(provider): Path<String>,
    headers: HeaderMap,
    Form(asked): Form<BTreeMap<String, String>>,
) -> Response {
    let purpose = asked.get("purpose").and_then(|word| Purpose::from_word(word));
    let (Some(party), Some(purpose)) = (Party::from_word(&provider), purpose) else {
        return reply::nothing_here(State(web)).await;
    };
    let begun = match purpose {
        Purpose::Link => web.link_with(party, &viewer, &headers).await,
        _ => web.connect_with(party, &viewer, &headers, &asked).await,
    };
    begun.unwrap_or_else(|trouble| web.failed(trouble))
}

/// Takes what a provider sends back.
pub(super) async fn callback(
    State(web): State<Web>,
    Path(provider): Path<String>,
    Query(said): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
    viewer: Result<Viewer, Response>,
) -> Response {
    let Some(party) = Party::from_word(&provider) else { return reply::nothing_here(State(web)).await };
    match web.come_back(party, said, headers, viewer.ok()).await {
        Ok(response) => response,
        Err(trouble) => web.failed(trouble),
    }
}

impl Web {
    /// Starts a flow for the browser that sent these headers.
    pub(super) async fn start_flow(&self, headers: &HeaderMap, new: NewFlow) -> Result<Started, Trouble> {
        self.store.sweep_lapsed(self.chance.now()).await?;
        let browser = self.cookie(headers, COOKIE);
        Ok(flow::start(&self.store, &self.chance, new, browser.as_deref()).await?)
    }

    /// An answer that binds a flow to this browser.
    pub(super) fn with_flow_cookie(&self, started: &Started, answer: Response) -> Response {
        with_cookie(self.set_cookie(COOKIE, &started.browser, flow::LIFE), answer)
    }

    /// Sends a browser that followed a link to a provider.
    pub(super) fn send_to(&self, started: &Started, address: &str) -> Response {
        with_cookie(self.set_cookie(COOKIE, &started.browser, flow::LIFE), Redirect::to(address))
    }

    /// Sends a browser that posted a form to a provider. A redirect would not do: the policy of our pages lets no form
    /// lead to another site, not even by a redirect.
    pub(super) fn lead_to(&self, party: Party, started: &Started, address: &str) -> Response {
        let name = party.name();
        let page = LeavePage { frame: Frame::new(format!("On to {name}"), "").bare(), name, address };
        with_cookie(self.set_cookie(COOKIE, &started.browser, flow::LIFE), self.reply(Ok(page)))
    }

    async fn come_back(
        &self,
        party: Party,
        mut said: BTreeMap<String, String>,
        headers: HeaderMap,
        viewer: Option<Viewer>,
    ) -> Result<Response, Trouble> {
        let Some(state) = said.remove("state") else { return Err(not_taken(NotTaken::Unknown)) };
        let browser = self.cookie(&headers, COOKIE);
        let flow = flow::finish(&self.store, &self.chance, &state, browser.as_deref(), party).await;
        let flow = flow.map_err(not_taken)?;
        let now = viewer.as_ref().map(|viewer| (viewer.tenant, viewer.member.id));
        if flow.by.is_some() && flow.by != now {
            let words = "Somebody else is signed in now than when this was started, so nothing was done. Start again.";
            return Err(Trouble::refused("Not done", words));
        }
        if said.contains_key("error") {
            let words = format!("{} says that it was not allowed, so nothing was done.", party.name());
            return Err(Trouble::refused("Not done", words));
        }
        let code = match said.remove("code") {
            Some(code) => code,
            None if is_installation(party, &said) => String::new(),
            None => return Err(not_taken(NotTaken::Unknown)),
        };
        self.go_on(Returned { flow, code: code.into(), said, viewer, headers }).await
    }

    /// Goes on with what came back, by what it was started for.
    async fn go_on(&self, returned: Returned) -> Result<Response, Trouble> {
        match returned.flow.purpose {
            Purpose::Link if matches!(returned.flow.party, Party::GitHub | Party::Linear | Party::Discord) => {
                self.linked(returned).await
            }
            Purpose::SignIn | Purpose::Link => self.signed_in_with(returned).await,
            Purpose::Connect | Purpose::Own | Purpose::App => self.connected(returned).await,
        }
    }
}

fn not_taken(why: NotTaken) -> Trouble {
    match why {
        NotTaken::Store(error) => error.into(),
        words => Trouble::refused("Not taken", words.to_string()),
    }
}
