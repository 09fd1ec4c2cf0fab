//! The messages in a digest's thread: everything about each person and each project.

use chrono_tz::Tz;

use crate::{
    domain::{
        digest::{DigestFacts, Fact, Overdue, Person, ProjectNews, Section},
        message::{Block, Line, Message, Span},
    },
    review::words::{clip, count},
    standups::words::{Say, joined, person},
};

/// Characters of a title in the thread.
const LONG: usize = 100;
/// Lines of one list.
const LINES: usize = 5;
/// People, and projects, in one message: each has up to six blocks, and a message of Slack's fifty.
const TOGETHER: usize = 8;
/// Messages of people, and of projects: whoever retries edits them all, and Slack lets nobody edit many.
const MESSAGES: usize = 6;

/// The messages, in order: people first, then projects.
pub(super) fn details(facts: &DigestFacts, zone: Tz) -> Vec<Message> {
    let say = Say { today: facts.today, zone, title: LONG };
    let people = facts.people.chunks(TOGETHER).take(MESSAGES).map(|people| of_people(facts, &say, people));
    let mut messages: Vec<Message> = people.collect();
    messages.extend(facts.projects.chunks(TOGETHER).take(MESSAGES).map(|projects| of_projects(&say, projects)));
    let room = TOGETHER * MESSAGES;
    let left = [(facts.people.len(), "person"), (facts.projects.len(), "project")];
    let left = left.iter().filter(|(all, _)| *all > room).map(|(all, noun)| count(all - room, noun));
    let left = left.collect::<Vec<_>>().join(" and ").replace("persons", "people");
    if let (false, Some(last)) = (left.is_empty(), messages.last_mut()) {
        let words = format!("and {left} more: /docket status and the pages of the projects tell of them");
        last.blocks.push(Block::Context(vec![Span::plain(words)]));
    }
    messages
}

fn of_projects(say: &Say, projects: &[ProjectNews]) -> Message {
    let keys: Vec<String> = projects.iter().map(|project| project.key.to_string()).collect();
    let blocks = projects.iter().flat_map(|project| of_project(say, project)).collect();
    Message { summary: format!("Details: {}", keys.join(", ")), blocks }
}

fn of_people(facts: &DigestFacts, say: &Say, people: &[Person]) -> Message {
    let mut blocks = Vec::new();
    for person in people {
        let mut title = vec![Span::Strong(person.name.clone())];
        if person.since != facts.since {
            title.extend([Span::plain(" · since "), Span::Time(person.since)]);
        }
        blocks.push(Block::Text(title));
        let sections = [
            (Section::Done, "Done"),
            (Section::Doing, "Doing now"),
            (Section::Blocked, "Blocked"),
            (Section::Next, "Next"),
        ];
        let lines = sections.iter().flat_map(|(section, name)| of_section(say, person, *section, name)).collect();
        blocks.push(Block::Lines { lines, more: None });
    }
    let names: Vec<&str> = people.iter().map(|person| person.name.as_str()).collect();
    Message { summary: format!("Details: {}", names.join(", ")), blocks }
}

/// The name of a section, and its facts under it; of many the first, and how many more with where to see them.
fn of_section(say: &Say, person: &Person, section: Section, name: &str) -> Vec<Line> {
    let facts: Vec<&Fact> = person.of(section).collect();
    if facts.is_empty() {
        return Vec::new();
    }
    let under = |spans: Vec<Span>| Line { depth: 1, ..Line::plain(spans) };
    let mut lines = vec![Line::plain(vec![Span::plain(name)])];
    lines.extend(facts.iter().take(LINES).map(|fact| under(say.about(&fact.about))));
    if facts.len() > LINES {
        let text = format!("and {} more", facts.len() - LINES);
        let page = facts.iter().skip(LINES).find_map(|fact| fact.project()).map(|key| format!("/projects/{key}"));
        lines.push(under(vec![match page {
            Some(url) => Span::Link { text, url },
            None => Span::Plain(text),
        }]));
    }
    lines
}

fn of_project(say: &Say, project: &ProjectNews) -> Vec<Block> {
    let title = format!("{} · {}", project.key, project.title);
    let mut blocks = vec![Block::Text(vec![Span::Strong(clip(&title, LONG))])];
    let page = format!("/projects/{}", project.key);
    let mut list = |name: &str, all: Vec<Vec<Span>>| {
        if all.is_empty() {
            return;
        }
        let further = all.len().saturating_sub(LINES);
        let under = |spans| Line { depth: 1, ..Line::plain(spans) };
        let mut lines = vec![Line::plain(vec![Span::plain(name)])];
        lines.extend(all.into_iter().take(LINES).map(under));
        if further > 0 {
            lines.push(under(vec![Span::Link { text: format!("and {further} more"), url: page.clone() }]));
        }
        blocks.push(Block::Lines { lines, more: None });
    };
    list("Done", project.done.iter().map(|about| say.about(about)).collect());
    let reviews = project.reviews.iter().map(|review| {
        let mut spans = vec![say.pull(&review.pull), Span::plain(" by "), person(&review.by)];
        spans.extend(say.waits(review));
        let tasks = review.tasks.iter().map(|code| vec![Span::Code(code.to_string())]);
        let tasks = joined(tasks, ", ");
        if !tasks.is_empty() {
            spans.push(Span::plain(" · "));
            spans.extend(tasks);
        }
        spans
    });
    list("Waiting for a review", reviews.collect());
    let failing = project.failing.iter().map(|(pull, names)| {
        let shown: Vec<String> = names.iter().take(3).map(|name| clip(name, 40)).collect();
        let more = if names.len() > 3 { " and others" } else { "" };
        vec![say.pull(pull), Span::plain(format!(": {}{more}", shown.join(", ")))]
    });
    list("Checks fail", failing.collect());
    let proposals = project.proposals.iter().map(|proposal| {
        let mut spans = say.proposal(proposal);
        spans.push(Span::plain(format!(" {} · {} can approve it", say.since(proposal.since), proposal.whose)));
        spans
    });
    list("Waiting for approval", proposals.collect());
    list("Overdue", project.overdue.iter().map(|overdue| of_overdue(say, overdue)).collect());
    blocks
}

/// `AUTH-3 Issue tokens was due on Fri 20 Nov, 3 days ago · Ana`.
fn of_overdue(say: &Say, overdue: &Overdue) -> Vec<Span> {
    let mut spans = say.item(&overdue.item);
    let days = usize::try_from((say.today - overdue.due).num_days()).unwrap_or(0);
    spans.push(Span::plain(format!(" was due on {}, {} ago", Say::day(overdue.due), count(days, "day"))));
    if let Some(who) = &overdue.who {
        spans.extend([Span::plain(" · "), person(who)]);
    }
    spans
}
