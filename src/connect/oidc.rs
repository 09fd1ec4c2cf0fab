//! Signing in with any OpenID Connect provider, such as Keycloak: discovery, the code flow with PKCE and a nonce, and a
//! statement about the person whose signature is checked against the provider's keys.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jsonwebtoken::jwk::{Jwk, JwkSet};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;

use super::{
    flow::{Flow, Started},
    http::{CallError, Http},
    id_token::{Claims, Disbelief, Expected, verify},
    oauth::{Client, ClientAuth},
};
use crate::{clock::Chance, config::OidcConfig, domain::time::Timestamp};

/// How long what a provider says about itself is believed.
const FRESH: Duration = Duration::from_hours(1);
/// How often the keys are read again at most because one is unknown: anybody can name unknown keys.
const KEYS_EVERY: Duration = Duration::from_secs(30);
/// The longest name of a person that is kept.
const NAME: usize = 80;

/// Why a sign-in did not work. Worded to follow "The sign-in did not work: ".
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    /// The provider did not do its part.
    #[error("the provider {0}")]
    Call(#[from] CallError),
    /// What it says about itself is not of the provider that was set up.
    #[error("what the provider says about itself is not what OIDC_ISSUER names; whoever runs Docket can compare them")]
    OtherIssuer,
    /// An address of the provider is none.
    #[error("an address that the provider names is none")]
    Address,
    /// What it states about the person is not believed.
    #[error("what the provider states about you is not believed: {0}")]
    Disbelief(#[from] Disbelief),
}

impl OidcError {
    /// The reason for an answer that came from another issuer than was asked (RFC 9207).
    fn mixed_up() -> Self {
        Self::Disbelief(Disbelief::Issuer)
    }
}

/// A person, as the provider vouches for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Who vouches.
    pub issuer: String,
    /// The person there, by a name that never passes to somebody else.
    pub subject: String,
    /// What to call them.
    pub name: String,
}

/// The OpenID Connect provider of this server. Cheap to clone.
#[derive(Clone)]
pub struct Oidc(Arc<Inner>);

struct Inner {
    config: OidcConfig,
    redirect_uri: String,
    http: Http,
    chance: Chance,
    known: Mutex<Known>,
}

/// What was learned from the provider, and when.
#[derive(Default)]
struct Known {
    metadata: Option<(Timestamp, Metadata)>,
    keys: Option<(Timestamp, JwkSet)>,
}

/// What a provider says about itself (OpenID Connect Discovery 1.0, 3).
#[derive(Debug, Clone, Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

/// What the provider says of a person when it is asked with their token.
#[derive(Deserialize)]
struct UserInfo {
    sub: String,
    name: Option<String>,
    preferred_username: Option<String>,
}

impl Oidc {
    /// The provider of these settings; nothing is asked of it yet.
    pub fn new(config: OidcConfig, redirect_uri: String, http: Http, chance: Chance) -> Self {
        Self(Arc::new(Inner { config, redirect_uri, http, chance, known: Mutex::default() }))
    }

    /// What the provider is called, until it has a name: its host.
    pub fn name(&self) -> &str {
        let issuer = self.0.config.issuer.split_once("://").map_or("", |(_, rest)| rest);
        issuer.split(['/', ':']).next().unwrap_or(issuer)
    }

    /// The issuer, which is the realm of its logins.
    pub fn issuer(&self) -> &str {
        &self.0.config.issuer
    }

    /// Where to send somebody.
    pub async fn authorize_url(&self, started: &Started) -> Result<String, OidcError> {
        let client = self.client(&self.metadata().await?);
        let more = [("nonce", started.nonce.as_str())];
        client.authorize_url(started, &["openid", "profile"], &more).map_err(|_| OidcError::Address)
    }

    /// Whether the provider can be reached and is the one that was set up, for `doctor`.
    pub async fn check(&self) -> Result<(), OidcError> {
        let metadata = self.metadata().await?;
        self.keys(&metadata, true).await.map(drop)
    }

    /// Who came back.
    pub async fn person(
        &self,
        flow: &Flow,
        code: &SecretString,
        said: &BTreeMap<String, String>,
    ) -> Result<Person, OidcError> {
        let metadata = self.metadata().await?;
        if said.get("iss").is_some_and(|issuer| *issuer != metadata.issuer) {
            return Err(OidcError::mixed_up());
        }
        let grant = self.client(&metadata).exchange(&self.0.http, code, &flow.verifier).await?;
        let token = grant.answer.get("id_token").and_then(Value::as_str).ok_or(Disbelief::Malformed)?;
        let claims = self.verified(token, &metadata, &flow.nonce).await?;
        let name = match claims.name.clone().or_else(|| claims.preferred_username.clone()) {
            Some(name) => Some(name),
            // Many state no more than who it is, and tell the rest to whoever asks with the token.
            None => self.asked_name(&metadata, &grant.access, &claims.sub).await,
        };
        Ok(Person {
            issuer: metadata.issuer,
            name: name.map(|name| plain(&name)).filter(|name| !name.is_empty()).unwrap_or_else(|| plain(&claims.sub)),
            subject: claims.sub,
        })
    }

    /// Believes a statement, with the keys as they are known or, where it names another one, as they are now.
    async fn verified(&self, token: &str, metadata: &Metadata, nonce: &str) -> Result<Claims, OidcError> {
        let expected =
            Expected { issuer: &metadata.issuer, client: &self.0.config.client_id, nonce, now: self.0.chance.now() };
        let keys = self.keys(metadata, false).await?;
        match verify(token, &keys, &expected) {
            Err(Disbelief::UnknownKey) => {
                let keys = self.keys(metadata, true).await?;
                Ok(verify(token, &keys, &expected)?)
            }
            outcome => Ok(outcome?),
        }
    }

    async fn asked_name(&self, metadata: &Metadata, access: &SecretString, subject: &str) -> Option<String> {
        let address = metadata.userinfo_endpoint.as_deref()?;
        let request = self.0.http.get(address).bearer_auth(access.expose_secret());
        let answer = self.0.http.send("oidc", "userinfo", request).await.ok()?;
        let info: UserInfo = answer.json().ok()?;
        // It has to be about the same person (OpenID Connect Core 1.0, 5.3.2).
        (info.sub == subject).then_some(info.name.or(info.preferred_username)).flatten()
    }

    fn client(&self, metadata: &Metadata) -> Client {
        let ways = &metadata.token_endpoint_auth_methods_supported;
        let has = |way: &str| ways.iter().any(|known| known == way);
        let by_body = has("client_secret_post") && !has("client_secret_basic");
        Client {
            provider: "oidc",
            id: self.0.config.client_id.clone(),
            secret: self.0.config.client_secret.clone(),
            auth: if by_body { ClientAuth::Body } else { ClientAuth::Basic },
            authorize_url: metadata.authorization_endpoint.clone(),
            token_url: metadata.token_endpoint.clone(),
            redirect_uri: self.0.redirect_uri.clone(),
        }
    }

    /// What the provider says about itself, read anew after a while.
    async fn metadata(&self) -> Result<Metadata, OidcError> {
        let mut known = self.0.known.lock().await;
        let now = self.0.chance.now();
        if let Some((at, metadata)) = &known.metadata
            && now.since(*at) < FRESH
        {
            return Ok(metadata.clone());
        }
        let issuer = &self.0.config.issuer;
        let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let answer = self.0.http.send("oidc", "discovery", self.0.http.get(&address)).await?;
        let metadata: Metadata = answer.json()?;
        if metadata.issuer != *issuer {
            return Err(OidcError::OtherIssuer);
        }
        known.metadata = Some((now, metadata.clone()));
        Ok(metadata)
    }

    /// The provider's keys; `anew` reads them again, though not too often.
    async fn keys(&self, metadata: &Metadata, anew: bool) -> Result<JwkSet, OidcError> {
        let mut known = self.0.known.lock().await;
        let now = self.0.chance.now();
        let fresh = if anew { KEYS_EVERY } else { FRESH };
        if let Some((at, keys)) = &known.keys
            && now.since(*at) < fresh
        {
            return Ok(keys.clone());
        }
        let answer = self.0.http.send("oidc", "keys", self.0.http.get(&metadata.jwks_uri)).await?;
        let set: Value = answer.json()?;
        // A key of a kind that is not known here is none of ours, and no reason to mistrust the others.
        let keys = set.get("keys").and_then(Value::as_array).ok_or(CallError::Unreadable)?;
        let keys = keys.iter().filter_map(|key| serde_json::from_value::<Jwk>(key.clone()).ok());
        let keys = JwkSet { keys: keys.collect() };
        known.keys = Some((now, keys.clone()));
        Ok(keys)
    }
}

/// A name as it is kept: in one line, and not endless.
pub(super) fn plain(name: &str) -> String {
    let kept: String = name.chars().filter(|c| !c.is_control()).take(NAME).collect();
    kept.trim().to_owned()
}
