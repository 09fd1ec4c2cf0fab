//! `show AUTH`: a project as a tree.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::{
    Ask,
    line::{Lines, Progress, and_more, assignees, proposal, section, titled},
    no_tasks, open_of, repositories,
};
use crate::{
    domain::{
        ids::MemberId,
        message::{Block, Line, LineKind, Message, Span},
        patch::Patch,
        plan::Plan,
        project::Project,
        task::Task,
        tracker::Repository,
    },
    review::{facts::names, words::count},
    store::{self, Tx},
};

/// Lines of a tree in one answer; the page shows all of it.
const LINES: usize = 40;
/// Proposals in one answer.
const PROPOSALS: usize = 5;

struct Facts {
    plan: Plan,
    names: BTreeMap<MemberId, String>,
    open: Vec<Patch>,
    repositories: Vec<Repository>,
    today: NaiveDate,
}

pub(super) async fn answer(tx: &mut Tx, ask: &Ask<'_>, project: Project) -> store::Result<Message> {
    let open = open_of(tx, project.id).await?;
    let plan = tx.plan(project.id).await?.unwrap_or_else(|| Plan::new(project, []));
    let names = names(tx, assignees(plan.tasks())).await?;
    let repositories = tx.repositories_linked_to(plan.project.id).await?;
    Ok(message(&Facts { plan, names, open, repositories, today: ask.today() }))
}

fn message(facts: &Facts) -> Message {
    let project = &facts.plan.project;
    let title = format!("{} · {}", project.key, project.title);
    let standing = format!(
        "{} · revision {} · {}",
        project.lifecycle.as_str(),
        project.revision,
        Progress::of(&facts.plan).words()
    );
    let mut blocks = vec![Block::Context(vec![Span::Plain(standing.clone())])];
    if !project.summary.is_empty() {
        blocks.push(Block::Text(vec![Span::plain(&project.summary)]));
    }
    if facts.plan.is_empty() {
        blocks.extend(no_tasks().blocks);
    } else {
        blocks.push(tree(facts));
    }
    let repositories = facts.repositories.iter().map(repositories::line).collect();
    blocks.extend(section("Repositories", repositories, LINES, None));
    let open = facts.open.iter().map(|patch| proposal(patch, project.key.as_str())).collect();
    blocks.extend(section("Open proposals", open, PROPOSALS, None));
    titled(title.clone(), format!("{title} · {standing}"), blocks)
}

/// The tree down to the depth that fits, and what it leaves out.
fn tree(facts: &Facts) -> Block {
    let plan = &facts.plan;
    let page = format!("/projects/{}", plan.project.key);
    let all = plan.tree();
    let deepest = all.iter().map(|(depth, _)| *depth).max().unwrap_or(0);
    let fits = |limit: &usize| all.iter().filter(|(depth, _)| depth <= limit).count() <= LINES;
    let limit = (0..=deepest).rev().find(fits).unwrap_or(0);
    let shown: Vec<&(usize, &Task)> = all.iter().filter(|(depth, _)| *depth <= limit).collect();
    let lines = Lines { key: &plan.project.key, names: &facts.names, today: facts.today };
    let mut out: Vec<Line> = shown
        .iter()
        .take(LINES)
        .map(|(depth, task)| {
            let mut spans = lines.task(task);
            let below = if *depth == limit { plan.subtree(task.number).len() - 1 } else { 0 };
            if below > 0 {
                spans.push(Span::plain(format!(" · {} below", count(below, "task"))));
            }
            Line { kind: LineKind::Plain, depth: *depth, spans }
        })
        .collect();
    out.extend(and_more(shown.len().saturating_sub(LINES), Some(&page)));
    Block::Lines { lines: out, more: Some(page) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        answers::line::sample::{plan, project, today},
        review::sample::{edits, names, task},
    };

    fn of(plan: Plan) -> Facts {
        Facts { plan, names: names(), open: Vec::new(), repositories: Vec::new(), today: today() }
    }

    #[test]
    fn a_project_is_shown_as_a_tree_with_its_open_proposals() {
        let facts = Facts { open: vec![edits().patch], ..of(plan()) };
        insta::assert_snapshot!(message(&facts).to_plain(), @r"
        AUTH · User authentication
        draft · revision 4 · 1 of 5 tasks done (20 %) · 1 d 4 h to go, 2 tasks without an estimate
        ✓ AUTH-1 Agree what signing in must do
        AUTH-2 Token service
          AUTH-3 Issue tokens · in progress · 1 d · due 19 Nov 2026, 1 day late · Ana
          AUTH-4 Store refresh tokens · 4 h
        AUTH-5 Sign-in page · Ben
        AUTH-6 Security review · blocked · high priority
        AUTH-7 Old login page · cancelled
        Open proposals
        P-41 AUTH: change the sign-in tasks
        ");
    }

    #[test]
    fn a_project_without_tasks_teaches_the_next_step() {
        insta::assert_snapshot!(message(&of(Plan::new(project("AUTH", "Empty"), []))).to_plain(), @r"
        AUTH · Empty
        draft · revision 4 · no tasks
        No tasks yet. Try /docket edit add a task for documentation
        ");
    }

    #[test]
    fn a_big_tree_folds_its_deepest_levels() {
        let roots = (1..=4).map(|n| task(n, None, "Deliverable"));
        let steps = (5..=54).map(|n| task(n, Some(n % 4 + 1), "Step"));
        let text = message(&of(Plan::new(project("AUTH", "Big"), roots.chain(steps)))).to_plain();
        insta::assert_snapshot!(text, @r"
        AUTH · Big
        draft · revision 4 · 0 of 50 tasks done (0 %) · 50 tasks without an estimate
        AUTH-1 Deliverable · 12 tasks below
        AUTH-2 Deliverable · 13 tasks below
        AUTH-3 Deliverable · 13 tasks below
        AUTH-4 Deliverable · 12 tasks below
        ");
    }

    #[test]
    fn a_flat_tree_that_is_too_long_says_how_many_are_left() {
        let roots = (1..=100).map(|n| task(n, None, "Deliverable"));
        let message = message(&of(Plan::new(project("AUTH", "Flat"), roots)));
        let text = message.to_plain();
        assert_eq!(text.lines().count(), 2 + LINES + 1);
        assert_eq!(text.lines().last(), Some("and 60 more"));
    }
}
