//! The console's conversation.

use super::{
    Result, Tx,
    codec::{from_json, limit, parse, parse_opt, to_json},
};
use crate::domain::{card::Entry, ids::MemberId, time::Timestamp};

/// The lines after `$2` that the member `$4` may read.
pub(super) const SINCE: &str = "SELECT seq, id, at, reader, content FROM entries \
     WHERE tenant_id = $1 AND seq > $2 AND (reader IS NULL OR reader = $4) ORDER BY seq LIMIT $3";

type EntryRow = (i64, String, i64, Option<String>, String);

fn entry((seq, id, at, reader, content): EntryRow) -> Result<Entry> {
    Ok(Entry {
        id: parse("entry", &id)?,
        seq,
        at: Timestamp::from_millis(at),
        reader: parse_opt("reader", reader.as_deref())?,
        content: from_json("entry", &content)?,
    })
}

impl Tx {
    /// Adds a line at the end; its `seq` is given here.
    ///
    /// The counter's row is locked until the commit, so lines become visible in the order of their `seq`
    /// and a reader who goes on from the last one it saw misses none.
    pub async fn append_entry(&mut self, entry: &Entry) -> Result<()> {
        let row = first!(
            self.session,
            (i64,),
            "UPDATE tenants SET last_entry = last_entry + 1 WHERE id = $1 RETURNING last_entry",
            &self.key
        );
        let (seq,) = row.ok_or(sqlx::Error::RowNotFound)?;
        execute!(
            self.session,
            "INSERT INTO entries (tenant_id, seq, id, at, reader, content) VALUES ($1, $2, $3, $4, $5, $6)",
            &self.key,
            seq,
            entry.id.to_string(),
            entry.at.as_millis(),
            entry.reader.map(|reader| reader.to_string()),
            to_json("entry", &entry.content)?
        );
        Ok(())
    }

    /// The lines after `after` that this member may read, oldest first.
    pub async fn entries(&mut self, reader: MemberId, after: i64, rows: usize) -> Result<Vec<Entry>> {
        let rows = all!(self.session, EntryRow, SINCE, &self.key, after, limit(rows), reader.to_string());
        rows.into_iter().map(entry).collect()
    }

    /// The newest lines that this member may read, oldest first.
    pub async fn latest_entries(&mut self, reader: MemberId, rows: usize) -> Result<Vec<Entry>> {
        let rows = all!(
            self.session,
            EntryRow,
            "SELECT seq, id, at, reader, content FROM entries \
             WHERE tenant_id = $1 AND (reader IS NULL OR reader = $3) ORDER BY seq DESC LIMIT $2",
            &self.key,
            limit(rows),
            reader.to_string()
        );
        rows.into_iter().rev().map(entry).collect()
    }
}
