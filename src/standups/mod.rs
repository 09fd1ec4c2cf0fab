//! Digests: what a team did, does and waits for, from facts and at the right time.
//!
//! [`load`] reads the facts of a digest, [`domain::digest`](crate::domain::digest) makes of them what it tells, purely,
//! and [`compose`] puts that into words within the limits of every surface. What is due is found out in [`schedule`].

mod compose;
pub mod conversations;
mod crew;
pub mod draft;
mod load;
pub mod schedule;
mod words;

pub use compose::Composed;

use crate::{
    domain::{digest::Digest, schedule::DigestKind, time::Timestamp},
    store::{self, Tx},
};

/// What a digest says, as things stand.
pub async fn digest(tx: &mut Tx, digest: &Digest, now: Timestamp) -> store::Result<Composed> {
    let (loaded, zone) = load::load(tx, digest, now).await?;
    Ok(match digest.kind {
        DigestKind::Standup => compose::standup(&loaded.standup(), zone, now),
        DigestKind::Weekly => compose::weekly(&loaded.weekly(), zone, now),
    })
}

#[cfg(test)]
mod tests;
