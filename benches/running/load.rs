//! Many connections that send prepared requests as fast as they are answered, or at a given pace.
//!
//! The bytes of a request are made once and written as they are, so that the loader takes little of the machine that it
//! shares with the program.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, UNIX_EPOCH},
};

use crate::hooks::scattered;

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    task::JoinSet,
    time::sleep_until,
};

/// A request in two halves, between which each one's own id stands.
pub(crate) struct Prepared {
    pub(crate) before: Vec<u8>,
    pub(crate) after: Vec<u8>,
}

/// How hard to press.
#[derive(Clone, Copy)]
pub(crate) struct Pressure {
    /// Connections that are open at the same time.
    pub(crate) connections: u64,
    /// For how long.
    pub(crate) time: Duration,
    /// Requests a second over all connections; `None` for as many as are answered.
    pub(crate) pace: Option<u64>,
}

/// What came of it.
pub(crate) struct Pressed {
    /// How long each answer took, the shortest first.
    pub(crate) times: Vec<Duration>,
    /// How many answers were not of the 2xx.
    pub(crate) refused: usize,
    /// How long it took in all.
    pub(crate) took: Duration,
}

impl Pressed {
    /// Answers of the 2xx in a second.
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    pub(crate) fn per_second(&self) -> f64 {
        (self.times.len() - self.refused) as f64 / self.took.as_secs_f64()
    }

    /// After what time this share of the answers was there, in thousandths.
    pub(crate) fn at(&self, thousandths: usize) -> Duration {
        self.times.get((self.times.len().saturating_sub(1)) * thousandths / 1000).copied().unwrap_or_default()
    }
}

/// Presses on whatever listens at this port.
pub(crate) async fn press(port: u16, request: Arc<Prepared>, pressure: Pressure, next: Arc<AtomicU64>) -> Pressed {
    let started = Instant::now();
    let end = started + pressure.time;
    let mut tasks = JoinSet::new();
    for nth in 0..pressure.connections {
        let (request, next) = (Arc::clone(&request), Arc::clone(&next));
        tasks.spawn(connection(port, request, next, started, end, pace(pressure, nth)));
    }
    let (mut times, mut refused) = (Vec::new(), 0);
    while let Some(done) = tasks.join_next().await {
        let (took, others) = done.expect("a connection");
        times.extend(took);
        refused += others;
    }
    let took = started.elapsed();
    times.sort();
    Pressed { times, refused, took }
}

/// When a connection sends first, and how long it waits from one request to the next.
fn pace(pressure: Pressure, nth: u64) -> Option<(Duration, Duration)> {
    let all = Duration::from_secs(1).checked_div(u32::try_from(pressure.pace?).expect("a pace"))?;
    Some((all * u32::try_from(nth).expect("a few"), all * u32::try_from(pressure.connections).expect("a few")))
}

async fn connection(
    port: u16,
    request: Arc<Prepared>,
    next: Arc<AtomicU64>,
    started: Instant,
    end: Instant,
    pace: Option<(Duration, Duration)>,
) -> (Vec<Duration>, usize) {
    let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("a connection");
    stream.set_nodelay(true).expect("an open connection");
    let mut stream = BufReader::new(stream);
    let (mut times, mut refused, mut sent) = (Vec::new(), 0, 0_u32);
    let mut bytes = Vec::with_capacity(request.before.len() + request.after.len() + 40);
    loop {
        // At a given pace the time runs from when it should have been sent: whoever waits is counted too.
        let began = match pace {
            Some((first, every)) => {
                let due = started + first + every * sent;
                sleep_until(due.into()).await;
                due
            }
            None => Instant::now(),
        };
        // Whoever is late does not go on after the end.
        if began >= end || Instant::now() >= end {
            return (times, refused);
        }
        sent += 1;
        bytes.clear();
        bytes.extend_from_slice(&request.before);
        bytes.extend_from_slice(guid(next.fetch_add(1, Ordering::Relaxed)).as_bytes());
        bytes.extend_from_slice(&request.after);
        stream.write_all(&bytes).await.expect("a request is sent");
        let status = answer(&mut stream).await;
        times.push(began.elapsed());
        refused += usize::from(!(200..300).contains(&status));
    }
}

/// An id as GitHub makes them: a UUID of version 1, which says when in its first three parts, the slowest last, and by whom in
/// the others.
fn guid(nth: u64) -> String {
    /// From the beginning of the Gregorian calendar to that of Unix, in steps of 100 ns (RFC 9562, 5.1).
    const BEFORE_UNIX: u128 = 0x01b2_1dd2_1381_4000;
    let time = UNIX_EPOCH.elapsed().expect("a clock").as_nanos() / 100 + BEFORE_UNIX;
    let (low, mid, high) = (time & 0xffff_ffff, (time >> 32) & 0xffff, (time >> 48) & 0xfff);
    format!("{low:08x}-{mid:04x}-1{high:03x}-8{:03x}-{nth:012x}", scattered(nth) >> 52)
}

/// Reads an answer and gives its status.
async fn answer(stream: &mut BufReader<TcpStream>) -> u16 {
    let (mut line, mut status, mut length) = (String::new(), 0, 0);
    loop {
        line.clear();
        stream.read_line(&mut line).await.expect("a line of an answer");
        let text = line.trim_end().to_ascii_lowercase();
        if text.is_empty() {
            break;
        }
        if let Some(rest) = text.strip_prefix("http/1.1 ") {
            status = rest[..3].parse().expect("a status");
        } else if let Some(rest) = text.strip_prefix("content-length:") {
            length = rest.trim().parse().expect("a length");
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.expect("a whole answer");
    status
}
