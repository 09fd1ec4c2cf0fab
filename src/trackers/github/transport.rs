//! The way to GitHub and back: one request, one answer, within limits of time and size; nothing is tried again and no
//! redirect is followed.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use octocrab::OctoBody;
use reqwest::{Body, redirect};
use tower::Service;

use super::Trouble;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a call may take, all in all.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes of an answer at most: fifty pull requests with descriptions of 64 KiB have a quarter of it.
const LONGEST: usize = 16 << 20;

/// Carries requests. Cheap to clone.
#[derive(Clone)]
pub(super) struct Transport(reqwest::Client);

/// What comes of a request.
pub(super) type Carried = Pin<Box<dyn Future<Output = Result<Response<Body>, Trouble>> + Send>>;

impl Transport {
    /// A client of its own.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub(super) fn new() -> anyhow::Result<Self> {
        // Whoever was first has installed the same provider: there is only one in the program.
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT)
            .timeout(TIMEOUT)
            .user_agent(concat!("docket/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self(http))
    }

    /// Sends a request and reads the whole answer.
    pub(super) async fn send(&self, request: Request<OctoBody>) -> Result<Response<Body>, Trouble> {
        let request = reqwest::Request::try_from(request.map(Body::wrap)).map_err(|_| Trouble::Unreadable)?;
        let mut answer = self.0.execute(request).await.map_err(|error| unreachable(&error))?;
        let mut response = Response::builder().status(answer.status());
        if let Some(headers) = response.headers_mut() {
            headers.clone_from(answer.headers());
        }
        let mut body = BytesMut::new();
        while let Some(piece) = answer.chunk().await.map_err(|error| unreachable(&error))? {
            if body.len() + piece.len() > LONGEST {
                return Err(Trouble::Unreadable);
            }
            body.extend_from_slice(&piece);
        }
        response.body(Bytes::from(body).into()).map_err(|_| Trouble::Unreadable)
    }
}

impl Service<Request<OctoBody>> for Transport {
    type Response = Response<Body>;
    type Error = Trouble;
    type Future = Carried;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Trouble>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<OctoBody>) -> Carried {
        let this = self.clone();
        Box::pin(async move { this.send(request).await })
    }
}

/// Says what kind of failure it was; the library's own text would name the address.
fn unreachable(error: &reqwest::Error) -> Trouble {
    let words = if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "the connection failed"
    } else {
        "the connection broke"
    };
    Trouble::Unreachable(words.to_owned())
}
