//! Slack: the app is installed in a workspace, or in a whole organisation of them (docs.slack.dev,
//! installing-with-oauth; using-token-rotation).

use reqwest::Method;
use secrecy::SecretString;
use serde_json::Value;

use super::call::{Access, Auth, Caller, Exchange, Granted, Refused, Tokens, bearer, with_form};
use crate::{
    config::{ClientConfig, SlackConfig},
    domain::provider::Provider,
};

/// What a bot of ours must be allowed to do: the bot scopes of the manifest.
pub const SCOPES: &[&str] = &[
    "app_mentions:read",
    "channels:history",
    "chat:write",
    "chat:write.public",
    "commands",
    "groups:history",
    "im:history",
    "im:write",
    "usergroups:read",
    "users:read",
];

/// The permissions without which Docket still works: the installer may leave them out. The manifest says so too.
pub const OPTIONAL: &[&str] = &["channels:history", "chat:write.public", "groups:history", "usergroups:read"];

/// What Slack says of a token that is revoked already.
const GONE: &[&str] = &["invalid_auth", "token_revoked", "account_inactive", "token_expired", "not_authed"];

/// The app that workspaces install.
#[derive(Clone)]
pub struct SlackApp {
    client: ClientConfig,
    api_url: String,
    site: String,
}

/// An app that was installed.
pub struct Installed {
    /// The workspace, or the organisation, and its token.
    pub access: Access,
    /// Our own user there.
    pub bot_user: String,
    /// Who installed it.
    pub installer: String,
}

impl SlackApp {
    /// By the settings; `None` where only a bot token is set.
    pub fn of(config: &SlackConfig) -> Option<Self> {
        let client = config.client.clone()?;
        Some(Self { client, api_url: config.api_url.clone(), site: config.site().to_owned() })
    }

    /// Where somebody installs the app. Slack's own page says what it may do.
    ///
    /// Without PKCE: Slack takes it only of apps that were made public clients, once and for all, whose refresh tokens
    /// then end after 30 days (docs.slack.dev, using-pkce). The client's secret proves who asks.
    pub fn authorize(&self, redirect: &str, state: &str) -> String {
        let scope = SCOPES.join(",");
        let query = [
            ("client_id", self.client.id.as_str()),
            ("scope", &scope),
            ("user_scope", ""),
            ("redirect_uri", redirect),
            ("state", state),
        ];
        format!("{}/oauth/v2/authorize?{}", self.site, serde_urlencoded::to_string(query).unwrap_or_default())
    }

    /// The installation behind a code.
    pub async fn exchange(&self, caller: &Caller, code: &str, redirect: &str) -> Result<Installed, Refused> {
        let fields = [("code", code), ("redirect_uri", redirect)];
        let granted = self.ask(caller, &fields).await?;
        let unreadable = || Refused::Unreadable(Provider::Slack);
        let word = |path: &str| granted.answer.pointer(path).and_then(Value::as_str).map(str::to_owned);
        let is_org = granted.answer.get("is_enterprise_install").and_then(Value::as_bool).unwrap_or_default();
        // Of an installation in a whole organisation the team is null, or the one that was looked at.
        let home = if is_org { "enterprise" } else { "team" };
        let realm = word(&format!("/{home}/id")).ok_or_else(unreadable)?;
        let name = word(&format!("/{home}/name")).unwrap_or_else(|| realm.clone());
        Ok(Installed {
            bot_user: word("/bot_user_id").unwrap_or_default(),
            installer: word("/authed_user/id").ok_or_else(unreadable)?,
            access: Access {
                url: format!("https://app.slack.com/client/{realm}"),
                account: "docket".to_owned(),
                realm,
                name,
                tokens: granted.tokens,
            },
        })
    }

    /// The next pair of tokens. The refresh token works once.
    pub async fn refresh(&self, caller: &Caller, refresh: &str) -> Result<Tokens, Refused> {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
        Ok(self.ask(caller, &fields).await?.tokens)
    }

    /// Takes the app out of the workspace, and its tokens with it (docs.slack.dev, apps.uninstall).
    pub async fn uninstall(&self, caller: &Caller, token: &SecretString) -> Result<(), Refused> {
        let url = format!("{}/apps.uninstall", self.api_url);
        let secret = secrecy::ExposeSecret::expose_secret(&self.client.secret);
        let fields = [("client_id", self.client.id.as_str()), ("client_secret", secret)];
        let request = with_form(bearer(caller.request(Method::POST, &url), token), &fields);
        let (_, answer) = caller.send(Provider::Slack, "apps.uninstall", request).await?;
        let error = answer.get("error").and_then(Value::as_str);
        match error {
            None if answer.get("ok").and_then(Value::as_bool) == Some(true) => Ok(()),
            None => Err(Refused::Unreadable(Provider::Slack)),
            Some(code) if GONE.contains(&code) => Ok(()),
            Some(code) => Err(Refused::Denied(Provider::Slack, code.to_owned())),
        }
    }

    async fn ask(&self, caller: &Caller, fields: &[(&str, &str)]) -> Result<Granted, Refused> {
        let url = format!("{}/oauth.v2.access", self.api_url);
        let exchange =
            Exchange { provider: Provider::Slack, url: &url, client: &self.client, auth: Auth::Basic, fields };
        caller.tokens(&exchange).await
    }
}
