//! `show AUTH-3`: a task with everything about it.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::{
    Ask,
    line::{Lines, assignees, proposal, section, titled},
    open_of, place,
};
use crate::{
    domain::{
        ids::MemberId,
        message::{Block, Button, Line, Message, Span, plain},
        patch::{Operation, Patch},
        plan::Plan,
        project::Project,
        task::{Priority, Status, Task, TaskCode, TaskNumber, effort},
    },
    review::{
        facts::names,
        lines::texts,
        tracked::{Tracked, TrackedPull, issue_line},
    },
    store::{self, Tx},
};

/// Lines of one list.
const LINES: usize = 20;

struct Facts {
    plan: Plan,
    task: Task,
    names: BTreeMap<MemberId, String>,
    open: Vec<Patch>,
    tracked: Tracked,
    today: NaiveDate,
}

pub(super) async fn answer(tx: &mut Tx, ask: &Ask<'_>, project: Project, number: TaskNumber) -> store::Result<Message> {
    // What a deletion could reach is just what is shown: the task, those above and below it, those it
    // waits for and those that wait for it.
    let reach = Operation::DeleteTask { number };
    let part = tx.plan_part(project.id, &[&reach]).await?;
    let Some((plan, task)) = part.and_then(|plan| plan.task(number).cloned().map(|task| (plan, task))) else {
        let plan = tx.plan(project.id).await?;
        let known = plan.iter().flat_map(|plan| plan.tasks().map(|task| task.number));
        return Ok(place::no_task(&TaskCode { project: project.key, number }, known));
    };
    let names = names(tx, assignees(plan.tasks())).await?;
    let mut open = open_of(tx, project.id).await?;
    open.retain(|patch| patch.operations().any(|operation| operation.task() == Some(number)));
    let tracked = Tracked::load(tx, project.id, Some(number)).await?;
    Ok(message(&Facts { plan, task, names, open, tracked, today: ask.today() }))
}

fn message(facts: &Facts) -> Message {
    let Facts { plan, task, .. } = facts;
    let key = &plan.project.key;
    let lines = Lines { key, names: &facts.names, today: facts.today };
    let title = format!("{} · {}", plan.code(task.number), task.fields.title);
    let standing = standing(facts, &lines);
    let summary = format!("{title} · {}", plain(&standing));
    let mut blocks = vec![Block::Context(standing)];
    let texts: Vec<Line> = texts(task).into_iter().map(Line::plain).collect();
    if !texts.is_empty() {
        blocks.push(Block::Lines { lines: texts, more: Some(format!("/projects/{key}")) });
    }
    let short = |number: TaskNumber| lines.short(plan, number);
    let waits = task.fields.depends_on.iter().map(|number| {
        let over = plan.task(*number).is_some_and(|first| first.fields.status.is_terminal());
        let sign = Span::plain(if over { "✓ " } else { "" });
        std::iter::once(sign).chain(short(*number)).collect()
    });
    blocks.extend(section("Comes after", waits.collect(), LINES, None));
    blocks.extend(section("Comes before", plan.dependents(task.number).map(short).collect(), LINES, None));
    let children = plan.children(Some(task.number)).map(|child| lines.task(child)).collect();
    blocks.extend(section("Sub-tasks", children, LINES, Some(format!("/projects/{key}"))));
    let pulls = facts.tracked.pulls(task.number).iter().map(TrackedPull::line).collect();
    blocks.extend(section("Pull requests", pulls, LINES, None));
    let issue = facts.tracked.issue(task.number).map(issue_line);
    blocks.extend(section("Issue", issue.into_iter().collect(), LINES, None));
    let open = facts.open.iter().map(|patch| proposal(patch, key.as_str())).collect();
    blocks.extend(section("Proposed changes", open, LINES, None));
    blocks.extend(buttons(plan, task));
    titled(title, summary, blocks)
}

/// `in progress · Ana · 2 d · due 27 Nov 2026 · part of AUTH-2 Token service`.
fn standing(facts: &Facts, lines: &Lines<'_>) -> Vec<Span> {
    let Facts { plan, task, .. } = facts;
    let fields = &task.fields;
    let mut spans = vec![Span::Strong(fields.status.words()), Span::plain(" · ")];
    spans.push(fields.assignee.map_or_else(|| Span::plain("nobody assigned"), |member| lines.person(member)));
    let mut say = |words: String| spans.push(Span::plain(format!(" · {words}")));
    say(fields.estimate.map_or_else(|| "no estimate".to_owned(), effort));
    if fields.priority != Priority::Normal {
        say(format!("{} priority", fields.priority.as_str()));
    }
    match fields.due {
        Some(due) if fields.status.is_terminal() => say(format!("due {}", crate::review::words::date(due))),
        Some(due) => say(lines.due(due)),
        None => {}
    }
    say(format!("changed in revision {}", task.version));
    if let Some(parent) = task.place.parent {
        spans.push(Span::plain(" · part of "));
        spans.extend(lines.short(plan, parent));
    }
    spans
}

/// What is usually done next with a task of this status.
fn buttons(plan: &Plan, task: &Task) -> Option<Block> {
    let code = plan.code(task.number);
    let say = |label: &str, command: &str| Button::say(label, format!("{command} {code}"));
    let mut buttons = match task.fields.status {
        Status::Backlog | Status::Todo => vec![say("Start", "start")],
        Status::InProgress | Status::InReview | Status::Blocked => vec![say("Done", "done")],
        Status::Done | Status::Cancelled => Vec::new(),
    };
    if !task.fields.status.is_terminal() && plan.children(Some(task.number)).next().is_none() {
        buttons.push(say("Break down", "break"));
    }
    (!buttons.is_empty()).then_some(Block::Buttons(buttons))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        answers::line::sample::{plan, today},
        domain::task::Link,
        review::sample::{edits, names},
    };

    fn of(number: u32) -> Facts {
        let plan = plan();
        let task = plan.task(TaskNumber(number)).unwrap().clone();
        let tracked = Tracked::default();
        Facts { plan, task, names: names(), open: Vec::new(), tracked, today: today() }
    }

    #[test]
    fn a_task_is_shown_with_its_texts_and_its_neighbours() {
        let mut facts = of(2);
        facts.task.fields.description = "Issues and renews tokens.\n\nStateless.".into();
        facts.task.fields.acceptance = vec!["a stolen token works once".into()];
        facts.task.fields.links = vec![Link { label: "RFC 6749".into(), url: "https://rfc.example/6749".into() }];
        facts.open = vec![edits().patch];
        insta::assert_snapshot!(message(&facts).to_plain(), @r"
        AUTH-2 · Token service
        todo · nobody assigned · no estimate · changed in revision 1
        Issues and renews tokens.
        Stateless.
        done when:
        • a stolen token works once
        RFC 6749
        Comes after
        ✓ AUTH-1 Agree what signing in must do
        Comes before
        AUTH-5 Sign-in page
        Sub-tasks
        AUTH-3 Issue tokens · in progress · 1 d · due 19 Nov 2026, 1 day late · Ana
        AUTH-4 Store refresh tokens · 4 h
        Proposed changes
        P-41 AUTH: change the sign-in tasks
        [Start]
        ");
    }

    #[test]
    fn a_leaf_offers_what_comes_next() {
        insta::assert_snapshot!(message(&of(4)).to_plain(), @r"
        AUTH-4 · Store refresh tokens
        todo · nobody assigned · 4 h · changed in revision 1 · part of AUTH-2 Token service
        Comes after
        AUTH-3 Issue tokens
        Comes before
        AUTH-6 Security review
        [Start] [Break down]
        ");
        insta::assert_snapshot!(message(&of(3)).to_plain(), @r"
        AUTH-3 · Issue tokens
        in progress · Ana · 1 d · due 19 Nov 2026, 1 day late · changed in revision 1 · part of AUTH-2 Token service
        Comes before
        AUTH-4 Store refresh tokens
        [Done] [Break down]
        ");
        assert_eq!(buttons(&plan(), &of(1).task), None);
    }
}
