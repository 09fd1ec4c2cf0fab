//! The way of one delivery: understood, turned into a proposal or a decision, answered.
//!
//! Thinking reads; one write transaction then does everything that follows and marks the delivery as
//! handled by compare-and-set. A job that runs twice therefore writes once.

use std::collections::BTreeSet;

use crate::{
    chat,
    domain::{
        delivery::Delivery,
        event::{Click, Event, Incoming, Venue},
        ids::{DeliveryId, MemberId, TenantId},
        job::JobError,
        matches::Match,
        member::{Identity, Member},
        message::Message,
        patch::PatchCode,
        policy::{Circle, Group, able},
    },
    error::{Error, Result},
    jobs::{
        Desk,
        cards::queue_answer,
        connections,
        consult::{self, Consultation, Memo, consult},
        conversation::{echo, learn},
        heard, issues,
        people::{meet, recognise, users_in},
        process, settings,
        think::{self, Idea, Thought},
        tracker,
    },
    review::{
        change,
        circle::Circles,
        decide::{Decided, as_stored, decide, refuse},
        propose::{Proposal, Proposed, propose},
        replies, trial,
    },
    store::Tx,
    trackers,
};

/// How often a draft is made again because the world moved before it was stored.
const TRIES: usize = 5;

/// Whether a turn came to its end.
enum Turn {
    Done,
    /// The world moved: think again.
    Again,
    /// A model has to be asked, and then everything thought again.
    Ask(Box<Consultation>),
    /// An account has to be tried out.
    Test(String),
    /// A platform has to be asked who is in this group, and then everything thought again.
    Circle(Group),
}

/// A conversation's side: who spoke, where, and what came in.
pub(super) struct Talk<'a> {
    pub(super) tenant: TenantId,
    pub(super) delivery: &'a Delivery,
    pub(super) member: &'a Member,
    pub(super) identity: &'a Identity,
    pub(super) venue: &'a Venue,
    pub(super) event: &'a Event,
}

impl Talk<'_> {
    /// Who spoke, and where: for the audit trail.
    pub(super) const fn by(&self) -> (MemberId, &Venue) {
        (self.member.id, self.venue)
    }
}

/// Handles one delivery.
pub(super) async fn handle(desk: &Desk, tenant: TenantId, id: DeliveryId) -> Result<(), JobError> {
    let Some(delivery) = desk.store.read(tenant).await?.open_delivery(id).await? else { return Ok(()) };
    let incoming = match incoming(&delivery) {
        Ok(incoming) => incoming,
        Err(error) => return finish_quietly(desk, tenant, id, &format!("unreadable: {error}")).await,
    };
    if heard::is_talk(desk, tenant, &incoming).await? {
        return heard::take_in(desk, tenant, id, &incoming).await;
    }
    let Incoming { sender: Some(identity), venue: Some(venue), event, .. } = &incoming else {
        return without_sender(desk, tenant, id, &incoming).await;
    };
    let member = recognise(desk, tenant, identity).await?;
    if let Event::Command(line) | Event::Words(line) | Event::Reply(line) = event {
        meet(desk, tenant, identity, line).await?;
    }
    heard::keep(desk, tenant, &incoming, member.id).await?;
    let talk = Talk { tenant, delivery: &delivery, member: &member, identity, venue, event };
    let (mut memo, mut circles) = (Memo::new(), Circles::default());
    let mut tries = 0;
    while tries < TRIES {
        match turn(desk, &talk, &memo, &circles).await {
            Ok(Turn::Done) => return Ok(()),
            Ok(Turn::Again) => tries += 1,
            Ok(Turn::Circle(group)) => {
                tries += 1;
                let users = users_in(desk, tenant, &group).await?;
                circles.put(group, users, desk.chance.now());
            }
            Ok(Turn::Ask(consultation)) => {
                if let Some(by) = consult(desk, &talk, &consultation, &mut memo).await? {
                    let words = stopped(&mut desk.store.read(tenant).await?, &talk, by).await?;
                    return Ok(answer(desk, &talk, words).await?);
                }
            }
            Ok(Turn::Test(account)) => {
                let words = match consult::test(desk, &talk, &account).await? {
                    Ok(outcome) => settings::tested(&account, &outcome),
                    Err(by) => stopped(&mut desk.store.read(tenant).await?, &talk, by).await?,
                };
                return Ok(answer(desk, &talk, words).await?);
            }
            Err(Error::User(words)) => return Ok(answer(desk, &talk, Message::text(words.to_string())).await?),
            Err(Error::Internal(error)) => return Err(JobError::Retry(error)),
        }
    }
    Err(JobError::Retry(anyhow::anyhow!("the plan kept changing while it was being changed")))
}

async fn turn(desk: &Desk, talk: &Talk<'_>, memo: &Memo, circles: &Circles) -> Result<Turn> {
    let mut tx = desk.store.read(talk.tenant).await?;
    let thought = think::think(desk, &mut tx, talk, memo).await?;
    drop(tx);
    match thought {
        Thought::Ask(consultation) => Ok(Turn::Ask(consultation)),
        Thought::Test(account) => Ok(Turn::Test(account)),
        thought => carry_out(desk, talk, thought, circles).await,
    }
}

/// What a delivery says, by whichever door it came in.
fn incoming(delivery: &Delivery) -> std::result::Result<Incoming, String> {
    trackers::incoming(delivery).unwrap_or_else(|| chat::incoming(delivery.source, &delivery.body))
}

/// Does what was thought, in one transaction that marks the delivery as handled.
async fn carry_out(desk: &Desk, talk: &Talk<'_>, thought: Thought, circles: &Circles) -> Result<Turn> {
    let mut tx = desk.store.write(talk.tenant).await?;
    if !tx.finish_delivery(talk.delivery.id, thought.outcome(), desk.chance.now()).await? {
        return Ok(Turn::Done);
    }
    let progress = tx.progress(talk.delivery.id).await?;
    let stopped_by = progress.as_ref().and_then(|progress| progress.stopped_by);
    let thought = match (thought, stopped_by) {
        // Somebody was quicker than the answer: what was promised to them holds.
        (Thought::Propose(_), Some(by)) => Thought::Say(stopped(&mut tx, talk, by).await?),
        (thought, _) => thought,
    };
    let mut message = progress.and_then(|progress| progress.message);
    match thought {
        Thought::Nothing | Thought::Ask(_) | Thought::Test(_) => {}
        Thought::Errand(errand) => {
            let said = errand.run(desk, &mut tx, talk).await?;
            reply(desk, &mut tx, talk, said).await?;
        }
        Thought::Process(reading) => match process::process(desk, &mut tx, talk.venue, *reading).await? {
            Some(said) => reply(desk, &mut tx, talk, said).await?,
            None => return Ok(Turn::Again),
        },
        Thought::Say(message) => reply(desk, &mut tx, talk, message).await?,
        Thought::Stop(delivery) => {
            if able(talk.member).is_err() {
                reply(desk, &mut tx, talk, Message::text("Viewers and guests can't cancel a draft; members can."))
                    .await?;
            } else if !tx.stop_progress(delivery, talk.member.id).await? {
                reply(desk, &mut tx, talk, Message::text("That draft is finished already.")).await?;
            }
        }
        Thought::OrderIssue(wish) => issues::take(desk, &mut tx, talk, &wish).await?,
        Thought::DecideChange(code, action) => {
            let decided = change::decide(&mut tx, (code, action), talk.member, talk.venue, &desk.chance).await?;
            if let Some(turn) = answered(desk, &mut tx, talk, decided).await? {
                return Ok(turn);
            }
        }
        Thought::TestPolicy(code, who) => match tested(desk, &mut tx, (code, who), circles).await? {
            Ok(said) => reply(desk, &mut tx, talk, said).await?,
            Err(group) => return Ok(Turn::Circle(group)),
        },
        Thought::Decide(click) => {
            if let Some(turn) = decided(desk, &mut tx, talk, &click, circles).await? {
                return Ok(turn);
            }
        }
        Thought::Propose(idea) => {
            let note = idea.note.clone();
            if let Some(told) = refused(desk, &mut tx, talk, idea.follows.as_ref()).await? {
                reply(desk, &mut tx, talk, told).await?;
            } else if let Some(turn) = proposed(desk, &mut tx, talk, *idea, message.take(), circles).await? {
                return Ok(turn);
            } else {
                tx.remove_progress(talk.delivery.id).await?;
                if let Some(note) = note {
                    reply(desk, &mut tx, talk, Message::text(note)).await?;
                }
            }
        }
    }
    consult::end(desk, &mut tx, talk.delivery.id).await?;
    end(desk, tx, talk).await
}

/// Stores a proposal; its card takes over the `message` that showed the draft. Says how the turn ends where it must
/// be made again.
async fn proposed(
    desk: &Desk,
    tx: &mut Tx,
    talk: &Talk<'_>,
    idea: Idea,
    message: Option<String>,
    circles: &Circles,
) -> Result<Option<Turn>> {
    let proposal = Proposal {
        draft: idea.draft,
        author: talk.member,
        venue: talk.venue,
        card: talk.venue,
        message,
        words: &idea.words,
        delivery: Some(talk.delivery.id),
        target: idea.target,
        supersedes: idea.supersedes,
        undoes: idea.undoes,
        waits: false,
        moves: BTreeSet::new(),
    };
    Ok(match propose(tx, proposal, circles, &desk.chance).await? {
        Proposed::Stored(patch) => {
            tracing::info!(patch = %patch.code, state = patch.state.as_str(), "proposed");
            if let Some(made) = idea.thread {
                tx.insert_match(&Match { patch: Some(patch.id), ..made }).await?;
            }
            None
        }
        Proposed::Lost => Some(Turn::Again),
        Proposed::Ask(group) => Some(Turn::Circle(group)),
    })
}

/// Ends a turn. The line comes last, because it locks the tenant, which a decision locks after its patch:
/// the other way round, two of them at once would wait for each other.
async fn end(desk: &Desk, mut tx: Tx, talk: &Talk<'_>) -> Result<Turn> {
    learn(desk, &mut tx, talk).await?;
    echo(desk, &mut tx, talk).await?;
    tx.commit().await?;
    Ok(Turn::Done)
}

/// Who stopped the draft, for whoever asked for it.
async fn stopped(tx: &mut Tx, talk: &Talk<'_>, by: MemberId) -> Result<Message> {
    if by == talk.member.id {
        return Ok(Message::text("Cancelled. Nothing was proposed."));
    }
    let members = tx.members().await?;
    let name = members.iter().find(|member| member.id == by).map_or("Somebody", |member| member.name.as_str());
    Ok(Message::text(format!("{name} cancelled the draft. Nothing was proposed.")))
}

/// Why the decision that a proposal follows from can't be taken, if so.
async fn refused(desk: &Desk, tx: &mut Tx, talk: &Talk<'_>, click: Option<&Click>) -> Result<Option<Message>> {
    let Some(click) = click else { return Ok(None) };
    let Some(patch) = tx.lock_patch(click.patch).await? else { return Ok(Some(replies::unknown_button())) };
    let by = as_stored(tx, talk.member).await?;
    // Nothing that becomes a proposal asks for the right to approve.
    refuse(tx, &patch, click, &by, (talk.venue, &Circle::Unknown), &desk.chance).await
}

/// Carries out a decision. Says how the turn ends where it must be taken again.
async fn decided(desk: &Desk, tx: &mut Tx, talk: &Talk<'_>, click: &Click, circles: &Circles) -> Result<Option<Turn>> {
    let decided = decide(tx, click, talk.member, talk.venue, circles, &desk.chance).await?;
    answered(desk, tx, talk, decided).await
}

/// What would happen if somebody approved a patch.
async fn tested(
    desk: &Desk,
    tx: &mut Tx,
    (code, who): (PatchCode, MemberId),
    circles: &Circles,
) -> Result<Result<Message, Group>> {
    match (tx.patch_by_code(code).await?, tx.member(who).await?) {
        (Some(patch), Some(who)) => trial::explain(tx, &patch, &who, circles, desk.chance.now()).await,
        _ => Ok(Ok(replies::unknown_patch(code))),
    }
}

/// Says what became of a decision. Says how the turn ends where it must be taken again.
async fn answered(desk: &Desk, tx: &mut Tx, talk: &Talk<'_>, decided: Decided) -> Result<Option<Turn>> {
    match decided {
        Decided::Done(message) => {
            if !matches!(talk.event, Event::Click(_)) {
                reply(desk, tx, talk, message).await?;
            }
            Ok(None)
        }
        Decided::Told(message) => {
            reply(desk, tx, talk, message).await?;
            Ok(None)
        }
        Decided::Lost => Ok(Some(Turn::Again)),
        Decided::Ask(group) => Ok(Some(Turn::Circle(group))),
    }
}

pub(super) async fn reply(desk: &Desk, tx: &mut Tx, talk: &Talk<'_>, message: Message) -> Result<()> {
    let delivery = Some(talk.delivery.id);
    Ok(queue_answer(desk, tx, delivery, talk.identity.clone(), talk.venue, message).await?)
}

/// Ends the delivery with nothing but an answer.
async fn answer(desk: &Desk, talk: &Talk<'_>, message: Message) -> Result<()> {
    let mut tx = desk.store.write(talk.tenant).await?;
    if tx.finish_delivery(talk.delivery.id, "told", desk.chance.now()).await? {
        consult::end(desk, &mut tx, talk.delivery.id).await?;
        echo(desk, &mut tx, talk).await?;
        reply(desk, &mut tx, talk, message).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Tells the sender of a delivery whose job is dead, with a reference that the log shares.
///
/// The delivery stays open: `docket jobs retry` takes it up again.
pub(super) async fn apologise(desk: &Desk, tenant: TenantId, id: DeliveryId, error: &anyhow::Error) -> Result<()> {
    let mut tx = desk.store.write(tenant).await?;
    let Some(delivery) = tx.delivery(id).await? else { return Ok(()) };
    let Ok(Incoming { sender: Some(to), venue: Some(venue), .. }) = incoming(&delivery) else { return Ok(()) };
    let reference = desk.chance.reference();
    tracing::error!(reference, error = format!("{error:#}"), "a delivery could not be handled");
    let words = format!(
        "Something went wrong (ref {reference}). Nothing was changed. Whoever runs Docket finds it under `docket jobs list`."
    );
    consult::end(desk, &mut tx, id).await?;
    queue_answer(desk, &mut tx, Some(id), to, &venue, Message::text(words)).await?;
    Ok(tx.commit().await?)
}

async fn finish_quietly(desk: &Desk, tenant: TenantId, id: DeliveryId, outcome: &str) -> Result<(), JobError> {
    let mut tx = desk.store.write(tenant).await?;
    tx.finish_delivery(id, outcome, desk.chance.now()).await?;
    Ok(tx.commit().await?)
}

/// What no person sent: the platform tells us that Docket was removed, or nothing at all.
async fn without_sender(desk: &Desk, tenant: TenantId, id: DeliveryId, incoming: &Incoming) -> Result<(), JobError> {
    let (team, what) = match &incoming.event {
        Event::Removed { team, what } => (team, what),
        Event::Tracker(event) => return tracker::handle(desk, tenant, id, event).await,
        _ => return finish_quietly(desk, tenant, id, "ignored").await,
    };
    let mut tx = desk.store.write(tenant).await?;
    if tx.finish_delivery(id, "recorded", desk.chance.now()).await? {
        connections::removed(desk, &mut tx, team, what).await?;
        tx.commit().await?;
    }
    Ok(())
}
