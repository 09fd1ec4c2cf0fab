//! Takes connections in, and lets go of those that only wait.
//!
//! Nobody is asked who they are before they are connected, so connections are what a hostile peer has for nothing:
//! thousands that say nothing, heads and bodies that come in byte by byte. Each is watched for whether it waits for its
//! peer, and since when. One that waits for too long is closed; where all places are taken, those that have waited
//! longest are closed for a new one. Whoever sends a whole request and reads the answer is never among them.

mod peers;
mod watched;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    time::{Instant, MissedTickBehavior},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::{
    peers::{Peers, Seat, Word},
    watched::Watched,
};

/// Connections at once, where the system gives as many open files.
const MOST: usize = 8_192;

/// Open files that are for anything else: the database, calls of providers, what is being closed.
const OTHER_FILES: usize = 256;

/// How often it is looked for connections that wait for too long.
const LOOK: Duration = Duration::from_secs(1);

/// How long nothing is accepted after the system could not give a connection.
const PAUSE: Duration = Duration::from_millis(100);

/// How often at most the log tells that there are too many connections.
const TELL: Duration = Duration::from_secs(10);

/// What is kept of a connection in either direction: so a head is no larger (431, as with more than hyper's 100
/// headers), and whoever does not read gets no more prepared.
const BUFFER: u32 = 64 * 1024;

/// The same for all that comes in over one HTTP/2 connection.
const WINDOW: u32 = 256 * 1024;

/// Requests at once over one HTTP/2 connection.
const STREAMS: u32 = 100;

/// Serves `router` to whoever connects, until `stopping`; then ends when the requests under way are answered.
pub(super) async fn serve(listener: TcpListener, router: Router, stopping: CancellationToken) {
    let peers = Arc::new(Peers::new(room()));
    let tasks = TaskTracker::new();
    let http = Arc::new(http());
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut full = Complaint::default();
    loop {
        tokio::select! {
            () = stopping.cancelled() => break,
            _ = look.tick() => peers.close_overdue(Instant::now()),
            accepted = listener.accept() => match accepted {
                Ok((stream, address)) => match peers.seat(Instant::now()) {
                    Some(seat) => {
                        tasks.spawn(attend(Arc::clone(&http), stream, address, router.clone(), seat));
                    }
                    None => full.tell("every connection is busy, so a new one was closed"),
                },
                Err(error) if is_of_the_peer(&error) => {}
                Err(error) => {
                    full.tell(&format!("no connection could be accepted: {error}"));
                    peers.make_room();
                    tokio::time::sleep(PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    peers.finish();
    tasks.close();
    tasks.wait().await;
}

/// Serves one connection to its end.
async fn attend(http: Arc<Builder<TokioExecutor>>, stream: TcpStream, address: SocketAddr, router: Router, seat: Seat) {
    // An answer in two pieces would wait for the peer's word that it has the first.
    let _as_it_is = stream.set_nodelay(true);
    let service = TowerToHyperService::new(Watched::new(router, address, Arc::clone(seat.peer())));
    let mut connection = std::pin::pin!(http.serve_connection(TokioIo::new(stream), service));
    loop {
        tokio::select! {
            biased;
            // What went wrong is the peer's affair: it is told by hyper, or is gone.
            _ended = connection.as_mut() => return,
            word = seat.peer().word() => match word {
                Word::Close => return,
                Word::Finish => connection.as_mut().graceful_shutdown(),
            },
        }
    }
}

fn http() -> Builder<TokioExecutor> {
    let mut http = Builder::new(TokioExecutor::new());
    http.http1().max_buf_size(BUFFER as usize);
    http.http2()
        .initial_stream_window_size(BUFFER)
        .initial_connection_window_size(WINDOW)
        .max_concurrent_streams(STREAMS)
        .max_send_buf_size(BUFFER as usize);
    http
}

/// How many connections there may be at once. Takes as many open files from the system as that needs, where it may.
fn room() -> usize {
    let wanted = MOST + OTHER_FILES;
    let files =
        rlimit::increase_nofile_limit(wanted as u64).map_or(1_024, |files| usize::try_from(files).unwrap_or(wanted));
    let room = files.saturating_sub(OTHER_FILES).clamp(OTHER_FILES / 2, MOST);
    if room < MOST {
        tracing::warn!(files, "{room} connections at once; more need a higher limit of open files (ulimit -n)");
    }
    room
}

/// Whether only the connection that was about to be accepted has failed.
fn is_of_the_peer(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Tells of what may happen thousands of times a second.
#[derive(Default)]
struct Complaint(Option<Instant>);

impl Complaint {
    fn tell(&mut self, what: &str) {
        let now = Instant::now();
        if self.0.is_none_or(|last| now - last >= TELL) {
            self.0 = Some(now);
            tracing::warn!("{what}");
        }
    }
}
