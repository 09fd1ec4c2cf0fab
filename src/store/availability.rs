//! When members work, when they are away, and when nobody works.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::{
    Result, Tx,
    codec::{from_json_opt, parse, parse_opt, to_json},
};
use crate::domain::{
    availability::{Availability, Leave, OwnHours},
    ids::MemberId,
    member::Member,
    schedule::Holidays,
};

type HoursRow = (String, Option<String>, Option<String>);
type LeaveRow = (String, String, String);

fn own_hours((_, hours, zone): &HoursRow) -> Result<OwnHours> {
    Ok(OwnHours { hours: from_json_opt("hours", hours.as_deref())?, zone: parse_opt("zone", zone.as_deref())? })
}

fn leave((_, first, last): &LeaveRow) -> Result<Leave> {
    Ok(Leave { from: parse("day", first)?, to: parse("day", last)? })
}

impl Tx {
    /// When a member works, and when they are away.
    pub async fn availability(&mut self, member: &Member) -> Result<Availability> {
        let (hours, leaves) = (self.own_hours(member.id).await?, self.leaves(member.id).await?);
        Ok(available(member, hours, leaves, self.holidays().await?))
    }

    /// The same for many of them, in their order.
    pub async fn availabilities(&mut self, members: &[Member]) -> Result<Vec<Availability>> {
        let hours = all!(
            self.session,
            HoursRow,
            "SELECT member_id, hours, zone FROM work_hours WHERE tenant_id = $1 ORDER BY member_id",
            &self.key
        );
        let rows = all!(
            self.session,
            LeaveRow,
            "SELECT member_id, first_day, last_day FROM leaves WHERE tenant_id = $1 ORDER BY member_id, first_day",
            &self.key
        );
        let hours: BTreeMap<&str, &HoursRow> = hours.iter().map(|row| (row.0.as_str(), row)).collect();
        let mut leaves = BTreeMap::<&str, Vec<Leave>>::new();
        for row in &rows {
            leaves.entry(&row.0).or_default().push(leave(row)?);
        }
        let holidays = self.holidays().await?;
        let mut found = Vec::new();
        for member in members {
            let id = member.id.to_string();
            let own = hours.get(id.as_str()).map_or_else(|| Ok(OwnHours::default()), |row| own_hours(row))?;
            let leaves = leaves.get(id.as_str()).cloned().unwrap_or_default();
            found.push(available(member, own, leaves, holidays.clone()));
        }
        Ok(found)
    }

    /// What a member chose themselves.
    pub async fn own_hours(&mut self, member: MemberId) -> Result<OwnHours> {
        let row = first!(
            self.session,
            HoursRow,
            "SELECT member_id, hours, zone FROM work_hours WHERE tenant_id = $1 AND member_id = $2",
            &self.key,
            member.to_string()
        );
        row.map_or_else(|| Ok(OwnHours::default()), |row| own_hours(&row))
    }

    /// Stores what a member chose. A zone of their own is theirs at once, and stays whatever their profile says; without
    /// one they are back where the profile last put them.
    pub async fn put_own_hours(&mut self, member: MemberId, own: &OwnHours) -> Result<()> {
        let (id, zone) = (member.to_string(), own.zone.map(Tz::name));
        let hours = own.hours.as_ref().map(|hours| to_json("hours", hours)).transpose()?;
        execute!(
            self.session,
            "INSERT INTO work_hours (tenant_id, member_id, hours, zone, told_zone) \
             SELECT tenant_id, id, $3, $4, time_zone FROM members WHERE tenant_id = $1 AND id = $2 \
             ON CONFLICT (tenant_id, member_id) DO UPDATE SET hours = excluded.hours, zone = excluded.zone, \
             told_zone = CASE WHEN work_hours.zone IS NULL THEN excluded.told_zone ELSE work_hours.told_zone END",
            &self.key,
            &id,
            hours,
            zone
        );
        execute!(
            self.session,
            "UPDATE members SET time_zone = (SELECT COALESCE(zone, told_zone) FROM work_hours h \
             WHERE h.tenant_id = members.tenant_id AND h.member_id = members.id) WHERE tenant_id = $1 AND id = $2",
            &self.key,
            &id
        );
        if *own == OwnHours::default() {
            execute!(self.session, "DELETE FROM work_hours WHERE tenant_id = $1 AND member_id = $2", &self.key, &id);
        }
        Ok(())
    }

    /// When a member is away, was or will be, in order.
    pub async fn leaves(&mut self, member: MemberId) -> Result<Vec<Leave>> {
        let rows = all!(
            self.session,
            LeaveRow,
            "SELECT member_id, first_day, last_day FROM leaves WHERE tenant_id = $1 AND member_id = $2 \
             ORDER BY first_day",
            &self.key,
            member.to_string()
        );
        rows.iter().map(leave).collect()
    }

    /// Adds days away. What touches others of the same member becomes one with them; gives what came of it.
    pub async fn put_leave(&mut self, member: MemberId, leave: &Leave) -> Result<Leave> {
        let mut whole = leave.clone();
        for other in self.leaves(member).await? {
            if let Some(joined) = whole.joined(&other) {
                self.cancel_leave(member, other.from).await?;
                whole = joined;
            }
        }
        execute!(
            self.session,
            "INSERT INTO leaves (tenant_id, member_id, first_day, last_day) VALUES ($1, $2, $3, $4)",
            &self.key,
            member.to_string(),
            whole.from.to_string(),
            whole.to.to_string()
        );
        Ok(whole)
    }

    /// Takes back the days away that begin on that day; false where there are none.
    pub async fn cancel_leave(&mut self, member: MemberId, from: NaiveDate) -> Result<bool> {
        let rows = execute!(
            self.session,
            "DELETE FROM leaves WHERE tenant_id = $1 AND member_id = $2 AND first_day = $3",
            &self.key,
            member.to_string(),
            from.to_string()
        );
        Ok(rows == 1)
    }

    /// The days on which nobody works, by all calendars of the tenant.
    pub async fn holidays(&mut self) -> Result<Holidays> {
        let rows = all!(
            self.session,
            (String,),
            "SELECT DISTINCT day FROM holidays WHERE tenant_id = $1 ORDER BY day",
            &self.key
        );
        rows.iter().map(|(day,)| parse("day", day)).collect()
    }
}

fn available(member: &Member, own: OwnHours, leaves: Vec<Leave>, holidays: Holidays) -> Availability {
    let zone = own.zone.or_else(|| member.time_zone.parse().ok()).unwrap_or(Tz::UTC);
    Availability { zone, hours: own.hours.unwrap_or_default(), leaves, holidays }
}
