//! Sign in with Slack, which is OpenID Connect with addresses of its own and with answers that say `ok`.
//!
//! Source: docs.slack.dev, authentication/sign-in-with-slack.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;

use super::{
    flow::{Flow, Started},
    http::{CallError, Http},
    id_token::{Disbelief, Expected, read_from_issuer},
    oauth::{Client, ClientAuth},
    oidc::plain,
};
use crate::clock::Chance;

/// Why a sign-in did not work. Worded to follow "The sign-in did not work: ".
#[derive(Debug, thiserror::Error)]
pub enum SlackLoginError {
    /// Slack did not do its part.
    #[error("Slack {0}")]
    Call(#[from] CallError),
    /// An address of Slack's is none.
    #[error("the address of Slack in SLACK_API_URL is none that people can open")]
    Address,
    /// What it states about the person is not believed.
    #[error("what Slack states about you is not believed: {0}")]
    Disbelief(#[from] Disbelief),
}

/// A person, as Slack vouches for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlackPerson {
    /// The workspace.
    pub team: String,
    /// The organisation of workspaces, where it belongs to one.
    pub enterprise: Option<String>,
    /// The person there.
    pub user: String,
    /// What to call them.
    pub name: String,
}

/// Sign in with Slack.
#[derive(Clone)]
pub struct SlackLogin {
    client: Client,
    /// Who issues: the address of Slack without the `/api`.
    issuer: String,
    userinfo: String,
    http: Http,
    chance: Chance,
}

/// What `openid.connect.userInfo` answers.
#[derive(Deserialize)]
struct UserInfo {
    ok: bool,
    error: Option<String>,
    sub: Option<String>,
    name: Option<String>,
    #[serde(rename = "https://slack.com/user_id")]
    user: Option<String>,
    #[serde(rename = "https://slack.com/team_id")]
    team: Option<String>,
    #[serde(rename = "https://slack.com/enterprise_id")]
    enterprise: Option<String>,
}

impl SlackLogin {
    /// The app of this client id and secret at the Slack of this API.
    pub fn new(
        id: String,
        secret: SecretString,
        api_url: &str,
        redirect_uri: String,
        http: Http,
        chance: Chance,
    ) -> Self {
        let issuer = api_url.strip_suffix("/api").unwrap_or(api_url).to_owned();
        Self {
            client: Client {
                provider: "slack",
                id,
                secret,
                auth: ClientAuth::Body,
                authorize_url: format!("{issuer}/openid/connect/authorize"),
                token_url: format!("{api_url}/openid.connect.token"),
                redirect_uri,
            },
            userinfo: format!("{api_url}/openid.connect.userInfo"),
            issuer,
            http,
            chance,
        }
    }

    /// Where to send somebody.
    pub fn authorize_url(&self, started: &Started) -> Result<String, SlackLoginError> {
        let more = [("nonce", started.nonce.as_str())];
        let scopes = ["openid", "profile", "email"];
        self.client.authorize_url(started, &scopes, &more).map_err(|_| SlackLoginError::Address)
    }

    /// Who came back.
    pub async fn person(&self, flow: &Flow, code: &SecretString) -> Result<SlackPerson, SlackLoginError> {
        let grant = self.client.exchange(&self.http, code, &flow.verifier).await?;
        let token = grant.answer.get("id_token").and_then(Value::as_str).ok_or(Disbelief::Malformed)?;
        let expected =
            Expected { issuer: &self.issuer, client: &self.client.id, nonce: &flow.nonce, now: self.chance.now() };
        // It came over TLS from the endpoint that issues it, and is not passed on.
        let claims = read_from_issuer(token, &expected)?;
        let request = self.http.post(&self.userinfo).bearer_auth(grant.access.expose_secret());
        let info: UserInfo = self.http.send("slack", "openid.connect.userInfo", request).await?.json()?;
        if !info.ok {
            return Err(CallError::refused(&info.error.unwrap_or_default()).into());
        }
        if info.sub.as_ref() != Some(&claims.sub) {
            return Err(Disbelief::Nonce.into());
        }
        let (Some(user), Some(team)) = (info.user, info.team) else { return Err(CallError::Unreadable.into()) };
        let name = info.name.or(claims.name).map(|name| plain(&name)).filter(|name| !name.is_empty());
        Ok(SlackPerson { team, enterprise: info.enterprise, name: name.unwrap_or_else(|| user.clone()), user })
    }
}
