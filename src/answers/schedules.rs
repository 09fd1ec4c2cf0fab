//! `standup list`: which digests a channel gets, when, and what became of the last ones.

use super::{Ask, line::titled, teach};
use crate::{
    domain::{
        digest::{Digest, DigestState},
        event::Venue,
        member::{Member, Surface},
        message::{Block, Line, Message, Span},
        project::ProjectKey,
        schedule::{DigestKind, Missed, Pause, Schedule, wall},
        time::Timestamp,
    },
    review::words::{count, date, list, moment},
    store::{self, Tx},
};

/// Schedules of other channels, at most.
const MOST_ELSEWHERE: usize = 30;

/// A schedule, and what is to be told of it.
struct Entry {
    schedule: Schedule,
    keys: Vec<ProjectKey>,
    author: Option<String>,
    last: Option<Digest>,
}

pub(super) async fn answer(tx: &mut Tx, ask: &Ask<'_>, kind: DigestKind) -> store::Result<Message> {
    let members = tx.members().await?;
    let is_here = |schedule: &Schedule| ask.venue.is_some_and(|venue| schedule.venue.is_channel_of(venue));
    let (mut here, mut elsewhere) = (Vec::new(), Vec::new());
    for schedule in tx.schedules().await? {
        let is_shown = is_here(&schedule);
        if is_shown || (ask.sender.is_some_and(Member::is_in_charge) && elsewhere.len() < MOST_ELSEWHERE) {
            let mut keys = Vec::new();
            for id in &schedule.projects {
                keys.extend(tx.project(*id).await?.map(|project| project.key));
            }
            let last = tx.newest_digest(schedule.id).await?;
            let author = members.iter().find(|member| member.id == schedule.by).map(|member| member.name.clone());
            let entry = Entry { schedule, keys, author, last };
            if is_shown { here.push(entry) } else { elsewhere.push(entry) }
        }
    }
    Ok(message(kind, &here, &elsewhere, ask.now))
}

fn message(kind: DigestKind, here: &[Entry], elsewhere: &[Entry], now: Timestamp) -> Message {
    let word = kind.as_str();
    let example = match kind {
        DigestKind::Standup => "/docket standup at 9:30 weekdays Europe/Paris",
        DigestKind::Weekly => "/docket weekly at Friday 15:00",
    };
    if here.is_empty() && elsewhere.is_empty() {
        return teach("This channel gets no digest yet. Set one:", example);
    }
    let title = "The digests of this channel".to_owned();
    let mut blocks = Vec::new();
    if here.is_empty() {
        blocks.push(Block::Text(vec![
            Span::plain("This channel gets no digest yet. Set one: "),
            Span::Code(example.to_owned()),
        ]));
    } else {
        let lines = here.iter().enumerate().flat_map(|(index, entry)| lines(entry, &(index + 1).to_string(), now));
        blocks.push(Block::Lines { lines: lines.collect(), more: None });
    }
    if !elsewhere.is_empty() {
        blocks.push(Block::Text(vec![Span::Strong("Elsewhere".to_owned())]));
        let lines = elsewhere.iter().flat_map(|entry| lines(entry, &place(&entry.schedule.venue), now));
        blocks.push(Block::Lines { lines: lines.collect(), more: None });
    }
    blocks.push(Block::Context(vec![
        Span::plain("Change them here: "),
        Span::Code(format!("/docket {word} skip tomorrow")),
        Span::plain(" · "),
        Span::Code(format!("/docket {word} pause until Monday")),
        Span::plain(" · "),
        Span::Code(format!("/docket {word} edit at 10:00")),
        Span::plain(" · with the number of one where there are several"),
    ]));
    titled(title.clone(), title, blocks)
}

fn place(venue: &Venue) -> String {
    match venue.surface {
        Surface::Slack => format!("Slack channel {}", venue.channel),
        Surface::Console => "the console".to_owned(),
    }
}

/// What a schedule does, and below how it stands.
fn lines(entry: &Entry, name: &str, now: Timestamp) -> Vec<Line> {
    let Entry { schedule, keys, author, last } = entry;
    let mut rule = format!(" {} · {}, {}", schedule.kind.as_str(), schedule.when.words(), schedule.zone.name());
    if !keys.is_empty() {
        let keys: Vec<&str> = keys.iter().map(ProjectKey::as_str).collect();
        rule.extend([" · of ", &list(&keys, "and")]);
    }
    match schedule.missed {
        Missed::Skip => rule.push_str(" · missed ones are left out"),
        Missed::Late(hours) => {
            let hours = count(usize::try_from(hours).unwrap_or(usize::MAX), "hour");
            rule.extend([" · up to ", &hours, " late"]);
        }
    }
    if schedule.offers_drafts() {
        rule.push_str(" · with drafts");
    }
    if let Some(author) = author {
        rule.extend([" · set by ", author]);
    }
    let first = Line::plain(vec![Span::Strong(name.to_owned()), Span::Plain(rule)]);
    let mut below = vec![standing(schedule, now)];
    below.extend(last.as_ref().map(|last| became(last, schedule)));
    let below = below.into_iter().map(|words| Line { depth: 1, ..Line::plain(vec![Span::Plain(words)]) });
    std::iter::once(first).chain(below).collect()
}

/// When the next one comes, and what is left out.
fn standing(schedule: &Schedule, now: Timestamp) -> String {
    let mut words = match (schedule.pause, schedule.next_run_at) {
        (Some(Pause::Open), _) => format!("paused: /docket {} resume goes on with it", schedule.kind.as_str()),
        (Some(Pause::Until(day)), Some(next)) if schedule.rests(now) => {
            format!("paused until {} · next {}", date(day), moment(next, schedule.zone))
        }
        (_, Some(next)) => format!("next {}", moment(next, schedule.zone)),
        (_, None) => "no other one comes".to_owned(),
    };
    let today = wall::day(now, schedule.zone);
    let skipped: Vec<String> = schedule.skipped.iter().filter(|day| **day >= today).map(|day| date(*day)).collect();
    if !skipped.is_empty() {
        words.extend([" · not on ", &list(&skipped, "and")]);
    }
    words
}

/// What became of the last one.
fn became(last: &Digest, schedule: &Schedule) -> String {
    let state = match last.state {
        DigestState::Due => "is being posted",
        DigestState::Posted => "was posted",
        DigestState::Skipped => "was left out",
        DigestState::Failed => "could not be posted",
    };
    let why = last.why.as_ref().map_or_else(String::new, |why| format!(": {why}"));
    format!("that of {} {state}{why}", moment(last.slot, schedule.zone))
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, time::Duration};

    use chrono::{NaiveTime, Weekday};

    use super::*;
    use crate::domain::{
        ids::{DigestId, Id as _, MemberId, ScheduleId},
        schedule::Recurrence,
    };

    fn entry(now: Timestamp) -> Entry {
        let ulid = ulid::Ulid::from_parts(1, 1);
        let venue = Venue { surface: Surface::Slack, team: "T1".into(), channel: "C1".into(), thread: None };
        let schedule = Schedule {
            id: ScheduleId::from_ulid(ulid),
            kind: DigestKind::Standup,
            venue: venue.clone(),
            projects: Vec::new(),
            when: Recurrence::Weekly {
                days: vec![Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri],
                at: NaiveTime::from_hms_opt(9, 30, 0).unwrap(),
                every: 1,
                from: "2026-11-01".parse().unwrap(),
            },
            zone: chrono_tz::Europe::Paris,
            missed: Missed::Late(2),
            pause: None,
            skipped: BTreeSet::new(),
            has_drafts: false,
            by: MemberId::from_ulid(ulid),
            created_at: now,
            next_run_at: Some(now.plus(Duration::from_hours(24))),
        };
        let slot = now.minus(Duration::from_hours(24));
        let asked_for = Digest::asked_for(DigestId::from_ulid(ulid), schedule.kind, &venue, slot);
        let last = Digest { schedule: Some(schedule.id), state: DigestState::Posted, ..asked_for };
        Entry { schedule, keys: vec!["AUTH".parse().unwrap()], author: Some("Ana".to_owned()), last: Some(last) }
    }

    #[test]
    fn each_schedule_says_what_it_does_how_it_stands_and_what_became_of_the_last_one() {
        let now = Timestamp::from_millis(1_795_424_400_000);
        let one = entry(now);
        let mut resting = entry(now);
        resting.schedule.pause = Some(Pause::Until("2026-12-01".parse().unwrap()));
        resting.schedule.skipped = BTreeSet::from(["2026-11-02".parse().unwrap(), "2026-12-24".parse().unwrap()]);
        resting.schedule.missed = Missed::Skip;
        resting.schedule.has_drafts = true;
        resting.keys.clear();
        if let Some(last) = &mut resting.last {
            last.state = DigestState::Skipped;
            last.why = Some("Docket was not running.".to_owned());
        }
        let mut failed = entry(now);
        failed.schedule.kind = DigestKind::Weekly;
        failed.schedule.pause = Some(Pause::Open);
        failed.schedule.next_run_at = None;
        if let Some(last) = &mut failed.last {
            last.state = DigestState::Failed;
            last.why = Some("In Slack, the channel is archived.".to_owned());
        }
        let said = message(DigestKind::Standup, &[one, resting], &[failed], now).to_plain();
        for line in [
            "1 standup · Mon–Fri at 09:30, Europe/Paris · of AUTH · up to 2 hours late · set by Ana\n",
            "  next Tue 24 Nov 10:00, Europe/Paris\n  that of Sun 22 Nov 10:00, Europe/Paris was posted\n",
            "2 standup · Mon–Fri at 09:30, Europe/Paris · missed ones are left out · with drafts · set by Ana\n",
            "  paused until 1 Dec 2026 · next Tue 24 Nov 10:00, Europe/Paris · not on 24 Dec 2026\n",
            " was left out: Docket was not running.\n",
            "Elsewhere\nSlack channel C1 weekly · ",
            "  paused: /docket weekly resume goes on with it\n",
            " could not be posted: In Slack, the channel is archived.\n",
            "/docket standup skip tomorrow",
        ] {
            assert!(said.contains(line), "{line}\n{said}");
        }
        let none = message(DigestKind::Weekly, &[], &[], now).to_plain();
        assert_eq!(none, "This channel gets no digest yet. Set one: /docket weekly at Friday 15:00\n");
        let others = message(DigestKind::Weekly, &[], &[entry(now)], now).to_plain();
        assert!(others.contains("gets no digest yet") && others.contains("Elsewhere\nSlack channel C1"), "{others}");
    }
}
