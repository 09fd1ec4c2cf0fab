//! Patch ↔ people: the card that shows a patch, and what each click on it is answered.

pub mod accounts;
pub mod card;
pub mod change;
pub mod circle;
pub mod consensus;
pub mod conversation;
pub mod decide;
pub mod facts;
pub mod lines;
mod notes;
pub mod propose;
pub mod pull_card;
pub mod replies;
pub mod rules;
#[cfg(test)]
pub(crate) mod sample;
pub mod take_back;
pub mod tracked;
pub mod trial;
pub mod words;
