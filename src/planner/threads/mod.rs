//! Conversations of channels become links, proposals or questions. Pure: threads and open tasks in, verdicts out; only
//! [`load`] looks them up.
//!
//! [`Index`] holds the open tasks of a tenant and [`rank`] says which of them a thread is about, best first; [`judge()`]
//! decides what follows from that. [`says`] reads what people tell of a task: that it is done, blocked, taken; and [`follow`]
//! what that changes in a plan. None of it needs a model: what the rules leave open may be [asked](`ask`) of
//! one, and is asked of people otherwise.

pub mod ask;
pub mod follow;
mod index;
mod judge;
pub mod load;
mod named;
pub mod says;
mod words;
mod work;

pub use index::{Index, Known, Scored, TaskRef, rank};
pub use judge::{Verdict, judge};
pub use work::looks_like_work;

use crate::domain::heard::ChatThread;

/// The words of a thread, a line for each message.
pub fn text(thread: &ChatThread) -> String {
    thread.messages.iter().map(|message| message.text.as_str()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod sample_tests;
#[cfg(test)]
mod tests;
