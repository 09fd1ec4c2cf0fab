//! What channels are told of pull requests: their settings, the messages, the lines, and who is mentioned.

use sqlx::FromRow;

use super::{
    Error, Result, Tx,
    codec::{from_json, from_json_opt, parse, parse_opt, to_json, whole, word},
    trackers::numbered,
};
use crate::domain::{
    announce::{Announce, Notice, PullCard},
    event::Venue,
    ids::{MemberId, NoticeId, ProjectId, PullCardId},
    member::Surface,
    time::Timestamp,
    tracker::Numbered,
};

/// The message of a pull request that was posted as this one: asked for everything that is said in any thread.
pub(super) const BY_MESSAGE: &str = "SELECT id, repository_id, number, project_id, surface, team, channel, message, shown, created_at \
     FROM pull_cards WHERE tenant_id = $1 AND surface = $2 AND team = $3 AND channel = $4 AND message = $5";

/// How many lines hang on a message since an instant.
pub(super) const LINES_SINCE: &str =
    "SELECT count(*) FROM notices WHERE tenant_id = $1 AND pull_card_id = $2 AND created_at >= $3";

#[derive(FromRow)]
struct CardRow {
    id: String,
    repository_id: i64,
    number: i64,
    project_id: String,
    surface: String,
    team: String,
    channel: String,
    message: Option<String>,
    shown: Option<String>,
    created_at: i64,
}

impl TryFrom<CardRow> for PullCard {
    type Error = Error;

    fn try_from(row: CardRow) -> Result<Self> {
        let (team, channel) = (row.team, row.channel);
        Ok(Self {
            id: parse("card", &row.id)?,
            pull: numbered(row.repository_id, row.number)?,
            project: parse("project", &row.project_id)?,
            venue: Venue { surface: word("surface", &row.surface)?, team, channel, thread: None },
            message: row.message,
            shown: row.shown,
            created_at: Timestamp::from_millis(row.created_at),
        })
    }
}

#[derive(FromRow)]
struct NoticeRow {
    id: String,
    about: String,
    surface: String,
    team: String,
    channel: String,
    pull_card_id: Option<String>,
    message: String,
    posted: Option<String>,
    created_at: i64,
}

impl TryFrom<NoticeRow> for Notice {
    type Error = Error;

    fn try_from(row: NoticeRow) -> Result<Self> {
        let (team, channel) = (row.team, row.channel);
        Ok(Self {
            id: parse("notice", &row.id)?,
            about: row.about,
            venue: Venue { surface: word("surface", &row.surface)?, team, channel, thread: None },
            card: parse_opt("card", row.pull_card_id.as_deref())?,
            message: from_json("message", &row.message)?,
            posted: row.posted,
            created_at: Timestamp::from_millis(row.created_at),
        })
    }
}

impl Tx {
    /// What the channel of a project is told.
    pub async fn announce(&mut self, project: ProjectId) -> Result<Announce> {
        let row = first!(
            self.session,
            (Option<String>,),
            "SELECT announce FROM projects WHERE tenant_id = $1 AND id = $2",
            &self.key,
            project.to_string()
        );
        Ok(from_json_opt("announcements", row.and_then(|(json,)| json).as_deref())?.unwrap_or_default())
    }

    /// Stores what the channel of a project is told.
    pub async fn put_announce(&mut self, project: ProjectId, announce: &Announce) -> Result<()> {
        execute!(
            self.session,
            "UPDATE projects SET announce = $3 WHERE tenant_id = $1 AND id = $2",
            &self.key,
            project.to_string(),
            to_json("announcements", announce)?
        );
        Ok(())
    }

    /// Whether a member wants to be mentioned.
    pub async fn wants_mentions(&mut self, member: MemberId) -> Result<bool> {
        let row = first!(
            self.session,
            (i64,),
            "SELECT wanted_at FROM mentions WHERE tenant_id = $1 AND member_id = $2",
            &self.key,
            member.to_string()
        );
        Ok(row.is_some())
    }

    /// Stores whether a member wants to be mentioned; false where that is so already.
    pub async fn want_mentions(&mut self, member: MemberId, wanted: bool, at: Timestamp) -> Result<bool> {
        let rows = if wanted {
            execute!(
                self.session,
                "INSERT INTO mentions (tenant_id, member_id, wanted_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                &self.key,
                member.to_string(),
                at.as_millis()
            )
        } else {
            execute!(
                self.session,
                "DELETE FROM mentions WHERE tenant_id = $1 AND member_id = $2",
                &self.key,
                member.to_string()
            )
        };
        Ok(rows == 1)
    }

    /// Stores the message of a pull request unless its channel has one; gives the one that is there then.
    pub async fn insert_pull_card(&mut self, card: &PullCard) -> Result<PullCard> {
        let Venue { surface, team, channel, .. } = &card.venue;
        execute!(
            self.session,
            "INSERT INTO pull_cards (tenant_id, id, repository_id, number, project_id, surface, team, channel, \
             message, shown, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING",
            &self.key,
            card.id.to_string(),
            whole(card.pull.repository.0),
            whole(card.pull.number),
            card.project.to_string(),
            surface.as_str(),
            team,
            channel,
            &card.message,
            &card.shown,
            card.created_at.as_millis()
        );
        let stored = self.pull_cards(card.pull).await?.into_iter().find(|stored| stored.venue == card.venue);
        stored.ok_or_else(|| sqlx::Error::RowNotFound.into())
    }

    /// The message of this id.
    pub async fn pull_card(&mut self, id: PullCardId) -> Result<Option<PullCard>> {
        let row = first!(
            self.session,
            CardRow,
            "SELECT id, repository_id, number, project_id, surface, team, channel, message, shown, created_at \
             FROM pull_cards WHERE tenant_id = $1 AND id = $2",
            &self.key,
            id.to_string()
        );
        row.map(TryInto::try_into).transpose()
    }

    /// The messages that show a pull request, in the order they were asked for.
    pub async fn pull_cards(&mut self, pull: Numbered) -> Result<Vec<PullCard>> {
        let rows = all!(
            self.session,
            CardRow,
            "SELECT id, repository_id, number, project_id, surface, team, channel, message, shown, created_at \
             FROM pull_cards WHERE tenant_id = $1 AND repository_id = $2 AND number = $3 ORDER BY created_at, id",
            &self.key,
            whole(pull.repository.0),
            whole(pull.number)
        );
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// The message of a pull request that was posted as this one.
    pub async fn pull_card_by_message(
        &mut self,
        surface: Surface,
        team: &str,
        channel: &str,
        message: &str,
    ) -> Result<Option<PullCard>> {
        let surface = surface.as_str();
        let row = first!(self.session, CardRow, BY_MESSAGE, &self.key, surface, team, channel, message);
        row.map(TryInto::try_into).transpose()
    }

    /// How many messages of a project's pull requests were asked for before an instant and are not posted.
    pub async fn unposted_pull_cards(&mut self, project: ProjectId, before: Timestamp) -> Result<i64> {
        let row = first!(
            self.session,
            (i64,),
            "SELECT count(*) FROM pull_cards \
             WHERE tenant_id = $1 AND project_id = $2 AND message IS NULL AND created_at < $3",
            &self.key,
            project.to_string(),
            before.as_millis()
        );
        Ok(row.map_or(0, |(count,)| count))
    }

    /// Stores a message's `message` and `shown`; nothing else of it changes. False where these are not what they were
    /// `before`: somebody else brought it, and nothing was written.
    pub async fn update_pull_card(&mut self, before: &PullCard, card: &PullCard) -> Result<bool> {
        let rows = execute!(
            self.session,
            "UPDATE pull_cards SET message = $3, shown = $4 WHERE tenant_id = $1 AND id = $2 \
             AND message IS NOT DISTINCT FROM $5 AND shown IS NOT DISTINCT FROM $6",
            &self.key,
            card.id.to_string(),
            &card.message,
            &card.shown,
            &before.message,
            &before.shown
        );
        Ok(rows == 1)
    }

    /// Forgets what a message says, so that it is brought again.
    pub async fn doubt_pull_card(&mut self, id: PullCardId) -> Result<()> {
        let sql = "UPDATE pull_cards SET shown = NULL WHERE tenant_id = $1 AND id = $2";
        execute!(self.session, sql, &self.key, id.to_string());
        Ok(())
    }

    /// Stores a line unless its channel was told of the same before; says whether it is new.
    pub async fn insert_notice(&mut self, notice: &Notice) -> Result<bool> {
        let Venue { surface, team, channel, .. } = &notice.venue;
        let rows = execute!(
            self.session,
            "INSERT INTO notices (tenant_id, id, about, surface, team, channel, pull_card_id, message, posted, \
             created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING",
            &self.key,
            notice.id.to_string(),
            &notice.about,
            surface.as_str(),
            team,
            channel,
            notice.card.map(|card| card.to_string()),
            to_json("message", &notice.message)?,
            &notice.posted,
            notice.created_at.as_millis()
        );
        Ok(rows == 1)
    }

    /// The line of this id.
    pub async fn notice(&mut self, id: NoticeId) -> Result<Option<Notice>> {
        let row = first!(
            self.session,
            NoticeRow,
            "SELECT id, about, surface, team, channel, pull_card_id, message, posted, created_at FROM notices \
             WHERE tenant_id = $1 AND id = $2",
            &self.key,
            id.to_string()
        );
        row.map(TryInto::try_into).transpose()
    }

    /// How many lines were asked for in the thread of a message since an instant.
    pub async fn notices_since(&mut self, card: PullCardId, since: Timestamp) -> Result<i64> {
        let row = first!(self.session, (i64,), LINES_SINCE, &self.key, card.to_string(), since.as_millis());
        Ok(row.map_or(0, |(count,)| count))
    }

    /// Stores that a line was posted, and as what.
    pub async fn set_notice_posted(&mut self, id: NoticeId, posted: &str) -> Result<()> {
        execute!(
            self.session,
            "UPDATE notices SET posted = $3 WHERE tenant_id = $1 AND id = $2",
            &self.key,
            id.to_string(),
            posted
        );
        Ok(())
    }
}
