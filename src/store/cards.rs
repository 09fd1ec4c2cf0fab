//! Cards: the messages that show a patch.

use sqlx::FromRow;

use super::{
    Error, Result, Tx,
    codec::{from_json, parse, parse_opt, word},
};
use crate::domain::{
    card::Card,
    event::Venue,
    ids::{CardId, PatchId},
    member::Surface,
    time::Timestamp,
};

/// Whether a card's message starts a thread, or a card stands in it. Each half has its index.
pub(super) const THREAD: &str = "SELECT CAST(1 AS BIGINT) FROM cards \
    WHERE tenant_id = $1 AND surface = $2 AND team = $3 AND channel = $4 AND message = $5 \
    UNION ALL SELECT CAST(1 AS BIGINT) FROM cards \
    WHERE tenant_id = $1 AND surface = $2 AND team = $3 AND channel = $4 AND thread = $5 LIMIT 1";

/// Where the drafts are that are being made: few at any time.
pub(super) const DRAFTS: &str =
    "SELECT venue, message FROM progress WHERE tenant_id = $1 AND surface = $2 ORDER BY delivery_id";

#[derive(FromRow)]
struct CardRow {
    id: String,
    patch_id: String,
    surface: String,
    team: String,
    channel: String,
    thread: Option<String>,
    pull_card_id: Option<String>,
    message: Option<String>,
    shown: Option<String>,
    created_at: i64,
}

impl TryFrom<CardRow> for Card {
    type Error = Error;

    fn try_from(row: CardRow) -> Result<Self> {
        let CardRow { id, patch_id, surface, team, channel, thread, pull_card_id, message, shown, created_at } = row;
        Ok(Self {
            id: parse("card", &id)?,
            patch: parse("patch", &patch_id)?,
            venue: Venue { surface: word("surface", &surface)?, team, channel, thread },
            under: parse_opt("card", pull_card_id.as_deref())?,
            message,
            shown,
            created_at: Timestamp::from_millis(created_at),
        })
    }
}

impl Tx {
    /// Stores a new card.
    pub async fn insert_card(&mut self, card: &Card) -> Result<()> {
        let Venue { surface, team, channel, thread } = &card.venue;
        execute!(
            self.session,
            "INSERT INTO cards (tenant_id, id, patch_id, surface, team, channel, thread, pull_card_id, message, shown, \
             created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            &self.key,
            card.id.to_string(),
            card.patch.to_string(),
            surface.as_str(),
            team,
            channel,
            thread,
            card.under.map(|under| under.to_string()),
            &card.message,
            &card.shown,
            card.created_at.as_millis()
        );
        Ok(())
    }

    /// The card of this id.
    pub async fn card(&mut self, id: CardId) -> Result<Option<Card>> {
        let row = first!(
            self.session,
            CardRow,
            "SELECT id, patch_id, surface, team, channel, thread, pull_card_id, message, shown, created_at FROM cards \
             WHERE tenant_id = $1 AND id = $2",
            &self.key,
            id.to_string()
        );
        row.map(TryInto::try_into).transpose()
    }

    /// Every card of a patch, in the order they were asked for.
    pub async fn cards_of(&mut self, patch: PatchId) -> Result<Vec<Card>> {
        let rows = all!(
            self.session,
            CardRow,
            "SELECT id, patch_id, surface, team, channel, thread, pull_card_id, message, shown, created_at FROM cards \
             WHERE tenant_id = $1 AND patch_id = $2 ORDER BY created_at, id",
            &self.key,
            patch.to_string()
        );
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// The card that was posted as this message.
    pub async fn card_by_message(
        &mut self,
        surface: Surface,
        team: &str,
        channel: &str,
        message: &str,
    ) -> Result<Option<Card>> {
        let row = first!(
            self.session,
            CardRow,
            "SELECT id, patch_id, surface, team, channel, thread, pull_card_id, message, shown, created_at FROM cards \
             WHERE tenant_id = $1 AND surface = $2 AND team = $3 AND channel = $4 AND message = $5 \
             ORDER BY created_at, id LIMIT 1",
            &self.key,
            surface.as_str(),
            team,
            channel,
            message
        );
        row.map(TryInto::try_into).transpose()
    }

    /// The newest card that stands in this thread.
    pub async fn card_in_thread(
        &mut self,
        surface: Surface,
        team: &str,
        channel: &str,
        thread: &str,
    ) -> Result<Option<Card>> {
        let row = first!(
            self.session,
            CardRow,
            "SELECT id, patch_id, surface, team, channel, thread, pull_card_id, message, shown, created_at FROM cards \
             WHERE tenant_id = $1 AND surface = $2 AND team = $3 AND channel = $4 AND thread = $5 \
             ORDER BY created_at DESC, id DESC LIMIT 1",
            &self.key,
            surface.as_str(),
            team,
            channel,
            thread
        );
        row.map(TryInto::try_into).transpose()
    }

    /// Whether a thread hangs on something of ours: a card or the message of a draft that is being made starts it or
    /// stands in it. False for a venue that is no thread, and for the thread of a pull request's message: what people say
    /// to each other there is about the code.
    ///
    /// Asked for everything that is said in any thread of a channel, before it is stored: one look into an index, and
    /// one at the drafts.
    pub async fn is_our_thread(&mut self, venue: &Venue) -> Result<bool> {
        let Venue { surface, team, channel, thread: Some(thread) } = venue else { return Ok(false) };
        if self.pull_card_by_message(*surface, team, channel, thread).await?.is_some() {
            return Ok(false);
        }
        let surface = surface.as_str();
        let card = first!(self.session, (i64,), THREAD, &self.key, surface, team, channel, thread);
        if card.is_some() {
            return Ok(true);
        }
        let drafts = all!(self.session, (String, Option<String>), DRAFTS, &self.key, surface);
        for (at, message) in drafts {
            let at: Venue = from_json("venue", &at)?;
            let is_in_channel = at.team == *team && at.channel == *channel;
            if is_in_channel && (message.as_ref() == Some(thread) || at.thread.as_ref() == Some(thread)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Stores a card's `message`, its `shown` and the thread it is in; nothing else of it changes. False where these are not
    /// what they were `before`: somebody else brought the card, and nothing was written.
    pub async fn update_card(&mut self, before: &Card, card: &Card) -> Result<bool> {
        let rows = execute!(
            self.session,
            "UPDATE cards SET message = $3, shown = $4, thread = $5 WHERE tenant_id = $1 AND id = $2 \
             AND message IS NOT DISTINCT FROM $6 AND shown IS NOT DISTINCT FROM $7",
            &self.key,
            card.id.to_string(),
            &card.message,
            &card.shown,
            &card.venue.thread,
            &before.message,
            &before.shown
        );
        Ok(rows == 1)
    }

    /// Forgets what a card says, so that it is brought again.
    pub async fn doubt_card(&mut self, id: CardId) -> Result<()> {
        let sql = "UPDATE cards SET shown = NULL WHERE tenant_id = $1 AND id = $2";
        execute!(self.session, sql, &self.key, id.to_string());
        Ok(())
    }

    /// Stores in whose thread a card is to stand, which is not posted yet.
    pub async fn put_card_under(&mut self, card: &Card) -> Result<()> {
        execute!(
            self.session,
            "UPDATE cards SET pull_card_id = $3 WHERE tenant_id = $1 AND id = $2 AND message IS NULL",
            &self.key,
            card.id.to_string(),
            card.under.map(|under| under.to_string())
        );
        Ok(())
    }
}
