//! Linear: the app is let into an organisation and acts there as itself (linear.app/developers, oauth-2-0-authentication).

use reqwest::{
    Method,
    header::{CONTENT_TYPE, HeaderValue},
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::call::{Access, Auth, Caller, Exchange, Granted, Person, Refused, Tokens, bearer, with_form};
use crate::{config::LinearConfig, domain::provider::Provider};

/// What Docket must be allowed to do there. `read` is always granted.
pub const SCOPES: &[&str] = &["read", "write", "app:assignable", "app:mentionable"];

/// The app that organisations let in.
#[derive(Clone)]
pub struct LinearApp(LinearConfig);

impl LinearApp {
    /// By the settings.
    pub const fn new(config: LinearConfig) -> Self {
        Self(config)
    }

    /// Where an administrator lets the app in.
    pub fn authorize(&self, redirect: &str, state: &str, challenge: &str) -> String {
        self.page(redirect, state, challenge, &[("scope", &SCOPES.join(",")), ("actor", "app"), ("prompt", "consent")])
    }

    /// Where a person shows who they are.
    pub fn identify(&self, redirect: &str, state: &str, challenge: &str) -> String {
        self.page(redirect, state, challenge, &[("scope", "read"), ("actor", "user")])
    }

    fn page(&self, redirect: &str, state: &str, challenge: &str, more: &[(&str, &str)]) -> String {
        let mut query = vec![
            ("client_id", self.0.client.id.as_str()),
            ("redirect_uri", redirect),
            ("response_type", "code"),
            ("state", state),
            ("code_challenge", challenge),
            ("code_challenge_method", "S256"),
        ];
        query.extend_from_slice(more);
        format!("{}/oauth/authorize?{}", self.0.url, serde_urlencoded::to_string(query).unwrap_or_default())
    }

    /// The tokens behind a code.
    pub async fn exchange(
        &self,
        caller: &Caller,
        code: &str,
        redirect: &str,
        verifier: &SecretString,
    ) -> Result<Tokens, Refused> {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect),
            ("code_verifier", verifier.expose_secret()),
        ];
        Ok(self.ask(caller, &fields).await?.tokens)
    }

    /// The organisation that a token opens.
    pub async fn organisation(&self, caller: &Caller, tokens: Tokens) -> Result<Access, Refused> {
        let data = self.query(caller, &tokens.access, "{ viewer { id name } organization { id name urlKey } }").await?;
        let word = |path: &str| data.pointer(path).and_then(Value::as_str).map(str::to_owned);
        let unreadable = || Refused::Unreadable(Provider::Linear);
        Ok(Access {
            realm: word("/organization/id").ok_or_else(unreadable)?,
            name: word("/organization/name").ok_or_else(unreadable)?,
            account: word("/viewer/name").ok_or_else(unreadable)?,
            url: format!("{}/{}", self.0.url, word("/organization/urlKey").unwrap_or_default()),
            tokens,
        })
    }

    /// The person whose token it is.
    pub async fn person(&self, caller: &Caller, token: &SecretString) -> Result<Person, Refused> {
        let data = self.query(caller, token, "{ viewer { id name } }").await?;
        let word = |path: &str| data.pointer(path).and_then(Value::as_str).map(str::to_owned);
        let unreadable = || Refused::Unreadable(Provider::Linear);
        Ok(Person {
            id: word("/viewer/id").ok_or_else(unreadable)?,
            login: word("/viewer/name").ok_or_else(unreadable)?,
        })
    }

    async fn query(&self, caller: &Caller, token: &SecretString, query: &str) -> Result<Value, Refused> {
        let request = caller
            .request(Method::POST, &format!("{}/graphql", self.0.api_url))
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .body(json!({ "query": query }).to_string());
        let (status, mut answer) = caller.send(Provider::Linear, "graphql", bearer(request, token)).await?;
        if status == reqwest::StatusCode::UNAUTHORIZED {
            return Err(Refused::Denied(Provider::Linear, "authentication_error".to_owned()));
        }
        let data = answer.get_mut("data").map(Value::take).filter(|data| !data.is_null());
        data.ok_or(Refused::Unreadable(Provider::Linear))
    }

    /// The next pair of tokens. The refresh token is replaced by it; for 30 minutes the same answer can be had again.
    pub async fn refresh(&self, caller: &Caller, refresh: &str) -> Result<Tokens, Refused> {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
        Ok(self.ask(caller, &fields).await?.tokens)
    }

    /// Takes a token back. One that is gone already is as good.
    pub async fn revoke(&self, caller: &Caller, token: &SecretString) -> Result<(), Refused> {
        let request = caller.request(Method::POST, &format!("{}/oauth/revoke", self.0.api_url));
        let request = with_form(request, &[("token", token.expose_secret())]);
        let (status, _) = caller.send(Provider::Linear, "revoke", request).await?;
        match status.as_u16() {
            200..300 | 400 | 401 => Ok(()),
            status => Err(Refused::Denied(Provider::Linear, format!("HTTP {status}"))),
        }
    }

    async fn ask(&self, caller: &Caller, fields: &[(&str, &str)]) -> Result<Granted, Refused> {
        let url = format!("{}/oauth/token", self.0.api_url);
        let (client, auth) = (&self.0.client, Auth::Form);
        caller.tokens(&Exchange { provider: Provider::Linear, url: &url, client, auth, fields }).await
    }
}
