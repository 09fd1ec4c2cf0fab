//! Setting a schedule, or another rule for one. The next times are shown first, and nothing is saved until somebody
//! says yes to them.

use std::collections::BTreeSet;

use chrono_tz::Tz;

use super::{
    Setting, next_words,
    trail::{json, record},
};
use crate::{
    domain::{
        ids::ProjectId,
        intent::{RuleWish, ScheduleChange},
        message::{Block, Button, ButtonStyle, Line, Message, Span},
        project::ProjectKey,
        schedule::{DigestKind, Missed, Recurrence, Schedule, wall},
        time::Timestamp,
    },
    error::{Result, UserError},
    review::words::{count, list, moment},
    store::Tx,
};

/// How many times are shown.
const SHOWN: usize = 5;
/// Schedules of one channel, at most.
const MOST: usize = 10;
/// What lies between two digests, at least.
const APART: std::time::Duration = std::time::Duration::from_mins(15);
/// How late a digest may come where nobody says otherwise.
const LATE: u32 = 2;

impl Setting<'_> {
    /// A new schedule.
    pub(super) async fn set(&self, tx: &mut Tx, change: &ScheduleChange, is_confirmed: bool) -> Result<Message> {
        let Some(RuleWish::Whole(when)) = &change.rule else {
            return Err(anyhow::anyhow!("a schedule without a rule").into());
        };
        drafts_are_possible(self.kind, change)?;
        let zone = match change.zone {
            Some(zone) => zone,
            None => tx.availability(self.talk.member).await?.zone,
        };
        let mut schedule = Schedule {
            id: self.desk.chance.id(),
            kind: self.kind,
            venue: crate::domain::event::Venue { thread: None, ..self.talk.venue.clone() },
            projects: projects(tx, change.projects.as_deref().unwrap_or_default()).await?,
            when: when.clone(),
            zone,
            missed: change.missed.unwrap_or(Missed::Late(LATE)),
            pause: None,
            skipped: BTreeSet::new(),
            has_drafts: change.has_drafts.unwrap_or_default(),
            by: self.talk.member.id,
            created_at: self.now(),
            next_run_at: None,
        };
        let times = self.times(&schedule)?;
        schedule.next_run_at = times.first().copied();
        let keys = keys(tx, &schedule.projects).await?;
        let line = line(&schedule, &keys);
        let here = tx.schedules_of(self.talk.venue).await?;
        if here.len() >= MOST {
            let words = format!("This channel has {MOST} schedules, the most there can be. Remove one first.");
            return Err(UserError::new(words).into());
        }
        for (index, other) in here.iter().enumerate() {
            let others = self::keys(tx, &other.projects).await?;
            if self::line(other, &others) == line {
                let words = format!("That is set already, as number {}. {}", index + 1, next_words(other));
                return Ok(Message::text(words));
            }
        }
        if !is_confirmed {
            let besides = here.iter().filter(|other| other.kind == self.kind).count();
            return Ok(preview(&schedule, &keys, &times, &line, besides));
        }
        tx.insert_schedule(&schedule).await?;
        let by = Some((self.talk.member.id, self.talk.venue));
        record(self.desk, tx, "schedule.set", &schedule, by, (serde_json::Value::Null, json(&schedule))).await?;
        Ok(saved(&schedule))
    }

    /// Another rule, zone or anything else of a schedule; what is not named stays.
    pub(super) async fn edit(
        &self,
        tx: &mut Tx,
        which: Option<usize>,
        change: &ScheduleChange,
        is_confirmed: bool,
    ) -> Result<Message> {
        let (number, before) = self.meant(tx, which).await?;
        drafts_are_possible(before.kind, change)?;
        let mut after = before.clone();
        if let Some(rule) = &change.rule {
            after.when = changed(&before.when, rule)?;
        }
        after.zone = change.zone.unwrap_or(after.zone);
        after.missed = change.missed.unwrap_or(after.missed);
        after.has_drafts = change.has_drafts.unwrap_or(after.has_drafts);
        if let Some(named) = &change.projects {
            after.projects = projects(tx, named).await?;
        }
        // What rests is shown and set as if it did not.
        let times = self.times(&Schedule { pause: None, ..after.clone() })?;
        after.next_run_at = after.next(self.now(), &self.holidays);
        let keys = keys(tx, &after.projects).await?;
        if after == before {
            return Ok(Message::text(format!("It is so already. {}", next_words(&before))));
        }
        if !is_confirmed {
            let line = format!("{} edit {number} {}", before.kind.as_str(), rest(&after, &keys));
            return Ok(preview(&after, &keys, &times, &line, 0));
        }
        tx.update_schedule(&after).await?;
        let by = Some((self.talk.member.id, self.talk.venue));
        record(self.desk, tx, "schedule.changed", &after, by, (json(&before), json(&after))).await?;
        Ok(saved(&after))
    }

    /// The next times of a schedule; refuses one that never happens, or all the time.
    fn times(&self, schedule: &Schedule) -> Result<Vec<Timestamp>, UserError> {
        let times = schedule.coming(self.now(), &self.holidays, SHOWN);
        if times.is_empty() {
            let words =
                format!("There is no such time: {}, {}, never comes again.", schedule.when.words(), schedule.zone);
            return Err(UserError::new(words));
        }
        let is_too_often = times.iter().zip(times.iter().skip(1)).any(|(one, next)| next.since(*one) < APART);
        if is_too_often {
            return Err(UserError::new(
                "That would post again within 15 minutes, more often than anybody reads. Say fewer times.",
            ));
        }
        Ok(times)
    }
}

/// Refuses drafts of a digest that tells nobody's part.
fn drafts_are_possible(kind: DigestKind, change: &ScheduleChange) -> Result<(), UserError> {
    match (kind, change.has_drafts) {
        (DigestKind::Weekly, Some(true)) => Err(UserError::new(
            "A weekly has no drafts: it says what the projects came to, and nobody's part in it. Nothing was changed. \
             Leave out “with drafts”, or set a standup: /docket standup at 9:30 weekdays with drafts",
        )),
        _ => Ok(()),
    }
}

/// The rule that a change makes of another one.
fn changed(before: &Recurrence, wish: &RuleWish) -> Result<Recurrence, UserError> {
    let own_time = match before {
        Recurrence::Cron(_) => None,
        Recurrence::Weekly { at, .. } | Recurrence::Monthly { at, .. } => Some(*at),
        Recurrence::Once(at) => Some(at.time()),
    };
    let whole = || {
        UserError::new(format!(
            "The rule is “{}”, which says its days and times together. Say both, such as weekdays at 10:00.",
            before.words()
        ))
    };
    let (mut after, time) = match wish {
        RuleWish::Whole(rule) => return Ok(rule.clone()),
        RuleWish::At(at) => (before.clone(), Some(*at)),
        RuleWish::Days(days) => (days.clone(), own_time),
    };
    let Some(time) = time else { return Err(whole()) };
    match &mut after {
        Recurrence::Cron(_) => return Err(whole()),
        Recurrence::Weekly { at, .. } | Recurrence::Monthly { at, .. } => *at = time,
        Recurrence::Once(at) => *at = at.date().and_time(time),
    }
    Ok(after)
}

/// The projects of these keys.
async fn projects(tx: &mut Tx, keys: &[ProjectKey]) -> Result<Vec<ProjectId>> {
    let mut found = Vec::new();
    for key in keys {
        let Some(project) = tx.project_by_key(key).await? else {
            let words =
                format!("There is no project {key}, so nothing was changed. /docket list shows the ones there are.");
            return Err(UserError::new(words).into());
        };
        found.push(project.id);
    }
    Ok(found)
}

/// The keys of projects, as far as they are there.
pub(super) async fn keys(tx: &mut Tx, projects: &[ProjectId]) -> Result<Vec<ProjectKey>> {
    let mut keys = Vec::new();
    for id in projects {
        keys.extend(tx.project(*id).await?.map(|project| project.key));
    }
    Ok(keys)
}

/// The command that sets a schedule, without the yes.
pub(super) fn line(schedule: &Schedule, keys: &[ProjectKey]) -> String {
    format!("{} {}", schedule.kind.as_str(), rest(schedule, keys))
}

/// What stands behind `standup` or `standup edit 2`.
fn rest(schedule: &Schedule, keys: &[ProjectKey]) -> String {
    let mut line = schedule.when.words();
    if let Recurrence::Weekly { every: 2.., from, .. } = schedule.when {
        // Which of the weeks are meant: any of its days says it.
        let day = schedule.next_run_at.map_or(from, |next| wall::day(next, schedule.zone));
        line.push_str(&day.format(" from %-d %b %Y").to_string());
    }
    line.extend([" ", schedule.zone.name()]);
    match keys {
        [] => {}
        keys => line.extend([" for ", &names(keys).join(", ")]),
    }
    match schedule.missed {
        Missed::Skip => line.push_str(" skip missed"),
        Missed::Late(hours) => line.extend([" late ", &hours.to_string(), "h"]),
    }
    match (schedule.kind, schedule.has_drafts) {
        (DigestKind::Standup, true) => line.push_str(" with drafts"),
        (DigestKind::Standup, false) => line.push_str(" without drafts"),
        (DigestKind::Weekly, _) => {}
    }
    line
}

fn names(keys: &[ProjectKey]) -> Vec<&str> {
    keys.iter().map(ProjectKey::as_str).collect()
}

const fn name(kind: DigestKind) -> &'static str {
    match kind {
        DigestKind::Standup => "Standup",
        DigestKind::Weekly => "Weekly digest",
    }
}

/// The rule with its zone: `Mon–Fri at 09:30, Europe/Paris`.
pub(super) fn rule(when: &Recurrence, zone: Tz) -> String {
    format!("{}, {}", when.words(), zone.name())
}

/// What a schedule would do. `line` sets it, with a yes behind; `besides` are there already.
fn preview(schedule: &Schedule, keys: &[ProjectKey], times: &[Timestamp], line: &str, besides: usize) -> Message {
    let title = format!("{}: {}", name(schedule.kind), rule(&schedule.when, schedule.zone));
    let line = format!("{line} yes");
    let shown = times.iter().map(|at| Line::plain(vec![Span::Plain(moment(*at, schedule.zone))])).collect();
    let mut blocks = vec![
        Block::Header(title.clone()),
        Block::Text(vec![Span::plain("Nothing is saved yet. It would be posted in this channel at these times:")]),
        Block::Lines { lines: shown, more: None },
        Block::Context(vec![Span::Plain(besides_words(schedule, keys))]),
    ];
    if besides > 0 {
        let kind = schedule.kind.as_str();
        let words = format!(
            "This channel has {} already; this would be another one. To change one: /docket {kind} edit",
            count(besides, kind)
        );
        blocks.push(Block::Context(vec![Span::Plain(words)]));
    }
    let save = Button { style: ButtonStyle::Primary, ..Button::say("Save", &line) };
    blocks.push(Block::Buttons(vec![save]));
    blocks.push(Block::Context(vec![Span::plain("or say "), Span::Code(format!("/docket {line}"))]));
    Message { summary: title, blocks }
}

/// What else holds of a schedule.
fn besides_words(schedule: &Schedule, keys: &[ProjectKey]) -> String {
    let of = match keys {
        [] => "of this channel's projects, or of all that are not private where it has none".to_owned(),
        keys => format!("of {}", list(&names(keys), "and")),
    };
    let missed = match schedule.missed {
        Missed::Skip => "one that is missed is left out".to_owned(),
        Missed::Late(hours) => {
            format!(
                "one that is missed comes up to {} late",
                count(usize::try_from(hours).unwrap_or(usize::MAX), "hour")
            )
        }
    };
    let more = match (schedule.kind, schedule.has_drafts) {
        (DigestKind::Standup, true) => " · with private drafts before · not on holidays",
        (DigestKind::Standup, false) => " · without private drafts before · not on holidays",
        (DigestKind::Weekly, _) => "",
    };
    format!("{of} · {missed}{more}")
}

fn saved(schedule: &Schedule) -> Message {
    let kind = schedule.kind.as_str();
    let rule = rule(&schedule.when, schedule.zone);
    let next = match schedule.next_run_at {
        Some(next) => format!("The next one comes {}.", moment(next, schedule.zone)),
        None => format!("It is paused: /docket {kind} resume goes on with it."),
    };
    Message::text(format!("Saved: {} {rule}. {next} /docket {kind} list shows it.", name(schedule.kind).to_lowercase()))
}
