//! `next`: the tasks that can be started now.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::{
    Ask,
    line::{Lines, assignees, section, titled},
    no_tasks, place, teach,
};
use crate::{
    domain::{
        ids::MemberId,
        message::{Block, Button, Message, Span},
        plan::Plan,
        project::ProjectKey,
        task::{Status, Task},
    },
    review::{facts::names, words::count},
    store::{self, Tx},
};

/// Tasks in one answer: what one can start is a short list.
const LINES: usize = 10;

struct Facts {
    plan: Plan,
    me: Option<MemberId>,
    names: BTreeMap<MemberId, String>,
    today: NaiveDate,
}

pub(super) async fn answer(tx: &mut Tx, ask: &Ask<'_>, key: Option<&ProjectKey>) -> store::Result<Message> {
    let project = match place::project(tx, ask, key, "next").await? {
        Ok(project) => project,
        Err(message) => return Ok(message),
    };
    let plan = tx.plan(project.id).await?.unwrap_or_else(|| Plan::new(project, []));
    let assigned: BTreeSet<MemberId> = assignees(plan.startable());
    let names = names(tx, assigned).await?;
    Ok(message(&Facts { plan, me: ask.sender.map(|member| member.id), names, today: ask.today() }))
}

fn message(facts: &Facts) -> Message {
    let plan = &facts.plan;
    let key = &plan.project.key;
    let mut ready = plan.startable();
    if ready.is_empty() {
        return nothing(plan);
    }
    // The sort is stable: what is equal stays in the order of the plan.
    ready.sort_by_key(|task| {
        let fields = &task.fields;
        let whose = match fields.assignee {
            Some(member) if Some(member) == facts.me => 0,
            None => 1,
            Some(_) => 2,
        };
        (whose, fields.priority, fields.due.unwrap_or(NaiveDate::MAX), fields.status == Status::Backlog)
    });
    let lines = Lines { key, names: &facts.names, today: facts.today };
    let (mine, free): (Vec<&Task>, Vec<&Task>) =
        ready.iter().partition(|task| task.fields.assignee.is_some() && task.fields.assignee == facts.me);
    let (free, others): (Vec<&Task>, Vec<&Task>) = free.into_iter().partition(|task| task.fields.assignee.is_none());
    let page = Some(format!("/projects/{key}"));
    let spans = |tasks: Vec<&Task>| -> Vec<Vec<Span>> { tasks.into_iter().map(|task| lines.task(task)).collect() };
    let mut blocks = section("Yours", spans(mine), LINES, page.clone());
    blocks.extend(section("Free to take", spans(free), LINES, page.clone()));
    blocks.extend(section("Assigned to others", spans(others), LINES, page));
    if let Some(first) = ready.first().filter(|task| task.fields.assignee.is_none_or(|member| Some(member) == facts.me))
    {
        let code = plan.code(first.number);
        let start = Button::say(format!("Start {code}"), format!("start {code}"));
        blocks.push(Block::Buttons(vec![start]));
    }
    let title = format!("{key} · {} can be started", count(ready.len(), "task"));
    titled(title.clone(), title, blocks)
}

/// Why nothing can be started, and what to do about it.
fn nothing(plan: &Plan) -> Message {
    let key = &plan.project.key;
    let open = plan.tasks().filter(|task| !task.fields.status.is_terminal()).count();
    if plan.is_empty() {
        return no_tasks();
    }
    if open == 0 {
        return teach(
            &format!("{key} has nothing left to do. To plan further, try"),
            "/docket edit add a task for feedback",
        );
    }
    let words = format!("Nothing in {key} can be started now: {} under way or waiting. See", are(open));
    teach(&words, &format!("/docket status {key}"))
}

/// `its 4 open tasks are`.
fn are(open: usize) -> String {
    if open == 1 { "its only open task is".to_owned() } else { format!("its {open} open tasks are") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        answers::line::sample::{plan, project, today},
        domain::task::Priority,
        review::sample::{ana, ben, names, task},
    };

    fn of(plan: Plan) -> Facts {
        Facts { plan, me: Some(ana()), names: names(), today: today() }
    }

    #[test]
    fn what_waits_for_another_can_not_be_started() {
        // 3 is in progress, so 4 waits for it, 2 has open sub-tasks, 5 waits for 2, 6 is blocked.
        insta::assert_snapshot!(message(&of(plan())).to_plain(), @"Nothing in AUTH can be started now: its 5 open tasks are under way or waiting. See /docket status AUTH");
    }

    #[test]
    fn mine_come_first_then_free_ones_by_priority_and_due_date() {
        let mut tasks: Vec<Task> = (1..=6).map(|n| task(n, None, &format!("Task {n}"))).collect();
        tasks[1].fields.priority = Priority::Urgent;
        tasks[2].fields.due = Some(today());
        tasks[3].fields.assignee = Some(ana());
        tasks[4].fields.assignee = Some(ben());
        tasks[5].fields.status = Status::Backlog;
        insta::assert_snapshot!(message(&of(Plan::new(project("AUTH", "Sign-in"), tasks))).to_plain(), @r"
        AUTH · 6 tasks can be started
        Yours
        AUTH-4 Task 4 · Ana
        Free to take
        AUTH-2 Task 2 · urgent priority
        AUTH-3 Task 3 · due today
        AUTH-1 Task 1
        AUTH-6 Task 6 · backlog
        Assigned to others
        AUTH-5 Task 5 · Ben
        [Start AUTH-4]
        ");
    }

    #[test]
    fn nothing_to_start_says_what_to_do() {
        let mut done = task(1, None, "Done");
        done.fields.status = Status::Done;
        let say = |tasks: Vec<Task>| message(&of(Plan::new(project("AUTH", "Sign-in"), tasks))).to_plain();
        insta::assert_snapshot!(say(vec![done]), @"AUTH has nothing left to do. To plan further, try /docket edit add a task for feedback");
        let mut busy = task(1, None, "Busy");
        busy.fields.status = Status::InProgress;
        insta::assert_snapshot!(say(vec![busy]), @"Nothing in AUTH can be started now: its only open task is under way or waiting. See /docket status AUTH");
        insta::assert_snapshot!(say(Vec::new()), @"No tasks yet. Try /docket edit add a task for documentation");
    }
}
