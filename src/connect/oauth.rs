//! Signing in by OAuth: authorization code with PKCE (S256).
//!
//! Providers differ in where they want the client's secret and in what they answer: some say `ok: false` with status
//! 200, some leave out the type of the token. Every answer is first brought into the form of RFC 6749, and its other
//! fields are kept for whoever needs them.

use std::{
    fmt,
    pin::Pin,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use oauth2::{
    AccessToken, AsyncHttpClient, AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken,
    EmptyExtraTokenFields, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, PkceCodeVerifier, RedirectUrl,
    RequestTokenError, Scope, StandardTokenResponse, TokenResponse, TokenUrl,
    basic::{BasicClient, BasicErrorResponse, BasicTokenType},
};
use reqwest::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::{
    flow::Started,
    http::{CallError, Http},
};

/// Where a client says its secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuth {
    /// In the header `Authorization` (RFC 6749, 2.3.1).
    Basic,
    /// In the body, beside the code.
    Body,
}

/// Docket as a provider knows it.
#[derive(Clone)]
pub struct Client {
    /// What the calls are counted under, such as `slack`.
    pub provider: &'static str,
    /// The client's id.
    pub id: String,
    /// Its secret.
    pub secret: SecretString,
    /// Where it says the secret.
    pub auth: ClientAuth,
    /// Where people are asked.
    pub authorize_url: String,
    /// Where codes become tokens.
    pub token_url: String,
    /// Where people come back to.
    pub redirect_uri: String,
}

/// What a provider granted.
pub struct Grant {
    /// The token for calls; empty where the provider gave it in a field of its own.
    pub access: SecretString,
    /// The token for the next tokens.
    pub refresh: Option<SecretString>,
    /// How long the first is good for.
    pub expires_in: Option<Duration>,
    /// What it allows; `None` where the provider does not say.
    pub scopes: Option<Vec<String>>,
    /// The whole answer, for the fields that only this provider has. It holds the tokens.
    pub answer: Map<String, Value>,
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant")
            .field("expires_in", &self.expires_in)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

type Inner = BasicClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// An error of ours on its way through the library.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct Passed(CallError);

impl Client {
    /// The address to send somebody to, for a flow that was started. `more` is what only this provider wants there.
    ///
    /// # Errors
    /// When an address of the provider is none.
    pub fn authorize_url(
        &self,
        started: &Started,
        scopes: &[&str],
        more: &[(&'static str, &str)],
    ) -> anyhow::Result<String> {
        let client = self.inner()?;
        let mut asked = client
            .authorize_url(|| CsrfToken::new(started.state.expose_secret().to_owned()))
            .add_scopes(scopes.iter().map(|scope| Scope::new((*scope).to_owned())))
            .add_extra_param("code_challenge", started.challenge.clone())
            .add_extra_param("code_challenge_method", "S256");
        for (name, value) in more {
            asked = asked.add_extra_param(*name, (*value).to_owned());
        }
        Ok(asked.url().0.into())
    }

    /// Trades a code for tokens.
    pub async fn exchange(
        &self,
        http: &Http,
        code: &SecretString,
        verifier: &SecretString,
    ) -> Result<Grant, CallError> {
        let client = self.inner().map_err(|_| CallError::Unreadable)?;
        let calling = Calling { client: self, http, method: "token", answer: Mutex::default() };
        let outcome = client
            .exchange_code(AuthorizationCode::new(code.expose_secret().to_owned()))
            .set_pkce_verifier(PkceCodeVerifier::new(verifier.expose_secret().to_owned()))
            .request_async(&calling)
            .await;
        grant(outcome, calling.answer)
    }

    fn inner(&self) -> anyhow::Result<Inner> {
        let auth = match self.auth {
            ClientAuth::Basic => AuthType::BasicAuth,
            ClientAuth::Body => AuthType::RequestBody,
        };
        Ok(BasicClient::new(ClientId::new(self.id.clone()))
            .set_client_secret(ClientSecret::new(self.secret.expose_secret().to_owned()))
            .set_auth_type(auth)
            .set_auth_uri(AuthUrl::new(self.authorize_url.clone())?)
            .set_token_uri(TokenUrl::new(self.token_url.clone())?)
            .set_redirect_uri(RedirectUrl::new(self.redirect_uri.clone())?))
    }
}

/// One call of a provider's token endpoint.
struct Calling<'a> {
    client: &'a Client,
    http: &'a Http,
    method: &'static str,
    /// What it answered, all of it.
    answer: Mutex<Map<String, Value>>,
}

impl<'c> AsyncHttpClient<'c> for Calling<'_> {
    type Error = Passed;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Passed>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

impl Calling<'_> {
    /// Sends what the library prepared, and hands it the answer in the form that it reads.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, Passed> {
        let (parts, body) = request.into_parts();
        let prepared = self.http.request(parts.method, &parts.uri.to_string()).headers(parts.headers).body(body);
        let answer = self.http.send(self.client.provider, self.method, prepared).await.map_err(Passed)?;
        // A provider in trouble answers with a page, not with JSON.
        if answer.status.is_server_error() || answer.status == StatusCode::TOO_MANY_REQUESTS {
            return Err(Passed(answer.failure()));
        }
        let Ok(mut fields) = serde_json::from_slice::<Map<String, Value>>(&answer.body) else {
            let error = if answer.status.is_success() { CallError::Unreadable } else { answer.failure() };
            return Err(Passed(error));
        };
        if let Some(code) = refusal(&fields) {
            return Err(Passed(CallError::refused(&code)));
        }
        if !answer.status.is_success() {
            return Err(Passed(answer.failure()));
        }
        self.answer.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&fields);
        // Slack grants a person's token without one for the bot.
        fields.entry("access_token").or_insert_with(|| "".into());
        fields.entry("token_type").or_insert_with(|| "bearer".into());
        // Commas are as common between scopes as the blanks of the standard.
        if let Some(Value::String(scope)) = fields.get_mut("scope") {
            *scope = scope.replace(',', " ");
        }
        let body = serde_json::to_vec(&fields).map_err(|_| Passed(CallError::Unreadable))?;
        let mut response = HttpResponse::new(body);
        *response.status_mut() = StatusCode::OK;
        Ok(response)
    }
}

/// The code with which a provider refuses, whatever the status it does so with.
fn refusal(fields: &Map<String, Value>) -> Option<String> {
    let code = fields.get("error").and_then(Value::as_str);
    let failed = fields.get("ok") == Some(&Value::Bool(false));
    code.or(failed.then_some("unknown")).map(ToOwned::to_owned)
}

type Response = StandardTokenResponse<EmptyExtraTokenFields, BasicTokenType>;

fn grant(
    outcome: Result<Response, RequestTokenError<Passed, BasicErrorResponse>>,
    answer: Mutex<Map<String, Value>>,
) -> Result<Grant, CallError> {
    let granted = outcome.map_err(|error| match error {
        RequestTokenError::Request(Passed(error)) => error,
        RequestTokenError::ServerResponse(error) => CallError::refused(error.error().as_ref()),
        // The library's own text quotes the answer, and with it the tokens.
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => CallError::Unreadable,
    })?;
    let secret = |token: &AccessToken| SecretString::from(token.secret().as_str());
    Ok(Grant {
        access: secret(granted.access_token()),
        refresh: granted.refresh_token().map(|token| SecretString::from(token.secret().as_str())),
        expires_in: granted.expires_in(),
        scopes: granted.scopes().map(|scopes| scopes.iter().map(|scope| scope.to_string()).collect()),
        answer: answer.into_inner().unwrap_or_else(PoisonError::into_inner),
    })
}
