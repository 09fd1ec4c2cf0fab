//! Calls of Slack's Web API. Every call has a timeout and none is repeated here: the job queue does that.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use anyhow::Context as _;
use reqwest::{Url, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use slack_morphism::{api::SlackApiViewsOpenRequest, prelude::*};

use super::{
    error::SlackError,
    profile::{Profile, UserInfo},
    receive::history::{Body, Page},
    render::{Rendered, render},
};
use crate::{
    config::SlackConfig,
    domain::{message::Message, time::Timestamp},
    telemetry,
};

/// How long Slack may take for one call.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How long the opening of a form may take: its trigger lives 3 seconds.
const FORM_TIMEOUT: Duration = Duration::from_millis(2_500);

/// How many messages a page has at most. Slack recommends no more than 200; where an app may have only 15, it gives 15.
const PAGE: usize = 100;

/// What the ways to all workspaces share. Cheap to clone.
#[derive(Clone)]
pub struct SlackApi(Arc<Inner>);

struct Inner {
    api: slack_morphism::SlackClient<SlackClientHyperHttpsConnector>,
    http: reqwest::Client,
    api_url: Url,
    pages: Option<String>,
}

/// A way to one Slack workspace, or to one organisation of them: speaks with its token. Cheap to clone.
#[derive(Clone)]
pub struct SlackClient {
    shared: SlackApi,
    token: Arc<SlackApiToken>,
}

/// Where a page begins, and of what.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The channel.
    pub channel: &'a str,
    /// The thread of it, by its first message; `None` for the channel itself.
    pub thread: Option<&'a str>,
    /// What was said from this instant on.
    pub since: Timestamp,
    /// And until this one.
    pub until: Timestamp,
    /// Where the page before it said that it begins.
    pub cursor: Option<&'a str>,
}

/// A message that was posted.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Posted {
    /// The channel it is in: of a direct message, the conversation and not the person.
    pub channel: String,
    /// Its id there.
    pub ts: String,
}

/// Who we are in Slack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// The team's id.
    pub team: String,
    /// The team's name.
    pub name: String,
    /// Our own user there.
    pub bot_user: String,
    /// The workspace's address.
    pub url: String,
    /// What we are allowed to do there; empty where Slack does not say.
    pub scopes: Vec<String>,
}

#[derive(Serialize)]
struct Post<'a> {
    channel: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    thread_ts: Option<&'a str>,
    #[serde(flatten)]
    content: &'a Rendered,
    unfurl_links: bool,
    unfurl_media: bool,
}

#[derive(Serialize)]
struct Update<'a> {
    channel: &'a str,
    ts: &'a str,
    #[serde(flatten)]
    content: &'a Rendered,
}

#[derive(Serialize)]
struct Delete<'a> {
    channel: &'a str,
    ts: &'a str,
}

#[derive(Serialize)]
struct Ephemeral<'a> {
    channel: &'a str,
    user: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    thread_ts: Option<&'a str>,
    #[serde(flatten)]
    content: &'a Rendered,
}

#[derive(Deserialize)]
struct Done {}

impl SlackApi {
    /// By the settings. Connects to nothing yet.
    ///
    /// `pages` is where people can open the pages of Docket, for the links in messages; `None` where nobody can.
    pub fn new(config: &SlackConfig, pages: Option<&str>) -> anyhow::Result<Self> {
        // Whoever was first has installed the same provider: there is only one in the program.
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        let https = hyper_rustls::HttpsConnectorBuilder::new()
            .with_native_roots()
            .context("this machine's certificate authorities can't be read")?
            .https_or_http()
            .enable_http1()
            .enable_http2()
            .build();
        let connector = SlackClientHyperConnector::with_connector(https).with_slack_api_url(&config.api_url);
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .connect_timeout(TIMEOUT / 2)
            .redirect(redirect::Policy::none())
            .build()
            .context("no HTTP client can be made")?;
        Ok(Self(Arc::new(Inner {
            api: slack_morphism::SlackClient::new(connector),
            http,
            api_url: Url::parse(&config.api_url).context("SLACK_API_URL is not an address")?,
            pages: pages.map(str::to_owned),
        })))
    }

    /// A message in Slack's form, with links to our pages.
    pub fn render(&self, message: &Message) -> Rendered {
        render(message, self.0.pages.as_deref())
    }

    /// The way to the workspace of this token.
    pub fn client(&self, token: &SecretString) -> SlackClient {
        let token = SlackApiToken::new(SlackApiTokenValue(token.expose_secret().to_owned()));
        SlackClient { shared: self.clone(), token: Arc::new(token) }
    }

    /// Answers by the `response_url` of a delivery, visible only to its sender.
    ///
    /// The address came from outside, so it is used only where it leads to Slack: `https://hooks.slack.com/`, or the
    /// origin of `SLACK_API_URL`. Redirects are not followed.
    pub async fn respond(&self, response_url: &str, content: &Rendered) -> Result<(), SlackError> {
        let outcome = self.respond_uncounted(response_url, content).await;
        count("response_url", outcome.as_ref().err());
        outcome
    }

    async fn respond_uncounted(&self, response_url: &str, content: &Rendered) -> Result<(), SlackError> {
        let url = self.trusted(response_url).ok_or_else(|| SlackError::Gone("untrusted_response_url".to_owned()))?;
        let answer = self.0.http.post(url).json(&content.ephemeral()).send().await.map_err(|e| unreachable(&e))?;
        let status = answer.status();
        match status.as_u16() {
            200..300 => Ok(()),
            429 | 500.. => Err(SlackError::from_status(status.as_u16(), retry_after(&answer))),
            // Used up or expired: Slack answers 404, in some cases other 4xx, and never takes it again.
            status => Err(SlackError::Gone(format!("response_url: HTTP {status}"))),
        }
    }

    fn trusted(&self, response_url: &str) -> Option<Url> {
        let url = Url::parse(response_url).ok()?;
        let anonymous = url.username().is_empty() && url.password().is_none();
        let slack = url.scheme() == "https" && url.host_str() == Some("hooks.slack.com") && url.port().is_none();
        (anonymous && (slack || url.origin() == self.0.api_url.origin())).then_some(url)
    }
}

impl SlackClient {
    /// A message in Slack's form, with links to our pages.
    pub fn render(&self, message: &Message) -> Rendered {
        self.shared.render(message)
    }

    /// Answers by the `response_url` of a delivery: see [`SlackApi::respond`].
    pub async fn respond(&self, response_url: &str, content: &Rendered) -> Result<(), SlackError> {
        self.shared.respond(response_url, content).await
    }

    /// Posts a message to a channel, or into the thread of `thread`.
    ///
    /// `chat.postMessage` knows no idempotency key: where the connection is cut between Slack's taking the message
    /// and our storing its `ts`, a repetition posts it twice. That window is the only one in which Docket doubles
    /// anything.
    pub async fn post(&self, channel: &str, thread: Option<&str>, content: &Rendered) -> Result<Posted, SlackError> {
        let post = Post { channel, thread_ts: thread, content, unfurl_links: false, unfurl_media: false };
        self.call("chat.postMessage", &post, TIMEOUT).await
    }

    /// Replaces a message of ours.
    pub async fn update(&self, channel: &str, ts: &str, content: &Rendered) -> Result<(), SlackError> {
        let Done {} = self.call("chat.update", &Update { channel, ts, content }, TIMEOUT).await?;
        Ok(())
    }

    /// Takes a message of ours away (docs.slack.dev, chat.delete).
    pub async fn delete(&self, channel: &str, ts: &str) -> Result<(), SlackError> {
        let Done {} = self.call("chat.delete", &Delete { channel, ts }, TIMEOUT).await?;
        Ok(())
    }

    /// Shows a message to one person in a channel. Not kept by Slack, and lost if they are not there.
    pub async fn ephemeral(
        &self,
        channel: &str,
        user: &str,
        thread: Option<&str>,
        content: &Rendered,
    ) -> Result<(), SlackError> {
        let message = Ephemeral { channel, user, thread_ts: thread, content };
        let Done {} = self.call("chat.postEphemeral", &message, TIMEOUT).await?;
        Ok(())
    }

    /// Opens a form over whatever the person sees. The trigger works once and for 3 seconds.
    pub async fn open_view(&self, trigger: &str, view: SlackView) -> Result<(), SlackError> {
        let request = SlackApiViewsOpenRequest::new(trigger.to_owned().into(), view);
        let Done {} = self.call("views.open", &request, FORM_TIMEOUT).await?;
        Ok(())
    }

    /// What Slack says about a person, seen from `home`, a team or an organisation: somebody of another one is a guest.
    pub async fn user(&self, user: &str, home: &str) -> Result<Profile, SlackError> {
        let info: UserInfo = self.ask("users.info", &[("user", Some(user))]).await?;
        Ok(info.user.profile(home))
    }

    /// The ids of the users in a user group (docs.slack.dev, usergroups.users.list; scope `usergroups:read`).
    pub async fn group(&self, id: &str) -> Result<BTreeSet<String>, SlackError> {
        #[derive(Deserialize)]
        struct Members {
            users: BTreeSet<String>,
        }
        let Members { users } = self.ask("usergroups.users.list", &[("usergroup", Some(id))]).await?;
        Ok(users)
    }

    /// A page of what stands in a channel, or in one of its threads, without what `us`, our own user, has said (scopes
    /// `channels:history` and `groups:history`). Which one comes first is up to Slack.
    pub async fn page(&self, place: &Place<'_>, us: &str) -> Result<Page, SlackError> {
        let (oldest, latest, limit) = (ts_of(place.since), ts_of(place.until), PAGE.to_string());
        let method = if place.thread.is_some() { "conversations.replies" } else { "conversations.history" };
        let mut parameters = vec![
            ("channel", Some(place.channel)),
            ("oldest", Some(oldest.as_str())),
            ("latest", Some(latest.as_str())),
            ("limit", Some(limit.as_str())),
        ];
        parameters.extend(place.thread.map(|thread| ("ts", Some(thread))));
        parameters.extend(place.cursor.map(|cursor| ("cursor", Some(cursor))));
        Ok(self.ask::<Body>(method, &parameters).await?.page(us))
    }

    /// Who we are, and what we may do: checks the token.
    pub async fn auth_test(&self) -> Result<Workspace, SlackError> {
        let outcome = self.auth_test_uncounted().await;
        count("auth.test", outcome.as_ref().err());
        outcome
    }

    /// By hand, since the library hides the header that lists the scopes.
    async fn auth_test_uncounted(&self) -> Result<Workspace, SlackError> {
        let url = format!("{}/auth.test", self.shared.0.api_url.as_str().trim_end_matches('/'));
        let token = self.token.token_value.0.as_str();
        let answer = self.shared.0.http.post(url).bearer_auth(token).send().await.map_err(|e| unreachable(&e))?;
        if !answer.status().is_success() {
            return Err(SlackError::from_status(answer.status().as_u16(), retry_after(&answer)));
        }
        let scopes = answer.headers().get("x-oauth-scopes").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let scopes = scopes.split(',').map(str::trim).filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
        let test: AuthTest = answer.json().await.map_err(|_| SlackError::Other("unreadable_answer".to_owned()))?;
        if let Some(code) = test.error {
            return Err(SlackError::from_code(&code));
        }
        let required = |field: Option<String>| field.ok_or_else(|| SlackError::Other("unreadable_answer".to_owned()));
        Ok(Workspace {
            team: required(test.team_id)?,
            name: test.team.unwrap_or_default(),
            bot_user: required(test.user_id)?,
            url: test.url.unwrap_or_default(),
            scopes,
        })
    }

    /// Answers are read into types of our own that ask for as little as possible: a field that Slack changes must not
    /// make a message that was posted look as if it was not.
    async fn call<Q, A>(&self, method: &'static str, request: &Q, timeout: Duration) -> Result<A, SlackError>
    where
        Q: Serialize + Send + Sync,
        A: DeserializeOwned + Send,
    {
        let session = self.shared.0.api.open_session(&self.token);
        self.timed(method, timeout, session.http_session_api.http_post(method, request, None)).await
    }

    /// Asks for something that changes nothing.
    async fn ask<A>(&self, method: &'static str, parameters: &[(&str, Option<&str>)]) -> Result<A, SlackError>
    where
        A: DeserializeOwned + Send,
    {
        let session = self.shared.0.api.open_session(&self.token);
        let parameters = parameters.to_vec();
        self.timed(method, TIMEOUT, session.http_session_api.http_get(method, &parameters, None)).await
    }

    async fn timed<A>(
        &self,
        method: &'static str,
        timeout: Duration,
        call: impl Future<Output = ClientResult<A>>,
    ) -> Result<A, SlackError> {
        let outcome = match tokio::time::timeout(timeout, call).await {
            Ok(answer) => answer.map_err(SlackError::from),
            Err(_) => Err(SlackError::Unreachable(format!("no answer within {timeout:?}"))),
        };
        count(method, outcome.as_ref().err());
        outcome
    }
}

fn count(method: &'static str, error: Option<&SlackError>) {
    let outcome = error.map_or("ok", SlackError::outcome);
    metrics::counter!(telemetry::PROVIDER_CALLS, "provider" => "slack", "method" => method, "outcome" => outcome)
        .increment(1);
}

/// An instant as Slack writes it.
fn ts_of(at: Timestamp) -> String {
    let millis = at.as_millis();
    format!("{}.{:03}000", millis.div_euclid(1_000), millis.rem_euclid(1_000))
}

/// Says what kind of failure it was; the library's text would name the address, which is a secret.
fn unreachable(error: &reqwest::Error) -> SlackError {
    let kind = if error.is_timeout() { "no answer in time" } else { "the connection failed" };
    SlackError::Unreachable(kind.to_owned())
}

fn retry_after(answer: &reqwest::Response) -> Option<Duration> {
    let seconds = answer.headers().get(reqwest::header::RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

#[derive(Deserialize)]
struct AuthTest {
    error: Option<String>,
    team_id: Option<String>,
    team: Option<String>,
    user_id: Option<String>,
    url: Option<String>,
}
