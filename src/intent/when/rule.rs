//! Schedules: on which days, at what time, and where that clock hangs.

use chrono::{Days, NaiveDate, NaiveTime, Weekday};
use chrono_tz::Tz;

use super::{
    clock,
    cursor::Cursor,
    days::day_ahead,
    month::{month_day, of_the_month, ordinal},
    unread, zone,
};
use crate::{
    domain::schedule::{Cron, MonthDay, Recurrence},
    error::UserError,
};

const EXAMPLES: &str = "For example: weekdays 9:30 Europe/Paris · every second Tuesday at 10:00 · \
                        last working day of the month at 15:00 · cron 30 9 * * 1-5";
const WORKING: [Weekday; 5] = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];
/// Weeks that may lie between two times, at most.
const MOST_WEEKS: u32 = 52;

/// Which days are said.
enum Which {
    Weeks { days: Vec<Weekday>, every: u32 },
    Month(MonthDay),
    Once(NaiveDate),
}

/// What is read so far.
#[derive(Default)]
struct Said {
    which: Option<Which>,
    at: Option<NaiveTime>,
    cron: Option<Cron>,
    zone: Option<Tz>,
    from: Option<NaiveDate>,
}

/// Reads when something is to happen again and again: `weekdays 9:30 Europe/Paris`, `every second Tuesday at 10`,
/// `cron 30 9 * * 1-5`. Gives the zone where one is named, and what follows that says nothing of when.
///
/// # Errors
/// When the days or the time are missing or can't be read, or it would never happen.
pub fn schedule(text: &str, today: NaiveDate) -> Result<(Recurrence, Option<Tz>, String), UserError> {
    let mut cursor = Cursor::new(text);
    let mut said = Said::default();
    while said.read_one(&mut cursor, today)? {}
    let Said { which, at, cron, zone, from } = said;
    let slip = cursor.peek().filter(|_| zone.is_none()).and_then(zone::slip);
    if let Some(problem) = slip {
        return Err(problem);
    }
    let rest = cursor.rest().to_owned();
    let from = from.unwrap_or(today);
    let rule = match (cron, which, at) {
        (Some(cron), None, None) => match cron.weekly() {
            Some((days, at)) => Recurrence::Weekly { days, at, every: 1, from },
            None => Recurrence::Cron(cron),
        },
        (Some(_), ..) => {
            return Err(UserError::new(format!(
                "A cron expression says the days and the time by itself: leave out what else says them. {EXAMPLES}"
            )));
        }
        (None, Some(Which::Weeks { days, every }), Some(at)) => {
            let from = if every > 1 { first_of(&days, from) } else { from };
            Recurrence::Weekly { days, at, every, from }
        }
        (None, Some(Which::Month(day)), Some(at)) => Recurrence::Monthly { day, at },
        (None, Some(Which::Once(day)), Some(at)) => Recurrence::Once(day.and_time(at)),
        (None, None, None) => return Err(unread(text, "a schedule", EXAMPLES)),
        (None, None, Some(at)) => {
            return Err(UserError::new(format!("Say on which days at {}. {EXAMPLES}", at.format("%H:%M"))));
        }
        (None, Some(_), None) => {
            let unread = if rest.is_empty() { String::new() } else { format!(" I can't read “{rest}” as one.") };
            return Err(UserError::new(format!("Say at what time of the day.{unread} {EXAMPLES}")));
        }
    };
    Ok((rule, zone, rest))
}

/// The first of these days from a day on.
fn first_of(days: &[Weekday], from: NaiveDate) -> NaiveDate {
    use chrono::Datelike as _;
    let ahead = (0..7).filter_map(|count| from.checked_add_days(Days::new(count)));
    ahead.into_iter().find(|day| days.contains(&day.weekday())).unwrap_or(from)
}

impl Said {
    /// Reads one thing; false where nothing that follows says anything of when.
    fn read_one(&mut self, cursor: &mut Cursor<'_>, today: NaiveDate) -> Result<bool, UserError> {
        let before = cursor.clone();
        let is_at = cursor.eat_any(&["at", "@"]);
        if !is_at {
            cursor.eat_any(&["on", "in"]);
        }
        let is_read = self.cron(cursor)?
            || self.days(cursor, today)?
            || self.time(cursor, is_at)?
            || self.zone(cursor)?
            || self.start(cursor, today);
        if !is_read {
            *cursor = before;
        }
        Ok(is_read)
    }

    fn cron(&mut self, cursor: &mut Cursor<'_>) -> Result<bool, UserError> {
        let is_named = cursor.eat_any(&["cron", "cron:"]);
        let fields = cursor.ahead(5);
        let is_bare = fields.len() == 5
            && fields[..3].iter().all(|field| is_cron(field))
            && fields[..5].iter().any(|field| field.contains('*'));
        if self.cron.is_some() || !(is_named || is_bare) {
            return Ok(false);
        }
        self.cron = Some(fields.join(" ").parse().map_err(UserError)?);
        cursor.skip(fields.len());
        Ok(true)
    }

    fn time(&mut self, cursor: &mut Cursor<'_>, is_at: bool) -> Result<bool, UserError> {
        if self.at.is_some() || self.cron.is_some() {
            return Ok(false);
        }
        self.at = clock::time(cursor, is_at || self.which.is_some())?;
        Ok(self.at.is_some())
    }

    fn zone(&mut self, cursor: &mut Cursor<'_>) -> Result<bool, UserError> {
        if self.zone.is_some() {
            return Ok(false);
        }
        self.zone = zone::zone(cursor)?;
        Ok(self.zone.is_some())
    }

    /// `from 8 Dec`: the first day.
    fn start(&mut self, cursor: &mut Cursor<'_>, today: NaiveDate) -> bool {
        if self.from.is_some() {
            return false;
        }
        self.from = cursor.attempt(|cursor| {
            cursor.eat_any(&["from", "starting", "starting on", "since"]).then(|| day_ahead(cursor, today))?
        });
        self.from.is_some()
    }

    fn days(&mut self, cursor: &mut Cursor<'_>, today: NaiveDate) -> Result<bool, UserError> {
        if self.which.is_some() || self.cron.is_some() {
            return Ok(false);
        }
        self.which = which(cursor, today)?;
        Ok(self.which.is_some())
    }
}

/// Whether a word can be one of the first fields of a cron expression.
fn is_cron(word: &str) -> bool {
    word.chars().all(|c| c.is_ascii_digit() || "*/,-?LW".contains(c))
}

/// The days that come next.
fn which(cursor: &mut Cursor<'_>, today: NaiveDate) -> Result<Option<Which>, UserError> {
    let weeks = |days: Vec<Weekday>| Which::Weeks { days, every: 1 };
    if let Some(day) = of_the_month(cursor) {
        return Ok(Some(Which::Month(day)));
    }
    if cursor.eat_any(&["every", "each"]) {
        return every(cursor).map(Some);
    }
    if cursor.eat("once") {
        cursor.eat("on");
        let day = day_ahead(cursor, today);
        return day
            .map(|day| Some(Which::Once(day)))
            .ok_or_else(|| unread(cursor.rest(), "a day", "For example: once on 4 Dec at 15:00"));
    }
    if cursor.eat("monthly") {
        cursor.eat("on");
        return month_day(cursor)
            .map(|day| Some(Which::Month(day)))
            .ok_or_else(|| unread(cursor.rest(), "a day of the month", EXAMPLES));
    }
    if let Some(days) = group(cursor) {
        return Ok(Some(weeks(days)));
    }
    // `weekly on Friday`.
    let days = cursor.attempt(|cursor| {
        if cursor.eat("weekly") {
            cursor.eat("on");
        }
        cursor.weekdays()
    });
    Ok(days.map(weeks))
}

/// Days that have a name together.
fn group(cursor: &mut Cursor<'_>) -> Option<Vec<Weekday>> {
    if cursor.eat_any(&["weekdays", "weekday", "workdays", "workday", "working days", "working day"]) {
        Some(WORKING.to_vec())
    } else if cursor.eat_any(&["weekends", "weekend"]) {
        Some(vec![Weekday::Sat, Weekday::Sun])
    } else if cursor.eat_any(&["daily", "day", "days"]) {
        Some([&WORKING[..], &[Weekday::Sat, Weekday::Sun]].concat())
    } else {
        None
    }
}

/// What follows `every`.
fn every(cursor: &mut Cursor<'_>) -> Result<Which, UserError> {
    let wrong = |cursor: &Cursor<'_>| unread(&format!("every {}", cursor.rest()), "days", EXAMPLES);
    if let Some(day) = of_the_month(cursor) {
        return Ok(Which::Month(day));
    }
    if let Some(days) = group(cursor) {
        return Ok(Which::Weeks { days, every: 1 });
    }
    if cursor.eat("month") {
        cursor.eat("on");
        return month_day(cursor).map(Which::Month).ok_or_else(|| wrong(cursor));
    }
    let before = cursor.clone();
    let every = count(cursor);
    let is_weeks = cursor.eat_any(&["weeks", "week"]);
    if is_weeks {
        cursor.eat("on");
    }
    let days = match cursor.weekdays() {
        None if is_weeks => cursor.attempt(|cursor| {
            cursor.eat("every");
            group(cursor)
        }),
        days => days,
    };
    match (every, days) {
        (Some(every), _) if !(1..=MOST_WEEKS).contains(&every) => {
            Err(UserError::new(format!("I count from 1 to {MOST_WEEKS} weeks. {EXAMPLES}")))
        }
        // `every 3 Tuesdays` could mean anything.
        (Some(every), Some(days)) if is_weeks || days.len() == 1 && every <= 5 => Ok(Which::Weeks { days, every }),
        (None, Some(days)) => Ok(Which::Weeks { days, every: 1 }),
        (_, None) if is_weeks => {
            Err(UserError::new(format!("Say on which day, such as every 2 weeks on Friday at 15:00. {EXAMPLES}")))
        }
        _ => Err(wrong(&before)),
    }
}

/// Every how many: `second`, `other`, `2nd`, `3`.
fn count(cursor: &mut Cursor<'_>) -> Option<u32> {
    let word = cursor.peek()?;
    let digits = || (word.len() <= 4).then(|| word.parse().ok()).flatten();
    let count = if word.eq_ignore_ascii_case("other") { Some(2) } else { ordinal(word).or_else(digits) };
    cursor.skip(usize::from(count.is_some()));
    count
}
