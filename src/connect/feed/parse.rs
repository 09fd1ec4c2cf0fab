//! What an iCalendar file says of days on which nobody works.
//!
//! Every event that lasts whole days is such days; of one that has hours, every day that it covers wholly. What repeats
//! does so yearly; anything else that repeats is counted, and not taken for what it is not.

use std::collections::BTreeSet;

use chrono::{Datelike, Days, NaiveDate, NaiveDateTime};
use icalendar::parser::{Component, Property, read_calendar_simple, unfold};

use crate::domain::calendar::Holiday;

/// How deep components may lie in each other: real ones three. Each is a level of the parser's stack.
const DEEPEST: usize = 8;
/// Days that one calendar may have.
const MAX_DAYS: usize = 5_000;
/// Days of a year that it may have, whether or not they are the same.
const MAX_YEARLY: i64 = 1_000;
/// Days that one event may last: more is no holiday.
const LONGEST: i64 = 62;
/// Years for which what repeats is written down, from the first.
const YEARS: i32 = 150;
/// Characters of a name.
const NAME: usize = 100;

/// A calendar that was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Feed {
    /// What it calls itself.
    pub name: Option<String>,
    /// The days that stand in it once.
    pub days: Vec<Holiday>,
    /// Those that come every year.
    pub yearly: Vec<Yearly>,
    /// Events that could not be taken for days: they repeat in another way, or last too long.
    pub left_out: usize,
}

/// Days that come every year, or every few.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Yearly {
    /// The first time.
    first: Holiday,
    /// How many days.
    length: i64,
    /// Every so many years.
    every: i32,
    /// The last year in which it begins.
    last: i32,
    /// Days on which it does not begin.
    except: BTreeSet<NaiveDate>,
}

impl Feed {
    /// The days in the years from `first` to `last`, in order and each once.
    pub fn between(&self, first: i32, last: i32) -> Vec<Holiday> {
        let yearly = self.yearly.iter().flat_map(|yearly| yearly.between(first - 1, last));
        let mut days: Vec<Holiday> = self.days.iter().cloned().chain(yearly).collect();
        days.retain(|holiday| (first..=last).contains(&holiday.day.year()));
        days.sort();
        days.dedup_by(|two, one| two.day == one.day);
        days
    }
}

impl Yearly {
    fn between(&self, first: i32, last: i32) -> Vec<Holiday> {
        let begun = self.first.day.year();
        let years = (begun.max(first)..=self.last.min(last)).filter(|year| (year - begun) % self.every == 0);
        // 29 February comes in leap years only.
        let starts = years.filter_map(|year| self.first.day.with_year(year)).filter(|day| !self.except.contains(day));
        starts.flat_map(|start| spread(start, self.length, &self.first.name)).collect()
    }
}

/// Reads a file.
///
/// # Errors
/// When it is none, in words that repeat nothing of it.
pub fn parse(bytes: &[u8]) -> Result<Feed, String> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches('\u{feff}').trim();
    if !text.get(..15).is_some_and(|start| start.eq_ignore_ascii_case("BEGIN:VCALENDAR")) {
        return Err("it does not begin with BEGIN:VCALENDAR".to_owned());
    }
    if depth(text) > DEEPEST {
        return Err("its parts lie too deep in each other".to_owned());
    }
    let plain = unfold(text).replace("\r\n", "\n");
    let roots = read_calendar_simple(&plain).map_err(|_| "a line of it can't be read".to_owned())?;
    let (mut feed, mut yearly_days) = (Feed::default(), 0);
    for calendar in roots.iter().filter(|root| root.name == "VCALENDAR") {
        let named = calendar.find_prop("X-WR-CALNAME").or_else(|| calendar.find_prop("NAME"));
        feed.name = feed.name.take().or_else(|| named.map(words)).filter(|name| !name.is_empty());
        for event in calendar.components.iter().filter(|part| part.name == "VEVENT") {
            if !is_off(event) {
                continue;
            }
            let before = feed.yearly.len();
            if !feed.take(event) {
                feed.left_out += 1;
            }
            // Each of these comes in every year that is asked for.
            yearly_days += feed.yearly[before..].iter().map(|yearly| yearly.length).sum::<i64>();
            if yearly_days > MAX_YEARLY {
                return Err(format!("it has more than {MAX_YEARLY} days that come every year"));
            }
            if feed.days.len() > MAX_DAYS {
                return Err(format!("it has more than {MAX_DAYS} days"));
            }
        }
    }
    Ok(feed)
}

/// How deep its components lie in each other.
fn depth(text: &str) -> usize {
    let starts = |line: &str, word: &str| line.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word));
    let (mut now, mut most) = (0_usize, 0);
    for line in text.lines() {
        if starts(line, "BEGIN:") {
            now += 1;
            most = most.max(now);
        } else if starts(line, "END:") {
            now = now.saturating_sub(1);
        }
    }
    most
}

/// Whether it takes place, and somebody is off: not called off, and not marked as a day like any other.
fn is_off(event: &Component<'_>) -> bool {
    let says = |name: &str, word: &str| {
        event.find_prop(name).is_some_and(|property| property.val.as_str().trim().eq_ignore_ascii_case(word))
    };
    // Google's calendars of holidays hold days that are only remembered, and say so.
    let is_remembered = event.find_prop("DESCRIPTION").is_some_and(|text| text.val.as_str().starts_with("Observance"));
    !says("STATUS", "CANCELLED") && !is_remembered
}

impl Feed {
    /// Takes an event for the days that it is; false where it can't be.
    fn take(&mut self, event: &Component<'_>) -> bool {
        let Some((first, length)) = extent(event) else { return false };
        if length > LONGEST {
            return false;
        }
        let name = event.find_prop("SUMMARY").map(words).filter(|name| !name.is_empty());
        let name = name.unwrap_or_else(|| "Holiday".to_owned());
        if length < 1 {
            // An hour or two of a day: nobody is off for that.
            return true;
        }
        if event.find_prop("RDATE").is_some() {
            return false;
        }
        match event.find_prop("RRULE") {
            None => self.days.extend(spread(first, length, &name)),
            Some(rule) => {
                let Some((every, last)) = yearly(rule.val.as_str(), first) else { return false };
                let except = event.properties.iter().filter(|property| property.name == "EXDATE").flat_map(dates);
                let first = Holiday { day: first, name };
                self.yearly.push(Yearly { first, length, every, last, except: except.collect() });
            }
        }
        true
    }
}

/// So many days of one name from a day on.
fn spread(first: NaiveDate, length: i64, name: &str) -> Vec<Holiday> {
    let days = (0..length).filter_map(|after| first.checked_add_days(Days::new(after.unsigned_abs())));
    days.map(|day| Holiday { day, name: name.to_owned() }).collect()
}

/// The first day of an event, and how many it covers wholly.
fn extent(event: &Component<'_>) -> Option<(NaiveDate, i64)> {
    let start = event.find_prop("DTSTART")?.val.as_str().trim();
    let end = event.find_prop("DTEND").map(|end| end.val.as_str().trim());
    let duration = event.find_prop("DURATION").map(|length| length.val.as_str().trim());
    if let Some(first) = date(start) {
        // The end is the day after the last one.
        let length = match (end.map(date), duration) {
            (Some(end), _) => (end? - first).num_days().max(1),
            (None, Some(duration)) => days_of(duration)?.max(1),
            (None, None) => 1,
        };
        return Some((first, length));
    }
    let (from, to) = (moment(start)?, end.and_then(moment));
    let to = match (to, duration.and_then(days_of)) {
        (Some(to), _) => to,
        (None, Some(days)) => from.checked_add_days(Days::new(days.try_into().ok()?))?,
        (None, None) => from,
    };
    let midnight = chrono::NaiveTime::MIN;
    let first = if from.time() == midnight { from.date() } else { from.date().succ_opt()? };
    Some((first, (to.date() - first).num_days().max(0)))
}

/// `20261224`.
fn date(text: &str) -> Option<NaiveDate> {
    (text.len() == 8).then(|| NaiveDate::parse_from_str(text, "%Y%m%d").ok()).flatten().filter(|day| is_bearable(*day))
}

/// `20261224T090000`, on whatever clock: the day is meant, not the instant.
fn moment(text: &str) -> Option<NaiveDateTime> {
    let text = text.strip_suffix('Z').unwrap_or(text);
    NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%S").ok().filter(|at| is_bearable(at.date()))
}

fn is_bearable(day: NaiveDate) -> bool {
    (1900..=2200).contains(&day.year())
}

/// `P1D`, `P2W`: whole days.
fn days_of(text: &str) -> Option<i64> {
    let text = text.trim_start_matches('+').strip_prefix('P')?;
    let days = text.strip_suffix('D').map(|days| (days, 1)).or_else(|| text.strip_suffix('W').map(|weeks| (weeks, 7)));
    let (count, each) = days?;
    count.parse::<i64>().ok().filter(|count| (0..=400).contains(count)).map(|count| count * each)
}

fn dates(property: &Property<'_>) -> Vec<NaiveDate> {
    let days = property.val.as_str().split(',').map(str::trim);
    days.filter_map(|text| date(text).or_else(|| moment(text).map(|at| at.date()))).collect()
}

/// Every how many years, and the last year, of `FREQ=YEARLY;INTERVAL=2;UNTIL=20301231`; `None` for any other rule.
fn yearly(rule: &str, first: NaiveDate) -> Option<(i32, i32)> {
    let (mut is_yearly, mut every, mut last, mut count) = (false, 1, first.year() + YEARS, None);
    for part in rule.trim().split(';').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=')?;
        match name.to_ascii_uppercase().as_str() {
            "FREQ" => is_yearly = value.eq_ignore_ascii_case("YEARLY"),
            "INTERVAL" => every = value.parse().ok().filter(|every| (1..=100).contains(every))?,
            "COUNT" => count = Some(value.parse::<i32>().ok().filter(|count| (1..=YEARS).contains(count))?),
            "UNTIL" => {
                let until = date(value).or_else(|| moment(value).map(|at| at.date()))?;
                let in_that_year = first.with_year(until.year()).is_none_or(|day| day <= until);
                last = last.min(until.year() - i32::from(!in_that_year));
            }
            // The day itself, said once more.
            "BYMONTH" if value.parse() == Ok(first.month()) => {}
            "BYMONTHDAY" if value.parse() == Ok(first.day()) => {}
            "WKST" => {}
            _ => return None,
        }
    }
    if let Some(count) = count {
        last = last.min(first.year() + (count - 1) * every);
    }
    is_yearly.then_some((every, last))
}

/// Text without its escapes, on one line of bearable length.
fn words(property: &Property<'_>) -> String {
    let text = property.val.as_str().replace("\\n", " ").replace("\\N", " ");
    let plain = text.replace("\\,", ",").replace("\\;", ";").replace("\\\\", "\\");
    let one_line: Vec<&str> = plain.split_whitespace().collect();
    one_line.join(" ").chars().filter(|c| !c.is_control()).take(NAME).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn file(events: &str) -> String {
        format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nX-WR-CALNAME:Closed days\r\n{events}END:VCALENDAR\r\n"
        )
    }

    fn event(lines: &[&str]) -> String {
        format!("BEGIN:VEVENT\r\nUID:1@test\r\nDTSTAMP:20260101T000000Z\r\n{}\r\nEND:VEVENT\r\n", lines.join("\r\n"))
    }

    fn read(events: &str) -> Feed {
        parse(file(events).as_bytes()).unwrap()
    }

    fn days(feed: &Feed, first: i32, last: i32) -> String {
        let days = feed.between(first, last);
        days.iter().map(|holiday| format!("{} {}", holiday.day, holiday.name)).collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn whole_days_are_taken_and_hours_are_not() {
        for (lines, expected) in [
            (&["SUMMARY:Noël", "DTSTART;VALUE=DATE:20261225", "DTEND;VALUE=DATE:20261226"][..], "2026-12-25 Noël"),
            (&["SUMMARY:Noël", "DTSTART;VALUE=DATE:20261225"], "2026-12-25 Noël"),
            (&["SUMMARY:Noël", "DTSTART:20261225"], "2026-12-25 Noël"),
            (
                &["SUMMARY:Shut\\, all of us", "DTSTART;VALUE=DATE:20261224", "DTEND;VALUE=DATE:20261226"],
                "2026-12-24 Shut, all of us | 2026-12-25 Shut, all of us",
            ),
            (&["SUMMARY:Shut", "DTSTART;VALUE=DATE:20261231", "DURATION:P2D"], "2026-12-31 Shut"),
            (
                &[
                    "SUMMARY:Day",
                    "DTSTART;TZID=Europe/Paris:20261224T000000",
                    "DTEND;TZID=Europe/Paris:20261225T000000",
                ],
                "2026-12-24 Day",
            ),
            (&["SUMMARY:Party", "DTSTART:20261218T160000Z", "DTEND:20261218T200000Z"], ""),
            (&["SUMMARY:Fair", "DTSTART:20261217T120000", "DTEND:20261219T120000"], "2026-12-18 Fair"),
            (&["DTSTART;VALUE=DATE:20261225"], "2026-12-25 Holiday"),
            (&["SUMMARY:Off", "STATUS:CANCELLED", "DTSTART;VALUE=DATE:20261225"], ""),
            (&["SUMMARY:Flag Day", "DESCRIPTION:Observance\\nTo hide it", "DTSTART;VALUE=DATE:20260614"], ""),
            (&["SUMMARY:A long na", " me", "DTSTART;VALUE=DATE:20261225"], "2026-12-25 A long name"),
        ] {
            let feed = read(&event(lines));
            assert_eq!(days(&feed, 2026, 2026), expected, "{lines:?}");
            assert_eq!((feed.left_out, feed.name.as_deref()), (0, Some("Closed days")), "{lines:?}");
        }
    }

    #[test]
    fn what_comes_every_year_is_known_for_every_year() {
        let shut = |rule: &str| {
            read(&event(&["SUMMARY:Shut", "DTSTART;VALUE=DATE:20201224", "DTEND;VALUE=DATE:20201226", rule]))
        };
        let in_2026 = "2026-12-24 Shut | 2026-12-25 Shut";
        for (rule, expected) in [
            ("RRULE:FREQ=YEARLY", in_2026),
            ("RRULE:FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24", in_2026),
            ("RRULE:FREQ=YEARLY;INTERVAL=2", in_2026),
            ("RRULE:FREQ=YEARLY;INTERVAL=4", ""),
            ("RRULE:FREQ=YEARLY;COUNT=7", in_2026),
            ("RRULE:FREQ=YEARLY;COUNT=6", ""),
            ("RRULE:FREQ=YEARLY;UNTIL=20261224", in_2026),
            ("RRULE:FREQ=YEARLY;UNTIL=20261223T230000Z", ""),
            ("RRULE:FREQ=YEARLY\r\nEXDATE;VALUE=DATE:20261224,20271224", ""),
        ] {
            let feed = shut(rule);
            assert_eq!((days(&feed, 2026, 2026).as_str(), feed.left_out), (expected, 0), "{rule}");
        }
        let leap = read(&event(&["SUMMARY:Leap", "DTSTART;VALUE=DATE:20200229", "RRULE:FREQ=YEARLY"]));
        assert_eq!(days(&leap, 2026, 2032), "2028-02-29 Leap | 2032-02-29 Leap");
        let over = read(&event(&[
            "SUMMARY:Over",
            "DTSTART;VALUE=DATE:20201231",
            "DTEND;VALUE=DATE:20210102",
            "RRULE:FREQ=YEARLY",
        ]));
        assert_eq!(days(&over, 2027, 2027), "2027-01-01 Over | 2027-12-31 Over");
    }

    #[test]
    fn what_is_no_day_off_that_can_be_told_is_counted() {
        for lines in [
            &["DTSTART;VALUE=DATE:20261225", "RRULE:FREQ=WEEKLY"][..],
            &["DTSTART;VALUE=DATE:20261225", "RRULE:FREQ=YEARLY;BYDAY=4TH"],
            &["DTSTART;VALUE=DATE:20261225", "RRULE:nonsense"],
            &["DTSTART;VALUE=DATE:20261225", "RDATE;VALUE=DATE:20271226"],
            &["DTSTART;VALUE=DATE:20260101", "DTEND;VALUE=DATE:20270101"],
            &["DTSTART;VALUE=DATE:99999999"],
            &["SUMMARY:no day"],
        ] {
            let feed = read(&event(lines));
            assert_eq!((days(&feed, 2026, 2030).as_str(), feed.left_out), ("", 1), "{lines:?}");
        }
    }

    #[test]
    fn what_is_no_calendar_is_refused_however_deep_or_long_it_is() {
        let deep = format!("BEGIN:VCALENDAR\r\n{}", "BEGIN:X\r\n".repeat(100_000));
        let long = ["DTSTART;VALUE=DATE:20261101", "DTEND;VALUE=DATE:20261231", "RRULE:FREQ=YEARLY"];
        let yearly = file(&event(&long).repeat(17));
        let many = file(&event(&["DTSTART;VALUE=DATE:20261225"]).repeat(MAX_DAYS + 1));
        for (text, words) in [
            ("", "does not begin"),
            ("<html>Sign in</html>", "does not begin"),
            ("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VCALENDAR", "can't be read"),
            (&deep, "too deep"),
            (&many, "more than 5000 days"),
            (&yearly, "more than 1000 days that come every year"),
        ] {
            let said = parse(text.as_bytes()).unwrap_err();
            assert!(said.contains(words), "{said}");
        }
        assert_eq!(read(""), Feed { name: Some("Closed days".to_owned()), ..Feed::default() });
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            text in "((BEGIN:V?EVENT|END:VEVENT|DTSTART(;VALUE=DATE)?:[0-9T]{4,16}|DTEND:[0-9]{8}|RRULE:FREQ=YEARLY;[A-Z]{5}=[0-9-]{1,12}|DURATION:P[0-9]{1,20}D|EXDATE:[0-9,]{0,20}|:|X;=\"\\r)\\r\\n){0,12}",
        ) {
            let _ = parse(&bytes);
            if let Ok(feed) = parse(file(&text).as_bytes()) {
                let _ = feed.between(1, 3000);
            }
        }
    }
}
