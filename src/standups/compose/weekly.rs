//! A weekly digest in words.

use chrono_tz::Tz;

use super::{Composed, is_late};
use crate::{
    domain::{
        digest::{Decided, Overdue, Progress, Risk, WeeklyFacts},
        message::{Block, Line, Message, Span},
        time::Timestamp,
    },
    review::words::{count, date},
    standups::words::{Say, joined, person},
};

/// Characters of a title in the channel, and in the thread.
const SHORT: usize = 40;
const LONG: usize = 100;
/// Lines of one list in the channel, and in the thread.
const FEW: usize = 5;
const MANY: usize = 25;

/// What stands over the risks.
const RISKS: &str = "Watch next week";

/// Puts a weekly digest together.
pub(in crate::standups) fn weekly(facts: &WeeklyFacts, zone: Tz, now: Timestamp) -> Composed {
    let say = Say { today: facts.today, zone, title: SHORT };
    let first = facts.since.to_utc().with_timezone(&zone).date_naive();
    let title = format!("The week · {} – {}", Say::day(first), Say::day(facts.today));
    let came = came_to(facts);
    let mut blocks = vec![Block::Header(title.clone()), Block::Text(vec![Span::plain(&came)])];
    let progress: Vec<Line> = facts.progress.iter().take(MANY).map(|one| Line::plain(of_progress(one))).collect();
    if !progress.is_empty() {
        blocks.push(Block::Lines { lines: progress, more: None });
    }
    blocks.extend(titled(RISKS, facts.risks.iter().map(|risk| of_risk(&say, risk)).collect(), FEW));
    let say = Say { title: LONG, ..say };
    let detail = |name: &str, lines: Vec<Vec<Span>>| Message {
        summary: format!("Details: {name}"),
        blocks: titled(name, lines, MANY),
    };
    let mut lists = vec![
        ("Done", done(&say, facts)),
        ("Decided", facts.decided.iter().map(|one| of_decision(&say, one)).collect()),
    ];
    // What the channel shows wholly needs no second telling.
    if facts.risks.len() > FEW {
        lists.push((RISKS, facts.risks.iter().map(|risk| of_risk(&say, risk)).collect()));
    }
    let lists = lists.into_iter().filter(|(_, lines)| !lines.is_empty());
    let details: Vec<Message> = lists.map(|(name, lines)| detail(name, lines)).collect();
    let mut small = vec![Span::plain("Since "), Span::Time(facts.since)];
    if !details.is_empty() {
        small.push(Span::plain(" · details in the thread"));
    }
    if is_late(facts.slot, now) {
        small.extend([Span::plain(" · late: it was due at "), Span::Time(facts.slot)]);
    }
    blocks.push(Block::Context(small));
    let main = Message { summary: format!("{title}: {came}"), blocks };
    Composed { main, details, is_empty: false, told: Vec::new() }
}

/// `12 tasks done · 5 pull requests merged · 3 decisions`.
fn came_to(facts: &WeeklyFacts) -> String {
    let parts = [
        (facts.done.len(), "task", " done"),
        (facts.merged.len(), "pull request", " merged"),
        (facts.decided.len(), "decision", ""),
    ];
    let told = parts.iter().filter(|(n, ..)| *n > 0).map(|(n, noun, verb)| format!("{}{verb}", count(*n, noun)));
    let told: Vec<String> = told.collect();
    if told.is_empty() { "Nothing was finished or decided.".to_owned() } else { told.join(" · ") }
}

/// `AUTH 4 → 9 of 20 tasks done (20 % → 45 %)`.
fn of_progress(progress: &Progress) -> Vec<Span> {
    let percent = |done: usize| done * 100 / progress.all.max(1);
    let words = if progress.before == progress.done {
        format!(" {} of {} done ({} %), as before", progress.done, count(progress.all, "task"), percent(progress.done))
    } else {
        format!(
            " {} → {} of {} done ({} % → {} %)",
            progress.before,
            progress.done,
            count(progress.all, "task"),
            percent(progress.before),
            percent(progress.done)
        )
    };
    vec![Span::Strong(progress.key.to_string()), Span::Plain(words)]
}

fn done(say: &Say, facts: &WeeklyFacts) -> Vec<Vec<Span>> {
    let tasks = facts.done.iter().map(|(item, who)| {
        let mut spans = say.item(item);
        spans.extend(who.iter().flat_map(|who| [Span::plain(" · "), person(who)]));
        spans
    });
    let merged = facts.merged.iter().map(|(pull, who)| vec![say.pull(pull), Span::plain(" merged · "), person(who)]);
    tasks.chain(merged).collect()
}

fn of_decision(say: &Say, decided: &Decided) -> Vec<Span> {
    let title = crate::review::words::clip(&decided.title, say.title);
    let mut spans = vec![
        Span::Code(decided.code.to_string()),
        Span::plain(format!(" {}: {title} · {}", decided.key, decided.outcome)),
    ];
    spans.extend(decided.by.iter().flat_map(|by| [Span::plain(" by "), person(by)]));
    spans
}

fn of_risk(say: &Say, risk: &Risk) -> Vec<Span> {
    let whose = |overdue: &Overdue| -> Vec<Span> {
        overdue.who.iter().flat_map(|who| [Span::plain(" · "), person(who)]).collect()
    };
    let task = |overdue: &Overdue, words: String| {
        joined([say.item(&overdue.item), vec![Span::Plain(words)], whose(overdue)], "")
    };
    match risk {
        Risk::Overdue(overdue) => task(overdue, format!(" was due on {}", Say::day(overdue.due))),
        Risk::NotBegun(overdue) => task(overdue, format!(" is due on {}, and nobody has begun", Say::day(overdue.due))),
        Risk::Away(overdue, from, to) => {
            let away = if from == to {
                format!("away on {}", date(*from))
            } else {
                format!("away {} – {}", Say::day(*from), date(*to))
            };
            task(overdue, format!(" is due on {}, {away}", Say::day(overdue.due)))
        }
        Risk::Blocked(item, who, frees) => {
            let mut spans = say.item(item);
            spans.push(Span::plain(" is blocked"));
            if *frees > 0 {
                let verb = if *frees == 1 { "waits" } else { "wait" };
                spans.push(Span::plain(format!(", and {} {verb} for it", count(*frees, "task"))));
            }
            spans.extend(who.iter().flat_map(|who| [Span::plain(" · "), person(who)]));
            spans
        }
        Risk::Stale(pull, since) => {
            vec![say.pull(pull), Span::plain(format!(" was touched by nobody {}", say.since(*since)))]
        }
        Risk::Expiring(proposal) => {
            let mut spans = say.proposal(proposal);
            let day = proposal.expires_at.to_utc().with_timezone(&say.zone).date_naive();
            spans.push(Span::plain(format!(" expires on {}; {} can approve it", Say::day(day), proposal.whose)));
            spans
        }
    }
}

/// Lines under a title; of many the first, and how many more.
fn titled(name: &str, lines: Vec<Vec<Span>>, most: usize) -> Vec<Block> {
    if lines.is_empty() {
        return Vec::new();
    }
    let further = lines.len().saturating_sub(most);
    let mut lines: Vec<Line> = lines.into_iter().take(most).map(Line::plain).collect();
    lines.extend((further > 0).then(|| Line::plain(vec![Span::plain(format!("and {further} more"))])));
    vec![Block::Text(vec![Span::Strong(name.to_owned())]), Block::Lines { lines, more: None }]
}
