//! `list`: the projects.

use std::collections::BTreeMap;

use super::{
    line::{counts, proposal, section, titled},
    place,
};
use crate::{
    domain::{
        ids::ProjectId,
        message::{Message, Span},
        patch::Patch,
        project::{Lifecycle, Project},
        task::Status,
        tracker::Presence,
    },
    review::words::{clip, count, list as sentence},
    store::{self, Tx},
};

/// Projects in one answer.
const LINES: usize = 40;

struct Facts {
    projects: Vec<Project>,
    counts: BTreeMap<ProjectId, BTreeMap<Status, i64>>,
    open: Vec<Patch>,
    /// The repositories that are gone, by project.
    missing: BTreeMap<ProjectId, Vec<String>>,
}

pub(super) async fn answer(tx: &mut Tx) -> store::Result<Message> {
    let mut missing: BTreeMap<ProjectId, Vec<String>> = BTreeMap::new();
    for gone in tx.repositories().await?.iter().filter(|one| one.presence == Presence::Missing) {
        for project in tx.projects_linked_to(gone.id()).await? {
            missing.entry(project).or_default().push(gone.name().to_owned());
        }
    }
    let (projects, counts, open) = (tx.projects().await?, tx.task_counts().await?, tx.open_patches().await?);
    Ok(message(&Facts { projects, counts, open, missing }))
}

fn message(facts: &Facts) -> Message {
    let founding = facts.open.iter().filter_map(|patch| Some((patch, patch.founding.as_ref()?)));
    let plans: Vec<_> = founding.map(|(patch, founding)| proposal(patch, founding.key.as_str())).collect();
    if facts.projects.is_empty() && plans.is_empty() {
        return place::nothing();
    }
    let (archived, live): (Vec<&Project>, Vec<_>) =
        facts.projects.iter().partition(|project| project.lifecycle == Lifecycle::Archived);
    let lines = |projects: Vec<&Project>| projects.into_iter().map(|project| line(facts, project)).collect();
    let title = match plans.len() {
        waiting if live.is_empty() && waiting > 0 => {
            format!("No project yet, {} to approve", count(waiting, "first plan"))
        }
        _ => count(live.len(), "project"),
    };
    let mut blocks = section("Projects", lines(live), LINES, None);
    blocks.extend(section("First plans that wait for approval", plans, LINES, None));
    blocks.extend(section("Archived", lines(archived), LINES, None));
    titled(title.clone(), title, blocks)
}

/// `AUTH User authentication · draft · 4 todo, 1 done · 1 open proposal`.
fn line(facts: &Facts, project: &Project) -> Vec<Span> {
    let nothing = BTreeMap::new();
    let tasks = counts(facts.counts.get(&project.id).unwrap_or(&nothing));
    let open = facts.open.iter().filter(|patch| patch.project == project.id).count();
    let open = if open > 0 { format!(" · {}", count(open, "open proposal")) } else { String::new() };
    let missing = match facts.missing.get(&project.id) {
        Some(names) => format!(" · {} is missing at GitHub", sentence(names, "and")),
        None => String::new(),
    };
    let words = format!(" · {} · {tasks}{open}{missing}", project.lifecycle.as_str());
    let name = Span::Link { text: project.key.to_string(), url: format!("/projects/{}", project.key) };
    vec![name, Span::plain(format!(" {}{words}", clip(&project.title, 80)))]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        answers::line::sample::project,
        review::sample::{edits, first_plan, id},
    };

    #[test]
    fn the_list_tells_projects_proposed_ones_and_archived_ones_apart() {
        let auth = project("AUTH", "User authentication");
        let old = Project { id: id(2), lifecycle: Lifecycle::Archived, ..project("OLD", "The old site") };
        let counts = BTreeMap::from([(auth.id, BTreeMap::from([(Status::Todo, 4), (Status::Done, 1)]))]);
        let missing = BTreeMap::from([(auth.id, vec!["acme/web".to_owned()])]);
        let mut first = first_plan().patch;
        first.project = id(3);
        let facts = Facts { projects: vec![auth, old], counts, open: vec![edits().patch, first], missing };
        insta::assert_snapshot!(message(&facts).to_plain(), @r"
        1 project
        Projects
        AUTH User authentication · draft · 4 todo, 1 done · 1 open proposal · acme/web is missing at GitHub
        First plans that wait for approval
        P-41 AUTH: plan the user authentication flow
        Archived
        OLD The old site · archived · no tasks
        ");
    }

    #[test]
    fn a_list_of_first_plans_alone_says_so() {
        let facts = Facts {
            projects: Vec::new(),
            counts: BTreeMap::new(),
            open: vec![first_plan().patch],
            missing: BTreeMap::new(),
        };
        insta::assert_snapshot!(message(&facts).to_plain(), @r"
        No project yet, 1 first plan to approve
        First plans that wait for approval
        P-41 AUTH: plan the user authentication flow
        ");
    }

    #[test]
    fn an_empty_list_teaches_the_next_step() {
        let facts = Facts { projects: Vec::new(), counts: BTreeMap::new(), open: Vec::new(), missing: BTreeMap::new() };
        insta::assert_snapshot!(message(&facts).to_plain(), @"No projects yet. Try /docket plan Build a user authentication flow");
    }
}
