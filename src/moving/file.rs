//! The form of the file, written and read line by line.

use std::{
    collections::BTreeMap,
    io::{self, BufRead, Write},
};

use serde::{Deserialize, Serialize};

use crate::{
    domain::{ids::TenantId, time::Timestamp},
    secrets::{Keyring, Signer, Unopenable},
    store::{MovedRow, Table},
};

/// The version of the form.
pub(super) const VERSION: u32 = 1;
/// What the file is signed for.
pub(super) const PURPOSE: &str = "tenant file";
/// A longer line is none of ours: a patch of 200 long operations has some megabytes.
const LONGEST: u64 = 64 << 20;

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Header {
    /// The version of the form.
    pub(super) version: u32,
    /// The last migration of the database that it comes from.
    pub(super) schema: i64,
    /// The tenant's id there.
    pub(super) tenant: TenantId,
    pub(super) name: String,
    pub(super) policy: Option<String>,
    pub(super) next_patch: u32,
    #[serde(default)]
    pub(super) last_thread: u32,
    #[serde(default)]
    pub(super) kept_days: Option<u32>,
    pub(super) created_at: Timestamp,
    pub(super) exported_at: Timestamp,
    /// How many rows of each table follow.
    pub(super) rows: BTreeMap<String, i64>,
    /// The name of the master key that it is signed with; `None` where it is not signed.
    pub(super) key: Option<String>,
}

/// A line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case")]
enum Line {
    Tenant(Header),
    Row { table: String, row: MovedRow },
    End { signature: Option<String> },
}

/// Why a file is none, or not whole. Nothing of it was written.
#[derive(Debug, thiserror::Error)]
pub enum BadFile {
    /// It can't be read.
    #[error("the file can't be read: {0}")]
    Io(#[from] io::Error),
    /// It is something else.
    #[error("this is no file of `docket tenant export`: line {line} {why}")]
    Malformed {
        /// Where.
        line: usize,
        /// What is wrong there.
        why: String,
    },
    /// It was made by a later version.
    #[error("the file was made by a newer Docket: import it with that version")]
    Newer,
    /// It was changed, or it is not whole.
    #[error("the file is not as it was exported: {0}")]
    Changed(String),
}

/// Who vouches for a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// It was signed with a master key that is here.
    Signed,
    /// It was signed with another one.
    Foreign(String),
    /// Nobody signed it.
    Unsigned,
}

/// Writes the lines, and signs them.
pub(super) struct Lines<'a> {
    out: &'a mut dyn Write,
    signer: Option<Signer>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(out: &'a mut dyn Write, signer: Option<Signer>) -> Self {
        Self { out, signer }
    }

    pub(super) fn header(&mut self, header: Header) -> io::Result<()> {
        self.line(&Line::Tenant(header))
    }

    pub(super) fn row(&mut self, table: &Table, row: MovedRow) -> io::Result<()> {
        self.line(&Line::Row { table: table.name.to_owned(), row })
    }

    pub(super) fn end(mut self) -> io::Result<()> {
        let signature = self.signer.take().map(Signer::sign);
        self.line(&Line::End { signature })?;
        self.out.flush()
    }

    fn line(&mut self, line: &Line) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        if let Some(signer) = &mut self.signer {
            signer.update(&text);
        }
        self.out.write_all(&text)
    }
}

/// Reads the lines, and checks each: its table, its columns, and at the end that all of them came and none was changed.
pub(super) struct Reader<R> {
    file: R,
    line: usize,
    pub(super) header: Header,
    trust: Trust,
    checker: Option<Signer>,
    left: BTreeMap<String, i64>,
}

impl<R: BufRead> Reader<R> {
    /// Reads the first line.
    pub(super) fn open(mut file: R, keyring: &Keyring, schema: i64) -> Result<Self, BadFile> {
        let text = line(&mut file)?;
        let parsed: Result<Line, _> = serde_json::from_slice(&text);
        let Ok(Line::Tenant(header)) = parsed else {
            return Err(BadFile::Malformed { line: 1, why: "is not the tenant".to_owned() });
        };
        if header.version > VERSION || header.schema > schema {
            return Err(BadFile::Newer);
        }
        let (trust, checker) = match &header.key {
            None => (Trust::Unsigned, None),
            Some(key) => match keyring.checker(key, PURPOSE) {
                Ok(mut checker) => {
                    checker.update(&text);
                    (Trust::Signed, Some(checker))
                }
                Err(Unopenable::File(path, why)) => {
                    return Err(BadFile::Io(io::Error::other(format!("{}: {why}", path.display()))));
                }
                Err(_) => (Trust::Foreign(key.clone()), None),
            },
        };
        let left = header.rows.clone();
        Ok(Self { file, line: 1, header, trust, checker, left })
    }

    /// Who vouches for the file, once it is read to its end.
    pub(super) fn trust(&self) -> &Trust {
        &self.trust
    }

    /// The next row; `None` at the end of a file that is whole.
    pub(super) fn next(&mut self) -> Result<Option<(&'static Table, MovedRow)>, BadFile> {
        self.line += 1;
        let text = line(&mut self.file)?;
        if text.is_empty() {
            return Err(BadFile::Changed("its end is missing".to_owned()));
        }
        let malformed = |why: String| BadFile::Malformed { line: self.line, why };
        match serde_json::from_slice(&text).map_err(|_| malformed("can't be read".to_owned()))? {
            Line::Tenant(_) => Err(malformed("is a second tenant".to_owned())),
            Line::Row { table: name, row } => {
                let table = Table::named(&name).ok_or_else(|| malformed(format!("has no table that moves: {name}")))?;
                table.check(&row).map_err(|why| malformed(format!("does not fit: {why}")))?;
                if let Some(checker) = &mut self.checker {
                    checker.update(&text);
                }
                *self.left.entry(name).or_default() -= 1;
                Ok(Some((table, row)))
            }
            Line::End { signature } => {
                if let Some((table, _)) = self.left.iter().find(|(_, left)| **left != 0) {
                    return Err(BadFile::Changed(format!("not all rows of {table} are there, or too many")));
                }
                let signature = signature.unwrap_or_default();
                if self.checker.take().is_some_and(|checker| !checker.verify(&signature)) {
                    return Err(BadFile::Changed("its signature does not fit".to_owned()));
                }
                if !line(&mut self.file)?.is_empty() {
                    return Err(BadFile::Changed("something follows its end".to_owned()));
                }
                Ok(None)
            }
        }
    }
}

/// The bytes of the next line, with its end; none at the end of the file.
fn line(file: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    io::Read::take(file, LONGEST).read_until(b'\n', &mut text)?;
    Ok(text)
}
