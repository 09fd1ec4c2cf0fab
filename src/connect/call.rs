//! Calls of providers around tokens: no redirects, a time limit, and nothing of a body in an error.

use std::time::Duration;

use anyhow::Context as _;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::{
    Method, RequestBuilder, StatusCode,
    header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER, USER_AGENT},
    redirect,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::{config::ClientConfig, domain::provider::Provider, llm::reach::Reach, telemetry};

/// How long a provider may take for one call.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of an answer that are read.
const LONGEST: usize = 1 << 20;
/// How long to wait where a provider asks to, but does not say how long.
const UNSTATED_WAIT: Duration = Duration::from_secs(30);
/// What providers say of a client that they do not know: GitHub, Slack, and everybody else (RFC 6749, 5.2).
const NOT_US: &[&str] = &["incorrect_client_credentials", "bad_client_secret", "invalid_client_id", "invalid_client"];
/// Discord wants to know who calls (discord-api-docs, reference), and GitHub that somebody says so.
const WHO: &str = concat!("DiscordBot (https://docket.example.com, ", env!("CARGO_PKG_VERSION"), ")");

/// Why a provider did not give what it was asked for. Holds no token and no body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It says no, and will say so again.
    #[error("{} answers {}", .0.name(), .1)]
    Denied(Provider, String),
    /// It asks to wait.
    #[error("{} asks to wait {:?}", .0.name(), .1)]
    Busy(Provider, Duration),
    /// No answer, or it has trouble of its own. Whether the call took effect is unknown.
    #[error("{} can't be reached: {}", .0.name(), .1)]
    Unreachable(Provider, String),
    /// It answered something else than it is known to.
    #[error("{} answered something that Docket can't read", .0.name())]
    Unreadable(Provider),
    /// Whoever runs Docket has not set what is needed, or it is wrong.
    #[error("{}: {}", .0.name(), .1)]
    NotConfigured(Provider, &'static str),
}

impl Refused {
    /// Whether asking again later may help, because time or whoever runs Docket may mend it.
    pub const fn may_pass(&self) -> bool {
        matches!(self, Self::Busy(..) | Self::Unreachable(..) | Self::Unreadable(_) | Self::NotConfigured(..))
    }

    /// The word for metrics.
    const fn outcome(&self) -> &'static str {
        match self {
            Self::Denied(..) => "denied",
            Self::Busy(..) => "rate_limited",
            Self::Unreachable(..) => "unreachable",
            Self::Unreadable(_) | Self::NotConfigured(..) => "error",
        }
    }
}

/// Tokens as a provider gives them.
pub struct Tokens {
    /// The token.
    pub access: SecretString,
    /// What the next one is got with.
    pub refresh: Option<SecretString>,
    /// How long the token lives; `None` where it does not end.
    pub life: Option<Duration>,
    /// What it may do; `None` where the provider does not say.
    pub scopes: Option<Vec<String>>,
}

/// What a provider granted.
pub struct Granted {
    /// The tokens.
    pub tokens: Tokens,
    /// The whole answer, which holds the secrets too: it goes nowhere.
    pub answer: Value,
}

/// What a round trip came to: access to an organisation.
pub struct Access {
    /// The organisation, by the provider's own id.
    pub realm: String,
    /// What the provider calls it.
    pub name: String,
    /// As whom Docket acts there.
    pub account: String,
    /// Where it is, for people.
    pub url: String,
    /// What opens it.
    pub tokens: Tokens,
}

/// A person as a provider knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// By the provider's own id, which stays.
    pub id: String,
    /// What they are called there, such as `ana`.
    pub login: String,
}

/// How a client says who it is when it asks for tokens.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// In a header (RFC 6749, 2.3.1).
    Basic,
    /// In fields of the form.
    Form,
}

/// Who asks for what.
pub struct Exchange<'a> {
    /// Whom.
    pub provider: Provider,
    /// Where its tokens are.
    pub url: &'a str,
    /// Who Docket is there.
    pub client: &'a ClientConfig,
    /// How it says so.
    pub auth: Auth,
    /// The fields beside it.
    pub fields: &'a [(&'a str, &'a str)],
}

/// Carries calls. Cheap to clone.
#[derive(Clone)]
pub struct Caller {
    http: reqwest::Client,
}

impl Caller {
    /// To addresses that whoever runs Docket chose.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new() -> anyhow::Result<Self> {
        Self::within(Reach::Anywhere)
    }

    /// To addresses within reach only.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn within(reach: Reach) -> anyhow::Result<Self> {
        // Whoever was first has installed the same provider: there is only one in the program.
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        let headers = HeaderMap::from_iter([
            (ACCEPT, HeaderValue::from_static("application/json")),
            (USER_AGENT, HeaderValue::from_static(WHO)),
        ]);
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .connect_timeout(TIMEOUT / 2)
            .redirect(redirect::Policy::none())
            .default_headers(headers);
        Ok(Self { http: reach.limit(http).build().context("no HTTP client can be made")? })
    }

    /// A request to be completed and [sent](Self::send).
    pub fn request(&self, method: Method, url: &str) -> RequestBuilder {
        self.http.request(method, url)
    }

    /// Asks for tokens. An error may come with any status: GitHub and Slack say 200.
    pub async fn tokens(&self, exchange: &Exchange<'_>) -> Result<Granted, Refused> {
        let Exchange { provider, url, client, auth, fields } = exchange;
        let mut form = fields.to_vec();
        let mut request = self.request(Method::POST, url);
        match auth {
            Auth::Basic => request = request.header(reqwest::header::AUTHORIZATION, basic(client)),
            Auth::Form => {
                form.push(("client_id", &client.id));
                form.push(("client_secret", client.secret.expose_secret()));
            }
        }
        let (status, answer) = self.send(*provider, "token", with_form(request, &form)).await?;
        if let Some(code) = error_of(&answer) {
            if NOT_US.contains(&code.as_str()) {
                return Err(Refused::NotConfigured(*provider, "its client id or client secret is not taken there"));
            }
            return Err(Refused::Denied(*provider, code));
        }
        if !status.is_success() {
            return Err(Refused::Denied(*provider, format!("HTTP {}", status.as_u16())));
        }
        granted(&answer).ok_or(Refused::Unreadable(*provider))
    }

    /// Sends a request. Answers of 429 and 5xx are failures, all others are given with their JSON: null where they have
    /// none.
    pub async fn send(
        &self,
        provider: Provider,
        method: &'static str,
        request: RequestBuilder,
    ) -> Result<(StatusCode, Value), Refused> {
        let outcome = self.carry(provider, request).await;
        let word = outcome.as_ref().err().map_or("ok", Refused::outcome);
        let provider = provider.as_str();
        metrics::counter!(telemetry::PROVIDER_CALLS, "provider" => provider, "method" => method, "outcome" => word)
            .increment(1);
        outcome
    }

    async fn carry(&self, provider: Provider, request: RequestBuilder) -> Result<(StatusCode, Value), Refused> {
        // The library's text would name the address, which may hold a code.
        let lost = |error: &reqwest::Error| {
            let kind = if error.is_timeout() { "no answer in time" } else { "the connection failed" };
            Refused::Unreachable(provider, kind.to_owned())
        };
        let mut answer = request.send().await.map_err(|error| lost(&error))?;
        let status = answer.status();
        let limited =
            status == StatusCode::FORBIDDEN && header(&answer, "x-ratelimit-remaining") == Some("0".to_owned());
        if status == StatusCode::TOO_MANY_REQUESTS || limited {
            let seconds = header(&answer, RETRY_AFTER.as_str()).and_then(|text| text.parse::<f64>().ok());
            let wait = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
            return Err(Refused::Busy(provider, wait.unwrap_or(UNSTATED_WAIT)));
        }
        if status.is_server_error() {
            return Err(Refused::Unreachable(provider, format!("HTTP {}", status.as_u16())));
        }
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(|error| lost(&error))? {
            if body.len() + piece.len() > LONGEST {
                return Err(Refused::Unreadable(provider));
            }
            body.extend_from_slice(&piece);
        }
        Ok((status, serde_json::from_slice(&body).unwrap_or(Value::Null)))
    }
}

fn header(answer: &reqwest::Response, name: &str) -> Option<String> {
    answer.headers().get(name)?.to_str().ok().map(str::to_owned)
}

/// The request with a form as its body.
pub fn with_form(request: RequestBuilder, fields: &[(&str, &str)]) -> RequestBuilder {
    let body = serde_urlencoded::to_string(fields).unwrap_or_default();
    request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body)
}

/// A client's id and secret as a header, each encoded as in a form (RFC 6749, 2.3.1).
pub fn basic(client: &ClientConfig) -> HeaderValue {
    let encode = |text: &str| serde_urlencoded::to_string([("", text)]).unwrap_or_default()[1..].to_owned();
    let pair = format!("{}:{}", encode(&client.id), encode(client.secret.expose_secret()));
    let mut value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair)))
        .unwrap_or_else(|_| HeaderValue::from_static("Basic"));
    value.set_sensitive(true);
    value
}

/// A token as a header.
pub fn bearer(request: RequestBuilder, token: &SecretString) -> RequestBuilder {
    request.bearer_auth(token.expose_secret())
}

/// The provider's word for what is wrong, as it may be logged and shown: short and of one line.
fn error_of(answer: &Value) -> Option<String> {
    let code = answer.get("error")?;
    let text = code.as_str().map_or_else(|| code.to_string(), str::to_owned);
    Some(text.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')).take(60).collect())
}

fn granted(answer: &Value) -> Option<Granted> {
    let secret = |name: &str| answer.get(name)?.as_str().filter(|text| !text.is_empty()).map(SecretString::from);
    let seconds = answer.get("expires_in").and_then(|value| value.as_u64().or_else(|| value.as_str()?.parse().ok()));
    let tokens = Tokens {
        access: secret("access_token")?,
        refresh: secret("refresh_token"),
        life: seconds.filter(|seconds| *seconds > 0).map(Duration::from_secs),
        scopes: answer.get("scope").and_then(scopes),
    };
    Some(Granted { tokens, answer: answer.clone() })
}

/// Scopes, however a provider lists them: with commas, with blanks, as a list.
fn scopes(value: &Value) -> Option<Vec<String>> {
    let split =
        |text: &str| text.split([',', ' ']).filter(|scope| !scope.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    match value {
        Value::String(text) => Some(split(text)),
        Value::Array(items) => Some(items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn scopes_are_read_however_they_are_listed() {
        let expected = Some(vec!["read".to_owned(), "write".to_owned()]);
        for listed in [json!("read,write"), json!("read write"), json!("read, write"), json!(["read", "write"])] {
            assert_eq!(scopes(&listed), expected, "{listed}");
        }
        assert_eq!(scopes(&json!("")), Some(Vec::new()));
        assert_eq!(scopes(&Value::Null), None);
    }

    #[test]
    fn an_error_is_one_short_word() {
        assert_eq!(error_of(&json!({ "error": "invalid_grant" })).as_deref(), Some("invalid_grant"));
        assert_eq!(error_of(&json!({ "error": "x\n<y> ".repeat(99) })).map(|word| word.len()), Some(60));
        assert_eq!(error_of(&json!({ "access_token": "t" })), None);
    }

    #[test]
    fn a_client_says_who_it_is_in_a_header_that_is_not_shown() {
        let client = ClientConfig { id: "a b".to_owned(), secret: "s:1".into() };
        let header = basic(&client);
        assert!(header.is_sensitive());
        assert_eq!(header.to_str().unwrap(), format!("Basic {}", STANDARD.encode("a+b:s%3A1")));
    }
}
