//! What follows from all that is known of some tasks, and what is waiting for a decision already.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    domain::{
        ids::{MemberId, PatchId, ProjectId},
        patch::{Change, Operation, Patch, PatchState, Step, TaskChanges},
        policy::Move,
        session::Party,
        task::{Link, Status, Task, TaskNumber},
        tracker::{Account, Numbered, Pull},
    },
    error::Result,
    planner::rules::{
        issues::{self, Seen, Told},
        pulls::{self, Linked},
    },
    store::{PullTask, StoredIssue, Tx},
};

/// What follows for one task.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// Which.
    pub(super) task: TaskNumber,
    /// What changes.
    pub(super) changes: TaskChanges,
    /// What kind of move it is.
    pub(super) kind: Move,
    /// What happened, in a sentence that begins with the link's label.
    pub(super) reason: String,
    /// Where that stands.
    pub(super) link: Link,
    /// From what it follows.
    pub(super) source: Source,
}

/// From what something follows.
#[derive(Debug, Clone)]
pub(super) enum Source {
    /// Pull requests, for which this status is noted.
    Pulls(Vec<PullTask>, Status),
    /// An issue, and what had been seen of it before.
    Issue(Numbered, Option<Seen>),
}

impl Found {
    /// The issue from which it follows.
    pub(super) fn issue(&self) -> Option<Numbered> {
        match &self.source {
            Source::Issue(at, _) => Some(*at),
            Source::Pulls(..) => None,
        }
    }

    /// The step that it is in a patch.
    pub(super) fn step(&self) -> Step {
        Step {
            operation: Operation::UpdateTask { number: self.task, changes: self.changes.clone() },
            reason: self.reason.clone(),
            evidence: Some(self.link.clone()),
        }
    }
}

/// A patch of rules that waits for a decision.
#[derive(Debug)]
pub(super) struct Pending {
    /// The patch.
    pub(super) patch: Patch,
    /// The links that it was proposed because of.
    pub(super) links: Vec<PullTask>,
}

impl Pending {
    /// Whether it changes this task.
    pub(super) fn is_about(&self, task: TaskNumber) -> bool {
        self.patch.operations().any(|operation| operation.task() == Some(task))
    }

    /// Whether it proposes what follows for its tasks, and no more.
    pub(super) fn says(&self, found: &[Found]) -> bool {
        let steps: Vec<Step> = found.iter().filter(|found| self.is_about(found.task)).map(Found::step).collect();
        let same = |one: &Step, other: &Step| one.operation == other.operation && one.evidence == other.evidence;
        steps.len() == self.patch.steps.len()
            && steps.iter().all(|step| self.patch.steps.iter().any(|own| same(own, step)))
    }
}

/// All that was found.
#[derive(Debug, Default)]
pub(super) struct Look {
    /// What follows.
    pub(super) found: Vec<Found>,
    /// What waits for a decision.
    pub(super) pending: Vec<Pending>,
    /// Links whose status holds already, with that noted.
    pub(super) held: Vec<PullTask>,
    /// The issues that were looked at.
    pub(super) seen: Vec<StoredIssue>,
}

/// Looks at everything that is known of these tasks, and of those that the same waiting patches are about.
pub(super) async fn look(
    tx: &mut Tx,
    project: ProjectId,
    mut tasks: BTreeSet<TaskNumber>,
    by: Option<&Account>,
) -> Result<Look> {
    let mut look = Look::default();
    let mut open: Vec<TaskNumber> = tasks.iter().copied().collect();
    let mut all: Vec<(Task, Vec<PullTask>, Option<StoredIssue>)> = Vec::new();
    while let Some(number) = open.pop() {
        let Some(task) = tx.task(project, number).await? else { continue };
        let links = tx.pulls_of_task(project, number).await?;
        let issue = tx.issue_of_task(project, number).await?;
        let told = issue.as_ref().and_then(|issue| Told::from_value(issue.proposed.as_ref()));
        let patches: BTreeSet<PatchId> =
            links.iter().filter_map(|link| link.patch).chain(told.and_then(|told| told.patch)).collect();
        for id in patches {
            if look.pending.iter().any(|pending| pending.patch.id == id) {
                continue;
            }
            let Some(patch) = tx.lock_patch(id).await?.filter(|patch| patch.state == PatchState::Proposed) else {
                continue;
            };
            let more: Vec<TaskNumber> = patch.operations().filter_map(Operation::task).collect();
            open.extend(more.into_iter().filter(|task| tasks.insert(*task)));
            look.pending.push(Pending { patch, links: Vec::new() });
        }
        all.push((task, links, issue));
    }
    all.sort_by_key(|(task, ..)| task.number);
    for (task, links, issue) in all {
        if let Some(issue) = issue {
            of_issue(tx, &mut look, &task, issue, by).await?;
        }
        of_pulls(tx, &mut look, &task, links).await?;
    }
    Ok(look)
}

/// What follows from the pull requests of a task. What its issue says of its status comes first: that is about the task
/// itself.
async fn of_pulls(tx: &mut Tx, look: &mut Look, task: &Task, links: Vec<PullTask>) -> Result<()> {
    let mut pulls: Vec<(PullTask, Pull)> = Vec::new();
    for mut link in links {
        let Some(pull) = tx.pull(link.pull).await? else { continue };
        let pending = look.pending.iter_mut().find(|pending| Some(pending.patch.id) == link.patch);
        if let Some(pending) = pending {
            pending.links.push(link.clone());
            // Nobody has decided on it.
            link.proposed = None;
        }
        pulls.push((link, pull));
    }
    let linked: Vec<Linked<'_>> = pulls
        .iter()
        .map(|(link, pull)| Linked { pull, is_closing: link.is_closing, proposed: link.proposed })
        .collect();
    let Some(finding) = pulls::find(task.fields.status, &linked) else { return Ok(()) };
    let because = |at: &Numbered| pulls.iter().find(|(link, _)| link.pull == *at);
    let links: Vec<PullTask> = finding.because.iter().filter_map(because).map(|(link, _)| link.clone()).collect();
    if finding.holds {
        let note = |link: PullTask| PullTask { proposed: Some(finding.to), patch: None, ..link };
        look.held.extend(links.into_iter().filter(|link| link.proposed != Some(finding.to)).map(note));
        return Ok(());
    }
    let is_said = look.found.iter().any(|found| found.task == task.number && !found.changes.status.is_keep());
    let Some((_, pull)) = finding.because.first().and_then(because).filter(|_| finding.is_due && !is_said) else {
        return Ok(());
    };
    let label = name(tx, pull.at).await?;
    look.found.push(Found {
        task: task.number,
        changes: TaskChanges { status: Change::Set(finding.to), ..TaskChanges::default() },
        kind: finding.kind,
        reason: format!("{label}{}", pulls::happened(pull, finding.kind)),
        link: Link { label, url: pull.url.clone() },
        source: Source::Pulls(links, finding.to),
    });
    Ok(())
}

/// What follows from the issue that stands for a task.
async fn of_issue(tx: &mut Tx, look: &mut Look, task: &Task, stored: StoredIssue, by: Option<&Account>) -> Result<()> {
    let told = Told::from_value(stored.proposed.as_ref());
    let before = match told {
        None => None,
        Some(told) => match look.pending.iter().find(|pending| Some(pending.patch.id) == told.patch) {
            Some(_) => told.before,
            None => Some(told.seen),
        },
    };
    let accounts = stored.issue.assignees.iter().map(|account| account.id);
    let people = people(tx, accounts.chain(before.iter().flat_map(|seen| seen.assignees.clone())).collect()).await?;
    if let Some(finding) = issues::find(before.as_ref(), &stored.issue, &task.fields, &people, by) {
        let label = name(tx, stored.issue.at).await?;
        look.found.push(Found {
            task: task.number,
            changes: finding.changes,
            kind: Move::Issues,
            reason: format!("{label}{}", finding.happened),
            link: Link { label, url: stored.issue.url.clone() },
            source: Source::Issue(stored.issue.at, before),
        });
    }
    look.seen.push(stored);
    Ok(())
}

/// The members behind accounts at GitHub, by what they linked themselves.
async fn people(tx: &mut Tx, accounts: BTreeSet<u64>) -> Result<BTreeMap<u64, MemberId>> {
    let mut people = BTreeMap::new();
    if accounts.is_empty() {
        return Ok(people);
    }
    for login in tx.logins().await? {
        if let (Party::GitHub, Ok(account)) = (login.party, login.subject.parse::<u64>())
            && accounts.contains(&account)
        {
            people.insert(account, login.member);
        }
    }
    Ok(people)
}

/// What people call a pull request or an issue: `acme/web#12`.
pub(super) async fn name(tx: &mut Tx, at: Numbered) -> Result<String> {
    let repository = tx.repository(at.repository).await?;
    Ok(format!("{}#{}", repository.map_or_else(String::new, |repository| repository.name().to_owned()), at.number))
}
