//! Coder: each member connects deployments of their own, by OAuth or with a pasted token (coder.com/docs,
//! admin/integrations/oauth2-provider; reference/api).

use std::time::Duration;

use chrono::DateTime;
use reqwest::{Method, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::call::{Access, Auth, Caller, Exchange, Granted, Refused, Tokens, bearer};
use crate::{
    config::{ClientConfig, CoderConfig},
    domain::{provider::Provider, time::Timestamp},
    llm::reach::Reach,
};

/// Characters of an address and of a token, at most.
const LONGEST: usize = 300;

/// A deployment: where it is, and who may choose that.
#[derive(Clone)]
pub struct Coder {
    url: String,
    client: Option<ClientConfig>,
    caller: Caller,
}

impl Coder {
    /// That of the settings.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn of(config: &CoderConfig) -> anyhow::Result<Self> {
        Ok(Self { url: config.url.clone(), client: config.client.clone(), caller: Caller::new()? })
    }

    /// One that a member names. It must be within reach: see [`Reach`].
    ///
    /// # Errors
    /// In words for the person who entered it.
    pub fn at(address: &str) -> Result<Self, String> {
        let example = "It looks like https://coder.example.com.";
        let address = address.trim();
        let url = Url::parse(address).ok().filter(|url| address.len() <= LONGEST && url.has_host());
        let Some(url) = url.filter(|url| matches!(url.scheme(), "http" | "https")) else {
            return Err(format!("That is not the address of a Coder deployment. {example}"));
        };
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            return Err(format!("The address holds more than scheme, host and path. {example}"));
        }
        let url = url.as_str().trim_end_matches('/').to_owned();
        let reach = Reach::of(&url, true, true);
        reach.check(&url).map_err(|why| format!("That address can't be used: {why}."))?;
        let caller = Caller::within(reach).map_err(|_| "Docket can't call anybody right now.".to_owned())?;
        Ok(Self { url, client: None, caller })
    }

    /// The same for tokens that are none of the OAuth application's.
    #[must_use]
    pub fn without_client(&self) -> Self {
        Self { client: None, ..self.clone() }
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether people let Docket in by a page there.
    pub const fn has_oauth(&self) -> bool {
        self.client.is_some()
    }

    /// Where a member lets Docket in; `None` where no client is set.
    pub fn authorize(&self, redirect: &str, state: &str, challenge: &str) -> Option<String> {
        let query = [
            ("client_id", self.client.as_ref()?.id.as_str()),
            ("redirect_uri", redirect),
            ("response_type", "code"),
            ("state", state),
            ("code_challenge", challenge),
            ("code_challenge_method", "S256"),
        ];
        Some(format!("{}/oauth2/authorize?{}", self.url, serde_urlencoded::to_string(query).unwrap_or_default()))
    }

    /// The tokens behind a code.
    pub async fn exchange(&self, code: &str, redirect: &str, verifier: &SecretString) -> Result<Tokens, Refused> {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect),
            ("code_verifier", verifier.expose_secret()),
        ];
        Ok(self.ask(&fields).await?.tokens)
    }

    /// The next pair of tokens.
    pub async fn refresh(&self, refresh: &str) -> Result<Tokens, Refused> {
        Ok(self.ask(&[("grant_type", "refresh_token"), ("refresh_token", refresh)]).await?.tokens)
    }

    /// Whose token it is. An address where no Coder answers is told from a token that it does not take.
    pub async fn account(&self, tokens: Tokens) -> Result<Access, Refused> {
        let (status, answer) = self.get(&tokens.access, "users/me").await?;
        if status == StatusCode::UNAUTHORIZED || status == StatusCode::FORBIDDEN {
            return Err(Refused::Denied(Provider::Coder, "unauthorized".to_owned()));
        }
        let word = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
        let unreadable = || Refused::Unreadable(Provider::Coder);
        let (id, user) = (word("id").ok_or_else(unreadable)?, word("username").ok_or_else(unreadable)?);
        let host = Url::parse(&self.url).ok().and_then(|url| url.host_str().map(str::to_owned));
        Ok(Access {
            realm: format!("{} {id}", self.url),
            name: host.unwrap_or_else(|| self.url.clone()),
            account: user,
            url: self.url.clone(),
            tokens,
        })
    }

    /// A pasted token with the time it has left, as far as Coder says.
    pub async fn pasted(&self, token: SecretString, now: Timestamp) -> Tokens {
        let mut life = None;
        if let Some(key) = key_of(&token)
            && let Ok((_, answer)) = self.get(&token, &format!("users/me/keys/{key}")).await
        {
            let ends = answer.get("expires_at").and_then(Value::as_str);
            let ends = ends.and_then(|text| DateTime::parse_from_rfc3339(text).ok());
            life = ends.map(|ends| Timestamp::from_millis(ends.timestamp_millis()).since(now));
        }
        Tokens { access: token, refresh: None, life: life.filter(|life| *life > Duration::ZERO), scopes: None }
    }

    /// Takes a token back: that of OAuth with its grant, a pasted one by its key. What is gone already is as good.
    pub async fn revoke(&self, token: &SecretString, is_pasted: bool) -> Result<(), Refused> {
        let path = match (&self.client, key_of(token)) {
            (Some(client), _) if !is_pasted => {
                let query = serde_urlencoded::to_string([("client_id", &client.id)]).unwrap_or_default();
                format!("oauth2/tokens?{query}")
            }
            (_, Some(key)) => format!("api/v2/users/me/keys/{key}"),
            _ => return Ok(()),
        };
        let request = self.caller.request(Method::DELETE, &format!("{}/{path}", self.url));
        let (status, _) = self.caller.send(Provider::Coder, "revoke", self.with_token(request, token)).await?;
        match status.as_u16() {
            200..300 | 401 | 404 => Ok(()),
            status => Err(Refused::Denied(Provider::Coder, format!("HTTP {status}"))),
        }
    }

    async fn get(&self, token: &SecretString, path: &str) -> Result<(StatusCode, Value), Refused> {
        let request = self.caller.request(Method::GET, &format!("{}/api/v2/{path}", self.url));
        self.caller.send(Provider::Coder, "api", self.with_token(request, token)).await
    }

    /// Session tokens and those of OAuth are both taken in this header.
    fn with_token(&self, request: reqwest::RequestBuilder, token: &SecretString) -> reqwest::RequestBuilder {
        let mut value = reqwest::header::HeaderValue::from_str(token.expose_secret())
            .unwrap_or_else(|_| reqwest::header::HeaderValue::from_static(""));
        value.set_sensitive(true);
        if self.client.is_some() { bearer(request, token) } else { request }.header("coder-session-token", value)
    }

    async fn ask(&self, fields: &[(&str, &str)]) -> Result<Granted, Refused> {
        let missing = Refused::NotConfigured(Provider::Coder, "CODER_CLIENT_ID and CODER_CLIENT_SECRET are not set");
        let client = self.client.as_ref().ok_or(missing)?;
        let url = format!("{}/oauth2/tokens", self.url);
        let auth = Auth::Form;
        self.caller.tokens(&Exchange { provider: Provider::Coder, url: &url, client, auth, fields }).await
    }
}

/// The public part of a session token, by which Coder lists it: `<key>-<secret>`.
fn key_of(token: &SecretString) -> Option<String> {
    let (key, _) = token.expose_secret().split_once('-')?;
    (!key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric())).then(|| key.to_owned())
}

/// Whether a text can be a token at all.
pub fn is_token(text: &str) -> bool {
    (8..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_only_where_a_token_may_go() {
        for good in
            ["https://coder.example.com", " https://coder.example.com/ ", "http://127.0.0.1:3000", "http://10.0.0.7"]
        {
            assert!(Coder::at(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "coder.example.com",
            "ftp://coder.example.com",
            "https://me:pw@coder.example.com",
            "https://coder.example.com/?token=x",
            "http://169.254.169.254",
            "https://169.254.169.254/latest",
            "http://metadata.google.internal",
            "http://93.184.216.34",
        ] {
            assert!(Coder::at(bad).is_err(), "{bad}");
        }
        assert_eq!(
            Coder::at("https://coder.example.com/").map(|coder| coder.url).as_deref(),
            Ok("https://coder.example.com")
        );
    }

    #[test]
    fn the_key_of_a_token_is_its_public_part() {
        for (token, key) in [("abc123-secret", Some("abc123")), ("abc", None), ("-x", None), ("a/b-x", None)] {
            assert_eq!(key_of(&token.into()).as_deref(), key, "{token}");
        }
    }
}
