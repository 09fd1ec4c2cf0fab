//! What people said to each other becomes proposals: the conversations since the last time are compared with the tasks,
//! and what one says of a task is proposed with the message as evidence.
//!
//! Reading and proposing are one transaction with the note of how far was read, so that a run which is cut short, or made
//! twice, proposes what one would. What was proposed once because of a conversation never is again, whatever became of it.
//! What is said in a private channel is proposed for its own projects only, and without its words.

mod consult;
mod draft;
mod night;
mod propose;
mod read;
mod tell;
pub(in crate::jobs) mod track;

pub(in crate::jobs) use consult::consult;
pub(in crate::jobs) use night::night;
pub use night::queue_nights;
pub(in crate::jobs) use read::Opinions;

use crate::{
    domain::{event::Venue, member::Member, message::Message, policy::able},
    error::{Result, UserError},
    jobs::Desk,
    store::Tx,
};

/// Proposes what follows, also from what a model said, and says what that is to whoever reads at `venue`.
pub(in crate::jobs) async fn process(desk: &Desk, tx: &mut Tx, venue: &Venue, opinions: &Opinions) -> Result<Message> {
    let proposed = run(desk, tx, opinions).await?;
    tell::message(tx, &proposed, venue, false).await
}

/// Says what would be proposed to whoever reads at `venue`.
pub(in crate::jobs) async fn dry_run(desk: &Desk, tx: &mut Tx, venue: &Venue) -> Result<Message> {
    let reading = read::read(tx, &Opinions::new(), desk.chance.now()).await?;
    tell::message(tx, &reading, venue, true).await
}

/// Refuses whoever may only look: what people said to each other is for members.
pub(in crate::jobs) fn able_to_track(member: &Member) -> Result<()> {
    able(member).map_err(|_| {
        UserError::new("Viewers and guests can't do that: conversations are for members. Ask an owner or admin.").into()
    })
}

/// Reads, proposes, and notes both.
async fn run(desk: &Desk, tx: &mut Tx, opinions: &Opinions) -> Result<read::Reading> {
    // Two at once would propose the same twice.
    tx.lock_tenant().await?;
    let mut reading = read::read(tx, opinions, desk.chance.now()).await?;
    propose::propose(desk, tx, &mut reading).await?;
    tx.set_read_until(reading.until).await?;
    Ok(reading)
}
