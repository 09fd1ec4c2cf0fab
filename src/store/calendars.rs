//! Where holidays come from, and the days that were read there.

use sqlx::FromRow;

use super::{
    Error, Result, Store, Tx,
    codec::{from_json_opt, parse, to_json},
};
use crate::domain::{
    calendar::{Calendar, Holiday, Origin},
    ids::{CalendarId, TenantId},
    schedule::Holidays,
    time::Timestamp,
};

#[derive(FromRow)]
struct Row {
    id: String,
    country: Option<String>,
    address: Option<String>,
    name: String,
    member_id: String,
    venue: Option<String>,
    identity: Option<String>,
    added_at: i64,
    read_at: Option<i64>,
    trouble: Option<String>,
}

impl TryFrom<Row> for Calendar {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let origin = match (row.country, row.address) {
            (Some(country), None) => Origin::Country(country),
            (None, Some(address)) => Origin::Feed(address),
            _ => return Err(Error::Corrupt { what: "calendar", why: format!("{} is of no kind", row.id) }),
        };
        let venue = from_json_opt("venue", row.venue.as_deref())?;
        let identity = from_json_opt("identity", row.identity.as_deref())?;
        Ok(Self {
            id: parse("calendar", &row.id)?,
            origin,
            name: row.name,
            by: parse("member", &row.member_id)?,
            waiting: venue.zip(identity),
            added_at: Timestamp::from_millis(row.added_at),
            read_at: row.read_at.map(Timestamp::from_millis),
            trouble: row.trouble,
        })
    }
}

impl Tx {
    /// The tenant's calendars, in the order in which they were added.
    pub async fn calendars(&mut self) -> Result<Vec<Calendar>> {
        let rows = all!(
            self.session,
            Row,
            "SELECT id, country, address, name, member_id, venue, identity, added_at, read_at, trouble \
             FROM calendars WHERE tenant_id = $1 ORDER BY added_at, id",
            &self.key
        );
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// The calendar of this id.
    pub async fn calendar(&mut self, id: CalendarId) -> Result<Option<Calendar>> {
        Ok(self.calendars().await?.into_iter().find(|calendar| calendar.id == id))
    }

    /// Adds a calendar, or stores what is known of it now. Of each country and each address there is one.
    pub async fn put_calendar(&mut self, calendar: &Calendar) -> Result<()> {
        let (country, address) = match &calendar.origin {
            Origin::Country(code) => (Some(code), None),
            Origin::Feed(address) => (None, Some(address)),
        };
        let waiting = calendar.waiting.as_ref();
        let venue = waiting.map(|(venue, _)| to_json("venue", venue)).transpose()?;
        let identity = waiting.map(|(_, identity)| to_json("identity", identity)).transpose()?;
        execute!(
            self.session,
            "INSERT INTO calendars (tenant_id, id, country, address, name, member_id, venue, identity, added_at, \
             read_at, trouble) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
             ON CONFLICT (tenant_id, id) DO UPDATE SET name = excluded.name, venue = excluded.venue, \
             identity = excluded.identity, read_at = excluded.read_at, trouble = excluded.trouble",
            &self.key,
            calendar.id.to_string(),
            country,
            address,
            &calendar.name,
            calendar.by.to_string(),
            venue,
            identity,
            calendar.added_at.as_millis(),
            calendar.read_at.map(Timestamp::as_millis),
            &calendar.trouble
        );
        Ok(())
    }

    /// Removes a calendar with its days; false where there is none.
    pub async fn remove_calendar(&mut self, id: CalendarId) -> Result<bool> {
        self.clear(id).await?;
        let rows =
            execute!(self.session, "DELETE FROM calendars WHERE tenant_id = $1 AND id = $2", &self.key, id.to_string());
        Ok(rows == 1)
    }

    /// The days of a calendar, in order.
    pub async fn holidays_of(&mut self, id: CalendarId) -> Result<Vec<Holiday>> {
        let rows = all!(
            self.session,
            (String, String),
            "SELECT day, name FROM holidays WHERE tenant_id = $1 AND calendar_id = $2 ORDER BY day",
            &self.key,
            id.to_string()
        );
        rows.into_iter().map(|(day, name)| Ok(Holiday { day: parse("day", &day)?, name })).collect()
    }

    /// Puts these days in the place of those that a calendar had. A day that comes twice keeps its first name.
    pub async fn set_holidays(&mut self, id: CalendarId, days: &[Holiday]) -> Result<()> {
        self.clear(id).await?;
        let mut seen = Holidays::new();
        for Holiday { day, name } in days.iter().filter(|holiday| seen.insert(holiday.day)) {
            execute!(
                self.session,
                "INSERT INTO holidays (tenant_id, calendar_id, day, name) VALUES ($1, $2, $3, $4)",
                &self.key,
                id.to_string(),
                day.to_string(),
                name
            );
        }
        Ok(())
    }

    async fn clear(&mut self, id: CalendarId) -> Result<()> {
        execute!(
            self.session,
            "DELETE FROM holidays WHERE tenant_id = $1 AND calendar_id = $2",
            &self.key,
            id.to_string()
        );
        Ok(())
    }
}

impl Store {
    /// Every calendar of every tenant.
    pub async fn all_calendars(&self) -> Result<Vec<(TenantId, CalendarId)>> {
        let mut session = self.look().await?;
        let rows = all!(session, (String, String), "SELECT tenant_id, id FROM calendars ORDER BY tenant_id, id");
        rows.iter().map(|(tenant, id)| Ok((parse("tenant", tenant)?, parse("calendar", id)?))).collect()
    }
}
