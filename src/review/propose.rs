//! A draft becomes a proposal: the patch, its card and their jobs, in one transaction.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    apply::{self, Cause, trail},
    clock::Chance,
    domain::{
        card::Card,
        event::Venue,
        ids::{DeliveryId, PatchId, ProjectId},
        job::Job,
        member::Member,
        patch::{Before, Decision, Mode, Operation, Origin, Patch, PatchState, next_free},
        policy::{Group, Move, Policy},
        project::Revision,
        rebase::snapshot,
        task::TaskNumber,
        validate::validate,
    },
    error::{Result, UserError},
    planner::Draft,
    review::{circle::Circles, consensus, decide::as_stored, replies},
    store::Tx,
};

/// What a draft is for, beyond what it says.
#[derive(Debug)]
pub struct Proposal<'a> {
    /// What to propose.
    pub draft: Draft,
    /// Who asked.
    pub author: &'a Member,
    /// Where they asked.
    pub venue: &'a Venue,
    /// Where the card goes.
    pub card: &'a Venue,
    /// The message that showed the draft while it was made, which the card takes over.
    pub message: Option<String>,
    /// The words that asked.
    pub words: &'a str,
    /// The delivery they came in, where they came in one.
    pub delivery: Option<DeliveryId>,
    /// What it is about.
    pub target: Target,
    /// The open proposal whose place it takes.
    pub supersedes: Option<PatchId>,
    /// The applied patch that it takes back.
    pub undoes: Option<PatchId>,
    /// Whether somebody has to decide on it, however small it is.
    pub waits: bool,
    /// The moves that it is made of, where rules made it: then its author is the robot in whose name they propose, and
    /// nobody asked. Empty where somebody did.
    pub moves: BTreeSet<Move>,
}

/// Where a draft's operations go.
#[derive(Debug, Clone, Copy)]
pub enum Target {
    /// A new project, created when the patch is approved.
    New,
    /// The project of a first plan that is still a proposal.
    Founding(ProjectId),
    /// A project that exists. New tasks of the draft were numbered from `first_free` on.
    Existing {
        /// The project.
        project: ProjectId,
        /// The number that was free when the draft was made.
        first_free: TaskNumber,
    },
}

/// What became of a draft.
#[derive(Debug)]
pub enum Proposed {
    /// It waits for a decision, or was applied at once.
    Stored(Box<Patch>),
    /// The world moved while the draft was made: drop the transaction and make it again.
    Lost,
    /// Who is in this group decides: drop the transaction, ask its platform and make it again.
    Ask(Group),
}

/// Stores a proposal with its card; where the policy lets so small a change, or such moves of rules, pass, applies it at
/// once.
///
/// # Errors
/// [`UserError`] where the author is a viewer, where the draft breaks a rule, naming every problem, or where the
/// proposal that it would replace is already decided.
pub async fn propose(tx: &mut Tx, proposal: Proposal<'_>, circles: &Circles, chance: &Chance) -> Result<Proposed> {
    let author = as_stored(tx, proposal.author).await?;
    let is_by_rule = !proposal.moves.is_empty();
    if !is_by_rule {
        may_change(tx, &author, proposal.venue).await?;
    }
    let Some(patch) = build(tx, &proposal, chance).await? else { return Ok(Proposed::Lost) };
    if let Some(old) = proposal.supersedes {
        supersede(tx, old, &patch, chance).await?;
    }
    tx.insert_patch(&patch).await?;
    let content = (Value::Null, json!({ "code": patch.code, "title": patch.title, "steps": patch.steps }));
    trail::audit(tx, &patch, "patch.proposed", Some(patch.author), Some(proposal.venue), content, chance).await?;
    place_card(tx, &patch, proposal.card, proposal.message, chance).await?;
    tx.enqueue(chance.id(), &Job::ExpirePatch { patch: patch.id }.due(patch.expires_at)).await?;
    let policy = tx.policy_of(patch.project).await?;
    if is_by_rule {
        return by_rule(tx, patch, &policy, chance).await;
    }
    // What people are already looking at is decided by them, however small an edit has made it.
    let may_pass = proposal.supersedes.is_none() && !proposal.waits;
    if may_pass && policy.applies_at_once(&patch) {
        let circle = match circles.of(tx, &policy, chance.now()).await? {
            Ok(circle) => circle,
            Err(group) => return Ok(Proposed::Ask(group)),
        };
        if policy.may_approve(&author, &patch, &circle).is_ok() {
            tx.add_approval(patch.id, patch.revision, patch.author, chance.now()).await?;
            return Ok(match apply::apply(tx, patch, None, Cause::Approved(author.id), chance).await? {
                apply::Outcome::Applied(applied) => Proposed::Stored(applied),
                apply::Outcome::Stale | apply::Outcome::Lost => Proposed::Lost,
            });
        }
    }
    consensus::schedule(tx, &patch, chance).await?;
    Ok(Proposed::Stored(Box::new(patch)))
}

/// What becomes of a proposal of rules: it waits for people, or the policy lets its moves pass. It counts nobody's
/// approval, and takes also the place of what people are looking at: that is about what was so before.
async fn by_rule(tx: &mut Tx, patch: Patch, policy: &Policy, chance: &Chance) -> Result<Proposed> {
    if !policy.applies_by_rule(&patch) {
        return Ok(Proposed::Stored(Box::new(patch)));
    }
    let cause = Cause::ByRule(patch.author);
    Ok(match apply::apply(tx, patch, None, cause, chance).await? {
        apply::Outcome::Applied(applied) => Proposed::Stored(applied),
        apply::Outcome::Stale | apply::Outcome::Lost => Proposed::Lost,
    })
}

/// Refuses whoever may only look, and says who can help.
///
/// # Errors
/// [`UserError`] with these words.
pub async fn may_change(tx: &mut Tx, member: &Member, venue: &Venue) -> Result<()> {
    let Err(refusal) = Policy::may_propose(member) else { return Ok(()) };
    let here = tx.members_at(venue.surface, &venue.team).await?;
    let names = |able: &dyn Fn(&Member) -> bool| -> Vec<String> {
        here.iter().filter(|(_, member)| able(member)).map(|(_, member)| member.name.clone()).collect()
    };
    let (proposers, in_charge) =
        (names(&|member| Policy::may_propose(member).is_ok()), names(&|member| member.is_in_charge()));
    Err(UserError::new(replies::may_not_change(refusal, &proposers, &in_charge)).into())
}

/// Makes the patch of a draft and checks it against the plan as it is now.
async fn build(tx: &mut Tx, proposal: &Proposal<'_>, chance: &Chance) -> Result<Option<Patch>> {
    let now = chance.now();
    let draft = &proposal.draft;
    let project = match proposal.target {
        Target::New => chance.id(),
        Target::Founding(project) | Target::Existing { project, .. } => project,
    };
    let mut patch = Patch {
        id: chance.id(),
        code: tx.next_patch_code().await?,
        revision: 1,
        project,
        founding: draft.founding.clone(),
        base: Revision(0),
        mode: draft.mode,
        title: draft.title.clone(),
        steps: draft.steps.clone(),
        before: Before::default(),
        author: proposal.author.id,
        origin: Origin {
            venue: proposal.venue.clone(),
            words: proposal.words.to_owned(),
            method: draft.method.clone(),
            delivery: proposal.delivery,
            drafted: draft.drafted.clone(),
            moves: proposal.moves.clone(),
        },
        confidence: draft.confidence,
        state: PatchState::Proposed,
        supersedes: proposal.supersedes,
        undoes: proposal.undoes,
        created_at: now,
        expires_at: now.plus(tx.policy_of(project).await?.expiry),
    };
    if let (Some(founding), None) = (&mut patch.founding, proposal.supersedes) {
        // Somebody may have planned the same at the same moment. Nobody else can now: the code was given out above.
        let Some(free) = founding.key.clone().free(&tx.taken_keys().await?) else { return Ok(None) };
        founding.key = free;
    }
    let operations: Vec<&Operation> = proposal.draft.steps.iter().map(|step| &step.operation).collect();
    if let Target::Existing { project, first_free } = proposal.target {
        let next = next_free(operations.iter().copied(), first_free);
        if next != first_free && !tx.reserve_numbers(project, first_free, next).await? {
            return Ok(None);
        }
    }
    let Some(plan) = apply::base(tx, &patch, &operations).await? else {
        return Err(gone(&patch));
    };
    check(&plan, patch.mode, &operations)?;
    patch.before = snapshot(&plan, &operations);
    patch.base = plan.project.revision;
    Ok(Some(patch))
}

/// Refuses a draft that breaks a rule, with every problem in one answer.
fn check(plan: &crate::domain::plan::Plan, mode: Mode, operations: &[&Operation]) -> Result<()> {
    validate(plan, mode, operations).map_err(|problems| {
        let words: Vec<_> = problems.iter().map(|problem| problem.words(&plan.project.key)).collect();
        UserError::new(format!("That would not fit the plan. {} Nothing was changed.", words.join(" "))).into()
    })
}

fn gone(patch: &Patch) -> crate::error::Error {
    match &patch.founding {
        Some(founding) => UserError::new(format!(
            "Another project took the key {} in the meantime. Plan it again and it gets a new key.",
            founding.key
        )),
        None => UserError::new("The project is gone, so there is nothing to change."),
    }
    .into()
}

/// Takes the old proposal out of the running; refuses where it is decided already.
///
/// # Errors
/// [`UserError`] with these words.
pub async fn supersede(tx: &mut Tx, old: PatchId, new: &Patch, chance: &Chance) -> Result<()> {
    let Some(original) = tx.lock_patch(old).await? else {
        return Err(UserError::new("The proposal that you are changing does not exist any more.").into());
    };
    let decision = Decision { by: new.author, at: chance.now() };
    let decided = |original: &Patch| {
        let state = original.state.as_str();
        UserError::new(format!("{} is already {state}, so it can't be changed any more.", original.code))
    };
    let state = original.state.clone().supersede(decision, new.id).map_err(|_| decided(&original))?;
    let changed = Patch { state, ..original.clone() };
    if !tx.update_patch(&changed, &original.state, original.revision).await? {
        return Err(decided(&original).into());
    }
    let states = (json!({ "state": original.state }), json!({ "state": changed.state }));
    trail::audit(tx, &changed, "patch.superseded", Some(new.author), None, states, chance).await?;
    trail::sync_cards_of(tx, old, chance).await
}

/// Puts a card of the patch at `venue`, to be posted by a job: into `message` where there is one already.
async fn place_card(tx: &mut Tx, patch: &Patch, venue: &Venue, message: Option<String>, chance: &Chance) -> Result<()> {
    let card = Card {
        id: chance.id(),
        patch: patch.id,
        venue: venue.clone(),
        under: None,
        message,
        shown: None,
        created_at: chance.now(),
    };
    tx.insert_card(&card).await?;
    tx.enqueue(chance.id(), &Job::SyncCard { card: card.id }.due(chance.now())).await?;
    Ok(())
}
