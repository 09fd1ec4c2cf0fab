//! What happened at a tracker becomes moves of tasks. Pure: facts and a plan in, at most one move of each task out.
//!
//! [`references`](references()) says which tasks a pull request names, [`pulls`] what its state means for them, and
//! [`issues`] what became of an issue that stands for a task.

pub mod issues;
pub(in crate::planner) mod prose;
pub mod pulls;
mod references;

#[cfg(test)]
mod fixtures;

pub use references::{References, names_tasks, references, reverted};

use crate::domain::time::Timestamp;

/// `on 20 Nov 2026 at 10:42 UTC`.
pub(crate) fn when(at: Timestamp) -> String {
    at.to_utc().format("on %-d %b %Y at %H:%M UTC").to_string()
}
