//! Cards: the messages that show a patch.

use sqlx::FromRow;

use super::{
    Error, Result, Tx,
    codec::{parse, word},
};
use crate::domain::{
    card::Card,
    event::Venue,
    ids::{CardId, PatchId},
    member::Surface,
    time::Timestamp,
};

#[derive(FromRow)]
struct CardRow {
    id: String,
    patch_id: String,
    surface: String,
    team: String,
    channel: String,
    thread: Option<String>,
    message: Option<String>,
    shown: Option<String>,
    created_at: i64,
}

impl TryFrom<CardRow> for Card {
    type Error = Error;

    fn try_from(row: CardRow) -> Result<Self> {
        let CardRow { id, patch_id, surface, team, channel, thread, message, shown, created_at } = row;
        Ok(Self {
            id: parse("card", &id)?,
            patch: parse("patch", &patch_id)?,
            venue: Venue { surface: word("surface", &surface)?, team, channel, thread },
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
            "INSERT INTO cards (tenant_id, id, patch_id, surface, team, channel, thread, message, shown, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            &self.key,
            card.id.to_string(),
            card.patch.to_string(),
            surface.as_str(),
            team,
            channel,
            thread,
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
            "SELECT id, patch_id, surface, team, channel, thread, message, shown, created_at FROM cards \
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
            "SELECT id, patch_id, surface, team, channel, thread, message, shown, created_at FROM cards \
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
            "SELECT id, patch_id, surface, team, channel, thread, message, shown, created_at FROM cards \
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

    /// Stores a card's `message` and `shown`; nothing else of it changes.
    pub async fn update_card(&mut self, card: &Card) -> Result<()> {
        execute!(
            self.session,
            "UPDATE cards SET message = $3, shown = $4 WHERE tenant_id = $1 AND id = $2",
            &self.key,
            card.id.to_string(),
            &card.message,
            &card.shown
        );
        Ok(())
    }
}
