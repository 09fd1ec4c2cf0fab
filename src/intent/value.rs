//! Efforts, dates, people, statuses and priorities as people type them.

use chrono::{Datelike, Days, Months, NaiveDate, Weekday};

use crate::domain::{
    intent::Person,
    task::{DAY_MINUTES, Priority, Status},
};

/// The most that one task may be estimated at, in minutes: two thousand working days.
pub const MAX_EFFORT: u32 = 2_000 * DAY_MINUTES;

/// Words that clear a field.
const NOTHING: &[&str] =
    &["none", "nothing", "nobody", "no one", "noone", "no-one", "unassigned", "unknown", "clear", "never", "-"];

/// Whether the words clear a field: `none`, `nobody`.
pub fn is_nothing(text: &str) -> bool {
    NOTHING.iter().any(|word| text.trim().eq_ignore_ascii_case(word))
}

/// Reads an effort in minutes: `2h`, `1.5 d`, `90m`, `1d4h`, `2 days`, `half a day`; `None` for `none`.
/// The outer `None` means that it is no effort.
pub fn effort(text: &str) -> Option<Option<u32>> {
    let text = text.trim().to_lowercase();
    if is_nothing(&text) || text == "no estimate" {
        return Some(None);
    }
    let text = text.replace("half a ", "0.5").replace("half an ", "0.5");
    let text = ["an ", "a "]
        .iter()
        .find_map(|article| text.strip_prefix(article))
        .map_or(text.clone(), |unit| format!("1{unit}"));
    let (mut total, mut rest, mut parts) = (0.0_f64, text.as_str(), 0);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',').unwrap_or(rest.len());
        let amount: f64 = rest[..digits].replace(',', ".").parse().ok()?;
        rest = rest[digits..].trim_start();
        let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        total += amount * unit_minutes(&rest[..letters])?;
        rest = rest[letters..].trim_start();
        rest = rest.strip_prefix("and ").unwrap_or(rest);
        parts += 1;
        if parts > 4 {
            return None;
        }
    }
    let whole = total.round();
    let fits = (1.0..=f64::from(MAX_EFFORT)).contains(&whole);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to lie in 1..=MAX_EFFORT")]
    fits.then_some(Some(whole as u32))
}

fn unit_minutes(unit: &str) -> Option<f64> {
    Some(match unit {
        "m" | "min" | "mins" | "minute" | "minutes" => 1.0,
        "h" | "hr" | "hrs" | "hour" | "hours" => 60.0,
        "d" | "day" | "days" => f64::from(DAY_MINUTES),
        "w" | "wk" | "week" | "weeks" => f64::from(5 * DAY_MINUTES),
        _ => return None,
    })
}

/// Reads a day: `today`, `tomorrow`, `friday` (the next one after today), `in 3 days`, `24 Dec`, `Dec 24 2026`,
/// `2026-12-24`; `None` for `none`. A day without a year is the next such day. The outer `None` means that it is no day.
pub fn date(text: &str, today: NaiveDate) -> Option<Option<NaiveDate>> {
    let text = text.trim().trim_end_matches(['.', ',']).to_lowercase();
    if is_nothing(&text) || text == "no date" {
        return Some(None);
    }
    let text = text.strip_prefix("this ").unwrap_or(&text);
    let day = match text {
        "today" => Some(today),
        "tomorrow" => today.checked_add_days(Days::new(1)),
        "next week" => next(today, Weekday::Mon),
        "next month" => today.checked_add_months(Months::new(1)).and_then(|day| day.with_day(1)),
        _ => weekday(text)
            .and_then(|weekday| next(today, weekday))
            .or_else(|| in_some_time(text, today))
            .or_else(|| {
                NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|day| (2000..=2200).contains(&day.year()))
            })
            .or_else(|| day_and_month(text, today)),
    };
    day.map(Some)
}

/// The first such weekday after today.
fn next(today: NaiveDate, weekday: Weekday) -> Option<NaiveDate> {
    (1..=7).filter_map(|n| today.checked_add_days(Days::new(n))).find(|day| day.weekday() == weekday)
}

fn weekday(text: &str) -> Option<Weekday> {
    (3..=9).contains(&text.len()).then(|| text.parse().ok()).flatten()
}

/// `in 3 days`, `in 2 weeks`.
fn in_some_time(text: &str, today: NaiveDate) -> Option<NaiveDate> {
    let (count, unit) = text.strip_prefix("in ")?.split_once(' ')?;
    let count: u64 = if count == "a" { 1 } else { count.parse().ok().filter(|n| *n <= 1000)? };
    match unit.trim() {
        "day" | "days" => today.checked_add_days(Days::new(count)),
        "week" | "weeks" => today.checked_add_days(Days::new(count * 7)),
        "month" | "months" => today.checked_add_months(Months::new(u32::try_from(count).ok()?)),
        _ => None,
    }
}

/// `24 dec`, `dec 24th`, `24 december 2026`.
fn day_and_month(text: &str, today: NaiveDate) -> Option<NaiveDate> {
    let plain = text.replace(',', " ").replace(" of ", " ");
    let words: Vec<&str> = plain.split_whitespace().map(|word| word.trim_end_matches('.')).collect();
    let (first, second, year) = match words.as_slice() {
        [first, second] => (*first, *second, None),
        [first, second, year] if year.len() == 4 => (*first, *second, Some(year.parse::<i32>().ok()?)),
        _ => return None,
    };
    let (day, month) = month(second).map(|m| (first, m)).or_else(|| month(first).map(|m| (second, m)))?;
    let day: u32 = ["st", "nd", "rd", "th"].iter().find_map(|end| day.strip_suffix(end)).unwrap_or(day).parse().ok()?;
    match year {
        Some(year) => NaiveDate::from_ymd_opt(year, month, day).filter(|day| (2000..=2200).contains(&day.year())),
        // Up to eight years, so that 29 Feb finds its leap year.
        None => (0..=8)
            .filter_map(|n| NaiveDate::from_ymd_opt(today.year() + n, month, day))
            .find(|candidate| *candidate >= today),
    }
}

fn month(word: &str) -> Option<u32> {
    (3..=9).contains(&word.len()).then(|| word.parse::<chrono::Month>().ok()).flatten().map(|m| m.number_from_month())
}

/// Reads a person: `me`, a mention `<@U123>`, `@ana`, a name; `None` for `nobody`.
/// The outer `None` means that it names nobody we could look for.
pub fn person(text: &str) -> Option<Option<Person>> {
    let text = text.trim();
    if is_nothing(text) {
        return Some(None);
    }
    if ["me", "myself", "i", "@me"].iter().any(|word| text.eq_ignore_ascii_case(word)) {
        return Some(Some(Person::Sender));
    }
    if let Some(user) = mention(text) {
        return Some(Some(Person::User(user.to_owned())));
    }
    let name = text.strip_prefix('@').unwrap_or(text);
    let preposition = ["to", "by", "as", "at", "for"].iter().any(|word| name.eq_ignore_ascii_case(word));
    let plausible = !preposition
        && name.split_whitespace().count() <= 4
        && name.chars().count() <= 80
        && name.chars().any(char::is_alphanumeric)
        && !name.contains(['<', '>', '@', '\n', '"']);
    plausible.then(|| Some(Person::Name(name.to_owned())))
}

/// The user id in `<@U123>` or `<@U123|ana>`, where that is all there is.
pub fn mention(text: &str) -> Option<&str> {
    let inner = text.trim().strip_prefix("<@")?.strip_suffix('>')?;
    let id = inner.split('|').next().unwrap_or(inner);
    (!id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')).then_some(id)
}

/// Reads a status as people say it.
pub fn status(text: &str) -> Option<Status> {
    let word = text.trim().to_lowercase().replace([' ', '-'], "_");
    Status::from_word(&word).or(match word.as_str() {
        "to_do" | "open" | "reopened" | "not_started" | "unblocked" => Some(Status::Todo),
        "started" | "doing" | "in_work" | "wip" => Some(Status::InProgress),
        "review" | "reviewing" | "under_review" => Some(Status::InReview),
        "stuck" => Some(Status::Blocked),
        "complete" | "completed" | "finished" | "closed" => Some(Status::Done),
        "canceled" | "dropped" | "abandoned" => Some(Status::Cancelled),
        "parked" | "later" | "postponed" => Some(Status::Backlog),
        _ => None,
    })
}

/// Reads a priority as people say it.
pub fn priority(text: &str) -> Option<Priority> {
    let word = text.trim().to_lowercase();
    let word = word.strip_suffix(" priority").unwrap_or(&word);
    Priority::from_word(word).or(match word {
        "critical" | "p0" => Some(Priority::Urgent),
        "important" | "p1" => Some(Priority::High),
        "medium" | "p2" | "none" => Some(Priority::Normal),
        "minor" | "p3" => Some(Priority::Low),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn efforts_are_read_as_people_write_them() {
        for (text, minutes) in [
            ("2h", 120),
            ("1.5 d", 720),
            ("1,5d", 720),
            ("90m", 90),
            ("1d4h", 720),
            ("1 d 4 h", 720),
            ("1 day and 4 hours", 720),
            ("2 days", 960),
            ("1w", 2400),
            ("half a day", 240),
            ("an hour", 60),
            ("a day", 480),
            ("30 MIN", 30),
        ] {
            assert_eq!(effort(text), Some(Some(minutes)), "{text}");
        }
        for text in ["none", "Nothing", "unknown"] {
            assert_eq!(effort(text), Some(None), "{text}");
        }
        for text in ["", "2", "h", "-2h", "0h", "1e9d", "2 parsecs", "99999 d", "two days", "2h soon", "1..5h", "NaNh"]
        {
            assert_eq!(effort(text), None, "{text}");
        }
    }

    #[test]
    fn days_are_read_as_people_write_them() {
        let friday = day("2026-11-20");
        for (text, expected) in [
            ("today", "2026-11-20"),
            ("Tomorrow", "2026-11-21"),
            ("friday", "2026-11-27"),
            ("mon", "2026-11-23"),
            ("this saturday", "2026-11-21"),
            ("next week", "2026-11-23"),
            ("in 3 days", "2026-11-23"),
            ("in 2 weeks", "2026-12-04"),
            ("24 Dec", "2026-12-24"),
            ("Dec 24", "2026-12-24"),
            ("24th of December", "2026-12-24"),
            ("24 Dec 2027", "2027-12-24"),
            ("Dec 24, 2027", "2027-12-24"),
            ("1 Feb", "2027-02-01"),
            ("29 Feb", "2028-02-29"),
            ("20 nov", "2026-11-20"),
            ("2026-12-24", "2026-12-24"),
        ] {
            assert_eq!(date(text, friday), Some(Some(day(expected))), "{text}");
        }
        assert_eq!(date("none", friday), Some(None));
        for text in
            ["", "31 Feb", "2026-13-01", "soon", "12/24", "24", "dec", "next friday", "in 9999999 days", "0001-01-01"]
        {
            assert_eq!(date(text, friday), None, "{text}");
        }
    }

    #[test]
    fn people_are_named_in_four_ways() {
        assert_eq!(person("me"), Some(Some(Person::Sender)));
        assert_eq!(person("<@U123>"), Some(Some(Person::User("U123".into()))));
        assert_eq!(person("<@U123|ana>"), Some(Some(Person::User("U123".into()))));
        assert_eq!(person("@ana"), Some(Some(Person::Name("ana".into()))));
        assert_eq!(person("Ana Lopez"), Some(Some(Person::Name("Ana Lopez".into()))));
        assert_eq!(person("nobody"), Some(None));
        for text in ["", "<@U1> <@U2>", "a b c d e", "@", "<!channel>"] {
            assert_eq!(person(text), None, "{text}");
        }
    }

    #[test]
    fn statuses_and_priorities_have_everyday_names() {
        for (text, expected) in
            [("In progress", Status::InProgress), ("to do", Status::Todo), ("finished", Status::Done)]
        {
            assert_eq!(status(text), Some(expected), "{text}");
        }
        assert_eq!(priority("Critical"), Some(Priority::Urgent));
        assert_eq!(priority("high priority"), Some(Priority::High));
        assert_eq!(priority("purple"), None);
    }
}
