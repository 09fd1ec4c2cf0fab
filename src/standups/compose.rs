//! From facts to messages: a short one for the channel, and everything in its thread.

mod details;
mod focus;
mod untracked;
mod weekly;

pub(super) use focus::fact;
pub(super) use weekly::weekly;

use chrono_tz::Tz;

use super::words::{Say, joined};
use crate::{
    domain::{
        digest::{About, Away, DigestFacts, Fact, Person, ProjectNews, Section, Wording},
        ids::MemberId,
        message::{Block, Line, Message, Span, plain},
        time::Timestamp,
    },
    review::words::{count, date},
};

/// A digest that is ready to be posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Composed {
    /// The message for the channel.
    pub main: Message,
    /// The messages for its thread, in order.
    pub details: Vec<Message>,
    /// Whether it need not be posted: nobody works that day.
    pub is_empty: bool,
    /// Of whom it tells: for them the next one begins where this one ends.
    pub told: Vec<MemberId>,
}

/// Characters of a title in the channel.
const SHORT: usize = 40;
/// Facts of one section of a person in the channel.
const FEW: usize = 2;
/// People and projects with a line of their own in the channel.
const MANY: usize = 20;
/// How late a digest is before it says so, in seconds.
const LATE: u64 = 10 * 60;

/// Puts a standup together.
pub(super) fn standup(facts: &DigestFacts, wording: &Wording, zone: Tz, now: Timestamp) -> Composed {
    let say = short(facts, zone);
    let title = format!("Standup · {}", Say::day(facts.today));
    if !facts.has_news {
        let (mut spans, waiting) =
            (vec![Span::plain("Nothing changed since "), Span::Time(facts.since)], waiting(facts));
        spans.push(Span::plain(match waiting.as_str() {
            "" => ".".to_owned(),
            waiting => format!(". Still waiting: {waiting}."),
        }));
        let mut blocks = vec![Block::Text(spans.clone())];
        blocks.extend(late(facts, now).map(Block::Context));
        let main = Message { summary: format!("{title}: {}", plain(&spans)), blocks };
        return Composed { main, details: Vec::new(), is_empty: !facts.is_working_day, told: facts.told.clone() };
    }
    let mut blocks = vec![Block::Header(title.clone())];
    let people: Vec<Line> = facts.people.iter().take(MANY).map(|person| Line::plain(line(&say, person))).collect();
    let quiet = (!facts.quiet.is_empty()).then(|| {
        Line::plain(vec![Span::Strong("No news:".to_owned()), Span::plain(format!(" {}", facts.quiet.join(", ")))])
    });
    let lines: Vec<Line> = people.into_iter().chain(more(facts.people.len())).chain(quiet).collect();
    if !lines.is_empty() {
        blocks.push(Block::Lines { lines, more: None });
    }
    let waiting_projects: Vec<&ProjectNews> = facts.projects.iter().filter(|project| project.has_waiting()).collect();
    if !waiting_projects.is_empty() {
        let lines = waiting_projects.iter().take(MANY).map(|project| Line::plain(project_line(&say, project)));
        blocks.push(Block::Text(vec![Span::Strong("Waiting".to_owned())]));
        blocks.push(Block::Lines { lines: lines.chain(more(waiting_projects.len())).collect(), more: None });
    }
    let worded = focus::worded(&say, &facts.focus, wording);
    let talks = untracked::Talks::of(&facts.untracked, &wording.groups);
    let by = wording.by.as_ref().filter(|_| worded.is_some() || talks.has_groups());
    blocks.extend(talks.lines().map(Block::Text));
    let focus = worded.or_else(|| facts.focus.first().map(|focus| focus::words(&say, focus)));
    blocks.extend(focus.map(|words| Block::Text(focus::line(words))));
    blocks.push(Block::Context(small_print(facts, by.map(String::as_str), now)));
    let waiting = waiting(facts);
    let waiting = if waiting.is_empty() { "nothing waits".to_owned() } else { format!("waiting: {waiting}") };
    let summary =
        format!("{title}: news of {}, {waiting}", count(facts.people.len(), "person").replace("persons", "people"));
    let main = Message { summary, blocks };
    let mut details = details::details(facts, zone);
    details.extend(talks.details());
    Composed { main, details, is_empty: !facts.is_working_day, told: facts.told.clone() }
}

/// Says how many more there are than are shown.
fn more(all: usize) -> Option<Line> {
    let further = all.saturating_sub(MANY);
    (further > 0).then(|| Line::plain(vec![Span::plain(format!("and {further} more, in the thread"))]))
}

/// How the message in the channel says things.
pub(super) const fn short(facts: &DigestFacts, zone: Tz) -> Say {
    Say { today: facts.today, zone, title: SHORT }
}

/// Since when it tells, who is away, which model worded some of it, and whether it is late.
fn small_print(facts: &DigestFacts, by: Option<&str>, now: Timestamp) -> Vec<Span> {
    let since = vec![Span::plain("Since "), Span::Time(facts.since), Span::plain(" · details in the thread")];
    let away = facts.away.iter().map(away).collect::<Vec<_>>().join(", ");
    let away = if away.is_empty() { Vec::new() } else { vec![Span::plain(format!("Away: {away}"))] };
    let by = by.map(|model| Span::plain(format!("partly worded by {model}"))).into_iter().collect();
    joined([since, away, by, late(facts, now).unwrap_or_default()], " · ")
}

/// `Ana until 2 Jan 2027`.
fn away(away: &Away) -> String {
    format!("{} until {}", away.name, date(away.until))
}

/// Whether a digest comes so long after its instant that it says so.
fn is_late(slot: Timestamp, now: Timestamp) -> bool {
    now.since(slot).as_secs() >= LATE
}

fn late(facts: &DigestFacts, now: Timestamp) -> Option<Vec<Span>> {
    is_late(facts.slot, now).then(|| vec![Span::plain("late: it was due at "), Span::Time(facts.slot)])
}

/// `Ana done: AUTH-3 Issue tokens · now: AUTH-4 Store refresh tokens · blocked: AUTH-6 by AUTH-5 (Ben)`.
fn line(say: &Say, person: &Person) -> Vec<Span> {
    let part = |section: Section| -> Vec<Span> {
        let facts: Vec<&Fact> = person.of(section).collect();
        // What blocks matters more than what it is about, where that is known.
        let is_held = |fact: &Fact| matches!(&fact.about, About::Task { waits_for, .. } if !waits_for.is_empty());
        let shown = facts.iter().take(FEW).map(|fact| {
            let title = if section == Section::Blocked && is_held(fact) { 0 } else { say.title };
            Say { title, ..*say }.about(&fact.about)
        });
        let mut spans = joined(shown, ", ");
        if facts.len() > FEW {
            spans.push(Span::plain(format!(" and {} more", facts.len() - FEW)));
        }
        if spans.is_empty() {
            return spans;
        }
        std::iter::once(Span::plain(format!("{}: ", word(section)))).chain(spans).collect()
    };
    let is_busy = person.of(Section::Doing).next().is_some();
    let sections = [Section::Done, Section::Doing, Section::Blocked, Section::Next];
    // What they could begin matters where they are at nothing.
    let shown = sections.into_iter().filter(|section| *section != Section::Next || !is_busy);
    let mut spans = vec![Span::Strong(person.name.clone()), Span::plain(" ")];
    spans.extend(joined(shown.map(part), " · "));
    spans
}

/// What a section is called in a line.
fn word(section: Section) -> &'static str {
    match section {
        Section::Done => "done",
        Section::Doing => "now",
        Section::Blocked => "blocked",
        Section::Next => "next",
    }
}

/// `AUTH #14 Sign-in page waits for Ben since Thursday · P-41 waits for approval · 2 overdue`.
fn project_line(say: &Say, project: &ProjectNews) -> Vec<Span> {
    let mut parts: Vec<Vec<Span>> = Vec::new();
    if let Some(review) = project.reviews.first() {
        let mut spans = vec![say.pull(&review.pull)];
        spans.extend(say.waits(review));
        parts.push(spans);
        let more = project.reviews.len() - 1;
        parts.extend((more > 0).then(|| vec![Span::plain(format!("{more} more to review"))]));
    }
    let brief = Say { title: 0, ..*say };
    if !project.failing.is_empty() {
        let shown = project.failing.iter().take(FEW).map(|(pull, _)| vec![brief.pull(pull)]);
        let mut spans = vec![Span::plain("checks fail in ")];
        spans.extend(joined(shown, ", "));
        if project.failing.len() > FEW {
            spans.push(Span::plain(format!(" and {} more", project.failing.len() - FEW)));
        }
        parts.push(spans);
    }
    if let Some(proposal) = project.proposals.first() {
        let mut spans = brief.proposal(proposal);
        spans.push(Span::plain(format!(" waits for approval {}", say.since(proposal.since))));
        let more = project.proposals.len() - 1;
        if more > 0 {
            spans.push(Span::plain(format!(" and {}", count(more, "more proposal"))));
        }
        parts.push(spans);
    }
    if !project.overdue.is_empty() {
        parts.push(vec![Span::plain(format!("{} overdue", count(project.overdue.len(), "task")))]);
    }
    let mut spans = vec![Span::Strong(project.key.to_string()), Span::plain(" ")];
    spans.extend(joined(parts, " · "));
    spans
}

/// `2 reviews, 1 approval, 3 overdue tasks`; empty where nothing waits.
fn waiting(facts: &DigestFacts) -> String {
    let sum = |of: fn(&ProjectNews) -> usize| facts.projects.iter().map(of).sum::<usize>();
    let parts = [
        (sum(|project| project.reviews.len()), "review"),
        (sum(|project| project.failing.len()), "failing pull request"),
        (sum(|project| project.proposals.len()), "approval"),
        (sum(|project| project.overdue.len()), "overdue task"),
    ];
    let parts: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, noun)| count(*n, noun)).collect();
    parts.join(", ")
}
