//! What is wanted of reminders.

use serde::{Deserialize, Serialize};

use super::TaskName;
use crate::domain::schedule::Moment;

/// What somebody wants of their own reminders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RemindWish {
    /// A new one.
    Set {
        /// The task that it is about.
        task: Option<TaskName>,
        /// When, on the clocks of the sender.
        at: Moment,
        /// Of what; may be empty where there is a task.
        words: String,
    },
    /// Forget one, by its number in the list.
    Cancel(usize),
}
