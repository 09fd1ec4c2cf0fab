//! A PostgreSQL cluster of the test binary's own: started when first needed, stopped and deleted when the
//! binary ends, however it ends.

use std::{
    net::TcpListener,
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use sqlx::{Connection, PgConnection};
use tempfile::TempDir;

/// A running cluster, local and without passwords.
pub(crate) struct Cluster {
    pub(super) place: Place,
    pub(super) server: Child,
    /// Ends when this process does, because its input closes; then it stops the server.
    _reaper: Child,
}

/// Where a server runs, and how.
pub(super) struct Place {
    bin: PathBuf,
    data: PathBuf,
    owner: Option<(u32, u32)>,
    port: u16,
    is_durable: bool,
    /// How many may be connected at once.
    most: u32,
}

impl Place {
    /// Starts the server on the files that are there.
    pub(super) fn serve(&self) -> Result<Child, String> {
        let setting = |name| format!("--{name}={}", if self.is_durable { "on" } else { "off" });
        as_owner(&self.bin.join("postgres"), self.owner)
            .arg("-D")
            .arg(&self.data)
            .args(["-c", &format!("port={}", self.port), "-c", "listen_addresses=127.0.0.1"])
            .args(["-c", "unix_socket_directories=", "-c", &format!("max_connections={}", self.most)])
            .args(["fsync", "synchronous_commit", "full_page_writes"].map(setting))
            .args(["-c", "log_min_messages=panic", "-c", "log_min_error_statement=panic"])
            .current_dir(&self.data)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| error.to_string())
    }
}

impl Cluster {
    /// Starts one; the error says why it can't. Unless it `is_durable`, it is quick, and forgets what it was told when the
    /// power goes.
    pub(crate) async fn start(is_durable: bool) -> Result<Self, String> {
        Self::start_for(is_durable, 400).await
    }

    /// The same for so many connections at once.
    pub(crate) async fn start_for(is_durable: bool, most: u32) -> Result<Self, String> {
        let bin = binaries().ok_or("no initdb and postgres in PATH or /usr/lib/postgresql")?;
        let dir = TempDir::with_prefix("docket-pg-").map_err(|error| error.to_string())?;
        let owner = owner()?;
        if let Some((uid, gid)) = owner {
            chown(dir.path(), Some(uid), Some(gid)).map_err(|error| error.to_string())?;
        }
        let data = dir.path().join("data");
        let initdb = as_owner(&bin.join("initdb"), owner)
            .args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync", "-D"])
            .arg(&data)
            .current_dir(dir.path())
            .output()
            .map_err(|error| error.to_string())?;
        if !initdb.status.success() {
            return Err(format!("initdb failed: {}", String::from_utf8_lossy(&initdb.stderr)));
        }
        let place = Place { bin, data, owner, port: free_port()?, is_durable, most };
        let server = place.serve()?;
        let reaper = reaper(&dir.keep())?;
        let cluster = Self { place, server, _reaper: reaper };
        cluster.wait().await?;
        Ok(cluster)
    }

    /// Ends the server and everybody who works for it at once, as a power cut would.
    pub(crate) fn kill(&mut self) {
        self.signal("KILL");
        let _dead = self.server.wait();
    }

    /// Sends a signal to the server and everybody who works for it: `STOP` freezes them, and `CONT` lets them go on.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.server.id();
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
        let ids = std::iter::once(id.to_string()).chain(children.split_whitespace().map(str::to_owned));
        // One of them may have ended in this moment.
        let _done = Command::new("kill").args(["-s", name]).args(ids).stderr(Stdio::null()).status();
    }

    /// The address of a database in it, for this role.
    pub(crate) fn url(&self, role: &str, database: &str) -> String {
        format!("postgres://{role}@127.0.0.1:{}/{database}", self.place.port)
    }

    pub(super) async fn wait(&self) -> Result<(), String> {
        let url = self.url("postgres", "postgres");
        let mut last = String::new();
        for _ in 0..300 {
            match PgConnection::connect(&url).await {
                Ok(connection) => return connection.close().await.map_err(|error| error.to_string()),
                Err(error) => last = error.to_string(),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err(format!("PostgreSQL did not start within 30 s: {last}"))
    }
}

impl Drop for Cluster {
    /// Only where it is a test's own: that of all tests goes with its process.
    fn drop(&mut self) {
        self.kill();
    }
}

/// Waits for the end of this process, then stops the server that runs on these files by then and deletes them.
fn reaper(dir: &Path) -> Result<Child, String> {
    let script = "trap '' INT TERM HUP; cat >/dev/null; server=$(head -n 1 \"$1/data/postmaster.pid\" 2>/dev/null); \
                  if [ -n \"$server\" ]; then kill -CONT \"$server\" 2>/dev/null; kill -INT \"$server\" 2>/dev/null; \
                  while kill -0 \"$server\" 2>/dev/null; do sleep 0.1; done; fi; rm -rf \"$1\"";
    Command::new("sh")
        .args(["-c", script, "sh"])
        .arg(dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("sh: {error}"))
}

/// The folder of the server's programs.
#[expect(clippy::disallowed_methods, reason = "the tests look for programs")]
fn binaries() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = std::env::split_paths(&path).collect();
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    folders.extend(versions.map(|version| version.path().join("bin")));
    folders.into_iter().find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
}

/// PostgreSQL refuses to run as root: then it runs as the user `postgres`.
fn owner() -> Result<Option<(u32, u32)>, String> {
    let me = std::fs::metadata("/proc/self").map_or(1, |meta| meta.uid());
    if me != 0 {
        return Ok(None);
    }
    let id = |flag: &str| {
        let output = Command::new("id").args([flag, "postgres"]).output().map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&output.stdout);
        text.trim().parse().map_err(|_| "this is root, and there is no user postgres to run PostgreSQL as".to_owned())
    };
    Ok(Some((id("-u")?, id("-g")?)))
}

fn as_owner(program: &Path, owner: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(program);
    if let Some((uid, gid)) = owner {
        command.uid(uid).gid(gid);
    }
    command
}

fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    Ok(listener.local_addr().map_err(|error| error.to_string())?.port())
}
