//! Browsers that are signed in.

use std::time::Duration;

use sqlx::FromRow;

use super::{
    Error, Result, Store, Tx,
    codec::{parse, word},
};
use crate::domain::{
    ids::{MemberId, SessionId, TenantId},
    secret::Hashed,
    session::Session,
    time::Timestamp,
};

/// How long a session lasts that nobody uses.
pub const IDLE: Duration = Duration::from_hours(14 * 24);
/// How long a session lasts however much it is used.
pub const LIFE: Duration = Duration::from_hours(90 * 24);

/// The session of the token `$1`, where it has not lapsed.
pub(super) const BY_TOKEN: &str = "SELECT tenant_id, id, member_id, how, browser, created_at, seen_at FROM sessions \
     WHERE token_hash = $1 AND seen_at > $2 AND created_at > $3";

/// The sessions that nobody has used since `$1`.
pub(super) const UNUSED: &str = "DELETE FROM sessions WHERE seen_at <= $1";

/// Those that have been there since `$1`: by themselves, for PostgreSQL may read all of them to find either.
pub(super) const OUTLIVED: &str = "DELETE FROM sessions WHERE created_at <= $1";

/// The flows that have not come back by `$1`.
pub(super) const STALE_FLOWS: &str = "DELETE FROM flows WHERE expires_at <= $1";

/// The tickets that nobody may use after `$1`.
pub(super) const STALE_TICKETS: &str = "DELETE FROM tickets WHERE expires_at <= $1";

#[derive(FromRow)]
struct SessionRow {
    tenant_id: String,
    id: String,
    member_id: String,
    how: String,
    browser: String,
    created_at: i64,
    seen_at: i64,
}

impl TryFrom<SessionRow> for Session {
    type Error = Error;

    fn try_from(row: SessionRow) -> Result<Self> {
        Ok(Self {
            id: parse("session", &row.id)?,
            member: parse("member", &row.member_id)?,
            how: word("way in", &row.how)?,
            browser: row.browser,
            created_at: Timestamp::from_millis(row.created_at),
            seen_at: Timestamp::from_millis(row.seen_at),
        })
    }
}

impl Store {
    /// The session of this token, and whose it is. One that has lapsed is no session.
    pub async fn session(&self, token: &Hashed, now: Timestamp) -> Result<Option<(TenantId, Session)>> {
        let mut session = self.look().await?;
        let row =
            first!(session, SessionRow, BY_TOKEN, &token.0, now.minus(IDLE).as_millis(), now.minus(LIFE).as_millis());
        row.map(|row| Ok((parse("tenant", &row.tenant_id)?, row.try_into()?))).transpose()
    }

    /// Remembers that the session of this token was used. No page shows it at once, so nobody is told.
    pub async fn touch_session(&self, token: &Hashed, at: Timestamp) -> Result<()> {
        let mut session = self.begin().await?;
        execute!(
            session,
            "UPDATE sessions SET seen_at = $2 WHERE token_hash = $1 AND seen_at < $2",
            &token.0,
            at.as_millis()
        );
        session.commit_quietly().await
    }

    /// Ends the session of this token, whosever it is. False where there is none.
    pub async fn end_session_of(&self, token: &Hashed) -> Result<bool> {
        let mut session = self.begin().await?;
        let ended = execute!(session, "DELETE FROM sessions WHERE token_hash = $1", &token.0);
        session.commit().await?;
        Ok(ended > 0)
    }

    /// Forgets sessions, flows and tickets that have lapsed, which open nothing any more.
    pub async fn sweep_lapsed(&self, now: Timestamp) -> Result<()> {
        let mut session = self.begin().await?;
        execute!(session, UNUSED, now.minus(IDLE).as_millis());
        execute!(session, OUTLIVED, now.minus(LIFE).as_millis());
        execute!(session, STALE_FLOWS, now.as_millis());
        execute!(session, STALE_TICKETS, now.as_millis());
        session.commit_quietly().await
    }
}

impl Tx {
    /// Signs a browser in, which from now on has this token.
    pub async fn insert_session(&mut self, session: &Session, token: &Hashed) -> Result<()> {
        execute!(
            self.session,
            "INSERT INTO sessions (tenant_id, id, token_hash, member_id, how, browser, created_at, seen_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            &self.key,
            session.id.to_string(),
            &token.0,
            session.member.to_string(),
            session.how.as_str(),
            &session.browser,
            session.created_at.as_millis(),
            session.seen_at.as_millis()
        );
        Ok(())
    }

    /// The member's sessions that have not lapsed, the one used last first.
    pub async fn sessions(&mut self, member: MemberId, now: Timestamp) -> Result<Vec<Session>> {
        let rows = all!(
            self.session,
            SessionRow,
            "SELECT tenant_id, id, member_id, how, browser, created_at, seen_at FROM sessions \
             WHERE tenant_id = $1 AND member_id = $2 AND seen_at > $3 AND created_at > $4 ORDER BY seen_at DESC, id DESC",
            &self.key,
            member.to_string(),
            now.minus(IDLE).as_millis(),
            now.minus(LIFE).as_millis()
        );
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Ends one session of the member. False where they have no such session.
    pub async fn end_session(&mut self, member: MemberId, id: SessionId) -> Result<bool> {
        let ended = execute!(
            self.session,
            "DELETE FROM sessions WHERE tenant_id = $1 AND member_id = $2 AND id = $3",
            &self.key,
            member.to_string(),
            id.to_string()
        );
        Ok(ended > 0)
    }

    /// Ends every session of the member, but for the one to keep. Says how many.
    pub async fn end_sessions(&mut self, member: MemberId, keep: Option<SessionId>) -> Result<u64> {
        Ok(execute!(
            self.session,
            "DELETE FROM sessions WHERE tenant_id = $1 AND member_id = $2 AND id <> $3",
            &self.key,
            member.to_string(),
            keep.map(|id| id.to_string()).unwrap_or_default()
        ))
    }
}
