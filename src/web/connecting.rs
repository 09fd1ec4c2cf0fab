//! The buttons of the page: out to a provider, a pasted token, and the end of a connection.

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header::CONTENT_SECURITY_POLICY},
    response::{IntoResponse, Redirect, Response},
};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Viewer, Web,
    connect::may_connect,
    connections::refused,
    guard,
    reply::{self, Frame, Trouble},
};
use crate::{
    connect::{
        coder::{self, Coder},
        flow::{NewFlow, Started},
        github::{self, manifest},
    },
    domain::{
        member::{Role, Surface},
        provider::Provider,
        session::{Party, Purpose},
        tenant::{DISCONNECTED, Installation},
    },
};

/// The page on which everything is connected.
pub(super) const PAGE: &str = "/connect";

/// What a start may say.
#[derive(Default, Deserialize)]
pub(super) struct Asked {
    /// At GitHub: the organisation whose App is to be made.
    #[serde(default)]
    pub(super) organisation: String,
}

/// A pasted token.
#[derive(Deserialize)]
pub(super) struct Pasted {
    url: String,
    token: SecretString,
}

/// Which connection is meant.
#[derive(Deserialize)]
pub(super) struct Chosen {
    connection: String,
}

#[derive(Template)]
#[template(path = "github_app.html", config = "src/web/askama.toml")]
struct GitHubAppPage {
    frame: Frame,
    action: String,
    manifest: String,
    organisation: String,
}

/// Sends somebody to a provider to connect it.
pub(super) async fn start(
    State(web): State<Web>,
    Path(provider): Path<String>,
    viewer: Viewer,
    headers: HeaderMap,
    Form(asked): Form<Asked>,
) -> Response {
    let Some(provider) = Provider::from_word(&provider) else { return reply::nothing_here(State(web)).await };
    web.start_connecting(provider, &viewer, &headers, &asked).await.unwrap_or_else(|trouble| web.failed(trouble))
}

/// Sends somebody to a provider to show who they are.
pub(super) async fn link(
    State(web): State<Web>,
    Path(provider): Path<String>,
    viewer: Viewer,
    headers: HeaderMap,
) -> Response {
    let Some(provider) = Provider::from_word(&provider) else { return reply::nothing_here(State(web)).await };
    web.start_linking(provider, &viewer, &headers).await.unwrap_or_else(|trouble| web.failed(trouble))
}

/// Takes a pasted token, once it was tried out.
pub(super) async fn paste(State(web): State<Web>, viewer: Viewer, Form(pasted): Form<Pasted>) -> Response {
    match web.take_token(&viewer, pasted).await {
        Ok(()) => Redirect::to(PAGE).into_response(),
        Err(trouble) => web.failed(trouble),
    }
}

/// Ends a connection.
pub(super) async fn disconnect(
    State(web): State<Web>,
    Path(provider): Path<String>,
    viewer: Viewer,
    Form(chosen): Form<Chosen>,
) -> Response {
    let Some(provider) = Provider::from_word(&provider) else { return reply::nothing_here(State(web)).await };
    match web.end(provider, &viewer, &chosen.connection).await {
        Ok(()) => Redirect::to(PAGE).into_response(),
        Err(trouble) => web.failed(trouble),
    }
}

/// Who may not.
fn forbidden() -> Trouble {
    Trouble::refused("Not allowed", "Only owners and admins connect and disconnect for everybody. Ask one of them.")
}

impl Web {
    /// Where a provider sends people back to.
    pub(super) fn redirect_uri(&self, party: Party) -> String {
        format!("{}/oauth/{}/callback", self.public_url, party.as_str())
    }

    /// Starts the installation in a workspace that nobody is signed in for.
    pub(super) async fn add_to_slack(&self, headers: &HeaderMap) -> Result<Response, Trouble> {
        let slack = self.vault.providers().slack().map_err(|why| refused(&why))?;
        // Nothing is begun that could not be kept.
        self.vault.ready().map_err(|why| Trouble::refused("Not connected", format!("{why}.")))?;
        let new = NewFlow {
            party: Party::Slack,
            purpose: Purpose::Connect,
            by: None,
            detail: Value::Null,
            return_to: PAGE.to_owned(),
        };
        let started = self.start_flow(headers, new).await?;
        let address = slack.authorize(&self.redirect_uri(Party::Slack), secret(&started.state));
        Ok(self.send_to(&started, &address))
    }

    pub(super) async fn start_connecting(
        &self,
        provider: Provider,
        viewer: &Viewer,
        headers: &HeaderMap,
        asked: &Asked,
    ) -> Result<Response, Trouble> {
        if provider != Provider::Coder && !may_connect(&viewer.member) {
            return Err(forbidden());
        }
        let providers = self.vault.providers();
        let party = Party::from(provider);
        let redirect = self.redirect_uri(party);
        let no = |why| refused(&why);
        let purpose = if provider == Provider::Coder { Purpose::Own } else { Purpose::Connect };
        match provider {
            Provider::Slack => {
                let slack = providers.slack().map_err(no)?;
                let started = self.begin(viewer, headers, party, purpose, Value::Null).await?;
                Ok(self.lead_to(party, &started, &slack.authorize(&redirect, secret(&started.state))))
            }
            Provider::Discord => {
                let discord = providers.discord().map_err(no)?;
                let started = self.begin(viewer, headers, party, purpose, Value::Null).await?;
                Ok(self.lead_to(party, &started, &discord.authorize(&redirect, secret(&started.state))))
            }
            Provider::Linear => {
                let linear = providers.linear().map_err(no)?;
                let started = self.begin(viewer, headers, party, purpose, Value::Null).await?;
                let address = linear.authorize(&redirect, secret(&started.state), &started.challenge);
                Ok(self.lead_to(party, &started, &address))
            }
            Provider::Coder => {
                let missing = || {
                    Trouble::refused(
                        "Not set up",
                        "Whoever runs Docket has not set up OAuth with Coder. Paste a token instead.",
                    )
                };
                let coder = providers.coder.as_ref().filter(|coder| coder.has_oauth()).ok_or_else(missing)?;
                let started = self.begin(viewer, headers, party, purpose, Value::Null).await?;
                let address = coder.authorize(&redirect, secret(&started.state), &started.challenge);
                Ok(self.lead_to(party, &started, &address.ok_or_else(missing)?))
            }
            Provider::GitHub => self.start_github(viewer, headers, asked).await,
        }
    }

    /// Installs the App where there is one; else lets a classic OAuth App in; else has an App made.
    async fn start_github(&self, viewer: &Viewer, headers: &HeaderMap, asked: &Asked) -> Result<Response, Trouble> {
        let providers = self.vault.providers();
        let party = Party::GitHub;
        let app = self.vault.github_app(viewer.tenant).await.map_err(super::connections::unusable)?;
        if let Some(app) = app {
            let named = providers.github.app(&providers.caller, &app, self.chance.now()).await;
            let (slug, _) = named.map_err(|why| refused(&why))?;
            let step = json!({ "step": "install" });
            let started = self.begin(viewer, headers, party, Purpose::Connect, step).await?;
            return Ok(self.lead_to(party, &started, &providers.github.install(&slug, secret(&started.state))));
        }
        if let Some(client) = &providers.github_client {
            let step = json!({ "step": "classic" });
            let started = self.begin(viewer, headers, party, Purpose::Connect, step).await?;
            let (redirect, scope) = (self.redirect_uri(party), github::CLASSIC.join(" "));
            let address =
                providers.github.authorize(client, &redirect, secret(&started.state), &started.challenge, &scope);
            return Ok(self.lead_to(party, &started, &address));
        }
        let organisation = asked.organisation.trim();
        let is_name = organisation.len() <= 39 && organisation.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if !is_name {
            let words = "That is no name of an organisation at GitHub: it has letters, digits and hyphens only.";
            return Err(Trouble::refused("Not done", words));
        }
        let started = self.begin(viewer, headers, party, Purpose::App, Value::Null).await?;
        let place = Some(organisation).filter(|name| !name.is_empty());
        let name = place.map_or_else(|| "Docket".to_owned(), |place| format!("Docket {place}"));
        let page = GitHubAppPage {
            frame: Frame::new("Make a GitHub App", "").bare(),
            action: providers.github.new_app(place, secret(&started.state)),
            manifest: manifest(&name, &self.public_url, !guard::is_loopback(&self.public_url)),
            organisation: organisation.to_owned(),
        };
        let mut response = self.with_flow_cookie(&started, self.reply(Ok(page)));
        if let Ok(policy) = HeaderValue::from_str(&guard::policy_with_form_to(providers.github.url())) {
            response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
        }
        Ok(response)
    }

    async fn start_linking(
        &self,
        provider: Provider,
        viewer: &Viewer,
        headers: &HeaderMap,
    ) -> Result<Response, Trouble> {
        let providers = self.vault.providers();
        let party = Party::from(provider);
        let redirect = self.redirect_uri(party);
        let no = |why| refused(&why);
        let started = self.begin(viewer, headers, party, Purpose::Link, Value::Null).await?;
        let state = secret(&started.state);
        let address = match provider {
            Provider::GitHub => {
                let client = self.github_client(viewer.tenant).await?;
                providers.github.authorize(&client, &redirect, state, &started.challenge, "")
            }
            Provider::Linear => providers.linear().map_err(no)?.identify(&redirect, state, &started.challenge),
            Provider::Discord => providers.discord().map_err(no)?.identify(&redirect, state),
            Provider::Slack | Provider::Coder => {
                let words =
                    format!("{} is linked in another way: talk to Docket there, or connect it.", provider.name());
                return Err(Trouble::refused("Not done", words));
            }
        };
        Ok(self.lead_to(party, &started, &address))
    }

    /// Starts a flow of whoever is signed in.
    pub(super) async fn begin(
        &self,
        viewer: &Viewer,
        headers: &HeaderMap,
        party: Party,
        purpose: Purpose,
        detail: Value,
    ) -> Result<Started, Trouble> {
        let by = Some((viewer.tenant, viewer.member.id));
        self.start_flow(headers, NewFlow { party, purpose, by, detail, return_to: PAGE.to_owned() }).await
    }

    async fn take_token(&self, viewer: &Viewer, pasted: Pasted) -> Result<(), Trouble> {
        if viewer.member.effective_role() == Role::Viewer {
            let words = "You are a viewer here: you read, and connect nothing. Owners and admins give another role.";
            return Err(Trouble::refused("Not allowed", words));
        }
        let Pasted { url, token } = pasted;
        let token = SecretString::from(secret(&token).trim());
        if !coder::is_token(secret(&token)) {
            return Err(Trouble::refused(
                "Not connected",
                "That is no token of Coder. The command “coder tokens create” prints one.",
            ));
        }
        let known =
            self.vault.providers().coder.as_ref().filter(|coder| coder.url() == url.trim().trim_end_matches('/'));
        // A pasted token is none of the OAuth application's.
        let coder = match known {
            Some(coder) => coder.without_client(),
            None => Coder::at(&url).map_err(|words| Trouble::refused("Not connected", words))?,
        };
        let tokens = coder.pasted(token, self.chance.now()).await;
        let access = coder.account(tokens).await.map_err(|why| refused(&why))?;
        self.keep_own(viewer, Provider::Coder, access).await
    }

    async fn end(&self, provider: Provider, viewer: &Viewer, id: &str) -> Result<(), Trouble> {
        let missing = || Trouble::Missing("There is no such connection.".to_owned());
        let id = id.parse().map_err(|_| missing())?;
        let mut tx = self.store.write(viewer.tenant).await?;
        let connection = tx.connection(id).await?.filter(|found| found.provider == provider).ok_or_else(missing)?;
        match connection.owner {
            Some(owner) if owner != viewer.member.id => return Err(missing()),
            None if !may_connect(&viewer.member) => return Err(forbidden()),
            _ => {}
        }
        if provider == Provider::Slack
            && let Some(installation) = tx.installation(Surface::Slack, &connection.realm).await?
        {
            tx.put_installation(&Installation { removed: Some(DISCONNECTED.to_owned()), ..installation }).await?;
        }
        self.vault.disconnect(&mut tx, &connection, viewer.member.id).await?;
        Ok(tx.commit().await?)
    }
}

/// Forgets the App that a tenant made for itself.
pub(super) async fn forget(State(web): State<Web>, viewer: Viewer) -> Response {
    match web.forget_app(&viewer).await {
        Ok(()) => Redirect::to(PAGE).into_response(),
        Err(trouble) => web.failed(trouble),
    }
}

pub(super) fn secret(secret: &SecretString) -> &str {
    secrecy::ExposeSecret::expose_secret(secret)
}

/// For whoever opens the address of a button.
pub(super) async fn only_by_button() -> Response {
    (StatusCode::SEE_OTHER, [("location", PAGE)]).into_response()
}
