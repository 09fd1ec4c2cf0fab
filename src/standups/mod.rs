//! Digests: what a team did, does and waits for, from facts and at the right time.
//!
//! [`load`] reads the facts of a digest, [`domain::digest`](crate::domain::digest) makes of them what it tells, purely,
//! and [`compose`] puts that into words within the limits of every surface. What is due is found out in [`schedule`]. A
//! model may word the focus and group conversations, in [`wording`], and nothing else.

mod compose;
mod crew;
pub mod draft;
mod load;
pub mod schedule;
mod wording;
mod words;

use chrono_tz::Tz;

pub use compose::Composed;

use crate::{
    domain::{
        digest::{Digest, DigestFacts, WeeklyFacts, Wording},
        schedule::DigestKind,
        time::Timestamp,
    },
    llm::{Question, fence::Fence},
    store::{self, Tx},
};

/// What a digest tells, before it is put into words.
#[derive(Debug, Clone)]
pub struct Facts {
    told: Told,
    zone: Tz,
    now: Timestamp,
}

#[derive(Debug, Clone)]
enum Told {
    Standup(Box<DigestFacts>),
    Weekly(Box<WeeklyFacts>),
}

/// What a digest tells, as things stand.
pub async fn facts(tx: &mut Tx, digest: &Digest, now: Timestamp) -> store::Result<Facts> {
    let (loaded, zone) = load::load(tx, digest, now).await?;
    let told = match digest.kind {
        DigestKind::Standup => Told::Standup(Box::new(loaded.standup())),
        DigestKind::Weekly => Told::Weekly(Box::new(loaded.weekly())),
    };
    Ok(Facts { told, zone, now })
}

impl Facts {
    /// The messages that tell them, with what of the wording still holds.
    pub fn composed(&self, wording: &Wording) -> Composed {
        match &self.told {
            Told::Standup(facts) => compose::standup(facts, wording, self.zone, self.now),
            Told::Weekly(facts) => compose::weekly(facts, self.zone, self.now),
        }
    }

    /// The same without conversations: they are for members alone, wherever they were had.
    #[must_use]
    pub fn without_conversations(mut self) -> Self {
        if let Told::Standup(facts) = &mut self.told {
            facts.untracked.clear();
        }
        self
    }

    /// What a model may be asked about them; `None` where there is nothing that it could say better.
    pub fn question(&self, fence: &Fence) -> Option<Question> {
        match &self.told {
            Told::Standup(facts) => wording::question(fence, facts, self.zone),
            Told::Weekly(_) => None,
        }
    }

    /// Reads what a model answered to that question.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn read(&self, answer: &str) -> Result<Wording, Vec<String>> {
        match &self.told {
            Told::Standup(facts) => wording::read(answer, facts, self.zone),
            Told::Weekly(_) => Ok(Wording::default()),
        }
    }
}

#[cfg(test)]
mod tests;
