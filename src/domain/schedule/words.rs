//! Rules in words, for people. What is said here is read back as the same rule by `intent::when`.

use std::fmt;

use chrono::{NaiveTime, Weekday};

use super::{MonthDay, Recurrence};

const WEEK: [Weekday; 7] =
    [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];

impl Recurrence {
    /// The rule in words: `Mon–Fri at 09:30`, `every second Tuesday at 10:00`.
    pub fn words(&self) -> String {
        match self {
            Self::Cron(cron) => format!("cron {cron}"),
            Self::Weekly { days, at, every, .. } => format!("{} at {}", weeks(days, *every), clock(*at)),
            Self::Monthly { day, at } => format!("the {day} of the month at {}", clock(*at)),
            Self::Once(at) => format!("once on {} at {}", at.format("%a %-d %b %Y"), clock(at.time())),
        }
    }
}

fn weeks(days: &[Weekday], every: u32) -> String {
    match (every, &in_order(days)[..]) {
        (0 | 1, [day]) => format!("every {}", full(*day)),
        (0 | 1, days) => self::days(days),
        (2, [day]) => format!("every second {}", full(*day)),
        (2, days) => format!("every second week on {}", self::days(days)),
        (_, days) => format!("every {every} weeks on {}", self::days(days)),
    }
}

/// Days of the week, from Monday on and each once.
fn in_order(days: &[Weekday]) -> Vec<Weekday> {
    WEEK.into_iter().filter(|day| days.contains(day)).collect()
}

/// Days of the week in words: `Mon–Fri`, `Mon, Wed`, `every day`, `no day`.
pub fn days(days: &[Weekday]) -> String {
    let days = in_order(days);
    match days.len() {
        0 => return "no day".to_owned(),
        7 => return "every day".to_owned(),
        _ => {}
    }
    let mut runs: Vec<Vec<Weekday>> = Vec::new();
    for day in days {
        match runs.last_mut() {
            Some(run) if run.last().is_some_and(|last| last.succ() == day) => run.push(day),
            _ => runs.push(vec![day]),
        }
    }
    let said = runs.iter().map(|run| match run[..] {
        [first, _, .., last] => format!("{first}–{last}"),
        _ => run.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    });
    said.collect::<Vec<_>>().join(", ")
}

/// A time of the day: `09:30`.
pub fn clock(at: NaiveTime) -> String {
    at.format("%H:%M").to_string()
}

fn full(day: Weekday) -> &'static str {
    match day {
        Weekday::Mon => "Monday",
        Weekday::Tue => "Tuesday",
        Weekday::Wed => "Wednesday",
        Weekday::Thu => "Thursday",
        Weekday::Fri => "Friday",
        Weekday::Sat => "Saturday",
        Weekday::Sun => "Sunday",
    }
}

impl fmt::Display for MonthDay {
    /// Which day it is, so that `the … of the month` can be said around it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}{}", ending(*number)),
            Self::Last => f.write_str("last day"),
            Self::FirstWorking => f.write_str("first working day"),
            Self::LastWorking => f.write_str("last working day"),
            Self::Nth(count, day) => {
                let words = ["first", "second", "third", "fourth", "fifth"];
                match usize::try_from(*count).ok().and_then(|count| words.get(count.checked_sub(1)?)) {
                    Some(word) => write!(f, "{word} {}", full(*day)),
                    None => write!(f, "{count}{} {}", ending(*count), full(*day)),
                }
            }
            Self::LastOf(day) => write!(f, "last {}", full(*day)),
        }
    }
}

/// What is written after a number of a day: `1st`, `22nd`, `13th`.
fn ending(number: u32) -> &'static str {
    match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    }
}
