//! GitHub: an App is installed in an organisation, or, where no App is set, a classic OAuth App acts for a person
//! (docs.github.com, apps). The App is the operator's, or the tenant's own, made by a button.

mod manifest;

use std::time::Duration;

use chrono::DateTime;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::{Method, RequestBuilder, StatusCode, header::CONTENT_TYPE};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::{Value, json};

pub use manifest::{EVENTS, Made, PERMISSIONS, manifest};

use super::call::{Access, Auth, Caller, Exchange, Person, Refused, Tokens, basic, bearer};
use crate::{
    config::{ClientConfig, GitHubConfig},
    domain::{provider::Provider, time::Timestamp},
};

/// What a classic OAuth App must be let do.
pub const CLASSIC: &[&str] = &["repo", "read:org"];

/// The version of GitHub's API that is spoken (docs.github.com, API versions).
pub const API_VERSION: &str = "2022-11-28";

/// How long an App's own proof of who it is lives: GitHub takes 10 minutes, and clocks differ.
const PROOF: Duration = Duration::from_mins(9);
/// How far GitHub's clock may be behind ours.
const SKEW: Duration = Duration::from_mins(1);

/// Where GitHub is.
#[derive(Clone)]
pub struct GitHub {
    url: String,
    api_url: String,
}

/// An App with its secrets.
#[derive(Clone)]
pub struct App {
    /// Its number.
    pub id: u64,
    /// Who Docket is where people let it in.
    pub client: ClientConfig,
    /// Its private key, in PEM.
    pub private_key: SecretString,
}

const NOT_KNOWN: Refused =
    Refused::NotConfigured(Provider::GitHub, "the App's number or private key is not taken there");

#[derive(Serialize)]
struct Claims {
    iat: i64,
    exp: i64,
    iss: String,
}

impl GitHub {
    /// By the settings.
    pub fn of(config: &GitHubConfig) -> Self {
        Self { url: config.url.clone(), api_url: config.api_url.clone() }
    }

    /// Its address, for people.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where the form goes that makes an App: of an organisation, or of whoever sends it.
    pub fn new_app(&self, organisation: Option<&str>, state: &str) -> String {
        let place = organisation.map_or_else(String::new, |name| format!("/organizations/{name}"));
        format!("{}{place}/settings/apps/new?{}", self.url, query(&[("state", state)]))
    }

    /// Where an App is installed.
    pub fn install(&self, slug: &str, state: &str) -> String {
        // GitHub Enterprise Server has Apps at another place (docs.github.com/enterprise-server, sharing-github-apps).
        let apps = if self.url == "https://github.com" { "apps" } else { "github-apps" };
        format!("{}/{apps}/{slug}/installations/new?{}", self.url, query(&[("state", state)]))
    }

    /// Where a person shows who they are, or lets a classic OAuth App act for them.
    pub fn authorize(
        &self,
        client: &ClientConfig,
        redirect: &str,
        state: &str,
        challenge: &str,
        scope: &str,
    ) -> String {
        let mut fields = vec![
            ("client_id", client.id.as_str()),
            ("redirect_uri", redirect),
            ("state", state),
            ("code_challenge", challenge),
            ("code_challenge_method", "S256"),
        ];
        if !scope.is_empty() {
            fields.push(("scope", scope));
        }
        format!("{}/login/oauth/authorize?{}", self.url, query(&fields))
    }

    /// The person's token behind a code.
    pub async fn exchange(
        &self,
        caller: &Caller,
        client: &ClientConfig,
        code: &str,
        redirect: &str,
        verifier: &SecretString,
    ) -> Result<Tokens, Refused> {
        let url = format!("{}/login/oauth/access_token", self.url);
        let fields = [("code", code), ("redirect_uri", redirect), ("code_verifier", verifier.expose_secret())];
        let exchange = Exchange { provider: Provider::GitHub, url: &url, client, auth: Auth::Form, fields: &fields };
        Ok(caller.tokens(&exchange).await?.tokens)
    }

    /// The next pair of a person's tokens.
    pub async fn refresh(&self, caller: &Caller, client: &ClientConfig, refresh: &str) -> Result<Tokens, Refused> {
        let url = format!("{}/login/oauth/access_token", self.url);
        let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
        let exchange = Exchange { provider: Provider::GitHub, url: &url, client, auth: Auth::Form, fields: &fields };
        Ok(caller.tokens(&exchange).await?.tokens)
    }

    /// The person whose token it is.
    pub async fn person(&self, caller: &Caller, token: &SecretString) -> Result<Person, Refused> {
        let (_, answer) = self.send(caller, "user", bearer(self.call(caller, Method::GET, "user"), token)).await?;
        let id = answer.get("id").and_then(Value::as_u64).ok_or(Refused::Unreadable(Provider::GitHub))?;
        let login = word(&answer, "/login").ok_or(Refused::Unreadable(Provider::GitHub))?;
        Ok(Person { id: id.to_string(), login })
    }

    /// The installation of this number, if the person can see it: what stands in an address proves nothing.
    pub async fn installation(
        &self,
        caller: &Caller,
        token: &SecretString,
        number: u64,
    ) -> Result<Option<Value>, Refused> {
        for page in 1..=20 {
            let path = format!("user/installations?per_page=100&page={page}");
            let request = bearer(self.call(caller, Method::GET, &path), token);
            let (_, answer) = self.send(caller, "user.installations", request).await?;
            let found = answer.get("installations").and_then(Value::as_array).cloned().unwrap_or_default();
            let is_last = found.len() < 100;
            let wanted = |one: &Value| one.get("id").and_then(Value::as_u64) == Some(number);
            if let Some(installation) = found.into_iter().find(wanted) {
                return Ok(Some(installation));
            }
            if is_last {
                break;
            }
        }
        Ok(None)
    }

    /// Whether the person looks after the account that an installation is of: their own, or an organisation that they
    /// own. Many more can see it, down to whoever reads one of its repositories (docs.github.com, REST, list app
    /// installations accessible to the user access token; get an organization membership for the authenticated user).
    pub async fn looks_after(
        &self,
        caller: &Caller,
        token: &SecretString,
        installation: &Value,
        person: &Person,
    ) -> Result<bool, Refused> {
        // People and organisations are numbered in one row.
        let account = installation.pointer("/account/id").and_then(Value::as_u64);
        if account.is_some_and(|id| id.to_string() == person.id) {
            return Ok(true);
        }
        let Some(login) = word(installation, "/account/login") else { return Ok(false) };
        let path = format!("user/memberships/orgs/{login}");
        let request = bearer(self.call(caller, Method::GET, &path), token);
        let (status, answer) = self.send(caller, "user.membership", request).await?;
        let says = |field: &str, expected: &str| answer.get(field).and_then(Value::as_str) == Some(expected);
        Ok(status.is_success() && says("role", "admin") && says("state", "active"))
    }

    /// What an App is called in addresses, and its page.
    pub async fn app(&self, caller: &Caller, app: &App, now: Timestamp) -> Result<(String, String), Refused> {
        let request = self.as_app(caller, Method::GET, "app", app, now)?;
        let (status, answer) = self.send(caller, "app", request).await?;
        if status == StatusCode::UNAUTHORIZED || status == StatusCode::NOT_FOUND {
            return Err(NOT_KNOWN);
        }
        let unreadable = || Refused::Unreadable(Provider::GitHub);
        Ok((word(&answer, "/slug").ok_or_else(unreadable)?, word(&answer, "/html_url").unwrap_or_default()))
    }

    /// A token for an installation: it lives an hour, and there is always another one.
    pub async fn installation_token(
        &self,
        caller: &Caller,
        app: &App,
        number: &str,
        now: Timestamp,
    ) -> Result<Tokens, Refused> {
        let path = format!("app/installations/{number}/access_tokens");
        let request = self.as_app(caller, Method::POST, &path, app, now)?;
        let (status, answer) = self.send(caller, "installation_token", request).await?;
        match status.as_u16() {
            200..300 => {}
            401 => return Err(NOT_KNOWN),
            403 => return Err(Refused::Denied(Provider::GitHub, "suspended".to_owned())),
            404 => return Err(Refused::Denied(Provider::GitHub, "uninstalled".to_owned())),
            status => return Err(Refused::Denied(Provider::GitHub, format!("HTTP {status}"))),
        }
        let unreadable = || Refused::Unreadable(Provider::GitHub);
        let token = answer.get("token").and_then(Value::as_str).ok_or_else(unreadable)?;
        let ends = word(&answer, "/expires_at").and_then(|text| DateTime::parse_from_rfc3339(&text).ok());
        let ends = ends.ok_or_else(unreadable)?;
        Ok(Tokens {
            access: SecretString::from(token),
            refresh: None,
            life: Some(Timestamp::from_millis(ends.timestamp_millis()).since(now)),
            scopes: answer.get("permissions").map(permissions),
        })
    }

    /// Takes the App out of an organisation. One that is out already is as good.
    pub async fn uninstall(&self, caller: &Caller, app: &App, number: &str, now: Timestamp) -> Result<(), Refused> {
        let request = self.as_app(caller, Method::DELETE, &format!("app/installations/{number}"), app, now)?;
        self.gone(caller, "uninstall", request).await
    }

    /// Takes a token of a person back.
    pub async fn revoke(&self, caller: &Caller, client: &ClientConfig, token: &SecretString) -> Result<(), Refused> {
        self.take_back(caller, client, token, "token").await
    }

    /// Takes everything back that a person let a classic OAuth App do.
    pub async fn revoke_all(
        &self,
        caller: &Caller,
        client: &ClientConfig,
        token: &SecretString,
    ) -> Result<(), Refused> {
        self.take_back(caller, client, token, "grant").await
    }

    async fn take_back(
        &self,
        caller: &Caller,
        client: &ClientConfig,
        token: &SecretString,
        what: &str,
    ) -> Result<(), Refused> {
        let body = json!({ "access_token": token.expose_secret() }).to_string();
        let request = self
            .call(caller, Method::DELETE, &format!("applications/{}/{what}", client.id))
            .header(reqwest::header::AUTHORIZATION, basic(client))
            .header(CONTENT_TYPE, "application/json")
            .body(body);
        self.gone(caller, "revoke", request).await
    }

    async fn gone(&self, caller: &Caller, method: &'static str, request: RequestBuilder) -> Result<(), Refused> {
        let (status, _) = self.send(caller, method, request).await?;
        match status.as_u16() {
            200..300 | 401 | 404 | 422 => Ok(()),
            status => Err(Refused::Denied(Provider::GitHub, format!("HTTP {status}"))),
        }
    }

    fn call(&self, caller: &Caller, method: Method, path: &str) -> RequestBuilder {
        let request = caller.request(method, &format!("{}/{path}", self.api_url));
        request.header("x-github-api-version", API_VERSION).header("accept", "application/vnd.github+json")
    }

    fn as_app(
        &self,
        caller: &Caller,
        method: Method,
        path: &str,
        app: &App,
        now: Timestamp,
    ) -> Result<RequestBuilder, Refused> {
        let bad = Refused::NotConfigured(Provider::GitHub, "the App's private key can't be used");
        let proof = proof(app, now).ok_or(bad)?;
        Ok(bearer(self.call(caller, method, path), &proof))
    }

    async fn send(
        &self,
        caller: &Caller,
        method: &'static str,
        request: RequestBuilder,
    ) -> Result<(StatusCode, Value), Refused> {
        caller.send(Provider::GitHub, method, request).await
    }
}

/// What an installation opens, as it is told to whoever can see it.
pub fn access(installation: &Value, tokens: Tokens) -> Option<Access> {
    let number = installation.get("id").and_then(Value::as_u64)?;
    Some(Access {
        realm: number.to_string(),
        name: word(installation, "/account/login")?,
        account: word(installation, "/app_slug").unwrap_or_else(|| "docket".to_owned()),
        url: word(installation, "/html_url").unwrap_or_default(),
        tokens,
    })
}

/// Permissions as scopes: `issues:write`.
fn permissions(value: &Value) -> Vec<String> {
    let fields = value.as_object().into_iter().flatten();
    fields.filter_map(|(name, level)| Some(format!("{name}:{}", level.as_str()?))).collect()
}

/// An App's proof of who it is (docs.github.com, generating-a-json-web-token-jwt-for-a-github-app); `None` where its key can't
/// be used.
pub fn proof(app: &App, now: Timestamp) -> Option<SecretString> {
    let key = EncodingKey::from_rsa_pem(app.private_key.expose_secret().as_bytes()).ok()?;
    let seconds = |at: Timestamp| at.as_millis() / 1000;
    let claims = Claims { iat: seconds(now.minus(SKEW)), exp: seconds(now.plus(PROOF)), iss: app.id.to_string() };
    jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &key).ok().map(SecretString::from)
}

fn word(value: &Value, path: &str) -> Option<String> {
    value.pointer(path).and_then(Value::as_str).map(str::to_owned)
}

fn query(fields: &[(&str, &str)]) -> String {
    serde_urlencoded::to_string(fields).unwrap_or_default()
}
