//! What happened at a tracker becomes moves of tasks. Pure: facts and a plan in, at most one move of each task out.
//!
//! [`references`](references()) says which tasks a pull request names, [`pulls`] what its state means for them, and
//! [`issues`] what became of an issue that stands for a task.

mod prose;
mod references;

#[cfg(test)]
mod fixtures;

pub use references::{References, references, reverted};
