//! Locks on files beside a SQLite database. The operating system frees them when the process ends, however it ends.

use std::{
    fs::{File, TryLockError},
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};

use super::open::Address;

/// Keeps a second `docket serve` off the same SQLite file. On PostgreSQL any number may serve.
#[derive(Debug)]
pub struct ServeLock {
    file: Option<File>,
}

impl ServeLock {
    /// Takes the lock until the value is dropped, or says who holds it.
    pub fn acquire(database_url: &str) -> anyhow::Result<Self> {
        let Address::Sqlite(options) = Address::parse(database_url)? else { return Ok(Self { file: None }) };
        let database = options.get_filename();
        let path = beside(database, "serve.lock");
        let mut file = open(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = std::fs::read_to_string(&path).unwrap_or_default();
                let holder = match holder.trim() {
                    "" => String::new(),
                    process => format!(" (process {process})"),
                };
                bail!(
                    "another docket serve{holder} is using {}: stop it first, or use PostgreSQL to run several",
                    database.display()
                );
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("could not lock {}", path.display()));
            }
        }
        // Only for the message above, so a failure to write it is no reason not to serve.
        let _ = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
        Ok(Self { file: Some(file) })
    }

    /// Whether nobody else runs jobs of this database while the value lives.
    pub(super) fn is_exclusive(&self) -> bool {
        self.file.is_some()
    }
}

/// Waits until no other process migrates this file, and keeps others waiting until the value is dropped.
pub(super) fn migration_lock(database: &Path) -> anyhow::Result<File> {
    let path = beside(database, "migrate.lock");
    let file = open(&path)?;
    file.lock().with_context(|| format!("could not lock {}", path.display()))?;
    Ok(file)
}

fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

fn open(path: &Path) -> anyhow::Result<File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("could not create the folder {}", folder.display()))?;
    }
    File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .with_context(|| format!("could not open the lock file {}", path.display()))
}
