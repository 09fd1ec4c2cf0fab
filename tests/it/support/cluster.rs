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
    port: u16,
    /// Ends when this process does, because its input closes; then it stops the server.
    _reaper: Child,
}

impl Cluster {
    /// Starts one; the error says why it can't. Unless it `is_durable`, it is quick, and forgets what it was told when the
    /// power goes.
    pub(crate) async fn start(is_durable: bool) -> Result<Self, String> {
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
        let port = free_port()?;
        let setting = |name| format!("--{name}={}", if is_durable { "on" } else { "off" });
        let server = as_owner(&bin.join("postgres"), owner)
            .arg("-D")
            .arg(&data)
            .args(["-c", &format!("port={port}"), "-c", "listen_addresses=127.0.0.1"])
            .args(["-c", "unix_socket_directories=", "-c", "max_connections=400"])
            .args(["fsync", "synchronous_commit", "full_page_writes"].map(setting))
            .args(["-c", "log_min_messages=panic", "-c", "log_min_error_statement=panic"])
            .current_dir(dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| error.to_string())?;
        let reaper = reaper(server.id(), &dir.keep())?;
        let cluster = Self { port, _reaper: reaper };
        cluster.wait().await?;
        Ok(cluster)
    }

    /// The address of a database in it, for this role.
    pub(crate) fn url(&self, role: &str, database: &str) -> String {
        format!("postgres://{role}@127.0.0.1:{}/{database}", self.port)
    }

    async fn wait(&self) -> Result<(), String> {
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

/// Waits for the end of this process, then stops the server and deletes its files.
fn reaper(server: u32, dir: &Path) -> Result<Child, String> {
    let script = "trap '' INT TERM HUP; cat >/dev/null; kill -INT \"$1\" 2>/dev/null; \
                  while kill -0 \"$1\" 2>/dev/null; do sleep 0.1; done; rm -rf \"$2\"";
    Command::new("sh")
        .args(["-c", script, "sh", &server.to_string()])
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
