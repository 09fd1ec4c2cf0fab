//! Channels whose messages come to Docket, and what may be kept of each.

use std::collections::BTreeSet;

use sqlx::FromRow;

use super::super::{
    Error, Result, Tx,
    codec::{parse, parse_opt, small, word},
    dialect::{self, Both},
};
use crate::domain::{
    event::Venue,
    heard::{HeardChannel, KEPT_DAYS, Kept},
    ids::{MemberId, ProjectId},
    time::Timestamp,
};

#[derive(FromRow)]
struct ChannelRow {
    surface: String,
    team: String,
    channel: String,
    is_private: Option<bool>,
    is_kept: bool,
    set_by: Option<String>,
}

#[derive(FromRow)]
struct KeptRow {
    #[sqlx(flatten)]
    channel: ChannelRow,
    messages: i64,
    since: Option<i64>,
}

impl TryFrom<ChannelRow> for HeardChannel {
    type Error = Error;

    fn try_from(row: ChannelRow) -> Result<Self> {
        let ChannelRow { surface, team, channel, is_private, is_kept, set_by } = row;
        Ok(Self {
            venue: Venue { surface: word("surface", &surface)?, team, channel, thread: None },
            is_private,
            is_kept,
            set_by: parse_opt("member", set_by.as_deref())?,
        })
    }
}

impl Tx {
    /// What is known of the channel of `venue`; `None` where nothing of it ever came to Docket.
    pub async fn heard_channel(&mut self, venue: &Venue) -> Result<Option<HeardChannel>> {
        let row = first!(
            self.session,
            ChannelRow,
            "SELECT surface, team, channel, is_private, is_kept, set_by FROM heard_channels \
             WHERE tenant_id = $1 AND surface = $2 AND team = $3 AND channel = $4",
            &self.key,
            venue.surface.as_str(),
            &venue.team,
            &venue.channel
        );
        row.map(TryInto::try_into).transpose()
    }

    /// Remembers the channel of `venue` and keeps every other transaction that hears something there waiting until this
    /// one ends, and those in which somebody is forgotten. `is_private` where the surface has told.
    pub async fn lock_heard_channel(&mut self, venue: &Venue, is_private: Option<bool>) -> Result<HeardChannel> {
        self.wait_in_turn(dialect::HEARING).await?;
        let row = first!(
            self.session,
            ChannelRow,
            "INSERT INTO heard_channels (tenant_id, surface, team, channel, is_private) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (tenant_id, surface, team, channel) \
             DO UPDATE SET is_private = COALESCE(excluded.is_private, heard_channels.is_private) \
             RETURNING surface, team, channel, is_private, is_kept, set_by",
            &self.key,
            venue.surface.as_str(),
            &venue.team,
            &venue.channel,
            is_private
        );
        self.session.wrote = true;
        row.ok_or(sqlx::Error::RowNotFound)?.try_into()
    }

    /// Waits for those who hear or forget.
    pub(super) async fn wait_in_turn(&mut self, turn: Both) -> Result<()> {
        let engine = self.session.engine();
        on!(self.session, |conn| {
            sqlx::query(turn.text(engine)).bind(&self.key).execute(conn).await?;
        });
        Ok(())
    }

    /// Writes down whether what is said in the channel of `venue` is kept, and who decided that.
    pub async fn set_kept(&mut self, venue: &Venue, is_kept: bool, by: MemberId) -> Result<()> {
        self.lock_heard_channel(venue, None).await?;
        execute!(
            self.session,
            "UPDATE heard_channels SET is_kept = $5, set_by = $6 \
             WHERE tenant_id = $1 AND surface = $2 AND team = $3 AND channel = $4",
            &self.key,
            venue.surface.as_str(),
            &venue.team,
            &venue.channel,
            is_kept,
            by.to_string()
        );
        Ok(())
    }

    /// Every channel of which anything came to Docket, with how much of it is kept.
    pub async fn kept(&mut self) -> Result<Vec<Kept>> {
        let rows = all!(
            self.session,
            KeptRow,
            "SELECT c.surface, c.team, c.channel, c.is_private, c.is_kept, c.set_by, \
             count(m.message) AS messages, min(m.at) AS since FROM heard_channels c \
             LEFT JOIN messages m ON m.tenant_id = c.tenant_id AND m.surface = c.surface AND m.team = c.team \
             AND m.channel = c.channel WHERE c.tenant_id = $1 \
             GROUP BY c.surface, c.team, c.channel, c.is_private, c.is_kept, c.set_by \
             ORDER BY c.surface, c.team, c.channel",
            &self.key
        );
        rows.into_iter()
            .map(|row| {
                let (messages, since) = (small("messages", row.messages)?, row.since.map(Timestamp::from_millis));
                Ok(Kept { channel: row.channel.try_into()?, messages, since })
            })
            .collect()
    }

    /// How many days messages are kept.
    pub async fn kept_days(&mut self) -> Result<u32> {
        let row = first!(self.session, (Option<i64>,), "SELECT kept_days FROM tenants WHERE id = $1", &self.key);
        row.and_then(|(days,)| days).map_or(Ok(KEPT_DAYS), |days| small("days", days))
    }

    /// Changes how many days messages are kept.
    pub async fn set_kept_days(&mut self, days: u32) -> Result<()> {
        execute!(self.session, "UPDATE tenants SET kept_days = $2 WHERE id = $1", &self.key, i64::from(days));
        Ok(())
    }

    /// Whether the channel of `venue` is known to be private: what is said there is for those in it.
    pub async fn is_private(&mut self, venue: &Venue) -> Result<bool> {
        Ok(self.heard_channel(venue).await?.and_then(|channel| channel.is_private) == Some(true))
    }

    /// The projects of which every channel is known to be private: they are shown in their own channels alone.
    pub async fn private_projects(&mut self) -> Result<BTreeSet<ProjectId>> {
        let rows = all!(
            self.session,
            (String,),
            "SELECT c.project_id FROM channels c LEFT JOIN heard_channels h ON h.tenant_id = c.tenant_id \
             AND h.surface = c.surface AND h.team = c.team AND h.channel = c.channel AND h.is_private = TRUE \
             WHERE c.tenant_id = $1 GROUP BY c.project_id HAVING count(*) = count(h.channel)",
            &self.key
        );
        rows.iter().map(|(project,)| parse("project", project)).collect()
    }
}
