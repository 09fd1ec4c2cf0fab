//! What words were chosen to mean, channel by channel.

use super::{Result, Tx, codec::parse};
use crate::domain::{event::Venue, route::Route, time::Timestamp};

/// The route of phrase `$5` in one channel of tenant `$1`.
pub(super) const ROUTE: &str = "SELECT phrase, line, member_id, at FROM routes \
     WHERE tenant_id = $1 AND surface = $2 AND team = $3 AND channel = $4 AND phrase = $5";

/// The routes of one channel of tenant `$1`.
pub(super) const ROUTES: &str = "SELECT phrase, line, member_id, at FROM routes \
     WHERE tenant_id = $1 AND surface = $2 AND team = $3 AND channel = $4 ORDER BY phrase";

type Row = (String, String, String, i64);

fn route((phrase, line, by, at): Row) -> Result<Route> {
    Ok(Route { phrase, line, by: parse("member", &by)?, at: Timestamp::from_millis(at) })
}

impl Tx {
    /// What this phrase was chosen to mean in the channel of `venue`, in whatever thread.
    pub async fn route(&mut self, venue: &Venue, phrase: &str) -> Result<Option<Route>> {
        let row =
            first!(self.session, Row, ROUTE, &self.key, venue.surface.as_str(), &venue.team, &venue.channel, phrase);
        row.map(route).transpose()
    }

    /// Everything that was chosen in the channel of `venue`, by phrase.
    pub async fn routes_of(&mut self, venue: &Venue) -> Result<Vec<Route>> {
        let rows = all!(self.session, Row, ROUTES, &self.key, venue.surface.as_str(), &venue.team, &venue.channel);
        rows.into_iter().map(route).collect()
    }

    /// Remembers a choice for the channel of `venue`, in the place of an older one of the same phrase.
    pub async fn put_route(&mut self, venue: &Venue, route: &Route) -> Result<()> {
        execute!(
            self.session,
            "INSERT INTO routes (tenant_id, surface, team, channel, phrase, line, member_id, at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (tenant_id, surface, team, channel, phrase) \
             DO UPDATE SET line = excluded.line, member_id = excluded.member_id, at = excluded.at",
            &self.key,
            venue.surface.as_str(),
            &venue.team,
            &venue.channel,
            &route.phrase,
            &route.line,
            route.by.to_string(),
            route.at.as_millis()
        );
        Ok(())
    }

    /// Forgets one choice; false where there is none of this phrase.
    pub async fn forget_route(&mut self, venue: &Venue, phrase: &str) -> Result<bool> {
        let rows = execute!(
            self.session,
            "DELETE FROM routes WHERE tenant_id = $1 AND surface = $2 AND team = $3 AND channel = $4 AND phrase = $5",
            &self.key,
            venue.surface.as_str(),
            &venue.team,
            &venue.channel,
            phrase
        );
        Ok(rows == 1)
    }

    /// Forgets everything that was chosen in the channel of `venue`; gives how much that was.
    pub async fn forget_routes(&mut self, venue: &Venue) -> Result<u64> {
        let rows = execute!(
            self.session,
            "DELETE FROM routes WHERE tenant_id = $1 AND surface = $2 AND team = $3 AND channel = $4",
            &self.key,
            venue.surface.as_str(),
            &venue.team,
            &venue.channel
        );
        Ok(rows)
    }
}
