//! Changes of the policy itself: proposed by those in charge, decided by owners, each once.

#![expect(
    clippy::similar_names,
    reason = "a change of the policy takes its time from chance: both are words of the house"
)]

mod card;

pub use card::card;

use serde_json::{Value, json};

use super::{
    decide::{Decided, as_stored},
    words::{ago, list, quote},
};
use crate::{
    apply::trail::sync_cards_of,
    clock::Chance,
    domain::{
        audit::AuditEntry,
        event::Venue,
        ids::{ChangeId, MemberId},
        job::Job,
        member::{Member, Role},
        message::Message,
        patch::Decision,
        policy::{
            ChangeAction, ChangeCode, ChangeRefusal, ChangeState, Lazy, Override, Policy, PolicyChange, Rules,
            may_decide,
        },
        project::Project,
        time::Timestamp,
    },
    error::{Result, UserError},
    review::consensus,
    store::{self, Tx},
};

/// What is to be different.
#[derive(Debug, Clone)]
pub enum Edit {
    /// What this says, and the rest as it is.
    Set(Box<Override>),
    /// Everything as it comes: of a project, as its tenant has it.
    Default,
}

/// A change to be proposed.
#[derive(Debug)]
pub struct NewChange<'a> {
    /// Whose rules; `None` for the tenant's.
    pub project: Option<&'a Project>,
    /// What is to be different.
    pub edit: &'a Edit,
    /// Who asks.
    pub author: &'a Member,
    /// Where the card goes.
    pub venue: &'a Venue,
    /// The words that ask.
    pub words: &'a str,
}

/// Proposes a change of the policy. The inner error is what to tell whoever may not.
///
/// # Errors
/// [`UserError`] where it would change nothing, or let nothing be approved any more.
pub async fn propose(tx: &mut Tx, new: NewChange<'_>, chance: &Chance) -> Result<Result<PolicyChange, Message>> {
    // Codes are given out one after the other, and nobody changes the rules meanwhile.
    tx.lock_tenant().await?;
    let author = as_stored(tx, new.author).await?;
    let subject = new.project.map_or_else(|| tx.tenant().to_string(), |project| project.id.to_string());
    if !author.is_in_charge() {
        let tried = (Value::Null, json!({ "words": new.words, "refusal": "not in charge" }));
        record(tx, "policy.refused", &subject, Some(author.id), Some(new.venue), tried, chance).await?;
        let able = in_charge(tx).await?;
        return Ok(Err(Message::text(format!("Only owners and admins propose changes of the policy.{able}"))));
    }
    let tenants = tx.policy().await?;
    let (before, after) = match new.project {
        None => (Rules::Tenant(tenants.clone()), Rules::Tenant(edited(&tenants, new.edit))),
        Some(project) => {
            let own = tx.own_policy(project.id).await?;
            let after = match new.edit {
                Edit::Set(more) => own.clone().with(more.as_ref().clone()),
                Edit::Default => Override::default(),
            };
            (Rules::Project(own), Rules::Project(after))
        }
    };
    let after = keep_clock(&before, after);
    if before == after {
        return Err(UserError::new("The policy says so already. /docket policy shows it.").into());
    }
    let policy = effective(&tenants, &after);
    if let Some((there, asked)) = policy.out_of_reach(&tx.members().await?) {
        return Err(UserError::new(format!(
            "Then some changes could never be approved: they would need {asked} people, and {there} could. Name more \
             people with /docket role, or ask for fewer. Nothing was changed."
        ))
        .into());
    }
    let (code, revision) = tx.next_change().await?;
    let now = chance.now();
    let change = PolicyChange {
        id: chance.id(),
        code,
        revision,
        project: new.project.map(|project| project.id),
        before,
        after,
        author: author.id,
        words: new.words.to_owned(),
        state: ChangeState::Open,
        venue: new.venue.clone(),
        message: None,
        shown: None,
        created_at: now,
        expires_at: now.plus(tenants.expiry),
    };
    tx.insert_change(&change).await?;
    let content = (json!(change.before), json!(change.after));
    record(tx, "policy.proposed", &change.id.to_string(), Some(author.id), Some(new.venue), content, chance).await?;
    tx.enqueue(chance.id(), &Job::SyncChange { change: change.id }.due(now)).await?;
    tx.enqueue(chance.id(), &Job::ExpireChange { change: change.id }.due(change.expires_at)).await?;
    Ok(Ok(change))
}

/// The tenant's rules with an edit.
fn edited(policy: &Policy, edit: &Edit) -> Policy {
    match edit {
        Edit::Set(more) => policy.with(more),
        Edit::Default => Policy::default(),
    }
}

/// Since when lazy consensus holds stays as it is where the rule itself does.
fn keep_clock(before: &Rules, after: Rules) -> Rules {
    let same = |a: &Lazy, b: &Lazy| (a.hours, &a.zone) == (b.hours, &b.zone);
    match (before, after) {
        (Rules::Tenant(before), Rules::Tenant(mut after)) => {
            if same(&before.lazy, &after.lazy) {
                after.lazy = before.lazy.clone();
            }
            Rules::Tenant(after)
        }
        (Rules::Project(before), Rules::Project(mut after)) => {
            if let (Some(old), Some(new)) = (&before.lazy, &after.lazy)
                && same(old, new)
            {
                after.lazy = Some(old.clone());
            }
            Rules::Project(after)
        }
        (_, after) => after,
    }
}

/// The rules that hold where these are set.
fn effective(tenants: &Policy, rules: &Rules) -> Policy {
    match rules {
        Rules::Tenant(policy) => policy.clone(),
        Rules::Project(own) => tenants.with(own),
    }
}

/// Takes the decision of `by` on a change of the policy, who must have been looked up freshly.
pub async fn decide(
    tx: &mut Tx,
    (code, action): (ChangeCode, ChangeAction),
    by: &Member,
    venue: &Venue,
    chance: &Chance,
) -> Result<Decided> {
    tx.lock_tenant().await?;
    let Some(mut change) = tx.change_by_code(code).await? else {
        return Ok(Decided::Told(Message::text(format!("There is no change {code} of the policy here."))));
    };
    if change.state == ChangeState::Open && change.expires_at <= chance.now() {
        change.state = ChangeState::Expired { at: chance.now() };
        settle(tx, &change, "policy.expired", None, None, chance).await?;
    }
    let by = &as_stored(tx, by).await?;
    let owners = tx.owners().await?;
    if let Err(refusal) = may_decide(action, by, change.author, &owners) {
        let tried = (Value::Null, json!({ "action": action, "refusal": refusal.to_string() }));
        record(tx, "policy.refused", &change.id.to_string(), Some(by.id), Some(venue), tried, chance).await?;
        let able = match refusal {
            ChangeRefusal::Not(refusal) if refusal.may_pass() => String::new(),
            _ => listed(owners.iter().filter(|owner| owner.id != by.id)),
        };
        return Ok(Decided::Told(Message::text(format!("You can't {} {code}: {refusal}.{able}", action.as_str()))));
    }
    if change.state != ChangeState::Open {
        return Ok(Decided::Told(settled(tx, &change, chance.now()).await?));
    }
    let decision = Decision { by: by.id, at: chance.now() };
    if action == ChangeAction::Reject {
        change.state = ChangeState::Rejected { decision };
        settle(tx, &change, "policy.rejected", Some(by), Some(venue), chance).await?;
        return Ok(Decided::Done(Message::text(format!("{code} is rejected. The policy stays as it is."))));
    }
    if now_of(tx, &change).await? != change.before {
        change.state = ChangeState::Stale { at: chance.now() };
        settle(tx, &change, "policy.stale", None, None, chance).await?;
        return Ok(Decided::Told(settled(tx, &change, chance.now()).await?));
    }
    change.state = ChangeState::Approved { decision };
    if !settle(tx, &change, "policy.approved", Some(by), Some(venue), chance).await? {
        return Ok(Decided::Lost);
    }
    take_effect(tx, &change, chance).await?;
    Ok(Decided::Done(Message::text(format!("✓ {code} is the policy now. It holds for every decision from here on."))))
}

/// The rules of the change's scope as they are now.
async fn now_of(tx: &mut Tx, change: &PolicyChange) -> store::Result<Rules> {
    Ok(match change.project {
        None => Rules::Tenant(tx.policy().await?),
        Some(project) => Rules::Project(tx.own_policy(project).await?),
    })
}

/// Makes the rules of an approved change the policy: what was proposed against the old ones is stale, and every open
/// proposal's card says what it needs now.
async fn take_effect(tx: &mut Tx, change: &PolicyChange, chance: &Chance) -> Result<()> {
    let now = chance.now();
    let began = |lazy: &Lazy| Lazy { since: Some(lazy.since.unwrap_or(now)), ..lazy.clone() };
    match (&change.after, change.project) {
        (Rules::Tenant(policy), _) => tx.set_policy(&Policy { lazy: began(&policy.lazy), ..policy.clone() }).await?,
        (Rules::Project(own), Some(project)) => {
            let own = Override { lazy: own.lazy.as_ref().map(began), ..own.clone() };
            tx.set_own_policy(project, &own).await?;
        }
        (Rules::Project(_), None) => {}
    }
    for mut other in tx.open_changes().await? {
        if other.project == change.project {
            other.state = ChangeState::Stale { at: now };
            settle(tx, &other, "policy.stale", None, None, chance).await?;
        }
    }
    let open = match change.project {
        Some(project) => tx.open_patches_of(project).await?,
        None => tx.open_patches().await?,
    };
    for patch in open {
        consensus::schedule(tx, &patch, chance).await?;
        sync_cards_of(tx, patch.id, chance).await?;
    }
    Ok(())
}

/// Lets a change lapse whose time has come. Does nothing where an owner decided first.
pub async fn expire(tx: &mut Tx, id: ChangeId, chance: &Chance) -> Result<()> {
    tx.lock_tenant().await?;
    let Some(mut change) = tx.change(id).await? else { return Ok(()) };
    if change.state == ChangeState::Open && change.expires_at <= chance.now() {
        change.state = ChangeState::Expired { at: chance.now() };
        settle(tx, &change, "policy.expired", None, None, chance).await?;
    }
    Ok(())
}

/// Writes what became of a change by compare-and-set, with its audit line and a fresh card.
async fn settle(
    tx: &mut Tx,
    change: &PolicyChange,
    action: &str,
    by: Option<&Member>,
    venue: Option<&Venue>,
    chance: &Chance,
) -> Result<bool> {
    if !tx.decide_change(change).await? {
        return Ok(false);
    }
    let states = (json!(change.before), json!(change.after));
    record(tx, action, &change.id.to_string(), by.map(|member| member.id), venue, states, chance).await?;
    tx.enqueue(chance.id(), &Job::SyncChange { change: change.id }.due(chance.now())).await?;
    Ok(true)
}

async fn record(
    tx: &mut Tx,
    action: &str,
    subject: &str,
    actor: Option<MemberId>,
    venue: Option<&Venue>,
    (before, after): (Value, Value),
    chance: &Chance,
) -> store::Result<()> {
    let entry = AuditEntry {
        id: chance.id(),
        at: chance.now(),
        actor,
        action: action.to_owned(),
        subject: subject.to_owned(),
        venue: venue.cloned(),
        before,
        after,
    };
    tx.record(&entry).await
}

/// Who is in charge of the tenant, as a sentence: ` Ana or Ben can.`
pub async fn in_charge(tx: &mut Tx) -> store::Result<String> {
    let members = tx.members().await?;
    Ok(listed(members.iter().filter(|member| member.is_in_charge())))
}

/// ` Ana or Ben can.`; nothing where nobody can.
fn listed<'a>(able: impl Iterator<Item = &'a Member>) -> String {
    let names: Vec<&str> = able.map(|member| member.name.as_str()).take(5).collect();
    if names.is_empty() { String::new() } else { format!(" {} can.", list(&names, "or")) }
}

/// Somebody was first, or nobody was: what to say to whoever decides on it now.
async fn settled(tx: &mut Tx, change: &PolicyChange, now: Timestamp) -> store::Result<Message> {
    let code = change.code;
    let who = async |tx: &mut Tx, by: MemberId| -> store::Result<String> {
        Ok(tx.member(by).await?.map_or_else(|| "Somebody".to_owned(), |member| member.name))
    };
    Ok(Message::text(match &change.state {
        ChangeState::Open => format!("{code} still waits for an owner."),
        ChangeState::Approved { decision } => {
            format!("{} approved {code} {}.", who(tx, decision.by).await?, ago(decision.at, now))
        }
        ChangeState::Rejected { decision } => {
            format!("{} rejected {code} {}.", who(tx, decision.by).await?, ago(decision.at, now))
        }
        ChangeState::Stale { .. } => format!(
            "{code} is stale: the policy has changed since it was proposed. Say it again, and it is made against the \
             policy as it is now."
        ),
        ChangeState::Expired { .. } => format!("{code} has expired. Say it again to propose it anew."),
    }))
}

/// Owners whom nobody told yet: those who are asked, the author apart.
pub async fn asked(tx: &mut Tx, change: &PolicyChange) -> store::Result<Vec<Member>> {
    let owners = tx.owners().await?.into_iter();
    Ok(owners.filter(|owner| owner.id != change.author && owner.effective_role() == Role::Owner).collect())
}

/// What an owner reads who is asked.
pub fn asking(change: &PolicyChange, author: &str) -> Message {
    let code = change.code;
    let words = format!(
        "{author} proposes to change who decides: {} ({code}). You can say: policy approve {code}, or: policy reject {code}",
        quote(&change.words, 200)
    );
    Message::text(words)
}
