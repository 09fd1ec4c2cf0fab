//! What became of an issue, for the task that it stands for.
//!
//! Only what changed at the tracker since it was looked at last is taken over: closed, reopened, renamed, relabelled,
//! given to somebody. What people change in the plan meanwhile stays theirs. A closed issue ends its task, and a
//! reopened one takes it up again, since that is said in so many words; nothing else touches a task that is over.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::when;
use crate::{
    domain::{
        ids::{MemberId, PatchId},
        patch::{Change, TaskChanges},
        task::{Priority, Status, TaskFields},
        tracker::{Account, Issue, IssueState},
    },
    planner::{listed, title},
};

/// What counts of an issue, at one look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// How far it had come.
    pub state: IssueState,
    /// Its title.
    pub title: String,
    /// How much it matters, where a label says so.
    pub priority: Option<Priority>,
    /// Whether a label says that something is in the way.
    pub is_blocked: bool,
    /// Who did it, by account.
    pub assignees: BTreeSet<u64>,
}

/// What was made of an issue so far, as it is kept with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// What was seen last.
    pub seen: Seen,
    /// What had been seen before, as long as what follows from the difference waits for a decision.
    #[serde(default)]
    pub before: Option<Seen>,
    /// The patch that waits, or waited, for it.
    #[serde(default)]
    pub patch: Option<PatchId>,
}

impl Seen {
    /// What counts of an issue as it is.
    pub fn of(issue: &Issue) -> Self {
        Self {
            state: issue.state,
            title: issue.title.clone(),
            priority: issue.labels.iter().filter_map(|label| priority(label)).min(),
            is_blocked: issue.labels.iter().any(|label| label.trim().eq_ignore_ascii_case("blocked")),
            assignees: issue.assignees.iter().map(|account| account.id).collect(),
        }
    }
}

impl Told {
    /// Everything about an issue as it is, of which nothing follows: what Docket wrote itself, or what it was linked as.
    pub fn noting(issue: &Issue) -> Self {
        Self { seen: Seen::of(issue), before: None, patch: None }
    }

    /// What is kept.
    pub fn to_value(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// What was kept; `None` where there is nothing, or nothing that is understood.
    pub fn from_value(value: Option<&Value>) -> Option<Self> {
        value.and_then(|value| serde_json::from_value(value.clone()).ok())
    }
}

/// What follows from an issue for its task, and what happened, in words to follow what the issue is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What changes.
    pub changes: TaskChanges,
    /// ` was closed and renamed by ana-gh on 20 Nov 2026 at 10:42 UTC`.
    pub happened: String,
}

/// What changed since `before`, as far as the task says otherwise. Of an issue that was never looked at, only that it is
/// closed counts. `people` are the members behind the accounts that do it or did.
pub fn find(
    before: Option<&Seen>,
    issue: &Issue,
    fields: &TaskFields,
    people: &BTreeMap<u64, MemberId>,
    by: Option<&Account>,
) -> Option<Finding> {
    let now = Seen::of(issue);
    let before = before.cloned().unwrap_or_else(|| Seen { state: IssueState::Open, ..now.clone() });
    let (mut changes, mut said) = (TaskChanges::default(), Vec::new());
    let (status, words) = status(&before, &now, fields.status);
    if let Some(status) = status.filter(|status| *status != fields.status) {
        changes.status = Change::Set(status);
        said.push(words.to_owned());
    }
    let is_over = fields.status.is_terminal() && changes.status.is_keep();
    let named = title(&now.title);
    if before.title != now.title && named != fields.title && !named.is_empty() {
        changes.title = Change::Set(named);
        said.push("renamed".to_owned());
    }
    if let Some(priority) =
        now.priority.filter(|priority| before.priority != now.priority && *priority != fields.priority)
        && !is_over
    {
        changes.priority = Change::Set(priority);
        said.push("relabelled".to_owned());
    }
    if before.assignees != now.assignees && !is_over {
        let (change, words) = assignee(&before, &now, issue, fields, people);
        changes.assignee = change;
        said.extend((!changes.assignee.is_keep()).then_some(words));
    }
    let by = by.map(|by| format!(" by {}", by.login)).unwrap_or_default();
    let at = issue.ended_at.filter(|_| now.state != IssueState::Open).unwrap_or(issue.updated_at);
    let happened = format!(" was {}{by} {}", listed(&said), when(at));
    (!changes.is_empty()).then_some(Finding { changes, happened })
}

/// The status that follows from what changed, and what that was.
fn status(before: &Seen, now: &Seen, status: Status) -> (Option<Status>, &'static str) {
    let is_over = status.is_terminal();
    match (before.state, now.state) {
        (was, IssueState::Completed) if was != now.state && !is_over => (Some(Status::Done), "closed as completed"),
        (was, IssueState::NotPlanned) if was != now.state && !is_over => {
            (Some(Status::Cancelled), "closed as not planned")
        }
        (was, IssueState::Open) if was != now.state && is_over => (Some(Status::Todo), "reopened"),
        _ if is_over || now.state != IssueState::Open => (None, ""),
        _ if now.is_blocked && !before.is_blocked => (Some(Status::Blocked), "labelled blocked"),
        _ if before.is_blocked && !now.is_blocked && status == Status::Blocked => {
            (Some(Status::Todo), "no longer labelled blocked")
        }
        _ => (None, ""),
    }
}

/// Who does the task now: the first of those whom the tracker names and Docket knows, those first who are new.
fn assignee(
    before: &Seen,
    now: &Seen,
    issue: &Issue,
    fields: &TaskFields,
    people: &BTreeMap<u64, MemberId>,
) -> (Change<MemberId>, String) {
    let known =
        |ids: &BTreeSet<u64>| -> BTreeSet<MemberId> { ids.iter().filter_map(|id| people.get(id)).copied().collect() };
    if now.assignees.is_empty() {
        // Whoever was given the task in the plan keeps it.
        let was_theirs = fields.assignee.is_some_and(|member| known(&before.assignees).contains(&member));
        return (if was_theirs { Change::Clear } else { Change::Keep }, "unassigned".to_owned());
    }
    if fields.assignee.is_some_and(|member| known(&now.assignees).contains(&member)) {
        return (Change::Keep, String::new());
    }
    let mut accounts: Vec<&Account> =
        issue.assignees.iter().filter(|account| people.contains_key(&account.id)).collect();
    accounts.sort_by_key(|account| (before.assignees.contains(&account.id), account.id));
    match accounts.first().and_then(|account| Some((account, people.get(&account.id)?))) {
        Some((account, member)) => (Change::Set(*member), format!("assigned to {}", account.login)),
        None => (Change::Keep, String::new()),
    }
}

/// How much an issue of this label matters: `priority: high`, `P1`, `urgent`.
pub fn priority(label: &str) -> Option<Priority> {
    let label = label.trim().to_lowercase();
    let words: Vec<&str> = label.split([':', '/', '-', '_', ' ', '=']).filter(|word| !word.is_empty()).collect();
    let (is_about, word) = match words.as_slice() {
        ["priority" | "prio", word] | [word, "priority" | "prio"] => (true, *word),
        [word] => (false, *word),
        _ => return None,
    };
    match word {
        "p0" | "urgent" => Some(Priority::Urgent),
        "p1" => Some(Priority::High),
        "p2" => Some(Priority::Normal),
        "p3" => Some(Priority::Low),
        "critical" | "highest" if is_about => Some(Priority::Urgent),
        "high" if is_about => Some(Priority::High),
        "normal" | "medium" if is_about => Some(Priority::Normal),
        "low" | "lowest" if is_about => Some(Priority::Low),
        _ => None,
    }
}

#[cfg(test)]
#[path = "issues_tests.rs"]
mod tests;
