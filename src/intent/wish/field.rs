//! Sentences about one field of tasks: estimate, assignee, status, priority, due date.

use chrono::NaiveDate;

use super::{Picks, Wish};
use crate::{
    domain::{
        intent::FieldValue,
        task::{Priority, Status},
    },
    intent::{
        text::{after, after_any, before_any, split_first, split_last},
        value,
    },
};

/// Tasks in a sentence whose verb is everyday speech: “start the meeting” is about no task, “start the login task” is.
fn sure(words: &str) -> Option<Picks> {
    let named = words.starts_with('"') || before_any(words, &["task", "tasks"]).is_some();
    Picks::read(words).filter(|picks| named || picks.is_definite())
}

/// Reads a sentence about one field of tasks.
pub(super) fn read(words: &str, today: NaiveDate) -> Option<Wish> {
    let of = |tasks: &str, value: FieldValue| Some(Wish::Set { tasks: sure(tasks)?, value });
    if let Some(rest) = after(words, "estimate") {
        let (tasks, effort) =
            ["at", "to", "as"].iter().find_map(|word| split_last(rest, word)).or_else(|| rest.split_once(' '))?;
        return of(tasks, FieldValue::Estimate(value::effort(effort)?));
    }
    if let Some(tasks) = after(words, "unassign") {
        return of(tasks, FieldValue::Assignee(None));
    }
    if let Some(rest) = after_any(words, &["assign", "give"]) {
        let (tasks, who) =
            split_last(rest, "to").or_else(|| rest.split_once(' ').filter(|(t, _)| super::task_name(t).is_some()))?;
        return of(tasks, FieldValue::Assignee(value::person(who)?));
    }
    if let Some(rest) = after_any(words, &["prioritise", "prioritize"]) {
        let (tasks, how) = ["as", "to"].iter().find_map(|word| split_last(rest, word)).unwrap_or((rest, "high"));
        return of(tasks, FieldValue::Priority(value::priority(how)?));
    }
    for (verb, status) in [
        ("start", Status::InProgress),
        ("finish", Status::Done),
        ("complete", Status::Done),
        ("block", Status::Blocked),
        ("unblock", Status::Todo),
        ("reopen", Status::Todo),
        ("cancel", Status::Cancelled),
    ] {
        if let Some(tasks) = after(words, verb) {
            return of(tasks, FieldValue::Status(status));
        }
    }
    if let Some(rest) = after_any(words, &["mark", "set", "change", "make"]) {
        return named_field(rest, today).or_else(|| bare_value(rest)).or_else(|| due(rest, today));
    }
    due(words, today).or_else(|| said_of(words))
}

/// `the priority of 2 to high`, `2's estimate to 4h`, `priority of 2 high`, `2 priority to high`.
fn named_field(rest: &str, today: NaiveDate) -> Option<Wish> {
    for name in ["status", "estimate", "effort", "priority", "assignee", "owner", "due date", "deadline", "due"] {
        let of = format!("{name} of");
        if let Some(rest) = after_any(rest, &[&format!("the {of}"), &of]) {
            let (tasks, said) =
                ["to", "as", "at"].iter().find_map(|word| split_last(rest, word)).or_else(|| rest.rsplit_once(' '))?;
            return Some(Wish::Set { tasks: sure(tasks)?, value: named_value(name, said, today)? });
        }
        let Some((tasks, said)) = split_first(rest, name) else { continue };
        let tasks = tasks.strip_suffix("'s").unwrap_or(tasks);
        let said = after_any(said, &["to", "as", "at", "by", "on", "is"]).unwrap_or(said);
        if let (Some(tasks), Some(value)) = (sure(tasks), named_value(name, said, today)) {
            return Some(Wish::Set { tasks, value });
        }
    }
    None
}

/// `2 as done`, `2 done`, `2 in progress`, `2 urgent`, `2 high priority`.
fn bare_value(rest: &str) -> Option<Wish> {
    let mut tries: Vec<(&str, &str)> = ["as", "to"].iter().filter_map(|word| split_last(rest, word)).collect();
    tries.extend(rest.rsplit_once(' '));
    tries.extend(rest.rmatch_indices(' ').nth(1).map(|(at, _)| (&rest[..at], &rest[at + 1..])));
    tries.into_iter().find_map(|(tasks, said)| {
        let priority = |word| value::priority(word).filter(|p| *p != Priority::Normal || !value::is_nothing(word));
        let value = value::status(said).map(FieldValue::Status).or_else(|| priority(said).map(FieldValue::Priority))?;
        Some(Wish::Set { tasks: sure(tasks)?, value })
    })
}

/// `2 due friday`, `2 is due on 24 Dec`.
fn due(words: &str, today: NaiveDate) -> Option<Wish> {
    let (tasks, said) = split_first(words, "is due")
        .or_else(|| split_first(words, "should be done"))
        .or_else(|| split_first(words, "must be done"))
        .or_else(|| split_first(words, "due"))?;
    let said = after_any(said, &["by", "on", "at"]).unwrap_or(said);
    Some(Wish::Set {
        tasks: Picks::read(tasks).filter(Picks::is_definite)?,
        value: FieldValue::Due(value::date(said, today)?),
    })
}

/// `2 takes 4h`.
fn said_of(words: &str) -> Option<Wish> {
    let (tasks, effort) = split_first(words, "takes").or_else(|| split_first(words, "should take"))?;
    Some(Wish::Set {
        tasks: Picks::read(tasks).filter(Picks::is_definite)?,
        value: FieldValue::Estimate(value::effort(effort)?),
    })
}

/// Reads the value of a field in an edit: `4h`, `@ana`, `high`, `friday`, `done`.
fn named_value(name: &str, words: &str, today: NaiveDate) -> Option<FieldValue> {
    match name {
        "status" => value::status(words).map(FieldValue::Status),
        "estimate" | "effort" => value::effort(words).map(FieldValue::Estimate),
        "priority" => value::priority(words).map(FieldValue::Priority),
        "assignee" | "owner" => value::person(words).map(FieldValue::Assignee),
        "due" | "due date" | "deadline" => value::date(words, today).map(FieldValue::Due),
        _ => None,
    }
}
