//! Stopping in order: stop taking, finish or give back what is under way, close, within [`GRACE`].

use std::{future::Future, io, time::Duration};

use tokio_util::sync::CancellationToken;

/// How long an orderly stop may take, from the first signal to the end of the process.
pub const GRACE: Duration = Duration::from_secs(10);

/// Says whether to stop. Cheap to clone; every clone sees the same request.
#[derive(Debug, Clone, Default)]
pub struct Shutdown(CancellationToken);

impl Shutdown {
    /// Not asked for yet, and only [`Shutdown::request`] will.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asked for by SIGTERM or SIGINT. A second signal, or the end of [`GRACE`], ends the process at once
    /// with exit code 1: what was under way is taken up again at the next start.
    ///
    /// # Errors
    /// When the signals can't be listened to.
    pub fn on_signals() -> io::Result<Self> {
        let shutdown = Self::new();
        let mut signals = Signals::listen()?;
        let asked = shutdown.clone();
        tokio::spawn(async move {
            let signal = signals.next().await;
            tracing::info!(signal, "stopping; a second signal stops at once");
            asked.request();
            exit_after_grace();
            let signal = signals.next().await;
            tracing::warn!(signal, "stopped at once");
            std::process::exit(1);
        });
        Ok(shutdown)
    }

    /// Asks everybody to stop.
    pub fn request(&self) {
        self.0.cancel();
    }

    /// Whether it was asked for.
    pub fn is_requested(&self) -> bool {
        self.0.is_cancelled()
    }

    /// The same request as a token, for those who wait for several things at once.
    pub fn token(&self) -> CancellationToken {
        self.0.clone()
    }

    /// Waits until it is asked for. Owns what it needs, so that whoever serves can take it.
    pub fn requested(&self) -> impl Future<Output = ()> + Send + 'static {
        self.0.clone().cancelled_owned()
    }
}

/// Ends the process when the grace is over. A thread of its own, which also fires when the runtime hangs.
fn exit_after_grace() {
    std::thread::spawn(|| {
        std::thread::sleep(GRACE);
        tracing::error!(grace = ?GRACE, "did not stop in time, stopped at once");
        std::process::exit(1);
    });
}

/// The signals that ask a program to stop.
struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }
}

#[cfg(not(unix))]
impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self {})
    }

    async fn next(&mut self) -> &'static str {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        "Ctrl-C"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_clone_sees_the_request() {
        let shutdown = Shutdown::new();
        let waiting = shutdown.clone().requested();
        assert!(!shutdown.is_requested());
        shutdown.request();
        waiting.await;
        assert!(shutdown.is_requested() && shutdown.token().is_cancelled());
    }
}
