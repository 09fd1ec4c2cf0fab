//! What trackers know, as it was heard last.

mod incidents;
mod issues;
mod pulls;
mod repositories;

pub use issues::StoredIssue;
pub use pulls::PullTask;
