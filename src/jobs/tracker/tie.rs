//! Issues tied to each other like the tasks that they stand for: parts to their whole, and what waits to what comes
//! first. Nothing is untied: people may have tied more at GitHub.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    domain::{
        ids::{ProjectId, TenantId},
        job::JobError,
        plan::Plan,
        task::TaskNumber,
        tracker::Issue,
    },
    jobs::Desk,
    store::{self, Tx},
    trackers::github::{Client, Trouble},
};

/// A tie between two issues, by their full names' repository and number.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Tie {
    kind: Kind,
    /// The issue that lists the other one.
    holder: Issue,
    /// The issue that is listed.
    listed: Issue,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The listed one is a part of the holder.
    Part,
    /// The holder waits for the listed one.
    Waits,
}

impl Kind {
    /// The list's address below that of the holder.
    const fn list(self) -> &'static str {
        match self {
            Self::Part => "sub_issues",
            Self::Waits => "dependencies/blocked_by",
        }
    }

    fn body(self, listed: &Issue) -> Value {
        match self {
            Self::Part => json!({ "sub_issue_id": listed.id, "replace_parent": true }),
            Self::Waits => json!({ "issue_id": listed.id }),
        }
    }
}

/// Ties the issue of one task to those of its neighbours.
pub(in crate::jobs) async fn tie(
    desk: &Desk,
    tenant: TenantId,
    project: ProjectId,
    task: TaskNumber,
) -> Result<(), JobError> {
    let mut tx = desk.store.read(tenant).await?;
    let ties = ties(&mut tx, project, task).await?;
    let mut asked = Vec::new();
    for tie in ties {
        if let Some(repository) = tx.repository(tie.holder.at.repository).await? {
            asked.push((repository, tie));
        }
    }
    drop(tx);
    let mut lists = BTreeMap::new();
    for (repository, tie) in asked {
        let client = desk.github.client(tenant, repository.connection);
        match put(&client, repository.name(), &tie, &mut lists).await {
            // Older servers have no such lists, and what GitHub does not take, such as a ring, it never will.
            Ok(()) | Err(Trouble::NotFound | Trouble::Invalid(_) | Trouble::Denied(_)) => {}
            Err(Trouble::Wait(pause)) => return Err(JobError::Wait(pause)),
            Err(trouble) => return Err(JobError::Retry(trouble.into())),
        }
    }
    Ok(())
}

/// Adds a tie that is not there. `lists` holds what each list was found to hold.
async fn put(client: &Client, name: &str, tie: &Tie, lists: &mut BTreeMap<String, Vec<u64>>) -> Result<(), Trouble> {
    let route = format!("/repos/{name}/issues/{}/{}", tie.holder.at.number, tie.kind.list());
    if !lists.contains_key(&route) {
        let known: Vec<Value> = client.list(&format!("{route}?per_page=100"), 2).await?;
        let ids = known.iter().filter_map(|one| one.get("id")?.as_u64()).collect();
        lists.insert(route.clone(), ids);
    }
    if lists.get(&route).is_some_and(|known| known.contains(&tie.listed.id)) {
        return Ok(());
    }
    client.post::<Value>(&route, &tie.kind.body(&tie.listed)).await.map(drop)
}

/// What ties the issue of a task to others, as the plan is now.
async fn ties(tx: &mut Tx, project: ProjectId, task: TaskNumber) -> store::Result<Vec<Tie>> {
    let Some(plan) = tx.plan(project).await? else { return Ok(Vec::new()) };
    let stored = tx.issues_of_project(project).await?;
    let issue =
        |number: TaskNumber| stored.iter().find(|one| one.task == Some((project, number))).map(|one| one.issue.clone());
    Ok(between(&plan, task, issue))
}

fn between(plan: &Plan, task: TaskNumber, issue: impl Fn(TaskNumber) -> Option<Issue>) -> Vec<Tie> {
    let (Some(own), Some(node)) = (issue(task), plan.task(task)) else { return Vec::new() };
    let tie = |kind, holder: Option<Issue>, listed: Option<Issue>| Some(Tie { kind, holder: holder?, listed: listed? });
    let mut ties = Vec::new();
    ties.extend(node.place.parent.and_then(|parent| tie(Kind::Part, issue(parent), Some(own.clone()))));
    ties.extend(node.fields.depends_on.iter().filter_map(|first| tie(Kind::Waits, Some(own.clone()), issue(*first))));
    for other in plan.tasks() {
        if other.place.parent == Some(task) {
            ties.extend(tie(Kind::Part, Some(own.clone()), issue(other.number)));
        }
        if other.fields.depends_on.contains(&task) {
            ties.extend(tie(Kind::Waits, issue(other.number), Some(own.clone())));
        }
    }
    ties
}
