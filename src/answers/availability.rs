//! `hours`, `away` and `holidays`: when somebody works, when they are away, and when nobody works.

use chrono::NaiveDate;

use super::{Ask, line::titled, whoami};
use crate::{
    domain::{
        availability::{Availability, Leave, OwnHours},
        calendar::{Calendar, Holiday, countries},
        member::Member,
        message::{Block, Line, Message, Span},
        time::Timestamp,
    },
    review::words::{ago, count},
    store::{self, Tx},
};

/// Holidays ahead that are shown of each calendar.
const AHEAD: usize = 4;

/// `Thu 24 Dec 2026`.
pub fn day(day: NaiveDate) -> String {
    day.format("%a %-d %b %Y").to_string()
}

/// `Thu 24 Dec 2026 – Sat 2 Jan 2027`.
pub fn span(leave: &Leave) -> String {
    if leave.from == leave.to { day(leave.from) } else { format!("{} – {}", day(leave.from), day(leave.to)) }
}

/// When the sender works.
pub(super) async fn hours(tx: &mut Tx, ask: &Ask<'_>) -> store::Result<Message> {
    let Some(me) = ask.sender else { return Ok(whoami::stranger()) };
    let (own, available) = (tx.own_hours(me.id).await?, tx.availability(me).await?);
    let words = format!("You work {}, {}.", available.hours, available.zone.name());
    Ok(with_hint(words, source(&own), "/docket hours Mon-Thu 9-17 Europe/Paris"))
}

/// Whose hours and zone these are.
fn source(own: &OwnHours) -> &'static str {
    match (&own.hours, own.zone) {
        (None, None) => "The hours are everybody's, the time zone is your profile's. To set your own: ",
        (Some(_), None) => "The hours are your own, the time zone is your profile's. To change them: ",
        (None, Some(_)) => "The hours are everybody's, the time zone is your own. To change them: ",
        (Some(_), Some(_)) => {
            "The hours and the time zone are your own; “hours default” takes them back. To change them: "
        }
    }
}

/// When somebody is away from today on, numbered for `away cancel`.
pub async fn away(tx: &mut Tx, whom: &Member, is_own: bool, today: NaiveDate) -> store::Result<Message> {
    let leaves = ahead(tx.leaves(whom.id).await?, today);
    let who = if is_own { "You".to_owned() } else { whom.name.clone() };
    let verb = if is_own { "are" } else { "is" };
    let command = if is_own { "/docket away 24 Dec – 2 Jan" } else { "/docket away @ana 24 Dec – 2 Jan" };
    if leaves.is_empty() {
        return Ok(with_hint(format!("{who} {verb} not away in the days ahead."), "To be away: ", command));
    }
    let lines = leaves.iter().enumerate().map(|(index, leave)| {
        let days = usize::try_from((leave.to - leave.from).num_days() + 1).unwrap_or_default();
        Line::plain(vec![Span::plain(format!("{}. {} · {}", index + 1, span(leave), count(days, "day")))])
    });
    let cancel = if is_own { "/docket away cancel 1" } else { "/docket away @ana cancel 1" };
    let blocks = vec![
        Block::Lines { lines: lines.collect(), more: None },
        Block::Context(vec![Span::plain("To take one back: "), Span::Code(cancel.to_owned())]),
    ];
    Ok(titled(format!("{who} {verb} away"), count(leaves.len(), "leave"), blocks))
}

/// The leaves that are not over.
pub fn ahead(mut leaves: Vec<Leave>, today: NaiveDate) -> Vec<Leave> {
    leaves.retain(|leave| leave.to >= today);
    leaves
}

/// The calendars, each with the holidays ahead.
pub(super) async fn holidays(tx: &mut Tx, ask: &Ask<'_>) -> store::Result<Message> {
    let mut known = Vec::new();
    for calendar in tx.calendars().await? {
        let days = tx.holidays_of(calendar.id).await?;
        known.push((calendar, days));
    }
    Ok(calendars(&known, ask.today(), ask.now))
}

fn calendars(known: &[(Calendar, Vec<Holiday>)], today: NaiveDate, now: Timestamp) -> Message {
    let countries: Vec<&str> = countries().iter().map(|country| country.code).collect();
    let context = Block::Context(vec![
        Span::plain(format!("I know {}. For any other, a feed: ", countries.join(", "))),
        Span::Code("/docket holidays https://acme.example/holidays.ics".to_owned()),
    ]);
    if known.is_empty() {
        let words = "No holidays are set, so every Monday to Friday counts as a working day.";
        let hint = vec![
            Span::plain(format!("{words} An owner or admin sets them: ")),
            Span::Code("/docket holidays FR".to_owned()),
        ];
        return Message { summary: words.to_owned(), blocks: vec![Block::Text(hint), context] };
    }
    let lines = known.iter().enumerate().map(|(index, (calendar, days))| {
        Line::plain(vec![Span::plain(format!("{}. {}", index + 1, line(calendar, days, today, now)))])
    });
    let remove = Block::Context(vec![
        Span::plain("Owners and admins add and remove: "),
        Span::Code("/docket holidays remove 1".to_owned()),
    ]);
    let blocks = vec![Block::Lines { lines: lines.collect(), more: None }, remove, context];
    titled("Days on which nobody works".to_owned(), count(known.len(), "calendar"), blocks)
}

/// `France (FR) · Fri 25 Dec 2026 Christmas Day, …`, and why it could not be read.
fn line(calendar: &Calendar, days: &[Holiday], today: NaiveDate, now: Timestamp) -> String {
    let mut words = calendar.called();
    if !days.is_empty() || calendar.read_at.is_some() {
        words.push_str(" · ");
        words.push_str(&next(days, today));
    }
    let state = match (&calendar.trouble, calendar.read_at) {
        (Some(trouble), Some(read)) => format!(" · as it was {}: {trouble}", ago(read, now)),
        (Some(trouble), None) => format!(" · not read yet: {trouble}"),
        (None, None) => " · is being read".to_owned(),
        (None, Some(_)) => String::new(),
    };
    words.push_str(&state);
    words
}

/// The next holidays, in a line.
pub fn next(days: &[Holiday], today: NaiveDate) -> String {
    let ahead: Vec<String> = days
        .iter()
        .filter(|holiday| holiday.day >= today)
        .take(AHEAD)
        .map(|holiday| format!("{} {}", day(holiday.day), holiday.name))
        .collect();
    if ahead.is_empty() { "nothing ahead".to_owned() } else { ahead.join(", ") }
}

/// How somebody's hours and days away read in `whoami`.
pub(super) fn lines(available: &Availability, own: &OwnHours, today: NaiveDate) -> Vec<String> {
    let whose = |is_own: bool| if is_own { "your own" } else { "as your profile says" };
    let hours = if own.hours.is_some() { "your own" } else { "as everybody" };
    let mut lines = vec![
        format!("Time zone: {} ({})", available.zone.name(), whose(own.zone.is_some())),
        format!("Works {} ({hours})", available.hours),
    ];
    let ahead: Vec<String> = ahead(available.leaves.clone(), today).iter().take(AHEAD).map(span).collect();
    if !ahead.is_empty() {
        lines.push(format!("Away {}", ahead.join(", ")));
    }
    lines
}

fn with_hint(words: String, about: &str, command: &str) -> Message {
    let hint = Block::Context(vec![Span::plain(about), Span::Code(command.to_owned())]);
    Message { summary: words.clone(), blocks: vec![Block::Text(vec![Span::Plain(words)]), hint] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{calendar::Origin, ids::Id as _},
        review::sample::ana,
    };

    fn calendar(name: &str, origin: Origin, read_at: Option<i64>, trouble: Option<&str>) -> Calendar {
        Calendar {
            id: crate::domain::ids::CalendarId::from_ulid(ulid::Ulid::from_parts(1, 1)),
            origin,
            name: name.to_owned(),
            by: ana(),
            waiting: None,
            added_at: Timestamp::from_millis(0),
            read_at: read_at.map(Timestamp::from_millis),
            trouble: trouble.map(str::to_owned),
        }
    }

    #[test]
    fn calendars_are_listed_with_what_is_ahead_and_what_went_wrong() {
        let today: NaiveDate = "2026-11-29".parse().unwrap();
        let now = 1_795_946_400_000;
        let feed = |host: &str| Origin::Feed(format!("https://{host}/public/secret.ics"));
        let days = crate::domain::calendar::holidays("FR", 2026, 2027).unwrap();
        let known = [
            (calendar("France", Origin::Country("FR".into()), Some(now), None), days),
            (
                calendar(
                    "Closed days",
                    feed("example.com"),
                    Some(now - 172_800_000),
                    Some("it answers with HTTP status 404"),
                ),
                Vec::new(),
            ),
            (
                calendar("example.org", feed("example.org"), None, Some("it can't be reached: no answer in time")),
                Vec::new(),
            ),
            (calendar("example.net", feed("example.net"), None, None), Vec::new()),
        ];
        let text = calendars(&known, today, Timestamp::from_millis(now)).to_plain();
        let lines: Vec<&str> = text.lines().take(5).collect();
        assert_eq!(
            lines,
            [
                "Days on which nobody works",
                "1. France (FR) · Fri 25 Dec 2026 Christmas Day, Fri 1 Jan 2027 New Year's Day, \
                 Mon 29 Mar 2027 Easter Monday, Sat 1 May 2027 Labour Day",
                "2. Closed days (example.com) · nothing ahead · as it was two days ago: it answers with HTTP status 404",
                "3. example.org · not read yet: it can't be reached: no answer in time",
                "4. example.net · is being read",
            ]
        );
        assert!(!text.contains("secret"), "of an address, only the host is shown: {text}");
        let none = calendars(&[], today, Timestamp::from_millis(now)).to_plain();
        assert!(none.starts_with("No holidays are set, so every Monday to Friday counts as a working day."), "{none}");
    }
}
