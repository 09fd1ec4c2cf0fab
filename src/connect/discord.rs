//! Discord: the bot is let into a server, which the API calls a guild (discord-api-docs, topics/oauth2).
//!
//! One bot token opens every server, so what a connection keeps is the grant of whoever let the bot in. The bot is what
//! counts: where only that grant is gone, the connection goes on.

use reqwest::{Method, StatusCode, header::AUTHORIZATION};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::call::{Access, Auth, Caller, Exchange, Granted, Person, Refused, Tokens, bearer, with_form};
use crate::{config::DiscordConfig, domain::provider::Provider};

/// What Docket must be let do.
pub const SCOPES: &[&str] = &["bot", "applications.commands", "identify"];

/// View channels, send messages, embed links, read the history, use threads (discord-api-docs, topics/permissions).
const PERMISSIONS: u64 = 1 << 10 | 1 << 11 | 1 << 14 | 1 << 16 | 1 << 38;

/// The application whose bot servers let in.
#[derive(Clone)]
pub struct DiscordApp(DiscordConfig);

impl DiscordApp {
    /// By the settings.
    pub const fn new(config: DiscordConfig) -> Self {
        Self(config)
    }

    /// Where somebody who manages a server lets the bot in.
    pub fn authorize(&self, redirect: &str, state: &str) -> String {
        let permissions = PERMISSIONS.to_string();
        self.page(redirect, state, &[("scope", &SCOPES.join(" ")), ("permissions", &permissions)])
    }

    /// Where a person shows who they are.
    pub fn identify(&self, redirect: &str, state: &str) -> String {
        self.page(redirect, state, &[("scope", "identify")])
    }

    fn page(&self, redirect: &str, state: &str, more: &[(&str, &str)]) -> String {
        let mut query = vec![
            ("client_id", self.0.client.id.as_str()),
            ("response_type", "code"),
            ("redirect_uri", redirect),
            ("state", state),
        ];
        query.extend_from_slice(more);
        format!("{}/oauth2/authorize?{}", self.0.site(), serde_urlencoded::to_string(query).unwrap_or_default())
    }

    /// The tokens behind a code, with the server where the bot was let into one.
    pub async fn exchange(&self, caller: &Caller, code: &str, redirect: &str) -> Result<Granted, Refused> {
        let fields = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect)];
        self.ask(caller, &fields).await
    }

    /// The server that the bot was let into.
    pub fn server(&self, granted: Granted) -> Result<Access, Refused> {
        let word = |path: &str| granted.answer.pointer(path).and_then(Value::as_str).map(str::to_owned);
        let realm = word("/guild/id").ok_or(Refused::Unreadable(Provider::Discord))?;
        Ok(Access {
            name: word("/guild/name").unwrap_or_else(|| realm.clone()),
            account: "docket".to_owned(),
            url: format!("{}/channels/{realm}", self.0.site()),
            realm,
            tokens: granted.tokens,
        })
    }

    /// The person whose token it is.
    pub async fn person(&self, caller: &Caller, token: &SecretString) -> Result<Person, Refused> {
        let request = bearer(caller.request(Method::GET, &format!("{}/users/@me", self.0.api_url)), token);
        let (_, answer) = caller.send(Provider::Discord, "users.me", request).await?;
        let word = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
        let unreadable = || Refused::Unreadable(Provider::Discord);
        Ok(Person { id: word("id").ok_or_else(unreadable)?, login: word("username").ok_or_else(unreadable)? })
    }

    /// The next pair of tokens; `None` where the grant is gone and the bot is still there.
    pub async fn refresh(&self, caller: &Caller, guild: &str, refresh: &str) -> Result<Option<Tokens>, Refused> {
        let request = self.as_bot(caller, Method::GET, &format!("guilds/{guild}"));
        let (status, _) = caller.send(Provider::Discord, "guild", request).await?;
        match status {
            StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => {
                return Err(Refused::Denied(Provider::Discord, "bot_removed".to_owned()));
            }
            StatusCode::UNAUTHORIZED => {
                return Err(Refused::NotConfigured(Provider::Discord, "DISCORD_BOT_TOKEN is not taken there"));
            }
            _ => {}
        }
        match self.ask(caller, &[("grant_type", "refresh_token"), ("refresh_token", refresh)]).await {
            Ok(granted) => Ok(Some(granted.tokens)),
            Err(Refused::Denied(..)) => Ok(None),
            Err(refused) => Err(refused),
        }
    }

    /// Takes the bot out of a server, and the grant of whoever let it in back. What is gone already is as good.
    pub async fn leave(&self, caller: &Caller, guild: &str, token: &SecretString) -> Result<(), Refused> {
        let request = self.as_bot(caller, Method::DELETE, &format!("users/@me/guilds/{guild}"));
        let (status, _) = caller.send(Provider::Discord, "leave_guild", request).await?;
        if !status.is_success() && status != StatusCode::NOT_FOUND && status != StatusCode::FORBIDDEN {
            return Err(Refused::Denied(Provider::Discord, format!("HTTP {}", status.as_u16())));
        }
        self.revoke(caller, token).await
    }

    /// Takes the grant of a person back.
    pub async fn revoke(&self, caller: &Caller, token: &SecretString) -> Result<(), Refused> {
        let request = caller
            .request(Method::POST, &format!("{}/oauth2/token/revoke", self.0.api_url))
            .header(AUTHORIZATION, super::call::basic(&self.0.client));
        let fields = [("token", token.expose_secret()), ("token_type_hint", "access_token")];
        let (status, _) = caller.send(Provider::Discord, "revoke", with_form(request, &fields)).await?;
        match status.as_u16() {
            200..300 | 400 => Ok(()),
            status => Err(Refused::Denied(Provider::Discord, format!("HTTP {status}"))),
        }
    }

    fn as_bot(&self, caller: &Caller, method: Method, path: &str) -> reqwest::RequestBuilder {
        let token = format!("Bot {}", self.0.bot_token.expose_secret());
        caller.request(method, &format!("{}/{path}", self.0.api_url)).header(AUTHORIZATION, token)
    }

    async fn ask(&self, caller: &Caller, fields: &[(&str, &str)]) -> Result<Granted, Refused> {
        let url = format!("{}/oauth2/token", self.0.api_url);
        let (client, auth) = (&self.0.client, Auth::Basic);
        caller.tokens(&Exchange { provider: Provider::Discord, url: &url, client, auth, fields }).await
    }
}
