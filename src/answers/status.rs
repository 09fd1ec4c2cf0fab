//! `status`: how the projects stand.

use std::collections::BTreeMap;

use super::{
    Ask,
    line::{Lines, Progress, assignees, counts, proposal, section, titled},
    list, no_tasks, open_of, place,
    repositories::missing,
};
use crate::{
    domain::{
        ids::MemberId,
        message::{Block, Message, Span},
        patch::Patch,
        plan::Plan,
        project::{Project, ProjectKey},
        task::{Status, Task},
        tracker::Repository,
    },
    intent::place::Unplaced,
    review::{facts::names, lines::separated, words::list as sentence},
    store::{self, Tx},
};

/// Lines of one list.
const LINES: usize = 10;

struct Facts {
    plan: Plan,
    open: Vec<Patch>,
    names: BTreeMap<MemberId, String>,
    repositories: Vec<Repository>,
    today: chrono::NaiveDate,
}

/// The named project, the place's, or one line for each where nothing says which.
pub(super) async fn answer(tx: &mut Tx, ask: &Ask<'_>, key: Option<&ProjectKey>) -> store::Result<Message> {
    let around = place::surroundings(tx, ask.venue).await?;
    match place::choose(key, &around) {
        Ok(project) => one(tx, ask, project).await,
        Err(Unplaced::Ask { .. }) => list::answer(tx).await,
        Err(unplaced) => Ok(place::instead(&unplaced, &around, "status")),
    }
}

async fn one(tx: &mut Tx, ask: &Ask<'_>, project: Project) -> store::Result<Message> {
    let open = open_of(tx, project.id).await?;
    let plan = tx.plan(project.id).await?.unwrap_or_else(|| Plan::new(project, []));
    let names = names(tx, assignees(plan.tasks().filter(|task| !task.fields.status.is_terminal()))).await?;
    let repositories = tx.repositories_linked_to(plan.project.id).await?;
    Ok(message(&Facts { plan, open, names, repositories, today: ask.today() }))
}

fn message(facts: &Facts) -> Message {
    let plan = &facts.plan;
    let project = &plan.project;
    let lines = Lines { key: &project.key, names: &facts.names, today: facts.today };
    let mut by_status: BTreeMap<Status, i64> = BTreeMap::new();
    for task in plan.tasks() {
        *by_status.entry(task.fields.status).or_default() += 1;
    }
    let progress = Progress::of(plan).words();
    let standing = format!("{} · revision {}", project.lifecycle.as_str(), project.revision);
    let title = format!("{} · {}", project.key, project.title);
    let mut blocks = vec![Block::Context(vec![Span::Plain(standing)])];
    let gone = missing(&facts.repositories);
    if !gone.is_empty() {
        blocks.push(Block::Text(vec![Span::Strong(format!("Missing at GitHub: {}.", sentence(&gone, "and")))]));
    }
    if plan.is_empty() {
        blocks.extend(no_tasks().blocks);
    } else {
        blocks.push(Block::Text(vec![Span::plain(&progress)]));
        blocks.push(Block::Text(vec![Span::Plain(counts(&by_status))]));
    }
    let with = |status: Status| plan.tasks().filter(move |task| task.fields.status == status);
    let page = Some(format!("/projects/{}", project.key));
    let blocked = with(Status::Blocked).map(|task| blocked(plan, &lines, task)).collect();
    blocks.extend(section("Blocked", blocked, LINES, page.clone()));
    let is_late =
        |task: &Task| !task.fields.status.is_terminal() && task.fields.due.is_some_and(|due| due < facts.today);
    let late = plan.tasks().filter(|task| is_late(task));
    blocks.extend(section("Late", late.map(|task| lines.task(task)).collect(), LINES, page.clone()));
    let under_way = plan
        .tasks()
        .filter(|task| matches!(task.fields.status, Status::InProgress | Status::InReview) && !is_late(task));
    blocks.extend(section("Under way", under_way.map(|task| lines.task(task)).collect(), LINES, page));
    let open = facts.open.iter().map(|patch| proposal(patch, project.key.as_str())).collect();
    blocks.extend(section("Open proposals", open, LINES, None));
    titled(title.clone(), format!("{title} · {progress}"), blocks)
}

/// `AUTH-6 Security review · blocked · waits for AUTH-4, AUTH-5`.
fn blocked(plan: &Plan, lines: &Lines<'_>, task: &Task) -> Vec<Span> {
    let mut spans = lines.task(task);
    let codes = separated(plan.holders(task).map(|first| Span::Code(plan.code(first.number).to_string())), ", ");
    if !codes.is_empty() {
        spans.push(Span::plain(" · waits for "));
        spans.extend(codes);
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        answers::line::sample::{plan, project, today},
        review::sample::{edits, names},
    };

    #[test]
    fn a_status_says_how_far_what_is_blocked_and_what_is_late() {
        let facts =
            Facts { plan: plan(), open: vec![edits().patch], names: names(), repositories: Vec::new(), today: today() };
        insta::assert_snapshot!(message(&facts).to_plain(), @r"
        AUTH · User authentication
        draft · revision 4
        1 of 5 tasks done (20 %) · 1 d 4 h to go, 2 tasks without an estimate
        3 todo, 1 in progress, 1 blocked, 1 done, 1 cancelled
        Blocked
        AUTH-6 Security review · blocked · high priority · waits for AUTH-4, AUTH-5
        Late
        AUTH-3 Issue tokens · in progress · 1 d · due 19 Nov 2026, 1 day late · Ana
        Open proposals
        P-41 AUTH: change the sign-in tasks
        ");
    }

    #[test]
    fn a_project_without_tasks_has_a_status_too() {
        let plan = Plan::new(project("AUTH", "Empty"), []);
        let facts = Facts { plan, open: Vec::new(), names: names(), repositories: Vec::new(), today: today() };
        insta::assert_snapshot!(message(&facts).to_plain(), @r"
        AUTH · Empty
        draft · revision 4
        No tasks yet. Try /docket edit add a task for documentation
        ");
    }
}
