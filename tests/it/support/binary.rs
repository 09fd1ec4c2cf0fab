//! The real `docket` program as a child process: started, watched, stopped and killed.

use std::{
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use super::secrets;

/// A running `docket serve`.
pub(crate) struct Binary {
    child: Child,
    /// Where its log goes, which is looked through when it ends.
    log: PathBuf,
    /// Where it listens, such as `http://127.0.0.1:4711`.
    pub(crate) base: String,
    /// How long it took until `/readyz` said yes.
    pub(crate) ready_after: Duration,
}

/// What the program is started with.
#[derive(Clone)]
pub(crate) struct Settings {
    /// `DATABASE_URL`.
    pub(crate) database_url: String,
    /// Further variables.
    pub(crate) env: Vec<(String, String)>,
    /// Where its log goes.
    pub(crate) log: PathBuf,
    /// What the shell does from which it is started, if from one.
    shell: Option<&'static str>,
}

impl Settings {
    /// Settings that name a database and nothing else.
    pub(crate) fn new(database_url: &str, folder: &std::path::Path) -> Self {
        Self { database_url: database_url.to_owned(), env: Vec::new(), log: folder.join("docket.log"), shell: None }
    }

    /// With one more variable.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        secrets::setting(name, value);
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Started from a shell that does this before, and then becomes the program.
    pub(crate) fn in_shell(self, script: &'static str) -> Self {
        Self { shell: Some(script), ..self }
    }

    /// The program with these settings and nothing else of ours in its environment.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let program = env!("CARGO_BIN_EXE_docket");
        let mut command = Command::new(self.shell.map_or(program, |_| "/bin/sh"));
        if let Some(script) = self.shell {
            command.args(["-c", &format!("{script}; exec \"$0\" \"$@\""), program]);
        }
        let folder = self.log.parent().expect("the log lies in a folder");
        command.args(args).current_dir(folder).env_clear().env("DATABASE_URL", &self.database_url);
        command.env("RUST_LOG", "info").envs(self.env.iter().cloned());
        command
    }
}

/// A way to talk to it, as a platform would.
pub(crate) fn client() -> reqwest::Client {
    // The first caller sets the process's provider; for the others it is set already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().timeout(Duration::from_secs(10)).build().expect("a client")
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

impl Binary {
    /// Starts the program and waits until it is ready.
    pub(crate) async fn start(settings: &Settings) -> Self {
        Self::start_at(settings, free_port()).await
    }

    /// The same on a port that the test chose, to come back where it was.
    pub(crate) async fn start_at(settings: &Settings, port: u16) -> Self {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(&settings.log).expect("a log file");
        let started = Instant::now();
        let child = settings
            .command(&["serve"])
            .env("PORT", port.to_string())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle of the log"))
            .stderr(log)
            .spawn()
            .expect("the program starts");
        let mut binary = Self {
            child,
            log: settings.log.clone(),
            base: format!("http://127.0.0.1:{port}"),
            ready_after: Duration::ZERO,
        };
        loop {
            if binary.is_ready().await {
                binary.ready_after = started.elapsed();
                return binary;
            }
            if let Some(status) = binary.child.try_wait().expect("its state") {
                panic!("docket ended with {status}:\n{}", std::fs::read_to_string(&settings.log).unwrap_or_default());
            }
            assert!(
                started.elapsed() < Duration::from_secs(30),
                "docket was not ready within 30 s:\n{}",
                std::fs::read_to_string(&settings.log).unwrap_or_default()
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Why it is not ready, in its own words; `None` while it is.
    pub(crate) async fn trouble(&self) -> Option<String> {
        let answer = client().get(format!("{}/readyz", self.base)).send().await.expect("an answer of a live process");
        let is_ready = answer.status().is_success();
        let said = answer.text().await.expect("its words");
        (!is_ready).then_some(said)
    }

    /// Whether it says that it is ready.
    pub(crate) async fn is_ready(&self) -> bool {
        let answer = client().get(format!("{}/readyz", self.base)).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    /// How much of memory it holds, in bytes.
    #[cfg(target_os = "linux")]
    pub(crate) fn resident(&self) -> usize {
        self.memory("VmRSS:")
    }

    /// How much of memory it has held at most since it was started, in bytes.
    #[cfg(target_os = "linux")]
    pub(crate) fn peak(&self) -> usize {
        self.memory("VmHWM:")
    }

    #[cfg(target_os = "linux")]
    fn memory(&self, what: &str) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("its status");
        let line = status.lines().find(|line| line.starts_with(what)).expect("what it holds");
        let kibibytes: usize = line.split_whitespace().nth(1).and_then(|text| text.parse().ok()).expect("a number");
        kibibytes * 1024
    }

    /// How many files and connections it has open.
    #[cfg(target_os = "linux")]
    pub(crate) fn open_files(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).expect("its files").count()
    }

    /// Ends it without any warning, as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it is dead");
    }

    /// Asks it to stop, as service managers do, and waits; says how long that took and whether it ended well.
    pub(crate) fn terminate(self) -> (Duration, bool) {
        self.signal("TERM")
    }

    /// Sends this signal, such as `STOP`, with which it stands still until `CONT`.
    pub(crate) fn send(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().expect("kill runs");
        assert!(status.success());
    }

    /// Sends this signal and waits for the end; says how long that took and whether it ended well.
    pub(crate) fn signal(mut self, name: &str) -> (Duration, bool) {
        let started = Instant::now();
        self.send(name);
        let end = self.child.wait().expect("it ends");
        (started.elapsed(), end.success())
    }
}

impl Drop for Binary {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        // A second panic would hide the first.
        if !std::thread::panicking() {
            secrets::check(&std::fs::read_to_string(&self.log).unwrap_or_default());
        }
    }
}
