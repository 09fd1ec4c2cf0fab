//! How a task, a proposal and a project's progress read in one line.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::{
    domain::{
        ids::MemberId,
        message::{Block, Line, Message, Span},
        patch::Patch,
        plan::Plan,
        project::ProjectKey,
        task::{Priority, Status, Task, TaskNumber, effort},
    },
    review::{
        facts::SOMEBODY,
        words::{clip, count, date},
    },
};

/// Characters of a title.
const TITLE: usize = 100;

/// What every line about a task needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lines<'a> {
    /// The key in front of the number.
    pub(super) key: &'a ProjectKey,
    /// The names of those who are assigned.
    pub(super) names: &'a BTreeMap<MemberId, String>,
    /// The day on the reader's calendar.
    pub(super) today: NaiveDate,
}

impl Lines<'_> {
    /// `AUTH-3 Sign-in page · in progress · Ana · 2 d · high priority · due 27 Nov 2026`.
    pub(super) fn task(&self, task: &Task) -> Vec<Span> {
        let fields = &task.fields;
        let code = format!("{}-{}", self.key, task.number);
        let title = clip(&fields.title, TITLE);
        let mut spans = match fields.status {
            // Said in words too: where text is plain, nothing is struck.
            Status::Cancelled => {
                return vec![Span::Struck(format!("{code} {title}")), Span::plain(" · cancelled")];
            }
            Status::Done => return vec![Span::plain("✓ "), Span::Code(code), Span::plain(format!(" {title}"))],
            _ => vec![Span::Code(code), Span::plain(format!(" {title}"))],
        };
        let mut say = |words: String| spans.push(Span::plain(format!(" · {words}")));
        if fields.status != Status::Todo {
            say(fields.status.words());
        }
        if let Some(minutes) = fields.estimate {
            say(effort(minutes));
        }
        if fields.priority != Priority::Normal {
            say(format!("{} priority", fields.priority.as_str()));
        }
        if let Some(due) = fields.due {
            say(self.due(due));
        }
        if let Some(member) = fields.assignee {
            spans.push(Span::plain(" · "));
            spans.push(self.person(member));
        }
        spans
    }

    /// `due 27 Nov 2026`, and how late it is.
    pub(super) fn due(&self, due: NaiveDate) -> String {
        let late = (self.today - due).num_days();
        match usize::try_from(late) {
            Ok(0) => "due today".to_owned(),
            Ok(late) => format!("due {}, {} late", date(due), count(late, "day")),
            Err(_) => format!("due {}", date(due)),
        }
    }

    /// Somebody by name.
    pub(super) fn person(&self, member: MemberId) -> Span {
        let name = self.names.get(&member).cloned().unwrap_or_else(|| SOMEBODY.to_owned());
        Span::Person { member, name }
    }

    /// `AUTH-2 Token service` for each of these tasks.
    pub(super) fn short(&self, plan: &Plan, number: TaskNumber) -> Vec<Span> {
        let title = plan.task(number).map(|task| format!(" {}", clip(&task.fields.title, TITLE)));
        let mut spans = vec![Span::Code(format!("{}-{number}", self.key))];
        spans.extend(title.map(Span::Plain));
        spans
    }
}

/// `P-41 AUTH: plan the user authentication flow`.
pub(super) fn proposal(patch: &Patch, key: &str) -> Vec<Span> {
    let title = clip(&patch.title, TITLE);
    vec![Span::Code(patch.code.to_string()), Span::plain(format!(" {key}: {title}"))]
}

/// Lines that belong together, with what they are called in front; nothing where there is none. Of
/// more than `limit` the first are shown, and how many there are besides.
pub(super) fn section(name: &str, lines: Vec<Vec<Span>>, limit: usize, more: Option<String>) -> Vec<Block> {
    if lines.is_empty() {
        return Vec::new();
    }
    let further = lines.len().saturating_sub(limit);
    let mut lines: Vec<Line> = lines.into_iter().take(limit).map(Line::plain).collect();
    lines.extend(and_more(further, more.as_deref()));
    vec![Block::Text(vec![Span::Strong(name.to_owned())]), Block::Lines { lines, more }]
}

/// `and 12 more`, as a link where there is a page.
pub(super) fn and_more(further: usize, page: Option<&str>) -> Option<Line> {
    let text = format!("and {further} more");
    let span = match page {
        Some(url) => Span::Link { text, url: url.to_owned() },
        None => Span::Plain(text),
    };
    (further > 0).then(|| Line::plain(vec![span]))
}

/// A message that is led by a title.
pub(super) fn titled(title: String, summary: String, blocks: impl IntoIterator<Item = Block>) -> Message {
    Message { summary, blocks: std::iter::once(Block::Header(title)).chain(blocks).collect() }
}

/// Everybody who is assigned to one of these tasks.
pub(super) fn assignees<'a>(tasks: impl IntoIterator<Item = &'a Task>) -> BTreeSet<MemberId> {
    tasks.into_iter().filter_map(|task| task.fields.assignee).collect()
}

/// How far a plan has come, told by its [leaves](Plan::leaves).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Progress {
    /// Leaves that count: all but the cancelled ones.
    leaves: usize,
    /// Leaves that are done.
    done: usize,
    /// Estimated minutes of the leaves that are not done.
    left: u32,
    /// Leaves that are not done and have no estimate.
    unestimated: usize,
}

impl Progress {
    pub(super) fn of(plan: &Plan) -> Self {
        let mut progress = Self::default();
        for task in plan.leaves() {
            match (task.fields.status, task.fields.estimate) {
                (Status::Done, _) => progress.done += 1,
                (_, Some(minutes)) => progress.left = progress.left.saturating_add(minutes),
                (_, None) => progress.unestimated += 1,
            }
            progress.leaves += 1;
        }
        progress
    }

    /// `3 of 12 tasks done (25 %) · 6 d to go, 2 tasks without an estimate`.
    pub(super) fn words(self) -> String {
        if self.leaves == 0 {
            return "no tasks".to_owned();
        }
        let percent = self.done * 100 / self.leaves;
        let done = format!("{} of {} done ({percent} %)", self.done, count(self.leaves, "task"));
        let unestimated = format!("{} without an estimate", count(self.unestimated, "task"));
        match (self.left, self.unestimated) {
            (0, 0) => done,
            (0, _) => format!("{done} · {unestimated}"),
            (left, 0) => format!("{done} · {} to go", effort(left)),
            (left, _) => format!("{done} · {} to go, {unestimated}", effort(left)),
        }
    }
}

/// How many tasks have which status, in the order of a task's life: `2 todo, 1 in progress`.
pub(super) fn counts(counts: &BTreeMap<Status, i64>) -> String {
    let words: Vec<String> = counts
        .iter()
        .filter(|(_, count)| **count > 0)
        .map(|(status, count)| format!("{count} {}", status.words()))
        .collect();
    if words.is_empty() { "no tasks".to_owned() } else { words.join(", ") }
}

#[cfg(test)]
pub(crate) mod sample {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{
        domain::{
            ids::ProjectId,
            project::{Lifecycle, Project, Revision},
        },
        review::sample::{ana, ben, id, task},
    };

    pub(crate) fn project(key: &str, title: &str) -> Project {
        Project {
            id: id::<ProjectId>(1),
            key: key.parse().unwrap(),
            title: title.to_owned(),
            summary: String::new(),
            lifecycle: Lifecycle::Draft,
            revision: Revision(4),
        }
    }

    pub(crate) fn today() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, 20).unwrap()
    }

    /// Seven tasks: 1 done, 2 with 3 and 4 under it, 5 waits for 2, 6 is blocked by nothing, 7 is cancelled.
    pub(crate) fn plan() -> Plan {
        let mut tasks = [
            task(1, None, "Agree what signing in must do"),
            task(2, None, "Token service"),
            task(3, Some(2), "Issue tokens"),
            task(4, Some(2), "Store refresh tokens"),
            task(5, None, "Sign-in page"),
            task(6, None, "Security review"),
            task(7, None, "Old login page"),
        ];
        let fields = tasks.each_mut().map(|task| &mut task.fields);
        let [agree, service, issue, store, page, review, old] = fields;
        agree.status = Status::Done;
        service.depends_on = BTreeSet::from([TaskNumber(1)]);
        issue.status = Status::InProgress;
        issue.assignee = Some(ana());
        issue.due = today().pred_opt();
        issue.estimate = Some(480);
        store.estimate = Some(240);
        store.depends_on = BTreeSet::from([TaskNumber(3)]);
        page.depends_on = BTreeSet::from([TaskNumber(2)]);
        page.assignee = Some(ben());
        review.status = Status::Blocked;
        review.priority = Priority::High;
        review.depends_on = BTreeSet::from([TaskNumber(4), TaskNumber(5)]);
        old.status = Status::Cancelled;
        Plan::new(project("AUTH", "User authentication"), tasks)
    }
}

#[cfg(test)]
mod tests {
    use super::{sample::*, *};

    #[test]
    fn progress_counts_the_leaves() {
        insta::assert_snapshot!(Progress::of(&plan()).words(), @"1 of 5 tasks done (20 %) · 1 d 4 h to go, 2 tasks without an estimate");
        assert_eq!(Progress::of(&Plan::new(project("AUTH", "Empty"), [])).words(), "no tasks");
    }

    #[test]
    fn a_due_date_says_how_late_it_is() {
        let (key, names) = ("AUTH".parse().unwrap(), BTreeMap::new());
        let lines = Lines { key: &key, names: &names, today: today() };
        let due = |days: i64| lines.due(today() + chrono::TimeDelta::days(days));
        assert_eq!(due(0), "due today");
        assert_eq!(due(1), "due 21 Nov 2026");
        assert_eq!(due(-1), "due 19 Nov 2026, 1 day late");
    }

    #[test]
    fn a_long_section_says_how_many_are_left() {
        let lines = (0..5).map(|n| vec![Span::plain(n.to_string())]).collect();
        let message = titled("All".into(), String::new(), section("Numbers", lines, 2, None));
        assert_eq!(message.to_plain(), "All\nNumbers\n0\n1\nand 3 more\n");
        assert_eq!(section("None", Vec::new(), 2, None), []);
    }
}
