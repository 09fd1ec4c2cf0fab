//! What a card says, loaded once: from here on everything is pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    domain::{
        diff::{Diff, Effect, Value, diff},
        ids::{MemberId, PatchId},
        patch::{Founding, Operation, Patch, PatchCode, PatchState, Step},
        plan::Plan,
        policy::{Circle, Demand, Policy, Refusal},
        project::{Lifecycle, Project, ProjectKey, Revision},
        rebase,
        task::Link,
        time::Timestamp,
    },
    review::{consensus, notes},
    store::{self, Tx},
};

/// Everything that the card of a patch and the answers about it are made of.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The patch.
    pub patch: Patch,
    /// The key of its project.
    pub key: ProjectKey,
    /// The title of its project.
    pub project_title: String,
    /// Where the project's plan stands now.
    pub project_revision: Revision,
    /// What the patch does: to the plan as it is while it is proposed, to the plan as it was afterwards.
    pub diff: Diff,
    /// The name of everybody the card mentions.
    pub names: BTreeMap<MemberId, String>,
    /// Who approved its current revision; while it is proposed, those whose approval counts.
    pub approvals: BTreeSet<MemberId>,
    /// The rules for decisions of its project, as they are now.
    pub policy: Policy,
    /// When it applies by itself, objections apart; `None` where it never does.
    pub unopposed_at: Option<Timestamp>,
    /// Who objects to its current revision, and why.
    pub objections: Vec<(MemberId, String)>,
    /// Whether it was applied without anybody's approval: nobody objected, or the policy lets what its rules made pass.
    pub by_policy: bool,
    /// What moved under a proposed patch since it was made, a sentence each; empty while it is fresh.
    pub stale: Vec<String>,
    /// What a step of a proposed patch builds on although it is over, by step.
    pub notes: BTreeMap<usize, String>,
    /// The patch that took its place.
    pub superseded_by: Option<PatchCode>,
    /// The patch whose place it took.
    pub supersedes: Option<PatchCode>,
    /// The patch that took it back.
    pub undone_by: Option<PatchCode>,
    /// The patch that it takes back.
    pub undoes: Option<PatchCode>,
    /// When this was loaded.
    pub now: Timestamp,
}

impl Facts {
    /// Loads what the card of `patch` needs.
    pub async fn load(tx: &mut Tx, patch: &Patch, now: Timestamp) -> store::Result<Self> {
        let project = match tx.project(patch.project).await? {
            Some(project) => project,
            None => unborn(patch)?,
        };
        let (plan, stale) = match patch.state {
            PatchState::Proposed => against_the_plan(tx, patch, &project).await?,
            _ => (as_it_was(patch, &project), Vec::new()),
        };
        let (superseded_by, undone_by) = match &patch.state {
            PatchState::Superseded { by, .. } => (code_of(tx, Some(*by)).await?, None),
            PatchState::Undone { by, .. } => (None, code_of(tx, Some(*by)).await?),
            _ => (None, None),
        };
        let notes = match patch.state {
            PatchState::Proposed => notes::notes(&plan, &patch.operations().collect::<Vec<_>>()),
            _ => BTreeMap::new(),
        };
        let diff = diff(&plan, patch.operations());
        let policy = tx.policy_of(patch.project).await?;
        let recorded = tx.approvals(patch.id, patch.revision).await?;
        let by_policy = matches!(patch.state, PatchState::Applied { .. }) && recorded.is_empty();
        let approvals = match patch.state {
            PatchState::Proposed => counting(tx, &policy, patch, recorded).await?,
            _ => recorded,
        };
        let unopposed_at = consensus::due(tx, &policy, patch).await?;
        let objections = match patch.state {
            PatchState::Proposed => tx.objections(patch.id, patch.revision).await?,
            _ => Vec::new(),
        };
        let mut people = mentioned(patch, &plan, &diff);
        people.extend(&approvals);
        people.extend(objections.iter().map(|(member, _)| *member));
        people.extend(&policy.approvers.members);
        let names = names(tx, people).await?;
        let name_of = |member: MemberId| names.get(&member).cloned().unwrap_or_else(|| SOMEBODY.to_owned());
        Ok(Self {
            stale: stale.iter().map(|moved| moved.words(&project.key, &name_of)).collect(),
            notes,
            key: project.key,
            project_title: project.title,
            project_revision: project.revision,
            diff,
            names,
            approvals,
            policy,
            unopposed_at,
            objections,
            by_policy,
            superseded_by,
            supersedes: code_of(tx, patch.supersedes).await?,
            undone_by,
            undoes: code_of(tx, patch.undoes).await?,
            now,
            patch: patch.clone(),
        })
    }

    /// What to call a member.
    pub fn name(&self, member: MemberId) -> &str {
        self.names.get(&member).map_or(SOMEBODY, String::as_str)
    }

    /// Whether nobody decided in time, also where the job that says so has not run yet.
    pub fn has_lapsed(&self) -> bool {
        match self.patch.state {
            PatchState::Expired { .. } => true,
            PatchState::Proposed => self.now >= self.patch.expires_at,
            _ => false,
        }
    }

    /// What rules made it of, where all its steps follow from one and the same: what happened, and where that stands.
    pub fn cause(&self) -> Option<(&str, &Link)> {
        let why = |step: &Step| (step.reason.clone(), step.evidence.clone());
        let [first, others @ ..] = self.patch.steps.as_slice() else { return None };
        let is_one = self.patch.is_by_rule() && others.iter().all(|step| why(step) == why(first));
        first.evidence.as_ref().filter(|_| is_one).map(|link| (first.reason.as_str(), link))
    }

    /// What it needs to be applied.
    pub fn demand(&self) -> Demand {
        self.policy.demand(&self.patch)
    }

    /// How many approvals are still missing.
    pub fn approvals_needed(&self) -> usize {
        self.demand().approvals.saturating_sub(self.approvals.len())
    }
}

/// What a member is called whose name is not known.
pub const SOMEBODY: &str = "somebody";

/// People that are looked up one by one; of more, everybody is read at once.
const FEW: usize = 4;

/// The names of these members.
pub async fn names(tx: &mut Tx, people: BTreeSet<MemberId>) -> store::Result<BTreeMap<MemberId, String>> {
    if people.len() > FEW {
        let members = tx.members().await?.into_iter().filter(|member| people.contains(&member.id));
        return Ok(members.map(|member| (member.id, member.name)).collect());
    }
    let mut names = BTreeMap::new();
    for id in people {
        if let Some(member) = tx.member(id).await? {
            names.insert(id, member.name);
        }
    }
    Ok(names)
}

/// Those of the approvals that count as far as can be known without asking a platform; who decides asks.
async fn counting(
    tx: &mut Tx,
    policy: &Policy,
    patch: &Patch,
    recorded: BTreeSet<MemberId>,
) -> store::Result<BTreeSet<MemberId>> {
    let mut counting = BTreeSet::new();
    for id in recorded {
        if let Some(member) = tx.member(id).await?
            && matches!(policy.may_approve(&member, patch, &Circle::Unknown), Ok(()) | Err(Refusal::GroupUnknown))
        {
            counting.insert(id);
        }
    }
    Ok(counting)
}

async fn against_the_plan(tx: &mut Tx, patch: &Patch, project: &Project) -> store::Result<(Plan, Vec<rebase::Moved>)> {
    let operations: Vec<&Operation> = patch.operations().collect();
    let plan = tx.plan_part(patch.project, &operations).await?;
    let plan = plan.unwrap_or_else(|| Plan::new(project.clone(), []));
    let stale = rebase::staleness(&plan, &patch.before, &operations);
    Ok((plan, stale))
}

/// The part of the plan that the patch was made against, from its own record.
fn as_it_was(patch: &Patch, project: &Project) -> Plan {
    let project = patch.before.project.as_ref().unwrap_or(project);
    Plan::new(project.clone(), patch.before.tasks.values().cloned())
}

/// The project that a first plan will create.
fn unborn(patch: &Patch) -> store::Result<Project> {
    let Some(Founding { key, title, summary }) = patch.founding.clone() else {
        return Err(store::Error::Corrupt { what: "patch", why: format!("the project of {} is missing", patch.code) });
    };
    Ok(Project { id: patch.project, key, title, summary, lifecycle: Lifecycle::Draft, revision: Revision(0) })
}

async fn code_of(tx: &mut Tx, patch: Option<PatchId>) -> store::Result<Option<PatchCode>> {
    let Some(id) = patch else { return Ok(None) };
    Ok(tx.patch(id).await?.map(|patch| patch.code))
}

/// Everybody whose name the card says.
fn mentioned(patch: &Patch, plan: &Plan, diff: &Diff) -> BTreeSet<MemberId> {
    let mut people = BTreeSet::from([patch.author]);
    match &patch.state {
        PatchState::Proposed | PatchState::Expired { .. } => {}
        PatchState::Applied { decision, .. }
        | PatchState::Rejected { decision, .. }
        | PatchState::Superseded { decision, .. }
        | PatchState::Undone { decision, .. } => {
            people.insert(decision.by);
        }
    }
    // Staleness may have to say who was assigned when the patch was made, and who is now.
    people.extend(patch.before.tasks.values().filter_map(|task| task.fields.assignee));
    people.extend(patch.before.tasks.keys().filter_map(|number| plan.task(*number)?.fields.assignee));
    for entry in &diff.entries {
        match &entry.effect {
            Effect::Appears { task, .. } => people.extend(task.fields.assignee),
            Effect::Changes { fields, .. } | Effect::Project { fields } => {
                for value in fields.iter().flat_map(|field| [&field.before, &field.after]) {
                    if let Value::Member(member) = value {
                        people.insert(*member);
                    }
                }
            }
            Effect::Moves { .. } | Effect::Goes { .. } => {}
        }
    }
    people
}
