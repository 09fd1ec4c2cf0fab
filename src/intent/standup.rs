//! What follows `standup` and `weekly`.

use chrono::NaiveDate;

use super::{
    command::shorten,
    text::{after_any, first_word},
    when,
};
use crate::{
    domain::{
        intent::{Intent, RuleWish, ScheduleChange, StandupWish},
        schedule::{DigestKind, Missed, Recurrence},
    },
    error::UserError,
};

/// The most hours that a missed digest may come late.
const MOST_LATE: u32 = 72;
/// Words that end a list of projects.
const OPTIONS: &[&str] = &["late", "skip", "missed", "with", "without", "yes"];
/// Words that say yes to what a schedule would do.
const YES: &str = "yes";

/// What may follow the rule, as it is told where it can't be read.
const fn tail_words(kind: DigestKind) -> &'static str {
    match kind {
        DigestKind::Standup => {
            "After the days and the time there may be: for AUTH, WEB · late 2h · skip missed · with drafts · \
             without drafts"
        }
        DigestKind::Weekly => "After the days and the time there may be: for AUTH, WEB · late 2h · skip missed",
    }
}

/// Reads what follows `standup` or `weekly`.
///
/// # Errors
/// When it can't be read: what is wrong, and what can be.
pub(super) fn standup(kind: DigestKind, text: &str, today: NaiveDate) -> Result<Intent, UserError> {
    let (word, rest) = first_word(text);
    let wish = match word.to_lowercase().as_str() {
        "" | "list" | "schedules" => nothing_behind(kind, rest).map(|()| StandupWish::List),
        "now" => nothing_behind(kind, rest).map(|()| StandupWish::Now),
        "preview" => nothing_behind(kind, rest).map(|()| StandupWish::Preview),
        "pause" => pause(rest, today),
        "resume" | "unpause" => only_number(rest).map(StandupWish::Resume),
        "skip" => skip(rest, today),
        "remove" | "delete" | "stop" => only_number(rest).map(StandupWish::Remove),
        "edit" | "change" => edit(kind, rest, today),
        _ => set(kind, text, today),
    }?;
    Ok(Intent::Standup(kind, wish))
}

/// What to say to what can't be read.
pub(super) fn wrong(kind: DigestKind, text: &str, today: NaiveDate) -> String {
    standup(kind, text, today).err().map_or_else(String::new, |UserError(words)| words)
}

fn nothing_behind(kind: DigestKind, rest: &str) -> Result<(), UserError> {
    if rest.is_empty() { Ok(()) } else { Err(left_over(kind, rest)) }
}

fn left_over(kind: DigestKind, rest: &str) -> UserError {
    let tail = tail_words(kind);
    UserError::new(format!("I don't know what to do with “{}”, so I changed nothing. {tail}.", shorten(rest)))
}

/// The number in front, where there is one, and what follows.
fn number(text: &str) -> (Option<usize>, &str) {
    let (word, rest) = first_word(text);
    let digits = word.strip_prefix('#').unwrap_or(word);
    match digits.parse() {
        Ok(number) if digits.bytes().all(|b| b.is_ascii_digit()) => (Some(number), rest),
        _ => (None, text.trim()),
    }
}

fn only_number(text: &str) -> Result<Option<usize>, UserError> {
    let (which, rest) = number(text);
    if rest.is_empty() {
        return Ok(which);
    }
    Err(UserError::new(format!(
        "I can't read “{}” as a number of the list. Say only the number, if there are several.",
        shorten(rest)
    )))
}

fn pause(text: &str, today: NaiveDate) -> Result<StandupWish, UserError> {
    let (which, rest) = number(text);
    let until = if rest.is_empty() { None } else { Some(coming(rest, today)?) };
    Ok(StandupWish::Pause { which, until })
}

/// `skip tomorrow`, `skip 2 on 24 Dec`: a number alone in front of nothing is a day that is not named.
fn skip(text: &str, today: NaiveDate) -> Result<StandupWish, UserError> {
    // `24 Dec` begins with a number that is none of the list.
    if let Ok(day) = coming(text, today) {
        return Ok(StandupWish::Skip { which: None, day });
    }
    let (which, rest) = number(text);
    Ok(StandupWish::Skip { which, day: coming(rest, today)? })
}

/// A day that is not over.
fn coming(text: &str, today: NaiveDate) -> Result<NaiveDate, UserError> {
    let day = when::day(text, today)?;
    if day < today {
        return Err(UserError::new(format!("{} is over.", day.format("%a %-d %b %Y"))));
    }
    Ok(day)
}

fn set(kind: DigestKind, text: &str, today: NaiveDate) -> Result<StandupWish, UserError> {
    let (rule, zone, Tail { mut change, is_confirmed }) = match (whole(kind, text, today), kind) {
        // A standup without days is on weekdays.
        (Err(wrong), DigestKind::Standup) => whole(kind, &format!("weekdays {text}"), today).map_err(|_| wrong)?,
        (read, _) => read?,
    };
    change.rule = Some(RuleWish::Whole(rule));
    change.zone = zone;
    Ok(StandupWish::Set { change: Box::new(change), is_confirmed })
}

/// A rule with its days and its time, and what follows.
fn whole(
    kind: DigestKind,
    text: &str,
    today: NaiveDate,
) -> Result<(Recurrence, Option<chrono_tz::Tz>, Tail), UserError> {
    let (rule, zone, rest) = when::schedule(text, today)?;
    Ok((rule, zone, tail(kind, &rest)?))
}

fn edit(kind: DigestKind, text: &str, today: NaiveDate) -> Result<StandupWish, UserError> {
    let (which, text) = edited(text);
    let Tail { change, is_confirmed } = match rule(text, today)? {
        Some((rule, zone, rest)) => {
            let tail = tail(kind, &rest)?;
            Tail { change: ScheduleChange { rule, zone, ..tail.change }, ..tail }
        }
        None => tail(kind, text)?,
    };
    if change == ScheduleChange::default() {
        return Err(UserError::new(format!(
            "Say what should be different, such as at 10:00, Tue and Thu, or Europe/London. {}.",
            tail_words(kind)
        )));
    }
    Ok(StandupWish::Edit { which, change: Box::new(change), is_confirmed })
}

/// The number in front of what should be different: `2 at 10:00`, but not the 10 of `10 weekdays`.
fn edited(text: &str) -> (Option<usize>, &str) {
    match number(text) {
        (Some(which), rest) if which < 100 => (Some(which), rest),
        _ => (None, text.trim()),
    }
}

type Rule = (Option<RuleWish>, Option<chrono_tz::Tz>, String);

/// What an edit says of when: the whole rule, the time, the days, or only the zone. `None` where it says nothing of it.
///
/// What is left out is filled in to see whether the rest can be read.
fn rule(text: &str, today: NaiveDate) -> Result<Option<Rule>, UserError> {
    let (first, _) = first_word(text);
    if first.is_empty() || OPTIONS.iter().chain(&["for"]).any(|option| option.eq_ignore_ascii_case(first)) {
        return Ok(None);
    }
    let wrong = match when::schedule(text, today) {
        Ok((rule, zone, rest)) => return Ok(Some((Some(RuleWish::Whole(rule)), zone, rest))),
        Err(wrong) => wrong,
    };
    if let Ok((Recurrence::Weekly { at, .. }, zone, rest)) = when::schedule(&format!("weekdays {text}"), today) {
        return Ok(Some((Some(RuleWish::At(at)), zone, rest)));
    }
    if let Ok((rule, zone, rest)) = when::schedule(&format!("at 00:00 {text}"), today) {
        return Ok(Some((Some(RuleWish::Days(rule)), zone, rest)));
    }
    match when::schedule(&format!("weekdays at 00:00 {text}"), today) {
        Ok((_, Some(zone), rest)) => Ok(Some((None, Some(zone), rest))),
        _ => Err(wrong),
    }
}

/// What follows the rule.
#[derive(Default)]
struct Tail {
    change: ScheduleChange,
    is_confirmed: bool,
}

fn tail(kind: DigestKind, text: &str) -> Result<Tail, UserError> {
    let mut tail = Tail::default();
    let mut rest = bare(text);
    while !rest.is_empty() {
        let (word, behind) = first_word(rest);
        let change = &mut tail.change;
        rest = match word.trim_end_matches(',').to_lowercase().as_str() {
            YES if behind.is_empty() => {
                tail.is_confirmed = true;
                behind
            }
            "for" | "of" => projects(behind, change)?,
            "missed" => behind,
            "late" => late(behind, change)?,
            "skip" => {
                change.missed = Some(Missed::Skip);
                after_any(behind, &["missed ones", "missed"]).unwrap_or(behind)
            }
            "with" | "without" => {
                let rest = after_any(behind, &["drafts", "draft"]).ok_or_else(|| left_over(kind, rest))?;
                change.has_drafts = Some(word.eq_ignore_ascii_case("with"));
                rest
            }
            _ => return Err(left_over(kind, rest)),
        };
        rest = bare(rest);
    }
    Ok(tail)
}

/// The text without what stands between two options.
fn bare(text: &str) -> &str {
    text.trim_start_matches([' ', ',', ';', '·'])
}

/// `AUTH, WEB and BILL`, `the channel`.
fn projects<'a>(text: &'a str, change: &mut ScheduleChange) -> Result<&'a str, UserError> {
    if let Some(rest) = after_any(text, &["this channel", "the channel"]) {
        change.projects = Some(Vec::new());
        return Ok(rest);
    }
    let (mut keys, mut rest) = (Vec::new(), text.trim());
    while !rest.is_empty() {
        let (word, behind) = first_word(rest);
        let is_option = OPTIONS.iter().any(|option| option.eq_ignore_ascii_case(word));
        if is_option {
            break;
        }
        for name in word.split(',').filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case("and")) {
            let key = name.parse().map_err(|_| {
                UserError::new(format!("I can't read “{}” as a project's key, such as AUTH.", shorten(name)))
            })?;
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        rest = behind;
    }
    if keys.is_empty() {
        return Err(UserError::new("Name the projects by their keys: for AUTH, WEB; or say: for this channel."));
    }
    change.projects = Some(keys);
    Ok(rest)
}

/// `2h`, `2 hours`, `2`.
fn late<'a>(text: &'a str, change: &mut ScheduleChange) -> Result<&'a str, UserError> {
    let text = after_any(text, &["up to", "by"]).unwrap_or(text);
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (hours, rest) = text.split_at(digits);
    let (unit, behind) = first_word(rest);
    let rest = if matches!(unit.trim_end_matches(',').to_lowercase().as_str(), "h" | "hour" | "hours") {
        behind
    } else {
        rest
    };
    let hours = hours.parse().ok().filter(|hours| (1..=MOST_LATE).contains(hours));
    let hours = hours.ok_or_else(|| {
        UserError::new(format!("Say how late a missed one may come, from 1 to {MOST_LATE} hours: late 2h."))
    })?;
    change.missed = Some(Missed::Late(hours));
    Ok(rest)
}

#[cfg(test)]
#[path = "standup_tests.rs"]
mod tests;
