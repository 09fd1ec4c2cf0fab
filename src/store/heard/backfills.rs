//! Channels of which the last hours are being read.

use sqlx::FromRow;

use super::super::{
    Error, Result, Tx,
    codec::{from_json, parse, small, to_json, word},
};
use crate::domain::{
    backfill::{Backfill, Progress},
    event::Venue,
    ids::BackfillId,
    time::Timestamp,
};

#[derive(FromRow)]
struct Row {
    id: String,
    surface: String,
    team: String,
    channel: String,
    identity: String,
    since: i64,
    until: i64,
    pages: i64,
    progress: String,
}

impl TryFrom<Row> for Backfill {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let Row { id, surface, team, channel, identity, since, until, pages, progress } = row;
        Ok(Self {
            id: parse("reading of a channel", &id)?,
            venue: Venue { surface: word("surface", &surface)?, team, channel, thread: None },
            to: from_json("identity", &identity)?,
            since: Timestamp::from_millis(since),
            until: Timestamp::from_millis(until),
            pages: small("pages", pages)?,
            progress: from_json("progress", &progress)?,
        })
    }
}

/// A query of readings as [`Row`]s, tenant first.
macro_rules! select_backfills {
    ($rest:literal) => {
        concat!(
            "SELECT id, surface, team, channel, identity, since, until, pages, progress FROM backfills \
             WHERE tenant_id = $1 ",
            $rest
        )
    };
}

impl Tx {
    /// Stores a new reading of a [known](Self::lock_heard_channel) channel. False where one of it is under way.
    pub async fn insert_backfill(&mut self, backfill: &Backfill) -> Result<bool> {
        let Venue { surface, team, channel, .. } = &backfill.venue;
        let rows = execute!(
            self.session,
            "INSERT INTO backfills (tenant_id, id, surface, team, channel, identity, since, until, pages, progress) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
             ON CONFLICT (tenant_id, surface, team, channel) DO NOTHING",
            &self.key,
            backfill.id.to_string(),
            surface.as_str(),
            team,
            channel,
            to_json("identity", &backfill.to)?,
            backfill.since.as_millis(),
            backfill.until.as_millis(),
            i64::from(backfill.pages),
            to_json("progress", &backfill.progress)?
        );
        Ok(rows == 1)
    }

    /// The reading of this id; `None` once whoever asked was told.
    pub async fn backfill(&mut self, id: BackfillId) -> Result<Option<Backfill>> {
        let row = first!(self.session, Row, select_backfills!("AND id = $2"), &self.key, id.to_string());
        row.map(TryInto::try_into).transpose()
    }

    /// The reading of the channel of `venue` that is under way.
    pub async fn backfill_of(&mut self, venue: &Venue) -> Result<Option<Backfill>> {
        let row = first!(
            self.session,
            Row,
            select_backfills!("AND surface = $2 AND team = $3 AND channel = $4"),
            &self.key,
            venue.surface.as_str(),
            &venue.team,
            &venue.channel
        );
        row.map(TryInto::try_into).transpose()
    }

    /// Writes down that one more page was read behind those that `read` knows of. False where somebody else has read it,
    /// or all of them.
    pub async fn turn_page(&mut self, read: &Backfill, progress: &Progress) -> Result<bool> {
        let rows = execute!(
            self.session,
            "UPDATE backfills SET pages = pages + 1, progress = $4 WHERE tenant_id = $1 AND id = $2 AND pages = $3",
            &self.key,
            read.id.to_string(),
            i64::from(read.pages),
            to_json("progress", progress)?
        );
        Ok(rows == 1)
    }

    /// Ends a reading. False where it has ended already.
    pub async fn remove_backfill(&mut self, id: BackfillId) -> Result<bool> {
        let rows =
            execute!(self.session, "DELETE FROM backfills WHERE tenant_id = $1 AND id = $2", &self.key, id.to_string());
        Ok(rows == 1)
    }
}
