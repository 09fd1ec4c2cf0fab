//! Feeds of calendars: iCalendar files at addresses that somebody typed.
//!
//! They are read over the network of the machine that Docket runs on, so that only what everybody can reach is in reach:
//! nothing of this machine, of private networks, or of those where clouds keep credentials. That holds for the address,
//! for what its name leads to in that moment, and for every address that it passes us on to.

mod parse;

use std::time::Duration;

use reqwest::{Client, Url, header, redirect};

pub use self::parse::{Feed, parse};
use crate::{
    domain::secret::holds_key,
    llm::reach::{OutOfReach, Reach},
    telemetry,
};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long one request may take, all in all.
const TIMEOUT: Duration = Duration::from_secs(15);
/// The largest feed that is read. Those of a country's holidays have fifty kilobytes.
const MAX_FEED: usize = 2 * 1024 * 1024;
/// How often an address may pass us on.
const MAX_REDIRECTS: usize = 4;
/// Characters of an address, at most.
const LONGEST: usize = 500;

/// Why a feed can't be read. Says nothing of what it holds, and nothing of the way to it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FeedError {
    /// It leads to where nothing for everybody is.
    #[error("it leads to this machine or to a private network, where I never read")]
    OutOfReach,
    /// It can't be reached, or not in time.
    #[error("it can't be reached: {0}")]
    Unreachable(&'static str),
    /// It answers with this status.
    #[error("it answers with HTTP status {0}")]
    Status(u16),
    /// It passes us on again and again, or to nowhere.
    #[error("it passes me on too often, or to no address")]
    Lost,
    /// It is larger than anything that is read.
    #[error("it is larger than {} MB", MAX_FEED / 1024 / 1024)]
    TooLarge,
    /// It is no calendar.
    #[error("what is there is no iCalendar file: {0}")]
    Unreadable(String),
}

impl FeedError {
    /// The word for metrics.
    const fn outcome(&self) -> &'static str {
        match self {
            Self::OutOfReach => "refused",
            Self::Unreachable(_) => "unreachable",
            Self::Status(_) | Self::Lost => "failed",
            Self::TooLarge | Self::Unreadable(_) => "unreadable",
        }
    }
}

/// The way to feeds. Cheap to clone.
#[derive(Clone)]
pub struct Feeds {
    client: Client,
    reach: Reach,
}

impl Feeds {
    /// A client of its own, which goes no further than `reach`. Docket gives [`Reach::Public`]; whoever tests it may
    /// have feeds on their own machine.
    ///
    /// # Errors
    /// When the system's certificates can't be read.
    pub fn new(reach: Reach) -> anyhow::Result<Self> {
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            // A proxy would look up names itself, wherever they lead.
            .no_proxy()
            .connect_timeout(CONNECT)
            .timeout(TIMEOUT)
            .user_agent(concat!("docket/", env!("CARGO_PKG_VERSION")));
        Ok(Self { client: reach.limit(client).build()?, reach })
    }

    /// Brings an address into one form, and refuses what can't be a feed for everybody.
    ///
    /// # Errors
    /// In words for the person who typed it. They repeat nothing of what could be a secret.
    pub fn address(&self, text: &str) -> Result<String, String> {
        const EXAMPLE: &str = "It looks like https://acme.example/holidays.ics.";
        let text = text.trim();
        if text.chars().count() > LONGEST {
            return Err(format!("The address is longer than {LONGEST} characters. {EXAMPLE}"));
        }
        let secure = text.replacen("webcals://", "https://", 1).replacen("webcal://", "https://", 1);
        let url = Url::parse(&secure).map_err(|_| format!("The address can't be read. {EXAMPLE}"))?;
        if !["https", "http"].contains(&url.scheme()) || url.host_str().is_none() {
            return Err(format!("The address has to start with https://, http:// or webcal://. {EXAMPLE}"));
        }
        // As Google's secret addresses are; and what names a key.
        let is_private = url.path().contains("/private-") || url.query_pairs().any(|(name, _)| is_secret(&name));
        if !url.username().is_empty() || url.password().is_some() || is_private || holds_key(&secure) {
            return Err("The address holds a secret, which I would have to keep where others read it. Publish the \
                        calendar, and give me its public address."
                .to_owned());
        }
        self.reach.check(url.as_str()).map_err(|_| {
            let why = FeedError::OutOfReach;
            format!("I can't read that address: {why}. Give me the address of a feed that is open to everybody.")
        })?;
        Ok(url.to_string())
    }

    /// Reads a feed, within the limits.
    ///
    /// # Errors
    /// When it can't be read.
    pub async fn read(&self, address: &str) -> Result<Feed, FeedError> {
        let outcome = self.fetch(address).await;
        let outcome = match outcome {
            // Reading takes a while where somebody sends two megabytes of it.
            Ok(body) => tokio::task::spawn_blocking(move || parse(&body))
                .await
                .map_err(|_| "it can't be made sense of".to_owned())
                .and_then(|feed| feed)
                .map_err(FeedError::Unreadable),
            Err(error) => Err(error),
        };
        let word = outcome.as_ref().map_or_else(FeedError::outcome, |_| "ok");
        metrics::counter!(telemetry::PROVIDER_CALLS, "provider" => "calendar", "method" => "read", "outcome" => word)
            .increment(1);
        outcome
    }

    async fn fetch(&self, address: &str) -> Result<Vec<u8>, FeedError> {
        let mut url = Url::parse(address).map_err(|_| FeedError::Lost)?;
        for _ in 0..=MAX_REDIRECTS {
            self.reach.check(url.as_str()).map_err(|_| FeedError::OutOfReach)?;
            let request = self.client.get(url.clone()).header(header::ACCEPT, "text/calendar, text/plain;q=0.5");
            let response = request.send().await.map_err(|error| unreachable(&error))?;
            let status = response.status();
            if status.is_success() {
                return body(response).await;
            }
            if !status.is_redirection() {
                return Err(FeedError::Status(status.as_u16()));
            }
            let to = response.headers().get(header::LOCATION).and_then(|to| to.to_str().ok());
            let next = to.and_then(|to| url.join(to).ok()).filter(|next| ["https", "http"].contains(&next.scheme()));
            url = next.ok_or(FeedError::Lost)?;
        }
        Err(FeedError::Lost)
    }
}

/// Whether a part of an address by this name is a secret.
fn is_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    ["token", "key", "secret", "password", "auth", "sig"].iter().any(|word| name.contains(word))
}

async fn body(mut response: reqwest::Response) -> Result<Vec<u8>, FeedError> {
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(|error| unreachable(&error))? {
        if body.len() + piece.len() > MAX_FEED {
            return Err(FeedError::TooLarge);
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

/// Says what kind of failure it was; the library's own text would name the address.
fn unreachable(error: &reqwest::Error) -> FeedError {
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        if inner.is::<OutOfReach>() {
            return FeedError::OutOfReach;
        }
        cause = inner.source();
    }
    FeedError::Unreachable(if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "the connection failed"
    } else {
        "the connection broke"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_feeds_are_brought_into_one_form() {
        let feeds = Feeds::new(Reach::Public).unwrap();
        for (text, address) in [
            ("https://example.com/h.ics", "https://example.com/h.ics"),
            ("webcal://Example.com/h.ics", "https://example.com/h.ics"),
            (
                "https://calendar.google.com/calendar/ical/en.french%23holiday%40group.v.calendar.google.com/public/basic.ics",
                "https://calendar.google.com/calendar/ical/en.french%23holiday%40group.v.calendar.google.com/public/basic.ics",
            ),
        ] {
            assert_eq!(feeds.address(text).as_deref(), Ok(address), "{text}");
        }
        for (text, words) in [
            ("", "can't be read"),
            ("example.com/h.ics", "can't be read"),
            ("file:///etc/passwd", "has to start with"),
            ("ftp://example.com/h.ics", "has to start with"),
            ("https://me:secret@example.com/h.ics", "holds a secret"),
            ("https://calendar.google.com/calendar/ical/a/private-0123/basic.ics", "holds a secret"),
            ("https://example.com/h.ics?token=0123456789abcdef0123456789abcdef", "holds a secret"),
            ("http://localhost:8080/h.ics", "to a private network"),
            ("http://127.0.0.1/h.ics", "to a private network"),
            ("http://10.0.0.7/h.ics", "to a private network"),
            ("http://[::1]/h.ics", "to a private network"),
            ("http://169.254.169.254/latest/meta-data", "to a private network"),
            ("http://metadata.google.internal/h.ics", "to a private network"),
            (&format!("https://example.com/{}", "x".repeat(LONGEST)), "longer than 500"),
        ] {
            let said = feeds.address(text).unwrap_err();
            assert!(said.contains(words) && !said.contains("secret@") && !said.contains("0123"), "{text}: {said}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_to_this_machine_is_out_of_reach_when_it_is_looked_up() {
        let feeds = Feeds::new(Reach::Public).unwrap();
        // As if the name had led somewhere else when it was checked.
        let error = feeds.client.get("http://localhost:9/h.ics").send().await.unwrap_err();
        assert_eq!(unreachable(&error), FeedError::OutOfReach);
        assert_eq!(feeds.read("http://127.0.0.1:9/h.ics").await, Err(FeedError::OutOfReach));
    }
}
