//! Pausing, resuming, skipping and removing schedules.

use chrono::NaiveDate;
use serde_json::Value;

use super::{
    Setting, next_words,
    set::{keys, line, rule},
    trail::{json, record},
    with_button,
};
use crate::{
    domain::{
        message::Message,
        schedule::{Pause, Schedule, wall},
    },
    error::{Result, UserError},
    review::words::{date, list},
    store::Tx,
};

impl Setting<'_> {
    /// Lets a schedule rest.
    pub(super) async fn pause(&self, tx: &mut Tx, which: Option<usize>, until: Option<NaiveDate>) -> Result<Message> {
        let (number, before) = self.meant(tx, which).await?;
        let pause = until.map_or(Pause::Open, Pause::Until);
        let today = wall::day(self.now(), before.zone);
        if until.is_some_and(|day| day <= today) {
            return Err(UserError::new(
                "A pause ends on a later day: say until tomorrow, until Monday or until 4 Jan.",
            )
            .into());
        }
        let mut after = Schedule { pause: Some(pause), ..before.clone() };
        after.next_run_at = after.next(self.now(), &self.holidays);
        self.change(tx, "schedule.paused", &before, &after).await?;
        let kind = after.kind.as_str();
        let words = match until {
            Some(day) => format!("Paused until {}. {}", date(day), next_words(&after)),
            None => format!("Paused until somebody says /docket {kind} resume."),
        };
        Ok(with_button(words, "Resume", format!("{kind} resume {number}")))
    }

    /// Goes on with a schedule: ends its pause, and takes back the days that are skipped.
    pub(super) async fn resume(&self, tx: &mut Tx, which: Option<usize>) -> Result<Message> {
        let (_, before) = self.meant(tx, which).await?;
        let today = wall::day(self.now(), before.zone);
        let skipped: Vec<String> = before.skipped.iter().filter(|day| **day >= today).map(|day| date(*day)).collect();
        if !before.rests(self.now()) && skipped.is_empty() {
            return Ok(Message::text(format!("It is not paused, and no day is skipped. {}", next_words(&before))));
        }
        let mut after = before.clone();
        after.pause = None;
        after.skipped.clear();
        after.next_run_at = after.next(self.now(), &self.holidays);
        self.change(tx, "schedule.resumed", &before, &after).await?;
        let back = if skipped.is_empty() {
            String::new()
        } else {
            format!(" {} no longer skipped.", list(&skipped, "and") + if skipped.len() == 1 { " is" } else { " are" })
        };
        Ok(Message::text(format!("It goes on.{back} {}", next_words(&after))))
    }

    /// Leaves one day out.
    pub(super) async fn skip(&self, tx: &mut Tx, which: Option<usize>, day: NaiveDate) -> Result<Message> {
        let (number, before) = self.meant(tx, which).await?;
        let (kind, now) = (before.kind.as_str(), self.now());
        let today = wall::day(now, before.zone);
        if before.skipped.contains(&day) {
            return Ok(Message::text(format!("{} is skipped already. {}", date(day), next_words(&before))));
        }
        let start = wall::start(day, before.zone).unwrap_or(now).max(now);
        // The moment before that day begins, so that its first instant counts.
        let from = start.minus(std::time::Duration::from_millis(1)).max(now);
        let on_that_day = before.next(from, &self.holidays).filter(|at| wall::day(*at, before.zone) == day);
        if on_that_day.is_none() {
            let words =
                format!("No {kind} is to come on {}, so there is nothing to skip. {}", date(day), next_words(&before));
            return Err(UserError::new(words).into());
        }
        let mut after = before.clone();
        after.skipped.retain(|day| *day >= today);
        after.skipped.insert(day);
        after.next_run_at = after.next(now, &self.holidays);
        self.change(tx, "schedule.skipped", &before, &after).await?;
        let words = format!("{} is left out. {}", date(day), next_words(&after));
        Ok(with_button(words, "Take back", format!("{kind} resume {number}")))
    }

    /// Forgets a schedule; says how to bring it back.
    pub(super) async fn remove(&self, tx: &mut Tx, which: Option<usize>) -> Result<Message> {
        let (_, schedule) = self.meant(tx, which).await?;
        let line = line(&schedule, &keys(tx, &schedule.projects).await?);
        tx.remove_schedule(schedule.id).await?;
        let by = Some((self.talk.member.id, self.talk.venue));
        record(self.desk, tx, "schedule.removed", &schedule, by, (json(&schedule), Value::Null)).await?;
        let words = format!(
            "Removed: {} {}. What was posted stays. To bring it back, say /docket {line} yes",
            schedule.kind.as_str(),
            rule(&schedule.when, schedule.zone)
        );
        Ok(with_button(words, "Bring it back", format!("{line} yes")))
    }

    async fn change(&self, tx: &mut Tx, action: &str, before: &Schedule, after: &Schedule) -> Result<()> {
        tx.update_schedule(after).await?;
        let by = Some((self.talk.member.id, self.talk.venue));
        Ok(record(self.desk, tx, action, after, by, (json(before), json(after))).await?)
    }
}
