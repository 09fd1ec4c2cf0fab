//! Keeping calendars of holidays up to date.

use std::time::Duration;

use chrono::Datelike as _;

use crate::{
    answers::availability::next,
    connect::feed::{Feed, FeedError},
    domain::{
        calendar::{self, Calendar, Holiday, Origin},
        ids::{CalendarId, TenantId},
        job::{Job, JobError},
        message::Message,
    },
    jobs::{Desk, cards::queue_answer, understand::today},
    review::words::count,
    standups::schedule::replan,
    store::{self, Tx},
};

/// How often a calendar is read.
const EVERY: Duration = Duration::from_hours(24);
/// How soon it is tried again where it could not be read.
const AGAIN: Duration = Duration::from_hours(6);
/// Years that are known ahead, and behind.
const AHEAD: i32 = 3;
const BEHIND: i32 = 1;

/// Sees to it that every calendar is read from time to time, whatever broke that chain.
///
/// # Errors
/// When the database fails.
pub async fn queue_calendars(desk: &Desk) -> store::Result<()> {
    for (tenant, calendar) in desk.store.all_calendars().await? {
        let mut tx = desk.store.write(tenant).await?;
        tx.enqueue(desk.chance.id(), &Job::FetchCalendar { calendar }.due(desk.chance.now().plus(EVERY))).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Reads a calendar anew. What was known is kept where that fails, with the reason.
pub(super) async fn fetch(desk: &Desk, tenant: TenantId, id: CalendarId) -> Result<(), JobError> {
    let Some(before) = desk.store.read(tenant).await?.calendar(id).await? else { return Ok(()) };
    let read = match &before.origin {
        Origin::Country(code) => Ok((reckon(desk, code), Feed::default())),
        Origin::Feed(address) => desk.feeds.read(address).await.map(|feed| {
            let (first, last) = years(desk);
            (feed.between(first, last), feed)
        }),
    };
    let mut tx = desk.store.write(tenant).await?;
    tx.lock_tenant().await?;
    // It may have been removed meanwhile.
    let Some(mut calendar) = tx.calendar(id).await? else { return Ok(()) };
    let waiting = calendar.waiting.take();
    match &read {
        Ok((days, feed)) => {
            calendar.name = feed.name.clone().unwrap_or(calendar.name);
            calendar.read_at = Some(desk.chance.now());
            calendar.trouble = None;
            tx.set_holidays(id, days).await?;
            replan(&mut tx, desk.chance.now()).await?;
        }
        Err(error) => {
            tracing::warn!(calendar = %id, %error, "a calendar could not be read; what is known of it stays");
            calendar.trouble = Some(error.to_string());
        }
    }
    tx.put_calendar(&calendar).await?;
    if let Some((venue, identity)) = waiting {
        let reader = tx.member_by_identity(&identity).await?;
        let today = today(reader.as_ref(), desk.chance.now());
        let words = match &read {
            Ok((days, feed)) => found(&calendar, days, feed.left_out, &next(days, today)),
            Err(error) => not_read(&calendar, error),
        };
        queue_answer(desk, &mut tx, None, identity, &venue, Message::text(words)).await?;
    }
    queue_next(desk, &mut tx, id, read.is_err()).await?;
    Ok(tx.commit().await?)
}

/// Queues the next time that a calendar is read.
pub(super) async fn queue_next(desk: &Desk, tx: &mut Tx, calendar: CalendarId, has_failed: bool) -> store::Result<()> {
    let at = desk.chance.now().plus(if has_failed { AGAIN } else { EVERY });
    tx.enqueue(desk.chance.id(), &Job::FetchCalendar { calendar }.due(at)).await?;
    Ok(())
}

/// The holidays of a country in the years that are known.
pub(super) fn reckon(desk: &Desk, country: &str) -> Vec<Holiday> {
    let (first, last) = years(desk);
    calendar::holidays(country, first, last).unwrap_or_default()
}

fn years(desk: &Desk) -> (i32, i32) {
    let year = desk.chance.now().to_utc().year();
    (year - BEHIND, year + AHEAD)
}

fn found(calendar: &Calendar, days: &[Holiday], left_out: usize, next: &str) -> String {
    let left = match left_out {
        0 => String::new(),
        events => format!(
            " {} could not be taken: I know events of whole days, and those that come every year.",
            count(events, "event")
        ),
    };
    if days.is_empty() {
        let name = calendar.called();
        return format!(
            "I read {name}, and found no whole days in it, so nothing changes.{left} I look again every day."
        );
    }
    format!(
        "The {} of {} count as days off from now on. Next: {next}.{left}",
        count(days.len(), "day"),
        calendar.called()
    )
}

fn not_read(calendar: &Calendar, error: &FeedError) -> String {
    format!(
        "I could not read the feed of {}: {error}. I try again every {} hours; /docket holidays says how it stands, and \
         /docket holidays remove takes it away.",
        calendar.called(),
        AGAIN.as_secs() / 3600
    )
}
