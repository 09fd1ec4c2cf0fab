//! The one way to ask a model: chat completions as OpenAI defined them and everybody else serves them.
//!
//! The library builds the request and takes the event stream apart. What is sent and read are our own types, and the
//! transport is our own too: nothing is tried again behind our back, and every status, header and error is seen.

mod reply;
mod told;
mod transport;
mod wire;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Context as _;
use async_openai::{Client, config::OpenAIConfig};
use async_trait::async_trait;
use futures_util::StreamExt as _;
use reqwest::redirect;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use self::{
    reply::Reply,
    transport::{Failure, Transport},
    wire::{Body, Shape},
};
use super::{Completion, Endpoint, Llm, LlmError, Request, reach::Reach};
use crate::domain::model::JsonMode;

/// For how long is waited.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// For a connection.
    pub connect: Duration,
    /// For the first byte of an answer, and from one to the next.
    pub read: Duration,
    /// For the whole answer, further attempts in a weaker form included.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), read: Duration::from_mins(1), total: Duration::from_mins(4) }
    }
}

/// An address, a model, the name of a schema, and how its answers should be held to it.
type Kind = (String, String, &'static str, JsonMode);
/// Kinds of requests whose weaker form is remembered, at most.
const REMEMBERED: usize = 1_000;

/// Asks models of every provider with such an API.
#[derive(Debug, Clone)]
pub struct OpenAi {
    anywhere: reqwest::Client,
    not_link_local: reqwest::Client,
    nearby: reqwest::Client,
    public: reqwest::Client,
    timeouts: Timeouts,
    /// The form that was taken in the end, where it was not the first: nobody is made to refuse the same thing again
    /// and again.
    taken: Arc<Mutex<BTreeMap<Kind, Shape>>>,
}

impl OpenAi {
    /// Connects to nothing yet.
    ///
    /// # Errors
    /// When this machine's certificate authorities can't be read.
    pub fn new(timeouts: Timeouts) -> anyhow::Result<Self> {
        // Whoever was first has installed the same provider: there is only one in the program.
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        let client = |reach: Reach| {
            let client = reqwest::Client::builder()
                .connect_timeout(timeouts.connect)
                .redirect(redirect::Policy::none())
                .user_agent(concat!("docket/", env!("CARGO_PKG_VERSION")));
            reach.limit(client).build().context("no HTTP client can be made")
        };
        Ok(Self {
            anywhere: client(Reach::Anywhere)?,
            not_link_local: client(Reach::NotLinkLocal)?,
            nearby: client(Reach::Nearby)?,
            public: client(Reach::Public)?,
            timeouts,
            taken: Arc::default(),
        })
    }

    const fn http(&self, reach: Reach) -> &reqwest::Client {
        match reach {
            Reach::Anywhere => &self.anywhere,
            Reach::NotLinkLocal => &self.not_link_local,
            Reach::Nearby => &self.nearby,
            Reach::Public => &self.public,
        }
    }

    /// Sends one request in one form.
    async fn send(&self, endpoint: &Endpoint, request: &Request, shape: Shape) -> Result<Reply, Failure> {
        let http = self.http(endpoint.reach);
        let transport = Transport::new(http, self.timeouts.read, endpoint.key.is_some());
        let client = client(http, endpoint, &transport);
        let body = Body::new(request, shape);
        let lost = |words: &str| transport.failure().unwrap_or_else(|| LlmError::Unreadable(words.to_owned()).into());
        let Ok(mut stream) = client.chat().create_stream_byot::<_, Value>(body).await else {
            return Err(lost("the request can't be written"));
        };
        let mut reply = Reply::default();
        while let Some(event) = stream.next().await {
            match event {
                Ok(event) => reply.read(event)?,
                Err(_) if reply.is_finished() => break,
                Err(_) => return Err(lost("a part of the answer is not JSON")),
            }
        }
        Ok(reply)
    }

    async fn ask(&self, endpoint: &Endpoint, request: &Request) -> Result<Completion, LlmError> {
        let kind = (endpoint.base_url.clone(), request.model.clone(), request.name, endpoint.json);
        let first = self.remembered(&kind).unwrap_or_else(|| Shape::first(endpoint));
        let mut shape = first;
        loop {
            match self.send(endpoint, request, shape).await {
                Ok(reply) => {
                    if shape != first {
                        self.remember(kind, shape);
                    }
                    return reply.completion(request, shape.json);
                }
                Err(Failure::Lost(error)) => return Err(error),
                Err(Failure::Told(told)) => {
                    // Every step leaves something out for good, so this ends.
                    shape = shape.weaker(&told).ok_or_else(|| told.error(endpoint, request))?;
                }
            }
        }
    }

    fn remembered(&self, kind: &Kind) -> Option<Shape> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).get(kind).copied()
    }

    fn remember(&self, kind: Kind, shape: Shape) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.len() >= REMEMBERED {
            taken.clear();
        }
        taken.insert(kind, shape);
    }
}

#[async_trait]
impl Llm for OpenAi {
    async fn complete(&self, endpoint: &Endpoint, request: &Request) -> Result<Completion, LlmError> {
        if let Some(why) = endpoint.key.as_ref().and_then(|key| check_key(key).err()) {
            return Err(LlmError::Denied { status: 401, why });
        }
        if let Err(why) = endpoint.reach.check(&endpoint.base_url) {
            return Err(LlmError::Unreachable(why.to_string()));
        }
        let answer = tokio::time::timeout(self.timeouts.total, self.ask(endpoint, request)).await;
        answer.unwrap_or_else(|_| {
            let seconds = self.timeouts.total.as_secs();
            Err(LlmError::Unreachable(format!("the answer took longer than {seconds} s")))
        })
    }
}

/// Says whether a key can be sent at all. The library takes for granted that it can.
///
/// # Errors
/// In words that don't repeat it.
pub fn check_key(key: &SecretString) -> Result<(), String> {
    if !key.expose_secret().is_empty() && key.expose_secret().bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    Err("the key is empty or holds a space, a line break or a letter that no key has; enter it again".to_owned())
}

/// A client of the library for one request. Everything that it would otherwise take from our own environment is set:
/// a tenant's request must not carry the organisation of whoever runs the server.
fn client(http: &reqwest::Client, endpoint: &Endpoint, transport: &Transport) -> Client<OpenAIConfig> {
    let config = OpenAIConfig::new()
        .with_api_base(&endpoint.base_url)
        .with_api_key(endpoint.key.as_ref().map_or("", |key| key.expose_secret()))
        .with_org_id("")
        .with_project_id("");
    let transport = transport.clone();
    let service = tower::service_fn(move |factory| {
        let transport = transport.clone();
        async move { transport.send(factory).await }
    });
    Client::build(http.clone(), config).with_http_service(service)
}
