//! `inbox`: what waits for the sender.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::{
    Ask,
    line::{Lines, proposal, section, titled},
    teach,
};
use crate::{
    domain::{
        ids::{MemberId, ProjectId},
        member::Member,
        message::{Message, Span},
        patch::Patch,
        policy::{Circle, Policy, Refusal},
        project::Project,
        task::{Status, Task},
        time::Timestamp,
    },
    review::words::{ago, count},
    store::{self, Tx},
};

/// Lines of one list.
const LINES: usize = 15;

struct Facts {
    me: Member,
    /// Oldest first, each with the key of its project, its rules and who approved it.
    open: Vec<(Patch, String, Policy, BTreeSet<MemberId>)>,
    /// The sender's tasks that are under way or late.
    tasks: Vec<(Project, Vec<Task>)>,
    now: Timestamp,
    today: NaiveDate,
}

pub(super) async fn answer(tx: &mut Tx, ask: &Ask<'_>) -> store::Result<Message> {
    let Some(me) = ask.sender else { return Ok(super::whoami::stranger()) };
    let projects = tx.projects().await?;
    let keys: BTreeMap<ProjectId, String> =
        projects.iter().map(|project| (project.id, project.key.to_string())).collect();
    let mut open = Vec::new();
    for patch in tx.open_patches().await?.into_iter().rev().filter(|patch| ask.now < patch.expires_at) {
        let founding = patch.founding.as_ref().map(|founding| founding.key.to_string());
        let key = keys.get(&patch.project).cloned().or(founding).unwrap_or_default();
        let policy = tx.policy_of(patch.project).await?;
        // Where one approval is enough, no open patch has any.
        let approvals = match policy.demand(&patch).approvals {
            0..=1 => BTreeSet::new(),
            _ => tx.approvals(patch.id, patch.revision).await?,
        };
        open.push((patch, key, policy, approvals));
    }
    let tasks = mine(tx, projects, me.id, ask.today()).await?;
    Ok(message(&Facts { me: me.clone(), open, tasks, now: ask.now, today: ask.today() }))
}

/// The tasks of `me` that are under way or late, by project.
async fn mine(
    tx: &mut Tx,
    projects: Vec<Project>,
    me: MemberId,
    today: NaiveDate,
) -> store::Result<Vec<(Project, Vec<Task>)>> {
    let mut by_project: BTreeMap<ProjectId, Vec<Task>> = BTreeMap::new();
    for (project, task) in tx.tasks_assigned(me).await? {
        if waits(&task, today) {
            by_project.entry(project).or_default().push(task);
        }
    }
    let found = projects.into_iter().filter_map(|project| by_project.remove(&project.id).map(|tasks| (project, tasks)));
    Ok(found.collect())
}

/// Whether a task wants its assignee's attention: under way, or late.
fn waits(task: &Task, today: NaiveDate) -> bool {
    let late = task.fields.due.is_some_and(|due| due < today);
    match task.fields.status {
        Status::InProgress | Status::InReview | Status::Blocked => true,
        Status::Todo | Status::Backlog => late,
        Status::Done | Status::Cancelled => false,
    }
}

fn message(facts: &Facts) -> Message {
    let me = facts.me.id;
    // Who is in a group is asked at a click; until then it may be the reader.
    let decidable = |patch: &Patch, policy: &Policy, approvals: &BTreeSet<MemberId>| {
        let may = policy.may_approve(&facts.me, patch, &Circle::Unknown);
        matches!(may, Ok(()) | Err(Refusal::GroupUnknown)) && !approvals.contains(&me)
    };
    let line = |patch: &Patch, key: &str| -> Vec<Span> {
        let mut spans = proposal(patch, key);
        spans.push(Span::plain(format!(" · proposed {}", ago(patch.created_at, facts.now))));
        spans
    };
    let mut decide = Vec::new();
    let mut own = Vec::new();
    for (patch, key, policy, approvals) in &facts.open {
        if decidable(patch, policy, approvals) {
            decide.push(line(patch, key));
        } else if patch.author == me {
            own.push(line(patch, key));
        }
    }
    let tasks: Vec<Vec<Span>> =
        facts.tasks.iter().flat_map(|(project, tasks)| my_lines(facts, project, tasks)).collect();
    if decide.is_empty() && own.is_empty() && tasks.is_empty() {
        return teach("Nothing waits for you. To see what you could start, say", "/docket next");
    }
    let summary = format!("{} to decide on, {} of yours", count(decide.len(), "proposal"), count(tasks.len(), "task"));
    let mut blocks = section("Waiting for your decision", decide, LINES, None);
    blocks.extend(section("Yours, waiting for others", own, LINES, None));
    blocks.extend(section("Your tasks", tasks, LINES, None));
    titled("Your inbox".to_owned(), summary, blocks)
}

fn my_lines(facts: &Facts, project: &Project, tasks: &[Task]) -> Vec<Vec<Span>> {
    let names = BTreeMap::from([(facts.me.id, "you".to_owned())]);
    let lines = Lines { key: &project.key, names: &names, today: facts.today };
    let mut tasks: Vec<&Task> = tasks.iter().collect();
    tasks.sort_by_key(|task| (task.fields.due.unwrap_or(NaiveDate::MAX), task.fields.priority));
    tasks.into_iter().map(|task| lines.task(task)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        answers::{
            line::sample::{plan, project, today},
            whoami::sample::member,
        },
        domain::{patch::PatchCode, task::TaskNumber},
        review::sample::{NOW, ana, ben, edits, first_plan},
    };

    fn facts() -> Facts {
        let plan = plan();
        let mine = plan.task(TaskNumber(3)).unwrap().clone();
        let mut own = first_plan().patch;
        own.code = PatchCode(42);
        let open = vec![
            (Patch { author: ben(), ..edits().patch }, "AUTH".to_owned(), Policy::default(), BTreeSet::new()),
            (own, "SHOP".to_owned(), Policy::default(), BTreeSet::from([ana()])),
        ];
        Facts {
            me: member(ana(), "Ana"),
            open,
            tasks: vec![(project("AUTH", "Sign-in"), vec![mine])],
            now: NOW,
            today: today(),
        }
    }

    #[test]
    fn an_inbox_tells_decisions_waits_and_tasks_apart() {
        insta::assert_snapshot!(message(&facts()).to_plain(), @r"
        Your inbox
        Waiting for your decision
        P-41 AUTH: change the sign-in tasks · proposed one hour ago
        Yours, waiting for others
        P-42 SHOP: plan the user authentication flow · proposed one hour ago
        Your tasks
        AUTH-3 Issue tokens · in progress · 1 d · due 19 Nov 2026, 1 day late · you
        ");
    }

    #[test]
    fn what_the_policy_forbids_does_not_wait_for_my_decision() {
        let mut facts = facts();
        facts.open.truncate(1);
        facts.open[0].2.self_approval = false;
        facts.open[0].0.author = ana();
        facts.tasks.clear();
        insta::assert_snapshot!(message(&facts).to_plain(), @r"
        Your inbox
        Yours, waiting for others
        P-41 AUTH: change the sign-in tasks · proposed one hour ago
        ");
    }

    #[test]
    fn an_empty_inbox_says_what_to_do_next() {
        let facts = Facts { open: Vec::new(), tasks: Vec::new(), ..facts() };
        insta::assert_snapshot!(message(&facts).to_plain(), @"Nothing waits for you. To see what you could start, say /docket next");
    }

    #[test]
    fn late_tasks_wait_and_future_ones_do_not() {
        let mut task = crate::review::sample::task(1, None, "A task");
        let mut wants = |status, days: i64| {
            task.fields.status = status;
            task.fields.due = Some(today() + chrono::TimeDelta::days(days));
            waits(&task, today())
        };
        assert!(wants(Status::Todo, -1) && wants(Status::InReview, 5));
        assert!(!wants(Status::Todo, 0) && !wants(Status::Done, -1));
    }
}
