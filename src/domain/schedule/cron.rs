//! POSIX expressions of five fields, such as `30 9 * * 1-5`.
//!
//! The crate `cron` spells the sets out. Around it is what it does differently: it wants seconds, counts weekdays from
//! Sunday as 1, and asks for both where POSIX is content with a day of the month *or* a day of the week.

use std::{fmt, ops::RangeInclusive, str::FromStr};

use chrono::{Datelike, NaiveDate, NaiveTime, Weekday};
use cron::TimeUnitSpec;
use serde::{Deserialize, Serialize};

/// The longest expression that is read.
const LONGEST: usize = 200;

/// One of the five fields.
struct Field {
    name: &'static str,
    range: RangeInclusive<u32>,
    /// What its numbers are called, from the first of the range on.
    names: &'static [&'static str],
    example: &'static str,
}

const MINUTE: Field = Field { name: "minute", range: 0..=59, names: &[], example: "30 or */15" };
const HOUR: Field = Field { name: "hour", range: 0..=23, names: &[], example: "9 or 9-17" };
const DAY: Field = Field { name: "day of the month", range: 1..=31, names: &[], example: "1 or 1,15" };
const MONTH: Field = Field {
    name: "month",
    range: 1..=12,
    names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    example: "12 or jan-mar",
};
const WEEKDAY: Field = Field {
    name: "day of the week",
    range: 0..=7,
    names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
    example: "1-5 or mon,wed",
};

/// A set of numbers below 64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Set(u64);

impl Set {
    fn of(unit: &impl TimeUnitSpec) -> Self {
        Self(unit.iter().fold(0, |set, number| set | 1 << number))
    }

    fn has(self, number: u32) -> bool {
        number < 64 && self.0 >> number & 1 == 1
    }

    fn iter(self) -> impl Iterator<Item = u32> + Clone {
        (0..64).filter(move |number| self.has(*number))
    }
}

/// A POSIX expression of five fields that happens at some time.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cron {
    text: String,
    minutes: Set,
    hours: Set,
    days: Set,
    months: Set,
    /// Sunday is 1, as the crate counts.
    weekdays: Set,
    /// Whether one of both days is enough: both are restricted.
    either: bool,
    /// Whether it happens every so many minutes or hours, rather than at fixed times of the day.
    is_wild: bool,
}

impl Cron {
    /// Whether it happens on a day.
    pub fn names(&self, day: NaiveDate) -> bool {
        let by_number = self.days.has(day.day());
        let by_name = self.weekdays.has(day.weekday().number_from_sunday());
        let is_day = if self.either { by_number || by_name } else { by_number && by_name };
        self.months.has(day.month()) && is_day
    }

    /// When it happens on such a day, in order.
    pub fn times(&self) -> Vec<NaiveTime> {
        let minutes = self.minutes.iter();
        let times = self.hours.iter().flat_map(|hour| minutes.clone().map(move |minute| (hour, minute)));
        times.filter_map(|(hour, minute)| NaiveTime::from_hms_opt(hour, minute, 0)).collect()
    }

    /// Whether it happens every so many minutes or hours, rather than at fixed times of the day.
    pub fn is_wild(&self) -> bool {
        self.is_wild
    }

    /// The days of the week and the time, where that is all it says.
    pub fn weekly(&self) -> Option<(Vec<Weekday>, NaiveTime)> {
        let mut fields = self.text.split(' ').skip(2);
        let (days, months) = (fields.next()?, fields.next()?);
        let [at] = self.times()[..] else { return None };
        let week = std::iter::successors(Some(Weekday::Mon), |day| Some(day.succ())).take(7);
        let named = week.filter(|day| self.weekdays.has(day.number_from_sunday())).collect();
        (days == "*" && months == "*").then_some((named, at))
    }

    /// Whether no year has such a day.
    fn is_impossible(&self) -> bool {
        let longest = |month| match month {
            2 => 29,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        !self.either && !self.months.iter().any(|month| (1..=longest(month)).any(|day| self.days.has(day)))
    }
}

impl FromStr for Cron {
    /// What is wrong with it, in words.
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields[..] else {
            return Err(format!(
                "A cron expression has five fields: minute, hour, day of the month, month and day of the week. \
                 This one has {}. Monday to Friday at half past nine is 30 9 * * 1-5.",
                fields.len()
            ));
        };
        let text = fields.join(" ");
        if text.len() > LONGEST {
            return Err(format!("A cron expression has at most {LONGEST} characters. This one has {}.", text.len()));
        }
        let spelled = format!(
            "0 {} {} {} {} {}",
            spell(minute, &MINUTE)?,
            spell(hour, &HOUR)?,
            spell(day, &DAY)?,
            spell(month, &MONTH)?,
            spell(weekday, &WEEKDAY)?
        );
        let sets = cron::Schedule::from_str(&spelled).map_err(|_| {
            format!("\"{text}\" is no cron expression. Monday to Friday at half past nine is 30 9 * * 1-5.")
        })?;
        let cron = Self {
            minutes: Set::of(sets.minutes()),
            hours: Set::of(sets.hours()),
            days: Set::of(sets.days_of_month()),
            months: Set::of(sets.months()),
            weekdays: Set::of(sets.days_of_week()),
            either: !day.contains('*') && !weekday.contains('*'),
            is_wild: minute.contains('*') || hour.contains('*'),
            text,
        };
        if cron.is_impossible() {
            return Err(format!("\"{cron}\" never happens: none of its months has such a day."));
        }
        Ok(cron)
    }
}

/// A field in the words of the crate.
fn spell(text: &str, field: &Field) -> Result<String, String> {
    let items: Result<Vec<_>, _> = text.split(',').map(|item| spell_item(item, field)).collect();
    Ok(items?.join(","))
}

fn spell_item(item: &str, field: &Field) -> Result<String, String> {
    let refused = || {
        let mut words = format!(
            "\"{item}\" is no {} of a cron expression. It goes from {} to {}, such as {}.",
            field.name,
            field.range.start(),
            field.range.end(),
            field.example
        );
        if item.contains(['L', 'W', '#']) {
            words.push_str(
                " L, W and # are not known: say \"last working day of the month at 15:00\" or \
                 \"second Tuesday of the month at 10:00\" instead.",
            );
        }
        words
    };
    let (base, step) = match item.split_once('/') {
        Some((base, step)) => {
            (base, Some(number(step).filter(|step| (1..=*field.range.end()).contains(step)).ok_or_else(refused)?))
        }
        None => (item, None),
    };
    let value = |word: &str| value(word, field).ok_or_else(refused);
    let (from, to) = match base.split_once('-') {
        _ if base == "*" => (*field.range.start(), if field.names.len() == 7 { 6 } else { *field.range.end() }),
        Some((from, to)) => match (value(from)?, value(to)?) {
            // Friday to Sunday: the Sunday at the end of the week.
            (from, 0) if from > 0 && field.names.len() == 7 => (from, 7),
            (from, to) if from <= to => (from, to),
            _ => return Err(refused()),
        },
        // What 5/15 means differs from place to place.
        None if step.is_some() => return Err(refused()),
        None => (value(base)?, value(base)?),
    };
    let numbers = (from..=to).step_by(step.map_or(1, |step| step as usize));
    Ok(if field.names.len() == 7 {
        numbers.map(|number| (number % 7 + 1).to_string()).collect::<Vec<_>>().join(",")
    } else {
        format!("{from}-{to}/{}", step.unwrap_or(1))
    })
}

fn value(word: &str, field: &Field) -> Option<u32> {
    let named = field.names.iter().zip(*field.range.start()..).find(|(name, _)| word.eq_ignore_ascii_case(name));
    named.map(|(_, number)| number).or_else(|| number(word)).filter(|number| field.range.contains(number))
}

/// Digits and nothing else: no sign.
fn number(word: &str) -> Option<u32> {
    (!word.is_empty() && word.len() <= 3 && word.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| word.parse().ok())?
}

impl TryFrom<String> for Cron {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Cron> for String {
    fn from(cron: Cron) -> Self {
        cron.text
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cron({})", self.text)
    }
}
