//! The service of one connection, which tells when its requests come in and when they are answered.

use std::{
    convert::Infallible,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    BoxError, Router,
    body::{Body, Bytes, HttpBody},
    extract::{ConnectInfo, Request},
    http,
};
use futures_util::{FutureExt as _, future::BoxFuture};
use http_body::{Frame, SizeHint};
use tower::Service;

use super::peers::{Asking, Peer};

/// The router for one peer.
#[derive(Clone)]
pub(super) struct Watched {
    router: Router,
    address: SocketAddr,
    peer: Arc<Peer>,
}

impl Watched {
    pub(super) fn new(router: Router, address: SocketAddr, peer: Arc<Peer>) -> Self {
        Self { router, address, peer }
    }
}

impl<B> Service<http::Request<B>> for Watched
where
    B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    type Response = http::Response<Held<Body, Asking>>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let asking = self.peer.asks();
        let mut request: Request = request.map(|body| {
            if body.is_end_stream() { Body::empty() } else { Body::new(Held::new(body, self.peer.sends())) }
        });
        request.extensions_mut().insert(ConnectInfo(self.address));
        let answering = Service::call(&mut self.router, request);
        answering.map(|answer| answer.map(|answer| answer.map(|body| Held::new(body, asking)))).boxed()
    }
}

/// A body with what is dropped when the last of it was taken.
pub(super) struct Held<B, H> {
    body: B,
    held: Option<H>,
}

impl<B, H> Held<B, H> {
    fn new(body: B, held: H) -> Self {
        Self { body, held: Some(held) }
    }
}

impl<B: HttpBody + Unpin, H: Unpin> HttpBody for Held<B, H> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.get_mut();
        let frame = Pin::new(&mut this.body).poll_frame(context);
        if matches!(frame, Poll::Ready(None)) || this.body.is_end_stream() {
            this.held = None;
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
