//! What trackers know, as it was heard last.

mod incidents;
mod issues;
mod looks;
mod orders;
pub(super) mod pulls;
mod pushes;
pub(super) mod repositories;
mod ties;

pub use issues::StoredIssue;
pub use pulls::PullTask;
pub(super) use pulls::numbered;
