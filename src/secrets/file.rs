//! The file of the master key, for its owner alone.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    path::Path,
};

use secrecy::{ExposeSecret, SecretString};

/// What stands in the file; `None` where there is no file, or nobody has written into it yet.
pub(super) fn read(path: &Path) -> io::Result<Option<SecretString>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    // Whoever writes it holds the lock until all of it is there.
    file.lock_shared()?;
    text(&mut file)
}

/// What stands in the file; `fresh`, written into it, where nothing does. Of several processes that come at once, the
/// first writes and the others read what it wrote.
pub(super) fn read_or_make(path: &Path, fresh: &SecretString) -> io::Result<SecretString> {
    if let Some(text) = read(path)? {
        return Ok(text);
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.lock()?;
    if let Some(text) = text(&mut file)? {
        return Ok(text);
    }
    writeln!(file, "{}", fresh.expose_secret())?;
    // What it encrypts is soon committed: the key must not be lost before that is.
    file.sync_all()?;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        File::open(folder)?.sync_all()?;
    }
    Ok(fresh.clone())
}

fn text(file: &mut File) -> io::Result<Option<SecretString>> {
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    Ok(Some(text).filter(|text| !text.trim().is_empty()).map(Into::into))
}
