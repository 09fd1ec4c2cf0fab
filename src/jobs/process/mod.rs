//! What people said to each other becomes proposals: the conversations since the last time are compared with the tasks,
//! and what one says of a task is proposed with the message as evidence.
//!
//! They are read beside everything else that goes on. Proposing is one transaction with the note of how far was read,
//! which looks first whether what was read [still holds](hold), so that a run which is cut short, or made twice, proposes
//! what one would. What was proposed once because of a conversation never is again, whatever became of it. What is said in
//! a private channel is proposed there, for its own projects only, and without its words.

mod consult;
mod draft;
mod hold;
mod night;
mod propose;
mod read;
mod tell;
pub(in crate::jobs) mod track;

pub(in crate::jobs) use consult::consult;
pub(in crate::jobs) use night::night;
pub use night::queue_nights;
pub(in crate::jobs) use read::Reading;

use crate::{
    domain::{event::Venue, member::Member, message::Message, policy::able},
    error::{Result, UserError},
    jobs::Desk,
    store::Tx,
};

/// Proposes what follows from what was read, and says what that is to whoever reads at `venue`; nothing where it has to be
/// read again.
pub(in crate::jobs) async fn process(
    desk: &Desk,
    tx: &mut Tx,
    venue: &Venue,
    mut reading: Reading,
) -> Result<Option<Message>> {
    if !run(desk, tx, &mut reading).await? {
        return Ok(None);
    }
    Ok(Some(tell::message(tx, &reading, venue, None).await?))
}

/// Says what would be proposed to whoever reads at `venue`.
pub(in crate::jobs) async fn dry_run(desk: &Desk, tx: &mut Tx, venue: &Venue) -> Result<Message> {
    let now = desk.chance.now();
    let mut reading = read::read(&read::gather(tx, now).await?, &read::Opinions::new());
    reading.recall(tx, venue, now).await?;
    let has_model = desk.models.is_connected(tx).await?;
    tell::message(tx, &reading, venue, Some(tell::Dry { has_model })).await
}

/// Refuses whoever may only look: what people said to each other is for members.
pub(in crate::jobs) fn able_to_track(member: &Member) -> Result<()> {
    able(member).map_err(|_| {
        UserError::new("Viewers and guests can't do that: conversations are for members. Ask an owner or admin.").into()
    })
}

/// Proposes what was read, and notes both. Says whether what was read still held: else nothing happened.
async fn run(desk: &Desk, tx: &mut Tx, reading: &mut Reading) -> Result<bool> {
    // Two at once would propose the same twice.
    tx.lock_tenant().await?;
    if !reading.holds(tx).await? {
        return Ok(false);
    }
    propose::propose(desk, tx, reading).await?;
    tx.set_read_until(reading.until).await?;
    Ok(true)
}
