//! Connections on which anything can be written, as no client would.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// One connection to a server.
pub(crate) struct Wire(TcpStream);

impl Wire {
    /// Connects to a server at an address such as `http://127.0.0.1:4711`.
    pub(crate) async fn to(base: &str) -> Self {
        Self(TcpStream::connect(base.trim_start_matches("http://")).await.unwrap())
    }

    /// Connects and writes.
    pub(crate) async fn saying(base: &str, bytes: &[u8]) -> Self {
        let mut wire = Self::to(base).await;
        wire.say(bytes).await.unwrap();
        wire
    }

    /// Writes; fails where the server has closed the connection.
    pub(crate) async fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes).await
    }

    /// Says that nothing more will be written.
    pub(crate) async fn hang_up(&mut self) {
        self.0.shutdown().await.unwrap();
    }

    /// What comes until the server closes the connection, if it does so in time.
    pub(crate) async fn all(&mut self, within: Duration) -> Option<Vec<u8>> {
        let mut all = Vec::new();
        // A reset closes it as well, and what came before counts.
        timeout(within, self.0.read_to_end(&mut all)).await.ok().map(|_| all)
    }

    /// What comes until it holds this, or until nothing more does.
    pub(crate) async fn until(&mut self, wanted: &[u8]) -> Vec<u8> {
        let mut all = Vec::new();
        let holds = |all: &[u8]| all.windows(wanted.len()).any(|part| part == wanted);
        while !holds(&all) {
            match timeout(Duration::from_secs(15), self.0.read_buf(&mut all)).await {
                Ok(Ok(1..)) => {}
                _ => break,
            }
        }
        all
    }

    /// The status of the next answer; `None` where the connection is closed without one.
    pub(crate) async fn status(&mut self) -> Option<u16> {
        statuses(&self.until(b"\r\n\r\n").await).first().copied()
    }

    /// Whether the server has closed it by now.
    pub(crate) fn is_closed(&mut self) -> bool {
        match self.0.try_read(&mut [0; 1024]) {
            Ok(read) => read == 0,
            Err(error) => error.kind() != io::ErrorKind::WouldBlock,
        }
    }
}

/// The statuses of all answers in what a server wrote.
pub(crate) fn statuses(bytes: &[u8]) -> Vec<u16> {
    let text = String::from_utf8_lossy(bytes);
    text.split("HTTP/1.1 ").skip(1).filter_map(|answer| answer.get(..3)?.parse().ok()).collect()
}
